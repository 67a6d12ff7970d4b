//! Division, square root, sign.

use super::{C, select};
use crate::math::formula::V;
use crate::math::root::hypot;

/// The greatest float.
const MAX: f64 = f64::MAX;
/// The bits of an exponent.
const EXPONENT: i64 = 0x7ff0_0000_0000_0000;
/// The same with the sign of a difference of exponents.
const EXPONENT_AND_SIGN: i64 = -(1 << 52);

/// `a*b + c*d` with an error below 2 ulp, also where the products cancel (Kahan; Jeannerod, Louvet, Muller 2013).
///
/// A zero has the sign that the sum of the exact products has: what the rounded product is too great by is subtracted, for no
/// excess is +0, which taken from -0 leaves -0, while +0 added to it would not.
pub(super) fn sum_of_products<'c>(a: V<'c>, b: V<'c>, c: V<'c>, d: V<'c>) -> V<'c> {
    let rounded = c * d;
    let excess = (-c).fma(d, rounded);
    a.fma(b, rounded) - excess
}

/// The greater magnitude of the two parts.
fn greatest(z: C<'_>) -> V<'_> {
    z.re.abs().greater(z.im.abs())
}

/// The exponent of a magnitude, in place, and 2 to minus it, for finite numbers; at least that of the least normal numbers.
fn scale(size: V<'_>) -> (V<'_>, V<'_>) {
    let exponent = size.lesser(MAX / 4.0).greater(2f64.powi(-1021)).bits() & EXPONENT;
    (exponent, (-exponent + (2046i64 << 52)).as_float())
}

/// The quotient.
///
/// 1. Both sides are scaled by powers of two, so that the greater part of each is about 1: nothing overflows or vanishes.
/// 2. `(a + ib)/(c + id) = ((ac + bd) + i(bc - ad)) / (c*c + d*d)`, the sums of products with their errors carried.
/// 3. The scales are put back in two equal steps: what is in range at the end is in range between.
/// 4. By zero: each part of the numerator over +0. Where one side is infinite, it is the direction that its infinite parts have
///    (C99, annex G): a finite number by an infinite one is 0, an infinite number by a finite one infinite.
///
/// A part that is 0 has the sign that step 2 gives it.
pub(super) fn divide<'c>(args: &[C<'c>]) -> C<'c> {
    let (z, w) = (args[0], args[1]);
    let ((of, down), (by, up)) = (scale(greatest(z)), scale(greatest(w)));
    let (n, d) = (C::new(z.re * down, z.im * down), C::new(w.re * up, w.im * up));
    let norm = d.re.fma(d.re, d.im * d.im);
    let re = sum_of_products(n.re, d.re, n.im, d.im) / norm;
    let im = sum_of_products(n.im, d.re, -n.re, d.im) / norm;
    let apart = of - by;
    let half = (apart >> 1) & EXPONENT_AND_SIGN;
    let one = 1023i64 << 52;
    let (first, second) = ((half + one).as_float(), (apart - half + one).as_float());
    let plain = C::new((re * first) * second, (im * first) * second);

    let nothing = z.re.number(0.0);
    let is_infinite = |z: C<'c>| z.re.abs().eq(f64::INFINITY) | z.im.abs().eq(f64::INFINITY);
    let is_finite = |z: C<'c>| z.re.abs().lt(f64::INFINITY) & z.im.abs().lt(f64::INFINITY);
    let direction = |x: V<'c>| x.abs().eq(f64::INFINITY).select(x.number(1.0), 0.0).copysign(x);
    let (p, q) = (direction(z.re), direction(z.im));
    let endless = C::new((p * w.re + q * w.im) * f64::INFINITY, (q * w.re - p * w.im) * f64::INFINITY);
    let (p, q) = (direction(w.re), direction(w.im));
    // The sums may overflow, for which their signs do not care.
    let vanished = C::new(nothing.copysign(z.re * p + z.im * q), nothing.copysign(z.im * p - z.re * q));
    let by_zero = C::new(z.re / w.re.abs(), z.im / w.re.abs());
    let zero = w.re.eq(0.0) & w.im.eq(0.0);
    let result = select(is_infinite(z) & is_finite(w), endless, plain);
    let result = select(is_infinite(w) & is_finite(z), vanished, result);
    select(zero, by_zero, result)
}

/// `z / |z|`; 0 of 0.
pub(super) fn sign<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    // One infinite part is the direction.
    let infinite = |x: V<'c>| x.abs().eq(f64::INFINITY);
    let finite = |x: V<'c>| x.abs().lt(f64::INFINITY);
    let along = |x: V<'c>, other: V<'c>| {
        let (one, zero) = (x.number(1.0).copysign(x), x.number(0.0).copysign(x));
        (infinite(x) & finite(other)).select(one, (finite(x) & infinite(other)).select(zero, x))
    };
    let z = C::new(along(z.re, z.im), along(z.im, z.re));
    let (_, s) = scale(greatest(z));
    let z = C::new(z.re * s, z.im * s);
    let size = hypot(z.re, z.im);
    let zero = size.eq(0.0);
    let part = |x: V<'c>| zero.select(x.number(0.0), x / size);
    C::new(part(z.re), part(z.im))
}

/// The square root.
///
/// 1. Scaled by an even power of two, so that nothing overflows or vanishes.
/// 2. `t = sqrt((|x| + |z|)/2)`. If x >= 0: `t + i*y/(2t)`; else `|y|/(2t) + i*t` with the sign of y (Kahan).
/// 3. An infinite y makes the real part infinite, whatever x is.
pub(super) fn sqrt<'c>(args: &[C<'c>]) -> C<'c> {
    let z = args[0];
    let size = greatest(z);
    let (great, small) = (size.gt(2f64.powi(1000)), size.lt(2f64.powi(-900)));
    let one = z.re.number(1.0);
    let scale = great.select(one.number(2f64.powi(-100)), small.select(one.number(2f64.powi(200)), one));
    let back = great.select(one.number(2f64.powi(50)), small.select(one.number(2f64.powi(-100)), one));
    let (x, y) = (z.re * scale, z.im * scale);
    let t = ((x.abs() + hypot(x, y)) * 0.5).sqrt();
    let other = y.abs() / (t + t);
    let right = x.ge(0.0);
    let zero = z.re.eq(0.0) & z.im.eq(0.0);
    // A NaN x goes the right way too, where both parts become NaN.
    let re = (right | x.ne(x)).select(t, other) * back;
    let im = right.select(other, t).copysign(y) * back;
    let re = zero.select(one.number(0.0), re);
    let im = zero.select(z.im, im);
    let endless = z.im.abs().eq(f64::INFINITY);
    let nan = x.ne(x) | y.ne(y);
    let im = (nan & !endless & !x.abs().eq(f64::INFINITY)).select(x + y, im);
    C::new(endless.select(one.number(f64::INFINITY), re), endless.select(z.im, im))
}
