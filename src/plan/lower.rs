//! A stage and the layout of its operands to a kernel.
//!
//! A map stage needs one kind of kernel. A reduction needs several, of which the runtime uses those that fit the shape;
//! each is written once here, from the same graph nodes and the same monoid, so all give the same bits. Operands stand
//! in the order that [`operands`] gives.

use smallvec::SmallVec;

use super::program::{Group, Program, Source, Stage};
use crate::dtype::DType;
use crate::ir::{Access, Args, Builder, Fragment, Kernel, LANES, LoopId, Monoid, Op, OperandId, Role, Stride, Value};
use crate::math::{self, Accuracy};
use crate::types::graph::{Graph, NodeId, NodeKind};

/// How an operand moves along a loop.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// It stays where it is: broadcast.
    Zero,
    /// To the next element.
    Unit,
    /// By any stride.
    Any,
}

/// The loops of a kernel, and how each operand moves along each: operand by operand, outermost loop first.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Layout {
    /// The number of loops.
    pub loops: usize,
    /// `loops` classes for each operand.
    pub classes: SmallVec<[Class; 16]>,
}

/// What a kernel does for its stage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pass {
    /// A map: sources -> outputs, or temporaries.
    Map,
    /// Combines a run of elements in the innermost loop: sources -> states.
    Partial,
    /// The same with the monoid's arguments given: arguments -> states.
    PartialOfArgs,
    /// The same when the run is all there is to combine: sources -> temporary; or if a map has `joined`: sources, the map's other
    /// sources -> the map's outputs.
    Whole { joined: bool },
    /// The same for a run of so few elements, at most [`LANES`], without a loop: each source so many times, element by element,
    /// instead of once.
    Short { length: u8, joined: bool },
    /// Combines elements into states that lie in memory: sources, states -> states.
    Step,
    /// Only computes the monoid's arguments: sources -> arguments.
    Fill,
    /// Merges states: earlier states, later states -> states.
    Merge,
    /// Results of states: states -> temporary.
    Finish,
}

/// An operand of a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OperandSpec {
    /// Where it comes from, if it is a source of the stage (or of the map that joins).
    pub source: Option<Source>,
    /// Its type.
    pub dtype: DType,
    /// What is done with it.
    pub role: Role,
}

/// The sources of the map that joins stage `at`, without the stage's own results.
fn joined_sources(program: &Program, at: usize) -> impl Iterator<Item = (NodeId, Source)> {
    let joins = program.stages[at].group().and_then(|group| group.joins);
    let sources = joins.map_or(&[][..], |map| &program.stages[map].sources);
    sources.iter().copied().filter(move |(_, source)| source.stage() != Some(at))
}

/// The operands that the map that joins stage `at` adds.
fn joined_operands(program: &Program, at: usize) -> impl Iterator<Item = OperandSpec> {
    let graph = &program.graph;
    let spec = |source, node, role| OperandSpec { source, dtype: graph.node(node).dtype, role };
    let sources = joined_sources(program, at).map(move |(node, source)| spec(Some(source), node, Role::In));
    let joins = program.stages[at].group().and_then(|group| group.joins);
    let stores = joins.into_iter().flat_map(|map| program.stages[map].stores());
    sources.chain(stores.map(move |node| spec(None, node, Role::Out)))
}

/// The operands of a pass of stage `at`, in order.
pub fn operands(program: &Program, at: usize, pass: Pass) -> SmallVec<[OperandSpec; 8]> {
    let (graph, stage) = (&program.graph, &program.stages[at]);
    let mut specs = SmallVec::new();
    let source = |(node, source): (NodeId, Source)| OperandSpec {
        source: Some(source),
        dtype: graph.node(node).dtype,
        role: Role::In,
    };
    let plain = |role: Role| move |&dtype: &DType| OperandSpec { source: None, dtype, role };
    let own = stage.sources.iter().copied().map(source);
    let Some(group) = stage.group() else {
        specs.extend(own);
        specs.extend(stage.stores().map(|node| plain(Role::Out)(&graph.node(node).dtype)));
        return specs;
    };
    let states = |role| group.state.iter().map(plain(role));
    match pass {
        Pass::Map | Pass::Partial | Pass::Whole { .. } | Pass::Step | Pass::Fill => specs.extend(own),
        Pass::Short { length, .. } => {
            let arrays = own.filter(|spec| spec.source != Some(Source::Position));
            specs.extend(arrays.flat_map(|spec| std::iter::repeat_n(spec, length.into())));
        }
        Pass::PartialOfArgs => specs.extend(group.args.iter().map(plain(Role::In))),
        Pass::Merge => specs.extend(states(Role::In).chain(states(Role::In))),
        Pass::Finish => specs.extend(states(Role::In)),
    }
    match pass {
        Pass::Map | Pass::Partial | Pass::PartialOfArgs | Pass::Merge => specs.extend(states(Role::Out)),
        Pass::Step => specs.extend(states(Role::InOut)),
        Pass::Fill => specs.extend(group.args.iter().map(plain(Role::Out))),
        Pass::Whole { joined: true } | Pass::Short { joined: true, .. } => specs.extend(joined_operands(program, at)),
        Pass::Whole { .. } | Pass::Short { .. } | Pass::Finish => {
            specs.extend(group.nodes.iter().map(|&node| plain(Role::Out)(&graph.node(node).dtype)));
        }
    }
    specs
}

/// The kernel of a pass of stage `at` for operands that move like this.
pub fn lower(program: &Program, at: usize, pass: Pass, layout: &Layout) -> Kernel {
    let (graph, stage) = (&program.graph, &program.stages[at]);
    let specs = operands(program, at, pass);
    let accuracy = program.accuracy;
    let mut low = Lowering {
        graph,
        accuracy,
        b: Builder::new(layout.loops),
        made: vec![None; graph.nodes.len()],
        along: (LoopId(0), 1),
    };
    let accesses: Vec<Access> =
        specs.iter().enumerate().map(|(i, spec)| declare(&mut low.b, pass, i, spec, layout)).collect();
    // Where the loop is that runs along what is combined, and by how many elements it steps.
    low.along = match pass {
        Pass::Step => (LoopId(0), LANES as i64),
        _ => (LoopId(layout.loops.saturating_sub(1) as u8), 1),
    };

    match stage.group() {
        Some(group) => low.reduction(program, at, group, pass, &accesses),
        None => {
            let (ins, outs) = accesses.split_at(stage.sources.len());
            low.leaves(&stage.sources, ins);
            low.nodes(&stage.nodes);
            low.store_nodes(stage, outs);
        }
    }
    low.b.finish()
}

/// Declares operand `i` with a dimension for each loop that it moves along.
fn declare(b: &mut Builder, pass: Pass, i: usize, spec: &OperandSpec, layout: &Layout) -> Access {
    let classes = &layout.classes[i * layout.loops..][..layout.loops];
    let moving = || classes.iter().enumerate().filter(|(_, class)| **class != Class::Zero);
    let dims: SmallVec<[Stride; 2]> =
        moving().map(|(_, class)| if *class == Class::Unit { Stride::Unit } else { Stride::Any }).collect();
    let name = match spec.source {
        Some(Source::Input(n)) => format!("in{n}"),
        Some(Source::Temp { stage, part, keepdims }) => {
            format!("tmp{stage}_{part}{}", if keepdims { "_kept" } else { "" })
        }
        Some(Source::Count(n)) => format!("count{n}"),
        Some(Source::Position) => "position".to_string(),
        None => format!("{}{i}", if spec.role == Role::In { "x" } else { "y" }),
    };
    // A source is there for each element of a run.
    let name = match pass {
        Pass::Short { .. } if spec.source.is_some() => format!("{name}_at{i}"),
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
    b: Builder,
    made: Vec<Option<Value>>,
    along: (LoopId, i64),
}

impl Lowering<'_> {
    /// A pass of stage `at`, of reductions.
    fn reduction(&mut self, program: &Program, at: usize, group: &Group, pass: Pass, accesses: &[Access]) {
        let stage = &program.stages[at];
        let parts = group.state.len();
        match pass {
            Pass::PartialOfArgs => {
                let (ins, outs) = accesses.split_at(group.args.len());
                let args = self.load_all(ins);
                let state = self.accumulate(group, &args);
                self.store_all(outs, &state);
            }
            Pass::Merge => {
                let (ins, outs) = accesses.split_at(2 * parts);
                let both = self.load_all(ins);
                let (earlier, later) = both.split_at(parts);
                let merged = self.merge(group, earlier, later);
                self.store_all(outs, &merged);
            }
            Pass::Finish => {
                let (ins, outs) = accesses.split_at(parts);
                let state = self.load_all(ins);
                let results = self.finish(group, &state);
                self.store_all(outs, &results);
            }
            Pass::Short { length, joined } => {
                let results = self.short(stage, group, length.into(), accesses);
                let arrays = stage.sources.iter().filter(|(_, source)| *source != Source::Position).count();
                self.end(program, at, joined, &results, &accesses[usize::from(length) * arrays..]);
            }
            Pass::Map | Pass::Partial | Pass::Whole { .. } | Pass::Step | Pass::Fill => {
                let (ins, rest) = accesses.split_at(stage.sources.len());
                self.leaves(&stage.sources, ins);
                self.nodes(&stage.nodes);
                let args = self.args(group);
                match pass {
                    Pass::Fill => self.store_all(rest, &args),
                    Pass::Step => {
                        let state = self.load_all(rest);
                        let stepped = self.step(group, &state, &args);
                        self.store_all(rest, &stepped);
                    }
                    Pass::Whole { joined } => {
                        let state = self.accumulate(group, &args);
                        let results = self.finish(group, &state);
                        self.end(program, at, joined, &results, rest);
                    }
                    _ => {
                        let state = self.accumulate(group, &args);
                        self.store_all(rest, &state);
                    }
                }
            }
        }
    }

    /// Stores the results of stage `at`, or does with them what the map does that joins.
    fn end(&mut self, program: &Program, at: usize, joined: bool, results: &[Value], rest: &[Access]) {
        if joined { self.join(program, at, results, rest) } else { self.store_all(rest, results) }
    }

    /// The value of a node that has been made. Stages list nodes after what they are made of, so there is one.
    fn value(&mut self, node: NodeId) -> Value {
        match self.made[node.0 as usize] {
            Some(v) => v,
            None => unreachable!("a stage uses node {node:?} before it is made"),
        }
    }

    fn leaves(&mut self, sources: &[(NodeId, Source)], accesses: &[Access]) {
        for (&(node, source), access) in sources.iter().zip(accesses) {
            let mut v = self.b.load(access.clone());
            if source == Source::Position {
                // What is loaded is the position of the loop's first element.
                let (along, step) = self.along;
                let index = self.b.index(along);
                let step = self.b.constant(step);
                let on = self.b.op(Op::Mul, &[index, step]);
                v = self.b.op(Op::Add, &[v, on]);
            }
            self.made[node.0 as usize] = Some(v);
        }
    }

    fn load_all(&mut self, accesses: &[Access]) -> Vec<Value> {
        accesses.iter().map(|a| self.b.load(a.clone())).collect()
    }

    /// All reductions of a group along the innermost loop; gives their states.
    fn accumulate(&mut self, group: &Group, args: &[Value]) -> Vec<Value> {
        let mut args = args.iter().copied();
        let mut states = Vec::new();
        for monoid in &group.monoids {
            let own: Args = args.by_ref().take(monoid.args.len()).collect();
            states.extend(self.b.accumulate(monoid, &own));
        }
        states
    }

    /// Fragments of all monoids of a group: each on its parts of these values, which are as long as `lengths` says.
    fn fragments<const N: usize>(
        &mut self,
        group: &Group,
        which: fn(&Monoid) -> &Fragment,
        of: [(&[Value], Length); N],
    ) -> Vec<Value> {
        let mut at = [0; N];
        let mut results = Vec::new();
        for monoid in &group.monoids {
            let mut own = Args::new();
            for (at, (values, length)) in at.iter_mut().zip(of) {
                own.extend_from_slice(&values[*at..*at + length(monoid)]);
                *at += length(monoid);
            }
            results.extend(self.b.fragment(which(monoid), &own));
        }
        results
    }

    /// All reductions of a group of `length` elements, whose sources are given one after another; gives their results.
    fn short(&mut self, stage: &Stage, group: &Group, length: usize, sources: &[Access]) -> Vec<Value> {
        let init: Vec<Value> = group.init.iter().map(|&c| self.b.constant(c)).collect();
        let mut lanes = vec![init.clone(); LANES];
        for (at, lane) in lanes.iter_mut().enumerate().take(length) {
            let mut of_element = sources.iter().skip(at).step_by(length);
            for &(node, source) in &stage.sources {
                self.made[node.0 as usize] = match source {
                    Source::Position => Some(self.b.constant(at as i64)),
                    _ => of_element.next().map(|access| self.b.load(access.clone())),
                };
            }
            self.nodes(&stage.nodes);
            let args = self.args(group);
            *lane = self.step(group, &init, &args);
        }
        // As lanes are merged everywhere: each with the one half of them apart.
        let mut apart = LANES / 2;
        while apart > 0 {
            for at in 0..apart {
                lanes[at] = self.merge(group, &lanes[at].clone(), &lanes[at + apart]);
            }
            apart /= 2;
        }
        self.finish(group, &lanes[0])
    }

    /// The map that joins stage `at`, with that stage's results; its other sources and what it writes are given.
    fn join(&mut self, program: &Program, at: usize, results: &[Value], accesses: &[Access]) {
        let Some(map) = program.stages[at].group().and_then(|group| group.joins) else { return };
        let map = &program.stages[map];
        for &(node, source) in &map.sources {
            if let Source::Temp { stage, part, .. } = source
                && stage as usize == at
            {
                self.made[node.0 as usize] = Some(results[part as usize]);
            }
        }
        let others: Vec<(NodeId, Source)> = joined_sources(program, at).collect();
        let (ins, outs) = accesses.split_at(others.len());
        self.leaves(&others, ins);
        self.nodes(&map.nodes);
        self.store_nodes(map, outs);
    }

    /// The arguments of all reductions of a group.
    fn args(&mut self, group: &Group) -> Vec<Value> {
        let graph = self.graph;
        group.nodes.iter().flat_map(|&node| &graph.node(node).args).map(|&arg| self.value(arg)).collect()
    }

    fn step(&mut self, group: &Group, state: &[Value], args: &[Value]) -> Vec<Value> {
        self.fragments(group, |m| &m.step, [(state, |m| m.state.len()), (args, |m| m.args.len())])
    }

    fn merge(&mut self, group: &Group, earlier: &[Value], later: &[Value]) -> Vec<Value> {
        self.fragments(group, |m| &m.merge, [(earlier, |m| m.state.len()), (later, |m| m.state.len())])
    }

    fn finish(&mut self, group: &Group, state: &[Value]) -> Vec<Value> {
        self.fragments(group, |m| &m.finish, [(state, |m| m.state.len())])
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
                NodeKind::Patch(helper) => self.b.patch(args[0], args[1], helper, &args[2..]),
                NodeKind::Fault(code) => {
                    self.b.fault(args[0], *code);
                    args[1]
                }
                // Leaves of every stage: made already.
                NodeKind::Input(_) | NodeKind::Reduce { .. } | NodeKind::Position | NodeKind::Count(_) => continue,
            };
            self.made[id.0 as usize] = Some(v);
        }
    }
}
