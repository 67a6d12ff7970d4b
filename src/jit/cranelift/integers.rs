//! Integer operations that vectors have no instruction for: products of bytes, quotients and remainders, shifts.
//!
//! Comes in: arguments in registers, of one integer type. Goes out: the result, as `ir::op` specifies it. Always holds: nothing
//! traps, whatever the divisor or the count, in don't-care lanes neither.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::convert::EVEN;
use super::emit::Emitter;
use super::lanes::{Form, Held, PART, ints};
use crate::dtype::{DType, Scalar};

impl Emitter<'_> {
    /// Products of bytes, for which no machine has an instruction: those of even bytes are the low halves of products of
    /// 16 bits; of odd ones, with one factor moved down, the high halves.
    pub fn multiply_bytes(&mut self, x: clif::Value, y: clif::Value) -> clif::Value {
        let (x, y) = (self.cast(x, types::I16X8), self.cast(y, types::I16X8));
        let low = self.constant_lanes(0x00ff, 2, types::I16X8);
        let high = self.constant_lanes(0xff00, 2, types::I16X8);
        let even = self.b.ins().imul(x, y);
        let even = self.b.ins().band(even, low);
        let (x, y) = (self.b.ins().ushr_imm_u(x, 8), self.b.ins().band(y, high));
        let odd = self.b.ins().imul(x, y);
        let v = self.b.ins().bor(even, odd);
        self.cast(v, types::I8X16)
    }

    /// Bytes in the other order: one shuffle (SSSE3 has it; where there is no SSE4.1 it is not asked for).
    pub fn swap_bytes(&mut self, form: Form, x: &Held) -> Held {
        let width = form.width();
        if width == 1 {
            return x.clone();
        }
        if !self.target.machine.features.round {
            return self.per_lane(&[x], form, |e, x| e.b.ins().bswap(x[0]));
        }
        let pick = std::array::from_fn(|at| (at / width * width + width - 1 - at % width) as u8);
        self.map(form, &[x], |e, x| e.shuffle(x[0], x[0], pick, form.vector()))
    }

    /// High halves of products. Those of signed numbers are the unsigned ones less each factor where the other is negative. Of
    /// 64 bits, lane by lane.
    pub fn multiply_high(&mut self, dtype: DType, args: &[&Held]) -> Held {
        let (form, signed) = (Form::of(dtype), dtype.is_signed());
        if form.width() == 8 {
            return self.per_lane(args, form, |e, x| match signed {
                true => e.b.ins().smulhi(x[0], x[1]),
                false => e.b.ins().umulhi(x[0], x[1]),
            });
        }
        self.map(form, args, |e, x| {
            let (x, y) = (x[0], x[1]);
            let high = if form.width() == 4 {
                e.high_halves(x, y)
            } else {
                let y = e.apart(y, form);
                e.high_of_short(x, y, form)
            };
            if !signed {
                return high;
            }
            let zero = e.constant_lanes(0, 8, form.vector());
            [(x, y), (y, x)].into_iter().fold(high, |high, (x, y)| {
                let negative = e.b.ins().icmp(IntCC::SignedLessThan, x, zero);
                let excess = e.b.ins().band(negative, y);
                e.b.ins().isub(high, excess)
            })
        })
    }

    /// High halves of products of unsigned numbers by one constant.
    pub fn multiply_high_by(&mut self, dtype: DType, x: &Held, factor: Scalar) -> Held {
        let (form, bits) = (Form::of(dtype), factor.bits());
        match form.width() {
            8 => {
                let factor = self.b.ins().iconst(types::I64, bits as i64);
                self.per_lane(&[x], form, |e, x| e.b.ins().umulhi(x[0], factor))
            }
            4 => {
                let factor = self.constant_scalar(factor);
                self.map(form, &[x, &factor], |e, x| e.high_halves(x[0], x[1]))
            }
            width => self.map(form, &[x], |e, x| {
                let factor = e.constant_lanes(bits, 2 * width, ints(2 * width));
                e.high_of_short(x[0], [factor; 2], form)
            }),
        }
    }

    /// The high halves of products of 1 or 2 bytes: those of even and of odd lanes are products in lanes of twice the width.
    fn high_of_short(&mut self, x: clif::Value, [even_y, odd_y]: [clif::Value; 2], form: Form) -> clif::Value {
        let [even_x, odd_x] = self.apart(x, form);
        let even = self.b.ins().imul(even_x, even_y);
        let even = self.b.ins().ushr_imm_u(even, 8 * form.width() as i64);
        let odd = self.b.ins().imul(odd_x, odd_y);
        self.together(even, odd, form)
    }

    /// Even and odd lanes of 1 or 2 bytes, as ones of twice the width.
    fn apart(&mut self, x: clif::Value, form: Form) -> [clif::Value; 2] {
        let (width, bits) = (form.width(), 8 * form.width() as i64);
        let x = self.cast(x, ints(2 * width));
        let low = self.constant_lanes((1 << bits) - 1, 2 * width, ints(2 * width));
        [self.b.ins().band(x, low), self.b.ins().ushr_imm_u(x, bits)]
    }

    /// Even lanes, alone in ones of twice the width, and the high halves of others.
    fn together(&mut self, even: clif::Value, odd: clif::Value, form: Form) -> clif::Value {
        const HALVES: [u8; PART] = [0, 1, 18, 19, 4, 5, 22, 23, 8, 9, 26, 27, 12, 13, 30, 31];
        let (width, bits) = (form.width(), 8 * form.width());
        // A blend of words, which SSE4.1 has; of bytes there is none.
        if width == 2 && self.target.machine.features.blend {
            return self.shuffle(even, odd, HALVES, form.vector());
        }
        let high = self.constant_lanes(((1 << bits) - 1) << bits, 2 * width, ints(2 * width));
        let odd = self.b.ins().band(odd, high);
        let v = self.b.ins().bor(even, odd);
        self.cast(v, form.vector())
    }

    /// Products of unsigned lanes of 4 bytes in ones of 8, those of the low half and those of the high one.
    fn products(&mut self, x: clif::Value, y: clif::Value) -> [clif::Value; 2] {
        let [xl, yl] = [x, y].map(|v| self.b.ins().uwiden_low(v));
        let [xh, yh] = [x, y].map(|v| self.b.ins().uwiden_high(v));
        [self.b.ins().imul(xl, yl), self.b.ins().imul(xh, yh)]
    }

    /// The high halves of products of 4 bytes.
    fn high_halves(&mut self, x: clif::Value, y: clif::Value) -> clif::Value {
        const HIGH: [u8; PART] = [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31];
        let [low, high] = self.products(x, y);
        self.shuffle(low, high, HIGH, types::I32X4)
    }

    /// Floored quotients or remainders: of integers of up to 32 bits as floats, of wider ones lane by lane.
    pub fn divide(&mut self, quotient: bool, dtype: DType, args: &[&Held]) -> Held {
        let (form, signed) = (Form::of(dtype), dtype.is_signed());
        let (x, y) = (args[0], args[1]);
        // A lone point is sooner divided as it is.
        if self.target.machine.features.round && form.width() <= 4 && self.lanes > 1 {
            return self.divide_as_floats(quotient, dtype, x, y);
        }
        let short = form.width() < 4;
        let ty = if short { types::I32 } else { form.lane() };
        self.per_lane(args, form, |e, x| {
            let [x, y] = [x[0], x[1]].map(|x| match signed {
                _ if !short => x,
                true => e.b.ins().sextend(ty, x),
                false => e.b.ins().uextend(ty, x),
            });
            let v = if signed { e.divide_signed(quotient, ty, x, y) } else { e.divide_unsigned(quotient, ty, x, y) };
            if short { e.b.ins().ireduce(form.lane(), v) } else { v }
        })
    }

    /// Floored quotients or remainders by division of floats of twice the precision.
    ///
    /// A quotient `x/y` that is no integer is at least `1/|y|` from one, and less than `2^w/|y|`, for integers of `w` bits. Its
    /// rounding moves it by less than `2^-p` of itself, where `p` is 24 of `f32` (`w` up to 16) and 53 of `f64` (32): by
    /// less than `1/|y|`, so it does not reach an integer, and its floor is exact.
    fn divide_as_floats(&mut self, quotient: bool, dtype: DType, x: &Held, y: &Held) -> Held {
        let form = Form::of(dtype);
        let float = if form.width() <= 2 { DType::F32 } else { DType::F64 };
        let wide = Form::of(float);
        let [a, b] = [x, y].map(|v| self.convert(v, dtype, float));
        let q = self.map(Form::Int(wide.width()), &[&a, &b], |e, x| {
            let q = e.b.ins().fdiv(x[0], x[1]);
            let q = e.b.ins().floor(q);
            e.low_bits(q, wide)
        });
        let q = self.resize(&q, form.width(), true);
        // By 0 both are 0.
        self.map(form, &[x, y, &q], |e, x| {
            let ty = form.vector();
            let zero = e.constant_lanes(0, 8, ty);
            let by_zero = e.b.ins().icmp(IntCC::Equal, x[1], zero);
            let v = if quotient {
                x[2]
            } else {
                let product = if form.width() == 1 { e.multiply_bytes(x[2], x[1]) } else { e.b.ins().imul(x[2], x[1]) };
                e.b.ins().isub(x[0], product)
            };
            let some = e.complement(by_zero, form);
            e.b.ins().band(v, some)
        })
    }

    /// Integral floats of a small magnitude (below 2^21 of `f32`, 2^50 of `f64`), as integers in the low bits of their lanes: what
    /// is added has these bits as units.
    pub fn low_bits(&mut self, x: clif::Value, form: Form) -> clif::Value {
        let units = match form {
            Form::F32 => u64::from((1.5 * 2f32.powi(23)).to_bits()),
            _ => (1.5 * 2f64.powi(52)).to_bits(),
        };
        let units = self.constant_lanes(units, form.width(), form.vector());
        let sum = self.b.ins().fadd(x, units);
        self.as_ints(sum, form)
    }

    fn divide_signed(&mut self, quotient: bool, ty: clif::Type, x: clif::Value, y: clif::Value) -> clif::Value {
        let b = self.b.ins();
        // Divisors 0 and -1 are replaced by 1, which no dividend traps on: then the remainder is 0, and the quotient
        // is x*y (0, and -x with MIN*-1 = MIN).
        let shifted = b.iadd_imm_s(y, 1);
        let special = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, shifted, 2);
        let one = self.b.ins().iconst(ty, 1);
        let divisor = self.b.ins().select(special, one, y);
        let q = self.b.ins().sdiv(x, divisor);
        let product = self.b.ins().imul(q, divisor);
        let r = self.b.ins().isub(x, product);
        // Towards minus infinity: one down where there is a remainder of the other sign.
        let zero = self.b.ins().iconst(ty, 0);
        let signs = self.b.ins().bxor(r, divisor);
        let apart = self.b.ins().icmp(IntCC::SignedLessThan, signs, zero);
        let inexact = self.b.ins().icmp(IntCC::NotEqual, r, zero);
        let down = self.b.ins().band(apart, inexact);
        if quotient {
            let lower = self.b.ins().iadd_imm_s(q, -1);
            let floored = self.b.ins().select(down, lower, q);
            let product = self.b.ins().imul(x, y);
            self.b.ins().select(special, product, floored)
        } else {
            let moved = self.b.ins().iadd(r, divisor);
            self.b.ins().select(down, moved, r)
        }
    }

    fn divide_unsigned(&mut self, quotient: bool, ty: clif::Type, x: clif::Value, y: clif::Value) -> clif::Value {
        let by_zero = self.b.ins().icmp_imm_u(IntCC::Equal, y, 0);
        let one = self.b.ins().iconst(ty, 1);
        let zero = self.b.ins().iconst(ty, 0);
        let divisor = self.b.ins().select(by_zero, one, y);
        let q = self.b.ins().udiv(x, divisor);
        if quotient {
            return self.b.ins().select(by_zero, zero, q);
        }
        // By 1 there is no remainder.
        let product = self.b.ins().imul(q, divisor);
        self.b.ins().isub(x, product)
    }

    /// A shift of scalars. Cranelift takes the count modulo the width, so other counts are caught.
    pub fn shift(
        &mut self,
        left: bool,
        signed: bool,
        ty: clif::Type,
        x: clif::Value,
        count: clif::Value,
    ) -> clif::Value {
        let width = i64::from(ty.bits());
        let valid = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, count, width);
        if left || !signed {
            let shifted = if left { self.b.ins().ishl(x, count) } else { self.b.ins().ushr(x, count) };
            let zero = self.b.ins().iconst(ty, 0);
            self.b.ins().select(valid, shifted, zero)
        } else {
            let most = self.b.ins().iconst(ty, width - 1);
            let count = self.b.ins().select(valid, count, most);
            self.b.ins().sshr(x, count)
        }
    }

    /// A shift of each lane by a count of its own, of up to 32 bits, as a product: no vectors of 128 bits have the instruction.
    /// To the left by `2^count`; to the right by `2^(w-1-count)`, of which the upper `w` bits but one are the result. An
    /// arithmetic one flips what is negative, and flips it back.
    pub fn shift_lanes(&mut self, left: bool, dtype: DType, args: &[&Held]) -> Held {
        let (form, arithmetic) = (Form::of(dtype), !left && dtype.is_signed());
        let powers = self.map(form, &[args[1]], |e, count| e.powers(count[0], form, !left));
        self.map(form, &[args[0], &powers], |e, x| {
            let (x, power) = (x[0], x[1]);
            if left {
                return if form.width() == 1 { e.multiply_bytes(x, power) } else { e.b.ins().imul(x, power) };
            }
            if !arithmetic {
                return e.scale_down(x, power, form);
            }
            let zero = e.constant_lanes(0, 8, form.vector());
            let negative = e.b.ins().icmp(IntCC::SignedLessThan, x, zero);
            let x = e.b.ins().bxor(x, negative);
            let scaled = e.scale_down(x, power, form);
            e.b.ins().bxor(scaled, negative)
        })
    }

    /// `2^count`, or `2^(w-1-count)`; from the width on 0. Byte `j` of a lane is found by `count - 8j` in a table of the powers
    /// below 2^8, which is 0 where it ends. For counts below the width, `w-1-count` and, where it matters, the difference
    /// are exclusive ors; other counts stay above the table.
    fn powers(&mut self, count: clif::Value, form: Form, down: bool) -> clif::Value {
        let width = form.width();
        let mut index = count;
        if width > 1 {
            let most = self.constant_lanes(0xff, width, form.vector());
            let count = self.b.ins().umin(count, most);
            let low_byte = std::array::from_fn(|byte| (byte - byte % width) as u8);
            index = self.shuffle(count, count, low_byte, types::I8X16);
        }
        let last = if down { 8 * width - 1 } else { 0 };
        let from = std::array::from_fn(|byte| ((8 * (byte % width)) ^ last) as u8);
        if from != [0; PART] {
            let from = self.constant(from, types::I8X16);
            index = self.b.ins().bxor(index, from);
        }
        let table = std::array::from_fn(|power| if power < 8 { 1 << power } else { 0 });
        let table = self.constant(table, types::I8X16);
        let powers = self.b.ins().swizzle(table, index);
        self.cast(powers, form.vector())
    }

    /// Products of unsigned lanes, down by their bits but one; they fit.
    fn scale_down(&mut self, x: clif::Value, y: clif::Value, form: Form) -> clif::Value {
        if form.width() == 4 {
            let [low, high] = self.products(x, y).map(|v| self.b.ins().ushr_imm_u(v, 31));
            return self.shuffle(low, high, EVEN, types::I32X4);
        }
        let ([even_x, odd_x], [even_y, odd_y]) = (self.apart(x, form), self.apart(y, form));
        let even = self.b.ins().imul(even_x, even_y);
        let even = self.b.ins().ushr_imm_u(even, 8 * form.width() as i64 - 1);
        let odd = self.b.ins().imul(odd_x, odd_y);
        let odd = self.b.ins().ishl_imm_u(odd, 1);
        self.together(even, odd, form)
    }

    /// A shift of the lanes of a part by a count from 0 up to their width.
    fn shift_part(&mut self, left: bool, arithmetic: bool, x: clif::Value, count: i64, form: Form) -> clif::Value {
        if form.width() == 1 {
            return self.shift_bytes(left, arithmetic, x, count);
        }
        let amount = self.b.ins().iconst(types::I32, count);
        match (left, arithmetic) {
            (true, _) => self.b.ins().ishl(x, amount),
            (false, true) => self.b.ins().sshr(x, amount),
            (false, false) => self.b.ins().ushr(x, amount),
        }
    }

    /// A shift of all lanes by one constant.
    pub fn shift_by(&mut self, left: bool, dtype: DType, x: &Held, count: Scalar) -> Held {
        let (form, arithmetic) = (Form::of(dtype), !left && dtype.is_signed());
        let width = 8 * form.width() as i64;
        let count = count.as_int().and_then(|count| i64::try_from(count).ok()).filter(|c| (0..width).contains(c));
        self.map(form, &[x], |e, x| match count {
            None if !arithmetic => e.constant_lanes(0, 8, form.vector()),
            count => {
                let count = count.unwrap_or(width - 1);
                e.shift_part(left, arithmetic, x[0], count, form)
            }
        })
    }

    /// A shift of bytes by a constant, as one of 16 bits without what came over from the neighbour. (For most counts that is
    /// shorter than what Cranelift makes of it.)
    fn shift_bytes(&mut self, left: bool, arithmetic: bool, x: clif::Value, count: i64) -> clif::Value {
        let pairs = self.cast(x, types::I16X8);
        let amount = self.b.ins().iconst(types::I32, count);
        let moved = if left { self.b.ins().ishl(pairs, amount) } else { self.b.ins().ushr(pairs, amount) };
        let own = if left { 0xff_u64 << count & 0xff } else { 0xff_u64 >> count };
        let moved = self.cast(moved, types::I8X16);
        let mask = self.constant_lanes(own, 1, types::I8X16);
        let moved = self.b.ins().band(moved, mask);
        if !arithmetic {
            return moved;
        }
        // The sign is now at bit 7 - count: flipped and subtracted, it goes on to the top.
        let sign = self.constant_lanes(0x80 >> count, 1, types::I8X16);
        let flipped = self.b.ins().bxor(moved, sign);
        self.b.ins().isub(flipped, sign)
    }
}
