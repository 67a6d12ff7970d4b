//! Functions of the text are put in where they are called.
//!
//! Comes in: a tree whose names are resolved. Goes out: a tree without definitions. A call of one is followed back to the
//! values of its arguments: before it stand the arguments, as they were, then a copy of the body, whose parameters mean
//! those nodes, as an assigned name means its value; the call means the root of the copy. So an argument is computed once
//! a call, and the later passes know nothing of functions. Before a call that runs a loop stand nodes for its states, then copies
//! of its condition and its body, whose parameters mean these. Always holds: a loop with a stack of its own, no recursion; a
//! function calls only earlier ones, so it ends; at most `Limits::nodes` nodes come of it.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::loops::{check_next, check_params, params};
use super::names::lambdas;
use super::tuples::{self, Arities};
use crate::diagnostic::{Diagnostic, several};
use crate::error::{CompileError, CompileErrorKind};
use crate::syntax::ast::{Argument, Assignment, Ast, NameId, Node, NodeId, Span};
use crate::syntax::{Limits, copy, limits};
use crate::types::function::Rule;
use crate::types::meaning::{Call, Loop, Looping, Meaning, Passed, Resolved, Root};

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
    /// The `lambda` that it is of, and the frame of the body in which that is written.
    lambda: Option<NodeId>,
    outer: Option<usize>,
    /// What its root is.
    gives: Gives,
}

/// What the root of a body is.
#[derive(Clone, Copy)]
enum Gives {
    /// The value of a call, which is to be copied behind; and the copy's first node.
    Value { call: NodeId, first: NodeId },
    /// The condition of this loop.
    Condition(usize),
    /// What this loop goes on with; the call is to be copied behind.
    Next { of: usize, call: NodeId },
}

/// The tree of `resolved`, whose loops are these, with the functions put in.
pub(super) fn expand(
    resolved: Resolved,
    loops: &[Looping],
    source: &str,
    limits: &Limits,
) -> Result<Resolved, CompileError> {
    let from = &resolved.ast;
    let lambdas = lambdas(from).map_err(|(kind, wrong)| CompileError::new(kind, wrong, source))?;
    let bodies = lambdas.iter().map(|&(first, lambda)| (lambda, first)).collect();
    let mut expansion = Expansion {
        resolved: &resolved,
        loops,
        lambdas,
        bodies,
        source,
        limits,
        to: Resolved {
            ast: Ast { names: from.names.clone(), texts: from.texts.clone(), tuple: from.tuple, ..Ast::default() },
            binders: resolved.binders.clone(),
            ..Resolved::default()
        },
        arities: Arities::new(),
        top: vec![NodeId(0); from.nodes.len()],
        frames: Vec::new(),
        site: Span::default(),
    };
    let mut begin = 0;
    for (at, assignment) in from.assignments.iter().enumerate() {
        let end = assignment.value.0 as usize + 1;
        if assignment.params.is_none() {
            expansion.statement(begin, end)?;
        }
        if let Some((0, names)) = assignment.part {
            expansion.check_unpacked(from.assignments.get(at..at + names as usize).unwrap_or(&[]))?;
        }
        begin = end;
    }
    expansion.statement(begin, from.nodes.len())?;
    expansion.results()?;
    let Expansion { mut to, top, .. } = expansion;
    let place = |id: NodeId| top.get(id.0 as usize).copied().unwrap_or(id);
    to.roots = resolved.roots.iter().map(|root| Root { node: place(root.node), left: root.left.clone() }).collect();
    for binder in &mut to.binders {
        binder.until = binder.until.map(place);
    }
    Ok(to)
}

struct Expansion<'a> {
    resolved: &'a Resolved,
    loops: &'a [Looping],
    /// Each `lambda`, and the first node of its body.
    lambdas: Vec<(u32, NodeId)>,
    /// The first node of the body of each.
    bodies: HashMap<NodeId, u32>,
    source: &'a str,
    limits: &'a Limits,
    to: Resolved,
    /// Which nodes so far are tuples.
    arities: Arities,
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
        let mut at = begin;
        while at < end {
            if let Some(lambda) = self.lambda_at(at, end) {
                at = lambda + 1;
                continue;
            }
            let id = NodeId(at as u32);
            at += 1;
            self.site = self.resolved.ast.span(id);
            self.node(id)?;
            self.frames_to_end()?;
        }
        Ok(())
    }

    /// The outermost `lambda` before `end` whose body begins here. (It is put in where it is called.)
    fn lambda_at(&self, begin: usize, end: usize) -> Option<usize> {
        let from = self.lambdas.partition_point(|&(first, _)| (first as usize) < begin);
        let here = self.lambdas.get(from..)?.iter().take_while(|&&(first, _)| first as usize == begin);
        here.map(|(_, lambda)| lambda.0 as usize).find(|&lambda| lambda < end)
    }

    fn frames_to_end(&mut self) -> Result<(), CompileError> {
        while let Some(frame) = self.frames.last() {
            let (next, end) = (frame.next, frame.end);
            if next < end {
                let skipped = self.lambda_at(next, end).map(|lambda| lambda + 1 - next);
                if let Some(frame) = self.frames.last_mut() {
                    frame.next += skipped.unwrap_or(1);
                    let places = frame.places.len() + skipped.unwrap_or(0);
                    frame.places.resize(places, NodeId(0));
                }
                if skipped.is_none() {
                    self.node(NodeId(next as u32))?;
                }
                continue;
            }
            let Some(Frame { gives, .. }) = self.frames.pop() else { break };
            // The body's root was copied last.
            self.give(gives, NodeId(self.to.ast.nodes.len() as u32 - 1))?;
        }
        Ok(())
    }

    /// A body has been copied.
    fn give(&mut self, gives: Gives, root: NodeId) -> Result<(), CompileError> {
        match gives {
            Gives::Value { call, first } => {
                let copied = self.copied(call, Meaning::Assigned(root))?;
                if self.frames.is_empty() {
                    self.to.sites.push((first, copied));
                }
            }
            Gives::Condition(of) => {
                if self.arities[root.0 as usize].is_some() {
                    return Err(self.fail(tuples::not_a_value(&self.to.ast, root)));
                }
                self.to.loops[of].cond = Some(root);
            }
            Gives::Next { of, call } => {
                let looping = &mut self.to.loops[of];
                looping.next = root;
                let (first, of_text) = (looping.first, looping.call.clone());
                let [given, expected] = [root, of_text.start].map(|id| self.arities[id.0 as usize]);
                let span = self.to.ast.span(root);
                check_next(&of_text, given, expected, span).map_err(|wrong| self.fail(*wrong))?;
                let copied = self.copied(call, Meaning::Loop(of as u32))?;
                self.without_functions(copied, &of_text);
                if self.frames.is_empty() {
                    self.to.sites.push((first, copied));
                }
            }
        }
        Ok(())
    }

    /// Leaves of the arguments of a call those that are values.
    fn without_functions(&mut self, copied: NodeId, call: &Looping) {
        let ast = &mut self.to.ast;
        let start = ast.args.len() as u32;
        ast.args.extend([call.start, call.over].map(|value| Argument { keyword: None, value }));
        if let Some(Node::Call { args, .. }) = ast.nodes.get_mut(copied.0 as usize) {
            *args = start..start + 2;
        }
    }

    /// Copies a node, or begins to put in what it calls.
    fn node(&mut self, id: NodeId) -> Result<(), CompileError> {
        let resolved = self.resolved;
        let meaning = resolved.meanings.get(id.0 as usize).copied().unwrap_or(Meaning::Plain);
        let at_top = |value: NodeId| self.top.get(value.0 as usize).copied().unwrap_or(value);
        let value_of = |args: Option<&SmallVec<[NodeId; 4]>>, at: u32| {
            Meaning::Assigned(args.and_then(|args| args.get(at as usize)).copied().unwrap_or(NodeId(0)))
        };
        let meaning = match meaning {
            Meaning::Assigned(value) => Meaning::Assigned(at_top(value)),
            Meaning::Item(value, item) => Meaning::Item(at_top(value), item),
            Meaning::Param(at) => value_of(self.around(None).map(|frame| &frame.args), at),
            Meaning::Bound(lambda, at) => value_of(self.around(Some(lambda)).map(|frame| &frame.args), at),
            Meaning::Call(at) => {
                let Some(call) = resolved.calls.get(at as usize) else { return Ok(()) };
                let args = call.args.iter().map(|&arg| self.place(arg)).collect();
                let options = call.options.iter().map(|&(param, arg)| (param, self.place(arg))).collect();
                self.to.calls.push(Call { args, options, ..call.clone() });
                Meaning::Call(self.to.calls.len() as u32 - 1)
            }
            Meaning::Defined(at) => {
                let args = self.arguments(id);
                let first = NodeId(self.to.ast.nodes.len() as u32);
                self.enter((Passed::Defined(at as usize), None), args, Gives::Value { call: id, first });
                return Ok(());
            }
            Meaning::Loop(at) => return self.begin_loop(id, at as usize),
            other => other,
        };
        self.copied(id, meaning).map(drop)
    }

    /// Of the bodies in which what is being copied is written the one of this `lambda`, or of a definition.
    fn around(&self, lambda: Option<NodeId>) -> Option<&Frame> {
        let mut frame = self.frames.last()?;
        while frame.lambda != lambda {
            frame = self.frames.get(frame.outer?)?;
        }
        Some(frame)
    }

    /// The arguments of a call of a function of the text.
    fn arguments(&self, call: NodeId) -> SmallVec<[NodeId; 4]> {
        let ast = &self.resolved.ast;
        let Node::Call { args, .. } = ast.node(call) else { return SmallVec::new() };
        let args = ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
        args.iter().map(|arg| self.place(arg.value)).collect()
    }

    /// Begins to copy the body of a function; of a `lambda` with the frame that it is written in.
    fn enter(&mut self, (function, outer): (Passed, Option<usize>), args: SmallVec<[NodeId; 4]>, gives: Gives) {
        let ast = &self.resolved.ast;
        let (base, end, lambda) = match function {
            Passed::Defined(at) => {
                let base = at.checked_sub(1).and_then(|before| ast.assignments.get(before));
                let base = base.map_or(0, |before| before.value.0 as usize + 1);
                let end = ast.assignments.get(at).map_or(base, |definition| definition.value.0 as usize + 1);
                (base, end, None)
            }
            Passed::Lambda(id) => {
                let base = self.bodies.get(&id).map_or(0, |&first| first as usize);
                (base, id.0 as usize, Some(id))
            }
        };
        let places = Vec::with_capacity(end - base);
        let outer = outer.filter(|_| lambda.is_some());
        self.frames.push(Frame { next: base, end, base, places, args, lambda, outer, gives });
    }

    /// Puts in the states of a loop, and begins to copy what it runs.
    fn begin_loop(&mut self, call: NodeId, at: usize) -> Result<(), CompileError> {
        let Some(of_text) = self.loops.get(at) else { return Ok(()) };
        let from = &self.resolved.ast;
        let placed = Looping { start: self.place(of_text.start), over: self.place(of_text.over), ..of_text.clone() };
        let arity = |id: NodeId| self.arities.get(id.0 as usize).copied().flatten();
        let scan = of_text.function.rule == Rule::ScanBy;
        let (states, inputs) = (arity(placed.start), if scan { arity(placed.over) } else { None });
        let counts = [states.unwrap_or(1), if scan { inputs.unwrap_or(1) } else { 0 }];
        if counts[0] == 0 || scan && counts[1] == 0 {
            let empty = if counts[0] == 0 { placed.start } else { placed.over };
            let wrong = Diagnostic::new("this tuple has no items", self.to.ast.span(empty));
            return Err(self.fail(wrong.with_help("a state is a value, or a tuple of values")));
        }
        check_params(from, of_text, (from.span(call), counts[0] as usize)).map_err(|wrong| self.fail(*wrong))?;
        let names = params(from, of_text.body);
        let of = self.to.loops.len();
        let first = NodeId(self.to.ast.nodes.len() as u32);
        for number in 0..counts[0] + counts[1] {
            let param = if scan { usize::from(number >= counts[0]) } else { number as usize };
            let Some(&(name, span)) = names.get(param) else { continue };
            self.push(Node::Name(name), span, Meaning::State(of as u32, number))?;
        }
        let state = |number: u32| NodeId(first.0 + number);
        let args: SmallVec<[NodeId; 4]> = if scan {
            let (state, input) = (first, state(counts[0]));
            let state = self.grouped(state, states, names.first().map(|param| param.1))?;
            let input = self.grouped(input, inputs, names.get(1).map(|param| param.1))?;
            SmallVec::from_slice(&[state, input])
        } else {
            (0..counts[0]).map(state).collect()
        };
        self.to.loops.push(Loop { call: placed, first, counts, next: first, cond: None });
        // The last one is copied first.
        let outer = self.frames.len().checked_sub(1);
        self.enter((of_text.body, outer), args.clone(), Gives::Next { of, call });
        if let Some(cond) = of_text.cond {
            self.enter((cond, outer), args, Gives::Condition(of));
        }
        Ok(())
    }

    /// One node for some that lie one after another: a tuple, if they are of one.
    fn grouped(&mut self, first: NodeId, count: Option<u32>, span: Option<Span>) -> Result<NodeId, CompileError> {
        let Some(count) = count else { return Ok(first) };
        let start = self.to.ast.items.len() as u32;
        self.to.ast.items.extend((0..count).map(|number| NodeId(first.0 + number)));
        self.push(Node::Tuple(start..start + count), span.unwrap_or_default(), Meaning::Plain)
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
        let meaning = self.item(new, meaning)?;
        self.noted(new, meaning)?;
        match self.frames.last_mut() {
            Some(frame) => frame.places.push(new),
            None => self.top[id.0 as usize] = new,
        }
        Ok(new)
    }

    /// A node that stands for something of the text.
    fn push(&mut self, node: Node, span: Span, meaning: Meaning) -> Result<NodeId, CompileError> {
        let new = NodeId(self.to.ast.nodes.len() as u32);
        self.to.ast.nodes.push(node);
        self.to.ast.spans.push(span);
        self.noted(new, meaning)?;
        Ok(new)
    }

    /// Notes what the last node means.
    fn noted(&mut self, new: NodeId, meaning: Meaning) -> Result<(), CompileError> {
        self.to.meanings.push(meaning);
        let known = (&self.arities, &self.to.loops[..]);
        let arity = tuples::arity(&self.to.ast, new, meaning, known).map_err(|wrong| self.fail(*wrong))?;
        self.arities.push(arity);
        if self.to.ast.nodes.len() > self.limits.nodes {
            let what = "too many operands and operators, once functions are put in where they are called";
            return Err(limits::exceeded(self.source, self.site, what, self.limits.nodes, "nodes"));
        }
        Ok(())
    }

    /// What a copied node means: brackets behind a tuple read an item of it.
    fn item(&mut self, new: NodeId, meaning: Meaning) -> Result<Meaning, CompileError> {
        let ast = &self.to.ast;
        let Node::Subscript(of, coordinates) = ast.node(new) else { return Ok(meaning) };
        let Some(count) = self.arities.get(of.0 as usize).copied().flatten() else { return Ok(meaning) };
        match tuples::item(ast, ast.coordinates(coordinates), count) {
            Some(item) => {
                let of = *of;
                // (No part of an array, as brackets are elsewhere.)
                self.to.ast.nodes[new.0 as usize] = Node::Name(NameId(0));
                Ok(Meaning::Item(of, item))
            }
            None => {
                let message = format!("this is a tuple of {}", several(count as usize, "value", "values"));
                let help = match count {
                    1 => "its item is read as `t[0]`".to_string(),
                    _ => format!(
                        "an item is read by its number, `t[0]` to `t[{}]`; all of them by `x, y = t`",
                        count - 1
                    ),
                };
                Err(self.fail(Diagnostic::new(message, ast.span(new)).with_help(help)))
            }
        }
    }

    /// Checks that there are as many names as values.
    fn check_unpacked(&self, names: &[Assignment]) -> Result<(), CompileError> {
        let (Some(first), Some(last)) = (names.first(), names.last()) else { return Ok(()) };
        let value = self.top.get(first.value.0 as usize).copied().unwrap_or(first.value);
        let span = first.name_span.to(last.name_span);
        let wrong = match self.arities.get(value.0 as usize).copied().flatten() {
            Some(count) if count as usize == names.len() => return Ok(()),
            Some(count) => {
                let (count, names) =
                    (several(count as usize, "value", "values"), several(names.len(), "name", "names"));
                Diagnostic::new(format!("{names}, and the tuple has {count}"), span)
                    .with_help("write a name for each of its values")
            }
            None => Diagnostic::new("several names take the values of a tuple, and this is one value", span)
                .with_help("give each its own value: `x = a; y = b`"),
        };
        Err(self.fail(wrong))
    }

    /// The results: values, or one tuple of them.
    fn results(&mut self) -> Result<(), CompileError> {
        let from = &self.resolved.ast;
        let place = |id: NodeId| self.top.get(id.0 as usize).copied().unwrap_or(id);
        let results: Vec<NodeId> = from.results.iter().map(|&id| place(id)).collect();
        let arity = |id: &&NodeId| self.arities.get(id.0 as usize).copied().flatten();
        let tuple = results.iter().find(|id| arity(id).is_some());
        if let Some(&tuple) = tuple {
            if results.len() > 1 || from.tuple || arity(&&tuple) == Some(0) {
                return Err(self.fail(tuples::not_a_value(&self.to.ast, tuple)));
            }
            self.to.ast.tuple = true;
        }
        self.to.ast.results = results;
        Ok(())
    }

    #[cold]
    fn fail(&self, wrong: Diagnostic) -> CompileError {
        CompileError::new(CompileErrorKind::Type, wrong, self.source)
    }
}
