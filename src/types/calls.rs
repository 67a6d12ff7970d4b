//! Typing and lowering of functions.
//!
//! Comes in: the row of a function and its operands, as many as the row takes. Goes out: a value. The rules are those of
//! the table in `functions.rs`, one method each.

use smallvec::SmallVec;

use super::composed::Composed;
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
        let rule = call.function.rule;
        let own = matches!(
            rule,
            Rule::Unary(_) | Rule::Binary(_) | Rule::Compare(_) | Rule::Logical(_) | Rule::Cast(_) | Rule::Where
        );
        if !args.is_empty() && !own && self.any_complex(args) && rule != Rule::Complex {
            return self.complex_call(call, args);
        }
        match (rule, args) {
            (Rule::Unary(op), &[x]) => self.unary(op, x),
            (Rule::Binary(op), &[x, y]) => self.binary(op, x, y),
            (Rule::Compare(op), &[x, y]) => self.compare(op, x, y),
            (Rule::Logical(op), _) => self.truths(op, args),
            (Rule::Cast(to), &[x]) => self.cast(x, to),
            (Rule::Composed(Composed::Isclose), &[x, y, ref given @ ..]) => {
                let number = |at: usize, default: f64, this: &mut Self| match given.get(at) {
                    Some(&x) => x,
                    None => Operand { value: this.float_literal(default), span: this.emit.span },
                };
                let (rtol, atol) = (number(0, 1e-5, self), number(1, 1e-8, self));
                self.composed(Composed::Isclose, &[x, y, rtol, atol])
            }
            (Rule::Composed(which), _) => self.composed(which, args),
            (Rule::Complex, &[x, y]) => self.complex_of_parts(x, y),
            (Rule::Real | Rule::Imag | Rule::Conj | Rule::Angle, &[x]) => self.part_of(rule, x),
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
            (Rule::Var { root }, &[x]) => self.variance(x, call, root),
            _ => self.wrong_count(call.function),
        }
    }

    /// Arguments are counted when names are resolved; this is for callers that do not.
    fn wrong_count(&self, function: &Function) -> Typed<Value> {
        let message = format!("`{}` is called with the wrong number of arguments", function.name);
        error_with_help(message, self.emit.span, format!("`{}`", function.signature(function.name)))
    }

    /// The operands as floats of one type. Integers and bools become the least float that holds them all, but `f32` at the
    /// least (NumPy: `f16`); `f64` if all are weak.
    fn floats(&mut self, of: &[Operand]) -> Typed<Vec<NodeId>> {
        let to = self.floats_type(of);
        of.iter().map(|&x| self.coerce(x, to, of)).collect()
    }

    /// The type of [`floats`](Typer::floats).
    pub fn floats_type(&self, of: &[Operand]) -> DType {
        let common = self.common(of).dtype();
        let small = of.iter().all(|x| self.is_weak(x.value) || self.type_of(x.value).dtype().size() <= 2);
        match common {
            _ if common.is_float() => common,
            // Of a bool and a weak integer NumPy makes `i64` first.
            _ if small && common.size() <= 4 && !of.iter().all(|x| self.is_weak(x.value)) => DType::F32,
            _ => DType::F64,
        }
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
        if to.is_complex() || self.any_complex(&[x]) {
            return self.complex_cast(x, to);
        }
        let id = match x.value {
            Value::Node { id, .. } => self.emit.convert(id, to),
            _ => self.coerce(x, to, &[])?,
        };
        Ok(Value::Node { id, weak: false })
    }

    /// `x` where the condition holds, else `y`.
    pub fn choose(&mut self, condition: Operand, x: Operand, y: Operand) -> Typed<Value> {
        let mask = self.truth(condition)?;
        if self.any_complex(&[x, y]) {
            return self.complex_choose(mask, condition, x, y);
        }
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

    pub fn square(&mut self, x: Operand) -> Typed<Value> {
        if self.kind_of(x.value) == Kind::Bool {
            let id = self.settle(x)?;
            let id = self.emit.convert(id, self.number_of(&[x]));
            return Ok(self.result(id, &[x]));
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
            return self.no_remainder(x, y);
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
    pub fn classify(&mut self, rule: Rule, x: Operand) -> Typed<Value> {
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
            (Fold::Sum | Fold::Prod, DType::F32) => (fold, DType::F64, DType::F32),
            (Fold::ArgMin | Fold::ArgMax, DType::Bool) => (fold, DType::U8, DType::I64),
            (Fold::ArgMin | Fold::ArgMax, _) => (fold, from, DType::I64),
            (Fold::Sum | Fold::Prod, _) if from.is_int() && !from.is_signed() => (fold, DType::U64, DType::U64),
            (Fold::Sum | Fold::Prod, _) if !from.is_float() => (fold, DType::I64, DType::I64),
            // Not `all` and `any`: these have a value where there are no elements.
            (Fold::Min | Fold::Max, DType::Bool) => (fold, DType::U8, from),
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
        let mean = self.mean_of(wide, id, axes, keepdims, 0)?;
        Ok(Value::Node { id: self.emit.convert(mean, to), weak: false })
    }

    /// The sum of `wide` over the count of elements less `ddof`, or NaN where that is not above 0. The count is one number:
    /// asked of the operand itself, not of what was converted.
    pub fn mean_of(&mut self, wide: NodeId, of: NodeId, axes: &Axes, keepdims: bool, ddof: i64) -> Typed<NodeId> {
        let sum = self.fold(Fold::Sum, wide, axes, keepdims)?;
        let span = self.emit.span;
        let mut count = self.emit.graph.add(NodeKind::Count(axes.clone()), &[of], DType::I64, span);
        if ddof != 0 {
            let (ddof, zero) = (self.emit.constant(ddof), self.emit.constant(0i64));
            count = self.emit.op(Op::Sub, &[count, ddof]);
            count = self.emit.op(Op::Max, &[count, zero]);
        }
        let count = self.emit.convert(count, DType::F64);
        Ok(self.emit.op(Op::Div, &[sum, count]))
    }

    /// In two passes, as NumPy does: first the mean, then the mean square of what lies apart from it. Carried in `f64`.
    fn variance(&mut self, x: Operand, call: &Call, root: bool) -> Typed<Value> {
        let id = self.settle(x)?;
        let to = if self.emit.dtype(id) == DType::F32 { DType::F32 } else { DType::F64 };
        let wide = self.emit.convert(id, DType::F64);
        let mean = self.mean_of(wide, id, &call.axes, true, 0)?;
        let apart = self.emit.op(Op::Sub, &[wide, mean]);
        let square = self.emit.op(Op::Mul, &[apart, apart]);
        let mut id = self.mean_of(square, id, &call.axes, call.keepdims, call.ddof)?;
        if root {
            id = self.emit.op(Op::Sqrt, &[id]);
        }
        Ok(Value::Node { id: self.emit.convert(id, to), weak: false })
    }

    pub fn fold(&mut self, fold: Fold, x: NodeId, axes: &Axes, keepdims: bool) -> Typed<NodeId> {
        let dtype = self.emit.dtype(x);
        match Monoid::of(fold, dtype) {
            Some(monoid) => {
                let kind = NodeKind::Reduce { monoid, axes: axes.clone(), keepdims };
                let span = self.emit.span;
                let mut args = SmallVec::<[NodeId; 2]>::from_slice(&[x]);
                if monoid.args.len() > 1 {
                    args.push(self.emit.graph.add(NodeKind::Position, &[], DType::I64, span));
                }
                Ok(self.emit.graph.add(kind, &args, monoid.result(), span))
            }
            None => {
                let message = format!("this reduction does not take {}", Type::Strong(dtype));
                error_with_help(message, self.emit.span, "convert the operand, as in `f64(a)`")
            }
        }
    }
}
