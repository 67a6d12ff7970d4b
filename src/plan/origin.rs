//! What nodes of a typed graph are made of.
//!
//! Comes in: nodes, arguments first. Goes out: for each whether it depends on one reduction over some axes alone, or on arrays
//! that are long along some axes alone: there are then fewer elements of it than points where it is used.

use super::source::Source;
use crate::types::graph::{Axes, Node, NodeKind};

/// What a node is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Constants and numbers that follow from shapes.
    Constant,
    /// The elements of something that has few of them, and constants.
    Few {
        /// Of what.
        of: Few,
        /// Whether operations of many cycles are between.
        costly: bool,
    },
    /// Several of these, with arrays among them that are long along these axes.
    Mixed { axes: u64 },
}

/// What has fewer elements than there are points, as far as is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Few {
    /// The results of a stage of reductions over some axes, in one form: whether reduced axes stay.
    Reduction { stage: u32, keepdims: bool },
    /// Arrays that are long along these axes, counted from the last (bit 0), and no others.
    Arrays { axes: u64 },
}

impl Origin {
    /// That of a node (and whether it may raise an error of the data), from those of its arguments, and from where it comes if it is a leaf of later stages. `long` says along
    /// which axes an input is long.
    pub fn of(
        (node, may_fault): (&Node, bool),
        made: Option<Source>,
        long: impl Fn(u32) -> u64,
        args: impl Iterator<Item = Origin>,
    ) -> Origin {
        let few = |of| Origin::Few { of, costly: false };
        match (&node.kind, made) {
            (NodeKind::Input(input), _) => return few(Few::Arrays { axes: long(*input) }),
            (NodeKind::Const(_) | NodeKind::Count(_) | NodeKind::Position, _) => return Origin::Constant,
            (NodeKind::Reduce { axes: Axes::List(_), .. }, Some(Source::Temp { stage, keepdims, .. })) => {
                return few(Few::Reduction { stage, keepdims });
            }
            // It is as long as its operand, or all of that as one axis.
            (kind @ (NodeKind::Scan { .. } | NodeKind::ScanWith { .. }), _) => {
                let of = args.fold(Origin::Constant, Origin::and);
                return few(match (kind.scan_axis().flatten(), of) {
                    (Some(_), Origin::Few { of: of @ Few::Arrays { .. }, .. }) => of,
                    _ => Few::Arrays { axes: u64::MAX },
                });
            }
            (NodeKind::Counts(_), _) => return few(Few::Arrays { axes: u64::MAX }),
            // It is as long as what lends it the shape.
            (NodeKind::Index(_), _) => {
                return few(match args.fold(Origin::Constant, Origin::and) {
                    Origin::Few { of: of @ Few::Arrays { .. }, .. } => of,
                    _ => Few::Arrays { axes: u64::MAX },
                });
            }
            // What is left over all axes is one element.
            (NodeKind::Reduce { .. }, _) => return few(Few::Arrays { axes: 0 }),
            _ => {}
        }
        match args.fold(Origin::Constant, Origin::and) {
            // An error is one of the points for which the value is asked, and there may be none.
            Origin::Few { of, .. } if may_fault => Origin::Mixed { axes: of.axes() },
            Origin::Few { of, costly } => Origin::Few { of, costly: costly || is_costly(&node.kind) },
            other => other,
        }
    }

    /// Of both.
    fn and(self, other: Origin) -> Origin {
        use Few::Arrays;
        match (self, other) {
            (Origin::Constant, one) | (one, Origin::Constant) => one,
            (Origin::Few { of, costly }, Origin::Few { of: other, costly: also }) => match (of, other) {
                (Arrays { axes: a }, Arrays { axes: b }) => {
                    Origin::Few { of: Arrays { axes: a | b }, costly: costly || also }
                }
                _ if of == other => Origin::Few { of, costly: costly || also },
                // A single element makes no more of them.
                (of @ Few::Reduction { .. }, Arrays { axes: 0 }) | (Arrays { axes: 0 }, of @ Few::Reduction { .. }) => {
                    Origin::Few { of, costly: costly || also }
                }
                _ => Origin::Mixed { axes: of.axes() | other.axes() },
            },
            _ => Origin::Mixed { axes: self.axes() | other.axes() },
        }
    }

    /// Along which axes the arrays are long.
    pub fn axes(self) -> u64 {
        match self {
            Origin::Constant => 0,
            Origin::Few { of, .. } => of.axes(),
            Origin::Mixed { axes } => axes,
        }
    }
}

impl Few {
    /// Along which axes the arrays are long.
    fn axes(self) -> u64 {
        match self {
            Few::Reduction { .. } => 0,
            Few::Arrays { axes } => axes,
        }
    }
}

/// Whether a node takes many cycles.
pub fn is_costly(kind: &NodeKind) -> bool {
    match kind {
        NodeKind::Op(op) => op.is_costly(),
        NodeKind::Math(_)
        | NodeKind::Complex(..)
        | NodeKind::Random(_)
        | NodeKind::Patch(_)
        | NodeKind::Loop { .. } => true,
        _ => false,
    }
}
