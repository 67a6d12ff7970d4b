//! Functions that are made of others, and forms that users of NumPy write.

use super::*;

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
