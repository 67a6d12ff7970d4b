//! What the names of a text stand for.
//!
//! Comes in: a syntax tree. Goes out: for each name in it whether it is an argument, a constant or a value assigned
//! before; for each call its function, with the arguments counted and the axes read; and the tree itself, in which calls
//! of the text's own functions are replaced (`expand`). Done once per text: nothing here depends on the types of the
//! arguments. Always holds: what the result refers to by an id stands before the referrer.
//!
//! What a name is follows from where it stands (`names`).

use smallvec::SmallVec;

use super::functions::Function;
use super::graph::Axes;
use super::names::{Callee, Failure, Names, Scope};
use super::registered::Custom;
use super::{call, expand};
use crate::diagnostic::Diagnostic;
use crate::dtype::DType;
use crate::error::{CompileError, CompileErrorKind};
use crate::syntax::ast::{Argument, Ast, Attribute, Literal, Node, NodeId, Span};
use crate::syntax::{Limits, limits};

/// The names that are constants, unless assigned or declared.
pub const CONSTANTS: &[(&str, f64)] =
    &[("pi", std::f64::consts::PI), ("e", std::f64::consts::E), ("inf", f64::INFINITY), ("nan", f64::NAN)];

/// What a node of the tree means, beyond what it says itself.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Meaning {
    /// Nothing more.
    Plain,
    /// An argument: index into [`Resolved::free`].
    Free(u32),
    /// A constant: a weak float.
    Constant(f64),
    /// The value of another node: what was assigned, the argument of a parameter, the body of a function that is called.
    Assigned(NodeId),
    /// A parameter of the definition around it, counted from 0. Not in the tree that `resolve` gives.
    Param(u32),
    /// A call: index into [`Resolved::calls`].
    Call(u32),
    /// A call of a function of the text: index into `Ast::assignments`. Not in the tree that `resolve` gives.
    Defined(u32),
    /// Part of the text that is read here, and has no value: the tuple of `axis=(0, 1)` or of `x in (0, 1)`, the type of `dtype=f32`,
    /// `np` before a dot.
    Static,
}

/// A call.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// Of what.
    pub function: &'static Function,
    /// The arguments that are values, as many as the function requires; of a tuple its items.
    pub args: SmallVec<[NodeId; 3]>,
    /// The values that may be left out and are there, with their parameters' names.
    pub options: SmallVec<[(&'static str, NodeId); 1]>,
    /// Over which axes, if it is a reduction.
    pub axes: Axes,
    /// Whether reduced axes stay.
    pub keepdims: bool,
    /// What the number of elements that a variance divides by is less by.
    pub ddof: i64,
    /// What a reduction converts its operand to.
    pub dtype: Option<DType>,
    /// Whether a NaN is close to another.
    pub equal_nan: bool,
}

impl PartialEq for Function {
    fn eq(&self, other: &Function) -> bool {
        self.name == other.name
    }
}

/// What the names of a text stand for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Resolved {
    /// The tree, without definitions.
    pub ast: Ast,
    /// The free names, which are the arguments: in order of first appearance.
    pub free: Vec<String>,
    /// For each node of the tree, what it means.
    pub meanings: Vec<Meaning>,
    /// The calls.
    pub calls: Vec<Call>,
    /// For each call of a function of the text that is in no other: the first node of the copied body, and the call.
    pub sites: Vec<(NodeId, NodeId)>,
    /// Of variables that have the name of a function: the name, and how the function is called.
    pub homonyms: Vec<(String, String)>,
}

/// What the builder says of names.
#[derive(Clone, Copy, Default)]
pub struct Given<'a> {
    /// Names that are arguments even where they would be constants.
    pub declared: &'a [String],
    /// Whether the names of constants are variables like any other.
    pub plain_constants: bool,
    /// Functions of the caller's.
    pub functions: &'a [Custom],
    /// Bounds on what becomes of the text.
    pub limits: Limits,
}

/// Finds what the names stand for.
pub fn resolve(ast: Ast, source: &str, given: Given) -> Result<Resolved, CompileError> {
    let fail = |(kind, diagnostic)| CompileError::new(kind, diagnostic, source);
    let names = Names::new(&ast, source, given).map_err(fail)?;
    let mut meanings = vec![Meaning::Plain; ast.nodes.len()];
    let mut calls = Vec::new();
    // First the calls, which tell values from what stands only for an axis.
    let mut scope = Scope::default();
    for at in 0..ast.nodes.len() {
        scope.advance(&ast, at);
        call::read_links(&ast, ast.node(NodeId(at as u32)), &mut meanings).map_err(fail)?;
        resolve_call(&ast, at, (&names, &scope), &mut meanings, &mut calls).map_err(fail)?;
    }
    let mut scope = Scope::default();
    for (at, meaning) in meanings.iter_mut().enumerate() {
        scope.advance(&ast, at);
        if *meaning != Meaning::Static {
            resolve_value(&ast, at, (&names, &scope), meaning).map_err(fail)?;
        }
    }
    let defines = ast.assignments.iter().any(|assignment| assignment.params.is_some());
    let homonyms = names.homonyms();
    drop(names);
    let mut resolved = Resolved { ast, meanings, calls, ..Resolved::default() };
    if defines {
        resolved = expand::expand(resolved, source, &given.limits)?;
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

/// Finds the function of a call and reads its arguments; of a constant behind `np.` drops the prefix.
fn resolve_call(
    ast: &Ast,
    at: usize,
    (names, scope): Lookup,
    meanings: &mut [Meaning],
    calls: &mut Vec<Call>,
) -> Result<(), Failure> {
    let (function, function_span, args, method) = match ast.node(NodeId(at as u32)) {
        Node::Call { function, function_span, args, method } => (*function, *function_span, args, *method),
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
        true => names.library(function, function_span, scope)?,
        false => names.function(function, function_span, scope)?,
    };
    let meaning = match callee {
        Callee::Library(function) => call::read(&site, function, meanings).map(|call| {
            calls.push(call);
            Meaning::Call(calls.len() as u32 - 1)
        }),
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
        Node::Attribute(of, Attribute::Named(name)) => {
            *meaning = names.attribute((of, name), span, scope)?;
        }
        Node::Tuple(_) => {
            return wrong(
                "a tuple is not a value",
                "several results stand at the end of the text, as in `x, y`; `axis=(0, 1)` and `x in (0, 1)` take a tuple",
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
