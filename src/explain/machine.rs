//! What this machine does, measured: the roofs that a pass cannot break through.
//!
//! Comes in: nothing. Goes out: bytes and operations a nanosecond. Measured when first asked for, once in a process, in some
//! 30 milliseconds, with the library's own code: so the roofs are what it reaches, not what the data sheet says. Nothing
//! but the estimates of `explain` depends on it.

use std::sync::OnceLock;
use std::time::Instant;

use crate::expr::api::Expr;
use crate::jit::tier::Executor;
use crate::run::threads::Threads;
use crate::{Args, EvalError};

/// Bytes up to which arrays are taken to lie in a core's own caches.
pub const NEAR: f64 = (1 << 20) as f64;
/// Elements of arrays that lie there.
const SHORT: usize = 1 << 13;
/// Elements of arrays that do not: two of them are beyond most caches.
const LONG: usize = 5 << 19;
/// Elements that stay in L1, and how often an arithmetic loop runs over them.
const FEW: usize = 1 << 10;
/// Multiplications and additions of that loop.
const OPERATIONS: usize = 24;

/// Operations on `f64` a nanosecond, on one thread.
pub fn operations(native: bool) -> f64 {
    static RATES: [OnceLock<f64>; 2] = [OnceLock::new(), OnceLock::new()];
    *RATES[usize::from(native)].get_or_init(|| {
        let executor = if native { Executor::Native } else { Executor::Interpreter };
        let steps = (0..OPERATIONS / 2).fold(String::from("x"), |text, k| format!("({text})*0.{k}5 + 1.{k}"));
        let time = Arrays::new(FEW).time(&steps, executor, &Threads::Serial, 50);
        time.map_or(if native { 5.0 } else { 1.0 }, |t| (FEW * OPERATIONS) as f64 / t)
    })
}

/// Bytes a nanosecond between a core and its own caches.
pub fn near() -> f64 {
    static RATE: OnceLock<f64> = OnceLock::new();
    *RATE.get_or_init(|| Arrays::new(SHORT).moved(&Threads::Serial, 50))
}

/// Bytes a nanosecond between memory and these threads; of other numbers of threads than the first that was asked for, what
/// lies between.
pub fn memory(threads: &Threads) -> f64 {
    static ONE: OnceLock<f64> = OnceLock::new();
    static ALL: OnceLock<(usize, f64)> = OnceLock::new();
    let one = |arrays: &mut Arrays| *ONE.get_or_init(|| arrays.moved(&Threads::Serial, 2));
    let count = threads.count();
    if count == 1 {
        return ONE.get().copied().unwrap_or_else(|| one(&mut Arrays::new(LONG)));
    }
    let (measured, all) = *ALL.get_or_init(|| {
        let mut arrays = Arrays::new(LONG);
        one(&mut arrays);
        (count, arrays.moved(threads, 2))
    });
    let one = ONE.get().copied().unwrap_or(all);
    let share = (count - 1) as f64 / (measured - 1) as f64;
    one + (all - one).max(0.0) * share.min(1.0)
}

/// What is measured with: an expression in `x`, from one array into another.
struct Arrays {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Arrays {
    fn new(elements: usize) -> Arrays {
        Arrays { x: vec![1.0; elements], y: vec![0.0; elements] }
    }

    /// Bytes a nanosecond that these threads move; a guess where nothing can be run.
    fn moved(&mut self, threads: &Threads, runs: usize) -> f64 {
        let bytes = (16 * self.x.len()) as f64;
        self.time("x*2", Executor::Native, threads, runs).map_or(10.0, |t| bytes / t)
    }

    /// The least nanoseconds of a few runs.
    fn time(&mut self, text: &str, executor: Executor, threads: &Threads, runs: usize) -> Option<f64> {
        let expr = Expr::builder().executor(executor).threads(threads.clone()).compile(text).ok()?;
        let args = Args::new().with("x", self.x.as_slice());
        let mut once = || -> Result<f64, EvalError> {
            let start = Instant::now();
            expr.eval_into(&args, self.y.as_mut_slice())?;
            Ok(start.elapsed().as_nanos() as f64)
        };
        once().ok()?;
        (0..runs).filter_map(|_| once().ok()).reduce(f64::min).filter(|&t| t > 0.0)
    }
}
