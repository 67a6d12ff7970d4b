"""`jit`: a Python function whose body is an expression, compiled from its source."""

import ast
import builtins
import functools
import inspect
import textwrap

from ._expression import Expression

# Modules whose functions the language has under the same names.
_MODULES = {"numpy", "math", "cmath"}
# Methods of arrays that are functions of the language.
_METHODS = {
    "all", "any", "argmax", "argmin", "clip", "conj", "cumprod", "cumsum", "max", "mean", "min", "prod", "round", "std", "sum", "var",
}  # fmt: skip


class JitError(SyntaxError):
    """A function says what an expression cannot; shows the line."""


def jit(function=None, /, **options):
    """Compiles a Python function whose body is an expression, by its source.

    The body may assign to names and return an expression, or several; it may call NumPy's and `math`'s functions, methods such as `x.sum(axis=0)`, and
    other functions that `jit` has compiled. Numbers and arrays that it uses from outside are looked up at each call. What an expression cannot
    say (loops, `if` as a statement, indexing) is an error that shows the line.

    Parameters are those of the function; `options` are those of `compile`. In pandas it is an engine: `df.apply(f, axis=1, engine=tilexpr.jit)`
    (see `tilexpr.PandasEngine`).

    >>> import numpy as np, tilexpr
    >>> @tilexpr.jit
    ... def softplus(x, limit=30.0):
    ...     "Without overflow."
    ...     low = np.log1p(np.exp(np.minimum(x, limit)))
    ...     return np.where(x > limit, x, low)
    >>> softplus(np.array([0.0, 100.0]))
    array([  0.69314718, 100.        ])
    >>> softplus.expression.text
    'low = np.log1p(np.exp(np.minimum(x, limit))); np.where(x > limit, x, low)'
    """
    if function is None:
        decorator = functools.partial(jit, **options)
        decorator.__pandas_udf__ = jit.__pandas_udf__
        return decorator
    return Jitted(function, options)


class Jitted:
    """A function that `jit` has compiled: called as the Python function is; `expression` is what it became, `__wrapped__` the function."""

    def __init__(self, function, options, source=None):
        functools.update_wrapper(self, function)
        self._signature = inspect.signature(function)
        for parameter in self._signature.parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise JitError(f"`{function.__name__}` has `*{parameter.name}`: an expression has named parameters alone")
        source = source or Source(function)
        body = source.statements()
        self.text, starts = source.text(body)
        try:
            self.expression = Expression(self.text, **options)
        except SyntaxError as error:
            at = max(at for at, start in enumerate(starts) if start <= (error.span or (0, 0))[0])
            raise source.error(body[at], str(error).splitlines()[0] + _help(error)) from None
        self.fields = source.fields
        bound = {*self._signature.parameters, *self.fields}
        self._free = [name for name in self.expression.names if name not in bound]
        self._names = [name for name in self._signature.parameters if name in set(self.expression.names)]
        self._function = function

    def __call__(self, *args, out=None, **kwargs):
        return self.expression(**self.arguments(args, kwargs), out=out)

    def arguments(self, args, kwargs):
        """What the names of the expression mean in a call."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arrays = {name: bound.arguments[name] for name in self._names}
        return {**arrays, **{name: _outside(self._function, name) for name in self._free}}

    def __get__(self, instance, owner=None):
        return self if instance is None else functools.partial(self, instance)

    def explain(self, *args, **kwargs):
        """How it is computed for these arguments; see `Expression.explain`."""
        return self.expression.explain(**self.arguments(args, kwargs))


def _help(error):
    return f"; {error.help}" if getattr(error, "help", None) else ""


_MISSING = object()


def _look_up(function, name):
    """What a name that a function does not bind means in it."""
    code = function.__code__
    if name in code.co_freevars:
        try:
            return function.__closure__[code.co_freevars.index(name)].cell_contents
        except ValueError:
            return _MISSING
    return function.__globals__.get(name, getattr(builtins, name, _MISSING))


def _outside(function, name):
    value = _look_up(function, name)
    if value is _MISSING:
        raise NameError(f"`{name}`, which `{function.__name__}` uses, has no value")
    return value


def _lambda(function, module):
    """The function that a `lambda` in the text of a module is: of several in its line that of which its instructions come."""
    code = function.__code__
    found = [node for node in ast.walk(module) if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno]
    if len(found) > 1:
        places = [
            ((first, start), (last, end)) for first, last, start, end in code.co_positions() if start is not None and (first, start) < (last, end)
        ]
        whole = (min(start for start, _ in places), max(end for _, end in places)) if places else None
        found = [node for node in found if ((node.body.lineno, node.body.col_offset), (node.body.end_lineno, node.body.end_col_offset)) == whole]
    if len(found) != 1:
        raise JitError("the source of a `lambda` cannot be told: write it as `def`, or in a line of its own")
    (node,) = found
    return ast.FunctionDef(function.__name__, node.args, [ast.copy_location(ast.Return(node.body), node.body)], [])


class Source:
    """The source of a function, and what its names mean. `fields` are names that it has for parts of its parameters."""

    def __init__(self, function):
        self.function = function
        is_lambda = function.__name__ == "<lambda>"
        try:
            # (A `lambda` is found in its file: its line alone may be no statement.)
            self.lines, self.first = (inspect.findsource(function)[0], 1) if is_lambda else inspect.getsourcelines(function)
        except (OSError, TypeError) as error:
            raise JitError(f"the source of `{function.__name__}` is not to be had: {error}") from None
        self.file = inspect.getsourcefile(function) or "<unknown>"
        text = "".join(self.lines)
        self.tree = _lambda(function, ast.parse(text)) if is_lambda else ast.parse(textwrap.dedent(text)).body[0]
        self.definitions = {}
        self.fields = {}

    def error(self, node, message):
        """An error that shows the line of a node."""
        line = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else ""
        return JitError(message, (self.file, self.first + node.lineno - 1, node.col_offset + 1, line.rstrip("\n")))

    def statements(self):
        if not isinstance(self.tree, ast.FunctionDef):
            raise JitError(f"`{self.function.__name__}` is written neither as `def` nor as `lambda`: only such functions are compiled")
        body = self.tree.body
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
            body = body[1:]
        for at, statement in enumerate(body):
            last = at == len(body) - 1
            if isinstance(statement, ast.Return) != last or (last and statement.value is None):
                wrong = statement if not last or not isinstance(statement, ast.Assign) else body[-1]
                raise self.error(wrong, _cannot(wrong, last))
            if not last:
                self._assignment(statement)
        return body

    def _assignment(self, statement):
        if isinstance(statement, ast.AnnAssign) and statement.value is not None and isinstance(statement.target, ast.Name):
            return
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            return
        if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)):
            raise self.error(statement, _cannot(statement, False))

    def text(self, body):
        """The text of an expression, and where in it each statement begins."""
        parts = []
        for statement in body:
            value = ast.unparse(self.visit(statement.value))
            if isinstance(statement, ast.Return):
                parts.append(value[1:-1] if isinstance(statement.value, ast.Tuple) else value)
            elif isinstance(statement, ast.AugAssign):
                operator = ast.unparse(ast.BinOp(statement.target, statement.op, ast.Name("x")))[len(statement.target.id) :].rsplit("x", 1)[0]
                parts.append(f"{statement.target.id} = {statement.target.id}{operator}({value})")
            else:
                target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
                parts.append(f"{target.id} = {value}")
        before = [f"{head} = {tail}" for head, tail in self.definitions.values()]
        text = "; ".join(before + parts)
        starts, at = [], len("; ".join(before)) + 2 * bool(before)
        for part in parts:
            starts.append(at)
            at += len(part) + 2
        return text, starts

    def visit(self, root):
        """A tree in which names of modules are left out, and methods are functions. (A loop over nodes: trees may be deep.)"""
        holder = ast.Expression(root)
        todo = [holder]
        while todo:
            node = todo.pop()
            for field, value in ast.iter_fields(node):
                if isinstance(value, list):
                    setattr(node, field, [self.node(child) if isinstance(child, ast.AST) else child for child in value])
                    todo += [child for child in getattr(node, field) if isinstance(child, ast.AST)]
                elif isinstance(value, ast.AST):
                    setattr(node, field, self.node(value))
                    todo.append(getattr(node, field))
        return holder.body

    def node(self, node):
        if isinstance(node, (ast.Subscript, ast.Lambda, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.SetComp, ast.Dict, ast.Set, ast.Await,
                             ast.Yield, ast.YieldFrom, ast.JoinedStr, ast.NamedExpr, ast.Starred)):  # fmt: skip
            raise self.error(node, _cannot(node, False))
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        return node

    def _attribute(self, node):
        if not isinstance(node.value, ast.Name):
            return node
        owner = _look_up(self.function, node.value.id)
        if inspect.ismodule(owner) and owner.__name__ in _MODULES:
            name = node.attr if owner.__name__ != "numpy" else f"np.{node.attr}"
            return ast.copy_location(ast.Name(name), node)
        if owner is not _MISSING and node.attr not in ("real", "imag", "T"):
            raise self.error(node, f"an expression cannot use `{ast.unparse(node)}`: assign it to a name outside of the function")
        return node

    def _call(self, node):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS and not self._is_module(node.func.value):
            called = ast.Call(ast.Name(node.func.attr), [node.func.value, *node.args], node.keywords)
            return ast.copy_location(called, node)
        if isinstance(node.func, ast.Name):
            target = _look_up(self.function, node.func.id)
            if isinstance(target, Jitted):
                self._define(node, node.func.id, target)
            elif getattr(target, "__module__", None) in _MODULES and getattr(target, "__name__", None):
                return ast.copy_location(ast.Call(ast.Name(target.__name__), node.args, node.keywords), node)
        return node

    def _is_module(self, node):
        return isinstance(node, ast.Name) and inspect.ismodule(_look_up(self.function, node.id))

    def _define(self, node, name, target):
        if ";" in target.text or target._free:
            message = f"`{name}` can be called here only if its body is one expression of its parameters"
            raise self.error(node, message)
        parameters = ", ".join(target._signature.parameters)
        self.definitions[name] = (f"{name}({parameters})", target.text)


def _cannot(node, last):
    words = {
        ast.For: "a loop", ast.While: "a loop", ast.If: "`if` as a statement: write `x if condition else y`, or `where`",
        ast.Subscript: "indexing: pass the slice as an argument", ast.With: "`with`", ast.Try: "`try`", ast.Lambda: "`lambda`",
        ast.AugAssign: "an update of something else than a name", ast.Assign: "an assignment to something else than a name",
        ast.Expr: "a statement that has no effect on its result", ast.Raise: "`raise`", ast.FunctionDef: "a function within a function",
        ast.ListComp: "a comprehension", ast.GeneratorExp: "a comprehension", ast.Starred: "`*`", ast.Delete: "`del`",
        ast.NamedExpr: "`:=`: assign on a line of its own", ast.JoinedStr: "a string", ast.Pass: "`pass`",
    }  # fmt: skip
    if last and isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)):
        return "the function returns nothing: its last statement must be `return` with an expression"
    if isinstance(node, ast.Return):
        return "what stands behind `return` is never reached"
    return "an expression has no " + words.get(type(node), f"{type(node).__name__.lower()}").removeprefix("a ").removeprefix("an ")
