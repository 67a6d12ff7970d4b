//! What lies beyond an array's ends, copied out: where a box meets the border in several ways at once.
//!
//! Comes in: an array, the coordinates that are read along each axis, and modes. Goes out: a new array in which they lie one after the other.

use smallvec::SmallVec;

use super::memory::Memory;
use super::ranges::{Range, Reach};
use super::run::Run;
use super::slab::Slab;
use crate::dtype::DType;
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::plan::shape::Shape;
use crate::types::notation::Mode;

/// Copies of which a strip is made at most: three parts along each of ten axes.
const COPIES: usize = 60_000;

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

/// After how many coordinates a mode reads the same again; none if it does not.
fn period(reach: &Reach) -> Option<i128> {
    let extent = reach.extent;
    match reach.mode? {
        Mode::Wrap => Some(extent),
        Mode::Reflect => Some(2 * extent),
        Mode::Mirror => Some(2 * (extent - 1).max(1)),
        Mode::Clamp | Mode::Zero | Mode::Fill => None,
    }
}

/// How many coordinates from `at` on are read evenly, and by which step.
fn run_from(reach: &Reach, at: i128) -> (i128, i128) {
    const ALL: i128 = i128::MAX / 4;
    let (extent, last) = (reach.extent, reach.extent - 1);
    let turn = |period: i128| at.rem_euclid(period);
    match reach.mode {
        _ if extent == 1 => (ALL, 0),
        None => (ALL, 1),
        Some(Mode::Wrap) => (extent - turn(extent), 1),
        Some(Mode::Reflect) => match turn(2 * extent) {
            t if t < extent => (extent - t, 1),
            t => (2 * extent - t, -1),
        },
        Some(Mode::Mirror) => match turn(2 * last) {
            t if t < last => (last - t + 1, 1),
            t => (2 * last - t, -1),
        },
        Some(_) => match at {
            ..0 => (-at, 0),
            _ if at <= last => (extent - at, 1),
            _ => (ALL, 0),
        },
    }
}

/// The segments of an axis for the coordinates from `least` to `most`, of a mode that repeats those of the first turn.
fn segments(reach: &Reach, (least, most): Range) -> Vec<Segment> {
    let end = period(reach).map_or(most + 1, |period| (least + period).min(most + 1));
    let (mut all, mut at) = (Vec::new(), least);
    while at < end {
        let (run, step) = run_from(reach, at);
        let from = reach.mode.map_or(at, |mode| mode.place(at, reach.extent));
        let count = run.clamp(1, end - at);
        all.push(Segment { to: at - least, count, from, step });
        at += count;
    }
    all
}

/// An array in which the coordinate `least` along each axis is at 0.
pub fn strip(run: &Run, memory: &mut Memory, array: &Slab, reaches: &[Reach], of: &[Range]) -> Result<Slab, EvalError> {
    let axes: Vec<Vec<Segment>> = reaches.iter().zip(of).map(|(reach, &of)| segments(reach, of)).collect();
    let copies = axes.iter().try_fold(1usize, |n, of| n.checked_mul(of.len()));
    if copies.is_none_or(|n| n > COPIES) {
        let message = "this meets the borders of too many axes in too many ways at once";
        return Err(EvalError::new(EvalErrorKind::Limit, message).with_help("evaluate it in parts"));
    }
    let strip = memory.array(array.dtype, lengths(of))?;
    copy_segments(run, array, &strip, &axes)?;
    // What is there is repeated, twice as much each time.
    let mut there: Vec<usize> = axes.iter().map(|of| of.iter().map(|segment| segment.count as usize).sum()).collect();
    for axis in 0..there.len() {
        while there[axis] < strip.shape[axis] {
            let (mut from, mut to) = (strip.clone(), strip.clone());
            let more = there[axis].min(strip.shape[axis] - there[axis]);
            (from.shape, to.shape) = (Shape::from_slice(&there), Shape::from_slice(&there));
            (from.shape[axis], to.shape[axis]) = (more, more);
            to.advance(there[axis] as i128 * strip.strides[axis] as i128);
            run.copy(&from, &to.strided())?;
            there[axis] += more;
        }
    }
    Ok(Slab { swapped: array.swapped, ..strip })
}

/// How a strip lies that nobody reads.
pub fn unwritten(dtype: DType, of: &[Range]) -> Slab {
    Slab::packed(std::ptr::dangling_mut(), dtype, lengths(of))
}

fn lengths(of: &[Range]) -> Shape {
    of.iter().map(|&(least, most)| (most - least + 1).max(0) as usize).collect()
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
pub fn outside(memory: &mut Memory, reach: &Reach, (least, most): Range) -> Result<Slab, EvalError> {
    let count = (most - least + 1).max(0) as usize;
    memory.bools(count, (least..=most).map(|at| !(0..reach.extent).contains(&at)))
}

/// The array with its elements this far on along an axis, or along all as one.
pub fn rolled(run: &Run, memory: &mut Memory, array: &Slab, axis: Option<usize>, by: i128) -> Result<Slab, EvalError> {
    let packed = memory.array(array.dtype, array.shape.clone())?;
    let Some(axis) = axis.or((array.shape.len() == 1).then_some(0)) else {
        let mut flat = Slab { swapped: false, ..array.clone() };
        if flat.strided().contiguous().is_none() {
            let copy = memory.array(array.dtype, array.shape.clone())?;
            run.copy(&flat, &copy.strided())?;
            flat = copy;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::ast::Span;

    #[test]
    fn segments_read_where_the_mode_reads() {
        for mode in [Mode::Wrap, Mode::Clamp, Mode::Reflect, Mode::Mirror] {
            for extent in 1..5 {
                let (span, access) = (Span::default(), Span::default());
                let terms = SmallVec::new();
                let reach =
                    Reach { terms, constant: 0, extent, mode: Some(mode), bare: false, span, access, operand: 0 };
                for (least, most) in (-9..9).flat_map(|least| (least..9).map(move |most| (least, most))) {
                    let all = segments(&reach, (least, most));
                    let read: Vec<i128> =
                        all.iter().flat_map(|s| (0..s.count).map(|at| s.from + at * s.step)).collect();
                    let expected: Vec<i128> = (least..=most).map(|at| mode.place(at, extent)).collect();
                    let repeated = expected.iter().enumerate().all(|(at, place)| read[at % read.len()] == *place);
                    assert!(repeated, "{mode:?} {extent} {least} {most}: {read:?} {expected:?}");
                }
            }
        }
    }
}
