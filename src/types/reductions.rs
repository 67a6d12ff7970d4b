//! Typing and lowering of reductions.
//!
//! Comes in: a call of a reduction and its operand, real or complex. Goes out: a value, strong also where it is of literals alone.
//! Always holds: `dtype=` converts the operand first and is the type of the result; `initial=` is combined with the result
//! at the very end, once; what leaves NaN out puts a neutral number in its place, so the order of a sum is that of all
//! elements. Integers and bools have no NaN: of them `nansum` is `sum`.

use smallvec::SmallVec;

use super::function::{Composed, Reduction, Rule};
use super::graph::{NodeId, NodeKind};
use super::meaning::Call;
use super::promote::Type;
use super::value::{Operand, Parts, Typed, Typer, Value, error_with_help};
use crate::dtype::{DType, Kind};
use crate::ir::{Fold, Monoid, Op};
use crate::syntax::ast::BinaryOp;

/// What a sum, a product, a mean or a variance runs over.
struct Elements {
    /// The operand itself, which elements are counted of. (What it is converted to would be computed for that.)
    of: NodeId,
    /// The operand in the type in which it is carried; of a complex one its real and its imaginary part.
    parts: SmallVec<[NodeId; 2]>,
    /// Where an element is no NaN, if those are left out.
    present: Option<NodeId>,
    /// The type of the operand, or of its parts.
    dtype: DType,
}

impl Typer<'_> {
    /// A call of a reduction.
    pub fn reduction(&mut self, call: &Call, x: Operand, initial: Option<Operand>) -> Typed<Value> {
        let x = match call.dtype {
            Some(to) => Operand { value: self.cast(x, to)?, span: x.span },
            None => x,
        };
        let value = match (call.dtype, self.reduced(call, x, initial.is_some())?) {
            (Some(to), Value::Node { id, .. }) if !to.is_complex() => {
                Value::Node { id: self.emit.convert(id, to), weak: false }
            }
            (_, value) => value,
        };
        match initial {
            Some(initial) => self.combined(call.function.rule, initial, value),
            None => Ok(value),
        }
    }

    fn reduced(&mut self, call: &Call, x: Operand, has_initial: bool) -> Typed<Value> {
        let (what, ignores) = match call.function.rule {
            Rule::NanReduce(what) => (what, true),
            Rule::Reduce(what) => (what, false),
            _ => return self.wrong_count(call.function),
        };
        match what {
            Reduction::Fold(fold @ (Fold::Sum | Fold::Prod)) => self.total(call, fold, x, ignores),
            Reduction::Fold(fold @ (Fold::Any | Fold::All)) => {
                let id = self.truth(x)?;
                Ok(Value::Node { id: self.fold(fold, id, call)?, weak: false })
            }
            Reduction::Fold(_) if self.any_complex(&[x]) => self.no_complex(call.function.name, x),
            Reduction::Fold(fold) => self.least(call, fold, x, has_initial),
            Reduction::Mean => {
                let elements = self.elements(x, ignores, 0.0, |_| DType::F64)?;
                let means = elements.parts.iter().map(|&part| self.quotient(&elements, part, call, 0));
                let means = means.collect::<Typed<SmallVec<[NodeId; 2]>>>()?;
                Ok(self.narrowed(&means, if elements.dtype.is_float() { elements.dtype } else { DType::F64 }))
            }
            Reduction::Var { root } => self.variance(call, x, ignores, root),
        }
    }

    /// `initial` and a result, combined as two elements are, in the type of the result.
    fn combined(&mut self, rule: Rule, initial: Operand, value: Value) -> Typed<Value> {
        let y = Operand { value, span: self.emit.span };
        let (from, to) = (self.type_of(initial.value), self.type_of(value).dtype());
        let order = |kind: Kind| [Kind::Bool, Kind::Int, Kind::Float, Kind::Complex].iter().position(|&k| k == kind);
        if order(from.kind()) > order(to.kind()) {
            let message = format!("`initial` is {from}, but the result of the reduction is {to}");
            let help = "convert one of the two: `initial` has the type of the result, which `dtype=` sets";
            return error_with_help(message, initial.span, help);
        }
        let value = if to.is_complex() {
            Value::Complex { parts: self.coerce_complex(initial, to)?, weak: false }
        } else {
            Value::Node { id: self.coerce(initial, to, &[])?, weak: false }
        };
        let x = Operand { value, span: initial.span };
        match rule {
            Rule::Reduce(Reduction::Fold(Fold::Prod)) | Rule::NanReduce(Reduction::Fold(Fold::Prod)) => {
                self.binary(BinaryOp::Mul, x, y)
            }
            Rule::Reduce(Reduction::Fold(Fold::Min)) => self.extremum(Op::Min, x, y),
            Rule::Reduce(Reduction::Fold(Fold::Max)) => self.extremum(Op::Max, x, y),
            Rule::NanReduce(Reduction::Fold(Fold::Min)) => self.composed(Composed::Ignoring(Op::Min), &[x, y]),
            Rule::NanReduce(Reduction::Fold(Fold::Max)) => self.composed(Composed::Ignoring(Op::Max), &[x, y]),
            _ => self.binary(BinaryOp::Add, x, y),
        }
    }

    /// The operand in the type that is `carried` for its own, of a complex number for that of its parts; where it is NaN and these
    /// are left out, `neutral`.
    fn elements(&mut self, x: Operand, ignores: bool, neutral: f64, carried: fn(DType) -> DType) -> Typed<Elements> {
        let mut parts: SmallVec<[NodeId; 2]> = match x.value {
            Value::Complex { parts, .. } => {
                let parts = self.alike(parts);
                SmallVec::from_slice(&[parts.re, parts.im])
            }
            _ => SmallVec::from_slice(&[self.settle(x)?]),
        };
        let e = &mut self.emit;
        let of = parts[0];
        let dtype = e.dtype(of);
        let mut present = None;
        if ignores && dtype.is_float() {
            for &part in &parts {
                let number = e.op(Op::Eq, &[part, part]);
                present = Some(present.map_or(number, |other| e.op(Op::And, &[other, number])));
            }
        }
        for (at, part) in parts.iter_mut().enumerate() {
            if let Some(present) = present {
                let instead = e.number(if at == 0 { neutral } else { 0.0 }, dtype);
                *part = e.select(present, *part, instead);
            }
            *part = e.convert(*part, carried(dtype));
        }
        Ok(Elements { of, parts, present, dtype })
    }

    /// A result in its own type, from that in which it was carried: of one part, or complex.
    fn narrowed(&mut self, parts: &[NodeId], dtype: DType) -> Value {
        match *parts {
            [re, im] => {
                let parts = Parts { re: self.emit.convert(re, dtype), im: self.emit.convert(im, dtype) };
                Value::Complex { parts, weak: false }
            }
            _ => Value::Node { id: self.emit.convert(parts[0], dtype), weak: false },
        }
    }

    /// A sum or a product. Integers in 64 bits, floats in `f64`.
    fn total(&mut self, call: &Call, fold: Fold, x: Operand, ignores: bool) -> Typed<Value> {
        let neutral = if fold == Fold::Prod { 1.0 } else { 0.0 };
        let elements = self.elements(x, ignores, neutral, |from| match from {
            _ if from.is_float() => DType::F64,
            _ if from.is_int() && !from.is_signed() => DType::U64,
            _ => DType::I64,
        })?;
        let parts: SmallVec<[NodeId; 2]> = match elements.parts[..] {
            [re, im] if fold == Fold::Prod => {
                let product = |monoid| self.reduce(monoid, &[re, im], call);
                Monoid::complex_product().map(product).into_iter().collect()
            }
            _ => {
                let sums = elements.parts.iter().map(|&part| self.fold(fold, part, call));
                sums.collect::<Typed<_>>()?
            }
        };
        let to = if elements.dtype.is_float() { elements.dtype } else { self.emit.dtype(parts[0]) };
        Ok(self.narrowed(&parts, to))
    }

    /// The least or greatest element, or where it stands. With an `initial` there is one where there are no elements.
    fn least(&mut self, call: &Call, fold: Fold, x: Operand, has_initial: bool) -> Typed<Value> {
        let id = self.settle(x)?;
        let from = self.emit.dtype(id);
        let ignores = matches!(call.function.rule, Rule::NanReduce(_)) && from.is_float();
        let (fold, to) = match fold {
            Fold::Min if ignores => (Fold::NanMin, from),
            Fold::Max if ignores => (Fold::NanMax, from),
            Fold::ArgMin | Fold::ArgMax => (fold, DType::I64),
            _ => (fold, from),
        };
        // Not `all` and `any`: these have a value where there are no elements.
        let id = self.emit.convert(id, if from == DType::Bool { DType::U8 } else { from });
        let id = match Monoid::total(fold, self.emit.dtype(id)) {
            Some(monoid) if has_initial => self.reduce(monoid, &[id], call),
            _ => self.fold(fold, id, call)?,
        };
        Ok(Value::Node { id: self.emit.convert(id, to), weak: false })
    }

    /// The sum of `wide` over the count of elements less `ddof`, or NaN where that is not above 0.
    fn quotient(&mut self, of: &Elements, wide: NodeId, call: &Call, ddof: i64) -> Typed<NodeId> {
        let sum = self.fold(Fold::Sum, wide, call)?;
        let mut count = match of.present {
            Some(present) => {
                let one = self.emit.convert(present, DType::I64);
                self.fold(Fold::Sum, one, call)?
            }
            None => {
                let span = self.emit.span;
                self.emit.graph.add(NodeKind::Count(call.axes.clone()), &[of.of], DType::I64, span)
            }
        };
        let e = &mut self.emit;
        let zero = e.constant(0i64);
        if ddof != 0 {
            let ddof = e.constant(ddof);
            count = e.op(Op::Sub, &[count, ddof]);
            count = e.op(Op::Max, &[count, zero]);
        }
        let divisor = e.convert(count, DType::F64);
        let mean = e.op(Op::Div, &[sum, divisor]);
        if of.present.is_none() || ddof == 0 {
            return Ok(mean);
        }
        // A sum that is not 0 over none would be infinite, as that of `var` is; `nanvar` has NaN.
        let (some, nan) = (e.op(Op::Gt, &[count, zero]), e.constant(f64::NAN));
        Ok(e.select(some, mean, nan))
    }

    /// In two passes, as NumPy does: first the mean, then the mean square of what lies apart from it; of complex numbers the
    /// square of the distance. Carried in `f64`.
    fn variance(&mut self, call: &Call, x: Operand, ignores: bool, root: bool) -> Typed<Value> {
        let elements = self.elements(x, ignores, 0.0, |_| DType::F64)?;
        let kept = Call { keepdims: true, ..call.clone() };
        let mut square = None;
        for &part in &elements.parts {
            let mean = self.quotient(&elements, part, &kept, 0)?;
            let e = &mut self.emit;
            let mut apart = e.op(Op::Sub, &[part, mean]);
            if let Some(present) = elements.present {
                let zero = e.constant(0.0);
                apart = e.select(present, apart, zero);
            }
            let own = e.op(Op::Mul, &[apart, apart]);
            square = Some(square.map_or(own, |other| e.op(Op::Add, &[other, own])));
        }
        let square = square.unwrap_or(elements.of);
        let mut id = self.quotient(&elements, square, call, call.ddof)?;
        if root {
            id = self.emit.op(Op::Sqrt, &[id]);
        }
        let to = if elements.dtype.is_float() { elements.dtype } else { DType::F64 };
        Ok(Value::Node { id: self.emit.convert(id, to), weak: false })
    }

    fn reduce(&mut self, monoid: &'static Monoid, args: &[NodeId], call: &Call) -> NodeId {
        let span = self.emit.span;
        let mut args = SmallVec::<[NodeId; 2]>::from_slice(args);
        if monoid.args.len() > args.len() {
            args.push(self.emit.graph.add(NodeKind::Position, &[], DType::I64, span));
        }
        let kind = NodeKind::Reduce { monoid, axes: call.axes.clone(), keepdims: call.keepdims };
        self.emit.graph.add(kind, &args, monoid.result(), span)
    }

    fn fold(&mut self, fold: Fold, x: NodeId, call: &Call) -> Typed<NodeId> {
        if let Some((monoid, factors)) = self.contracted_sum(fold, x) {
            return Ok(self.reduce(monoid, &factors, call));
        }
        let dtype = self.emit.dtype(x);
        match Monoid::of(fold, dtype) {
            Some(monoid) => Ok(self.reduce(monoid, &[x], call)),
            None => {
                let message = format!("this reduction does not take {}", Type::Strong(dtype));
                error_with_help(message, self.emit.span, "convert the operand, as in `f64(a)`")
            }
        }
    }
}
