//! What each operation means, at one point: the specification in code.

use super::op::Op;
use crate::dtype::{DType, Scalar};

/// The value of an operation on constants, of the type `ty`; `None` where it is not to be folded.
pub fn eval(_op: Op, _ty: DType, _args: &[Scalar]) -> Option<Scalar> {
    None
}
