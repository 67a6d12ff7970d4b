//! What a call would do in one pass over memory.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::plan::lower::OperandSpec;
use crate::plan::nest::Nest;
use crate::run::kernels::Slot;
use crate::run::launch::{Choice, LaunchSpace};
use crate::run::reduce::Way;

/// A loop of a nest.
#[derive(Debug)]
pub struct Loop {
    /// Its trip count.
    pub length: usize,
    /// The axes that it walks, merged into one.
    pub axes: Vec<usize>,
    /// Whether they are reduced.
    pub reduced: bool,
}

/// How an array is walked.
#[derive(Debug)]
pub struct Walk {
    /// What it is.
    pub spec: OperandSpec,
    /// Where its first element lies.
    pub address: usize,
    /// Its stride along each loop, in bytes.
    pub strides: Vec<isize>,
    /// Whether tiles of it are rearranged in a buffer.
    pub staged: bool,
    /// Whether it is so large that it is written past the cache, where the code can.
    pub streamed: bool,
}

/// A pass: what it walks, and what has been chosen for it.
pub struct Planned {
    /// The stage.
    pub stage: usize,
    /// How elements are reached, if it is one of reductions.
    pub way: Option<Way>,
    /// The loops, outermost first.
    pub loops: Vec<Loop>,
    /// The arrays.
    pub walks: Vec<Walk>,
    /// For each operand of the kernel, which array it is.
    pub operands: Vec<usize>,
    /// How many elements the kernel's body takes at a time: more than one where it has no loop over those that it combines.
    pub run: usize,
    /// The kernel.
    pub slot: Arc<Slot>,
    /// Elements of a tile along the kernel's loops.
    pub tile: [usize; 2],
    /// Elements.
    pub points: usize,
    /// Whether several threads share them.
    pub shared: bool,
}

impl Planned {
    /// Of a nest over this shape, whose axes were arranged in this order, as `choice` left it.
    pub fn new(
        stage: usize,
        shape: &[usize],
        order: &[usize],
        specs: SmallVec<[OperandSpec; 8]>,
        nest: &Nest,
        space: &LaunchSpace,
        choice: Choice,
    ) -> Planned {
        let mut lengths = nest.shape().to_vec();
        let near = lengths.len().saturating_sub(2);
        if let Some(from) = choice.moved {
            let length = lengths.remove(near);
            lengths.insert(from, length);
        }
        // Neighbours in order were merged, and lengths of 1 left out, so the lengths tell which.
        let mut order = order.iter().copied();
        let mut loops: Vec<Loop> = Vec::new();
        for (at, length) in lengths.into_iter().enumerate() {
            let (mut axes, mut product) = (Vec::new(), 1);
            while product < length {
                let Some(axis) = order.next() else { break };
                axes.push(axis);
                product *= shape[axis];
            }
            loops.push(Loop { length, axes, reduced: at >= nest.kept() });
        }
        if let Some(from) = choice.moved {
            let moved = loops.remove(from);
            loops.insert(near, moved);
        }
        let walk = |(operand, spec): (usize, OperandSpec)| Walk {
            spec,
            address: nest.pointers()[operand].addr(),
            strides: nest.strides(operand).to_vec(),
            staged: space.staged().any(|o| o == operand),
            streamed: space.streamed().any(|o| o == operand),
        };
        let operands = (0..specs.len()).collect();
        let walks = specs.into_iter().enumerate().map(walk).collect();
        let Choice { slot, tile, points, shared, .. } = choice;
        Planned { stage, way: None, loops, walks, operands, run: 1, slot, tile, points, shared }
    }
}
