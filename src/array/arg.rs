//! Arguments: what a name in the text stands for in one call.

use std::borrow::Borrow;

use num_complex::Complex;
use smallvec::SmallVec;

use super::view::{Dims, Memory, Strided, View};
use crate::dtype::{DType, Element, Real};

/// One argument: a borrowed array of any layout, or a scalar.
///
/// Made by [`Arg::new`] (or [`args!`](crate::args)) from a reference to an array or view of any storage, a view by
/// value, a slice, a `Vec`, an array `[T; N]`, a [`View`] of whatever lies in memory, or a scalar; all of these also behind one more reference.
///
/// A bare Rust number, of whatever type, is *weak*, like a literal in the text: it does not widen an `f32` or `u8` expression,
/// and a whole one must be in the range of what it meets. An array of rank 0 is not weak.
///
/// ```
/// use ndarray::{Array1, array};
/// use tilexpr::{Arg, Args, DType, Expr};
/// let a = array![1.0_f32, 2.0];
/// let (x, k) = (Arg::new(&a), Arg::new(0.5_f64));
/// assert_eq!((x.dtype(), x.shape(), x.is_weak()), (DType::F32, &[2][..], false));
/// assert!(k.is_weak());
/// let y: Array1<f32> = Expr::compile("x*k")?.eval(Args::from([("x", x), ("k", k)]))?;
/// assert_eq!(y, array![0.5, 1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Arg<'a>(Inner<'a>);

#[derive(Clone, Debug)]
enum Inner<'a> {
    Array(Memory<'a>),
    /// An array of bytes, whose last axis is that of the bytes of a string.
    Text(Memory<'a>),
    /// The value's memory form lies at the start of the bytes.
    Scalar {
        bytes: [u64; 2],
        dtype: DType,
        weak: bool,
    },
}

impl<'a> Arg<'a> {
    /// An argument from anything that can be one.
    #[inline]
    pub fn new(value: impl IntoArg<'a>) -> Arg<'a> {
        value.into_arg()
    }

    /// One string: these bytes. NULs at its end do not count, as everywhere in comparisons of strings.
    ///
    /// ```
    /// use tilexpr::{Arg, Args, Expr};
    /// let name = Arg::string(b"Lyra");
    /// let found: bool = Expr::compile("contains(name, 'yr') & (name < 'Vega')")?.eval(Args::new().with("name", name))?;
    /// assert!(found);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn string(bytes: &'a [u8]) -> Arg<'a> {
        let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let bytes = &bytes[..end];
        Arg(Inner::Text(Memory::new(bytes.as_ptr(), Dims::Line([end], [1]))))
    }

    /// An array of strings of a fixed width: an array of bytes (`u8`), whose last axis is that of the bytes of a string. Shorter strings are
    /// followed by NUL bytes up to the width.
    ///
    /// Strings are compared with strings (`==`, `<`, ...; by their bytes) and searched (`contains`).
    /// `None` if the elements are no `u8`, if there is no axis, or if the bytes of a string do not lie one after the other.
    ///
    /// ```
    /// use tilexpr::{Arg, Args, Expr};
    /// let names = ndarray::aview1(b"Lyra\0\0\0\0Carina\0\0Vela\0\0\0\0").into_shape_with_order((3, 8)).unwrap();
    /// let names = Arg::strings(names).unwrap();
    /// let late: Vec<bool> = Expr::compile("names >= 'Lyra'")?.eval(Args::new().with("names", names))?;
    /// assert_eq!(late, [true, false, true]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn strings(bytes: impl IntoArg<'a>) -> Option<Arg<'a>> {
        let Arg(Inner::Array(memory)) = bytes.into_arg() else { return None };
        let array = memory.strided();
        let (width, stride) = array.axes().next_back()?;
        let is_text = array.dtype == DType::U8 && (stride == 1 || width <= 1 || array.shape.contains(&0));
        is_text.then_some(Arg(Inner::Text(memory)))
    }

    /// The type of the elements; of strings that of their bytes.
    #[inline]
    pub fn dtype(&self) -> DType {
        match &self.0 {
            Inner::Array(memory) | Inner::Text(memory) => memory.dtype(),
            Inner::Scalar { dtype, .. } => *dtype,
        }
    }

    /// Whether this is a bare number.
    #[inline]
    pub fn is_weak(&self) -> bool {
        matches!(self.0, Inner::Scalar { weak: true, .. })
    }

    /// Whether the bytes of the elements lie in the other order than the machine's.
    #[inline]
    pub(crate) fn is_swapped(&self) -> bool {
        matches!(&self.0, Inner::Array(memory) if memory.swapped())
    }

    /// The bytes of each string, if it is an argument of strings.
    #[inline]
    pub(crate) fn text(&self) -> Option<usize> {
        let Inner::Text(memory) = &self.0 else { return None };
        memory.strided().shape.last().copied()
    }

    /// The length of each axis; the last one of strings is their width.
    pub fn shape(&self) -> &[usize] {
        self.view().shape
    }

    #[inline]
    pub(crate) fn view(&self) -> Strided<'_> {
        match &self.0 {
            Inner::Array(memory) | Inner::Text(memory) => memory.strided(),
            Inner::Scalar { bytes, dtype, .. } => {
                let pointer = (&raw const *bytes).cast_mut().cast();
                Strided::of_elements(pointer, *dtype, &[], &[])
            }
        }
    }

    #[inline]
    pub(super) fn array<T: Element>(pointer: *const T, dims: Dims<'a>) -> Arg<'a> {
        Arg(Inner::Array(Memory::new(pointer, dims)))
    }

    #[inline]
    fn from_scalar<T: Real>(value: T, weak: bool) -> Arg<'a> {
        let bits = value.to_scalar().bits();
        let bytes = if cfg!(target_endian = "big") { bits << (64 - 8 * T::DTYPE.size()) } else { bits };
        Arg(Inner::Scalar { bytes: [bytes, 0], dtype: T::DTYPE, weak })
    }

    #[inline]
    fn from_complex(value: Complex<f64>) -> Arg<'a> {
        let bytes = [value.re.to_bits(), value.im.to_bits()];
        Arg(Inner::Scalar { bytes, dtype: DType::C128, weak: true })
    }
}

/// What can be an [`Arg`].
///
/// ```
/// use ndarray::array;
/// use tilexpr::{DType, IntoArg};
/// let a = array![[1, 2], [3, 4]];
/// assert_eq!(a.t().into_arg().shape(), [2, 2]); // a view by value
/// assert_eq!((&a).into_arg().dtype(), DType::I32);
/// assert_eq!([1.0, 2.0, 3.0][..2].into_arg().shape(), [2]); // a slice
/// assert!(2.5.into_arg().is_weak()); // a bare number
/// ```
pub trait IntoArg<'a> {
    /// As an argument.
    fn into_arg(self) -> Arg<'a>;
}

impl<'a> IntoArg<'a> for Arg<'a> {
    fn into_arg(self) -> Arg<'a> {
        self
    }
}

impl<'a> IntoArg<'a> for View<'a> {
    #[inline]
    fn into_arg(self) -> Arg<'a> {
        Arg(Inner::Array(Memory::of(self.strided())))
    }
}

impl<'a> IntoArg<'a> for &View<'a> {
    #[inline]
    fn into_arg(self) -> Arg<'a> {
        (*self).into_arg()
    }
}

impl<'a, T: Element> IntoArg<'a> for &'a [T] {
    #[inline]
    fn into_arg(self) -> Arg<'a> {
        Arg::array(self.as_ptr(), Dims::Line([self.len()], [1]))
    }
}

impl<'a, T: Element> IntoArg<'a> for &'a Vec<T> {
    #[inline]
    fn into_arg(self) -> Arg<'a> {
        self.as_slice().into_arg()
    }
}

impl<'a, T: Element, const N: usize> IntoArg<'a> for &'a [T; N] {
    #[inline]
    fn into_arg(self) -> Arg<'a> {
        self.as_slice().into_arg()
    }
}

impl<'a, 'b: 'a, A: ?Sized> IntoArg<'a> for &'a &'b A
where
    &'b A: IntoArg<'b>,
{
    #[inline]
    fn into_arg(self) -> Arg<'a> {
        (*self).into_arg()
    }
}

impl<'a, 'b: 'a, A: ?Sized> IntoArg<'a> for &'a &'b mut A
where
    &'a A: IntoArg<'a>,
{
    #[inline]
    fn into_arg(self) -> Arg<'a> {
        <&'a A>::into_arg(self)
    }
}

macro_rules! scalars {
    ($($t:ty, |$x:ident| $arg:expr;)*) => { $(
        impl<'a> IntoArg<'a> for $t {
            #[inline]
            fn into_arg(self) -> Arg<'a> {
                let $x = self;
                $arg
            }
        }

        impl<'a> IntoArg<'a> for &'a $t {
            #[inline]
            fn into_arg(self) -> Arg<'a> {
                (*self).into_arg()
            }
        }
    )* };
}

// A weak number has a kind (whole or not) and a value, but no width of its own: whole numbers are `i64`, or `u64` beyond.
scalars! {
    bool, |x| Arg::from_scalar(x, false);
    i8, |x| Arg::from_scalar(i64::from(x), true);
    i16, |x| Arg::from_scalar(i64::from(x), true);
    i32, |x| Arg::from_scalar(i64::from(x), true);
    i64, |x| Arg::from_scalar(x, true);
    u8, |x| Arg::from_scalar(i64::from(x), true);
    u16, |x| Arg::from_scalar(i64::from(x), true);
    u32, |x| Arg::from_scalar(i64::from(x), true);
    u64, |x| i64::try_from(x).map_or_else(|_| Arg::from_scalar(x, true), |x| Arg::from_scalar(x, true));
    f32, |x| Arg::from_scalar(f64::from(x), true);
    f64, |x| Arg::from_scalar(x, true);
    Complex<f32>, |x| Arg::from_complex(Complex::new(x.re.into(), x.im.into()));
    Complex<f64>, |x| Arg::from_complex(x);
}

/// The arguments of a call, by name. Extra ones are ignored; a name given twice is an error of the call.
///
/// ```
/// # use tilexpr::{Args, Expr};
/// let a = [1.0, 2.0, 3.0];
/// let total: f64 = Expr::compile("sum(a*k)")?.eval(Args::new().with("a", &a).with("k", 2.5))?;
/// assert_eq!(total, 15.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Args<'a> {
    items: SmallVec<[(&'a str, Arg<'a>); 8]>,
}

impl<'a> Args<'a> {
    /// No arguments.
    pub fn new() -> Args<'a> {
        Args::default()
    }

    /// These and one more.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl IntoArg<'a>) -> Args<'a> {
        self.items.push((name, value.into_arg()));
        self
    }

    /// The arguments in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &Arg<'a>)> {
        self.items.iter().map(|(name, arg)| (*name, arg))
    }

    pub(crate) fn items(&self) -> &[(&'a str, Arg<'a>)] {
        &self.items
    }
}

impl<'a, const N: usize> From<[(&'a str, Arg<'a>); N]> for Args<'a> {
    #[inline]
    fn from(items: [(&'a str, Arg<'a>); N]) -> Args<'a> {
        Args { items: items.into_iter().collect() }
    }
}

impl<'a> FromIterator<(&'a str, Arg<'a>)> for Args<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, Arg<'a>)>>(items: I) -> Args<'a> {
        Args { items: items.into_iter().collect() }
    }
}

/// Arguments by value or by reference.
///
/// ```
/// use tilexpr::{Args, Expr};
/// let a = [3.0, 4.0];
/// let args = Args::new().with("a", &a);
/// let total: f64 = Expr::compile("sum(a)")?.eval(&args)?;
/// let squares: f64 = Expr::compile("sum(a**2)")?.eval(args)?;
/// assert_eq!((total, squares), (7.0, 25.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait AsArgs<'a>: Borrow<Args<'a>> {}

impl<'a, A: Borrow<Args<'a>>> AsArgs<'a> for A {}

/// The arguments of a call: `args![a, b, scale = 2.5]`.
///
/// A bare name passes `&name` under that name; `name = value` passes the value as it is.
///
/// ```
/// use ndarray::{Array1, array, s};
/// use tilexpr::{Expr, args};
/// let (a, b) = (array![1.0, 2.0], array![10.0, 20.0, 30.0, 40.0]);
/// let y: Array1<f64> = Expr::compile("a*scale + b")?.eval(args![a, b = b.slice(s![..;2]), scale = 2.5])?;
/// assert_eq!(y, array![12.5, 35.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! args {
    ($($name:ident $(= $value:expr)?),* $(,)?) => {
        $crate::Args::from([$($crate::__arg!($name $(= $value)?)),*])
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __arg {
    ($name:ident) => {
        (stringify!($name), $crate::Arg::new(&$name))
    };
    ($name:ident = $value:expr) => {
        (stringify!($name), $crate::Arg::new($value))
    };
}
