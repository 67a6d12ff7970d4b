//! An array of results without ndarray: elements one after another, and the order of the axes in which they lie.

use smallvec::SmallVec;

use crate::plan::shape::strides;

/// An array that owns its elements, which fill its memory.
#[derive(Clone, Debug)]
pub struct Dense<T> {
    elements: Vec<T>,
    shape: SmallVec<[usize; 6]>,
    /// In elements.
    strides: SmallVec<[isize; 6]>,
}

impl<T: Copy> Dense<T> {
    /// As many elements as the shape has, its axes lying in this order, outermost first.
    pub fn new(elements: Vec<T>, shape: &[usize], order: &[usize]) -> Dense<T> {
        Dense { elements, shape: SmallVec::from_slice(shape), strides: strides(shape, order) }
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The stride along each axis, in elements.
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// The address of the element at index 0, which lies first.
    pub fn as_ptr(&self) -> *const T {
        self.elements.as_ptr()
    }

    /// The elements in C order.
    fn iter(&self) -> impl Iterator<Item = T> {
        (0..self.elements.len()).filter_map(|mut point| {
            let mut at = 0;
            for (&length, &stride) in self.shape.iter().zip(&self.strides).rev() {
                at += point % length * stride.unsigned_abs();
                point /= length;
            }
            self.elements.get(at).copied()
        })
    }
}

impl<T: Copy + PartialEq> PartialEq for Dense<T> {
    fn eq(&self, other: &Dense<T>) -> bool {
        self.shape == other.shape && self.iter().eq(other.iter())
    }
}

/// An array of no axes.
pub fn single<T: Copy>(value: T) -> Dense<T> {
    Dense::new(vec![value], &[], &[])
}

/// The elements in C order.
pub fn into_vec<T: Copy>(array: Dense<T>) -> Vec<T> {
    let order: SmallVec<[usize; 6]> = (0..array.shape.len()).collect();
    if array.strides == strides(&array.shape, &order) { array.elements } else { array.iter().collect() }
}
