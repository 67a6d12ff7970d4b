//! How fast memory is, by how much of it is in use: bytes in a second, and the time that one access takes to be answered.
//!
//! `variants.rs` has what is done with a working set, `pages.rs` asks the system for large or small pages, `seen.rs` says what the
//! figures show.
//!
//!     cargo run --release --example memory_hierarchy

#[path = "../common/mod.rs"]
mod common;
mod pages;
mod seen;
mod variants;

use std::hint::black_box;
use std::process::ExitCode;

use tilexpr::{Expr, Threads};

use common::chart::{Axis, Lines};
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::{caches, cpu};
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::Chain;

const HELP: &str = "\
Bandwidth and latency of memory over the size of the working set, from 4 KiB to
several times the last cache.

Usage: memory_hierarchy [options]
  --largest MIB    the largest working set in MiB (default: four times the last
                   cache, at most 512)
  --threads N      threads of `tilexpr` (default: all)
  --seconds S      about how long each variant is timed (default 2)
  --quick          fewer sizes and short times: under three seconds for all
  --out DIR        where the charts go (default target/pictures)
  --json FILE      write the table as JSON, a row for each variant and size
  --help           this text

The variants:
  read             adds up all numbers of the working set
  write            overwrites them
  copy             copies one half to the other
  tilexpr_serial   a*b + c of three quarters into the fourth, on one thread
  tilexpr          the same on all threads
  latency          goes from cache line to cache line in a random order; each
                   line holds the address of the next
  latency_huge     the same in pages of 2 MiB, where the system has them
GB/s count the bytes of the working set once for each pass over it. Numbers are
whole, and each pass is checked for its exact result before anything is timed.
Built with RUSTFLAGS=-C target-cpu=native, `read` and `write` have wider vectors.
";

/// Variants that move bytes, in GB/s, then those that wait, in ns.
pub const NAMES: [&str; 7] = ["read", "write", "copy", "tilexpr_serial", "tilexpr", "latency", "latency_huge"];
/// How many of these move bytes.
pub const MOVING: usize = 5;

const WIDE: &[(&str, &str)] = &[
    ("bytes", "working set"),
    ("read", "read GB/s"),
    ("write", "write"),
    ("copy", "copy"),
    ("tilexpr_serial", "tilexpr_serial"),
    ("tilexpr", "tilexpr"),
    ("latency", "latency ns"),
    ("latency_huge", "latency_huge"),
];

const LONG: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("bytes", "working set"),
    ("gigabytes_per_second", "GB/s"),
    ("nanoseconds_per_access", "ns/access"),
];

/// Passes of each variant at one size, at most.
const PASSES: usize = 30;
/// Bytes that a pass moves at least, and steps that it walks at least: small sets are gone over several times.
const MOVED: usize = 1 << 20;
const STEPS: usize = 20_000;
/// The value that the numbers have, `a`, `b` and `c` among them.
const VALUE: f64 = 3.0;

/// What was measured at one size: a figure for each of [`NAMES`].
pub struct Row {
    pub bytes: usize,
    pub figures: [f64; NAMES.len()],
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (largest, mut shared) = options(cli)?;
        let bandwidth = shared.picture("memory_bandwidth.svg")?;
        let latency = shared.picture("memory_latency.svg")?;
        println!("{}", cpu());
        let sizes = sizes(largest, shared.quick);
        let (rows, huge) = shared.in_pool(|| measure(&sizes, shared.seconds(2.0, 0.08)))??;
        print(&rows)?;
        long(&rows).write(shared.json.as_mut())?;
        draw(&bandwidth, "bandwidth", "GB/s", false, 0..MOVING, &rows)?;
        draw(&latency, "latency of one access", "ns", true, MOVING..NAMES.len(), &rows)?;
        println!("\ncharts: {} and {}", bandwidth.display(), latency.display());
        seen::say_all(&rows, huge, shared.threads);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (mut largest, mut shared) = (None, Shared::new());
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "largest" => largest = Some(cli.count(&name, 1..=65_536)? << 20),
            _ => shared.take(&name, cli)?,
        }
    }
    let last = caches().last().map_or(32 << 20, |(_, bytes)| *bytes as usize);
    let largest = largest.unwrap_or((shared.usually(4, 2) * last).min(512 << 20));
    // The numbers, and the lines of both chains.
    check_memory(3 * largest as u64 + (64 << 20), "--largest")?;
    Ok((largest, shared))
}

/// Powers of two and their halves between; with `quick` every other power.
fn sizes(largest: usize, quick: bool) -> Vec<usize> {
    let powers = (12..).step_by(if quick { 2 } else { 1 }).map(|power| 1_usize << power);
    let between = |size: usize| if quick { vec![size] } else { vec![size, size / 2 * 3] };
    let mut sizes: Vec<usize> = powers.take_while(|&size| size <= largest).flat_map(between).collect();
    sizes.retain(|&size| size < largest);
    sizes.push(largest);
    sizes
}

/// The figures at each size, and how many bytes lay in huge pages.
fn measure(sizes: &[usize], seconds: f64) -> Result<(Vec<Row>, u64), Failure> {
    let largest = sizes.last().copied().unwrap_or(0);
    let mut numbers = vec![VALUE; largest / 8];
    let before = pages::in_huge_pages();
    let mut chains = [Chain::new(largest, false)?, Chain::new(largest, true)?];
    let huge = pages::in_huge_pages().saturating_sub(before);
    let formula = Expr::compile("a*b + c")?;
    let formulas = [formula.with_threads(Threads::Serial), formula];
    let mut rows = Vec::new();
    for &bytes in sizes {
        let x = &mut numbers[..bytes / 8];
        for chain in &mut chains {
            chain.link(bytes);
        }
        check(x, &formulas, &chains)?;
        rows.push(Row { bytes, figures: figures(x, &formulas, &chains, seconds / sizes.len() as f64)? });
    }
    println!("every pass gave its exact result\n");
    Ok((rows, huge))
}

/// An error unless each variant does what it says.
fn check(x: &mut [f64], formulas: &[Expr; 2], chains: &[Chain; 2]) -> Result<(), Failure> {
    let wrong = |name: &str| Err(Failure::from(format!("`{name}` did not give what it should")));
    for formula in formulas {
        variants::write(x, VALUE);
        variants::fused(x, formula)?;
        let n = x.len() / 4;
        if x[3 * n..4 * n].iter().any(|&y| y != VALUE * VALUE + VALUE) {
            return wrong("tilexpr");
        }
    }
    variants::write(x, VALUE);
    x[0] = VALUE + 1.0;
    variants::copy(x);
    if x[x.len() / 2] != VALUE + 1.0 {
        return wrong("copy");
    }
    variants::write(x, VALUE);
    if variants::read(x) != VALUE * x.len() as f64 {
        return wrong("read");
    }
    for chain in chains {
        if chain.cycle() != chain.length() {
            return wrong("latency");
        }
    }
    Ok(())
}

fn figures(
    x: &mut [f64],
    formulas: &[Expr; 2],
    chains: &[Chain; 2],
    seconds: f64,
) -> Result<[f64; NAMES.len()], Failure> {
    let bytes = 8 * x.len();
    let (repeats, steps) = (MOVED.div_ceil(bytes), STEPS.max(chains[0].length().min(10 * STEPS)));
    let mut places = [0; 2];
    let mut pass = |at: usize| {
        if let Some(chain) = at.checked_sub(MOVING) {
            places[chain] = chains[chain].walk(places[chain], steps);
            return Ok(());
        }
        for _ in 0..repeats {
            let x = black_box(&mut *x);
            match at {
                0 => drop(black_box(variants::read(x))),
                1 => variants::write(x, VALUE),
                2 => variants::copy(x),
                3 => variants::fused(x, &formulas[0])?,
                _ => variants::fused(x, &formulas[1])?,
            }
        }
        Ok(())
    };
    let mut figures = [0.0; NAMES.len()];
    for (at, figure) in figures.iter_mut().enumerate() {
        // One after the other: in turns, each would find what the others have left in the caches.
        let seconds = median(&take_turns(1, PASSES, seconds, |_| pass(at))?[0]);
        *figure = match at {
            _ if at < MOVING => (repeats * bytes) as f64 / seconds / 1e9,
            _ => seconds / steps as f64 * 1e9,
        };
    }
    black_box(places);
    Ok(figures)
}

fn print(rows: &[Row]) -> Result<(), Failure> {
    let mut table = Table::new(WIDE);
    for row in rows {
        let figures = row.figures.iter().map(|&figure| Cell::Number(figure, 1));
        table.row([Cell::Text(common::prose::bytes(row.bytes as u64))].into_iter().chain(figures).collect());
    }
    Ok(table.print()?)
}

fn long(rows: &[Row]) -> Table {
    let mut table = Table::new(LONG);
    for row in rows {
        for (at, (name, &figure)) in NAMES.iter().zip(&row.figures).enumerate() {
            let (moved, waited) = if at < MOVING { (figure, f64::NAN) } else { (f64::NAN, figure) };
            table.row(vec![
                Cell::Text(name.to_string()),
                Cell::Bytes(row.bytes as u64),
                Cell::Number(moved, 2),
                Cell::Number(waited, 2),
            ]);
        }
    }
    table
}

fn draw(
    path: &std::path::Path,
    title: &str,
    unit: &'static str,
    log: bool,
    which: std::ops::Range<usize>,
    rows: &[Row],
) -> Result<(), Failure> {
    let line = |at: usize| (NAMES[at].to_owned(), rows.iter().map(|row| (row.bytes as f64, row.figures[at])).collect());
    let chart = Lines {
        title: &format!("{title}; grey lines: the caches"),
        x: Axis { label: "bytes of the working set", log: true },
        y: Axis { label: unit, log },
        lines: which.map(line).collect(),
        marks: caches().into_iter().map(|(name, bytes)| (name, bytes as f64)).collect(),
    };
    chart.draw(path)
}
