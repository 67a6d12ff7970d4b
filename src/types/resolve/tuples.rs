//! Where tuples may stand.
//!
//! Comes in: a node of the tree in which functions have been put in where they are called, and how many items each node before it has, if it is a tuple.
//! Goes out: how many it has itself. Always holds: a tuple is given a name, passed to a function of the text, is what one gives, the start of a loop, or the
//! result of the text; elsewhere it is an error, and none is an item of another.

use crate::diagnostic::Diagnostic;
use crate::syntax::ast::{Ast, Coordinate, Literal, Node, NodeId, UnaryOp};
use crate::syntax::for_each_child;
use crate::types::function::Rule;
use crate::types::meaning::{Loop, Meaning};

/// How many items each node has that is a tuple.
pub(super) type Arities = Vec<Option<u32>>;

/// How many items the last node of a tree has, if it is a tuple; or why it may not be made of what it is made of.
pub(super) fn arity(
    ast: &Ast,
    id: NodeId,
    meaning: Meaning,
    (known, loops): (&Arities, &[Loop]),
) -> Result<Option<u32>, Box<Diagnostic>> {
    let of = |id: NodeId| known.get(id.0 as usize).copied().flatten();
    match meaning {
        Meaning::Static | Meaning::Item(..) | Meaning::State(..) => return Ok(None),
        Meaning::Assigned(value) => return Ok(of(value)),
        Meaning::Loop(at) => {
            let Some(call) = loops.get(at as usize).map(|of| &of.call) else { return Ok(None) };
            return match of(call.over) {
                Some(_) if call.function.rule != Rule::ScanBy => Err(Box::new(not_a_value(ast, call.over))),
                _ => Ok(of(call.start)),
            };
        }
        _ => {}
    }
    let node = ast.node(id);
    let mut wrong = None;
    for_each_child(ast, id, |child| {
        if of(child).is_some() && wrong.is_none() {
            wrong = Some(child);
        }
    });
    match (wrong, node) {
        (Some(child), Node::Tuple(_)) => {
            let diagnostic = Diagnostic::new("a tuple is not an item of another", ast.span(child));
            Err(Box::new(diagnostic.with_help("write all items in one: `(x, y, z)`")))
        }
        (Some(child), _) => Err(Box::new(not_a_value(ast, child))),
        (None, Node::Tuple(items)) => Ok(Some(items.len() as u32)),
        (None, _) => Ok(None),
    }
}

/// A tuple where a value must stand.
pub(super) fn not_a_value(ast: &Ast, id: NodeId) -> Diagnostic {
    Diagnostic::new("a tuple is not a value", ast.span(id)).with_help(
        "several results stand at the end of the text, as in `x, y`; `axis=(0, 1)` and `x in (0, 1)` take a tuple; \
         an item is read as `t[0]`, all of them by `x, y = t`",
    )
}

/// Which item of a tuple of so many is meant by what stands between brackets: a literal whole number, from the end if it is negative.
pub(super) fn item(ast: &Ast, coordinates: &[Coordinate], count: u32) -> Option<u32> {
    let [Coordinate::Value(id)] = *coordinates else { return None };
    let literal = |id: NodeId| match ast.node(id) {
        Node::Literal(Literal::Int(value)) => u32::try_from(*value).ok(),
        _ => None,
    };
    let at = match ast.node(id) {
        Node::Unary(UnaryOp::Neg, of) => literal(*of).filter(|&at| at > 0).and_then(|at| count.checked_sub(at)),
        _ => literal(id),
    };
    at.filter(|&at| at < count)
}
