//! Gamma functions.
//!
//! Comes in: x. Goes out: `gamma(x)`, or `lgamma(x) = log |gamma(x)|`. With a = |x|:
//!
//! 1. `z = a + 6` below `a = 6`, else `z = a`; `gamma(a) = gamma(z)/(a (a+1) ... (a+5))`. With `y = a (a + 5)` that product is
//!    `y (y + 4) (y + 6)`.
//! 2. Stirling's formula, `log gamma(z) = (z - 1/2)(log z - 1) + (log(2 pi) - 1)/2 + p(1/z^2)/z`. The coefficients of p are
//!    minimax, not Bernoulli's, so 8 terms are enough from z = 6 on.
//! 3. Negative x: `gamma(-a) = -pi/(a sin(pi a) gamma(a))`. With `r = a - round(a)`, which is exact, and
//!    `sin(pi r) = pi r S(r^2)`, pi cancels: `gamma(-a) = -(-1)^round(a) / (a r S(r^2) gamma(a))`.
//! 4. gamma: numerator and denominator of all that are pairs, their quotient is rounded once and scaled last.
//! 5. lgamma: the factors of 1 and 3 are multiplied as pairs, and the logarithm of the product is subtracted. Where
//!    that cancels, from 3/4 to 9/4, `lgamma(x) = (x - 1)(x - 2)(1/2 + q(x))`, q a quotient of polynomials. About its
//!    zeros on the negative axis lgamma has a small absolute error instead.
//!
//! Every step of `f64` carries pairs where its error would count. For `f32` the same is computed in `f64` without pairs.
//! (Lanczos 1964 would do without step 1, but a Lanczos sum of the same accuracy is a quotient of degree 12.)
//! Constants: `tools/math/gamma.py`.

use super::double::{Pair, fast_sum, product, sum};
use super::exp_scaled::{Power, exp_scaled, exp_scaled_for_f32};
use super::formula::V;
use super::log::{exponent, log_pair};

/// `(log(2 pi) - 1)/2`.
const LOG_2_PI: [f64; 2] = [0.4189385332046727, 1.6728209650585413e-17];

/// `p(1/z^2)`, what Stirling's formula leaves, times z, for z >= 6: error 2^-60.
const STIRLING: [f64; 8] = [
    0.08333333333333333,
    -0.00277777777777372,
    0.0007936507905112756,
    -0.0005952371666685362,
    0.0008416149754885447,
    -0.0019065742591026578,
    0.005905958600109539,
    -0.016495381393282802,
];

/// What the first one has lost.
const STIRLING_0_LO: [f64; 1] = [3.764771935668937e-18];

/// The same to 2^-38.
const STIRLING_F32: [f64; 4] =
    [0.08333333332995645, -0.0027777738299557234, 0.0007929275564393072, -0.000552293276285598];

/// `-pi^2/6`: `sin(pi r)/(pi r) = 1 + u (SINE_1 + u SINE(u))`, `u = r^2`.
const SINE_1: [f64; 2] = [-1.6449340668482264, -3.040672350398476e-17];

/// For |r| <= 1/2: error of the whole 2^-60.
const SINE: [f64; 7] = [
    0.811742425283353,
    -0.19075182412198008,
    0.02614784781355398,
    -0.002346080965768746,
    0.00014842817952776563,
    -6.972940593676309e-06,
    2.45875625187663e-07,
];

/// What the first one has lost.
const SINE_0_LO: [f64; 1] = [1.149747618394024e-17];

/// The same to 2^-34.
const SINE_F32: [f64; 4] = [0.8117423780924602, -0.19075006248697127, 0.026127608815787733, -0.0022536634022729102];

/// `lgamma(x)/((x - 1)(x - 2)) = 1/2 + q(t)`, `t = x - 3/2`, for 3/4 <= x <= 9/4, where
/// `q(t) = c + d*t + t*t*q'(x - 3/4)`. First c and d,
const MIDDLE_LINE: [f64; 2] = [-0.01687104945901911, -0.14595989591430608];
/// then the numerator of q',
const MIDDLE: [f64; 7] = [
    0.10293363929499509,
    0.366419620426773,
    0.48959206794480553,
    0.3060099022432674,
    0.09094191129005631,
    0.011546297467546644,
    0.0004506924792939775,
];
/// and the denominator; error 2^-57. (About 3/4 the denominator has positive terms only.)
const MIDDLE_BELOW: [f64; 8] = [
    1.0,
    4.4578465588008696,
    7.853373972733877,
    6.960572606431028,
    3.27268157892676,
    0.7901815601411506,
    0.08659117278174215,
    0.003091889183274799,
];

/// `q(t)` as one quotient, to 2^-34.
const MIDDLE_F32: [f64; 5] =
    [-0.01687104943052163, -0.17164339610558949, -0.17253073003104896, -0.0527017924647046, -0.00420848237160628];
const MIDDLE_BELOW_F32: [f64; 5] =
    [1.0, 1.5223415561777147, 0.7848541675494987, 0.15462711262046572, 0.008909725674770365];

/// `200 log 2`.
const LN_2_200: [f64; 2] = [138.62943611198907, -3.3555121496085278e-15];

/// `log((1 + s)/(1 - s)) = s (2 + u LOG(u))`, `u = s^2`, for |s| <= 0.172: relative error 2^-58.
const LOG: [f64; 7] = [
    0.6666666666666698,
    0.3999999999961454,
    0.28571428703127777,
    0.22222202228171983,
    0.1818338896467971,
    0.15318243525199096,
    0.14756383732344622,
];

/// The same to 2^-43.
const LOG_F32: [f64; 5] =
    [0.6666666667314537, 0.3999999636875349, 0.2857204001170761, 0.22178790062718706, 0.19549783040962135];

/// Below, `z = a + SHIFT`.
const SHIFT: f64 = 6.0;

/// lgamma is computed at this part of its size, so that nothing overflows before the last product.
const SCALE: f64 = 1.0 / 4096.0;

/// 2^52: above it, the last bit of a float is that of the integer.
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// The sign bit.
const SIGN: i64 = i64::MIN;

/// Gamma function; at most 0.85 ulp off (`f32`: 0.51). NaN at the negative integers, infinite at zeros, with their sign.
pub(super) fn gamma<'c>(x: V<'c>) -> V<'c> {
    if x.is_f32() { gamma_for_f32(x.to_f64()).to_f32() } else { gamma_f64(x) }
}

/// Logarithm of the magnitude of the gamma function. Infinite at zero and the negative integers.
///
/// At most 1 ulp off (`f32`: 0.55), except next to the zeros between -2.4 and -10: there the error is at most 2^-60,
/// which is more than an ulp where the result is below 5e-3 or so.
pub(super) fn lgamma<'c>(x: V<'c>) -> V<'c> {
    if x.is_f32() { lgamma_for_f32(x.to_f64()).to_f32() } else { lgamma_f64(x) }
}

/// `a + 6` for `a < 6`, else `a`; and whether `a < 6`.
fn shifted<'c>(a: V<'c>) -> (Pair<'c>, V<'c>) {
    let low = a.lt(SHIFT);
    let add = low.select(a.number(SHIFT), 0.0);
    let z = a + add;
    (Pair { hi: z, lo: a - (z - add) }, low)
}

/// `(a + 1)(a + 2)(a + 3)(a + 4)(a + 5)` for `0 <= a < 6`.
fn product_of_5<'c>(a: V<'c>) -> Pair<'c> {
    let t = fast_sum(a.number(5.0), a);
    let y = t.times(a);
    let plus = |c: f64| {
        let s = sum(y.hi, a.number(c));
        Pair { hi: s.hi, lo: s.lo + y.lo }
    };
    t.times_pair(plus(4.0).times_pair(plus(6.0)))
}

/// `log gamma(z)` for 6 <= z <= 190; error 2^-59.
fn stirling<'c>(z: Pair<'c>) -> Pair<'c> {
    let log = log_pair(z);
    let m = Pair { hi: log.hi - 1.0, lo: log.lo };
    let w = z.hi - 0.5;
    let p = product(w, m.hi);
    let v = 1.0 / z.hi;
    let rest = (v * v).estrin(&STIRLING).fma(v, LOG_2_PI[1]);
    let s = fast_sum(p.hi, z.hi.number(LOG_2_PI[0]));
    fast_sum(s.hi, s.lo + (z.lo.fma(m.hi, w.fma(m.lo, p.lo)) + rest))
}

/// `SCALE * log gamma(z)` for any `z >= 6`; error 2^-63, relative or times SCALE.
fn stirling_scaled<'c>(z: Pair<'c>) -> Pair<'c> {
    let log = log_pair(z);
    let m = Pair { hi: log.hi - 1.0, lo: log.lo };
    let w = fast_sum(z.hi * SCALE, z.hi.number(-0.5 * SCALE));
    let w_lo = z.lo.fma(SCALE, w.lo);
    let p = product(w.hi, m.hi);
    let p_lo = w_lo.fma(m.hi, w.hi.fma(m.lo, p.lo));
    // 1/(12 z), the first term of what Stirling's formula leaves, as a pair.
    let v = 1.0 / z.hi;
    let v_lo = v * (-v).fma(z.lo, (-v).fma(z.hi, 1.0));
    let first = product(v, v.number(STIRLING[0] * SCALE));
    let first_lo = v_lo.fma(STIRLING[0] * SCALE, v.fma(STIRLING_0_LO[0] * SCALE, first.lo));
    let square = v * v;
    let rest = (square * v).fma(square.estrin(&STIRLING[1..]) * SCALE, first_lo);
    let s = fast_sum(p.hi, z.hi.number(LOG_2_PI[0] * SCALE));
    let t = fast_sum(s.hi, first.hi);
    fast_sum(t.hi, (s.lo + t.lo) + (p_lo + (rest + LOG_2_PI[1] * SCALE)))
}

/// `sin(pi r)/(pi r)` for |r| <= 1/2; error 2^-57.
fn sine<'c>(r: V<'c>) -> Pair<'c> {
    let u = product(r, r);
    sine_of(u, fast_sum(r.number(SINE_1[0]), u.hi.fma(u.hi.estrin(&SINE), SINE_1[1])))
}

/// The same; error 2^-61.
fn sine_fine<'c>(r: V<'c>) -> Pair<'c> {
    let u = product(r, r);
    let c = u.times_pair(fast_sum(r.number(SINE[0]), u.hi.fma(u.hi.estrin(&SINE[1..]), SINE_0_LO[0])));
    let s = fast_sum(r.number(SINE_1[0]), c.hi);
    sine_of(u, Pair { hi: s.hi, lo: s.lo + (c.lo + SINE_1[1]) })
}

/// `1 + u*c`.
fn sine_of<'c>(u: Pair<'c>, c: Pair<'c>) -> Pair<'c> {
    let p = u.times_pair(c);
    let s = fast_sum(u.hi.number(1.0), p.hi);
    Pair { hi: s.hi, lo: s.lo + p.lo }
}

/// One or the other pair.
fn select<'c>(mask: V<'c>, yes: Pair<'c>, no: Pair<'c>) -> Pair<'c> {
    Pair { hi: mask.select(yes.hi, no.hi), lo: mask.select(yes.lo, no.lo) }
}

/// Distance from the nearest integer; NaN at integers.
fn from_integer<'c>(a: V<'c>) -> V<'c> {
    let r = a - a.round();
    r.eq(0.0).select(r.number(f64::NAN), r)
}

/// The sign bit of `gamma(x)`, for `a = |x|`: set between 0 and -1, -2 and -3, ...
fn sign_of_gamma<'c>(negative: V<'c>, a: V<'c>) -> V<'c> {
    let odd = (a + TWO_52).bits() << 63;
    negative.select(odd ^ SIGN, 0)
}

/// `2^n`, or `2^-n` where the mask is set, as two factors: the result may be subnormal, or overflow.
fn scaled<'c>(y: V<'c>, negative: V<'c>, power: Power<'c>) -> V<'c> {
    const DOWN: i64 = 256 << 52;
    const ONE: i64 = 1023 << 52;
    let field = power.field() - DOWN;
    let first = (negative.select(-field, field) + ONE).as_float();
    let second = negative.select(y.number(8.636168555094445e-78), 1.157920892373162e77);
    y * first * second
}

fn gamma_f64<'c>(x: V<'c>) -> V<'c> {
    let a = x.abs();
    let negative = x.lt(0.0);
    let one = Pair { hi: x.number(1.0), lo: x.number(0.0) };
    // From 190 on the result overflows, or is 0.
    let (z, low) = shifted(a.gt(190.0).select(x.number(190.0), a));
    let (e, power) = exp_scaled(stirling(z));
    let shift = select(low, product_of_5(a).times(a), one);
    let r = from_integer(a);
    let reflected = sine(r).times_pair(product(a, r)).times_pair(e);
    // The quotient of pairs.
    let above = select(negative, shift, e);
    let below = select(negative, reflected, shift);
    let inverse = 1.0 / below.hi;
    let q = above.hi * inverse;
    let error = (-q).fma(below.lo, (-q).fma(below.hi, above.hi) + above.lo);
    let y = scaled(error.fma(inverse, q), negative, power);
    let y = (y.bits() ^ sign_of_gamma(negative, a)).as_float();
    // About 0 it is 1/x, and the products above may be below the least number.
    a.lt(2f64.powi(-55)).select(1.0 / x, y)
}

fn gamma_for_f32<'c>(x: V<'c>) -> V<'c> {
    let a = x.abs();
    let negative = x.lt(0.0);
    // From 64 on the result overflows `f32`, or is 0.
    let (z, low) = shifted(a.gt(64.0).select(x.number(64.0), a));
    let v = 1.0 / z.hi;
    let m = log_for_f32(z.hi, &LOG_F32) - 1.0;
    let rest = (v * v).estrin(&STIRLING_F32).fma(v, LOG_2_PI[0]);
    let (e, power) = exp_scaled_for_f32((z.hi - 0.5).fma(m, rest));
    let e = e * power.times_2_to(0);
    let shift = rising_for_f32(a);
    let r = from_integer(a);
    let reflected = sine_for_f32(r, &SINE_F32) * r * low.select(x.number(1.0), a) * e;
    // x itself below, for the sign of zero.
    let above = negative.select(low.select(shift, 1.0), e);
    let below = negative.select(reflected, low.select(shift * x, 1.0));
    ((above / below).bits() ^ sign_of_gamma(negative, a)).as_float()
}

/// `log gamma` of a positive number next to 1 or 2, 0.75 to 2.25.
fn middle<'c>(x: V<'c>) -> V<'c> {
    let t = x - 1.5;
    let from_start = x - 0.75;
    let rest = from_start.estrin(&MIDDLE) / from_start.estrin(&MIDDLE_BELOW);
    let q = t.fma(t.fma(rest, MIDDLE_LINE[1]), MIDDLE_LINE[0]);
    let from_1 = x - 1.0;
    let from_2 = fast_sum(x.number(-2.0), x);
    let u = product(from_1, from_2.hi);
    let u_lo = from_1.fma(from_2.lo, u.lo);
    u.hi.fma(0.5, u.hi.fma(q, u_lo * 0.5))
}

fn lgamma_f64<'c>(x: V<'c>) -> V<'c> {
    let a = x.abs();
    let negative = x.lt(0.0);
    let one = Pair { hi: x.number(1.0), lo: x.number(0.0) };
    let (z, low) = shifted(a);
    let main = stirling_scaled(z);
    let main = select(negative, Pair { hi: -main.hi, lo: -main.lo }, main);
    // What the logarithm is taken of: for x > 0 the product of 1, for x < 0 that of 3 over the one of 1.
    let shift = product_of_5(a);
    let inverse = 1.0 / shift.hi;
    let inverse_lo = inverse * (-inverse).fma(shift.lo, (-inverse).fma(shift.hi, 1.0));
    let first = select(low, Pair { hi: inverse, lo: inverse_lo }, Pair { hi: a, lo: x.number(0.0) });
    let r = a - a.round();
    let product = select(negative, first, shift).times(negative.select(r.abs(), a));
    let product = product.times_pair(select(negative, sine_fine(r), one));
    let product = select(negative | low, product, one);
    // About 0 it is -log(a), and the products above may be below the least number.
    let tiny = a.lt(2f64.powi(-100));
    let product = select(tiny, Pair { hi: a * 2f64.powi(200), lo: x.number(0.0) }, product);
    let of_tiny = LN_2_200.map(|c| x.number(c * SCALE));
    let main = select(tiny, Pair { hi: of_tiny[0], lo: of_tiny[1] }, main);
    let log = log_pair(product);
    let s = sum(main.hi, log.hi * -SCALE);
    let y = (s.hi + (s.lo + log.lo.fma(-SCALE, main.lo))) * (1.0 / SCALE);
    let y = about_1_and_2(x).select(middle(x), y);
    infinite(x, a, r).select(x.number(f64::INFINITY), y)
}

/// Where [`middle`] is to be taken.
fn about_1_and_2<'c>(x: V<'c>) -> V<'c> {
    x.ge(0.75) & x.le(2.25)
}

/// Where lgamma is infinite: at infinities, and where `r`, the distance of `a = |x|` from an integer, is 0, but for
/// positive x.
fn infinite<'c>(x: V<'c>, a: V<'c>, r: V<'c>) -> V<'c> {
    (r.eq(0.0) & x.le(0.0)) | a.eq(f64::INFINITY)
}

fn lgamma_for_f32<'c>(x: V<'c>) -> V<'c> {
    let a = x.abs();
    let negative = x.lt(0.0);
    let (z, low) = shifted(a);
    let v = 1.0 / z.hi;
    let m = log_for_f32(z.hi, &LOG) - 1.0;
    let rest = (v * v).estrin(&STIRLING).fma(v, LOG_2_PI[0]);
    let main = (z.hi - 0.5).fma(m, rest);
    let shift = rising_for_f32(a);
    let r = a - a.round();
    let reflected = r.abs() * sine_for_f32(r, &SINE);
    let above = negative.select(reflected * low.select(x.number(1.0), a), low.select(shift * a, 1.0));
    let below = (negative & low).select(shift, 1.0);
    let y = negative.select(-main, main) - log_for_f32(above / below, &LOG);
    let t = x - 1.5;
    let q = t.estrin(&MIDDLE_F32) / t.estrin(&MIDDLE_BELOW_F32);
    // The sum with 0 makes the zero at 1 positive.
    let middle = (x - 1.0) * (x - 2.0) * (q + 0.5) + 0.0;
    let y = about_1_and_2(x).select(middle, y);
    infinite(x, a, r).select(x.number(f64::INFINITY), y)
}

/// `(a + 1)(a + 2)(a + 3)(a + 4)(a + 5)`.
fn rising_for_f32<'c>(a: V<'c>) -> V<'c> {
    let t = a + 5.0;
    let y = t * a;
    t * (y + 4.0) * (y + 6.0)
}

/// `sin(pi r)/(pi r)` for |r| <= 1/2.
fn sine_for_f32<'c>(r: V<'c>, c: &[f64]) -> V<'c> {
    let u = r * r;
    u.fma(u.fma(u.estrin(c), SINE_1[0]), 1.0)
}

/// Logarithm of a positive normal `f64`, to the accuracy of these coefficients.
fn log_for_f32<'c>(z: V<'c>, c: &[f64]) -> V<'c> {
    let (field, k) = exponent(z, std::f64::consts::FRAC_1_SQRT_2);
    let f = (z.bits() - field).as_float() - 1.0;
    let s = f / (f + 2.0);
    let u = s * s;
    k.fma(std::f64::consts::LN_2, s * u.fma(u.estrin(c), 2.0))
}
