//! Runs schedules.
//!
//! | file                      | what                                                                    |
//! |---------------------------|-------------------------------------------------------------------------|
//! | `execute`, `keep`         | a schedule, step by step; the key by which one is kept                  |
//! | `pass`, `fold`, `packing` | its steps: passes, tasks of reductions, operands rearranged on the way  |
//! | `scan`, `combine`         | its steps: tasks of scans; their loops                                  |
//! | `best`                    | the best of the values of blocks                                        |
//! | `line`                    | the short way past key and schedule                                     |
//! | `threads`, `scratch`      | who does tasks; memory that a thread keeps                              |

mod best;
mod combine;
pub mod execute;
mod fold;
pub mod keep;
pub mod line;
mod packing;
pub mod pass;
mod scan;
mod scratch;
pub mod threads;
