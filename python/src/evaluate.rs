//! numexpr's functions: `evaluate`, `re_evaluate`, `validate`.
//!
//! Comes in: a text, and where its names have their values. Goes out: an array. Always holds: what numexpr's documentation says of its
//! parameters, where it has a meaning here; the others are checked as there, and change nothing.

use std::cell::RefCell;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use smallvec::SmallVec;

use crate::again;
use crate::argument::Value;
use crate::array;
use crate::call::Call;
use crate::error;
use crate::scope::Scope;
use crate::text::{self, Key, Options, Text};

/// What a thread evaluated last.
struct Last {
    text: Py<Text>,
    options: Options,
    /// A weak reference to the array that it was written to.
    out: Option<Py<PyAny>>,
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// Where the frames of callers are counted from in numexpr: its `evaluate` has two functions of its own in between, `validate` and `re_evaluate`
/// have one.
const DEPTH: [usize; 2] = [3, 2];

/// Values for the names of a text, and which of its constants have one.
type Found<'a, 'py> = (SmallVec<[&'a str; 8]>, Vec<Value<'py>>, u8);

fn find<'a, 'py>(text: &'a Text, py: Python<'py>, scope: &Scope<'py>) -> PyResult<Found<'a, 'py>> {
    let (mut names, mut values, mut declared) = (SmallVec::new(), Vec::with_capacity(text.names.len()), 0);
    for name in &text.names {
        match scope.get(name.python.bind(py))? {
            Some(value) => {
                names.push(&*name.text);
                values.push(Value::of(&value, &name.text)?);
                declared |= name.bit();
            }
            None if name.is_constant() => {}
            None => return Err(error::unknown_name(py, &name.text, &text.source, scope.names()?)),
        }
    }
    Ok((names, values, declared))
}

/// One evaluation.
fn run<'py>(
    py: Python<'py>,
    text: &Text,
    options: Options,
    scope: &Scope<'py>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    if out.is_none()
        && let Some(results) = again::evaluate(py, text, options, scope)?
    {
        return one_or_all(py, results);
    }
    let (names, values, declared) = find(text, py, scope)?;
    let call = Call { text, key: Key::new(options, declared), names: &names, values: &values };
    match out {
        Some(out) => {
            call.put(py, out)?;
            Ok(out.clone())
        }
        None => one_or_all(py, call.results(py)?),
    }
}

/// The only result, or a tuple of all.
pub fn one_or_all<'py>(py: Python<'py>, mut results: SmallVec<[Bound<'py, PyAny>; 1]>) -> PyResult<Bound<'py, PyAny>> {
    match results.pop() {
        Some(only) if results.is_empty() => Ok(only),
        last => Ok(PyTuple::new(py, results.into_iter().chain(last).collect::<Vec<_>>())?.into_any()),
    }
}

/// Checks what numexpr calls the context: all of it is accepted, none of it needed. (`/` is always that of Python 3, and no optimisation changes a
/// result.)
fn check_context(context: Option<&Bound<PyDict>>) -> PyResult<()> {
    for (name, value) in context.into_iter().flat_map(|context| context.iter()) {
        let allowed: &[&str] = match name.extract::<&str>()? {
            "optimization" => &["none", "moderate", "aggressive"],
            "truediv" => &["False", "True", "auto"],
            other => return Err(PyValueError::new_err(format!("Unknown keyword argument '{other}'"))),
        };
        let value = value.str()?;
        if !allowed.contains(&value.to_str()?) {
            let allowed = allowed.join("', '");
            return Err(PyValueError::new_err(format!("'{name}' must be one of '{allowed}' (got '{value}')")));
        }
    }
    Ok(())
}

/// What a call of `evaluate` or `validate` is asked for.
fn options(order: &str, casting: &str) -> PyResult<Options> {
    Ok(Options { order: text::order(order)?, casting: text::casting(casting)?, ..Options::default() })
}

/// The text of an argument.
fn text_of<'py>(ex: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Text>> {
    match ex.cast::<PyString>() {
        Ok(source) => Text::get(source),
        Err(_) => Err(PyValueError::new_err("must specify expression as a string")),
    }
}

/// A weak reference to an array to write to; the tuple of several itself.
fn weak(out: Option<&Bound<PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    let Some(out) = out else { return Ok(None) };
    if !array::is_array(out) {
        return Ok(Some(out.clone().unbind()));
    }
    let weak = out.py().import(intern!(out.py(), "weakref"))?.call_method1(intern!(out.py(), "ref"), (out,))?;
    Ok(Some(weak.unbind()))
}

fn keep(text: &Bound<Text>, options: Options, out: Option<&Bound<PyAny>>) -> PyResult<()> {
    let out = weak(out)?;
    LAST.with_borrow_mut(|last| match last {
        // (As a rule the same text once more: a reference is counted only where it is another.)
        Some(last) if last.text.is(text) && last.out.is_none() && out.is_none() => last.options = options,
        last => *last = Some(Last { text: text.clone().unbind(), options, out }),
    });
    Ok(())
}

/// Evaluates an expression on arrays and numbers, and returns an array.
///
/// Parameters
/// ----------
/// ex : str
///     The expression. Its names have their values in `local_dict`, else in `global_dict`; where these are None, in the caller's frame. A name
///     that has a value is a variable, whatever else it might mean (`e`, `max`).
/// local_dict, global_dict : dict or mapping, optional
///     Where names have their values.
/// out : array, optional
///     Where the result is written, which may be an array that is read as well; of the result's shape, or one that it broadcasts to. A
///     tuple of arrays for several results. It is returned.
/// order : {'K', 'C', 'F', 'A'}
///     How a new result lies in memory: as the arguments, by rows, by columns, by columns if all arguments lie so.
/// casting : {'same_kind', 'safe', 'no', 'equiv', 'unsafe'}
///     Which conversions the result may take on its way into `out`.
/// sanitize : bool, optional
///     Changes nothing: texts cannot but compute, whatever they are.
/// disable_cache : bool
///     Whether `re_evaluate` shall not know of this call.
/// optimization, truediv
///     numexpr's; they change nothing.
///
/// Raises
/// ------
/// SyntaxError, NameError (a KeyError), TypeError, ValueError, OverflowError, MemoryError: subclasses of them that are subclasses of
/// `tilexpr.Error`, too.
///
/// Arrays must not be written to, nor resized, by another thread meanwhile.
///
/// >>> import numpy as np, tilexpr
/// >>> a, b = np.array([1.0, 2.0]), np.array([[10.0], [20.0]])
/// >>> tilexpr.evaluate("a*b + 1")
/// array([[11., 21.],
///        [21., 41.]])
/// >>> tilexpr.evaluate("sum(a*x)", {"x": 3})
/// array(9.)
/// >>> tilexpr.evaluate("sqrt(a)", out=a) is a
/// True
#[pyfunction]
#[pyo3(signature = (ex, local_dict=None, global_dict=None, out=None, order="K", casting="same_kind", sanitize=None,
    _frame_depth=3, disable_cache=false, **kwargs))]
#[allow(clippy::too_many_arguments, reason = "numexpr's parameters")]
pub fn evaluate<'py>(
    py: Python<'py>,
    ex: &Bound<'py, PyAny>,
    local_dict: Option<Bound<'py, PyAny>>,
    global_dict: Option<Bound<'py, PyAny>>,
    out: Option<Bound<'py, PyAny>>,
    order: &str,
    casting: &str,
    sanitize: Option<bool>,
    _frame_depth: usize,
    disable_cache: bool,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let _ = sanitize;
    check_context(kwargs)?;
    let options = options(order, casting)?;
    let text = text_of(ex)?;
    let scope = Scope::new(py, local_dict, global_dict, _frame_depth.saturating_sub(DEPTH[0]))?;
    let result = run(py, text.get(), options, &scope, out.as_ref())?;
    if !disable_cache {
        keep(&text, options, out.as_ref())?;
    }
    Ok(result)
}

/// Evaluates the last expression of this thread anew, on what its names stand for now.
///
/// Parameters
/// ----------
/// local_dict, global_dict : dict or mapping, optional
///     Where names have their values; where they are None, in the caller's frame.
///
/// >>> import numpy as np, tilexpr
/// >>> tilexpr.evaluate("2*a", {"a": np.array([1, 2])})
/// array([2, 4])
/// >>> tilexpr.re_evaluate({"a": np.array([5, 6])})
/// array([10, 12])
#[pyfunction]
#[pyo3(signature = (local_dict=None, global_dict=None, _frame_depth=2))]
pub fn re_evaluate<'py>(
    py: Python<'py>,
    local_dict: Option<Bound<'py, PyAny>>,
    global_dict: Option<Bound<'py, PyAny>>,
    _frame_depth: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let last = LAST.with_borrow(|last| {
        last.as_ref()
            .map(|last| (last.text.clone_ref(py), last.options, last.out.as_ref().map(|out| out.clone_ref(py))))
    });
    let Some((text, options, out)) = last else {
        let message = "A previous evaluate() execution was not found, please call `validate` or `evaluate` once before `re_evaluate`";
        return Err(PyRuntimeError::new_err(message));
    };
    let out = match out {
        Some(out) if out.bind(py).is_instance_of::<PyTuple>() => Some(out.into_bound(py)),
        Some(weak) => Some(weak.bind(py).call0()?).filter(|out| !out.is_none()),
        None => None,
    };
    let scope = Scope::new(py, local_dict, global_dict, _frame_depth.saturating_sub(DEPTH[1]))?;
    run(py, text.get(), options, &scope, out.as_ref())
}

/// Whether an expression could be evaluated: None, or the exception that says why not. Nothing is computed. Afterwards `re_evaluate` computes it.
///
/// The parameters are those of `evaluate`; `casting` is 'safe' by default.
///
/// >>> import numpy as np, tilexpr
/// >>> tilexpr.validate("a + b", {"a": np.ones(2), "b": np.ones(3)})  # doctest: +ELLIPSIS
/// ArgumentError(...)
#[pyfunction]
#[pyo3(signature = (ex, local_dict=None, global_dict=None, out=None, order="K", casting="safe", _frame_depth=2,
    sanitize=None, **kwargs))]
#[allow(clippy::too_many_arguments, reason = "numexpr's parameters")]
pub fn validate<'py>(
    py: Python<'py>,
    ex: &Bound<'py, PyAny>,
    local_dict: Option<Bound<'py, PyAny>>,
    global_dict: Option<Bound<'py, PyAny>>,
    out: Option<Bound<'py, PyAny>>,
    order: &str,
    casting: &str,
    _frame_depth: usize,
    sanitize: Option<bool>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Option<Py<PyAny>>> {
    let _ = sanitize;
    let valid = || {
        check_context(kwargs)?;
        let options = options(order, casting)?;
        let text = text_of(ex)?;
        let scope = Scope::new(py, local_dict, global_dict, _frame_depth.saturating_sub(DEPTH[1]))?;
        let (names, values, declared) = find(text.get(), py, &scope)?;
        Call { text: text.get(), key: Key::new(options, declared), names: &names, values: &values }.check(py)?;
        keep(&text, options, out.as_ref())
    };
    match valid() {
        Ok(()) => Ok(None),
        Err(error) => Ok(Some(error.into_value(py).into_any())),
    }
}
