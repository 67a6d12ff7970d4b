//! Loops at points: their heads, ends, and the way out.
//!
//! Comes in: the marks that stand around a loop's code in its block. Goes out: labels and jumps. Always holds: at both labels values are
//! in their homes alone.

use iced_x86::{Code as Machine, Register};

use super::super::asm::{Label, Operand};
use super::super::mir::{Arg, Counter, Inst, Test};
use super::super::rows::Size;
use super::patch::Cold;
use super::registers::vector;
use super::{Emitter, Ends};
use crate::jit::signals::STEPS;

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
        let counter = self.code.loops[of];
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
        self.take_steps(counter);
        if counter.max.is_none_or(|max| max <= 0) {
            self.asm.put(Machine::Test_rm64_r64, &[steps, steps]);
            self.asm.jump(Machine::Jle_rel32_64, out);
        }
        self.release_last(inst, ends);
        self.asm.align(32);
        self.asm.bind(head);
    }

    /// Of the steps in `rcx` those that are done without asking go to their place in the frame, the others to theirs.
    pub fn take_steps(&mut self, counter: Counter) {
        let Some(rest) = counter.rest else { return self.write(counter.slot, Register::RCX) };
        let [steps, most, others] = [Register::RCX, Register::RDX, Register::R11].map(Operand::Register);
        self.asm.put(Machine::Mov_r64_rm64, &[others, steps]);
        self.asm.put(Machine::Mov_r64_imm64, &[most, Operand::Immediate64(STEPS)]);
        self.asm.put(Machine::Cmp_r64_rm64, &[steps, most]);
        self.asm.put(Machine::Cmovg_r64_rm64, &[steps, most]);
        self.asm.put(Machine::Sub_r64_rm64, &[others, steps]);
        self.write(counter.slot, Register::RCX);
        self.write(rest, Register::R11);
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
        let counter = self.code.loops[of];
        let left = Operand::memory(Register::RSP, counter.slot);
        self.asm.put(Machine::Sub_rm64_imm32, &[left, Operand::Immediate32(1)]);
        self.asm.jump(Machine::Jne_rel32_64, head);
        if let Some(rest) = counter.rest {
            let begin = self.asm.label();
            let others = Operand::memory(Register::RSP, rest);
            self.asm.put(Machine::Cmp_rm64_imm32, &[others, Operand::Immediate32(0)]);
            self.asm.jump(Machine::Jne_rel32_64, begin);
            self.colds.push(Cold::Look { begin, head, out, counter });
        }
        self.asm.bind(out);
    }
}
