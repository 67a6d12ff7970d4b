//! Choices, bounds and membership.
//!
//! Comes in: conditions and values. Goes out: the value that was chosen, or whether a value is among others. Always holds:
//! comparisons are those of the operators, so that numbers are compared exactly, and complex ones for equality alone.

use smallvec::SmallVec;

use super::graph::NodeId;
use super::value::{Operand, Parts, Typed, Typer, Value};
use crate::dtype::DType;
use crate::ir::Op;
use crate::syntax::ast::{BinaryOp, CompareOp};

impl Typer<'_> {
    /// `x` where the condition holds, else `y`.
    pub fn choose(&mut self, condition: Operand, x: Operand, y: Operand) -> Typed<Value> {
        if self.any_text(&[condition, x, y]) {
            return self.refuse_text("where", &[condition, x, y]);
        }
        let mask = self.truth(condition)?;
        if self.any_complex(&[x, y]) {
            return self.complex_choose(mask, condition, x, y);
        }
        let to = self.common(&[x, y]).dtype();
        let [a, b] = self.coerce_pair(x, y, to)?;
        let id = self.emit.select(mask, a, b);
        Ok(self.result(id, &[condition, x, y]))
    }

    /// Of pairs of a condition and a value the value of the first condition that holds; else the last operand. All values
    /// have their common type, whichever are chosen.
    pub fn select(&mut self, of: &[Operand]) -> Typed<Value> {
        let (pairs, last) = of.as_chunks::<2>();
        let &[last] = last else {
            return super::value::error("`select` takes an odd number of arguments", self.emit.span);
        };
        let values: SmallVec<[Operand; 4]> = pairs.iter().map(|pair| pair[1]).chain([last]).collect();
        let to = self.common(&values).dtype();
        // A real value is a complex number without an imaginary part that is selected.
        let mut nodes: SmallVec<[Parts; 4]> = SmallVec::new();
        for &value in &values {
            nodes.push(if to.is_complex() {
                self.coerce_complex(value, to)?
            } else {
                let re = self.coerce(value, to, &values)?;
                Parts { re, im: re }
            });
        }
        let mut chosen = nodes.pop().unwrap_or(Parts { re: NodeId(0), im: NodeId(0) });
        for (pair, value) in pairs.iter().zip(nodes).rev() {
            let mask = self.truth(pair[0])?;
            let re = self.emit.select(mask, value.re, chosen.re);
            let im = if to.is_complex() { self.emit.select(mask, value.im, chosen.im) } else { re };
            chosen = Parts { re, im };
        }
        let weak = of.iter().all(|x| self.is_weak(x.value));
        Ok(if to.is_complex() { Value::Complex { parts: chosen, weak } } else { self.node(chosen.re, weak) })
    }

    /// Within bounds, of which there may be one alone, or none.
    pub fn clip(&mut self, x: Operand, lo: Option<Operand>, hi: Option<Operand>) -> Typed<Value> {
        let (lo, hi) = match (lo, hi) {
            (Some(lo), Some(hi)) => (lo, hi),
            (Some(lo), None) => return self.extremum(Op::Max, x, lo),
            (None, Some(hi)) => return self.extremum(Op::Min, x, hi),
            (None, None) => return Ok(x.value),
        };
        let of = [x, lo, hi];
        let to = self.common(&of).dtype();
        let (a, l, h) = (self.coerce(x, to, &of)?, self.coerce(lo, to, &of)?, self.coerce(hi, to, &of)?);
        let id = self.least_or_greatest(Op::Max, &[a, l]);
        let id = self.least_or_greatest(Op::Min, &[id, h]);
        Ok(self.result(id, &of))
    }

    pub fn extremum(&mut self, op: Op, x: Operand, y: Operand) -> Typed<Value> {
        if let (Value::Int(a), Value::Int(b)) = (x.value, y.value) {
            return Ok(Value::Int(if op == Op::Min { a.min(b) } else { a.max(b) }));
        }
        let to = self.common(&[x, y]).dtype();
        let args = self.coerce_pair(x, y, to)?;
        let id = self.least_or_greatest(op, &args);
        Ok(self.result(id, &[x, y]))
    }

    /// Of bools, the lesser is `and`, the greater `or`.
    fn least_or_greatest(&mut self, op: Op, args: &[NodeId; 2]) -> NodeId {
        let op = match (self.emit.dtype(args[0]), op) {
            (DType::Bool, Op::Min) => Op::And,
            (DType::Bool, _) => Op::Or,
            _ => op,
        };
        self.emit.op(op, args)
    }

    /// `(lo <= x) & (x <= hi)`
    pub fn between(&mut self, x: Operand, lo: Operand, hi: Operand) -> Typed<Value> {
        let above = Operand { value: self.compare(CompareOp::Le, lo, x)?, span: x.span };
        let below = Operand { value: self.compare(CompareOp::Le, x, hi)?, span: x.span };
        self.binary(BinaryOp::BitAnd, above, below)
    }

    /// `(x == a) | (x == b) | ...`; of no items false, in the shape of `x`.
    pub fn among(&mut self, x: Operand, items: &[Operand]) -> Typed<Value> {
        let mut any = None::<Operand>;
        for &item in items {
            let equal = Operand { value: self.compare(CompareOp::Eq, x, item)?, span: x.span };
            any = Some(match any {
                None => equal,
                Some(any) => Operand { value: self.binary(BinaryOp::BitOr, any, equal)?, span: x.span },
            });
        }
        match any {
            Some(any) => Ok(any.value),
            None => {
                let shape = self.truth(x)?;
                let id = self.emit.like(shape, false);
                Ok(self.result(id, &[x]))
            }
        }
    }

    /// The opposite of [`among`](Typer::among).
    pub fn not_among(&mut self, x: Operand, items: &[Operand]) -> Typed<Value> {
        let among = Operand { value: self.among(x, items)?, span: x.span };
        self.unary(crate::syntax::ast::UnaryOp::Not, among)
    }
}
