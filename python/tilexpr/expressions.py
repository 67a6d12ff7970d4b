"""Expressions built from Python's operators, as numexpr has them: `2*E.a + E.b`. Each node is a piece of text; `NumExpr` compiles it.

>>> from tilexpr import E, NumExpr
>>> print(2*E.a + E.b)
((2 * a) + b)
>>> NumExpr(2*E.a + E.b)([1.0, 2.0], [3.0, 4.0])
array([5., 8.])
"""

import numpy as np

__all__ = ["E"]

# numexpr's names of the types that it has.
kind_to_type = {
    "bool": np.bool_, "int": np.int32, "long": np.int64, "float": np.float32, "double": np.float64, "complex": np.complex128,
    "bytes": np.bytes_, "str": np.str_,
}  # fmt: skip

_LITERALS = {"float": "float32", "double": "float64", "int": "int32", "long": "int64"}


class ExpressionNode:
    """A piece of an expression: its text, and the names of variables in it."""

    astType = "generic"

    def __init__(self, text, names=()):
        self.text, self.names = text, frozenset(names)

    def __str__(self):
        return self.text

    def __repr__(self):
        return f"<{type(self).__name__} {self.text}>"

    def __bool__(self):
        raise TypeError("an expression is neither true nor false: use `&`, `|`, `~` and `where` on arrays")

    def _attribute(self, name):
        return ExpressionNode(f"{name}({self.text})", self.names)

    real = property(lambda self: self._attribute("real"))
    imag = property(lambda self: self._attribute("imag"))

    def __neg__(self):
        return ExpressionNode(f"(-{self.text})", self.names)

    def __invert__(self):
        return ExpressionNode(f"(~{self.text})", self.names)

    def __pos__(self):
        return self

    __hash__ = object.__hash__


def _node(value):
    return value if isinstance(value, ExpressionNode) else ConstantNode(value)


def _operator(symbol, swapped=False):
    def method(self, other):
        try:
            other = _node(other)
        except TypeError:
            return NotImplemented
        left, right = (other, self) if swapped else (self, other)
        return ExpressionNode(f"({left.text} {symbol} {right.text})", left.names | right.names)

    return method


for _name, _symbol in {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "lshift": "<<", "rshift": ">>", "and": "&",
    "or": "|", "xor": "^",
}.items():  # fmt: skip
    setattr(ExpressionNode, f"__{_name}__", _operator(_symbol))
    setattr(ExpressionNode, f"__r{_name}__", _operator(_symbol, swapped=True))
for _name, _symbol in {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}.items():
    setattr(ExpressionNode, f"__{_name}__", _operator(_symbol))


class VariableNode(ExpressionNode):
    """A variable."""

    astType = "variable"

    def __init__(self, value, kind="double"):
        super().__init__(value, (value,))
        self.value, self.astKind = value, kind


class ConstantNode(ExpressionNode):
    """A number of one of numexpr's types, or a string."""

    astType = "constant"

    def __init__(self, value):
        self.astKind = getKind(value)
        self.value = value
        super().__init__(_literal(value, self.astKind))

    def __neg__(self):
        return ConstantNode(-self.value)

    def __invert__(self):
        return ConstantNode(~self.value)


def getKind(value):
    """numexpr's name of the type that a constant has."""
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if isinstance(value, (bytes, np.bytes_)):
        return "bytes"
    if isinstance(value, (str, np.str_)):
        return "bytes"
    if isinstance(value, np.generic):
        for kind in ("int", "long", "float", "double", "complex"):
            if np.can_cast(value.dtype, kind_to_type[kind], "safe"):
                return kind
    if isinstance(value, int):
        return "int" if -(2**31) <= value < 2**31 else "long"
    if isinstance(value, float):
        return "double"
    if isinstance(value, complex):
        return "complex"
    raise TypeError(f"an expression may not contain {type(value).__name__}: {value!r}")


def _literal(value, kind):
    if kind == "bytes":
        return repr(value if isinstance(value, (str, np.str_)) else bytes(value).decode("latin-1"))
    if kind == "bool":
        return "True" if value else "False"
    if kind == "complex":
        value = complex(value)
        return f"({_number(value.real)} + {_number(value.imag)}*1j)"
    text = _number(value)
    # A bare number has no type of its own, as in the text of an expression; one of NumPy's has.
    return f"{_LITERALS[kind]}({text})" if isinstance(value, np.generic) else text


def _number(value):
    if isinstance(value, (int, np.integer)):
        return f"({value})" if value < 0 else str(int(value))
    value = float(value)
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "(-inf)"
    return f"({value!r})" if value < 0 or np.signbit(value) else repr(value)


class Expression:
    """Gives variables by attribute: `E.a`."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return VariableNode(name)


E = Expression()


def func(name):
    """A function of the language for nodes, as numexpr's `expressions.functions` has them."""

    def call(*args):
        nodes = [_node(arg) for arg in args]
        return ExpressionNode(f"{name}({', '.join(node.text for node in nodes)})", frozenset().union(*(node.names for node in nodes)))

    call.__name__ = name
    return call
