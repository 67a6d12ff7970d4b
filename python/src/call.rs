//! One call: arguments in, arrays of NumPy's out.
//!
//! Comes in: an expression, a value for each of its names, and arrays to write to, if the caller has some. Goes out: the results. Always
//! holds: other Python threads run meanwhile if it takes long, and the keys that interrupt a program interrupt it.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyTupleMethods};
use smallvec::SmallVec;
use tilexpr::{Args, CancelToken, EvalError, Expr, Memory, Out, ViewMut};

use crate::argument::Value;
use crate::array::{self, Lies};
use crate::error;

/// Operations on elements from which on other threads may run meanwhile: to let go of the interpreter and to take it again costs some
/// 100 ns, and more if another thread has it then.
const LET_GO: usize = 100_000;
/// Operations on elements from which on the call is run by a thread of its own, while the caller's looks for signals: some milliseconds, to
/// which it adds 50 us.
const LONG: usize = 20_000_000;
/// How often it looks.
const LOOK: Duration = Duration::from_millis(30);

/// Arrays that a call writes to.
pub struct Outputs<'a>(pub SmallVec<[ViewMut<'a>; 1]>);

// SAFETY: each view gives its own elements, which it has alone or says that it shares.
unsafe impl Out for Outputs<'_> {
    #[inline]
    fn memories<'s>(&'s mut self, give: &mut dyn FnMut(Memory<'s>)) {
        for view in &mut self.0 {
            view.memories(give);
        }
    }
}

/// A call: an expression, its names in order with their values.
pub struct Call<'a, 'py> {
    pub expr: &'a Expr,
    pub text: &'a str,
    pub names: &'a [&'a str],
    pub values: &'a [Value<'py>],
}

impl<'py> Call<'_, 'py> {
    /// The arguments. (What is too large for an argument has become part of the text.)
    fn args(&self) -> Args<'_> {
        self.names.iter().zip(self.values).filter_map(|(&name, value)| Some((name, value.arg()?))).collect()
    }

    /// An estimate of the work: elements of what the arguments broadcast to, times operations.
    fn work(&self) -> usize {
        let mut axes: SmallVec<[usize; 8]> = SmallVec::new();
        for value in self.values {
            let Value::Array(lies, _) = value else { continue };
            let more = lies.shape.len().saturating_sub(axes.len());
            axes.insert_many(0, std::iter::repeat_n(1, more));
            let skip = axes.len() - lies.shape.len();
            axes[skip..].iter_mut().zip(&lies.shape).for_each(|(axis, &n)| *axis = n.max(*axis));
        }
        let elements = axes.iter().fold(1, |all: usize, &n| all.saturating_mul(n));
        elements.saturating_mul(1 + self.text.len() / 4)
    }

    /// Whether it takes so little time that the interpreter need not be let go.
    pub fn is_short(&self) -> bool {
        self.work() < LET_GO
    }

    /// Whether there would be results.
    ///
    /// # Errors
    /// Where types or shapes do not fit.
    pub fn check(&self, py: Python) -> PyResult<()> {
        self.expr.outputs(self.args()).map(drop).map_err(|error| error::eval(py, &error, self.text))
    }

    /// New arrays.
    ///
    /// # Errors
    /// Where there is no result.
    pub fn results(&self, py: Python<'py>) -> PyResult<SmallVec<[Bound<'py, PyAny>; 1]>> {
        let args = self.args();
        let fault = |error: &EvalError| error::eval(py, error, self.text);
        let layouts = self.expr.layouts(&args).map_err(|error| fault(&error))?;
        let mut arrays: SmallVec<[Bound<'py, PyAny>; 1]> = SmallVec::new();
        for layout in &layouts {
            arrays.push(array::new(py, layout.dtype, &layout.shape, &layout.strides)?);
        }
        let lies: SmallVec<[Lies; 1]> = arrays.iter().filter_map(array::read).collect();
        // SAFETY: these arrays have just been made; nobody else knows of them.
        let outputs = Outputs(lies.iter().map(|lies| unsafe { lies.alone() }).collect());
        self.run(py, &args, outputs)?;
        Ok(arrays)
    }

    /// Into arrays of the caller's.
    ///
    /// # Errors
    /// Where one is no array that can be written to, and where there is no result.
    pub fn put(&self, py: Python<'py>, out: &Bound<'py, PyAny>) -> PyResult<()> {
        let lies = outputs(out)?;
        let apart =
            |lies: &Lies| self.values.iter().all(|value| !matches!(value, Value::Array(v, _) if !lies.is_apart(v)));
        let alone = lies.len() == 1 && apart(&lies[0]);
        // SAFETY: the arrays are writable, which `outputs` has seen to, and live as long as `out`. Only where nothing lies on the only one
        // is it said to be alone.
        let views = lies.iter().map(|lies| unsafe { if alone { lies.alone() } else { lies.shared() } });
        self.run(py, &self.args(), Outputs(views.collect()))
    }

    fn run(&self, py: Python<'py>, args: &Args, mut outputs: Outputs) -> PyResult<()> {
        let work = self.work();
        let result = if work < LET_GO {
            self.expr.eval_into(args, &mut outputs)
        } else if work < LONG || !is_main_thread(py)? {
            py.detach(|| self.expr.eval_into(args, &mut outputs))
        } else {
            interruptible(py, self.expr, |expr| expr.eval_into(args, &mut outputs))?
        };
        result.map_err(|error| error::eval(py, &error, self.text))
    }
}

/// Where arrays to write to lie: of one array, or of a tuple of them.
pub fn outputs(out: &Bound<'_, PyAny>) -> PyResult<SmallVec<[Lies; 1]>> {
    match out.cast::<PyTuple>() {
        Ok(several) => several.iter().map(|one| output(&one)).collect(),
        Err(_) => output(out).map(|one| SmallVec::from_iter([one])),
    }
}

fn output(out: &Bound<'_, PyAny>) -> PyResult<Lies> {
    let py = out.py();
    if !array::is_array(out) {
        let message = format!("out must be a NumPy array, not {}", out.get_type().name()?);
        return Err(error::output(py, "dtype", &message));
    }
    let Some(lies) = array::read(out) else {
        return Err(error::element_type(py, "out", &out.getattr(intern!(py, "dtype"))?));
    };
    if !lies.writable {
        return Err(error::output(py, "value", "out is read-only"));
    }
    if lies.repeats() {
        let message =
            "elements of out share memory (as those of a broadcast array do), so they cannot be written one by one";
        return Err(error::output(py, "value", message));
    }
    Ok(lies)
}

/// Whether this is the thread to which Python brings signals.
fn is_main_thread(py: Python) -> PyResult<bool> {
    let threading = py.import(intern!(py, "threading"))?;
    let main = threading.call_method0(intern!(py, "main_thread"))?.getattr(intern!(py, "ident"))?;
    main.eq(threading.call_method0(intern!(py, "get_ident"))?)
}

/// Runs work on a thread of its own, and cancels it when a signal's handler raises (as that of Ctrl-C does).
fn interruptible<R: Send>(py: Python, expr: &Expr, work: impl FnOnce(&Expr) -> R + Send) -> PyResult<R> {
    let token = CancelToken::new();
    let expr = expr.with_cancel(token.clone());
    py.detach(|| {
        thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel(1);
            let expr = &expr;
            let run = move || drop(send.send(work(expr)));
            let worker = thread::Builder::new().name("tilexpr-call".into()).spawn_scoped(scope, run)?;
            loop {
                match receive.recv_timeout(LOOK) {
                    Ok(result) => return Ok(result),
                    Err(mpsc::RecvTimeoutError::Timeout) => {
                        if let Err(raised) = Python::attach(|py| py.check_signals()) {
                            token.cancel();
                            drop(worker.join());
                            return Err(raised);
                        }
                    }
                    Err(mpsc::RecvTimeoutError::Disconnected) => {
                        let message = "the thread that ran the call has ended without a result";
                        return Err(pyo3::exceptions::PyRuntimeError::new_err(message));
                    }
                }
            }
        })
    })
}
