//! Decisions about a kernel's code, made before any of it is emitted.
//!
//! Comes in: a kernel. Goes out: how many points a step covers, how each access is addressed, which uniform values
//! stay in registers. Always holds: none of it changes a result.

use foldhash::{HashMap, HashMapExt};
use smallvec::SmallVec;

use super::lanes::PART;
use super::padded::Padded;
use crate::dtype::{DType, Kind};
use crate::ir::builder::for_each_arg;
use crate::ir::{self, Inst, Kernel, LANES, Op, Role, Stride};
use crate::jit::Unsupported;

/// Vector registers that a body may fill: of 16, some are needed in passing.
const REGISTERS: usize = 14;
/// Bodies with more operations than this gain nothing from unrolling: the CPU overlaps the steps by itself.
const LONG_BODY: usize = 24;
/// But where one operation waits for the other for more cycles than this, too few steps find room in the CPU's queues, and
/// twice the points a step are worth registers that spill: a tenth to a quarter less time for `sinh`, `tanh`, `pow`, where
/// `exp` and `log` (about 50 and 59 cycles) lose as much.
const LONG_CHAIN: usize = 60;
/// Operations that are in the CPU's queues at once.
const QUEUES: usize = 250;
/// Points of a step, and operations on parts in its body, that are not exceeded to shorten a wait.
const MOST_LANES: usize = 16;
const MOST_PARTS: usize = 8000;

/// How an access moves along the innermost loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Inner {
    /// Not at all.
    Fixed,
    /// By one element a point.
    Unit,
    /// By a stride known at the call.
    Strided,
}

/// Where an access goes: a base, a constant number of bytes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address {
    pub base: usize,
    pub displacement: i32,
    pub inner: Inner,
}

/// A dimension of a base.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Dim {
    pub follows: Option<u8>,
    pub offset: i32,
    /// Its stride: a constant, or else the index in the call's table.
    pub stride: Result<i64, u32>,
}

/// A pointer that is advanced from level to level: accesses that differ by a constant share one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Base {
    pub operand: usize,
    pub dims: SmallVec<[Dim; 2]>,
    pub inner_strided: bool,
}

/// The decisions.
#[derive(Debug)]
pub(super) struct Shape {
    /// Points of a step of the vector loop.
    pub lanes: usize,
    /// Points that the body is emitted for at a time, a divisor of `lanes`: fewer where the values of all of a step's points
    /// would find no room in registers.
    pub chunk: usize,
    /// For each instruction how often the body reads it.
    pub uses: Vec<u32>,
    /// For each instruction that is a load or store its address.
    pub addresses: Vec<Option<Address>>,
    pub bases: Vec<Base>,
    /// For each instruction whether it is a load that may be emitted where its value is first read instead of where it
    /// stands. An array that is read may be, element for element, one that is written (an update in place), so
    /// that what is first read after the first store stays where it is.
    pub floats: Vec<bool>,
    /// For each instruction whether its (uniform) value lives in the stack frame.
    pub in_frame: Vec<bool>,
    /// How many constants may stay in registers.
    pub constants: usize,
    /// For each instruction that gives a bool the width of its mask.
    pub widths: Vec<usize>,
    /// The `accumulate`s of the body.
    pub accumulates: Vec<ir::Value>,
    /// How it is run, if the body stands for whole steps alone.
    pub padded: Option<Padded>,
    /// Whether the tail computes with scalars, not with one lane of vectors: operands in memory need no loads of their own.
    pub scalar_tail: bool,
}

impl Shape {
    pub fn of(kernel: &Kernel) -> Result<Shape, Unsupported> {
        let count = kernel.insts.len();
        let Some(body) = kernel.levels.last().map(|level| &level.before[..]) else {
            return Err(Unsupported("a kernel without levels".into()));
        };
        if kernel.loops() > 0 && kernel.levels.last().is_some_and(|level| !level.after.is_empty()) {
            return Err(Unsupported("after code in the innermost level".into()));
        }
        let mut shape = Shape {
            lanes: 1,
            chunk: 1,
            uses: vec![0; count],
            addresses: vec![None; count],
            bases: Vec::new(),
            floats: vec![false; count],
            in_frame: vec![false; count],
            constants: 0,
            widths: widths(kernel),
            accumulates: Vec::new(),
            padded: None,
            scalar_tail: kernel.loops() > 0 && body.iter().all(|&v| on_scalars(kernel, v)),
        };
        let mut stored = false;
        for &v in body {
            for_each_arg(kernel.inst(v), |arg| {
                let uses = &mut shape.uses[arg.0 as usize];
                shape.floats[arg.0 as usize] |= *uses == 0 && !stored && is_input(kernel, arg);
                *uses += 1;
            });
            stored |= matches!(kernel.inst(v), Inst::Store(..));
            if let Inst::Accumulate { .. } = kernel.inst(v) {
                shape.accumulates.push(v);
            }
        }
        if kernel.loops() == 0 && !shape.accumulates.is_empty() {
            return Err(Unsupported("accumulate without a loop".into()));
        }
        shape.address_all(kernel)?;
        let pressure = shape.choose_lanes(kernel, body);
        shape.place_uniforms(kernel, body, pressure);
        shape.padded = Padded::of(kernel, shape.lanes);
        Ok(shape)
    }

    /// Gives each access its base.
    fn address_all(&mut self, kernel: &Kernel) -> Result<(), Unsupported> {
        let innermost = kernel.loops().checked_sub(1).map(|l| l as u8);
        let stride_bases = kernel.stride_bases();
        let mut known: HashMap<Base, usize> = HashMap::new();
        for (at, inst) in kernel.insts.iter().enumerate() {
            let (Inst::Load(access) | Inst::Store(access, _)) = inst else { continue };
            let operand = kernel.operand(access.operand);
            if operand.dims.len() != access.map.len() {
                return Err(Unsupported("an access with too few or too many coordinates".into()));
            }
            let size = operand.dtype.size() as i64;
            let first = stride_bases[access.operand.0 as usize] as u32;
            let (mut displacement, mut unit, mut strided) = (0i64, 0, false);
            let mut dims = SmallVec::new();
            for (d, (coordinate, stride)) in access.map.iter().zip(&operand.dims).enumerate() {
                let mut dim = Dim {
                    follows: coordinate.follows.map(|l| l.0),
                    offset: coordinate.offset,
                    stride: if *stride == Stride::Unit { Ok(size) } else { Err(first + d as u32) },
                };
                // Displacements of parts and lanes are added later: leave room.
                let moved = displacement + i64::from(dim.offset) * size;
                if *stride == Stride::Unit && moved.unsigned_abs() < 1 << 30 {
                    displacement = moved;
                    dim.offset = 0;
                }
                if dim.follows.is_some() && dim.follows == innermost {
                    strided |= *stride == Stride::Any;
                    unit += 1;
                }
                dims.push(dim);
            }
            let inner = match unit {
                0 => Inner::Fixed,
                1 if !strided => Inner::Unit,
                _ => Inner::Strided,
            };
            let operand = access.operand.0 as usize;
            let base = Base { operand, dims, inner_strided: inner == Inner::Strided };
            let base = *known.entry(base).or_insert_with_key(|base| {
                self.bases.push(base.clone());
                self.bases.len() - 1
            });
            self.addresses[at] = Some(Address { base, displacement: displacement as i32, inner });
        }
        Ok(())
    }

    /// Picks the points of a step; gives how many registers the body's own values then take at most.
    fn choose_lanes(&mut self, kernel: &Kernel, body: &[ir::Value]) -> usize {
        if kernel.loops() == 0 {
            return 0;
        }
        let of_body = |v: &ir::Value| match kernel.inst(*v) {
            Inst::Store(_, v) => kernel.ty(*v),
            _ => kernel.ty(*v),
        };
        if !self.accumulates.is_empty() {
            // The state has a fixed number of lanes. A chunk fills whole parts of all values, and of the state.
            let states = self.accumulates.iter().flat_map(|&v| self.state_widths(kernel, v));
            let narrowest = body.iter().filter_map(|&v| self.width(kernel, v)).chain(states).min().unwrap_or(1);
            let least = (PART / narrowest).min(LANES);
            self.lanes = LANES;
            self.chunk = LANES;
            while self.chunk > least && self.pressure(kernel, body) > REGISTERS {
                self.chunk /= 2;
            }
            return self.pressure(kernel, body);
        }
        // Bools take the widths of what they are compared from.
        let sizes = || body.iter().filter_map(of_body).filter(|&ty| ty != DType::Bool).map(DType::size);
        let (narrow, wide) = (sizes().min().unwrap_or(1), sizes().max().unwrap_or(1));
        // In full, two parts of the widest values, or one of the narrowest if that makes no more than four of the widest. At
        // the least one part of the widest, or two where narrower ones would leave half of theirs empty.
        let full = (2 * PART / wide).max((PART / narrow).min(4 * PART / wide));
        let least = if narrow == wide { PART / wide } else { 2 * PART / wide };
        let operations = body.iter().filter(|v| matches!(kernel.inst(**v), Inst::Op { .. })).count();
        let chain = longest_chain(kernel, body);
        let waits = chain > LONG_CHAIN;
        let full = if waits { full.max(2 * least) } else { full };
        self.set_lanes(full);
        let mut pressure = self.pressure(kernel, body);
        if !waits && (operations > LONG_BODY || pressure > REGISTERS) {
            self.set_lanes(least);
            return self.pressure(kernel, body);
        }
        // A step's operations, and whether they are done while its chain still waits: the queues overlap few steps of so many.
        let parts = |lanes: usize| (operations * (lanes * wide / PART)).max(1);
        let idle = |lanes| chain / (QUEUES / parts(lanes)).max(1) > parts(lanes) / 2;
        while idle(self.lanes) && 2 * self.lanes <= MOST_LANES && parts(2 * self.lanes) <= MOST_PARTS {
            self.set_lanes(2 * self.lanes);
            let wider = self.pressure(kernel, body);
            if wider > REGISTERS {
                self.set_lanes(self.lanes / 2);
                break;
            }
            pressure = wider;
        }
        pressure
    }

    fn set_lanes(&mut self, lanes: usize) {
        (self.lanes, self.chunk) = (lanes, lanes);
    }

    /// The greatest number of parts alive at once, of values that the body computes.
    fn pressure(&self, kernel: &Kernel, body: &[ir::Value]) -> usize {
        let mut last = vec![None; kernel.insts.len()];
        for (at, &v) in body.iter().enumerate() {
            for_each_arg(kernel.inst(v), |arg| last[arg.0 as usize] = Some(at));
        }
        let parts = |v: ir::Value| self.width(kernel, v).map_or(0, |width| (self.chunk * width / PART).max(1));
        let mut ends = vec![0usize; body.len() + 1];
        let (mut live, mut most) = (0, 0);
        for (at, &v) in body.iter().enumerate() {
            // A load that is read once is an operand in memory.
            let folded = matches!(kernel.inst(v), Inst::Load(_)) && self.uses[v.0 as usize] == 1;
            if let (false, Some(end)) = (folded, last[v.0 as usize]) {
                live += parts(v);
                ends[end] += parts(v);
            }
            most = most.max(live);
            live -= ends[at];
        }
        let states = self.accumulates.iter().flat_map(|&v| self.state_widths(kernel, v));
        let state: usize = states.map(|width| (self.lanes * width / PART).max(1)).sum();
        most + state
    }

    /// Bytes of a lane of a value; none for what has no value.
    fn width(&self, kernel: &Kernel, v: ir::Value) -> Option<usize> {
        kernel.ty(v).map(|ty| if ty == DType::Bool { self.widths[v.0 as usize] } else { ty.size() })
    }

    /// Bytes of a lane of each component of the state of an `accumulate`.
    fn state_widths(&self, kernel: &Kernel, v: ir::Value) -> SmallVec<[usize; 2]> {
        let Inst::Accumulate { monoid, args } = kernel.inst(v) else { return SmallVec::new() };
        let of_bools = args.iter().map(|v| self.widths[v.0 as usize]).max().unwrap_or(1);
        monoid.state.iter().map(|ty| if *ty == DType::Bool { of_bools } else { ty.size() }).collect()
    }

    /// Shares out the registers that the body leaves free: to uniform values first, then to constants.
    fn place_uniforms(&mut self, kernel: &Kernel, body: &[ir::Value], pressure: usize) {
        // A call takes all vector registers: what lives across one is better kept in memory.
        let calls = body.iter().any(|v| matches!(kernel.inst(*v), Inst::Patch { .. }));
        let mut free = if calls { 2 } else { REGISTERS.saturating_sub(pressure) };
        let outer = kernel.levels.split_last().map_or(&[][..], |(_, outer)| outer);
        for &v in outer.iter().flat_map(|level| &level.before) {
            let read = self.uses[v.0 as usize] > 0 && !matches!(kernel.inst(v), Inst::Const(_));
            if read && free == 0 {
                self.in_frame[v.0 as usize] = true;
            } else if read {
                free -= 1;
            }
        }
        self.constants = free;
    }
}

/// Whether a value is loaded from an array that the kernel only reads.
fn is_input(kernel: &Kernel, v: ir::Value) -> bool {
    matches!(kernel.inst(v), Inst::Load(access) if kernel.operand(access.operand).role == Role::In)
}

/// About how many cycles the longest chain of operations takes of which each waits for the one before.
fn longest_chain(kernel: &Kernel, body: &[ir::Value]) -> usize {
    let mut ready = vec![0; kernel.insts.len()];
    let mut longest = 0;
    for &v in body {
        let Inst::Op { op, args } = kernel.inst(v) else { continue };
        let cycles = kernel.ty(args[0]).map_or(0, |dtype| op.latency(dtype));
        let begin = args.iter().map(|arg| ready[arg.0 as usize]).max().unwrap_or(0);
        ready[v.0 as usize] = begin + cycles;
        longest = longest.max(begin + cycles);
    }
    longest
}

/// Whether scalars do for an instruction of the body: plain arithmetic on floats.
fn on_scalars(kernel: &Kernel, v: ir::Value) -> bool {
    let float = |v: ir::Value| kernel.ty(v).is_none_or(|ty| ty.kind() == Kind::Float);
    match kernel.inst(v) {
        Inst::Const(_) => true,
        Inst::Load(_) => float(v),
        Inst::Store(_, stored) => float(*stored),
        Inst::Op { op: Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Sqrt, .. } => float(v),
        _ => false,
    }
}

/// The widths of masks: that of what was compared, the widest where some meet.
fn widths(kernel: &Kernel) -> Vec<usize> {
    let mut widths = vec![1; kernel.insts.len()];
    for (at, inst) in kernel.insts.iter().enumerate() {
        let Inst::Op { op, args } = inst else { continue };
        if kernel.types[at] != Some(DType::Bool) {
            continue;
        }
        widths[at] = match (op, kernel.ty(args[0])) {
            (Op::Select, _) | (_, Some(DType::Bool)) => args.iter().map(|v| widths[v.0 as usize]).max().unwrap_or(1),
            (_, ty) => ty.map_or(1, DType::size),
        };
    }
    widths
}
