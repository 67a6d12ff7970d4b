//! Powers: by multiplication where the exponent is a literal integer, else by the helper.
//!
//! Comes in: a base, and an exponent that is known or not. Goes out: the power in primitive operations. Always holds: an
//! integer power is the wrapped exact one; a float power is within 1 ulp of the exact one (but that of the helper, which
//! is within 1 ulp too), and `x**0`, `x**1`, `x**2`, `x**-1` are 1, `x`, `x*x`, `1/x` to the bit.

use super::emit::Emit;
use super::graph::{Fault, FaultKind, NodeId};
use crate::dtype::{DType, Scalar};
use crate::ir::{Helper, Op};
use crate::math::Elementary;

/// Float powers beyond this exponent go through the helper.
const GREATEST: u32 = 64;

/// An integer to a literal power, by squaring from the top bit down.
pub(crate) fn int_literal(e: &mut Emit, x: NodeId, exponent: u64) -> NodeId {
    let dtype = e.dtype(x);
    if exponent == 0 {
        return e.like(x, Scalar::from_bits(dtype, 1));
    }
    let mut product = x;
    for bit in (0..exponent.ilog2()).rev() {
        product = e.op(Op::Mul, &[product, product]);
        if exponent >> bit & 1 == 1 {
            product = e.op(Op::Mul, &[product, x]);
        }
    }
    product
}

/// An integer to an integer power; a negative exponent is an error of the run, for which `help` says what to write.
pub(crate) fn int(e: &mut Emit, x: NodeId, y: NodeId, help: impl FnOnce() -> String) -> NodeId {
    let dtype = e.dtype(x);
    if let Some(exponent) = e.as_const(y).and_then(Scalar::as_int)
        && let Ok(exponent) = u64::try_from(exponent)
    {
        return int_literal(e, x, exponent);
    }
    // Products wrap, so a wide one has the low bits of a narrow one: helpers take no less than 32 bits.
    let wide = match dtype.size() {
        1 | 2 if dtype.is_signed() => DType::I32,
        1 | 2 => DType::U32,
        _ => dtype,
    };
    let args = [e.convert(x, wide), e.convert(y, wide)];
    let power = e.call("pow", &args);
    let power = e.convert(power, dtype);
    if !dtype.is_signed() {
        return power;
    }
    let zero = e.number(0.0, dtype);
    let negative = e.op(Op::Lt, &[y, zero]);
    let span = e.span;
    e.fault(negative, power, || Fault { kind: FaultKind::NegativePower, span, call: String::new(), help: help() })
}

/// A float to a float power; `literal` is the exponent's value where the text gives it.
pub(crate) fn float(e: &mut Emit, x: NodeId, y: NodeId, literal: Option<f64>) -> NodeId {
    if let Some(value) = literal {
        if value == 0.5 {
            return e.op(Op::Sqrt, &[x]);
        }
        if value.fract() == 0.0 && value.abs() <= f64::from(GREATEST) {
            return float_literal(e, x, y, value as i32);
        }
    }
    e.math(Elementary::Pow, &[x, y])
}

fn float_literal(e: &mut Emit, x: NodeId, y: NodeId, n: i32) -> NodeId {
    let dtype = e.dtype(x);
    let one = e.number(1.0, dtype);
    match n {
        0 => match e.as_const(one) {
            Some(one) => e.like(x, one),
            None => one,
        },
        1 => x,
        2 => e.op(Op::Mul, &[x, x]),
        -1 => e.op(Op::Div, &[one, x]),
        _ if dtype == DType::F32 => {
            // In f64 even 64 factors err by less than 2^-46, and what overflows or vanishes there does so in f32 too.
            let wide = e.convert(x, DType::F64);
            let product = int_literal(e, wide, u64::from(n.unsigned_abs()));
            let one = e.number(1.0, DType::F64);
            let power = if n < 0 { e.op(Op::Div, &[one, product]) } else { product };
            e.convert(power, DType::F32)
        }
        _ => compensated(e, x, y, n),
    }
}

/// The product chain with its rounding errors carried along, for `|n|` above 1.
///
/// The power so far is `h + l`. Squaring: `h*h` rounded is the new `h`; its exact error is `fma(h, h, -h*h)`, to which
/// `2*h*l` is added. Times `x`: likewise. `l` is so small that its own rounding (and `l*l`) is below 2^-90 of `h`; one
/// rounding of `h + l` ends it. For a negative `n`, `q = 1/h` is mended once by `q*(1 - q*h - q*l)`.
///
/// The errors are exact only while products neither overflow nor come near the least numbers. So the helper is asked
/// where `|x|` is not in a range for which the power is between 2^-960 and 2^960 (a NaN may stay: it is one all along). A
/// zero may stay too where the power is positive, but for its sign, which an odd power copies from `x`.
fn compensated(e: &mut Emit, x: NodeId, y: NodeId, n: i32) -> NodeId {
    let dtype = e.dtype(x);
    let helper = Helper::of("pow", dtype);
    let count = n.unsigned_abs();
    let two = e.number(2.0, dtype);
    let (mut h, mut l) = (x, None);
    for bit in (0..count.ilog2()).rev() {
        let twice = e.op(Op::Mul, &[two, h]);
        (h, l) = times(e, (h, l), h, twice);
        if count >> bit & 1 == 1 {
            (h, l) = times(e, (h, l), x, x);
        }
    }
    let l = l.unwrap_or_else(|| e.number(0.0, dtype));
    let mut power = if n > 0 {
        e.op(Op::Add, &[h, l])
    } else {
        let one = e.number(1.0, dtype);
        let q = e.op(Op::Div, &[one, h]);
        let minus_q = e.op(Op::Neg, &[q]);
        let rest = e.op(Op::Fma, &[minus_q, h, one]);
        let rest = e.op(Op::Fma, &[minus_q, l, rest]);
        e.op(Op::Fma, &[q, rest, q])
    };
    if count % 2 == 1 {
        power = e.op(Op::CopySign, &[power, x]);
    }

    let step = 960 / count as i32;
    let (least, greatest) = (e.number(2f64.powi(-step), dtype), e.number(2f64.powi(step), dtype));
    let size = e.op(Op::Abs, &[x]);
    let mut small = e.op(Op::Lt, &[size, least]);
    if n > 0 {
        let zero = e.number(0.0, dtype);
        let some = e.op(Op::Ne, &[x, zero]);
        small = e.op(Op::And, &[small, some]);
    }
    let great = e.op(Op::Gt, &[size, greatest]);
    let mask = e.op(Op::Or, &[small, great]);
    e.patch(mask, power, helper, &[x, y])
}

/// `(h + l) * by`, with `l` multiplied by `by_low`.
fn times(e: &mut Emit, (h, l): (NodeId, Option<NodeId>), by: NodeId, by_low: NodeId) -> (NodeId, Option<NodeId>) {
    let product = e.op(Op::Mul, &[h, by]);
    let minus = e.op(Op::Neg, &[product]);
    let error = e.op(Op::Fma, &[h, by, minus]);
    let error = match l {
        Some(l) => e.op(Op::Fma, &[by_low, l, error]),
        None => error,
    };
    (product, Some(error))
}
