"""xarray: expressions over labelled arrays, with NumPy's and with dask's chunks below."""

import numpy as np
import pytest

import tilexpr

xr = pytest.importorskip("xarray")


def pair():
    rng = np.random.default_rng(0)
    x = xr.DataArray(rng.standard_normal((40, 30)), dims=("time", "place"), coords={"place": np.arange(30)}, name="x")
    y = xr.DataArray(rng.standard_normal(30), dims=("place",), coords={"place": np.arange(30)})
    return x, y


def apply(x, y, **options):
    return xr.apply_ufunc(lambda a, b: tilexpr.evaluate("a*b + 1", {"a": a, "b": b}), x, y, **options)


def test_apply_ufunc():
    x, y = pair()
    got = apply(x, y)
    assert got.dims == ("time", "place")
    np.testing.assert_array_equal(got, x.data * y.data + 1)


def test_apply_ufunc_on_chunks():
    pytest.importorskip("dask")
    x, y = pair()
    want = apply(x, y)
    got = apply(x.chunk({"time": 7, "place": 11}), y.chunk({"place": 11}), dask="parallelized", output_dtypes=[float])
    assert got.chunks is not None
    xr.testing.assert_identical(got.compute(), want)


def test_axes_that_are_reduced():
    pytest.importorskip("dask")
    x, _ = pair()
    # Core dimensions come last.
    got = xr.apply_ufunc(
        lambda a: tilexpr.evaluate("mean(a, axis=-1)", {"a": a}),
        x.chunk({"time": 7}),
        input_core_dims=[["place"]],
        dask="parallelized",
        output_dtypes=[float],
    )
    np.testing.assert_array_equal(got, tilexpr.evaluate("mean(a, axis=1)", {"a": x.data}))


def test_arrays_of_dask_below():
    pytest.importorskip("dask")
    import tilexpr.dask

    x, _ = pair()
    x = x.chunk({"time": 7})
    with pytest.raises(TypeError, match=r"\.data"):
        tilexpr.dask.evaluate("x*2", x=x)
    doubled = x.copy(data=tilexpr.dask.evaluate("x*2", x=x.data))
    xr.testing.assert_identical(doubled.compute(), x.compute() * 2)
