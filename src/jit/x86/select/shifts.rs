//! Shifts of integers.
//!
//! Vector shifts by counts of their own read these as unsigned, and give 0 (or all sign) from the width on: what `ir::op` asks for, of
//! counts below 0 too.

use super::super::mir::Reg;
use super::super::rows::Row;
use super::{Code, Held, by_bits, by_width, sign, ternary};
use crate::dtype::{DType, Scalar};

impl Code {
    pub fn shift(&mut self, left: bool, dtype: DType, args: &[Held]) -> Reg {
        let (width, arithmetic) = (dtype.size(), !left && dtype.is_signed());
        if let Held::Constant(count) = args[1] {
            let x = self.reg(&args[0]);
            return self.shift_by(left, arithmetic, width, x, count);
        }
        let rows = match (left, arithmetic) {
            (true, _) => [Row::Psllvw, Row::Psllvw, Row::Psllvd, Row::Psllvq],
            (_, true) => [Row::Psravw, Row::Psravw, Row::Psravd, Row::Psravq],
            _ => [Row::Psrlvw, Row::Psrlvw, Row::Psrlvd, Row::Psrlvq],
        };
        match width {
            1 if self.is_evex() => {
                let args = [self.reg(&args[0]), self.reg(&args[1])];
                self.shift_bytes(left, arithmetic, rows[1], args)
            }
            // Counts from the width on do in wider lanes what they do in these: what is extended by its sign is all sign.
            1 | 2 if !self.is_evex() => self.in_pieces(width, 4, args, &|code, args| {
                let x = code.extend(&args[0], width, 4, arithmetic);
                let count = code.extend(&args[1], width, 4, false);
                let v = code.binary_int(4, rows, &[Held::Vector(x), Held::Vector(count)]);
                code.resize(&Held::Vector(v), 4, width, false)
            }),
            8 if arithmetic && !self.is_evex() => {
                let x = self.reg(&args[0]);
                self.flip_negatives(x, |code, x| code.binary_int(8, [Row::Psrlvq; 4], &[Held::Vector(x), args[1]]))
            }
            _ => self.binary_int(width, rows, args),
        }
    }

    /// Lanes of 4 or 8 bytes by a constant, what goes out at the top coming in below. (AVX-512.)
    pub fn rotate_left(&mut self, width: usize, x: &Held, by: u8) -> Reg {
        let (size, x) = (self.size(width), self.reg(x));
        self.emit_i(by_bits(width, Row::Proldi, Row::Prolqi), size, &[x.into()], by)
    }

    /// An arithmetic shift of 64 bits by a logical one: of what is negative the complement is shifted.
    fn flip_negatives(&mut self, x: Reg, shift: impl FnOnce(&mut Code, Reg) -> Reg) -> Reg {
        let negative = self.negatives(8, x);
        let x = self.xor(8, x, negative);
        let v = shift(self, x);
        self.xor(8, v, negative)
    }

    /// Bytes by counts of their own, as 16 bits: even and odd ones apart. (AVX-512.)
    fn shift_bytes(&mut self, left: bool, arithmetic: bool, row: Row, [x, count]: [Reg; 2]) -> Reg {
        let (size, low, high) = (self.size(1), self.splat(0x00ff, 2), self.splat(0xff00, 2));
        let even_count = self.and(1, count, low);
        let odd_count = self.shift_right(size, 2, count, 8);
        // What comes in from below has to be the byte's own, or 0.
        let (even, odd) = if left {
            (x, self.and(1, x, high))
        } else if arithmetic {
            let even = self.shift_left(size, 2, x, 8);
            (self.emit_i(Row::Psrawi, size, &[even.into()], 8), x)
        } else {
            (self.and(1, x, low), x)
        };
        let even = self.emit(row, size, &[even.into(), even_count.into()]);
        let odd = self.emit(row, size, &[odd.into(), odd_count.into()]);
        self.interleave(even, odd, 1)
    }

    /// All lanes by one constant.
    fn shift_by(&mut self, left: bool, arithmetic: bool, width: usize, x: Reg, count: Scalar) -> Reg {
        let (size, bits) = (self.size(width), 8 * width as u8);
        let count = count.as_int().and_then(|count| u8::try_from(count).ok()).filter(|&count| count < bits);
        let Some(count) = count.or(arithmetic.then_some(bits - 1)) else {
            return self.splat(0, 8);
        };
        if width == 1 {
            return self.shift_bytes_by(left, arithmetic, x, count);
        }
        match (left, arithmetic) {
            (true, _) => self.shift_left(size, width, x, count),
            (_, false) => self.shift_right(size, width, x, count),
            _ if width == 8 && !self.is_evex() => self.flip_negatives(x, |code, x| code.shift_right(size, 8, x, count)),
            _ => {
                let row = by_width(width, [Row::Psrawi, Row::Psrawi, Row::Psradi, Row::Psraqi]);
                self.emit_i(row, size, &[x.into()], count)
            }
        }
    }

    /// Bytes by a constant, as 16 bits without what came over from the neighbour.
    fn shift_bytes_by(&mut self, left: bool, arithmetic: bool, x: Reg, count: u8) -> Reg {
        use ternary::{A, B, C};
        let size = self.size(1);
        let (moved, own) = if left {
            (self.shift_left(size, 2, x, count), 0xff << count & 0xff)
        } else {
            (self.shift_right(size, 2, x, count), 0xff >> count)
        };
        let own = self.splat(own, 1);
        if !arithmetic {
            return self.and(1, moved, own);
        }
        // The sign is now at bit 7 - count: flipped and subtracted, it goes on to the top.
        let sign = self.splat(sign(1) >> count, 1);
        let flipped = if self.is_evex() {
            let args = [moved.into(), own.into(), sign.into()];
            self.emit_tied(Row::Pternlogd, size, &args, Some((A & B) ^ C))
        } else {
            let moved = self.and(1, moved, own);
            self.xor(1, moved, sign)
        };
        self.subtract(1, flipped, sign)
    }
}
