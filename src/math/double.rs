//! Pairs of floats whose sum is the value: twice the digits.
//!
//! The error of a rounded sum or product is itself a float, which a few operations give (Dekker 1971, Knuth, TAOCP 2,
//! 4.2.2; with fma: Ogita, Rump, Oishi 2005). Always holds: `|lo|` is at most about an ulp of `hi`; the errors are exact as
//! long as nothing overflows, and no product is so small that its error is below the least float.

use super::formula::V;

/// `hi + lo`, exactly.
#[derive(Clone, Copy)]
pub(super) struct Pair<'c> {
    pub hi: V<'c>,
    pub lo: V<'c>,
}

/// `x + y` and its error, for `|x| >= |y|` or `x == 0` (3 operations).
pub(super) fn fast_sum<'c>(x: V<'c>, y: V<'c>) -> Pair<'c> {
    let hi = x + y;
    Pair { hi, lo: y - (hi - x) }
}

/// `x + y` and its error (6 operations).
pub(super) fn sum<'c>(x: V<'c>, y: V<'c>) -> Pair<'c> {
    let hi = x + y;
    let of_y = hi - x;
    let of_x = hi - of_y;
    Pair { hi, lo: (x - of_x) + (y - of_y) }
}

/// `x*y` and its error (2 operations, and a change of sign).
pub(super) fn product<'c>(x: V<'c>, y: V<'c>) -> Pair<'c> {
    let hi = x * y;
    Pair { hi, lo: x.fma(y, -hi) }
}

impl<'c> Pair<'c> {
    /// Rounded to one float.
    pub fn value(self) -> V<'c> {
        self.hi + self.lo
    }

    /// Times a float.
    pub fn times(self, y: V<'c>) -> Pair<'c> {
        let p = product(self.hi, y);
        Pair { hi: p.hi, lo: self.lo.fma(y, p.lo) }
    }

    /// `self*y + c + low` for a `c` that is 0 or at least twice the product, to a few units of 2^-2p of the greater. Shorter than
    /// product and sum (5 operations, 6 with `low`): the fma gives what both lose at once.
    pub fn times_plus(self, y: Pair<'c>, c: V<'c>, low: Option<V<'c>>) -> Pair<'c> {
        let hi = self.hi.fma(y.hi, c);
        let lost = self.hi.fma(y.hi, c - hi);
        let lost = match low {
            Some(low) => lost + self.lo.fma(y.hi, low),
            None => self.lo.fma(y.hi, lost),
        };
        Pair { hi, lo: self.hi.fma(y.lo, lost) }
    }

    /// Times another pair, to a few units of 2^-2p.
    pub fn times_pair(self, y: Pair<'c>) -> Pair<'c> {
        let p = product(self.hi, y.hi);
        Pair { hi: p.hi, lo: self.hi.fma(y.lo, self.lo.fma(y.hi, p.lo)) }
    }
}
