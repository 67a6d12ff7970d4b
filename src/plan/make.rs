//! From a program, and arrays of certain shapes and strides, to a schedule.
//!
//! Comes in: a typed program, how its inputs lie, and how its outputs do, if they are there. Goes out: the schedule of every call
//! with such arrays, or why there is none. Always holds: a step reads inputs and what earlier steps have left; memory that is
//! given out twice is no longer read.

use smallvec::SmallVec;

use super::fold::PIECE;
use super::kernels::Use;
use super::layout::{Body, OperandSpec};
use super::nest::Nest;
use super::order::{Like, Order};
use super::program::{Group, Program, Work};
use super::reserve::Reserve;
use super::schedule::{Operand, Place, ResultLayout, Schedule, Step, Walk};
use super::shape::{Shape, c_strides, count, strides};
use super::shapes::{Lies, ShapeError, Shapes};
use super::source::Source;
use super::table::Numbers;
use super::target::Target;
use crate::dtype::DType;
use crate::ir::Role;
use crate::types::graph::NodeId;

/// Where results go.
#[derive(Clone, Copy)]
pub enum Outputs<'a> {
    /// Into new arrays, with axes in this order.
    New(Order),
    /// Into arrays that are there, and apart from all inputs. A smaller result is repeated along the axes that it lacks.
    There(&'a [Lies<'a>]),
    /// Into arrays that may be inputs too, with the same address, shape and strides: as if the results had been computed apart
    /// and then written.
    Updated(&'a [Lies<'a>]),
    /// Into arrays that may share memory with inputs and with each other in any way, as if the results had been computed apart and
    /// then written, one after the other.
    Overlapping(&'a [Lies<'a>]),
}

/// An operand with the array that it is.
#[derive(Clone)]
pub(super) struct Array {
    pub operand: Operand,
    /// The length of each axis.
    pub shape: Shape,
    /// The stride along each axis, in bytes (of an affine one in units).
    pub strides: SmallVec<[isize; 6]>,
}

/// What a stage has left, once it has run.
#[derive(Default)]
struct Held {
    /// Where each of its arrays is.
    parts: SmallVec<[(usize, usize); 2]>,
    /// The last stage that reads them.
    last: usize,
    /// Whether the stage has been done with another.
    done: bool,
}

/// What there is of a part of an array.
pub(super) struct Part {
    /// The most blocks of a piece.
    pub aligned: usize,
    /// The components so far: type, place in the call's memory, and how many pieces there are.
    pub states: Vec<(DType, usize, usize)>,
}

impl Part {
    /// The most blocks of a piece of these reductions. (What has no order may be cut anywhere.)
    pub fn most_blocks(&self, group: &Group) -> usize {
        if group.monoids.iter().any(|monoid| monoid.ordered) { self.aligned } else { PIECE }
    }
}

/// A schedule in the making.
pub(super) struct Maker<'a> {
    pub target: Target<'a>,
    pub program: &'a Program,
    pub shapes: &'a Shapes,
    inputs: &'a [Lies<'a>],
    /// The graph's outputs, as passes write them.
    outputs: Vec<Array>,
    held: Vec<Held>,
    pub memory: Reserve,
    pub numbers: Numbers,
    pub steps: Vec<Step>,
    pub in_place: bool,
    /// Whether results are computed into the call's memory, and copied when all have been.
    apart: bool,
    /// If the states of a part of an array are wanted, and no results: which there are.
    pub part: Option<Part>,
}

impl Schedule {
    /// The schedule for such arrays.
    ///
    /// # Errors
    /// Where shapes do not fit together, or outputs do not take the results.
    pub fn new(target: Target, shapes: &Shapes, inputs: &[Lies], outputs: Outputs) -> Result<Schedule, ShapeError> {
        let program = target.program;
        let (there, in_place) = match outputs {
            Outputs::New(_) => (None, false),
            Outputs::There(there) | Outputs::Overlapping(there) => (Some(there), false),
            Outputs::Updated(there) => (Some(there), true),
        };
        // One pass reads each point before it writes it, after all reductions of what was there; one of several would read what an
        // earlier one has written.
        let apart = matches!(outputs, Outputs::Overlapping(_)) || in_place && program.maps().len() > 1;
        let mut maker = Maker { in_place, apart, ..Maker::new(target, shapes, inputs) };
        let order = if let Outputs::New(order) = outputs { order } else { Order::C };
        let results = maker.results(order);
        let mut copies = Vec::new();
        for (at, (result, (_, parts))) in results.iter().zip(program.graph.results()).enumerate() {
            let own: SmallVec<[isize; 6]>;
            let lies = match there {
                Some(there) => there[at],
                None => {
                    let size = result.dtype.size() as isize;
                    own = strides(&result.shape, &result.order).into_iter().map(|stride| stride * size).collect();
                    Lies { shape: &result.shape, strides: &own, size: result.dtype.size() }
                }
            };
            if in_place && lies.shape != &result.shape[..] {
                return Err(ShapeError::Update { output: at, shape: result.shape.clone() });
            }
            for part in parts {
                let dtype = program.graph.node(program.graph.outputs[part]).dtype;
                copies.extend(
                    maker
                        .output(part as u32, dtype, &result.shape, lies)
                        .ok_or_else(|| ShapeError::Output { output: at, shape: result.shape.clone() })?,
                );
            }
        }
        maker.stages();
        for (dtype, walk) in copies {
            maker.copy(dtype, walk);
        }
        let Maker { memory, numbers, steps, .. } = maker;
        let bytes = memory.bytes().ok_or(ShapeError::Memory)?;
        Ok(Schedule { steps, bytes, numbers: numbers.all(), results })
    }
}

/// For each stage the last one that reads what it leaves.
fn readers(program: &Program) -> Vec<Held> {
    let mut held: Vec<Held> = program.stages.iter().map(|_| Held::default()).collect();
    for (at, stage) in program.stages.iter().enumerate() {
        for of in stage.sources.iter().filter_map(|(_, source)| source.stage()) {
            held[of].last = at;
        }
    }
    held
}

impl<'a> Maker<'a> {
    /// One that has made nothing yet.
    pub fn new(target: Target<'a>, shapes: &'a Shapes, inputs: &'a [Lies<'a>]) -> Maker<'a> {
        Maker {
            target,
            program: target.program,
            shapes,
            inputs,
            outputs: Vec::new(),
            held: readers(target.program),
            memory: Reserve::default(),
            numbers: Numbers::default(),
            steps: Vec::new(),
            in_place: false,
            apart: false,
            part: None,
        }
    }

    /// Adds the steps of all stages.
    pub fn stages(&mut self) {
        (0..self.program.stages.len()).for_each(|at| self.stage(at));
    }

    /// The results as new arrays.
    fn results(&self, order: Order) -> Vec<ResultLayout> {
        let mut like = Like::new(self.program, self.shapes, self.inputs);
        let layout = |(dtype, parts): (DType, std::ops::Range<usize>)| {
            let shape = self.shapes.output(self.program, parts.start).clone();
            let order = like.order(order, parts.start);
            ResultLayout { dtype, shape, order }
        };
        self.program.graph.results().map(layout).collect()
    }

    /// Decides where the passes write output `part` of this shape, and gives what is copied in the end; `None` where the caller's
    /// array does not take it.
    fn output(&mut self, part: u32, dtype: DType, shape: &Shape, out: Lies) -> Option<Vec<(DType, Walk)>> {
        let missing = out.shape.len().checked_sub(shape.len())?;
        let lengths: Shape = std::iter::repeat_n(1, missing).chain(shape.iter().copied()).collect();
        // (The one element of an axis of length 1 has no place along one of length 0.)
        if !lengths.iter().zip(out.shape).all(|(&n, &m)| n == m || n == 1 && m > 0) {
            return None;
        }
        let mut copies = Vec::new();
        let operand = |role| Operand::new(OperandSpec::plain(dtype, role), Place::Output(part));
        let strides = SmallVec::from_slice(&out.strides[missing..]);
        let there = Array { operand: operand(Role::Out), shape: shape.clone(), strides };
        if self.apart {
            let (at, _) = self.memory.take(count(shape).unwrap_or(0), dtype.size());
            let apart = Array::packed(OperandSpec::plain(dtype, Role::In), at, shape.clone());
            copies.push((dtype, walk(shape, vec![apart.clone(), there])));
            self.outputs.push(apart);
        } else {
            self.outputs.push(there);
        }
        let mut done = lengths;
        for axis in 0..out.shape.len() {
            if done[axis] == out.shape[axis] {
                continue;
            }
            // The first place along the axis has been written; it is copied to the others.
            let mut rest = done.clone();
            rest[axis] = out.shape[axis] - 1;
            let strides: SmallVec<[isize; 6]> = SmallVec::from_slice(out.strides);
            let mut from = Array { operand: operand(Role::In), shape: rest.clone(), strides };
            let mut to = Array { operand: operand(Role::Out), ..from.clone() };
            from.strides[axis] = 0;
            to.operand.offset = out.strides[axis];
            copies.push((dtype, walk(&rest, vec![from, to])));
            done[axis] = out.shape[axis];
        }
        Some(copies)
    }

    /// Adds a pass that copies.
    pub fn copy(&mut self, dtype: DType, mut walk: Walk) {
        if walk.nest.shape().contains(&0) {
            return;
        }
        walk.nest.arrange(|_| false);
        let mut pass = self.target.pass(Use::Copy(dtype), walk, &mut self.numbers);
        pass.shown = None;
        self.steps.push(Step::Pass(pass));
    }

    /// Adds the steps of a stage.
    fn stage(&mut self, at: usize) {
        let program = self.program;
        let empty = count(&self.shapes.stages[at]) == Some(0);
        match &program.stages[at].work {
            Work::Map(_) | Work::Prepare(_) if empty || self.held[at].done => {}
            Work::Map(_) if self.part.is_some() => {}
            Work::Map(_) | Work::Prepare(_) => {
                self.hold(at);
                let mut arrays: Vec<Array> =
                    program.stages[at].sources.iter().map(|&source| self.source(source)).collect();
                arrays.extend(self.stores(at));
                let mut walk = walk(&self.shapes.stages[at], arrays);
                walk.nest.arrange(|_| false);
                let mut pass = self.target.pass(Use::Stage(at, Body::MAP), walk, &mut self.numbers);
                if let Some(shown) = &mut pass.shown {
                    shown.shape = self.shapes.stages[at].clone();
                }
                self.steps.push(Step::Pass(pass));
            }
            Work::Reduce(group) if empty => {
                self.hold(at);
                let elements = count(self.shapes.left[at].kept()).unwrap_or(0);
                for (&(place, _), monoid) in self.held[at].parts.iter().zip(&group.monoids) {
                    if let (Some(value), true) = (monoid.empty, elements > 0) {
                        self.steps.push(Step::Fill { at: place, value, count: elements });
                    }
                }
            }
            Work::Reduce(group) => self.reduce(at, group),
        }
        let read: SmallVec<[usize; 4]> =
            program.stages[at].sources.iter().filter_map(|(_, source)| source.stage()).collect();
        for of in read {
            if self.held[of].last == at {
                self.release(of);
            }
        }
    }

    /// Gives back the memory of what a stage has left.
    pub fn release(&mut self, at: usize) {
        let parts = std::mem::take(&mut self.held[at].parts);
        parts.into_iter().for_each(|part| self.memory.give(part));
    }

    /// Makes room for what a stage leaves.
    pub fn hold(&mut self, at: usize) {
        let elements = count(self.shapes.left[at].kept()).unwrap_or(0);
        let sizes = self.program.stages[at].leaves().iter().map(|&node| self.program.graph.node(node).dtype.size());
        self.held[at].parts = sizes.map(|size| self.memory.take(elements, size)).collect();
    }

    /// Notes that a stage has been done with another.
    pub fn done_with(&mut self, at: usize) {
        self.held[at].done = true;
    }

    /// What a stage reads: the operand, its shape, and its strides in bytes.
    pub fn source(&mut self, source: (NodeId, Source)) -> Array {
        let spec = OperandSpec::of_source(self.program, source);
        match source.1 {
            Source::Input(i) => {
                let Lies { shape, strides, .. } = self.inputs[i as usize];
                let operand = Operand::new(spec, Place::Input(i));
                Array { operand, shape: Shape::from_slice(shape), strides: SmallVec::from_slice(strides) }
            }
            Source::Temp { stage, part, keepdims } => {
                let shape = self.shapes.left[stage as usize].forms[usize::from(keepdims)].clone();
                Array::packed(spec, self.held[stage as usize].parts[part as usize].0, shape)
            }
            Source::Count(c) => Array::number(spec, self.numbers.place(self.shapes.counts[c as usize])),
            Source::Position => Array::number(spec, Place::Affine(0)),
        }
    }

    /// What stage `at`, no reduction, stores: outputs, or what it leaves.
    pub fn stores(&self, at: usize) -> Vec<Array> {
        let stage = &self.program.stages[at];
        let Work::Map(stores) = &stage.work else { return self.left(at) };
        let store = |&(node, output): &(NodeId, u32)| {
            let array = self.outputs[output as usize].clone();
            let spec = OperandSpec::plain(self.program.graph.node(node).dtype, Role::Out);
            Array { operand: Operand { spec, ..array.operand }, ..array }
        };
        stores.iter().map(store).collect()
    }

    /// What stage `at` leaves, with the reduced axes.
    pub fn left(&self, at: usize) -> Vec<Array> {
        let parts = self.program.stages[at].leaves().iter().zip(&self.held[at].parts);
        let left = |(&node, &(place, _)): (&NodeId, &(usize, usize))| {
            let spec = OperandSpec::plain(self.program.graph.node(node).dtype, Role::Out);
            Array::packed(spec, place, self.shapes.left[at].kept().clone())
        };
        parts.map(left).collect()
    }
}

impl Array {
    /// One in C order in the call's memory.
    pub fn packed(spec: OperandSpec, place: usize, shape: Shape) -> Array {
        let size = spec.dtype.size() as isize;
        let strides = c_strides(&shape).into_iter().map(|stride| stride.saturating_mul(size)).collect();
        Array { operand: Operand::new(spec, Place::Call(place)), shape, strides }
    }

    fn number(spec: OperandSpec, place: Place) -> Array {
        Array { operand: Operand::new(spec, place), shape: Shape::new(), strides: SmallVec::new() }
    }
}

/// A walk over this shape of these arrays.
pub(super) fn walk(shape: &[usize], arrays: Vec<Array>) -> Walk {
    let mut walk = Walk { nest: Nest::new(shape), operands: Vec::new() };
    for Array { operand, shape, strides } in arrays {
        walk.operands.push(operand);
        walk.nest.push(&shape, &strides);
    }
    walk
}
