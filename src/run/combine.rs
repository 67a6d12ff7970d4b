//! The loops of scans: over a buffer in which a tile lies.
//!
//! Comes in: a tile of one scan, as one slice for each of its parts. Goes out: the tile scanned. Always holds: the order in which elements
//! are combined is that of `plan::scan`, whatever the tiles; all executors run these loops, so all give the same bits.
//!
//! An addition waits for the one before it, so several blocks, or runs, are scanned side by side. Where neighbours are elements of
//! different runs, whole rows of them are, and the compiler makes vectors of that.

use std::ops::Range;

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
    /// Elements of a buffer that holds it.
    pub fn room(&self) -> usize {
        let (rows, columns) = if self.across { (self.elements, self.points) } else { (self.points, self.elements) };
        rows.saturating_sub(1) * self.pitch + columns
    }
}

/// How two values are combined, of `P` parts each.
pub trait Combine<T, const P: usize> {
    /// The earlier one and the later one.
    fn combine(earlier: [T; P], later: [T; P]) -> [T; P];
}

/// One slice for each part.
pub type Parts<'a, T, const P: usize> = [&'a mut [T]; P];

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
pub fn local<T: Copy, const P: usize, C: Combine<T, P>>(tile: Tile, mut parts: Parts<T, P>, mut state: Parts<T, P>) {
    let Tile { across, pitch, points, elements, first } = tile;
    if across {
        for row in 0..elements {
            let begins = (first + row).is_multiple_of(BLOCK);
            let own = within(&mut parts, row * pitch..row * pitch + points);
            next_row::<T, P, C>(own, within(&mut state, 0..points), begins);
        }
        return;
    }
    // In rows of many blocks those of one row stand side by side, else those of several rows.
    let many = elements / (SIDE * BLOCK) * SIDE * BLOCK;
    for start in (0..points).flat_map(|point| (0..many).step_by(SIDE * BLOCK).map(move |at| point * pitch + at)) {
        blocks::<T, P, SIDE, C>(within(&mut parts, start..start + SIDE * BLOCK), BLOCK, BLOCK);
    }
    for start in (many..elements).step_by(BLOCK) {
        let length = BLOCK.min(elements - start);
        let mut point = 0;
        while point < points {
            let from = point * pitch + start;
            if point + SIDE <= points {
                let end = from + (SIDE - 1) * pitch + length;
                blocks::<T, P, SIDE, C>(within(&mut parts, from..end), pitch, length);
                point += SIDE;
            } else {
                blocks::<T, P, 1, C>(within(&mut parts, from..from + length), length, length);
                point += 1;
            }
        }
    }
}

/// A row of neighbours, with what their blocks have come to before.
fn next_row<T: Copy, const P: usize, C: Combine<T, P>>(mut row: Parts<T, P>, mut state: Parts<T, P>, begins: bool) {
    if begins {
        state.iter_mut().zip(&row).for_each(|(state, row)| state.copy_from_slice(row));
        return;
    }
    for point in 0..row[0].len() {
        let value = C::combine(at(&state, point), at(&row, point));
        put(&mut state, point, value);
        put(&mut row, point, value);
    }
}

/// Scans `N` blocks of this length, so many elements apart.
#[inline(always)]
fn blocks<T: Copy, const P: usize, const N: usize, C: Combine<T, P>>(parts: Parts<T, P>, apart: usize, length: usize) {
    let mut sides: [Parts<T, P>; N] = std::array::from_fn(|_| std::array::from_fn(|_| Default::default()));
    for (part, mut rest) in parts.into_iter().enumerate() {
        for side in &mut sides {
            let (block, after) = rest.split_at_mut(apart.min(rest.len()));
            side[part] = &mut block[..length];
            rest = after;
        }
    }
    let mut states: [[T; P]; N] = std::array::from_fn(|n| at(&sides[n], 0));
    for element in 1..length {
        for (side, state) in sides.iter_mut().zip(&mut states) {
            *state = C::combine(*state, at(side, element));
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
pub fn apply<T: Copy, const P: usize, C: Combine<T, P>>(tile: Tile, mut parts: Parts<T, P>, mut carry: Parts<T, P>) {
    let Tile { across, pitch, points, elements, first } = tile;
    if across {
        for row in 0..elements {
            let of_run = first + row;
            let mut own = within(&mut parts, row * pitch..row * pitch + points);
            if of_run >= BLOCK {
                for point in 0..points {
                    let value = C::combine(at(&carry, point), at(&own, point));
                    put(&mut own, point, value);
                }
            }
            if (of_run + 1).is_multiple_of(BLOCK) {
                carry.iter_mut().zip(&own).for_each(|(carry, own)| carry[..points].copy_from_slice(own));
            }
        }
        return;
    }
    for point in 0..points {
        for start in (0..elements).step_by(BLOCK) {
            let end = elements.min(start + BLOCK);
            let mut own = within(&mut parts, point * pitch + start..point * pitch + end);
            if first + start >= BLOCK {
                let carry = at(&carry, point);
                for element in 0..own[0].len() {
                    let value = C::combine(carry, at(&own, element));
                    put(&mut own, element, value);
                }
            }
            put(&mut carry, point, at(&own, end - start - 1));
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
            /// Taken both ways round: the two differ where numbers are equal (zeros alone have other bits then), or one is NaN.
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] {
                let (a, b) = (if x < y { x } else { y }, if y < x { y } else { x });
                [<$t>::from_bits(a.to_bits() | b.to_bits())]
            }
        }
        impl Combine<$t, 1> for Greatest {
            #[inline(always)]
            fn combine([x]: [$t; 1], [y]: [$t; 1]) -> [$t; 1] { Least::combine([-x], [-y]).map(|least| -least) }
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
                    local::<f64, 1, Sum>(tile, [&mut buffer], [&mut state]);
                    apply::<f64, 1, Sum>(tile, [&mut buffer], [&mut carry]);
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
        local::<f64, 1, Sum>(tile, [&mut buffer], [&mut [0.0]]);
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
