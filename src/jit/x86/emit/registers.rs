//! Which value is in which machine register.
//!
//! Comes in: a value that an instruction reads or writes. Goes out: its register's number, with the loads and stores that takes. Always
//! holds: a value that finds no register is the one that is read farthest ahead (Belady); it is stored once, and what has a place in
//! memory already is not.

use iced_x86::Register;
use smallvec::SmallVec;

use super::super::asm::Operand;
use super::super::mir::{Arg, Class, Constant, Home, Inst, Reg};
use super::super::rows::{Encoding, Row, Size};
use super::{Emitter, Ends};

/// Mask registers that blocks may use: `k0` cannot be a mask, `k7` says which lanes hold points.
pub const MASKS: u32 = 0b0111_1110;

/// A set of registers of one kind, by number.
pub struct File {
    pub owner: [Option<Reg>; 32],
    /// Those that blocks may use, a bit each.
    pub usable: u32,
}

impl File {
    pub fn new(usable: u32) -> File {
        File { owner: [None; 32], usable }
    }

    /// One that nobody has, none of `not`.
    pub fn free(&self, not: u32) -> Option<u8> {
        let mut rest = self.usable & !not;
        while rest != 0 {
            let at = rest.trailing_zeros();
            if self.owner[at as usize].is_none() {
                return Some(at as u8);
            }
            rest &= rest - 1;
        }
        None
    }
}

/// Never read again in the block.
pub const NEVER: u32 = u32::MAX;

impl Emitter<'_> {
    pub fn class(&self, reg: Reg) -> Class {
        self.code.registers[reg.0 as usize].class
    }

    pub fn home(&self, reg: Reg) -> Home {
        self.code.registers[reg.0 as usize].home
    }

    /// The registers of a kind.
    fn file(&mut self, class: Class) -> &mut File {
        match class {
            Class::Vector(_) => &mut self.vectors,
            Class::Mask => &mut self.masks,
        }
    }

    /// The machine register that a value always has.
    pub fn own(&self, reg: Reg) -> Option<u8> {
        match self.home(reg) {
            Home::Fixed(number) => Some(number),
            _ => self.pinned[reg.0 as usize],
        }
    }

    /// The machine register that a value is in.
    pub fn held(&self, reg: Reg) -> Option<u8> {
        self.own(reg).or(self.place[reg.0 as usize])
    }

    /// A value's whole register.
    pub fn whole(&self, reg: Reg, number: u8) -> Register {
        match self.class(reg) {
            Class::Mask => Register::K0 + u32::from(number),
            Class::Vector(size) => vector(size, number),
        }
    }

    /// Where in memory a value is, besides registers.
    pub fn in_memory(&self, reg: Reg) -> Option<Operand> {
        match self.home(reg) {
            Home::Kept(slot) if self.pinned[reg.0 as usize].is_none() => Some(Operand::memory(Register::RSP, slot)),
            Home::Constant(id) => Some(Operand::Constant(id, 8)),
            _ => self.spilled[reg.0 as usize].map(|slot| Operand::memory(Register::RSP, slot)),
        }
    }

    /// Gives a value this machine register of its own.
    pub fn pin(&mut self, reg: Reg, number: u8) {
        self.pinned[reg.0 as usize] = Some(number);
        let class = self.class(reg);
        self.file(class).usable &= !(1 << number);
    }

    /// Values that have machine registers of their own, with these.
    pub fn pinned_registers(&self) -> impl Iterator<Item = (Reg, u8)> {
        self.pinned.iter().enumerate().filter_map(|(at, number)| Some((Reg(at as u32), (*number)?)))
    }

    /// A free machine register, none of `not`.
    pub fn take(&mut self, class: Class, not: u32) -> u8 {
        if let Some(free) = self.file(class).free(not) {
            return free;
        }
        let file = self.file(class);
        let usable = file.usable & !not;
        let owners: SmallVec<[(u8, Reg); 32]> =
            (0..32u8).filter(|n| usable >> n & 1 == 1).filter_map(|n| Some((n, file.owner[n as usize]?))).collect();
        // Of those that are read equally late, one that needs no store.
        let far = |&(_, reg): &(u8, Reg)| (self.next[reg.0 as usize], self.in_memory(reg).is_some());
        let Some(&(number, reg)) = owners.iter().max_by_key(|owner| far(owner)) else {
            unreachable!("an instruction has fewer arguments than there are registers")
        };
        if self.in_memory(reg).is_none() {
            let slot = self.frame.vector();
            self.store(reg, number, slot);
            self.spilled[reg.0 as usize] = Some(slot);
        }
        self.place[reg.0 as usize] = None;
        self.file(class).owner[number as usize] = None;
        number
    }

    /// A value is in a machine register, none of `not`.
    pub fn ensure(&mut self, reg: Reg, not: u32) -> u8 {
        if let Some(number) = self.held(reg) {
            return number;
        }
        let class = self.class(reg);
        let number = self.take(class, not);
        self.load(reg, number);
        self.file(class).owner[number as usize] = Some(reg);
        self.place[reg.0 as usize] = Some(number);
        number
    }

    /// A value is read next there.
    pub fn read_until(&mut self, reg: Reg, next: u32) {
        self.next[reg.0 as usize] = next;
        if next == NEVER {
            self.release(reg);
        }
    }

    /// What an instruction reads for the last time needs its register no more.
    pub fn release_last(&mut self, inst: &Inst, ends: &Ends) {
        for (arg, &next) in inst.args.iter().zip(&ends.args) {
            if let Arg::Reg(reg) = arg {
                self.read_until(*reg, next);
            }
        }
        if let Some(masked) = inst.masked {
            self.read_until(masked.by, ends.mask);
        }
    }

    /// A value is not read any more.
    fn release(&mut self, reg: Reg) {
        if let Some(number) = self.place[reg.0 as usize].take() {
            let class = self.class(reg);
            self.file(class).owner[number as usize] = None;
        }
        if let Some(slot) = self.spilled[reg.0 as usize].take() {
            self.frame.give_back(slot);
        }
    }

    /// The result is in this register; it goes where it belongs.
    pub fn settle(&mut self, result: Reg, number: u8, to: Option<u8>, next: u32) {
        if let Some(to) = to {
            self.copy(result, to, number);
            return;
        }
        if self.own(result).is_some() {
            return;
        }
        let class = self.class(result);
        self.next[result.0 as usize] = next;
        if let Home::Kept(slot) = self.home(result) {
            self.store(result, number, slot);
            // A copy of before is worth nothing now.
            if let Some(old) = self.place[result.0 as usize].take()
                && old != number
            {
                self.file(class).owner[old as usize] = None;
            }
            if next == NEVER {
                self.file(class).owner[number as usize] = None;
                return;
            }
        }
        self.file(class).owner[number as usize] = Some(result);
        self.place[result.0 as usize] = Some(number);
    }

    /// Stores a value in the frame.
    pub fn store(&mut self, reg: Reg, number: u8, slot: i32) {
        let (row, size) = match self.class(reg) {
            Class::Mask => (Row::KmovStore, Size::X),
            Class::Vector(size) => (Row::MovupsStore, size),
        };
        let code = row.code(self.code.encoding, size);
        let register = Operand::Register(self.whole(reg, number));
        self.asm.put(code, &[Operand::memory(Register::RSP, slot), register]);
    }

    /// Loads a value into its register from where it is in memory.
    pub fn load(&mut self, reg: Reg, number: u8) {
        let Some(from) = self.in_memory(reg) else { unreachable!("a value is read before it is written") };
        self.load_from(reg, number, from);
    }

    /// Loads a value from there into a register.
    pub fn load_from(&mut self, reg: Reg, number: u8, from: Operand) {
        let class = self.class(reg);
        let register = Operand::Register(self.whole(reg, number));
        let encoding = self.code.encoding;
        match (class, from) {
            (Class::Mask, from) => self.asm.put(Row::Kmov.code(encoding, Size::X), &[register, from]),
            (Class::Vector(size), Operand::Constant(id, _)) => match self.code.pool.all[id.0 as usize] {
                Constant::Splat(0) => self.zero(size, number),
                Constant::Splat(u64::MAX) if encoding == Encoding::Vex => {
                    let code = Row::Pcmpeqd.code(encoding, size);
                    self.asm.put(code, &[register, register, register]);
                }
                Constant::Splat(_) => {
                    let code = Row::Pbroadcastq.code(encoding, size);
                    self.asm.put(code, &[register, Operand::Constant(id, 8)]);
                }
                Constant::Bytes(_) => {
                    let code = Row::Movups.code(encoding, size);
                    self.asm.put(code, &[register, Operand::Constant(id, size.bytes())]);
                }
            },
            (Class::Vector(size), from) => self.asm.put(Row::Movups.code(encoding, size), &[register, from]),
        }
    }

    /// A vector of zeros.
    fn zero(&mut self, size: Size, number: u8) {
        let row = if self.code.is_evex() { Row::Pxord } else { Row::Xorps };
        let register = Operand::Register(vector(size, number));
        self.asm.put(row.code(self.code.encoding, size), &[register, register, register]);
    }

    /// Copies a machine register to another, of the kind that the value has.
    pub fn copy(&mut self, reg: Reg, to: u8, from: u8) {
        if to == from {
            return;
        }
        let (row, size) = match self.class(reg) {
            Class::Mask => (Row::Kmov, Size::X),
            // (All of it, for it costs no more.)
            Class::Vector(_) => (Row::Movups, self.code.widest),
        };
        let name = |number: u8| match self.class(reg) {
            Class::Mask => Register::K0 + u32::from(number),
            Class::Vector(_) => vector(size, number),
        };
        let code = row.code(self.code.encoding, size);
        let operands = [Operand::Register(name(to)), Operand::Register(name(from))];
        self.asm.put(code, &operands);
    }
}

/// A vector register by its number.
pub fn vector(size: Size, number: u8) -> Register {
    let first = match size {
        Size::X => Register::XMM0,
        Size::Y => Register::YMM0,
        Size::Z => Register::ZMM0,
    };
    first + u32::from(number)
}
