//! Powers.
//!
//! Comes in: base `x` and exponent `y`, any floats. Method: `|x|^y = 2^(y log2 |x|)`. Special values, and in `f64` powers that are
//! no normal numbers, are left to a region behind one test (`RARE`), which takes what was computed and gives what C99 says.
//!
//! - `f64`: an error of the exponent of 2 is one of the result, and the exponent has up to 10 bits before the point. So the
//!   logarithm is a pair with a relative error of 2^-67 (see [`log`]), its product with `y` too, and the exponential
//!   is that of a pair: together they add some hundredths of an ulp to the last rounding. A subnormal result is
//!   rounded twice.
//! - `f32`: in `f64`. `log2 m = s p(s^2)` with `s = (m - 1)/(m + 1)`, relative error 2^-45; `2^k 2^r` with `|r| <= 1/2`,
//!   error 2^-34. One rounding at the end, to subnormal numbers too, is all but correct.
//!
//! Always holds: what is special in the result is special in the exponent of 2 already (an infinite logarithm times `y`, or an
//! infinite `y`), but for `0*inf`, which is no number: where `y` is 0 or `|x|` is 1 the power is 1.
//!
//! Constants: `tools/math/log.py`.

use std::cell::RefCell;
use std::sync::LazyLock;

use smallvec::SmallVec;

use super::double::Pair;
use super::exp;
use super::formula::V;
use super::log::{self, PairBase};
use crate::dtype::DType;
use crate::ir::helper::Code;
use crate::ir::{Builder, Helper, Region};

/// Logarithm to base 2, for f from sqrt(1/2) - 1 to sqrt(2) - 1: relative error 2^-71.
const BASE_2: PairBase = PairBase {
    log_2: [1.0, 0.0],
    first: [2.8853900817779268, 4.0710547481862066e-17],
    second: [0.9617966939259756, 5.0577616648125907e-17],
    series: &[
        0.5770780163555853,
        0.4121985831112072,
        0.32059889794389873,
        0.26230819523202453,
        0.22195247591088715,
        0.192394475331888,
        0.16857020373839,
        0.17198464794475787,
    ],
};

/// The same as a whole, for `f32`: 2^-45.
const SERIES_F32: [f64; 6] = [
    2.8853900817778495,
    0.9617966941140432,
    0.5770779421835462,
    0.41220926915244077,
    0.31990505855013696,
    0.282908693538907,
];

/// 2^r for `|r| <= 1/2`, for `f32`: 2^-34.
const EXP2_F32: [f64; 8] = [
    1.0,
    0.6931471807045329,
    0.24022651066561124,
    0.05550410365989937,
    0.00961803813204503,
    0.0013333935056236833,
    0.00015466756323632904,
    1.5196156477064335e-05,
];

/// What is rare, of x, y and what was computed of their magnitudes: of `f32` the power; of `f64` that without its power of 2,
/// and the exponent.
static RARE: [LazyLock<Region>; 2] = [
    LazyLock::new(|| region(&[DType::F32; 3], |args| rare_f32(args[0], args[1], args[2]))),
    LazyLock::new(|| region(&[DType::F64; 4], |args| rare_f64(args[0], args[1], args[2], args[3]))),
];

static HELPERS: [Helper; 2] = [
    Helper { name: "rare_pow.f32", code: Code::Region(&RARE[0]) },
    Helper { name: "rare_pow.f64", code: Code::Region(&RARE[1]) },
];

fn region(params: &[DType], of: for<'c> fn(&[V<'c>]) -> V<'c>) -> Region {
    Builder::region(params, |b, args| {
        let shared = RefCell::new(b);
        let args: SmallVec<[V; 4]> = args.iter().map(|&id| V::new(&shared, id)).collect();
        of(&args).id()
    })
}

/// Below this magnitude of the exponent the power is a normal `f64`.
const NORMAL: f64 = 1022.0;
/// From this one on it is 0 or infinite.
const BEYOND: f64 = 1076.0;

/// x to the power of y. Error: see the row.
pub(super) fn pow<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    if x.is_f32() { power_f32(x, y) } else { power_f64(x, y) }
}

/// Whether a magnitude is neither 0 nor infinite nor NaN, and the exponent of 2 where it is one of them.
fn usual<'c>(size: V<'c>, y: V<'c>) -> (V<'c>, V<'c>) {
    let log = size.eq(0.0).select(size.number(f64::NEG_INFINITY), size);
    (size.gt(0.0) & size.lt(f64::INFINITY), log * y)
}

/// The power where it is 0, infinite or NaN, from the exponent of 2.
fn end(e: V) -> V {
    e.lt(0.0).select(e.number(0.0), e.gt(0.0).select(e.number(f64::INFINITY), e))
}

fn rare_f32<'c>(x: V<'c>, y: V<'c>, power: V<'c>) -> V<'c> {
    let (usual, e) = usual(x.abs(), y);
    signed(x, y, usual.select(power, end(e)))
}

fn rare_f64<'c>(x: V<'c>, y: V<'c>, f: V<'c>, e: V<'c>) -> V<'c> {
    let (usual, of_end) = usual(x.abs(), y);
    let e = usual.select(e, of_end);
    let power = exp::times_power(f, exp::rounded(e));
    signed(x, y, e.abs().lt(BEYOND).select(power, end(e)))
}

/// The power of x from that of its magnitude, as C99 has it.
fn signed<'c>(x: V<'c>, y: V<'c>, power: V<'c>) -> V<'c> {
    let size = x.abs();
    let power = (y.eq(0.0) | size.eq(1.0)).select(x.number(1.0), power);
    // Infinite and huge exponents are even.
    let integral = y.trunc().eq(y);
    let half = y * 0.5;
    let odd = integral & half.trunc().ne(half);
    let sign = x.bits() & x.number(-0.0).bits();
    let power = (power.bits() ^ odd.select(sign, 0i64)).as_float();
    (x.lt(0.0) & size.lt(f64::INFINITY) & !integral).select(x.number(f64::NAN), power)
}

fn power_f64<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    let e = log2_pair(x.abs()).times(y);
    let (f, shifted) = exp::exp2_of(e);
    // An infinite y makes the exponent infinite or NaN, a NaN makes it NaN.
    let usual = x.gt(0.0) & x.lt(f64::INFINITY) & e.hi.abs().lt(NORMAL);
    let power = (f.bits() + (shifted.bits() << 52)).as_float();
    power.patch_by(!usual, &HELPERS[1], &[x, y, f, e.hi])
}

/// Logarithm to base 2 of a positive finite `f64`; relative error 2^-67.
fn log2_pair<'c>(x: V<'c>) -> Pair<'c> {
    let (k, m) = log::reduced(x);
    let f = m - 1.0;
    let s = f / (m + 1.0);
    // What the quotient lacks: f - 2s is exact, and 1/(2 + f) is (1 - s)/2.
    let rest = (-s).fma(f, f - (s + s));
    let s = Pair { hi: s, lo: rest * s.fma(-0.5, 0.5) };
    log::series_of(k, s, &BASE_2)
}

fn power_f32<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    let (k, m) = normal(x.abs().to_f64());
    let s = (m - 1.0) / (m + 1.0);
    let l = s.fma((s * s).two_chains(&SERIES_F32), k);
    // Beyond overflow and underflow, within what the bits of the exponent hold.
    let e = exp::within(l * y.to_f64(), [-200.0, 200.0]);
    let t = exp::of(e);
    let shifted = e + (t.shift + t.bias);
    let r = e - (shifted - (t.shift + t.bias));
    let power = (r.two_chains(&EXP2_F32) * exp::power_of_2(shifted.bits(), t)).to_f32();
    // x, but NaN where y is not finite.
    let both = y.fma(0.0, x);
    let usual = both.gt(0.0) & both.lt(f64::INFINITY);
    power.patch_by(!usual, &HELPERS[0], &[x, y, power])
}

/// Of a positive normal `f64`: `k` and `m` with `x = 2^k m`, `m` from sqrt(1/2) to sqrt 2.
fn normal<'c>(x: V<'c>) -> (V<'c>, V<'c>) {
    let (field, k) = log::exponent(x, std::f64::consts::FRAC_1_SQRT_2);
    (k, (x.bits() - field).as_float())
}
