//! Quotients rounded down and remainders of floats, as NumPy has them.
//!
//! Comes in: two floats of one type. Goes out: `//`, `%` in primitive operations and `fmod`. Always holds: the bits are
//! those of the C library's `fmod` (which is exact) and of NumPy's `npy_divmod` upon it.

use super::emit::Emit;
use super::graph::NodeId;
use crate::ir::Op;
use crate::math::Elementary;

/// `x // y` and `x % y`. What is not used falls away with the graph's dead nodes.
pub(crate) struct DivMod {
    pub quotient: NodeId,
    pub remainder: NodeId,
}

/// NumPy's `npy_divmod`, line by line.
pub(crate) fn divmod(e: &mut Emit, x: NodeId, y: NodeId) -> DivMod {
    let dtype = e.dtype(x);
    let zero = e.number(0.0, dtype);
    let half = e.number(0.5, dtype);
    let one = e.number(1.0, dtype);

    let r = e.math(Elementary::Fmod, &[x, y]);
    let inexact = e.op(Op::Ne, &[r, zero]);
    let adjust = {
        let (y_below, r_below) = (e.op(Op::Lt, &[y, zero]), e.op(Op::Lt, &[r, zero]));
        let opposite = e.op(Op::Xor, &[y_below, r_below]);
        e.op(Op::And, &[inexact, opposite])
    };

    let remainder = {
        let moved = e.op(Op::Add, &[r, y]);
        let moved = e.select(adjust, moved, r);
        let nothing = e.op(Op::CopySign, &[zero, y]);
        e.select(inexact, moved, nothing)
    };

    let whole = e.op(Op::Sub, &[x, r]);
    let q = e.op(Op::Div, &[whole, y]);
    let less = e.op(Op::Sub, &[q, one]);
    let q = e.select(adjust, less, q);
    // The division was of a multiple, up to rounding: snap to the nearest integer.
    let below = e.op(Op::Floor, &[q]);
    let over = e.op(Op::Sub, &[q, below]);
    let far = e.op(Op::Gt, &[over, half]);
    let above = e.op(Op::Add, &[below, one]);
    let snapped = e.select(far, above, below);
    let ratio = e.op(Op::Div, &[x, y]);
    let nothing = e.op(Op::CopySign, &[zero, ratio]);
    let some = e.op(Op::Ne, &[q, zero]);
    let quotient = e.select(some, snapped, nothing);
    let by_zero = e.op(Op::Eq, &[y, zero]);
    let quotient = e.select(by_zero, ratio, quotient);
    DivMod { quotient, remainder }
}

/// The remainder of integers with the sign of `x`; 0 by 0.
pub(crate) fn fmod_int(e: &mut Emit, x: NodeId, y: NodeId) -> NodeId {
    let dtype = e.dtype(x);
    let zero = e.number(0.0, dtype);
    let r = e.op(Op::FloorMod, &[x, y]);
    let (x_below, y_below) = (e.op(Op::Lt, &[x, zero]), e.op(Op::Lt, &[y, zero]));
    let opposite = e.op(Op::Xor, &[x_below, y_below]);
    let inexact = e.op(Op::Ne, &[r, zero]);
    let adjust = e.op(Op::And, &[opposite, inexact]);
    let moved = e.op(Op::Sub, &[r, y]);
    e.select(adjust, moved, r)
}
