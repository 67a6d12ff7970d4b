//! What the names of a text may be given, and what they are found to stand for.
//!
//! Comes in: what the builder says of names, [`Given`]. Goes out, of `resolve` to `infer`: the tree with a [`Meaning`] for each node
//! and a [`Call`] for each call, [`Resolved`]. Always holds: what one refers to by an id stands before the referrer.

use smallvec::SmallVec;

use super::function::Function;
use super::graph::Axes;
use super::registered::Custom;
use crate::dtype::DType;
use crate::syntax::Limits;
use crate::syntax::ast::{Ast, NameId, NodeId, Span};

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
    /// An item of another node, which is a tuple, counted from 0.
    Item(NodeId, u32),
    /// A parameter of the definition around it, counted from 0. Not in the tree that `resolve` gives.
    Param(u32),
    /// A parameter of this `lambda` around it, counted from 0. Not in the tree that `resolve` gives.
    Bound(NodeId, u32),
    /// What a loop passes from step to step: index into [`Resolved::loops`], and which of its values.
    State(u32, u32),
    /// A call that runs a loop: index into [`Resolved::loops`].
    Loop(u32),
    /// A call: index into [`Resolved::calls`].
    Call(u32),
    /// A call of a function of the text: index into `Ast::assignments`. Not in the tree that `resolve` gives.
    Defined(u32),
    /// An index: index into [`Resolved::binders`].
    Index(u32),
    /// A difference of neighbours: of bools, whether they differ.
    Difference,
    /// Part of the text that is read here, and has no value: the tuple of `axis=(0, 1)` or of `x in (0, 1)`, the type of `dtype=f32`,
    /// `np` before a dot, a function that a loop runs.
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
    /// The indices that it runs over, if it is a reduction that names them: indices into [`Resolved::binders`].
    pub indices: SmallVec<[u32; 2]>,
}

/// What makes a name an index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binds {
    /// It stands between the brackets on the left of `=`.
    Left,
    /// It stands between those of a reduction.
    Reduction,
    /// It stands alone as a coordinate, in a statement without a left side.
    Alone,
}

/// An index.
#[derive(Clone, PartialEq, Debug)]
pub struct Binder {
    /// Its name.
    pub name: NameId,
    /// Where it is bound.
    pub span: Span,
    /// What it stays below, if the text says so: `k:n`.
    pub until: Option<NodeId>,
    /// By what.
    pub binds: Binds,
}

/// A statement that gives a value, no function, a name.
#[derive(Clone, PartialEq, Debug)]
pub struct Root {
    /// The value.
    pub node: NodeId,
    /// The indices on the left, if there are any: indices into [`Resolved::binders`].
    pub left: Option<SmallVec<[u32; 4]>>,
}

/// A function of the text that is passed to a call.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Passed {
    /// That of this index into `Ast::assignments`.
    Defined(usize),
    /// A `lambda`.
    Lambda(NodeId),
}

/// A call of `iterate`, `repeat` or `scan` as it is written.
#[derive(Clone, PartialEq, Debug)]
pub struct Looping {
    /// Which of them.
    pub function: &'static Function,
    /// What gives the next state.
    pub body: Passed,
    /// What says whether there is a next one.
    pub cond: Option<Passed>,
    /// What it begins with.
    pub start: NodeId,
    /// How many steps there are at most; of a scan what it runs over.
    pub over: NodeId,
    /// The axis that a scan runs along.
    pub axis: i32,
    /// Whether it runs from the last element to the first.
    pub reverse: bool,
}

/// The same with its functions put in: a loop.
#[derive(Clone, PartialEq, Debug)]
pub struct Loop {
    /// The call. (Its functions have no meaning any more.)
    pub call: Looping,
    /// The first of the nodes that stand for its states, which lie one after another; then for the elements of what a scan runs over.
    pub first: NodeId,
    /// How many states there are, and how many inputs a scan has.
    pub counts: [u32; 2],
    /// What the body gives.
    pub next: NodeId,
    /// The condition.
    pub cond: Option<NodeId>,
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
    /// The loops.
    pub loops: Vec<Loop>,
    /// For each call of a function of the text that is in no other: the first node of the copied body, and the call.
    pub sites: Vec<(NodeId, NodeId)>,
    /// The indices.
    pub binders: Vec<Binder>,
    /// The assignments, in order.
    pub roots: Vec<Root>,
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
