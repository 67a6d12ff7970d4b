//! Text to syntax tree.
//!
//! Comes in: the text of an expression. Goes out: an [`Ast`](ast::Ast), or an error that shows the place. In order:
//!
//! - `token` cuts the text into tokens; `number` reads literals; `name` says which names are the same; `mistake` knows what
//!   people type that is no token.
//! - `parser` keeps the stack of brackets and the statements; `piece` is what one bracket level consists of.
//! - `grammar` reads one flat level into the `tree`; `explain` says why, where it cannot.
//! - `order` brings the nodes into post-order; `print` turns a tree back into text.
//! - `suggest` and `foreign` know what an unknown name was meant to be.
//!
//! Always holds: no recursion over the text anywhere, linear time, no panic for any text.

pub mod ast;
mod explain;
pub mod foreign;
mod grammar;
pub mod limits;
mod mistake;
mod name;
mod number;
mod order;
mod parser;
mod piece;
#[cfg(any(test, feature = "internals"))]
pub mod print;
mod string;
pub mod suggest;
mod token;
mod tree;

pub use limits::Limits;
pub use name::{is_name, normal};
pub use order::{copy, for_each_child};
pub use parser::parse;
