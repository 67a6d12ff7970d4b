//! A stage and the layout of its operands to a kernel.
//!
//! A map stage needs one kind of kernel. A reduction needs several, of which the runtime uses those that fit the shape;
//! each is written once here, from the same graph nodes and the same monoid, so all give the same bits. Operands stand
//! in the order that [`operands`] gives.

use smallvec::SmallVec;

use super::program::{Program, Source, Stage, Work};
use crate::dtype::DType;
use crate::ir::{Access, Builder, Kernel, LoopId, Monoid, OperandId, Role, Stride, Value};
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
    /// A map: sources -> outputs.
    Map,
    /// Combines a run of elements in the innermost loop: sources -> states.
    Partial,
    /// The same with the monoid's arguments given: arguments -> states.
    PartialOfArgs,
    /// The same when the run is all there is to combine: sources -> temporary.
    Whole,
    /// The same, with the map that joins: sources, the map's other sources -> the map's outputs.
    WholeJoined,
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

/// A reduction stage's monoid and arguments.
pub fn reduction(graph: &Graph, stage: &Stage) -> Option<(&'static Monoid, NodeId)> {
    let Work::Reduce { node, .. } = stage.work else { return None };
    match graph.node(node).kind {
        NodeKind::Reduce { monoid, .. } => Some((monoid, node)),
        _ => None,
    }
}

/// The sources of the map that joins stage `at`, without the stage's own temporary.
fn joined_sources(program: &Program, at: usize) -> impl Iterator<Item = (NodeId, Source)> {
    let joins = match program.stages[at].work {
        Work::Reduce { joins, .. } => joins,
        Work::Map(_) => None,
    };
    let me = Source::Temp(at as u32);
    let sources = joins.map_or(&[][..], |map| &program.stages[map].sources);
    sources.iter().copied().filter(move |(_, source)| *source != me)
}

/// The nodes that a map stage stores.
fn stores(stage: &Stage) -> &[(NodeId, u32)] {
    match &stage.work {
        Work::Map(outputs) => outputs,
        Work::Reduce { .. } => &[],
    }
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
    let Some((monoid, node)) = reduction(graph, stage) else {
        specs.extend(own);
        specs.extend(stores(stage).iter().map(|&(node, _)| plain(Role::Out)(&graph.node(node).dtype)));
        return specs;
    };
    let result = [graph.node(node).dtype];
    match pass {
        Pass::Map | Pass::Partial => {
            specs.extend(own);
            specs.extend(monoid.state.iter().map(plain(Role::Out)));
        }
        Pass::PartialOfArgs => {
            specs.extend(monoid.args.iter().map(plain(Role::In)));
            specs.extend(monoid.state.iter().map(plain(Role::Out)));
        }
        Pass::Whole => {
            specs.extend(own);
            specs.extend(result.iter().map(plain(Role::Out)));
        }
        Pass::WholeJoined => {
            specs.extend(own);
            specs.extend(joined_sources(program, at).map(source));
            if let Work::Reduce { joins: Some(map), .. } = stage.work {
                let outputs = stores(&program.stages[map]).iter();
                specs.extend(outputs.map(|&(node, _)| plain(Role::Out)(&graph.node(node).dtype)));
            }
        }
        Pass::Step => {
            specs.extend(own);
            specs.extend(monoid.state.iter().map(plain(Role::InOut)));
        }
        Pass::Fill => {
            specs.extend(own);
            specs.extend(monoid.args.iter().map(plain(Role::Out)));
        }
        Pass::Merge => {
            specs.extend(monoid.state.iter().map(plain(Role::In)));
            specs.extend(monoid.state.iter().map(plain(Role::In)));
            specs.extend(monoid.state.iter().map(plain(Role::Out)));
        }
        Pass::Finish => {
            specs.extend(monoid.state.iter().map(plain(Role::In)));
            specs.extend(result.iter().map(plain(Role::Out)));
        }
    }
    specs
}

/// The kernel of a pass of stage `at` for operands that move like this.
pub fn lower(program: &Program, at: usize, pass: Pass, layout: &Layout) -> Kernel {
    let (graph, stage) = (&program.graph, &program.stages[at]);
    let specs = operands(program, at, pass);
    let accuracy = program.accuracy;
    let mut low = Lowering { graph, accuracy, b: Builder::new(layout.loops), made: vec![None; graph.nodes.len()] };
    let accesses: Vec<Access> =
        specs.iter().enumerate().map(|(i, spec)| declare(&mut low.b, i, spec, layout)).collect();
    let own = stage.sources.iter().map(|&(node, _)| node);

    let Some((monoid, node)) = reduction(graph, stage) else {
        let (ins, outs) = accesses.split_at(stage.sources.len());
        low.leaves(own, ins);
        low.nodes(&stage.nodes);
        low.store_nodes(stage, outs);
        return low.b.finish();
    };

    let states = monoid.state.len();
    match pass {
        Pass::Map | Pass::Partial | Pass::Whole | Pass::WholeJoined | Pass::Step | Pass::Fill => {
            let (ins, rest) = accesses.split_at(stage.sources.len());
            low.leaves(own, ins);
            low.nodes(&stage.nodes);
            let args: Vec<Value> = graph.node(node).args.iter().map(|&arg| low.value(arg)).collect();
            match pass {
                Pass::Step => {
                    let mut state: Vec<Value> = rest.iter().map(|a| low.b.load(a.clone())).collect();
                    state.extend(args);
                    let stepped = low.b.fragment(&monoid.step, &state);
                    low.store_all(rest, &stepped);
                }
                Pass::Fill => low.store_all(rest, &args),
                Pass::Map | Pass::Partial => {
                    let state = low.b.accumulate(monoid, &args);
                    low.store_all(rest, &state);
                }
                _ => {
                    let state = low.b.accumulate(monoid, &args);
                    let result = low.b.fragment(&monoid.finish, &state)[0];
                    low.made[node.0 as usize] = Some(result);
                    if pass == Pass::Whole {
                        low.store_all(rest, &[result]);
                    } else if let Work::Reduce { joins: Some(map), .. } = stage.work {
                        let map = &program.stages[map];
                        let others: Vec<NodeId> = joined_sources(program, at).map(|(node, _)| node).collect();
                        let (ins, outs) = rest.split_at(others.len());
                        low.leaves(others.into_iter(), ins);
                        low.nodes(&map.nodes);
                        low.store_nodes(map, outs);
                    }
                }
            }
        }
        Pass::PartialOfArgs => {
            let (ins, outs) = accesses.split_at(monoid.args.len());
            let args: Vec<Value> = ins.iter().map(|a| low.b.load(a.clone())).collect();
            let state = low.b.accumulate(monoid, &args);
            low.store_all(outs, &state);
        }
        Pass::Merge => {
            let (ins, outs) = accesses.split_at(2 * states);
            let both: Vec<Value> = ins.iter().map(|a| low.b.load(a.clone())).collect();
            let merged = low.b.fragment(&monoid.merge, &both);
            low.store_all(outs, &merged);
        }
        Pass::Finish => {
            let (ins, outs) = accesses.split_at(states);
            let state: Vec<Value> = ins.iter().map(|a| low.b.load(a.clone())).collect();
            let result = low.b.fragment(&monoid.finish, &state);
            low.store_all(outs, &result);
        }
    }
    low.b.finish()
}

/// Declares operand `i` with a dimension for each loop that it moves along.
fn declare(b: &mut Builder, i: usize, spec: &OperandSpec, layout: &Layout) -> Access {
    let classes = &layout.classes[i * layout.loops..][..layout.loops];
    let moving = || classes.iter().enumerate().filter(|(_, class)| **class != Class::Zero);
    let dims: SmallVec<[Stride; 2]> =
        moving().map(|(_, class)| if *class == Class::Unit { Stride::Unit } else { Stride::Any }).collect();
    let name = match spec.source {
        Some(Source::Input(n)) => format!("in{n}"),
        Some(Source::Temp(n)) => format!("tmp{n}"),
        Some(Source::Count(n)) => format!("count{n}"),
        None => format!("{}{i}", if spec.role == Role::In { "x" } else { "y" }),
    };
    let id: OperandId = b.operand(name, spec.dtype, spec.role, &dims);
    Access::plain(id, moving().map(|(l, _)| LoopId(l as u8)))
}

/// Graph nodes to instructions.
struct Lowering<'a> {
    graph: &'a Graph,
    accuracy: Accuracy,
    b: Builder,
    made: Vec<Option<Value>>,
}

impl Lowering<'_> {
    /// The value of a node that has been made. Stages list nodes after what they are made of, so there is one.
    fn value(&mut self, node: NodeId) -> Value {
        match self.made[node.0 as usize] {
            Some(v) => v,
            None => {
                debug_assert!(false, "a stage uses node {node:?} before it is made");
                self.b.constant(false)
            }
        }
    }

    fn leaves(&mut self, nodes: impl Iterator<Item = NodeId>, accesses: &[Access]) {
        for (node, access) in nodes.zip(accesses) {
            self.made[node.0 as usize] = Some(self.b.load(access.clone()));
        }
    }

    /// Stores a map's nodes.
    fn store_nodes(&mut self, map: &Stage, accesses: &[Access]) {
        for (&(node, _), access) in stores(map).iter().zip(accesses) {
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
                NodeKind::Patch(helper) => self.b.patch(args[0], args[1], helper, &args[2..]),
                NodeKind::Fault(code) => {
                    self.b.fault(args[0], *code);
                    args[1]
                }
                // Leaves of every stage: made already.
                NodeKind::Input(_) | NodeKind::Reduce { .. } | NodeKind::Count(_) => continue,
            };
            self.made[id.0 as usize] = Some(v);
        }
    }
}
