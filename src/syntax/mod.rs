//! Text to syntax tree.

pub mod ast;
mod limits;
pub mod suggest;
mod token;

pub use limits::Limits;
