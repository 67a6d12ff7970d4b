//! Products that are not rounded before they are added, where the caller asks for it.
//!
//! Comes in: an addition or subtraction of floats, or a sum along axes, as the user wrote it. Goes out: the same with `fma` in the place of
//! a product and the addition. Always holds: nothing but additions and sums of the text itself is changed. What the library's own
//! functions are made of stays as it is, for it relies on each rounding; and complex products, for the product of a number and its
//! conjugate is to be real.

use super::graph::{NodeId, NodeKind};
use super::value::Typer;
use crate::dtype::DType;
use crate::ir::{Fold, Monoid, Op};

/// What a text may be computed with beside IEEE 754's operations in the order in which they are written. Default: nothing.
///
/// ```
/// use tilexpr::{Expr, Relaxed, args};
/// let (x, y) = (1.0 + f64::EPSILON, 1.0 - f64::EPSILON);
/// let strict = Expr::compile("x*y - 1")?;
/// let relaxed = Expr::builder().relaxed(Relaxed::Contract).compile("x*y - 1")?;
/// assert_eq!(strict.eval::<f64>(args![x, y])?, 0.0);
/// assert_eq!(relaxed.eval::<f64>(args![x, y])?, -f64::EPSILON * f64::EPSILON);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Relaxed {
    /// `a*b + c`, `a*b - c` and `c - a*b` of real floats round once, and so does each step of a sum of products in `f64`, as
    /// `sum(a*b)`. Of `a*b + c*d` the first product is the exact one. The results are closer to the true ones, as a rule, and the same
    /// with any CPU, executor, threads and tiles. But a difference of equal products may be other than 0 (`x*x - y*y`).
    Contract,
    /// As `Contract`. And a statement in index notation that is a product of two operands summed over one index (`C[i, j] =
    /// sum[k](A[i, k]*B[k, j])`), of `f32` or `f64`, is done by the crate `matrixmultiply` where it is large. **Its bits depend on the
    /// CPU, on that crate's version, and on how many threads there are**; sums of `f32` are in `f32` then.
    Library,
}

impl Typer<'_> {
    /// `x + y` or `x - y`, if one of the two is a product that need not be rounded.
    pub fn contracted(&mut self, op: Op, [x, y]: [NodeId; 2]) -> Option<NodeId> {
        if !self.typing.contract || !self.emit.dtype(x).is_float() {
            return None;
        }
        let e = &mut self.emit;
        match (op, factors(e, x), factors(e, y)) {
            (Op::Add, Some([a, b]), _) => Some(e.op(Op::Fma, &[a, b, y])),
            (Op::Add, None, Some([a, b])) => Some(e.op(Op::Fma, &[a, b, x])),
            (Op::Sub, Some([a, b]), _) => {
                let minus = e.op(Op::Neg, &[y]);
                Some(e.op(Op::Fma, &[a, b, minus]))
            }
            (Op::Sub, None, Some([a, b])) => {
                let minus = e.op(Op::Neg, &[a]);
                Some(e.op(Op::Fma, &[minus, b, x]))
            }
            _ => None,
        }
    }

    /// How `x` is summed, if it is a product that need not be rounded: the monoid and its arguments.
    pub fn contracted_sum(&self, fold: Fold, x: NodeId) -> Option<(&'static Monoid, [NodeId; 2])> {
        let summed = self.typing.contract && fold == Fold::Sum && self.emit.dtype(x) == DType::F64;
        factors(&self.emit, x).filter(|_| summed).map(|factors| (Monoid::sum_of_products(), factors))
    }
}

/// The factors of a product.
fn factors(e: &super::emit::Emit, x: NodeId) -> Option<[NodeId; 2]> {
    let node = e.graph.node(x);
    match (&node.kind, node.args.as_slice()) {
        (NodeKind::Op(Op::Mul), &[a, b]) => Some([a, b]),
        _ => None,
    }
}
