//! The two float types, as bits, as numbers and as MPFR's values.

use std::fmt::Debug;

use tilexpr::{Element, IntoArg, Out};

/// `f32` or `f64`.
pub trait Float: Element + Copy + PartialEq + Debug + Send + Sync {
    /// Its name.
    const NAME: &'static str;
    /// Its size in bits.
    const BITS: u32;
    /// The bits of a significand, with the leading one.
    const PRECISION: i32;
    /// The exponent of the least positive number, which is subnormal.
    const LEAST: i32;
    /// The exponent of the greatest number.
    const MOST: i32;

    /// The number with these bits.
    fn of(bits: u64) -> Self;
    /// Its bits.
    fn bits(self) -> u64;
    /// The nearest one.
    fn nearest(x: f64) -> Self;
    /// As `f64`, exactly.
    fn wide(self) -> f64;
    /// The one nearest to MPFR's value, subnormals included.
    fn round(x: &rug::Float) -> Self;

    /// The exponent of the least normal number.
    const NORMAL: i32 = 1 - Self::MOST;

    /// Bits as an integer that grows with the number.
    fn order(self) -> i64 {
        let magnitude = (self.bits() & !Self::sign_bit()) as i64;
        if self.bits() & Self::sign_bit() != 0 { -magnitude } else { magnitude }
    }

    /// The bit of the sign.
    fn sign_bit() -> u64 {
        1 << (Self::BITS - 1)
    }

    /// The number so many steps above. Steps past an infinity stay there.
    fn step(self, steps: i64) -> Self {
        if self.wide().is_nan() {
            return self;
        }
        let end = Self::nearest(f64::INFINITY).order();
        let order = (self.order() + steps).clamp(-end, end);
        Self::of(if order < 0 { order.unsigned_abs() | Self::sign_bit() } else { order as u64 })
    }
}

macro_rules! floats {
    ($($t:ident $u:ident $least:literal $round:ident;)*) => { $(
        impl Float for $t {
            const NAME: &'static str = stringify!($t);
            const BITS: u32 = $u::BITS;
            const PRECISION: i32 = $t::MANTISSA_DIGITS as i32;
            const LEAST: i32 = $least;
            const MOST: i32 = $t::MAX_EXP - 1;

            fn of(bits: u64) -> $t { $t::from_bits(bits as $u) }
            fn bits(self) -> u64 { self.to_bits().into() }
            fn nearest(x: f64) -> $t { x as $t }
            fn wide(self) -> f64 { self.into() }
            fn round(x: &rug::Float) -> $t { x.$round() }
        }
    )* };
}

floats! {
    f32 u32 -149 to_f32;
    f64 u64 -1074 to_f64;
}

/// A float type whose slices the library reads and writes.
pub trait Slices: Float {
    /// A slice as an argument.
    fn arg(x: &[Self]) -> impl IntoArg<'_>;
    /// A slice as a result.
    fn out(x: &mut [Self]) -> &mut (impl Out + ?Sized);
}

macro_rules! slices {
    ($($t:ident)*) => { $(
        impl Slices for $t {
            fn arg(x: &[$t]) -> impl IntoArg<'_> { x }
            fn out(x: &mut [$t]) -> &mut (impl Out + ?Sized) { x }
        }
    )* };
}

slices! { f32 f64 }
