//! Reductions over indices, and indices as values.
//!
//! Always holds: the operand of a reduction has an axis for each index that it runs over, also where it does not follow it.

use smallvec::SmallVec;

use super::Source;
use super::lower::{Known, Lowering, Site, Work};
use super::operand::Place;
use crate::diagnostic::excerpt;
use crate::ir::Fold;
use crate::syntax::ast::{self, BinaryOp, Node, NodeId, Span};
use crate::types::function::{Function, Reduction, Rule};
use crate::types::graph::Axes;
use crate::types::meaning::{Binds, Call, Meaning};
use crate::types::value::{Typed, error, error_with_help};

impl Lowering<'_, '_> {
    /// The value of an index.
    pub(super) fn index_value(&mut self, binder: u32, place: Place, span: Span) -> Typed<NodeId> {
        let found = self.operands.indices(place.scope).iter().rposition(|index| index.binder == binder);
        let Some(at) = found.filter(|_| place.chain == 0) else { return self.unbound(binder, span) };
        let axis = self.operands.indices(place.scope)[at].axis;
        let extent = self.operand(Source::Extent(axis), place, false, span);
        let known = self.known[extent.0 as usize];
        let position = self.of_library("index", &[extent], Axes::List(SmallVec::from_slice(&[at as i32])), span, known);
        let low = self.operand(Source::Low(axis), Place::default(), true, span);
        Ok(self.push(Node::Binary(BinaryOp::Add, position, low), span, Meaning::Plain, known))
    }

    /// A call of a function of the library.
    pub(super) fn of_library(&mut self, name: &str, args: &[NodeId], axes: Axes, span: Span, known: Known) -> NodeId {
        let Some(function) = Function::from_name(name) else { return args.first().copied().unwrap_or(NodeId(0)) };
        let call = Call {
            function,
            args: SmallVec::from_slice(args),
            options: SmallVec::new(),
            axes,
            keepdims: false,
            ddof: 0,
            dtype: None,
            equal_nan: false,
            indices: SmallVec::new(),
        };
        self.push_call(call, span, known)
    }

    pub(super) fn unbound<T>(&self, binder: u32, span: Span) -> Typed<T> {
        let Some(bound) = self.from.binders.get(binder as usize) else { return error("no index", span) };
        let name = excerpt(self.from.ast.name(bound.name));
        let help = match bound.binds {
            Binds::Reduction => "it has a meaning within the brackets of its reduction alone".to_string(),
            _ => format!("reductions in index notation name what they run over: `sum[{name}](...)`"),
        };
        error_with_help(format!("the index `{name}` has no meaning here"), span, help)
    }

    pub(super) fn enter_reduction(&mut self, site: Site, call: &Call) -> Typed<()> {
        let (id, place) = site;
        let span = self.from.ast.span(id);
        if place.scope == 0 || place.chain != 0 {
            return self.no_part(span);
        }
        let mut scope = self.operands.indices(place.scope).to_vec();
        let Node::Call { indices, .. } = self.from.ast.node(id) else { return Ok(()) };
        let coordinates = self.from.ast.coordinates(indices);
        for (&binder, coordinate) in call.indices.iter().zip(coordinates) {
            let until = if let ast::Coordinate::Slice([_, until, _], _) = coordinate { *until } else { None };
            let index = self.index(binder, until, &scope)?;
            scope.push(index);
        }
        let inner = Place { scope: self.operands.scope(scope), chain: 0 };
        self.work.push(Work::Reduce(site, inner));
        self.work.extend(call.options.iter().map(|&(_, arg)| Work::Enter((arg, place))));
        self.work.extend(call.args.first().map(|&arg| Work::Enter((arg, inner))));
        Ok(())
    }

    /// A reduction over the last axes of its operand.
    pub(super) fn reduce(&mut self, site: Site, inner: Place) -> Typed<()> {
        let (id, place) = site;
        let Meaning::Call(at) = self.from.meanings[id.0 as usize] else { return Ok(()) };
        let call = &self.from.calls[at as usize];
        let Some(&operand) = call.args.first() else { return Ok(()) };
        let operand = self.made((operand, inner));
        let (outer, all) = (self.operands.indices(place.scope).len(), self.operands.indices(inner.scope).len());
        self.carry(operand, outer..all)?;
        let own = self.known[operand.0 as usize];
        let known = Known { covers: own.covers & ((1 << outer) - 1), ..own };
        let options = call.options.iter().map(|&(name, arg)| (name, self.made((arg, place)))).collect();
        let axes = Axes::List((outer..all).map(|axis| axis as i32).collect());
        let (args, indices) = (SmallVec::from_slice(&[operand]), SmallVec::new());
        let span = self.from.ast.span(id);
        let mut made = self.push_call(Call { args, options, axes, indices, ..call.clone() }, span, known);
        // Where the best element is, is a number of its index.
        let place_of = matches!(call.function.rule, Rule::Reduce(Reduction::Fold(Fold::ArgMin | Fold::ArgMax)));
        if place_of && all == outer + 1 {
            let axis = self.operands.indices(inner.scope)[outer].axis;
            let low = self.operand(Source::Low(axis), Place::default(), true, span);
            made = self.push(Node::Binary(BinaryOp::Add, made, low), span, Meaning::Plain, known);
        }
        self.made.insert(site, made);
        Ok(())
    }
}
