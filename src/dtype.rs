//! Element types, and single values of them.
//!
//! Always holds: a type is one row of the table below; whatever depends on the type alone (size, name, kind) is read
//! from its row. Memory forms: bool is one byte, 0 or 1; the others are the native form.

use std::fmt;

/// Runs code with `$T` as the Rust type of a dtype, if it is one of a class; `None` if not.
macro_rules! with_type {
    ($dtype:expr, $t:ident in $($variant:ident $rust:ty),*; $body:expr) => {
        match $dtype {
            $($crate::dtype::DType::$variant => {
                type $t = $rust;
                Some($body)
            })*
            #[allow(unreachable_patterns)]
            _ => None,
        }
    };
    ($dtype:expr, $t:ident: Float; $body:expr) => { with_type!($dtype, $t in F32 f32, F64 f64; $body) };
    ($dtype:expr, $t:ident: Int; $body:expr) => {
        with_type!($dtype, $t in I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64; $body)
    };
    ($dtype:expr, $t:ident: Number; $body:expr) => {
        with_type!($dtype, $t in I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64;
            $body)
    };
    ($dtype:expr, $t:ident: Bits; $body:expr) => {
        with_type!($dtype, $t in Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64; $body)
    };
    ($dtype:expr, $t:ident: Any; $body:expr) => {
        with_type!($dtype, $t in Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32,
            F64 f64; $body)
    };
}
pub(crate) use with_type;

/// Calls a macro with all types of elements: the name of each dtype, and its Rust type.
macro_rules! each_element {
    ($macro:ident) => {
        $macro! {
            Bool bool;
            I8 i8;
            I16 i16;
            I32 i32;
            I64 i64;
            U8 u8;
            U16 u16;
            U32 u32;
            U64 u64;
            F32 f32;
            F64 f64;
            C64 num_complex::Complex<f32>;
            C128 num_complex::Complex<f64>;
        }
    };
}
pub(crate) use each_element;

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
    /// Integers, with a sign or without.
    Int,
    /// IEEE floating point.
    Float,
    /// Pairs of floats: real part, imaginary part.
    Complex,
}

struct Row {
    dtype: DType,
    name: &'static str,
    size: usize,
    kind: Kind,
    signed: bool,
}

macro_rules! dtypes {
    (
        real { $($(#[$doc:meta])* $dtype:ident $t:ident $kind:ident;)* }
        complex { $($(#[$cdoc:meta])* $cdtype:ident $c:ident;)* }
    ) => {
        /// The type of an array's elements.
        ///
        /// ```
        /// use tilexpr::{DType, Kind};
        /// assert_eq!(DType::from_name("f32"), Some(DType::F32));
        /// assert_eq!((DType::F32.name(), DType::F32.size(), DType::F32.kind()), ("f32", 4, Kind::Float));
        /// assert!(DType::I8.is_signed() && !DType::U8.is_signed());
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum DType {
            $($(#[$doc])* $dtype,)*
            $($(#[$cdoc])* $cdtype,)*
        }

        const TABLE: &[Row] = &[$(Row {
            dtype: DType::$dtype,
            name: stringify!($t),
            size: size_of::<$t>(),
            kind: Kind::$kind,
            signed: is_signed!($kind $t),
        },)* $(Row {
            dtype: DType::$cdtype,
            name: stringify!($c),
            size: size_of::<$c>(),
            kind: Kind::Complex,
            signed: true,
        },)*];

        impl DType {
            /// Every type.
            pub const ALL: [DType; TABLE.len()] = [$(DType::$dtype,)* $(DType::$cdtype,)*];
            /// Every type that is not complex: those that kernels compute in.
            pub const REAL: &[DType] = &[$(DType::$dtype,)*];
        }

        $(
            impl sealed::Sealed for $c {}
            impl Element for $c {
                const DTYPE: DType = DType::$cdtype;
            }
        )*

        $(
            impl sealed::Sealed for $t {}
            impl Element for $t {
                const DTYPE: DType = DType::$dtype;
            }
            impl Real for $t {
                #[inline]
                fn to_scalar(self) -> Scalar {
                    Scalar::from_bits(DType::$dtype, to_bits!($kind self))
                }
                #[inline]
                fn from_scalar(scalar: Scalar) -> $t {
                    debug_assert_eq!(scalar.dtype, DType::$dtype);
                    from_bits!($kind $t, scalar.bits)
                }
            }
            impl From<$t> for Scalar {
                fn from(value: $t) -> Scalar {
                    value.to_scalar()
                }
            }
        )*
    };
}

macro_rules! is_signed {
    (Bool $t:ident) => {
        false
    };
    (Int $t:ident) => {
        $t::MIN != 0
    };
    (Float $t:ident) => {
        true
    };
}

/// Signs may be extended: a scalar takes the low bits.
macro_rules! to_bits {
    (Bool $x:expr) => {
        $x as u64
    };
    (Int $x:expr) => {
        $x as u64
    };
    (Float $x:expr) => {
        $x.to_bits().into()
    };
}

macro_rules! from_bits {
    (Bool $t:ident, $bits:expr) => {
        $bits != 0
    };
    (Int $t:ident, $bits:expr) => {
        $bits as $t
    };
    (Float $t:ident, $bits:expr) => {
        $t::from_bits($bits as _)
    };
}

/// The Rust types of complex elements, by the names of their dtypes.
#[allow(non_camel_case_types)]
type c64 = num_complex::Complex<f32>;
#[allow(non_camel_case_types)]
type c128 = num_complex::Complex<f64>;

dtypes! {
    real {
    /// `bool`: one byte in memory.
    Bool bool Bool;
    /// 8-bit signed integer.
    I8 i8 Int;
    /// 16-bit signed integer.
    I16 i16 Int;
    /// 32-bit signed integer.
    I32 i32 Int;
    /// 64-bit signed integer.
    I64 i64 Int;
    /// 8-bit unsigned integer.
    U8 u8 Int;
    /// 16-bit unsigned integer.
    U16 u16 Int;
    /// 32-bit unsigned integer.
    U32 u32 Int;
    /// 64-bit unsigned integer.
    U64 u64 Int;
    /// IEEE binary32.
    F32 f32 Float;
    /// IEEE binary64.
    F64 f64 Float;
    }
    complex {
    /// `num_complex::Complex<f32>`: real part, imaginary part.
    C64 c64;
    /// `num_complex::Complex<f64>`.
    C128 c128;
    }
}

impl DType {
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

    /// Whether this is a complex type.
    pub const fn is_complex(self) -> bool {
        matches!(self.kind(), Kind::Complex)
    }

    /// The type of a complex type's parts; the type itself if it is real.
    pub const fn part(self) -> DType {
        match self {
            DType::C64 => DType::F32,
            DType::C128 => DType::F64,
            real => real,
        }
    }

    /// The unsigned integer type of the same width; of complex types that of their parts, and none of bools.
    pub(crate) const fn unsigned(self) -> Option<DType> {
        match (self, self.part().size()) {
            (DType::Bool, _) => None,
            (_, 1) => Some(DType::U8),
            (_, 2) => Some(DType::U16),
            (_, 4) => Some(DType::U32),
            _ => Some(DType::U64),
        }
    }

    /// Whether values may be negative: of signed integers and floats.
    pub const fn is_signed(self) -> bool {
        self.row().signed
    }

    /// Whether this is an integer type that holds the value.
    pub(crate) fn holds(self, value: i128) -> bool {
        with_type!(self, T: Int; T::try_from(value).is_ok()).unwrap_or(false)
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<DType> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.dtype)
    }
}

/// In which order the bytes of a number lie in memory.
///
/// ```
/// use tilexpr::ByteOrder;
/// let first = 1_u16.to_ne_bytes()[0];
/// assert_eq!(ByteOrder::NATIVE, if first == 1 { ByteOrder::Little } else { ByteOrder::Big });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ByteOrder {
    /// The least significant byte first: NumPy's `<`.
    Little,
    /// The most significant byte first: NumPy's `>`, and that of networks and of FITS files.
    Big,
}

impl ByteOrder {
    /// That of this machine.
    pub const NATIVE: ByteOrder = if cfg!(target_endian = "little") { ByteOrder::Little } else { ByteOrder::Big };

    /// The other one.
    pub const fn swapped(self) -> ByteOrder {
        match self {
            ByteOrder::Little => ByteOrder::Big,
            ByteOrder::Big => ByteOrder::Little,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One value of a [`DType`] that is not complex. Always holds: bits above the type's width are zero, so equal bits are
/// equal values (two NaNs of different payload are different scalars).
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
            _ => bits & (u64::MAX >> (64 - 8 * dtype.size())),
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
        with_type!(self.dtype, T: Float; T::from_scalar(self).is_nan()).unwrap_or(false)
    }

    /// The value of an integer.
    pub(crate) fn as_int(self) -> Option<i128> {
        with_type!(self.dtype, T: Int; T::from_scalar(self).into())
    }

    /// An integer as a scalar of an integer type that holds it.
    pub(crate) fn from_int(dtype: DType, value: i128) -> Option<Scalar> {
        dtype.holds(value).then(|| Scalar::from_bits(dtype, value as u64))
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
/// ```
pub trait Element: Copy + Send + Sync + 'static + sealed::Sealed {
    /// Its type.
    const DTYPE: DType;
}

/// An [`Element`] that is not complex: one that kernels compute in, and a [`Scalar`] can hold.
///
/// ```
/// use tilexpr::Real;
/// assert_eq!(f64::from_scalar(1.5_f64.to_scalar()), 1.5);
/// ```
pub trait Real: Element {
    /// As a scalar.
    fn to_scalar(self) -> Scalar;

    /// From a scalar of this type.
    ///
    /// The scalar's bits are read as this type's; its dtype must be [`DTYPE`](Element::DTYPE).
    fn from_scalar(scalar: Scalar) -> Self;
}

mod sealed {
    /// Only this crate's types are elements: the memory forms are a promise of its own.
    pub trait Sealed {}
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}:{}", self, self.dtype)
    }
}

impl fmt::Display for Scalar {
    /// A decimal that reads back as the same value, or `nan:BITS` in hexadecimal where the payload is not the usual one.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if self.dtype == DType::Bool {
            return write!(f, "{}", self.bits != 0);
        }
        if let Some(x) = self.as_int() {
            return write!(f, "{x}");
        }
        let float = with_type!(self.dtype, T: Float; match T::from_scalar(*self) {
            x if !x.is_nan() => write!(f, "{x:?}"),
            _ if self.bits == T::NAN.to_scalar().bits => f.write_str("nan"),
            _ => write!(f, "nan:{:x}", self.bits),
        });
        float.unwrap_or(Ok(()))
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
        assert_eq!((Scalar::from(-1i8).bits(), Scalar::from(u64::MAX).bits()), (0xff, u64::MAX));
        assert_eq!((Scalar::from(-1i8).to_string(), Scalar::from(200u8).to_string()), ("-1".into(), "200".into()));
        assert_eq!(Scalar::from_int(DType::I16, -2), Some((-2i16).into()));
        assert_eq!(Scalar::from_int(DType::U8, 256), None);
    }

    #[test]
    fn a_nan_is_the_same_as_any() {
        let odd = Scalar::from(f64::from_bits(0xfff8_0000_0000_0001));
        assert!(odd.is_nan() && odd != f64::NAN.into() && odd.is_same(f64::NAN.into()));
        assert!(!odd.is_same(f32::NAN.into()) && !Scalar::from(0.0).is_same((-0.0).into()));
    }
}
