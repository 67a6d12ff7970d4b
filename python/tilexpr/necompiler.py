"""numexpr's compiled objects: `NumExpr`, `disassemble`, `getExprNames`."""

import re

import numpy as np

from . import _native
from ._errors import make
from ._expression import Expression
from .expressions import ConstantNode, ExpressionNode, getKind, kind_to_type

__all__ = ["NumExpr", "disassemble", "evaluate", "getExprNames", "re_evaluate", "validate"]

evaluate, re_evaluate, validate = _native.evaluate, _native.re_evaluate, _native.validate

_CODES = {"bool": "b", "int": "i", "long": "l", "float": "f", "double": "d", "complex": "c", "bytes": "s", "str": "s"}


def _dtype(kind):
    """The type that a signature means: Python's `float` is numexpr's 32-bit one."""
    named = {bool: np.bool_, int: np.int64, float: np.float32, complex: np.complex128, bytes: np.bytes_, str: np.str_}
    return np.dtype(named.get(kind, kind))


def _kind(dtype):
    for kind, of in kind_to_type.items():
        if np.dtype(of).type is dtype.type:
            return kind
    raise ValueError(f"a signature cannot have the type {dtype}")


class NumExpr:
    """A compiled expression of numexpr's kind: it takes arrays by position, of the types of a signature.

    Parameters
    ----------
    ex : str or expression
        The text, or what has been built from `E`.
    signature : sequence of (name, type)
        Names in the order in which arrays are passed, with their types; without one, all names in alphabetical order, of type double.

    >>> from tilexpr import NumExpr
    >>> NumExpr("2*a - b", [("b", float), ("a", int)])(np.float32(3), np.array([1, 2]))
    array([-1.,  1.])
    """

    def __init__(self, ex, signature=(), sanitize=True, **kwargs):
        if isinstance(ex, ExpressionNode):
            ex = ex.text
        elif not isinstance(ex, str):
            ex = ConstantNode(ex).text
        self._expression = Expression(ex)
        names = self._expression.names
        signature = [(name, _dtype(kind)) for name, kind in signature]
        if signature and {name for name, _ in signature} != set(names):
            given = [name for name, _ in signature]
            raise ValueError(f"input names ({given}) don't match those found in expression ({set(names)})")
        self._inputs = signature or [(name, np.dtype(np.float64)) for name in sorted(names)]

    def __call__(self, *args, out=None, order="K", casting="safe", ex_uses_vml=False):
        if len(args) != len(self._inputs):
            raise ValueError(f"number of inputs doesn't match program: {len(self._inputs)} are needed, {len(args)} given")
        arrays = {name: _converted(arg, dtype, casting, name) for arg, (name, dtype) in zip(args, self._inputs)}
        expression = self._expression
        if (order, casting) != ("K", "same_kind"):
            expression = Expression(expression.text, order=order, casting=casting)
        return expression(**arrays, out=out)

    run = __call__

    @property
    def input_names(self):
        """The names of arguments in the order in which they are passed."""
        return tuple(name for name, _ in self._inputs)

    @property
    def signature(self):
        """A letter for the type of each argument."""
        return "".join(_CODES[_kind(dtype)] for _, dtype in self._inputs).encode()

    @property
    def constants(self):
        """The numbers in the text, each once."""
        return tuple(_constants(self._expression.text))

    @property
    def constsig(self):
        """A letter for the type of each constant."""
        return "".join(_CODES[getKind(constant)] for constant in self.constants).encode()

    @property
    def tempsig(self):
        """A letter for each temporary array: there are none."""
        return b""

    @property
    def fullsig(self):
        """All of these, the result's first."""
        return self._result() + self.signature + self.constsig

    @property
    def program(self):
        """The operations of each pass, as bytes of text (numexpr has instructions of its virtual machine here)."""
        return "\n".join(stage["kernel"] for stage in self._explained()).encode()

    def _result(self):
        (dtype, _), *_ = self._expression.outputs(**self._samples())
        return _CODES[_kind(np.dtype(dtype))].encode() if np.dtype(dtype).type in kind_to_type.values() else b"?"

    def _samples(self):
        return {name: np.ones(8, dtype) for name, dtype in self._inputs}

    def _explained(self):
        return self._expression.explain(**self._samples()).stages


def _converted(value, dtype, casting, name):
    array = np.asarray(value)
    if array.dtype == dtype or (dtype.kind == array.dtype.kind and dtype.kind in "SU"):
        return value if isinstance(value, np.ndarray) else array
    if not np.can_cast(array.dtype, dtype, casting):
        message = f"`{name}` is an array of {array.dtype}, which cannot be converted to {dtype} by the rule '{casting}'"
        raise make("casting", message, {"argument": name})
    return array.astype(dtype)


def _constants(text):
    """Numbers in a text, as Python has them, each once; NaN equals itself here."""
    seen = {}
    for match in re.finditer(r"(?<![\w.])(nan\b|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?[jJ]?)", text):
        word = match.group(0)
        value = float("nan") if word == "nan" else _parsed(word)
        seen.setdefault("nan" if value != value else (type(value), value), value)
    return list(seen.values())


def _parsed(word):
    for kind in (int, float, complex):
        try:
            return kind(word)
        except ValueError:
            pass
    return float("nan")


def disassemble(nex):
    """The operations of a compiled expression: a list of [operation, result, operands ...], as bytes, for each pass over the arrays.

    They are the instructions of this package's kernels, which are not numexpr's: for a person to read.
    """
    program = []
    for stage in nex._explained():
        for line in stage["kernel"].splitlines():
            result, _, operation = line.strip().partition(" = ")
            if operation:
                name, *operands = operation.replace(",", " ").split()
                program.append([word.encode() for word in (name, result, *operands)])
    return program


def getExprNames(text, context=None, sanitize=True):
    """The names of variables in an expression in alphabetical order, and whether Intel's VML would be used (never: the functions are this
    package's own)."""
    return sorted(_native.names(text)), False
