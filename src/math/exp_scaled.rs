//! e to the power of a pair, its power of 2 left apart: for functions that multiply on before they round.
//!
//! Comes in: `x = hi + lo`, `|x| < 1400`. Goes out: `e^x = f * 2^n` with `f` in 0.7 to 1.42. Method (Cody & Waite 1980):
//! `n = round(x/log 2)`, `s = x - n log 2` in two steps, the first one exact; `e^s = 1 + s + s^2 q(s)`, where `1 + s` is a pair
//! and the rest is small. NaN goes through `f`; `n` is a number that means nothing then, and `f * 2^n` is NaN all the same.
//!
//! Constants: `tools/math/erf.py`.

use super::double::{Pair, fast_sum};
use super::formula::V;

/// `(e^s - 1 - s)/s^2` for |s| <= log(2)/2: error of `e^s` 2^-57.9.
const EXP: [f64; 10] = [
    0.5000000000000012,
    0.166666666666667,
    0.04166666666652186,
    0.008333333333307855,
    0.001388888894557281,
    0.0001984126991618477,
    2.4801491261688337e-05,
    2.755721723675523e-06,
    2.7630855836639636e-07,
    2.5117597813712598e-08,
];

/// The same; error of `e^s` 2^-34.2.
const EXP_F32: [f64; 6] = [
    0.5000000075906228,
    0.16666666858688575,
    0.04166627473396259,
    0.008333264796333716,
    0.00139458061998788,
    0.0001991815714605031,
];

/// log 2 to 42 bits, so that its product with n (11 bits) is exact, and the rest.
const LN_2: [f64; 2] = [0.6931471805598903, 5.497923018708371e-14];

/// Added to a small number, leaves it rounded to an integer in the low bits: 1.5 * 2^52.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// A power of 2, `2^n`.
#[derive(Clone, Copy)]
pub(super) struct Power<'c> {
    /// `MAGIC + n`.
    shifted: V<'c>,
}

impl<'c> Power<'c> {
    /// The exponent as bits in their place, to be added to those of a float or subtracted.
    pub fn field(self) -> V<'c> {
        self.shifted.bits() << 52
    }

    /// `2^(n + more)`, which must be a normal number.
    pub fn times_2_to(self, more: i64) -> V<'c> {
        (self.field() + ((1023 + more) << 52)).as_float()
    }
}

/// `e^x`; relative error 2^-57.
pub(super) fn exp_scaled<'c>(x: Pair<'c>) -> (Pair<'c>, Power<'c>) {
    let shifted = x.hi.fma(std::f64::consts::LOG2_E, MAGIC);
    let n = shifted - MAGIC;
    let s = n.fma(-LN_2[0], x.hi);
    let s_lo = n.fma(-LN_2[1], x.lo);
    let one = fast_sum(s.number(1.0), s);
    let s = s + s_lo;
    (fast_sum(one.hi, (s * s).fma(s.estrin(&EXP), one.lo + s_lo)), Power { shifted })
}

/// `e^x` of an `f64`; relative error 2^-34, what a result in `f32` needs.
pub(super) fn exp_scaled_for_f32<'c>(x: V<'c>) -> (V<'c>, Power<'c>) {
    let shifted = x.fma(std::f64::consts::LOG2_E, MAGIC);
    let s = (shifted - MAGIC).fma(-std::f64::consts::LN_2, x);
    ((s * s).fma(s.estrin(&EXP_F32), s) + 1.0, Power { shifted })
}
