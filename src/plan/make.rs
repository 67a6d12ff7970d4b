//! From stages, and arrays of certain shapes and strides, to steps.
//!
//! Comes in: stages in order, and how inputs and outputs lie. Goes out: their steps. Always holds: a step reads inputs and what earlier steps have left; memory that is
//! given out twice is no longer read.

use smallvec::SmallVec;

use super::fold::PIECE;
use super::kernels::Use;
use super::layout::{Body, OperandSpec};
use super::nest::Nest;
use super::order::{Like, Order};
use super::program::{Group, Program, Work, last_readers};
use super::reserve::Reserve;
use super::schedule::{Operand, Place, ResultLayout, Schedule, Step, Walk};
use super::shape::{Shape, c_strides, count};
use super::shapes::{Lies, ShapeError, Shapes};
use super::source::Source;
use super::table::Numbers;
use super::target::Target;
use crate::dtype::DType;
use crate::ir::Role;
use crate::types::graph::NodeId;

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
    /// Whether they are in the memory of the call, and this is a loop's body.
    outer: bool,
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
    pub inputs: &'a [Lies<'a>],
    /// The graph's outputs, as passes write them.
    outputs: Vec<Array>,
    held: Vec<Held>,
    pub memory: Reserve,
    pub numbers: Numbers,
    pub steps: Vec<Step>,
    pub in_place: bool,
    /// Whether results are computed into the call's memory, and copied when all have been.
    pub apart: bool,
    /// If the states of a part of an array are wanted, and no results: which there are.
    pub part: Option<Part>,
}

impl<'a> Maker<'a> {
    /// Nothing made yet.
    pub fn new(target: Target<'a>, shapes: &'a Shapes, inputs: &'a [Lies<'a>], in_place: bool) -> Maker<'a> {
        let program = target.program;
        Maker {
            target,
            program,
            shapes,
            inputs,
            outputs: Vec::new(),
            held: last_readers(&program.stages).into_iter().map(|last| Held { last, ..Held::default() }).collect(),
            memory: Reserve::default(),
            numbers: Numbers::default(),
            steps: Vec::new(),
            in_place,
            apart: false,
            part: None,
        }
    }

    /// What has been made.
    ///
    /// # Errors
    /// Where there cannot be as much memory as it takes.
    pub fn schedule(self) -> Result<Schedule, ShapeError> {
        let bytes = self.memory.bytes().ok_or(ShapeError::Memory)?;
        Ok(Schedule { steps: self.steps, bytes, numbers: self.numbers.all(), results: Vec::new() })
    }

    /// Takes over what another one's stage leaves: it is read, in the memory of the call, by a loop's body.
    pub fn take_over(&mut self, at: usize, of: &Maker) {
        let outer = &of.held[at];
        self.held[at] = Held { parts: outer.parts.clone(), last: outer.last, done: true, outer: true };
    }

    /// The results as new arrays.
    pub fn results(&self, order: Order) -> Vec<ResultLayout> {
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
    pub fn output(&mut self, part: u32, dtype: DType, shape: &Shape, out: Lies) -> Option<Vec<(DType, Walk)>> {
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
        walk.straighten(walk.operands.len(), |_| true);
        walk.nest.arrange(|_| false);
        let mut pass = self.target.pass(Use::Copy(dtype), walk, &mut self.numbers);
        pass.shown = None;
        self.steps.push(Step::Pass(pass));
    }

    /// Adds the steps of a stage.
    pub fn stage(&mut self, at: usize) {
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
                walk.straighten(walk.operands.len(), |_| true);
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
            Work::Count(counts) => self.count(at, counts, empty),
            Work::Scan(_) if empty => self.hold(at),
            Work::Scan(scans) => self.scan(at, scans),
            Work::Recur(_) if empty => self.hold(at),
            Work::Recur(of) => self.recur(at, of),
        }
        let read: SmallVec<[usize; 4]> =
            program.stages[at].sources.iter().filter_map(|(_, source)| source.stage()).collect();
        for of in read {
            if self.held[of].last == at && !self.held[of].outer {
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
                let held = &self.held[stage as usize];
                let at = held.parts[part as usize].0;
                let array = Array::packed(spec, at, shape);
                if held.outer {
                    return Array { operand: Operand::new(spec, Place::Outer(at)), ..array };
                }
                array
            }
            Source::Count(c) => Array::number(spec, self.numbers.place(self.shapes.counts[c as usize])),
            Source::Position => Array::number(spec, Place::Affine(0)),
            Source::Index(n) => {
                let index = &self.shapes.indices[n as usize];
                Array {
                    operand: Operand::new(spec, Place::Affine(0)),
                    shape: index.shape.clone(),
                    strides: index.steps(),
                }
            }
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
        walk.push_array(operand, &shape, &strides);
    }
    walk
}
