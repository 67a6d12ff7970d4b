//! Products of matrices by the crate `matrixmultiply`, where the caller allows it.
//!
//! Comes in: two arrays and one for the result, as lengths and strides. Goes out: each element of the result, a sum of products. Always
//! holds: what a task writes, none other does; between tasks, and between parts of long sums, it is looked at whether the call is to end.
//! The bits are the crate's: they depend on the CPU.

use std::ops::Range;

use smallvec::SmallVec;

use super::pass::Done;
use super::settings::Settings;
use super::stop::{Failed, Stop};
use super::threads::Piece;
use crate::array::view::Vouch;
use crate::dtype::DType;

/// Rows, columns and terms of a sum that are handed over at a time, at most: a few 10 ms of work.
const ROWS: usize = 512;
const COLUMNS: usize = 2048;
const TERMS: usize = 1024;
/// Rows and columns of a task are a multiple of so many, where there are more: whole blocks of any kernel.
const BLOCK: usize = 32;

/// An array: where it begins, and strides in elements.
#[derive(Clone, Copy)]
pub struct Matrix {
    pub pointer: *mut u8,
    pub rows: isize,
    pub columns: isize,
}

/// A product of matrices, or many of them.
pub struct Gemm {
    /// `f32` or `f64`.
    pub dtype: DType,
    /// Rows of the result, terms of each sum, columns of the result.
    pub sizes: [usize; 3],
    /// Of rows and terms, of terms and columns, of rows and columns.
    pub arrays: [Matrix; 3],
    /// Axes along which there is a product for each index: how many, and each array's stride.
    pub outer: SmallVec<[(usize, [isize; 3]); 4]>,
}

// SAFETY: whoever runs a product promises that its memory may be used so from any thread.
unsafe impl Sync for Gemm {}

impl Gemm {
    /// Computes it. The arrays that are vouched for are aligned, and the result is apart from the others and from itself.
    pub fn run(&self, settings: Settings, _: Vouch) -> Result<Done, Failed> {
        let team = settings.team();
        let [rows, _, columns] = self.sizes;
        let threads = settings.options.threads.count();
        let outer = self.outer.iter().map(|axis| axis.0).product::<usize>();
        let parts = threads.div_ceil(outer.max(1));
        let height = rows.div_ceil(parts).next_multiple_of(BLOCK).min(ROWS);
        let tasks = [outer, rows.div_ceil(height), columns.div_ceil(COLUMNS)];
        let work = |piece: Piece| {
            for task in piece {
                let (task, column) = (task / tasks[2], task % tasks[2] * COLUMNS);
                let (at, row) = (task / tasks[1], task % tasks[1] * height);
                let part = [row..rows.min(row + height), column..columns.min(column + COLUMNS)];
                // SAFETY: as is vouched for; tasks have parts of the result that are apart.
                unsafe { self.part(at, &part, team.stop) };
            }
        };
        team.share(tasks.iter().product(), None, &work);
        // (Whoever left a part undone has found why.)
        team.stop.and_then(Stop::found).map_or_else(|| Ok(Done::of_gemm()), |stopped| Err(Failed::Stopped(stopped)))
    }

    /// Bytes that the crate may take for each thread: rows and columns side by side.
    pub fn scratch(&self) -> usize {
        let [rows, terms, columns] = self.sizes;
        (rows.min(ROWS) + columns.min(COLUMNS)) * terms.min(TERMS) * self.dtype.size()
    }

    /// Some rows and columns of product `at`.
    ///
    /// # Safety
    /// The arrays must be as large as sizes and strides say, and aligned; the first two readable, the third writable and apart from all else.
    unsafe fn part(&self, mut at: usize, [rows, columns]: &[Range<usize>; 2], stop: Option<&Stop>) {
        let mut first = self.arrays;
        for (length, strides) in self.outer.iter().rev() {
            for (array, stride) in first.iter_mut().zip(strides) {
                array.pointer = self.moved(array.pointer, (at % length) as isize * stride);
            }
            at /= length;
        }
        let place = |of: Matrix, row: usize, column: usize| Matrix {
            pointer: self.moved(of.pointer, row as isize * of.rows + column as isize * of.columns),
            ..of
        };
        let terms = self.sizes[1];
        for term in (0..terms).step_by(TERMS) {
            if term > 0 && stop.is_some_and(Stop::look) {
                return;
            }
            let [a, b, c] = first;
            let sizes = [rows.len(), TERMS.min(terms - term), columns.len()];
            let arrays =
                [place(a, rows.start, term), place(b, term, columns.start), place(c, rows.start, columns.start)];
            // SAFETY: as the caller promises, of a part of each array.
            unsafe {
                match self.dtype {
                    DType::F32 => product(matrixmultiply::sgemm, sizes, arrays, term > 0),
                    _ => product(matrixmultiply::dgemm, sizes, arrays, term > 0),
                }
            }
        }
    }

    fn moved(&self, pointer: *mut u8, elements: isize) -> *mut u8 {
        pointer.wrapping_offset(elements * self.dtype.size() as isize)
    }
}

/// `C = alpha*A*B + beta*C`: sizes, alpha, A and its strides, B and its strides, beta, C and its strides.
type Routine<T> =
    unsafe fn(usize, usize, usize, T, *const T, isize, isize, *const T, isize, isize, T, *mut T, isize, isize);

/// A product, which is added to what is there if it is said so.
///
/// # Safety
/// As for [`Gemm::part`], for arrays of `T`. (With `beta` 0 nothing is read of the third.)
unsafe fn product<T: From<bool>>(routine: Routine<T>, [m, k, n]: [usize; 3], [a, b, c]: [Matrix; 3], added: bool) {
    let (alpha, beta) = (true.into(), added.into());
    let (x, y, z) = (a.pointer.cast(), b.pointer.cast(), c.pointer.cast());
    // SAFETY: as the caller promises.
    unsafe { routine(m, k, n, alpha, x, a.rows, a.columns, y, b.rows, b.columns, beta, z, c.rows, c.columns) }
}
