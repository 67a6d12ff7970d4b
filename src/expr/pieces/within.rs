//! The operands of a piece within a box.

use super::access::{self, intervals, reads, spread};
use super::boxes::Read;
use super::find::Found;
use super::ranges::{Range, Reach};
use super::run::{Run, State};
use super::slab::Slab;
use super::{Case, Part, strips};
use crate::diagnostic::Diagnostic;
use crate::dtype::DType;
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::expr::core::{Arguments, Bound};
use crate::syntax::ast::Span;
use crate::types::InputType;
use crate::types::notation::view::View;
use crate::types::notation::{Operand, Source};

impl Run<'_> {
    /// The operands of a piece within a box, and what is outside.
    pub(super) fn operands(
        &self,
        part: &Part,
        found: &Found,
        within: &[Range],
        state: &mut State,
    ) -> Result<Operands, EvalError> {
        let mut all = Operands(Vec::new(), Vec::new());
        for (operand, base) in part.piece.operands.iter().zip(&found.bases) {
            let reaches = &found.reaches[base.reaches.clone()];
            let slab = match operand.source {
                Source::Extent(axis) => spread(&base.slab, operand, |own| own == axis as usize, within),
                Source::Low(axis) => state.memory.number(within[axis as usize].0 as i64),
                Source::Outside(leaf, at) => {
                    let reach = found.bases[leaf as usize].reaches.start + at as usize;
                    let (slab, case) = self.outside(operand, &found.reaches[reach], within, state)?;
                    all.1.push(case);
                    slab
                }
                _ if reaches.is_empty() && !matches!(operand.views.last(), Some(View::Access(_))) => base.slab.clone(),
                _ => self.accessed(operand, (&base.slab, reaches), within, state)?,
            };
            all.0.push((base.ty, slab));
        }
        Ok(all)
    }

    /// Whether a coordinate is outside, at each of its places.
    fn outside(
        &self,
        operand: &Operand,
        reach: &Reach,
        within: &[Range],
        state: &mut State,
    ) -> Result<(Slab, Case), EvalError> {
        let memory = &mut state.memory;
        let Some(interval) = reach.between(within) else {
            return Ok((memory.bools(1, std::iter::once(false))?, Case::Never));
        };
        let reads = reads(std::slice::from_ref(reach), &[interval]);
        let case = match reads[0] {
            Read::Affine { .. } => Case::Never,
            Read::Outside => Case::Always,
            Read::Mixed => Case::Sometimes,
        };
        if case != Case::Sometimes || self.dry {
            return Ok((memory.bools(1, std::iter::once(case == Case::Always))?, case));
        }
        self.few(&[interval], operand.span)?;
        let strip = match self.seen {
            true => strips::unwritten(DType::Bool, &[interval]),
            false => strips::outside(memory, reach, interval)?,
        };
        let reach = std::slice::from_ref(reach);
        let view = access::view(&strip, operand, reach, &strips::shifted(reach, &[interval]), within);
        Ok((view.unwrap_or(strip), case))
    }

    /// Refuses what reaches so far beyond the ends that what is read there is more than the limit of elements.
    fn few(&self, intervals: &[Range], span: Span) -> Result<(), EvalError> {
        let most = self.core.options.limits.elements as i128;
        if strips::size(intervals).is_some_and(|n| n <= most) {
            return Ok(());
        }
        let message = "this reaches so far beyond the ends that there is no memory for what is read there";
        Err(self.shown(EvalErrorKind::Limit)(Box::new(Diagnostic::new(message, span))))
    }

    /// What an access reads within a box.
    fn accessed(
        &self,
        operand: &Operand,
        (array, reaches): (&Slab, &[Reach]),
        within: &[Range],
        state: &mut State,
    ) -> Result<Slab, EvalError> {
        let follows = |axis: usize| reaches.iter().any(|reach| reach.terms.iter().any(|&(own, _)| own == axis));
        let memory = &mut state.memory;
        if self.dry || reaches.iter().any(|reach| reach.is_empty(within)) {
            return Ok(spread(array, operand, follows, within));
        }
        let leaves = || {
            let diagnostic = Diagnostic::new("this access leaves its array", operand.span);
            self.shown(EvalErrorKind::Shape)(Box::new(diagnostic))
        };
        let intervals = intervals(reaches, within).ok_or_else(leaves)?;
        // (Whatever the solver said, and also where what is read is copied out.)
        let is_there = |reach: &Reach, (least, most): Range| least >= 0 && most < reach.extent;
        if reaches.iter().zip(&intervals).any(|(reach, &of)| reach.mode.is_none() && !is_there(reach, of)) {
            return Err(leaves());
        }
        let mut reads = reads(reaches, &intervals);
        if reads.contains(&Read::Outside) {
            let nothing = strips::nothing(memory, array.dtype)?;
            return Ok(spread(&nothing, operand, follows, within));
        }
        let mut strip = None;
        if reads.contains(&Read::Mixed) && !array.is_empty() {
            self.few(&intervals, operand.span)?;
            strip = Some(match self.seen {
                true => strips::unwritten(array.dtype, &intervals),
                false => strips::strip(self, memory, array, reaches, &intervals)?,
            });
            reads = strips::shifted(reaches, &intervals).into_vec();
        } else if array.is_empty() {
            let nothing = strips::nothing(memory, array.dtype)?;
            return Ok(spread(&nothing, operand, follows, within));
        }
        access::view(strip.as_ref().unwrap_or(array), operand, reaches, &reads, within).ok_or_else(leaves)
    }
}

/// Operands with their types, and what is outside.
pub(super) struct Operands(pub(super) Vec<(InputType, Slab)>, pub(super) Vec<Case>);

impl Operands {
    pub(super) fn with<R>(&self, f: impl FnOnce(&Arguments) -> R) -> R {
        let bound: Bound = self.0.iter().map(|(ty, slab)| (*ty, slab.strided())).collect();
        f(&bound)
    }
}
