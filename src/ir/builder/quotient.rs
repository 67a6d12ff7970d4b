//! Division of integers by a constant as multiplication: no CPU has vectors of quotients.
//!
//! With `n` of `w` bits and a divisor `d` that is no power of two (those are shifts, see `rules.rs`), and `2^(l-1) < d < 2^l`
//! (T. Granlund and P. L. Montgomery, Division by Invariant Integers using Multiplication, 1994):
//! 1. If a factor `m` of `w` bits and a shift `s` are such that `0 <= m d - 2^(w+s) <= 2^s`, then `n // d` is `(m n >> w) >> s`.
//! 2. Else `m = floor(2^(w+l-1) / d)` does for `n + 1` (A. D. Robison, N-Bit Unsigned Division Via N-Bit Multiply-Add, 2005): then
//!    `n // d` is `(m (n+1) >> w) >> l-1`. Of the greatest `n`, for which `n + 1` is none of `w` bits, the quotient is that of `n - 1`:
//!    it is another one only if `d` divides `2^w - 1`, but then 1 has a factor. There is no minimum of 64 bits in vectors: those have
//!    a factor of one bit more, `2^w + m`, and with `t = m n >> w` the quotient is `(t + (n - t >> 1)) >> l-1`, in which nothing
//!    overflows.
//! 3. Signed numbers (`d > 0`) are flipped where they are negative, `~n`, divided as unsigned ones of `w-1` bits, for which a
//!    factor of `w` bits is always there, and the quotient is flipped back: `n // d = ~(~n // d)` where `n < 0`.
//!
//! A remainder is `n - (n // d) d`. Always holds: exact for every `n`.

use super::Builder;
use crate::dtype::{DType, Scalar};
use crate::ir::kernel::Value;
use crate::ir::op::Op;

/// `n // d` or `n % d` without a division, if `d` is more than 2 and no power of two.
pub fn by_constant(b: &mut Builder, op: Op, n: Value, d: Value) -> Option<Value> {
    let divisor = b.as_const(d)?.as_int().and_then(|d| u64::try_from(d).ok())?;
    let dtype = b.ty(n);
    if divisor < 3 || divisor.is_power_of_two() {
        return None;
    }
    let quotient = if dtype.is_signed() { signed(b, n, dtype, divisor) } else { unsigned(b, n, dtype, divisor) };
    Some(match op {
        Op::FloorDiv => quotient,
        _ => {
            let product = b.op(Op::Mul, &[quotient, d]);
            b.op(Op::Sub, &[n, product])
        }
    })
}

/// The least `m`, for the least shift `s`, that divides all numbers below `2^bits` by `d`: `(m n) >> w + s`, if it has no more than
/// `w` bits.
fn factor(width: u32, bits: u32, d: u64) -> Option<(u64, u32)> {
    let d = u128::from(d);
    (0..width).find_map(|shift| {
        // At most 2^127: `shift` is below the width.
        let power = 1u128 << (width + shift);
        let m = power.div_ceil(d);
        // The error for the greatest number is less than what its quotient lacks to the next.
        let enough = (m * d - power) << bits <= power;
        (enough && m >> width == 0).then_some((m as u64, shift))
    })
}

fn unsigned(b: &mut Builder, n: Value, dtype: DType, d: u64) -> Value {
    let width = 8 * dtype.size() as u32;
    if let Some((m, shift)) = factor(width, width, d) {
        return scaled(b, n, dtype, m, shift);
    }
    let log = d.ilog2() + 1;
    if width < 64 {
        let m = ((1u128 << (width + log - 1)) / u128::from(d)) as u64;
        let below = number(b, dtype, (1 << width) - 2);
        let one = number(b, dtype, 1);
        let n = b.op(Op::Min, &[n, below]);
        let next = b.op(Op::Add, &[n, one]);
        return scaled(b, next, dtype, m, log - 1);
    }
    let m = ((1u128 << width) * ((1u128 << log) - u128::from(d)) / u128::from(d)) as u64 + 1;
    let t = scaled(b, n, dtype, m, 0);
    let rest = b.op(Op::Sub, &[n, t]);
    let half = shifted(b, rest, dtype, 1);
    let sum = b.op(Op::Add, &[t, half]);
    shifted(b, sum, dtype, log - 1)
}

fn signed(b: &mut Builder, n: Value, dtype: DType, d: u64) -> Value {
    let width = 8 * dtype.size() as u32;
    let sign = shifted(b, n, dtype, width - 1);
    let n = b.op(Op::Xor, &[n, sign]);
    let plain = match dtype {
        DType::I8 => DType::U8,
        DType::I16 => DType::U16,
        DType::I32 => DType::U32,
        _ => DType::U64,
    };
    let n = b.convert(n, plain);
    let quotient = match factor(width, width - 1, d) {
        Some((m, shift)) => scaled(b, n, plain, m, shift),
        None => unsigned(b, n, plain, d),
    };
    let quotient = b.convert(quotient, dtype);
    b.op(Op::Xor, &[quotient, sign])
}

/// `(m n >> w) >> shift`
fn scaled(b: &mut Builder, n: Value, dtype: DType, m: u64, shift: u32) -> Value {
    let m = number(b, dtype, m);
    let high = b.op(Op::MulHigh, &[n, m]);
    shifted(b, high, dtype, shift)
}

fn shifted(b: &mut Builder, v: Value, dtype: DType, by: u32) -> Value {
    if by == 0 {
        return v;
    }
    let by = number(b, dtype, by.into());
    b.op(Op::Shr, &[v, by])
}

fn number(b: &mut Builder, dtype: DType, c: u64) -> Value {
    b.constant(Scalar::from_bits(dtype, c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::random::Rng;
    use crate::ir::{Access, LoopId, Role, Stride, semantics};

    /// The value of an operation of operations on `x` where `x` is `n`.
    fn evaluate(b: &Builder, v: Value, x: Value, n: Scalar) -> Scalar {
        if v == x {
            return n;
        }
        if let Some(c) = b.as_const(v) {
            return c;
        }
        let (op, args) = b.as_op(v).unwrap();
        assert!(!matches!(op, Op::FloorDiv | Op::FloorMod), "a division is left");
        let args: Vec<Scalar> = args.iter().map(|&arg| evaluate(b, arg, x, n)).collect();
        semantics::eval(op, b.ty(v), &args).unwrap()
    }

    /// Both are exact for these numbers.
    fn check(dtype: DType, d: i128, numbers: impl Iterator<Item = i128>) {
        let mut b = Builder::new(1);
        let x = b.operand("x", dtype, Role::In, &[Stride::Unit]);
        let x = b.load(Access::plain(x, [LoopId(0)]));
        let divisor = Scalar::from_int(dtype, d).unwrap();
        let constant = b.constant(divisor);
        let both = [Op::FloorDiv, Op::FloorMod].map(|op| (op, b.op(op, &[x, constant])));
        for n in numbers.filter_map(|n| Scalar::from_int(dtype, n)) {
            for (op, v) in both {
                let exact = semantics::eval(op, dtype, &[n, divisor]).unwrap();
                assert_eq!(evaluate(&b, v, x, n), exact, "{n:?} {} {d}", op.name());
            }
        }
    }

    fn range(dtype: DType) -> (i128, i128) {
        let bits = 8 * dtype.size() as u32;
        if dtype.is_signed() { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
    }

    #[test]
    fn bytes_by_all_divisors() {
        for dtype in [DType::U8, DType::I8] {
            let (least, most) = range(dtype);
            (1..=most).for_each(|d| check(dtype, d, least..=most));
        }
    }

    /// All numbers of 16 bits by some divisors.
    #[test]
    fn all_shorts() {
        for dtype in [DType::U16, DType::I16] {
            let (least, most) = range(dtype);
            [3, 7, 10, 641, most - 1, most].into_iter().for_each(|d| check(dtype, d, least..=most));
        }
    }

    /// Numbers beside multiples of the divisor, where a quotient that is not exact shows first, and at the ends of the range.
    #[test]
    fn where_quotients_step() {
        let mut rng = Rng::new(3);
        for dtype in [DType::U16, DType::I16, DType::U32, DType::I32, DType::U64, DType::I64] {
            let (least, most) = range(dtype);
            let mut random = |below: i128| i128::from(rng.bits()) % below;
            let divisors = (3..50).chain((0..300).map(|k| 1 + random(most >> (k % (8 * dtype.size() - 1)))));
            let divisors: Vec<i128> = divisors.chain([most / 2, most / 2 + 1, most - 1, most]).collect();
            for d in divisors {
                let steps: Vec<i128> = (0..12).map(|_| random(most / d + 1)).chain([0, 1, most / d]).collect();
                let near = |k: i128| [k * d, -k * d].into_iter().flat_map(|n| [n - 1, n, n + 1]);
                let ends = [least, least + 1, most - 1, most];
                check(dtype, d, steps.into_iter().flat_map(near).chain(ends));
            }
        }
    }
}
