//! Runs the counting of numbers.
//!
//! Comes in: a [`Counting`]: tasks, each of some elements. Goes out: how often there is each number. A number that is too large is not
//! counted. Tasks have tables of their own, added up at their end; of few numbers four, for an addition to what has just been
//! written waits for that, and equal neighbours are frequent.

use std::sync::{Mutex, PoisonError};
use std::{ptr, slice};

use smallvec::SmallVec;

use super::combine::Tile;
use super::pass::Run;
use super::scratch::{Scratch, with_scratch};
use super::threads::Piece;
use super::tiles::{Caller, Parts};
use crate::jit::Compiled;
use crate::plan::count::BYTES;
use crate::plan::schedule::{Counting, OfBytes};

impl Run<'_> {
    /// Runs the counting of numbers.
    ///
    /// # Safety
    /// What the kernel reads must be readable at all elements; the counts must have their place in the call's memory.
    pub unsafe fn count(&self, counting: &Counting) {
        let caller = Caller::new(self, &counting.tiles, SmallVec::from_slice(&[counting.size()]));
        let code = caller.runnable(&counting.fill);
        // SAFETY: nothing else is there while this runs; it is aligned to a line of the cache.
        let counts = unsafe {
            let counts = self.call.wrapping_add(counting.at).cast::<u64>();
            ptr::write_bytes(counts, 0, counting.bins);
            slice::from_raw_parts_mut(counts, counting.bins)
        };
        let mut bytes = [0; BYTES];
        let table = if counting.of_bytes.is_some() { &mut bytes[..] } else { &mut *counts };
        let tasks = Tasks { counting, caller, code, table: Mutex::new(table) };
        let work = |todo: Piece| {
            // SAFETY: as the caller promises.
            with_scratch(|scratch| unsafe { tasks.piece(todo, scratch) });
        };
        let tiles = &counting.tiles;
        let all = tiles.chains() * tiles.pieces();
        if counting.parallel && all > counting.least {
            self.team.share(all, Some(counting.least), &work);
        } else {
            self.team.do_all(all, &work);
        }
        if let Some(of_bytes) = &counting.of_bytes {
            // SAFETY: as the caller promises.
            let numbers = unsafe { self.numbers_of_bytes(of_bytes) };
            for (&number, count) in numbers.iter().zip(bytes) {
                if let Some(all) = counts.get_mut(number as usize) {
                    *all += count;
                }
            }
        }
    }

    /// The number of each byte.
    ///
    /// # Safety
    /// What the kernel reads beside bytes must be readable.
    unsafe fn numbers_of_bytes(&self, of: &OfBytes) -> [u32; BYTES] {
        let bytes: [u8; BYTES] = std::array::from_fn(|byte| byte as u8);
        let mut numbers = [u32::MAX; BYTES];
        let code = &**of.called.kernel.runnable(self.executor, BYTES);
        with_scratch(|Scratch { pointers, .. }| {
            pointers.clear();
            pointers.extend(of.operands.iter().map(|operand| self.address(operand)));
            pointers[of.bytes] = bytes.as_ptr().cast_mut();
            pointers.push(numbers.as_mut_ptr().cast());
            // SAFETY: bytes are read, numbers written, as many as there are.
            unsafe { self.call(code, &of.called, pointers, &[BYTES]) }
        });
        numbers
    }
}

struct Tasks<'a> {
    counting: &'a Counting,
    caller: Caller<'a>,
    code: &'a dyn Compiled,
    /// What all tasks have counted.
    table: Mutex<&'a mut [u64]>,
}

// SAFETY: whoever counts promises (see `Run::count`) that the memory of its arrays may be read from any thread.
unsafe impl Sync for Tasks<'_> {}

impl Tasks<'_> {
    /// Counts what tasks have, in tables of its own if several threads may.
    ///
    /// # Safety
    /// As for [`Run::count`].
    unsafe fn piece(&self, tasks: Piece, scratch: &mut Scratch) {
        let (sides, length) = self.counting.tables();
        if sides == 0 {
            let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
            let mut add = |numbers: &[u32]| tally(numbers, &mut table);
            // SAFETY: as the caller promises.
            return unsafe { self.tiles(tasks, scratch, &mut |part, elements| add(read(part, elements))) };
        }
        // What is not counted has a place of its own, and is dropped.
        let mut own = std::mem::take(&mut scratch.bytes);
        let at = own.reserve(sides * length * size_of::<u64>()).cast::<u64>();
        // SAFETY: there is room for so many, aligned to a line of the cache, and they are set first.
        let tables = unsafe {
            ptr::write_bytes(at, 0, sides * length);
            slice::from_raw_parts_mut(at, sides * length)
        };
        // SAFETY: as the caller promises.
        unsafe {
            match (self.counting.of_bytes.is_some(), sides) {
                (true, _) => self.tiles(tasks, scratch, &mut |part, n| tally_bytes(read(part, n), tables)),
                (false, 1) => self.tiles(tasks, scratch, &mut |part, n| tally_one(read(part, n), tables)),
                (false, _) => self.tiles(tasks, scratch, &mut |part, n| tally_four(read(part, n), tables)),
            }
        }
        let mut all = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        for table in tables.chunks_exact(length) {
            all.iter_mut().zip(table).for_each(|(all, own)| *all += own);
        }
        drop(all);
        scratch.bytes = own;
    }

    /// Computes tiles into a buffer, and has them counted, run by run.
    ///
    /// # Safety
    /// As for [`Run::count`].
    unsafe fn tiles(&self, tasks: Piece, scratch: &mut Scratch, count: &mut dyn FnMut(*const u8, usize)) {
        let (tiles, size) = (self.caller.tiles, self.caller.sizes[0]);
        let mut own = std::mem::take(&mut scratch.states);
        let buffer = own.reserve(self.counting.buffer());
        let parts: Parts = SmallVec::from_slice(&[buffer]);
        for task in tasks {
            let (chain, elements) = self.caller.elements(task);
            let runs = self.caller.runs(chain);
            for first in elements.clone().step_by(tiles.step) {
                let elements = tiles.step.min(elements.end - first);
                let tile = Tile { across: false, pitch: tiles.step, points: runs.points, elements, first };
                // SAFETY: as the caller promises; the buffer has room for a tile.
                unsafe { self.caller.call(&self.counting.fill, (self.code, None), (runs, tile, &parts), scratch) }
                for point in 0..runs.points {
                    count(buffer.wrapping_add(point * tiles.step * size), elements);
                }
            }
        }
        scratch.states = own;
    }
}

/// Elements of a buffer.
///
/// # Safety
/// There must be so many, computed.
unsafe fn read<'a, T>(at: *const u8, elements: usize) -> &'a [T] {
    // SAFETY: as the caller promises; the buffer is aligned to a line of the cache, and its rows to elements.
    unsafe { slice::from_raw_parts(at.cast(), elements) }
}

/// Counts in a table as long as there are numbers.
fn tally(numbers: &[u32], table: &mut [u64]) {
    for &number in numbers {
        if let Some(count) = table.get_mut(number as usize) {
            *count += 1;
        }
    }
}

/// Counts in a table whose last place is for all larger numbers.
fn tally_one(numbers: &[u32], table: &mut [u64]) {
    let Some(last) = table.len().checked_sub(1) else { return };
    for &number in numbers {
        table[(number as usize).min(last)] += 1;
    }
}

/// The same, neighbours in different tables of four.
fn tally_four(numbers: &[u32], tables: &mut [u64]) {
    let length = tables.len() / 4;
    let (first, rest) = tables.split_at_mut(length);
    let (second, rest) = rest.split_at_mut(length);
    let (third, fourth) = rest.split_at_mut(length);
    let Some(last) = length.checked_sub(1) else { return };
    let quads = numbers.chunks_exact(4);
    tally_one(quads.remainder(), first);
    for quad in quads {
        first[(quad[0] as usize).min(last)] += 1;
        second[(quad[1] as usize).min(last)] += 1;
        third[(quad[2] as usize).min(last)] += 1;
        fourth[(quad[3] as usize).min(last)] += 1;
    }
}

/// The same of bytes.
fn tally_bytes(bytes: &[u8], tables: &mut [u64]) {
    let length = tables.len() / 4;
    let (first, rest) = tables.split_at_mut(length);
    let (second, rest) = rest.split_at_mut(length);
    let (third, fourth) = rest.split_at_mut(length);
    let all = [first, second, third, fourth].map(|table| table.first_chunk_mut::<BYTES>());
    let [Some(first), Some(second), Some(third), Some(fourth)] = all else { return };
    let eights = bytes.chunks_exact(8);
    eights.remainder().iter().for_each(|&byte| first[usize::from(byte)] += 1);
    for eight in eights {
        for (half, _) in [(&eight[..4], 0), (&eight[4..], 4)] {
            first[usize::from(half[0])] += 1;
            second[usize::from(half[1])] += 1;
            third[usize::from(half[2])] += 1;
            fourth[usize::from(half[3])] += 1;
        }
    }
}
