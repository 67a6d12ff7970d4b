//! Memory for results: not initialised before it is computed, and on huge pages where it is large.

use smallvec::SmallVec;

use super::result::AnyArray;
use super::view::Strided;
use crate::dtype::{DType, each_element};
use crate::error::eval::{Detail, EvalError, EvalErrorKind};
use crate::plan::shape::{Shape, strides};
use crate::run::pass::Done;

/// Bytes from which on an allocation is advised to huge pages: a few of them.
const HUGE: usize = 4 << 20;

/// A result before it is computed: memory of the right size, and how the axes lie in it.
pub struct Pending {
    memory: Uninitialised,
    dtype: DType,
    shape: Shape,
    strides: SmallVec<[isize; 6]>,
    /// The axes, outermost in memory first.
    order: SmallVec<[usize; 6]>,
}

impl Pending {
    /// Memory for an array of this type and shape, whose axes lie in memory in this order.
    pub fn new(dtype: DType, shape: Shape, order: SmallVec<[usize; 6]>) -> Result<Pending, EvalError> {
        let elements = shape.iter().try_fold(1usize, |n, &len| n.checked_mul(len));
        let fits = |n: &usize| n.checked_mul(dtype.size()).is_some_and(|bytes| bytes <= isize::MAX as usize);
        let Some(elements) = elements.filter(fits) else {
            let message = format!("a result of shape {shape:?} and type {dtype} is larger than memory can be");
            return Err(
                EvalError::new(EvalErrorKind::TooLarge, message).with_found(Detail::Shape(shape.to_vec()), None)
            );
        };
        let memory = Uninitialised::new(dtype, elements).ok_or_else(|| {
            let message = format!("no memory for a result of shape {shape:?} and type {dtype}");
            EvalError::new(EvalErrorKind::Memory, message)
                .with_found(Detail::Shape(shape.to_vec()), None)
                .with_help("evaluate it in pieces, or into an array that you have already: `eval_into`")
        })?;
        let strides = strides(&shape, &order);
        Ok(Pending { memory, dtype, shape, strides, order })
    }

    /// Where to write it.
    pub fn view(&mut self) -> Strided<'_> {
        Strided::of_elements(self.memory.pointer(), self.dtype, &self.shape, &self.strides)
    }

    /// The array, once what wrote it has come to its end.
    pub fn finish(self, _: &Done) -> AnyArray {
        // SAFETY: what has been run to its end has written every element, bools as 0 or 1.
        unsafe { self.memory.finish(&self.shape, &self.order) }
    }
}

macro_rules! uninitialised {
    ($($variant:ident $t:ty;)*) => {
        /// A vector with room for elements, and none in it yet.
        enum Uninitialised { $($variant(Vec<$t>, usize),)* }

        impl Uninitialised {
            fn new(dtype: DType, elements: usize) -> Option<Uninitialised> {
                Some(match dtype { $(DType::$variant => {
                    let mut memory: Vec<$t> = Vec::new();
                    memory.try_reserve_exact(elements).ok()?;
                    advise(memory.as_mut_ptr().cast(), elements * size_of::<$t>());
                    Uninitialised::$variant(memory, elements)
                })* })
            }

            fn pointer(&mut self) -> *mut u8 {
                match self { $(Uninitialised::$variant(memory, _) => memory.as_mut_ptr().cast(),)* }
            }

            /// # Safety
            /// Every element must have been written.
            unsafe fn finish(self, shape: &[usize], order: &[usize]) -> AnyArray {
                match self { $(Uninitialised::$variant(mut memory, elements) => {
                    // SAFETY: there is room for them, and the caller promises that they are written.
                    unsafe { memory.set_len(elements) }
                    AnyArray::$variant(owned(memory, shape, order))
                })* }
            }
        }
    };
}

each_element!(uninitialised);

/// An array of these elements, as many as the shape has, whose axes lie in this order, outermost first.
#[cfg(not(feature = "ndarray"))]
pub(super) fn owned<T: Copy>(elements: Vec<T>, shape: &[usize], order: &[usize]) -> super::result::dense::Dense<T> {
    super::result::dense::Dense::new(elements, shape, order)
}

/// An array of these elements, as many as the shape has, whose axes lie in this order, outermost first.
#[cfg(feature = "ndarray")]
pub(super) fn owned<T>(elements: Vec<T>, shape: &[usize], order: &[usize]) -> ndarray::ArrayD<T> {
    use ndarray::{ArrayD, IxDyn};
    let lying: Shape = order.iter().map(|&axis| shape[axis]).collect();
    // SAFETY: there are as many elements as the shape has, whose strides are those of C order.
    let array = unsafe { ArrayD::from_shape_vec_unchecked(IxDyn(&lying), elements) };
    if order.is_sorted() {
        return array;
    }
    let mut back: SmallVec<[usize; 6]> = SmallVec::from_elem(0, order.len());
    for (at, &axis) in order.iter().enumerate() {
        back[axis] = at;
    }
    array.permuted_axes(IxDyn(&back))
}

/// Asks for huge pages under large memory, as NumPy does: fewer page faults when it is first written. The whole pages
/// within it alone are advised; if the system says no, nothing is lost.
pub(crate) fn advise(pointer: *mut u8, bytes: usize) {
    #[cfg(all(target_os = "linux", not(miri)))]
    if bytes >= HUGE {
        const PAGE: usize = 4096;
        let start = pointer.align_offset(PAGE);
        let length = bytes.saturating_sub(start) / PAGE * PAGE;
        // SAFETY: the range lies within an allocation of ours, and advice changes no contents.
        unsafe {
            libc::madvise(pointer.wrapping_add(start).cast(), length, libc::MADV_HUGEPAGE);
        }
    }
    let _ = (pointer, bytes, HUGE);
}
