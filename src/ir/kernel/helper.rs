//! Helper functions: what `patch` asks, for the lanes of its mask, where the straight-line code before it does not give the value.
//!
//! One row each. A helper is a pure function of plain numbers that never panics and gives the same bits on every
//! machine: it may use IEEE operations and the `libm` crate, never the platform's own mathematics library. A function that
//! the caller has registered is a helper too, of which nothing of that is known; and so is a region of IR, which executors put in
//! where it is asked and which runs on whole vectors.

use std::sync::LazyLock;
use std::sync::atomic::AtomicU32;

use super::region::Region;
use crate::dtype::{DType, Real, Scalar};
use crate::ir::registered::{Registered, enter};
use crate::ir::{cancelled, huge_angle};

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $t:ident $($x:ident)+;)*) => {
        /// A helper's code, by signature. `extern "C"`, so that generated code can call it. No integer is shorter than 32
        /// bits, for then it would be of the machine's convention who extends it.
        #[derive(Clone, Copy, Debug)]
        pub enum Code {
            $($(#[$doc])* $code(extern "C" fn($(codes!(@ $x $t)),+) -> $t),)*
            /// A function of the caller's, called through [`enter`].
            Rust(&'static Registered),
            /// IR, made when it is first asked for.
            Region(&'static LazyLock<Region>),
        }

        impl Code {
            /// The types of the arguments.
            pub fn args(self) -> &'static [DType] {
                match self {
                    $(Code::$code(_) => &[$(codes!(@ $x <$t as crate::dtype::Element>::DTYPE)),+],)*
                    Code::Rust(registered) => registered.args(),
                    Code::Region(region) => region.params(),
                }
            }

            /// The address of what is called; a region is not.
            #[cfg(feature = "jit")]
            pub fn address(self) -> Option<usize> {
                match self {
                    $(Code::$code(f) => Some(f as usize),)*
                    Code::Rust(_) => Some(enter as *const () as usize),
                    Code::Region(_) => None,
                }
            }

            /// The value at one point, on bits, as many as there are arguments; a panic of the caller's function is noted in the word.
            pub fn call(self, bits: &[u64], faults: &AtomicU32) -> u64 {
                let mut args = bits.iter().copied();
                fn next<T: Real>(args: &mut impl Iterator<Item = u64>) -> T {
                    T::from_scalar(Scalar::from_bits(T::DTYPE, args.next().unwrap_or(0)))
                }
                match self {
                    $(Code::$code(f) => {
                        $(let $x = next(&mut args);)+
                        f($($x),+).to_scalar().bits()
                    })*
                    Code::Rust(registered) => {
                        let mut word = || args.next().unwrap_or(0);
                        enter(registered, faults, word(), word(), word())
                    }
                    Code::Region(region) => region.eval(bits, faults).first().copied().unwrap_or(0),
                }
            }
        }
    };
    (@ $x:ident $($one:tt)+) => { $($one)+ };
}

codes! {
    /// One `f64`.
    F64 f64 x;
    /// Two `f64`.
    F64F64 f64 x y;
    /// One `f32`.
    F32 f32 x;
    /// Two `f32`.
    F32F32 f32 x y;
    /// Two `i32`.
    I32I32 i32 x y;
    /// Two `i64`.
    I64I64 i64 x y;
    /// Two `u32`.
    U32U32 u32 x y;
    /// Two `u64`.
    U64U64 u64 x y;
}

/// A helper function.
#[derive(Debug)]
pub struct Helper {
    /// Its name, with the type: `exp.f64`.
    pub name: &'static str,
    /// Its code.
    pub code: Code,
}

impl PartialEq for Helper {
    fn eq(&self, other: &Helper) -> bool {
        self.name == other.name
    }
}

impl Eq for Helper {}

impl Helper {
    /// The types of the arguments. The result has the same, but for those of the caller's.
    pub fn args(&self) -> &'static [DType] {
        self.code.args()
    }

    /// The type of the result.
    pub fn result(&self) -> DType {
        match self.code {
            Code::Rust(registered) => registered.result(),
            _ => self.args()[0],
        }
    }

    /// Whether it may be called ahead of time: a function of the caller's is called in a run only.
    pub fn folds(&self) -> bool {
        !matches!(self.code, Code::Rust(_))
    }

    /// The value at one point, on bits. The arguments are as many as [`Helper::args`] says.
    pub fn call(&self, args: &[u64]) -> u64 {
        self.code.call(args, &AtomicU32::new(0))
    }

    /// The helper of this name for a type.
    ///
    /// # Panics
    /// If there is none: names are the library's own.
    pub fn of(name: &str, dtype: DType) -> &'static Helper {
        let is = |h: &&Helper| h.result() == dtype && h.name.rsplit_once('.').is_some_and(|(prefix, _)| prefix == name);
        match HELPERS.iter().find(is) {
            Some(helper) => helper,
            None => panic!("there is no helper {name}.{dtype}"),
        }
    }

    /// Every helper.
    #[cfg(any(test, feature = "internals"))]
    pub fn all() -> &'static [Helper] {
        HELPERS
    }
}

macro_rules! c {
    ($f:path, $($x:ident)*: $t:ty) => {{
        extern "C" fn code($($x: $t),*) -> $t { $f($($x),*) }
        code
    }};
}

static HELPERS: &[Helper] = &[
    Helper { name: "sin.f64", code: Code::F64(c!(huge_angle::sin, x: f64)) },
    Helper { name: "sin.f32", code: Code::F32(c!(huge_angle::sin_f32, x: f32)) },
    Helper { name: "cos.f64", code: Code::F64(c!(huge_angle::cos, x: f64)) },
    Helper { name: "cos.f32", code: Code::F32(c!(huge_angle::cos_f32, x: f32)) },
    Helper { name: "tan.f64", code: Code::F64(c!(huge_angle::tan, x: f64)) },
    Helper { name: "tan.f32", code: Code::F32(c!(huge_angle::tan_f32, x: f32)) },
    Helper { name: "pow.f64", code: Code::F64F64(c!(pow_f64, x y: f64)) },
    Helper { name: "pow.f32", code: Code::F32F32(c!(pow_f32, x y: f32)) },
    Helper { name: "fmod.f64", code: Code::F64F64(c!(libm::fmod, x y: f64)) },
    Helper { name: "fmod.f32", code: Code::F32F32(c!(libm::fmodf, x y: f32)) },
    Helper { name: "logaddexp.f64", code: Code::F64F64(c!(cancelled::logaddexp, x y: f64)) },
    Helper { name: "logaddexp.f32", code: Code::F32F32(c!(logaddexp_f32, x y: f32)) },
    Helper { name: "pow.i64", code: Code::I64I64(c!(pow_i64, x y: i64)) },
    Helper { name: "pow.i32", code: Code::I32I32(c!(pow_i32, x y: i32)) },
    Helper { name: "pow.u64", code: Code::U64U64(c!(pow_u64, x y: u64)) },
    Helper { name: "pow.u32", code: Code::U32U32(c!(pow_u32, x y: u32)) },
];

fn pow_f64(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// Through `f64`, for the crate's own `powf` is off by more than an ulp near 1.
fn pow_f32(x: f32, y: f32) -> f32 {
    libm::pow(f64::from(x), f64::from(y)) as f32
}

fn logaddexp_f32(x: f32, y: f32) -> f32 {
    cancelled::logaddexp(x.into(), y.into()) as f32
}

/// Wrapping power.
fn pow_u64(x: u64, y: u64) -> u64 {
    let (mut base, mut exponent, mut product) = (x, y, 1u64);
    while exponent > 0 {
        if exponent & 1 == 1 {
            product = product.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    product
}

/// Wrapping power: wrapping products keep their low bits, so the wide one narrowed is the narrow one.
fn pow_u32(x: u32, y: u32) -> u32 {
    pow_u64(x.into(), y.into()) as u32
}

/// Wrapping power, whose bits do not depend on signs; the caller has faulted negative exponents, for which this gives 0.
fn pow_i64(x: i64, y: i64) -> i64 {
    u64::try_from(y).map_or(0, |y| pow_u64(x as u64, y) as i64)
}

/// As for `i64`.
fn pow_i32(x: i32, y: i32) -> i32 {
    pow_i64(x.into(), y.into()) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_powers_wrap() {
        assert_eq!(pow_i64(3, 39), 3i64.wrapping_pow(39));
        assert_eq!(pow_i64(-7, 100), (-7i64).wrapping_pow(100));
        assert_eq!(pow_i32(3, 21), 3i32.wrapping_pow(21));
        assert_eq!(pow_i32(0, 0), 1);
        assert_eq!(pow_u64(3, 50), 3u64.wrapping_pow(50));
        assert_eq!(pow_u32(u32::MAX, 3), u32::MAX);
        assert_eq!(pow_u64(2, u64::MAX), 0);
        assert_eq!(pow_i64(2, -1), 0);
        assert_eq!(pow_i64(2, i64::MAX), 0);
    }

    #[test]
    fn names_are_unique_and_end_in_the_type() {
        for (i, h) in Helper::all().iter().enumerate() {
            assert!(h.name.ends_with(&format!(".{}", h.result())));
            assert!(Helper::all()[..i].iter().all(|other| other.name != h.name));
        }
    }

    #[test]
    fn calls_on_bits() {
        let pow = Helper::of("pow", DType::F64);
        assert_eq!(pow.call(&[2f64.to_bits(), 10f64.to_bits()]), 1024f64.to_bits());
    }
}
