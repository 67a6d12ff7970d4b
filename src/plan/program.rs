//! Cuts a typed graph into stages: passes over memory, in the order in which they run.
//!
//! Comes in: a graph. Goes out: for each reduction a stage that computes it into a temporary, then for the outputs maps
//! that read inputs and temporaries and store results; a map that can join a reduction's pass is named there. Nothing
//! here depends on shapes. Always holds: a stage reads only inputs and the temporaries of earlier stages.

use crate::math::Accuracy;
use crate::types::graph::{Axes, Graph, NodeId, NodeKind};

/// Where a stage's leaf comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// An input of the graph.
    Input(u32),
    /// The result of the reduction stage with this index.
    Temp(u32),
    /// A number of elements: index into [`Program::counts`].
    Count(u32),
}

/// A number that follows from shapes: how many elements a reduction combines into one.
#[derive(Clone, Debug)]
pub struct Count {
    /// Over which axes.
    pub axes: Axes,
    /// What makes the shape.
    pub sources: Vec<Source>,
}

/// What a stage does at each point.
#[derive(Clone, Debug)]
pub enum Work {
    /// Stores these nodes as outputs of these indices.
    Map(Vec<(NodeId, u32)>),
    /// Computes a reduction node into the temporary of this stage's index.
    Reduce {
        /// The reduction.
        node: NodeId,
        /// The stage, a map, that reads this temporary and no other, and that alone: it may join this pass.
        joins: Option<usize>,
    },
}

/// One pass.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The nodes that it reads, and where each comes from.
    pub sources: Vec<(NodeId, Source)>,
    /// The nodes that it computes, arguments first (constants included, leaves not).
    pub nodes: Vec<NodeId>,
    /// What it does with them.
    pub work: Work,
}

/// A graph cut into stages.
#[derive(Clone, Debug)]
pub struct Program {
    /// The graph.
    pub graph: Graph,
    /// The stages in order.
    pub stages: Vec<Stage>,
    /// The numbers that follow from shapes.
    pub counts: Vec<Count>,
    /// How exact its elementary functions are.
    pub accuracy: Accuracy,
}

impl Program {
    /// Cuts a graph.
    pub fn new(graph: Graph, accuracy: Accuracy) -> Program {
        let mut cut =
            Cut { graph: &graph, stages: Vec::new(), counts: Vec::new(), made: vec![None; graph.nodes.len()] };
        for (at, node) in graph.nodes.iter().enumerate() {
            let id = NodeId(at as u32);
            match &node.kind {
                NodeKind::Reduce { .. } => {
                    let (sources, nodes) = cut.leaves(&node.args);
                    cut.made[at] = Some(Source::Temp(cut.stages.len() as u32));
                    cut.stages.push(Stage { sources, nodes, work: Work::Reduce { node: id, joins: None } });
                }
                NodeKind::Count(axes) => {
                    let sources = cut.leaves(&node.args).0.into_iter().map(|(_, source)| source).collect();
                    cut.made[at] = Some(Source::Count(cut.counts.len() as u32));
                    cut.counts.push(Count { axes: axes.clone(), sources });
                }
                NodeKind::Input(i) => cut.made[at] = Some(Source::Input(*i)),
                NodeKind::Const(_) | NodeKind::Op(_) | NodeKind::Math(_) | NodeKind::Patch(_) | NodeKind::Fault(_) => {}
            }
        }
        let reductions = cut.stages.len();
        for (index, &output) in graph.outputs.iter().enumerate() {
            cut.output(output, index as u32, reductions);
        }
        let Cut { mut stages, counts, .. } = cut;
        join(&mut stages, &counts);
        Program { graph, stages, counts, accuracy }
    }

    /// The maps at the end of the program.
    pub fn maps(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(|s| matches!(s.work, Work::Map(_)))
    }
}

struct Cut<'a> {
    graph: &'a Graph,
    stages: Vec<Stage>,
    counts: Vec<Count>,
    /// For each node that is a leaf of later stages, where it comes from.
    made: Vec<Option<Source>>,
}

impl Cut<'_> {
    /// What these nodes are computed from, and the nodes between, in the order of the graph.
    fn leaves(&self, roots: &[NodeId]) -> (Vec<(NodeId, Source)>, Vec<NodeId>) {
        let Some(last) = roots.iter().max() else { return (Vec::new(), Vec::new()) };
        let mut needed = vec![false; last.0 as usize + 1];
        for root in roots {
            needed[root.0 as usize] = true;
        }
        for at in (0..needed.len()).rev() {
            if needed[at] && self.made[at].is_none() {
                for arg in &self.graph.nodes[at].args {
                    needed[arg.0 as usize] = true;
                }
            }
        }
        let (mut sources, mut nodes) = (Vec::new(), Vec::new());
        for id in (0..needed.len()).filter(|&at| needed[at]).map(|at| NodeId(at as u32)) {
            match self.made[id.0 as usize] {
                Some(source) => sources.push((id, source)),
                None => nodes.push(id),
            }
        }
        (sources, nodes)
    }

    /// Adds an output to the map that reads the same leaves (so has the same shape), or as a map of its own.
    fn output(&mut self, node: NodeId, index: u32, first_map: usize) {
        let (sources, nodes) = self.leaves(&[node]);
        for stage in &mut self.stages[first_map..] {
            if let (Work::Map(outputs), true) = (&mut stage.work, stage.sources == sources) {
                outputs.push((node, index));
                stage.nodes.extend(nodes);
                stage.nodes.sort();
                stage.nodes.dedup();
                return;
            }
        }
        self.stages.push(Stage { sources, nodes, work: Work::Map(vec![(node, index)]) });
    }
}

/// Notes for each reduction the map that may join its pass.
fn join(stages: &mut [Stage], counts: &[Count]) {
    let temps = |s: &Stage| s.sources.iter().filter(|(_, source)| matches!(source, Source::Temp(_))).count();
    for at in 0..stages.len() {
        let me = Source::Temp(at as u32);
        let mut readers = (at + 1..stages.len()).filter(|&s| stages[s].sources.iter().any(|(_, source)| *source == me));
        let (Some(reader), None) = (readers.next(), readers.next()) else { continue };
        let counted = counts.iter().any(|c| c.sources.contains(&me));
        let alone = temps(&stages[reader]) == 1 && matches!(stages[reader].work, Work::Map(_));
        if let (Work::Reduce { joins, .. }, true, false) = (&mut stages[at].work, alone, counted) {
            *joins = Some(reader);
        }
    }
}
