//! What temporaries cost: `a*b + c` in eight ways, from arrays that fit the nearest cache to arrays that fit none.
//!
//! `variants.rs` has the eight ways, and with `--append` four ways to make an array number by number. The lesson to it is
//! `docs/course/temporaries.md`.
//!
//!     cargo run --release --example temporaries
//!     cargo run --release --example temporaries -- --append

mod chart;
#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use common::alloc::count;
use common::check::same_bits;
use common::cli::{Failure, Shared, check_memory, run};
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, GROWING, Lines};

const HELP: &str = "\
What temporaries cost: `a*b + c` in eight ways on 100 to 10,000,000 numbers, and
a chart of it; or what it costs to append to an array in a loop.

Usage: temporaries [options]
  --append         append in a loop instead, in four ways
  --largest N      the most elements of an array (default 10000000; with
                   `--append` 30000)
  --threads N      threads of `eval`, `eval_into`, `prepared` (default: all)
  --seconds S      about how long each variant is timed (default 1)
  --quick          short arrays and times: a few seconds for all
  --out DIR        where the chart goes (default target/pictures)
  --json FILE      write the table as JSON
  --help           this text

Before anything is timed, all variants must agree to the bit. The figures are
nanoseconds an element, the median of many passes; `arrays` is what the four
arrays take together. The chart is temporaries.svg; its grey lines stand where
the four arrays fill a cache of this machine.
";

const COLUMNS: &[(&str, &str)] = &[
    ("elements", "elements"),
    ("bytes", "arrays"),
    ("two_temporaries", "two_temporaries"),
    ("chain", "chain"),
    ("in_place", "in_place"),
    ("zip", "zip"),
    ("eval", "eval"),
    ("eval_into_serial", "eval_into_serial"),
    ("eval_into", "eval_into"),
    ("prepared", "prepared"),
];

const ROWS: &[(&str, &str)] =
    &[("variant", "variant"), ("elements", "elements"), ("bytes", "arrays"), ("nanoseconds_per_element", "ns/element")];

const GROWTH: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("elements", "elements"),
    ("seconds", "time"),
    ("nanoseconds_per_element", "ns/element"),
    ("bytes_allocated", "allocated"),
    ("allocations", "allocations"),
];

/// Passes of each variant at most.
const PASSES: usize = 200;
/// Elements of a pass at least: short arrays are computed several times, or the clock would be what is measured.
const ELEMENTS: usize = 20_000;

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (mut append, mut largest, mut shared) = (false, None, Shared::new());
        while let Some(name) = cli.option()? {
            match name.as_str() {
                "append" => append = true,
                "largest" => largest = Some(cli.count(&name, 100..=1_000_000_000)?),
                _ => shared.take(&name, cli)?,
            }
        }
        let usual = if append { shared.usually(30_000, 1_000) } else { shared.usually(10_000_000, 100_000) };
        let largest = largest.unwrap_or(usual);
        match append {
            true => Ok(grow(largest, shared.seconds(1.0, 0.1))?.finish(shared.json.as_mut())?),
            false => {
                let (shown, written) = sweep(largest, &shared)?;
                shown.print()?;
                Ok(written.write(shared.json.as_mut())?)
            }
        }
    })
}

/// 100, 300, 1000 and so on.
fn sizes(largest: usize) -> Vec<usize> {
    let decades = (2..10).map(|decade| 10_usize.pow(decade));
    decades.flat_map(|n| [n, 3 * n]).take_while(|&n| n <= largest).collect()
}

/// The table for people, a column for each variant, and the one for programs, a row for each.
fn sweep(largest: usize, shared: &Shared) -> Result<(Table, Table), Failure> {
    check_memory(48 * largest as u64, "--largest")?;
    let picture = shared.picture("temporaries.svg")?;
    let (names, sizes) = (ALL.map(|(name, _)| name), sizes(largest));
    println!("a*b + c on {} threads", shared.threads);
    let figures = shared.in_pool(|| {
        let seconds = shared.seconds(1.0, 0.1) / sizes.len() as f64;
        sizes.iter().map(|&n| measure(&names, n, seconds)).collect::<Result<Vec<_>, Failure>>()
    })??;
    chart::draw(&picture, &names, &sizes, &figures)?;
    println!("the {} variants agree to the bit; in ns an element\nchart: {}\n", ALL.len(), picture.display());
    let (mut shown, mut written) = (Table::new(COLUMNS), Table::new(ROWS));
    for (&n, figures) in sizes.iter().zip(&figures) {
        let head = || [Cell::Count(n as u64), Cell::Bytes(32 * n as u64)];
        shown.row(head().into_iter().chain(figures.iter().map(|&ns| Cell::Number(ns, 3))).collect());
        for (name, &ns) in names.iter().zip(figures) {
            written
                .row([Cell::Text(name.to_string())].into_iter().chain(head()).chain([Cell::Number(ns, 3)]).collect());
        }
    }
    Ok((shown, written))
}

/// Nanoseconds an element of each variant.
fn measure(names: &[&str], n: usize, seconds: f64) -> Result<Vec<f64>, Failure> {
    let mut lines = Lines::new(n)?;
    same_bits(names, |at| {
        lines.y.fill(0.0);
        ALL[at].1(&mut lines)?;
        Ok(lines.y.clone())
    })?;
    let repeats = ELEMENTS.div_ceil(n);
    let times = take_turns(ALL.len(), PASSES, seconds, |at| {
        for _ in 0..repeats {
            ALL[at].1(std::hint::black_box(&mut lines))?;
        }
        Ok(())
    })?;
    Ok(times.iter().map(|times| median(times) * 1e9 / (repeats * n) as f64).collect())
}

fn grow(largest: usize, seconds: f64) -> Result<Table, Failure> {
    let (names, sizes) = (GROWING.map(|(name, _)| name), sizes(largest));
    let mut table = Table::new(GROWTH);
    for &n in &sizes {
        same_bits(&names, |at| Ok(GROWING[at].1(n)))?;
        let times = take_turns(GROWING.len(), PASSES, seconds / sizes.len() as f64, |at| {
            drop(std::hint::black_box(GROWING[at].1(n)));
            Ok(())
        })?;
        for ((name, make), times) in GROWING.iter().zip(&times) {
            let (line, counts) = count(|| make(n));
            drop(line);
            let seconds = median(times);
            table.row(vec![
                Cell::Text(name.to_string()),
                Cell::Count(n as u64),
                Cell::Seconds(seconds),
                Cell::Number(seconds * 1e9 / n as f64, 2),
                Cell::Bytes(counts.bytes),
                Cell::Count(counts.calls),
            ]);
        }
    }
    println!("an array made number by number; the {} variants agree to the bit\n", GROWING.len());
    Ok(table)
}
