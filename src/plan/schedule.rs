//! The plan of a call, as a value: what is run, in which order, on which memory.
//!
//! Made once for types, shapes and strides, and kept; no address stands in it, so it serves every call with arrays that lie
//! alike. Running it (`run/`) chooses nothing, and explaining it shows what is run.

mod tiled;

use std::sync::Arc;

use smallvec::SmallVec;

pub use self::tiled::{Begin, Counting, OfBytes, Recur, Scan, TileKernel, TileOperand, Tiles};
use super::layout::OperandSpec;
use super::nest::Nest;
use super::shape::Shape;
use crate::dtype::{DType, Scalar};
use crate::jit::tier::Tiered;

/// All of a call.
#[derive(Default)]
pub struct Schedule {
    /// In order.
    pub steps: Vec<Step>,
    /// Bytes of the call's memory, which starts at a cache line.
    pub bytes: usize,
    /// What [`Place::Number`] counts in.
    pub numbers: Vec<i64>,
    /// The results, in order.
    pub results: Vec<ResultLayout>,
}

/// A result as a new array.
pub struct ResultLayout {
    /// The type of its elements.
    pub dtype: DType,
    /// The length of each axis.
    pub shape: Shape,
    /// Its axes, outermost in memory first.
    pub order: SmallVec<[usize; 6]>,
}

/// Something that is done before the next thing is.
#[expect(clippy::large_enum_variant, reason = "they are few, and kept")]
pub enum Step {
    /// One kernel over a nest.
    Pass(Pass),
    /// Blocks of a reduction, and the merging of those that lie in one task.
    Fold(Fold),
    /// Scans, piece by piece.
    Scan(Box<Scan>),
    /// A scan by a function.
    Recur(Box<Recur>),
    /// Counting of numbers.
    Count(Box<Counting>),
    /// A value over and over: the result of combining nothing.
    Fill {
        /// Where, in the call's memory.
        at: usize,
        /// What.
        value: Scalar,
        /// How often.
        count: usize,
    },
    /// Steps over and over, for a tile of rows at a time.
    Loop(Box<Loop>),
}

/// Steps for a tile of rows at a time. Tiles are tasks, each in memory of its own.
pub struct Loop {
    /// Rows.
    pub rows: usize,
    /// Rows of a tile.
    pub tile: usize,
    /// What is done with a tile: its inputs and outputs are those of the graph, from the tile's first row on.
    pub body: Schedule,
    /// What is done with the last one, if it has fewer rows.
    pub rest: Option<Schedule>,
    /// Bytes from a row to the next one in each input; 0 where it has none.
    pub inputs: SmallVec<[isize; 8]>,
    /// The same of each output.
    pub outputs: SmallVec<[isize; 2]>,
    /// Elements of a tile.
    pub elements: usize,
    /// Whether several threads share the tiles.
    pub parallel: bool,
}

/// Where the memory of an operand begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// At the first element of an input of the graph.
    Input(u32),
    /// At that of an output of the graph.
    Output(u32),
    /// So many bytes into the call's memory; in a loop's body, into the task's.
    Call(usize),
    /// In a loop's body: so many bytes into the call's memory.
    Outer(usize),
    /// At a number of the schedule.
    Number(u32),
    /// Nowhere: it is a number itself, this one at the first point, and strides are added to it.
    Affine(i64),
}

/// What a kernel reads or writes.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// What it is.
    pub spec: OperandSpec,
    /// Where it begins.
    pub place: Place,
    /// Bytes from there to the element at index 0 of all axes.
    pub offset: isize,
}

impl Operand {
    /// One whose element at index 0 is where the memory begins.
    pub fn new(spec: OperandSpec, place: Place) -> Operand {
        Operand { spec, place, offset: 0 }
    }

    /// Bytes of an element.
    pub fn size(&self) -> usize {
        self.spec.dtype.size()
    }
}

/// Operands and the loops that they are walked by.
#[derive(Clone, Default)]
pub struct Walk {
    /// The operands.
    pub operands: Vec<Operand>,
    /// The loops, with a stride of each operand along each.
    pub nest: Nest,
}

impl Walk {
    /// Adds an operand with its strides.
    pub fn push(&mut self, operand: Operand, strides: impl IntoIterator<Item = isize>) {
        self.operands.push(operand);
        let o = self.nest.push_strides(strides);
        if operand.spec.is_affine() {
            self.nest.note_number(o);
        }
    }

    /// Adds an operand of this shape, which is broadcast to that of the nest.
    pub fn push_array(&mut self, operand: Operand, shape: &[usize], strides: &[isize]) {
        self.operands.push(operand);
        let o = self.nest.push(shape, strides);
        if operand.spec.is_affine() {
            self.nest.note_number(o);
        }
    }

    /// Walks those of these axes from their other ends along which more of the first operands, the arrays among them, lie backwards than
    /// forwards: neighbours are read in vectors where they lie forwards, and axes merge where all have one direction. The order of
    /// points along these axes must not matter.
    pub fn straighten(&mut self, first: usize, axes: impl Fn(usize) -> bool) {
        for axis in (0..self.nest.rank()).filter(|&axis| axes(axis)) {
            let arrays = self.operands[..first].iter().enumerate().filter(|(_, operand)| !operand.spec.is_affine());
            if arrays.map(|(o, _)| self.nest.strides(o)[axis].signum()).sum::<isize>() >= 0 {
                continue;
            }
            let last = self.nest.shape()[axis].saturating_sub(1) as isize;
            for (o, operand) in self.operands.iter_mut().enumerate() {
                operand.offset += last * self.nest.strides(o)[axis];
            }
            self.nest.reverse(axis);
        }
    }
}

/// A kernel with the table of strides that it is called with.
#[derive(Clone)]
pub struct Called {
    /// The kernel.
    pub kernel: Arc<Tiered>,
    /// Of each operand along each loop along which it moves, in bytes.
    pub table: SmallVec<[isize; 16]>,
    /// The steps of affine operands, by index into the schedule's numbers: operands that stand behind the others.
    pub steps: SmallVec<[u32; 2]>,
}

/// One kernel over a nest: the innermost one or two axes are its loops, the others are walked around it.
pub struct Pass {
    /// The stage that it belongs to.
    pub stage: usize,
    /// The kernel.
    pub called: Called,
    /// Its operands and their loops.
    pub walk: Walk,
    /// How many of the axes are the loops of a tile: 1 or 2.
    pub loops: usize,
    /// The lengths of a tile along these: `[1, n]` where there is one.
    pub tile: [usize; 2],
    /// Points of the nest.
    pub points: usize,
    /// Whether several threads share the tiles.
    pub parallel: bool,
    /// The operands that go through a buffer, tile by tile.
    pub packed: SmallVec<[u32; 2]>,
    /// Whether a tile's rows follow each other without a gap, in the buffer and elsewhere, so that the kernel has one loop over all its
    /// points, though the pass has two.
    pub flat: bool,
    /// Whether the kernel has one loop and is called for each row of a tile, though the pass has two.
    pub by_row: bool,
    /// The results that are written past the cache, if they prove to lie apart from all else and what is touched is large; none if
    /// that is not to be.
    pub nontemporal: Option<Nontemporal>,
    /// What an explanation says of it; none of a step that only carries on with another.
    pub shown: Option<Shown>,
}

/// Results that may be written past the cache: they are contiguous along the kernel's one loop.
pub struct Nontemporal {
    /// The operands.
    pub results: SmallVec<[u32; 2]>,
    /// Bytes touched from which on it pays.
    pub from: usize,
}

impl Nontemporal {
    /// From where to where each operand reaches.
    fn reached(walk: &Walk, addresses: impl Iterator<Item = usize>) -> SmallVec<[(usize, usize); 16]> {
        let reach = |(o, address): (usize, usize)| {
            if walk.operands[o].spec.is_affine() {
                return (0, 0);
            }
            let (before, after) = walk.nest.reach(o, walk.operands[o].size());
            (address.saturating_sub(before), address.saturating_add(after))
        };
        addresses.enumerate().map(reach).collect()
    }

    /// Whether results prove to be apart from all else that is touched.
    pub fn apart(&self, walk: &Walk, addresses: impl Iterator<Item = usize>) -> bool {
        self.apart_in(&Self::reached(walk, addresses))
    }

    fn apart_in(&self, reached: &[(usize, usize)]) -> bool {
        let apart = |&o: &u32| {
            let (start, end) = reached[o as usize];
            reached.iter().enumerate().all(|(other, r)| other == o as usize || r.1 <= start || end <= r.0)
        };
        self.results.iter().all(apart)
    }

    /// Whether results prove to be apart from all else that is touched (their lines are in the cache already if they are read, too),
    /// and so much is touched that they are written past the cache. Several views of one array count once.
    pub fn pays(&self, walk: &Walk, addresses: impl Iterator<Item = usize>) -> bool {
        let mut reached = Self::reached(walk, addresses);
        if !self.apart_in(&reached) {
            return false;
        }
        reached.sort_unstable();
        let (mut touched, mut covered) = (0, 0);
        for &(start, end) in &reached {
            touched += end.saturating_sub(start.max(covered));
            covered = covered.max(end);
        }
        touched >= self.from
    }
}

/// What an explanation says of a step beyond what it holds.
pub struct Shown {
    /// How elements are reached, if they are combined.
    pub how: How,
    /// Whether the map that joins the stage is done in the step.
    pub joined: bool,
    /// The shape of the stage.
    pub shape: Shape,
    /// Loops and operands where they are not those of the step itself (its operands are there once for each element of a run).
    pub walk: Option<Walk>,
    /// How many of the operands are sources of the stage.
    pub sources: usize,
    /// The axis that has been moved next to the innermost one, if one has.
    pub moved: Option<usize>,
}

/// How the elements that are combined are reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// None are combined.
    Each,
    /// The few elements of a run are combined without a loop, of many runs at once.
    Unrolled,
    /// Each run is a single block, combined in registers.
    Whole,
    /// Along memory, block by block.
    Runs,
    /// Across memory, rows of neighbours at a time.
    Columns,
    /// The same, where all axes are reduced and such rows leave states that are merged in order.
    Stacked,
    /// From a buffer into which they are put in logical order.
    Packed,
    /// None are combined into one: each with those before it, in a buffer.
    Scanned {
        /// Whether they are read where they lie: no kernel computes them.
        reads: bool,
        /// Whether what they come to is the result: no kernel reads it.
        writes: bool,
    },
    /// None are combined: a state follows from the one before it, for neighbours side by side.
    Stepped,
    /// None are combined: each is a number, and it is counted how often there is which.
    Counted,
}

/// Elements of a block of a reduction: part of what a sum means. Where order does not matter, blocks are as long as is handy.
pub const BLOCK: usize = 512;

/// Elements of a part of a block that is searched: finding takes many times as long as telling which part it is.
pub const PART: usize = 64;

/// Tasks of a reduction.
pub struct Fold {
    /// The stage.
    pub stage: usize,
    /// Kept axes, then the reduced ones, in logical order if that matters. Operands: the sources of the stage; then the results, which no reduced axis
    /// moves, if the tasks finish them.
    pub walk: Walk,
    /// How many of the operands are sources.
    pub sources: usize,
    /// The states' components and their neutral values.
    pub states: SmallVec<[Scalar; 2]>,
    /// Points along the innermost kept axis that a task takes.
    pub group: usize,
    /// Elements of a block. The last one of a row may be shorter.
    pub block: usize,
    /// Elements that lie along one axis, if their order does not matter; else all are one row.
    pub row: usize,
    /// Blocks that a task combines into one state: a power of two.
    pub piece: usize,
    /// Whether all axes are reduced, and those that are walked as kept ones are the outer of them: a point's pieces follow those of
    /// the one before.
    pub stacked: bool,
    /// How their elements are reached.
    pub reach: Reach,
    /// Merges pairs of rows of states: each even one with the next. Loops: rows, points; or of a single point nothing and rows.
    pub merge: Called,
    /// What becomes of its state.
    pub end: End,
    /// Whether several threads share the tasks.
    pub parallel: bool,
    /// What an explanation says of it.
    pub shown: Shown,
}

/// How the elements of a block are reached.
pub enum Reach {
    /// The reduced axes are one run for every source, or rows of no order: a kernel combines blocks in registers. Loops: blocks of a
    /// row (if rows are no longer than a block: of several), elements.
    Runs(Called),
    /// One run for every source, of which the position of the best element is asked: the best values of blocks, then the block that has
    /// the best of these is searched.
    Search {
        /// The best values. Loops: blocks, elements.
        best: Called,
        /// The same of parts of a block, each of [`PART`] elements.
        parts: Called,
        /// The state of a block. Loops: blocks (one), elements.
        find: Called,
        /// Whether the greatest value is the best.
        greatest: bool,
        /// The value that none beats, if there is one.
        top: Option<Scalar>,
    },
    /// Neighbours lie along a kept axis: rows are combined, element by element, into eight rows of states.
    Columns {
        /// Combine so many times eight rows, the most first, the last one eight rows or fewer. Loops: rows of states, columns.
        steps: SmallVec<[(usize, Called); 2]>,
        /// Merges rows of states in place: each with the one half of them further on. Loops: rows, columns.
        lanes: Called,
    },
    /// Anything else: a piece of each source that is no run is gathered into a buffer in logical order, and is a run there.
    Packed {
        /// The sources that are gathered.
        gathered: SmallVec<[u32; 4]>,
        /// Combines runs. Loops: blocks, elements.
        combine: Called,
    },
}

/// What becomes of a task's states.
pub enum End {
    /// They are finished: states -> results. One loop: points.
    Finish(Called),
    /// They are stored, each component from this byte of the call's memory on: a row of all points for each piece.
    Store(SmallVec<[usize; 2]>),
}

impl Fold {
    /// The lengths of the kept and of the reduced axes.
    pub fn axes(&self) -> (&[usize], &[usize]) {
        self.walk.nest.shape().split_at(self.walk.nest.kept())
    }

    /// How many elements are combined into one.
    pub fn length(&self) -> usize {
        self.axes().1.iter().product()
    }

    /// How many blocks they are.
    pub fn blocks(&self) -> usize {
        self.length() / self.row * self.row.div_ceil(self.block)
    }

    /// How many pieces these are.
    pub fn pieces(&self) -> usize {
        self.blocks().div_ceil(self.piece)
    }

    /// The states that are left: so many rows, which are merged, of so many points.
    pub fn left(&self) -> [usize; 2] {
        let points = self.axes().0.iter().product();
        if self.stacked { [points * self.pieces(), 1] } else { [self.pieces(), points] }
    }

    /// The length of the innermost kept axis.
    pub fn wide(&self) -> usize {
        self.axes().0.last().copied().unwrap_or(1)
    }

    /// How many tasks there are: pieces of groups of points.
    pub fn tasks(&self) -> usize {
        let points: usize = self.axes().0.iter().product();
        points / self.wide() * self.wide().div_ceil(self.group) * self.pieces()
    }
}
