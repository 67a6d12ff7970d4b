//! The operands of a piece while it is made, each once.

use std::collections::HashMap;

use super::view::View;
use super::{Operand, Source};
use crate::syntax::ast::Span;

/// Where an expression is read: under which indices, and through which views. Both are numbers of [`Operands`]' lists; 0 is none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Place {
    pub scope: u32,
    pub chain: u32,
}

/// An index of a scope: its binder, and the piece's axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Index {
    pub binder: u32,
    pub axis: u32,
}

/// The operands so far.
#[derive(Default)]
pub(super) struct Operands {
    pub list: Vec<Operand>,
    seen: HashMap<(Source, Place, bool), u32>,
    pub groups: Vec<Vec<(u32, u32)>>,
    /// How many views the operands have in all.
    pub views: usize,
    /// Views, each with those that are applied after it, and where it stands.
    chains: Vec<(View, u32, Span)>,
    /// Their numbers: equal views of one array are one operand, wherever they stand.
    numbers: HashMap<(View, u32), u32>,
    /// Indices around an expression, the outermost first.
    scopes: Vec<Vec<Index>>,
    of_indices: HashMap<Vec<Index>, u32>,
}

impl Operands {
    /// The place at which this view is applied before what is applied at `to`.
    pub fn before(&mut self, view: View, to: Place, span: Span) -> Place {
        let chains = &mut self.chains;
        let number = self.numbers.entry((view.anywhere(), to.chain)).or_insert_with(|| {
            chains.push((view, to.chain, span));
            chains.len() as u32
        });
        Place { chain: *number, ..to }
    }

    /// The view that is applied first.
    pub fn first(&self, place: Place) -> Option<&View> {
        let at = (place.chain as usize).checked_sub(1)?;
        self.chains.get(at).map(|(view, ..)| view)
    }

    /// A scope of these indices.
    pub fn scope(&mut self, indices: Vec<Index>) -> u32 {
        let scopes = &mut self.scopes;
        *self.of_indices.entry(indices).or_insert_with_key(|indices| {
            scopes.push(indices.clone());
            scopes.len() as u32
        })
    }

    /// The indices of a scope; none outside of index notation.
    pub fn indices(&self, scope: u32) -> &[Index] {
        (scope as usize).checked_sub(1).and_then(|at| self.scopes.get(at)).map_or(&[], Vec::as_slice)
    }

    /// The place for the operands of an elementwise operation: cut as what they broadcast to.
    pub fn inner(&mut self, place: Place, span: Span) -> Place {
        if matches!(self.first(place), None | Some(View::Broadcast(_))) {
            return place;
        }
        self.groups.push(Vec::new());
        self.before(View::Broadcast(self.groups.len() as u32 - 1), place, span)
    }

    /// The operand that an array is at a place.
    pub fn add(&mut self, source: Source, place: Place, number: bool, span: Span) -> u32 {
        if let Some(&at) = self.seen.get(&(source, place, number)) {
            return at;
        }
        let at = self.list.len() as u32;
        let (mut views, mut chain, mut own) = (Vec::new(), place.chain, span);
        while let Some((view, rest, span)) = (chain as usize).checked_sub(1).and_then(|at| self.chains.get(at)) {
            match view {
                View::Broadcast(group) => self.groups[*group as usize].push((at, views.len() as u32)),
                _ if views.is_empty() => own = *span,
                _ => {}
            }
            views.push(view.clone());
            chain = *rest;
        }
        let scope: Vec<u32> = self.indices(place.scope).iter().map(|index| index.axis).collect();
        self.views += views.len();
        // What is read without coordinates is a single number at all points.
        let array = matches!(source, Source::Argument(_) | Source::Piece(..));
        let number = number || place.scope != 0 && array && !matches!(views.last(), Some(View::Access(_)));
        self.list.push(Operand { source, views, scope, number, carries: 0, span: own });
        self.seen.insert((source, place, number), at);
        at
    }
}
