//! From an access by coordinates to a view, within a box.
//!
//! Comes in: an array, coordinates along its axes, a box. Goes out: a view whose axes are the indices around the access. Always holds: the
//! first and the last coordinate along each axis are within the array.

use super::boxes::{Read, read};
use super::ranges::{Range, Reach};
use super::slab::Slab;
use crate::types::notation::Operand;

/// The coordinates from the least to the greatest along each axis; none if the box has no points.
pub fn intervals(reaches: &[Reach], within: &[Range]) -> Option<Vec<Range>> {
    reaches.iter().map(|reach| reach.between(within)).collect()
}

/// How each coordinate is read.
pub fn reads(reaches: &[Reach], intervals: &[Range]) -> Vec<Read> {
    reaches.iter().zip(intervals).map(|(reach, &interval)| read(reach, interval)).collect()
}

/// The view, where each coordinate goes to `offset + sign*coordinate` of its axis. `None` if that leaves the array.
pub fn view(array: &Slab, operand: &Operand, reaches: &[Reach], reads: &[Read], within: &[Range]) -> Option<Slab> {
    let mut view = spread(array, operand, |axis| reaches.iter().any(|r| r.terms.iter().any(|t| t.0 == axis)), within);
    if view.is_empty() {
        return Some(view);
    }
    let intervals = intervals(reaches, within)?;
    let mut first: i128 = 0;
    for (dim, (reach, how)) in reaches.iter().zip(reads).enumerate() {
        let &Read::Affine { sign, offset } = how else { return None };
        let (stride, length) = (array.strides[dim] as i128, array.shape[dim] as i128);
        let (least, most) = intervals[dim];
        if ![least, most].iter().all(|at| (0..length).contains(&(offset + sign * at))) {
            return None;
        }
        let start = reach.terms.iter().fold(reach.constant, |sum, &(axis, times)| sum + times * within[axis].0);
        first += stride * (offset + sign * start);
        for &(axis, times) in &reach.terms {
            // (Along an axis of one element there is no step: it may be beyond any.)
            let (low, high) = within[axis];
            if high - low > 1 {
                let at = operand.scope.iter().position(|&own| own as usize == axis)?;
                view.strides[at] += (stride * sign * times) as isize;
            }
        }
    }
    view.advance(first);
    Some(view)
}

/// An array of the lengths of the indices around an operand: those that it follows, or carries; of stride 0.
pub fn spread(array: &Slab, operand: &Operand, follows: impl Fn(usize) -> bool, within: &[Range]) -> Slab {
    let length = |(at, &axis): (usize, &u32)| {
        let (low, high) = within[axis as usize];
        if follows(axis as usize) || operand.carries >> at & 1 == 1 { (high - low).max(0) as usize } else { 1 }
    };
    let shape: crate::plan::shape::Shape = operand.scope.iter().enumerate().map(length).collect();
    let strides = smallvec::SmallVec::from_elem(0, shape.len());
    Slab { shape, strides, ..array.clone() }
}
