//! A call of a text with indices: piece after piece.

use smallvec::SmallVec;

use super::boxes::boxes;
use super::find::Found;
use super::memory::Memory;
use super::product::{gemm, is_handed_over};
use super::ranges::Range;
use super::shown::Explained;
use super::slab::Slab;
use super::{Part, Pieces};
use crate::array::memory::Pending;
use crate::array::result::AnyArray;
use crate::array::view::Strided;
use crate::diagnostic::{Diagnostic, several};
use crate::dtype::DType;
use crate::error::eval::{Detail, EvalError, EvalErrorKind};
use crate::expr::call::relation;
use crate::expr::core::{Arguments, Bound, Call, Core};
use crate::expr::fit::shape_error;
use crate::plan::alias::Alias;
use crate::plan::needs::Needs;
use crate::plan::shape::{Shape, count};
use crate::plan::shapes::{Lies, ShapeError};
use crate::run::gemm::Gemm;
use crate::run::keep::Mode;
use crate::run::settings::Settings;
use crate::types::InputType;

/// A call.
pub struct Run<'r> {
    pub core: &'r Core,
    pub pieces: &'r Pieces,
    pub bound: &'r Arguments<'r>,
    pub settings: Settings<'r>,
    /// Whether shapes alone are asked for.
    pub dry: bool,
    /// Whether it is asked how operands lie, and nothing is copied.
    pub seen: bool,
}

/// A type and a shape.
pub type Typed = (DType, Shape);

/// What there is of a call so far.
#[derive(Default)]
pub struct State {
    pub(super) memory: Memory,
    /// For each piece so far the types and shapes of its results.
    pub(super) shapes: Vec<Vec<Typed>>,
}

impl<'r> Run<'r> {
    /// New results.
    pub fn results(&self) -> Result<Vec<AnyArray>, EvalError> {
        let mut state = self.state();
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
        if self.pieces.parts.len() > 1 {
            self.fits(outputs, false)?;
        }
        let mut state = self.state();
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
        let mut state = self.state();
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
        let mut state = self.state();
        for part in &self.pieces.parts {
            let found = self.found(part, &mut state)?;
            let all = boxes(&found.ranges, part.piece.free, &found.reaches);
            let within = all.first().unwrap_or(&found.ranges);
            // (Views, and no shapes alone: how they lie decides what is done.)
            let bound = Run { dry: false, seen: true, ..*self }.operands(part, &found, within, &mut state)?;
            let axes = part.piece.axes.iter().zip(&found.ranges);
            let axes = axes.map(|(axis, &range)| (axis.name.clone(), range)).collect();
            let (name, free) = (part.piece.name.clone(), part.piece.free);
            let mut explained = Explained { name, axes, free, boxes: all.len(), by_library: false };
            part.form(&bound.1, &self.core.options, |core| {
                bound.with(|bound| {
                    if let (Some(factors), [(dtype, shape)]) = (part.product, &core.outputs(bound)?[..]) {
                        explained.by_library = all.len() <= 1 && is_handed_over(factors, bound, (*dtype, shape));
                    }
                    f(&explained, core, bound)
                })
            })?;
            self.part(part, None, &mut state)?;
            state.memory.results.push(Vec::new());
        }
        Ok(())
    }

    /// For each result the order in which its axes would lie in memory.
    pub fn orders(&self) -> Result<Vec<SmallVec<[usize; 6]>>, EvalError> {
        let mut orders: Vec<Vec<SmallVec<[usize; 6]>>> = Vec::new();
        self.each(&mut |_, core, bound| {
            let (_, scheduled) = core.plan(bound, self.settings.options)?;
            orders.push(scheduled.schedule.results.iter().map(|result| result.order.clone()).collect());
            Ok(())
        })?;
        Ok(self.pieces.results.iter().map(|&(piece, of)| orders[piece as usize][of as usize].clone()).collect())
    }

    pub(super) fn shown(&self, kind: EvalErrorKind) -> impl Fn(Box<Diagnostic>) -> EvalError + '_ {
        move |diagnostic| EvalError::shown(kind, *diagnostic, &self.core.source)
    }

    fn state(&self) -> State {
        let most = self.settings.options.bounds.as_ref().and_then(|bounds| bounds.memory);
        State { memory: Memory::new(most), shapes: Vec::new() }
    }

    /// What plain expressions are run with.
    fn settings(&self, state: &State) -> Settings<'r> {
        Settings { held: state.memory.held(), ..self.settings }
    }

    /// Counts the memory of results.
    fn hold(&self, results: &[AnyArray], state: &mut State) -> Result<(), EvalError> {
        results.iter().try_for_each(|result| state.memory.hold(bytes(&result.view().strided())))
    }

    /// Refuses outputs that the results do not fit, before anything is written: arrays to `update` have their shapes, others may be larger.
    fn fits(&self, outputs: &[Strided], update: bool) -> Result<(), EvalError> {
        let shapes = Run { dry: true, ..*self }.shapes()?;
        for (at, ((dtype, shape), output)) in shapes.into_iter().zip(outputs).enumerate() {
            if update && output.shape != &shape[..] {
                let lies: SmallVec<[Lies; 2]> =
                    outputs.iter().map(|o| Lies { shape: o.shape, strides: &[], size: 0 }).collect();
                return Err(shape_error(ShapeError::Update { output: at, shape }, &|_| String::new(), &lies));
            }
            let result = Slab::packed(std::ptr::dangling_mut(), dtype, shape);
            let bound: Bound = std::iter::once((input(&result), result.strided())).collect();
            self.pieces.copy.fits_into(&bound, output, self.settings)?;
        }
        Ok(())
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
        let shape: Shape = ranges[..part.piece.free].iter().map(|&(low, high)| (high - low) as usize).collect();
        // (Shapes are the same in one box as in many.)
        let all = match self.dry {
            true => vec![ranges.clone()],
            false => {
                self.allowed(part, &shape, outputs)?;
                boxes(ranges, part.piece.free, reaches)
            }
        };
        if let (Some([output]), [_, _, ..]) = (outputs, &all[..])
            && output.shape != &shape[..]
        {
            // Of a larger shape: it is repeated there. (Of several pieces all outputs have been looked at.)
            if self.pieces.parts.len() == 1 {
                self.fits(&[*output], false)?;
            }
            let results = self.in_boxes(part, &found, &all, (shape, None), state)?;
            results.iter().try_for_each(|result| self.copy(&Slab::of(&result.view().strided()), output))?;
            return Ok(Vec::new());
        }
        if let [within] = &all[..] {
            let bound = self.operands(part, &found, within, state)?;
            return part.form(&bound.1, &self.core.options, |core| {
                bound.with(|bound| {
                    match self.by_library((part, core), bound, (&shape, outputs), self.settings(state))? {
                        Some((dtype, results)) => {
                            self.hold(&results, state)?;
                            state.shapes.push(vec![(dtype, shape)]);
                            Ok(results)
                        }
                        None => self.whole_piece((part, core), bound, outputs, state),
                    }
                })
            });
        }
        self.in_boxes(part, &found, &all, (shape, outputs), state)
    }

    /// All of a piece at once, by a library, if the caller allows that and it is a product of matrices. (What has the wrong shape or needs
    /// a conversion goes the ordinary way.)
    fn by_library(
        &self,
        (part, core): (&Part, &Core),
        bound: &Arguments,
        (shape, outputs): (&Shape, Option<&[Strided]>),
        settings: Settings,
    ) -> Result<Option<(DType, Vec<AnyArray>)>, EvalError> {
        let Some(factors) = part.product.filter(|_| !self.dry) else { return Ok(None) };
        let run = |gemm: Gemm, new: usize| {
            let scratch = gemm.scratch().saturating_mul(settings.options.threads.count());
            let needs = || Needs { results: new, scratch, ..Needs::default() };
            let done = settings.allow(needs).and_then(|()| gemm.run(settings, super::super::call::pieces()));
            done.or_else(|failed| core.with_typed(bound, &[], |typed| Err(core.failed(typed, failed)))?)
        };
        match outputs {
            None => {
                let (dtype, order) = core.first_layout(bound, settings)?;
                // (Before there is memory for nothing.)
                if !is_handed_over(factors, bound, (dtype, shape)) {
                    return Ok(None);
                }
                let mut new = Pending::new(dtype, shape.clone(), order)?;
                let bytes = shape.iter().product::<usize>() * dtype.size();
                let Some(gemm) = gemm(factors, bound, &new.view()) else { return Ok(None) };
                let done = run(gemm, bytes)?;
                Ok(Some((dtype, vec![new.finish(&done)])))
            }
            Some([output]) if output.shape == &shape[..] => {
                let Some(gemm) = gemm(factors, bound, output) else { return Ok(None) };
                run(gemm, 0).map(|_| Some((output.dtype, Vec::new())))
            }
            Some(_) => Ok(None),
        }
    }

    /// All of a piece at once.
    fn whole_piece(
        &self,
        (part, core): (&Part, &Core),
        bound: &Arguments,
        outputs: Option<&[Strided]>,
        state: &mut State,
    ) -> Result<Vec<AnyArray>, EvalError> {
        // Nobody else asks.
        let outs = if self.dry || part.read { core.outputs(bound)? } else { Vec::new() };
        state.shapes.push(outs.into_iter().map(|(dtype, shape)| (dtype, Shape::from_vec(shape))).collect());
        match outputs {
            _ if self.dry => Ok(Vec::new()),
            Some(outputs) => core.write(bound, outputs, self.settings(state)).map(|_| Vec::new()),
            None => {
                let results = core.new_results(bound, self.settings(state))?;
                self.hold(&results, state)?;
                Ok(results)
            }
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
                        Some([output]) => *output,
                        Some(_) => return Err(EvalError::new(EvalErrorKind::Output, "the expression has 1 result")),
                        None => {
                            let pending = match &mut new {
                                Some(pending) => pending,
                                None => {
                                    let (dtype, order) = core.first_layout(bound, self.settings(state))?;
                                    let elements = count(&shape).unwrap_or(usize::MAX);
                                    state.memory.hold(elements.saturating_mul(dtype.size()))?;
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
                    done = Some(core.write(bound, &[slab.strided()], self.settings(state))?);
                    Ok(())
                })
            })?;
        }
        state.shapes.push(vec![(new.as_mut().map_or(DType::F64, |new| new.view().dtype), shape)]);
        Ok(new.zip(done).map(|(new, done)| new.finish(&done)).into_iter().collect())
    }

    /// Refuses what no array asks for and no limit allows.
    fn allowed(&self, part: &Part, shape: &[usize], outputs: Option<&[Strided]>) -> Result<(), EvalError> {
        if part.piece.axes.is_empty() {
            return Ok(());
        }
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
}

fn input(array: &Slab) -> InputType {
    InputType { swapped: array.swapped, ..InputType::strong(array.dtype) }
}

/// How many bytes an array has.
fn bytes(array: &Strided) -> usize {
    count(array.shape).unwrap_or(usize::MAX).saturating_mul(array.dtype.size())
}

impl Core {
    /// Evaluates operands of a piece into arrays that are apart from them.
    pub(super) fn write(
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
    pub(super) fn new_results(&self, bound: &Arguments, settings: Settings) -> Result<Vec<AnyArray>, EvalError> {
        self.eval(bound, settings, super::super::call::pieces())
    }

    /// The type of the first result, and the order in which its axes would lie in memory.
    pub(super) fn first_layout(
        &self,
        bound: &Arguments,
        settings: Settings,
    ) -> Result<(DType, SmallVec<[usize; 6]>), EvalError> {
        self.with_typed(bound, &[], |typed| self.layout_of(typed, bound, settings))?
    }
}

impl Pieces {
    /// A call.
    pub fn run<'r>(&'r self, core: &'r Core, bound: &'r Arguments<'r>, settings: Settings<'r>, dry: bool) -> Run<'r> {
        Run { core, pieces: self, bound, settings, dry, seen: false }
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

    /// A call of a text with indices into arrays, which may be arguments if they `overlap`, or are some that are to be `update`d.
    pub fn put_pieces(
        &self,
        bound: &Arguments,
        outputs: &[Strided],
        (overlap, update): (bool, bool),
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
        if !(overlap || update) || relation(bound, outputs) == Alias::Apart {
            return run.put(outputs);
        }
        // What is read may be what is written: it is computed apart, then copied.
        run.fits(outputs, update)?;
        let results = run.results()?;
        results.iter().zip(outputs).try_for_each(|(result, to)| run.copy(&Slab::of(&result.view().strided()), to))
    }
}
