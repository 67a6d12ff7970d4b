//! Runs a program: shapes first, with everything that can be wrong with them, then its stages in order.

use std::cell::Cell;

use smallvec::SmallVec;

use super::error::{Detail, EvalError, EvalErrorKind};
use super::explain::Planned;
use super::launch::{Env, LaunchSpace, Tuning, choose, launch};
use super::memory::strides;
use super::reduce::{Joined, ReduceSpace, Reduction, Way, results};
use super::scratch::{Buffer, KEEP};
use super::view::Strided;
use crate::dtype::DType;
use crate::ir::FaultCode;
use crate::ir::registered::Registered;
use crate::plan::lower::{OperandSpec, Pass, operands};
use crate::plan::nest::Nest;
use crate::plan::program::{Group, Known, Program, Source, Stage, Work};
use crate::plan::shape::{AxisError, MAX_RANK, Shape, axis_set, broadcast, c_strides, count, reduced};
use crate::types::graph::NodeId;
use crate::types::registered::Custom;

/// Stages for which memory is kept.
const STAGES: usize = 64;

/// Along an axis of so many elements an array is long: what it is repeated along is so many times more.
const LONG: usize = 8;
/// Points of a pass from which on what depends on fewer elements may be a pass of its own.
const MANY: usize = 2048;

/// What a call works in; kept by its thread, so that a call allocates nothing once warm.
#[derive(Default)]
pub struct Workspace {
    /// For each stage, the shape that it runs over.
    shapes: Vec<Shape>,
    /// For each stage, what it leaves behind for later ones (nothing, if it is a map).
    temps: Vec<Temp>,
    /// The numbers that follow from shapes.
    counts: Vec<i64>,
    nest: Nest,
    launch: LaunchSpace,
    reduce: ReduceSpace,
}

thread_local! {
    static WORKSPACE: Cell<Option<Box<Workspace>>> = const { Cell::new(None) };
}

/// Runs `f` with this thread's workspace: taken out and put back, so that a call inside a call makes a fresh one.
pub fn with_workspace<R>(f: impl FnOnce(&mut Workspace) -> R) -> R {
    let mut workspace = WORKSPACE.take().unwrap_or_default();
    let result = f(&mut workspace);
    workspace.trim();
    WORKSPACE.set(Some(workspace));
    result
}

/// What a stage leaves behind: arrays of one shape.
#[derive(Default)]
struct Temp {
    /// The axes that are reduced.
    axes: u64,
    /// Without them, and with them at length 1.
    forms: [Form; 2],
    /// Strides that they would have with the reduced axes, if they lay as what they are made of: what the order of a result
    /// follows. (They lie in C order.)
    like: SmallVec<[isize; 6]>,
    bytes: Buffer,
    /// Where each is, once it has been computed.
    pointers: SmallVec<[*mut u8; 2]>,
    /// A map that has joined the pass of a reduction.
    done: bool,
}

/// A shape, and strides for it.
#[derive(Default)]
struct Form {
    shape: Shape,
    strides: SmallVec<[isize; 6]>,
}

impl Form {
    fn new(shape: Shape) -> Form {
        Form { strides: c_strides(&shape), shape }
    }
}

impl Temp {
    /// The form with the reduced axes.
    fn kept(&self) -> &Form {
        &self.forms[1]
    }

    /// Makes room for what a stage leaves, if there is none yet.
    fn reserve(&mut self, program: &Program, stage: &Stage) -> Result<(), EvalError> {
        if self.pointers.is_empty() {
            let [_, Form { shape, .. }] = &self.forms;
            let dtypes = stage.leaves().iter().map(|&node| program.graph.node(node).dtype);
            let elements = count(shape).unwrap_or(0);
            self.pointers = results(&mut self.bytes, elements, dtypes).ok_or_else(|| no_memory(shape))?;
        }
        Ok(())
    }

    /// One of the arrays.
    fn view(&self, part: u32, keepdims: bool, dtype: DType) -> Strided<'_> {
        let Form { shape, strides } = &self.forms[usize::from(keepdims)];
        let pointer = self.pointers.get(part as usize).copied().unwrap_or(std::ptr::null_mut());
        Strided::of_elements(pointer, dtype, shape, strides)
    }
}

impl Workspace {
    /// Gives back what is too large to keep.
    fn trim(&mut self) {
        self.temps.truncate(STAGES);
        self.shapes.truncate(STAGES);
        self.shapes.shrink_to(STAGES);
        let mut left = KEEP;
        for buffer in self.temps.iter_mut().map(|temp| &mut temp.bytes).chain(self.reduce.buffers()) {
            buffer.trim(&mut left);
        }
    }

    /// Works out every stage's shape.
    ///
    /// # Errors
    /// Where shapes do not broadcast, axes are not there, there is nothing to reduce, or too much.
    pub fn shapes(
        &mut self,
        program: &Program,
        inputs: &[Strided],
        name: &dyn Fn(u32) -> String,
    ) -> Result<(), EvalError> {
        if let Some((at, input)) = inputs.iter().enumerate().find(|(_, v)| v.shape.len() > MAX_RANK) {
            let message =
                format!("`{}` has {} axes, at most {MAX_RANK} are possible", name(at as u32), input.shape.len());
            return Err(EvalError::new(EvalErrorKind::Shape, message)
                .of(&name(at as u32))
                .with_found(Detail::Count(input.shape.len()), Detail::Count(MAX_RANK)));
        }
        self.shapes.clear();
        self.temps.resize_with(program.stages.len().max(self.temps.len()), Temp::default);
        for (at, stage) in program.stages.iter().enumerate() {
            let sources = stage.sources.iter().map(|&(_, source)| source);
            let shape = self.space(inputs, sources).ok_or_else(|| self.mismatch(inputs, stage, name))?;
            if count(&shape).is_none_or(|n| n > isize::MAX as usize / 16) {
                let message = format!("the arguments broadcast to the shape {shape:?}, which has too many elements");
                return Err(
                    EvalError::new(EvalErrorKind::TooLarge, message).with_found(Detail::Shape(shape.to_vec()), None)
                );
            }
            let temp = &mut self.temps[at];
            temp.pointers.clear();
            temp.done = false;
            temp.like.clear();
            if let Some(group) = stage.group() {
                temp.axes = axis_set(&group.axes, shape.len()).map_err(|e| {
                    let error = wrong_axis(e, &shape);
                    group.nodes.first().map_or(error.clone(), |&node| error.at(program.graph.node(node).span))
                })?;
                temp.forms = [false, true].map(|keepdims| Form::new(reduced(&shape, temp.axes, keepdims)));
                let (all, left) = (count(&shape), count(&temp.kept().shape));
                let without = group.monoids.iter().find(|monoid| monoid.empty.is_none());
                if let (Some(0), true, Some(monoid)) = (all, left != Some(0), without) {
                    let what = monoid.name.split('.').next().unwrap_or_default();
                    let message = format!("`{what}` of no elements has no value: the shape is {shape:?}");
                    let place = group.nodes.first().map(|&node| program.graph.node(node).span).unwrap_or_default();
                    return Err(EvalError::new(EvalErrorKind::EmptyReduction, message)
                        .at(place)
                        .with_found(Detail::Shape(shape.to_vec()), None));
                }
            } else if let Work::Prepare(_) = stage.work {
                temp.axes = 0;
                temp.forms[1] = Form::new(shape.clone());
            }
            self.shapes.push(shape);
        }
        self.counts.clear();
        for number in &program.counts {
            let shape = self.space(inputs, number.sources.iter().copied()).unwrap_or_default();
            let set = axis_set(&number.axes, shape.len()).map_err(|e| wrong_axis(e, &shape))?;
            let gone = shape.iter().enumerate().filter(|(axis, _)| set >> axis & 1 == 1);
            self.counts.push(gone.fold(1, |n: i64, (_, &len)| n.saturating_mul(len as i64)));
        }
        Ok(())
    }

    /// What is known of the shapes that have been worked out, as far as another form of the program may make use of it.
    pub fn known(&self, program: &Program, inputs: &[Strided], tuning: &Tuning) -> Known {
        let maps = program.maps();
        let one_shape = maps.len() > 1 && maps.clone().all(|at| self.shapes[at] == self.shapes[maps.start]);
        let points = || self.shapes.iter().filter_map(|shape| count(shape)).max().unwrap_or(0);
        let mut long = SmallVec::new();
        let many = tuning.serial_below.map_or(MANY, |below| below.min(MANY));
        if program.costly && inputs.len() > 1 && points() >= many {
            long.extend(inputs.iter().map(|view| {
                let axes = view.shape.iter().rev().enumerate().filter(|(_, n)| **n >= LONG);
                axes.fold(0u64, |axes, (axis, _)| axes | 1 << axis)
            }));
            // Bare numbers are long along none. Arrays that are all alike are no reason for another form.
            let mut arrays = long.iter().filter(|&&axes| axes != 0);
            let first = arrays.next();
            if arrays.all(|axes| Some(axes) == first) {
                long.clear();
            }
        }
        Known { one_shape, long }
    }

    /// The shape of an output.
    pub fn output_shape(&self, program: &Program, output: usize) -> Shape {
        self.shapes[program.stored_by[output] as usize].clone()
    }

    /// The axes of an output, outermost first as the arrays that it is made of lie in memory: NumPy's order "K".
    pub fn output_order(&mut self, program: &Program, inputs: &[Strided], output: usize) -> SmallVec<[usize; 6]> {
        let at = program.stored_by[output] as usize;
        if self.shapes[at].len() > 1 && program.stages[at].sources.iter().any(|(_, source)| source.stage().is_some()) {
            for earlier in 0..at {
                if program.stages[earlier].leaves().is_empty() || !self.temps[earlier].like.is_empty() {
                    continue;
                }
                let order = self.order_of(program, inputs, earlier);
                let temp = &mut self.temps[earlier];
                temp.like = strides(&temp.kept().shape, &order);
            }
        }
        self.order_of(program, inputs, at)
    }

    /// The axes of a stage in the order in which what it reads lies.
    fn order_of(&mut self, program: &Program, inputs: &[Strided], at: usize) -> SmallVec<[usize; 6]> {
        self.nest.begin(&self.shapes[at]);
        for &(_, source) in &program.stages[at].sources {
            match source {
                Source::Input(i) => {
                    let view = &inputs[i as usize];
                    self.nest.push(view.pointer, view.axes());
                }
                Source::Temp { stage, keepdims, .. } => {
                    let Temp { axes, forms, like, .. } = &self.temps[stage as usize];
                    let kept = like.iter().enumerate().filter(|(axis, _)| keepdims || axes >> axis & 1 == 0);
                    let strides: SmallVec<[isize; 6]> = kept.map(|(_, &stride)| stride).collect();
                    let shape = forms[usize::from(keepdims)].shape.iter().copied();
                    self.nest.push(std::ptr::null_mut(), shape.zip(strides));
                }
                Source::Count(_) | Source::Position => {}
            }
        }
        self.nest.axis_order()
    }

    /// The shape that these sources broadcast to.
    fn space(&self, inputs: &[Strided], sources: impl Iterator<Item = Source>) -> Option<Shape> {
        let mut shape = Shape::new();
        for source in sources {
            let other: &[usize] = match source {
                Source::Input(i) => inputs[i as usize].shape,
                Source::Temp { stage, keepdims, .. } => &self.temps[stage as usize].forms[usize::from(keepdims)].shape,
                Source::Count(_) | Source::Position => &[],
            };
            if !broadcast(&mut shape, other) {
                return None;
            }
        }
        Some(shape)
    }

    #[cold]
    fn mismatch(&self, inputs: &[Strided], stage: &Stage, name: &dyn Fn(u32) -> String) -> EvalError {
        let mut parts = Vec::new();
        for &(_, source) in &stage.sources {
            match source {
                Source::Input(i) => parts.push(format!("`{}` has the shape {:?}", name(i), inputs[i as usize].shape)),
                Source::Temp { stage, keepdims, .. } => {
                    let Form { shape, .. } = &self.temps[stage as usize].forms[usize::from(keepdims)];
                    parts.push(format!("a reduction has the shape {shape:?}"));
                }
                Source::Count(_) | Source::Position => {}
            }
        }
        parts.retain(|p| !p.ends_with("[]"));
        let message = format!("the shapes do not fit together: {}", parts.join(", "));
        let error = EvalError::new(EvalErrorKind::Shape, message).with_help(
            "aligned at their last axes, lengths must be equal or 1; `keepdims=True` keeps a reduced axis in place",
        );
        let fits = |n: usize| self.space(inputs, stage.sources[..n].iter().map(|&(_, source)| source));
        let Some(odd) = (0..stage.sources.len()).find(|&n| fits(n + 1).is_none()) else { return error };
        let Source::Input(input) = stage.sources[odd].1 else { return error };
        let before = fits(odd).map(|shape| Detail::Shape(shape.to_vec()));
        error.of(&name(input)).with_found(Detail::Shape(inputs[input as usize].shape.to_vec()), before)
    }

    /// What [`run`](Workspace::run) would do, without doing it. Shapes must have been worked out for these inputs.
    pub fn plan(&mut self, env: &Env, inputs: &[Strided], outputs: &[Strided]) -> Vec<Planned> {
        let program = env.program;
        let mut plans = Vec::new();
        for (at, stage) in program.stages.iter().enumerate() {
            let Workspace { shapes, temps, counts, nest, launch: space, reduce } = self;
            if count(&shapes[at]) == Some(0) || temps[at].done {
                continue;
            }
            let leaves = Leaves { program, inputs, counts };
            match &stage.work {
                Work::Map(_) | Work::Prepare(_) => {
                    let specs = leaves.arrange(nest, at, &shapes[at], temps, outputs);
                    let order = nest.order().to_vec();
                    let choice = choose(env, at, Pass::Map, &specs, nest, space);
                    plans.push(Planned::new(at, &shapes[at], &order, specs, nest, space, choice));
                }
                Work::Reduce(group) => {
                    let (before, later) = temps.split_at_mut(at);
                    let [temp, later @ ..] = later else { continue };
                    let joins = joins(group, shapes, temp);
                    let joined = joins.map(|map| leaves.joined(at, map, shapes, before, &later[map - at - 1], outputs));
                    let plan = |reduction: &Reduction| reduction.plan(env, reduce);
                    let planned =
                        leaves.with_reduction(at, group, &shapes[at], before, (temp.axes, temp.kept()), joined, plan);
                    if let (true, Some(map)) = (planned.way.is_some_and(Way::joins), joins) {
                        later[map - at - 1].done = true;
                    }
                    plans.push(planned);
                }
            }
        }
        plans
    }

    /// Runs the stages. Shapes must have been worked out for these inputs.
    ///
    /// # Safety
    /// Inputs must be readable, outputs writable, at all their elements and with the types of the program; outputs must
    /// have the shapes of the results, and be apart from each other and from the inputs. With `in_place`, an
    /// output may also be one of the inputs, with the same address, shape and strides.
    pub unsafe fn run(
        &mut self,
        env: &Env,
        inputs: &[Strided],
        outputs: &[Strided],
        in_place: bool,
    ) -> Result<(), EvalError> {
        let program = env.program;
        for (at, stage) in program.stages.iter().enumerate() {
            let Workspace { shapes, temps, counts, nest, launch: space, reduce } = self;
            let empty = count(&shapes[at]) == Some(0);
            let leaves = Leaves { program, inputs, counts };
            match &stage.work {
                Work::Map(_) | Work::Prepare(_) if empty || temps[at].done => {}
                Work::Map(_) | Work::Prepare(_) => {
                    temps[at].reserve(program, stage)?;
                    let specs = leaves.arrange(nest, at, &shapes[at], temps, outputs);
                    // SAFETY: sources are inputs, temporaries of earlier stages and counts; outputs as promised.
                    unsafe { launch(env, at, Pass::Map, &specs, nest, space) }
                }
                Work::Reduce(group) => {
                    let (before, later) = temps.split_at_mut(at);
                    let [temp, later @ ..] = later else { continue };
                    if empty {
                        temp.reserve(program, stage)?;
                        let elements = count(&temp.kept().shape).unwrap_or(0);
                        for (&pointer, monoid) in temp.pointers.iter().zip(&group.monoids) {
                            if let Some(value) = monoid.empty {
                                // SAFETY: reserved above.
                                unsafe { super::reduce::fill(pointer, value, elements) }
                            }
                        }
                        continue;
                    }
                    let joins = joins(group, shapes, temp).filter(|_| !in_place);
                    if let Some(map) = joins {
                        later[map - at - 1].reserve(program, &program.stages[map])?;
                    }
                    let joined = joins.map(|map| leaves.joined(at, map, shapes, before, &later[map - at - 1], outputs));
                    let Temp { axes, forms: [_, kept], bytes, pointers, .. } = temp;
                    let run = |reduction: &Reduction| {
                        // SAFETY: as for maps; the temporary is this stage's own.
                        unsafe { reduction.run(env, reduce, bytes) }
                    };
                    let done = leaves.with_reduction(at, group, &shapes[at], before, (*axes, kept), joined, run);
                    match (done.map_err(|_| no_memory(&kept.shape))?, joins) {
                        (Some(results), _) => *pointers = results,
                        (None, Some(map)) => later[map - at - 1].done = true,
                        (None, None) => {}
                    }
                }
            }
        }
        match env.faults.load(std::sync::atomic::Ordering::Relaxed) {
            0 => Ok(()),
            faults => Err(fault(faults)),
        }
    }
}

/// What the leaves of stages stand for.
struct Leaves<'a> {
    program: &'a Program,
    inputs: &'a [Strided<'a>],
    counts: &'a [i64],
}

/// The stage that joins the pass of a group, which leaves `temp`: one of the same shape, in either form.
fn joins(group: &Group, shapes: &[Shape], temp: &Temp) -> Option<usize> {
    group.joins.filter(|&map| temp.forms.iter().any(|form| form.shape == shapes[map]))
}

impl<'a> Leaves<'a> {
    /// The array that a leaf stands for.
    fn view<'t>(&self, &(node, source): &(NodeId, Source), temps: &'t [Temp]) -> Strided<'t>
    where
        'a: 't,
    {
        view(source, self.program.graph.node(node).dtype, self.inputs, temps, self.counts)
    }

    /// Arranges the nest of stage `at`, a map. Gives its operands.
    fn arrange<'t>(
        &self,
        nest: &mut Nest,
        at: usize,
        shape: &[usize],
        temps: &'t [Temp],
        outputs: &[Strided<'t>],
    ) -> SmallVec<[OperandSpec; 8]>
    where
        'a: 't,
    {
        nest.begin(shape);
        let sources = self.program.stages[at].sources.iter().map(|leaf| self.view(leaf, temps));
        let stores = self.stores(at, &temps[at], outputs);
        let mut push = |view: Strided| nest.push(view.pointer, view.axes());
        sources.for_each(|view| _ = push(view));
        stores.for_each(|view| _ = push(view));
        nest.arrange(|_| false);
        operands(self.program, at, Pass::Map)
    }

    /// What stage `at`, no reduction, stores: outputs, or what it leaves.
    fn stores<'t>(&self, at: usize, temp: &'t Temp, outputs: &[Strided<'t>]) -> impl Iterator<Item = Strided<'t>> {
        let stage = &self.program.stages[at];
        let outputs = if let Work::Map(stores) = &stage.work {
            stores.iter().map(|&(_, output)| outputs[output as usize]).collect()
        } else {
            SmallVec::<[Strided; 2]>::new()
        };
        let temps = stage.leaves().iter().enumerate();
        outputs
            .into_iter()
            .chain(temps.map(|(part, &node)| temp.view(part as u32, true, self.program.graph.node(node).dtype)))
    }

    /// What stage `map`, which leaves `temp`, adds to the pass of stage `at` when it joins it, and whether it has the reduced axes.
    fn joined<'t>(
        &self,
        at: usize,
        map: usize,
        shapes: &[Shape],
        before: &'t [Temp],
        temp: &'t Temp,
        outputs: &[Strided<'t>],
    ) -> (SmallVec<[Strided<'t>; 8]>, bool)
    where
        'a: 't,
    {
        let others = self.program.stages[map].sources.iter().filter(|(_, source)| source.stage() != Some(at));
        let others = others.map(|leaf| self.view(leaf, before));
        let views = others.chain(self.stores(map, temp, outputs)).collect();
        (views, shapes[map].len() == shapes[at].len())
    }

    /// Calls `f` with the reductions of stage `at`, over these axes; `kept` is what is left with the axes.
    #[expect(clippy::too_many_arguments, reason = "what `run` and `plan` have in common")]
    fn with_reduction<'t, R>(
        &self,
        at: usize,
        group: &Group,
        shape: &[usize],
        before: &'t [Temp],
        (axes, kept): (u64, &Form),
        joined: Option<(SmallVec<[Strided<'t>; 8]>, bool)>,
        f: impl FnOnce(&Reduction) -> R,
    ) -> R
    where
        'a: 't,
    {
        let stage = &self.program.stages[at];
        let sources: SmallVec<[Strided; 8]> = stage.sources.iter().map(|leaf| self.view(leaf, before)).collect();
        let result = |&node: &NodeId| {
            let dtype = self.program.graph.node(node).dtype;
            Strided::of_elements(std::ptr::null_mut(), dtype, &kept.shape, &kept.strides)
        };
        let results: SmallVec<[Strided; 2]> = group.nodes.iter().map(result).collect();
        let position = stage.sources.iter().position(|(_, source)| *source == Source::Position);
        f(&Reduction {
            stage: at,
            group,
            shape,
            axes,
            sources: &sources,
            position,
            results: &results,
            joined: joined.as_ref().map(|(views, keepdims)| Joined { views, keepdims: *keepdims }),
        })
    }
}

/// The array that a leaf stands for.
fn view<'a>(source: Source, dtype: DType, inputs: &[Strided<'a>], temps: &'a [Temp], counts: &'a [i64]) -> Strided<'a> {
    match source {
        Source::Input(i) => inputs[i as usize],
        Source::Temp { stage, part, keepdims } => temps[stage as usize].view(part, keepdims, dtype),
        Source::Position => {
            static FIRST: i64 = 0;
            Strided::of_elements((&raw const FIRST).cast_mut().cast(), dtype, &[], &[])
        }
        Source::Count(c) => {
            let pointer = (&raw const counts[c as usize]).cast_mut().cast();
            Strided::of_elements(pointer, dtype, &[], &[])
        }
    }
}

#[cold]
fn no_memory(shape: &[usize]) -> EvalError {
    let message = format!("no memory for a reduction to the shape {shape:?}");
    EvalError::new(EvalErrorKind::Memory, message).with_help("evaluate it in pieces")
}

#[cold]
fn wrong_axis(e: AxisError, shape: &[usize]) -> EvalError {
    let rank = shape.len();
    match e {
        AxisError::OutOfRange(axis) => {
            let message = format!("axis {axis} is not an axis of what is reduced, which has the shape {shape:?}");
            let error = EvalError::new(EvalErrorKind::Axis, message)
                .with_found(Detail::Number(axis.into()), Detail::Count(rank));
            if rank == 0 { error } else { error.with_help(format!("axes go from -{rank} to {}", rank - 1)) }
        }
        AxisError::Twice(axis) => {
            EvalError::new(EvalErrorKind::Axis, format!("axis {axis} is named twice (the shape is {shape:?})"))
                .with_found(Detail::Number(axis.into()), None)
        }
    }
}

#[cold]
pub fn fault(faults: u32) -> EvalError {
    if let Some(number) = Registered::panicked(faults) {
        let message = match Custom::name_of(number) {
            Some(name) => format!("the registered function `{name}` panicked"),
            None => "a registered function panicked".to_string(),
        };
        return EvalError::new(EvalErrorKind::Panic, message);
    }
    let what = FaultCode::ALL.iter().find(|&&code| faults >> code as u32 & 1 == 1);
    match what {
        Some(FaultCode::NegativePower) => {
            EvalError::new(EvalErrorKind::Fault, "an integer was raised to a negative integer power")
                .with_help("make the base a float: `f64(x)**n`")
        }
        Some(FaultCode::OutOfRange) => {
            let message =
                "what was computed from bare integers alone is out of the range of the type that it is combined with";
            EvalError::new(EvalErrorKind::Range, message)
                .with_help("cast what it is combined with to a type that holds it, as in `i64(...)`; or pass floats")
        }
        None => EvalError::new(EvalErrorKind::Fault, "the data have no result"),
    }
}
