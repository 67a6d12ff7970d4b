//! Loops at points.
//!
//! Comes in: a `while`, for some copies of the body. Goes out: in the block, between two marks, a step of the loop for all of them side by
//! side. The state is in registers with a place in the frame, and so is a mask of the lanes that go on, which is tested before each
//! step. Where their greatest number is the same for all lanes, steps are counted in the frame alone; else each lane counts down, too. A loop
//! that may be long asks now and then whether the call is over (`STEPS`), which costs its step nothing more.
//! A component of the state that nothing reads afterwards is not kept where a lane has ended: what happens there does not matter.
//!
//! Always holds: lanes that hold no points do not go on; patches and faults of a step are asked for lanes that do.

use std::ops::Range;

use smallvec::SmallVec;

use super::super::mir::{Arg, Class, Counter, Home, Inst, Masked, Reg, Test, What};
use super::super::rows::{Row, Size};
use super::super::select::{Held, by_width};
use super::{Lower, Place};
use crate::dtype::{DType, Scalar};
use crate::ir::{self, Loop, Op, Region};
use crate::jit::signals::STEPS;

/// Registers of a loop, in one copy of the body.
#[derive(Clone)]
pub struct Iterated {
    state: SmallVec<[Held; 4]>,
    /// Which lanes go on, if not all do.
    active: Option<Held>,
    /// How many steps each lane has left, if that is not the same for all.
    left: Option<Held>,
}

/// A loop that is being selected.
struct Open<'a> {
    of: &'a Loop,
    step: &'a Region,
    copies: Range<usize>,
    /// Its number among the code's.
    number: usize,
    /// For each component whether it is read afterwards.
    read: SmallVec<[bool; 4]>,
    /// For each copy its registers.
    all: Vec<Iterated>,
    /// Where its code begins in the block.
    from: usize,
}

impl<'a> Lower<'a> {
    /// A loop for these copies.
    pub fn iterate(&mut self, v: ir::Value, of: &'a Loop, args: &[ir::Value], copies: Range<usize>) {
        let shape = self.shape;
        let step = shape.steps.iter().find(|(of, _)| *of == v).map(|(_, step)| step);
        let (Some(step), Some((start, max, captured))) = (step, of.parts(args)) else {
            unreachable!("the verifier has seen its arguments")
        };
        let is_read = |part: usize| {
            let reads = |inst: &ir::Inst| matches!(inst, ir::Inst::Final { from, part: p } if *from == v && usize::from(*p) == part);
            self.kernel.insts.iter().any(reads)
        };
        let read = (0..of.state.len()).map(is_read).collect();
        let own_max = is_own_max(self.kernel, max, self.place != Place::Outside);
        let (all, params) = self.begin(v, of, (start, max, captured), (copies.clone(), own_max));
        let number = self.code.loops.len();
        let mut enter: SmallVec<[Arg; 1]> = SmallVec::new();
        self.copy = copies.start;
        let max = match (own_max, self.fetch(max)) {
            (true, _) => Some(i64::MAX),
            (_, Held::Constant(c)) => Some(c.bits() as i64),
            (_, held) => {
                enter.push(self.code.reg(&held).into());
                None
            }
        };
        // (A loop that is known to be short is over before anybody is to be asked.)
        let rest = max.is_none_or(|max| max > STEPS).then(|| self.code.frame.word());
        let slot = self.code.frame.word();
        self.code.loops.push(Counter { slot, max, rest });
        // (What is found out in a loop may not be known behind it, for the loop may have no step.)
        let known = self.valid_lanes.clone();
        self.gpr(What::Enter(number), &enter);
        let from = self.code.block.len();
        let mut open = Open { of, step, copies: copies.clone(), number, read, all, from };
        self.below_max(&mut open);
        self.region_of(&mut open, params);
        self.gpr(What::Repeat(number), &[]);
        self.valid_lanes = known;
        for (copy, registers) in copies.zip(open.all) {
            self.iterated.insert((v, copy), registers);
        }
    }

    /// A component of the state with which a loop has ended.
    pub fn ended(&mut self, from: ir::Value, part: u8) -> Held {
        let of = |copy: usize| self.iterated.get(&(from, copy));
        match of(self.copy).or_else(|| of(0)) {
            Some(iterated) => iterated.state[usize::from(part)],
            None => unreachable!("a loop is known where its state is read"),
        }
    }

    /// What a bool is where lanes go on; where there is no loop, or all do, what it is.
    pub fn where_active(&mut self, mask: Held) -> Held {
        match (self.code.depth, self.active.get(self.copy).copied().flatten()) {
            (0, Some(active)) => self.code.on_bools(Op::And, &[mask, active]),
            _ => mask,
        }
    }

    /// Ahead of the loop: the registers of each copy get their first values. Gives the parameters of the step, too.
    fn begin(
        &mut self,
        v: ir::Value,
        of: &Loop,
        (start, max, captured): (&[ir::Value], ir::Value, &[ir::Value]),
        (copies, own_max): (Range<usize>, bool),
    ) -> (Vec<Iterated>, Vec<SmallVec<[Held; 8]>>) {
        let (mut all, mut params) = (Vec::new(), Vec::new());
        for copy in copies {
            self.copy = copy;
            // The same registers in a step and in what is left, so that they have the same places.
            let known = self.iterated.get(&(v, copy)).cloned();
            let mut state: SmallVec<[Held; 4]> = SmallVec::new();
            for (part, (&v, &ty)) in start.iter().zip(&of.state).enumerate() {
                let known = known.as_ref().map(|known| known.state[part]);
                let from = self.fetch(v);
                state.push(self.state_from(&from, ty, known));
            }
            let left = own_max.then(|| {
                let max = self.fetch(max);
                self.state_from(&max, DType::I64, known.as_ref().and_then(|known| known.left))
            });
            let active = (of.cond.is_some() || own_max).then(|| {
                let all = self.valid();
                self.state_from(&all, DType::Bool, known.as_ref().and_then(|known| known.active))
            });
            let mut args: SmallVec<[Held; 8]> = state.iter().copied().collect();
            for (&v, &ty) in captured.iter().zip(&of.captured) {
                let held = self.fetch(v);
                args.push(self.in_register(&held, ty));
            }
            all.push(Iterated { state, active, left });
            params.push(args);
        }
        (all, params)
    }

    /// A value in a register, or a constant.
    fn in_register(&mut self, held: &Held, ty: DType) -> Held {
        match (held, ty) {
            (Held::Constant(_) | Held::Mask(_) | Held::Lanes(..), _) => *held,
            (_, DType::Bool) if self.code.is_evex() => Held::Mask(self.code.mask(held)),
            (_, DType::Bool) => {
                let width = self.lane_width();
                Held::Lanes(self.code.lanes(held, width), width)
            }
            _ => Held::Vector(self.code.reg(held)),
        }
    }

    /// Bytes of a lane of bools that any number's will do for.
    fn lane_width(&self) -> usize {
        (self.code.widest.bytes() / self.code.lanes).min(8)
    }

    /// A value in the form in which states of its type are.
    fn as_state(&mut self, held: &Held, ty: DType) -> Held {
        match ty {
            DType::Bool if self.code.is_evex() => Held::Mask(self.code.mask(held)),
            DType::Bool => {
                let width = self.lane_width();
                Held::Lanes(self.code.lanes(held, width), width)
            }
            _ => Held::Vector(self.code.reg(held)),
        }
    }

    /// A register for what changes from step to step, the one that is known or a new one, with its first value.
    fn state_from(&mut self, from: &Held, ty: DType, known: Option<Held>) -> Held {
        let from = self.as_state(from, ty);
        let (class, reg) = match from {
            Held::Mask(reg) => (Class::Mask, reg),
            Held::Lanes(reg, width) => (Class::Vector(self.code.size(width)), reg),
            other => (Class::Vector(self.code.size(ty.size())), self.code.reg(&other)),
        };
        let state = match known {
            Some(known) => reg_of(&known),
            None => {
                let room = self.code.frame.room(64, 64);
                self.code.register(class, Home::Kept(room))
            }
        };
        self.code.copy_to(state, reg);
        with_reg(&from, state)
    }

    /// Which lanes hold points.
    fn valid(&mut self) -> Held {
        match (self.place, self.code.is_evex()) {
            (Place::Tail, true) => Held::Mask(self.code.valid_mask()),
            (Place::Tail, false) => {
                let width = self.lane_width();
                Held::Lanes(self.valid_of(width), width)
            }
            _ => Held::Constant(Scalar::from(true)),
        }
    }

    /// At the head of a step: lanes that have none left do not go on.
    fn below_max(&mut self, open: &mut Open) {
        let zero = Held::Constant(Scalar::from(0i64));
        let mut any = false;
        for (i, copy) in open.copies.clone().enumerate() {
            self.copy = copy;
            if let Some(left) = open.all[i].left {
                let more = self.code.op(Op::Gt, DType::I64, DType::Bool, &[left, zero]);
                self.narrow(open, i, &more);
                any = true;
            }
        }
        if any && open.of.cond.is_none() {
            self.exit(open);
        }
    }

    /// Of the lanes that go on, those do not where the bool does not hold.
    fn narrow(&mut self, open: &Open, i: usize, holds: &Held) {
        let Some(active) = open.all[i].active else { return };
        let rest = self.code.on_bools(Op::And, &[active, *holds]);
        let rest = self.as_state(&rest, DType::Bool);
        self.code.becomes(reg_of(&active), reg_of(&rest), open.from);
    }

    /// The way out, if no lane goes on.
    fn exit(&mut self, open: &Open) {
        let some = open.all.iter().filter_map(|iterated| iterated.active);
        let Some(any) = some.reduce(|x, y| self.code.on_bools(Op::Or, &[x, y])) else { return };
        let width = if let Held::Lanes(_, width) = any { width } else { 1 };
        let test = Test { which: self.which(), width, lanes: self.code.lanes };
        let args: [Arg; 1] = [reg_of(&any).into()];
        self.code.push(Inst::new(What::Exit { of: open.number, test }, Size::X, None, &args));
    }

    /// A step: its code for all copies, then the new states.
    fn region_of(&mut self, open: &mut Open<'a>, params: Vec<SmallVec<[Held; 8]>>) {
        let kernel = open.step.kernel();
        let copies = open.copies.clone();
        let homes = vec![vec![None; kernel.insts.len()]; self.homes.len()];
        let homes = std::mem::replace(&mut self.homes, homes);
        let outer = std::mem::replace(&mut self.kernel, kernel);
        for (iterated, copy) in open.all.iter().zip(copies.clone()) {
            self.active[copy] = iterated.active;
        }
        let mut results: Vec<Vec<Held>> = vec![Vec::new(); copies.len()];
        let mut is_cond = open.of.cond.is_some();
        for &v in open.step.code() {
            for (i, copy) in copies.clone().enumerate() {
                self.copy = copy;
                match kernel.inst(v) {
                    ir::Inst::Load(access) => self.set(v, params[i][access.operand.0 as usize]),
                    ir::Inst::Store(_, stored) => {
                        let held = self.fetch(*stored);
                        if is_cond { self.narrow(open, i, &held) } else { results[i].push(held) }
                    }
                    _ => self.inst(v),
                }
            }
            if let (ir::Inst::Store(..), true) = (kernel.inst(v), is_cond) {
                self.exit(open);
                is_cond = false;
            }
        }
        for (i, copy) in copies.clone().enumerate() {
            self.copy = copy;
            self.next(open, i, &results[i]);
            self.active[copy] = None;
        }
        self.kernel = outer;
        self.homes = homes;
    }

    /// The states get their new values, in lanes that go on.
    fn next(&mut self, open: &Open, i: usize, results: &[Held]) {
        let Iterated { state, active, left } = open.all[i].clone();
        let mut moves: SmallVec<[(Reg, Reg); 6]> = SmallVec::new();
        for ((new, old), &ty) in results.iter().zip(&state).zip(&open.of.state) {
            let mut new = reg_of(&self.as_state(new, ty));
            // What is in its place as long as the step lasts, or is given to another one too, is copied.
            if state.iter().any(|old| reg_of(old) == new) || moves.iter().any(|moved| moved.1 == new) {
                new = self.code.copy_of(new);
            }
            moves.push((reg_of(old), new));
        }
        if let Some(left) = left {
            let one = Held::Constant(Scalar::from(1i64));
            let less = self.code.op(Op::Sub, DType::I64, DType::I64, &[left, one]);
            moves.push((reg_of(&left), self.code.reg(&less)));
        }
        // Where lanes have ended, what is read afterwards stays.
        for ((&(old, new), &ty), &read) in moves.iter().zip(&open.of.state).zip(&open.read) {
            if let (Some(active), true) = (active, read) {
                self.moved_where(active, old, new, ty);
            }
        }
        let kept = |at: usize| active.is_some() && open.read.get(at) == Some(&true);
        for (at, (old, new)) in moves.into_iter().enumerate() {
            if !kept(at) {
                self.code.becomes(old, new, open.from);
            }
        }
    }

    /// A state gets its new value in lanes that go on.
    fn moved_where(&mut self, active: Held, old: Reg, new: Reg, ty: DType) {
        if ty == DType::Bool {
            let [new, kept] = [new, old].map(|reg| with_reg(&active, reg));
            let next = self.code.on_bools(Op::Select, &[active, new, kept]);
            let next = reg_of(&self.as_state(&next, ty));
            return self.code.copy_to(old, next);
        }
        match active {
            Held::Mask(by) => {
                let (row, size) = (by_width(ty.size(), Row::MASKED_LOAD), self.code.size(ty.size()));
                let masked = Some(Masked { by, zero: false });
                let args = [old.into(), new.into()];
                self.code.push(Inst { tied: true, masked, ..Inst::new(What::Row(row), size, Some(old), &args) });
            }
            active => {
                let next = self.code.blend(&active, &Held::Vector(new), &Held::Vector(old), ty.size());
                self.code.becomes(old, next, self.code.block.len() - 1);
            }
        }
    }
}

/// Whether the greatest number of steps is another at each point.
pub fn is_own_max(kernel: &ir::Kernel, max: ir::Value, within: bool) -> bool {
    let body = kernel.levels.last().map_or(&[][..], |level| &level.before);
    within && !matches!(kernel.inst(max), ir::Inst::Const(_)) && body.contains(&max)
}

/// The register that a value is in.
fn reg_of(held: &Held) -> Reg {
    match held {
        Held::Vector(reg) | Held::Mask(reg) | Held::Lanes(reg, _) => *reg,
        Held::Constant(_) | Held::Memory(..) => unreachable!("the value is in a register"),
    }
}

/// The same form, in this register.
fn with_reg(held: &Held, reg: Reg) -> Held {
    match held {
        Held::Mask(_) => Held::Mask(reg),
        Held::Lanes(_, width) => Held::Lanes(reg, *width),
        _ => Held::Vector(reg),
    }
}
