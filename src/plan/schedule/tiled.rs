//! Steps that go by way of a buffer: scans, and counting.

use std::ops::Range;

use smallvec::SmallVec;

use super::{BLOCK, Called, Nontemporal, Operand, Shown, Walk};
use crate::dtype::{DType, Scalar};
use crate::types::graph;

/// Tiles of what is computed into a buffer.
pub struct Tiles {
    /// All axes but one, arranged, then that one, along which tiles follow each other. Operands: those of the kernels.
    pub walk: Walk,
    /// Whether neighbours lie along the innermost of the other axes. Loops of kernels: the last axis, neighbours; else points, the last
    /// axis (of one point the latter alone).
    pub across: bool,
    /// Loops of the kernels.
    pub loops: usize,
    /// Points along the innermost of the other axes that a task takes.
    pub group: usize,
    /// Elements along the last axis that a kernel is called for.
    pub step: usize,
    /// Elements along the last axis that a task takes.
    pub piece: usize,
}

/// Scans: what they run over is computed into a buffer, piece by piece, scanned there, and written from there.
pub struct Scan {
    /// The stage.
    pub stage: usize,
    /// How elements are combined, their type, and the parts of the buffer that are the scan's.
    pub lanes: SmallVec<[(graph::Scan, DType, Range<usize>); 2]>,
    /// Its tiles. The last axis is the scanned one; steps and pieces are blocks, but across memory steps are any number, and one piece may be all.
    pub tiles: Tiles,
    /// Compute what is scanned into the parts of the buffer.
    pub fills: SmallVec<[TileKernel; 1]>,
    /// If that were a copy of elements side by side: the operand of the walk that is scanned from where it lies.
    pub reads: Option<usize>,
    /// What is done with the result.
    pub ends: SmallVec<[TileKernel; 1]>,
    /// If that were a copy to elements side by side: the operand of the walk to which the result is written at once.
    pub writes: Option<usize>,
    /// When that is written past the cache.
    pub nontemporal: Option<Nontemporal>,
    /// If there are several pieces, where states are in the call's memory, part by part: for each piece that with which it begins, and those
    /// that its blocks come to.
    pub states: SmallVec<[usize; 2]>,
    /// Whether several threads share the tasks.
    pub parallel: bool,
    /// What an explanation says of it.
    pub shown: Shown,
}

/// A scan by a function: from state to state along the last axis, for neighbours side by side.
pub struct Recur {
    /// The stage.
    pub stage: usize,
    /// Its tiles: across, and in one piece.
    pub tiles: Tiles,
    /// The types of the states, whose parts of the buffer hold one of each for each of a task's points.
    pub states: SmallVec<[DType; 2]>,
    /// What they begin with: a number, or what a kernel copies.
    pub begin: SmallVec<[Begin; 2]>,
    /// Goes from state to state.
    pub step: TileKernel,
    /// The same for so many elements at a time, whose states stay in registers: where few points lie side by side.
    pub several: Option<(TileKernel, usize)>,
    /// Whether several threads share the tasks.
    pub parallel: bool,
    /// What an explanation says of it.
    pub shown: Shown,
}

/// What a state begins with.
pub enum Begin {
    /// The same for all points.
    Number(Scalar),
    /// What a kernel puts into its part of the buffer.
    Copy(Box<TileKernel>),
}

/// Counting how often there is each number: the numbers are computed into a buffer.
pub struct Counting {
    /// The stage.
    pub stage: usize,
    /// Its tiles.
    pub tiles: Tiles,
    /// Computes the numbers, `u32`; or copies bytes from which they follow.
    pub fill: TileKernel,
    /// If bytes are counted: what computes their numbers.
    pub of_bytes: Option<OfBytes>,
    /// Numbers that are counted: those below.
    pub bins: usize,
    /// Where the counts are in the call's memory.
    pub at: usize,
    /// Tasks that are done one after another at least, each of which ends with adding up all counts.
    pub least: usize,
    /// Whether several threads share the tasks.
    pub parallel: bool,
    /// What an explanation says of it.
    pub shown: Shown,
}

/// A kernel that computes numbers of bytes.
pub struct OfBytes {
    /// The kernel. One loop: bytes.
    pub called: Called,
    /// What it reads; then come the numbers.
    pub operands: SmallVec<[Operand; 4]>,
    /// Which of these is the bytes: all that there are.
    pub bytes: usize,
}

/// A kernel that writes to a buffer, or reads what lies there.
pub struct TileKernel {
    /// The kernel.
    pub called: Called,
    /// Its operands.
    pub operands: SmallVec<[TileOperand; 4]>,
    /// Results that may be written past the cache, by index into the operands of the walk.
    pub nontemporal: Option<Nontemporal>,
}

/// An operand of such a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TileOperand {
    /// This part of the buffer.
    Part(usize),
    /// This operand of the walk.
    Walk(usize),
    /// The same, so many elements further on along the scanned axis.
    Later(usize, usize),
}

impl Tiles {
    /// The lengths of the other axes, and that of the last one.
    pub fn axes(&self) -> (&[usize], usize) {
        match self.walk.nest.shape() {
            [kept @ .., length] => (kept, *length),
            [] => (&[], 1),
        }
    }

    /// The length of the innermost of the other axes.
    pub fn wide(&self) -> usize {
        self.axes().0.last().copied().unwrap_or(1)
    }

    /// How many pieces there are of each run.
    pub fn pieces(&self) -> usize {
        self.axes().1.div_ceil(self.piece)
    }

    /// Groups of runs: so many chains of pieces.
    pub fn chains(&self) -> usize {
        let points: usize = self.axes().0.iter().product();
        points / self.wide() * self.wide().div_ceil(self.group)
    }
}

impl Scan {
    /// Whether rows of neighbours go from where they are read to where they are written, by way of no buffer, if these are apart: rows are
    /// long, and none waits for what another task finds out.
    pub fn through(&self) -> bool {
        let ends = self.reads.is_some() && self.writes.is_some() && self.tiles.pieces() == 1;
        ends && self.tiles.across && self.tiles.group >= BLOCK
    }

    /// States that are kept for each piece: that with which it begins, and one for each block.
    pub fn kept(&self) -> usize {
        1 + self.tiles.piece.div_ceil(BLOCK)
    }

    /// The type of each part of the buffer.
    pub fn parts(&self) -> impl Iterator<Item = DType> + Clone {
        self.lanes.iter().flat_map(|(_, dtype, parts)| parts.clone().map(|_| *dtype))
    }

    /// Elements along the scanned axis that the buffer holds: a piece, or if that is all of a run as much as is computed at a time.
    pub fn along(&self) -> usize {
        if self.tiles.pieces() > 1 { self.tiles.piece } else { self.tiles.step }
    }
}
