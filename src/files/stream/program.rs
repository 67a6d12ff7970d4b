//! The program of a pass: what is computed of each piece.
//!
//! Comes in: a graph and a pass. Goes out: a typed program whose inputs are slots (a file, an argument, the result of an earlier pass; cut or
//! whole) and whose outputs are what the pass gives. Always holds: operations are those of the graph; numbers that follow from shapes are those of
//! the whole.

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use super::demand::{Mode, Shaped};
use super::passes::{Cut, Gives, Pass, monoid};
use crate::dtype::DType;
use crate::error::eval::EvalError;
use crate::expr::core::{Core, Typed};
use crate::ir::Monoid;
use crate::types::InputType;
use crate::types::graph::{Axes, Graph, GraphBuilder, Input, NodeId, NodeKind};

/// Where an input of a pass comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// What stands for the name of this number.
    Name(u32),
    /// The result of a reduction of an earlier pass.
    Value(NodeId),
}

/// An input of a pass.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Where it comes from.
    pub origin: Origin,
    /// Whether it comes piece by piece.
    pub mode: Mode,
    /// Its type.
    pub of: InputType,
}

/// An output of a pass.
#[derive(Clone, PartialEq, Debug)]
pub struct Output {
    /// Its type.
    pub dtype: DType,
    /// Its shape; along axis 0 it is as long as the piece, if it has rows.
    pub shape: SmallVec<[usize; 6]>,
    /// Whether it has the rows, or elements, of a piece.
    pub has_rows: bool,
}

/// A program, and what it gives, one after the other.
pub struct Computed {
    /// The program.
    pub typed: Arc<Typed>,
    /// Its outputs.
    pub outputs: Vec<Output>,
}

/// What is computed of each piece.
pub struct Programs {
    /// The inputs.
    pub slots: Vec<Slot>,
    /// What is computed of them.
    pub first: Computed,
    /// For each thing that the pass gives its outputs (of `Staged`: those of `combined`).
    pub given: Vec<Range<usize>>,
    /// What is made of those outputs in turn, where rows are put together again: the reductions of runs of elements.
    pub combined: Option<Computed>,
}

/// Builds graphs.
struct Maker<'a> {
    shaped: &'a Shaped<'a>,
    pass: &'a Pass,
    builder: GraphBuilder,
    slots: Vec<Slot>,
    /// For each node what it is here, cut and whole.
    nodes: Vec<[Option<NodeId>; 2]>,
    /// The types of the arguments, name by name.
    signature: &'a [InputType],
}

/// The programs of a pass.
///
/// # Errors
/// Where they would be larger than the limits allow.
pub fn programs(core: &Core, shaped: &Shaped, signature: &[InputType], pass: &Pass) -> Result<Programs, EvalError> {
    let nodes = vec![[None; 2]; shaped.graph.nodes.len()];
    let (builder, slots) = (GraphBuilder::default(), Vec::new());
    let mut maker = Maker { shaped, pass, builder, slots, nodes, signature };
    for at in 0..shaped.graph.nodes.len() {
        for mode in [Mode::Cut, Mode::Whole] {
            if pass.need.modes[at][mode as usize] {
                maker.nodes[at][mode as usize] = Some(maker.node(NodeId(at as u32), mode));
            }
        }
    }
    let staged = matches!(pass.cut, Cut::Staged { .. });
    let (mut roots, mut outputs, mut given) = (Vec::new(), Vec::new(), Vec::new());
    for gives in &pass.gives {
        let first = outputs.len();
        for (nodes, output) in if staged { maker.elements(gives) } else { maker.given(gives) } {
            roots.extend(nodes);
            outputs.push(output);
        }
        given.push(first..outputs.len());
    }
    let Maker { builder, slots, .. } = maker;
    let graph = builder.finish(&roots, outputs.iter().map(|output| output.dtype).collect());
    let typed = core.typed_graph(graph, slots.iter().map(|slot| slot.of).collect())?;
    let mut all = Programs { slots, first: Computed { typed, outputs }, given, combined: None };
    if staged {
        combine(core, shaped, pass, &mut all)?;
    }
    Ok(all)
}

/// Puts reductions of what a staged pass gives behind it.
fn combine(core: &Core, shaped: &Shaped, pass: &Pass, all: &mut Programs) -> Result<(), EvalError> {
    let mut builder = GraphBuilder::default();
    let (mut roots, mut outputs) = (Vec::new(), Vec::new());
    for (gives, given) in pass.gives.iter().zip(&mut all.given) {
        let Gives::Combined(node) = *gives else { continue };
        let span = shaped.graph.node(node).span;
        let input = |at: usize| Input {
            name: at as u32,
            dtype: all.first.outputs[at].dtype,
            part: None,
            word: None,
            swapped: None,
        };
        let inputs = given.clone().map(|at| builder.input(input(at), span));
        let args: SmallVec<[NodeId; 3]> = inputs.collect();
        let first = outputs.len();
        let Cut::Staged { axes } = pass.cut else { continue };
        for component in components(shaped, node) {
            // The axes that are combined have become one.
            let kind =
                NodeKind::Reduce { monoid: component, axes: Axes::List(SmallVec::from_slice(&[0])), keepdims: false };
            roots.push(builder.add(kind, &args, component.result(), span));
            let shape = SmallVec::from_slice(&shaped.space(node)[axes..]);
            outputs.push(Output { dtype: component.result(), shape, has_rows: false });
        }
        *given = first..outputs.len();
    }
    let graph = builder.finish(&roots, outputs.iter().map(|output| output.dtype).collect());
    let signature = all.first.outputs.iter().map(|output| InputType::strong(output.dtype)).collect();
    all.combined = Some(Computed { typed: core.typed_graph(graph, signature)?, outputs });
    Ok(())
}

/// The reductions that give the state of one.
fn components(shaped: &Shaped, node: NodeId) -> SmallVec<[&'static Monoid; 2]> {
    monoid(shaped, node).and_then(Monoid::components).unwrap_or_default()
}

/// What is given: the nodes of its parts, and how it is given out.
type Given = Vec<(SmallVec<[NodeId; 2]>, Output)>;

impl Maker<'_> {
    /// What a node of the whole graph is here.
    fn at(&self, node: NodeId, mode: Mode) -> NodeId {
        self.nodes[node.0 as usize][mode as usize].unwrap_or(NodeId(0))
    }

    /// The arguments of a node, as it needs them.
    fn args(&self, node: NodeId, mode: Mode) -> SmallVec<[NodeId; 3]> {
        let args = self.shaped.graph.node(node).args.iter();
        args.map(|&arg| self.at(arg, self.shaped.mode_of(arg, node, mode))).collect()
    }

    /// Adds a node.
    fn node(&mut self, id: NodeId, mode: Mode) -> NodeId {
        let Graph { inputs, faults, .. } = self.shaped.graph;
        let node = self.shaped.graph.node(id);
        if self.shaped.waits_for(id, mode) {
            let input = Input { name: 0, dtype: node.dtype, part: None, word: None, swapped: None };
            return self.input(Origin::Value(id), mode, InputType::strong(node.dtype), input, id);
        }
        match &node.kind {
            NodeKind::Input(at) => {
                let input = inputs[*at as usize].clone();
                let of = self.signature[input.name as usize];
                self.input(Origin::Name(input.name), mode, of, input, id)
            }
            NodeKind::Count(_) => self.builder.constant(self.shaped.count(id), node.span),
            NodeKind::Fault(number) => {
                let args = self.args(id, mode);
                self.builder.fault(args[0], args[1], faults[*number as usize].clone())
            }
            kind => {
                let args = self.args(id, mode);
                self.builder.copy(self.shaped.graph, (kind, &args), node.dtype, node.span)
            }
        }
    }

    /// An input, of a slot that there may be already.
    fn input(&mut self, origin: Origin, mode: Mode, of: InputType, input: Input, id: NodeId) -> NodeId {
        let found = self.slots.iter().position(|slot| (slot.origin, slot.mode) == (origin, mode));
        let at = found.unwrap_or_else(|| {
            self.slots.push(Slot { origin, mode, of });
            self.slots.len() - 1
        });
        self.builder.input(Input { name: at as u32, ..input }, self.shaped.graph.node(id).span)
    }

    /// What a pass gives that is not staged.
    fn given(&mut self, gives: &Gives) -> Given {
        let (shaped, flat) = (self.shaped, matches!(self.pass.cut, Cut::Flat { .. }));
        let with_rows = |dtype, node| {
            let shape: &[usize] = if flat { &[self.pass.extent] } else { shaped.shape(node) };
            Output { dtype, shape: SmallVec::from_slice(shape), has_rows: self.pass.cut != Cut::Not }
        };
        match *gives {
            Gives::Result(at) => {
                let (dtype, outputs) = shaped.graph.results().nth(at).unwrap_or((DType::F64, 0..0));
                let nodes = &shaped.graph.outputs[outputs];
                let output = nodes.first().map(|&node| with_rows(dtype, node));
                let mode = if self.pass.cut == Cut::Not { Mode::Whole } else { Mode::Cut };
                let nodes = nodes.iter().map(|&node| self.at(node, mode)).collect();
                output.map(|output| (nodes, output)).into_iter().collect()
            }
            Gives::Collected(node) if self.pass.cut == Cut::Not => {
                let Graph { nodes, .. } = shaped.graph;
                let args = self.args(node, Mode::Whole);
                let of = &nodes[node.0 as usize];
                let id = self.builder.copy(self.shaped.graph, (&of.kind, &args), of.dtype, of.span);
                let output = Output { dtype: of.dtype, shape: shaped.shape(node).into(), has_rows: false };
                vec![(SmallVec::from_slice(&[id]), output)]
            }
            Gives::Collected(node) => {
                let output = with_rows(shaped.graph.node(node).dtype, node);
                vec![(SmallVec::from_slice(&[self.at(node, Mode::Cut)]), output)]
            }
            Gives::Combined(node) => self.combined(node, flat),
        }
    }

    /// The reductions that give the state of one over rows; the counts of a piece.
    fn combined(&mut self, node: NodeId, flat: bool) -> Given {
        let shaped = self.shaped;
        let (args, span) = (self.args(node, Mode::Cut), shaped.graph.node(node).span);
        let axes = match &shaped.graph.node(node).kind {
            NodeKind::Reduce { axes, .. } => axes,
            NodeKind::Counts(bins) => {
                let id = self.builder.add(NodeKind::Counts(*bins), &args, DType::I64, span);
                let output = Output { dtype: DType::I64, shape: shaped.shape(node).into(), has_rows: false };
                return vec![(SmallVec::from_slice(&[id]), output)];
            }
            _ => return Vec::new(),
        };
        let shape = crate::plan::shape::reduced(self.shaped.space(node), self.shaped.axes[node.0 as usize], false);
        let one = |monoid: &'static Monoid| {
            // Of a pair of an element and where it stands the best element is combined of the first alone.
            let args = &args[..monoid.args.len().min(args.len())];
            let axes = if flat { Axes::All } else { axes.clone() };
            let kind = NodeKind::Reduce { monoid, axes, keepdims: false };
            let id = self.builder.add(kind, args, monoid.result(), span);
            let output = Output { dtype: monoid.result(), shape: shape.clone(), has_rows: false };
            (SmallVec::from_slice(&[id]), output)
        };
        components(self.shaped, node).into_iter().map(one).collect()
    }

    /// What a reduction of a staged pass combines.
    fn elements(&mut self, gives: &Gives) -> Given {
        let Gives::Combined(node) = *gives else { return Vec::new() };
        let args = &self.shaped.graph.node(node).args;
        let one = |&arg: &NodeId| {
            let mode = self.shaped.mode_of(arg, node, Mode::Cut);
            let dtype = self.shaped.graph.node(arg).dtype;
            let output = Output { dtype, shape: self.shaped.space(node).into(), has_rows: true };
            (SmallVec::from_slice(&[self.at(arg, mode)]), output)
        };
        args.iter().map(one).collect()
    }
}
