//! Syntax tree and input types to typed graph.
//!
//! Once per text, `resolve` finds what its names stand for, and puts the functions of the text in where they are called; what it gives
//! is a tree with a `meaning` for each node. A `function` is a row: the library's are in the table of `functions`, the caller's are
//! `registered`. For each set of argument types, `infer` walks the tree and asks `operators` and `calls` to type and lower each node
//! (`choices`, `complex`, `composed`, `reductions`, `scans`, `counts` and `strings` have those of a kind): `promote` has the rules of types, `value` what a part of
//! the text is worth so far, `exact` the arithmetic of literals, `emit` the primitive operations, `divide` and `power` the longer ones; `contract`
//! leaves roundings out where the caller asks for it.
//! What comes out is a `graph`; `notes` are for `explain`. `identifiers` are for callers who look names up before.

mod calls;
mod choices;
mod complex;
mod composed;
pub mod contract;
mod counts;
mod divide;
mod emit;
mod exact;
pub mod function;
pub mod functions;
pub mod graph;
mod identifiers;
mod index;
pub mod infer;
pub mod meaning;
pub mod notation;
mod notes;
mod operators;
mod power;
mod print;
pub mod promote;
mod random;
mod reductions;
pub mod registered;
mod resolve;
mod scans;
mod strings;
#[cfg(test)]
mod tests;
mod value;

#[cfg(any(test, feature = "internals"))]
pub use function::Function;
#[cfg(any(test, feature = "internals"))]
pub use graph::Graph;
pub use identifiers::identifiers;
pub use infer::{InputType, OutputType, Typing, infer, notes};
pub use meaning::{Given, Resolved};
pub use notes::Notes;
pub use resolve::resolve;
