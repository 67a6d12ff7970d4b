//! Arithmetic of integers that are known and weak: exact, in 128 bits.
//!
//! Comes in: literals, and what was computed from literals alone. Goes out: the exact value, or why there is none. As an
//! array's integers do, `x // 0` and `x % 0` give 0, `/` gives a float, and shifts take any count.

use crate::syntax::ast::{BinaryOp, CompareOp};

/// The result of an operation on two integers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Exact {
    Int(i128),
    Float(f64),
}

/// Why an operation has no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// Beyond 128 bits.
    Overflow,
    /// An integer to a negative power.
    NegativePower,
    /// `and`, `or`: of bools only.
    NotBool,
}

/// `a op b`.
pub(crate) fn binary(op: BinaryOp, a: i128, b: i128) -> Result<Exact, Failure> {
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div => return Ok(Exact::Float(a as f64 / b as f64)),
        BinaryOp::FloorDiv => floor_div(a, b),
        BinaryOp::Mod => Some(floor_mod(a, b)),
        BinaryOp::Pow if b < 0 => return Err(Failure::NegativePower),
        BinaryOp::Pow => power(a, b),
        BinaryOp::Shl => shl(a, b),
        BinaryOp::Shr => Some(a >> u32::try_from(b).map_or(127, |count| count.min(127))),
        BinaryOp::BitAnd => Some(a & b),
        BinaryOp::BitXor => Some(a ^ b),
        BinaryOp::BitOr => Some(a | b),
        BinaryOp::And | BinaryOp::Or => return Err(Failure::NotBool),
    };
    result.map(Exact::Int).ok_or(Failure::Overflow)
}

/// Whether `a op b`.
pub(crate) fn compare(op: CompareOp, a: i128, b: i128) -> bool {
    match op {
        CompareOp::Lt => a < b,
        CompareOp::Le => a <= b,
        CompareOp::Gt => a > b,
        CompareOp::Ge => a >= b,
        CompareOp::Eq => a == b,
        CompareOp::Ne => a != b,
    }
}

fn floor_div(a: i128, b: i128) -> Option<i128> {
    if b == 0 {
        return Some(0);
    }
    let quotient = a.checked_div(b)?;
    let inexact = a.wrapping_sub(quotient.wrapping_mul(b)) != 0;
    Some(if inexact && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

/// Of -1 too the remainder is 0, where the quotient may overflow.
fn floor_mod(a: i128, b: i128) -> i128 {
    let remainder = a.checked_rem(b).unwrap_or(0);
    if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
}

fn power(a: i128, b: i128) -> Option<i128> {
    match (a, u32::try_from(b)) {
        (0 | 1, _) if b > 0 => Some(a),
        (1, _) => Some(1),
        (-1, _) => Some(if b % 2 == 0 { 1 } else { -1 }),
        (_, Ok(exponent)) => a.checked_pow(exponent),
        (_, Err(_)) => None,
    }
}

fn shl(a: i128, b: i128) -> Option<i128> {
    if a == 0 || b < 0 {
        return Some(0);
    }
    let count = u32::try_from(b).ok().filter(|&count| count < 127)?;
    a.checked_mul(1 << count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        use BinaryOp::*;
        for (op, a, b, expected) in [
            (FloorDiv, -7, 2, Some(-4)),
            (FloorDiv, 7, -2, Some(-4)),
            (FloorDiv, 7, 0, Some(0)),
            (FloorDiv, i128::MIN, -1, None),
            (FloorDiv, -8, 2, Some(-4)),
            (Mod, -7, 3, Some(2)),
            (Mod, 7, -3, Some(-2)),
            (Mod, 7, 0, Some(0)),
            (Mod, i128::MIN, -1, Some(0)),
            (Pow, 2, 64, Some(1 << 64)),
            (Pow, 2, 127, None),
            (Pow, 0, 0, Some(1)),
            (Pow, -1, i128::MAX, Some(-1)),
            (Pow, 1, i128::MAX, Some(1)),
            (Shl, 1, 64, Some(1 << 64)),
            (Shl, 1, 127, None),
            (Shl, 5, -1, Some(0)),
            (Shr, -5, 1, Some(-3)),
            (Shr, -5, 1000, Some(-1)),
            (Shr, 5, -1, Some(0)),
            (BitXor, 5, 3, Some(6)),
            (Add, i128::MAX, 1, None),
        ] {
            let expected = expected.map(Exact::Int).ok_or(Failure::Overflow);
            assert_eq!(binary(op, a, b), expected, "{a} {op} {b}");
        }
        assert_eq!(binary(Div, 1, 2), Ok(Exact::Float(0.5)));
        assert_eq!(binary(Div, -1, 0), Ok(Exact::Float(f64::NEG_INFINITY)));
        assert_eq!(binary(Pow, 2, -1), Err(Failure::NegativePower));
    }
}
