//! Runs schedules.
//!
//! | file                      | what                                                                    |
//! |---------------------------|-------------------------------------------------------------------------|
//! | `execute`, `keep`         | a schedule, step by step; the key by which one is kept                  |
//! | `pass`, `fold`, `packing` | its steps: passes, tasks of reductions, operands rearranged on the way  |
//! | `scan`, `combine`         | its steps: tasks of scans; their loops                                  |
//! | `squares`                 | squares of elements turned in registers                                 |
//! | `count`                   | its steps: counting                                                     |
//! | `tiles`                   | kernels on the tiles of these                                           |
//! | `best`                    | the best of the values of blocks                                        |
//! | `line`                    | the short way past key and schedule                                     |
//! | `threads`, `loops`        | who does tasks; how they are dealt out                                  |
//! | `stop`, `settings`        | what ends a call before its time; all that a caller asks of one         |
//! | `scratch`                 | memory that a thread keeps                                              |

mod best;
mod combine;
mod count;
pub mod execute;
mod fold;
pub mod keep;
pub mod line;
pub mod loops;
mod packing;
pub mod pass;
mod scan;
mod scratch;
pub mod settings;
mod squares;
pub mod stop;
pub mod threads;
mod tiles;
