//! Which nodes are computed once, at all their points, and stored for the stages that need them.
//!
//! Comes in: a typed graph. Goes out: the nodes that stages would compute again which another has computed; and what computing a
//! node costs, beside which storing it is to be weighed. Always holds: no node is among them that an error of the data hangs on
//! (an error is one of the points for which the value is asked).

use std::collections::HashMap;

use crate::ir::cost::COSTLY;
use crate::types::graph::{Axes, Graph, NodeId, NodeKind};

/// Simple operations from which on a value is stored rather than computed again, if what is stored stays in the nearer caches: what is
/// written and read once takes as long as three.
pub const NEAR: f64 = COSTLY;
/// The same if it may go through memory, in pages that are new.
pub const FAR: f64 = 64.0;
/// Full arrays that may be there at a time between stages; a program that would have more stores none.
pub const HELD: usize = 8;

/// Who computes a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Nobody so far.
    None,
    /// A stage of reductions: of the same axes, and of as many reductions after one another.
    Reduction(u32),
    /// A stage of scans: along the same axis, and of as many stages after one another.
    Scan(u32),
    /// The maps.
    Output,
    /// All stages that compute this node, and no other.
    With(NodeId),
    /// Several of these.
    Several,
}

impl Reader {
    fn and(self, other: Reader) -> Reader {
        match (self, other) {
            (Reader::None, one) | (one, Reader::None) => one,
            _ if self == other => self,
            _ => Reader::Several,
        }
    }
}

/// For each node whether several stages need it, and not all of them through one other node.
pub fn shared(graph: &Graph) -> Vec<bool> {
    // How many reductions and scans are after one another in what a node is made of, itself included.
    let mut depth = vec![0u32; graph.nodes.len()];
    let mut faulty = vec![false; graph.nodes.len()];
    for (at, node) in graph.nodes.iter().enumerate() {
        let scans = node.kind.scan_axis().is_some();
        let reduces = scans || matches!(node.kind, NodeKind::Reduce { .. } | NodeKind::Counts(_));
        let args = || node.args.iter().map(|arg| arg.0 as usize);
        depth[at] = args().map(|arg| depth[arg]).max().unwrap_or(0) + u32::from(reduces);
        let fault = graph.may_fault(NodeId(at as u32)) || args().any(|arg| faulty[arg]);
        faulty[at] = fault && !reduces;
    }
    let mut readers = vec![Reader::None; graph.nodes.len()];
    for output in &graph.outputs {
        let reader = &mut readers[output.0 as usize];
        *reader = reader.and(Reader::Output);
    }
    let mut stages: HashMap<(&Axes, u32), u32> = HashMap::new();
    let mut scans: HashMap<(Option<i32>, u32), u32> = HashMap::new();
    for (at, node) in graph.nodes.iter().enumerate().rev() {
        let reader = match &node.kind {
            kind @ (NodeKind::Scan { .. } | NodeKind::ScanWith { .. }) => {
                let next = scans.len() as u32;
                let axis = kind.scan_axis().flatten();
                Reader::Scan(*scans.entry((axis, depth[at])).or_insert(next))
            }
            NodeKind::Reduce { axes, .. } => {
                let next = stages.len() as u32;
                Reader::Reduction(*stages.entry((axes, depth[at])).or_insert(next))
            }
            NodeKind::Counts(_) => Reader::With(NodeId(at as u32)),
            // Its argument lends it the shape alone.
            NodeKind::Count(_) | NodeKind::Index(_) => continue,
            _ if readers[at] == Reader::Several => Reader::With(NodeId(at as u32)),
            _ => readers[at],
        };
        for arg in &node.args {
            let of = &mut readers[arg.0 as usize];
            *of = of.and(reader);
        }
    }
    readers.iter().zip(faulty).map(|(&reader, faulty)| reader == Reader::Several && !faulty).collect()
}

/// What a node costs at each point, in simple operations.
pub fn price(graph: &Graph, id: NodeId) -> f64 {
    let node = graph.node(id);
    match &node.kind {
        NodeKind::Op(op) => op.row().cost.simple,
        NodeKind::Loop { .. } => graph.work(id),
        NodeKind::Math(_) | NodeKind::Complex(..) | NodeKind::Random(_) => node.kind.operations() as f64,
        // Where the helper is always asked it is the work; else hardly ever.
        NodeKind::Patch(_) if matches!(graph.node(node.args[0]).kind, NodeKind::Const(_)) => 40.0,
        NodeKind::Patch(_) => 2.0,
        _ => 0.0,
    }
}
