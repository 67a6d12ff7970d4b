//! Bodies that all attract each other, each by a sum over all: by loops in Rust and by a text in index notation.
//!
//!     cargo run --release --example nbody

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::Array2;

use common::alloc::count;
use common::chart::Axis;
use common::cli::{Cli, Failure, Shared, run};
use common::machine::cpu;
use common::picture;
use common::prose::{beside, bytes, say};
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, Bodies, POWER};

const HELP: &str = "\
How n bodies attract each other: for each body a sum over all.

Usage: nbody [options]
  --bodies N     bodies (default 8192)
  --threads N    threads of the parallel variants (default: all)
  --seconds S    about how long each variant is timed (default 3)
  --quick        fewer bodies and short times: a second for all
  --out DIR      where the pictures go (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

The variants; r is the square of a distance:
  loops_root           1/(r*sqrt(r)), on one thread
  rayon_powf           1/r.powf(1.5), the power of Rust's standard library
  rayon_power          r**-1.5 by a text, for a row of distances at a time
  rayon_root           1/(r*sqrt(r))
  tilexpr_power        r**1.5 in index notation
  tilexpr_root_serial  1/(r*sqrt(r)) in index notation, on one thread
  tilexpr_root         the same on all threads
  tilexpr_apart_power  r**-1.5, each coordinate an array of its own
  tilexpr_apart_root   the same with 1/(r*sqrt(r))
Sums go in different orders. Before anything is timed, all must agree within
1e-10 of the largest force. The table shows, of each,
  time           the median of its timed passes
  ns/pair        the same for each pair of bodies
  / rayon_root   beside `rayon_root`
  allocated      bytes allocated in one pass, counted
  differs        its greatest difference from the first, as part of the largest
The pictures are nbody-before.png and nbody-after.png, bodies at the beginning
and after some steps in time, and nbody.svg, a chart of the times.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("seconds", "time"),
    ("nanoseconds_per_pair", "ns/pair"),
    ("ratio_to_rayon_root", "/ rayon_root"),
    ("bytes_allocated", "allocated"),
    ("greatest_difference", "differs"),
];

/// Passes of each variant at most.
const PASSES: usize = 50;
/// How far forces may be apart, as part of the largest.
const TOLERANCE: f64 = 1e-10;
/// Bodies and pixels of the pictures, and the steps between them.
const SHOWN: usize = 2048;
const PIXELS: usize = 256;
const STEP: f64 = 0.005;

/// One row of the table.
struct Row {
    name: &'static str,
    seconds: f64,
    bytes: u64,
    differs: f64,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (n, mut shared) = options(cli)?;
        let (before, after) = (shared.picture("nbody-before.png")?, shared.picture("nbody-after.png")?);
        let chart = shared.picture("nbody.svg")?;
        println!("{n} bodies, {} threads, {}", shared.threads, cpu());
        let rows = shared.in_pool(|| measure(n, shared.seconds(3.0, 0.05)))??;
        println!("the {} variants agree within {TOLERANCE:e} of the largest force\n", ALL.len());
        table(&rows, n).finish(shared.json.as_mut())?;
        draw(&chart, &rows, n)?;
        println!("\nchart: {}", chart.display());

        let (bodies, steps) = (shared.usually(SHOWN, 256), shared.usually(300, 20));
        let (pictures, drift) = shared.in_pool(|| passing(bodies, steps))??;
        let white = 1.0_f64.max(bodies as f64 / 1024.0);
        picture::write(&before, "before", &pictures[0], white)?;
        picture::write(&after, &format!("after {steps} steps"), &pictures[1], white)?;
        seen(&rows, n);
        say(&format!(
            "In the {steps} steps between the pictures, of {bodies} bodies, the energy changed by one part in {:.0}.",
            1.0 / drift
        ));
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    cli.one_count("bodies", 2..=200_000, [8192, 512])
}

/// All variants, which must agree.
fn measure(n: usize, seconds: f64) -> Result<Vec<Row>, Failure> {
    let mut bodies = Bodies::new(n)?;
    let mut expected: Option<(Array2<f64>, f64)> = None;
    let mut rows = Vec::new();
    for (name, attract) in ALL {
        bodies.force.fill(f64::NAN);
        let (result, counts) = count(|| attract(&mut bodies));
        result?;
        let (expected, largest) = expected.get_or_insert_with(|| {
            let force = bodies.force.clone();
            let largest = force.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
            (force, largest)
        });
        // A NaN is not to be lost.
        let apart = bodies.force.iter().zip(&*expected).map(|(x, y)| (x - y).abs() / *largest);
        let differs = apart.fold(0.0, |worst: f64, x| if x > worst || x.is_nan() { x } else { worst });
        if differs > TOLERANCE || differs.is_nan() {
            return Err(format!("`{name}` differs from `{}` by {differs:e} of the largest force", ALL[0].0).into());
        }
        rows.push(Row { name, seconds: f64::NAN, bytes: counts.bytes, differs });
    }
    let times = take_turns(ALL.len(), PASSES, seconds, |at| Ok(ALL[at].1(&mut bodies)?))?;
    rows.iter_mut().zip(&times).for_each(|(row, times)| row.seconds = median(times));
    Ok(rows)
}

fn of(rows: &[Row], name: &str) -> f64 {
    rows.iter().find(|row| row.name == name).map_or(f64::NAN, |row| row.seconds)
}

fn table(rows: &[Row], n: usize) -> Table {
    let mut table = Table::new(COLUMNS);
    for row in rows {
        table.row(vec![
            Cell::Text(row.name.to_owned()),
            Cell::Seconds(row.seconds),
            Cell::Number(row.seconds * 1e9 / (n as f64).powi(2), 3),
            Cell::Number(row.seconds / of(rows, "rayon_root"), 2),
            Cell::Bytes(row.bytes),
            Cell::Text(format!("{:.0e}", row.differs)),
        ]);
    }
    table
}

fn draw(path: &std::path::Path, rows: &[Row], n: usize) -> Result<(), Failure> {
    let chart = Ranking {
        title: &format!("{n} bodies that attract each other"),
        x: Axis { label: "ns a pair", log: false },
        series: vec![String::new()],
        rows: rows.iter().map(|row| (row.name.to_owned(), vec![row.seconds * 1e9 / (n as f64).powi(2)])).collect(),
    };
    chart.draw(path)
}

/// Two discs of bodies before and after they pass each other, seen from above, and by how much of itself the energy changed.
fn passing(n: usize, steps: usize) -> Result<([Array2<f64>; 2], f64), Failure> {
    let mut bodies = Bodies::new(n)?;
    let (before, energy) = (from_above(&bodies.x), bodies.energy());
    bodies.forces()?;
    for _ in 0..steps {
        bodies.step(STEP)?;
    }
    let drift = ((bodies.energy() - energy) / energy).abs();
    Ok(([before, from_above(&bodies.x)], drift))
}

/// How many bodies each pixel has, 2.5 on each side.
fn from_above(x: &Array2<f64>) -> Array2<f64> {
    let mut pixels = Array2::zeros((PIXELS, PIXELS));
    let pixel = |x: f64| (x / 2.5 + 0.5) * PIXELS as f64;
    for body in x.outer_iter() {
        let (column, row) = (pixel(body[0]), pixel(-body[1]));
        // Of a body outside the number is no index.
        if let Some(count) = pixels.get_mut([row.floor() as isize as usize, column.floor() as isize as usize]) {
            *count += 1.0;
        }
    }
    pixels
}

/// What is seen, and why.
fn seen(rows: &[Row], n: usize) {
    let time = |name: &str| of(rows, name);
    let allocated = |name: &str| bytes(rows.iter().find(|row| row.name == name).map_or(0, |row| row.bytes));
    say(&format!(
        "`{POWER}` takes {} the loop in Rust with the same power. An array of all squares of distances would be {}; it allocates {}.",
        beside(time("tilexpr_power"), time("rayon_power")),
        bytes(8 * (n as u64).pow(2)),
        allocated("tilexpr_power"),
    ));
    say(&format!(
        "With a square root the loop takes {} the one with the power, the text {} its own, and {} that loop. `powf` of the standard library, one \
         power at a time, takes {} the library's, which computes several.",
        beside(time("rayon_root"), time("rayon_power")),
        beside(time("tilexpr_root"), time("tilexpr_power")),
        beside(time("tilexpr_root"), time("rayon_root")),
        beside(time("rayon_powf"), time("rayon_power")),
    ));
    say(&format!(
        "With coordinates apart the text has three sums, and each computes the weights of all pairs: with powers it takes {} `tilexpr_power`, with \
         roots {} `tilexpr_root`.",
        beside(time("tilexpr_apart_power"), time("tilexpr_power")),
        beside(time("tilexpr_apart_root"), time("tilexpr_root")),
    ));
}
