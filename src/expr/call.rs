//! From arguments to outputs, which may lie on arguments, or on each other.
//!
//! Comes in: arguments and outputs of any kind. Goes out: the results, as if they had been computed apart and then written, one
//! after the other. What lies apart is written directly, what is exactly an argument is updated in place, and what overlaps in any
//! other way is computed into the call's memory first.

#[cfg(feature = "files")]
use std::sync::Arc;

use smallvec::SmallVec;

use super::core::{Arguments, Call, Core, Typed};
use super::ended::begin;
use crate::array::out::Memories;
use crate::array::result::AnyArray;
#[cfg(feature = "files")]
use crate::array::view::ViewMut;
use crate::array::view::{Strided, Vouch};
use crate::error::eval::EvalError;
use crate::plan::alias::{Alias, Footprint, alias};
use crate::run::keep::Mode;
use crate::run::settings::{CallOptions, Settings};

/// How the outputs lie to the arguments and to each other.
pub(super) fn relation(bound: &Arguments, outputs: &[Strided]) -> Alias {
    let prints: SmallVec<[Footprint; 2]> = outputs.iter().map(Strided::footprint).collect();
    let mut worst = Alias::Apart;
    for (at, (out, print)) in outputs.iter().zip(&prints).enumerate() {
        for (_, input) in bound {
            worst = worst.max(alias(print, &input.footprint(), out.dtype == input.dtype));
        }
        if prints[..at].iter().any(|other| alias(print, other, false) != Alias::Apart) {
            return Alias::Overlapping;
        }
    }
    worst
}

impl Core {
    /// Evaluates arguments into new arrays.
    pub fn results(&self, bound: &Arguments, options: &CallOptions) -> Result<Vec<AnyArray>, EvalError> {
        let stop = begin(options)?;
        if let Some(pieces) = &self.pieces {
            return pieces.run(self, bound, self.settings(options, &stop), false).results();
        }
        // SAFETY: what is bound are arguments, which are readable while they are borrowed; new arrays are apart from them.
        let vouch = unsafe { Vouch::new() };
        self.eval(bound, self.settings(options, &stop), vouch)
    }

    /// The states of pieces of at most so many blocks, component by component.
    pub fn states(
        &self,
        typed: &Typed,
        bound: &Arguments,
        blocks: usize,
        settings: Settings,
    ) -> Result<Vec<AnyArray>, EvalError> {
        // SAFETY: as in `results`.
        let vouch = unsafe { Vouch::new() };
        self.eval_typed(typed, Mode::Partial(blocks), bound, settings, vouch)
    }

    /// Evaluates arguments into new arrays, with the typed form at hand.
    #[cfg(feature = "files")]
    pub fn new_of(&self, typed: &Typed, bound: &Arguments, options: &CallOptions) -> Result<Vec<AnyArray>, EvalError> {
        let stop = begin(options)?;
        // SAFETY: as in `results`.
        let vouch = unsafe { Vouch::new() };
        self.eval_typed(typed, Mode::New, bound, self.settings(options, &stop), vouch)
    }

    /// Evaluates arguments into arrays that nothing else uses, of the types and shapes of the results, with the typed form at hand.
    #[cfg(feature = "files")]
    pub fn put_typed(
        &self,
        typed: &Arc<Typed>,
        bound: &Arguments,
        outputs: &mut [ViewMut],
        options: &CallOptions,
    ) -> Result<(), EvalError> {
        let stop = begin(options)?;
        let settings = self.settings(options, &stop);
        let outputs: SmallVec<[Strided; 2]> = outputs.iter().map(|output| output.as_view().strided()).collect();
        // SAFETY: what is bound are arguments, which are readable while they are borrowed; outputs are borrowed mutably, each by itself.
        let vouch = unsafe { Vouch::new() };
        self.write_typed(typed, Call { mode: Mode::There, bound, outputs: &outputs, settings, vouch })
    }

    /// Evaluates arguments into outputs; with `update` outputs are arguments too, exactly, and have the shapes of the results.
    #[inline]
    pub fn put(
        &self,
        bound: &Arguments,
        memories: &Memories,
        update: bool,
        options: &CallOptions,
    ) -> Result<(), EvalError> {
        let (vouch, stop) = (vouch(memories), begin(options)?);
        let settings = self.settings(options, &stop);
        if self.pieces.is_some() {
            return self.put_pieces(bound, &memories.views(), (memories.overlap(), update), settings);
        }
        self.with_typed(bound, &[], |typed| {
            if let (Some(line), Some(output)) = (typed.line(self), memories.single())
                && let Some(done) = line.run(|at| bound[at].1, &output, settings, vouch)
            {
                return done.map(|_| ()).map_err(|failed| self.failed(typed, failed));
            }
            let outputs = memories.views();
            let mode = self.mode(bound, &outputs, memories.overlap(), update)?;
            self.write_typed(typed, Call { mode, bound, outputs: &outputs, settings, vouch })
        })?
    }

    /// How outputs lie to arguments. They `overlap` if they say that they may.
    pub fn mode(&self, bound: &Arguments, outputs: &[Strided], overlap: bool, update: bool) -> Result<Mode, EvalError> {
        if !overlap {
            return Ok(if update { Mode::Updated } else { Mode::There });
        }
        Ok(match relation(bound, outputs) {
            Alias::Apart => Mode::There,
            // An output that is an argument may be larger than its result: what is copied into the rest of it may be read.
            Alias::Same if self.fits(bound, outputs)? => Mode::Updated,
            Alias::Same | Alias::Overlapping => Mode::Overlapping,
        })
    }

    /// Whether outputs have the shapes of the results.
    fn fits(&self, bound: &Arguments, outputs: &[Strided]) -> Result<bool, EvalError> {
        let results = self.outputs(bound)?;
        Ok(outputs.iter().zip(&results).all(|(out, (_, shape))| out.shape == shape.as_slice()))
    }
}

/// The promise for a call of operands that are views of arguments, or of what the call has made, into parts of outputs or of new arrays.
#[inline]
pub fn pieces() -> Vouch {
    // SAFETY: views lie within what they are views of (`expr/pieces` sees to it), and that is readable while the call lasts: arguments
    // are borrowed, the rest is the call's own. Outputs are parts of those that are borrowed mutably, or new, and apart from all of these:
    // a call whose outputs may be arguments computes new arrays first.
    unsafe { Vouch::new() }
}

/// The promise for a call into these outputs of arguments that are borrowed, or are the outputs themselves.
#[inline]
pub fn vouch(_: &Memories) -> Vouch {
    // SAFETY: arguments are readable while they are borrowed; outputs are borrowed mutably by `Memories`, so they are writable, and
    // apart from the rest unless they say that they may overlap, which the mode of the call follows.
    unsafe { Vouch::new() }
}
