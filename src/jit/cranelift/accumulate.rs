//! Reductions along the innermost loop.
//!
//! The eight lanes of the state are parts in registers through the vector loop, whose step is eight points: as many
//! independent chains as parts. Where no monoid is ordered there may be more lanes. The tail keeps the state in the frame:
//!
//! | in the frame             | what                                                             |
//! |--------------------------|------------------------------------------------------------------|
//! | a row for each component | its eight lanes, of the component's width (a bool as its mask)   |
//!
//! Always holds: of `n` lanes, element `k` goes to lane `k mod n`, in order of `k`; the tail begins at a multiple of `n`, so its
//! point `j` goes to lane `j`.

use cranelift_codegen::ir::{self as clif, BlockArg, InstBuilder, types};
use smallvec::SmallVec;

use super::convert::HIGH;
use super::emit::{Emitter, frame_flags};
use super::lanes::{Form, Held, PART};
use crate::dtype::DType;
use crate::ir::{self, Fragment, Inst, Monoid};

impl Emitter<'_> {
    fn monoid(&self, accumulate: usize) -> Option<(&'static Monoid, &[ir::Value])> {
        match self.kernel.inst(self.shape.liveness.accumulates[accumulate]) {
            Inst::Accumulate { monoid, args } => Some((monoid, args)),
            _ => None,
        }
    }

    /// The neutral states.
    pub fn initial_states(&mut self) -> Vec<Vec<Held>> {
        let mut states = Vec::new();
        for accumulate in 0..self.shape.liveness.accumulates.len() {
            let Some((monoid, args)) = self.monoid(accumulate) else { continue };
            // A bool's lanes are as wide as those of the bools that go into it.
            let width = args.iter().map(|v| self.shape.widths[v.0 as usize]).max().unwrap_or(1);
            let mut state = Vec::new();
            for &c in &monoid.init {
                let held = self.constant_scalar(c);
                let held = if c.dtype() == DType::Bool { self.mask(&held, width) } else { held };
                state.push(held.expanded(self.shape.lanes));
            }
            states.push(state);
        }
        states
    }

    /// All parts of all states, as arguments of a block.
    pub fn state_args(states: &[Vec<Held>]) -> SmallVec<[BlockArg; 8]> {
        states.iter().flatten().flat_map(|held| &held.parts).map(|&part| BlockArg::Value(part)).collect()
    }

    /// Parameters of a block, for all parts of states like these.
    pub fn state_params(&mut self, block: clif::Block, like: &[Vec<Held>]) -> Vec<Vec<Held>> {
        let mut states = like.to_vec();
        for held in states.iter_mut().flatten() {
            for part in &mut held.parts {
                *part = self.b.append_block_param(block, held.form.vector());
            }
        }
        states
    }

    /// The step's elements go into the state.
    pub fn accumulate(&mut self, v: ir::Value) {
        let Some(at) = self.shape.liveness.accumulates.iter().position(|&a| a == v) else { return };
        let Some((monoid, args)) = self.monoid(at) else { return };
        let args: SmallVec<[ir::Value; 3]> = SmallVec::from_slice(args);
        let state = match self.here.tail_lane {
            None => self.states[at].iter().map(|held| held.chunk(self.here.first, self.lanes)).collect(),
            Some(lane) => self.lane_of_state(at, lane),
        };
        let mut values = state.clone();
        values.extend(args.iter().map(|&v| self.fetch(v)));
        let results = self.fragment(&monoid.step, values);
        for (part, (result, old)) in results.into_iter().zip(&state).enumerate() {
            let result = match old.form {
                Form::Mask(width) => self.mask(&result, width),
                _ => result,
            };
            match self.here.tail_lane {
                None => {
                    let (first, new) = (self.here.first, result.expanded(self.lanes));
                    self.states[at][part].set_chunk(first, &new);
                }
                Some(lane) => {
                    let address = self.lane_address(lane, old.form);
                    let element = self.extract(&result, 0);
                    let slot = self.state_slots[at][part];
                    self.b.ins().store(frame_flags(), element, address, slot);
                }
            }
        }
    }

    fn lane_address(&mut self, lane: clif::Value, form: Form) -> clif::Value {
        let frame = self.frame();
        let bytes = self.b.ins().ishl_imm_u(lane, i64::from(form.width().trailing_zeros()));
        self.b.ins().iadd(frame, bytes)
    }

    fn lane_of_state(&mut self, at: usize, lane: clif::Value) -> Vec<Held> {
        let forms: Vec<Form> = self.states[at].iter().map(|held| held.form).collect();
        let mut state = Vec::new();
        for (part, form) in forms.into_iter().enumerate() {
            let address = self.lane_address(lane, form);
            let slot = self.state_slots[at][part];
            let v = self.load_lane(form, address, slot);
            state.push(Held { form, parts: SmallVec::from_slice(&[v]), uniform: false });
        }
        state
    }

    /// Before the tail: the states go to the frame.
    pub fn spill_states(&mut self) {
        for state in self.states.clone() {
            let slots = state
                .iter()
                .map(|held| {
                    let slot = self.frame_room(PART * held.parts.len());
                    self.spill(held, slot);
                    slot
                })
                .collect();
            self.state_slots.push(slots);
        }
    }

    /// After the tail: the states as they are in the frame.
    pub fn reload_states(&mut self) -> Vec<Vec<Held>> {
        let slots = std::mem::take(&mut self.state_slots);
        let mut states = self.states.clone();
        for (state, slots) in states.iter_mut().zip(&slots) {
            for (held, &slot) in state.iter_mut().zip(slots) {
                *held = self.reload(held.form, slot, self.shape.lanes);
            }
        }
        states
    }

    /// Merges the lanes by the fixed tree; the whole is then in lane 0.
    pub fn merge_states(&mut self) {
        let mut states = std::mem::take(&mut self.states);
        for (at, state) in states.iter_mut().enumerate() {
            let Some((monoid, _)) = self.monoid(at) else { continue };
            for lanes in (0..self.shape.lanes.ilog2()).rev().map(|k| 1 << k) {
                self.lanes = lanes;
                let mut both: Vec<Held> = state.iter().map(|held| lower_half(held, lanes)).collect();
                for held in state.iter() {
                    both.push(self.upper_half(held, lanes));
                }
                *state = self.fragment(&monoid.merge, both);
                for held in state.iter_mut() {
                    *held = held.expanded(lanes);
                }
            }
        }
        self.lanes = 1;
        self.states = states;
    }

    /// Lanes `lanes..2*lanes` of a value.
    fn upper_half(&mut self, held: &Held, lanes: usize) -> Held {
        let parts = if held.parts.len() >= 2 {
            held.parts[held.parts.len() / 2..].into()
        } else {
            // Twice as many lanes fill what the shift moves: 16 bytes, or the low 8, of which the upper half goes down.
            let shift = lanes * held.form.width();
            let whole = self.cast(held.parts[0], types::I64X2);
            let moved = if shift == 8 {
                self.shuffle(whole, whole, HIGH, types::I64X2)
            } else {
                self.b.ins().ushr_imm_u(whole, 8 * shift as i64)
            };
            let vector = held.form.vector();
            SmallVec::from_slice(&[self.cast(moved, vector)])
        };
        Held { parts, ..held.clone() }
    }

    /// A component of a state, once merged.
    pub fn reduced(&mut self, from: ir::Value, part: u8) -> Option<Held> {
        let at = self.shape.liveness.accumulates.iter().position(|&a| a == from)?;
        self.states.get(at)?.get(usize::from(part)).cloned()
    }

    /// A fragment's results on these values.
    fn fragment(&mut self, fragment: &Fragment, mut values: Vec<Held>) -> Vec<Held> {
        let mut types: SmallVec<[DType; 8]> = SmallVec::from_slice(&fragment.params);
        for (op, args, ty) in &fragment.code {
            let held: SmallVec<[Held; 3]> = args.iter().map(|&i| values[i as usize].clone()).collect();
            let arg = args.last().map_or(*ty, |&i| types[i as usize]);
            values.push(self.lower(*op, arg, *ty, &held));
            types.push(*ty);
        }
        fragment.results.iter().map(|&i| values[i as usize].clone()).collect()
    }
}

/// Lanes `0..lanes` of a value of twice as many.
fn lower_half(held: &Held, lanes: usize) -> Held {
    Held { parts: held.parts[..held.form.parts(lanes)].into(), ..held.clone() }
}
