//! A graph cut into stages: passes over memory, in the order in which they run.
//!
//! Always holds: a stage reads only inputs and the temporaries of earlier stages; the maps stand at the end. `cut` makes it.

use std::ops::Range;

use smallvec::SmallVec;

use super::source::Source;
use crate::diagnostic::Span;
use crate::dtype::{DType, Scalar};
use crate::ir::Monoid;
use crate::math::Accuracy;
use crate::math::complex::Part;
use crate::types::graph::{Axes, Graph, NodeId, Scan};

/// A number that follows from shapes: how many elements a reduction combines into one.
#[derive(Clone, Debug)]
pub struct Count {
    /// Over which axes.
    pub axes: Axes,
    /// What makes the shape.
    pub sources: Vec<Source>,
}

/// Where points stand along an axis of what these sources broadcast to.
#[derive(Clone, Debug)]
pub struct Index {
    /// Along which axis, if not among all elements.
    pub axis: Option<i32>,
    /// What makes the shape: no indices.
    pub sources: Vec<Source>,
    /// Where in the text it is asked for.
    pub span: Span,
}

/// What a stage does at each point.
#[derive(Clone, Debug)]
pub enum Work {
    /// Stores these nodes as outputs of these indices.
    Map(Vec<(NodeId, u32)>),
    /// Stores these nodes as temporaries.
    Prepare(Vec<NodeId>),
    /// Computes reductions into temporaries.
    Reduce(Box<Group>),
    /// Computes scans into temporaries.
    Scan(Box<Scans>),
    /// Counts numbers into a temporary.
    Count(Counts),
    /// Goes from state to state along an axis, into temporaries.
    Recur(Box<Recurrence>),
}

/// A scan by a function: along an axis each state follows from the one before it.
#[derive(Clone, Debug)]
pub struct Recurrence {
    /// What is done for each element: index into the graph's bodies.
    pub index: u32,
    /// Along which axis: negative ones count from the end.
    pub axis: i32,
    /// Whether the last element comes first.
    pub reverse: bool,
    /// The results that are asked for, and which states they are.
    pub nodes: Vec<NodeId>,
    pub parts: Vec<u8>,
    /// What each state begins with.
    pub starts: Vec<Start>,
    /// What it runs over, and what the body captures.
    pub args: Vec<NodeId>,
    /// What these are computed from: the stage's sources, but for what states begin with, which has other axes.
    pub elements: Vec<(NodeId, Source)>,
    /// The stage, no reduction and no scan, that alone reads the results, and whatever else it reads is there before: it may join this pass.
    pub joins: Option<usize>,
}

/// What a state begins with.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// The same number for all points.
    Const(Scalar),
    /// An array over the other axes.
    Array(NodeId, Source),
}

impl Recurrence {
    /// The arrays that states begin with.
    pub fn start_arrays(&self) -> impl Iterator<Item = (NodeId, Source)> {
        self.starts.iter().filter_map(|start| match *start {
            Start::Array(node, source) => Some((node, source)),
            Start::Const(_) => None,
        })
    }
}

/// How often there is each of some numbers.
#[derive(Clone, Debug)]
pub struct Counts {
    /// The result.
    pub node: NodeId,
    /// The numbers.
    pub numbers: NodeId,
    /// Those that are counted: those below.
    pub bins: u32,
    /// What must be single numbers among what the stage reads.
    pub scalars: Vec<(NodeId, Source)>,
}

/// Scans along the same axis of what is made of the same arrays: one pass computes them all.
#[derive(Clone, Debug)]
pub struct Scans {
    /// Along which axis; none of all elements as one.
    pub axis: Option<i32>,
    /// The results, part by part. (Of a product whose one part is not asked for, that of the other stands for it.)
    pub nodes: Vec<NodeId>,
    /// What each part runs over.
    pub args: Vec<NodeId>,
    /// The scans, and which parts are theirs: one, or both of complex numbers.
    pub lanes: Vec<(Scan, Range<usize>)>,
    /// The stage, no reduction and no scan, that alone reads the results, and whatever else it reads is there before: it may join this pass.
    pub joins: Option<usize>,
}

/// Parts of scans that one pass computes at most: each is a buffer of its tasks.
const PARTS: usize = 8;

impl Scans {
    /// No scans yet, along this axis.
    pub fn new(axis: Option<i32>) -> Scans {
        Scans { axis, nodes: Vec::new(), args: Vec::new(), lanes: Vec::new(), joins: None }
    }

    /// Whether there is room for one more.
    pub fn has_room(&self) -> bool {
        self.args.len() + 2 <= PARTS
    }

    /// Adds a scan, and says which part it is.
    pub fn push(&mut self, graph: &Graph, node: NodeId, scan: Scan) -> usize {
        let args = &graph.node(node).args;
        let Scan::Product(part) = scan else {
            self.add(scan, &[node], args);
            return self.nodes.len() - 1;
        };
        let same = |(other, parts): &&(Scan, Range<usize>)| {
            matches!(other, Scan::Product(_)) && self.args[parts.clone()] == args[..]
        };
        let first = match self.lanes.iter().find(same) {
            Some((_, parts)) => parts.start,
            None => {
                self.add(scan, &[node; 2], args);
                self.nodes.len() - 2
            }
        };
        let at = first + usize::from(part == Part::Imaginary);
        self.nodes[at] = node;
        at
    }

    fn add(&mut self, scan: Scan, nodes: &[NodeId], args: &[NodeId]) {
        self.nodes.extend(nodes);
        self.args.extend(args);
        self.lanes.push((scan, self.args.len() - args.len()..self.args.len()));
    }
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
    /// For each which components of the states are its own. Several share them if they differ in what they make of them alone: the parts
    /// of a product of complex numbers.
    pub states: Vec<Range<usize>>,
    /// The types of the arguments of all of them, one after another.
    pub args: Vec<DType>,
    /// The components of the states.
    pub state: Vec<DType>,
    /// Their neutral values.
    pub init: Vec<Scalar>,
    /// The stage, no reduction, that reads the results and those of no other stage, and that alone: it may join this pass.
    pub joins: Option<usize>,
    /// Which of them have these arguments.
    by_args: foldhash::HashMap<SmallVec<[NodeId; 3]>, SmallVec<[usize; 2]>>,
}

impl Group {
    /// The monoid of the best value alone, where all that is asked is where that is.
    pub fn search(&self) -> Option<&'static Monoid> {
        match *self.monoids {
            [monoid] => Monoid::of(monoid.extreme?, *self.args.first()?),
            _ => None,
        }
    }

    /// No reductions yet, over these axes.
    pub fn new(axes: Axes) -> Group {
        let (nodes, monoids, states, args, state, init) = Default::default();
        let by_args = foldhash::HashMap::default();
        Group { nodes, monoids, axes, states, args, state, init, joins: None, by_args }
    }

    /// Adds a reduction.
    pub fn push(&mut self, graph: &Graph, node: NodeId, monoid: &'static Monoid) {
        let same = |&&at: &&usize| {
            let other = self.monoids[at];
            other.init == monoid.init && other.step == monoid.step && other.merge == monoid.merge
        };
        let alike = self.by_args.entry(graph.node(node).args.clone()).or_default();
        let found = alike.iter().find(same).copied();
        alike.push(self.nodes.len());
        let states = match found {
            Some(at) => self.states[at].clone(),
            None => {
                self.args.extend(&monoid.args);
                self.state.extend(&monoid.state);
                self.init.extend(&monoid.init);
                self.state.len() - monoid.state.len()..self.state.len()
            }
        };
        self.nodes.push(node);
        self.monoids.push(monoid);
        self.states.push(states);
    }

    /// Those that do not share the states of an earlier one.
    pub fn first(&self) -> impl Iterator<Item = (NodeId, &'static Monoid)> + '_ {
        let shared = |at: &usize| self.states[..*at].contains(&self.states[*at]);
        (0..self.nodes.len()).filter(move |at| !shared(at)).map(|at| (self.nodes[at], self.monoids[at]))
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
    /// Makes it read and compute these as well.
    pub fn add(&mut self, (sources, nodes): Leaves) {
        self.sources.extend(sources);
        self.sources.sort_unstable();
        self.sources.dedup();
        self.nodes.extend(nodes);
        self.nodes.sort_unstable();
        self.nodes.dedup();
    }

    /// The reductions that it computes, if it is no map.
    pub fn group(&self) -> Option<&Group> {
        match &self.work {
            Work::Reduce(group) => Some(group),
            Work::Map(_) | Work::Prepare(_) | Work::Scan(_) | Work::Count(_) | Work::Recur(_) => None,
        }
    }

    /// The stage that may join its pass.
    pub fn joins(&self) -> Option<usize> {
        match &self.work {
            Work::Reduce(group) => group.joins,
            Work::Scan(scans) => scans.joins,
            Work::Recur(of) => of.joins,
            Work::Map(_) | Work::Prepare(_) | Work::Count(_) => None,
        }
    }

    /// The nodes that it stores at each point as they are; of scans what they run over, of counts what is counted.
    pub fn stores(&self) -> impl Iterator<Item = NodeId> {
        let (outputs, temps) = match &self.work {
            Work::Map(outputs) => (&outputs[..], &[][..]),
            Work::Prepare(nodes) => (&[][..], &nodes[..]),
            Work::Scan(scans) => (&[][..], &scans.args[..]),
            Work::Count(counts) => (&[][..], std::slice::from_ref(&counts.numbers)),
            Work::Recur(of) => (&[][..], &of.args[..]),
            Work::Reduce(_) => Default::default(),
        };
        outputs.iter().map(|&(node, _)| node).chain(temps.iter().copied())
    }

    /// What it leaves for later stages, part by part.
    pub fn leaves(&self) -> &[NodeId] {
        match &self.work {
            Work::Map(_) => &[],
            Work::Prepare(nodes) => nodes,
            Work::Scan(scans) => &scans.nodes,
            Work::Recur(of) => &of.nodes,
            Work::Count(counts) => std::slice::from_ref(&counts.node),
            Work::Reduce(group) => &group.nodes,
        }
    }
}

/// What is known of the shapes of a call's arrays. Nothing, as a rule: a program is right for all shapes, and for those of which
/// something is known there may be another that takes less time.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Known {
    /// Whether all outputs have one shape.
    pub one_shape: bool,
    /// For each input along which axes it is long, counted from the last axis (bit 0); empty if that is not known. What reads
    /// only arrays that are not long along all axes of a pass has so much fewer elements than the pass points.
    pub long: SmallVec<[u64; 8]>,
    /// Whether what is stored between stages stays in the nearer caches, and there is enough of it that a stage more is little.
    pub near: bool,
}

/// A graph cut into stages.
#[derive(Clone, Debug)]
pub struct Program {
    /// The graph.
    pub graph: Graph,
    /// The stages in order.
    pub stages: Vec<Stage>,
    /// For each output the stage that stores it.
    pub stored_by: Vec<u32>,
    /// For each output which part of a complex result it is, if of one.
    pub halves: Vec<Option<Part>>,
    /// The numbers that follow from shapes.
    pub counts: Vec<Count>,
    /// What points stand along.
    pub indices: Vec<Index>,
    /// How exact its elementary functions are.
    pub accuracy: Accuracy,
    /// Whether some of its operations take many cycles.
    pub costly: bool,
}

impl Program {
    /// Whether this program's stages are those of another one of the same graph.
    pub fn is_cut_like(&self, other: &Program) -> bool {
        let same = |(a, b): (&Stage, &Stage)| a.nodes == b.nodes && a.sources == b.sources;
        self.stages.len() == other.stages.len() && self.stages.iter().zip(&other.stages).all(same)
    }

    /// The maps, which stand at the end of the program.
    pub fn maps(&self) -> Range<usize> {
        let first = self.stages.iter().position(|stage| matches!(stage.work, Work::Map(_)));
        first.unwrap_or(self.stages.len())..self.stages.len()
    }
}

/// What nodes are computed from, and the nodes between, in the order of the graph.
pub type Leaves = (Vec<(NodeId, Source)>, Vec<NodeId>);

/// For each stage the last one that reads what it leaves; 0 where none does.
pub fn last_readers(stages: &[Stage]) -> Vec<usize> {
    let mut last = vec![0; stages.len()];
    for (at, stage) in stages.iter().enumerate() {
        for of in stage.sources.iter().filter_map(|(_, source)| source.stage()) {
            last[of] = at;
        }
    }
    last
}

/// How much of what stages leave is there at a time, at most: so much of each, until its last reader has run.
pub fn most_held(stages: &[Stage], left: impl Fn(usize) -> usize) -> usize {
    let last = last_readers(stages);
    let mut ends = vec![0usize; stages.len()];
    let (mut now, mut most) = (0usize, 0);
    for at in 0..stages.len() {
        let own = left(at);
        now = now.saturating_add(own);
        let end = &mut ends[last[at].max(at)];
        *end = end.saturating_add(own);
        most = most.max(now);
        now = now.saturating_sub(ends[at]);
    }
    most
}
