//! Products of integers, and their high halves.
//!
//! Where the machine does not multiply lanes of a width, even and odd lanes are multiplied apart, in lanes of twice the width.

use super::super::mir::Reg;
use super::super::rows::{Row, Size};
use super::ints::last_if_late;
use super::{Code, Held, ternary};
use crate::dtype::DType;

/// The odd ones of pairs of bytes.
const ODD_BYTES: u64 = 0xff00;
/// The low halves of 8 bytes.
const LOW_DWORDS: u64 = 0xffff_ffff;

impl Code {
    /// Products, wrapping.
    pub fn multiply(&mut self, width: usize, args: &[Held]) -> Reg {
        let (args, size) = (last_if_late(args), self.size(width));
        let row = match width {
            2 => Row::Pmullw,
            4 => Row::Pmulld,
            8 if self.is_evex() => Row::Pmullq,
            8 => return self.multiply_qwords(&args),
            _ => {
                let [x, y] = args.map(|x| self.reg(&x));
                return self.multiply_bytes(x, y);
            }
        };
        let args = self.operands(&args);
        self.emit(row, size, &args)
    }

    /// An instruction on two registers.
    fn on(&mut self, size: Size, row: Row, x: Reg, y: Reg) -> Reg {
        self.emit(row, size, &[x.into(), y.into()])
    }

    /// Those of even bytes are the low halves of products of 16 bits; of odd ones, with one factor moved down, the high halves.
    fn multiply_bytes(&mut self, x: Reg, y: Reg) -> Reg {
        use ternary::{A, B, C};
        let (size, mask) = (self.size(1), self.splat(ODD_BYTES, 2));
        let even = self.on(size, Row::Pmullw, x, y);
        let (x, y) = (self.shift_right(size, 2, x, 8), self.and(1, y, mask));
        // (Zeros below.)
        let odd = self.on(size, Row::Pmullw, x, y);
        if self.is_evex() {
            let args = [even.into(), odd.into(), mask.into()];
            return self.emit_tied(Row::Pternlogd, size, &args, Some((A & !C) | B));
        }
        let even = self.without(1, mask, even);
        self.or(1, even, odd)
    }

    /// Of 64 bits: the product of the low halves, and above it the sum of the mixed ones.
    fn multiply_qwords(&mut self, args: &[Held; 2]) -> Reg {
        let size = self.size(8);
        let args = args.map(|x| self.loaded(&x));
        let [x, y] = args.map(|x| self.reg(&x));
        let [x_high, y_high] = args.map(|x| self.high_dwords(size, &x));
        let low = self.on(size, Row::Pmuludq, x, y);
        let a = self.on(size, Row::Pmuludq, x_high, y);
        let b = self.on(size, Row::Pmuludq, x, y_high);
        let mixed = self.add(8, a, b);
        let mixed = self.shift_left(size, 8, mixed, 32);
        self.add(8, low, mixed)
    }

    /// The upper halves of 8 bytes, moved down.
    fn high_dwords(&mut self, size: Size, x: &Held) -> Reg {
        match *x {
            Held::Constant(c) if c.dtype().size() == 8 => self.splat(c.bits() >> 32, 8),
            // (All lanes agree.)
            Held::Constant(_) => self.reg(x),
            _ => {
                let x = self.reg(x);
                self.shift_right(size, 8, x, 32)
            }
        }
    }

    /// High halves of products.
    pub fn multiply_high(&mut self, dtype: DType, args: &[Held]) -> Reg {
        let args = last_if_late(args).map(|x| self.loaded(&x));
        let signed = dtype.is_signed();
        let words = if signed { Row::Pmulhw } else { Row::Pmulhuw };
        match dtype.size() {
            1 => self.high_of_bytes(words, &args),
            2 => {
                let (size, args) = (self.size(2), self.operands(&args));
                self.emit(words, size, &args)
            }
            4 => self.high_of_dwords(if signed { Row::Pmuldq } else { Row::Pmuludq }, &args),
            _ => self.high_of_qwords(signed, &args),
        }
    }

    /// With both factors in the upper bytes of 16 bits the upper half of the product is the product of the bytes.
    fn high_of_bytes(&mut self, row: Row, args: &[Held; 2]) -> Reg {
        let [x, y] = args.map(|x| self.reg(&x));
        let (size, mask) = (self.size(1), self.splat(ODD_BYTES, 2));
        let [even_x, even_y] = [x, y].map(|x| self.shift_left(size, 2, x, 8));
        let even = self.on(size, row, even_x, even_y);
        let even = self.shift_right(size, 2, even, 8);
        let [odd_x, odd_y] = [x, y].map(|x| self.and(1, x, mask));
        let odd = self.on(size, row, odd_x, odd_y);
        self.interleave(even, odd, 1)
    }

    fn high_of_dwords(&mut self, row: Row, args: &[Held; 2]) -> Reg {
        let size = self.size(4);
        let [x, y] = args.map(|x| self.reg(&x));
        let even = self.on(size, row, x, y);
        let even = self.shift_right(size, 8, even, 32);
        let [x, y] = args.map(|x| self.high_dwords(size, &x));
        let odd = self.on(size, row, x, y);
        self.interleave(even, odd, 4)
    }

    /// By four products of halves, which are summed so that none overflows: `(2^32-1)^2 + 2*(2^32-1)` is `2^64-1`. Those of signed
    /// numbers are the unsigned ones less each factor where the other is negative.
    fn high_of_qwords(&mut self, signed: bool, args: &[Held; 2]) -> Reg {
        let (size, low_mask) = (self.size(8), self.splat(LOW_DWORDS, 8));
        let [x, y] = args.map(|x| self.reg(&x));
        let [x_high, y_high] = args.map(|x| self.high_dwords(size, &x));
        let low = self.on(size, Row::Pmuludq, x, y);
        let carry = self.shift_right(size, 8, low, 32);
        let mixed = self.on(size, Row::Pmuludq, x_high, y);
        let mixed = self.add(8, mixed, carry);
        let other = self.on(size, Row::Pmuludq, x, y_high);
        let low = self.and(8, mixed, low_mask);
        let other = self.add(8, other, low);
        let high = self.on(size, Row::Pmuludq, x_high, y_high);
        let high = [mixed, other].into_iter().fold(high, |high, part| {
            let part = self.shift_right(size, 8, part, 32);
            self.add(8, high, part)
        });
        if !signed {
            return high;
        }
        [(x, y), (y, x)].into_iter().fold(high, |high, (x, y)| {
            if self.is_evex() {
                let negative = self.emit_mask(Row::Pmovq2m, size, &[x.into()], None, None);
                return self.emit_merged(Row::Psubq, size, [high.into(), high.into(), y.into()], negative);
            }
            let negative = self.negatives(8, x);
            let excess = self.and(8, negative, y);
            self.subtract(8, high, excess)
        })
    }
}
