//! `x*y + z` with one rounding.
//!
//! The machine has three forms, which differ in what is overwritten and what may be in memory. Comes in: the instruction, and when its
//! values are read next. Goes out: the form that needs no copy, where there is one. Always holds: one argument at most is in memory.

use super::super::asm::{Decoration, Operand};
use super::super::mir::{Arg, Class, Inst};
use super::super::rows::Row;
use super::registers::{NEVER, vector};
use super::{Emitter, Ends};

impl Emitter<'_> {
    /// `x*y + z`: one of them is overwritten, one may be in memory.
    // Long: the forms of the instruction, and who may be what.
    pub fn fma(&mut self, [product, addend]: [bool; 2], width: usize, inst: &Inst, ends: &Ends) {
        let size = inst.size;
        let rows = fma_rows(product, addend, width);
        let broadcasts = rows[0].broadcasts();
        let Some(result) = inst.result else { return };
        // Which is in memory: one that is there already, the first factor last.
        let mut in_memory: Option<(usize, Operand, bool)> = None;
        for at in [1, 2, 0] {
            let found = match inst.args[at] {
                Arg::Mem(mem) if in_memory.is_none() => Some((at, self.memory(mem), false)),
                Arg::Reg(reg)
                    if in_memory.is_none()
                        && self.held(reg).is_none()
                        && !self.worth_a_register(reg, ends.args[at])
                        && (0..3).all(|other| other == at || inst.args[other] != Arg::Reg(reg)) =>
                {
                    self.foldable(reg, broadcasts, size).map(|(operand, broadcast)| (at, operand, broadcast))
                }
                _ => None,
            };
            in_memory = in_memory.or(found);
        }
        let mut numbers = [0u8; 3];
        let mut not = 0u32;
        for (at, number) in numbers.iter_mut().enumerate() {
            if in_memory.is_some_and(|(m, ..)| m == at) {
                continue;
            }
            *number = match inst.args[at] {
                Arg::Reg(reg) => self.ensure(reg, not),
                Arg::Mem(mem) => {
                    let number = self.take(Class::Vector(size), not);
                    let from = self.memory(mem);
                    let to = Operand::Register(vector(size, number));
                    self.asm.put(Row::Movups.code(self.code.encoding, size), &[to, from]);
                    number
                }
                Arg::Gpr(_) => return,
            };
            not |= 1 << *number;
        }
        let own = self.own(result);
        let is = |at: usize| in_memory.is_none_or(|(m, ..)| m != at);
        // A register that is overwritten: the result's own, or one that is read no more, or a copy of the addend or the first factor.
        let alone = |at: usize| (0..3).all(|other| other == at || !is(other) || numbers[other] != numbers[at]);
        let dies = |e: &Self, at: usize| match inst.args[at] {
            Arg::Reg(reg) => ends.args[at] == NEVER && e.own(reg).is_none(),
            _ => true,
        };
        let order = [2, 0, 1];
        let chosen = order.into_iter().find(|&at| is(at) && alone(at) && own == Some(numbers[at]));
        let chosen =
            chosen.or_else(|| order.into_iter().find(|&at| own.is_none() && is(at) && alone(at) && dies(self, at)));
        let (over, number, to) = match chosen {
            Some(at) => (at, numbers[at], None),
            None => {
                let at = if is(2) { 2 } else { 0 };
                let free = own.filter(|own| not >> own & 1 == 0);
                let number = free.unwrap_or_else(|| self.take(Class::Vector(size), not));
                self.copy(result, number, numbers[at]);
                (at, number, own.filter(|own| *own != number))
            }
        };
        let register = |number: u8| Operand::Register(vector(size, number));
        let operand = |at: usize| match in_memory {
            Some((m, operand, _)) if m == at => operand,
            _ => register(numbers[at]),
        };
        let memory_at = in_memory.map(|(at, ..)| at);
        // Forms: 132: d*m + r, 213: r*d + m, 231: r*m + d.
        let (form, second, third) = match (over, memory_at) {
            (2, Some(0)) => (2, 1, 0),
            (2, _) => (2, 0, 1),
            (over, Some(2) | None) => (1, 1 - over, 2),
            (over, Some(_)) => (0, 2, 1 - over),
        };
        let with =
            Decoration { broadcast: in_memory.is_some_and(|(.., broadcast)| broadcast), ..Decoration::default() };
        let code = rows[form].code(self.code.encoding, size);
        self.asm.put_with(code, &[register(number), operand(second), operand(third)], with);
        // (`take` knew the overwritten one as its own until here.)
        self.release_last(inst, ends);
        self.settle(result, number, to, ends.result);
    }
}

/// The rows of a multiplication with an addition, in the order 132, 213, 231.
fn fma_rows(product: bool, addend: bool, width: usize) -> [Row; 3] {
    match (product, addend, width) {
        (false, false, 8) => [Row::Fmadd132pd, Row::Fmadd213pd, Row::Fmadd231pd],
        (false, true, 8) => [Row::Fmsub132pd, Row::Fmsub213pd, Row::Fmsub231pd],
        (true, false, 8) => [Row::Fnmadd132pd, Row::Fnmadd213pd, Row::Fnmadd231pd],
        (true, true, 8) => [Row::Fnmsub132pd, Row::Fnmsub213pd, Row::Fnmsub231pd],
        (false, false, _) => [Row::Fmadd132ps, Row::Fmadd213ps, Row::Fmadd231ps],
        (false, true, _) => [Row::Fmsub132ps, Row::Fmsub213ps, Row::Fmsub231ps],
        (true, false, _) => [Row::Fnmadd132ps, Row::Fnmadd213ps, Row::Fnmadd231ps],
        (true, true, _) => [Row::Fnmsub132ps, Row::Fnmsub213ps, Row::Fnmsub231ps],
    }
}
