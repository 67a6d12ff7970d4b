//! Arrays that are views of others: an address, a type, lengths and strides of their own.
//!
//! Comes in: an array, and what is cut of it. Goes out: where that lies. Always holds: each element of a view is one of what it is a view of;
//! what is not is an error, or a view without elements.

use smallvec::SmallVec;

use crate::array::view::Strided;
use crate::diagnostic::Diagnostic;
use crate::dtype::DType;
use crate::plan::shape::Shape;
use crate::syntax::ast::Span;
use crate::types::notation::view::{Cut, End};
use crate::types::notation::whole::Whole;

/// An array that owns its lengths and strides.
#[derive(Clone, Debug)]
pub struct Slab {
    pub pointer: *mut u8,
    pub dtype: DType,
    pub swapped: bool,
    pub shape: Shape,
    /// In bytes.
    pub strides: SmallVec<[isize; 6]>,
}

/// What is wrong with a view.
pub type Viewed<T> = Result<T, Box<Diagnostic>>;

fn wrong<T>(message: String, span: Span, help: Option<String>) -> Viewed<T> {
    let diagnostic = Diagnostic::new(message, span);
    Err(Box::new(match help {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }))
}

impl Slab {
    /// The whole of an array.
    pub fn of(array: &Strided) -> Slab {
        Slab {
            pointer: array.pointer,
            dtype: array.dtype,
            swapped: array.swapped,
            shape: Shape::from_slice(array.shape),
            strides: array.strides().collect(),
        }
    }

    /// An array in C order from an address on.
    pub fn packed(pointer: *mut u8, dtype: DType, shape: Shape) -> Slab {
        let mut strides: SmallVec<[isize; 6]> = SmallVec::from_elem(0, shape.len());
        let mut bytes = dtype.size();
        for (stride, &length) in strides.iter_mut().zip(&shape).rev() {
            *stride = bytes as isize;
            bytes = bytes.saturating_mul(length);
        }
        Slab { pointer, dtype, swapped: false, shape, strides }
    }

    /// As the core copies it about.
    pub fn strided(&self) -> Strided<'_> {
        Strided::new(self.pointer, self.dtype, &self.shape, &self.strides).swapped(self.swapped)
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// Moves its first element.
    pub fn advance(&mut self, bytes: i128) {
        self.pointer = self.pointer.wrapping_offset(bytes as isize);
    }

    /// The axes the other way round.
    pub fn transposed(mut self) -> Slab {
        self.shape.reverse();
        self.strides.reverse();
        self
    }

    /// As an array of this shape, to which it broadcasts.
    pub fn broadcast(self, shape: &Shape) -> Slab {
        let added = shape.len().saturating_sub(self.shape.len());
        let own = self.shape.iter().zip(&self.strides);
        let strides = std::iter::repeat_n(0, added).chain(own.zip(&shape[added..]).map(
            |((&own, &stride), &length)| {
                if own == length { stride } else { 0 }
            },
        ));
        let strides = strides.collect();
        Slab { shape: shape.clone(), strides, ..self }
    }

    /// The axis of this number, counted from the end if it is negative.
    pub fn axis(&self, axis: i32, span: Span) -> Viewed<usize> {
        let rank = self.shape.len() as i64;
        let at = if axis < 0 { i64::from(axis) + rank } else { i64::from(axis) };
        match usize::try_from(at) {
            Ok(at) if at < self.shape.len() => Ok(at),
            _ => wrong(format!("there is no axis {axis} in an array of {rank} axes"), span, None),
        }
    }

    /// All along an axis but the element at one end.
    pub fn without(mut self, axis: usize, end: End) -> Slab {
        if end == End::First && self.shape[axis] > 0 {
            self.advance(self.strides[axis] as i128);
        }
        self.shape[axis] = self.shape[axis].saturating_sub(1);
        self
    }

    /// NumPy's slicing.
    pub fn cut(self, cuts: &[Cut], span: Span, whole: &dyn Fn(&Whole, Span) -> Viewed<i128>) -> Viewed<Slab> {
        let taken = cuts.iter().filter(|cut| matches!(cut, Cut::At(..) | Cut::Slice(..))).count();
        let rank = self.shape.len();
        if taken > rank {
            let (has, given) = (axes(rank), axes(taken));
            return wrong(format!("this has {has}, but coordinates for {given} are given"), span, None);
        }
        let mut new = Slab { shape: Shape::new(), strides: SmallVec::new(), ..self };
        let (mut axis, mut left) = (0, rank - taken);
        let keep = |new: &mut Slab, axis: &mut usize, count: usize| {
            new.shape.extend_from_slice(&self.shape[*axis..*axis + count]);
            new.strides.extend_from_slice(&self.strides[*axis..*axis + count]);
            *axis += count;
        };
        for cut in cuts {
            match cut {
                Cut::New => {
                    new.shape.push(1);
                    new.strides.push(0);
                }
                Cut::Ellipsis => keep(&mut new, &mut axis, std::mem::take(&mut left)),
                Cut::At(at, span) => {
                    let (at, length) = (whole(at, *span)?, self.shape[axis]);
                    let place = if at < 0 { at + length as i128 } else { at };
                    if !(0..length as i128).contains(&place) {
                        let message = format!("{at} is out of range: axis {axis} has the length {length}");
                        return wrong(message, *span, None);
                    }
                    new.advance(place * self.strides[axis] as i128);
                    axis += 1;
                }
                Cut::Slice(bounds, span) => {
                    let value = |bound: &Option<Whole>| bound.as_ref().map(|bound| whole(bound, *span)).transpose();
                    let [start, stop, step] = [value(&bounds[0])?, value(&bounds[1])?, value(&bounds[2])?];
                    let step = step.unwrap_or(1);
                    if step == 0 {
                        let help = "leave it out, or write `::-1`".to_string();
                        return wrong("the step of a slice is 0".to_string(), *span, Some(help));
                    }
                    let (first, count) = sliced(self.shape[axis] as i128, start, stop, step);
                    if count > 0 {
                        new.advance(first * self.strides[axis] as i128);
                    }
                    new.shape.push(count as usize);
                    // (A step beyond any array belongs to at most one element.)
                    let stride = if count > 1 { step * self.strides[axis] as i128 } else { 0 };
                    new.strides.push(stride as isize);
                    axis += 1;
                }
            }
        }
        let rest = rank - axis;
        keep(&mut new, &mut axis, rest);
        Ok(new)
    }
}

fn axes(n: usize) -> String {
    crate::diagnostic::several(n, "axis", "axes")
}

/// Where a slice of an axis begins, and how many elements it has: Python's rules.
fn sliced(length: i128, start: Option<i128>, stop: Option<i128>, step: i128) -> (i128, i128) {
    let (least, most) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |at: i128| (if at < 0 { at.saturating_add(length) } else { at }).clamp(least, most);
    let start = start.map_or(if step > 0 { 0 } else { length - 1 }, place);
    let stop = stop.map_or(if step > 0 { length } else { -1 }, place);
    let span = if step > 0 { stop - start } else { start - stop };
    let count = if span <= 0 { 0 } else { (span - 1) / step.abs() + 1 };
    (start, count)
}

#[cfg(test)]
mod tests {
    use super::sliced;

    #[test]
    fn slices_are_pythons() {
        // Of `range(5)`.
        let of = |start, stop, step| {
            let (first, count) = sliced(5, start, stop, step);
            (0..count).map(|at| first + at * step).collect::<Vec<i128>>()
        };
        assert_eq!(of(None, None, 1), [0, 1, 2, 3, 4]);
        assert_eq!(of(Some(1), Some(-1), 1), [1, 2, 3]);
        assert_eq!(of(None, None, -1), [4, 3, 2, 1, 0]);
        assert_eq!(of(Some(-2), None, -2), [3, 1]);
        assert_eq!(of(Some(9), Some(-9), -2), [4, 2, 0]);
        assert_eq!(of(Some(3), Some(1), 1), [0; 0]);
        assert_eq!(of(Some(i128::MIN), Some(i128::MAX), i128::MAX), [0]);
    }
}
