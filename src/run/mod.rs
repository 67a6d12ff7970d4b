//! Evaluates: arguments in, results out.
//!
//! | file                            | what                                                                     |
//! |---------------------------------|--------------------------------------------------------------------------|
//! | `expr`, `prepared`              | the front door: expressions, their builder, calls prepared beforehand    |
//! | `options`, `core`, `cache`      | a compiled text and what it depends on; its typed forms; texts kept      |
//! | `arg`, `view`, `bind`           | arguments, arrays as the core sees them, arguments found by name         |
//! | `out`, `fit`, `memory`, `result`| where results go: the caller's arrays, of other types and shapes; new ones |
//! | `ndarray`, `dense`              | its arrays in and out; what results are without it                       |
//! | `layout`                        | what results there would be                                              |
//! | `overlap`                       | outputs that may lie on arguments                                        |
//! | `execute`, `keep`               | runs a schedule; the key by which one is kept                            |
//! | `line`                          | the short way past that key and schedule                                 |
//! | `pass`, `fold`, `packing`       | its steps: passes, tasks of reductions, operands rearranged on the way   |
//! | `addresses`, `threads`          | the memory that places stand for; who does tasks                         |
//! | `scratch`                       | memory that a thread keeps                                               |
//! | `explain`                       | what a call would do, for a person                                       |
//! | `error`, `fault`                | what can go wrong with a call; errors that depend on the data            |

mod addresses;
pub mod arg;
mod bind;
mod cache;
mod core;
#[cfg(not(feature = "ndarray"))]
mod dense;
pub mod error;
mod execute;
pub mod explain;
pub mod expr;
mod fault;
pub mod fit;
mod fold;
mod keep;
pub mod layout;
mod line;
mod memory;
#[cfg(feature = "ndarray")]
mod ndarray;
mod options;
pub mod out;
mod overlap;
mod packing;
mod pass;
pub mod prepared;
pub mod result;
mod scratch;
pub mod threads;
pub mod view;

/// Evaluates a text once: compiled at the first call of this call site, typed once for each set of argument types.
///
/// Arguments are as in [`args!`](crate::args). Gives a `Result<R, EvalError>` for any [`FromResult`](crate::FromResult).
///
/// ```
/// let (a, b) = ([1.0, 2.0], [3.0, 4.0]);
/// let y: Vec<f64> = tilexpr::eval!("a*b + c", a, b, c = 0.5).map(ndarray::Array1::into_raw_vec_and_offset)?.0;
/// assert_eq!(y, [3.5, 8.5]);
/// # Ok::<(), tilexpr::EvalError>(())
/// ```
#[macro_export]
macro_rules! eval {
    ($source:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {{
        static EXPR: ::std::sync::OnceLock<::std::result::Result<$crate::Expr, $crate::CompileError>> =
            ::std::sync::OnceLock::new();
        match EXPR.get_or_init(|| $crate::Expr::compile($source)) {
            Ok(expr) => expr.eval($crate::args![$($name $(= $value)?),*]),
            Err(error) => Err($crate::EvalError::from(error.clone())),
        }
    }};
}
