//! What a program is: places, steps, and the code of each level.
//!
//! Always holds: a step's destination is apart from each source, or exactly the elements of one that is not repeated (an update
//! in place); a place that the body reads with `step` 1 holds as
//! many elements as the chunk has points; the size of an element at a place is known to the step alone.

use smallvec::SmallVec;

use super::loops::{FoldLoop, Loop};
use crate::ir::Helper;

/// Where elements are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// One element, in the program's constants.
    Const(u32),
    /// One element, or the eight lanes of an accumulator, from this 8-byte cell of the workspace on.
    Cell(u32),
    /// A chunk of elements: a register of the body.
    Slot(u32),
    /// Elements in an array, or wherever the cursor points.
    Cursor(u32),
}

/// A place that is read point by point, or (one element for all points) again and again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) place: Place,
    /// From one point to the next: 1 element, or 0.
    pub(super) step: usize,
}

/// One step, over the points of a chunk, or over one point at an outer level.
#[derive(Debug)]
pub(super) enum Step {
    /// An operation.
    Compute { code: Loop, dst: Place, args: [Place; 3] },
    /// Elements as they are.
    Copy(Transfer),
    /// Points the cursor at the access of the same number, for the loop indices at hand.
    Locate(u32),
    /// Elements of an array into a place.
    Load { cursor: u32, dst: Place, size: usize },
    /// Elements into an array.
    Store { cursor: u32, src: Source, size: usize },
    /// The index of a loop.
    Index { dst: Place, of: usize, step: usize },
    /// Lane by lane, where the mask is set.
    Patch(Box<Patch>),
    /// Code that runs where the mask is set for any point.
    Rarely(Box<Rarely>),
    /// An error where the mask is set.
    Fault { mask: Source, bit: u32 },
    /// Takes the chunk into the accumulator of this number.
    Accumulate(u32),
    /// A loop at each point.
    While(Box<While>),
}

/// Elements from one place to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    pub(super) dst: Place,
    pub(super) src: Place,
    pub(super) size: usize,
}

/// See [`Inst::Patch`](crate::ir::Inst::Patch).
#[derive(Debug)]
pub(super) struct Patch {
    pub(super) mask: Source,
    pub(super) fast: Source,
    pub(super) helper: &'static Helper,
    pub(super) args: SmallVec<[Source; 2]>,
    pub(super) dst: Place,
}

/// See [`Inst::While`](crate::ir::Inst::While). The points whose loop has not ended are kept side by side, so all that is done is done for
/// them alone.
#[derive(Debug)]
pub(super) struct While {
    /// The state as it begins; as it is, and where it goes when the loop has ended.
    pub(super) state: Vec<(Source, Transfer)>,
    /// What is captured and not the same for all points: where it is, and where of points that are left.
    pub(super) captured: Vec<(Source, Place, usize)>,
    /// The greatest number of steps; where that is of points that are left, if it is not the same for all.
    pub(super) max: Source,
    pub(super) own_max: Option<Place>,
    /// Which points are left: numbers of 4 bytes; bools of those that go on.
    pub(super) order: Place,
    pub(super) keep: Place,
    /// Puts whether a point goes on where the source says.
    pub(super) cond: Option<(Vec<Step>, Source)>,
    /// Computes the next state, and puts it where the state is.
    pub(super) body: Vec<Step>,
    pub(super) next: Vec<(Place, Source, usize)>,
}

/// A [`Patch`] by a region.
#[derive(Debug)]
pub(super) struct Rarely {
    pub(super) mask: Source,
    pub(super) fast: Source,
    pub(super) dst: Place,
    pub(super) size: usize,
    /// Puts the region's value to `dst` where the mask is set, `fast` elsewhere.
    pub(super) code: Vec<Step>,
}

/// Where an access goes: the sum of coordinates times strides, from the operand's address.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) operand: usize,
    /// Bytes of an element.
    pub(super) size: usize,
    pub(super) terms: SmallVec<[Term; 3]>,
}

/// One coordinate of an access.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    /// Where its stride stands in the call's table; `None`: the element's size.
    pub(super) stride: Option<usize>,
    pub(super) follows: Option<usize>,
    pub(super) offset: isize,
}

/// A reduction: eight lanes for each component of its state.
#[derive(Debug)]
pub(super) struct Accumulator {
    pub(super) state: Vec<Component>,
    pub(super) step: Stepper,
    /// Merges lanes with later ones, at the cursors.
    pub(super) merge: Fragment,
    /// For each component the cursor at its later lanes.
    pub(super) later: Vec<u32>,
}

/// A component of a reduction's state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    /// The first cell of its lanes, which are adjacent elements.
    pub(super) cell: u32,
    /// The 8 bytes that begin with its neutral element.
    pub(super) init: u64,
    pub(super) size: usize,
}

/// How elements come into the lanes.
#[derive(Debug)]
pub(super) enum Stepper {
    /// One operation, repeated: a loop of its own.
    Fold { code: FoldLoop, arg: Place },
    /// Any code, on eight points at a time. Each argument is a place, the cursor that moves over it, and its size.
    Code { args: Vec<(Place, u32, usize)>, code: Fragment },
}

/// Straight-line code on lanes, and the new state that it gives.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) code: Vec<Step>,
    pub(super) commit: Vec<Transfer>,
}

/// A kernel made runnable.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// The number of loops.
    pub(super) loops: usize,
    pub(super) consts: Vec<u64>,
    pub(super) cells: u32,
    pub(super) slots: u32,
    /// Points of a chunk: a multiple of 8, so that lanes keep their elements.
    pub(super) chunk: usize,
    pub(super) cursors: u32,
    /// Where the first cursors point.
    pub(super) accesses: Vec<Reach>,
    /// Which cursors the body moves.
    pub(super) moving: Vec<u32>,
    /// The code of the levels outside the innermost loop, one point at a time: on entry, and at the end.
    pub(super) before: Vec<Vec<Step>>,
    pub(super) after: Vec<Vec<Step>>,
    /// Single elements to be repeated over a chunk on entry to the innermost loop.
    pub(super) splats: Vec<Transfer>,
    /// The code of the innermost loop.
    pub(super) body: Vec<Step>,
    pub(super) accumulators: Vec<Accumulator>,
}
