//! What stands between brackets behind a value: cuts, or an access by indices.

use super::lower::{INDICES, Known, Lowering, Site, Work};
use super::operand::Place;
use super::view::{Coordinate, Cut, Cuts, View};
use super::whole::{Reader, Whole};
use super::{Mode, Source};
use crate::syntax::ast::{self, Argument, Literal, Node, NodeId, Span};
use crate::types::meaning::Meaning;
use crate::types::value::{Typed, error, error_with_help};

/// Coordinates at most: one for each axis, as many new axes, and `...`.
const COORDINATES: usize = 2 * INDICES + 1;

impl Lowering<'_, '_> {
    pub(super) fn no_part<T>(&self, span: Span) -> Typed<T> {
        error_with_help(
            "this is a single number at each point: it has no parts",
            span,
            "all coordinates stand between one pair of brackets: `a[i, j]`",
        )
    }

    /// What stands between brackets behind a value: cuts, or an access by indices.
    pub(super) fn subscript(&mut self, site: Site, of: NodeId, coordinates: &[ast::Coordinate]) -> Typed<()> {
        let (id, place) = site;
        let span = self.from.ast.span(id);
        if coordinates.len() > COORDINATES {
            return error("there are more coordinates than an array has axes", span);
        }
        let mut access = Vec::new();
        let mut values = Vec::new();
        let mut indexed = false;
        for coordinate in coordinates {
            let ast::Coordinate::Value(node) = *coordinate else { continue };
            if let Node::Literal(Literal::None) = self.from.ast.node(node) {
                continue;
            }
            let (coordinate, value) = self.coordinate(node, place)?;
            indexed |= coordinate.mode.is_some() || !coordinate.at.terms.is_empty();
            if let Some(mode) = coordinate.mode.filter(|mode| mode.replaces()) {
                if mode == Mode::Fill && value.is_none() {
                    return error_with_help(
                        "`fill` takes a coordinate and a value",
                        span,
                        "write `a[fill(i - 1, 0.5)]`",
                    );
                }
                values.push((access.len() as u32, value));
            }
            access.push(coordinate);
        }
        if !indexed {
            let cuts = self.cuts(coordinates, span)?;
            let inner = self.operands.before(View::Cut(cuts), place, span);
            self.work.extend([Work::Alias(site, (of, inner)), Work::Enter((of, inner))]);
            return Ok(());
        }
        if place.chain != 0 {
            return self.no_part(span);
        }
        if access.len() != coordinates.len() {
            return error_with_help(
                "a slice stands among indices",
                span,
                "in index notation each coordinate is a number: an index, or a whole number; for a slice of a slice write `a[1:][i]`, for a number alone `n + 0`",
            );
        }
        if place.scope == 0 {
            return error_with_help(
                "a mode has a meaning in index notation alone",
                span,
                "as in `v[i] = u[clamp(i - 1)]`",
            );
        }
        let inner = self.operands.before(View::Access(access), place, span);
        if values.is_empty() {
            self.work.extend([Work::Alias(site, (of, inner)), Work::Enter((of, inner))]);
            return Ok(());
        }
        let nodes: Vec<NodeId> = values.iter().filter_map(|&(_, value)| value).collect();
        self.work.push(Work::Fill(site, (of, inner), values));
        self.work.extend(nodes.into_iter().map(|value| Work::Enter((value, place))));
        self.work.push(Work::Enter((of, inner)));
        Ok(())
    }

    /// A coordinate, and what there is outside.
    pub(super) fn coordinate(&self, node: NodeId, place: Place) -> Typed<(Coordinate, Option<NodeId>)> {
        let from = self.from;
        let scope = self.operands.indices(place.scope);
        let axis = |binder: u32| scope.iter().rev().find(|index| index.binder == binder).map(|index| index.axis);
        let reader = Reader { resolved: from, axis: &axis };
        let span = from.ast.span(node);
        let static_ = from.meanings.get(node.0 as usize) == Some(&Meaning::Static);
        if let (true, Node::Call { function, args, .. }) = (static_, from.ast.node(node)) {
            let args = from.ast.args.get(args.start as usize..args.end as usize).unwrap_or(&[]);
            let mode = Mode::from_name(from.ast.name(*function));
            let most = if mode == Some(Mode::Fill) { 2 } else { 1 };
            let Some(first) = args.first().filter(|_| args.len() <= most) else {
                let name = from.ast.name(*function);
                let help =
                    if most == 2 { "write `a[fill(i - 1, 0.5)]`".into() } else { format!("write `a[{name}(i - 1)]`") };
                return error_with_help(format!("`{name}` takes a coordinate"), span, help);
            };
            let value = args.get(1).map(|argument: &Argument| argument.value);
            return Ok((Coordinate { at: reader.affine(first.value)?, mode, span }, value));
        }
        Ok((Coordinate { at: reader.affine(node)?, mode: None, span }, None))
    }

    /// NumPy's slicing.
    pub(super) fn cuts(&self, coordinates: &[ast::Coordinate], span: Span) -> Typed<Cuts> {
        let reader = Reader { resolved: self.from, axis: &|_| None };
        let mut cuts = Vec::new();
        let mut ellipsis = false;
        for coordinate in coordinates {
            cuts.push(match *coordinate {
                ast::Coordinate::Ellipsis(place) => {
                    if std::mem::replace(&mut ellipsis, true) {
                        return error("`...` stands once", place);
                    }
                    Cut::Ellipsis
                }
                ast::Coordinate::Value(node) => match self.from.ast.node(node) {
                    Node::Literal(Literal::None) => Cut::New,
                    _ => Cut::At(reader.whole(node)?, self.from.ast.span(node)),
                },
                ast::Coordinate::Slice(nodes, place) => {
                    let mut bounds: [Option<Whole>; 3] = [None, None, None];
                    for (bound, node) in bounds.iter_mut().zip(nodes) {
                        let none = node.is_some_and(|node| *self.from.ast.node(node) == Node::Literal(Literal::None));
                        *bound = node.filter(|_| !none).map(|node| reader.whole(node)).transpose()?;
                    }
                    if bounds[2].as_ref().and_then(Whole::known) == Some(0) {
                        return error_with_help("the step of a slice is 0", place, "leave it out, or write `::-1`");
                    }
                    Cut::Slice(bounds, place)
                }
            });
        }
        Ok(Cuts { cuts, span })
    }

    /// An access with other values outside: of several coordinates the first that is outside decides.
    pub(super) fn fill(&mut self, site: Site, of: Site, fills: &[(u32, Option<NodeId>)]) -> Typed<()> {
        let (id, place) = site;
        let span = self.from.ast.span(id);
        let mut made = self.made(of);
        let Some(leaf) = self.known[made.0 as usize].leaf else { return error("no array is read here", span) };
        for &(coordinate, value) in fills.iter().rev() {
            let value = match value {
                Some(value) => self.made((value, place)),
                None => self.push(Node::Literal(Literal::Int(0)), span, Meaning::Plain, Known::default()),
            };
            let outside = self.operand(Source::Outside(leaf, coordinate), place, false, span);
            let known = self.both(value, made);
            let node = Node::Conditional { then: value, condition: outside, otherwise: made };
            made = self.push(node, span, Meaning::Plain, known);
        }
        self.made.insert(site, made);
        Ok(())
    }
}
