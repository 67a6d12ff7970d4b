//! The nest of loops, from a kernel's blocks to a function.
//!
//! | part       | what                                                                              |
//! |------------|-----------------------------------------------------------------------------------|
//! | entry      | a jump to the prologue, which stands behind the rest: the frame's size is known last |
//! | pointers   | addresses of the operands with the constant parts of coordinates                  |
//! | outer loops| an index and pointers in the frame                                                |
//! | main       | whole steps: index and pointers in registers                                      |
//! | tail       | what is left, by as many points as a register has lanes                           |
//! | cold code  | patches, regions                                                                  |
//! | constants  | read relative to the code                                                         |
//!
//! Always holds: outer loops run in order, each index from 0; a loop runs at least once, as a call's trip counts are at least 1.

use iced_x86::{Code as Machine, Register};

use super::asm::{Asm, Label, Operand};
use super::body::{Blocks, Lower};
use super::emit::{Emitter, File, NEVER, Pointer};
use super::frame::{self, Frame, KEPT, machine, short};
use super::mir::{Arg, Base, Class, Constant, Gpr, Home, Inst, Mem, Reg, What};
use super::select::Code;
use super::shape::{Shape, Vectors};
use crate::ir::{self, Kernel};
use crate::jit::Unsupported;
use crate::jit::native::addresses::Base as Address;

/// Mask registers that blocks may use: `k0` cannot be a mask, `k7` says which lanes hold points.
const MASKS: u32 = 0b0111_1110;
/// Vector registers that are always left to a block.
const LEAST: usize = 8;

/// A function for a kernel.
pub struct Function {
    /// Instructions, then constants.
    pub code: Vec<u8>,
    /// How many bytes are instructions, and which of them the body of whole steps.
    pub length: usize,
    #[cfg_attr(not(test), allow(dead_code))] // The listings ask.
    pub main: std::ops::Range<usize>,
    /// Where its stores of whole vectors are.
    pub stores: Box<[std::ops::Range<usize>]>,
    /// What it calls, which it names by address.
    pub sites: Vec<super::cold::Site>,
}

/// A loop's slots.
struct Open {
    head: Label,
    /// Pointers that move, and what they were.
    saved: Vec<(usize, i32)>,
}

struct Nest<'a> {
    e: Emitter<'a>,
    kernel: &'a Kernel,
    shape: &'a Shape,
    blocks: &'a Blocks,
    /// For each pointer its slot, outside of the innermost loop.
    current: Vec<i32>,
    /// Those that move by a stride: where they are within, and how far a step takes them, and one copy's points.
    moving: Vec<(usize, i32, [i32; 2])>,
    /// Slots with strides of pointers along loops.
    strides: foldhash::HashMap<(usize, u8), i32>,
    /// Whether pairs are read.
    pairs: bool,
    /// How many of [`KEPT`] are used.
    kept: usize,
    /// Where the body of whole steps is.
    main: std::ops::Range<usize>,
}

/// Machine code for a kernel.
pub fn function(kernel: &Kernel, vectors: Vectors) -> Result<Function, Unsupported> {
    of_shape(kernel, &Shape::of(kernel, vectors)?, vectors)
}

/// The same where decisions have been made.
pub fn of_shape(kernel: &Kernel, shape: &Shape, vectors: Vectors) -> Result<Function, Unsupported> {
    let (mut code, blocks) = Lower::blocks(kernel, shape, vectors);
    let frame = std::mem::replace(&mut code.frame, Frame::new());
    let sites = std::mem::take(&mut code.sites);
    let addresses: Vec<i64> = sites.iter().map(|site| std::ptr::from_ref(site) as i64).collect();
    let count = code.registers.len();
    let mut e = Emitter {
        asm: Asm::new(),
        code: &code,
        frame,
        sites: addresses,
        pointers: Vec::new(),
        within: false,
        pinned: vec![None; count],
        place: vec![None; count],
        spilled: vec![None; count],
        next: vec![NEVER; count],
        vectors: File::new(if vectors.registers() == 32 { u32::MAX } else { 0xffff }),
        masks: File::new(MASKS),
        stores: Vec::new(),
        indices: Vec::new(),
        colds: Vec::new(),
        region_labels: vec![None; code.regions.len()],
        rooms: Vec::new(),
    };
    pin(&mut e, &code, &blocks, vectors.registers());
    let mut nest = Nest {
        e,
        kernel,
        shape,
        blocks: &blocks,
        current: Vec::new(),
        moving: Vec::new(),
        strides: foldhash::HashMap::default(),
        pairs: false,
        kept: 1,
        main: 0..0,
    };
    let prologue = nest.e.asm.label();
    let body = nest.e.asm.label();
    nest.e.asm.jump(Machine::Jmp_rel32_64, prologue);
    nest.e.asm.bind(body);
    nest.all();
    nest.e.cold_code();
    nest.prologue(prologue, body)?;
    let Nest { e: Emitter { asm, stores, .. }, main, .. } = nest;
    let length = asm.position();
    Ok(Function { code: asm.finish(&code.pool)?, length, main, stores: stores.into(), sites })
}

/// Gives machine registers to what the innermost loop reads most, beyond what its own values take: states of reductions first,
/// then constants and values that are known outside.
fn pin(e: &mut Emitter, code: &Code, blocks: &Blocks, registers: usize) {
    let kept = |reg: Reg| matches!(code.registers[reg.0 as usize].home, Home::Kept(_) | Home::Constant(_));
    // Whether it is written, and how often it is read: what must be in a register counts more than what may be an operand in memory.
    let mut uses: Vec<(bool, u32)> = vec![(false, 0); code.registers.len()];
    for inst in &blocks.main {
        let last = inst.args.len().wrapping_sub(1);
        for (i, arg) in inst.args.iter().enumerate() {
            let Arg::Reg(reg) = *arg else { continue };
            let foldable = match inst.what {
                What::Row(row) => i == last && row.reads_memory(),
                What::Fma { .. } => true,
                _ => false,
            };
            uses[reg.0 as usize].1 += if foldable { 1 } else { 3 };
        }
        if let Some(masked) = inst.masked {
            uses[masked.by.0 as usize].1 += 3;
        }
        if let Some(result) = inst.result {
            uses[result.0 as usize].0 = true;
        }
    }
    let used = uses.into_iter().enumerate().map(|(at, uses)| (Reg(at as u32), uses));
    let mut wanted: Vec<(Reg, (bool, u32))> = used.filter(|&(reg, uses)| uses != (false, 0) && kept(reg)).collect();
    wanted.sort_by_key(|&(reg, uses)| (std::cmp::Reverse(uses), reg));
    let pressure = pressure(code, &blocks.main);
    let mut vectors = registers.saturating_sub((pressure + 1).max(LEAST));
    let mut masks = 2usize;
    let (mut next_vector, mut next_mask) = (registers as u8, 7u8);
    for (reg, _) in wanted {
        let zero = matches!(code.registers[reg.0 as usize].home, Home::Constant(id) if code.pool.all[id.0 as usize] == Constant::Splat(0));
        match code.registers[reg.0 as usize].class {
            Class::Vector(_) if vectors > 0 && !zero => {
                vectors -= 1;
                next_vector -= 1;
                e.pinned[reg.0 as usize] = Some(next_vector);
                e.vectors.usable &= !(1 << next_vector);
            }
            Class::Mask if masks > 0 => {
                masks -= 1;
                next_mask -= 1;
                e.pinned[reg.0 as usize] = Some(next_mask);
                e.masks.usable &= !(1 << next_mask);
            }
            _ => {}
        }
    }
}

/// The greatest number of a block's own vectors that are alive at once.
fn pressure(code: &Code, block: &[Inst]) -> usize {
    let own = |reg: &Reg| {
        let described = &code.registers[reg.0 as usize];
        described.home == Home::Block && described.class != Class::Mask
    };
    let mut alive = vec![false; code.registers.len()];
    let (mut count, mut most) = (0usize, 0);
    for inst in block.iter().rev() {
        if let Some(result) = inst.result.filter(own) {
            count -= usize::from(std::mem::take(&mut alive[result.0 as usize]));
        }
        for arg in &inst.args {
            if let Arg::Reg(reg) = arg
                && own(reg)
            {
                count += usize::from(!std::mem::replace(&mut alive[reg.0 as usize], true));
            }
        }
        most = most.max(count);
    }
    most
}

impl Nest<'_> {
    /// The whole kernel.
    fn all(&mut self) {
        self.open_pointers();
        let loops = self.kernel.loops();
        let blocks = self.blocks;
        if loops == 0 {
            self.e.block(&blocks.before[0]);
            return self.epilogue();
        }
        self.innermost_strides();
        let mut open: Vec<Open> = Vec::new();
        for k in 0..loops {
            if k > 0 {
                open.push(self.open(k - 1));
            }
            self.e.block(&blocks.before[k]);
        }
        self.innermost();
        for k in (0..loops).rev() {
            self.e.block(&blocks.after[k]);
            if let Some(opened) = open.pop() {
                self.close(k - 1, opened);
            }
        }
        self.epilogue();
    }

    /// An element of one of the call's tables.
    fn table(&mut self, to: Register, table: i32, at: usize) {
        self.e.read(to, table);
        self.e.asm.put(Machine::Mov_r64_rm64, &[Operand::Register(to), Operand::memory(to, 8 * at as i32)]);
    }

    /// The pointers at level 0.
    fn open_pointers(&mut self) {
        let [sum, part] = [Register::RCX, Register::RDX];
        for at in 0..self.shape.addresses.bases.len() {
            let base: Address = self.shape.addresses.bases[at].clone();
            self.table(sum, frame::POINTERS, base.operand);
            for dim in base.dims.iter().filter(|dim| dim.offset != 0) {
                match dim.stride {
                    Ok(size) => {
                        let bytes = size.wrapping_mul(i64::from(dim.offset));
                        self.e.asm.put(Machine::Mov_r64_imm64, &[Operand::Register(part), Operand::Immediate64(bytes)]);
                    }
                    Err(stride) => {
                        self.table(part, frame::STRIDES, stride as usize);
                        let operands = [part, part].map(Operand::Register);
                        let times = Operand::Immediate32(dim.offset);
                        self.e.asm.put(Machine::Imul_r64_rm64_imm32, &[operands[0], operands[1], times]);
                    }
                }
                self.e.asm.put(Machine::Add_r64_rm64, &[sum, part].map(Operand::Register));
            }
            let slot = self.e.frame.word();
            self.e.write(slot, sum);
            self.current.push(slot);
            self.e.pointers.push(Pointer { slot, register: None, stride: 0 });
        }
    }

    /// The slot with a pointer's stride along a loop, computed here if it is not there yet; `None` if it does not move.
    fn stride_along(&mut self, base: usize, along: u8) -> Option<i32> {
        if let Some(&known) = self.strides.get(&(base, along)) {
            return Some(known);
        }
        let dims: Vec<_> =
            self.shape.addresses.bases[base].dims.iter().filter(|dim| dim.follows == Some(along)).cloned().collect();
        if dims.is_empty() {
            return None;
        }
        let [sum, part] = [Register::RCX, Register::RDX];
        self.e.asm.put(Machine::Xor_r32_rm32, &[Operand::Register(Register::ECX); 2]);
        for dim in dims {
            match dim.stride {
                Ok(size) => {
                    self.e.asm.put(Machine::Mov_r64_imm64, &[Operand::Register(part), Operand::Immediate64(size)]);
                }
                Err(at) => self.table(part, frame::STRIDES, at as usize),
            }
            self.e.asm.put(Machine::Add_r64_rm64, &[sum, part].map(Operand::Register));
        }
        let slot = self.e.frame.word();
        self.e.write(slot, sum);
        self.strides.insert((base, along), slot);
        Some(slot)
    }

    /// What the innermost loop needs of its pointers, and all strides: known from the start.
    fn innermost_strides(&mut self) {
        let looped = (self.kernel.loops() - 1) as u8;
        for base in 0..self.current.len() {
            for along in 0..looped {
                self.stride_along(base, along);
            }
            if !self.shape.addresses.bases[base].inner_strided {
                continue;
            }
            let Some(stride) = self.stride_along(base, looped) else { continue };
            self.e.pointers[base].stride = stride;
            let steps = [self.shape.lanes * self.shape.copies, self.shape.lanes].map(|points| {
                let rcx = Operand::Register(Register::RCX);
                let from = Operand::memory(Register::RSP, stride);
                self.e.asm.put(Machine::Imul_r64_rm64_imm32, &[rcx, from, Operand::Immediate32(points as i32)]);
                let slot = self.e.frame.word();
                self.e.write(slot, Register::RCX);
                slot
            });
            let slot = self.e.frame.word();
            self.moving.push((base, slot, steps));
        }
        let paired = |inst: &ir::Inst| match inst {
            ir::Inst::Load(access) | ir::Inst::Store(access, _) => {
                let operand = self.kernel.operand(access.operand);
                operand.dtype.size() == 8 && operand.dims.last().is_some_and(|stride| stride.is_of_pairs())
            }
            _ => false,
        };
        self.pairs = self.kernel.insts.iter().any(paired);
        self.registers_for_pointers();
    }

    /// Chooses the pointers that live in registers: those that are read most often.
    fn registers_for_pointers(&mut self) {
        let mut reads = vec![0usize; self.current.len()];
        for inst in self.blocks.main.iter().chain(self.blocks.tails.iter().flatten()) {
            match &inst.what {
                What::Elements(elements) => reads[elements.base] += 1,
                _ => {
                    for arg in &inst.args {
                        if let Arg::Mem(Mem { base: Base::Pointer(at), .. }) = arg {
                            reads[*at as usize] += 1;
                        }
                    }
                }
            }
        }
        let mut order: Vec<usize> = (0..reads.len()).filter(|&at| reads[at] > 0).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(reads[at]));
        self.kept = if self.pairs { 2 } else { 1 };
        for at in order {
            let Some(&register) = KEPT.get(self.kept) else { break };
            self.e.pointers[at].register = Some(register);
            self.kept += 1;
        }
    }

    /// Opens an outer loop.
    fn open(&mut self, along: usize) -> Open {
        let index = self.e.frame.word();
        self.e.indices.push(index);
        self.e.asm.put(Machine::Xor_r32_rm32, &[Operand::Register(Register::ECX); 2]);
        self.e.write(index, Register::RCX);
        let mut saved = Vec::new();
        for base in 0..self.current.len() {
            if self.strides.contains_key(&(base, along as u8)) {
                let slot = self.e.frame.word();
                self.e.read(Register::RCX, self.current[base]);
                self.e.write(slot, Register::RCX);
                saved.push((base, slot));
            }
        }
        let head = self.e.asm.label();
        self.e.asm.bind(head);
        Open { head, saved }
    }

    /// Closes it.
    fn close(&mut self, along: usize, open: Open) {
        let rcx = Register::RCX;
        for &(base, _) in &open.saved {
            let Some(&stride) = self.strides.get(&(base, along as u8)) else { continue };
            self.e.read(rcx, stride);
            let current = Operand::memory(Register::RSP, self.current[base]);
            self.e.asm.put(Machine::Add_rm64_r64, &[current, Operand::Register(rcx)]);
        }
        let Some(index) = self.e.indices.get(along).copied() else { return };
        self.e.read(rcx, index);
        self.e.asm.put(Machine::Add_rm64_imm32, &[Operand::Register(rcx), Operand::Immediate32(1)]);
        self.e.write(index, rcx);
        self.table(Register::RDX, frame::EXTENTS, along);
        self.e.asm.put(Machine::Cmp_r64_rm64, &[rcx, Register::RDX].map(Operand::Register));
        self.e.asm.jump(Machine::Jb_rel32_64, open.head);
        for (base, slot) in open.saved {
            self.e.read(rcx, slot);
            self.e.write(self.current[base], rcx);
        }
    }

    /// The innermost loop: whole steps, then what is left.
    // Long: the parts of one loop, of which each leads to the next.
    fn innermost(&mut self) {
        let blocks = self.blocks;
        let (lanes, copies) = (self.shape.lanes, self.shape.copies);
        let index = Operand::Register(machine(Gpr::Index));
        let limit = KEPT[0];
        self.e.block(&blocks.begin);
        self.table(Register::RCX, frame::EXTENTS, self.kernel.loops() - 1);
        self.e.write(frame::POINTS, Register::RCX);
        self.e.asm.put(Machine::Mov_r64_rm64, &[limit, Register::RCX].map(Operand::Register));
        let step = lanes * copies;
        let whole = Operand::Immediate32(-(step as i32));
        self.e.asm.put(Machine::And_rm64_imm32, &[Operand::Register(limit), whole]);
        self.enter_pointers();
        self.all_lanes_valid();
        self.e.asm.put(Machine::Xor_r32_rm32, &[Operand::Register(Register::EAX); 2]);
        if self.pairs {
            let pairs = Operand::Register(short(machine(Gpr::PairIndex)));
            self.e.asm.put(Machine::Xor_r32_rm32, &[pairs, pairs]);
        }
        let [main, left, done] = [(); 3].map(|()| self.e.asm.label());
        self.e.asm.put(Machine::Test_rm64_r64, &[limit, limit].map(Operand::Register));
        self.e.asm.jump(Machine::Je_rel32_64, left);
        self.e.asm.align(32);
        self.e.asm.bind(main);
        let from = self.e.asm.position();
        self.e.block(&blocks.main);
        self.main = from..self.e.asm.position();
        self.advance(step, 0);
        self.e.asm.put(Machine::Cmp_r64_rm64, &[index, Operand::Register(limit)]);
        self.e.asm.jump(Machine::Jb_rel32_64, main);
        self.e.asm.bind(left);
        let points = Operand::memory(Register::RSP, frame::POINTS);
        self.e.asm.put(Machine::Cmp_r64_rm64, &[index, points]);
        self.e.asm.jump(Machine::Jae_rel32_64, done);
        if self.shape.masked {
            // One more step.
            self.lanes_left();
            self.e.asm.jump(Machine::Jmp_rel32_64, main);
        }
        let again = self.e.asm.label();
        self.e.asm.bind(again);
        for (i, tail) in blocks.tails.iter().enumerate() {
            self.lanes_left();
            self.e.block(tail);
            self.advance(lanes, 1);
            self.e.asm.put(Machine::Cmp_r64_rm64, &[index, points]);
            if i + 1 < blocks.tails.len() {
                self.e.asm.jump(Machine::Jae_rel32_64, done);
            } else if !self.shape.ordered {
                self.e.asm.jump(Machine::Jb_rel32_64, again);
            }
        }
        self.e.asm.bind(done);
        self.leave_pointers();
        self.e.block(&blocks.end);
    }

    /// Pointers go to where the loop has them.
    fn enter_pointers(&mut self) {
        for base in 0..self.current.len() {
            let moving = self.moving.iter().find(|(at, ..)| *at == base).map(|&(_, slot, _)| slot);
            match (self.e.pointers[base].register, moving) {
                (Some(register), _) => self.e.read(register, self.current[base]),
                (None, Some(slot)) => {
                    self.e.read(Register::RCX, self.current[base]);
                    self.e.write(slot, Register::RCX);
                    self.e.pointers[base].slot = slot;
                }
                (None, None) => {}
            }
        }
        self.e.within = true;
    }

    fn leave_pointers(&mut self) {
        self.e.within = false;
        for (base, &slot) in self.current.iter().enumerate() {
            self.e.pointers[base].slot = slot;
        }
    }

    /// Index and pointers after so many points.
    fn advance(&mut self, points: usize, which: usize) {
        let add = |e: &mut Emitter, register: Register, by: usize| {
            let by = Operand::Immediate32(by as i32);
            e.asm.put(Machine::Add_rm64_imm32, &[Operand::Register(register), by]);
        };
        add(&mut self.e, machine(Gpr::Index), points);
        if self.pairs {
            add(&mut self.e, machine(Gpr::PairIndex), 2 * points);
        }
        for at in 0..self.moving.len() {
            let (base, slot, steps) = self.moving[at];
            let step = Operand::memory(Register::RSP, steps[which]);
            match self.e.pointers[base].register {
                Some(register) => self.e.asm.put(Machine::Add_r64_rm64, &[Operand::Register(register), step]),
                None => {
                    self.e.read(Register::RCX, steps[which]);
                    let pointer = Operand::memory(Register::RSP, slot);
                    self.e.asm.put(Machine::Add_rm64_r64, &[pointer, Operand::Register(Register::RCX)]);
                }
            }
        }
    }

    /// Whether anything asks which lanes hold points.
    fn asks_for_valid(&self) -> bool {
        let asks = |inst: &Inst| matches!(inst.what, What::Patch(_) | What::Fault { .. });
        self.shape.masked || self.blocks.main.iter().any(asks)
    }

    /// All lanes hold points.
    fn all_lanes_valid(&mut self) {
        if self.asks_for_valid() {
            let lanes = self.shape.lanes;
            let bits = if lanes >= 64 { -1 } else { (1i64 << lanes) - 1 };
            let rcx = Operand::Register(Register::RCX);
            self.e.asm.put(Machine::Mov_r64_imm64, &[rcx, Operand::Immediate64(bits)]);
            self.set_valid(Register::RCX);
        }
    }

    fn set_valid(&mut self, bits: Register) {
        let slot = self.e.code.valid;
        self.e.write(slot, bits);
        if self.e.code.is_evex() {
            let operands = [Register::K7, bits].map(Operand::Register);
            self.e.asm.put(Machine::VEX_Kmovq_kr_r64, &operands);
        }
    }

    /// As many lanes hold points as there are points left.
    fn lanes_left(&mut self) {
        if !self.e.code.is_evex() && !self.asks_for_valid() {
            return;
        }
        let [count, left] = [Register::RCX, Register::RDX].map(Operand::Register);
        self.e.read(Register::RDX, frame::POINTS);
        self.e.asm.put(Machine::Sub_r64_rm64, &[left, Operand::Register(machine(Gpr::Index))]);
        let lanes = Operand::Immediate32(self.shape.lanes as i32);
        self.e.asm.put(Machine::Mov_r32_imm32, &[Operand::Register(Register::ECX), lanes]);
        self.e.asm.put(Machine::Cmp_r64_rm64, &[left, count]);
        self.e.asm.put(Machine::Cmovb_r64_rm64, &[count, left]);
        self.e.asm.put(Machine::Mov_r64_imm64, &[left, Operand::Immediate64(-1)]);
        self.e.asm.put(Machine::VEX_Bzhi_r64_rm64_r64, &[left, left, count]);
        self.set_valid(Register::RDX);
    }

    fn epilogue(&mut self) {
        self.e.asm.put(Machine::VEX_Vzeroupper, &[]);
        self.e.read(Register::RSP, frame::CALLER);
        for &register in KEPT[..self.kept].iter().skip(frame::FREE).rev() {
            self.e.asm.put(Machine::Pop_r64, &[Operand::Register(register)]);
        }
        self.e.asm.put(Machine::Retnq, &[]);
    }

    /// What comes first and is emitted last.
    fn prologue(&mut self, at: Label, body: Label) -> Result<(), Unsupported> {
        const PAGE: i32 = 4096;
        let rsp = Operand::Register(Register::RSP);
        // (Reading constants takes no room.)
        let size = self.e.frame.size();
        if size > frame::LARGEST {
            return Err(Unsupported("the code would take too much of the stack".into()));
        }
        self.e.asm.bind(at);
        for &register in KEPT[..self.kept].iter().skip(frame::FREE) {
            self.e.asm.put(Machine::Push_r64, &[Operand::Register(register)]);
        }
        self.e.asm.put(Machine::Mov_r64_rm64, &[Register::RAX, Register::RSP].map(Operand::Register));
        self.e.asm.put(Machine::And_rm64_imm32, &[rsp, Operand::Immediate32(-64)]);
        // Too little stack is met at its guard, page by page, not beyond it.
        let mut rest = size;
        while rest > PAGE {
            self.e.asm.put(Machine::Sub_rm64_imm32, &[rsp, Operand::Immediate32(PAGE)]);
            self.e
                .asm
                .put(Machine::Mov_rm64_r64, &[Operand::memory(Register::RSP, 0), Operand::Register(Register::RAX)]);
            rest -= PAGE;
        }
        self.e.asm.put(Machine::Sub_rm64_imm32, &[rsp, Operand::Immediate32(rest)]);
        self.e.write(frame::CALLER, Register::RAX);
        let tables = [
            (frame::POINTERS, Register::RDI),
            (frame::STRIDES, Register::RSI),
            (frame::EXTENTS, Register::RDX),
            (frame::ORIGIN, Register::RCX),
            (frame::FAULTS, Register::R8),
        ];
        for (slot, register) in tables {
            self.e.write(slot, register);
        }
        if !self.e.code.patches.is_empty() {
            self.e.asm.put(Machine::Mov_r64_imm64, &[Operand::Register(Register::RAX), Operand::Immediate64(-1)]);
            let slot = self.e.code.all_valid;
            self.e.write(slot, Register::RAX);
        }
        let constants: Vec<(Reg, u8)> = self
            .e
            .pinned_registers()
            .filter(|&(reg, _)| matches!(self.e.code.registers[reg.0 as usize].home, Home::Constant(_)))
            .collect();
        for (reg, number) in constants {
            self.e.load(reg, number);
        }
        self.e.asm.jump(Machine::Jmp_rel32_64, body);
        Ok(())
    }
}
