//! What a pass costs: bytes, operations, and the time that follows.
//!
//! Comes in: a pass, and the rates of the machine. Goes out: numbers for a person: good to a factor of two or so, but for
//! arrays that lie in a cache between the nearest and memory.

use super::machine;
use super::planned::{Planned, Walk};
use crate::ir::Inst;
use crate::ir::cost::{body, price};
use crate::run::threads::Threads;

/// Bytes that memory moves at a time.
pub const LINE: usize = 64;
/// What a pass costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Bytes that move, for an element.
    pub bytes: f64,
    /// Operations on an element.
    pub operations: usize,
    /// Estimated nanoseconds for memory, or the caches, to move the bytes.
    pub moving: f64,
    /// Estimated nanoseconds to compute.
    pub computing: f64,
    /// Whether all that is touched is taken to lie in a core's own caches.
    pub near: bool,
}

impl Cost {
    pub fn new(planned: &Planned, native: bool, threads: &Threads) -> Cost {
        let alone = Threads::Serial;
        let threads = if planned.shared { threads } else { &alone };
        let total = traffic(planned);
        let points = planned.points as f64;
        let near = total <= machine::NEAR;
        let count = threads.count() as f64;
        let moving = total / if near { machine::near() * count } else { machine::memory(threads) };
        let kernel = planned.kernel.kernel();
        let (mut operations, mut work, mut apart) = (0, 0.0, 0.0);
        for &v in body(kernel) {
            let (units, nanoseconds) = price(kernel, v);
            operations += usize::from(is_operation(kernel.inst(v)));
            work += units;
            apart += nanoseconds;
        }
        // A body that combines a run is the work of all its elements.
        let run = planned.run as f64;
        let operations = operations.div_ceil(planned.run);
        let computing = points / run * (work / machine::operations(native) + apart) / count;
        Cost { bytes: total / points.max(1.0), operations, moving, computing, near }
    }

    /// Estimated nanoseconds.
    pub fn nanoseconds(&self) -> f64 {
        self.moving.max(self.computing)
    }

    /// Whether moving the bytes takes longer than computing.
    pub fn bound_by_memory(&self) -> bool {
        self.moving >= self.computing
    }
}

fn is_operation(inst: &Inst) -> bool {
    matches!(inst, Inst::Op { .. } | Inst::Patch { .. } | Inst::Accumulate { .. } | Inst::While { .. })
}

/// Bytes that a pass moves: each element once, or all of its line where its neighbours are not asked for.
fn traffic(planned: &Planned) -> f64 {
    let lengths: Vec<f64> = planned.loops.iter().map(|l| l.length as f64).collect();
    let total = planned.walks.iter().enumerate().map(|(at, walk)| {
        let moving = || walk.strides.iter().zip(&lengths).filter(|(s, _)| **s != 0);
        if planned.walks[..at].iter().any(|other| is_same_memory(other, walk)) || moving().next().is_none() {
            return 0.0;
        }
        let bytes = moving().map(|(_, length)| length).product::<f64>() * step(walk) as f64;
        match planned.around {
            // It stays in a core's own caches.
            Some(_) if walk.is_between() => 0.0,
            Some(around) => bytes * around.tiles(),
            None => bytes,
        }
    });
    total.sum()
}

/// Bytes from one element to its nearest neighbour, but at most a line.
pub fn step(walk: &Walk) -> usize {
    let nearest = walk.strides.iter().filter(|&&s| s != 0).map(|s| s.unsigned_abs()).min();
    nearest.map_or(0, |step| step.clamp(walk.spec.dtype.size(), LINE))
}

/// Whether two walks touch the same lines at the same time: parts of complex numbers, an array that is there twice.
fn is_same_memory(a: &Walk, b: &Walk) -> bool {
    a.strides == b.strides && a.address.abs_diff(b.address) < step(b).max(1) && a.address != 0
}
