//! Expressions over files that are larger than memory.

pub mod api;
