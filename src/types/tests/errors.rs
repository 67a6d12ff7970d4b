//! What is refused, with which words, and where.

use super::compile;
use crate::error::{CompileError, CompileErrorKind};

fn refused(text: &str) -> CompileError {
    match compile(text) {
        Ok((_, graph)) => panic!("{text} was accepted:\n{graph}"),
        Err(error) => error,
    }
}

#[test]
fn messages() {
    // The text, where, what is wrong, and what helps.
    for (text, place, message, help) in [
        ("b - b1", "b - b1", "`-` takes numbers, not bool and bool", "for where they differ write `b ^ b1`"),
        ("-b", "-b", "`-` takes numbers, not bool", "`~b` is the opposite of a bool"),
        ("~a", "~a", "`~` takes bools or integers, not f64", "convert it: `i64(a)`"),
        ("a & b", "a & b", "`&` takes bools or integers, not f64 and bool", "for a condition write `(a != 0)`"),
        ("a << 2", "a << 2", "`<<` takes integers, not f64 and int", "convert the float: `i64(a)`"),
        ("i and b", "i", "`and` takes bools, not i32", "for a condition write `(i != 0)`"),
        ("not i", "not i", "`not` takes bools, not i32", "`i == 0`"),
        ("b & a > c", "b & a", "`&` binds tighter than `>`, and here takes bool and f64", "write `b & (a > c)`"),
        (
            "a > 0 & c > 0",
            "0 & c",
            "`&` binds tighter than `>`, and here takes int and f64",
            "write `(a > 0) & (c > 0)`",
        ),
        ("b | i == 1", "b | i", "`|` binds tighter than `==`, and here takes bool and i32", "write `b | (i == 1)`"),
        (
            "i + 2**31",
            "2**31",
            "the integer 2147483648 is out of range for i32",
            "convert the other side to a wider type: `i64(i)`",
        ),
        (
            "where(b, i, 2**31)",
            "2**31",
            "the integer 2147483648 is out of range for i32",
            "convert the other side to a wider type: `i64(i)`",
        ),
        (
            "where(b, -1, u8(i))",
            "-1",
            "the integer -1 is out of range for u8",
            "convert the other side to a wider type: `i16(u8(i))`",
        ),
        (
            "u8(i) + 300",
            "300",
            "the integer 300 is out of range for u8",
            "convert the other side to a wider type: `u16(u8(i))`",
        ),
        (
            "maximum(i8(i), 200)",
            "200",
            "the integer 200 is out of range for i8",
            "convert the other side to a wider type: `i16(i8(i))`",
        ),
        (
            "u64(i) * -1",
            "-1",
            "the integer -1 is out of range for u64",
            "convert the other side to a wider type: `i64(u64(i))`",
        ),
        (
            "b + 2**63",
            "2**63",
            "the integer 9223372036854775808 is out of range for i64",
            "convert to a wider type with `u64(...)`",
        ),
        (
            "u64(i) & l",
            "u64(i) & l",
            "`&` takes bools or integers, not u64 and i64",
            "no integer type holds both: convert one, as in `i64(u64(i))`",
        ),
        (
            "l << u64(i)",
            "l << u64(i)",
            "`<<` takes integers, not i64 and u64",
            "no integer type holds both: convert one, as in `i64(u64(i))`",
        ),
        (
            "2**64",
            "2**64",
            "the integer 18446744073709551616 is out of range for u64",
            "no integer type holds it: as a float it is `1.8446744073709552e19`",
        ),
        (
            "2**200 > a",
            "2**200",
            "the value of this integer expression is beyond 128 bits",
            "make one of the numbers a float, as in `2.0**200`",
        ),
        (
            "2**-1",
            "-1",
            "an integer to a negative integer power",
            "integers stay integers: make the base a float, as in `2.0**-1` or `f64(a)**-1`",
        ),
        (
            "i**-2",
            "-2",
            "an integer to a negative integer power",
            "integers stay integers: make the base a float, as in `2.0**-1` or `f64(a)**-1`",
        ),
        ("sign(b)", "b", "this function takes numbers, not bool", "convert it: `i32(b)`"),
        ("where(b, a)", "where(b, a)", "`where` takes 3 arguments, 2 given", "`where(condition, x, y)`"),
        (
            "sum()",
            "sum()",
            "`sum` takes 1 to 5 arguments, 0 given",
            "`sum(x, axis=..., keepdims=False, dtype=None, initial=None)`",
        ),
        ("sum(a, axes=1)", "axes", "`sum` has no keyword `axes`", "did you mean `axis`?"),
        (
            "sum(x=a)",
            "x",
            "`sum` has no keyword `x`",
            "`x` goes by its position: `sum(x, axis=..., keepdims=False, dtype=None, initial=None)`",
        ),
        (
            "sum(axis=0)",
            "sum(axis=0)",
            "`sum` is called without `x`",
            "`sum(x, axis=..., keepdims=False, dtype=None, initial=None)`",
        ),
        (
            "a ^ 2",
            "a ^ 2",
            "`^` takes bools or integers, not f64 and int",
            "it is exclusive or; for a power write `a**2`",
        ),
        ("double(a)", "double", "there is no function `double`", "did you mean `f64`?"),
        (
            "log(a, 2)",
            "log(a, 2)",
            "`log` takes 1 argument, 2 given",
            "to base 2 write `log2(x)`, to base 10 `log10(x)`, to any other `log(x)/log(base)`",
        ),
        ("i in k", "k", "`in` takes a tuple of values", "write `x in (2, 3)`, or `x in (2,)` for one value"),
        ("i not in 2", "2", "`not in` takes a tuple of values", "write `x in (2, 3)`, or `x in (2,)` for one value"),
        (
            "i in (1, 2) == b",
            "(1, 2)",
            "a tuple has no place before `==`",
            "put the test in parentheses: `(x in (2, 3)) == y`",
        ),
        ("isin(i, k)", "k", "`values` must be a tuple", "write `isin(x, (2, 3))`, or `isin(x, (2,))` for one value"),
        (
            "b & i in (1, 2)",
            "b & i",
            "`&` binds tighter than `in`, and here takes bool and i32",
            "write `b & (i in (1, 2))`",
        ),
        (
            "select(b, a)",
            "select(b, a)",
            "`select` takes pairs of a condition and a value, then a value: an odd number of arguments, 2 given",
            "`select(x < 0, a, x < 1, b, c)` is `a` where `x < 0`, else `b` where `x < 1`, else `c`",
        ),
        (
            "select(b, a, c, default=0)",
            "default",
            "`select` has no keyword `default`",
            "`select(condition, x, ..., otherwise)`",
        ),
        (
            "sum(a, dtype=k)",
            "k",
            "`dtype` must be the name of a type",
            "as in `dtype=f64`, `dtype=i32`, `dtype=np.float32`",
        ),
        (
            "sum(i, initial=0.5)",
            "0.5",
            "`initial` is float, but the result of the reduction is i64",
            "convert one of the two: `initial` has the type of the result, which `dtype=` sets",
        ),
        (
            "min(i, initial=2**31)",
            "2**31",
            "the integer 2147483648 is out of range for i32",
            "convert to a wider type with `i64(...)`",
        ),
        (
            "mean(a, initial=1)",
            "initial",
            "`mean` has no keyword `initial`",
            "`mean(x, axis=..., keepdims=False, dtype=None)`",
        ),
        ("isclose(a, a, equal_nan=2)", "2", "`equal_nan` must be `True` or `False`", ""),
        ("nan_to_num(a, nan=1j)", "1j", "this takes real numbers", ""),
        ("sin(a, axis=1)", "axis", "`sin` has no keyword `axis`", "`sin(x)`"),
        ("sum(a, 1, axis=1)", "1", "`axis` is given twice", ""),
        ("sum(a, axis=(0, 0))", "0", "axis 0 is given twice", ""),
        (
            "sum(a, axis=k)",
            "k",
            "`axis` must be a literal integer, or a tuple of them",
            "as in `axis=0`, `axis=-1`, `axis=(0, 1)`",
        ),
        ("sum(a, keepdims=2)", "2", "`keepdims` must be `True` or `False`", ""),
        ("sum(a, axis=99999999999)", "99999999999", "no array has an axis 99999999999", ""),
        (
            "a + None",
            "None",
            "`None` is not a value here",
            "leave the argument out; `axis=None` reduces over all axes, `clip(x, None, 3)` has no lower bound",
        ),
        (
            "dot(a, b)",
            "dot",
            "there is no function `dot`",
            "write the sum: `sum(a*b)`, of matrices `sum[k](a[i, k]*b[k, j])`",
        ),
        (
            "median(a)",
            "median",
            "there is no function `median`",
            "nothing is selected by rank here: sort the array outside of the text, or take it from `cumsum(histogram(a, bins, lo, hi))` to within a bin",
        ),
        (
            "cumsum(a, axis=(0, 1))",
            "cumsum(a, axis=(0, 1))",
            "`cumsum` runs along one axis",
            "one after the other is a scan of a scan; without `axis` it runs over all elements in C order",
        ),
        (
            "bincount(a, 4)",
            "a",
            "`bincount` counts integers, not floats",
            "convert it: `i64(a)`; or count by ranges: `histogram(x, n, lo, hi)`",
        ),
        (
            "histogram(a, i, 0, 1)",
            "i",
            "`bins` must be a whole number of the text",
            "the shape of a result follows from the text: write the number out, as in `histogram(x, 100, lo, hi)`",
        ),
        ("random(a, 1)", "a", "`random` takes whole numbers, not a float", "convert it: `i64(a)`"),
        ("normal(1, i*0.5)", "i*0.5", "`normal` takes whole numbers, not a float", "convert it: `i64(i*0.5)`"),
        ("random(1, i, 2j)", "2j", "`random` takes whole numbers, not a complex number", "convert it: `i64(2j)`"),
        ("randint(1, i, 0, a)", "a", "`randint` takes whole numbers, not a float", "convert it: `i64(a)`"),
        (
            "randint(1, i, 6, 6)",
            "6, 6",
            "`randint` gives numbers from `lo` on and below `hi`, which must be above it",
            "as in `randint(seed, i, 0, 10)`: 0 to 9",
        ),
        ("random(1)", "random(1)", "`random` takes 2 to 3 arguments, 1 given", "`random(seed, i, stream=None)`"),
        (
            "index(a, (0, 1))",
            "index(a, (0, 1))",
            "`index` counts along one axis",
            "write it once for each axis; without `axis` it counts all elements in C order",
        ),
        ("histogram(a, 0, 0, 1)", "0", "`bins` must be from 1 to 1073741824", "it is the length of the result"),
        ("bincount(i, 2**31)", "2**31", "`n` must be from 1 to 1073741824", "it is the length of the result"),
        (
            "histogram(a, 10, 1, 1)",
            "1, 1",
            "the bounds of a histogram must be finite, the lower one first, and as far apart as bins need",
            "`histogram(x, bins, lo, hi)`: the bins divide what lies from `lo` to `hi`",
        ),
        (
            "histogram(a, 10, 0, 1, b)",
            "histogram(a, 10, 0, 1, b)",
            "`histogram` takes 4 arguments, 5 given",
            "there are no weights: those of the elements that are `k` add up to `sum(w*(x == k))`",
        ),
        (
            "bincount(i, 10, weights=a)",
            "weights",
            "`bincount` has no keyword `weights`",
            "there are no weights: those of the elements that are `k` add up to `sum(w*(x == k))`",
        ),
        ("cummax(a, dtype=f32)", "dtype", "`cummax` has no keyword `dtype`", "`cummax(x, axis=...)`"),
        (
            "cummin(1j*a)",
            "cummin(1j*a)",
            "`cummin` does not take c128",
            "take a real number of it: `abs(1j*a)`, `.real`, `.imag`",
        ),
        ("sqrrt(a)", "sqrrt", "there is no function `sqrrt`", "did you mean `sqrt`?"),
        ("a(3)*a", "a", "`a` is a variable, called here like a function", "for a product write `a*(...)`"),
        ("pi(3)", "pi", "`pi` is a variable, called here like a function", "for a product write `pi*(...)`"),
        (
            "sum(a, k)",
            "k",
            "`axis` must be a literal integer, or a tuple of them",
            "as in `axis=0`, `axis=-1`, `axis=(0, 1)`",
        ),
        (
            "a == None",
            "None",
            "`None` is not a value here",
            "arrays have a value at each place; for NaN write `isnan(x)`",
        ),
        (
            "log(a, 2)",
            "log(a, 2)",
            "`log` takes 1 argument, 2 given",
            "to base 2 write `log2(x)`, to base 10 `log10(x)`, to any other `log(x)/log(base)`",
        ),
        ("atan(a, c)", "atan(a, c)", "`atan` takes 1 argument, 2 given", "the angle of a point is `arctan2(y, x)`"),
        ("if_(a, c)", "if_", "there is no function `if_`", ""),
        (
            "minimum(u8(i), c64(a))",
            "minimum(u8(i), c64(a))",
            "`minimum` does not take c64",
            "take a real number of it: `abs(c64(a))`, `.real`, `.imag`",
        ),
        (
            "hypot(a, 1j)",
            "hypot(a, 1j)",
            "`hypot` does not take complex",
            "take a real number of it: `abs(1j)`, `.real`, `.imag`",
        ),
        // What stands behind a dot.
        (
            "a.mT + c",
            ".mT",
            "`.mT` is unknown: `.real`, `.imag` and functions are what may stand after a value",
            "write `a.T`, or an index notation: `t[i, j] = a[j, i]`",
        ),
        (
            "(a + c) . foo",
            ". foo",
            "`.foo` is unknown: `.real`, `.imag` and functions are what may stand after a value",
            "",
        ),
        (
            "a.sum",
            ".sum",
            "`.sum` is unknown: `.real`, `.imag` and functions are what may stand after a value",
            "call it: `.sum()`",
        ),
        (
            "math.pi*a",
            ".pi",
            "`.pi` is unknown: `.real`, `.imag` and functions are what may stand after a value",
            "functions and constants have no prefix but `np.`: write `pi`",
        ),
        ("np.sin", ".sin", "there is no constant `sin`", "it is a function: `sin(x)`"),
        ("np.sinn(a)", "sinn", "there is no function `sinn`", ""),
        ("np.linalg.norm(a)", "norm", "there is no function `norm`", "write it out: `sqrt(sum(abs(a)**2))`"),
        (
            "math.sin(a)",
            "math.sin(a)",
            "`sin` takes 1 argument, 2 given",
            "functions have no prefix but `np.`: write the name alone, without `math.` before it",
        ),
        ("np = 2; np.sin(a)", "np.sin(a)", "`sin` takes 1 argument, 2 given", "`sin(x)`"),
        ("a.sin(c)", "a.sin(c)", "`sin` takes 1 argument, 2 given", "`sin(x)`"),
        ("a.foo(c)", "foo", "there is no function `foo`", ""),
        ("a.astype(f32)", "astype", "there is no function `astype`", "write the type as a function: `f32(a)`"),
        (
            "y = x + 1; x = 2; x*y",
            "x",
            "`x` is read before it is assigned",
            "a name is either an argument or assigned: give one of the two another name",
        ),
        (
            "x = x + 1; x",
            "x",
            "`x` is read before it is assigned",
            "a name is either an argument or assigned: give one of the two another name",
        ),
    ] {
        let error = refused(text);
        assert_eq!(error.message(), message, "{text}");
        assert_eq!(error.help().unwrap_or(""), help, "{text}");
        assert_eq!(&text[error.span()], place, "{text}");
    }
}

#[test]
fn least_and_greatest_of_two() {
    for (text, place) in [
        ("max(a, c)", "c"),
        ("amax(a, 2.5)", "2.5"),
        ("a.max(c)", "c"),
        ("max(a, c, 1, 2, 3, 4)", "max(a, c, 1, 2, 3, 4)"),
    ] {
        let error = refused(text);
        assert_eq!(error.help(), Some("the greater of two values is `maximum(x, y)`"), "{text}");
        assert_eq!(&text[error.span()], place);
    }
    assert_eq!(refused("min(a, axis=c)").help(), Some("the lesser of two values is `minimum(x, y)`"));
}

/// What is suggested is likely the same thing.
#[test]
fn suggestions_keep_the_meaning() {
    let help = |name: &str| refused(&format!("{name}(a, c)")).help().unwrap_or_default().to_string();
    for (name, expected) in [
        ("sgn", "did you mean `sign`?"),
        ("f16", "there is no float of 16 bits: `f32(x)` is the least"),
        ("cov", "write it out: `mean((x - mean(x))*(y - mean(y)))`"),
        ("cot", "write `1/tan(x)`"),
        ("fma", "write `a*b + c`: it rounds twice"),
        ("modf", "write `x - trunc(x)` for the fraction, `trunc(x)` for the whole part"),
        ("logsumexp", "write it out: `m = max(a); m + log(sum(exp(a - m)))`"),
        ("iif", "a choice is written `a if c else b`, or `where(c, a, b)`"),
        ("IIF", "a choice is written `a if c else b`, or `where(c, a, b)`"),
        ("ifelse", "a choice is written `a if c else b`, or `where(c, a, b)`"),
        ("isnull", "the value that is missing is NaN: write `isnan(a)`"),
        ("notnull", "the value that is missing is NaN: write `not isnan(a)`"),
        ("coalesce", "the value that is missing is NaN: write `where(isnan(a), b, a)`"),
        ("xor", "write `a ^ b`, or `logical_xor(a, b)`"),
        ("erfcx", ""),
        ("logaddexp2", ""),
        ("lower", ""),
        ("cumulative_sum", "write `cumsum(a)`"),
        ("nancumsum", "write `cumsum(where(isnan(a), 0, a))`"),
        ("argsort", "nothing is put in order here: sort the array before or after the call"),
        ("frobnicate", ""),
        ("SQRT", "did you mean `sqrt`?"),
        ("sqtr", "did you mean `sqrt`?"),
        ("maximun", "did you mean `maximum`?"),
    ] {
        assert_eq!(help(name), expected, "{name}");
    }
}

/// A row for a name that is a function here would never be read.
#[test]
fn rows_of_foreign_names_are_of_what_is_not_here() {
    for name in crate::syntax::foreign::functions() {
        assert!(super::super::Function::from_name(name).is_none(), "{name}");
    }
}

#[test]
fn kinds() {
    assert_eq!(refused("foo(a)").kind(), CompileErrorKind::Name);
    assert_eq!(refused("~a").kind(), CompileErrorKind::Type);
}

#[test]
fn parentheses_are_believed() {
    assert_eq!(refused("(a & b) > c").message(), "`&` takes bools or integers, not f64 and bool");
    assert!(compile("(b & i) > c").is_ok());
    assert!(compile("i & i1 > i2").is_ok());
    assert!(compile("(b & (a > c)) == b1").is_ok());
}

#[test]
fn declared_names_are_arguments() {
    let text = "e * sum(pi)";
    let ast = crate::syntax::parse(text, &crate::syntax::Limits::default()).unwrap();
    let resolve = |declared: &[String]| {
        let given = crate::types::Given { declared, ..Default::default() };
        crate::types::resolve(ast.clone(), text, given)
    };
    assert_eq!(resolve(&["e".to_string()]).unwrap().free, ["e"]);
    assert_eq!(resolve(&["e".to_string(), "ｐｉ".to_string()]).unwrap().free, ["e", "pi"]);
}

#[test]
fn size_is_no_matter() {
    let n = 20_000;
    let deep = format!("{}a{}", "-(1 + ".repeat(n), ")".repeat(n));
    assert!(compile(&deep).is_ok());
    let long = "a*2 & b > 1 + ".repeat(n) + "c";
    assert!(compile(&long).is_err());
    let chain = (0..n).map(|at| format!("x{at} = a + {at}")).collect::<Vec<_>>().join("; ") + "; x7 + x19999";
    assert_eq!(compile(&chain).unwrap().1.nodes.len(), 6);
}
