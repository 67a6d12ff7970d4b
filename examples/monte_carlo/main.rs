//! Pi by throwing points at a square: on one thread, on all, with arrays and without; and how slowly its error falls.
//!
//!     cargo run --release --example monte_carlo

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::f64::consts::PI;
use std::process::ExitCode;

use ndarray::arr0;

use common::chart::{Axis, Lines};
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::fit::{Power, power_law};
use common::machine::cpu;
use common::prose::{beside, say};
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, NO_ARRAYS, Points, TEXT};

const HELP: &str = "\
Pi as four times the share of random points of the unit square that lie within
the quarter of a circle: x**2 + y**2 <= 1.

Usage: monte_carlo [options]
  --points N       points (default 10000000: two arrays of 80 MB)
  --threads N      threads of the variants that have them (default: all)
  --seconds S      about how long each variant is timed (default 1)
  --quick          fewer points and short times: under three seconds for all
  --out DIR        where the charts go (default target/pictures)
  --json FILE      write both tables as JSON
  --help           this text

The variants:
  make_serial        makes the arrays of random numbers, on one thread
  make               the same on all threads: the same numbers
  no_arrays          makes each number where it is used, on one thread
  no_arrays_threads  the same on all threads
  tilexpr_random_serial  sum(random(seed, n)**2 + random(seed, n + points)**2 <= 1),
                     on one thread: n numbers the elements of an array of which
                     there is one element
  tilexpr_random     the same on all threads
  arrays             counts by an array operation for each operator
  zip                counts in one pass
  threads            the same on all threads
  tilexpr_serial     sum(x**2 + y**2 <= 1), on one thread
  tilexpr            the same on all threads
Before anything is timed, all must count the same number. Then follows the error
of pi over the number of points, each the root of the mean square of several
seeds, with the power law that fits.
";

const TIMES: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("seconds", "time"),
    ("nanoseconds_per_point", "ns/point"),
    ("bytes_per_point", "bytes/point"),
    ("ratio_to_tilexpr", "/ tilexpr"),
];

const ERRORS: &[(&str, &str)] =
    &[("points", "points"), ("seeds", "seeds"), ("error", "error"), ("expected", "expected")];

const LONG: &[(&str, &str)] =
    &[("variant", "variant"), ("points", "points"), ("seconds", "time"), ("error", "error of pi")];

/// Passes of each variant, at most.
const PASSES: usize = 30;
const MAKING: [&str; 2] = ["make_serial", "make"];
/// Which of the ways is `zip`.
const ZIP: usize = 5;

/// The error of pi by so many points.
struct Error {
    points: usize,
    seeds: usize,
    /// Root of the mean square over the seeds.
    error: f64,
}

impl Error {
    /// That of the theory: each point is within with probability pi/4, so the count has the variance n*pi/4*(1 - pi/4).
    fn expected(&self) -> f64 {
        (PI * (4.0 - PI) / self.points as f64).sqrt()
    }
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (points, mut shared) = options(cli)?;
        let (errors_svg, times_svg) = (shared.picture("monte_carlo.svg")?, shared.picture("monte_carlo_times.svg")?);
        println!("{}\n{TEXT} of {points} points, {} threads", cpu(), shared.threads);
        let (count, seconds) = shared.in_pool(|| measure(points, shared.seconds(1.0, 0.1)))??;
        let errors = shared.in_pool(|| errors(points, shared.usually(20_000_000, 2_000_000)))??;
        print(points, &seconds, &errors)?;
        long(points, &seconds, &errors).write(shared.json.as_mut())?;
        let samples: Vec<(f64, f64)> = errors.iter().map(|e| (e.points as f64, e.error)).collect();
        let law = power_law(&samples);
        draw_errors(&errors_svg, &errors, law)?;
        draw_times(&times_svg, points, &seconds)?;
        println!("\ncharts: {} and {}", errors_svg.display(), times_svg.display());
        seen(points, count, &seconds, law);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (points, shared) = cli.one_count("points", 1_000..=1_000_000_000, [10_000_000, 300_000])?;
    // Two arrays, and what `arrays` makes.
    check_memory(33 * points as u64, "--points")?;
    Ok((points, shared))
}

fn names() -> impl Iterator<Item = &'static str> {
    MAKING.into_iter().chain(ALL.map(|(name, _)| name))
}

/// The points within, and the seconds of each variant.
fn measure(n: usize, seconds: f64) -> Result<(i64, Vec<f64>), Failure> {
    let seed = 1;
    let mut points = Points::new(n)?;
    let counted: Vec<&str> = names().collect();
    let count = same_bits(&counted, |at| {
        match at {
            0 => points.make_serial(seed),
            1 => points.make(seed),
            _ => {}
        }
        // The arrays are told by what `zip` counts in them.
        let (_, count) = ALL[at.checked_sub(MAKING.len()).unwrap_or(ZIP)];
        Ok(arr0(count(&points)? as f64))
    })?;
    println!("the {} variants count the same: {} within\n", counted.len(), count[()]);
    let times = take_turns(counted.len(), PASSES, seconds, |at| {
        match at {
            0 => points.make_serial(seed),
            1 => points.make(seed),
            _ => drop(std::hint::black_box(ALL[at - MAKING.len()].1(&points)?)),
        }
        Ok(())
    })?;
    Ok((count[()] as i64, times.iter().map(|times| median(times)).collect()))
}

/// The errors for 100 points and more, each of as many seeds as make up about `work` points, of 32 to 400.
fn errors(largest: usize, work: usize) -> Result<Vec<Error>, Failure> {
    let sizes = (2..10).flat_map(|decade| [1, 3].map(|n| n * 10_usize.pow(decade)));
    let error = |n: usize| {
        let seeds = (work / n).clamp(32, 400);
        let mut points = Points::new(n)?;
        let mut squares = 0.0;
        for seed in 0..seeds as u64 {
            points.make(1_000 + seed);
            let (_, count) = ALL[ALL.len() - 1];
            let pi = 4.0 * count(&points)? as f64 / n as f64;
            squares += (pi - PI) * (pi - PI);
        }
        Ok(Error { points: n, seeds, error: (squares / seeds as f64).sqrt() })
    };
    sizes.take_while(|&n| n <= largest).map(error).collect()
}

/// Bytes that move for a point, by the name of the variant.
fn bytes(name: &str) -> u64 {
    match name {
        "no_arrays" | "no_arrays_threads" | "tilexpr_random_serial" | "tilexpr_random" => 0,
        // Squares written twice, one of them read and written for the sum, which is read for bools, which are read.
        "arrays" => 16 + 16 + 24 + 9 + 1,
        _ => 16,
    }
}

fn print(points: usize, seconds: &[f64], errors: &[Error]) -> Result<(), Failure> {
    let reference = seconds.last().copied().unwrap_or(f64::NAN);
    let mut times = Table::new(TIMES);
    for (name, &time) in names().zip(seconds) {
        times.row(vec![
            Cell::Text(name.to_owned()),
            Cell::Seconds(time),
            Cell::Number(time * 1e9 / points as f64, 3),
            Cell::Count(bytes(name)),
            Cell::Number(time / reference, 2),
        ]);
    }
    times.print()?;
    println!();
    let mut table = Table::new(ERRORS);
    for row in errors {
        table.row(vec![
            Cell::Count(row.points as u64),
            Cell::Count(row.seeds as u64),
            Cell::Number(row.error, 6),
            Cell::Number(row.expected(), 6),
        ]);
    }
    Ok(table.print()?)
}

fn long(points: usize, seconds: &[f64], errors: &[Error]) -> Table {
    let mut table = Table::new(LONG);
    let mut row = |name: &str, points: usize, time: f64, error: f64| {
        let (points, time) = (Cell::Count(points as u64), Cell::Seconds(time));
        table.row(vec![Cell::Text(name.to_owned()), points, time, Cell::Number(error, 6)]);
    };
    names().zip(seconds).for_each(|(name, &time)| row(name, points, time, f64::NAN));
    for errors in errors {
        row("error", errors.points, f64::NAN, errors.error);
        row("expected_error", errors.points, f64::NAN, errors.expected());
    }
    table
}

fn draw_errors(path: &std::path::Path, errors: &[Error], law: Power) -> Result<(), Failure> {
    let line = |name: &str, value: &dyn Fn(&Error) -> f64| {
        (name.to_owned(), errors.iter().map(|row| (row.points as f64, value(row))).collect())
    };
    let chart = Lines {
        title: "the error of pi by n random points (root mean square over several seeds)",
        x: Axis { label: "points", log: true },
        y: Axis { label: "error", log: true },
        lines: vec![
            line("measured", &|row| row.error),
            line(&format!("fit: {:.2} n^{:.3}", law.factor, law.exponent), &|row| law.at(row.points as f64)),
            line("theory: 1.64 n^-0.5", &Error::expected),
        ],
        marks: Vec::new(),
    };
    chart.draw(path)
}

fn draw_times(path: &std::path::Path, points: usize, seconds: &[f64]) -> Result<(), Failure> {
    let chart = Ranking {
        title: &format!("{points} random points: made, and counted within a circle"),
        x: Axis { label: "ns a point", log: false },
        series: vec![String::new()],
        rows: names().zip(seconds).map(|(name, time)| (name.to_owned(), vec![time * 1e9 / points as f64])).collect(),
    };
    chart.draw(path)
}

/// What is seen, and why.
fn seen(points: usize, count: i64, seconds: &[f64], law: Power) {
    let of = |name: &str| names().position(|n| n == name).map_or(f64::NAN, |at| seconds[at]);
    let pi = 4.0 * count as f64 / points as f64;
    say(&format!(
        "{count} of {points} points lie within: pi is about {pi:.5}, off by {:.1e}. The error falls as n to the power of {:.3} (the theory \
         says -0.5, as for every mean of independent samples): a digit more takes {:.0} times as many points. Where a formula \
         or a grid will do, it is better than dice.",
        (pi - PI).abs(),
        law.exponent,
        10_f64.powf(-1.0 / law.exponent)
    ));
    say(&format!(
        "Once the arrays are there, array operations take {} `zip`: {} bytes move for each point instead of {}. `tilexpr_serial` takes \
         {} `zip`, and all threads {:.2} of the time of one.",
        beside(of("arrays"), of("zip")),
        bytes("arrays"),
        bytes("zip"),
        beside(of("tilexpr_serial"), of("zip")),
        of("tilexpr") / of("tilexpr_serial")
    ));
    let (with, without) = (of("make") + of("tilexpr"), of("no_arrays_threads"));
    say(&format!(
        "Making the numbers takes {} counting by `tilexpr`, and both together take {} `no_arrays_threads`. {}",
        beside(of("make"), of("tilexpr")),
        beside(with, without),
        match with > 1.15 * without {
            true => "An array that is written and read once was not needed: the best place for a number is a register.",
            false => "So the arrays cost little here, and the numbers can be used again.",
        }
    ));
    say(&format!(
        "The text that makes its numbers itself, `{NO_ARRAYS}`, takes {} the loop by hand on all threads ({:.2} ns a point, two numbers each): \
         eight numbers are made at a time, in vectors.",
        beside(of("tilexpr_random"), without),
        of("tilexpr_random") * 1e9 / points as f64
    ));
    say(&format!(
        "Threads: made {:.1} times as fast, counted without arrays {:.1} times. Points are independent, counts are whole numbers, and \
         number i follows from the seed and i alone, so the result is the same for any number of threads.",
        of("make_serial") / of("make"),
        of("no_arrays") / of("no_arrays_threads")
    ));
}
