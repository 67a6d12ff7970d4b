//! Typing and lowering of functions.
//!
//! Comes in: the row of a function and its operands, as many as the row takes. Goes out: a value. The rules are those of
//! the table in `functions.rs`, one method each.

use super::divide;
use super::functions::{Function, Rule};
use super::graph::{Axes, NodeId, NodeKind};
use super::promote::{Type, common};
use super::resolve::Call;
use super::value::{Operand, Typed, Typer, Value, error_with_help};
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::{Fold, Helper, Monoid, Op};
use crate::math::Elementary;

impl Typer<'_> {
    /// A call.
    pub fn call(&mut self, call: &Call, args: &[Operand]) -> Typed<Value> {
        match (call.function.rule, args) {
            (Rule::Unary(op), &[x]) => self.unary(op, x),
            (Rule::Binary(op), &[x, y]) => self.binary(op, x, y),
            (Rule::Compare(op), &[x, y]) => self.compare(op, x, y),
            (Rule::Logical(op), _) => self.truths(op, args),
            (Rule::Cast(to), &[x]) => self.cast(x, to),
            (Rule::Where, &[condition, x, y]) => self.choose(condition, x, y),
            (Rule::Abs, &[x]) => self.abs(x),
            (Rule::Sign, &[x]) => self.sign(x),
            (Rule::Square, &[x]) => self.square(x),
            (Rule::Integral(op), &[x]) => self.integral(op, x),
            (Rule::Extremum(op), &[x, y]) => self.extremum(op, x, y),
            (Rule::Clip, &[x, lo, hi]) => self.clip(x, lo, hi),
            (Rule::Fmod, &[x, y]) => self.fmod(x, y),
            (Rule::Float(op), _) => {
                let nodes = self.floats(args)?;
                let id = self.emit.op(op, &nodes);
                Ok(self.result(id, args))
            }
            (Rule::Math(function), _) => {
                let nodes = self.floats(args)?;
                let id = self.emit.math(function, &nodes);
                Ok(self.result(id, args))
            }
            (Rule::IsNan | Rule::IsInf | Rule::IsFinite, &[x]) => self.classify(call.function.rule, x),
            (Rule::Fold(fold), &[x]) => self.reduce(fold, x, &call.axes, call.keepdims),
            (Rule::Custom(helper), _) => self.custom(helper, args),
            (Rule::Mean, &[x]) => self.mean(x, &call.axes, call.keepdims),
            _ => self.wrong_count(call.function),
        }
    }

    /// Arguments are counted when names are resolved; this is for callers that do not.
    fn wrong_count(&self, function: &Function) -> Typed<Value> {
        let message = format!("`{}` is called with the wrong number of arguments", function.name);
        error_with_help(message, self.emit.span, format!("`{}`", function.signature(function.name)))
    }

    /// The operands as floats of one type: integers as `f64`, bools as `f32` (NumPy: `f16`).
    fn floats(&mut self, of: &[Operand]) -> Typed<Vec<NodeId>> {
        let to = match self.common(of).dtype() {
            DType::Bool => DType::F32,
            to if to.is_float() => to,
            _ => DType::F64,
        };
        of.iter().map(|&x| self.coerce(x, to, of)).collect()
    }

    /// A bool where numbers are asked for.
    fn refuse_bool(&self, x: Operand) -> Typed<Value> {
        let help = format!("convert it: `{}`", self.call_text("i32", x.span));
        error_with_help("this function takes numbers, not bool", x.span, help)
    }

    /// A function of the caller's: arguments are converted where that loses nothing. Its result is strong.
    fn custom(&mut self, helper: &'static Helper, of: &[Operand]) -> Typed<Value> {
        let mut nodes = Vec::with_capacity(of.len());
        for (&x, &to) in of.iter().zip(helper.args()) {
            let from = self.type_of(x.value);
            if common([from, Type::Strong(to)]) != Type::Strong(to) {
                let message = format!("`{}` takes {to} here, not {from}", helper.name);
                return error_with_help(
                    message,
                    x.span,
                    format!("convert it: `{}`", self.call_text(to.name(), x.span)),
                );
            }
            nodes.push(self.coerce(x, to, &[])?);
        }
        let e = &mut self.emit;
        let (everywhere, never) = (e.constant(true), e.constant(Scalar::from_bits(helper.result(), 0)));
        Ok(Value::Node { id: e.patch(everywhere, never, helper, &nodes), weak: false })
    }

    fn truths(&mut self, op: Op, of: &[Operand]) -> Typed<Value> {
        let nodes = of.iter().map(|&x| self.truth(x)).collect::<Typed<Vec<_>>>()?;
        let id = self.emit.op(op, &nodes);
        Ok(self.result(id, of))
    }

    /// A cast. Its result is strong, also of a literal.
    fn cast(&mut self, x: Operand, to: DType) -> Typed<Value> {
        let id = match x.value {
            Value::Int(_) => self.coerce(x, to, &[])?,
            Value::Node { id, .. } => self.emit.convert(id, to),
        };
        Ok(Value::Node { id, weak: false })
    }

    /// `x` where the condition holds, else `y`.
    pub fn choose(&mut self, condition: Operand, x: Operand, y: Operand) -> Typed<Value> {
        let mask = self.truth(condition)?;
        let to = self.common(&[x, y]).dtype();
        let [a, b] = self.coerce_pair(x, y, to)?;
        let id = self.emit.select(mask, a, b);
        Ok(self.result(id, &[condition, x, y]))
    }

    fn abs(&mut self, x: Operand) -> Typed<Value> {
        if let Value::Int(c) = x.value
            && let Some(c) = c.checked_abs()
        {
            return Ok(Value::Int(c));
        }
        if self.kind_of(x.value) == Kind::Bool {
            return Ok(x.value);
        }
        let id = self.settle(x)?;
        let id = self.emit.op(Op::Abs, &[id]);
        Ok(self.result(id, &[x]))
    }

    /// Of NaN NaN, of -0.0 0.0.
    fn sign(&mut self, x: Operand) -> Typed<Value> {
        match x.value {
            Value::Int(c) => return Ok(Value::Int(c.signum())),
            value if self.kind_of(value) == Kind::Bool => return self.refuse_bool(x),
            _ => {}
        }
        let id = self.settle(x)?;
        let e = &mut self.emit;
        let dtype = e.dtype(id);
        let (zero, one, minus_one) = (e.number(0.0, dtype), e.number(1.0, dtype), e.number(-1.0, dtype));
        let (above, below) = (e.op(Op::Gt, &[id, zero]), e.op(Op::Lt, &[id, zero]));
        let rest = if dtype.is_float() {
            let is_zero = e.op(Op::Eq, &[id, zero]);
            e.select(is_zero, zero, id)
        } else {
            zero
        };
        let rest = e.select(below, minus_one, rest);
        let id = e.select(above, one, rest);
        Ok(self.result(id, &[x]))
    }

    fn square(&mut self, x: Operand) -> Typed<Value> {
        if self.kind_of(x.value) == Kind::Bool {
            return self.refuse_bool(x);
        }
        self.binary(crate::syntax::ast::BinaryOp::Mul, x, x)
    }

    /// Bools keep their type too, but for `round`, which NumPy does in `f16` (here: `f32`).
    fn integral(&mut self, op: Op, x: Operand) -> Typed<Value> {
        let kind = self.kind_of(x.value);
        if kind == Kind::Int || (kind == Kind::Bool && op != Op::Round) {
            return Ok(x.value);
        }
        let nodes = self.floats(&[x])?;
        let id =
            if kind == Kind::Float { self.emit.op(op, &nodes) } else { nodes.first().copied().unwrap_or(NodeId(0)) };
        Ok(self.result(id, &[x]))
    }

    fn extremum(&mut self, op: Op, x: Operand, y: Operand) -> Typed<Value> {
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

    fn clip(&mut self, x: Operand, lo: Operand, hi: Operand) -> Typed<Value> {
        let of = [x, lo, hi];
        let to = self.common(&of).dtype();
        let (a, l, h) = (self.coerce(x, to, &of)?, self.coerce(lo, to, &of)?, self.coerce(hi, to, &of)?);
        let id = self.least_or_greatest(Op::Max, &[a, l]);
        let id = self.least_or_greatest(Op::Min, &[id, h]);
        Ok(self.result(id, &of))
    }

    fn fmod(&mut self, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.common(&[x, y]).dtype();
        if to == DType::Bool {
            return self.refuse_bool(x);
        }
        let [a, b] = self.coerce_pair(x, y, to)?;
        let id = if to.is_float() {
            self.emit.math(Elementary::Fmod, &[a, b])
        } else {
            divide::fmod_int(&mut self.emit, a, b)
        };
        Ok(self.result(id, &[x, y]))
    }

    /// Of integers and bools the answer is known, but has their shape.
    fn classify(&mut self, rule: Rule, x: Operand) -> Typed<Value> {
        if let Value::Int(_) = x.value {
            let id = self.emit.constant(rule == Rule::IsFinite);
            return Ok(Value::Node { id, weak: true });
        }
        let id = self.settle(x)?;
        let e = &mut self.emit;
        let dtype = e.dtype(id);
        let id = match (rule, dtype.is_float()) {
            (Rule::IsNan, _) | (Rule::IsInf, false) => e.op(Op::Ne, &[id, id]),
            (_, false) => e.op(Op::Eq, &[id, id]),
            (_, true) => {
                let size = e.op(Op::Abs, &[id]);
                let infinity = e.number(f64::INFINITY, dtype);
                e.op(if rule == Rule::IsInf { Op::Eq } else { Op::Lt }, &[size, infinity])
            }
        };
        Ok(self.result(id, &[x]))
    }

    /// A reduction by one operation. Its result is strong, also of a literal.
    fn reduce(&mut self, fold: Fold, x: Operand, axes: &Axes, keepdims: bool) -> Typed<Value> {
        let id = self.settle(x)?;
        let from = self.emit.dtype(id);
        let (fold, carried, to) = match (fold, from) {
            (Fold::Sum | Fold::Prod, DType::Bool | DType::I32) => (fold, DType::I64, DType::I64),
            (Fold::Sum | Fold::Prod, DType::F32) => (fold, DType::F64, DType::F32),
            (Fold::Min, DType::Bool) => (Fold::All, from, from),
            (Fold::Max, DType::Bool) => (Fold::Any, from, from),
            (Fold::Any | Fold::All, _) => (fold, DType::Bool, DType::Bool),
            _ => (fold, from, from),
        };
        let id = self.emit.convert(id, carried);
        let id = self.fold(fold, id, axes, keepdims)?;
        Ok(Value::Node { id: self.emit.convert(id, to), weak: false })
    }

    fn mean(&mut self, x: Operand, axes: &Axes, keepdims: bool) -> Typed<Value> {
        let id = self.settle(x)?;
        let to = if self.emit.dtype(id) == DType::F32 { DType::F32 } else { DType::F64 };
        let wide = self.emit.convert(id, DType::F64);
        let sum = self.fold(Fold::Sum, wide, axes, keepdims)?;
        // The count of elements is one number: asked of the operand itself, not of what was converted.
        let count = self.emit.graph.add(NodeKind::Count(axes.clone()), &[id], DType::I64, self.emit.span);
        let count = self.emit.convert(count, DType::F64);
        let mean = self.emit.op(Op::Div, &[sum, count]);
        Ok(Value::Node { id: self.emit.convert(mean, to), weak: false })
    }

    fn fold(&mut self, fold: Fold, x: NodeId, axes: &Axes, keepdims: bool) -> Typed<NodeId> {
        let dtype = self.emit.dtype(x);
        match Monoid::of(fold, dtype) {
            Some(monoid) => {
                let kind = NodeKind::Reduce { monoid, axes: axes.clone(), keepdims };
                Ok(self.emit.graph.add(kind, &[x], dtype, self.emit.span))
            }
            None => {
                let message = format!("this reduction does not take {}", Type::Strong(dtype));
                error_with_help(message, self.emit.span, "convert the operand, as in `f64(a)`")
            }
        }
    }
}
