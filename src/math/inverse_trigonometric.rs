//! Inverse trigonometric functions.
//!
//! Each is a polynomial on an interval around 0, and angles that are added: pi/2, pi. `P` and `Q` are minimax polynomials.
//!
//! Inverse tangent (Muller, Elementary Functions, 2016, chapter 11):
//! 1. `q = n/d`, the lesser magnitude by the greater, so `q` is in 0 to 1 (of one argument `x`: of `|x|` and 1).
//! 2. `rest = n - q*d`, exactly, by fma; `q + rest/d` is the quotient to twice the digits. `rest` is below an ulp of `n`, so
//!    `1/d` need be known to a few hundredths only: the difference of a constant and the bits of `d` is it ([`reciprocal`]).
//! 3. `atan(q + rest/d) = q + q t P(t) + (rest/d)/(1 + t)`, where `t = q^2`, and a line stands for `1/(1 + t)`.
//! 4. The angle is that, or `pi/2` or `pi` minus it, or `pi/2` plus it: always `base + q`, with the rounding error of the
//!    sum, plus what is small, with the second part of `pi`. Signs go to `n` before the division.
//!
//! Inverse sine and cosine:
//! 1. For `|x| <= 1/2`: `asin x = x + x t Q(t)`, where `t = x^2`.
//! 2. Else `asin |x| = pi/2 - 2 asin(s)`, where `t = (1 - |x|)/2` is exact and `s = sqrt(t)`. The root's error is
//!    `(t - s^2)/(2s)`, again with a rough reciprocal. The polynomial is evaluated once, at the `t` that is right.
//! 3. `acos` is `pi/2 - asin`, `2 asin(s)`, or `pi - 2 asin(s)`. Sums as above.
//!
//! `f32` and `f64` share the code, with constants of their own. The errors found are at most 0.9 ulp.

use super::formula::V;

/// Of one type.
struct Constants {
    /// pi/2.
    half_pi: f64,
    /// Of pi/2 and of pi: what rounding has left off, as a part of the rounded value.
    tail: f64,
    /// `(atan x - x)/x^3` in `x^2`, for `|x| <= 1`.
    arctan: &'static [f64],
    /// `(asin x - x)/x^3` in `x^2`, for `|x| <= 1/2`.
    arcsin: &'static [f64],
    /// The float whose bits are those of a number and those of its reciprocal, nearly, added.
    reciprocal: f64,
    /// From here on the greater argument of [`arctan2`] is scaled down, below it up.
    large: f64,
    down: f64,
    up: f64,
}

const F64: Constants = Constants {
    half_pi: 1.5707963267948966,
    tail: 3.8981718325193755e-17,
    // Relative error of atan: 2^-57.
    arctan: &[
        -0.3333333333333307,
        0.19999999999951756,
        -0.1428571428258855,
        0.11111111007354929,
        -0.09090907008003163,
        0.07692279890999246,
        -0.06666404438114071,
        0.05880529884546193,
        -0.05253527080577385,
        0.04722349270736123,
        -0.04219245746217412,
        0.0366432009149631,
        -0.02990580836537137,
        0.02198714849116386,
        -0.01390264001036171,
        0.00719792530675724,
        -0.002885627634729607,
        0.0008315651339560051,
        -0.0001522121757794645,
        1.3230089304297347e-05,
    ],
    // Relative error of asin: 2^-55.9.
    arcsin: &[
        0.16666666666665408,
        0.07500000000337102,
        0.04464285682827013,
        0.03038195913898113,
        0.022371758008737617,
        0.017359705316378104,
        0.013885230601957104,
        0.012169240345234159,
        0.006527862704180293,
        0.01952854690865914,
        -0.0162246601880464,
        0.03191252893457411,
    ],
    reciprocal: f64::from_bits(0x7FDE_624D_D2F1_A800),
    // 2^500, 2^-100, 2^450.
    large: 3.273390607896142e150,
    down: 7.888609052210118e-31,
    up: 2.9073548971824276e135,
};

const F32: Constants = Constants {
    half_pi: 1.5707963705062866,
    tail: -2.7827534054836178e-08,
    // Relative error of atan: 2^-28.5.
    arctan: &[
        -0.33333298563957214,
        0.1999853551387787,
        -0.14264126121997833,
        0.10951654613018036,
        -0.08402056246995926,
        0.05793580040335655,
        -0.03115776553750038,
        0.010904536582529545,
        -0.0017915019998326898,
    ],
    // Relative error of asin: 2^-27.6.
    arcsin: &[0.16666752099990845, 0.0749531015753746, 0.045469019562006, 0.024185502901673317, 0.04215701296925545],
    reciprocal: f32::from_bits(0x7EF3_126E) as f64,
    // 2^64, 2^-20, 2^52.
    large: 18_446_744_073_709_551_616.0,
    down: 9.5367431640625e-07,
    up: 4_503_599_627_370_496.0,
};

fn constants(x: V) -> &'static Constants {
    if x.is_f32() { &F32 } else { &F64 }
}

/// The sign bit alone.
fn sign<'c>(x: V<'c>) -> V<'c> {
    x.bits() & x.number(-0.0).bits()
}

/// This value with its sign changed where the bit is set.
fn signed<'c>(x: V<'c>, sign: V<'c>) -> V<'c> {
    (x.bits() ^ sign).as_float()
}

/// `1/x` to 5.1 hundredths of it, for `x` positive and neither it nor the result near the ends of the range; for 0 a
/// number, for NaN anything.
fn reciprocal<'c>(x: V<'c>) -> V<'c> {
    (x.number(constants(x).reciprocal).bits() - x.bits()).as_float()
}

/// `base + (x + small)` and what `base` lacks of the multiple of pi/2 that it stands for; `base` is 0 or `|base| >= |x|`.
fn angle<'c>(base: V<'c>, x: V<'c>, small: V<'c>) -> V<'c> {
    let sum = base + x;
    let error = x - (sum - base);
    sum + (error + base.fma(constants(x).tail, small))
}

/// Inverse sine; at most 0.8 ulp.
pub(super) fn arcsin<'c>(x: V<'c>) -> V<'c> {
    let size = x.abs();
    let beyond = size.gt(0.5);
    let root = Root::of(size);
    let t = beyond.select(root.square, x * x);
    let a = beyond.select(root.value * -2.0, size);
    let error = beyond.select(root.twice_error, 0.0);
    let base = beyond.select(x.number(constants(x).half_pi), 0.0);
    let small = a.fma(t * t.estrin(constants(x).arcsin), -error);
    signed(angle(base, a, small), sign(x))
}

/// Inverse cosine; at most 0.8 ulp.
pub(super) fn arccos<'c>(x: V<'c>) -> V<'c> {
    let half_pi = constants(x).half_pi;
    let size = x.abs();
    let beyond = size.gt(0.5);
    let root = Root::of(size);
    let t = beyond.select(root.square, x * x);
    let a = beyond.select(root.value * 2.0, -size);
    let error = beyond.select(root.twice_error, 0.0);
    let base = beyond.select(x.lt(0.0).select(x.number(2.0 * half_pi), 0.0), half_pi);
    let small = a.fma(t * t.estrin(constants(x).arcsin), error);
    angle(base, signed(a, sign(x)), signed(small, sign(x)))
}

/// `sqrt((1 - x)/2)`.
struct Root<'c> {
    /// `(1 - x)/2`, exactly for `x >= 1/2`.
    square: V<'c>,
    /// Its root, rounded.
    value: V<'c>,
    /// Twice what the root lacks.
    twice_error: V<'c>,
}

impl<'c> Root<'c> {
    fn of(x: V<'c>) -> Root<'c> {
        let square = x.fma(-0.5, 0.5);
        let value = square.sqrt();
        let twice_error = (-value).fma(value, square) * reciprocal(value);
        Root { square, value, twice_error }
    }
}

/// Inverse tangent; at most 0.9 ulp.
pub(super) fn arctan<'c>(x: V<'c>) -> V<'c> {
    let size = x.abs();
    let steep = size.gt(1.0);
    // From 2^60 on it is pi/2.
    let d = steep.select(x.number(1_152_921_504_606_846_976.0).lesser(size), 1.0);
    let n = steep.select(x.number(-1.0), size);
    let q = n / d;
    let t = q * q;
    let rest = (-q).fma(d, n);
    // Where there is a rest, 1/d is -q.
    let rest = (rest * q) * t.fma(0.5, -0.957);
    let base = steep.select(x.number(constants(x).half_pi), 0.0);
    signed(angle(base, q, polynomial(q, t, rest)), sign(x))
}

/// Angle of the point (x, y); at most 0.9 ulp.
pub(super) fn arctan2<'c>(y: V<'c>, x: V<'c>) -> V<'c> {
    let c = constants(x);
    let (greatest, least) =
        if x.is_f32() { (f64::from(f32::MAX), f64::from(f32::MIN_POSITIVE)) } else { (f64::MAX, f64::MIN_POSITIVE) };
    let steep = y.abs().gt(x.abs());
    let n = steep.select(x.abs(), y.abs());
    let d = steep.select(y.abs(), x.abs());
    // Beside infinity a number is 0 (its difference from itself: NaN stays one), two infinities are equal, and so are two zeros.
    let n = n.eq(f64::INFINITY).select(x.number(greatest), d.eq(f64::INFINITY).select(n - n, n));
    let d = x.number(least).greater(x.number(greatest).lesser(d));

    let left = x.bits().lt(0i64);
    let minus = (steep ^ left).select(x.number(-0.0), 0.0).bits();
    let n = signed(n, minus);
    let q = n / d;
    let t = q * q;
    // The rest is exact for these; the quotient of the scaled ones would not always be.
    let scale = d.ge(c.large).select(x.number(c.down), c.up);
    let d = d * scale;
    let rest = (-q).fma(d, n * scale);
    // The line is low enough for the product to be below 1/d where t = 0: of a quotient below half the least float the
    // result is 0.
    let rest = rest * (reciprocal(d) * t.fma(-0.47, 0.95));
    let base = steep.select(x.number(c.half_pi), left.select(x.number(2.0 * c.half_pi), 0.0));
    signed(angle(base, q, polynomial(q, t, rest)), sign(y))
}

/// `atan(q) - q + rest`, where `t = q^2`.
fn polynomial<'c>(q: V<'c>, t: V<'c>, rest: V<'c>) -> V<'c> {
    q.fma(t * t.estrin(constants(q).arctan), rest)
}
