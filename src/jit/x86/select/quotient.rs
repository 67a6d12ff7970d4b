//! Division of integers: floored quotients and remainders.
//!
//! Integers of up to 32 bits are divided as floats of twice the precision, exactly. Those of 64 bits are with AVX-512 divided as `f64`
//! in two steps; with AVX2, which converts none, lane by lane.
//!
//! Always holds: nothing traps; by 0 the quotient and the remainder are 0.

use super::super::mir::Reg;
use super::super::rows::Row;
use super::floats::rounding;
use super::{Code, Held, by_float};
use crate::dtype::DType;
use crate::ir::Op;

impl Code {
    /// A floored quotient or remainder.
    pub fn divide(&mut self, op: Op, dtype: DType, args: &[Held]) -> Held {
        let quotient = op == Op::FloorDiv;
        let (width, signed) = (dtype.size(), dtype.is_signed());
        if width == 8 && !self.is_evex() {
            return self.by_lanes(op, dtype, dtype, args);
        }
        let args = [self.loaded(&args[0]), self.loaded(&args[1])];
        let [x, y] = args.map(|x| self.reg(&x));
        let v = if width < 8 {
            let float = if width < 4 { DType::F32 } else { DType::F64 };
            let q = self.in_pieces(width, float.size(), &args, &|code, args| code.divide_as_floats(dtype, float, args));
            if quotient {
                q
            } else {
                let product = self.multiply(width, &[Held::Vector(q), Held::Vector(y)]);
                self.subtract(width, x, product)
            }
        } else if signed {
            self.divide_signed(quotient, x, y)
        } else {
            self.divide_unsigned(quotient, x, y)
        };
        Held::Vector(self.unless_zero(width, y, v))
    }

    /// `v`, but 0 where `y` is.
    fn unless_zero(&mut self, width: usize, y: Reg, v: Reg) -> Reg {
        if self.is_evex() {
            let some = self.test(width, y);
            return self.where_set(some, v.into(), width);
        }
        let zero = self.is_zero(width, y);
        let zero = self.lanes(&zero, width);
        self.without(width, zero, v)
    }

    /// Floored quotients by division of floats of twice the precision.
    ///
    /// A quotient `x/y` that is no integer is at least `1/|y|` from one, and less than `2^w/|y|`, for integers of `w` bits. Its
    /// rounding moves it by less than `2^-p` of itself, where `p` is 24 of `f32` (`w` up to 16) and 53 of `f64` (32): by
    /// less than `1/|y|`, so it does not reach an integer, and its floor is exact.
    fn divide_as_floats(&mut self, dtype: DType, float: DType, args: &[Held]) -> Reg {
        let (width, wide, signed) = (dtype.size(), float.size(), dtype.is_signed());
        let [a, b] = [args[0], args[1]].map(|x| {
            let x = self.convert(&x, dtype, float);
            self.reg(&x)
        });
        let size = self.size(wide);
        let q = self.emit(by_float(wide, Row::Divps, Row::Divpd), size, &[a.into(), b.into()]);
        if dtype == DType::U32 && !self.is_evex() {
            // Of AVX2's conversions none gives all 32 bits.
            let q = self.integral(wide, &Held::Vector(q), rounding::DOWN);
            return self.low_bits(q);
        }
        // (Where it is not negative truncation is the floor.)
        let q = if signed { self.integral(wide, &Held::Vector(q), rounding::DOWN) } else { q };
        // `MIN // -1` is one more than fits: of 32 bits what the conversion gives then is `MIN`, of others it is the low bits.
        let row = match (wide, signed) {
            (4, _) => Row::Cvttps2dq,
            (_, true) => Row::Cvttpd2dq,
            _ => Row::Cvttpd2udq,
        };
        let q = self.emit(row, size, &[q.into()]);
        let result = self.size(4);
        let q = self.sized(q, result);
        self.resize(&Held::Vector(q), 4, width, false)
    }

    /// Of 64 bits, by a first quotient, and a second one of what remains. (AVX-512.)
    ///
    /// With `u = 2^-53`: the reciprocal times the dividend is within `4.01*u` of the quotient, after four roundings. So the first
    /// remainder, `x - q1*y`, is at most `|y|/2` from the rounding of `q1` to an integer, and `4.01*u*|x|`, which is below 2^14, from
    /// the error: for `|y|` up to 2^63 that is less than 2^63, and as a signed integer it is exact, whatever wrapped before. (A
    /// signed `q1` of 2^63 is converted to `MIN`, which is the same modulo 2^64; an unsigned one of 2^64 to `MAX`, which is nearer.)
    /// The second quotient is at most `1/2 + 2^14`, so its error is below 2^-37: the second remainder is at most
    /// `|y|*(1/2 + 2^-37)`, and one step makes it the floored one.
    fn divide_twice(&mut self, signed: bool, x: Reg, y: Reg) -> [Reg; 2] {
        let size = self.size(8);
        let (to_float, from_float) =
            if signed { (Row::Cvtqq2pd, Row::Cvtpd2qq) } else { (Row::Cvtuqq2pd, Row::Cvtpd2uqq) };
        let [a, b] = [x, y].map(|x| self.emit(to_float, size, &[x.into()]));
        let one = self.splat(1f64.to_bits(), 8);
        let reciprocal = self.emit(Row::Divpd, size, &[one.into(), b.into()]);
        let q = self.emit(Row::Mulpd, size, &[a.into(), reciprocal.into()]);
        let q1 = self.emit(from_float, size, &[q.into()]);
        let product = self.emit(Row::Pmullq, size, &[q1.into(), y.into()]);
        let r = self.subtract(8, x, product);
        let a = self.emit(Row::Cvtqq2pd, size, &[r.into()]);
        let q = self.emit(Row::Mulpd, size, &[a.into(), reciprocal.into()]);
        let q2 = self.emit(Row::Cvtpd2qq, size, &[q.into()]);
        let product = self.emit(Row::Pmullq, size, &[q2.into(), y.into()]);
        [self.add(8, q1, q2), self.subtract(8, r, product)]
    }

    fn divide_signed(&mut self, quotient: bool, x: Reg, y: Reg) -> Reg {
        const LESS: u8 = 1;
        let size = self.size(8);
        let [q, r] = self.divide_twice(true, x, y);
        // One down where there is a remainder of the other sign.
        let some = self.test(8, r);
        let signs = self.xor(8, r, y);
        let zero = self.splat(0, 8);
        let apart = self.emit_mask(Row::Pcmpq, size, &[signs.into(), zero.into()], Some(LESS), Some(some));
        self.step_down(quotient, [q, r, y], apart)
    }

    fn divide_unsigned(&mut self, quotient: bool, x: Reg, y: Reg) -> Reg {
        const NOT_LESS: u8 = 5;
        let size = self.size(8);
        let [q, r] = self.divide_twice(false, x, y);
        let below = self.emit_mask(Row::Pmovq2m, size, &[r.into()], None, None);
        let v = self.step_down(quotient, [q, r, y], below);
        // By 2^63 or more the quotient is 0 or 1. The lesser of `x` and `x - y`, which wraps where `y` is greater, is the remainder.
        let large = self.emit_mask(Row::Pmovq2m, size, &[y.into()], None, None);
        if quotient {
            let one = self.splat(1, 8);
            let holds = self.emit_mask(Row::Pcmpuq, size, &[x.into(), y.into()], Some(NOT_LESS), None);
            let q = self.where_set(holds, one.into(), 8);
            return self.blend_by(large, q.into(), &Held::Vector(v), 8);
        }
        let difference = self.subtract(8, x, y);
        self.emit_merged(Row::Pminuq, size, [v.into(), x.into(), difference.into()], large)
    }

    /// The quotient less one, or the remainder and the divisor, where the mask is set.
    fn step_down(&mut self, quotient: bool, [q, r, y]: [Reg; 3], mask: Reg) -> Reg {
        let size = self.size(8);
        if quotient {
            let one = self.splat(1, 8);
            self.emit_merged(Row::Psubq, size, [q.into(), q.into(), one.into()], mask)
        } else {
            self.emit_merged(Row::Paddq, size, [r.into(), r.into(), y.into()], mask)
        }
    }
}
