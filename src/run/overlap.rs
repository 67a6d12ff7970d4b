//! From arguments to outputs, which may lie on arguments, or on each other.
//!
//! Comes in: arguments and outputs of any kind. Goes out: the results, as if they had been computed apart and then written, one
//! after the other. What lies apart is written directly, what is exactly an argument is updated in place, and what overlaps in any
//! other way is computed into the call's memory first.

use smallvec::SmallVec;

use super::bind::Bound;
use super::core::Core;
use super::error::EvalError;
use super::keep::Mode;
use super::out::Memories;
use super::threads::Threads;
use super::view::Strided;
use crate::plan::alias::{Alias, Footprint, alias};

/// How the outputs lie to the arguments and to each other.
fn relation(bound: &Bound, outputs: &[Strided]) -> Alias {
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
    /// Evaluates arguments into outputs; with `update` outputs are arguments too, exactly, and have the shapes of the results.
    #[inline]
    pub fn write(&self, bound: &Bound, memories: &Memories, update: bool, threads: &Threads) -> Result<(), EvalError> {
        let outputs = memories.views();
        // SAFETY: what is bound are arguments, which are readable, or the outputs themselves in an update; outputs are borrowed mutably
        // by `memories`, so they are writable, and apart from the rest unless they say that they may overlap.
        unsafe {
            match () {
                () if memories.overlap() => self.eval_overlapping(bound, &outputs, threads),
                () if update => self.write_as(Mode::Updated, bound, &outputs, threads),
                () => self.eval_into(bound, &outputs, threads),
            }
        }
    }

    /// Evaluates into arrays that may lie on inputs, and on each other.
    ///
    /// # Safety
    /// Inputs must be readable, outputs writable, at all their elements; each output's elements must be apart from each other.
    pub unsafe fn eval_overlapping(
        &self,
        bound: &Bound,
        outputs: &[Strided],
        threads: &Threads,
    ) -> Result<(), EvalError> {
        let mode = match relation(bound, outputs) {
            Alias::Apart => Mode::There,
            // One that is an input may still be larger than its result, and is written past the end of what has been read then.
            Alias::Same if self.fits(bound, outputs)? => Mode::Updated,
            Alias::Same | Alias::Overlapping => Mode::Overlapping,
        };
        // SAFETY: as the caller promises; outputs lie so.
        unsafe { self.write_as(mode, bound, outputs, threads) }
    }

    /// Whether outputs have the shapes of the results.
    fn fits(&self, bound: &Bound, outputs: &[Strided]) -> Result<bool, EvalError> {
        let results = self.outputs(bound)?;
        Ok(outputs.iter().zip(&results).all(|(out, (_, shape))| out.shape == shape.as_slice()))
    }
}
