//! Logarithms: `log`, `log2`, `log10`, `log1p`, and those of pairs, on which other families build.
//!
//! Comes in: any float, or a [`Pair`] where the argument has more digits than a float. Method (fdlibm's, Ng 1993; Tang 1990;
//! Muller, Elementary Functions, chapter 11):
//!
//! 1. `x = 2^k (1 + f)`, `sqrt(1/2) <= 1 + f < sqrt 2`, on the bits: those of `sqrt(1/2)` subtracted, what is left in the
//!    exponent is `k`. Subnormal numbers are scaled first. `f` is exact.
//! 2. `log(1 + f) = f - f^2/2 + rest`. `f64`: with `s = f/(2 + f)` and `z = s^2`, `log(1 + f) = 2 atanh s`, and
//!    `rest = s f^2/2 + s z p(z)`. `f32`, without a division: `rest = f^3 p(f)`. `p` is a polynomial.
//! 3. `f - f^2/2` is a pair, times the logarithm of e if that is not 1, plus `k log 2` in two parts; the first part of `log 2`
//!    is short, so its product with `k` is exact. The sum is rounded, what it lost goes to the rest, which is some 2^-4 of the
//!    result at most. So the result carries little more than its own rounding. For `k = 0` nothing is lost: near 1 too
//!    the error is relative to the logarithm. It cannot cancel: the logarithm of `1 + f` is at most half of `log 2`.
//! 4. `log1p`: `k` from the rounded `1 + x`, with 3/4 in place of `sqrt(1/2)`, and `f = 2^-k x + (2^-k - 1)`. That is exact
//!    by the choice of 3/4: where `k > 0`, `2^-k x >= 1/4`, and where `k < 0`, `x <= -1/4`, so neither has digits below
//!    those of `f`. (The greatest float below 1/2, where `1 + x` rounds to 3/2, has one, a quarter of an ulp of the
//!    result.) Large `k` round `2^-k - 1`, where the result is so much larger that it does not count.
//!
//! The logarithm of a pair is `k log 2 + s (2 + z (2/3 + z (2/5 + z p(z))))`, all but `z p(z)` in pairs.
//!
//! Constants: `tools/math/log.py`.

use super::double::{Pair, fast_sum, product};
use super::formula::V;

/// What the logarithm to some base needs, of one type. Pairs are numbers as sums of two.
pub(super) struct Base {
    /// The logarithm of 2, or 2^-23 of it for `f32`, whose exponents are counted so. The first part is short: its product
    /// with an exponent is exact.
    pub log_2: [f64; 2],
    /// The logarithm of e, if it is not 1.
    log_e: Option<[f64; 2]>,
}

/// The unit in which exponents of `f32` are counted.
const UNIT_F32: f64 = 1.0 / 8_388_608.0;

/// Natural logarithm, of `f32` and of `f64`.
pub(super) const NATURAL: [Base; 2] = [
    Base { log_2: [0.693145751953125 * UNIT_F32, 1.428606765330187e-06 * UNIT_F32], log_e: None },
    Base { log_2: [0.6931471805598903, 5.497923018708371e-14], log_e: None },
];

/// Logarithm to base 2.
const BASE_2: [Base; 2] = [
    Base { log_2: [UNIT_F32, 0.0], log_e: Some([1.4426950216293335, 1.925963033500011e-08]) },
    Base { log_2: [1.0, 0.0], log_e: Some([std::f64::consts::LOG2_E, 2.0355273740931033e-17]) },
];

/// Logarithm to base 10.
const BASE_10: [Base; 2] = [
    Base {
        log_2: [0.30103302001953125 * UNIT_F32, -3.024355464731343e-06 * UNIT_F32],
        log_e: Some([0.4342944920063019, -1.0103049952192578e-08]),
    },
    Base {
        log_2: [0.30102999566395283, 2.8363394551044964e-14],
        log_e: Some([std::f64::consts::LOG10_E, 1.098319650216765e-17]),
    },
];

/// The series in z of `f64` from z on, for f from sqrt(1/2) - 1 to sqrt(2) - 1: relative error of the logarithm 2^-57.6.
const SERIES: [f64; 7] = [
    0.666666666666667,
    0.39999999999899455,
    0.2857142862611354,
    0.22222211107416207,
    0.18182891187710543,
    0.15331654150232663,
    0.14617254069094063,
];

/// The same for f from -1/4 to 1/2: 2^-60.9.
pub(super) const SERIES_WIDE: [f64; 8] = [
    0.6666666666666666,
    0.4000000000000905,
    0.28571428566986845,
    0.22222223081160236,
    0.18181735735151786,
    0.15388925595300687,
    0.13208818222417312,
    0.13614451547367623,
];

/// The coefficients of f^3, f^4 ... for `f32`, for f from sqrt(1/2) - 1 to sqrt(2) - 1: 2^-27.
const TAYLOR: [f64; 8] = [
    0.33333316445350647,
    -0.25000810623168945,
    0.20002301037311554,
    -0.16624557971954346,
    0.14180946350097656,
    -0.13128501176834106,
    0.12882959842681885,
    -0.07861702889204025,
];

/// The same for f from -1/4 to 1/2: 2^-27.
pub(super) const TAYLOR_WIDE: [f64; 8] = [
    0.33333447575569153,
    -0.2500019371509552,
    0.19991113245487213,
    -0.1664377748966217,
    0.14467471837997437,
    -0.13186363875865936,
    0.1058296337723732,
    -0.04617496207356453,
];

/// The bits of the sign and the exponent of an `f64`.
const EXPONENT: i64 = -1 << 52;
/// Those of an `f32`.
pub(super) const EXPONENT_F32: i64 = -1 << 23;

/// 1.5*2^52: an integer that is added to its bits is added to the number.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// Of a positive normal `f64`: its exponent `k` as bits in their place and as a float, where `from <= u/2^k < 2*from`.
pub(super) fn exponent<'c>(u: V<'c>, from: f64) -> (V<'c>, V<'c>) {
    let bits = u.bits() - from.to_bits() as i64;
    let k = (bits >> 52i64) + MAGIC.to_bits() as i64;
    (bits & EXPONENT, k.as_float() - MAGIC)
}

/// The same of an `f32`, where the float is 2^23 k: what the bits are as an integer.
fn exponent_f32<'c>(u: V<'c>, from: f32) -> (V<'c>, V<'c>) {
    let field = (u.bits() - i64::from(from.to_bits() as i32)) & EXPONENT_F32;
    (field, field.to_f32())
}

/// Of a positive finite `f64`: `k` and `m` with `x = 2^k m`, `m` from sqrt(1/2) to sqrt 2.
pub(super) fn reduced<'c>(x: V<'c>) -> (V<'c>, V<'c>) {
    let tiny = x.lt(f64::MIN_POSITIVE);
    let bits = tiny.select(x * 18_014_398_509_481_984.0, x).bits();
    let high = bits - std::f64::consts::FRAC_1_SQRT_2.to_bits() as i64;
    let k = (high >> 52i64) + MAGIC.to_bits() as i64;
    let k = k.as_float() - tiny.select(x.number(MAGIC + 54.0), MAGIC);
    (k, (bits - (high & EXPONENT)).as_float())
}

/// The same of an `f32`, with 2^23 k.
fn reduced_f32<'c>(x: V<'c>) -> (V<'c>, V<'c>) {
    let tiny = x.lt(f64::from(f32::MIN_POSITIVE));
    let x = tiny.select(x * 16_777_216.0, x);
    let (field, k) = exponent_f32(x, std::f32::consts::FRAC_1_SQRT_2);
    (k - tiny.select(x.number(24.0 / UNIT_F32), 0.0), (x.bits() - field).as_float())
}

/// The logarithm of `2^k (1 + f)`. For `f64`, `s` is `f/(2 + f)`, and `c` are the coefficients of z; for `f32` those of f.
fn log_of<'c>(k: V<'c>, f: V<'c>, s: Option<V<'c>>, c: &[f64], base: &[Base; 2]) -> V<'c> {
    let base = &base[usize::from(!f.is_f32())];
    // f - f^2/2 as a pair.
    let (a, b) = if f.is_f32() { (f * f, f.number(0.5)) } else { (f * 0.5, f) };
    let hi = (-a).fma(b, f);
    let mut main = Pair { hi, lo: (-a).fma(b, f - hi) };
    if let Some(log_e) = base.log_e {
        let hi = hi * log_e[0];
        let lo = main.hi.fma(log_e[0], -hi);
        main = Pair { hi, lo: main.lo.fma(log_e[0], main.hi.fma(log_e[1], lo)) };
    }
    // The part of 2^k, and what the sum loses.
    let of_k = if base.log_2[0] == 1.0 { k } else { k * base.log_2[0] };
    let sum = fast_sum(of_k, main.hi);
    let lost = if base.log_2[1] == 0.0 { sum.lo } else { k.fma(base.log_2[1], sum.lo) };
    let rest = lost + main.lo;
    // The terms from the third power on, the polynomial as two halves.
    let scaled = |v: V<'c>| base.log_e.map_or(v, |log_e| v * log_e[0]);
    let (rest, z, cube) = match s {
        Some(s) => {
            let z = s * s;
            let s = scaled(s);
            (s.fma(a * f, rest), z, s * z)
        }
        None => (rest, f, scaled(f) * (f * f)),
    };
    let (low, high) = c.split_at(4);
    let square = z * z;
    let p = z.estrin(high).fma(square * square, z.estrin(low));
    sum.hi + cube.fma(p, rest)
}

/// The logarithm of `x` from its value `y` at positive finite numbers, with the values elsewhere; for `log1p` of `1 + x`
/// with -1 as the pole.
fn complete<'c>(x: V<'c>, y: V<'c>, pole: f64) -> V<'c> {
    let y = x.lt(f64::INFINITY).select(y, x);
    let at_pole = x.eq(pole).select(x.number(f64::NEG_INFINITY), f64::NAN);
    x.gt(pole).select(y, at_pole)
}

fn log_to<'c>(x: V<'c>, base: &[Base; 2]) -> V<'c> {
    let y = if x.is_f32() {
        let (k, m) = reduced_f32(x);
        log_of(k, m - 1.0, None, &TAYLOR, base)
    } else {
        let (k, m) = reduced(x);
        let f = m - 1.0;
        log_of(k, f, Some(f / (m + 1.0)), &SERIES, base)
    };
    complete(x, y, 0.0)
}

/// Natural logarithm. Error: see the row.
pub(super) fn log<'c>(x: V<'c>) -> V<'c> {
    log_to(x, &NATURAL)
}

/// Logarithm to base 2. Error: see the row. Exact at powers of 2.
pub(super) fn log2<'c>(x: V<'c>) -> V<'c> {
    log_to(x, &BASE_2)
}

/// Logarithm to base 10. Error: see the row. Exact at powers of 10.
pub(super) fn log10<'c>(x: V<'c>) -> V<'c> {
    log_to(x, &BASE_10)
}

/// `log(1 + x)`, near 0 too. Error: see the row.
pub(super) fn log1p<'c>(x: V<'c>) -> V<'c> {
    let u = x + 1.0;
    let (field, k) = if x.is_f32() { exponent_f32(u, 0.75) } else { exponent(u, 0.75) };
    let (f, _) = shifted(x, field);
    let y = if x.is_f32() {
        log_of(k, f, None, &TAYLOR_WIDE, &NATURAL)
    } else {
        log_of(k, f, Some(f / (f + 2.0)), &SERIES_WIDE, &NATURAL)
    };
    // Zeros keep their sign, subnormal numbers all their digits.
    x.abs().lt(1e-30).select(x, complete(x, y, -1.0))
}

/// `f` with `1 + x = 2^k (1 + f)`, and `2^(2-k)`: `f = 2^-k x + (2^-k - 1)`.
fn shifted<'c>(x: V<'c>, field: V<'c>) -> (V<'c>, V<'c>) {
    let up = (x.number(4.0).bits() - field).as_float();
    ((x * 0.25).fma(up, up.fma(0.25, -1.0)), up)
}

/// What the logarithm of a pair of `f64` needs.
pub(super) struct PairBase {
    /// The logarithm of 2; the first part is short.
    pub log_2: [f64; 2],
    /// The series: its first term, 2 times the logarithm of e.
    pub first: [f64; 2],
    /// 2/3 of it.
    pub second: [f64; 2],
    /// The coefficients from z^2 on.
    pub series: &'static [f64],
}

/// Natural logarithm, for f from -1/4 to 1/2: relative error 2^-70.
const NATURAL_PAIR: PairBase = PairBase {
    log_2: NATURAL[1].log_2,
    first: [2.0, 0.0],
    second: [0.6666666666666666, 3.700743415417188e-17],
    series: &[
        0.4,
        0.2857142857142585,
        0.2222222222320092,
        0.1818181802254692,
        0.15384629292844448,
        0.13332631188031083,
        0.11785586621393765,
        0.10172726813788588,
        0.12545041932963194,
    ],
};

/// Natural logarithm of a positive normal pair of `f64`; relative error 2^-66, near 1 too.
pub(super) fn log_pair<'c>(x: Pair<'c>) -> Pair<'c> {
    let (field, k) = exponent(x.hi, std::f64::consts::FRAC_1_SQRT_2);
    let m = (x.hi.bits() - field).as_float();
    let up = (m.number(4.0).bits() - field).as_float();
    let f = fast_sum(m - 1.0, (x.lo * 0.25) * up);
    pair_of(k, f, fast_sum(m.number(2.0), f.hi), &NATURAL_PAIR)
}

/// `log(1 + x)` of a pair of `f64`, `1 + x` positive and finite; relative error 2^-65, near 0 too (2^-58 from 2^53 on).
/// Zeros may lose their sign.
pub(super) fn log1p_pair<'c>(x: Pair<'c>) -> Pair<'c> {
    let (field, k) = exponent(x.hi + 1.0, 0.75);
    let (f, up) = shifted(x.hi, field);
    let error = (x.hi * 0.25).fma(up, up.fma(0.25, -1.0) - f);
    let f = fast_sum(f, (x.lo * 0.25).fma(up, error));
    pair_of(k, f, fast_sum(x.hi.number(2.0), f.hi), &NATURAL_PAIR)
}

/// The logarithm of `2^k (1 + f)`, where `2 + f = d + f.lo`.
fn pair_of<'c>(k: V<'c>, f: Pair<'c>, d: Pair<'c>, base: &PairBase) -> Pair<'c> {
    // s = f/(2 + f)
    let r = 1.0 / d.hi;
    let s = f.hi * r;
    let rest = (-s).fma(d.hi, f.hi) + f.lo;
    let s = Pair { hi: s, lo: (-s).fma(d.lo + f.lo, rest) * r };
    series_of(k, s, base)
}

/// The logarithm of `2^k (1 + f)` from `s = f/(2 + f)`.
pub(super) fn series_of<'c>(k: V<'c>, s: Pair<'c>, base: &PairBase) -> Pair<'c> {
    // z = s^2
    let z = product(s.hi, s.hi);
    let z = Pair { hi: z.hi, lo: (s.hi + s.hi).fma(s.lo, z.lo) };
    // The series, its first three terms as pairs.
    let [third, series @ ..] = base.series else { return s };
    let p = z.hi.estrin(series);
    let q = z.hi.fma(p, *third);
    let q = Pair { hi: q, lo: z.hi.fma(p, *third - q) };
    let number = |c: f64| (c != 0.0).then(|| k.number(c));
    let q = z.times_plus(q, k.number(base.second[0]), number(base.second[1]));
    let q = z.times_plus(q, k.number(base.first[0]), number(base.first[1]));
    let [hi, low] = base.log_2;
    let of_k = if hi == 1.0 { k } else { k * hi };
    s.times_plus(q, of_k, number(low).map(|low| k * low))
}
