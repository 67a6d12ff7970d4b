//! Runs the steps of a schedule: the only caller of kernels, with `fold` and `scan`.
//!
//! A pass goes tile by tile, on one thread or several. A nest's innermost one or two axes are the kernel's loops; the others are
//! walked here. Tiles of the kernel's loops, numbered through, are what threads share out. An operand whose neighbours lie along the
//! other loop is rearranged, tile by tile, in a buffer that stays in L1; a large result is written past the cache.

use std::ptr;
use std::sync::atomic::Ordering;

use smallvec::SmallVec;

use super::packing::{self, Block, fill};
use super::scratch::{Scratch, with_rows, with_scratch};
use super::stop::{Failed, Stop};
use super::threads::{Piece, Team, Work};
use crate::array::view::{Strided, Vouch};
use crate::dtype::Scalar;
use crate::ir::Role;
use crate::jit::signals::{Signals, Watch};
use crate::jit::tier::{Executor, Tiered};
use crate::jit::{Call, Compiled};
use crate::plan::nest::offset;
use crate::plan::schedule::{Called, Loop, Operand, Pass, Place, Schedule, Step};

/// Columns of a panel, if each lies in a page of its own: fewer than the pages whose places a core keeps.
const PANEL: usize = 1024;

/// Values that are filled in at a time.
const FILLED: usize = 1 << 16;

/// Addresses of the operands of a step.
pub type Addresses = SmallVec<[*mut u8; 8]>;

/// One call: the memory that places stand for, who runs kernels, and on which threads.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The graph's inputs.
    pub inputs: &'a [Strided<'a>],
    /// Its outputs.
    pub outputs: &'a [Strided<'a>],
    /// The call's memory; in a loop's body, the task's.
    pub call: *mut u8,
    /// In a loop's body: the call's memory.
    pub outer: *mut u8,
    /// The schedule's numbers.
    pub numbers: &'a [i64],
    /// Who runs kernels.
    pub executor: Executor,
    /// Who shares tasks, and how.
    pub team: Team<'a>,
    /// Elements of a task that is not split between threads, if that is asked for.
    pub grain: Option<usize>,
    /// Where faults are noted, and whom loops at points ask whether the call is over.
    pub signals: &'a Signals<'a>,
}

// SAFETY: whoever runs the steps of a call promises that its memory may be used so from any thread; the rest may be shared.
unsafe impl Sync for Run<'_> {}

/// What has been run to its end without a fault: all tasks have been done, and all outputs written.
#[derive(Debug)]
pub struct Done(());

impl Done {
    /// Of a product of matrices that has come to its end.
    pub(super) fn of_gemm() -> Done {
        Done(())
    }
}

/// A kernel with one loop, and the lines and scalars that it runs over.
pub struct LineCall<'a> {
    /// The kernel.
    pub kernel: &'a Tiered,
    /// Who runs it.
    pub executor: Executor,
    /// The first elements.
    pub pointers: &'a [*mut u8],
    /// The kernel's table of strides.
    pub strides: &'a [isize],
    /// How many points there are.
    pub length: usize,
    /// What loops at points look at, if the call may be ended.
    pub stop: Option<&'a Stop<'a>>,
}

impl LineCall<'_> {
    /// Runs it.
    #[inline]
    pub fn run(&self, _: Vouch) -> Result<Done, Failed> {
        let signals = Signals::new(self.stop.map(|stop| stop as &dyn Watch));
        let LineCall { pointers, strides, length, .. } = *self;
        let call = Call { pointers, strides, extents: &[length], origin: &[0], signals: &signals };
        // SAFETY: whoever vouches promises that all lines have this length and lie so, and that they are of the kernel's types.
        unsafe { self.kernel.runnable(self.executor, length).run(&call) }
        ended(self.stop, &signals)
    }
}

/// How a call has ended. (Whoever left a task, or a loop, undone has found why.)
#[inline]
fn ended(stop: Option<&Stop>, signals: &Signals) -> Result<Done, Failed> {
    match (stop.and_then(Stop::found), signals.faults.load(Ordering::Relaxed)) {
        (Some(stopped), _) => Err(Failed::Stopped(stopped)),
        (None, 0) => Ok(Done(())),
        (None, faults) => Err(Failed::Faults(faults)),
    }
}

impl Run<'_> {
    /// Runs the steps of a schedule. The arrays that are vouched for must lie as the schedule was made for,
    /// and the call's memory must be as large as it says.
    pub fn steps(&self, schedule: &Schedule, _: Vouch) -> Result<Done, Failed> {
        // SAFETY: inputs are readable, outputs writable, and as far apart as the schedule was made for, as whoever vouches has
        // promised.
        unsafe { self.each(&schedule.steps) }
        ended(self.team.stop, self.signals)
    }

    /// Runs steps, one after the other.
    ///
    /// # Safety
    /// Inputs must be readable, outputs writable, and as far apart as the steps were made for; the memory of the call, or of the task,
    /// must be as large as their schedule says.
    unsafe fn each(&self, steps: &[Step]) {
        for step in steps {
            // SAFETY: as the caller promises; a step reads inputs and what earlier ones have left in the call's memory.
            unsafe {
                match step {
                    Step::Pass(pass) => self.pass(pass),
                    Step::Fold(fold) => self.fold(fold),
                    Step::Scan(scan) => self.scan(scan),
                    Step::Recur(recur) => self.recur(recur),
                    Step::Count(counting) => self.count(counting),
                    Step::Fill { at, value, count } => self.fill(*at, *value, *count),
                    Step::Loop(all) => self.rows(all),
                }
            }
        }
    }

    /// Fills a part of the call's memory.
    ///
    /// # Safety
    /// There must be room for so many values.
    unsafe fn fill(&self, at: usize, value: Scalar, count: usize) {
        let work = |piece: Piece| {
            for first in piece.map(|task| task * FILLED) {
                let to = self.call.wrapping_add(at + first * value.dtype().size());
                // SAFETY: as the caller promises, of some of the values.
                unsafe { fill(to, value, FILLED.min(count - first)) }
            }
        };
        self.share(count.div_ceil(FILLED), FILLED, false, &work);
    }

    /// Runs a loop over tiles of rows.
    ///
    /// # Safety
    /// As for [`each`](Run::each).
    unsafe fn rows(&self, all: &Loop) {
        let work = |piece: Piece| {
            with_rows(|buffer| {
                let call = buffer.reserve(all.bytes());
                for tile in piece {
                    let first = tile * all.tile;
                    let short = all.rows - first < all.tile;
                    let body = all.rest.as_ref().filter(|_| short).unwrap_or(&all.body);
                    let (inputs, outputs) =
                        (from_row(self.inputs, &all.inputs, first), from_row(self.outputs, &all.outputs, first));
                    let (inputs, outputs, numbers) = (&inputs[..], &outputs[..], &body.numbers[..]);
                    let team = self.team.alone();
                    let run = Run { inputs, outputs, call, outer: self.call, numbers, team, ..*self };
                    // SAFETY: as the caller promises; tiles have rows of their own, of what is read as of what is written, and this task
                    // its memory.
                    unsafe { run.each(&body.steps) }
                }
            });
        };
        self.share(all.rows.div_ceil(all.tile), all.elements, all.parallel, &work);
    }

    /// Where one of the schedule's numbers is.
    pub fn number(&self, i: u32) -> *mut u8 {
        ptr::from_ref(&self.numbers[i as usize]).cast_mut().cast()
    }

    /// Where the element of an operand at index 0 of all axes is; of an affine one, its number there as an address.
    pub fn address(&self, operand: &Operand) -> *mut u8 {
        let place = match operand.place {
            Place::Input(i) => self.inputs[i as usize].pointer,
            Place::Output(i) => self.outputs[i as usize].pointer,
            Place::Call(at) => self.call.wrapping_add(at),
            Place::Outer(at) => self.outer.wrapping_add(at),
            Place::Number(i) => self.number(i),
            Place::Affine(number) => ptr::without_provenance_mut(number as usize),
        };
        place.wrapping_offset(operand.offset)
    }

    /// Runs tasks of this many elements each on this thread, or on several. Each step's go through here, so that any of them may be the last one
    /// of a call that is ended.
    pub fn share(&self, tasks: usize, elements: usize, parallel: bool, work: Work) {
        if !parallel || tasks <= 1 {
            return self.team.do_all(tasks, work);
        }
        let chunk = self.team.schedule.chunk().or(self.grain);
        self.team.share(tasks, chunk.map(|chunk| chunk / elements.max(1)), work);
    }

    /// In debug builds: what a pass reaches lies within the arrays that it is said to be of.
    #[cfg(debug_assertions)]
    pub fn check_reach(&self, walk: &crate::plan::schedule::Walk) {
        for (o, operand) in walk.operands.iter().enumerate() {
            let view = match operand.place {
                Place::Input(i) => &self.inputs[i as usize],
                Place::Output(i) => &self.outputs[i as usize],
                _ => continue,
            };
            let (before, after) = walk.nest.reach(o, operand.size());
            let strides: SmallVec<[isize; 6]> = view.strides().collect();
            let (view_before, view_after) = crate::plan::nest::reach(view.shape, &strides, view.dtype.size());
            let from = operand.offset - before as isize;
            let to = operand.offset + after as isize;
            assert!(
                from >= -(view_before as isize) && to <= view_after as isize,
                "a pass leaves an array: {operand:?}"
            );
        }
    }
}

impl Run<'_> {
    /// Runs a pass.
    ///
    /// # Safety
    /// Every element that the pass reaches must be valid to read (operands of role `In`, `InOut`) or write (`Out`, `InOut`) as its
    /// spec's type; written elements must be apart from each other and from all that is read, except that an operand may be
    /// read and written at the same point.
    unsafe fn pass(&self, pass: &Pass) {
        let addresses: Addresses = pass.walk.operands.iter().map(|operand| self.address(operand)).collect();
        #[cfg(debug_assertions)]
        self.check_reach(&pass.walk);
        let kernel = &**pass.called.kernel.runnable(self.executor, pass.points);
        let pays = pass.nontemporal.as_ref().is_some_and(|n| n.pays(&pass.walk, addresses.iter().map(|a| a.addr())));
        let past_cache = if pays { kernel.past_cache_alignment() } else { None };
        let job = Job::new(self, pass, kernel, &addresses, past_cache);
        // SAFETY: as the caller promises; pieces have disjoint ranges of tiles, and tiles disjoint points.
        let work = |piece: Piece| with_scratch(|scratch| unsafe { job.tiles(piece, scratch) });
        self.share(job.count(), pass.tile[0] * pass.tile[1], pass.parallel, &work);
    }

    /// Calls a kernel. Its operands' addresses are given; those of the steps of affine ones are put behind them.
    ///
    /// # Safety
    /// As for [`Compiled::run`].
    pub unsafe fn call(&self, kernel: &dyn Compiled, called: &Called, pointers: &mut Vec<*mut u8>, extents: &[usize]) {
        let own = pointers.len();
        pointers.extend(called.steps.iter().map(|&step| self.number(step)));
        let origin = &[0, 0][..extents.len()];
        let call = Call { pointers, strides: &called.table, extents, origin, signals: self.signals };
        // SAFETY: as the caller promises; the steps are read alone.
        unsafe { kernel.run(&call) }
        pointers.truncate(own);
    }
}

/// The first point at which the addresses of all results are multiples of this power of two, if there is one: each comes with the address of its first
/// element, and the size of an element, a power of two.
pub fn aligned_from(results: &[(usize, usize)], alignment: usize) -> Option<usize> {
    let &(address, size) = results.first()?;
    let shift = size.trailing_zeros();
    let mut point = (address.wrapping_neg() & (alignment - 1)) >> shift;
    while point < alignment {
        if results.iter().all(|&(at, size)| (at + point * size) & (alignment - 1) == 0) {
            return Some(point);
        }
        point += (alignment >> shift).max(1);
    }
    None
}

/// Arrays from one of their rows on.
fn from_row<'a>(arrays: &[Strided<'a>], steps: &[isize], row: usize) -> SmallVec<[Strided<'a>; 8]> {
    arrays.iter().zip(steps).map(|(array, &step)| array.moved(row as isize * step)).collect()
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
    /// What the addresses of results must be multiples of where they are written past the cache; none if they are not.
    past_cache: Option<usize>,
}

// SAFETY: whoever runs a job's tiles promises (see `Job::tiles`) that its memory may be used as the kernel does, from any thread;
// tiles write disjoint elements.
unsafe impl Sync for Job<'_> {}

impl<'a> Job<'a> {
    /// A pass on the elements at these addresses.
    // Many arguments: what a pass is run on.
    pub fn new(
        run: &'a Run<'a>,
        pass: &'a Pass,
        kernel: &'a dyn Compiled,
        addresses: &'a [*mut u8],
        past_cache: Option<usize>,
    ) -> Job<'a> {
        let shape = SmallVec::from_slice(pass.walk.nest.shape());
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

    /// Runs the tiles of a piece.
    ///
    /// # Safety
    /// What [`Compiled::run`] needs must hold for every tile, and while this runs nothing else may touch what the job writes, or
    /// write what it reads.
    pub unsafe fn tiles(&self, piece: Piece, scratch: &mut Scratch) {
        for tile in piece {
            // SAFETY: as the caller promises.
            unsafe { self.tile(tile, scratch) }
        }
        if self.past_cache.is_some() {
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
            } else if let Some(alignment) = self.past_cache {
                let Scratch { pointers, ahead, .. } = scratch;
                self.past_cache([pointers, ahead], counts, alignment);
            } else {
                self.call(&mut scratch.pointers, counts);
            }
        }
    }

    /// # Safety
    /// As for [`Compiled::run`].
    unsafe fn call(&self, pointers: &mut Vec<*mut u8>, counts: [usize; 2]) {
        let points = [counts[0] * counts[1]];
        let extents = if self.pass.flat { &points[..] } else { &counts[2 - self.pass.loops..] };
        // SAFETY: as the caller promises.
        unsafe { self.run.call(self.kernel, &self.pass.called, pointers, extents) }
    }

    /// Runs a tile whose inputs are first copied to a buffer in the kernel's order, and results from it afterwards.
    ///
    /// # Safety
    /// As for [`tiles`](Job::tiles).
    unsafe fn rearranged(&self, scratch: &mut Scratch, counts: [usize; 2]) {
        let Scratch { pointers, moved, ahead, bytes, .. } = scratch;
        let Pass { walk, packed, loops, flat, by_row, .. } = self.pass;
        let rank = self.shape.len();
        let size = |o: u32| walk.operands[o as usize].size();
        let mut buffer = bytes.reserve(packed.iter().map(|&o| self.pass.packed_bytes(o)).sum());
        moved.clear();
        moved.extend_from_slice(pointers);
        let place = |o: u32, outside: *mut u8, inside: *mut u8| {
            let strides = walk.nest.strides(o as usize);
            let down = if *loops == 2 { strides[rank - 2] } else { 0 };
            Block {
                size: size(o),
                counts,
                outside: (outside, [down, strides[rank - 1]]),
                inside: (inside, [self.pass.packed_row(o) as isize, size(o) as isize]),
                ahead: *loops == 2 && !flat && !by_row,
            }
        };
        let role = |o: u32| walk.operands[o as usize].spec.role;
        for &o in packed {
            moved[o as usize] = buffer;
            if role(o) != Role::Out {
                // SAFETY: the tile's elements may be read, and the buffer has room for a tile of each packed operand.
                unsafe { place(o, pointers[o as usize], buffer).copy_in() }
            }
            buffer = buffer.wrapping_add(self.pass.packed_bytes(o));
        }
        // SAFETY: packed operands lie in the buffer, with the strides in the kernel's table; the others as before.
        unsafe {
            match self.past_cache {
                _ if *by_row => self.each_row([moved, ahead], counts),
                Some(alignment) => self.past_cache([moved, ahead], counts, alignment),
                None => self.call(moved, counts),
            }
        }
        for &o in packed.iter().filter(|&&o| role(o) != Role::In) {
            // SAFETY: the tile's elements may be written, and the kernel has filled the buffer.
            unsafe { place(o, pointers[o as usize], moved[o as usize]).copy_out() }
        }
    }

    /// Calls a kernel of one loop for each row of a tile whose operands begin at these addresses. `ahead` has room for addresses.
    ///
    /// # Safety
    /// As for [`tiles`](Job::tiles).
    unsafe fn each_row(&self, [pointers, ahead]: [&mut Vec<*mut u8>; 2], [rows, columns]: [usize; 2]) {
        let Pass { walk, packed, called, .. } = self.pass;
        let across = self.shape.len() - 2;
        let down = |o: usize| match packed.contains(&(o as u32)) {
            true => self.pass.packed_row(o as u32) as isize,
            false => walk.nest.strides(o)[across],
        };
        let down: SmallVec<[isize; 8]> = (0..pointers.len()).map(down).collect();
        let read = |&o: &usize| walk.operands[o].spec.role == Role::In && !packed.contains(&(o as u32));
        let read: SmallVec<[usize; 8]> = (0..pointers.len()).filter(read).collect();
        for row in 0..rows {
            if row + 1 < rows {
                read.iter().for_each(|&o| packing::prefetch_row(pointers[o].wrapping_offset(down[o])));
            }
            // SAFETY: a row of the tile.
            unsafe {
                match self.past_cache {
                    Some(alignment) => self.past_cache([pointers, ahead], [1, columns], alignment),
                    None => self.run.call(self.kernel, called, pointers, &[columns]),
                }
            }
            pointers.iter_mut().zip(&down).for_each(|(pointer, down)| *pointer = pointer.wrapping_offset(*down));
        }
    }

    /// Runs a tile of a kernel of one loop, whose operands begin at these addresses and whose results go past the cache: from the first
    /// point on at which the addresses of all results are such as that form of the kernel needs. If there is no such point, they go
    /// the ordinary way. `ahead` has room for addresses.
    ///
    /// # Safety
    /// As for [`tiles`](Job::tiles).
    unsafe fn past_cache(&self, [pointers, ahead]: [&mut Vec<*mut u8>; 2], counts: [usize; 2], alignment: usize) {
        let Pass { walk, packed, .. } = self.pass;
        let count = counts[0] * counts[1];
        let results = self.pass.nontemporal.as_ref().map_or(&[][..], |nontemporal| &nontemporal.results);
        let place = |&o: &u32| (pointers[o as usize].addr(), walk.operands[o as usize].size());
        let places: SmallVec<[(usize, usize); 2]> = results.iter().map(place).collect();
        let head = aligned_from(&places, alignment).unwrap_or(count).min(count);
        ahead.clear();
        ahead.extend(pointers.iter().enumerate().map(|(o, pointer)| {
            let stride = match packed.contains(&(o as u32)) {
                _ if walk.operands[o].spec.is_affine() => 0,
                true => walk.operands[o].size() as isize,
                false => walk.nest.strides(o).last().copied().unwrap_or(0),
            };
            pointer.wrapping_offset(head as isize * stride)
        }));
        if head > 0 {
            // SAFETY: the tile's first points, which lie in a row as all of them do for a kernel of one loop.
            unsafe { self.run.call(self.kernel, &self.pass.called, pointers, &[head]) }
        }
        if head == count {
            return;
        }
        let Called { table, steps, .. } = &self.pass.called;
        ahead.extend(steps.iter().map(|&step| self.run.number(step)));
        // (Affine operands go on from where the first points end.)
        let (extents, origin) = (&[count - head], &[head as i64]);
        let call = Call { pointers: ahead, strides: table, extents, origin, signals: self.run.signals };
        // SAFETY: the tile's other points; the results' addresses are aligned.
        unsafe { self.kernel.run_past_cache(&call) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_aligned_from_the_first_such_point_on() {
        assert_eq!(aligned_from(&[(64, 8)], 32), Some(0));
        assert_eq!(aligned_from(&[(40, 8)], 32), Some(3));
        assert_eq!(aligned_from(&[(40, 8), (36, 4)], 32), Some(7));
        assert_eq!(aligned_from(&[(40, 8), (32, 8)], 32), None);
        assert_eq!(aligned_from(&[(41, 8)], 32), None);
        assert_eq!(aligned_from(&[(33, 1)], 32), Some(31));
    }
}
