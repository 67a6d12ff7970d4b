//! Scans by functions as tasks.
//!
//! Along its axis a state follows from the one before it, one after another: nothing is cut there. What lies beside each other along the
//! other axes is done side by side, in vectors: a kernel of two loops, the scanned axis and then neighbours, whose states lie in a
//! buffer that stays in the near caches. A task is some neighbours from the first element to the last; the kernel is called for some elements at a
//! time, so that a call can be ended. Where there are few neighbours, a second kernel does several elements at a time, for whose states
//! registers do. Reversed, the axis is walked from its other end.

use smallvec::SmallVec;

use super::kernels::Use;
use super::layout::{Body, OperandSpec};
use super::make::{Array, Maker};
use super::pass::TASKS;
use super::program::{Recurrence, Start};
use super::scan::{lies_in_columns, nest};
use super::schedule::{Begin, How, Recur, Shown, Step, TileKernel, TileOperand, Tiles, Walk};
use super::slice::points;
use super::table::Table;
use crate::dtype::DType;
use crate::ir::Role;

/// Bytes of the states of a task. (Rather in L2 than parts of rows: each part begins on pages of its own.)
const STATES: usize = 32 << 10;
/// Bytes of a part of a row at least, where rows are shared out: each begins on pages of its own, and two threads that read and write shorter ones
/// take longer than one that does whole rows, unless an element takes so many nanoseconds.
const PART: usize = 16 << 10;
const LONG: f64 = 1.0;
/// Neighbours of a task, where each is on a line of its own: the lines of a few arrays stay in L1.
const LINES: usize = 128;
/// Neighbours of a task at least, where these are shared out: whole vectors and lines.
const NARROW: usize = 64;
/// Elements of a task for which the kernel is called at a time.
const STEP: usize = 1 << 14;
/// Neighbours that are so few that the states of several elements are not put into memory.
const FEW: usize = 8;
/// Elements at a time then; operations and operands of a kernel of these at most.
const SEVERAL: usize = 8;
const OPERATIONS: usize = 256;
const OPERANDS: usize = 64;

impl Maker<'_> {
    /// Adds the steps of stage `at`, which has elements.
    pub fn recur(&mut self, at: usize, of: &Recurrence) {
        let (program, shape) = (self.program, self.shapes.left[at].kept().clone());
        let axis = if of.axis < 0 { of.axis + shape.len() as i32 } else { of.axis } as usize;
        let joins = of.joins.filter(|&map| self.shapes.stages[map] == shape);
        let states: SmallVec<[DType; 2]> = program.graph.loops[of.index as usize].body.types().collect();
        let mut arrays: Vec<Array> = of.elements.iter().map(|&source| self.source(source)).collect();
        let sources = arrays.len();
        self.ends_of_recurrence(at, joins, &mut arrays);
        let ends = sources..arrays.len();
        let operands = |times: usize| {
            let walked = |of: std::ops::Range<usize>| {
                (0..times).flat_map(move |by| of.clone().map(move |o| TileOperand::Later(o, by)))
            };
            let parts = (0..states.len()).map(TileOperand::Part);
            let all = walked(0..sources).chain(parts).chain(walked(ends.clone()));
            all.map(|operand| if let TileOperand::Later(o, 0) = operand { TileOperand::Walk(o) } else { operand })
                .collect()
        };
        let right = shape.len() - 1 - axis;
        let starts: SmallVec<[Option<usize>; 2]> = of
            .starts
            .iter()
            .map(|start| match *start {
                Start::Const(_) => None,
                Start::Array(node, source) => {
                    let array = self.source((node, source));
                    arrays.push(along(array, right));
                    Some(arrays.len() - 1)
                }
            })
            .collect();
        let mut walk = nest(&shape, axis, &arrays);
        if of.reverse {
            reverse(&mut walk);
        }
        let moved: usize = arrays.iter().map(|array| array.operand.size()).sum();
        let nanoseconds = self.target.of_stage(at);
        let weight = nanoseconds / crate::ir::cost::NATIVE;
        let all: usize = walk.nest.shape().iter().product();
        let parallel =
            self.target.pays_to_share(all, moved, weight) && self.parts_are_long(&walk, &states, nanoseconds);
        let tiles = self.tiles_of_recurrence(walk, &states, (parallel, nanoseconds));
        let mut kernel = |times: usize| {
            let body = Use::Stage(at, Body::recur(joins.is_some(), times));
            self.kernel_of_recurrence((&tiles, &states, times), body, operands(times))
        };
        let step = kernel(1);
        let times = several(&tiles, weight as usize, ends.end);
        let several = (times > 1).then(|| (kernel(times), times));
        let begin = of.starts.iter().zip(starts).enumerate();
        let begin = begin.map(|(part, (start, array))| match (*start, array) {
            (Start::Const(c), _) => Begin::Number(c),
            (Start::Array(..), None) => unreachable!("an array has a place"),
            (Start::Array(..), Some(o)) => {
                let operands = SmallVec::from_slice(&[TileOperand::Walk(o), TileOperand::Part(part)]);
                Begin::Copy(Box::new(self.kernel_of_recurrence(
                    (&tiles, &states, 1),
                    Use::Copy(states[part]),
                    operands,
                )))
            }
        });
        let begin = begin.collect();
        let shown = Shown { how: How::Stepped, joined: joins.is_some(), shape, walk: None, sources, moved: None };
        self.steps.push(Step::Recur(Box::new(Recur {
            stage: at,
            tiles,
            states,
            begin,
            step,
            several,
            parallel,
            shown,
        })));
    }

    /// What is done with the results: they are read by the stage that joins, or stored for later ones.
    fn ends_of_recurrence(&mut self, at: usize, joins: Option<usize>, arrays: &mut Vec<Array>) {
        let Some(map) = joins else {
            self.hold(at);
            arrays.extend(self.left(at));
            return;
        };
        self.hold(map);
        self.done_with(map);
        for source in super::layout::joined_sources(self.program, at) {
            arrays.push(self.source(source));
        }
        arrays.extend(self.stores(map));
    }

    /// Whether each thread would have long parts of rows, if it is rows that are shared out, or much to do at each element.
    fn parts_are_long(&self, walk: &Walk, states: &[DType], nanoseconds: f64) -> bool {
        let [outer @ .., wide, _] = walk.nest.shape() else { return true };
        let (outer, threads) = (outer.iter().product::<usize>(), self.target.threads);
        let long = outer >= threads || outer * wide / threads >= part(states);
        long || nanoseconds >= LONG || !lies_in_columns(walk)
    }

    /// How much a task takes. It decides nothing about the result.
    fn tiles_of_recurrence(&self, walk: Walk, states: &[DType], (parallel, nanoseconds): (bool, f64)) -> Tiles {
        let [kept @ .., length] = walk.nest.shape() else { unreachable!("there is an axis that is scanned") };
        let (wide, length) = (kept.last().copied().unwrap_or(1), *length);
        let outer = kept.iter().product::<usize>() / wide;
        let bytes: usize = states.iter().map(|dtype| dtype.size()).sum();
        let columns = lies_in_columns(&walk);
        let most = if columns { STATES / bytes } else { LINES.min(STATES / bytes) };
        let share = |shares: usize| (wide * outer).div_ceil(shares).next_multiple_of(NARROW);
        let shared = share(self.target.threads * TASKS);
        let shared = if columns { shared.max(part(states).min(share(self.target.threads))) } else { shared };
        let group = if parallel { shared.min(most) } else { most };
        // (All about as wide.)
        let group = wide.div_ceil(wide.div_ceil(group)).next_multiple_of(NARROW);
        let group = self.target.tuning.tile.map_or(group, |tile| tile.max(1)).clamp(1, wide);
        let at_a_time = self.target.tuning.tile.map_or(STEP.min(points(nanoseconds)), |tile| tile.max(1));
        let step = (at_a_time / group).clamp(1, length);
        Tiles { walk, across: true, loops: 2, group, step, piece: length }
    }

    /// A kernel of which parts are states: they stay where they are along the scanned axis, which it walks by so many elements.
    fn kernel_of_recurrence(
        &mut self,
        (tiles, states, times): (&Tiles, &[DType], usize),
        of: Use,
        operands: SmallVec<[TileOperand; 4]>,
    ) -> TileKernel {
        let nest = &tiles.walk.nest;
        let rank = nest.rank();
        let mut table = Table::new(tiles.loops);
        for operand in &operands {
            match *operand {
                TileOperand::Walk(o) | TileOperand::Later(o, _) => {
                    let strides = nest.strides(o);
                    let own = [times as isize * strides[rank - 1], strides[rank - 2]];
                    table.push_operand(self.program, &tiles.walk.operands[o], &own, tiles.wide() == 1);
                }
                TileOperand::Part(part) => {
                    let spec = OperandSpec::plain(states[part], Role::InOut);
                    table.push(&spec, &[0, states[part].size() as isize]);
                }
            }
        }
        let called = table.called(&self.target, of, &mut self.numbers);
        TileKernel { called, operands, nontemporal: None }
    }
}

/// Elements of a long part of a row.
fn part(states: &[DType]) -> usize {
    PART / states.iter().map(|dtype| dtype.size()).max().unwrap_or(1)
}

/// How many elements are done at a time: more than one where there are few points side by side, and not too much is done at each.
fn several(tiles: &Tiles, operations: usize, operands: usize) -> usize {
    if tiles.wide() > FEW {
        return 1;
    }
    let most = SEVERAL.min(tiles.step).min(OPERATIONS / operations.max(1)).min(OPERANDS / operands.max(1));
    most.checked_ilog2().map_or(1, |log| 1 << log)
}

/// An array over the other axes as one that does not move along the scanned one, which has so many axes to its right.
fn along(mut array: Array, right: usize) -> Array {
    if let Some(at) = array.shape.len().checked_sub(right) {
        array.shape.insert(at, 1);
        array.strides.insert(at, 0);
    }
    array
}

/// Walks the last axis from its other end.
fn reverse(walk: &mut Walk) {
    let Some(last) = walk.nest.rank().checked_sub(1) else { return };
    let steps = walk.nest.shape()[last].saturating_sub(1) as isize;
    for (o, operand) in walk.operands.iter_mut().enumerate() {
        operand.offset += steps * walk.nest.strides(o)[last];
    }
    walk.nest.reverse(last);
}
