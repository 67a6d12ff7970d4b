//! Typing and lowering of histograms.
//!
//! Comes in: a call of a function that counts, and its operands. Goes out: a value of one axis, `i64`. Always holds: what is counted is the
//! number of a bin as `u32`; one that is too large stands for what is in no bin.
//!
//! The bins of `histogram` are NumPy's, which are those of its edges: `np.linspace(lo, hi, bins + 1)` in the type that operand and bounds
//! have in common (floats of their own type, else `f64`). A bin holds its lower edge, and the last one its upper edge, too.
//! 1. The bin is estimated: `(x - lo)*(bins/(hi - lo))`. That is off by one at most.
//! 2. The edge below it is `i*step + lo`, that above it `(i + 1)*step + lo` or, of the last one, `hi`: rounded as NumPy rounds them.
//! 3. Below the one, the bin before is taken; not below the other, the bin after.

use super::graph::{Fault, FaultKind, NodeId, NodeKind};
use super::meaning::Call;
use super::value::{Operand, Typed, Typer, Value, error_with_help};
use crate::dtype::{DType, Kind};
use crate::ir::Op;

/// Bins at most: their numbers are exact in all types that they are computed in.
const MOST: i128 = 1 << 30;

/// The bounds of a histogram, in the type of its edges and as that is computed with.
struct Bounds {
    lo: NodeId,
    hi: NodeId,
    /// From an edge to the next.
    step: NodeId,
}

impl Typer<'_> {
    /// `histogram(x, bins, lo, hi)`
    pub fn histogram(&mut self, call: &Call, x: Operand, bins: Operand, [lo, hi]: [Operand; 2]) -> Typed<Value> {
        let of = [x, lo, hi];
        if self.any_complex(&of) {
            return self.no_complex(call.function.name, x);
        }
        let bins = self.bins(bins, "bins")?;
        let common = self.common(&of).dtype();
        let to = if common.is_float() { common } else { DType::F64 };
        if let (Some(a), Some(b)) = (self.literal(lo.value), self.literal(hi.value))
            && !(a < b && a.is_finite() && b.is_finite())
        {
            return error_with_help(BOUNDS, lo.span.to(hi.span), BOUNDS_HELP);
        }
        // In the range as the operand itself is compared: integers exactly.
        let within = self.between(x, lo, hi)?;
        let Value::Node { id: within, .. } = within else { return self.wrong_count(call.function) };
        // Edges are computed in the type of the bounds.
        let of_edges = match self.common(&[lo, hi]).dtype() {
            DType::F32 if !(self.is_weak(lo.value) && self.is_weak(hi.value)) => DType::F32,
            _ => DType::F64,
        };
        let bounds = self.bounds([lo, hi], of_edges, bins)?;
        let x = self.coerce(x, to, &[lo, hi])?;
        let bin = self.bin(x, &bounds, to, bins);
        let none = self.emit.constant(u32::MAX);
        let index = self.emit.select(within, bin, none);
        Ok(self.counted(bins, &[index, bounds.lo, bounds.hi]))
    }

    /// `bincount(x, n)`
    pub fn bincount(&mut self, call: &Call, x: Operand, n: Operand) -> Typed<Value> {
        let bins = self.bins(n, "n")?;
        match self.kind_of(x.value) {
            Kind::Int | Kind::Bool => {}
            Kind::Float => {
                let help = format!(
                    "convert it: `{}`; or count by ranges: `histogram(x, n, lo, hi)`",
                    self.call_text("i64", x.span)
                );
                return error_with_help("`bincount` counts integers, not floats", x.span, help);
            }
            Kind::Complex => return self.no_complex(call.function.name, x),
        }
        let id = self.settle(x)?;
        let from = self.emit.dtype(id);
        let id = self.emit.convert(id, if from == DType::Bool { DType::U8 } else { from });
        let x = Operand { value: Value::Node { id, weak: false }, span: x.span };
        let [zero, last] = [0, i128::from(bins) - 1].map(|c| Operand { value: Value::Int(c), span: x.span });
        let Value::Node { id: within, .. } = self.between(x, zero, last)? else {
            return self.wrong_count(call.function);
        };
        let e = &mut self.emit;
        let (index, none) = (e.convert(id, DType::U32), e.constant(u32::MAX));
        let index = e.select(within, index, none);
        Ok(self.counted(bins, &[index]))
    }

    fn counted(&mut self, bins: u32, args: &[NodeId]) -> Value {
        let span = self.emit.span;
        let id = self.emit.graph.add(NodeKind::Counts(bins), args, DType::I64, span);
        Value::Node { id, weak: false }
    }

    /// A number of bins: a whole number that the text says.
    fn bins(&self, x: Operand, name: &str) -> Typed<u32> {
        match self.exact(x.value) {
            Some(bins @ 1..=MOST) => Ok(bins as u32),
            Some(_) => {
                let message = format!("`{name}` must be from 1 to {MOST}");
                error_with_help(message, x.span, "it is the length of the result")
            }
            None => {
                let message = format!("`{name}` must be a whole number of the text");
                let help = "the shape of a result follows from the text: write the number out, as in `histogram(x, 100, lo, hi)`";
                error_with_help(message, x.span, help)
            }
        }
    }

    /// The bounds, checked in the run.
    fn bounds(&mut self, [lo, hi]: [Operand; 2], of_edges: DType, bins: u32) -> Typed<Bounds> {
        let span = lo.span.to(hi.span);
        let [lo, hi] = [(lo, hi), (hi, lo)].map(|(x, other)| self.coerce(x, of_edges, &[other]));
        let (lo, hi) = (lo?, hi?);
        let e = &mut self.emit;
        let (range, n) = (e.op(Op::Sub, &[hi, lo]), e.number(f64::from(bins), of_edges));
        let step = e.op(Op::Div, &[range, n]);
        // Each edge is above the one before: the first two and the last two tell, for nothing is coarser than numbers near a bound.
        let (above, below) = (e.op(Op::Add, &[lo, step]), e.op(Op::Sub, &[hi, step]));
        let (above, below) = (e.op(Op::Lt, &[lo, above]), e.op(Op::Lt, &[below, hi]));
        let infinity = e.number(f64::INFINITY, of_edges);
        let finite = [lo, hi, range].map(|bound| {
            let size = e.op(Op::Abs, &[bound]);
            e.op(Op::Lt, &[size, infinity])
        });
        let right =
            [finite[0], finite[1], finite[2], below].into_iter().fold(above, |all, one| e.op(Op::And, &[all, one]));
        let wrong = e.op(Op::Not, &[right]);
        let help = BOUNDS_HELP.to_string();
        let lo = e.fault(wrong, lo, || Fault { kind: FaultKind::Bounds, span, call: String::new(), help });
        Ok(Bounds { lo, hi, step })
    }

    /// The bin of a number in the range, as NumPy finds it.
    fn bin(&mut self, x: NodeId, bounds: &Bounds, to: DType, bins: u32) -> NodeId {
        let e = &mut self.emit;
        let Bounds { lo, hi, step } = *bounds;
        let of_edges = e.dtype(lo);
        let (low, high, n) = (e.convert(lo, to), e.convert(hi, to), e.number(f64::from(bins), to));
        let range = e.op(Op::Sub, &[high, low]);
        // A range next to 0 is widened by a power of two, or else the factor would be infinite.
        let (small, wide) =
            if to == DType::F32 { (2f64.powi(-80), 2f64.powi(80)) } else { (2f64.powi(-900), 2f64.powi(900)) };
        let [small, wide, unit] = [small, wide, 1.0].map(|c| e.number(c, to));
        let is_small = e.op(Op::Lt, &[range, small]);
        let widening = e.select(is_small, wide, unit);
        let range = e.op(Op::Mul, &[range, widening]);
        let scale = e.op(Op::Div, &[n, range]);
        let from = e.op(Op::Sub, &[x, low]);
        let from = e.op(Op::Mul, &[from, widening]);
        let estimate = e.op(Op::Mul, &[from, scale]);
        let estimate = e.convert(estimate, DType::I32);
        let (zero, last, one) = (e.constant(0i32), e.constant(bins as i32 - 1), e.constant(1i32));
        let i = e.op(Op::Max, &[estimate, zero]);
        let i = e.op(Op::Min, &[i, last]);
        let edge = |e: &mut super::emit::Emit, i: NodeId| {
            let i = e.convert(i, of_edges);
            let edge = e.op(Op::Mul, &[i, step]);
            let edge = e.op(Op::Add, &[edge, lo]);
            e.convert(edge, to)
        };
        let next = e.op(Op::Add, &[i, one]);
        let (lower, upper) = (edge(e, i), edge(e, next));
        let is_last = e.op(Op::Eq, &[i, last]);
        let (below, above) = (e.op(Op::Lt, &[x, lower]), e.op(Op::Ge, &[x, upper]));
        let others = e.op(Op::Not, &[is_last]);
        let above = e.op(Op::And, &[above, others]);
        let (below, above) = (e.convert(below, DType::I32), e.convert(above, DType::I32));
        let i = e.op(Op::Sub, &[i, below]);
        let i = e.op(Op::Add, &[i, above]);
        e.convert(i, DType::U32)
    }
}

const BOUNDS: &str = "the bounds of a histogram must be finite, the lower one first, and as far apart as bins need";
const BOUNDS_HELP: &str = "`histogram(x, bins, lo, hi)`: the bins divide what lies from `lo` to `hi`";
