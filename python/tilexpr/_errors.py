"""The exceptions, and how they show where in the text something is wrong.

Each is of Python's own class for what happened, and also of that which numexpr raises there.
"""


class Error(Exception):
    """What all errors of this package are: `help` says what to do (or is None), `text` and `span` (from, to; in characters) where it is."""

    help: str | None = None
    text: str | None = None
    span: tuple[int, int] | None = None
    argument: str | None = None

    def __str__(self):
        return self.args[0] if self.args else ""


class ExpressionError(Error, SyntaxError, ValueError):
    """The text is no expression."""


class LimitError(ExpressionError):
    """The text is larger than the limits allow."""


class UnknownNameError(Error, KeyError, NameError):
    """A name in the text has no value."""


class OperandError(Error, TypeError, NotImplementedError):
    """An operation has no meaning for operands of these types."""


class DTypeError(Error, TypeError, ValueError):
    """An array is of a type that cannot be computed with."""


class CastingError(Error, TypeError, ValueError):
    """A result may not be converted to the type of `out` (see `casting`)."""


class ArgumentError(Error, ValueError):
    """Shapes do not fit, an axis is none, `out` is too small, the data have no result."""


class RangeError(Error, OverflowError, ValueError):
    """A whole number is out of the range of the type that it meets."""


class TooLargeError(Error, MemoryError, ValueError):
    """There is not as much memory as the result needs, or as the limit allows."""


class ChangedTypeError(Error, TypeError):
    """An argument has another type than that for which a call was prepared."""


class CancelledError(Error, RuntimeError):
    """The call was cancelled, or its time ran out."""


_CLASSES = {
    "syntax": ExpressionError,
    "limit": LimitError,
    "name": UnknownNameError,
    "type": OperandError,
    "dtype": DTypeError,
    "casting": CastingError,
    "value": ArgumentError,
    "overflow": RangeError,
    "memory": TooLargeError,
    "type_changed": ChangedTypeError,
    "cancelled": CancelledError,
}


def make(kind, message, fields):
    """An error of this kind; called by the native part."""
    error = _CLASSES[kind]()
    help, text, span = fields.get("help"), fields.get("text"), fields.get("span")
    if kind == "name":
        help = _known(fields["argument"], fields.get("known", ())) or help
        span = span or _place(fields["argument"], text)
    lines = [message]
    if text and span:
        lines += _caret(text, *span)
    if help:
        lines.append(f"help: {help}")
    if kind == "type":
        lines += _opcode(message)
    error.args = ("\n".join(lines),)
    error.help, error.text, error.span, error.argument = help, text, span, fields.get("argument")
    if isinstance(error, SyntaxError):
        error.msg = error.args[0]
    return error


# Operators of numexpr's virtual machine, and its letters for types.
_OPCODES = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "%": "mod", "<<": "lshift", ">>": "rshift", "&": "and", "|": "or", "^": "xor",
    "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne",
}  # fmt: skip
_LETTERS = {"bool": "b", "int64": "l", "uint32": "l", "float32": "f", "float64": "d", "float": "d", "complex128": "c", "complex": "c", "string": "s"}


def _opcode(message):
    """What numexpr says where an operator does not take strings: the name of the instruction that it lacks."""
    import re

    found = re.match(r"`(\W+)` takes .*, not (\w+) and (\w+)$", message)
    if not found or found[1] not in _OPCODES or "string" not in found.groups():
        return []
    operands = "".join(_LETTERS.get(name, "i") for name in found.groups()[1:])
    name = _OPCODES[found[1]]
    return [f"numexpr: couldn't find matching opcode for '{name}_{'b' if found[1] in ('<', '<=', '>', '>=', '==', '!=') else 's'}{operands}'"]


def _place(name, text):
    import re

    found = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text or "")
    return found.span() if found else None


def _known(name, known):
    import difflib

    names = [other for other in known if isinstance(other, str) and not other.startswith("__")]
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    if not names:
        return None
    return "names that have values: " + ", ".join(f"`{other}`" for other in sorted(names)[:8]) + (", ..." if len(names) > 8 else "")


def _caret(text, start, end):
    """The line of the text on which a place begins, and what points at it."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    last = len(text) if last < 0 else last
    line = text[first:last]
    low = start - first
    width = max(1, min(end, last) - start)
    # Only what is near: a formula may be one very long line.
    left = max(0, low - 60)
    line, low = line[left : left + 120], low - left
    dots = "..." if left else ""
    return [f"    {dots}{line}", "    " + " " * (len(dots) + low) + "^" * min(width, 120 - low)]
