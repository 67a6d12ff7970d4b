//! Typing and lowering of functions.
//!
//! Comes in: the row of a function and its operands, as many as the row takes. Goes out: a value. The rules are those of
//! [`Rule`], one method each.

use super::divide;
use super::function::{Function, Rule};
use super::graph::NodeId;
use super::meaning::Call;
use super::promote::{Type, common};
use super::value::{Operand, Typed, Typer, Value, error_with_help};
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::{Helper, Op};
use crate::math::Elementary;

impl Typer<'_> {
    /// A call.
    pub fn call(&mut self, call: &Call, args: &[Operand], options: &[(&str, Operand)]) -> Typed<Value> {
        let rule = call.function.rule;
        if !rule.takes_text() && self.any_text(args) {
            return self.refuse_text(call.function.name, args);
        }
        if !args.is_empty() && !rule.takes_complex() && self.any_complex(args) {
            return self.complex_call(call, args);
        }
        let option = |name: &str| options.iter().find(|option| option.0 == name).map(|option| option.1);
        match (rule, args) {
            (Rule::Unary(op), &[x]) => self.unary(op, x),
            (Rule::Binary(op), &[x, y]) => self.binary(op, x, y),
            (Rule::Compare(op), &[x, y]) => self.compare(op, x, y),
            (Rule::Logical(op), _) => self.truths(op, args),
            (Rule::Cast(to), &[x]) => self.cast(x, to),
            (Rule::Isclose, &[x, y]) => {
                let rtol = self.or_number(option("rtol"), 1e-5);
                let atol = self.or_number(option("atol"), 1e-8);
                self.isclose([x, y], [rtol, atol], call.equal_nan)
            }
            (Rule::NanToNum, &[x]) => self.nan_to_num(x, option("nan"), option("posinf"), option("neginf")),
            (Rule::Composed(which), _) => self.composed(which, args),
            (Rule::Complex, &[x]) => self.complex_of_parts(x, option("imag")),
            (Rule::Real | Rule::Imag | Rule::Conj | Rule::Angle, &[x]) => self.part_of(rule, x),
            (Rule::Where, &[condition, x, y]) => self.choose(condition, x, y),
            (Rule::Select, _) => self.select(args),
            (Rule::Between, &[x, lo, hi]) => self.between(x, lo, hi),
            (Rule::Isin, &[x, ref items @ ..]) => self.among(x, items),
            (Rule::Contains, &[x, y]) => self.contains(x, y),
            (Rule::Abs, &[x]) => self.abs(x),
            (Rule::Sign, &[x]) => self.sign(x),
            (Rule::Square, &[x]) => self.square(x),
            (Rule::Integral(op), &[x]) => self.integral(op, x),
            (Rule::Extremum(op), &[x, y]) => self.extremum(op, x, y),
            (Rule::Clip, &[x]) => self.clip(x, option("min"), option("max")),
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
            (Rule::Custom(helper), _) => self.custom(helper, args),
            (Rule::Reduce(_) | Rule::NanReduce(_), &[x]) => self.reduction(call, x, option("initial")),
            (Rule::Histogram, &[x, bins, lo, hi]) => self.histogram(call, x, bins, [lo, hi]),
            (Rule::Bincount, &[x, n]) => self.bincount(call, x, n),
            (Rule::Scan(scan), &[x]) => self.scan(call, scan, x),
            (Rule::Random(draw), _) => self.random(call, draw, args, option("stream")),
            (Rule::Index, &[x]) => self.index(call, x),
            _ => self.wrong_count(call.function),
        }
    }

    /// Arguments are counted when names are resolved; this is for callers that do not.
    pub fn wrong_count(&self, function: &Function) -> Typed<Value> {
        let message = format!("`{}` is called with the wrong number of arguments", function.name);
        error_with_help(message, self.emit.span, format!("`{}`", function.signature(function.name)))
    }

    /// An operand that may be left out, or this number.
    fn or_number(&mut self, x: Option<Operand>, default: f64) -> Operand {
        match x {
            Some(x) => x,
            None => Operand { value: self.float_literal(default), span: self.emit.span },
        }
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
    pub fn cast(&mut self, x: Operand, to: DType) -> Typed<Value> {
        if to.is_complex() || self.any_complex(&[x]) {
            return self.complex_cast(x, to);
        }
        let id = match x.value {
            Value::Node { id, .. } => self.emit.convert(id, to),
            _ => self.coerce(x, to, &[])?,
        };
        Ok(Value::Node { id, weak: false })
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
}
