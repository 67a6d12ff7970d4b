//! Results: arrays of a type known at run time, and their conversion to what the caller asked for.
//!
//! Comes in: vectors of elements and how they lie. Goes out: what the caller asked for, or an error that says what to ask for.
//! Always holds: nothing is converted. With the feature `ndarray` an array is one of that crate's; without it, [`Dense`].

#[cfg(not(feature = "ndarray"))]
pub mod dense;
#[cfg(feature = "ndarray")]
mod ndarray;

use num_complex::Complex;

#[cfg(not(feature = "ndarray"))]
use self::dense::{Dense as Owned, into_vec, single};
#[cfg(feature = "ndarray")]
use self::ndarray::{Owned, into_vec, single};
use super::arg::{Arg, IntoArg};
use super::view::{Strided, View};
use crate::diagnostic::several;
use crate::dtype::{DType, Element, Real, Scalar, each_element, with_type};
use crate::error::eval::{Detail, EvalError, EvalErrorKind};

macro_rules! any_array {
    ($($variant:ident $t:ty;)*) => {
        /// An array whose element type is known at run time.
        ///
        /// Its variants hold an `ndarray::ArrayD` and are for use with the feature `ndarray` (on by default); without it there are
        /// the methods alone.
        ///
        /// ```
        /// use tilexpr::{AnyArray, DType, Expr, args};
        /// let y: AnyArray = Expr::compile("a/2")?.eval(args![a = &[1, 2, 3]])?;
        /// assert_eq!((y.dtype(), y.shape()), (DType::F64, &[3][..]));
        /// assert_eq!(y.into_vec::<f64>()?, [0.5, 1.0, 1.5]);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Clone, PartialEq, Debug)]
        #[non_exhaustive]
        pub enum AnyArray { $(
            #[doc = concat!("Of `", stringify!($t), "`.")]
            #[cfg_attr(not(feature = "ndarray"), doc(hidden))]
            $variant(Owned<$t>),
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

            /// The stride along each axis, in elements.
            pub fn strides(&self) -> &[isize] {
                match self { $(AnyArray::$variant(a) => a.strides(),)* }
            }

            /// The array as it lies in memory.
            ///
            /// ```
            /// use tilexpr::{AnyArray, Expr, args};
            /// let y: AnyArray = Expr::compile("a + 1")?.eval(args![a = &[1.0, 2.0]])?;
            /// assert_eq!(y.view().strides().collect::<Vec<_>>(), [8]);
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            pub fn view(&self) -> View<'_> {
                let pointer: *const u8 = match self { $(AnyArray::$variant(a) => a.as_ptr().cast(),)* };
                View::of(Strided::of_elements(pointer.cast_mut(), self.dtype(), self.shape(), self.strides()))
            }

            /// Its elements in C order, if they are of this type; without copying where they lie so.
            ///
            /// ```
            /// use tilexpr::{AnyArray, Expr, args};
            /// let y: AnyArray = Expr::compile("a < 2")?.eval(args![a = &[1, 2]])?;
            /// assert!(y.clone().into_vec::<f64>().is_err());
            /// assert_eq!(y.into_vec::<bool>()?, [true, false]);
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// [`EvalErrorKind::Result`] if it has another type. Nothing is converted.
            pub fn into_vec<T: Element>(self) -> Result<Vec<T>, EvalError> {
                self.into_owned().map(into_vec)
            }

            /// A number of these parts as an array of no axes; none if they are no parts of that type.
            pub(crate) fn from_scalars(dtype: DType, parts: &[Scalar]) -> Option<AnyArray> {
                if !parts.iter().all(|part| part.dtype() == dtype.part()) {
                    return None;
                }
                Some(match dtype { $(DType::$variant => AnyArray::$variant(single(<$t>::of_parts(parts)?)),)* })
            }

            /// The array itself, if it is of this type.
            pub(super) fn into_owned<T: Element>(self) -> Result<Owned<T>, EvalError> {
                let (dtype, rank) = (self.dtype(), self.shape().len());
                let mut found: Option<Owned<T>> = None;
                match self { $(AnyArray::$variant(a) => {
                    if let Some(slot) = (&mut found as &mut dyn std::any::Any).downcast_mut::<Option<Owned<$t>>>() {
                        *slot = Some(a);
                    }
                })* }
                found.ok_or_else(|| wrong_type(dtype, rank, T::DTYPE))
            }
        }

        $(impl FromResult for $t {
            fn from_results(results: Vec<AnyArray>) -> Result<$t, EvalError> {
                let array = one(results)?.into_owned::<$t>()?;
                let shape = array.shape();
                if !shape.is_empty() {
                    let message = format!("the result is an array of shape {shape:?}, not a single value");
                    return Err(EvalError::new(EvalErrorKind::Result, message)
                        .with_found(Detail::Shape(shape.to_vec()), Detail::Shape(Vec::new()))
                        .with_help("ask for an `Array`, or reduce it: `sum(...)`"));
                }
                // An array of no axes has one element.
                Ok(into_vec(array).first().copied().unwrap_or_default())
            }
        })*
    };
}

each_element!(any_array);

impl AnyArray {
    /// Its elements in C order, if it is of real numbers.
    pub(crate) fn into_scalars(self) -> Vec<Scalar> {
        let dtype = self.dtype();
        let elements =
            with_type!(dtype, T: Any; self.into_vec::<T>().map(|all| all.into_iter().map(T::to_scalar).collect()));
        elements.and_then(Result::ok).unwrap_or_default()
    }
}

/// Numbers that are made of real ones.
trait OfParts: Sized {
    /// The number of these parts, if they are as many as it has.
    fn of_parts(parts: &[Scalar]) -> Option<Self>;
}

impl<T: Real> OfParts for T {
    fn of_parts(parts: &[Scalar]) -> Option<T> {
        let &[value] = parts else { return None };
        Some(T::from_scalar(value))
    }
}

macro_rules! complex_of_parts {
    ($($t:ty)*) => { $(
        impl OfParts for Complex<$t> {
            fn of_parts(parts: &[Scalar]) -> Option<Complex<$t>> {
                let &[re, im] = parts else { return None };
                Some(Complex { re: <$t>::from_scalar(re), im: <$t>::from_scalar(im) })
            }
        }
    )* };
}

complex_of_parts! { f32 f64 }

impl<'a> IntoArg<'a> for &'a AnyArray {
    fn into_arg(self) -> Arg<'a> {
        self.view().into_arg()
    }
}

#[cold]
fn wrong_type(found: DType, rank: usize, wanted: DType) -> EvalError {
    let (what, ask) = match rank {
        0 => ("a value", found.to_string()),
        _ => ("an array", format!("Array<{found}, _>")),
    };
    let message = format!("the result is {what} of {found}, not of {wanted}");
    EvalError::new(EvalErrorKind::Result, message)
        .with_found(Detail::DType(found), Detail::DType(wanted))
        .with_help(format!("ask for `{ask}`, or write `{wanted}(...)` in the expression"))
}

/// What [`eval`](crate::Expr::eval) can give: a scalar, a `Vec` (of a result of one axis), an [`AnyArray`], an `ndarray::Array`,
/// or a tuple of these for an expression with several results.
///
/// ```
/// use ndarray::{Array1, array};
/// use tilexpr::{Expr, args};
/// let a = array![1.0, 2.0, 6.0];
/// let (mean, centred): (f64, Array1<f64>) = Expr::compile("m = mean(a); m, a - m")?.eval(args![a])?;
/// assert_eq!((mean, centred), (3.0, array![-2.0, -1.0, 3.0]));
/// let doubled: Vec<f64> = Expr::compile("a*2")?.eval(args![a])?;
/// assert_eq!(doubled, [2.0, 4.0, 12.0]);
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
pub(super) fn one(mut results: Vec<AnyArray>) -> Result<AnyArray, EvalError> {
    match (results.len(), results.pop()) {
        (1, Some(result)) => Ok(result),
        (n, _) => Err(EvalError::new(EvalErrorKind::Result, format!("the expression has {n} results, not 1"))
            .with_found(Detail::Count(n), Detail::Count(1))
            .with_help(format!("ask for a tuple of {n}"))),
    }
}

impl FromResult for AnyArray {
    fn from_results(results: Vec<AnyArray>) -> Result<AnyArray, EvalError> {
        one(results)
    }
}

impl FromResult for () {
    /// Nothing, of an expression whose results all went elsewhere ([`Expr::stream`](crate::Expr::stream)).
    fn from_results(results: Vec<AnyArray>) -> Result<(), EvalError> {
        match results.len() {
            0 => Ok(()),
            n => {
                let message = format!("there {} left to be asked for", several(n, "result is", "results are"));
                Err(EvalError::new(EvalErrorKind::Result, message).with_found(Detail::Count(n), Detail::Count(0)))
            }
        }
    }
}

impl FromResult for Vec<AnyArray> {
    fn from_results(results: Vec<AnyArray>) -> Result<Vec<AnyArray>, EvalError> {
        Ok(results)
    }
}

impl<T: Element> FromResult for Vec<T> {
    fn from_results(results: Vec<AnyArray>) -> Result<Vec<T>, EvalError> {
        let array = one(results)?.into_owned::<T>()?;
        match array.shape().len() {
            1 => Ok(into_vec(array)),
            rank => {
                let message = format!("the result has {}, not 1", several(rank, "axis", "axes"));
                Err(EvalError::new(EvalErrorKind::Result, message)
                    .with_found(Detail::Count(rank), Detail::Count(1))
                    .with_help("ask for an `AnyArray`: its `into_vec` gives the elements in C order"))
            }
        }
    }
}

macro_rules! tuples {
    ($($n:literal: $($r:ident)*;)*) => { $(
        impl<$($r: FromResult),*> FromResult for ($($r,)*) {
            fn from_results(results: Vec<AnyArray>) -> Result<Self, EvalError> {
                let found = results.len();
                if found != $n {
                    let message = format!("the expression has {}, not {}", several(found, "result", "results"), $n);
                    return Err(EvalError::new(EvalErrorKind::Result, message)
                        .with_found(Detail::Count(found), Detail::Count($n)));
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
