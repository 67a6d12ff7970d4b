//! Typed graph, shapes and strides to kernels and loop nests.
//!
//! | file      | what                                                              |
//! |-----------|-------------------------------------------------------------------|
//! | `program` | the graph cut into stages, before shapes are known                |
//! | `origin`  | what a node depends on: constants, one reduction, arrays          |
//! | `lower`   | a stage, a pass of it and a layout to a kernel                    |
//! | `shape`   | broadcasting, axes, what a reduction leaves                       |
//! | `alias`   | whether what is written is also read                              |
//! | `nest`    | for arrays at hand: axes dropped, ordered, merged                 |

pub mod alias;
pub mod lower;
pub mod nest;
mod origin;
pub mod program;
pub mod shape;
