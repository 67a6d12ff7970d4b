//! Which conversions results may take.

use crate::dtype::{DType, Kind};
use crate::types::promote::promote;

/// Which conversions a result may take on its way into an array of another type: NumPy's `casting`.
///
/// ```
/// use tilexpr::{Casting, Expr, args};
/// let (a, mut y) = ([0.1, 0.2], [0.0_f32; 2]);
/// assert!(Expr::compile("a*2")?.eval_into(args![a], &mut y).is_err()); // nothing is narrowed unasked
/// Expr::builder().casting(Casting::SameKind).compile("a*2")?.eval_into(args![a], &mut y)?;
/// assert_eq!(y, [0.2_f32, 0.4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Casting {
    /// None: the types must be the same.
    #[default]
    No,
    /// Of byte order alone, which is no conversion here: the same as `No`.
    Equiv,
    /// Those that lose nothing (NumPy's list: a 64-bit integer to `f64` is on it).
    Safe,
    /// Those within a kind too (`f64` to `f32`, `i64` to `i8`), and to a kind that comes later of bool, unsigned, signed, float,
    /// complex.
    SameKind,
    /// Any. What cannot be held saturates (float to integer), wraps (integer to integer), or is dropped (an imaginary part).
    Unsafe,
}

impl Casting {
    /// Whether a value of the one type may become one of the other.
    ///
    /// ```
    /// use tilexpr::{Casting, DType};
    /// assert!(Casting::Safe.allows(DType::I32, DType::F64) && !Casting::Safe.allows(DType::F64, DType::I32));
    /// ```
    pub fn allows(self, from: DType, to: DType) -> bool {
        let safe = || promote(from, to) == to;
        match self {
            Casting::No | Casting::Equiv => from == to,
            Casting::Safe => safe(),
            Casting::SameKind => safe() || rank(from) <= rank(to),
            Casting::Unsafe => true,
        }
    }
}

/// The order of kinds.
fn rank(dtype: DType) -> usize {
    match dtype.kind() {
        Kind::Bool => 0,
        Kind::Int if !dtype.is_signed() => 1,
        Kind::Int => 2,
        Kind::Float => 3,
        Kind::Complex => 4,
    }
}
