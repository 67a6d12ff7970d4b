//! New arrays of bytes that come piece by piece: from files.
//!
//! Comes in: a type, a shape, and who gives the bytes. Goes out: an array. Always holds: no more memory is written than bytes came; any byte is
//! a bool (all but 0 are true).

use bytemuck::Pod;
use smallvec::SmallVec;

use super::memory::{advise, owned};
use super::result::AnyArray;
use crate::dtype::{DType, each_element};

/// Bytes that are asked for at a time: they are zeroed before, and so should stay in the second cache.
const PIECE: usize = 256 << 10;

/// Who gives bytes: it fills all that it is passed, or fails.
pub type Give<'a, E> = dyn FnMut(&mut [u8]) -> Result<(), E> + 'a;

/// Why there is no array.
pub enum Unfilled<E> {
    /// There is no memory for so many bytes.
    Memory(usize),
    /// The bytes were not to be had.
    Given(E),
}

/// The vector of so many elements.
fn numbers<T: Pod, E>(elements: usize, give: &mut Give<E>) -> Result<Vec<T>, Unfilled<E>> {
    let mut all: Vec<T> = Vec::new();
    let bytes = elements.saturating_mul(size_of::<T>());
    all.try_reserve_exact(elements).map_err(|_| Unfilled::Memory(bytes))?;
    advise(all.as_mut_ptr().cast(), bytes);
    while all.len() < elements {
        let start = all.len();
        all.resize(elements.min(start + PIECE / size_of::<T>()), T::zeroed());
        give(bytemuck::cast_slice_mut(&mut all[start..])).map_err(Unfilled::Given)?;
    }
    Ok(all)
}

macro_rules! vector {
    (bool, $elements:expr, $give:expr) => {
        numbers::<u8, E>($elements, $give).map(|all| all.into_iter().map(|byte| byte != 0).collect())
    };
    ($t:ty, $elements:expr, $give:expr) => {
        numbers::<$t, E>($elements, $give)
    };
}

macro_rules! filled {
    ($($variant:ident $($t:tt)::+ $(<$of:ty>)?;)*) => {
        impl AnyArray {
            /// An array of bytes that come in the order in which they lie: C order, or, `reversed`, that of Fortran.
            pub(crate) fn filled<E>(
                dtype: DType,
                shape: &[usize],
                reversed: bool,
                give: &mut Give<E>,
            ) -> Result<AnyArray, Unfilled<E>> {
                let elements = if shape.contains(&0) { Some(0) } else { shape.iter().try_fold(1usize, |n, &axis| n.checked_mul(axis)) };
                let elements = elements.ok_or(Unfilled::Memory(usize::MAX))?;
                let mut order: SmallVec<[usize; 6]> = (0..shape.len()).collect();
                if reversed {
                    order.reverse();
                }
                Ok(match dtype {
                    $(DType::$variant => AnyArray::$variant(owned(vector!($($t)::+ $(<$of>)?, elements, give)?, shape, &order)),)*
                })
            }
        }
    };
}

each_element!(filled);
