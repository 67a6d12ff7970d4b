//! Which axes of arguments and results can be cut together.
//!
//! Comes in: a typed graph, and the shapes of the arguments. Goes out: for each of their axes an index, as in Einstein's notation, or none. Always
//! holds: wherever the axes of one index are cut, alike in all arguments and results, pieces of the arguments give the pieces of the results. One loop
//! over the nodes.

use std::ops::Range;

use smallvec::SmallVec;

use super::api::Expr;
use super::core::{Arguments, Bound, Core};
use crate::array::arg::AsArgs;
use crate::array::view::Strided;
use crate::dtype::DType;
use crate::error::eval::EvalError;
use crate::plan::shape::{Shape, axis_set, broadcast, scanned_by};
use crate::types::InputType;
use crate::types::graph::{Graph, Input, Node, NodeId, NodeKind};

/// The indices of all axes. Made by [`Expr::indices`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Indices {
    /// For each argument, in the order of [`Expr::names`], the index of each axis (of strings without that of their bytes).
    pub arguments: Vec<Vec<Option<usize>>>,
    /// For each result the index of each axis.
    pub results: Vec<Vec<Option<usize>>>,
}

impl Expr {
    /// Which axes of arguments and results go together, so that a call can be cut into calls on pieces.
    ///
    /// Axes with the same index have the same length, and may be cut anywhere, all of them alike: a piece of a result is what the same pieces of the
    /// arguments give. An axis without an index is 1 long, or must be there as a whole: something is reduced or scanned along it, or it stands
    /// beside another axis of the same array. Nothing is run.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use tilexpr::{Expr, args};
    /// let (a, b) = (Array2::<f64>::zeros((3, 4)), [1.0; 4]);
    /// let found = Expr::compile("a + b, sum(a*b, axis=1)")?.indices(args![a, b])?;
    /// assert_eq!(found.arguments, [vec![Some(0), None], vec![None]]); // rows may be cut
    /// assert_eq!(found.results, [vec![Some(0), None], vec![Some(0)]]);
    /// assert_eq!(Expr::compile("a - mean(a)")?.indices(args![a])?.results, [[None, None]]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`outputs`](Expr::outputs).
    pub fn indices<'a>(&self, args: impl AsArgs<'a>) -> Result<Indices, EvalError> {
        let mut bound = Bound::new();
        self.core.bind(args.borrow(), &[], &mut bound)?;
        self.core.indices(&bound)
    }
}

impl Core {
    fn indices(&self, bound: &Arguments) -> Result<Indices, EvalError> {
        let typed = self.typed(bound)?;
        // (Says what is wrong with the shapes.)
        self.stage_shapes(&typed, bound)?;
        let graph = &typed.program.graph;
        let mut axes = Axes::default();
        let own = |(ty, array): &(InputType, Strided)| array.shape.len() - usize::from(ty.text.is_some());
        let arguments: Vec<Value> = bound.iter().map(|of| axes.argument(&of.1.shape[..own(of)])).collect();
        let mut values: Vec<Value> = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            let value = match node.kind {
                NodeKind::Input(at) => {
                    let Input { name, word, .. } = graph.inputs[at as usize];
                    let mut value = arguments[name as usize].clone();
                    // (Of strings without bytes all is read: none.)
                    if word.is_none() && bound[name as usize].0.text.is_some() {
                        value.push((0, None));
                    }
                    value
                }
                _ => axes.node(graph, node, &values),
            };
            values.push(value);
        }
        arguments.iter().chain(&values).for_each(|value| axes.keep_diagonals(value));
        // (Both parts of a complex result have its shape.)
        let result = |(_, parts): (DType, Range<usize>)| values[graph.outputs[parts.start].0 as usize].clone();
        let results: Vec<Value> = graph.results().map(result).collect();
        Ok(axes.number(&arguments, &results))
    }
}

/// An axis of a value: its length, and its label where it is not 1.
type Axis = (usize, Option<usize>);
/// A value: its axes, outermost first.
type Value = SmallVec<[Axis; 4]>;

/// Labels of axes, and what is known of them.
#[derive(Default)]
struct Axes {
    /// For each label the first one with which it goes together.
    first: Vec<usize>,
    /// For each label whether it must be there as a whole.
    whole: Vec<bool>,
}

impl Axes {
    fn label(&mut self, whole: bool) -> usize {
        self.first.push(self.first.len());
        self.whole.push(whole);
        self.first.len() - 1
    }

    fn argument(&mut self, shape: &[usize]) -> Value {
        shape.iter().map(|&length| (length, (length != 1).then(|| self.label(false)))).collect()
    }

    /// Notes that two go together.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first[a].min(self.first[b]), self.first[a].max(self.first[b]));
        self.first.iter_mut().filter(|first| **first == b).for_each(|first| *first = a);
        self.whole[a] |= self.whole[b];
    }

    fn keep_whole(&mut self, axes: impl Iterator<Item = Axis>) {
        axes.filter_map(|(_, label)| label).for_each(|label| {
            let first = self.first[label];
            self.whole[first] = true;
        });
    }

    /// Two axes of one value that go together cannot be cut: pieces would lie on its diagonal alone.
    fn keep_diagonals(&mut self, value: &Value) {
        for (at, &axis) in value.iter().enumerate() {
            let same =
                |other: &Axis| other.1.is_some() && other.1.map(|x| self.first[x]) == axis.1.map(|x| self.first[x]);
            if value[..at].iter().any(same) {
                self.keep_whole([axis].into_iter());
            }
        }
    }

    /// What the arguments of a node broadcast to.
    fn broadcast(&mut self, node: &Node, values: &[Value]) -> Value {
        let of = |arg: &NodeId| &values[arg.0 as usize];
        let rank = node.args.iter().map(|arg| of(arg).len()).max().unwrap_or(0);
        let mut all: Value = SmallVec::from_elem((1, None), rank);
        for value in node.args.iter().map(of) {
            for (mine, &theirs) in all[rank - value.len()..].iter_mut().zip(value) {
                match (mine.1, theirs.1) {
                    (Some(mine), Some(theirs)) => self.join(mine, theirs),
                    (None, Some(_)) => *mine = theirs,
                    _ => {}
                }
            }
        }
        all
    }

    /// The axes of what a node computes.
    fn node(&mut self, graph: &Graph, node: &Node, values: &[Value]) -> Value {
        if let (NodeKind::ScanWith { axis, .. }, Some(body)) = (&node.kind, graph.body_of(node)) {
            return self.scan_by(*axis, node.args.split_at(body.states), values);
        }
        let space = self.broadcast(node, values);
        let axes = space.iter().copied().enumerate();
        match &node.kind {
            NodeKind::Reduce { axes: over, keepdims, .. } => {
                let set = axis_set(over, space.len()).unwrap_or(u64::MAX);
                let gone = |at: usize| set >> at & 1 == 1;
                self.keep_whole(axes.clone().filter(|&(at, _)| gone(at)).map(|(_, axis)| axis));
                let left = axes.filter(|&(at, _)| *keepdims || !gone(at));
                left.map(|(at, axis)| if gone(at) { (1, None) } else { axis }).collect()
            }
            NodeKind::Count(over) => {
                let set = axis_set(over, space.len()).unwrap_or(u64::MAX);
                self.keep_whole(axes.filter(|&(at, _)| set >> at & 1 == 1).map(|(_, axis)| axis));
                Value::new()
            }
            NodeKind::Scan { axis: Some(along), .. } | NodeKind::Index(Some(along)) => {
                let at = if *along < 0 { i64::from(*along) + space.len() as i64 } else { i64::from(*along) };
                self.keep_whole(space.iter().copied().skip(at.max(0) as usize).take(1));
                space
            }
            NodeKind::Index(None) => {
                self.keep_whole(space.iter().copied());
                space
            }
            NodeKind::Scan { axis: None, .. } => {
                self.keep_whole(space.iter().copied());
                let length = space.iter().fold(1, |all: usize, axis| all.saturating_mul(axis.0));
                SmallVec::from_elem((length, Some(self.label(true))), 1)
            }
            NodeKind::Counts(below) => {
                self.keep_whole(space.iter().copied());
                SmallVec::from_elem((*below as usize, Some(self.label(true))), 1)
            }
            _ => space,
        }
    }

    /// The axes of a scan by a function: none is cut. (What its states begin with lies along other axes than what it runs over.)
    fn scan_by(&mut self, axis: i32, (starts, others): (&[NodeId], &[NodeId]), values: &[Value]) -> Value {
        let of = |arg: &NodeId| &values[arg.0 as usize];
        let shape = |arg: &NodeId| of(arg).iter().map(|axis| axis.0).collect::<Shape>();
        let mut elements = Shape::new();
        let fit = others.iter().all(|arg| broadcast(&mut elements, &shape(arg)));
        debug_assert!(fit, "shapes that have been checked");
        let starts: Vec<Shape> = starts
            .iter()
            .map(|arg| {
                self.keep_whole(of(arg).iter().copied());
                shape(arg)
            })
            .collect();
        others.iter().for_each(|arg| self.keep_whole(of(arg).iter().copied()));
        let shape = scanned_by(axis, &elements, starts.iter().map(|start| &start[..])).ok().flatten();
        shape.unwrap_or(elements).iter().map(|&length| (length, Some(self.label(true)))).collect()
    }

    /// Numbers the labels that can be cut, in the order of the arguments.
    fn number(&self, arguments: &[Value], results: &[Value]) -> Indices {
        let mut numbers = vec![None; self.first.len()];
        let mut next = 0;
        let mut number = |&(_, label): &Axis| {
            let first = self.first[label?];
            if self.whole[first] {
                return None;
            }
            Some(*numbers[first].get_or_insert_with(|| {
                next += 1;
                next - 1
            }))
        };
        let mut all = |values: &[Value]| values.iter().map(|value| value.iter().map(&mut number).collect()).collect();
        Indices { arguments: all(arguments), results: all(results) }
    }
}
