//! Hyperbolic functions.
//!
//! Comes in: any float. `a = |x| = k ln 2 + r` as in `exp`, and the sign is put back at the end. `f64`:
//!
//! - `sinh a = 2^(k-1) ((e^r) - h e^-r)`, `h = 2^-2k`. With the even and the odd part of `e^r`, `C = cosh r` and `S = sinh r`,
//!   which have a polynomial each, that is `2^(k-1) ((1 - h) C + (1 + h) S)`. For `k = 0` it is `S`, to its last digit.
//!   `(1 - h) + (1 + h) r` is summed as a pair, the other terms are small beside it. `cosh` has the signs of `h` changed.
//! - `tanh a`, with `a = k (ln 2)/2 + r`, is `(m + n tanh r)/(n + m tanh r)`, where `m = 1 - 2^-k`, `n = 1 + 2^-k`: the
//!   theorem of addition. `tanh r` has a polynomial; its high part is exact. Both sums are pairs; the quotient of the
//!   high parts is corrected by what it leaves.
//!
//! `f32` computes in `f64`, where no sum need be a pair: `sinh` and `cosh` by the same formulas, `tanh` as one quotient of
//! polynomials, which is shorter than any exponential.
//!
//! Always holds: `a` is held within bounds beyond which the result does not change; NaN passes every step.
//!
//! Constants: `tools/math/exp.py`.

use super::Accuracy;
use super::double::{fast_sum, product};
use super::exp::{F64, power_of_2, within};
use super::formula::V;

/// The sign bit of a value, alone.
fn sign(x: V) -> V {
    x.bits() & x.number(-0.0).bits()
}

/// Hyperbolic sine. Error: see the row.
pub(super) fn sinh<'c>(x: V<'c>) -> V<'c> {
    let y = exponentials(x.abs(), -1.0);
    (y.bits() ^ sign(x)).as_float()
}

/// Hyperbolic cosine. Error: see the row.
pub(super) fn cosh<'c>(x: V<'c>) -> V<'c> {
    exponentials(x.abs(), 1.0)
}

/// `(e^a + c e^-a)/2`.
fn exponentials<'c>(a: V<'c>, c: f64) -> V<'c> {
    if a.is_f32() {
        let a = a.number(89.5).lesser(a);
        exponentials_wide(a.to_f64(), c).to_f32()
    } else {
        exponentials_pair(a.number(710.5).lesser(a), c)
    }
}

/// cosh r = 1 + r^2 (...).
static COSH: &[f64] =
    &[0.5000000000000012, 0.04166666666651938, 0.001388888894606252, 2.480149086147405e-05, 2.7630971984812414e-07];

/// sinh r = r + r^3 (...).
static SINH: &[f64] =
    &[0.16666666666666677, 0.008333333333321466, 0.00019841269886468725, 2.7557243916860037e-06, 2.510912525095565e-08];

fn exponentials_pair<'c>(a: V<'c>, c: f64) -> V<'c> {
    let t = &F64;
    // k goes up to 1025: the factor is 2^(k-2), and the sum before is doubled.
    let shift = t.shift + t.bias - 2.0;
    let shifted = a.fma(t.log2_e, shift);
    let k = shifted - shift;
    let hi = k.fma(-t.ln_2_hi, a);
    let low = k * -t.ln_2_lo;
    let r = hi + low;
    let square = r * r;
    // What r lost in rounding counts in the square, where it is -ln(2)/2 and much of the sum cancels.
    let r_lost = low - (r - hi);
    let even = square.fma(square.estrin(COSH), r * r_lost);
    let odd = (square * r).fma(square.estrin(SINH), low);
    // 2^(k-2) and 2^(2-k).
    let scale = power_of_2(shifted.bits(), t);
    let inverse = power_of_2(a.number(t.shift + 2.0 * t.bias).bits() - shifted.bits(), t);
    // h with its sign; 1 + h and 1 - h; (1 - h) r, whose error is exact too, for h r is.
    let h = (inverse * inverse) * (0.0625 * c);
    let m = fast_sum(a.number(1.0), h);
    let n = 1.0 - h;
    let part = h * hi;
    let linear = hi - part;
    let linear_lost = (hi - linear) - part;
    let sum = fast_sum(m.hi, linear);
    let rest = n.fma(odd, linear_lost + (m.lo + sum.lo));
    let y = sum.hi + m.hi.fma(even, rest);
    (y + y) * scale
}

/// The same polynomials for results in `f32`.
static COSH_WIDE: &[f64] = &[0.5000000077847837, 0.04166627056917138, 0.001394601961583535];
static SINH_WIDE: &[f64] = &[0.16666666754036782, 0.008333289095373515, 0.00019904874908526648];

fn exponentials_wide<'c>(a: V<'c>, c: f64) -> V<'c> {
    let t = &F64;
    // 2^(k-1) and 2^(-k-1).
    let shift = t.shift + t.bias - 1.0;
    let shifted = a.fma(t.log2_e, shift);
    let r = (shifted - shift).fma(-t.ln_2_hi, a);
    let grown = power_of_2(shifted.bits(), t);
    let shrunk = power_of_2(a.number(t.shift + 2.0 * t.bias - 2.0).bits() - shifted.bits(), t);
    let (m, n) = if c < 0.0 { (grown - shrunk, grown + shrunk) } else { (grown + shrunk, grown - shrunk) };
    let square = r * r;
    let even = square * square.horner(COSH_WIDE);
    let odd = (square * r).fma(square.horner(SINH_WIDE), r);
    n.fma(odd, m.fma(even, m))
}

/// Hyperbolic tangent. Error: see the row. `f32` has one form, which is the fastest and to the last digit.
pub(super) fn tanh<'c>(x: V<'c>, accuracy: Accuracy) -> V<'c> {
    if x.is_f32() {
        return tanh_wide(within(x, [-9.1, 9.1]).to_f64()).to_f32();
    }
    let a = x.number(20.0).lesser(x.abs());
    match accuracy {
        Accuracy::Best => (minus_tanh_pair(a).bits() ^ sign(-x)).as_float(),
        Accuracy::Fast => (tanh_fast(a).bits() ^ sign(x)).as_float(),
    }
}

/// tanh r = r + r^3 (...).
static TANH: &[f64] = &[
    -0.3333333333333249,
    0.1333333333278488,
    -0.05396825278368235,
    0.021869370825587226,
    -0.00885731217600574,
    0.0034448770965192473,
];

/// -tanh a: all factors of the quotient have this sign, which saves changes of it.
fn minus_tanh_pair<'c>(a: V<'c>) -> V<'c> {
    let t = &F64;
    let shift = t.shift + t.bias;
    let shifted = a.fma(-2.0 * t.log2_e, shift);
    let minus_k = shifted - shift;
    let hi = minus_k.fma(t.ln_2_hi / 2.0, a);
    let low = minus_k * (t.ln_2_lo / 2.0);
    let r = hi + low;
    let square = r * r;
    let tanh_r = fast_sum(hi, (square * r).fma(square.estrin(TANH), low));
    // 1 + g and 1 - g: what one lost the other has gained.
    let g = power_of_2(shifted.bits(), t);
    let n = g + 1.0;
    let m = 2.0 - n;
    let lost = g - (n - 1.0);
    // n + m tanh r
    let below = m.fma(tanh_r.hi, n);
    let below_lo = m.fma(tanh_r.hi, n - below);
    // m + n tanh r. What is lost counts where the quotient is almost 1, and then twice.
    let p = product(n, tanh_r.hi);
    let above = fast_sum(m, p.hi);
    let above_lo = above.lo + n.fma(tanh_r.lo, lost.fma(-2.0, p.lo));
    let inverse = a.number(-1.0) / below;
    let y = above.hi * inverse;
    let left = y.fma(below, above.hi) + y.fma(below_lo, above_lo);
    left.fma(inverse, y)
}

/// tanh a by the same formula, each sum rounded once.
fn tanh_fast<'c>(a: V<'c>) -> V<'c> {
    let t = &F64;
    let shift = t.shift + t.bias;
    let shifted = a.fma(-2.0 * t.log2_e, shift);
    let r = (shifted - shift).fma(t.ln_2_hi / 2.0, a);
    let square = r * r;
    let tanh_r = (square * r).fma(square.estrin(TANH), r);
    let g = power_of_2(shifted.bits(), t);
    let (m, n) = (1.0 - g, 1.0 + g);
    n.fma(tanh_r, m) / m.fma(tanh_r, n)
}

/// tanh x is x times the quotient of these in x^2, to 2^-29.8, as far as 9.1, where it is 1 in `f32`.
static TANH_ABOVE: &[f64] =
    &[0.9999999989527644, 0.13781496004396437, 0.00400357818795747, 3.148176802524763e-05, 5.038501164104131e-08];
static TANH_BELOW: &[f64] = &[
    1.0,
    0.4711482831752249,
    0.02771968910896986,
    0.00041984894027886536,
    1.6091645024899933e-06,
    7.298498138282865e-10,
];

fn tanh_wide<'c>(x: V<'c>) -> V<'c> {
    let square = x * x;
    x * square.estrin(TANH_ABOVE) / square.estrin(TANH_BELOW)
}
