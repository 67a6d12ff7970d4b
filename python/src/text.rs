//! Texts, compiled once.
//!
//! Comes in: a text as Python has it. Goes out: its names, and an [`Expr`] for the options of a call. Always holds: a name that has a value is a
//! variable, whatever else it may mean (`e`, `pi`, `max`).

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};
use smallvec::SmallVec;
use tilexpr::{Accuracy, Casting, Expr, Order, Relaxed, identifiers};

use crate::again::Memo;
use crate::error;
use crate::threads::{get_num_threads, threads};

/// Texts that are kept. When there are more all are forgotten, and what is used is compiled anew.
const KEPT: usize = 1000;

/// Names that are constants where they have no value.
const CONSTANTS: [&str; 4] = ["e", "pi", "inf", "nan"];

/// What a call may be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    pub order: Order,
    pub casting: Casting,
    pub accuracy: Accuracy,
    pub relaxed: Option<Relaxed>,
}

/// A text and what has been made of it.
#[pyclass(frozen, module = "tilexpr._native")]
pub struct Text {
    pub source: String,
    pub names: Vec<Name>,
    /// An estimate of the operations on an element: a function, or a power, takes as long as some others.
    pub operations: usize,
    made: Mutex<SmallVec<[(Key, Expr); 1]>>,
    /// What the last call has found out.
    pub memo: Mutex<Option<Arc<Memo>>>,
}

/// A name in a text.
pub struct Name {
    pub python: Py<PyString>,
    pub text: String,
    /// The bit of the constant that it is where it has no value.
    constant: u8,
}

/// What an [`Expr`] is made for: options, the constants that have values, the number of threads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    options: Options,
    declared: u8,
    threads: usize,
}

impl Key {
    /// Whether it is for these options, and the number of threads of now.
    pub fn is_of(&self, options: Options) -> bool {
        self.options == options && self.threads == get_num_threads()
    }

    /// For these options, with those constants as variables that have values.
    pub fn new(options: Options, declared: u8) -> Key {
        Key { options, declared, threads: get_num_threads() }
    }

    /// The order of results, by NumPy's name.
    pub fn order(&self) -> &'static str {
        match self.options.order {
            Order::C => "C",
            Order::F => "F",
            Order::A => "A",
            _ => "K",
        }
    }
}

impl Name {
    /// Whether it means something without a value.
    pub fn is_constant(&self) -> bool {
        self.constant != 0
    }

    /// Its bit among the constants that have values.
    pub fn bit(&self) -> u8 {
        self.constant
    }
}

impl Text {
    fn new(py: Python, source: &str) -> PyResult<Text> {
        let name = |text: String| {
            let constant = CONSTANTS.iter().position(|constant| *constant == text).map_or(0, |at| 1 << at);
            Name { python: PyString::intern(py, &text).unbind(), text, constant }
        };
        let names = identifiers(source).map_err(|error| error::compile(py, &error))?;
        let names = names.into_iter().map(name).collect();
        let calls = source.matches('(').count() + source.matches("**").count();
        let operations = 1 + source.len() / 4 + 8 * calls;
        Ok(Text { source: source.to_string(), names, operations, made: Mutex::default(), memo: Mutex::default() })
    }

    /// The text, from the store of them.
    ///
    /// # Errors
    /// Where it is no expression.
    pub fn get<'py>(source: &Bound<'py, PyString>) -> PyResult<Bound<'py, Text>> {
        static TEXTS: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
        let py = source.py();
        let texts = TEXTS.get_or_init(py, || PyDict::new(py).unbind()).bind(py);
        if let Some(text) = texts.get_item(source)? {
            return Ok(text.cast_into::<Text>()?);
        }
        let text = Bound::new(py, Text::new(py, source.to_str()?)?)?;
        if texts.len() >= KEPT {
            texts.clear();
        }
        texts.set_item(source, &text)?;
        Ok(text)
    }

    /// The expression.
    ///
    /// # Errors
    /// Where the text uses a function that there is not.
    pub fn expr(&self, py: Python, key: Key) -> PyResult<Expr> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, expr)) = made.iter().find(|(there, _)| *there == key) {
            return Ok(expr.clone());
        }
        let expr = make(py, &self.source, key)?;
        if made.len() >= 8 {
            made.clear();
        }
        made.push((key, expr.clone()));
        Ok(expr)
    }
}

/// The names of variables in a text, in order of first appearance; whether it has a meaning is not looked at.
#[pyfunction]
pub fn names(text: &Bound<PyString>) -> PyResult<Vec<String>> {
    let text = Text::get(text)?;
    let names = &text.get().names;
    Ok(names.iter().filter(|name| !name.is_constant()).map(|name| name.text.clone()).collect())
}

/// Compiles a text.
pub fn make(py: Python, source: &str, key: Key) -> PyResult<Expr> {
    let Key { options: Options { order, casting, accuracy, relaxed }, declared, .. } = key;
    let mut builder = Expr::builder().order(order).casting(casting).accuracy(accuracy).threads(threads());
    if let Some(relaxed) = relaxed {
        builder = builder.relaxed(relaxed);
    }
    for (at, constant) in CONSTANTS.iter().enumerate() {
        if declared & 1 << at != 0 {
            builder = builder.name(*constant);
        }
    }
    builder.compile(source).map_err(|error| error::compile(py, &error))
}

/// The order of that name.
pub fn order(name: &str) -> PyResult<Order> {
    Ok(match name {
        "K" | "k" => Order::K,
        "C" | "c" => Order::C,
        "F" | "f" => Order::F,
        "A" | "a" => Order::A,
        _ => {
            return Err(pyo3::exceptions::PyValueError::new_err(format!(
                "order must be one of 'C', 'F', 'A', or 'K' (got '{name}')"
            )));
        }
    })
}

/// The rule for conversions of that name.
pub fn casting(name: &str) -> PyResult<Casting> {
    Ok(match name {
        "same_kind" => Casting::SameKind,
        "safe" => Casting::Safe,
        "unsafe" => Casting::Unsafe,
        "no" => Casting::No,
        "equiv" => Casting::Equiv,
        _ => {
            let message =
                format!("casting must be one of 'no', 'equiv', 'safe', 'same_kind', or 'unsafe' (got '{name}')");
            return Err(pyo3::exceptions::PyValueError::new_err(message));
        }
    })
}
