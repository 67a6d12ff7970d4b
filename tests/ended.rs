//! Calls that are ended before their time (a token, a deadline, a timeout), in the middle of each kind of step; and calls that may take
//! only so many bytes.
//!
//! `cargo test --release --test ended -- --nocapture` prints how long calls went on after they had been cancelled.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::pool;
use ndarray::{Array1, Array2, Array3, Axis, Zip, s};
use tilexpr::{
    AnyArray, Arg, Args, CancelToken, CompileError, Detail, EvalError, EvalErrorKind, Executor, Expr, LoopSchedule,
    Threads, args,
};

/// The function of these tests cancels this when it has been called so often. One test at a time has it.
static TOKEN: Mutex<Option<CancelToken>> = Mutex::new(None);
static CALLS: AtomicUsize = AtomicUsize::new(0);
static TURN: Mutex<()> = Mutex::new(());

/// The call at which the token is cancelled.
const AT: usize = 20_000;
/// Calls that each thread may still make: those of one tile, of a block of columns, of a piece of a scan.
const MORE: usize = 60_000;

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn counting(x: f64) -> f64 {
    if CALLS.fetch_add(1, Ordering::Relaxed) == AT {
        TOKEN.lock().unwrap().iter().for_each(CancelToken::cancel);
    }
    x
}

fn compile(text: &str, threads: &Threads) -> Result<Expr, CompileError> {
    Expr::builder().function("count", counting as fn(f64) -> f64).threads(threads.clone()).compile(text)
}

/// Texts whose first step (or, of the last ones, one in the middle) is of a certain kind.
const STEPS: [(&str, &str); 16] = [
    ("a pass", "count(a)*2"),
    ("a pass over two arrays", "count(a + c)"),
    ("a pass that rearranges", "count(a) + b"),
    ("runs of a sum", "sum(count(a))"),
    ("short runs", "sum(count(a), axis=1)"),
    ("columns", "sum(count(a), axis=0)"),
    ("gathered", "sum(count(b))"),
    ("without an order", "max(count(a), axis=0)"),
    ("a search", "argmax(count(a))"),
    ("a scan", "cumsum(count(a), axis=1)"),
    ("a scan across", "cumsum(count(a), axis=0)"),
    ("a scan by a function", "scan(lambda s, x: s + count(x), 0.0, a, axis=0)"),
    ("a scan by a function along rows", "scan(lambda s, x: s + count(x), 0.0, a, axis=1)"),
    ("by rows", "t = exp(count(a)); t/sum(t, axis=1, keepdims=True)"),
    ("after a reduction", "count(a - mean(a))"),
    ("several results", "count(a), sum(count(a))"),
];

fn matrix() -> Array2<f64> {
    Array2::from_shape_fn((600, 300), |(i, j)| ((i * 31 + j * 17) % 101) as f64 * 0.01)
}

/// The same with neighbours along the other axis.
fn across() -> Array2<f64> {
    matrix().t().as_standard_layout().to_owned().reversed_axes()
}

fn kind(result: Result<Vec<AnyArray>, EvalError>) -> EvalErrorKind {
    result.expect_err("it was cancelled").kind()
}

/// Cancelled by its own function: the count of calls tells that it went on for a tile, and no more.
#[test]
fn cancelled_in_each_kind_of_step() {
    let _turn = turn();
    let arrays = [matrix(), across(), matrix()];
    for threads in [Threads::Serial, pool(2)] {
        for (what, text) in STEPS {
            let e = compile(text, &threads).unwrap();
            let all = arguments(&e, &arrays);
            let whole: Vec<AnyArray> = e.eval(&all).unwrap();
            let token = CancelToken::new();
            *TOKEN.lock().unwrap() = Some(token.clone());
            CALLS.store(0, Ordering::Relaxed);
            assert_eq!(kind(e.with_cancel(token).eval(&all)), EvalErrorKind::Cancelled, "{what}");
            let calls = CALLS.load(Ordering::Relaxed);
            assert!(calls > AT && calls <= AT + threads.count() * MORE, "{what}: {calls} calls");
            *TOKEN.lock().unwrap() = None;
            // All is as it was.
            let again: Vec<AnyArray> = e.with_cancel(CancelToken::new()).eval(&all).unwrap();
            assert_eq!(format!("{again:?}"), format!("{whole:?}"), "{what}");
        }
    }
}

/// For the names that an expression has: `a`, `b` whose neighbours lie along the other axis, `c`.
fn arguments<'a>(e: &'a Expr, arrays: &'a [Array2<f64>; 3]) -> Args<'a> {
    let [a, b, c] = arrays;
    let arg = |name: &'a String| match name.as_str() {
        "a" => ("a", Arg::new(a)),
        "b" => ("b", Arg::new(b)),
        _ => ("c", Arg::new(c)),
    };
    e.names().iter().map(arg).collect()
}

/// The same in each way of calling.
#[test]
fn cancelled_in_each_way_of_calling() {
    let _turn = turn();
    let x = Array1::from_shape_fn(300_000, |i| i as f64);
    let cancelled = |what: &str, call: &mut dyn FnMut(&Expr) -> Result<(), EvalError>| {
        for threads in [Threads::Serial, pool(2)] {
            let token = CancelToken::new();
            *TOKEN.lock().unwrap() = Some(token.clone());
            CALLS.store(0, Ordering::Relaxed);
            let text = match what {
                "parts" => "sum(count(x))",
                "a scan of one line" => "scan(lambda s, x: s + count(x), 0.0, x)",
                _ => "count(x) + 1",
            };
            let error = call(&compile(text, &threads).unwrap().with_cancel(token)).expect_err(what);
            assert_eq!(error.kind(), EvalErrorKind::Cancelled, "{what}");
            assert!(CALLS.load(Ordering::Relaxed) <= AT + threads.count() * MORE, "{what}");
        }
    };
    let mut y = Array1::zeros(x.len());
    cancelled("into", &mut |e| e.eval_into(args![x], &mut y));
    cancelled("update", &mut |e| e.update("x", &mut x.clone(), args![]));
    cancelled("prepared", &mut |e| e.prepare(["x"], args![x])?.call([Arg::new(&x)], &mut y));
    cancelled("a scan of one line", &mut |e| e.eval_into(args![x], &mut y));
    cancelled("slices", &mut |e| {
        e.prepare(["x"], args![x])?.call_slices([x.as_slice().unwrap()], y.as_slice_mut().unwrap())
    });
    cancelled("prepared, dynamic", &mut |e| e.prepare_dyn(&["x"], args![x])?.call(&[Arg::new(&x)], &mut y));
    cancelled("prepared update", &mut |e| e.prepare_update("x", &[], args![x])?.call(&mut x.clone(), &[]));
    cancelled("parts", &mut |e| e.partial(args![x], 0, x.len()).map(|_| ()));
    *TOKEN.lock().unwrap() = None;
}

/// A call that is to end before it begins computes nothing, in any way of calling, however small.
#[test]
fn ended_beforehand() {
    let _turn = turn();
    let token = CancelToken::new();
    token.cancel();
    let past = Instant::now();
    for n in [0, 1, 8, 300_000] {
        let x = Array1::from_shape_fn(n, |i| i as f64);
        for text in ["count(x)*2", "sum(count(x)) + 0*x"] {
            let e = compile(text, &Threads::Global).unwrap();
            let ended = [
                (e.with_cancel(token.clone()), EvalErrorKind::Cancelled),
                (e.with_cancel(token.child()), EvalErrorKind::Cancelled),
                (e.with_deadline(past), EvalErrorKind::Deadline),
                (e.with_timeout(Duration::ZERO), EvalErrorKind::Deadline),
                (e.with_deadline(past).with_timeout(Duration::from_secs(3600)), EvalErrorKind::Deadline),
            ];
            for (e, kind) in ended {
                CALLS.store(AT + 1, Ordering::Relaxed);
                let mut y = Array1::from_elem(n, 7.0);
                assert_eq!(e.eval_into(args![x], &mut y).unwrap_err().kind(), kind);
                assert_eq!(e.eval::<AnyArray>(args![x]).unwrap_err().kind(), kind);
                assert_eq!(e.update("x", &mut y, args![]).unwrap_err().kind(), kind);
                assert_eq!(e.prepare(["x"], args![x]).unwrap().call([Arg::new(&x)], &mut y).unwrap_err().kind(), kind);
                assert!(y.iter().all(|&y| y == 7.0));
                assert_eq!(CALLS.load(Ordering::Relaxed), AT + 1);
            }
            // What ends no call, ends none.
            let long = [
                e.with_cancel(token.clone()).with_cancel(None),
                e.with_deadline(past).with_deadline(None),
                e.with_timeout(Duration::ZERO).with_timeout(Duration::MAX),
                e.with_deadline(past + Duration::from_secs(3600)).with_timeout(Duration::from_secs(3600)),
                e.with_cancel(CancelToken::new()),
            ];
            for e in long {
                let _: AnyArray = e.eval(args![x]).unwrap();
            }
        }
    }
    let sum = Expr::builder().deadline(past).compile("sum(x)").unwrap();
    assert_eq!(sum.partial(args![x = &[1.0; 8]], 0, 8).unwrap_err().kind(), EvalErrorKind::Deadline);
    assert_eq!(sum.partial(args![x = &[0.0; 0]], 0, 0).unwrap_err().kind(), EvalErrorKind::Deadline);
    // What a text has wrong is told all the same where nothing is run.
    assert!(sum.outputs(args![x = &[1.0]]).is_ok());
}

#[test]
fn what_the_errors_say() {
    let token = CancelToken::new();
    token.cancel();
    let error = Expr::builder().cancel(token).compile("x + 1").unwrap().eval::<f64>(args![x = 1.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the call was cancelled\nhelp: its token stays cancelled: give the next call a new one"
    );
    let late = Expr::builder().timeout(Duration::ZERO).compile("x + 1").unwrap();
    let error = late.eval::<f64>(args![x = 1.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the call did not come to its end in time\nhelp: allow it more time, or evaluate it in pieces"
    );
    let small = Expr::builder().memory_limit(1000).threads(Threads::Serial).compile("x - mean(x)").unwrap();
    let error = small.eval::<AnyArray>(args![x = &[1.0; 2000]]).unwrap_err();
    assert!(
        error.message().starts_with("the call needs 16,")
            && error.message().contains("(16,000 for new results, 64 between passes,")
            && error.message().ends_with("its limit is 1,000"),
        "{error}"
    );
    assert_eq!(
        error.help(),
        Some("raise the memory limit, evaluate it in pieces, or into an array that is there: `eval_into`")
    );
}

/// Much work on a matrix `x`, one of that shape whose neighbours lie along the other axis, `t`, and a column `c`: (what, text, shape). The last
/// ones are much at each point.
fn long() -> Vec<(&'static str, String, [usize; 2])> {
    let long = |name: &str| (0..300).map(|i| format!("exp({name}*{i})")).collect::<Vec<_>>().join(" + ");
    let heavy = "lgamma(x)*gamma(x) + erf(x)*sin(x)";
    vec![
        ("cheap, from memory", "x*2 + 1".into(), [4000, 5000]),
        ("functions", heavy.into(), [2000, 5000]),
        ("rare arguments", "sin(x*1e300) + cos(x*1e290)".into(), [1000, 4000]),
        ("rearranged", "lgamma(x)*gamma(t)".into(), [2000, 3000]),
        ("a sum", "sum(lgamma(x)*gamma(x))".into(), [2000, 5000]),
        ("sums of columns", "sum(x*x, axis=0)".into(), [10_000, 2000]),
        ("a scan", "cumsum(lgamma(x)*gamma(x), axis=1)".into(), [1000, 5000]),
        ("by rows", "t = lgamma(x); t/sum(t, axis=1, keepdims=True)".into(), [5000, 1000]),
        ("300 functions", long("x"), [400, 1000]),
        ("300 functions once a row", format!("{} + x", long("c")), [300_000, 3]),
        ("300 functions, rearranged", format!("{} + x", long("t")), [400, 1000]),
        ("a sum of 300 functions", format!("sum({})", long("x")), [400, 1000]),
        ("sums of columns of 300 functions", format!("sum({}, axis=0)", long("x")), [1000, 400]),
        ("interpreted", heavy.into(), [1000, 2000]),
    ]
}

/// How long a call that takes longer than this went on after another thread had cancelled it.
fn goes_on(e: &Expr, arguments: &Args, wait: u64) -> Duration {
    let token = CancelToken::new();
    let bounded = e.with_cancel(token.clone());
    std::thread::scope(|scope| {
        let canceller = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(wait));
            let asked = Instant::now();
            token.cancel();
            asked
        });
        let (result, ended) = (bounded.eval::<AnyArray>(arguments), Instant::now());
        let asked = canceller.join().unwrap();
        match result {
            Ok(_) => Duration::ZERO,
            Err(error) => {
                assert_eq!(error.kind(), EvalErrorKind::Cancelled);
                ended.saturating_duration_since(asked)
            }
        }
    })
}

#[test]
fn cancelled_calls_end_soon() {
    let _turn = turn();
    // Without optimisation the interpreter is a hundred times slower: it is not measured then, be it asked for or all there is.
    let slow = cfg!(debug_assertions);
    let interpreted = |what: &str| what == "interpreted" || cfg!(not(feature = "jit"));
    let most = Duration::from_millis(if slow { 2000 } else { 200 });
    for (what, text, [rows, columns]) in long().into_iter().filter(|&(what, ..)| !slow || !interpreted(what)) {
        let rows = if slow { rows / 10 } else { rows };
        let x = Array2::from_shape_fn((rows, columns), |(i, j)| 1.5 + ((i + j) % 1000) as f64 * 0.01);
        let (t, c) = (x.t().as_standard_layout().to_owned().reversed_axes(), x.slice(s![.., ..1]).to_owned());
        for threads in [Threads::Serial, pool(2)] {
            let executor = if what == "interpreted" { Executor::Interpreter } else { Executor::Native };
            let e = Expr::builder().threads(threads.clone()).executor(executor).compile(&text).unwrap();
            let arguments = |rows: usize| -> Args {
                let all =
                    [("x", x.slice(s![..rows, ..])), ("t", t.slice(s![..rows, ..])), ("c", c.slice(s![..rows, ..]))];
                let used = all.into_iter().filter(|(name, _)| e.names().iter().any(|n| n == name));
                used.map(|(name, array)| (name, Arg::new(array))).collect()
            };
            // Compiled beforehand: that is not interrupted.
            let _: AnyArray = e.eval(arguments(rows / 20)).unwrap();
            let worst = [2, 5, 11, 23].map(|wait| goes_on(&e, &arguments(rows), wait)).into_iter().max().unwrap();
            println!("{what}, {} threads: {:.1} ms after it was cancelled", threads.count(), worst.as_secs_f64() * 1e3);
            assert!(worst < most, "{what}: {worst:?}");
        }
    }
}

#[test]
fn deadlines_end_calls() {
    let _turn = turn();
    let x = Array1::from_elem(20_000_000, 2.5);
    for threads in [Threads::Serial, pool(2)] {
        let e = Expr::builder().threads(threads).compile("lgamma(x)*gamma(x) + sum(erf(x))").unwrap();
        let mut y = x.clone();
        let error = e.with_timeout(Duration::from_millis(20)).eval_into(args![x], &mut y).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::Deadline);
        let deadline = Instant::now() + Duration::from_millis(20);
        let error = e.with_deadline(deadline).eval::<AnyArray>(args![x]).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::Deadline);
        assert!(Instant::now() >= deadline);
    }
}

/// A token ends all calls that have it, and its children's.
#[test]
fn one_token_for_many_calls() {
    let _turn = turn();
    let server = CancelToken::new();
    let e = Expr::compile("sum(lgamma(x)*gamma(x))").unwrap();
    let x = Array1::from_elem(3_000_000, 2.5);
    let _: f64 = e.eval(args![x = x.slice(s![..50_000])]).unwrap();
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..6)
            .map(|i| {
                let token = if i % 2 == 0 { server.clone() } else { server.child() };
                let (e, x) = (e.with_cancel(token), &x);
                scope.spawn(move || {
                    let calls = std::iter::repeat_with(|| e.eval::<f64>(args![x])).find_map(Result::err);
                    calls.unwrap().kind()
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(30));
        server.cancel();
        for call in calls {
            assert_eq!(call.join().unwrap(), EvalErrorKind::Cancelled);
        }
    });
}

/// What the limit has to be: what the error says; a byte less is too few, and nothing has been computed then.
#[test]
fn memory_limits() {
    let arrays = [matrix(), across(), matrix()];
    let texts = [
        ("a*2", 600 * 300 * 8),
        ("a + b", 600 * 300 * 8),
        ("a > 1, a*2", 600 * 300 * 9),
        ("sum(a)", 8),
        ("sum(a, axis=0)", 300 * 8),
        ("sum(b)", 8),
        ("argmax(a)", 8),
        ("cumsum(a, axis=0)", 600 * 300 * 8),
        ("a - mean(a, axis=0)", 600 * 300 * 8 + 300 * 8),
        ("t = exp(a); t/sum(t, axis=1, keepdims=True)", 600 * 300 * 8),
        ("t = exp(a); t/sum(t)", 600 * 300 * 8),
    ];
    for threads in [Threads::Serial, pool(2)] {
        for (text, least) in texts {
            let e = Expr::builder().threads(threads.clone()).compile(text).unwrap();
            let refused = |bytes: usize| match e.with_memory_limit(bytes).eval::<Vec<AnyArray>>(arguments(&e, &arrays))
            {
                Ok(_) => None,
                Err(error) => {
                    assert_eq!(error.kind(), EvalErrorKind::MemoryLimit, "{error}");
                    assert_eq!(error.expected(), Some(&Detail::Count(bytes)));
                    match error.found() {
                        Some(Detail::Count(needed)) => Some(*needed),
                        other => panic!("{other:?}"),
                    }
                }
            };
            let needed = refused(0).unwrap();
            assert!(needed >= least && needed < least + (8 << 20), "{text}: {needed} for {least}");
            assert_eq!((refused(needed - 1), refused(needed)), (Some(needed), None), "{text}");
        }
    }
}

/// What parts of a call copy and leave for each other counts with the rest.
#[test]
fn memory_limits_of_texts_with_indices() {
    let a = matrix();
    let size = 600 * 300 * 8;
    for (text, needs) in [
        ("roll(a, 1)*2", 2 * size),
        ("roll(a.T, 1)*2", 3 * size),
        ("roll(a, 7, axis=0) + 1", 2 * size),
        ("roll(a, 7, axis=0) + roll(a, 2, axis=1)", 3 * size),
        ("b[i, j] = a[i, j]*2; c[i, j] = b[i, j] + b[clamp(i - 1), j]; c", 2 * size),
        ("y[i, j] = sum[k:3](a[wrap(i + k - 1), j])", size + 2 * 3 * 300 * 8),
    ] {
        let e = Expr::compile(text).unwrap();
        let error = e.with_memory_limit(needs - 1).eval::<Vec<AnyArray>>(args![a]).expect_err(text);
        assert_eq!(error.kind(), EvalErrorKind::MemoryLimit, "{error}");
        e.with_memory_limit(needs + (8 << 20)).eval::<Vec<AnyArray>>(args![a]).unwrap();
    }
}

#[test]
fn memory_limits_of_calls_into_arrays() {
    let (a, mut y) = (matrix(), Array2::from_elem((600, 300), 7.0));
    let elementwise = Expr::builder().memory_limit(0).compile("a*2 + 1").unwrap();
    elementwise.eval_into(args![a], &mut y).unwrap();
    assert!(Zip::from(&a).and(&y).all(|a, y| a * 2.0 + 1.0 == *y));
    elementwise.prepare(["a"], args![a]).unwrap().call([Arg::new(&a)], &mut y).unwrap();
    elementwise.update("a", &mut y, args![]).unwrap();
    // Broadcasting makes much of little: the result is what is refused.
    let row = a.slice(s![0, ..]);
    let table = row.broadcast((100_000_000, 300)).unwrap();
    let error = elementwise.with_memory_limit(1 << 30).eval::<AnyArray>(args![a = table]).unwrap_err();
    assert_eq!((error.kind(), error.found()), (EvalErrorKind::MemoryLimit, Some(&Detail::Count(240_000_000_000))));
    // So is what is between.
    let y_before = y.clone();
    let e = Expr::builder().memory_limit(500_000).compile("b + mean(a + b, axis=0), b").unwrap();
    let mut out = (y.clone(), y.clone());
    let error = e.eval_into(args![a = a.t().to_owned().t(), b = &a], &mut (&mut out.0, &mut out.1));
    assert!(error.is_ok(), "{error:?}");
    let error = e.with_memory_limit(5_000).eval_into(args![a, b = &a], &mut (&mut out.0, &mut out.1)).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::MemoryLimit);
    assert_eq!(y, y_before);
    // Parts of an array, too.
    let sum = Expr::builder().memory_limit(0).compile("sum(a)").unwrap();
    let x = a.index_axis(Axis(0), 0);
    assert_eq!(sum.partial(args![a = x], 0, 300).unwrap_err().kind(), EvalErrorKind::MemoryLimit);
    assert!(sum.with_memory_limit(1 << 20).partial(args![a = x], 0, 300).is_ok());
    // A result that no memory holds is too large, whatever the limit.
    let rows = row.broadcast((1 << 52, 300)).unwrap();
    let error = elementwise.with_memory_limit(usize::MAX).eval::<AnyArray>(args![a = rows]).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::TooLarge);
}

/// No bounds, and bounds that are far away, give the same bits.
#[test]
fn bounds_change_no_result() {
    let a = matrix();
    for text in ["a*2", "sum(a), sum(a, axis=0)", "argmax(a)", "t = exp(a); t/sum(t, axis=1, keepdims=True)"] {
        let e = Expr::compile(text).unwrap();
        let all = || args![a];
        let plain: Vec<AnyArray> = e.eval(all()).unwrap();
        let far = e
            .with_cancel(CancelToken::new())
            .with_timeout(Duration::from_secs(3600))
            .with_memory_limit(1 << 40)
            .with_loop_schedule(LoopSchedule::Static(None));
        let bounded: Vec<AnyArray> = far.eval(all()).unwrap();
        assert_eq!(format!("{plain:?}"), format!("{bounded:?}"), "{text}");
    }
}

#[test]
fn a_map_done_with_its_reduction_takes_no_memory_for_it() {
    // 80,000 distances of 8 bytes, which no array holds before their roots are taken.
    let (a, b) = (Array3::<f64>::ones((400, 1, 64)), Array3::<f64>::zeros((1, 200, 64)));
    let e = Expr::builder().memory_limit(650_000).compile("sqrt(sum((a - b)**2, axis=2))").unwrap();
    let found: Array2<f64> = e.eval(args![a, b]).unwrap();
    assert!(found.iter().all(|&x| x == 8.0));
}
