//! Waves that meet the ends of a line and of a square, under each boundary mode.
//!
//! A step of the wave equation reads neighbours, and at the ends there are none: a mode says what stands there instead. `variants.rs`
//! writes the step as loops, over an array with a border, and as a text with the mode in its coordinates.
//!
//!     cargo run --release --example waves

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::{Array2, ArrayD, Ix1, Ix2, s};

use common::check::same_bits;
use common::cli::{Failure, check_memory, run};
use common::machine::cpu;
use common::picture;
use common::prose::say;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, Mode, Wave, text};

const HELP: &str = "\
The wave equation in one and two dimensions, under each boundary mode: wrap,
clamp, reflect, mirror, zero, fill.

Usage: waves [options]
  --size N       points on each side of the timed square (default 1024); the
                 timed line has as many points as the square
  --threads N    threads of `padded` and `tilexpr` (default: all)
  --seconds S    about how long each variant is timed (default 0.2)
  --quick        a small square and short times: a few seconds for all
  --out DIR      where the pictures go (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

The variants:
  loops          loops that ask at each neighbour where the mode leads
  padded         a border that is copied each step, and a text of slices
  tilexpr        a text with the mode in its coordinates
Before anything is timed, they make some steps of a small wave and must agree to
the bit. The table shows, for each mode, the median time of a step in ns a point,
and how far the wave of the picture differs from that on a ring.

The pictures have a panel for each mode, in the order of the table. In waves-1d.png
time goes downwards: two waves run apart along a line and meet its ends. In
waves-2d.png a drop has fallen into a square basin. Grey is 0, white above.
";

const COLUMNS: &[(&str, &str)] = &[
    ("dimensions", "dimensions"),
    ("mode", "mode"),
    ("end", "what the end is"),
    ("loops_nanoseconds", "loops"),
    ("padded_nanoseconds", "padded"),
    ("tilexpr_nanoseconds", "tilexpr"),
    ("ratio_to_padded", "/ padded"),
    ("differs_from_wrap", "differs from wrap"),
];

/// The square of the speed, in points a step, by 12: the weights of the differences have that denominator.
const K: f64 = 0.25 / 12.0;
/// What is compared: a wave so small that it meets the ends soon.
const COMPARED: [usize; 2] = [23, 17];
const COMPARED_STEPS: usize = 40;
/// Points on a side of what is drawn, and steps until its waves have met the ends.
const SIDE: usize = 200;
const STEPS: usize = 360;
/// Steps of a timed variant at most.
const PASSES: usize = 50;

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (size, mut shared) = cli.one_count("size", 8..=16_384, [1024, 128])?;
        check_memory(8 * 8 * (size as u64).pow(2), "--size")?;
        let seconds = shared.seconds(0.2, 0.005);
        let paths = [shared.picture("waves-1d.png")?, shared.picture("waves-2d.png")?];
        println!("{}\n{size} x {size} points, and as many in a line, {} threads", cpu(), shared.threads);
        println!("one dimension:  {}\ntwo dimensions: {}", text(1, Mode::Wrap), text(2, Mode::Wrap));
        let table = shared.in_pool(|| -> Result<Table, Failure> {
            let mut table = Table::new(COLUMNS);
            for axes in [1, 2] {
                let shape = if axes == 1 { vec![size * size] } else { vec![size; 2] };
                let waves = seen(axes)?;
                for (mode, wave) in Mode::ALL.into_iter().zip(&waves) {
                    let far = wave.iter().zip(&waves[0]).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
                    let times = measure(&shape, mode, seconds)?;
                    table.row(row(axes, mode, times, far));
                }
                picture::write(&paths[axes - 1], "picture", &panels(&waves), 1.0)?;
            }
            Ok(table)
        })??;
        println!("the {} variants agree to the bit; in ns a point\n", ALL.len());
        table.finish(shared.json.as_mut())?;
        say(
            "On a ring what leaves at one end comes in at the other. A free end throws waves back as they came, one that is held throws \
             them back upside down, and one that is held above 0 sends in waves of its own. Points inside are computed apart from \
             the borders, so no mode costs anything there.",
        );
        Ok(())
    })
}

/// A wave at rest: a hump away from the middle.
fn hump(shape: &[usize]) -> ArrayD<f64> {
    let sigma = shape.iter().min().map_or(1.0, |&n| n as f64 * 0.03);
    ArrayD::from_shape_fn(shape.to_vec(), |at| {
        let far = |axis: usize| at[axis] as f64 - shape[axis] as f64 * [0.35, 0.42][axis];
        let squares: f64 = (0..shape.len()).map(|axis| far(axis).powi(2)).sum();
        (-0.5 * squares / (sigma * sigma)).exp()
    })
}

/// What is drawn for each mode, once all variants agree on a small wave: of a line all steps, one below the other, of a square the
/// last.
fn seen(axes: usize) -> Result<Vec<Array2<f64>>, Failure> {
    let (small, start) = (hump(&COMPARED[..axes]), hump(&[SIDE; 2][..axes]));
    let names = ALL.map(|(name, _)| name);
    let wave = |mode: Mode| {
        same_bits(&names, |at| run_for(ALL[at].1(&small, mode, K)?.as_mut(), COMPARED_STEPS))?;
        let mut wave = ALL[2].1(&start, mode, K)?;
        if axes == 2 {
            return Ok(run_for(wave.as_mut(), STEPS / 2)?.into_dimensionality::<Ix2>()?);
        }
        let mut rows = Array2::zeros((STEPS, SIDE));
        for mut row in rows.outer_iter_mut() {
            row.assign(&run_for(wave.as_mut(), 1)?.into_dimensionality::<Ix1>()?);
        }
        Ok(rows)
    };
    Mode::ALL.into_iter().map(wave).collect()
}

fn run_for(wave: &mut dyn Wave, steps: usize) -> Result<ArrayD<f64>, Failure> {
    for _ in 0..steps {
        wave.step()?;
    }
    Ok(wave.now())
}

/// Six panels in two rows, with lines between; 0 becomes grey.
fn panels(waves: &[Array2<f64>]) -> Array2<f64> {
    const GAP: usize = 6;
    let (high, wide) = waves.first().map_or((1, 1), |wave| wave.dim());
    let mut all = Array2::ones((2 * high + GAP, 3 * wide + 2 * GAP));
    for (at, wave) in waves.iter().enumerate() {
        let (top, left) = ((at / 3) * (high + GAP), (at % 3) * (wide + GAP));
        let grey = wave.mapv(|x| (0.5 + x).clamp(0.0, 1.0));
        all.slice_mut(s![top..top + high, left..left + wide]).assign(&grey);
    }
    all
}

/// Nanoseconds a point of each variant.
fn measure(shape: &[usize], mode: Mode, seconds: f64) -> Result<Vec<f64>, Failure> {
    let start = hump(shape);
    let made: Result<Vec<_>, _> = ALL.iter().map(|(_, make)| make(&start, mode, K)).collect();
    let mut waves = made?;
    let times = take_turns(ALL.len(), PASSES, seconds, |at| Ok(waves[at].step()?))?;
    Ok(times.iter().map(|times| median(times) * 1e9 / start.len() as f64).collect())
}

fn row(axes: usize, mode: Mode, times: Vec<f64>, far: f64) -> Vec<Cell> {
    let ratio = times[2] / times[1];
    let names = [Cell::Count(axes as u64), Cell::Text(mode.name().to_owned()), Cell::Text(mode.meaning().to_owned())];
    let figures = times.into_iter().map(|ns| Cell::Number(ns, 3));
    names.into_iter().chain(figures).chain([Cell::Number(ratio, 2), Cell::Number(far, 4)]).collect()
}
