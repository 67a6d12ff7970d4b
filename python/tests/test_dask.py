"""Dask: one task a chunk, the bits of one machine, on threads and on processes of which one dies."""

import os
import pickle
import time
import warnings

import numpy as np
import pytest

import tilexpr

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")

import tilexpr.dask as td


def tasks(array):
    """How many tasks there are once dask has fused what it can (other names of a task are none)."""
    graph = dict(dask.optimize(array)[0].__dask_graph__())
    return sum(callable(getattr(task, "func", None)) for task in graph.values())


def check(text, chunks, arrays, slower=None, **numbers):
    """Compares with one call, to the bit; gives the results."""
    want = tilexpr.compile(text)(**arrays, **numbers)
    cut = {name: da.from_array(array, chunks=chunks.get(name, -1)) if name in chunks else array for name, array in arrays.items()}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = td.evaluate(text, **cut, **numbers)
    if slower is not None:
        assert bool(caught) == slower, [str(warning.message) for warning in caught]
    several = got if isinstance(got, tuple) else (got,)
    for lazy, one in zip(several, want if isinstance(want, tuple) else (want,), strict=True):
        value, one = np.asarray(lazy.compute(scheduler="threads")), np.asarray(one)
        assert lazy.dtype == value.dtype == one.dtype and lazy._meta.dtype == one.dtype
        assert lazy.shape == value.shape == one.shape
        assert value.tobytes() == one.tobytes(), text
        for at in np.ndindex(*lazy.numblocks):
            assert np.shape(lazy.blocks[at].compute()) == tuple(chunks[i] for chunks, i in zip(lazy.chunks, at))
            break
    return got


def random(*shape):
    rng = np.random.default_rng(len(shape))
    return rng.standard_normal(shape) * 10.0 ** rng.integers(-4, 5, shape)


def test_elementwise():
    a, b = random(10_000), random(10_000)
    check("a*b + k", {"a": 2048, "b": 2048}, {"a": a, "b": b}, slower=False, k=2)
    check("a*b + k", {"a": 2048, "b": 3000}, {"a": a, "b": b}, slower=True, k=np.float32(2))
    check("a*b < k", {"a": 999}, {"a": a, "b": b}, slower=False, k=0)
    m, row = random(60, 70).astype("f4"), random(70).astype("f4")
    check("m + row, m*k", {"m": (7, 70)}, {"m": m, "row": row}, slower=False, k=2.5)
    check("m.real + row", {"m": (7, 9), "row": 30}, {"m": m + 1j, "row": row}, slower=True)
    check("m + row, row - 1, 3", {"m": (7, 9), "row": 9}, {"m": m, "row": row}, slower=False)
    check("column + row", {"column": (8, 1), "row": 9}, {"column": random(60, 1), "row": row}, slower=False)
    check("m*2", {"m": (10, 70)}, {"m": m.astype("f2")})
    check("m*2", {"m": (10, 70)}, {"m": m.astype(">f4")})
    check("m + row", {"m": -1}, {"m": np.zeros((0, 70)), "row": row})
    check("a + k", {"a": -1}, {"a": np.array(3.0)}, k=1)


def test_axes_in_one_chunk():
    m, row = random(300, 70), random(70)
    check("sum(m, axis=1)", {"m": (100, 70)}, {"m": m}, slower=False)
    check("sum(m, axis=1)", {"m": (100, 20)}, {"m": m}, slower=True)
    check("m - mean(m, axis=1, keepdims=True), argmax(m, axis=-1)", {"m": (64, 70)}, {"m": m}, slower=False)
    check("sum(m, axis=0), m/sum(m, axis=0), row*2", {"m": (300, 20), "row": 20}, {"m": m, "row": row}, slower=False)
    check("cumsum(m, axis=0)*row", {"m": (300, 20), "row": 20}, {"m": m, "row": row}, slower=False)
    check("sum(m, axis=1) + x", {"m": (64, 70), "x": 64}, {"m": m, "x": random(300)}, slower=False)
    check("sum(m*row, axis=1)", {"m": (100, 20), "row": 20}, {"m": m, "row": row}, slower=True)
    check("sum(t, axis=(0, 2))", {"t": (20, 3, 40)}, {"t": random(20, 30, 40)}, slower=False)
    check("m - mean(m), sum(m)/n", {"m": -1}, {"m": m}, slower=False, n=m.size)
    check("histogram(m, 10, -1, 1)", {"m": -1}, {"m": m}, slower=False)


TEXT = "sum(a*b), max(a), argmin(b), prod(1 + a*1e-9), any(a > b)"


def test_reductions_are_those_of_one_machine():
    for length, chunks, slower in [
        (100_000, 4096, False),
        (100_000, 1536, False),
        (100_000, 5000, True),
        (1000, 7, True),
        (513, 512, False),
        (50, 9, True),
    ]:
        arrays = {"a": random(length), "b": random(length)[::-1]}
        check(TEXT, {"a": chunks, "b": chunks}, arrays, slower=slower)
        check("sum(a*b)", {"a": chunks}, arrays, slower=slower)
    check("sum(a*b)", {"a": 4096, "b": 3072}, {"a": random(100_000), "b": random(100_000)})
    i = np.arange(5000, dtype="i2")
    check("sum(i), max(i), sum(i*k)", {"i": 1024}, {"i": i}, slower=False, k=0.5)
    check("sum(a)", {"a": 2000}, {"a": random(10_000) * 1j})


def test_values_that_have_no_result_are_those_of_the_chunks():
    i = np.arange(5, 5005)
    check("sum(2**((i - 5)%7))", {"i": 1024}, {"i": i})
    check("sum((i%3)**(i - 5 - i + k))", {"i": 1024}, {"i": i}, k=7)
    wrong = td.evaluate("sum(i**(i - 10))", i=da.from_array(i, chunks=1024))
    with pytest.raises(ValueError, match="negative"):
        wrong.compute()


def test_reductions_of_several_axes():
    m, row = random(300, 70), random(70)
    check("sum(m*row), max(m)", {"m": (256, 70)}, {"m": m, "row": row}, slower=False)
    check("sum(m*row), max(m)", {"m": (100, 70)}, {"m": m, "row": row}, slower=True)
    check("sum(m*row), argmax(m)", {"m": (128, 13), "row": 20}, {"m": m, "row": row}, slower=True)
    check("sum(m)", {"m": (10, 512)}, {"m": random(40, 512)}, slower=False)
    check("sum(m)", {"m": (1, 10_000)}, {"m": random(1, 30_001)}, slower=True)
    check("sum(column*row)", {"column": (50, 1), "row": 20}, {"column": random(300, 1), "row": row}, slower=True)
    # So few rows make no whole blocks.
    check("sum(m*n), argmin(m)", {"m": (10, 500), "n": (7, 1001)}, {"m": random(30, 1001), "n": random(30, 1001)}, slower=True)
    check("sum(t), max(t)", {"t": (1, 10, 41)}, {"t": random(20, 30, 41)}, slower=True)
    check("sum(t)", {"t": (1, 30, 8)}, {"t": random(5, 30, 40)}, slower=True)


def test_random_chunks():
    rng = np.random.default_rng(0)
    for _ in range(12):
        shape = tuple(int(n) for n in rng.integers(1, (3000, 60, 20)[: rng.integers(1, 4)]))
        # (Few chunks along each axis: their number grows with the axes.)
        chunks = [tuple(int(rng.integers(1 + n // 4, n + 1)) for n in shape) for _ in range(2)]
        arrays = {"a": random(*shape), "b": random(*shape)}
        both = dict(zip("ab", chunks))
        check("a*b + 1, a < b", both, arrays)
        check("sum(a*b), max(a)", both, arrays)
        check("sum(a*b, axis=0)*k" if len(shape) > 1 else "a*b*k", both, arrays, k=2)


def test_no_elements():
    check("sum(a), prod(a)", {"a": -1}, {"a": np.zeros(0)})
    check("sum(a)", {"a": (1, -1)}, {"a": np.zeros((5, 0))})
    empty = da.from_array(np.zeros(0), chunks=-1)
    with pytest.raises(ValueError):
        td.evaluate("max(a)", a=empty).compute()


def test_one_task_a_chunk():
    a = da.random.default_rng(0).random(40_000, chunks=4096)
    blocks = a.numblocks[0]
    lazy = td.evaluate("a*2 + k", a=a, k=1)
    assert len(lazy.dask.layers[lazy.name]) == blocks
    # Fused with what makes the chunks and with what is done with them.
    assert tasks(lazy + 1) == tasks(a) == blocks
    state = td.evaluate("sum(a), max(a)", a=a)[0]
    parts = [layer for name, layer in state.dask.layers.items() if name.startswith("tilexpr-partial")]
    assert [len(layer) for layer in parts] == [blocks]
    # Nobody merges more than some.
    many = td.evaluate("sum(a)", a=da.zeros(512 * 300, chunks=512))
    assert len(many.dask.layers[many.name]) == 19 + 2 + 1


def test_names_follow_from_what_is_computed():
    a = da.zeros(1000, chunks=100)
    name = td.evaluate("a + k", a=a, k=1).name
    assert name == td.evaluate("a + k", a=da.zeros(1000, chunks=100), k=1).name
    others = [("a + k", 2), ("a + k", 1.0), ("a + k", np.float64(1)), ("a - k", 1), ("a + k", True), (tilexpr.compile("a + k", accuracy="low"), 1)]
    names = {td.evaluate(text, a=a, k=k).name for text, k in others}
    assert len(names) == len(others) and name not in names
    assert dask.base.tokenize(tilexpr.compile("a")) == dask.base.tokenize(pickle.loads(pickle.dumps(tilexpr.compile("a"))))


def test_steps():
    a = random(10_000)
    cut = da.from_array(a, chunks=2048)
    mean = td.evaluate("sum(a)", a=cut) / a.size
    got = td.evaluate("a - mean", a=cut, mean=mean).compute()
    assert got.tobytes() == tilexpr.evaluate("a - sum(a)/n", {"a": a, "n": a.size}).tobytes()


@pytest.mark.parametrize("text", ["a - mean(a)", "cumsum(a)", "sum(a)/3", "max(a - min(a))", "sum(a), a", "mean(a)", "sum(a, keepdims=True)"])
def test_what_needs_all_chunks_at_once(text):
    a = da.from_array(random(10_000), chunks=2048)
    with pytest.raises(ValueError, match="needs all chunks of `a` at once(.|\n)*step of its own(.|\n)*rechunk"):
        td.evaluate(text, a=a)


def test_errors_come_before_anything_is_computed():
    a, m = da.zeros(1000, chunks=100), da.zeros((20, 30), chunks=10)
    with pytest.raises(NameError, match="did you mean `gamma`"):
        td.evaluate("gama*a", a=a, gamma=1)
    with pytest.raises(ValueError, match="shape"):
        td.evaluate("a + m", a=a, m=m)
    with pytest.raises(SyntaxError):
        td.evaluate("a +", a=a)
    with pytest.raises(TypeError):
        td.evaluate("a + b", a=a, b=1, c=2)
    with pytest.raises(TypeError, match="no `out`"):
        td.evaluate("a", a=a, out=a)
    with pytest.raises(TypeError):
        td.evaluate("a + 1", a=a.astype("M8[s]"))
    with pytest.raises(TypeError, match="masked"):
        td.evaluate("a + 1", a=da.ma.masked_array(a, a == 0))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        td.evaluate("a + 1", a=a[a > 0])
    with pytest.raises(ValueError, match="different shapes|elements"):
        td.evaluate("sum(a), sum(m)", a=a, m=m)
    with pytest.raises(ValueError, match="elements"):
        td.evaluate("sum(a), sum(m)", a=da.zeros(30, chunks=10), m=m)
    pd = pytest.importorskip("pandas")
    # (Its import turns pandas' use of numexpr off, for good, which other tests are about.)
    with pd.option_context("compute.use_numexpr", True):
        dd = pytest.importorskip("dask.dataframe")
    with pytest.raises(TypeError, match="to_dask_array"):
        td.evaluate("a + 1", a=dd.from_pandas(pd.Series([1.0, 2.0]), npartitions=1))


def _slowly(block):
    time.sleep(0.05)
    return block


def test_a_cluster_of_which_a_worker_dies():
    distributed = pytest.importorskip("distributed")
    a, b = random(200_000), random(200_000)
    with (
        dask.config.set({"distributed.worker.daemon": True, "distributed.comm.timeouts.connect": "20s"}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        x = da.from_array(a, chunks=4096).map_blocks(_slowly, dtype=float)
        y = da.from_array(b, chunks=4096)
        lazy = [*td.evaluate(TEXT, a=x, b=y), td.evaluate("sqrt(abs(a)) + b*k", a=x, b=y, k=0.1)]
        pids = client.run(os.getpid)
        futures = client.compute(lazy)
        deadline = time.monotonic() + 30
        while not any(client.has_what().values()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not all(future.done() for future in futures)
        os.kill(next(iter(pids.values())), 9)
        got = client.gather(futures)
    want = [*tilexpr.evaluate(TEXT, {"a": a, "b": b}), tilexpr.evaluate("sqrt(abs(a)) + b*k", {"a": a, "b": b, "k": 0.1})]
    for value, one in zip(got, want, strict=True):
        assert np.asarray(value).tobytes() == np.asarray(one).tobytes()
