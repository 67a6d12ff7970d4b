//! A Julia set and the Mandelbrot set: a loop of its own length at each point, by loops in Rust and by `iterate` in a text.
//!
//!     cargo run --release --example julia

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::Array2;

use common::chart::Axis;
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::picture;
use common::prose::{beside, say};
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, C, EXACT, Plane, Set};

const HELP: &str = "\
A Julia set and the Mandelbrot set: for each point the steps of z*z + c until z
is 2 away from zero, at most so many.

Usage: julia [options]
  --size N       points on each side (default 2000)
  --most N       steps of a point at most (default 300)
  --threads N    threads of the parallel variants (default: all)
  --seconds S    about how long each variant is timed (default 2)
  --quick        few points and short times: a second for all
  --out DIR      where the pictures go (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

The variants:
  loops           point by point, complex numbers, on one thread
  rayon           rows on all threads
  rayon_real      the same in real numbers, a product of the condition used again
  tilexpr_serial  `iterate` in complex numbers, on one thread
  tilexpr         the same on all threads
  tilexpr_real    `iterate` in real numbers
  tilexpr_f32     the same in f32
All but the last must count the same at each point before anything is timed. The
table shows, of each set and variant,
  time           the median of its timed passes
  ns/step        the same for each step of a point
  / rayon        beside `rayon`
  differ         points that count otherwise than by `loops`
The pictures are julia.png and mandelbrot.png (the brighter, the more steps;
points that stay are black), and julia.svg, a chart of the times.
";

const COLUMNS: &[(&str, &str)] = &[
    ("set", "set"),
    ("variant", "variant"),
    ("seconds", "time"),
    ("nanoseconds_per_step", "ns/step"),
    ("ratio_to_rayon", "/ rayon"),
    ("points_that_differ", "differ"),
];

/// Passes of each variant at most.
const PASSES: usize = 50;

struct Options {
    size: usize,
    most: usize,
    shared: Shared,
}

/// What was measured of a set.
struct Measured {
    name: &'static str,
    seconds: Vec<f64>,
    /// Points of each variant whose counts differ from those of the first.
    differ: Vec<u64>,
    counts: Array2<f64>,
}

impl Measured {
    /// Steps of all points together.
    fn steps(&self) -> f64 {
        self.counts.sum()
    }

    fn of(&self, variant: &str) -> f64 {
        position(variant).map_or(f64::NAN, |at| self.seconds[at])
    }
}

fn position(variant: &str) -> Option<usize> {
    ALL.iter().position(|(name, _)| *name == variant)
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let mut options = options(cli)?;
        let Options { size, most, ref mut shared } = options;
        let chart = shared.picture("julia.svg")?;
        let pictures = [shared.picture("julia.png")?, shared.picture("mandelbrot.png")?];
        println!("{size} x {size} points, at most {most} steps, {} threads, {}", shared.threads, cpu());
        let seconds = shared.seconds(2.0, 0.05);
        let sets = shared.in_pool(|| {
            let sets = Set::ALL.iter().map(|&(name, set)| measure(name, set, [size, most], seconds));
            sets.collect::<Result<Vec<_>, _>>()
        })??;
        println!("{EXACT} of the {} variants count the same at each point\n", ALL.len());
        table(&sets).finish(shared.json.as_mut())?;
        draw(&chart, &sets)?;
        println!("\nchart: {}", chart.display());
        for (set, path) in sets.iter().zip(&pictures) {
            picture::write(path, set.name, &shades(&set.counts, most as f64), 1.0)?;
        }
        sets.iter().for_each(|set| seen(set, size, most));
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<Options, Failure> {
    let mut options = Options { size: 0, most: 300, shared: Shared::new() };
    let mut size = None;
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "size" => size = Some(cli.count(&name, 16..=30_000)?),
            "most" => options.most = cli.count(&name, 1..=1_000_000)?,
            _ => options.shared.take(&name, cli)?,
        }
    }
    options.size = size.unwrap_or(options.shared.usually(2000, 200));
    // Counts of both sets, those that are compared, a picture.
    check_memory(40 * (options.size as u64).pow(2), "--size")?;
    Ok(options)
}

/// All variants of a set, which must agree.
fn measure(name: &'static str, set: Set, [size, most]: [usize; 2], seconds: f64) -> Result<Measured, Failure> {
    let mut plane = Plane::new(set, size, most)?;
    let mut count = |at: usize| {
        plane.counts.fill(-1);
        ALL[at].1(&mut plane)?;
        Ok::<_, Failure>(plane.counts.mapv(|n| n as f64))
    };
    let names = ALL.map(|(name, _)| name);
    let counts = same_bits(&names[..EXACT], &mut count)?;
    let mut differ = vec![0; EXACT];
    for at in EXACT..ALL.len() {
        differ.push(count(at)?.iter().zip(&counts).filter(|(a, b)| a != b).count() as u64);
    }
    let times = take_turns(ALL.len(), PASSES, seconds, |at| Ok(ALL[at].1(&mut plane)?))?;
    Ok(Measured { name, seconds: times.iter().map(|times| median(times)).collect(), differ, counts })
}

fn table(sets: &[Measured]) -> Table {
    let mut table = Table::new(COLUMNS);
    for set in sets {
        for (at, (variant, _)) in ALL.iter().enumerate() {
            table.row(vec![
                Cell::Text(set.name.to_owned()),
                Cell::Text(variant.to_string()),
                Cell::Seconds(set.seconds[at]),
                Cell::Number(set.seconds[at] * 1e9 / set.steps(), 3),
                Cell::Number(set.seconds[at] / set.of("rayon"), 2),
                Cell::Count(set.differ[at]),
            ]);
        }
    }
    table
}

fn draw(path: &std::path::Path, sets: &[Measured]) -> Result<(), Failure> {
    let row = |(at, (name, _)): (usize, &(&str, _))| {
        (name.to_string(), sets.iter().map(|set| set.seconds[at] * 1e9 / set.steps()).collect())
    };
    let chart = Ranking {
        title: "steps of z*z + c until z is 2 away from zero",
        x: Axis { label: "ns a step", log: false },
        series: sets.iter().map(|set| set.name.to_owned()).collect(),
        rows: ALL.iter().enumerate().map(row).collect(),
    };
    chart.draw(path)
}

/// From 0 to 1 by the logarithm of the count, so that few steps are told apart; 0 where a point stays.
fn shades(counts: &Array2<f64>, most: f64) -> Array2<f64> {
    let most = most.max(2.0);
    counts.mapv(|n| if n < most { n.ln_1p() / most.ln_1p() } else { 0.0 })
}

/// What is seen, and why.
fn seen(set: &Measured, size: usize, most: usize) {
    let points = (size * size) as f64;
    let stay = set.counts.iter().filter(|&&n| n >= most as f64).count() as f64 / points;
    say(&format!(
        "{}: {:.1} steps a point, {:.1} % of the points stay. All threads take {:.2} of the time of one by loops, and {:.2} by the text. The \
         text takes {} `rayon`, and in real numbers {} `rayon_real`: several points go on side by side in a vector, those that are done \
         wait, and a group ends when its last point does.",
        set.name,
        set.steps() / points,
        100.0 * stay,
        set.of("rayon") / set.of("loops"),
        set.of("tilexpr") / set.of("tilexpr_serial"),
        beside(set.of("tilexpr"), set.of("rayon")),
        beside(set.of("tilexpr_real"), set.of("rayon_real")),
    ));
    let differ = position("tilexpr_f32").map_or(0, |at| set.differ[at]);
    match set.name == Set::ALL[0].0 {
        true => say(&format!(
            "Here c = {C}. In f32 it takes {} f64, and {differ} points ({:.2} %) count otherwise: near the border of the set a rounding \
             decides how long a point stays.",
            beside(set.of("tilexpr_f32"), set.of("tilexpr_real")),
            100.0 * differ as f64 / points
        )),
        false => say(&format!("In f32, {differ} points count otherwise ({:.2} %).", 100.0 * differ as f64 / points)),
    }
}
