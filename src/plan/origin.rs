//! What nodes of a typed graph are made of.
//!
//! Comes in: nodes, arguments first. Goes out: for each whether it depends on one reduction over some axes alone, which
//! leaves fewer elements than there are points where the node is used.

use super::program::Source;
use crate::ir::Op;
use crate::types::graph::{Axes, Node, NodeKind};

/// What a node is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Constants and numbers that follow from shapes.
    Constant,
    /// The results of a stage of reductions over some axes, in one form, and constants.
    Reduction {
        /// The stage.
        stage: u32,
        /// Whether reduced axes stay.
        keepdims: bool,
        /// Whether operations of many cycles are between.
        costly: bool,
    },
    /// Arrays, or what comes from several of these.
    Arrays,
}

impl Origin {
    /// That of a node, from those of its arguments, and from where it comes if it is a leaf of later stages.
    pub fn of(node: &Node, made: Option<Source>, args: impl Iterator<Item = Origin>) -> Origin {
        match (&node.kind, made) {
            // An error is one of the points for which the value is asked, and there may be none.
            (NodeKind::Input(_) | NodeKind::Fault(_), _) => return Origin::Arrays,
            (NodeKind::Const(_) | NodeKind::Count(_) | NodeKind::Position, _) => return Origin::Constant,
            // What is left over all axes is one element: it is computed outside of loops anyway.
            (NodeKind::Reduce { axes: Axes::List(_), .. }, Some(Source::Temp { stage, keepdims, .. })) => {
                return Origin::Reduction { stage, keepdims, costly: false };
            }
            (NodeKind::Reduce { .. }, _) => return Origin::Arrays,
            _ => {}
        }
        match args.fold(Origin::Constant, Origin::and) {
            Origin::Reduction { stage, keepdims, costly } => {
                Origin::Reduction { stage, keepdims, costly: costly || is_costly(&node.kind) }
            }
            other => other,
        }
    }

    /// Of both.
    fn and(self, other: Origin) -> Origin {
        match (self, other) {
            (Origin::Constant, one) | (one, Origin::Constant) => one,
            (
                Origin::Reduction { stage, keepdims, costly },
                Origin::Reduction { stage: other, keepdims: too, costly: also },
            ) if stage == other && keepdims == too => Origin::Reduction { stage, keepdims, costly: costly || also },
            _ => Origin::Arrays,
        }
    }
}

fn is_costly(kind: &NodeKind) -> bool {
    match kind {
        NodeKind::Op(op) => matches!(op, Op::Div | Op::Sqrt | Op::FloorDiv | Op::FloorMod),
        NodeKind::Math(_) | NodeKind::Complex(..) | NodeKind::Patch(_) => true,
        _ => false,
    }
}
