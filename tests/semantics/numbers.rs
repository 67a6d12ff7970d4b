//! Numbers of each type, and what becomes of several.

use super::*;

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

/// From the width on nothing is left but the sign; so for negative counts.
#[test]
fn shifts_by_every_count() {
    macro_rules! each {
        ($($t:ident)*) => { $({
            let far = [0xffff, 0x1_0000, 0x1_0003, 0x100_0001, 0x1000_0000].into_iter();
            let counts = (0..=300).chain(far).filter_map(|n: i64| $t::try_from(n).ok()).chain([$t::MAX, $t::MIN]);
            let n: Array1<$t> = counts.collect();
            for number in [1, 0x5b, $t::MAX, $t::MAX / 3, $t::MIN] {
                let a = Array1::from_elem(n.len(), number);
                let zero: $t = 0;
                let count = |n: $t| u32::try_from(n).unwrap_or(u32::MAX);
                let left = n.mapv(|n| number.checked_shl(count(n)).unwrap_or(0));
                let right = n.mapv(|n| number.checked_shr(count(n)).unwrap_or(if number < zero { !zero } else { zero }));
                for executor in Executor::available() {
                    let run = |text: &str| -> Array1<$t> {
                        Expr::builder().executor(executor).compile(text).unwrap().eval(args![a, n]).unwrap()
                    };
                    assert_eq!(run("a << n"), left, "{number} << n");
                    assert_eq!(run("a >> n"), right, "{number} >> n");
                }
            }
        })* };
    }
    each! { i8 u8 i16 u16 i32 u32 i64 u64 }
}

/// An array of each type as argument, result, output and target; a number of each type as a bare argument and a result.
#[test]
fn every_type_goes_in_and_comes_out() {
    macro_rules! each {
        ($($t:ident $dtype:ident $one:expr, $two:expr;)*) => { $({
            let (one, two): ($t, $t) = ($one, $two);
            let x = array![one, two, one, two, two];
            for executor in Executor::available() {
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
