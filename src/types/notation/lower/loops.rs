//! Loops and tuples in pieces.
//!
//! A loop is copied with the nodes that stand for its states: these come first, then what is computed of them, then the call. Always holds: the
//! states of a loop lie one after another in a piece, as they do in the text.

use super::super::Source;
use super::super::operand::Place;
use super::{Known, Lowering, Site, Work, called};
use crate::syntax::ast::{NameId, Node, NodeId, Span};
use crate::types::function::Rule;
use crate::types::meaning::{Loop, Looping, Meaning};
use crate::types::value::{Typed, error, error_with_help};

impl Lowering<'_, '_> {
    /// An item of a tuple: of a piece of its own a result of that.
    pub(super) fn enter_item(&mut self, site: Site, of: NodeId, item: u32) -> Typed<()> {
        let place = site.1;
        let mut value = of;
        while let Some(&Meaning::Assigned(inner)) = self.from.meanings.get(value.0 as usize) {
            value = inner;
        }
        let indexed = self.pieces.statements.get(&value).is_some_and(Option::is_some);
        let span = self.from.ast.span(site.0);
        if !indexed && !self.is_scan(value, place, span)? {
            self.work.extend([Work::Item(site, (of, place), item), Work::Enter((of, place))]);
            return Ok(());
        }
        let piece = self.pieces.piece(value, Some(crate::types::value::text(self.source, span)));
        let number = place.scope != 0 && place.chain == 0;
        let made = self.operand(Source::Piece(piece, item), place, number, span);
        self.made.insert(site, made);
        Ok(())
    }

    /// Whether a node is a scan that is to be a piece of its own, read at a place.
    fn is_scan(&self, id: NodeId, place: Place, span: Span) -> Typed<bool> {
        let Some(&Meaning::Loop(at)) = self.from.meanings.get(id.0 as usize) else { return Ok(false) };
        let scan = self.from.loops.get(at as usize).is_some_and(|of| of.call.function.rule == Rule::ScanBy);
        let whole = self.pieces.statements.get(&id).is_some_and(Option::is_some);
        if scan && place.scope != 0 && (whole || self.has_index(id)) {
            return error_with_help(
                "`scan` runs over no axes in index notation",
                span,
                "scan in a statement of its own: `s = scan(...); D[i] = s[i]`",
            );
        }
        Ok(scan && place != Place::default())
    }

    pub(super) fn item(&mut self, site: Site, of: Site, item: u32) {
        let made = self.made(of);
        let known = self.known[made.0 as usize];
        let span = self.from.ast.span(site.0);
        let id = self.push(Node::Name(NameId(0)), span, Meaning::Item(made, item), known);
        self.made.insert(site, id);
    }

    /// Begins a call that runs a loop.
    pub(super) fn enter_loop(&mut self, site: Site, at: u32) -> Typed<()> {
        let (id, place) = site;
        let span = self.from.ast.span(id);
        let Some(of) = self.from.loops.get(at as usize) else { return error("no loop", span) };
        if self.is_scan(id, place, span)? {
            self.separate(site, id, place.scope != 0 && place.chain == 0);
            return Ok(());
        }
        let inner = self.operands.inner(place, span);
        // (What is queued last comes first.)
        self.work.extend([Work::EndLoop(site, inner, at), Work::Enter((of.next, inner))]);
        self.work.extend(of.cond.map(|cond| Work::Enter((cond, inner))));
        self.work.extend([
            Work::BeginLoop(inner, at),
            Work::Enter(self.over(of, inner)),
            Work::Enter((of.call.start, inner)),
        ]);
        Ok(())
    }

    /// A state where the loop has none: cut, or in what is computed for more than one point.
    pub(super) fn no_state(&self, (id, place): Site, of: u32) -> Typed<()> {
        let span = self.from.ast.span(id);
        if place.chain != 0 {
            let help = "cut what the loop begins with and reads, or what it gives";
            return error_with_help("a state is a single number at each point: it has no parts", span, help);
        }
        let name = self.from.loops.get(of as usize).map_or("", |of| of.call.function.name);
        let message = format!("a reduction within `{name}` cannot depend on its states: each point goes on by itself");
        error_with_help(message, span, "reduce before the loop, or after it")
    }

    /// How many steps there are is one number for all points; what a scan runs over is not.
    fn over(&self, of: &Loop, inner: Place) -> Site {
        let scan = of.call.function.rule == Rule::ScanBy;
        (of.call.over, if scan { inner } else { Place::default() })
    }

    /// The states of a loop, whose start has been made.
    pub(super) fn begin_loop(&mut self, inner: Place, at: u32) {
        let from = self.from;
        let Some(of) = from.loops.get(at as usize) else { return };
        let (start, over) = (self.made((of.call.start, inner)), self.made(self.over(of, inner)));
        let known = self.both(start, over);
        let number = self.to.loops.len() as u32;
        let first = NodeId(self.to.ast.nodes.len() as u32);
        let call = Looping { start, over, ..of.call.clone() };
        self.to.loops.push(Loop { call, first, counts: of.counts, next: first, cond: None });
        for state in 0..of.counts[0] + of.counts[1] {
            let old = NodeId(of.first.0 + state);
            let new = self.push(from.ast.node(old).clone(), from.ast.span(old), Meaning::State(number, state), known);
            self.made.insert((old, inner), new);
        }
        self.loops.insert((at, inner), number);
    }

    /// The call that runs a loop, once what it does has been made.
    pub(super) fn end_loop(&mut self, site: Site, inner: Place, at: u32) {
        let from = self.from;
        let Some(of) = from.loops.get(at as usize) else { return };
        let next = self.made((of.next, inner));
        let cond = of.cond.map(|cond| self.made((cond, inner)));
        let number = self.loops.get(&(at, inner)).copied().unwrap_or_default();
        let mut all: Vec<NodeId> = [Some(next), cond].into_iter().flatten().collect();
        if let Some(made) = self.to.loops.get_mut(number as usize) {
            (made.next, made.cond) = (next, cond);
            all.extend([made.call.start, made.call.over]);
        }
        let known = all.into_iter().fold(Known::default(), |all, id| all.and(self.known[id.0 as usize]));
        let span = from.ast.span(site.0);
        let id = self.push(called(span), span, Meaning::Loop(number), known);
        self.made.insert(site, id);
    }
}
