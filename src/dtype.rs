//! Element types, and single values of them.
//!
//! Always holds: a type is one row of the table below; whatever depends on the type alone (size, name, kind) is read
//! from its row. Memory forms: bool is one byte, 0 or 1; the others are the native form.

use std::fmt;

/// The type of an array's elements.
///
/// ```
/// use tilexpr::{DType, Kind};
/// assert_eq!(DType::from_name("f32"), Some(DType::F32));
/// assert_eq!((DType::F32.name(), DType::F32.size(), DType::F32.kind()), ("f32", 4, Kind::Float));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum DType {
    /// `bool`: one byte in memory.
    Bool,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
}

/// What kind of number a type holds.
///
/// ```
/// use tilexpr::{DType, Kind};
/// let floats: Vec<DType> = DType::ALL.into_iter().filter(|d| d.kind() == Kind::Float).collect();
/// assert_eq!(floats, [DType::F32, DType::F64]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// True or false.
    Bool,
    /// Signed integers.
    Int,
    /// IEEE floating point.
    Float,
}

struct Row {
    dtype: DType,
    name: &'static str,
    size: usize,
    kind: Kind,
}

const TABLE: [Row; 5] = [
    Row { dtype: DType::Bool, name: "bool", size: 1, kind: Kind::Bool },
    Row { dtype: DType::I32, name: "i32", size: 4, kind: Kind::Int },
    Row { dtype: DType::I64, name: "i64", size: 8, kind: Kind::Int },
    Row { dtype: DType::F32, name: "f32", size: 4, kind: Kind::Float },
    Row { dtype: DType::F64, name: "f64", size: 8, kind: Kind::Float },
];

impl DType {
    /// Every type.
    pub const ALL: [DType; 5] = [DType::Bool, DType::I32, DType::I64, DType::F32, DType::F64];

    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The name, as casts in an expression write it: `f64`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Bytes of one element in memory.
    pub const fn size(self) -> usize {
        self.row().size
    }

    /// The kind of number.
    pub const fn kind(self) -> Kind {
        self.row().kind
    }

    /// Whether this is a floating-point type.
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
    }

    /// Whether this is an integer type.
    pub const fn is_int(self) -> bool {
        matches!(self.kind(), Kind::Int)
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<DType> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.dtype)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One value of a [`DType`]. Always holds: bits above the type's width are zero, so equal bits are equal values
/// (two NaNs of different payload are different scalars).
///
/// ```
/// use tilexpr::{DType, Scalar};
/// let x = Scalar::from(2.5_f32);
/// assert_eq!((x.dtype(), x.bits()), (DType::F32, u64::from(2.5_f32.to_bits())));
/// assert_ne!(Scalar::from(0.0), Scalar::from(-0.0));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scalar {
    dtype: DType,
    bits: u64,
}

impl Scalar {
    /// From the value's bits, of which only the low `dtype.size() * 8` count (for bool: any set bit is true).
    pub const fn from_bits(dtype: DType, bits: u64) -> Scalar {
        let bits = match dtype {
            DType::Bool => (bits & 0xff != 0) as u64,
            _ if dtype.size() == 4 => bits & 0xffff_ffff,
            _ => bits,
        };
        Scalar { dtype, bits }
    }

    /// The type.
    pub const fn dtype(self) -> DType {
        self.dtype
    }

    /// The bits, zero-extended.
    pub const fn bits(self) -> u64 {
        self.bits
    }

    /// Whether this is a NaN.
    pub fn is_nan(self) -> bool {
        match self.dtype {
            DType::F32 => f32::from_bits(self.bits as u32).is_nan(),
            DType::F64 => f64::from_bits(self.bits).is_nan(),
            DType::Bool | DType::I32 | DType::I64 => false,
        }
    }

    /// Whether these are the same to the bit, where a NaN equals any NaN of its type: what executors must agree on.
    pub fn is_same(self, other: Scalar) -> bool {
        self == other || self.dtype == other.dtype && self.is_nan() && other.is_nan()
    }
}

/// A Rust type whose values are elements of arrays.
///
/// ```
/// use tilexpr::{DType, Element};
/// fn name<T: Element>() -> &'static str {
///     T::DTYPE.name()
/// }
/// assert_eq!(name::<i64>(), "i64");
/// assert_eq!(f64::from_scalar(1.5_f64.to_scalar()), 1.5);
/// ```
pub trait Element: Copy + Send + Sync + 'static + sealed::Sealed {
    /// Its type.
    const DTYPE: DType;

    /// As a scalar.
    fn to_scalar(self) -> Scalar;

    /// From a scalar of this type.
    ///
    /// The scalar's bits are read as this type's; its dtype must be [`Self::DTYPE`](Element::DTYPE).
    fn from_scalar(scalar: Scalar) -> Self;
}

mod sealed {
    /// Only this crate's types are elements: the memory forms are a promise of its own.
    pub trait Sealed {}
}

macro_rules! elements {
    ($($t:ty, $dtype:ident, $to:expr, $from:expr;)*) => { $(
        impl sealed::Sealed for $t {}
        impl Element for $t {
            const DTYPE: DType = DType::$dtype;
            fn to_scalar(self) -> Scalar {
                Scalar::from_bits(DType::$dtype, $to(self))
            }
            fn from_scalar(scalar: Scalar) -> $t {
                debug_assert_eq!(scalar.dtype, DType::$dtype);
                $from(scalar.bits)
            }
        }
        impl From<$t> for Scalar {
            fn from(value: $t) -> Scalar {
                value.to_scalar()
            }
        }
    )* };
}

elements! {
    bool, Bool, |x: bool| x as u64, |b: u64| b != 0;
    i32, I32, |x: i32| x as u32 as u64, |b: u64| b as i32;
    i64, I64, |x: i64| x as u64, |b: u64| b as i64;
    f32, F32, |x: f32| x.to_bits() as u64, |b: u64| f32::from_bits(b as u32);
    f64, F64, |x: f64| x.to_bits(), |b: u64| f64::from_bits(b);
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}:{}", self, self.dtype)
    }
}

impl fmt::Display for Scalar {
    /// A decimal that reads back as the same value, or `nan:BITS` in hexadecimal where the payload is not the usual one.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.dtype {
            DType::Bool => write!(f, "{}", self.bits != 0),
            DType::I32 => write!(f, "{}", self.bits as i32),
            DType::I64 => write!(f, "{}", self.bits as i64),
            DType::F32 => {
                let x = f32::from_bits(self.bits as u32);
                if x.is_nan() && self.bits as u32 != f32::NAN.to_bits() {
                    write!(f, "nan:{:x}", self.bits)
                } else if x.is_nan() {
                    f.write_str("nan")
                } else {
                    write!(f, "{x:?}")
                }
            }
            DType::F64 => {
                let x = f64::from_bits(self.bits);
                if x.is_nan() && self.bits != f64::NAN.to_bits() {
                    write!(f, "nan:{:x}", self.bits)
                } else if x.is_nan() {
                    f.write_str("nan")
                } else {
                    write!(f, "{x:?}")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for dtype in DType::ALL {
            assert_eq!(dtype.row().dtype, dtype);
            assert_eq!(DType::from_name(dtype.name()), Some(dtype));
        }
        assert_eq!(DType::from_name("f16"), None);
    }

    #[test]
    fn scalars_keep_their_bits() {
        assert_eq!(Scalar::from(-1i32).bits(), 0xffff_ffff);
        assert_eq!(i32::from_scalar(Scalar::from(-1i32)), -1);
        assert_eq!(Scalar::from(-0.0).to_string(), "-0.0");
        assert_eq!(Scalar::from(f32::NAN).to_string(), "nan");
        assert_eq!(Scalar::from_bits(DType::Bool, 2), Scalar::from(true));
    }

    #[test]
    fn a_nan_is_the_same_as_any() {
        let odd = Scalar::from(f64::from_bits(0xfff8_0000_0000_0001));
        assert!(odd.is_nan() && odd != f64::NAN.into() && odd.is_same(f64::NAN.into()));
        assert!(!odd.is_same(f32::NAN.into()) && !Scalar::from(0.0).is_same((-0.0).into()));
    }
}
