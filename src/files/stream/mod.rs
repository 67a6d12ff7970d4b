//! Expressions over files that are larger than memory.
//!
//! | file               | what                                                                                  |
//! |--------------------|---------------------------------------------------------------------------------------|
//! | `api`              | the front door                                                                        |
//! | `plan`             | what a run will do, for a caller to see                                               |
//! | `setup`            | files opened, names bound, types and shapes checked                                   |
//! | `demand`, `passes` | what waits for what: the passes over the files, and how they are cut                  |
//! | `program`          | what a pass computes of each piece, as a typed program                                |
//! | `pieces`           | how large pieces are, and how many are in work                                        |
//! | `run`              | pass after pass                                                                       |
//! | `work`             | one pass: workers that read, compute and write                                        |
//! | `merge`, `values`  | states of pieces merged, their counts added up; what is held in memory                |
//!
//! The typed graph is cut at reductions that combine rows of different pieces. A pass computes those whose arguments are known, piece by piece, and
//! then they are numbers (or small arrays) for the passes after it. Each piece is an ordinary call of an ordinary program, so it has the same bits
//! as in memory; and what pieces come to is merged by the tree that a sum of the whole has.

pub mod api;
mod demand;
mod merge;
mod passes;
mod pieces;
pub mod plan;
mod program;
mod run;
mod setup;
mod values;
mod work;
