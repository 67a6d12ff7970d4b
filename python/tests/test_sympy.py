"""SymPy's expressions."""

import numpy as np
import pytest

import tilexpr

sympy = pytest.importorskip("sympy")
x, y = sympy.symbols("x y", real=True)
n = sympy.symbols("n", integer=True)

EXPRESSIONS = [
    x**2 + 2 * x * y - y / 3,
    sympy.sin(x) * sympy.exp(-(y**2)) / (1 + sympy.Abs(x)),
    sympy.sqrt(x**2 + 1) ** 3 / sympy.sqrt(y**2 + 2),
    sympy.Piecewise((x, x > 0), (y, y > 0), (0, True)),
    sympy.Max(x, y, 0) + sympy.Min(x, 2),
    sympy.Mod(x, 3) * sympy.pi + sympy.E,
    sympy.atan2(x, y) + sympy.Rational(2, 7),
    sympy.diff(sympy.tanh(x * y) * sympy.log(x**2 + 1), x, 2),
    sympy.Heaviside(x, 0.5) + sympy.sign(y),
    sympy.erf(x) + sympy.gamma(y**2 + 1),
    -(((-x) ** 2) ** (y**2)),
    x ** (-2) + sympy.GoldenRatio,
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_values(expression):
    rng = np.random.default_rng(0)
    xs, ys = rng.uniform(-2, 2, (2, 12))
    compiled = tilexpr.from_sympy(expression)
    found = compiled(**{name: {"x": xs, "y": ys}[name] for name in compiled.names})
    exact = [float(expression.subs({x: a, y: b}).evalf()) for a, b in zip(xs, ys)]
    np.testing.assert_allclose(found, exact, rtol=1e-10)


def test_several_and_conditions():
    low, inside = tilexpr.from_sympy([x - y, sympy.And(x > 0, sympy.Not(x > 1))])(x=np.array([0.5, 2.0]), y=1)
    np.testing.assert_array_equal(low, [-0.5, 1])
    np.testing.assert_array_equal(inside, [True, False])


def test_what_there_is_not():
    with pytest.raises(Exception, match="besselj"):
        tilexpr.from_sympy(sympy.besselj(0, x))
    with pytest.raises(ValueError, match="no name"):
        tilexpr.from_sympy(sympy.Symbol("x_{1}") + 1)
