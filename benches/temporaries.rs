//! What temporaries cost: two expressions, computed in every way that a Rust programmer has.
//!
//! `a*b + c` (three arrays in, one out) and `(a - b)**2/(a*b + c) + 0.5*c`, for f64 and f32, from 1e2 to 3e7 elements:
//! - **ndarray**: operators with one temporary (`&a*&b + &c` reuses it) and with two, in place, `Zip`, rayon's `Zip`;
//! - **hand**: `std::arch` loops on rayon's threads, at every vector width of the CPU, with plain and with non-temporal
//!   stores: the best of them is the roofline;
//! - **tilexpr**: `eval` (a new array each time), `eval_into`, a prepared call; and `eval_into` on one thread;
//! - for sums, **reading alone** against `sum(a)` and `sum((a - b)**2)`.
//!
//! Bytes are those that have to be moved (each array once), so GB/s of different ways compare. All write the same
//! arrays, and are checked to give the same bits first.
//!
//! ```text
//! cargo bench --bench temporaries
//! cargo bench --bench temporaries -- 'short f64'                   # a part
//! RUSTFLAGS="-C target-cpu=native" cargo bench --bench temporaries # ndarray with all instructions of this CPU
//! ```
//! The second form is ndarray at its best; the library itself compiles for the CPU it runs on in either. The
//! report is `target/criterion/report/index.html`. Ratios are better taken from `cargo bench --bench targets`, where
//! contenders take turns.

mod common;

use std::hint::black_box;
use std::time::Duration;

use common::hand::{Formula, Stores};
use common::{LONG, Lines, Real, SHORT, ndarray_long, ndarray_short};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array1;
use tilexpr::{Expr, FromResult, Threads, args};

const SIZES: [usize; 7] = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 30_000_000];

type Way<'a, T> = (String, Box<dyn FnMut(&mut Lines<T>) + 'a>);

/// A way that gives a new array, which is dropped.
fn fresh<'a, T: Real>(name: &str, run: impl Fn(&Lines<T>) -> Array1<T> + 'a) -> Way<'a, T> {
    (name.into(), Box::new(move |l| drop(black_box(run(l)))))
}

/// A way that writes `y`.
fn into<'a, T: Real>(name: &str, run: impl FnMut(&mut Lines<T>) + 'a) -> Way<'a, T> {
    (name.into(), Box::new(run))
}

/// A way that gives a number.
fn sum<'a, T: Real>(name: &str, run: impl Fn(&mut Lines<T>) -> T + 'a) -> Way<'a, T> {
    into(name, move |l| {
        black_box(run(l));
    })
}

/// ndarray's ways to a formula.
fn by_ndarray<T: Real>(formula: Formula) -> Vec<Way<'static, T>> {
    macro_rules! ways {
        ($module:ident) => {
            vec![
                fresh("ndarray, one temporary", $module::one_temporary),
                fresh("ndarray, two temporaries", $module::two_temporaries),
                into("ndarray, in place", $module::in_place),
                into("ndarray, Zip", $module::zip),
                into("ndarray, rayon Zip", $module::par_zip),
            ]
        };
    }
    match formula {
        Formula::Short => ways!(ndarray_short),
        Formula::Long => ways!(ndarray_long),
    }
}

/// Hand-written loops for a formula.
fn by_hand<T: Real>(formula: Formula) -> Vec<Way<'static, T>> {
    let mut ways = Vec::new();
    for hand in T::widths() {
        for (stores, name) in [(Stores::Plain, "plain"), (Stores::Past, "non-temporal")] {
            let name = format!("hand, {} bits, {name}", hand.bits);
            ways.push(into(&name, move |l| hand.par_map(formula, stores, l)));
        }
    }
    ways
}

/// The library's ways.
fn by_text<T: Real>(text: &str, like: &Lines<T>) -> Vec<Way<'static, T>>
where
    Array1<T>: FromResult,
{
    let e = Expr::compile(text).expect("it compiles");
    let (allocating, serial) = (e.clone(), e.with_threads(Threads::Serial));
    let like = args![a = &like.a, b = &like.b, c = &like.c];
    let prepared = e.prepare(["a", "b", "c"], like).expect("it prepares");
    let write =
        |e: Expr| move |l: &mut Lines<T>| e.eval_into(args![a = &l.a, b = &l.b, c = &l.c], &mut l.y).expect("it runs");
    vec![
        fresh("tilexpr, eval", move |l| allocating.eval(args![a = &l.a, b = &l.b, c = &l.c]).expect("it runs")),
        into("tilexpr, eval_into", write(e)),
        into("tilexpr, eval_into, one thread", write(serial)),
        into("tilexpr, prepared", move |l| {
            let (inputs, y) = l.slices();
            prepared.call_slices(inputs, y).expect("it runs");
        }),
    ]
}

/// The samples of a group: few of what takes long.
fn tune(group: &mut BenchmarkGroup<WallTime>, elements: usize) {
    group.sample_size(if elements >= 1_000_000 { 10 } else { 20 });
    group.warm_up_time(Duration::from_millis(50));
    group.measurement_time(Duration::from_millis(if elements >= 1_000_000 { 250 } else { 100 }));
}

/// One formula with one element type.
fn formula<T: Real>(c: &mut Criterion, formula: Formula)
where
    Array1<T>: FromResult,
{
    let (name, text) = match formula {
        Formula::Short => ("short", SHORT),
        Formula::Long => ("long", LONG),
    };
    check::<T>(formula, text);
    let mut group = c.benchmark_group(format!("{name} {}", T::NAME));
    for n in SIZES {
        let mut lines = Lines::<T>::new(n);
        tune(&mut group, n);
        group.throughput(Throughput::Bytes(lines.bytes() as u64));
        let by_text = by_text(text, &lines);
        for (way, mut run) in by_ndarray(formula).into_iter().chain(by_hand(formula)).chain(by_text) {
            group.bench_function(BenchmarkId::new(way, n), |bencher| bencher.iter(|| run(black_box(&mut lines))));
        }
    }
    group.finish();
}

/// All ways that write `y` give the same bits.
fn check<T: Real>(formula: Formula, text: &str)
where
    Array1<T>: FromResult,
{
    let mut lines = Lines::<T>::new(5003);
    let by_text = by_text(text, &lines);
    let expected: Array1<T> = match formula {
        Formula::Short => ndarray_short::two_temporaries(&lines),
        Formula::Long => ndarray_long::two_temporaries(&lines),
    };
    for (way, mut run) in by_ndarray(formula).into_iter().chain(by_hand(formula)).chain(by_text) {
        lines.y.assign(&expected);
        run(&mut lines);
        assert!(lines.y == expected, "{way} of {text}, {}: another result", T::NAME);
    }
}

/// Sums against reading alone.
fn sums<T: Real + FromResult>(c: &mut Criterion) {
    for (text, streams) in [("sum(a)", 1), ("sum((a - b)**2)", 2)] {
        let e = Expr::compile(text).expect("it compiles");
        let serial = e.with_threads(Threads::Serial);
        let mut group = c.benchmark_group(format!("{text} {}", T::NAME));
        for n in SIZES {
            let mut lines = Lines::<T>::new(n);
            tune(&mut group, n);
            group.throughput(Throughput::Bytes((streams * n * size_of::<T>()) as u64));
            let by_hand = T::widths().into_iter().map(|hand| {
                let name = format!("hand, {} bits, reading alone", hand.bits);
                sum(&name, move |l| {
                    let ([a, b, _], _) = l.slices();
                    if streams == 1 { hand.par_sum(a) } else { hand.par_sum_squares(a, b) }
                })
            });
            let by_ndarray = sum("ndarray", move |l| match streams {
                1 => l.a.sum(),
                _ => (&l.a - &l.b).mapv_into(|d| d * d).sum(),
            });
            let by_text = [("tilexpr, eval", &e), ("tilexpr, eval, one thread", &serial)].map(|(name, e)| {
                let e = e.clone();
                sum(name, move |l| e.eval(args![a = &l.a, b = &l.b]).expect("it runs"))
            });
            for (way, mut run) in by_hand.chain([by_ndarray]).chain(by_text) {
                group.bench_function(BenchmarkId::new(way, n), |bencher| bencher.iter(|| run(black_box(&mut lines))));
            }
        }
        group.finish();
    }
}

fn all(c: &mut Criterion) {
    formula::<f64>(c, Formula::Short);
    formula::<f64>(c, Formula::Long);
    formula::<f32>(c, Formula::Short);
    formula::<f32>(c, Formula::Long);
    sums::<f64>(c);
    sums::<f32>(c);
}

criterion_group!(benches, all);
criterion_main!(benches);
