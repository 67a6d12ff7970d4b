//! An array as the core sees it: address, type, shape, strides. ndarray is an adapter over this.

use std::marker::PhantomData;

use crate::dtype::{DType, Element};

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
        RawView { pointer: self.pointer, dtype: self.dtype, shape, strides }
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
    /// The stride along each axis, in elements.
    pub strides: &'a [isize],
}
