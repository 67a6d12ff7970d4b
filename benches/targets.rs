//! The figures that this library is built to reach, each measured against its yardstick in the same run.
//!
//! Every figure is a ratio, or a time, from contenders that take turns round by round (see `common/ratio.rs`), so it holds
//! up on a machine that others use too; still, run it on a quiet one. One table for each question, then one line for
//! each figure: what was asked, what was measured, `ok` or `MISS`.
//!
//! ```text
//! cargo bench --bench targets
//! RUSTFLAGS="-C target-cpu=native" cargo bench --bench targets     # ndarray with all instructions of this CPU
//! cargo bench --bench targets -- diffusion sums                    # some of the questions
//! RAYON_NUM_THREADS=2 cargo bench --bench targets                  # the figures asked for are for two threads
//! ```

mod common;

use std::time::Instant;

use common::count::{Counting, allocations};
use common::hand::{Formula, Hand, Lanes, Stores};
use common::ratio::{Race, Verdicts, median, time, times};
use common::{Lines, SHORT, compiled_for, first, heat, ndarray_short};
use ndarray::{Array1, Array2};
use tilexpr::{Arg, Args, Expr, Threads, args};

#[global_allocator]
static COUNT: Counting = Counting;

type Question = fn(&mut Verdicts);

fn main() {
    if first::is_child() {
        return first::report();
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let questions: [(&str, Question); 9] = [
        ("roofline", roofline),
        ("cache", in_cache),
        ("call", call),
        ("compile", compile),
        ("ndarray", against_ndarray),
        ("pays", pays),
        ("transpose", transpose),
        ("diffusion", diffusion),
        ("sums", sums),
    ];
    println!("{} threads; ndarray compiled for {}", rayon::current_num_threads(), compiled_for());
    println!("work on every thread at once takes {:.2} times as long as on one (1 where nobody else works)", crowd());
    let start = Instant::now();
    let mut verdicts = Verdicts::default();
    for (name, question) in questions {
        if wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str())) {
            question(&mut verdicts);
        }
    }
    verdicts.print();
    println!("\n{:.0} s", start.elapsed().as_secs_f64());
}

/// How much longer a thread takes for arithmetic while the others do the same: whether their cores are free.
fn crowd() -> f64 {
    let busy = || (0..200_000_u64).fold(1_u64, |x, i| std::hint::black_box(x.wrapping_mul(i | 1)));
    let mut race = Race::new("");
    race.add("one", move |_: &mut ()| {
        std::hint::black_box(busy());
    });
    race.add("all", move |_| {
        rayon::broadcast(|_| busy());
    });
    race.run(&mut ()).ratio("all", "one")
}

/// The expression of most questions, on one thread and on all.
fn serial_and_parallel(text: &str) -> (Expr, Expr) {
    let parallel = Expr::compile(text).expect("it compiles");
    (parallel.with_threads(Threads::Serial), parallel)
}

fn eval_into(e: &Expr, l: &mut Lines<f64>) {
    e.eval_into(args![a = &l.a, b = &l.b, c = &l.c], &mut l.y).expect("it runs");
}

/// Bandwidth of `a*b + c` on all threads, against hand-written loops.
fn roofline(verdicts: &mut Verdicts) {
    for (n, asked) in [(3_000_000, 0.95), (30_000_000, 0.92)] {
        let mut lines = Lines::<f64>::new(n);
        let (_, e) = serial_and_parallel(SHORT);
        let prepared =
            e.prepare(["a", "b", "c"], args![a = &lines.a, b = &lines.b, c = &lines.c]).expect("it prepares");
        let mut race = Race::new(format!("{SHORT}, f64, {n} elements, all threads"));
        for hand in f64::widths() {
            for stores in [Stores::Plain, Stores::Past] {
                let name = format!("hand {} bits, {}", hand.bits, show(stores));
                race.add(name, move |l: &mut Lines<f64>| hand.par_map(Formula::Short, stores, l));
            }
        }
        race.add("par_zip", ndarray_short::par_zip);
        race.add("eval_into", |l| eval_into(&e, l));
        race.add("prepared", |l| {
            let (inputs, y) = l.slices();
            prepared.call_slices(inputs, y).expect("it runs");
        });
        let figures = race.run(&mut lines);
        figures.print(n, lines.bytes());
        let best = figures.best("hand").to_string();
        let share = figures.ratio(&best, "eval_into");
        verdicts
            .at_least(format!("{SHORT} at {n}: share of the roofline ({best})"), asked, share, |x| format!("{x:.3}"));
    }
}

fn show(stores: Stores) -> &'static str {
    match stores {
        Stores::Plain => "plain",
        Stores::Past => "non-temporal",
    }
}

/// `a*b + c` where it lies in L1: the loop itself.
fn in_cache(verdicts: &mut Verdicts) {
    let n = 1000;
    // A thousand elements, and eight to know what the call costs.
    let mut both = (Lines::<f64>::new(n), Lines::<f64>::new(8));
    let (e, _) = serial_and_parallel(SHORT);
    let like = args![a = &both.0.a, b = &both.0.b, c = &both.0.c];
    let prepared = e.prepare(["a", "b", "c"], like).expect("it prepares");
    let mut race = Race::new(format!("{SHORT}, f64, {n} elements, one thread"));
    for hand in f64::widths() {
        race.add(format!("hand {} bits", hand.bits), move |l: &mut (Lines<f64>, _)| {
            hand.map(Formula::Short, Stores::Plain, &mut l.0);
        });
    }
    race.add("eval_into", |l| eval_into(&e, &mut l.0));
    race.add("eval_into on 8", |l| eval_into(&e, &mut l.1));
    for (name, which) in [("prepared", 0), ("prepared on 8", 1)] {
        let prepared = &prepared;
        race.add(name, move |l: &mut (Lines<f64>, Lines<f64>)| {
            let (inputs, y) = if which == 0 { l.0.slices() } else { l.1.slices() };
            prepared.call_slices(inputs, y).expect("it runs");
        });
    }
    let figures = race.run(&mut both);
    figures.print(n, both.0.bytes());
    let hand = narrowest(&f64::widths());
    for name in ["eval_into", "prepared"] {
        let ratio = figures.ratio_to(name, &[hand.as_str(), &format!("{name} on 8")]);
        verdicts.at_most(format!("{SHORT} at {n}, one thread: {name} over ({hand} + a call)"), 1.0, ratio, times);
    }
}

fn narrowest(widths: &[Hand<f64>]) -> String {
    format!("hand {} bits", widths[0].bits)
}

/// The price of a call.
fn call(verdicts: &mut Verdicts) {
    let mut lines = Lines::<f64>::new(8);
    let (_, e) = serial_and_parallel(SHORT);
    let prepared = e.prepare(["a", "b", "c"], args![a = &lines.a, b = &lines.b, c = &lines.c]).expect("it prepares");
    let mut race = Race::new(format!("{SHORT}, f64, one call on 8 elements"));
    race.add("ndarray, one temporary", |l| drop(ndarray_short::one_temporary(l)));
    race.add("Zip", ndarray_short::zip);
    race.add("eval", |l: &mut Lines<f64>| {
        drop(e.eval::<Array1<f64>>(args![a = &l.a, b = &l.b, c = &l.c]).expect("it runs"));
    });
    race.add("eval_into", |l| eval_into(&e, l));
    race.add("call", |l| {
        prepared.call([Arg::new(&l.a), Arg::new(&l.b), Arg::new(&l.c)], &mut l.y).expect("it runs");
    });
    race.add("call_slices", |l| {
        let (inputs, y) = l.slices();
        prepared.call_slices(inputs, y).expect("it runs");
    });
    let figures = race.run(&mut lines);
    figures.print(0, 0);
    for (name, asked) in [("eval_into", 120.0), ("call", 40.0), ("call_slices", 40.0)] {
        verdicts.at_most(format!("one call on 8 elements: {name}"), asked, figures.ns(name), time);
    }
}

/// From text to machine code.
fn compile(verdicts: &mut Verdicts) {
    let mut line = Lines::<f64>::new(8);
    let mut race = Race::new(format!("{SHORT}: from the text to a prepared call (machine code)"));
    // Names that no text had before: nothing is found in a cache.
    let mut renamed = 0;
    race.add("warm, other names each time", move |l: &mut Lines<f64>| {
        renamed += 1;
        let name = format!("a{renamed}");
        drop(first::to_machine_code(&format!("{name}*b + c"), &name, l));
    });
    let mut literal = 0;
    race.add("warm, another literal each time", move |l| {
        literal += 1;
        drop(first::to_machine_code(&format!("a*b + c*{literal}.5"), "a", l));
    });
    race.add("known text, Expr::compile", |_| drop(Expr::compile(SHORT).expect("it compiles")));
    race.add("known text, to a prepared call", |l| drop(first::to_machine_code(SHORT, "a", l)));
    let figures = race.run(&mut line);
    figures.print(0, 0);
    let warm = figures.ns("warm, other names each time");
    verdicts.at_most(format!("{SHORT} to machine code, warm"), 80e3, warm, time);
    let cold: Vec<f64> = (0..15).map(|_| first::in_child().as_nanos() as f64).collect();
    verdicts.at_most(format!("{SHORT} to machine code, first in a process"), 800e3, median(cold), time);
    let known = figures.ns("known text, Expr::compile");
    verdicts.at_most(format!("{SHORT}, known text"), 1e3, known, time);
}

/// `a*b + c` as ndarray's users write it.
fn against_ndarray(verdicts: &mut Verdicts) {
    let (serial, parallel) = serial_and_parallel(SHORT);
    for n in [200, 500, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000] {
        let mut lines = Lines::<f64>::new(n);
        let like = args![a = &lines.a, b = &lines.b, c = &lines.c];
        let prepared = parallel.prepare(["a", "b", "c"], like).expect("it prepares");
        let mut race = Race::new(format!("{SHORT}, f64, {n} elements"));
        race.add("one temporary", |l: &mut Lines<f64>| drop(ndarray_short::one_temporary(l)));
        race.add("two temporaries", |l| drop(ndarray_short::two_temporaries(l)));
        race.add("in place", ndarray_short::in_place);
        race.add("Zip", ndarray_short::zip);
        if n >= 100_000 {
            race.add("par_zip", ndarray_short::par_zip);
        }
        race.add("eval", |l| {
            drop(parallel.eval::<Array1<f64>>(args![a = &l.a, b = &l.b, c = &l.c]).expect("it runs"));
        });
        race.add("eval_into, one thread", |l| eval_into(&serial, l));
        race.add("eval_into", |l| eval_into(&parallel, l));
        race.add("prepared", |l| {
            let (inputs, y) = l.slices();
            prepared.call_slices(inputs, y).expect("it runs");
        });
        let figures = race.run(&mut lines);
        figures.print(n, lines.bytes());
        let chain = "one temporary";
        if n == 10_000_000 {
            let one = figures.ratio(chain, "eval_into, one thread");
            verdicts.at_least(format!("at {n}: the chain over eval_into, one thread"), 2.1, one, times);
            let all = figures.ratio(chain, "eval_into");
            verdicts.at_least(format!("at {n}: the chain over eval_into, all threads"), 4.5, all, times);
        }
        if n >= 100_000 {
            let ratio = figures.ratio("eval_into", "par_zip");
            verdicts.at_most(format!("at {n}: eval_into over par_zip"), 1.0, ratio, times);
        }
        if n >= 1_000 {
            let ratio = figures.ratio("eval_into", chain);
            verdicts.at_most(format!("at {n}: eval_into over the chain"), 1.0, ratio, times);
        } else {
            let ratio = figures.ratio("prepared", chain);
            verdicts.at_most(format!("at {n}: prepared over the chain"), 1.0, ratio, times);
        }
    }
}

/// From which size on a formula pays that is compiled for one call.
fn pays(verdicts: &mut Verdicts) {
    let mut from = None;
    for n in [300, 1_000, 3_000, 10_000, 20_000, 30_000, 50_000, 100_000, 200_000, 300_000, 1_000_000] {
        let mut lines = Lines::<f64>::new(n);
        let mut race = Race::new(format!("{SHORT}, f64, {n} elements, one call with its compilation"));
        race.add("one temporary", |l: &mut Lines<f64>| drop(ndarray_short::one_temporary(l)));
        let mut renamed = 0;
        race.add("compile and eval_into", move |l: &mut Lines<f64>| {
            renamed += 1;
            let name = format!("a{n}_{renamed}");
            let e = Expr::compile(&format!("{name}*b + c")).expect("it compiles");
            let args = Args::new().with(&name, &l.a).with("b", &l.b).with("c", &l.c);
            e.eval_into(args, &mut l.y).expect("it runs");
        });
        let figures = race.run(&mut lines);
        figures.print(n, 0);
        match figures.ratio("compile and eval_into", "one temporary") <= 1.0 {
            true => from = from.or(Some(n)),
            false => from = None,
        }
    }
    let found = from.map_or("not up to 1000000".into(), |n| format!("{n} elements"));
    verdicts.note("with its compilation, one call beats the chain from", found);
}

/// Operands that disagree about the order of their axes.
fn transpose(verdicts: &mut Verdicts) {
    let n = 4096;
    let lines = || Lines::<f64>::new(n * n);
    let square = |x: Array1<f64>| x.into_shape_with_order((n, n)).expect("a square");
    let l = lines();
    let mut arrays = (square(l.a), square(l.b), square(l.y));
    let e = Expr::compile("a + b").expect("it compiles");
    let mut race = Race::new(format!("a + b and a + b.t(), f64, {n} x {n}, all threads"));
    race.add("a + b", |(a, b, y): &mut (Array2<f64>, Array2<f64>, Array2<f64>)| {
        e.eval_into(args![a = &*a, b = &*b], y).expect("it runs");
    });
    race.add("a + b.t()", |(a, b, y)| e.eval_into(args![a = &*a, b = b.t()], y).expect("it runs"));
    race.add("a + b.t(), par_zip", |(a, b, y)| {
        ndarray::Zip::from(y).and(&*a).and(b.t()).par_for_each(|y, &a, &b| *y = a + b);
    });
    let figures = race.run(&mut arrays);
    figures.print(n * n, 3 * 8 * n * n);
    verdicts.at_most(format!("a + b.t() over a + b at {n} x {n}"), 2.5, figures.ratio("a + b.t()", "a + b"), times);
}

/// A step of the heat equation.
fn diffusion(verdicts: &mut Verdicts) {
    let n = 2048;
    let mut grid = heat::Grid::new(n);
    let e = Expr::compile(heat::STEP).expect("it compiles");
    let mut race = Race::new(format!("{}, f64, {n} x {n}, all threads", heat::STEP));
    race.add("par_zip, element by element", heat::Grid::par_zip);
    race.add("par_zip, row by row", heat::Grid::par_zip_rows);
    race.add("tilexpr", |grid: &mut heat::Grid| grid.tilexpr(&e));
    let figures = race.run(&mut grid);
    figures.print(n * n, 2 * 8 * n * n);
    let best = figures.best("par_zip").to_string();
    verdicts.at_most(format!("diffusion {n} x {n}: tilexpr over {best}"), 1.0, figures.ratio("tilexpr", &best), times);

    let serial = e.with_threads(Threads::Serial);
    let mut steps = |e: &Expr| {
        (0..10).for_each(|_| grid.tilexpr(e));
        allocations(|| (0..70).for_each(|_| grid.tilexpr(e))) as f64
    };
    let whole = |x: f64| format!("{x:.0}");
    verdicts.at_most("diffusion: allocations in 70 steps, one thread", 0.0, steps(&serial), whole);
    // Each worker that is called from outside is a job, which takes a place in the pool's queue: rayon allocates that in blocks of 63.
    let jobs = 70.0 * (rayon::current_num_threads() - 1) as f64;
    let what = "diffusion: allocations in 70 steps, all threads, but a job for each worker and rayon's queue";
    verdicts.at_most(what, 2.0, steps(&e) - jobs, whole);
    let inside = rayon::join(|| steps(&e), || ()).0;
    verdicts.at_most("diffusion: allocations in 70 steps, on a worker", 0.0, inside, whole);
}

/// Sums against reading alone.
fn sums(verdicts: &mut Verdicts) {
    let n = 30_000_000;
    let mut lines = Lines::<f64>::new(n);
    for (text, streams) in [("sum(a)", 1), ("sum((a - b)**2)", 2)] {
        let (serial, parallel) = serial_and_parallel(text);
        let mut race = Race::new(format!("{text}, f64, {n} elements"));
        for hand in f64::widths() {
            race.add(format!("hand {} bits", hand.bits), move |l: &mut Lines<f64>| {
                let ([a, b, _], _) = l.slices();
                let total = if streams == 1 { hand.par_sum(a) } else { hand.par_sum_squares(a, b) };
                std::hint::black_box(total);
            });
        }
        race.add("ndarray", move |l| {
            let total = if streams == 1 { l.a.sum() } else { (&l.a - &l.b).mapv_into(|d| d * d).sum() };
            std::hint::black_box(total);
        });
        for (name, e) in [("eval, one thread", serial), ("eval", parallel)] {
            race.add(name, move |l| {
                std::hint::black_box(e.eval::<f64>(args![a = &l.a, b = &l.b]).expect("it runs"));
            });
        }
        let figures = race.run(&mut lines);
        figures.print(n, streams * 8 * n);
        let best = figures.best("hand").to_string();
        let share = figures.ratio(&best, "eval");
        verdicts.note(format!("{text} at {n}: share of the read-only roofline ({best})"), format!("{share:.3}"));
    }
}
