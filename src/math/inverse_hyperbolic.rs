//! Inverse hyperbolic functions.
//!
//! Each is the logarithm of 1 plus a number that is not negative, `w`, which is precise near 0 too (Kahan 1987, Branch Cuts
//! for Complex Elementary Functions), as a pair:
//! - `asinh x = log1p(x + x^2/(1 + sqrt(1 + x^2)))`;
//! - `acosh x = log1p(t + sqrt(t (x + 1)))`, with `t = x - 1`, which is exact;
//! - `atanh x = log1p(2x/(1 - x))/2`.
//!
//! Of large numbers the first two are `log(x/16) + log 32`. The odd functions are computed of the magnitude.
//!
//! The logarithm (Tang 1990, and FreeBSD's log1p):
//! 1. `1 + w = 2^k (1 + f)`, f from -1/4 to 1/2, as a pair, although `1 + w` is never rounded: `f = 2^-k w + (2^-k - 1)`.
//! 2. `log(1 + f) = f - f^2/2 + rest`. The first two are a pair. The rest is `s (f^2/2 + z R(z))` for `f64`, where
//!    `s = f/(2 + f)` and `z = s^2`, and `f^3 P(f)` for `f32`.
//! 3. The second part of f adds itself times `1/(1 + f)`, for which a parabola stands.

use super::double::{Pair, fast_sum};
use super::formula::V;
use super::log::{EXPONENT_F32, NATURAL, SERIES_WIDE, TAYLOR_WIDE, exponent};

/// From here on `x + sqrt(x^2 + 1)` is `2x`, and `1 + x/16` is `x/16`; below, no square overflows.
fn large<'c>(x: V<'c>) -> V<'c> {
    // 2^30, 2^60
    x.ge(if x.is_f32() { 1_073_741_824.0 } else { 1_152_921_504_606_846_976.0 })
}

/// Inverse hyperbolic sine; at most 1 ulp (0.97 was found).
pub(super) fn arcsinh<'c>(x: V<'c>) -> V<'c> {
    let size = x.abs();
    let square = size * size;
    let more = square / ((square + 1.0).sqrt() + 1.0);
    let y = log1p(size, fast_sum(size, more));
    with_sign(size.lt(f64::INFINITY).select(y, size), x)
}

/// Inverse hyperbolic cosine; at most 0.75 ulp.
pub(super) fn arccosh<'c>(x: V<'c>) -> V<'c> {
    let t = x - 1.0;
    let u = fast_sum(x, x.number(1.0));
    let square = t * u.hi;
    let root = square.sqrt();
    let rest = t.fma(u.lo, t.fma(u.hi, -square)) - root.fma(root, -square);
    let sum = fast_sum(root, t);
    let y = log1p(x, Pair { hi: sum.hi, lo: rest.fma(half_reciprocal(root), sum.lo) });
    let y = x.lt(f64::INFINITY).select(y, x);
    x.lt(1.0).select(x.number(f64::NAN), y)
}

/// Inverse hyperbolic tangent; at most 0.75 ulp.
pub(super) fn arctanh<'c>(x: V<'c>) -> V<'c> {
    let size = x.abs();
    let d = 1.0 - size;
    let lost = (1.0 - d) - size;
    let n = size + size;
    let w = n / d;
    let rest = w.fma(lost, w.fma(d, -n)) * -2.0;
    let y = log1p(x.number(0.0), Pair { hi: w, lo: rest * half_reciprocal(d) }) * 0.5;
    let outside = size.eq(1.0).select(x.number(f64::INFINITY), f64::NAN);
    with_sign(size.lt(1.0).select(y, outside), x)
}

/// `1/(2x)` to 5.1 hundredths of it, for `x` positive and not near the ends of the range; for 0 a number. The bits of a
/// float are near its logarithm, so that those of the constant less those of `x` are near the logarithm of the quotient.
fn half_reciprocal<'c>(x: V<'c>) -> V<'c> {
    let constant = if x.is_f32() { f32::from_bits(0x7E73_126E).into() } else { f64::from_bits(0x7FCE_624D_D2F1_A800) };
    (x.number(constant).bits() - x.bits()).as_float()
}

/// A value that is not negative, with the sign of `x`.
fn with_sign<'c>(y: V<'c>, x: V<'c>) -> V<'c> {
    (y.bits() ^ (x.bits() & x.number(-0.0).bits())).as_float()
}

/// `log(1 + w)`, `w` not negative and finite; or the logarithm of `2x`, where `x` is large.
fn log1p<'c>(x: V<'c>, w: Pair<'c>) -> V<'c> {
    let [ln_2, ln_2_tail] = NATURAL[usize::from(!x.is_f32())].log_2;
    let large = large(x);
    let w = Pair { hi: large.select(x * 0.0625, w.hi), lo: large.select(x.number(0.0), w.lo) };
    let u = w.hi + 1.0;
    let (field, k, unit) = if x.is_f32() {
        let field = (u.bits() - i64::from(0.75f32.to_bits() as i32)) & EXPONENT_F32;
        (field, field.to_f32(), 8_388_608.0)
    } else {
        let (field, k) = exponent(u, 0.75);
        (field, k, 1.0)
    };
    let k = k + large.select(x.number(5.0 * unit), 0.0);
    let up = (x.number(1.0).bits() - field).as_float();
    let offset = up - 1.0;
    let f = w.hi.fma(up, offset);
    let second = w.lo.fma(up, w.hi.fma(up, offset - f));
    // f - f^2/2
    let half = f * 0.5;
    let main = (-half).fma(f, f);
    let lost = (-half).fma(f, f - main);
    // The part of 2^k, and what the sum loses.
    let sum = k.fma(ln_2, main);
    let lost = lost + (main - k.fma(-ln_2, sum));
    let rest = k.fma(ln_2_tail, second.fma(f.fma(f.fma(0.6, -0.95), 1.0), lost));
    if x.is_f32() {
        sum + (f * (f * f)).fma(f.two_chains(&TAYLOR_WIDE), rest)
    } else {
        let s = f / (f + 2.0);
        let z = s * s;
        sum + (s * z).fma(z.two_chains(&SERIES_WIDE), s.fma(half * f, rest))
    }
}
