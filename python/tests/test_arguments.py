"""What may stand for a name: arrays of every layout, numbers, and objects that offer their memory."""

import itertools
import pickle

import numpy as np
import pytest

import tilexpr as ne

TYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16"]


def values(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        return rng.integers(0, 50, shape).astype(dtype)
    if dtype.kind == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def layouts(a):
    """The same elements, each lying in another way."""
    yield a
    yield np.asfortranarray(a)
    yield a[..., ::-1][..., ::-1]
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    yield wide[..., ::2]
    yield a.astype(a.dtype.newbyteorder())
    record = np.zeros(a.shape, [("flag", "u1"), ("value", a.dtype)])
    record["value"] = a
    yield record["value"]  # packed: elements are not aligned, and strides are no multiples of their size
    bytes_ = np.zeros(a.nbytes + 1, "u1")
    odd = bytes_[1:].view(a.dtype).reshape(a.shape)
    odd[...] = a
    yield odd


@pytest.mark.parametrize("dtype", TYPES)
def test_every_layout_is_used_where_it_lies(dtype):
    a, b = values((3, 5), dtype, 1), values((3, 5), dtype, 2)
    expected = a + b
    for x, y in itertools.product(layouts(a), layouts(b)):
        found = ne.evaluate("x + y")
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("left,right", list(itertools.product(TYPES, TYPES)))
def test_types_are_those_of_numpy(left, right):
    a, b = values(4, left), values(4, right)
    assert ne.evaluate("a*b").dtype == (a * b).dtype


@pytest.mark.parametrize("dtype", TYPES[1:])
@pytest.mark.parametrize("number", [2, 2.5, 1j, True])
def test_bare_numbers_are_weak(dtype, number):
    a = values(4, dtype)
    expected = a * number
    found = ne.evaluate("a*number")
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected)


def test_scalars_of_numpy_are_not():
    a, k = np.ones(3, "f4"), np.float64(0.1)
    assert ne.evaluate("a*k").dtype == np.float64
    k = np.array(0.1)
    assert ne.evaluate("a*k").dtype == np.float64


def test_whole_numbers_of_any_size():
    a = np.array([1.0, 2.0])
    k = 2**70
    np.testing.assert_array_equal(ne.evaluate("a*k"), a * k)
    k = -(2**70)
    np.testing.assert_array_equal(ne.evaluate("a*k"), a * k)
    k = 2**64 - 1
    u = np.array([1], "u8")
    np.testing.assert_array_equal(ne.evaluate("u + k"), u + np.uint64(k))
    small, k = np.array([1], "i4"), 2**70
    with pytest.raises(OverflowError) as caught:
        ne.evaluate("small + k")
    assert "    small + k\n            ^\n" in str(caught.value)
    for k in [2**127, 2**200, -(2**200)]:
        np.testing.assert_array_equal(ne.evaluate("a*k"), a * float(k))
        np.testing.assert_array_equal(ne.evaluate("small < k"), [k > 0])
        with pytest.raises(OverflowError):
            ne.evaluate("small + k")
    k = 2**2000
    with pytest.raises(OverflowError):
        ne.evaluate("a*k")


def test_no_axes_no_elements_and_many_axes():
    a = np.array(3.0)
    found = ne.evaluate("a + 1")
    assert isinstance(found, np.ndarray) and found.shape == () and found == 4
    a = np.zeros((0, 3))
    assert ne.evaluate("a + 1").shape == (0, 3)
    b = np.zeros((3, 1))
    c = np.zeros((0,))
    assert ne.evaluate("b + c").shape == (3, 0)
    a = np.ones((1,) * 63 + (2,))
    np.testing.assert_array_equal(ne.evaluate("a + a"), a + a)


@pytest.mark.parametrize("order", "KCFA")
def test_orders(order):
    a = np.ones((3, 4, 5)).transpose(2, 0, 1)
    b = np.asfortranarray(np.ones((4, 5)))
    for x in [a, np.ascontiguousarray(a), np.asfortranarray(a)]:
        assert ne.evaluate("x*2", order=order).strides == np.multiply(x, 2, order=order).strides
    assert ne.evaluate("b*2", order=order).strides == np.multiply(b, 2, order=order).strides


def test_results_belong_to_numpy():
    a = np.arange(4.0)
    found = ne.evaluate("a*2")
    assert found.flags.owndata and found.flags.writeable and type(found) is np.ndarray


def test_subclasses_lists_and_halves():
    class Mine(np.ndarray):
        pass

    a = np.arange(3.0).view(Mine)
    b = [1, 2, 3]
    np.testing.assert_array_equal(ne.evaluate("a + b"), [1, 3, 5])
    h = np.array([0.5, 1.5], "f2")
    assert ne.evaluate("h*2").dtype == np.float32


class Interface:
    def __init__(self, array):
        self.array = array
        self.__array_interface__ = array.__array_interface__


def test_array_interface():
    a = Interface(np.arange(4.0)[::2])
    np.testing.assert_array_equal(ne.evaluate("a + 1"), [1, 3])


class Dlpack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **kwargs):
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack():
    a = Dlpack(np.arange(6.0).reshape(2, 3).T)
    np.testing.assert_array_equal(ne.evaluate("a*2"), a.array * 2)


def test_torch():
    torch = pytest.importorskip("torch")
    t = torch.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(ne.evaluate("t*2"), (t * 2).numpy())
    g = torch.ones(2, requires_grad=True)
    with pytest.raises((RuntimeError, TypeError)):
        ne.evaluate("g*2")


def test_arrow():
    pa = pytest.importorskip("pyarrow")
    for dtype in ["i1", "u2", "i4", "i8", "u8", "f4", "f8"]:
        a = pa.array(np.arange(10, dtype=dtype))
        np.testing.assert_array_equal(ne.evaluate("a + 1"), np.arange(10, dtype=dtype) + 1)
        b = a[3:7]
        np.testing.assert_array_equal(ne.evaluate("b + 1"), np.arange(3, 7, dtype=dtype) + 1)
    flags = pa.array([True, False, True, True, False] * 5)[2:9]
    np.testing.assert_array_equal(ne.evaluate("flags + 0"), np.asarray(flags.to_pylist()) + 0)
    chunks = pa.chunked_array([[1.0, 2.0], [3.0]])
    np.testing.assert_array_equal(ne.evaluate("chunks*2"), [2, 4, 6])
    holes = pa.array([1.0, None])
    with pytest.raises(TypeError, match="nulls"):
        ne.evaluate("holes*2")
    words = pa.array(["a", "b"])
    with pytest.raises(TypeError, match="type 'u'"):
        ne.evaluate("words + 1")


def test_polars():
    pl = pytest.importorskip("polars")
    s = pl.Series([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(ne.evaluate("s*2"), [2, 4, 6])


@pytest.mark.parametrize(
    "value,error",
    [
        (np.array([None, 1]), TypeError),
        (np.array(["2020-01-01"], "M8[D]"), TypeError),
        (np.ma.masked_array([1.0, 2.0], [True, False]), TypeError),
        (np.array([1.0], np.longdouble), TypeError),
        (object(), TypeError),
        (None, TypeError),
        ([[1, 2], [3]], ValueError),
    ],
)
def test_what_cannot_be_computed_with(value, error):
    with pytest.raises(error, match="value"):
        ne.evaluate("value + 1")


def test_names_that_mean_something_else():
    max, e, lambda_ = np.array([1.0, 5.0]), np.array([2.0, 2.0]), 3
    np.testing.assert_array_equal(ne.evaluate("max + e*lambda_"), [7, 11])
    assert ne.evaluate("max(max)") == 5
    del e
    np.testing.assert_array_equal(ne.evaluate("max*0 + e"), [np.e, np.e])


def test_states_and_expressions_pickle():
    f = pickle.loads(pickle.dumps(ne.compile("sum(a), max(a)")))
    a = np.random.default_rng(1).standard_normal(5000)
    first = f.partial(0, 5000, a=a[:4096])
    last = pickle.loads(pickle.dumps(f.partial(4096, 5000, a=a[4096:])))
    total, largest = first.merge(last).finish()
    assert (total, largest) == f(a=a)
