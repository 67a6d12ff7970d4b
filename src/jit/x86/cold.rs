//! What happens for some lanes alone: `patch` and `fault`.
//!
//! The common path is a test and a jump that is not taken. Behind the jump, after all other code: registers are saved, the arguments
//! go to the frame, and a function is called for the lanes whose bits are set, or a region is run on whole vectors; then what was saved
//! comes back.
//!
//! | in the frame, for each depth of regions | what                                                        |
//! |------------------------------------------|-------------------------------------------------------------|
//! | result                                   | the value elsewhere at first; the function's values go in   |
//! | arguments                                | 64 bytes each                                               |
//! | bits                                     | the lanes that are asked for                                |
//! | saved                                    | registers, 64 bytes each                                    |
//!
//! A region stands once in the code, for as many lanes as its widest value has in a vector, and reads its parameters from places of its
//! own; it is run for one group of lanes after the other.
//!
//! Always holds: a function runs for lanes that hold points of the call and whose mask is set, and for no others.

use std::sync::atomic::AtomicU32;

use iced_x86::{Code as Machine, Register};
use smallvec::SmallVec;

use super::asm::{Decoration, Label, Operand};
use super::emit::{Emitter, NEVER, vector};
use super::frame;
use super::mir::{Arg, Class, Inst, Reg, Size};
use super::rows::Row;
use crate::dtype::{DType, Scalar};
use crate::ir::helper::Code as Function;
use crate::ir::registered::enter;
use crate::ir::{FaultCode, Op, semantics};

/// What a site calls for each lane.
#[derive(Clone, Copy, Debug)]
pub enum Callee {
    /// A helper's function.
    Function(Function),
    /// An operation, by its meaning.
    Operation { op: Op, arg: DType, ty: DType },
}

/// A place that calls: what, and how wide result and arguments are. The code refers to it by its address.
#[derive(Debug)]
pub struct Site {
    pub callee: Callee,
    pub result: usize,
    pub args: SmallVec<[usize; 3]>,
}

/// What stands behind a patch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behind {
    /// A site, by its number.
    Call(usize),
    /// A region, by its number.
    Region(usize),
}

/// Where the mask of a patch says which lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lanes {
    /// Lane 0 alone: the value is the same in all, or there is no other.
    First,
    /// All lanes of the step that hold points.
    Step,
}

/// A patch.
#[derive(Clone, Debug)]
pub struct Patch {
    pub behind: Behind,
    /// Whether the mask is set everywhere: then there is none.
    pub always: bool,
    /// Bytes of a lane of the mask, where it is in lanes.
    pub mask_width: usize,
    pub which: Lanes,
    /// Points of the step.
    pub lanes: usize,
    /// Bytes of a lane of the result, and of the arguments.
    pub width: usize,
    pub widths: SmallVec<[usize; 3]>,
    /// How many regions it stands in.
    pub depth: usize,
    /// Where the bits of lanes are that hold points; of a region those it is run for.
    pub valid: i32,
}

/// A region's code.
#[derive(Debug)]
pub struct RegionCode {
    pub block: Vec<Inst>,
    /// Points that it is run for at a time.
    pub lanes: usize,
    /// Where it reads its parameters, and leaves its result; the bits of its lanes; where it goes back to.
    pub params: SmallVec<[i32; 3]>,
    pub result: i32,
    pub valid: i32,
    pub back: i32,
}

/// Room in the frame for one depth of regions.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Result, then arguments.
    area: i32,
    bits: i32,
    saved: i32,
    mask: i32,
    /// What a region gives, all of its groups.
    results: i32,
    general: i32,
}

/// Where an argument is when the cold code begins.
#[derive(Clone, Copy, Debug)]
enum Source {
    Register(Reg, u8),
    Memory(Reg, Operand),
}

/// Cold code that is still to be emitted.
pub enum Cold {
    Patch(Box<ColdPatch>),
    Fault { begin: Label, resume: Label, code: FaultCode },
}

pub struct ColdPatch {
    begin: Label,
    resume: Label,
    patch: usize,
    mask: Option<(Reg, u8)>,
    fast: Option<(Reg, u8)>,
    args: SmallVec<[Source; 3]>,
    result: (Reg, u8),
    live: SmallVec<[(Reg, u8); 16]>,
}

/// Registers that a call does not keep, and that hold something within the loop.
const GENERAL: [Register; 5] = [Register::RAX, Register::RSI, Register::RDI, Register::R8, Register::R9];
/// Most arguments of a function.
const MOST_ARGS: usize = 4;

/// Runs a site's function for the lanes whose bits are set. In `area` the result stands first, then the arguments, 64 bytes each.
///
/// # Safety
/// `area` must be the room that the code has for the site, with its arguments in it.
pub unsafe extern "sysv64" fn call_lanes(site: &Site, area: *mut u8, bits: u64, faults: &AtomicU32) {
    let mut rest = bits;
    while rest != 0 {
        let lane = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        let mut words = [0u64; 3];
        for (i, (word, &width)) in words.iter_mut().zip(&site.args).enumerate() {
            let from = area.wrapping_add(64 * (i + 1) + lane * width);
            // SAFETY: the lane lies in the argument's 64 bytes, and a word has room for it.
            unsafe { std::ptr::copy_nonoverlapping(from, std::ptr::from_mut(word).cast(), width) };
        }
        let value = match site.callee {
            Callee::Function(Function::Rust(registered)) => enter(registered, faults, words[0], words[1], words[2]),
            Callee::Function(code) => code.call(&words[..site.args.len()]),
            Callee::Operation { op, arg, ty } => {
                let scalars: SmallVec<[Scalar; 3]> =
                    words[..site.args.len()].iter().map(|&bits| Scalar::from_bits(arg, bits)).collect();
                semantics::eval(op, ty, &scalars).map_or(0, |c| c.bits())
            }
        };
        // SAFETY: the lane lies in the result's 64 bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(
                std::ptr::from_ref(&value).cast(),
                area.wrapping_add(lane * site.result),
                site.result,
            )
        };
    }
}

impl Emitter<'_> {
    fn room(&mut self, depth: usize) -> Room {
        while self.rooms.len() <= depth {
            let area = self.frame.room(64 * (MOST_ARGS + 1) + 16, 64);
            let saved = self.frame.room(64 * 32 + 64, 64);
            let mask = self.frame.room(64, 64);
            // (A group's copy may be longer than the group.)
            let results = self.frame.room(64 + 16, 64);
            let general = self.frame.room(8 * GENERAL.len(), 8);
            let bits = self.frame.word();
            self.rooms.push(Room { area, bits, saved, mask, results, general });
        }
        self.rooms[depth]
    }

    /// A patch: the test, and what its cold code will need.
    // Long: what is read, what is live, and the two ways on.
    pub fn patch(&mut self, at: usize, inst: &Inst, args_next: &[u32], result_next: u32) {
        let patch = &self.code.patches[at];
        let (always, first) = (patch.always, if patch.always { 0 } else { 2 });
        let Some(result) = inst.result else { return };
        let reg = |i: usize| match inst.args[i] {
            Arg::Reg(reg) => reg,
            _ => unreachable!("a patch reads registers"),
        };
        let mut not = [0u32; 2];
        let mut fetch = |e: &mut Self, reg: Reg| {
            let kind = usize::from(e.class(reg) == Class::Mask);
            let number = e.ensure(reg, not[kind]);
            not[kind] |= 1 << number;
            (reg, number)
        };
        let (mask, fast) = match always {
            true => (None, None),
            false => (Some(fetch(self, reg(0))), Some(fetch(self, reg(1)))),
        };
        let mut args: SmallVec<[Source; 3]> = SmallVec::new();
        for i in first..inst.args.len() {
            let reg = reg(i);
            args.push(match self.held(reg) {
                Some(number) => {
                    not[0] |= 1 << number;
                    Source::Register(reg, number)
                }
                None => match self.in_memory(reg) {
                    Some(operand) => Source::Memory(reg, operand),
                    None => unreachable!("a value is read before it is written"),
                },
            });
        }
        // The result has a register of its own, which holds the value elsewhere.
        let number = match self.own(result) {
            Some(own) => own,
            None => self.take(Class::Vector(Size::Z), not[0]),
        };
        if let Some((_, fast)) = fast {
            self.copy(result, number, fast);
        }
        for (arg, &next) in inst.args.iter().zip(args_next) {
            if let Arg::Reg(reg) = arg {
                self.read_until(*reg, next);
            }
        }
        let live = self.live(number);
        let [begin, resume] = [(); 2].map(|()| self.asm.label());
        let patch = self.code.patches[at].clone();
        let cold = ColdPatch { begin, resume, patch: at, mask, fast, args, result: (result, number), live };
        match mask {
            Some((reg, mask)) => {
                self.test(reg, mask, patch.which, patch.mask_width, patch.lanes);
                self.asm.jump(Machine::Jne_rel32_64, begin);
                self.asm.bind(resume);
                self.colds.push(Cold::Patch(Box::new(cold)));
            }
            None => {
                self.asm.bind(begin);
                self.cold_patch(&cold, true);
                self.asm.bind(resume);
            }
        }
        self.settle(result, number, None, result_next);
    }

    /// All that is in registers and is read later, but for what is in this one.
    fn live(&self, not: u8) -> SmallVec<[(Reg, u8); 16]> {
        let vectors = self.vectors.owner.iter().enumerate().filter(|(n, _)| *n != usize::from(not));
        let owners = vectors.chain(self.masks.owner.iter().enumerate());
        owners.filter_map(|(n, owner)| Some(((*owner)?, n as u8))).collect()
    }

    /// The flag of zero is clear if any lane is set.
    fn test(&mut self, mask: Reg, number: u8, which: Lanes, width: usize, lanes: usize) {
        let eax = Register::ECX;
        if let Class::Mask = self.class(mask) {
            let mask = Register::K0 + u32::from(number);
            if which == Lanes::Step {
                self.asm.put(Machine::VEX_Ktestq_kr_kr, &[Operand::Register(mask), Operand::Register(Register::K7)]);
                return;
            }
            self.asm.put(Machine::VEX_Kmovd_r32_kr, &[Operand::Register(eax), Operand::Register(mask)]);
            self.asm.put(Machine::Test_rm32_imm32, &[Operand::Register(eax), Operand::Immediate32(1)]);
            return;
        }
        let bits = self.bits_of_lanes(number, width, lanes);
        let some = if which == Lanes::First { 1 } else { bits };
        self.asm.put(Machine::Test_rm32_imm32, &[Operand::Register(eax), Operand::Immediate32(some as i32)]);
    }

    /// The top bits of lanes go to `ecx`; gives the bits that are those of lanes.
    fn bits_of_lanes(&mut self, number: u8, width: usize, lanes: usize) -> u32 {
        let size = Size::of(lanes * width);
        let row = match width {
            8 => Row::Movmskpd,
            4 => Row::Movmskps,
            _ => Row::Pmovmskb,
        };
        let operands = [Register::ECX, vector(size, number)].map(Operand::Register);
        self.asm.put(row.code(self.code.encoding, size), &operands);
        let count = if width == 2 { 2 * lanes } else { lanes };
        if count >= 32 { u32::MAX } else { (1 << count) - 1 }
    }

    /// A fault: the test.
    pub fn fault(&mut self, code: FaultCode, which: Lanes, inst: &Inst, args_next: &[u32], width: usize, lanes: usize) {
        let Some(&Arg::Reg(mask)) = inst.args.first() else { return };
        let number = self.ensure(mask, 0);
        self.test(mask, number, which, width, lanes);
        self.read_until(mask, args_next.first().copied().unwrap_or(NEVER));
        let [begin, resume] = [(); 2].map(|()| self.asm.label());
        self.asm.jump(Machine::Jne_rel32_64, begin);
        self.asm.bind(resume);
        self.colds.push(Cold::Fault { begin, resume, code });
    }

    /// All cold code, and regions.
    pub fn cold_code(&mut self) {
        let mut regions = vec![false; self.code.regions.len()];
        loop {
            while let Some(cold) = self.colds.pop() {
                match cold {
                    Cold::Patch(cold) => self.cold_patch(&cold, false),
                    Cold::Fault { begin, resume, code } => {
                        self.asm.bind(begin);
                        let word = Register::RCX;
                        self.read(word, frame::FAULTS);
                        self.asm.or_locked(word, code.bit());
                        self.asm.jump(Machine::Jmp_rel32_64, resume);
                    }
                }
            }
            let Some(at) = (0..regions.len()).find(|&at| !regions[at] && self.region_labels[at].is_some()) else {
                break;
            };
            regions[at] = true;
            let code = self.code;
            let region = &code.regions[at];
            if let Some(label) = self.region_labels[at] {
                self.asm.bind(label);
            }
            self.block(&region.block);
            let back = Operand::memory(Register::RSP, region.back);
            self.asm.put(Machine::Jmp_rm64, &[back]);
        }
    }

    /// A value's whole register, to the frame or back.
    fn transfer(&mut self, reg: Reg, number: u8, slot: i32, store: bool) {
        let register = Operand::Register(self.whole(reg, number));
        let memory = Operand::memory(Register::RSP, slot);
        let encoding = self.code.encoding;
        let (load_row, store_row, size) = match self.class(reg) {
            Class::Mask => (Row::Kmov, Row::KmovStore, Size::X),
            Class::Vector(size) => (Row::Movups, Row::MovupsStore, size),
        };
        match store {
            true => self.asm.put(store_row.code(encoding, size), &[memory, register]),
            false => self.asm.put(load_row.code(encoding, size), &[register, memory]),
        }
    }

    /// The cold code of a patch.
    // Long: one thing after another.
    fn cold_patch(&mut self, cold: &ColdPatch, inline: bool) {
        let patch = self.code.patches[cold.patch].clone();
        let room = self.room(patch.depth);
        let (result, number) = cold.result;
        if !inline {
            self.asm.bind(cold.begin);
        }
        let calls = matches!(patch.behind, Behind::Call(_));
        // Saved: what is live, and for a call what has registers of its own.
        let mut saved: SmallVec<[(Reg, u8); 16]> = cold.live.clone();
        if calls {
            saved.extend(self.pinned_registers().filter(|&(_, n)| self.class(result) == Class::Mask || n != number));
        }
        let slot_of = |i: usize| room.saved + 64 * i as i32;
        for (i, &(reg, n)) in saved.iter().enumerate() {
            self.transfer(reg, n, slot_of(i), true);
        }
        let arg_slot = |i: usize| room.area + 64 * (i as i32 + 1);
        for (i, source) in cold.args.iter().enumerate() {
            if let &Source::Register(reg, n) = source {
                self.transfer(reg, n, arg_slot(i), true);
            }
        }
        if let Some((reg, fast)) = cold.fast {
            self.transfer(reg, fast, room.area, true);
        }
        self.wanted_bits(cold, &patch, room);
        for (i, source) in cold.args.iter().enumerate() {
            if let &Source::Memory(reg, operand) = source {
                self.load_from(reg, 0, operand);
                self.transfer(reg, 0, arg_slot(i), true);
            }
        }
        match patch.behind {
            Behind::Call(site) => self.call_site(site, room),
            Behind::Region(region) => self.run_region(region, &patch, room),
        }
        self.fetch_result(cold, &patch, room);
        if self.code.is_evex() {
            // The lanes that hold points, anew.
            let operands = [Operand::Register(Register::K7), Operand::memory(Register::RSP, patch.valid)];
            self.asm.put(Machine::VEX_Kmovq_kr_km64, &operands);
        }
        for (i, &(reg, n)) in saved.iter().enumerate() {
            self.transfer(reg, n, slot_of(i), false);
        }
        if !inline {
            self.asm.jump(Machine::Jmp_rel32_64, cold.resume);
        }
    }

    /// The bits of the lanes that are asked for go to the frame; a mask in lanes goes there, too.
    fn wanted_bits(&mut self, cold: &ColdPatch, patch: &Patch, room: Room) {
        let rcx = Operand::Register(Register::RCX);
        match cold.mask {
            None => {
                let all = if patch.lanes >= 64 { -1 } else { (1i64 << patch.lanes) - 1 };
                self.asm.put(Machine::Mov_r64_imm64, &[rcx, Operand::Immediate64(all)]);
            }
            Some((reg, mask)) if self.class(reg) == Class::Mask => {
                let mask = Operand::Register(Register::K0 + u32::from(mask));
                self.asm.put(Machine::VEX_Kmovq_r64_kr, &[rcx, mask]);
            }
            Some((reg, mask)) => {
                self.transfer(reg, mask, room.mask, true);
                self.bits_of_lanes(mask, patch.mask_width, patch.lanes);
                if patch.mask_width == 2 {
                    // Two bits a lane.
                    let every = Operand::Register(Register::EDX);
                    self.asm.put(Machine::Mov_r32_imm32, &[every, Operand::Immediate32(0x5555_5555)]);
                    let ecx = Operand::Register(Register::ECX);
                    self.asm.put(Machine::VEX_Pext_r32_r32_rm32, &[ecx, ecx, every]);
                }
            }
        }
        match patch.which {
            Lanes::First => {
                let operands = [Operand::Register(Register::ECX), Operand::Immediate32(1)];
                self.asm.put(Machine::And_rm32_imm32, &operands);
            }
            Lanes::Step => {
                let valid = Operand::memory(Register::RSP, patch.valid);
                self.asm.put(Machine::And_r64_rm64, &[rcx, valid]);
            }
        }
        self.write(room.bits, Register::RCX);
    }

    fn call_site(&mut self, site: usize, room: Room) {
        for (i, &register) in GENERAL.iter().enumerate() {
            self.write(room.general + 8 * i as i32, register);
        }
        self.asm.put(Machine::VEX_Vzeroupper, &[]);
        let address = self.sites[site];
        self.asm.put(Machine::Mov_r64_imm64, &[Operand::Register(Register::RDI), Operand::Immediate64(address)]);
        let area = Operand::memory(Register::RSP, room.area);
        self.asm.put(Machine::Lea_r64_m, &[Operand::Register(Register::RSI), area]);
        self.read(Register::RDX, room.bits);
        self.read(Register::RCX, frame::FAULTS);
        let function = call_lanes as *const () as i64;
        self.asm.put(Machine::Mov_r64_imm64, &[Operand::Register(Register::RAX), Operand::Immediate64(function)]);
        self.asm.put(Machine::Call_rm64, &[Operand::Register(Register::RAX)]);
        for (i, &register) in GENERAL.iter().enumerate() {
            self.read(register, room.general + 8 * i as i32);
        }
    }

    /// Runs a region for one group of lanes after the other.
    fn run_region(&mut self, at: usize, patch: &Patch, room: Room) {
        let code = self.code;
        let region = &code.regions[at];
        let label = *self.region_labels[at].get_or_insert_with(|| self.asm.label());
        let encoding = code.encoding;
        let copy = |e: &mut Self, from: i32, to: i32, bytes: usize| {
            // (Elements side by side; more than asked for is copied where less than a vector is.)
            let size = Size::of(bytes);
            let register = Operand::Register(vector(size, 0));
            e.asm.put(Row::Movups.code(encoding, size), &[register, Operand::memory(Register::RSP, from)]);
            e.asm.put(Row::MovupsStore.code(encoding, size), &[Operand::memory(Register::RSP, to), register]);
        };
        for first in (0..patch.lanes).step_by(region.lanes) {
            for (i, (&param, &width)) in region.params.iter().zip(&patch.widths).enumerate() {
                let from = room.area + 64 * (i as i32 + 1) + (first * width) as i32;
                copy(self, from, param, region.lanes * width);
            }
            // The bits of these lanes.
            let rcx = Operand::Register(Register::RCX);
            self.read(Register::RCX, room.bits);
            self.asm.put(Machine::Shr_rm64_imm8, &[rcx, Operand::Immediate8(first as u8)]);
            if region.lanes < 64 {
                let low = Operand::Immediate64((1i64 << region.lanes) - 1);
                self.asm.put(Machine::Mov_r64_imm64, &[Operand::Register(Register::RDX), low]);
                self.asm.put(Machine::And_r64_rm64, &[rcx, Operand::Register(Register::RDX)]);
            }
            self.write(region.valid, Register::RCX);
            if code.is_evex() {
                self.asm.put(Machine::VEX_Kmovq_kr_r64, &[Operand::Register(Register::K7), rcx]);
            }
            let back = self.asm.label();
            self.asm.address_of(Register::RCX, back);
            self.write(region.back, Register::RCX);
            self.asm.jump(Machine::Jmp_rel32_64, label);
            self.asm.bind(back);
            copy(self, region.result, room.results + (first * patch.width) as i32, region.lanes * patch.width);
        }
    }

    /// The result's register gets its value: of a call, or of a region where the mask is set.
    fn fetch_result(&mut self, cold: &ColdPatch, patch: &Patch, room: Room) {
        let (result, number) = cold.result;
        let Class::Vector(size) = self.class(result) else { return };
        let encoding = self.code.encoding;
        let register = Operand::Register(vector(size, number));
        match patch.behind {
            Behind::Call(_) => self.transfer(result, number, room.area, false),
            Behind::Region(_) => {
                let results = Operand::memory(Register::RSP, room.results);
                let elsewhere = Operand::memory(Register::RSP, room.area);
                let load = Row::Movups.code(encoding, size);
                if cold.mask.is_none() {
                    self.asm.put(load, &[register, results]);
                } else if self.code.is_evex() {
                    // (All masks are saved.)
                    let bits = Operand::memory(Register::RSP, room.bits);
                    self.asm.put(load, &[register, elsewhere]);
                    self.asm.put(Machine::VEX_Kmovq_kr_km64, &[Operand::Register(Register::K1), bits]);
                    let rows = [Row::Movdqu8, Row::Movdqu16, Row::Movdqu32, Row::Movdqu64];
                    let row = rows[patch.width.trailing_zeros() as usize];
                    let with = Decoration { mask: Register::K1, ..Decoration::default() };
                    self.asm.put_with(row.code(encoding, size), &[register, results], with);
                } else {
                    let other = Operand::Register(vector(size, u8::from(number == 0)));
                    self.asm.put(load, &[register, elsewhere]);
                    self.asm.put(load, &[other, Operand::memory(Register::RSP, room.mask)]);
                    self.asm.put(Row::Pblendvb.code(encoding, size), &[register, register, results, other]);
                }
            }
        }
        if patch.which == Lanes::First && patch.lanes > 1 {
            // The same in all lanes.
            let row = [Row::Pbroadcastb, Row::Pbroadcastw, Row::Pbroadcastd, Row::Pbroadcastq]
                [patch.width.trailing_zeros() as usize];
            let low = Operand::Register(vector(Size::X, number));
            self.asm.put(row.code(encoding, size), &[register, low]);
        }
    }
}
