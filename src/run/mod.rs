//! Runs schedules.
//!
//! | file                      | what                                                                    |
//! |---------------------------|-------------------------------------------------------------------------|
//! | `execute`, `keep`         | a schedule, step by step; the key by which one is kept                  |
//! | `pass`, `fold`, `packing` | its steps: passes, tasks of reductions, operands rearranged on the way  |
//! | `scan`                    | its steps: tasks of scans                                               |
//! | `combine`, `lanes`        | their loops; the same on bytes                                          |
//! | `pairs`, `ends`           | how two values are combined; where they are read and written            |
//! | `squares`                 | squares of elements turned in registers                                 |
//! | `count`                   | its steps: counting                                                     |
//! | `gemm`                    | products of matrices by a library                                       |
//! | `tiles`                   | kernels on the tiles of these                                           |
//! | `best`                    | the best of the values of blocks                                        |
//! | `line`                    | the short way past key and schedule                                     |
//! | `threads`, `loops`        | who does tasks; how they are dealt out                                  |
//! | `stop`, `settings`        | what ends a call before its time; all that a caller asks of one         |
//! | `scratch`                 | memory that a thread keeps                                              |

mod best;
mod combine;
mod count;
mod ends;
pub mod execute;
mod fold;
pub mod gemm;
pub mod keep;
mod lanes;
pub mod line;
pub mod loops;
mod packing;
mod pairs;
pub mod pass;
mod recur;
mod scan;
mod scratch;
pub mod settings;
mod squares;
pub mod stop;
pub mod threads;
mod tiles;
