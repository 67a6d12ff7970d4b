//! The grey levels of a photograph, counted in several ways; and the photograph equalised by what was counted.
//!
//! Counting is the sum whose threads do not know beforehand where they will write. `variants.rs` has the ways.
//!
//!     cargo run --release --example histogram

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::path::Path;
use std::process::ExitCode;

use ndarray::{Array1, Array2};

use common::chart::{Axis, Bars};
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::picture;
use common::prose::{beside, say};
use common::random::Random;
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, Counts};

const HELP: &str = "\
How often each grey level occurs in a picture, counted in several ways: of a
photograph, of noise, and of a picture of one grey level. Then the photograph
equalised by its histogram.

Usage: histogram [options]
  --size N       pixels on each side of the timed pictures (default 3072)
  --threads N    threads of the parallel variants (default: all)
  --seconds S    about how long each variant is timed on each picture
                 (default 0.4)
  --quick        small pictures and short times: a second for all
  --out DIR      where the pictures go (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

Before anything is timed, all variants must count the same. The table shows, of
each and for each picture, the median of its timed passes and the nanoseconds a
pixel. The pictures are histogram-before.png and histogram-after.png, the
photograph and what becomes of it; histogram.svg, the grey levels of both; and
histogram-times.svg, the table.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("picture", "picture"),
    ("seconds", "time"),
    ("nanoseconds_per_pixel", "ns/pixel"),
    ("ratio_to_serial", "/ serial"),
];

const PHOTO: &[u8] = include_bytes!("../data/camera.png");
const PICTURES: [&str; 3] = ["photo", "noise", "flat"];
/// Grey levels that are drawn as one.
const STEP: usize = 16;
/// Passes of each variant at most.
const PASSES: usize = 50;

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (size, mut shared) = options(cli)?;
        let [before, after, levels, times] =
            ["histogram-before.png", "histogram-after.png", "histogram.svg", "histogram-times.svg"]
                .map(|name| shared.picture(name));
        let (before, after, levels, times) = (before?, after?, levels?, times?);
        println!("{size} x {size} pixels, {} threads, {}", shared.threads, cpu());
        let photo = to_bytes(&picture::read(PHOTO, size)?);
        let pictures = [photo, noise(size), Array2::from_elem((size, size), 128)];
        let seconds = shared.seconds(0.4, 0.02);
        // Seconds by picture and variant.
        let figures =
            shared.in_pool(|| pictures.iter().map(|p| measure(p, seconds)).collect::<Result<Vec<_>, Failure>>())??;
        println!("the {} variants count the same\n", ALL.len());
        let table = table(size, &figures);
        table.finish(shared.json.as_mut())?;
        draw_times(&times, size, &figures)?;
        println!("\nchart: {}", times.display());

        let photo = to_bytes(&picture::read(PHOTO, 512)?);
        let equalised = equalise(&photo)?;
        picture::write(&before, "before", &photo.mapv(f64::from), 255.0)?;
        picture::write(&after, "after", &equalised.mapv(f64::from), 255.0)?;
        draw_levels(&levels, &photo, &equalised)?;
        println!("grey levels: {}", levels.display());
        conclude(&figures, shared.threads);
        say(&format!(
            "Half of the photograph's pixels have a grey level of {} or less; equalised, of {} or less.",
            middle(&photo)?,
            middle(&equalised)?
        ));
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (size, shared) = cli.one_count("size", 16..=30_000, [3072, 512])?;
    // Three pictures in bytes; one in f64 and in f32, while it is made.
    check_memory(32 * (size as u64).pow(2), "--size")?;
    Ok((size, shared))
}

/// The seconds of each variant.
fn measure(picture: &Array2<u8>, seconds: f64) -> Result<Vec<f64>, Failure> {
    same_bits(&ALL.map(|(name, _)| name), |at| Ok(Array1::from_iter(ALL[at].1(picture)?.map(|count| count as f64))))?;
    let times = take_turns(ALL.len(), PASSES, seconds, |at| {
        std::hint::black_box(ALL[at].1(picture)?);
        Ok(())
    })?;
    Ok(times.iter().map(|times| median(times)).collect())
}

/// Grey levels from 0 to 1 as bytes.
fn to_bytes(picture: &Array2<f64>) -> Array2<u8> {
    picture.mapv(|grey| (grey * 255.0).round() as u8)
}

fn noise(size: usize) -> Array2<u8> {
    let random = Random::new(1);
    Array2::from_shape_fn((size, size), |(y, x)| random.below((y * size + x) as u64, 256) as u8)
}

/// The counts by the variant that needs no care.
fn count(picture: &Array2<u8>) -> Result<Counts, Failure> {
    Ok(ALL[0].1(picture)?)
}

/// For each grey level, how many pixels have it or a lower one.
fn cumulative(picture: &Array2<u8>) -> Result<Counts, Failure> {
    let mut sum = 0;
    Ok(count(picture)?.map(|count| {
        sum += count;
        sum
    }))
}

/// The picture whose grey levels are all about equally frequent: each becomes the part of pixels that are not brighter.
fn equalise(picture: &Array2<u8>) -> Result<Array2<u8>, Failure> {
    let below = cumulative(picture)?;
    let least = below.iter().copied().find(|&count| count > 0).unwrap_or(0);
    let all = picture.len() as u64;
    let part = |count: u64| (count.saturating_sub(least)) as f64 / (all - least).max(1) as f64;
    let new = below.map(|count| (part(count) * 255.0).round() as u8);
    Ok(picture.mapv(|grey| new[usize::from(grey)]))
}

/// The grey level that half of the pixels are not above.
fn middle(picture: &Array2<u8>) -> Result<usize, Failure> {
    let half = picture.len() as u64 / 2;
    Ok(cumulative(picture)?.partition_point(|&count| count < half))
}

fn table(size: usize, figures: &[Vec<f64>]) -> Table {
    let mut table = Table::new(COLUMNS);
    for (picture, row) in PICTURES.iter().zip(figures) {
        for ((name, _), &seconds) in ALL.iter().zip(row) {
            table.row(vec![
                Cell::Text(name.to_string()),
                Cell::Text(picture.to_string()),
                Cell::Seconds(seconds),
                Cell::Number(seconds * 1e9 / (size as f64).powi(2), 3),
                Cell::Number(seconds / time(row, "serial"), 2),
            ]);
        }
    }
    table
}

fn time(row: &[f64], variant: &str) -> f64 {
    ALL.iter().zip(row).find(|((name, _), _)| *name == variant).map_or(f64::NAN, |(_, &seconds)| seconds)
}

fn draw_times(path: &Path, size: usize, figures: &[Vec<f64>]) -> Result<(), Failure> {
    let per_pixel = |at: usize| figures.iter().map(|row| row[at] * 1e9 / (size as f64).powi(2)).collect();
    let chart = Ranking {
        title: "counting grey levels",
        x: Axis { label: "time in ns a pixel", log: true },
        series: PICTURES.map(str::to_owned).to_vec(),
        rows: ALL.iter().enumerate().map(|(at, (name, _))| (name.to_string(), per_pixel(at))).collect(),
    };
    chart.draw(path)
}

fn draw_levels(path: &Path, photo: &Array2<u8>, equalised: &Array2<u8>) -> Result<(), Failure> {
    // Levels by sixteens: single ones are ragged, and equalising leaves gaps between them.
    let (photo, equalised) = (count(photo)?, count(equalised)?);
    let group = |at: usize| {
        let levels = at * STEP..(at + 1) * STEP;
        let sum = |counts: &Counts| counts[levels.clone()].iter().sum::<u64>() as f64;
        (format!("{}-{}", levels.start, levels.end - 1), vec![sum(&photo), sum(&equalised)])
    };
    let chart = Bars {
        title: "pixels of the photograph by grey level, 0 black, 255 white",
        y: Axis { label: "pixels", log: false },
        names: vec!["photograph".to_owned(), "equalised".to_owned()],
        groups: (0..256 / STEP).map(group).collect(),
    };
    chart.draw(path)
}

/// What is seen, in sentences that hold for these figures.
fn conclude(figures: &[Vec<f64>], threads: usize) {
    let [photo, noise, flat] = figures else { return };
    let by_noise = |row: &[f64], variant| time(row, variant) / time(noise, variant);
    say(&format!(
        "With one table the photograph takes {:.1} times the time of noise, and the flat picture {:.1} times; with four tables \
         {:.1} and {:.1} times. The number of increments is the same: what differs is how soon after its writing a count is \
         read again.",
        by_noise(photo, "serial"),
        by_noise(flat, "serial"),
        by_noise(photo, "four_tables"),
        by_noise(flat, "four_tables")
    ));
    let on_each = |slow: &str, fast: &str| {
        let ratio = |row: &[f64]| time(row, slow) / time(row, fast);
        format!("{:.2} (photograph), {:.2} (noise), {:.2} (flat)", ratio(photo), ratio(noise), ratio(flat))
    };
    say(&format!(
        "One table of atomics for {threads} threads, by the time of one thread with a table of its own: {}. {}",
        on_each("shared_atomic", "serial"),
        if threads > 1 && time(photo, "shared_atomic") > time(photo, "serial") {
            "Each increment is one that cannot be divided, and threads take the cache lines from each other."
        } else {
            ""
        }
    ));
    say(&format!(
        "A private table for each task, merged at the end, by the time of one thread: {}. Four private tables: {}.",
        on_each("private", "serial"),
        on_each("private_four_tables", "serial")
    ));
    let by_hand = on_each("tilexpr", "private_four_tables");
    say(&format!("This library's, by the time of four private tables by hand: {by_hand}."));
    say(&format!(
        "To compare each pixel of the photograph with all 256 grey levels takes {} one thread that counts, vectors and all.",
        beside(time(photo, "tilexpr_compare"), time(photo, "serial"))
    ));
}
