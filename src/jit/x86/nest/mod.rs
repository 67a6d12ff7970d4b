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
//! | prologue   | room in the frame, the call's tables, constants that have registers               |
//! | constants  | read relative to the code                                                         |
//!
//! | file       | what                                                                              |
//! |------------|-----------------------------------------------------------------------------------|
//! | `pin`      | who has a register throughout                                                     |
//! | `pointers` | where pointers are, and how loops move them                                       |
//!
//! Always holds: outer loops run in order, each index from 0; a loop runs at least once, as a call's trip counts are at least 1.

mod pin;
mod pointers;

use std::ops::Range;

use foldhash::HashMap;
use iced_x86::{Code as Machine, Register};

use self::pin::pin;
use self::pointers::Moving;
use super::asm::{Label, Operand};
use super::emit::Emitter;
use super::frame::{self, Frame, KEPT, machine, short};
use super::lower::{Blocks, Lower};
use super::mir::{Gpr, Home, Inst, Reg, What};
use super::shape::{Shape, Vectors};
use super::site::Site;
use crate::ir::Kernel;
use crate::jit::Unsupported;
use crate::jit::native::LARGEST_FRAME;

/// A function for a kernel.
pub struct Function {
    /// Instructions, then constants.
    pub code: Vec<u8>,
    /// How many bytes are instructions, and which of them the body of whole steps.
    pub length: usize,
    #[cfg_attr(not(test), allow(dead_code))] // The listings ask.
    pub main: Range<usize>,
    /// Where its stores of whole vectors are.
    pub stores: Box<[Range<usize>]>,
    /// What it calls, which it names by address.
    pub sites: Vec<Site>,
}

/// An outer loop that is open.
struct Open {
    head: Label,
    /// Pointers that move, with the slots of what they were.
    saved: Vec<(usize, i32)>,
}

/// The nest under construction.
struct Nest<'a> {
    e: Emitter<'a>,
    kernel: &'a Kernel,
    shape: &'a Shape,
    blocks: &'a Blocks,
    /// For each pointer its slot, outside of the innermost loop.
    current: Vec<i32>,
    /// Those that move along the innermost loop.
    moving: Vec<Moving>,
    /// Slots with strides of pointers along loops.
    strides: HashMap<(usize, u8), i32>,
    /// Whether the frame lies at a multiple of 64.
    aligned: bool,
    /// Whether pairs are read.
    pairs: bool,
    /// Whether pointers go from the call's table right into the registers in which the innermost loop, the only one, has them.
    direct: bool,
    /// How many of [`KEPT`] are used.
    kept: usize,
    /// Where the body of whole steps is.
    main: Range<usize>,
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
    let mut e = Emitter::new(&code, frame, addresses, vectors.registers());
    pin(&mut e, &blocks.main, vectors.registers());
    let mut nest = Nest {
        e,
        kernel,
        shape,
        blocks: &blocks,
        current: Vec::new(),
        moving: Vec::new(),
        strides: HashMap::default(),
        aligned: true,
        pairs: false,
        direct: false,
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

impl Nest<'_> {
    /// The whole kernel.
    fn all(&mut self) {
        self.registers_for_pointers();
        if !self.direct {
            self.open_pointers();
        }
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
        if self.direct && blocks.before[0].is_empty() && blocks.begin.is_empty() {
            // The argument is there still.
            let extent = Operand::memory(Register::RDX, 0);
            self.e.asm.put(Machine::Mov_r64_rm64, &[Operand::Register(Register::RCX), extent]);
        } else {
            self.table(Register::RCX, frame::EXTENTS, self.kernel.loops() - 1);
        }
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
            } else if !self.shape.ordered || copies > self.shape.states {
                self.e.asm.jump(Machine::Jb_rel32_64, again);
            }
        }
        self.e.asm.bind(done);
        self.leave_pointers();
        self.e.block(&blocks.end);
    }

    /// Whether anything asks which lanes hold points.
    fn asks_for_valid(&self) -> bool {
        let asks = |inst: &Inst| matches!(inst.what, What::Patch(_) | What::Fault { .. } | What::Exit { .. });
        self.shape.masked || self.blocks.main.iter().any(asks)
    }

    /// All lanes hold points.
    fn all_lanes_valid(&mut self) {
        if self.asks_for_valid() {
            let bits = frame::bits_of(self.shape.lanes);
            let rcx = Operand::Register(Register::RCX);
            self.e.asm.put(Machine::Mov_r64_imm64, &[rcx, Operand::Immediate64(bits)]);
            self.set_valid(Register::RCX);
        }
    }

    /// These lanes hold points.
    fn set_valid(&mut self, bits: Register) {
        if self.asks_for_valid() {
            let slot = self.e.code.valid;
            self.e.write(slot, bits);
        }
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

    /// The way back to the caller.
    fn epilogue(&mut self) {
        self.e.asm.put(Machine::VEX_Vzeroupper, &[]);
        // (Cold code has vectors in the frame.)
        self.aligned = self.e.frame.is_aligned() || self.e.has_cold_code();
        if self.aligned {
            self.e.read(Register::RSP, frame::CALLER);
        } else {
            // Sooner than through memory, for the next call's frame waits for it.
            let size = Operand::Immediate32(self.e.frame.size());
            self.e.asm.put(Machine::Add_rm64_imm32, &[Operand::Register(Register::RSP), size]);
        }
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
        if size > LARGEST_FRAME as i32 {
            return Err(Unsupported("the code would take too much of the stack".into()));
        }
        self.e.asm.bind(at);
        for &register in KEPT[..self.kept].iter().skip(frame::FREE) {
            self.e.asm.put(Machine::Push_r64, &[Operand::Register(register)]);
        }
        if self.aligned {
            self.e.asm.put(Machine::Mov_r64_rm64, &[Register::RAX, Register::RSP].map(Operand::Register));
            self.e.asm.put(Machine::And_rm64_imm32, &[rsp, Operand::Immediate32(-64)]);
        }
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
        if self.aligned {
            self.e.write(frame::CALLER, Register::RAX);
        }
        let tables = [
            (frame::POINTERS, Register::RDI),
            (frame::STRIDES, Register::RSI),
            (frame::EXTENTS, Register::RDX),
            (frame::ORIGIN, Register::RCX),
            (frame::SIGNALS, Register::R8),
        ];
        let read = self.e.tables;
        for (slot, register) in tables.into_iter().filter(|(slot, _)| read >> (slot / 8) & 1 == 1) {
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
