//! The tree under construction: the state of the grammar.
//!
//! Comes in: calls from the grammar in the order in which it reads. Goes out: the [`Ast`]. Always holds: children are there
//! before their parent; an [`Operand`] knows the place of its brackets, its node only that of what is inside.

use std::ops::Range;

use super::ast::{
    Argument, Ast, Attribute, BinaryOp, Coordinate, Link, Literal, NameId, Node, NodeId, Span, TextId, UnaryOp,
};

/// A node that has been read, and its place with all brackets around it.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    pub id: NodeId,
    pub span: Span,
}

/// What stands between brackets, as a range of one of the tree's lists, and where they stand.
pub type List = (Range<u32>, Span);

/// The tree so far.
#[derive(Default)]
pub struct Tree {
    pub ast: Ast,
}

impl Tree {
    fn push(&mut self, node: Node, span: Span) -> Operand {
        let id = NodeId(self.ast.nodes.len() as u32);
        self.ast.nodes.push(node);
        self.ast.spans.push(span);
        Operand { id, span }
    }

    /// The bytes of a string, which a literal refers to.
    pub fn text(&mut self, bytes: Vec<u8>) -> TextId {
        self.ast.texts.push(bytes);
        TextId(self.ast.texts.len() as u32 - 1)
    }

    pub fn literal(&mut self, literal: Literal, span: Span) -> Operand {
        self.push(Node::Literal(literal), span)
    }

    pub fn name(&mut self, name: NameId, span: Span) -> Operand {
        self.push(Node::Name(name), span)
    }

    /// `name(args)`, `name[indices](args)`
    pub fn call(&mut self, (function, function_span): (NameId, Span), indices: Range<u32>, list: List) -> Operand {
        let (args, span) = list;
        self.push(Node::Call { function, function_span, args, method: false, indices }, function_span.to(span))
    }

    /// `of[coordinates]`
    pub fn subscript(&mut self, of: Operand, (coordinates, span): List) -> Operand {
        self.push(Node::Subscript(of.id, coordinates), of.span.to(span))
    }

    /// Puts what stands between the brackets of a subscript into the tree.
    pub fn coordinates(&mut self, coordinates: Vec<Coordinate>) -> Range<u32> {
        let start = self.ast.coordinates.len() as u32;
        self.ast.coordinates.extend(coordinates);
        start..self.ast.coordinates.len() as u32
    }

    /// `of.name(args)`, `of.name[indices](args)`. The first of the arguments is a place for `of`.
    pub fn method(&mut self, of: Operand, name: (NameId, Span), indices: Range<u32>, (args, list): List) -> Operand {
        if let Some(argument) = self.ast.args.get_mut(args.start as usize) {
            *argument = Argument { keyword: None, value: of.id };
        }
        let (function, function_span) = name;
        self.push(Node::Call { function, function_span, args, method: true, indices }, of.span.to(list))
    }

    pub fn attribute(&mut self, of: Operand, attribute: Attribute, span: Span) -> Operand {
        self.push(Node::Attribute(of.id, attribute), of.span.to(span))
    }

    pub fn unary(&mut self, op: UnaryOp, span: Span, of: Operand) -> Operand {
        self.push(Node::Unary(op, of.id), span.to(of.span))
    }

    pub fn binary(&mut self, left: Operand, op: BinaryOp, right: Operand) -> Operand {
        self.push(Node::Binary(op, left.id, right.id), left.span.to(right.span))
    }

    /// `first op operand ...`; without links it is `first` alone.
    pub fn compare(&mut self, first: Operand, links: Vec<(Link, Operand)>) -> Operand {
        let Some((_, last)) = links.last() else { return first };
        let span = first.span.to(last.span);
        let start = self.ast.links.len() as u32;
        self.ast.links.extend(links.iter().map(|(op, operand)| (*op, operand.id)));
        let end = self.ast.links.len() as u32;
        self.push(Node::Compare(first.id, start..end), span)
    }

    pub fn conditional(&mut self, then: Operand, condition: Operand, otherwise: Operand) -> Operand {
        let node = Node::Conditional { then: then.id, condition: condition.id, otherwise: otherwise.id };
        self.push(node, then.span.to(otherwise.span))
    }

    /// Puts parameters into the tree.
    pub fn params(&mut self, params: &[(NameId, Span)]) -> Range<u32> {
        let start = self.ast.params.len() as u32;
        self.ast.params.extend(params);
        start..self.ast.params.len() as u32
    }

    /// `lambda params: body`, from `start` on.
    pub fn lambda(&mut self, start: Span, params: &[(NameId, Span)], body: Operand) -> Operand {
        let params = self.params(params);
        self.push(Node::Lambda(params, body.id), start.to(body.span))
    }

    pub fn tuple(&mut self, items: &[Operand], span: Span) -> Operand {
        let start = self.ast.items.len() as u32;
        self.ast.items.extend(items.iter().map(|operand| operand.id));
        let end = self.ast.items.len() as u32;
        self.push(Node::Tuple(start..end), span)
    }
}
