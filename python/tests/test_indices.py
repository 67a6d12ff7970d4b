"""Slices, index notation, boundary modes, loops, scans and random numbers, against NumPy."""

import numpy as np
import pytest

import tilexpr as tx


@pytest.mark.parametrize(
    "text",
    [
        "a[1:-1, ::2]",
        "a[::-1]",
        "a[-1]",
        "a[..., 0]",
        "a[:, None] + a[None]",
        "a.T[1:3]",
        "(a*2 + a[0])[1:3, n:]",
        "a[:, n] - a[:, n-1]",
        "a[9:2:-2, 100:]",
    ],
)
def test_slices(text):
    a = np.arange(35.0).reshape(5, 7)
    n = 2
    # Names that stand alone among slices are numbers in NumPy; here they are written so.
    ours = text.replace("[:, n]", "[:, n+0]")
    np.testing.assert_array_equal(tx.evaluate(ours), eval(text))
    turned = np.asfortranarray(a)
    np.testing.assert_array_equal(tx.evaluate(ours.replace("a", "turned")), eval(text))


def test_shapes_of_results():
    a = np.arange(12).reshape(3, 4)
    assert tx.evaluate("a[1]").shape == (4,)
    assert tx.evaluate("a[1, 2]") == 6
    np.testing.assert_array_equal(tx.evaluate("diff(a, axis=0)"), np.diff(a, axis=0))
    np.testing.assert_array_equal(tx.evaluate("roll(a, 1, axis=1)"), np.roll(a, 1, axis=1))


@pytest.mark.parametrize(
    ("mode", "pad"),
    [
        ("wrap", "wrap"),
        ("clamp", "edge"),
        ("reflect", "symmetric"),
        ("mirror", "reflect"),
        ("zero", "constant"),
    ],
)
def test_boundary_modes(mode, pad):
    rng = np.random.default_rng(1)
    for shape in [(5, 6), (3, 4), (40, 50)]:
        u = rng.integers(0, 100, shape)
        p = np.pad(u, 2, mode=pad)
        n, m = shape
        expected = p[1 : n + 1, 2:-2] + 3 * p[4 : n + 4, 2:-2] + 7 * p[2:-2, 0:m] - p[1 : n + 1, 3 : m + 3]
        text = f"v[i, j] = u[{mode}(i-1), j] + 3*u[{mode}(i+2), j] + 7*u[i, {mode}(j-2)] - u[{mode}(i-1), {mode}(j+1)]"
        np.testing.assert_array_equal(tx.evaluate(text), expected)
        out = np.empty_like(expected)
        tx.evaluate(text, out=out)
        np.testing.assert_array_equal(out, expected)
        own = u.copy()
        tx.evaluate(text.replace("u[", "own["), out=own)
        np.testing.assert_array_equal(own, expected)


def test_products():
    rng = np.random.default_rng(2)
    A, B = rng.integers(-9, 9, (6, 7)), rng.integers(-9, 9, (7, 5))
    np.testing.assert_array_equal(tx.evaluate("C[i, j] = sum[k](A[i, k]*B[k, j])"), A @ B)
    M, v = rng.integers(-9, 9, (2, 3, 4)), rng.integers(-9, 9, (2, 4))
    np.testing.assert_array_equal(tx.evaluate("sum[n](M[b,m,n]*v[b,n])"), np.einsum("bmn,bn->bm", M, v))
    D, C = tx.evaluate("C[i, j] = sum[k](A[i, k]*B[k, j]); D[j, i] = C[i, j]*2; D, C")
    np.testing.assert_array_equal(D, 2 * (A @ B).T)
    np.testing.assert_array_equal(C, A @ B)


def test_prepared_and_compiled():
    u = np.arange(10.0)
    e = tx.compile("v[i] = u[wrap(i-1)] + k*u[i]")
    np.testing.assert_array_equal(e(u=u, k=2.0), np.roll(u, 1) + 2 * u)
    with pytest.raises(ValueError, match="out of range"):
        tx.evaluate("u[10]")
    with pytest.raises((ValueError, TypeError), match="whole number"):
        k = 0.5
        tx.evaluate("v[i] = u[i + k]")


def test_loops_and_scans():
    z0 = np.linspace(-1.5, 1.5, 50)[:, None] + 1j * np.linspace(-1, 1, 40)
    c = -0.8 + 0.156j
    n = tx.evaluate("step = lambda z, n: (z*z + c, n + 1);iterate(step, (z0, 0), lambda z, n: z.real**2 + z.imag**2 < 4, 100)[1]")
    expected = np.zeros(z0.shape, int)
    for at, z in np.ndenumerate(z0):
        while expected[at] < 100 and z.real**2 + z.imag**2 < 4:
            z = z * z + c
            expected[at] += 1
    np.testing.assert_array_equal(n, expected)
    x = np.arange(12.0).reshape(6, 2)
    y = tx.evaluate("scan(lambda s, x: 0.5*s + x, 1.0, x, axis=0)")
    s = np.ones(2)
    for k in range(6):
        s = 0.5 * s + x[k]
        np.testing.assert_array_equal(y[k], s)


def test_random_numbers_do_not_depend_on_the_call():
    i = np.arange(1000)
    u = tx.evaluate("random(7, i)")
    assert ((0 <= u) & (u < 1)).all()
    np.testing.assert_array_equal(tx.evaluate("random(7, i + 10)")[:-10], u[10:])
    near = tx.evaluate("4*mean[k:10**5](random(1, k)**2 + random(2, k)**2 <= 1)")
    assert abs(near - np.pi) < 0.02


def test_relaxed():
    import pickle

    x, y = 1 + np.finfo(float).eps, 1 - np.finfo(float).eps
    strict, contract = tx.compile("x*y - 1"), tx.compile("x*y - 1", relaxed="contract")
    assert strict(x=x, y=y) == 0 and contract(x=x, y=y) < 0
    assert pickle.loads(pickle.dumps(contract))(x=x, y=y) == contract(x=x, y=y)
    a, b = np.random.default_rng(1).normal(size=(2, 80, 80))
    product = tx.compile("C[i, j] = sum[k](A[i, k]*B[k, j])", relaxed="library")
    np.testing.assert_allclose(product(A=a, B=b.T), a @ b.T, atol=1e-12)
    assert "matrixmultiply" in str(product.explain(A=a, B=b))
    with pytest.raises(ValueError, match="relaxed must be"):
        tx.compile("x", relaxed="fast")


@pytest.mark.parametrize("n", [3, np.int64(3), np.uint8(3), np.array(3), np.array(3, np.int32)], ids=repr)
def test_whole_numbers_of_any_kind(n):
    a = np.arange(10.0)
    for text, expected in [
        ("repeat(lambda v: v + 1, a, n)", a + 3),
        ("iterate(lambda v: v + 1, a, lambda v: v < 4, n)", np.maximum(a, np.minimum(a + 3, 4))),
        ("a[n:]", a[3:]),
        ("a[::n]", a[::3]),
        ("a[n+0]", a[3]),
        ("D[i] = a[i+n]", a[3:]),
        ("sum[k:n](a[k])", a[:3].sum()),
        ("roll(a, n)", np.roll(a, 3)),
    ]:
        np.testing.assert_array_equal(tx.evaluate(text), expected, err_msg=text)


def test_a_number_of_steps_for_each_point():
    a, n = np.arange(4.0), np.array([0, 5, -1, 2])
    np.testing.assert_array_equal(tx.evaluate("repeat(lambda v: v + 1, a, n)"), a + np.maximum(n, 0))


def test_differences_of_bools():
    b = np.array([True, False, False, True])
    np.testing.assert_array_equal(tx.evaluate("diff(b)"), np.diff(b))
