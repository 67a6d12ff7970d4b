//! What a function is: its names, what it takes, and the rule by which it is typed and lowered.
//!
//! Rows of the library stand in the table of `functions`, those of the caller's functions are made in `registered`. Always holds: the
//! first `required` parameters must be given, those behind them may be left out.

use super::graph::Scan;
use crate::dtype::DType;
use crate::ir::{Fold, Helper, Op};
use crate::math::Elementary;
use crate::syntax::ast::{BinaryOp, CompareOp, UnaryOp};

/// A function: one row of the table.
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
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
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
    /// A choice among any number of values.
    Select,
    /// Whether it lies between two bounds.
    Between,
    /// Whether it is one of several.
    Isin,
    /// Whether two are nearly equal.
    Isclose,
    /// Whether a string is part of another.
    Contains,
    /// A number in the place of what is not finite.
    NanToNum,
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
    /// A reduction.
    Reduce(Reduction),
    /// A reduction of what is no NaN.
    NanReduce(Reduction),
    /// A scan.
    Scan(Scan),
    /// Counts by ranges.
    Histogram,
    /// Counts of integers.
    Bincount,
    /// Elements along an axis, this far on.
    Roll,
    /// Elements less those before them.
    Diff,
    /// Where points stand along an axis.
    Index,
    /// A loop at each point: with a condition, or without.
    Loop {
        /// Whether there is one.
        cond: bool,
    },
    /// A scan by a function of the text.
    ScanBy,
    /// Random numbers of a seed and an index.
    Random(Draw),
    /// A function of the caller's.
    Custom(&'static Helper),
}

/// What a reduction gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reduction {
    /// What one operation makes of all elements.
    Fold(Fold),
    /// The mean.
    Mean,
    /// The variance, or its square root.
    Var {
        /// Whether the square root is taken.
        root: bool,
    },
}

/// What is drawn at random.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Draw {
    /// A number in [0, 1).
    Uniform,
    /// A number of the standard normal distribution.
    Normal,
    /// An integer between two bounds.
    Integer,
}

/// A function that a few operations make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Composed {
    /// The sign bit; that of a NaN is read as positive.
    Signbit,
    /// The next float from the one towards the other.
    Nextafter,
    /// The operand as it is.
    Copy,
    /// A number in the shape and type of the operand.
    Like(i8),
    /// 0 below 0, 1 above, the second operand at 0.
    Heaviside,
    /// `sin(pi*x)/(pi*x)`
    Sinc,
    /// From radians to degrees, or back.
    Degrees(bool),
    /// The lesser, or the greater of two, ignoring a NaN.
    Ignoring(Op),
    /// Bits that are set in the magnitude.
    Popcount,
    /// 10 to the power of the operand.
    Exp10,
}

impl Rule {
    /// Whether complex operands are typed and lowered by the same method as real ones.
    pub(super) fn takes_complex(self) -> bool {
        use Rule::*;
        matches!(
            self,
            Unary(_)
                | Binary(_)
                | Compare(_)
                | Logical(_)
                | Cast(_)
                | Complex
                | Where
                | Select
                | Isin
                | Isclose
                | NanToNum
                | Reduce(_)
                | Scan(_)
                | Histogram
                | Bincount
                | Index
                | Random(_)
                | NanReduce(_)
        )
    }
}

impl Rule {
    /// Whether operands may be strings.
    pub(super) fn takes_text(self) -> bool {
        matches!(self, Rule::Compare(_) | Rule::Between | Rule::Isin | Rule::Contains)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Function) -> bool {
        self.name == other.name
    }
}

impl Function {
    /// Its name, then its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Whether a parameter of this name takes a function of the text.
    pub(super) fn takes_function(param: &str) -> bool {
        matches!(param, "body" | "cond" | "f")
    }

    /// A call under the name `name` with what must be given: `max(x)`.
    pub fn call(&self, name: &str) -> String {
        format!("{name}({})", self.params.get(..self.required).unwrap_or_default().join(", "))
    }

    /// How it is called, under the name `name`: `where(condition, x, y)`.
    pub fn signature(&self, name: &str) -> String {
        let mut params = String::new();
        for (at, param) in self.params.iter().enumerate() {
            params += if at == 0 { "" } else { ", " };
            params += param;
            if at >= self.required && self.rule != Rule::Select {
                params += match *param {
                    "keepdims" | "equal_nan" | "reverse" => "=False",
                    "ddof" | "imag" => "=0",
                    "axis" if self.rule == Rule::ScanBy => "=0",
                    "nan" => "=0.0",
                    "rtol" => "=1e-5",
                    "atol" => "=1e-8",
                    "dtype" | "stream" | "initial" | "min" | "max" | "posinf" | "neginf" => "=None",
                    _ => "=...",
                };
            }
        }
        format!("{name}({params})")
    }
}
