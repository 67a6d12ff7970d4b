//! Calls that take functions: `iterate`, `repeat`, `scan`.
//!
//! Comes in: a call, and the row of its function. Goes out: which functions of the text it runs, what it begins with, over what it runs.
//! Functions are passed by their names or written as `lambda`; they are marked as no values. How many states there are is known
//! when functions have been put in where they are called (`expand`).

use smallvec::SmallVec;

use super::Lookup;
use super::call::{Site, assign, axes, set_static, truth, wrong};
use super::names::{Failure, signature};
use crate::diagnostic::{Diagnostic, excerpt, several};
use crate::error::CompileErrorKind;
use crate::syntax::ast::{Ast, NameId, Node, NodeId, Span};
use crate::types::function::{Function, Rule};
use crate::types::graph::Axes;
use crate::types::meaning::{Looping, Meaning, Passed};

/// Reads the arguments of a call.
pub(super) fn read(
    site: &Site,
    function: &'static Function,
    lookup: Lookup,
    meanings: &mut [Meaning],
) -> Result<Looping, Failure> {
    let slots = assign(site, function)?;
    let slot = |at: usize| slots.get(at).copied().flatten();
    let (Some(body), Some(start), Some(third)) = (slot(0), slot(1), slot(2)) else {
        return Err(wrong(format!("`{}` is called with too few arguments", site.name), site.span));
    };
    let mut pass = |value: NodeId, param: &str| {
        set_static(meanings, value);
        passed(site, value, param, lookup)
    };
    let body = pass(body, function.params[0])?;
    let (cond, over) = match function.rule {
        Rule::Loop { cond: true } => (Some(pass(third, "cond")?), slot(3).unwrap_or(third)),
        _ => (None, third),
    };
    let mut call = Looping { function, body, cond, start, over, axis: 0, reverse: false };
    if function.rule == Rule::ScanBy {
        if let Some(value) = slot(3) {
            set_static(meanings, value);
            call.axis = match axes(site.ast, value, function.name)? {
                Axes::List(list) if list.len() == 1 => list[0],
                _ => {
                    let diagnostic =
                        Diagnostic::new(format!("`{}` runs along one axis", site.name), site.ast.span(value))
                            .with_help("as in `axis=0`, `axis=-1`");
                    return Err((CompileErrorKind::Type, diagnostic));
                }
            };
        }
        if let Some(value) = slot(4) {
            set_static(meanings, value);
            call.reverse = truth(site.ast, value, "reverse")?;
        }
    }
    Ok(call)
}

/// A function that is passed.
fn passed(site: &Site, value: NodeId, param: &str, (names, scope): Lookup) -> Result<Passed, Failure> {
    let (ast, span) = (site.ast, site.ast.span(value));
    match ast.node(value) {
        Node::Lambda(..) => return Ok(Passed::Lambda(value)),
        &Node::Name(name) => {
            if let Some(found) = names.passed(name, span, scope) {
                return found.map(Passed::Defined);
            }
        }
        _ => {}
    }
    let message = format!("`{}` takes a function as `{param}`", site.name);
    let library = match ast.node(value) {
        &Node::Name(name) => Function::from_name(ast.name(name)).filter(|function| function.required == 1),
        _ => None,
    };
    let help = match library {
        Some(function) => format!("write `lambda x: {}(x)`", function.name),
        None => {
            "write `lambda x: ...`, or the name of a function that this text defines: `f = lambda x: x/2`".to_string()
        }
    };
    Err((CompileErrorKind::Type, Diagnostic::new(message, span).with_help(help)))
}

/// The parameters of a function.
pub(super) fn params(ast: &Ast, of: Passed) -> &[(NameId, Span)] {
    match of {
        Passed::Defined(at) => ast.assignments.get(at).map_or(&[], |definition| ast.params(definition)),
        Passed::Lambda(id) => match ast.node(id) {
            Node::Lambda(params, _) => ast.params_in(params),
            _ => &[],
        },
    }
}

/// Refuses functions that have other parameters than there are values for them.
pub(super) fn check_params(ast: &Ast, call: &Looping, (span, states): (Span, usize)) -> Result<(), Box<Diagnostic>> {
    let scan = call.function.rule == Rule::ScanBy;
    let expected = if scan { 2 } else { states };
    let functions: SmallVec<[Passed; 2]> = [Some(call.body), call.cond].into_iter().flatten().collect();
    for (of, param) in functions.into_iter().zip(["body", "cond"]) {
        let given = params(ast, of);
        if given.len() == expected {
            continue;
        }
        let name = if scan { "f" } else { param };
        let (takes, span) = match of {
            Passed::Defined(at) => (signature(ast, at), span),
            Passed::Lambda(id) => (format!("the `{name}` here"), ast.span(id)),
        };
        let takes = if matches!(of, Passed::Defined(_)) { format!("`{takes}`") } else { takes };
        let message = format!("{takes} takes {}, and ", several(given.len(), "value", "values"));
        return Err(Box::new(if scan {
            Diagnostic::new(message + "`scan` passes two", span).with_help(
                "`f(state, x)`: what it has come to, and the next element; each may be a tuple, read as `s[0]`, `s[1]`",
            )
        } else {
            let states = several(states, "state", "states");
            Diagnostic::new(format!("{message}`start` has {states}"), span)
                .with_help("there is a parameter for each item of `start`: `iterate(lambda x, n: ..., (x0, 0), ...)`")
        }));
    }
    Ok(())
}

/// Refuses a body that gives another number of values than there are states.
pub(super) fn check_next(
    call: &Looping,
    given: Option<u32>,
    expected: Option<u32>,
    span: Span,
) -> Result<(), Box<Diagnostic>> {
    if given == expected {
        return Ok(());
    }
    let [name, form] = match call.function.rule {
        Rule::ScanBy => ["f", "lambda s, x: (s[0] + x, s[1]*x)"],
        _ => ["body", "lambda x, n: (x/2, n + 1)"],
    };
    let values = |count: Option<u32>| match count {
        None => "one value".to_string(),
        Some(count) => format!("a tuple of {count}"),
    };
    let message = format!("`{name}` gives {}, and `start` is {}", values(given), values(expected));
    let help = format!("it gives the next value of each state, in order: `{}`", excerpt(form));
    Err(Box::new(Diagnostic::new(message, span).with_help(help)))
}
