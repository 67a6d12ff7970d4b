//! ndarray as an adapter: its arrays as arguments, outputs and results.

use ndarray::{Array, ArrayBase, ArrayD, ArrayView, Data, DataMut, Dimension, IxDyn};

use super::{AnyArray, FromResult, one};
use crate::array::arg::{Arg, IntoArg};
use crate::array::view::{Dims, Strided, View, ViewMut};
use crate::diagnostic::several;
use crate::dtype::{Element, each_element};
use crate::error::eval::{Detail, EvalError, EvalErrorKind};

/// What a result is held in.
pub type Owned<T> = ArrayD<T>;

/// An array of no axes.
pub fn single<T: Element>(value: T) -> ArrayD<T> {
    ArrayD::from_elem(IxDyn(&[]), value)
}

/// The elements in C order.
pub fn into_vec<T: Element>(array: ArrayD<T>) -> Vec<T> {
    if !array.is_standard_layout() {
        return array.iter().copied().collect();
    }
    let length = array.len();
    let (mut elements, first) = array.into_raw_vec_and_offset();
    // An array may be a part of what it owns.
    elements.drain(..first.unwrap_or(0));
    elements.truncate(length);
    elements
}

impl AnyArray {
    /// As an array of this element type and dimension.
    ///
    /// ```
    /// use ndarray::{Array1, array};
    /// use tilexpr::{AnyArray, Expr, args};
    /// let y: AnyArray = Expr::compile("a/2")?.eval(args![a = &[1, 2, 3]])?;
    /// let y: Array1<f64> = y.into_array()?;
    /// assert_eq!(y, array![0.5, 1.0, 1.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`EvalErrorKind::Result`] if it has another type or another number of axes. Nothing is converted.
    pub fn into_array<T: Element, D: Dimension>(self) -> Result<Array<T, D>, EvalError> {
        let rank = self.shape().len();
        self.into_owned::<T>()?.into_dimensionality::<D>().map_err(|_| {
            let wanted = D::NDIM.unwrap_or(rank);
            let message = format!("the result has {}, not {wanted}", several(rank, "axis", "axes"));
            EvalError::new(EvalErrorKind::Result, message)
                .with_found(Detail::Count(rank), Detail::Count(wanted))
                .with_help(format!("ask for `Array{rank}` or `ArrayD`"))
        })
    }
}

impl<T: Element, D: Dimension> FromResult for Array<T, D> {
    fn from_results(results: Vec<AnyArray>) -> Result<Array<T, D>, EvalError> {
        one(results)?.into_array()
    }
}

macro_rules! from_arrays {
    ($($variant:ident $t:ty;)*) => { $(
        impl From<ArrayD<$t>> for AnyArray {
            fn from(array: ArrayD<$t>) -> AnyArray {
                AnyArray::$variant(array)
            }
        }
    )* };
}

each_element!(from_arrays);

impl<'a, T: Element, S: Data<Elem = T>, D: Dimension> IntoArg<'a> for &'a ArrayBase<S, D> {
    #[inline]
    fn into_arg(self) -> Arg<'a> {
        Arg::array(self.as_ptr(), Dims::Borrowed(self.shape(), self.strides()))
    }
}

impl<'a, T: Element, D: Dimension> IntoArg<'a> for ArrayView<'a, T, D> {
    fn into_arg(self) -> Arg<'a> {
        let dims = match (self.shape(), self.strides()) {
            (&[n], &[s]) => Dims::Line([n], [s]),
            (&[n, m], &[s, t]) => Dims::Plane([n, m], [s, t]),
            (shape, strides) => Dims::Owned(shape.into(), strides.into()),
        };
        Arg::array(self.as_ptr(), dims)
    }
}

impl<'a, T: Element, S: Data<Elem = T>, D: Dimension> From<&'a ArrayBase<S, D>> for View<'a> {
    fn from(array: &'a ArrayBase<S, D>) -> View<'a> {
        let pointer = array.as_ptr().cast_mut().cast();
        View::of(Strided::of_elements(pointer, T::DTYPE, array.shape(), array.strides()))
    }
}

impl<'a, T: Element, S: DataMut<Elem = T>, D: Dimension> From<&'a mut ArrayBase<S, D>> for ViewMut<'a> {
    fn from(array: &'a mut ArrayBase<S, D>) -> ViewMut<'a> {
        let pointer = array.as_mut_ptr().cast();
        let array = &*array;
        ViewMut::of(Strided::of_elements(pointer, T::DTYPE, array.shape(), array.strides()))
    }
}
