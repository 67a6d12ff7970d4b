//! The class `Prepared`: a call whose arrays, types and loops have been looked up once.
//!
//! Comes in: an expression with its arguments, and an array to write to. Goes out: that array, written anew at each call. Always holds:
//! arrays live as long as the handle.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use tilexpr::{Arg, Args, BoundCall, EvalError, Expr, Out, PreparedDyn};

use crate::argument::Value;
use crate::array::Lies;
use crate::call::{self, Outputs};
use crate::error;
use crate::expression::Passed;
use crate::text::Text;

/// A call that has been bound to arrays; made by `Expression.prepare`.
#[pyclass(frozen, module = "tilexpr")]
pub struct Prepared {
    /// Where nothing needs a look at each call; it borrows from `outputs` and `_lies`.
    bound: Option<Alone>,
    call: PreparedDyn,
    text: Py<Text>,
    /// Arguments, in the order in which the call takes them; they borrow from `_lies`, whose memory `_kept` keeps.
    args: Vec<Arg<'static>>,
    out: Py<PyAny>,
    outputs: Vec<Lies>,
    /// Whether no argument lies on the only output.
    alone: bool,
    /// An estimate of the work.
    work: usize,
    /// The expression and the names of the arguments, for calls that signals must be able to end.
    expr: Expr,
    names: Vec<String>,
    _lies: Vec<Lies>,
    _kept: Vec<Py<PyAny>>,
}

/// A bound call, of which one thread at a time makes use.
struct Alone {
    call: UnsafeCell<BoundCall<'static>>,
    busy: AtomicBool,
}

// SAFETY: who has set `busy` has the call alone.
unsafe impl Sync for Alone {}

impl Alone {
    /// Calls it, unless another thread does.
    #[inline]
    fn call(&self) -> Option<Result<(), EvalError>> {
        if self.busy.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: nobody else has it meanwhile.
        let result = unsafe { (*self.call.get()).call() };
        self.busy.store(false, Ordering::Release);
        Some(result)
    }
}

/// What stands for a name: an array, by its number, or a number.
enum Place {
    Array(usize),
    Number(Arg<'static>),
}

impl Prepared {
    /// Binds arguments, and an array (or several) to write to.
    pub fn new(py: Python, text: Py<Text>, expr: &Expr, passed: Passed, out: Bound<PyAny>) -> PyResult<Prepared> {
        let Passed { names, values, .. } = passed;
        let source = &text.get().source;
        let work = call::work(&values, text.get());
        let outputs = call::outputs(&out)?.into_vec();
        let (mut lies, mut kept): (Vec<Lies>, Vec<Py<PyAny>>) = Default::default();
        let (mut places, mut used): (Vec<Place>, Vec<&str>) = Default::default();
        for (name, value) in names.into_iter().zip(values) {
            places.push(match value {
                Value::Array(array, keep) => {
                    lies.push(array);
                    kept.push(keep.unbind());
                    Place::Array(lies.len() - 1)
                }
                Value::Number(number, _) => Place::Number(number),
                Value::Huge(_) => continue,
            });
            used.push(name);
        }
        let alone = outputs.len() == 1 && lies.iter().all(|array| outputs[0].is_apart(array));
        let arg = |place| match place {
            // SAFETY: the list stays as it is, on the heap, and its arrays are kept, as long as the handle: fields are dropped with it, and
            // nothing that drops them looks into arguments.
            Place::Array(at) => unsafe { (*lies.as_ptr().add(at)).arg() },
            Place::Number(number) => Some(number),
        };
        let args: Vec<Arg<'static>> = places.into_iter().filter_map(arg).collect();
        let like: Args = used.iter().copied().zip(args.iter().cloned()).collect();
        let call = expr.prepare_dyn(&used, like).map_err(|error| error::eval(py, &error, source))?;
        let names = used.into_iter().map(String::from).collect();
        let (expr, out) = (expr.clone(), out.unbind());
        let bound = if alone && call::is_short(work) {
            // SAFETY: the list stays as it is, on the heap, as long as the handle; its only array is writable and lives as long, and no
            // argument lies on it.
            let output = unsafe { (*outputs.as_ptr()).alone() };
            let call = call.bind(&args, output).map_err(|error| error::eval(py, &error, source))?;
            Some(Alone { call: UnsafeCell::new(call), busy: AtomicBool::new(false) })
        } else {
            None
        };
        let prepared =
            Prepared { bound, call, args, out, outputs, alone, work, expr, names, _lies: lies, _kept: kept, text };
        // What is wrong with the arrays is said now.
        prepared.run(py)?;
        Ok(prepared)
    }

    #[inline]
    fn run(&self, py: Python) -> PyResult<()> {
        if let Some(result) = self.bound.as_ref().and_then(Alone::call) {
            return result.map_err(|error| error::eval(py, &error, &self.text.get().source));
        }
        if let ([only], true) = (&*self.outputs, self.alone) {
            // SAFETY: the array is writable and lives as long as the handle; no argument lies on it.
            self.call(py, &mut unsafe { only.alone() })
        } else {
            // SAFETY: as above, but for the last.
            self.call(py, &mut Outputs(self.outputs.iter().map(|lies| unsafe { lies.shared() }).collect()))
        }
    }

    #[inline]
    fn call<O: Out + Send>(&self, py: Python, out: &mut O) -> PyResult<()> {
        let result = if call::is_short(self.work) {
            self.call.call(&self.args, out)
        } else if call::is_long(self.work) {
            // (To look up once more what has been prepared takes no time beside it.)
            let args: Args = self.names.iter().map(String::as_str).zip(self.args.iter().cloned()).collect();
            call::run(py, &self.expr, self.work, |expr| expr.eval_into(&args, out))?
        } else {
            py.detach(|| self.call.call(&self.args, out))
        };
        result.map_err(|error| error::eval(py, &error, &self.text.get().source))
    }
}

#[pymethods]
impl Prepared {
    fn __call__(&self, py: Python) -> PyResult<Py<PyAny>> {
        self.run(py)?;
        Ok(self.out.clone_ref(py))
    }

    /// The array that is written to, or the tuple of them.
    #[getter]
    fn out(&self, py: Python) -> Py<PyAny> {
        self.out.clone_ref(py)
    }
}
