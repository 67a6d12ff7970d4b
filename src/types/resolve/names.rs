//! The names of a text, for looking up.
//!
//! Comes in: a syntax tree, and what the builder says of names. Goes out: what a name means where it stands. Always holds: functions
//! and variables have names of two kinds. A name before `(` is a function: one that the text defines hides one that was registered,
//! and that hides the library's. Behind `np.` stands the library's own, unless the text gives `np` a value. Any other name is a
//! variable: a parameter within the body of its function, else what the text assigned last, else an argument, or a constant.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use crate::diagnostic::{Diagnostic, excerpt};
use crate::error::CompileErrorKind;
use crate::syntax::ast::{Argument, Assignment, Ast, Attribute, NameId, Node, NodeId, Span};
use crate::syntax::{for_each_child, normal, suggest};
use crate::types::function::Function;
use crate::types::meaning::{CONSTANTS, Given, Meaning};
use crate::types::registered::Custom;

/// The prefixes that are dropped before the library's functions and constants.
const PREFIXES: [&str; 2] = ["np", "numpy"];

/// The statement that a node belongs to, and each `lambda` that it stands in, from the outermost: nodes are in the order of the statements.
#[derive(Default)]
pub(in crate::types) struct Scope {
    statement: usize,
    lambdas: SmallVec<[NodeId; 2]>,
    next: usize,
}

impl Scope {
    /// Goes on to a later node.
    pub fn advance(&mut self, names: &Names, node: usize) {
        while names.ast.assignments.get(self.statement).is_some_and(|s| (s.value.0 as usize) < node) {
            self.statement += 1;
        }
        while self.lambdas.last().is_some_and(|lambda| lambda.0 as usize <= node) {
            self.lambdas.pop();
        }
        while let Some(&(first, lambda)) = names.lambdas.get(self.next)
            && first as usize <= node
        {
            self.lambdas.push(lambda);
            self.next += 1;
        }
    }
}

/// What a call names.
pub(in crate::types) enum Callee {
    Library(&'static Function),
    /// Index into `Ast::assignments`.
    Text(usize),
}

/// What is wrong with a name or a call.
pub(in crate::types) type Failure = (CompileErrorKind, Diagnostic);

/// The names of a text, for looking up.
pub(in crate::types) struct Names<'a> {
    ast: &'a Ast,
    source: &'a str,
    /// Names that are arguments even where they would be constants, and whether all of these are.
    declared: HashSet<Cow<'a, str>>,
    plain_constants: bool,
    /// Functions of the caller's, by name.
    custom: HashMap<&'a str, &'static Function>,
    /// For each assigned name, the values in order of the text, and of those that are tuples which item is meant.
    assigned: HashMap<NameId, Vec<(NodeId, Option<u32>)>>,
    /// For each function of the text, its index in `Ast::assignments`.
    definitions: HashMap<NameId, usize>,
    /// For each parameter of each of them, its number.
    params: HashMap<(usize, NameId), u32>,
    /// Each `lambda`, and the first node of its body: in order of these, the outer one first.
    lambdas: Vec<(u32, NodeId)>,
    /// For each parameter of each of them, its number.
    bound: HashMap<(NodeId, NameId), u32>,
    /// Names that stand somewhere as a variable.
    variables: HashSet<NameId>,
}

impl<'a> Names<'a> {
    pub fn new(ast: &'a Ast, source: &'a str, given: Given<'a>) -> Result<Names<'a>, Failure> {
        let variables = ast.nodes.iter().filter_map(|node| match node {
            Node::Name(name) => Some(*name),
            _ => None,
        });
        let mut names = Names {
            ast,
            source,
            declared: given.declared.iter().map(|name| normal(name)).collect(),
            plain_constants: given.plain_constants,
            custom: HashMap::new(),
            assigned: HashMap::new(),
            definitions: HashMap::new(),
            params: HashMap::new(),
            lambdas: lambdas(ast)?,
            bound: HashMap::new(),
            variables: variables.collect(),
        };
        if let Some(name) = given.declared.iter().find(|name| !crate::syntax::is_name(&normal(name))) {
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
        for &(_, id) in &names.lambdas {
            let Node::Lambda(params, _) = ast.node(id) else { continue };
            let params = ast.params_in(params).iter().zip(0..);
            names.bound.extend(params.map(|(&(param, _), number)| ((id, param), number)));
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
        match self.custom.insert(name, function) {
            Some(before) if !std::ptr::eq(before, function) => {
                wrong(format!("two functions are registered as `{shown}`"))
            }
            _ => Ok(()),
        }
    }

    /// Notes a value or a function that is given a name.
    fn assign(&mut self, at: usize, assignment: &Assignment) -> Result<(), Failure> {
        let &Assignment { name, name_span, value, .. } = assignment;
        if assignment.params.is_none() {
            self.assigned.entry(name).or_default().push((value, assignment.part.map(|(item, _)| item)));
            return Ok(());
        }
        if self.definitions.insert(name, at).is_some() {
            let message = format!("the function `{}` is defined twice", excerpt(self.ast.name(name)));
            let diagnostic = Diagnostic::new(message, name_span).with_help("give one of the two another name");
            return Err((CompileErrorKind::Name, diagnostic));
        }
        let params = self.ast.params(assignment).iter().zip(0..);
        self.params.extend(params.map(|(&(param, _), number)| ((at, param), number)));
        Ok(())
    }

    /// Whether the text or the builder says of a name that it is a variable here.
    fn is_variable(&self, name: NameId, scope: &Scope) -> bool {
        self.params.contains_key(&(scope.statement, name))
            || scope.lambdas.iter().any(|&lambda| self.bound.contains_key(&(lambda, name)))
            || self.assigned.contains_key(&name)
            || self.declared.contains(self.ast.name(name))
    }

    /// Whether a node is `np` or `numpy`, to be dropped before a dot.
    pub fn is_prefix(&self, node: NodeId, scope: &Scope) -> bool {
        let Node::Name(name) = *self.ast.node(node) else { return false };
        PREFIXES.contains(&self.ast.name(name)) && !self.is_variable(name, scope)
    }

    /// What the name means where it stands as a value. A `Free` has no index yet.
    pub fn value(&self, name: NameId, span: Span, scope: &Scope) -> Result<Meaning, Failure> {
        let text = self.ast.name(name);
        let bound = |&lambda: &NodeId| Some(Meaning::Bound(lambda, *self.bound.get(&(lambda, name))?));
        if let Some(meaning) = scope.lambdas.iter().rev().find_map(bound) {
            return Ok(meaning);
        }
        if let Some(&number) = self.params.get(&(scope.statement, name)) {
            return Ok(Meaning::Param(number));
        }
        if let Some(values) = self.assigned.get(&name) {
            // The values end in order of the text, and a name inside a value stands before that value's end.
            let before = values.partition_point(|&(value, _)| self.ast.span(value).end <= span.start);
            return match before.checked_sub(1).and_then(|at| values.get(at)) {
                Some(&(value, Some(item))) => Ok(Meaning::Item(value, item)),
                Some(&(value, None)) => Ok(Meaning::Assigned(value)),
                None => Err(self.read_before_assigned(text, span)),
            };
        }
        if self.declared.contains(text) {
            return Ok(Meaning::Free(0));
        }
        if let Some(&definition) = self.definitions.get(&name)
            && self.ast.assignments.get(definition).is_some_and(|function| function.lambda)
        {
            let shown = excerpt(text);
            let diagnostic =
                Diagnostic::new(format!("`{shown}` is a function, and no value"), span).with_help(format!(
                    "call it: `{}`; `iterate`, `repeat` and `scan` take it by its name",
                    signature(self.ast, definition)
                ));
            return Err((CompileErrorKind::Name, diagnostic));
        }
        if self.plain_constants {
            return Ok(Meaning::Free(0));
        }
        Ok(constant(text).map_or(Meaning::Free(0), Meaning::Constant))
    }

    fn read_before_assigned(&self, text: &str, span: Span) -> Failure {
        let text = excerpt(text);
        let diagnostic = Diagnostic::new(format!("`{text}` is read before it is assigned"), span)
            .with_help("a name is either an argument or assigned: give one of the two another name");
        (CompileErrorKind::Name, diagnostic)
    }

    /// The function that a call names.
    pub fn function(&self, name: NameId, span: Span, scope: &Scope) -> Result<Callee, Failure> {
        if let Some(&definition) = self.definitions.get(&name) {
            return self.definition(definition, span, scope);
        }
        let text = self.ast.name(name);
        match self.custom.get(text).copied().or_else(|| Function::from_name(text)) {
            Some(function) => Ok(Callee::Library(function)),
            None => Err(self.no_function(name, span, scope)),
        }
    }

    /// The function of the text that is passed by its name, if it is one.
    pub fn passed(&self, name: NameId, span: Span, scope: &Scope) -> Option<Result<usize, Failure>> {
        let &definition = self.definitions.get(&name)?;
        Some(self.definition(definition, span, scope).map(|_| definition))
    }

    /// The library's function that a call names behind `np.`.
    pub fn built_in(&self, name: NameId, span: Span, scope: &Scope) -> Result<Callee, Failure> {
        let function = Function::from_name(self.ast.name(name));
        function.map(Callee::Library).ok_or_else(|| self.no_function(name, span, scope))
    }

    #[cold]
    fn no_function(&self, name: NameId, span: Span, scope: &Scope) -> Failure {
        let text = self.ast.name(name);
        let shown = excerpt(text);
        let variable = self.is_variable(name, scope) || self.variables.contains(&name) || constant(text).is_some();
        if variable {
            let diagnostic = Diagnostic::new(format!("`{shown}` is a variable, called here like a function"), span)
                .with_help(format!("for a product write `{shown}*(...)`"));
            return (CompileErrorKind::Name, diagnostic);
        }
        let diagnostic = Diagnostic::new(format!("there is no function `{shown}`"), span);
        let ast = self.ast;
        let own = ast.assignments.iter().filter(|a| a.params.is_some()).map(|a| ast.name(a.name));
        let library = Function::all().iter().flat_map(Function::names).map(|name| -> &str { name });
        let mut custom: Vec<&str> = self.custom.keys().copied().collect();
        custom.sort_unstable();
        let diagnostic = match suggest::function(text, own.chain(custom), library) {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        };
        (CompileErrorKind::Name, diagnostic)
    }

    /// What `of.name` means, where nothing is called.
    pub fn attribute(&self, (of, name): (NodeId, NameId), span: Span, scope: &Scope) -> Result<Meaning, Failure> {
        // The place is that from the dot on.
        let behind = Span { start: self.ast.span(of).end.min(span.end), end: span.end };
        let dot = self.source.get(behind.range()).and_then(|text| text.find('.')).unwrap_or(0);
        let span = Span { start: behind.start + dot as u32, ..behind };
        let text = self.ast.name(name);
        let shown = excerpt(text);
        let prefix = self.is_prefix(of, scope);
        if let (true, Some(value)) = (prefix, constant(text)) {
            return Ok(Meaning::Constant(value));
        }
        let function = Function::from_name(text);
        let message = match prefix {
            true => format!("there is no constant `{shown}`"),
            false => format!("`.{shown}` is unknown: `.real`, `.imag` and functions are what may stand after a value"),
        };
        let diagnostic = Diagnostic::new(message, span);
        let help = match function {
            Some(function) if prefix => Some(format!("it is a function: `{}`", function.call(text))),
            Some(_) => Some(format!("call it: `.{shown}()`")),
            None if module(self.ast, of).is_some() => {
                Some(format!("functions and constants have no prefix but `np.`: write `{shown}`"))
            }
            None => suggest::attribute(text).map(str::to_string),
        };
        Err((CompileErrorKind::Name, Diagnostic { help, ..diagnostic }))
    }

    /// An error in the call of a method, of which it may be that a module's function was meant.
    pub fn of_module(&self, of: &Argument, (kind, diagnostic): Failure, scope: &Scope) -> Failure {
        match module(self.ast, of.value) {
            Some(name) if !self.is_variable(name, scope) => {
                let module = excerpt(self.ast.name(name));
                let help =
                    format!("functions have no prefix but `np.`: write the name alone, without `{module}.` before it");
                (kind, diagnostic.with_help(help))
            }
            _ => (kind, diagnostic),
        }
    }

    /// Of variables that are functions too: the name, and how the function is called.
    pub fn homonyms(&self) -> Vec<(String, String)> {
        let call = |&name: &NameId| {
            let text = self.ast.name(name);
            let own = self.definitions.get(&name).map(|&definition| signature(self.ast, definition));
            let function = || self.custom.get(text).copied().or_else(|| Function::from_name(text));
            let call = own.or_else(|| function().map(|function| function.call(text)))?;
            Some((text.to_string(), call))
        };
        self.variables.iter().filter_map(call).collect()
    }

    /// A function of the text, if it may be called here: it stands before.
    fn definition(&self, definition: usize, span: Span, scope: &Scope) -> Result<Callee, Failure> {
        if definition < scope.statement {
            return Ok(Callee::Text(definition));
        }
        let name = self.ast.assignments.get(definition).map_or("", |definition| self.ast.name(definition.name));
        let shown = excerpt(name);
        let diagnostic = if definition == scope.statement {
            let library = Function::from_name(name).is_some();
            Diagnostic::new(format!("`{shown}` calls itself"), span).with_help(match library {
                true => format!("the library's function is `np.{shown}` here"),
                false => "functions cannot: write the formula out, or pass what changes as an argument".to_string(),
            })
        } else {
            Diagnostic::new(format!("`{shown}` is called before it is defined"), span)
                .with_help("put its definition before this statement")
        };
        Err((CompileErrorKind::Name, diagnostic))
    }
}

/// How many `lambda` may stand within each other: a name is looked for in each.
const DEPTH: usize = 512;

/// Each `lambda` of a tree, and the first node of its body: in order of these, the outer one first.
pub(super) fn lambdas(ast: &Ast) -> Result<Vec<(u32, NodeId)>, Failure> {
    if !ast.nodes.iter().any(|node| matches!(node, Node::Lambda(..))) {
        return Ok(Vec::new());
    }
    // For each node the first that it is made of.
    let mut first: Vec<u32> = Vec::with_capacity(ast.nodes.len());
    let mut all = Vec::new();
    for at in 0..ast.nodes.len() as u32 {
        let mut begin = at;
        for_each_child(ast, NodeId(at), |child| begin = begin.min(first[child.0 as usize]));
        first.push(begin);
        if let Node::Lambda(_, body) = ast.node(NodeId(at)) {
            all.push((first[body.0 as usize], NodeId(at)));
        }
    }
    all.sort_unstable_by_key(|&(first, lambda)| (first, std::cmp::Reverse(lambda)));
    let mut around: Vec<NodeId> = Vec::new();
    for &(first, lambda) in &all {
        while around.last().is_some_and(|around| around.0 < first) {
            around.pop();
        }
        around.push(lambda);
        if around.len() > DEPTH {
            let message = format!("functions are nested more than {DEPTH} deep");
            let help = "give some of them names, in statements before this one";
            return Err((CompileErrorKind::Limit, Diagnostic::new(message, ast.span(lambda)).with_help(help)));
        }
    }
    Ok(all)
}

/// The value of a constant.
fn constant(name: &str) -> Option<f64> {
    CONSTANTS.iter().find(|(constant, _)| *constant == name).map(|(_, value)| *value)
}

/// The module's name before a dot, if it looks like one: `math`, or `scipy.special`.
fn module(ast: &Ast, mut of: NodeId) -> Option<NameId> {
    while let Node::Attribute(inner, Attribute::Named(_)) = *ast.node(of) {
        of = inner;
    }
    let Node::Name(name) = *ast.node(of) else { return None };
    suggest::is_module(ast.name(name)).then_some(name)
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
