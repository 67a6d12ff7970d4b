//! Where what is scanned is read from, and where it is written to.
//!
//! Comes in: a row of a tile and elements of it. Goes out: each of them, from the buffer or from elsewhere; or these written, with what comes before
//! their blocks, to the buffer or elsewhere. Always holds: elements elsewhere may lie anywhere, and are of one part.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::packing;
use super::pairs::Combine;
use super::squares::Loose;

/// One slice for each part.
pub type Parts<'a, T, const P: usize> = [&'a mut [T]; P];

/// Where what is scanned is read from.
pub trait Source<T: Copy, const P: usize> {
    /// Some elements of a row.
    type Row: Copy;

    /// So many of a row of the tile, from `start` on.
    fn row(&self, row: usize, start: usize, length: usize) -> Self::Row;

    /// One of them, which `own` has room for.
    fn get(row: Self::Row, own: &Parts<T, P>, at: usize) -> [T; P];

    /// All of them, if they are elsewhere.
    fn elsewhere(row: &Self::Row) -> Option<&[Loose<T>]>;
}

/// What comes before the blocks that elements are in.
pub trait Before<T: Copy, const P: usize>: Copy {
    /// That of some of the elements.
    fn within(self, range: Range<usize>) -> Self;

    /// An element with what comes before it.
    fn combined<C: Combine<T, P>>(self, number: usize, own: [T; P]) -> [T; P];
}

/// Nothing does.
#[derive(Clone, Copy)]
pub struct Nothing;

/// They are in one block.
#[derive(Clone, Copy)]
pub struct One<V>(pub V);

/// Each is in a block of its own.
#[derive(Clone, Copy)]
pub struct Each<V>(pub V);

impl<T: Copy, const P: usize> Before<T, P> for Nothing {
    #[inline(always)]
    fn within(self, _: Range<usize>) -> Nothing {
        self
    }

    #[inline(always)]
    fn combined<C: Combine<T, P>>(self, _: usize, own: [T; P]) -> [T; P] {
        own
    }
}

impl<T: Copy, const P: usize> Before<T, P> for One<[T; P]> {
    #[inline(always)]
    fn within(self, _: Range<usize>) -> Self {
        self
    }

    #[inline(always)]
    fn combined<C: Combine<T, P>>(self, _: usize, own: [T; P]) -> [T; P] {
        C::combine(self.0, own)
    }
}

impl<T: Copy, const P: usize> Before<T, P> for Each<[&[T]; P]> {
    #[inline(always)]
    fn within(self, range: Range<usize>) -> Self {
        Each(self.0.map(|part| &part[range.clone()]))
    }

    #[inline(always)]
    fn combined<C: Combine<T, P>>(self, number: usize, own: [T; P]) -> [T; P] {
        C::combine(self.0.map(|part| part[number]), own)
    }
}

/// Places of elements elsewhere.
pub type Places<T> = [MaybeUninit<Loose<T>>];

/// Rows elsewhere that are written.
pub trait Fill<T: Copy> {
    /// Writes so many elements of a row from `start` on: `write` sets all that it is given, which are those in this range of them.
    fn fill(&self, row: usize, start: usize, count: usize, write: impl FnMut(Range<usize>, &mut Places<T>));
}

/// Where what has been scanned is written to.
pub trait Sink<T: Copy, const P: usize> {
    /// Writes some elements of a row from `start` on, with what comes before them.
    fn put<C: Combine<T, P>>(&self, row: usize, start: usize, own: Parts<T, P>, before: impl Before<T, P>);

    /// Writes them as they are.
    #[inline(always)]
    fn keep<C: Combine<T, P>>(&self, row: usize, start: usize, own: Parts<T, P>) {
        self.put::<C>(row, start, own, Nothing);
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

    #[inline(always)]
    fn elsewhere((): &()) -> Option<&[Loose<T>]> {
        None
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

    #[inline(always)]
    fn elsewhere<'b>(row: &'b &'a [Loose<T>]) -> Option<&'b [Loose<T>]> {
        Some(row)
    }
}

impl<T: Copy, const P: usize> Sink<T, P> for InPlace {
    #[inline(always)]
    fn put<C: Combine<T, P>>(&self, _: usize, _: usize, mut own: Parts<T, P>, before: impl Before<T, P>) {
        let count = own[0].len();
        let (before, mut own) = (before.within(0..count), within(&mut own, 0..count));
        for element in 0..count {
            let value = before.combined::<C>(element, at(&own, element));
            put(&mut own, element, value);
        }
    }

    /// They are there.
    #[inline(always)]
    fn keep<C: Combine<T, P>>(&self, _: usize, _: usize, _: Parts<T, P>) {}
}

/// Writes elements, with what comes before them, to as many places for the first part of each.
#[inline(always)]
fn write<T: Copy, const P: usize, C: Combine<T, P>>(to: &mut Places<T>, own: [&[T]; P], before: impl Before<T, P>) {
    let count = to.len();
    let (own, before) = (own.map(|part| &part[..count]), before.within(0..count));
    for (element, to) in to.iter_mut().enumerate() {
        to.write(Loose(before.combined::<C>(element, own.map(|part| part[element]))[0]));
    }
}

impl<'a, T: Copy + 'a, F: Fn(usize) -> &'a mut Places<T>> Fill<T> for Rows<F> {
    #[inline(always)]
    fn fill(&self, row: usize, start: usize, count: usize, mut write: impl FnMut(Range<usize>, &mut Places<T>)) {
        write(0..count, &mut self.0(row)[start..][..count]);
    }
}

impl<'a, T: Copy + 'a, F: Fn(usize) -> &'a mut Places<T>> Fill<T> for PastCache<F> {
    #[inline(always)]
    fn fill(&self, row: usize, start: usize, count: usize, write: impl FnMut(Range<usize>, &mut Places<T>)) {
        let ahead = self.1.map(|ahead| ahead.wrapping_add(start * size_of::<T>()));
        packing::put_past_cache(&mut self.0(row)[start..][..count], ahead, write);
    }
}

/// Writes some elements of a row from `start` on, with what comes before them.
#[inline(always)]
fn put_elsewhere<T: Copy, const P: usize, C: Combine<T, P>>(
    to: &impl Fill<T>,
    (row, start): (usize, usize),
    own: Parts<T, P>,
    before: impl Before<T, P>,
) {
    to.fill(row, start, own[0].len(), |range, to| {
        let own = own.each_ref().map(|part| &part[range.clone()]);
        write::<T, P, C>(to, own, before.within(range));
    });
}

impl<'a, T: Copy + 'a, const P: usize, F: Fn(usize) -> &'a mut Places<T>> Sink<T, P> for Rows<F> {
    #[inline(always)]
    fn put<C: Combine<T, P>>(&self, row: usize, start: usize, own: Parts<T, P>, before: impl Before<T, P>) {
        put_elsewhere::<T, P, C>(self, (row, start), own, before);
    }
}

impl<'a, T: Copy + 'a, const P: usize, F: Fn(usize) -> &'a mut Places<T>> Sink<T, P> for PastCache<F> {
    #[inline(always)]
    fn put<C: Combine<T, P>>(&self, row: usize, start: usize, own: Parts<T, P>, before: impl Before<T, P>) {
        put_elsewhere::<T, P, C>(self, (row, start), own, before);
    }
}

/// A range of each part.
#[inline(always)]
pub fn within<'a, T, const P: usize>(parts: &'a mut Parts<T, P>, range: Range<usize>) -> Parts<'a, T, P> {
    parts.each_mut().map(|part| &mut part[range.clone()])
}

#[inline(always)]
pub fn at<T: Copy, const P: usize>(parts: &Parts<T, P>, at: usize) -> [T; P] {
    std::array::from_fn(|part| parts[part][at])
}

#[inline(always)]
pub fn put<T: Copy, const P: usize>(parts: &mut Parts<T, P>, at: usize, value: [T; P]) {
    parts.iter_mut().zip(value).for_each(|(part, value)| part[at] = value);
}
