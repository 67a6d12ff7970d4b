//! Runs scans by functions.
//!
//! Comes in: a [`Recur`]: tasks, each of some points beside each other, from the first element to the last. Goes out: what its kernel
//! writes. Always holds: a point's states follow each other in order; those of a task lie in memory of its own.

use smallvec::SmallVec;

use super::combine::Tile;
use super::packing::fill;
use super::pass::Run;
use super::scratch::{Scratch, with_scratch};
use super::threads::Piece;
use super::tiles::{Caller, Parts};
use crate::jit::Compiled;
use crate::plan::schedule::{Begin, Recur, TileKernel};

impl Run<'_> {
    /// Runs a scan by a function.
    ///
    /// # Safety
    /// What the kernels read must be readable, and what they write writable, at all elements that the tasks reach; what is written must be
    /// apart from all else, except that an element may be read where it is written, before it is.
    pub unsafe fn recur(&self, recur: &Recur) {
        let caller = Caller::new(self, &recur.tiles, recur.states.iter().map(|dtype| dtype.size()).collect());
        let begin = recur.begin.iter().map(|begin| match begin {
            Begin::Number(_) => None,
            Begin::Copy(kernel) => Some(caller.runnable(kernel)),
        });
        let (begin, step) = (begin.collect(), caller.runnable(&recur.step));
        let several = recur.several.as_ref().map(|(kernel, times)| (kernel, caller.runnable(kernel), *times));
        let tasks = Tasks { recur, caller, begin, step, several };
        let work = |todo: Piece| {
            with_scratch(|scratch| {
                for chain in todo {
                    // SAFETY: as the caller promises; each task has points of its own.
                    unsafe { tasks.chain(chain, scratch) }
                }
            });
        };
        let tiles = &recur.tiles;
        self.share(tiles.chains(), tiles.piece * tiles.group, recur.parallel, &work);
    }
}

/// Scans by functions on certain memory, with what runs their kernels.
struct Tasks<'a> {
    recur: &'a Recur,
    caller: Caller<'a>,
    begin: SmallVec<[Option<&'a dyn Compiled>; 2]>,
    step: &'a dyn Compiled,
    /// For so many elements at a time.
    several: Option<(&'a TileKernel, &'a dyn Compiled, usize)>,
}

// SAFETY: whoever runs tasks promises (see `Run::recur`) that their memory may be used so from any thread; each writes elements of its own.
unsafe impl Sync for Tasks<'_> {}

impl Tasks<'_> {
    /// Some points, from their first to their last element.
    ///
    /// # Safety
    /// As for [`Run::recur`].
    unsafe fn chain(&self, chain: usize, scratch: &mut Scratch) {
        let (runs, tiles) = (self.caller.runs(chain), self.caller.tiles);
        let mut own = std::mem::take(&mut scratch.states);
        let mut at = own.reserve(self.recur.scratch());
        let part = |&dtype| {
            let part = at;
            at = at.wrapping_add(self.recur.room(dtype));
            part
        };
        let parts: Parts = self.recur.states.iter().map(part).collect();
        let tile = |elements: usize, first: usize| Tile {
            across: true,
            pitch: tiles.group,
            points: runs.points,
            elements,
            first,
        };
        for ((begin, code), &part) in self.recur.begin.iter().zip(&self.begin).zip(&parts) {
            // SAFETY: as the caller promises; there is room for a state of each point.
            unsafe {
                match (begin, code) {
                    (Begin::Number(number), _) => fill(part, *number, runs.points),
                    (Begin::Copy(kernel), Some(code)) => {
                        self.caller.call(kernel, (*code, None), (runs, tile(1, 0), &parts), scratch);
                    }
                    (Begin::Copy(_), None) => {}
                }
            }
        }
        let (_, length) = tiles.axes();
        for first in (0..length).step_by(tiles.step) {
            if self.caller.run.team.is_stopped() {
                break;
            }
            let (mut first, mut elements) = (first, tiles.step.min(length - first));
            if let Some((kernel, code, times)) = self.several
                && elements >= times
            {
                let whole = elements / times;
                // SAFETY: as the caller promises; the states are there. Each step reaches the elements of so many.
                unsafe { self.caller.call(kernel, (code, None), (runs, tile(whole, first), &parts), scratch) }
                (first, elements) = (first + whole * times, elements % times);
            }
            if elements > 0 {
                // SAFETY: as the caller promises; the states are there.
                unsafe {
                    self.caller.call(
                        &self.recur.step,
                        (self.step, None),
                        (runs, tile(elements, first), &parts),
                        scratch,
                    )
                }
            }
        }
        scratch.states = own;
    }
}
