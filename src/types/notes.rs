//! What typing a text has found, for `explain`.
//!
//! Comes in: the tree, and what each of its nodes is worth. Goes out: parts of the text that are computed once although they
//! stand there twice, and parts that are constants. Always holds: of nested parts the outermost alone is named.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::emit::Emit;
use super::graph::{NodeId, NodeKind};
use super::value::Value;
use crate::syntax::ast::{self, Ast, Span};

/// Parts of a kind that are named at most: a person does not read more.
const MOST: usize = 200;

/// What has been found.
#[derive(Debug, Default)]
pub struct Notes {
    /// Places of equal parts: the first, and another.
    pub shared: Vec<(Span, Span)>,
    /// Places of parts that are constants, and their values.
    pub constants: Vec<(Span, String)>,
}

impl Notes {
    /// `of_body` says of each node whether it is left out: it is of a function's body, for which the call stands.
    pub(super) fn new(ast: &Ast, values: &[Option<Value>], emit: &Emit, of_body: impl Iterator<Item = bool>) -> Notes {
        let mut notes = Notes::default();
        let mut first: HashMap<SmallVec<[NodeId; 2]>, Span> = HashMap::new();
        for (at, ((node, value), of_body)) in ast.nodes.iter().zip(values).zip(of_body).enumerate() {
            let span = ast.span(ast::NodeId(at as u32));
            let full = notes.shared.len().max(notes.constants.len()) >= MOST;
            let computed = is_computed(ast, node) && !of_body;
            let (Some(value), true, false) = (value, computed, full) else { continue };
            if let Some(constant) = constant(*value, emit) {
                notes.constants.retain(|(inner, _)| !holds(span, *inner));
                notes.constants.push((span, constant));
                continue;
            }
            let ids: SmallVec<[NodeId; 2]> = match *value {
                Value::Int(_) | Value::Text(_) => continue,
                Value::Node { id, .. } => SmallVec::from_slice(&[id]),
                Value::Complex { parts, .. } => SmallVec::from_slice(&[parts.re, parts.im]),
            };
            if ids.iter().all(|&id| matches!(emit.graph.node(id).kind, NodeKind::Input(_))) {
                continue;
            }
            let earlier = *first.entry(ids).or_insert(span);
            if !holds(span, earlier) {
                notes.shared.retain(|(_, inner)| !holds(span, *inner));
                notes.shared.push((earlier, span));
            }
        }
        notes
    }
}

/// Whether one place lies within another.
fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Whether a node is more than a name or a number, with or without signs.
fn is_computed<'a>(ast: &'a Ast, mut node: &'a ast::Node) -> bool {
    while let ast::Node::Unary(_, of) = node {
        node = ast.node(*of);
    }
    use ast::{Attribute, Node};
    !matches!(node, Node::Literal(_) | Node::Name(_) | Node::Tuple(_) | Node::Attribute(_, Attribute::Named(_)))
}

fn constant(value: Value, emit: &Emit) -> Option<String> {
    match value {
        Value::Int(c) => Some(c.to_string()),
        Value::Node { id, .. } => emit.as_const(id).map(|c| c.to_string()),
        Value::Complex { parts, .. } => {
            let (re, im) = (emit.as_const(parts.re)?, emit.as_const(parts.im)?);
            Some(format!("complex({re}, {im})"))
        }
        Value::Text(_) => None,
    }
}
