//! Cuts a typed graph into stages.
//!
//! Comes in: a graph. Goes out: stages that compute reductions into temporaries (those of the same arrays over the same axes in
//! one pass), and from these, once for each of their few elements, what later stages would compute at each of many points; what
//! several stages would compute again at each of their points, and costs more than storing it, is stored by a stage of its own;
//! then for the outputs maps that read inputs and temporaries and store results; a map that can join a
//! reduction's pass is named there. Of shapes nothing is known but what [`Known`] says.

mod prepare;
mod recurrence;

use std::collections::HashMap;
use std::ops::Range;

use super::origin::{Few, Origin, is_costly};
use super::program::{Count, Counts, Group, Index, Known, Leaves, Program, Scans, Stage, Work, most_held};
use super::source::Source;
use super::stored::{FAR, HELD, NEAR, price, shared};
use crate::diagnostic::Span;
use crate::dtype::DType;
use crate::ir::Monoid;
use crate::math::Accuracy;
use crate::math::complex::Part;
use crate::types::graph::{Axes, Graph, NodeId, NodeKind, Scan};

impl Program {
    /// Cuts a graph, if that takes at most `work` steps; else the place of the node at which there was too much of it. (A node that many
    /// reductions are made of is a step of each, and making the kernel of a stage costs a little for each of all nodes.)
    ///
    /// Outputs are computed in one pass if what they read makes one shape whatever the arrays; and, if it is known that all
    /// outputs have one shape, if they read an array in common.
    pub fn new(graph: Graph, accuracy: Accuracy, work: usize, shapes: &Known) -> Result<Program, Span> {
        let costly = graph.nodes.iter().any(|node| is_costly(&node.kind));
        let stored = shared(&graph);
        let from = if shapes.near { NEAR } else { FAR };
        let storing = if stored.contains(&true) { Cut::all(&graph, work, shapes, (&stored, from)).ok() } else { None };
        let cut = match storing {
            Some(cut) if held(&cut.stages) <= HELD => cut,
            _ => Cut::all(&graph, work, shapes, (&[], from))?,
        };
        let Cut { mut stages, counts, indices, stored_by, .. } = cut;
        join(&mut stages, &counts);
        let halves = |(dtype, parts): (DType, Range<usize>)| {
            let complex = dtype.is_complex();
            parts.clone().map(move |at| complex.then_some(if at == parts.start { Part::Real } else { Part::Imaginary }))
        };
        let halves = graph.results().flat_map(halves).collect();
        Ok(Program { graph, stages, stored_by, halves, counts, indices, accuracy, costly })
    }
}

struct Cut<'a> {
    graph: &'a Graph,
    /// For each node so far what it is made of.
    origins: Vec<Origin>,
    /// The latest stages that prepare something, by what makes their shapes: those have the same shape whatever the arrays.
    prepared: HashMap<Vec<Source>, usize>,
    /// The reductions so far: the stage and the part that computes each.
    known: HashMap<(&'static str, &'a Axes, &'a [NodeId]), (u32, u32)>,
    stages: Vec<Stage>,
    /// For each stage what makes its shape.
    spaces: Vec<Vec<Source>>,
    counts: Vec<Count>,
    indices: Vec<Index>,
    /// For each output so far the stage that stores it.
    stored_by: Vec<u32>,
    /// For each node that is a leaf of later stages, where it comes from.
    made: Vec<Option<Source>>,
    /// For each node the walk that has met it last.
    seen: Vec<u32>,
    walks: u32,
    /// Steps that are left.
    work: usize,
    /// What is known of shapes.
    shapes: &'a Known,
    /// For each input the first one that is of the same array.
    arrays: Vec<u32>,
}

/// For so many nodes of the whole graph, and for so many other stages, each stage pays one step: it has a place for each of
/// those, and is compared with each of these.
const NODES: usize = 1024;
const STAGES: usize = 64;

/// Nodes that a stage prepares at most for later ones, and so the arrays that are kept for it.
const PREPARED: usize = 8;

impl<'a> Cut<'a> {
    /// Cuts all of a graph. Of the nodes that are marked, those are stored that cost more than so much.
    // Long: one arm for each kind of node, then the outputs.
    fn all(graph: &'a Graph, work: usize, shapes: &'a Known, (stored, from): (&[bool], f64)) -> Result<Cut<'a>, Span> {
        let mut cut = Cut {
            graph,
            origins: Vec::with_capacity(graph.nodes.len()),
            prepared: HashMap::new(),
            known: HashMap::new(),
            stages: Vec::new(),
            spaces: Vec::new(),
            counts: Vec::new(),
            indices: Vec::new(),
            stored_by: Vec::with_capacity(graph.outputs.len()),
            made: vec![None; graph.nodes.len()],
            seen: vec![0; graph.nodes.len()],
            walks: 0,
            work,
            shapes,
            arrays: arrays(graph),
        };
        let span = |id: NodeId| graph.node(id).span;
        for (at, node) in graph.nodes.iter().enumerate() {
            let id = NodeId(at as u32);
            match &node.kind {
                NodeKind::Reduce { monoid, axes, keepdims } => {
                    cut.prepare(&node.args).ok_or(node.span)?;
                    cut.made[at] = Some(cut.reduction(id, monoid, axes, *keepdims).ok_or(node.span)?);
                }
                NodeKind::Scan { scan, axis } => {
                    cut.prepare(&node.args).ok_or(node.span)?;
                    cut.made[at] = Some(cut.scan(id, *scan, *axis).ok_or(node.span)?);
                }
                &NodeKind::ScanWith { index, part, axis, reverse } => {
                    cut.prepare(&node.args).ok_or(node.span)?;
                    cut.made[at] = Some(cut.recurrence(id, (index, part), (axis, reverse)).ok_or(node.span)?);
                }
                NodeKind::Counts(bins) => {
                    cut.prepare(&node.args[..1]).ok_or(node.span)?;
                    cut.made[at] = Some(cut.counts_of(id, *bins).ok_or(node.span)?);
                }
                NodeKind::Count(axes) => {
                    let (sources, _) = cut.leaves(&node.args).ok_or(node.span)?;
                    let sources = sources.into_iter().map(|(_, source)| source).collect();
                    cut.made[at] = Some(Source::Count(cut.counts.len() as u32));
                    cut.counts.push(Count { axes: axes.clone(), sources });
                }
                NodeKind::Index(axis) => {
                    let (leaves, _) = cut.leaves(&node.args).ok_or(node.span)?;
                    let mut sources: Vec<Source> =
                        leaves.iter().flat_map(|(_, source)| cut.shaped_by(source)).copied().collect();
                    sources.sort_unstable();
                    sources.dedup();
                    cut.made[at] = Some(Source::Index(cut.indices.len() as u32));
                    cut.indices.push(Index { axis: *axis, sources, span: node.span });
                }
                NodeKind::Input(i) => cut.made[at] = Some(Source::Input(*i)),
                NodeKind::Position => cut.made[at] = Some(Source::Position),
                NodeKind::Const(_)
                | NodeKind::Op(_)
                | NodeKind::Math(_)
                | NodeKind::Complex(..)
                | NodeKind::Random(_)
                | NodeKind::Patch(_)
                | NodeKind::Loop { .. }
                | NodeKind::Param(_)
                | NodeKind::Fault(_) => {}
            }
            let args = node.args.iter().map(|arg| cut.origins[arg.0 as usize]);
            // Where it is not known, all are alike.
            let long = |input: u32| shapes.long.get(input as usize).copied().unwrap_or(u64::MAX);
            let origin = Origin::of((node, graph.may_fault(id)), cut.made[at], long, args);
            cut.origins.push(origin);
            if stored.get(at) == Some(&true) {
                cut.store(id, from).ok_or(node.span)?;
            }
        }
        for &output in &graph.outputs {
            cut.prepare(&[output]).ok_or(span(output))?;
        }
        let before = cut.stages.len();
        for (index, &output) in graph.outputs.iter().enumerate() {
            let stage = cut.output(output, index as u32, before).ok_or(span(output))?;
            cut.stored_by.push(stage as u32);
        }
        for at in before..cut.stages.len() {
            let roots: Vec<NodeId> = cut.stages[at].stores().collect();
            let leaves = cut.leaves(&roots).ok_or(span(roots[0]))?;
            cut.add(at, leaves).ok_or(span(roots[0]))?;
        }
        Ok(cut)
    }

    /// Stores a node at all its points, if computing it again costs more than so many simple operations.
    fn store(&mut self, id: NodeId, from: f64) -> Option<()> {
        match self.origins[id.0 as usize] {
            // One element, or few of them: they are prepared where they are used.
            Origin::Constant | Origin::Few { of: Few::Reduction { .. } | Few::Arrays { axes: 0 }, .. } => {
                return Some(());
            }
            Origin::Few { .. } | Origin::Mixed { .. } => {}
        }
        if self.made[id.0 as usize].is_some() || !self.is_above(id, from)? {
            return Some(());
        }
        self.prepare(&[id])?;
        if self.made[id.0 as usize].is_some() || !self.is_above(id, from)? {
            return Some(());
        }
        self.prepare_one(id)?;
        if let Some(source) = self.made[id.0 as usize]
            && let Some(at) = source.stage()
        {
            // (Its shape by another name: all that a long chain is made of would be compared again and again.)
            self.spaces[at] = vec![Source::Temp { stage: at as u32, part: 0, keepdims: true }];
        }
        Some(())
    }

    /// Whether computing a node costs more than so many simple operations.
    fn is_above(&mut self, id: NodeId, from: f64) -> Option<bool> {
        self.begin_walk()?;
        let mut open = vec![id];
        let mut cost = 0.0;
        while let Some(id) = open.pop() {
            if self.made[id.0 as usize].is_some() || !self.visit(id)? {
                continue;
            }
            cost += price(self.graph, id);
            if cost > from {
                return Some(true);
            }
            open.extend(&self.graph.node(id).args);
        }
        Some(false)
    }

    /// Begins a walk over the graph; none where no steps are left.
    fn begin_walk(&mut self) -> Option<()> {
        self.walks += 1;
        self.work = self.work.checked_sub(self.graph.nodes.len() / NODES)?;
        Some(())
    }

    /// Whether the walk meets a node for the first time; none where no steps are left.
    fn visit(&mut self, id: NodeId) -> Option<bool> {
        let seen = std::mem::replace(&mut self.seen[id.0 as usize], self.walks);
        if seen == self.walks {
            return Some(false);
        }
        self.work = self.work.checked_sub(1)?;
        Some(true)
    }

    /// Makes a stage read and compute these as well; none where no steps are left.
    fn add(&mut self, at: usize, leaves: Leaves) -> Option<()> {
        let operations: usize = leaves.1.iter().map(|&id| self.graph.operations(id)).sum();
        self.work = self.work.checked_sub(operations)?;
        self.stages[at].add(leaves);
        Some(())
    }

    /// What these nodes are computed from, and the nodes between; none where no steps are left.
    fn leaves(&mut self, roots: &[NodeId]) -> Option<Leaves> {
        self.leaves_of(roots, None)
    }

    /// The same within a stage, for which what it leaves itself is nothing made.
    fn leaves_of(&mut self, roots: &[NodeId], within: Option<usize>) -> Option<Leaves> {
        self.begin_walk()?;
        let (mut sources, mut nodes) = (Vec::new(), Vec::new());
        let mut open = roots.to_vec();
        while let Some(id) = open.pop() {
            if !self.visit(id)? {
                continue;
            }
            match self.made[id.0 as usize] {
                Some(source) if source.stage().is_none_or(|stage| Some(stage) != within) => sources.push((id, source)),
                _ => {
                    nodes.push(id);
                    open.extend(&self.graph.node(id).args);
                }
            }
        }
        sources.sort_unstable();
        nodes.sort_unstable();
        Some((sources, nodes))
    }

    /// The sources that have the shape of one: itself, but of an index those that lend it the shape.
    fn shaped_by<'s>(&'s self, source: &'s Source) -> &'s [Source] {
        match source {
            Source::Index(n) => &self.indices[*n as usize].sources,
            own => std::slice::from_ref(own),
        }
    }

    /// The latest stage that must come before one with these sources.
    fn latest(&self, sources: &[(NodeId, Source)]) -> Option<usize> {
        let shaped = sources.iter().flat_map(|(_, source)| self.shaped_by(source));
        shaped.filter_map(|source| source.stage()).max()
    }

    /// What makes the shape of a stage with these sources: stages with the same run over the same points.
    fn space(&self, sources: &[(NodeId, Source)]) -> Vec<Source> {
        let mut space = Vec::new();
        for &source in sources.iter().flat_map(|(_, source)| self.shaped_by(source)) {
            match source {
                Source::Input(i) => space.push(Source::Input(self.arrays[i as usize])),
                Source::Temp { stage, keepdims, .. } => match self.stages[stage as usize].work {
                    // It has the shape of what it is made of.
                    Work::Prepare(_) => space.extend(&self.spaces[stage as usize]),
                    _ => space.push(Source::Temp { stage, part: 0, keepdims }),
                },
                Source::Count(_) | Source::Position | Source::Index(_) => {}
            }
        }
        space.sort_unstable();
        space.dedup();
        space
    }

    /// Makes a stage run over these as well.
    fn widen(&mut self, at: usize, space: Vec<Source>) {
        self.spaces[at].extend(space);
        self.spaces[at].sort_unstable();
        self.spaces[at].dedup();
    }

    fn push_stage(&mut self, space: Vec<Source>, work: Work) -> usize {
        self.stages.push(Stage { sources: Vec::new(), nodes: Vec::new(), work });
        self.spaces.push(space);
        self.stages.len() - 1
    }

    /// Adds a reduction to the stage that reads the same arrays and reduces the same axes, or as a stage of its own.
    fn reduction(&mut self, node: NodeId, monoid: &'static Monoid, axes: &'a Axes, keepdims: bool) -> Option<Source> {
        let args = &self.graph.node(node).args;
        if let Some(&(stage, part)) = self.known.get(&(&*monoid.name, axes, args)) {
            return Some(Source::Temp { stage, part, keepdims });
        }
        let leaves = self.leaves(args)?;
        self.work = self.work.checked_sub(self.stages.len() / STAGES)?;
        let space = self.space(&leaves.0);
        let latest = self.latest(&leaves.0);
        let fits = |&at: &usize| {
            self.stages[at].group().is_some_and(|group| group.axes == *axes)
                && self.spaces[at] == space
                && latest.is_none_or(|latest| latest < at)
        };
        let at = match (0..self.stages.len()).find(fits) {
            Some(at) => at,
            None => self.push_stage(space, Work::Reduce(Box::new(Group::new(axes.clone())))),
        };
        self.add(at, leaves)?;
        let Work::Reduce(group) = &mut self.stages[at].work else { return None };
        let (stage, part) = (at as u32, group.nodes.len() as u32);
        group.push(self.graph, node, monoid);
        self.known.insert((&*monoid.name, axes, args), (stage, part));
        Some(Source::Temp { stage, part, keepdims })
    }

    /// Adds a scan to the stage that reads the same arrays and runs along the same axis, or as a stage of its own.
    fn scan(&mut self, node: NodeId, scan: Scan, axis: Option<i32>) -> Option<Source> {
        let leaves = self.leaves(&self.graph.node(node).args)?;
        self.work = self.work.checked_sub(self.stages.len() / STAGES)?;
        let space = self.space(&leaves.0);
        let latest = self.latest(&leaves.0);
        let fits = |&at: &usize| {
            let Work::Scan(scans) = &self.stages[at].work else { return false };
            let later = latest.is_none_or(|latest| latest < at);
            scans.axis == axis && self.spaces[at] == space && later && scans.has_room()
        };
        let at = match (0..self.stages.len()).find(fits) {
            Some(at) => at,
            None => self.push_stage(space, Work::Scan(Box::new(Scans::new(axis)))),
        };
        self.add(at, leaves)?;
        let graph = self.graph;
        let Work::Scan(scans) = &mut self.stages[at].work else { return None };
        let part = scans.push(graph, node, scan) as u32;
        Some(Source::Temp { stage: at as u32, part, keepdims: true })
    }

    /// Adds a stage that counts.
    fn counts_of(&mut self, node: NodeId, bins: u32) -> Option<Source> {
        let graph = self.graph;
        let args = &graph.node(node).args;
        let (scalars, _) = self.leaves(&args[1..])?;
        let leaves = self.leaves(&args[..1])?;
        let counts = Counts { node, numbers: args[0], bins, scalars };
        let at = self.push_stage(self.space(&leaves.0), Work::Count(counts));
        self.add(at, leaves)?;
        Some(Source::Temp { stage: at as u32, part: 0, keepdims: true })
    }

    /// Adds an output to the map that runs over the same points, or as a map of its own. Gives that stage. What a map reads and
    /// computes is found when all its outputs are known.
    fn output(&mut self, node: NodeId, index: u32, first_map: usize) -> Option<usize> {
        let (sources, _) = self.leaves(&[node])?;
        self.work = self.work.checked_sub((self.stages.len() - first_map) / STAGES)?;
        let space = self.space(&sources);
        let fits = |&at: &usize| self.spaces[at] == space || self.shapes.one_shape && overlap(&self.spaces[at], &space);
        let at = match (first_map..self.stages.len()).find(fits) {
            Some(at) => {
                self.widen(at, space);
                at
            }
            None => self.push_stage(space, Work::Map(Vec::new())),
        };
        if let Work::Map(outputs) = &mut self.stages[at].work {
            outputs.push((node, index));
        }
        Some(at)
    }
}

/// For each input of a graph the first one that is of the same array: the parts of a complex one have one shape.
fn arrays(graph: &Graph) -> Vec<u32> {
    let mut first = HashMap::new();
    let inputs = graph.inputs.iter().enumerate();
    inputs.map(|(at, input)| *first.entry(input.name).or_insert(at as u32)).collect()
}

/// Whether two stages read something in common, and no more than one of reductions between them (which a map may join).
fn overlap(a: &[Source], b: &[Source]) -> bool {
    let mut stages = a.iter().chain(b).filter_map(|source| source.stage());
    let first = stages.next();
    a.iter().any(|source| b.contains(source)) && stages.all(|stage| Some(stage) == first)
}

/// How many arrays that stages have stored at all points are there at a time.
fn held(stages: &[Stage]) -> usize {
    most_held(stages, |at| if let Work::Prepare(nodes) = &stages[at].work { nodes.len() } else { 0 })
}

/// Notes for each stage of reductions or scans the stage that may join its pass.
fn join(stages: &mut [Stage], counts: &[Count]) {
    /// How many read the results of a stage.
    #[derive(Clone, Copy)]
    enum Readers {
        None,
        One(usize),
        More,
    }
    let mut readers = vec![Readers::None; stages.len()];
    for (at, stage) in stages.iter().enumerate() {
        for of in stage.sources.iter().filter_map(|(_, source)| source.stage()) {
            readers[of] = match readers[of] {
                Readers::None => Readers::One(at),
                Readers::One(reader) if reader == at => Readers::One(at),
                _ => Readers::More,
            };
        }
    }
    for of in counts.iter().flat_map(|count| &count.sources).filter_map(|source| source.stage()) {
        readers[of] = Readers::More;
    }
    for (at, readers) in readers.into_iter().enumerate() {
        let Readers::One(reader) = readers else { continue };
        let reads = || stages[reader].sources.iter().filter_map(|(_, source)| source.stage());
        let (alone, last) = (reads().all(|of| of == at), reads().all(|of| of <= at));
        let stores = matches!(stages[reader].work, Work::Map(_) | Work::Prepare(_));
        match &mut stages[at].work {
            Work::Reduce(group) if alone && stores => group.joins = Some(reader),
            Work::Scan(scans) if last && stores => scans.joins = Some(reader),
            Work::Recur(of) if last && stores => of.joins = Some(reader),
            _ => {}
        }
    }
}
