//! Moving tiles: operands that lie across the loops into a buffer and back; and a value over and over.

use std::ptr;

use crate::dtype::Scalar;

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

/// Bytes of a cache line.
pub const LINE: usize = 64;

/// Fetches a line.
#[inline(always)]
pub fn prefetch(address: *const u8) {
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
