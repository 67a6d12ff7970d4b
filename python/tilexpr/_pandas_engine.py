"""The engine `tilexpr.jit` of pandas: `Series.map(..., engine=tilexpr.jit)` and `DataFrame.apply(..., engine=tilexpr.jit)`.

What is called once for each element or each row there is computed on whole columns here.
"""

import ast
import inspect
import re

import numpy as np

from ._errors import make
from ._expression import Expression
from ._jit import JitError, Jitted, Source, jit

# Names that mean something without a value, and are columns where there are such.
_CONSTANTS = ("e", "pi", "inf", "nan")


class PandasEngine:
    """What pandas calls when its argument `engine` is `tilexpr.jit` (or `tilexpr.jit(accuracy="low")`, with options of `compile`).

    A function is compiled by its source, as `jit` does; instead of a function there may be one that `jit` has compiled, what `compile` gives,
    a function of NumPy's, and, in `apply`, the text of an expression.

    - `series.map(f)`: f is given all elements; NaN stays NaN with `na_action="ignore"`.
    - `frame.apply(f)`: f is given each column.
    - `frame.apply(f, axis=1)`: the names in a text, and the parameters of a function, are columns. A function whose parameter is no column
      is given the row, as by pandas: `row["a"]` and `row.a` are columns, too; if it uses the row as a whole (`row.max()`) it is called for each.

    Columns have their own types (a row of pandas' has one for all of them). A sum, a mean of a column is that of all its elements.
    Several results are the columns of a frame. Other arguments are passed by keyword, or as `args`.

    >>> import pandas as pd, tilexpr
    >>> df = pd.DataFrame({"a": [1, 2], "b": [0.5, 0.25]})
    >>> df.apply("a*b + k", axis=1, engine=tilexpr.jit, k=1).tolist()
    [1.5, 1.5]
    >>> df.apply(lambda row: row.a - row["b"], axis=1, engine=tilexpr.jit).tolist()
    [0.5, 1.75]
    >>> df.a.map(lambda x: x*x if x > 1 else -x, engine=tilexpr.jit).tolist()
    [-1, 4]
    >>> df.apply("x/max(x)", engine=tilexpr.jit)
         a    b
    0  0.5  1.0
    1  1.0  0.5
    """

    @staticmethod
    def map(data, func, args, kwargs, decorator, skip_na):
        """Of each element of `data`; called by pandas."""
        import pandas

        call = _of_one(_compiled(func, decorator), kwargs, "`map` gives an expression one value, the element")
        result = _of_length(call(data, *args, **kwargs), len(data))
        missing = np.asarray(pandas.isna(data)) if skip_na else False
        return pandas.Series(result).where(~missing).to_numpy() if np.any(missing) else result

    @staticmethod
    def apply(data, func, args, kwargs, decorator, axis):
        """Of each column of `data`, or of each row; called by pandas."""
        if axis in (0, "index"):
            what = "an expression is given one value here, the column (with `axis=1` its names are columns)"
            return _each(data, _of_one(_compiled(func, decorator), kwargs, what), args, kwargs, 0)
        if isinstance(data, np.ndarray):
            what = "an expression is given one value here, the row (without `raw=True` its names are columns)"
            return _each(data, _of_one(_compiled(func, decorator), kwargs, what), args, kwargs, 1)
        if isinstance(func, (str, Expression)):
            return _of_rows(data, _of_names(data, _compiled(func, decorator), args, kwargs))
        if not args and _are_columns(func, data, kwargs):
            names = [name for name in inspect.signature(func).parameters if name in data.columns and name not in kwargs]
            return _of_rows(data, _compiled(func, decorator)(**{name: _column(data, name) for name in names}, **kwargs))
        return _of_function(data, func, args, kwargs, decorator)


jit.__pandas_udf__ = PandasEngine


def _options(decorator):
    return getattr(decorator, "keywords", {})


def _compiled(func, decorator):
    """What computes a function, or a text."""
    if isinstance(func, (Jitted, Expression)):
        return func
    if isinstance(func, str):
        return Expression(func, **_options(decorator))
    if isinstance(func, np.ufunc) or (getattr(func, "__module__", None) == "numpy" and not inspect.ismethod(func)):
        return Expression(f"np.{func.__name__}(x)", **_options(decorator))
    if inspect.isfunction(func):
        return decorator(func)
    raise TypeError(f"`engine=tilexpr.jit` takes a function or the text of an expression, not {func!r}")


def _of_one(compiled, kwargs, what):
    """A function of one value and others by keyword."""
    if not isinstance(compiled, Expression):
        return compiled
    free = [name for name in compiled.names if name not in kwargs]
    if len(free) != 1:
        raise TypeError(f"{what}: `{compiled.text}` has {', '.join(free) or 'no variable'}; pass other values by keyword")

    def call(value, *args, **others):
        _check_no_args(args)
        return compiled(**{free[0]: value}, **others)

    return call


def _check_no_args(args):
    if args:
        raise TypeError("an expression is given other values by keyword, by their names in it, not as `args`")


def _of_names(data, expression, args, kwargs):
    """An expression whose names are columns."""
    _check_no_args(args)
    constants = [name for name in _CONSTANTS if name in data.columns and re.search(rf"(?<![\w.]){name}(?!\w)", expression.text)]
    arrays = dict(kwargs)
    for name in (*expression.names, *constants):
        if name in arrays:
            continue
        if name not in data.columns:
            known = [*filter(lambda column: isinstance(column, str), data.columns), *kwargs]
            raise make("name", f"there is no column `{name}`", {"argument": name, "text": expression.text, "known": known})
        arrays[name] = _column(data, name)
    return expression(**arrays)


def _are_columns(func, data, kwargs):
    """Whether the parameters of a function are columns."""
    if not (isinstance(func, Jitted) or inspect.isfunction(func)):
        return False
    needed = [name for name, of in inspect.signature(func).parameters.items() if of.default is of.empty and name not in kwargs]
    return bool(needed) and all(name in data.columns for name in needed)


def _of_function(data, func, args, kwargs, decorator):
    """A function whose first parameter is the row."""
    if isinstance(func, Jitted) or not inspect.isfunction(func):
        what = "an expression is given one value here, the row"
        return _each(data, _of_one(_compiled(func, decorator), kwargs, what), args, kwargs, 1)
    source = RowSource(func, data.columns)
    compiled = Jitted(func, _options(decorator), source)
    if not source.fields:
        return _each(data, compiled, args, kwargs, 1)
    if source.row in compiled.expression.names:
        raise JitError(f"`{func.__name__}` uses `{source.row}` both as a whole and by its columns: pass the columns of interest alone")
    columns = {name: _column(data, field) for name, field in source.fields.items()}
    return _of_rows(data, compiled.expression(**compiled.arguments((None, *args), kwargs), **columns))


class RowSource(Source):
    """The source of a function of a row, in which `row["a"]` and `row.a` become names; `fields` says for which columns they stand."""

    def __init__(self, function, columns):
        super().__init__(function)
        self.columns = columns
        self.row = next(iter(inspect.signature(function).parameters), None)

    def node(self, node):
        if not (isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.value, ast.Name) and node.value.id == self.row):
            return super().node(node)
        if isinstance(node, ast.Subscript):
            if not isinstance(node.slice, ast.Constant):
                return super().node(node)
            field = node.slice.value
        elif self._is_method(node.attr):
            return super().node(node)
        else:
            field = node.attr
        if field not in self.columns:
            raise self.error(node, f"there is no column {field!r}")
        return ast.copy_location(ast.Name(self._name(field)), node)

    def _is_method(self, name):
        """Whether it is something else of a row's than a column, as `row.max`."""
        import pandas

        return hasattr(pandas.Series, name)

    def _name(self, field):
        for name, other in self.fields.items():
            if other == field:
                return name
        name = re.sub(r"\W", "_", f"{self.row}_{field}")
        taken = {*self.fields, *self.function.__code__.co_varnames, *self.function.__code__.co_names, *self.function.__code__.co_freevars}
        while name in taken:
            name += "_"
        self.fields[name] = field
        return name


def _column(data, name):
    column = data[name]
    if column.ndim != 1:
        raise ValueError(f"there are several columns `{name}`")
    return column


def _of_length(result, length):
    """A result, of as many elements."""
    if isinstance(result, tuple):
        raise TypeError(f"one result is wanted, not {len(result)}")
    if result.ndim == 0:
        return np.full(length, result)
    if result.shape != (length,):
        raise ValueError(f"a result of the shape {result.shape} does not go with {length} values")
    return result


def _of_rows(data, result):
    """A value for each row, or a frame of several."""
    import pandas

    if isinstance(result, tuple):
        return pandas.DataFrame({at: _of_length(one, len(data)) for at, one in enumerate(result)}, index=data.index)
    return pandas.Series(_of_length(result, len(data)), index=data.index)


def _each(data, call, args, kwargs, axis):
    """Calls a function for each column (0) or row (1): gives a value for each, or as many values as it is given."""
    is_frame = not isinstance(data, np.ndarray)
    if axis == 1:
        parts = list(data.to_numpy() if is_frame else data)
    else:
        parts = [data.iloc[:, at] if is_frame else data[:, at] for at in range(data.shape[1])]
    results = [call(part, *args, **kwargs) for part in parts]
    if any(isinstance(result, tuple) for result in results):
        raise TypeError("one result is wanted for each " + ("row" if axis else "column"))
    if all(result.ndim == 0 for result in results):
        values = np.array(results)
        return type(data.iloc[:, 0])(values, index=data.index if axis else data.columns) if is_frame else values
    results = [_of_length(result, len(part)) for result, part in zip(results, parts)]
    if not is_frame:
        return np.stack(results, axis=1 - axis)
    if axis == 1:
        return type(data)(np.stack(results), index=data.index, columns=data.columns)
    frame = type(data)(dict(enumerate(results)), index=data.index)
    frame.columns = data.columns
    return frame
