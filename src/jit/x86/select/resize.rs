//! Integers of another width, and vectors in halves.
//!
//! Where an operation has to be done in wider lanes than a vector of the machine's full width can hold for all points, it is done on
//! halves of the vector, one after the other, as if a step had half the points.

use super::super::mir::{Constant, Reg};
use super::super::rows::{Row, Size};
use super::{Code, Held, by_width, ternary};

impl Code {
    /// Integers of `from` bytes as ones of `to`: the low bits, or extended by the sign or by zeros.
    pub fn resize(&mut self, x: &Held, from: usize, to: usize, signed: bool) -> Reg {
        if from < to {
            self.extend(x, from, to, signed)
        } else if from == to {
            self.reg(x)
        } else {
            let x = self.reg(x);
            self.truncate(x, from, to)
        }
    }

    /// Integers as wider ones.
    pub fn extend(&mut self, x: &Held, from: usize, to: usize, signed: bool) -> Reg {
        let row = match (from, to, signed) {
            (1, 2, true) => Row::Pmovsxbw,
            (1, 4, true) => Row::Pmovsxbd,
            (1, 8, true) => Row::Pmovsxbq,
            (2, 4, true) => Row::Pmovsxwd,
            (2, 8, true) => Row::Pmovsxwq,
            (4, 8, true) => Row::Pmovsxdq,
            (1, 2, false) => Row::Pmovzxbw,
            (1, 4, false) => Row::Pmovzxbd,
            (1, 8, false) => Row::Pmovzxbq,
            (2, 4, false) => Row::Pmovzxwd,
            (2, 8, false) => Row::Pmovzxwq,
            (4, 8, false) => Row::Pmovzxdq,
            _ => unreachable!("{to} bytes are no extension of {from}"),
        };
        let (size, x) = (self.size(to), self.arg(x));
        self.emit(row, size, &[x])
    }

    /// The low bits of integers, as narrower ones.
    fn truncate(&mut self, x: Reg, from: usize, to: usize) -> Reg {
        let row = match (from, to) {
            _ if !self.is_evex() => return self.gather_low(x, from, to),
            (2, 1) => Row::Pmovwb,
            (4, 1) => Row::Pmovdb,
            (8, 1) => Row::Pmovqb,
            (4, 2) => Row::Pmovdw,
            (8, 2) => Row::Pmovqw,
            (8, 4) => Row::Pmovqd,
            _ => unreachable!("{from} bytes are no more than {to}"),
        };
        self.narrow(row, x, from, to)
    }

    /// Integers of `from` bytes as ones of `to`, by a row that narrows. (AVX-512.)
    pub fn narrow(&mut self, row: Row, x: Reg, from: usize, to: usize) -> Reg {
        let (size, result) = (self.size(from), self.size(to));
        let v = self.emit(row, size, &[x.into()]);
        self.sized(v, result)
    }

    /// The low bytes of lanes, gathered within 16 bytes; of 32 bytes first the low halves of lanes are, and brought together.
    fn gather_low(&mut self, mut x: Reg, mut from: usize, to: usize) -> Reg {
        /// The first 8 bytes of each 16.
        const FIRST_OF_PAIRS: u8 = 0b00_00_10_00;
        if self.size(from) != Size::X {
            let v = self.gather_within(x, from, from / 2);
            let v = self.emit_i(Row::Permqi, Size::Y, &[v.into()], FIRST_OF_PAIRS);
            (x, from) = (self.sized(v, Size::X), from / 2);
        }
        if from == to { x } else { self.gather_within(x, from, to) }
    }

    fn gather_within(&mut self, x: Reg, from: usize, to: usize) -> Reg {
        /// The even ones of four.
        const EVEN: u8 = 0b10_00_10_00;
        let size = self.size(from);
        if (from, to) == (8, 4) {
            return self.emit_i(Row::Pshufd, size, &[x.into()], EVEN);
        }
        let bytes = std::array::from_fn(|byte| {
            let byte = byte % 16;
            let at = byte / to * from + byte % to;
            // (Where there are no more, zeros.)
            if at < 16 { at as u8 } else { 0x80 }
        });
        let order = self.constant(Constant::Bytes(bytes));
        self.emit(Row::Pshufb, size, &[x.into(), order.into()])
    }

    /// The even lanes of one vector, in the odd ones those of another.
    pub fn interleave(&mut self, even: Reg, odd: Reg, width: usize) -> Reg {
        use ternary::{A, B, C};
        /// The odd ones of eight.
        const ODD: u8 = 0b1010_1010;
        let size = self.size(width);
        if !self.is_evex() && width == 4 {
            return self.emit_i(Row::Pblendd, size, &[even.into(), odd.into()], ODD);
        }
        let low = self.splat(u64::MAX >> (64 - 8 * width), 2 * width);
        if self.is_evex() {
            let row = super::by_bits(2 * width, Row::Pternlogd, Row::Pternlogq);
            return self.emit_tied(row, size, &[even.into(), odd.into(), low.into()], Some((A & C) | (B & !C)));
        }
        self.emit(Row::Pblendvb, size, &[odd.into(), even.into(), low.into()])
    }

    /// A shift of lanes of 2, 4 or 8 bytes by so many bits.
    pub fn shift_left(&mut self, size: Size, lane: usize, x: Reg, bits: u8) -> Reg {
        self.emit_i(by_width(lane, [Row::Psllwi, Row::Psllwi, Row::Pslldi, Row::Psllqi]), size, &[x.into()], bits)
    }

    /// A shift of lanes of 2, 4 or 8 bytes to the right, zeros coming in.
    pub fn shift_right(&mut self, size: Size, lane: usize, x: Reg, bits: u8) -> Reg {
        self.emit_i(by_width(lane, [Row::Psrlwi, Row::Psrlwi, Row::Psrldi, Row::Psrlqi]), size, &[x.into()], bits)
    }

    /// The vectors that hold the first half of the points, and the second.
    pub fn halves(&mut self, x: Reg, width: usize) -> [Reg; 2] {
        /// The upper two of four, twice.
        const UPPER: u8 = 0b11_10_11_10;
        let size = self.size(width);
        let (row, which, half) = match size {
            Size::X => (Row::Pshufd, UPPER, Size::X),
            Size::Y => (Row::Extract128, 1, Size::X),
            Size::Z => (Row::Extract256, 1, Size::Y),
        };
        let high = self.emit_i(row, size, &[x.into()], which);
        [x, self.sized(high, half)]
    }

    /// The vector of which these are the halves.
    pub fn join(&mut self, [low, high]: [Reg; 2], width: usize) -> Reg {
        let args = [low.into(), high.into()];
        match self.size(width) {
            Size::X => self.emit(Row::Unpcklpd, Size::X, &args),
            Size::Y => self.emit_i(Row::Insert128, Size::Y, &args, 1),
            Size::Z => self.emit_i(Row::Insert256, Size::Z, &args, 1),
        }
    }

    /// A function of numbers of `width` bytes that works in lanes of `wide` bytes, and gives numbers of `width`: on as many points at a
    /// time as fit a vector so.
    pub fn in_pieces(
        &mut self,
        width: usize,
        wide: usize,
        args: &[Held],
        f: &dyn Fn(&mut Code, &[Held]) -> Reg,
    ) -> Reg {
        if self.lanes * wide <= self.widest.bytes() {
            return f(self, args);
        }
        let mut parts = [smallvec::SmallVec::<[Held; 2]>::new(), smallvec::SmallVec::new()];
        for x in args {
            let halves = match x {
                Held::Constant(_) => [*x; 2],
                _ => {
                    let x = self.reg(x);
                    self.halves(x, width).map(Held::Vector)
                }
            };
            parts.iter_mut().zip(halves).for_each(|(part, half)| part.push(half));
        }
        // (At most three levels: to 8 times the width.)
        self.lanes /= 2;
        let results = parts.map(|part| self.in_pieces(width, wide, &part, f));
        self.lanes *= 2;
        self.join(results, width)
    }
}
