//! The class `State`: what a reduction is after a part of an array.
//!
//! Comes in: parts, from this process or another one (as bytes). Goes out: what one call on the whole gives, to the bit.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};
use tilexpr::{AnyArray, Args, Expr};

use crate::array;
use crate::call::Outputs;
use crate::error;
use crate::evaluate::one_or_all;

/// The state of reductions over a part of an array; made by `Expression.partial`. It can be pickled.
#[pyclass(frozen, module = "tilexpr")]
pub struct State(Mutex<tilexpr::State>);

impl State {
    pub fn new(state: tilexpr::State) -> State {
        State(Mutex::new(state))
    }

    fn there(&self) -> tilexpr::State {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A result of the library as an array of NumPy's.
fn array_of<'py>(py: Python<'py>, result: &AnyArray) -> PyResult<Bound<'py, PyAny>> {
    let array = array::new(py, result.dtype(), result.shape(), result.strides())?;
    let lies = array::read(&array);
    // SAFETY: the array has just been made; nobody else knows of it.
    let mut output = Outputs(lies.iter().map(|lies| unsafe { lies.alone() }).collect());
    let copy = Expr::compile("x").map_err(|error| error::compile(py, &error))?;
    copy.eval_into(Args::new().with("x", result), &mut output).map_err(|error| error::eval(py, &error, "x"))?;
    Ok(array)
}

#[pymethods]
impl State {
    /// The state of this part and the one behind it.
    fn merge(&self, py: Python, later: &State) -> PyResult<State> {
        let merged = self.there().merge(later.there());
        merged.map(State::new).map_err(|error| error::eval(py, &error, ""))
    }

    /// The results, when all parts have been merged.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let results: Vec<AnyArray> = self.there().finish().map_err(|error| error::eval(py, &error, ""))?;
        one_or_all(py, results.iter().map(|result| array_of(py, result)).collect::<PyResult<_>>()?)
    }

    /// As bytes, for another process.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.there().to_bytes())
    }

    /// From bytes.
    #[classmethod]
    fn from_bytes(_class: &Bound<PyType>, py: Python, bytes: &[u8]) -> PyResult<State> {
        let state = tilexpr::State::from_bytes(bytes);
        state.map(State::new).map_err(|error| PyValueError::new_err(error::eval(py, &error, "").to_string()))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let make = py.get_type::<State>().getattr("from_bytes")?;
        Ok((make, (self.to_bytes(py),)))
    }
}
