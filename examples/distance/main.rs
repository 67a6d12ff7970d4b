//! All pairwise distances of 1,797 handwritten digits, and what an intermediate array of shape (n, n, 64) costs.
//!
//! The distances then recognise the digits: each is given the label of the one nearest to it.
//!
//!     cargo run --release --example distance

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::{Array1, Array2, s};
use ndarray_npy::ReadNpyExt;

use common::alloc::count;
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::picture;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::ALL;

const HELP: &str = "\
All pairwise Euclidean distances of 1,797 handwritten digits of 64 pixels, in
four ways, and how many digits their nearest neighbour recognises.

Usage: distance [options]
  --rows N         the first N digits only, 2 to 1797 (default 1797;
                   `broadcasting` then needs 1.7 GB of memory)
  --passes N       timed passes of each variant (default 5)
  --threads N      threads of `algebraic` and `tilexpr` (default: all)
  --seconds S      about how long the timed passes of one variant may take
                   together (default 5); slow variants make fewer passes then
  --quick          300 digits, few passes: a second for all
  --out DIR        where the picture goes (default target/pictures)
  --json FILE      write the table as JSON
  --help           this text

Before anything is timed, all variants must agree to the bit: the pixels are
whole numbers from 0 to 16, so that all sums are exact in any order. The table
shows, of each,
  time             the median of its timed passes
  allocated        bytes allocated in one pass, counted
  peak             the most that was held at one time in that pass
  Mpairs/s         millions of distances in a second
  / tilexpr        its time by that of `tilexpr`
The picture is the table of distances, digits in order of their labels: near is
dark.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("seconds", "time"),
    ("bytes_allocated", "allocated"),
    ("peak_bytes", "peak"),
    ("million_pairs_per_second", "Mpairs/s"),
    ("ratio_to_tilexpr", "/ tilexpr"),
    ("passes", "passes timed"),
];

const DIGITS: &[u8] = include_bytes!("../data/digits.npy");
const LABELS: &[u8] = include_bytes!("../data/digits_labels.npy");

struct Options {
    rows: usize,
    passes: usize,
    shared: Shared,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let options = options(cli)?;
        // The matrix product has threads of its own, and reads their number from here.
        // SAFETY: there is no other thread yet that could read the environment.
        unsafe { std::env::set_var("MATMUL_NUM_THREADS", options.shared.threads.to_string()) }
        distance(options)
    })
}

fn distance(mut options: Options) -> Result<(), Failure> {
    let points = Array2::<u8>::read_npy(DIGITS)?.slice(s![..options.rows, ..]).mapv(f64::from);
    let labels = Array1::<u8>::read_npy(LABELS)?.slice(s![..options.rows]).to_owned();
    let picture = options.shared.picture("distance.png")?;
    println!("{} digits of {} pixels, {} threads", points.nrows(), points.ncols(), options.shared.threads);

    let (table, distances) = options.shared.in_pool(|| measure(&options, &points))??;
    table.finish(options.shared.json.as_mut())?;
    let largest = distances.iter().copied().fold(0.0, f64::max);
    println!();
    picture::write(&picture, "all distances", &by_label(&distances, &labels), largest)?;
    let (right, all) = (recognised(&distances, &labels), options.rows);
    let percent = 100.0 * right as f64 / all as f64;
    println!("leave-one-out nearest neighbour: {right} of {all} right ({percent:.2} %)");
    Ok(())
}

fn options(cli: &mut Cli) -> Result<Options, Failure> {
    let mut options = Options { rows: 0, passes: 5, shared: Shared::new() };
    let mut rows = None;
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "rows" => rows = Some(cli.count(&name, 2..=1797)?),
            "passes" => options.passes = cli.count(&name, 1..=1_000_000)?,
            _ => options.shared.take(&name, cli)?,
        }
    }
    options.rows = rows.unwrap_or(options.shared.usually(1797, 300));
    // What `broadcasting` makes, and some results.
    let pairs = (options.rows as u64).pow(2);
    check_memory(8 * 64 * pairs + 6 * 8 * pairs, "--rows")?;
    Ok(options)
}

/// Times all variants, which must agree; gives also the distances.
fn measure(options: &Options, points: &Array2<f64>) -> Result<(Table, Array2<f64>), Failure> {
    let names = ALL.map(|(name, _)| name);
    let expected = same_bits(&names, |at| Ok(ALL[at].1(points)?))?;
    println!("the {} variants agree to the bit\n", ALL.len());

    let times = take_turns(ALL.len(), options.passes, options.shared.seconds(5.0, 0.3), |at| {
        let distances = ALL[at].1(points)?;
        drop(distances); // in the time, as its memory must go back
        Ok(())
    })?;
    let reference = times.last().map_or(f64::NAN, |times| median(times));
    let mut table = Table::new(COLUMNS);
    for ((name, distances), times) in ALL.iter().zip(&times) {
        let (result, counts) = count(|| distances(points));
        result?;
        let seconds = median(times);
        table.row(vec![
            Cell::Text(name.to_string()),
            Cell::Seconds(seconds),
            Cell::Bytes(counts.bytes),
            Cell::Bytes(counts.peak),
            Cell::Number((options.rows as f64).powi(2) / seconds / 1e6, 1),
            Cell::Number(seconds / reference, 2),
            Cell::Count(times.len() as u64),
        ]);
    }
    Ok((table, expected))
}

/// The distances with the digits in order of their labels: then those of one label are side by side.
fn by_label(distances: &Array2<f64>, labels: &Array1<u8>) -> Array2<f64> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&digit| labels[digit]);
    Array2::from_shape_fn(distances.raw_dim(), |(i, j)| distances[[order[i], order[j]]])
}

/// How many digits have the label of the digit that is nearest to them.
fn recognised(distances: &Array2<f64>, labels: &Array1<u8>) -> usize {
    let nearest = |digit: usize| {
        let row = distances.row(digit);
        let others = (0..row.len()).filter(|&other| other != digit);
        others.min_by(|&a, &b| row[a].total_cmp(&row[b]))
    };
    (0..labels.len()).filter(|&digit| nearest(digit).is_some_and(|other| labels[other] == labels[digit])).count()
}
