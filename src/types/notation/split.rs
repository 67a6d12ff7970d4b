//! The pieces that a text has.
//!
//! A statement in index notation is a piece, and so is what must be computed before it can be cut; what the text returns in the plain notation is one piece together. Always holds: a
//! piece reads only pieces before it.

use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use super::lower::Lowering;
use super::{Notation, Piece, Source};
use crate::diagnostic::Diagnostic;
use crate::error::{CompileError, CompileErrorKind};
use crate::syntax::ast::{self, Node, NodeId, Span};
use crate::syntax::{Limits, for_each_child, limits};
use crate::types::function::Rule;
use crate::types::meaning::{Binds, Call, Meaning, Resolved};

/// Pieces of a text at most.
const PIECES: usize = 4096;

/// The pieces of a text; `None` if it has no indices.
pub fn lower(resolved: &Resolved, source: &str, limits: &Limits) -> Result<Option<Notation>, CompileError> {
    if !has_indices(resolved) {
        return Ok(None);
    }
    let fail = |diagnostic: Box<Diagnostic>| CompileError::new(CompileErrorKind::Type, *diagnostic, source);
    let mut pieces = Pieces::new(resolved);
    let results = pieces.results();
    let mut done = 0;
    let mut made = Vec::new();
    let mut left = limits.nodes;
    while let Some(request) = pieces.requests.get(done).cloned() {
        let mut lowering = Lowering::new(resolved, source, &mut pieces, &request, left);
        let roots = lowering.piece(&request).map_err(fail)?;
        if lowering.is_too_much() {
            let what = "too many operands and operators, once indices are put in";
            return Err(limits::exceeded(source, request.span(resolved), what, limits.nodes, "nodes"));
        }
        if done >= PIECES {
            let diagnostic = Diagnostic::new("there are too many arrays in this text", request.span(resolved))
                .with_help("compute some of them in a call of their own");
            return Err(CompileError::new(CompileErrorKind::Limit, diagnostic, source));
        }
        left = left.saturating_sub(lowering.to.ast.nodes.len() + lowering.operands.steps);
        made.push(lowering.finish(&request, roots));
        done += 1;
    }
    // What a piece reads has a lower id in the tree than the piece itself.
    let mut order: Vec<usize> = (0..made.len()).collect();
    order.sort_by_key(|&at| pieces.requests[at].nodes.last().map(|node| node.0));
    let mut places = vec![0; made.len()];
    order.iter().enumerate().for_each(|(place, &at)| places[at] = place as u32);
    let mut sorted: Vec<(u32, Piece)> = made.into_iter().enumerate().map(|(at, piece)| (places[at], piece)).collect();
    sorted.sort_by_key(|&(place, _)| place);
    let mut all: Vec<Piece> = sorted.into_iter().map(|(_, piece)| piece).collect();
    for operand in all.iter_mut().flat_map(|piece| &mut piece.operands) {
        if let Source::Piece(piece, _) = &mut operand.source {
            *piece = places[*piece as usize];
        }
    }
    let results = results.into_iter().map(|(piece, result)| (places[piece as usize], result)).collect();
    Ok(Some(Notation { pieces: all, results }))
}

/// Whether a text has anything that is lowered here.
pub(super) fn has_indices(resolved: &Resolved) -> bool {
    let ast = &resolved.ast;
    let call = |call: &Call| !call.indices.is_empty() || matches!(call.function.rule, Rule::Roll | Rule::Diff);
    ast.nodes.iter().zip(&resolved.meanings).any(|(node, meaning)| {
        matches!(node, Node::Subscript(..)) || matches!(meaning, Meaning::Index(_)) || is_transpose(node, *meaning)
    }) || resolved.calls.iter().any(call)
}

/// Whether a node is `x.T`.
pub(super) fn is_transpose(node: &Node, meaning: Meaning) -> bool {
    matches!(node, Node::Attribute(_, ast::Attribute::Named(_))) && meaning == Meaning::Plain
}

/// Whether each element of the result follows from the elements at its place.
pub(super) fn is_elementwise(rule: Rule) -> bool {
    !matches!(
        rule,
        Rule::Reduce(_)
            | Rule::NanReduce(_)
            | Rule::Scan(_)
            | Rule::Histogram
            | Rule::Bincount
            | Rule::Roll
            | Rule::Diff
            | Rule::Index
    )
}

/// A piece that is asked for.
#[derive(Clone)]
pub(super) struct Request {
    /// What it computes.
    pub(super) nodes: Vec<NodeId>,
    /// The indices of its axes; none outside of index notation.
    pub(super) indices: Option<SmallVec<[u32; 4]>>,
    pub(super) name: Option<String>,
}

impl Request {
    pub(super) fn span(&self, resolved: &Resolved) -> Span {
        let spans = self.nodes.iter().map(|&node| resolved.ast.span(node));
        spans.reduce(Span::to).unwrap_or_default()
    }
}

/// Which pieces there are, or will be.
pub(super) struct Pieces<'a> {
    pub(super) resolved: &'a Resolved,
    pub(super) requests: Vec<Request>,
    /// For each node that is a piece, which.
    pub(super) of: HashMap<NodeId, u32>,
    /// For each statement, its indices; none if it is not in index notation.
    pub(super) statements: HashMap<NodeId, Option<SmallVec<[u32; 4]>>>,
    /// Whether there is a reduction, a scan or a cut at or below a node.
    pub(super) heavy: Vec<bool>,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(resolved: &'a Resolved) -> Pieces<'a> {
        let ast = &resolved.ast;
        let mut heavy = vec![false; ast.nodes.len()];
        for at in 0..ast.nodes.len() {
            let mut own = match (&ast.nodes[at], resolved.meanings[at]) {
                (Node::Subscript(..), _) => true,
                (_, Meaning::Call(call)) => !is_elementwise(resolved.calls[call as usize].function.rule),
                (_, Meaning::Assigned(value) | Meaning::Item(value, _)) => heavy[value.0 as usize],
                (_, Meaning::Loop(of)) => {
                    let of = &resolved.loops[of as usize];
                    let scan = of.call.function.rule == Rule::ScanBy;
                    scan || heavy[of.next.0 as usize] || of.cond.is_some_and(|cond| heavy[cond.0 as usize])
                }
                _ => false,
            };
            for_each_child(ast, NodeId(at as u32), |child| own |= heavy[child.0 as usize]);
            heavy[at] = own;
        }
        let mut statements = HashMap::new();
        let mut begin = 0;
        let values = resolved.roots.iter().map(|root| (root.node, root.left.clone()));
        for (node, left) in values.chain(ast.results.iter().map(|&node| (node, None))) {
            let end = node.0 as usize + 1;
            // (A result may be the value of a statement itself.)
            if end > begin {
                let indices = left.or_else(|| indices_of(resolved, begin..end));
                statements.insert(node, indices);
                begin = end;
            }
        }
        Pieces { resolved, requests: Vec::new(), of: HashMap::new(), statements, heavy }
    }

    /// The piece that a node is.
    pub(super) fn piece(&mut self, node: NodeId, name: Option<String>) -> u32 {
        let (of, requests, statements) = (&mut self.of, &mut self.requests, &self.statements);
        *of.entry(node).or_insert_with(|| {
            let indices = statements.get(&node).cloned().flatten();
            requests.push(Request { nodes: vec![node], indices, name });
            requests.len() as u32 - 1
        })
    }

    /// Asks for the results of the text.
    pub(super) fn results(&mut self) -> Vec<(u32, u32)> {
        let resolved = self.resolved;
        let (mut plain, mut results) = (Vec::new(), Vec::new());
        let mut taken = HashSet::new();
        for &node in &resolved.ast.results {
            let is_indexed = |node: NodeId| self.statements.get(&node).is_some_and(Option::is_some);
            // (What a function is put in for is a value of its own statement.)
            let of = match resolved.meanings.get(node.0 as usize) {
                Some(Meaning::Assigned(value)) if !is_indexed(node) => *value,
                _ => node,
            };
            let indexed = is_indexed(of);
            if indexed && taken.insert(of) {
                results.push(Some((self.piece(of, None), 0)));
            } else {
                plain.push(node);
                results.push(None);
            }
        }
        let all = self.requests.len() as u32;
        if !plain.is_empty() {
            self.requests.push(Request { nodes: plain, indices: None, name: None });
        }
        let mut next = 0..;
        results.into_iter().map(|result| result.unwrap_or_else(|| (all, next.next().unwrap_or(0)))).collect()
    }
}

/// The indices of the result of a statement without a left side, if it is in index notation: in order of first appearance.
pub(super) fn indices_of(resolved: &Resolved, nodes: std::ops::Range<usize>) -> Option<SmallVec<[u32; 4]>> {
    let mut found: Vec<(u32, u32)> = Vec::new();
    let mut indexed = false;
    for at in nodes {
        match resolved.meanings[at] {
            Meaning::Index(binder) => {
                indexed = true;
                let start = resolved.ast.spans[at].start;
                if resolved.binders[binder as usize].binds == Binds::Alone {
                    match found.iter_mut().find(|(own, _)| *own == binder) {
                        Some((_, first)) => *first = start.min(*first),
                        None => found.push((binder, start)),
                    }
                }
            }
            Meaning::Call(call) => indexed |= !resolved.calls[call as usize].indices.is_empty(),
            _ => {}
        }
    }
    found.sort_by_key(|&(_, first)| first);
    indexed.then(|| found.into_iter().map(|(binder, _)| binder).collect())
}
