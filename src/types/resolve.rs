//! What the names of a text stand for.
//!
//! Comes in: a syntax tree. Goes out: for each name in it whether it is an argument, a constant or a value assigned
//! before; for each call its function, with the arguments counted and the axes read. Done once per text: nothing here
//! depends on the types of the arguments. Always holds: what the result refers to by an id stands before the referrer.

use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use super::call;
use super::functions::Function;
use super::graph::Axes;
use crate::diagnostic::{Diagnostic, excerpt};
use crate::error::{CompileError, CompileErrorKind};
use crate::syntax::ast::{Ast, NameId, Node, NodeId, Span};

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
    /// What was assigned, here.
    Assigned(NodeId),
    /// A call: index into [`Resolved::calls`].
    Call(u32),
    /// Part of the text that is read here, and has no value: the tuple of `axis=(0, 1)`.
    Static,
}

/// A call.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// Of what.
    pub function: &'static Function,
    /// The arguments that are values, as many as the function takes.
    pub args: SmallVec<[NodeId; 3]>,
    /// Over which axes, if it is a reduction.
    pub axes: Axes,
    /// Whether reduced axes stay.
    pub keepdims: bool,
    /// What the number of elements that a variance divides by is less by.
    pub ddof: i64,
}

impl PartialEq for Function {
    fn eq(&self, other: &Function) -> bool {
        self.name == other.name
    }
}

/// What the names of a text stand for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Resolved {
    /// The free names, which are the arguments: in order of first appearance.
    pub free: Vec<String>,
    /// For each node of the tree, what it means.
    pub meanings: Vec<Meaning>,
    /// The calls.
    pub calls: Vec<Call>,
}

/// Finds what the names stand for. `declared` are names that are arguments even where they would be constants or
/// functions.
pub fn resolve(ast: &Ast, source: &str, declared: &[String]) -> Result<Resolved, CompileError> {
    let names = Names::new(ast, declared);
    let mut resolved = Resolved { meanings: vec![Meaning::Plain; ast.nodes.len()], ..Resolved::default() };
    // By name: in order of first appearance in the text, whatever the order of the nodes.
    let mut free: Vec<Option<u32>> = vec![None; ast.names.len()];
    let fail = |(kind, diagnostic)| CompileError::new(kind, diagnostic, source);

    // First the calls, which tell values from what stands only for an axis.
    for (at, node) in ast.nodes.iter().enumerate() {
        if let Node::Call { function, function_span, args } = node {
            let found = names.function(*function, *function_span).map_err(fail)?;
            let site = call::Site {
                ast,
                span: ast.spans.get(at).copied().unwrap_or(*function_span),
                name: ast.name(*function),
                args: ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]),
            };
            let call = call::read(&site, found, &mut resolved.meanings).map_err(fail)?;
            resolved.meanings[at] = Meaning::Call(resolved.calls.len() as u32);
            resolved.calls.push(call);
        }
    }
    for (at, node) in ast.nodes.iter().enumerate() {
        let span = ast.spans.get(at).copied().unwrap_or_default();
        if resolved.meanings[at] == Meaning::Static {
            continue;
        }
        match node {
            Node::Name(name) => {
                let meaning = names.value(*name, span).map_err(fail)?;
                if let Meaning::Free(_) = meaning {
                    free[name.0 as usize] = Some(0);
                }
                resolved.meanings[at] = meaning;
            }
            Node::Tuple(_) => {
                let diagnostic = Diagnostic::new("a tuple is not a value", span).with_help(
                    "several results stand at the end of the text, as in `x, y`; `axis=(0, 1)` takes a tuple",
                );
                return Err(fail((CompileErrorKind::Type, diagnostic)));
            }
            _ => {}
        }
    }
    for (at, index) in free.iter_mut().enumerate().filter(|(_, index)| index.is_some()) {
        *index = Some(resolved.free.len() as u32);
        resolved.free.push(ast.names[at].clone());
    }
    for (node, meaning) in ast.nodes.iter().zip(&mut resolved.meanings) {
        if let (Node::Name(name), Meaning::Free(index)) = (node, meaning) {
            *index = free[name.0 as usize].unwrap_or(0);
        }
    }
    Ok(resolved)
}

type Failure = (CompileErrorKind, Diagnostic);

/// The names of a text, for looking up.
struct Names<'a> {
    ast: &'a Ast,
    declared: HashSet<&'a str>,
    /// For each assigned name, the values in order of the text.
    assigned: HashMap<NameId, Vec<NodeId>>,
    /// Names that stand somewhere as a variable.
    variables: HashSet<NameId>,
}

impl<'a> Names<'a> {
    fn new(ast: &'a Ast, declared: &'a [String]) -> Names<'a> {
        let mut assigned: HashMap<NameId, Vec<NodeId>> = HashMap::new();
        for assignment in &ast.assignments {
            assigned.entry(assignment.name).or_default().push(assignment.value);
        }
        let variables = ast.nodes.iter().filter_map(|node| match node {
            Node::Name(name) => Some(*name),
            _ => None,
        });
        Names { ast, declared: declared.iter().map(String::as_str).collect(), variables: variables.collect(), assigned }
    }

    /// What the name means where it stands as a value. A `Free` has no index yet.
    fn value(&self, name: NameId, span: Span) -> Result<Meaning, Failure> {
        let text = self.ast.name(name);
        if let Some(values) = self.assigned.get(&name) {
            // The values end in order of the text, and a name inside a value stands before that value's end.
            let before = values.partition_point(|&value| self.ast.span(value).end <= span.start);
            return match before.checked_sub(1).and_then(|at| values.get(at)) {
                Some(&value) => Ok(Meaning::Assigned(value)),
                None => Err(self.read_before_assigned(text, span)),
            };
        }
        if self.declared.contains(text) {
            return Ok(Meaning::Free(0));
        }
        if let Some((_, value)) = CONSTANTS.iter().find(|(name, _)| *name == text) {
            return Ok(Meaning::Constant(*value));
        }
        if let Some(function) = Function::from_name(text) {
            let diagnostic = Diagnostic::new(format!("`{text}` is a function, used here as a variable"), span)
                .with_help(format!("call it: `{}`; or give the variable another name", function.signature(text)));
            return Err((CompileErrorKind::Name, diagnostic));
        }
        Ok(Meaning::Free(0))
    }

    fn read_before_assigned(&self, text: &str, span: Span) -> Failure {
        let text = excerpt(text);
        let diagnostic = Diagnostic::new(format!("`{text}` is read before it is assigned"), span)
            .with_help("a name is either an argument or assigned: give one of the two another name");
        (CompileErrorKind::Name, diagnostic)
    }

    /// The function that a call names.
    fn function(&self, name: NameId, span: Span) -> Result<&'static Function, Failure> {
        let text = self.ast.name(name);
        let shown = excerpt(text);
        let variable = self.assigned.contains_key(&name) || self.declared.contains(text);
        let found = Function::from_name(text);
        if let (Some(function), false) = (found, variable) {
            return Ok(function);
        }
        let diagnostic = if variable || self.variables.contains(&name) || CONSTANTS.iter().any(|(c, _)| *c == text) {
            Diagnostic::new(format!("`{shown}` is a variable, called here like a function"), span)
                .with_help(format!("for a product write `{shown}*(...)`"))
        } else {
            let diagnostic = Diagnostic::new(format!("there is no function `{shown}`"), span);
            let names = Function::all().iter().flat_map(Function::names);
            match crate::syntax::suggest::nearest(text, names) {
                Some(nearest) => diagnostic.with_help(format!("did you mean `{nearest}`?")),
                None => diagnostic,
            }
        };
        Err((CompileErrorKind::Name, diagnostic))
    }
}
