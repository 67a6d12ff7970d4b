//! Moving tiles: operands that lie across the loops into a buffer and back, results past the cache.

use crate::ir::Role;

/// An operand that goes through a buffer.
#[derive(Clone, Copy, Debug)]
pub enum Staged {
    /// Its neighbours lie along the outer of the kernel's loops: tiles of it are transposed in a buffer.
    Rearrange {
        /// Which operand.
        operand: usize,
        /// The size of its elements.
        size: usize,
        /// Whether it is copied in, out, or both.
        role: Role,
    },
    /// A result that is larger than the caches: computed into a buffer, stored past them.
    Stream {
        /// Which operand.
        operand: usize,
        /// The size of its elements.
        size: usize,
    },
}

impl Staged {
    /// Which operand.
    pub fn operand(&self) -> usize {
        match *self {
            Staged::Rearrange { operand, .. } | Staged::Stream { operand, .. } => operand,
        }
    }

    /// The size of its elements.
    pub fn size(&self) -> usize {
        match *self {
            Staged::Rearrange { size, .. } | Staged::Stream { size, .. } => size,
        }
    }

    /// Whether it is copied in, out, or both.
    pub fn role(&self) -> Role {
        match *self {
            Staged::Rearrange { role, .. } => role,
            Staged::Stream { .. } => Role::Out,
        }
    }
}

/// Bytes from one row of a buffered tile to the next: a cache line more than the row, or else the elements of a column
/// would fall into few sets of the cache.
pub fn pitch(columns: usize, size: usize) -> usize {
    (columns * size).next_multiple_of(64) + 64
}

/// A tile that lies in two places.
pub struct Block {
    /// Bytes of an element: 1, 2, 4, 8 or 16.
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
                8 => self.copy_as::<u64>(from, to),
                _ => self.copy_as::<u128>(from, to),
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

/// Copies bytes past the cache where the machine can.
///
/// # Safety
/// `from` must be valid for reads and `to` for writes of this many bytes, and the two apart. [`fence`] must follow before
/// another thread is told of the result.
pub unsafe fn stream(from: *const u8, to: *mut u8, bytes: usize, next: &[*mut u8]) {
    // Whole lines alone: one that is written in part would have to be read first.
    let head = to.align_offset(LINE).min(bytes);
    let lines = (bytes - head) / LINE;
    let tail = head + lines * LINE;
    // SAFETY: the three parts are those of the whole; the middle begins at a line.
    unsafe {
        std::ptr::copy_nonoverlapping(from, to, head);
        stream_lines(from.add(head), to.add(head), lines, next);
        std::ptr::copy_nonoverlapping(from.add(tail), to.add(tail), bytes - tail);
    }
}

/// Bytes of a cache line.
const LINE: usize = 64;

#[cfg(all(target_arch = "x86_64", not(miri)))]
use x86::{prefetch, stream_lines};

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn prefetch(_: *const u8) {}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
unsafe fn stream_lines(from: *const u8, to: *mut u8, lines: usize, _: &[*mut u8]) {
    // SAFETY: as the caller promises.
    unsafe { std::ptr::copy_nonoverlapping(from, to, lines * LINE) }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod x86 {
    use super::LINE;
    use std::arch::x86_64::*;

    /// Fetches the lines that are read next while this one is on its way out: else reads would wait for writes in turn.
    #[inline(always)]
    fn prefetch_all(next: &[*mut u8], at: usize) {
        next.iter().for_each(|line| prefetch(line.wrapping_add(at)));
    }

    /// Fetches a line.
    #[inline(always)]
    pub fn prefetch(address: *const u8) {
        // SAFETY: a hint, for which any address will do.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }

    /// Copies whole lines to an address that is a line's, with the widest stores there are.
    pub unsafe fn stream_lines(from: *const u8, to: *mut u8, lines: usize, next: &[*mut u8]) {
        // SAFETY: as the caller promises; each is called where the machine has its instructions.
        unsafe {
            if is_x86_feature_detected!("avx512f") {
                by_64(from, to, lines, next);
            } else if is_x86_feature_detected!("avx") {
                by_32(from, to, lines, next);
            } else {
                by_16(from, to, lines, next);
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    unsafe fn by_64(from: *const u8, to: *mut u8, lines: usize, next: &[*mut u8]) {
        for at in (0..lines * LINE).step_by(64) {
            prefetch_all(next, at);
            // SAFETY: as the caller promises.
            unsafe { _mm512_stream_si512(to.add(at).cast(), _mm512_loadu_si512(from.add(at).cast())) }
        }
    }

    #[target_feature(enable = "avx")]
    unsafe fn by_32(from: *const u8, to: *mut u8, lines: usize, next: &[*mut u8]) {
        for at in (0..lines * LINE).step_by(32) {
            if at % LINE == 0 {
                prefetch_all(next, at);
            }
            // SAFETY: as the caller promises.
            unsafe { _mm256_stream_si256(to.add(at).cast(), _mm256_loadu_si256(from.add(at).cast())) }
        }
    }

    unsafe fn by_16(from: *const u8, to: *mut u8, lines: usize, next: &[*mut u8]) {
        for at in (0..lines * LINE).step_by(16) {
            if at % LINE == 0 {
                prefetch_all(next, at);
            }
            // SAFETY: as the caller promises.
            unsafe { _mm_stream_si128(to.add(at).cast(), _mm_loadu_si128(from.add(at).cast())) }
        }
    }
}

/// Orders streamed stores before what follows.
pub fn fence(staged: &[Staged]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if matches!(staged.first(), Some(Staged::Stream { .. })) {
        // SAFETY: part of SSE, which x86-64 has.
        unsafe { std::arch::x86_64::_mm_sfence() }
    }
    let _ = staged;
}
