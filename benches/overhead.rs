//! What it costs before the first element: compiling a text, and making a call.
//!
//! - **compile**: the front end alone (text to a checked expression) and all the way to machine code (`prepare`),
//!   *warm*: a text that no cache knows, in a process that has compiled before; *cached*: a text seen before; *cold*: the
//!   first in a process, for which this program starts itself and the child reports its time;
//! - **call**: one call on 8 elements in each way that there is, beside ndarray's operators and `Zip`.
//!
//! ```text
//! cargo bench --bench overhead
//! RUSTFLAGS="-C target-cpu=native" cargo bench --bench overhead    # ndarray with all instructions of this CPU
//! ```
//! The report is `target/criterion/report/index.html`.

mod common;

use std::cell::Cell;
use std::hint::black_box;
use std::time::Duration;

use common::{LONG, Lines, SHORT, first, ndarray_short};
use criterion::{BatchSize, Criterion};
use ndarray::Array1;
use tilexpr::{Arg, Expr, Threads, args};

/// From the text on.
fn compile(c: &mut Criterion) {
    let lines = Lines::<f64>::new(8);
    let mut group = c.benchmark_group("compile");
    group.sample_size(30).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, text) in [("short", SHORT), ("long", LONG)] {
        let count = Cell::new(0);
        // Names that no text had before: nothing is found in a cache.
        let renamed = || {
            count.set(count.get() + 1);
            let fresh = format!("a{}", count.get());
            (first::rename(text, &fresh), fresh)
        };
        group.bench_function(format!("{name}, warm, text to expression"), |b| {
            b.iter_batched(renamed, |(text, _)| Expr::compile(&text).expect("it compiles"), BatchSize::SmallInput);
        });
        group.bench_function(format!("{name}, warm, text to machine code"), |b| {
            b.iter_batched(renamed, |(text, a)| first::to_machine_code(&text, &a, &lines), BatchSize::SmallInput);
        });
        group.bench_function(format!("{name}, cached, text to expression"), |b| {
            b.iter(|| Expr::compile(black_box(text)).expect("it compiles"));
        });
        group.bench_function(format!("{name}, cached, text to machine code"), |b| {
            b.iter(|| first::to_machine_code(black_box(text), "a", &lines));
        });
    }
    group.sample_size(10);
    group.bench_function("short, cold, text to machine code", |b| {
        b.iter_custom(|times| (0..times).map(|_| first::in_child()).sum());
    });
    group.finish();
}

/// One call on 8 elements.
fn call(c: &mut Criterion) {
    let mut l = Lines::<f64>::new(8);
    let e = Expr::compile(SHORT).expect("it compiles");
    let serial = e.with_threads(Threads::Serial);
    let prepared = e.prepare(["a", "b", "c"], args![a = &l.a, b = &l.b, c = &l.c]).expect("it prepares");
    let mut group = c.benchmark_group("call on 8 elements");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.bench_function("ndarray, one temporary", |b| b.iter(|| ndarray_short::one_temporary(black_box(&l))));
    group.bench_function("ndarray, Zip", |b| b.iter(|| ndarray_short::zip(black_box(&mut l))));
    group.bench_function("eval", |b| {
        b.iter(|| {
            let l = black_box(&l);
            e.eval::<Array1<f64>>(args![a = &l.a, b = &l.b, c = &l.c]).expect("it runs")
        });
    });
    for (name, e) in [("eval_into", &e), ("eval_into, one thread", &serial)] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let l = black_box(&mut l);
                e.eval_into(args![a = &l.a, b = &l.b, c = &l.c], &mut l.y).expect("it runs");
            });
        });
    }
    group.bench_function("prepared, call", |b| {
        b.iter(|| {
            let l = black_box(&mut l);
            prepared.call([Arg::new(&l.a), Arg::new(&l.b), Arg::new(&l.c)], &mut l.y).expect("it runs");
        });
    });
    group.bench_function("prepared, call_slices", |b| {
        b.iter(|| {
            let (inputs, y) = black_box(&mut l).slices();
            prepared.call_slices(inputs, y).expect("it runs");
        });
    });
    group.finish();
}

fn main() {
    if first::is_child() {
        return first::report();
    }
    let mut c = Criterion::default().configure_from_args();
    compile(&mut c);
    call(&mut c);
    c.final_summary();
}
