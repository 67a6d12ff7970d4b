//! Syntax tree and input types to typed graph.

pub mod graph;
pub mod promote;
