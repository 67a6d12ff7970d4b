//! Squares of elements, turned in registers: columns become rows.
//!
//! Comes in: addresses of a few columns, each of elements one after the other. Goes out: rows of as many elements. Always holds: bits alone are
//! moved, and nothing need be aligned.
//!
//! Runs are scanned so, too: turned, the elements that several runs have at one place are one vector, and the next ones another ([`Wide::scan`]).

use std::ops::Range;
use std::ptr;

/// Elements of which squares of a few are moved at once.
pub trait Square: Copy {
    /// Rows and columns of a square: of 1 where elements go one by one.
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

/// An element of a tile that lies so: the address of the first one, and strides along rows and columns in bytes.
pub fn at<T>((pointer, [down, across]): (*mut u8, [isize; 2]), row: usize, column: usize) -> *mut T {
    pointer.wrapping_offset(row as isize * down + column as isize * across).cast()
}

/// Copies the last columns of a tile into rows, where they are fewer than a square has: as squares whose other columns are the last one over again. These
/// come to lie in the rows that follow, where what belongs there must be written later; the last rows, after which there are none, go one by one.
///
/// # Safety
/// The tile's elements must be valid in both places, and neighbours lie along its columns in the one, along its rows in the other, which are in
/// ascending order; there what lies between rows may be written, too.
pub unsafe fn last_columns<T: Square>(
    from: (*mut u8, [isize; 2]),
    to: (*mut u8, [isize; 2]),
    [rows, columns]: [usize; 2],
    last: usize,
) {
    let (first, side) = (columns - last, T::SIDE);
    let beyond = ((side - last) * size_of::<T>()).div_ceil(to.1[0].unsigned_abs().max(1));
    let whole = rows.saturating_sub(beyond) / side * side;
    let mut lines = [ptr::null(); 16];
    for (next, line) in lines[..side].iter_mut().enumerate() {
        *line = at::<T>(from, 0, first + next.min(last - 1)).cast_const();
    }
    // SAFETY: elements of the tile; what is written beyond a row lies within the rows that follow.
    unsafe {
        T::transpose(&lines[..side], at::<T>(to, 0, first), to.1[0], whole / side);
        for column in first..columns {
            for row in whole..rows {
                at::<T>(to, row, column).write_unaligned(at::<T>(from, row, column).read_unaligned());
            }
        }
    }
}

/// Runs that are scanned side by side at most.
pub const SIDES: usize = 8;

/// An element that may lie anywhere.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Loose<T>(pub T);

/// Runs in a buffer that are scanned side by side.
pub struct Sides<'a, T> {
    /// The buffer.
    pub own: &'a mut [T],
    /// Where each run begins. (Where there are fewer of them the last one stands several times.)
    pub places: [usize; SIDES],
    /// How many there are.
    pub live: usize,
    /// What each has come to so far.
    pub states: [T; SIDES],
}

/// Says that the CPU has vectors of 256 bits: there is none where it has not.
#[derive(Clone, Copy)]
pub struct Wide(#[cfg(target_arch = "x86_64")] (), #[cfg(not(target_arch = "x86_64"))] std::convert::Infallible);

impl Wide {
    /// Whether it has.
    #[inline]
    pub fn here() -> Option<Wide> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            return Some(Wide(()));
        }
        None
    }

    /// Whether elements of this type can be scanned side by side, in runs of so many.
    #[inline(always)]
    pub fn scans<T>(length: usize) -> bool {
        cfg!(all(target_arch = "x86_64", not(miri))) && matches!(size_of::<T>(), 4 | 8) && length >= 32 / size_of::<T>()
    }

    /// Combines the elements of runs in this range with the ones before them, from the first on: what `from` has there, if anything, else what lies
    /// in the buffer.
    #[inline(always)]
    pub fn scan<T: Copy, F: Fn(T, T) -> T + Copy>(
        self,
        sides: &mut Sides<T>,
        from: Option<&[&[Loose<T>]; SIDES]>,
        range: Range<usize>,
        combine: F,
    ) {
        let inside = |place: &usize| place.checked_add(range.end).is_some_and(|end| end <= sides.own.len());
        let there = from.is_none_or(|from| from.iter().all(|from| from.len() >= range.end));
        assert!(range.start <= range.end && there && sides.places.iter().all(inside) && Self::scans::<T>(range.end));
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has the instructions, or there were no `self`; all runs have so many elements, at least as many as a square.
        unsafe {
            x86::scan(sides, from, range, combine);
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod portable {
    macro_rules! one_by_one {
        ($($t:ty)*) => { $(
            impl super::Square for $t {
                const SIDE: usize = 1;
            }
        )* };
    }
    one_by_one!(u8 u16 u32 u64);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::array;
    use std::mem::transmute_copy;
    use std::ops::Range;

    use super::{Loose, SIDES, Sides, Square};

    /// Pairs of vectors interleaved, by elements of one width, then of twice that: after as many times as it takes to come from the
    /// element to half a vector, vector `i` is row `i` of the square.
    macro_rules! square {
        ($t:ty, $side:literal, $($low:ident $high:ident)*) => {
            impl Square for $t {
                const SIDE: usize = $side;

                unsafe fn transpose(from: &[*const $t], mut to: *mut $t, down: isize, squares: usize) {
                    let Ok(from) = <&[*const $t; $side]>::try_from(from) else { return };
                    for first in (0..squares).map(|square| square * $side) {
                        // SAFETY: as the caller promises; nothing need be aligned.
                        unsafe {
                            let mut lines = from.map(|from| _mm_loadu_si128(from.wrapping_add(first).cast()));
                            $(
                                let old = lines;
                                for at in 0..$side / 2 {
                                    lines[2 * at] = $low(old[at], old[at + $side / 2]);
                                    lines[2 * at + 1] = $high(old[at], old[at + $side / 2]);
                                }
                            )*
                            for row in lines {
                                _mm_storeu_si128(to.cast(), row);
                                to = to.wrapping_byte_offset(down);
                            }
                        }
                    }
                }
            }
        };
    }

    // Interleaving the first half of the vectors with the second, again and again, is the transposition of a square of 2^k.
    square!(u8, 16, _mm_unpacklo_epi8 _mm_unpackhi_epi8 _mm_unpacklo_epi8 _mm_unpackhi_epi8
        _mm_unpacklo_epi8 _mm_unpackhi_epi8 _mm_unpacklo_epi8 _mm_unpackhi_epi8);
    square!(u16, 8, _mm_unpacklo_epi16 _mm_unpackhi_epi16 _mm_unpacklo_epi16 _mm_unpackhi_epi16
        _mm_unpacklo_epi16 _mm_unpackhi_epi16);
    square!(u32, 4, _mm_unpacklo_epi32 _mm_unpackhi_epi32 _mm_unpacklo_epi32 _mm_unpackhi_epi32);

    impl Square for u64 {
        const SIDE: usize = 4;

        unsafe fn transpose(from: &[*const u64], to: *mut u64, down: isize, squares: usize) {
            let Ok(from) = <&[*const u64; 4]>::try_from(from) else { return };
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: as the caller promises; the CPU has the instructions.
                unsafe { fours(from, to, down, squares) }
            } else {
                // SAFETY: as the caller promises.
                unsafe { twos(from, to, down, squares) }
            }
        }
    }

    /// # Safety
    /// As for [`Square::transpose`].
    unsafe fn twos(from: &[*const u64; 4], mut to: *mut u64, down: isize, squares: usize) {
        for first in (0..2 * squares).map(|square| square * 2) {
            // SAFETY: as the caller promises; nothing need be aligned.
            unsafe {
                let [a, b, c, d] = from.map(|from| _mm_loadu_si128(from.wrapping_add(first).cast()));
                let (upper, lower) = ([a, c], [b, d]);
                for row in 0..2 {
                    for half in 0..2 {
                        let (x, y) = (upper[half], lower[half]);
                        let pair = if row == 0 { _mm_unpacklo_epi64(x, y) } else { _mm_unpackhi_epi64(x, y) };
                        _mm_storeu_si128(to.wrapping_add(2 * half).cast(), pair);
                    }
                    to = to.wrapping_byte_offset(down);
                }
            }
        }
    }

    /// # Safety
    /// As for [`Square::transpose`].
    #[target_feature(enable = "avx2")]
    unsafe fn fours(from: &[*const u64; 4], mut to: *mut u64, down: isize, squares: usize) {
        for first in (0..squares).map(|square| square * 4) {
            // SAFETY: as the caller promises; nothing need be aligned.
            unsafe {
                let [a, b, c, d] = from.map(|from| _mm256_loadu_si256(from.wrapping_add(first).cast()));
                let (even, odd) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
                let (others, more) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
                let rows = [
                    _mm256_permute2x128_si256::<0x20>(even, others),
                    _mm256_permute2x128_si256::<0x20>(odd, more),
                    _mm256_permute2x128_si256::<0x31>(even, others),
                    _mm256_permute2x128_si256::<0x31>(odd, more),
                ];
                for row in rows {
                    _mm256_storeu_si256(to.cast(), row);
                    to = to.wrapping_byte_offset(down);
                }
            }
        }
    }

    /// Combines lanes.
    ///
    /// # Safety
    /// `W` elements must be as many bytes as a vector.
    #[inline(always)]
    unsafe fn combined<const W: usize, T: Copy>(x: __m256i, y: __m256i, combine: impl Fn(T, T) -> T) -> __m256i {
        // (Aligned so that the compiler keeps it in a register.)
        #[repr(C, align(32))]
        #[derive(Clone, Copy)]
        struct Lanes<T, const W: usize>([T; W]);
        // SAFETY: any bits of a vector are elements, and back.
        unsafe {
            let (mut x, y): (Lanes<T, W>, Lanes<T, W>) = (transmute_copy(&x), transmute_copy(&y));
            for lane in 0..W {
                x.0[lane] = combine(x.0[lane], y.0[lane]);
            }
            transmute_copy(&x)
        }
    }

    /// Turns a square of four elements of 64 bits, or of eight of 32.
    ///
    /// # Safety
    /// The CPU must have AVX2.
    #[inline(always)]
    unsafe fn turned<const W: usize>(lines: [__m256i; W]) -> [__m256i; W] {
        let (mut old, mut new) = (lines, lines);
        // SAFETY: the CPU has the instructions.
        unsafe {
            // (Loops, for a closure would not have the instructions.)
            if W == 8 {
                for n in (0..W).step_by(2) {
                    new[n] = _mm256_unpacklo_epi32(old[n], old[n + 1]);
                    new[n + 1] = _mm256_unpackhi_epi32(old[n], old[n + 1]);
                }
                old = new;
            }
            let apart = W / 4;
            for n in 0..W / 2 {
                let at = n / apart * 2 * apart + n % apart;
                new[2 * n] = _mm256_unpacklo_epi64(old[at], old[at + apart]);
                new[2 * n + 1] = _mm256_unpackhi_epi64(old[at], old[at + apart]);
            }
            old = new;
            for n in 0..W / 2 {
                new[n] = _mm256_permute2x128_si256::<0x20>(old[n], old[n + W / 2]);
                new[n + W / 2] = _mm256_permute2x128_si256::<0x31>(old[n], old[n + W / 2]);
            }
        }
        new
    }

    /// Reads the lines of a square.
    ///
    /// # Safety
    /// As for [`square`].
    #[inline(always)]
    unsafe fn lines<const W: usize, T>(from: [*const T; W]) -> [__m256i; W] {
        // SAFETY: as the caller promises; nothing need be aligned.
        unsafe {
            let mut lines = [_mm256_setzero_si256(); W];
            for n in 0..W {
                lines[n] = _mm256_loadu_si256(from[n].cast());
            }
            lines
        }
    }

    /// Scans a square: its columns from number `done` on (the others are left, but for the last of them nobody looks at what they are).
    ///
    /// # Safety
    /// The CPU must have AVX2; at all addresses there must be a line of the square.
    #[inline(always)]
    unsafe fn square<const W: usize, T: Copy>(
        (from, to): ([*const T; W], [*mut T; W]),
        state: &mut __m256i,
        done: usize,
        combine: impl Fn(T, T) -> T + Copy,
    ) {
        // SAFETY: as the caller promises; nothing need be aligned.
        unsafe {
            let mut columns = turned(lines(from));
            for (column, line) in columns.iter_mut().enumerate() {
                if column >= done {
                    *state = combined::<W, T>(*state, *line, combine);
                    *line = *state;
                }
            }
            let lines = turned(columns);
            for n in 0..W {
                _mm256_storeu_si256(to[n].cast(), lines[n]);
            }
        }
    }

    /// `G` squares of `W` runs side by side; for how, see [`Wide::scan`](super::Wide::scan).
    ///
    /// # Safety
    /// As for [`square`]; there must be so many elements, and `W` at least.
    #[inline(always)]
    unsafe fn squares<const W: usize, const G: usize, T: Copy>(
        sides: &mut Sides<T>,
        from: Option<&[&[Loose<T>]; SIDES]>,
        range: Range<usize>,
        combine: impl Fn(T, T) -> T + Copy,
    ) {
        let own = sides.own.as_mut_ptr();
        let to: [[*mut T; W]; G] = array::from_fn(|g| array::from_fn(|n| own.wrapping_add(sides.places[g * W + n])));
        let read: [[*const T; W]; G] = match from {
            Some(from) => array::from_fn(|g| array::from_fn(|n| from[g * W + n].as_ptr().cast())),
            None => to.map(|to| to.map(|to| to.cast_const())),
        };
        // SAFETY: as the caller promises.
        unsafe {
            let mut states = [_mm256_setzero_si256(); G];
            for (g, state) in states.iter_mut().enumerate() {
                *state = _mm256_loadu_si256(sides.states.as_ptr().wrapping_add(g * W).cast());
            }
            let whole = range.start + range.len() / W * W;
            let mut at = range.start;
            if at == 0 {
                // The first element is what a run begins with.
                for g in 0..G {
                    states[g] = turned(lines(read[g]))[0];
                    square::<W, T>((read[g], to[g]), &mut states[g], 1, combine);
                }
                at = W;
            }
            while at < whole {
                for g in 0..G {
                    let lines = (read[g].map(|from| from.wrapping_add(at)), to[g].map(|to| to.wrapping_add(at)));
                    square::<W, T>(lines, &mut states[g], 0, combine);
                }
                at += W;
            }
            if whole < range.end {
                // What is left is the end of a square whose other columns are done.
                let at = range.end - W;
                for g in 0..G {
                    if from.is_some() {
                        for (from, to) in read[g].iter().zip(to[g]) {
                            (whole..range.end)
                                .for_each(|n| to.wrapping_add(n).write(from.wrapping_add(n).read_unaligned()));
                        }
                    }
                    let lines = to[g].map(|to| to.wrapping_add(at));
                    square::<W, T>((lines.map(|to| to.cast_const()), lines), &mut states[g], whole - at, combine);
                }
            }
            for (g, state) in states.iter().enumerate() {
                _mm256_storeu_si256(sides.states.as_mut_ptr().wrapping_add(g * W).cast(), *state);
            }
        }
    }

    /// See [`Wide::scan`](super::Wide::scan).
    ///
    /// # Safety
    /// As for [`squares`]; the elements must be of 4 or 8 bytes.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn scan<T: Copy>(
        sides: &mut Sides<T>,
        from: Option<&[&[Loose<T>]; SIDES]>,
        range: Range<usize>,
        combine: impl Fn(T, T) -> T + Copy,
    ) {
        // SAFETY: as the caller promises.
        unsafe {
            match (size_of::<T>(), sides.live) {
                (4, _) => squares::<8, 1, T>(sides, from, range, combine),
                (8, ..=4) => squares::<4, 1, T>(sides, from, range, combine),
                (8, _) => squares::<4, 2, T>(sides, from, range, combine),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Square, last_columns};

    fn check<T: Square + PartialEq + std::fmt::Debug>(of: fn(usize) -> T) {
        let (side, squares) = (T::SIDE, 3);
        let rows = side * squares;
        let columns: Vec<Vec<T>> = (0..side).map(|c| (0..rows).map(|r| of(r * side + c)).collect()).collect();
        let from: Vec<*const T> = columns.iter().map(|column| column.as_ptr()).collect();
        // Two elements more in a row, which stay.
        let mut to = vec![of(1); rows * (side + 2)];
        let down = ((side + 2) * size_of::<T>()) as isize;
        // SAFETY: there is room for all rows.
        unsafe { T::transpose(&from, to.as_mut_ptr(), down, squares) }
        for (row, line) in to.chunks(side + 2).enumerate() {
            let expected: Vec<T> = (0..side).map(|c| of(row * side + c)).chain([of(1), of(1)]).collect();
            assert_eq!(line, expected);
        }
    }

    #[test]
    fn columns_become_rows() {
        check(|n| n as u8);
        check(|n| n as u16);
        check(|n| n as u32);
        check(|n| n as u64);
    }

    fn check_last<T: Square + PartialEq + std::fmt::Debug>(of: fn(usize) -> T) {
        let size = size_of::<T>() as isize;
        for (rows, columns) in (1..40).flat_map(|rows| (1..T::SIDE.max(2)).map(move |columns| (rows, columns))) {
            let from: Vec<T> = (0..rows * columns).map(of).collect();
            // An element more, which stays.
            let mut to = vec![of(1); rows * columns + 1];
            let place = from.as_ptr().cast_mut().cast();
            // SAFETY: both have all elements.
            unsafe {
                last_columns::<T>(
                    (place, [size, rows as isize * size]),
                    (to.as_mut_ptr().cast(), [columns as isize * size, size]),
                    [rows, columns],
                    columns,
                );
            }
            let expected = (0..rows * columns).map(|n| of(n % columns * rows + n / columns)).chain([of(1)]);
            assert!(expected.eq(to.iter().copied()), "{rows} {columns}");
        }
    }

    #[test]
    fn fewer_columns_than_a_square_has() {
        check_last(|n| n as u8);
        check_last(|n| n as u16);
        check_last(|n| n as u32);
        check_last(|n| n as u64);
    }
}
