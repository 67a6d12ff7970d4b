//! Runs a kernel over a nest, tile by tile, on one thread or several.
//!
//! A nest's innermost one or two axes are the kernel's loops; the others are walked here. Tiles of the kernel's loops,
//! numbered through, are what threads share out. An operand whose neighbours lie along the other loop is rearranged,
//! tile by tile, in a buffer that stays in L1; a large result is written past the cache.

use std::sync::atomic::AtomicU32;

use super::scratch::{Scratch, with_scratch};
use super::staging::{self, Staged};
use crate::ir::Role;
use crate::jit::{Call, Compiled};
use crate::plan::nest::{Nest, offset};

/// Columns of a panel, if each lies in a page of its own: fewer than the pages whose places a core keeps.
const PANEL: usize = 1024;

/// A kernel, and where to run it.
pub struct Job<'a> {
    /// The kernel.
    pub kernel: &'a dyn Compiled,
    /// The axes. The innermost `loops` of them are the kernel's.
    pub nest: &'a Nest,
    /// The number of the kernel's loops: 1 or 2.
    pub loops: usize,
    /// The lengths of a tile along the kernel's loops: `[1, n]` where it has one.
    pub tile: [usize; 2],
    /// The kernel's table of strides.
    pub strides: &'a [isize],
    /// The operands that go through a buffer.
    pub staged: &'a [Staged],
    /// The results that are written past the cache, with the sizes of their elements. The kernel has one loop, along which
    /// they are contiguous.
    pub streamed: &'a [(usize, usize)],
    /// Where faults are noted.
    pub faults: &'a AtomicU32,
}

// SAFETY: whoever makes a job promises (see `Job::run`) that its memory may be used as the kernel does, from any thread;
// tiles write disjoint elements.
unsafe impl Sync for Job<'_> {}

impl Job<'_> {
    /// The number of tiles.
    pub fn tiles(&self) -> usize {
        let [e0, e1] = self.nest.extents(self.loops);
        let outer: usize = self.nest.shape()[..self.nest.rank() - self.loops].iter().product();
        outer * e0.div_ceil(self.tile[0]) * e1.div_ceil(self.tile[1])
    }

    /// Runs the tiles of a range.
    ///
    /// # Safety
    /// What [`Compiled::run`] needs must hold for every tile of the nest, and while this runs nothing else may touch
    /// what the job writes, or write what it reads.
    pub unsafe fn run(&self, tiles: std::ops::Range<usize>) {
        with_scratch(|scratch| {
            for tile in tiles {
                // SAFETY: as the caller promises.
                unsafe { self.run_tile(tile, scratch) }
            }
        });
        if !self.streamed.is_empty() {
            staging::fence();
        }
    }

    /// # Safety
    /// As for [`run`](Job::run).
    unsafe fn run_tile(&self, tile: usize, scratch: &mut Scratch) {
        let (nest, rank) = (self.nest, self.nest.rank());
        let extents = nest.extents(self.loops);
        let mut counts = [extents[0].div_ceil(self.tile[0]), extents[1].div_ceil(self.tile[1])];
        // Tiles go row by row; where columns of them are far apart, within panels of so few columns that their pages stay known.
        let panel = if self.staged.is_empty() { counts[1] } else { PANEL.div_ceil(self.tile[1]).min(counts[1]) };
        let (outer, inner) = (tile / (counts[0] * counts[1]), tile % (counts[0] * counts[1]));
        let (left, inner) = (inner / (counts[0] * panel) * panel, inner % (counts[0] * panel));
        let width = panel.min(counts[1] - left);
        let start = [inner / width * self.tile[0], (left + inner % width) * self.tile[1]];
        for axis in 0..2 {
            counts[axis] = self.tile[axis].min(extents[axis] - start[axis]);
        }
        scratch.pointers.clear();
        for (operand, &pointer) in nest.pointers().iter().enumerate() {
            let strides = nest.strides(operand);
            let mut place = start[1] as isize * strides[rank - 1];
            if self.loops == 2 {
                place += start[0] as isize * strides[rank - 2];
            }
            place += offset(outer, &nest.shape()[..rank - self.loops], strides);
            scratch.pointers.push(pointer.wrapping_offset(place));
        }
        // SAFETY: the addresses are those of the tile's elements, which the caller vouches for.
        unsafe {
            if !self.staged.is_empty() {
                self.rearranged(scratch, counts, start);
            } else if !self.streamed.is_empty() {
                self.past_cache(scratch, counts[1], start);
            } else {
                self.call(&scratch.pointers, counts, start);
            }
        }
    }

    /// # Safety
    /// As for [`Compiled::run`].
    unsafe fn call(&self, pointers: &[*mut u8], extents: [usize; 2], start: [usize; 2]) {
        // SAFETY: as the caller promises.
        self.with_call(pointers, extents, start, |call| unsafe { self.kernel.run(call) });
    }

    fn with_call(&self, pointers: &[*mut u8], extents: [usize; 2], start: [usize; 2], run: impl FnOnce(&Call)) {
        let skip = 2 - self.loops;
        let origin = start.map(|i| i as i64);
        let call = Call {
            pointers,
            strides: self.strides,
            extents: &extents[skip..],
            origin: &origin[skip..],
            faults: self.faults,
        };
        run(&call);
    }

    /// Runs a tile whose inputs are first copied to a buffer in the kernel's order, and results from it afterwards.
    ///
    /// # Safety
    /// As for [`run`](Job::run).
    unsafe fn rearranged(&self, scratch: &mut Scratch, counts: [usize; 2], start: [usize; 2]) {
        let Scratch { pointers, moved, bytes } = scratch;
        let rank = self.nest.rank();
        let room = |size: usize| self.tile[0] * staging::pitch(self.tile[1], size);
        let mut buffer = bytes.reserve(self.staged.iter().map(|s| room(s.size)).sum());
        moved.clear();
        moved.extend_from_slice(pointers);
        let place = |staged: &Staged, outside: *mut u8, inside: *mut u8| {
            let strides = self.nest.strides(staged.operand);
            staging::Block {
                size: staged.size,
                counts,
                outside: (outside, [strides[rank - 2], strides[rank - 1]]),
                inside: (inside, [staging::pitch(self.tile[1], staged.size) as isize, staged.size as isize]),
            }
        };
        for staged in self.staged {
            moved[staged.operand] = buffer;
            if staged.role != Role::Out {
                // SAFETY: the tile's elements may be read, and the buffer has room for a tile of each staged operand.
                unsafe { place(staged, pointers[staged.operand], buffer).copy_in() }
            }
            buffer = buffer.wrapping_add(room(staged.size));
        }
        // SAFETY: staged operands lie in the buffer, with the strides in the kernel's table; the others as before.
        unsafe { self.call(moved, counts, start) }
        for staged in self.staged.iter().filter(|s| s.role != Role::In) {
            let operand = staged.operand;
            // SAFETY: the tile's elements may be written, and the kernel has filled the buffer.
            unsafe { place(staged, pointers[operand], moved[operand]).copy_out() }
        }
    }

    /// Runs a tile of `count` points whose results go past the cache: from the first point on at which the addresses of all
    /// results are such as that form of the kernel needs. If there is no such point, they go the ordinary way.
    ///
    /// # Safety
    /// As for [`run`](Job::run).
    unsafe fn past_cache(&self, scratch: &mut Scratch, count: usize, start: [usize; 2]) {
        const ALIGNMENT: usize = 16;
        let Scratch { pointers, moved, .. } = scratch;
        let aligned = |points: usize| {
            let place = |operand: usize, size: usize| pointers[operand].addr() + points * size;
            self.streamed.iter().all(|&(operand, size)| place(operand, size).is_multiple_of(ALIGNMENT))
        };
        let head = (0..ALIGNMENT).find(|&points| aligned(points)).unwrap_or(count).min(count);
        if head > 0 {
            // SAFETY: the tile's first points.
            unsafe { self.call(pointers, [1, head], start) }
        }
        if head == count {
            return;
        }
        moved.clear();
        moved.extend(pointers.iter().enumerate().map(|(operand, pointer)| {
            let stride = self.nest.strides(operand).last().copied().unwrap_or(0);
            pointer.wrapping_offset(head as isize * stride)
        }));
        let start = [start[0], start[1] + head];
        // SAFETY: the tile's other points; the results' addresses are aligned.
        self.with_call(moved, [1, count - head], start, |call| unsafe { self.kernel.run_past_cache(call) });
    }
}
