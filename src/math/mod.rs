//! The elementary functions, lowered to the kernel IR.
//!
//! Comes in: a function and values of one float type, `f32` or `f64`. Goes out: the IR of the result, in primitive
//! operations, so that every executor has every function at its full width, fused with what stands around it, and with
//! the same bits. Always holds: no branches; what straight-line code does not give (huge arguments of sine) is a `patch`,
//! lane by lane, so a result never depends on its neighbours; the error is at most the bound of the function's row.
//!
//! | file           | what                                                                  |
//! |----------------|-----------------------------------------------------------------------|
//! | `formula`      | IR written as formulas: `x*x + 1.0`                                   |
//! | `double`       | sums and products with their rounding errors: pairs of floats         |
//! | `complex/`     | functions of complex numbers, made of the real ones                   |
//! | `random`       | random numbers of a key and a counter                                |
//! | `exp_scaled`   | e to the power of a pair, for functions that multiply on before they round |
//! | the others     | one family of functions each: method, constants, code                 |
//!
//! The constants are made by the scripts in `tools/math/`, as each file says.

pub mod complex;
mod double;
mod erf;
mod exp;
mod exp_scaled;
mod formula;
mod gamma;
mod hyperbolic;
mod inverse_hyperbolic;
mod inverse_trigonometric;
mod log;
mod logaddexp;
mod ndtri;
mod power;
pub mod random;
mod remainder;
mod root;
mod trigonometric;

use std::cell::RefCell;
use std::sync::OnceLock;

use formula::V;
use smallvec::SmallVec;

use crate::dtype::{DType, Scalar};
use crate::ir::{Access, Builder, LoopId, Role, Stride, Value};

/// How far a result may lie from the true value.
///
/// ```
/// use tilexpr::{Accuracy, Expr, args};
/// let e = Expr::builder().accuracy(Accuracy::Fast).compile("tanh(x)")?;
/// let y: f64 = e.eval(args![x = 0.5])?;
/// assert!((y - 0.5_f64.tanh()).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Accuracy {
    /// At most 1 ulp, but for those functions whose documentation says otherwise.
    #[default]
    Best,
    /// At most 4 ulp, for functions that are faster by a fifth or more then.
    Fast,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// The function.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
    pub function: Elementary,
    /// Its name: NumPy's, where NumPy has it.
    pub name: &'static str,
    /// How many arguments.
    pub arity: usize,
    /// The greatest error that has been found, rounded up, in units in the last place of the result: of `f32`, of `f64`.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
    pub ulp: [f64; 2],
    /// The same with [`Accuracy::Fast`], where there is such a form.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
    pub fast_ulp: Option<[f64; 2]>,
    lower: for<'c> fn(&[V<'c>], Accuracy) -> V<'c>,
}

macro_rules! table {
    ($($(#[$doc:meta])* $function:ident $name:literal $ulp:expr, $fast:expr, |$($x:ident),+; $accuracy:pat_param| $lower:expr;)*) => {
        /// An elementary function.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Elementary { $($(#[$doc])* $function,)* }

        impl Elementary {
            /// Every function.
            #[cfg(any(test, feature = "internals"))]
            pub const ALL: &[Elementary] = &[$(Elementary::$function,)*];
        }

        static TABLE: &[Row] = &[$(Row {
            function: Elementary::$function,
            name: $name,
            arity: [$(stringify!($x)),+].len(),
            ulp: $ulp,
            fast_ulp: $fast,
            lower: |args, accuracy| {
                let (&[$($x),+], $accuracy) = (args, accuracy) else { unreachable!("arguments are counted before") };
                $lower
            },
        },)*];
    };
}

table! {
    /// e to the power of x.
    Exp "exp" [0.8, 0.8], None, |x; _| exp::exp(x);
    /// 2 to the power of x.
    Exp2 "exp2" [0.8, 0.8], None, |x; _| exp::exp2(x);
    /// `exp(x) - 1`, near 0 too.
    Expm1 "expm1" [0.8, 0.85], None, |x; _| exp::expm1(x);
    /// Natural logarithm.
    Log "log" [0.8, 0.66], None, |x; _| log::log(x);
    /// Logarithm to base 2.
    Log2 "log2" [0.88, 0.74], None, |x; _| log::log2(x);
    /// Logarithm to base 10.
    Log10 "log10" [0.78, 0.7], None, |x; _| log::log10(x);
    /// `log(1 + x)`, near 0 too.
    Log1p "log1p" [0.78, 0.74], None, |x; _| log::log1p(x);
    /// Sine.
    Sin "sin" [0.65, 0.8], Some([2.5, 2.5]), |x; accuracy| trigonometric::sin_to(x, accuracy);
    /// Cosine.
    Cos "cos" [0.65, 0.8], Some([2.5, 2.5]), |x; accuracy| trigonometric::cos_to(x, accuracy);
    /// Tangent.
    Tan "tan" [0.85, 0.9], Some([3.7, 3.7]), |x; accuracy| trigonometric::tan_to(x, accuracy);
    /// Inverse sine.
    Arcsin "arcsin" [0.75, 0.8], None, |x; _| inverse_trigonometric::arcsin(x);
    /// Inverse cosine.
    Arccos "arccos" [0.7, 0.75], None, |x; _| inverse_trigonometric::arccos(x);
    /// Inverse tangent.
    Arctan "arctan" [0.8, 0.8], None, |x; _| inverse_trigonometric::arctan(x);
    /// Angle of the point (x, y).
    Arctan2 "arctan2" [0.8, 0.85], None, |y, x; _| inverse_trigonometric::arctan2(y, x);
    /// Hyperbolic sine.
    Sinh "sinh" [0.55, 0.85], None, |x; _| hyperbolic::sinh(x);
    /// Hyperbolic cosine.
    Cosh "cosh" [0.55, 0.8], None, |x; _| hyperbolic::cosh(x);
    /// Hyperbolic tangent.
    Tanh "tanh" [0.55, 0.85], Some([0.55, 3.0]), |x; accuracy| hyperbolic::tanh(x, accuracy);
    /// Inverse hyperbolic sine.
    Arcsinh "arcsinh" [1.0, 1.0], None, |x; _| inverse_hyperbolic::arcsinh(x);
    /// Inverse hyperbolic cosine.
    Arccosh "arccosh" [0.75, 0.7], None, |x; _| inverse_hyperbolic::arccosh(x);
    /// Inverse hyperbolic tangent.
    Arctanh "arctanh" [0.75, 0.7], None, |x; _| inverse_hyperbolic::arctanh(x);
    /// x to the power of y.
    Pow "pow" [0.51, 0.79], None, |x, y; _| power::pow(x, y);
    /// Cube root.
    Cbrt "cbrt" [0.51, 0.51], None, |x; _| root::cbrt(x);
    /// `sqrt(x*x + y*y)`, without overflow between.
    Hypot "hypot" [0.51, 0.76], None, |x, y; _| root::hypot(x, y);
    /// The remainder of the division that truncates, exactly.
    Fmod "fmod" [0.0, 0.0], None, |x, y; _| remainder::fmod(x, y);
    /// Error function.
    Erf "erf" [0.51, 0.85], None, |x; _| erf::erf(x);
    /// `1 - erf(x)`, for large x too.
    Erfc "erfc" [0.51, 0.9], None, |x; _| erf::erfc(x);
    /// Inverse of the normal distribution.
    Ndtri "ndtri" [0.51, 1.0], None, |x; _| ndtri::ndtri(x);
    /// Gamma function.
    Gamma "gamma" [0.51, 0.85], None, |x; _| gamma::gamma(x);
    /// Logarithm of the magnitude of the gamma function. Next to its zeros between -2.4 and -10 the error in `f64` is at most
    /// 2^-60, which may be more than this bound: from 2e-3 on down.
    Lgamma "lgamma" [0.55, 4.0], None, |x; _| gamma::lgamma(x);
    /// `log(exp(x) + exp(y))`, without overflow between.
    Logaddexp "logaddexp" [1.0, 1.0], None, |x, y; _| logaddexp::logaddexp(x, y);
}

impl Elementary {
    /// The function's row.
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// How many instructions it is lowered to, about: of `f64`, where no argument is known.
    pub fn operations(self) -> usize {
        static COUNTS: [OnceLock<usize>; TABLE.len()] = [const { OnceLock::new() }; TABLE.len()];
        *COUNTS[self as usize].get_or_init(|| {
            instructions(DType::F64, self.row().arity, |b, args| _ = lower(b, self, Accuracy::Best, args))
        })
    }

    /// The function of this name.
    #[cfg(any(test, feature = "internals"))]
    pub fn from_name(name: &str) -> Option<Elementary> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.function)
    }
}

/// The function of these values, which are of one float type and as many as the row says.
pub fn lower(b: &mut Builder, function: Elementary, accuracy: Accuracy, args: &[Value]) -> Value {
    let shared = RefCell::new(b);
    let args: SmallVec<[V; 2]> = args.iter().map(|&id| V::new(&shared, id)).collect();
    (function.row().lower)(&args, accuracy).id()
}

/// How many instructions this makes of so many arguments of a type, of which nothing is known.
fn instructions(of: DType, arity: usize, lower: impl FnOnce(&mut Builder, &[Value])) -> usize {
    let mut b = Builder::new(1);
    let mut argument = || {
        let x = b.operand("x", of, Role::In, &[Stride::Unit]);
        b.load(Access::plain(x, [LoopId(0)]))
    };
    let args: SmallVec<[Value; 4]> = (0..arity).map(|_| argument()).collect();
    lower(&mut b, &args);
    b.size() - arity
}

/// The function at a point: what folding of constants and tests ask for. The arguments are as [`lower`] takes them.
pub fn eval(function: Elementary, accuracy: Accuracy, args: &[Scalar]) -> Option<Scalar> {
    let mut b = Builder::new(0);
    let args: SmallVec<[Value; 2]> = args.iter().map(|&c| b.constant(c)).collect();
    let v = lower(&mut b, function, accuracy, &args);
    b.as_const(v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for &function in Elementary::ALL {
            assert_eq!(function.row().function, function);
            assert_eq!(Elementary::from_name(function.name()), Some(function));
        }
    }
}
