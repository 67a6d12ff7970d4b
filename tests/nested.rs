//! Calls within the caller's own parallelism: none waits for what never comes, and no more threads are at work than there are.
//!
//! And functions that panic there: the call says so, and pool and expression go on.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use ndarray::{Array1, Array2};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tilexpr::{AnyArray, EvalErrorKind, Expr, LoopSchedule, Threads, args};

/// What takes longer waits for what never comes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Threads within [`work`], and the most there were at one time. One test at a time counts.
static AT_WORK: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts this thread while `f` runs, once however deep.
fn counted<R>(f: impl FnOnce() -> R) -> R {
    if DEPTH.replace(DEPTH.get() + 1) == 0 {
        let now = AT_WORK.fetch_add(1, Ordering::SeqCst) + 1;
        MOST.fetch_max(now, Ordering::SeqCst);
    }
    let result = f();
    DEPTH.set(DEPTH.get() - 1);
    if DEPTH.get() == 0 {
        AT_WORK.fetch_sub(1, Ordering::SeqCst);
    }
    result
}

/// So slow that others come in meanwhile.
fn work(x: f64) -> f64 {
    counted(|| {
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(10) {
            std::hint::spin_loop();
        }
        x + 1.0
    })
}

fn pool(threads: usize) -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(threads).build().unwrap())
}

fn schedules() -> [LoopSchedule; 7] {
    let chunk = std::num::NonZeroUsize::new(64);
    [
        LoopSchedule::Auto,
        LoopSchedule::Static(None),
        LoopSchedule::Static(chunk),
        LoopSchedule::Dynamic(None),
        LoopSchedule::Dynamic(chunk),
        LoopSchedule::Guided(None),
        LoopSchedule::Guided(chunk),
    ]
}

/// An expression that calls [`work`], shared out however small.
fn busy(threads: Threads, schedule: LoopSchedule) -> Expr {
    let builder = Expr::builder().function("work", work as fn(f64) -> f64).threads(threads).loop_schedule(schedule);
    builder.serial_below(0).tile(16).compile("work(x)*2").unwrap()
}

fn call(e: &Expr, n: usize) {
    let x = Array1::from_shape_fn(n, |i| i as f64);
    let y: Array1<f64> = e.eval(args![x]).unwrap();
    assert!(y.iter().enumerate().all(|(i, &y)| y == 2.0 * (i as f64 + 1.0)));
}

/// Runs `f` on a thread of its own, and fails if it does not end; then checks how many were at work.
fn at_most(what: &str, threads: usize, f: impl FnOnce() + Send + 'static) {
    MOST.store(0, Ordering::SeqCst);
    let (done, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        f();
        done.send(()).unwrap();
    });
    match wait.recv_timeout(PATIENCE) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{what}: it waits without end"),
        _ => thread.join().unwrap(),
    }
    assert_eq!(AT_WORK.load(Ordering::SeqCst), 0, "{what}");
    let most = MOST.load(Ordering::SeqCst);
    assert!((1..=threads).contains(&most), "{what}: {most} threads were at work, of {threads}");
}

#[test]
fn within_a_pool() {
    let _turn = turn();
    for schedule in schedules() {
        let own = pool(3);
        let (e, workers) = (busy(Threads::Global, schedule), Arc::clone(&own));
        at_most("in `install`", 3, move || workers.install(|| call(&e, 200)));
        let (e, workers) = (busy(Threads::Pool(Arc::clone(&own)), schedule), Arc::clone(&own));
        at_most("in its own pool's `install`", 3, move || workers.install(|| call(&e, 200)));
        let (e, workers) = (busy(Threads::Global, schedule), Arc::clone(&own));
        at_most("in `join`", 3, move || {
            workers.install(|| rayon::join(|| call(&e, 120), || rayon::join(|| call(&e, 80), || call(&e, 50))));
        });
        let (e, workers) = (busy(Threads::Global, schedule), Arc::clone(&own));
        at_most("in a parallel loop", 3, move || {
            workers.install(|| (0..12).into_par_iter().for_each(|n| call(&e, 40 + n)));
        });
        let (e, workers) = (busy(Threads::Serial, schedule), Arc::clone(&own));
        at_most("serial, in a parallel loop", 3, move || {
            workers.install(|| (0..12).into_par_iter().for_each(|n| call(&e, 40 + n)));
        });
        // Those of both, if the caller asks for both.
        let (e, workers) = (busy(Threads::Pool(pool(2)), schedule), own);
        at_most("another pool, in a parallel loop", 5, move || {
            workers.install(|| (0..12).into_par_iter().for_each(|n| call(&e, 40 + n)));
        });
    }
}

#[test]
fn from_outside() {
    let _turn = turn();
    for schedule in schedules() {
        let own = pool(3);
        let e = busy(Threads::Pool(Arc::clone(&own)), schedule);
        at_most("one caller", 3, move || call(&e, 200));
        // Callers work themselves; none waits for the others' work.
        let e = busy(Threads::Pool(pool(2)), schedule);
        at_most("many callers of a small pool", 8 + 2, move || {
            std::thread::scope(|scope| {
                (0..8).for_each(|n| {
                    drop(scope.spawn({
                        let e = &e;
                        move || call(e, 100 + n)
                    }))
                })
            });
        });
    }
}

/// What [`inner`] calls.
static INNER: Mutex<Option<Expr>> = Mutex::new(None);

/// A function that evaluates an expression.
fn inner(x: f64) -> f64 {
    counted(|| {
        let e = INNER.lock().unwrap().clone().unwrap();
        let y: Array1<f64> = e.eval(args![x = &Array1::from_elem(48, x)]).unwrap();
        y[47] / 2.0
    })
}

#[test]
fn from_within_a_registered_function() {
    let _turn = turn();
    let outer = |threads: Threads, schedule| {
        let builder = Expr::builder().function("work", inner as fn(f64) -> f64).threads(threads);
        builder.loop_schedule(schedule).serial_below(0).tile(4).compile("work(x)*2").unwrap()
    };
    for schedule in schedules() {
        let (one, other) = (pool(2), pool(3));
        let set = |threads: Threads| *INNER.lock().unwrap() = Some(busy(threads, schedule));
        set(Threads::Pool(Arc::clone(&one)));
        let e = outer(Threads::Pool(Arc::clone(&one)), schedule);
        at_most("one pool, from outside", 2, move || call(&e, 12));
        let (e, workers) = (outer(Threads::Global, schedule), Arc::clone(&one));
        at_most("one pool, from within", 2, move || workers.install(|| call(&e, 12)));
        set(Threads::Global);
        let (e, workers) = (outer(Threads::Global, schedule), Arc::clone(&one));
        at_most("the worker's own pool", 2, move || workers.install(|| call(&e, 12)));
        // Two pools, each of which waits for the other.
        set(Threads::Pool(Arc::clone(&one)));
        let (e, workers) = (outer(Threads::Pool(Arc::clone(&other)), schedule), Arc::clone(&one));
        at_most("there and back", 5, move || {
            workers.install(|| (0..4).into_par_iter().for_each(|_| call(&e, 20)));
        });
    }
    *INNER.lock().unwrap() = None;
}

static CALLS: AtomicUsize = AtomicUsize::new(0);
static PANICS_AT: AtomicUsize = AtomicUsize::new(usize::MAX);

fn fragile(x: f64) -> f64 {
    assert!(CALLS.fetch_add(1, Ordering::Relaxed) != PANICS_AT.load(Ordering::Relaxed), "as it was to");
    x
}

/// A panic is an error of the call under each schedule, in each kind of step; all goes on as before.
#[test]
fn panics_leave_all_usable() {
    let _turn = turn();
    static QUIET: LazyLock<()> = LazyLock::new(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload_as_str() != Some("as it was to") {
                usual(info);
            }
        }));
    });
    LazyLock::force(&QUIET);
    let texts = [
        "fragile(a)*2",
        "sum(fragile(a))",
        "sum(fragile(a), axis=0)",
        "argmax(fragile(a))",
        "t = exp(fragile(a)); t/sum(t, axis=1, keepdims=True)",
    ];
    let a = Array2::from_shape_fn((300, 40), |(i, j)| ((i * 7 + j) % 50) as f64 * 0.02);
    let own = pool(3);
    for schedule in schedules() {
        for text in texts {
            let builder = Expr::builder().function("fragile", fragile as fn(f64) -> f64).serial_below(0).tile(200);
            let e = builder.threads(Threads::Pool(Arc::clone(&own))).loop_schedule(schedule).compile(text).unwrap();
            PANICS_AT.store(usize::MAX, Ordering::Relaxed);
            let whole: AnyArray = e.eval(args![a]).unwrap();
            for at in [0, 1, 5000, 11_999] {
                CALLS.store(0, Ordering::Relaxed);
                PANICS_AT.store(at, Ordering::Relaxed);
                let error = e.eval::<AnyArray>(args![a]).unwrap_err();
                assert_eq!(error.kind(), EvalErrorKind::Panic, "{text}, {schedule}");
                assert_eq!(error.message(), "the registered function `fragile` panicked");
                let error = own.install(|| {
                    CALLS.store(0, Ordering::Relaxed);
                    e.eval::<AnyArray>(args![a]).unwrap_err()
                });
                assert_eq!(error.kind(), EvalErrorKind::Panic, "{text}, {schedule}, on a worker");
                PANICS_AT.store(usize::MAX, Ordering::Relaxed);
                let again: AnyArray = e.eval(args![a]).unwrap();
                assert_eq!(format!("{again:?}"), format!("{whole:?}"), "{text}, {schedule}");
                assert_eq!(own.install(|| (0..100).into_par_iter().sum::<i32>()), 4950);
            }
        }
    }
}
