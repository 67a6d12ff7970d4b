//! Where results go: arrays that the caller owns.

use smallvec::SmallVec;

use super::view::{Dims, Memory, Strided, ViewMut};
use crate::dtype::Element;

/// What [`eval_into`](crate::Expr::eval_into) can write to: arrays and mutable views of any layout, `Vec`s and slices
/// (of the result's length), and tuples of these or of mutable references to them for several results.
///
/// ```
/// use ndarray::Array1;
/// use tilexpr::{Expr, args};
/// let a = [1.0, 2.0];
/// let (mut sum, mut difference) = (Array1::zeros(2), vec![0.0; 2]);
/// Expr::compile("a + 1, a - 1")?.eval_into(args![a], &mut (&mut sum, &mut difference))?;
/// assert_eq!((sum.to_vec(), difference), (vec![2.0, 3.0], vec![0.0, 1.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Safety
/// [`memories`](Out::memories) must give arrays whose elements `self` may write until its borrow ends; no element may
/// be reached twice, by one of them or by two.
pub unsafe trait Out {
    /// Calls back with the memory of each array, in order.
    fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>));
}

/// The memories of an [`Out`]. There is mostly one, which is no list, so that a call need not ask how long it is.
pub(crate) struct Memories<'a> {
    first: Option<Memory<'a>>,
    more: SmallVec<[Memory<'a>; 1]>,
}

impl<'a> Memories<'a> {
    #[inline]
    pub fn of<O: Out + ?Sized>(out: &'a mut O) -> Memories<'a> {
        let mut all = Memories { first: None, more: SmallVec::new() };
        out.memories(&mut |memory| match all.first {
            None => all.first = Some(memory),
            Some(_) => all.more.push(memory),
        });
        all
    }

    /// The only one, if no argument may lie on it.
    #[inline]
    pub fn single(&self) -> Option<Strided<'_>> {
        match &self.first {
            Some(memory) if self.more.is_empty() && !memory.overlaps() => Some(memory.strided()),
            _ => None,
        }
    }

    /// Whether arguments may lie on them, and they on each other.
    #[inline]
    pub fn overlap(&self) -> bool {
        self.first.iter().chain(&self.more).any(Memory::overlaps)
    }

    /// As the core copies them about, for as long as `self` stays borrowed: what may be written is known by that.
    #[inline]
    pub fn views(&self) -> SmallVec<[Strided<'_>; 2]> {
        let mut views = SmallVec::new();
        for memory in self.first.iter().chain(&self.more) {
            views.push(memory.strided());
        }
        views
    }
}

// SAFETY: whoever has a `ViewMut` has its elements alone, and each once.
unsafe impl Out for ViewMut<'_> {
    #[inline]
    fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>)) {
        give(self.memory());
    }
}

// SAFETY: a mutable array gives each of its elements once; ndarray has no safe mutable view with overlapping elements.
#[cfg(feature = "ndarray")]
unsafe impl<T: Element, S: ndarray::DataMut<Elem = T>, D: ndarray::Dimension> Out for ndarray::ArrayBase<S, D> {
    #[inline]
    fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>)) {
        let pointer = self.as_mut_ptr();
        give(Memory::new(pointer, Dims::Borrowed(self.shape(), self.strides())));
    }
}

// SAFETY: the elements of one slice.
unsafe impl<T: Element> Out for [T] {
    #[inline]
    fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>)) {
        give(Memory::new(self.as_mut_ptr(), Dims::Line([self.len()], [1])));
    }
}

// SAFETY: the elements of one slice.
unsafe impl<T: Element> Out for Vec<T> {
    #[inline]
    fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>)) {
        self.as_mut_slice().memories(give);
    }
}

// SAFETY: the elements of one slice.
unsafe impl<T: Element, const N: usize> Out for [T; N] {
    #[inline]
    fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>)) {
        self.as_mut_slice().memories(give);
    }
}

// SAFETY: what is behind the reference is written through the reference alone.
unsafe impl<O: Out + ?Sized> Out for &mut O {
    #[inline]
    fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>)) {
        (**self).memories(give);
    }
}

macro_rules! tuples {
    ($($($o:ident $i:tt)*;)*) => { $(
        // SAFETY: the parts of a tuple are apart, and each keeps its own promise.
        unsafe impl<$($o: Out),*> Out for ($($o,)*) {
            fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>)) {
                $(self.$i.memories(give);)*
            }
        }
    )* };
}

tuples! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
    A 0 B 1 C 2 D 3 E 4 F 5;
}
