//! Exponentials: `exp`, `exp2`, `expm1`, and the kernels that other families build on.
//!
//! Comes in: any float, or a [`Pair`] where the argument has more digits than a float. Method (Tang 1989; Muller, Elementary
//! Functions, chapter 11), the same for both types:
//!
//! 1. `k = round(x/ln 2)`, by adding a number so large (`shift`) that the last digits of the sum count ones; `r = x - k ln 2`,
//!    `|r| <= ln(2)/2`. `ln 2` is a pair. The difference with the high part is exact: both are multiples of the last digit
//!    of `x` or of `ln 2`, and it is short of 2^53 (2^24) of these. The low part stays apart until step 3.
//! 2. `e^r = 1 + r + r^2 q(r)`, `q` a polynomial. (`exp2` has `r = x - k`, exactly, and a polynomial of its own; `ln 2`, which
//!    multiplies `r`, is a pair again.)
//! 3. The sum `1 + r` is rounded to `s`; what that lost, the low part of `r` and `r^2 q` are some 2^-4 of `s` and are summed
//!    first. So the result carries little more than its own rounding.
//! 4. Times `2^k`, as two factors of half the exponent, for `k` goes from -1075 to 1024. The first product is exact, so the
//!    last one alone rounds: to a subnormal, to 0, or to infinity.
//!
//! `expm1` puts `2^-k` beside the 1: `2^k ((1 - 2^-k) + (e^r - 1))`. Arguments are first held within bounds that lie
//! beyond overflow and underflow; NaN passes every step.
//!
//! Always holds: powers of 2 are multiplied by, never added to the bits of the significand, so a NaN stays one, whatever
//! its bits.
//!
//! Constants: `tools/math/exp.py`.

use super::double::{Pair, fast_sum, product};
use super::formula::V;

/// What the method needs of a type.
pub(super) struct Type {
    /// Adding it rounds to integers, which are the last bits of the sum then. Those of the number itself are 0.
    pub shift: f64,
    /// The bias of the exponent.
    pub bias: f64,
    /// The bits of the significand, without the hidden one.
    pub digits: i64,
    /// 1/ln 2.
    pub log2_e: f64,
    /// ln 2, the float next to it.
    pub ln_2_hi: f64,
    /// ln 2, the rest.
    pub ln_2_lo: f64,
    /// Bounds of the argument of `exp`: below, the result is 0; above, infinite.
    exp: [f64; 2],
    /// The same for `exp2`.
    exp2: [f64; 2],
    /// The same for `expm1`: below, the result is -1.
    expm1: [f64; 2],
    /// (e^r - 1 - r)/r^2.
    exp_poly: &'static [f64],
    /// (2^r - 1 - r ln 2)/r^2.
    exp2_poly: &'static [f64],
    /// (e^r - 1 - r - r^2/2)/r^3, with a term more than `exp_poly`: the error is relative to e^r - 1.
    expm1_poly: &'static [f64],
}

pub(super) static F64: Type = Type {
    shift: 6755399441055744.0,
    bias: 1023.0,
    digits: 52,
    log2_e: std::f64::consts::LOG2_E,
    ln_2_hi: std::f64::consts::LN_2,
    ln_2_lo: 2.3190468138462996e-17,
    exp: [-750.0, 710.0],
    exp2: [-1080.0, 1024.25],
    expm1: [-37.5, 710.0],
    exp_poly: &[
        0.5000000000000011,
        0.16666666666666424,
        0.04166666666652707,
        0.008333333333487056,
        0.0013888888944304434,
        0.00019841269522437636,
        2.4801492495385096e-05,
        2.7557572341036146e-06,
        2.763043909676153e-07,
        2.5004465558148307e-08,
    ],
    exp2_poly: &[
        0.24022650695910122,
        0.05550410866482073,
        0.009618129107597021,
        0.0013333558146687433,
        0.0001540353045402622,
        1.5252733545549727e-05,
        1.3215436626856689e-06,
        1.0178185207143026e-07,
        7.0735765762529235e-09,
        4.436220781790933e-10,
    ],
    expm1_poly: &[
        0.16666666666666677,
        0.04166666666666659,
        0.008333333333321464,
        0.0013888888888935926,
        0.00019841269886473873,
        2.4801587213006388e-05,
        2.755724391196378e-06,
        2.7557373723107925e-07,
        2.5109126755223778e-08,
        2.0883152769344357e-09,
    ],
};

static F32: Type = Type {
    shift: 12582912.0,
    bias: 127.0,
    digits: 23,
    log2_e: 1.4426950216293335,
    ln_2_hi: 0.6931471824645996,
    ln_2_lo: -1.9046542121259336e-09,
    exp: [-105.0, 89.0],
    exp2: [-151.0, 128.25],
    expm1: [-17.375, 89.0],
    exp_poly: &[
        0.49999991059303284,
        0.1666652113199234,
        0.04166896268725395,
        0.00836866907775402,
        0.0013782456517219543,
    ],
    exp2_poly: &[
        0.24022647738456726,
        0.05550362169742584,
        0.009618503972887993,
        0.0013390198582783341,
        0.0001532724709250033,
    ],
    expm1_poly: &[
        0.1666666716337204,
        0.041666481643915176,
        0.00833321176469326,
        0.0013933343579992652,
        0.00019940319180022925,
    ],
};

/// The constants of a value's type.
pub(super) fn of(x: V) -> &'static Type {
    if x.is_f32() { &F32 } else { &F64 }
}

/// A float within bounds, or NaN.
pub(super) fn within<'c>(x: V<'c>, [low, high]: [f64; 2]) -> V<'c> {
    let x = x.number(low).greater(x);
    x.number(high).lesser(x)
}

/// The float `2^n`, where `n` plus the bias, from 0 (which gives 0.0) to 2 bias + 1, is in the last bits of `biased`.
pub(super) fn power_of_2<'c>(biased: V<'c>, t: &Type) -> V<'c> {
    (biased << t.digits).as_float()
}

/// `first*(c[0] + c[1] r + ...) + rest`, where `first` is a power of `r`. As two halves, so that few steps wait for each
/// other: the product of the last powers is ready long before the sum of the last terms.
fn polynomial<'c>(r: V<'c>, first: V<'c>, c: &[f64], rest: V<'c>) -> V<'c> {
    let square = r * r;
    let (low, high) = c.split_at(if c.len() > 8 { 4 } else { 2 });
    let power = if low.len() == 4 { square * square } else { square };
    r.estrin(high).fma(first * power, first.fma(r.estrin(low), rest))
}

/// `s + rest` times `2^k`, where `shifted` is `k + shift + 2 bias`: step 4. The product with `s` does not wait for `rest`.
fn scaled<'c>(s: V<'c>, rest: V<'c>, k: V<'c>, shifted: V<'c>, t: &Type) -> V<'c> {
    let [first, second] = halves(k, shifted, t);
    rest.fma(first, s * first) * second
}

/// `2^k` as two factors of half the exponent, where `shifted` is `k + shift + 2 bias`.
fn halves<'c>(k: V<'c>, shifted: V<'c>, t: &Type) -> [V<'c>; 2] {
    // Beside a number twice as large, the last bits count by twos: k/2, rounded.
    let half = (k + 2.0 * (t.shift + t.bias)).bits();
    [power_of_2(half, t), power_of_2(shifted.bits() - half, t)]
}

/// e to the power of x. Error: see the row.
pub(super) fn exp<'c>(x: V<'c>) -> V<'c> {
    let t = of(x);
    let x = within(x, t.exp);
    let shift = t.shift + 2.0 * t.bias;
    let shifted = x.fma(t.log2_e, shift);
    let k = shifted - shift;
    let hi = k.fma(-t.ln_2_hi, x);
    let s = hi + 1.0;
    let lost = hi - (s - 1.0);
    let r = k.fma(-t.ln_2_lo, hi);
    let rest = polynomial(r, r * r, t.exp_poly, k.fma(-t.ln_2_lo, lost));
    scaled(s, rest, k, shifted, t)
}

/// 2 to the power of x. Error: see the row.
pub(super) fn exp2<'c>(x: V<'c>) -> V<'c> {
    let t = of(x);
    let shift = t.shift + 2.0 * t.bias;
    let x = within(x, t.exp2);
    let shifted = x + shift;
    let k = shifted - shift;
    let (s, rest) = exp2_near_0(x - k, None);
    scaled(s, rest, k, shifted, t)
}

/// `2^(r + lo) = s + rest` for `|r| <= 1/2`. `lo` counts in the linear term exactly, in the others as the sum is rounded.
fn exp2_near_0<'c>(r: V<'c>, lo: Option<V<'c>>) -> (V<'c>, V<'c>) {
    let t = of(r);
    let s = r.fma(t.ln_2_hi, 1.0);
    let rest = r.fma(t.ln_2_lo, r.fma(t.ln_2_hi, 1.0 - s));
    let (sum, rest) = match lo {
        None => (r, rest),
        Some(lo) => (r + lo, lo.fma(t.ln_2_hi, rest)),
    };
    (s, polynomial(sum, sum * sum, t.exp2_poly, rest))
}

/// `2^(hi + lo)` of an `f64` pair as `f 2^k`: `f`, and a float whose last bits are those of `k`. `f` is from 0.7 to 1.42, and `k`
/// the integer next to `hi`, which is below 2^50 (beyond, it is anything).
pub(super) fn exp2_of<'c>(p: Pair<'c>) -> (V<'c>, V<'c>) {
    let shifted = p.hi + F64.shift;
    let k = shifted - F64.shift;
    let (s, rest) = exp2_near_0(p.hi - k, Some(p.lo));
    (s + rest, shifted)
}

/// The integer next to a number below 2^50.
pub(super) fn rounded(x: V) -> V {
    let t = of(x);
    (x + t.shift) - t.shift
}

/// `f 2^k` of these, where `k` is from -1075 to 1076: rounded once, to subnormal numbers and infinity too.
pub(super) fn times_power<'c>(f: V<'c>, k: V<'c>) -> V<'c> {
    let t = of(f);
    let [first, second] = halves(k, k + (t.shift + 2.0 * t.bias), t);
    (f * first) * second
}

/// e to the power of x as a pair, to a relative error of 2^-58 (`f32`: 2^-28), where no result is near overflow or
/// underflow: `-600 <= x <= 709` (`f32`: `-60 <= x <= 88`).
pub(super) fn exp_pair<'c>(x: V<'c>) -> Pair<'c> {
    let t = of(x);
    let shift = t.shift + t.bias;
    let shifted = x.fma(t.log2_e, shift);
    let k = shifted - shift;
    let r = fast_sum(k.fma(-t.ln_2_hi, x), k * -t.ln_2_lo);
    let square = product(r.hi, r.hi);
    // 1 + r + r^2/2 in pairs, the rest on top.
    let s = fast_sum(x.number(1.0), r.hi);
    let s2 = fast_sum(s.hi, square.hi * 0.5);
    let cubic = (square.hi * r.hi) * r.hi.estrin(t.expm1_poly);
    let lo = square.lo.fma(0.5, r.hi.fma(r.lo, r.lo)) + (s.lo + s2.lo);
    let p = fast_sum(s2.hi, lo + cubic);
    let scale = power_of_2(shifted.bits(), t);
    Pair { hi: p.hi * scale, lo: p.lo * scale }
}

/// `e^x - 1`. With `g = 2^-k`: `2^k ((1 - g) + (e^r - 1))`, where `1 - g` is exact, or its error is added. Error: see the row.
pub(super) fn expm1<'c>(x: V<'c>) -> V<'c> {
    let t = of(x);
    let sign = x.bits() & x.number(-0.0).bits();
    let x = within(x, t.expm1);
    // The factor is 2^(k-1), for k goes up to 1024, and the sum before is doubled.
    let shift = t.shift + t.bias - 1.0;
    let shifted = x.fma(t.log2_e, shift);
    let k = shifted - shift;
    let scale = power_of_2(shifted.bits(), t);
    let doubled_g = power_of_2(x.number(t.shift + 2.0 * t.bias).bits() - shifted.bits(), t);
    let m = doubled_g.fma(-0.5, 1.0);
    let m_lost = doubled_g.fma(-0.5, 1.0 - m);
    // The high part of r is exact; the low one counts in the linear and in the square term.
    let hi = k.fma(-t.ln_2_hi, x);
    let low = k * -t.ln_2_lo;
    let r = hi + low;
    let sum = fast_sum(m, hi);
    let rest = hi.fma(low, low + (sum.lo + m_lost));
    let rest = polynomial(r, (r * r) * r, t.expm1_poly, rest);
    let y = sum.hi + (hi * hi).fma(0.5, rest);
    let y = (y + y) * scale;
    // The sign of a zero is lost in the sums; every other result has that of x by itself.
    (y.bits() | sign).as_float()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::ir::Builder;

    /// The values of formulas at a point.
    fn at<const N: usize>(x: [f64; 2], formulas: impl for<'c> Fn(V<'c>, V<'c>) -> [V<'c>; N]) -> [f64; N] {
        let mut b = Builder::new(0);
        let x = x.map(|c| b.constant(c));
        let shared = RefCell::new(&mut b);
        let values = formulas(V::new(&shared, x[0]), V::new(&shared, x[1])).map(V::id);
        values.map(|v| f64::from_bits(b.as_const(v).unwrap().bits()))
    }

    fn exp2_at(hi: f64, lo: f64) -> f64 {
        at([hi, lo], |hi, lo| {
            let (f, _) = exp2_of(Pair { hi, lo });
            [times_power(f, rounded(hi))]
        })[0]
    }

    #[test]
    fn the_low_part_counts() {
        // To first order the result grows by lo ln 2.
        let ulp = f64::EPSILON;
        for (x, lo) in [(700.0, 4e-14), (-700.0, -5e-14), (0.75, 5e-17), (-3.0, 2e-16)] {
            let change = exp2_at(x, lo) / exp2_at(x, 0.0) - 1.0;
            assert!((change - lo * F64.ln_2_hi).abs() <= 1.5 * ulp, "exp2 {x}: {change}, not {lo} ln 2");
        }
    }

    #[test]
    fn pairs_at_the_ends() {
        let inf = f64::INFINITY;
        for (hi, lo, expected) in [
            (1024.0, 0.0, inf),
            (1024.0, -1e-13, f64::MAX * (1.0 - 1e-13 * F64.ln_2_hi)),
            (-1074.0, 1e-13, 5e-324),
            (-1075.0, -1e-13, 0.0),
            (-1075.0, 1e-13, 5e-324),
        ] {
            let found = exp2_at(hi, lo);
            assert!(
                found == expected || (found / expected - 1.0).abs() < 1e-15,
                "{hi} + {lo}: {found}, not {expected}"
            );
        }
        assert!(exp2_at(f64::NAN, f64::NAN).is_nan());
    }

    #[test]
    fn a_pair_has_58_bits() {
        // e^x e^-x is 1.
        let mut x = -590.0;
        while x < 590.0 {
            let [hi, lo, hi2, lo2] = at([x, -x], |x, y| {
                let (p, q) = (exp_pair(x), exp_pair(y));
                [p.hi, p.lo, q.hi, q.lo]
            });
            let product = hi * hi2;
            let off = (product - 1.0) + (hi.mul_add(hi2, -product) + (hi * lo2 + lo * hi2));
            assert!(off.abs() < 2.0 * 2f64.powi(-58), "at {x}: {off:e}");
            x += 0.7073;
        }
    }
}
