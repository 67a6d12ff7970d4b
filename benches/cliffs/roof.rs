//! The rows that the machine is the yardstick of: reading an array, copying it, and the better of one and two threads.

use std::hint::black_box;

use ndarray::{Array1, Array2, ArrayD, IxDyn};
use tilexpr::{Expr, Threads, args};

use crate::common::hand::{Formula, Lanes, Stores};
use crate::common::ratio::Race;
use crate::common::{Lines, Real, SHORT, in_huge_pages};
use crate::{Report, Settings};

/// Elements along each axis of the tables.
const N: usize = 3000;

/// All of them whose names are wanted.
pub fn run(settings: &Settings, report: &mut Report) {
    sums::<f64>(1.6, settings, report);
    sums::<f32>(2.5, settings, report);
    softmax(settings, report);
    thresholds(settings, report);
}

/// Sums of a table on all threads, beside reading it.
fn sums<T: Real + Lanes>(asked_whole: f64, settings: &Settings, report: &mut Report) {
    for (text, fortran, asked) in [
        ("sum(a, axis=0)", false, 1.1),
        ("sum(a, axis=1)", false, 1.1),
        ("sum(a)", false, asked_whole),
        ("sum(a)", true, asked_whole),
    ] {
        let order = if fortran { "in F order" } else { "in C order" };
        let what = format!("({N},{N}) {} {order}, all threads", T::NAME);
        if !settings.wants(&what, text) {
            continue;
        }
        let mut table = in_huge_pages(&Lines::<T>::new(N * N).a.into_dyn());
        let flat = table.clone();
        let flat = flat.as_slice().expect("a line");
        table = table.into_shape_with_order(IxDyn(&[N, N])).expect("a table");
        if fortran {
            table = table.reversed_axes();
        }
        let e = Expr::compile(text).expect("it compiles");
        let mut race = Race::new("").rounds(settings.rounds);
        race.add("ours", |_: &mut ()| drop(black_box(e.eval::<ArrayD<T>>(args![a = &table]).expect("it runs"))));
        for hand in T::widths() {
            race.add(format!("hand {} bits", hand.bits), move |_| {
                black_box(hand.par_sum(flat));
            });
        }
        let figures = race.run(&mut ());
        let best = figures.best("hand").to_string();
        let (ours, other) = (figures.ns("ours"), figures.ns(&best));
        report.line(&what, text, ours, &[("reading it", other, figures.ratio("ours", &best), asked)]);
    }
}

/// Softmax over rows: reading and writing the table once, and its exponentials.
fn softmax(settings: &Settings, report: &mut Report) {
    let text = "m = max(a, axis=1, keepdims=True); y = exp(a - m); y/sum(y, axis=1, keepdims=True)";
    let what = format!("({N},{N}) softmax over rows, all threads");
    if !settings.wants(&what, text) {
        return;
    }
    let table = |line: Array1<f64>| line.into_shape_with_order((N, N)).expect("a table");
    let Lines { a, b, .. } = Lines::<f64>::new(N * N);
    let mut state = (table(a), table(b));
    let e = Expr::compile(text).expect("it compiles");
    let row = vec![0.5; N];
    let exp = Expr::compile("exp(x)").expect("it compiles").with_threads(Threads::Serial);
    let exp = exp.prepare(["x"], args![x = &row]).expect("it prepares");
    let mut race = Race::new("").rounds(settings.rounds);
    type State = (Array2<f64>, Array2<f64>);
    race.add("ours", |(a, y): &mut State| e.eval_into(args![a = &*a], y).expect("it runs"));
    race.add("copy", |(a, y)| ndarray::Zip::from(y).and(&*a).par_for_each(|y, &a| *y = a));
    race.add("exps", |_| {
        use rayon::prelude::*;
        (0..N)
            .into_par_iter()
            .for_each_init(|| vec![0.0; N], |out, _| exp.call_slices([row.as_slice()], out).expect("it runs"));
    });
    let figures = race.run(&mut state);
    let (copy, exps) = (figures.ns("copy"), figures.ns("exps"));
    let ratio = figures.ratio_to("ours", &["copy", "exps"]);
    report.line(&what, "softmax", figures.ns("ours"), &[("copy and exps", copy + exps, ratio, 1.2)]);
}

/// Whether the number of threads is chosen well, at every size.
fn thresholds(settings: &Settings, report: &mut Report) {
    for n in [
        30_000, 60_000, 80_000, 100_000, 120_000, 150_000, 200_000, 250_000, 300_000, 350_000, 400_000, 500_000,
        1_000_000, 3_000_000,
    ] {
        let what = format!("{n} f64, eval_into");
        if !settings.wants(&what, SHORT) {
            continue;
        }
        let auto = Expr::compile(SHORT).expect("it compiles");
        let one = auto.with_threads(Threads::Serial);
        let all = Expr::builder().serial_below(0).compile(SHORT).expect("it compiles");
        let mut race = Race::new("").rounds(settings.rounds);
        for (name, e) in [("ours", &auto), ("one thread", &one), ("all threads", &all)] {
            race.add(name, move |l: &mut Lines<f64>| {
                e.eval_into(args![a = &l.a, b = &l.b, c = &l.c], &mut l.y).expect("it runs");
            });
        }
        let widths = f64::widths();
        let hand = widths[widths.len() - 1];
        race.add("hand", move |l| hand.map(Formula::Short, Stores::Plain, l));
        let figures = race.run(&mut Lines::<f64>::new(n));
        let (serial, parallel) = (figures.ns("one thread"), figures.ns("all threads"));
        let better = if serial < parallel { "one thread" } else { "all threads" };
        let ratio = figures.ratio("ours", better);
        let hand = (figures.ns("hand"), figures.ratio("ours", "hand"));
        report.line(
            &what,
            SHORT,
            figures.ns("ours"),
            &[(better, serial.min(parallel), ratio, 1.1), ("hand, one thread", hand.0, hand.1, f64::INFINITY)],
        );
    }
}
