//! What the examples share, so that each of them is only about its own subject.
//!
//! `alloc` counts what is allocated, `check` compares, `cli` reads options, `timing` takes turns and keeps times, `table`
//! prints them and writes them as JSON, `chart` and `ranking` draw them, `picture` writes arrays as PNGs, `machine` tells
//! what is measured on, `random` makes numbers, `fit` lays lines through figures, `prose` prints what is seen in them.

// Each example is a program of its own, and uses a part of this.
#![allow(dead_code)]

pub mod alloc;
pub mod chart;
pub mod check;
pub mod cli;
pub mod fit;
pub mod machine;
pub mod picture;
pub mod prose;
pub mod random;
pub mod ranking;
pub mod table;
pub mod timing;
