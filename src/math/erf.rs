//! Error functions.
//!
//! Comes in: x. Goes out: erf(x) or erfc(x). With a = |x|:
//!
//! 1. Below a = 1, `erf(x) = x + x*P(x*x)`; P is small (from 0.13 down to -0.16), so the one rounding of the last sum is nearly all
//!    of the error. `erfc(x) = 1 - x - x*P(x*x)`, where the error of `1 - x` is carried.
//! 2. From 1 on, `erfc(a) = exp(-a*a) * h(r) * r` with `r = 1/(a + 2)`. h is smooth and goes from 1.28 to 0.56 (at
//!    infinity), so one polynomial serves the whole half-line: the idea of Schonfelder 1978 and of Shepherd & Laframboise 1981.
//!    `h = 0.5625 + 2*r + Z(t)`, t being r stretched to (-1, 1): the first two are exact but for the error of r, Z is small
//!    (below 0.09). `r`, `h` and their product are pairs.
//! 3. `a*a` is a pair; `exp(-a*a) = 2**n * exp(s)`, `|s| <= log(2)/2` (Cody & Waite 1980), `exp(s) = 1 + s + s*s*Q(s)`, a pair too.
//! 4. The factors are multiplied, rounded once, and scaled by `2**n` in two steps, so that results below the least normal number
//!    are rounded at the very end.
//! 5. `erf(a) = 1 - erfc(a)`, `erfc(-a) = 2 - erfc(a)`.
//!
//! For `f32` the same is computed in `f64` with shorter polynomials and without pairs. Constants: `tools/math/erf.py`.

use super::double::{Pair, fast_sum, product};
use super::exp_scaled::{Power, exp_scaled, exp_scaled_for_f32};
use super::formula::V;

/// `erf(x)/x - 1`, by powers of x*x, for |x| <= 1: error 2^-56.9.
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

/// The same to 2^-34.8.
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

/// `erfc(a)*exp(a*a)*(a + 2) - 0.5625 - 2*r`, by powers of `t = SLOPE*r + SHIFT`, for 1 <= a <= 27.3: relative error of the whole
/// 2^-56.7.
const SCALED: [f64; 22] = [
    -0.06783147695118844,
    0.051613441524517585,
    0.10986919593454829,
    0.014605651113796858,
    -0.002517887603629757,
    -0.0011551136664055548,
    9.900441024091199e-05,
    9.307387607099714e-05,
    -1.1009268528621862e-05,
    -8.244296461285513e-06,
    1.9569826712743646e-06,
    6.55529575131977e-07,
    -3.355943565410927e-07,
    -1.738345801063047e-08,
    4.737096599324758e-08,
    -9.011928418038593e-09,
    -4.536847648301674e-09,
    2.5681397990869747e-09,
    1.0161428567705247e-10,
    -3.907247557453241e-10,
    2.9653245496067886e-11,
    3.0274337141742276e-11,
];
const SLOPE: f64 = 6.0625;
const SHIFT: f64 = -1.2060546875;

/// `erfc(a)*exp(a*a)*(a + 2)` for 1 <= a <= 10.1: relative error 2^-31.9.
const SCALED_F32: [f64; 10] = [
    0.9138548976975619,
    0.2992455377408025,
    0.06483128044466932,
    0.006154203054266435,
    -0.0009444012292000614,
    -0.0002831988989532315,
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

/// The error function; at most 0.8 ulp off.
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

/// `1 - erf(x)`; at most 0.9 ulp off.
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
    let y = a.lt(if x.is_f32() { 1.0 } else { 0.75 }).select(small, large);
    if x.is_f32() { y.to_f32() } else { y }
}

/// `erf(x)/x - 1` for |x| <= 1, for a result of the type of `like`.
fn small_quotient<'c>(like: V<'c>, x: V<'c>) -> V<'c> {
    let square = x * x;
    if like.is_f32() {
        square.estrin(&SMALL_F32)
    } else {
        square.fma(square.fma(square.estrin(&SMALL[2..]), SMALL[1]), SMALL[0])
    }
}

/// erfc(a) for 0.75 <= a <= 28, without a power of 2.
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
    let z = t.fma(t.estrin(&SCALED[1..]), r_lo.fma(slope, line.lo) + SCALED[0]);
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
