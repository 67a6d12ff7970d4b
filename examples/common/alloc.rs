//! An allocator that counts: the system's, with three sums beside it.
//!
//! It counts only within [`count`], so that what is timed pays no more than the reading of one flag.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

#[global_allocator]
static COUNTING: Counting = Counting;

static ON: AtomicBool = AtomicBool::new(false);
static BYTES: AtomicU64 = AtomicU64::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);
/// Bytes allocated less bytes freed since counting began: below 0 where older memory is freed.
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// What was allocated, on all threads together.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Bytes asked for.
    pub bytes: u64,
    /// How many times.
    pub calls: u64,
    /// The most that was held at one time, above what was held at the beginning.
    pub peak: u64,
    /// Bytes still held at the end, above what was held at the beginning.
    pub held: u64,
}

/// Runs `f` and counts what is allocated meanwhile. Not to be nested.
pub fn count<R>(f: impl FnOnce() -> R) -> (R, Counts) {
    BYTES.store(0, Relaxed);
    CALLS.store(0, Relaxed);
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    ON.store(true, Relaxed);
    let result = f();
    ON.store(false, Relaxed);
    let [peak, held] = [&PEAK, &LIVE].map(|bytes| u64::try_from(bytes.load(Relaxed)).unwrap_or(0));
    (result, Counts { bytes: BYTES.load(Relaxed), calls: CALLS.load(Relaxed), peak, held })
}

fn allocated(bytes: usize) {
    if ON.load(Relaxed) {
        BYTES.fetch_add(bytes as u64, Relaxed);
        CALLS.fetch_add(1, Relaxed);
        let live = LIVE.fetch_add(bytes as i64, Relaxed) + bytes as i64;
        PEAK.fetch_max(live, Relaxed);
    }
}

fn freed(bytes: usize) {
    if ON.load(Relaxed) {
        LIVE.fetch_sub(bytes as i64, Relaxed);
    }
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it is; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated(size);
        freed(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}
