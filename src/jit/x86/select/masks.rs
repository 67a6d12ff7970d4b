//! Bools: masks and lanes, operations on them, choices by them, and the bytes that they are in memory.
//!
//! With AVX-512 a bool is a mask register. Without, it is lanes of all ones or all zeros, as wide as what was compared; where two meet,
//! the narrower is widened, which is one instruction. Always holds: bools from memory are 0 or 1.

use smallvec::SmallVec;

use super::super::mir::{Arg, Inst, Masked, Reg, What};
use super::super::rows::{Row, Size};
use super::{Code, Held, by_bits, by_width};
use crate::ir::Op;

impl Code {
    /// An operation on bools.
    pub fn on_bools(&mut self, op: Op, args: &[Held]) -> Held {
        if self.is_evex() {
            let args: SmallVec<[Reg; 3]> = args.iter().map(|x| self.mask(x)).collect();
            return Held::Mask(self.on_masks(op, &args));
        }
        let width = args.iter().filter_map(width_of).max().unwrap_or(1);
        let args: SmallVec<[Reg; 3]> = args.iter().map(|x| self.lanes(x, width)).collect();
        let v = match (op, &args[..]) {
            (Op::And, &[x, y]) => self.and(width, x, y),
            (Op::Or, &[x, y]) => self.or(width, x, y),
            (Op::Xor | Op::Ne, &[x, y]) => self.xor(width, x, y),
            (Op::Eq, &[x, y]) => {
                let differs = self.xor(width, x, y);
                self.complement(width, differs)
            }
            (Op::Not, &[x]) => self.complement(width, x),
            (Op::Select, &[c, x, y]) => self.blend(&Held::Lanes(c, width), &Held::Vector(x), &Held::Vector(y), width),
            _ => unreachable!("{} does not take bools", op.name()),
        };
        Held::Lanes(v, width)
    }

    fn on_masks(&mut self, op: Op, args: &[Reg]) -> Reg {
        let (row, args): (Row, &[Reg]) = match (op, args) {
            (Op::And, &[_, _]) => (Row::Kand, args),
            (Op::Or, &[_, _]) => (Row::Kor, args),
            (Op::Xor | Op::Ne, &[_, _]) => (Row::Kxor, args),
            (Op::Eq, &[_, _]) => (Row::Kxnor, args),
            (Op::Not, &[_]) => (Row::Knot, args),
            (Op::Select, &[c, x, y]) => {
                let x = self.on_mask_registers(Row::Kand, &[c, x]);
                // (Of the complement of the first.)
                let y = self.on_mask_registers(Row::Kandn, &[c, y]);
                (Row::Kor, &[x, y])
            }
            _ => unreachable!("{} does not take bools", op.name()),
        };
        self.on_mask_registers(row, args)
    }

    /// An instruction on whole mask registers.
    fn on_mask_registers(&mut self, row: Row, args: &[Reg]) -> Reg {
        let args: SmallVec<[Arg; 2]> = args.iter().map(|&x| x.into()).collect();
        self.emit_mask(row, Size::X, &args, None, None)
    }

    /// A bool in a mask register. (AVX-512.)
    pub fn mask(&mut self, x: &Held) -> Reg {
        match *x {
            Held::Mask(reg) => reg,
            Held::Constant(c) => {
                // Comparisons that are true of all, and of none.
                const FALSE: u8 = 3;
                const TRUE: u8 = 7;
                let (zero, size) = (self.splat(0, 8), self.size(1));
                let relation = if c.bits() != 0 { TRUE } else { FALSE };
                self.emit_mask(Row::Pcmpub, size, &[zero.into(), zero.into()], Some(relation), None)
            }
            Held::Lanes(reg, width) => {
                let (row, size) =
                    (by_width(width, [Row::Pmovb2m, Row::Pmovw2m, Row::Pmovd2m, Row::Pmovq2m]), self.size(width));
                self.emit_mask(row, size, &[reg.into()], None, None)
            }
            Held::Vector(_) | Held::Memory(..) => {
                let bytes = self.reg(x);
                self.test(1, bytes)
            }
        }
    }

    /// The lanes of a number that are not 0. (AVX-512.)
    pub fn test(&mut self, width: usize, x: Reg) -> Reg {
        let row = by_width(width, [Row::Ptestmb, Row::Ptestmw, Row::Ptestmd, Row::Ptestmq]);
        let size = self.size(width);
        self.emit_mask(row, size, &[x.into(), x.into()], None, None)
    }

    /// A bool in lanes of this width, all ones or all zeros. (AVX2.)
    pub fn lanes(&mut self, x: &Held, width: usize) -> Reg {
        match *x {
            Held::Lanes(reg, from) if from < width => self.extend(&Held::Vector(reg), from, width, true),
            Held::Lanes(reg, from) => self.pack_lanes(reg, from, width),
            Held::Constant(c) => self.splat(if c.bits() != 0 { u64::MAX } else { 0 }, 8),
            Held::Vector(_) | Held::Memory(..) => {
                let bytes = self.reg(x);
                let lanes = self.of_bytes(bytes);
                self.lanes(&lanes, width)
            }
            Held::Mask(_) => unreachable!("there are no mask registers without AVX-512"),
        }
    }

    /// Lanes of all ones or all zeros, narrowed: saturation leaves them as they are, and all bytes of a lane agree, so one instruction
    /// does for all widths.
    fn pack_lanes(&mut self, mut x: Reg, mut from: usize, width: usize) -> Reg {
        while from > width {
            // Packing works within 16 bytes: so what is more comes as two operands.
            let [low, high] = if self.size(from) == Size::X { [x, x] } else { self.halves(x, from) };
            x = self.emit(Row::Packsswb, Size::X, &[low.into(), high.into()]);
            from /= 2;
        }
        x
    }

    /// A bool as bytes, 0 or 1, in the low lanes of a vector: the form it has in memory.
    #[allow(clippy::wrong_self_convention, reason = "it adds instructions")]
    pub fn to_bytes(&mut self, x: &Held) -> Reg {
        let ones = self.splat(1, 1);
        if let Held::Constant(c) = x {
            return if c.bits() != 0 { ones } else { self.splat(0, 8) };
        }
        self.number_of_bool(x, ones, 1)
    }

    /// A constant where a bool holds, else 0.
    pub fn number_of_bool(&mut self, x: &Held, constant: Reg, width: usize) -> Reg {
        if self.is_evex() {
            let mask = self.mask(x);
            return self.where_set(mask, constant.into(), width);
        }
        let lanes = self.lanes(x, width);
        self.and(width, lanes, constant)
    }

    /// The bool of bytes from memory, each 0 or 1.
    pub fn of_bytes(&mut self, bytes: Reg) -> Held {
        if self.is_evex() {
            return Held::Mask(self.test(1, bytes));
        }
        let (zero, size) = (self.splat(0, 8), self.size(1));
        Held::Lanes(self.emit(Row::Pcmpgtb, size, &[bytes.into(), zero.into()]), 1)
    }

    /// The second of numbers of this width where the first, a bool, holds; else the third.
    pub fn select(&mut self, width: usize, args: &[Held]) -> Held {
        Held::Vector(self.blend(&args[0], &args[1], &args[2], width))
    }

    /// `yes` where the bool holds, else `no`: numbers of this width.
    pub fn blend(&mut self, mask: &Held, yes: &Held, no: &Held, width: usize) -> Reg {
        let zero = |x: &Held| matches!(x, Held::Constant(c) if c.bits() == 0);
        if let Held::Constant(c) = mask {
            return self.reg(if c.bits() != 0 { yes } else { no });
        }
        if self.is_evex() {
            let mask = self.mask(mask);
            let yes = self.arg(yes);
            return if zero(no) { self.where_set(mask, yes, width) } else { self.blend_by(mask, yes, no, width) };
        }
        let size = self.size(width);
        let mask = self.lanes(mask, width);
        if zero(no) {
            let yes = self.arg(yes);
            return self.emit(by_bits(width, Row::Pandd, Row::Pandq), size, &[mask.into(), yes]);
        }
        if zero(yes) {
            let no = self.arg(no);
            return self.emit(by_bits(width, Row::Pandnd, Row::Pandnq), size, &[mask.into(), no]);
        }
        let (yes, no) = (self.reg(yes), self.reg(no));
        self.emit(Row::Pblendvb, size, &[no.into(), yes.into(), mask.into()])
    }

    /// `x` where a mask is set, else 0. (AVX-512.)
    pub fn where_set(&mut self, mask: Reg, x: Arg, width: usize) -> Reg {
        let row = by_width(width, Row::MASKED_LOAD);
        let size = self.size(width);
        self.emit_zeroed(row, size, &[x], mask)
    }

    /// `yes` where a mask is set, else `no`. (AVX-512.)
    pub fn blend_by(&mut self, mask: Reg, yes: Arg, no: &Held, width: usize) -> Reg {
        let no = self.reg(no);
        let row = by_width(width, [Row::Pblendmb, Row::Pblendmw, Row::Pblendmd, Row::Pblendmq]);
        let size = self.size(width);
        let result = self.emit(row, size, &[no.into(), yes]);
        if let Some(Inst { what: What::Row(_), masked, .. }) = self.block.last_mut() {
            // The mask chooses between the arguments: none is overwritten.
            *masked = Some(Masked { by: mask, zero: false });
        }
        result
    }
}

/// The width of a bool's lanes, if it is in such.
fn width_of(x: &Held) -> Option<usize> {
    match *x {
        Held::Lanes(_, width) => Some(width),
        _ => None,
    }
}
