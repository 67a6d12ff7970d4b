//! An instruction of the machine, and a copy between registers.
//!
//! Comes in: the instruction, and when its values are read next. Goes out: its code, its result settled. Always holds: an argument that
//! is in memory is read there if the instruction can, unless it is read again and a register is free.

use iced_x86::Register;
use smallvec::SmallVec;

use super::super::asm::{Decoration, Operand};
use super::super::frame::{machine, short};
use super::super::mir::{Arg, Base, Class, Constant, Home, Inst, Mem, Reg};
use super::super::rows::{Row, Size};
use super::registers::NEVER;
use super::{Emitter, Ends};

impl Emitter<'_> {
    /// An instruction of the machine.
    // Long: its operands in order, then what becomes of registers.
    pub fn row(&mut self, row: Row, inst: &Inst, ends: &Ends) {
        let size = inst.size;
        let last = inst.args.len().wrapping_sub(1);
        let mut not = [0u32; 2];
        let mut numbers: SmallVec<[Option<u8>; 4]> = SmallVec::from_elem(None, inst.args.len());
        let mut operands: SmallVec<[Operand; 5]> = SmallVec::new();
        let mut with = Decoration::default();
        let mut folded: Option<Operand> = None;
        // The registers of the result and of what is tied to it are the row's first operand.
        let at_of = |i: usize| if inst.tied || inst.result.is_none() { i } else { i + 1 };
        let may_fold = row.reads_memory() && !(inst.tied && last == 0) && inst.masked.is_none_or(|m| !m.zero);
        if let (true, Some(&Arg::Reg(reg))) = (may_fold, inst.args.get(last))
            && self.held(reg).is_none()
            && !self.worth_a_register(reg, ends.args[last])
            && !inst.args[..last].contains(&Arg::Reg(reg))
            && let Some((operand, broadcast)) = self.foldable(reg, row.broadcasts(), row.size_of(size, at_of(last)))
        {
            folded = Some(operand);
            with.broadcast = broadcast;
        }
        for (i, &arg) in inst.args.iter().enumerate() {
            if let Arg::Reg(reg) = arg
                && !(i == last && folded.is_some())
            {
                let kind = usize::from(self.class(reg) == Class::Mask);
                let number = self.ensure(reg, not[kind]);
                not[kind] |= 1 << number;
                numbers[i] = Some(number);
            }
        }
        if let Some(masked) = inst.masked {
            let number = self.ensure(masked.by, not[1]);
            not[1] |= 1 << number;
            with.mask = Register::K0 + u32::from(number);
            with.zero = masked.zero;
        }
        let tied = if inst.tied { numbers[0] } else { None };
        let result = inst.result.map(|result| self.result_register(result, inst, ends, tied, not));
        if let (Some(result), Some((number, _))) = (inst.result, result) {
            operands.push(Operand::Register(self.named(row, size, 0, result, number)));
        }
        for (i, &arg) in inst.args.iter().enumerate().skip(usize::from(inst.tied)) {
            operands.push(match (arg, numbers[i]) {
                (Arg::Reg(reg), Some(number)) => Operand::Register(self.named(row, size, at_of(i), reg, number)),
                (Arg::Reg(_), None) => folded.unwrap_or(Operand::Immediate8(0)),
                (Arg::Mem(mem), _) => self.memory(mem),
                (Arg::Gpr(gpr), _) if row.takes_short(at_of(i)) => Operand::Register(short(machine(gpr))),
                (Arg::Gpr(gpr), _) => Operand::Register(machine(gpr)),
            });
        }
        operands.extend(inst.immediate.map(Operand::Immediate8));
        let before = self.asm.position();
        self.asm.put_with(row.code(self.code.encoding, size), &operands, with);
        let to_array = matches!(inst.args.first(), Some(Arg::Mem(Mem { base: Base::Pointer(_), .. })));
        if row == Row::MovupsStore && to_array && self.within {
            self.stores.push(before..self.asm.position());
        }
        match (inst.result, result) {
            (Some(result), Some((number, to))) => self.settle(result, number, to, ends.result),
            _ => self.release_last(inst, ends),
        }
    }

    /// A register as the row's operand.
    fn named(&self, row: Row, size: Size, at: usize, reg: Reg, number: u8) -> Register {
        match self.class(reg) {
            Class::Mask => Register::K0 + u32::from(number),
            Class::Vector(_) => row.vector(size, at, number),
        }
    }

    /// Releases what is read for the last time, and finds a register for the result: that in which it is computed, and that in which
    /// it is to be, if that is another.
    fn result_register(
        &mut self,
        result: Reg,
        inst: &Inst,
        ends: &Ends,
        tied: Option<u8>,
        not: [u32; 2],
    ) -> (u8, Option<u8>) {
        let class = self.class(result);
        let kind = usize::from(class == Class::Mask);
        let own = self.own(result);
        let first = match inst.args.first() {
            Some(&Arg::Reg(reg)) => Some(reg),
            _ => None,
        };
        // Registers of arguments beside the one that is overwritten.
        let mut others = 0u32;
        for arg in inst.args.iter().skip(1) {
            if let Arg::Reg(reg) = arg
                && (self.class(*reg) == Class::Mask) == (kind == 1)
                && let Some(number) = self.held(*reg)
            {
                others |= 1 << number;
            }
        }
        if let (Some(tied), Some(first)) = (tied, first) {
            let dies = ends.args[0] == NEVER && self.own(first).is_none();
            if own == Some(tied) {
                self.release_last(inst, ends);
                return (tied, None);
            }
            let others_read = others >> tied & 1 == 1;
            if own.is_none() && dies && !others_read {
                self.release_last(inst, ends);
                return (tied, None);
            }
            let number = match own.filter(|own| others >> own & 1 == 0) {
                Some(own) => own,
                None => self.take(class, not[kind]),
            };
            self.copy(result, number, tied);
            self.release_last(inst, ends);
            return (number, own.filter(|own| *own != number));
        }
        self.release_last(inst, ends);
        match own {
            Some(own) => (own, None),
            None => (self.take(class, 0), None),
        }
    }

    /// Whether a value in memory can be an instruction's last operand, and how: with a broadcast, if it is a constant.
    pub fn foldable(&self, reg: Reg, broadcasts: usize, size: Size) -> Option<(Operand, bool)> {
        match self.in_memory(reg)? {
            Operand::Constant(id, _) => {
                let repeats = |bytes| match self.code.pool.all[id.0 as usize] {
                    Constant::Splat(bits) => bytes == 8 || bits >> 32 == bits & 0xffff_ffff,
                    Constant::Bytes(_) => false,
                };
                if self.code.is_evex() && broadcasts > 0 && repeats(broadcasts) {
                    return Some((Operand::Constant(id, broadcasts), true));
                }
                Some((Operand::Constant(id, size.bytes()), false))
            }
            slot => Some((slot, false)),
        }
    }

    /// Whether to take a value from memory into a register, for it is read again, and there is room.
    pub fn worth_a_register(&self, reg: Reg, next: u32) -> bool {
        let Class::Vector(_) = self.class(reg) else { return true };
        next != NEVER && self.vectors.free(0).is_some()
    }

    /// A copy of a register.
    pub fn move_to(&mut self, inst: &Inst, ends: &Ends) {
        let (Some(result), Some(&Arg::Reg(from))) = (inst.result, inst.args.first()) else { return };
        if let (Some(own), None) = (self.own(result), self.held(from))
            && matches!(self.home(from), Home::Constant(_))
        {
            // Straight into its place: loaded as if it were the constant's.
            self.place[from.0 as usize] = None;
            self.load(from, own);
            return;
        }
        let number = self.ensure(from, 0);
        let class = self.class(result);
        let to = match self.own(result) {
            Some(own) => own,
            None => self.take(class, 1 << number),
        };
        self.copy(result, to, number);
        self.release_last(inst, ends);
        self.settle(result, to, None, ends.result);
    }
}
