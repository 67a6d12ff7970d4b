//! Quotients rounded down and remainders of floats, as NumPy has them.
//!
//! Comes in: two floats of one type. Goes out: `fmod`, `//`, `%` in primitive operations. Always holds: the bits are
//! those of the C library's `fmod` (which is exact) and of NumPy's `npy_divmod` upon it.

use super::emit::{Emit, helper};
use super::graph::NodeId;
use crate::dtype::DType;
use crate::ir::Op;

/// `x // y` and `x % y`. What is not used falls away with the graph's dead nodes.
pub(crate) struct DivMod {
    pub quotient: NodeId,
    pub remainder: NodeId,
}

/// The remainder with the sign of `x`, exactly.
///
/// Where `|x/y|` is below 2^52 (2^22 for `f32`), the rounded quotient truncated is the true one, or one more in
/// magnitude where rounding carried it up to an integer; so `x - q*y`, rounded once, is exact: a multiple of the
/// last place of `y` or `x` that is smaller than `y`. In the second case it has the wrong sign, and is one `y` short.
/// Elsewhere (and for an infinite divisor, where `q*y` is no number) the helper is asked.
pub(crate) fn fmod(e: &mut Emit, x: NodeId, y: NodeId) -> NodeId {
    let dtype = e.dtype(x);
    let Some(helper) = helper("fmod", dtype) else { return x };
    let zero = e.number(0.0, dtype);
    let infinity = e.number(f64::INFINITY, dtype);
    let limit = e.number(if dtype == DType::F32 { 4_194_304.0 } else { 4_503_599_627_370_496.0 }, dtype);

    let ratio = e.op(Op::Div, &[x, y]);
    let q = e.op(Op::Trunc, &[ratio]);
    let minus_q = e.op(Op::Neg, &[q]);
    let r = e.op(Op::Fma, &[minus_q, y, x]);
    let short = {
        let (r_below, x_below) = (e.op(Op::Lt, &[r, zero]), e.op(Op::Lt, &[x, zero]));
        let opposite = e.op(Op::Xor, &[r_below, x_below]);
        let inexact = e.op(Op::Ne, &[r, zero]);
        e.op(Op::And, &[opposite, inexact])
    };
    let step = e.op(Op::CopySign, &[y, x]);
    let mended = e.op(Op::Add, &[r, step]);
    let r = e.select(short, mended, r);
    let fast = e.op(Op::CopySign, &[r, x]);

    let (size, divisor) = (e.op(Op::Abs, &[ratio]), e.op(Op::Abs, &[y]));
    let (small, finite) = (e.op(Op::Lt, &[size, limit]), e.op(Op::Lt, &[divisor, infinity]));
    let good = e.op(Op::And, &[small, finite]);
    let mask = e.op(Op::Not, &[good]);
    e.patch(mask, fast, helper, &[x, y])
}

/// NumPy's `npy_divmod`, line by line.
pub(crate) fn divmod(e: &mut Emit, x: NodeId, y: NodeId) -> DivMod {
    let dtype = e.dtype(x);
    let zero = e.number(0.0, dtype);
    let half = e.number(0.5, dtype);
    let one = e.number(1.0, dtype);

    let r = fmod(e, x, y);
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
