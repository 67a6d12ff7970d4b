//! The loops of scans: over a buffer in which a tile lies.
//!
//! Comes in: a tile of one scan, as one slice for each of its parts, or rows elsewhere. Goes out: the tile scanned, there or elsewhere. Always holds: the order in which elements
//! are combined is that of `plan::scan`, whatever the tiles; all executors run these loops, so all give the same bits.
//!
//! An addition waits for the one before it, so several blocks, or runs, are scanned side by side: as lanes of vectors, into which squares of
//! elements are turned (`squares`), where the CPU has wide ones and elements are of 4 or 8 bytes. Where neighbours are elements of different
//! runs, whole rows of them are, and the compiler makes vectors of that.

use super::ends::{Each, Fill, InPlace, One, Parts, Sink, Source, at, put, within};
use super::pairs::Combine;
use super::squares::{Loose, SIDES, Sides, Wide};
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

    /// All of it as one row, where rows follow each other.
    pub fn as_one(&self) -> Tile {
        Tile { across: false, pitch: self.room(), points: 1, elements: self.room(), first: 0 }
    }
}

/// Blocks that are scanned side by side: as many additions of which none waits for another as take the time of one.
const SIDE: usize = 4;

/// Scans each block of a tile by itself. `state` is what each run's unfinished block has come to: before the tile, and after it.
#[inline(always)]
pub fn local<T: Copy, const P: usize, C: Combine<T, P>>(
    wide: Option<Wide>,
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
    // Whole blocks in their order, and the shorter ones at the ends of runs.
    let (whole, rest) = (elements / BLOCK, elements % BLOCK);
    let ends = |point: usize| (point, whole * BLOCK);
    for first in (0..points * whole).step_by(SIDES) {
        let live = SIDES.min(points * whole - first);
        let places = |n: usize| match points {
            1 => (0, (first + n) * BLOCK),
            _ => ((first + n) / whole, (first + n) % whole * BLOCK),
        };
        let joined = if points == 1 && live < SIDES && rest > 0 { Some(rest) } else { None };
        beside::<T, P, C, _>((wide, from, tile), &mut parts, (live, &places), (BLOCK, joined));
        if joined.is_some() {
            return;
        }
    }
    for first in (0..points).step_by(SIDES).take_while(|_| rest > 0) {
        let places = |n: usize| ends(first + n);
        beside::<T, P, C, _>((wide, from, tile), &mut parts, (SIDES.min(points - first), &places), (rest, None));
    }
}

/// Scans up to [`SIDES`] blocks of this length, each at a run and an element of it, and after the last of them the shorter one that follows it, if one does.
#[inline(always)]
fn beside<T: Copy, const P: usize, C: Combine<T, P>, S: Source<T, P>>(
    (wide, from, tile): (Option<Wide>, &S, Tile),
    parts: &mut Parts<T, P>,
    (live, place): (usize, &impl Fn(usize) -> (usize, usize)),
    (length, joined): (usize, Option<usize>),
) {
    let least = joined.unwrap_or(length);
    let lanes = live + usize::from(joined.is_some());
    if let (Some(wide), true, true) = (wide, P == 1 && lanes > 1, Wide::scans::<T>(least)) {
        let row = |n: usize| {
            let (point, start) = place(n.min(lanes - 1));
            from.row(point, start, if n >= live { least } else { length })
        };
        let places = std::array::from_fn(|n| {
            let (point, start) = place(n.min(lanes - 1));
            point * tile.pitch + start
        });
        let rows: [S::Row; SIDES] = std::array::from_fn(row);
        let lines: [Option<&[Loose<T>]>; SIDES] = rows.each_ref().map(S::elsewhere);
        let lines = lines[0].map(|first| lines.map(|line| line.unwrap_or(first)));
        let own = &mut *parts[0];
        let states = [own[places[0]]; SIDES];
        let mut sides = Sides { own, places, live: lanes, states };
        let combine = |x: T, y: T| C::combine([x; P], [y; P])[0];
        wide.scan(&mut sides, lines.as_ref(), 0..least, combine);
        if joined.is_some() {
            // The shorter one is done: the one before it takes its lanes.
            let last = live - 1;
            let mut lines = lines;
            for n in live..SIDES {
                (sides.places[n], sides.states[n]) = (sides.places[last], sides.states[last]);
                lines.iter_mut().for_each(|lines| lines[n] = lines[last]);
            }
            sides.live = live;
            wide.scan(&mut sides, lines.as_ref(), least..length, combine);
        }
        return;
    }
    let mut n = 0;
    while n < live {
        if n + SIDE <= live {
            blocks::<T, P, SIDE, C, _>((from, std::array::from_fn(|side| place(n + side))), tile, parts, length);
            n += SIDE;
        } else {
            blocks::<T, P, 1, C, _>((from, [place(n)]), tile, parts, length);
            n += 1;
        }
    }
    if let Some(rest) = joined {
        blocks::<T, P, 1, C, _>((from, [place(live)]), tile, parts, rest);
    }
}

/// A row of neighbours, with what their blocks have come to before.
#[inline(always)]
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

/// Scans `N` blocks of this length, which begin at these rows and elements of them.
#[inline(always)]
fn blocks<T: Copy, const P: usize, const N: usize, C: Combine<T, P>, S: Source<T, P>>(
    (from, places): (&S, [(usize, usize); N]),
    tile: Tile,
    parts: &mut Parts<T, P>,
    length: usize,
) {
    let mut sides: [Parts<T, P>; N] = std::array::from_fn(|_| std::array::from_fn(|_| Default::default()));
    for (part, rest) in parts.iter_mut().enumerate() {
        let (mut rest, mut skipped) = (&mut **rest, 0);
        for (side, (point, start)) in sides.iter_mut().zip(places) {
            // (They follow each other.)
            let begin = point * tile.pitch + start;
            let (block, after) = rest[begin - skipped..].split_at_mut(length);
            side[part] = block;
            (rest, skipped) = (after, begin + length);
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
#[inline(always)]
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
            let (own, carry) = (within(&mut parts, place), within(&mut carry, 0..points));
            row_with_carry::<T, P, C>((to, row), of_run, own, carry);
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
                to.put::<C>(point, start, own, One(before));
            } else {
                put(&mut carry, point, last);
                to.keep::<C>(point, start, own);
            }
        }
    }
}

/// Combines neighbours, elements number `of_run` of their runs, with what comes before their blocks, and writes them as a row.
#[inline(always)]
fn row_with_carry<T: Copy, const P: usize, C: Combine<T, P>>(
    (to, row): (&impl Sink<T, P>, usize),
    of_run: usize,
    mut own: Parts<T, P>,
    mut carry: Parts<T, P>,
) {
    let last = (of_run + 1).is_multiple_of(BLOCK);
    if of_run >= BLOCK && !last {
        return to.put::<C>(row, 0, own, Each(carry.map(|part| &*part)));
    }
    if of_run >= BLOCK {
        let count = own[0].len();
        InPlace.put::<C>(row, 0, within(&mut own, 0..count), Each(carry.each_ref().map(|part| &**part)));
    }
    if last {
        carry.iter_mut().zip(&own).for_each(|(carry, own)| carry.copy_from_slice(own));
    }
    to.keep::<C>(row, 0, own);
}

/// Rows of neighbours of one part, each read once and written once: scanned, and combined with what comes before their blocks. `state` and
/// `carry` are as for the two steps.
#[inline(always)]
pub fn through<T: Copy, const P: usize, C: Combine<T, P>, S: Source<T, P>>(
    tile: Tile,
    from: &S,
    to: &impl Fill<T>,
    [state, carry]: [&mut [T]; 2],
) {
    let combine = |x: T, y: T| C::combine([x; P], [y; P])[0];
    for row in 0..tile.elements {
        let (of_run, read) = (tile.first + row, from.row(row, 0, tile.points));
        let Some(read) = S::elsewhere(&read) else { return };
        let (begins, later, last) = (of_run.is_multiple_of(BLOCK), of_run >= BLOCK, (of_run + 1).is_multiple_of(BLOCK));
        to.fill(row, 0, tile.points, |range, to| {
            let (read, state, carry) = (&read[range.clone()], &mut state[range.clone()], &mut carry[range]);
            let places =
                to.iter_mut().zip(read).zip(state).zip(carry).map(|(((to, x), own), before)| (to, x.0, own, before));
            if later && !begins && !last {
                return places.for_each(|(to, x, own, before)| {
                    *own = combine(*own, x);
                    to.write(Loose(combine(*before, *own)));
                });
            }
            places.for_each(|(to, x, own, before)| {
                *own = if begins { x } else { combine(*own, x) };
                let value = if later { combine(*before, *own) } else { *own };
                *before = if last { value } else { *before };
                to.write(Loose(value));
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{Greatest, Sum};
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
            let ways = [(false, BLOCK), (false, 4 * BLOCK), (false, 8 * BLOCK), (true, 7), (true, 1000)];
            for ((across, step), wide) in ways.iter().flat_map(|way| [None, Wide::here()].map(|wide| (*way, wide))) {
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
                    local::<f64, 1, Sum>(wide, tile, &InPlace, [&mut buffer], [&mut state]);
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

    /// Lanes of vectors give the bits of one element after the other, zeros, infinities and NaN among them.
    #[test]
    fn lanes_make_no_difference() {
        let special = [0.0, -0.0, 1.0, -2.5, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 3.0, 1e-40];
        for (points, length) in [(1, 1500), (1, 5000), (3, 8), (8, 9), (11, 30), (5, 511), (3, 1100)] {
            let all: Vec<f32> = (0..points * length).map(|i| special[i * i % 101 % special.len()]).collect();
            let tile = Tile { across: false, pitch: length, points, elements: length, first: 0 };
            let scan = |wide| {
                let (mut buffer, mut state) = (all.clone(), vec![0.0; points]);
                local::<f32, 1, Greatest>(wide, tile, &InPlace, [&mut buffer], [&mut state]);
                buffer.iter().map(|x| x.to_bits()).collect::<Vec<u32>>()
            };
            assert_eq!(scan(None), scan(Wide::here()), "{points} {length}");
        }
    }

    #[test]
    fn what_pieces_begin_with() {
        let (x, group) = (numbers(4 * BLOCK), 3);
        let mut buffer = x.clone();
        let tile = Tile { across: false, pitch: x.len(), points: 1, elements: x.len(), first: 0 };
        local::<f64, 1, Sum>(None, tile, &InPlace, [&mut buffer], [&mut [0.0]]);
        let mut to = vec![f64::NAN; 4 * group];
        totals(tile, group, [&buffer], [&mut to]);
        let (first, rest) = to.split_at(2 * group);
        let (mut half, mut whole) = ([0.0], [0.0]);
        advance::<f64, 1, Sum>([group, 1], [first], None, [&mut half]);
        advance::<f64, 1, Sum>([group, 1], [rest], Some([&half]), [&mut whole]);
        let right = plain(&x);
        assert_eq!((half[0], whole[0]), (right[2 * BLOCK - 1], right[4 * BLOCK - 1]));
    }
}
