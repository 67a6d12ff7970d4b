//! One sum on several threads, shared in ten ways.
//!
//! The numbers are whole and small, so every sum is exact whatever its order: a variant that is right has the bits of all
//! others, and one that is wrong has lost something.
//!
//! What is *not* here cannot be written. Threads that all add to one variable are a data race, and this does not compile:
//!
//! ```compile_fail
//! let mut sum = 0.0;
//! std::thread::scope(|scope| {
//!     for part in x.chunks(1000) {
//!         scope.spawn(|| part.iter().for_each(|v| sum += v));
//!         // error[E0499]: cannot borrow `sum` as mutable more than once at a time
//!     }
//! });
//! ```
//!
//! With `let sum = Cell::new(0.0)` and `sum.set(sum.get() + v)`, which may be shared within one thread, it is
//! "error[E0277]: `Cell<f64>` cannot be shared between threads safely". What is left are the ways below, all of which the
//! compiler takes. That does not make them right: `load_store` has no data race, and still loses updates.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread;

use ndarray::{Array1, ArrayView1};
use rayon::prelude::*;
use tilexpr::{EvalError, Expr, Threads, args};

/// From numbers and a number of threads to their sum.
pub type Sum = fn(&Array1<f64>, usize) -> Result<f64, EvalError>;

/// All variants that are right, from one variable for all to none that is shared.
pub const RIGHT: [(&str, Sum); 10] = [
    ("mutex", mutex),
    ("compare_exchange", compare_exchange),
    ("fetch_add", fetch_add),
    ("unpadded", unpadded),
    ("padded", padded),
    ("local", local),
    ("serial", serial),
    ("rayon", rayon_sum),
    ("tilexpr_serial", tilexpr_serial),
    ("tilexpr", tilexpr),
];

/// One loop on one thread. Each addition waits for the one before (the order of a sum is the programmer's, and the compiler
/// keeps it), so this is the latency of an addition for each number.
fn serial(x: &Array1<f64>, _: usize) -> Result<f64, EvalError> {
    Ok(slice(x).iter().sum())
}

/// WRONG. Reading, adding and writing are three steps, and what another thread writes between the first and the last is
/// overwritten: its update is lost. There is no data race, as each step is atomic by itself; so the compiler has nothing
/// against it. The numbers are the bits of `f64`, for there are no atomic floats.
pub fn load_store(x: &Array1<f64>, threads: usize) -> Result<f64, EvalError> {
    let sum = AtomicU64::new(0.0_f64.to_bits());
    for_each_part(x, threads, |_, part| {
        for v in part {
            let old = f64::from_bits(sum.load(Relaxed));
            sum.store((old + v).to_bits(), Relaxed);
        }
    });
    Ok(f64::from_bits(sum.into_inner()))
}

/// How many of `increments` are lost when threads count them together by reading, adding and writing.
pub fn lost_updates(increments: usize, threads: usize) -> u64 {
    let count = AtomicU64::new(0);
    let each = increments / threads;
    // They begin together, for else the first may be done before the last is there.
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                start.wait();
                for _ in 0..each {
                    count.store(count.load(Relaxed) + 1, Relaxed);
                }
            });
        }
    });
    (each * threads) as u64 - count.into_inner()
}

/// A lock around the sum, taken for each number. Right, and slow: one thread at a time, and the lock itself goes from core to
/// core, sometimes by way of the operating system.
fn mutex(x: &Array1<f64>, threads: usize) -> Result<f64, EvalError> {
    let sum = Mutex::new(0.0);
    for_each_part(x, threads, |_, part| {
        for v in part {
            *sum.lock().expect("no thread panics") += v;
        }
    });
    Ok(sum.into_inner().expect("no thread panics"))
}

/// What is read is replaced only if nobody has written meanwhile; else it is tried again. Nothing is lost, but the one cache
/// line that holds the sum must travel to the core that writes.
fn compare_exchange(x: &Array1<f64>, threads: usize) -> Result<f64, EvalError> {
    let sum = AtomicU64::new(0.0_f64.to_bits());
    for_each_part(x, threads, |_, part| {
        for v in part {
            let add = |old: u64| Some((f64::from_bits(old) + v).to_bits());
            sum.fetch_update(Relaxed, Relaxed, add).expect("there is always a new sum");
        }
    });
    Ok(f64::from_bits(sum.into_inner()))
}

/// An integer can be added to in one step, without another try. The cache line travels all the same.
fn fetch_add(x: &Array1<f64>, threads: usize) -> Result<f64, EvalError> {
    let sum = AtomicU64::new(0);
    for_each_part(x, threads, |_, part| {
        for &v in part {
            sum.fetch_add(v as u64, Relaxed);
        }
    });
    Ok(sum.into_inner() as f64)
}

/// A sum for each thread, so that nobody waits for anybody; but the sums are neighbours in one cache line, which only one
/// core may write at a time. The program shares nothing, the hardware does: *false sharing*.
fn unpadded(x: &Array1<f64>, threads: usize) -> Result<f64, EvalError> {
    partial_sums(x, threads, |sum: &AtomicU64| sum)
}

/// The same, with each sum in a cache line of its own. 128 bytes, as several CPUs fetch lines in pairs.
fn padded(x: &Array1<f64>, threads: usize) -> Result<f64, EvalError> {
    #[repr(align(128))]
    #[derive(Default)]
    struct Padded(AtomicU64);
    partial_sums(x, threads, |sum: &Padded| &sum.0)
}

/// Each thread adds to its own place in memory, number by number: atomics, relaxed, so that the compiler does not keep the
/// sum in a register meanwhile (which is what `local` does).
fn partial_sums<S: Default + Sync>(
    x: &Array1<f64>,
    threads: usize,
    place: fn(&S) -> &AtomicU64,
) -> Result<f64, EvalError> {
    let sums: Vec<S> = (0..threads).map(|_| S::default()).collect();
    for_each_part(x, threads, |at, part| {
        let sum = place(&sums[at]);
        for v in part {
            sum.store((f64::from_bits(sum.load(Relaxed)) + v).to_bits(), Relaxed);
        }
    });
    Ok(sums.iter().map(|sum| f64::from_bits(place(sum).load(Relaxed))).sum())
}

/// Each thread adds in a register and gives its sum when it is done: one write for each thread instead of one for each number.
pub fn local(x: &Array1<f64>, threads: usize) -> Result<f64, EvalError> {
    let sums = thread::scope(|scope| {
        let sum = |part: &[f64]| part.iter().sum::<f64>();
        let workers: Vec<_> = parts(x, threads).map(|part| scope.spawn(move || sum(part))).collect();
        workers.into_iter().map(|worker| worker.join().expect("no thread panics")).sum()
    });
    Ok(sums)
}

/// The same on rayon's pool, whose threads are there already.
fn rayon_sum(x: &Array1<f64>, _: usize) -> Result<f64, EvalError> {
    Ok(slice(x).par_iter().sum())
}

/// Blocks of eight running sums, in vector registers; on one thread.
fn tilexpr_serial(x: &Array1<f64>, _: usize) -> Result<f64, EvalError> {
    Expr::compile("sum(x)")?.with_threads(Threads::Serial).eval(args![x])
}

/// The same on the threads of the pool. The order of additions follows from the length alone, so the bits are those of one
/// thread also where sums are not exact.
fn tilexpr(x: &Array1<f64>, _: usize) -> Result<f64, EvalError> {
    Expr::compile("sum(x)")?.eval(args![x])
}

fn slice<'a>(x: impl Into<ArrayView1<'a, f64>>) -> &'a [f64] {
    x.into().to_slice().expect("a new array is contiguous")
}

/// Equal parts, one for each thread.
fn parts(x: &Array1<f64>, threads: usize) -> impl Iterator<Item = &[f64]> {
    slice(x).chunks(x.len().div_ceil(threads).max(1))
}

/// Runs `f(number of the part, part)` on a new thread for each part.
fn for_each_part(x: &Array1<f64>, threads: usize, f: impl Fn(usize, &[f64]) + Sync) {
    thread::scope(|scope| {
        for (at, part) in parts(x, threads).enumerate() {
            let f = &f;
            scope.spawn(move || f(at, part));
        }
    });
}

/// The threads that the machine runs at one time.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}
