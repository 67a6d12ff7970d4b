//! An array as the core sees it: address, type, shape, strides. ndarray is an adapter over this.

use std::marker::PhantomData;

use crate::dtype::{DType, Element};
use crate::math::complex::Part;

/// Lengths and strides (in elements) of an array's axes, borrowed where they lie or carried along.
#[derive(Clone, Debug)]
pub(crate) enum Dims<'a> {
    Line([usize; 1], [isize; 1]),
    Plane([usize; 2], [isize; 2]),
    Borrowed(&'a [usize], &'a [isize]),
    Owned(Box<[usize]>, Box<[isize]>),
}

/// A borrowed array of any layout.
///
/// What [`Out::memories`](crate::Out::memories) gives. It has no methods of its own: only this crate looks inside.
///
/// ```
/// use tilexpr::Out;
/// let mut outputs = ([0.0; 3], vec![0_i32; 2]);
/// let mut arrays = 0;
/// outputs.memories(&mut |_| arrays += 1);
/// assert_eq!(arrays, 2);
/// ```
#[derive(Clone, Debug)]
pub struct Memory<'a> {
    pointer: *mut u8,
    dtype: DType,
    dims: Dims<'a>,
    life: PhantomData<&'a ()>,
}

impl<'a> Memory<'a> {
    pub(crate) fn new<T: Element>(pointer: *const T, dims: Dims<'a>) -> Memory<'a> {
        Memory { pointer: pointer.cast_mut().cast(), dtype: T::DTYPE, dims, life: PhantomData }
    }

    /// As shape and strides in one piece.
    #[inline]
    pub(crate) fn view(&self) -> RawView<'_> {
        let (shape, strides): (&[usize], &[isize]) = match &self.dims {
            Dims::Line(shape, strides) => (shape, strides),
            Dims::Plane(shape, strides) => (shape, strides),
            Dims::Borrowed(shape, strides) => (shape, strides),
            Dims::Owned(shape, strides) => (shape, strides),
        };
        RawView::new(self.pointer, self.dtype, shape, strides)
    }
}

/// An array in memory that some caller vouches for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawView<'a> {
    /// The element at index 0.
    pub pointer: *mut u8,
    /// The type of the elements.
    pub dtype: DType,
    /// The length of each axis.
    pub shape: &'a [usize],
    /// The stride along each axis, in units.
    pub strides: &'a [isize],
    /// Bytes of a unit: of an element, or of the complex number that the elements are parts of.
    pub unit: usize,
}

impl<'a> RawView<'a> {
    /// An array whose strides count elements.
    #[inline]
    pub fn new(pointer: *mut u8, dtype: DType, shape: &'a [usize], strides: &'a [isize]) -> RawView<'a> {
        RawView { pointer, dtype, shape, strides, unit: dtype.size() }
    }

    /// The real or the imaginary parts of an array of complex numbers; `None` means the array as it is.
    pub fn part(self, part: Option<Part>) -> RawView<'a> {
        let dtype = if part.is_some() { self.dtype.part() } else { self.dtype };
        let first = if part == Some(Part::Imaginary) { dtype.size() } else { 0 };
        RawView { pointer: self.pointer.wrapping_add(first), dtype, ..self }
    }

    /// The arrays of real numbers that an array consists of.
    pub fn parts(self) -> impl Iterator<Item = RawView<'a>> {
        let of: &[Option<Part>] =
            if self.dtype.is_complex() { &[Some(Part::Real), Some(Part::Imaginary)] } else { &[None] };
        of.iter().map(move |&part| self.part(part))
    }
}
