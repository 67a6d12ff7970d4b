//! Texts with indices, at a call: views found, ranges solved, pieces run.
//!
//! Comes in: the pieces of a text, and arguments. Goes out: results, each computed by plain expressions over views. Always holds: a view lies
//! within what it is a view of; all boxes of a piece together are its result, each computed by the same tree, so a result does not
//! depend on how it was cut.
//!
//! | file     | what                                          |
//! |----------|-----------------------------------------------|
//! | `slab`   | arrays that are views; NumPy's slicing        |
//! | `find`   | operands before indices                       |
//! | `ranges` | how far indices run                           |
//! | `boxes`  | inside and borders                            |
//! | `within` | operands within a box                         |
//! | `access` | from accesses to views, within a box          |
//! | `strips` | what lies beyond an array's ends, copied out  |
//! | `memory` | what a call makes                             |
//! | `product` | products of matrices, for a library          |
//! | `run`    | piece after piece                             |
//! | `shown`  | what explanations say of a piece              |

mod access;
mod boxes;
mod find;
mod memory;
mod product;
mod ranges;
mod run;
mod shown;
mod slab;
mod strips;
mod within;

use std::sync::Arc;

use super::core::Core;
use super::options::Options;
use crate::error::CompileError;
use crate::plan::places::Places;
use crate::syntax::ast::{Literal, Node};
use crate::types::contract::Relaxed;
use crate::types::meaning::{Meaning, Resolved};
use crate::types::notation::{Notation, Piece, Source};

/// Forms of a piece that are kept, by what is outside.
const FORMS: usize = 32;

/// Pieces of more nodes have no other forms: what is outside is data, as where it is not known.
const LARGE: usize = 10_000;

/// A text with indices.
pub struct Pieces {
    parts: Vec<Part>,
    /// For each result of the text the piece, and which of its results.
    results: Vec<(u32, u32)>,
    /// Copies an array.
    copy: Core,
}

/// A piece with its compiled forms.
struct Part {
    piece: Piece,
    core: Core,
    /// Whether a later piece reads it.
    read: bool,
    /// The operands of which it is a product that a library may be given.
    product: Option<[usize; 2]>,
    /// For boxes where values of other kinds are known to be outside, or not.
    forms: Places<(Vec<Case>, Arc<Core>)>,
}

/// Whether a coordinate under `zero` or `fill` is outside in a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Case {
    Never,
    Always,
    Sometimes,
}

impl Pieces {
    /// The pieces of a text.
    pub fn new(notation: Notation, source: &Arc<str>, options: &Options) -> Result<Pieces, CompileError> {
        let mut read = vec![false; notation.pieces.len()];
        for operand in notation.pieces.iter().flat_map(|piece| &piece.operands) {
            if let Source::Piece(piece, _) = operand.source {
                read[piece as usize] = true;
            }
        }
        let part = |(at, piece): (usize, Piece)| Part {
            core: Core::of(source, options, piece.resolved.clone()),
            read: read[at],
            product: if options.relaxed == Some(Relaxed::Library) { product::product(&piece) } else { None },
            forms: Places::new(FORMS),
            piece,
        };
        let parts = notation.pieces.into_iter().enumerate().map(part).collect();
        Ok(Pieces { parts, results: notation.results, copy: Core::new("x", options)? })
    }
}

impl Part {
    /// Runs `f` with the form of the piece in which what is known to be outside is.
    fn form<R>(&self, cases: &[Case], options: &Options, f: impl FnOnce(&Core) -> R) -> R {
        if cases.iter().all(|&case| case == Case::Sometimes) || self.piece.resolved.ast.nodes.len() > LARGE {
            return f(&self.core);
        }
        let make = || {
            let core = Core::of(&self.core.source, options, self.known(cases));
            Ok::<_, std::convert::Infallible>((cases.to_vec(), Arc::new(core)))
        };
        match self.forms.find(|(of, _)| of == cases, make) {
            Ok(Ok((_, core))) => f(core),
            Ok(Err((_, core))) => f(&core),
            Err(never) => match never {},
        }
    }

    /// The tree with truth values for what is known.
    fn known(&self, cases: &[Case]) -> Resolved {
        let mut resolved = self.piece.resolved.clone();
        let mut cases = cases.iter().copied();
        // For each operand, what is known of it.
        let of = self.piece.operands.iter().map(|operand| match operand.source {
            Source::Outside(..) => cases.next().unwrap_or(Case::Sometimes),
            _ => Case::Sometimes,
        });
        let of: Vec<Case> = of.collect();
        for (node, meaning) in resolved.ast.nodes.iter_mut().zip(&mut resolved.meanings) {
            let Meaning::Free(operand) = *meaning else { continue };
            let case = of[operand as usize];
            if case != Case::Sometimes {
                *node = Node::Literal(Literal::Bool(case == Case::Always));
                *meaning = Meaning::Plain;
            }
        }
        resolved
    }
}
