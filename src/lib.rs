//! Array expressions as text, compiled into fused, cache-tiled, multi-threaded loops.

pub(crate) mod diagnostic;
pub mod dtype;
mod error;
#[doc(hidden)]
pub mod ir;
#[doc(hidden)]
pub mod jit;
#[doc(hidden)]
pub mod syntax;
#[doc(hidden)]
pub mod types;

pub use error::{CompileError, CompileErrorKind};
pub use syntax::Limits;
