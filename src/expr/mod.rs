//! The front door: from a text and arguments to results.
//!
//! | file                  | what                                                                          |
//! |-----------------------|-------------------------------------------------------------------------------|
//! | `api`                 | expressions and their builder                                                 |
//! | `options`, `casting`  | what a text is compiled with                                                  |
//! | `call_options`        | what calls are asked for: threads, an end, memory                             |
//! | `core`, `cache`       | a compiled text, its typed forms and their schedules; texts that are kept     |
//! | `bind`                | arguments found by name                                                       |
//! | `call`                | the one door from borrowed arrays to what runs on addresses                   |
//! | `prepared`            | calls prepared beforehand                                                     |
//! | `partial`             | reductions of parts of an array, merged                                       |
//! | `layout`              | what results there would be                                                   |
//! | `indices`             | which axes of arguments and results can be cut together                       |
//! | `fit`, `fault`        | errors of shapes and outputs, and of the data, in words                       |
//! | `ended`               | errors of calls that were not let run to their end                            |

pub mod api;
pub mod bind;
mod cache;
mod call;
mod call_options;
pub mod casting;
pub mod core;
mod ended;
mod fault;
mod fit;
pub mod indices;
pub mod layout;
mod options;
pub mod partial;
mod pieces;
pub mod prepared;

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
