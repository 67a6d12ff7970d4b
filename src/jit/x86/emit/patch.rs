//! What happens for some lanes alone, `patch` and `fault`: the test on the common path.
//!
//! Comes in: the instruction. Goes out: a test and a jump that is not taken; what stands behind the jump is kept for later
//! (see `cold`). Always holds: from the jump's return on every value is where the common path has it.

use iced_x86::{Code as Machine, Register};
use smallvec::SmallVec;

use super::super::asm::{Label, Operand};
use super::super::mir::{Arg, Class, Counter, Inst, Lanes, Reg, Test};
use super::super::rows::{Row, Size};
use super::registers::vector;
use super::{Emitter, Ends};
use crate::ir::FaultCode;

/// Cold code that is still to be emitted.
pub enum Cold {
    Patch(Box<ColdPatch>),
    /// Reports an error.
    Fault {
        begin: Label,
        resume: Label,
        code: FaultCode,
    },
    /// At the end of a loop's step: asks whether the call is over, and goes on to the head if not.
    Look {
        begin: Label,
        head: Label,
        out: Label,
        counter: Counter,
    },
}

/// A patch's cold code: where it is, and in which registers values are when it begins.
pub struct ColdPatch {
    pub begin: Label,
    pub resume: Label,
    /// The patch, by its number.
    pub patch: usize,
    pub mask: Option<(Reg, u8)>,
    /// The value elsewhere.
    pub fast: Option<(Reg, u8)>,
    pub args: SmallVec<[Source; 3]>,
    pub result: (Reg, u8),
    /// What is read later, beside the result.
    pub live: SmallVec<[(Reg, u8); 16]>,
}

/// Where an argument is when the cold code begins.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    Register(Reg, u8),
    /// Not in a register: where it is spilled, or a constant.
    Memory(Reg, Operand),
}

impl Emitter<'_> {
    /// A patch: the test, and what its cold code will need.
    // Long: what is read, what is live, and the two ways on.
    pub fn patch(&mut self, at: usize, inst: &Inst, ends: &Ends) {
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
        self.release_last(inst, ends);
        let live = self.live(number);
        let [begin, resume] = [(); 2].map(|()| self.asm.label());
        let cold = ColdPatch { begin, resume, patch: at, mask, fast, args, result: (result, number), live };
        match mask {
            Some((reg, mask)) => {
                self.test(reg, mask, patch.test);
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
        self.settle(result, number, None, ends.result);
    }

    /// All that is in registers and is read later, but for what is in this one.
    fn live(&self, not: u8) -> SmallVec<[(Reg, u8); 16]> {
        let vectors = self.vectors.owner.iter().enumerate().filter(|(n, _)| *n != usize::from(not));
        let owners = vectors.chain(self.masks.owner.iter().enumerate());
        owners.filter_map(|(n, owner)| Some(((*owner)?, n as u8))).collect()
    }

    /// A fault: the test.
    pub fn fault(&mut self, code: FaultCode, test: Test, inst: &Inst, ends: &Ends) {
        let Some(&Arg::Reg(mask)) = inst.args.first() else { return };
        let number = self.ensure(mask, 0);
        self.test(mask, number, test);
        self.release_last(inst, ends);
        let [begin, resume] = [(); 2].map(|()| self.asm.label());
        self.asm.jump(Machine::Jne_rel32_64, begin);
        self.asm.bind(resume);
        self.colds.push(Cold::Fault { begin, resume, code });
    }

    /// The flag of zero is clear if any lane is set.
    pub fn test(&mut self, mask: Reg, number: u8, test: Test) {
        let ecx = Register::ECX;
        if let Class::Mask = self.class(mask) {
            let mask = Register::K0 + u32::from(number);
            if test.which == Lanes::Step {
                self.asm.put(Machine::VEX_Ktestq_kr_kr, &[Operand::Register(mask), Operand::Register(Register::K7)]);
                return;
            }
            self.asm.put(Machine::VEX_Kmovd_r32_kr, &[Operand::Register(ecx), Operand::Register(mask)]);
            self.asm.put(Machine::Test_rm32_imm32, &[Operand::Register(ecx), Operand::Immediate32(1)]);
            return;
        }
        let bits = self.bits_of_lanes(number, test);
        let some = if test.which == Lanes::First { 1 } else { bits };
        self.asm.put(Machine::Test_rm32_imm32, &[Operand::Register(ecx), Operand::Immediate32(some as i32)]);
    }

    /// The top bits of lanes go to `ecx`; gives the bits that are those of lanes.
    pub fn bits_of_lanes(&mut self, number: u8, test: Test) -> u32 {
        let Test { width, lanes, .. } = test;
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
}
