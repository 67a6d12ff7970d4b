//! The exercise's recursive parallel merge sort, beside the sorts of the standard library and of rayon.
//!
//! Sorting is no job of this library: where a number goes depends on all others, and no formula of one point says it. It stands
//! here as the other kind of parallel program, that of tasks which make tasks.
//!
//!     cargo run --release --example merge_sort

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::Array1;

use common::chart::{Axis, Lines};
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::prose::{beside, say};
use common::random::Random;
use common::table::{Cell, Table};
use common::timing::{median, take_turns_timed, timed};
use variants::ALL;

const HELP: &str = "\
Lines of 100 to 10,000,000 random numbers, sorted in eight ways: a merge sort on
`rayon::join` in four steps, and the sorts of the standard library and of rayon.

Usage: merge_sort [options]
  --largest N    the longest line (default 10000000)
  --threads N    threads of the parallel sorts (default: all)
  --seconds S    about how long each variant is timed at each length (default
                 0.05; at least one pass)
  --quick        short lines and times: a second for all
  --out DIR      where the chart goes (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

Before anything is timed, all variants must agree to the bit. The figures are
nanoseconds a number, the median of several passes; a pass begins with a fresh
copy that is not timed. The chart is merge_sort.svg.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("numbers", "numbers"),
    ("seconds", "time"),
    ("nanoseconds_per_number", "ns/number"),
    ("ratio_to_std_sort", "/ std_sort"),
];

/// Passes of each variant at most.
const PASSES: usize = 100;
/// Numbers of a pass at least: short lines are sorted several times, or the clock would be what is measured.
const NUMBERS: usize = 10_000;

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (largest, mut shared) = options(cli)?;
        let picture = shared.picture("merge_sort.svg")?;
        println!("lines of up to {largest} numbers, {} threads, {}", shared.threads, cpu());
        let lengths: Vec<usize> = (2..10).map(|power| 10_usize.pow(power)).take_while(|&n| n <= largest).collect();
        let seconds = shared.seconds(0.05, 0.005);
        // Seconds by length and variant.
        let figures =
            shared.in_pool(|| lengths.iter().map(|&n| measure(n, seconds)).collect::<Result<Vec<_>, Failure>>())??;
        println!("the {} variants agree to the bit\n", ALL.len());
        table(&lengths, &figures).finish(shared.json.as_mut())?;
        let line = |(at, (name, _)): (usize, &(&str, _))| {
            let points =
                lengths.iter().zip(&figures).map(|(&n, row): (&usize, &Vec<f64>)| (n as f64, row[at] * 1e9 / n as f64));
            (name.to_string(), points.collect())
        };
        let chart = Lines {
            title: "sorting random numbers",
            x: Axis { label: "numbers", log: true },
            y: Axis { label: "ns a number", log: true },
            lines: ALL.iter().enumerate().map(line).collect(),
            marks: vec![],
        };
        chart.draw(&picture)?;
        println!("\nchart: {}", picture.display());
        conclude(&lengths, &figures, shared.threads);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (largest, shared) = cli.one_count("largest", 100..=1_000_000_000, [10_000_000, 100_000])?;
    // The line, a copy, two results, a second line to merge into.
    check_memory(48 * largest as u64, "--largest")?;
    Ok((largest, shared))
}

/// The seconds of each variant for a line of `n` numbers.
fn measure(n: usize, seconds: f64) -> Result<Vec<f64>, Failure> {
    let random = Random::new(1);
    let line = Array1::from_shape_fn(n, |i| random.uniform(i as u64));
    same_bits(&ALL.map(|(name, _)| name), |at| {
        let mut copy = line.clone();
        ALL[at].1(copy.as_slice_mut().ok_or("a new line is contiguous")?);
        Ok(copy)
    })?;
    let repeats = NUMBERS.div_ceil(n);
    let lines: Vec<f64> = line.iter().cycle().take(repeats * n).copied().collect();
    let mut copy = lines.clone();
    let times = take_turns_timed(ALL.len(), PASSES, seconds, |at| {
        copy.copy_from_slice(&lines);
        timed(|| {
            copy.chunks_mut(n).for_each(ALL[at].1);
            Ok(())
        })
    })?;
    Ok(times.iter().map(|times| median(times) / repeats as f64).collect())
}

fn table(lengths: &[usize], figures: &[Vec<f64>]) -> Table {
    let mut table = Table::new(COLUMNS);
    for (&n, row) in lengths.iter().zip(figures) {
        for ((name, _), &seconds) in ALL.iter().zip(row) {
            table.row(vec![
                Cell::Text(name.to_string()),
                Cell::Count(n as u64),
                Cell::Seconds(seconds),
                Cell::Number(seconds * 1e9 / n as f64, 2),
                Cell::Number(seconds / time(row, "std_sort"), 2),
            ]);
        }
    }
    table
}

fn time(row: &[f64], variant: &str) -> f64 {
    ALL.iter().zip(row).find(|((name, _), _)| *name == variant).map_or(f64::NAN, |(_, &seconds)| seconds)
}

/// What is seen, in sentences that hold for these figures.
fn conclude(lengths: &[usize], figures: &[Vec<f64>], threads: usize) {
    let (Some(n), Some(longest)) = (lengths.last(), figures.last()) else { return };
    let beside_serial = |name| beside(time(longest, name), time(longest, "merge_sort"));
    say(&format!(
        "At {n} numbers with {threads} threads a task for each pair of halves takes {} the serial merge sort, tasks for large \
         halves alone {} it, and the merge divided too {} it. While one thread makes the last merge, no number of threads is \
         more than {:.1} times as fast as one: 2*n of n*log2(n) steps are left.",
        beside_serial("join_each"),
        beside_serial("join_cut_off"),
        beside_serial("join_merge_too"),
        (*n as f64).log2() / 2.0
    ));
    let pays = |row: &[f64]| time(row, "join_merge_too") < 0.9 * time(row, "merge_sort");
    match lengths.iter().zip(figures).find(|(_, row)| pays(row)) {
        Some((n, _)) if threads > 1 => say(&format!(
            "Of these lengths, {n} is the first where the threads save more than 10 %: dividing work costs time itself."
        )),
        _ => say("At none of these lengths do the threads save more than 10 %."),
    }
    say(&format!(
        "The sort of the standard library takes {} the serial merge sort, its unstable one {} it, those of rayon {} it and {} \
         it.",
        beside_serial("std_sort"),
        beside_serial("std_sort_unstable"),
        beside_serial("rayon_sort"),
        beside_serial("rayon_sort_unstable")
    ));
    if let Some(((name, _), &seconds)) = ALL.iter().zip(longest).min_by(|a, b| a.1.total_cmp(b.1)) {
        let ratio = time(longest, "merge_sort") / seconds;
        say(&format!(
            "The fastest is `{name}`, {ratio:.1} times as fast as the serial merge sort. Sorting is no job of this library: where \
             a number goes depends on all others, and no formula of a point says it."
        ));
    }
}
