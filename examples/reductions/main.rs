//! Row norms, standardised columns, the mean squared error: as loops, as array operations, by tilexpr; and how sums of
//! `f32` go wrong.
//!
//! `variants.rs` has the computations, `single.rs` the sums of `f32`.
//!
//!     cargo run --release --example reductions

#[path = "../common/mod.rs"]
mod common;
mod single;
mod variants;

use std::path::Path;
use std::process::ExitCode;

use ndarray::{Array2, s};

use common::chart::{Axis, Bars, Lines};
use common::check::close;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::prose::{beside, say};
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use single::Numbers;
use variants::{Data, NAMES, TASKS};

const HELP: &str = "\
Row norms, standardised columns and the mean squared error of matrices of f64,
in five ways each; and the error of sums of many f32.

Usage: reductions [options]
  --rows N         rows of the matrices (default 6000)
  --columns N      columns (default 1000)
  --largest N      the most f32 that are summed (default 30000000)
  --threads N      threads of `tilexpr` (default: all)
  --seconds S      about how long each way is timed (default 2)
  --quick          small matrices and short times: under three seconds for all
  --out DIR        where the charts go (default target/pictures)
  --json FILE      write both tables as JSON
  --help           this text

The ways: `loops` add one number after another (and go down the columns to
standardise them); `loops_apart` keep several sums side by side; `ndarray` has
array operations; tilexpr on one thread and on all. They add in different
orders, so before anything is timed they must agree to 1 part in 10^12 (that of
10 where numbers are standardised, which are near 0). GB/s count what must be
read and written: `a` three times for standardised columns, else once.

The f32 are random numbers from 1 to 2; the table has the relative errors of
their sum. `compensated` is Kahan's, `in_f64` adds in f64, `tilexpr` too.
";

const TIMES: &[(&str, &str)] = &[
    ("task", "computation"),
    ("variant", "variant"),
    ("seconds", "time"),
    ("nanoseconds_per_element", "ns/element"),
    ("gigabytes_per_second", "GB/s"),
    ("ratio_to_tilexpr", "/ tilexpr"),
];

const ERRORS: &[(&str, &str)] = &[
    ("elements", "f32"),
    ("one_by_one", "one_by_one"),
    ("ndarray", "ndarray"),
    ("compensated", "compensated"),
    ("in_f64", "in_f64"),
    ("tilexpr", "tilexpr"),
];

const LONG: &[(&str, &str)] = &[
    ("task", "task"),
    ("variant", "variant"),
    ("elements", "elements"),
    ("seconds", "time"),
    ("relative_error", "relative error"),
];

/// Passes of each way, at most.
const PASSES: usize = 30;
const TOLERANCE: f64 = 1e-12;

struct Options {
    rows: usize,
    columns: usize,
    largest: usize,
    shared: Shared,
}

/// Relative errors of the sums of so many numbers.
struct Errors {
    elements: usize,
    errors: Vec<f64>,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let mut options = options(cli)?;
        let (times, errors) = (options.shared.picture("reductions.svg")?, options.shared.picture("f32_sums.svg")?);
        let (rows, columns) = (options.rows, options.columns);
        println!("{}\n{rows} x {columns} f64, {} threads", cpu(), options.shared.threads);
        let seconds = options.shared.in_pool(|| measure(&options))??;
        let sums = sums(options.largest)?;
        print(rows * columns, &seconds, &sums)?;
        long(rows * columns, &seconds, &sums).write(options.shared.json.as_mut())?;
        draw_times(&times, &options, &seconds)?;
        draw_errors(&errors, &sums)?;
        println!("\ncharts: {} and {}", times.display(), errors.display());
        seen(&seconds, &sums);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<Options, Failure> {
    let (mut rows, mut columns, mut largest, mut shared) = (None, None, None, Shared::new());
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "rows" => rows = Some(cli.count(&name, 2..=100_000_000)?),
            "columns" => columns = Some(cli.count(&name, 1..=1_000_000)?),
            "largest" => largest = Some(cli.count(&name, 100..=1_000_000_000)?),
            _ => shared.take(&name, cli)?,
        }
    }
    let (rows, columns) = (rows.unwrap_or(shared.usually(6000, 600)), columns.unwrap_or(1000));
    let largest = largest.unwrap_or(shared.usually(30_000_000, 1_000_000));
    // Two arrays, a result, two temporaries, two results that are compared.
    check_memory(8 * 7 * rows as u64 * columns as u64, "--rows")?;
    check_memory(4 * largest as u64, "--largest")?;
    Ok(Options { rows, columns, largest, shared })
}

/// Seconds of each way to each computation.
fn measure(options: &Options) -> Result<Vec<Vec<f64>>, Failure> {
    let mut data = Data::new(options.rows, options.columns)?;
    let mut all = Vec::new();
    for (at, task) in TASKS.iter().enumerate() {
        data.result = Array2::zeros((task.shape)(options.rows, options.columns));
        // Standardised numbers are near 0, where only their absolute error means anything.
        let shift = if task.name == "standardised columns" { 10.0 } else { 0.0 };
        close(&NAMES, TOLERANCE, |way| {
            task.pass(at, way, &mut data)?;
            Ok(&data.result + shift)
        })?;
        let seconds = options.shared.seconds(2.0, 0.15) / TASKS.len() as f64;
        let times = take_turns(NAMES.len(), PASSES, seconds, |way| Ok(task.pass(at, way, &mut data)?))?;
        all.push(times.iter().map(|times| median(times)).collect());
    }
    println!("the {} ways of each computation agree to 1 part in 10^12\n", NAMES.len());
    Ok(all)
}

fn sums(largest: usize) -> Result<Vec<Errors>, Failure> {
    let numbers = Numbers::new(largest);
    let sizes = (2..10).flat_map(|decade| [1, 3].map(|n| n * 10_usize.pow(decade)));
    let errors = |elements: usize| {
        let some = numbers.all.slice(s![..elements]).to_owned();
        let error = |(_, sum): &(_, fn(&_) -> Result<f32, Failure>)| Ok(numbers.error(elements, sum(&some)?));
        Ok(Errors { elements, errors: single::ALL.iter().map(error).collect::<Result<_, Failure>>()? })
    };
    sizes.take_while(|&n| n <= largest).map(errors).collect()
}

fn print(elements: usize, seconds: &[Vec<f64>], sums: &[Errors]) -> Result<(), Failure> {
    let mut times = Table::new(TIMES);
    for (task, seconds) in TASKS.iter().zip(seconds) {
        for (name, &time) in NAMES.iter().zip(seconds) {
            let ns = time * 1e9 / elements as f64;
            times.row(vec![
                Cell::Text(task.name.to_owned()),
                Cell::Text(name.to_string()),
                Cell::Seconds(time),
                Cell::Number(ns, 3),
                Cell::Number(task.bytes as f64 / ns, 1),
                Cell::Number(time / seconds[NAMES.len() - 1], 2),
            ]);
        }
    }
    times.print()?;
    println!("\nrelative errors of the sum of so many f32\n");
    let mut errors = Table::new(ERRORS);
    for row in sums {
        let cells = row.errors.iter().map(|error| Cell::Text(format!("{error:.1e}")));
        errors.row([Cell::Count(row.elements as u64)].into_iter().chain(cells).collect());
    }
    Ok(errors.print()?)
}

fn long(elements: usize, seconds: &[Vec<f64>], sums: &[Errors]) -> Table {
    let mut table = Table::new(LONG);
    let mut row = |task: &str, name: &str, elements: usize, time: f64, error: f64| {
        let (task, name) = (Cell::Text(task.to_owned()), Cell::Text(name.to_owned()));
        table.row(vec![task, name, Cell::Count(elements as u64), Cell::Seconds(time), Cell::Number(error, 9)]);
    };
    for (task, seconds) in TASKS.iter().zip(seconds) {
        NAMES.iter().zip(seconds).for_each(|(name, &time)| row(task.name, name, elements, time, f64::NAN));
    }
    for sums in sums {
        let named = single::ALL.iter().zip(&sums.errors);
        named.for_each(|((name, _), &error)| row("sum of f32", name, sums.elements, f64::NAN, error));
    }
    table
}

fn draw_times(path: &Path, options: &Options, seconds: &[Vec<f64>]) -> Result<(), Failure> {
    let elements = (options.rows * options.columns) as f64;
    let figures = |seconds: &Vec<f64>| seconds.iter().map(|time| time * 1e9 / elements).collect();
    let chart = Bars {
        title: &format!("reductions of {} x {} f64", options.rows, options.columns),
        y: Axis { label: "ns an element", log: true },
        names: NAMES.map(str::to_owned).to_vec(),
        groups: TASKS.iter().zip(seconds).map(|(task, seconds)| (task.name.to_owned(), figures(seconds))).collect(),
    };
    chart.draw(path)
}

fn draw_errors(path: &Path, sums: &[Errors]) -> Result<(), Failure> {
    let line = |(at, (name, _)): (usize, &(&str, _))| {
        (name.to_string(), sums.iter().map(|row| (row.elements as f64, row.errors[at])).collect())
    };
    let chart = Lines {
        title: "the sum of numbers of f32 from 1 to 2 (errors of 0 are not shown)",
        x: Axis { label: "numbers", log: true },
        y: Axis { label: "relative error", log: true },
        lines: single::ALL.iter().enumerate().map(line).collect(),
        marks: Vec::new(),
    };
    chart.draw(path)
}

/// What is seen, and why.
fn seen(seconds: &[Vec<f64>], sums: &[Errors]) {
    let [norms, columns, error] = seconds else { return };
    say(&format!(
        "Row norms: one sum takes {} sixteen sums side by side. {}",
        beside(norms[0], norms[1]),
        match norms[0] > 1.3 * norms[1] {
            true =>
                "Each addition waits for the one before it, and the compiler may not change the order of additions of floats. Sums \
                 side by side are vector code, and their order is one that the programmer chose.",
            false => "Here the waiting for additions is hidden by the reading of memory.",
        }
    ));
    say(&format!(
        "Standardised columns: going down each column takes {} going along rows with a line of sums. {}",
        beside(columns[0], columns[1]),
        match columns[0] > 1.3 * columns[1] {
            true =>
                "Columns of a matrix in C order are crossed, a cache line for each number; see the example `loop_order`.",
            false => "The matrix is small, or columns are few, so that lines stay in the cache.",
        }
    ));
    say(&format!(
        "Beside `tilexpr_serial`, ndarray takes {:.1} times the time for the norms, {:.1} for the columns and {:.1} for the error: it makes arrays of squares and \
         differences, which are written and read again. All threads take {:.2}, {:.2} and {:.2} of the time of one.",
        norms[2] / norms[3],
        columns[2] / columns[3],
        error[2] / error[3],
        norms[4] / norms[3],
        columns[4] / columns[3],
        error[4] / error[3]
    ));
    let Some(last) = sums.last() else { return };
    say(&format!(
        "The sum of {} f32 is off by {:.1e} if they are added one by one, by {:.1e} in ndarray's eight sums, by {:.1e} compensated, by \
         {:.1e} in f64 and by {:.1e} by tilexpr, which carries f32 in f64 and rounds once. A sum of f32 has 24 bits: the larger it \
         is, the more of each further number is lost, and numbers below 2 no longer change it from 2^25 on.",
        last.elements, last.errors[0], last.errors[1], last.errors[2], last.errors[3], last.errors[4]
    ));
}
