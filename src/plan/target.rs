//! What a schedule is made for, beside the arrays.

use super::kernels::Kernels;
use super::program::Program;
use crate::ir::cost::{BYTE, NATIVE};

/// What overrides the planner's choices, for tests and measurements; `None` leaves one to the library. No result depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Tuning {
    /// Elements of a tile.
    pub tile: Option<usize>,
    /// Elements of a task that is not split between threads.
    pub grain: Option<usize>,
    /// Elements below which a pass stays on the calling thread (and, if they are fewer, from which on shapes are asked for another
    /// form of the program).
    pub serial_below: Option<usize>,
    /// Bytes touched from which on results are written past the cache.
    pub stream_from: Option<usize>,
}

/// What a schedule is made for, beside the arrays.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The stages.
    pub program: &'a Program,
    /// Their kernels.
    pub kernels: &'a Kernels,
    /// How many threads there are.
    pub threads: usize,
    /// The chunk that a loop schedule asks for.
    pub chunk: Option<usize>,
    /// What is asked for.
    pub tuning: &'a Tuning,
}

/// Serial time, in nanoseconds, from which on a second thread is called. Until it has woken the caller works alone, and an array that one
/// core has in its L2 cache comes to the other through L3: `a*b + c` gains from some 100,000 elements on, and loses below 80,000.
const WAKE: f64 = 36_000.0;
/// Bytes touched from which on results are written past the cache. Below, they may still be there when they are read.
const STREAM_FROM: usize = 40 << 20;

/// Estimated nanoseconds of a pass on one thread.
pub fn nanoseconds(points: usize, bytes: usize, weight: f64) -> f64 {
    points as f64 * (bytes as f64 * BYTE + weight * NATIVE)
}

impl Tuning {
    /// The most points that stay on the calling thread even if there are others.
    pub fn serial_points(&self, bytes: usize, weight: f64) -> usize {
        match self.serial_below {
            Some(below) => below.saturating_sub(1),
            None => (WAKE / nanoseconds(1, bytes, weight)) as usize,
        }
    }

    /// Bytes touched from which on results are written past the cache.
    pub fn nontemporal_from(&self) -> usize {
        self.stream_from.unwrap_or(STREAM_FROM)
    }
}

impl Target<'_> {
    /// Whether so much serial time is worth a second thread.
    pub fn pays_to_wake(&self, nanoseconds: f64) -> bool {
        nanoseconds >= WAKE && self.threads > 1
    }

    /// Whether a pass of this many points, bytes and operations a point is worth a second thread.
    pub fn pays_to_share(&self, points: usize, bytes: usize, weight: f64) -> bool {
        let large = match self.tuning.serial_below {
            Some(below) => points >= below,
            None => nanoseconds(points, bytes, weight) >= WAKE,
        };
        large && self.threads > 1
    }
}
