//! From blocks to machine code: registers are allocated and instructions encoded in one pass.
//!
//! Comes in: a block of instructions over virtual registers. Goes out: code at the assembler's end. Always holds: a value that finds no
//! register is the one that is read farthest ahead (Belady); it is stored once, and what has a place in memory already is not; between
//! blocks values are in their homes alone.

use iced_x86::{Code as Machine, Register};
use smallvec::SmallVec;

use super::asm::{Asm, Decoration, Label, Operand};
use super::cold::{Cold, Room};
use super::frame::{self, Frame, machine, short};
use super::mir::{Arg, Base, Class, Constant, ElementStride, Elements, Gpr, Home, Inst, Mem, Reg, Size, What};
use super::rows::{Encoding, Row};
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

    fn free(&self, not: u32) -> Option<u8> {
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

/// Whatever emits code.
pub struct Emitter<'a> {
    pub asm: Asm,
    pub code: &'a Code,
    pub frame: Frame,
    /// The addresses of what is called.
    pub sites: Vec<i64>,
    pub pointers: Vec<Pointer>,
    /// Whether code is that of the innermost loop, where pointers are in registers.
    pub within: bool,
    /// Machine registers of values that have one of their own.
    pub pinned: Vec<Option<u8>>,
    pub place: Vec<Option<u8>>,
    pub spilled: Vec<Option<i32>>,
    pub next: Vec<u32>,
    pub vectors: File,
    pub masks: File,
    /// Where stores of whole vectors are, that can go past the cache.
    pub stores: Vec<std::ops::Range<usize>>,
    /// The frame's slot with a loop's index, for outer loops.
    pub indices: Vec<i32>,
    /// What stands behind all other code.
    pub colds: Vec<Cold>,
    pub region_labels: Vec<Option<Label>>,
    pub rooms: Vec<Room>,
}

/// When the values of an instruction are read next: of its arguments, then of its mask, then of its result.
struct Ends {
    args: SmallVec<[u32; 4]>,
    mask: u32,
    result: u32,
    dead: bool,
}

impl Emitter<'_> {
    /// Code for a block.
    pub fn block(&mut self, insts: &[Inst]) {
        let ends = self.ends(insts);
        for (inst, ends) in insts.iter().zip(&ends).filter(|(_, ends)| !ends.dead) {
            self.inst(inst, ends);
            self.frame.next_instruction();
        }
        self.close(insts);
    }

    /// Looks ahead.
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

    pub fn class(&self, reg: Reg) -> Class {
        self.code.registers[reg.0 as usize].class
    }

    fn home(&self, reg: Reg) -> Home {
        self.code.registers[reg.0 as usize].home
    }

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

    fn zero(&mut self, size: Size, number: u8) {
        let row = if self.code.is_evex() { Row::Pxord } else { Row::Xorps };
        let register = Operand::Register(vector(size, number));
        self.asm.put(row.code(self.code.encoding, size), &[register, register, register]);
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

    /// An address. What is in no register is loaded into one for this access.
    pub fn memory(&mut self, mem: Mem) -> Operand {
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

    /// Loads a number of the frame.
    pub fn read(&mut self, to: Register, slot: i32) {
        self.asm.put(Machine::Mov_r64_rm64, &[Operand::Register(to), Operand::memory(Register::RSP, slot)]);
    }

    /// Stores a number in the frame.
    pub fn write(&mut self, slot: i32, from: Register) {
        self.asm.put(Machine::Mov_rm64_r64, &[Operand::memory(Register::RSP, slot), Operand::Register(from)]);
    }

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
            What::Patch(at) => self.patch(*at, inst, &ends.args, ends.result),
            What::Fault { code, which, width, lanes } => self.fault(*code, *which, inst, &ends.args, *width, *lanes),
        }
    }

    fn index(&mut self, to: Register, of: usize) {
        self.read(to, frame::ORIGIN);
        self.asm.put(Machine::Mov_r64_rm64, &[Operand::Register(to), Operand::memory(to, 8 * of as i32)]);
        let index = match self.indices.get(of) {
            Some(&slot) => Operand::memory(Register::RSP, slot),
            None => Operand::Register(machine(Gpr::Index)),
        };
        self.asm.put(Machine::Add_r64_rm64, &[Operand::Register(to), index]);
    }

    /// Whether a value in memory can be an instruction's last operand, and how: with a broadcast, if it is a constant.
    fn foldable(&self, reg: Reg, broadcasts: usize, size: Size) -> Option<(Operand, bool)> {
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
    fn worth_a_register(&self, reg: Reg, next: u32) -> bool {
        let Class::Vector(_) = self.class(reg) else { return true };
        next != NEVER && self.vectors.free(0).is_some()
    }

    /// An instruction of the machine.
    // Long: its operands in order, then what becomes of registers.
    fn row(&mut self, row: Row, inst: &Inst, ends: &Ends) {
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

    /// A value is read next there.
    pub fn read_until(&mut self, reg: Reg, next: u32) {
        self.next[reg.0 as usize] = next;
        if next == NEVER {
            self.release(reg);
        }
    }

    /// Values that have machine registers of their own, with these.
    pub fn pinned_registers(&self) -> impl Iterator<Item = (Reg, u8)> {
        self.pinned.iter().enumerate().filter_map(|(at, number)| Some((Reg(at as u32), (*number)?)))
    }

    /// What an instruction reads for the last time needs its register no more.
    fn release_last(&mut self, inst: &Inst, ends: &Ends) {
        for (arg, &next) in inst.args.iter().zip(&ends.args) {
            if let Arg::Reg(reg) = arg {
                self.read_until(*reg, next);
            }
        }
        if let Some(masked) = inst.masked {
            self.read_until(masked.by, ends.mask);
        }
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

    fn move_to(&mut self, inst: &Inst, ends: &Ends) {
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

    /// `x*y + z`: one of them is overwritten, one may be in memory.
    // Long: the forms of the instruction, and who may be what.
    fn fma(&mut self, [product, addend]: [bool; 2], width: usize, inst: &Inst, ends: &Ends) {
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

    /// Elements one by one: so many in a row, or in a loop.
    fn elements(&mut self, e: &Elements) {
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

/// A vector register by its number.
pub fn vector(size: Size, number: u8) -> Register {
    let first = match size {
        Size::X => Register::XMM0,
        Size::Y => Register::YMM0,
        Size::Z => Register::ZMM0,
    };
    first + u32::from(number)
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
