//! What a part of the text is worth while the graph is built, and how it takes the type of what it meets.
//!
//! Always holds: a weak integer that is known is exact, in 128 bits; any other weak value is a node of type `i64`, `u64` (where
//! a bare argument is beyond `i64`) or `f64` (or a bool, which is weak only in that what is computed of it and other
//! weak values alone stays weak).

use super::emit::Emit;
use super::graph::{Fault, FaultKind, NodeId};
use super::infer::Typing;
use super::promote::Type;
use crate::diagnostic::{Diagnostic, excerpt};
use crate::dtype::{DType, Kind, Real, Scalar};
use crate::ir::Op;
use crate::ir::rules::embeds;
use crate::syntax::ast::{Span, TextId};

/// The value of a part of the text.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Value {
    /// A known weak integer.
    Int(i128),
    /// A node.
    Node { id: NodeId, weak: bool },
    /// A complex number: two nodes.
    Complex { parts: Parts, weak: bool },
    /// Strings.
    Text(Text),
}

/// Strings: one of the text, or those of an argument.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Text {
    Literal(TextId),
    Given { name: u32, width: usize },
}

/// The parts of a complex number, of one float type.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Parts {
    pub re: NodeId,
    pub im: NodeId,
}

/// A value, and where it stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Operand {
    pub value: Value,
    pub span: Span,
}

/// What typing a part of the text gives.
pub(crate) type Typed<T> = Result<T, Box<Diagnostic>>;

/// An error.
pub(crate) fn error<T>(message: impl Into<String>, span: Span) -> Typed<T> {
    Err(Box::new(Diagnostic::new(message, span)))
}

/// An error, and what to write instead.
pub(crate) fn error_with_help<T>(message: impl Into<String>, span: Span, help: impl Into<String>) -> Typed<T> {
    Err(Box::new(Diagnostic::new(message, span).with_help(help)))
}

/// Gives types to operations and emits them.
pub(crate) struct Typer<'a> {
    pub emit: Emit,
    pub source: &'a str,
    /// The bytes of the strings in the text.
    pub texts: &'a [Vec<u8>],
    /// What the graph may have, and how it is made.
    pub typing: Typing,
}

impl Typer<'_> {
    /// The type of a value.
    pub fn type_of(&self, value: Value) -> Type {
        match value {
            Value::Int(c) if c > i64::MAX.into() => Type::WeakUint,
            Value::Int(_) => Type::WeakInt,
            Value::Complex { parts, weak } => self.complex_type(parts, weak),
            Value::Text(_) => Type::Text,
            Value::Node { id, weak } => match (self.emit.dtype(id), weak) {
                (DType::U64, true) => Type::WeakUint,
                (dtype, true) if dtype.is_int() => Type::WeakInt,
                (dtype, true) if dtype.is_float() => Type::WeakFloat,
                (dtype, _) => Type::Strong(dtype),
            },
        }
    }

    /// The type of a complex number of these parts.
    fn complex_type(&self, parts: Parts, weak: bool) -> Type {
        match self.emit.dtype(parts.re) {
            _ if weak => Type::WeakComplex,
            DType::F32 => Type::Strong(DType::C64),
            _ => Type::Strong(DType::C128),
        }
    }

    /// Whether a value comes from literals and bare arguments alone.
    pub fn is_weak(&self, value: Value) -> bool {
        matches!(value, Value::Int(_) | Value::Node { weak: true, .. } | Value::Complex { weak: true, .. })
    }

    /// A node as a value. A weak integer that is known becomes exact again.
    pub fn node(&self, id: NodeId, weak: bool) -> Value {
        match self.emit.as_const(id) {
            Some(c) if weak => c.as_int().map_or(Value::Node { id, weak }, Value::Int),
            _ => Value::Node { id, weak },
        }
    }

    /// A result: weak if all that it was computed from is.
    pub fn result(&self, id: NodeId, of: &[Operand]) -> Value {
        self.node(id, of.iter().all(|x| self.is_weak(x.value)))
    }

    /// A known weak integer, or a known weak bool as one.
    pub fn exact(&self, value: Value) -> Option<i128> {
        match value {
            Value::Int(c) => Some(c),
            Value::Node { id, weak: true } => {
                self.emit.as_const(id).filter(|c| c.dtype() == DType::Bool).map(|c| i128::from(bool::from_scalar(c)))
            }
            Value::Node { .. } | Value::Complex { .. } | Value::Text(_) => None,
        }
    }

    /// The value of a weak number that is known.
    pub fn literal(&self, value: Value) -> Option<f64> {
        match value {
            Value::Int(c) => Some(c as f64),
            Value::Node { id, weak: true } => {
                self.emit.as_const(id).filter(|c| c.dtype() == DType::F64).map(f64::from_scalar)
            }
            Value::Node { .. } | Value::Complex { .. } | Value::Text(_) => None,
        }
    }

    /// The value as a node of the type `to`, which is a common type of it and `others`.
    ///
    /// A weak integer that `to` does not hold is an error: now if it is known, at the call or in the run if not.
    pub fn coerce(&mut self, x: Operand, to: DType, others: &[Operand]) -> Typed<NodeId> {
        let (id, weak) = match x.value {
            Value::Int(c) => return self.coerce_int(c, x.span, to, others),
            Value::Node { id, weak } => (id, weak),
            Value::Complex { .. } => return error("this takes real numbers", x.span),
            Value::Text(_) => return error("this takes numbers, not a string", x.span),
        };
        let from = self.emit.dtype(id);
        if !(weak && from.is_int() && to.is_int() && to != from) {
            let through = if weak && from.is_int() && to == DType::F32 { DType::F64 } else { from };
            let id = self.emit.convert(id, through);
            return Ok(self.emit.convert(id, to));
        }
        let narrow = self.emit.convert(id, to);
        if let Some(name) = self.emit.graph.input_name(id) {
            self.emit.graph.range_check(name, to, x.span);
            return Ok(narrow);
        }
        if self.emit.graph.input_name(narrow).is_some() {
            return Ok(narrow);
        }
        // Out of range is what does not come back, or comes back with another sign.
        let back = self.emit.convert(narrow, from);
        let mask = self.emit.op(Op::Ne, &[back, id]);
        let signed = match (from.is_signed(), to.is_signed()) {
            (true, false) => Some(id),
            (false, true) => Some(narrow),
            _ => None,
        };
        let mask = match signed {
            Some(signed) => {
                let zero = self.emit.number(0.0, self.emit.dtype(signed));
                let below = self.emit.op(Op::Lt, &[signed, zero]);
                self.emit.op(Op::Or, &[mask, below])
            }
            None if back == id => return Ok(narrow),
            None => mask,
        };
        let source = self.source;
        let typed = others.iter().find(|other| !self.is_weak(other.value)).map(|other| other.span);
        let fault = || {
            let wide = typed.map_or("i64(...)".to_string(), |span| call_text(source, from.name(), span));
            let help = format!("cast what it is combined with to a type that holds it, as in `{wide}`; or pass floats");
            Fault { kind: FaultKind::OutOfRange, span: x.span, call: String::new(), help }
        };
        Ok(self.emit.fault(mask, narrow, fault))
    }

    fn coerce_int(&mut self, c: i128, span: Span, to: DType, others: &[Operand]) -> Typed<NodeId> {
        let scalar: Option<Scalar> = match to {
            DType::Bool => Some((c != 0).into()),
            // Through f64, as NumPy converts a Python integer.
            DType::F32 => Some((c as f64 as f32).into()),
            DType::F64 => Some((c as f64).into()),
            _ => Scalar::from_int(to, c),
        };
        if let Some(scalar) = scalar {
            return Ok(self.emit.constant(scalar));
        }
        let wide = wider(to, c);
        let help = match others.iter().find(|x| self.type_of(x.value) == Type::Strong(to)) {
            _ if !DType::ALL.iter().any(|dtype| dtype.holds(c)) => {
                format!("no integer type holds it: as a float it is `{:e}`", c as f64)
            }
            Some(other) => format!("convert the other side to a wider type: `{}`", self.call_text(wide, other.span)),
            None => format!("convert to a wider type with `{wide}(...)`"),
        };
        error_with_help(format!("the integer {c} is out of range for {to}"), span, help)
    }

    /// A weak value with the type it has where nothing else gives it one: `i64` (`u64` beyond) or `f64`.
    pub fn settle(&mut self, x: Operand) -> Typed<NodeId> {
        let to = self.type_of(x.value).dtype();
        self.coerce(x, to, &[])
    }

    /// The value as a truth value: whether it is not 0.
    pub fn truth(&mut self, x: Operand) -> Typed<NodeId> {
        if let Value::Int(c) = x.value {
            return Ok(self.emit.constant(c != 0));
        }
        if let Value::Complex { parts, .. } = x.value {
            return Ok(self.complex_truth(parts));
        }
        let id = self.settle(x)?;
        Ok(self.emit.truth(id))
    }

    /// Whether a complex number is not 0.
    fn complex_truth(&mut self, z: Parts) -> NodeId {
        let (re, im) = (self.emit.truth(z.re), self.emit.truth(z.im));
        self.emit.op(Op::Or, &[re, im])
    }

    /// Whether a value is a number or a bool.
    pub fn kind_of(&self, value: Value) -> Kind {
        self.type_of(value).kind()
    }

    /// The text at a place, for a message; `x` where it is long.
    pub fn text(&self, span: Span) -> String {
        text(self.source, span)
    }

    /// The text at a place as the argument of a function.
    pub fn call_text(&self, function: &str, span: Span) -> String {
        call_text(self.source, function, span)
    }
}

/// The text at a place, for a message; `x` where it is long.
pub(crate) fn text(source: &str, span: Span) -> String {
    match source.get(span.range()).map(str::trim) {
        Some(text) if !text.is_empty() && text.len() <= 40 && !text.contains('\n') => excerpt(text),
        _ => "x".to_string(),
    }
}

/// The text at a place as the argument of a function.
pub(crate) fn call_text(source: &str, function: &str, span: Span) -> String {
    format!("{function}({})", text(source, span))
}

/// The name of the narrowest integer type that holds the integers of a type and this one; if there is none, of a wide one
/// that holds this one.
fn wider(dtype: DType, c: i128) -> &'static str {
    let holding = || DType::ALL.into_iter().filter(|to| to.holds(c));
    let both = holding().filter(|to| embeds(dtype, *to)).min_by_key(|to| (to.size(), to.is_signed()));
    both.or_else(|| holding().max_by_key(|to| to.size())).unwrap_or(DType::F64).name()
}
