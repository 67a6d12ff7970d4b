//! The kernel IR: a nest of counted loops with straight-line SSA code before and after each loop.
//!
//! A kernel of `n` loops has levels `0..=n`: level 0 lies outside all loops, level `k` inside loop `k-1` (loop 0 is the
//! outermost). A level's *before* code runs on entry, ahead of the next inner loop; the innermost level's before code
//! is the body; a level's *after* code (the epilogue) runs when the next inner loop has ended and may read what it
//! accumulated. A value sits at the outermost level at which all it depends on is known: that is hoisting, and the
//! builder does it. The code says nothing of lanes: each executor picks how many points of the innermost loop a
//! step covers.
//!
//! Always holds (the verifier checks it):
//! - an instruction's arguments are results of instructions that run earlier, at the same or an outer level;
//! - a store stands at the innermost level, or in after code;
//! - `accumulate` stands in the body, at the innermost level; `reduced` in the after code of the level above;
//! - loops at a point (`while`) are not nested: regions have none;
//! - a type is what the operation's row gives;
//! - of an operand's strides the last one alone may be that of halves of pairs.

mod bounded;
pub mod helper;
mod region;

use std::sync::Arc;

pub use bounded::Loop;
use helper::Helper;
pub use region::Region;
use smallvec::SmallVec;

use super::monoid::Monoid;
use super::op::Op;
use crate::dtype::{DType, Scalar};

/// A result of an instruction: the instruction's index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Value(pub u32);

/// Index of an operand of the kernel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OperandId(pub u32);

/// Index of a loop: 0 is the outermost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LoopId(pub u8);

/// Arguments of an instruction.
pub type Args = SmallVec<[Value; 3]>;

/// What a kernel does with an operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Loads alone.
    In,
    /// Stores alone.
    Out,
    /// Loads and stores, in the order of the code.
    InOut,
}

/// What is known of a stride when the kernel is made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stride {
    /// The element's size.
    Unit,
    /// Any number of bytes, given at the call (zero and negative too).
    Any,
    /// Two elements: the array is of pairs, as complex numbers are, and the operand is their first halves. Who reads one may read
    /// the other half with it.
    First,
    /// The same of second halves.
    Second,
    /// Second halves of the pairs whose first halves are the operand before, which has the same type, role and dimensions. So the
    /// halves of an array can be read together, and written.
    Partner,
}

impl Stride {
    /// Whether it is that of halves of pairs.
    pub fn is_of_pairs(self) -> bool {
        matches!(self, Stride::First | Stride::Second | Stride::Partner)
    }

    /// In bytes, for elements of so many; `None` if only the call knows.
    #[cfg(any(feature = "jit", test, feature = "internals"))]
    pub fn bytes(self, size: usize) -> Option<usize> {
        match self {
            Stride::Unit => Some(size),
            Stride::Any => None,
            Stride::First | Stride::Second | Stride::Partner => Some(2 * size),
        }
    }
}

/// An array that a kernel reads or writes: an address, and a stride for each dimension.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Operand {
    /// Its name in the text form.
    pub name: String,
    /// The type of its elements.
    pub dtype: DType,
    /// What is done with it.
    pub role: Role,
    /// Its dimensions. None: a single element.
    pub dims: SmallVec<[Stride; 2]>,
}

/// One coordinate of an access: the index of a loop plus a constant, or a constant alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Coordinate {
    /// The loop whose index it follows.
    pub follows: Option<LoopId>,
    /// Added to it.
    pub offset: i32,
}

impl Coordinate {
    /// The index of this loop.
    pub fn of(l: LoopId) -> Coordinate {
        Coordinate { follows: Some(l), offset: 0 }
    }
}

/// Where a load or store goes: an affine map from loop indices to the operand's coordinates.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Access {
    /// The array.
    pub operand: OperandId,
    /// A coordinate for each of its dimensions.
    pub map: SmallVec<[Coordinate; 2]>,
}

impl Access {
    /// The plain access: coordinate `d` is the index of the `d`-th of these loops.
    pub fn plain(operand: OperandId, loops: impl IntoIterator<Item = LoopId>) -> Access {
        Access { operand, map: loops.into_iter().map(Coordinate::of).collect() }
    }

    /// The level at which the access is known: one more than the innermost loop that it follows.
    pub fn level(&self) -> u8 {
        self.map.iter().filter_map(|c| c.follows).map(|l| l.0 + 1).max().unwrap_or(0)
    }
}

/// Which of a program's errors of the data a `fault` reports, by a bit in the call's fault word. What each is, the program knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FaultCode(u8);

impl FaultCode {
    /// How many there are; the word's other bits are for registered functions.
    pub const COUNT: u8 = 8;

    /// The code of the error with this number. Those beyond the last code share it.
    pub fn of(number: usize) -> FaultCode {
        FaultCode(number.min(usize::from(FaultCode::COUNT) - 1) as u8)
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its bit in the fault word.
    pub fn bit(self) -> u32 {
        1 << self.0
    }
}

/// One instruction.
#[derive(Clone, PartialEq, Debug)]
pub enum Inst {
    /// A constant.
    Const(Scalar),
    /// A primitive operation.
    Op {
        /// Which.
        op: Op,
        /// Its arguments.
        args: Args,
    },
    /// An element of an array.
    Load(Access),
    /// Writes an element of an array. No result.
    Store(Access, Value),
    /// The index of a loop, counted from the call's origin, as `i64`.
    Index(LoopId),
    /// `fast`, except where `mask` is set: there the helper's value. The helper runs for those lanes alone.
    Patch {
        /// Where the helper is asked.
        mask: Value,
        /// The value elsewhere.
        fast: Value,
        /// The function.
        helper: &'static Helper,
        /// Its arguments.
        args: Args,
    },
    /// Reports an error where `mask` is set. No result.
    Fault(Value, FaultCode),
    /// Combines the arguments over the innermost loop. The element of index `k` of that loop goes into lane `k mod 8`
    /// (each lane starts as the monoid's `init`, each element is a `step`, in order of `k`); then lane `i` is merged
    /// with lane `i+4` for `i` below 4, `i` with `i+2` for `i` below 2, 0 with 1. (Of a monoid that is not ordered any order does.)
    Accumulate {
        /// How.
        monoid: &'static Monoid,
        /// The arguments of `step`.
        args: Args,
    },
    /// A component of the state that an `accumulate` has reached when the innermost loop has ended.
    Reduced {
        /// The `accumulate`.
        from: Value,
        /// The component.
        part: u8,
    },
    /// A loop at this point alone. A point at which it has ended keeps its state, and raises no fault, whatever its neighbours do.
    While {
        /// What is done.
        body: Arc<Loop>,
        /// The starting state, the greatest number of steps (an `i64`), what is captured: see [`Loop::parts`].
        args: Args,
    },
    /// A component of the state with which a `while` has ended.
    Final {
        /// The `while`.
        from: Value,
        /// The component.
        part: u8,
    },
}

/// The number of lanes of `accumulate`: part of what a sum means, not a property of a machine.
pub const LANES: usize = 8;

/// The code of one level.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Level {
    /// On entry, before the next inner loop.
    pub before: Vec<Value>,
    /// When the next inner loop has ended.
    pub after: Vec<Value>,
}

/// A kernel.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Kernel {
    /// The arrays.
    pub operands: Vec<Operand>,
    /// The instructions. A [`Value`] is an index into them.
    pub insts: Vec<Inst>,
    /// The result type of each instruction (`None`: no result; those of `accumulate` are read by `reduced`, those of `while` by
    /// `final`).
    pub types: Vec<Option<DType>>,
    /// The code of each level, `loops() + 1` of them.
    pub levels: Vec<Level>,
}

impl Kernel {
    /// The number of loops.
    pub fn loops(&self) -> usize {
        self.levels.len().saturating_sub(1)
    }

    /// The instruction that gives this value.
    pub fn inst(&self, v: Value) -> &Inst {
        &self.insts[v.0 as usize]
    }

    /// The type of a value; `None` for an instruction without a result.
    pub fn ty(&self, v: Value) -> Option<DType> {
        self.types[v.0 as usize]
    }

    /// Whether there are loops at points (`while`).
    #[cfg(feature = "jit")]
    pub fn iterates(&self) -> bool {
        self.insts.iter().any(|inst| matches!(inst, Inst::While { .. }))
    }

    /// How many instructions there are, those of loops at points among them.
    pub fn length(&self) -> usize {
        let within = self.insts.iter().map(|inst| match inst {
            Inst::While { body, .. } => body.regions().map(|region| region.kernel().insts.len()).sum(),
            _ => 0,
        });
        self.insts.len() + within.sum::<usize>()
    }

    /// The operand with this id.
    pub fn operand(&self, id: OperandId) -> &Operand {
        &self.operands[id.0 as usize]
    }

    /// For each operand where its strides begin in a call's table: those of all operands lie there in order, one for each
    /// dimension, in bytes (also the unit ones).
    pub fn stride_bases(&self) -> Vec<usize> {
        let next = |at: &mut usize, o: &Operand| Some(std::mem::replace(at, *at + o.dims.len()));
        self.operands.iter().scan(0, next).collect()
    }

    /// The whole of that table's length.
    #[cfg(any(feature = "jit", feature = "internals", test))]
    pub fn stride_count(&self) -> usize {
        self.operands.iter().map(|o| o.dims.len()).sum()
    }
}
