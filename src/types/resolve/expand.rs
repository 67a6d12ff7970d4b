//! Functions of the text are put in where they are called.
//!
//! Comes in: a tree whose names are resolved. Goes out: a tree without definitions. A call of one is followed back to the
//! values of its arguments: before it stand the arguments, as they were, then a copy of the body, whose parameters mean
//! those nodes, as an assigned name means its value; the call means the root of the copy. So an argument is computed once
//! a call, and the later passes know nothing of functions. Always holds: a loop with a stack of its own, no recursion; a
//! function calls only earlier ones, so it ends; at most `Limits::nodes` nodes come of it.

use smallvec::SmallVec;

use crate::error::CompileError;
use crate::syntax::ast::{Ast, Node, NodeId, Span};
use crate::syntax::{Limits, copy, limits};
use crate::types::meaning::{Call, Meaning, Resolved, Root};

/// A body that is being copied.
struct Frame {
    /// The node to copy next, and where the body ends.
    next: usize,
    end: usize,
    /// The body's first node.
    base: usize,
    /// For each node of the body so far, its copy.
    places: Vec<NodeId>,
    /// The values of the parameters.
    args: SmallVec<[NodeId; 4]>,
    /// The call that is to be copied behind the body, and the copy's first node.
    call: NodeId,
    first: NodeId,
}

/// The tree of `resolved` with the functions put in.
pub(super) fn expand(resolved: Resolved, source: &str, limits: &Limits) -> Result<Resolved, CompileError> {
    let from = &resolved.ast;
    let mut expansion = Expansion {
        resolved: &resolved,
        source,
        limits,
        to: Resolved {
            ast: Ast { names: from.names.clone(), texts: from.texts.clone(), tuple: from.tuple, ..Ast::default() },
            binders: resolved.binders.clone(),
            ..Resolved::default()
        },
        top: vec![NodeId(0); from.nodes.len()],
        frames: Vec::new(),
        site: Span::default(),
    };
    let mut begin = 0;
    for assignment in &from.assignments {
        let end = assignment.value.0 as usize + 1;
        if assignment.params.is_none() {
            expansion.statement(begin, end)?;
        }
        begin = end;
    }
    expansion.statement(begin, from.nodes.len())?;
    let Expansion { mut to, top, .. } = expansion;
    let place = |id: NodeId| top.get(id.0 as usize).copied().unwrap_or(id);
    to.ast.results = from.results.iter().map(|&id| place(id)).collect();
    to.roots = resolved.roots.iter().map(|root| Root { node: place(root.node), left: root.left.clone() }).collect();
    for binder in &mut to.binders {
        binder.until = binder.until.map(place);
    }
    Ok(to)
}

struct Expansion<'a> {
    resolved: &'a Resolved,
    source: &'a str,
    limits: &'a Limits,
    to: Resolved,
    /// For each node outside of definitions, its copy.
    top: Vec<NodeId>,
    /// The bodies that are being copied, each called by the one before.
    frames: Vec<Frame>,
    /// The call outside of definitions that is being put in.
    site: Span,
}

impl Expansion<'_> {
    /// Copies the nodes of a statement, and all that they call.
    fn statement(&mut self, begin: usize, end: usize) -> Result<(), CompileError> {
        for at in begin..end {
            let id = NodeId(at as u32);
            self.site = self.resolved.ast.span(id);
            self.node(id)?;
            self.frames_to_end()?;
        }
        Ok(())
    }

    fn frames_to_end(&mut self) -> Result<(), CompileError> {
        while let Some(frame) = self.frames.last_mut() {
            if frame.next < frame.end {
                let id = NodeId(frame.next as u32);
                frame.next += 1;
                self.node(id)?;
                continue;
            }
            let Some(Frame { call, first, .. }) = self.frames.pop() else { break };
            // The body's root was copied last.
            let root = NodeId(self.to.ast.nodes.len() as u32 - 1);
            let copied = self.copied(call, Meaning::Assigned(root))?;
            if self.frames.is_empty() {
                self.to.sites.push((first, copied));
            }
        }
        Ok(())
    }

    /// Copies a node, or begins to put in what it calls.
    fn node(&mut self, id: NodeId) -> Result<(), CompileError> {
        let resolved = self.resolved;
        let meaning = resolved.meanings.get(id.0 as usize).copied().unwrap_or(Meaning::Plain);
        let meaning = match meaning {
            Meaning::Assigned(value) => Meaning::Assigned(self.top.get(value.0 as usize).copied().unwrap_or(value)),
            Meaning::Param(at) => {
                let args = self.frames.last().map(|frame| &frame.args);
                Meaning::Assigned(args.and_then(|args| args.get(at as usize)).copied().unwrap_or(NodeId(0)))
            }
            Meaning::Call(at) => {
                let Some(call) = resolved.calls.get(at as usize) else { return Ok(()) };
                let args = call.args.iter().map(|&arg| self.place(arg)).collect();
                let options = call.options.iter().map(|&(param, arg)| (param, self.place(arg))).collect();
                self.to.calls.push(Call { args, options, ..call.clone() });
                Meaning::Call(self.to.calls.len() as u32 - 1)
            }
            Meaning::Defined(at) => {
                self.enter(id, at as usize);
                return Ok(());
            }
            other => other,
        };
        self.copied(id, meaning).map(drop)
    }

    /// Begins to copy the body of definition `at` for a call.
    fn enter(&mut self, call: NodeId, at: usize) {
        let ast = &self.resolved.ast;
        let Node::Call { args, .. } = ast.node(call) else { return };
        let args = ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
        let args = args.iter().map(|arg| self.place(arg.value)).collect();
        let base = at.checked_sub(1).and_then(|before| ast.assignments.get(before));
        let base = base.map_or(0, |before| before.value.0 as usize + 1);
        let end = ast.assignments.get(at).map_or(base, |definition| definition.value.0 as usize + 1);
        let first = NodeId(self.to.ast.nodes.len() as u32);
        let places = Vec::with_capacity(end - base);
        self.frames.push(Frame { next: base, end, base, places, args, call, first });
    }

    /// Where a node of what is being copied is now.
    fn place(&self, old: NodeId) -> NodeId {
        let place = match self.frames.last() {
            Some(frame) => (old.0 as usize).checked_sub(frame.base).and_then(|at| frame.places.get(at)),
            None => self.top.get(old.0 as usize),
        };
        place.copied().unwrap_or(old)
    }

    fn copied(&mut self, id: NodeId, meaning: Meaning) -> Result<NodeId, CompileError> {
        let mut to = std::mem::take(&mut self.to.ast);
        let new = copy(&self.resolved.ast, id, &mut to, |old| self.place(old));
        self.to.ast = to;
        self.to.meanings.push(meaning);
        match self.frames.last_mut() {
            Some(frame) => frame.places.push(new),
            None => self.top[id.0 as usize] = new,
        }
        if self.to.ast.nodes.len() > self.limits.nodes {
            let what = "too many operands and operators, once functions are put in where they are called";
            return Err(limits::exceeded(self.source, self.site, what, self.limits.nodes, "nodes"));
        }
        Ok(new)
    }
}
