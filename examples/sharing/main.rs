//! One sum on several threads: by a lock, by atomics, by a place for each thread, by a register for each thread.
//!
//! Then two things that go wrong: updates that are lost, and more threads than cores. `variants.rs` has the ways, and what
//! the compiler says to the one that it does not take.
//!
//!     cargo run --release --example sharing

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::{Array1, arr0};

use common::chart::Axis;
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::prose::{beside, say};
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{RIGHT, cores, load_store, local, lost_updates};

const HELP: &str = "\
The same sum of 4,000,000 numbers by several threads, shared in eleven ways, one
of which loses updates; and by more threads than there are cores.

Usage: sharing [options]
  --size N       how many numbers (default 4000000)
  --threads N    threads that add (default: all)
  --seconds S    about how long each variant is timed (default 0.8)
  --quick        few numbers and short times: a second for all
  --out DIR      where the chart goes (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

Before anything is timed, all variants but `load_store` must agree to the bit:
the numbers are whole, so that their sums are exact in any order. The table
shows, of each,
  time           the median of its timed passes; where the variant makes threads
                 of its own, that is part of it
  ns/number      the same for each number
  missing        the part of the sum that is missing in the worst of its passes
The rows `local_N` are `local` with N threads. The chart is sharing.svg.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("threads", "threads"),
    ("seconds", "time"),
    ("nanoseconds_per_number", "ns/number"),
    ("missing_percent", "missing %"),
];

/// Passes of each variant at most.
const PASSES: usize = 50;

/// One row of the table.
struct Row {
    name: String,
    threads: usize,
    seconds: f64,
    /// The least sum of all passes.
    least: f64,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (size, mut shared) = options(cli)?;
        let picture = shared.picture("sharing.svg")?;
        println!("{size} numbers, {} threads, {}", shared.threads, cpu());
        // Whole numbers from 0 to 15.
        let x = Array1::from_shape_fn(size, |i| (i * 7 % 16) as f64);
        let (rows, lost) = shared.in_pool(|| measure(&x, &shared))??;
        let right = x.sum();
        let mut table = Table::new(COLUMNS);
        for row in &rows {
            table.row(vec![
                Cell::Text(row.name.clone()),
                Cell::Count(row.threads as u64),
                Cell::Seconds(row.seconds),
                Cell::Number(row.seconds * 1e9 / size as f64, 2),
                Cell::Number(100.0 * (right - row.least) / right, 2),
            ]);
        }
        table.finish(shared.json.as_mut())?;
        let chart = Ranking {
            title: &format!("a sum by {} threads, shared in several ways", shared.threads),
            x: Axis { label: "time in ns a number", log: true },
            series: vec![],
            rows: rows.iter().map(|row| (row.name.clone(), vec![row.seconds * 1e9 / size as f64])).collect(),
        };
        chart.draw(&picture)?;
        println!("\nchart: {}", picture.display());
        conclude(&rows, lost, shared.threads);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (size, shared) = cli.one_count("size", 1000..=1_000_000_000, [4_000_000, 100_000])?;
    check_memory(9 * size as u64, "--size")?;
    Ok((size, shared))
}

/// The rows, and of how many increments how many were lost.
fn measure(x: &Array1<f64>, shared: &Shared) -> Result<(Vec<Row>, (usize, u64)), Failure> {
    let threads = shared.threads;
    let names = RIGHT.map(|(name, _)| name);
    same_bits(&names, |at| Ok(arr0(RIGHT[at].1(x, threads)?)))?;
    println!("the {} variants that are right agree to the bit\n", RIGHT.len());

    // What is timed: the wrong one, the right ones, and one of these with more and more threads.
    let oversubscribed = [4, 16, 64].map(|factor| factor * cores()).into_iter().filter(|&threads| threads <= 1024);
    let serial = ["serial", "tilexpr_serial"];
    let threads_of = |name| if serial.contains(&name) { 1 } else { threads };
    let mut all = vec![("load_store".to_owned(), load_store as variants::Sum, threads)];
    all.extend(RIGHT.map(|(name, sum)| (name.to_owned(), sum, threads_of(name))));
    all.extend(oversubscribed.map(|threads| (format!("local_{threads}"), local as variants::Sum, threads)));

    let mut least = vec![f64::INFINITY; all.len()];
    let times = take_turns(all.len(), PASSES, shared.seconds(0.8, 0.04), |at| {
        least[at] = all[at].1(x, all[at].2)?.min(least[at]);
        Ok(())
    })?;
    let row = |(((name, _, threads), times), least): (((String, _, usize), &Vec<f64>), f64)| Row {
        name,
        threads,
        seconds: median(times),
        least,
    };
    let rows = all.into_iter().zip(&times).zip(least).map(row).collect();
    // The worst of several trials, and not too short: threads that happen to run one after the other lose nothing.
    let increments = x.len().max(1_000_000) / threads * threads;
    let lost = (0..5).map(|_| lost_updates(increments, threads)).max().unwrap_or(0);
    Ok((rows, (increments, lost)))
}

/// What is seen, in sentences that hold for these figures.
fn conclude(rows: &[Row], (increments, lost): (usize, u64), threads: usize) {
    let time = |name: &str| rows.iter().find(|row| row.name == name).map_or(f64::NAN, |row| row.seconds);
    match lost {
        0 => say(&format!(
            "Of {increments} increments by reading, adding and writing none was lost this time. Nothing promises that."
        )),
        _ => say(&format!(
            "Of {increments} increments by reading, adding and writing, {lost} were lost ({:.1} %): there is no data race \
             in this, and it is wrong.",
            100.0 * lost as f64 / increments as f64
        )),
    }
    if threads == 1 {
        say("With one thread nothing is shared: compare with `--threads 2` and more.");
        return;
    }
    let local = |name| format!("`{name}` {:.1}", time(name) / time("local"));
    say(&format!(
        "One variable for all threads, by the time of `local`, where each thread adds in a register: {}, {}, {}. By the \
         lock, {threads} threads take {} one thread that shares nothing.",
        local("mutex"),
        local("compare_exchange"),
        local("fetch_add"),
        beside(time("mutex"), time("serial"))
    ));
    let seen =
        if time("unpadded") > 1.2 * time("padded") { "that is false sharing" } else { "no false sharing was seen" };
    say(&format!(
        "Sums that are neighbours in a cache line take {} sums in lines of their own: {seen}.",
        beside(time("unpadded"), time("padded"))
    ));
    if let Some(most) = rows.last() {
        let why = if most.seconds > 1.1 * time("local") { ": each is made, and waits for a core" } else { "" };
        let (cores, beside) = (cores(), beside(most.seconds, time("local")));
        say(&format!("{} threads on {cores} cores take {beside} {threads}{why}.", most.threads));
    }
    say(&format!(
        "This library's `sum` takes {} `local`, and {} `serial`: it has running sums side by side in vectors, threads that \
         are there already, and the same bits for any number of them.",
        beside(time("tilexpr"), time("local")),
        beside(time("tilexpr"), time("serial"))
    ));
}
