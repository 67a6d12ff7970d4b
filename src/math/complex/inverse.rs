//! Inverse trigonometric and hyperbolic functions: Kahan's formulas, which keep to the right side of every cut.

use super::arithmetic::sqrt;
use super::exponential::log;
use super::{C, select};
use crate::math::formula::V;
use crate::math::inverse_hyperbolic::arcsinh as real_arcsinh;
use crate::math::inverse_trigonometric::arctan2;
use crate::math::log as real_log;

/// Beyond this modulus `sqrt(1 - z*z)` is `-iz` or `iz` to the last digit, and products of square roots come near overflow.
const LARGE: f64 = 1e150;
const LN_2: f64 = std::f64::consts::LN_2;
const HALF_PI: f64 = std::f64::consts::FRAC_PI_2;

/// The square roots of `1 - z` and `1 + z`, with the zeros' signs as they come.
fn roots<'c>(z: C<'c>) -> (C<'c>, C<'c>) {
    let minus = C::new(1.0 - z.re, -z.im);
    let plus = C::new(z.re + 1.0, z.im);
    (sqrt(&[minus]), sqrt(&[plus]))
}

fn is_large<'c>(z: C<'c>) -> V<'c> {
    z.re.abs().gt(LARGE) | z.im.abs().gt(LARGE)
}

/// `log |2z|` for a large z.
fn log_twice<'c>(z: C<'c>) -> V<'c> {
    log(&[z]).re + LN_2
}

/// The inverse sine: `arctan2(x, Re(sqrt(1-z)*sqrt(1+z))) + i*arcsinh(Im(conj(sqrt(1-z))*sqrt(1+z)))`.
pub(super) fn arcsin<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    let (m, p) = roots(z);
    let re = arctan2(z.re, m.re * p.re - m.im * p.im);
    let im = real_arcsinh(m.re * p.im - m.im * p.re);
    let large = C::new(arctan2(z.re, z.im.abs()), log_twice(z).copysign(z.im));
    select(is_large(z), large, C::new(re, im))
}

/// The inverse cosine: `2*arctan2(Re sqrt(1-z), Re sqrt(1+z)) + i*arcsinh(Im(conj(sqrt(1+z))*sqrt(1-z)))`.
pub(super) fn arccos<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    let (m, p) = roots(z);
    let re = arctan2(m.re, p.re) * 2.0;
    let im = real_arcsinh(p.re * m.im - p.im * m.re);
    let large = C::new(arctan2(z.im.abs(), z.re), -log_twice(z).copysign(z.im));
    select(is_large(z), large, C::new(re, im))
}

/// `arcsinh z = i*arcsin(-iz)`
pub(super) fn arcsinh<'c>(args: &[C<'c>]) -> C<'c> {
    arcsin(&[args[0].times_minus_i()]).times_i()
}

/// The inverse hyperbolic cosine: `arcsinh(Re(conj(sqrt(z-1))*sqrt(z+1))) + i*2*arctan2(Im sqrt(z-1), Re sqrt(z+1))`.
pub(super) fn arccosh<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    let m = sqrt(&[C::new(z.re - 1.0, z.im)]);
    let p = sqrt(&[C::new(z.re + 1.0, z.im)]);
    let re = real_arcsinh(m.re * p.re + m.im * p.im);
    let im = arctan2(m.im, p.re) * 2.0;
    let large = C::new(log_twice(z), arctan2(z.im, z.re));
    select(is_large(z), large, C::new(re, im))
}

/// The inverse hyperbolic tangent (Kahan's CATANH), for the half plane of positive x, the other being its image through 0:
/// `log1p(4x/((1-x)^2 + y^2))/4 + i*arctan2(2y, (1-x)(1+x) - y^2)/2`; for large z, `Re(1/z) + i*pi/2`.
pub(super) fn arctanh<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    let side = z.re.number(1.0).copysign(z.re);
    let (x, y) = (z.re.abs(), z.im * side);
    let large = is_large(z);
    let (u, v) = (large.select(x.number(0.0), x), large.select(x.number(0.0), y));
    let (less, more) = (1.0 - u, u + 1.0);
    let re = real_log::log1p((u * 4.0) / less.fma(less, v * v)) * 0.25;
    // Beside the pole the square vanishes long before the number does.
    let beside = less.eq(0.0) & v.abs().lt(1e-100);
    let re = beside.select((LN_2 - real_log::log(v.abs())) * 0.5, re);
    let im = arctan2(v * 2.0, less * more - v * v) * 0.5;
    // Re(1/z), with the squares kept in range: the greater part divided out.
    let swap = x.lt(y.abs());
    let (great, small) = (swap.select(y.abs(), x), swap.select(x, y.abs()));
    let ratio = small / great;
    let norm = ratio.fma(ratio, 1.0);
    let inverse = swap.select(ratio, 1.0) / great / norm;
    let endless = great.eq(f64::INFINITY);
    let inverse = endless.select(x.number(0.0), inverse);
    let far = C::new(inverse, y.eq(y).select(x.number(HALF_PI).copysign(y), y));
    let result = select(large, far, C::new(re, im));
    C::new(result.re * side, result.im * side)
}

/// `arctan z = -i*arctanh(iz)`
pub(super) fn arctan<'c>(args: &[C<'c>]) -> C<'c> {
    arctanh(&[args[0].times_i()]).times_minus_i()
}
