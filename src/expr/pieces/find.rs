//! The operands of a piece at a call, before indices; and how far these run.
//!
//! Comes in: a piece, arguments, what earlier pieces have left. Goes out: for each operand its type, where it lies after all views but an access, and the coordinates of
//! that; ranges for all indices.

use super::ranges::{Range, Reach, solve};
use super::run::{Run, State};
use super::slab::{Slab, Viewed};
use super::{Part, strips};
use crate::array::view::whole;
use crate::diagnostic::{Diagnostic, excerpt, several};
use crate::dtype::DType;
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::plan::shape::{Shape, broadcast};
use crate::syntax::ast::Span;
use crate::types::InputType;
use crate::types::notation::view::View;
use crate::types::notation::whole::Whole;
use crate::types::notation::{Operand, Source};

/// Whole numbers beyond these are no coordinates: sums and products of them stay within 128 bits.
const MOST: i128 = 1 << 62;

/// An operand before indices.
pub(super) struct Base {
    pub(super) ty: InputType,
    pub(super) slab: Slab,
    /// Its coordinates.
    pub(super) reaches: std::ops::Range<usize>,
}

/// The operands of a piece before indices, and how far these run.
pub(super) struct Found {
    pub(super) bases: Vec<Base>,
    pub(super) reaches: Vec<Reach>,
    pub(super) ranges: Vec<Range>,
}

impl Run<'_> {
    /// The value of a whole number at this call.
    fn whole(&self, of: &Whole, span: Span) -> Viewed<i128> {
        for argument in of.arguments() {
            let (ty, array) = &self.bound[argument as usize];
            let name = excerpt(&self.core.names()[argument as usize]);
            let wrong = |message: String, help: &str| Err(Box::new(Diagnostic::new(message, span).with_help(help)));
            if !array.shape.is_empty() {
                return wrong(
                    format!(
                        "`{name}` is an array of shape {:?}, but stands where a single whole number must",
                        array.shape
                    ),
                    "elements are not gathered: coordinates are sums of indices times whole numbers",
                );
            }
            if !ty.dtype.is_int() {
                return wrong(
                    format!("`{name}` is of {}, but coordinates are whole numbers", ty.dtype),
                    "pass an integer",
                );
            }
        }
        let value = of.value(|argument| whole(&self.bound[argument as usize].1));
        match value.filter(|value| value.abs() <= MOST) {
            Some(value) => Ok(value),
            None => Err(Box::new(Diagnostic::new("this number is beyond any coordinate", span))),
        }
    }

    /// The operands before indices, and the ranges of these.
    pub(super) fn found(&self, part: &Part, state: &mut State) -> Result<Found, EvalError> {
        let piece = &part.piece;
        let shown = self.shown(EvalErrorKind::Shape);
        let mut groups: Vec<Shape> = vec![Shape::new(); piece.groups.len()];
        let mut so_far: Vec<Option<(Slab, usize)>> = vec![None; piece.operands.len()];
        // What a group consists of has groups with higher numbers alone: so each operand is viewed once, step by step.
        for at in (0..groups.len()).rev() {
            let mut shape = Shape::new();
            for &(operand, views) in &piece.groups[at] {
                let (operand, so_far) = (&piece.operands[operand as usize], &mut so_far[operand as usize]);
                let array = self.viewed((operand, so_far), views as usize, &groups, state)?;
                if !broadcast(&mut shape, &array.shape) {
                    let message = format!("the shapes do not fit together: {shape:?} and {:?}", array.shape);
                    return Err(shown(Box::new(Diagnostic::new(message, operand.span))));
                }
            }
            groups[at] = shape;
        }
        let (mut bases, mut reaches) = (Vec::new(), Vec::new());
        for (operand, so_far) in piece.operands.iter().zip(&mut so_far) {
            let ty = self.type_of(operand.source, state);
            let access = if let Some(View::Access(all)) = operand.views.last() { Some(all) } else { None };
            let views = operand.views.len() - usize::from(access.is_some());
            let slab = self.viewed((operand, so_far), views, &groups, state)?;
            if operand.number && !slab.shape.is_empty() {
                let text = excerpt(&self.core.source[operand.span.range()]);
                let message =
                    format!("`{text}` is an array of shape {:?}: in index notation it has coordinates", slab.shape);
                let help = "write them behind it, as in `a[i, j]`; a single number has none".to_string();
                return Err(shown(Box::new(Diagnostic::new(message, operand.span).with_help(help))));
            }
            let first = reaches.len();
            if let Some(all) = access {
                if all.len() != slab.shape.len() {
                    let (has, given) = (several(slab.shape.len(), "axis", "axes"), all.len());
                    let message =
                        format!("this has {has}, but {} given", several(given, "coordinate is", "coordinates are"));
                    return Err(shown(Box::new(Diagnostic::new(message, operand.span))));
                }
                for (coordinate, &length) in all.iter().zip(&slab.shape) {
                    let value = |whole: &Whole| self.whole(whole, coordinate.span).map_err(&shown);
                    let terms = coordinate.at.terms.iter();
                    let terms = terms.map(|(axis, times)| Ok((*axis as usize, value(times)?)));
                    let replaces = coordinate.mode.is_some_and(|mode| mode.replaces());
                    if length == 0 && coordinate.mode.is_some() && !replaces {
                        let message = "there is nothing to read along an axis of length 0".to_string();
                        let diagnostic = Diagnostic::new(message, coordinate.span)
                            .with_help("`zero(...)` and `fill(..., v)` have a value outside");
                        return Err(shown(Box::new(diagnostic)));
                    }
                    reaches.push(Reach {
                        terms: terms.collect::<Result<_, EvalError>>()?,
                        constant: value(&coordinate.at.constant)?,
                        extent: length as i128,
                        mode: coordinate.mode,
                        bare: coordinate.at.bare().is_some(),
                        span: coordinate.span,
                        access: operand.span,
                        operand: bases.len(),
                    });
                }
            }
            bases.push(Base { ty, slab, reaches: first..reaches.len() });
        }
        let until = piece
            .axes
            .iter()
            .map(|axis| axis.until.as_ref().map(|until| self.whole(until, axis.span)).transpose().map_err(&shown));
        let until: Vec<Option<i128>> = until.collect::<Result<_, EvalError>>()?;
        let label = |span: Span| excerpt(&self.core.source[span.range()]);
        let ranges = solve(&piece.axes, &until, &reaches, &label).map_err(&shown)?;
        self.countable(part, &ranges)?;
        Ok(Found { bases, reaches, ranges })
    }

    /// Refuses more points than the limits allow, but of a call that ends at its deadline.
    fn countable(&self, part: &Part, ranges: &[Range]) -> Result<(), EvalError> {
        let points = ranges.iter().try_fold(1i128, |n, &(low, high)| n.checked_mul(high - low));
        let most = self.core.options.limits.points;
        // (Indices are whole numbers of 64 bits.)
        let single = ranges.iter().all(|&(low, high)| high - low <= isize::MAX as i128 && high <= i64::MAX as i128);
        if single && (points.is_some_and(|n| n <= most as i128) || self.settings.stop.is_some()) {
            return Ok(());
        }
        let message = format!("the indices come to more than {most} points");
        let help = "give the call a deadline; or, if the text is trusted, raise `Limits::points`";
        let diagnostic = Diagnostic::new(message, part.piece.span).with_help(help);
        Err(self.shown(EvalErrorKind::Limit)(Box::new(diagnostic)))
    }

    fn type_of(&self, source: Source, state: &State) -> InputType {
        match source {
            Source::Argument(at) => self.bound[at as usize].0,
            Source::Piece(piece, of) => InputType::strong(state.shapes[piece as usize][of as usize].0),
            Source::Extent(_) => InputType::strong(DType::U8),
            Source::Low(_) => InputType::strong(DType::I64),
            Source::Outside(..) => InputType::strong(DType::Bool),
        }
    }

    /// An operand after so many of its views.
    fn viewed(
        &self,
        (operand, so_far): (&Operand, &mut Option<(Slab, usize)>),
        views: usize,
        groups: &[Shape],
        state: &mut State,
    ) -> Result<Slab, EvalError> {
        let (mut slab, from) = match so_far.take() {
            Some(so_far) => so_far,
            None => (self.array(operand, state)?, 0),
        };
        for view in &operand.views[from..views] {
            slab = self.view(slab, (operand, view), groups, state)?;
        }
        *so_far = Some((slab.clone(), views));
        Ok(slab)
    }

    /// What an operand is a view of.
    fn array(&self, operand: &Operand, state: &mut State) -> Result<Slab, EvalError> {
        let shown = self.shown(EvalErrorKind::Shape);
        Ok(match operand.source {
            Source::Argument(at) => {
                let (ty, array) = &self.bound[at as usize];
                if ty.text.is_some() && !operand.views.is_empty() {
                    let message = "arrays of strings have no parts here".to_string();
                    let help = "pass the part as an argument of its own";
                    return Err(shown(Box::new(Diagnostic::new(message, operand.span).with_help(help))));
                }
                Slab::of(array)
            }
            Source::Piece(piece, of) => match state.memory.results[piece as usize].get(of as usize) {
                Some(array) => Slab::of(&array.view().strided()),
                None => {
                    let (dtype, shape) = state.shapes[piece as usize][of as usize].clone();
                    Slab::packed(std::ptr::dangling_mut(), dtype, shape)
                }
            },
            _ => return strips::nothing(&mut state.memory, DType::U8),
        })
    }

    /// One more view.
    fn view(
        &self,
        slab: Slab,
        (operand, view): (&Operand, &View),
        groups: &[Shape],
        state: &mut State,
    ) -> Result<Slab, EvalError> {
        let shown = self.shown(EvalErrorKind::Shape);
        Ok(match view {
            View::Broadcast(group) => slab.broadcast(&groups[*group as usize]),
            View::Cut(cuts) => slab.cut(&cuts.cuts, cuts.span, &|of, span| self.whole(of, span)).map_err(&shown)?,
            View::Transposed => slab.transposed(),
            View::Along(axis, end) => {
                let axis = slab.axis(*axis, operand.span).map_err(self.shown(EvalErrorKind::Axis))?;
                slab.without(axis, *end)
            }
            View::Rolled(axis, by) => {
                let axis = axis.map(|axis| slab.axis(axis, operand.span)).transpose();
                let axis = axis.map_err(self.shown(EvalErrorKind::Axis))?;
                let by = self.whole(by, operand.span).map_err(&shown)?;
                if self.dry { slab } else { strips::rolled(self, &mut state.memory, &slab, axis, by)? }
            }
            View::Access(_) => slab,
        })
    }
}
