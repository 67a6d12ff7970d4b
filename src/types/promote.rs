//! Which type operands of several types take together: NumPy 2's rules (NEP 50), as a table.
//!
//! Comes in: the types of the operands. Goes out: their common type. Always holds: the order of the operands does not
//! matter, and a weak operand never widens a strong one of its own kind or a higher kind. A new type is a new row and
//! a new column.

use std::fmt;

use smallvec::SmallVec;

use crate::dtype::{DType, Kind};

/// The type of an operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// An array's, or that of anything computed from one.
    Strong(DType),
    /// An integer literal, a bare integer argument, or what was computed from such alone.
    WeakInt,
    /// The same where one of them is beyond `i64`.
    WeakUint,
    /// The same for floats.
    WeakFloat,
    /// The same for complex numbers.
    WeakComplex,
    /// Strings. Beside anything else there is no common type: whatever takes them looks for them first.
    Text,
}

/// What a type becomes beside each other one.
struct Row {
    dtype: DType,
    /// Beside each type, in the order of [`DType::ALL`].
    beside: [DType; DType::ALL.len()],
    beside_weak_int: DType,
    beside_weak_float: DType,
    beside_weak_complex: DType,
}

#[rustfmt::skip]
const TABLE: [Row; DType::ALL.len()] = {
    use DType::*;
    const fn row(dtype: DType, beside: [DType; DType::ALL.len()], weak: [DType; 3]) -> Row {
        Row { dtype, beside, beside_weak_int: weak[0], beside_weak_float: weak[1], beside_weak_complex: weak[2] }
    }
    [
        //          bool  i8   i16  i32  i64  u8   u16  u32  u64  f32  f64  c64  c128    weak: int  float  complex
        row(Bool, [Bool, I8, I16, I32, I64, U8, U16, U32, U64, F32, F64, C64, C128], [I64, F64, C128]),
        row(I8, [I8, I8, I16, I32, I64, I16, I32, I64, F64, F32, F64, C64, C128], [I8, F64, C128]),
        row(I16, [I16, I16, I16, I32, I64, I16, I32, I64, F64, F32, F64, C64, C128], [I16, F64, C128]),
        row(I32, [I32, I32, I32, I32, I64, I32, I32, I64, F64, F64, F64, C128, C128], [I32, F64, C128]),
        row(I64, [I64, I64, I64, I64, I64, I64, I64, I64, F64, F64, F64, C128, C128], [I64, F64, C128]),
        row(U8, [U8, I16, I16, I32, I64, U8, U16, U32, U64, F32, F64, C64, C128], [U8, F64, C128]),
        row(U16, [U16, I32, I32, I32, I64, U16, U16, U32, U64, F32, F64, C64, C128], [U16, F64, C128]),
        row(U32, [U32, I64, I64, I64, I64, U32, U32, U32, U64, F64, F64, C128, C128], [U32, F64, C128]),
        row(U64, [U64, F64, F64, F64, F64, U64, U64, U64, U64, F64, F64, C128, C128], [U64, F64, C128]),
        row(F32, [F32, F32, F32, F64, F64, F32, F32, F64, F64, F32, F64, C64, C128], [F32, F32, C64]),
        row(F64, [F64, F64, F64, F64, F64, F64, F64, F64, F64, F64, F64, C128, C128], [F64, F64, C128]),
        row(C64, [C64, C64, C64, C128, C128, C64, C64, C128, C128, C64, C128, C64, C128], [C64, C64, C64]),
        row(C128, [C128, C128, C128, C128, C128, C128, C128, C128, C128, C128, C128, C128, C128], [C128, C128, C128]),
    ]
};

const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(TABLE[at].dtype as usize == at, "rows stand in the order of the types");
        at += 1;
    }
};

/// The common type of two strong types.
pub fn promote(a: DType, b: DType) -> DType {
    TABLE[a as usize].beside[b as usize]
}

/// The common type of any number of operands: first of the strong ones, then of that and the weak ones. (Two at a
/// time would be wrong: `bool` and a weak integer give `i64`, but with an `f32` beside them all is `f32`.) Of the strong
/// ones first of the floats: `i16`, `u16` and `f32` are all `f32`, where `i16` and `u16` alone are `i32`.
pub fn common(types: impl IntoIterator<Item = Type>) -> Type {
    let (mut floats, mut others, mut weak) = (None::<DType>, SmallVec::<[DType; 4]>::new(), None::<Type>);
    for ty in types {
        match ty {
            Type::Strong(dtype) if dtype.is_float() || dtype.is_complex() => {
                floats = Some(floats.map_or(dtype, |f| promote(f, dtype)))
            }
            Type::Strong(dtype) => others.push(dtype),
            Type::Text => others.push(DType::U8),
            Type::WeakComplex => weak = Some(Type::WeakComplex),
            Type::WeakFloat if weak != Some(Type::WeakComplex) => weak = Some(Type::WeakFloat),
            Type::WeakUint if !matches!(weak, Some(Type::WeakFloat | Type::WeakComplex)) => weak = Some(Type::WeakUint),
            Type::WeakInt | Type::WeakUint | Type::WeakFloat => weak = weak.or(Some(Type::WeakInt)),
        }
    }
    let strong = floats.into_iter().chain(others).reduce(promote);
    match (strong, weak) {
        (Some(s), Some(Type::WeakComplex)) => Type::Strong(TABLE[s as usize].beside_weak_complex),
        (Some(s), Some(Type::WeakFloat)) => Type::Strong(TABLE[s as usize].beside_weak_float),
        (Some(s), Some(_)) => Type::Strong(TABLE[s as usize].beside_weak_int),
        (Some(s), None) => Type::Strong(s),
        (None, weak) => weak.unwrap_or(Type::WeakInt),
    }
}

impl Type {
    /// The type in which values of this type are computed: weak ones as `i64` (`u64` beyond) and `f64`; of strings that of their bytes.
    pub fn dtype(self) -> DType {
        match self {
            Type::Strong(dtype) => dtype,
            Type::WeakInt => DType::I64,
            Type::WeakUint => DType::U64,
            Type::WeakFloat => DType::F64,
            Type::WeakComplex => DType::C128,
            Type::Text => DType::U8,
        }
    }

    /// The kind of number.
    pub fn kind(self) -> Kind {
        self.dtype().kind()
    }
}

impl fmt::Display for Type {
    /// Weak types by their names in Python: `int`, `float`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Type::Strong(dtype) => dtype.fmt(f),
            Type::WeakInt | Type::WeakUint => f.pad("int"),
            Type::WeakFloat => f.pad("float"),
            Type::WeakComplex => f.pad("complex"),
            Type::Text => f.pad("string"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DType::*;

    #[test]
    fn common_types_are_those_of_numpy() {
        let lines = include_str!("tests/promotion.txt").lines().filter(|line| !line.starts_with('#'));
        let mut pairs = 0;
        for line in lines {
            let types: Vec<DType> = line.split(' ').map(|name| DType::from_name(name).unwrap()).collect();
            assert_eq!(promote(types[0], types[1]), types[2], "{line}");
            pairs += 1;
        }
        assert_eq!(pairs, DType::ALL.len().pow(2));
    }

    #[test]
    fn a_common_type_is_symmetric_and_holds_both() {
        for a in DType::ALL {
            assert_eq!(promote(a, a), a);
            for b in DType::ALL {
                let both = promote(a, b);
                assert_eq!(both, promote(b, a));
                assert_eq!(promote(both, a), both);
                for c in DType::ALL {
                    let of = |order: [DType; 3]| common(order.map(Type::Strong));
                    assert_eq!(of([a, b, c]), of([c, a, b]), "{a} {b} {c}");
                }
            }
        }
    }

    #[test]
    fn weak_operands() {
        let strong = |t| Type::Strong(t);
        for (types, expected) in [
            (vec![strong(I32), Type::WeakInt], strong(I32)),
            (vec![strong(I32), Type::WeakFloat], strong(F64)),
            (vec![strong(F32), Type::WeakFloat, Type::WeakInt], strong(F32)),
            (vec![strong(Bool), Type::WeakInt], strong(I64)),
            (vec![strong(Bool), Type::WeakInt, strong(F32)], strong(F32)),
            (vec![Type::WeakInt, Type::WeakInt], Type::WeakInt),
            (vec![Type::WeakFloat, Type::WeakInt], Type::WeakFloat),
            (vec![Type::WeakInt, Type::WeakUint], Type::WeakUint),
            (vec![Type::WeakUint, Type::WeakFloat, Type::WeakInt], Type::WeakFloat),
            (vec![strong(I8), Type::WeakUint], strong(I8)),
            (vec![strong(I32), strong(F32)], strong(F64)),
            (vec![strong(I16), strong(U16), strong(F32)], strong(F32)),
            (vec![strong(I8), strong(U8), Type::WeakInt], strong(I16)),
        ] {
            assert_eq!(common(types.iter().copied()), expected, "{types:?}");
        }
    }
}
