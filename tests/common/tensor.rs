//! Values of an array without a layout: a list of scalars in C order.

use ndarray::{ArrayD, IxDyn};
use tilexpr::{AnyArray, DType, Real, Scalar};

use super::rng::Rng;

#[derive(Clone, Debug)]
pub struct Tensor {
    pub dtype: DType,
    pub shape: Vec<usize>,
    pub data: Vec<Scalar>,
}

/// Every type, as `Variant type`.
#[macro_export]
macro_rules! for_all_types {
    ($mac:ident! $($args:tt)*) => {
        $mac! { [Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64]
            $($args)* }
    };
}

/// Runs a piece of code with `$T` the Rust type of a dtype.
#[macro_export]
macro_rules! with_type {
    ([$($variant:ident $t:ty),*] $dtype:expr, $T:ident, $body:expr) => {
        match $dtype {
            $(tilexpr::DType::$variant => {
                type $T = $t;
                $body
            })*
            other => unreachable!("a new type {other}"),
        }
    };
    ($dtype:expr, $T:ident, $body:expr) => { $crate::for_all_types!(with_type! $dtype, $T, $body) };
}

/// Whether two values are the same bits, or both NaN.
pub fn same(a: Scalar, b: Scalar) -> bool {
    let nan = |x: Scalar| match x.dtype() {
        DType::F32 => f32::from_scalar(x).is_nan(),
        DType::F64 => f64::from_scalar(x).is_nan(),
        _ => false,
    };
    a == b || a.dtype() == b.dtype() && nan(a) && nan(b)
}

/// Strides of an array of this shape in C order, in elements; 0 along axes of length 1.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1;
    for axis in (0..shape.len()).rev() {
        strides[axis] = if shape[axis] == 1 { 0 } else { step };
        step *= shape[axis];
    }
    strides
}

/// All indices of a shape in C order.
pub fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    let count: usize = shape.iter().product();
    (0..count).map(|mut at| {
        let mut index = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            index[axis] = at % shape[axis];
            at /= shape[axis];
        }
        index
    })
}

impl Tensor {
    pub fn from_array<T: Real>(array: &ArrayD<T>) -> Tensor {
        Tensor { dtype: T::DTYPE, shape: array.shape().to_vec(), data: array.iter().map(|x| x.to_scalar()).collect() }
    }

    pub fn from_any(array: &AnyArray) -> Tensor {
        macro_rules! from {
            ([$($variant:ident $t:ty),*] $array:expr) => {
                match $array {
                    $(AnyArray::$variant(a) => Tensor::from_array(a),)*
                    other => unreachable!("a new type {}", other.dtype()),
                }
            };
        }
        for_all_types!(from! array)
    }

    pub fn to_array<T: Real>(&self) -> ArrayD<T> {
        let data = self.data.iter().map(|&x| T::from_scalar(x)).collect();
        ArrayD::from_shape_vec(IxDyn(&self.shape), data).unwrap()
    }

    /// Random values, corners of the type among them.
    pub fn random(rng: &mut Rng, dtype: DType, shape: &[usize]) -> Tensor {
        let count: usize = shape.iter().product();
        // Some arrays are tame, so that results are not all NaN and infinite.
        let corners = rng.pick(&[0, 0, 20, 4]);
        let data = (0..count).map(|_| value(rng, dtype, corners)).collect();
        Tensor { dtype, shape: shape.to_vec(), data }
    }

    /// The same values repeated along axes of length 1.
    pub fn broadcast(&self, shape: &[usize]) -> Tensor {
        let missing = shape.len() - self.shape.len();
        let own = strides(&self.shape);
        let place = |index: Vec<usize>| index[missing..].iter().zip(&own).map(|(i, s)| i * s).sum::<usize>();
        let data = indices(shape).map(|index| self.data[place(index)]).collect();
        Tensor { dtype: self.dtype, shape: shape.to_vec(), data }
    }

    /// Where two differ, if they do.
    pub fn difference(&self, other: &Tensor) -> Option<String> {
        if self.dtype != other.dtype || self.shape != other.shape {
            return Some(format!("{} {:?} against {} {:?}", self.dtype, self.shape, other.dtype, other.shape));
        }
        let at = (0..self.data.len()).find(|&at| !same(self.data[at], other.data[at]))?;
        let wrong = (0..self.data.len()).filter(|&at| !same(self.data[at], other.data[at])).count();
        let index = indices(&self.shape).nth(at);
        Some(format!("{wrong} differ, the first at {index:?}: {:?} against {:?}", self.data[at], other.data[at]))
    }
}

/// A random value; one in `corners` is a special one of the type.
pub fn value(rng: &mut Rng, dtype: DType, corners: usize) -> Scalar {
    let corner = corners > 0 && rng.one_in(corners);
    match dtype {
        DType::Bool => rng.one_in(2).into(),
        // Bits of which a type takes the low ones: its ends, shift counts and the ends of narrower types.
        dtype if dtype.is_int() && corner => {
            let width = 8 * dtype.size() as u32;
            let (top, counts) = (1u64 << (width - 1), [width - 1, width, width + 1].map(u64::from));
            let ends = [top, top - 1, top + 1, 0, 1, u64::MAX, u64::MAX - 1];
            let bits = rng.pick(&[&ends[..], &counts[..], &[255, 256, 1 << 31, 1 << 53]].concat());
            Scalar::from_bits(dtype, bits)
        }
        dtype if dtype.is_int() => {
            let span = if dtype.size() == 8 { 201 } else { 21 };
            let least = if dtype.is_signed() { span as i64 / 2 } else { 0 };
            Scalar::from_bits(dtype, (rng.below(span) as i64 - least) as u64)
        }
        DType::F32 if corner => {
            let all = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 0.0, 1e-42, f32::MAX, f32::MIN, f32::EPSILON];
            rng.pick(&all).into()
        }
        DType::F64 if corner => {
            let all =
                [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 5e-324, f64::MAX, f64::MIN, 1e300, 4.5e15];
            rng.pick(&all).into()
        }
        DType::F32 if rng.one_in(3) => (rng.below(17) as f32 - 8.0).into(),
        DType::F64 if rng.one_in(3) => (rng.below(17) as f64 - 8.0).into(),
        DType::F32 => ((rng.unit() * 8.0 - 4.0) as f32).into(),
        DType::F64 => (rng.unit() * 8.0 - 4.0).into(),
        other => unreachable!("a new type {other}"),
    }
}
