//! The operands of a piece while it is made, each once.

use std::collections::HashMap;

use super::view::{End, View};
use super::{Operand, Source};
use crate::diagnostic::excerpt;
use crate::syntax::ast::Span;

/// The longest name of a view.
const NAME: usize = 40;

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
    /// How many steps the views of all operands have, and those that were applied: what they cost.
    pub steps: usize,
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
        self.steps += view.steps();
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

    /// The operand that an array of this name is at a place of the text.
    pub fn add(
        &mut self,
        (source, name): (Source, String),
        place: Place,
        number: bool,
        (span, text): (Span, &str),
    ) -> u32 {
        if let Some(&at) = self.seen.get(&(source, place, number)) {
            return at;
        }
        let at = self.list.len() as u32;
        let (mut views, mut chain, mut own, mut name) = (Vec::new(), place.chain, span, name);
        while let Some((view, rest, span)) = (chain as usize).checked_sub(1).and_then(|at| self.chains.get(at)) {
            match view {
                View::Broadcast(group) => self.groups[*group as usize].push((at, views.len() as u32)),
                _ if views.is_empty() => own = *span,
                _ => {}
            }
            name = named(name, view, text.get(span.range()).unwrap_or_default().trim());
            views.push(view.clone());
            chain = *rest;
        }
        let scope: Vec<u32> = self.indices(place.scope).iter().map(|index| index.axis).collect();
        self.steps += views.iter().map(View::steps).sum::<usize>();
        // What is read without coordinates is a single number at all points.
        let array = matches!(source, Source::Argument(_) | Source::Piece(..));
        let number = number || place.scope != 0 && array && !matches!(views.last(), Some(View::Access(_)));
        self.list.push(Operand { source, name, views, scope, number, carries: 0, span: own });
        self.seen.insert((source, place, number), at);
        at
    }
}

/// What a view of an array of this name is called, where this text stands for it: the text names a parameter, perhaps.
fn named(name: String, view: &View, text: &str) -> String {
    match view {
        View::Broadcast(_) => name,
        View::Cut(_) | View::Access(_) => match brackets(text) {
            Some(part) if name.len() + part.len() <= NAME => name + &excerpt(part),
            _ => name + "[...]",
        },
        View::Transposed => name + ".T",
        View::Along(axis, end) => {
            let part = match end {
                End::First => "1:",
                End::Last => ":-1",
            };
            match axis {
                0.. => format!("{name}[{}{part}]", ":, ".repeat(*axis as usize)),
                _ => format!("{name}[..., {part}{}]", ", :".repeat((-1 - axis) as usize)),
            }
        }
        View::Rolled(..) if text.len() <= NAME && text.starts_with(&format!("roll({name},")) => excerpt(text),
        View::Rolled(..) => format!("roll({name})"),
    }
}

/// The brackets with which a text ends, if it has one line.
fn brackets(text: &str) -> Option<&str> {
    if text.contains('\n') || !text.ends_with(']') {
        return None;
    }
    let mut open = 0usize;
    let begins = |&(_, c): &(usize, char)| {
        match c {
            ']' => open += 1,
            '[' => open -= 1,
            _ => {}
        }
        open == 0
    };
    text.char_indices().rev().find(begins).and_then(|(at, _)| text.get(at..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_at_the_end() {
        assert_eq!(brackets("(a*b)[1:]"), Some("[1:]"));
        assert_eq!(brackets("u[1:][wrap(a[0] + i)]"), Some("[wrap(a[0] + i)]"));
        for text in ["a", "a]", "a[1,\n2]", ""] {
            assert_eq!(brackets(text), None);
        }
    }

    #[test]
    fn parts_along_axes() {
        let name = |axis, end| named("a".into(), &View::Along(axis, end), "diff(m)");
        assert_eq!([name(0, End::First), name(1, End::Last)], ["a[1:]", "a[:, :-1]"]);
        assert_eq!([name(-1, End::First), name(-2, End::Last)], ["a[..., 1:]", "a[..., :-1, :]"]);
    }
}
