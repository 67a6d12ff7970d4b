//! Loops at points.
//!
//! | block  | parameters                       | what                                                                   |
//! |--------|----------------------------------|------------------------------------------------------------------------|
//! | `head` | state, lanes that go on, steps left | the condition; the lanes for which it does not hold do not go on    |
//! | `body` |                                  | the next state, in lanes that go on; then `head`                       |
//! | `ask`  | (Cold.) as `head`                | to `head`, or to `exit` where the call is over                         |
//! | `exit` | state                            | what follows                                                           |
//!
//! Steps that are left are one number where it is the same for all lanes, else lanes of their own. Where there may be many, those until the next
//! question are counted, too. Always holds: patches and faults of a step are asked for lanes that go on.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, types};
use smallvec::SmallVec;

use super::emit::frame_flags;
use super::emit::{Emitter, Home};
use super::lanes::Held;
use super::lanes::PART;
use super::patch::block_args;
use crate::dtype::{DType, Scalar};
use crate::ir::{self, Inst, Loop, Op, Region};
use crate::jit::native::masks::widths;
use crate::jit::signals::{STEPS, is_over};

/// Steps that are left.
enum Left {
    Number(clif::Value),
    Lanes(Held),
}

/// What changes from step to step.
struct Turn {
    state: Vec<Held>,
    active: Option<Held>,
    left: Left,
    /// Steps until the next question whether the call is over, where a loop asks.
    fuel: Option<clif::Value>,
}

impl Turn {
    fn values(&self) -> SmallVec<[clif::Value; 8]> {
        let left = match &self.left {
            Left::Number(number) => std::slice::from_ref(number),
            Left::Lanes(held) => &held.parts,
        };
        self.state
            .iter()
            .chain(&self.active)
            .flat_map(|held| &held.parts)
            .chain(left)
            .chain(&self.fuel)
            .copied()
            .collect()
    }
}

impl<'a> Emitter<'a> {
    /// A loop: its state, when it has ended, is kept for those that ask.
    pub fn iterate(&mut self, v: ir::Value, of: &Loop, args: &[ir::Value]) {
        let step = self.shape.steps.iter().find(|(of, _)| *of == v).map(|(_, step)| step);
        let (Some(step), Some((start, ..))) = (step, of.parts(args)) else {
            unreachable!("the verifier has seen its arguments")
        };
        let all: SmallVec<[Held; 8]> = args.iter().map(|&v| self.fetch(v)).collect();
        // Where all is the same for all lanes the loop is, too.
        let uniform = all.iter().all(|held| held.uniform);
        let (widths, active_width) = bool_widths(of, step);
        let state: Vec<Held> = all
            .iter()
            .zip(&of.state)
            .zip(&widths)
            .map(|((held, &ty), &width)| self.as_state(held, ty, width, uniform))
            .collect();
        let most = &all[start.len()];
        let left =
            if most.uniform { Left::Number(self.extract(most, 0)) } else { Left::Lanes(most.expanded(self.lanes)) };
        let masked = of.cond.is_some() || matches!(left, Left::Lanes(_));
        let active = masked.then(|| {
            let every = self.constant_scalar(Scalar::from(true));
            self.as_state(&every, DType::Bool, active_width, uniform)
        });
        // (A loop that is known to be short is over before anybody is to be asked.)
        let max = of.parts(args).map(|(_, max, _)| self.kernel.inst(max));
        let short = matches!(max, Some(Inst::Const(max)) if max.bits() as i64 <= STEPS);
        let fuel = (!short).then(|| self.b.ins().iconst(types::I64, STEPS));
        let first = Turn { state, active, left, fuel };
        let [head, exit] = [(); 2].map(|()| self.b.create_block());
        self.b.ins().jump(head, &block_args(&first.values()));
        self.b.switch_to_block(head);
        let turn = self.parameters(head, &first);
        let mut ended = turn.state.clone();
        let on_exit: SmallVec<[clif::Value; 8]> = ended.iter().flat_map(|held| held.parts.clone()).collect();
        for held in &mut ended {
            for part in &mut held.parts {
                *part = self.b.append_block_param(exit, self.b.func.dfg.value_type(*part));
            }
        }
        let params: SmallVec<[Held; 8]> = turn.state.iter().chain(&all[start.len() + 1..]).cloned().collect();
        let next = self.step(of, step, turn, (&params, &widths, uniform), (exit, &on_exit));
        match next.fuel {
            None => self.b.ins().jump(head, &block_args(&next.values())),
            Some(fuel) => self.ask_without(fuel, next, head, exit),
        };
        self.b.switch_to_block(exit);
        self.iterated.insert(v, ended);
    }

    /// At a step's end: back to the head; where there is no fuel, if the call is not over.
    ///
    /// What changes from step to step goes through the frame: it would be put there on the common path, by the allocator of registers.
    fn ask_without(&mut self, fuel: clif::Value, next: Turn, head: clif::Block, exit: clif::Block) -> clif::Inst {
        let [ask, more] = [(); 2].map(|()| self.b.create_block());
        let values = next.values();
        let params: SmallVec<[clif::Value; 8]> =
            values.iter().map(|&v| self.b.append_block_param(ask, self.b.func.dfg.value_type(v))).collect();
        self.b.ins().brif(fuel, head, &block_args(&values), ask, &block_args(&values));
        self.b.set_cold_block(ask);
        self.b.set_cold_block(more);
        self.b.switch_to_block(ask);
        let room = self.scratch(PART * params.len());
        let frame = self.frame();
        for (i, &v) in params.iter().enumerate() {
            self.b.ins().store(frame_flags(), v, frame, room + (PART * i) as i32);
        }
        let signals = self.arguments.signals;
        let over = self.call(is_over as *const () as usize, types::I64, &[signals]);
        let mut again: SmallVec<[clif::Value; 8]> = params
            .iter()
            .enumerate()
            .map(|(i, &v)| {
                let ty = self.b.func.dfg.value_type(v);
                self.b.ins().load(ty, frame_flags(), frame, room + (PART * i) as i32)
            })
            .collect();
        let state: usize = next.state.iter().map(|held| held.parts.len()).sum();
        let ended = block_args(&again[..state]);
        self.b.ins().brif(over, exit, &ended, more, &[]);
        self.b.switch_to_block(more);
        if let Some(fuel) = again.last_mut() {
            *fuel = self.b.ins().iconst(types::I64, STEPS);
        }
        self.b.ins().jump(head, &block_args(&again))
    }

    /// A step, whose way out is to that block. Gives what the next one begins with.
    fn step(
        &mut self,
        of: &Loop,
        step: &'a Region,
        turn: Turn,
        (params, widths, uniform): (&[Held], &[usize], bool),
        (exit, on_exit): (clif::Block, &[clif::Value]),
    ) -> Turn {
        let Turn { state, mut active, left, fuel } = turn;
        let more = match &left {
            Left::Number(number) => {
                let more = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, *number, 0);
                self.leave_unless(more, exit, on_exit);
                None
            }
            Left::Lanes(held) => {
                let zero = self.constant_scalar(Scalar::from(0i64));
                Some(self.lower(Op::Gt, DType::I64, DType::Bool, &[held.clone(), zero]))
            }
        };
        if let Some(more) = more {
            active = self.go_on_where(active, &more, uniform);
            let any = active.as_ref().map(|active| self.any(active));
            any.into_iter().for_each(|any| self.leave_unless(any, exit, on_exit));
        }
        let kernel = std::mem::replace(&mut self.kernel, step.kernel());
        let homes = std::mem::replace(&mut self.homes, Home::initial(step.kernel()));
        self.depth += 1;
        let mut is_cond = of.cond.is_some();
        let mut results: Vec<Held> = Vec::new();
        for &v in step.code() {
            self.active = active.clone();
            match step.kernel().inst(v) {
                Inst::Load(access) => self.homes[v.0 as usize] = Home::Held(params[access.operand.0 as usize].clone()),
                Inst::Store(_, stored) if is_cond => {
                    let holds = self.fetch(*stored);
                    active = self.go_on_where(active, &holds, uniform);
                    let any = active.as_ref().map(|active| self.any(active));
                    any.into_iter().for_each(|any| self.leave_unless(any, exit, on_exit));
                    is_cond = false;
                }
                Inst::Store(_, stored) => results.push(self.fetch(*stored)),
                _ => self.inst(v),
            }
        }
        self.active = None;
        self.depth -= 1;
        self.homes = homes;
        self.kernel = kernel;
        let mut next = Vec::new();
        for (((new, old), &ty), &width) in results.iter().zip(&state).zip(&of.state).zip(widths) {
            let new = self.as_state(new, ty, width, uniform);
            next.push(match &active {
                None => new,
                Some(active) => {
                    let chosen = self.lower(Op::Select, ty, ty, &[active.clone(), new, old.clone()]);
                    self.as_state(&chosen, ty, width, uniform)
                }
            });
        }
        let left = match left {
            Left::Number(number) => Left::Number(self.b.ins().iadd_imm_s(number, -1)),
            Left::Lanes(held) => {
                let one = self.constant_scalar(Scalar::from(1i64));
                Left::Lanes(self.lower(Op::Sub, DType::I64, DType::I64, &[held, one]))
            }
        };
        let fuel = fuel.map(|fuel| self.b.ins().iadd_imm_s(fuel, -1));
        Turn { state: next, active, left, fuel }
    }

    /// To that block, with the state, unless the scalar is not 0.
    fn leave_unless(&mut self, scalar: clif::Value, exit: clif::Block, state: &[clif::Value]) {
        let go_on = self.b.create_block();
        self.b.ins().brif(scalar, go_on, &[], exit, &block_args(state));
        self.b.switch_to_block(go_on);
    }

    /// Of the lanes that go on, those for which the bool holds.
    fn go_on_where(&mut self, active: Option<Held>, holds: &Held, uniform: bool) -> Option<Held> {
        let active = active?;
        let width = active.form.width();
        let rest = self.lower(Op::And, DType::Bool, DType::Bool, &[active, holds.clone()]);
        Some(self.as_state(&rest, DType::Bool, width, uniform))
    }

    /// What a bool is where lanes go on; where there is no loop, or all do, what it is.
    pub fn where_active(&mut self, mask: Held) -> Held {
        match self.active.clone() {
            Some(active) => self.lower(Op::And, DType::Bool, DType::Bool, &[mask, active]),
            None => mask,
        }
    }

    /// A value in the form in which a state of its type is: bools in lanes of so many bytes, all parts there, or all lanes the same.
    fn as_state(&mut self, held: &Held, ty: DType, width: usize, uniform: bool) -> Held {
        let held = if ty == DType::Bool { self.mask(held, width) } else { held.clone() };
        match (uniform, held.uniform) {
            (false, _) => held.expanded(self.lanes),
            (true, true) => held,
            (true, false) => {
                let lane = self.extract(&held, 0);
                Held::uniform(held.form, self.b.ins().splat(held.form.vector(), lane))
            }
        }
    }

    /// Parameters of a block, for what changes.
    fn parameters(&mut self, block: clif::Block, like: &Turn) -> Turn {
        let mut held = |held: &Held| {
            let mut held = held.clone();
            for part in &mut held.parts {
                *part = self.b.append_block_param(block, held.form.vector());
            }
            held
        };
        let (state, active) = (like.state.iter().map(&mut held).collect(), like.active.as_ref().map(&mut held));
        let left = match &like.left {
            Left::Lanes(lanes) => Left::Lanes(held(lanes)),
            Left::Number(_) => Left::Number(self.b.append_block_param(block, types::I64)),
        };
        let fuel = like.fuel.map(|_| self.b.append_block_param(block, types::I64));
        Turn { state, active, left, fuel }
    }
}

/// Bytes of a lane of bools: for each component of the state, if it is one; and of those that say which lanes go on.
fn bool_widths(of: &Loop, step: &Region) -> (Vec<usize>, usize) {
    let kernel = step.kernel();
    let widths = widths(kernel);
    let stored = step.code().iter().filter_map(|&v| match kernel.inst(v) {
        Inst::Store(_, stored) => Some(widths[stored.0 as usize]),
        _ => None,
    });
    let mut stored: Vec<usize> = stored.collect();
    let active = if of.cond.is_some() { stored.remove(0) } else { size_of::<i64>() };
    (stored, active)
}
