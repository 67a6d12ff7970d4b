//! From a kernel to blocks: selection of its code, level by level.
//!
//! Comes in: a kernel and its [`Shape`]. Goes out: [`Blocks`]. Always holds: the copies of a body stand side by side, one instruction
//! of the IR for all of them before the next, so that chains of operations that wait for themselves overlap.

use foldhash::HashMap;
use smallvec::SmallVec;

use super::cold::{Behind, Callee, Lanes, Patch, RegionCode, Site};
use super::mir::{Arg, Class, Constant, Gpr, Home, Inst, Reg, Size, What};
use super::rows::Row;
use super::select::{Code, Held, by_float};
use super::shape::{Shape, Vectors};
use crate::dtype::DType;
use crate::ir::helper::{self, Helper};
use crate::ir::{self, FaultCode, Fragment, Kernel, Monoid, Op, Region};

/// The code of a kernel, in blocks.
#[derive(Default)]
pub struct Blocks {
    /// For each level, ahead of its inner loop, and when that has ended.
    pub before: Vec<Vec<Inst>>,
    pub after: Vec<Vec<Inst>>,
    /// The states of reductions as they begin.
    pub begin: Vec<Inst>,
    /// A step.
    pub main: Vec<Inst>,
    /// What is left of a line: for so many points as a register has lanes, or fewer; in a loop, or one for each copy.
    pub tails: Vec<Vec<Inst>>,
    /// The states of reductions, merged.
    pub end: Vec<Inst>,
}

/// Which code is being selected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Outside of the innermost loop.
    Outside,
    /// A step of the innermost loop.
    Step,
    /// What is left of it.
    Tail,
}

/// Selection at work on a kernel.
pub struct Lower<'a> {
    pub code: Code,
    pub kernel: &'a Kernel,
    pub shape: &'a Shape,
    pub place: Place,
    /// Which copy of the body, and how many points of the step come before it.
    pub copy: usize,
    pub first: usize,
    /// Where values are, for each copy.
    homes: Vec<Vec<Option<Held>>>,
    /// The frame's word with the bits of lanes that hold points, or that a region is run for.
    pub valid: i32,
    /// (VEX.) Which lanes of so many bytes hold points, in the tail at hand.
    pub valid_lanes: HashMap<usize, Reg>,
    /// For each accumulate, each component of its state, and each copy: its register.
    states: Vec<Vec<Vec<Held>>>,
    /// The whole states, when the loop has ended.
    merged: Vec<Vec<Held>>,
    regions: HashMap<(usize, usize, usize), usize>,
    /// What has been loaded of pairs in this copy: at a base and displacement two vectors of whole pairs.
    pub pairs: Vec<(usize, (usize, i32), [Reg; 2])>,
}

impl<'a> Lower<'a> {
    /// The blocks of a kernel.
    pub fn blocks(kernel: &'a Kernel, shape: &'a Shape, vectors: Vectors) -> (Code, Blocks) {
        let code = Code::new(vectors.encoding, vectors.widest);
        let valid = code.valid;
        let mut lower = Lower {
            code,
            kernel,
            shape,
            place: Place::Outside,
            copy: 0,
            first: 0,
            homes: vec![vec![None; kernel.insts.len()]; shape.copies],
            valid,
            valid_lanes: HashMap::default(),
            states: Vec::new(),
            merged: Vec::new(),
            regions: HashMap::default(),
            pairs: Vec::new(),
        };
        let blocks = lower.all();
        (lower.code, blocks)
    }

    fn all(&mut self) -> Blocks {
        let (kernel, shape) = (self.kernel, self.shape);
        let mut blocks = Blocks::default();
        self.code.lanes = shape.lanes;
        let Some((innermost, outer)) = kernel.levels.split_last() else { return blocks };
        if outer.is_empty() {
            self.level(&innermost.before);
            self.level(&innermost.after);
            blocks.before.push(self.code.take_block());
            return blocks;
        }
        for level in outer {
            self.level(&level.before);
            self.keep(&level.before);
            blocks.before.push(self.code.take_block());
        }
        self.begin_states();
        blocks.begin = self.code.take_block();
        self.place = if shape.masked { Place::Tail } else { Place::Step };
        self.body(&innermost.before, 0..shape.copies);
        blocks.main = self.code.take_block();
        self.place = Place::Tail;
        let tails = match (shape.masked, shape.ordered) {
            (true, _) => 0,
            (_, true) => shape.copies,
            (_, false) => 1,
        };
        for copy in 0..tails {
            self.valid_lanes.clear();
            self.body(&innermost.before, copy..copy + 1);
            blocks.tails.push(self.code.take_block());
        }
        self.place = Place::Outside;
        self.copy = 0;
        self.merge_states();
        blocks.end = self.code.take_block();
        self.code.lanes = 1;
        for level in outer.iter().rev() {
            self.level(&level.after);
            self.keep(&level.after);
            blocks.after.push(self.code.take_block());
        }
        blocks.after.reverse();
        blocks
    }

    fn level(&mut self, code: &[ir::Value]) {
        for &v in code {
            self.inst(v);
        }
    }

    /// The body, for these copies.
    fn body(&mut self, body: &[ir::Value], copies: std::ops::Range<usize>) {
        self.pairs.clear();
        for &v in body {
            for copy in copies.clone() {
                self.copy = copy;
                self.first = if self.place == Place::Step { copy * self.shape.lanes } else { 0 };
                self.inst(v);
            }
        }
    }

    /// What is read in other blocks than its own has a place in the frame.
    fn keep(&mut self, values: &[ir::Value]) {
        for v in values {
            let reg = match self.homes[0][v.0 as usize] {
                Some(Held::Vector(reg) | Held::Mask(reg) | Held::Lanes(reg, _)) => reg,
                _ => continue,
            };
            let at = reg.0 as usize;
            if self.code.registers[at].home == Home::Block {
                self.code.registers[at].home = Home::Kept(self.code.frame.room(64, 64));
            }
            for homes in &mut self.homes[1..] {
                homes[v.0 as usize] = None;
            }
        }
        for v in values {
            let held = self.homes[0][v.0 as usize];
            for homes in &mut self.homes[1..] {
                homes[v.0 as usize] = held;
            }
        }
    }

    fn inst(&mut self, v: ir::Value) {
        let kernel = self.kernel;
        match kernel.inst(v) {
            ir::Inst::Const(c) => self.set(v, Held::Constant(*c)),
            ir::Inst::Load(_) => {
                let held = self.load(v);
                self.set(v, held);
            }
            ir::Inst::Store(_, stored) => self.store(v, *stored),
            ir::Inst::Index(l) => {
                let held = self.index(usize::from(l.0));
                self.set(v, held);
            }
            ir::Inst::Op { op, args } => {
                let arg = args.last().and_then(|&v| kernel.ty(v));
                let (Some(ty), Some(arg)) = (kernel.ty(v), arg) else { unreachable!("operations have types") };
                let held = match self.extreme(*op, args, arg) {
                    Some((row, x, y)) => {
                        let operands = [x, y].map(|v| self.fetch(v));
                        let [x, y] = self.code.operands(&operands);
                        Held::Vector(self.code.emit(row, self.code.size(arg.size()), &[x, y]))
                    }
                    None => {
                        let args: SmallVec<[Held; 3]> = args.iter().map(|&v| self.fetch(v)).collect();
                        self.code.op(*op, arg, ty, &args)
                    }
                };
                self.set(v, held);
            }
            ir::Inst::Patch { mask, fast, helper, args } => {
                let held = self.patch(*mask, *fast, helper, args);
                self.set(v, held);
            }
            ir::Inst::Fault(mask, code) => self.fault(*mask, *code),
            ir::Inst::Accumulate { .. } => self.accumulate(v),
            ir::Inst::Reduced { from, part } => {
                let at = self.shape.liveness.accumulates.iter().position(|a| a == from);
                if let Some(held) = at.and_then(|at| self.merged.get(at)?.get(usize::from(*part)).copied()) {
                    self.set(v, held);
                }
            }
        }
    }

    /// A choice by comparison between the two floats that are compared is one instruction, `x < y ? x : y` or `x > y ? x : y`: which, of
    /// what in this order.
    fn extreme(&self, op: Op, args: &[ir::Value], ty: DType) -> Option<(Row, ir::Value, ir::Value)> {
        let (Op::Select, &[mask, yes, no], true) = (op, args, ty.is_float()) else { return None };
        let ir::Inst::Op { op: compared, args: of } = self.kernel.inst(mask) else { return None };
        let less = match compared {
            Op::Lt => of[0] == yes && of[1] == no,
            Op::Gt => of[0] == no && of[1] == yes,
            _ => return None,
        };
        let both = of.contains(&yes) && of.contains(&no) && yes != no;
        if !both {
            return None;
        }
        let rows = if less { [Row::Minps, Row::Minpd] } else { [Row::Maxps, Row::Maxpd] };
        Some((by_float(ty.size(), rows[0], rows[1]), yes, no))
    }

    fn set(&mut self, v: ir::Value, held: Held) {
        self.homes[self.copy][v.0 as usize] = Some(held);
    }

    /// A value. What is in memory still and is read more than once is loaded now.
    pub fn fetch(&mut self, v: ir::Value) -> Held {
        let at = v.0 as usize;
        let held = match (self.homes[self.copy].get(at).copied().flatten(), self.kernel.insts.get(at)) {
            (Some(held), _) => held,
            (None, Some(ir::Inst::Const(c))) => Held::Constant(*c),
            // The verifier has seen that arguments run earlier; a caller that skipped it gets `Unsupported`.
            _ => unreachable!("a value is read before it is computed"),
        };
        if let (Held::Memory(..), true) = (held, self.shape.liveness.uses.get(at) != Some(&1)) {
            let held = Held::Vector(self.code.reg(&held));
            self.set(v, held);
            return held;
        }
        held
    }

    /// The index of a loop, from the call's origin on.
    fn index(&mut self, of: usize) -> Held {
        let to = Gpr::Scratch(0);
        self.gpr(What::Index { to, of }, &[]);
        let size = self.code.size(8);
        let spread = if self.code.is_evex() {
            self.code.emit(Row::PbroadcastqGpr, size, &[Arg::Gpr(to)])
        } else {
            let low = self.code.emit(Row::Movq, Size::X, &[Arg::Gpr(to)]);
            self.code.emit(Row::Pbroadcastq, size, &[low.into()])
        };
        if of + 1 < self.kernel.loops() || self.place == Place::Outside {
            return Held::Vector(spread);
        }
        let mut steps = [0; 64];
        for (lane, bytes) in steps.chunks_mut(8).enumerate() {
            bytes.copy_from_slice(&((self.first + lane) as u64).to_le_bytes());
        }
        let steps = self.code.constant(Constant::Bytes(steps));
        Held::Vector(self.code.emit(Row::Paddq, size, &[spread.into(), steps.into()]))
    }

    /// An instruction that concerns general registers alone.
    pub fn gpr(&mut self, what: What, args: &[Arg]) {
        let args = SmallVec::from_slice(args);
        self.code.push(Inst { what, size: Size::X, result: None, args, tied: false, masked: None, immediate: None });
    }

    fn which(&self) -> Lanes {
        if self.place == Place::Outside && self.code.depth == 0 { Lanes::First } else { Lanes::Step }
    }

    /// `fast`, except where `mask` is set: there the helper's value.
    fn patch(&mut self, mask: ir::Value, fast: ir::Value, helper: &Helper, args: &[ir::Value]) -> Held {
        let mask = self.fetch(mask);
        let always = match mask {
            Held::Constant(c) if c.bits() == 0 => return self.fetch(fast),
            Held::Constant(_) => true,
            _ => false,
        };
        let args: SmallVec<[Held; 3]> = args.iter().map(|&v| self.fetch(v)).collect();
        let fast = (!always).then(|| self.fetch(fast));
        let widths = helper.args().iter().map(|ty| ty.size()).collect();
        let width = helper.result().size();
        let behind = match helper.code {
            helper::Code::Region(region) => Behind::Region(self.region(region)),
            function => Behind::Call(self.code.site(Callee::Function(function), width, &widths)),
        };
        self.patch_with(behind, (mask, fast), &args, width, widths)
    }

    /// A patch; without a value elsewhere it is everywhere.
    fn patch_with(
        &mut self,
        behind: Behind,
        (mask, fast): (Held, Option<Held>),
        args: &[Held],
        width: usize,
        widths: SmallVec<[usize; 3]>,
    ) -> Held {
        let mut all: SmallVec<[Arg; 4]> = SmallVec::new();
        if let Some(fast) = fast {
            let mask = if self.code.is_evex() { self.code.mask(&mask) } else { self.code.lanes(&mask, width) };
            all.push(mask.into());
            all.push(self.code.reg(&fast).into());
        }
        for arg in args {
            all.push(self.code.reg(arg).into());
        }
        let (which, lanes, depth, valid) = (self.which(), self.code.lanes, self.code.depth, self.valid);
        let patch =
            Patch { behind, always: fast.is_none(), mask_width: width, which, lanes, width, widths, depth, valid };
        self.code.patches.push(patch);
        let size = self.code.size(width);
        let result = self.code.register(Class::Vector(size), Home::Block);
        let what = What::Patch(self.code.patches.len() - 1);
        self.code.push(Inst {
            what,
            size,
            result: Some(result),
            args: all,
            tied: false,
            masked: None,
            immediate: None,
        });
        Held::Vector(result)
    }

    fn fault(&mut self, mask: ir::Value, code: FaultCode) {
        let mask = self.fetch(mask);
        if matches!(mask, Held::Constant(c) if c.bits() == 0) {
            return;
        }
        let (mask, width) = match mask {
            Held::Lanes(reg, width) => (reg, width),
            _ if self.code.is_evex() => (self.code.mask(&mask), 1),
            _ => {
                let width = (self.code.widest.bytes() / self.code.lanes).min(8);
                (self.code.lanes(&mask, width), width)
            }
        };
        let (which, lanes) = (self.which(), self.code.lanes);
        let valid = if self.code.is_evex() || self.place != Place::Tail { None } else { Some(self.valid_of(width)) };
        // (Lanes that hold no points are no errors. Mask registers are tested together with those that do.)
        let mask = match valid {
            Some(valid) => self.code.emit(Row::Pandd, self.code.size(width), &[mask.into(), valid.into()]),
            None => mask,
        };
        self.gpr(What::Fault { code, which, width, lanes }, &[mask.into()]);
    }

    /// (VEX.) Which lanes of so many bytes hold points.
    pub fn valid_of(&mut self, width: usize) -> Reg {
        if let Some(&known) = self.valid_lanes.get(&width) {
            return known;
        }
        let left = Gpr::Scratch(0);
        self.gpr(What::Left(left), &[]);
        let size = self.code.size(width);
        let low = self.code.emit(Row::Movq, Size::X, &[Arg::Gpr(left)]);
        let at = width.trailing_zeros() as usize;
        let spread = [Row::Pbroadcastb, Row::Pbroadcastw, Row::Pbroadcastd, Row::Pbroadcastq][at];
        let left = self.code.emit(spread, size, &[low.into()]);
        let mut lanes = [0; 64];
        for (lane, bytes) in lanes.chunks_mut(width).enumerate() {
            bytes[0] = lane as u8;
        }
        let lanes = self.code.constant(Constant::Bytes(lanes));
        let compare = [Row::Pcmpgtb, Row::Pcmpgtw, Row::Pcmpgtd, Row::Pcmpgtq][at];
        let valid = self.code.emit(compare, size, &[left.into(), lanes.into()]);
        self.valid_lanes.insert(width, valid);
        valid
    }

    /// The number of a region's code for patches here.
    fn region(&mut self, region: &'static Region) -> usize {
        let key = (std::ptr::from_ref(region) as usize, self.code.lanes, self.code.depth);
        if let Some(&known) = self.regions.get(&key) {
            return known;
        }
        let kernel = region.kernel();
        let widest = kernel.types.iter().flatten().map(|ty| ty.size()).max().unwrap_or(1);
        let lanes = self.code.lanes.min(self.code.widest.bytes() / widest);
        let word = |e: &mut Self| e.code.frame.word();
        let (valid, back) = (word(self), word(self));
        let slots: SmallVec<[i32; 3]> = region.params().iter().map(|_| self.code.frame.room(80, 64)).collect();
        let result = self.code.frame.room(80, 64);
        // What is being selected waits.
        let (block, negated) = (std::mem::take(&mut self.code.block), std::mem::take(&mut self.code.negated));
        let outer = (self.kernel, self.place, self.copy, self.code.depth, self.valid, self.code.lanes);
        let homes = std::mem::replace(&mut self.homes, vec![vec![None; kernel.insts.len()]]);
        (self.kernel, self.place, self.copy, self.valid, self.code.lanes) = (kernel, Place::Outside, 0, valid, lanes);
        self.code.depth += 1;
        for &v in region.code() {
            match kernel.inst(v) {
                ir::Inst::Load(access) => {
                    let at = access.operand.0 as usize;
                    let size = self.code.size(region.params()[at].size());
                    let reg = self.code.register(Class::Vector(size), Home::Kept(slots[at]));
                    self.set(v, Held::Vector(reg));
                }
                ir::Inst::Store(_, stored) => {
                    let held = self.fetch(*stored);
                    let reg = self.code.reg(&held);
                    let size = self.code.size(region.params()[0].size());
                    self.code.store_in_frame(reg, size, result);
                }
                _ => self.inst(v),
            }
        }
        let selected = std::mem::replace(&mut self.code.block, block);
        self.code.negated = negated;
        self.homes = homes;
        (self.kernel, self.place, self.copy, self.code.depth, self.valid, self.code.lanes) = outer;
        self.code.regions.push(RegionCode { block: selected, lanes, params: slots, result, valid, back });
        self.regions.insert(key, self.code.regions.len() - 1);
        self.code.regions.len() - 1
    }

    fn monoid(&self, at: usize) -> (&'static Monoid, &'a [ir::Value]) {
        match self.kernel.inst(self.shape.liveness.accumulates[at]) {
            ir::Inst::Accumulate { monoid, args } => (monoid, args),
            _ => unreachable!("accumulates accumulate"),
        }
    }

    /// The neutral states.
    fn begin_states(&mut self) {
        for at in 0..self.shape.liveness.accumulates.len() {
            let (monoid, _) = self.monoid(at);
            let mut components = Vec::new();
            for &init in &monoid.init {
                let copies = (0..self.shape.copies).map(|_| self.begin_state(&Held::Constant(init), init.dtype()));
                components.push(copies.collect());
            }
            self.states.push(components);
        }
    }

    fn begin_state(&mut self, init: &Held, ty: DType) -> Held {
        // (Of a bool in lanes the widest will do for all that goes into it.)
        let (class, from) = match ty {
            DType::Bool if self.code.is_evex() => (Class::Mask, self.code.mask(init)),
            DType::Bool => {
                let width = self.code.widest.bytes() / self.code.lanes;
                (Class::Vector(self.code.size(width)), self.code.lanes(init, width))
            }
            ty => (Class::Vector(self.code.size(ty.size())), self.code.reg(init)),
        };
        let room = self.code.frame.room(64, 64);
        let state = self.code.register(class, Home::Kept(room));
        self.code.copy_to(state, from);
        match ty {
            DType::Bool if self.code.is_evex() => Held::Mask(state),
            DType::Bool => Held::Lanes(state, self.code.widest.bytes() / self.code.lanes),
            _ => Held::Vector(state),
        }
    }

    /// The copy's elements go into its state.
    fn accumulate(&mut self, v: ir::Value) {
        let Some(at) = self.shape.liveness.accumulates.iter().position(|&a| a == v) else { return };
        let (monoid, args) = self.monoid(at);
        let copy = self.copy;
        let state: Vec<Held> = self.states[at].iter().map(|copies| copies[copy]).collect();
        let mut values = state.clone();
        for &v in args {
            let held = self.fetch(v);
            values.push(held);
        }
        let from = self.code.block.len();
        let results = self.fragment(&monoid.step, values);
        let mut moves = Vec::new();
        for ((result, &old), ty) in results.into_iter().zip(&state).zip(&monoid.state) {
            let result = match (self.place, old) {
                (Place::Tail, _) => self.where_valid(&result, &old, *ty),
                (_, Held::Mask(_)) => Held::Mask(self.code.mask(&result)),
                (_, Held::Lanes(_, width)) => Held::Lanes(self.code.lanes(&result, width), width),
                _ => Held::Vector(self.code.reg(&result)),
            };
            moves.push((reg_of(&old), reg_of(&result)));
        }
        // All of the new state is known before any of the old one is gone.
        let fresh: Vec<(Reg, Reg)> = moves
            .into_iter()
            .map(|(old, new)| {
                let moved = self.code.registers[new.0 as usize].home != Home::Block && new != old;
                (old, if moved { self.code.copy_of(new) } else { new })
            })
            .collect();
        for (old, new) in fresh {
            self.code.becomes(old, new, from);
        }
    }

    /// The new state where lanes hold points, the old one elsewhere.
    fn where_valid(&mut self, new: &Held, old: &Held, ty: DType) -> Held {
        let width = match old {
            Held::Lanes(_, width) => *width,
            _ => ty.size(),
        };
        let valid = match self.code.is_evex() {
            true => Held::Mask(self.code.valid_mask()),
            false => Held::Lanes(self.valid_of(width), width),
        };
        match *old {
            Held::Mask(old) => {
                let new = self.code.mask(new);
                let valid = self.code.valid_mask();
                let [new, old] = [(Row::Kand, new), (Row::Kandn, old)]
                    .map(|(row, x)| self.code.emit_mask(row, Size::X, &[valid.into(), x.into()], None, None));
                Held::Mask(self.code.emit_mask(Row::Kor, Size::X, &[new.into(), old.into()], None, None))
            }
            Held::Lanes(old, width) => {
                let new = Held::Vector(self.code.lanes(new, width));
                Held::Lanes(self.code.blend(&valid, &new, &Held::Vector(old), width), width)
            }
            _ => Held::Vector(self.code.blend(&valid, new, old, width)),
        }
    }

    /// Merges copies, then lanes, by the fixed tree; the whole is then in lane 0.
    fn merge_states(&mut self) {
        let (lanes, copies) = (self.shape.lanes, self.shape.copies);
        for at in 0..self.shape.liveness.accumulates.len() {
            let (monoid, _) = self.monoid(at);
            // For each copy its components.
            let mut states: Vec<Vec<Held>> =
                (0..copies).map(|copy| self.states[at].iter().map(|component| component[copy]).collect()).collect();
            self.code.lanes = lanes;
            while states.len() > 1 {
                let upper = states.split_off(states.len() / 2);
                states =
                    states.into_iter().zip(upper).map(|(a, b)| self.fragment(&monoid.merge, [a, b].concat())).collect();
            }
            let Some(mut state) = states.pop() else { continue };
            let mut rest = lanes;
            while rest > 1 {
                rest /= 2;
                let upper: Vec<Held> =
                    state.iter().zip(&monoid.state).map(|(held, ty)| self.upper_half(held, *ty, rest)).collect();
                self.code.lanes = rest;
                state = self.fragment(&monoid.merge, [state, upper].concat());
            }
            self.code.lanes = 1;
            // They are read in another block.
            for held in &mut state {
                if let Held::Constant(_) | Held::Memory(..) = held {
                    continue;
                }
                let reg = reg_of(held);
                let at = reg.0 as usize;
                if self.code.registers[at].home == Home::Block {
                    self.code.registers[at].home = Home::Kept(self.code.frame.room(64, 64));
                }
            }
            self.merged.push(state);
        }
    }

    /// Lanes `lanes..2*lanes` of a value.
    fn upper_half(&mut self, held: &Held, ty: DType, lanes: usize) -> Held {
        let width = match held {
            Held::Mask(mask) => {
                let upper = self.code.emit_mask(Row::Kshiftri, Size::X, &[(*mask).into()], Some(lanes as u8), None);
                return Held::Mask(upper);
            }
            Held::Lanes(_, width) => *width,
            _ => ty.size(),
        };
        let reg = match held {
            Held::Lanes(reg, _) => *reg,
            other => self.code.reg(other),
        };
        let upper = match lanes * width {
            32 => self.code.emit_i(Row::Extract256, Size::Z, &[reg.into()], 1),
            16 => self.code.emit_i(Row::Extract128, Size::Y, &[reg.into()], 1),
            bytes => self.code.emit_i(Row::Psrldq, Size::X, &[reg.into()], bytes as u8),
        };
        match held {
            Held::Lanes(..) => Held::Lanes(upper, width),
            _ => Held::Vector(upper),
        }
    }

    /// A fragment's results on these values.
    fn fragment(&mut self, fragment: &Fragment, mut values: Vec<Held>) -> Vec<Held> {
        let mut types: SmallVec<[DType; 8]> = SmallVec::from_slice(&fragment.params);
        for (op, args, ty) in &fragment.code {
            let held: SmallVec<[Held; 3]> = args.iter().map(|&i| values[i as usize]).collect();
            let arg = args.last().map_or(*ty, |&i| types[i as usize]);
            let value = self.code.op(*op, arg, *ty, &held);
            values.push(value);
            types.push(*ty);
        }
        fragment.results.iter().map(|&i| values[i as usize]).collect()
    }
}

/// The register that a value is in.
fn reg_of(held: &Held) -> Reg {
    match held {
        Held::Vector(reg) | Held::Mask(reg) | Held::Lanes(reg, _) => *reg,
        Held::Constant(_) | Held::Memory(..) => unreachable!("the value is in a register"),
    }
}

impl Code {
    /// A site that calls, by its number.
    pub fn site(&mut self, callee: Callee, result: usize, args: &SmallVec<[usize; 3]>) -> usize {
        self.sites.push(Site { callee, result, args: args.clone() });
        self.sites.len() - 1
    }

    /// The value of any operation, lane by lane, by its meaning. Of numbers alone.
    pub fn by_lanes(&mut self, op: Op, arg: DType, ty: DType, args: &[Held]) -> Held {
        let widths: SmallVec<[usize; 3]> = args.iter().map(|_| arg.size()).collect();
        let site = self.site(Callee::Operation { op, arg, ty }, ty.size(), &widths);
        let all = args.iter().map(|held| Arg::Reg(self.reg(held))).collect();
        let (lanes, width) = (self.lanes, ty.size());
        // (An operation does no harm in lanes that hold no points.)
        let patch = Patch {
            behind: Behind::Call(site),
            always: true,
            mask_width: width,
            which: Lanes::Step,
            lanes,
            width,
            widths,
            depth: self.depth,
            valid: self.all_valid,
        };
        self.patches.push(patch);
        let size = self.size(width);
        let result = self.register(Class::Vector(size), Home::Block);
        let what = What::Patch(self.patches.len() - 1);
        self.push(Inst { what, size, result: Some(result), args: all, tied: false, masked: None, immediate: None });
        Held::Vector(result)
    }

    /// The mask register that says which lanes hold points. (AVX-512.)
    pub fn valid_mask(&mut self) -> Reg {
        match self.valid_register {
            Some(reg) => reg,
            None => {
                let reg = self.register(Class::Mask, Home::Fixed(7));
                self.valid_register = Some(reg);
                reg
            }
        }
    }

    /// A register gets what another holds.
    pub fn copy_to(&mut self, to: Reg, from: Reg) {
        self.push(Inst {
            what: What::Move,
            size: self.widest,
            result: Some(to),
            args: SmallVec::from_slice(&[from.into()]),
            tied: false,
            masked: None,
            immediate: None,
        });
    }

    /// A copy in a register of the block's own.
    fn copy_of(&mut self, from: Reg) -> Reg {
        let class = self.registers[from.0 as usize].class;
        let to = self.register(class, Home::Block);
        self.copy_to(to, from);
        to
    }

    /// A state becomes what was computed since the block had so many instructions: in its own register at once, if nothing reads the
    /// old one after that.
    fn becomes(&mut self, old: Reg, new: Reg, from: usize) {
        if old == new {
            return;
        }
        let defined = (from..self.block.len()).rev().find(|&at| self.block[at].result == Some(new));
        let Some(at) = defined.filter(|_| self.registers[new.0 as usize].home == Home::Block) else {
            self.copy_to(old, new);
            return;
        };
        let reads = |inst: &Inst| {
            inst.args.contains(&Arg::Reg(old)) || inst.result == Some(old) || inst.masked.is_some_and(|m| m.by == old)
        };
        if self.block[at + 1..].iter().any(reads) || self.block[at].tied || self.block[at].masked.is_some() {
            self.copy_to(old, new);
            return;
        }
        self.block[at].result = Some(old);
        for inst in &mut self.block[at + 1..] {
            if let Some(masked) = inst.masked.as_mut().filter(|m| m.by == new) {
                masked.by = old;
            }
            for arg in inst.args.iter_mut().filter(|arg| **arg == Arg::Reg(new)) {
                *arg = Arg::Reg(old);
            }
        }
    }

    /// Stores a register in the frame.
    pub fn store_in_frame(&mut self, reg: Reg, size: Size, slot: i32) {
        let mem = super::mir::Mem { base: super::mir::Base::Frame, index: None, displacement: slot };
        self.store(Row::MovupsStore, size, &[Arg::Mem(mem), reg.into()]);
    }

    /// An instruction that stores.
    pub fn store(&mut self, row: Row, size: Size, args: &[Arg]) {
        let args = SmallVec::from_slice(args);
        let what = What::Row(row);
        self.push(Inst { what, size, result: None, args, tied: false, masked: None, immediate: None });
    }
}
