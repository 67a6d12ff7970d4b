//! Powers.

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

/// The whole series, for `f32`.
const SERIES_F32: [f64; 5] =
    [2.885390081790141, 0.9617966732840086, 0.5770835944846568, 0.4116722174284454, 0.3407383589820217];

/// 2^r for `|r| <= 1/2`, for `f32`.
const EXP2_F32: [f64; 7] = [
    1.0000000005541665,
    0.6931472057372665,
    0.24022646890633909,
    0.0555032877696784,
    0.00961848895715306,
    0.001339993121841709,
    0.0001534581199083038,
];

pub(super) fn pow<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    let size = x.abs();
    let finite = size.lt(f64::INFINITY);
    let power = if x.is_f32() { power_f32(size, finite, y) } else { power_f64(size, finite, y) };
    let power = (y.eq(0.0) | size.eq(1.0)).select(x.number(1.0), power);
    let integral = y.trunc().eq(y);
    let half = y * 0.5;
    let odd = integral & half.trunc().ne(half);
    let sign = x.bits() & x.number(-0.0).bits();
    let power = (power.bits() ^ odd.select(sign, 0i64)).as_float();
    (x.lt(0.0) & finite & !integral).select(x.number(f64::NAN), power)
}

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

fn power_f32<'c>(x: V<'c>, finite: V<'c>, y: V<'c>) -> V<'c> {
    // Where the logarithm is infinite or NaN, so is its product with y.
    let special = x.eq(0.0).select(x.number(f64::INFINITY), x);
    let y = (finite & x.gt(0.0)).select(y, y * special);
    let (k, m) = normal(x.to_f64());
    let s = (m - 1.0) / (m + 1.0);
    let l = s.fma((s * s).estrin(&SERIES_F32), k);
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
