//! Tests: native code against the oracle, with different features of the CPU.

mod differential;
mod operations;
mod resources;
mod support;
