//! What a child process does after `fork`: it has the calling thread alone, and none of the pools' threads.
//!
//! A program of its own, without a harness, whose threads would be lost in the child too.

#[cfg(unix)]
fn main() {
    unix::main();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::num::NonZeroUsize;
    use std::process::exit;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use ndarray::{Array1, ArrayD};
    use tilexpr::{CancelToken, EvalErrorKind, Executor, Expr, LoopSchedule, Threads, args};

    /// A child that takes longer hangs.
    const PATIENCE: Duration = Duration::from_secs(60);

    pub fn main() {
        let pool = |n| Arc::new(rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads"));
        let given = pool(3);
        let threads = [Threads::Global, Threads::Pool(Arc::clone(&given)), Threads::Serial];
        let all: Vec<Expr> =
            threads.iter().flat_map(|threads| [compile(threads, TEXT), compile(threads, SUM)]).collect();
        let known: Vec<u64> = all.iter().map(value).collect();
        let same = || all.iter().zip(&known).all(|(e, &known)| value(e) == known);
        assert!(same());

        in_child("what was compiled before", same);
        in_child("what is compiled afterwards", || {
            let again = threads.iter().flat_map(|threads| [compile(threads, TEXT), compile(threads, "sum(x*3 + 1)")]);
            again.map(|e| value(&e)).eq([0, 1, 0, 1, 0, 1].map(|at| known[at]))
        });
        in_child("the number of threads", || {
            threads.iter().map(Threads::count).eq([rayon::current_num_threads(), 3, 1])
        });
        in_child("a child of a child", || {
            assert!(same());
            in_child("its child", same);
            same()
        });
        in_child("many threads of a child", || {
            std::thread::scope(|scope| {
                let all: Vec<_> = (0..4).map(|_| scope.spawn(same)).collect();
                all.into_iter().all(|thread| thread.join().is_ok_and(|same| same))
            })
        });
        in_child("a pool made in the child", || {
            let new = pool(2);
            // By its handle another of that size may be meant; on its workers it is this one.
            let e = all[0].with_threads(Threads::Pool(Arc::clone(&new)));
            value(&e) == known[0] && new.install(same)
        });
        in_child("each loop schedule", || {
            let e = &all[0];
            schedules().iter().all(|&schedule| value(&e.with_loop_schedule(schedule)) == known[0])
        });
        in_child("bounds", || {
            let far = all[1].with_timeout(PATIENCE).with_memory_limit(1 << 30).with_cancel(CancelToken::new());
            let late = far.with_timeout(Duration::ZERO).eval::<f64>(args![x = &[1.0; 8]]);
            value(&far) == known[1] && late.is_err_and(|e| e.kind() == EvalErrorKind::Deadline)
        });
        let token = CancelToken::new();
        in_child("a token", || {
            token.cancel();
            token.is_cancelled()
        });
        assert!(!token.is_cancelled());
        // A worker of a pool forks: all others of that pool are gone, and it does what it queues.
        given.install(|| {
            in_child("a worker that forks", || {
                same() && schedules().iter().all(|&schedule| value(&all[0].with_loop_schedule(schedule)) == known[0])
            });
        });
        assert!(same());
        println!("forked: ok");
    }

    const TEXT: &str = "sqrt(x*x + 1) - x";
    const SUM: &str = "sum(x*3 + 1)";

    fn schedules() -> [LoopSchedule; 3] {
        [LoopSchedule::Static(None), LoopSchedule::Dynamic(NonZeroUsize::new(1000)), LoopSchedule::Guided(None)]
    }

    /// Shared out however small.
    fn compile(threads: &Threads, text: &str) -> Expr {
        let builder = Expr::builder().threads(threads.clone()).executor(Executor::Native);
        builder.serial_below(0).grain(1).tile(512).compile(text).expect("it compiles")
    }

    /// A number that depends on every bit of the result.
    fn value(e: &Expr) -> u64 {
        let x = Array1::from_shape_fn(100_000, |i| i as f64 * 0.25);
        let result: ArrayD<f64> = e.eval(args![x]).expect("it runs");
        result.iter().fold(0, |sum: u64, y| sum.rotate_left(5) ^ y.to_bits())
    }

    /// Runs `test` in a forked child; fails if it does not hold there, or hangs.
    fn in_child(what: &str, test: impl FnOnce() -> bool) {
        // SAFETY: the child runs `test` and nothing of this function's callers. No other thread holds a lock: those of the pools
        // wait for work.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "cannot fork");
        if child == 0 {
            let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)).unwrap_or(false);
            exit(i32::from(!held));
        }
        let start = Instant::now();
        let mut status = 0;
        // SAFETY: the child is ours, and `status` is there to be written.
        while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
            if start.elapsed() > PATIENCE {
                // SAFETY: the child is ours, and has not been waited for.
                unsafe { libc::kill(child, libc::SIGKILL) };
                panic!("{what}: the child hangs");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(status, 0, "{what}: the child failed");
    }
}
