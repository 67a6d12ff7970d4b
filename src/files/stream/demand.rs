//! What must be there as a whole before other values can be computed piece by piece.
//!
//! Comes in: a typed graph, and the shapes of its inputs. Goes out: for results and reductions which nodes they are computed from, whether
//! those are cut or whole, and for which reductions they wait. Always holds: what is cut has the rows of the whole along its axis 0, and what
//! is made of it row by row, too; all else is whole. One loop over a stack or an arena, no recursion.
//!
//! Counting is a reduction over all axes here, and so is a scan one over its own axis: both need all elements along these axes for a result. (What
//! a scan leaves is as large as what it runs over, so a scan along other axes than the first one goes row by row.)

use std::collections::BTreeSet;

use crate::plan::shape::{Shape, axis_set, broadcast, reduced, scanned, scanned_by};
use crate::types::graph::{Axes, Graph, NodeId, NodeKind};

/// How a value is there while a piece is computed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// Rows of it: those of the piece.
    Cut,
    /// All of it.
    Whole,
}

/// What is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Root {
    /// A value, cut or whole.
    Value(NodeId, Mode),
    /// What a reduction combines: its arguments, cut where they have its rows.
    Elements(NodeId),
}

/// The nodes that something is computed from.
#[derive(Clone, PartialEq, Debug)]
pub struct Need {
    /// For each node whether it is needed cut, and whether whole.
    pub modes: Vec<[bool; 2]>,
    /// The reductions (counts, scans) whose results must be there before.
    pub waits: BTreeSet<NodeId>,
}

impl Need {
    /// Of this and of another as well.
    pub fn add(&mut self, other: &Need) {
        for (mine, theirs) in self.modes.iter_mut().zip(&other.modes) {
            mine[0] |= theirs[0];
            mine[1] |= theirs[1];
        }
        self.waits.extend(&other.waits);
    }
}

/// A graph with the shapes of its values.
pub struct Shaped<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// For each node its shape.
    pub shapes: Vec<Shape>,
    /// For each node the shape that its arguments broadcast to: of a reduction that which it runs over.
    pub spaces: Vec<Shape>,
    /// For each reduction (counting, scan) the axes that it runs over: bit `i` for axis `i`.
    pub axes: Vec<u64>,
}

impl<'a> Shaped<'a> {
    /// Works the shapes out; none where they do not fit together. `input` gives the shape of an input.
    pub fn new<'s>(graph: &'a Graph, input: impl Fn(u32) -> &'s [usize]) -> Option<Shaped<'a>> {
        let mut all = Shaped { graph, shapes: Vec::new(), spaces: Vec::new(), axes: Vec::new() };
        for node in &graph.nodes {
            let mut space = Shape::new();
            let is_number = matches!(node.kind, NodeKind::Count(_) | NodeKind::Position);
            // What the states of a scan begin with has other axes.
            let starts = match node.kind {
                NodeKind::ScanWith { .. } => graph.body_of(node).map_or(0, |body| body.states),
                _ => 0,
            };
            for arg in node.args.iter().skip(starts).filter(|_| !is_number) {
                if !broadcast(&mut space, &all.shapes[arg.0 as usize]) {
                    return None;
                }
            }
            let (mut shape, mut set) = (space.clone(), 0);
            match &node.kind {
                NodeKind::Input(at) => shape = Shape::from_slice(input(*at)),
                NodeKind::Reduce { axes, keepdims, .. } => {
                    set = axis_set(axes, space.len()).ok()?;
                    shape = reduced(&space, set, *keepdims);
                }
                NodeKind::Counts(bins) => {
                    set = axis_set(&Axes::All, space.len()).ok()?;
                    shape = Shape::from_slice(&[*bins as usize]);
                }
                kind @ (NodeKind::Scan { .. } | NodeKind::ScanWith { .. }) => {
                    let axis = kind.scan_axis().flatten();
                    shape = match axis.filter(|_| starts > 0) {
                        Some(axis) => {
                            let starts = node.args.iter().take(starts).map(|arg| &all.shapes[arg.0 as usize][..]);
                            scanned_by(axis, &space, starts).ok()??
                        }
                        None => scanned(axis, &space).ok()?,
                    };
                    let along = axis.filter(|_| !space.is_empty()).map(|axis| Axes::List([axis][..].into()));
                    set = axis_set(&along.unwrap_or(Axes::All), space.len()).ok()?;
                }
                _ => {}
            }
            all.shapes.push(shape);
            all.spaces.push(space);
            all.axes.push(set);
        }
        Some(all)
    }

    /// The shape of a node.
    pub fn shape(&self, node: NodeId) -> &[usize] {
        &self.shapes[node.0 as usize]
    }

    /// The shape that a reduction runs over.
    pub fn space(&self, node: NodeId) -> &[usize] {
        &self.spaces[node.0 as usize]
    }

    /// Whether a node needs other elements than those at its own place: a reduction, or what is computed as such is.
    pub fn combines(&self, node: NodeId) -> bool {
        let kind = &self.graph.node(node).kind;
        kind.scan_axis().is_some() || matches!(kind, NodeKind::Reduce { .. } | NodeKind::Counts(_))
    }

    /// Whether a reduction combines elements of different rows (or there are no rows).
    pub fn crosses_rows(&self, node: NodeId) -> bool {
        self.axes[node.0 as usize] & 1 == 1 || self.space(node).is_empty()
    }

    /// How a node needs one of its arguments, if it is itself needed so.
    pub fn mode_of(&self, arg: NodeId, of: NodeId, mode: Mode) -> Mode {
        let (shape, space) = (self.shape(arg), self.space(of));
        let has_rows = !space.is_empty() && shape.len() == space.len() && shape[0] == space[0];
        if mode == Mode::Cut && has_rows { Mode::Cut } else { Mode::Whole }
    }

    /// Whether the result of a node is taken as it is, once it is there: of a reduction that is not combined row by row.
    pub fn waits_for(&self, node: NodeId, mode: Mode) -> bool {
        self.combines(node) && (mode == Mode::Whole || self.crosses_rows(node))
    }

    /// What is needed for these.
    pub fn need(&self, roots: impl IntoIterator<Item = Root>) -> Need {
        let mut need = Need { modes: vec![[false; 2]; self.graph.nodes.len()], waits: BTreeSet::new() };
        let mut stack = Vec::new();
        let push_args = |stack: &mut Vec<(NodeId, Mode)>, node: NodeId, mode: Mode| {
            let args = &self.graph.node(node).args;
            stack.extend(args.iter().map(|&arg| (arg, self.mode_of(arg, node, mode))));
        };
        for root in roots {
            match root {
                Root::Value(node, mode) => stack.push((node, mode)),
                Root::Elements(node) => push_args(&mut stack, node, Mode::Cut),
            }
        }
        while let Some((node, mode)) = stack.pop() {
            if std::mem::replace(&mut need.modes[node.0 as usize][mode as usize], true) {
                continue;
            }
            if self.waits_for(node, mode) {
                need.waits.insert(node);
            } else if !matches!(self.graph.node(node).kind, NodeKind::Count(_)) {
                push_args(&mut stack, node, mode);
            }
        }
        need
    }

    /// How many elements a reduction over these axes of a node combines into one.
    pub fn count(&self, node: NodeId) -> i64 {
        let node = self.graph.node(node);
        let (NodeKind::Count(axes), Some(of)) = (&node.kind, node.args.first()) else { return 1 };
        let shape = self.shape(*of);
        let set = axis_set(axes, shape.len()).unwrap_or(0);
        let gone = shape.iter().enumerate().filter(|(axis, _)| set >> axis & 1 == 1);
        gone.fold(1, |n: i64, (_, &length)| n.saturating_mul(length as i64))
    }
}
