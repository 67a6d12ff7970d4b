//! The remainder of floats.
//!
//! Where `|x/y|` is below 2^52 (2^22 for `f32`), the rounded quotient truncated is the true one, or one more in
//! magnitude where rounding carried it up to an integer; so `x - q*y`, rounded once, is exact: a multiple of the
//! last place of `y` or `x` that is smaller than `y`. In the second case it has the wrong sign, and is one `y` short.
//! Elsewhere (and for an infinite divisor, where `q*y` is no number) the helper is asked, which subtracts bit by bit.

use super::formula::V;

/// The remainder with the sign of `x`, exactly: the bits of the C library's `fmod`.
pub(super) fn fmod<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    let limit = if x.is_f32() { 4_194_304.0 } else { 4_503_599_627_370_496.0 };
    let ratio = x / y;
    let q = ratio.trunc();
    let r = (-q).fma(y, x);
    let short = (r.lt(0.0) ^ x.lt(0.0)) & r.ne(0.0);
    let r = short.select(r + y.copysign(x), r);
    let good = ratio.abs().lt(limit) & y.abs().lt(f64::INFINITY);
    r.copysign(x).patch(!good, "fmod", &[x, y])
}
