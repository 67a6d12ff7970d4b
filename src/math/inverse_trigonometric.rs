//! Inverse trigonometric functions.
//!
//! Each is a polynomial on an interval around 0, to which an angle is added. `P` and `Q` are minimax polynomials.
//!
//! Inverse tangent (Muller, Elementary Functions, 2016, chapter 11):
//! 1. `n/d`, the lesser magnitude by the greater, is in 0 to 1 (of one argument `x`: of `|x|` and 1). Above 1/2 it is
//!    `pi/4 + atan((n - d)/(n + d))`; that difference is exact, and the sum's error is kept. So `|q| <= 1/2` for the quotient.
//! 2. The remainder of the division is exact by fma, and gives the quotient to twice the digits: `q + rest/d`. `rest` is
//!    below an ulp of `n`, so `1/d` need be known roughly only: the bits of a constant less those of `d` are it ([`reciprocal`]).
//! 3. `atan(q + rest/d) = q + q t P(t) + (rest/d)/(1 + t)`, where `t = q^2`, and 0.9 stands for `1/(1 + t)`.
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
    /// The same for 0.9 of the reciprocal.
    less: f64,
    /// From here on the greater argument of [`arctan2`] is scaled down, below it up.
    large: f64,
    down: f64,
    up: f64,
}

const F64: Constants = Constants {
    half_pi: std::f64::consts::FRAC_PI_2,
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
    less: f64::from_bits(0x7FDB_AE14_7AE1_0000),
    // 2^500, 2^-100, 2^450.
    large: 3.273390607896142e150,
    down: 7.888609052210118e-31,
    up: 2.9073548971824276e135,
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
    less: f32::from_bits(0x7EDD_70A3) as f64,
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

/// `1/x` to 5.1 hundredths of it, or with `less` 0.86 to 0.94 of it, for `x` positive and neither it nor the result near
/// the ends of the range; for 0 a number.
fn reciprocal<'c>(x: V<'c>, constant: f64) -> V<'c> {
    (x.number(constant).bits() - x.bits()).as_float()
}

/// `base + x + (x*u - excess)`; `base` is 0 or `|base| >= |x|`, and the first digits of what it stands for.
fn angle<'c>(base: V<'c>, x: V<'c>, u: V<'c>, excess: V<'c>) -> V<'c> {
    let sum = base + x;
    let error = x - (sum - base);
    sum + x.fma(u, base.fma(constants(x).tail, error - excess))
}

/// Inverse sine; at most 0.8 ulp.
pub(super) fn arcsin<'c>(x: V<'c>) -> V<'c> {
    let c = constants(x);
    let size = x.abs();
    let beyond = size.gt(0.5);
    let root = Root::of(size);
    let t = beyond.select(root.square, x * x);
    let a = beyond.select(root.value * -2.0, size);
    let excess = beyond.select(root.twice_error, 0.0);
    let base = beyond.select(x.number(c.half_pi), 0.0);
    signed(angle(base, a, t * t.two_chains(c.arcsin), excess), sign(x))
}

/// Inverse cosine; at most 0.8 ulp.
pub(super) fn arccos<'c>(x: V<'c>) -> V<'c> {
    let c = constants(x);
    let size = x.abs();
    let beyond = size.gt(0.5);
    let root = Root::of(size);
    let t = beyond.select(root.square, x * x);
    let minus = sign(-x);
    let a = signed(beyond.select(root.value * -2.0, size), minus);
    let excess = signed(beyond.select(root.twice_error, 0.0), minus);
    let base = beyond.select(x.lt(0.0).select(x.number(2.0 * c.half_pi), 0.0), c.half_pi);
    angle(base, a, t * t.two_chains(c.arcsin), excess)
}

/// `sqrt((1 - x)/2)`.
struct Root<'c> {
    /// `(1 - x)/2`, exactly for `x >= 1/2`.
    square: V<'c>,
    /// Its root, rounded.
    value: V<'c>,
    /// Twice what the rounded root lacks.
    twice_error: V<'c>,
}

impl<'c> Root<'c> {
    fn of(x: V<'c>) -> Root<'c> {
        let square = x.fma(-0.5, 0.5);
        let value = square.sqrt();
        let twice_error = (-value).fma(value, square) * reciprocal(value, constants(x).reciprocal);
        Root { square, value, twice_error }
    }
}

/// Inverse tangent; at most 0.9 ulp.
pub(super) fn arctan<'c>(x: V<'c>) -> V<'c> {
    let size = x.abs();
    let steep = size.gt(1.0);
    let n = x.number(1.0).lesser(size);
    // From 2^60 on it is pi/2.
    let d = x.number(1.0).greater(x.number(1_152_921_504_606_846_976.0).lesser(size));
    let minus = steep.select(x.number(-0.0), 0.0).bits();
    let base = steep.select(x.number(constants(x).half_pi), 0.0);
    signed(Octant::of(n, d, minus, base).angle(n, d), sign(x))
}

/// Angle of the point (x, y); at most 0.9 ulp.
pub(super) fn arctan2<'c>(y: V<'c>, x: V<'c>) -> V<'c> {
    let c = constants(x);
    let steep = y.abs().gt(x.abs());
    let n = steep.select(x.abs(), y.abs());
    let d = steep.select(y.abs(), x.abs());
    // The remainder is exact for the scaled ones. The quotient is the same, for what scaling rounds gives 0.
    let scale = d.lt(c.large).select(x.number(c.up), c.down);
    let (n, d) = (n * scale, d * scale);

    let left = x.bits().lt(0i64);
    let minus = (steep ^ left).select(x.number(-0.0), 0.0).bits();
    let base = steep.select(x.number(c.half_pi), left.select(x.number(2.0 * c.half_pi), 0.0));
    let octant = Octant::of(n, d, minus, base);
    // Two zeros, or one infinity, or two (never NaN): the angle is the base.
    let special = (octant.sum + octant.sum).eq(octant.sum);
    let base = if x.is_f32() { octant.base.fma(c.tail, octant.base) } else { octant.base };
    signed(special.select(base, octant.angle(n, d)), sign(y))
}

/// Where `n/d`, which is in 0 to 1, is below 1/2, and the base of the angle there or above.
struct Octant<'c> {
    flat: V<'c>,
    sum: V<'c>,
    minus: V<'c>,
    base: V<'c>,
}

impl<'c> Octant<'c> {
    /// The angle is to be added to `base`, or subtracted where `minus` has the sign bit.
    fn of(n: V<'c>, d: V<'c>, minus: V<'c>, base: V<'c>) -> Octant<'c> {
        // Not true of two infinities, whose angle is pi/4.
        let flat = n.le(d - n);
        let quarter = n.number(0.5 * constants(n).half_pi);
        let base = base + signed(flat.select(n.number(0.0), quarter), minus);
        Octant { flat, sum: d + n, minus, base }
    }

    fn angle(&self, n: V<'c>, d: V<'c>) -> V<'c> {
        let flat = self.flat;
        let lost = flat.select(n.number(0.0), n - (self.sum - d));
        let n = signed(flat.select(n, n - d), self.minus);
        let d = flat.select(d, self.sum);
        let q = n / d;
        let t = q * q;
        // What q is too great by; less than it is, so that nothing is subtracted from a quotient that is rounded to 0.
        let excess = q.fma(lost, q.fma(d, -n)) * reciprocal(d, constants(n).less);
        angle(self.base, q, t * t.two_chains(constants(n).arctan), excess)
    }
}
