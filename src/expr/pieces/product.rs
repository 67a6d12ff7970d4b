//! Pieces that are products of matrices, for `Relaxed::Library`.
//!
//! Comes in: a piece, and its operands at a call. Goes out: a product that is handed to a library, or none. Always holds: the piece is exactly
//! a product of two operands summed over one index, of floats of one type, and large.

use smallvec::SmallVec;

use crate::array::view::Strided;
use crate::dtype::DType;
use crate::expr::core::Arguments;
use crate::ir::Fold;
use crate::plan::shape::c_strides;
use crate::run::gemm::{Gemm, Matrix};
use crate::syntax::ast::{BinaryOp, Node, NodeId};
use crate::types::function::{Reduction, Rule};
use crate::types::meaning::{Meaning, Resolved};
use crate::types::notation::Piece;

/// The least length of each axis, and the least of their product, from which on the library is the faster: its packing is paid.
const SHORT: usize = 16;
const SMALL: usize = 64 * 64 * 64;

/// The operands of a piece that is a product of two summed over its one reduced index.
pub fn product(piece: &Piece) -> Option<[usize; 2]> {
    let Piece { resolved, axes, free, .. } = piece;
    let &[root] = resolved.ast.results.as_slice() else { return None };
    let Meaning::Call(at) = resolved.meanings[root.0 as usize] else { return None };
    let call = &resolved.calls[at as usize];
    let is_sum = matches!(call.function.rule, Rule::Reduce(Reduction::Fold(Fold::Sum)));
    let plain = call.options.is_empty() && call.dtype.is_none() && axes.len() == free + 1 && *free >= 2;
    let (&[of], true) = (call.args.as_slice(), is_sum && plain) else { return None };
    let Node::Binary(BinaryOp::Mul, x, y) = resolved.ast.node(of) else { return None };
    Some([operand(resolved, *x)?, operand(resolved, *y)?])
}

fn operand(resolved: &Resolved, node: NodeId) -> Option<usize> {
    match resolved.meanings[node.0 as usize] {
        Meaning::Free(operand) => Some(operand as usize),
        _ => None,
    }
}

/// The product of these operands into an array, if it is one for the library.
pub fn gemm(of: [usize; 2], bound: &Arguments, output: &Strided) -> Option<Gemm> {
    let [(x_type, x), (y_type, y)] = of.map(|at| &bound[at]);
    let dtype = x.dtype;
    let float = matches!(dtype, DType::F32 | DType::F64) && !x_type.weak && !y_type.weak;
    if !float || [x, y, output].iter().any(|array| array.dtype != dtype || array.swapped || !is_aligned(array)) {
        return None;
    }
    let size = dtype.size() as isize;
    let strides = |array: &Strided| -> SmallVec<[isize; 6]> {
        // (An axis of one element has no step.)
        array.axes().map(|(length, stride)| if length > 1 { stride / size } else { 0 }).collect()
    };
    let (left, right, to) = (strides(x), strides(y), strides(output));
    let free = output.shape.len();
    if left.len() != free + 1 || right.len() != free + 1 || x.shape[free] != y.shape[free] {
        return None;
    }
    // (What a view says of itself is what is read: it is as long as the result, or is repeated.)
    let fits = |array: &Strided| (0..free).all(|axis| [1, output.shape[axis]].contains(&array.shape[axis]));
    if !fits(x) || !fits(y) {
        return None;
    }
    let longest = |own: &[isize], other: &[isize]| {
        (0..free).filter(|&axis| own[axis] != 0 && other[axis] == 0).max_by_key(|&axis| output.shape[axis])
    };
    let (row, column) = (longest(&left, &right)?, longest(&right, &left)?);
    let sizes = [output.shape[row], x.shape[free], output.shape[column]];
    let work = sizes.iter().fold(1usize, |n, &length| n.saturating_mul(length));
    if work < SMALL || sizes.iter().any(|&length| length < SHORT) {
        return None;
    }
    let matrix = |array: &Strided, rows, columns| Matrix { pointer: array.pointer, rows, columns };
    let arrays =
        [matrix(x, left[row], left[free]), matrix(y, right[free], right[column]), matrix(output, to[row], to[column])];
    let outer = (0..free).filter(|&axis| axis != row && axis != column);
    let outer = outer.map(|axis| (output.shape[axis], [left[axis], right[axis], to[axis]])).collect();
    Some(Gemm { dtype, sizes, arrays, outer })
}

fn is_aligned(array: &Strided) -> bool {
    let size = array.dtype.size();
    array.pointer.addr().is_multiple_of(size) && array.strides().all(|stride| stride % size as isize == 0)
}

/// Whether these operands would be handed over with a new result of this type and shape.
pub fn is_handed_over(of: [usize; 2], bound: &Arguments, (dtype, shape): (DType, &[usize])) -> bool {
    let strides = c_strides(shape);
    let nowhere = std::ptr::without_provenance_mut(dtype.size());
    gemm(of, bound, &Strided::of_elements(nowhere, dtype, shape, &strides)).is_some()
}
