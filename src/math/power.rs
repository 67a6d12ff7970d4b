//! Powers.
//!
//! Comes in: base `x` and exponent `y`, any floats. Method: `|x|^y = 2^(y log2 |x|)`, then sign and special values as C99 has
//! them, by selects.
//!
//! - `f64`: an error of the exponent of 2 is one of the result, and the exponent has up to 10 bits before the point. So the
//!   logarithm is a pair with a relative error of 2^-67 (see [`log`]), its product with `y` too, and the exponential
//!   is that of a pair: together they add some hundredths of an ulp to the last rounding. A subnormal result is
//!   rounded twice.
//! - `f32`: in `f64`. `log2 m = s p(s^2)` with `s = (m - 1)/(m + 1)`, relative error 2^-45; `2^k 2^r` with `|r| <= 1/2`,
//!   error 2^-34. One rounding at the end, to subnormal numbers too, is all but correct.
//!
//! Always holds: what is special in the result is special in the exponent of 2 already (an infinite logarithm times `y`, or an
//! infinite `y`), but for `0*inf`, which is no number: where `y` is 0 or `|x|` is 1 the power is 1.
//!
//! Constants: `tools/math/log.py`.

use super::double::Pair;
use super::exp;
use super::formula::V;
use super::log::{self, PairBase};

/// Logarithm to base 2, for f from sqrt(1/2) - 1 to sqrt(2) - 1: relative error 2^-71.
const BASE_2: PairBase = PairBase {
    log_2: [1.0, 0.0],
    first: [2.8853900817779268, 4.0710547481862066e-17],
    second: [0.9617966939259756, 5.0577616648125907e-17],
    series: &[
        0.5770780163555853,
        0.4121985831112072,
        0.32059889794389873,
        0.26230819523202453,
        0.22195247591088715,
        0.192394475331888,
        0.16857020373839,
        0.17198464794475787,
    ],
};

/// The same as a whole, for `f32`: 2^-45.
const SERIES_F32: [f64; 6] = [
    2.8853900817778495,
    0.9617966941140432,
    0.5770779421835462,
    0.41220926915244077,
    0.31990505855013696,
    0.282908693538907,
];

/// 2^r for `|r| <= 1/2`, for `f32`: 2^-34.
const EXP2_F32: [f64; 8] = [
    1.0,
    0.6931471807045329,
    0.24022651066561124,
    0.05550410365989937,
    0.00961803813204503,
    0.0013333935056236833,
    0.00015466756323632904,
    1.5196156477064335e-05,
];

/// x to the power of y. Error: see the row.
pub(super) fn pow<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    let size = x.abs();
    let finite = size.lt(f64::INFINITY);
    let power = if x.is_f32() { power_f32(size, finite, y) } else { power_f64(size, finite, y) };
    let power = (y.eq(0.0) | size.eq(1.0)).select(x.number(1.0), power);
    // Infinite and huge exponents are even.
    let integral = y.trunc().eq(y);
    let half = y * 0.5;
    let odd = integral & half.trunc().ne(half);
    let sign = x.bits() & x.number(-0.0).bits();
    let power = (power.bits() ^ odd.select(sign, 0i64)).as_float();
    (x.lt(0.0) & finite & !integral).select(x.number(f64::NAN), power)
}

/// Of a magnitude.
fn power_f64<'c>(x: V<'c>, finite: V<'c>, y: V<'c>) -> V<'c> {
    let l = log2_pair(x);
    let hi = finite.select(l.hi, x);
    let hi = x.eq(0.0).select(x.number(f64::NEG_INFINITY), hi);
    exp::exp2_of(Pair { hi, lo: l.lo }.times(y))
}

/// Logarithm to base 2 of a positive finite `f64`; relative error 2^-67.
fn log2_pair<'c>(x: V<'c>) -> Pair<'c> {
    let (k, m) = log::reduced(x);
    let f = m - 1.0;
    let d = m + 1.0;
    let r = 1.0 / d;
    let s = f * r;
    let rest = (-s).fma(d, f);
    let s = Pair { hi: s, lo: (-s).fma(m - (d - 1.0), rest) * r };
    log::series_of(k, s, &BASE_2)
}

/// Of a magnitude.
fn power_f32<'c>(x: V<'c>, finite: V<'c>, y: V<'c>) -> V<'c> {
    // Where the logarithm is infinite or NaN, so is its product with y.
    let special = x.eq(0.0).select(x.number(f64::INFINITY), x);
    let y = (finite & x.gt(0.0)).select(y, y * special);
    let (k, m) = normal(x.to_f64());
    let s = (m - 1.0) / (m + 1.0);
    let l = s.fma((s * s).estrin(&SERIES_F32), k);
    // Beyond overflow and underflow, within what the bits of the exponent hold.
    let e = exp::within(l * y.to_f64(), [-200.0, 200.0]);
    let t = exp::of(e);
    let shifted = e + (t.shift + t.bias);
    let r = e - (shifted - (t.shift + t.bias));
    (r.estrin(&EXP2_F32) * exp::power_of_2(shifted.bits(), t)).to_f32()
}

/// Of a positive normal `f64`: `k` and `m` with `x = 2^k m`, `m` from sqrt(1/2) to sqrt 2.
fn normal<'c>(x: V<'c>) -> (V<'c>, V<'c>) {
    let (field, k) = log::exponent(x, std::f64::consts::FRAC_1_SQRT_2);
    (k, (x.bits() - field).as_float())
}
