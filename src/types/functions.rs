//! The functions of the library: one row each.
//!
//! Comes in: a name. Goes out: the row. Always holds: no name stands twice. The errors about arguments, the suggestions for misspelt
//! names and the reference of the documentation follow from the rows.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::function::{Composed, Draw, Function, Reduction, Rule};
use super::graph::Scan;
use crate::dtype::DType;
use crate::ir::{Fold, Op};
use crate::math::Elementary;
use crate::syntax::ast::{BinaryOp, CompareOp, UnaryOp};

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
}

/// What to write for the least or greatest of two values, where a reduction of this name was called.
pub fn of_two(reduction: &str) -> Option<&'static str> {
    match reduction {
        "min" => Some("the lesser of two values is `minimum(x, y)`"),
        "max" => Some("the greater of two values is `maximum(x, y)`"),
        _ => None,
    }
}

const X: &[&str] = &["x"];
const XY: &[&str] = &["x", "y"];
const REDUCTION: &[&str] = &["x", "axis", "keepdims"];
const SUM: &[&str] = &["x", "axis", "keepdims", "dtype", "initial"];
const EXTREME: &[&str] = &["x", "axis", "keepdims", "initial"];
const MEAN: &[&str] = &["x", "axis", "keepdims", "dtype"];
const SCAN: &[&str] = &["x", "axis", "dtype"];
const EXTREME_SCAN: &[&str] = &["x", "axis"];
const RANDOM: &[&str] = &["seed", "i", "stream"];
const VARIANCE: &[&str] = &["x", "axis", "keepdims", "ddof", "dtype"];

const fn fold(fold: Fold) -> Rule {
    Rule::Reduce(Reduction::Fold(fold))
}

const fn nan_fold(fold: Fold) -> Rule {
    Rule::NanReduce(Reduction::Fold(fold))
}

macro_rules! functions {
    ($($name:literal $aliases:tt $params:expr, $rule:expr, $doc:literal;)*) => {
        static FUNCTIONS: &[Function] = &[$({
            const PARAMS: &[&str] = $params;
            const RULE: Rule = $rule;
            let required = match RULE {
                Rule::Reduce(_) | Rule::NanReduce(_) | Rule::Scan(_) | Rule::Clip | Rule::NanToNum | Rule::Complex => 1,
                Rule::Diff | Rule::Index => 1,
                Rule::Isclose | Rule::Roll | Rule::Random(Draw::Uniform | Draw::Normal) => 2,
                Rule::Random(Draw::Integer) => 4,
                Rule::Select | Rule::ScanBy => 3,
                _ => PARAMS.len(),
            };
            Function { name: $name, aliases: &$aliases, params: PARAMS, required, doc: $doc, rule: RULE }
        },)*];
    };
}

functions! {
    "where" [] &["condition", "x", "y"], Rule::Where, "`x` where the condition holds, else `y`.";
    "select" [] &["condition", "x", "...", "otherwise"], Rule::Select, "The `x` of the first condition that holds, of any number of pairs; else the last argument.";
    "clip" [] &["x", "min", "max"], Rule::Clip, "`minimum(maximum(x, min), max)`; a bound that is left out, or `None`, is none.";

    "sqrt" [] X, Rule::Float(Op::Sqrt), "Square root.";
    "exp" [] X, Rule::Math(Elementary::Exp), "e to the power of `x`.";
    "exp2" [] X, Rule::Math(Elementary::Exp2), "2 to the power of `x`.";
    "exp10" [] X, Rule::Composed(Composed::Exp10), "10 to the power of `x`.";
    "expm1" [] X, Rule::Math(Elementary::Expm1), "`exp(x) - 1`, exact near 0 too.";
    "log" ["ln"] X, Rule::Math(Elementary::Log), "Natural logarithm.";
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
    "ndtri" [] X, Rule::Math(Elementary::Ndtri), "Inverse of the normal distribution: the number below which a standard normal variable is with probability `x`.";
    "gamma" [] X, Rule::Math(Elementary::Gamma), "Gamma function.";
    "lgamma" ["gammaln"] X, Rule::Math(Elementary::Lgamma), "Logarithm of the magnitude of the gamma function. Next to its zeros below -2 the error is absolute: at most 2^-60 in `f64`.";

    "abs" ["absolute"] X, Rule::Abs, "Magnitude. That of the least integer wraps to itself.";
    "fabs" [] X, Rule::Float(Op::Abs), "Magnitude as a float.";
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
    "nan_to_num" [] &["x", "nan", "posinf", "neginf"], Rule::NanToNum, "A number in the place of NaN and of each infinity: 0, the greatest and the least finite one unless given. Complex numbers part by part.";
    "copy" [] X, Rule::Composed(Composed::Copy), "`x` as it is.";

    "between" [] &["x", "lo", "hi"], Rule::Between, "`(lo <= x) & (x <= hi)`.";
    "isin" [] &["x", "values"], Rule::Isin, "Whether `x` is equal to one of a tuple: `isin(x, (2, 3))` is `x in (2, 3)`.";
    "contains" [] &["x", "y"], Rule::Contains, "Whether the string `y` is part of the string `x`, each of them up to its first NUL.";
    "isclose" [] &["x", "y", "rtol", "atol", "equal_nan"], Rule::Isclose, "`abs(x - y) <= atol + rtol*abs(y)`, or equal; with `equal_nan=True` also where both are NaN.";
    "isnan" [] X, Rule::IsNan, "Whether `x` is NaN.";
    "isinf" [] X, Rule::IsInf, "Whether `x` is infinite.";
    "isfinite" [] X, Rule::IsFinite, "Whether `x` is neither infinite nor NaN.";

    "complex" [] &["real", "imag"], Rule::Complex, "The complex number of two real ones; a complex one alone as it is.";
    "real" [] X, Rule::Real, "The real part.";
    "imag" [] X, Rule::Imag, "The imaginary part.";
    "conj" ["conjugate"] X, Rule::Conj, "The complex conjugate.";
    "angle" [] X, Rule::Angle, "The angle of a complex number, `arctan2(imag, real)`.";

    "bool" ["bool_"] X, Rule::Cast(DType::Bool), "`x != 0`.";
    "i8" ["int8"] X, Rule::Cast(DType::I8), "As `i8`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "i16" ["int16"] X, Rule::Cast(DType::I16), "As `i16`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "i32" ["int32"] X, Rule::Cast(DType::I32), "As `i32`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "i64" ["int64", "int"] X, Rule::Cast(DType::I64), "As `i64`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "u8" ["uint8"] X, Rule::Cast(DType::U8), "As `u8`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "u16" ["uint16"] X, Rule::Cast(DType::U16), "As `u16`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "u32" ["uint32"] X, Rule::Cast(DType::U32), "As `u32`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "u64" ["uint64"] X, Rule::Cast(DType::U64), "As `u64`: integers wrap; floats truncate and saturate, NaN gives 0.";
    "f32" ["float32"] X, Rule::Cast(DType::F32), "As `f32`, rounded to the nearest.";
    "f64" ["float64", "float"] X, Rule::Cast(DType::F64), "As `f64`, rounded to the nearest.";
    "c64" ["complex64"] X, Rule::Cast(DType::C64), "As `c64`, each part rounded to the nearest.";
    "c128" ["complex128"] X, Rule::Cast(DType::C128), "As `c128`.";

    "sum" [] SUM, fold(Fold::Sum), "Sum: of bools and integers in `i64`, of unsigned ones in `u64`, of `f32` carried in `f64`.";
    "prod" [] SUM, fold(Fold::Prod), "Product: of bools and integers in `i64`, of unsigned ones in `u64`, of `f32` carried in `f64`.";
    "min" ["amin"] EXTREME, fold(Fold::Min), "The least element, of zeros -0.0; NaN if there is one.";
    "max" ["amax"] EXTREME, fold(Fold::Max), "The greatest element, of zeros 0.0; NaN if there is one.";
    "mean" [] MEAN, Rule::Reduce(Reduction::Mean), "Mean, as `f64`; of `f32` carried in `f64`.";
    "var" [] VARIANCE, Rule::Reduce(Reduction::Var { root: false }), "Variance, `mean((x - mean(x))**2)`; over `n - ddof`.";
    "std" [] VARIANCE, Rule::Reduce(Reduction::Var { root: true }), "Standard deviation: the square root of `var`.";
    "argmin" [] REDUCTION, fold(Fold::ArgMin), "Where the least element is, in C order: the first one; that of the first NaN.";
    "argmax" [] REDUCTION, fold(Fold::ArgMax), "Where the greatest element is, in C order: the first one; that of the first NaN.";
    "any" [] REDUCTION, fold(Fold::Any), "Whether any element is not 0.";
    "all" [] REDUCTION, fold(Fold::All), "Whether no element is 0.";
    "nansum" [] SUM, nan_fold(Fold::Sum), "`sum` with 0 in the place of NaN.";
    "nanprod" [] SUM, nan_fold(Fold::Prod), "`prod` with 1 in the place of NaN.";
    "nanmin" [] EXTREME, nan_fold(Fold::Min), "The least element that is no NaN, of zeros -0.0; NaN if there is none.";
    "nanmax" [] EXTREME, nan_fold(Fold::Max), "The greatest element that is no NaN, of zeros 0.0; NaN if there is none.";
    "nanmean" [] MEAN, Rule::NanReduce(Reduction::Mean), "The mean of what is no NaN; NaN if there is nothing.";
    "nanvar" [] VARIANCE, Rule::NanReduce(Reduction::Var { root: false }), "The variance of what is no NaN, over its count less `ddof`; NaN if that is not above 0.";
    "nanstd" [] VARIANCE, Rule::NanReduce(Reduction::Var { root: true }), "The square root of `nanvar`.";

    "cumsum" [] SCAN, Rule::Scan(Scan::Sum), "The sum of each element and all before it, along `axis` or over all in C order: of bools and integers in `i64`, of unsigned ones in `u64`, of floats in their own type.";
    "cumprod" [] SCAN, Rule::Scan(Scan::Prod), "The product of each element and all before it, along `axis` or over all in C order, in the types of `cumsum`.";
    "cummin" [] EXTREME_SCAN, Rule::Scan(Scan::Min), "The least of each element and all before it, along `axis` or over all in C order, of zeros -0.0; NaN from the first NaN on.";
    "cummax" [] EXTREME_SCAN, Rule::Scan(Scan::Max), "The greatest of each element and all before it, along `axis` or over all in C order, of zeros 0.0; NaN from the first NaN on.";

    "roll" [] &["x", "shift", "axis"], Rule::Roll, "The elements `shift` further along `axis`, or as one line in C order; what leaves at one end comes in at the other.";
    "diff" [] &["x", "axis"], Rule::Diff, "Each element along `axis`, or the last axis, less the one before it.";

    "histogram" [] &["x", "bins", "lo", "hi"], Rule::Histogram, "How many elements are in each of `bins` ranges that divide what lies from `lo` to `hi`: NumPy's, of which the last one holds `hi`. What lies outside, and NaN, is not counted.";
    "bincount" [] &["x", "n"], Rule::Bincount, "How many elements are 0, 1 and so on to `n - 1`; others are not counted.";

    "index" [] &["x", "axis"], Rule::Index, "Where each element of `x` stands along `axis`, or among all in C order: 0, 1, 2 and so on, as `i64`. Nothing of `x` is read but its shape.";
    "iterate" [] &["body", "start", "cond", "max"], Rule::Loop { cond: true }, "What `body` makes of `start` again and again, at each point while `cond` holds, at most `max` times.";
    "repeat" [] &["body", "start", "n"], Rule::Loop { cond: false }, "What `body` makes of `start`, `n` times over.";
    "scan" [] &["f", "start", "a", "axis", "reverse"], Rule::ScanBy, "The states that `f(state, x)` goes through along `axis`, from `start` on, one after each element of `a`; with `reverse=True` from the last element on.";

    "random" [] RANDOM, Rule::Random(Draw::Uniform), "The random number in [0, 1) with index `i` of this seed (and stream), as `f64`: whole numbers give the same one always and everywhere.";
    "normal" [] RANDOM, Rule::Random(Draw::Normal), "The random number of the standard normal distribution with index `i` of this seed (and stream), as `f64`: `ndtri` of the middle of 2^53 equal parts of [0, 1).";
    "randint" [] &["seed", "i", "lo", "hi", "stream"], Rule::Random(Draw::Integer), "The random integer from `lo` on and below `hi` with index `i` of this seed (and stream), as `i64`; `u64` if a bound is.";

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
        assert_eq!(show("select"), "select(condition, x, ..., otherwise)");
        assert_eq!(show("amin"), "amin(x, axis=..., keepdims=False, initial=None)");
    }
}
