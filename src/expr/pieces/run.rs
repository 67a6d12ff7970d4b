//! A call of a text with indices: piece after piece.

use std::fmt;

use smallvec::SmallVec;

use super::access::{self, intervals, reads, spread};
use super::boxes::{Read, boxes};
use super::memory::Memory;
use super::ranges::{Range, Reach, solve};
use super::slab::{Slab, Viewed};
use super::{Case, Part, Pieces, strips};
use crate::array::memory::Pending;
use crate::array::result::AnyArray;
use crate::array::view::{Strided, whole};
use crate::diagnostic::{Diagnostic, several};
use crate::dtype::DType;
use crate::error::eval::{Detail, EvalError, EvalErrorKind};
use crate::expr::call::relation;
use crate::expr::core::{Arguments, Bound, Call, Core};
use crate::plan::alias::Alias;
use crate::plan::shape::{Shape, broadcast, count};
use crate::run::keep::Mode;
use crate::run::settings::Settings;
use crate::syntax::ast::Span;
use crate::types::InputType;
use crate::types::notation::view::View;
use crate::types::notation::whole::Whole;
use crate::types::notation::{Operand, Source};

/// Whole numbers beyond these are no coordinates: sums and products of them stay within 128 bits.
const MOST: i128 = 1 << 62;

/// A call.
pub struct Run<'r> {
    pub core: &'r Core,
    pub pieces: &'r Pieces,
    pub bound: &'r Arguments<'r>,
    pub settings: Settings<'r>,
    /// Whether shapes alone are asked for.
    pub dry: bool,
}

/// A type and a shape.
pub type Typed = (DType, Shape);

/// What there is of a call so far.
#[derive(Default)]
pub struct State {
    memory: Memory,
    /// For each piece so far the types and shapes of its results.
    shapes: Vec<Vec<Typed>>,
}

/// An operand before indices.
struct Base {
    ty: InputType,
    slab: Slab,
    /// Its coordinates.
    reaches: std::ops::Range<usize>,
}

/// The operands of a piece before indices, and how far these run.
struct Found {
    bases: Vec<Base>,
    reaches: Vec<Reach>,
    ranges: Vec<Range>,
}

impl<'r> Run<'r> {
    /// New results.
    pub fn results(&self) -> Result<Vec<AnyArray>, EvalError> {
        let mut state = State::default();
        for part in &self.pieces.parts {
            let results = self.part(part, None, &mut state)?;
            state.memory.results.push(results);
        }
        let mut all: Vec<Vec<Option<AnyArray>>> =
            state.memory.results.drain(..).map(|of| of.into_iter().map(Some).collect()).collect();
        let take = |&(piece, result): &(u32, u32)| all[piece as usize][result as usize].take();
        Ok(self.pieces.results.iter().filter_map(take).collect())
    }

    /// Results into arrays that are apart from the arguments.
    pub fn put(&self, outputs: &[Strided]) -> Result<(), EvalError> {
        let mut state = State::default();
        for (at, part) in self.pieces.parts.iter().enumerate() {
            let own = self.pieces.results.iter().enumerate().filter(|(_, (piece, _))| *piece as usize == at);
            let mut own: Vec<(u32, Strided)> = own.map(|(result, &(_, of))| (of, outputs[result])).collect();
            own.sort_by_key(|&(of, _)| of);
            let own: Vec<Strided> = own.into_iter().map(|(_, output)| output).collect();
            let direct = !own.is_empty() && !part.read;
            let results = self.part(part, direct.then_some(&own[..]), &mut state)?;
            if !direct {
                for (result, output) in results.iter().zip(&own) {
                    self.copy(&Slab::of(&result.view().strided()), output)?;
                }
            }
            state.memory.results.push(results);
        }
        Ok(())
    }

    /// The types and shapes of the results.
    pub fn shapes(&self) -> Result<Vec<Typed>, EvalError> {
        let mut state = State::default();
        for part in &self.pieces.parts {
            self.part(part, None, &mut state)?;
            state.memory.results.push(Vec::new());
        }
        Ok(self.pieces.results.iter().map(|&(piece, of)| state.shapes[piece as usize][of as usize].clone()).collect())
    }

    /// What a call does with the greatest box of its pieces: `f` for each.
    pub fn each(
        &self,
        f: &mut dyn FnMut(&Explained, &Core, &Arguments) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        let mut state = State::default();
        for part in &self.pieces.parts {
            let found = self.found(part, &mut state)?;
            let all = boxes(&found.ranges, part.piece.free, &found.reaches);
            let within = all.first().unwrap_or(&found.ranges);
            // (Views, and no shapes alone: how they lie decides what is done.)
            let bound = Run { dry: false, ..*self }.operands(part, &found, within, &mut state)?;
            let axes = part.piece.axes.iter().zip(&found.ranges);
            let axes = axes.map(|(axis, &range)| (axis.name.clone(), range)).collect();
            let explained = Explained { name: part.piece.name.clone(), axes, free: part.piece.free, boxes: all.len() };
            part.form(&bound.1, &self.core.options, |core| bound.with(|bound| f(&explained, core, bound)))?;
            self.part(part, None, &mut state)?;
            state.memory.results.push(Vec::new());
        }
        Ok(())
    }

    fn shown(&self, kind: EvalErrorKind) -> impl Fn(Box<Diagnostic>) -> EvalError + '_ {
        move |diagnostic| EvalError::shown(kind, *diagnostic, &self.core.source)
    }

    /// The value of a whole number at this call.
    fn whole(&self, of: &Whole, span: Span) -> Viewed<i128> {
        for argument in of.arguments() {
            let (ty, array) = &self.bound[argument as usize];
            let name = &self.core.names()[argument as usize];
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

    /// Copies an array.
    pub fn copy(&self, from: &Slab, to: &Strided) -> Result<(), EvalError> {
        let bound: Bound = std::iter::once((input(from), from.strided())).collect();
        let (outputs, settings) = ([*to], self.settings);
        self.pieces.copy.write(&bound, &outputs, settings).map(|_| ())
    }

    /// Computes a piece: into these arrays, or into new ones; or notes its shapes alone.
    fn part(&self, part: &Part, outputs: Option<&[Strided]>, state: &mut State) -> Result<Vec<AnyArray>, EvalError> {
        let found = self.found(part, state)?;
        let Found { reaches, ranges, .. } = &found;
        if part.piece.axes.is_empty() && part.piece.free == 0 && reaches.is_empty() || self.dry {
            let bound = self.operands(part, &found, ranges, state)?;
            return part.form(&bound.1, &self.core.options, |core| {
                bound.with(|bound| self.whole_piece(core, bound, outputs, state))
            });
        }
        let shape: Shape = ranges[..part.piece.free].iter().map(|&(low, high)| (high - low) as usize).collect();
        self.allowed(part, &shape, outputs)?;
        let all = boxes(ranges, part.piece.free, reaches);
        if let [within] = &all[..] {
            let bound = self.operands(part, &found, within, state)?;
            return part.form(&bound.1, &self.core.options, |core| {
                bound.with(|bound| self.whole_piece(core, bound, outputs, state))
            });
        }
        self.in_boxes(part, &found, &all, (shape, outputs), state)
    }

    /// All of a piece at once.
    fn whole_piece(
        &self,
        core: &Core,
        bound: &Arguments,
        outputs: Option<&[Strided]>,
        state: &mut State,
    ) -> Result<Vec<AnyArray>, EvalError> {
        let outs =
            if self.dry || state.shapes.len() < self.pieces.parts.len() { core.outputs(bound)? } else { Vec::new() };
        state.shapes.push(outs.into_iter().map(|(dtype, shape)| (dtype, Shape::from_vec(shape))).collect());
        match outputs {
            _ if self.dry => Ok(Vec::new()),
            Some(outputs) => core.write(bound, outputs, self.settings).map(|_| Vec::new()),
            None => core.new_results(bound, self.settings),
        }
    }

    /// A piece box by box.
    fn in_boxes(
        &self,
        part: &Part,
        found: &Found,
        all: &[Vec<Range>],
        (shape, outputs): (Shape, Option<&[Strided]>),
        state: &mut State,
    ) -> Result<Vec<AnyArray>, EvalError> {
        let mut new = None;
        let mut done = None;
        for within in all {
            let bound = self.operands(part, found, within, state)?;
            part.form(&bound.1, &self.core.options, |core| {
                bound.with(|bound| {
                    let output = match outputs {
                        Some([output]) if output.shape == &shape[..] => *output,
                        Some([output]) => return Err(wrong_output(output, &shape)),
                        Some(_) => return Err(EvalError::new(EvalErrorKind::Output, "the expression has 1 result")),
                        None => {
                            let pending = match &mut new {
                                Some(pending) => pending,
                                None => {
                                    let (dtype, order) = core.first_layout(bound, self.settings)?;
                                    new.insert(Pending::new(dtype, shape.clone(), order)?)
                                }
                            };
                            pending.view()
                        }
                    };
                    let mut slab = Slab::of(&output);
                    for (axis, (part, whole)) in within.iter().zip(&found.ranges).take(shape.len()).enumerate() {
                        slab.advance((part.0 - whole.0) * slab.strides[axis] as i128);
                        slab.shape[axis] = (part.1 - part.0) as usize;
                    }
                    done = Some(core.write(bound, &[slab.strided()], self.settings)?);
                    Ok(())
                })
            })?;
        }
        state.shapes.push(vec![(new.as_mut().map_or(DType::F64, |new| new.view().dtype), shape)]);
        Ok(new.zip(done).map(|(new, done)| new.finish(&done)).into_iter().collect())
    }

    /// Refuses what no array asks for and no limit allows.
    fn allowed(&self, part: &Part, shape: &[usize], outputs: Option<&[Strided]>) -> Result<(), EvalError> {
        let limits = &self.core.options.limits;
        let arrays = self.bound.iter().map(|(_, array)| array).chain(outputs.unwrap_or(&[]));
        let given = arrays.fold(0usize, |n, array| n.saturating_add(count(array.shape).unwrap_or(usize::MAX)));
        match count(shape) {
            Some(n) if n <= limits.elements.max(given) => Ok(()),
            _ => {
                let message = format!(
                    "the text asks for an array of shape {shape:?}, more than the limit of {} elements",
                    limits.elements
                );
                let diagnostic = Diagnostic::new(message, part.piece.span)
                    .with_help("if the text is trusted, raise `Limits::elements`");
                Err(self.shown(EvalErrorKind::Limit)(Box::new(diagnostic)))
            }
        }
    }

    /// The operands before indices, and the ranges of these.
    fn found(&self, part: &Part, state: &mut State) -> Result<Found, EvalError> {
        let piece = &part.piece;
        let shown = self.shown(EvalErrorKind::Shape);
        let mut groups: Vec<Shape> = vec![Shape::new(); piece.groups.len()];
        // What a group consists of has groups with higher numbers alone.
        for at in (0..groups.len()).rev() {
            let mut shape = Shape::new();
            for &(operand, views) in &piece.groups[at] {
                let operand = &piece.operands[operand as usize];
                let array = self.viewed(operand, views as usize, &groups, state)?;
                if !broadcast(&mut shape, &array.shape) {
                    let message = format!("the shapes do not fit together: {shape:?} and {:?}", array.shape);
                    return Err(shown(Box::new(Diagnostic::new(message, operand.span))));
                }
            }
            groups[at] = shape;
        }
        let (mut bases, mut reaches) = (Vec::new(), Vec::new());
        for operand in &piece.operands {
            let (ty, access) = match (operand.source, operand.views.last()) {
                (Source::Argument(_) | Source::Piece(..), last) => (
                    self.type_of(operand.source, state),
                    if let Some(View::Access(all)) = last { Some(all) } else { None },
                ),
                (Source::Extent(_), _) => (InputType::strong(DType::U8), None),
                (Source::Low(_), _) => (InputType::strong(DType::I64), None),
                (Source::Outside(..), _) => (InputType::strong(DType::Bool), None),
            };
            let views = operand.views.len() - usize::from(access.is_some());
            let slab = self.viewed(operand, views, &groups, state)?;
            if operand.number && !slab.shape.is_empty() {
                let text = &self.core.source[operand.span.range()];
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
        let label = |span: Span| self.core.source[span.range()].to_string();
        let ranges = solve(&piece.axes, &until, &reaches, &label).map_err(&shown)?;
        self.countable(part, &ranges)?;
        Ok(Found { bases, reaches, ranges })
    }

    /// Refuses more points than the limits allow, but of a call that ends at its deadline.
    fn countable(&self, part: &Part, ranges: &[Range]) -> Result<(), EvalError> {
        let points = ranges.iter().try_fold(1i128, |n, &(low, high)| n.checked_mul(high - low));
        let most = self.core.options.limits.points;
        let single = ranges.iter().all(|&(low, high)| high - low <= isize::MAX as i128);
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
            _ => InputType::strong(DType::U8),
        }
    }

    /// An operand after so many of its views.
    fn viewed(&self, operand: &Operand, views: usize, groups: &[Shape], state: &mut State) -> Result<Slab, EvalError> {
        let shown = self.shown(EvalErrorKind::Shape);
        let mut slab = match operand.source {
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
        };
        for view in &operand.views[..views] {
            slab = match view {
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
            };
        }
        Ok(slab)
    }

    /// The operands of a piece within a box, and what is outside.
    fn operands(&self, part: &Part, found: &Found, within: &[Range], state: &mut State) -> Result<Operands, EvalError> {
        let mut all = Operands(Vec::new(), Vec::new());
        for (operand, base) in part.piece.operands.iter().zip(&found.bases) {
            let reaches = &found.reaches[base.reaches.clone()];
            let slab = match operand.source {
                Source::Extent(axis) => spread(&base.slab, operand, |own| own == axis as usize, within),
                Source::Low(axis) => state.memory.number(within[axis as usize].0 as i64),
                Source::Outside(leaf, at) => {
                    let reach = found.bases[leaf as usize].reaches.start + at as usize;
                    let (slab, case) = self.outside(operand, &found.reaches[reach], within, state)?;
                    all.1.push(case);
                    slab
                }
                _ if reaches.is_empty() && !matches!(operand.views.last(), Some(View::Access(_))) => base.slab.clone(),
                _ => self.accessed(operand, (&base.slab, reaches), within, state)?,
            };
            all.0.push((base.ty, slab));
        }
        Ok(all)
    }

    /// Whether a coordinate is outside, at each of its places.
    fn outside(
        &self,
        operand: &Operand,
        reach: &Reach,
        within: &[Range],
        state: &mut State,
    ) -> Result<(Slab, Case), EvalError> {
        let memory = &mut state.memory;
        let Some(interval) = reach.between(within) else {
            return Ok((memory.bools(std::iter::once(false)), Case::Never));
        };
        let reads = reads(std::slice::from_ref(reach), &[interval]);
        let case = match reads[0] {
            Read::Affine { .. } => Case::Never,
            Read::Outside => Case::Always,
            Read::Mixed => Case::Sometimes,
        };
        if case != Case::Sometimes || self.dry {
            return Ok((memory.bools(std::iter::once(false)), case));
        }
        self.few(&[interval], operand.span)?;
        let strip = strips::outside(memory, reach, interval);
        let reach = std::slice::from_ref(reach);
        let view = access::view(&strip, operand, reach, &strips::shifted(reach, &[interval]), within);
        Ok((view.unwrap_or(strip), case))
    }

    /// Refuses what reaches so far beyond the ends that what is read there is more than the limit of elements.
    fn few(&self, intervals: &[Range], span: Span) -> Result<(), EvalError> {
        let most = self.core.options.limits.elements as i128;
        if strips::size(intervals).is_some_and(|n| n <= most) {
            return Ok(());
        }
        let message = "this reaches so far beyond the ends that there is no memory for what is read there";
        Err(self.shown(EvalErrorKind::Limit)(Box::new(Diagnostic::new(message, span))))
    }

    /// What an access reads within a box.
    fn accessed(
        &self,
        operand: &Operand,
        (array, reaches): (&Slab, &[Reach]),
        within: &[Range],
        state: &mut State,
    ) -> Result<Slab, EvalError> {
        let follows = |axis: usize| reaches.iter().any(|reach| reach.terms.iter().any(|&(own, _)| own == axis));
        let memory = &mut state.memory;
        let Some(intervals) = intervals(reaches, within).filter(|_| !self.dry) else {
            return Ok(spread(array, operand, follows, within));
        };
        let mut reads = reads(reaches, &intervals);
        if reads.contains(&Read::Outside) {
            let nothing = strips::nothing(memory, array.dtype)?;
            return Ok(spread(&nothing, operand, follows, within));
        }
        let mut strip = None;
        if reads.contains(&Read::Mixed) && !array.is_empty() {
            self.few(&intervals, operand.span)?;
            strip = Some(strips::strip(self, memory, array, reaches, &intervals)?);
            reads = strips::shifted(reaches, &intervals).into_vec();
        } else if array.is_empty() {
            let nothing = strips::nothing(memory, array.dtype)?;
            return Ok(spread(&nothing, operand, follows, within));
        }
        let view = access::view(strip.as_ref().unwrap_or(array), operand, reaches, &reads, within);
        view.ok_or_else(|| {
            let diagnostic = Diagnostic::new("this access leaves its array", operand.span);
            self.shown(EvalErrorKind::Shape)(Box::new(diagnostic))
        })
    }
}

/// Operands with their types, and what is outside.
struct Operands(Vec<(InputType, Slab)>, Vec<Case>);

impl Operands {
    fn with<R>(&self, f: impl FnOnce(&Arguments) -> R) -> R {
        let bound: Bound = self.0.iter().map(|(ty, slab)| (*ty, slab.strided())).collect();
        f(&bound)
    }
}

/// What explanations say of a piece.
pub struct Explained {
    pub name: Option<String>,
    pub axes: Vec<(String, Range)>,
    pub free: usize,
    pub boxes: usize,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "`{name}`, computed before")?,
            None => f.write_str("the result")?,
        }
        let list = |f: &mut fmt::Formatter, axes: &[(String, Range)]| {
            axes.iter().try_for_each(|(name, (low, high))| write!(f, " {name} from {low} to {}", high - 1))
        };
        if !self.axes.is_empty() {
            f.write_str(":")?;
            list(f, &self.axes[..self.free])?;
        }
        if self.axes.len() > self.free {
            f.write_str("; reduced")?;
            list(f, &self.axes[self.free..])?;
        }
        match self.boxes {
            ..=1 => Ok(()),
            n => write!(f, "; in {n} boxes, of which the one inside follows"),
        }
    }
}

fn input(array: &Slab) -> InputType {
    InputType { swapped: array.swapped, ..InputType::strong(array.dtype) }
}

fn wrong_output(output: &Strided, shape: &[usize]) -> EvalError {
    let message = format!("the output has the shape {:?}, but the result has the shape {shape:?}", output.shape);
    EvalError::new(EvalErrorKind::Output, message)
        .with_found(Detail::Shape(output.shape.to_vec()), Detail::Shape(shape.to_vec()))
}

impl Core {
    /// Evaluates operands of a piece into arrays that are apart from them.
    fn write(
        &self,
        bound: &Arguments,
        outputs: &[Strided],
        settings: Settings,
    ) -> Result<crate::run::pass::Done, EvalError> {
        let vouch = super::super::call::pieces();
        self.with_typed(bound, &[], |typed| {
            self.write_done(typed, Call { mode: Mode::There, bound, outputs, settings, vouch })
        })?
    }

    /// Evaluates operands of a piece into new arrays.
    fn new_results(&self, bound: &Arguments, settings: Settings) -> Result<Vec<AnyArray>, EvalError> {
        self.eval(bound, settings, super::super::call::pieces())
    }

    /// The type of the first result, and the order in which its axes would lie in memory.
    fn first_layout(&self, bound: &Arguments, settings: Settings) -> Result<(DType, SmallVec<[usize; 6]>), EvalError> {
        self.with_typed(bound, &[], |typed| self.layout_of(typed, bound, settings))?
    }
}

impl Pieces {
    /// A call.
    pub fn run<'r>(&'r self, core: &'r Core, bound: &'r Arguments<'r>, settings: Settings<'r>, dry: bool) -> Run<'r> {
        Run { core, pieces: self, bound, settings, dry }
    }
}

impl Core {
    /// How many results there are.
    pub fn result_count(&self, typed: Option<&crate::expr::core::Typed>) -> usize {
        match (&self.pieces, typed) {
            (Some(pieces), _) => pieces.results.len(),
            (None, typed) => typed.map_or(0, |typed| typed.program.graph.results.len()),
        }
    }

    /// A call of a text with indices into arrays, which may be arguments if they `overlap`.
    pub fn put_pieces(
        &self,
        bound: &Arguments,
        outputs: &[Strided],
        overlap: bool,
        settings: Settings,
    ) -> Result<(), EvalError> {
        let Some(pieces) = &self.pieces else { return Ok(()) };
        let results = pieces.results.len();
        if outputs.len() != results {
            let (has, given) =
                (several(results, "result", "results"), several(outputs.len(), "output is", "outputs are"));
            let message = format!("the expression has {has}, but {given} given");
            return Err(EvalError::new(EvalErrorKind::Output, message)
                .with_found(Detail::Count(outputs.len()), Detail::Count(results)));
        }
        let run = pieces.run(self, bound, settings, false);
        if !overlap || relation(bound, outputs) == Alias::Apart {
            return run.put(outputs);
        }
        // What is read may be what is written: it is computed apart, then copied.
        let results = run.results()?;
        results.iter().zip(outputs).try_for_each(|(result, to)| run.copy(&Slab::of(&result.view().strided()), to))
    }
}
