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

/// 1.5*2^52: an integer that is added to its bits is added to the number.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// Of a positive normal `f64`: its exponent `k` as bits in their place and as a float, where `from <= u/2^k < 2*from`.
pub(super) fn exponent<'c>(u: V<'c>, from: f64) -> (V<'c>, V<'c>) {
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

/// Logarithms of 2, and reciprocals of the logarithms of the bases, as sums of two. The first part of a logarithm of 2 is
/// short, so that its product with an exponent is exact.
struct Base {
    log_2: [f64; 2],
    per: [f64; 2],
}

fn natural(f32: bool) -> [f64; 2] {
    if f32 { [0.693145751953125, 1.428606765330187e-06] } else { LN_2 }
}
const BASE_2: [Base; 2] = [
    Base { log_2: [1.0, 0.0], per: [1.4426950216293335, 1.925963033500011e-08] },
    Base { log_2: [1.0, 0.0], per: [1.4426950408889634, 2.0355273740931033e-17] },
];
const BASE_10: [Base; 2] = [
    Base { log_2: [0.30103302001953125, -3.0243556e-06], per: [0.4342944920063019, -1.01030504e-08] },
    Base { log_2: [0.30102999566395283, 2.8363394551044964e-14], per: [0.4342944819032518, 1.098319650216765e-17] },
];

const SQRT: [f64; 7] = [
    0.666666666666667,
    0.39999999999899455,
    0.2857142862611354,
    0.22222211107416207,
    0.18182891187710543,
    0.15331654150232663,
    0.14617254069094063,
];
const WIDE: [f64; 8] = [
    0.6666666666666666,
    0.4000000000000905,
    0.28571428566986845,
    0.22222223081160236,
    0.18181735735151786,
    0.15388925595300687,
    0.13208818222417312,
    0.13614451547367623,
];
const SQRT_F32: [f64; 9] = [
    0.3333331048488617,
    -0.24999986588954926,
    0.20002223551273346,
    -0.16669249534606934,
    0.14218716323375702,
    -0.12384401261806488,
    0.11872617900371552,
    -0.11789379268884659,
    0.06915632635354996,
];
const WIDE_F32: [f64; 9] = [
    0.3333333432674408,
    -0.2500016689300537,
    0.20000024139881134,
    -0.16655737161636353,
    0.14266884326934814,
    -0.127071350812912,
    0.11756168305873871,
    -0.09326770901679993,
    0.03939856216311455,
];

/// `x = 2^k (1 + f)`, and `log(1 + f) = f - half*f + u*v`.
struct Parts<'c> {
    k: V<'c>,
    f: V<'c>,
    half: V<'c>,
    u: V<'c>,
    v: V<'c>,
}

/// Of a positive finite number.
fn parts<'c>(x: V<'c>) -> Parts<'c> {
    let from = std::f64::consts::FRAC_1_SQRT_2;
    if x.is_f32() {
        let tiny = x.lt(f64::from(f32::MIN_POSITIVE));
        let bits = tiny.select(x * 16_777_216.0, x).bits();
        let field = (bits - i64::from((from as f32).to_bits() as i32)) & (-1i64 << 23);
        let k = field.to_f32() - tiny.select(x.number(24.0 * 8_388_608.0), 0.0);
        let f = (bits - field).as_float() - 1.0;
        tail_f32(k, f, &SQRT_F32)
    } else {
        let (k, m) = reduced(x);
        let f = m - 1.0;
        tail_f64(k, f, &SQRT)
    }
}

/// Of a positive finite `f64`: `k` and `m` from sqrt(1/2) to sqrt 2 with `x = 2^k m`.
pub(super) fn reduced<'c>(x: V<'c>) -> (V<'c>, V<'c>) {
    let tiny = x.lt(f64::MIN_POSITIVE);
    let bits = tiny.select(x * 18_014_398_509_481_984.0, x).bits();
    let high = bits - std::f64::consts::FRAC_1_SQRT_2.to_bits() as i64;
    let k = (high >> 52i64) + MAGIC.to_bits() as i64;
    let k = k.as_float() - tiny.select(x.number(MAGIC + 54.0), MAGIC);
    (k, (bits - (high & EXPONENT)).as_float())
}

/// The same of a normal one.
pub(super) fn exponent_of<'c>(x: V<'c>) -> (V<'c>, V<'c>) {
    let (field, k) = exponent(x, std::f64::consts::FRAC_1_SQRT_2);
    (k, (x.bits() - field).as_float())
}

fn tail_f32<'c>(k: V<'c>, f: V<'c>, c: &[f64]) -> Parts<'c> {
    let p = f.estrin(c);
    let square = f * f;
    Parts { k, f, half: f * -0.5, u: square * f, v: p }
}

fn tail_f64<'c>(k: V<'c>, f: V<'c>, c: &[f64]) -> Parts<'c> {
    let s = f / (f + 2.0);
    let z = s * s;
    let half = f * -0.5;
    Parts { k, f, half, u: s, v: (-half).fma(f, z * z.estrin(c)) }
}

impl<'c> Parts<'c> {
    fn log(self) -> V<'c> {
        let f32 = self.f.is_f32();
        let scale = if f32 { 1.0 / 8_388_608.0 } else { 1.0 };
        let [hi, lo] = natural(f32).map(|c| c * scale);
        let sum = self.k.fma(hi, self.f);
        let rest = self.f - self.k.fma(-hi, sum);
        sum + self.half.fma(self.f, self.u.fma(self.v, self.k.fma(lo, rest)))
    }

    fn log_to(self, base: &[Base; 2]) -> V<'c> {
        let f32 = self.f.is_f32();
        let scale = if f32 { 1.0 / 8_388_608.0 } else { 1.0 };
        let base = &base[usize::from(!f32)];
        let [hi, lo] = base.log_2.map(|c| c * scale);
        let [per, per_lo] = base.per;
        let g = self.half.fma(self.f, self.f);
        let tail = self.u.fma(self.v, self.half.fma(self.f, self.f - g));
        let p = g * per;
        let error = g.fma(-per, p);
        let sum = self.k.fma(hi, p);
        let rest = (p - self.k.fma(-hi, sum)) - error;
        let rest = if lo == 0.0 { rest } else { self.k.fma(lo, rest) };
        sum + tail.fma(per, g.fma(per_lo, rest))
    }
}

/// `y`, but what the logarithm of `x` is at infinity, zero, of negative numbers and NaN.
fn special<'c>(x: V<'c>, y: V<'c>, pole: f64) -> V<'c> {
    let y = x.lt(f64::INFINITY).select(y, x);
    let at_pole = x.eq(pole).select(x.number(f64::NEG_INFINITY), f64::NAN);
    x.gt(pole).select(y, at_pole)
}

pub(super) fn log<'c>(x: V<'c>) -> V<'c> {
    special(x, parts(x).log(), 0.0)
}

pub(super) fn log2<'c>(x: V<'c>) -> V<'c> {
    special(x, parts(x).log_to(&BASE_2), 0.0)
}

pub(super) fn log10<'c>(x: V<'c>) -> V<'c> {
    special(x, parts(x).log_to(&BASE_10), 0.0)
}

pub(super) fn log1p<'c>(x: V<'c>) -> V<'c> {
    let u = x + 1.0;
    let (k, field) = if x.is_f32() {
        let field = (u.bits() - i64::from(0.75f32.to_bits() as i32)) & (-1i64 << 23);
        (field.to_f32(), field)
    } else {
        let (field, k) = exponent(u, 0.75);
        (k, field)
    };
    let up = (x.number(4.0).bits() - field).as_float();
    let f = (x * 0.25).fma(up, up.fma(0.25, -1.0));
    let parts = if x.is_f32() { tail_f32(k, f, &WIDE_F32) } else { tail_f64(k, f, &WIDE) };
    let y = special(x, parts.log(), -1.0);
    x.abs().lt(1e-30).select(x, y)
}
