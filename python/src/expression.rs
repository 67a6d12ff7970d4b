//! The class `Expression`: a text with its options, to be called many times.
//!
//! Comes in: a text, then arguments by name. Goes out: results, prepared calls, explanations, partial states.

use std::collections::HashMap;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use smallvec::SmallVec;
use tilexpr::{Accuracy, Relaxed};

use crate::argument::Value;
use crate::call::{self, Call};
use crate::error;
use crate::evaluate::one_or_all;
use crate::prepared::Prepared;
use crate::state::State;
use crate::text::{self, Key, Options, Text};

/// An expression, compiled; made by `compile`.
#[pyclass(frozen, subclass, module = "tilexpr")]
pub struct Expression {
    text: Py<Text>,
    options: Options,
    /// The names of the options, for those who make it anew (in another process).
    said: Said,
}

/// Order, casting, accuracy and what is relaxed, as they were passed.
type Said = (String, String, String, Option<String>);

/// The text and the names of its options.
type Remade = (String, Said);

/// A number for each axis, or `None`.
type Axes = Vec<Option<usize>>;

/// What is passed under the names of a text.
pub struct Passed<'a, 'py> {
    pub names: SmallVec<[&'a str; 8]>,
    pub values: Vec<Value<'py>>,
    key: Key,
}

impl Expression {
    /// The values for the names; what has no name in the text is an error.
    fn passed<'py>(&self, py: Python<'py>, arrays: Option<&Bound<'py, PyDict>>) -> PyResult<Passed<'_, 'py>> {
        let text = self.text.get();
        let (mut names, mut values, mut declared) = (SmallVec::new(), Vec::with_capacity(text.names.len()), 0);
        for name in &text.names {
            let value = arrays.map(|arrays| arrays.get_item(name.python.bind(py))).transpose()?.flatten();
            match value {
                Some(value) => {
                    names.push(&*name.text);
                    values.push(Value::of(&value, &name.text)?);
                    declared |= name.bit();
                }
                None if name.is_constant() => {}
                None => {
                    let known = arrays.map_or_else(|| PyDict::new(py), Clone::clone);
                    return Err(error::unknown_name(py, &name.text, &text.source, known.into_any()));
                }
            }
        }
        if let Some(arrays) = arrays
            && arrays.len() != names.len()
        {
            self.no_such_name(arrays)?;
        }
        Ok(Passed { names, values, key: Key::new(self.options, declared) })
    }

    /// Says which of the arguments has no name in the text.
    #[cold]
    fn no_such_name(&self, arrays: &Bound<PyDict>) -> PyResult<()> {
        let names = &self.text.get().names;
        for name in arrays.keys() {
            let name: String = name.extract()?;
            if !names.iter().any(|known| known.text == name) {
                let known: Vec<&str> = names.iter().map(|name| &*name.text).collect();
                let message = format!("the expression has no variable `{name}`; it has: {}", known.join(", "));
                return Err(PyTypeError::new_err(message));
            }
        }
        Ok(())
    }

    fn call<'a, 'py>(&'a self, passed: &'a Passed<'_, 'py>) -> Call<'a, 'py> {
        Call { text: self.text.get(), key: passed.key, names: &passed.names, values: &passed.values }
    }
}

#[pymethods]
impl Expression {
    #[new]
    #[pyo3(signature = (text, *, order="K", casting="same_kind", accuracy="high", relaxed=None))]
    fn new(
        py: Python,
        text: &Bound<PyString>,
        order: &str,
        casting: &str,
        accuracy: &str,
        relaxed: Option<&str>,
    ) -> PyResult<Expression> {
        let level = match accuracy {
            "high" => Accuracy::default(),
            "low" => Accuracy::Fast,
            _ => {
                let message = format!("accuracy must be 'high' or 'low' (got '{accuracy}')");
                return Err(pyo3::exceptions::PyValueError::new_err(message));
            }
        };
        let freedom = match relaxed {
            None => None,
            Some("contract") => Some(Relaxed::Contract),
            Some("library") => Some(Relaxed::Library),
            Some(other) => {
                let message = format!("relaxed must be None, 'contract' or 'library' (got '{other}')");
                return Err(pyo3::exceptions::PyValueError::new_err(message));
            }
        };
        let (order_of, casting_of) = (text::order(order)?, text::casting(casting)?);
        let options = Options { order: order_of, casting: casting_of, accuracy: level, relaxed: freedom };
        let said = (order.into(), casting.into(), accuracy.into(), relaxed.map(String::from));
        let text = Text::get(text)?;
        // What the text is whatever its names are is said now.
        text.get().expr(py, Key::new(options, 0))?;
        Ok(Expression { text: text.unbind(), options, said })
    }

    /// The text.
    #[getter]
    fn text(&self) -> &str {
        &self.text.get().source
    }

    /// The names that need a value, in order of first appearance.
    #[getter]
    fn names(&self) -> Vec<&str> {
        self.text.get().names.iter().filter(|name| !name.is_constant()).map(|name| &*name.text).collect()
    }

    /// Evaluates it: arrays by name; `out` as for `evaluate`.
    #[pyo3(signature = (*, out=None, **arrays))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        out: Option<Bound<'py, PyAny>>,
        arrays: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let passed = self.passed(py, arrays)?;
        let call = self.call(&passed);
        match out {
            Some(out) => {
                call.put(py, &out)?;
                Ok(out)
            }
            None => one_or_all(py, call.results(py)?),
        }
    }

    /// Binds arrays once, for many calls: what is returned is called without arguments, reads what is in the arrays then, writes to `out` (a new
    /// array without it) and returns it. It has run once already.
    ///
    /// The arrays must neither be resized nor given another shape in place.
    ///
    /// >>> import numpy as np, tilexpr
    /// >>> a, y = np.array([1.0, 2.0]), np.empty(2)
    /// >>> call = tilexpr.compile("a*k").prepare(a=a, k=10, out=y)
    /// >>> a += 1
    /// >>> call() is y
    /// True
    /// >>> y
    /// array([20., 30.])
    #[pyo3(signature = (*, out=None, **arrays))]
    fn prepare<'py>(
        &self,
        py: Python<'py>,
        out: Option<Bound<'py, PyAny>>,
        arrays: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Prepared> {
        let passed = self.passed(py, arrays)?;
        let out = match out {
            Some(out) => out,
            None => one_or_all(py, self.call(&passed).results(py)?)?,
        };
        let expr = self.call(&passed).expr(py)?;
        Prepared::new(py, self.text.clone_ref(py), &expr, passed, out)
    }

    /// The type (NumPy's name) and the shape of each result.
    #[pyo3(signature = (**arrays))]
    fn outputs<'py>(
        &self,
        py: Python<'py>,
        arrays: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Vec<(&'static str, Bound<'py, pyo3::types::PyTuple>)>> {
        let passed = self.passed(py, arrays)?;
        let call = self.call(&passed);
        let found = call.expr(py)?.outputs(call.args());
        let found = found.map_err(|error| error::eval(py, &error, self.text()))?;
        let each = |(dtype, shape)| Ok((error::numpy_name(dtype), pyo3::types::PyTuple::new(py, shape)?));
        found.into_iter().map(each).collect()
    }

    /// Which axes can be cut together: for each argument, and for each result, a number for each axis, or `None`.
    #[pyo3(signature = (**arrays))]
    fn _indices(&self, py: Python, arrays: Option<&Bound<PyDict>>) -> PyResult<(HashMap<String, Axes>, Vec<Axes>)> {
        let passed = self.passed(py, arrays)?;
        let call = self.call(&passed);
        let expr = call.expr(py)?;
        let found = expr.indices(call.args()).map_err(|error| error::eval(py, &error, self.text()))?;
        Ok((expr.names().iter().cloned().zip(found.arguments).collect(), found.results))
    }

    /// How the expression is computed for these arguments: the text, and a dictionary for each pass over memory.
    #[pyo3(signature = (**arrays))]
    fn _explain<'py>(
        &self,
        py: Python<'py>,
        arrays: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<(String, Vec<Bound<'py, PyDict>>)> {
        let passed = self.passed(py, arrays)?;
        let call = self.call(&passed);
        let explained = call.expr(py)?.explain(call.args()).map_err(|error| error::eval(py, &error, self.text()))?;
        let stage = |plan: &tilexpr::StagePlan| {
            let stage = PyDict::new(py);
            stage.set_item("elements", plan.elements)?;
            stage.set_item("bytes", plan.bytes)?;
            stage.set_item("operations", plan.operations)?;
            stage.set_item("threads", plan.threads)?;
            stage.set_item("native", plan.native)?;
            stage.set_item("nanoseconds", plan.nanoseconds)?;
            stage.set_item("memory_bound", plan.memory_bound)?;
            stage.set_item("slow", plan.slow.clone())?;
            stage.set_item("kernel", &plan.kernel)?;
            stage.set_item("assembly", plan.assembly.as_deref())?;
            Ok(stage)
        };
        let stages = explained.stages().iter().map(stage).collect::<PyResult<_>>()?;
        Ok((explained.to_string(), stages))
    }

    /// The state of a part of a larger array, for an expression whose results are reductions over all axes: elements `offset` and on of `total`, counted
    /// in C order. States of all parts, merged in order, come to what one call on the whole gives, to the bit.
    ///
    /// `offset` is a multiple of 512, and so is the number of elements unless they are the last.
    ///
    /// >>> import numpy as np, tilexpr
    /// >>> a = np.arange(1000.0)
    /// >>> total = tilexpr.compile("sum(a), max(a)")
    /// >>> first, last = total.partial(0, 1000, a=a[:512]), total.partial(512, 1000, a=a[512:])
    /// >>> first.merge(last).finish()
    /// (array(499500.), array(999.))
    #[pyo3(signature = (offset, total, /, **arrays))]
    fn partial<'py>(
        &self,
        py: Python<'py>,
        offset: usize,
        total: usize,
        arrays: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<State> {
        let passed = self.passed(py, arrays)?;
        let call = self.call(&passed);
        let (expr, args) = (call.expr(py)?, call.args());
        let work = call::work(&passed.values, self.text.get());
        let state = call::run(py, &expr, work, |expr| expr.partial(&args, offset, total))?;
        state.map(State::new).map_err(|error| error::eval(py, &error, self.text()))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Remade)> {
        let make = py.import("tilexpr._expression")?.getattr("_make")?;
        Ok((make, (self.text().to_string(), self.said.clone())))
    }

    fn __repr__(&self, py: Python) -> PyResult<String> {
        Ok(format!("tilexpr.compile({})", PyString::new(py, self.text()).repr()?))
    }
}
