//! The order of nodes: as a text is evaluated from left to right.
//!
//! Comes in: a tree in which children precede parents, but inner brackets come before what stands to their left. Goes out:
//! the same tree in post-order, without nodes that nothing refers to. Always holds: two texts that differ in brackets without
//! meaning have equal trees but for spans, and passes that walk front to back meet errors in the order of the text.

use super::ast::{Argument, Assignment, Ast, Node, NodeId, Span};

/// Calls `visit` for the children of a node, from left to right.
pub fn for_each_child(ast: &Ast, id: NodeId, mut visit: impl FnMut(NodeId)) {
    match ast.node(id) {
        Node::Literal(_) | Node::Name(_) => {}
        Node::Unary(_, of) | Node::Attribute(of, _) => visit(*of),
        Node::Binary(_, left, right) => {
            visit(*left);
            visit(*right);
        }
        Node::Compare(first, links) => {
            visit(*first);
            let links = ast.links.get(links.start as usize..links.end as usize).unwrap_or(&[]);
            links.iter().for_each(|&(_, operand)| visit(operand));
        }
        Node::Conditional { then, condition, otherwise } => {
            visit(*then);
            visit(*condition);
            visit(*otherwise);
        }
        Node::Call { args, .. } => {
            let args = ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
            args.iter().for_each(|argument| visit(argument.value));
        }
        Node::Tuple(items) => {
            let items = ast.items.get(items.start as usize..items.end as usize).unwrap_or(&[]);
            items.iter().for_each(|&item| visit(item));
        }
    }
}

/// The same tree with its nodes in post-order, from left to right.
pub fn evaluation_order(ast: &Ast) -> Ast {
    let mut sorted = Sorted {
        from: ast,
        to: Ast { names: ast.names.clone(), tuple: ast.tuple, ..Ast::default() },
        places: vec![NodeId(0); ast.nodes.len()],
        work: Vec::new(),
    };
    sorted.to.nodes.reserve_exact(ast.nodes.len());
    sorted.to.spans.reserve_exact(ast.nodes.len());
    for &Assignment { name, name_span, value } in &ast.assignments {
        let value = sorted.take(value);
        sorted.to.assignments.push(Assignment { name, name_span, value });
    }
    for &result in &ast.results {
        let result = sorted.take(result);
        sorted.to.results.push(result);
    }
    sorted.to
}

struct Sorted<'a> {
    from: &'a Ast,
    to: Ast,
    /// The new id of each old one that has been taken.
    places: Vec<NodeId>,
    /// Nodes to take; `true` once their children have been.
    work: Vec<(NodeId, bool)>,
}

impl Sorted<'_> {
    /// Takes a node with all below it.
    fn take(&mut self, root: NodeId) -> NodeId {
        self.work.push((root, false));
        while let Some((id, ready)) = self.work.pop() {
            if ready {
                self.push(id);
                continue;
            }
            self.work.push((id, true));
            let first = self.work.len();
            for_each_child(self.from, id, |child| self.work.push((child, false)));
            if let Some(children) = self.work.get_mut(first..) {
                children.reverse();
            }
        }
        self.place(root)
    }

    fn place(&self, old: NodeId) -> NodeId {
        self.places.get(old.0 as usize).copied().unwrap_or(old)
    }

    fn push(&mut self, id: NodeId) {
        let from = self.from;
        let node = match from.node(id).clone() {
            node @ (Node::Literal(_) | Node::Name(_)) => node,
            Node::Unary(op, of) => Node::Unary(op, self.place(of)),
            Node::Attribute(of, attribute) => Node::Attribute(self.place(of), attribute),
            Node::Binary(op, left, right) => Node::Binary(op, self.place(left), self.place(right)),
            Node::Compare(first, links) => {
                let start = self.to.links.len() as u32;
                for (op, operand) in from.links.get(links.start as usize..links.end as usize).unwrap_or(&[]) {
                    let operand = self.place(*operand);
                    self.to.links.push((*op, operand));
                }
                Node::Compare(self.place(first), start..self.to.links.len() as u32)
            }
            Node::Conditional { then, condition, otherwise } => Node::Conditional {
                then: self.place(then),
                condition: self.place(condition),
                otherwise: self.place(otherwise),
            },
            Node::Call { function, function_span, args } => {
                let start = self.to.args.len() as u32;
                for argument in from.args.get(args.start as usize..args.end as usize).unwrap_or(&[]) {
                    let value = self.place(argument.value);
                    self.to.args.push(Argument { keyword: argument.keyword, value });
                }
                Node::Call { function, function_span, args: start..self.to.args.len() as u32 }
            }
            Node::Tuple(items) => {
                let start = self.to.items.len() as u32;
                for &item in from.items.get(items.start as usize..items.end as usize).unwrap_or(&[]) {
                    let item = self.place(item);
                    self.to.items.push(item);
                }
                Node::Tuple(start..self.to.items.len() as u32)
            }
        };
        if let Some(place) = self.places.get_mut(id.0 as usize) {
            *place = NodeId(self.to.nodes.len() as u32);
        }
        self.to.nodes.push(node);
        self.to.spans.push(from.spans.get(id.0 as usize).copied().unwrap_or(Span::default()));
    }
}
