//! The rewrite rules, as data: one line each, with the reason why it changes no bit.
//!
//! The laws of this table:
//! 1. Both sides are the same to the bit for every argument: zeros keep their signs, infinities and roundings are
//!    those of the operation as written. A NaN equals any NaN; no payload is promised.
//! 2. Nothing is assumed of arguments that the pattern does not show.
//! 3. The right side is smaller, or cheaper, or nearer to the one form that the others match: no rule undoes another,
//!    so that rewriting ends. A pattern looks at most two operations deep.
//! 4. What is tempting and false stays out, and a test says so: for floats `x - x` and `0*x` (infinities, NaN), `x + 0`
//!    and `0 - x` (the sign of zero), `x/c` by other than powers of two (two roundings), `-(x - y)` as `y - x` (the sign
//!    of zero), `not (x < y)` as `x >= y` (NaN), any change of association; and a sign copied from `-y` (a NaN's sign
//!    is read as positive, before and after).
//!
//! In a pattern `x`, `y`, `z`, `w` stand for any value, the same one where they recur; the arguments of operations that
//! commute match in either order; a class (`One`, `Pow2`, ...) stands for any constant of it. A rule holds where the
//! type of `x` is of the kind at the line's head, and the condition after `if` holds of the types.

use std::sync::LazyLock;

use super::op::Op;
use super::semantics;
use crate::dtype::{DType, Kind, Real, Scalar, with_type};

/// A pattern, or what replaces it.
#[derive(Clone, Copy, Debug)]
pub enum Pat {
    /// A value, by number: `x`, `y`, `z`, `w`.
    Var(usize),
    /// `x`, which is known to be integral: what a rounding or a conversion from an integer gives.
    Whole,
    /// A constant of a class. On the right side: its member (or, after `Pow2` and its like, what is made of the one
    /// that the left side has found).
    Const(Class),
    /// An operation.
    Op(Op, &'static [Pat]),
}

/// A class of constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// 0, +0.0, false.
    Zero,
    /// -0.0.
    NegZero,
    /// 1; true.
    One,
    /// -1; of unsigned integers what is -1 modulo 2^width.
    MinusOne,
    /// All bits set: true, -1, the greatest unsigned integer.
    Ones,
    /// The least value: the minimum, -inf.
    Least,
    /// The greatest value: the maximum, inf.
    Greatest,
    /// A float that is no NaN and has no sign, or is a NaN.
    NoSign,
    /// A float with a sign that is no NaN.
    Sign,
    /// An integer 2^k, above 0.
    Pow2,
    /// A normal float ±2^k whose reciprocal is normal too.
    FloatPow2,
    /// A shift count that shifts everything out: below 0, or the width or more.
    Out,
    /// Right side: the reciprocal of the constant found.
    Recip,
    /// Right side: k of the constant 2^k.
    Log2,
    /// Right side: 2^k - 1 of the constant 2^k.
    Mask,
    /// Right side: the width less 1.
    TopBit,
}

/// The kinds of types for which a rule holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum On {
    /// All.
    Any,
    /// Integers and floats.
    Number,
    /// Floats.
    Float,
    /// Integers.
    Int,
    /// Integers with a sign.
    SignedInt,
    /// Integers without a sign.
    Unsigned,
    /// Signed integers, and floats.
    Signed,
    /// Bools.
    Bool,
    /// Bools and integers.
    Bits,
}

impl On {
    /// Whether the type is of the kind.
    pub fn holds(self, dtype: DType) -> bool {
        match self {
            On::Any => true,
            On::Number => dtype.kind() != Kind::Bool,
            On::Float => dtype.kind() == Kind::Float,
            On::Int => dtype.kind() == Kind::Int,
            On::SignedInt => dtype.kind() == Kind::Int && dtype.is_signed(),
            On::Unsigned => dtype.kind() == Kind::Int && !dtype.is_signed(),
            On::Signed => dtype.is_signed(),
            On::Bool => dtype.kind() == Kind::Bool,
            On::Bits => dtype.kind() != Kind::Float,
        }
    }
}

/// The types that a condition may ask for: of `x`, of the operation's argument, of the result.
#[derive(Clone, Copy, Debug)]
pub struct Types {
    /// Of `x`.
    pub x: DType,
    /// Of the first argument of the operation as a whole.
    pub arg: DType,
    /// Of the result.
    pub result: DType,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// The line, as it stands below.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
    pub text: &'static str,
    /// Where it holds.
    pub on: On,
    /// What is replaced.
    pub from: Pat,
    /// By what.
    pub to: Pat,
    /// Under which condition.
    pub when: fn(Types) -> bool,
}

macro_rules! pat {
    (x) => { Pat::Var(0) };
    (y) => { Pat::Var(1) };
    (z) => { Pat::Var(2) };
    (w) => { Pat::Var(3) };
    (Whole) => { Pat::Whole };
    (($op:ident $($arg:tt)*)) => { Pat::Op(Op::$op, &[$(pat!($arg)),*]) };
    ($class:ident) => { Pat::Const(Class::$class) };
}

macro_rules! condition {
    () => {
        |_| true
    };
    ($when:expr) => {
        $when
    };
}

macro_rules! rules {
    ($($on:ident $from:tt => $to:tt $(if $when:expr)?;)*) => {
        /// Every rule. The first that matches is taken.
        pub static RULES: &[Rule] = &[$(Rule {
            text: concat!(stringify!($on), " ", stringify!($from), " => ", stringify!($to)),
            on: On::$on, from: pat!($from), to: pat!($to), when: condition!($($when)?),
        },)*];
    };
}

#[rustfmt::skip]
rules! {
    // Sums. IEEE: x - y is x + (-y), and y + (-0.0) is y for every y, both zeros too. (y + 0.0 is not: -0.0 + 0.0 is 0.0.)
    Int    (Add x Zero) => x;                           // wrapping integers are a ring
    Float  (Add x NegZero) => x;                        // +0 + -0 is +0, -0 + -0 is -0
    Int    (Sub x Zero) => x;                           // ring
    Float  (Sub x Zero) => x;                           // as x + -0.0
    Int    (Sub Zero x) => (Neg x);                     // ring
    Float  (Sub NegZero x) => (Neg x);                  // -0 - +0 is -0, -0 - -0 is +0; the rest is exact
    Int    (Sub x x) => Zero;                           // ring (floats: inf - inf is NaN)
    Number (Add x (Neg y)) => (Sub x y);                // the definition of a difference
    Number (Sub x (Neg y)) => (Add x y);                // as x + --y
    Int    (Neg (Sub x y)) => (Sub y x);                // ring (floats: -(x - x) is -0.0)
    Number (Neg (Neg x)) => x;                          // a sign bit flipped twice; ring

    // Products. Signs of products and quotients are the exclusive or of the signs, whatever the magnitudes.
    Number (Mul x One) => x;                            // exact
    Number (Mul x MinusOne) => (Neg x);                 // exact, and the sign flips; ring
    Number (Mul (Neg x) (Neg y)) => (Mul x y);          // the signs cancel; ring
    Float  (Div x One) => x;                            // exact
    Float  (Div x MinusOne) => (Neg x);                 // exact, and the sign flips
    Float  (Div (Neg x) (Neg y)) => (Div x y);          // the signs cancel
    Float  (Div x FloatPow2) => (Mul x Recip);          // the reciprocal is exact: both round the same real number once
    Int    (Mul x Zero) => Zero;                        // ring (floats: 0*inf is NaN, 0*-1 is -0.0)
    Int    (Mul x Pow2) => (Shl x Log2);                // modulo 2^width both
    Float  (Fma x One z) => (Add x z);                  // the product is exact, so there is one rounding in both
    Float  (Fma One x z) => (Add x z);                  // likewise
    Float  (Fma x MinusOne z) => (Sub z x);             // likewise: -x + z
    Float  (Fma MinusOne x z) => (Sub z x);             // likewise
    Float  (Fma x y NegZero) => (Mul x y);              // exact p + -0.0 is p, with p's sign if 0 (p + 0.0 has not)
    Float  (Fma (Neg x) (Neg y) z) => (Fma x y z);      // the signs cancel

    // Integer division, by `op.rs`: floors, x // 0 and x % 0 are 0, MIN // -1 is MIN, x % -1 is 0.
    Int    (FloorDiv x One) => x;                       // exact
    SignedInt (FloorDiv x MinusOne) => (Neg x);         // exact but for MIN, whose negative wraps to MIN
    Int    (FloorDiv x Zero) => Zero;                   // specified
    Int    (FloorDiv Zero x) => Zero;                   // 0 // 0 too
    Int    (FloorDiv x Pow2) => (Shr x Log2);           // a shift floors
    Int    (FloorMod x One) => Zero;                    // no remainder
    SignedInt (FloorMod x MinusOne) => Zero;            // no remainder; specified for MIN
    Int    (FloorMod x Zero) => Zero;                   // specified
    Int    (FloorMod Zero x) => Zero;                   // 0 % 0 too
    Int    (FloorMod x x) => Zero;                      // 0 % 0 too
    Int    (FloorMod x Pow2) => (And x Mask);           // two's complement: the low bits are the floored remainder

    // Signs. The sign of a NaN is not promised, and is read as positive.
    Number (Abs (Abs x)) => (Abs x);                    // cleared twice; |MIN| is MIN
    Unsigned (Abs x) => x;                              // specified
    Signed (Abs (Neg x)) => (Abs x);                    // flipped, then cleared; MIN is its own negative
    Float  (Abs (CopySign x y)) => (Abs x);             // set, then cleared
    Float  (Abs (Mul x x)) => (Mul x x);                // a square has no sign (integers: it wraps)
    Float  (CopySign x x) => x;                         // its own sign
    Float  (CopySign (Neg x) y) => (CopySign x y);      // the first's sign is not read
    Float  (CopySign (Abs x) y) => (CopySign x y);      // likewise
    Float  (CopySign (CopySign x z) y) => (CopySign x y); // likewise
    Float  (CopySign x (Abs y)) => (Abs x);             // positive, for NaN too
    Float  (CopySign x NoSign) => (Abs x);              // positive; a NaN is read as positive
    Float  (CopySign x Sign) => (Neg (Abs x));          // negative

    // Rounding to integral gives back what is integral, infinities, NaN and both zeros.
    Float  (Floor Whole) => x;
    Float  (Ceil Whole) => x;
    Float  (Trunc Whole) => x;
    Float  (Round Whole) => x;

    // Minima: `x < y ? x : y`, NaN if either is; of zeros that is the second.
    Number (Min x x) => x;                              // either
    Number (Max x x) => x;                              // either
    Number (Min x Greatest) => x;                       // x < greatest ? x : greatest is x; NaN stays
    Number (Min Greatest x) => x;                       // never less
    Number (Max x Least) => x;                          // likewise
    Number (Max Least x) => x;                          // likewise
    Int    (Min x Least) => Least;                      // never less (floats: NaN)
    Int    (Min Least x) => Least;                      // less or equal
    Int    (Max x Greatest) => Greatest;                // never greater (floats: NaN)
    Int    (Max Greatest x) => Greatest;                // greater or equal
    Number (Min (Min x y) y) => (Min x y);              // x where x < y, else y, again (not so with x: zeros)
    Number (Min y (Min x y)) => (Min x y);              // y is not less than the minimum
    Number (Min x (Min x y)) => (Min x y);              // x is not less than the minimum
    Number (Max (Max x y) y) => (Max x y);              // as for minima
    Number (Max y (Max x y)) => (Max x y);
    Number (Max x (Max x y)) => (Max x y);

    // Bits: a Boolean algebra.
    Bits   (And x x) => x;
    Bits   (And x Zero) => Zero;
    Bits   (And x Ones) => x;
    Bits   (And x (Not x)) => Zero;
    Bits   (And x (Or x y)) => x;
    Bits   (And x (And x y)) => (And x y);
    Bits   (Or x x) => x;
    Bits   (Or x Zero) => x;
    Bits   (Or x Ones) => Ones;
    Bits   (Or x (Not x)) => Ones;
    Bits   (Or x (And x y)) => x;
    Bits   (Or x (Or x y)) => (Or x y);
    Bits   (Xor x x) => Zero;
    Bits   (Xor x Zero) => x;
    Bits   (Xor x Ones) => (Not x);
    Bits   (Xor x (Not x)) => Ones;
    Bits   (Xor x (Xor x y)) => y;
    Bits   (Not (Not x)) => x;

    // Shifts: counts below 0 or from the width on shift everything out. Of unsigned integers zeros come in from the left.
    Int    (Shl x Zero) => x;
    Int    (Shr x Zero) => x;
    Int    (Shl x Out) => Zero;                         // specified
    Unsigned (Shr x Out) => Zero;                       // specified
    SignedInt (Shr x Out) => (Shr x TopBit);            // all sign, as by the width less 1
    Int    (Shl Zero x) => Zero;
    Int    (Shr Zero x) => Zero;
    SignedInt (Shr Ones x) => Ones;                     // all sign, whatever the count

    // Comparisons. With a NaN all are false but `!=`, which is true: `==` and `!=` are opposites, `<` and `>=` are not.
    Bits   (Eq x x) => Ones;                            // (floats: NaN)
    Bits   (Ne x x) => Zero;                            // (floats: that is what `isnan` is)
    Number (Lt x x) => Zero;                            // with NaN too
    Number (Gt x x) => Zero;                            // with NaN too
    Int    (Le x x) => Ones;                            // (floats: NaN)
    Int    (Ge x x) => Ones;                            // (floats: NaN)
    Unsigned (Lt x Zero) => Zero;                       // nothing is below 0
    Unsigned (Gt Zero x) => Zero;
    Unsigned (Ge x Zero) => Ones;
    Unsigned (Le Zero x) => Ones;
    Any    (Not (Eq x y)) => (Ne x y);                  // with NaN: true both
    Any    (Not (Ne x y)) => (Eq x y);                  // with NaN: false both
    Int    (Not (Lt x y)) => (Ge x y);                  // a total order (floats: NaN)
    Int    (Not (Le x y)) => (Gt x y);
    Int    (Not (Gt x y)) => (Le x y);
    Int    (Not (Ge x y)) => (Lt x y);
    Bool   (Eq x One) => x;
    Bool   (Eq x Zero) => (Not x);
    Bool   (Ne x Zero) => x;
    Bool   (Ne x One) => (Not x);
    Bool   (Ne (Convert x) Zero) => x;                  // 1 or 0
    Bool   (Eq (Convert x) Zero) => (Not x);
    Any    (Ne (Convert x) Zero) => (Ne x Zero) if |t| embeds(t.x, t.arg); // the same number
    Any    (Eq (Convert x) Zero) => (Eq x Zero) if |t| embeds(t.x, t.arg); // the same number

    // Selections: `z` is the condition.
    Any    (Select z x x) => x;
    Any    (Select One x y) => x;
    Any    (Select Zero y x) => x;
    Any    (Select (Not z) x y) => (Select z y x);
    Any    (Select z (Select z x y) w) => (Select z x w); // the inner condition is known
    Any    (Select z x (Select z w y)) => (Select z x y); // likewise
    Bool   (Select x One Zero) => x if |t| t.result == DType::Bool;
    Bool   (Select x Zero One) => (Not x) if |t| t.result == DType::Bool;
    Bool   (Select z x Zero) => (And z x);
    Bool   (Select z One x) => (Or z x);
    Bool   (Select z Zero x) => (And (Not z) x);
    Bool   (Select z x One) => (Or (Not z) x);

    // Conversions.
    Any    (Convert x) => x if |t| t.x == t.result;
    Any    (Convert (Convert x)) => (Convert x) if |t| embeds(t.x, t.arg) && !saturates(t); // the same number
    Int    (Convert (Convert x)) => (Convert x) if |t| wraps(t); // the low bits of the low bits
    Number (Convert x) => (Ne x Zero) if |t| t.result == DType::Bool;     // specified; a NaN is not 0
    Number (Bitcast (Bitcast x)) => x if |t| t.x == t.result;
    Int    (SwapBytes (SwapBytes x)) => x;
    Int    (SwapBytes x) => x if |t| t.x.size() == 1;
}

/// The rules whose left side is this operation, in their order: most operations have few, and all are tried.
pub fn of(op: Op) -> impl Iterator<Item = &'static Rule> {
    static BY_OP: LazyLock<Vec<Vec<&Rule>>> = LazyLock::new(|| {
        let from = |op| RULES.iter().filter(move |rule| matches!(rule.from, Pat::Op(of, _) if of == op));
        Op::ALL.iter().map(|&op| from(op).collect()).collect()
    });
    BY_OP[op as usize].iter().copied()
}

/// Whether every value of `from` is a value of `to`, the same number, which converts back as it was.
pub fn embeds(from: DType, to: DType) -> bool {
    use Kind::*;
    let (narrow, wide) = (from.size(), to.size());
    match (from.kind(), to.kind()) {
        (Bool, Bool | Int | Float) => true,
        (Float, Float) => narrow <= wide,
        // A wider signed type has room for all unsigned ones, an unsigned type for no negative number.
        (Int, Int) if from.is_signed() == to.is_signed() => narrow <= wide,
        (Int, Int) => to.is_signed() && narrow < wide,
        // The significand has 24 bits of 32, or 53 of 64.
        (Int, Float) => 8 * narrow <= if wide == 8 { 53 } else { 24 },
        (Float, Int) | (Int | Float, Bool) | (Complex, _) | (_, Complex) => false,
    }
}

/// Whether a conversion from an integer through a float saturates, where that from integer to integer wraps.
fn saturates(t: Types) -> bool {
    t.x.is_int() && t.arg.is_float() && t.result.is_int() && !embeds(t.x, t.result)
}

/// Whether a conversion from integer to integer to integer keeps low bits alone.
fn wraps(t: Types) -> bool {
    t.x.is_int() && t.arg.is_int() && t.result.is_int() && t.result.size() <= t.arg.size()
}

/// Whether a constant is of a class.
pub fn is_of(class: Class, c: Scalar) -> bool {
    let dtype = c.dtype();
    let plain = |class| member(class, dtype, None) == Some(c);
    match class {
        Class::NoSign => dtype.is_float() && (c.is_nan() || !is_negative(c)),
        Class::Sign => dtype.is_float() && !c.is_nan() && is_negative(c),
        Class::Pow2 => dtype.is_int() && !is_negative(c) && c.bits().is_power_of_two(),
        Class::FloatPow2 => with_type!(dtype, T: Float; {
            let x = T::from_scalar(c);
            let significand = x.to_bits() & ((1 << (T::MANTISSA_DIGITS - 1)) - 1);
            x.is_normal() && significand == 0 && x.recip().is_normal()
        })
        .unwrap_or(false),
        Class::Out => dtype.is_int() && (is_negative(c) || c.bits() >= 8 * dtype.size() as u64),
        Class::Recip | Class::Log2 | Class::Mask | Class::TopBit => false,
        _ => plain(class),
    }
}

/// The constant of a type that a class on the right side names; `found` is the one that the left side has.
pub fn member(class: Class, dtype: DType, found: Option<Scalar>) -> Option<Scalar> {
    let all = Scalar::from_bits(dtype, u64::MAX);
    let top = 1u64 << (8 * dtype.size() - 1);
    let int = |bits: u64| dtype.is_int().then(|| Scalar::from_bits(dtype, bits));
    let float = |x: f64| dtype.is_float().then(|| semantics::eval(Op::Convert, dtype, &[x.into()])).flatten();
    match class {
        Class::Zero => Some(Scalar::from_bits(dtype, 0)),
        Class::NegZero => float(-0.0),
        Class::One if dtype == DType::Bool => Some(all),
        Class::One => int(1).or_else(|| float(1.0)),
        Class::MinusOne => int(u64::MAX).or_else(|| float(-1.0)),
        Class::Ones => (!dtype.is_float()).then_some(all),
        Class::Least => int(if dtype.is_signed() { top } else { 0 }).or_else(|| float(f64::NEG_INFINITY)),
        Class::Greatest => int(if dtype.is_signed() { top - 1 } else { u64::MAX }).or_else(|| float(f64::INFINITY)),
        Class::Recip => semantics::eval(Op::Div, dtype, &[member(Class::One, dtype, None)?, found?]),
        Class::Log2 => int(u64::from(found?.bits().trailing_zeros())),
        Class::Mask => int(found?.bits().wrapping_sub(1)),
        Class::TopBit => int(8 * dtype.size() as u64 - 1),
        Class::NoSign | Class::Sign | Class::Pow2 | Class::FloatPow2 | Class::Out => None,
    }
}

/// Whether the sign bit of a signed number is set.
fn is_negative(c: Scalar) -> bool {
    c.dtype().is_signed() && c.bits() >> (8 * c.dtype().size() - 1) & 1 == 1
}
