//! What the names of a text stand for.
//!
//! Comes in: a syntax tree. Goes out: for each name in it whether it is an argument, a constant or a value assigned
//! before; for each call its function, with the arguments counted and the axes read; and the tree itself, in which calls
//! of the text's own functions are replaced (`expand`). Done once per text: nothing here depends on the types of the
//! arguments. Always holds: what the result refers to by an id stands before the referrer.
//!
//! A name means one thing in a text: a function of the library, a function of the text, or a value. A parameter means its
//! argument, within the body of its function, whatever the name means elsewhere.

use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use super::functions::Function;
use super::graph::Axes;
use super::registered::Custom;
use super::{call, expand};
use crate::diagnostic::{Diagnostic, excerpt};
use crate::dtype::DType;
use crate::error::{CompileError, CompileErrorKind};
use crate::syntax::ast::{Assignment, Ast, Literal, NameId, Node, NodeId, Span};
use crate::syntax::{Limits, limits, suggest};

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
    /// Part of the text that is read here, and has no value: the tuple of `axis=(0, 1)` or of `x in (0, 1)`.
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
}

/// What the builder says of names.
#[derive(Clone, Copy, Default)]
pub struct Given<'a> {
    /// Names that are arguments even where they would be constants or functions.
    pub declared: &'a [String],
    /// Functions of the caller's.
    pub functions: &'a [Custom],
    /// Bounds on what becomes of the text.
    pub limits: Limits,
}

/// Finds what the names stand for.
pub fn resolve(ast: Ast, source: &str, given: Given) -> Result<Resolved, CompileError> {
    let fail = |(kind, diagnostic)| CompileError::new(kind, diagnostic, source);
    let names = Names::new(&ast, given).map_err(fail)?;
    let mut meanings = vec![Meaning::Plain; ast.nodes.len()];
    let mut calls = Vec::new();
    // First the calls, which tell values from what stands only for an axis.
    let mut scope = Scope::default();
    for (at, node) in ast.nodes.iter().enumerate() {
        scope.advance(&ast, at);
        call::read_links(&ast, node, &mut meanings).map_err(fail)?;
        let Node::Call { function, function_span, args } = node else { continue };
        let site = call::Site {
            ast: &ast,
            span: ast.spans.get(at).copied().unwrap_or(*function_span),
            name: ast.name(*function),
            args: ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]),
        };
        meanings[at] = match names.function(*function, *function_span, &scope).map_err(fail)? {
            Callee::Library(function) => {
                calls.push(call::read(&site, function, &mut meanings).map_err(fail)?);
                Meaning::Call(calls.len() as u32 - 1)
            }
            Callee::Text(definition) => {
                call::check_defined(&site, &ast, definition).map_err(fail)?;
                Meaning::Defined(definition as u32)
            }
        };
    }
    let mut scope = Scope::default();
    for (at, node) in ast.nodes.iter().enumerate() {
        scope.advance(&ast, at);
        let span = ast.spans.get(at).copied().unwrap_or_default();
        if meanings[at] == Meaning::Static {
            continue;
        }
        match node {
            Node::Name(name) => meanings[at] = names.value(*name, span, &scope).map_err(fail)?,
            Node::Tuple(_) => {
                let diagnostic = Diagnostic::new("a tuple is not a value", span).with_help(
                    "several results stand at the end of the text, as in `x, y`; `axis=(0, 1)` and `x in (0, 1)` take a tuple",
                );
                return Err(fail((CompileErrorKind::Type, diagnostic)));
            }
            Node::Literal(Literal::None) => {
                let diagnostic = Diagnostic::new("`None` is not a value here", span).with_help(
                    "leave the argument out; `axis=None` reduces over all axes, `clip(x, None, 3)` has no lower bound",
                );
                return Err(fail((CompileErrorKind::Type, diagnostic)));
            }
            _ => {}
        }
    }
    let defines = !names.definitions.is_empty();
    drop(names);
    let mut resolved = Resolved { ast, meanings, calls, ..Resolved::default() };
    if defines {
        resolved = expand::expand(resolved, source, &given.limits)?;
    }
    let inputs = resolved.number_free();
    if let Some(&(start, name)) = inputs.get(given.limits.inputs) {
        let span = Span::new(start as usize, start as usize + resolved.ast.names.get(name).map_or(0, String::len));
        return Err(limits::exceeded(source, span, "too many arguments", given.limits.inputs, "inputs"));
    }
    Ok(resolved)
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

/// The statement that a node belongs to: nodes are in the order of the statements.
#[derive(Default)]
struct Scope {
    statement: usize,
}

impl Scope {
    /// Goes on to a later node.
    fn advance(&mut self, ast: &Ast, node: usize) {
        while ast.assignments.get(self.statement).is_some_and(|s| (s.value.0 as usize) < node) {
            self.statement += 1;
        }
    }
}

/// What a call names.
enum Callee {
    Library(&'static Function),
    /// Index into `Ast::assignments`.
    Text(usize),
}

type Failure = (CompileErrorKind, Diagnostic);

/// The names of a text, for looking up.
struct Names<'a> {
    ast: &'a Ast,
    declared: HashSet<&'a str>,
    /// Functions of the caller's, by name.
    custom: HashMap<&'a str, &'static Function>,
    /// For each assigned name, the values in order of the text.
    assigned: HashMap<NameId, Vec<NodeId>>,
    /// For each function of the text, its index in `Ast::assignments`.
    definitions: HashMap<NameId, usize>,
    /// For each parameter of each of them, its number.
    params: HashMap<(usize, NameId), u32>,
    /// Names that stand somewhere as a variable.
    variables: HashSet<NameId>,
}

impl<'a> Names<'a> {
    fn new(ast: &'a Ast, given: Given<'a>) -> Result<Names<'a>, Failure> {
        let variables = ast.nodes.iter().filter_map(|node| match node {
            Node::Name(name) => Some(*name),
            _ => None,
        });
        let mut names = Names {
            ast,
            declared: given.declared.iter().map(String::as_str).collect(),
            custom: HashMap::new(),
            assigned: HashMap::new(),
            definitions: HashMap::new(),
            params: HashMap::new(),
            variables: variables.collect(),
        };
        if let Some(name) = given.declared.iter().find(|name| !crate::syntax::is_name(name)) {
            let message = format!("`{}` is declared as an argument, but is not a name", excerpt(name));
            let help =
                "a name is made of letters, digits and `_`, begins with no digit, and is no word of the language";
            return Err((CompileErrorKind::Name, Diagnostic::new(message, Span::default()).with_help(help)));
        }
        for &Custom(function) in given.functions {
            names.register(function)?;
        }
        for (at, assignment) in ast.assignments.iter().enumerate() {
            names.assign(at, assignment)?;
        }
        Ok(names)
    }

    /// Notes a function of the caller's.
    fn register(&mut self, function: &'static Function) -> Result<(), Failure> {
        let (name, shown) = (function.name, excerpt(function.name));
        let wrong = |message: String| {
            let help = "register it under another name";
            Err((CompileErrorKind::Name, Diagnostic::new(message, Span::default()).with_help(help)))
        };
        if !crate::syntax::is_name(name) {
            return wrong(format!("a function is registered as `{shown}`, which is not a name"));
        }
        if Function::from_name(name).is_some() {
            return wrong(format!("a function is registered as `{shown}`, which is a function of the library"));
        }
        if self.declared.contains(name) {
            return wrong(format!("a function is registered as `{shown}`, which is declared as an argument"));
        }
        match self.custom.insert(name, function) {
            Some(before) if !std::ptr::eq(before, function) => {
                wrong(format!("two functions are registered as `{shown}`"))
            }
            _ => Ok(()),
        }
    }

    /// A function of the library or of the caller's.
    fn outside(&self, name: &str) -> Option<&'static Function> {
        Function::from_name(name).or_else(|| self.custom.get(name).copied())
    }

    /// Notes a value or a function that is given a name.
    fn assign(&mut self, at: usize, assignment: &Assignment) -> Result<(), Failure> {
        let &Assignment { name, name_span, value, .. } = assignment;
        let text = self.ast.name(name);
        let wrong = |message: String, help: &str| {
            Err((CompileErrorKind::Name, Diagnostic::new(message, name_span).with_help(help)))
        };
        let another = "give one of the two another name";
        let shown = excerpt(text);
        if assignment.params.is_none() {
            if self.definitions.contains_key(&name) {
                return wrong(format!("`{shown}` is a function already, defined before"), another);
            }
            self.assigned.entry(name).or_default().push(value);
            return Ok(());
        }
        if Function::from_name(text).is_some() {
            return wrong(format!("`{shown}` is a function of the library"), "give yours another name");
        }
        if self.custom.contains_key(text) {
            return wrong(format!("`{shown}` is a function that was registered"), "give one of the two another name");
        }
        if self.declared.contains(text) {
            return wrong(format!("`{shown}` is declared as an argument, and defined here as a function"), another);
        }
        if self.assigned.contains_key(&name) {
            return wrong(format!("`{shown}` is a value already, assigned before"), another);
        }
        if self.definitions.insert(name, at).is_some() {
            return wrong(format!("the function `{shown}` is defined twice"), another);
        }
        let params = self.ast.params(assignment).iter().zip(0..);
        self.params.extend(params.map(|(&(param, _), number)| ((at, param), number)));
        Ok(())
    }

    /// What the name means where it stands as a value. A `Free` has no index yet.
    fn value(&self, name: NameId, span: Span, scope: &Scope) -> Result<Meaning, Failure> {
        let text = self.ast.name(name);
        if let Some(&number) = self.params.get(&(scope.statement, name)) {
            return Ok(Meaning::Param(number));
        }
        if let Some(&definition) = self.definitions.get(&name) {
            return Err(used_as_variable(text, &signature(self.ast, definition), span));
        }
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
        if let Some(function) = self.custom.get(text) {
            return Err(used_as_variable(text, &function.signature(text), span));
        }
        if let Some((_, value)) = CONSTANTS.iter().find(|(name, _)| *name == text) {
            return Ok(Meaning::Constant(*value));
        }
        if let Some(function) = Function::from_name(text) {
            return Err(used_as_variable(text, &function.signature(text), span));
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
    fn function(&self, name: NameId, span: Span, scope: &Scope) -> Result<Callee, Failure> {
        let text = self.ast.name(name);
        let shown = excerpt(text);
        let param = self.params.contains_key(&(scope.statement, name));
        if let (Some(&definition), false) = (self.definitions.get(&name), param) {
            return self.definition(definition, span, scope);
        }
        let variable = param || self.assigned.contains_key(&name) || self.declared.contains(text);
        let found = self.outside(text);
        if let (Some(function), false) = (found, variable) {
            return Ok(Callee::Library(function));
        }
        let diagnostic = if variable || self.variables.contains(&name) || CONSTANTS.iter().any(|(c, _)| *c == text) {
            Diagnostic::new(format!("`{shown}` is a variable, called here like a function"), span)
                .with_help(format!("for a product write `{shown}*(...)`"))
        } else {
            let diagnostic = Diagnostic::new(format!("there is no function `{shown}`"), span);
            let ast = self.ast;
            let own = ast.assignments.iter().filter(|a| a.params.is_some()).map(|a| ast.name(a.name));
            let library = Function::all().iter().flat_map(Function::names).map(|name| -> &str { name });
            let mut custom: Vec<&str> = self.custom.keys().copied().collect();
            custom.sort_unstable();
            let names = own.chain(custom).chain(library);
            let usual = suggest::elsewhere(text).filter(|name| Function::from_name(name).is_some());
            match (suggest::instead(text), usual.or_else(|| suggest::nearest(text, names))) {
                (Some(help), _) => diagnostic.with_help(help),
                (None, Some(nearest)) => diagnostic.with_help(format!("did you mean `{nearest}`?")),
                (None, None) => diagnostic,
            }
        };
        Err((CompileErrorKind::Name, diagnostic))
    }

    /// A function of the text, if it may be called here: it stands before.
    fn definition(&self, definition: usize, span: Span, scope: &Scope) -> Result<Callee, Failure> {
        if definition < scope.statement {
            return Ok(Callee::Text(definition));
        }
        let name = self.ast.assignments.get(definition).map_or("", |definition| self.ast.name(definition.name));
        let shown = excerpt(name);
        let diagnostic = if definition == scope.statement {
            Diagnostic::new(format!("`{shown}` calls itself"), span)
                .with_help("functions cannot: write the formula out, or pass what changes as an argument")
        } else {
            Diagnostic::new(format!("`{shown}` is called before it is defined"), span)
                .with_help("put its definition before this statement")
        };
        Err((CompileErrorKind::Name, diagnostic))
    }
}

fn used_as_variable(name: &str, signature: &str, span: Span) -> Failure {
    let diagnostic = Diagnostic::new(format!("`{}` is a function, used here as a variable", excerpt(name)), span)
        .with_help(format!("call it: `{signature}`; or give the variable another name"));
    (CompileErrorKind::Name, diagnostic)
}

/// How a function of the text is called: `f(x, y)`.
pub(super) fn signature(ast: &Ast, definition: usize) -> String {
    /// Parameters that are shown.
    const SHOWN: usize = 6;
    let Some(definition) = ast.assignments.get(definition) else { return String::new() };
    let params = ast.params(definition);
    let mut names: Vec<String> = params.iter().take(SHOWN).map(|(name, _)| excerpt(ast.name(*name))).collect();
    if params.len() > SHOWN {
        names.push("...".to_string());
    }
    format!("{}({})", excerpt(ast.name(definition.name)), names.join(", "))
}
