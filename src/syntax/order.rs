//! The order of nodes: as a text is evaluated from left to right.
//!
//! Comes in: a tree in which children precede parents, but inner brackets come before what stands to their left. Goes out:
//! the same tree in post-order, without nodes that nothing refers to. Always holds: two texts that differ in brackets without
//! meaning have equal trees but for spans, and passes that walk front to back meet errors in the order of the text.

use std::ops::Range;

use super::ast::{Argument, Assignment, Ast, Node, NodeId};

/// Calls `visit` for the children of a node, from left to right.
pub fn for_each_child(ast: &Ast, id: NodeId, mut visit: impl FnMut(NodeId)) {
    match ast.node(id) {
        Node::Literal(_) | Node::Name(_) => {}
        Node::Unary(_, of) | Node::Attribute(of, _) | Node::Lambda(_, of) => visit(*of),
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
        Node::Call { args, indices, .. } => {
            ast.coordinates(indices).iter().flat_map(|c| c.nodes()).for_each(&mut visit);
            let args = ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
            args.iter().for_each(|argument| visit(argument.value));
        }
        Node::Tuple(items) => {
            let items = ast.items.get(items.start as usize..items.end as usize).unwrap_or(&[]);
            items.iter().for_each(|&item| visit(item));
        }
        Node::Subscript(of, coordinates) => {
            visit(*of);
            ast.coordinates(coordinates).iter().flat_map(|c| c.nodes()).for_each(visit);
        }
    }
}

/// The same tree with its nodes in post-order, from left to right.
pub fn evaluation_order(ast: &Ast) -> Ast {
    let mut sorted = Sorted {
        from: ast,
        to: Ast {
            names: ast.names.clone(),
            texts: ast.texts.clone(),
            params: ast.params.clone(),
            tuple: ast.tuple,
            ..Ast::default()
        },
        places: vec![NodeId(0); ast.nodes.len()],
        work: Vec::new(),
    };
    sorted.to.nodes.reserve_exact(ast.nodes.len());
    sorted.to.spans.reserve_exact(ast.nodes.len());
    for assignment in &ast.assignments {
        // The names of `x, y = value` have one value.
        if let (Some((1.., _)), Some(before)) = (assignment.part, sorted.to.assignments.last()) {
            let value = before.value;
            sorted.to.assignments.push(Assignment { value, ..assignment.clone() });
            continue;
        }
        let indices = assignment.indices.as_ref().map(|indices| {
            let coordinates = ast.coordinates(indices);
            for id in coordinates.iter().flat_map(|c| c.nodes()) {
                sorted.take(id);
            }
            let places = &sorted.places;
            copy_coordinates(ast, indices, &mut sorted.to, |old| places.get(old.0 as usize).copied().unwrap_or(old))
        });
        let value = sorted.take(assignment.value);
        sorted.to.assignments.push(Assignment { value, indices, ..assignment.clone() });
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
        let places = &self.places;
        let new = copy(self.from, id, &mut self.to, |old| places.get(old.0 as usize).copied().unwrap_or(old));
        if let Some(place) = self.places.get_mut(id.0 as usize) {
            *place = new;
        }
    }
}

/// Copies what stands between the brackets of a subscript.
pub fn copy_coordinates(from: &Ast, of: &Range<u32>, to: &mut Ast, place: impl Fn(NodeId) -> NodeId) -> Range<u32> {
    let start = to.coordinates.len() as u32;
    to.coordinates.extend(from.coordinates(of).iter().map(|c| c.map(&place)));
    start..to.coordinates.len() as u32
}

/// Copies a node to the end of another tree, where `place` says where its children are there.
pub fn copy(from: &Ast, id: NodeId, to: &mut Ast, place: impl Fn(NodeId) -> NodeId) -> NodeId {
    let node = match from.node(id).clone() {
        node @ (Node::Literal(_) | Node::Name(_)) => node,
        Node::Unary(op, of) => Node::Unary(op, place(of)),
        Node::Attribute(of, attribute) => Node::Attribute(place(of), attribute),
        Node::Lambda(params, body) => Node::Lambda(params, place(body)),
        Node::Binary(op, left, right) => Node::Binary(op, place(left), place(right)),
        Node::Compare(first, links) => {
            let start = to.links.len() as u32;
            let links = from.links.get(links.start as usize..links.end as usize).unwrap_or(&[]);
            to.links.extend(links.iter().map(|&(op, operand)| (op, place(operand))));
            Node::Compare(place(first), start..to.links.len() as u32)
        }
        Node::Conditional { then, condition, otherwise } => {
            Node::Conditional { then: place(then), condition: place(condition), otherwise: place(otherwise) }
        }
        Node::Call { function, function_span, args, method, indices } => {
            let indices = copy_coordinates(from, &indices, to, &place);
            let start = to.args.len() as u32;
            let args = from.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
            to.args.extend(args.iter().map(|arg| Argument { keyword: arg.keyword, value: place(arg.value) }));
            Node::Call { function, function_span, args: start..to.args.len() as u32, method, indices }
        }
        Node::Tuple(items) => {
            let start = to.items.len() as u32;
            let items = from.items.get(items.start as usize..items.end as usize).unwrap_or(&[]);
            to.items.extend(items.iter().map(|&item| place(item)));
            Node::Tuple(start..to.items.len() as u32)
        }
        Node::Subscript(of, coordinates) => {
            Node::Subscript(place(of), copy_coordinates(from, &coordinates, to, &place))
        }
    };
    let new = NodeId(to.nodes.len() as u32);
    to.nodes.push(node);
    to.spans.push(from.spans.get(id.0 as usize).copied().unwrap_or_default());
    new
}
