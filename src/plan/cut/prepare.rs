//! What is computed beforehand, once for each of few elements.
//!
//! Comes in: the nodes that a stage is to compute at each of many points. Goes out: stages before it, for what these nodes are made of and depends
//! on fewer elements alone.

use super::super::origin::{Few, Origin};
use super::super::program::Work;
use super::super::source::Source;
use super::{Cut, PREPARED};
use crate::types::graph::NodeId;

impl Cut<'_> {
    /// Of what these nodes are made of, computes beforehand what would be computed at each of their points, though it depends
    /// on fewer elements alone: those that a reduction over some axes has left, or those of arrays that are not long along all
    /// axes.
    pub(super) fn prepare(&mut self, roots: &[NodeId]) -> Option<()> {
        let origins = || roots.iter().map(|root| self.origins[root.0 as usize]);
        let full = origins().fold(0, |axes, origin| axes | origin.axes());
        let known = !self.shapes.long.is_empty();
        let may_hold = |origin| match origin {
            Origin::Few { of: Few::Arrays { .. }, costly } => costly && known,
            Origin::Constant | Origin::Few { .. } => false,
            Origin::Mixed { .. } => true,
        };
        if !origins().any(may_hold) {
            return Some(());
        }
        self.begin_walk()?;
        let mut found = Vec::new();
        let mut open = roots.to_vec();
        while let Some(id) = open.pop() {
            if self.made[id.0 as usize].is_some() || !self.visit(id)? {
                continue;
            }
            let whole = |of| matches!(of, Few::Arrays { axes } if axes == full);
            match self.origins[id.0 as usize] {
                // One element is computed outside of loops anyway.
                Origin::Constant
                | Origin::Few { costly: false, .. }
                | Origin::Few { of: Few::Arrays { axes: 0 }, .. } => {}
                Origin::Few { of, .. } if !whole(of) => found.push(id),
                Origin::Few { .. } | Origin::Mixed { .. } => open.extend(&self.graph.node(id).args),
            }
        }
        found.sort_unstable();
        for id in found {
            self.prepare_one(id)?;
        }
        Some(())
    }

    /// Computes a node beforehand, in the stage that does so for the same points, or one of its own.
    pub(super) fn prepare_one(&mut self, id: NodeId) -> Option<()> {
        let mut leaves = self.leaves(&[id])?;
        let space = self.space(&leaves.0);
        let mut known = self.prepared.get(&space).copied();
        if let Some(at) = known {
            if self.stages[at].leaves().len() == PREPARED {
                return Some(());
            }
            let within = self.leaves_of(&[id], Some(at))?;
            // A stage reads what earlier ones have left.
            if self.latest(&within.0).is_none_or(|stage| stage < at) {
                leaves = within;
            } else {
                known = None;
            }
        }
        let at = known.unwrap_or_else(|| self.push_stage(space.clone(), Work::Prepare(Vec::new())));
        self.prepared.insert(space, at);
        self.add(at, leaves)?;
        let Work::Prepare(nodes) = &mut self.stages[at].work else { return None };
        let part = nodes.len() as u32;
        nodes.push(id);
        self.made[id.0 as usize] = Some(Source::Temp { stage: at as u32, part, keepdims: true });
        Some(())
    }
}
