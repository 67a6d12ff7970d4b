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
//! | `code`     | a block under construction                     |
//! | `floats`   | operations on floats                           |
//! | `ints`     | operations on integers                         |
//! | `products` | products of integers                           |
//! | `shifts`   | shifts                                         |
//! | `quotient` | division of integers                           |
//! | `convert`  | conversions                                    |
//! | `resize`   | integers of another width, halves of vectors   |
//! | `masks`    | bools, comparisons' results, choices           |

mod code;
mod convert;
mod floats;
mod ints;
mod masks;
mod products;
mod quotient;
mod resize;
mod shifts;

use smallvec::SmallVec;

pub use self::code::Code;
use super::mir::{Arg, Behind, Lanes, Mem, Patch, Reg, Test};
use super::rows::Row;
use super::site::Callee;
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

impl Code {
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

    /// The value of any operation, lane by lane, by its meaning. Of numbers alone.
    pub fn by_lanes(&mut self, op: Op, arg: DType, ty: DType, args: &[Held]) -> Held {
        let widths: SmallVec<[usize; 3]> = args.iter().map(|_| arg.size()).collect();
        let site = self.site(Callee::Operation { op, arg, ty }, ty.size(), &widths);
        let args: SmallVec<[Arg; 4]> = args.iter().map(|held| Arg::Reg(self.reg(held))).collect();
        let width = ty.size();
        // (An operation does no harm in lanes that hold no points.)
        let patch = Patch {
            behind: Behind::Call(site),
            always: true,
            test: Test { which: Lanes::Step, width, lanes: self.lanes },
            width,
            widths,
            depth: self.depth,
            valid: self.all_valid,
        };
        Held::Vector(self.patch(patch, &args))
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
