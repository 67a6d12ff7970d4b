//! Elements moved one by one, between memory and the frame.
//!
//! Comes in: where they are, and how many. Goes out: a move for each, or, where fewer points may be left than a step has, a loop. Always
//! holds: no element is touched beyond the points that are left.

use iced_x86::{Code as Machine, Register};

use super::super::asm::{Asm, Operand};
use super::super::frame::{self, machine, short};
use super::super::mir::{ElementStride, Elements, Gpr};
use super::Emitter;

impl Emitter<'_> {
    /// Elements one by one: so many in a row, or in a loop.
    // Long: where the first one is, how to go on, and the two ways to move them.
    pub fn elements(&mut self, e: &Elements) {
        let [stride, at, element] = [Gpr::Scratch(0), Gpr::Scratch(1), Gpr::Scratch(2)].map(machine);
        let pointer = self.pointer(e.base);
        // Where the first one is.
        let (first, step) = match e.stride {
            ElementStride::Bytes(bytes) => {
                let displacement = e.displacement + e.first * bytes;
                let index = match bytes / e.size as i32 {
                    0 => (Register::None, 1),
                    1 => (machine(Gpr::Index), e.size as u8),
                    _ if e.size == 8 => (machine(Gpr::PairIndex), 8),
                    _ => (machine(Gpr::Index), 2 * e.size as u8),
                };
                (
                    Operand::Memory { base: pointer, index: index.0, scale: index.1, displacement },
                    Operand::Immediate32(bytes),
                )
            }
            ElementStride::Inner => {
                let from = Operand::memory(Register::RSP, self.pointers[e.base].stride);
                let times = Operand::Immediate32(e.first);
                self.asm.put(Machine::Imul_r64_rm64_imm32, &[Operand::Register(stride), from, times]);
                let first = Operand::Memory { base: pointer, index: stride, scale: 1, displacement: e.displacement };
                (first, Operand::Register(stride))
            }
        };
        self.asm.put(Machine::Lea_r64_m, &[Operand::Register(frame::POINTER), first]);
        if let ElementStride::Inner = e.stride {
            self.read(stride, self.pointers[e.base].stride);
        }
        let advance = |asm: &mut Asm| match step {
            Operand::Immediate32(0) => {}
            Operand::Immediate32(bytes) => {
                let operands = [Operand::Register(frame::POINTER), Operand::Immediate32(bytes)];
                asm.put(Machine::Add_rm64_imm32, &operands);
            }
            register => asm.put(Machine::Add_r64_rm64, &[Operand::Register(frame::POINTER), register]),
        };
        let outside = Operand::memory(frame::POINTER, 0);
        if !e.perhaps_fewer {
            for k in 0..e.count {
                let inside = Operand::memory(Register::RSP, e.frame + (k * e.size) as i32);
                self.element(e, element, outside, inside);
                if k + 1 < e.count {
                    advance(&mut self.asm);
                }
            }
            return;
        }
        // In a loop: `at` counts points, up to those that are left, of which a step has so many.
        let again = self.asm.label();
        let limit = self.frame.word();
        self.read(at, frame::POINTS);
        self.asm.put(Machine::Sub_r64_rm64, &[Operand::Register(at), Operand::Register(machine(Gpr::Index))]);
        self.asm
            .put(Machine::Mov_r32_imm32, &[Operand::Register(short(element)), Operand::Immediate32(e.count as i32)]);
        self.asm.put(Machine::Cmp_r64_rm64, &[Operand::Register(at), Operand::Register(element)]);
        self.asm.put(Machine::Cmova_r64_rm64, &[Operand::Register(at), Operand::Register(element)]);
        self.write(limit, at);
        self.asm.put(Machine::Xor_r32_rm32, &[Operand::Register(short(at)); 2]);
        self.asm.bind(again);
        let inside = Operand::Memory { base: Register::RSP, index: at, scale: e.size as u8, displacement: e.frame };
        self.element(e, element, outside, inside);
        advance(&mut self.asm);
        self.asm.put(Machine::Add_rm64_imm32, &[Operand::Register(at), Operand::Immediate32(1)]);
        self.asm.put(Machine::Cmp_r64_rm64, &[Operand::Register(at), Operand::memory(Register::RSP, limit)]);
        self.asm.jump(Machine::Jb_rel32_64, again);
    }

    /// One element from memory to the frame, or back.
    fn element(&mut self, e: &Elements, through: Register, outside: Operand, inside: Operand) {
        let (from, to) = if e.store { (inside, outside) } else { (outside, inside) };
        let wide = Operand::Register(through);
        let low = Operand::Register(short(through));
        let (load, store, loaded, stored) = match e.size {
            1 => (Machine::Movzx_r32_rm8, Machine::Mov_rm8_r8, low, Operand::Register(Register::R11L)),
            2 => (Machine::Movzx_r32_rm16, Machine::Mov_rm16_r16, low, Operand::Register(Register::R11W)),
            4 => (Machine::Mov_r32_rm32, Machine::Mov_rm32_r32, low, low),
            _ => (Machine::Mov_r64_rm64, Machine::Mov_rm64_r64, wide, wide),
        };
        self.asm.put(load, &[loaded, from]);
        self.asm.put(store, &[to, stored]);
    }
}
