//! A block under construction: instructions added one by one, registers, constants.
//!
//! Comes in: instructions of the machine with their arguments. Goes out: a block over virtual registers. Always holds: a register of a
//! block's own is written once; a constant stands once in the pool.

use foldhash::HashMap;
use smallvec::SmallVec;

use super::super::frame::Frame;
use super::super::mir::{
    Arg, Base, Class, ConstId, Constant, Counter, Described, Home, Inst, Masked, Mem, Patch, Pool, Reg, Region, What,
};
use super::super::rows::{Encoding, Row, Size};
use super::super::site::{Callee, Site};
use super::Held;

/// A block under construction, and the registers of a kernel.
pub struct Code {
    pub encoding: Encoding,
    /// Points of a step: lanes of each value.
    pub lanes: usize,
    /// The size of the machine's vectors; constants have it.
    pub widest: Size,
    pub block: Vec<Inst>,
    pub registers: Vec<Described>,
    pub pool: Pool,
    pub frame: Frame,
    /// What is done for some lanes alone.
    pub patches: Vec<Patch>,
    pub sites: Vec<Site>,
    pub regions: Vec<Region>,
    /// Loops at points: how they count their steps, if each lane does not by itself.
    pub loops: Vec<Counter>,
    /// The frame's words with the bits of lanes that hold points, and with all bits.
    pub valid: i32,
    pub all_valid: i32,
    /// (AVX-512.) The register with these lanes, once asked for.
    valid_register: Option<Reg>,
    /// How many regions the block stands in.
    pub depth: usize,
    /// Constants by their bits; and those that are no bits again and again.
    splats: HashMap<u64, Reg>,
    tables: Vec<(ConstId, Reg)>,
    /// What a float is the negative of: `fma` negates its arguments itself. (Within a block.)
    pub negated: HashMap<Reg, Reg>,
}

impl Code {
    /// No block yet, for vectors of this size.
    pub fn new(encoding: Encoding, widest: Size) -> Code {
        let mut frame = Frame::new();
        let (valid, all_valid) = (frame.word(), frame.word());
        Code {
            frame,
            patches: Vec::new(),
            sites: Vec::new(),
            regions: Vec::new(),
            loops: Vec::new(),
            valid,
            all_valid,
            valid_register: None,
            depth: 0,
            encoding,
            lanes: 1,
            widest,
            block: Vec::with_capacity(64),
            registers: Vec::with_capacity(256),
            pool: Pool::default(),
            splats: HashMap::default(),
            tables: Vec::new(),
            negated: HashMap::default(),
        }
    }

    /// Whether there are mask registers.
    pub fn is_evex(&self) -> bool {
        self.encoding == Encoding::Evex
    }

    /// The size of a value whose lanes have so many bytes.
    pub fn size(&self, width: usize) -> Size {
        Size::of(self.lanes * width)
    }

    /// A new register.
    pub fn register(&mut self, class: Class, home: Home) -> Reg {
        self.registers.push(Described { class, home });
        Reg(self.registers.len() as u32 - 1)
    }

    /// A constant in a register.
    pub fn constant(&mut self, constant: Constant) -> Reg {
        let known = match constant {
            Constant::Splat(bits) => self.splats.get(&bits).copied(),
            Constant::Bytes(_) => {
                self.tables.iter().copied().find(|&(id, _)| self.pool.all[id.0 as usize] == constant).map(|t| t.1)
            }
        };
        if let Some(known) = known {
            return known;
        }
        let id = self.pool.add(constant);
        let reg = self.register(Class::Vector(self.widest), Home::Constant(id));
        match constant {
            Constant::Splat(bits) => drop(self.splats.insert(bits, reg)),
            Constant::Bytes(_) => self.tables.push((id, reg)),
        }
        reg
    }

    /// Every lane of this width these bits.
    pub fn splat(&mut self, bits: u64, width: usize) -> Reg {
        self.constant(Constant::lanes(bits, width))
    }

    /// What has been selected since the last block was taken.
    pub fn take_block(&mut self) -> Vec<Inst> {
        self.negated.clear();
        let block = std::mem::take(&mut self.block);
        self.keep_across(&block);
        block
    }

    /// What one piece of a block writes and another reads has a place in the frame.
    fn keep_across(&mut self, block: &[Inst]) {
        if !block.iter().any(|inst| inst.what.parts()) {
            return;
        }
        let mut written: HashMap<Reg, usize> = HashMap::default();
        let mut piece = 0;
        for inst in block {
            let args = inst.args.iter().filter_map(|arg| if let Arg::Reg(reg) = arg { Some(*reg) } else { None });
            for reg in args.chain(inst.masked.map(|masked| masked.by)) {
                let described = self.registers[reg.0 as usize];
                if described.home == Home::Block && written.get(&reg) != Some(&piece) {
                    self.registers[reg.0 as usize].home = Home::Kept(self.frame.room(64, 64));
                }
            }
            written.extend(inst.result.map(|reg| (reg, piece)));
            piece += usize::from(inst.what.parts());
        }
    }

    /// Adds an instruction.
    pub fn push(&mut self, inst: Inst) {
        self.block.push(inst);
    }

    /// An instruction with a vector as its result; `size` is that of the row, which the result has but for conversions.
    pub fn emit(&mut self, row: Row, size: Size, args: &[Arg]) -> Reg {
        self.emit_with(row, size, args, None, None)
    }

    /// The same with an immediate.
    pub fn emit_i(&mut self, row: Row, size: Size, args: &[Arg], immediate: u8) -> Reg {
        self.emit_with(row, size, args, Some(immediate), None)
    }

    /// The same, perhaps with an immediate and a mask. With a mask that merges, the first argument is what other lanes keep.
    pub fn emit_with(
        &mut self,
        row: Row,
        size: Size,
        args: &[Arg],
        immediate: Option<u8>,
        masked: Option<Masked>,
    ) -> Reg {
        let result = self.register(Class::Vector(row.size_of(size, 0)), Home::Block);
        let tied = masked.is_some_and(|m| !m.zero);
        self.push(Inst { tied, masked, immediate, ..Inst::new(What::Row(row), size, Some(result), args) });
        result
    }

    /// States that the result of the instruction just added has another size than its row.
    pub fn sized(&mut self, result: Reg, size: Size) -> Reg {
        self.registers[result.0 as usize].class = Class::Vector(size);
        result
    }

    /// An instruction whose mask clears the other lanes.
    pub fn emit_zeroed(&mut self, row: Row, size: Size, args: &[Arg], by: Reg) -> Reg {
        self.emit_with(row, size, args, None, Some(Masked { by, zero: true }))
    }

    /// An instruction of whose result other lanes are those of `old`.
    pub fn emit_merged(&mut self, row: Row, size: Size, [old, x, y]: [Arg; 3], by: Reg) -> Reg {
        self.emit_with(row, size, &[old, x, y], None, Some(Masked { by, zero: false }))
    }

    /// An instruction that overwrites its first argument (`vpternlog`, `vpermt2`).
    pub fn emit_tied(&mut self, row: Row, size: Size, args: &[Arg], immediate: Option<u8>) -> Reg {
        let result = self.emit_with(row, size, args, immediate, None);
        if let Some(last) = self.block.last_mut() {
            last.tied = true;
        }
        result
    }

    /// An instruction with a mask register as its result. A mask on it clears other lanes.
    pub fn emit_mask(&mut self, row: Row, size: Size, args: &[Arg], immediate: Option<u8>, within: Option<Reg>) -> Reg {
        let result = self.register(Class::Mask, Home::Block);
        // (A mask as a result has no form that merges.)
        let masked = within.map(|by| Masked { by, zero: false });
        self.push(Inst { masked, immediate, ..Inst::new(What::Row(row), size, Some(result), args) });
        result
    }

    /// `x*y + z`, with the product or `z` negated.
    pub fn fma(&mut self, width: usize, args: [Arg; 3], product: bool, addend: bool) -> Reg {
        let size = self.size(width);
        let result = self.register(Class::Vector(size), Home::Block);
        self.push(Inst::new(What::Fma { product, addend, width }, size, Some(result), &args));
        result
    }

    /// A number in a register.
    pub fn reg(&mut self, x: &Held) -> Reg {
        match *x {
            Held::Vector(reg) => reg,
            Held::Constant(c) => self.constant(Constant::scalar(c)),
            Held::Memory(mem, width) => {
                let size = self.size(width);
                self.load(mem, size)
            }
            Held::Mask(_) | Held::Lanes(..) => unreachable!("a bool is no number"),
        }
    }

    /// A number as an instruction's last operand: in memory, if it is there.
    pub fn arg(&mut self, x: &Held) -> Arg {
        match *x {
            // What is less than a register would be read with what lies behind it.
            Held::Memory(mem, width) if self.lanes * width == self.size(width).bytes() => Arg::Mem(mem),
            _ => Arg::Reg(self.reg(x)),
        }
    }

    /// The same in a register, if it was in memory: for what is read more than once.
    pub fn loaded(&mut self, x: &Held) -> Held {
        match x {
            Held::Memory(..) => Held::Vector(self.reg(x)),
            _ => *x,
        }
    }

    /// A first operand, in a register, and a last one.
    pub fn operands(&mut self, args: &[Held]) -> [Arg; 2] {
        [Arg::Reg(self.reg(&args[0])), self.arg(&args[1])]
    }

    /// Lanes from memory, exactly as many as a step has.
    fn load(&mut self, mem: Mem, size: Size) -> Reg {
        self.emit(Row::Movups, size, &[Arg::Mem(mem)])
    }

    /// An instruction that stores.
    pub fn store(&mut self, row: Row, size: Size, args: &[Arg]) {
        self.push(Inst::new(What::Row(row), size, None, args));
    }

    /// Stores a register in the frame.
    pub fn store_in_frame(&mut self, reg: Reg, size: Size, slot: i32) {
        let mem = Mem { base: Base::Frame, index: None, displacement: slot };
        self.store(Row::MovupsStore, size, &[Arg::Mem(mem), reg.into()]);
    }

    /// A register gets what another holds.
    pub fn copy_to(&mut self, to: Reg, from: Reg) {
        self.push(Inst::new(What::Move, self.widest, Some(to), &[from.into()]));
    }

    /// A copy in a register of the block's own.
    pub fn copy_of(&mut self, from: Reg) -> Reg {
        let class = self.registers[from.0 as usize].class;
        let to = self.register(class, Home::Block);
        self.copy_to(to, from);
        to
    }

    /// A state becomes what was computed since the block had so many instructions: in its own register at once, if nothing reads the
    /// old one after that.
    pub fn becomes(&mut self, old: Reg, new: Reg, from: usize) {
        if old == new {
            return;
        }
        let defined = (from..self.block.len()).rev().find(|&at| self.block[at].result == Some(new));
        let Some(at) = defined.filter(|_| self.registers[new.0 as usize].home == Home::Block) else {
            self.copy_to(old, new);
            return;
        };
        let reads = |inst: &Inst| {
            inst.args.contains(&Arg::Reg(old)) || inst.result == Some(old) || inst.masked.is_some_and(|m| m.by == old)
        };
        // (A patch writes its result before it has read all its arguments.)
        let early = matches!(self.block[at].what, What::Patch(_));
        if early || self.block[at + 1..].iter().any(reads) || self.block[at].tied || self.block[at].masked.is_some() {
            self.copy_to(old, new);
            return;
        }
        self.block[at].result = Some(old);
        for inst in &mut self.block[at + 1..] {
            if let Some(masked) = inst.masked.as_mut().filter(|m| m.by == new) {
                masked.by = old;
            }
            for arg in inst.args.iter_mut().filter(|arg| **arg == Arg::Reg(new)) {
                *arg = Arg::Reg(old);
            }
        }
    }

    /// The mask register that says which lanes hold points. (AVX-512.)
    pub fn valid_mask(&mut self) -> Reg {
        match self.valid_register {
            Some(reg) => reg,
            None => {
                let reg = self.register(Class::Mask, Home::Fixed(7));
                self.valid_register = Some(reg);
                reg
            }
        }
    }

    /// A site that calls, by its number.
    pub fn site(&mut self, callee: Callee, result: usize, args: &SmallVec<[usize; 3]>) -> usize {
        self.sites.push(Site { callee, result, args: args.clone() });
        self.sites.len() - 1
    }

    /// The result of a patch with these arguments.
    pub fn patch(&mut self, patch: Patch, args: &[Arg]) -> Reg {
        let size = self.size(patch.width);
        let result = self.register(Class::Vector(size), Home::Block);
        self.patches.push(patch);
        self.push(Inst::new(What::Patch(self.patches.len() - 1), size, Some(result), args));
        result
    }
}
