//! Operations on floats.
//!
//! Comes in: arguments of 4 or 8 bytes. Goes out: the result as `ir::op` specifies it, a bool for comparisons.

use super::super::mir::{Arg, Masked, Reg};
use super::super::rows::Row;
use super::{Code, Held, belongs_last, by_float, sign, ternary};
use crate::dtype::Scalar;
use crate::ir::Op;

/// Comparisons: what is asked of two floats.
pub mod relation {
    pub const EQUAL: u8 = 0x00;
    pub const UNORDERED: u8 = 0x03;
    /// (Or unordered.)
    pub const DIFFERENT: u8 = 0x04;
    pub const ORDERED: u8 = 0x07;
    pub const LESS: u8 = 0x11;
    pub const LESS_OR_EQUAL: u8 = 0x12;
    pub const GREATER_OR_EQUAL: u8 = 0x1d;
    pub const GREATER: u8 = 0x1e;
}

/// How floats are rounded to integral ones. (All without an exception for what is inexact.)
pub mod rounding {
    pub const NEAREST: u8 = 8;
    pub const DOWN: u8 = 9;
    pub const UP: u8 = 10;
    pub const TO_ZERO: u8 = 11;
}

impl Code {
    /// An operation on floats of so many bytes.
    pub fn on_floats(&mut self, op: Op, width: usize, args: &[Held]) -> Held {
        let v = match op {
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => return self.compare_floats(op, width, args),
            Op::Add => self.binary_float(width, Row::Addps, Row::Addpd, args, true),
            Op::Sub => self.binary_float(width, Row::Subps, Row::Subpd, args, false),
            Op::Mul => self.binary_float(width, Row::Mulps, Row::Mulpd, args, true),
            Op::Div => self.binary_float(width, Row::Divps, Row::Divpd, args, false),
            Op::Fma => self.multiply_add(width, args),
            Op::Neg => {
                let x = self.reg(&args[0]);
                let mask = self.splat(sign(width), width);
                let v = self.float_bits(width, [Row::Xorps, Row::Xorpd], [x, mask]);
                self.negated.insert(v, x);
                v
            }
            Op::Abs => {
                let x = self.reg(&args[0]);
                self.magnitude(width, x)
            }
            Op::CopySign => self.copy_sign(width, args),
            Op::Sqrt => {
                let (size, x) = (self.size(width), self.arg(&args[0]));
                self.emit(by_float(width, Row::Sqrtps, Row::Sqrtpd), size, &[x])
            }
            Op::Floor => self.integral(width, &args[0], rounding::DOWN),
            Op::Ceil => self.integral(width, &args[0], rounding::UP),
            Op::Trunc => self.integral(width, &args[0], rounding::TO_ZERO),
            Op::Round => self.integral(width, &args[0], rounding::NEAREST),
            Op::Min => self.extreme(width, by_float(width, Row::Minps, Row::Minpd), args),
            Op::Max => self.extreme(width, by_float(width, Row::Maxps, Row::Maxpd), args),
            Op::Minimum => self.minimum(width, args),
            Op::Maximum => self.maximum(width, args),
            _ => unreachable!("{} does not take floats", op.name()),
        };
        Held::Vector(v)
    }

    fn binary_float(&mut self, width: usize, single: Row, double: Row, args: &[Held], commutes: bool) -> Reg {
        let swapped = commutes && belongs_last(args);
        let args = if swapped { [args[1], args[0]] } else { [args[0], args[1]] };
        let (size, args) = (self.size(width), self.operands(&args));
        self.emit(by_float(width, single, double), size, &args)
    }

    /// A bitwise operation on floats.
    fn float_bits(&mut self, width: usize, [single, double]: [Row; 2], args: [Reg; 2]) -> Reg {
        let size = self.size(width);
        self.emit(by_float(width, single, double), size, &args.map(Arg::Reg))
    }

    /// To an integral float.
    pub fn integral(&mut self, width: usize, x: &Held, rounding: u8) -> Reg {
        let (size, x) = (self.size(width), self.arg(x));
        self.emit_i(by_float(width, Row::Roundps, Row::Roundpd), size, &[x], rounding)
    }

    fn compare_floats(&mut self, op: Op, width: usize, args: &[Held]) -> Held {
        use relation::*;
        let (relation, mirrored) = match op {
            Op::Eq => (EQUAL, EQUAL),
            Op::Ne => (DIFFERENT, DIFFERENT),
            Op::Lt => (LESS, GREATER),
            Op::Le => (LESS_OR_EQUAL, GREATER_OR_EQUAL),
            Op::Gt => (GREATER, LESS),
            _ => (GREATER_OR_EQUAL, LESS_OR_EQUAL),
        };
        if belongs_last(args) {
            let args = self.operands(&[args[1], args[0]]);
            return self.related(width, args, mirrored);
        }
        let args = self.operands(args);
        self.related(width, args, relation)
    }

    /// Where two floats are so related.
    pub fn related(&mut self, width: usize, args: [Arg; 2], relation: u8) -> Held {
        let (row, size) = (by_float(width, Row::Cmpps, Row::Cmppd), self.size(width));
        if self.is_evex() {
            return Held::Mask(self.emit_mask(row, size, &args, Some(relation), None));
        }
        Held::Lanes(self.emit_i(row, size, &args, relation), width)
    }

    /// Where a float is a number.
    pub fn ordered(&mut self, width: usize, x: Reg) -> Held {
        self.related(width, [x.into(), x.into()], relation::ORDERED)
    }

    /// A negated argument is negated by the instruction itself: `(-x)*y` is `-(x*y)` to the bit.
    fn multiply_add(&mut self, width: usize, args: &[Held]) -> Reg {
        let mut in_memory = false;
        let mut negative = [false; 3];
        let args: [Arg; 3] = std::array::from_fn(|i| match args[i] {
            Held::Vector(reg) => match self.negated.get(&reg) {
                Some(&x) => {
                    negative[i] = true;
                    x.into()
                }
                None => reg.into(),
            },
            // One of the three may be in memory.
            Held::Memory(..) if !in_memory => {
                in_memory = true;
                self.arg(&args[i])
            }
            _ => self.reg(&args[i]).into(),
        });
        self.fma(width, args, negative[0] != negative[1], negative[2])
    }

    fn magnitude(&mut self, width: usize, x: Reg) -> Reg {
        let mask = self.splat(sign(width) - 1, width);
        self.float_bits(width, [Row::Andps, Row::Andpd], [x, mask])
    }

    /// The magnitude of one with the sign of the other, of which NaNs have none.
    fn copy_sign(&mut self, width: usize, args: &[Held]) -> Reg {
        use ternary::{A, B, C};
        let (x, y) = (self.reg(&args[0]), self.reg(&args[1]));
        let (size, mask) = (self.size(width), self.splat(sign(width), width));
        let number = self.ordered(width, y);
        let and = by_float(width, Row::Andps, Row::Andpd);
        match number {
            Held::Mask(number) => {
                let sign = self.emit_zeroed(and, size, &[y.into(), mask.into()], number);
                let row = by_float(width, Row::Pternlogd, Row::Pternlogq);
                self.emit_tied(row, size, &[sign.into(), x.into(), mask.into()], Some(A | (B & !C)))
            }
            _ => {
                let number = self.lanes(&number, width);
                let sign = self.emit(and, size, &[y.into(), mask.into()]);
                let sign = self.emit(and, size, &[sign.into(), number.into()]);
                let magnitude = self.magnitude(width, x);
                self.float_bits(width, [Row::Orps, Row::Orpd], [magnitude, sign])
            }
        }
    }

    /// `min` or `max`, which give the second where either is NaN, or both are equal: so only a NaN in the first is lost, and that
    /// stays where the instruction is masked.
    fn extreme(&mut self, width: usize, row: Row, args: &[Held]) -> Reg {
        if let Some(v) = self.extreme_of_constant(width, row, args) {
            return v;
        }
        let (size, x, y) = (self.size(width), self.reg(&args[0]), self.arg(&args[1]));
        if self.is_evex() {
            let number = self.ordered(width, x);
            let number = self.mask(&number);
            return self.emit_merged(row, size, [x.into(), x.into(), y], number);
        }
        let v = self.emit(row, size, &[x.into(), y]);
        self.with_nan(width, v, [x.into(), x.into()])
    }

    /// `min` or `max` with a constant that no other number equals with other bits, and that is no NaN: it is the first operand,
    /// so that nothing is lost.
    fn extreme_of_constant(&mut self, width: usize, row: Row, args: &[Held]) -> Option<Reg> {
        let plain = |c: Scalar| !c.is_nan() && c.bits() & (sign(width) - 1) != 0;
        let (c, x) = match (args[0], args[1]) {
            (Held::Constant(c), x) | (x, Held::Constant(c)) if plain(c) => (c, x),
            _ => return None,
        };
        let (size, args) = (self.size(width), self.operands(&[Held::Constant(c), x]));
        Some(self.emit(row, size, &args))
    }

    /// A NaN where either of two is one. (AVX2: all ones are a NaN.)
    fn with_nan(&mut self, width: usize, v: Reg, args: [Arg; 2]) -> Reg {
        let nan = self.related(width, args, relation::UNORDERED);
        let nan = self.lanes(&nan, width);
        self.float_bits(width, [Row::Orps, Row::Orpd], [v, nan])
    }

    /// Taken both ways round: the two differ where numbers are equal (zeros alone have other bits then), or one is NaN. Of two zeros
    /// the sign of either is taken; a NaN with any bits more is a NaN.
    fn minimum(&mut self, width: usize, args: &[Held]) -> Reg {
        let row = by_float(width, Row::Minps, Row::Minpd);
        if let Some(v) = self.extreme_of_constant(width, row, args) {
            return v;
        }
        let [a, b] = self.both_ways(width, row, args);
        self.float_bits(width, [Row::Orps, Row::Orpd], [a, b])
    }

    fn maximum(&mut self, width: usize, args: &[Held]) -> Reg {
        let row = by_float(width, Row::Maxps, Row::Maxpd);
        if let Some(v) = self.extreme_of_constant(width, row, args) {
            return v;
        }
        let args = [self.reg(&args[0]), self.reg(&args[1])];
        if !self.is_evex() {
            let [a, b] = self.both_ways(width, row, &args.map(Held::Vector));
            let v = self.float_bits(width, [Row::Andps, Row::Andpd], [a, b]);
            return self.with_nan(width, v, args.map(Arg::Reg));
        }
        /// The greater, with its own sign; of zeros the positive one. Of a number and a quiet NaN it is the number.
        const GREATER: u8 = 0b01_01;
        let (range, size) = (by_float(width, Row::Rangeps, Row::Rangepd), self.size(width));
        let v = self.emit_i(range, size, &args.map(Arg::Reg), GREATER);
        let nan = self.related(width, args.map(Arg::Reg), relation::UNORDERED);
        let nan = self.mask(&nan);
        let bits = if width == 4 { f32::NAN.to_bits().into() } else { f64::NAN.to_bits() };
        let constant = self.splat(bits, width);
        self.blend_by(nan, constant.into(), &Held::Vector(v), width)
    }

    fn both_ways(&mut self, width: usize, row: Row, args: &[Held]) -> [Reg; 2] {
        let (size, x, y) = (self.size(width), self.reg(&args[0]), self.reg(&args[1]));
        [[x, y], [y, x]].map(|pair| self.emit(row, size, &pair.map(Arg::Reg)))
    }

    /// A float, but 0 where it is a NaN.
    pub fn number_or_zero(&mut self, width: usize, x: Reg) -> Reg {
        let (number, size) = (self.ordered(width, x), self.size(width));
        match number {
            Held::Mask(by) => {
                let row = by_float(width, Row::Movups, Row::Movupd);
                self.emit_with(row, size, &[x.into()], None, Some(Masked { by, zero: true }))
            }
            _ => {
                let number = self.lanes(&number, width);
                self.float_bits(width, [Row::Andps, Row::Andpd], [x, number])
            }
        }
    }
}
