//! The nest of loops.
//!
//! | block of the innermost loop | parameters                                  | what                                 |
//! |-----------------------------|---------------------------------------------|--------------------------------------|
//! | `main`                      | index, moving pointers, states              | a step of `lanes` points, by chunks  |
//! | `left`                      | index, moving pointers, states              | are points left?                     |
//! | `tail`                      |                                             | a step of one point, then `left`     |
//! | `done`                      |                                             | lanes merged; the level's after code |
//!
//! A long body has `main` and `done` alone (see `padded.rs`). Where there are states, `left` goes on to `spill` and a
//! `head` of the tail's own, which asks the same without them, and from there by `reload` to `done`, whose parameters
//! they are.
//!
//! Blocks cost more compile time than what is in them, and each edge from a branch to a block that others lead to
//! becomes one: hence a tail with its condition at the head.
//!
//! Always holds: the outer loops run in order, each index from 0; a loop runs at least once, as a call's trip counts
//! are at least 1; the pointers of a level are those at its point.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, BlockArg, InstBuilder, types};
use smallvec::SmallVec;

use super::emit::{Emitter, Here, Home, Table};
use super::lanes::{Form, Held, ints};
use super::patch::block_args;
use crate::dtype::DType;
use crate::ir::{self, Inst, Op};

/// An outer loop that is open.
struct Open {
    head: clif::Block,
    index: clif::Value,
    bases: Vec<clif::Value>,
}

impl Emitter<'_> {
    /// The whole kernel.
    pub fn nest(&mut self) {
        let kernel = self.kernel;
        self.open_bases();
        let Some((innermost, outer)) = kernel.levels.split_last() else { return };
        let mut open: Vec<Open> = Vec::new();
        for (k, level) in outer.iter().enumerate() {
            if k > 0 {
                let head = self.b.create_block();
                let index = self.b.append_block_param(head, types::I64);
                let zero = self.b.ins().iconst(types::I64, 0);
                self.b.ins().jump(head, &[BlockArg::Value(zero)]);
                self.b.switch_to_block(head);
                let bases = self.advance_bases((k - 1) as u8, index);
                self.indices.push(index);
                open.push(Open { head, index, bases });
            }
            self.code(&level.before);
        }
        if outer.is_empty() {
            self.code(&innermost.before);
            self.code(&innermost.after);
            return;
        }
        self.innermost(&innermost.before);
        for (k, level) in outer.iter().enumerate().rev() {
            self.code(&level.after);
            if let Some(Open { head, index, bases }) = open.pop() {
                let next = self.b.ins().iadd_imm_s(index, 1);
                let extent = self.table(Table::Extents, k - 1);
                let more = self.b.ins().icmp(IntCC::UnsignedLessThan, next, extent);
                let exit = self.b.create_block();
                self.b.ins().brif(more, head, &[BlockArg::Value(next)], exit, &[]);
                self.b.switch_to_block(exit);
                self.bases = bases;
                self.indices.pop();
            }
        }
    }

    /// The innermost loop: whole steps, then the points that are left.
    // Long: the blocks of one loop, of which each leads to the next.
    fn innermost(&mut self, body: &[ir::Value]) {
        let looped = self.kernel.loops() - 1;
        let lanes = self.shape.lanes;
        let extent = self.table(Table::Extents, looped);
        let moving: Vec<usize> =
            (0..self.shape.addresses.bases.len()).filter(|&b| self.shape.addresses.bases[b].inner_strided).collect();
        let strides: SmallVec<[clif::Value; 8]> =
            moving.iter().filter_map(|&base| self.stride_along(base, looped as u8)).collect();
        let leaps: SmallVec<[clif::Value; 8]> =
            strides.iter().map(|&stride| self.b.ins().imul_imm_s(stride, lanes as i64)).collect();
        let mut start = SmallVec::<[clif::Value; 8]>::from_slice(&[self.b.ins().iconst(types::I64, 0)]);
        start.extend(moving.iter().map(|&base| self.bases[base]));
        if self.shape.padded.is_some() {
            return self.whole_steps(body, extent, &moving, &leaps, &start);
        }
        let whole = self.b.ins().band_imm_s(extent, -(lanes as i64));
        let chunk = self.shape.chunk;
        let hops: SmallVec<[clif::Value; 8]> = match chunk < lanes {
            true => strides.iter().map(|&stride| self.b.ins().imul_imm_s(stride, chunk as i64)).collect(),
            false => SmallVec::new(),
        };
        let initial = self.initial_states();

        let blocks = [(); 4].map(|()| self.b.create_block());
        let [main, left, tail, done] = blocks;
        let main_params = self.loop_params(main, moving.len());
        let main_states = self.state_params(main, &initial);
        let left_params = self.loop_params(left, moving.len());
        let left_states = self.state_params(left, &initial);

        let mut enter = block_args(&start);
        enter.extend(Self::state_args(&initial));
        self.b.ins().brif(whole, main, &enter, left, &enter);

        self.b.switch_to_block(main);
        self.states = main_states;
        self.begin_step(chunk, &moving, &main_params, None);
        self.code(body);
        for first in (chunk..lanes).step_by(chunk) {
            self.here.first = first;
            for (at, hop) in hops.iter().enumerate() {
                self.here.moving[at].1 = self.b.ins().iadd(self.here.moving[at].1, *hop);
            }
            self.code(body);
        }
        let next = self.advance(&main_params, &leaps, lanes);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, next[0], whole);
        let mut args = block_args(&next);
        args.extend(Self::state_args(&std::mem::take(&mut self.states)));
        self.b.ins().brif(more, main, &args, left, &args);

        self.b.switch_to_block(left);
        if initial.is_empty() {
            self.tail(body, &moving, &strides, left, &left_params, [tail, done], None);
        } else {
            let [spill, head, reload] = [(); 3].map(|()| self.b.create_block());
            let head_params = self.loop_params(head, moving.len());
            let done_states = self.state_params(done, &initial);
            let more = self.b.ins().icmp(IntCC::UnsignedLessThan, left_params[0], extent);
            self.b.ins().brif(more, spill, &[], done, &Self::state_args(&left_states));
            self.b.switch_to_block(spill);
            self.states = left_states;
            self.spill_states();
            self.b.ins().jump(head, &block_args(&left_params));
            self.b.switch_to_block(head);
            self.tail(body, &moving, &strides, head, &head_params, [tail, reload], Some(whole));
            let states = self.reload_states();
            self.b.ins().jump(done, &Self::state_args(&states));
            self.b.switch_to_block(done);
            self.states = done_states;
        }
        self.here = Here::default();
        self.lanes = 1;
        self.merge_states();
    }

    /// The innermost loop of a body that stands for whole steps alone.
    fn whole_steps(
        &mut self,
        body: &[ir::Value],
        extent: clif::Value,
        moving: &[usize],
        leaps: &[clif::Value],
        start: &[clif::Value],
    ) {
        let [main, done] = [(); 2].map(|()| self.b.create_block());
        let params = self.loop_params(main, moving.len());
        self.b.ins().jump(main, &block_args(start));
        self.b.switch_to_block(main);
        self.begin_step(self.shape.lanes, moving, &params, None);
        self.code(body);
        let next = self.advance(&params, leaps, self.shape.lanes);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, next[0], extent);
        self.b.ins().brif(more, main, &block_args(&next), done, &[]);
        self.b.switch_to_block(done);
        self.here = Here::default();
        self.lanes = 1;
    }

    /// The points that are left, one a step: from `head` on, which is open, to the second of `blocks`, which is open then.
    #[expect(clippy::too_many_arguments, reason = "all that the vector loop knows")]
    fn tail(
        &mut self,
        body: &[ir::Value],
        moving: &[usize],
        strides: &[clif::Value],
        head: clif::Block,
        params: &[clif::Value],
        [tail, done]: [clif::Block; 2],
        first: Option<clif::Value>,
    ) {
        let extent = self.table(Table::Extents, self.kernel.loops() - 1);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, params[0], extent);
        self.b.ins().brif(more, tail, &[], done, &[]);
        self.b.switch_to_block(tail);
        let lane = first.map(|first| self.b.ins().isub(params[0], first));
        self.begin_step(1, moving, params, lane);
        self.code(body);
        let next = self.advance(params, strides, 1);
        self.b.ins().jump(head, &block_args(&next));
        self.b.switch_to_block(done);
    }

    /// Parameters for the index and the moving pointers.
    fn loop_params(&mut self, block: clif::Block, moving: usize) -> SmallVec<[clif::Value; 8]> {
        (0..=moving).map(|_| self.b.append_block_param(block, types::I64)).collect()
    }

    /// What follows is for this many points from the parameters' on.
    fn begin_step(&mut self, lanes: usize, moving: &[usize], params: &[clif::Value], tail_lane: Option<clif::Value>) {
        self.lanes = lanes;
        self.here = Here {
            index: Some(params[0]),
            tail_lane,
            moving: moving.iter().copied().zip(params[1..].iter().copied()).collect(),
            ..Here::default()
        };
    }

    /// The index and the pointers after a step.
    fn advance(&mut self, params: &[clif::Value], by: &[clif::Value], points: usize) -> SmallVec<[clif::Value; 8]> {
        let mut next = SmallVec::from_slice(&[self.b.ins().iadd_imm_s(params[0], points as i64)]);
        next.extend(params[1..].iter().zip(by).map(|(&p, &by)| self.b.ins().iadd(p, by)));
        next
    }

    /// Straight-line code.
    fn code(&mut self, code: &[ir::Value]) {
        for &v in code {
            self.inst(v);
        }
    }

    pub(super) fn inst(&mut self, v: ir::Value) {
        let kernel = self.kernel;
        match kernel.inst(v) {
            Inst::Const(_) => {}
            Inst::Load(_) => {
                if self.here.index.is_some() && self.shape.liveness.floats[v.0 as usize] {
                    self.homes[v.0 as usize] = Home::Deferred;
                } else {
                    let held = self.load_at(v);
                    self.set(v, held);
                }
            }
            Inst::Store(_, stored) => self.store_at(v, *stored),
            Inst::Index(l) => {
                let held = self.index(usize::from(l.0));
                self.set(v, held);
            }
            Inst::Op { op, args } => {
                let held = self.op(v, *op, args);
                self.set(v, held);
            }
            Inst::Patch { mask, fast, helper, args } => {
                let held = self.patch(*mask, *fast, helper, args);
                self.set(v, held);
            }
            Inst::Fault(mask, code) => self.fault(*mask, *code),
            Inst::Accumulate { .. } => self.accumulate(v),
            Inst::While { body, args } => self.iterate(v, body, args),
            Inst::Final { from, part } => {
                if let Some(held) = self.iterated.get(from).and_then(|state| state.get(usize::from(*part))).cloned() {
                    self.set(v, held);
                }
            }
            Inst::Reduced { from, part } => {
                if let Some(held) = self.reduced(*from, *part) {
                    self.set(v, held);
                }
            }
        }
    }

    fn op(&mut self, v: ir::Value, op: Op, args: &[ir::Value]) -> Held {
        let ty = self.kernel.ty(v);
        let arg = args.last().and_then(|&v| self.kernel.ty(v));
        let (Some(ty), Some(arg)) = (ty, arg) else { unreachable!("operations have types") };
        if let (Op::Shl | Op::Shr, Home::Constant(count)) = (op, &self.homes[args[args.len() - 1].0 as usize]) {
            let count = *count;
            let x = self.fetch(args[0]);
            return self.shift_by(op == Op::Shl, ty, &x, count);
        }
        if op == Op::Neg && ty.is_float() && self.depth == 0 && self.shape.liveness.for_fma[v.0 as usize] {
            let x = self.fetch(args[0]);
            return self.negate_factor(ty, &x);
        }
        if let (Op::MulHigh, &[x, y], false) = (op, args, ty.is_signed()) {
            let constant = |v: ir::Value| match self.homes[v.0 as usize] {
                Home::Constant(c) => Some(c),
                _ => None,
            };
            if let Some((x, factor)) = constant(y).map(|c| (x, c)).or_else(|| constant(x).map(|c| (y, c))) {
                let x = self.fetch(x);
                return self.multiply_high_by(ty, &x, factor);
            }
        }
        if let (Op::Select, &[mask, yes, no], false) = (op, args, arg == DType::Bool || self.on_scalars()) {
            let zero = |v: ir::Value| matches!(self.homes[v.0 as usize], Home::Constant(c) if c.bits() == 0);
            match (zero(yes), zero(no)) {
                (_, true) => return self.keep(mask, yes, true, ty),
                (true, _) => return self.keep(mask, no, false, ty),
                _ => {}
            }
        }
        let mut args: SmallVec<[Held; 3]> = args.iter().map(|&v| self.fetch(v)).collect();
        if self.on_scalars() {
            for arg in &mut args {
                let scalar = self.extract(arg, 0);
                *arg = Held { form: arg.form, parts: SmallVec::from_slice(&[scalar]), uniform: false };
            }
        }
        self.lower(op, arg, ty, &args)
    }

    /// `x` in the lanes where the mask is as told, zero elsewhere: a bit operation, which more units of the processor have
    /// than a blend, and no register for the zero.
    fn keep(&mut self, mask: ir::Value, x: ir::Value, set: bool, ty: DType) -> Held {
        let form = Form::of(ty);
        let mask = self.fetch(mask);
        let mask = self.mask(&mask, form.width());
        let x = match self.homes[x.0 as usize] {
            Home::Constant(c) => Held::uniform(form, self.constant_lanes(c.bits(), form.width(), ints(form.width()))),
            _ => self.fetch(x),
        };
        self.map(form, &[&mask, &x], |e, part| {
            let x = e.as_ints(part[1], form);
            let v = if set { e.b.ins().band(part[0], x) } else { e.b.ins().band_not(x, part[0]) };
            e.cast(v, form.vector())
        })
    }

    /// The index of a loop, from the call's origin on.
    fn index(&mut self, l: usize) -> Held {
        let origin = self.table(Table::Origin, l);
        let inner = l + 1 == self.kernel.loops();
        let index = if inner { self.here.index } else { self.indices.get(l).copied() };
        let Some(index) = index else { unreachable!("the loop is open") };
        let first = self.b.ins().iadd(origin, index);
        let spread = self.b.ins().splat(types::I64X2, first);
        if !inner {
            return Held::uniform(Form::Int(8), spread);
        }
        let parts = (0..Form::Int(8).parts(self.lanes))
            .map(|i| {
                let mut iota = [0; 16];
                iota[0] = (self.here.first + 2 * i) as u8;
                iota[8] = (self.here.first + 2 * i + 1) as u8;
                let iota = self.constant(iota, types::I64X2);
                self.b.ins().iadd(spread, iota)
            })
            .collect();
        Held { form: Form::Int(8), parts, uniform: false }
    }
}
