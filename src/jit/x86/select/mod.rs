//! Selection: operations of the kernel IR to instructions, for one step's lanes.
//!
//! A step covers so many points, its *lanes*; each value is one register, of which lane `j` is point `j`. So the size of a register
//! follows from the width of the value: with 8 lanes `f64` are 64 bytes, `f32` 32, bytes the low 8 of 16.
//!
//! | value            | AVX-512                    | AVX2                                                        |
//! |------------------|----------------------------|-------------------------------------------------------------|
//! | number of w bytes| a vector, lanes of w bytes | the same                                                    |
//! | bool             | a mask register, a bit for each lane | a vector, lanes all ones or all zeros, as wide as what was compared |
//!
//! Always holds: lanes from the step's count on are don't-care, in vectors and masks; of a value that is the same at all points all
//! lanes agree; no instruction faults, in don't-care lanes neither.
//!
//! | file       | what                                           |
//! |------------|------------------------------------------------|
//! | `floats`   | operations on floats                           |
//! | `ints`     | operations on integers                         |
//! | `products` | products of integers                           |
//! | `shifts`   | shifts                                         |
//! | `quotient` | division of integers                           |
//! | `convert`  | conversions                                    |
//! | `resize`   | integers of another width, halves of vectors   |
//! | `masks`    | bools, comparisons' results, choices           |

mod convert;
mod floats;
mod ints;
mod masks;
mod products;
mod quotient;
mod resize;
mod shifts;

use smallvec::SmallVec;

use super::cold::{Patch, RegionCode, Site};
use super::frame::Frame;
use super::mir::{Arg, Class, ConstId, Constant, Described, Home, Inst, Masked, Mem, Pool, Reg, Size, What};
use super::rows::{Encoding, Row};
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::Op;

/// A value while code is selected.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Held {
    /// A vector.
    Vector(Reg),
    /// A bool in a mask register.
    Mask(Reg),
    /// A bool in lanes of so many bytes.
    Lanes(Reg, usize),
    /// A constant.
    Constant(Scalar),
    /// In memory still, a whole vector's lanes of so many bytes there: loaded where it is first read.
    Memory(Mem, usize),
}

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
    pub regions: Vec<RegionCode>,
    /// The frame's words with the bits of lanes that hold points, and with all bits.
    pub valid: i32,
    pub all_valid: i32,
    /// (AVX-512.) The register with these lanes, once asked for.
    pub valid_register: Option<Reg>,
    /// How many regions the block stands in.
    pub depth: usize,
    /// Constants by their bits; and those that are no bits again and again.
    splats: foldhash::HashMap<u64, Reg>,
    tables: Vec<(ConstId, Reg)>,
    /// What a float is the negative of: `fma` negates its arguments itself. (Within a block.)
    pub negated: foldhash::HashMap<Reg, Reg>,
}

impl Code {
    pub fn new(encoding: Encoding, widest: Size) -> Code {
        let mut frame = Frame::new();
        let (valid, all_valid) = (frame.word(), frame.word());
        Code {
            frame,
            patches: Vec::new(),
            sites: Vec::new(),
            regions: Vec::new(),
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
            splats: foldhash::HashMap::default(),
            tables: Vec::new(),
            negated: foldhash::HashMap::default(),
        }
    }

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
        std::mem::take(&mut self.block)
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
        self.push(Inst {
            what: What::Row(row),
            size,
            result: Some(result),
            args: SmallVec::from_slice(args),
            tied: masked.is_some_and(|m| !m.zero),
            masked,
            immediate,
        });
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
        self.push(Inst {
            what: What::Row(row),
            size,
            result: Some(result),
            args: SmallVec::from_slice(args),
            tied: false,
            // (A mask as a result has no form that merges.)
            masked: within.map(|by| Masked { by, zero: false }),
            immediate,
        });
        result
    }

    /// `x*y + z`, with the product or `z` negated.
    pub fn fma(&mut self, width: usize, args: [Arg; 3], product: bool, addend: bool) -> Reg {
        let size = self.size(width);
        let result = self.register(Class::Vector(size), Home::Block);
        self.push(Inst {
            what: What::Fma { product, addend, width },
            size,
            result: Some(result),
            args: SmallVec::from_slice(&args),
            tied: false,
            masked: None,
            immediate: None,
        });
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

    /// The value of an operation with arguments of the type `arg` (of `select`: the later ones) and a result of `ty`.
    pub fn op(&mut self, op: Op, arg: DType, ty: DType, args: &[Held]) -> Held {
        match op {
            Op::Convert => return self.convert(&args[0], arg, ty),
            Op::Bitcast => return Held::Vector(self.reg(&args[0])),
            Op::Select if arg != DType::Bool => return self.select(arg.size(), args),
            _ => {}
        }
        match arg.kind() {
            Kind::Bool => self.on_bools(op, args),
            Kind::Int => self.on_ints(op, arg, args),
            Kind::Float => self.on_floats(op, arg.size(), args),
            Kind::Complex => unreachable!("kernels compute in real numbers"),
        }
    }
}

/// The row for elements of 4 or of 8 bytes.
pub fn by_float(width: usize, single: Row, double: Row) -> Row {
    if width == 4 { single } else { double }
}

/// The row for elements of 1, 2, 4 or 8 bytes.
pub fn by_width(width: usize, rows: [Row; 4]) -> Row {
    rows[width.trailing_zeros() as usize]
}

/// The row for bits of elements of so many bytes: the elements matter to what is broadcast and to masks.
pub fn by_bits(width: usize, short: Row, long: Row) -> Row {
    if width == 8 { long } else { short }
}

/// Whether the first of two operands is sooner the last one: it may be in memory there.
pub fn belongs_last(args: &[Held]) -> bool {
    let late = |x: &Held| matches!(x, Held::Constant(_) | Held::Memory(..));
    late(&args[0]) && !late(&args[1])
}

/// The sign bit of lanes of so many bytes.
pub fn sign(width: usize) -> u64 {
    1 << (8 * width - 1)
}

/// What `vpternlog` makes of its arguments, as a function of these bits.
pub mod ternary {
    pub const A: u8 = 0xf0;
    pub const B: u8 = 0xcc;
    pub const C: u8 = 0xaa;
}
