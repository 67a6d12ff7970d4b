//! Exponentials, logarithms, trigonometric and hyperbolic functions, powers.

use super::arithmetic::sum_of_products;
use super::{C, select};
use crate::math::double::{product, sum};
use crate::math::formula::V;
use crate::math::inverse_trigonometric::arctan2;
use crate::math::{exp as real_exp, hyperbolic, log as real_log, root, trigonometric};

/// Beyond this, `exp` is near its overflow: the exponent is taken in two pieces.
const LARGE: f64 = 700.0;
/// The second piece, and e to the power of it, rounded: 5e-17 off, relatively.
const PIECE: f64 = 500.0;
const EXP_PIECE: f64 = 1.403_592_217_852_837_5e217;
const LN_2: f64 = std::f64::consts::LN_2;
const LOG2_E: f64 = std::f64::consts::LOG2_E;
const LOG10_E: f64 = std::f64::consts::LOG10_E;

/// `e^x` as two factors: their product may be beyond the greatest float where what it is multiplied by brings it back.
fn exp_factors(x: V<'_>) -> (V<'_>, V<'_>) {
    let large = x.gt(LARGE);
    let first = real_exp::exp(large.select(x - PIECE, x));
    (first, large.select(x.number(EXP_PIECE), 1.0))
}

/// The exponential: `e^x*cos y + i*e^x*sin y`. Of a real number it is real.
pub(super) fn exp<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    let (first, second) = exp_factors(z.re);
    let (cos, sin) = (trigonometric::cos(z.im), trigonometric::sin(z.im));
    let real = z.im.eq(0.0);
    let zero = z.re.number(0.0);
    let endless = !z.im.abs().lt(f64::INFINITY);
    // Minus infinity gives 0 in whatever direction; plus infinity in no direction is infinite and NaN.
    let gone = z.re.eq(f64::NEG_INFINITY);
    let great = z.re.eq(f64::INFINITY) & endless;
    let re = real.select(first * second, (cos * first) * second);
    let im = real.select(z.im, (sin * first) * second);
    let re = great.select(z.re, (gone & endless).select(zero, re));
    C::new(re, (gone & endless).select(zero, im))
}

/// `exp(z) - 1`: `expm1(x)*cos y - 2*sin(y/2)^2 + i*e^x*sin y`.
pub(super) fn expm1<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    let half = trigonometric::sin(z.im * 0.5);
    let real = real_exp::expm1(z.re);
    let near = sum_of_products(real, trigonometric::cos(z.im), half * -2.0, half);
    let near = z.im.eq(0.0).select(real, near);
    let far = exp(args);
    let small = z.re.abs().lt(LARGE);
    C::new(small.select(near, far.re - 1.0), far.im)
}

/// 2 to the power of z.
pub(super) fn exp2<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    exp(&[C::new(z.re * LN_2, z.im * LN_2)])
}

/// The logarithm of the modulus.
///
/// 1. Where the modulus is between 1/2 and 2: `log1p(x*x + y*y - 1)/2`, the squares and their sum with all errors carried, for
///    near the unit circle nearly everything cancels.
/// 2. Elsewhere `log(hypot(x, y))`, with huge numbers scaled by 1/4, and tiny ones by 2^500, for `hypot` rounds subnormals.
fn log_modulus<'c>(z: C<'c>) -> V<'c> {
    let (a, b) = (z.re.abs(), z.im.abs());
    let swap = a.lt(b);
    let (great, small) = (swap.select(b, a), swap.select(a, b));
    let huge = great.gt(2f64.powi(1000));
    let tiny = great.lt(2f64.powi(-550));
    let scale = huge.select(great.number(0.25), tiny.select(great.number(2f64.powi(500)), 1.0));
    let size = root::hypot(z.re * scale, z.im * scale);
    let unscale = huge.select(great.number(2.0 * LN_2), tiny.select(great.number(-500.0 * LN_2), 0.0));
    let far = real_log::log(size) + unscale;
    let near = size.gt(0.5) & size.lt(2.0) & !huge;
    // Kept tame where it is not used.
    let (g, s) = (near.select(great, 1.0), near.select(small, 0.0));
    let (g2, s2) = (product(g, g), product(s, s));
    let top = sum(g2.hi - 1.0, s2.hi);
    let excess = top.hi + (top.lo + (g2.lo + s2.lo));
    near.select(real_log::log1p(excess) * 0.5, far)
}

/// The logarithm: that of the modulus, and the angle.
pub(super) fn log<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    C::new(log_modulus(z), arctan2(z.im, z.re))
}

/// The logarithm to base 2.
pub(super) fn log2<'c>(args: &[C<'c>]) -> C<'c> {
    let z = log(args);
    C::new(z.re * LOG2_E, z.im * LOG2_E)
}

/// The logarithm to base 10.
pub(super) fn log10<'c>(args: &[C<'c>]) -> C<'c> {
    let z = log(args);
    C::new(z.re * LOG10_E, z.im * LOG10_E)
}

/// `log(1 + z)`: where z is small, `|1 + z|^2 - 1 = x*(2 + x) + y*y`, with all errors carried.
pub(super) fn log1p<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    let one = z.re + 1.0;
    let small = z.re.abs().lt(0.5) & z.im.abs().lt(0.5);
    let (x, y) = (small.select(z.re, 0.0), small.select(z.im, 0.0));
    let (x2, y2) = (product(x, x), product(y, y));
    let first = sum(x + x, x2.hi);
    let second = sum(first.hi, y2.hi);
    let excess = second.hi + (second.lo + (first.lo + (x2.lo + y2.lo)));
    let re = small.select(real_log::log1p(excess) * 0.5, log_modulus(C::new(one, z.im)));
    C::new(re, arctan2(z.im, one))
}

/// `(sinh x, cosh x)` times `(u, v)`, where they may overflow and the products not.
fn sinh_cosh_times<'c>(x: V<'c>, u: V<'c>, v: V<'c>) -> (V<'c>, V<'c>) {
    let large = x.abs().gt(LARGE);
    let tail = real_exp::exp(x.abs() - PIECE) * 0.5;
    let sinh = large.select(tail.copysign(x), hyperbolic::sinh(x));
    let cosh = large.select(tail, hyperbolic::cosh(x));
    let second = large.select(x.number(EXP_PIECE), 1.0);
    ((u * sinh) * second, (v * cosh) * second)
}

/// `sinh x * cos y + i*cosh x * sin y`.
pub(super) fn sinh<'c>(args: &[C<'c>]) -> C<'c> {
    let C { re: x, im: y } = args[0];
    let (re, im) = sinh_cosh_times(x, trigonometric::cos(y), trigonometric::sin(y));
    // Where a factor is infinite or NaN, a zero stays one.
    let zero = x.eq(0.0) & !y.abs().lt(f64::INFINITY);
    C::new(zero.select(x, re), y.eq(0.0).select(y, im))
}

/// `cosh x * cos y + i*sinh x * sin y`.
pub(super) fn cosh<'c>(args: &[C<'c>]) -> C<'c> {
    let C { re: x, im: y } = args[0];
    let (im, re) = sinh_cosh_times(x, trigonometric::sin(y), trigonometric::cos(y));
    // Where a factor is infinite or NaN, a zero stays one.
    let zero = y.eq(0.0) | (x.eq(0.0) & !y.abs().lt(f64::INFINITY));
    let signed = y.number(0.0).copysign(x) * y.number(1.0).copysign(y);
    C::new(re, zero.select(signed, im))
}

/// `sin z = -i*sinh(iz)`
pub(super) fn sin<'c>(args: &[C<'c>]) -> C<'c> {
    sinh(&[args[0].times_i()]).times_minus_i()
}

/// `cos z = cosh(iz)`
pub(super) fn cos<'c>(args: &[C<'c>]) -> C<'c> {
    cosh(&[args[0].times_i()])
}

/// The hyperbolic tangent (Kahan's CTANH): with `t = tan y`, `b = 1 + t*t`, `s = sinh x`, `r = sqrt(1 + s*s)`, the result is
/// `(b*r*s + i*t) / (1 + b*s*s)`; for large x, `1 + i*4*sin y*cos y*exp(-2|x|)` with the sign of x.
pub(super) fn tanh<'c>(args: &[C<'c>]) -> C<'c> {
    let C { re: x, im: y } = args[0];
    let large = x.abs().gt(22.0);
    let inner = large.select(x.number(0.0), x);
    let t = trigonometric::tan(y);
    let b = t.fma(t, 1.0);
    let s = hyperbolic::sinh(inner);
    let r = s.fma(s, 1.0).sqrt();
    let d = (b * s).fma(s, 1.0);
    // A tangent that overflows (there is none in f64) or is NaN takes both parts with it.
    let near = C::new((b * r) * s / d, t / d);
    let (sin, cos) = (trigonometric::sin(y), trigonometric::cos(y));
    let far = C::new(x.number(1.0).copysign(x), real_exp::exp(x.abs() * -2.0) * 4.0 * (sin * cos));
    let endless = x.abs().eq(f64::INFINITY) & !y.abs().lt(f64::INFINITY);
    let far = C::new(far.re, endless.select(y.number(0.0), far.im));
    let result = select(large, far, near);
    C::new(x.eq(0.0).select(x, result.re), y.eq(0.0).select(y, result.im))
}

/// `tan z = -i*tanh(iz)`
pub(super) fn tan<'c>(args: &[C<'c>]) -> C<'c> {
    tanh(&[args[0].times_i()]).times_minus_i()
}

/// `exp(w*log z)`. To the power of 0 it is 1; 0 to a power with positive real part is 0.
pub(super) fn pow<'c>(args: &[C<'c>]) -> C<'c> {
    let (z, w) = (args[0], args[1]);
    let l = log(&[z]);
    let re = sum_of_products(w.re, l.re, -w.im, l.im);
    let im = sum_of_products(w.re, l.im, w.im, l.re);
    let power = exp(&[C::new(re, im)]);
    let (zero, one) = (z.re.number(0.0), z.re.number(1.0));
    let of_zero = z.re.eq(0.0) & z.im.eq(0.0) & w.re.gt(0.0);
    let power = select(of_zero, C::new(zero, zero), power);
    let to_zero = w.re.eq(0.0) & w.im.eq(0.0);
    select(to_zero, C::new(one, zero), power)
}
