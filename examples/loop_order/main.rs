//! Two nested loops, and the same two swapped: on arrays whose rows lie in one piece (C order), or whose columns do (F order).
//!
//!     cargo run --release --example loop_order

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, ShapeBuilder, s};
use tilexpr::{Expr, Order, Threads, args};

use common::chart::{Axis, Bars};
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::prose::{beside, say};
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, Formulas};

const HELP: &str = "\
y = a*a + 1 on a matrix of f64, with loops in either order, on arrays that lie
in either order.

Usage: loop_order [options]
  --size N         rows, and columns (default 4096; then an array is 134 MB)
  --threads N      threads of `tilexpr` (default: all)
  --seconds S      about how long each variant is timed (default 2)
  --quick          a small matrix and short times: under three seconds for all
  --out DIR        where the chart goes (default target/pictures)
  --json FILE      write the table as JSON, a row for each variant and layout
  --help           this text

The variants are `rows_outside` (for i, for j), `columns_outside` (for j, for
i), ndarray's `zip`, and tilexpr on one thread and on all. The layouts:
  C                rows in one piece, in `a` and in `y`
  C, rows apart    the same, with 8 numbers of room behind each row
  F                columns in one piece
  C to F           `a` in C order, `y` in F order
Before anything is timed, all variants must agree to the bit in all layouts.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("layout", "layout"),
    ("seconds", "time"),
    ("nanoseconds_per_element", "ns/element"),
    ("gigabytes_per_second", "effective GB/s"),
    ("ratio_to_best_of_layout", "/ best of layout"),
];

const LAYOUTS: [&str; 4] = ["C", "C, rows apart", "F", "C to F"];
/// Numbers of room behind the rows of `C, rows apart`: a cache line.
const ROOM: usize = 8;
/// Passes of each variant on each layout, at most.
const PASSES: usize = 20;

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (size, mut shared) = options(cli)?;
        let picture = shared.picture("loop_order.svg")?;
        println!("{}\ny = a*a + 1 on {size} x {size} numbers, {} threads", cpu(), shared.threads);
        let formula = Expr::compile("a*a + 1")?;
        let formulas = Formulas { serial: formula.with_threads(Threads::Serial), all: formula };
        let seconds = shared.in_pool(|| measure(size, &formulas, shared.seconds(2.0, 0.2)))??;
        table(size, &seconds).finish(shared.json.as_mut())?;
        draw(&picture, size, &seconds)?;
        println!("\nchart: {}", picture.display());
        nests(size)?;
        seen(size, &seconds);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (size, shared) = cli.one_count("size", 1..=100_000, [4096, 1024])?;
    // Two arrays, and two results that are compared.
    check_memory(8 * 4 * (size as u64) * (size + ROOM) as u64, "--size")?;
    Ok((size, shared))
}

/// Memory of a layout: the array to read, and the one to write.
struct Pair {
    a: Array2<f64>,
    y: Array2<f64>,
    size: usize,
}

impl Pair {
    fn new(layout: &str, size: usize) -> Pair {
        let value = |(i, j): (usize, usize)| ((i * 7 + j * 3) % 101) as f64 / 16.0;
        let width = if layout == "C, rows apart" { size + ROOM } else { size };
        let shape = |f: bool| (size, width).set_f(f);
        Pair {
            a: Array2::from_shape_fn(shape(layout == "F"), value),
            y: Array2::zeros(shape(layout.ends_with('F'))),
            size,
        }
    }

    /// Without the room behind rows.
    fn views(&mut self) -> (ArrayView2<'_, f64>, ArrayViewMut2<'_, f64>) {
        let width = self.size;
        (self.a.slice(s![.., ..width]), self.y.slice_mut(s![.., ..width]))
    }
}

/// Seconds of each variant on each layout.
fn measure(size: usize, formulas: &Formulas, seconds: f64) -> Result<Vec<Vec<f64>>, Failure> {
    let names = ALL.map(|(name, _)| name);
    let mut all = Vec::new();
    for layout in LAYOUTS {
        let mut pair = Pair::new(layout, size);
        same_bits(&names, |at| {
            pair.y.fill(0.0);
            let (a, y) = pair.views();
            ALL[at].1(formulas, a, y)?;
            Ok(pair.views().1.to_owned())
        })?;
        let times = take_turns(ALL.len(), PASSES, seconds / LAYOUTS.len() as f64, |at| {
            let (a, y) = pair.views();
            Ok(ALL[at].1(formulas, a, y)?)
        })?;
        all.push(times.iter().map(|times| median(times)).collect());
    }
    println!("the {} variants agree to the bit in all layouts\n", ALL.len());
    Ok(all)
}

fn table(size: usize, seconds: &[Vec<f64>]) -> Table {
    let mut table = Table::new(COLUMNS);
    let elements = (size * size) as f64;
    for (layout, seconds) in LAYOUTS.iter().zip(seconds) {
        let best = seconds.iter().copied().fold(f64::INFINITY, f64::min);
        for ((name, _), &time) in ALL.iter().zip(seconds) {
            table.row(vec![
                Cell::Text(name.to_string()),
                Cell::Text(layout.to_string()),
                Cell::Seconds(time),
                Cell::Number(time * 1e9 / elements, 2),
                Cell::Number(16.0 * elements / time / 1e9, 1),
                Cell::Number(time / best, 1),
            ]);
        }
    }
    table
}

fn draw(path: &std::path::Path, size: usize, seconds: &[Vec<f64>]) -> Result<(), Failure> {
    let figures = |seconds: &Vec<f64>| seconds.iter().map(|time| time * 1e9 / (size * size) as f64).collect();
    let chart = Bars {
        title: &format!("y = a*a + 1, {size} x {size} f64, by how the arrays lie"),
        y: Axis { label: "ns an element", log: true },
        names: ALL.map(|(name, _)| name.to_owned()).to_vec(),
        groups: LAYOUTS.iter().zip(seconds).map(|(layout, seconds)| (layout.to_string(), figures(seconds))).collect(),
    };
    chart.draw(path)
}

/// Prints the loops that the planner chooses, as `explain` shows them.
fn nests(size: usize) -> Result<(), Failure> {
    println!("\nThe loops of tilexpr, by `explain`:");
    let orders = [("C", false, Order::C), ("F", true, Order::F), ("C to F", false, Order::F)];
    for (layout, columns, order) in orders {
        let a = Array2::<f64>::zeros((size, size).set_f(columns));
        let formula = Expr::builder().order(order).threads(Threads::Serial).compile("a*a + 1")?;
        let explained = formula.explain(args![a])?.to_string();
        println!("  {layout}");
        let told = |line: &&str| ["loops", "reads", "writes"].iter().any(|word| line.trim_start().starts_with(word));
        explained.lines().filter(told).for_each(|line| println!("  {line}"));
    }
    Ok(())
}

/// What is seen, and why.
fn seen(size: usize, seconds: &[Vec<f64>]) {
    let of = |layout: &str, variant: &str| {
        let at = |names: &[&str], name| names.iter().position(|n| *n == name).unwrap_or(0);
        seconds[at(&LAYOUTS, layout)][at(&ALL.map(|(name, _)| name), variant)]
    };
    let (rows, columns) = (of("C", "rows_outside"), of("C", "columns_outside"));
    say(&format!(
        "The puzzle: the same two loops, swapped. In C order `columns_outside` takes {} `rows_outside`, and in F order \
         `rows_outside` takes {} `columns_outside`.",
        beside(columns, rows),
        beside(of("F", "rows_outside"), of("F", "columns_outside"))
    ));
    if columns > 1.5 * rows {
        say(&format!(
            "The work is the same; what differs is the step of the inner loop. A cache line holds 8 numbers. Along memory one line \
             serves 8 steps, and the hardware fetches the next ones meanwhile. Across it each step is {} further: one line for \
             one number, read and written, another page of memory, and when the inner loop is done the first lines have left the \
             cache.",
            common::prose::bytes(8 * size as u64)
        ));
    }
    let apart = of("C, rows apart", "columns_outside");
    if size.is_power_of_two() && columns > 1.2 * apart {
        say(&format!(
            "With a row length of 2^{} all numbers of a column compete for the same few places of the cache. 8 numbers of \
             room behind each row bring the wrong order from {:.1} to {:.1} ns an element.",
            size.ilog2(),
            columns * 1e9 / (size * size) as f64,
            apart * 1e9 / (size * size) as f64
        ));
    }
    planner(rows, &of);
}

/// What becomes of the puzzle where nobody writes loops.
fn planner(rows: f64, of: &dyn Fn(&str, &str) -> f64) {
    say(&format!(
        "Who writes no loop cannot get them wrong: on one thread `tilexpr_serial` takes {} the right loops in C order, and {} them \
         in F order. Its loop goes as memory lies: `explain` shows both axes as one.",
        beside(of("C", "tilexpr_serial"), rows),
        beside(of("F", "tilexpr_serial"), of("F", "columns_outside"))
    ));
    let better = f64::min(of("C to F", "rows_outside"), of("C to F", "columns_outside"));
    let serial = of("C to F", "tilexpr_serial");
    let why = match serial < 0.8 * better {
        true => " It copies tiles of 64 x 64 into a buffer that stays in the nearest cache, and there steps are cheap.",
        false => "",
    };
    say(&format!(
        "From C to F order there is no right order: one of the two arrays is crossed either way. `tilexpr_serial` takes {} the \
         better of the two loops.{why}",
        beside(serial, better)
    ));
}
