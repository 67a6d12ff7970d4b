//! The states of a part of an array, as the results of a schedule.
//!
//! Comes in: a program all of whose reductions are over all axes, and a part of its arrays that begins and ends at a block. Goes
//! out: a schedule that has for each component of each reduction's state, stage by stage, one array: its values for pieces of
//! the part, in order. Always holds: the pieces of what is ordered are nodes of the tree of the whole.

use super::fold::PIECE;
use super::layout::OperandSpec;
use super::make::{Array, Maker, Part, walk};
use super::schedule::{Operand, Place, ResultLayout, Schedule};
use super::shape::Shape;
use super::shapes::{Lies, ShapeError, Shapes};
use super::target::Target;
use crate::ir::Role;

/// The most blocks of a piece, so that pieces are nodes of the tree of the whole: those of a part that begins at block `first` and
/// has so many, or all others.
pub fn aligned(first: usize, blocks: Option<usize>) -> usize {
    1 << (first | blocks.unwrap_or(0) | PIECE).trailing_zeros()
}

impl Schedule {
    /// The schedule for such arrays, with pieces of at most so many blocks.
    ///
    /// # Errors
    /// Where there cannot be as much memory.
    pub fn partial(target: Target, shapes: &Shapes, inputs: &[Lies], aligned: usize) -> Result<Schedule, ShapeError> {
        let mut maker = Maker::new(target, shapes, inputs, false);
        maker.part = Some(Part { aligned, states: Vec::new() });
        (0..target.program.stages.len()).for_each(|at| maker.stage(at));
        let states = maker.part.take().map(|part| part.states).unwrap_or_default();
        let mut results = Vec::new();
        for (at, (dtype, place, pieces)) in states.into_iter().enumerate() {
            let shape = Shape::from_slice(&[pieces]);
            let from = Array::packed(OperandSpec::plain(dtype, Role::In), place, shape.clone());
            let operand = Operand::new(OperandSpec::plain(dtype, Role::Out), Place::Output(at as u32));
            let to = Array { operand, ..from.clone() };
            maker.copy(dtype, walk(&shape, vec![from, to]));
            results.push(ResultLayout { dtype, shape, order: (0..1).collect() });
        }
        let schedule = maker.schedule()?;
        Ok(Schedule { results, ..schedule })
    }
}
