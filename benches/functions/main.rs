//! The elementary functions: nanoseconds an element, beside what others need; and expressions of them.
//!
//! - **functions**: each of them on 2,000 elements in the L1 cache, on one thread, `f64` and `f32`, by this library
//!   (`tilexpr`, and `fast` where there is a form with `Accuracy::Fast`), by Rust's std, and by the crates `libm`,
//!   `wide` and `rten-vecmath`;
//! - **expressions**: at 1,000, 100,000 and 3,000,000 elements, on two threads, beside the same written by hand with std's
//!   functions over rayon, and beside figures of Python's libraries from another machine;
//! - **compile**: from the text of an expression with five functions to machine code.
//!
//! Contenders take turns round by round and a figure is the median (see `common/ratio.rs`), so the ratios hold up on a machine
//! that others use too.
//!
//! ```text
//! cargo bench --bench functions
//! cargo bench --bench functions -- exp tanh gauss                   # some functions and expressions
//! RUSTFLAGS="-C target-cpu=native" cargo bench --bench functions    # std's loops and `wide` with all instructions of this CPU
//! ```
//! The functions are also drawn: `target/functions.svg`.

#[path = "../common/mod.rs"]
mod common;

mod chart;
mod composite;
mod contenders;
mod peers;

use std::path::PathBuf;
use std::process::ExitCode;

use common::ratio::{Figures, Race, Verdicts, time, times};
use common::{Lines, compiled_for};
use composite::{Arrays, ByHand, COMPOSITES, Composite};
use contenders::{Float, NAMES, Points, interval, ways};
use lexopt::{Arg, Parser, ValueExt};
use tilexpr::math::Elementary;
use tilexpr::{Args, Expr, FromResult, IntoArg, Out};

const HELP: &str = "\
The elementary functions: nanoseconds an element, beside what others need.

usage: cargo bench --bench functions -- [OPTIONS] [NAME...]

  NAME            functions (exp, sin, pow ...), expressions (axpb, trig, gauss ...), `compile`; all if none is named
  --rounds N      rounds of each race (25)
  --least         the least of the rounds instead of the median: for a machine that others use
  --threads N     threads for the expressions (2, as the figures that stand beside)
  --chart FILE    where the picture goes (target/functions.svg)
  --help          this text
";

/// Elements of an array: of four such arrays of f64, 64 KB are all that is touched by one contender.
const N: usize = 2000;
/// An expression with five functions.
const FIVE: &str = "exp(-a)*sin(b) + log(b)*tanh(c) - arctan2(a, c)";
/// Nanoseconds an element that were asked for, of f64 and f32, at 3.6 GHz.
const ASKED: [(Elementary, [f64; 2]); 6] = [
    (Elementary::Exp, [1.8, 0.6]),
    (Elementary::Log, [2.4, 0.8]),
    (Elementary::Sin, [2.8, 0.9]),
    (Elementary::Cos, [2.8, 0.9]),
    (Elementary::Tanh, [3.2, 1.2]),
    (Elementary::Pow, [8.0, 3.0]),
];

struct Options {
    names: Vec<String>,
    rounds: usize,
    least: bool,
    threads: usize,
    chart: PathBuf,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }

    /// The figure of a contender.
    fn ns(&self, figures: &Figures, name: &str) -> f64 {
        if self.least { figures.least(name) } else { figures.ns(name) }
    }

    /// How many times as long as `than` a contender takes.
    fn ratio(&self, figures: &Figures, name: &str, than: &str) -> f64 {
        if self.least { figures.least(name) / figures.least(than) } else { figures.ratio(name, than) }
    }
}

fn main() -> ExitCode {
    match options() {
        Ok(Some(options)) => run(&options),
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}\nTry `--help` for the options.");
            ExitCode::from(2)
        }
    }
}

/// The options; `None` for `--help`.
fn options() -> Result<Option<Options>, lexopt::Error> {
    let chart = PathBuf::from("target/functions.svg");
    let mut options = Options { names: Vec::new(), rounds: 25, least: false, threads: 2, chart };
    let mut parser = Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            // Cargo's own word to a bench.
            Arg::Long("bench") => {}
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Long("rounds") => options.rounds = parser.value()?.parse::<usize>()?.max(1),
            Arg::Long("least") => options.least = true,
            Arg::Long("threads") => options.threads = parser.value()?.parse::<usize>()?.max(1),
            Arg::Long("chart") => options.chart = parser.value()?.into(),
            Arg::Value(name) => {
                let name = name.string()?;
                let known = name == "compile"
                    || Elementary::from_name(&name).is_some()
                    || COMPOSITES.iter().any(|composite| composite.name == name);
                if !known {
                    return Err(format!("there is neither a function nor an expression `{name}`").into());
                }
                options.names.push(name);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

fn run(options: &Options) -> ExitCode {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build_global();
    pool.expect("nobody has made the pool before");
    println!("std's loops and wide compiled for {}", compiled_for());
    let mut verdicts = Verdicts::default();
    let panels = [("f64", functions::<f64>(options, &mut verdicts)), ("f32", functions::<f32>(options, &mut verdicts))];
    if !panels[0].1.is_empty() {
        match chart::draw(&options.chart, &panels) {
            Ok(()) => println!("\nDrawn: {}", options.chart.display()),
            Err(error) => eprintln!("cannot draw `{}`: {error}", options.chart.display()),
        }
    }
    let wanted: Vec<&Composite> = COMPOSITES.iter().filter(|composite| options.wants(composite.name)).collect();
    if !wanted.is_empty() {
        composites(options, &wanted);
    }
    if options.wants("compile") {
        compile(options, &mut verdicts);
    }
    verdicts.print();
    ExitCode::SUCCESS
}

/// Random numbers, the same each time.
fn numbers() -> impl FnMut(f64, f64) -> f64 {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    move |low, high| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        low + (high - low) * (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Each function against the other ways to it.
fn functions<T: Float>(options: &Options, verdicts: &mut Verdicts) -> Vec<chart::Row> {
    let mut rows = Vec::new();
    let wanted = Elementary::ALL.iter().filter(|function| options.wants(function.name()));
    for &function in wanted {
        if rows.is_empty() {
            println!("\n{}, {N} elements, one thread: ns an element", T::NAME);
            println!("{:<10}{}   std / tilexpr", "", NAMES.map(|name| format!("{name:>9}")).concat());
        }
        let mut number = numbers();
        let [x, y] = interval(function).map(|(low, high)| (0..N).map(|_| T::of(number(low, high))).collect());
        let mut points = Points { x, y, out: vec![T::of(0.0); N] };
        let mut race = Race::new(function.name()).rounds(options.rounds);
        for (name, way) in ways::<T>(function) {
            race.add(name, move |points: &mut Points<T>| way(points));
        }
        let figures = race.run(&mut points);
        let ns = |name: &str| {
            let ran = figures.names().iter().any(|n| n == name);
            if ran { options.ns(&figures, name) / N as f64 } else { f64::NAN }
        };
        let row = NAMES.map(ns);
        let ratio = if row[2].is_nan() { f64::NAN } else { options.ratio(&figures, "std", "tilexpr") };
        let shown = row.map(|x| format!("{:>9}", cell(x))).concat();
        println!("{:<10}{shown}   {:>6}", function.name(), cell(ratio));
        if let Some((_, asked)) = ASKED.iter().find(|(f, _)| *f == function) {
            let what = format!("{} of {}, an element", function.name(), T::NAME);
            verdicts.at_most(what, asked[usize::from(T::NAME == "f32")], row[0], |x| format!("{x:.2} ns"));
        }
        if !ratio.is_nan() {
            verdicts.at_least(format!("{} of {}: std over tilexpr", function.name(), T::NAME), 1.0, ratio, times);
        }
        rows.push((function.name(), row));
    }
    rows
}

/// A figure with three digits, or nothing.
fn cell(x: f64) -> String {
    match x {
        _ if x.is_nan() => String::new(),
        _ if x >= 100.0 => format!("{x:.0}"),
        _ if x >= 10.0 => format!("{x:.1}"),
        _ => format!("{x:.2}"),
    }
}

/// Expressions against loops by hand, with the peers' figures beside.
fn composites(options: &Options, wanted: &[&Composite]) {
    println!(
        "\nExpressions, {} threads: ns an element. Right of the bar: measured on another machine (two threads,",
        options.threads
    );
    println!("AVX-512), so that ratios to those columns are a hint and no more.");
    let heads = peers::PEERS.map(|name| format!("{name:>9}")).concat();
    println!("{:<8} {:<4} {:>9} {:>9} {:>9} {:>9} |{heads}", "", "", "elements", "tilexpr", "by hand", "hand/t.");
    for composite in wanted {
        for n in [1_000, 100_000, 3_000_000] {
            one_composite::<f64>(options, composite, n);
            one_composite::<f32>(options, composite, n);
        }
    }
    for composite in wanted {
        println!("{:<8} {}", composite.name, composite.text);
    }
}

fn one_composite<T>(options: &Options, composite: &Composite, n: usize)
where
    T: ByHand + FromResult + std::iter::Sum<T>,
    for<'a> &'a [T]: IntoArg<'a>,
    [T]: Out,
{
    let mut arrays = Arrays::<T>::new(n, numbers());
    let expr = composite::expression(composite);
    let mut race = Race::new(composite.name).rounds(options.rounds);
    race.add("tilexpr", move |arrays: &mut Arrays<T>| arrays.tilexpr(&expr, composite.sum));
    race.add("by hand", |arrays| T::run(composite.name, arrays));
    let figures = race.run(&mut arrays);
    let ns = |name: &str| cell(options.ns(&figures, name) / n as f64);
    let peers = peers::figures(composite.name, T::NAME, n).map(|x| format!("{:>9}", cell(x))).concat();
    println!(
        "{:<8} {:<4} {n:>9} {:>9} {:>9} {:>9} |{peers}",
        composite.name,
        T::NAME,
        ns("tilexpr"),
        ns("by hand"),
        cell(options.ratio(&figures, "by hand", "tilexpr"))
    );
}

/// From the text to machine code, in a process that has compiled before.
fn compile(options: &Options, verdicts: &mut Verdicts) {
    let mut lines = Lines::<f64>::new(8);
    let mut renamed = 0;
    let mut race = Race::new(FIVE).rounds(options.rounds);
    race.add("warm", move |lines: &mut Lines<f64>| {
        renamed += 1;
        // A name that no text had before, so that nothing is found in a cache. It ends no other name of the text.
        let fresh = format!("q{renamed}");
        let text = FIVE.replace("(b)", &format!("({fresh})"));
        let like = Args::new().with("a", &lines.a).with(&fresh, &lines.b).with("c", &lines.c);
        let expr = Expr::compile(&text).expect("it compiles");
        drop(expr.prepare(["a", &fresh, "c"], like).expect("it prepares"));
    });
    let figures = race.run(&mut lines);
    verdicts.at_most(format!("{FIVE} to machine code, warm"), 0.6e6, options.ns(&figures, "warm"), time);
}
