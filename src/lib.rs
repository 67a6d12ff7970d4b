//! Array expressions as text, compiled into fused, cache-tiled, multi-threaded loops.

pub(crate) mod diagnostic;
mod dtype;
mod error;
#[doc(hidden)]
pub mod ir;
#[doc(hidden)]
pub mod jit;
#[doc(hidden)]
pub mod plan;
mod run;
#[doc(hidden)]
pub mod syntax;
#[doc(hidden)]
pub mod types;

pub use dtype::{DType, Element, Kind, Scalar};
pub use error::{CompileError, CompileErrorKind};
pub use run::Order;
pub use run::arg::{Arg, Args, AsArgs, IntoArg};
pub use run::error::{EvalError, EvalErrorKind};
pub use run::explain::Explain;
pub use run::expr::{Builder, Expr, Names};
pub use run::kernels::Executor;
pub use run::out::Out;
pub use run::prepared::Prepared;
pub use run::result::{AnyArray, FromResult};
pub use run::threads::Threads;
pub use run::view::Memory;
pub use syntax::Limits;
