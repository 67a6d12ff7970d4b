//! NumPy arrays as memory.
//!
//! Comes in: an object that is a NumPy array. Goes out: where its elements lie ([`Lies`]), and new arrays whose memory NumPy allocates.
//! Always holds: nothing is copied; what is read of an array object is copied out of it at once, so that reshaping it in another thread
//! meanwhile moves nothing here.

use std::ffi::c_int;
use std::ptr;

use numpy::npyffi::{
    self, NPY_ARRAY_WRITEABLE, NPY_TYPES, NpyTypes, PY_ARRAY_API, PyArray_Check, PyArray_CheckExact, PyArrayObject,
    get_type_object,
};
use pyo3::intern;
use pyo3::prelude::*;
use smallvec::SmallVec;
use tilexpr::{Arg, ByteOrder, DType, View, ViewMut};

/// Where the elements of an array lie.
#[derive(Clone)]
pub struct Lies {
    pointer: *mut u8,
    pub dtype: DType,
    order: ByteOrder,
    pub shape: SmallVec<[usize; 4]>,
    strides: SmallVec<[isize; 4]>,
    pub writable: bool,
    /// Whether the elements are strings, whose bytes are the last axis.
    pub text: bool,
}

// SAFETY: an address and numbers; whoever makes views of it promises what they need.
unsafe impl Send for Lies {}
// SAFETY: as above.
unsafe impl Sync for Lies {}

impl Lies {
    /// Whether another array is of the same type and lies in the same way, wherever it is.
    pub fn is_like(&self, other: &Lies) -> bool {
        self.dtype == other.dtype
            && self.text == other.text
            && self.order == other.order
            && self.shape == other.shape
            && self.strides == other.strides
    }

    /// As an argument.
    ///
    /// # Safety
    /// The array must live as long as the argument is used, and its memory stay where it is.
    pub unsafe fn arg(&self) -> Option<Arg<'_>> {
        // SAFETY: as the caller promises.
        let view = unsafe { self.view() };
        if self.text { Arg::strings(view) } else { Some(Arg::new(view)) }
    }

    /// The address of an array's elements, if it is one that is not of strings and lies like this one.
    pub fn at(&self, value: &Bound<'_, PyAny>) -> Option<*mut u8> {
        if self.text || !is_plain_array(value) {
            return None;
        }
        // SAFETY: it is an array, whose fields are where NumPy's headers say; its shape and strides have `nd` numbers each.
        unsafe {
            let (fields, descr) = fields(value);
            let axes = fields.nd as usize;
            let same = dtype_of(descr.type_num) == Some(self.dtype)
                && order_of(descr.byteorder) == self.order
                && axes == self.shape.len()
                && (0..axes).all(|axis| {
                    *fields.dimensions.add(axis) == self.shape[axis] as isize
                        && *fields.strides.add(axis) == self.strides[axis]
                });
            same.then_some(fields.data.cast())
        }
    }

    /// As an argument whose elements lie elsewhere in the same way.
    ///
    /// # Safety
    /// As for [`arg`](Lies::arg), of an array that has been found to be [`at`](Lies::at) this address.
    pub unsafe fn arg_at(&self, pointer: *mut u8) -> Arg<'_> {
        // SAFETY: as the caller promises.
        let view = unsafe { View::from_raw(pointer, self.dtype, &self.shape, &self.strides) };
        Arg::new(if self.order == ByteOrder::NATIVE { view } else { view.with_byte_order(self.order) })
    }

    /// The lengths of its axes, but for that of the bytes of strings.
    pub fn axes(&self) -> &[usize] {
        &self.shape[..self.shape.len() - usize::from(self.text)]
    }

    /// As a view.
    ///
    /// # Safety
    /// As above.
    unsafe fn view(&self) -> View<'_> {
        // SAFETY: NumPy's arrays lie within their memory; the rest is the caller's promise.
        let view = unsafe { View::from_raw(self.pointer, self.dtype, &self.shape, &self.strides) };
        if self.order == ByteOrder::NATIVE { view } else { view.with_byte_order(self.order) }
    }

    /// As an output that nothing else uses.
    ///
    /// # Safety
    /// As for [`view`](Lies::view); the array must be writable, and no argument of the call, and none of its other outputs, lie on it.
    pub unsafe fn alone(&self) -> ViewMut<'_> {
        // SAFETY: as above; NumPy's writable arrays that reach an element twice are refused before.
        let view = unsafe { ViewMut::from_raw(self.pointer, self.dtype, &self.shape, &self.strides) };
        if self.order == ByteOrder::NATIVE { view } else { view.with_byte_order(self.order) }
    }

    /// As an output on which arguments may lie.
    ///
    /// # Safety
    /// As for [`view`](Lies::view); the array must be writable.
    pub unsafe fn shared(&self) -> ViewMut<'_> {
        // SAFETY: as above.
        let view = unsafe { ViewMut::from_raw_overlapping(self.pointer, self.dtype, &self.shape, &self.strides) };
        if self.order == ByteOrder::NATIVE { view } else { view.with_byte_order(self.order) }
    }

    /// The bytes between the first and the last one of the elements, and beyond: none if there are no elements.
    fn extent(&self) -> std::ops::Range<usize> {
        if self.shape.contains(&0) {
            return 0..0;
        }
        let (mut low, mut high) = (self.pointer.addr(), self.pointer.addr().wrapping_add(self.dtype.size()));
        for (&n, &stride) in self.shape.iter().zip(&self.strides) {
            let reach = stride.wrapping_mul(n as isize - 1);
            if reach < 0 {
                low = low.wrapping_add_signed(reach);
            } else {
                high = high.wrapping_add_signed(reach);
            }
        }
        low..high
    }

    /// Whether two arrays surely share no byte.
    pub fn is_apart(&self, other: &Lies) -> bool {
        let (a, b) = (self.extent(), other.extent());
        a.end <= b.start || b.end <= a.start
    }

    /// Whether an element is reached twice: along an axis with stride 0, or one whose steps are shorter than what they step over.
    pub fn repeats(&self) -> bool {
        if self.shape.contains(&0) {
            return false;
        }
        let mut axes: SmallVec<[(usize, usize); 4]> = self
            .shape
            .iter()
            .zip(&self.strides)
            .filter(|&(&n, _)| n > 1)
            .map(|(&n, s)| (s.unsigned_abs(), n))
            .collect();
        axes.sort_unstable();
        let mut reach = self.dtype.size();
        for (stride, n) in axes {
            if stride < reach {
                return true;
            }
            reach = stride.saturating_mul(n - 1).saturating_add(reach);
        }
        false
    }
}

/// Whether this is an array, of whatever subclass.
pub fn is_array(value: &Bound<'_, PyAny>) -> bool {
    // SAFETY: an object, with the interpreter at hand.
    unsafe { PyArray_Check(value.py(), value.as_ptr()) != 0 }
}

/// Whether this is an array of no subclass.
pub fn is_plain_array(value: &Bound<'_, PyAny>) -> bool {
    // SAFETY: as above.
    unsafe { PyArray_CheckExact(value.py(), value.as_ptr()) != 0 }
}

/// Where the elements of an array lie; `None` if they are of a type that there is not.
pub fn read(array: &Bound<'_, PyAny>) -> Option<Lies> {
    read_as(array, dtype_of)
}

/// Where the elements of an array of strings of bytes lie; `None` if it is of another type.
pub fn read_strings(array: &Bound<'_, PyAny>) -> PyResult<Option<Lies>> {
    let width = array.getattr(intern!(array.py(), "itemsize"))?.extract()?;
    let lies = read_as(array, |number| (number == NPY_TYPES::NPY_STRING as c_int).then_some(DType::U8));
    Ok(lies.map(|mut lies| {
        lies.text = true;
        lies.shape.push(width);
        lies.strides.push(1);
        lies
    }))
}

/// The fields of an array, and of its type.
///
/// # Safety
/// It must be an array.
unsafe fn fields<'a>(
    array: &'a Bound<'_, PyAny>,
) -> (&'a npyffi::PyArrayObject_fields, &'a npyffi::PyArray_Descr_fields) {
    // SAFETY: as the caller promises; an array keeps its type.
    unsafe {
        let fields = &*npyffi::_PyArray_GET_ITEM_DATA(array.as_ptr().cast::<PyArrayObject>());
        (fields, &*npyffi::_PyDataType_GET_ITEM_DATA(fields.descr))
    }
}

fn order_of(order: std::ffi::c_char) -> ByteOrder {
    match order as u8 {
        b'>' => ByteOrder::Big,
        b'<' => ByteOrder::Little,
        _ => ByteOrder::NATIVE,
    }
}

fn read_as(array: &Bound<'_, PyAny>, dtype_of: impl Fn(c_int) -> Option<DType>) -> Option<Lies> {
    debug_assert!(is_array(array));
    // SAFETY: it is an array, whose fields are where NumPy's headers say; its shape and strides have `nd` numbers each.
    unsafe {
        let (fields, descr) = fields(array);
        let dtype = dtype_of(descr.type_num)?;
        let order = order_of(descr.byteorder);
        let axes = fields.nd as usize;
        let (mut shape, mut strides) = (SmallVec::new(), SmallVec::new());
        if axes > 0 {
            shape.extend_from_slice(std::slice::from_raw_parts(fields.dimensions.cast::<usize>(), axes));
            strides.extend_from_slice(std::slice::from_raw_parts(fields.strides, axes));
        }
        let writable = fields.flags & NPY_ARRAY_WRITEABLE != 0;
        Some(Lies { pointer: fields.data.cast(), dtype, order, shape, strides, writable, text: false })
    }
}

/// A new array of this type, shape and strides (in elements; they fill its memory), with unspecified elements.
pub fn new<'py>(py: Python<'py>, dtype: DType, shape: &[usize], strides: &[isize]) -> PyResult<Bound<'py, PyAny>> {
    let size = dtype.size() as isize;
    let bytes: SmallVec<[isize; 4]> = strides.iter().map(|stride| stride * size).collect();
    // SAFETY: as many lengths as strides; NumPy allocates what the lengths ask for, copies both, and reports what it cannot do.
    unsafe {
        let array = PY_ARRAY_API.PyArray_New(
            py,
            get_type_object(py, NpyTypes::PyArray_Type),
            shape.len() as c_int,
            shape.as_ptr().cast_mut().cast(),
            number_of(dtype) as c_int,
            if shape.is_empty() { ptr::null_mut() } else { bytes.as_ptr().cast_mut() },
            ptr::null_mut(),
            0,
            0,
            ptr::null_mut(),
        );
        Bound::from_owned_ptr_or_err(py, array)
    }
}

/// The type of a number of NumPy's; those of C's types are as wide as on this platform.
fn dtype_of(number: c_int) -> Option<DType> {
    const LONG: (DType, DType) =
        if size_of::<std::ffi::c_long>() == 8 { (DType::I64, DType::U64) } else { (DType::I32, DType::U32) };
    Some(match number {
        0 => DType::Bool,
        1 => DType::I8,
        2 => DType::U8,
        3 => DType::I16,
        4 => DType::U16,
        5 => DType::I32,
        6 => DType::U32,
        7 => LONG.0,
        8 => LONG.1,
        9 => DType::I64,
        10 => DType::U64,
        11 => DType::F32,
        12 => DType::F64,
        14 => DType::C64,
        15 => DType::C128,
        _ => return None,
    })
}

/// The number that NumPy has for a type. (`numpy.dtype('int64')` is that of `long` where it is so wide.)
fn number_of(dtype: DType) -> NPY_TYPES {
    const LONG: bool = size_of::<std::ffi::c_long>() == 8;
    match dtype {
        DType::Bool => NPY_TYPES::NPY_BOOL,
        DType::I8 => NPY_TYPES::NPY_BYTE,
        DType::U8 => NPY_TYPES::NPY_UBYTE,
        DType::I16 => NPY_TYPES::NPY_SHORT,
        DType::U16 => NPY_TYPES::NPY_USHORT,
        DType::I32 => NPY_TYPES::NPY_INT,
        DType::U32 => NPY_TYPES::NPY_UINT,
        DType::I64 if LONG => NPY_TYPES::NPY_LONG,
        DType::U64 if LONG => NPY_TYPES::NPY_ULONG,
        DType::I64 => NPY_TYPES::NPY_LONGLONG,
        DType::U64 => NPY_TYPES::NPY_ULONGLONG,
        DType::F32 => NPY_TYPES::NPY_FLOAT,
        DType::F64 => NPY_TYPES::NPY_DOUBLE,
        DType::C64 => NPY_TYPES::NPY_CFLOAT,
        DType::C128 => NPY_TYPES::NPY_CDOUBLE,
        // The enumeration may grow; each type of it is mapped above.
        _ => NPY_TYPES::NPY_DOUBLE,
    }
}
