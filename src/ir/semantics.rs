//! What each operation means, at one point: the specification in code.
//!
//! Each meaning stands once, as a function of an element trait. An operation on a type is a Rust type (`Point2` and
//! its like), which [`visit`] picks from the operation and the types at hand: constant folding visits with scalars,
//! the interpreter with its loops. Always holds: only what core defines as exact or correctly rounded is used, so the
//! bits are the same on every machine (those of a NaN aside).

use std::marker::PhantomData;

use super::fma::{fma_f32, fma_f64};
use super::op::Op;
use crate::dtype::{DType, Real, Scalar, with_type};

/// The value of an operation of result type `ty` on these arguments; `None` if it does not take them.
pub fn eval(op: Op, ty: DType, args: &[Scalar]) -> Option<Scalar> {
    let mut types = [DType::Bool; 3];
    let types = types.get_mut(..args.len())?;
    for (t, arg) in types.iter_mut().zip(args) {
        *t = arg.dtype();
    }
    let named = matches!(op, Op::Convert | Op::Bitcast).then_some(ty);
    if op.result(types, named) != Some(ty) {
        return None;
    }
    visit(op, *types.last()?, ty, Eval(args)).flatten()
}

/// An operation of one argument, on fixed types.
pub trait Unary {
    /// Which operation it is. (Only loops for x86-64 are chosen by it.)
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    const OP: Op;
    /// The type of the argument.
    type A: Real;
    /// The type of the result.
    type R: Real;
    /// The meaning.
    fn at(a: Self::A) -> Self::R;
}

/// An operation of two arguments of one type.
pub trait Binary {
    /// Which operation it is. (Only loops for x86-64 are chosen by it.)
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    const OP: Op;
    /// The type of the arguments.
    type A: Real;
    /// The type of the result.
    type R: Real;
    /// The meaning.
    fn at(a: Self::A, b: Self::A) -> Self::R;
}

/// An operation of three arguments, the last two of the result's type.
pub trait Ternary {
    /// Which operation it is. (Only loops for x86-64 are chosen by it.)
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    const OP: Op;
    /// The type of the first argument.
    type A: Real;
    /// The type of the others and of the result.
    type R: Real;
    /// The meaning.
    fn at(a: Self::A, b: Self::R, c: Self::R) -> Self::R;
}

/// What is done with an operation once it and its types are known.
pub trait Visitor {
    /// What comes of it.
    type Out;
    /// One argument.
    fn unary<O: Unary>(self) -> Self::Out;
    /// Two arguments and a result of one type: what a fold can repeat.
    fn binary<T: Real, O: Binary<A = T, R = T>>(self) -> Self::Out;
    /// Two arguments compared.
    fn compare<O: Binary<R = bool>>(self) -> Self::Out;
    /// Three arguments.
    fn ternary<O: Ternary>(self) -> Self::Out;
}

struct Eval<'a>(&'a [Scalar]);

impl Visitor for Eval<'_> {
    type Out = Option<Scalar>;

    fn unary<O: Unary>(self) -> Option<Scalar> {
        let &[a] = self.0 else { return None };
        Some(O::at(O::A::from_scalar(a)).to_scalar())
    }

    fn binary<T: Real, O: Binary<A = T, R = T>>(self) -> Option<Scalar> {
        let &[a, b] = self.0 else { return None };
        Some(O::at(T::from_scalar(a), T::from_scalar(b)).to_scalar())
    }

    fn compare<O: Binary<R = bool>>(self) -> Option<Scalar> {
        let &[a, b] = self.0 else { return None };
        Some(O::at(O::A::from_scalar(a), O::A::from_scalar(b)).to_scalar())
    }

    fn ternary<O: Ternary>(self) -> Option<Scalar> {
        let &[a, b, c] = self.0 else { return None };
        Some(O::at(O::A::from_scalar(a), O::R::from_scalar(b), O::R::from_scalar(c)).to_scalar())
    }
}

/// The meanings that integers and floats have in common.
trait Number: Real + PartialOrd {
    fn add(self, y: Self) -> Self;
    fn sub(self, y: Self) -> Self;
    fn mul(self, y: Self) -> Self;
    fn neg(self) -> Self;
    fn abs(self) -> Self;

    /// A NaN is the value that differs from itself. (Where `y` is NaN, `x < y` is false and `y` is the result.)
    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn min(self, y: Self) -> Self {
        if self < y || self != self { self } else { y }
    }

    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn max(self, y: Self) -> Self {
        if self > y || self != self { self } else { y }
    }
}

trait Float: Number {
    fn div(self, y: Self) -> Self;
    fn fma(self, y: Self, z: Self) -> Self;
    fn fma_instruction(self, y: Self, z: Self) -> Self;
    fn copysign(self, y: Self) -> Self;
    fn minimum(self, y: Self) -> Self;
    fn sqrt(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn trunc(self) -> Self;
    fn round(self) -> Self;
}

trait Int: Number {
    fn mul_high(self, y: Self) -> Self;
    fn floor_div(self, y: Self) -> Self;
    fn floor_mod(self, y: Self) -> Self;
    fn shl(self, y: Self) -> Self;
    fn shr(self, y: Self) -> Self;
    fn swap_bytes(self) -> Self;
}

trait Bits: Real {
    fn and(self, y: Self) -> Self;
    fn or(self, y: Self) -> Self;
    fn xor(self, y: Self) -> Self;
    fn not(self) -> Self;
}

trait Cast<R: Real>: Real {
    fn cast(self) -> R;
}

trait SameBits<R: Real>: Real {
    fn same_bits(self) -> R;
}

macro_rules! ints {
    ($($t:ident $wide:ident $abs:expr;)*) => { $(
        impl Number for $t {
            #[inline(always)]
            fn add(self, y: $t) -> $t { self.wrapping_add(y) }
            #[inline(always)]
            fn sub(self, y: $t) -> $t { self.wrapping_sub(y) }
            #[inline(always)]
            fn mul(self, y: $t) -> $t { self.wrapping_mul(y) }
            #[inline(always)]
            fn neg(self) -> $t { self.wrapping_neg() }
            #[inline(always)]
            fn abs(self) -> $t { $abs(self) }
        }
        #[allow(unused_comparisons, reason = "of unsigned integers none is below 0")]
        impl Int for $t {
            #[inline(always)]
            fn mul_high(self, y: $t) -> $t { ((self as $wide * y as $wide) >> $t::BITS) as $t }
            #[inline(always)]
            fn floor_div(self, y: $t) -> $t {
                if y == 0 {
                    return 0;
                }
                // Only MIN / -1 wraps, to MIN, with remainder 0.
                let (q, r) = (self.wrapping_div(y), self.wrapping_rem(y));
                if r != 0 && (r < 0) != (y < 0) { q - 1 } else { q }
            }
            #[inline(always)]
            fn floor_mod(self, y: $t) -> $t {
                if y == 0 {
                    return 0;
                }
                let r = self.wrapping_rem(y);
                if r != 0 && (r < 0) != (y < 0) { r + y } else { r }
            }
            #[inline(always)]
            fn shl(self, y: $t) -> $t {
                if (0..$t::BITS as $t).contains(&y) { self.wrapping_shl(y as u32) } else { 0 }
            }
            #[inline(always)]
            fn shr(self, y: $t) -> $t {
                let last = $t::BITS as $t - 1;
                let within = (0..=last).contains(&y);
                let shifted = self.wrapping_shr((if within { y } else { last }) as u32);
                // By the last bit signed integers are all sign.
                if within || $t::MIN != 0 { shifted } else { 0 }
            }
            #[inline(always)]
            fn swap_bytes(self) -> $t { $t::swap_bytes(self) }
        }
        bits!($t);
    )* };
}

macro_rules! bits {
    ($t:ident) => {
        impl Bits for $t {
            #[inline(always)]
            fn and(self, y: $t) -> $t {
                self & y
            }
            #[inline(always)]
            fn or(self, y: $t) -> $t {
                self | y
            }
            #[inline(always)]
            fn xor(self, y: $t) -> $t {
                self ^ y
            }
            #[inline(always)]
            fn not(self) -> $t {
                !self
            }
        }
    };
}

macro_rules! floats {
    ($($t:ident $fma:ident)*) => { $(
        impl Number for $t {
            #[inline(always)]
            fn add(self, y: $t) -> $t { self + y }
            #[inline(always)]
            fn sub(self, y: $t) -> $t { self - y }
            #[inline(always)]
            fn mul(self, y: $t) -> $t { self * y }
            #[inline(always)]
            fn neg(self) -> $t { -self }
            #[inline(always)]
            fn abs(self) -> $t { $t::abs(self) }
        }
        impl Float for $t {
            #[inline(always)]
            fn div(self, y: $t) -> $t { self / y }
            #[inline(always)]
            fn fma(self, y: $t, z: $t) -> $t { $fma(self, y, z) }
            #[inline(always)]
            fn fma_instruction(self, y: $t, z: $t) -> $t { $t::mul_add(self, y, z) }
            /// The sign that a NaN has is an accident of the machine, so it is not read.
            #[inline(always)]
            fn copysign(self, y: $t) -> $t { $t::copysign(self, if y.is_nan() { 1.0 } else { y }) }
            /// Taken both ways round: the two differ where numbers are equal (zeros alone have other bits then), or one is NaN.
            #[inline(always)]
            fn minimum(self, y: $t) -> $t {
                let (a, b) = (if self < y { self } else { y }, if y < self { y } else { self });
                $t::from_bits(a.to_bits() | b.to_bits())
            }
            #[inline(always)]
            fn sqrt(self) -> $t { $t::sqrt(self) }
            #[inline(always)]
            fn floor(self) -> $t { $t::floor(self) }
            #[inline(always)]
            fn ceil(self) -> $t { $t::ceil(self) }
            #[inline(always)]
            fn trunc(self) -> $t { $t::trunc(self) }
            #[inline(always)]
            fn round(self) -> $t { $t::round_ties_even(self) }
        }
    )* };
}

/// Rust's `as` is the meaning: wraps between integers, saturates from floats (NaN: 0), else rounds to nearest even.
macro_rules! casts {
    ($($a:ident)*) => { $(
        casts!($a => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);
        impl Cast<bool> for $a {
            #[inline(always)]
            fn cast(self) -> bool { self != 0 as $a }
        }
        impl Cast<$a> for bool {
            #[inline(always)]
            fn cast(self) -> $a { u8::from(self) as $a }
        }
    )* };
    ($a:ident => $($r:ident)*) => { $(
        impl Cast<$r> for $a {
            #[inline(always)]
            fn cast(self) -> $r { self as $r }
        }
    )* };
}

macro_rules! same_bits {
    ($($float:ident $int:ident $to:ident;)*) => { $(
        impl SameBits<$int> for $float {
            #[inline(always)]
            fn same_bits(self) -> $int { self.to_bits() as $int }
        }
        impl SameBits<$float> for $int {
            #[inline(always)]
            fn same_bits(self) -> $float { $float::from_bits(self as $to) }
        }
    )* };
}

bits!(bool);
ints! {
    i8 i16 i8::wrapping_abs;
    i16 i32 i16::wrapping_abs;
    i32 i64 i32::wrapping_abs;
    i64 i128 i64::wrapping_abs;
    u8 u16 std::convert::identity;
    u16 u32 std::convert::identity;
    u32 u64 std::convert::identity;
    u64 u128 std::convert::identity;
}
floats!(f32 fma_f32 f64 fma_f64);
casts!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);
same_bits! {
    f32 i32 u32;
    f32 u32 u32;
    f64 i64 u64;
    f64 u64 u64;
}

impl Cast<bool> for bool {
    #[inline(always)]
    fn cast(self) -> bool {
        self
    }
}

/// The Rust types of operations: `name: bound on the element, arity, meaning;`.
macro_rules! points {
    ($($op:ident $bound:ident $arity:ident $f:expr;)*) => { $(
        struct $op<T>(PhantomData<T>);
        points!(@ $arity $op $bound $f);
    )* };
    (@ unary $op:ident $bound:ident $f:expr) => {
        impl<T: $bound> Unary for $op<T> {
            const OP: Op = Op::$op;
            type A = T;
            type R = T;
            #[inline(always)]
            fn at(a: T) -> T { $f(a) }
        }
    };
    (@ binary $op:ident $bound:ident $f:expr) => {
        impl<T: $bound> Binary for $op<T> {
            const OP: Op = Op::$op;
            type A = T;
            type R = T;
            #[inline(always)]
            fn at(a: T, b: T) -> T { $f(a, b) }
        }
    };
    (@ compare $op:ident $bound:ident $f:expr) => {
        impl<T: Real + $bound> Binary for $op<T> {
            const OP: Op = Op::$op;
            type A = T;
            type R = bool;
            #[inline(always)]
            fn at(a: T, b: T) -> bool { $f(&a, &b) }
        }
    };
}

points! {
    Add Number binary Number::add;
    Sub Number binary Number::sub;
    Mul Number binary Number::mul;
    Div Float binary Float::div;
    MulHigh Int binary Int::mul_high;
    FloorDiv Int binary Int::floor_div;
    FloorMod Int binary Int::floor_mod;
    Neg Number unary Number::neg;
    Abs Number unary Number::abs;
    CopySign Float binary Float::copysign;
    Sqrt Float unary Float::sqrt;
    Floor Float unary Float::floor;
    Ceil Float unary Float::ceil;
    Trunc Float unary Float::trunc;
    Round Float unary Float::round;
    Min Number binary Number::min;
    Max Number binary Number::max;
    Minimum Float binary Float::minimum;
    Maximum Float binary |x: T, y: T| x.neg().minimum(y.neg()).neg();
    And Bits binary Bits::and;
    Or Bits binary Bits::or;
    Xor Bits binary Bits::xor;
    Not Bits unary Bits::not;
    Shl Int binary Int::shl;
    Shr Int binary Int::shr;
    SwapBytes Int unary Int::swap_bytes;
    Eq PartialEq compare PartialEq::eq;
    Ne PartialEq compare PartialEq::ne;
    Lt PartialOrd compare PartialOrd::lt;
    Le PartialOrd compare PartialOrd::le;
    Gt PartialOrd compare PartialOrd::gt;
    Ge PartialOrd compare PartialOrd::ge;
}

struct Fma<T>(PhantomData<T>);

impl<T: Float> Ternary for Fma<T> {
    const OP: Op = Op::Fma;
    type A = T;
    type R = T;
    #[inline(always)]
    fn at(a: T, b: T, c: T) -> T {
        a.fma(b, c)
    }
}

struct FmaInstruction<T>(PhantomData<T>);

impl<T: Float> Ternary for FmaInstruction<T> {
    const OP: Op = Op::Fma;
    type A = T;
    type R = T;
    #[inline(always)]
    fn at(a: T, b: T, c: T) -> T {
        a.fma_instruction(b, c)
    }
}

struct Select<T>(PhantomData<T>);

impl<T: Real> Ternary for Select<T> {
    const OP: Op = Op::Select;
    type A = bool;
    type R = T;
    #[inline(always)]
    fn at(a: bool, b: T, c: T) -> T {
        if a { b } else { c }
    }
}

struct Convert<A, R>(PhantomData<(A, R)>);

impl<A: Cast<R>, R: Real> Unary for Convert<A, R> {
    const OP: Op = Op::Convert;
    type A = A;
    type R = R;
    #[inline(always)]
    fn at(a: A) -> R {
        a.cast()
    }
}

struct Bitcast<A, R>(PhantomData<(A, R)>);

impl<A: SameBits<R>, R: Real> Unary for Bitcast<A, R> {
    const OP: Op = Op::Bitcast;
    type A = A;
    type R = R;
    #[inline(always)]
    fn at(a: A) -> R {
        a.same_bits()
    }
}

/// Hands the operation, on arguments of type `arg` (the last one's) and with this result, to the visitor. `None` if
/// there is no such operation.
pub fn visit<V: Visitor>(op: Op, arg: DType, result: DType, v: V) -> Option<V::Out> {
    match op {
        Op::Add => with_type!(arg, T: Number; v.binary::<T, Add<T>>()),
        Op::Sub => with_type!(arg, T: Number; v.binary::<T, Sub<T>>()),
        Op::Mul => with_type!(arg, T: Number; v.binary::<T, Mul<T>>()),
        Op::Div => with_type!(arg, T: Float; v.binary::<T, Div<T>>()),
        Op::MulHigh => with_type!(arg, T: Int; v.binary::<T, MulHigh<T>>()),
        Op::FloorDiv => with_type!(arg, T: Int; v.binary::<T, FloorDiv<T>>()),
        Op::FloorMod => with_type!(arg, T: Int; v.binary::<T, FloorMod<T>>()),
        Op::Fma => with_type!(arg, T: Float; v.ternary::<Fma<T>>()),
        Op::Neg => with_type!(arg, T: Number; v.unary::<Neg<T>>()),
        Op::Abs => with_type!(arg, T: Number; v.unary::<Abs<T>>()),
        Op::CopySign => with_type!(arg, T: Float; v.binary::<T, CopySign<T>>()),
        Op::Sqrt => with_type!(arg, T: Float; v.unary::<Sqrt<T>>()),
        Op::Floor => with_type!(arg, T: Float; v.unary::<Floor<T>>()),
        Op::Ceil => with_type!(arg, T: Float; v.unary::<Ceil<T>>()),
        Op::Trunc => with_type!(arg, T: Float; v.unary::<Trunc<T>>()),
        Op::Round => with_type!(arg, T: Float; v.unary::<Round<T>>()),
        Op::Min => with_type!(arg, T: Number; v.binary::<T, Min<T>>()),
        Op::Max => with_type!(arg, T: Number; v.binary::<T, Max<T>>()),
        Op::Minimum => with_type!(arg, T: Float; v.binary::<T, Minimum<T>>()),
        Op::Maximum => with_type!(arg, T: Float; v.binary::<T, Maximum<T>>()),
        Op::And => with_type!(arg, T: Bits; v.binary::<T, And<T>>()),
        Op::Or => with_type!(arg, T: Bits; v.binary::<T, Or<T>>()),
        Op::Xor => with_type!(arg, T: Bits; v.binary::<T, Xor<T>>()),
        Op::Not => with_type!(arg, T: Bits; v.unary::<Not<T>>()),
        Op::Shl => with_type!(arg, T: Int; v.binary::<T, Shl<T>>()),
        Op::Shr => with_type!(arg, T: Int; v.binary::<T, Shr<T>>()),
        Op::SwapBytes => with_type!(arg, T: Int; v.unary::<SwapBytes<T>>()),
        Op::Eq => with_type!(arg, T: Any; v.compare::<Eq<T>>()),
        Op::Ne => with_type!(arg, T: Any; v.compare::<Ne<T>>()),
        Op::Lt => with_type!(arg, T: Number; v.compare::<Lt<T>>()),
        Op::Le => with_type!(arg, T: Number; v.compare::<Le<T>>()),
        Op::Gt => with_type!(arg, T: Number; v.compare::<Gt<T>>()),
        Op::Ge => with_type!(arg, T: Number; v.compare::<Ge<T>>()),
        Op::Select => with_type!(arg, T: Any; v.ternary::<Select<T>>()),
        Op::Convert => with_type!(arg, A: Any; with_type!(result, R: Any; v.unary::<Convert<A, R>>())).flatten(),
        Op::Bitcast => match (arg, result) {
            (DType::F32, DType::I32) => Some(v.unary::<Bitcast<f32, i32>>()),
            (DType::I32, DType::F32) => Some(v.unary::<Bitcast<i32, f32>>()),
            (DType::F32, DType::U32) => Some(v.unary::<Bitcast<f32, u32>>()),
            (DType::U32, DType::F32) => Some(v.unary::<Bitcast<u32, f32>>()),
            (DType::F64, DType::I64) => Some(v.unary::<Bitcast<f64, i64>>()),
            (DType::I64, DType::F64) => Some(v.unary::<Bitcast<i64, f64>>()),
            (DType::F64, DType::U64) => Some(v.unary::<Bitcast<f64, u64>>()),
            (DType::U64, DType::F64) => Some(v.unary::<Bitcast<u64, f64>>()),
            _ => None,
        },
    }
}

/// Hands [`Op::Fma`] to the visitor for code that is compiled for machines with an instruction for it: the same bits.
pub fn visit_fma_instruction<V: Visitor>(arg: DType, v: V) -> Option<V::Out> {
    with_type!(arg, T: Float; v.ternary::<FmaInstruction<T>>())
}

#[cfg(test)]
#[path = "semantics_tests.rs"]
mod tests;
