//! Loops at a point: a body as regions of the kernel IR.
//!
//! Comes in: what a loop does at each step, as a graph. Goes out: the regions of a `while`, or that of a scan's step. Always holds: a body has no loops itself.

use std::sync::Arc;

use super::Lowering;
use crate::dtype::DType;
use crate::ir::{Builder, Loop, Region, Value};
use crate::math::Accuracy;
use crate::types::graph::{Body, LoopBody, NodeId, NodeKind};

impl Lowering<'_> {
    /// A state with which loop `index` ends.
    pub fn iterate(&mut self, index: u32, part: u8, args: &[Value]) -> Value {
        let graph = self.graph;
        let accuracy = self.accuracy;
        let made = self.loops.entry(index).or_insert_with(|| match graph.loops.get(index as usize) {
            Some(of) => Arc::new(regions(of, accuracy)),
            None => unreachable!("a graph has the bodies of its loops"),
        });
        self.b.iterate(made, args)[usize::from(part)]
    }
}

/// What a loop does, in the kernel IR.
fn regions(of: &LoopBody, accuracy: Accuracy) -> Loop {
    let (next, cond) = of.body.results();
    let cond = cond.map(|cond| region(&of.body, of.faults, accuracy, &[cond]));
    Loop::new(cond, region(&of.body, of.faults, accuracy, next))
}

/// What a scan does for an element, in the kernel IR.
pub fn step(of: &LoopBody, accuracy: Accuracy) -> Region {
    region(&of.body, of.faults, accuracy, of.body.results().0)
}

/// The code of these nodes of a body, of which the first error of the data has this number.
fn region(body: &Body, faults: u32, accuracy: Accuracy, results: &[NodeId]) -> Region {
    let graph = &body.graph;
    let types: Vec<DType> = graph.inputs.iter().map(|input| input.dtype).collect();
    let (b, args) = Builder::new(0).function(&types);
    let made = vec![None; graph.nodes.len()];
    let mut low = Lowering { graph, accuracy, faults, b, made, steps: Vec::new(), loops: Default::default() };
    let needed = graph.needed(results);
    let needed: Vec<NodeId> = (0..needed.len()).filter(|&at| needed[at]).map(|at| NodeId(at as u32)).collect();
    for &id in &needed {
        if let NodeKind::Input(number) = graph.node(id).kind {
            low.made[id.0 as usize] = args.get(number as usize).copied();
        }
    }
    low.nodes(&needed);
    let results: Vec<Value> = results.iter().map(|&id| low.value(id)).collect();
    low.b.results(&results)
}
