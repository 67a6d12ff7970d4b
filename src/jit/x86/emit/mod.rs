//! From blocks to machine code: registers are allocated and instructions encoded in one pass.
//!
//! Comes in: a block of instructions over virtual registers. Goes out: code at the assembler's end. Always holds: an instruction whose
//! result nothing reads is left out; between blocks values are in their homes alone.
//!
//! | file        | what                                                                 |
//! |-------------|----------------------------------------------------------------------|
//! | `registers` | which value is in which register: taken, spilled, released           |
//! | `row`       | an instruction of the machine, and a copy                            |
//! | `fma`       | `x*y + z`, in the form that fits where its arguments are             |
//! | `elements`  | elements moved one by one                                            |
//! | `iterate`   | loops at points                                                      |
//! | `patch`     | patches and faults: the test on the common path                      |
//! | `cold`      | what stands behind all other code: calls, regions                    |

mod cold;
mod elements;
mod fma;
mod iterate;
mod patch;
mod registers;
mod row;

use std::ops::Range;

use iced_x86::{Code as Machine, Register};
use smallvec::SmallVec;

use self::cold::Room;
use self::patch::Cold;
use self::registers::{File, MASKS, NEVER};
use super::asm::{Asm, Label, Operand};
use super::frame::{self, Frame, machine};
use super::mir::{Arg, Base, Gpr, Home, Inst, Mem, What};
use super::select::Code;

/// Where a pointer is.
#[derive(Clone, Copy, Debug)]
pub struct Pointer {
    /// In the frame.
    pub slot: i32,
    /// And in a register, within the innermost loop.
    pub register: Option<Register>,
    /// Its stride along the innermost loop, in the frame.
    pub stride: i32,
}

/// Code being emitted.
pub struct Emitter<'a> {
    pub asm: Asm,
    pub code: &'a Code,
    pub frame: Frame,
    /// The addresses of what is called.
    sites: Vec<i64>,
    pub pointers: Vec<Pointer>,
    /// Which of the frame's first words have been read, a bit each.
    pub tables: u8,
    /// Whether code is that of the innermost loop, where pointers are in registers.
    pub within: bool,
    /// For each value the machine register that is its own throughout; that which it is in now; the frame's slot where it was spilled;
    /// which instruction of the block reads it next.
    pinned: Vec<Option<u8>>,
    place: Vec<Option<u8>>,
    spilled: Vec<Option<i32>>,
    next: Vec<u32>,
    vectors: File,
    masks: File,
    /// Where stores of whole vectors are, that can go past the cache.
    pub stores: Vec<Range<usize>>,
    /// The frame's slot with a loop's index, for outer loops.
    pub indices: Vec<i32>,
    /// What stands behind all other code, as far as it is known.
    colds: Vec<Cold>,
    /// Where regions begin, those that something runs.
    region_labels: Vec<Option<Label>>,
    /// The frame's room for each depth of regions.
    rooms: Vec<Room>,
    /// Where loops at points begin and end.
    loop_labels: Vec<[Label; 2]>,
}

/// Which instructions of the block read the values of one next: its arguments, its mask, its result.
pub struct Ends {
    args: SmallVec<[u32; 4]>,
    mask: u32,
    result: u32,
    /// Whether nothing reads the result.
    dead: bool,
}

impl<'a> Emitter<'a> {
    /// For a kernel's code, whose addresses of sites these are. Of its registers so many vectors.
    pub fn new(code: &'a Code, frame: Frame, sites: Vec<i64>, vectors: usize) -> Emitter<'a> {
        let count = code.registers.len();
        Emitter {
            asm: Asm::new(),
            code,
            frame,
            sites,
            pointers: Vec::new(),
            tables: 0,
            within: false,
            pinned: vec![None; count],
            place: vec![None; count],
            spilled: vec![None; count],
            next: vec![NEVER; count],
            vectors: File::new(((1u64 << vectors) - 1) as u32),
            masks: File::new(MASKS),
            stores: Vec::new(),
            indices: Vec::new(),
            colds: Vec::new(),
            region_labels: vec![None; code.regions.len()],
            rooms: Vec::new(),
            loop_labels: Vec::new(),
        }
    }
}

impl Emitter<'_> {
    /// Code for a block.
    pub fn block(&mut self, insts: &[Inst]) {
        insts.split_inclusive(|inst| inst.what.parts()).for_each(|piece| self.piece(piece));
    }

    /// Code for what stands between the heads and ends of loops at points.
    fn piece(&mut self, insts: &[Inst]) {
        let ends = self.ends(insts);
        for (inst, ends) in insts.iter().zip(&ends).filter(|(_, ends)| !ends.dead) {
            self.inst(inst, ends);
            self.frame.next_instruction();
        }
        self.close(insts);
    }

    /// Looks ahead: from the block's end to its start.
    fn ends(&mut self, insts: &[Inst]) -> Vec<Ends> {
        let mut ends: Vec<Ends> = Vec::with_capacity(insts.len());
        for (at, inst) in insts.iter().enumerate().rev() {
            let result = inst.result.map_or(NEVER, |reg| std::mem::replace(&mut self.next[reg.0 as usize], NEVER));
            let block = inst.result.is_some_and(|reg| self.code.registers[reg.0 as usize].home == Home::Block);
            let dead = block && result == NEVER;
            let reg = |arg: &Arg| match arg {
                Arg::Reg(reg) => Some(reg.0 as usize),
                _ => None,
            };
            let args = inst.args.iter().map(|arg| reg(arg).map_or(NEVER, |reg| self.next[reg])).collect();
            let mask = inst.masked.map_or(NEVER, |masked| self.next[masked.by.0 as usize]);
            if !dead {
                for read in inst.args.iter().filter_map(reg).chain(inst.masked.map(|m| m.by.0 as usize)) {
                    self.next[read] = at as u32;
                }
            }
            ends.push(Ends { args, mask, result, dead });
        }
        ends.reverse();
        ends
    }

    /// At a block's end values are in their homes alone.
    fn close(&mut self, insts: &[Inst]) {
        for file in [&mut self.vectors, &mut self.masks] {
            for owner in &mut file.owner {
                if let Some(reg) = owner.take() {
                    self.place[reg.0 as usize] = None;
                }
            }
        }
        for inst in insts {
            let read = inst.args.iter().filter_map(|arg| if let Arg::Reg(reg) = arg { Some(*reg) } else { None });
            for reg in read.chain(inst.result).chain(inst.masked.map(|m| m.by)) {
                self.next[reg.0 as usize] = NEVER;
                if let Some(slot) = self.spilled[reg.0 as usize].take() {
                    self.frame.give_back(slot);
                }
            }
        }
    }

    /// An instruction.
    fn inst(&mut self, inst: &Inst, ends: &Ends) {
        match &inst.what {
            What::Row(row) => self.row(*row, inst, ends),
            What::Fma { product, addend, width } => self.fma([*product, *addend], *width, inst, ends),
            What::Move => self.move_to(inst, ends),
            What::Address(to) => {
                let Some(&Arg::Mem(mem)) = inst.args.first() else { return };
                let from = self.memory(mem);
                self.asm.put(Machine::Lea_r64_m, &[Operand::Register(machine(*to)), from]);
            }
            What::Stride { to, base, times } => {
                let stride = Operand::memory(Register::RSP, self.pointers[*base].stride);
                let to = Operand::Register(machine(*to));
                self.asm.put(Machine::Imul_r64_rm64_imm32, &[to, stride, Operand::Immediate32(*times)]);
            }
            What::Index { to, of } => self.index(machine(*to), *of),
            What::Left(to) => {
                self.read(machine(*to), frame::POINTS);
                let [to, index] = [machine(*to), machine(Gpr::Index)].map(Operand::Register);
                self.asm.put(Machine::Sub_r64_rm64, &[to, index]);
            }
            What::Elements(elements) => self.elements(elements),
            What::Patch(at) => self.patch(*at, inst, ends),
            What::Fault { code, test } => self.fault(*code, *test, inst, ends),
            What::Enter(of) => self.enter(*of, inst, ends),
            What::Exit { of, test } => self.exit(*of, *test, inst, ends),
            What::Repeat(of) => self.repeat(*of),
        }
    }

    /// The index of a loop, counted from the call's origin.
    fn index(&mut self, to: Register, of: usize) {
        self.read(to, frame::ORIGIN);
        self.asm.put(Machine::Mov_r64_rm64, &[Operand::Register(to), Operand::memory(to, 8 * of as i32)]);
        let index = match self.indices.get(of) {
            Some(&slot) => Operand::memory(Register::RSP, slot),
            None => Operand::Register(machine(Gpr::Index)),
        };
        self.asm.put(Machine::Add_r64_rm64, &[Operand::Register(to), index]);
    }

    /// An address. What is in no register is loaded into one for this access.
    fn memory(&mut self, mem: Mem) -> Operand {
        let base = match mem.base {
            Base::Frame => Register::RSP,
            Base::Gpr(gpr) => machine(gpr),
            Base::Pointer(at) => self.pointer(at as usize),
        };
        let (index, scale) = mem.index.map_or((Register::None, 1), |(gpr, scale)| (machine(gpr), scale));
        Operand::Memory { base, index, scale, displacement: mem.displacement }
    }

    /// The register with a pointer.
    fn pointer(&mut self, at: usize) -> Register {
        let Pointer { slot, register, .. } = self.pointers[at];
        match register.filter(|_| self.within) {
            Some(register) => register,
            None => {
                self.read(frame::POINTER, slot);
                frame::POINTER
            }
        }
    }

    /// Whether there is code that stands behind all other.
    pub fn has_cold_code(&self) -> bool {
        !self.colds.is_empty()
    }

    /// Loads a number of the frame.
    pub fn read(&mut self, to: Register, slot: i32) {
        if slot < frame::POINTS {
            self.tables |= 1 << (slot / 8);
        }
        self.asm.put(Machine::Mov_r64_rm64, &[Operand::Register(to), Operand::memory(Register::RSP, slot)]);
    }

    /// Stores a number in the frame.
    pub fn write(&mut self, slot: i32, from: Register) {
        self.asm.put(Machine::Mov_rm64_r64, &[Operand::memory(Register::RSP, slot), Operand::Register(from)]);
    }
}
