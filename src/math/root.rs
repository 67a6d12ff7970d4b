//! Cube root, hypotenuse.
//!
//! Cube root of `x > 0`:
//! 1. The bits of a float, as an integer, are near its logarithm. So a constant less a third of the bits of `x` are those
//!    of `z`, near `x^(-1/3)`: `x z^3 = 1 - e` with `|e| <= 0.1021` (Blinn 1997, Floating-Point Tricks). The third is a
//!    product of floats: integers whose highest bits are those of 2^52 (2^23) are floats one apart.
//! 2. `z (1 - e)^(-1/3) = z + z e P(e)`, a minimax polynomial, to half the digits: no division.
//! 3. `y = x z^2`, and one Newton step, `y + (x - y^3) z^2/3`, where the difference is exact but for its last place.
//!
//! Hypotenuse: both sides times a power of 2, so that no square over- or underflows; the sum of the squares with its error,
//! the root, and a Newton step. Of `f32` the squares are exact in `f64`, and so wide a range is not left.
//!
//! The errors found are below 0.51 ulp, but 0.75 for a subnormal hypotenuse of `f64`, which is rounded twice.

use super::formula::V;

/// Of one type.
struct Constants {
    /// How far bits are shifted to fit the digits of a float, the float whose last place is 1, and what a third of the
    /// bits are taken from.
    shift: i64,
    ones: f64,
    seed: f64,
    /// `((1 - e)^(-1/3) - 1)/e`, for `|e| <= 0.1021`.
    root: &'static [f64],
    /// Below, the last places of `y^3` would be lost; the power of 8 that helps, and its root.
    small: f64,
    up: f64,
    down: f64,
}

const F64: Constants = Constants {
    shift: 12,
    ones: 4_503_599_627_370_496.0,
    seed: 7_504_458_596_656_436.0,
    // Relative error of the root: 2^-32.
    root: &[
        0.333333346355096,
        0.22222224890782866,
        0.17282955895387447,
        0.14401946805160665,
        0.12670794781485387,
        0.11296931051168209,
    ],
    // 2^-960, 2^120, 2^-40.
    small: 1.026342286824187e-289,
    up: 1.329227995784916e36,
    down: 9.094947017729282e-13,
};

const F32: Constants = Constants {
    shift: 8,
    ones: 8_388_608.0,
    seed: 16_731_297.0,
    // Relative error of the root: 2^-18.4.
    root: &[0.3333297073841095, 0.22349725663661957, 0.17442819476127625],
    // 2^-96, 2^54, 2^-18.
    small: 1.262177448353619e-29,
    up: 18_014_398_509_481_984.0,
    down: 3.814697265625e-06,
};

/// Cube root; at most 0.51 ulp.
pub(super) fn cbrt<'c>(x: V<'c>) -> V<'c> {
    let c = if x.is_f32() { &F32 } else { &F64 };
    let size = x.abs();
    let small = size.lt(c.small);
    let a = small.select(size * c.up, size);
    let bits = ((a.bits() >> c.shift) | x.number(c.ones).bits()).as_float().fma(-1.0 / 3.0, c.seed).bits();
    let z = (bits << c.shift).as_float();
    let e = (-(a * z)).fma(z * z, 1.0);
    let z = (z * e).fma(e.two_chains(c.root), z);
    let square = z * z;
    let y = a * square;
    // x - y^3
    let minus = -y;
    let y2 = y * y;
    let rest = minus.fma(y2, a);
    let rest = minus.fma(y.fma(y, -y2), rest);
    let y = rest.fma(square * (1.0 / 3.0), y) * small.select(x.number(c.down), 1.0);
    let y = (y.bits() | (x.bits() & x.number(-0.0).bits())).as_float();
    size.lt(f64::INFINITY).select(y, x)
}

/// `sqrt(x^2 + y^2)`; at most 0.51 ulp, if subnormal 0.76.
pub(super) fn hypot<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    let infinite = x.abs().eq(f64::INFINITY) | y.abs().eq(f64::INFINITY);
    let h = if x.is_f32() {
        let (x, y) = (x.to_f64(), y.to_f64());
        x.fma(x, y * y).sqrt().to_f32()
    } else {
        scaled_hypot(x.abs(), y.abs())
    };
    infinite.select(x.number(f64::INFINITY), h)
}

fn scaled_hypot<'c>(x: V<'c>, y: V<'c>) -> V<'c> {
    let wide = x.gt(y);
    let (a, b) = (wide.select(x, y), wide.select(y, x));
    // The exponent, with its bias, down to a multiple of 32, `e`: scaled by 2^(1007-e) the greater side is within 2^-16 and 2^16, or a
    // subnormal one above 2^-68. Both this power and the one back, 2^(e-1007), are normal numbers for all `e` from 0 to 2016.
    let exponent = a.bits() & (0x7e0 << 52);
    let scale = (exponent ^ (0x7ee << 52)).as_float();
    let back = (exponent | (0x010 << 52)).as_float();
    let (a, b) = (a * scale, b * scale);
    let a2 = a * a;
    let sum = b.fma(b, a2);
    let error = a.fma(a, -a2) + b.fma(b, a2 - sum);
    let h = sum.sqrt();
    let rest = (-h).fma(h, sum) + error;
    // h is 0 together with the rest. Half of a quotient is exact.
    let positive = x.number(f64::MIN_POSITIVE).greater(h);
    (rest / positive).fma(0.5, h) * back
}
