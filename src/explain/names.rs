//! What things are called in the text.

use super::planned::Walk;
use crate::diagnostic::excerpt;
use crate::dtype::DType;
use crate::expr::core::Core;
use crate::ir::Role;
use crate::plan::program::Program;
use crate::plan::source::Source;
use crate::syntax::ast::Span;
use crate::types::graph::Word;

/// Finds the names of arrays and of places.
pub struct Names<'a> {
    pub core: &'a Core,
    pub program: &'a Program,
    /// Whether what the pass at hand writes is the result.
    pub results: bool,
}

impl Names<'_> {
    /// The text at a place, clipped.
    pub fn text(&self, span: Span) -> String {
        format!("`{}`", excerpt(self.core.source.get(span.range()).unwrap_or_default().trim()))
    }

    /// A place: column, or line and column.
    pub fn place(&self, span: Span) -> String {
        let before = self.core.source.get(..span.range().start).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
        if self.core.source.trim().contains('\n') {
            format!("line {line}, column {column}")
        } else {
            format!("column {column}")
        }
    }

    /// An array of a pass.
    pub fn walk(&self, walk: &Walk) -> String {
        match walk.spec.source {
            Some(Source::Input(input)) => {
                let input = &self.program.graph.inputs[input as usize];
                let name = excerpt(&self.core.names()[input.name as usize]);
                let part = match (input.part, input.word) {
                    (Some(part), _) => format!(".{}", part.name()),
                    (_, Some(Word { at })) => format!("[{at}..{}]", at + input.dtype.size()),
                    _ => String::new(),
                };
                format!("`{name}{part}`")
            }
            Some(Source::Temp { stage, part, .. }) => {
                let left = self.program.stages[stage as usize].leaves().get(part as usize);
                let span = left.map(|&node| self.program.graph.node(node).span);
                format!("what stage {stage} leaves for {}", span.map_or(String::new(), |span| self.text(span)))
            }
            Some(Source::Count(_)) => "a count".into(),
            Some(Source::Position) => "positions".into(),
            Some(Source::Index(_)) => "an index".into(),
            None if walk.spec.role == Role::In => "states".into(),
            None if self.results => "the result".into(),
            None => "for later stages".into(),
        }
    }

    /// The type of an array whose bytes lie in the other order than the machine's.
    pub fn swapped(&self, walk: &Walk) -> Option<DType> {
        let Some(Source::Input(input)) = walk.spec.source else { return None };
        self.program.graph.inputs[input as usize].swapped
    }

    /// Whether an array is a part of an array of complex numbers.
    pub fn is_part(&self, walk: &Walk) -> bool {
        match walk.spec.source {
            Some(Source::Input(input)) => self.program.graph.inputs[input as usize].part.is_some(),
            None => self.results && self.program.graph.results.iter().any(|dtype| dtype.is_complex()),
            _ => false,
        }
    }
}
