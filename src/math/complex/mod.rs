//! The elementary functions of complex numbers, lowered to the kernel IR as two real values.
//!
//! Comes in: a function and values of one float type, real part and imaginary part of each argument. Goes out: the two
//! parts of the result; of which one alone is asked for at a time (what they have in common the kernel's builder shares).
//! Always holds: nothing overflows or vanishes between that the result does not; inverse functions are right in every
//! quadrant, on both sides of their cuts (which the sign of a zero tells apart) and at infinity, as C99's annex G says.
//! Single precision is computed in double.
//!
//! The error is small against the modulus of the result (a few ulp), not always against each part.
//!
//! Sources: W. Kahan, "Branch cuts for complex elementary functions", in: The state of the art in numerical analysis, 1987 (the
//! inverse functions, tangent, square root); T. E. Hull, T. F. Fairgrieve, P. T. P. Tang, "Implementing complex elementary
//! functions using exception handling", ACM TOMS 20, 1994 (logarithm).

mod arithmetic;
mod exponential;
mod inverse;

use std::cell::RefCell;
use std::sync::OnceLock;

use smallvec::SmallVec;

use super::formula::V;
use super::instructions;
use crate::dtype::{DType, Scalar};
use crate::ir::{Builder, Value};

/// A complex value in a formula.
#[derive(Clone, Copy)]
pub(super) struct C<'c> {
    re: V<'c>,
    im: V<'c>,
}

impl<'c> C<'c> {
    fn new(re: V<'c>, im: V<'c>) -> C<'c> {
        C { re, im }
    }

    /// `i*z`
    fn times_i(self) -> C<'c> {
        C { re: -self.im, im: self.re }
    }

    /// `-i*z`
    fn times_minus_i(self) -> C<'c> {
        C { re: self.im, im: -self.re }
    }

    fn to_f64(self) -> C<'c> {
        C { re: self.re.to_f64(), im: self.im.to_f64() }
    }

    fn to_f32(self) -> C<'c> {
        C { re: self.re.to_f32(), im: self.im.to_f32() }
    }
}

/// Where the mask is set the one, else the other.
fn select<'c>(mask: V<'c>, yes: C<'c>, no: C<'c>) -> C<'c> {
    C { re: mask.select(yes.re, no.re), im: mask.select(yes.im, no.im) }
}

/// Which part of a complex number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// The real part.
    Real,
    /// The imaginary part.
    Imaginary,
}

impl Part {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Part::Real => "real",
            Part::Imaginary => "imag",
        }
    }
}

macro_rules! table {
    ($($(#[$doc:meta])* $function:ident $name:literal $arity:literal $lower:path;)*) => {
        /// A function of complex numbers that gives one.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Complex { $($(#[$doc])* $function,)* }

        impl Complex {
            /// Every function.
            pub const ALL: &[Complex] = &[$(Complex::$function,)*];

            /// Its name: NumPy's.
            pub fn name(self) -> &'static str {
                match self { $(Complex::$function => $name,)* }
            }

            /// How many arguments.
            pub fn arity(self) -> usize {
                match self { $(Complex::$function => $arity,)* }
            }

            fn lower<'c>(self, args: &[C<'c>]) -> C<'c> {
                match self { $(Complex::$function => $lower(args),)* }
            }
        }
    };
}

table! {
    /// Quotient.
    Divide "divide" 2 arithmetic::divide;
    /// The number of modulus 1 in the same direction; 0 of 0.
    Sign "sign" 1 arithmetic::sign;
    /// Square root, with a real part that is not negative.
    Sqrt "sqrt" 1 arithmetic::sqrt;
    /// Power: `exp(y*log(x))`.
    Pow "pow" 2 exponential::pow;
    /// Exponential.
    Exp "exp" 1 exponential::exp;
    /// `exp(z) - 1`
    Expm1 "expm1" 1 exponential::expm1;
    /// 2 to the power of z.
    Exp2 "exp2" 1 exponential::exp2;
    /// Natural logarithm, cut along the negative real axis.
    Log "log" 1 exponential::log;
    /// Logarithm to base 2.
    Log2 "log2" 1 exponential::log2;
    /// Logarithm to base 10.
    Log10 "log10" 1 exponential::log10;
    /// `log(1 + z)`
    Log1p "log1p" 1 exponential::log1p;
    /// Sine.
    Sin "sin" 1 exponential::sin;
    /// Cosine.
    Cos "cos" 1 exponential::cos;
    /// Tangent.
    Tan "tan" 1 exponential::tan;
    /// Hyperbolic sine.
    Sinh "sinh" 1 exponential::sinh;
    /// Hyperbolic cosine.
    Cosh "cosh" 1 exponential::cosh;
    /// Hyperbolic tangent.
    Tanh "tanh" 1 exponential::tanh;
    /// Inverse sine, cut along the real axis beyond -1 and 1.
    Arcsin "arcsin" 1 inverse::arcsin;
    /// Inverse cosine, cut likewise.
    Arccos "arccos" 1 inverse::arccos;
    /// Inverse tangent, cut along the imaginary axis beyond -i and i.
    Arctan "arctan" 1 inverse::arctan;
    /// Inverse hyperbolic sine, cut likewise.
    Arcsinh "arcsinh" 1 inverse::arcsinh;
    /// Inverse hyperbolic cosine, cut along the real axis below 1.
    Arccosh "arccosh" 1 inverse::arccosh;
    /// Inverse hyperbolic tangent, cut along the real axis beyond -1 and 1.
    Arctanh "arctanh" 1 inverse::arctanh;
}

/// A part of the function of these values: real part, imaginary part, of one argument after the other.
pub fn lower(b: &mut Builder, function: Complex, part: Part, args: &[Value]) -> Value {
    let shared = RefCell::new(b);
    let all: SmallVec<[V; 4]> = args.iter().map(|&id| V::new(&shared, id)).collect();
    let narrow = all.first().is_some_and(|v| v.is_f32());
    let args: SmallVec<[C; 2]> = all.chunks_exact(2).map(|parts| C::new(parts[0], parts[1]).to_f64()).collect();
    let mut result = function.lower(&args);
    if narrow {
        result = result.to_f32();
    }
    match part {
        Part::Real => result.re.id(),
        Part::Imaginary => result.im.id(),
    }
}

impl Complex {
    /// How many instructions each of its parts is lowered to, about, where no argument is known.
    pub fn operations(self) -> usize {
        static COUNTS: [OnceLock<usize>; Complex::ALL.len()] = [const { OnceLock::new() }; Complex::ALL.len()];
        *COUNTS[self as usize].get_or_init(|| {
            instructions(DType::F64, 2 * self.arity(), |b, args| _ = lower(b, self, Part::Real, args)) / 2
        })
    }
}

/// A part of the function at a point.
pub fn eval(function: Complex, part: Part, args: &[Scalar]) -> Option<Scalar> {
    let mut b = Builder::new(0);
    let args: SmallVec<[Value; 4]> = args.iter().map(|&c| b.constant(c)).collect();
    let v = lower(&mut b, function, part, &args);
    b.as_const(v)
}

#[cfg(test)]
mod tests;
