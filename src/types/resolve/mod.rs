//! What the names of a text stand for.
//!
//! Comes in: a syntax tree. Goes out: for each name in it whether it is an argument, a constant or a value assigned
//! before; for each call its function, with the arguments counted and the axes read; and the tree itself, in which calls
//! of the text's own functions are replaced (`expand`): [`Resolved`]. Done once per text: nothing here depends on the types of the
//! arguments. Always holds: what the result refers to by an id stands before the referrer.
//!
//! What a name is follows from where it stands (`names`); `call` reads the arguments of calls, `loops` those that take functions; `expand`
//! puts the functions of the text in where they are called, and looks where tuples stand.

mod call;
mod expand;
pub(super) mod indices;
mod loops;
pub(super) mod names;
mod tuples;

use self::indices::Indices;
use self::names::{Callee, Failure, Names, Scope};
use smallvec::SmallVec;

use super::function::Rule;
use super::meaning::{Call, Given, Looping, Meaning, Resolved, Root};
use crate::diagnostic::{Diagnostic, excerpt};
use crate::error::{CompileError, CompileErrorKind};
use crate::syntax::ast::{Argument, Ast, Attribute, Literal, Node, NodeId, Span};
use crate::syntax::limits;

/// Finds what the names stand for.
pub fn resolve(ast: Ast, source: &str, given: Given) -> Result<Resolved, CompileError> {
    let fail = |(kind, diagnostic)| CompileError::new(kind, diagnostic, source);
    let mut indices = Indices::find(&ast).map_err(fail)?;
    let names = Names::new(&ast, source, given).map_err(fail)?;
    let mut meanings = vec![Meaning::Plain; ast.nodes.len()];
    for (id, meaning) in &indices.meanings {
        meanings[id.0 as usize] = *meaning;
    }
    let mut calls = Calls::default();
    // First the calls, which tell values from what stands only for an axis.
    let mut scope = Scope::default();
    for at in 0..ast.nodes.len() {
        scope.advance(&names, at);
        call::read_links(&ast, ast.node(NodeId(at as u32)), &mut meanings).map_err(fail)?;
        if meanings[at] != Meaning::Static {
            let indices = indices.of_calls.remove(&NodeId(at as u32));
            resolve_call(&ast, at, (&names, &scope), (&mut meanings, indices), &mut calls).map_err(fail)?;
        }
    }
    let mut scope = Scope::default();
    for (at, meaning) in meanings.iter_mut().enumerate() {
        scope.advance(&names, at);
        if !matches!(meaning, Meaning::Static | Meaning::Index(_)) {
            resolve_value(&ast, at, (&names, &scope), meaning).map_err(fail)?;
        }
    }
    let defines = ast.assignments.iter().any(|assignment| assignment.params.is_some() || assignment.part.is_some());
    let has_tuples = ast.nodes.iter().zip(&meanings).any(|(node, meaning)| match node {
        Node::Tuple(_) => *meaning == Meaning::Plain,
        Node::Lambda(..) => true,
        _ => false,
    });
    let homonyms = names.homonyms();
    drop(names);
    let Calls { calls, loops } = calls;
    let values = ast.assignments.iter().zip(indices.left).filter(|(assignment, _)| assignment.params.is_none());
    let roots = values.map(|(assignment, left)| Root { node: assignment.value, left }).collect();
    let mut resolved = Resolved { ast, meanings, calls, roots, binders: indices.binders, ..Resolved::default() };
    if defines || has_tuples || !loops.is_empty() {
        resolved = expand::expand(resolved, &loops, source, &given.limits)?;
    }
    resolved.homonyms = homonyms;
    let inputs = resolved.number_free();
    if let Some(&(start, name)) = inputs.get(given.limits.inputs) {
        let span = Span::new(start as usize, start as usize + resolved.ast.names.get(name).map_or(0, String::len));
        return Err(limits::exceeded(source, span, "too many arguments", given.limits.inputs, "inputs"));
    }
    Ok(resolved)
}

/// The names, and the statement in which they are looked up.
type Lookup<'a, 'n> = (&'a Names<'n>, &'a Scope);

/// The calls so far: those of functions of values, and those that run functions of the text.
#[derive(Default)]
struct Calls {
    calls: Vec<Call>,
    loops: Vec<Looping>,
}

/// Finds the function of a call and reads its arguments; of a constant behind `np.` drops the prefix.
fn resolve_call(
    ast: &Ast,
    at: usize,
    (names, scope): Lookup,
    (meanings, indices): (&mut [Meaning], Option<SmallVec<[u32; 2]>>),
    calls: &mut Calls,
) -> Result<(), Failure> {
    let (function, function_span, args, method) = match ast.node(NodeId(at as u32)) {
        Node::Call { function, function_span, args, method, .. } => (*function, *function_span, args, *method),
        &Node::Attribute(of, Attribute::Named(_)) if names.is_prefix(of, scope) => {
            meanings[of.0 as usize] = Meaning::Static;
            return Ok(());
        }
        _ => return Ok(()),
    };
    let args = ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
    let receiver: Option<&Argument> = args.first().filter(|_| method);
    let prefix = receiver.is_some_and(|receiver| names.is_prefix(receiver.value, scope));
    let args = if let (true, Some((receiver, rest))) = (prefix, args.split_first()) {
        meanings[receiver.value.0 as usize] = Meaning::Static;
        rest
    } else {
        args
    };
    let span = ast.span(NodeId(at as u32));
    let site = call::Site { ast, span, name: ast.name(function), args };
    let callee = match prefix {
        true => names.built_in(function, function_span, scope)?,
        false => names.function(function, function_span, scope)?,
    };
    let meaning = match callee {
        Callee::Library(function) if matches!(function.rule, Rule::Loop { .. } | Rule::ScanBy) && indices.is_none() => {
            loops::read(&site, function, (names, scope), meanings).map(|call| {
                calls.loops.push(call);
                Meaning::Loop(calls.loops.len() as u32 - 1)
            })
        }
        Callee::Library(function) => match &indices {
            Some(indices) => call::read_indexed(&site, function, indices, meanings),
            None => call::read(&site, function, meanings),
        }
        .map(|call| {
            calls.calls.push(call);
            Meaning::Call(calls.calls.len() as u32 - 1)
        }),
        Callee::Text(_) if indices.is_some() => {
            let message = format!("`{}` is a function of the text, and runs over no index", excerpt(site.name));
            Err((CompileErrorKind::Name, Diagnostic::new(message, function_span)))
        }
        Callee::Text(definition) => {
            call::check_defined(&site, ast, definition).map(|()| Meaning::Defined(definition as u32))
        }
    };
    meanings[at] = meaning.map_err(|failure| match receiver {
        Some(receiver) if !prefix => names.of_module(receiver, failure, scope),
        _ => failure,
    })?;
    Ok(())
}

/// Finds what a node that has a value means.
fn resolve_value(ast: &Ast, at: usize, (names, scope): Lookup, meaning: &mut Meaning) -> Result<(), Failure> {
    let span = ast.span(NodeId(at as u32));
    let wrong =
        |message: &str, help: &str| Err((CompileErrorKind::Type, Diagnostic::new(message, span).with_help(help)));
    match *ast.node(NodeId(at as u32)) {
        Node::Name(name) => *meaning = names.value(name, span, scope)?,
        Node::Attribute(_, Attribute::Named(name)) if ast.name(name) == "T" => {}
        Node::Attribute(of, Attribute::Named(name)) => {
            *meaning = names.attribute((of, name), span, scope)?;
        }
        Node::Lambda(..) => {
            return wrong(
                "a function is not a value",
                "`iterate`, `repeat` and `scan` take functions; a function is given a name by `f = lambda x: ...`, and called",
            );
        }
        Node::Literal(Literal::None) if compared(ast, at) => {
            return wrong("`None` is not a value here", "arrays have a value at each place; for NaN write `isnan(x)`");
        }
        Node::Literal(Literal::None) => {
            return wrong(
                "`None` is not a value here",
                "leave the argument out; `axis=None` reduces over all axes, `clip(x, None, 3)` has no lower bound",
            );
        }
        _ => {}
    }
    Ok(())
}

/// Whether a node is an operand of a comparison.
#[cold]
fn compared(ast: &Ast, at: usize) -> bool {
    let id = NodeId(at as u32);
    let mut found = ast.links.iter().any(|&(_, operand)| operand == id);
    found |= ast.nodes.iter().any(|node| matches!(node, Node::Compare(first, _) if *first == id));
    found
}

impl Resolved {
    /// Numbers the free names in order of first appearance in the text, whatever the order of the nodes. (Those of a
    /// function that is never called are not among the nodes: they need no argument.) Gives where each stands first.
    fn number_free(&mut self) -> Vec<(u32, usize)> {
        let ast = &self.ast;
        let mut first: Vec<Option<u32>> = vec![None; ast.names.len()];
        for ((node, meaning), span) in ast.nodes.iter().zip(&self.meanings).zip(&ast.spans) {
            if let (Node::Name(name), Meaning::Free(_)) = (node, meaning) {
                let first = &mut first[name.0 as usize];
                *first = Some(first.map_or(span.start, |start| start.min(span.start)));
            }
        }
        let mut order: Vec<(u32, usize)> =
            first.iter().enumerate().filter_map(|(name, start)| Some(((*start)?, name))).collect();
        order.sort_unstable();
        let mut numbers = vec![0; ast.names.len()];
        for (number, &(_, name)) in order.iter().enumerate() {
            numbers[name] = number as u32;
            self.free.push(ast.names[name].clone());
        }
        for (node, meaning) in ast.nodes.iter().zip(&mut self.meanings) {
            if let (Node::Name(name), Meaning::Free(number)) = (node, meaning) {
                *number = numbers[name.0 as usize];
            }
        }
        order
    }
}
