"""SymPy's expressions as expressions of this package."""

from ._expression import Expression


def from_sympy(expr, **options):
    """Compiles a SymPy expression, or a list of them (which gives a tuple of results). `options` are those of `compile`.

    >>> import numpy as np, sympy, tilexpr
    >>> x, y = sympy.symbols("x y")
    >>> f = tilexpr.from_sympy(sympy.diff(sympy.sin(x*y), x))
    >>> f.text
    'y*cos(x*y)'
    >>> f(x=np.array([0.0, 1.0]), y=2.0)
    array([ 2.        , -0.83229367])
    """
    printer = _printer()
    several = expr if isinstance(expr, (list, tuple)) else [expr]
    return Expression(", ".join(printer.doprint(one) for one in several), **options)


def _printer():
    import sympy
    from sympy.printing.codeprinter import CodePrinter
    from sympy.printing.precedence import PRECEDENCE

    functions = {
        "Abs": "abs", "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan", "atan2": "arctan2",
        "atanh": "arctanh", "ceiling": "ceil", "conjugate": "conj", "cos": "cos", "cosh": "cosh", "erf": "erf", "erfc": "erfc", "exp": "exp",
        "floor": "floor", "gamma": "gamma", "im": "imag", "log": "log", "loggamma": "lgamma", "re": "real", "sign": "sign", "sin": "sin",
        "sinh": "sinh", "tan": "tan", "tanh": "tanh",
    }  # fmt: skip

    class Printer(CodePrinter):
        printmethod = "_tilexpr"
        language = "tilexpr"
        reserved_words = frozenset(("and", "or", "not", "if", "else", "in", "is", "True", "False", "lambda"))

        def __init__(self):
            super().__init__({"allow_unknown_functions": False, "error_on_reserved": True, "strict": True})
            self.known_functions = functions

        def _format_code(self, lines):
            return lines

        def _print_Symbol(self, expr):
            name = super()._print_Symbol(expr)
            if not name.isidentifier():
                raise ValueError(f"the symbol {name!r} is no name in an expression: use `symbols('{_identifier(name)}')`")
            return name

        def _print_Integer(self, expr):
            return str(expr.p)

        def _print_Rational(self, expr):
            return f"{expr.p}/{expr.q}"

        def _print_Float(self, expr):
            return repr(float(expr))

        def _print_Pi(self, expr):
            return "pi"

        def _print_Exp1(self, expr):
            return "e"

        def _print_ImaginaryUnit(self, expr):
            return "1j"

        def _print_Infinity(self, expr):
            return "inf"

        def _print_NegativeInfinity(self, expr):
            return "-inf"

        def _print_NaN(self, expr):
            return "nan"

        def _print_NumberSymbol(self, expr):
            return repr(float(expr))

        def _print_BooleanTrue(self, expr):
            return "True"

        def _print_BooleanFalse(self, expr):
            return "False"

        def _print_Pow(self, expr, **_):
            if expr.exp == sympy.S.Half:
                return f"sqrt({self._print(expr.base)})"
            if expr.exp == -sympy.S.Half:
                return f"1/sqrt({self._print(expr.base)})"
            power = PRECEDENCE["Pow"]
            return f"{self.parenthesize(expr.base, power, strict=True)}**{self.parenthesize(expr.exp, power)}"

        def _print_Mod(self, expr):
            left, right = (self.parenthesize(arg, PRECEDENCE["Mul"], strict=True) for arg in expr.args)
            return f"{left} % ({right})" if "%" in right else f"{left} % {right}"

        def _print_Piecewise(self, expr):
            *pairs, (last, condition) = expr.args
            text = self._print(last) if condition == True else f"where({self._print(condition)}, {self._print(last)}, nan)"  # noqa: E712
            for value, condition in reversed(pairs):
                text = f"where({self._print(condition)}, {self._print(value)}, {text})"
            return text

        def _nested(self, name, expr):
            text = self._print(expr.args[-1])
            for arg in reversed(expr.args[:-1]):
                text = f"{name}({self._print(arg)}, {text})"
            return text

        def _print_Max(self, expr):
            return self._nested("maximum", expr)

        def _print_Min(self, expr):
            return self._nested("minimum", expr)

        def _print_Heaviside(self, expr):
            return f"heaviside({self._print(expr.args[0])}, {self._print(expr.args[1])})"

        def _joined(self, symbol, expr):
            return f" {symbol} ".join(f"({self._print(arg)})" for arg in expr.args)

        def _print_And(self, expr):
            return self._joined("&", expr)

        def _print_Or(self, expr):
            return self._joined("|", expr)

        def _print_Xor(self, expr):
            return self._joined("^", expr)

        def _print_Not(self, expr):
            return f"~({self._print(expr.args[0])})"

        def _print_Relational(self, expr):
            low = PRECEDENCE["Relational"]
            return f"{self.parenthesize(expr.lhs, low)} {expr.rel_op} {self.parenthesize(expr.rhs, low)}"

    return Printer()


def _identifier(name):
    return "".join(c if c.isalnum() or c == "_" else "_" for c in name) or "x"
