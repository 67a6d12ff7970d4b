//! The free identifiers of a text, before anything is resolved.
//!
//! Comes in: a text. Goes out: names that it reads and does not give a value itself, those of constants among them. Always holds: a
//! superset of the names that need an argument, whatever is declared or registered.

use std::collections::HashSet;

use super::function::Function;
use super::meaning::{Given, Meaning};
use super::resolve::indices::Indices;
use super::resolve::names::{Callee, Names, Scope};
use crate::error::CompileError;
use crate::syntax::ast::{Attribute, Node, NodeId};
use crate::syntax::{Limits, parse};

/// The identifiers of a text that it gives no value itself, in order of first appearance: before anything is resolved, so that a
/// caller who looks names up (in a scope, among columns) can declare those that are there.
///
/// The constants `pi e inf nan` are among them, and so are functions that are used as variables (`max` in `max(x) - max`). Functions
/// that are called, keywords, types behind `dtype=`, indices (`i` in `D[i] = a[i, n]`) and the prefixes `np.` and `numpy.` are not.
///
/// # Errors
/// Where the text is not in the grammar, is beyond the default [`Limits`], or defines a function twice.
///
/// ```
/// use tilexpr::{Expr, args, identifiers};
/// let text = "t = max(a)*pi; np.exp(t) - e*max";
/// assert_eq!(identifiers(text)?, ["a", "pi", "e", "max"]);
/// // A scope in which `e` and `max` have values, and `pi` has none:
/// let in_scope = |name: &&String| ["a", "e", "max"].contains(&name.as_str());
/// let builder = identifiers(text)?.iter().filter(in_scope).fold(Expr::builder(), |builder, name| builder.name(name));
/// assert_eq!(builder.compile(text)?.eval::<f64>(args![a = 0.0, e = 2.0, max = 3.0])?, -5.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn identifiers(text: &str) -> Result<Vec<String>, CompileError> {
    let ast = parse(text, &Limits::default())?;
    let given = Given { plain_constants: true, ..Given::default() };
    let names = Names::new(&ast, text, given).map_err(|(kind, wrong)| CompileError::new(kind, wrong, text))?;
    let indices = Indices::find(&ast).map_err(|(kind, wrong)| CompileError::new(kind, wrong, text))?;
    let mut apart: Vec<bool> =
        (0..ast.nodes.len() as u32).map(|at| indices.meanings.contains_key(&NodeId(at))).collect();
    let mut skip = |id: NodeId| apart[id.0 as usize] = true;
    let mut scope = Scope::default();
    for (at, node) in ast.nodes.iter().enumerate() {
        scope.advance(&names, at);
        match node {
            &Node::Attribute(of, Attribute::Named(_)) if names.is_prefix(of, &scope) => skip(of),
            Node::Call { function, function_span, args, method, .. } => {
                let args = ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
                if let Ok(Callee::Library(row)) = names.function(*function, *function_span, &scope) {
                    let passed = args.iter().zip(row.params).filter(|(_, param)| Function::takes_function(param));
                    passed.for_each(|(argument, _)| skip(argument.value));
                }
                let receiver = args.first().filter(|_| *method).map(|argument| argument.value);
                if let Some(of) = receiver.filter(|&of| names.is_prefix(of, &scope)) {
                    skip(of);
                }
                let is_type = |keyword| ast.name(keyword) == "dtype";
                let types = args.iter().filter(|argument| argument.keyword.is_some_and(|(name, _)| is_type(name)));
                types.for_each(|argument| skip(argument.value));
            }
            _ => {}
        }
    }
    let mut free = Vec::new();
    let mut scope = Scope::default();
    for (at, (node, span)) in ast.nodes.iter().zip(&ast.spans).enumerate() {
        scope.advance(&names, at);
        if let (&Node::Name(name), false) = (node, apart[at])
            && !matches!(
                names.value(name, *span, &scope),
                Ok(Meaning::Param(_) | Meaning::Bound(..) | Meaning::Assigned(_) | Meaning::Item(..))
            )
        {
            free.push((span.start, ast.name(name)));
        }
    }
    free.sort_unstable();
    let mut seen = HashSet::new();
    free.retain(|(_, name)| seen.insert(*name));
    Ok(free.into_iter().map(|(_, name)| name.to_string()).collect())
}
