//! Typed graph, shapes and strides to loop nests.

pub mod lower;
pub mod nest;
pub mod program;
pub mod shape;
