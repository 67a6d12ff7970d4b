//! The typed graph: what an expression computes once the types of its inputs are known.
//!
//! Comes in: nodes, arguments before what uses them. Goes out: a directed acyclic graph in an arena, in which equal
//! nodes are one node. Its operations are the primitive ones of the kernel IR and the elementary functions, on arrays
//! of any shape that broadcast as NumPy's do; only `Reduce`, `Scan`, `ScanWith`, `Counts`, `Count` and `Index` look at shapes.

mod body;

use std::ops::Range;

pub use body::{Body, LoopBody};

use foldhash::HashMap;
use smallvec::SmallVec;

use crate::dtype::{DType, Scalar};
use crate::ir::{Helper, Monoid, Op};
use crate::math::Elementary;
use crate::math::complex::{Complex, Part};
use crate::math::random::Random;
use crate::syntax::ast::Span;

/// Index of a node in its [`Graph`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// The axes that a reduction runs over.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Axes {
    /// All.
    All,
    /// These, as written: negative ones count from the end. Checked against the rank when shapes are known.
    List(SmallVec<[i32; 4]>),
}

/// How a scan combines elements. Its operand and its result have one type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scan {
    /// Sum.
    Sum,
    /// Product.
    Prod,
    /// Least so far; NaN from the first NaN on.
    Min,
    /// Greatest so far; NaN from the first NaN on.
    Max,
    /// A part of the product of complex numbers.
    Product(Part),
}

impl Scan {
    /// The function that is called so.
    pub fn name(self) -> &'static str {
        match self {
            Scan::Sum => "cumsum",
            Scan::Prod | Scan::Product(_) => "cumprod",
            Scan::Min => "cummin",
            Scan::Max => "cummax",
        }
    }
}

/// What a node computes.
#[derive(Clone, PartialEq, Debug)]
pub enum NodeKind {
    /// An input: index into [`Graph::inputs`].
    Input(u32),
    /// A constant.
    Const(Scalar),
    /// An elementwise operation; `convert` and `bitcast` name the node's own type.
    Op(Op),
    /// An elementary function of floats.
    Math(Elementary),
    /// A part of an elementary function of complex numbers. Arguments: real part, imaginary part, of one after the other.
    Complex(Complex, Part),
    /// Arguments: key, counter, both `u64`.
    Random(Random),
    /// Arguments: mask, fast, then the helper's own. See [`crate::ir::Inst::Patch`].
    Patch(&'static Helper),
    /// Arguments: mask, value. The value, and an error where the mask is set: index into [`Graph::faults`].
    Fault(u32),
    /// Arguments: the monoid's. The finished result of the reduction.
    Reduce {
        /// How elements are combined.
        monoid: &'static Monoid,
        /// Over which axes.
        axes: Axes,
        /// Whether reduced axes stay, with length 1.
        keepdims: bool,
    },
    /// Arguments: what is scanned; of a product of complex numbers its real and its imaginary part. For each element, in logical order, what
    /// it and all before it come to: along this axis, or if there is none of all elements as one axis.
    Scan {
        /// How elements are combined.
        scan: Scan,
        /// Along which axis: negative ones count from the end.
        axis: Option<i32>,
    },
    /// Argument: numbers, as `u32`; then scalars that they are computed with. How often there is each number below this one, as `i64`: an array of one axis.
    Counts(u32),
    /// Arguments: what the states begin with, the greatest number of steps (an `i64`), then what the body captures. A state with which a loop ends that
    /// goes on at each point while the body's condition holds. Nodes of the same arguments and body are the states of one loop.
    Loop {
        /// The body: index into [`Graph::loops`].
        index: u32,
        /// Which state.
        part: u8,
    },
    /// Arguments: what the states begin with, what is scanned, then what the body captures. For each element along the axis a state after the
    /// body's step for it. What is scanned and captured broadcasts to one shape; what the states begin with over the axes of that but this one.
    ScanWith {
        /// The body: index into [`Graph::loops`].
        index: u32,
        /// Which state.
        part: u8,
        /// Along which axis: negative ones count from the end.
        axis: i32,
        /// Whether the last element comes first.
        reverse: bool,
    },
    /// What a loop passes from step to step, while its body is built. Not in a graph that is finished.
    Param(u32),
    /// Where an element stands among those that a reduction combines, in logical order, as `i64`: an argument of `Reduce` alone,
    /// of any shape.
    Position,
    /// Argument: any node, of which nothing but the shape is asked. At each point where it stands along this axis (negative ones count from the
    /// end), or if there is none among all elements in C order; from 0 on, as `i64`.
    Index(Option<i32>),
    /// Argument: any node. How many elements a reduction of it over these axes combines into one, as `i64`; rank 0.
    Count(Axes),
}

impl NodeKind {
    /// Along which axis a scan runs, if this is one: none means all elements as one axis.
    pub fn scan_axis(&self) -> Option<Option<i32>> {
        match *self {
            NodeKind::Scan { axis, .. } => Some(axis),
            NodeKind::ScanWith { axis, .. } => Some(Some(axis)),
            _ => None,
        }
    }

    /// Whether a result is made of the elements at its own place alone, by one operation.
    pub fn is_elementwise(&self) -> bool {
        match self {
            NodeKind::Input(_)
            | NodeKind::Const(_)
            | NodeKind::Op(_)
            | NodeKind::Math(_)
            | NodeKind::Complex(..)
            | NodeKind::Random(_)
            | NodeKind::Patch(_)
            | NodeKind::Fault(_)
            | NodeKind::Param(_) => true,
            NodeKind::Reduce { .. }
            | NodeKind::Scan { .. }
            | NodeKind::ScanWith { .. }
            | NodeKind::Loop { .. }
            | NodeKind::Counts(_)
            | NodeKind::Position
            | NodeKind::Index(_)
            | NodeKind::Count(_) => false,
        }
    }

    /// How many instructions it is lowered to, about.
    pub fn operations(&self) -> usize {
        match self {
            NodeKind::Math(function) => function.operations(),
            NodeKind::Complex(function, _) => function.operations(),
            NodeKind::Random(random) => random.operations(),
            _ => 1,
        }
    }
}

/// A node.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// What it computes.
    pub kind: NodeKind,
    /// From what.
    pub args: SmallVec<[NodeId; 3]>,
    /// The type of the result.
    pub dtype: DType,
    /// Where in the text it comes from (the first place, where several share it).
    pub span: Span,
}

/// Some bytes of each of an array's strings: as many as the type of the input has, from this one on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Word {
    /// The first of them.
    pub at: usize,
}

/// An input of the graph.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Input {
    /// Its index among the expression's free names.
    pub name: u32,
    /// The type as which it is read; of a complex one that of its parts.
    pub dtype: DType,
    /// Which part of a complex number it is.
    pub part: Option<Part>,
    /// Which bytes of a string, as an unsigned integer of the type.
    pub word: Option<Word>,
    /// Where the bytes of its elements lie in the other order than the machine's, the type that they are then made.
    pub swapped: Option<DType>,
}

/// A bare integer argument that must be in the range of a type, or the result would be wrong.
#[derive(Clone, PartialEq, Debug)]
pub struct RangeCheck {
    /// Index among the expression's free names.
    pub name: u32,
    /// The type whose range it must be in.
    pub dtype: DType,
    /// Where the two meet.
    pub span: Span,
}

/// What can be wrong with data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FaultKind {
    /// An integer to a negative integer power.
    NegativePower,
    /// What was computed from bare integer arguments alone, and the type of its partner does not hold.
    OutOfRange,
    /// The bounds of a histogram that are none.
    Bounds,
    /// More steps of a loop than the limit allows.
    Iterations,
    /// A range of random integers that has none.
    EmptyRange,
}

/// An error of the run: what, where, and what to write instead.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Where in the text.
    pub span: Span,
    /// In which call of a function of the text, as the end of a message; empty outside of one.
    pub call: String,
    /// What to do about it.
    pub help: String,
}

/// A typed graph.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Graph {
    /// All nodes, arguments first.
    pub nodes: Vec<Node>,
    /// The inputs that are used.
    pub inputs: Vec<Input>,
    /// The results: one node for a real one, two for a complex one.
    pub outputs: Vec<NodeId>,
    /// The types of the results, as the caller sees them.
    pub results: Vec<DType>,
    /// What must hold of bare integer arguments at each call.
    pub range_checks: Vec<RangeCheck>,
    /// What its nodes of the kind `Fault` report, and its loops.
    pub faults: Vec<Fault>,
    /// What its loops do.
    pub loops: Vec<LoopBody>,
}

impl Graph {
    /// The node with this id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}

impl Graph {
    /// For each result its type, and which of the outputs are its parts.
    pub fn results(&self) -> impl Iterator<Item = (DType, Range<usize>)> {
        let mut at = 0;
        self.results.iter().map(move |&dtype| {
            let parts = if dtype.is_complex() { 2 } else { 1 };
            at += parts;
            (dtype, at - parts..at)
        })
    }
}

/// What makes two nodes the same.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Input(u32),
    Const(Scalar),
    Op(Op, DType),
    Math(Elementary),
    Complex(Complex, Part),
    Random(Random),
    Patch(&'static str),
    Fault(FaultKind),
    Reduce(&'static str, Axes, bool),
    Scan(Scan, Option<i32>),
    Counts(u32),
    Loop(u32, u8),
    ScanWith(u32, u8, i32, bool),
    Param(u32),
    Position,
    Index(Option<i32>),
    Count(Axes),
}

/// Builds a [`Graph`], sharing equal nodes (`a*b` and `b*a` too).
#[derive(Default)]
pub struct GraphBuilder {
    graph: Graph,
    /// What else than nodes the graph has cost, counted as nodes.
    beside: usize,
    /// For each input so far, which.
    places: HashMap<Input, u32>,
    memo: HashMap<(Key, SmallVec<[NodeId; 3]>), NodeId>,
    /// Parameters of loops so far.
    params: u32,
    /// For each body of a loop so far, by its text, which.
    bodies: HashMap<String, u32>,
}

impl GraphBuilder {
    /// The node with this id.
    pub fn node(&self, id: NodeId) -> &Node {
        self.graph.node(id)
    }

    /// The type of a node.
    pub fn dtype(&self, id: NodeId) -> DType {
        self.graph.node(id).dtype
    }

    /// The input for a free name; the same node each time.
    pub fn input(&mut self, input: Input, span: Span) -> NodeId {
        let (inputs, dtype) = (&mut self.graph.inputs, input.dtype);
        let at = *self.places.entry(input.clone()).or_insert_with(|| {
            inputs.push(input);
            inputs.len() as u32 - 1
        });
        self.add(NodeKind::Input(at), &[], dtype, span)
    }

    /// How large the graph is, in operations.
    pub fn size(&self) -> usize {
        self.graph.nodes.len().saturating_add(self.beside)
    }

    /// Counts operations that a node is lowered to, or was evaluated by.
    pub fn count(&mut self, operations: usize) {
        self.beside = self.beside.saturating_add(operations);
    }

    /// The index of the free name that a node is, if it is an input.
    pub fn input_name(&self, id: NodeId) -> Option<u32> {
        match self.graph.node(id).kind {
            NodeKind::Input(at) => self.graph.inputs.get(at as usize).map(|input| input.name),
            _ => None,
        }
    }

    /// The same, or that of which a node has the bits in the other order.
    pub fn source_name(&self, id: NodeId) -> Option<u32> {
        let mut id = id;
        while let (NodeKind::Op(Op::SwapBytes | Op::Bitcast | Op::Convert), &[of]) =
            (&self.graph.node(id).kind, &self.graph.node(id).args[..])
        {
            id = of;
        }
        self.input_name(id)
    }

    /// A constant.
    pub fn constant(&mut self, c: impl Into<Scalar>, span: Span) -> NodeId {
        let c = c.into();
        self.add(NodeKind::Const(c), &[], c.dtype(), span)
    }

    /// Notes that a bare integer argument must be in a type's range.
    pub fn range_check(&mut self, name: u32, dtype: DType, span: Span) {
        if !self.graph.range_checks.iter().any(|c| c.name == name && c.dtype == dtype) {
            self.graph.range_checks.push(RangeCheck { name, dtype, span });
        }
    }

    /// The value, and an error where the mask is set; the same node, and the place of the first, where these are the same.
    pub fn fault(&mut self, mask: NodeId, value: NodeId, fault: Fault) -> NodeId {
        let (number, nodes) = (self.graph.faults.len(), self.graph.nodes.len());
        let (dtype, span) = (self.dtype(value), fault.span);
        self.graph.faults.push(fault);
        let id = self.add(NodeKind::Fault(number as u32), &[mask, value], dtype, span);
        if self.graph.nodes.len() == nodes {
            self.graph.faults.pop();
        }
        id
    }

    /// How many errors of the run there are so far.
    pub fn faults(&self) -> usize {
        self.graph.faults.len()
    }

    /// Notes of those from `first` on in which call they are.
    pub fn in_call(&mut self, first: usize, call: &str) {
        self.graph.faults.iter_mut().skip(first).for_each(|fault| fault.call = call.to_string());
    }

    /// A node, shared with an equal one.
    pub fn add(&mut self, kind: NodeKind, args: &[NodeId], dtype: DType, span: Span) -> NodeId {
        let mut args = SmallVec::<[NodeId; 3]>::from_slice(args);
        let key = match &kind {
            NodeKind::Input(i) => Key::Input(*i),
            NodeKind::Const(c) => Key::Const(*c),
            NodeKind::Op(op) => {
                if op.row().commutes {
                    args.sort();
                }
                Key::Op(*op, dtype)
            }
            NodeKind::Math(function) => Key::Math(*function),
            NodeKind::Complex(function, part) => Key::Complex(*function, *part),
            NodeKind::Random(random) => Key::Random(*random),
            NodeKind::Patch(helper) => Key::Patch(helper.name),
            NodeKind::Fault(number) => Key::Fault(self.graph.faults[*number as usize].kind),
            NodeKind::Reduce { monoid, axes, keepdims } => Key::Reduce(&monoid.name, axes.clone(), *keepdims),
            NodeKind::Scan { scan, axis } => Key::Scan(*scan, *axis),
            NodeKind::Counts(bins) => Key::Counts(*bins),
            &NodeKind::Loop { index, part } => Key::Loop(index, part),
            &NodeKind::ScanWith { index, part, axis, reverse } => Key::ScanWith(index, part, axis, reverse),
            NodeKind::Param(number) => Key::Param(*number),
            NodeKind::Position => Key::Position,
            NodeKind::Index(axis) => Key::Index(*axis),
            NodeKind::Count(axes) => Key::Count(axes.clone()),
        };
        let graph = &mut self.graph;
        *self.memo.entry((key, args.clone())).or_insert_with(|| {
            graph.nodes.push(Node { kind, args, dtype, span });
            NodeId(graph.nodes.len() as u32 - 1)
        })
    }

    /// The graph with these results, of these types, without what they do not need.
    pub fn finish(self, outputs: &[NodeId], results: Vec<DType>) -> Graph {
        let old = self.graph;
        let mut needed = vec![false; old.nodes.len()];
        for o in outputs {
            needed[o.0 as usize] = true;
        }
        for at in (0..old.nodes.len()).rev() {
            if needed[at] {
                for a in &old.nodes[at].args {
                    needed[a.0 as usize] = true;
                }
            }
        }
        let mut new = Graph { range_checks: old.range_checks, results, ..Graph::default() };
        let mut loops = HashMap::default();
        let mut renamed = vec![NodeId(0); needed.len()];
        for (at, mut node) in old.nodes.into_iter().enumerate() {
            if !needed[at] {
                continue;
            }
            for a in &mut node.args {
                *a = renamed[a.0 as usize];
            }
            match &mut node.kind {
                NodeKind::Input(i) => {
                    new.inputs.push(old.inputs[*i as usize].clone());
                    *i = new.inputs.len() as u32 - 1;
                }
                NodeKind::Fault(number) => {
                    new.faults.push(old.faults[*number as usize].clone());
                    *number = new.faults.len() as u32 - 1;
                }
                NodeKind::Loop { index, .. } | NodeKind::ScanWith { index, .. } => {
                    let LoopBody { body, faults } = &old.loops[*index as usize];
                    *index = *loops.entry(*index).or_insert_with(|| {
                        let first = new.faults.len() as u32;
                        let own = (*faults as usize)..*faults as usize + body.graph.faults.len();
                        new.faults.extend_from_slice(&old.faults[own]);
                        new.loops.push(LoopBody { body: body.clone(), faults: first });
                        new.loops.len() as u32 - 1
                    });
                }
                _ => {}
            }
            renamed[at] = NodeId(new.nodes.len() as u32);
            new.nodes.push(node);
        }
        new.outputs = outputs.iter().map(|o| renamed[o.0 as usize]).collect();
        new
    }
}
