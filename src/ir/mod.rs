//! The kernel IR: what all executors run.

pub mod builder;
mod cancelled;
pub mod helper;
pub mod kernel;
pub mod monoid;
pub mod op;
pub mod parse;
pub mod print;
#[doc(hidden)]
pub mod random;
pub mod registered;
pub mod rules;
pub mod semantics;
pub mod simplify;
pub mod verify;

pub use builder::Builder;
pub use helper::Helper;
pub use kernel::*;
pub use monoid::{Fold, Fragment, Monoid};
pub use op::Op;
pub use parse::{ParseError, parse};
pub use simplify::rebuild;
pub use verify::{VerifyError, verify};

#[cfg(test)]
mod tests;
