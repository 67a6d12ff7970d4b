//! What a loop does at each step, as a graph of its own.
//!
//! Comes in: nodes that have been built between the parameters of a step and what it gives. Goes out: a [`Body`] of those that depend on the
//! parameters, and the other nodes that these read: they are the same at each step, so they are computed before the loop, and the
//! body captures them. Always holds: a body computes element by element; what may raise an error of the data stays in it, also where
//! it is the same at each step, for a point at which no step is done raises none.

use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::HashMap;

use super::{Graph, GraphBuilder, Input, Node, NodeId, NodeKind};
use crate::diagnostic::Span;
use crate::dtype::DType;

/// What a loop does at each step.
#[derive(Debug)]
pub struct Body {
    /// Its inputs are the states, then what a scan runs over, then what is captured, each under its number. Its outputs are the next
    /// states, then the condition if there is one: that of a step is computed from the states before it.
    pub graph: Graph,
    /// How many states there are.
    pub states: usize,
    /// Whether there is a condition.
    pub cond: bool,
}

/// A body in a graph.
#[derive(Clone, Debug)]
pub struct LoopBody {
    /// What is done.
    pub body: Arc<Body>,
    /// The number of its first error of the data among those of the graph.
    pub faults: u32,
}

impl PartialEq for LoopBody {
    fn eq(&self, other: &LoopBody) -> bool {
        Arc::ptr_eq(&self.body, &other.body) && self.faults == other.faults
    }
}

impl Body {
    /// The types of its states.
    pub fn types(&self) -> impl Iterator<Item = DType> {
        self.graph.inputs.iter().take(self.states).map(|input| input.dtype)
    }

    /// How many instructions a step is, about.
    pub fn operations(&self) -> usize {
        self.graph.nodes.iter().map(|node| node.kind.operations()).sum()
    }

    /// The nodes of the next states, and of the condition.
    pub fn results(&self) -> (&[NodeId], Option<NodeId>) {
        let (next, cond) = self.graph.outputs.split_at(self.states.min(self.graph.outputs.len()));
        (next, cond.first().copied())
    }

    /// What tells it from others: its text.
    fn key(&self) -> String {
        let faults: Vec<_> = self.graph.faults.iter().map(|fault| fault.kind).collect();
        format!("{} {} {faults:?}", self.states, self.graph)
    }
}

impl NodeKind {
    /// Whether a node has a value of its own at each point of the same arguments (or an effect), and may not be computed where nobody asks.
    fn stays(&self) -> bool {
        match self {
            NodeKind::Fault(_) => true,
            NodeKind::Patch(helper) => !helper.folds(),
            _ => false,
        }
    }
}

impl Graph {
    /// What a loop or a scan does at each step.
    pub fn body(&self, id: NodeId) -> Option<&Arc<Body>> {
        self.body_of(self.node(id))
    }

    /// The same of a node of this graph.
    pub fn body_of(&self, node: &Node) -> Option<&Arc<Body>> {
        match node.kind {
            NodeKind::Loop { index, .. } | NodeKind::ScanWith { index, .. } => {
                self.loops.get(index as usize).map(|of| &of.body)
            }
            _ => None,
        }
    }

    /// Which nodes these are computed from.
    pub fn needed(&self, of: &[NodeId]) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        of.iter().for_each(|id| needed[id.0 as usize] = true);
        for at in (0..self.nodes.len()).rev() {
            if needed[at] {
                self.nodes[at].args.iter().for_each(|arg| needed[arg.0 as usize] = true);
            }
        }
        needed
    }

    /// How many instructions a node is lowered to, about.
    pub fn operations(&self, id: NodeId) -> usize {
        self.body(id).map_or_else(|| self.node(id).kind.operations(), |body| body.operations())
    }

    /// How many instructions run for an element of a node, at most, about: a loop does this many steps if it is not known how many.
    pub fn work(&self, id: NodeId) -> f64 {
        const STEPS: f64 = 1000.0;
        let (NodeKind::Loop { .. }, Some(body)) = (&self.node(id).kind, self.body(id)) else {
            return self.operations(id) as f64;
        };
        let steps = self.node(id).args.get(body.states).map(|&max| match self.node(max).kind {
            NodeKind::Const(c) => c.bits() as i64 as f64,
            _ => STEPS,
        });
        body.operations() as f64 * steps.unwrap_or(STEPS)
    }

    /// Whether a node may raise an error of the data.
    pub fn may_fault(&self, id: NodeId) -> bool {
        let in_body = self.body(id).is_some_and(|body| !body.graph.faults.is_empty());
        in_body || matches!(self.node(id).kind, NodeKind::Fault(_))
    }
}

impl GraphBuilder {
    /// A node that stands for something that a loop passes from step to step, until its body is taken out.
    pub fn param(&mut self, dtype: DType, span: Span) -> NodeId {
        self.params += 1;
        self.add(NodeKind::Param(self.params), &[], dtype, span)
    }

    /// Where the next node will stand, if it is new.
    pub fn mark(&self) -> NodeId {
        NodeId(self.graph.nodes.len() as u32)
    }

    /// Takes out the body of a loop: what has been built since `mark` of the parameters (as many states as there are results, then the others).
    /// Gives what it captures, too.
    ///
    /// # Errors
    /// The node at which something else than an element is needed.
    pub fn take_body(
        &mut self,
        mark: NodeId,
        params: &[NodeId],
        (next, cond): (&[NodeId], Option<NodeId>),
    ) -> Result<(Body, Vec<NodeId>), NodeId> {
        let nodes = &self.graph.nodes;
        let first = mark.0 as usize;
        let is_param = |id: NodeId| matches!(nodes[id.0 as usize].kind, NodeKind::Param(_)) && params.contains(&id);
        let at = |id: NodeId| (id.0 as usize).checked_sub(first);
        let mut inside = vec![false; nodes.len() - first];
        for (here, node) in nodes.iter().enumerate().skip(first) {
            let depends = node.args.iter().any(|&arg| at(arg).is_some_and(|arg| inside[arg]));
            inside[here - first] = depends || node.kind.stays() || is_param(NodeId(here as u32));
        }
        self.beside = self.beside.saturating_add(inside.len());
        let nodes = &self.graph.nodes;
        let mut needed = vec![false; inside.len()];
        let mut outside = BTreeSet::new();
        let results = || next.iter().copied().chain(cond);
        let mut need = |needed: &mut Vec<bool>, id: NodeId| match at(id).filter(|&at| inside[at]) {
            Some(at) => needed[at] = true,
            None => drop(outside.insert(id)),
        };
        results().for_each(|id| need(&mut needed, id));
        for here in (0..inside.len()).rev() {
            if needed[here] {
                nodes[first + here].args.iter().for_each(|&arg| need(&mut needed, arg));
            }
        }
        let own = || (0..inside.len()).filter(|&here| needed[here]).map(|here| NodeId((first + here) as u32));
        if let Some(id) = own().find(|&id| !nodes[id.0 as usize].kind.is_elementwise()) {
            return Err(id);
        }
        let is_const = |id: NodeId| matches!(nodes[id.0 as usize].kind, NodeKind::Const(_));
        let captured: Vec<NodeId> = outside.iter().copied().filter(|&id| !is_const(id)).collect();
        let inputs: Vec<NodeId> = params.iter().copied().chain(captured.iter().copied()).collect();
        let mut graph = Graph::default();
        let mut places = HashMap::default();
        for (name, &id) in (0..).zip(&inputs) {
            let Node { dtype, span, .. } = nodes[id.0 as usize];
            graph.inputs.push(Input { name, dtype, part: None, word: None, swapped: None });
            places.insert(id, NodeId(name));
            graph.nodes.push(Node { kind: NodeKind::Input(name), args: [][..].into(), dtype, span });
        }
        let place = |places: &HashMap<NodeId, NodeId>, id: NodeId| places.get(&id).copied().unwrap_or(NodeId(0));
        let consts = outside.iter().copied().filter(|&id| is_const(id));
        for id in consts.chain(own().filter(|&id| !is_param(id))) {
            let mut node = nodes[id.0 as usize].clone();
            node.args.iter_mut().for_each(|arg| *arg = place(&places, *arg));
            if let NodeKind::Fault(number) = &mut node.kind {
                graph.faults.push(self.graph.faults[*number as usize].clone());
                *number = graph.faults.len() as u32 - 1;
            }
            places.insert(id, NodeId(graph.nodes.len() as u32));
            graph.nodes.push(node);
        }
        graph.outputs = results().map(|id| place(&places, id)).collect();
        Ok((Body { graph, states: next.len(), cond: cond.is_some() }, captured))
    }

    /// The number of a body in this graph; equal ones have one.
    fn body(&mut self, body: Arc<Body>) -> u32 {
        let loops = &mut self.graph.loops;
        *self.bodies.entry(body.key()).or_insert_with(|| {
            let faults = self.graph.faults.len() as u32;
            self.graph.faults.extend(body.graph.faults.iter().cloned());
            loops.push(LoopBody { body, faults });
            loops.len() as u32 - 1
        })
    }

    /// The states with which a loop of this body ends; the arguments are what it begins with, how many steps it does at most, and what it captures.
    pub fn iterate(&mut self, body: Arc<Body>, args: &[NodeId], span: Span) -> Vec<NodeId> {
        let types: Vec<DType> = body.types().collect();
        let index = self.body(body);
        let part = |(part, dtype)| self.add(NodeKind::Loop { index, part }, args, dtype, span);
        (0..).zip(types).map(part).collect()
    }

    /// The states that a scan by this body goes through; the arguments are what it begins with, what it runs over, and what it captures.
    pub fn scan_by(
        &mut self,
        body: Arc<Body>,
        args: &[NodeId],
        (axis, reverse): (i32, bool),
        span: Span,
    ) -> Vec<NodeId> {
        let types: Vec<DType> = body.types().collect();
        let index = self.body(body);
        let part = |(part, dtype)| self.add(NodeKind::ScanWith { index, part, axis, reverse }, args, dtype, span);
        (0..).zip(types).map(part).collect()
    }

    /// A node of another graph, with these arguments: one that is no error of the data and no input.
    #[cfg(feature = "files")]
    pub fn copy(&mut self, from: &Graph, (kind, args): (&NodeKind, &[NodeId]), dtype: DType, span: Span) -> NodeId {
        let mut kind = kind.clone();
        if let NodeKind::Loop { index, .. } | NodeKind::ScanWith { index, .. } = &mut kind
            && let Some(of) = from.loops.get(*index as usize)
        {
            *index = self.body(of.body.clone());
        }
        self.add(kind, args, dtype, span)
    }

    /// One step of a body, of these states and what it captures; a condition is not looked at.
    pub fn step(&mut self, body: &Body, args: &[NodeId]) -> Vec<NodeId> {
        let mut made: Vec<NodeId> = Vec::with_capacity(body.graph.nodes.len());
        for node in &body.graph.nodes {
            let of: Vec<NodeId> = node.args.iter().map(|arg| made[arg.0 as usize]).collect();
            made.push(match &node.kind {
                NodeKind::Input(number) => args.get(*number as usize).copied().unwrap_or(NodeId(0)),
                NodeKind::Fault(number) => self.fault(of[0], of[1], body.graph.faults[*number as usize].clone()),
                kind => {
                    self.count(kind.operations() - 1);
                    self.add(kind.clone(), &of, node.dtype, node.span)
                }
            });
        }
        body.results().0.iter().map(|id| made[id.0 as usize]).collect()
    }
}
