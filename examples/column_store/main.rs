//! Why boxed numbers are slow: one table stored as objects behind pointers, as bytes that are converted, as rows, as columns; one
//! query of it.
//!
//!     cargo run --release --example column_store

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::arr0;

use common::alloc::count;
use common::chart::Axis;
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::prose::{beside, say};
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, Object, Stored, TEXT, Trade};

const HELP: &str = "\
The mean of price*volume where volume > 500, of a table of trades with six
fields, stored in several ways.

Usage: column_store [options]
  --rows N         rows of the table (default 1000000; a million rows in all
                   ways take 0.6 GB of memory)
  --threads N      threads of `tilexpr` (default: all)
  --seconds S      about how long each variant is timed (default 0.5)
  --quick          fewer rows and short times: under three seconds for all
  --out DIR        where the chart goes (default target/pictures)
  --json FILE      write the table as JSON
  --help           this text

The variants:
  boxed_results    lists of pointers to objects, an object for each result
  boxed_far        the same lists, objects scattered, results in registers
  boxed_near       the same, objects made in the order of the list
  converted        arrays of bytes; each access makes an object of eight
  row_pointers     a list of pointers to whole rows
  rows             rows in one piece
  columns          a piece of memory for each column
  columns_apart    the same, eight sums side by side
  tilexpr_serial   the query as a text, on one thread
  tilexpr          the same on all threads
Prices and volumes are such that sums are exact in any order: before anything is
timed, all variants must agree to the bit. `stored` are the bytes asked of the
allocator for a row, of the two columns or of the whole row, and `allocations`
how many pieces of memory one query of one row asks for.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("bytes_stored_per_row", "stored"),
    ("allocations_per_row", "allocations"),
    ("seconds", "time"),
    ("nanoseconds_per_row", "ns/row"),
    ("ratio_to_columns", "/ columns"),
];

/// Passes of each variant, at most.
const PASSES: usize = 30;
const LEAST: f64 = 500.0;

/// What was measured of a variant.
struct Row {
    name: &'static str,
    stored: f64,
    allocations: f64,
    seconds: f64,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (n, mut shared) = options(cli)?;
        let picture = shared.picture("column_store.svg")?;
        println!("{}\n{TEXT}\nof {n} rows, {} threads", cpu(), shared.threads);
        let rows = shared.in_pool(|| measure(n, shared.seconds(0.5, 0.05)))??;
        table(n, &rows).finish(shared.json.as_mut())?;
        draw(&picture, n, &rows)?;
        println!("\nchart: {}", picture.display());
        seen(n, &rows);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (rows, shared) = cli.one_count("rows", 1..=100_000_000, [1_000_000, 50_000])?;
    check_memory(600 * rows as u64, "--rows")?;
    Ok((rows, shared))
}

fn measure(n: usize, seconds: f64) -> Result<Vec<Row>, Failure> {
    let mut stored: Vec<(Box<dyn Stored>, f64)> = Vec::new();
    for (_, store) in ALL {
        let (table, counts) = count(|| store(n));
        // Trades on the way to their place are freed again, and no part of the table.
        stored.push((table?, counts.held as f64 / n as f64));
    }
    let names = ALL.map(|(name, _)| name);
    let expected = same_bits(&names, |at| Ok(arr0(stored[at].0.query(LEAST)?)))?;
    println!("the {} variants agree to the bit: {}\n", ALL.len(), expected[()]);
    let times = take_turns(ALL.len(), PASSES, seconds, |at| {
        std::hint::black_box(stored[at].0.query(std::hint::black_box(LEAST))?);
        Ok(())
    })?;
    let mut rows = Vec::new();
    for ((name, (table, stored)), times) in names.into_iter().zip(&stored).zip(&times) {
        let (result, counts) = count(|| table.query(LEAST));
        result?;
        rows.push(Row { name, stored: *stored, allocations: counts.calls as f64 / n as f64, seconds: median(times) });
    }
    Ok(rows)
}

fn time(rows: &[Row], name: &str) -> f64 {
    rows.iter().find(|row| row.name == name).map_or(f64::NAN, |row| row.seconds)
}

fn table(n: usize, rows: &[Row]) -> Table {
    let mut table = Table::new(COLUMNS);
    for row in rows {
        table.row(vec![
            Cell::Text(row.name.to_owned()),
            Cell::Number(row.stored, 1),
            Cell::Number(row.allocations, 2),
            Cell::Seconds(row.seconds),
            Cell::Number(row.seconds * 1e9 / n as f64, 3),
            Cell::Number(row.seconds / time(rows, "columns"), 2),
        ]);
    }
    table
}

fn draw(path: &std::path::Path, n: usize, rows: &[Row]) -> Result<(), Failure> {
    let chart = Ranking {
        title: &format!("mean of price*volume where volume > {LEAST}, {n} rows"),
        x: Axis { label: "ns a row", log: true },
        series: vec![String::new()],
        rows: rows.iter().map(|row| (row.name.to_owned(), vec![row.seconds * 1e9 / n as f64])).collect(),
    };
    chart.draw(path)
}

/// What is seen, and why.
fn seen(n: usize, rows: &[Row]) {
    let of = |name: &str| time(rows, name);
    let stored = |name: &str| rows.iter().find(|row| row.name == name).map_or(f64::NAN, |row| row.stored);
    let allocations = |name: &str| rows.iter().find(|row| row.name == name).map_or(f64::NAN, |row| row.allocations);
    let objects = of("boxed_far");
    say(&format!(
        "Lists of objects: {:.0} bytes for the two numbers of a row ({} for the value with its type, {} for the pointer, each, and what the allocator \
         keeps), where columns have {:.0}. Scattered objects take {} `columns`{}",
        stored("boxed_far"),
        size_of::<Object>(),
        size_of::<usize>(),
        stored("columns"),
        beside(objects, of("columns")),
        match objects > 1.3 * of("boxed_near") {
            true => format!(
                ", and {:.1} times the time of those made in order: each pointer leads to another cache line, which nobody could fetch ahead.",
                objects / of("boxed_near")
            ),
            false => ".".to_owned(),
        }
    ));
    say(&format!(
        "An object for each result as well: {:.2} allocations a row, and {} with results in registers.",
        allocations("boxed_results"),
        beside(of("boxed_results"), objects)
    ));
    say(&format!(
        "`converted` is as dense as columns ({:.0} bytes a row), and takes {} `columns`: {:.0} allocations a row, for numbers that lived for one \
         operation. Dense storage helps only those who compute without unpacking it one by one.",
        stored("converted"),
        beside(of("converted"), of("columns")),
        allocations("converted")
    ));
    let (row, column) = (size_of::<Trade>(), 16);
    let longer = of("rows") / of("columns_apart");
    say(&format!(
        "Rows in one piece take {} `columns_apart` ({} `columns`): of each row's {row} bytes the query wants {column}, but cache lines come whole.{} A query \
         that wants whole rows, a few of them, is better off with rows.",
        beside(of("rows"), of("columns_apart")),
        beside(of("rows"), of("columns")),
        match longer > 1.3 {
            true => " Besides, what lies a row apart does not fill vectors.",
            false => "",
        }
    ));
    say(&format!(
        "On dense columns the text takes {} `columns_apart` on one thread, {:.3} ns a row: 1/{:.0} of the time of `boxed_results`. On all threads it takes {:.3} ns.",
        beside(of("tilexpr_serial"), of("columns_apart")),
        of("tilexpr_serial") * 1e9 / n as f64,
        of("boxed_results") / of("tilexpr_serial"),
        of("tilexpr") * 1e9 / n as f64
    ));
}
