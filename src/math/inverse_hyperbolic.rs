//! Inverse hyperbolic functions, as logarithms of `1 + t` with `t` a pair, so that nothing cancels near 0 or 1.
//!
//! 1. `arcsinh a = log1p(a + a^2/(1 + sqrt(1 + a^2)))` for `a = |x|`; the sign is put back at the end.
//! 2. `arccosh x = log1p(t + sqrt(t (x + 1)))` with `t = x - 1`.
//! 3. `arctanh a = log1p(2a/(1 - a))/2`.
//!
//! (Abramowitz and Stegun, 4.6.20 to 4.6.22, in the form of W. Kahan 1987 that is exact for small arguments.) Sums, products,
//! quotients and square roots carry their errors in a second float. From 2^60 on, the result is `log(1 + |x|) + log 2`; below
//! 2^-28 that of the odd ones is `x`. `f32` is computed in `f64`, plainly. Error found: 0.52 ulp (`f32`: 0.51).

use super::double::{Pair, product, sum};
use super::formula::V;
use super::log::{log1p, log1p_pair};

/// From here on `sqrt(x^2 + 1)` is `x`, and `x + 1` too.
const LARGE: f64 = 1_152_921_504_606_846_976.0; // 2^60
/// Below, the cube is of no account.
const SMALL: f64 = 3.725_290_298_461_914e-9; // 2^-28
/// log 2 in two parts.
const LN_2: [f64; 2] = [std::f64::consts::LN_2, 2.3190468138462996e-17];

/// The square root of a pair that is not negative.
fn root<'c>(x: Pair<'c>) -> Pair<'c> {
    let hi = x.hi.sqrt();
    let lo = ((-hi).fma(hi, x.hi) + x.lo) / (hi + hi);
    Pair { hi, lo: hi.eq(0.0).select(hi.number(0.0), lo) }
}

/// The quotient of two pairs.
fn quotient<'c>(x: Pair<'c>, y: Pair<'c>) -> Pair<'c> {
    let hi = x.hi / y.hi;
    let rest = (-hi).fma(y.hi, x.hi) + (x.lo - hi * y.lo);
    Pair { hi, lo: rest / y.hi }
}

/// `log(1 + t)`, of a large `a` `log(1 + a) + log 2`.
fn logarithm<'c>(t: Pair<'c>, a: V<'c>) -> V<'c> {
    let large = a.ge(LARGE);
    let zero = a.number(0.0);
    let l = log1p_pair(Pair { hi: large.select(a, t.hi), lo: large.select(zero, t.lo) });
    let s = sum(l.hi, large.select(a.number(LN_2[0]), 0.0));
    s.hi + (s.lo + (l.lo + large.select(a.number(LN_2[1]), 0.0)))
}

/// The result of an odd function for the magnitude `a` of `x`: `x` itself where it is small, infinite or NaN.
fn odd<'c>(x: V<'c>, a: V<'c>, result: V<'c>, small: f64) -> V<'c> {
    let sign = x.bits() & x.number(-0.0).bits();
    let signed = (result.bits() | sign).as_float();
    (a.ge(small) & a.lt(f64::INFINITY)).select(signed, x)
}

/// The inverse hyperbolic sine. Error: see the row.
pub(super) fn arcsinh<'c>(x: V<'c>) -> V<'c> {
    let a = x.abs();
    if x.is_f32() {
        let a = a.to_f64();
        let square = a * a;
        let t = a + square / ((square + 1.0).sqrt() + 1.0);
        return odd(x, x.abs(), log1p(t).to_f32(), f64::from(f32::MIN_POSITIVE));
    }
    let inner = a.lt(LARGE).select(a, 1.0);
    let square = product(inner, inner);
    let one = a.number(1.0);
    let s = sum(square.hi, one);
    let s = root(Pair { hi: s.hi, lo: s.lo + square.lo });
    let d = sum(s.hi, one);
    let q = quotient(square, Pair { hi: d.hi, lo: d.lo + s.lo });
    let t = sum(inner, q.hi);
    odd(x, a, logarithm(Pair { hi: t.hi, lo: t.lo + q.lo }, a), SMALL)
}

/// The inverse hyperbolic cosine; NaN below 1. Error: see the row.
pub(super) fn arccosh<'c>(x: V<'c>) -> V<'c> {
    let good = x.ge(1.0);
    let nan = x.number(f64::NAN);
    if x.is_f32() {
        let a = x.to_f64();
        let t = a - 1.0;
        let y = log1p(t + (t * (a + 1.0)).sqrt()).to_f32();
        return good.select(y, nan);
    }
    let inner = (good & x.lt(LARGE)).select(x, 1.0);
    let (t, more) = (sum(inner, x.number(-1.0)), sum(inner, x.number(1.0)));
    let s = root(t.times_pair(more));
    let u = sum(t.hi, s.hi);
    let a = good.select(x, 1.0);
    let y = logarithm(Pair { hi: u.hi, lo: u.lo + (t.lo + s.lo) }, a);
    let y = x.eq(f64::INFINITY).select(x, y);
    let y = x.eq(1.0).select(x.number(0.0), y);
    good.select(y, nan)
}

/// The inverse hyperbolic tangent; infinite at -1 and 1, NaN beyond. Error: see the row.
pub(super) fn arctanh<'c>(x: V<'c>) -> V<'c> {
    let a = x.abs();
    let (inside, edge) = (a.lt(1.0), a.eq(1.0));
    let beyond = |y: V<'c>| {
        let y = edge.select(x * f64::INFINITY, y);
        (inside | edge).select(y, x.number(f64::NAN))
    };
    if x.is_f32() {
        let a = a.to_f64();
        let y = log1p((a + a) / (1.0 - a)) * 0.5;
        return beyond(odd(x, x.abs(), y.to_f32(), f64::from(f32::MIN_POSITIVE)));
    }
    let inner = inside.select(a, 0.5);
    let d = sum(x.number(1.0), -inner);
    let q = quotient(Pair { hi: inner + inner, lo: x.number(0.0) }, d);
    let l = log1p_pair(q);
    beyond(odd(x, a, (l.hi + l.lo) * 0.5, SMALL))
}
