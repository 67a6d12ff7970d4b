//! What lies beyond an array's ends, copied out: where a box meets the border in several ways at once.
//!
//! Comes in: an array, the coordinates that are read along each axis, and modes. Goes out: a new array in which they lie one after the other.

use smallvec::SmallVec;

use super::memory::Memory;
use super::ranges::{Range, Reach};
use super::run::Run;
use super::slab::Slab;
use crate::dtype::DType;
use crate::error::eval::EvalError;
use crate::plan::shape::Shape;

/// Elements that lie one after the other in the strip, and evenly in the array.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Segment {
    /// Where they begin in the strip.
    to: i128,
    count: i128,
    /// Where they begin in the array.
    from: i128,
    step: i128,
}

/// The segments of an axis for the coordinates from `least` to `most`.
fn segments(reach: &Reach, (least, most): Range) -> Vec<Segment> {
    let place = |at: i128| reach.mode.map_or(at, |mode| mode.place(at, reach.extent));
    let mut all: Vec<Segment> = Vec::new();
    for at in least..=most {
        let from = place(at);
        match all.last_mut() {
            Some(last) if last.count == 1 && (from - last.from).abs() <= 1 => {
                (last.count, last.step) = (2, from - last.from);
            }
            Some(last) if last.count > 1 && from == last.from + last.count * last.step => last.count += 1,
            _ => all.push(Segment { to: at - least, count: 1, from, step: 0 }),
        }
    }
    all
}

/// An array in which the coordinate `least` along each axis is at 0.
pub fn strip(run: &Run, memory: &mut Memory, array: &Slab, reaches: &[Reach], of: &[Range]) -> Result<Slab, EvalError> {
    let shape: Shape = of.iter().map(|&(least, most)| (most - least + 1).max(0) as usize).collect();
    let strip = memory.array(array.dtype, shape)?;
    let axes: Vec<Vec<Segment>> = reaches.iter().zip(of).map(|(reach, &of)| segments(reach, of)).collect();
    copy_segments(run, array, &strip, &axes)?;
    Ok(Slab { swapped: array.swapped, ..strip })
}

/// Copies all combinations of segments.
fn copy_segments(run: &Run, array: &Slab, strip: &Slab, axes: &[Vec<Segment>]) -> Result<(), EvalError> {
    if axes.iter().any(Vec::is_empty) {
        return Ok(());
    }
    let mut at = vec![0; axes.len()];
    loop {
        let (mut from, mut to) = (array.clone(), strip.clone());
        for (axis, (&at, segments)) in at.iter().zip(axes).enumerate() {
            let Segment { to: start, count, from: first, step } = segments[at];
            from.advance(first * array.strides[axis] as i128);
            to.advance(start * strip.strides[axis] as i128);
            (from.shape[axis], to.shape[axis]) = (count as usize, count as usize);
            from.strides[axis] = (step * array.strides[axis] as i128) as isize;
        }
        // (Bytes are copied as they lie.)
        (from.swapped, to.swapped) = (false, false);
        run.copy(&from, &to.strided())?;
        let Some(next) = (0..axes.len()).rev().find(|&axis| at[axis] + 1 < axes[axis].len()) else { return Ok(()) };
        at[next] += 1;
        at[next + 1..].fill(0);
    }
}

/// Whether each coordinate from `least` to `most` is outside.
pub fn outside(memory: &mut Memory, reach: &Reach, (least, most): Range) -> Slab {
    memory.bools((least..=most).map(|at| !(0..reach.extent).contains(&at)))
}

/// The array with its elements this far on along an axis, or along all as one.
pub fn rolled(run: &Run, memory: &mut Memory, array: &Slab, axis: Option<usize>, by: i128) -> Result<Slab, EvalError> {
    let packed = memory.array(array.dtype, array.shape.clone())?;
    let Some(axis) = axis else {
        let mut flat = memory.array(array.dtype, array.shape.clone())?;
        run.copy(&Slab { swapped: false, ..array.clone() }, &flat.strided())?;
        let length: usize = array.shape.iter().product();
        let shape = Shape::from_slice(&[length]);
        flat = Slab::packed(flat.pointer, flat.dtype, shape.clone());
        let to = Slab::packed(packed.pointer, packed.dtype, shape);
        turn(run, &flat, &to, 0, by)?;
        return Ok(Slab { swapped: array.swapped, ..packed });
    };
    turn(run, &Slab { swapped: false, ..array.clone() }, &packed, axis, by)?;
    Ok(Slab { swapped: array.swapped, ..packed })
}

fn turn(run: &Run, from: &Slab, to: &Slab, axis: usize, by: i128) -> Result<(), EvalError> {
    let length = from.shape[axis] as i128;
    if from.is_empty() {
        return Ok(());
    }
    let by = by.rem_euclid(length);
    let whole = |n: usize| vec![Segment { to: 0, count: n as i128, from: 0, step: 1 }];
    let mut axes: Vec<Vec<Segment>> = from.shape.iter().map(|&n| whole(n)).collect();
    let parts = [
        Segment { to: by, count: length - by, from: 0, step: 1 },
        Segment { to: 0, count: by, from: length - by, step: 1 },
    ];
    axes[axis] = parts.into_iter().filter(|part| part.count > 0).collect();
    copy_segments(run, from, to, &axes)
}

/// An element that is never read.
pub fn nothing(memory: &mut Memory, dtype: DType) -> Result<Slab, EvalError> {
    memory.array(dtype, Shape::new())
}

/// How many elements a strip has.
pub fn size(of: &[Range]) -> Option<i128> {
    of.iter().try_fold(1i128, |n, &(least, most)| n.checked_mul(most.checked_sub(least)?.checked_add(1)?.max(0)))
}

/// An array read along one axis, of coordinates from `least` on.
pub fn shifted(reaches: &[Reach], of: &[Range]) -> SmallVec<[super::boxes::Read; 4]> {
    let own = |(_, &(least, _)): (&Reach, &Range)| super::boxes::Read::Affine { sign: 1, offset: -least };
    reaches.iter().zip(of).map(own).collect()
}
