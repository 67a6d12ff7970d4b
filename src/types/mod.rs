//! Syntax tree and input types to typed graph.
//!
//! Once per text, `resolve` finds what its names stand for (`names` looks them up, `call` reads the arguments of calls, against
//! the table in `functions`), and `expand` puts the functions of the text in where they are called. For each set of argument types,
//! `infer` walks the tree and asks `operators` and `calls` to type and lower each node (`choices`, `composed` and `reductions` have the
//! functions of a kind): `promote` has the rules of
//! types, `value` what a part of the text is worth so far, `exact` the arithmetic of literals, `emit` the primitive
//! operations, `divide` and `power` the longer ones. What comes out is a `graph`; `notes` are for `explain`. `identifiers` are for
//! callers who look names up before.

mod call;
mod calls;
mod choices;
mod complex;
mod composed;
mod divide;
mod emit;
mod exact;
mod expand;
pub mod functions;
pub mod graph;
mod identifiers;
pub mod infer;
mod names;
mod notes;
mod operators;
mod power;
mod print;
pub mod promote;
mod reductions;
pub mod registered;
pub mod resolve;
#[cfg(test)]
mod tests;
mod value;

#[cfg(any(test, feature = "internals"))]
pub use functions::Function;
#[cfg(any(test, feature = "internals"))]
pub use graph::Graph;
pub use identifiers::identifiers;
pub use infer::{InputType, infer, notes};
pub use notes::Notes;
pub use resolve::{Given, Resolved, resolve};
