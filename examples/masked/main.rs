//! Conditional assignment, `a[a < 0] = 0` and its kin: by a loop that branches, one that selects, a mask, a list of places, and as text.
//!
//! What it costs depends on how many numbers are hit, and on whether the processor can guess which. `variants.rs` has the
//! ways.
//!
//!     cargo run --release --example masked

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
use variants::{Add, Assign, Clip, Mean, NAMES, Operation, Zero, ways};

const HELP: &str = "\
Conditional assignment in six ways, for four operations, by how many numbers
they change: 0 to 99 % of them at random places, and 50 % in order (first all
that change, then all that do not).

Usage: masked [options]
  --size N       how many numbers (default 1000000)
  --threads N    threads of `update` (default: all)
  --seconds S    about how long each figure is timed (default 0.04)
  --quick        few numbers and short times: a second for all
  --out DIR      where the chart goes (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

Before anything is timed, all variants must agree to the bit. The figures are
nanoseconds a number, the median of many passes; a pass begins with a fresh copy
that is not timed. The chart is masked.svg, of the first operation.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("operation", "operation"),
    ("nanoseconds_0", "0 %"),
    ("nanoseconds_1", "1 %"),
    ("nanoseconds_10", "10 %"),
    ("nanoseconds_50", "50 %"),
    ("nanoseconds_90", "90 %"),
    ("nanoseconds_99", "99 %"),
    ("nanoseconds_50_in_order", "50 % in order"),
];

/// Which part of the numbers is changed, of a hundred, and whether they stand together.
const DENSITIES: [(usize, bool); 7] =
    [(0, false), (1, false), (10, false), (50, false), (90, false), (99, false), (50, true)];
/// Passes for a figure at most.
const PASSES: usize = 100;

/// Nanoseconds a number, by variant and density.
type Figures = [[f64; DENSITIES.len()]; NAMES.len()];

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (size, mut shared) = options(cli)?;
        let picture = shared.picture("masked.svg")?;
        println!("{size} numbers, {} threads, {}", shared.threads, cpu());
        let seconds = shared.seconds(0.04, 0.002);
        let all = shared.in_pool(|| -> Result<_, Failure> {
            Ok([
                (Zero::NAME, measure::<Zero>(size, seconds)?),
                (Clip::NAME, measure::<Clip>(size, seconds)?),
                (Mean::NAME, measure::<Mean>(size, seconds)?),
                (Add::NAME, measure::<Add>(size, seconds)?),
            ])
        })??;
        println!("the {} variants agree to the bit; in ns a number, by how many are changed\n", NAMES.len());
        let mut table = Table::new(COLUMNS);
        for (operation, figures) in &all {
            for (name, figures) in NAMES.iter().zip(figures) {
                let head = [name, operation].map(|text| Cell::Text(text.to_string()));
                table.row(head.into_iter().chain(figures.iter().map(|&ns| Cell::Number(ns, 2))).collect());
            }
        }
        table.finish(shared.json.as_mut())?;
        let (operation, figures) = &all[0];
        let at_random = |figures: &[f64]| {
            let points = DENSITIES.iter().zip(figures).filter(|((_, in_order), _)| !in_order);
            points.map(|(&(percent, _), &ns)| (percent as f64, ns)).collect()
        };
        let chart = Lines {
            title: operation,
            x: Axis { label: "numbers changed, in %, at random places", log: false },
            y: Axis { label: "ns a number", log: false },
            lines: NAMES.iter().zip(figures).map(|(name, row)| (name.to_string(), at_random(row))).collect(),
            marks: vec![],
        };
        chart.draw(&picture)?;
        println!("\nchart: {}", picture.display());
        conclude(&all);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (size, shared) = cli.one_count("size", 1000..=1_000_000_000, [1_000_000, 100_000])?;
    // Array, copy, partner, two results, places.
    check_memory(48 * size as u64, "--size")?;
    Ok((size, shared))
}

fn measure<O: Operation>(size: usize, seconds: f64) -> Result<Figures, Failure> {
    let mut figures = Figures::default();
    let b = numbers(size, |_, u| u - 1.0);
    for (column, &(percent, in_order)) in DENSITIES.iter().enumerate() {
        let start = numbers(size, |part, u| {
            let place = if in_order { part.0 } else { part.1 };
            if place < percent as f64 / 100.0 { O::make_hit(u) } else { u - 1.0 }
        });
        let times = measure_on(&ways::<O>(), &start, &b, seconds)?;
        for (row, times) in figures.iter_mut().zip(times) {
            row[column] = median(&times) * 1e9 / size as f64;
        }
    }
    Ok(figures)
}

/// The seconds of each pass of each variant.
fn measure_on(ways: &[Assign], start: &Array1<f64>, b: &Array1<f64>, seconds: f64) -> Result<Vec<Vec<f64>>, Failure> {
    same_bits(&NAMES, |at| {
        let mut a = start.clone();
        ways[at](&mut a, b)?;
        Ok(a)
    })?;
    let mut a = start.clone();
    take_turns_timed(ways.len(), PASSES, seconds, |at| {
        a.assign(start);
        timed(|| Ok(ways[at](&mut a, b)?))
    })
}

/// Numbers made of their place, from 0 to 1, with a random number from 0 to 1, and of a random one from 1 to 2 that is a
/// multiple of 1/1024, so that sums are exact.
fn numbers(size: usize, make: impl Fn((f64, f64), f64) -> f64) -> Array1<f64> {
    let (places, values) = (Random::new(1), Random::new(2));
    Array1::from_shape_fn(size, |i| {
        let value = 1.0 + values.below(i as u64, 1024) as f64 / 1024.0;
        make((i as f64 / size as f64, places.uniform(i as u64)), value)
    })
}

/// What is seen, in sentences that hold for these figures.
fn conclude(all: &[(&str, Figures)]) {
    let column = |percent, in_order| DENSITIES.iter().position(|&it| it == (percent, in_order)).unwrap_or(0);
    let (half, ordered) = (column(50, false), column(50, true));
    for (operation, [branch, .., update_serial, update]) in all {
        let why = match branch[half] > 1.3 * branch[ordered] {
            true => "the same work, but nobody can guess which way the branch goes",
            false => "no cost of wrong guesses was seen; the compiler may have made a selection of the branch",
        };
        say(&format!(
            "{operation}: the loop that branches takes {:.2} ns a number where half of them, at random places, are changed, \
             and {:.2} where that half stands in order: {why}. `update`, which selects, takes {:.2} and {:.2} on one thread, \
             and {:.2} at random places on all.",
            branch[half], branch[ordered], update_serial[half], update_serial[ordered], update[half]
        ));
    }
    let (operation, [_, select, mask_array, indices, ..]) = &all[0];
    say(&format!(
        "{operation}, half at random places: a mask array takes {} one loop that selects, and a list of places {} it. Both are \
         one more pass over memory, and a new array.",
        beside(mask_array[half], select[half]),
        beside(indices[half], select[half])
    ));
}
