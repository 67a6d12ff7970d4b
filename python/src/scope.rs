//! Where names have their values.
//!
//! Comes in: dictionaries that the caller passed, or the frame of Python that called. Goes out: the value of a name. Always holds: a look
//! into a frame leaves it as it was: arrays live no longer for it.

use std::cell::OnceCell;

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// Local names, and those behind them.
pub struct Scope<'py> {
    local: Bound<'py, PyAny>,
    /// Looked up when a name is not among the local ones.
    global: OnceCell<Bound<'py, PyAny>>,
    above: usize,
    /// Whether the local names are a copy of the variables of a function, which Python keeps with its frame.
    snapshot: bool,
}

impl<'py> Scope<'py> {
    /// The names of these dictionaries; where one is missing, those of the frame that called, or of one so many calls above it.
    pub fn new(
        py: Python<'py>,
        local: Option<Bound<'py, PyAny>>,
        global: Option<Bound<'py, PyAny>>,
        above: usize,
    ) -> PyResult<Scope<'py>> {
        let found = global.map(OnceCell::from).unwrap_or_default();
        if let Some(local) = local {
            return Ok(Scope { local, global: found, above, snapshot: false });
        }
        let frame = frame(py, above)?;
        let globals = frame.getattr(intern!(py, "f_globals"))?;
        let local = frame.getattr(intern!(py, "f_locals"))?;
        let mut snapshot = false;
        // From 3.13 on what a function's frame gives is no dictionary, but looks into the frame.
        if !local.is(&globals) && local.is_exact_instance_of::<PyDict>() {
            const OPTIMIZED: i64 = 1;
            let flags: i64 = frame.getattr(intern!(py, "f_code"))?.getattr(intern!(py, "co_flags"))?.extract()?;
            snapshot = flags & OPTIMIZED != 0;
        }
        found.get_or_init(|| globals);
        Ok(Scope { local, global: found, above, snapshot })
    }

    /// The value of a name, if it has one.
    pub fn get(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match look_up(&self.local, name)? {
            Some(value) => Ok(Some(value)),
            None => look_up(self.global()?, name),
        }
    }

    fn global(&self) -> PyResult<&Bound<'py, PyAny>> {
        let py = self.local.py();
        if let Some(global) = self.global.get() {
            return Ok(global);
        }
        let found = frame(py, self.above)?.getattr(intern!(py, "f_globals"))?;
        Ok(self.global.get_or_init(|| found))
    }

    /// All names that have values.
    pub fn names(&self) -> PyResult<Bound<'py, PyAny>> {
        let py = self.local.py();
        let all = pyo3::types::PyList::empty(py);
        for names in [&self.local, self.global()?] {
            for name in names.call_method0(intern!(py, "keys"))?.try_iter()? {
                all.append(name?)?;
            }
        }
        Ok(all.into_any())
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        // The frame keeps the copy until it ends, and with it whatever it holds. Nobody else has it if there are two references.
        // SAFETY: an object, with the interpreter at hand.
        if self.snapshot
            && unsafe { ffi::Py_REFCNT(self.local.as_ptr()) } == 2
            && let Ok(copy) = self.local.cast::<PyDict>()
        {
            copy.clear();
        }
    }
}

/// The value of a name in a mapping.
fn look_up<'py>(names: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(names) = names.cast_exact::<PyDict>() {
        return names.get_item(name);
    }
    match names.get_item(name) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyKeyError>(names.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The frame that called into this module, or one so many calls above it.
fn frame(py: Python<'_>, above: usize) -> PyResult<Bound<'_, PyAny>> {
    if above == 0 {
        // SAFETY: the interpreter is at hand; the frame is borrowed from it.
        let frame = unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PyEval_GetFrame().cast()) };
        if let Some(frame) = frame {
            return Ok(frame);
        }
    }
    py.import(intern!(py, "sys"))?.call_method1(intern!(py, "_getframe"), (above,))
}
