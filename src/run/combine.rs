//! The loops of scans: over a buffer in which a tile lies.
//!
//! Comes in: a tile of one scan, as one slice for each of its parts, or rows elsewhere. Goes out: the tile scanned, there or elsewhere. Always holds: the order in which elements
//! are combined is that of `plan::scan`, whatever the tiles; all executors run these loops, so all give the same bits.
//!
//! An addition waits for the one before it, so several blocks, or runs, are scanned side by side. Where neighbours are elements of
//! different runs, whole rows of them are, and the compiler makes vectors of that.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::packing;
use crate::plan::schedule::BLOCK;

/// A tile of some runs.
#[derive(Clone, Copy)]
pub struct Tile {
    /// Whether neighbours are elements of different runs.
    pub across: bool,
    /// Elements from a row to the next. A row is a run, or if `across` what the runs have at one place.
    pub pitch: usize,
    /// Runs.
    pub points: usize,
    /// Elements of each.
    pub elements: usize,
    /// Which element of its run the first one is: the first of a block, but if `across`.
    pub first: usize,
}

impl Tile {
    /// Elements of a row.
    pub fn columns(&self) -> usize {
        if self.across { self.points } else { self.elements }
    }

    /// Elements of a buffer that holds it.
    pub fn room(&self) -> usize {
        let rows = if self.across { self.elements } else { self.points };
        rows.saturating_sub(1) * self.pitch + self.columns()
    }
}

/// How two values are combined, of `P` parts each.
pub trait Combine<T, const P: usize> {
    /// The earlier one and the later one.
    fn combine(earlier: [T; P], later: [T; P]) -> [T; P];
}

/// One slice for each part.
pub type Parts<'a, T, const P: usize> = [&'a mut [T]; P];

/// An element that may lie anywhere.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Loose<T>(pub T);

/// Where what is scanned is read from.
pub trait Source<T: Copy, const P: usize> {
    /// Some elements of a row.
    type Row: Copy;

    /// So many of a row of the tile, from `start` on.
    fn row(&self, row: usize, start: usize, length: usize) -> Self::Row;

    /// One of them, which `own` has room for.
    fn get(row: Self::Row, own: &Parts<T, P>, at: usize) -> [T; P];
}

/// Where what has been scanned is written to.
pub trait Sink<T: Copy, const P: usize> {
    /// Writes some elements of a row from `start` on: what `value` makes of each, and of its number among them.
    fn put(&self, row: usize, start: usize, own: Parts<T, P>, value: impl Fn(usize, [T; P]) -> [T; P]);

    /// Writes them as they are.
    #[inline(always)]
    fn keep(&self, row: usize, start: usize, own: Parts<T, P>) {
        self.put(row, start, own, |_, own| own);
    }
}

/// The buffer itself.
pub struct InPlace;

/// Elsewhere: rows of one part, by their number.
pub struct Rows<F>(pub F);

/// The same, written past the cache. What is read next may be named, where it is element `start` of the first row that is written:
/// it is fetched meanwhile, so that memory does not idle.
pub struct PastCache<F>(pub F, pub Option<*const u8>);

impl<T: Copy, const P: usize> Source<T, P> for InPlace {
    type Row = ();

    #[inline(always)]
    fn row(&self, _: usize, _: usize, _: usize) {}

    #[inline(always)]
    fn get((): (), own: &Parts<T, P>, element: usize) -> [T; P] {
        at(own, element)
    }
}

impl<'a, T: Copy + 'a, const P: usize, F: Fn(usize) -> &'a [Loose<T>]> Source<T, P> for Rows<F> {
    type Row = &'a [Loose<T>];

    #[inline(always)]
    fn row(&self, row: usize, start: usize, length: usize) -> &'a [Loose<T>] {
        &self.0(row)[start..][..length]
    }

    #[inline(always)]
    fn get(row: &'a [Loose<T>], _: &Parts<T, P>, element: usize) -> [T; P] {
        [row[element].0; P]
    }
}

impl<T: Copy, const P: usize> Sink<T, P> for InPlace {
    #[inline(always)]
    fn put(&self, _: usize, _: usize, mut own: Parts<T, P>, value: impl Fn(usize, [T; P]) -> [T; P]) {
        for element in 0..own[0].len() {
            let value = value(element, at(&own, element));
            put(&mut own, element, value);
        }
    }

    /// They are there.
    #[inline(always)]
    fn keep(&self, _: usize, _: usize, _: Parts<T, P>) {}
}

impl<'a, T: Copy + 'a, const P: usize, F: Fn(usize) -> &'a mut [MaybeUninit<Loose<T>>]> Sink<T, P> for Rows<F> {
    #[inline(always)]
    fn put(&self, row: usize, start: usize, own: Parts<T, P>, value: impl Fn(usize, [T; P]) -> [T; P]) {
        let to = &mut self.0(row)[start..][..own[0].len()];
        for (element, to) in to.iter_mut().enumerate() {
            to.write(Loose(value(element, at(&own, element))[0]));
        }
    }
}

impl<'a, T: Copy + 'a, const P: usize, F: Fn(usize) -> &'a mut [MaybeUninit<Loose<T>>]> Sink<T, P> for PastCache<F> {
    #[inline(always)]
    fn put(&self, row: usize, start: usize, own: Parts<T, P>, value: impl Fn(usize, [T; P]) -> [T; P]) {
        let to = &mut self.0(row)[start..][..own[0].len()];
        let ahead = self.1.map(|ahead| ahead.wrapping_add(start * size_of::<T>()));
        packing::put_past_cache(to, ahead, |element| Loose(value(element, at(&own, element))[0]));
    }
}

/// Blocks that are scanned side by side: as many additions of which none waits for another as take the time of one.
const SIDE: usize = 4;

/// A range of each part.
#[inline(always)]
fn within<'a, T, const P: usize>(parts: &'a mut Parts<T, P>, range: Range<usize>) -> Parts<'a, T, P> {
    parts.each_mut().map(|part| &mut part[range.clone()])
}

#[inline(always)]
fn at<T: Copy, const P: usize>(parts: &Parts<T, P>, at: usize) -> [T; P] {
    std::array::from_fn(|part| parts[part][at])
}

#[inline(always)]
fn put<T: Copy, const P: usize>(parts: &mut Parts<T, P>, at: usize, value: [T; P]) {
    parts.iter_mut().zip(value).for_each(|(part, value)| part[at] = value);
}

/// Scans each block of a tile by itself. `state` is what each run's unfinished block has come to: before the tile, and after it.
pub fn local<T: Copy, const P: usize, C: Combine<T, P>>(
    tile: Tile,
    from: &impl Source<T, P>,
    mut parts: Parts<T, P>,
    mut state: Parts<T, P>,
) {
    let Tile { across, pitch, points, elements, first } = tile;
    if across {
        for row in 0..elements {
            let begins = (first + row).is_multiple_of(BLOCK);
            let own = within(&mut parts, row * pitch..row * pitch + points);
            next_row::<T, P, C, _>((from, row), own, within(&mut state, 0..points), begins);
        }
        return;
    }
    // In rows of many blocks those of one row stand side by side, else those of several rows.
    let many = elements / (SIDE * BLOCK) * SIDE * BLOCK;
    for (point, start) in (0..points).flat_map(|point| (0..many).step_by(SIDE * BLOCK).map(move |at| (point, at))) {
        let places = std::array::from_fn(|n| (point, start + n * BLOCK));
        let at = point * pitch + start;
        blocks::<T, P, SIDE, C, _>((from, places), within(&mut parts, at..at + SIDE * BLOCK), BLOCK, BLOCK);
    }
    for start in (many..elements).step_by(BLOCK) {
        let length = BLOCK.min(elements - start);
        let mut point = 0;
        while point < points {
            let at = point * pitch + start;
            if point + SIDE <= points {
                let places = std::array::from_fn(|n| (point + n, start));
                let end = at + (SIDE - 1) * pitch + length;
                blocks::<T, P, SIDE, C, _>((from, places), within(&mut parts, at..end), pitch, length);
                point += SIDE;
            } else {
                let own = within(&mut parts, at..at + length);
                blocks::<T, P, 1, C, _>((from, [(point, start)]), own, length, length);
                point += 1;
            }
        }
    }
}

/// A row of neighbours, with what their blocks have come to before.
fn next_row<T: Copy, const P: usize, C: Combine<T, P>, S: Source<T, P>>(
    (from, number): (&S, usize),
    mut row: Parts<T, P>,
    mut state: Parts<T, P>,
    begins: bool,
) {
    let points = row[0].len();
    let (from, mut state) = (from.row(number, 0, points), within(&mut state, 0..points));
    for point in 0..points {
        let own = S::get(from, &row, point);
        let value = if begins { own } else { C::combine(at(&state, point), own) };
        put(&mut state, point, value);
        put(&mut row, point, value);
    }
}

/// Scans `N` blocks of this length, so many elements apart. What is scanned begins at these rows and elements of them.
#[inline(always)]
fn blocks<T: Copy, const P: usize, const N: usize, C: Combine<T, P>, S: Source<T, P>>(
    (from, places): (&S, [(usize, usize); N]),
    parts: Parts<T, P>,
    apart: usize,
    length: usize,
) {
    let mut sides: [Parts<T, P>; N] = std::array::from_fn(|_| std::array::from_fn(|_| Default::default()));
    for (part, mut rest) in parts.into_iter().enumerate() {
        for side in &mut sides {
            let (block, after) = rest.split_at_mut(apart.min(rest.len()));
            side[part] = &mut block[..length];
            rest = after;
        }
    }
    let from: [S::Row; N] = std::array::from_fn(|n| from.row(places[n].0, places[n].1, length));
    let mut states: [[T; P]; N] = std::array::from_fn(|n| S::get(from[n], &sides[n], 0));
    sides.iter_mut().zip(states).for_each(|(side, state)| put(side, 0, state));
    for element in 1..length {
        for ((side, state), from) in sides.iter_mut().zip(&mut states).zip(&from) {
            *state = C::combine(*state, S::get(*from, side, element));
            put(side, element, *state);
        }
    }
}

/// What each block of a tile has come to, in which it is scanned by itself: for each block a row, of which the first `tile.points` are set.
pub fn totals<T: Copy, const P: usize>(tile: Tile, group: usize, parts: [&[T]; P], mut to: Parts<T, P>) {
    for (block, start) in (0..tile.elements).step_by(BLOCK).enumerate() {
        let last = tile.elements.min(start + BLOCK) - 1;
        for point in 0..tile.points {
            let from = if tile.across { last * tile.pitch + point } else { point * tile.pitch + last };
            put(&mut to, block * group + point, std::array::from_fn(|part| parts[part][from]));
        }
    }
}

/// What comes after these blocks, of which each row is what they have come to by themselves: from what comes before them, if anything does.
pub fn advance<T: Copy, const P: usize, C: Combine<T, P>>(
    [group, points]: [usize; 2],
    totals: [&[T]; P],
    before: Option<[&[T]; P]>,
    mut after: Parts<T, P>,
) {
    for point in 0..points {
        let of_block = totals[0][point..].iter().enumerate().step_by(group);
        let value = |parts: [&[T]; P], at: usize| std::array::from_fn(|part| parts[part][at]);
        let mut carry: Option<[T; P]> = before.map(|before| value(before, point));
        for (at, _) in of_block {
            let own = value(totals, point + at);
            carry = Some(carry.map_or(own, |carry| C::combine(carry, own)));
        }
        if let Some(carry) = carry {
            put(&mut after, point, carry);
        }
    }
}

/// Combines what comes before each block of a tile with what the block has come to. `carry` is what comes before the block in which the tile
/// begins, and goes on to that in which the next tile does.
pub fn apply<T: Copy, const P: usize, C: Combine<T, P>>(
    tile: Tile,
    to: &impl Sink<T, P>,
    mut parts: Parts<T, P>,
    mut carry: Parts<T, P>,
) {
    let Tile { across, pitch, points, elements, first } = tile;
    if across {
        for row in 0..elements {
            let (of_run, place) = (first + row, row * pitch..row * pitch + points);
            let (mut own, mut carry) = (within(&mut parts, place.clone()), within(&mut carry, 0..points));
            let last = (of_run + 1).is_multiple_of(BLOCK);
            if of_run >= BLOCK && !last {
                to.put(row, 0, own, |point, own| C::combine(at(&carry, point), own));
                continue;
            }
            if of_run >= BLOCK {
                InPlace.put(row, 0, own, |point, own| C::combine(at(&carry, point), own));
                own = within(&mut parts, place);
            }
            if last {
                carry.iter_mut().zip(&own).for_each(|(carry, own)| carry.copy_from_slice(own));
            }
            to.keep(row, 0, own);
        }
        return;
    }
    for point in 0..points {
        for start in (0..elements).step_by(BLOCK) {
            let end = elements.min(start + BLOCK);
            let own = within(&mut parts, point * pitch + start..point * pitch + end);
            let (before, last) = (at(&carry, point), at(&own, end - start - 1));
            if first + start >= BLOCK {
                put(&mut carry, point, C::combine(before, last));
                to.put(point, start, own, |_, own| C::combine(before, own));
            } else {
                put(&mut carry, point, last);
                to.keep(point, start, own);
            }
        }
    }
}

/// Sum; integers wrap.
pub struct Sum;
/// Product; integers wrap.
pub struct Product;
/// The lesser; -0.0 is less than 0.0, a NaN is less than all.
pub struct Least;
/// The greater; 0.0 is greater than -0.0, a NaN is greater than all.
pub struct Greatest;
/// Product of complex numbers: real parts, imaginary parts.
pub struct ComplexProduct;

macro_rules! combine_integers {
    ($($t:ty),*) => {$(
        impl Combine<$t, 1> for Sum {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x.wrapping_add(y)] }
        }
        impl Combine<$t, 1> for Product {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x.wrapping_mul(y)] }
        }
        impl Combine<$t, 1> for Least {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x.min(y)] }
        }
        impl Combine<$t, 1> for Greatest {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x.max(y)] }
        }
    )*};
}

macro_rules! combine_floats {
    ($($t:ty),*) => {$(
        impl Combine<$t, 1> for Sum {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x + y] }
        }
        impl Combine<$t, 1> for Product {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { [x * y] }
        }
        impl Combine<$t, 1> for Least {
            /// Where neither is less, they are equal (zeros alone have other bits then), or one is NaN.
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] {
                [if x < y { x } else if y < x { y } else { <$t>::from_bits(x.to_bits() | y.to_bits()) }]
            }
        }
        impl Combine<$t, 1> for Greatest {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] {
                [if x > y { x } else if y > x { y } else { -<$t>::from_bits((-x).to_bits() | (-y).to_bits()) }]
            }
        }
        impl Combine<$t, 2> for ComplexProduct {
            #[inline(always)]
            fn combine([a, b]: [$t; 2], [c, d]: [$t; 2]) -> [$t; 2] { [a * c - b * d, a * d + b * c] }
        }
    )*};
}

combine_integers!(i8, i16, i32, i64, u8, u16, u32, u64);
combine_floats!(f32, f64);

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, element by element.
    fn plain(x: &[f64]) -> Vec<f64> {
        let (mut carry, mut result) = (None, Vec::new());
        for block in x.chunks(BLOCK) {
            let mut own = None;
            for &x in block {
                let local = own.map_or(x, |own: f64| own + x);
                own = Some(local);
                result.push(carry.map_or(local, |carry: f64| carry + local));
            }
            carry = result.last().copied();
        }
        result
    }

    fn numbers(n: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7919) % 1000) as f64 * 0.37 - 150.0 + 1e-9 * i as f64).collect()
    }

    /// Whatever the tiles, along memory and across it.
    #[test]
    fn tiles_make_no_difference() {
        for (points, length) in [(1, 1), (1, 511), (1, 5000), (3, 512), (5, 1300), (9, 37), (6, 2100)] {
            let runs: Vec<Vec<f64>> = (0..points).map(|p| numbers(length + p)[p..].to_vec()).collect();
            let right: Vec<Vec<f64>> = runs.iter().map(|run| plain(run)).collect();
            for (across, step) in [(false, BLOCK), (false, 4 * BLOCK), (false, 8 * BLOCK), (true, 7), (true, 1000)] {
                let (mut state, mut carry) = (vec![0.0; points], vec![0.0; points]);
                for first in (0..length).step_by(step) {
                    let elements = step.min(length - first);
                    let pitch = if across { points + 2 } else { step };
                    let place = |p: usize, e: usize| if across { e * pitch + p } else { p * pitch + e };
                    let tile = Tile { across, pitch, points, elements, first };
                    let mut buffer = vec![f64::NAN; tile.room()];
                    for (p, run) in runs.iter().enumerate() {
                        (0..elements).for_each(|e| buffer[place(p, e)] = run[first + e]);
                    }
                    local::<f64, 1, Sum>(tile, &InPlace, [&mut buffer], [&mut state]);
                    apply::<f64, 1, Sum>(tile, &InPlace, [&mut buffer], [&mut carry]);
                    for (p, right) in right.iter().enumerate() {
                        for e in 0..elements {
                            let what = (points, length, across, step, p, first + e);
                            assert_eq!(buffer[place(p, e)].to_bits(), right[first + e].to_bits(), "{what:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_pieces_begin_with() {
        let (x, group) = (numbers(4 * BLOCK), 3);
        let mut buffer = x.clone();
        let tile = Tile { across: false, pitch: x.len(), points: 1, elements: x.len(), first: 0 };
        local::<f64, 1, Sum>(tile, &InPlace, [&mut buffer], [&mut [0.0]]);
        let mut to = vec![f64::NAN; 4 * group];
        totals(tile, group, [&buffer], [&mut to]);
        let (first, rest) = to.split_at(2 * group);
        let (mut half, mut whole) = ([0.0], [0.0]);
        advance::<f64, 1, Sum>([group, 1], [first], None, [&mut half]);
        advance::<f64, 1, Sum>([group, 1], [rest], Some([&half]), [&mut whole]);
        let right = plain(&x);
        assert_eq!((half[0], whole[0]), (right[2 * BLOCK - 1], right[4 * BLOCK - 1]));
    }

    #[test]
    fn zeros_and_nan() {
        let least = |x: f64, y: f64| Least::combine([x], [y])[0];
        let greatest = |x: f32, y: f32| Greatest::combine([x], [y])[0];
        assert_eq!(least(0.0, -0.0).to_bits(), least(-0.0, 0.0).to_bits());
        assert!(least(0.0, -0.0).is_sign_negative() && greatest(0.0, -0.0).is_sign_positive());
        assert!(greatest(-0.0, 0.0).is_sign_positive());
        assert!(least(f64::NAN, 1.0).is_nan() && least(1.0, f64::NAN).is_nan());
        assert!(greatest(f32::NAN, f32::INFINITY).is_nan() && greatest(f32::NEG_INFINITY, f32::NAN).is_nan());
        assert_eq!((least(2.0, 1.0), greatest(2.0, 1.0)), (1.0, 2.0));
    }
}
