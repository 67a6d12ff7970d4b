//! Runs schedules.
//!
//! | file                      | what                                                                    |
//! |---------------------------|-------------------------------------------------------------------------|
//! | `execute`, `keep`         | a schedule, step by step; the key by which one is kept                  |
//! | `pass`, `fold`, `packing` | its steps: passes, tasks of reductions, operands rearranged on the way  |
//! | `best`                    | the best of the values of blocks                                        |
//! | `line`                    | the short way past key and schedule                                     |
//! | `threads`, `scratch`      | who does tasks; memory that a thread keeps                              |

mod best;
pub mod execute;
mod fold;
pub mod keep;
pub mod line;
mod packing;
pub mod pass;
mod scratch;
pub mod threads;
