//! Instructions over virtual registers: what selection makes of a kernel, and the allocator of registers takes.
//!
//! A block is straight-line code. Registers that are known beyond one block have a [`Home`]; all others are written once, and read
//! in the block that writes them.

use smallvec::SmallVec;

use super::rows::{Row, Size};
use crate::dtype::Scalar;
use crate::ir::FaultCode;

/// A virtual register.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Reg(pub u32);

/// What a register holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// A vector, of which so much matters.
    Vector(Size),
    /// A bit for each lane. (AVX-512.)
    Mask,
}

/// A constant of the kernel's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConstId(pub u32);

/// Where a register's value is outside of the block at hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    /// Nowhere: it is read in the block that writes it.
    Block,
    /// In the stack frame, so many bytes from its start, or, where the allocator has one to spare, in a register of its own.
    Kept(i32),
    /// In the table of constants, or, where the allocator has one to spare, in a register of its own.
    Constant(ConstId),
    /// In this machine register always.
    Fixed(u8),
}

/// A general register that code outside of arrays' addresses may name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Gpr {
    /// The index of the step's first point.
    Index,
    /// Twice that: the index of the first half of a pair.
    PairIndex,
    /// Free for use within one access. There are three.
    Scratch(u8),
}

/// What an address in memory is counted from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Base {
    /// A pointer of the kernel's addresses.
    Pointer(u32),
    /// A general register.
    Gpr(Gpr),
    /// The stack frame.
    Frame,
}

/// An address in memory: base + index*scale + displacement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Mem {
    pub base: Base,
    pub index: Option<(Gpr, u8)>,
    pub displacement: i32,
}

/// An argument of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arg {
    /// A register. Where its value is in memory, an instruction that takes memory there is given that.
    Reg(Reg),
    /// Memory: of an instruction's operands the last one may be; of a store the first one is.
    Mem(Mem),
    Gpr(Gpr),
}

impl From<Reg> for Arg {
    fn from(reg: Reg) -> Arg {
        Arg::Reg(reg)
    }
}

/// Lanes that an instruction writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Masked {
    pub by: Reg,
    /// Whether other lanes become zero; else they are those of the first argument, which is overwritten.
    pub zero: bool,
}

/// What an instruction does.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// An instruction of the machine.
    Row(Row),
    /// `x*y + z`, with the product or the third argument negated, of elements of so many bytes. Any one of them may be overwritten, or
    /// be in memory.
    Fma { product: bool, addend: bool, width: usize },
    /// A copy of a register.
    Move,
    /// A general register becomes an address: that of the first argument, which is memory.
    Address(Gpr),
    /// A general register becomes a pointer's stride along the innermost loop, times a factor.
    Stride { to: Gpr, base: usize, times: i32 },
    /// A general register becomes the index of a loop, counted from the call's origin.
    Index { to: Gpr, of: usize },
    /// A general register becomes the number of points from the step's first one on.
    Left(Gpr),
    /// Elements of so many bytes from memory to the frame, or back: as many as there are points in the step.
    Elements(Box<Elements>),
    /// Where the mask (first argument) is set a function is called, or a region run: what it gives goes into the result, which is the
    /// second argument elsewhere. The others are arguments of the function.
    Patch(usize),
    /// Reports an error if any lane of the argument is set.
    Fault { code: FaultCode, test: Test },
    /// The head of a loop at points, by its number; its argument is the greatest number of steps, in the first lane, if that is not known
    /// and the same for all. Values cross it in their homes alone.
    Enter(usize),
    /// That loop ends unless any lane of the argument is set. Values that are known behind it are in their homes.
    Exit { of: usize, test: Test },
    /// The loop goes on at its head, if there are steps left. Values cross it in their homes alone.
    Repeat(usize),
}

impl What {
    /// Whether a piece of code ends here, and another begins.
    pub fn parts(&self) -> bool {
        matches!(self, What::Enter(_) | What::Repeat(_))
    }
}

/// How a loop at points counts its steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counter {
    /// Where in the frame the number of steps is that are left until the loop ends, or asks whether the call is over.
    pub slot: i32,
    /// The greatest number, if it is known.
    pub max: Option<i64>,
    /// Where the number of steps after these is, if the loop asks.
    pub rest: Option<i32>,
}

/// Elements that are moved one by one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Elements {
    /// The kernel's address that they are counted from, and how far apart they are.
    pub base: usize,
    pub stride: ElementStride,
    /// So many of them come before the first, and so many bytes.
    pub first: i32,
    pub displacement: i32,
    /// Bytes of an element.
    pub size: usize,
    /// Where in the frame they are side by side.
    pub frame: i32,
    /// How many, at most as many as points are left.
    pub count: usize,
    /// Whether fewer points may be left.
    pub perhaps_fewer: bool,
    /// From the frame to memory.
    pub store: bool,
}

/// How far apart elements in memory are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElementStride {
    /// So many bytes.
    Bytes(i32),
    /// As far as the pointer moves along the innermost loop.
    Inner,
}

/// An instruction.
#[derive(Clone, PartialEq, Debug)]
pub struct Inst {
    pub what: What,
    pub size: Size,
    pub result: Option<Reg>,
    pub args: SmallVec<[Arg; 4]>,
    /// Whether the first argument's register is overwritten by the result.
    pub tied: bool,
    pub masked: Option<Masked>,
    pub immediate: Option<u8>,
}

impl Inst {
    /// One that overwrites nothing, has no mask and no immediate.
    pub fn new(what: What, size: Size, result: Option<Reg>, args: &[Arg]) -> Inst {
        let args = SmallVec::from_slice(args);
        Inst { what, size, result, args, tied: false, masked: None, immediate: None }
    }
}

/// Which lanes of a mask count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lanes {
    /// Lane 0 alone: the value is the same in all, or there is no other.
    First,
    /// All lanes of the step that hold points.
    Step,
}

/// How a mask is asked whether any lane is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Test {
    pub which: Lanes,
    /// Bytes of a lane, where the mask is in lanes.
    pub width: usize,
    /// Points of the step.
    pub lanes: usize,
}

/// What stands behind a patch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behind {
    /// A site, by its number.
    Call(usize),
    /// A region, by its number.
    Region(usize),
}

/// What a [`What::Patch`] does.
#[derive(Clone, Debug)]
pub struct Patch {
    pub behind: Behind,
    /// Whether the mask is set everywhere: then there is none.
    pub always: bool,
    pub test: Test,
    /// Bytes of a lane of the result, and of the arguments.
    pub width: usize,
    pub widths: SmallVec<[usize; 3]>,
    /// How many regions it stands in.
    pub depth: usize,
    /// Where the bits of lanes are that hold points; of a region those it is run for.
    pub valid: i32,
}

/// A region's code.
#[derive(Debug)]
pub struct Region {
    pub block: Vec<Inst>,
    /// Points that it is run for at a time.
    pub lanes: usize,
    /// Where it reads its parameters, and leaves its result; the bits of its lanes; where it goes back to.
    pub params: SmallVec<[i32; 3]>,
    pub result: i32,
    pub valid: i32,
    pub back: i32,
}

/// A register's description.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    pub class: Class,
    pub home: Home,
}

/// The constants of a kernel, each once.
#[derive(Default, Debug)]
pub struct Pool {
    pub all: Vec<Constant>,
}

/// A constant: what a register holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Constant {
    /// These 8 bytes again and again.
    Splat(u64),
    /// These bytes; those from a smaller vector's end on are zeros.
    Bytes([u8; 64]),
}

impl Constant {
    /// Every lane of this width these bits.
    pub fn lanes(bits: u64, width: usize) -> Constant {
        let bits = match width {
            1 => bits & 0xff,
            2 => bits & 0xffff,
            4 => bits & 0xffff_ffff,
            _ => bits,
        };
        Constant::Splat((0..8 / width).fold(0, |all, lane| all | bits << (8 * width * lane)))
    }

    /// A scalar in all lanes; a bool as a byte.
    pub fn scalar(c: Scalar) -> Constant {
        Constant::lanes(c.bits(), c.dtype().size())
    }

    /// The first so many bytes.
    pub fn bytes(&self, count: usize) -> Vec<u8> {
        match self {
            Constant::Splat(bits) => bits.to_le_bytes().repeat(count.div_ceil(8)).into_iter().take(count).collect(),
            Constant::Bytes(bytes) => bytes[..count].to_vec(),
        }
    }
}

impl Pool {
    /// Adds one.
    pub fn add(&mut self, constant: Constant) -> ConstId {
        self.all.push(constant);
        ConstId(self.all.len() as u32 - 1)
    }
}
