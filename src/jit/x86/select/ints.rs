//! Operations on integers that are an instruction or a few: sums, bits, extremes, comparisons.
//!
//! Comes in: arguments of one type. Goes out: the result as `ir::op` specifies it, a bool for comparisons. AVX2 compares signed
//! integers by `=` and `>` alone, and has no extremes of 64 bits: the others are made of these.

use super::super::mir::{Arg, Constant, Reg};
use super::super::rows::Row;
use super::{Code, Held, belongs_last, by_bits, by_width, sign};
use crate::dtype::{DType, Scalar};
use crate::ir::Op;

impl Code {
    /// An operation on integers of a type.
    pub fn on_ints(&mut self, op: Op, dtype: DType, args: &[Held]) -> Held {
        let width = dtype.size();
        let v = match op {
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => return self.compare_ints(op, dtype, args),
            Op::FloorDiv | Op::FloorMod => return self.divide(op, dtype, args),
            Op::Abs if !dtype.is_signed() => return args[0],
            Op::Abs => self.absolute(width, &args[0]),
            Op::Neg => {
                let zero = self.splat(0, 8);
                self.binary_int(width, SUB, &[Held::Vector(zero), args[0]])
            }
            Op::Add => self.binary_int(width, ADD, &last_if_late(args)),
            Op::Sub => self.binary_int(width, SUB, args),
            Op::Mul => self.multiply(width, args),
            Op::MulHigh => self.multiply_high(dtype, args),
            Op::And => self.binary_int(width, AND, &last_if_late(args)),
            Op::Or => self.binary_int(width, OR, &last_if_late(args)),
            Op::Xor => self.binary_int(width, XOR, &last_if_late(args)),
            Op::Not => {
                let ones = self.splat(u64::MAX, 8);
                self.binary_int(width, XOR, &last_if_late(&[args[0], Held::Vector(ones)]))
            }
            Op::SwapBytes if width == 1 => return args[0],
            Op::SwapBytes => self.swap_bytes(width, &args[0]),
            Op::Min | Op::Max => self.extreme_int(op, dtype, args),
            Op::Shl | Op::Shr => self.shift(op == Op::Shl, dtype, args),
            _ => unreachable!("{} does not take integers", op.name()),
        };
        Held::Vector(v)
    }

    /// One instruction on two arguments, by their width.
    pub fn binary_int(&mut self, width: usize, rows: [Row; 4], args: &[Held]) -> Reg {
        let (size, args) = (self.size(width), self.operands(args));
        self.emit(by_width(width, rows), size, &args)
    }

    fn on_registers(&mut self, width: usize, row: Row, x: Reg, y: Reg) -> Reg {
        let size = self.size(width);
        self.emit(row, size, &[x.into(), y.into()])
    }

    pub fn add(&mut self, width: usize, x: Reg, y: Reg) -> Reg {
        self.on_registers(width, by_width(width, ADD), x, y)
    }

    pub fn subtract(&mut self, width: usize, x: Reg, y: Reg) -> Reg {
        self.on_registers(width, by_width(width, SUB), x, y)
    }

    pub fn and(&mut self, width: usize, x: Reg, y: Reg) -> Reg {
        self.on_registers(width, by_width(width, AND), x, y)
    }

    pub fn or(&mut self, width: usize, x: Reg, y: Reg) -> Reg {
        self.on_registers(width, by_width(width, OR), x, y)
    }

    pub fn xor(&mut self, width: usize, x: Reg, y: Reg) -> Reg {
        self.on_registers(width, by_width(width, XOR), x, y)
    }

    /// The bits of the second that are not in the first.
    pub fn without(&mut self, width: usize, x: Reg, y: Reg) -> Reg {
        self.on_registers(width, by_bits(width, Row::Pandnd, Row::Pandnq), x, y)
    }

    pub fn complement(&mut self, width: usize, x: Reg) -> Reg {
        let ones = self.splat(u64::MAX, 8);
        self.xor(width, x, ones)
    }

    /// All ones where an integer is negative. (AVX2.)
    pub fn negatives(&mut self, width: usize, x: Reg) -> Reg {
        let zero = self.splat(0, 8);
        self.on_registers(width, by_width(width, GREATER), zero, x)
    }

    fn absolute(&mut self, width: usize, x: &Held) -> Reg {
        if width == 8 && !self.is_evex() {
            let x = self.reg(x);
            let negative = self.negatives(width, x);
            let flipped = self.xor(width, x, negative);
            return self.subtract(width, flipped, negative);
        }
        let (size, x) = (self.size(width), self.arg(x));
        self.emit(by_width(width, [Row::Pabsb, Row::Pabsw, Row::Pabsd, Row::Pabsq]), size, &[x])
    }

    fn swap_bytes(&mut self, width: usize, x: &Held) -> Reg {
        let order = std::array::from_fn(|at| {
            let at = at % 16;
            (at / width * width + width - 1 - at % width) as u8
        });
        let (size, x) = (self.size(width), self.reg(x));
        let order = self.constant(Constant::Bytes(order));
        self.emit(Row::Pshufb, size, &[x.into(), order.into()])
    }

    fn extreme_int(&mut self, op: Op, dtype: DType, args: &[Held]) -> Reg {
        let width = dtype.size();
        if width == 8 && !self.is_evex() {
            let args = [self.loaded(&args[0]), self.loaded(&args[1])];
            let relation = if op == Op::Min { Op::Lt } else { Op::Gt };
            let first = self.compare_ints(relation, dtype, &args);
            return self.blend(&first, &args[0], &args[1], width);
        }
        let rows = match (op, dtype.is_signed()) {
            (Op::Min, true) => [Row::Pminsb, Row::Pminsw, Row::Pminsd, Row::Pminsq],
            (Op::Min, false) => MIN_UNSIGNED,
            (_, true) => [Row::Pmaxsb, Row::Pmaxsw, Row::Pmaxsd, Row::Pmaxsq],
            (_, false) => [Row::Pmaxub, Row::Pmaxuw, Row::Pmaxud, Row::Pmaxuq],
        };
        self.binary_int(width, rows, &last_if_late(args))
    }

    /// Where two integers compare so.
    pub fn compare_ints(&mut self, op: Op, dtype: DType, args: &[Held]) -> Held {
        let (mut op, mut args) = (op, [args[0], args[1]]);
        if belongs_last(&args) {
            (op, args) = (mirrored(op), [args[1], args[0]]);
        }
        if !self.is_evex() {
            let width = dtype.size();
            return Held::Lanes(self.compare_in_lanes(op, dtype, &args), width);
        }
        Held::Mask(self.compare_to_mask(op, dtype, &args))
    }

    fn compare_to_mask(&mut self, op: Op, dtype: DType, args: &[Held; 2]) -> Reg {
        let (width, size) = (dtype.size(), self.size(dtype.size()));
        let with_zero = matches!(args[1], Held::Constant(c) if c.bits() == 0);
        if with_zero && matches!(op, Op::Eq | Op::Ne) {
            let x = self.reg(&args[0]);
            if op == Op::Ne {
                return self.test(width, x);
            }
            let zero = self.is_zero(width, x);
            return self.mask(&zero);
        }
        let relation = match op {
            Op::Eq => 0,
            Op::Lt => 1,
            Op::Le => 2,
            Op::Ne => 4,
            Op::Ge => 5,
            _ => 6,
        };
        let rows = if dtype.is_signed() {
            [Row::Pcmpb, Row::Pcmpw, Row::Pcmpd, Row::Pcmpq]
        } else {
            [Row::Pcmpub, Row::Pcmpuw, Row::Pcmpud, Row::Pcmpuq]
        };
        let args = self.operands(args);
        self.emit_mask(by_width(width, rows), size, &args, Some(relation), None)
    }

    /// `<=` is the complement of `>`; of unsigned integers of up to 32 bits it is that the lesser is the first. Others have their
    /// signs flipped to be compared as signed ones.
    fn compare_in_lanes(&mut self, op: Op, dtype: DType, args: &[Held; 2]) -> Reg {
        let width = dtype.size();
        let [x, y] = [self.loaded(&args[0]), self.loaded(&args[1])];
        match op {
            Op::Eq => return self.binary_int(width, EQUAL, &[x, y]),
            Op::Ne => {
                let same = self.binary_int(width, EQUAL, &[x, y]);
                return self.complement(width, same);
            }
            _ => {}
        }
        let [x, y] = if matches!(op, Op::Lt | Op::Ge) { [y, x] } else { [x, y] };
        let greater = matches!(op, Op::Lt | Op::Gt);
        if !greater && width < 8 && !dtype.is_signed() {
            let lesser = self.binary_int(width, MIN_UNSIGNED, &last_if_late(&[x, y]));
            return self.binary_int(width, EQUAL, &[Held::Vector(lesser), x]);
        }
        let args = if dtype.is_signed() { [x, y] } else { [x, y].map(|x| self.flipped(dtype, &x)) };
        let v = self.binary_int(width, GREATER, &args);
        if greater { v } else { self.complement(width, v) }
    }

    /// An integer with its uppermost bit flipped.
    fn flipped(&mut self, dtype: DType, x: &Held) -> Held {
        let width = dtype.size();
        match x {
            Held::Constant(c) => Held::Constant(Scalar::from_bits(dtype, c.bits() ^ sign(width))),
            _ => {
                let (x, sign) = (self.reg(x), self.splat(sign(width), width));
                Held::Vector(self.xor(width, x, sign))
            }
        }
    }

    /// Where an integer is 0.
    pub fn is_zero(&mut self, width: usize, x: Reg) -> Held {
        let size = self.size(width);
        if self.is_evex() {
            let row = by_width(width, [Row::Ptestnmb, Row::Ptestnmw, Row::Ptestnmd, Row::Ptestnmq]);
            return Held::Mask(self.emit_mask(row, size, &[x.into(), x.into()], None, None));
        }
        let zero = self.splat(0, 8);
        Held::Lanes(self.emit(by_width(width, EQUAL), size, &[x, zero].map(Arg::Reg)), width)
    }
}

pub const ADD: [Row; 4] = [Row::Paddb, Row::Paddw, Row::Paddd, Row::Paddq];
pub const SUB: [Row; 4] = [Row::Psubb, Row::Psubw, Row::Psubd, Row::Psubq];
const AND: [Row; 4] = [Row::Pandd, Row::Pandd, Row::Pandd, Row::Pandq];
const OR: [Row; 4] = [Row::Pord, Row::Pord, Row::Pord, Row::Porq];
const XOR: [Row; 4] = [Row::Pxord, Row::Pxord, Row::Pxord, Row::Pxorq];
const MIN_UNSIGNED: [Row; 4] = [Row::Pminub, Row::Pminuw, Row::Pminud, Row::Pminuq];
const EQUAL: [Row; 4] = [Row::Pcmpeqb, Row::Pcmpeqw, Row::Pcmpeqd, Row::Pcmpeqq];
const GREATER: [Row; 4] = [Row::Pcmpgtb, Row::Pcmpgtw, Row::Pcmpgtd, Row::Pcmpgtq];

/// Arguments that may be exchanged, with what is best in memory last.
pub fn last_if_late(args: &[Held]) -> [Held; 2] {
    if belongs_last(args) { [args[1], args[0]] } else { [args[0], args[1]] }
}

/// The comparison of the arguments exchanged.
fn mirrored(op: Op) -> Op {
    match op {
        Op::Lt => Op::Gt,
        Op::Gt => Op::Lt,
        Op::Le => Op::Ge,
        Op::Ge => Op::Le,
        other => other,
    }
}
