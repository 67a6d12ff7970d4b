//! Tuples, and loops over states.
//!
//! Comes in: nodes that stand for states, what is computed of them, and the call that runs this again and again. Goes out: a loop in the graph, or
//! its few steps one after another. Always holds: the states have the types of what they begin with, settled (a weak integer is `i64`, a
//! weak float has the float type of the other states, else `f64`); a state is a real number, or both parts of a complex one; results have
//! the shape of all that the loop reads.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Pass;
use crate::diagnostic::Span;
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::Op;
use crate::syntax::ast::{Node, NodeId};
use crate::types::function::Rule;
use crate::types::graph::{self, Body, Fault, FaultKind, NodeKind};
use crate::types::meaning::{Loop, Meaning};
use crate::types::promote::{Type, common};
use crate::types::value::{Operand, Parts, Typed, Value, error_with_help};

/// The items of a tuple, which all names for it have together.
pub(super) type Items = Arc<[Operand]>;

/// Components that the state of a loop has at most.
const STATES: usize = 64;
/// Steps that are written out at most where there is no condition, and nodes that come of it at most.
const UNROLLED: i128 = 8;
const COPIES: usize = 256;

/// A loop whose body is being walked.
pub(super) struct Open {
    /// Where what it does begins in the graph.
    mark: graph::NodeId,
    /// The type of each state, and of each element that a scan runs over.
    types: SmallVec<[DType; 4]>,
    /// What these are in the body.
    params: SmallVec<[Value; 4]>,
    /// What they are before it.
    starts: SmallVec<[graph::NodeId; 4]>,
}

/// The nodes of a value.
fn parts(value: Value) -> SmallVec<[graph::NodeId; 2]> {
    match value {
        Value::Node { id, .. } => SmallVec::from_slice(&[id]),
        Value::Complex { parts, .. } => SmallVec::from_slice(&[parts.re, parts.im]),
        Value::Int(_) | Value::Text(_) => SmallVec::new(),
    }
}

impl Pass<'_> {
    /// Notes the items of a node, if it is a tuple.
    pub(super) fn tuple(&mut self, id: NodeId, node: &Node, meaning: Meaning) -> Typed<bool> {
        let items = match (meaning, node) {
            (Meaning::Assigned(of), _) => self.tuples.get(&of).cloned(),
            (Meaning::Loop(of), _) if self.resolved.loops.get(of as usize).is_some_and(|of| self.is_tuple(of)) => {
                Some(self.end_loop(id, of)?)
            }
            (Meaning::Plain, Node::Tuple(items)) => {
                let items = self.ast.items_in(items).iter().map(|&item| self.operand(item));
                Some(items.collect::<Typed<Vec<Operand>>>()?.into())
            }
            _ => None,
        };
        let found = items.is_some();
        self.tuples.extend(items.map(|items| (id, items)));
        Ok(found)
    }

    fn is_tuple(&self, of: &Loop) -> bool {
        self.tuples.contains_key(&of.call.start)
    }

    /// An item of a tuple.
    pub(super) fn item(&self, id: NodeId, of: NodeId, item: u32) -> Typed<Value> {
        match self.tuples.get(&of).and_then(|items| items.get(item as usize)) {
            Some(item) => Ok(item.value),
            None => error_with_help("this has no such item", self.ast.span(id), "it is not a tuple of so many values"),
        }
    }

    /// The values of a node that may be a tuple.
    fn all(&self, id: NodeId) -> Typed<Items> {
        match self.tuples.get(&id) {
            Some(items) => Ok(items.clone()),
            None => Ok(Arc::new([self.operand(id)?])),
        }
    }

    /// What a loop passes from step to step; with the first one its body begins.
    pub(super) fn state(&mut self, of: u32, number: u32) -> Typed<Value> {
        if number == 0 {
            self.begin_loop(of)?;
        }
        let params = self.open.last().map(|open| &open.params);
        match params.and_then(|params| params.get(number as usize)) {
            Some(&value) => Ok(value),
            None => error_with_help("this loop has no such state", self.typer.emit.span, "each has one name"),
        }
    }

    fn begin_loop(&mut self, of: u32) -> Typed<()> {
        let Some(text) = self.resolved.loops.get(of as usize) else {
            return error_with_help("there is no such loop", self.typer.emit.span, "");
        };
        let mut starts = self.all(text.call.start)?.to_vec();
        let states = starts.len();
        if text.call.function.rule == Rule::ScanBy {
            starts.extend_from_slice(&self.all(text.call.over)?);
        }
        let types = self.state_types(&starts[..states])?;
        let inputs = starts[states..].iter().map(|x| self.typer.type_of(x.value).dtype());
        let types: SmallVec<[DType; 4]> = types.into_iter().chain(inputs).collect();
        let components: usize = types.iter().map(|ty| 1 + usize::from(ty.is_complex())).sum();
        if components > STATES {
            let message = format!("a loop has at most {STATES} states, a complex one counts as two");
            return error_with_help(message, self.ast.span(text.call.start), "split it into several loops");
        }
        let mut nodes = SmallVec::new();
        for (start, &ty) in starts.iter().zip(&types) {
            nodes.extend(self.as_type(*start, ty)?);
        }
        let emit = &mut self.typer.emit;
        let mark = emit.graph.mark();
        let mut param = |dtype| emit.graph.param(dtype, emit.span);
        let params = types.iter().map(|&ty| match ty.is_complex() {
            true => Value::Complex { parts: Parts { re: param(ty.part()), im: param(ty.part()) }, weak: false },
            false => Value::Node { id: param(ty), weak: false },
        });
        let params = params.collect();
        self.open.push(Open { mark, types, params, starts: nodes });
        Ok(())
    }

    /// The types of states that begin so.
    fn state_types(&self, starts: &[Operand]) -> Typed<SmallVec<[DType; 4]>> {
        let types: SmallVec<[Type; 4]> = starts.iter().map(|x| self.typer.type_of(x.value)).collect();
        let strong = types.iter().filter_map(|ty| match ty {
            Type::Strong(dtype) if dtype.is_float() || dtype.is_complex() => Some(dtype.part()),
            _ => None,
        });
        let float = strong.reduce(crate::types::promote::promote).unwrap_or(DType::F64);
        let each = types.iter().zip(starts).map(|(ty, x)| match ty {
            Type::Text => error_with_help("a state is a number, not a string", x.span, "begin with a number"),
            Type::WeakFloat => Ok(float),
            Type::WeakComplex => Ok(if float == DType::F32 { DType::C64 } else { DType::C128 }),
            ty => Ok(ty.dtype()),
        });
        each.collect()
    }

    /// The nodes of a value as this type, which it fits.
    fn as_type(&mut self, x: Operand, ty: DType) -> Typed<SmallVec<[graph::NodeId; 2]>> {
        if ty.is_complex() {
            let Parts { re, im } = self.typer.coerce_complex(x, ty)?;
            return Ok(SmallVec::from_slice(&[re, im]));
        }
        Ok(SmallVec::from_slice(&[self.typer.coerce(x, ty, &[])?]))
    }

    /// The states with which a loop ends, whose body has been walked.
    pub(super) fn end_loop(&mut self, id: NodeId, of: u32) -> Typed<Items> {
        let (Some(text), Some(open)) = (self.resolved.loops.get(of as usize), self.open.pop()) else {
            return error_with_help("there is no such loop", self.ast.span(id), "");
        };
        let given = self.all(text.next)?;
        let mut next = SmallVec::<[graph::NodeId; 4]>::new();
        for (number, (x, &ty)) in given.iter().zip(&open.types).enumerate() {
            self.check_next(text, number, *x, ty)?;
            next.extend(self.as_type(*x, ty)?);
        }
        let cond = text.cond.map(|cond| self.condition(cond)).transpose()?;
        let params: Vec<graph::NodeId> = open.params.iter().flat_map(|&value| parts(value)).collect();
        let graph = &mut self.typer.emit.graph;
        let (body, captured) = match graph.take_body(open.mark, &params, (&next, cond)) {
            Ok(taken) => taken,
            Err(node) => return self.no_element(text, node),
        };
        let states = next.len();
        let span = self.ast.span(id);
        let results = if text.call.function.rule == Rule::ScanBy {
            let args: Vec<_> = open.starts.iter().chain(&captured).copied().collect();
            let along = (text.call.axis, text.call.reverse);
            self.typer.emit.graph.scan_by(Arc::new(body), &args, along, span)
        } else {
            self.run(text, body, (&open.starts, &captured), span)?
        };
        let mut results = results.into_iter().take(states);
        let mut result = || results.next().unwrap_or(graph::NodeId(0));
        let values = open.types.iter().take(given.len()).map(|ty| match ty.is_complex() {
            true => Value::Complex { parts: Parts { re: result(), im: result() }, weak: false },
            false => Value::Node { id: result(), weak: false },
        });
        Ok(values.map(|value| Operand { value, span }).collect())
    }

    /// The states after so many steps as the call says.
    fn run(
        &mut self,
        text: &Loop,
        body: Body,
        (starts, captured): (&[graph::NodeId], &[graph::NodeId]),
        span: Span,
    ) -> Typed<Vec<graph::NodeId>> {
        let over = self.operand(text.call.over)?;
        if let (None, Value::Int(steps @ 1..=UNROLLED)) = (text.cond, over.value)
            && body.graph.nodes.len() * steps as usize <= COPIES
        {
            let all = [starts, captured].concat();
            let mut states = starts.to_vec();
            for _ in 0..steps {
                states.extend_from_slice(captured);
                states = self.typer.emit.graph.step(&body, &states);
            }
            return Ok(states.into_iter().map(|state| self.in_shape(state, &all)).collect());
        }
        let max = self.steps(text, over)?;
        let args = [starts, &[max], captured].concat();
        Ok(self.typer.emit.graph.iterate(Arc::new(body), &args, span))
    }

    /// A value in the shape of all of these.
    fn in_shape(&mut self, mut x: graph::NodeId, of: &[graph::NodeId]) -> graph::NodeId {
        for &other in of {
            if other != x && self.typer.emit.as_const(other).is_none() {
                let mask = self.typer.emit.op(Op::Eq, &[other, other]);
                x = self.typer.emit.select(mask, x, x);
            }
        }
        x
    }

    /// How many steps a loop does at most, as an `i64`: of an array at each point its own.
    fn steps(&mut self, text: &Loop, x: Operand) -> Typed<graph::NodeId> {
        let limit = i64::try_from(self.typer.typing.limits.iterations).unwrap_or(i64::MAX);
        let name = text.call.function.params.last().copied().unwrap_or_default();
        let what = "as in `100`, or as an argument";
        let ty = self.typer.type_of(x.value);
        let id = match (x.value, ty) {
            (Value::Int(steps), _) if steps > limit.into() => {
                let message = format!("{steps} steps of a loop, the limit is {limit}");
                return error_with_help(message, x.span, "if the text is trusted, raise `Limits::iterations`");
            }
            (Value::Int(steps), _) => return Ok(self.typer.emit.constant(steps.max(0) as i64)),
            (Value::Node { id, .. }, Type::WeakInt | Type::WeakUint) => id,
            (Value::Node { id, .. }, Type::Strong(dtype)) if dtype.is_int() => id,
            _ => return error_with_help(format!("`{name}` is a whole number, not {ty}"), x.span, what),
        };
        let emit = &mut self.typer.emit;
        let number = emit.convert(id, DType::I64);
        // (All others are numbers of this type, too.)
        let wide = if emit.dtype(id) == DType::U64 { id } else { number };
        let most = Scalar::from_int(emit.dtype(wide), limit.into());
        let most = emit.constant(most.unwrap_or_else(|| limit.into()));
        let mask = emit.op(Op::Gt, &[wide, most]);
        let none = emit.constant(0i64);
        let bounded = emit.select(mask, none, number);
        let help = format!("the limit is {limit}; if the call is trusted, raise `Limits::iterations`");
        let fault = || Fault { kind: FaultKind::Iterations, span: x.span, call: String::new(), help };
        Ok(emit.fault(mask, bounded, fault))
    }

    /// A condition must be one.
    fn condition(&mut self, cond: NodeId) -> Typed<graph::NodeId> {
        let x = self.operand(cond)?;
        let ty = self.typer.type_of(x.value);
        if ty.kind() != Kind::Bool {
            let message = format!("`cond` gives {ty}, and a loop goes on while it holds: a bool");
            let help = format!("write a comparison: `{} != 0`", self.typer.text(x.span));
            return error_with_help(message, x.span, help);
        }
        self.typer.truth(x)
    }

    /// A body that gives a wider type than the state has.
    fn check_next(&self, text: &Loop, number: usize, x: Operand, ty: DType) -> Typed<()> {
        let given = self.typer.type_of(x.value);
        if common([Type::Strong(ty), given]) == Type::Strong(ty) {
            return Ok(());
        }
        let scan = text.call.function.rule == Rule::ScanBy;
        let function = if scan { "f" } else { "body" };
        let start = self.tuples.get(&text.call.start);
        let state = match self.ast.node(NodeId(text.first.0 + number as u32)) {
            Node::Name(name) if !scan => format!("the state `{}`", crate::diagnostic::excerpt(self.ast.name(*name))),
            _ if start.is_some() => format!("the state of number {number}"),
            _ => "the state".to_string(),
        };
        let message = format!("`{function}` gives {given} for {state}, which begins as {ty}");
        let begins = start.and_then(|items| items.get(number)).map_or(self.ast.span(text.call.start), |item| item.span);
        let to = common([Type::Strong(ty), given]).dtype();
        let help = format!(
            "begin with the wider type: `{}` in `start`; or cast what `{function}` gives",
            self.typer.call_text(to.name(), begins)
        );
        error_with_help(message, x.span, help)
    }

    /// A body that needs more than the element at its place.
    fn no_element<T>(&self, text: &Loop, node: graph::NodeId) -> Typed<T> {
        let node = self.typer.emit.graph.node(node);
        let name = text.call.function.name;
        match node.kind {
            NodeKind::Loop { .. } | NodeKind::ScanWith { .. } => error_with_help(
                format!("this loop depends on the states of the `{name}` around it"),
                node.span,
                format!(
                    "loops are not nested, but for `repeat` of up to {UNROLLED} steps: let one loop have the states of both"
                ),
            ),
            _ => error_with_help(
                format!("a reduction within `{name}` cannot depend on its states: each point goes on by itself"),
                node.span,
                "reduce before the loop, or after it",
            ),
        }
    }
}
