//! Hyperbolic functions.

use super::double::fast_sum;
use super::exp::{expm1_reduced, of, power_of_2};
use super::formula::V;

/// The sign bit of a value, alone.
fn sign(x: V) -> V {
    x.bits() & x.number(-0.0).bits()
}

pub(super) fn sinh<'c>(x: V<'c>) -> V<'c> {
    let y = of_magnitude(x.abs(), -1.0);
    (y.bits() ^ sign(x)).as_float()
}

pub(super) fn cosh<'c>(x: V<'c>) -> V<'c> {
    of_magnitude(x.abs(), 1.0)
}

/// `(e^a + c e^-a)/2`.
fn of_magnitude<'c>(a: V<'c>, c: f64) -> V<'c> {
    let t = of(a);
    let poly = if a.is_f32() { &F32 } else { &F64 };
    let a = a.number(poly.most).lesser(a);
    let shift = t.shift + t.bias - 2.0;
    let shifted = a.fma(t.log2_e, shift);
    let k = shifted - shift;
    let hi = k.fma(-t.ln_2_hi, a);
    let low = k * -t.ln_2_lo;
    let r = hi + low;
    let square = r * r;
    let even = square * square.horner(poly.cosh);
    let odd = (square * r).fma(square.horner(poly.sinh), low);
    // 2^(k-2) and 2^(2-k).
    let scale = power_of_2(shifted.bits(), t);
    let inverse = power_of_2(a.number(t.shift + 2.0 * t.bias).bits() - shifted.bits(), t);
    let h = (inverse * inverse) * (0.0625 * c);
    let m = h + 1.0;
    let m_lost = h - (m - 1.0);
    let n = 1.0 - h;
    let z = h * hi;
    let first = hi - z;
    let first_lost = (hi - first) - z;
    let sum = m + first;
    let lost = first - (sum - m);
    let rest = n.fma(odd, first_lost + (m_lost + lost));
    let y = sum + m.fma(even, rest);
    (y + y) * scale
}

struct Type {
    most: f64,
    cosh: &'static [f64],
    sinh: &'static [f64],
}

static F64: Type = Type {
    most: 710.5,
    cosh: &[
        0.5000000000000012,
        0.04166666666651938,
        0.001388888894606252,
        2.480149086147405e-05,
        2.7630971984812414e-07,
    ],
    sinh: &[
        0.16666666666666677,
        0.008333333333321466,
        0.00019841269886468725,
        2.7557243916860037e-06,
        2.510912525095565e-08,
    ],
};

static F32: Type = Type {
    most: 89.5,
    cosh: &[0.5, 0.04166645556688309, 0.0013935756869614124],
    sinh: &[0.1666666716337204, 0.008333192206919193, 0.00019958482880610973],
};

pub(super) fn tanh<'c>(x: V<'c>) -> V<'c> {
    let t = of(x);
    let a = x.abs();
    let a = x.number(20.0).lesser(a);
    let a = a + a;
    let shift = t.shift + t.bias;
    let shifted = a.fma(-t.log2_e, shift);
    let e = expm1_reduced(a, shift - shifted);
    let g = power_of_2(shifted.bits(), t);
    let n = g + 1.0;
    let n_lost = g - (n - 1.0);
    let m = 2.0 - n;
    let w = fast_sum(e.hi, e.square.fma(0.5, e.rest));
    let above = fast_sum(m, w.hi);
    let below = fast_sum(n, w.hi);
    let below_lo = below.lo + w.lo;
    let above_lo = above.lo + n_lost.fma(-2.0, w.lo);
    let inverse = x.number(-1.0) / below.hi;
    let y = above.hi * inverse;
    let rest = y.fma(below.hi, above.hi) + y.fma(below_lo, above_lo);
    let y = rest.fma(inverse, y);
    (y.bits() ^ sign(-x)).as_float()
}
