//! The kernel IR: what all executors run.

pub mod builder;
pub mod helper;
pub mod kernel;
pub mod monoid;
pub mod op;
pub mod semantics;
pub mod simplify;

pub use builder::Builder;
pub use helper::Helper;
pub use kernel::*;
pub use monoid::{Fold, Fragment, Monoid};
pub use op::Op;
