//! A stage and the layout of its operands to a kernel.
//!
//! All kernels of a stage are made of the same graph nodes and the same monoids, so all give the same bits. Operands stand in
//! the order that [`operands`] gives, then come the steps of affine ones.

mod loops;

use std::sync::Arc;

use foldhash::HashMap;
use smallvec::SmallVec;

use super::layout::{Body, Class, Combines, Layout, OperandSpec, Reads, Writes, joined_sources, operands, steps};
use super::program::{Group, Program, Recurrence, Stage, Work};
use super::source::Source;
use crate::dtype::DType;
use crate::ir::{
    Access, Args, Builder, FaultCode, Fragment, Kernel, LANES, Loop, LoopId, Monoid, Op, OperandId, Role, Stride, Value,
};
use crate::math::{self, Accuracy};
use crate::types::graph::{Graph, NodeId, NodeKind};

/// The kernel of stage `at` for operands that move like this.
pub fn lower(program: &Program, at: usize, body: Body, layout: &Layout) -> Kernel {
    let (graph, stage) = (&program.graph, &program.stages[at]);
    let specs = operands(program, at, body);
    let mut low = Lowering {
        graph,
        accuracy: program.accuracy,
        faults: 0,
        b: Builder::new(layout.loops),
        made: vec![None; graph.nodes.len()],
        steps: Vec::new(),
        loops: HashMap::default(),
    };
    let declared = specs.iter().enumerate().map(|(i, spec)| declare(&mut low.b, body, i, spec, layout));
    let accesses: Vec<Access> = declared.collect();
    for (operand, l) in steps(&specs, layout) {
        let id = low.b.operand(format!("step{operand}_{l}"), DType::I64, Role::In, &[]);
        low.steps.push(((operand, l), Access::plain(id, [])));
    }
    match (&stage.work, stage.group()) {
        (_, Some(group)) => low.reduction(Reduction { program, at, stage, group }, body, layout, &accesses),
        (Work::Recur(of), _) => low.recurrence((program, at, of), body, layout, &accesses),
        _ => {
            let (ins, outs) = accesses.split_at(stage.sources.len());
            low.leaves(&stage.sources, (0, ins), layout);
            low.nodes(&stage.nodes);
            low.store_nodes(stage, outs);
        }
    }
    low.b.finish()
}

/// A kernel that copies elements of a type.
pub fn lower_copy(dtype: DType, layout: &Layout) -> Kernel {
    let mut b = Builder::new(layout.loops);
    let [from, to] = [Role::In, Role::Out].map(|role| OperandSpec::plain(dtype, role));
    let [from, to] = [(0, from), (1, to)].map(|(i, spec)| declare(&mut b, Body::MAP, i, &spec, layout));
    let value = b.load(from);
    b.store(to, value);
    b.finish()
}

/// Declares operand `i` with a dimension for each loop that it moves along.
fn declare(b: &mut Builder, body: Body, i: usize, spec: &OperandSpec, layout: &Layout) -> Access {
    let classes = &layout.classes[i * layout.loops..][..layout.loops];
    let is_affine = layout.is_affine(i, spec);
    let moving = || classes.iter().enumerate().filter(|(_, class)| **class != Class::Zero && !is_affine);
    let stride = |class: &Class| match class {
        Class::Unit => Stride::Unit,
        Class::First => Stride::First,
        Class::Second => Stride::Second,
        Class::Partner => Stride::Partner,
        Class::Zero | Class::Any => Stride::Any,
    };
    let dims: SmallVec<[Stride; 2]> = moving().map(|(_, class)| stride(class)).collect();
    let name = match spec.source {
        Some(Source::Input(n)) => format!("in{n}"),
        // (Not which stage has left it: kernels of stages that do the same are the same.)
        Some(Source::Temp { .. }) => format!("tmp{i}"),
        Some(Source::Count(n)) => format!("count{n}"),
        Some(Source::Position) => "position".to_string(),
        Some(Source::Index(n)) => format!("index{n}"),
        None => format!("{}{i}", if spec.role == Role::In { "x" } else { "y" }),
    };
    // A source is there for each element of a run.
    let name = match body.combines {
        Combines::Unrolled(_) | Combines::Into(2..) | Combines::Steps(2..) if spec.source.is_some() => {
            format!("{name}_at{i}")
        }
        _ => name,
    };
    let id: OperandId = b.operand(name, spec.dtype, spec.role, &dims);
    Access::plain(id, moving().map(|(l, _)| LoopId(l as u8)))
}

/// How many values a monoid has of a kind.
type Length = fn(&Monoid) -> usize;

/// Graph nodes to instructions.
struct Lowering<'a> {
    graph: &'a Graph,
    accuracy: Accuracy,
    /// The number of the graph's first error of the data: not 0 in the body of a loop.
    faults: u32,
    b: Builder,
    made: Vec<Option<Value>>,
    /// The steps of affine operands that are known at the call alone, by operand and loop.
    steps: Vec<((usize, usize), Access)>,
    /// What loops do, by their numbers.
    loops: HashMap<u32, Arc<Loop>>,
}

/// Stage `at`, of reductions.
#[derive(Clone, Copy)]
struct Reduction<'a> {
    program: &'a Program,
    at: usize,
    stage: &'a Stage,
    group: &'a Group,
}

impl Lowering<'_> {
    /// A kernel of a stage of reductions.
    // Long: one arm for each way of reading and combining.
    fn reduction(&mut self, of: Reduction, body: Body, layout: &Layout, accesses: &[Access]) {
        let Reduction { stage, group, .. } = of;
        let parts = group.state.len();
        let sources = stage.sources.len();
        let (state, rest) = match (body.reads, body.combines) {
            (Reads::Sources, Combines::Unrolled(length)) => {
                let arrays = stage.sources.iter().filter(|(_, source)| *source != Source::Position).count();
                (self.unrolled(of, length.into(), accesses, layout), &accesses[usize::from(length) * arrays..])
            }
            (Reads::Sources, Combines::Extreme) => {
                let (ins, rest) = accesses.split_at(sources);
                // Where elements are is not asked.
                let arrays = stage.sources.iter().zip(ins).enumerate().filter(|(_, (s, _))| s.1 != Source::Position);
                for (at, (source, access)) in arrays {
                    self.leaf(at, *source, access, layout);
                }
                self.nodes(&stage.nodes);
                (self.extreme(group), rest)
            }
            (Reads::States, Combines::Pairs) => {
                let (ins, outs) = accesses.split_at(2 * parts);
                let both = self.load_all(ins);
                let (earlier, later) = both.split_at(parts);
                (self.merge(group, earlier, later), outs)
            }
            (Reads::States, _) => {
                let (ins, outs) = accesses.split_at(parts);
                (self.load_all(ins), outs)
            }
            (Reads::Sources, Combines::Into(elements)) => {
                let (ins, states) = accesses.split_at(sources * usize::from(elements));
                let mut state = self.load_all(states);
                for element in 0..usize::from(elements) {
                    self.leaves(&stage.sources, (element * sources, ins), layout);
                    self.nodes(&stage.nodes);
                    let args = self.args(group);
                    state = self.step(group, &state, &args);
                }
                (state, states)
            }
            (Reads::Sources, _) => {
                let (ins, rest) = accesses.split_at(sources);
                self.leaves(&stage.sources, (0, ins), layout);
                self.nodes(&stage.nodes);
                let args = self.args(group);
                (self.accumulate(group, &args), rest)
            }
        };
        match body.writes {
            Writes::States => self.store_all(rest, &state),
            Writes::Results => {
                let results = self.finish(group, &state);
                self.store_all(rest, &results);
            }
            Writes::Joined => {
                let results = self.finish(group, &state);
                self.join(of, layout, &results, (accesses.len() - rest.len(), rest));
            }
            Writes::Stores => unreachable!("states are stored as they are"),
        }
    }

    /// The kernel of a stage that is a scan by a function. The outer loop runs along its axis, by one element or by several.
    fn recurrence(
        &mut self,
        (program, at, of): (&Program, usize, &Recurrence),
        body: Body,
        layout: &Layout,
        accesses: &[Access],
    ) {
        let stage = &program.stages[at];
        let times = if let Combines::Steps(n) = body.combines { usize::from(n) } else { 1 };
        let step = loops::step(&self.graph.loops[of.index as usize], self.accuracy);
        let elements = of.elements.len();
        let (ins, rest) = accesses.split_at(times * elements);
        let (states, rest) = rest.split_at(of.starts.len());
        let map = stage.joins().filter(|_| body.writes == Writes::Joined).map(|map| &program.stages[map]);
        let mut state = self.load_all(states);
        let mut stored: Vec<(&Access, Value)> = Vec::new();
        let (first, own) = (accesses.len() - rest.len(), rest.len() / times);
        for element in 0..times {
            self.leaves(&of.elements, (element * elements, ins), layout);
            self.nodes(&stage.nodes);
            let mut args = state;
            args.extend(of.args.iter().map(|&arg| self.value(arg)));
            state = self.b.put_in(&step, &args).to_vec();
            let results: Vec<Value> = of.parts.iter().map(|&part| state[usize::from(part)]).collect();
            let own = (first + element * own, &rest[element * own..][..own]);
            match map {
                Some(map) => {
                    let outs = self.joined((program, at), map, own, &results, layout);
                    stored.extend(map.stores().zip(outs).map(|(node, access)| (access, self.value(node))));
                }
                None => stored.extend(own.1.iter().zip(results)),
            }
        }
        // All that is read comes before what is stored.
        self.store_all(states, &state);
        stored.into_iter().for_each(|(access, v)| self.b.store(access.clone(), v));
    }

    /// The value of a node that has been made. Stages list nodes after what they are made of, so there is one.
    fn value(&mut self, node: NodeId) -> Value {
        match self.made[node.0 as usize] {
            Some(v) => v,
            None => unreachable!("a stage uses node {node:?} before it is made"),
        }
    }

    /// Loads what a stage reads: the operands from the first of these on.
    fn leaves(&mut self, sources: &[(NodeId, Source)], (first, accesses): (usize, &[Access]), layout: &Layout) {
        for (at, &source) in (first..).zip(sources) {
            self.leaf(at, source, &accesses[at], layout);
        }
    }

    /// Loads source `at`.
    fn leaf(&mut self, at: usize, (node, source): (NodeId, Source), access: &Access, layout: &Layout) {
        let mut v = self.b.load(access.clone());
        if source.is_affine() && !layout.stored.contains(&(at as u32)) {
            v = self.affine(v, at, layout);
        }
        self.made[node.0 as usize] = Some(v);
    }

    /// The best value along the innermost loop, of a group that is one reduction.
    fn extreme(&mut self, group: &Group) -> Vec<Value> {
        let Some((monoid, &node)) = group.search().zip(group.nodes.first()) else {
            unreachable!("a stage that looks for no position");
        };
        let value = self.value(self.graph.node(node).args[0]);
        self.b.accumulate(monoid, &[value]).to_vec()
    }

    /// The number that an affine operand is at a point: its base, and a step for each index of each loop.
    fn affine(&mut self, mut v: Value, operand: usize, layout: &Layout) -> Value {
        for l in 0..layout.loops {
            let mut on = match layout.classes[operand * layout.loops + l] {
                Class::Zero => continue,
                _ => self.b.index(LoopId(l as u8)),
            };
            if let Some((_, step)) = self.steps.iter().find(|(of, _)| *of == (operand, l)) {
                let step = self.b.load(step.clone());
                on = self.b.op(Op::Mul, &[on, step]);
            }
            v = self.b.op(Op::Add, &[v, on]);
        }
        v
    }

    fn load_all(&mut self, accesses: &[Access]) -> Vec<Value> {
        accesses.iter().map(|a| self.b.load(a.clone())).collect()
    }

    /// All reductions of a group along the innermost loop; gives their states.
    fn accumulate(&mut self, group: &Group, args: &[Value]) -> Vec<Value> {
        let mut args = args.iter().copied();
        let mut states = Vec::new();
        for (_, monoid) in group.first() {
            let own: Args = args.by_ref().take(monoid.args.len()).collect();
            states.extend(self.b.accumulate(monoid, &own));
        }
        states
    }

    /// Fragments of the monoids of a group that have states of their own: each on its parts of these values, which are as long as `lengths` says.
    fn fragments<const N: usize>(
        &mut self,
        group: &Group,
        which: fn(&Monoid) -> &Fragment,
        of: [(&[Value], Length); N],
    ) -> Vec<Value> {
        let mut at = [0; N];
        let mut results = Vec::new();
        for (_, monoid) in group.first() {
            let mut own = Args::new();
            for (at, (values, length)) in at.iter_mut().zip(of) {
                own.extend_from_slice(&values[*at..*at + length(monoid)]);
                *at += length(monoid);
            }
            results.extend(self.b.fragment(which(monoid), &own));
        }
        results
    }

    /// All reductions of a group of `length` elements, whose sources are given one after another; gives their states.
    fn unrolled(&mut self, of: Reduction, length: usize, accesses: &[Access], layout: &Layout) -> Vec<Value> {
        let Reduction { stage, group, .. } = of;
        let init: Vec<Value> = group.init.iter().map(|&c| self.b.constant(c)).collect();
        let mut lanes = vec![init.clone(); LANES];
        for at in 0..length {
            let mut of_element = (at..).step_by(length);
            for &(node, source) in &stage.sources {
                if source == Source::Position {
                    self.made[node.0 as usize] = Some(self.b.constant(at as i64));
                } else if let Some(operand) = of_element.next() {
                    self.leaf(operand, (node, source), &accesses[operand], layout);
                }
            }
            self.nodes(&stage.nodes);
            let args = self.args(group);
            let lane = &mut lanes[at % LANES];
            *lane = self.step(group, &lane.clone(), &args);
        }
        // As lanes are merged everywhere: each with the one half of them apart.
        let mut apart = LANES / 2;
        while apart > 0 {
            for at in 0..apart {
                lanes[at] = self.merge(group, &lanes[at].clone(), &lanes[at + apart]);
            }
            apart /= 2;
        }
        lanes.swap_remove(0)
    }

    /// The map that joins a stage, with that stage's results; its other sources and what it writes are given.
    fn join(&mut self, of: Reduction, layout: &Layout, results: &[Value], accesses: (usize, &[Access])) {
        let Some(map) = of.group.joins else { return };
        let map = &of.program.stages[map];
        let outs = self.joined((of.program, of.at), map, accesses, results, layout);
        self.store_nodes(map, outs);
    }

    /// Computes what the map that joins stage `at` makes of that stage's results; its other sources are the operands from the first of
    /// these on. Gives what is left of the accesses, and stores nothing yet.
    fn joined<'c>(
        &mut self,
        (program, at): (&Program, usize),
        map: &Stage,
        (first, accesses): (usize, &'c [Access]),
        results: &[Value],
        layout: &Layout,
    ) -> &'c [Access] {
        for &(node, source) in &map.sources {
            if let Source::Temp { stage, part, .. } = source
                && stage as usize == at
            {
                self.made[node.0 as usize] = Some(results[part as usize]);
            }
        }
        let others: Vec<(NodeId, Source)> = joined_sources(program, at).collect();
        let (ins, outs) = accesses.split_at(others.len());
        for (k, (source, access)) in others.iter().zip(ins).enumerate() {
            self.leaf(first + k, *source, access, layout);
        }
        self.nodes(&map.nodes);
        outs
    }

    /// The arguments of all reductions of a group.
    fn args(&mut self, group: &Group) -> Vec<Value> {
        let graph = self.graph;
        group.first().flat_map(|(node, _)| &graph.node(node).args).map(|&arg| self.value(arg)).collect()
    }

    fn step(&mut self, group: &Group, state: &[Value], args: &[Value]) -> Vec<Value> {
        self.fragments(group, |m| &m.step, [(state, |m| m.state.len()), (args, |m| m.args.len())])
    }

    fn merge(&mut self, group: &Group, earlier: &[Value], later: &[Value]) -> Vec<Value> {
        self.fragments(group, |m| &m.merge, [(earlier, |m| m.state.len()), (later, |m| m.state.len())])
    }

    fn finish(&mut self, group: &Group, state: &[Value]) -> Vec<Value> {
        let each = group.monoids.iter().zip(&group.states);
        each.flat_map(|(monoid, own)| self.b.fragment(&monoid.finish, &state[own.clone()])).collect()
    }

    /// Stores a map's nodes.
    fn store_nodes(&mut self, map: &Stage, accesses: &[Access]) {
        for (node, access) in map.stores().zip(accesses) {
            let v = self.value(node);
            self.b.store(access.clone(), v);
        }
    }

    fn store_all(&mut self, accesses: &[Access], values: &[Value]) {
        for (access, &v) in accesses.iter().zip(values) {
            self.b.store(access.clone(), v);
        }
    }

    fn nodes(&mut self, nodes: &[NodeId]) {
        for &id in nodes {
            let node = self.graph.node(id);
            let args: SmallVec<[Value; 4]> = node.args.iter().map(|&arg| self.value(arg)).collect();
            let v = match &node.kind {
                NodeKind::Const(c) => self.b.constant(*c),
                NodeKind::Op(op @ (crate::ir::Op::Convert | crate::ir::Op::Bitcast)) => {
                    self.b.typed_op(*op, &args, Some(node.dtype))
                }
                NodeKind::Op(op) => self.b.op(*op, &args),
                NodeKind::Math(function) => math::lower(&mut self.b, *function, self.accuracy, &args),
                NodeKind::Complex(function, part) => math::complex::lower(&mut self.b, *function, *part, &args),
                NodeKind::Random(random) => math::random::lower(&mut self.b, *random, &args),
                NodeKind::Patch(helper) => self.b.patch(args[0], args[1], helper, &args[2..]),
                NodeKind::Fault(number) => {
                    self.b.fault(args[0], FaultCode::of((self.faults + number) as usize));
                    args[1]
                }
                &NodeKind::Loop { index, part } => self.iterate(index, part, &args),
                // Leaves of every stage: made already.
                NodeKind::Input(_)
                | NodeKind::Param(_)
                | NodeKind::Reduce { .. }
                | NodeKind::Scan { .. }
                | NodeKind::ScanWith { .. }
                | NodeKind::Counts(_)
                | NodeKind::Position
                | NodeKind::Index(_)
                | NodeKind::Count(_) => continue,
            };
            self.made[id.0 as usize] = Some(v);
        }
    }
}
