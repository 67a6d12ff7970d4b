//! Runs scans.
//!
//! Comes in: a [`Scan`]: runs, or pieces of them, as tasks. Goes out: what its kernels at the end write. Always holds: the order in which
//! elements are combined follows from their number alone; no task waits for another one without end.
//!
//! A task computes its piece into a buffer and scans each block there. If it is a piece of several, what it begins with is known when
//! all before it have said what their blocks come to. Tasks are taken in order, so as a rule the one before is as far by then, or
//! nearly. A task that would wait for longer than its work took is given up, and done anew when all others have been:
//! whatever a thread does meanwhile (it may be in a function of the caller's that evaluates something itself), none hangs.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use std::{hint, thread};

use smallvec::SmallVec;

use super::combine::Tile;
use super::lanes::{Lane, To, lane};
use super::packing;
use super::pass::Run;
use super::scratch::{Scratch, with_scratch};
use super::threads::Piece;
use super::tiles::{Caller, Parts, Runs};
use crate::dtype::DType;
use crate::jit::Compiled;
use crate::plan::schedule::{BLOCK, Scan, Tiles};

/// Looks at what comes before a piece between which the thread does not let others run.
const LOOKS: usize = 100;

impl Run<'_> {
    /// Runs scans.
    ///
    /// # Safety
    /// What the kernels read must be readable, and what they write writable, at all elements that the tasks reach; what is written must be
    /// apart from all else, except that an element may be read by the task that writes it, before it does.
    pub unsafe fn scan(&self, scan: &Scan) {
        let tiles = &scan.tiles;
        let caller = Caller::new(self, tiles, scan.parts().map(DType::size).collect());
        let fills = scan.fills.iter().filter(|_| scan.reads.is_none()).map(|kernel| caller.runnable(kernel)).collect();
        let ends = scan.ends.iter().filter(|_| scan.writes.is_none()).map(|kernel| (kernel, caller.runnable(kernel)));
        let ends: SmallVec<[(&dyn Compiled, Option<usize>); 1]> =
            ends.map(|(kernel, code)| (code, caller.past_cache(kernel, code))).collect();
        let past_cache = scan.writes.is_some() && caller.pays(scan.nontemporal.as_ref());
        let through = scan.through() && scan.nontemporal.as_ref().is_some_and(|results| caller.apart(results));
        let lanes = scan.lanes.iter().map(|(of, dtype, parts)| (lane(*of, *dtype), parts.clone())).collect();
        let tasks = Tasks { scan, caller, fills, ends, past_cache, through, lanes };
        let each = scan.along() * tiles.group;
        if tiles.pieces() == 1 {
            let work = |todo: Piece| {
                with_scratch(|scratch| {
                    for chain in todo {
                        // SAFETY: as the caller promises; each task has elements of its own.
                        unsafe { tasks.whole(chain, scratch) }
                    }
                });
            };
            return self.share(tiles.chains(), each, scan.parallel, &work);
        }
        let progress = Progress::new(scan);
        let next = AtomicUsize::new(0);
        let work = |todo: Piece| {
            with_scratch(|scratch| {
                // Whichever tasks it is given: they are begun in order.
                for _ in todo {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    // SAFETY: as the caller promises; each task has elements and states of its own.
                    unsafe { tasks.piece(piece, &progress, scratch) }
                }
            });
        };
        self.share(tiles.chains() * tiles.pieces(), each, scan.parallel, &work);
        let late = progress.late.into_inner().unwrap_or_else(PoisonError::into_inner);
        let work = |todo: Piece| {
            with_scratch(|scratch| {
                for piece in todo.map(|at| late[at]) {
                    // SAFETY: as the caller promises; what comes before each piece is known now.
                    unsafe { tasks.again(piece, scratch) }
                }
            });
        };
        self.share(late.len(), each, scan.parallel, &work);
    }
}

/// How far the pieces of chains are.
struct Progress {
    /// For each chain of how many of its pieces it is known what they begin with.
    known: Vec<AtomicUsize>,
    /// Held by the thread that finds out more.
    frontiers: Vec<Mutex<()>>,
    /// For each piece whether it has said what its blocks come to.
    said: Vec<AtomicBool>,
    /// For each chain how many these were when a piece was given up last.
    stalled: Vec<AtomicUsize>,
    /// Pieces that have been given up.
    late: Mutex<Vec<usize>>,
}

impl Progress {
    fn new(scan: &Scan) -> Progress {
        let (chains, pieces) = (scan.tiles.chains(), scan.tiles.pieces());
        Progress {
            // The first one begins with nothing.
            known: (0..chains).map(|_| AtomicUsize::new(1)).collect(),
            stalled: (0..chains).map(|_| AtomicUsize::new(0)).collect(),
            frontiers: (0..chains).map(|_| Mutex::new(())).collect(),
            said: (0..chains * pieces).map(|_| AtomicBool::new(false)).collect(),
            late: Mutex::new(Vec::new()),
        }
    }
}

/// Scans on certain memory, with what runs their kernels and loops.
struct Tasks<'a> {
    scan: &'a Scan,
    caller: Caller<'a>,
    fills: SmallVec<[&'a dyn Compiled; 1]>,
    /// With what the addresses of results must be multiples of where they are written past the cache.
    ends: SmallVec<[(&'a dyn Compiled, Option<usize>); 1]>,
    /// Whether what is written at once is written so.
    past_cache: bool,
    /// Whether it is written as it is read: what is read is no place that is written.
    through: bool,
    lanes: SmallVec<[(&'static dyn Lane, Range<usize>); 2]>,
}

// SAFETY: whoever runs tasks promises (see `Run::scan`) that their memory may be used so from any thread; each writes elements and states
// of its own, and reads states of others when these have been published.
unsafe impl Sync for Tasks<'_> {}

/// The memory of a task: for each part a buffer, and for each run the state of a block and what comes before it.
struct Memory {
    buffer: Parts,
    state: Parts,
    carry: Parts,
}

impl Tasks<'_> {
    /// Takes a task's memory out of the thread's.
    fn memory(&self, own: &mut super::scratch::Buffer) -> Memory {
        let (rows, room) = (self.scan.rows(), Scan::room);
        let mut at = own.reserve(self.scan.scratch());
        let [buffer, state, carry] = rows.map(|rows| {
            let part = |&size: &usize| {
                let part = at;
                at = at.wrapping_add(room(rows, size));
                part
            };
            self.caller.sizes.iter().map(part).collect()
        });
        Memory { buffer, state, carry }
    }

    /// The tile of these elements, and where it lies in a buffer that begins with element `base`.
    fn tile(&self, runs: Runs, elements: Range<usize>, base: usize, memory: &Memory) -> (Tile, Parts) {
        let Tiles { across, group, .. } = *self.caller.tiles;
        let pitch = if across { group } else { self.scan.along() };
        let from = (elements.start - base) * if across { pitch } else { 1 };
        let parts =
            memory.buffer.iter().zip(&self.caller.sizes).map(|(part, size)| part.wrapping_add(from * size)).collect();
        (Tile { across, pitch, points: runs.points, elements: elements.len(), first: elements.start }, parts)
    }

    /// Runs from their first to their last element.
    ///
    /// # Safety
    /// As for [`Run::scan`].
    unsafe fn whole(&self, chain: usize, scratch: &mut Scratch) {
        let runs = self.caller.runs(chain);
        let mut own = std::mem::take(&mut scratch.states);
        let memory = self.memory(&mut own);
        let (_, length) = self.caller.tiles.axes();
        for start in (0..length).step_by(self.caller.tiles.step) {
            if self.caller.run.team.is_stopped() {
                break;
            }
            let elements = start..length.min(start + self.caller.tiles.step);
            let (tile, parts) = self.tile(runs, elements, start, &memory);
            if let (true, Some(from), Some(to)) = (self.through, self.scan.reads, self.scan.writes) {
                let [from, first] = [from, to].map(|o| self.caller.place(o, runs, tile));
                let to = To { first, past_cache: self.past_cache, ahead: None };
                for (lane, own) in &self.lanes {
                    let states = [&memory.state[own.clone()], &memory.carry[own.clone()]];
                    // SAFETY: as the caller promises; what is read and what is written are apart; there are two states of each run.
                    unsafe { lane.through(tile, from, to, states) }
                }
                continue;
            }
            // SAFETY: as the caller promises; the buffer has room for a step.
            unsafe {
                self.scanned(runs, tile, &parts, &memory, scratch);
                self.ended(runs, tile, &parts, &memory, scratch);
            }
        }
        self.fence();
        scratch.states = own;
    }

    /// A piece of a chain, numbered through.
    ///
    /// # Safety
    /// As for [`Run::scan`].
    unsafe fn piece(&self, piece: usize, progress: &Progress, scratch: &mut Scratch) {
        let begun = Instant::now();
        let mut own = std::mem::take(&mut scratch.states);
        let memory = self.memory(&mut own);
        // SAFETY: as the caller promises.
        unsafe {
            self.scan_piece(piece, &memory, scratch);
            self.say(piece, &memory);
            self.go_on(piece, progress);
            if self.comes(piece, progress, begun) {
                self.end_piece(piece, &memory, scratch);
            } else {
                progress.late.lock().unwrap_or_else(PoisonError::into_inner).push(piece);
            }
        }
        scratch.states = own;
    }

    /// A piece anew, when it is known what it begins with.
    ///
    /// # Safety
    /// As for [`Run::scan`].
    unsafe fn again(&self, piece: usize, scratch: &mut Scratch) {
        let mut own = std::mem::take(&mut scratch.states);
        let memory = self.memory(&mut own);
        // SAFETY: as the caller promises.
        unsafe {
            self.scan_piece(piece, &memory, scratch);
            self.end_piece(piece, &memory, scratch);
        }
        scratch.states = own;
    }

    /// What is kept for a piece, part by part: row 0 is what it begins with, the others are what its blocks come to.
    fn states(&self, piece: usize, row: usize) -> Parts {
        let at = (piece * self.scan.kept() + row) * self.caller.tiles.group;
        let part = |(&place, &size): (&usize, &usize)| self.caller.run.call.wrapping_add(place + at * size);
        self.scan.states.iter().zip(&self.caller.sizes).map(part).collect()
    }

    /// # Safety
    /// As for [`Run::scan`].
    unsafe fn scan_piece(&self, piece: usize, memory: &Memory, scratch: &mut Scratch) {
        let (chain, all) = self.caller.elements(piece);
        let runs = self.caller.runs(chain);
        for start in all.clone().step_by(self.caller.tiles.step) {
            let elements = start..all.end.min(start + self.caller.tiles.step);
            let (tile, parts) = self.tile(runs, elements, all.start, memory);
            // SAFETY: as the caller promises; the buffer has room for a piece.
            unsafe { self.scanned(runs, tile, &parts, memory, scratch) }
        }
    }

    /// Says what the blocks of a piece come to.
    ///
    /// # Safety
    /// The piece must have been scanned into the memory, and be this task's.
    unsafe fn say(&self, piece: usize, memory: &Memory) {
        let (chain, all) = self.caller.elements(piece);
        let (tile, parts) = self.tile(self.caller.runs(chain), all.clone(), all.start, memory);
        let to = self.states(piece, 1);
        for (lane, own) in &self.lanes {
            // SAFETY: the tile is in the buffer; the states of the piece are written by its task alone, before it says so.
            unsafe { lane.totals(tile, self.caller.tiles.group, &parts[own.clone()], &to[own.clone()]) }
        }
    }

    /// Notes that a piece has said what its blocks come to, and finds out what those behind it begin with.
    ///
    /// # Safety
    /// The piece must have said it.
    unsafe fn go_on(&self, piece: usize, progress: &Progress) {
        let (pieces, (chain, _)) = (self.caller.tiles.pieces(), self.caller.elements(piece));
        let first = chain * pieces;
        progress.said[piece].store(true, Ordering::Release);
        // Nobody runs anything else while he holds it.
        let _frontier = progress.frontiers[chain].lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = progress.known[chain].load(Ordering::Relaxed);
        while known < pieces && progress.said[first + known - 1].load(Ordering::Acquire) {
            let last = first + known - 1;
            let blocks = self.caller.elements(last).1.len().div_ceil(BLOCK);
            let runs = self.caller.runs(chain);
            for (lane, own) in &self.lanes {
                let [before, totals] = [0, 1].map(|row| self.states(last, row));
                let before = (known > 1).then(|| &before[own.clone()]);
                let after = self.states(last + 1, 0);
                // SAFETY: the piece has said so much; what it begins with has been written if there is something, and what the next
                // one begins with is written under the lock, and read when it is known.
                unsafe {
                    let sizes = [self.caller.tiles.group, runs.points, blocks];
                    lane.advance(sizes, &totals[own.clone()], before, &after[own.clone()]);
                }
            }
            known += 1;
            progress.known[chain].store(known, Ordering::Release);
        }
    }

    /// Whether it is known what a piece begins with, or soon is.
    fn comes(&self, piece: usize, progress: &Progress, begun: Instant) -> bool {
        let (pieces, (chain, _)) = (self.caller.tiles.pieces(), self.caller.elements(piece));
        let known = || progress.known[chain].load(Ordering::Acquire);
        let comes = || known() > piece % pieces;
        // While the piece for which another one waited in vain is where it was, nobody waits.
        if comes() || known() == progress.stalled[chain].load(Ordering::Relaxed) {
            return comes();
        }
        let until = Instant::now() + begun.elapsed();
        while Instant::now() < until {
            for _ in 0..LOOKS {
                if comes() {
                    return true;
                }
                hint::spin_loop();
            }
            thread::yield_now();
        }
        progress.stalled[chain].store(known(), Ordering::Relaxed);
        comes()
    }

    /// # Safety
    /// As for [`Run::scan`]; the piece must have been scanned into the memory, and it must be known what it begins with.
    unsafe fn end_piece(&self, piece: usize, memory: &Memory, scratch: &mut Scratch) {
        let (chain, all) = self.caller.elements(piece);
        let runs = self.caller.runs(chain);
        for ((from, to), size) in self.states(piece, 0).iter().zip(&memory.carry).zip(&self.caller.sizes) {
            // SAFETY: a row of a group each. (What the first piece begins with nobody looks at.)
            unsafe { from.copy_to_nonoverlapping(*to, self.caller.tiles.group * size) }
        }
        for start in all.clone().step_by(self.caller.tiles.step) {
            let elements = start..all.end.min(start + self.caller.tiles.step);
            let (tile, parts) = self.tile(runs, elements, all.start, memory);
            // SAFETY: as the caller promises.
            unsafe { self.ended(runs, tile, &parts, memory, scratch) }
        }
        self.fence();
    }

    /// Computes a tile into the buffer and scans its blocks.
    ///
    /// # Safety
    /// As for [`Run::scan`]; the buffer must have room for it.
    unsafe fn scanned(&self, runs: Runs, tile: Tile, parts: &Parts, memory: &Memory, scratch: &mut Scratch) {
        for (kernel, code) in self.scan.fills.iter().zip(&self.fills) {
            // SAFETY: as the caller promises.
            unsafe { self.caller.call(kernel, (*code, None), (runs, tile, parts), scratch) }
        }
        let from = self.scan.reads.map(|o| self.caller.place(o, runs, tile));
        for (lane, own) in &self.lanes {
            // SAFETY: the tile has been computed, or may be read; there is a state of each run.
            unsafe { lane.local(tile, from, &parts[own.clone()], &memory.state[own.clone()]) }
        }
    }

    /// Combines a tile with what comes before it, and does with the result what is to be done.
    ///
    /// # Safety
    /// As for [`Run::scan`]; the tile must have been scanned.
    unsafe fn ended(&self, runs: Runs, tile: Tile, parts: &Parts, memory: &Memory, scratch: &mut Scratch) {
        // (A piece has been read as a whole.)
        let next = Tile { first: tile.first + self.caller.tiles.step, ..tile };
        let ahead = |o: usize| {
            let (first, pitch) = self.caller.place(o, runs, next);
            // After whole runs come others.
            let (_, length) = self.caller.tiles.axes();
            let skipped = if tile.across || tile.elements < length { 0 } else { (runs.points as isize - 1) * pitch };
            first.wrapping_offset(skipped).cast_const()
        };
        let ahead = if self.caller.tiles.pieces() == 1 { self.scan.reads.map(ahead) } else { None };
        let (first, past_cache) = (|o: usize| self.caller.place(o, runs, tile), self.past_cache);
        let to = self.scan.writes.map(|o| To { first: first(o), past_cache, ahead });
        for (lane, own) in &self.lanes {
            // SAFETY: the tile has been scanned; there is room for what comes before a block of each run; the result may be written.
            unsafe { lane.apply(tile, to, &parts[own.clone()], &memory.carry[own.clone()]) }
        }
        for (kernel, code) in self.scan.ends.iter().zip(&self.ends) {
            // SAFETY: as the caller promises.
            unsafe { self.caller.call(kernel, *code, (runs, tile, parts), scratch) }
        }
    }

    fn fence(&self) {
        if self.past_cache || self.ends.iter().any(|(_, past_cache)| past_cache.is_some()) {
            packing::fence();
        }
    }
}
