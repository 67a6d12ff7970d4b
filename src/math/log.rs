//! Logarithms.

use super::double::{Pair, fast_sum};
use super::formula::V;

/// log 2, the first part of 42 bits, so that its product with an exponent is exact.
const LN_2: [f64; 2] = [0.6931471805598903, 5.497923018708371e-14];

/// 2/3.
const TWO_THIRDS: [f64; 2] = [0.6666666666666666, 3.700743415417188e-17];

/// The logarithm's series in z from z^2 on: 2/5, 2/7 ..., for |s| <= 1/5 (relative error 2^-70).
const PAIR: [f64; 9] = [
    0.4,
    0.2857142857142585,
    0.2222222222320092,
    0.1818181802254692,
    0.15384629292844448,
    0.13332631188031083,
    0.11785586621393765,
    0.10172726813788588,
    0.12545041932963194,
];

/// The bits of the exponent and the sign of an `f64`.
const EXPONENT: i64 = !0 << 52;

/// Of a positive normal `f64`: its exponent `k` as bits in their place and as a float, where `from <= u/2^k < 2*from`.
fn exponent<'c>(u: V<'c>, from: f64) -> (V<'c>, V<'c>) {
    const MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5*2^52: the integer is in the low bits
    let bits = u.bits() - from.to_bits() as i64;
    let k = (bits >> 52i64) + MAGIC.to_bits() as i64;
    (bits & EXPONENT, k.as_float() - MAGIC)
}

/// Natural logarithm of a positive normal pair of `f64`; relative error 2^-64, near 1 too.
pub(super) fn log_pair<'c>(x: Pair<'c>) -> Pair<'c> {
    let (field, k) = exponent(x.hi, std::f64::consts::FRAC_1_SQRT_2);
    let m = (x.hi.bits() - field).as_float();
    log_of(k, Pair { hi: m - 1.0, lo: scaled(x.lo, field) })
}

/// `log(1 + x)` of a pair of `f64`, `1 + x` positive and finite; relative error 2^-63, near 0 too (2^-58 from 2^53 on).
/// Zeros may lose their sign.
pub(super) fn log1p_pair<'c>(x: Pair<'c>) -> Pair<'c> {
    let (field, k) = exponent(x.hi + 1.0, 0.75);
    let up = (x.hi.number(4.0).bits() - field).as_float();
    let t = up.fma(0.25, -1.0);
    let quarter = x.hi * 0.25;
    let f = quarter.fma(up, t);
    let error = quarter.fma(up, t - f);
    log_of(k, Pair { hi: f, lo: (x.lo * 0.25).fma(up, error) })
}

/// `x/2^k`, `k` as bits in their place.
fn scaled<'c>(x: V<'c>, field: V<'c>) -> V<'c> {
    (x * 0.25) * (x.number(4.0).bits() - field).as_float()
}

/// `k log 2 + log(1 + f)`, for `1 + f` in 0.7 to 1.5.
fn log_of<'c>(k: V<'c>, f: Pair<'c>) -> Pair<'c> {
    let f = f.normal();
    // s = f/(2 + f)
    let d = fast_sum(f.hi.number(2.0), f.hi);
    let r = 1.0 / d.hi;
    let s = f.hi * r;
    let rest = (-s).fma(d.hi, f.hi) + f.lo;
    let s = Pair { hi: s, lo: (-s).fma(d.lo + f.lo, rest) * r };
    // z = s^2
    let z = s.hi * s.hi;
    let z = Pair { hi: z, lo: (s.hi + s.hi).fma(s.lo, s.hi.fma(s.hi, -z)) };
    // 2 + z (2/3 + z p)
    let p = z.hi.estrin(&PAIR);
    let c = fast_sum(z.hi.number(TWO_THIRDS[0]), z.hi * p);
    let c = Pair { hi: c.hi, lo: z.lo.fma(p, c.lo + TWO_THIRDS[1]) };
    let c = z.times_pair(c);
    let c = Pair { hi: z.hi.number(2.0), lo: c.lo }.plus_small(c.hi);
    let y = s.times_pair(c);
    // k log 2
    let sum = fast_sum(k * LN_2[0], y.hi);
    fast_sum(sum.hi, sum.lo + k.fma(LN_2[1], y.lo))
}

pub(super) fn log<'c>(x: V<'c>) -> V<'c> {
    V::call("log", &[x])
}

pub(super) fn log2<'c>(x: V<'c>) -> V<'c> {
    V::call("log2", &[x])
}

pub(super) fn log10<'c>(x: V<'c>) -> V<'c> {
    V::call("log10", &[x])
}

pub(super) fn log1p<'c>(x: V<'c>) -> V<'c> {
    V::call("log1p", &[x])
}
