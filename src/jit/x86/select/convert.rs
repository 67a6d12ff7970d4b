//! Conversions between types.
//!
//! The machine's conversions of floats give one value (of unsigned integers all ones, of signed ones `MIN`) for all that does not
//! fit, and for NaN. So what does not fit is brought to the end of the range before, or after; what is exactly that value at the right
//! end is left to the conversion. With AVX2, `f32` and `f64` to 64 bits are converted lane by lane.

use super::super::mir::{Masked, Reg};
use super::super::rows::Row;
use super::floats::{relation, rounding};
use super::{Code, Held, by_float, by_width};
use crate::dtype::DType;

/// The bits of a float of so many bytes.
fn float_bits(width: usize, x: f64) -> u64 {
    if width == 4 { u64::from((x as f32).to_bits()) } else { x.to_bits() }
}

impl Code {
    /// A value of type `from` as `to`.
    pub fn convert(&mut self, x: &Held, from: DType, to: DType) -> Held {
        use DType::*;
        let width = to.size();
        let v = match (from, to) {
            _ if from == to => return *x,
            (Bool, _) => {
                let one = match to {
                    F32 | F64 => float_bits(width, 1.0),
                    _ => 1,
                };
                let one = self.splat(one, width);
                self.number_of_bool(x, one, width)
            }
            (_, Bool) if from.is_float() => {
                let zero = self.splat(0, 8);
                let x = self.reg(x);
                return self.related(from.size(), [x.into(), zero.into()], relation::DIFFERENT);
            }
            (_, Bool) => {
                let x = self.reg(x);
                if self.is_evex() {
                    return Held::Mask(self.test(from.size(), x));
                }
                let zero = self.is_zero(from.size(), x);
                let zero = self.lanes(&zero, from.size());
                return Held::Lanes(self.complement(from.size(), zero), from.size());
            }
            _ if from.is_int() && to.is_int() => self.resize(x, from.size(), width, from.is_signed()),
            (F32, F64) => self.convert_by(Row::Cvtps2pd, x, 4, 8),
            (F64, F32) => self.convert_by(Row::Cvtpd2ps, x, 8, 4),
            _ if from.is_int() => self.float_of_int(x, from, to),
            (_, I64 | U64) if !self.is_evex() => return self.by_lanes(crate::ir::Op::Convert, from, to, &[*x]),
            _ if !to.is_signed() => self.unsigned_of_float(x, from, to),
            _ => self.signed_of_float(x, from, to),
        };
        Held::Vector(v)
    }

    /// A conversion in one instruction, from lanes of so many bytes to others.
    fn convert_by(&mut self, row: Row, x: &Held, from: usize, to: usize) -> Reg {
        let (size, result, x) = (self.size(from.max(to)), self.size(to), self.arg(x));
        let v = self.emit(row, size, &[x]);
        self.sized(v, result)
    }

    fn float_of_int(&mut self, x: &Held, from: DType, to: DType) -> Reg {
        use DType::*;
        match (from, to) {
            (I32, F64) => self.convert_by(Row::Cvtdq2pd, x, 4, 8),
            (I32, F32) => self.convert_by(Row::Cvtdq2ps, x, 4, 4),
            (U32, F64) if self.is_evex() => self.convert_by(Row::Cvtudq2pd, x, 4, 8),
            (U32, F32) if self.is_evex() => self.convert_by(Row::Cvtudq2ps, x, 4, 4),
            (I64, F64) if self.is_evex() => self.convert_by(Row::Cvtqq2pd, x, 8, 8),
            (U64, F64) if self.is_evex() => self.convert_by(Row::Cvtuqq2pd, x, 8, 8),
            (I64, F32) if self.is_evex() => self.convert_by(Row::Cvtqq2ps, x, 8, 4),
            (U64, F32) if self.is_evex() => self.convert_by(Row::Cvtuqq2ps, x, 8, 4),
            // With the bits of 2^52 above it an unsigned integer is that much more.
            (U32, F64) => {
                let x = self.extend(x, 4, 8, false);
                let base = self.splat(2f64.powi(52).to_bits(), 8);
                let (sum, size) = (self.or(8, x, base), self.size(8));
                self.emit(Row::Subpd, size, &[sum.into(), base.into()])
            }
            (U32, F32) => self.single_of_dword(x),
            (I64 | U64, _) => {
                let x = self.reg(x);
                let signed = from == I64;
                if to == F64 {
                    return self.double_of_qword(x, signed);
                }
                let x = self.with_sticky_bit(x, signed);
                let wide = self.double_of_qword(x, signed);
                self.convert_by(Row::Cvtpd2ps, &Held::Vector(wide), 8, 4)
            }
            // Short integers are `i32`s.
            _ => {
                let wide = self.extend(x, from.size(), 4, from.is_signed());
                self.float_of_int(&Held::Vector(wide), I32, to)
            }
        }
    }

    /// Unsigned integers of 32 bits as `f32`, of which each half is one exactly: the upper one above 2^39, in units of 2^16, the lower
    /// one above 2^23. The difference of the bases, and of the upper half and them, is exact, and the sum is rounded once. (AVX2.)
    fn single_of_dword(&mut self, x: &Held) -> Reg {
        let x = self.reg(x);
        let (size, low, high) = (self.size(4), 2f32.powi(23), 2f32.powi(39));
        let [low_base, high_base, bases, mask] =
            [low.to_bits(), high.to_bits(), (high + low).to_bits(), 0xffff].map(|bits| self.splat(bits.into(), 4));
        let upper = self.shift_right(size, 4, x, 16);
        let upper = self.or(4, upper, high_base);
        let lower = self.and(4, x, mask);
        let lower = self.or(4, lower, low_base);
        let upper = self.emit(Row::Subps, size, &[upper.into(), bases.into()]);
        self.emit(Row::Addps, size, &[upper.into(), lower.into()])
    }

    /// The same of 64 bits as `f64`. The upper half of a signed integer is above 2^84 by 2^63 more than it is. (AVX2.)
    fn double_of_qword(&mut self, x: Reg, signed: bool) -> Reg {
        /// The odd ones of eight: upper halves of 8 bytes.
        const UPPER: u8 = 0b1010_1010;
        let (size, low, high) = (self.size(8), 2f64.powi(52), 2f64.powi(84));
        let flip = if signed { 2f64.powi(63) } else { 0.0 };
        let [low_base, high_base, bases] =
            [low, high + flip, high + flip + low].map(|base| self.splat(base.to_bits(), 8));
        let upper = self.shift_right(size, 8, x, 32);
        let upper = self.xor(8, upper, high_base);
        let lower = self.emit_i(Row::Pblendd, size, &[x.into(), low_base.into()], UPPER);
        let upper = self.emit(Row::Subpd, size, &[upper.into(), bases.into()]);
        self.emit(Row::Addpd, size, &[upper.into(), lower.into()])
    }

    /// An integer of 64 bits that `f64` holds, and that is rounded to the same `f32`. From 2^53 on the low 11 bits become one: set if
    /// any of them was. An `f32` so large is in units of 2^30, so that bit can but say that the integer is more than one of them, or
    /// than half of one. (AVX2.)
    fn with_sticky_bit(&mut self, x: Reg, signed: bool) -> Reg {
        let size = self.size(8);
        let low = self.splat(0x7ff, 8);
        let any = self.and(8, x, low);
        let any = self.add(8, any, low);
        let sticky = self.or(8, x, any);
        let sticky = self.without(8, low, sticky);
        // Below 2^53 these bits are 0. Signed integers from -2^53 on are 2^53 more, and have one bit more.
        let (magnitude, bits) = if signed {
            let base = self.splat(1 << 53, 8);
            (self.add(8, x, base), 54)
        } else {
            (x, 53)
        };
        let high = self.shift_right(size, 8, magnitude, bits);
        let small = self.is_zero(8, high);
        self.blend(&small, &Held::Vector(x), &Held::Vector(sticky), 8)
    }

    /// Integral floats from 0 up to below 2^52, as integers of 32 bits: what is added has these as its units. (AVX2.)
    pub fn low_bits(&mut self, x: Reg) -> Reg {
        let (size, base) = (self.size(8), self.splat(2f64.powi(52).to_bits(), 8));
        let sum = self.emit(Row::Addpd, size, &[x.into(), base.into()]);
        self.resize(&Held::Vector(sum), 8, 4, false)
    }

    /// To unsigned integers. `max(x, 0)` of a NaN is its second operand: 0.
    fn unsigned_of_float(&mut self, x: &Held, from: DType, to: DType) -> Reg {
        let (width, size, x) = (from.size(), self.size(from.size()), self.reg(x));
        let zero = self.splat(0, 8);
        let x = self.emit(by_float(width, Row::Maxps, Row::Maxpd), size, &[x.into(), zero.into()]);
        if !self.is_evex() {
            return self.unsigned_by_signed(x, width, to);
        }
        // What is too large becomes the largest.
        if to.size() == 8 {
            let row = by_float(width, Row::Cvttps2uqq, Row::Cvttpd2uqq);
            return self.convert_by(row, &Held::Vector(x), width, 8);
        }
        let row = by_float(width, Row::Cvttps2udq, Row::Cvttpd2udq);
        let v = self.convert_by(row, &Held::Vector(x), width, 4);
        match to.size() {
            4 => v,
            short => {
                self.narrow(by_width(short, [Row::Pmovusdb, Row::Pmovusdw, Row::Pmovusdw, Row::Pmovusdw]), v, 4, short)
            }
        }
    }

    /// Floats that are not below 0, to unsigned integers of up to 32 bits. (AVX2.)
    fn unsigned_by_signed(&mut self, x: Reg, width: usize, to: DType) -> Reg {
        let size = self.size(width);
        if to == DType::U32 && width == 4 {
            return self.dword_of_single(x);
        }
        let most = self.splat(float_bits(width, f64::from(u32::MAX >> (32 - 8 * to.size()))), width);
        let x = self.emit(by_float(width, Row::Minps, Row::Minpd), size, &[x.into(), most.into()]);
        if to == DType::U32 {
            let x = self.integral(width, &Held::Vector(x), rounding::TO_ZERO);
            return self.low_bits(x);
        }
        let v = self.convert_by(by_float(width, Row::Cvttps2dq, Row::Cvttpd2dq), &Held::Vector(x), width, 4);
        self.resize(&Held::Vector(v), 4, to.size(), false)
    }

    /// `f32`s that are not below 0, to unsigned integers of 32 bits. From 2^31 on the conversion gives 2^31, with that of what is above
    /// 2^31 the value; from 2^32 on all bits are set. (AVX2.)
    fn dword_of_single(&mut self, x: Reg) -> Reg {
        let size = self.size(4);
        let [half, end] = [31, 32].map(|power| self.splat(2f32.powi(power).to_bits().into(), 4));
        let low = self.emit(Row::Cvttps2dq, size, &[x.into()]);
        let above = self.emit(Row::Subps, size, &[x.into(), half.into()]);
        let above = self.emit(Row::Cvttps2dq, size, &[above.into()]);
        // (Below 2^31 that was negative.)
        let large = self.emit_i(Row::Psradi, size, &[low.into()], 31);
        let above = self.and(4, above, large);
        let v = self.or(4, low, above);
        let beyond = self.related(4, [x.into(), end.into()], relation::GREATER_OR_EQUAL);
        let beyond = self.lanes(&beyond, 4);
        self.or(4, v, beyond)
    }

    /// To signed integers. What is too small becomes the least by itself, but not in a short type of AVX2's.
    fn signed_of_float(&mut self, x: &Held, from: DType, to: DType) -> Reg {
        let (width, short) = (from.size(), to.size());
        let (size, x) = (self.size(width), self.reg(x));
        let held = 8 * short as i32 - 1;
        // Whether the float type has the greatest value: it is the lesser of the two then, else what is beyond is found afterwards.
        if held >= if width == 4 { 24 } else { 53 } {
            return self.signed_and_mended(x, from, to);
        }
        let most = self.splat(float_bits(width, 2f64.powi(held) - 1.0), width);
        let (row, min) = (by_float(width, Row::Cvttps2dq, Row::Cvttpd2dq), by_float(width, Row::Minps, Row::Minpd));
        if self.is_evex() {
            let number = self.ordered(width, x);
            let number = self.mask(&number);
            let x = self.emit_zeroed(min, size, &[x.into(), most.into()], number);
            let v = self.convert_by(row, &Held::Vector(x), width, 4);
            return match short {
                4 => v,
                _ => {
                    self.narrow(by_width(short, [Row::Pmovsdb, Row::Pmovsdw, Row::Pmovsdw, Row::Pmovsdw]), v, 4, short)
                }
            };
        }
        let x = self.number_or_zero(width, x);
        let mut x = self.emit(min, size, &[x.into(), most.into()]);
        if short < 4 {
            let least = self.splat(float_bits(width, -2f64.powi(held)), width);
            x = self.emit(by_float(width, Row::Maxps, Row::Maxpd), size, &[x.into(), least.into()]);
        }
        let v = self.convert_by(row, &Held::Vector(x), width, 4);
        self.resize(&Held::Vector(v), 4, short, false)
    }

    /// To signed integers whose greatest the float type has not: from the power of two above it on they become that, NaNs 0.
    fn signed_and_mended(&mut self, x: Reg, from: DType, to: DType) -> Reg {
        let (width, wide) = (from.size(), to.size());
        let end = self.splat(float_bits(width, 2f64.powi(8 * wide as i32 - 1)), width);
        let row = match (width, wide) {
            (4, 4) => Row::Cvttps2dq,
            (4, _) => Row::Cvttps2qq,
            _ => Row::Cvttpd2qq,
        };
        let size = self.size(width.max(wide));
        if self.is_evex() {
            let number = self.ordered(width, x);
            let by = self.mask(&number);
            let v = self.emit_with(row, size, &[x.into()], None, Some(Masked { by, zero: true }));
            let beyond = self.related(width, [x.into(), end.into()], relation::GREATER_OR_EQUAL);
            let beyond = self.mask(&beyond);
            let most = self.splat(super::sign(wide) - 1, wide);
            return self.blend_by(beyond, most.into(), &Held::Vector(v), wide);
        }
        // (Of 32 bits alone.) Too much gives `MIN`, whose complement is the greatest.
        let x = self.number_or_zero(width, x);
        let v = self.emit(row, size, &[x.into()]);
        let beyond = self.related(width, [x.into(), end.into()], relation::GREATER_OR_EQUAL);
        let beyond = self.lanes(&beyond, width);
        self.xor(wide, v, beyond)
    }
}
