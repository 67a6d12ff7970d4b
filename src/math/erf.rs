//! Error functions.
//!
//! Comes in: x. Goes out: erf(x) or erfc(x). With a = |x|:
//!
//! 1. About 0 (erf: below 7/8, erfc: below 23/32), `erf(x) = x + x*P(x*x)`; P is small (from 0.13 down to -0.12), so the one
//!    rounding of the last sum is most of the error. `erfc(x) = 1 - x - x*P(x*x)`, where the error of `1 - x` is carried.
//! 2. From there on, `erfc(a) = exp(-a*a) * h(r) * r` with `r = 1/(a + 2)`. h is smooth and goes from 1.41 to 0.56 (at
//!    infinity), so one polynomial serves the whole half-line: the idea of Schonfelder 1978 and of Shepherd & Laframboise 1981.
//!    `h = 0.5625 + 2*r + Z(t)`, t being r stretched to (-1, 1): the first two are exact but for the error of r, Z is small
//!    (below 0.14). `r`, `h` and their product are pairs.
//! 3. `a*a` is a pair, and `exp(-a*a)` is one too (`exp_scaled`).
//! 4. The factors are multiplied, rounded once, and scaled by `2**n` in two steps, so that results below the least normal number
//!    are rounded at the very end.
//! 5. `erf(a) = 1 - erfc(a)`, `erfc(-a) = 2 - erfc(a)`.
//!
//! For `f32` the same is computed in `f64` with shorter polynomials and without pairs, 1 being the limit in step 1.
//! Constants: `tools/math/erf.py`.

use super::double::{Pair, fast_sum, product};
use super::exp_scaled::{Power, exp_scaled, exp_scaled_for_f32};
use super::formula::V;

/// `erf(x)/x - 1`, by powers of x*x, for |x| <= 7/8: error 2^-61.
const SMALL: [f64; 12] = [
    0.1283791670955126,
    -0.3761263890318374,
    0.11283791670954368,
    -0.02686617064494555,
    0.005223977623090287,
    -0.0008548326847568145,
    0.00012055324632984053,
    -1.4925388939350255e-05,
    1.6456634810815938e-06,
    -1.628950725852667e-07,
    1.4124232165632782e-08,
    -8.669728748287094e-10,
];

/// The same for |x| <= 1, to 2^-34.8.
const SMALL_F32: [f64; 8] = [
    0.12837916706317837,
    -0.3761263848395393,
    0.11283782748887525,
    -0.026865445893359985,
    0.005221075017217327,
    -0.000848471269566868,
    0.00011270548762792266,
    -9.680137052014569e-06,
];

/// `erfc(a)*exp(a*a)*(a + 2) - 0.5625 - 2*r`, by powers of `t = SLOPE*r + SHIFT`, for 0.71875 <= a <= 27.3: relative error of the
/// whole 2^-61.
const SCALED: [f64; 23] = [
    -0.06718672555779788,
    0.05493252201978706,
    0.11300652822966181,
    0.014997090230323829,
    -0.0027116086412720185,
    -0.0012165204114710836,
    0.00011463999991695563,
    9.978234022286963e-05,
    -1.3063441303631096e-05,
    -8.886513302258336e-06,
    2.2940566906819246e-06,
    6.893757774137778e-07,
    -3.883552856086742e-07,
    -1.1071284500011481e-08,
    5.354114383217021e-08,
    -1.1629553461280894e-08,
    -4.567129991013048e-09,
    3.064694819398101e-09,
    -1.8683794082541249e-10,
    -4.3870662224397936e-10,
    1.3635093529224023e-10,
    3.081763341337906e-11,
    -1.6993967783045567e-11,
];
const SLOPE: f64 = 5.9921875;
const SHIFT: f64 = -1.2041015625;

/// `erfc(a)*exp(a*a)*(a + 2)` for 1 <= a <= 10.1: relative error 2^-31.9.
const SCALED_F32: [f64; 10] = [
    0.9138548976975619,
    0.2992455377408025,
    0.06483128044466932,
    0.006154203054266434,
    -0.0009444012292000614,
    -0.00028319889895323154,
    2.5524433692894075e-05,
    1.2770810488670982e-05,
    -1.3297576769932094e-06,
    -5.523860203604354e-07,
];
const SLOPE_F32: f64 = 7.9765625;
const SHIFT_F32: f64 = -1.6591796875;

/// Results that may be subnormal are scaled up by 2^256 first.
const UP: i64 = 256;
/// 2^-256.
const DOWN: f64 = 8.636168555094445e-78;
/// The sign bit.
const SIGN: i64 = i64::MIN;

/// The error function; at most 0.85 ulp off (`f32`: 0.51).
pub(super) fn erf<'c>(x: V<'c>) -> V<'c> {
    let wide = x.to_f64();
    let a = wide.abs();
    // From 6 on the result is 1. (The order of the comparison keeps NaN.)
    let clamped = a.gt(6.0).select(wide.number(6.0), a);
    let (rest, power) = if x.is_f32() { tail_for_f32(clamped) } else { tail(clamped) };
    let large = 1.0 - rest * power.times_2_to(0);
    let large = (large.bits() | (wide.bits() & SIGN)).as_float();
    let small = wide.fma(small_quotient(x, wide), wide);
    let y = a.lt(if x.is_f32() { 1.0 } else { 0.875 }).select(small, large);
    if x.is_f32() { y.to_f32() } else { y }
}

/// `1 - erf(x)`; at most 0.9 ulp off (`f32`: 0.51).
pub(super) fn erfc<'c>(x: V<'c>) -> V<'c> {
    let wide = x.to_f64();
    let a = wide.abs();
    // From 28 on the result is 0.
    let clamped = a.gt(28.0).select(wide.number(28.0), a);
    let (rest, power) = if x.is_f32() { tail_for_f32(clamped) } else { tail(clamped) };
    let large = rest * power.times_2_to(UP) * wide.number(DOWN);
    let large = wide.lt(0.0).select(2.0 - large, large);
    let one = fast_sum(wide.number(1.0), -wide);
    let small = one.hi - wide.fma(small_quotient(x, wide), -one.lo);
    let y = a.lt(if x.is_f32() { 1.0 } else { 0.71875 }).select(small, large);
    if x.is_f32() { y.to_f32() } else { y }
}

/// `erf(x)/x - 1` of a small x, for a result of the type of `like`.
fn small_quotient<'c>(like: V<'c>, x: V<'c>) -> V<'c> {
    let square = x * x;
    if like.is_f32() {
        square.estrin(&SMALL_F32)
    } else {
        square.fma(square.fma(square.estrin(&SMALL[2..]), SMALL[1]), SMALL[0])
    }
}

/// erfc(a) for 0.71875 <= a <= 28, without a power of 2.
fn tail<'c>(a: V<'c>) -> (V<'c>, Power<'c>) {
    let square = product(a, a);
    let (exp, power) = exp_scaled(Pair { hi: -square.hi, lo: -square.lo });
    // r, and what a sum and a quotient have lost.
    let below = a + 2.0;
    let r = 1.0 / below;
    let r_lo = r * (-r).fma(below, 1.0) - r * r * (a - (below - 2.0));
    // h: the error of r counts in the line and, by the first terms of its slope, in Z.
    let line = fast_sum(a.number(0.5625), r + r);
    let t = r.fma(SLOPE, SHIFT);
    let slope = t.fma(2.0 * SLOPE * SCALED[2], 2.0 + SLOPE * SCALED[1]);
    // (The first terms one by one: Estrin's rule would round them once more.)
    let rest = t.fma(t.fma(t.estrin(&SCALED[3..]), SCALED[2]), SCALED[1]);
    let z = t.fma(rest, r_lo.fma(slope, line.lo) + SCALED[0]);
    let h = fast_sum(line.hi, z);
    let p = h.times_pair(Pair { hi: r, lo: r_lo });
    (exp.hi.fma(p.hi, exp.hi.fma(p.lo, exp.lo * p.hi)), power)
}

/// erfc(a) for 1 <= a <= 28, to 2^-31; less beyond 10.1, where the result is 0 in `f32`.
fn tail_for_f32<'c>(a: V<'c>) -> (V<'c>, Power<'c>) {
    let (exp, power) = exp_scaled_for_f32(-(a * a));
    let r = 1.0 / (a + 2.0);
    let h = r.fma(SLOPE_F32, SHIFT_F32).estrin(&SCALED_F32);
    (exp * (h * r), power)
}
