//! Python's values as arguments.
//!
//! Comes in: an object that stands for a name. Goes out: a [`Value`]. Always holds: memory that an object offers is used where it lies.
//!
//! Exact Python numbers are weak, as in NumPy 2: they take the type of the arrays that they meet. NumPy's scalars, and arrays without
//! axes, have a type of their own. (Subclasses of `float` and `int`, `numpy.float64` among them, are no bare numbers.)

use num_complex::Complex;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyFloat, PyInt};
use tilexpr::{Arg, IntoArg};

use crate::array::{self, Lies};
use crate::error;

/// What stands for a name in a call. (A string is an array of strings without axes.)
pub enum Value<'py> {
    /// An array, which lives as long as this.
    Array(Lies, Bound<'py, PyAny>),
    /// A bare number, and which one if it is whole: shapes may depend on it.
    Number(Arg<'static>, Option<i64>),
    /// A whole number that no machine's integer holds.
    Huge(Huge),
}

/// A whole number as a literal of the language.
pub struct Huge {
    /// One that stands for it among whole numbers: its own digits, if they are few enough, else those of another one that is too large for any
    /// type.
    pub whole: String,
    /// The nearest float, if the digits are too many: what floats see of it.
    pub float: Option<String>,
}

impl<'py> Value<'py> {
    /// The value of an object; `name` is that for which it stands.
    ///
    /// # Errors
    /// Where it is nothing that can be computed with, in words that say what to pass instead.
    pub fn of(value: &Bound<'py, PyAny>, name: &str) -> PyResult<Value<'py>> {
        if array::is_plain_array(value) {
            return Value::of_array(value.clone(), name);
        }
        match Value::of_number(value)? {
            Some(number) => Ok(number),
            None => Value::of_other(value, name),
        }
    }

    /// The value of an object that is a bare number.
    ///
    /// # Errors
    /// Where it is whole, and too large for a float.
    pub fn of_number(value: &Bound<'py, PyAny>) -> PyResult<Option<Value<'py>>> {
        if let Ok(number) = value.cast_exact::<PyFloat>() {
            return Ok(Some(Value::Number(number.value().into_arg(), None)));
        }
        if let Ok(number) = value.cast_exact::<PyInt>() {
            return whole(number).map(Some);
        }
        // SAFETY: an object; `True` and `False` are the only ones of their type.
        if unsafe { ffi::PyBool_Check(value.as_ptr()) } != 0 {
            return Ok(Some(Value::Number(value.is_truthy()?.into_arg(), None)));
        }
        if let Ok(number) = value.cast_exact::<PyComplex>() {
            return Ok(Some(Value::Number(Complex::new(number.real(), number.imag()).into_arg(), None)));
        }
        Ok(None)
    }

    /// As an argument.
    pub fn arg(&self) -> Option<Arg<'_>> {
        match self {
            // SAFETY: the array is kept alive by this; NumPy moves the memory of an array only if `resize` is told not to look for
            // references (which the documentation forbids while a call runs).
            Value::Array(lies, _) => unsafe { lies.arg() },
            Value::Number(number, _) => Some(number.clone()),
            Value::Huge(_) => None,
        }
    }

    fn of_array(array: Bound<'py, PyAny>, name: &str) -> PyResult<Value<'py>> {
        match array::read(&array) {
            Some(lies) => Ok(Value::Array(lies, array)),
            None => Value::of_other_type(array, name),
        }
    }

    /// Strings; and arrays of types that there are not: halves become `float32`, which holds them all.
    #[cold]
    fn of_other_type(array: Bound<'py, PyAny>, name: &str) -> PyResult<Value<'py>> {
        let py = array.py();
        if let Some(lies) = array::read_strings(&array)? {
            return Ok(Value::Array(lies, array));
        }
        let dtype = array.getattr(intern!(py, "dtype"))?;
        if dtype.getattr(intern!(py, "num"))?.extract::<i32>()? == numpy::npyffi::NPY_TYPES::NPY_HALF as i32 {
            let wider = array.call_method1(intern!(py, "astype"), ("float32",))?;
            return Value::of_array(wider, name);
        }
        if matches!(dtype.getattr(intern!(py, "kind"))?.extract::<&str>()?, "U" | "T") {
            return Err(error::letters(py, name, &dtype));
        }
        Err(error::element_type(py, name, &dtype))
    }

    /// Whatever offers its memory, and what can be made an array.
    #[cold]
    fn of_other(value: &Bound<'py, PyAny>, name: &str) -> PyResult<Value<'py>> {
        let py = value.py();
        if array::is_array(value) {
            if value.hasattr(intern!(py, "mask"))? {
                return Err(error::masked(py, name));
            }
            return Value::of_array(value.clone(), name);
        }
        let array =
            py.import(intern!(py, "tilexpr._exchange"))?.call_method1(intern!(py, "as_array"), (value, name))?;
        Value::of_array(array, name)
    }
}

/// A whole number, of any size.
fn whole<'py>(number: &Bound<'py, PyInt>) -> PyResult<Value<'py>> {
    let mut overflow = 0;
    // SAFETY: an int.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(number.as_ptr(), &mut overflow) };
    if overflow == 0 {
        return Ok(Value::Number(small.into_arg(), Some(small)));
    }
    if overflow > 0
        && let Ok(number) = number.extract::<u64>()
    {
        return Ok(Value::Number(number.into_arg(), Some(number.cast_signed())));
    }
    let py = number.py();
    // What the language reads has 127 bits at most. (To what is larger NumPy does as to these, too: integers refuse it, floats round it.)
    if number.call_method0(intern!(py, "bit_length"))?.extract::<u64>()? > 126 {
        let float: f64 = number.call_method0(intern!(py, "__float__"))?.extract()?;
        let whole = format!("({}0x{:x})", if overflow < 0 { "-" } else { "" }, 1_u128 << 125);
        return Ok(Value::Huge(Huge { whole, float: Some(format!("({float:e})")) }));
    }
    let digits = number.call_method1(intern!(py, "__format__"), ("#x",))?;
    Ok(Value::Huge(Huge { whole: format!("({})", digits.extract::<&str>()?), float: None }))
}
