//! The functions: one row each.
//!
//! A row says what a function is called, what it takes, what it is for, and by which rule it is typed and lowered. The
//! errors about arguments, the suggestions for misspelt names and the reference of the documentation follow from it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::composed::Composed;
use crate::dtype::DType;
use crate::ir::{Fold, Helper, Op};
use crate::math::Elementary;
use crate::syntax::ast::{BinaryOp, CompareOp, UnaryOp};

/// One row of the table.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Other names for it: NumPy's, numexpr's.
    pub aliases: &'static [&'static str],
    /// The names of the parameters, as the documentation shows them.
    pub params: &'static [&'static str],
    /// How many of them must be given; the others may be left out or given by keyword.
    pub required: usize,
    /// What it is, in one line.
    pub doc: &'static str,
    /// How it is typed and lowered.
    pub rule: Rule,
}

/// How a function is typed and lowered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// As the operator before an operand.
    Unary(UnaryOp),
    /// As the operator between two operands.
    Binary(BinaryOp),
    /// As the comparison.
    Compare(CompareOp),
    /// Each operand as a truth value first, then the operation of bools.
    Logical(Op),
    /// To the type.
    Cast(DType),
    /// A complex number of its parts.
    Complex,
    /// The real part.
    Real,
    /// The imaginary part.
    Imag,
    /// The conjugate.
    Conj,
    /// The angle of a complex number.
    Angle,
    /// A few operations.
    Composed(Composed),
    /// A choice between two values.
    Where,
    /// Magnitude.
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// The product with itself.
    Square,
    /// To an integral value: integers stay as they are, and keep their type.
    Integral(Op),
    /// `min` or `max` of two.
    Extremum(Op),
    /// Between two bounds.
    Clip,
    /// The remainder of the division that truncates.
    Fmod,
    /// An operation of floats.
    Float(Op),
    /// An elementary function of floats.
    Math(Elementary),
    /// `x != x`
    IsNan,
    /// `abs(x) == inf`
    IsInf,
    /// `abs(x) < inf`
    IsFinite,
    /// A reduction by one operation.
    Fold(Fold),
    /// The reduction to the mean.
    Mean,
    /// The reduction to the variance, or its square root.
    Var {
        /// Whether the square root is taken.
        root: bool,
    },
    /// A function of the caller's.
    Custom(&'static Helper),
}

impl Function {
    /// The function of this name or alias.
    pub fn from_name(name: &str) -> Option<&'static Function> {
        static NAMES: LazyLock<HashMap<&str, &Function>> =
            LazyLock::new(|| Function::all().iter().flat_map(|f| f.names().map(move |name| (name, f))).collect());
        NAMES.get(name).copied()
    }

    /// Every function.
    pub fn all() -> &'static [Function] {
        FUNCTIONS
    }

    /// Its name, then its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// How it is called, under the name `name`: `where(condition, x, y)`.
    pub fn signature(&self, name: &str) -> String {
        let mut params = String::new();
        for (at, param) in self.params.iter().enumerate() {
            params += if at == 0 { "" } else { ", " };
            params += param;
            if at >= self.required {
                params += match *param {
                    "keepdims" => "=False",
                    "ddof" => "=0",
                    "rtol" => "=1e-5",
                    "atol" => "=1e-8",
                    _ => "=...",
                };
            }
        }
        format!("{name}({params})")
    }
}

const X: &[&str] = &["x"];
const XY: &[&str] = &["x", "y"];
const REDUCTION: &[&str] = &["x", "axis", "keepdims"];
const VARIANCE: &[&str] = &["x", "axis", "keepdims", "ddof"];

macro_rules! functions {
    ($($name:literal $aliases:tt $params:expr, $rule:expr, $doc:literal;)*) => {
        static FUNCTIONS: &[Function] = &[$({
            const PARAMS: &[&str] = $params;
            const RULE: Rule = $rule;
            let required = match RULE {
                Rule::Fold(_) | Rule::Mean | Rule::Var { .. } => 1,
                Rule::Composed(Composed::Isclose) => 2,
                _ => PARAMS.len(),
            };
            Function { name: $name, aliases: &$aliases, params: PARAMS, required, doc: $doc, rule: RULE }
        },)*];
    };
}

functions! {
    "where" [] &["condition", "x", "y"], Rule::Where, "`x` where the condition holds, else `y`.";
    "clip" [] &["x", "lo", "hi"], Rule::Clip, "`minimum(maximum(x, lo), hi)`.";

    "sqrt" [] X, Rule::Float(Op::Sqrt), "Square root.";
    "exp" [] X, Rule::Math(Elementary::Exp), "e to the power of `x`.";
    "exp2" [] X, Rule::Math(Elementary::Exp2), "2 to the power of `x`.";
    "expm1" [] X, Rule::Math(Elementary::Expm1), "`exp(x) - 1`, exact near 0 too.";
    "log" [] X, Rule::Math(Elementary::Log), "Natural logarithm.";
    "log2" [] X, Rule::Math(Elementary::Log2), "Logarithm to base 2.";
    "log10" [] X, Rule::Math(Elementary::Log10), "Logarithm to base 10.";
    "log1p" [] X, Rule::Math(Elementary::Log1p), "`log(1 + x)`, exact near 0 too.";
    "logaddexp" [] XY, Rule::Math(Elementary::Logaddexp), "`log(exp(x) + exp(y))`, without overflow between.";
    "sin" [] X, Rule::Math(Elementary::Sin), "Sine.";
    "cos" [] X, Rule::Math(Elementary::Cos), "Cosine.";
    "tan" [] X, Rule::Math(Elementary::Tan), "Tangent.";
    "arcsin" ["asin"] X, Rule::Math(Elementary::Arcsin), "Inverse sine.";
    "arccos" ["acos"] X, Rule::Math(Elementary::Arccos), "Inverse cosine.";
    "arctan" ["atan"] X, Rule::Math(Elementary::Arctan), "Inverse tangent.";
    "arctan2" ["atan2"] &["y", "x"], Rule::Math(Elementary::Arctan2), "Angle of the point (`x`, `y`).";
    "sinh" [] X, Rule::Math(Elementary::Sinh), "Hyperbolic sine.";
    "cosh" [] X, Rule::Math(Elementary::Cosh), "Hyperbolic cosine.";
    "tanh" [] X, Rule::Math(Elementary::Tanh), "Hyperbolic tangent.";
    "arcsinh" ["asinh"] X, Rule::Math(Elementary::Arcsinh), "Inverse hyperbolic sine.";
    "arccosh" ["acosh"] X, Rule::Math(Elementary::Arccosh), "Inverse hyperbolic cosine.";
    "arctanh" ["atanh"] X, Rule::Math(Elementary::Arctanh), "Inverse hyperbolic tangent.";
    "cbrt" [] X, Rule::Math(Elementary::Cbrt), "Cube root.";
    "hypot" [] XY, Rule::Math(Elementary::Hypot), "`sqrt(x*x + y*y)`, without overflow between.";
    "erf" [] X, Rule::Math(Elementary::Erf), "Error function.";
    "erfc" [] X, Rule::Math(Elementary::Erfc), "`1 - erf(x)`, exact for large `x` too.";
    "gamma" [] X, Rule::Math(Elementary::Gamma), "Gamma function.";
    "lgamma" ["gammaln"] X, Rule::Math(Elementary::Lgamma), "Logarithm of the magnitude of the gamma function. Next to its zeros below -2 the error is absolute: at most 2^-60 in `f64`.";

    "abs" ["absolute"] X, Rule::Abs, "Magnitude. That of the least integer wraps to itself.";
    "sign" [] X, Rule::Sign, "-1, 0 or 1; NaN of NaN.";
    "square" [] X, Rule::Square, "`x*x`.";
    "floor" [] X, Rule::Integral(Op::Floor), "The greatest integral value not above `x`.";
    "ceil" [] X, Rule::Integral(Op::Ceil), "The least integral value not below `x`.";
    "trunc" [] X, Rule::Integral(Op::Trunc), "The integral part.";
    "round" ["rint"] X, Rule::Integral(Op::Round), "The nearest integral value; of two, the even one.";
    "copysign" [] XY, Rule::Float(Op::CopySign), "The magnitude of `x` with the sign of `y`.";
    "minimum" [] XY, Rule::Extremum(Op::Min), "The lesser of two; NaN if either is.";
    "maximum" [] XY, Rule::Extremum(Op::Max), "The greater of two; NaN if either is.";
    "fmod" [] XY, Rule::Fmod, "Remainder with the sign of `x` (`%` has that of `y`).";

    "signbit" [] X, Rule::Composed(Composed::Signbit), "Whether the sign bit is set, of -0.0 too; not of NaN.";
    "nextafter" [] XY, Rule::Composed(Composed::Nextafter), "The next float from `x` towards `y`.";
    "heaviside" [] &["x", "at_zero"], Rule::Composed(Composed::Heaviside), "0 below 0, 1 above, `at_zero` at 0.";
    "sinc" [] X, Rule::Composed(Composed::Sinc), "`sin(pi*x)/(pi*x)`, 1 at 0.";
    "degrees" ["rad2deg"] X, Rule::Composed(Composed::Degrees(true)), "From radians to degrees.";
    "radians" ["deg2rad"] X, Rule::Composed(Composed::Degrees(false)), "From degrees to radians.";
    "fmin" [] XY, Rule::Composed(Composed::Ignoring(Op::Min)), "The lesser of two; a NaN is ignored if the other is none.";
    "fmax" [] XY, Rule::Composed(Composed::Ignoring(Op::Max)), "The greater of two; a NaN is ignored if the other is none.";
    "popcount" ["bitwise_count"] X, Rule::Composed(Composed::Popcount), "How many bits of the magnitude are set, as `u8`.";
    "ones_like" [] X, Rule::Composed(Composed::Like(1)), "1 in the shape and type of `x`.";
    "zeros_like" [] X, Rule::Composed(Composed::Like(0)), "0 in the shape and type of `x`.";
    "copy" [] X, Rule::Composed(Composed::Copy), "`x` as it is.";

    "isclose" [] &["x", "y", "rtol", "atol"], Rule::Composed(Composed::Isclose), "`abs(x - y) <= atol + rtol*abs(y)`, or equal; 1e-5 and 1e-8 unless given.";
    "isnan" [] X, Rule::IsNan, "Whether `x` is NaN.";
    "isinf" [] X, Rule::IsInf, "Whether `x` is infinite.";
    "isfinite" [] X, Rule::IsFinite, "Whether `x` is neither infinite nor NaN.";

    "complex" [] &["real", "imag"], Rule::Complex, "The complex number of two real ones.";
    "real" [] X, Rule::Real, "The real part.";
    "imag" [] X, Rule::Imag, "The imaginary part.";
    "conj" ["conjugate"] X, Rule::Conj, "The complex conjugate.";
    "angle" [] X, Rule::Angle, "The angle of a complex number, `arctan2(imag, real)`.";

    "bool" [] X, Rule::Cast(DType::Bool), "`x != 0`.";
    "i8" [] X, Rule::Cast(DType::I8), "As `i8`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "i16" [] X, Rule::Cast(DType::I16), "As `i16`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "i32" [] X, Rule::Cast(DType::I32), "As `i32`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "i64" [] X, Rule::Cast(DType::I64), "As `i64`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "u8" [] X, Rule::Cast(DType::U8), "As `u8`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "u16" [] X, Rule::Cast(DType::U16), "As `u16`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "u32" [] X, Rule::Cast(DType::U32), "As `u32`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "u64" [] X, Rule::Cast(DType::U64), "As `u64`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "f32" [] X, Rule::Cast(DType::F32), "As `f32`, rounded to the nearest.";
    "f64" [] X, Rule::Cast(DType::F64), "As `f64`, rounded to the nearest.";
    "c64" [] X, Rule::Cast(DType::C64), "As `c64`, each part rounded to the nearest.";
    "c128" [] X, Rule::Cast(DType::C128), "As `c128`.";

    "sum" [] REDUCTION, Rule::Fold(Fold::Sum), "Sum: of bools and integers in `i64`, of unsigned ones in `u64`, of `f32` carried in `f64`.";
    "prod" [] REDUCTION, Rule::Fold(Fold::Prod), "Product: of bools and integers in `i64`, of unsigned ones in `u64`, of `f32` carried in `f64`.";
    "min" ["amin"] REDUCTION, Rule::Fold(Fold::Min), "The least element; NaN if there is one.";
    "max" ["amax"] REDUCTION, Rule::Fold(Fold::Max), "The greatest element; NaN if there is one.";
    "mean" [] REDUCTION, Rule::Mean, "Mean, as `f64`; of `f32` carried in `f64`.";
    "var" [] VARIANCE, Rule::Var { root: false }, "Variance, `mean((x - mean(x))**2)`; over `n - ddof`.";
    "std" [] VARIANCE, Rule::Var { root: true }, "Standard deviation: the square root of `var`.";
    "argmin" [] REDUCTION, Rule::Fold(Fold::ArgMin), "Where the least element is, in C order: the first one; that of the first NaN.";
    "argmax" [] REDUCTION, Rule::Fold(Fold::ArgMax), "Where the greatest element is, in C order: the first one; that of the first NaN.";
    "any" [] REDUCTION, Rule::Fold(Fold::Any), "Whether any element is not 0.";
    "all" [] REDUCTION, Rule::Fold(Fold::All), "Whether no element is 0.";

    "negative" [] X, Rule::Unary(UnaryOp::Neg), "`-x`.";
    "positive" [] X, Rule::Unary(UnaryOp::Plus), "`+x`.";
    "invert" ["bitwise_not"] X, Rule::Unary(UnaryOp::Invert), "`~x`.";
    "add" [] XY, Rule::Binary(BinaryOp::Add), "`x + y`.";
    "subtract" [] XY, Rule::Binary(BinaryOp::Sub), "`x - y`.";
    "multiply" [] XY, Rule::Binary(BinaryOp::Mul), "`x * y`.";
    "divide" ["true_divide"] XY, Rule::Binary(BinaryOp::Div), "`x / y`.";
    "floor_divide" [] XY, Rule::Binary(BinaryOp::FloorDiv), "`x // y`.";
    "remainder" ["mod"] XY, Rule::Binary(BinaryOp::Mod), "`x % y`.";
    "pow" ["power"] XY, Rule::Binary(BinaryOp::Pow), "`x ** y`.";
    "left_shift" [] XY, Rule::Binary(BinaryOp::Shl), "`x << y`.";
    "right_shift" [] XY, Rule::Binary(BinaryOp::Shr), "`x >> y`.";
    "bitwise_and" [] XY, Rule::Binary(BinaryOp::BitAnd), "`x & y`.";
    "bitwise_or" [] XY, Rule::Binary(BinaryOp::BitOr), "`x | y`.";
    "bitwise_xor" [] XY, Rule::Binary(BinaryOp::BitXor), "`x ^ y`.";
    "less" [] XY, Rule::Compare(CompareOp::Lt), "`x < y`.";
    "less_equal" [] XY, Rule::Compare(CompareOp::Le), "`x <= y`.";
    "greater" [] XY, Rule::Compare(CompareOp::Gt), "`x > y`.";
    "greater_equal" [] XY, Rule::Compare(CompareOp::Ge), "`x >= y`.";
    "equal" [] XY, Rule::Compare(CompareOp::Eq), "`x == y`.";
    "not_equal" [] XY, Rule::Compare(CompareOp::Ne), "`x != y`.";
    "logical_and" [] XY, Rule::Logical(Op::And), "Whether neither is 0.";
    "logical_or" [] XY, Rule::Logical(Op::Or), "Whether either is not 0.";
    "logical_xor" [] XY, Rule::Logical(Op::Xor), "Whether exactly one is not 0.";
    "logical_not" [] X, Rule::Logical(Op::Not), "Whether it is 0.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut seen = std::collections::HashSet::new();
        for name in Function::all().iter().flat_map(Function::names) {
            assert!(seen.insert(name), "{name} stands twice");
        }
        assert_eq!(Function::from_name("rint").map(|f| f.name), Some("round"));
        assert!(Function::from_name("foo").is_none());
    }

    #[test]
    fn every_type_is_a_cast() {
        for dtype in DType::ALL {
            assert_eq!(Function::from_name(dtype.name()).map(|f| f.rule), Some(Rule::Cast(dtype)));
        }
    }

    #[test]
    fn every_elementary_function_has_a_name_and_its_arguments() {
        for &function in Elementary::ALL {
            let found = Function::from_name(function.name()).unwrap();
            assert_eq!(found.params.len(), function.row().arity);
            assert!(
                matches!(found.rule, Rule::Fmod | Rule::Binary(BinaryOp::Pow)) || found.rule == Rule::Math(function)
            );
        }
    }

    #[test]
    fn signatures() {
        let show = |name: &str| Function::from_name(name).unwrap().signature(name);
        assert_eq!(show("where"), "where(condition, x, y)");
        assert_eq!(show("amin"), "amin(x, axis=..., keepdims=False)");
    }
}
