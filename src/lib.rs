//! Array expressions as text, compiled into fused, cache-tiled, multi-threaded loops.

pub(crate) mod diagnostic;
mod error;
#[doc(hidden)]
pub mod syntax;

pub use error::{CompileError, CompileErrorKind};
pub use syntax::Limits;
