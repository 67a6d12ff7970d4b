//! Loops shared among threads in the ways that OpenMP names, on `std::thread` and one counter.
//!
//! Comes in: a number of items and what is done with one. Goes out: the result of each. Always holds: each item is done once, by one
//! thread; which one that is, the schedule says.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use rayon::prelude::*;

/// Who does what.
#[derive(Clone, Copy)]
pub enum Schedule {
    /// Each thread has one piece, known beforehand: no communication, and no help for one whose piece takes longer.
    Static,
    /// A thread that has nothing to do takes the next so many items: one atomic addition for each time.
    Dynamic(usize),
    /// The same, but what is taken is a part of what is left, down to so many items: few and large pieces first, small ones to even
    /// out the end.
    Guided(usize),
    /// rayon's: pieces are halved, and a thread that has nothing to do takes a half from another one.
    Rayon,
}

/// What came of a loop.
pub struct Outcome {
    pub results: Vec<u64>,
    /// Seconds that each thread was at work. (Not known of rayon's.)
    pub busy: Vec<f64>,
    /// How many pieces were taken.
    pub pieces: usize,
}

/// Does `item` for all numbers below `n` on so many threads.
pub fn share(schedule: Schedule, threads: usize, n: usize, item: impl Fn(usize) -> u64 + Sync) -> Outcome {
    if let Schedule::Rayon = schedule {
        let results = (0..n).into_par_iter().map(&item).collect();
        return Outcome { results, busy: Vec::new(), pieces: 0 };
    }
    let results: Vec<AtomicU64> = (0..n).map(|_| AtomicU64::new(0)).collect();
    let (taken, pieces) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = |thread: usize| {
        let start = Instant::now();
        let mut first = true;
        while let Some(range) = next(schedule, &taken, n, thread, threads, first) {
            first = false;
            pieces.fetch_add(1, Relaxed);
            for i in range {
                results[i].store(item(i), Relaxed);
            }
        }
        start.elapsed().as_secs_f64()
    };
    let busy = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        let own = work(0);
        [own].into_iter().chain(others.into_iter().map(|thread| thread.join().unwrap_or(f64::NAN))).collect()
    });
    let results = results.into_iter().map(AtomicU64::into_inner).collect();
    Outcome { results, busy, pieces: pieces.into_inner() }
}

/// The items that a thread does next; `None` if it is done. `taken` are those that other pieces have already.
fn next(
    schedule: Schedule,
    taken: &AtomicUsize,
    n: usize,
    thread: usize,
    threads: usize,
    first: bool,
) -> Option<Range<usize>> {
    let (from, to) = match schedule {
        Schedule::Static if first => (n * thread / threads, n * (thread + 1) / threads),
        Schedule::Static | Schedule::Rayon => return None,
        Schedule::Dynamic(items) => {
            let from = taken.fetch_add(items, Relaxed);
            (from, from + items)
        }
        Schedule::Guided(least) => {
            let items = |from: usize| (n.saturating_sub(from) / threads).max(least);
            let from = taken.fetch_update(Relaxed, Relaxed, |from| (from < n).then(|| from + items(from)));
            let from = from.ok()?;
            (from, from + items(from))
        }
    };
    (from < n).then(|| from..to.min(n))
}
