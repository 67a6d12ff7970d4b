//! Results: arrays of a type known at run time, and their conversion to what the caller asked for.

use ndarray::{Array, ArrayD, Dimension, IxDyn};
use num_complex::Complex;

use super::arg::{Arg, IntoArg};
use super::error::{EvalError, EvalErrorKind};
use crate::diagnostic::several;
use crate::dtype::{DType, Element};

macro_rules! any_array {
    ($($variant:ident $t:ty;)*) => {
        /// An array whose element type is known at run time.
        ///
        /// ```
        /// use ndarray::{Array1, array};
        /// use tilexpr::{AnyArray, DType, Expr, args};
        /// let a = array![1, 2, 3];
        /// let y: AnyArray = Expr::compile("a/2")?.eval(args![a])?;
        /// assert_eq!((y.dtype(), y.shape()), (DType::F64, &[3][..]));
        /// let y: Array1<f64> = y.into_array()?;
        /// assert_eq!(y, array![0.5, 1.0, 1.5]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Clone, PartialEq, Debug)]
        #[non_exhaustive]
        pub enum AnyArray { $(
            #[doc = concat!("Of `", stringify!($t), "`.")]
            $variant(ArrayD<$t>),
        )* }

        impl AnyArray {
            /// The type of the elements.
            pub fn dtype(&self) -> DType {
                match self { $(AnyArray::$variant(_) => DType::$variant,)* }
            }

            /// The length of each axis.
            pub fn shape(&self) -> &[usize] {
                match self { $(AnyArray::$variant(a) => a.shape(),)* }
            }

            /// As an array of this element type and dimension.
            ///
            /// # Errors
            /// [`EvalErrorKind::Result`] if it has another type or another number of axes. Nothing is converted.
            pub fn into_array<T: Element, D: Dimension>(self) -> Result<Array<T, D>, EvalError> {
                let (dtype, rank) = (self.dtype(), self.shape().len());
                let mut found: Option<ArrayD<T>> = None;
                match self { $(AnyArray::$variant(a) => {
                    if let Some(slot) = (&mut found as &mut dyn std::any::Any).downcast_mut::<Option<ArrayD<$t>>>() {
                        *slot = Some(a);
                    }
                })* }
                let Some(array) = found else {
                    let (what, ask) = match rank {
                        0 => ("a value", dtype.to_string()),
                        _ => ("an array", format!("Array<{dtype}, _>")),
                    };
                    let message = format!("the result is {what} of {dtype}, not of {}", T::DTYPE);
                    return Err(EvalError::new(EvalErrorKind::Result, message)
                        .with_help(format!("ask for `{ask}`, or write `{}(...)` in the expression", T::DTYPE)));
                };
                array.into_dimensionality::<D>().map_err(|_| {
                    let wanted = D::NDIM.unwrap_or(rank);
                    EvalError::new(EvalErrorKind::Result, format!("the result has {}, not {wanted}", several(rank, "axis", "axes")))
                        .with_help(format!("ask for `Array{rank}` or `ArrayD`"))
                })
            }
        }

        impl<'a> IntoArg<'a> for &'a AnyArray {
            fn into_arg(self) -> Arg<'a> {
                match self { $(AnyArray::$variant(a) => a.into_arg(),)* }
            }
        }

        $(impl From<ArrayD<$t>> for AnyArray {
            fn from(array: ArrayD<$t>) -> AnyArray {
                AnyArray::$variant(array)
            }
        }

        impl FromResult for $t {
            fn from_results(results: Vec<AnyArray>) -> Result<$t, EvalError> {
                let array: Array<$t, IxDyn> = one(results)?.into_array()?;
                match (array.ndim(), array.first()) {
                    (0, Some(&value)) => Ok(value),
                    _ => Err(EvalError::new(
                        EvalErrorKind::Result,
                        format!("the result is an array of shape {:?}, not a single value", array.shape()),
                    )
                    .with_help("ask for an `Array`, or reduce it: `sum(...)`")),
                }
            }
        })*
    };
}

any_array! {
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
    C64 Complex<f32>;
    C128 Complex<f64>;
}

/// What [`eval`](crate::Expr::eval) can give: an `Array<T, D>`, a scalar, an [`AnyArray`], or a tuple of these for an
/// expression with several results.
///
/// ```
/// use ndarray::{Array1, array};
/// use tilexpr::{Expr, args};
/// let a = array![1.0, 2.0, 6.0];
/// let (mean, centred): (f64, Array1<f64>) = Expr::compile("m = mean(a); m, a - m")?.eval(args![a])?;
/// assert_eq!((mean, centred), (3.0, array![-2.0, -1.0, 3.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait FromResult: Sized {
    /// From the results in order.
    ///
    /// # Errors
    /// [`EvalErrorKind::Result`] if their number, type or rank is another.
    fn from_results(results: Vec<AnyArray>) -> Result<Self, EvalError>;
}

/// The only result.
fn one(mut results: Vec<AnyArray>) -> Result<AnyArray, EvalError> {
    match (results.len(), results.pop()) {
        (1, Some(result)) => Ok(result),
        (n, _) => Err(EvalError::new(EvalErrorKind::Result, format!("the expression has {n} results, not 1"))
            .with_help(format!("ask for a tuple of {n}"))),
    }
}

impl FromResult for AnyArray {
    fn from_results(results: Vec<AnyArray>) -> Result<AnyArray, EvalError> {
        one(results)
    }
}

impl FromResult for Vec<AnyArray> {
    fn from_results(results: Vec<AnyArray>) -> Result<Vec<AnyArray>, EvalError> {
        Ok(results)
    }
}

impl<T: Element, D: Dimension> FromResult for Array<T, D> {
    fn from_results(results: Vec<AnyArray>) -> Result<Array<T, D>, EvalError> {
        one(results)?.into_array()
    }
}

macro_rules! tuples {
    ($($n:literal: $($r:ident)*;)*) => { $(
        impl<$($r: FromResult),*> FromResult for ($($r,)*) {
            fn from_results(results: Vec<AnyArray>) -> Result<Self, EvalError> {
                let found = results.len();
                if found != $n {
                    let message = format!("the expression has {}, not {}", several(found, "result", "results"), $n);
                    return Err(EvalError::new(EvalErrorKind::Result, message));
                }
                let mut results = results.into_iter();
                Ok(($($r::from_results(results.next().into_iter().collect())?,)*))
            }
        }
    )* };
}

tuples! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
}
