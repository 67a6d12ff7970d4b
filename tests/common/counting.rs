//! An allocator that counts: in the binary of a test that names it, whatever is allocated goes through it.

#![allow(dead_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

/// Allocations of all threads.
static COUNT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Of this thread, with their bytes: the harness has a thread of its own, which is none of our business.
    static HERE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Allocations of all threads so far.
pub fn of_all() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// Those of this thread, and their bytes.
pub fn of_this_thread() -> (usize, usize) {
    HERE.get()
}

fn note(bytes: usize) {
    COUNT.fetch_add(1, Ordering::Relaxed);
    let _ = HERE.try_with(|here| here.set((here.get().0 + 1, here.get().1 + bytes)));
}

// SAFETY: the system's allocator, with a counter.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
