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
        for column in 0..self.counts[1] as isize {
            for row in 0..self.counts[0] as isize {
                let at = |(pointer, [down, across]): (*mut u8, [isize; 2])| {
                    pointer.wrapping_offset(row * down + column * across).cast::<T>()
                };
                // SAFETY: both are elements of the tile; they need not be aligned.
                unsafe { at(to).write_unaligned(at(from).read_unaligned()) }
            }
        }
    }
}

/// Copies bytes past the cache where the machine can.
///
/// # Safety
/// `from` must be valid for reads and `to` for writes of this many bytes, and the two apart. [`fence`] must follow before
/// another thread is told of the result.
pub unsafe fn stream(from: *const u8, to: *mut u8, bytes: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: as the caller promises; SSE2 is part of x86-64.
    unsafe {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        // Whole lines alone: one that is written in part would have to be read first.
        let head = to.align_offset(64).min(bytes);
        std::ptr::copy_nonoverlapping(from, to, head);
        let (from, to, bytes) = (from.add(head), to.add(head), bytes - head);
        let whole = bytes / 64 * 64;
        let mut at = 0;
        while at < whole {
            let line: [__m128i; 4] = std::array::from_fn(|i| _mm_loadu_si128(from.add(at + 16 * i).cast()));
            for (i, part) in line.into_iter().enumerate() {
                _mm_stream_si128(to.add(at + 16 * i).cast(), part);
            }
            at += 64;
        }
        std::ptr::copy_nonoverlapping(from.add(whole), to.add(whole), bytes - whole);
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    // SAFETY: as the caller promises.
    unsafe {
        std::ptr::copy_nonoverlapping(from, to, bytes);
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
