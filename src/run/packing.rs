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

/// Rows and columns that are gathered at a time, so that both ways whole lines are used while they are in L1.
const ROWS: usize = 256;
const COLUMNS: usize = 8;
/// Columns that are fetched ahead.
const AHEAD: usize = 16;

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
        let along =
            |axis: Option<usize>| axis.map_or((1, [0; 2]), |axis| (lengths[axis], [strides[axis], apart[axis]]));
        let ((rows, down), (columns, across)) = (along(near), along(Some(last)));
        let mut around = lengths.clone();
        around[last] = 1;
        near.into_iter().for_each(|axis| around[axis] = 1);
        for at in 0..around.iter().product() {
            let [from, to] = [
                from.wrapping_offset(offset(at, &around, strides)),
                to.wrapping_offset(offset(at, &around, &apart)).cast_const(),
            ];
            for row in (0..rows).step_by(ROWS) {
                let place = |pointer: *const u8, stride: isize| pointer.wrapping_offset(row as isize * stride);
                let block = Lines {
                    counts: [ROWS.min(rows - row), columns],
                    from: place(from, down[0]),
                    to: place(to, down[1]).cast_mut(),
                    down,
                    across: across[0],
                };
                // SAFETY: a part of the rows.
                unsafe {
                    match self.size {
                        1 => block.copy::<u8>(),
                        2 => block.copy::<u16>(),
                        4 => block.copy::<u32>(),
                        _ => block.copy::<u64>(),
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
struct Lines {
    /// Rows and columns.
    counts: [usize; 2],
    from: *const u8,
    to: *mut u8,
    /// From row to row, where they are and where they are put.
    down: [isize; 2],
    /// From column to column where they are.
    across: isize,
}

impl Lines {
    /// # Safety
    /// The elements must be valid to read and write, in places that are apart.
    unsafe fn copy<T: Copy>(&self) {
        let ([rows, columns], size) = (self.counts, size_of::<T>());
        let place = |row: usize, column: usize| {
            let from = self.from.wrapping_offset(row as isize * self.down[0] + column as isize * self.across);
            (from.cast::<T>(), self.to.wrapping_offset(row as isize * self.down[1]).cast::<T>().wrapping_add(column))
        };
        if self.across == size as isize && columns >= COLUMNS {
            for (from, to) in (0..rows).map(|row| place(row, 0)) {
                // SAFETY: a row.
                unsafe { ptr::copy_nonoverlapping(from, to, columns) }
            }
            return;
        }
        for first in (0..columns).step_by(COLUMNS) {
            let next = first + AHEAD..(first + AHEAD + COLUMNS).min(columns);
            for (column, row) in next.flat_map(|column| (0..rows).step_by(LINE / size).map(move |row| (column, row))) {
                prefetch(place(row, column).0.cast());
            }
            if columns - first >= COLUMNS {
                for row in 0..rows {
                    for column in first..first + COLUMNS {
                        let (from, to) = place(row, column);
                        // SAFETY: an element.
                        unsafe { to.write_unaligned(from.read_unaligned()) }
                    }
                }
                continue;
            }
            for column in first..columns {
                for row in 0..rows {
                    let (from, to) = place(row, column);
                    // SAFETY: an element.
                    unsafe { to.write_unaligned(from.read_unaligned()) }
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
