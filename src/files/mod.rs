//! Files: arrays in them, and expressions over those that are larger than memory.
//!
//! | file            | what                                                                             |
//! |-----------------|----------------------------------------------------------------------------------|
//! | `npy/`          | the format: headers; open files; files read, written and mapped whole            |
//! | `target`        | a file in the making, which is put in its place at the end                       |
//! | `stream/`       | expressions over files, in pieces                                                |
//! | `error`         | what can go wrong, in words                                                      |

pub mod error;
pub mod npy;
pub mod stream;
mod target;
