//! Arrays that come in and go out.
//!
//! | file               | what                                                                   |
//! |--------------------|------------------------------------------------------------------------|
//! | `view`             | an address, a type, a shape, strides in bytes; who may read or write   |
//! | `arg`, `out`       | what is passed as an argument, and as an output                        |
//! | `memory`, `result` | new arrays before they are computed; as results                        |
//! | `filled`           | new arrays of bytes that come piece by piece                           |
//! | `result/`          | `ndarray`: its arrays in and out; `dense`: what results are without it |

pub mod arg;
#[cfg(feature = "files")]
pub mod filled;
pub mod memory;
pub mod out;
pub mod result;
pub mod view;
