"""Strings of bytes: comparisons as NumPy has them, `contains` as Python's `in`, and what is refused."""

import itertools
import operator

import numpy as np
import pytest

import tilexpr as ne

OPERATORS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def strings(width, count, seed=0):
    """Strings of few different bytes, many of which begin alike; a NUL may be within."""
    rng = np.random.default_rng([width, seed])
    letters = np.frombuffer(b"aaab\0\xff", "u1")
    bytes_ = letters[rng.integers(0, len(letters) if seed % 2 else 4, (count, width))]
    bytes_[np.arange(width) >= rng.integers(0, 2 * width + 1, (count, 1))] = 0
    return bytes_.reshape(-1).view(f"S{width}")


def is_part(x, y):
    """`contains(x, y)`: each string ends at its first NUL."""
    pairs = np.broadcast(x, y)
    return np.array([b.split(b"\0")[0] in a.split(b"\0")[0] for a, b in pairs]).reshape(pairs.shape)


@pytest.mark.parametrize("left,right", list(itertools.product([1, 2, 3, 4, 7, 8, 9, 20, 41], [1, 3, 8, 12])))
def test_comparisons_are_those_of_numpy(left, right):
    a, b = strings(left, 300), strings(right, 300, 1)
    k, c = b[7], bytes(b[11])
    for text, compare in OPERATORS.items():
        for x, y in [("a", "b"), ("b", "a"), ("a", "k"), ("k", "a"), ("a", repr(c)), (repr(c), "b")]:
            expected = compare(eval(x) if x in "abk" else np.array(c), eval(y) if y in "abk" else np.array(c))
            found = ne.evaluate(f"{x} {text} {y}")
            assert found.dtype == bool
            np.testing.assert_array_equal(found, expected, f"{x} {text} {y}")


@pytest.mark.parametrize("left,right", list(itertools.product([1, 3, 8, 9, 20], [1, 2, 5, 9])))
def test_contains_is_in(left, right):
    a, b = strings(left, 200), strings(right, 200, 1)
    np.testing.assert_array_equal(ne.evaluate("contains(a, b)"), is_part(a, b))
    k, c = b[7], b"aab"[:right]
    np.testing.assert_array_equal(ne.evaluate("contains(a, k)"), is_part(a, np.array(k)))
    np.testing.assert_array_equal(ne.evaluate(f"contains(a, {c!r})"), is_part(a, np.array(c)))
    np.testing.assert_array_equal(ne.evaluate("contains('abaab', b)"), is_part(np.array(b"abaab"), b))


def test_contains_beside_numpy():
    a = np.array([b"Lyra", b"Carina", b"Vela", b"Ara"])
    np.testing.assert_array_equal(ne.evaluate("contains(a, 'ar')"), np.strings.find(a, b"ar") >= 0)


def test_every_layout_is_used_where_it_lies():
    a = strings(5, 24).reshape(2, 3, 4)
    record = np.zeros(a.shape, [("flag", "u1"), ("name", "S5"), ("more", "f8")])
    record["name"] = a
    for x in [a, a.T, a[::-1, :, ::2], np.asfortranarray(a), record["name"], np.broadcast_to(a[0], a.shape), a[:0], a[1, 2]]:
        np.testing.assert_array_equal(ne.evaluate("x >= 'aa'"), x >= b"aa")
        np.testing.assert_array_equal(ne.evaluate("x == x"), x == x)
    row, column = a[0, 0], a[0, :, :1]
    np.testing.assert_array_equal(ne.evaluate("row < column"), row < column)


def test_beside_numbers():
    name, flux = np.array([b"a", b"bc", b"d"]), np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(ne.evaluate("where((name > 'a') & (flux < 3), flux, 0)"), [0, 2, 0])
    np.testing.assert_array_equal(ne.evaluate("sum(flux*(name in ('a', 'd')))"), 4)
    out = np.zeros(3, bool)
    assert ne.evaluate("name == 'bc'", out=out) is out
    np.testing.assert_array_equal(out, [False, True, False])
    count = ne.compile("sum(name == k)")
    assert [count(name=name, k=k) for k in ("a", b"bc", np.bytes_(b"x"), np.str_("d"), "")] == [1, 1, 0, 1, 0]


def test_a_handle_reads_strings_anew():
    name, out = np.array([b"a", b"bc"]), np.zeros(2, bool)
    call = ne.compile("name == k").prepare(name=name, k="bc", out=out)
    np.testing.assert_array_equal(call(), [False, True])
    name[0] = b"bc"
    np.testing.assert_array_equal(call(), [True, True])


def test_the_same_text_with_other_widths():
    for width in (3, 5, 3, 9, 3):
        a = np.array([b"abc", b"b"], f"S{width}")
        np.testing.assert_array_equal(ne.evaluate("a == 'abc'"), [True, False])


@pytest.mark.parametrize("order", ["K", "C", "F"])
def test_a_name_alone_is_a_copy(order):
    a = strings(4, 6).reshape(2, 3)
    found = ne.evaluate(" a ", order=order)
    assert found is not a and not np.shares_memory(found, a) and found.dtype == a.dtype
    np.testing.assert_array_equal(found, a)
    assert found.flags == a.copy(order).flags
    assert ne.validate("a") is None
    s = b"\0\0foo\0"
    assert ne.evaluate("s").tobytes() == s


def test_of_letters():
    u = np.array(["abc", "d"])
    with pytest.raises(ValueError, match=r"`u` is an array of str \(<U3\)") as raised:
        ne.evaluate("u == 'abc'")
    assert isinstance(raised.value, ne.Error) and "u.astype('S')" in raised.value.help
    k, a = "é", u.astype("S")
    with pytest.raises(UnicodeEncodeError):
        ne.evaluate("a == k")
    with pytest.raises(ne.ExpressionError, match="not ASCII"):
        ne.evaluate("a == 'é'")
    np.testing.assert_array_equal(ne.evaluate("a == 'abc'"), [True, False])


@pytest.mark.parametrize(
    "text,message,code",
    [
        ("a + a", "`+` takes numbers, not string and string", "add_sss"),
        ("a >= n", "`>=` takes two strings, not string and int32", "ge_bsi"),
        ("a == 1", "`==` takes two strings, not string and int", "eq_bsi"),
        ("contains(a, n)", "`contains` takes two strings, not string and int32", None),
        ("sum(a)", "`sum` takes numbers, not string", None),
        ("copy(a)", "`copy` takes numbers, not string", None),
        ("'abc'", "a result has numbers or bools, not strings", None),
    ],
)
def test_strings_are_beside_strings_alone(text, message, code):
    a, n = np.array([b"a"]), np.arange(1, dtype="i4")  # noqa: F841
    with pytest.raises(NotImplementedError) as raised:
        ne.evaluate(text)
    assert isinstance(raised.value, (ne.OperandError, TypeError))
    assert str(raised.value).startswith(message)
    assert (f"'{code}'" in str(raised.value)) == (code is not None)


def test_no_output_of_strings():
    a = np.array([b"a"])
    with pytest.raises(TypeError):
        ne.evaluate("a == 'a'", out=a)
