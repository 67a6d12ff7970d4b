//! One call: arguments in, arrays of NumPy's out.
//!
//! Comes in: a text, a value for each of its names, and arrays to write to, if the caller has some. Goes out: the results. Always
//! holds: other Python threads run meanwhile if it takes long, and the keys that interrupt a program interrupt it.
//!
//! A call whose arguments are of the types of the one before, and lie like them, is a prepared one: see `again`.

use std::sync::mpsc;
use std::time::Duration;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyTupleMethods};
use smallvec::SmallVec;
use tilexpr::{Args, CancelToken, EvalError, Expr, Layout, Memory, Out, ViewMut};

use crate::again::Memo;
use crate::argument::{Huge, Value};
use crate::array::{self, Lies};
use crate::error;
use crate::text::{self, Key, Text};
use crate::threads;

/// Operations on elements from which on other threads may run meanwhile: to let go of the interpreter and to take it again costs some
/// 100 ns, and more if another thread has it then.
const LET_GO: usize = 100_000;
/// Operations on elements from which on the call is run by another thread, while the caller's looks for signals: a millisecond and more, to
/// which it adds some 50 us.
const LONG: usize = 40_000_000;
/// How often it looks.
const LOOK: Duration = Duration::from_millis(30);

/// The name of a number that is part of the text, with that.
fn huge<'a>((&name, value): (&&'a str, &'a Value)) -> Option<(&'a str, &'a Huge)> {
    match value {
        Value::Huge(huge) => Some((name, huge)),
        _ => None,
    }
}

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

/// An estimate of the work: elements of what the arguments broadcast to, times operations.
pub fn work(values: &[Value], text: &Text) -> usize {
    let mut axes: SmallVec<[usize; 8]> = SmallVec::new();
    for value in values {
        let Value::Array(lies, _) = value else { continue };
        let more = lies.axes().len().saturating_sub(axes.len());
        axes.insert_many(0, std::iter::repeat_n(1, more));
        let skip = axes.len() - lies.axes().len();
        axes[skip..].iter_mut().zip(lies.axes()).for_each(|(axis, &n)| *axis = n.max(*axis));
    }
    let elements = axes.iter().fold(1, |all: usize, &n| all.saturating_mul(n));
    elements.saturating_mul(text.operations)
}

/// Whether so much work takes so little time that the interpreter need not be let go.
pub fn is_short(work: usize) -> bool {
    work < LET_GO
}

/// Whether so much work takes so long that signals must be able to end it.
pub fn is_long(work: usize) -> bool {
    work >= LONG
}

/// A call: a text, its names in order with their values.
pub struct Call<'a, 'py> {
    pub text: &'a Text,
    pub key: Key,
    pub names: &'a [&'a str],
    pub values: &'a [Value<'py>],
}

impl<'py> Call<'_, 'py> {
    /// The arguments. (What is too large for an argument has become part of the text.)
    pub fn args(&self) -> Args<'_> {
        self.names.iter().zip(self.values).filter_map(|(&name, value)| Some((name, value.arg()?))).collect()
    }

    /// The expression: values that no argument can hold are written into the text, before it.
    ///
    /// # Errors
    /// Where the text uses a function that there is not.
    pub fn expr(&self, py: Python) -> PyResult<Expr> {
        let literals: SmallVec<[(&str, &Huge); 1]> = self.names.iter().zip(self.values).filter_map(huge).collect();
        if literals.is_empty() {
            return self.text.expr(py, self.key);
        }
        let before = |literal: fn(&Huge) -> &str| -> PyResult<Expr> {
            let before: String = literals.iter().map(|(name, huge)| format!("{name} = {}; ", literal(huge))).collect();
            text::make(py, &(before + &self.text.source), self.key)
        };
        let whole = before(|huge| &huge.whole)?;
        if literals.iter().all(|(_, huge)| huge.float.is_none()) {
            return Ok(whole);
        }
        // Integers that meet it refuse it.
        whole.outputs(self.args()).map_err(|error| self.fault(py, &error))?;
        before(|huge| huge.float.as_ref().unwrap_or(&huge.whole))
    }

    fn fault(&self, py: Python, error: &EvalError) -> PyErr {
        error::eval(py, error, &self.text.source)
    }

    /// The array, if the text is the name of an array of strings: it is copied (the library has no such results).
    fn strings(&self) -> Option<&Bound<'py, PyAny>> {
        match (self.names, self.values) {
            ([name], [Value::Array(lies, array)]) if lies.text && self.text.source.trim() == *name => Some(array),
            _ => None,
        }
    }

    /// Whether there would be results.
    ///
    /// # Errors
    /// Where types or shapes do not fit.
    pub fn check(&self, py: Python) -> PyResult<()> {
        if self.strings().is_some() {
            return Ok(());
        }
        self.expr(py)?.outputs(self.args()).map(drop).map_err(|error| self.fault(py, &error))
    }

    /// New arrays.
    ///
    /// # Errors
    /// Where there is no result.
    pub fn results(&self, py: Python<'py>) -> PyResult<SmallVec<[Bound<'py, PyAny>; 1]>> {
        if let Some(array) = self.strings() {
            let order = self.key.order();
            return Ok(SmallVec::from_iter([array.call_method1(intern!(py, "copy"), (order,))?]));
        }
        let work = match Memo::of(self) {
            Ok(memo) if !is_long(memo.work) => return memo.again(py, self),
            Ok(memo) => memo.work,
            Err(work) => work,
        };
        let (expr, args) = (self.expr(py)?, self.args());
        let arrays = new(py, &expr.layouts(&args).map_err(|error| self.fault(py, &error))?)?;
        let lies: SmallVec<[Lies; 1]> = arrays.iter().filter_map(array::read).collect();
        // SAFETY: these arrays have just been made; nobody else knows of them.
        let outputs = Outputs(lies.iter().map(|lies| unsafe { lies.alone() }).collect());
        self.run(py, &expr, &args, outputs, work)?;
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
        let work = work(self.values, self.text);
        self.run(py, &self.expr(py)?, &self.args(), Outputs(views.collect()), work)
    }

    fn run(&self, py: Python<'py>, expr: &Expr, args: &Args, mut outputs: Outputs, work: usize) -> PyResult<()> {
        run(py, expr, work, |expr| expr.eval_into(args, &mut outputs))?.map_err(|error| self.fault(py, &error))
    }
}

/// Runs an expression as so much work asks for: without the interpreter, or so that signals end it.
///
/// # Errors
/// What a signal's handler has raised.
pub fn run<R: Send>(py: Python, expr: &Expr, work: usize, run: impl FnOnce(&Expr) -> R + Send) -> PyResult<R> {
    if is_short(work) {
        Ok(run(expr))
    } else if work < LONG || !is_main_thread(py)? {
        Ok(py.detach(|| run(expr)))
    } else {
        interruptible(py, expr, run)
    }
}

/// New arrays of NumPy's.
pub fn new<'py>(py: Python<'py>, layouts: &[Layout]) -> PyResult<SmallVec<[Bound<'py, PyAny>; 1]>> {
    layouts.iter().map(|layout| array::new(py, layout.dtype, &layout.shape, &layout.strides)).collect()
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

/// Runs work on another thread, and cancels it when a signal's handler raises (as that of Ctrl-C does).
fn interruptible<R: Send>(py: Python, expr: &Expr, work: impl FnOnce(&Expr) -> R + Send) -> PyResult<R> {
    let Some(aside) = threads::aside() else { return Ok(py.detach(|| work(expr))) };
    let token = CancelToken::new();
    let expr = &expr.with_cancel(token.clone());
    py.detach(|| {
        aside.in_place_scope(|scope| {
            let (send, receive) = mpsc::sync_channel(1);
            scope.spawn(move |_| drop(send.send(work(expr))));
            loop {
                match receive.recv_timeout(LOOK) {
                    Ok(result) => return Ok(result),
                    Err(mpsc::RecvTimeoutError::Timeout) => {
                        // (The scope ends when the work has.)
                        if let Err(raised) = Python::attach(|py| py.check_signals()) {
                            token.cancel();
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
