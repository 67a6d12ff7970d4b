//! Results that go into arrays of another type, or of a larger shape.
//!
//! Comes in: the arrays of a caller and what a program gives. Goes out: the part of each array that the program is to write, a
//! refusal, or the types that results are to be converted to. A result of a smaller shape is computed once, into the
//! first place along each axis that it lacks, and copied along these axes afterwards.

use smallvec::SmallVec;

use super::error::{Detail, EvalError, EvalErrorKind};
use super::options::Options;
use super::view::Strided;
use crate::diagnostic::several;
use crate::dtype::{DType, Kind};
use crate::plan::program::Program;
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
    /// Of byte order alone. Arrays here have the machine's, so it is the same as `No`.
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

/// The types that results are to be converted to; `None` if they are those of the arrays.
///
/// # Errors
/// Where the options do not allow a conversion, and where the number of arrays is not that of the results.
pub(super) fn casts(
    program: &Program,
    options: &Options,
    outputs: &[Strided],
) -> Result<Option<SmallVec<[DType; 2]>>, EvalError> {
    let results = program.graph.results.len();
    if results != outputs.len() {
        let (count, given) = (results, outputs.len());
        let (results, outputs) =
            (several(results, "result", "results"), several(outputs.len(), "output is", "outputs are"));
        return Err(wrong(format!("the expression has {results}, but {outputs} given"))
            .with_found(Detail::Count(given), Detail::Count(count)));
    }
    let mut same = true;
    for (at, (&dtype, out)) in program.graph.results.iter().zip(outputs).enumerate() {
        same &= dtype == out.dtype;
        if !options.casting.allows(dtype, out.dtype) {
            let which = which(at, results);
            return Err(wrong(format!("{which} is an array of {}, but the result is of {dtype}", out.dtype))
                .with_found(Detail::DType(out.dtype), Detail::DType(dtype))
                .with_help(format!("pass an array of {dtype}, or write `{}(...)` in the expression", out.dtype)));
        }
    }
    Ok((!same).then(|| outputs.iter().map(|out| out.dtype).collect()))
}

fn wrong(message: String) -> EvalError {
    EvalError::new(EvalErrorKind::Output, message)
}

fn which(at: usize, results: usize) -> String {
    if results == 1 { "the output".to_string() } else { format!("output {at}") }
}

/// An array of a caller, and the shape of the result that goes there.
pub(super) struct Target<'a> {
    out: Strided<'a>,
    /// The lengths of the part that is computed: along the axes that the result lacks, 1.
    part: SmallVec<[usize; 6]>,
    /// How many of the array's first axes the result has not at all.
    missing: usize,
}

impl<'a> Target<'a> {
    /// The array with a result of this shape.
    ///
    /// # Errors
    /// Where the result does not broadcast to the array's shape.
    pub fn new(out: Strided<'a>, shape: &[usize], at: usize, results: usize) -> Result<Target<'a>, EvalError> {
        let missing = out.shape.len().checked_sub(shape.len());
        let lengths = || std::iter::repeat_n(&1, missing.unwrap_or(0)).chain(shape);
        match missing {
            // (The one element of an axis of length 1 has no place along one of length 0.)
            Some(missing) if lengths().zip(out.shape).all(|(&n, &m)| n == m || n == 1 && m > 0) => {
                Ok(Target { out, part: lengths().copied().collect(), missing })
            }
            _ => {
                let which = which(at, results);
                Err(wrong(format!("{which} has the shape {:?}, but the result has the shape {shape:?}", out.shape))
                    .with_found(Detail::Shape(out.shape.to_vec()), Detail::Shape(shape.to_vec())))
            }
        }
    }

    /// The part that the program writes.
    pub fn view(&self) -> Strided<'_> {
        self.out.within(&self.part, self.missing)
    }

    /// Copies the part that has been written along the axes that the result lacks. `copy` gets two arrays of one shape, apart from each
    /// other: the one to be read lies in what has been written, the other in the rest of the array.
    pub fn spread(&mut self, copy: impl Fn(Strided, Strided) -> Result<(), EvalError>) -> Result<(), EvalError> {
        let Strided { pointer, dtype, shape, .. } = self.out;
        let strides: SmallVec<[isize; 6]> = self.out.strides().collect();
        for axis in 0..shape.len() {
            if self.part[axis] == shape[axis] {
                continue;
            }
            let mut rest = self.part.clone();
            rest[axis] = shape[axis] - 1;
            let mut still = strides.clone();
            still[axis] = 0;
            let next = pointer.wrapping_offset(strides[axis]);
            let (first, others) =
                (Strided::new(pointer, dtype, &rest, &still), Strided::new(next, dtype, &rest, &strides));
            copy(first, others)?;
            self.part[axis] = shape[axis];
        }
        Ok(())
    }
}
