//! What a kernel does for its stage, and how its operands move along its loops.
//!
//! A map needs one kind of kernel, a reduction several, of which the planner takes those that fit the shape. Each is a value: what
//! it reads, how it combines, what it writes. The order of a kernel's operands follows from it, and so does its code (`lower`).

use smallvec::SmallVec;

use super::program::{Program, Work};
use super::source::Source;
use crate::dtype::DType;
use crate::ir::Role;
use crate::types::graph::NodeId;

/// How an operand moves along a loop.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// It stays where it is: broadcast.
    Zero,
    /// To the next element (an affine operand: by one).
    Unit,
    /// By two elements, where it is the real parts of an array of complex numbers.
    First,
    /// The same of imaginary parts.
    Second,
    /// Imaginary parts where the operand before is the real parts of the same array.
    Partner,
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
    /// Affine operands whose numbers lie in memory like those of any other array, in order.
    pub stored: SmallVec<[u32; 2]>,
}

impl Layout {
    /// Whether operand `o` is a number that is computed from the loops' indices.
    pub fn is_affine(&self, o: usize, spec: &OperandSpec) -> bool {
        spec.is_affine() && !self.stored.contains(&(o as u32))
    }
}

/// What a kernel reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reads {
    /// The stage's sources.
    Sources,
    /// States of the stage's monoids.
    States,
}

/// How a kernel combines what it reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Combines {
    /// Not at all: each point by itself.
    Nothing,
    /// Along its innermost loop, from the neutral state.
    Loop,
    /// So many elements, without a loop: each source is there once for each of them, element by element.
    Unrolled(u16),
    /// Along its innermost loop, to the best value alone, not to where it is.
    Extreme,
    /// So many elements one after another into states that lie in memory: the sources are there once for each of them.
    Into(u8),
    /// Two states, the earlier one first.
    Pairs,
    /// Its outer loop goes from state to state, which lie in memory, by so many elements at a time: sources, and what is written, are there once
    /// for each of them.
    Steps(u8),
}

/// What a kernel writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Writes {
    /// What the stage, no reduction, stores at each point.
    Stores,
    /// States.
    States,
    /// The finished results of states.
    Results,
    /// What the map that joins the stage makes of these results. It reads its other sources besides.
    Joined,
}

/// What a kernel does for its stage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Body {
    /// What it reads.
    pub reads: Reads,
    /// How it combines that.
    pub combines: Combines,
    /// What it writes.
    pub writes: Writes,
}

impl Body {
    /// A stage that is no reduction.
    pub const MAP: Body = Body::new(Reads::Sources, Combines::Nothing, Writes::Stores);
    /// Runs to states.
    pub const PARTIAL: Body = Body::new(Reads::Sources, Combines::Loop, Writes::States);
    /// Runs to the best values in them.
    pub const EXTREME: Body = Body::new(Reads::Sources, Combines::Extreme, Writes::States);
    /// Pairs of states to states.
    pub const MERGE: Body = Body::new(Reads::States, Combines::Pairs, Writes::States);
    /// States to results.
    pub const FINISH: Body = Body::new(Reads::States, Combines::Nothing, Writes::Results);

    const fn new(reads: Reads, combines: Combines, writes: Writes) -> Body {
        Body { reads, combines, writes }
    }

    /// A scan by a function, so many elements at a time; the map that joins is done with its results, if one does.
    pub fn recur(joined: bool, elements: usize) -> Body {
        Body::new(
            Reads::Sources,
            Combines::Steps(elements as u8),
            if joined { Writes::Joined } else { Writes::Results },
        )
    }

    /// So many elements into states in memory.
    pub fn steps(elements: usize) -> Body {
        Body::new(Reads::Sources, Combines::Into(elements as u8), Writes::States)
    }

    /// A run that is all there is to combine; the map that joins is done with its result, if one does.
    pub fn whole(joined: bool) -> Body {
        Body::new(Reads::Sources, Combines::Loop, Body::end(joined))
    }

    /// The same for a run of so few elements, without a loop.
    pub fn unrolled(elements: usize, joined: bool) -> Body {
        Body::new(Reads::Sources, Combines::Unrolled(elements as u16), Body::end(joined))
    }

    fn end(joined: bool) -> Writes {
        if joined { Writes::Joined } else { Writes::Results }
    }
}

/// An operand of a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OperandSpec {
    /// Where it comes from, if it is a source of the stage (or of the map that joins).
    pub source: Option<Source>,
    /// Its type.
    pub dtype: DType,
    /// What is done with it.
    pub role: Role,
}

impl OperandSpec {
    /// A source.
    pub fn of_source(program: &Program, (node, source): (NodeId, Source)) -> OperandSpec {
        OperandSpec { source: Some(source), dtype: program.graph.node(node).dtype, role: Role::In }
    }

    /// What is no source.
    pub fn plain(dtype: DType, role: Role) -> OperandSpec {
        OperandSpec { source: None, dtype, role }
    }

    /// Whether it is a number that follows from the point: a base, and a step for each axis.
    pub fn is_affine(&self) -> bool {
        self.source.is_some_and(Source::is_affine)
    }
}

/// The sources of the map that joins stage `at`, without the stage's own results.
pub fn joined_sources(program: &Program, at: usize) -> impl Iterator<Item = (NodeId, Source)> {
    let joins = program.stages[at].joins();
    let sources = joins.map_or(&[][..], |map| &program.stages[map].sources);
    sources.iter().copied().filter(move |(_, source)| source.stage() != Some(at))
}

/// The operands of a kernel of stage `at`, in order. After these come the steps of its affine operands ([`steps`]).
pub fn operands(program: &Program, at: usize, body: Body) -> SmallVec<[OperandSpec; 8]> {
    let (graph, stage) = (&program.graph, &program.stages[at]);
    let group = stage.group();
    let state = group.map_or(&[][..], |group| &group.state[..]);
    let dtype = |node: NodeId| graph.node(node).dtype;
    let mut specs = SmallVec::new();
    let mut add = |dtypes: &[DType], role| specs.extend(dtypes.iter().map(|&d| OperandSpec::plain(d, role)));
    match (body.reads, body.combines) {
        (Reads::Sources, Combines::Unrolled(n)) => {
            let arrays = stage.sources.iter().filter(|(_, source)| *source != Source::Position);
            let each = arrays.flat_map(|&s| std::iter::repeat_n(OperandSpec::of_source(program, s), n.into()));
            specs.extend(each);
        }
        (Reads::Sources, Combines::Steps(times)) => {
            let Work::Recur(of) = &stage.work else { unreachable!("a stage that is no scan by a function") };
            let all = || of.elements.iter().map(|&s| OperandSpec::of_source(program, s));
            specs.extend((0..times).flat_map(|_| all()));
            let states = graph.loops[of.index as usize].body.types();
            specs.extend(states.map(|dtype| OperandSpec::plain(dtype, Role::InOut)));
        }
        (Reads::Sources, combines) => {
            let all = || stage.sources.iter().map(|&s| OperandSpec::of_source(program, s));
            let times = if let Combines::Into(n) = combines { n } else { 1 };
            specs.extend((0..times).flat_map(|_| all()));
        }
        (Reads::States, Combines::Pairs) => {
            add(state, Role::In);
            add(state, Role::In);
        }
        (Reads::States, _) => add(state, Role::In),
    }
    let mut add = |dtypes: &[DType], role| specs.extend(dtypes.iter().map(|&d| OperandSpec::plain(d, role)));
    let times = if let Combines::Steps(n) = body.combines { n } else { 1 };
    match body.writes {
        Writes::States if body.combines == Combines::Extreme => add(&state[..1], Role::Out),
        Writes::States => add(state, if matches!(body.combines, Combines::Into(_)) { Role::InOut } else { Role::Out }),
        Writes::Stores => specs.extend(stage.stores().map(|node| OperandSpec::plain(dtype(node), Role::Out))),
        Writes::Results => (0..times).for_each(|_| {
            let nodes = stage.leaves();
            specs.extend(nodes.iter().map(|&node| OperandSpec::plain(dtype(node), Role::Out)));
        }),
        Writes::Joined => (0..times).for_each(|_| {
            specs.extend(joined_sources(program, at).map(|source| OperandSpec::of_source(program, source)));
            let stores = stage.joins().into_iter().flat_map(|map| program.stages[map].stores());
            specs.extend(stores.map(|node| OperandSpec::plain(dtype(node), Role::Out)));
        }),
    }
    specs
}

/// The affine operands' steps that are known at the call alone: operand and loop of each, in the order in which they stand behind
/// the other operands.
pub fn steps<'a>(specs: &'a [OperandSpec], layout: &'a Layout) -> impl Iterator<Item = (usize, usize)> + 'a {
    let affine = specs.iter().enumerate().filter(|&(o, spec)| layout.is_affine(o, spec));
    affine.flat_map(|(operand, _)| {
        let loops = (0..layout.loops).map(move |l| (operand, l));
        loops.filter(|&(operand, l)| layout.classes[operand * layout.loops + l] == Class::Any)
    })
}
