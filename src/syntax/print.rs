//! A tree as text again.
//!
//! Comes in: an [`Ast`]. Goes out: text with the fewest parentheses that keep its meaning, or with one pair around every
//! operation. Always holds: the text parses to the same tree but for spans; time and output are linear in the tree, and
//! nothing recurses.

use std::fmt::{self, Write};

use super::ast::{Ast, Attribute, BinaryOp, Coordinate, Link, Literal, NameId, Node, NodeId, Span};
use super::string::written;

/// The text of a tree, with as few parentheses as possible.
pub fn print(ast: &Ast) -> String {
    Printer::new(ast, false).print()
}

/// The text of a tree, every operation in parentheses: what binds to what is plain to see.
pub fn print_full(ast: &Ast) -> String {
    Printer::new(ast, true).print()
}

/// How tightly a form binds; what stands in a place of higher strength needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Conditional,
    Or,
    And,
    Not,
    Compare,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Sum,
    Product,
    Unary,
    Power,
    Postfix,
}

enum Work {
    /// A node, in a place of this strength.
    Node(NodeId, Strength),
    /// A tuple as a whole argument, or any other value.
    Argument(NodeId),
    Text(&'static str),
    Name(NameId),
    /// What stands between the brackets of a subscript, and these.
    Subscript(std::ops::Range<u32>),
    Binary(BinaryOp),
    Link(Link),
}

struct Printer<'a> {
    ast: &'a Ast,
    full: bool,
    out: String,
    /// What is still to be written, the last first.
    work: Vec<Work>,
}

impl<'a> Printer<'a> {
    fn new(ast: &'a Ast, full: bool) -> Printer<'a> {
        Printer { ast, full, out: String::new(), work: Vec::new() }
    }

    fn print(mut self) -> String {
        for assignment in &self.ast.assignments {
            self.out.push_str(self.ast.name(assignment.name));
            if let Some((at, of)) = assignment.part
                && at + 1 < of
            {
                self.out.push_str(", ");
                continue;
            }
            if assignment.params.is_some() && !assignment.lambda {
                self.out.push('(');
                self.params(self.ast.params(assignment));
                self.out.push(')');
            }
            if let Some(indices) = &assignment.indices {
                self.subscript(indices);
                self.run_queued();
            }
            self.out.push_str(" = ");
            if assignment.lambda {
                self.out.push_str("lambda ");
                self.params(self.ast.params(assignment));
                self.out.push_str(": ");
            }
            self.run(Work::Argument(assignment.value));
            self.out.push_str("; ");
        }
        for (index, &result) in self.ast.results.iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            self.run(Work::Node(result, Strength::Conditional));
        }
        if self.ast.tuple && self.ast.results.len() == 1 {
            self.out.push(',');
        }
        self.out
    }

    fn params(&mut self, params: &[(NameId, Span)]) {
        for (at, &(name, _)) in params.iter().enumerate() {
            self.out.push_str(if at == 0 { "" } else { ", " });
            self.out.push_str(self.ast.name(name));
        }
    }

    fn run(&mut self, work: Work) {
        self.work.push(work);
        self.run_queued();
    }

    fn run_queued(&mut self) {
        while let Some(work) = self.work.pop() {
            match work {
                Work::Text(text) => self.out.push_str(text),
                Work::Name(name) => self.out.push_str(self.ast.name(name)),
                Work::Subscript(coordinates) => self.subscript(&coordinates),
                Work::Binary(BinaryOp::Pow) => self.out.push_str("**"),
                // Writing to a string does not fail.
                Work::Binary(op) => write!(self.out, " {op} ").unwrap_or(()),
                Work::Link(op) => write!(self.out, " {op} ").unwrap_or(()),
                Work::Argument(id) => self.argument(id),
                Work::Node(id, place) => self.node(id, place),
            }
        }
    }

    /// Queues pieces, the first to be written first.
    fn queue(&mut self, pieces: impl IntoIterator<Item = Work>) {
        let first = self.work.len();
        self.work.extend(pieces);
        if let Some(queued) = self.work.get_mut(first..) {
            queued.reverse();
        }
    }

    /// Queues `[...]`.
    fn subscript(&mut self, coordinates: &std::ops::Range<u32>) {
        self.out.push('[');
        let coordinates = self.ast.coordinates(coordinates).iter().enumerate().flat_map(|(index, coordinate)| {
            let comma = (index > 0).then_some(Work::Text(", "));
            let node = |id: NodeId| Work::Node(id, Strength::Conditional);
            let parts: Vec<Work> = match *coordinate {
                Coordinate::Value(id) => vec![node(id)],
                Coordinate::Ellipsis(_) => vec![Work::Text("...")],
                Coordinate::Slice([start, stop, step], _) => {
                    let bounds = start.map(node).into_iter().chain([Work::Text(":")]).chain(stop.map(node));
                    bounds.chain(step.into_iter().flat_map(|step| [Work::Text(":"), node(step)])).collect()
                }
            };
            comma.into_iter().chain(parts)
        });
        let pieces: Vec<Work> = coordinates.chain([Work::Text("]")]).collect();
        self.queue(pieces);
    }

    fn argument(&mut self, id: NodeId) {
        let items = match self.ast.node(id) {
            Node::Tuple(range) => self.ast.items_in(range),
            Node::Lambda(params, body) => {
                self.out.push_str("lambda ");
                self.params(self.ast.params_in(params));
                self.out.push_str(": ");
                return self.work.push(Work::Argument(*body));
            }
            _ => return self.work.push(Work::Node(id, Strength::Conditional)),
        };
        self.out.push('(');
        let close = if items.len() == 1 { ",)" } else { ")" };
        let items = items.iter().enumerate().flat_map(|(index, &item)| {
            let comma = (index > 0).then_some(Work::Text(", "));
            comma.into_iter().chain([Work::Node(item, Strength::Conditional)])
        });
        self.queue(items.chain([Work::Text(close)]));
    }
    // Long: one arm for each kind of node.

    fn node(&mut self, id: NodeId, place: Strength) {
        use Strength::*;
        let ast = self.ast;
        let node = ast.node(id);
        let strength = strength(node);
        let is_operation = strength != Postfix;
        // `1.real` would be the number `1.` and a name.
        let is_integer = matches!(node, Node::Literal(Literal::Int(_))) && place == Postfix;
        let integer_of_attribute = is_integer && matches!(self.work.last(), Some(Work::Text(".")));
        if strength < place || (self.full && is_operation) || integer_of_attribute {
            self.out.push('(');
            self.work.push(Work::Text(")"));
        }
        match node {
            Node::Literal(Literal::Text(text)) => {
                self.out += &written(ast.texts.get(text.0 as usize).map_or(&[], Vec::as_slice))
            }
            Node::Literal(literal) => write!(self.out, "{literal}").unwrap_or(()),
            Node::Name(name) => self.out.push_str(ast.name(*name)),
            Node::Unary(op, of) => {
                write!(self.out, "{op}").unwrap_or(());
                if strength == Not {
                    self.out.push(' ');
                }
                self.work.push(Work::Node(*of, strength));
            }
            Node::Binary(op, left, right) => {
                let (left_place, right_place) = operand_places(*op);
                self.queue([Work::Node(*left, left_place), Work::Binary(*op), Work::Node(*right, right_place)]);
            }
            Node::Compare(first, links) => {
                let links = ast.links.get(links.start as usize..links.end as usize).unwrap_or(&[]);
                let links = links.iter().flat_map(|&(op, operand)| [Work::Link(op), Work::Node(operand, BitOr)]);
                self.queue([Work::Node(*first, BitOr)].into_iter().chain(links));
            }
            Node::Conditional { then, condition, otherwise } => self.queue([
                Work::Node(*then, Or),
                Work::Text(" if "),
                Work::Node(*condition, Or),
                Work::Text(" else "),
                Work::Node(*otherwise, Conditional),
            ]),
            Node::Call { function, args, method, indices, .. } => {
                let mut args = ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
                let mut head = None;
                if let (true, Some((of, rest))) = (*method, args.split_first()) {
                    args = rest;
                    head = Some([Work::Node(of.value, Postfix), Work::Text(".")]);
                }
                let indices = (!indices.is_empty()).then(|| Work::Subscript(indices.clone()));
                let head = head.into_iter().flatten().chain([Work::Name(*function)]);
                let head = head.chain(indices).chain([Work::Text("(")]);
                let args = args.iter().enumerate().flat_map(|(index, argument)| {
                    let comma = (index > 0).then_some(Work::Text(", "));
                    let keyword = argument.keyword.map(|(name, _)| [Work::Name(name), Work::Text("=")]);
                    comma.into_iter().chain(keyword.into_iter().flatten()).chain([Work::Argument(argument.value)])
                });
                self.queue(head.chain(args).chain([Work::Text(")")]));
            }
            Node::Attribute(of, attribute) => {
                let name = match attribute {
                    Attribute::Real => Work::Text("real"),
                    Attribute::Imag => Work::Text("imag"),
                    Attribute::Named(name) => Work::Name(*name),
                };
                self.queue([Work::Node(*of, Postfix), Work::Text("."), name]);
            }
            Node::Subscript(of, coordinates) => {
                self.queue([Work::Node(*of, Postfix), Work::Subscript(coordinates.clone())]);
            }
            Node::Tuple(_) | Node::Lambda(..) => self.argument(id),
        }
    }
}

fn strength(node: &Node) -> Strength {
    match node {
        Node::Literal(_)
        | Node::Name(_)
        | Node::Call { .. }
        | Node::Attribute(..)
        | Node::Tuple(_)
        | Node::Lambda(..)
        | Node::Subscript(..) => Strength::Postfix,
        Node::Unary(super::ast::UnaryOp::Not, _) => Strength::Not,
        Node::Unary(..) => Strength::Unary,
        Node::Binary(op, ..) => binary_strength(*op),
        Node::Compare(..) => Strength::Compare,
        Node::Conditional { .. } => Strength::Conditional,
    }
}

fn binary_strength(op: BinaryOp) -> Strength {
    match op {
        BinaryOp::Pow => Strength::Power,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod => Strength::Product,
        BinaryOp::Add | BinaryOp::Sub => Strength::Sum,
        BinaryOp::Shl | BinaryOp::Shr => Strength::Shift,
        BinaryOp::BitAnd => Strength::BitAnd,
        BinaryOp::BitXor => Strength::BitXor,
        BinaryOp::BitOr => Strength::BitOr,
        BinaryOp::And => Strength::And,
        BinaryOp::Or => Strength::Or,
    }
}

/// The strength of the places left and right of an operator: one more on the right, where operators fold from the left.
fn operand_places(op: BinaryOp) -> (Strength, Strength) {
    use Strength::*;
    match binary_strength(op) {
        Power => (Postfix, Unary),
        Product => (Product, Unary),
        Sum => (Sum, Product),
        Shift => (Shift, Sum),
        BitAnd => (BitAnd, Shift),
        BitXor => (BitXor, BitAnd),
        BitOr => (BitOr, BitXor),
        And => (And, Not),
        _ => (Or, And),
    }
}

impl fmt::Display for Literal {
    /// As it would be written in a text: it reads back as the same value.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let float = |f: &mut fmt::Formatter, value: f64| match value.is_infinite() {
            true => f.write_str("1e999"),
            false => write!(f, "{value:?}"),
        };
        match *self {
            Literal::None => f.write_str("None"),
            Literal::Bool(true) => f.write_str("True"),
            Literal::Bool(false) => f.write_str("False"),
            Literal::Int(value) => write!(f, "{value}"),
            Literal::Float(value) => float(f, value),
            // (The bytes are the tree's.)
            Literal::Text(_) => f.write_str("'...'"),
            Literal::Imaginary(value) => {
                float(f, value)?;
                f.write_char('j')
            }
        }
    }
}
