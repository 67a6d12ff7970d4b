//! A loop around stages: rows, a tile of them at a time, go through all stages that keep them apart.
//!
//! Comes in: a program, the shapes of its stages, and how arrays lie. Goes out: the axis of rows that these stages have in common, and
//! how arrays of a tile of them lie. What stages leave for each other is then as large as a tile, and stays in the cache. Always
//! holds: no stage in the loop combines elements of several rows, and none before the loop has rows.
//!
//! What is reduced is never the rows' axis, so each sum is one of as many elements, in the same order, as without the loop.

use smallvec::SmallVec;

use super::program::{Program, Work, most_held};
use super::shape::{Shape, count};
use super::shapes::{Lies, Shapes};
use super::source::Source;
use super::target::Tuning;
use crate::types::graph::NodeId;

/// Bytes of a tile's arrays: they stay in a core's own caches.
const TILE: usize = 128 << 10;
/// Bytes of the arrays of a single row, above which they would not stay there.
const ROW: usize = 256 << 10;

/// The rows of a program.
pub struct Rows {
    /// How many.
    pub length: usize,
    /// How many a tile has.
    pub tile: usize,
    /// For each input the axis that counts them, if it has one.
    pub inputs: Vec<Option<usize>>,
    /// For each stage the axis of its shape that counts them; none of those that come before the loop.
    pub stages: Vec<Option<usize>>,
    /// Bytes of all that belongs to a row and is there at a time.
    pub bytes: usize,
}

/// The search for rows along one axis.
struct Search<'a> {
    program: &'a Program,
    shapes: &'a Shapes,
    inputs: &'a [Lies<'a>],
    /// How many rows there are.
    length: usize,
    /// The axis that counts them in a stage that reads no rows of another one, counted from the last.
    from_last: usize,
    /// For each input so far used the axis that counts them, if it has one, and how many stages in the loop read it.
    used: Vec<(Option<Option<usize>>, usize)>,
    stages: Vec<Option<usize>>,
    /// Bytes of a row of inputs and results.
    bytes: usize,
    /// What each stage leaves, in bytes of a row; 0 of those before the loop.
    left: Vec<usize>,
    /// Whether stages in the loop read what others read or have stored: else it saves nothing.
    shares: bool,
}

impl Rows {
    /// The rows of a program for such arrays, if going through it by rows is worth it.
    pub fn of(program: &Program, shapes: &Shapes, inputs: &[Lies], tuning: &Tuning) -> Option<Rows> {
        if program.stages.len() < 2 || shapes.stages.iter().any(|shape| count(shape) == Some(0)) {
            return None;
        }
        // (They go through memory once as it is.)
        if program.stages.iter().any(|stage| matches!(stage.work, Work::Scan(_) | Work::Count(_) | Work::Recur(_))) {
            return None;
        }
        let rank = shapes.stages.iter().map(|shape| shape.len()).max()?;
        let along = |from_last| Search::new(program, shapes, inputs, from_last)?.rows();
        let mut rows = (0..rank).rev().find_map(along)?;
        rows.tile = match tuning.tile {
            Some(elements) => elements * rows.length / shapes.stages.iter().filter_map(|shape| count(shape)).max()?,
            None if rows.bytes > ROW => return None,
            None => TILE / rows.bytes.max(1),
        };
        rows.tile = rows.tile.max(1);
        (rows.tile < rows.length).then_some(rows)
    }

    /// The shape of an array with so many rows.
    pub fn cut(&self, shape: &[usize], axis: Option<usize>, rows: usize) -> Shape {
        let mut shape = Shape::from_slice(shape);
        if let Some(axis) = axis {
            shape[axis] = rows;
        }
        shape
    }

    /// For each output the axis that counts rows, if all of them lie so that a tile of rows can be written by itself.
    pub fn outputs(&self, program: &Program, outputs: &[Lies]) -> Option<Vec<Option<usize>>> {
        let axis = |(&stage, lies): (&u32, &Lies)| match self.stages[stage as usize] {
            Some(axis) if !is_outermost(lies, axis) => None,
            axis => Some(axis),
        };
        program.stored_by.iter().zip(outputs).map(axis).collect()
    }
}

impl<'a> Search<'a> {
    fn new(program: &'a Program, shapes: &'a Shapes, inputs: &'a [Lies<'a>], from_last: usize) -> Option<Search<'a>> {
        let lengths = shapes.stages.iter().filter_map(|shape| Some(shape[shape.len().checked_sub(from_last + 1)?]));
        let length = lengths.max().filter(|&n| n > 1)?;
        let used = vec![(None, 0); inputs.len()];
        Some(Search {
            program,
            shapes,
            inputs,
            length,
            from_last,
            used,
            stages: Vec::new(),
            bytes: 0,
            left: Vec::new(),
            shares: false,
        })
    }

    fn rows(mut self) -> Option<Rows> {
        (0..self.program.stages.len()).try_for_each(|at| self.stage(at))?;
        let inputs: Vec<Option<usize>> = self.used.iter().map(|(axis, _)| axis.flatten()).collect();
        for (lies, _) in self.inputs.iter().zip(&inputs).filter(|(_, axis)| axis.is_some()) {
            self.add(lies.shape, lies.size)?;
        }
        let held = most_held(&self.program.stages, |at| self.left[at]);
        let bytes = self.bytes.checked_add(held)?;
        let Search { length, stages, .. } = self;
        self.shares.then_some(Rows { length, tile: 1, inputs, stages, bytes })
    }

    /// Finds the axis of rows of the next stage; none where it and rows do not go together.
    fn stage(&mut self, at: usize) -> Option<()> {
        let (program, shapes) = (self.program, self.shapes);
        let (stage, shape) = (&program.stages[at], &shapes.stages[at]);
        let left: SmallVec<[usize; 4]> = stage.sources.iter().filter_map(|&(_, source)| self.of_left(source)).collect();
        let here = left.first().copied().unwrap_or(self.from_last);
        let axis = shape.len().checked_sub(here + 1).filter(|&axis| shape[axis] == self.length);
        if left.iter().any(|&other| other != here) || axis.is_none() && !left.is_empty() {
            return None;
        }
        for &(_, source) in &stage.sources {
            self.source(source, axis.map(|_| here))?;
        }
        if axis.is_some_and(|axis| shapes.left[at].axes >> axis & 1 == 1) {
            return None;
        }
        self.stages.push(axis);
        self.left.push(0);
        if axis.is_some() {
            self.shares |= matches!(stage.work, Work::Prepare(_));
            let (own, stored): (&[usize], SmallVec<[NodeId; 4]>) = match stage.group() {
                Some(group) => (shapes.left[at].kept(), SmallVec::from_slice(&group.nodes)),
                None => (shape, stage.stores().collect()),
            };
            let size: usize = stored.iter().map(|&node| program.graph.node(node).dtype.size()).sum();
            if let Work::Map(_) = stage.work {
                self.add(own, size)?;
            } else {
                self.left[at] = count(own)?.checked_mul(size)? / self.length;
            }
        }
        Some(())
    }

    /// Notes what a stage reads whose axis of rows is this, counted from the last; none where it reads it otherwise than another one.
    fn source(&mut self, source: Source, here: Option<usize>) -> Option<()> {
        let axis = |shape: &[usize]| shape.len().checked_sub(here? + 1).filter(|&axis| shape[axis] > 1);
        match source {
            Source::Input(i) => {
                let lies = &self.inputs[i as usize];
                let (used, readers) = &mut self.used[i as usize];
                let axis = axis(lies.shape);
                if *used.get_or_insert(axis) != axis || axis.is_some_and(|axis| !is_outermost(lies, axis)) {
                    return None;
                }
                *readers += usize::from(axis.is_some());
                self.shares |= *readers > 1;
            }
            // What has been left before the loop has no rows.
            Source::Temp { stage, keepdims, .. } if self.stages[stage as usize].is_none() => {
                if axis(&self.shapes.left[stage as usize].forms[usize::from(keepdims)]).is_some() {
                    return None;
                }
            }
            // (It goes on from tile to tile.)
            Source::Index(_) if here.is_some() => return None,
            Source::Temp { .. } | Source::Count(_) | Source::Position | Source::Index(_) => {}
        }
        Some(())
    }

    /// The axis of rows in what a stage in the loop has left, counted from the last.
    fn of_left(&self, source: Source) -> Option<usize> {
        let Source::Temp { stage, keepdims, .. } = source else { return None };
        let axis = self.stages[stage as usize]?;
        let gone = self.shapes.left[stage as usize].axes;
        let after = axis + 1..self.shapes.stages[stage as usize].len();
        Some(after.filter(|axis| keepdims || gone >> axis & 1 == 0).count())
    }

    /// Counts the bytes of an array that has rows.
    fn add(&mut self, shape: &[usize], size: usize) -> Option<()> {
        let bytes = count(shape)?.checked_mul(size)? / self.length;
        self.bytes = self.bytes.checked_add(bytes)?;
        Some(())
    }
}

/// Whether steps along an axis are the longest: a tile of rows is then near in memory.
fn is_outermost(lies: &Lies, axis: usize) -> bool {
    let steps = lies.shape.iter().zip(lies.strides).filter(|(n, _)| **n > 1);
    steps.map(|(_, step)| step.unsigned_abs()).all(|step| step <= lies.strides[axis].unsigned_abs())
}
