//! How scans combine two values.
//!
//! Comes in: an earlier value and a later one, of one part or of two. Goes out: what they come to. Always holds: no branch depends on the values, so
//! that the compiler makes vectors of many of these side by side.

use std::hint::select_unpredictable;

/// How two values are combined, of `P` parts each.
pub trait Combine<T, const P: usize> {
    /// The earlier one and the later one.
    fn combine(earlier: [T; P], later: [T; P]) -> [T; P];
}

/// Sum; integers wrap.
pub struct Sum;
/// Product; integers wrap.
pub struct Product;
/// The lesser; -0.0 is less than 0.0, a NaN is less than all.
pub struct Least;
/// The greater; 0.0 is greater than -0.0, a NaN is greater than all.
pub struct Greatest;
/// Product of complex numbers: real parts, imaginary parts.
pub struct ComplexProduct;

macro_rules! combine_integers {
    ($($t:ty),*) => {$(
        impl Combine<$t, 1> for Sum {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x.wrapping_add(y)] }
        }
        impl Combine<$t, 1> for Product {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x.wrapping_mul(y)] }
        }
        impl Combine<$t, 1> for Least {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x.min(y)] }
        }
        impl Combine<$t, 1> for Greatest {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x.max(y)] }
        }
    )*};
}

macro_rules! combine_floats {
    ($($t:ty),*) => {$(
        impl Combine<$t, 1> for Sum {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x + y] }
        }
        impl Combine<$t, 1> for Product {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x * y] }
        }
        impl Combine<$t, 1> for Least {
            /// Where neither is less, they are equal (zeros alone have other bits then), or one is NaN.
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] {
                let equal = <$t>::from_bits(x.to_bits() | y.to_bits());
                [select_unpredictable(x < y, x, select_unpredictable(y < x, y, equal))]
            }
        }
        impl Combine<$t, 1> for Greatest {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] {
                let equal = -<$t>::from_bits((-x).to_bits() | (-y).to_bits());
                [select_unpredictable(x > y, x, select_unpredictable(y > x, y, equal))]
            }
        }
        impl Combine<$t, 2> for ComplexProduct {
            #[inline(always)]
            fn combine([a, b]: [$t; 2], [c, d]: [$t; 2]) -> [$t; 2] { [a * c - b * d, a * d + b * c] }
        }
    )*};
}

combine_integers!(i8, i16, i32, i64, u8, u16, u32, u64);
combine_floats!(f32, f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_and_nan() {
        let least = |x: f64, y: f64| Least::combine([x], [y])[0];
        let greatest = |x: f32, y: f32| Greatest::combine([x], [y])[0];
        assert_eq!(least(0.0, -0.0).to_bits(), least(-0.0, 0.0).to_bits());
        assert!(least(0.0, -0.0).is_sign_negative() && greatest(0.0, -0.0).is_sign_positive());
        assert!(greatest(-0.0, 0.0).is_sign_positive());
        assert!(least(f64::NAN, 1.0).is_nan() && least(1.0, f64::NAN).is_nan());
        assert!(greatest(f32::NAN, f32::INFINITY).is_nan() && greatest(f32::NEG_INFINITY, f32::NAN).is_nan());
        assert_eq!((least(2.0, 1.0), greatest(2.0, 1.0)), (1.0, 2.0));
    }

    /// What is chosen without a branch is what comparing one after the other would choose, to the bit.
    #[test]
    fn without_branches() {
        let nan = f64::from_bits(0x7ff8_0000_0000_0123);
        let special = [0.0, -0.0, 1.5, -1.5, f64::MIN_POSITIVE / 8.0, f64::INFINITY, f64::NEG_INFINITY, nan, -nan];
        for (x, y) in special.iter().flat_map(|&x| special.map(|y| (x, y))) {
            let both = |x: f64, y: f64| f64::from_bits(x.to_bits() | y.to_bits());
            let least = if x < y || y < x { x.min(y) } else { both(x, y) };
            let greatest = if x < y || y < x { x.max(y) } else { -both(-x, -y) };
            let found = (Least::combine([x], [y])[0], Greatest::combine([x], [y])[0]);
            assert_eq!((found.0.to_bits(), found.1.to_bits()), (least.to_bits(), greatest.to_bits()), "{x} {y}");
        }
    }
}
