//! Moving tiles: operands that lie across the loops into a buffer and back; elements into logical order; and a value over and over.

use std::ops::Range;
use std::ptr;

use smallvec::SmallVec;

use crate::dtype::Scalar;
use crate::plan::nest::offset;

/// A tile that lies in two places.
pub struct Block {
    /// Bytes of an element: 1, 2, 4 or 8.
    pub size: usize,
    /// Rows and columns.
    pub counts: [usize; 2],
    /// In the array: address, and strides along rows and columns in bytes.
    pub outside: (*mut u8, [isize; 2]),
    /// In the buffer.
    pub inside: (*mut u8, [isize; 2]),
}

impl Block {
    /// Copies the array's tile into the buffer.
    ///
    /// # Safety
    /// All elements of both places must be valid, those of the buffer for writes, and the two must be apart.
    pub unsafe fn copy_in(&self) {
        // SAFETY: as the caller promises.
        unsafe { self.copy(self.outside, self.inside) }
    }

    /// Copies the buffer into the array's tile.
    ///
    /// # Safety
    /// All elements of both places must be valid, those of the array for writes, and the two must be apart.
    pub unsafe fn copy_out(&self) {
        // SAFETY: as the caller promises.
        unsafe { self.copy(self.inside, self.outside) }
    }

    unsafe fn copy(&self, from: (*mut u8, [isize; 2]), to: (*mut u8, [isize; 2])) {
        // SAFETY: as the caller promises.
        unsafe {
            match self.size {
                1 => self.copy_as::<u8>(from, to),
                2 => self.copy_as::<u16>(from, to),
                4 => self.copy_as::<u32>(from, to),
                _ => self.copy_as::<u64>(from, to),
            }
        }
    }

    /// Row is the fast index: the array's neighbours lie along it, so whole cache lines are used while they are there.
    unsafe fn copy_as<T: Copy>(&self, from: (*mut u8, [isize; 2]), to: (*mut u8, [isize; 2])) {
        let [rows, columns] = self.counts.map(|n| n as isize);
        for column in 0..columns {
            self.prefetch(column + columns);
            for row in 0..rows {
                let at = |(pointer, [down, across]): (*mut u8, [isize; 2])| {
                    pointer.wrapping_offset(row * down + column * across).cast::<T>()
                };
                // SAFETY: both are elements of the tile; they need not be aligned.
                unsafe { at(to).write_unaligned(at(from).read_unaligned()) }
            }
        }
    }

    /// Fetches a column of the tile to the right, which comes next: columns lie so far apart that no hardware looks ahead
    /// (`a + b.t()` of 4096 x 4096 takes 2.5 times as long as `a + b` with it, 3.5 times without).
    fn prefetch(&self, column: isize) {
        let (pointer, [down, across]) = self.outside;
        for row in (0..self.counts[0]).step_by(LINE / self.size) {
            prefetch(pointer.wrapping_offset(row as isize * down + column * across));
        }
    }
}

/// Rows that are gathered at a time: their lines, in both places, stay in L1.
const ROWS: usize = 64;
const FEW_ROWS: usize = 8;
/// Bytes after which addresses share a set of the first cache.
const PAGE: isize = 4096;
/// Columns whose places are found at a time, and how many of them a line is fetched ahead.
const COLUMNS: usize = 256;
const AHEAD: usize = 8;
/// Elements that are copied as a run rather than one by one.
const RUN: usize = 8;

/// The elements of an array, flattened in logical order, with a stride along each axis.
pub struct Gather<'a> {
    /// Bytes of an element: 1, 2, 4 or 8.
    pub size: usize,
    /// The length of each axis.
    pub shape: &'a [usize],
    /// The stride along each, in bytes.
    pub strides: &'a [isize],
}

impl Gather<'_> {
    /// Copies a range of the elements one after another. `from` is the element at index 0 of all axes.
    ///
    /// # Safety
    /// The elements must be valid to read, and there must be room for them at `to`, apart from all of them.
    pub unsafe fn elements(&self, from: *const u8, elements: Range<usize>, to: *mut u8) {
        let mut at = elements.start;
        while at < elements.end {
            // The outermost axis of which whole rows begin here.
            let (mut axis, mut row) = (self.shape.len() - 1, 1);
            while axis > 0 && at.is_multiple_of(row * self.shape[axis]) && elements.end - at >= row * self.shape[axis] {
                row *= self.shape[axis];
                axis -= 1;
            }
            let left = self.shape[axis] - at / row % self.shape[axis];
            let count = left.min((elements.end - at) / row);
            let place = from.wrapping_offset(offset(at, self.shape, self.strides));
            let here = to.wrapping_add((at - elements.start) * self.size);
            // SAFETY: as the caller promises, for a part of the range.
            unsafe { self.rows(axis, count, place, here) }
            at += count * row;
        }
    }

    /// Copies `count` rows along `axis`, each of all that lies in the axes after it.
    ///
    /// # Safety
    /// As for [`elements`](Gather::elements).
    unsafe fn rows(&self, axis: usize, count: usize, from: *const u8, to: *mut u8) {
        let (mut lengths, strides) = (SmallVec::<[usize; 6]>::from_slice(&self.shape[axis..]), &self.strides[axis..]);
        // What is repeated is copied once, and then from where it is.
        lengths[0] = if strides[0] == 0 { 1 } else { count };
        let last = lengths.len() - 1;
        // The axis along which neighbours lie, or else the next to the last.
        let apart = |&axis: &usize| (strides[axis] == 0, strides[axis].unsigned_abs());
        let near = (0..last).filter(|&axis| lengths[axis] > 1).min_by_key(apart);
        let near =
            near.filter(|&axis| strides[last] == 0 || strides[axis].unsigned_abs() < strides[last].unsigned_abs());
        let near = near.or(last.checked_sub(1));
        let mut apart = SmallVec::<[isize; 6]>::from_elem(self.size as isize, lengths.len());
        for axis in (0..last).rev() {
            apart[axis] = apart[axis + 1] * lengths[axis + 1] as isize;
        }
        let (rows, down) = near.map_or((1, [0; 2]), |axis| (lengths[axis], [strides[axis], apart[axis]]));
        let after = near.map_or(0, |axis| axis + 1);
        let (around, within) = lengths.split_at(after);
        let mut around = SmallVec::<[usize; 6]>::from_slice(around);
        near.into_iter().for_each(|axis| around[axis] = 1);
        // Runs are as good as single elements that lie apart.
        let run = if strides[last] == self.size as isize && lengths[last] >= RUN { lengths[last] } else { 1 };
        let columns = within.iter().product::<usize>() / run;
        let mut places = [0; COLUMNS];
        for first in (0..columns).step_by(COLUMNS) {
            let places = &mut places[..COLUMNS.min(columns - first)];
            for (column, place) in (first..).zip(&mut *places) {
                *place = offset(column * run, within, &strides[after..]);
            }
            for at in 0..around.iter().product() {
                let from = from.wrapping_offset(offset(at, &around, strides));
                let to = to.wrapping_offset(offset(at, &around, &apart)).wrapping_add(first * run * self.size);
                let lines = Lines { rows, run, from, to, down, places };
                // SAFETY: a part of the rows.
                unsafe {
                    match self.size {
                        1 => lines.copy::<u8>(),
                        2 => lines.copy::<u16>(),
                        4 => lines.copy::<u32>(),
                        _ => lines.copy::<u64>(),
                    }
                }
            }
        }
        let row = apart[0].unsigned_abs();
        let mut done = lengths[0];
        while done < count {
            let more = done.min(count - done);
            // SAFETY: rows that have been copied, and as much room after them.
            unsafe { ptr::copy_nonoverlapping(to, to.wrapping_add(done * row), more * row) }
            done += more;
        }
    }
}

/// Rows, whose elements lie one after another where they are put.
struct Lines<'a> {
    rows: usize,
    /// Elements that lie one after another at each of the places.
    run: usize,
    from: *const u8,
    to: *mut u8,
    /// From row to row, where they are and where they are put.
    down: [isize; 2],
    /// Where the elements of a row are, or the runs of them, in bytes from its first one.
    places: &'a [isize],
}

impl Lines<'_> {
    /// # Safety
    /// The elements must be valid to read and write, in places that are apart.
    #[inline(never)]
    unsafe fn copy<T: Square>(&self) {
        // Places that lie whole pages apart share the few lines of one set of the cache.
        let tile = if self.down[1] % PAGE == 0 { FEW_ROWS } else { ROWS };
        for first in (0..self.rows).step_by(tile) {
            let rows = first..(first + tile).min(self.rows);
            if self.run > 1 {
                for row in rows {
                    for column in 0..self.places.len() {
                        let (from, to) = self.at::<T>(row, column);
                        // SAFETY: a run.
                        unsafe { ptr::copy_nonoverlapping(from, to, self.run) }
                    }
                }
                continue;
            }
            let side = if self.down[0] == size_of::<T>() as isize { T::SIDE } else { 1 };
            let mut column = 0;
            while column < self.places.len() {
                let columns = if column + side <= self.places.len() { side } else { 1 };
                (column..column + columns).for_each(|column| self.prefetch::<T>(&rows, column + AHEAD));
                let squares = if columns > 1 { rows.len() / side } else { 0 };
                // SAFETY: elements of these rows.
                unsafe {
                    if squares > 0 {
                        self.squares::<T>(rows.start, squares, column);
                    }
                    for column in column..column + columns {
                        self.column::<T>(rows.start + squares * side..rows.end, column);
                    }
                }
                column += columns;
            }
        }
    }

    /// An element, or the first one of a run.
    fn at<T>(&self, row: usize, column: usize) -> (*const T, *mut T) {
        let from = self.from.wrapping_offset(row as isize * self.down[0] + self.places[column]);
        let to = self.to.wrapping_offset(row as isize * self.down[1]);
        (from.cast(), to.cast::<T>().wrapping_add(column * self.run))
    }

    /// Fetches the lines of a column; those after the last one are the first ones of the next rows. (Columns lie so far apart that no hardware
    /// looks ahead.)
    fn prefetch<T>(&self, rows: &Range<usize>, column: usize) {
        let columns = self.places.len();
        let further = column / columns * rows.len();
        for row in rows.clone().step_by(LINE / size_of::<T>()) {
            prefetch(self.at::<T>(row + further, column % columns).0.cast());
        }
    }

    /// Copies a column.
    unsafe fn column<T: Copy>(&self, rows: Range<usize>, column: usize) {
        for row in rows {
            let (from, to) = self.at::<T>(row, column);
            // SAFETY: an element; it need not be aligned.
            unsafe { to.write_unaligned(from.read_unaligned()) }
        }
    }

    /// Copies squares, one below the other, of columns whose neighbours lie down the rows.
    unsafe fn squares<T: Square>(&self, row: usize, squares: usize, column: usize) {
        let from: SmallVec<[*const T; 4]> = (0..T::SIDE).map(|next| self.at::<T>(row, column + next).0).collect();
        // SAFETY: so many elements of each column, and their places in as many rows.
        unsafe { T::transpose(&from, self.at::<T>(row, column).1, self.down[1], squares) }
    }
}

/// Elements of which squares of a few are moved at once.
trait Square: Copy {
    /// Rows and columns of a square.
    const SIDE: usize;

    /// Columns of squares that lie one below the other become rows, which lie `down` bytes apart.
    ///
    /// # Safety
    /// The elements of all squares must be valid to read from each of so many addresses on, and to write in as many rows, apart from
    /// these.
    unsafe fn transpose(from: &[*const Self], to: *mut Self, down: isize, squares: usize) {
        for (column, from) in from.iter().enumerate() {
            for row in 0..squares * Self::SIDE {
                // SAFETY: an element; it need not be aligned.
                unsafe {
                    let to = to.wrapping_byte_offset(down * row as isize).wrapping_add(column);
                    to.write_unaligned(from.wrapping_add(row).read_unaligned());
                }
            }
        }
    }
}

impl Square for u8 {
    const SIDE: usize = 1;
}

impl Square for u16 {
    const SIDE: usize = 1;
}

#[cfg(not(target_arch = "x86_64"))]
impl Square for u32 {
    const SIDE: usize = 1;
}

#[cfg(not(target_arch = "x86_64"))]
impl Square for u64 {
    const SIDE: usize = 1;
}

#[cfg(target_arch = "x86_64")]
impl Square for u32 {
    const SIDE: usize = 4;

    unsafe fn transpose(from: &[*const u32], mut to: *mut u32, down: isize, squares: usize) {
        use std::arch::x86_64::*;
        let &[a, b, c, d] = from else { return };
        for first in (0..squares).map(|square| square * Self::SIDE) {
            // SAFETY: as the caller promises; nothing need be aligned.
            unsafe {
                let [a, b, c, d] = [a, b, c, d].map(|from| _mm_loadu_si128(from.wrapping_add(first).cast()));
                let (low, high) = (_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
                let (lower, higher) = (_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
                let rows = [
                    _mm_unpacklo_epi64(low, lower),
                    _mm_unpackhi_epi64(low, lower),
                    _mm_unpacklo_epi64(high, higher),
                    _mm_unpackhi_epi64(high, higher),
                ];
                for row in rows {
                    _mm_storeu_si128(to.cast(), row);
                    to = to.wrapping_byte_offset(down);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Square for u64 {
    const SIDE: usize = 2;

    unsafe fn transpose(from: &[*const u64], mut to: *mut u64, down: isize, squares: usize) {
        use std::arch::x86_64::*;
        let &[a, b] = from else { return };
        for first in (0..squares).map(|square| square * Self::SIDE) {
            // SAFETY: as the caller promises; nothing need be aligned.
            unsafe {
                let [a, b] = [a, b].map(|from| _mm_loadu_si128(from.wrapping_add(first).cast()));
                for row in [_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b)] {
                    _mm_storeu_si128(to.cast(), row);
                    to = to.wrapping_byte_offset(down);
                }
            }
        }
    }
}

/// Bytes of a cache line.
pub const LINE: usize = 64;

/// Fetches a line.
#[inline(always)]
fn prefetch(address: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint, for which any address will do.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    let _ = address;
}

/// Orders stores past the cache before what follows.
pub fn fence() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: part of SSE, which x86-64 has.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// Writes a value over and over.
///
/// # Safety
/// There must be room for `count` elements.
pub unsafe fn fill(to: *mut u8, value: Scalar, count: usize) {
    // SAFETY: as the caller promises; the low bytes of the bits are the element's, whatever the byte order.
    unsafe {
        match value.dtype().size() {
            1 => ptr::write_bytes(to, value.bits() as u8, count),
            2 => (0..count).for_each(|i| to.cast::<u16>().add(i).write_unaligned(value.bits() as u16)),
            4 => (0..count).for_each(|i| to.cast::<u32>().add(i).write_unaligned(value.bits() as u32)),
            _ => (0..count).for_each(|i| to.cast::<u64>().add(i).write_unaligned(value.bits())),
        }
    }
}
