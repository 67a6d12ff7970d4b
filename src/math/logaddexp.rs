//! `log(e^x + e^y)`.
//!
//! 1. With `h` the greater and `d <= 0` the difference (a pair: its rounding error is carried), it is `h + log(1 + e^d)`.
//! 2. `e^d` and the logarithm are pairs, and so is the sum: where `h` is negative, they cancel, down to 1/16 of `h`.
//! 3. Where more cancels than that, the helper is asked (`ir/cancelled.rs`), which computes with integers of 256 bits.
//! 4. Below `d = -600` pairs have no room: there `e^d` is a float, and all that there is of the logarithm.
//!
//! `f32` is computed in `f64`, plainly, down to 2^-20 of `h`. Error found: 0.68 ulp (`f32`: 0.53).

use super::double::{Pair, sum};
use super::exp::{exp, exp_pair};
use super::formula::V;
use super::log::{log1p, log1p_pair};

/// Below, `e^d` is no pair.
const LEAST: f64 = -600.0;

/// The logarithm of the sum of the exponentials of `x` and `y`. Error: see the row.
pub(super) fn logaddexp<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    let (a, b) = (x.to_f64(), y.to_f64());
    let above = a.gt(b);
    let (h, low) = (above.select(a, b), above.select(b, a));
    // Equal infinities have no difference.
    let equal = a.eq(b);
    let d = sum(low, -h);
    let d = Pair { hi: equal.select(d.hi.number(0.0), d.hi), lo: equal.select(d.hi.number(0.0), d.lo) };
    let nan = x.ne(x) | y.ne(y);
    if x.is_f32() {
        let r = h + log1p(exp(d.hi));
        let mask = r.abs().lt(h.abs() * 2f64.powi(-20)) & h.lt(0.0);
        return nan.select(x + y, r.to_f32().patch(mask, "logaddexp", &[x, y]));
    }
    let inside = d.hi.ge(LEAST);
    let (hi, lo) = (inside.select(d.hi, LEAST), inside.select(d.lo, 0.0));
    let e = exp_pair(hi);
    let l = log1p_pair(Pair { hi: e.hi, lo: e.hi.fma(lo, e.lo) });
    let s = sum(h, l.hi);
    let near = s.hi + (s.lo + l.lo);
    // An infinite h makes the errors NaN.
    let near = h.abs().eq(f64::INFINITY).select(h, near);
    let small = exp(d.hi);
    let r = inside.select(near, h + small);
    let cancelled = near.abs().lt(h.abs() * 0.0625);
    let mask = h.lt(0.0) & inside.select(cancelled, small.gt(h.abs() * 0.25));
    nan.select(x + y, r.patch(mask, "logaddexp", &[x, y]))
}
