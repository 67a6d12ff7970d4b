//! Runs a pass, tile by tile, on one thread or several: the only caller of kernels, with `fold`.
//!
//! A nest's innermost one or two axes are the kernel's loops; the others are walked here. Tiles of the kernel's loops, numbered
//! through, are what threads share out. An operand whose neighbours lie along the other loop is rearranged, tile by tile, in
//! a buffer that stays in L1; a large result is written past the cache.

use std::ops::Range;
use std::ptr;

use smallvec::SmallVec;

use super::addresses::{Addresses, Run};
use super::packing::{self, Block};
use super::scratch::{Scratch, with_scratch};
use crate::ir::Role;
use crate::jit::{Call, Compiled};
use crate::plan::nest::offset;
use crate::plan::pass::pitch;
use crate::plan::schedule::{Called, Pass};

/// Columns of a panel, if each lies in a page of its own: fewer than the pages whose places a core keeps.
const PANEL: usize = 1024;
/// What the form of a kernel that writes past the cache asks of addresses.
const ALIGNMENT: usize = 16;

impl Run<'_> {
    /// Runs a pass.
    ///
    /// # Safety
    /// Every element that the pass reaches must be valid to read (operands of role `In`, `InOut`) or write (`Out`, `InOut`) as its
    /// spec's type; written elements must be apart from each other and from all that is read, except that an operand may be
    /// read and written at the same point.
    pub unsafe fn pass(&self, pass: &Pass) {
        let addresses: Addresses = pass.walk.operands.iter().map(|operand| self.address(operand)).collect();
        #[cfg(debug_assertions)]
        self.check_reach(pass);
        let kernel = &**pass.called.kernel.runnable(self.executor, pass.points);
        let pays = pass.nontemporal.as_ref().is_some_and(|n| n.pays(&pass.walk, addresses.iter().map(|a| a.addr())));
        let past_cache = pays && kernel.stores_past_cache();
        let job = Job::new(self, pass, kernel, &addresses, None, past_cache);
        // SAFETY: as the caller promises; tasks have disjoint ranges of tiles, and tiles disjoint points.
        let work = |range: Range<usize>| with_scratch(|scratch| unsafe { job.tiles(range, scratch) });
        self.share(job.count(), pass.tile[0] * pass.tile[1], pass.parallel, &work);
    }

    /// Calls a kernel. Its operands' addresses are given; those of the steps of affine ones are put behind them.
    ///
    /// # Safety
    /// As for [`Compiled::run`].
    pub unsafe fn call(&self, kernel: &dyn Compiled, called: &Called, pointers: &mut Vec<*mut u8>, extents: &[usize]) {
        let own = pointers.len();
        pointers.extend(called.steps.iter().map(|&step| ptr::from_ref(&self.numbers[step as usize]).cast_mut().cast()));
        let origin = &[0, 0][..extents.len()];
        let call = Call { pointers, strides: &called.table, extents, origin, faults: self.faults };
        // SAFETY: as the caller promises; the steps are read alone.
        unsafe { kernel.run(&call) }
        pointers.truncate(own);
    }
}

/// A pass on certain memory.
pub struct Job<'a> {
    run: &'a Run<'a>,
    pass: &'a Pass,
    kernel: &'a dyn Compiled,
    /// Where the elements at index 0 of all axes are.
    addresses: &'a [*mut u8],
    /// The length of each axis.
    shape: SmallVec<[usize; 6]>,
    /// Whether results are written past the cache.
    past_cache: bool,
}

// SAFETY: whoever runs a job's tiles promises (see `Job::tiles`) that its memory may be used as the kernel does, from any thread;
// tiles write disjoint elements.
unsafe impl Sync for Job<'_> {}

impl<'a> Job<'a> {
    /// A pass on the elements at these addresses; `varying` is the length of its varying axis.
    pub fn new(
        run: &'a Run<'a>,
        pass: &'a Pass,
        kernel: &'a dyn Compiled,
        addresses: &'a [*mut u8],
        varying: Option<usize>,
        past_cache: bool,
    ) -> Job<'a> {
        let mut shape = SmallVec::from_slice(pass.walk.nest.shape());
        if let (Some(axis), Some(length)) = (pass.walk.nest.varying(), varying) {
            shape[axis] = length;
        }
        Job { run, pass, kernel, addresses, shape, past_cache }
    }

    /// The lengths of the kernel's loops: `[1, n]` of one.
    fn extents(&self) -> [usize; 2] {
        let rank = self.shape.len();
        [if self.pass.loops == 2 { self.shape[rank - 2] } else { 1 }, self.shape[rank - 1]]
    }

    /// The number of tiles.
    pub fn count(&self) -> usize {
        let ([e0, e1], [t0, t1]) = (self.extents(), self.pass.tile);
        let outer: usize = self.shape[..self.shape.len() - self.pass.loops].iter().product();
        outer * e0.div_ceil(t0) * e1.div_ceil(t1)
    }

    /// Runs the tiles of a range.
    ///
    /// # Safety
    /// What [`Compiled::run`] needs must hold for every tile, and while this runs nothing else may touch what the job writes, or
    /// write what it reads.
    pub unsafe fn tiles(&self, tiles: Range<usize>, scratch: &mut Scratch) {
        for tile in tiles {
            // SAFETY: as the caller promises.
            unsafe { self.tile(tile, scratch) }
        }
        if self.past_cache {
            packing::fence();
        }
    }

    /// # Safety
    /// As for [`tiles`](Job::tiles).
    unsafe fn tile(&self, tile: usize, scratch: &mut Scratch) {
        let Pass { walk, tile: lengths, packed, loops, .. } = self.pass;
        let extents = self.extents();
        let mut counts = [extents[0].div_ceil(lengths[0]), extents[1].div_ceil(lengths[1])];
        // Tiles go row by row; where columns of them are far apart, within panels of so few columns that their pages stay known.
        let panel = if packed.is_empty() { counts[1] } else { PANEL.div_ceil(lengths[1]).min(counts[1]) };
        let (outer, inner) = (tile / (counts[0] * counts[1]), tile % (counts[0] * counts[1]));
        let (left, inner) = (inner / (counts[0] * panel) * panel, inner % (counts[0] * panel));
        let width = panel.min(counts[1] - left);
        let start = [inner / width * lengths[0], (left + inner % width) * lengths[1]];
        for axis in 0..2 {
            counts[axis] = lengths[axis].min(extents[axis] - start[axis]);
        }
        let rank = self.shape.len();
        let mut numbers: SmallVec<[i64; 2]> = SmallVec::new();
        scratch.pointers.clear();
        for (o, &address) in self.addresses.iter().enumerate() {
            let strides = walk.nest.strides(o);
            let mut place = start[1] as isize * strides[rank - 1];
            if *loops == 2 {
                place += start[0] as isize * strides[rank - 2];
            }
            place += offset(outer, &self.shape[..rank - loops], strides);
            let mut pointer = address.wrapping_offset(place);
            if walk.operands[o].spec.is_affine() {
                numbers.push(pointer.addr() as i64);
                pointer = ptr::null_mut();
            }
            scratch.pointers.push(pointer);
        }
        let affine = walk.operands.iter().enumerate().filter(|(_, operand)| operand.spec.is_affine());
        for ((o, _), number) in affine.zip(&numbers) {
            scratch.pointers[o] = ptr::from_ref(number).cast_mut().cast();
        }
        // SAFETY: the addresses are those of the tile's elements, which the caller vouches for.
        unsafe {
            if !packed.is_empty() {
                self.rearranged(scratch, counts);
            } else if self.past_cache {
                self.past_cache(scratch, counts[1]);
            } else {
                self.call(&mut scratch.pointers, counts);
            }
        }
    }

    /// # Safety
    /// As for [`Compiled::run`].
    unsafe fn call(&self, pointers: &mut Vec<*mut u8>, counts: [usize; 2]) {
        let extents = &counts[2 - self.pass.loops..];
        // SAFETY: as the caller promises.
        unsafe { self.run.call(self.kernel, &self.pass.called, pointers, extents) }
    }

    /// Runs a tile whose inputs are first copied to a buffer in the kernel's order, and results from it afterwards.
    ///
    /// # Safety
    /// As for [`tiles`](Job::tiles).
    unsafe fn rearranged(&self, scratch: &mut Scratch, counts: [usize; 2]) {
        let Scratch { pointers, moved, bytes, .. } = scratch;
        let Pass { walk, packed, tile, .. } = self.pass;
        let rank = self.shape.len();
        let size = |o: u32| walk.operands[o as usize].size();
        let room = |o: u32| tile[0] * pitch(tile[1], size(o));
        let mut buffer = bytes.reserve(packed.iter().map(|&o| room(o)).sum());
        moved.clear();
        moved.extend_from_slice(pointers);
        let place = |o: u32, outside: *mut u8, inside: *mut u8| {
            let strides = walk.nest.strides(o as usize);
            Block {
                size: size(o),
                counts,
                outside: (outside, [strides[rank - 2], strides[rank - 1]]),
                inside: (inside, [pitch(tile[1], size(o)) as isize, size(o) as isize]),
            }
        };
        let role = |o: u32| walk.operands[o as usize].spec.role;
        for &o in packed {
            moved[o as usize] = buffer;
            if role(o) != Role::Out {
                // SAFETY: the tile's elements may be read, and the buffer has room for a tile of each packed operand.
                unsafe { place(o, pointers[o as usize], buffer).copy_in() }
            }
            buffer = buffer.wrapping_add(room(o));
        }
        // SAFETY: packed operands lie in the buffer, with the strides in the kernel's table; the others as before.
        unsafe { self.call(moved, counts) }
        for &o in packed.iter().filter(|&&o| role(o) != Role::In) {
            // SAFETY: the tile's elements may be written, and the kernel has filled the buffer.
            unsafe { place(o, pointers[o as usize], moved[o as usize]).copy_out() }
        }
    }

    /// Runs a tile of `count` points whose results go past the cache: from the first point on at which the addresses of all
    /// results are such as that form of the kernel needs. If there is no such point, they go the ordinary way.
    ///
    /// # Safety
    /// As for [`tiles`](Job::tiles).
    unsafe fn past_cache(&self, scratch: &mut Scratch, count: usize) {
        let Scratch { pointers, moved, .. } = scratch;
        let walk = &self.pass.walk;
        let results = self.pass.nontemporal.iter().flat_map(|nontemporal| &nontemporal.results);
        let aligned = |points: usize| {
            let place = |&o: &u32| pointers[o as usize].addr() + points * walk.operands[o as usize].size();
            results.clone().all(|o| place(o).is_multiple_of(ALIGNMENT))
        };
        let head = (0..ALIGNMENT).find(|&points| aligned(points)).unwrap_or(count).min(count);
        if head > 0 {
            // SAFETY: the tile's first points.
            unsafe { self.call(pointers, [1, head]) }
        }
        if head == count {
            return;
        }
        moved.clear();
        moved.extend(pointers.iter().enumerate().map(|(o, pointer)| {
            let stride = walk.nest.strides(o).last().copied().unwrap_or(0);
            pointer.wrapping_offset(head as isize * stride)
        }));
        let Called { table, .. } = &self.pass.called;
        let extents = &[count - head];
        let call = Call { pointers: moved, strides: table, extents, origin: &[0], faults: self.run.faults };
        // SAFETY: the tile's other points; the results' addresses are aligned.
        unsafe { self.kernel.run_past_cache(&call) }
    }
}
