//! States of reductions: begun, accumulated, merged.
//!
//! Comes in: a kernel's accumulates. Goes out: for each component of a state and each copy of the body a register, whose lanes are
//! merged when the loop has ended. Always holds: which points meet in which order is that of the IR's fixed tree.

use smallvec::SmallVec;

use super::super::mir::{Class, Home, Reg};
use super::super::rows::{Row, Size};
use super::super::select::Held;
use super::{Lower, Place};
use crate::dtype::DType;
use crate::ir::{self, Fragment, Monoid};

impl<'a> Lower<'a> {
    /// What an accumulate does, and with what.
    fn monoid(&self, at: usize) -> (&'static Monoid, &'a [ir::Value]) {
        match self.kernel.inst(self.shape.liveness.accumulates[at]) {
            ir::Inst::Accumulate { monoid, args } => (monoid, args),
            _ => unreachable!("accumulates accumulate"),
        }
    }

    /// The neutral states.
    pub fn begin_states(&mut self) {
        for at in 0..self.shape.liveness.accumulates.len() {
            let (monoid, _) = self.monoid(at);
            let mut components = Vec::new();
            for &init in &monoid.init {
                let copies = (0..self.shape.states).map(|_| self.begin_state(&Held::Constant(init), init.dtype()));
                components.push(copies.collect());
            }
            self.states.push(components);
        }
    }

    /// A register for a component, with its neutral value.
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
    pub fn accumulate(&mut self, v: ir::Value) {
        let Some(at) = self.shape.liveness.accumulates.iter().position(|&a| a == v) else { return };
        let (monoid, args) = self.monoid(at);
        let copy = self.copy % self.shape.states;
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
    pub fn merge_states(&mut self) {
        let (lanes, copies) = (self.shape.lanes, self.shape.states);
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
