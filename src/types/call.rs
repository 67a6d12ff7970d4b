//! The arguments of a call: how many, by which keyword, and for a reduction over which axes.
//!
//! Comes in: a call and the row of its function. Goes out: its arguments in the order of the row's parameters. Axes and
//! `keepdims` are literals, read here: the shape of a result follows from the text and the shapes of the arguments alone.

use smallvec::SmallVec;

use super::functions::Function;
use super::graph::Axes;
use super::resolve::{Call, Meaning, signature};
use crate::diagnostic::{Diagnostic, excerpt, several};
use crate::error::CompileErrorKind;
use crate::syntax::ast::{Argument, Ast, Literal, Node, NodeId, Span, UnaryOp};

/// A call in a text.
pub(super) struct Site<'a> {
    pub ast: &'a Ast,
    /// The whole call.
    pub span: Span,
    /// The name by which the function is called.
    pub name: &'a str,
    pub args: &'a [Argument],
}

type Failure = (CompileErrorKind, Diagnostic);

/// Reads the arguments of a call, and marks those that are not values as [`Meaning::Static`].
pub(super) fn read(site: &Site, function: &'static Function, meanings: &mut [Meaning]) -> Result<Call, Failure> {
    let slots = assign(site, function)?;
    let mut call = Call { function, args: SmallVec::new(), axes: Axes::All, keepdims: false, ddof: 0 };
    for (slot, &param) in slots.iter().zip(function.params) {
        let Some(value) = *slot else { continue };
        match param {
            "axis" => call.axes = axes(site, value)?,
            "keepdims" => call.keepdims = keepdims(site.ast, value)?,
            "ddof" => call.ddof = ddof(site.ast, value)?,
            _ => {
                call.args.push(value);
                continue;
            }
        }
        if let Some(meaning) = meanings.get_mut(value.0 as usize) {
            *meaning = Meaning::Static;
        }
    }
    Ok(call)
}

/// Checks a call of a function of the text: as many arguments as parameters, none by keyword.
pub(super) fn check_defined(site: &Site, ast: &Ast, definition: usize) -> Result<(), Failure> {
    let name = excerpt(site.name);
    let signature = || format!("`{}`", signature(ast, definition));
    if let Some((keyword, span)) = site.args.iter().find_map(|argument| argument.keyword) {
        let keyword = excerpt(ast.name(keyword));
        let params = ast.assignments.get(definition).map_or(&[][..], |definition| ast.params(definition));
        let help = match params.iter().any(|&(param, _)| ast.name(param) == keyword) {
            true => format!("`{keyword}` goes by its position: {}", signature()),
            false => signature(),
        };
        let message = format!("`{name}` has no keyword `{keyword}`");
        return Err((CompileErrorKind::Name, Diagnostic::new(message, span).with_help(help)));
    }
    let params = ast.assignments.get(definition).map_or(0, |definition| ast.params(definition).len());
    if site.args.len() == params {
        return Ok(());
    }
    let message = format!("`{name}` takes {}, {} given", arguments(params), site.args.len());
    let help = format!("it is defined in this text as {}", signature());
    Err((CompileErrorKind::Type, Diagnostic::new(message, site.span).with_help(help)))
}

/// Which argument each parameter gets.
fn assign(site: &Site, function: &Function) -> Result<SmallVec<[Option<NodeId>; 3]>, Failure> {
    let mut slots: SmallVec<[Option<NodeId>; 3]> = SmallVec::from_elem(None, function.params.len());
    for (position, argument) in site.args.iter().enumerate() {
        let at = match argument.keyword {
            None => position,
            Some((name, span)) => {
                let keyword = site.ast.name(name);
                let optional = function.params.get(function.required..).unwrap_or(&[]);
                match optional.iter().position(|&param| param == keyword) {
                    Some(at) => function.required + at,
                    None => return Err(unknown_keyword(site, function, keyword, optional, span)),
                }
            }
        };
        match slots.get_mut(at) {
            None => return Err(arity(site, function)),
            Some(Some(_)) => {
                let param = function.params.get(at).copied().unwrap_or("");
                return Err(wrong(format!("`{param}` is given twice"), site.ast.span(argument.value)));
            }
            Some(slot) => *slot = Some(argument.value),
        }
    }
    if let Some(missing) = slots.iter().take(function.required).position(Option::is_none) {
        let param = function.params.get(missing).copied().unwrap_or_default();
        if site.args.len() < function.required || param.is_empty() {
            return Err(arity(site, function));
        }
        let diagnostic = Diagnostic::new(format!("`{}` is called without `{param}`", site.name), site.span)
            .with_help(format!("`{}`", function.signature(site.name)));
        return Err((CompileErrorKind::Type, diagnostic));
    }
    Ok(slots)
}

fn wrong(message: impl Into<String>, span: Span) -> Failure {
    (CompileErrorKind::Type, Diagnostic::new(message, span))
}

fn arguments(n: usize) -> String {
    several(n, "argument", "arguments")
}

fn arity(site: &Site, function: &Function) -> Failure {
    let most = function.params.len();
    let takes = match function.required {
        required if required == most => arguments(most),
        required => format!("{required} to {}", arguments(most)),
    };
    let diagnostic = Diagnostic::new(format!("`{}` takes {takes}, {} given", site.name, site.args.len()), site.span)
        .with_help(format!("`{}`", function.signature(site.name)));
    (CompileErrorKind::Type, diagnostic)
}

fn unknown_keyword(site: &Site, function: &Function, keyword: &str, known: &[&'static str], span: Span) -> Failure {
    let diagnostic = Diagnostic::new(format!("`{}` has no keyword `{}`", site.name, excerpt(keyword)), span);
    let help = match crate::syntax::suggest::nearest(keyword, known.iter().copied()) {
        _ if function.params.contains(&keyword) => {
            format!("`{keyword}` goes by its position: `{}`", function.signature(site.name))
        }
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("`{}`", function.signature(site.name)),
    };
    (CompileErrorKind::Name, diagnostic.with_help(help))
}

/// `axis=`: an integer, a tuple of integers, or `None`: all.
fn axes(site: &Site, value: NodeId) -> Result<Axes, Failure> {
    let ast = site.ast;
    let items: &[NodeId] = match ast.node(value) {
        Node::Literal(Literal::None) => return Ok(Axes::All),
        Node::Tuple(items) => ast.items.get(items.start as usize..items.end as usize).unwrap_or(&[]),
        _ => &[value],
    };
    if items.is_empty() {
        let diagnostic = Diagnostic::new("an empty `axis` reduces nothing", ast.span(value))
            .with_help("over no axes each element is its own result: write it without the reduction; to reduce over all axes leave `axis` out");
        return Err((CompileErrorKind::Type, diagnostic));
    }
    let mut list = SmallVec::<[i32; 4]>::new();
    for &item in items {
        let axis = integer(ast, item).ok_or_else(|| {
            if let Node::Literal(Literal::Int(axis)) = ast.node(item) {
                return wrong(format!("no array has an axis {axis}"), ast.span(item));
            }
            let diagnostic = Diagnostic::new("`axis` must be a literal integer, or a tuple of them", ast.span(item))
                .with_help(match site.name {
                    "min" => "the lesser of two values is `minimum(x, y)`",
                    "max" => "the greater of two values is `maximum(x, y)`",
                    _ => "as in `axis=0`, `axis=-1`, `axis=(0, 1)`",
                });
            (CompileErrorKind::Type, diagnostic)
        })?;
        if list.contains(&axis) {
            return Err(wrong(format!("axis {axis} is given twice"), ast.span(item)));
        }
        list.push(axis);
    }
    Ok(Axes::List(list))
}

/// An integer literal, possibly behind one sign.
fn integer(ast: &Ast, value: NodeId) -> Option<i32> {
    let literal = |value: NodeId| match ast.node(value) {
        Node::Literal(Literal::Int(value)) => i32::try_from(*value).ok(),
        _ => None,
    };
    match ast.node(value) {
        Node::Unary(UnaryOp::Neg, inner) => literal(*inner).map(|value| -value),
        Node::Unary(UnaryOp::Plus, inner) => literal(*inner),
        _ => literal(value),
    }
}

fn keepdims(ast: &Ast, value: NodeId) -> Result<bool, Failure> {
    match ast.node(value) {
        Node::Literal(Literal::Bool(value)) => Ok(*value),
        Node::Literal(Literal::Int(0)) => Ok(false),
        Node::Literal(Literal::Int(1)) => Ok(true),
        _ => Err(wrong("`keepdims` must be `True` or `False`", ast.span(value))),
    }
}

fn ddof(ast: &Ast, value: NodeId) -> Result<i64, Failure> {
    let literal = integer(ast, value).filter(|&count| count >= 0);
    literal.map(i64::from).ok_or_else(|| {
        let diagnostic = Diagnostic::new("`ddof` must be a literal integer, not below 0", ast.span(value))
            .with_help("`ddof=1` divides by one less than the number of elements");
        (CompileErrorKind::Type, diagnostic)
    })
}
