//! Inverse trigonometric functions.
//!
//! Each is a polynomial on an interval around 0, to which an angle is added. `P` and `Q` are minimax polynomials.
//!
//! Inverse tangent (Muller, Elementary Functions, 2016, chapter 11):
//! 1. `n/d`, the lesser magnitude by the greater, is in 0 to 1 (of one argument `x`: of `|x|` and 1). Above 1/2 it is
//!    `pi/4 + atan((n - d)/(n + d))`; that difference is exact, and the sum's error is kept. So `|q| <= 1/2` for the quotient.
//! 2. The remainder of the division is exact by fma, and gives the quotient to twice the digits: `q + rest/d`. `rest` is
//!    below an ulp of `n`, so `1/d` need be known to a few hundredths only ([`reciprocal`]).
//! 3. `atan(q + rest/d) = q + q t P(t) + (rest/d)/(1 + t)`, where `t = q^2`, and a line stands for `1/(1 + t)`.
//! 4. That is added to the multiple of pi/4 of its octant, or subtracted: signs go to `n` before the division.
//!
//! Inverse sine and cosine:
//! 1. For `|x| <= 1/2`: `asin x = x + x t Q(t)`, where `t = x^2`.
//! 2. Else `asin |x| = pi/2 - 2 asin(s)`, where `t = (1 - |x|)/2` is exact and `s = sqrt(t)`. The root's error is
//!    `(t - s^2)/(2s)`, again with a rough reciprocal. The polynomial is evaluated once, at the `t` that is right.
//! 3. `acos` is `pi/2 - asin`, `2 asin(s)`, or `pi - 2 asin(s)`.
//!
//! The last sum is `base + x + (x u + small)` in this order, with the error of the first sum; `base` is a multiple of pi/4.
//! `f32` and `f64` share the code, with constants of their own.

use super::formula::V;

/// Of one type.
struct Constants {
    /// The first digits of pi/2: so many that 3/4 pi is exact too.
    half_pi: f64,
    /// What they lack, as a part of them.
    tail: f64,
    /// `(atan x - x)/x^3` in `x^2`, for `|x| <= 1/2`.
    arctan: &'static [f64],
    /// `(asin x - x)/x^3` in `x^2`, for `|x| <= 1/2`.
    arcsin: &'static [f64],
    /// The float whose bits are those of a number and those of its reciprocal, nearly, added.
    reciprocal: f64,
    /// From here on the greater argument of [`arctan2`] is scaled down, below it up.
    large: f64,
    down: f64,
    up: f64,
    /// Scaled, it is below the first, and 0 or above the second.
    greatest: f64,
    least: f64,
}

const F64: Constants = Constants {
    half_pi: 1.5707963267948966,
    tail: 3.8981718325193755e-17,
    // Relative error of atan: 2^-57.8.
    arctan: &[
        -0.3333333333333298,
        0.19999999999903123,
        -0.1428571427638746,
        0.11111110659708877,
        -0.09090896246524784,
        0.07692073939411088,
        -0.06663810877468249,
        0.05858300584702988,
        -0.051220128120935425,
        0.041865229895992326,
        -0.027435234447055368,
        0.010117037552530784,
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
    // 2^1000, 2^-640.
    greatest: 1.0715086071862673e301,
    least: 2.1918532954784623e-193,
};

const F32: Constants = Constants {
    half_pi: 1.5707964897155762,
    tail: -1.037185128893725e-07,
    // Relative error of atan: 2^-27.5.
    arctan: &[
        -0.3333323299884796,
        0.19994185864925385,
        -0.14174582064151764,
        0.10158165544271469,
        -0.05129775404930115,
    ],
    // Relative error of asin: 2^-27.6.
    arcsin: &[0.16666752099990845, 0.0749531015753746, 0.045469019562006, 0.024185502901673317, 0.04215701296925545],
    reciprocal: f32::from_bits(0x7EF3_126E) as f64,
    // 2^64, 2^-20, 2^52.
    large: 18_446_744_073_709_551_616.0,
    down: 9.5367431640625e-07,
    up: 4_503_599_627_370_496.0,
    // 2^120, 2^-100.
    greatest: 1.329227995784916e36,
    least: 7.888609052210118e-31,
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

/// `base + x + (x*u + small)`; `base` is 0 or `|base| >= |x|`, and the first digits of what it stands for.
fn angle<'c>(base: V<'c>, x: V<'c>, u: V<'c>, small: V<'c>) -> V<'c> {
    let sum = base + x;
    let error = x - (sum - base);
    sum + x.fma(u, base.fma(constants(x).tail, error + small))
}

/// Inverse sine; at most 0.8 ulp.
pub(super) fn arcsin<'c>(x: V<'c>) -> V<'c> {
    let size = x.abs();
    let beyond = size.gt(0.5);
    let root = Root::of(size);
    let t = beyond.select(root.square, x * x);
    let a = beyond.select(root.value * -2.0, size);
    let error = beyond.select(root.minus_twice_error, 0.0);
    let base = beyond.select(x.number(constants(x).half_pi), 0.0);
    signed(angle(base, a, t * t.estrin(constants(x).arcsin), error), sign(x))
}

/// Inverse cosine; at most 0.8 ulp.
pub(super) fn arccos<'c>(x: V<'c>) -> V<'c> {
    let half_pi = constants(x).half_pi;
    let size = x.abs();
    let beyond = size.gt(0.5);
    let root = Root::of(size);
    let t = beyond.select(root.square, x * x);
    let minus = sign(-x);
    let a = signed(beyond.select(root.value * -2.0, size), minus);
    let error = signed(beyond.select(root.minus_twice_error, 0.0), minus);
    let base = beyond.select(x.lt(0.0).select(x.number(2.0 * half_pi), 0.0), half_pi);
    angle(base, a, t * t.estrin(constants(x).arcsin), error)
}

/// `sqrt((1 - x)/2)`.
struct Root<'c> {
    /// `(1 - x)/2`, exactly for `x >= 1/2`.
    square: V<'c>,
    /// Its root, rounded.
    value: V<'c>,
    /// Twice what the root lacks, with the other sign.
    minus_twice_error: V<'c>,
}

impl<'c> Root<'c> {
    fn of(x: V<'c>) -> Root<'c> {
        let square = x.fma(-0.5, 0.5);
        let value = square.sqrt();
        let minus_twice_error = value.fma(value, -square) * reciprocal(value);
        Root { square, value, minus_twice_error }
    }
}

/// Inverse tangent; at most 0.8 ulp.
pub(super) fn arctan<'c>(x: V<'c>) -> V<'c> {
    let size = x.abs();
    let steep = size.gt(1.0);
    // From 2^60 on it is pi/2.
    let d = steep.select(x.number(1_152_921_504_606_846_976.0).lesser(size), 1.0);
    let n = steep.select(x.number(1.0), size);
    let minus = steep.select(x.number(-0.0), 0.0).bits();
    let half_pi = constants(x).half_pi;
    let base = steep.select(x.number(half_pi), 0.0);
    signed(octants(n, d, minus, base, x.number(0.5 * half_pi)), sign(x))
}

/// Angle of the point (x, y); at most 0.8 ulp.
pub(super) fn arctan2<'c>(y: V<'c>, x: V<'c>) -> V<'c> {
    let c = constants(x);
    let steep = y.abs().gt(x.abs());
    let n = steep.select(x.abs(), y.abs());
    let d = steep.select(y.abs(), x.abs());
    // The remainder is exact for the scaled ones. The quotient is the same, for what scaling rounds gives 0.
    let infinite = d.eq(f64::INFINITY);
    let scale = d.ge(c.large).select(x.number(c.down), c.up);
    let (n, d) = (n * scale, d * scale);
    // Beside infinity a number is 0 (NaN less itself stays NaN), two infinities are equal, and so are two zeros.
    let n = n.eq(f64::INFINITY).select(x.number(c.greatest), infinite.select(n - n, n));
    let d = x.number(c.least).greater(x.number(c.greatest).lesser(d));

    let left = x.bits().lt(0i64);
    let minus = (steep ^ left).select(x.number(-0.0), 0.0).bits();
    let base = steep.select(x.number(c.half_pi), left.select(x.number(2.0 * c.half_pi), 0.0));
    let middle = left.select(x.number(1.5 * c.half_pi), 0.5 * c.half_pi);
    signed(octants(n, d, minus, base, middle), sign(y))
}

/// The inverse tangent of `n/d`, which is in 0 to 1, with its sign changed where `minus` has the sign bit, added to `base`;
/// the octant above 1/2 is added to `middle`, which is pi/4 further.
fn octants<'c>(n: V<'c>, d: V<'c>, minus: V<'c>, base: V<'c>, middle: V<'c>) -> V<'c> {
    let above = (n + n).gt(d);
    let sum = d + n;
    let lost = above.select(n - (sum - d), 0.0);
    let n = signed(above.select(n - d, n), minus);
    let d = above.select(sum, d);
    let q = n / d;
    let t = q * q;
    let rest = (-q).fma(lost, (-q).fma(d, n));
    // The line is low enough for the product to be below 1/d where t = 0: of a quotient below half the least float the
    // result is 0.
    let rest = rest * (reciprocal(d) * t.fma(-0.74, 0.95));
    angle(above.select(middle, base), q, t * t.estrin(constants(q).arctan), rest)
}
