"""From a formula's text to the source that an engine takes.

Comes in: the text of a formula, and how an engine writes calls and literals. Goes out: statements `(name, source)` in
order, and the source of the result. Functions that a formula may call: `sin cos exp log sqrt tanh arcsin arctan2 abs
where clip sum`, and casts `int32 float32 uint8`.
"""

import ast


class Writer(ast.NodeTransformer):
    """Rewrites a tree. `calls`: the name of a function -> a template with `{0}`, `{1}` ... for its arguments, or its
    name in the engine. `literal`: a function from a float literal to source. Exponents stay literals unless
    `exponents`."""

    def __init__(self, calls, literal=None, exponents=True):
        self.calls, self.literal, self.exponents = calls, literal, exponents

    def visit_Call(self, node):
        self.generic_visit(node)
        template = self.calls.get(node.func.id, node.func.id)
        arguments = [f"({ast.unparse(argument)})" for argument in node.args]
        source = template.format(*arguments) if "{" in template else f"{template}({', '.join(arguments)})"
        return ast.parse(source, mode="eval").body

    def visit_Constant(self, node):
        if self.literal is None or not isinstance(node.value, float):
            return node
        return ast.parse(self.literal(node.value), mode="eval").body

    def visit_BinOp(self, node):
        if isinstance(node.op, ast.Pow) and not self.exponents:
            node.left = self.visit(node.left)
            return node
        return self.generic_visit(node)


class Inliner(ast.NodeTransformer):
    """Puts what names stand for in their place."""

    def __init__(self, meanings):
        self.meanings = meanings

    def visit_Name(self, node):
        return self.meanings.get(node.id, node)


def translate(text, calls=None, literal=None, exponents=True):
    """Statements as `(name, source)`, and the source of the result."""
    writer = Writer(calls or {}, literal, exponents)
    *statements, result = ast.parse(text).body
    assigned = [(statement.targets[0].id, ast.unparse(writer.visit(statement.value))) for statement in statements]
    return assigned, ast.unparse(writer.visit(result.value))


def function_source(parameters, statements, result, name="formula"):
    """The source of a Python function of these statements; `result` is its last line, a statement."""
    lines = [f"{name} = {source}" for name, source in statements]
    return f"def {name}({', '.join(parameters)}):\n    " + "\n    ".join([*lines, result]) + "\n"


def inlined(statements, result, longest):
    """The result without names of statements, or `None` if it would be longer than so many characters."""
    meanings, sizes = {}, {}
    for name, source in [*statements, ("", result)]:
        tree = ast.parse(source, mode="eval").body
        sizes[name] = len(source) + sum(sizes.get(n.id, 0) for n in ast.walk(tree) if isinstance(n, ast.Name))
        if sizes[name] > longest:
            return None
        meanings[name] = Inliner(dict(meanings)).visit(tree)
    return ast.unparse(meanings[""])


def into_out(source):
    """The source of a NumPy expression with its last operation written into `out`; as it is where that takes no
    `out`."""
    tree = ast.parse(source, mode="eval").body
    ufuncs = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "power"}
    if isinstance(tree, ast.BinOp) and type(tree.op) in ufuncs:
        return f"{ufuncs[type(tree.op)]}({ast.unparse(tree.left)}, {ast.unparse(tree.right)}, out=out)"
    return source
