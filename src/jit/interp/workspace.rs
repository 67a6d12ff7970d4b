//! The memory that programs run in: one for each thread, kept from run to run, so that running does not allocate.

use std::cell::RefCell;

/// Bytes that a thread keeps at most.
const KEEP: usize = 4 << 20;

/// 64 bytes on a cache line of their own.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([u64; 8]);

/// A pointer that moves over an array, and by how many bytes a point.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    pub(super) at: *mut u8,
    pub(super) stride: isize,
}

/// Memory for cells, registers, cursors and loop indices.
pub(super) struct Workspace {
    pub(super) lines: Vec<Line>,
    pub(super) cursors: Vec<Cursor>,
    pub(super) index: Vec<usize>,
}

impl Workspace {
    const fn new() -> Workspace {
        Workspace { lines: Vec::new(), cursors: Vec::new(), index: Vec::new() }
    }

    /// Grows to at least these sizes. The content is left over from earlier runs.
    pub(super) fn reserve(&mut self, bytes: usize, cursors: usize, loops: usize) {
        let lines = bytes.div_ceil(size_of::<Line>());
        if self.lines.len() < lines {
            self.lines.resize(lines, Line([0; 8]));
        }
        if self.cursors.len() < cursors {
            self.cursors.resize(cursors, Cursor { at: std::ptr::null_mut(), stride: 0 });
        }
        if self.index.len() < loops {
            self.index.resize(loops, 0);
        }
    }

    /// Gives back what is too large to keep: many thousands of values that wait for others.
    fn trim(&mut self) {
        if self.lines.capacity() * size_of::<Line>() > KEEP {
            self.lines = Vec::new();
        }
    }
}

thread_local! {
    static WORKSPACE: RefCell<Workspace> = const { RefCell::new(Workspace::new()) };
}

/// Runs code with this thread's workspace; with a new one if that is in use (a function that a kernel calls runs a
/// kernel itself) or gone (the thread is ending).
pub(super) fn with(run: impl FnOnce(&mut Workspace)) {
    let mut run = Some(run);
    let _ = WORKSPACE.try_with(|shared| {
        if let Ok(mut workspace) = shared.try_borrow_mut()
            && let Some(run) = run.take()
        {
            run(&mut workspace);
            workspace.trim();
        }
    });
    if let Some(run) = run {
        run(&mut Workspace::new());
    }
}
