//! The primitive operations: one row each, with what they take and give.
//!
//! Every operation is exactly specified, so that each executor must give the same bits (a NaN equals any NaN).
//! The meaning in code, one point at a time, is in `semantics.rs`; the words here are the specification.

use super::cost::Cost;
use crate::dtype::{DType, Kind};

/// Which types an operation takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// Floats.
    Float,
    /// Integers.
    Int,
    /// Integers and floats.
    Number,
    /// Bools and integers: bitwise operations.
    Bits,
    /// Any type.
    Any,
}

/// What an operation gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gives {
    /// The type of its last argument.
    Same,
    /// A bool.
    Bool,
    /// The type named in the instruction.
    Named,
}

/// One row of the table.
#[derive(Debug)]
pub struct OpRow {
    /// The operation.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
    pub op: Op,
    /// Its name in the text form.
    pub name: &'static str,
    /// How many arguments. All have one type, except the first of `select`, which is a bool.
    pub arity: usize,
    /// Which types it takes.
    pub takes: Takes,
    /// What it gives.
    pub gives: Gives,
    /// Whether the arguments may be exchanged without a change of bits.
    pub commutes: bool,
    /// What it costs.
    pub cost: Cost,
}

macro_rules! ops {
    ($($(#[$doc:meta])* $op:ident $name:literal $arity:literal $takes:ident $gives:ident $commutes:literal
        $simple:literal $float:literal $int:literal $vector:literal;)*) => {
        /// A primitive operation.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Op { $($(#[$doc])* $op,)* }

        impl Op {
            /// Every operation.
            pub const ALL: &[Op] = &[$(Op::$op,)*];
        }

        static TABLE: &[OpRow] = &[$(OpRow {
            op: Op::$op, name: $name, arity: $arity, takes: Takes::$takes, gives: Gives::$gives, commutes: $commutes,
            cost: Cost { simple: $simple, latency: [$float, $int], vector: $vector },
        },)*];
    };
}

ops! {
    // Name, arguments, takes, gives, commutes; simple operations, latency of floats and of integers, vector instructions.
    /// Sum: IEEE, or wrapping.
    Add "add" 2 Number Same true 1.0 4 1 true;
    /// Difference: IEEE, or wrapping.
    Sub "sub" 2 Number Same false 1.0 4 1 true;
    /// Product: IEEE, or wrapping.
    Mul "mul" 2 Number Same true 1.0 4 1 true;
    /// The high half of the product, which has twice the bits.
    MulHigh "mul_high" 2 Int Same true 3.0 6 6 true;
    /// Quotient: IEEE.
    Div "div" 2 Float Same false 5.0 13 13 true;
    /// Quotient rounded down; by 0 it is 0; signed `MIN // -1` is `MIN`.
    FloorDiv "floor_div" 2 Int Same false 12.0 20 20 false;
    /// `x - floor_div(x, y)*y`, with the divisor's sign; by 0 and by a signed -1 it is 0.
    FloorMod "floor_mod" 2 Int Same false 12.0 20 20 false;
    /// `x*y + z`, rounded once.
    Fma "fma" 3 Float Same false 1.0 4 1 true;
    /// Sign changed (of zeros and NaN too), or wrapping.
    Neg "neg" 1 Number Same false 1.0 1 1 true;
    /// Sign cleared (of NaN too), or wrapping: `abs(MIN)` is `MIN`. Of unsigned integers the value itself.
    Abs "abs" 1 Number Same false 1.0 1 1 true;
    /// The magnitude of the first with the sign of the second. A NaN's sign is read as positive.
    CopySign "copysign" 2 Float Same false 1.0 1 1 true;
    /// IEEE square root.
    Sqrt "sqrt" 1 Float Same false 5.0 13 13 true;
    /// To an integral value, downwards.
    Floor "floor" 1 Float Same false 1.0 4 1 true;
    /// To an integral value, upwards.
    Ceil "ceil" 1 Float Same false 1.0 4 1 true;
    /// To an integral value, towards zero.
    Trunc "trunc" 1 Float Same false 1.0 4 1 true;
    /// To the nearest integral value, ties to even.
    Round "round" 1 Float Same false 1.0 4 1 true;
    /// NaN if either is, else `x < y ? x : y`.
    Min "min" 2 Number Same false 1.0 1 1 true;
    /// NaN if either is, else `x > y ? x : y`.
    Max "max" 2 Number Same false 1.0 1 1 true;
    /// NaN if either is, else the lesser, of zeros the negative one: the minimum of IEEE 754-2019.
    Minimum "minimum" 2 Float Same true 1.5 5 5 true;
    /// NaN if either is, else the greater, of zeros the positive one: the maximum of IEEE 754-2019.
    Maximum "maximum" 2 Float Same true 1.5 5 5 true;
    /// Bitwise and.
    And "and" 2 Bits Same true 1.0 1 1 true;
    /// Bitwise or.
    Or "or" 2 Bits Same true 1.0 1 1 true;
    /// Bitwise exclusive or.
    Xor "xor" 2 Bits Same true 1.0 1 1 true;
    /// Bitwise complement (of a bool: not).
    Not "not" 1 Bits Same false 1.0 1 1 true;
    /// Left shift; by a count below 0 or from the width on, 0.
    Shl "shl" 2 Int Same false 1.0 1 1 true;
    /// Right shift, of signed integers with the sign; by a count below 0 or from the width on, all sign (unsigned: 0).
    Shr "shr" 2 Int Same false 1.0 1 1 true;
    /// The bytes in the other order.
    SwapBytes "swap_bytes" 1 Int Same false 1.0 1 1 true;
    /// Equal (a NaN equals nothing).
    Eq "eq" 2 Any Bool true 1.0 1 1 true;
    /// Not equal (a NaN differs from all).
    Ne "ne" 2 Any Bool true 1.0 1 1 true;
    /// Less than.
    Lt "lt" 2 Number Bool false 1.0 1 1 true;
    /// Less than or equal.
    Le "le" 2 Number Bool false 1.0 1 1 true;
    /// Greater than.
    Gt "gt" 2 Number Bool false 1.0 1 1 true;
    /// Greater than or equal.
    Ge "ge" 2 Number Bool false 1.0 1 1 true;
    /// The second where the first (a bool) holds, else the third.
    Select "select" 3 Any Same false 1.0 1 1 true;
    /// To the named type. Bool gives 0 or 1; to bool: `x != 0`; integer to integer wraps; integer to float rounds to
    /// nearest even; float to integer truncates and saturates, NaN gives 0; float to float rounds to nearest even.
    Convert "convert" 1 Any Named false 1.0 4 4 true;
    /// The same bits as the named type of the same width: between floats and integers. (Between integers that is what
    /// `convert` does.)
    Bitcast "bitcast" 1 Number Named false 0.0 0 0 true;
}

impl Op {
    /// The operation's row.
    pub fn row(self) -> &'static OpRow {
        &TABLE[self as usize]
    }

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The number of arguments.
    #[cfg(any(debug_assertions, test, feature = "internals"))]
    pub fn arity(self) -> usize {
        self.row().arity
    }

    /// The operation of this name.
    #[cfg(any(test, feature = "internals"))]
    pub fn from_name(name: &str) -> Option<Op> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.op)
    }

    /// Whether the operation takes arguments of this type (the arguments after the first, for `select`).
    pub fn takes(self, dtype: DType) -> bool {
        if dtype.is_complex() {
            return false;
        }
        match self.row().takes {
            Takes::Float => dtype.kind() == Kind::Float,
            Takes::Int => dtype.kind() == Kind::Int,
            Takes::Number => dtype.kind() != Kind::Bool,
            Takes::Bits => dtype.kind() != Kind::Float,
            Takes::Any => true,
        }
    }

    /// The type of the result for these argument types; `named` is the type that `convert` and `bitcast` name.
    /// `None` where the operation does not take the arguments.
    pub fn result(self, args: &[DType], named: Option<DType>) -> Option<DType> {
        let row = self.row();
        let (&last, rest) = args.split_last()?;
        if args.len() != row.arity || !self.takes(last) || named.is_some() != (row.gives == Gives::Named) {
            return None;
        }
        let alike = match self {
            Op::Select => rest == [DType::Bool, last],
            _ => rest.iter().all(|&t| t == last),
        };
        if !alike {
            return None;
        }
        match row.gives {
            Gives::Same => Some(last),
            Gives::Bool => Some(DType::Bool),
            Gives::Named if self == Op::Bitcast => {
                named.filter(|to| to.size() == last.size() && to.is_float() != last.is_float())
            }
            Gives::Named => named.filter(|to| !to.is_complex()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for &op in Op::ALL {
            assert_eq!(op.row().op, op);
            assert_eq!(Op::from_name(op.name()), Some(op));
        }
    }

    #[test]
    fn results() {
        use DType::*;
        assert_eq!(Op::Add.result(&[F64, F64], None), Some(F64));
        assert_eq!(Op::Add.result(&[F64, F32], None), None);
        assert_eq!(Op::Add.result(&[Bool, Bool], None), None);
        assert_eq!(Op::Select.result(&[Bool, I32, I32], None), Some(I32));
        assert_eq!(Op::Select.result(&[I32, I32, I32], None), None);
        assert_eq!(Op::Lt.result(&[I32, I32], None), Some(Bool));
        assert_eq!(Op::Convert.result(&[I32], Some(F64)), Some(F64));
        assert_eq!(Op::Convert.result(&[I32], None), None);
        assert_eq!(Op::Bitcast.result(&[I32], Some(F32)), Some(F32));
        assert_eq!(Op::Bitcast.result(&[F64], Some(U64)), Some(U64));
        assert_eq!(Op::Bitcast.result(&[I32], Some(F64)), None);
        assert_eq!(Op::Bitcast.result(&[I32], Some(U32)), None);
        assert_eq!(Op::Bitcast.result(&[F32], Some(Bool)), None);
    }
}
