//! Memory that a thread keeps between calls, so that a call allocates nothing once warm.
//!
//! A value is taken out of its thread's slot and put back afterwards. A call inside a call (a worker that steals another
//! evaluation while it waits) finds the slot empty and makes a fresh one. What has grown large is not kept.

use std::cell::Cell;

use crate::array::memory::advise;

/// Bytes that a thread keeps at most: of its scratch, and of a workspace.
pub const KEEP: usize = 4 << 20;

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Bytes aligned to a cache line. What they hold is unspecified.
#[derive(Default)]
pub struct Buffer(Vec<Line>);

impl Buffer {
    /// The address of at least this many bytes.
    pub fn reserve(&mut self, bytes: usize) -> *mut u8 {
        if let Some(lines) = self.lacks(bytes) {
            self.0 = Vec::with_capacity(lines);
        }
        self.0.as_mut_ptr().cast()
    }

    /// The same where it may be so much that there is no memory for it. Large memory is asked for on huge pages.
    pub fn try_reserve(&mut self, bytes: usize) -> Option<*mut u8> {
        if let Some(lines) = self.lacks(bytes) {
            self.0 = Vec::new();
            self.0.try_reserve_exact(lines).ok()?;
            advise(self.0.as_mut_ptr().cast(), bytes);
        }
        Some(self.0.as_mut_ptr().cast())
    }

    /// How many lines that would be, if there are fewer.
    fn lacks(&self, bytes: usize) -> Option<usize> {
        let lines = bytes.div_ceil(size_of::<Line>());
        (self.0.capacity() < lines).then_some(lines)
    }

    /// Gives it back if it is more than what is left to keep; else there is so much less left.
    pub fn trim(&mut self, left: &mut usize) {
        match left.checked_sub(self.0.capacity() * size_of::<Line>()) {
            Some(less) => *left = less,
            None => self.0 = Vec::new(),
        }
    }
}

/// What one thread needs to run tiles and tasks.
#[derive(Default)]
pub struct Scratch {
    /// Addresses for the kernel call at hand.
    pub pointers: Vec<*mut u8>,
    /// Addresses within the tile at hand.
    pub moved: Vec<*mut u8>,
    /// The same from a later point of it on.
    pub ahead: Vec<*mut u8>,
    /// Tiles of packed operands.
    pub bytes: Buffer,
    /// States of a task, and what it has put into logical order.
    pub states: Buffer,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
    static ROWS: Cell<Option<Buffer>> = const { Cell::new(None) };
}

/// Runs `f` with this thread's memory for what the stages of a loop leave for each other.
pub fn with_rows<R>(f: impl FnOnce(&mut Buffer) -> R) -> R {
    let mut buffer = ROWS.take().unwrap_or_default();
    let result = f(&mut buffer);
    buffer.trim(&mut { KEEP });
    ROWS.set(Some(buffer));
    result
}

/// Runs `f` with this thread's scratch.
pub fn with_scratch<R>(f: impl FnOnce(&mut Scratch) -> R) -> R {
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let result = f(&mut scratch);
    let mut left = KEEP;
    scratch.bytes.trim(&mut left);
    scratch.states.trim(&mut left);
    SCRATCH.set(Some(scratch));
    result
}
