//! From a tree with indices to the tree of a piece.
//!
//! A statement in index notation is a tree over the indices of its left side, in order; a reduction over indices is one over the last
//! axes of a tree with these axes more (`reduction`). What is cut (`(a*b)[1:]`) is cut at its arrays (`subscript`); what cannot be computed from parts of its arrays
//! (a reduction, a scan) is a piece of its own, whose result is cut. Always holds: loops with stacks of their own, no recursion.

mod loops;

use std::collections::HashMap;

use super::operand::{Index, Operands, Place};
use super::split::{Pieces, Request, is_elementwise, is_transpose};
use super::view::{End, View};
use super::whole::{Affine, Reader};
use super::{Axis, Piece, Source};
use crate::diagnostic::excerpt;
use crate::syntax::ast::{Ast, Attribute, BinaryOp, Literal, NameId, Node, NodeId, Span, TextId};
use crate::syntax::{copy, for_each_child};
use crate::types::function::Rule;
use crate::types::graph::Axes;
use crate::types::meaning::{Call, Meaning, Resolved};
use crate::types::value::{Typed, error, error_with_help, text};

/// Indices of a piece at most, those of reductions beside each other too.
const AXES: usize = 1024;
/// Indices around an expression at most.
pub(super) const INDICES: usize = 64;

pub(super) type Site = (NodeId, Place);

pub(super) enum Work {
    Enter(Site),
    /// A copy of the node, whose children were read at a place.
    Build(Site, Place),
    /// The same as another.
    Alias(Site, Site),
    /// A reduction over indices, whose operand was read at a place.
    Reduce(Site, Place),
    /// An access with values outside: coordinates and these values.
    Fill(Site, Site, Vec<(u32, Option<NodeId>)>),
    /// The second less the first of what is twice the same, cut at its ends.
    Differ(Site, [Site; 2]),
    /// An item of a tuple.
    Item(Site, Site, u32),
    /// The states of a loop, by its number, at a place.
    BeginLoop(Place, u32),
    /// The call that runs it.
    EndLoop(Site, Place, u32),
}

/// What is known of a node of a piece.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    /// The indices that it follows, by their places in the scope.
    pub(super) covers: u64,
    /// An operand with axes that it is made of.
    pub(super) leaf: Option<u32>,
}

impl Known {
    /// What is known of a node made of both.
    pub(super) fn and(self, other: Known) -> Known {
        Known { covers: self.covers | other.covers, leaf: self.leaf.or(other.leaf) }
    }
}

/// A piece that is being made.
pub(super) struct Lowering<'a, 'p> {
    pub(super) from: &'a Resolved,
    pub(super) source: &'a str,
    pub(super) pieces: &'p mut Pieces<'a>,
    pub(super) to: Resolved,
    pub(super) known: Vec<Known>,
    pub(super) operands: Operands,
    pub(super) axes: Vec<Axis>,
    pub(super) made: HashMap<Site, NodeId>,
    /// The loops so far, by their numbers in the text and their places.
    pub(super) loops: HashMap<(u32, Place), u32>,
    pub(super) work: Vec<Work>,
    /// Nodes, and steps of views, at most.
    pub(super) most: usize,
}

impl<'a, 'p> Lowering<'a, 'p> {
    pub(super) fn new(
        from: &'a Resolved,
        source: &'a str,
        pieces: &'p mut Pieces<'a>,
        request: &Request,
        most: usize,
    ) -> Lowering<'a, 'p> {
        // (No name of the text is one of a piece, where operands have numbers.)
        let (names, tuple) = (vec![String::new()], from.ast.tuple && request.nodes.len() > 1);
        let ast = Ast { names, tuple, ..Ast::default() };
        let to = Resolved { ast, ..Resolved::default() };
        let (known, operands, axes, made, loops, work) = Default::default();
        Lowering { from, source, pieces, to, known, operands, axes, made, loops, work, most }
    }

    /// Makes what is asked for.
    pub(super) fn piece(&mut self, request: &Request) -> Typed<Vec<NodeId>> {
        let mut place = Place::default();
        if let Some(indices) = &request.indices {
            let mut scope = Vec::new();
            for &binder in indices {
                let until = self.from.binders[binder as usize].until;
                scope.push(self.index(binder, until, &scope)?);
            }
            place.scope = self.operands.scope(scope);
        }
        let mut roots = Vec::new();
        for &node in &request.nodes {
            let root = self.run((node, place))?;
            roots.push(root);
        }
        let free = request.indices.as_ref().map_or(0, |indices| indices.len());
        if let (Some(&root), true, false) = (roots.first(), free > 0, self.is_too_much()) {
            self.carry(root, 0..free)?;
        }
        Ok(roots)
    }

    /// The finished piece.
    pub(super) fn finish(self, request: &Request, roots: Vec<NodeId>) -> Piece {
        let Lowering { from, mut to, operands, axes, .. } = self;
        to.ast.results = roots;
        for node in &mut to.ast.nodes {
            match node {
                Node::Name(name) | Node::Call { function: name, .. } => *name = NameId(0),
                Node::Attribute(_, Attribute::Named(name)) => *name = NameId(0),
                Node::Literal(Literal::Text(text)) => {
                    to.ast.texts.push(from.ast.texts[text.0 as usize].clone());
                    *text = TextId(to.ast.texts.len() as u32 - 1);
                }
                _ => {}
            }
        }
        to.free = operands.list.iter().map(|operand| operand.name.clone()).collect();
        let free = request.indices.as_ref().map_or(0, |indices| indices.len());
        let (name, span) = (request.name.clone(), request.span(from));
        Piece { resolved: to, operands: operands.list, groups: operands.groups, axes, free, name, span }
    }

    /// A new axis for an index.
    pub(super) fn index(&mut self, binder: u32, until: Option<NodeId>, scope: &[Index]) -> Typed<Index> {
        let Some(bound) = self.from.binders.get(binder as usize) else { return error("no index", Span::default()) };
        if scope.len() >= INDICES || self.axes.len() >= AXES {
            return error("there are too many indices around this", bound.span);
        }
        let reader = Reader { resolved: self.from, axis: &|_| None };
        let until = until.map(|node| reader.whole(node)).transpose()?;
        let name = excerpt(self.from.ast.name(bound.name));
        self.axes.push(Axis { name, until, span: bound.span });
        Ok(Index { binder, axis: self.axes.len() as u32 - 1 })
    }

    pub(super) fn run(&mut self, site: Site) -> Typed<NodeId> {
        self.work.push(Work::Enter(site));
        while let Some(work) = self.work.pop() {
            // (Whoever asked refuses what is too much.)
            if self.is_too_much() {
                return Ok(NodeId(0));
            }
            match work {
                Work::Enter(site) => {
                    if !self.made.contains_key(&site) {
                        self.enter(site)?;
                    }
                }
                Work::Build(site, inner) => self.build(site, inner),
                Work::Alias(site, of) => {
                    let made = self.made(of);
                    self.made.insert(site, made);
                }
                Work::Reduce(site, inner) => self.reduce(site, inner)?,
                Work::Item(site, of, item) => self.item(site, of, item),
                Work::BeginLoop(inner, of) => self.begin_loop(inner, of),
                Work::EndLoop(site, inner, of) => self.end_loop(site, inner, of),
                Work::Fill(site, of, fills) => self.fill(site, of, &fills)?,
                Work::Differ(site, of) => {
                    let [first, last] = of.map(|of| self.made(of));
                    let known = self.both(first, last);
                    let span = self.from.ast.span(site.0);
                    let id = self.push(Node::Binary(BinaryOp::Sub, last, first), span, Meaning::Difference, known);
                    self.made.insert(site, id);
                }
            }
        }
        Ok(self.made(site))
    }

    /// Whether it has come to more nodes and steps of views than the limit allows.
    pub(super) fn is_too_much(&self) -> bool {
        self.to.ast.nodes.len() + self.operands.steps > self.most
    }

    pub(super) fn made(&self, site: Site) -> NodeId {
        self.made.get(&site).copied().unwrap_or(NodeId(0))
    }

    pub(super) fn both(&self, x: NodeId, y: NodeId) -> Known {
        self.known[x.0 as usize].and(self.known[y.0 as usize])
    }

    /// A node of the piece.
    pub(super) fn push(&mut self, node: Node, span: Span, meaning: Meaning, known: Known) -> NodeId {
        self.to.ast.nodes.push(node);
        self.to.ast.spans.push(span);
        self.to.meanings.push(meaning);
        self.known.push(known);
        NodeId(self.to.ast.nodes.len() as u32 - 1)
    }

    /// A call as a node of the piece.
    pub(super) fn push_call(&mut self, call: Call, span: Span, known: Known) -> NodeId {
        self.to.calls.push(call);
        self.push(called(span), span, Meaning::Call(self.to.calls.len() as u32 - 1), known)
    }

    /// An operand as a node of the piece.
    pub(super) fn operand(&mut self, source: Source, place: Place, number: bool, span: Span) -> NodeId {
        let name = match source {
            Source::Argument(argument) => self.from.free.get(argument as usize).cloned().unwrap_or_default(),
            Source::Outside(of, _) => {
                let of = self.operands.list.get(of as usize);
                of.map_or(String::new(), |of| format!("{}, outside", of.name))
            }
            _ => text(self.source, span),
        };
        let at = self.operands.add((source, name), place, number, (span, self.source));
        let operand = &self.operands.list[at as usize];
        let mut known = Known { covers: 0, leaf: (!operand.number).then_some(at) };
        let position = |axis: u32| operand.scope.iter().position(|&own| own == axis);
        let followed = |at: &Affine| at.terms.iter().filter_map(|&(axis, _)| position(axis)).collect::<Vec<_>>();
        match (&source, operand.views.last()) {
            (Source::Extent(axis), _) => known.covers |= position(*axis).map_or(0, |at| 1 << at),
            (_, Some(View::Access(all))) => {
                all.iter().flat_map(|c| followed(&c.at)).for_each(|at| known.covers |= 1 << at);
            }
            _ => {}
        }
        self.push(Node::Name(NameId(0)), span, Meaning::Free(at), known)
    }

    /// Sees to it that a node has all these axes of its scope: where it follows an index nowhere, an operand is as long as that.
    pub(super) fn carry(&mut self, node: NodeId, axes: std::ops::Range<usize>) -> Typed<()> {
        let Known { covers, leaf } = self.known[node.0 as usize];
        let mut missing = axes.filter(|at| covers >> at & 1 == 0);
        let Some(first) = missing.next() else { return Ok(()) };
        let Some(leaf) = leaf.map(|leaf| &mut self.operands.list[leaf as usize]) else {
            let span = self.to.ast.span(node);
            let help = "what stands there must read an array by indices, or be made of indices";
            return error_with_help("no array is read here by indices", span, help);
        };
        std::iter::once(first).chain(missing).for_each(|at| leaf.carries |= 1 << at);
        Ok(())
    }

    /// Begins a node at a place, or makes it.
    pub(super) fn enter(&mut self, site: Site) -> Typed<()> {
        let (id, place) = site;
        let from = self.from;
        let span = from.ast.span(id);
        let meaning = from.meanings.get(id.0 as usize).copied().unwrap_or(Meaning::Plain);
        let node = from.ast.node(id);
        match (node, meaning) {
            (Node::Literal(_), _) => self.build(site, place),
            (_, Meaning::Constant(_)) => {
                let made = self.push(Node::Name(NameId(0)), span, meaning, Known::default());
                self.made.insert(site, made);
            }
            (_, Meaning::Assigned(value)) => self.assigned(site, value),
            (_, Meaning::Item(of, item)) => self.enter_item(site, of, item)?,
            (_, Meaning::Loop(of)) => self.enter_loop(site, of)?,
            (_, Meaning::State(of, _)) => return self.no_state(site, of),
            (Node::Name(_), Meaning::Free(argument)) => {
                let number = place.scope != 0 && place.chain == 0;
                let made = self.operand(Source::Argument(argument), place, number, span);
                self.made.insert(site, made);
            }
            (Node::Name(_), Meaning::Index(binder)) => {
                let made = self.index_value(binder, place, span)?;
                self.made.insert(site, made);
            }
            (&Node::Attribute(of, _), _) if is_transpose(node, meaning) => {
                let inner = self.operands.before(View::Transposed, place, span);
                self.work.extend([Work::Alias(site, (of, inner)), Work::Enter((of, inner))]);
            }
            (Node::Subscript(of, coordinates), _) => self.subscript(site, *of, from.ast.coordinates(coordinates))?,
            (_, Meaning::Call(at)) => {
                let Some(call) = from.calls.get(at as usize) else { return error("no call", span) };
                self.call(site, call)?;
            }
            _ => {
                let inner = self.operands.inner(place, span);
                self.work.push(Work::Build(site, inner));
                let first = self.work.len();
                for_each_child(&from.ast, id, |child| self.work.push(Work::Enter((child, inner))));
                self.work[first..].reverse();
            }
        }
        Ok(())
    }

    /// What is assigned: a piece of its own if it is in index notation, or if it is more than numbers where a single one is needed.
    pub(super) fn assigned(&mut self, site: Site, value: NodeId) {
        let place = site.1;
        let bare = place.scope != 0 && place.chain == 0;
        let statement = self.pieces.statements.get(&value);
        let indexed = statement.is_some_and(Option::is_some);
        let heavy = self.pieces.heavy.get(value.0 as usize).copied().unwrap_or(false);
        if indexed || statement.is_some() && bare && heavy {
            return self.separate(site, value, bare);
        }
        self.work.extend([Work::Alias(site, (value, place)), Work::Enter((value, place))]);
    }

    /// Reads a node as the result of a piece of its own.
    pub(super) fn separate(&mut self, site: Site, value: NodeId, number: bool) {
        let span = self.from.ast.span(site.0);
        let name = text(self.source, span);
        let piece = self.pieces.piece(value, Some(name));
        let made = self.operand(Source::Piece(piece, 0), site.1, number, span);
        self.made.insert(site, made);
    }

    pub(super) fn call(&mut self, site: Site, call: &'a Call) -> Typed<()> {
        let (id, place) = site;
        let from = self.from;
        let span = from.ast.span(id);
        if !call.indices.is_empty() {
            return self.enter_reduction(site, call);
        }
        let operand = call.args.first().copied().unwrap_or(id);
        match call.function.rule {
            Rule::Roll => {
                let axis = single_axis(call, span)?;
                let shift = call.args.get(1).copied().unwrap_or(id);
                let shift = Reader { resolved: from, axis: &|_| None }.whole(shift)?;
                let inner = self.operands.before(View::Rolled(axis, shift), place, span);
                self.work.extend([Work::Alias(site, (operand, inner)), Work::Enter((operand, inner))]);
            }
            Rule::Diff => {
                let axis = single_axis(call, span)?.unwrap_or(-1);
                // All but the last element, and all but the first.
                let ends = [End::Last, End::First]
                    .map(|end| (operand, self.operands.before(View::Along(axis, end), place, span)));
                self.work.extend([Work::Differ(site, ends), Work::Enter(ends[1]), Work::Enter(ends[0])]);
            }
            rule if !is_elementwise(rule) && place != Place::default() => {
                if place.scope != 0 && self.has_index(id) {
                    let name = call.function.name;
                    let message = format!("`{name}` runs over no axes in index notation");
                    let help = format!("name the indices that it runs over: `{name}[k](...)`");
                    return error_with_help(message, span, help);
                }
                self.separate(site, id, place.scope != 0 && place.chain == 0);
            }
            _ => {
                let inner = self.operands.inner(place, span);
                self.work.push(Work::Build(site, inner));
                let args = call.args.iter().copied().chain(call.options.iter().map(|&(_, arg)| arg));
                let first = self.work.len();
                self.work.extend(args.map(|arg| Work::Enter((arg, inner))));
                self.work[first..].reverse();
            }
        }
        Ok(())
    }

    /// Whether an index stands in a call.
    pub(super) fn has_index(&self, id: NodeId) -> bool {
        let mut first = id;
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            first = first.min(next);
            for_each_child(&self.from.ast, next, |child| open.push(child));
        }
        let range = first.0 as usize..id.0 as usize;
        self.from.meanings.get(range).unwrap_or(&[]).iter().any(|meaning| matches!(meaning, Meaning::Index(_)))
    }

    /// A copy of a node.
    pub(super) fn build(&mut self, site: Site, inner: Place) {
        let from = self.from;
        let (id, _) = site;
        let meaning = from.meanings.get(id.0 as usize).copied().unwrap_or(Meaning::Plain);
        let mut known = Known::default();
        let mut note = |lowering: &Self, child: NodeId| {
            known = known.and(lowering.known[lowering.made((child, inner)).0 as usize]);
        };
        let new = if let Meaning::Call(at) = meaning {
            let call = &from.calls[at as usize];
            let args = call.args.iter().map(|&arg| self.made((arg, inner))).collect();
            let options = call.options.iter().map(|&(name, arg)| (name, self.made((arg, inner)))).collect();
            call.args.iter().for_each(|&arg| note(self, arg));
            self.push_call(Call { args, options, ..call.clone() }, from.ast.span(id), known)
        } else {
            for_each_child(&from.ast, id, |child| note(self, child));
            let mut ast = std::mem::take(&mut self.to.ast);
            let new = copy(&from.ast, id, &mut ast, |child| self.made((child, inner)));
            self.to.ast = ast;
            self.to.meanings.push(meaning);
            self.known.push(known);
            new
        };
        self.made.insert(site, new);
    }
}

/// The node of a call, of which the meaning says all.
pub(super) fn called(span: Span) -> Node {
    Node::Call { function: NameId(0), function_span: span, args: 0..0, method: false, indices: 0..0 }
}

/// The axis of a call; none if it has none.
pub(super) fn single_axis(call: &Call, span: Span) -> Typed<Option<i32>> {
    match &call.axes {
        Axes::All => Ok(None),
        Axes::List(list) if list.len() == 1 => Ok(list.first().copied()),
        Axes::List(_) => {
            error_with_help(format!("`{}` takes one axis", call.function.name), span, "call it once for each axis")
        }
    }
}
