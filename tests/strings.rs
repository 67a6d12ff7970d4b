//! Strings of bytes: comparisons and `contains`, against Rust's own slices, with every executor.

mod common;

use common::rng::Rng;
use common::setting;
use ndarray::{Array1, Array2, Array3, ArrayD, array, s};
use tilexpr::{Arg, Args, DType, EvalErrorKind, Executor, Expr, Limits, View, ViewMut, args};

fn eval(text: &str, args: &Args) -> ArrayD<bool> {
    let mut results: Vec<ArrayD<bool>> = Executor::available()
        .map(|executor| {
            let expr = Expr::builder().executor(executor).compile(text).unwrap_or_else(|e| panic!("{e}"));
            expr.eval(args).unwrap_or_else(|e| panic!("{e}"))
        })
        .collect();
    results.dedup();
    assert_eq!(results.len(), 1, "{text}: executors disagree");
    results.remove(0)
}

/// Strings of this width, one a row.
fn rows(strings: &[&[u8]], width: usize) -> Array2<u8> {
    Array2::from_shape_fn((strings.len(), width), |(i, j)| strings[i].get(j).copied().unwrap_or(0))
}

/// Without NULs at the end.
fn trimmed(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)]
}

/// Up to the first NUL.
fn cut(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len())]
}

/// What the text of one of the operators, or `contains`, is worth.
fn expected(operator: &str, a: &[u8], b: &[u8]) -> bool {
    let (x, y) = (trimmed(a), trimmed(b));
    match operator {
        "==" => x == y,
        "!=" => x != y,
        "<" => x < y,
        "<=" => x <= y,
        ">" => x > y,
        ">=" => x >= y,
        _ => {
            let (hay, needle) = (cut(a), cut(b));
            needle.is_empty() || hay.windows(needle.len()).any(|window| window == needle)
        }
    }
}

fn literal(bytes: &[u8]) -> String {
    let bytes: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    format!("b'{bytes}'")
}

fn random(rng: &mut Rng, width: usize) -> Vec<u8> {
    // Few different bytes, so that there is something to be found; some strings shorter than the width, some with a NUL within.
    let filled = if rng.one_in(3) { width } else { rng.below(width + 1) };
    let letters: &[u8] = if rng.one_in(4) { &[0, b'a', 0x80, 0xff] } else { b"aab" };
    (0..width).map(|at| if at < filled { rng.pick(letters) } else { 0 }).collect()
}

/// A string that is mostly a part of another one, or begins like it.
fn related(rng: &mut Rng, of: &[u8], width: usize) -> Vec<u8> {
    let from = if rng.one_in(2) { 0 } else { rng.below(of.len() + 1) };
    let mut bytes: Vec<u8> = of[from..].iter().copied().chain(std::iter::repeat(0)).take(width).collect();
    let length = rng.below(width + 1);
    if rng.one_in(2) {
        bytes[length..].fill(0);
    }
    if width > 0 && rng.one_in(3) {
        bytes[length.min(width - 1)] = rng.pick(b"\0ab\xff");
    }
    bytes
}

#[test]
fn random_strings_are_compared_and_searched_as_slices_are() {
    for seed in 0..setting("TILEXPR_FUZZ", 40) {
        let mut rng = Rng::new(seed);
        let widths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 41];
        let (wide, other, count) = (rng.pick(&widths), rng.pick(&widths), 1 + rng.below(40));
        let strings: Vec<Vec<u8>> = (0..count).map(|_| random(&mut rng, wide)).collect();
        let others: Vec<Vec<u8>> = strings.iter().map(|of| related(&mut rng, of, other)).collect();
        let array = |of: &[Vec<u8>], width| rows(&of.iter().map(Vec::as_slice).collect::<Vec<_>>(), width);
        let (x, y) = (array(&strings, wide), array(&others, other));
        // Rows in the other order, and bytes of others between them.
        let mut gaps = Array2::from_elem((count, wide + 3), b'z');
        gaps.slice_mut(s![..;-1, 1..=wide]).assign(&x);
        let x = gaps.slice(s![..;-1, 1..=wide]);
        let bare = others[rng.below(count)].clone();
        let given = Args::new()
            .with("x", Arg::strings(x).unwrap())
            .with("y", Arg::strings(&y).unwrap())
            .with("k", Arg::string(&bare));
        let operator = rng.pick(&["==", "!=", "<", "<=", ">", ">=", "contains", "contains"]);
        let call = |a: &str, b: &str| {
            if operator == "contains" { format!("contains({a}, {b})") } else { format!("{a} {operator} {b}") }
        };
        let all = |of: &dyn Fn(usize) -> bool| Array1::from_shape_fn(count, of).into_dyn();
        let c = literal(&bare);
        for (text, values) in [
            (call("x", "y"), all(&|i| expected(operator, &strings[i], &others[i]))),
            (call("y", "x"), all(&|i| expected(operator, &others[i], &strings[i]))),
            (call("x", "k"), all(&|i| expected(operator, &strings[i], &bare))),
            (call("k", "x"), all(&|i| expected(operator, &bare, &strings[i]))),
            (call("x", &c), all(&|i| expected(operator, &strings[i], &bare))),
            (call(&c, "x"), all(&|i| expected(operator, &bare, &strings[i]))),
        ] {
            assert_eq!(eval(&text, &given), values, "TILEXPR_FUZZ={}: {text}, widths {wide} and {other}", seed + 1);
        }
        let scalar = ArrayD::from_elem(vec![], expected(operator, &bare, b"ab"));
        assert_eq!(eval(&call("k", "'ab'"), &given), scalar);
        assert_eq!(eval(&call(&c, "'ab'"), &given), scalar);
    }
}

#[test]
fn strings_of_any_length() {
    for width in [64, 100, 1000] {
        let mut long = vec![b'a'; width];
        long[width - 1] = b'b';
        let x = rows(&[&long, &vec![b'a'; width], b"", &long[1..]], width);
        let y = rows(&[&long, &long, b"a", b"b"], width);
        let given = Args::new().with("x", Arg::strings(&x).unwrap()).with("y", Arg::strings(&y).unwrap());
        assert_eq!(eval("x < y", &given), array![false, true, true, true].into_dyn());
        assert_eq!(eval("x == y", &given), array![true, false, false, false].into_dyn());
        assert_eq!(eval("x >= y", &given), array![true, false, false, false].into_dyn());
        if width <= 100 {
            let given = given.with("end", Arg::string(&long[width / 2..]));
            assert_eq!(eval("contains(x, end)", &given), array![true, false, false, true].into_dyn());
            assert_eq!(eval("contains(x, 'aab')", &given), array![true, false, false, true].into_dyn());
            assert_eq!(eval("contains(x, y)", &given), array![true, false, false, true].into_dyn());
        }
    }
}

#[test]
fn too_wide_for_the_limits() {
    let x = vec![b'a'; 40_000_000];
    let short = rows(&[&x[..900], &x[..900]], 900);
    let given = Args::new().with("x", Arg::string(&x)).with("short", Arg::strings(&short).unwrap());
    for text in ["x == x", "x < 'a'", "contains(x, 'a')", "contains(x, x)", "'b' > x > 'a'"] {
        let error = Expr::compile(text).unwrap().eval::<bool>(&given).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::Limit, "{text}");
        assert!(error.message().starts_with("too many operations once types are known"), "{error}");
    }
    let mut limits = Limits::default();
    limits.operations = 20_000;
    let expr = Expr::builder().limits(limits).compile("contains(short, short)").unwrap();
    assert_eq!(expr.eval::<Vec<bool>>(&given).unwrap_err().kind(), EvalErrorKind::Limit);
}

#[test]
fn shapes_are_broadcast() {
    let cube = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| if k == 0 { b'a' + (3 * i + j) as u8 } else { 0 });
    let row = rows(&[b"b", b"b", b"f"], 2);
    let none = Array2::<u8>::zeros((0, 4));
    let hollow = Array2::<u8>::zeros((3, 0));
    let given = Args::new()
        .with("cube", Arg::strings(&cube).unwrap())
        .with("row", Arg::strings(&row).unwrap())
        .with("none", Arg::strings(&none).unwrap())
        .with("hollow", Arg::strings(&hollow).unwrap())
        .with("n", 4);
    assert_eq!(eval("cube == row", &given), array![[false, true, false], [false, false, true]].into_dyn());
    assert_eq!(eval("(cube > 'c') & (n > 3)", &given), array![[false, false, false], [true, true, true]].into_dyn());
    assert_eq!(eval("cube in ('a', 'f')", &given), array![[true, false, false], [false, false, true]].into_dyn());
    assert_eq!(eval("'a' < cube < b'd'", &given), array![[false, true, true], [false, false, false]].into_dyn());
    assert_eq!(eval("between(row, 'a', 'c')", &given), array![true, true, false].into_dyn());
    assert_eq!(eval("not_equal(row, 'b')", &given), array![false, false, true].into_dyn());
    assert_eq!(eval("any(row == 'f')", &given), ArrayD::from_elem(vec![], true));
    assert_eq!(eval("none == 'a'", &given).shape(), [0]);
    for (text, value) in [
        ("hollow == ''", true),
        ("hollow < 'a'", true),
        ("'' > hollow", false),
        ("contains(hollow, 'a')", false),
        ("contains('a', hollow)", true),
        ("contains(row, 'far too long')", false),
        ("contains(row, '')", true),
    ] {
        assert_eq!(eval(text, &given), ArrayD::from_elem(vec![3], value), "{text}");
    }
    assert_eq!(eval("s = 'b'; f(x) = x == s; f(row)", &given), array![true, true, false].into_dyn());
}

#[test]
fn what_is_searched_ends_at_the_first_nul() {
    let x = rows(&[b"ab\0cd", b"abcd", b"\0", b"cd"], 5);
    let given = Args::new().with("x", Arg::strings(&x).unwrap()).with("k", Arg::string(b"cd\0ab"));
    for (text, values) in [
        ("contains(x, 'cd')", [false, true, false, true]),
        ("contains(x, 'cd\\0x')", [false, true, false, true]),
        ("contains(x, k)", [false, true, false, true]),
        ("contains('abcd', x)", [true, true, true, true]),
        ("contains('ab\\0cd', x)", [true, false, true, false]),
        ("contains(k, x)", [false, false, true, true]),
        ("x == 'ab\\0cd'", [true, false, false, false]),
        ("x < 'ab\\x01'", [true, false, true, false]),
    ] {
        assert_eq!(eval(text, &given), Array1::from_iter(values).into_dyn(), "{text}");
    }
}

#[test]
fn strings_are_beside_strings_alone() {
    let x = rows(&[b"ab", b"c"], 2);
    let n = array![1, 2];
    let given = Args::new().with("x", Arg::strings(&x).unwrap()).with("n", &n);
    for (text, message) in [
        ("x + n", "`+` takes numbers, not string and i32"),
        ("x + x", "`+` takes numbers, not string and string"),
        ("-x", "`-` takes numbers, not string"),
        ("not x", "`not` takes numbers, not string"),
        ("(x == 'a') & 'b'", "`&` takes numbers, not bool and string"),
        ("x >= n", "`>=` takes two strings, not string and i32"),
        ("x == 1", "`==` takes two strings, not string and int"),
        ("n in ('a', 2)", "`==` takes two strings, not i32 and string"),
        ("contains(x, n)", "`contains` takes two strings, not string and i32"),
        ("contains(n, n)", "`contains` takes two strings, not i32 and i32"),
        ("where(x == 'a', x, x)", "`where` takes numbers, not bool and string and string"),
        ("n if x else n", "`where` takes numbers, not string and i32 and i32"),
        ("sum(x)", "`sum` takes numbers, not string"),
        ("max(x)", "`max` takes numbers, not string"),
        ("copy(x)", "`copy` takes numbers, not string"),
        ("x.real", "`.real` takes numbers, not string"),
        ("x.upper()", "there is no function `upper`"),
        ("isclose(n, n, rtol='a')", "this takes numbers, not a string"),
        ("x", "a result has numbers or bools, not strings"),
        ("'abc'", "a result has numbers or bools, not strings"),
        ("sum(n, axis='a')", "`axis` must be a literal integer, or a tuple of them"),
    ] {
        let error = match Expr::compile(text) {
            Ok(expr) => expr.eval::<tilexpr::AnyArray>(&given).unwrap_err().message().to_string(),
            Err(error) => error.message().to_string(),
        };
        assert_eq!(error, message, "{text}");
    }
}

#[test]
fn arrays_that_are_no_strings() {
    let numbers = array![[1_i8, 2], [3, 4]];
    let x = rows(&[b"ab", b"cd"], 2);
    assert!(Arg::strings(&numbers).is_none());
    assert!(Arg::strings(x.t()).is_none(), "bytes of a string lie apart");
    assert!(Arg::strings(ndarray::arr0(1_u8).view()).is_none() && Arg::strings(1_u8).is_none());
    assert!(Arg::strings(Arg::strings(&x).unwrap()).is_none());
    let strings = Arg::strings(&x).unwrap();
    assert_eq!((strings.dtype(), strings.shape(), strings.is_weak()), (DType::U8, &[2, 2][..], false));
    // The same bytes are numbers where they are passed as such.
    let sums: Vec<u64> = Expr::compile("sum(x, axis=1)").unwrap().eval(args![x]).unwrap();
    assert_eq!(sums, [195, 199]);
}

#[test]
fn other_ways_to_call() {
    let x = rows(&[b"ab", b"cd", b"ef"], 4);
    let given = || Args::new().with("x", Arg::strings(&x).unwrap());
    let expr = Expr::compile("x >= 'cd'").unwrap();
    let mut out = [false; 3];
    expr.eval_into(given(), &mut out).unwrap();
    assert_eq!(out, [false, true, true]);
    let prepared = expr.prepare(["x"], given()).unwrap();
    let narrow = rows(&[b"a", b"z"], 4);
    let mut two = [true; 2];
    prepared.call([Arg::strings(&narrow).unwrap()], &mut two).unwrap();
    assert_eq!(two, [false, true]);
    let other = rows(&[b"a", b"z"], 3);
    let error = prepared.call([Arg::strings(&other).unwrap()], &mut two).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Prepared);
    assert_eq!(error.message(), "argument 0 is strings of 3 bytes, but the call was prepared for strings of 4 bytes");
    let hollow = Array2::<u8>::zeros((3, 0));
    let both = given().with("hollow", Arg::strings(&hollow).unwrap());
    let found = Expr::compile("x == hollow").unwrap().indices(both).unwrap();
    assert_eq!((found.arguments, found.results), (vec![vec![Some(0)]; 2], vec![vec![Some(0)]]));
    let shown = expr.explain(given()).unwrap().to_string();
    assert!(shown.contains("x        strings of 4 bytes [3]"), "{shown}");
    assert!(shown.contains("`x[0..4]`"), "{shown}");
}

/// The output lies on the strings: read as they were before the call.
#[test]
fn outputs_on_strings() {
    let mut bytes = *b"abcdabxx";
    let first = bytes.as_mut_ptr();
    // SAFETY: four strings of two bytes, and four bools on the last ones of them, which the call alone uses.
    let (x, mut y) = unsafe {
        let x = View::from_raw(first, DType::U8, &[4, 2], &[2, 1]);
        (x, ViewMut::from_raw_overlapping(first.add(4), DType::Bool, &[4], &[1]))
    };
    let given = Args::new().with("x", Arg::strings(x).unwrap());
    Expr::compile("x == 'ab'").unwrap().eval_into(given, &mut y).unwrap();
    assert_eq!(bytes, [b'a', b'b', b'c', b'd', 1, 0, 1, 0]);
}
