//! Loops at points: their heads, ends, and the way out.
//!
//! Comes in: the marks that stand around a loop's code in its block. Goes out: labels and jumps. Always holds: at both labels values are
//! in their homes alone.

use iced_x86::{Code as Machine, Register};

use super::super::asm::{Label, Operand};
use super::super::mir::{Arg, Inst, Test};
use super::super::rows::Size;
use super::registers::vector;
use super::{Emitter, Ends};

impl Emitter<'_> {
    /// The labels of a loop's head and of what follows it.
    fn labels(&mut self, of: usize) -> [Label; 2] {
        while self.loop_labels.len() <= of {
            let both = [(); 2].map(|()| self.asm.label());
            self.loop_labels.push(both);
        }
        self.loop_labels[of]
    }

    /// The head: how many steps there are at most goes to the frame.
    pub fn enter(&mut self, of: usize, inst: &Inst, ends: &Ends) {
        let [head, out] = self.labels(of);
        if let Some(counter) = self.code.loops[of] {
            let steps = Operand::Register(Register::RCX);
            match (counter.max, inst.args.first()) {
                (Some(max), _) => self.asm.put(Machine::Mov_r64_imm64, &[steps, Operand::Immediate64(max)]),
                (None, Some(&Arg::Reg(reg))) => {
                    let number = self.ensure(reg, 0);
                    let low = Operand::Register(vector(Size::X, number));
                    let evex = self.code.is_evex();
                    let code = if evex { Machine::EVEX_Vmovq_rm64_xmm } else { Machine::VEX_Vmovq_rm64_xmm };
                    self.asm.put(code, &[steps, low]);
                }
                (None, _) => unreachable!("the greatest number of steps is given"),
            }
            self.write(counter.slot, Register::RCX);
            if counter.max.is_none_or(|max| max <= 0) {
                self.asm.put(Machine::Test_rm64_r64, &[steps, steps]);
                self.asm.jump(Machine::Jle_rel32_64, out);
            }
        }
        self.release_last(inst, ends);
        self.asm.align(32);
        self.asm.bind(head);
    }

    /// The loop ends unless any lane is set.
    pub fn exit(&mut self, of: usize, test: Test, inst: &Inst, ends: &Ends) {
        let Some(&Arg::Reg(mask)) = inst.args.first() else { return };
        let [_, out] = self.labels(of);
        let number = self.ensure(mask, 0);
        self.test(mask, number, test);
        self.release_last(inst, ends);
        self.asm.jump(Machine::Je_rel32_64, out);
    }

    /// Back to the head.
    pub fn repeat(&mut self, of: usize) {
        let [head, out] = self.labels(of);
        match self.code.loops[of] {
            Some(counter) => {
                let left = Operand::memory(Register::RSP, counter.slot);
                self.asm.put(Machine::Sub_rm64_imm32, &[left, Operand::Immediate32(1)]);
                self.asm.jump(Machine::Jne_rel32_64, head);
            }
            None => self.asm.jump(Machine::Jmp_rel32_64, head),
        }
        self.asm.bind(out);
    }
}
