//! Typed graph, shapes and strides to loop nests.

pub mod lower;
pub mod nest;
mod origin;
pub mod program;
pub mod shape;
