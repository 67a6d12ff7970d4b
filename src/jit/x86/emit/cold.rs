//! What stands behind all other code: patches' calls, regions, reports of errors, the question whether a call is over.
//!
//! Registers are saved, the arguments go to the frame, and a function is called for the lanes whose bits are set, or a region is run on
//! whole vectors; then what was saved comes back.
//!
//! | in the frame, for each depth of regions | what                                                        |
//! |------------------------------------------|-------------------------------------------------------------|
//! | area                                     | the value elsewhere at first, where a function's values go; then the arguments, 64 bytes each |
//! | bits                                     | the lanes that are asked for                                |
//! | saved                                    | vectors and masks, 64 bytes each                            |
//! | general                                  | general registers                                           |
//! | mask                                     | (AVX2.) the patch's mask                                    |
//! | results                                  | what a region gives, of all groups of lanes                 |
//!
//! A region stands once in the code, for as many lanes as its widest value has in a vector, and reads its parameters from places of its
//! own; it is run for one group of lanes after the other.
//!
//! Always holds: a function runs for lanes that hold points of the call and whose mask is set, and for no others.

use iced_x86::{Code as Machine, Register};
use smallvec::SmallVec;

use super::super::asm::{Decoration, Label, Operand};
use super::super::frame;
use super::super::mir::{Behind, Class, Counter, Lanes, Patch, Reg};
use super::super::rows::{Row, Size};
use super::super::select::by_width;
use super::super::site::call_lanes;
use super::Emitter;
use super::patch::{Cold, ColdPatch, Source};
use super::registers::vector;
use crate::jit::signals::is_over;

/// Registers that a call does not keep, and that hold something within the loop.
const GENERAL: [Register; 5] = [Register::RAX, Register::RSI, Register::RDI, Register::R8, Register::R9];

/// Room in the frame for one depth of regions: see the table above.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    area: i32,
    bits: i32,
    saved: i32,
    mask: i32,
    results: i32,
    general: i32,
}

impl Emitter<'_> {
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
                        self.read(word, frame::SIGNALS);
                        self.asm.or_locked(word, code.bit());
                        self.asm.jump(Machine::Jmp_rel32_64, resume);
                    }
                    Cold::Look { begin, head, out, counter } => {
                        self.asm.bind(begin);
                        self.look(counter, head, out);
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
            self.frame.keep_all();
            self.block(&region.block);
            let back = Operand::memory(Register::RSP, region.back);
            self.asm.put(Machine::Jmp_rm64, &[back]);
        }
    }

    /// The room of a depth, made when it is first asked for.
    fn room(&mut self, depth: usize) -> Room {
        let arguments = self.code.patches.iter().map(|patch| patch.widths.len()).max().unwrap_or(0);
        while self.rooms.len() <= depth {
            let area = self.frame.room(64 * (arguments + 1) + 16, 64);
            // (All vectors and masks.)
            let saved = self.frame.room(64 * (32 + 8), 64);
            let mask = self.frame.room(64, 64);
            // (A group's copy may be longer than the group.)
            let results = self.frame.room(64 + 16, 64);
            let general = self.frame.room(8 * GENERAL.len(), 8);
            let bits = self.frame.word();
            self.rooms.push(Room { area, bits, saved, mask, results, general });
        }
        self.rooms[depth]
    }

    /// The cold code of a patch.
    // Long: one thing after another.
    pub fn cold_patch(&mut self, cold: &ColdPatch, inline: bool) {
        let patch = self.code.patches[cold.patch].clone();
        let room = self.room(patch.depth);
        let (result, _) = cold.result;
        if !inline {
            self.asm.bind(cold.begin);
        }
        let calls = matches!(patch.behind, Behind::Call(_));
        // Saved: what is live, and for a call what has registers of its own.
        let mut saved: SmallVec<[(Reg, u8); 16]> = cold.live.clone();
        if calls {
            saved.extend(self.pinned_registers().filter(|&(reg, _)| reg != result));
        }
        let slot_of = |i: usize| room.saved + 64 * i as i32;
        for (i, &(reg, n)) in saved.iter().enumerate() {
            self.store(reg, n, slot_of(i));
        }
        let arg_slot = |i: usize| room.area + 64 * (i as i32 + 1);
        for (i, source) in cold.args.iter().enumerate() {
            if let &Source::Register(reg, n) = source {
                self.store(reg, n, arg_slot(i));
            }
        }
        if let Some((reg, fast)) = cold.fast {
            self.store(reg, fast, room.area);
        }
        self.wanted_bits(cold, &patch, room);
        for (i, source) in cold.args.iter().enumerate() {
            if let &Source::Memory(reg, operand) = source {
                self.load_from(reg, 0, operand);
                self.store(reg, 0, arg_slot(i));
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
            self.load_from(reg, n, Operand::memory(Register::RSP, slot_of(i)));
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
                let all = frame::bits_of(patch.test.lanes);
                self.asm.put(Machine::Mov_r64_imm64, &[rcx, Operand::Immediate64(all)]);
            }
            Some((reg, mask)) if self.class(reg) == Class::Mask => {
                let mask = Operand::Register(Register::K0 + u32::from(mask));
                self.asm.put(Machine::VEX_Kmovq_r64_kr, &[rcx, mask]);
            }
            Some((reg, mask)) => {
                self.store(reg, mask, room.mask);
                self.bits_of_lanes(mask, patch.test);
                if patch.test.width == 2 {
                    // Two bits a lane.
                    let every = Operand::Register(Register::EDX);
                    self.asm.put(Machine::Mov_r32_imm32, &[every, Operand::Immediate32(0x5555_5555)]);
                    let ecx = Operand::Register(Register::ECX);
                    self.asm.put(Machine::VEX_Pext_r32_r32_rm32, &[ecx, ecx, every]);
                }
            }
        }
        match patch.test.which {
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

    /// Calls, with general registers saved.
    fn call_site(&mut self, site: usize, room: Room) {
        let address = self.sites[site];
        self.with_general_saved(room, |e| {
            e.asm.put(Machine::VEX_Vzeroupper, &[]);
            e.asm.put(Machine::Mov_r64_imm64, &[Operand::Register(Register::RDI), Operand::Immediate64(address)]);
            let area = Operand::memory(Register::RSP, room.area);
            e.asm.put(Machine::Lea_r64_m, &[Operand::Register(Register::RSI), area]);
            e.read(Register::RDX, room.bits);
            e.read(Register::RCX, frame::SIGNALS);
            e.call_function(call_lanes as *const () as i64);
        });
    }

    /// Asks whether the call is over. Values are in their homes alone.
    fn look(&mut self, counter: Counter, head: Label, out: Label) {
        let room = self.room(0);
        let pinned: SmallVec<[(Reg, u8); 16]> = self.pinned_registers().collect();
        let slot_of = |i: usize| room.saved + 64 * i as i32;
        for (i, &(reg, n)) in pinned.iter().enumerate() {
            self.store(reg, n, slot_of(i));
        }
        let valid = [Operand::memory(Register::RSP, room.mask), Operand::Register(Register::K7)];
        if self.code.is_evex() {
            self.asm.put(Machine::VEX_Kmovq_m64_kr, &valid);
        }
        self.with_general_saved(room, |e| {
            e.asm.put(Machine::VEX_Vzeroupper, &[]);
            e.read(Register::RDI, frame::SIGNALS);
            e.call_function(is_over as *const () as i64);
            e.write(room.bits, Register::RAX);
        });
        if self.code.is_evex() {
            self.asm.put(Machine::VEX_Kmovq_kr_km64, &[valid[1], valid[0]]);
        }
        for (i, &(reg, n)) in pinned.iter().enumerate() {
            self.load_from(reg, n, Operand::memory(Register::RSP, slot_of(i)));
        }
        self.asm.put(Machine::Cmp_rm64_imm32, &[Operand::memory(Register::RSP, room.bits), Operand::Immediate32(0)]);
        self.asm.jump(Machine::Jne_rel32_64, out);
        if let Some(rest) = counter.rest {
            self.read(Register::RCX, rest);
        }
        self.take_steps(counter);
        self.asm.jump(Machine::Jmp_rel32_64, head);
    }

    /// Code that calls something: what is in general registers is saved around it.
    fn with_general_saved(&mut self, room: Room, call: impl FnOnce(&mut Self)) {
        for (i, &register) in GENERAL.iter().enumerate() {
            self.write(room.general + 8 * i as i32, register);
        }
        call(self);
        for (i, &register) in GENERAL.iter().enumerate() {
            self.read(register, room.general + 8 * i as i32);
        }
    }

    /// Calls a function at this address.
    fn call_function(&mut self, address: i64) {
        let function = Operand::Register(Register::RAX);
        self.asm.put(Machine::Mov_r64_imm64, &[function, Operand::Immediate64(address)]);
        self.asm.put(Machine::Call_rm64, &[function]);
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
        for first in (0..patch.test.lanes).step_by(region.lanes) {
            for (i, (&param, &width)) in region.params.iter().zip(&patch.widths).enumerate() {
                let from = room.area + 64 * (i as i32 + 1) + (first * width) as i32;
                copy(self, from, param, region.lanes * width);
            }
            // The bits of these lanes.
            let rcx = Operand::Register(Register::RCX);
            self.read(Register::RCX, room.bits);
            self.asm.put(Machine::Shr_rm64_imm8, &[rcx, Operand::Immediate8(first as u8)]);
            if region.lanes < 64 {
                let low = Operand::Immediate64(frame::bits_of(region.lanes));
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
            Behind::Call(_) => self.load_from(result, number, Operand::memory(Register::RSP, room.area)),
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
                    let row = by_width(patch.width, Row::MASKED_LOAD);
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
        if patch.test.which == Lanes::First && patch.test.lanes > 1 {
            // The same in all lanes.
            let row = by_width(patch.width, Row::SPREAD);
            let low = Operand::Register(vector(Size::X, number));
            self.asm.put(row.code(encoding, size), &[register, low]);
        }
    }
}
