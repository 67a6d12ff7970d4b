//! The emitter: what all parts of the lowering share.
//!
//! | argument    | what it points to                                             | role                         |
//! |-------------|---------------------------------------------------------------|------------------------------|
//! | `pointers`  | one address an operand                                        | loaded on entry              |
//! | `strides`   | one a dimension, in bytes                                     | loaded on entry, unless unit |
//! | `extents`   | trip counts                                                   | loaded on entry              |
//! | `origin`    | what `index` counts from                                      | loaded on entry              |
//! | `signals`   | the fault word, and whom loops ask whether the call is over   | kept                         |
//! | `constants` | the kernel's constants, each spread over 16 bytes, aligned so | kept                         |
//!
//! The stack frame is one slot, aligned to 16: uniform values that registers have no room for, the state of
//! `accumulate`s while the tail runs, and scratch of `patch`.
//!
//! Always holds: whatever is known from the arguments alone may be added at the end of the entry block at any time, also
//! while later blocks are emitted.

use std::collections::HashMap;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{self as clif, AbiParam, InstBuilder, MemFlagsData, types};
use cranelift_frontend::FunctionBuilder;
use smallvec::SmallVec;

use super::isa::Target;
use super::lanes::{Form, Held, PART, ints};
use super::shape::Shape;
use crate::dtype::{DType, Scalar};
use crate::ir::{self, Inst, Kernel};
use crate::jit::native::code::signature;

/// Where the value of an instruction is.
#[derive(Clone, Debug)]
pub(super) enum Home {
    /// Nowhere: it has none, or has not run yet.
    None,
    /// In registers.
    Held(Held),
    /// In the table of constants.
    Constant(Scalar),
    /// In the stack frame; it is uniform.
    Frame(i32, Form),
    /// In memory still: a load that is emitted where its value is first read.
    Deferred,
}

impl Home {
    /// Of the values of a kernel of which nothing has run.
    pub fn initial(kernel: &Kernel) -> Vec<Home> {
        let home = |inst: &Inst| match inst {
            Inst::Const(c) => Home::Constant(*c),
            _ => Home::None,
        };
        kernel.insts.iter().map(home).collect()
    }
}

/// The arguments of the function.
pub(super) struct Arguments {
    pub pointers: clif::Value,
    pub strides: clif::Value,
    pub extents: clif::Value,
    pub origin: clif::Value,
    pub signals: clif::Value,
    pub constants: clif::Value,
}

/// Vectors of whole pairs, as they are in memory at a base and so many bytes on.
pub(super) type Pairs = ((usize, i32), SmallVec<[clif::Value; 8]>);

/// The innermost loop, inside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Here {
    /// The index of the step's first point, counted from 0.
    pub index: Option<clif::Value>,
    /// How many points of the step come before those that are emitted for.
    pub first: usize,
    /// In the tail: the lane of `accumulate` that the point belongs to.
    pub tail_lane: Option<clif::Value>,
    /// For each base that moves by a stride: where it is, at the first point that is emitted for.
    pub moving: SmallVec<[(usize, clif::Value); 4]>,
    /// The index in bytes, by the element's size, once computed.
    pub bytes: SmallVec<[(usize, clif::Value); 2]>,
    /// Addresses of unit-stride bases at the step's first point, once computed.
    pub unit: SmallVec<[(usize, clif::Value); 8]>,
    /// What has been loaded of pairs.
    pub pairs: SmallVec<[Pairs; 2]>,
}

/// A code generator at work on one kernel.
pub(super) struct Emitter<'a> {
    pub b: FunctionBuilder<'a>,
    pub kernel: &'a Kernel,
    pub shape: &'a Shape,
    pub target: &'a Target,
    pub arguments: Arguments,
    pub entry: clif::Block,
    /// Points that are emitted for at a time.
    pub lanes: usize,
    /// Stores of whole parts so far; each is marked by its number.
    pub marked: u32,
    pub homes: Vec<Home>,
    /// How many regions what is emitted stands in. `kernel` and `homes` are the innermost one's.
    pub depth: usize,
    /// The current pointer of each base, and the index of each open loop but the innermost.
    pub bases: Vec<clif::Value>,
    pub indices: Vec<clif::Value>,
    pub here: Here,
    /// The states of the `accumulate`s, in the order of the shape's list.
    pub states: Vec<Vec<Held>>,
    /// The states with which loops at points have ended; and which lanes go on in that which is being emitted, if not all do.
    pub iterated: HashMap<ir::Value, Vec<Held>>,
    pub active: Option<Held>,
    /// Where in the frame the tail keeps the states of `accumulate`s.
    pub state_slots: Vec<Vec<i32>>,
    entry_loads: SmallVec<[((Table, usize), clif::Value); 16]>,
    pub pool: Pool,
    /// Values with their signs changed, by what they became.
    pub negated: HashMap<clif::Value, clif::Value>,
    frame: Frame,
    signatures: HashMap<(clif::Type, usize), clif::SigRef>,
}

/// A table of the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Table {
    Pointers,
    Strides,
    Extents,
    Origin,
}

/// The constants of a kernel.
#[derive(Default)]
pub(super) struct Pool {
    pub table: Vec<[u8; PART]>,
    places: HashMap<[u8; PART], usize>,
    hoisted: HashMap<(usize, clif::Type), clif::Value>,
}

#[derive(Default)]
struct Frame {
    slot: Option<(clif::StackSlot, clif::Value)>,
    size: u32,
    /// Where it is and how long, outside of regions, then within each that stands in the one before.
    scratch: SmallVec<[(i32, usize); 2]>,
}

/// Flags of accesses to arrays: valid addresses, of any alignment.
pub(super) fn array_flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// Flags of accesses to the frame and of vectors in it.
pub(super) fn frame_flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap().with_aligned()
}

/// Flags of loads from the call's tables.
fn table_flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap().with_aligned().with_readonly()
}

impl<'a> Emitter<'a> {
    /// Starts a function: signature, entry block, first block.
    pub fn new(mut b: FunctionBuilder<'a>, kernel: &'a Kernel, shape: &'a Shape, target: &'a Target) -> Emitter<'a> {
        b.func.signature = signature(&*target.isa);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        let p = b.block_params(entry);
        let arguments =
            Arguments { pointers: p[0], strides: p[1], extents: p[2], origin: p[3], signals: p[4], constants: p[5] };
        let homes = Home::initial(kernel);
        Emitter {
            b,
            kernel,
            shape,
            target,
            arguments,
            entry,
            lanes: 1,
            marked: 0,
            homes,
            depth: 0,
            bases: Vec::new(),
            indices: Vec::new(),
            here: Here::default(),
            states: Vec::new(),
            iterated: HashMap::new(),
            active: None,
            state_slots: Vec::new(),
            entry_loads: SmallVec::new(),
            pool: Pool::default(),
            negated: HashMap::new(),
            frame: Frame::default(),
            signatures: HashMap::new(),
        }
    }

    /// Ends the function; gives the constants it reads.
    pub fn finish(mut self) -> Vec<[u8; PART]> {
        self.b.ins().return_(&[]);
        if let Some((slot, _)) = self.frame.slot {
            self.b.func.sized_stack_slots[slot].size = self.frame.size;
        }
        self.b.seal_all_blocks();
        self.b.finalize(self.target.isa.frontend_config());
        self.pool.table
    }

    /// Where the entry block can still be added to.
    fn at_entry(&mut self) -> FuncCursor<'_> {
        let entry = self.entry;
        if self.b.current_block() == Some(entry) {
            self.b.ensure_inserted_block();
            FuncCursor::new(self.b.func).at_bottom(entry)
        } else {
            FuncCursor::new(self.b.func).at_last_inst(entry)
        }
    }

    /// An element of one of the call's tables, loaded on entry.
    pub fn table(&mut self, table: Table, at: usize) -> clif::Value {
        if let Some(&(_, v)) = self.entry_loads.iter().find(|(known, _)| *known == (table, at)) {
            return v;
        }
        let from = match table {
            Table::Pointers => self.arguments.pointers,
            Table::Strides => self.arguments.strides,
            Table::Extents => self.arguments.extents,
            Table::Origin => self.arguments.origin,
        };
        let offset = Offset32::new(8 * at as i32);
        let v = self.at_entry().ins().load(types::I64, table_flags(), from, offset);
        self.entry_loads.push(((table, at), v));
        v
    }

    /// Sixteen bytes as a vector: in a register throughout while there is room, else an operand in memory.
    pub fn constant(&mut self, bytes: [u8; PART], ty: clif::Type) -> clif::Value {
        let next = self.pool.table.len();
        let at = *self.pool.places.entry(bytes).or_insert(next);
        if at == next {
            self.pool.table.push(bytes);
        }
        // A region is rarely run: what it needs shall not keep registers from what is around it.
        let shared = self.depth == 0;
        if let (true, Some(&v)) = (shared, self.pool.hoisted.get(&(at, ty))) {
            return v;
        }
        let offset = Offset32::new((PART * at) as i32);
        let from = self.arguments.constants;
        if !shared || self.here.index.is_none() || self.pool.hoisted.len() >= self.shape.constants {
            return self.b.ins().load(ty, table_flags(), from, offset);
        }
        let v = self.at_entry().ins().load(ty, table_flags(), from, offset);
        self.pool.hoisted.insert((at, ty), v);
        v
    }

    /// Every lane of this width these bits.
    pub fn constant_lanes(&mut self, bits: u64, width: usize, ty: clif::Type) -> clif::Value {
        let mut bytes = [0; PART];
        for lane in bytes.chunks_mut(width) {
            lane.copy_from_slice(&bits.to_le_bytes()[..width]);
        }
        self.constant(bytes, ty)
    }

    /// A scalar in all lanes.
    pub fn constant_scalar(&mut self, c: Scalar) -> Held {
        let form = match c.dtype() {
            DType::Bool => Form::Mask(8),
            other => Form::of(other),
        };
        let bits = if c.dtype() == DType::Bool { 0u64.wrapping_sub(c.bits()) } else { c.bits() };
        Held::uniform(form, self.constant_lanes(bits, form.width(), form.vector()))
    }

    /// Room in the frame, aligned to 16.
    pub fn frame_room(&mut self, bytes: usize) -> i32 {
        let at = self.frame.size;
        self.frame.size += bytes.next_multiple_of(PART) as u32;
        at as i32
    }

    /// Room in the frame that is used up at once: all who ask share it, but for those within a region and around it.
    pub fn scratch(&mut self, bytes: usize) -> i32 {
        let depth = self.depth;
        if let Some(&(at, size)) = self.frame.scratch.get(depth)
            && size >= bytes
        {
            return at;
        }
        let at = self.frame_room(bytes);
        if self.frame.scratch.len() <= depth {
            self.frame.scratch.resize(depth + 1, (at, 0));
        }
        self.frame.scratch[depth] = (at, bytes);
        at
    }

    /// The frame's address.
    pub fn frame(&mut self) -> clif::Value {
        if let Some((_, address)) = self.frame.slot {
            return address;
        }
        let data = clif::StackSlotData::new(clif::StackSlotKind::ExplicitSlot, PART as u32, 4);
        let slot = self.b.create_sized_stack_slot(data);
        let address = self.at_entry().ins().stack_addr(types::I64, slot, Offset32::new(0));
        self.frame.slot = Some((slot, address));
        address
    }

    /// Writes a value's parts to the frame.
    pub fn spill(&mut self, held: &Held, at: i32) {
        let frame = self.frame();
        for (i, &part) in held.parts.iter().enumerate() {
            self.b.ins().store(frame_flags(), part, frame, at + (PART * i) as i32);
        }
    }

    /// Reads a value's parts from the frame.
    pub fn reload(&mut self, form: Form, at: i32, lanes: usize) -> Held {
        let frame = self.frame();
        let parts = (0..form.parts(lanes))
            .map(|i| self.b.ins().load(form.vector(), frame_flags(), frame, at + (PART * i) as i32))
            .collect();
        Held { form, parts, uniform: false }
    }

    /// Where a value is held, after loading it if need be.
    pub fn fetch(&mut self, v: ir::Value) -> Held {
        let at = v.0 as usize;
        match self.homes[at].clone() {
            Home::Held(held) => held,
            Home::Constant(c) => self.constant_scalar(c),
            Home::Frame(offset, form) => {
                let frame = self.frame();
                Held::uniform(form, self.b.ins().load(form.vector(), frame_flags(), frame, offset))
            }
            Home::Deferred => {
                let held = self.load_at(v);
                if self.shape.liveness.uses[at] != 1 {
                    self.homes[at] = Home::Held(held.clone());
                }
                held
            }
            // The verifier has seen that arguments run earlier; a caller that skipped it gets `Unsupported`.
            Home::None => unreachable!("a value is read before it is computed"),
        }
    }

    /// Notes where an instruction's value is from now on.
    pub fn set(&mut self, v: ir::Value, held: Held) {
        let at = v.0 as usize;
        self.homes[at] = if self.depth == 0 && self.shape.in_frame[at] && held.uniform {
            let offset = self.frame_room(PART);
            self.spill(&held, offset);
            Home::Frame(offset, held.form)
        } else {
            Home::Held(held)
        };
    }

    /// The same bits as another vector type.
    pub fn cast(&mut self, v: clif::Value, ty: clif::Type) -> clif::Value {
        if self.b.func.dfg.value_type(v) == ty {
            return v;
        }
        let flags = MemFlagsData::new().with_endianness(clif::Endianness::Little);
        self.b.ins().bitcast(ty, flags, v)
    }

    /// The same bits as lanes of integers.
    pub fn as_ints(&mut self, v: clif::Value, form: Form) -> clif::Value {
        self.cast(v, ints(form.width()))
    }

    /// Bytes picked from two vectors, as a type.
    pub fn shuffle(&mut self, a: clif::Value, b: clif::Value, pick: [u8; PART], ty: clif::Type) -> clif::Value {
        let (a, b) = (self.cast(a, types::I8X16), self.cast(b, types::I8X16));
        let pick = self.b.func.dfg.immediates.push(clif::ConstantData::from(&pick[..]));
        let v = self.b.ins().shuffle(a, b, pick);
        self.cast(v, ty)
    }

    /// The signature of a helper function of this many arguments of one type.
    pub fn signature(&mut self, ty: clif::Type, arity: usize) -> clif::SigRef {
        if let Some(&known) = self.signatures.get(&(ty, arity)) {
            return known;
        }
        let mut signature = clif::Signature::new(self.target.isa.default_call_conv());
        signature.params.resize(arity, AbiParam::new(ty));
        signature.returns.push(AbiParam::new(ty));
        let known = self.b.import_signature(signature);
        self.signatures.insert((ty, arity), known);
        known
    }

    /// Calls an `extern "C"` function at this address, of arguments and a result of one type.
    pub fn call(&mut self, address: usize, ty: clif::Type, args: &[clif::Value]) -> clif::Value {
        let signature = self.signature(ty, args.len());
        let callee = self.b.ins().iconst(types::I64, address as i64);
        let call = self.b.ins().call_indirect(signature, callee, args);
        self.b.inst_results(call)[0]
    }

    /// Computes a value lane by lane: of a uniform one a single lane, spread afterwards.
    pub fn per_lane(
        &mut self,
        args: &[&Held],
        form: Form,
        mut lane: impl FnMut(&mut Self, &[clif::Value]) -> clif::Value,
    ) -> Held {
        let uniform = args.iter().all(|arg| arg.uniform);
        let count = if uniform { 1 } else { self.lanes };
        let mut parts = SmallVec::<[clif::Value; 4]>::new();
        let once: SmallVec<[Option<clif::Value>; 3]> =
            args.iter().map(|arg| arg.uniform.then(|| self.extract(arg, 0))).collect();
        for j in 0..count {
            let scalars: SmallVec<[clif::Value; 3]> =
                args.iter().zip(&once).map(|(arg, once)| once.unwrap_or_else(|| self.extract(arg, j))).collect();
            let v = lane(self, &scalars);
            let at = j % form.per_part();
            if uniform {
                parts.push(self.b.ins().splat(form.vector(), v));
            } else if at == 0 {
                parts.push(self.lane_zero(form, v));
            } else if let Some(last) = parts.last_mut() {
                *last = self.b.ins().insertlane(*last, v, at as u8);
            }
        }
        Held { form, parts, uniform }
    }

    /// A scalar in lane 0. (Cranelift 0.135.8 panics for integers of less than 32 bits.)
    pub fn lane_zero(&mut self, form: Form, v: clif::Value) -> clif::Value {
        if form.width() >= 4 {
            return self.b.ins().scalar_to_vector(form.vector(), v);
        }
        let wide = self.b.ins().uextend(types::I32, v);
        let part = self.b.ins().scalar_to_vector(types::I32X4, wide);
        self.cast(part, form.vector())
    }

    /// Whether values are scalars here.
    pub fn on_scalars(&self) -> bool {
        self.lanes == 1 && self.here.index.is_some() && self.shape.scalar_tail
    }

    /// One lane of a value.
    pub fn extract(&mut self, held: &Held, lane: usize) -> clif::Value {
        let per_part = held.form.per_part();
        let lane = if held.uniform { 0 } else { lane };
        let part = held.part(lane / per_part);
        if !self.b.func.dfg.value_type(part).is_vector() {
            return part;
        }
        let lane = lane % per_part;
        if let (0, Form::Int(width @ (4 | 8))) = (lane, held.form) {
            // As floats: lane 0 is the register itself then, and one move takes it over.
            let form = if width == 4 { Form::F32 } else { Form::F64 };
            let vector = self.cast(part, form.vector());
            let scalar = self.b.ins().extractlane(vector, 0);
            return self.cast(scalar, held.form.lane());
        }
        self.b.ins().extractlane(part, lane as u8)
    }
}
