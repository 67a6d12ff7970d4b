//! The loop nest of one pass: which axes there are to walk, in which order, with which strides.
//!
//! Comes in: the shape that a pass runs over, and each operand's strides, broadcast by stride 0. Goes out: axes of length 1
//! dropped, the others ordered and merged. Always holds: what is walked is the same set of points; reduced axes stand
//! innermost and keep their logical order, for that order is the meaning of a sum, except where it has none.

use std::ops::Range;

use smallvec::SmallVec;

/// Elements of an axis that is too short to be the innermost.
const SHORT: usize = 32;
/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Axes with, for each operand, a stride along each.
#[derive(Clone, Default, Debug)]
pub struct Nest {
    /// The length of each axis, outermost first. At least one axis once arranged.
    shape: Vec<usize>,
    /// Operand by operand, its stride along each axis, in bytes (of an affine operand in units).
    strides: Vec<isize>,
    /// The number of operands.
    operands: usize,
    /// How many of the axes (the innermost ones) are reduced.
    reduced: usize,
    /// The axes as `arrange` has ordered them, before neighbours were merged.
    order: Vec<usize>,
    /// The operands that are numbers, no arrays: they have no say in the order of axes.
    numbers: SmallVec<[usize; 2]>,
    /// So many of the operands, the first ones, are asked first for the order of axes, the others where none of these cares.
    first: usize,
}

/// Where a point lies, its axes of these lengths flattened in logical order, if a step along each axis is one of these.
pub fn offset(mut point: usize, shape: &[usize], strides: &[isize]) -> isize {
    let mut sum = 0;
    for (&length, &stride) in shape.iter().zip(strides).rev() {
        sum += (point % length) as isize * stride;
        point /= length;
    }
    sum
}

/// How far an array reaches before and after the address of its first element, in bytes; elements are of this size.
pub fn reach(shape: &[usize], strides: &[isize], size: usize) -> (usize, usize) {
    let (mut before, mut after) = (0usize, size);
    for (&length, &stride) in shape.iter().zip(strides) {
        let far = stride.unsigned_abs().saturating_mul(length.saturating_sub(1));
        if stride < 0 { before = before.saturating_add(far) } else { after = after.saturating_add(far) }
    }
    (before, after)
}

impl Nest {
    /// A nest over this shape, to be arranged.
    pub fn new(shape: &[usize]) -> Nest {
        Nest { shape: shape.to_vec(), ..Nest::default() }
    }

    /// A nest that is arranged already: the last `reduced` of these axes are reduced.
    pub fn arranged(shape: Vec<usize>, reduced: usize) -> Nest {
        Nest { shape, reduced, ..Nest::default() }
    }

    /// Adds an operand; its axes are aligned to the right, and broadcast where it has length 1 or no axis. Strides come in
    /// bytes. Gives its index.
    pub fn push(&mut self, shape: &[usize], strides: &[isize]) -> usize {
        let missing = self.shape.len().saturating_sub(shape.len());
        let own = shape.iter().zip(strides).map(|(&n, &s)| if n == 1 { 0 } else { s });
        self.push_strides(std::iter::repeat_n(0, missing).chain(own))
    }

    /// Notes that this operand is a number.
    pub fn note_number(&mut self, operand: usize) {
        self.numbers.push(operand);
    }

    /// Adds an operand with a stride along each axis. Gives its index.
    pub fn push_strides(&mut self, strides: impl IntoIterator<Item = isize>) -> usize {
        self.strides.extend(strides);
        self.operands += 1;
        self.operands - 1
    }

    /// Lets the operands so far decide the order of axes: those that follow are asked where none of these cares.
    pub fn decide(&mut self) {
        self.first = self.operands;
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The lengths of the innermost one or two axes, the loops of a kernel: `[1, n]` of one.
    pub fn extents(&self, loops: usize) -> [usize; 2] {
        match *self.shape {
            [.., a, b] if loops == 2 => [a, b],
            [.., b] => [1, b],
            [] => [1, 1],
        }
    }

    /// The number of axes that are not reduced.
    pub fn kept(&self) -> usize {
        self.shape.len() - self.reduced
    }

    /// Counts only so many of the axes, the innermost ones, as reduced.
    pub fn reduce_only(&mut self, axes: usize) {
        self.reduced = axes;
    }

    /// An operand's stride along each axis, in bytes.
    pub fn strides(&self, operand: usize) -> &[isize] {
        &self.strides[operand * self.shape.len()..][..self.shape.len()]
    }

    /// How far an operand reaches before and after the address of its first element, in bytes; elements are of this size.
    pub fn reach(&self, operand: usize, size: usize) -> (usize, usize) {
        reach(&self.shape, self.strides(operand), size)
    }

    /// Drops axes of length 1, orders the kept axes (see [`outer_first`](Nest::outer_first)), puts the reduced ones
    /// innermost in their logical order, and merges neighbours that every operand walks as one.
    pub fn arrange(&mut self, is_reduced: impl Fn(usize) -> bool) {
        self.arrange_as(is_reduced, false);
    }

    /// The same, but where the order of what is reduced does not matter: the reduced axes are ordered as they lie, too. A short one
    /// does not stay the innermost, where the next is long and its elements share lines of the cache.
    pub fn arrange_freely(&mut self, is_reduced: impl Fn(usize) -> bool) {
        self.arrange_as(is_reduced, true);
        if let [.., next, last] = self.shape[self.kept()..]
            && last < SHORT
            && next > last
        {
            let near = |strides: &[isize]| strides[strides.len() - 2].unsigned_abs() <= LINE;
            let rank = self.shape.len();
            let arrays = self.strides.chunks_exact(rank).enumerate().filter(|(o, _)| !self.numbers.contains(o));
            if arrays.into_iter().all(|(_, strides)| near(strides)) {
                self.move_axis(rank - 1, rank - 2);
            }
        }
    }

    fn arrange_as(&mut self, is_reduced: impl Fn(usize) -> bool, freely: bool) {
        let rank = self.shape.len();
        let mut order = Vec::with_capacity(rank);
        let stays = |axis: &usize| self.shape[*axis] != 1;
        self.sort((0..rank).filter(|axis| stays(axis) && !is_reduced(*axis)), &mut order);
        let kept = order.len();
        let reduced = (0..rank).filter(|axis| stays(axis) && is_reduced(*axis));
        if freely {
            let mut sorted = Vec::new();
            self.sort(reduced, &mut sorted);
            order.append(&mut sorted);
        } else {
            order.extend(reduced);
        }
        self.reduced = order.len() - kept;
        self.permute(&order);
        self.order = order;
        self.merge();
        if self.shape.is_empty() {
            self.shape.push(1);
            self.strides.resize(self.operands, 0);
        }
    }

    /// The axes as [`arrange`](Nest::arrange) has just ordered them, before neighbours were merged.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// All axes, outermost first as the operands lie in memory.
    pub fn axis_order(&self) -> SmallVec<[usize; 6]> {
        let mut order = Vec::with_capacity(self.shape.len());
        self.sort(0..self.shape.len(), &mut order);
        SmallVec::from_vec(order)
    }

    /// Puts axes in order, outermost first, by NumPy's insertion sort: from the last axis on, each moves inwards past those that
    /// should stay outside of it, and past those that do not care if there is such a one further in.
    fn sort(&self, axes: impl DoubleEndedIterator<Item = usize>, order: &mut Vec<usize>) {
        for axis in axes.rev() {
            let mut at = 0;
            for (inner, &other) in order.iter().enumerate() {
                match self.outer_first(axis, other) {
                    Some(true) => break,
                    Some(false) => at = inner + 1,
                    None => {}
                }
            }
            order.insert(at, axis);
        }
    }

    /// Walks an axis from its other end. The operands' first elements are then others.
    pub fn reverse(&mut self, axis: usize) {
        let rank = self.shape.len();
        self.strides.iter_mut().skip(axis).step_by(rank.max(1)).for_each(|stride| *stride = stride.wrapping_neg());
    }

    /// Moves an axis to another place.
    pub fn move_axis(&mut self, from: usize, to: usize) {
        let mut order: Vec<usize> = (0..self.shape.len()).collect();
        let axis = order.remove(from);
        order.insert(to, axis);
        self.permute(&order);
    }

    /// Whether `a` (which stands before `b` now) should stay outside of `b`: `Some(true)` as soon as one operand has
    /// the longer stride along `a`, `Some(false)` if some have it along `b` and none along `a`, `None` if none cares.
    /// It is NumPy's rule for the order "K": C order wins where operands disagree.
    fn outer_first(&self, a: usize, b: usize) -> Option<bool> {
        self.outer_of(a, b, 0..self.first).or_else(|| self.outer_of(a, b, self.first..self.operands))
    }

    /// The same, as these operands have it.
    fn outer_of(&self, a: usize, b: usize, operands: Range<usize>) -> Option<bool> {
        let mut answer = None;
        for o in operands.filter(|o| !self.numbers.contains(o)) {
            let strides = self.strides(o);
            let (sa, sb) = (strides[a].unsigned_abs(), strides[b].unsigned_abs());
            if sa == 0 || sb == 0 {
                continue;
            }
            if sa >= sb {
                return Some(true);
            }
            answer = Some(false);
        }
        answer
    }

    fn permute(&mut self, order: &[usize]) {
        let own = (0..self.operands).flat_map(|operand| order.iter().map(move |&axis| (operand, axis)));
        self.strides = own.map(|(operand, axis)| self.strides(operand)[axis]).collect();
        self.shape = order.iter().map(|&axis| self.shape[axis]).collect();
    }

    /// Merges axis `d` into `d + 1` where for every operand one step along `d` is a whole run along `d + 1`.
    fn merge(&mut self) {
        let mut d = 0;
        while d + 1 < self.shape.len() {
            let rank = self.shape.len();
            let crosses = d + 1 == self.kept();
            let inner = self.shape[d + 1] as isize;
            let one = |strides: &[isize]| strides[d + 1].checked_mul(inner) == Some(strides[d]);
            if crosses || !self.strides.chunks_exact(rank).all(one) {
                d += 1;
                continue;
            }
            self.reduced -= usize::from(d + 1 > self.kept());
            self.shape[d + 1] *= self.shape[d];
            self.shape.remove(d);
            let mut at = 0;
            self.strides.retain(|_| {
                at += 1;
                (at - 1) % rank != d
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nest(shape: &[usize], operands: &[&[isize]], reduced: &[usize]) -> (Vec<usize>, Vec<Vec<isize>>, usize) {
        let mut n = Nest::new(shape);
        for strides in operands {
            n.push_strides(strides.iter().copied());
        }
        n.arrange(|axis| reduced.contains(&axis));
        let strides = (0..operands.len()).map(|o| n.strides(o).to_vec()).collect();
        (n.shape().to_vec(), strides, n.kept())
    }

    #[test]
    fn contiguous_axes_become_one() {
        let (shape, strides, _) = nest(&[2, 3, 4], &[&[96, 32, 8], &[96, 32, 8]], &[]);
        assert_eq!((shape, strides), (vec![24], vec![vec![8], vec![8]]));
    }

    #[test]
    fn fortran_order_is_walked_as_it_lies() {
        let (shape, strides, _) = nest(&[2, 3, 4], &[&[8, 16, 48], &[8, 16, 48]], &[]);
        assert_eq!((shape, strides), (vec![24], vec![vec![8], vec![8]]));
    }

    #[test]
    fn c_order_wins_where_operands_disagree() {
        let (shape, strides, _) = nest(&[5, 7], &[&[56, 8], &[8, 40]], &[]);
        assert_eq!((shape, strides), (vec![5, 7], vec![vec![56, 8], vec![8, 40]]));
    }

    #[test]
    fn broadcast_axes_do_not_vote_and_merge_among_themselves() {
        let (shape, strides, _) = nest(&[2, 3, 4], &[&[0, 0, 8], &[96, 32, 8]], &[]);
        assert_eq!((shape, strides), (vec![6, 4], vec![vec![0, 8], vec![32, 8]]));
    }

    #[test]
    fn length_one_axes_vanish_and_a_point_is_one_axis() {
        assert_eq!(nest(&[1, 9, 1], &[&[0, 8, 0]], &[]).0, [9]);
        assert_eq!(nest(&[1, 1], &[&[0, 0]], &[]), (vec![1], vec![vec![0]], 1));
        assert_eq!(nest(&[], &[&[]], &[]), (vec![1], vec![vec![0]], 1));
    }

    #[test]
    fn without_an_order_reduced_axes_go_as_they_lie() {
        let planar = |number: bool| {
            let mut n = Nest::new(&[100, 50, 3]);
            n.push_strides([50, 1, 5000]);
            if number {
                let o = n.push_strides([150, 3, 1]);
                n.note_number(o);
            }
            n.arrange_freely(|_| true);
            (n.shape().to_vec(), n.strides(usize::from(number)).to_vec())
        };
        assert_eq!(planar(false), (vec![15000], vec![1]));
        // The position goes on by 3 from element to element, and begins anew at each plane.
        assert_eq!(planar(true), (vec![3, 5000], vec![1, 3]));
        // Three of four colours.
        let mut n = Nest::new(&[100, 3]);
        n.push_strides([4, 1]);
        n.arrange_freely(|_| true);
        assert_eq!((n.shape(), n.strides(0)), (&[3, 100][..], &[1, 4][..]));
    }

    #[test]
    fn reduced_axes_go_inside_in_logical_order_and_do_not_merge_with_kept_ones() {
        let (shape, strides, kept) = nest(&[4, 5, 6], &[&[240, 48, 8]], &[0]);
        assert_eq!((shape, strides, kept), (vec![30, 4], vec![vec![8, 240]], 1));
        let (shape, strides, kept) = nest(&[4, 5, 6], &[&[8, 32, 160]], &[0, 1, 2]);
        assert_eq!((shape, strides, kept), (vec![4, 5, 6], vec![vec![8, 32, 160]], 0));
        let (shape, _, kept) = nest(&[4, 5, 6], &[&[240, 48, 8]], &[1, 2]);
        assert_eq!((shape, kept), (vec![4, 30], 1));
        let (shape, _, kept) = nest(&[4, 5, 6], &[&[240, 48, 8]], &[0, 1, 2]);
        assert_eq!((shape, kept), (vec![120], 0));
    }
}
