//! Sine, cosine and tangent beyond the first reduction: regions, which run where some argument is so large.
//!
//! Comes in: x, an `f64` or `f32`. Goes out: its sine, cosine or tangent, with the errors that the small ones have. Always holds:
//! up to 2^42 in magnitude by vector code; what is larger goes to a helper (`ir/huge_angle.rs`).
//!
//! **`f64`**, with pi/2 = P0 + P1 + P2 + 2^-161 at most, each part the float that is nearest to what is left, and |k| < 2^42:
//!
//! 1. k = round(x * 2/pi) as for small ones. The quotient is off by 2^-12 at most, so |r| < pi/4 + 2^-11.
//! 2. r0 = x - k*P0 by fma is exact: a multiple of 2^-52 (P0 is one, and so is an x above 1), below 1.
//! 3. k*P1 = p + q exactly, with |p| < 2^-11 and |q| < 2^-65, and r0 - p = s + e exactly (`double.rs`).
//! 4. c = (k*P2 + q) - e, and then x - k*pi/2 = s - c. It is r - less, r = s - c rounded, less what that lacks.
//!
//! How near c comes to s: no `f64` between 2 and 2^42 is nearer than 2^-60.5 to a multiple of pi/2 (found by continued
//! fractions: J.-M. Muller, "Elementary Functions", 2016, chapter 11, an algorithm by Kahan and McDonald;
//! `tools/math/trigonometric.py` runs it). |c| is below an ulp of s, or below 2^-64 where s is small and thus e is 0. So s has the
//! sign and, but for its last digits, the value of r, and the sum in 4 loses nothing. What is wrong in it: half an ulp of a
//! product k*P2 + q below 2^-64, and k times what pi/2 has after P2: 2^-116 and 2^-119, less than 2^-54 of the least r.
//!
//! **`f32`** is as for small ones, in `f64`, but the square of r is that of all of r. x - k*P0 is exact here as well, and
//! what lacks of pi makes 2^-64, where no `f32` is nearer than 2^-29.2 to a multiple of pi/2.

use std::cell::RefCell;
use std::sync::LazyLock;

use super::{BEST_F32, Plain, ROUND, Reduced};
use crate::dtype::DType;
use crate::ir::helper::Code;
use crate::ir::{Builder, Helper, Region};
use crate::math::double::{product, sum};
use crate::math::formula::V;

/// The greatest magnitude that vector code takes.
const LIMIT: f64 = 4398046511104.0;
/// pi/2: each part the float nearest to what is left.
const HALF_PI: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591698e-33];

/// The form of an `f32`.
static OF_F32: Plain = Plain { flat: false, limit: LIMIT, ..BEST_F32 };

static SIN: [LazyLock<Region>; 2] =
    [LazyLock::new(|| region(DType::F32, sin)), LazyLock::new(|| region(DType::F64, sin))];
static COS: [LazyLock<Region>; 2] =
    [LazyLock::new(|| region(DType::F32, cos)), LazyLock::new(|| region(DType::F64, cos))];
static TAN: [LazyLock<Region>; 2] =
    [LazyLock::new(|| region(DType::F32, tan)), LazyLock::new(|| region(DType::F64, tan))];

static HELPERS: [[Helper; 2]; 3] = [
    [
        Helper { name: "large_sin.f32", code: Code::Region(&SIN[0]) },
        Helper { name: "large_sin.f64", code: Code::Region(&SIN[1]) },
    ],
    [
        Helper { name: "large_cos.f32", code: Code::Region(&COS[0]) },
        Helper { name: "large_cos.f64", code: Code::Region(&COS[1]) },
    ],
    [
        Helper { name: "large_tan.f32", code: Code::Region(&TAN[0]) },
        Helper { name: "large_tan.f64", code: Code::Region(&TAN[1]) },
    ],
];

/// Which function.
#[derive(Clone, Copy)]
pub(super) enum Function {
    Sin,
    Cos,
    Tan,
}

impl Function {
    /// The helper's name.
    pub fn name(self) -> &'static str {
        ["sin", "cos", "tan"][self as usize]
    }

    /// `y`, but where |x| is above the limit the function of x by its region.
    pub fn beyond<'c>(self, limit: f64, x: V<'c>, y: V<'c>) -> V<'c> {
        let helper = &HELPERS[self as usize][usize::from(!x.is_f32())];
        y.patch_by(x.abs().gt(limit), helper, &[x])
    }
}

fn region(dtype: DType, of: for<'c> fn(V<'c>) -> V<'c>) -> Region {
    Builder::region(&[dtype], |b, args| {
        let shared = RefCell::new(b);
        of(V::new(&shared, args[0])).id()
    })
}

fn sin(x: V) -> V {
    let y = if x.is_f32() { OF_F32.sin(x.to_f64()).to_f32() } else { reduced(x).sine() };
    y.patch(x.abs().gt(LIMIT), "sin", &[x])
}

fn cos(x: V) -> V {
    let y = if x.is_f32() { OF_F32.cos(x.to_f64()).to_f32() } else { reduced(x).cosine() };
    y.patch(x.abs().gt(LIMIT), "cos", &[x])
}

fn tan(x: V) -> V {
    let y = if x.is_f32() { OF_F32.tan(x.to_f64()).to_f32() } else { reduced(x).tangent() };
    y.patch(x.abs().gt(LIMIT), "tan", &[x])
}

fn reduced(x: V) -> Reduced {
    let t = x.fma(std::f64::consts::FRAC_2_PI, ROUND);
    let k = t - ROUND;
    let [p0, p1, p2] = HALF_PI;
    let r0 = k.fma(-p0, x);
    // Both negative: -k*P1.
    let p = product(k, k.number(-p1));
    let s = sum(r0, p.hi);
    let c = k.fma(p2, -p.lo) - s.lo;
    let r = s.hi - c;
    Reduced::new(t.bits(), r, c - (s.hi - r))
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;

    use crate::dtype::DType;
    use crate::ir::Helper;
    use crate::math::{Accuracy, Elementary, eval};

    /// Beside the helpers, which are off by 0.51 ulp at most: numbers up to the limit and beyond, of all sizes, and those next to
    /// multiples of pi/2.
    #[test]
    fn as_the_helpers() {
        let functions = [(Elementary::Sin, "sin"), (Elementary::Cos, "cos"), (Elementary::Tan, "tan")];
        let mut state = 1u64;
        for i in 0..3000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let x = (state >> 11) as f64 * f64::powi(2.0, -30 - (i % 22));
            let x = if i % 3 == 0 { (x / FRAC_PI_2).round() * FRAC_PI_2 } else { x };
            for (function, name) in functions {
                let wide = eval(function, Accuracy::Best, &[x.into()]).map(|c| c.bits()).unwrap();
                let expected = Helper::of(name, DType::F64).call(&[x.to_bits()]);
                assert!(wide.abs_diff(expected) <= 1, "{name}({x:e})");
                let single = eval(function, Accuracy::Best, &[(x as f32).into()]).map(|c| c.bits()).unwrap();
                let expected = Helper::of(name, DType::F32).call(&[(x as f32).to_bits().into()]);
                assert!(single.abs_diff(expected) <= 1, "{name}({:e}) of f32", x as f32);
            }
        }
    }
}
