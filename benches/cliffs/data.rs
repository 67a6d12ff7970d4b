//! Arrays by description, so that NumPy can make the same.

use ndarray::{ArrayD, Axis, IxDyn, Slice};
use num_complex::Complex;
use serde_json::json;
use tilexpr::{AnyArray, DType, Element};

use crate::common::in_huge_pages;

/// How an array lies in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum View {
    C,
    Fortran,
    /// The last axis is the outermost in memory: colours of a picture in planes.
    Planar,
    /// One element more along the last axis than is in the view: `rgba[..., :3]`.
    Padded,
}

/// What its elements are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Floats from 0.5 to 1.5 (both parts of complex numbers), integers from 0 to 99, bools at random.
    Usual,
    /// From 5e6 to 2e9.
    Large,
    /// From 0 to 7.
    Shift,
    Zero,
}

/// An array.
#[derive(Clone, Copy)]
pub struct Spec {
    pub name: &'static str,
    pub dtype: DType,
    pub shape: &'static [usize],
    pub view: View,
    pub values: Values,
}

/// A usual array in C order.
pub const fn usual(name: &'static str, dtype: DType, shape: &'static [usize]) -> Spec {
    Spec { name, dtype, shape, view: View::C, values: Values::Usual }
}

impl Spec {
    /// The same, lying otherwise.
    pub const fn lying(self, view: View) -> Spec {
        Spec { view, ..self }
    }

    /// The same with other elements.
    pub const fn of(self, values: Values) -> Spec {
        Spec { values, ..self }
    }

    /// For `numpy.py`.
    pub fn json(&self) -> serde_json::Value {
        let dtype = match self.dtype {
            DType::Bool => "bool",
            DType::I8 => "int8",
            DType::I16 => "int16",
            DType::I32 => "int32",
            DType::I64 => "int64",
            DType::U8 => "uint8",
            DType::U16 => "uint16",
            DType::U32 => "uint32",
            DType::U64 => "uint64",
            DType::F32 => "float32",
            DType::F64 => "float64",
            DType::C64 => "complex64",
            DType::C128 => "complex128",
            other => unreachable!("a new type {other}"),
        };
        let view = match self.view {
            View::C => "c",
            View::Fortran => "fortran",
            View::Planar => "planar",
            View::Padded => "padded",
        };
        let values = match self.values {
            Values::Usual => "usual",
            Values::Large => "large",
            Values::Shift => "shift",
            Values::Zero => "zero",
        };
        json!({ "name": self.name, "dtype": dtype, "shape": self.shape, "view": view, "values": values })
    }

    /// The array.
    pub fn make(&self) -> AnyArray {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ self.name.len() as u64;
        let mut unit = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        let values = self.values;
        let mut whole = || match values {
            Values::Usual => unit() * 100.0,
            Values::Large => unit() * 2e9 + 5e6,
            Values::Shift => unit() * 8.0,
            Values::Zero => 0.0,
        };
        macro_rules! whole {
            ($t:ty) => {
                self.laid(|| whole() as $t).into()
            };
        }
        let mut float = |at: f64| if values == Values::Usual { whole() * 0.01 + at } else { whole() };
        match self.dtype {
            DType::Bool => self.laid(|| whole() >= 50.0).into(),
            DType::I8 => whole!(i8),
            DType::I16 => whole!(i16),
            DType::I32 => whole!(i32),
            DType::I64 => whole!(i64),
            DType::U8 => whole!(u8),
            DType::U16 => whole!(u16),
            DType::U32 => whole!(u32),
            DType::U64 => whole!(u64),
            DType::F32 => self.laid(|| float(0.5) as f32).into(),
            DType::F64 => self.laid(|| float(0.5)).into(),
            DType::C64 => self.laid(|| Complex::new(float(0.5) as f32, float(0.5) as f32)).into(),
            DType::C128 => self.laid(|| Complex::new(float(0.5), float(0.5))).into(),
            other => unreachable!("a new type {other}"),
        }
    }

    fn laid<T: Element>(&self, value: impl FnMut() -> T) -> ArrayD<T> {
        let (rank, mut lengths) = (self.shape.len(), self.shape.to_vec());
        match self.view {
            View::C => {}
            View::Fortran => lengths.reverse(),
            View::Planar => lengths.rotate_right(1),
            View::Padded => lengths[rank - 1] += 1,
        }
        let array = in_huge_pages(&ArrayD::from_shape_simple_fn(IxDyn(&lengths), value));
        match self.view {
            View::C => array,
            View::Fortran => array.reversed_axes(),
            View::Planar => array.permuted_axes(IxDyn(&(1..rank).chain([0]).collect::<Vec<_>>())),
            View::Padded => {
                let mut array = array;
                array.slice_axis_inplace(Axis(rank - 1), Slice::from(..-1));
                array
            }
        }
    }
}
