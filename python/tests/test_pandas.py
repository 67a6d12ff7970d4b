"""pandas on this package: `eval`, `query` and operators give what plain pandas gives; `engine=tilexpr.jit` in `map` and `apply`."""

import operator
import subprocess
import sys

import numpy as np
import pytest

import tilexpr

pd = pytest.importorskip("pandas")
from pandas.core.computation import check, engines, expressions
from pandas.testing import assert_frame_equal, assert_series_equal

from tilexpr import _pandas


@pytest.fixture
def calls(monkeypatch):
    """pandas uses this package; gives the texts that it has had evaluated."""
    texts = []

    def counted(text, *args, **kwargs):
        texts.append(text)
        return tilexpr.evaluate(text, *args, **kwargs)

    monkeypatch.setattr(_pandas, "_evaluate", counted)
    with tilexpr.use_in_pandas():
        yield texts


def frame(n=50):
    rng = np.random.default_rng(7)
    df = pd.DataFrame({"a": rng.standard_normal(n), "b": rng.standard_normal(n), "i": rng.integers(-9, 9, n), "t": rng.random(n) > 0.5})
    df.loc[3, "a"] = np.nan
    df["my name"] = df.a * 2
    return df


TEXTS = [
    "a + b*2", "a**2 + sin(b)", "a > b", "(a > 0) & (b > 0) | ~t", "a == a", "i // 4", "i % 4", "a // b", "-a + +b", "+t", "abs(a) <= 1.5", "`my name`/a",
    "i*i - 3", "arctan2(a, b)", "0 < a < b", "a > 0 and not t", "a + @k", "i + 1.5", "t & (i > 2)", "1 + 2", "~True", "i in [1, 2]", "index > 7",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_eval(text, calls):
    k = 3.5
    df = frame()
    result, plain = df.eval(text, engine="numexpr"), df.eval(text, engine="python")
    if isinstance(plain, pd.Series):
        assert_series_equal(result, plain, rtol=1e-14, check_names=False)
    else:
        assert result == plain
    assert len(calls) >= (text not in ("1 + 2", "~True", "i in [1, 2]"))


@pytest.mark.parametrize("text", ["a > b", "a < 0 and i >= 2", "a != a", "t", "`my name` > 1", "a > a.mean()"])
def test_query(text, calls):
    df = frame()
    assert_frame_equal(df.query(text), df.query(text, engine="python"))
    assert calls


def test_alignment(calls):
    a, b = pd.Series([1.0, 2, 3], index=[0, 1, 2]), pd.Series([10.0, 20], index=[2, 0])
    assert_series_equal(pd.eval("a + b"), a + b)
    df = pd.DataFrame({"x": a, "y": a})
    assert_frame_equal(pd.eval("df*2 + df"), df * 3)
    assert_frame_equal(pd.eval("df.x > 1 and df.y < 3").to_frame(), ((df.x > 1) & (df.y < 3)).to_frame())
    assert calls


def test_assignment(calls):
    df = frame()
    assert_series_equal(df.eval("c = a + b").c, (df.a + df.b).rename("c"))


SYMBOLS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.floordiv, operator.mod, operator.lt, operator.eq]


@pytest.mark.parametrize("of", SYMBOLS, ids=lambda of: of.__name__)
@pytest.mark.parametrize("columns", ["ab", "ib", "ii", "ai"])
def test_operators(of, columns, calls, monkeypatch):
    df = frame()
    left, right = df[columns[0]].abs(), df[columns[1]]
    plain = [_outcome(of, *pair) for pair in ((left, right), (left, 3), (2, right))]
    assert not calls
    monkeypatch.setattr(expressions, "_MIN_ELEMENTS", 5)
    for pair, (value, error) in zip(((left, right), (left, 3), (2, right)), plain):
        result, wrong = _outcome(of, *pair)
        assert wrong == error
        if value is not None:
            assert_series_equal(result, value, rtol=1e-14)
    # (Powers of integers are left to NumPy, unless their exponent is a small number.)
    assert len(calls) == (3 if of is not operator.pow else {"ii": 1, "ai": 2}.get(columns, 3))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, 0.5, 2.0, 1.5, -2.0, 0.3, 40, np.float64(2), np.nan, np.inf])
def test_powers(exponent, calls, monkeypatch):
    df = frame()
    with np.errstate(all="ignore"):
        plain = [_outcome(operator.pow, column, exponent) for column in (df.a, df.i, df.a.astype("float32"))]
        monkeypatch.setattr(expressions, "_MIN_ELEMENTS", 5)
        for column, (value, error) in zip((df.a, df.i, df.a.astype("float32")), plain):
            result, wrong = _outcome(operator.pow, column, exponent)
            assert wrong == error
            if value is not None:
                assert_series_equal(result, value, rtol=1e-6 if value.dtype == "float32" else 1e-14)


def _outcome(of, left, right):
    try:
        return of(left, right), None
    except ValueError as error:
        return None, str(error)


def test_operators_on_bools_are_numpys(calls, monkeypatch):
    monkeypatch.setattr(expressions, "_MIN_ELEMENTS", 5)
    t = frame().t
    assert_series_equal(t + t, t | t)
    assert_series_equal(t ^ True, ~t)
    assert calls
    with pytest.raises(TypeError, match="numpy boolean subtract"):
        t - t


def test_where(calls, monkeypatch):
    monkeypatch.setattr(expressions, "_MIN_ELEMENTS", 5)
    a = frame().a
    with pd.option_context("compute.use_numexpr", False):
        plain = a.where(a > 0, -1.0)
    assert_series_equal(a.where(a > 0, -1.0), plain)
    assert calls[-1] == "where(cond_value, a_value, b_value)"


def test_errors(calls):
    df = frame()
    with pytest.raises(NameError, match="name 'aa' is not defined"):
        df.query("aa > 1")
    with pytest.raises(TypeError, match="takes bools or integers, not float64"):
        df.eval("~a")
    with pytest.raises(pd.errors.NumExprClobberingError):
        df.rename(columns={"a": "sin"}).query("sin > 1")


def test_extension_types_go_to_python(calls):
    df = pd.DataFrame({"x": pd.array([1, None, 3], "Int64")})
    with pytest.warns(RuntimeWarning, match="extension array"):
        assert_series_equal(df.eval("x + 1"), df.x + 1, check_names=False)
    assert not calls


def test_on_and_off():
    before = _state()
    off = tilexpr.use_in_pandas()
    assert check.NUMEXPR_INSTALLED and engines.ENGINES["numexpr"].__name__ == "TilexprEngine" and expressions.ne.__name__ == "tilexpr"
    with tilexpr.use_in_pandas():
        pass
    assert expressions.ne.__name__ == "tilexpr"
    with tilexpr.use_in_pandas(False):
        assert _state() == before
    assert expressions.ne.__name__ == "tilexpr"
    with pd.option_context("compute.use_numexpr", False):
        assert not expressions.USE_NUMEXPR
    assert expressions.USE_NUMEXPR
    off.close()
    assert _state() == before
    tilexpr.use_in_pandas(False)
    assert _state() == before


def _state():
    names = ("NUMEXPR_INSTALLED", "NUMEXPR_BLOCKED_VERSION", "USE_NUMEXPR", "ne", "_evaluate", "_where")
    there = {name: getattr(expressions, name, None) for name in names}
    return there, check.NUMEXPR_INSTALLED, dict(engines.ENGINES), dict(expressions._op_str_mapping)


WITHOUT_NUMEXPR = """
import sys
import tilexpr
assert "pandas" not in sys.modules
sys.modules["numexpr"] = None
import pandas as pd
df = pd.DataFrame({"a": [1, 2, 3]})
with tilexpr.use_in_pandas():
    assert df.query("a > 1", engine="numexpr").a.tolist() == [2, 3]
    assert sys.modules["numexpr"] is None
try:
    df.query("a > 1", engine="numexpr")
except ImportError:
    print("as before")
sys.modules["pandas"] = None
try:
    tilexpr.use_in_pandas()
except ImportError as error:
    print(error)
"""


def test_without_numexpr():
    said = subprocess.run([sys.executable, "-c", WITHOUT_NUMEXPR], check=True, capture_output=True, text=True).stdout.splitlines()
    assert said[0] == "as before" and said[1].startswith("use_in_pandas needs pandas 2.2 or later")


def test_other_users_of_numexpr_keep_it():
    numexpr = pytest.importorskip("numexpr")
    with tilexpr.use_in_pandas():
        import numexpr as now

        assert now is numexpr and now.evaluate is not tilexpr.evaluate


def test_pandas_objects_as_arguments():
    df = frame()
    s, x, n = df.a, pd.array([1, 2], "Int64"), pd.Series([1, None], dtype="Int64")
    np.testing.assert_array_equal(tilexpr.evaluate("s + 1"), s.to_numpy() + 1)
    np.testing.assert_array_equal(tilexpr.evaluate("x*2"), [2, 4])
    np.testing.assert_array_equal(tilexpr.evaluate("n*2"), [2, np.nan])
    d = df[["a", "b"]]
    np.testing.assert_array_equal(tilexpr.evaluate("d - 1"), d.to_numpy() - 1)
    words = pd.Series(["x", "y"])
    with pytest.raises(TypeError):
        tilexpr.evaluate("words + 1")


def clipped(x, low=-1.0, high=1.0):
    y = np.maximum(x, low)
    return np.minimum(y, high)


@tilexpr.jit
def product(a, b, k=2.0):
    return a * b * k


def of_row(row, k):
    return row["a"] * row.b + k * row["my name"]


def spread(row):
    return row.max() - row.min()


def is_nan(x):
    return x != x


jit = tilexpr.jit
with_engines = pytest.mark.skipif(int(pd.__version__.split(".")[0]) < 3, reason="pandas has engines from 3.0 on")


@with_engines
def test_map():
    s = frame().a
    for engine in (jit, jit(accuracy="high"), jit(order="C")):
        assert_series_equal(s.map(clipped, engine=engine), s.map(clipped))
    assert_series_equal(s.map(clipped, engine=jit, low=0.5), s.map(lambda x: clipped(x, 0.5)))
    assert_series_equal(s.map(lambda x: 2 * x, engine=jit), 2 * s)
    assert_series_equal(s.map(tilexpr.jit(clipped), engine=jit), s.map(clipped))
    assert_series_equal(s.map(tilexpr.compile("x*k"), engine=jit, k=3), s * 3)
    assert_series_equal(s.abs().map(np.sqrt, engine=jit), s.abs().map(lambda x: np.sqrt(x)))
    assert_series_equal(s.map(lambda x: 1.5, engine=jit), s.map(lambda x: 1.5))


@with_engines
def test_map_and_missing_values():
    s = frame().a
    assert s.map(is_nan, engine=jit)[3]
    skipped = s.map(is_nan, engine=jit, na_action="ignore")
    assert np.isnan(skipped[3])
    assert_series_equal(skipped, s.map(is_nan, na_action="ignore"))
    n = pd.Series([1, None, 3], dtype="Int64")
    np.testing.assert_array_equal(n.map(lambda x: x * 2, engine=jit), [2, np.nan, 6])


@with_engines
def test_apply_to_columns():
    df = frame()[["a", "b"]]
    for raw in (False, True):
        assert_frame_equal(df.apply(clipped, engine=jit, raw=raw), df.clip(-1, 1))
        assert_frame_equal(df.apply(clipped, engine=jit, raw=raw, args=(0.0,)), df.clip(0, 1))
        assert_series_equal(df[4:].apply("max(x)", engine=jit, raw=raw), df[4:].max())
        assert_series_equal(df[4:].apply(np.max, engine=jit, raw=raw), df[4:].max())
        assert_frame_equal(df.apply("x - k", engine=jit, raw=raw, k=2), df - 2)
    mixed = frame().apply(lambda x: x + 1, engine=jit)
    assert mixed.dtypes.tolist() == ["float64", "float64", "int64", "int64", "float64"]


@with_engines
def test_apply_to_rows():
    df = frame()
    assert_series_equal(df.apply("a*b + k", axis=1, engine=jit, k=3), df.a * df.b + 3)
    assert_series_equal(df.apply(product, axis="columns", engine=jit), df.a * df.b * 2)
    assert_series_equal(df.apply(product, axis=1, engine=jit, k=3), df.a * df.b * 3)
    assert_series_equal(df.apply(lambda a, i: a + i, axis=1, engine=jit), df.a + df.i)
    assert_series_equal(df.apply(of_row, axis=1, engine=jit, args=(2,)), df.apply(of_row, axis=1, args=(2,)))
    assert_series_equal(df.apply(of_row, axis=1, engine=jit, k=2), df.apply(of_row, axis=1, k=2))
    several = df.apply(lambda row: (row.a + 1, row.i * 2), axis=1, engine=jit)
    assert_frame_equal(several, pd.DataFrame({0: df.a + 1, 1: df.i * 2}))
    for raw in (False, True):
        numbers = df[4:][["a", "b"]]
        assert_series_equal(numbers.apply(spread, axis=1, engine=jit, raw=raw), numbers.apply(spread, axis=1))
        assert_frame_equal(numbers.apply(lambda row: row / row.sum(), axis=1, engine=jit, raw=raw), numbers.div(numbers.sum(axis=1), axis=0))


@with_engines
def test_a_column_called_e():
    df = pd.DataFrame({"e": [1.0, 2.0], "max": [3.0, 4.0]})
    assert df.apply("e + max", axis=1, engine=jit).tolist() == [4, 6]
    assert df.apply(lambda row: row["e"] + row["max"], axis=1, engine=jit).tolist() == [4, 6]


@with_engines
def test_what_the_engine_refuses():
    df = frame()
    with pytest.raises(NameError, match="did you mean `a`"):
        df[["a", "b"]].apply("aa + b", axis=1, engine=jit)
    with pytest.raises(TypeError, match="with `axis=1` its names are columns"):
        df.apply("a*b", engine=jit)
    with pytest.raises(TypeError, match="by keyword"):
        df.apply("a*b*k", axis=1, engine=jit, args=(2,))
    for missing in (lambda row: row["zz"] + 1, lambda row: row.zz + 1):
        with pytest.raises(SyntaxError, match="there is no column 'zz'"):
            df.apply(missing, axis=1, engine=jit)
    with pytest.raises(SyntaxError, match="as a whole"):
        df.apply(lambda row: row["a"] - row.mean(), axis=1, engine=jit)
    with pytest.raises(TypeError, match="takes a function"):
        df.apply(["a"], engine=jit)
    with pytest.raises(TypeError, match="one value, the element: `a\\*b` has a, b"):
        df.a.map(tilexpr.compile("a*b"), engine=jit)
    with pytest.raises(ValueError, match="several columns `a`"):
        df[["a", "a"]].apply("a + 1", axis=1, engine=jit)
    with pytest.raises(TypeError, match="no type to compute with"):
        pd.DataFrame({"s": ["x", "y"]}).apply("s + 1", axis=1, engine=jit)
