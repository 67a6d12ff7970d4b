//! Stages of scans by functions.
//!
//! Comes in: a state that is asked for. Goes out: where it will be. Always holds: all states of one scan are of one stage; what they begin with is
//! there before it.

use super::super::program::{Recurrence, Stage, Start, Work};
use super::super::source::Source;
use super::{Cut, STAGES};
use crate::types::graph::{NodeId, NodeKind};

impl Cut<'_> {
    /// Adds a scan by a function, or a state of one that is there already.
    pub(super) fn recurrence(
        &mut self,
        node: NodeId,
        (index, part): (u32, u8),
        (axis, reverse): (i32, bool),
    ) -> Option<Source> {
        let graph = self.graph;
        let args = &graph.node(node).args;
        self.work = self.work.checked_sub(self.stages.len() / STAGES)?;
        let same = |stage: &Stage| match &stage.work {
            Work::Recur(of) => {
                let first = graph.node(of.nodes[0]);
                (of.index, of.axis, of.reverse) == (index, axis, reverse) && first.args == *args
            }
            _ => false,
        };
        if let Some(at) = self.stages.iter().position(same) {
            let Work::Recur(of) = &mut self.stages[at].work else { return None };
            let place = of.parts.iter().position(|&known| known == part).unwrap_or_else(|| {
                of.nodes.push(node);
                of.parts.push(part);
                of.parts.len() - 1
            });
            return Some(Source::Temp { stage: at as u32, part: place as u32, keepdims: true });
        }
        let (begin, args) = args.split_at_checked(graph.body(node)?.states)?;
        let starts = begin.iter().map(|&start| self.start(start)).collect::<Option<Vec<Start>>>()?;
        let leaves = self.leaves(args)?;
        let recurrence = Recurrence {
            index,
            axis,
            reverse,
            nodes: vec![node],
            parts: vec![part],
            starts,
            args: args.to_vec(),
            elements: leaves.0.clone(),
            joins: None,
        };
        let own = recurrence.start_arrays().collect();
        let space = self.space(&leaves.0);
        let at = self.push_stage(space, Work::Recur(Box::new(recurrence)));
        self.add(at, leaves)?;
        self.stages[at].add((own, Vec::new()));
        Some(Source::Temp { stage: at as u32, part: 0, keepdims: true })
    }

    /// What a state begins with: what is computed for that is so beforehand, for it has other axes than the scan.
    fn start(&mut self, id: NodeId) -> Option<Start> {
        if let NodeKind::Const(c) = self.graph.node(id).kind {
            return Some(Start::Const(c));
        }
        if let Some(source) = self.made[id.0 as usize].filter(|source| !source.is_affine()) {
            return Some(Start::Array(id, source));
        }
        let leaves = self.leaves(&[id])?;
        let space = self.space(&leaves.0);
        let at = self.push_stage(space, Work::Prepare(vec![id]));
        self.add(at, leaves)?;
        let source = Source::Temp { stage: at as u32, part: 0, keepdims: true };
        self.made[id.0 as usize] = Some(source);
        Some(Start::Array(id, source))
    }
}
