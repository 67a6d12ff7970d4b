//! What expressions mean, through the whole library: facts of NumPy 2, one a line, with every executor.

use ndarray::{Array1, Array2, ArrayD, IxDyn, array};
use tilexpr::{AnyArray, Args, DType, Executor, Expr, args};

const EXECUTORS: [Executor; 3] = [Executor::Auto, Executor::Interpreter, Executor::Cranelift];

/// The result as text: type, shape and elements.
fn show(text: &str, args: &Args) -> String {
    let mut shown: Vec<String> = EXECUTORS
        .map(|executor| {
            let expr = Expr::builder().executor(executor).compile(text).unwrap_or_else(|e| panic!("{e}"));
            let results: Vec<AnyArray> = expr.eval(args).unwrap_or_else(|e| panic!("{text}: {e}"));
            let outputs = expr.outputs(args).unwrap();
            assert_eq!(outputs, results.iter().map(|r| (r.dtype(), r.shape().to_vec())).collect::<Vec<_>>());
            results.iter().map(one).collect::<Vec<_>>().join("; ")
        })
        .to_vec();
    shown.dedup();
    assert_eq!(shown.len(), 1, "{text}: executors disagree: {shown:?}");
    shown.remove(0)
}

fn one(result: &AnyArray) -> String {
    let floats = |shown: String| shown.split(", shape").next().unwrap().to_string();
    match result {
        AnyArray::F32(a) => floats(format!("f32 {a:?}")),
        AnyArray::F64(a) => floats(format!("f64 {a:?}")),
        AnyArray::Bool(a) => format!("bool {a}"),
        AnyArray::I8(a) => format!("i8 {a}"),
        AnyArray::I16(a) => format!("i16 {a}"),
        AnyArray::I32(a) => format!("i32 {a}"),
        AnyArray::I64(a) => format!("i64 {a}"),
        AnyArray::U8(a) => format!("u8 {a}"),
        AnyArray::U16(a) => format!("u16 {a}"),
        AnyArray::U32(a) => format!("u32 {a}"),
        AnyArray::U64(a) => format!("u64 {a}"),
        other => format!("{}", other.dtype()),
    }
}

fn check(args: &Args, table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(text, expected)| {
            let found = show(text, args);
            (found != *expected).then(|| format!("{text}: {found}, expected {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn integers() {
    let i = array![7, -7, 0, i32::MIN, i32::MAX];
    let j = array![2, 2, 0, -1, 3];
    let l = array![7i64, -7, 0, i64::MIN, i64::MAX];
    let m = array![-2i64, -2, 0, -1, 2];
    check(
        &args![i, j, l, m],
        &[
            ("i + i", "i32 [14, -14, 0, 0, -2]"),
            ("i // j", "i32 [3, -4, 0, -2147483648, 715827882]"),
            ("i % j", "i32 [1, 1, 0, 0, 1]"),
            ("l // m", "i64 [-4, 3, 0, -9223372036854775808, 4611686018427387903]"),
            ("l % m", "i64 [-1, -1, 0, 0, 1]"),
            ("fmod(l, m)", "i64 [1, -1, 0, 0, 1]"),
            ("abs(i)", "i32 [7, 7, 0, -2147483648, 2147483647]"),
            ("-i", "i32 [-7, 7, 0, -2147483648, -2147483647]"),
            ("~i", "i32 [-8, 6, -1, 2147483647, -2147483648]"),
            ("sign(i)", "i32 [1, -1, 0, -1, 1]"),
            ("i << 31", "i32 [-2147483648, -2147483648, 0, 0, -2147483648]"),
            ("i << 32", "i32 [0, 0, 0, 0, 0]"),
            ("i >> 32", "i32 [0, -1, 0, -1, 0]"),
            ("i >> 1", "i32 [3, -4, 0, -1073741824, 1073741823]"),
            ("l << 64", "i64 [0, 0, 0, 0, 0]"),
            ("i ** 2", "i32 [49, 49, 0, 0, 1]"),
            ("i ** 3", "i32 [343, -343, 0, 0, 2147483647]"),
            ("i ** 0", "i32 [1, 1, 1, 1, 1]"),
            ("j ** abs(j)", "i32 [4, 4, 1, -1, 27]"),
            ("i + l", "i64 [14, -14, 0, 9223372034707292160, -9223372034707292162]"),
            (
                "i & 3, i | 8, i ^ i",
                "i32 [3, 1, 0, 0, 3]; i32 [15, -7, 8, -2147483640, 2147483647]; i32 [0, 0, 0, 0, 0]",
            ),
            ("i < 2**40", "bool [true, true, true, true, true]"),
            ("i == 2**70", "bool [false, false, false, false, false]"),
            ("sum(i)", "i64 -1"),
            ("prod(j)", "i64 0"),
            ("min(i), max(l)", "i32 -2147483648; i64 9223372036854775807"),
            ("mean(j)", "f64 1.2"),
            ("any(i), all(i)", "bool true; bool false"),
            ("0 < i <= 7", "bool [true, false, false, false, false]"),
            ("i if i > 0 else -1", "i32 [7, -1, -1, -1, 2147483647]"),
            ("where(i, 1, 0.5)", "f64 [1.0, 1.0, 0.5, 1.0, 1.0]"),
            ("clip(i, -5, 5)", "i32 [5, -5, 0, -5, 5]"),
            ("i / j", "f64 [3.5, -3.5, NaN, 2147483648.0, 715827882.3333334]"),
        ],
    );
}

/// What NumPy 2.4.6 gives, but where it has `f16` (here `f32`).
#[test]
fn integers_of_all_types() {
    let (a, b) = (array![7u8, 200, 0, 255, 1], array![2u8, 7, 0, 255, 9]);
    let (c, d) = (array![7i8, -7, 0, -128, 127], array![2i8, 2, 0, -1, 3]);
    let (h, g) = (array![7i16, -7, 300, -32768, 32767], array![7u16, 65535, 300, 0, 32768]);
    let (u, v) = (array![7u32, u32::MAX, 0, 1 << 31, 1], array![7u64, u64::MAX, 0, 1 << 63, 1]);
    let (l, f) = (array![7i64, -1, 0, i64::MIN, 1], array![0.5f32, 1.5, 2.5, 3.5, -1.0]);
    let (p, q) = (array![true, false, true, false, true], array![true, true, false, false, true]);
    check(
        &args![a, b, c, d, h, g, u, v, l, f, p, q],
        &[
            ("a + b", "u8 [9, 207, 0, 254, 10]"),
            ("a - b", "u8 [5, 193, 0, 0, 248]"),
            ("a * b", "u8 [14, 120, 0, 1, 9]"),
            ("a // b", "u8 [3, 28, 0, 1, 0]"),
            ("a % b", "u8 [1, 4, 0, 0, 1]"),
            ("-a", "u8 [249, 56, 0, 1, 255]"),
            ("~a", "u8 [248, 55, 255, 0, 254]"),
            ("a ** 2", "u8 [49, 64, 0, 1, 1]"),
            ("a ** b", "u8 [49, 0, 1, 255, 1]"),
            ("c ** 3", "i8 [87, -87, 0, 0, 127]"),
            ("a << b", "u8 [28, 0, 0, 0, 0]"),
            ("a >> 1", "u8 [3, 100, 0, 127, 0]"),
            ("a >> b", "u8 [1, 1, 0, 0, 0]"),
            ("c + d", "i8 [9, -5, 0, 127, -126]"),
            ("c * d", "i8 [14, -14, 0, -128, 125]"),
            ("c // d", "i8 [3, -4, 0, -128, 42]"),
            ("c % d", "i8 [1, 1, 0, 0, 1]"),
            ("abs(c)", "i8 [7, 7, 0, -128, 127]"),
            ("-c", "i8 [-7, 7, 0, -128, -127]"),
            ("c >> 1", "i8 [3, -4, 0, -64, 63]"),
            ("a + c", "i16 [14, 193, 0, 127, 128]"),
            ("a * h", "i16 [49, -1400, 0, -32768, 32767]"),
            ("a + g", "u16 [14, 199, 300, 255, 32769]"),
            ("c + u", "i64 [14, 4294967288, 0, 2147483520, 128]"),
            ("h - g", "i32 [0, -65542, 0, -32768, -1]"),
            ("u + l", "i64 [14, 4294967294, 0, -9223372034707292160, 2]"),
            ("v + l", "f64 [14.0, 1.8446744073709552e19, 0.0, 0.0, 2.0]"),
            ("v * 2", "u64 [14, 18446744073709551614, 0, 0, 2]"),
            ("v // 3", "u64 [2, 6148914691236517205, 0, 3074457345618258602, 0]"),
            ("v % 10", "u64 [7, 5, 0, 8, 1]"),
            ("v >> 63", "u64 [0, 1, 0, 1, 0]"),
            ("a / b", "f64 [3.5, 28.571428571428573, NaN, 1.0, 0.1111111111111111]"),
            ("c / 2", "f64 [3.5, -3.5, 0.0, -64.0, 63.5]"),
            ("g / f", "f32 [14.0, 43690.0, 120.0, 0.0, -32768.0]"),
            ("a < b", "bool [false, false, false, false, true]"),
            ("c < a", "bool [false, true, false, true, false]"),
            ("v > l", "bool [false, true, false, true, false]"),
            ("v == l", "bool [true, false, true, false, true]"),
            ("l < v", "bool [false, true, false, true, false]"),
            ("v != l", "bool [false, true, false, true, false]"),
            ("a > 300", "bool [false, false, false, false, false]"),
            ("a == -1", "bool [false, false, false, false, false]"),
            ("a > -1", "bool [true, true, true, true, true]"),
            ("v > -1", "bool [true, true, true, true, true]"),
            ("c < 200", "bool [true, true, true, true, true]"),
            ("v < 2**70", "bool [true, true, true, true, true]"),
            ("l < 2**63", "bool [true, true, true, true, true]"),
            ("a + 55", "u8 [62, 255, 55, 54, 56]"),
            (
                "v + 2**63",
                "u64 [9223372036854775815, 9223372036854775807, 9223372036854775808, 0, 9223372036854775809]",
            ),
            ("h & 255", "i16 [7, 249, 44, 0, 255]"),
            ("g | 1", "u16 [7, 65535, 301, 1, 32769]"),
            ("a ^ b", "u8 [5, 207, 0, 0, 8]"),
            ("c & h", "i16 [7, -7, 0, -32768, 127]"),
            ("u ^ a", "u32 [0, 4294967095, 0, 2147483903, 0]"),
            ("maximum(a, b)", "u8 [7, 200, 0, 255, 9]"),
            ("minimum(c, a)", "i16 [7, -7, 0, -128, 1]"),
            ("where(p, a, c)", "i16 [7, -7, 0, -128, 1]"),
            ("where(p, a, 5)", "u8 [7, 5, 0, 5, 1]"),
            ("sum(a)", "u64 463"),
            ("sum(c)", "i64 -1"),
            ("sum(v)", "u64 9223372036854775815"),
            ("prod(d)", "i64 0"),
            ("min(c)", "i8 -128"),
            ("max(v)", "u64 18446744073709551615"),
            ("mean(a)", "f64 92.6"),
            ("mean(c)", "f64 -0.2"),
            ("any(a)", "bool true"),
            ("all(a)", "bool false"),
            ("p // q", "i8 [1, 0, 0, 0, 1]"),
            ("p % q", "i8 [0, 0, 0, 0, 0]"),
            ("p ** q", "i8 [1, 0, 1, 1, 1]"),
            ("p << q", "i8 [2, 0, 1, 0, 2]"),
            ("p >> q", "i8 [0, 0, 1, 0, 0]"),
            ("p + a", "u8 [8, 200, 1, 255, 2]"),
            ("square(p)", "i8 [1, 0, 1, 0, 1]"),
            ("square(c)", "i8 [49, 49, 0, 0, 1]"),
            ("sign(c)", "i8 [1, -1, 0, -1, 1]"),
            ("sign(a)", "u8 [1, 1, 0, 1, 1]"),
            ("sqrt(a)", "f32 [2.6457512, 14.142136, 0.0, 15.9687195, 1.0]"),
            ("sqrt(g)", "f32 [2.6457512, 255.99805, 17.320509, 0.0, 181.01933]"),
            ("sqrt(u)", "f64 [2.6457513110645907, 65535.999992370605, 0.0, 46340.95001184158, 1.0]"),
            ("hypot(c, g)", "f32 [9.899495, 65535.0, 300.0, 128.0, 32768.246]"),
            ("floor(a)", "u8 [7, 200, 0, 255, 1]"),
            ("isnan(a)", "bool [false, false, false, false, false]"),
            ("fmod(c, d)", "i8 [1, -1, 0, 0, 1]"),
            ("a + f", "f32 [7.5, 201.5, 2.5, 258.5, 0.0]"),
            ("u + f", "f64 [7.5, 4294967296.5, 2.5, 2147483651.5, 0.0]"),
            ("h * f", "f32 [3.5, -10.5, 750.0, -114688.0, -32767.0]"),
            ("a + 1.5", "f64 [8.5, 201.5, 1.5, 256.5, 2.5]"),
            ("clip(a, 5, 100)", "u8 [7, 100, 5, 100, 5]"),
        ],
    );
}

/// What NumPy does not define, or not on every machine.
#[test]
fn shifts_and_casts_of_all_types() {
    let (c, n) = (array![7i8, -7, 100, -128], array![1i8, 8, -1, 7]);
    let (a, x) = (array![7u8, 200, 1, 255], array![300.7, -1.5, f64::NAN, 1e30]);
    check(
        &args![c, n, a, x],
        &[
            ("c << n", "i8 [14, 0, 0, 0]"),
            ("c >> n", "i8 [3, -1, 0, -1]"),
            ("a << u8(n)", "u8 [14, 0, 0, 128]"),
            ("a >> u8(n)", "u8 [3, 0, 0, 1]"),
            ("a >> 8, a << 8", "u8 [0, 0, 0, 0]; u8 [0, 0, 0, 0]"),
            ("i8(x), u8(x)", "i8 [127, -1, 0, 127]; u8 [255, 0, 0, 255]"),
            ("i16(x), u16(x)", "i16 [300, -1, 0, 32767]; u16 [300, 0, 0, 65535]"),
            ("u32(x), u64(x)", "u32 [300, 0, 0, 4294967295]; u64 [300, 0, 0, 18446744073709551615]"),
            ("i8(f32(x)), u16(f32(x))", "i8 [127, -1, 0, 127]; u16 [300, 0, 0, 65535]"),
            ("u16(c), u64(c) == 2**64 - 7", "u16 [7, 65529, 100, 65408]; bool [false, true, false, false]"),
            ("i8(a), i16(a)", "i8 [7, -56, 1, -1]; i16 [7, 200, 1, 255]"),
            (
                "f32(a), f64(u64(c))",
                "f32 [7.0, 200.0, 1.0, 255.0]; f64 [7.0, 1.8446744073709552e19, 100.0, 1.8446744073709552e19]",
            ),
        ],
    );
}

/// An array of each type as argument, result, output and target; a number of each type as a bare argument and a result.
#[test]
fn every_type_goes_in_and_comes_out() {
    macro_rules! each {
        ($($t:ident $dtype:ident $one:expr, $two:expr;)*) => { $({
            let (one, two): ($t, $t) = ($one, $two);
            let x = array![one, two, one, two, two];
            for executor in EXECUTORS {
                let compile = |text: &str| Expr::builder().executor(executor).compile(text).unwrap();
                let y: Array1<$t> = compile("x").eval(args![x]).unwrap();
                assert_eq!(y, x);
                let any: AnyArray = compile("x").eval(args![x = x.slice(ndarray::s![..;2])]).unwrap();
                assert_eq!((any.dtype(), any.shape()), (DType::$dtype, &[3][..]));
                assert_eq!(any, AnyArray::$dtype(array![one, one, two].into_dyn()));
                let again: Array1<$t> = compile("x").eval(args![x = &any]).unwrap();
                assert_eq!(any.clone().into_array::<$t, ndarray::Ix1>().unwrap(), again);
                let max: $t = compile("max(x)").eval(args![x]).unwrap();
                assert_eq!(max, two);
                let mut out = vec![one; 5];
                compile("where(x == max(x), x, x)").eval_into(args![x], &mut out).unwrap();
                assert_eq!(out, x.to_vec());
                compile("maximum(x, k)").update("x", &mut out, args![k = &ndarray::arr0(two)]).unwrap();
                assert_eq!(out, [two; 5]);
                let cast: $t = compile(concat!(stringify!($t), "(k)")).eval(args![k = two]).unwrap();
                assert_eq!(cast, two);
            }
        })* };
    }
    each! {
        bool Bool false, true;
        i8 I8 i8::MIN, i8::MAX;
        i16 I16 i16::MIN, i16::MAX;
        i32 I32 i32::MIN, i32::MAX;
        i64 I64 i64::MIN, i64::MAX;
        u8 U8 1, u8::MAX;
        u16 U16 1, u16::MAX;
        u32 U32 1, u32::MAX;
        u64 U64 1, u64::MAX;
        f32 F32 -1.5, f32::MAX;
        f64 F64 -1.5, f64::MAX;
    }
}

#[test]
fn bare_integers() {
    let (a, v, f) = (array![200u8, 7], array![u64::MAX, 7], array![1.5f32, 2.0]);
    let big = u64::MAX;
    check(
        &args![a, v, f, k = 100u8, n = -1i8, w = 55u16, big],
        &[
            ("a + k", "u8 [44, 107]"),
            ("a + w", "u8 [255, 62]"),
            ("f * k", "f32 [150.0, 200.0]"),
            (
                "a > n, v > n, v == big, a < big",
                "bool [true, true]; bool [true, true]; bool [true, false]; bool [true, true]",
            ),
            ("v - big", "u64 [0, 8]"),
            ("k, big, big - k", "i64 100; u64 18446744073709551615; u64 18446744073709551515"),
            ("big > n, n < big, big == n", "bool true; bool true; bool false"),
        ],
    );
    for (text, message) in [
        ("a + n", "`n` is -1, which is out of the range of u8"),
        ("v * n", "`n` is -1, which is out of the range of u64"),
        ("maximum(a, m)", "`m` is 300, which is out of the range of u8"),
        ("i8(a) + big", "`big` is 18446744073709551615, which is out of the range of i8"),
    ] {
        let error = Expr::compile(text).unwrap().eval::<AnyArray>(args![a, v, n = -1i8, m = 300u16, big]).unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
}

#[test]
fn floats() {
    let x = array![5.5, -5.5, 0.0, -0.0, f64::NAN, f64::INFINITY, 1e300];
    let y = array![2.0, 2.0, -3.0, 0.0, 1.0, 3.0, -7.0];
    check(
        &args![x, y],
        &[
            ("x // y", "f64 [2.0, -3.0, -0.0, NaN, NaN, NaN, -1.4285714285714286e299]"),
            ("x % y", "f64 [1.5, 0.5, -0.0, NaN, NaN, NaN, -6.0]"),
            ("fmod(x, y)", "f64 [1.5, -1.5, 0.0, NaN, NaN, NaN, 1.0]"),
            ("x ** 2", "f64 [30.25, 30.25, 0.0, 0.0, NaN, inf, inf]"),
            ("x ** 0", "f64 [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]"),
            ("x ** -1", "f64 [0.18181818181818182, -0.18181818181818182, inf, -inf, NaN, 0.0, 1e-300]"),
            ("x ** 0.5 == sqrt(x)", "bool [true, false, true, true, false, true, true]"),
            ("maximum(x, 0.0)", "f64 [5.5, 0.0, 0.0, 0.0, NaN, inf, 1e300]"),
            ("maximum(0.0, x)", "f64 [5.5, 0.0, 0.0, -0.0, NaN, inf, 1e300]"),
            ("minimum(x, -0.0)", "f64 [-0.0, -5.5, -0.0, -0.0, NaN, -0.0, -0.0]"),
            ("sign(x)", "f64 [1.0, -1.0, 0.0, 0.0, NaN, 1.0, 1.0]"),
            (
                "floor(x), round(x)",
                "f64 [5.0, -6.0, 0.0, -0.0, NaN, inf, 1e300]; f64 [6.0, -6.0, 0.0, -0.0, NaN, inf, 1e300]",
            ),
            ("i32(x)", "i32 [5, -5, 0, 0, 0, 2147483647, 2147483647]"),
            ("i64(x)", "i64 [5, -5, 0, 0, 0, 9223372036854775807, 9223372036854775807]"),
            ("bool(x)", "bool [true, true, false, false, true, true, true]"),
            (
                "x == x, x != x",
                "bool [true, true, true, true, false, true, true]; bool [false, false, false, false, true, false, false]",
            ),
            ("isnan(x) | isinf(x)", "bool [false, false, false, false, true, true, false]"),
            ("isfinite(x)", "bool [true, true, true, true, false, false, true]"),
            ("max(x), min(y)", "f64 NaN; f64 -7.0"),
            ("copysign(y, x)", "f64 [2.0, -2.0, 3.0, -0.0, 1.0, 3.0, 7.0]"),
            ("-x", "f64 [-5.5, 5.5, -0.0, 0.0, NaN, -inf, -1e300]"),
            ("where(x > 0, x, nan)", "f64 [5.5, NaN, NaN, NaN, NaN, inf, 1e300]"),
            ("t = x*2; u = t + 1\nu - t", "f64 [1.0, 1.0, 1.0, 1.0, NaN, NaN, 0.0]"),
            ("f32(x) / 3", "f32 [1.8333334, -1.8333334, 0.0, -0.0, NaN, inf, inf]"),
        ],
    );
}

#[test]
fn bools() {
    let (p, q) = (array![true, true, false, false], array![true, false, true, false]);
    check(
        &args![p, q],
        &[
            ("p + q", "bool [true, true, true, false]"),
            ("p * q", "bool [true, false, false, false]"),
            ("p + 1", "i64 [2, 2, 1, 1]"),
            ("p ^ q", "bool [false, true, true, false]"),
            ("p and q or not p", "bool [true, false, true, true]"),
            ("p < q", "bool [false, false, true, false]"),
            ("p <= q", "bool [true, false, true, true]"),
            ("p > q, p >= q", "bool [false, true, false, false]; bool [true, true, false, true]"),
            ("p == q", "bool [true, false, false, true]"),
            ("~p", "bool [false, false, true, true]"),
            ("p / q", "f64 [1.0, inf, 0.0, NaN]"),
            ("sum(p)", "i64 2"),
            ("mean(p)", "f64 0.5"),
            ("min(p), max(p)", "bool false; bool true"),
            ("maximum(p, q)", "bool [true, true, true, false]"),
            ("logical_xor(p, 2)", "bool [false, false, true, true]"),
        ],
    );
}

#[test]
fn types() {
    let (b, i, l) = (array![true], array![1i32], array![1i64]);
    let (f, d) = (array![1f32], array![1.0]);
    let of = |text: &str| {
        let (k, m, w) = (3, 3i64, 0.5f32);
        Expr::compile(text).unwrap().output(args![b, i, l, f, d, k, m, w]).unwrap().0
    };
    for (text, dtype) in [
        ("i + f", DType::F64),
        ("b + f", DType::F32),
        ("f * 2.5", DType::F32),
        ("f * w", DType::F32),
        ("f * k", DType::F32),
        ("i * m", DType::I32),
        ("i * w", DType::F64),
        ("l * k", DType::I64),
        ("f * sqrt(2)", DType::F32),
        ("f * pi", DType::F32),
        ("f * f64(2)", DType::F64),
        ("k", DType::I64),
        ("w", DType::F64),
        ("i / i", DType::F64),
        ("f + d", DType::F64),
        ("sum(f)", DType::F32),
        ("sum(i)", DType::I64),
        ("mean(f)", DType::F32),
        ("mean(i)", DType::F64),
        ("min(i)", DType::I32),
        ("exp(i)", DType::F64),
        ("exp(f)", DType::F32),
        ("where(b, i, l)", DType::I64),
        ("i & l", DType::I64),
        ("1", DType::I64),
        ("1/2", DType::F64),
        ("True", DType::Bool),
    ] {
        assert_eq!(of(text), dtype, "{text}");
    }
}

#[test]
fn shapes_and_axes() {
    let m = Array2::from_shape_fn((2, 3), |(i, j)| (3 * i + j) as i32);
    let v = array![10, 20, 30];
    let one = ArrayD::from_elem(IxDyn(&[]), 5);
    let (none, hollow) = (Array1::<f64>::zeros(0), Array2::<f32>::zeros((0, 3)));
    check(
        &args![m, v, one, none, hollow],
        &[
            ("m + v", "i32 [[10, 21, 32],\n [13, 24, 35]]"),
            ("m + one", "i32 [[5, 6, 7],\n [8, 9, 10]]"),
            ("sum(m, 0), sum(m, axis=-1)", "i64 [3, 5, 7]; i64 [3, 12]"),
            ("sum(m, axis=(0, 1))", "i64 15"),
            ("sum(m, axis=1, keepdims=True)", "i64 [[3],\n [12]]"),
            ("m - sum(m, axis=0)", "i64 [[-3, -4, -5],\n [0, -1, -2]]"),
            ("sum(one), max(one), one*2", "i64 5; i32 5; i32 10"),
            ("sum(none), prod(none)", "f64 0.0; f64 1.0"),
            ("any(none), all(none)", "bool false; bool true"),
            ("mean(none)", "f64 NaN"),
            ("sum(hollow, axis=0)", "f32 [0.0, 0.0, 0.0]"),
            ("max(hollow, axis=1)", "f32 []"),
            ("mean(hollow, axis=0)", "f32 [NaN, NaN, NaN]"),
            ("none + 1", "f64 []"),
            ("where(True, 1, m)", "i32 [[1, 1, 1],\n [1, 1, 1]]"),
            ("(m*0 == 0) | True", "bool [[true, true, true],\n [true, true, true]]"),
            ("isnan(m)", "bool [[false, false, false],\n [false, false, false]]"),
            ("m ** 0", "i32 [[1, 1, 1],\n [1, 1, 1]]"),
            ("sum(1), mean(2), 3", "i64 1; f64 2.0; i64 3"),
        ],
    );
}

#[test]
fn sums_of_f32_are_carried_in_f64() {
    let x = Array1::from_elem(3000, 0.1f32);
    for executor in EXECUTORS {
        let compile = |text| Expr::builder().executor(executor).compile(text).unwrap();
        let sum: f32 = compile("sum(x)").eval(args![x]).unwrap();
        assert_eq!(sum, (0.1f32 as f64 * 3000.0) as f32);
        let sum: Array1<f32> = compile("sum(x*x, axis=0)").eval(args![x = &x.to_shape((1000, 3)).unwrap()]).unwrap();
        assert_eq!(sum, Array1::from_elem(3, ((0.1f32 * 0.1) as f64 * 1000.0) as f32));
        let cubes: i64 = compile("sum(n)").eval(args![n = &[i32::MAX; 5]]).unwrap();
        assert_eq!(cubes, 5 * i64::from(i32::MAX));
    }
}

#[test]
fn a_sum_has_the_documented_order() {
    // Each lane's sum is told apart by magnitudes at which doubles round.
    let x: Vec<f64> = (0..1500).map(|k| f64::from(k % 97) * 1e15 + 0.1 * f64::from(k % 13)).collect();
    let block = |x: &[f64]| {
        let mut lanes = [-0.0f64; 8];
        x.iter().enumerate().for_each(|(k, x)| lanes[k % 8] += x);
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| lanes[i] + lanes[i + 4]);
        (a + c) + (b + d)
    };
    let expected = (block(&x[..512]) + block(&x[512..1024])) + block(&x[1024..]);
    for executor in EXECUTORS {
        let sum = Expr::builder().executor(executor).compile("sum(x)").unwrap();
        assert_eq!(sum.eval::<f64>(args![x]).unwrap().to_bits(), expected.to_bits());
    }
    let negative = [-0.0; 9];
    let zero: f64 = Expr::compile("sum(x)").unwrap().eval(args![x = &negative]).unwrap();
    assert!(zero.is_sign_negative(), "zeros of one sign keep it");
}

#[test]
fn results_as_a_tuple() {
    let x = array![1.0, 2.0, 3.0];
    let e = Expr::compile("t = x*2; t, sum(t), t > 3").unwrap();
    let (t, sum, above): (Array1<f64>, f64, Array1<bool>) = e.eval(args![x]).unwrap();
    assert_eq!((t, sum, above), (array![2.0, 4.0, 6.0], 12.0, array![false, true, true]));
    let y: f64 = tilexpr::eval!("k**2 + x", k = 3.0, x = 1.0).unwrap();
    assert_eq!(y, 10.0);
}

#[test]
fn composed_functions() {
    let x = array![0.0, -0.0, 1.5, -2.5, f64::NAN, f64::INFINITY];
    let i = array![0_i32, -1, 7, i32::MIN, 255, 1 << 30];
    let u = array![0_u8, 1, 3, 255, 128, 85];
    check(
        &args![x, i, u],
        &[
            ("signbit(x)", "bool [false, true, false, true, false, false]"),
            ("signbit(i)", "bool [false, true, false, true, false, false]"),
            (
                "nextafter(x, 2.0)",
                "f64 [5e-324, 5e-324, 1.5000000000000002, -2.4999999999999996, NaN, 1.7976931348623157e308]",
            ),
            ("heaviside(x, 0.5)", "f64 [0.5, 0.5, 1.0, 0.0, NaN, 1.0]"),
            ("popcount(i)", "u8 [0, 1, 3, 1, 8, 1]"),
            ("popcount(u)", "u8 [0, 1, 2, 8, 1, 4]"),
            ("ones_like(i)", "i32 [1, 1, 1, 1, 1, 1]"),
            ("fmax(x, 1.0)", "f64 [1.0, 1.0, 1.5, 1.0, 1.0, inf]"),
            ("fmin(x, i)", "f64 [0.0, -1.0, 1.5, -2147483648.0, 255.0, 1073741824.0]"),
            ("isclose(x, x + 1e-9)", "bool [true, true, true, true, false, true]"),
            ("isclose(x, x + 0.5, 0.0, 1.0)", "bool [true, true, true, true, false, true]"),
            ("sinc(x*0)", "f64 [1.0, 1.0, 1.0, 1.0, NaN, NaN]"),
            ("degrees(x*0)", "f64 [0.0, -0.0, 0.0, -0.0, NaN, NaN]"),
            ("argmin(x), argmax(x)", "i64 4; i64 4"),
            ("argmin(i), argmax(u), argmin(i > 0)", "i64 3; i64 3; i64 0"),
            ("var(u), std(u, ddof=1)", "f64 8585.555555555555; f64 101.502052524403"),
        ],
    );
}

/// What NumPy 2.4.6 gives, but that its `nanmin` takes no `initial` over nothing.
#[test]
fn what_is_no_nan() {
    let x = array![0.0, -0.0, 1.5, -2.5, f64::NAN, f64::INFINITY];
    let f = array![1.5f32, f32::NAN, -0.25, 2.0, f32::NAN, 4.0];
    let (i, u) = (array![3, -1, 7, 2, 255, 2], array![3u8, 1, 7, 2, 255, 2]);
    let (p, none, n) =
        (array![true, false, true, false, true, false], Array1::<f64>::zeros(0), Array1::from_elem(3, f64::NAN));
    let m = array![[1.0, f64::NAN, 3.0], [f64::NAN, f64::NAN, f64::NAN]];
    let d = array![1.0, f64::NAN, 4.0, f64::INFINITY];
    check(
        &args![x, f, i, u, p, none, n, m, d],
        &[
            ("nansum(x)", "f64 inf"),
            ("nansum(d), nanmean(d), nanmax(d)", "f64 inf; f64 inf; f64 inf"),
            ("nansum(f), nansum(f, dtype=f64)", "f32 7.25; f64 7.25"),
            (
                "nansum(n), nanprod(n), nanmean(n), nanmin(n), nanmax(n), nanvar(n)",
                "f64 0.0; f64 1.0; f64 NaN; f64 NaN; f64 NaN; f64 NaN",
            ),
            ("nansum(i), nansum(u), nanmax(u), nanmean(p), nanmin(p)", "i64 268; u64 270; u8 255; f64 0.5; bool false"),
            (
                "nanmean(f), nanmean(i), nanstd(f), nanvar(f, ddof=1)",
                "f32 1.8125; f64 44.666666666666664; f32 1.5142552; f32 3.0572917",
            ),
            ("nanvar(f, ddof=3), nanvar(f, ddof=4), nanvar(f, ddof=5)", "f32 9.171875; f32 NaN; f32 NaN"),
            ("nanmin(x), nanmax(x), nanmin(f), nanmax(-f)", "f64 -2.5; f64 inf; f32 -0.25; f32 0.25"),
            ("nansum(m, axis=0), nansum(m, axis=1)", "f64 [1.0, 0.0, 3.0]; f64 [4.0, 0.0]"),
            ("nanmean(m, axis=0), nanmean(m, axis=1, keepdims=True)", "f64 [1.0, NaN, 3.0]; f64 [[2.0],\n [NaN]]"),
            ("nanmin(m, axis=1), nanmax(m, axis=0)", "f64 [1.0, NaN]; f64 [1.0, NaN, 3.0]"),
            ("nanstd(m, axis=1), nanvar(m, 1, ddof=1)", "f64 [1.0, NaN]; f64 [2.0, NaN]"),
            ("nansum(none), nanprod(none), nanmean(none)", "f64 0.0; f64 1.0; f64 NaN"),
            (
                "nan_to_num(x), nan_to_num(f*inf)",
                "f64 [0.0, -0.0, 1.5, -2.5, 0.0, 1.7976931348623157e308]; f32 [3.4028235e38, 0.0, -3.4028235e38, 3.4028235e38, 0.0, 3.4028235e38]",
            ),
            (
                "nan_to_num(x, nan=1, posinf=2.5), nan_to_num(-x, neginf=-3)",
                "f64 [0.0, -0.0, 1.5, -2.5, 1.0, 2.5]; f64 [-0.0, 0.0, -1.5, 2.5, 0.0, -3.0]",
            ),
            (
                "nan_to_num(f, nan=1e300), nan_to_num(i), nan_to_num(x, 7.0, None, None)",
                "f32 [1.5, inf, -0.25, 2.0, inf, 4.0]; i32 [3, -1, 7, 2, 255, 2]; f64 [0.0, -0.0, 1.5, -2.5, 7.0, 1.7976931348623157e308]",
            ),
            (
                "min(i, initial=-5), max(i, initial=1000), min(none, initial=3), max(none, initial=-inf)",
                "i32 -5; i32 1000; f64 3.0; f64 -inf",
            ),
            (
                "max(x, initial=9), nanmax(x, initial=9), nanmax(n, initial=9), nanmin(none, initial=2)",
                "f64 NaN; f64 inf; f64 9.0; f64 2.0",
            ),
            (
                "nansum(f, initial=10), nansum(m, 1, initial=0.5), min(p, initial=True)",
                "f32 17.25; f64 [4.5, 0.5]; bool false",
            ),
        ],
    );
}

/// What NumPy 2.4.6 gives.
#[test]
fn as_users_of_numpy_write_it() {
    let x = array![0.0, -0.0, 1.5, -2.5, f64::NAN, f64::INFINITY];
    let f = array![1.5f32, f32::NAN, -0.25, 2.0, f32::NAN, 4.0];
    let (i, u) = (array![3, -1, 7, 2, 255, 2], array![3u8, 1, 7, 2, 255, 2]);
    let v = array![1u64 << 63, 1, u64::MAX, 2, 3, 2];
    let p = array![true, false, true, false, true, false];
    check(
        &args![x, f, i, u, v, p],
        &[
            (
                "exp10(u), exp10(i in (2,))",
                "f32 [1000.0, 10.0, 10000000.0, 100.0, inf, 100.0]; f32 [1.0, 1.0, 1.0, 10.0, 1.0, 10.0]",
            ),
            (
                "ln(f), fabs(x), fabs(i)",
                "f32 [0.4054651, NaN, NaN, 0.6931472, NaN, 1.3862944]; f64 [0.0, 0.0, 1.5, 2.5, NaN, inf]; f64 [3.0, 1.0, 7.0, 2.0, 255.0, 2.0]",
            ),
            (
                "float32(x), float64(u), float(i)",
                "f32 [0.0, -0.0, 1.5, -2.5, NaN, inf]; f64 [3.0, 1.0, 7.0, 2.0, 255.0, 2.0]; f64 [3.0, -1.0, 7.0, 2.0, 255.0, 2.0]",
            ),
            (
                "int8(i), int16(i), int32(u), int64(u), int(f*0 == 0)",
                "i8 [3, -1, 7, 2, -1, 2]; i16 [3, -1, 7, 2, 255, 2]; i32 [3, 1, 7, 2, 255, 2]; i64 [3, 1, 7, 2, 255, 2]; i64 [1, 0, 1, 1, 0, 1]",
            ),
            (
                "uint8(i), uint16(i), uint32(u), uint64(u), bool_(x)",
                "u8 [3, 255, 7, 2, 255, 2]; u16 [3, 65535, 7, 2, 255, 2]; u32 [3, 1, 7, 2, 255, 2]; u64 [3, 1, 7, 2, 255, 2]; bool [false, false, true, true, true, true]",
            ),
            (
                "i in (2, 3), i not in (2, 3)",
                "bool [true, false, false, true, false, true]; bool [false, true, true, false, true, false]",
            ),
            (
                "isin(i, (2, 3)), isin(x, (1.5, nan, inf)), x in ()",
                "bool [true, false, false, true, false, true]; bool [false, false, true, false, false, true]; bool [false, false, false, false, false, false]",
            ),
            (
                "u in (2, 300, -1), v in (2**63, 2**64 - 1, 2**70), i in (2,)",
                "bool [false, false, false, true, false, true]; bool [true, false, true, false, false, false]; bool [false, false, false, true, false, true]",
            ),
            (
                "not i in (2, 3), i in (2, 3) and p, 0 < i in (2, 255)",
                "bool [false, true, true, false, true, false]; bool [true, false, false, false, false, false]; bool [false, false, false, true, true, true]",
            ),
            (
                "i in (u, 3), p in (True,), x not in ()",
                "bool [true, false, true, true, true, true]; bool [true, false, true, false, true, false]; bool [true, true, true, true, true, true]",
            ),
            (
                "between(i, 2, 7), between(x, -0.0, 1.5), between(u, -1, 300), between(v, 3, 2**70)",
                "bool [true, false, true, true, false, true]; bool [true, true, true, false, false, false]; bool [true, true, true, true, true, true]; bool [true, false, true, false, true, false]",
            ),
            ("select(i > 5, i, i > 2, -i, 0)", "i32 [-3, 0, 7, 0, 255, 0]"),
            (
                "select(i > 5, u, f > 1, 2.5, i), select(p, 1, 2)",
                "f64 [2.5, -1.0, 7.0, 2.5, 255.0, 2.5]; i64 [1, 2, 1, 2, 1, 2]",
            ),
            ("select(p, f, x > 1, u, 1.5)", "f32 [1.5, 1.5, -0.25, 1.5, NaN, 2.0]"),
            (
                "clip(x, None, 1), clip(x, 0.5, None), clip(i, None, None), clip(u, max=100), clip(i, 3)",
                "f64 [0.0, -0.0, 1.0, -2.5, NaN, 1.0]; f64 [0.5, 0.5, 1.5, 0.5, NaN, inf]; i32 [3, -1, 7, 2, 255, 2]; u8 [3, 1, 7, 2, 100, 2]; i32 [3, 3, 7, 3, 255, 3]",
            ),
            (
                "sum(i, dtype=f32), sum(u, dtype=u8), sum(x, dtype=None), sum(f, dtype=f64)",
                "f32 268.0; u8 14; f64 NaN; f64 NaN",
            ),
            (
                "sum(i, dtype=bool), prod(u, dtype=int8), sum(p, dtype=int32), mean(i, dtype=f32)",
                "bool true; i8 -84; i32 3; f32 44.666668",
            ),
            (
                "mean(u, dtype=i32), var(i, dtype=f32), std(f*0 == 0, dtype=float64)",
                "i32 45; f32 8853.556; f64 0.4714045207910317",
            ),
            (
                "sum(i, initial=5), prod(i, initial=2), sum(u, axis=0, initial=10), sum(f, dtype=f64, initial=1)",
                "i64 273; i64 -42840; u64 280; f64 NaN",
            ),
            (
                "isclose(x, x, equal_nan=True), isclose(x, x), isclose(f, f + 1e-3, atol=0.01)",
                "bool [true, true, true, true, true, true]; bool [true, true, true, true, false, true]; bool [true, false, true, true, false, true]",
            ),
            (
                "isclose(i, 2), isclose(x, 1, equal_nan=True)",
                "bool [false, false, false, true, false, true]; bool [false, false, false, false, false, false]",
            ),
            (
                "x + 2**70, f + 2**70, f*1180591620717411303424, x < 2**70, i/2**70",
                "f64 [1.1805916207174113e21, 1.1805916207174113e21, 1.1805916207174113e21, 1.1805916207174113e21, NaN, inf]; f32 [1.1805916e21, NaN, 1.1805916e21, 1.1805916e21, NaN, 1.1805916e21]; f32 [1.7708874e21, NaN, -2.951479e20, 2.3611832e21, NaN, 4.7223665e21]; bool [true, true, true, true, false, false]; f64 [2.541098841762901e-21, -8.470329472543003e-22, 5.929230630780102e-21, 1.6940658945086007e-21, 2.1599340154984659e-19, 1.6940658945086007e-21]",
            ),
            (
                "v < 18446744073709551616, i == 99999999999999999999, x + 99999999999999999999",
                "bool [true, true, true, true, true, true]; bool [false, false, false, false, false, false]; f64 [1e20, 1e20, 1e20, 1e20, NaN, inf]",
            ),
        ],
    );
}
