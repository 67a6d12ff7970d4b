//! A photograph blurred by a bell curve: the whole square of weights at once, or rows and then columns; by loops, by ndarray,
//! by the crate `image`, by a text whose arguments are shifted views of one array, and by one in index notation.
//!
//!     cargo run --release --example gaussian

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use common::alloc::count;
use common::chart::Axis;
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::picture;
use common::prose::{beside, say};
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{Blur, DIRECT, Filter, IMAGE, NOTATION, SEPARABLE, Work, sigma};

const HELP: &str = "\
A photograph blurred by a bell curve in twelve ways: the square of weights at
once (`direct_...`), rows and then columns, and the crate `image`.

Usage: gaussian [options]
  --size N       pixels on each side of the timed picture (default 2048)
  --radius R     pixels on each side of the middle that have a weight, 1 to 10
                 (default 5: a square of 11 x 11)
  --threads N    threads of the parallel variants (default: all)
  --seconds S    about how long each variant is timed (default 0.6)
  --quick        a small picture and short times: a second for all
  --out DIR      where the pictures go (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

Before anything is timed, the direct variants must agree to the bit, and the
separable ones; `direct_notation`, which adds in f64, must differ from the direct
ones by roundings alone; and each variant but `image_fast_blur` must be within
one grey level of 255 of the first. The table shows, of each,
  time           the median of its timed passes
  ns/pixel       the same for each pixel
  allocated      bytes allocated in one pass, counted
  differs        its greatest difference from `direct_loops`, in grey levels of
                 255
The pictures are gaussian-before.png and gaussian-after.png, and gaussian.svg, a
chart of the times.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("seconds", "time"),
    ("nanoseconds_per_pixel", "ns/pixel"),
    ("bytes_allocated", "allocated"),
    ("greatest_difference", "differs"),
];

const PHOTO: &[u8] = include_bytes!("../data/camera.png");
/// Passes of each variant at most.
const PASSES: usize = 50;

/// What 441 additions in f32 may make of a sum below 1 at most, in grey levels of 255.
const ROUNDINGS: f64 = 441.0 * 255.0 * f32::EPSILON as f64;

struct Options {
    size: usize,
    radius: usize,
    shared: Shared,
}

/// One row of the table.
struct Row {
    name: &'static str,
    seconds: f64,
    bytes: u64,
    differs: f64,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let mut options = options(cli)?;
        let Options { size, radius, ref mut shared } = options;
        let (before, after) = (shared.picture("gaussian-before.png")?, shared.picture("gaussian-after.png")?);
        let chart = shared.picture("gaussian.svg")?;
        println!(
            "{size} x {size} pixels, radius {radius} (sigma {:.1}), {} threads, {}",
            sigma(radius),
            shared.threads,
            cpu()
        );
        let rows = shared.in_pool(|| measure(size, radius, shared.seconds(0.6, 0.02)))??;
        let mut table = Table::new(COLUMNS);
        let per_pixel = |row: &Row| row.seconds * 1e9 / (size as f64).powi(2);
        for row in &rows {
            table.row(vec![
                Cell::Text(row.name.to_owned()),
                Cell::Seconds(row.seconds),
                Cell::Number(per_pixel(row), 3),
                Cell::Bytes(row.bytes),
                Cell::Number(row.differs, 5),
            ]);
        }
        table.finish(shared.json.as_mut())?;
        let ranking = Ranking {
            title: &format!("a Gaussian blur, {0} x {0} weights", 2 * radius + 1),
            x: Axis { label: "time in ns a pixel", log: true },
            series: vec![],
            rows: rows.iter().map(|row| (row.name.to_owned(), vec![per_pixel(row)])).collect(),
        };
        ranking.draw(&chart)?;
        println!("\nchart: {}", chart.display());

        let photo = picture::read(PHOTO, 512)?;
        let blur = Blur::new(&photo.mapv(|grey| grey as f32), radius)?;
        let mut work = blur.work();
        tilexpr(&blur, &mut work)?;
        let blurred = work.result.mapv(f64::from);
        picture::write(&before, "before", &photo, 1.0)?;
        picture::write(&after, "after", &blurred, 1.0)?;
        conclude(&rows, radius, shared.threads);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<Options, Failure> {
    let mut options = Options { size: 0, radius: 5, shared: Shared::new() };
    let mut size = None;
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "size" => size = Some(cli.count(&name, 16..=30_000)?),
            "radius" => options.radius = cli.count(&name, 1..=10)?,
            _ => options.shared.take(&name, cli)?,
        }
    }
    options.size = size.unwrap_or(options.shared.usually(2048, 512));
    // The photograph in f64, three pictures in f32, those that are compared, those of `image`.
    check_memory(60 * (options.size as u64).pow(2), "--size")?;
    Ok(options)
}

fn tilexpr(blur: &Blur, work: &mut Work) -> Result<(), Failure> {
    let tilexpr = SEPARABLE.iter().find(|(name, _)| *name == "tilexpr").ok_or("there is a variant `tilexpr`")?;
    Ok(tilexpr.1(blur, work)?)
}

fn measure(size: usize, radius: usize, seconds: f64) -> Result<Vec<Row>, Failure> {
    let blur = Blur::new(&picture::read(PHOTO, size)?.mapv(|grey| grey as f32), radius)?;
    let mut work = blur.work();
    let mut agree = |variants: &[(&str, Filter)]| {
        let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
        same_bits(&names, |at| {
            variants[at].1(&blur, &mut work)?;
            Ok(work.result.mapv(f64::from))
        })
    };
    let direct = agree(&DIRECT)?;
    agree(&SEPARABLE)?;
    println!("the {} direct variants agree to the bit, and the {} separable ones\n", DIRECT.len(), SEPARABLE.len());
    let all: Vec<(&'static str, Filter)> = DIRECT.into_iter().chain([NOTATION]).chain(SEPARABLE).chain(IMAGE).collect();
    let mut rows = Vec::new();
    for &(name, filter) in &all {
        let (result, counts) = count(|| filter(&blur, &mut work));
        result?;
        let differs =
            work.result.iter().zip(&direct).map(|(&x, y)| (f64::from(x) - y).abs() * 255.0).fold(0.0, f64::max);
        let most = match name {
            "image_fast_blur" => f64::INFINITY,
            name if name == NOTATION.0 => ROUNDINGS,
            _ => 1.0,
        };
        if differs > most {
            return Err(format!("`{name}` differs from `{}` by {differs} grey levels of 255", DIRECT[0].0).into());
        }
        rows.push(Row { name, seconds: f64::NAN, bytes: counts.bytes, differs });
    }
    let times = take_turns(all.len(), PASSES, seconds, |at| {
        all[at].1(&blur, &mut work)?;
        Ok(())
    })?;
    for (row, times) in rows.iter_mut().zip(&times) {
        row.seconds = median(times);
    }
    Ok(rows)
}

/// What is seen, in sentences that hold for these figures.
fn conclude(rows: &[Row], radius: usize, threads: usize) {
    let time = |name: &str| rows.iter().find(|row| row.name == name).map_or(f64::NAN, |row| row.seconds);
    let ratio = |slow, fast| time(slow) / time(fast);
    let side = 2 * radius + 1;
    say(&format!(
        "{} products a pixel for the square, {} for rows and columns: by that the loops become {:.1} times as fast, ndarray \
         {:.1} times, tilexpr {:.1} times.",
        side * side,
        2 * side,
        ratio("direct_loops", "loops"),
        ratio("direct_ndarray", "ndarray"),
        ratio("direct_tilexpr", "tilexpr")
    ));
    say(&format!(
        "One text over {} shifted views takes {} the same number of whole-array operations, each of which reads and writes the \
         result; two calls over {side} views take {} {} such operations.",
        side * side,
        beside(time("direct_tilexpr"), time("direct_ndarray")),
        beside(time("tilexpr"), time("ndarray")),
        2 * side
    ));
    say(&format!(
        "In index notation the formula is one line, with neither views nor a border, for any radius: it takes {} the text over \
         views. Its sums are in f64.",
        beside(time("direct_notation"), time("direct_tilexpr"))
    ));
    say(&format!(
        "In strips, whose rows stay in the cache until their columns are done, `tilexpr_strips` takes {} `tilexpr`, and {} \
         `strips`, which are by hand.",
        beside(time("tilexpr_strips"), time("tilexpr")),
        beside(time("tilexpr_strips"), time("strips"))
    ));
    let boxes = rows.iter().find(|row| row.name == "image_fast_blur").map_or(f64::NAN, |row| row.differs);
    say(&format!(
        "The crate `image` has one thread. In f32 it takes {} tilexpr on {threads}, in bytes {} it, and by boxes {} it, which \
         are another filter: up to {boxes:.0} grey levels of 255 from the bell curve.",
        beside(time("image_blur"), time("tilexpr")),
        beside(time("image_blur_u8"), time("tilexpr")),
        beside(time("image_fast_blur"), time("tilexpr"))
    ));
}
