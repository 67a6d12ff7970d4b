//! Shapes: broadcasting and the axes of reductions, by NumPy's rules.

use smallvec::SmallVec;

use crate::types::graph::Axes;

/// Lengths of axes, outermost first.
pub type Shape = SmallVec<[usize; 6]>;

/// The most axes that an array may have, as in NumPy 2.
pub const MAX_RANK: usize = 64;

/// Broadcasts `shape` with another; `false` if they do not fit.
pub fn broadcast(shape: &mut Shape, other: &[usize]) -> bool {
    while shape.len() < other.len() {
        shape.insert(0, 1);
    }
    let missing = shape.len() - other.len();
    for (mine, &theirs) in shape[missing..].iter_mut().zip(other) {
        if *mine == 1 {
            *mine = theirs;
        } else if theirs != 1 && theirs != *mine {
            return false;
        }
    }
    true
}

/// The number of elements; `None` if their number does not fit.
pub fn count(shape: &[usize]) -> Option<usize> {
    // A zero makes it zero, however long the other axes are.
    if shape.contains(&0) { Some(0) } else { shape.iter().try_fold(1usize, |n, &len| n.checked_mul(len)) }
}

/// Why axes are no axes of a shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AxisError {
    /// This axis is not there.
    OutOfRange(i32),
    /// This axis is named twice.
    Twice(i32),
}

/// Which axes of an array of this rank are meant: bit `i` for axis `i`.
pub fn axis_set(axes: &Axes, rank: usize) -> Result<u64, AxisError> {
    let Axes::List(list) = axes else {
        return Ok(if rank >= 64 { u64::MAX } else { (1 << rank) - 1 });
    };
    let mut set = 0u64;
    for &axis in list {
        let at = if axis < 0 { i64::from(axis) + rank as i64 } else { i64::from(axis) };
        if at < 0 || at >= rank as i64 {
            return Err(AxisError::OutOfRange(axis));
        }
        if set >> at & 1 == 1 {
            return Err(AxisError::Twice(axis));
        }
        set |= 1 << at;
    }
    Ok(set)
}

/// The shape of a scan: that of its operand, or one axis of all its elements. A single number is an array of one element.
pub fn scanned(axis: Option<i32>, shape: &Shape) -> Result<Shape, AxisError> {
    match (axis, shape.len() as i64) {
        (None, _) => Ok(Shape::from_slice(&[count(shape).unwrap_or(0)])),
        (Some(0 | -1), 0) => Ok(Shape::from_slice(&[1])),
        (Some(axis), rank) if (-rank..rank).contains(&i64::from(axis)) => Ok(shape.clone()),
        (Some(axis), _) => Err(AxisError::OutOfRange(axis)),
    }
}

/// The shape of a scan by a function: elements of this shape, along this axis, and what the states begin with, which broadcasts over the other axes;
/// none if these do not fit together. A single number is an array of one element.
pub fn scanned_by<'a>(
    axis: i32,
    elements: &Shape,
    starts: impl Iterator<Item = &'a [usize]>,
) -> Result<Option<Shape>, AxisError> {
    let mut shape = scanned(Some(axis), elements)?;
    let at = if axis < 0 { axis + shape.len() as i32 } else { axis } as usize;
    let length = shape.remove(at);
    let rank = shape.len();
    for start in starts {
        if start.len() > rank || !broadcast(&mut shape, start) {
            return Ok(None);
        }
    }
    shape.insert(at, length);
    Ok(Some(shape))
}

/// The shape that is left when the axes of the set are reduced.
pub fn reduced(shape: &[usize], set: u64, keepdims: bool) -> Shape {
    let axes = shape.iter().enumerate().map(|(axis, &len)| (set >> axis & 1 == 1, len));
    if keepdims {
        axes.map(|(gone, len)| if gone { 1 } else { len }).collect()
    } else {
        axes.filter(|(gone, _)| !gone).map(|(_, len)| len).collect()
    }
}

/// Strides, in elements, of a C-contiguous array of this shape.
pub fn c_strides(shape: &[usize]) -> SmallVec<[isize; 6]> {
    let mut strides: SmallVec<[isize; 6]> = SmallVec::from_elem(0, shape.len());
    let mut step = 1isize;
    for (stride, &len) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step = step.saturating_mul(len.max(1) as isize);
    }
    strides
}

/// The strides, in elements, of an array whose axes lie in memory in this order, outermost first.
pub fn strides(shape: &[usize], order: &[usize]) -> SmallVec<[isize; 6]> {
    let lying: Shape = order.iter().map(|&axis| shape[axis]).collect();
    let mut strides = SmallVec::from_elem(0, shape.len());
    for (&axis, stride) in order.iter().zip(c_strides(&lying)) {
        strides[axis] = stride;
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
        let mut shape = Shape::from_slice(a);
        broadcast(&mut shape, b).then(|| shape.to_vec())
    }

    #[test]
    fn broadcasting() {
        assert_eq!(both(&[3, 1], &[4]), Some(vec![3, 4]));
        assert_eq!(both(&[], &[4]), Some(vec![4]));
        assert_eq!(both(&[0], &[3, 1]), Some(vec![3, 0]));
        assert_eq!(both(&[0], &[4]), None);
        assert_eq!(both(&[2], &[3]), None);
    }

    #[test]
    fn scans_by_functions() {
        let of = |axis, elements: &[usize], starts: &[&[usize]]| {
            scanned_by(axis, &Shape::from_slice(elements), starts.iter().copied())
                .map(|shape| shape.map(|s| s.to_vec()))
        };
        assert_eq!(of(0, &[5], &[&[]]), Ok(Some(vec![5])));
        assert_eq!(of(-1, &[], &[]), Ok(Some(vec![1])));
        assert_eq!(of(1, &[3, 5], &[&[3], &[]]), Ok(Some(vec![3, 5])));
        assert_eq!(of(0, &[5, 1], &[&[3]]), Ok(Some(vec![5, 3])));
        assert_eq!(of(-2, &[2, 5, 3], &[&[2, 1]]), Ok(Some(vec![2, 5, 3])));
        assert_eq!(of(1, &[3, 5], &[&[5]]), Ok(None));
        assert_eq!(of(1, &[3, 5], &[&[3, 1]]), Ok(None));
        assert_eq!(of(1, &[5], &[&[]]), Err(AxisError::OutOfRange(1)));
    }

    #[test]
    fn counting() {
        assert_eq!(count(&[]), Some(1));
        assert_eq!(count(&[usize::MAX, 2]), None);
        assert_eq!(count(&[usize::MAX, 2, 0]), Some(0));
    }

    #[test]
    fn axes() {
        let list = |a: &[i32]| Axes::List(SmallVec::from_slice(a));
        assert_eq!(axis_set(&Axes::All, 3), Ok(0b111));
        assert_eq!(axis_set(&list(&[-1, 0]), 3), Ok(0b101));
        assert_eq!(axis_set(&list(&[3]), 3), Err(AxisError::OutOfRange(3)));
        assert_eq!(axis_set(&list(&[0, -3]), 3), Err(AxisError::Twice(-3)));
        assert_eq!(reduced(&[2, 3, 4], 0b101, false).as_slice(), [3]);
        assert_eq!(reduced(&[2, 3, 4], 0b101, true).as_slice(), [1, 3, 1]);
    }
}
