//! Stands in for the constant evaluator until that exists.

use crate::dtype::{DType, Element, Scalar};
use crate::ir::Op;

fn to_f64(c: Scalar) -> f64 {
    match c.dtype() {
        DType::F32 => f32::from_scalar(c).into(),
        DType::F64 => f64::from_scalar(c),
        _ => to_i64(c) as f64,
    }
}

fn to_i64(c: Scalar) -> i64 {
    match c.dtype() {
        DType::Bool => bool::from_scalar(c).into(),
        DType::I32 => i32::from_scalar(c).into(),
        DType::I64 => i64::from_scalar(c),
        DType::F32 => f32::from_scalar(c) as i64,
        DType::F64 => f64::from_scalar(c) as i64,
    }
}

fn convert(c: Scalar, to: DType) -> Scalar {
    match to {
        DType::Bool => (if c.dtype().is_float() { to_f64(c) != 0.0 } else { c.bits() != 0 }).into(),
        DType::I32 if c.dtype().is_float() => (to_f64(c) as i32).into(),
        DType::I32 => (to_i64(c) as i32).into(),
        DType::I64 => to_i64(c).into(),
        DType::F32 if c.dtype().is_int() => (to_i64(c) as f32).into(),
        DType::F32 => (to_f64(c) as f32).into(),
        DType::F64 => to_f64(c).into(),
    }
}

macro_rules! floats {
    ($t:ty, $op:expr, $a:expr) => {{
        let a: Vec<$t> = $a.iter().map(|&c| <$t>::from_scalar(c)).collect();
        let sign = |x: $t| if x.is_nan() { 1.0 } else { x };
        let y: $t = match $op {
            Op::Add => a[0] + a[1],
            Op::Sub => a[0] - a[1],
            Op::Mul => a[0] * a[1],
            Op::Div => a[0] / a[1],
            Op::Fma => a[0].mul_add(a[1], a[2]),
            Op::Neg => -a[0],
            Op::Abs => a[0].abs(),
            Op::CopySign => a[0].copysign(sign(a[1])),
            Op::Sqrt => a[0].sqrt(),
            Op::Floor => a[0].floor(),
            Op::Ceil => a[0].ceil(),
            Op::Trunc => a[0].trunc(),
            Op::Round => a[0].round_ties_even(),
            Op::Min | Op::Max if a[0].is_nan() || a[1].is_nan() => <$t>::NAN,
            Op::Min => {
                if a[0] < a[1] {
                    a[0]
                } else {
                    a[1]
                }
            }
            Op::Max => {
                if a[0] > a[1] {
                    a[0]
                } else {
                    a[1]
                }
            }
            Op::Eq => return (a[0] == a[1]).into(),
            Op::Ne => return (a[0] != a[1]).into(),
            Op::Lt => return (a[0] < a[1]).into(),
            Op::Le => return (a[0] <= a[1]).into(),
            Op::Gt => return (a[0] > a[1]).into(),
            Op::Ge => return (a[0] >= a[1]).into(),
            other => panic!("{other:?}"),
        };
        y.into()
    }};
}

macro_rules! ints {
    ($t:ty, $bits:literal, $op:expr, $a:expr) => {{
        let a: Vec<$t> = $a.iter().map(|&c| <$t>::from_scalar(c)).collect();
        let y: $t = match $op {
            Op::Add => a[0].wrapping_add(a[1]),
            Op::Sub => a[0].wrapping_sub(a[1]),
            Op::Mul => a[0].wrapping_mul(a[1]),
            Op::FloorDiv if a[1] == 0 => 0,
            Op::FloorDiv => {
                let (q, r) = (a[0].wrapping_div(a[1]), a[0].wrapping_rem(a[1]));
                if r != 0 && (r < 0) != (a[1] < 0) { q - 1 } else { q }
            }
            Op::FloorMod if a[1] == 0 => 0,
            Op::FloorMod => {
                let r = a[0].wrapping_rem(a[1]);
                if r != 0 && (r < 0) != (a[1] < 0) { r + a[1] } else { r }
            }
            Op::Neg => a[0].wrapping_neg(),
            Op::Abs => a[0].wrapping_abs(),
            Op::Min => a[0].min(a[1]),
            Op::Max => a[0].max(a[1]),
            Op::And => a[0] & a[1],
            Op::Or => a[0] | a[1],
            Op::Xor => a[0] ^ a[1],
            Op::Not => !a[0],
            Op::Shl => {
                if a[1] < 0 || a[1] >= $bits {
                    0
                } else {
                    a[0] << a[1]
                }
            }
            Op::Shr => {
                if a[1] < 0 || a[1] >= $bits {
                    a[0] >> ($bits - 1)
                } else {
                    a[0] >> a[1]
                }
            }
            Op::Eq => return (a[0] == a[1]).into(),
            Op::Ne => return (a[0] != a[1]).into(),
            Op::Lt => return (a[0] < a[1]).into(),
            Op::Le => return (a[0] <= a[1]).into(),
            Op::Gt => return (a[0] > a[1]).into(),
            Op::Ge => return (a[0] >= a[1]).into(),
            other => panic!("{other:?}"),
        };
        y.into()
    }};
}

pub fn eval(op: Op, ty: DType, a: &[Scalar]) -> Scalar {
    match op {
        Op::Select => return if bool::from_scalar(a[0]) { a[1] } else { a[2] },
        Op::Convert => return convert(a[0], ty),
        Op::Bitcast => return Scalar::from_bits(ty, a[0].bits()),
        _ => {}
    }
    match a[0].dtype() {
        DType::Bool => {
            let (x, y) = (a[0].bits() != 0, a.get(1).is_some_and(|c| c.bits() != 0));
            match op {
                Op::And => x & y,
                Op::Or => x | y,
                Op::Xor | Op::Ne => x != y,
                Op::Eq => x == y,
                Op::Not => !x,
                other => panic!("{other:?}"),
            }
            .into()
        }
        DType::I32 => ints!(i32, 32, op, a),
        DType::I64 => ints!(i64, 64, op, a),
        DType::F32 => floats!(f32, op, a),
        DType::F64 => floats!(f64, op, a),
    }
}
