//! Cuts a typed graph into stages: passes over memory, in the order in which they run.
//!
//! Comes in: a graph. Goes out: stages that compute reductions into temporaries (those of the same arrays over the same axes in
//! one pass), then for the outputs maps that read inputs and temporaries and store results; a map that can join a
//! reduction's pass is named there. Nothing here depends on shapes. Always holds: a stage reads only inputs and the
//! temporaries of earlier stages.

use crate::dtype::{DType, Scalar};
use crate::ir::Monoid;
use crate::math::Accuracy;
use crate::types::graph::{Axes, Graph, NodeId, NodeKind};

/// Where a stage's leaf comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// An input of the graph.
    Input(u32),
    /// The result of a reduction.
    Temp {
        /// The stage that computes it.
        stage: u32,
        /// Which of that stage's reductions it is.
        part: u32,
    },
    /// A number of elements: index into [`Program::counts`].
    Count(u32),
    /// Where an element stands in what a reduction combines.
    Position,
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
    /// Computes reductions into temporaries.
    Reduce(Group),
}

/// Reductions over the same axes of what is made of the same arrays: one pass computes them all.
#[derive(Clone, Debug)]
pub struct Group {
    /// The reductions.
    pub nodes: Vec<NodeId>,
    /// Their monoids.
    pub monoids: Vec<&'static Monoid>,
    /// Over which axes.
    pub axes: Axes,
    /// Whether reduced axes stay, with length 1.
    pub keepdims: bool,
    /// The types of the arguments of all of them, one after another.
    pub args: Vec<DType>,
    /// The components of the states of all of them.
    pub state: Vec<DType>,
    /// Their neutral values.
    pub init: Vec<Scalar>,
    /// The stage, a map, that reads the results and those of no other stage, and that alone: it may join this pass.
    pub joins: Option<usize>,
}

impl Group {
    fn new(axes: Axes, keepdims: bool) -> Group {
        let (nodes, monoids, args, state, init) = Default::default();
        Group { nodes, monoids, axes, keepdims, args, state, init, joins: None }
    }

    fn push(&mut self, node: NodeId, monoid: &'static Monoid) {
        self.nodes.push(node);
        self.monoids.push(monoid);
        self.args.extend(&monoid.args);
        self.state.extend(&monoid.state);
        self.init.extend(&monoid.init);
    }
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

impl Stage {
    /// The reductions that it computes, if it is no map.
    pub fn group(&self) -> Option<&Group> {
        match &self.work {
            Work::Reduce(group) => Some(group),
            Work::Map(_) => None,
        }
    }

    /// The nodes that it stores as outputs of these indices, if it is a map.
    pub fn stores(&self) -> &[(NodeId, u32)] {
        match &self.work {
            Work::Map(stores) => stores,
            Work::Reduce(_) => &[],
        }
    }
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
    /// Cuts a graph, if that takes at most `work` steps; else the node at which there was too much of it. (A node that many
    /// reductions are made of is a step of each, and making the kernel of a stage costs a little for each of all nodes.)
    pub fn new(graph: Graph, accuracy: Accuracy, work: usize) -> Result<Program, NodeId> {
        let mut cut = Cut {
            graph: &graph,
            stages: Vec::new(),
            counts: Vec::new(),
            made: vec![None; graph.nodes.len()],
            seen: vec![0; graph.nodes.len()],
            walks: 0,
            work,
        };
        for (at, node) in graph.nodes.iter().enumerate() {
            let id = NodeId(at as u32);
            match &node.kind {
                NodeKind::Reduce { monoid, axes, keepdims } => {
                    cut.made[at] = Some(cut.reduction(id, monoid, axes, *keepdims).ok_or(id)?);
                }
                NodeKind::Count(axes) => {
                    let (sources, _) = cut.leaves(&node.args).ok_or(id)?;
                    let sources = sources.into_iter().map(|(_, source)| source).collect();
                    cut.made[at] = Some(Source::Count(cut.counts.len() as u32));
                    cut.counts.push(Count { axes: axes.clone(), sources });
                }
                NodeKind::Input(i) => cut.made[at] = Some(Source::Input(*i)),
                NodeKind::Position => cut.made[at] = Some(Source::Position),
                NodeKind::Const(_)
                | NodeKind::Op(_)
                | NodeKind::Math(_)
                | NodeKind::Complex(..)
                | NodeKind::Patch(_)
                | NodeKind::Fault(_) => {}
            }
        }
        let reductions = cut.stages.len();
        for (index, &output) in graph.outputs.iter().enumerate() {
            cut.output(output, index as u32, reductions).ok_or(output)?;
        }
        for at in reductions..cut.stages.len() {
            let Work::Map(outputs) = &cut.stages[at].work else { continue };
            let roots: Vec<NodeId> = outputs.iter().map(|&(node, _)| node).collect();
            let (_, nodes) = cut.leaves(&roots).ok_or(roots[0])?;
            cut.stages[at].nodes = nodes;
        }
        let Cut { mut stages, counts, .. } = cut;
        join(&mut stages, &counts);
        Ok(Program { graph, stages, counts, accuracy })
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
    /// For each node the walk that has met it last.
    seen: Vec<u32>,
    walks: u32,
    /// Steps that are left.
    work: usize,
}

/// What nodes are computed from, and the nodes between, in the order of the graph.
type Leaves = (Vec<(NodeId, Source)>, Vec<NodeId>);

/// Of so many nodes of the whole graph, each stage pays one step.
const SHARE: usize = 64;

impl Cut<'_> {
    /// What these nodes are computed from, and the nodes between; none where no steps are left.
    fn leaves(&mut self, roots: &[NodeId]) -> Option<Leaves> {
        self.walks += 1;
        self.work = self.work.checked_sub(self.graph.nodes.len() / SHARE)?;
        let (mut sources, mut nodes) = (Vec::new(), Vec::new());
        let mut open = roots.to_vec();
        while let Some(id) = open.pop() {
            let seen = &mut self.seen[id.0 as usize];
            if *seen == self.walks {
                continue;
            }
            *seen = self.walks;
            self.work = self.work.checked_sub(1)?;
            match self.made[id.0 as usize] {
                Some(source) => sources.push((id, source)),
                None => {
                    nodes.push(id);
                    open.extend(&self.graph.nodes[id.0 as usize].args);
                }
            }
        }
        sources.sort_unstable();
        nodes.sort_unstable();
        Some((sources, nodes))
    }

    /// Adds a reduction to the stage that reads the same arrays and reduces the same axes, or as a stage of its own.
    fn reduction(&mut self, node: NodeId, monoid: &'static Monoid, axes: &Axes, keepdims: bool) -> Option<Source> {
        let (sources, nodes) = self.leaves(&self.graph.node(node).args)?;
        self.work = self.work.checked_sub(self.stages.len() / SHARE)?;
        let arrays = |of: &[(NodeId, Source)]| -> Vec<Source> {
            of.iter().map(|&(_, source)| source).filter(|source| *source != Source::Position).collect()
        };
        let fits = |stage: &Stage| {
            stage.group().is_some_and(|group| group.axes == *axes && group.keepdims == keepdims)
                && arrays(&stage.sources) == arrays(&sources)
        };
        let at = self.stages.iter().position(fits).unwrap_or_else(|| {
            let work = Work::Reduce(Group::new(axes.clone(), keepdims));
            self.stages.push(Stage { sources: Vec::new(), nodes: Vec::new(), work });
            self.stages.len() - 1
        });
        let stage = &mut self.stages[at];
        stage.sources.extend(sources);
        stage.sources.sort();
        stage.sources.dedup();
        stage.nodes.extend(nodes);
        stage.nodes.sort();
        stage.nodes.dedup();
        let mut part = 0;
        if let Work::Reduce(group) = &mut stage.work {
            part = group.nodes.len() as u32;
            group.push(node, monoid);
        }
        Some(Source::Temp { stage: at as u32, part })
    }

    /// Adds an output to the map that reads the same leaves (so has the same shape), or as a map of its own. The nodes of
    /// a map are found when all its outputs are known.
    fn output(&mut self, node: NodeId, index: u32, first_map: usize) -> Option<()> {
        let (sources, _) = self.leaves(&[node])?;
        self.work = self.work.checked_sub((self.stages.len() - first_map) / SHARE)?;
        for stage in &mut self.stages[first_map..] {
            if let (Work::Map(outputs), true) = (&mut stage.work, stage.sources == sources) {
                outputs.push((node, index));
                return Some(());
            }
        }
        self.stages.push(Stage { sources, nodes: Vec::new(), work: Work::Map(vec![(node, index)]) });
        Some(())
    }
}

/// Notes for each stage of reductions the map that may join its pass.
fn join(stages: &mut [Stage], counts: &[Count]) {
    /// How many read the results of a stage.
    #[derive(Clone, Copy)]
    enum Readers {
        None,
        One(usize),
        More,
    }
    let temp = |source: &Source| if let Source::Temp { stage, .. } = source { Some(*stage as usize) } else { None };
    let mut readers = vec![Readers::None; stages.len()];
    for (at, stage) in stages.iter().enumerate() {
        for of in stage.sources.iter().filter_map(|(_, source)| temp(source)) {
            readers[of] = match readers[of] {
                Readers::None => Readers::One(at),
                Readers::One(reader) if reader == at => Readers::One(at),
                _ => Readers::More,
            };
        }
    }
    for of in counts.iter().flat_map(|count| &count.sources).filter_map(temp) {
        readers[of] = Readers::More;
    }
    for (at, readers) in readers.into_iter().enumerate() {
        let Readers::One(reader) = readers else { continue };
        let alone = stages[reader].sources.iter().filter_map(|(_, source)| temp(source)).all(|of| of == at);
        let is_map = matches!(stages[reader].work, Work::Map(_));
        if let (Work::Reduce(group), true) = (&mut stages[at].work, alone && is_map) {
            group.joins = Some(reader);
        }
    }
}
