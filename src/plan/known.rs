//! What is known of the shapes of a call's arrays, as far as another form of the program may make use of it.

use smallvec::SmallVec;

use super::program::{Known, Program};
use super::rows::Rows;
use super::shape::count;
use super::shapes::{Lies, Shapes};
use super::target::Tuning;

/// Along an axis of so many elements an array is long: what it is repeated along is so many times more.
const LONG: usize = 8;
/// Points of a pass from which on what depends on fewer elements may be a pass of its own.
const MANY: usize = 2048;
/// Points of a pass up to which a few arrays of as many elements stay in the nearer caches, and in the memory that a thread keeps.
const NEAR: usize = 1 << 18;

impl Known {
    /// What is known of them, as far as another form of the program may make use of it.
    pub fn of(shapes: &Shapes, program: &Program, inputs: &[Lies], tuning: &Tuning) -> Known {
        let maps = program.maps();
        let one_shape = maps.len() > 1 && maps.clone().all(|at| shapes.stages[at] == shapes.stages[maps.start]);
        let points = || shapes.stages.iter().filter_map(|shape| count(shape)).max().unwrap_or(0);
        let mut long = SmallVec::new();
        let many = tuning.serial_below.map_or(MANY, |below| below.min(MANY));
        if program.costly && inputs.len() > 1 && points() >= many {
            long.extend(inputs.iter().map(|lies| {
                let axes = lies.shape.iter().rev().enumerate().filter(|(_, n)| **n >= LONG);
                axes.fold(0u64, |axes, (axis, _)| axes | 1 << axis)
            }));
            // Bare numbers are long along none. Arrays that are all alike are no reason for another form.
            let mut arrays = long.iter().filter(|&&axes| axes != 0);
            let first = arrays.next();
            if arrays.all(|axes| Some(axes) == first) {
                long.clear();
            }
        }
        let points = points();
        let near = program.stages.len() > 1
            && points >= many
            && (points <= NEAR || Rows::of(program, shapes, inputs, tuning).is_some());
        Known { one_shape, long, near }
    }
}
