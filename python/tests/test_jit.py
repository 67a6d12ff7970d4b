"""Functions compiled from their source."""

import math

import numpy as np
import pytest

import tilexpr

SCALE = 3.0


@tilexpr.jit
def plain(x, y=2.0):
    """Doc."""
    t = np.sin(x) + math.sqrt(y)
    t *= SCALE
    u: float = t + 1
    return u if y > 1 else x


@tilexpr.jit
def square(x):
    return x * x


@tilexpr.jit
def calls(x):
    return square(x).sum(), np.where(x > 0, square(x - 1), np.pi)


def same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_what_is_computed():
    x = np.linspace(-1, 1, 11)
    same(plain(x), (np.sin(x) + math.sqrt(2)) * 3 + 1)
    same(plain(x, y=1.0), x)
    total, rest = calls(x)
    same(total, (x * x).sum())
    same(rest, np.where(x > 0, (x - 1) ** 2, np.pi))
    assert plain.__name__ == "plain" and plain.__doc__ == "Doc."
    assert plain.__wrapped__(1.0, 2.0)


def test_names_from_outside_are_looked_up_at_each_call():
    k = 2.0

    @tilexpr.jit
    def scaled(x):
        return k * x

    assert scaled(np.ones(1)) == 2
    k = 5.0
    assert scaled(np.ones(1)) == 5


def test_methods_and_options():
    class Model:
        @tilexpr.jit
        def decay(x, rate):
            return np.exp(-rate * x)

    same(Model.decay(np.ones(2), 0.5), np.exp(-0.5 * np.ones(2)))

    @tilexpr.jit(order="F")
    def twice(x):
        return x * 2

    assert twice(np.ones((2, 3))).flags.f_contiguous


def test_chained_comparisons_and_booleans():
    @tilexpr.jit
    def inside(x, low, high):
        return low < x <= high and not (x == 0)

    x = np.arange(-2.0, 3.0)
    np.testing.assert_array_equal(inside(x, -1, 1), (x > -1) & (x <= 1) & (x != 0))


def loop(x):
    t = x
    for _ in range(3):
        t = t * x
    return t


def index(x):
    return x[0] + 1


def branch(x):
    if x > 0:
        return x
    return -x


def nothing(x):
    y = x + 1


def unknown(x):
    return np.fft.fft(x) + 1


def attribute(x):
    return x.shape[0]


def variadic(*x):
    return x


@pytest.mark.parametrize("function,words", [(loop, "loop"), (index, "indexing"), (branch, "where"), (nothing, "return"), (attribute, "indexing")])
def test_what_cannot_be_said(function, words):
    with pytest.raises(tilexpr.JitError, match=words) as caught:
        tilexpr.jit(function)
    assert caught.value.filename == __file__
    assert function.__code__.co_firstlineno < caught.value.lineno <= function.__code__.co_firstlineno + 4
    assert caught.value.text.strip()


@pytest.mark.parametrize("function", [unknown, variadic, len])
def test_what_is_refused_otherwise(function):
    with pytest.raises((tilexpr.JitError, TypeError)):
        tilexpr.jit(function)


def test_lambdas():
    f, g = tilexpr.jit(lambda x: x + 1), tilexpr.jit(lambda x: x if x > 2 else -x)
    assert f(np.array([1.0])).tolist() == [2] and g(np.array([1.0, 3.0])).tolist() == [-1, 3]
    # fmt: off
    h = tilexpr.jit(lambda x:
                    x * 5)
    # fmt: on
    assert h(np.array([2.0])).tolist() == [10]
    with pytest.raises(SyntaxError, match="no comprehension"):
        tilexpr.jit(lambda x: [y for y in x])
