//! IR written as formulas.
//!
//! A [`V`] is a value of a kernel in the making, and knows its builder, so `x*x + 1.0` adds a product and a sum to the
//! kernel. Always holds: an operation emits exactly the IR operation of its name, rounded once; numbers take the type of
//! the value that they meet (and must be exact in it, or meant as the nearest).

use std::cell::RefCell;
use std::ops;

use crate::dtype::{DType, Scalar};
use crate::ir::{Builder, Helper, Op, Value};

/// A value in a formula.
#[derive(Clone, Copy)]
pub(super) struct V<'c> {
    b: &'c RefCell<&'c mut Builder>,
    id: Value,
}

/// What can stand beside a value: another one, or a number.
pub(super) trait Term<'c> {
    /// As a value, of the type of `like` if it is a number.
    fn beside(self, like: V<'c>) -> V<'c>;
}

impl<'c> Term<'c> for V<'c> {
    fn beside(self, _: V<'c>) -> V<'c> {
        self
    }
}

impl<'c> Term<'c> for f64 {
    fn beside(self, like: V<'c>) -> V<'c> {
        match like.dtype() {
            DType::F32 => like.constant(self as f32),
            _ => like.constant(self),
        }
    }
}

impl<'c> Term<'c> for i64 {
    fn beside(self, like: V<'c>) -> V<'c> {
        match like.dtype() {
            DType::I32 => like.constant(self as i32),
            DType::U32 => like.constant(self as u32),
            DType::U64 => like.constant(self as u64),
            _ => like.constant(self),
        }
    }
}

impl<'c> V<'c> {
    /// A value of this builder.
    pub fn new(b: &'c RefCell<&'c mut Builder>, id: Value) -> V<'c> {
        V { b, id }
    }

    /// The value's name in its kernel.
    pub fn id(self) -> Value {
        self.id
    }

    /// Its type.
    pub fn dtype(self) -> DType {
        self.b.borrow().ty(self.id)
    }

    /// Whether it is an `f32`, and not an `f64`.
    pub fn is_f32(self) -> bool {
        self.dtype() == DType::F32
    }

    fn constant(self, c: impl Into<Scalar>) -> V<'c> {
        V { b: self.b, id: self.b.borrow_mut().constant(c) }
    }

    /// A number of the type of this value.
    pub fn number(self, c: f64) -> V<'c> {
        c.beside(self)
    }

    /// The operation of these values.
    fn op(self, op: Op, others: &[V<'c>]) -> V<'c> {
        let mut args = smallvec::SmallVec::<[Value; 3]>::from_slice(&[self.id]);
        args.extend(others.iter().map(|v| v.id));
        V { b: self.b, id: self.b.borrow_mut().op(op, &args) }
    }

    fn named(self, op: Op, to: DType) -> V<'c> {
        V { b: self.b, id: self.b.borrow_mut().typed_op(op, &[self.id], Some(to)) }
    }

    /// `self*y + z`, rounded once.
    pub fn fma(self, y: impl Term<'c>, z: impl Term<'c>) -> V<'c> {
        self.op(Op::Fma, &[y.beside(self), z.beside(self)])
    }

    /// The magnitude.
    pub fn abs(self) -> V<'c> {
        self.op(Op::Abs, &[])
    }

    /// The square root.
    pub fn sqrt(self) -> V<'c> {
        self.op(Op::Sqrt, &[])
    }

    /// This magnitude with the sign of `y`. (A NaN's sign is read as positive: two operations more; where `y` is no NaN, or
    /// the result is one all the same, `xor` with its sign bit is cheaper.)
    pub fn copysign(self, y: V<'c>) -> V<'c> {
        self.op(Op::CopySign, &[y])
    }

    /// The nearest integral value, ties to even.
    pub fn round(self) -> V<'c> {
        self.op(Op::Round, &[])
    }

    /// The integral value towards zero.
    pub fn trunc(self) -> V<'c> {
        self.op(Op::Trunc, &[])
    }

    /// `self < y`, a bool.
    pub fn lt(self, y: impl Term<'c>) -> V<'c> {
        self.op(Op::Lt, &[y.beside(self)])
    }

    /// `self <= y`, a bool.
    pub fn le(self, y: impl Term<'c>) -> V<'c> {
        self.op(Op::Le, &[y.beside(self)])
    }

    /// `self > y`, a bool.
    pub fn gt(self, y: impl Term<'c>) -> V<'c> {
        self.op(Op::Gt, &[y.beside(self)])
    }

    /// `self >= y`, a bool.
    pub fn ge(self, y: impl Term<'c>) -> V<'c> {
        self.op(Op::Ge, &[y.beside(self)])
    }

    /// `self == y`, a bool.
    pub fn eq(self, y: impl Term<'c>) -> V<'c> {
        self.op(Op::Eq, &[y.beside(self)])
    }

    /// `self != y`, a bool.
    pub fn ne(self, y: impl Term<'c>) -> V<'c> {
        self.op(Op::Ne, &[y.beside(self)])
    }

    /// Of a bool: `yes` where it holds, else `no`. Numbers take the type of the other one.
    pub fn select(self, yes: V<'c>, no: impl Term<'c>) -> V<'c> {
        self.op(Op::Select, &[yes, no.beside(yes)])
    }

    /// The greater of two that are no NaN: one instruction, where the IR's `max` that keeps NaN is four. Gives `y` if
    /// either is NaN.
    pub fn greater(self, y: impl Term<'c>) -> V<'c> {
        let y = y.beside(self);
        self.gt(y).select(self, y)
    }

    /// The lesser of two that are no NaN; `y` if either is.
    pub fn lesser(self, y: impl Term<'c>) -> V<'c> {
        let y = y.beside(self);
        self.lt(y).select(self, y)
    }

    /// The bits of a float as an integer of the same width.
    pub fn bits(self) -> V<'c> {
        self.named(Op::Bitcast, if self.is_f32() { DType::I32 } else { DType::I64 })
    }

    /// The float of these bits.
    pub fn as_float(self) -> V<'c> {
        self.named(Op::Bitcast, if self.dtype() == DType::I32 { DType::F32 } else { DType::F64 })
    }

    /// As the IR converts to this type.
    pub fn convert(self, to: DType) -> V<'c> {
        if self.dtype() == to { self } else { self.named(Op::Convert, to) }
    }

    /// Rounded to `f32`.
    pub fn to_f32(self) -> V<'c> {
        if self.is_f32() { self } else { self.named(Op::Convert, DType::F32) }
    }

    /// As `f64`, exactly.
    pub fn to_f64(self) -> V<'c> {
        if self.dtype() == DType::F64 { self } else { self.named(Op::Convert, DType::F64) }
    }

    /// This value, but where the mask is set that of the helper (named without its type) for these arguments.
    pub fn patch(self, mask: V<'c>, helper: &str, args: &[V<'c>]) -> V<'c> {
        self.patch_by(mask, Helper::of(helper, self.dtype()), args)
    }

    /// This value, but where the mask is set that of the helper for these arguments.
    pub fn patch_by(self, mask: V<'c>, helper: &'static Helper, args: &[V<'c>]) -> V<'c> {
        let args: smallvec::SmallVec<[Value; 3]> = args.iter().map(|v| v.id).collect();
        V { b: self.b, id: self.b.borrow_mut().patch(mask.id, self.id, helper, &args) }
    }

    /// The polynomial `c[0] + c[1]*self + c[2]*self**2 + ...`, by Horner's rule: the least operations, each waiting for the
    /// one before.
    pub fn horner(self, c: &[f64]) -> V<'c> {
        let Some((&last, rest)) = c.split_last() else { return self.number(0.0) };
        rest.iter().rev().fold(self.number(last), |sum, &c| sum.fma(self, c))
    }

    /// The polynomial `c[0] + c[1]*self + c[2]*self**2 + ...`, by Estrin's rule: a few products more than Horner's, but few
    /// steps that wait for each other.
    pub fn estrin(self, c: &[f64]) -> V<'c> {
        let mut terms: Vec<V<'c>> = c
            .chunks(2)
            .map(|pair| match *pair {
                [a, b] => self.number(b).fma(self, a),
                [a] => self.number(a),
                _ => self.number(0.0),
            })
            .collect();
        let mut power = self;
        while terms.len() > 1 {
            power = power * power;
            terms = terms
                .chunks(2)
                .map(|pair| match *pair {
                    [a, b] => b.fma(power, a),
                    [a] => a,
                    _ => power,
                })
                .collect();
        }
        terms.first().copied().unwrap_or_else(|| self.number(0.0))
    }

    /// The polynomial `c[0] + c[1]*self + c[2]*self**2 + ...`, even and odd powers by a Horner's rule each: one product more
    /// than Horner, and half the steps that wait. Fewer instructions than Estrin, whose first coefficients each need a register:
    /// best where the rest of the function is long.
    pub fn two_chains(self, c: &[f64]) -> V<'c> {
        let (even, odd): (Vec<f64>, Vec<f64>) =
            (c.iter().step_by(2).copied().collect(), c.iter().skip(1).step_by(2).copied().collect());
        let square = self * self;
        square.horner(&odd).fma(self, square.horner(&even))
    }
}

macro_rules! binary {
    ($($of:ident $method:ident $op:ident;)*) => { $(
        impl<'c, T: Term<'c>> ops::$of<T> for V<'c> {
            type Output = V<'c>;
            fn $method(self, y: T) -> V<'c> {
                self.op(Op::$op, &[y.beside(self)])
            }
        }
        impl<'c> ops::$of<V<'c>> for f64 {
            type Output = V<'c>;
            fn $method(self, y: V<'c>) -> V<'c> {
                self.beside(y).op(Op::$op, &[y])
            }
        }
    )* };
}

binary! {
    Add add Add;
    Sub sub Sub;
    Mul mul Mul;
    Div div Div;
}

macro_rules! bits {
    ($($of:ident $method:ident $op:ident;)*) => { $(
        impl<'c, T: Term<'c>> ops::$of<T> for V<'c> {
            type Output = V<'c>;
            fn $method(self, y: T) -> V<'c> {
                self.op(Op::$op, &[y.beside(self)])
            }
        }
    )* };
}

bits! {
    BitAnd bitand And;
    BitOr bitor Or;
    BitXor bitxor Xor;
    Shl shl Shl;
    Shr shr Shr;
}

impl<'c> ops::Neg for V<'c> {
    type Output = V<'c>;
    fn neg(self) -> V<'c> {
        self.op(Op::Neg, &[])
    }
}

impl<'c> ops::Not for V<'c> {
    type Output = V<'c>;
    fn not(self) -> V<'c> {
        self.op(Op::Not, &[])
    }
}
