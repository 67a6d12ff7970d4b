//! From a kernel to blocks: selection of its code, level by level.
//!
//! Comes in: a kernel and its [`Shape`]. Goes out: [`Blocks`]. Always holds: the copies of a body stand side by side, one instruction
//! of the IR for all of them before the next, so that chains of operations that wait for themselves overlap.
//!
//! | file     | what                                                          |
//! |----------|---------------------------------------------------------------|
//! | `access` | loads and stores                                              |
//! | `iterate` | loops at points                                             |
//! | `patch`  | patches, faults, and the regions behind patches               |
//! | `reduce` | states of reductions: begun, accumulated, merged              |

mod access;
mod iterate;
mod patch;
mod reduce;

use foldhash::HashMap;
use smallvec::SmallVec;

use self::iterate::Iterated;
use super::mir::{Arg, Constant, Gpr, Home, Inst, Reg, What};
use super::rows::{Row, Size};
use super::select::{Code, Held, by_float, by_width};
use super::shape::{Shape, Vectors, rotation};
use crate::dtype::DType;
use crate::ir::{self, Kernel, Op};

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
    code: Code,
    kernel: &'a Kernel,
    shape: &'a Shape,
    /// Where the code that is being selected stands.
    place: Place,
    /// Which copy of the body, and how many points of the step come before it.
    copy: usize,
    first: usize,
    /// Where values are, for each copy.
    homes: Vec<Vec<Option<Held>>>,
    /// The frame's word with the bits of lanes that hold points, or that a region is run for.
    valid: i32,
    /// (VEX.) Which lanes of so many bytes hold points, in the tail at hand.
    valid_lanes: HashMap<usize, Reg>,
    /// For each accumulate, each component of its state, and each copy: its register.
    states: Vec<Vec<Vec<Held>>>,
    /// The whole states, when the loop has ended.
    merged: Vec<Vec<Held>>,
    /// For each `while`, by its number in the kernel and by copy, the state with which it ended; and which lanes go on.
    iterated: HashMap<(ir::Value, usize), Iterated>,
    /// Which lanes go on in the loop at points that is being selected, in each copy.
    active: Vec<Option<Held>>,
    /// Numbers of regions' code: by region (its address), lanes and depth.
    regions: HashMap<(usize, usize, usize), usize>,
    /// What has been loaded of pairs: in a copy, at a base and displacement, two vectors of whole pairs.
    pairs: Vec<(usize, (usize, i32), [Reg; 2])>,
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
            iterated: HashMap::default(),
            active: vec![None; shape.copies],
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
            (_, true) => shape.states,
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
            match self.kernel.inst(v) {
                ir::Inst::While { body, args } => self.iterate(v, body, args, 0..1),
                _ => self.inst(v),
            }
        }
    }

    /// The body, for these copies.
    fn body(&mut self, body: &[ir::Value], copies: std::ops::Range<usize>) {
        self.pairs.clear();
        for &v in body {
            if let ir::Inst::While { body, args } = self.kernel.inst(v) {
                self.iterate(v, body, args, copies.clone());
                continue;
            }
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
                let held = match (self.extreme(*op, args, arg), self.rotation(v)) {
                    (Some((row, x, y)), _) => {
                        let operands = [x, y].map(|v| self.fetch(v));
                        let [x, y] = self.code.operands(&operands);
                        Held::Vector(self.code.emit(row, self.code.size(arg.size()), &[x, y]))
                    }
                    (_, Some((x, by))) => {
                        let x = self.fetch(x);
                        Held::Vector(self.code.rotate_left(arg.size(), &x, by))
                    }
                    (None, None) => {
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
            ir::Inst::While { .. } => unreachable!("they are selected for all copies at once"),
            ir::Inst::Final { from, part } => {
                let held = self.ended(*from, *part);
                self.set(v, held);
            }
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

    /// What is rotated, and by how much, if there is an instruction for it. (Nothing reads the shifts then, and they are left out.)
    fn rotation(&self, v: ir::Value) -> Option<(ir::Value, u8)> {
        if self.code.is_evex() { rotation(self.kernel, v) } else { None }
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
        self.code.push(Inst::new(what, Size::X, None, args));
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
        let left = self.code.emit(by_width(width, Row::SPREAD), size, &[low.into()]);
        let mut lanes = [0; 64];
        for (lane, bytes) in lanes.chunks_mut(width).enumerate() {
            bytes[0] = lane as u8;
        }
        let lanes = self.code.constant(Constant::Bytes(lanes));
        let compare = by_width(width, [Row::Pcmpgtb, Row::Pcmpgtw, Row::Pcmpgtd, Row::Pcmpgtq]);
        let valid = self.code.emit(compare, size, &[left.into(), lanes.into()]);
        self.valid_lanes.insert(width, valid);
        valid
    }
}
