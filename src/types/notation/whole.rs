//! Whole numbers that a call knows, and coordinates as affine forms of indices.
//!
//! Comes in: the tree of a coordinate, of a bound of a slice or of a range. Goes out: a [`Whole`], a formula of whole-number arguments in
//! postfix, or an [`Affine`], indices times such numbers. Always holds: a loop with a stack of its own; at most [`STEPS`] steps in either.

use smallvec::SmallVec;

use crate::diagnostic::excerpt;
use crate::syntax::ast::{Ast, Attribute, BinaryOp, Literal, Node, NodeId, Span, UnaryOp};
use crate::types::meaning::{Meaning, Resolved};
use crate::types::value::{Typed, error, error_with_help};

/// Steps of one formula at most: what is assigned twice counts twice, and so does a factor of two indices.
const STEPS: usize = 256;

/// A step of a formula.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// A number.
    Literal(i128),
    /// An argument.
    Argument(u32),
    /// The negative of the last.
    Neg,
    /// An operation of the last two.
    Binary(BinaryOp),
}

/// A whole number that a call knows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Whole(Vec<Step>);

impl Whole {
    /// A number.
    pub fn literal(value: i128) -> Whole {
        Whole(vec![Step::Literal(value)])
    }

    /// Its value, if it is a number of the text alone.
    pub fn known(&self) -> Option<i128> {
        self.value(|_| None)
    }

    /// Its value for these arguments; none where there is none in 128 bits.
    pub fn value(&self, argument: impl Fn(u32) -> Option<i128>) -> Option<i128> {
        let mut stack: SmallVec<[i128; 8]> = SmallVec::new();
        for step in &self.0 {
            let value = match *step {
                Step::Literal(value) => value,
                Step::Argument(at) => argument(at)?,
                Step::Neg => stack.pop()?.checked_neg()?,
                Step::Binary(op) => {
                    let (y, x) = (stack.pop()?, stack.pop()?);
                    binary(op, x, y)?
                }
            };
            stack.push(value);
        }
        stack.pop()
    }

    /// How many steps it has.
    pub fn steps(&self) -> usize {
        self.0.len()
    }

    /// The arguments that it is made of.
    pub fn arguments(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().filter_map(|step| if let Step::Argument(at) = step { Some(*at) } else { None })
    }

    fn neg(mut self) -> Whole {
        self.0.push(Step::Neg);
        self.folded()
    }

    fn binary(mut self, op: BinaryOp, other: &Whole) -> Whole {
        self.0.extend_from_slice(&other.0);
        self.0.push(Step::Binary(op));
        self.folded()
    }

    /// What is made of numbers of the text alone is one step.
    fn folded(self) -> Whole {
        match self.0[..] {
            [Step::Literal(_), Step::Neg] | [Step::Literal(_), Step::Literal(_), Step::Binary(_)] => {
                self.known().map_or(self, Whole::literal)
            }
            _ => self,
        }
    }
}

fn binary(op: BinaryOp, x: i128, y: i128) -> Option<i128> {
    match op {
        BinaryOp::Add => x.checked_add(y),
        BinaryOp::Sub => x.checked_sub(y),
        BinaryOp::Mul => x.checked_mul(y),
        BinaryOp::FloorDiv => {
            let quotient = x.checked_div(y)?;
            Some(if x % y != 0 && (x < 0) != (y < 0) { quotient - 1 } else { quotient })
        }
        BinaryOp::Mod => x.checked_rem(y).map(|rest| if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }),
        BinaryOp::Pow => x.checked_pow(u32::try_from(y).ok()?),
        _ => None,
    }
}

/// A sum of indices times whole numbers, and a whole number.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Affine {
    /// Indices, each once, and what they are multiplied by.
    pub terms: SmallVec<[(u32, Whole); 2]>,
    /// What is added.
    pub constant: Whole,
}

impl Affine {
    fn whole(constant: Whole) -> Affine {
        Affine { terms: SmallVec::new(), constant }
    }

    /// The index, if it is one by itself.
    pub fn bare(&self) -> Option<u32> {
        match &self.terms[..] {
            [(index, times)] if times.known() == Some(1) && self.constant.known() == Some(0) => Some(*index),
            _ => None,
        }
    }

    /// How many steps its formulas have.
    pub fn steps(&self) -> usize {
        self.terms.iter().map(|(_, times)| times.steps()).sum::<usize>() + self.constant.steps()
    }

    fn map(mut self, f: impl Fn(Whole) -> Whole) -> Affine {
        self.terms.iter_mut().for_each(|(_, times)| *times = f(std::mem::take(times)));
        self.constant = f(self.constant);
        self
    }

    fn add(mut self, op: BinaryOp, other: Affine) -> Affine {
        for (index, times) in other.terms {
            match self.terms.iter_mut().find(|(own, _)| *own == index) {
                Some((_, own)) => *own = std::mem::take(own).binary(op, &times),
                None if op == BinaryOp::Sub => self.terms.push((index, times.neg())),
                None => self.terms.push((index, times)),
            }
        }
        self.terms.retain(|(_, times)| times.known() != Some(0));
        self.constant = self.constant.binary(op, &other.constant);
        self
    }
}

enum Work {
    Enter(NodeId),
    Neg,
    Binary(BinaryOp, Span),
}

/// Reads formulas in a tree.
pub struct Reader<'a> {
    pub resolved: &'a Resolved,
    /// The axis that an index is where the formula stands.
    pub axis: &'a dyn Fn(u32) -> Option<u32>,
}

impl Reader<'_> {
    /// A whole number: no index stands in it.
    pub fn whole(&self, node: NodeId) -> Typed<Whole> {
        let affine = self.affine(node)?;
        match affine.terms.is_empty() {
            true => Ok(affine.constant),
            false => error_with_help(
                "an index stands where a call must know the number",
                self.resolved.ast.span(node),
                "bounds of slices and ranges are literals and whole-number arguments",
            ),
        }
    }

    /// A sum of indices times whole numbers.
    pub fn affine(&self, node: NodeId) -> Typed<Affine> {
        let (mut work, mut values) = (vec![Work::Enter(node)], Vec::<Affine>::new());
        let mut steps = 0;
        while let Some(next) = work.pop() {
            steps += 1;
            if steps > STEPS || values.last().is_some_and(|value| value.steps() > STEPS) {
                return error("this coordinate is too long a formula", self.resolved.ast.span(node));
            }
            match next {
                Work::Enter(id) => match self.enter(id, &mut work)? {
                    Some(value) => values.push(value),
                    None => continue,
                },
                Work::Neg => {
                    let value = values.pop().map(|value| value.map(Whole::neg));
                    values.extend(value);
                }
                Work::Binary(op, span) => {
                    let (Some(y), Some(x)) = (values.pop(), values.pop()) else { continue };
                    values.push(combined(op, x, y, span)?);
                }
            }
        }
        values.pop().map_or_else(|| error("this is no coordinate", self.resolved.ast.span(node)), Ok)
    }

    /// The value of a leaf; for what has operands queues these.
    fn enter(&self, id: NodeId, work: &mut Vec<Work>) -> Typed<Option<Affine>> {
        let ast = &self.resolved.ast;
        let span = ast.span(id);
        let meaning = self.resolved.meanings.get(id.0 as usize).copied().unwrap_or(Meaning::Plain);
        match (ast.node(id), meaning) {
            (_, Meaning::Assigned(value)) => work.push(Work::Enter(value)),
            (Node::Name(_), Meaning::Index(binder)) => {
                let Some(axis) = (self.axis)(binder) else { return self.no_axis(binder, span) };
                let one = Whole::literal(1);
                return Ok(Some(Affine { terms: SmallVec::from_elem((axis, one), 1), constant: Whole::literal(0) }));
            }
            (Node::Name(_), Meaning::Free(argument)) => {
                return Ok(Some(Affine::whole(Whole(vec![Step::Argument(argument)]))));
            }
            (Node::Literal(Literal::Int(value)), _) => {
                let value = i128::try_from(*value).unwrap_or(i128::MAX);
                return Ok(Some(Affine::whole(Whole::literal(value))));
            }
            (Node::Unary(UnaryOp::Neg, of), _) => work.extend([Work::Neg, Work::Enter(*of)]),
            (Node::Unary(UnaryOp::Plus, of), _) => work.push(Work::Enter(*of)),
            (Node::Binary(op, x, y), _) if is_whole(*op) => {
                work.extend([Work::Binary(*op, span), Work::Enter(*y), Work::Enter(*x)]);
            }
            (node, _) => return self.no_coordinate(ast, node, span),
        }
        Ok(None)
    }

    fn no_axis<T>(&self, binder: u32, span: Span) -> Typed<T> {
        let name = self.resolved.binders.get(binder as usize).map_or("", |binder| self.resolved.ast.name(binder.name));
        error(format!("the index `{}` has no meaning here", excerpt(name)), span)
    }

    fn no_coordinate<T>(&self, ast: &Ast, node: &Node, span: Span) -> Typed<T> {
        let (message, help) = match node {
            Node::Literal(Literal::Float(_) | Literal::Imaginary(_)) | Node::Binary(BinaryOp::Div, ..) => (
                "a coordinate is a whole number",
                "for a value between two elements write out the interpolation; `//` divides whole numbers",
            ),
            Node::Subscript(..) => (
                "a coordinate cannot come from an array: elements are not gathered",
                "coordinates are sums of indices times whole numbers",
            ),
            Node::Attribute(_, Attribute::Named(_)) | Node::Literal(_) | Node::Compare(..) => {
                ("this is no coordinate", "a coordinate is an index, a whole number, or a sum of such: `a[2*i + 1]`")
            }
            _ => (
                "a coordinate is a sum of indices times whole numbers",
                "what is beyond the ends is read as a mode says: `a[clamp(i - 1)]`, `wrap`, `reflect`, `mirror`, `zero`, `fill`",
            ),
        };
        let _ = ast;
        error_with_help(message, span, help)
    }
}

fn is_whole(op: BinaryOp) -> bool {
    use BinaryOp::*;
    matches!(op, Add | Sub | Mul | FloorDiv | Mod | Pow)
}

fn combined(op: BinaryOp, x: Affine, y: Affine, span: Span) -> Typed<Affine> {
    match op {
        BinaryOp::Add | BinaryOp::Sub => Ok(x.add(op, y)),
        BinaryOp::Mul if x.terms.is_empty() => Ok(y.map(|times| x.constant.clone().binary(op, &times))),
        _ if y.terms.is_empty() && (op == BinaryOp::Mul || x.terms.is_empty()) => {
            Ok(x.map(|times| times.binary(op, &y.constant)))
        }
        _ => error_with_help(
            "indices are added, and multiplied by whole numbers, and no more",
            span,
            "a coordinate is a sum of indices times whole numbers: `a[2*i + j - 1]`",
        ),
    }
}
