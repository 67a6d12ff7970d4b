//! The native part of the Python package `tilexpr`.
//!
//! Comes in: texts and Python's objects. Goes out: arrays of NumPy's. Always holds: no input is copied; whatever goes wrong is an
//! exception.
//!
//! | file         | what                                                            |
//! |--------------|-----------------------------------------------------------------|
//! | `array`      | NumPy arrays as memory, new ones                                |
//! | `argument`   | objects as arguments                                            |
//! | `scope`      | where names have their values: dictionaries, frames             |
//! | `text`       | texts, compiled once                                            |
//! | `call`       | one call: allocation, the interpreter let go, interrupts        |
//! | `again`      | calls like the one before                                       |
//! | `evaluate`   | numexpr's functions                                             |
//! | `expression` | the class `Expression`                                          |
//! | `prepared`   | the class `Prepared`                                            |
//! | `state`      | the class `State`: reductions of parts                          |
//! | `threads`    | how many threads                                                |
//! | `error`      | errors as Python has them                                       |

mod again;
mod argument;
mod array;
mod call;
mod error;
mod evaluate;
mod expression;
mod prepared;
mod scope;
mod state;
mod text;
mod threads;

/// The native part of the package.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::evaluate::{evaluate, re_evaluate, validate};
    #[pymodule_export]
    use super::expression::Expression;
    #[pymodule_export]
    use super::prepared::Prepared;
    #[pymodule_export]
    use super::state::State;
    #[pymodule_export]
    use super::text::names;
    #[pymodule_export]
    use super::threads::{get_num_threads, set_threads};
}
