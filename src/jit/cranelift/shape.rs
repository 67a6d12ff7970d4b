//! Decisions about a kernel's code, made before any of it is emitted.
//!
//! Comes in: a kernel. Goes out: how many points a step covers, how each access is addressed, which uniform values
//! stay in registers. Always holds: none of it changes a result.

use super::lanes::PART;
use crate::dtype::{DType, Kind};
use crate::ir::{self, Inst, Kernel, LANES, Op, Region};
use crate::jit::Unsupported;
use crate::jit::native::addresses::Addresses;
use crate::jit::native::liveness::{Liveness, longest_chain, state_widths, width};
use crate::jit::native::machine::Machine;
use crate::jit::native::masks::widths;
use crate::jit::native::padded::Padded;

/// Bodies with more operations than this gain nothing from unrolling: the CPU overlaps the steps by itself.
const LONG_BODY: usize = 24;
/// But where one operation waits for the other for more cycles than this, too few steps find room in the CPU's queues, and
/// twice the points a step are worth registers that spill: a tenth to a quarter less time for `sinh`, `tanh`, `pow`, where
/// `exp` and `log` (about 50 and 59 cycles) lose as much.
const LONG_CHAIN: usize = 60;
/// Parts of the widest value of a step that combines in any order: so many chains as hide what one operation waits for.
const FREE_PARTS: usize = 4;
/// Operations that are in the CPU's queues at once.
const QUEUES: usize = 250;
/// Points of a step, and operations on parts in its body, that are not exceeded to shorten a wait.
const MOST_LANES: usize = 16;
const MOST_PARTS: usize = 8000;

/// The decisions.
#[derive(Debug)]
pub(super) struct Shape {
    /// Points of a step of the vector loop.
    pub lanes: usize,
    /// Points that the body is emitted for at a time, a divisor of `lanes`: fewer where the values of all of a step's points
    /// would find no room in registers.
    pub chunk: usize,
    pub machine: Machine,
    pub liveness: Liveness,
    pub addresses: Addresses,
    /// For each instruction whether its (uniform) value lives in the stack frame.
    pub in_frame: Vec<bool>,
    /// How many constants may stay in registers.
    pub constants: usize,
    /// For each instruction that gives a bool the width of its mask.
    pub widths: Vec<usize>,
    /// How it is run, if the body stands for whole steps alone.
    pub padded: Option<Padded>,
    /// For each loop at points a step of it.
    pub steps: Vec<(ir::Value, Region)>,
    /// Whether the tail computes with scalars, not with one lane of vectors: operands in memory need no loads of their own.
    pub scalar_tail: bool,
}

impl Shape {
    pub fn of(kernel: &Kernel, machine: &Machine) -> Result<Shape, Unsupported> {
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
            machine: *machine,
            liveness: Liveness::of(kernel, body),
            addresses: Addresses::new(kernel)?,
            in_frame: vec![false; count],
            constants: 0,
            widths: widths(kernel),
            padded: None,
            steps: kernel.steps(),
            scalar_tail: kernel.loops() > 0 && body.iter().all(|&v| on_scalars(kernel, v)),
        };
        if kernel.loops() == 0 && !shape.liveness.accumulates.is_empty() {
            return Err(Unsupported("accumulate without a loop".into()));
        }
        let pressure = shape.choose_lanes(kernel, body);
        shape.place_uniforms(kernel, body, pressure);
        shape.padded = Padded::of(kernel, shape.lanes);
        Ok(shape)
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
        if !self.liveness.accumulates.is_empty() {
            return self.choose_lanes_of_state(kernel, body);
        }
        // Bools take the widths of what they are compared from.
        let in_steps = || self.steps.iter().flat_map(|(_, step)| step.kernel().types.iter().copied().flatten());
        let sizes =
            || body.iter().filter_map(of_body).chain(in_steps()).filter(|&ty| ty != DType::Bool).map(DType::size);
        let (narrow, wide) = (sizes().min().unwrap_or(1), sizes().max().unwrap_or(1));
        // In full, two parts of the widest values, or one of the narrowest if that makes no more than four of the widest. At
        // the least one part of the widest, or two where narrower ones would leave half of theirs empty.
        let full = (2 * PART / wide).max((PART / narrow).min(4 * PART / wide));
        let least = if narrow == wide { PART / wide } else { 2 * PART / wide };
        let operations = body.iter().filter(|v| matches!(kernel.inst(**v), Inst::Op { .. })).count();
        let chain = longest_chain(kernel, body);
        let waits = chain > LONG_CHAIN;
        let full = if waits { full.max(2 * least) } else { full };
        // A step's operations, and whether they are done while its chain still waits: the queues overlap few steps of so many.
        let parts = |lanes: usize| (operations * (lanes * wide / PART)).max(1);
        let idle = |lanes| chain / (QUEUES / parts(lanes)).max(1) > parts(lanes) / 2;
        self.set_lanes(full);
        let mut pressure = self.pressure(kernel, body);
        let fewer = match waits {
            true => !idle(least) && self.constants_fit(kernel, body, least) && !self.constants_fit(kernel, body, full),
            false => operations > LONG_BODY || pressure > self.machine.registers,
        };
        if fewer {
            self.set_lanes(least);
            return self.pressure(kernel, body);
        }
        while idle(self.lanes) && 2 * self.lanes <= MOST_LANES && parts(2 * self.lanes) <= MOST_PARTS {
            self.set_lanes(2 * self.lanes);
            let wider = self.pressure(kernel, body);
            if wider > self.machine.registers {
                self.set_lanes(self.lanes / 2);
                break;
            }
            pressure = wider;
        }
        pressure
    }

    /// The same where the body combines.
    fn choose_lanes_of_state(&mut self, kernel: &Kernel, body: &[ir::Value]) -> usize {
        // The state has a fixed number of lanes, if their order matters. A chunk fills whole parts of all values, and of the state.
        let states = self.liveness.accumulates.iter().flat_map(|&v| state_widths(kernel, &self.widths, v));
        let narrowest = body.iter().filter_map(|&v| width(kernel, &self.widths, v)).chain(states).min().unwrap_or(1);
        let widths = || {
            let states = self.liveness.accumulates.iter().flat_map(|&v| state_widths(kernel, &self.widths, v));
            body.iter().filter_map(|&v| width(kernel, &self.widths, v)).chain(states)
        };
        let widest = widths().max().unwrap_or(1);
        let ordered = |v: &ir::Value| !matches!(kernel.inst(*v), Inst::Accumulate { monoid, .. } if !monoid.ordered);
        let free = !self.liveness.accumulates.iter().any(ordered);
        let lanes = if free { (FREE_PARTS * PART / widest).max(LANES) } else { LANES };
        let least = (PART / narrowest).min(lanes);
        self.set_lanes(lanes);
        while self.chunk > least && self.pressure(kernel, body) > self.machine.registers {
            self.chunk /= 2;
        }
        self.pressure(kernel, body)
    }

    /// Whether registers hold the constants too with so many points a step. What is loaded anew for each takes room in the queues.
    fn constants_fit(&mut self, kernel: &Kernel, body: &[ir::Value], lanes: usize) -> bool {
        let read = |at: &usize| self.liveness.uses[*at] > 0 && matches!(kernel.insts[*at], Inst::Const(_));
        let constants = (0..kernel.insts.len()).filter(read).count();
        let before = self.lanes;
        self.set_lanes(lanes);
        let pressure = self.pressure(kernel, body);
        self.set_lanes(before);
        pressure + constants <= self.machine.registers
    }

    fn set_lanes(&mut self, lanes: usize) {
        (self.lanes, self.chunk) = (lanes, lanes);
    }

    /// The greatest number of parts alive at once: of values that the body computes, of the state, and of what a step makes of it.
    fn pressure(&self, kernel: &Kernel, body: &[ir::Value]) -> usize {
        let width = |v| width(kernel, &self.widths, v);
        let states = self.liveness.accumulates.iter().flat_map(|&v| state_widths(kernel, &self.widths, v));
        let state: usize = states.map(|width| (self.lanes * width / PART).max(1)).sum();
        let steps = self.liveness.accumulates.iter().filter_map(|&v| match kernel.inst(v) {
            Inst::Accumulate { monoid, .. } => Some(monoid.temporaries() * self.step_parts(kernel, v)),
            _ => None,
        });
        self.liveness.pressure(kernel, body, &self.machine, self.chunk, width) + state + steps.max().unwrap_or(0)
    }

    /// Parts of a chunk of the widest component of a state.
    fn step_parts(&self, kernel: &Kernel, v: ir::Value) -> usize {
        let widest = state_widths(kernel, &self.widths, v).into_iter().max().unwrap_or(1);
        (self.chunk * widest / PART).max(1)
    }

    /// Shares out the registers that the body leaves free: to uniform values first, then to constants.
    fn place_uniforms(&mut self, kernel: &Kernel, body: &[ir::Value], pressure: usize) {
        // A call takes all vector registers: what lives across one is better kept in memory.
        let calls = body.iter().any(|v| matches!(kernel.inst(*v), Inst::Patch { .. }));
        let mut free = if calls { 2 } else { self.machine.registers.saturating_sub(pressure) };
        let outer = kernel.levels.split_last().map_or(&[][..], |(_, outer)| outer);
        for &v in outer.iter().flat_map(|level| &level.before) {
            let read = self.liveness.uses[v.0 as usize] > 0 && !matches!(kernel.inst(v), Inst::Const(_));
            if read && free == 0 {
                self.in_frame[v.0 as usize] = true;
            } else if read {
                free -= 1;
            }
        }
        self.constants = free;
    }
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
