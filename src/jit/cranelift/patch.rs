//! What happens for some lanes alone: `patch` and `fault`.
//!
//! | in the frame | what                                                          |
//! |--------------|---------------------------------------------------------------|
//! | mask         | where the helper is asked, in lanes as wide as the result's   |
//! | arguments    | one after another                                             |
//! | result       | `fast` at first; the helper's values go in lane by lane, those of a region a vector at a time |
//!
//! A region is emitted once, for as many lanes as the narrowest of what goes in or out has in a vector, in a loop over the
//! step: what is rare shall not make the code much longer.
//!
//! Always holds: a function that is called runs for lanes that hold points of the call and whose mask is set, and for no
//! others; the common path, no lane set, is one test and a branch that is not taken.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, AtomicRmwOp, BlockArg, InstBuilder, MemFlagsData, types};
use smallvec::SmallVec;

use super::emit::{Emitter, Home, frame_flags};
use super::lanes::{Form, Held, PART, ints};
use crate::ir::helper::{Code, Helper};
use crate::ir::registered::enter;
use crate::ir::{self, FaultCode, Inst, Region};

impl Emitter<'_> {
    /// `fast`, except where `mask` is set: there the helper's value.
    // Long: the kinds of helper, and of masks.
    pub fn patch(&mut self, mask: ir::Value, fast: ir::Value, helper: &Helper, args: &[ir::Value]) -> Held {
        let form = Form::of(helper.result());
        let always = match &self.homes[mask.0 as usize] {
            Home::Constant(c) if c.bits() == 0 => return self.fetch(fast),
            Home::Constant(_) => self.active.is_none(),
            _ => false,
        };
        let code = helper.code;
        let args: SmallVec<[Held; 3]> = args.iter().map(|&v| self.fetch(v)).collect();
        if let (true, Code::Region(region)) = (always, code) {
            return self.region(region, &args);
        }
        if always {
            let refs: SmallVec<[&Held; 3]> = args.iter().collect();
            if self.lanes == 1 || refs.iter().all(|arg| arg.uniform) {
                return self.per_lane(&refs, form, |e, x| e.call_code(code, form, x));
            }
            return self.lane_loop(None, &args, None, form, code);
        }
        let mask = self.fetch(mask);
        let mask = self.where_active(mask);
        let mask = self.mask(&mask, form.width());
        let fast = self.fetch(fast);
        let uniform = mask.uniform && fast.uniform && args.iter().all(|arg| arg.uniform);
        let fast = if uniform { fast } else { fast.expanded(self.lanes) };
        // The test is a block with parameters, to which the cold one comes back with no lane set. So what was computed for it is
        // used once, as an argument, and Cranelift folds loads into instructions only where what becomes of them is.
        let [test, cold, go_on] = [(); 3].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        let args_of_test = |mask: &[clif::Value], fast: &[clif::Value]| block_args(&[mask, fast].concat());
        self.b.ins().jump(test, &args_of_test(&mask.parts, &fast.parts));
        self.b.switch_to_block(test);
        let [mask, fast] = [mask, fast].map(|mut held| {
            for part in &mut held.parts {
                *part = self.b.append_block_param(test, self.b.func.dfg.value_type(*part));
            }
            held
        });
        let any = self.any(&mask);
        self.b.ins().brif(any, cold, &[], go_on, &[]);
        self.b.switch_to_block(cold);
        let first_cold = self.b.func.dfg.num_blocks();
        let patched = if let Code::Region(region) = code {
            let patched = self.region_lanes(region, &mask, &args, &fast);
            for block in first_cold..self.b.func.dfg.num_blocks() {
                self.b.set_cold_block(clif::Block::from_u32(block as u32));
            }
            patched.parts
        } else if uniform || self.lanes == 1 {
            let scalars: SmallVec<[clif::Value; 3]> = args.iter().map(|arg| self.extract(arg, 0)).collect();
            let v = self.call_code(code, form, &scalars);
            let part = if uniform { self.b.ins().splat(form.vector(), v) } else { self.lane_zero(form, v) };
            SmallVec::from_slice(&[part])
        } else {
            self.lane_loop(Some(&mask), &args, Some(&fast), form, code).parts
        };
        let none = self.constant_lanes(0, PART / 2, ints(mask.form.width()));
        let none: SmallVec<[clif::Value; 4]> = mask.parts.iter().map(|_| none).collect();
        self.b.ins().jump(test, &args_of_test(&none, &patched));
        self.b.switch_to_block(go_on);
        fast
    }

    /// `fast`, except where the mask is set: there the region's value.
    ///
    /// All goes through the frame: a value that lives on while the region calls would be put there already before the test, by the
    /// allocator of registers, on the common path.
    fn region_lanes(&mut self, region: &'static Region, mask: &Held, args: &[Held], fast: &Held) -> Held {
        let (lanes, form) = (self.lanes, fast.form);
        let values: SmallVec<[&Held; 5]> = [mask, fast].into_iter().chain(args).collect();
        let narrowest = values.iter().map(|held| held.form.width()).fold(form.width(), usize::min);
        let group = if fast.uniform { lanes } else { lanes.min(PART / narrowest) };
        let bytes = values.iter().map(|held| held.form.parts(lanes)).max().unwrap_or(0) * PART;
        let room = self.scratch(bytes * values.len());
        let place = |k: usize| room + (bytes * k) as i32;
        for (k, held) in values.iter().enumerate() {
            let held = if group < lanes { held.expanded(lanes) } else { (*held).clone() };
            self.spill(&held, place(k));
        }
        let frame = self.frame();
        let [body, done] = [(); 2].map(|()| self.b.create_block());
        let zero = self.b.ins().iconst(types::I64, 0);
        let first = self.b.append_block_param(body, types::I64);
        self.b.ins().jump(body, &[BlockArg::Value(zero)]);
        self.b.switch_to_block(body);
        // Where in the frame a value's lanes from `first` on are, and these.
        let part_of = |e: &mut Self, k: usize| {
            let Held { form, uniform, .. } = *values[k];
            let bytes = e.b.ins().imul_imm_s(first, form.width() as i64);
            let at = e.b.ins().iadd(frame, bytes);
            let count = if uniform { 1 } else { form.parts(group) };
            let load = |i: usize| e.b.ins().load(form.vector(), frame_flags(), at, place(k) + (PART * i) as i32);
            (at, Held { form, parts: (0..count).map(load).collect(), uniform })
        };
        self.lanes = group;
        let args: SmallVec<[Held; 3]> = (2..values.len()).map(|k| part_of(self, k).1).collect();
        let slow = self.region(region, &args);
        let ((_, mask), (to, fast)) = (part_of(self, 0), part_of(self, 1));
        let patched = self.map(form, &[&mask, &slow, &fast], |e, x| e.blend(x[0], x[1], x[2], form));
        for (i, &part) in patched.parts.iter().enumerate() {
            self.b.ins().store(frame_flags(), part, to, place(1) + (PART * i) as i32);
        }
        self.lanes = lanes;
        let after = self.b.ins().iadd_imm_s(first, group as i64);
        let more = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, after, lanes as i64);
        self.b.ins().brif(more, body, &[BlockArg::Value(after)], done, &[]);
        self.b.switch_to_block(done);
        if fast.uniform {
            let part = self.b.ins().load(form.vector(), frame_flags(), frame, place(1));
            return Held::uniform(form, part);
        }
        self.reload(form, place(1), lanes)
    }

    /// The region's value of these.
    fn region(&mut self, region: &'static Region, args: &[Held]) -> Held {
        let outer = (self.kernel, std::mem::replace(&mut self.homes, Home::initial(region.kernel())));
        self.kernel = region.kernel();
        // (Where it is run for fewer lanes, which of them go on is not known; and it does no harm.)
        let active = self.active.take();
        self.depth += 1;
        let mut result = None;
        for &v in region.code() {
            match self.kernel.inst(v) {
                Inst::Load(access) => self.homes[v.0 as usize] = Home::Held(args[access.operand.0 as usize].clone()),
                Inst::Store(_, stored) => result = Some(self.fetch(*stored)),
                _ => self.inst(v),
            }
        }
        self.depth -= 1;
        self.active = active;
        (self.kernel, self.homes) = outer;
        let Some(result) = result else { unreachable!("a region has a result") };
        result
    }

    /// Calls the helper in a loop over the lanes: all, or those whose mask is set.
    fn lane_loop(&mut self, mask: Option<&Held>, args: &[Held], fast: Option<&Held>, form: Form, code: Code) -> Held {
        let (lanes, width, cold) = (self.lanes, form.width(), mask.is_some());
        let widest = args.iter().map(|arg| arg.form.parts(lanes)).max().unwrap_or(0).max(form.parts(lanes));
        let bytes = widest * PART;
        let room = self.scratch(bytes * (args.len() + 2));
        let place = |k: usize| room + (bytes * k) as i32;
        for (k, held) in mask.into_iter().chain(args).chain(fast).enumerate() {
            let held = held.expanded(lanes);
            self.spill(&held, place(k));
        }
        let first = usize::from(mask.is_some());
        let result = place(first + args.len());
        let frame = self.frame();
        let blocks = [(); 4].map(|()| self.b.create_block());
        let [head, body, next, done] = blocks;
        if cold {
            for block in blocks {
                self.b.set_cold_block(block);
            }
        }
        let zero = self.b.ins().iconst(types::I64, 0);
        let j = self.b.append_block_param(head, types::I64);
        self.b.ins().jump(head, &[BlockArg::Value(zero)]);
        self.b.switch_to_block(head);
        let at = self.b.ins().iadd(frame, j);
        if mask.is_some() {
            let set = self.b.ins().load(ints(width).lane_type(), frame_flags(), at, place(0));
            self.b.ins().brif(set, body, &[], next, &[]);
        } else {
            self.b.ins().jump(body, &[]);
        }
        self.b.switch_to_block(body);
        let mut scalars = SmallVec::<[clif::Value; 3]>::new();
        for (k, arg) in args.iter().enumerate() {
            // `j` counts bytes of the result.
            let offset = match (arg.form.width(), width) {
                (own, result) if own > result => self.b.ins().ishl_imm_u(j, 1),
                (own, result) if own < result => self.b.ins().ushr_imm_u(j, 1),
                _ => j,
            };
            let at = self.b.ins().iadd(frame, offset);
            scalars.push(self.b.ins().load(arg.form.lane(), frame_flags(), at, place(first + k)));
        }
        let v = self.call_code(code, form, &scalars);
        self.b.ins().store(frame_flags(), v, at, result);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
        let after = self.b.ins().iadd_imm_s(j, width as i64);
        let more = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, after, (lanes * width) as i64);
        self.b.ins().brif(more, head, &[BlockArg::Value(after)], done, &[]);
        self.b.switch_to_block(done);
        self.reload(form, result, lanes)
    }

    /// Calls a helper for one lane.
    fn call_code(&mut self, code: Code, form: Form, args: &[clif::Value]) -> clif::Value {
        let registered = match (code, code.address()) {
            (Code::Rust(registered), _) => registered,
            (_, Some(address)) => return self.call(address, form.lane(), args),
            (_, None) => unreachable!("a region is put in, not called"),
        };
        let mut words = SmallVec::<[clif::Value; 5]>::new();
        words.push(self.b.ins().iconst(types::I64, std::ptr::from_ref(registered) as i64));
        words.push(self.arguments.signals);
        for &arg in args {
            words.push(match self.b.func.dfg.value_type(arg) {
                types::F64 => self.b.ins().bitcast(types::I64, MemFlagsData::new(), arg),
                types::F32 => {
                    let bits = self.b.ins().bitcast(types::I32, MemFlagsData::new(), arg);
                    self.b.ins().uextend(types::I64, bits)
                }
                types::I32 => self.b.ins().uextend(types::I64, arg),
                _ => arg,
            });
        }
        while words.len() < 5 {
            words.push(self.b.ins().iconst(types::I64, 0));
        }
        let word = self.call(enter as *const () as usize, types::I64, &words);
        let lane = form.lane();
        let bits = if lane.bits() < 64 { self.b.ins().ireduce(types::I32, word) } else { word };
        if lane.is_float() { self.b.ins().bitcast(lane, MemFlagsData::new(), bits) } else { bits }
    }

    /// A scalar that is not zero if any of the step's lanes is set.
    pub fn any(&mut self, mask: &Held) -> clif::Value {
        let width = mask.form.width();
        let filled = width * self.lanes;
        if mask.uniform || filled < PART {
            let bytes = if mask.uniform { width } else { filled };
            let v = self.cast(mask.part(0), ints(bytes));
            return self.b.ins().extractlane(v, 0);
        }
        let (first, rest) = (mask.part(0), &mask.parts[1..]);
        let all = rest.iter().fold(first, |all, &part| self.b.ins().bor(all, part));
        self.b.ins().vany_true(all)
    }

    /// Reports an error if any lane is set.
    pub fn fault(&mut self, mask: ir::Value, code: FaultCode) {
        let mask = self.fetch(mask);
        let mask = self.where_active(mask);
        let any = self.any(&mask);
        let cold = self.b.create_block();
        let go_on = self.b.create_block();
        self.b.set_cold_block(cold);
        self.b.ins().brif(any, cold, &[], go_on, &[]);
        self.b.switch_to_block(cold);
        let bit = self.b.ins().iconst(types::I32, i64::from(code.bit()));
        let flags = MemFlagsData::new().with_notrap().with_aligned();
        let word = self.arguments.signals;
        self.b.ins().atomic_rmw(types::I32, flags, AtomicRmwOp::Or, word, bit);
        self.b.ins().jump(go_on, &[]);
        self.b.switch_to_block(go_on);
    }
}

/// Values as arguments of a block.
pub(super) fn block_args(values: &[clif::Value]) -> SmallVec<[BlockArg; 8]> {
    values.iter().map(|&v| BlockArg::Value(v)).collect()
}
