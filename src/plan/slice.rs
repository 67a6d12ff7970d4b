//! How much is done between two looks at whether a call is to end.
//!
//! Comes in: what a kernel or a stage is made of. Goes out: so many points that a task of them takes a few milliseconds at most, whatever the text. Only
//! what is much work at each point has shorter tasks for it than it would have anyway.

use super::target::Target;
use crate::ir::cost::{NATIVE, REGISTERED};
use crate::ir::kernel::helper::Code;
use crate::types::graph::{NodeId, NodeKind};

/// Estimated nanoseconds of a task, at most. (What is interpreted takes a few times as long.)
const SLICE: f64 = 2e6;
/// Points of a task, at least: a step of the interpreter, and whole lines of the cache.
pub const LEAST: usize = 64;

/// The most points of which each takes so long, as whole lines of the cache.
pub fn points(nanoseconds: f64) -> usize {
    ((SLICE / nanoseconds) as usize / LEAST * LEAST).max(LEAST)
}

/// The same of what one thread does by itself: in a quarter of that time, for what is little work at each point waits for memory. A tile that threads
/// share is shorter; here nothing would be gained by that.
pub fn alone(nanoseconds: f64) -> usize {
    points(4.0 * nanoseconds)
}

impl Target<'_> {
    /// The most elements of a task, where each takes so long: no more than the chunk that a loop schedule asks for.
    pub fn task(&self, nanoseconds: f64) -> usize {
        points(nanoseconds).min(self.chunk.map_or(usize::MAX, |chunk| chunk.max(LEAST)))
    }

    /// Nanoseconds that an element of a stage takes, about.
    pub fn of_stage(&self, stage: usize) -> f64 {
        let nodes = self.program.stages[stage].nodes.iter();
        let graph = &self.program.graph;
        let time = |&node: &NodeId| match &graph.node(node).kind {
            NodeKind::Patch(helper) if matches!(helper.code, Code::Rust(_)) => REGISTERED,
            _ => graph.work(node) * NATIVE,
        };
        nodes.map(time).sum::<f64>().max(NATIVE)
    }
}

/// The most rows of a tile, and points of each, where a row takes so long by itself, and each of its points.
pub fn tile([rows, columns]: [usize; 2], [row, point]: [f64; 2]) -> [usize; 2] {
    let columns = columns.min(points(point));
    let most = SLICE / (row + columns as f64 * point);
    [rows.min((most as usize).max(1)), columns]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_of_much_work_are_short() {
        assert_eq!(tile([4, 1 << 15], [1.0, 3.0]), [4, 1 << 15]);
        assert_eq!(tile([4, 1 << 15], [1.0, 200.0]), [1, 9_984]);
        assert_eq!(tile([1 << 14, 2], [1e5, 1.0]), [19, 2]);
        assert_eq!(tile([8, 1000], [1e9, 1e6]), [1, LEAST]);
    }
}
