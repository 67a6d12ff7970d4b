//! Arrays in memory: an address, a type, a shape, and strides in bytes.
//!
//! Comes in: what a caller owns, as a [`View`] (readable), a [`ViewMut`] (exclusive), or the [`Memory`] of an argument or an
//! output. Goes out: a [`Strided`], which the core copies about. Always holds: strides count bytes for all who ask; they
//! need not be multiples of an element's size, and elements need not be aligned.

use std::fmt;
use std::marker::PhantomData;

use crate::dtype::{ByteOrder, DType, Element, Scalar};
use crate::math::complex::Part;
use crate::plan::alias::Footprint;
use crate::types::graph::Word;

/// Where the elements of an array lie. It can be copied, and gives no right to read or write them: that is the caller's, who made it
/// of a [`View`], or of a [`ViewMut`] that stays borrowed meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a> {
    /// The element at index 0.
    pub pointer: *mut u8,
    /// The type of the elements.
    pub dtype: DType,
    /// Whether their bytes lie in the other order than the machine's; never of elements of one byte.
    pub swapped: bool,
    /// The length of each axis.
    pub shape: &'a [usize],
    /// The steps along the axes, of `unit` bytes: ndarray counts elements, and so they need not be copied.
    steps: &'a [isize],
    unit: isize,
}

impl<'a> Strided<'a> {
    /// An array whose strides count bytes. What there is too much of shape or strides is left out.
    #[inline]
    pub fn new(pointer: *mut u8, dtype: DType, shape: &'a [usize], strides: &'a [isize]) -> Strided<'a> {
        Strided { pointer, dtype, swapped: false, shape, steps: strides, unit: 1 }
    }

    /// An array whose strides count elements.
    #[inline]
    pub fn of_elements(pointer: *mut u8, dtype: DType, shape: &'a [usize], strides: &'a [isize]) -> Strided<'a> {
        Strided { pointer, dtype, swapped: false, shape, steps: strides, unit: dtype.size() as isize }
    }

    /// The same array, the bytes of whose elements lie in the machine's order or in the other.
    pub fn swapped(self, swapped: bool) -> Strided<'a> {
        Strided { swapped, ..self }
    }

    /// The same array, the bytes of whose elements lie in this order.
    fn ordered(self, order: ByteOrder) -> Strided<'a> {
        Strided { swapped: order != ByteOrder::NATIVE && self.dtype.part().size() > 1, ..self }
    }

    /// The stride along each axis, in bytes.
    #[inline]
    pub fn strides(&self) -> impl DoubleEndedIterator<Item = isize> + ExactSizeIterator + Clone + use<'a> {
        let unit = self.unit;
        self.steps.iter().map(move |step| step.wrapping_mul(unit))
    }

    /// The length of each axis and the stride along it, in bytes.
    #[inline]
    pub fn axes(&self) -> impl DoubleEndedIterator<Item = (usize, isize)> + ExactSizeIterator + Clone + use<'a> {
        self.shape.iter().copied().zip(self.strides())
    }

    /// The number of elements, if they lie one after the other in C order.
    #[inline]
    pub fn contiguous(&self) -> Option<usize> {
        let size = self.dtype.size();
        if let (&[n], &[step]) = (self.shape, self.steps) {
            return (step.wrapping_mul(self.unit) == size as isize || n == 1).then_some(n);
        }
        let mut elements: usize = 1;
        for (n, stride) in self.axes().rev() {
            if n != 1 && Some(stride) != elements.checked_mul(size).map(|bytes| bytes as isize) {
                return None;
            }
            elements = elements.checked_mul(n)?;
        }
        Some(elements)
    }

    /// Whether another array has the same axes. They are few: to call `memcmp` costs more than to look, and it waits
    /// for lengths that have just been written.
    #[inline]
    pub fn has_shape_of(&self, other: &Strided) -> bool {
        self.shape.len() == other.shape.len() && self.shape.iter().zip(other.shape).all(|(a, b)| a == b)
    }

    /// The array that lies like this one from another address on.
    pub fn moved(&self, bytes: isize) -> Strided<'a> {
        Strided { pointer: self.pointer.wrapping_offset(bytes), ..*self }
    }

    /// What of it decides whether another array shares bytes with it.
    pub fn footprint(&self) -> Footprint {
        Footprint { address: self.pointer.addr(), size: self.dtype.size(), axes: self.axes().collect() }
    }

    /// The real or the imaginary parts of an array of complex numbers; `None` means the array as it is.
    pub fn part(self, part: Option<Part>) -> Strided<'a> {
        let dtype = if part.is_some() { self.dtype.part() } else { self.dtype };
        let first = if part == Some(Part::Imaginary) { dtype.size() } else { 0 };
        Strided { pointer: self.pointer.wrapping_add(first), dtype, ..self }
    }

    /// Some bytes of each of the strings whose bytes are the last axis, as an unsigned integer. They lie within the string.
    pub fn word(self, Word { at }: Word, dtype: DType) -> Strided<'a> {
        let axes = self.shape.len().saturating_sub(1);
        debug_assert!(self.shape.last().is_some_and(|&width| at + dtype.size() <= width), "bytes of the string");
        Strided {
            pointer: self.pointer.wrapping_add(at),
            dtype,
            shape: &self.shape[..axes],
            steps: &self.steps[..axes],
            ..self
        }
    }

    /// The arrays of real numbers that an array consists of.
    pub fn parts(self) -> impl Iterator<Item = Strided<'a>> {
        let of: &[Option<Part>] =
            if self.dtype.is_complex() { &[Some(Part::Real), Some(Part::Imaginary)] } else { &[None] };
        of.iter().map(move |&part| self.part(part))
    }
}

/// The bits of a bare integer argument, whose memory is the argument itself.
pub(crate) fn number(argument: &Strided) -> u64 {
    // SAFETY: the caller passes what it has bound to a name as a bare integer, which is an `i64` or a `u64` of an argument that is
    // borrowed meanwhile.
    unsafe { argument.pointer.cast::<u64>().read_unaligned() }
}

/// The value of an argument that is a single integer; none of any other.
pub(crate) fn whole(argument: &Strided) -> Option<i128> {
    let size = argument.dtype.size();
    if !argument.shape.is_empty() || !argument.dtype.is_int() || size > 8 {
        return None;
    }
    let mut bytes = [0; 8];
    // SAFETY: an argument is readable while it is borrowed; one of no axes has one element, of so many bytes.
    unsafe { std::ptr::copy_nonoverlapping(argument.pointer, bytes.as_mut_ptr(), size) };
    if argument.swapped {
        bytes[..size].reverse();
    }
    Scalar::from_bits(argument.dtype, u64::from_le_bytes(bytes)).as_int()
}

impl fmt::Debug for Strided<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let strides: Vec<isize> = self.strides().collect();
        let mut all = f.debug_struct("Array");
        all.field("pointer", &self.pointer).field("dtype", &self.dtype).field("swapped", &self.swapped);
        all.field("shape", &self.shape).field("strides", &strides).finish()
    }
}

/// A promise about the arrays that are passed along with it, on whose strength safe code hands them on to what runs on addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vouch(());

impl Vouch {
    /// # Safety
    /// For as long as the call lasts: arguments are readable, outputs writable, at all their elements and with their types; outputs are
    /// apart from each other and from the arguments, but as far as the call's mode says otherwise.
    #[inline]
    pub unsafe fn new() -> Vouch {
        Vouch(())
    }
}

/// An array that may be read: an address, a type, a shape, and strides in bytes. For those whose arrays are neither ndarray's nor
/// slices: bindings, files mapped to memory, fields of records.
///
/// An argument of a call like any other. Strides need not be multiples of an element's size, and elements need not be
/// aligned.
///
/// ```
/// use tilexpr::{DType, Expr, View, args};
/// #[repr(C, packed)]
/// struct Record {
///     name: [u8; 3],
///     price: f64,
/// }
/// let records = [Record { name: *b"abc", price: 1.5 }, Record { name: *b"xyz", price: 2.0 }];
/// let first = (&raw const records[0].price).cast();
/// // SAFETY: the prices of the records, which outlive the view.
/// let price = unsafe { View::from_raw(first, DType::F64, &[2], &[size_of::<Record>() as isize]) };
/// let total: f64 = Expr::compile("sum(price*100)")?.eval(args![price])?;
/// assert_eq!(total, 350.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    array: Strided<'a>,
    life: PhantomData<&'a [u8]>,
}

// SAFETY: a `View` is a shared borrow of elements that are `Sync` (`Element` requires it, and so does `from_raw`).
unsafe impl Send for View<'_> {}
// SAFETY: as above.
unsafe impl Sync for View<'_> {}

impl<'a> View<'a> {
    /// The array with its element at index 0 here, these lengths of its axes, and these strides along them, in bytes.
    ///
    /// # Safety
    /// Nothing is checked. For as long as `'a`:
    /// - every element (`pointer` plus, for each axis, a stride times an index below its length) must be within memory that any
    ///   thread may read, and nothing may write to it, except a call that has this as an argument and writes to a view made by
    ///   [`ViewMut::from_raw_overlapping`];
    /// - every element must be a value of the type: bools are the bytes 0 and 1.
    ///
    /// Where a length is 0 there are no elements, and the pointer may be any.
    ///
    /// # Panics
    /// If there are not as many strides as lengths.
    #[inline]
    pub unsafe fn from_raw(pointer: *const u8, dtype: DType, shape: &'a [usize], strides: &'a [isize]) -> View<'a> {
        assert_eq!(shape.len(), strides.len(), "as many strides as axes");
        View::of(Strided::new(pointer.cast_mut(), dtype, shape, strides))
    }

    /// The same array, the bytes of whose elements lie in this order. They are put into the machine's within the loop that reads them.
    ///
    /// ```
    /// use tilexpr::{ByteOrder, DType, Expr, View, args};
    /// let bytes: Vec<u8> = [1.5_f64, 2.0].into_iter().flat_map(f64::to_be_bytes).collect();
    /// // SAFETY: two numbers of eight bytes, which outlive the view.
    /// let view = unsafe { View::from_raw(bytes.as_ptr(), DType::F64, &[2], &[8]) };
    /// let total: f64 = Expr::compile("sum(x*100)")?.eval(args![x = view.with_byte_order(ByteOrder::Big)])?;
    /// assert_eq!(total, 350.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_byte_order(self, order: ByteOrder) -> View<'a> {
        View::of(self.array.ordered(order))
    }

    /// An array within these bytes; none if it reaches beyond them, or a stride is negative. Whoever has read the bytes has seen to it that
    /// bools are 0 and 1.
    #[cfg(feature = "files")]
    pub(crate) fn within(bytes: &'a [u8], dtype: DType, shape: &'a [usize], strides: &'a [isize]) -> Option<View<'a>> {
        let far = |reach: usize, (&length, &stride): (&usize, &isize)| {
            (length - 1).checked_mul(usize::try_from(stride).ok()?)?.checked_add(reach)
        };
        let fits = shape.contains(&0)
            || shape.iter().zip(strides).try_fold(dtype.size(), far).is_some_and(|reach| reach <= bytes.len());
        let array = Strided::new(bytes.as_ptr().cast_mut(), dtype, shape, strides);
        (fits && shape.len() == strides.len()).then_some(View::of(array))
    }

    /// Its bytes, if its elements lie as this machine has them one after the other: in C order, or `reversed`, in that of Fortran.
    #[cfg(feature = "files")]
    pub(crate) fn bytes(self, reversed: bool) -> Option<&'a [u8]> {
        let Strided { pointer, dtype, swapped, shape, .. } = self.array;
        if swapped {
            return None;
        }
        if shape.contains(&0) {
            return Some(&[]);
        }
        let mut bytes = dtype.size();
        for at in 0..shape.len() {
            let axis = if reversed { at } else { shape.len() - 1 - at };
            let stride = self.array.strides().nth(axis)?;
            if shape[axis] != 1 && usize::try_from(stride).ok()? != bytes {
                return None;
            }
            bytes = bytes.checked_mul(shape[axis])?;
        }
        // SAFETY: these are the elements of the view, which may be read for `'a`; numbers have no padding.
        Some(unsafe { std::slice::from_raw_parts(pointer, bytes) })
    }

    /// An array without elements.
    #[cfg(feature = "files")]
    pub(crate) fn empty(dtype: DType) -> View<'static> {
        View::of(Strided::new(std::ptr::dangling_mut(), dtype, &[0], &[0]))
    }

    /// Whoever calls it vouches for the elements.
    #[inline]
    pub(crate) fn of(array: Strided<'a>) -> View<'a> {
        View { array, life: PhantomData }
    }

    #[inline]
    pub(crate) fn strided(self) -> Strided<'a> {
        self.array
    }
}

/// An array that may be read and written, by whoever has this alone: an address, a type, a shape, and strides in bytes.
///
/// An output of a call like any other, and an array to update.
///
/// ```
/// use tilexpr::{DType, Expr, ViewMut, args};
/// let mut bytes = [0_u8; 9]; // two f32 at odd places
/// // SAFETY: bytes 1 to 4 and 5 to 8, which nothing else uses meanwhile.
/// let mut out = unsafe { ViewMut::from_raw(bytes[1..].as_mut_ptr(), DType::F32, &[2], &[4]) };
/// Expr::compile("a*2")?.eval_into(args![a = &[0.5_f32, 1.0]], &mut out)?;
/// assert_eq!(bytes[1..5], 1.0_f32.to_ne_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ViewMut<'a> {
    array: Strided<'a>,
    /// Whether what a call reads, or writes besides, may lie on it.
    overlaps: bool,
    life: PhantomData<&'a mut [u8]>,
}

// SAFETY: a `ViewMut` is an exclusive borrow of elements that are `Send` (`Element` requires it, and so does `from_raw`).
unsafe impl Send for ViewMut<'_> {}
// SAFETY: through a shared `ViewMut` elements can be read alone.
unsafe impl Sync for ViewMut<'_> {}

impl<'a> ViewMut<'a> {
    /// The array with its element at index 0 here, these lengths of its axes, and these strides along them, in bytes.
    ///
    /// # Safety
    /// Nothing is checked. For as long as `'a`:
    /// - every element (`pointer` plus, for each axis, a stride times an index below its length) must be within memory that any
    ///   thread may read and write, and that nothing reads or writes but through this;
    /// - no two elements may share a byte;
    /// - every element must be a value of the type if it is read (by an update): bools are the bytes 0 and 1.
    ///
    /// Where a length is 0 there are no elements, and the pointer may be any.
    ///
    /// # Panics
    /// If there are not as many strides as lengths.
    #[inline]
    pub unsafe fn from_raw(pointer: *mut u8, dtype: DType, shape: &'a [usize], strides: &'a [isize]) -> ViewMut<'a> {
        assert_eq!(shape.len(), strides.len(), "as many strides as axes");
        ViewMut::of(Strided::new(pointer, dtype, shape, strides))
    }

    /// As [`from_raw`](ViewMut::from_raw), but arguments of a call that writes to this, and its other outputs made likewise, may lie on
    /// it in any way. A call then looks how they lie, and the results are as if they had been computed apart and then
    /// written, one output after the other: an output that is exactly an argument is updated in place, one that overlaps
    /// in another way is written from a new array.
    ///
    /// What a binding needs whose language shares arrays freely.
    ///
    /// ```
    /// use tilexpr::{DType, Expr, View, ViewMut, args};
    /// let mut a = [1.0, 2.0, 3.0, 4.0];
    /// let first = a.as_mut_ptr().cast::<u8>();
    /// // SAFETY: the first three elements, and the last three, used by the call below alone.
    /// let (x, mut y) = unsafe {
    ///     let x = View::from_raw(first, DType::F64, &[3], &[8]);
    ///     (x, ViewMut::from_raw_overlapping(first.add(8), DType::F64, &[3], &[8]))
    /// };
    /// Expr::compile("x*10")?.eval_into(args![x], &mut y)?;
    /// assert_eq!(a, [1.0, 10.0, 20.0, 30.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Safety
    /// As for [`from_raw`](ViewMut::from_raw), but that elements may also be read by the arguments of a call that writes to this,
    /// and written by its other outputs that are made likewise.
    ///
    /// # Panics
    /// If there are not as many strides as lengths.
    pub unsafe fn from_raw_overlapping(
        pointer: *mut u8,
        dtype: DType,
        shape: &'a [usize],
        strides: &'a [isize],
    ) -> ViewMut<'a> {
        // SAFETY: as the caller promises; what the two differ in is told by the field.
        ViewMut { overlaps: true, ..unsafe { ViewMut::from_raw(pointer, dtype, shape, strides) } }
    }

    /// The same array, the bytes of whose elements lie in this order: read so by an update, and written so.
    #[must_use]
    pub fn with_byte_order(self, order: ByteOrder) -> ViewMut<'a> {
        ViewMut { array: self.array.ordered(order), ..self }
    }

    /// An array that fills these bytes in C order; none if they are of another number. It is to be written, not read: they need not be values
    /// of the type.
    #[cfg(feature = "files")]
    pub(crate) fn filling(
        bytes: &'a mut [u8],
        dtype: DType,
        shape: &'a [usize],
        strides: &'a [isize],
    ) -> Option<ViewMut<'a>> {
        let array = Strided::new(bytes.as_mut_ptr(), dtype, shape, strides);
        let needed = if shape.contains(&0) { 0 } else { array.contiguous()?.checked_mul(dtype.size())? };
        (needed == bytes.len() && shape.len() == strides.len()).then_some(ViewMut::of(array))
    }

    /// Whoever calls it vouches for the elements.
    #[inline]
    pub(crate) fn of(array: Strided<'a>) -> ViewMut<'a> {
        ViewMut { array, overlaps: false, life: PhantomData }
    }

    /// As an array that is read meanwhile.
    pub fn as_view(&self) -> View<'_> {
        View::of(self.array)
    }

    /// The same array, borrowed for a shorter time.
    pub fn reborrow(&mut self) -> ViewMut<'_> {
        ViewMut { overlaps: self.overlaps, ..ViewMut::of(self.array) }
    }

    /// As the memory of an output, for as long as this is borrowed.
    #[inline]
    pub(crate) fn memory(&mut self) -> Memory<'_> {
        Memory { overlaps: self.overlaps, ..Memory::of(self.array) }
    }
}

macro_rules! accessors {
    ($($view:ident, $pointer:ty;)*) => { $(
        impl $view<'_> {
            /// The address of the element at index 0.
            pub fn as_ptr(&self) -> $pointer {
                self.array.pointer
            }

            /// The type of the elements.
            pub fn dtype(&self) -> DType {
                self.array.dtype
            }

            /// The order of the elements' bytes; of elements of one byte it is the machine's.
            pub fn byte_order(&self) -> ByteOrder {
                if self.array.swapped { ByteOrder::NATIVE.swapped() } else { ByteOrder::NATIVE }
            }

            /// The length of each axis.
            pub fn shape(&self) -> &[usize] {
                self.array.shape
            }

            /// The stride along each axis, in bytes.
            pub fn strides(&self) -> impl DoubleEndedIterator<Item = isize> + ExactSizeIterator + Clone {
                self.array.strides()
            }
        }
    )* };
}

accessors! {
    View, *const u8;
    ViewMut, *mut u8;
}

/// Lengths and strides of an array's axes, borrowed where they lie or carried along.
#[derive(Clone, Debug)]
pub(crate) enum Dims<'a> {
    /// The strides count elements.
    Line([usize; 1], [isize; 1]),
    #[cfg(feature = "ndarray")]
    Plane([usize; 2], [isize; 2]),
    /// As above.
    Borrowed(&'a [usize], &'a [isize]),
    /// As above.
    #[cfg(feature = "ndarray")]
    Owned(Box<[usize]>, Box<[isize]>),
    /// The strides count bytes.
    Bytes(&'a [usize], &'a [isize]),
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
    /// As for `Strided`.
    swapped: bool,
    dims: Dims<'a>,
    /// As for `ViewMut`.
    overlaps: bool,
    life: PhantomData<&'a ()>,
}

// SAFETY: as for `View`; what may be written is borrowed mutably by whoever has this, and only the crate looks inside.
unsafe impl Send for Memory<'_> {}
// SAFETY: as above.
unsafe impl Sync for Memory<'_> {}

impl<'a> Memory<'a> {
    #[inline]
    pub(crate) fn new<T: Element>(pointer: *const T, dims: Dims<'a>) -> Memory<'a> {
        let pointer = pointer.cast_mut().cast();
        Memory { pointer, dtype: T::DTYPE, swapped: false, dims, overlaps: false, life: PhantomData }
    }

    #[inline]
    pub(crate) fn of(array: Strided<'a>) -> Memory<'a> {
        let Strided { pointer, dtype, swapped, shape, steps, unit } = array;
        let dims = if unit == 1 { Dims::Bytes(shape, steps) } else { Dims::Borrowed(shape, steps) };
        Memory { pointer, dtype, swapped, dims, overlaps: false, life: PhantomData }
    }

    #[inline]
    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// Whether the bytes of the elements lie in the other order than the machine's.
    #[inline]
    pub(crate) fn swapped(&self) -> bool {
        self.swapped
    }

    /// Whether what the call reads, or writes besides, may lie on it.
    #[inline]
    pub(crate) fn overlaps(&self) -> bool {
        self.overlaps
    }

    /// As shape and strides in one piece.
    #[inline]
    pub(crate) fn strided(&self) -> Strided<'_> {
        let size = self.dtype.size() as isize;
        let (shape, steps, unit): (&[usize], &[isize], isize) = match &self.dims {
            Dims::Line(shape, steps) => (shape, steps, size),
            #[cfg(feature = "ndarray")]
            Dims::Plane(shape, steps) => (shape, steps, size),
            Dims::Borrowed(shape, steps) => (shape, steps, size),
            #[cfg(feature = "ndarray")]
            Dims::Owned(shape, steps) => (shape, steps, size),
            Dims::Bytes(shape, steps) => (shape, steps, 1),
        };
        Strided { pointer: self.pointer, dtype: self.dtype, swapped: self.swapped, shape, steps, unit }
    }
}
