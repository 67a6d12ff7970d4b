//! A compiled text: what all expressions of the same text and options share.
//!
//! Always holds: nothing here changes what a call means; the lists only grow, are bounded, and are read without a lock.

use std::sync::{Arc, OnceLock};

use smallvec::SmallVec;

use super::ended::{stopped, too_much};
use super::fault;
use super::fit::{casts, shape_error};
use super::options::Options;
use super::pieces::Pieces;
use crate::array::memory::Pending;
use crate::array::result::AnyArray;
use crate::array::view::{Strided, Vouch, number};
use crate::diagnostic::Diagnostic;
use crate::dtype::{DType, Scalar};
use crate::error::eval::{Detail, EvalError, EvalErrorKind};
use crate::error::{CompileError, CompileErrorKind};
use crate::plan::kernels::Kernels;
use crate::plan::needs::Needs;
use crate::plan::order::Order;
use crate::plan::places::Places;
use crate::plan::program::{Known, Program};
use crate::plan::schedule::Schedule;
use crate::plan::shapes::{Lies, ShapeError, Shapes};
use crate::plan::target::Target;
use crate::plan::whole::Outputs;
use crate::run::execute::with_workspace;
use crate::run::keep::{Asked, Key, Mode};
use crate::run::line::Line;
use crate::run::pass::Done;
use crate::run::settings::{CallOptions, Settings};
use crate::run::stop::Failed;
use crate::run::stop::Stop;
use crate::syntax::ast::{Coordinate, Node, Span};
use crate::syntax::parse;
use crate::types::graph::{Graph, Input};
use crate::types::meaning::{Binder, Binds, Meaning};
use crate::types::notation::lower;
use crate::types::{InputType, Notes, OutputType, Resolved, infer, notes, resolve};

/// A program may have at most so many times `Limits::operations` over all its stages: what two reductions are made of counts twice.
const PASSES: usize = 4;

/// Kinds of shapes for which an expression keeps another form.
const FORMS: usize = 8;

/// Kinds of calls (shapes, strides, threads) for which a typed form keeps its schedule.
const SCHEDULES: usize = 32;

/// Sets of argument types for which an expression keeps its typed form.
const TYPES: usize = 32;

/// Arguments in the order of the names.
pub type Bound<'a> = SmallVec<[(InputType, Strided<'a>); 8]>;
/// The same, borrowed.
pub type Arguments<'a> = [(InputType, Strided<'a>)];

/// A call into arrays that are there.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// How the outputs lie to the inputs.
    pub mode: Mode,
    /// The arguments.
    pub bound: &'a Arguments<'a>,
    /// The outputs.
    pub outputs: &'a [Strided<'a>],
    /// What it is run with.
    pub settings: Settings<'a>,
    /// The caller's promise for arguments and outputs.
    pub vouch: Vouch,
}

/// A parsed text, and what has been made from it so far.
pub struct Core {
    /// The text.
    pub source: Arc<str>,
    /// What it was compiled with.
    pub options: Options,
    resolved: Resolved,
    /// The constants that the text uses.
    pub constants: Vec<String>,
    typed: Places<Arc<Typed>>,
    /// What it consists of, if there are indices in it. What is typed then is each piece by itself.
    pub pieces: Option<Box<Pieces>>,
}

/// A text for arguments of certain types.
pub struct Typed {
    /// The types, name by name.
    pub signature: SmallVec<[InputType; 8]>,
    /// The types that results are converted to; none if they stay as they are.
    casts: SmallVec<[OutputType; 2]>,
    /// The stages.
    pub program: Program,
    /// Their kernels.
    pub kernels: Kernels,
    line: OnceLock<Option<Line>>,
    /// Forms for arrays of whose shapes something is known, where they differ from this one.
    forms: Places<(Known, Option<Arc<Form>>)>,
    /// What calls with arrays that lie in certain ways do.
    schedules: Places<(Key, Scheduled)>,
}

/// A typed text cut into stages otherwise.
pub struct Form {
    pub program: Program,
    pub kernels: Kernels,
}

/// What a call does.
pub struct Scheduled {
    pub schedule: Schedule,
    /// The form that it was made from, if it is another.
    pub form: Option<Arc<Form>>,
}

impl Core {
    /// Parses a text.
    pub fn new(source: &str, options: &Options) -> Result<Core, CompileError> {
        let ast = parse(source, &options.limits)?;
        let resolved = resolve(ast, source, options.given())?;
        let pieces = lower(&resolved, source, &options.limits)?;
        let shared = Arc::from(source);
        let pieces = pieces.map(|notation| Pieces::new(notation, &shared, options)).transpose()?.map(Box::new);
        Ok(Core { pieces, ..Core::of(&shared, options, resolved) })
    }

    /// A text whose names are resolved, without indices.
    pub fn of(source: &Arc<str>, options: &Options, resolved: Resolved) -> Core {
        let ast = &resolved.ast;
        let is_constant = |meaning: &Meaning| matches!(meaning, Meaning::Constant(_));
        let constants = ast.nodes.iter().zip(&resolved.meanings).filter_map(|(node, meaning)| match node {
            Node::Name(name) if is_constant(meaning) => Some(ast.name(*name).to_string()),
            _ => None,
        });
        let constants = constants.collect();
        let (source, options) = (Arc::clone(source), options.clone());
        Core { source, options, resolved, constants, typed: Places::new(TYPES), pieces: None }
    }

    /// The free names, in order of first appearance.
    pub fn names(&self) -> &[String] {
        &self.resolved.free
    }

    /// Where a name that is an argument stands nowhere but alone as a coordinate: there it may have been meant as an index.
    pub fn is_coordinate(&self, name: &str) -> bool {
        let ast = &self.resolved.ast;
        ast.coordinates.iter().any(|coordinate| match *coordinate {
            Coordinate::Value(id) => matches!(ast.node(id), Node::Name(of) if ast.name(*of) == name),
            _ => false,
        })
    }

    /// Where an index of this name is bound by standing alone as a coordinate, if one is.
    pub fn index_alone(&self, name: &str) -> Option<Span> {
        let Resolved { ast, binders, free, .. } = &self.resolved;
        let is = |binder: &&Binder| binder.binds == Binds::Alone && ast.name(binder.name) == name;
        binders.iter().find(is).map(|binder| binder.span).filter(|_| !free.iter().any(|own| own == name))
    }

    /// How the function is called that has the name of a variable, if there is one.
    pub fn function_named(&self, name: &str) -> Option<&str> {
        self.resolved.homonyms.iter().find(|(variable, _)| variable == name).map(|(_, call)| call.as_str())
    }

    /// The typed form for these arguments.
    pub fn typed(&self, bound: &Arguments) -> Result<Arc<Typed>, EvalError> {
        if self.pieces.is_some() {
            let message = "a text with indices is evaluated as a whole, not in parts or over files";
            return Err(EvalError::new(EvalErrorKind::Type, message).with_help("evaluate it on arrays: `eval`"));
        }
        self.with_typed(bound, &[], Arc::clone)
    }

    /// Runs `f` with the typed form for these arguments, its results converted to these types, if there are any.
    pub fn with_typed<R>(
        &self,
        bound: &Arguments,
        casts: &[OutputType],
        f: impl FnOnce(&Arc<Typed>) -> R,
    ) -> Result<R, EvalError> {
        let is = |typed: &Arc<Typed>| {
            typed.signature.len() == bound.len()
                && typed.casts.as_slice() == casts
                && typed.signature.iter().zip(bound).all(|(a, (b, _))| a == b)
        };
        let make = || {
            let signature: SmallVec<[InputType; 8]> = bound.iter().map(|(ty, _)| *ty).collect();
            let graph = infer(&self.source, &self.resolved, &signature, casts, self.options.typing())?;
            let program = self.program(graph)?;
            Ok::<_, CompileError>(Arc::new(Typed::new(signature, SmallVec::from_slice(casts), program)))
        };
        Ok(match self.typed.find(is, make)? {
            Ok(typed) => f(typed),
            Err(typed) => f(&typed),
        })
    }

    /// A graph cut into stages.
    fn program(&self, graph: Graph) -> Result<Program, CompileError> {
        let most = self.options.limits.operations.saturating_mul(PASSES);
        Program::new(graph, self.options.accuracy, most, &Known::default()).map_err(|span| {
            let message =
                format!("too many reductions or results: what each is made of comes to more than {most} operations");
            let help = "if the text is trusted, raise `Limits::operations`";
            let diagnostic = Diagnostic::new(message, span).with_help(help);
            CompileError::new(CompileErrorKind::Limit, diagnostic, &self.source)
        })
    }

    /// The typed form of a part of the text: a graph of its own, whose inputs are named by their places among these types.
    #[cfg(feature = "files")]
    pub fn typed_graph(&self, graph: Graph, types: SmallVec<[InputType; 8]>) -> Result<Arc<Typed>, EvalError> {
        Ok(Arc::new(Typed::new(types, SmallVec::new(), self.program(graph)?)))
    }

    /// The shapes of all stages, for the form to be run, which may be another for these shapes.
    fn shapes(&self, typed: &Typed, inputs: &[Lies]) -> Result<(Shapes, Option<Arc<Form>>), ShapeError> {
        let shapes = Shapes::new(&typed.program, inputs)?;
        let known = Known::of(&shapes, &typed.program, inputs, &self.options.tuning);
        if known == Known::default() {
            return Ok((shapes, None));
        }
        let make = || {
            let most = self.options.limits.operations.saturating_mul(PASSES);
            let program = Program::new(typed.program.graph.clone(), self.options.accuracy, most, &known).ok();
            let other = program.filter(|program| !program.is_cut_like(&typed.program));
            let form = other.map(|program| Form { kernels: Kernels::new(program.stages.len()), program });
            Ok::<_, std::convert::Infallible>((known.clone(), form.map(Arc::new)))
        };
        match typed.forms.find(|(of, _)| *of == known, make) {
            Ok(Ok((_, Some(form)))) => Ok((Shapes::new(&form.program, inputs)?, Some(Arc::clone(form)))),
            // There is no other, or no place for one more: this one is right for all shapes.
            _ => Ok((shapes, None)),
        }
    }

    /// Runs `f` with the schedule of calls that have this key.
    pub(super) fn with_schedule<R>(
        &self,
        typed: &Typed,
        key: &Key,
        f: impl FnOnce(&Scheduled) -> Result<R, EvalError>,
    ) -> Result<R, EvalError> {
        let make = || self.schedule(typed, key).map(|scheduled| (key.clone(), scheduled));
        match typed.schedules.find(|(of, _)| of == key, make)? {
            Ok((_, scheduled)) => f(scheduled),
            Err((_, scheduled)) => f(&scheduled),
        }
    }

    /// Makes a schedule.
    fn schedule(&self, typed: &Typed, key: &Key) -> Result<Scheduled, EvalError> {
        let (inputs, outputs) = key.lies();
        let name = |input: u32| self.name_of(&typed.program, input);
        let failed = |error: ShapeError| shape_error(error, &name, &outputs);
        let shapes = match key.mode() {
            // (States are known by the reductions of the program itself.)
            Mode::Partial(_) => Shapes::new(&typed.program, &inputs).map(|shapes| (shapes, None)),
            _ => self.shapes(typed, &inputs),
        };
        let (shapes, form) = shapes.map_err(failed)?;
        let (program, kernels) = match &form {
            Some(form) => (&form.program, &form.kernels),
            None => (&typed.program, &typed.kernels),
        };
        let Asked { threads, chunk } = key.asked();
        let target = Target { program, kernels, threads, chunk, tuning: &self.options.tuning };
        let to = match key.mode() {
            Mode::New => Outputs::New(self.options.order),
            Mode::There => Outputs::There(&outputs),
            Mode::Updated => Outputs::Updated(&outputs),
            Mode::Overlapping => Outputs::Overlapping(&outputs),
            Mode::Partial(most) => {
                let schedule = Schedule::partial(target, &shapes, &inputs, most).map_err(failed)?;
                return Ok(Scheduled { schedule, form });
            }
        };
        let schedule = Schedule::new(target, &shapes, &inputs, to).map_err(failed)?;
        Ok(Scheduled { schedule, form })
    }

    /// The name of a graph's input.
    pub(super) fn name_of(&self, program: &Program, input: u32) -> String {
        let name = program.graph.inputs.get(input as usize).and_then(|i| self.names().get(i.name as usize));
        name.cloned().unwrap_or_default()
    }

    /// Evaluates into new arrays.
    pub fn eval(&self, bound: &Arguments, settings: Settings, vouch: Vouch) -> Result<Vec<AnyArray>, EvalError> {
        self.with_typed(bound, &[], |typed| {
            if let Some(done) = self.eval_line(typed, bound, settings, vouch) {
                return done;
            }
            self.eval_typed(typed, Mode::New, bound, settings, vouch)
        })?
    }

    /// The same in the ordinary way, with the typed form for these arguments at hand: what a schedule of this mode gives.
    pub fn eval_typed(
        &self,
        typed: &Typed,
        mode: Mode,
        bound: &Arguments,
        settings: Settings,
        vouch: Vouch,
    ) -> Result<Vec<AnyArray>, EvalError> {
        let inputs = typed.inputs(self, bound)?;
        with_workspace(|workspace| {
            let asked = settings.options.asked();
            let key = workspace.key_of(mode, asked, typed.sized(bound, &inputs), std::iter::empty());
            let result = self.with_schedule(typed, &key, |Scheduled { schedule, .. }| {
                let allowed = settings.allow(|| schedule.needs(asked.threads, true));
                allowed.map_err(|failed| self.failed(typed, failed))?;
                let mut pending = Vec::with_capacity(schedule.results.len());
                for result in &schedule.results {
                    pending.push(Pending::new(result.dtype, result.shape.clone(), result.order.clone())?);
                }
                let done = {
                    let outputs: SmallVec<[Strided; 2]> =
                        pending.iter_mut().map(Pending::view).flat_map(Strided::parts).collect();
                    workspace.run(schedule, [&inputs, &outputs], settings, vouch)
                };
                let done = done.map_err(|failed| self.failed(typed, failed))?;
                Ok(pending.into_iter().map(|result| result.finish(&done)).collect())
            });
            workspace.key = key;
            result
        })
    }

    /// The short way to a new array, where there is one.
    fn eval_line(
        &self,
        typed: &Typed,
        bound: &Arguments,
        settings: Settings,
        vouch: Vouch,
    ) -> Option<Result<Vec<AnyArray>, EvalError>> {
        let line = typed.line(self)?;
        let view = |name: usize| bound[name].1;
        let (shape, dtype) = line.result(view, settings.options)?;
        if self.options.order == Order::F && shape.len() > 1 {
            return None;
        }
        // (The ordinary way says how much it is, all in all.)
        let results = || shape.iter().fold(dtype.size(), |bytes, &n| bytes.saturating_mul(n));
        settings.allow(|| Needs { results: results(), ..Needs::default() }).ok()?;
        let mut pending = match Pending::new(dtype, shape.into(), (0..shape.len()).collect()) {
            Ok(pending) => pending,
            Err(error) => return Some(Err(error)),
        };
        Some(match line.run(view, &pending.view(), settings, vouch)? {
            Ok(done) => Ok(vec![pending.finish(&done)]),
            Err(failed) => Err(self.failed(typed, failed)),
        })
    }

    /// What [`eval`](Core::eval) would do.
    pub fn plan(&self, bound: &Arguments, options: &CallOptions) -> Result<(Arc<Typed>, Scheduled), EvalError> {
        let typed = self.typed(bound)?;
        let inputs = typed.inputs(self, bound)?;
        let mut key = Key::default();
        key.set(Mode::New, options.asked(), typed.sized(bound, &inputs), std::iter::empty());
        let scheduled = self.schedule(&typed, &key)?;
        Ok((typed, scheduled))
    }

    /// What typing found on the way: what is computed once, and what is a constant.
    pub fn notes(&self, typed: &Typed) -> Result<Notes, CompileError> {
        notes(&self.source, &self.resolved, &typed.signature, self.options.typing())
    }

    /// Evaluates into arrays that are there, with the typed form for these arguments at hand.
    pub fn write_typed(&self, typed: &Arc<Typed>, call: Call) -> Result<(), EvalError> {
        self.write_done(typed, call).map(|_| ())
    }

    /// The same, and that it is done.
    pub fn write_done(&self, typed: &Arc<Typed>, call: Call) -> Result<Done, EvalError> {
        match casts(&typed.program, self.options.casting, call.outputs)? {
            Some(types) => self.with_typed(call.bound, &types, |typed| self.write_fitting(typed, call))?,
            None => self.write_fitting(typed, call),
        }
    }

    /// The same where there is an output for each result, of its type.
    fn write_fitting(&self, typed: &Arc<Typed>, call: Call) -> Result<Done, EvalError> {
        let Call { mode, bound, outputs, settings, vouch } = call;
        let inputs = typed.inputs(self, bound)?;
        with_workspace(|workspace| {
            let sized = outputs.iter().map(|&out| (out, out.dtype.size()));
            let asked = settings.options.asked();
            let key = workspace.key_of(mode, asked, typed.sized(bound, &inputs), sized);
            let result = self.with_schedule(typed, &key, |Scheduled { schedule, .. }| {
                let allowed = settings.allow(|| schedule.needs(asked.threads, false));
                allowed.map_err(|failed| self.failed(typed, failed))?;
                let views: SmallVec<[Strided; 2]> = outputs.iter().copied().flat_map(Strided::parts).collect();
                let done = workspace.run(schedule, [&inputs, &views], settings, vouch);
                done.map_err(|failed| self.failed(typed, failed))
            });
            workspace.key = key;
            result
        })
    }

    /// What a call that has begun is run with.
    #[inline]
    pub fn settings<'a>(&'a self, options: &'a CallOptions, stop: &'a Option<Stop<'a>>) -> Settings<'a> {
        let Options { executor, tuning, .. } = &self.options;
        Settings { executor: *executor, tuning, options, stop: stop.as_ref(), held: 0 }
    }

    /// Why a schedule was not run to a result, in words.
    #[cold]
    pub fn failed(&self, typed: &Typed, failed: Failed) -> EvalError {
        match failed {
            Failed::Memory(bytes) => {
                let message = format!("no memory for the {bytes} bytes that lie between the passes of a call");
                EvalError::new(EvalErrorKind::Memory, message).with_help("evaluate it in pieces")
            }
            Failed::Faults(faults) => fault::error(faults, &typed.program.graph, &self.source),
            Failed::Stopped(why) => stopped(why),
            Failed::TooMuch(needs, most) => too_much(needs, most),
        }
    }
}

impl Typed {
    fn new(signature: SmallVec<[InputType; 8]>, casts: SmallVec<[OutputType; 2]>, program: Program) -> Typed {
        let kernels = Kernels::new(program.stages.len());
        let (forms, schedules) = (Places::new(FORMS), Places::new(SCHEDULES));
        Typed { signature, casts, program, kernels, line: OnceLock::new(), forms, schedules }
    }

    /// The short way, if this is a program that has one.
    #[inline]
    pub fn line(&self, core: &Core) -> Option<&Line> {
        let make = || Line::new(&self.program, &self.kernels, &self.signature, &core.options.tuning);
        self.line.get_or_init(make).as_ref()
    }

    /// The arrays of the graph's inputs, once bare integers are known to be in range.
    pub fn inputs<'a>(&self, core: &Core, bound: &Arguments<'a>) -> Result<SmallVec<[Strided<'a>; 8]>, EvalError> {
        let graph = &self.program.graph;
        for check in &graph.range_checks {
            let (_, view) = bound[check.name as usize];
            let bits = number(&view);
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
        let array = |input: &Input| {
            let (_, view) = bound[input.name as usize];
            input.word.map_or_else(|| view.part(input.part), |word| view.word(word, input.dtype))
        };
        Ok(graph.inputs.iter().map(array).collect())
    }

    /// The arrays of the graph's inputs with the sizes of the arguments' elements, both parts of a complex one, all bytes of a string.
    pub(super) fn sized<'a>(
        &'a self,
        bound: &'a Arguments,
        inputs: &'a [Strided],
    ) -> impl Iterator<Item = (Strided<'a>, usize)> {
        self.program.graph.inputs.iter().zip(inputs).map(|(input, &array)| {
            let (ty, view) = bound[input.name as usize];
            (array, ty.text.unwrap_or(view.dtype.size()))
        })
    }
}
