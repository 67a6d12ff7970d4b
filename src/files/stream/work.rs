//! One pass: workers that read pieces, compute them, and give away what comes of them.
//!
//! Comes in: a pass with its programs and pieces, and where what it gives goes. Goes out: all pieces done, or the first error. Always holds: as many
//! workers compute at a time as there are threads, and one more reads meanwhile; each has memory of its own, which is all that there is.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use smallvec::SmallVec;

use super::demand::Mode;
use super::merge::{Counter, Counts, scalars};
use super::passes::{Cut, Pass};
use super::pieces::{ALIGNMENT, Piece, Pieces};
use super::program::{Computed, Origin, Output, Programs, Slot};
use super::setup::{Given, Setup};
use super::values::Values;
use crate::array::view::{Strided, View, ViewMut};
use crate::dtype::DType;
use crate::expr::core::Bound;
use crate::files::error::{FileError, FileErrorKind};
use crate::files::npy::input::Input;
use crate::files::target::Target;
use crate::plan::shape::{Shape, c_strides, count, strides};
use crate::run::settings::CallOptions;
use crate::run::threads::Threads;

/// Where what a pass gives goes.
pub enum Sink<'s> {
    /// To a file, behind so many bytes.
    File(&'s Target, u64),
    /// States of pieces, into one.
    Combined(Mutex<Counter>),
    /// Counts of pieces, added up.
    Counted(Mutex<Counts>),
    /// Rows, into an array.
    Collected(Mutex<Vec<u8>>),
}

/// How far a run has come, and whether it goes on.
#[derive(Default)]
pub struct Progress {
    /// Bytes that were read.
    pub done: AtomicU64,
    /// Whether workers are to end.
    pub stop: AtomicBool,
    failed: Mutex<Option<FileError>>,
}

/// A pass that is run.
pub struct Work<'s> {
    /// The run.
    pub setup: &'s Setup<'s>,
    /// What is in memory.
    pub values: &'s Values,
    /// The pass.
    pub pass: &'s Pass,
    /// What it computes.
    pub programs: &'s Programs,
    /// How it is cut.
    pub pieces: &'s Pieces,
    /// Where what it gives goes.
    pub sinks: &'s [Sink<'s>],
    /// How far it has come.
    pub progress: &'s Progress,
}

/// How many may compute.
struct Permits {
    free: Mutex<usize>,
    freed: Condvar,
}

/// How the pieces of a pass are handed out.
struct Shift {
    next: AtomicUsize,
    permits: Permits,
    /// How many workers are at it.
    working: Mutex<usize>,
    ended: Condvar,
}

/// Tells that a worker has ended, however it did.
struct Ends<'s>(&'s Shift);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        *lock(&self.0.working) -= 1;
        self.0.ended.notify_one();
    }
}

/// How an input lies for a piece.
struct Lay {
    pointer: *mut u8,
    shape: Shape,
    /// In bytes.
    strides: SmallVec<[isize; 6]>,
    /// Whether the bytes of its numbers lie in the other order.
    swapped: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work<'_> {
    /// Runs all pieces. `tell` is called on this thread from time to time, and may end the run.
    ///
    /// # Errors
    /// The first that a worker met, or that of `tell`.
    pub fn run(&self, tell: &mut dyn FnMut() -> Result<(), FileError>) -> Result<(), FileError> {
        let options = &self.setup.expr.options;
        let permits = Permits { free: Mutex::new(options.threads.count()), freed: Condvar::new() };
        let shift = Shift { next: AtomicUsize::new(0), permits, working: Mutex::new(0), ended: Condvar::new() };
        if self.pieces.count == 1 {
            // A piece alone is shared between threads as any call is.
            self.worker(&shift, options);
            return self.outcome();
        }
        let alone = CallOptions { threads: Threads::Serial, ..options.clone() };
        thread::scope(|scope| {
            for at in 0..self.pieces.workers {
                *lock(&shift.working) += 1;
                let named = thread::Builder::new().name(format!("tilexpr-stream-{at}"));
                let spawned = named.spawn_scoped(scope, || {
                    let _ends = Ends(&shift);
                    self.worker(&shift, &alone);
                });
                if spawned.is_err() {
                    *lock(&shift.working) -= 1;
                    break;
                }
            }
            if *lock(&shift.working) == 0 {
                // The system has no thread to give.
                self.worker(&shift, &alone);
            }
            let mut told = Ok(());
            let mut working = lock(&shift.working);
            while *working > 0 {
                let waited = shift.ended.wait_timeout(working, Duration::from_millis(50));
                working = waited.unwrap_or_else(PoisonError::into_inner).0;
                if told.is_ok() && *working > 0 {
                    drop(working);
                    told = tell();
                    self.progress.stop.fetch_or(told.is_err(), Ordering::Relaxed);
                    working = lock(&shift.working);
                }
            }
            told
        })?;
        self.outcome()
    }

    fn outcome(&self) -> Result<(), FileError> {
        lock(&self.progress.failed).take().map_or(Ok(()), Err)
    }

    /// Takes pieces until there are no more.
    fn worker(&self, shift: &Shift, options: &CallOptions) {
        let done = self.memory().and_then(|mut memory| {
            while !self.progress.stop.load(Ordering::Relaxed) {
                let at = shift.next.fetch_add(1, Ordering::Relaxed);
                if at >= self.pieces.count {
                    break;
                }
                self.piece(&self.pieces.piece(at), &mut memory, &shift.permits, options)?;
            }
            Ok(())
        });
        if let Err(error) = done {
            self.progress.stop.store(true, Ordering::Relaxed);
            lock(&self.progress.failed).get_or_insert(error);
        }
    }

    /// The bytes that each array of a worker takes: files, then outputs.
    fn sizes(&self) -> Vec<usize> {
        let rows = self.pieces.most_rows();
        let files =
            self.files().map(|(_, input)| rows * self.row_bytes(input.header.elements(), input.header.dtype.size()));
        let combined = self.programs.combined.iter().flat_map(|combined| &combined.outputs);
        let outputs = self.programs.first.outputs.iter().chain(combined).map(|output| self.output_bytes(output, rows));
        files.chain(outputs).collect()
    }

    /// The memory of a worker.
    fn memory(&self) -> Result<Vec<u8>, FileError> {
        let bytes = self.sizes().iter().map(|size| size.next_multiple_of(ALIGNMENT)).sum::<usize>() + ALIGNMENT;
        let mut memory = Vec::new();
        if memory.try_reserve_exact(bytes).is_err() {
            let message = format!("no memory for a piece of {bytes} bytes");
            return Err(FileError::new(FileErrorKind::Memory, None, message).with_help("lower the limit of memory"));
        }
        memory.resize(bytes, 0);
        Ok(memory)
    }

    /// The files that are cut, with their slots.
    fn files(&self) -> impl Iterator<Item = (usize, &Input)> {
        self.programs.slots.iter().enumerate().filter_map(|(at, slot)| match (slot, self.given(slot)?) {
            (Slot { mode: Mode::Cut, .. }, Given::File(input)) => Some((at, input)),
            _ => None,
        })
    }

    fn given(&self, slot: &Slot) -> Option<&Given<'_>> {
        match slot.origin {
            Origin::Name(name) => self.setup.given.get(name as usize),
            Origin::Value(_) => None,
        }
    }

    /// Bytes of a row (or of an element, where those are cut) of an array of so many elements of this size.
    fn row_bytes(&self, elements: usize, size: usize) -> usize {
        elements / self.pieces.whole_rows().max(1) * size
    }

    /// Bytes of an output for so many rows.
    fn output_bytes(&self, output: &Output, rows: usize) -> usize {
        let elements = count(&output.shape).unwrap_or(0);
        match output.has_rows {
            true => rows * self.row_bytes(elements, output.dtype.size()),
            false => elements * output.dtype.size(),
        }
    }

    /// Reads, computes and gives away a piece.
    fn piece(
        &self,
        piece: &Piece,
        memory: &mut [u8],
        permits: &Permits,
        options: &CallOptions,
    ) -> Result<(), FileError> {
        let mut parts = split(memory, &self.sizes());
        let files: Vec<(usize, &Input)> = self.files().collect();
        let (read, written) = parts.split_at_mut(files.len());
        let mut bytes = 0;
        for ((_, input), part) in files.iter().zip(read.iter_mut()) {
            bytes += self.read(input, piece, part)?;
        }
        let slots = files.iter().map(|(slot, _)| *slot);
        let read: Vec<(usize, &[u8])> = slots.zip(read.iter().map(|part| &**part)).collect();
        {
            let _permit = permits.take();
            self.compute(piece, &read, written, options)?;
        }
        let (first, outputs) = match &self.programs.combined {
            Some(combined) => (self.programs.first.outputs.len(), &combined.outputs),
            None => (0, &self.programs.first.outputs),
        };
        for (sink, given) in self.sinks.iter().zip(&self.programs.given) {
            self.give(sink, piece, &outputs[given.clone()], &written[first..][given.clone()])?;
        }
        self.progress.done.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Reads the rows of a piece of a file. Gives how many bytes they are.
    fn read(&self, input: &Input, piece: &Piece, part: &mut [u8]) -> Result<u64, FileError> {
        let header = &input.header;
        let (size, rows) = (header.dtype.size(), piece.rows.len());
        let row = self.row_bytes(header.elements(), size);
        let bytes = rows * row;
        if self.pass.cut == (Cut::Flat { reversed: true }) || header.is_c() {
            input.read((piece.rows.start * row) as u64, &mut part[..bytes])?;
        } else if bytes > 0 {
            // Axis 0 is the innermost: as many runs as a row has elements.
            let length = header.shape[0];
            for (at, run) in part[..bytes].chunks_exact_mut(rows * size).enumerate() {
                input.read(((at * length + piece.rows.start) * size) as u64, run)?;
            }
        }
        Ok(bytes as u64)
    }

    /// Computes a piece of what was read.
    fn compute(
        &self,
        piece: &Piece,
        read: &[(usize, &[u8])],
        written: &mut [&mut [u8]],
        options: &CallOptions,
    ) -> Result<(), FileError> {
        let lays: Vec<Lay> =
            (0..self.programs.slots.len()).map(|slot| self.lay(slot, piece, read)).collect::<Result<_, _>>()?;
        let bound: Bound =
            self.programs.slots.iter().zip(&lays).map(|(slot, lay)| (slot.of, lay.array(slot.of.dtype))).collect();
        let (first, second) = written.split_at_mut(self.programs.first.outputs.len());
        self.put(&self.programs.first, &bound, first, piece.rows.len(), options)?;
        let Some(combined) = &self.programs.combined else { return Ok(()) };
        // Runs of elements of the rows that were made.
        let Cut::Staged { axes } = self.pass.cut else { return Ok(()) };
        let lays = self.programs.first.outputs.iter().zip(first.iter_mut()).map(|(output, bytes)| {
            let mut shape = Shape::from_slice(&output.shape[axes - 1..]);
            shape[0] = piece.range.len();
            let strides = bytes_of(&c_strides(&shape), output.dtype.size());
            let skipped = (piece.range.start - piece.rows.start * self.pass.row) as isize;
            let pointer = bytes.as_mut_ptr().wrapping_offset(skipped * strides[0]);
            Lay { pointer, shape, strides, swapped: false }
        });
        let lays: Vec<Lay> = lays.collect();
        let types = combined.typed.signature.iter().zip(&lays);
        let bound: Bound = types.map(|(of, lay)| (*of, lay.array(of.dtype))).collect();
        self.put(combined, &bound, second, 0, options)
    }

    /// Evaluates into outputs of so many rows.
    fn put(
        &self,
        Computed { typed, outputs }: &Computed,
        bound: &Bound,
        written: &mut [&mut [u8]],
        rows: usize,
        options: &CallOptions,
    ) -> Result<(), FileError> {
        let shape = |output: &Output| {
            let mut shape = output.shape.clone();
            if output.has_rows {
                shape[0] = rows;
            }
            let strides = bytes_of(&c_strides(&shape), output.dtype.size());
            (shape, strides)
        };
        let shapes: Vec<_> = outputs.iter().map(shape).collect();
        let mut views = Vec::with_capacity(outputs.len());
        for ((output, (shape, strides)), bytes) in outputs.iter().zip(&shapes).zip(written) {
            let bytes = &mut bytes[..self.output_bytes(output, rows)];
            views.extend(ViewMut::filling(bytes, output.dtype, shape, strides));
        }
        Ok(self.setup.expr.core.put_typed(typed, bound, &mut views, options)?)
    }

    /// How an input lies for a piece.
    fn lay(&self, at: usize, piece: &Piece, read: &[(usize, &[u8])]) -> Result<Lay, FileError> {
        let slot = &self.programs.slots[at];
        let flat = matches!(self.pass.cut, Cut::Flat { .. });
        let (size, rows) = (slot.of.dtype.size(), piece.rows.clone());
        if let (Some((_, bytes)), Some(Given::File(input))) = (read.iter().find(|(of, _)| *of == at), self.given(slot))
        {
            let lay = self.lay_of_file(input, rows.len(), bytes, flat);
            let fits = View::within(bytes, slot.of.dtype, &lay.shape, &lay.strides).is_some();
            return if fits { Ok(lay) } else { Err(missing()) };
        }
        let array = self.values.of(slot.origin, self.setup).ok_or_else(missing)?.strided();
        let mut lay = Lay::whole(&array);
        match (slot.mode, flat) {
            (Mode::Whole, false) => {}
            (Mode::Whole, true) => (lay.shape, lay.strides) = Default::default(),
            (Mode::Cut, true) => {
                lay.pointer = lay.pointer.wrapping_add(rows.start * size);
                lay.shape = Shape::from_slice(&[rows.len()]);
                lay.strides = SmallVec::from_slice(&[size as isize]);
            }
            (Mode::Cut, false) => {
                lay.pointer = lay.pointer.wrapping_offset(lay.strides[0].wrapping_mul(rows.start as isize));
                lay.shape[0] = rows.len();
            }
        }
        Ok(lay)
    }

    /// How the rows of a file lie that were read.
    fn lay_of_file(&self, input: &Input, rows: usize, bytes: &[u8], flat: bool) -> Lay {
        let (header, pointer) = (&input.header, bytes.as_ptr().cast_mut());
        let size = header.dtype.size();
        if flat {
            let (shape, strides) = (Shape::from_slice(&[rows]), SmallVec::from_slice(&[size as isize]));
            return Lay { pointer, shape, strides, swapped: false };
        }
        let mut shape = Shape::from_slice(&header.shape);
        shape[0] = rows;
        let mut order: SmallVec<[usize; 6]> = (0..shape.len()).collect();
        if !header.is_c() {
            order.reverse();
        }
        let strides = bytes_of(&strides(&shape, &order), size);
        Lay { pointer, shape, strides, swapped: false }
    }

    /// Gives away what a piece has come to.
    fn give(&self, sink: &Sink, piece: &Piece, outputs: &[Output], written: &[&mut [u8]]) -> Result<(), FileError> {
        let Some((output, bytes)) = outputs.first().zip(written.first()) else { return Ok(()) };
        let size = output.dtype.size();
        let row = self.row_bytes(count(&output.shape).unwrap_or(0), size);
        let range: Range<usize> = piece.range.start * row..piece.range.end * row;
        match sink {
            Sink::File(target, offset) => target.write(offset + range.start as u64, &bytes[..range.len()]),
            Sink::Collected(all) => {
                let length = range.len();
                lock(all)[range].copy_from_slice(&bytes[..length]);
                Ok(())
            }
            Sink::Counted(counts) => {
                lock(counts).add(&bytes[..self.output_bytes(output, 0)]);
                Ok(())
            }
            Sink::Combined(counter) => {
                let of = |(output, bytes): (&Output, &&mut [u8])| {
                    scalars(output.dtype, &bytes[..self.output_bytes(output, 0)])
                };
                let components: Vec<_> = outputs.iter().zip(written).map(of).collect();
                lock(counter).push(piece.at, &components, piece.range.start);
                Ok(())
            }
        }
    }
}

#[cold]
fn missing() -> FileError {
    FileError::new(FileErrorKind::Unsupported, None, "an input of a pass is not there")
}

/// Strides in elements as strides in bytes.
fn bytes_of(strides: &[isize], size: usize) -> SmallVec<[isize; 6]> {
    strides.iter().map(|stride| stride * size as isize).collect()
}

/// Parts of memory of these sizes, each aligned.
fn split<'m>(memory: &'m mut [u8], sizes: &[usize]) -> Vec<&'m mut [u8]> {
    let skip = memory.as_ptr().align_offset(ALIGNMENT).min(memory.len());
    let mut rest = &mut memory[skip..];
    let mut parts = Vec::with_capacity(sizes.len());
    for &size in sizes {
        let (part, more) = rest.split_at_mut(size.next_multiple_of(ALIGNMENT).min(rest.len()));
        parts.push(&mut part[..size]);
        rest = more;
    }
    parts
}

impl Lay {
    fn whole(array: &Strided) -> Lay {
        let (shape, strides) = (Shape::from_slice(array.shape), array.strides().collect());
        Lay { pointer: array.pointer, shape, strides, swapped: array.swapped }
    }

    fn array(&self, dtype: DType) -> Strided<'_> {
        let mut array = Strided::new(self.pointer, dtype, &self.shape, &self.strides);
        array.swapped = self.swapped;
        array
    }
}

impl Permits {
    /// Waits until one more may compute.
    fn take(&self) -> Permit<'_> {
        let free = lock(&self.free);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Permit(self)
    }
}

struct Permit<'p>(&'p Permits);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}
