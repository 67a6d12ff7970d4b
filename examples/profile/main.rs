//! Where the time of `a*b + c` goes: instructions, cycles, cache misses, page faults and memory, for numbers behind pointers, temporary
//! arrays, in-place operations and a fused pass.
//!
//!     cargo run --release --example profile

#[path = "../common/mod.rs"]
mod common;
mod counters;
mod variants;

use std::process::ExitCode;

use common::alloc::{Counts, count};
use common::chart::Axis;
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::prose::{beside, say};
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns_timed, timed};
use counters::Counters;
use variants::{ALL, Lines};

const HELP: &str = "\
Where the time of `a*b + c` goes, on one thread, in six ways.

Usage: profile [options]
  --size N       how many numbers (default 2000000; needs 800 MB of memory)
  --seconds S    about how long each variant is timed (default 1)
  --quick        few numbers and short times: a second for all
  --out DIR      where the chart goes (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

Before anything is timed, all variants must agree to the bit. The table shows,
of each, the median time of its passes, and of one more pass
  instr, cycles, cache-m, branch-m    for each number: instructions, cycles,
                 cache misses and branch misses, counted by the CPU; empty where
                 the system does not give its counters
  faults         page faults: new memory that the system had to fill in
  allocated, allocations    bytes, and how many times
  peak           the most that was held at one time
The chart is profile.svg.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("seconds", "time"),
    ("nanoseconds_per_number", "ns/number"),
    ("instructions_per_number", "instr"),
    ("cycles_per_number", "cycles"),
    ("cache_misses_per_number", "cache-m"),
    ("branch_misses_per_number", "branch-m"),
    ("page_faults", "faults"),
    ("bytes_allocated", "allocated"),
    ("allocations", "allocations"),
    ("peak_bytes", "peak"),
];

/// Passes of each variant at most.
const PASSES: usize = 50;

/// One row of the table.
struct Row {
    name: &'static str,
    seconds: f64,
    events: counters::Counts,
    memory: Counts,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (size, mut shared) = options(cli)?;
        let picture = shared.picture("profile.svg")?;
        println!("{size} numbers, one thread, {}", cpu());
        let rows = measure(size, shared.seconds(1.0, 0.02))?;
        table(size, &rows).finish(shared.json.as_mut())?;
        let chart = Ranking {
            title: "a*b + c on one thread",
            x: Axis { label: "time in ns a number", log: true },
            series: vec![],
            rows: rows.iter().map(|row| (row.name.to_owned(), vec![row.seconds * 1e9 / size as f64])).collect(),
        };
        chart.draw(&picture)?;
        println!("\nchart: {}", picture.display());
        conclude(size, &rows);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (mut size, mut shared) = (None, Shared::new());
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "size" => size = Some(cli.count(&name, 1000..=100_000_000)?),
            "threads" => return Err(Failure::Usage("`--threads`: what is counted here is one thread".to_owned())),
            _ => shared.take(&name, cli)?,
        }
    }
    let size = size.unwrap_or(shared.usually(2_000_000, 100_000));
    check_memory(400 * size as u64, "--size")?;
    Ok((size, shared))
}

fn measure(size: usize, seconds: f64) -> Result<Vec<Row>, Failure> {
    let mut lines = Lines::new(size)?;
    same_bits(&ALL.map(|(name, _)| name), |at| {
        let (name, pass) = ALL[at];
        pass(&mut lines)?;
        let result = lines.result(name);
        lines.clear();
        Ok(result)
    })?;
    println!("the {} variants agree to the bit\n", ALL.len());
    let times = take_turns_timed(ALL.len(), PASSES, seconds, |at| {
        let seconds = timed(|| Ok(ALL[at].1(&mut lines)?))?;
        lines.clear();
        Ok(seconds)
    })?;
    let mut counters = Counters::open();
    let mut rows = Vec::new();
    for ((name, pass), times) in ALL.iter().zip(&times) {
        // Two passes: counting what is allocated takes instructions itself.
        let (result, events) = counters.count(|| pass(&mut lines));
        result?;
        lines.clear();
        let (result, memory) = count(|| pass(&mut lines));
        result?;
        lines.clear();
        rows.push(Row { name, seconds: median(times), events, memory });
    }
    Ok(rows)
}

fn table(size: usize, rows: &[Row]) -> Table {
    let mut table = Table::new(COLUMNS);
    for row in rows {
        let [instructions, cycles, cache, branch, faults] = row.events;
        let per_number = |count: Option<u64>, decimals| Cell::Number(each(count, size), decimals);
        table.row(vec![
            Cell::Text(row.name.to_owned()),
            Cell::Seconds(row.seconds),
            Cell::Number(row.seconds * 1e9 / size as f64, 2),
            per_number(instructions, 2),
            per_number(cycles, 2),
            per_number(cache, 3),
            per_number(branch, 4),
            Cell::Number(faults.map_or(f64::NAN, |count| count as f64), 0),
            Cell::Bytes(row.memory.bytes),
            Cell::Count(row.memory.calls),
            Cell::Bytes(row.memory.peak),
        ]);
    }
    table
}

/// A count for each number; NaN where there is none.
fn each(count: Option<u64>, size: usize) -> f64 {
    count.map_or(f64::NAN, |count| count as f64 / size as f64)
}

/// What is seen, in sentences that hold for these figures.
fn conclude(size: usize, rows: &[Row]) {
    let [scattered, boxed, temporaries, in_place, zip, tilexpr] = rows else { return };
    say(&format!(
        "Numbers behind pointers take {} `temporaries` where their objects lie in order, and {} it where they lie anywhere. A \
         pass allocates {:.1} times for each number.",
        beside(boxed.seconds, temporaries.seconds),
        beside(scattered.seconds, temporaries.seconds),
        boxed.memory.calls as f64 / size as f64
    ));
    let faults = match (temporaries.events[4], in_place.events[4]) {
        (Some(with), Some(without)) if with > without => format!(
            " It has {with} page faults, and `in_place` {without}: new memory is filled in by the system, page by page."
        ),
        _ => String::new(),
    };
    say(&format!(
        "`temporaries` allocates {:.1} MB in a pass, `in_place` {:.1}; it takes {} `in_place`.{faults}",
        temporaries.memory.bytes as f64 / 1e6,
        in_place.memory.bytes as f64 / 1e6,
        beside(temporaries.seconds, in_place.seconds)
    ));
    say(&format!(
        "`in_place` goes over memory three times, a fused pass once: by hand it takes {} `in_place`, by tilexpr {} it.",
        beside(zip.seconds, in_place.seconds),
        beside(tilexpr.seconds, in_place.seconds)
    ));
    let counted = |row: &Row| Some((each(Some(row.events[0]?), size), each(Some(row.events[1]?), size)));
    match (counted(zip), counted(tilexpr), counted(scattered)) {
        (Some(zip), Some(tilexpr), Some(scattered)) => say(&format!(
            "Instructions a number: {:.1} by hand, {:.1} by tilexpr. Instructions a cycle: {:.2}, {:.2}, and {:.2} of \
             `boxed_scattered`.",
            zip.0,
            tilexpr.0,
            zip.0 / zip.1,
            tilexpr.0 / tilexpr.1,
            scattered.0 / scattered.1
        )),
        _ => say(
            "The CPU's counters are not given here, so their columns are empty. Virtual machines and containers mostly have \
             none; on Linux they need /proc/sys/kernel/perf_event_paranoid to be 2 or less. `valgrind --tool=cachegrind` \
             counts without them.",
        ),
    }
}
