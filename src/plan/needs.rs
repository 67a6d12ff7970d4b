//! How many bytes a call takes.
//!
//! Comes in: a schedule. Goes out: what its new results, what lies between its steps, and what its threads need beside that come to, before
//! anything is computed. What does not grow with the arrays (code, registers of the interpreter, a few kilobytes for each thread) is not counted.

use super::count::{BYTES, FEW, SHARED, SIDES};
use super::rearrange::pitch;
use super::schedule::{BLOCK, Counting, Fold, Loop, PART, Pass, Reach, Recur, ResultLayout, Scan, Schedule, Step};
use crate::dtype::DType;
use crate::ir::LANES;

/// Bytes to which what a task keeps is aligned: a cache line.
const LINE: usize = 64;

/// Bytes that a call takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    /// Of new results.
    pub results: usize,
    /// Of what lies between its steps.
    pub between: usize,
    /// Of what its threads keep while they do a task.
    pub scratch: usize,
}

impl Needs {
    /// All of them.
    pub fn total(&self) -> usize {
        self.results.saturating_add(self.between).saturating_add(self.scratch)
    }
}

impl Schedule {
    /// What a call takes on so many threads, with new results or without.
    pub fn needs(&self, threads: usize, new: bool) -> Needs {
        let results = self.results.iter().map(ResultLayout::bytes).fold(0, usize::saturating_add);
        let scratch = self.steps.iter().map(|step| step.scratch(threads)).max().unwrap_or(0);
        Needs { results: if new { results } else { 0 }, between: self.bytes, scratch }
    }
}

impl ResultLayout {
    fn bytes(&self) -> usize {
        self.shape.iter().fold(self.dtype.size(), |bytes, &n| bytes.saturating_mul(n))
    }
}

impl Step {
    /// What all threads together keep while they do it.
    fn scratch(&self, threads: usize) -> usize {
        let (one, tasks, parallel) = match self {
            Step::Pass(pass) => (pass.scratch(), usize::MAX, pass.parallel),
            Step::Fold(fold) => (fold.scratch(), fold.tasks(), fold.parallel),
            Step::Scan(scan) => (scan.scratch(), scan.tiles.chains() * scan.tiles.pieces(), scan.parallel),
            Step::Recur(recur) => (recur.scratch(), recur.tiles.chains(), recur.parallel),
            Step::Count(counting) => (counting.scratch(), usize::MAX, counting.parallel),
            Step::Fill { .. } => (0, 1, false),
            Step::Loop(all) => (all.scratch(), all.rows.div_ceil(all.tile), all.parallel),
        };
        one.saturating_mul(if parallel { threads.min(tasks) } else { 1 })
    }
}

impl Loop {
    /// The memory that the steps of a tile leave for each other.
    pub fn bytes(&self) -> usize {
        self.rest.iter().map(|rest| rest.bytes).fold(self.body.bytes, usize::max)
    }

    fn scratch(&self) -> usize {
        let steps = self.body.steps.iter().chain(self.rest.iter().flat_map(|rest| &rest.steps));
        self.bytes().saturating_add(steps.map(|step| step.scratch(1)).max().unwrap_or(0))
    }
}

impl Pass {
    /// Bytes from one row to the next of a tile of an operand that is rearranged.
    pub fn packed_row(&self, o: u32) -> usize {
        let ([_, columns], size) = (self.tile, self.walk.operands[o as usize].size());
        if self.flat { columns * size } else { pitch(columns, size) }
    }

    /// Room for such a tile, as whole lines of the cache.
    pub fn packed_bytes(&self, o: u32) -> usize {
        (self.tile[0] * self.packed_row(o)).next_multiple_of(64)
    }

    fn scratch(&self) -> usize {
        self.packed.iter().map(|&o| self.packed_bytes(o)).sum()
    }
}

impl Scan {
    /// Elements of a task's buffer, and of the states of a block and of what comes before it, in each part.
    pub fn rows(&self) -> [usize; 3] {
        let group = self.tiles.group;
        [self.along() * group, group, group]
    }

    /// Room for so many elements of so many bytes.
    pub fn room(elements: usize, size: usize) -> usize {
        (elements * size).next_multiple_of(LINE)
    }

    /// What a task keeps.
    pub fn scratch(&self) -> usize {
        self.parts().map(|dtype| self.rows().map(|rows| Scan::room(rows, dtype.size())).iter().sum::<usize>()).sum()
    }
}

impl Recur {
    /// Room for a state of each of a task's points.
    pub fn room(&self, dtype: DType) -> usize {
        (self.tiles.group * dtype.size()).next_multiple_of(LINE)
    }

    /// What a task keeps.
    pub fn scratch(&self) -> usize {
        self.states.iter().map(|&dtype| self.room(dtype)).sum()
    }
}

impl Counting {
    /// Bytes of an element of a task's buffer.
    pub fn size(&self) -> usize {
        if self.of_bytes.is_some() { 1 } else { size_of::<u32>() }
    }

    /// Bytes of a task's buffer.
    pub fn buffer(&self) -> usize {
        self.tiles.group * self.tiles.step * self.size()
    }

    /// A task's tables: how many, and how long they are, with a place for what is not counted. None if it counts in the result.
    pub fn tables(&self) -> (usize, usize) {
        let bins = if self.of_bytes.is_some() { BYTES } else { self.bins };
        match bins {
            _ if bins > SHARED => (0, 0),
            _ => (if bins <= FEW { SIDES } else { 1 }, bins + 1),
        }
    }

    fn scratch(&self) -> usize {
        let (tables, length) = self.tables();
        self.buffer() + tables * length * size_of::<u64>()
    }
}

impl Fold {
    /// Bytes of the components of a state.
    pub fn sizes(&self) -> impl Iterator<Item = usize> + Clone {
        self.states.iter().map(|init| init.dtype().size())
    }

    /// Rows of states that a task of so many blocks keeps: of all blocks, of half of them, of lanes. (A search has that of the best block
    /// alone.)
    pub fn rows(&self, blocks: usize) -> [usize; 3] {
        let blocks = if matches!(self.reach, Reach::Search { .. }) { 1 } else { blocks };
        [blocks, blocks.div_ceil(2), if matches!(self.reach, Reach::Columns { .. }) { LANES } else { 0 }]
    }

    /// Room for so many rows of states.
    pub fn room(&self, rows: usize) -> usize {
        self.sizes().map(|size| (rows * self.group * size).next_multiple_of(LINE)).sum()
    }

    /// The sources that are gathered into a buffer.
    pub fn gathered(&self) -> impl Iterator<Item = usize> + '_ {
        let gathered = match &self.reach {
            Reach::Packed { gathered, .. } => &gathered[..],
            _ => &[],
        };
        gathered.iter().map(|&o| o as usize)
    }

    /// Room for a piece of one of these.
    pub fn piece_bytes(&self, o: usize) -> usize {
        (self.piece * BLOCK * self.walk.operands[o].size()).next_multiple_of(LINE)
    }

    /// Values of a search's blocks, or of the parts of one.
    pub fn searched(&self, blocks: usize) -> usize {
        blocks.max(self.block.div_ceil(PART))
    }

    fn scratch(&self) -> usize {
        let rows = self.rows(self.piece.min(self.blocks()));
        let states: usize = rows.iter().map(|&rows| self.room(rows)).sum();
        let packed: usize = self.gathered().map(|o| self.piece_bytes(o)).sum();
        let values = match self.reach {
            Reach::Search { .. } => self.searched(self.piece) * self.sizes().next().unwrap_or(0),
            _ => 0,
        };
        states + packed + values
    }
}
