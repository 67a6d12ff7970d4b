//! The state of a part of an array: nodes of the tree by which blocks are merged.
//!
//! The tree is that of a binary counter over the blocks of the whole: each node of 2^k blocks is merged with its right neighbour,
//! an odd last one goes up as it is. Always holds: a state has as few nodes as its blocks can have, in order, at most two a
//! level; those of reductions without an order have merged into one.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::array::result::{AnyArray, FromResult};
use crate::dtype::{DType, Scalar};
use crate::error::eval::{Detail, EvalError, EvalErrorKind};
use crate::ir::{Monoid, Op, semantics};
use crate::plan::schedule::BLOCK;

/// What a reduction has come to over a part of an array; made by [`Expr::partial`](crate::Expr::partial).
///
/// It has a few numbers for each doubling of the array's length, whatever that is. States of neighbours are merged in any grouping, the
/// earlier part first, also on another machine ([`to_bytes`](State::to_bytes)).
#[derive(Clone, PartialEq)]
pub struct State {
    pub(super) text: Arc<Text>,
    /// The elements that it has combined.
    pub(super) elements: Range<usize>,
    /// Those of the whole.
    pub(super) total: usize,
    /// For each reduction its nodes.
    pub(super) nodes: Vec<Vec<Node>>,
}

/// What a state is of: states of one text on arguments of the same types belong together.
#[derive(PartialEq)]
pub struct Text {
    /// The text.
    pub source: String,
    /// The types of the arguments, in words.
    pub types: String,
    /// Its reductions.
    pub monoids: Vec<&'static Monoid>,
    /// Its results.
    pub results: Vec<Finish>,
}

/// What a result is made of.
#[derive(PartialEq)]
pub struct Finish {
    /// The type of the result.
    pub dtype: DType,
    /// For each part of the number, which reduction gives it, and what that is converted to, in turn.
    pub parts: Vec<(usize, Vec<DType>)>,
}

/// A node of the tree.
#[derive(Clone, PartialEq)]
pub struct Node {
    /// The blocks below it.
    pub blocks: Range<usize>,
    /// Their state, component by component.
    pub values: SmallVec<[Scalar; 2]>,
}

/// The error of a state whose numbers are not of its reductions' types. (None is made so, or read from bytes.)
#[cold]
pub fn refused() -> EvalError {
    EvalError::new(EvalErrorKind::Partial, "the state is not one of its reductions")
}

/// Whether two nodes are halves of one. A last node is as long as what is left, however far up it has gone.
pub fn are_siblings(left: &Range<usize>, right: &Range<usize>, blocks: usize) -> bool {
    let length = left.len();
    left.end == right.start
        && length.is_power_of_two()
        && left.start.is_multiple_of(2 * length)
        && right.end == blocks.min(left.start + 2 * length)
}

impl State {
    /// One of these elements that has no nodes yet.
    pub(super) fn new(text: Text, elements: Range<usize>, total: usize) -> State {
        let nodes = vec![Vec::new(); text.monoids.len()];
        State { text: Arc::new(text), elements, total, nodes }
    }

    /// Adds a node behind the others of a reduction, merged with those before it as far as the tree goes; none if it is no node
    /// of that reduction.
    pub(super) fn push(&mut self, column: usize, mut node: Node) -> Option<()> {
        let (nodes, monoid) = (self.nodes.get_mut(column)?, self.text.monoids.get(column)?);
        let blocks = self.total.div_ceil(BLOCK);
        while let Some(last) = nodes.pop_if(|last| !monoid.ordered || are_siblings(&last.blocks, &node.blocks, blocks))
        {
            let both = [&last.values[..], &node.values].concat();
            node = Node { blocks: last.blocks.start..node.blocks.end, values: monoid.merge.eval(&both)? };
        }
        nodes.push(node);
        Some(())
    }

    /// The state of both parts, of which `later` is the one right behind this.
    ///
    /// # Errors
    /// [`EvalErrorKind::Partial`] where `later` does not begin where this ends, or is of another text, other types or another whole.
    pub fn merge(mut self, later: State) -> Result<State, EvalError> {
        let error = |message: String, help: &str| Err(EvalError::new(EvalErrorKind::Partial, message).with_help(help));
        if self.text.source != later.text.source {
            let message =
                format!("a state of `{}` cannot be merged with one of `{}`", self.text.source, later.text.source);
            return error(message, "merge states of one text");
        }
        if self.text != later.text {
            let message =
                format!("the states are of arguments of other types: `{}` and `{}`", self.text.types, later.text.types);
            return error(message, "pass all parts of an array in one type");
        }
        if self.total != later.total {
            let message = format!("the states are of {} and of {} elements", self.total, later.total);
            return error(message, "give each part the number of elements of the whole as `total`");
        }
        if self.elements.end != later.elements.start {
            let message = format!("elements {:?} and elements {:?} are no neighbours", self.elements, later.elements);
            return error(message, "merge neighbours, the earlier one first");
        }
        for (column, nodes) in later.nodes.into_iter().enumerate() {
            for node in nodes {
                self.push(column, node).ok_or_else(refused)?;
            }
        }
        self.elements.end = later.elements.end;
        Ok(self)
    }

    /// The results, once all parts are there: those of [`eval`](crate::Expr::eval) of the whole, to the bit.
    ///
    /// # Errors
    /// [`EvalErrorKind::Partial`] where a part is missing, [`EvalErrorKind::EmptyReduction`] where there are no elements and a reduction
    /// of none has no value (`min`), [`EvalErrorKind::Result`] where the results are not of the type that was asked for.
    pub fn finish<R: FromResult>(&self) -> Result<R, EvalError> {
        if self.elements != (0..self.total) {
            let message = format!("the state is of elements {:?}, not of all {}", self.elements, self.total);
            return Err(EvalError::new(EvalErrorKind::Partial, message)
                .with_found(Detail::Count(self.elements.len()), Detail::Count(self.total))
                .with_help("merge it with the states of the other parts"));
        }
        let reduced = self.text.monoids.iter().zip(&self.nodes).map(|(monoid, nodes)| match &nodes[..] {
            [] => monoid.empty.ok_or_else(|| empty(monoid)),
            [node] => monoid.finish.eval(&node.values).and_then(|all| all.first().copied()).ok_or_else(refused),
            _ => Err(refused()),
        });
        let reduced = reduced.collect::<Result<Vec<Scalar>, EvalError>>()?;
        let part = |(column, converts): &(usize, Vec<DType>)| {
            let first = reduced.get(*column).copied();
            converts.iter().fold(first, |value, &to| semantics::eval(Op::Convert, to, &[value?]))
        };
        let result = |finish: &Finish| {
            let parts: Option<SmallVec<[Scalar; 2]>> = finish.parts.iter().map(part).collect();
            parts.and_then(|parts| AnyArray::from_scalars(finish.dtype, &parts)).ok_or_else(refused)
        };
        R::from_results(self.text.results.iter().map(result).collect::<Result<_, _>>()?)
    }

    /// The elements that it has combined, by their place in the whole, flattened in C order.
    pub fn elements(&self) -> Range<usize> {
        self.elements.clone()
    }

    /// The number of elements of the whole.
    pub fn total(&self) -> usize {
        self.total
    }
}

#[cold]
fn empty(monoid: &Monoid) -> EvalError {
    let name = monoid.name.split('.').next().unwrap_or_default();
    EvalError::new(EvalErrorKind::EmptyReduction, format!("`{name}` of no elements has no value"))
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("State")
            .field("source", &self.text.source)
            .field("elements", &self.elements)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}
