//! The inverse of the normal distribution, and normal random numbers by it.
//!
//! Comes in: a probability p. Goes out: the z below which a standard normal variable is with that probability. Method (in regions as Wichura's,
//! algorithm AS 241, 1988, with approximations of its own):
//!
//! 1. With `q = p - 1/2`, for |q| <= 3/8: `z = q*(sqrt(2 pi) + q^2*R(v))`, `v = (3/8)^2 - q^2`, R a quotient of polynomials whose terms have one
//!    sign. The first product is a pair. Below 1/4 `q` is one, too; what is behind it counts as often as z is steep.
//! 2. Elsewhere, with `a = min(p, 1 - p)`, which is exact, and `s = sqrt(-log a)`: `|z| = K*s - G + R(s)`. The line is next to z, so that R is
//!    small (below 0.08); logarithm, root and product are pairs. There are two such lines: for s up to 6.2 (a from 2^-55 on) and beyond.
//!
//! For `f32` the same is computed in `f64` with shorter polynomials and without pairs.
//!
//! A normal random number is the inverse of `((word >> 11) + 1/2)*2^-53`. Of words whose top bit is set it is less the inverse of the complement's,
//! so that this number is exact in `f64`, the result is finite and as likely negative as positive.
//!
//! Constants: `tools/math/ndtri.py`.

use super::double::{Pair, fast_sum, product};
use super::formula::V;
use super::log;

/// The square root of 2 pi, and what it has lost.
const ROOT: [f64; 2] = [2.5066282746310007, -1.8328579980459167e-16];
/// 3/8, and its square.
const EDGE: f64 = 0.375;
const EDGE_SQUARE: f64 = 0.140625;
/// The slope of z between q = 1/4 and the edge, by powers of q^2, to a twentieth.
const STEEP: [f64; 3] = [3.81, -25.85, 243.9];

/// `(z/q - sqrt(2 pi))/q^2`, by powers of v: numerator, denominator; error 2^-64.
const CENTRAL: [f64; 8] = [
    3.9891205193838553,
    105.2219757634091,
    1057.026536080742,
    5055.507623865552,
    11737.766404728065,
    11928.137577941952,
    3849.3154950095272,
    44.22559228895725,
];
const CENTRAL_BELOW: [f64; 8] = [
    1.0,
    30.612974956865187,
    370.5763007543554,
    2256.977028739775,
    7279.699025483248,
    11983.545452879343,
    8810.452728295988,
    2028.766228386788,
];

/// The same to 2^-39.
const CENTRAL_F32: [f64; 5] =
    [3.9891205193752195, 55.497697283878665, 220.2463889558993, 232.98165694085048, 11.021586953119058];
const CENTRAL_BELOW_F32: [f64; 5] =
    [1.0, 18.14800222441623, 108.01236752461975, 235.93185572505888, 144.33002932792638];

/// A line, and what z is beyond it, by powers of s: numerator, denominator.
struct Line {
    slope: f64,
    offset: f64,
    above: &'static [f64],
    below: &'static [f64],
}

/// 1.44 <= s <= 6.2: error 2^-55.
const NEAR: Line = Line {
    slope: 1.5263671875,
    offset: 0.98046875,
    above: &[
        -2.6149999292580315,
        -23.676108018663392,
        -28.137311134731238,
        5.321438194502374,
        6.243682633200784,
        2.0850182460248723,
        -0.04158540317609998,
        -0.09073471179193017,
        -0.005065551557687344,
    ],
    below: &[
        1.0,
        18.173442664167016,
        62.92401260629934,
        69.89483346515554,
        33.77038516670539,
        9.30378711235886,
        1.198576452268527,
        0.04521998783953727,
        -4.379020576786178e-07,
    ],
};

/// 6.2 <= s <= 27.4: error 2^-59, of z from 8 on.
const FAR: Line = Line {
    slope: 1.42578125,
    offset: 0.390625,
    above: &[
        -2.890041205621779,
        -11.373702294881316,
        -4.1786288662746065,
        0.03272341482329143,
        0.07591894312575673,
        0.002517429889146578,
        -0.00013936880191224677,
        -5.168427300231995e-06,
        -3.265759772835919e-08,
    ],
    below: &[
        1.0,
        8.594193827288114,
        11.740374754286028,
        4.337576823435422,
        0.571475136407381,
        0.029063011946366263,
        0.0005416665940251455,
        2.8238333624264765e-06,
        -6.989077439276411e-13,
    ],
};

/// To 2^-34.
const NEAR_F32: Line = Line {
    slope: 1.5263671875,
    offset: 0.98046875,
    above: &[
        -2.201246798664837,
        -5.274161938699294,
        2.3864266093654,
        0.9200519624621998,
        -0.14130655051661314,
        -0.017046935936371067,
    ],
    below: &[1.0, 7.678194007971843, 9.365979381830428, 2.5656327948390314, 0.1522274199714822],
};

/// 6.2 <= s <= 10.2: error 2^-29.
const FAR_F32: Line = Line {
    slope: 1.4404296875,
    offset: 0.515625,
    above: &[-1.6407932363388218, 0.11426853680765778, 0.05191974875040629, -0.004700356715562389],
    below: &[1.0, 1.4041414532972376, 0.1809593147847781],
};

/// Where the lines meet.
const MIDDLE: f64 = 6.2;
/// Probabilities that are scaled up by 2^64 before their logarithm is taken, since they may be subnormal: those below this one.
const SMALL: f64 = f64::MIN_POSITIVE * 4503599627370496.0;
const UP: f64 = 18446744073709551616.0;
/// The logarithm of 2^64.
const LOG_UP: f64 = 44.3614195558365;

/// The inverse of the normal distribution; at most 1 ulp off (`f32`: 0.51).
pub(super) fn ndtri<'c>(x: V<'c>) -> V<'c> {
    let p = x.to_f64();
    let above = p.gt(0.5);
    let a = above.select(1.0 - p, p);
    let q = fast_sum(p.number(-0.5), p);
    let (central, tail) = if x.is_f32() {
        (central_for_f32(q.hi), tail_for_f32(a))
    } else {
        let small = a.lt(SMALL);
        let log = log::log_pair(Pair { hi: small.select(a * UP, a), lo: a.number(0.0) });
        let log = Pair { hi: -log.hi, lo: -log.lo };
        let more = fast_sum(log.hi, small.select(a.number(LOG_UP), 0.0));
        let s = root(Pair { hi: more.hi, lo: more.lo + log.lo });
        (central(q), s.hi.gt(MIDDLE).select(FAR.at(s), NEAR.at(s)))
    };
    let z = q.hi.abs().le(EDGE).select(central, above.select(tail, -tail));
    let end = a.eq(0.0).select(above.select(p.number(f64::INFINITY), f64::NEG_INFINITY), f64::NAN);
    let z = a.gt(0.0).select(z, end);
    if x.is_f32() { z.to_f32() } else { z }
}

/// Less the inverse of a probability from 2^-54 to below 1/2, which is as exact.
pub(super) fn lower<'c>(p: V<'c>) -> V<'c> {
    let q = fast_sum(p.number(-0.5), p);
    let log = log::log_pair(Pair { hi: p, lo: p.number(0.0) });
    let tail = NEAR.at(root(Pair { hi: -log.hi, lo: -log.lo }));
    q.hi.ge(-EDGE).select(-central(q), tail)
}

/// About 1/2.
fn central<'c>(q: Pair<'c>) -> V<'c> {
    let r = q.hi * q.hi;
    let v = (-q.hi).fma(q.hi, EDGE_SQUARE);
    let rest = v.two_chains(&CENTRAL) / v.two_chains(&CENTRAL_BELOW);
    let main = product(q.hi, q.hi.number(ROOT[0]));
    let low = q.lo.fma(r.horner(&STEEP), q.hi.fma(ROOT[1], main.lo));
    main.hi + (q.hi * r).fma(rest, low)
}

fn central_for_f32<'c>(q: V<'c>) -> V<'c> {
    let r = q * q;
    let v = EDGE_SQUARE - r;
    q * r.fma(v.two_chains(&CENTRAL_F32) / v.two_chains(&CENTRAL_BELOW_F32), ROOT[0])
}

fn tail_for_f32<'c>(a: V<'c>) -> V<'c> {
    let s = (-log::log(a)).sqrt();
    let at = |line: &Line| {
        let rest = s.two_chains(line.above) / s.two_chains(line.below);
        s.fma(line.slope, rest - line.offset)
    };
    s.gt(MIDDLE).select(at(&FAR_F32), at(&NEAR_F32))
}

/// The square root of a pair, of which the low part may be larger than it should be.
fn root<'c>(x: Pair<'c>) -> Pair<'c> {
    let x = fast_sum(x.hi, x.lo);
    let hi = x.hi.sqrt();
    let rest = (-hi).fma(hi, x.hi) + x.lo;
    Pair { hi, lo: rest * (0.5 / hi) }
}

impl Line {
    /// z at s.
    fn at<'c>(&self, s: Pair<'c>) -> V<'c> {
        let rest = s.hi.two_chains(self.above) / s.hi.two_chains(self.below);
        let line = s.times(s.hi.number(self.slope));
        let z = fast_sum(line.hi, line.hi.number(-self.offset));
        z.hi + (rest + (z.lo + line.lo))
    }
}
