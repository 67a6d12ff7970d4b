//! Calls like the one before.
//!
//! Comes in: a call of a text, or the names in it and where they have their values. Goes out: new arrays, if types, shapes and strides are those
//! of the call before: then neither types nor shapes nor loops are looked up once more. Always holds: what is kept of a call holds no array.

use std::sync::{Arc, OnceLock, PoisonError};

use pyo3::prelude::*;
use smallvec::SmallVec;
use tilexpr::{Arg, DType, EvalError, Layout, PreparedDyn};

use crate::argument::Value;
use crate::array::{self, Lies};
use crate::call::{self, Call, Outputs};
use crate::error;
use crate::scope::Scope;
use crate::text::{Key, Options, Text};

/// What calls of a text have in common as long as their arguments are alike.
pub struct Memo {
    key: Key,
    like: Vec<Like>,
    pub work: usize,
    /// Made by the second such call.
    ready: OnceLock<Ready>,
}

/// What an argument is like.
enum Like {
    Array(Lies),
    Number(DType, Option<i64>),
}

struct Ready {
    call: PreparedDyn,
    layouts: Vec<Layout>,
}

impl Like {
    /// None of what is part of the text.
    fn of(value: &Value) -> Option<Like> {
        match value {
            Value::Array(lies, _) => Some(Like::Array(lies.clone())),
            Value::Number(number, whole) => Some(Like::Number(number.dtype(), *whole)),
            Value::Huge(_) => None,
        }
    }

    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Like::Array(like), Value::Array(lies, _)) => like.is_like(lies),
            (Like::Number(dtype, like), Value::Number(number, whole)) => *dtype == number.dtype() && like == whole,
            _ => false,
        }
    }

    /// An object as the argument that it would be, if it is like this.
    fn arg(&self, value: &Bound<'_, PyAny>) -> Option<Arg<'_>> {
        match self {
            // SAFETY: the array has been found there; whoever calls keeps it as long as the argument.
            Like::Array(lies) => lies.at(value).map(|pointer| unsafe { lies.arg_at(pointer) }),
            Like::Number(dtype, like) => match Value::of_number(value) {
                Ok(Some(Value::Number(number, whole))) if *dtype == number.dtype() && *like == whole => Some(number),
                _ => None,
            },
        }
    }
}

impl Memo {
    /// What the call before has found out, if this one is like it; else how much work this one is, of which it is kept what it is like.
    pub fn of(call: &Call) -> Result<Arc<Memo>, usize> {
        let mut memo = call.text.memo.lock().unwrap_or_else(PoisonError::into_inner);
        let like = |memo: &Memo| {
            memo.key == call.key
                && memo.like.len() == call.values.len()
                && memo.like.iter().zip(call.values).all(|(like, value)| like.is(value))
        };
        if let Some(there) = &*memo
            && like(there)
        {
            return Ok(Arc::clone(there));
        }
        let like = call.values.iter().map(Like::of).collect::<Option<_>>();
        let work = call::work(call.values, call.text);
        *memo = like.map(|like| Arc::new(Memo { key: call.key, like, work, ready: OnceLock::new() }));
        Err(work)
    }

    /// New arrays, for a call that is like the one before.
    ///
    /// # Errors
    /// Where the data have no result, or there is no memory.
    pub fn again<'py>(&self, py: Python<'py>, call: &Call<'_, 'py>) -> PyResult<SmallVec<[Bound<'py, PyAny>; 1]>> {
        let ready = match self.ready.get() {
            Some(ready) => ready,
            None => {
                let (expr, args) = (call.expr(py)?, call.args());
                let made = || {
                    let layouts = expr.layouts(&args)?;
                    Ok(Ready { call: expr.prepare_dyn(call.names, &args)?, layouts })
                };
                let made = made().map_err(|error: EvalError| error::eval(py, &error, &call.text.source))?;
                self.ready.get_or_init(|| made)
            }
        };
        let args: SmallVec<[Arg; 4]> = call.values.iter().filter_map(Value::arg).collect();
        self.run(py, ready, &args, call.text)
    }

    fn run<'py>(
        &self,
        py: Python<'py>,
        ready: &Ready,
        args: &[Arg],
        text: &Text,
    ) -> PyResult<SmallVec<[Bound<'py, PyAny>; 1]>> {
        let arrays = call::new(py, &ready.layouts)?;
        let lies: SmallVec<[Lies; 1]> = arrays.iter().filter_map(array::read).collect();
        let result = match &*lies {
            // SAFETY: this array has just been made; nobody else knows of it.
            [only] if call::is_short(self.work) => ready.call.call(args, &mut unsafe { only.alone() }),
            all => {
                // SAFETY: as above.
                let mut outputs = Outputs(all.iter().map(|lies| unsafe { lies.alone() }).collect());
                py.detach(|| ready.call.call(args, &mut outputs))
            }
        };
        result.map_err(|error| error::eval(py, &error, &text.source))?;
        Ok(arrays)
    }
}

/// New arrays, if a text is evaluated on objects that are like those of the call before. Looks at no more than that needs.
///
/// # Errors
/// Where names cannot be looked up, the data have no result, or there is no memory.
pub fn evaluate<'py>(
    py: Python<'py>,
    text: &Text,
    options: Options,
    scope: &Scope<'py>,
) -> PyResult<Option<SmallVec<[Bound<'py, PyAny>; 1]>>> {
    let memo = text.memo.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // (All names had values then, so all have now: none is a constant.)
    let fits =
        |memo: &Arc<Memo>| memo.like.len() == text.names.len() && memo.key.is_of(options) && !call::is_long(memo.work);
    let Some(memo) = memo.filter(fits) else { return Ok(None) };
    let Some(ready) = memo.ready.get() else { return Ok(None) };
    let mut kept: SmallVec<[Bound<PyAny>; 4]> = SmallVec::new();
    let mut args: SmallVec<[Arg; 4]> = SmallVec::new();
    for (name, like) in text.names.iter().zip(&memo.like) {
        let Some(value) = scope.get(name.python.bind(py))? else { return Ok(None) };
        let Some(arg) = like.arg(&value) else { return Ok(None) };
        args.push(arg);
        kept.push(value);
    }
    let arrays = memo.run(py, ready, &args, text);
    drop(args);
    drop(kept);
    arrays.map(Some)
}
