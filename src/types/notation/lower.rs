//! From a tree with indices to pieces.
//!
//! A statement in index notation is a piece over the indices of its left side, in order; a reduction over indices is one over the last
//! axes of a tree with these axes more. What is cut (`(a*b)[1:]`) is cut at its arrays; what cannot be computed from parts of its arrays
//! (a reduction, a scan) is a piece of its own, whose result is cut. Always holds: loops with stacks of their own, no recursion; a
//! piece reads only pieces before it.

mod loops;

use std::collections::HashMap;

use smallvec::SmallVec;

use super::operand::{Index, Operands, Place};
use super::view::{Coordinate, Cut, Cuts, End, View};
use super::whole::{Affine, Reader, Whole};
use super::{Axis, Mode, Notation, Piece, Source};
use crate::diagnostic::{Diagnostic, excerpt};
use crate::error::{CompileError, CompileErrorKind};
use crate::ir::Fold;
use crate::syntax::ast::{self, Argument, Ast, BinaryOp, Literal, NameId, Node, NodeId, Span};
use crate::syntax::{Limits, copy, for_each_child, limits};
use crate::types::function::{Function, Reduction, Rule};
use crate::types::graph::Axes;
use crate::types::meaning::{Binds, Call, Meaning, Resolved};
use crate::types::value::{Typed, error, error_with_help, text};

/// Indices around an expression at most.
const INDICES: usize = 64;

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
    while let Some(request) = pieces.requests.get(done).cloned() {
        let mut lowering = Lowering::new(resolved, source, &mut pieces, &request);
        let roots = lowering.piece(&request).map_err(fail)?;
        if lowering.to.ast.nodes.len() > limits.nodes {
            let what = "too many operands and operators, once indices are put in";
            return Err(limits::exceeded(source, request.span(resolved), what, limits.nodes, "nodes"));
        }
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
fn has_indices(resolved: &Resolved) -> bool {
    let ast = &resolved.ast;
    let call = |call: &Call| !call.indices.is_empty() || matches!(call.function.rule, Rule::Roll | Rule::Diff);
    ast.nodes.iter().zip(&resolved.meanings).any(|(node, meaning)| {
        matches!(node, Node::Subscript(..)) || matches!(meaning, Meaning::Index(_)) || is_transpose(node, *meaning)
    }) || resolved.calls.iter().any(call)
}

/// Whether a node is `x.T`.
fn is_transpose(node: &Node, meaning: Meaning) -> bool {
    matches!(node, Node::Attribute(_, ast::Attribute::Named(_))) && meaning == Meaning::Plain
}

/// Whether each element of the result follows from the elements at its place.
fn is_elementwise(rule: Rule) -> bool {
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
struct Request {
    /// What it computes.
    nodes: Vec<NodeId>,
    /// The indices of its axes; none outside of index notation.
    indices: Option<SmallVec<[u32; 4]>>,
    name: Option<String>,
}

impl Request {
    fn span(&self, resolved: &Resolved) -> Span {
        let spans = self.nodes.iter().map(|&node| resolved.ast.span(node));
        spans.reduce(Span::to).unwrap_or_default()
    }
}

/// Which pieces there are, or will be.
struct Pieces<'a> {
    resolved: &'a Resolved,
    requests: Vec<Request>,
    /// For each node that is a piece, which.
    of: HashMap<NodeId, u32>,
    /// For each statement, its indices; none if it is not in index notation.
    statements: HashMap<NodeId, Option<SmallVec<[u32; 4]>>>,
    /// Whether there is a reduction, a scan or a cut at or below a node.
    heavy: Vec<bool>,
}

impl<'a> Pieces<'a> {
    fn new(resolved: &'a Resolved) -> Pieces<'a> {
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
    fn piece(&mut self, node: NodeId, name: Option<String>) -> u32 {
        let (of, requests, statements) = (&mut self.of, &mut self.requests, &self.statements);
        *of.entry(node).or_insert_with(|| {
            let indices = statements.get(&node).cloned().flatten();
            requests.push(Request { nodes: vec![node], indices, name });
            requests.len() as u32 - 1
        })
    }

    /// Asks for the results of the text.
    fn results(&mut self) -> Vec<(u32, u32)> {
        let resolved = self.resolved;
        let (mut plain, mut results) = (Vec::new(), Vec::new());
        let mut taken = Vec::new();
        for &node in &resolved.ast.results {
            let of = match resolved.meanings.get(node.0 as usize) {
                Some(Meaning::Assigned(value)) => *value,
                _ => node,
            };
            let indexed = self.statements.get(&of).is_some_and(Option::is_some);
            if indexed && !taken.contains(&of) {
                taken.push(of);
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
fn indices_of(resolved: &Resolved, nodes: std::ops::Range<usize>) -> Option<SmallVec<[u32; 4]>> {
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

type Site = (NodeId, Place);

enum Work {
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
struct Known {
    /// The indices that it follows, by their places in the scope.
    covers: u64,
    /// An operand with axes that it is made of.
    leaf: Option<u32>,
}

/// A piece that is being made.
struct Lowering<'a, 'p> {
    from: &'a Resolved,
    source: &'a str,
    pieces: &'p mut Pieces<'a>,
    to: Resolved,
    known: Vec<Known>,
    operands: Operands,
    axes: Vec<Axis>,
    made: HashMap<Site, NodeId>,
    /// The loops so far, by their numbers in the text and their places.
    loops: HashMap<(u32, Place), u32>,
    work: Vec<Work>,
}

impl<'a, 'p> Lowering<'a, 'p> {
    fn new(from: &'a Resolved, source: &'a str, pieces: &'p mut Pieces<'a>, request: &Request) -> Lowering<'a, 'p> {
        let ast = Ast {
            names: from.ast.names.clone(),
            texts: from.ast.texts.clone(),
            tuple: from.ast.tuple && request.nodes.len() > 1,
            ..Ast::default()
        };
        let to = Resolved { ast, ..Resolved::default() };
        let (known, operands, axes, made, loops, work) = Default::default();
        Lowering { from, source, pieces, to, known, operands, axes, made, loops, work }
    }

    /// Makes what is asked for.
    fn piece(&mut self, request: &Request) -> Typed<Vec<NodeId>> {
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
        if let (Some(&root), true) = (roots.first(), free > 0) {
            self.carry(root, 0..free)?;
        }
        Ok(roots)
    }

    /// The finished piece.
    fn finish(self, request: &Request, roots: Vec<NodeId>) -> Piece {
        let Lowering { from, source, mut to, operands, axes, .. } = self;
        to.ast.results = roots;
        to.free = operands.list.iter().map(|operand| text(source, operand.span)).collect();
        let free = request.indices.as_ref().map_or(0, |indices| indices.len());
        let (name, span) = (request.name.clone(), request.span(from));
        Piece { resolved: to, operands: operands.list, groups: operands.groups, axes, free, name, span }
    }

    /// A new axis for an index.
    fn index(&mut self, binder: u32, until: Option<NodeId>, scope: &[Index]) -> Typed<Index> {
        let Some(bound) = self.from.binders.get(binder as usize) else { return error("no index", Span::default()) };
        if scope.len() >= INDICES {
            return error("there are too many indices around this", bound.span);
        }
        let reader = Reader { resolved: self.from, axis: &|_| None };
        let until = until.map(|node| reader.whole(node)).transpose()?;
        let name = self.from.ast.name(bound.name).to_string();
        self.axes.push(Axis { name, until, span: bound.span });
        Ok(Index { binder, axis: self.axes.len() as u32 - 1 })
    }

    fn run(&mut self, site: Site) -> Typed<NodeId> {
        self.work.push(Work::Enter(site));
        while let Some(work) = self.work.pop() {
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
                    let id = self.push(Node::Binary(BinaryOp::Sub, last, first), span, Meaning::Plain, known);
                    self.made.insert(site, id);
                }
            }
        }
        Ok(self.made(site))
    }

    fn made(&self, site: Site) -> NodeId {
        self.made.get(&site).copied().unwrap_or(NodeId(0))
    }

    fn both(&self, x: NodeId, y: NodeId) -> Known {
        let (x, y) = (self.known[x.0 as usize], self.known[y.0 as usize]);
        Known { covers: x.covers | y.covers, leaf: x.leaf.or(y.leaf) }
    }

    /// A node of the piece.
    fn push(&mut self, node: Node, span: Span, meaning: Meaning, known: Known) -> NodeId {
        self.to.ast.nodes.push(node);
        self.to.ast.spans.push(span);
        self.to.meanings.push(meaning);
        self.known.push(known);
        NodeId(self.to.ast.nodes.len() as u32 - 1)
    }

    /// An operand as a node of the piece.
    fn operand(&mut self, source: Source, place: Place, number: bool, span: Span) -> NodeId {
        let at = self.operands.add(source, place, number, span);
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
    fn carry(&mut self, node: NodeId, axes: std::ops::Range<usize>) -> Typed<()> {
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
    fn enter(&mut self, site: Site) -> Typed<()> {
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
            (_, Meaning::Item(of, item)) => self.enter_item(site, of, item),
            (_, Meaning::Loop(of)) => self.enter_loop(site, of)?,
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
    fn assigned(&mut self, site: Site, value: NodeId) {
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
    fn separate(&mut self, site: Site, value: NodeId, number: bool) {
        let span = self.from.ast.span(site.0);
        let name = text(self.source, span);
        let piece = self.pieces.piece(value, Some(name));
        let made = self.operand(Source::Piece(piece, 0), site.1, number, span);
        self.made.insert(site, made);
    }

    fn call(&mut self, site: Site, call: &'a Call) -> Typed<()> {
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
    fn has_index(&self, id: NodeId) -> bool {
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
    fn build(&mut self, site: Site, inner: Place) {
        let from = self.from;
        let (id, _) = site;
        let meaning = from.meanings.get(id.0 as usize).copied().unwrap_or(Meaning::Plain);
        let mut known = Known::default();
        let mut note = |lowering: &Self, child: NodeId| {
            let child = lowering.known[lowering.made((child, inner)).0 as usize];
            known = Known { covers: known.covers | child.covers, leaf: known.leaf.or(child.leaf) };
        };
        let (meaning, made) = match (meaning, from.ast.node(id)) {
            (Meaning::Call(at), Node::Call { function, function_span, .. }) => {
                let call = &from.calls[at as usize];
                let args = call.args.iter().map(|&arg| self.made((arg, inner))).collect();
                let options = call.options.iter().map(|&(name, arg)| (name, self.made((arg, inner)))).collect();
                call.args.iter().for_each(|&arg| note(self, arg));
                let (function, function_span) = (*function, *function_span);
                let node = Node::Call { function, function_span, args: 0..0, method: false, indices: 0..0 };
                self.to.calls.push(Call { args, options, ..call.clone() });
                (Meaning::Call(self.to.calls.len() as u32 - 1), Some(node))
            }
            _ => {
                for_each_child(&from.ast, id, |child| note(self, child));
                (meaning, None)
            }
        };
        let new = match made {
            Some(node) => self.push(node, from.ast.span(id), meaning, known),
            None => {
                let mut ast = std::mem::take(&mut self.to.ast);
                let new = copy(&from.ast, id, &mut ast, |child| self.made((child, inner)));
                self.to.ast = ast;
                self.to.meanings.push(meaning);
                self.known.push(known);
                new
            }
        };
        self.made.insert(site, new);
    }

    /// The value of an index.
    fn index_value(&mut self, binder: u32, place: Place, span: Span) -> Typed<NodeId> {
        let found = self.operands.indices(place.scope).iter().rposition(|index| index.binder == binder);
        let Some(at) = found.filter(|_| place.chain == 0) else { return self.unbound(binder, span) };
        let axis = self.operands.indices(place.scope)[at].axis;
        let extent = self.operand(Source::Extent(axis), place, false, span);
        let known = self.known[extent.0 as usize];
        let position = self.of_library("index", &[extent], Axes::List(SmallVec::from_slice(&[at as i32])), span, known);
        let low = self.operand(Source::Low(axis), Place::default(), true, span);
        Ok(self.push(Node::Binary(BinaryOp::Add, position, low), span, Meaning::Plain, known))
    }

    /// A call of a function of the library.
    fn of_library(&mut self, name: &str, args: &[NodeId], axes: Axes, span: Span, known: Known) -> NodeId {
        let Some(function) = Function::from_name(name) else { return args.first().copied().unwrap_or(NodeId(0)) };
        self.to.calls.push(Call {
            function,
            args: SmallVec::from_slice(args),
            options: SmallVec::new(),
            axes,
            keepdims: false,
            ddof: 0,
            dtype: None,
            equal_nan: false,
            indices: SmallVec::new(),
        });
        let meaning = Meaning::Call(self.to.calls.len() as u32 - 1);
        let node = Node::Call { function: NameId(0), function_span: span, args: 0..0, method: false, indices: 0..0 };
        self.push(node, span, meaning, known)
    }

    fn unbound<T>(&self, binder: u32, span: Span) -> Typed<T> {
        let Some(bound) = self.from.binders.get(binder as usize) else { return error("no index", span) };
        let name = excerpt(self.from.ast.name(bound.name));
        let help = match bound.binds {
            Binds::Reduction => "it has a meaning within the brackets of its reduction alone".to_string(),
            _ => format!("reductions in index notation name what they run over: `sum[{name}](...)`"),
        };
        error_with_help(format!("the index `{name}` has no meaning here"), span, help)
    }

    fn enter_reduction(&mut self, site: Site, call: &Call) -> Typed<()> {
        let (id, place) = site;
        let span = self.from.ast.span(id);
        if place.scope == 0 || place.chain != 0 {
            return self.no_part(span);
        }
        let mut scope = self.operands.indices(place.scope).to_vec();
        let Node::Call { indices, .. } = self.from.ast.node(id) else { return Ok(()) };
        let coordinates = self.from.ast.coordinates(indices);
        for (&binder, coordinate) in call.indices.iter().zip(coordinates) {
            let until = if let ast::Coordinate::Slice([_, until, _], _) = coordinate { *until } else { None };
            let index = self.index(binder, until, &scope)?;
            scope.push(index);
        }
        let inner = Place { scope: self.operands.scope(scope), chain: 0 };
        self.work.push(Work::Reduce(site, inner));
        self.work.extend(call.options.iter().map(|&(_, arg)| Work::Enter((arg, place))));
        self.work.extend(call.args.first().map(|&arg| Work::Enter((arg, inner))));
        Ok(())
    }

    /// A reduction over the last axes of its operand.
    fn reduce(&mut self, site: Site, inner: Place) -> Typed<()> {
        let (id, place) = site;
        let Meaning::Call(at) = self.from.meanings[id.0 as usize] else { return Ok(()) };
        let call = &self.from.calls[at as usize];
        let Some(&operand) = call.args.first() else { return Ok(()) };
        let operand = self.made((operand, inner));
        let (outer, all) = (self.operands.indices(place.scope).len(), self.operands.indices(inner.scope).len());
        self.carry(operand, outer..all)?;
        let own = self.known[operand.0 as usize];
        let known = Known { covers: own.covers & ((1 << outer) - 1), ..own };
        let options = call.options.iter().map(|&(name, arg)| (name, self.made((arg, place)))).collect();
        let axes = Axes::List((outer..all).map(|axis| axis as i32).collect());
        let (args, indices) = (SmallVec::from_slice(&[operand]), SmallVec::new());
        self.to.calls.push(Call { args, options, axes, indices, ..call.clone() });
        let meaning = Meaning::Call(self.to.calls.len() as u32 - 1);
        let span = self.from.ast.span(id);
        let node = Node::Call { function: NameId(0), function_span: span, args: 0..0, method: false, indices: 0..0 };
        let mut made = self.push(node, span, meaning, known);
        // Where the best element is, is a number of its index.
        let place_of = matches!(call.function.rule, Rule::Reduce(Reduction::Fold(Fold::ArgMin | Fold::ArgMax)));
        if place_of && all == outer + 1 {
            let axis = self.operands.indices(inner.scope)[outer].axis;
            let low = self.operand(Source::Low(axis), Place::default(), true, span);
            made = self.push(Node::Binary(BinaryOp::Add, made, low), span, Meaning::Plain, known);
        }
        self.made.insert(site, made);
        Ok(())
    }

    fn no_part<T>(&self, span: Span) -> Typed<T> {
        error_with_help(
            "this is a single number at each point: it has no parts",
            span,
            "all coordinates stand between one pair of brackets: `a[i, j]`",
        )
    }

    /// What stands between brackets behind a value: cuts, or an access by indices.
    fn subscript(&mut self, site: Site, of: NodeId, coordinates: &[ast::Coordinate]) -> Typed<()> {
        let (id, place) = site;
        let span = self.from.ast.span(id);
        let mut access = Vec::new();
        let mut values = Vec::new();
        let mut indexed = false;
        for coordinate in coordinates {
            let ast::Coordinate::Value(node) = *coordinate else { continue };
            if let Node::Literal(Literal::None) = self.from.ast.node(node) {
                continue;
            }
            let (coordinate, value) = self.coordinate(node, place)?;
            indexed |= coordinate.mode.is_some() || !coordinate.at.terms.is_empty();
            if let Some(mode) = coordinate.mode.filter(|mode| mode.replaces()) {
                if mode == Mode::Fill && value.is_none() {
                    return error_with_help(
                        "`fill` takes a coordinate and a value",
                        span,
                        "write `a[fill(i - 1, 0.5)]`",
                    );
                }
                values.push((access.len() as u32, value));
            }
            access.push(coordinate);
        }
        if !indexed {
            let cuts = self.cuts(coordinates, span)?;
            let inner = self.operands.before(View::Cut(cuts), place, span);
            self.work.extend([Work::Alias(site, (of, inner)), Work::Enter((of, inner))]);
            return Ok(());
        }
        if place.chain != 0 {
            return self.no_part(span);
        }
        if access.len() != coordinates.len() {
            return error_with_help(
                "a slice stands among indices",
                span,
                "in index notation each coordinate is a number: an index, or a whole number; for a slice of a slice write `a[1:][i]`, for a number alone `n + 0`",
            );
        }
        if place.scope == 0 {
            return error_with_help(
                "a mode has a meaning in index notation alone",
                span,
                "as in `v[i] = u[clamp(i - 1)]`",
            );
        }
        let inner = self.operands.before(View::Access(access), place, span);
        if values.is_empty() {
            self.work.extend([Work::Alias(site, (of, inner)), Work::Enter((of, inner))]);
            return Ok(());
        }
        let nodes: Vec<NodeId> = values.iter().filter_map(|&(_, value)| value).collect();
        self.work.push(Work::Fill(site, (of, inner), values));
        self.work.extend(nodes.into_iter().map(|value| Work::Enter((value, place))));
        self.work.push(Work::Enter((of, inner)));
        Ok(())
    }

    /// A coordinate, and what there is outside.
    fn coordinate(&self, node: NodeId, place: Place) -> Typed<(Coordinate, Option<NodeId>)> {
        let from = self.from;
        let scope = self.operands.indices(place.scope);
        let axis = |binder: u32| scope.iter().rev().find(|index| index.binder == binder).map(|index| index.axis);
        let reader = Reader { resolved: from, axis: &axis };
        let span = from.ast.span(node);
        let static_ = from.meanings.get(node.0 as usize) == Some(&Meaning::Static);
        if let (true, Node::Call { function, args, .. }) = (static_, from.ast.node(node)) {
            let args = from.ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
            let mode = Mode::from_name(from.ast.name(*function));
            let most = if mode == Some(Mode::Fill) { 2 } else { 1 };
            let Some(first) = args.first().filter(|_| args.len() <= most) else {
                let name = from.ast.name(*function);
                let help =
                    if most == 2 { "write `a[fill(i - 1, 0.5)]`".into() } else { format!("write `a[{name}(i - 1)]`") };
                return error_with_help(format!("`{name}` takes a coordinate"), span, help);
            };
            let value = args.get(1).map(|argument: &Argument| argument.value);
            return Ok((Coordinate { at: reader.affine(first.value)?, mode, span }, value));
        }
        Ok((Coordinate { at: reader.affine(node)?, mode: None, span }, None))
    }

    /// NumPy's slicing.
    fn cuts(&self, coordinates: &[ast::Coordinate], span: Span) -> Typed<Cuts> {
        let reader = Reader { resolved: self.from, axis: &|_| None };
        let mut cuts = Vec::new();
        let mut ellipsis = false;
        for coordinate in coordinates {
            cuts.push(match *coordinate {
                ast::Coordinate::Ellipsis(place) => {
                    if std::mem::replace(&mut ellipsis, true) {
                        return error("`...` stands once", place);
                    }
                    Cut::Ellipsis
                }
                ast::Coordinate::Value(node) => match self.from.ast.node(node) {
                    Node::Literal(Literal::None) => Cut::New,
                    _ => Cut::At(reader.whole(node)?, self.from.ast.span(node)),
                },
                ast::Coordinate::Slice(nodes, place) => {
                    let mut bounds: [Option<Whole>; 3] = [None, None, None];
                    for (bound, node) in bounds.iter_mut().zip(nodes) {
                        let none = node.is_some_and(|node| *self.from.ast.node(node) == Node::Literal(Literal::None));
                        *bound = node.filter(|_| !none).map(|node| reader.whole(node)).transpose()?;
                    }
                    if bounds[2].as_ref().and_then(Whole::known) == Some(0) {
                        return error_with_help("the step of a slice is 0", place, "leave it out, or write `::-1`");
                    }
                    Cut::Slice(bounds, place)
                }
            });
        }
        Ok(Cuts { cuts, span })
    }

    /// An access with other values outside: of several coordinates the first that is outside decides.
    fn fill(&mut self, site: Site, of: Site, fills: &[(u32, Option<NodeId>)]) -> Typed<()> {
        let (id, place) = site;
        let span = self.from.ast.span(id);
        let mut made = self.made(of);
        let Some(leaf) = self.known[made.0 as usize].leaf else { return error("no array is read here", span) };
        for &(coordinate, value) in fills.iter().rev() {
            let value = match value {
                Some(value) => self.made((value, place)),
                None => self.push(Node::Literal(Literal::Int(0)), span, Meaning::Plain, Known::default()),
            };
            let outside = self.operand(Source::Outside(leaf, coordinate), place, false, span);
            let known = self.both(value, made);
            let node = Node::Conditional { then: value, condition: outside, otherwise: made };
            made = self.push(node, span, Meaning::Plain, known);
        }
        self.made.insert(site, made);
        Ok(())
    }
}

/// The axis of a call; none if it has none.
fn single_axis(call: &Call, span: Span) -> Typed<Option<i32>> {
    match &call.axes {
        Axes::All => Ok(None),
        Axes::List(list) if list.len() == 1 => Ok(list.first().copied()),
        Axes::List(_) => {
            error_with_help(format!("`{}` takes one axis", call.function.name), span, "call it once for each axis")
        }
    }
}
