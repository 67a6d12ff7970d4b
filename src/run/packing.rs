//! Moving tiles: operands that lie across the loops into a buffer and back; elements into logical order; and a value over and over.

use std::mem::MaybeUninit;
use std::ops::Range;
use std::{ptr, slice};

use smallvec::SmallVec;

use super::squares::{Square, at, last_columns};
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
    /// Whether the tile to the right comes next, and its columns lie where no hardware looks ahead.
    pub ahead: bool,
}

impl Block {
    /// Copies the array's tile into the buffer.
    ///
    /// # Safety
    /// All elements of both places must be valid, those of the buffer for writes, and the two must be apart.
    pub unsafe fn copy_in(&self) {
        // SAFETY: as the caller promises.
        unsafe { self.copy(self.outside, self.inside, true) }
    }

    /// Copies the buffer into the array's tile.
    ///
    /// # Safety
    /// All elements of both places must be valid, those of the array for writes, and the two must be apart.
    pub unsafe fn copy_out(&self) {
        // SAFETY: as the caller promises.
        unsafe { self.copy(self.inside, self.outside, false) }
    }

    /// `within`: what lies between the rows of the tile that is written is the tile's, too.
    unsafe fn copy(&self, from: (*mut u8, [isize; 2]), to: (*mut u8, [isize; 2]), within: bool) {
        // SAFETY: as the caller promises.
        unsafe {
            match self.size {
                1 => self.copy_as::<u8>(from, to, within),
                2 => self.copy_as::<u16>(from, to, within),
                4 => self.copy_as::<u32>(from, to, within),
                _ => self.copy_as::<u64>(from, to, within),
            }
        }
    }

    /// Squares of elements are turned in registers, where neighbours lie along rows in the one place and along columns in the other;
    /// what is left goes one by one. Rows are the fast index: the array's neighbours lie along them, so whole cache lines are used
    /// while they are there.
    unsafe fn copy_as<T: Square>(&self, from: (*mut u8, [isize; 2]), to: (*mut u8, [isize; 2]), within: bool) {
        let [rows, mut columns] = self.counts;
        let unit = size_of::<T>() as isize;
        let stepped = if columns >= RUN { Stepped::of([from.1[1], to.1[1]], unit) } else { None };
        if let Some(stepped) = stepped {
            for row in 0..rows {
                // SAFETY: a row of the tile.
                unsafe { stepped.copy::<T>(at(from, row, 0), at(to, row, 0), columns) }
            }
            return;
        }
        let (turned, side) = (from.1[0] == unit && to.1[1] == unit, T::SIDE);
        let squares = side > 1 && (turned || from.1[1] == unit && to.1[0] == unit);
        // (Of fewer most of what is turned would be for nothing.)
        let last = if squares && turned && within && 4 * (columns % side) >= side { columns % side } else { 0 };
        if last > 0 {
            // SAFETY: as the caller promises; the columns before these are written afterwards.
            unsafe { last_columns::<T>(from, to, self.counts, last) }
            columns -= last;
        }
        let whole = if squares { [rows / side * side, columns / side * side] } else { [0; 2] };
        for column in (0..columns).step_by(if squares { side } else { 1 }) {
            let group = column..(column + if squares { side } else { 1 }).min(columns);
            if self.ahead {
                group.clone().for_each(|column| self.prefetch((column + self.counts[1]) as isize));
            }
            let mut row = 0;
            if group.end <= whole[1] {
                // SAFETY: whole squares of the tile.
                unsafe { self.squares::<T>(from, to, whole[0] / side, (column, turned)) }
                row = whole[0];
            }
            for column in group {
                for row in row..rows {
                    // SAFETY: both are elements of the tile; they need not be aligned.
                    unsafe { at::<T>(to, row, column).write_unaligned(at::<T>(from, row, column).read_unaligned()) }
                }
            }
        }
    }

    /// Copies squares, one below the other. `turned`: of columns into rows, else of rows into columns.
    unsafe fn squares<T: Square>(
        &self,
        from: (*mut u8, [isize; 2]),
        to: (*mut u8, [isize; 2]),
        squares: usize,
        (column, turned): (usize, bool),
    ) {
        let mut lines = [ptr::null(); 16];
        let lines = &mut lines[..T::SIDE];
        if turned {
            for (next, line) in lines.iter_mut().enumerate() {
                *line = at::<T>(from, 0, column + next).cast_const();
            }
            // SAFETY: elements of the tile, as the caller promises.
            return unsafe { T::transpose(lines, at::<T>(to, 0, column), to.1[0], squares) };
        }
        for row in (0..squares).map(|square| square * T::SIDE) {
            for (next, line) in lines.iter_mut().enumerate() {
                *line = at::<T>(from, row + next, column).cast_const();
            }
            // SAFETY: as above.
            unsafe { T::transpose(lines, at::<T>(to, row, column), to.1[1], 1) }
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

/// How far apart the elements of a run are in the one place and in the other, in elements: few enough that the compiler makes vectors of it.
#[derive(Clone, Copy)]
struct Stepped([i8; 2]);

impl Stepped {
    /// Of these strides in bytes.
    fn of(strides: [isize; 2], unit: isize) -> Option<Stepped> {
        let steps = strides.map(|stride| if stride % unit == 0 { i8::try_from(stride / unit).unwrap_or(0) } else { 0 });
        matches!(steps, [1, -1 | 1..=4] | [-1 | 2..=4, 1]).then_some(Stepped(steps))
    }

    /// Copies a run.
    ///
    /// # Safety
    /// So many elements must be valid to read and to write, in places that are apart.
    unsafe fn copy<T: Copy>(self, from: *const T, to: *mut T, count: usize) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: as the caller promises; the CPU has the instructions.
            return unsafe { wide(self, from, to, count) };
        }
        // SAFETY: as the caller promises.
        unsafe { self.each(from, to, count) }
    }

    /// # Safety
    /// As for [`copy`](Stepped::copy).
    #[inline(always)]
    unsafe fn each<T: Copy>(self, from: *const T, to: *mut T, count: usize) {
        // SAFETY: as the caller promises.
        unsafe {
            match self.0 {
                [1, 1] => ptr::copy_nonoverlapping(from, to, count),
                [-1, _] => run::<T, -1, 1>(from, to, count),
                [2, _] => run::<T, 2, 1>(from, to, count),
                [3, _] => run::<T, 3, 1>(from, to, count),
                [4, _] => run::<T, 4, 1>(from, to, count),
                [_, -1] => run::<T, 1, -1>(from, to, count),
                [_, 2] => run::<T, 1, 2>(from, to, count),
                [_, 3] => run::<T, 1, 3>(from, to, count),
                _ => run::<T, 1, 4>(from, to, count),
            }
        }
    }
}

/// # Safety
/// As for [`Stepped::copy`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn wide<T: Copy>(stepped: Stepped, from: *const T, to: *mut T, count: usize) {
    // SAFETY: as the caller promises.
    unsafe { stepped.each(from, to, count) }
}

/// # Safety
/// As for [`Stepped::copy`].
#[inline(always)]
unsafe fn run<T: Copy, const FROM: isize, const TO: isize>(from: *const T, to: *mut T, count: usize) {
    for at in 0..count as isize {
        // SAFETY: an element of each; it need not be aligned.
        unsafe { to.wrapping_offset(TO * at).write_unaligned(from.wrapping_offset(FROM * at).read_unaligned()) }
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
/// Lines that are fetched of the beginning of a row.
const ROW_AHEAD: usize = 8;
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

    /// Puts the numbers of an affine operand that is this one at index 0 of all axes.
    ///
    /// # Safety
    /// There must be room for them at `to`.
    pub unsafe fn numbers(&self, base: i64, elements: Range<usize>, to: *mut i64) {
        let (length, step) =
            (self.shape.last().copied().unwrap_or(1), self.strides.last().copied().unwrap_or(0) as i64);
        let mut at = elements.start;
        while at < elements.end {
            let first = base + offset(at, self.shape, self.strides) as i64;
            let count = (length - at % length).min(elements.end - at);
            let row = to.wrapping_add(at - elements.start);
            for k in 0..count {
                // SAFETY: as the caller promises.
                unsafe { row.wrapping_add(k).write(first + k as i64 * step) }
            }
            at += count;
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
        let from: SmallVec<[*const T; 16]> = (0..T::SIDE).map(|next| self.at::<T>(row, column + next).0).collect();
        // SAFETY: so many elements of each column, and their places in as many rows.
        unsafe { T::transpose(&from, self.at::<T>(row, column).1, self.down[1], squares) }
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

/// Fetches the first lines of a row that comes next: where a row begins no hardware looks ahead.
pub fn prefetch_row(row: *const u8) {
    (0..ROW_AHEAD).for_each(|line| prefetch(row.wrapping_add(line * LINE)));
}

/// Orders stores past the cache before what follows.
pub fn fence() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: part of SSE, which x86-64 has.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// Writes elements one after another, whole lines past the cache: needs a [`fence`] afterwards. `write` must set all that it is given, which
/// are the elements of this range. Fetches as much from `ahead` on meanwhile.
#[inline(always)]
pub fn put_past_cache<T: Copy>(
    to: &mut [MaybeUninit<T>],
    ahead: Option<*const u8>,
    mut write: impl FnMut(Range<usize>, &mut [MaybeUninit<T>]),
) {
    let (size, address, count) = (size_of::<T>(), to.as_ptr().addr(), to.len());
    let (in_line, head) = (LINE / size, address.next_multiple_of(LINE) - address);
    // (Where elements lie across lines no line is whole.)
    let head = if head.is_multiple_of(size) && LINE.is_multiple_of(size) { (head / size).min(count) } else { count };
    let (before, lines) = to.split_at_mut(head);
    write(0..head, before);
    let mut at = head;
    let mut lines = lines.chunks_exact_mut(in_line);
    for line in &mut lines {
        if let Some(ahead) = ahead {
            prefetch(ahead.wrapping_add(at * size));
        }
        let mut whole = Whole([const { MaybeUninit::uninit() }; LINE]);
        // SAFETY: a line is room for so many elements, which are aligned there, and need not be set yet.
        let own = unsafe { slice::from_raw_parts_mut(whole.0.as_mut_ptr().cast::<MaybeUninit<T>>(), in_line) };
        write(at..at + in_line, own);
        // SAFETY: there is as much room, at an address that is a multiple of it.
        unsafe { put_line(line.as_mut_ptr().cast(), &whole) }
        at += in_line;
    }
    write(at..count, lines.into_remainder());
}

/// A line of the cache.
#[repr(C, align(64))]
struct Whole([MaybeUninit<u8>; LINE]);

/// Writes a line past the cache, where the machine can.
///
/// # Safety
/// The line must have been written; there must be room for it at `to`, at a multiple of its size.
#[inline(always)]
unsafe fn put_line(to: *mut u8, line: &Whole) {
    // SAFETY: as the caller promises; the instructions are part of SSE2, which x86-64 has.
    unsafe {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        for quarter in 0..4 {
            use std::arch::x86_64::{__m128i, _mm_load_si128, _mm_stream_si128};
            let from = line.0.as_ptr().cast::<__m128i>().add(quarter);
            _mm_stream_si128(to.cast::<__m128i>().add(quarter), _mm_load_si128(from));
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        line.0.as_ptr().cast::<u8>().copy_to_nonoverlapping(to, LINE);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_the_cache_from_any_element_on() {
        for (skipped, count) in (0..18).flat_map(|skipped| [0, 1, 15, 40, 100].map(|count| (skipped, count))) {
            let mut to = vec![MaybeUninit::new(0_u32); skipped + count + 1];
            put_past_cache(&mut to[skipped..][..count], None, |range, to| {
                to.iter_mut().zip(range).for_each(|(to, at)| _ = to.write(at as u32 + 1));
            });
            fence();
            // SAFETY: all of them have been written.
            let to: Vec<u32> = to.iter().map(|to| unsafe { to.assume_init() }).collect();
            let right = (0..skipped).map(|_| 0).chain(1..=count as u32).chain([0]);
            assert!(to.iter().copied().eq(right), "{skipped} {count}");
        }
    }
}
