//! Evaluates: arguments in, results out.
//!
//! `expr` is the front door. A call binds arguments (`arg`, `view`) to the names of a compiled text (`core`, kept by
//! `cache`), works out shapes and runs the stages (`execute`; `reduce` for reductions): each pass becomes a job (`launch`
//! chooses kernel, tiles and threads; `line` is the short way past all of it; `kernels` keeps kernels; `tiles` and
//! `staging` run them), into memory of the caller's (`out`) or new (`memory`, `result`).

pub mod arg;
mod cache;
mod core;
pub mod error;
mod execute;
pub mod explain;
pub mod expr;
pub mod fit;
pub mod kernels;
mod launch;
mod line;
mod memory;
pub mod out;
pub mod prepared;
mod reduce;
pub mod result;
mod scratch;
mod staging;
pub mod threads;
mod tiles;
pub mod view;

pub use self::core::Order;

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
