//! On how many threads calls run.
//!
//! Comes in: a number, from the environment or by `set_num_threads`. Goes out: the [`Threads`] of all calls. Always holds: no thread is
//! started before a call needs more than its own.

use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tilexpr::Threads;

/// The number of threads that is asked for; 0 before anybody asked.
static WANTED: AtomicUsize = AtomicUsize::new(0);
/// The pool of as many threads, when a call has needed one.
static POOL: Mutex<Option<(usize, Threads)>> = Mutex::new(None);

/// The process that has imported the package.
static FIRST: OnceLock<u32> = OnceLock::new();
/// Who runs long calls, in which process.
static ASIDE: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// As many threads as CPUs that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The number of threads, as it was set last.
#[pyfunction]
pub fn get_num_threads() -> usize {
    match WANTED.load(Ordering::Relaxed) {
        0 => cores(),
        wanted => wanted,
    }
}

/// Sets the number of threads, and gives what it was before.
#[pyfunction]
pub fn set_threads(count: usize) -> usize {
    FIRST.get_or_init(process::id);
    let before = get_num_threads();
    WANTED.store(count.max(1), Ordering::Relaxed);
    before
}

/// The threads for a call, and the number by which they are known.
pub fn threads() -> Threads {
    let count = get_num_threads();
    if count == 1 {
        return Threads::Serial;
    }
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    match &*pool {
        Some((there, threads)) if *there == count => threads.clone(),
        _ => {
            let built = ThreadPoolBuilder::new().num_threads(count).thread_name(|at| format!("tilexpr-{at}")).build();
            // Where no threads can be made, the caller's does the work.
            let threads = built.map_or(Threads::Serial, |pool| Threads::Pool(Arc::new(pool)));
            *pool = Some((count, threads.clone()));
            threads
        }
    }
}

/// The thread that runs long calls while the caller's looks for signals. It is kept: a new one would have none of the memory that the library keeps
/// for each thread, which costs up to a millisecond. In a child of the process that has imported the package, where calls stay in the pool of the thread that
/// makes them, there are as many as calls run on.
pub fn aside() -> Option<Arc<ThreadPool>> {
    let process = process::id();
    let mut aside = ASIDE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((there, pool)) = &*aside
        && *there == process
    {
        return Some(Arc::clone(pool));
    }
    let count = if FIRST.get() == Some(&process) { 1 } else { get_num_threads() };
    let name = |at| format!("tilexpr-call-{at}");
    let pool = Arc::new(ThreadPoolBuilder::new().num_threads(count).thread_name(name).build().ok()?);
    *aside = Some((process, Arc::clone(&pool)));
    Some(pool)
}
