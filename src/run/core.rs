//! A compiled text: what all expressions of the same text and options share.
//!
//! Always holds: nothing here changes what a call means; the lists only grow, are bounded, and are read without a lock.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, OnceLock};

use smallvec::SmallVec;

use super::arg::Arg;
use super::bind::Bound;
use super::error::{Detail, EvalError, EvalErrorKind};
use super::execute::{Workspace, with_workspace};
use super::explain::Planned;
use super::fit::{Casting, Target, casts};
use super::kernels::Kernels;
use super::launch::Env;
use super::line::Line;
use super::memory::{Pending, strides};
use super::options::{Options, Order};
use super::places::Places;
use super::result::AnyArray;
use super::threads::Threads;
use super::view::Strided;
use crate::diagnostic::Diagnostic;
use crate::dtype::{DType, Scalar};
use crate::error::{CompileError, CompileErrorKind};
use crate::plan::program::{Known, Program};
use crate::syntax::ast::Node;
use crate::syntax::parse;
use crate::types::resolve::Meaning;
use crate::types::{InputType, Notes, Resolved, infer, notes, resolve};

/// A program may have at most so many times `Limits::operations` over all its stages: what two reductions are made of counts twice.
const PASSES: usize = 4;

/// Kinds of shapes for which an expression keeps another form.
const FORMS: usize = 8;

/// Sets of argument types for which an expression keeps its typed form.
const TYPES: usize = 32;

/// A parsed text, and what has been made from it so far.
pub struct Core {
    /// The text.
    pub source: String,
    /// What it was compiled with.
    pub options: Options,
    resolved: Resolved,
    /// The constants that the text uses.
    pub constants: Vec<String>,
    typed: Places<Arc<Typed>>,
    /// What results are copied by, where they are: see [`Core::copy`].
    copier: OnceLock<Box<Core>>,
}

/// A text for arguments of certain types.
pub struct Typed {
    /// The types, name by name.
    pub signature: SmallVec<[InputType; 8]>,
    /// The types that results are converted to; none if they stay as they are.
    casts: SmallVec<[DType; 2]>,
    /// The stages.
    pub program: Program,
    /// Their kernels.
    pub kernels: Kernels,
    line: OnceLock<Option<Line>>,
    /// Forms for arrays of whose shapes something is known, where they differ from this one.
    forms: Places<(Known, Option<Arc<Typed>>)>,
}

impl Core {
    /// Parses a text.
    pub fn new(source: &str, options: &Options) -> Result<Core, CompileError> {
        let ast = parse(source, &options.limits)?;
        let resolved = resolve(ast, source, options.given())?;
        let ast = &resolved.ast;
        let is_constant = |meaning: &Meaning| matches!(meaning, Meaning::Constant(_));
        let constants = ast.nodes.iter().zip(&resolved.meanings).filter_map(|(node, meaning)| match node {
            Node::Name(name) if is_constant(meaning) => Some(ast.name(*name).to_string()),
            _ => None,
        });
        let constants = constants.collect();
        let (source, options) = (source.to_string(), options.clone());
        Ok(Core { source, options, resolved, constants, typed: Places::new(TYPES), copier: OnceLock::new() })
    }

    /// The free names, in order of first appearance.
    pub fn names(&self) -> &[String] {
        &self.resolved.free
    }

    /// The typed form for these arguments.
    pub fn typed(&self, bound: &Bound) -> Result<Arc<Typed>, EvalError> {
        self.with_typed(bound, &[], Arc::clone)
    }

    /// Runs `f` with the typed form for these arguments, its results converted to these types, if there are any.
    pub fn with_typed<R>(
        &self,
        bound: &Bound,
        casts: &[DType],
        f: impl FnOnce(&Arc<Typed>) -> R,
    ) -> Result<R, EvalError> {
        let is = |typed: &Arc<Typed>| {
            typed.signature.len() == bound.len()
                && typed.casts.as_slice() == casts
                && typed.signature.iter().zip(bound).all(|(a, (b, _))| a == b)
        };
        let make = || {
            let signature: SmallVec<[InputType; 8]> = bound.iter().map(|(ty, _)| *ty).collect();
            let limits = &self.options.limits;
            let graph = infer(&self.source, &self.resolved, &signature, casts, limits)?;
            let most = limits.operations.saturating_mul(PASSES);
            let program = Program::new(graph, self.options.accuracy, most, &Known::default());
            let program = program.map_err(|span| {
                let message = format!(
                    "too many reductions or results: what each is made of comes to more than {most} operations"
                );
                let help = "if the text is trusted, raise `Limits::operations`";
                let diagnostic = Diagnostic::new(message, span).with_help(help);
                CompileError::new(CompileErrorKind::Limit, diagnostic, &self.source)
            })?;
            Ok::<_, CompileError>(Arc::new(Typed::new(signature, SmallVec::from_slice(casts), program)))
        };
        Ok(match self.typed.find(is, make)? {
            Ok(typed) => f(typed),
            Err(typed) => f(&typed),
        })
    }

    /// Works out the shapes of all stages; gives the form to be run, which may be another for these shapes.
    pub(super) fn shapes<'t>(
        &self,
        typed: &'t Arc<Typed>,
        workspace: &mut Workspace,
        inputs: &[Strided],
    ) -> Result<&'t Arc<Typed>, EvalError> {
        let name = |input: u32| self.name_of(&typed.program, input);
        workspace.shapes(&typed.program, inputs, &name)?;
        let known = workspace.known(&typed.program, inputs, &self.options.tuning);
        if known == Known::default() {
            return Ok(typed);
        }
        let make = || {
            let most = self.options.limits.operations.saturating_mul(PASSES);
            let program = Program::new(typed.program.graph.clone(), self.options.accuracy, most, &known).ok();
            let other = program.filter(|program| program.stages.len() != typed.program.stages.len());
            let form = other.map(|program| Typed::new(typed.signature.clone(), typed.casts.clone(), program));
            Ok::<_, std::convert::Infallible>((known.clone(), form.map(Arc::new)))
        };
        match typed.forms.find(|(of, _)| *of == known, make) {
            Ok(Ok((_, Some(form)))) => workspace.shapes(&form.program, inputs, &name).map(|()| form),
            // There is no other, or no place for one more: this one is right for all shapes.
            _ => Ok(typed),
        }
    }

    /// The name of a graph's input.
    fn name_of(&self, program: &Program, input: u32) -> String {
        let name = program.graph.inputs.get(input as usize).and_then(|i| self.names().get(i.name as usize));
        name.cloned().unwrap_or_default()
    }

    /// Evaluates into new arrays.
    pub fn eval(&self, bound: &Bound, threads: &Threads) -> Result<Vec<AnyArray>, EvalError> {
        self.with_typed(bound, &[], |typed| {
            if let Some(done) = self.eval_line(typed, bound, threads) {
                return done;
            }
            let inputs = typed.inputs(self, bound)?;
            with_workspace(|workspace| {
                let typed = self.shapes(typed, workspace, &inputs)?;
                let program = &typed.program;
                let mut pending = Vec::with_capacity(program.graph.results.len());
                for (dtype, outputs) in program.graph.results() {
                    let shape = workspace.output_shape(program, outputs.start);
                    let order = self.result_order(workspace, program, &inputs, outputs.start, shape.len());
                    pending.push(Pending::new(dtype, shape, order)?);
                }
                {
                    let outputs: SmallVec<[Strided; 2]> =
                        pending.iter_mut().map(Pending::view).flat_map(Strided::parts).collect();
                    // SAFETY: inputs are borrowed arrays, outputs new ones, of the shapes and types of the program.
                    unsafe { self.run(typed, workspace, threads, &inputs, &outputs, false)? }
                }
                // SAFETY: the program has run to its end, so every element has been written.
                Ok(pending.into_iter().map(|p| unsafe { p.finish() }).collect())
            })
        })?
    }

    /// The short way to a new array, where there is one.
    fn eval_line(&self, typed: &Typed, bound: &Bound, threads: &Threads) -> Option<Result<Vec<AnyArray>, EvalError>> {
        let line = typed.line(self)?;
        let view = |name: usize| bound[name].1;
        let (shape, dtype) = line.result(view, threads)?;
        if self.options.order == Order::F && shape.len() > 1 {
            return None;
        }
        let mut pending = match Pending::new(dtype, shape.into(), (0..shape.len()).collect()) {
            Ok(pending) => pending,
            Err(error) => return Some(Err(error)),
        };
        // SAFETY: the types are those of the signature; inputs are borrowed arrays, the output a new one.
        let done = unsafe { line.run(view, &pending.view(), self.options.executor, threads)? };
        // SAFETY: the kernel has run to its end, so every element has been written.
        Some(done.map(|()| vec![unsafe { pending.finish() }]))
    }

    /// The axes of a new result, outermost in memory first.
    pub(super) fn result_order(
        &self,
        workspace: &mut Workspace,
        program: &Program,
        inputs: &[Strided],
        output: usize,
        rank: usize,
    ) -> SmallVec<[usize; 6]> {
        match self.options.order {
            Order::C => (0..rank).collect(),
            Order::A if !inputs.iter().all(lies_in_f_order) => (0..rank).collect(),
            Order::F | Order::A => (0..rank).rev().collect(),
            Order::K => workspace.output_order(program, inputs, output),
        }
    }

    /// What [`eval`](Core::eval) would do.
    pub fn plan(&self, bound: &Bound, threads: &Threads) -> Result<(Arc<Typed>, Vec<Planned>), EvalError> {
        let typed = self.typed(bound)?;
        let inputs = typed.inputs(self, bound)?;
        with_workspace(|workspace| {
            let typed = self.shapes(&typed, workspace, &inputs)?;
            let program = &typed.program;
            // Results lie beyond all arguments, each at an address that no element has.
            let ends = inputs.iter().map(|view| {
                let steps = view.axes().map(|(n, stride)| n.saturating_mul(stride.unsigned_abs()));
                steps.fold(view.pointer.addr(), usize::saturating_add)
            });
            let mut address = ends.max().unwrap_or(0).next_multiple_of(1 << 12);
            let mut results = Vec::new();
            for (dtype, outputs) in program.graph.results() {
                let shape = workspace.output_shape(program, outputs.start);
                let order = self.result_order(workspace, program, &inputs, outputs.start, shape.len());
                let strides = strides(&shape, &order);
                let bytes = shape.iter().fold(dtype.size(), |n, &len| n.saturating_mul(len));
                results.push((address, dtype, shape, strides));
                address = address.saturating_add(bytes).saturating_add(1 << 12);
            }
            let outputs: SmallVec<[Strided; 2]> = results
                .iter()
                .map(|(address, dtype, shape, strides)| {
                    Strided::of_elements(std::ptr::without_provenance_mut(*address), *dtype, shape, strides)
                })
                .flat_map(Strided::parts)
                .collect();
            let faults = AtomicU32::new(0);
            let plans = workspace.plan(&typed.env(self, threads, &faults), &inputs, &outputs);
            Ok((Arc::clone(typed), plans))
        })
    }

    /// What typing found on the way: what is computed once, and what is a constant.
    pub fn notes(&self, typed: &Typed) -> Result<Notes, CompileError> {
        notes(&self.source, &self.resolved, &typed.signature, &self.options.limits)
    }

    /// Evaluates into arrays that are there.
    ///
    /// # Safety
    /// Inputs must be readable, outputs writable, at all their elements; outputs must be apart from each other and from the
    /// inputs.
    pub unsafe fn eval_into(&self, bound: &Bound, outputs: &[Strided], threads: &Threads) -> Result<(), EvalError> {
        self.with_typed(bound, &[], |typed| {
            if let (Some(line), [output]) = (typed.line(self), outputs) {
                // SAFETY: as the caller promises; the types are those of the signature.
                if let Some(done) = unsafe { line.run(|at| bound[at].1, output, self.options.executor, threads) } {
                    return done;
                }
            }
            // SAFETY: as the caller promises.
            unsafe { self.eval_typed(typed, bound, outputs, threads, false) }
        })?
    }

    /// Evaluates into arrays that are inputs too, as if the results had been computed apart and then written.
    ///
    /// # Safety
    /// As for [`eval_into`](Core::eval_into), but that an output may be an input, with the same address, shape and strides.
    pub unsafe fn update(&self, bound: &Bound, outputs: &[Strided], threads: &Threads) -> Result<(), EvalError> {
        // SAFETY: as the caller promises.
        self.with_typed(bound, &[], |typed| unsafe { self.eval_typed(typed, bound, outputs, threads, true) })?
    }

    /// As [`eval_into`](Core::eval_into), with the typed form at hand.
    ///
    /// # Safety
    /// As there, or with `in_place` as for [`update`](Core::update); and `typed` must be the form for these arguments.
    pub unsafe fn eval_typed(
        &self,
        typed: &Arc<Typed>,
        bound: &Bound,
        outputs: &[Strided],
        threads: &Threads,
        in_place: bool,
    ) -> Result<(), EvalError> {
        match casts(&typed.program, &self.options, outputs)? {
            // SAFETY: as the caller promises; results are converted to the types of the outputs.
            Some(types) => self.with_typed(bound, &types, |typed| unsafe {
                self.eval_fitting(typed, bound, outputs, threads, in_place)
            })?,
            // SAFETY: as the caller promises.
            None => unsafe { self.eval_fitting(typed, bound, outputs, threads, in_place) },
        }
    }

    /// # Safety
    /// As for [`eval_typed`](Core::eval_typed); and there must be an output for each result, of its type.
    unsafe fn eval_fitting(
        &self,
        typed: &Arc<Typed>,
        bound: &Bound,
        outputs: &[Strided],
        threads: &Threads,
        in_place: bool,
    ) -> Result<(), EvalError> {
        let inputs = typed.inputs(self, bound)?;
        let mut targets: SmallVec<[Target; 2]> = SmallVec::new();
        let done = with_workspace(|workspace| {
            let typed = self.shapes(typed, workspace, &inputs)?;
            let program = &typed.program;
            for (at, (out, (_, parts))) in outputs.iter().zip(program.graph.results()).enumerate() {
                let shape = workspace.output_shape(program, parts.start);
                if in_place {
                    check_updated(out, &shape)?;
                }
                targets.push(Target::new(*out, &shape, at, outputs.len())?);
            }
            // A single pass writes the outputs after all reductions of what they were, and reads each point before it writes it;
            // one of several would read what an earlier one has written.
            if in_place && program.maps().len() > 1 {
                return Ok(false);
            }
            let views: SmallVec<[Strided; 2]> = targets.iter().map(Target::view).flat_map(Strided::parts).collect();
            // SAFETY: the views have the shapes and types of the results; for the rest the caller vouches.
            unsafe { self.run(typed, workspace, threads, &inputs, &views, in_place)? }
            Ok::<_, EvalError>(true)
        })?;
        if done {
            // SAFETY: what has been run has written the views, and the arrays may be written.
            let copy = |from: Strided, to: Strided| unsafe { self.copy(from, to, threads) };
            return targets.iter_mut().try_for_each(|target| target.spread(copy));
        }
        // All is computed, then all is written.
        for (result, out) in self.eval(bound, threads)?.iter().zip(outputs) {
            // SAFETY: the result is a new array; the output is as the caller promises.
            unsafe { self.copy(Arg::new(result).view(), *out, threads)? }
        }
        Ok(())
    }

    /// Copies an array into one of the same shape, and of a type that has been allowed. The text that does so is run as this one is, and kept
    /// with it, so that no other text falls out of the cache for it.
    ///
    /// # Safety
    /// The one must be readable, the other writable, at all elements, and apart.
    pub unsafe fn copy(&self, from: Strided, to: Strided, threads: &Threads) -> Result<(), EvalError> {
        let copier = match self.copier.get() {
            Some(copier) => copier,
            None => {
                let Options { executor, tuning, .. } = self.options;
                let options = Options { executor, tuning, casting: Casting::Unsafe, ..Options::default() };
                let new = Box::new(Core::new("x", &options)?);
                self.copier.get_or_init(|| new)
            }
        };
        let mut bound = Bound::new();
        bound.push((InputType::strong(from.dtype), from));
        // SAFETY: as the caller promises.
        unsafe { copier.eval_into(&bound, &[to], threads) }
    }

    /// The types and shapes of the results.
    pub fn outputs(&self, bound: &Bound) -> Result<Vec<(DType, Vec<usize>)>, EvalError> {
        self.with_typed(bound, &[], |typed| {
            let inputs = typed.inputs(self, bound)?;
            with_workspace(|workspace| {
                let program = &typed.program;
                workspace.shapes(program, &inputs, &|input| self.name_of(program, input))?;
                let of = |(dtype, parts): (DType, std::ops::Range<usize>)| {
                    (dtype, workspace.output_shape(program, parts.start).to_vec())
                };
                Ok(program.graph.results().map(of).collect())
            })
        })?
    }

    /// # Safety
    /// As for [`Workspace::run`].
    unsafe fn run(
        &self,
        typed: &Typed,
        workspace: &mut Workspace,
        threads: &Threads,
        inputs: &[Strided],
        outputs: &[Strided],
        in_place: bool,
    ) -> Result<(), EvalError> {
        let faults = AtomicU32::new(0);
        let env = typed.env(self, threads, &faults);
        // SAFETY: as the caller promises.
        unsafe { workspace.run(&env, inputs, outputs, in_place) }
    }
}

impl Typed {
    fn new(signature: SmallVec<[InputType; 8]>, casts: SmallVec<[DType; 2]>, program: Program) -> Typed {
        let kernels = Kernels::new(program.stages.len());
        Typed { signature, casts, program, kernels, line: OnceLock::new(), forms: Places::new(FORMS) }
    }

    /// The short way, if this is a program that has one.
    #[inline]
    pub fn line(&self, core: &Core) -> Option<&Line> {
        self.line.get_or_init(|| Line::new(core, self)).as_ref()
    }

    /// The arrays of the graph's inputs, once bare integers are known to be in range.
    pub(super) fn inputs<'a>(&self, core: &Core, bound: &Bound<'a>) -> Result<SmallVec<[Strided<'a>; 8]>, EvalError> {
        let graph = &self.program.graph;
        for check in &graph.range_checks {
            let (_, view) = bound[check.name as usize];
            // SAFETY: a bare integer argument is an `i64`, or a `u64`.
            let bits = unsafe { view.pointer.cast::<u64>().read_unaligned() };
            let value = Scalar::from_bits(view.dtype, bits).as_int().unwrap_or(0);
            if !check.dtype.holds(value) {
                let name = &core.names()[check.name as usize];
                let message = format!("`{name}` is {value}, which is out of the range of {}", check.dtype);
                let wider = if i64::try_from(value).is_ok() { "i64" } else { "u64" };
                let help = match check.dtype {
                    DType::I64 | DType::U64 => {
                        format!("pass `{name}` as a float, or in an array of a type that holds it")
                    }
                    _ => format!("cast what it is combined with: `{wider}(...)`, or pass `{name}` as a float"),
                };
                return Err(EvalError::new(EvalErrorKind::Range, message)
                    .of(name)
                    .with_found(Detail::Number(value), Detail::DType(check.dtype))
                    .with_help(help));
            }
        }
        Ok(graph.inputs.iter().map(|input| bound[input.name as usize].1.part(input.part)).collect())
    }

    /// What all passes of a call need.
    pub fn env<'a>(&'a self, core: &Core, threads: &'a Threads, faults: &'a AtomicU32) -> Env<'a> {
        let Options { executor, tuning, .. } = core.options;
        Env { program: &self.program, kernels: &self.kernels, executor, threads, tuning, faults }
    }
}

/// Refuses to update an array with a result of another shape.
fn check_updated(out: &Strided, shape: &[usize]) -> Result<(), EvalError> {
    if out.shape == shape {
        return Ok(());
    }
    let message = format!("an array of shape {:?} is to be updated with a result of shape {shape:?}", out.shape);
    Err(EvalError::new(EvalErrorKind::Output, message)
        .with_found(Detail::Shape(out.shape.to_vec()), Detail::Shape(shape.to_vec())))
}

/// Whether an array's first axis is the one along which its elements are neighbours; arrays of one axis are of both orders.
fn lies_in_f_order(view: &Strided) -> bool {
    let mut step = view.dtype.size() as isize;
    view.axes().all(|(n, stride)| {
        let here = n <= 1 || stride == step;
        step *= n.max(1) as isize;
        here
    })
}
