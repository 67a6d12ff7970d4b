//! What this machine does, measured: the roofs that a pass cannot break through.
//!
//! Comes in: nothing. Goes out: bytes and operations a nanosecond. Measured when first asked for, once in a process, in some
//! 30 milliseconds, with the library's own code: so the roofs are what it reaches, not what the data sheet says. Nothing
//! but the estimates of `explain` depends on it.

use std::sync::OnceLock;
use std::time::Instant;

use crate::run::expr::Expr;
use crate::run::kernels::Executor;
use crate::run::threads::Threads;
use crate::{Args, EvalError};

/// Bytes up to which arrays are taken to lie in a core's own caches.
pub const NEAR: f64 = (1 << 20) as f64;
/// Elements of arrays that lie there.
const SHORT: usize = 1 << 13;
/// Elements of arrays that do not: two of them are beyond most caches.
const LONG: usize = 3 << 20;
/// Elements that stay in L1, and how often an arithmetic loop runs over them.
const FEW: usize = 1 << 10;
/// Multiplications and additions of that loop.
const OPERATIONS: usize = 24;

/// Operations on `f64` a nanosecond, on one thread.
pub fn operations(native: bool) -> f64 {
    static RATES: [OnceLock<f64>; 2] = [OnceLock::new(), OnceLock::new()];
    *RATES[usize::from(native)].get_or_init(|| {
        let executor = if native { Executor::Cranelift } else { Executor::Interpreter };
        let steps = (0..OPERATIONS / 2).fold(String::from("x"), |text, k| format!("({text})*0.{k}5 + 1.{k}"));
        let seconds = time(&steps, executor, &Threads::Serial, FEW, 50);
        rate((FEW * OPERATIONS) as f64, seconds, if native { 5.0 } else { 1.0 })
    })
}

/// Bytes a nanosecond between a core and its own caches.
pub fn near() -> f64 {
    static RATE: OnceLock<f64> = OnceLock::new();
    *RATE.get_or_init(|| rate((16 * SHORT) as f64, time("x*2", Executor::Cranelift, &Threads::Serial, SHORT, 50), 20.0))
}

/// Bytes a nanosecond between memory and these threads; of other numbers of threads than the first that was asked for, what
/// lies between.
pub fn memory(threads: &Threads) -> f64 {
    static ONE: OnceLock<f64> = OnceLock::new();
    static ALL: OnceLock<(usize, f64)> = OnceLock::new();
    let measure =
        |threads: &Threads| rate((16 * LONG) as f64, time("x*2", Executor::Cranelift, threads, LONG, 2), 10.0);
    let one = *ONE.get_or_init(|| measure(&Threads::Serial));
    match threads.count() {
        1 => one,
        count => {
            let (measured, all) = *ALL.get_or_init(|| (count, measure(threads)));
            let share = (count - 1) as f64 / (measured.max(2) - 1) as f64;
            one + (all - one).max(0.0) * share.min(1.0)
        }
    }
}

/// A rate, or a guess where there was no time to be measured.
fn rate(amount: f64, nanoseconds: Option<f64>, guess: f64) -> f64 {
    nanoseconds.filter(|&t| t > 0.0).map_or(guess, |t| amount / t)
}

/// The least nanoseconds of a few runs of an expression in `x`.
fn time(text: &str, executor: Executor, threads: &Threads, elements: usize, runs: usize) -> Option<f64> {
    let expr = Expr::builder().executor(executor).threads(threads.clone()).compile(text).ok()?;
    let (x, mut y) = (vec![1.0_f64; elements], vec![0.0_f64; elements]);
    let args = Args::new().with("x", x.as_slice());
    let mut once = || -> Result<f64, EvalError> {
        let start = Instant::now();
        expr.eval_into(&args, y.as_mut_slice())?;
        Ok(start.elapsed().as_nanos() as f64)
    };
    once().ok()?;
    (0..runs).filter_map(|_| once().ok()).reduce(f64::min)
}
