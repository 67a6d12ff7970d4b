//! Sine, cosine, tangent.
//!
//! Comes in: x, an `f64` or `f32`. Goes out: its sine, cosine or tangent. Always holds: sin(-0) and tan(-0) are -0, of an
//! infinity comes NaN; arguments beyond a limit, 32,768 at least, are left to `large.rs`, those of
//! `Accuracy::Fast` to a helper (`ir/huge_angle.rs`).
//!
//! **`f64`** (reduction: Cody and Waite 1980, with fma as Boldo, Daumas and Li 2009; sums: as Ng's kernels in fdlibm)
//!
//! 1. k = round(x * 2/pi), by adding 1.5*2^52: the sum has k in its low bits.
//! 2. x - k*pi/2 = r - less, with pi/2 = P0 + P1 + P2 and |k| <= 2^22:
//!     - r0 = x - k*P0 by fma is exact: a multiple of 2^-53, below 1.
//!     - r = r0 - k*P1 by fma. P1 is a multiple of 2^-83, so k*P1 is a float, and so is what rounding adds to r. And r - r0
//!       is exact: if |r0| >= 2*|k*P1|, then r is between r0/2 and 3/2 r0, else r is exact itself, as a multiple of 2^-83
//!       below 2^-30.
//!     - less = (r - r0 + k*P1) + k*P2, rounded once. k*P2 is below 2^-63, and no float up to the limit but 0 is nearer than
//!       2^-61 to a multiple of pi/2, so nothing cancels. What is left of pi/2 is below 2^-141.
//! 3. With z = r*r: sin(r - less) = r - (r*z*S(z) + less*w), and cos(r - less) = w + (e + z*z*C(z) + r*less), where
//!    w = 1 - r*r/2, rounded once, and e is the error of that, exactly. What stands in brackets is small, so its errors are.
//! 4. An odd k exchanges sine and cosine, the next bit of k turns the sign. Both are computed and one is chosen: no branch, and
//!    where sin(x) and cos(x) stand in one expression they share all but that.
//! 5. The tangent divides the two as pairs: with n/d = n*y, y = 1/d rounded, the quotient is n*y + (n - n*y*d)*y.
//!
//! **`f32`** goes through `f64`: x = k*pi + r, sin(x) is sin(r) or -sin(r), by a polynomial that reaches to pi/2; the cosine has
//! k + 1/2 in place of k. The tangent is r*p(z)/q(z) with x = k*pi/2 + r, for an odd k its negative inverse.
//!
//! **`Accuracy::Fast`** does the same in the type itself, with pi in three parts. Each step of the reduction errs by half an ulp
//! of its result, so the first two may cancel; the limits are such that the third part stays far below r.
//!
//! The constants come from `tools/math/trigonometric.py`. Worst errors found, in ulp: of `f32` those of all arguments, of `f64`
//! those of some 10 million, the floats nearest to multiples of pi/2 among them.
//!
//! |            | sin  | cos  | tan  |
//! |------------|------|------|------|
//! | `f64`      | 0.77 | 0.77 | 0.88 |
//! | `f32`      | 0.61 | 0.61 | 0.80 |
//! | Fast `f64` | 2.16 | 2.17 | 3.13 |
//! | Fast `f32` | 2.21 | 2.31 | 3.49 |

use std::f64::consts::{FRAC_1_PI, FRAC_2_PI};

use super::Accuracy;
use super::double::{Pair, fast_sum};
use super::formula::V;

mod large;

use large::Function;

/// 1.5*2^52: `x + ROUND` is rounded to an integer, which the low bits of the sum hold.
const ROUND: f64 = 6755399441055744.0;
/// 1.5*2^23, the same for `f32`.
const ROUND_F32: f64 = 12582912.0;
/// 1.5*2^42 + 1: `x + FLOOR` has an integer above its last `FLOOR_BITS` bits, which say how far x is above it: without them it
/// is rounded down. It is odd where that integer is even.
const FLOOR: f64 = 6597069766657.0;
const FLOOR_BITS: i64 = 10;
/// 1.5*2^18 + 1, the same for `f32`.
const FLOOR_F32: f64 = 393217.0;
const FLOOR_BITS_F32: i64 = 5;
/// pi/2: the nearest float, a multiple of 2^-83, and what is left.
const HALF_PI: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.12323399409214e-17, 1.6446256936324258e-26];
/// 2^22*pi/2, rounded down. (Twice that is too much: at 14461176.67027838, whose cosine is 2^-60.5, two ulp would be lost.)
const LIMIT: f64 = 6588397.0;
/// sin r = r - r*z*SIN(z) to 2^-57.9, |r| <= pi/4.
const SIN: [f64; 6] = [
    0.1666666666666663,
    -0.00833333333332184,
    0.0001984126982935851,
    -2.7557313538498488e-06,
    2.5050734385277894e-08,
    -1.5895432973756478e-10,
];
/// cos r = 1 - z/2 + z*z*COS(z) to 2^-63.9, |r| <= pi/4.
const COS: [f64; 6] = [
    0.041666666666666595,
    -0.0013888888888873342,
    2.4801587289002076e-05,
    -2.7557314217035965e-07,
    2.087570539529242e-09,
    -1.1358749181618473e-11,
];

/// Sine, at its best.
pub(super) fn sin(x: V) -> V {
    sin_to(x, Accuracy::Best)
}

/// Cosine, at its best.
pub(super) fn cos(x: V) -> V {
    cos_to(x, Accuracy::Best)
}

/// Tangent, at its best.
pub(super) fn tan(x: V) -> V {
    tan_to(x, Accuracy::Best)
}

/// Sine, within 0.8 ulp.
pub(super) fn sin_to(x: V, accuracy: Accuracy) -> V {
    if let Some(plain) = Plain::of(x, accuracy) {
        return plain.evaluate(x, Function::Sin, |x| plain.sin(x));
    }
    Function::Sin.beyond(LIMIT, x, Reduced::of(x).sine())
}

/// Cosine, within 0.8 ulp.
pub(super) fn cos_to(x: V, accuracy: Accuracy) -> V {
    if let Some(plain) = Plain::of(x, accuracy) {
        return plain.evaluate(x, Function::Cos, |x| plain.cos(x));
    }
    Function::Cos.beyond(LIMIT, x, Reduced::of(x).cosine())
}

/// Tangent, within 0.9 ulp.
pub(super) fn tan_to(x: V, accuracy: Accuracy) -> V {
    if let Some(plain) = Plain::of(x, accuracy) {
        return plain.evaluate(x, Function::Tan, |x| plain.tan(x));
    }
    Function::Tan.beyond(LIMIT, x, Reduced::of(x).tangent())
}

/// An `f64` as k*pi/2 + r - less.
struct Reduced<'c> {
    /// An integer whose low bits are those of k.
    k: V<'c>,
    r: V<'c>,
    /// Half an ulp of r at most, or so small that r is all of the sine's digits but those that `r - less` has.
    less: V<'c>,
    z: V<'c>,
    /// -r/2.
    half: V<'c>,
    /// 1 - r*r/2, rounded.
    w: V<'c>,
}

/// `hi - less`, not yet added up.
struct Difference<'c> {
    hi: V<'c>,
    less: V<'c>,
}

impl<'c> Difference<'c> {
    fn value(self) -> V<'c> {
        self.hi - self.less
    }

    /// As a pair, for `|hi| >= |less|`.
    fn sum(self) -> Pair<'c> {
        let hi = self.hi - self.less;
        Pair { hi, lo: (self.hi - hi) - self.less }
    }
}

impl<'c> Reduced<'c> {
    /// Of |x| up to `LIMIT`.
    fn of(x: V<'c>) -> Reduced<'c> {
        let t = x.fma(FRAC_2_PI, ROUND);
        let k = t - ROUND;
        let [p0, p1, p2] = HALF_PI;
        let r0 = k.fma(-p0, x);
        let r = k.fma(-p1, r0);
        let less = k.fma(p2, k.fma(p1, r - r0));
        Reduced::new(t.bits(), r, less)
    }

    fn new(k: V<'c>, r: V<'c>, less: V<'c>) -> Reduced<'c> {
        let half = r * -0.5;
        Reduced { k, r, less, z: r * r, half, w: half.fma(r, 1.0) }
    }

    /// The sine of x.
    fn sine(&self) -> V<'c> {
        let y = self.odd().select(self.cos().value(), self.sin().value());
        turned(y, (self.k << 62i64) & i64::MIN)
    }

    /// The cosine of x.
    fn cosine(&self) -> V<'c> {
        let y = self.odd().select(self.sin().value(), self.cos().value());
        // cos, -sin, -cos, sin.
        turned(y, ((self.k + 1i64) << 62i64) & i64::MIN)
    }

    /// The tangent of x.
    fn tangent(&self) -> V<'c> {
        let (odd, sin, cos) = (self.odd(), self.sin().sum(), self.cos());
        let cos = fast_sum(cos.hi, cos.lo);
        let n = Pair { hi: odd.select(cos.hi, sin.hi), lo: odd.select(cos.lo, sin.lo) };
        let d = Pair { hi: odd.select(sin.hi, cos.hi), lo: odd.select(sin.lo, cos.lo) };
        // Negative, so that fma takes q*d from n. The result is turned where k is even then: tan for these, -1/tan for odd ones.
        let y = -1.0 / d.hi;
        let q = n.hi * y;
        let rest = q.fma(d.lo, q.fma(d.hi, n.hi) + n.lo);
        turned(rest.fma(y, q), (self.k + 1i64) << 63i64)
    }

    /// Whether k is odd.
    fn odd(&self) -> V<'c> {
        (self.k << 63i64).lt(0i64)
    }

    fn sin(&self) -> Difference<'c> {
        let cube = self.r * self.z;
        Difference { hi: self.r, less: cube.fma(paired(self.z, &SIN), self.less * self.w) }
    }

    fn cos(&self) -> Pair<'c> {
        let error = self.half.fma(self.r, 1.0 - self.w);
        let rest = (self.z * self.z).fma(paired(self.z, &COS), self.r.fma(self.less, error));
        Pair { hi: self.w, lo: rest }
    }
}

/// A form without low parts.
struct Plain {
    /// Whether an `f32` goes through `f64`.
    wide: bool,
    /// Whether the first part of pi is enough for the square of r.
    flat: bool,
    /// pi, each part what is left rounded down: with parts that are positive, -0.0 stays what it is.
    pi: &'static [f64],
    /// The greatest argument that these parts are enough for.
    limit: f64,
    /// sin r = r*sin(z), |r| <= pi/2.
    sin: &'static [f64],
    /// tan r = r*p(z)/q(z), |r| <= pi/4: p and q.
    tan: [&'static [f64]; 2],
}

/// The sine to 2^-27.5, the tangent to 2^-35.2. The quotient is off by 2^-10 at most, which is the cosine's.
const BEST_F32: Plain = Plain {
    wide: true,
    flat: true,
    pi: &[std::f64::consts::PI, 1.2246467991473532e-16],
    limit: 33554432.0,
    sin: &[
        0.9999999946155405,
        -0.16666656580833838,
        0.008333022780225246,
        -0.00019807247934857568,
        2.6015204273087152e-06,
    ],
    tan: [&[1.0, -0.11135519666243246, 0.0010747216383741622], &[1.0, -0.4446885288050089, 0.015970880523516674]],
};

/// The sine to 2^-61.5, the tangent to 2^-61.6. The quotient is off by 2^-10 at most.
static FAST: Plain = Plain {
    wide: false,
    flat: false,
    pi: &[std::f64::consts::PI, 1.224646799147353e-16, 2.1657133478438278e-32],
    limit: 1073741824.0,
    sin: &[
        1.0,
        -0.16666666666666666,
        0.008333333333333207,
        -0.0001984126984121247,
        2.7557319211566454e-06,
        -2.505210690399475e-08,
        1.605894097330393e-10,
        -7.643018424580567e-13,
        2.721407568253356e-15,
    ],
    tan: [
        &[1.0, -0.13338301101014466, 0.00342482772472448, -1.7860640667468392e-05],
        &[1.0, -0.466716344343478, 0.025663609172550103, -0.00031180508730559105, 4.981392669384376e-07],
    ],
};

/// In `f32` alone: the sine to 2^-26.7, the tangent to 2^-31.4. The quotient is off by 2^-10 at most, that of the cosine by 2^-6:
/// the intervals of the polynomials are as much longer.
static FAST_F32: Plain = Plain {
    wide: false,
    flat: false,
    pi: &[3.141592502593994, 1.5099578831723193e-07, 1.078060505991553e-14],
    // At 62154.836 the third part of pi would cancel most of r, and the tangent lose 4 ulp.
    limit: 32768.0,
    sin: &[1.0, -0.16666656732559204, 0.008332991041243076, -0.00019803960458375514, 2.5931303753168322e-06],
    tan: [&[1.0, -0.1113576665520668, 0.0010748322820290923], &[1.0, -0.444691002368927, 0.0159718319773674]],
};

impl Plain {
    /// The form for a value like this; `None` where low parts are needed.
    fn of(x: V, accuracy: Accuracy) -> Option<&'static Plain> {
        match (accuracy, x.is_f32()) {
            (Accuracy::Best, false) => None,
            (Accuracy::Best, true) => Some(const { &BEST_F32 }),
            (Accuracy::Fast, false) => Some(&FAST),
            (Accuracy::Fast, true) => Some(&FAST_F32),
        }
    }

    /// The function by `f` up to the limit, then by a region, or by the helper.
    fn evaluate<'c>(&self, x: V<'c>, function: Function, f: impl FnOnce(V<'c>) -> V<'c>) -> V<'c> {
        let y = if self.wide { f(x.to_f64()).to_f32() } else { f(x) };
        if self.wide {
            return function.beyond(self.limit, x, y);
        }
        // A region would cost the short code of these a tenth of its time, where all arguments are small.
        y.patch(x.abs().gt(self.limit), function.name(), &[x])
    }

    fn sin<'c>(&self, x: V<'c>) -> V<'c> {
        let t = x.fma(FRAC_1_PI, round(x));
        self.sin_of(x, t - round(x), last_bit(t))
    }

    /// With k + 1/2 for k: cos(x) is sin(r) for odd k, -sin(r) for even ones.
    fn cos<'c>(&self, x: V<'c>) -> V<'c> {
        let (floor, bits) = if x.is_f32() { (FLOOR_F32, FLOOR_BITS_F32) } else { (FLOOR, FLOOR_BITS) };
        let t = x.fma(FRAC_1_PI, floor).bits() & -(1 << bits);
        let last = t << if x.is_f32() { 31 - bits } else { 63 - bits };
        self.sin_of(x, t.as_float() - (floor - 0.5), last)
    }

    /// The sine of x - k*pi, turned by this sign.
    fn sin_of<'c>(&self, x: V<'c>, k: V<'c>, sign: V<'c>) -> V<'c> {
        let (r, z) = self.rest(x, k, 1.0);
        turned(r, sign) * z.horner(self.sin)
    }

    fn tan<'c>(&self, x: V<'c>) -> V<'c> {
        let t = x.fma(FRAC_2_PI, round(x));
        let (r, z) = self.rest(x, t - round(x), 0.5);
        let [p, q] = self.tan.map(|c| z.horner(c));
        let last = last_bit(t);
        let (p, odd) = (turned(r, last) * p, last.lt(0i64));
        odd.select(q, p) / odd.select(p, q)
    }

    /// r = x - k*pi*scale, and its square. What the polynomials make of a square is so flat that the first part of pi is
    /// enough for it where r has digits to spare, which saves the wait for the others.
    fn rest<'c>(&self, x: V<'c>, k: V<'c>, scale: f64) -> (V<'c>, V<'c>) {
        let first = k.fma(-scale * self.pi[0], x);
        let r = self.pi[1..].iter().fold(first, |r, &part| k.fma(-scale * part, r));
        let of = if self.flat { first } else { r };
        (r, of * of)
    }
}

/// The polynomial of z by Horner's rule in z*z, its coefficients the pairs c[0] + c[1]*z, ...: half as many steps that wait for
/// each other, and z*z is shared.
fn paired<'c>(z: V<'c>, c: &[f64]) -> V<'c> {
    let mut pairs = c.chunks(2).rev().map(|pair| z.horner(pair));
    let last = pairs.next().unwrap_or_else(|| z.number(0.0));
    pairs.fold(last, |sum, pair| sum.fma(z * z, pair))
}

/// The number whose sum with a value of this type has an integer in its low bits.
fn round(like: V) -> f64 {
    if like.is_f32() { ROUND_F32 } else { ROUND }
}

/// The last bit of a float's bits, moved to where the sign is.
fn last_bit(t: V) -> V {
    t.bits() << if t.is_f32() { 31i64 } else { 63i64 }
}

/// With the other sign where the sign bit of `sign` is set, which has no other.
fn turned<'c>(y: V<'c>, sign: V<'c>) -> V<'c> {
    (y.bits() ^ sign).as_float()
}
