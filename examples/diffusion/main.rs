//! The diffusion equation on a periodic grid, from numbers behind pointers to one fused pass on all cores.
//!
//! A drop of dye spreads, or a photograph blurs: each step adds to every point `k` times the sum of its four neighbours less
//! four times itself. `variants.rs` writes this step in nine ways, with the same operations in the same order; what differs
//! is how often memory is read, written and allocated.
//!
//!     cargo run --release --example diffusion -- --size 2048 --steps 20

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::{Array2, s};

use common::alloc::count;
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::picture;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, Variant};

const HELP: &str = "\
The diffusion equation on a periodic grid, its step written in nine ways.

Usage: diffusion [options]
  --size N         points on each side of the grid (default 1024)
  --steps N        time steps (default 100)
  --start WHAT     `photo`: a photograph that blurs (default);
                   `block`: a square drop of dye that spreads
  --threads N      threads of `par_zip`, `tilexpr_stencil` and `tilexpr`
                   (default: all)
  --seconds S      about how long the timed steps of one variant may take
                   together (default 1); slow variants make fewer steps then
  --quick          a small grid and few steps: a second for all
  --out DIR        where the pictures go (default target/pictures)
  --json FILE      write the table as JSON
  --help           this text

Before anything is timed, all variants make three steps and must agree to the
bit. The table shows, of each,
  time a step      the median of its timed steps
  allocated        bytes allocated in one step, counted
  effective GB/s   one read and one write of the grid (16 bytes a point) by the
                   time of a step: the traffic that the problem needs, so what
                   a variant moves beyond that makes its figure smaller
  / temporaries    its time by that of `temporaries`
The pictures are the grid before and after `--steps` steps of `tilexpr`.
";

const DIFFUSIVITY: f64 = 1.0;
const TIME_STEP: f64 = 0.1;

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("seconds", "time a step"),
    ("bytes_allocated", "allocated"),
    ("gigabytes_per_second", "effective GB/s"),
    ("ratio_to_temporaries", "/ temporaries"),
    ("steps", "steps timed"),
];

/// Steps that are compared.
const COMPARED: usize = 3;

struct Options {
    size: usize,
    steps: usize,
    photo: bool,
    shared: Shared,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let mut options = options(cli)?;
        let table = options.shared.in_pool(|| diffusion(&options))??;
        Ok(table.finish(options.shared.json.as_mut())?)
    })
}

fn options(cli: &mut Cli) -> Result<Options, Failure> {
    let mut options = Options { size: 0, steps: 0, photo: true, shared: Shared::new() };
    let (mut size, mut steps) = (None, None);
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "size" => size = Some(cli.count(&name, 1..=30_000)?),
            "steps" => steps = Some(cli.count(&name, 1..=1_000_000)?),
            "start" => {
                options.photo = match cli.text(&name)?.as_str() {
                    "photo" => true,
                    "block" => false,
                    other => {
                        let message = format!("`--start` is `photo` or `block`, and not `{other}`");
                        return Err(Failure::Usage(message));
                    }
                }
            }
            _ => options.shared.take(&name, cli)?,
        }
    }
    options.size = size.unwrap_or(options.shared.usually(1024, 256));
    options.steps = steps.unwrap_or(options.shared.usually(100, 10));
    // The grids of all variants, and twice the boxes: 32 bytes and a pointer for each number.
    check_memory(300 * (options.size as u64).pow(2), "--size")?;
    Ok(options)
}

fn diffusion(options: &Options) -> Result<Table, Failure> {
    let (start, white) = match options.photo {
        true => (picture::read(include_bytes!("../data/camera.png"), options.size)?, 1.0),
        false => (block(options.size), DROP),
    };
    let before = options.shared.picture("diffusion-before.png")?;
    let after = options.shared.picture("diffusion-after.png")?;
    println!("{0} x {0} points, {1} steps, {2} threads", options.size, options.steps, options.shared.threads);
    picture::write(&before, "before", &start, white)?;
    let k = DIFFUSIVITY * TIME_STEP;
    same_bits(&ALL.map(|(name, _)| name), |at| {
        let mut variant = ALL[at].1(&start, k);
        for _ in 0..COMPARED {
            variant.step()?;
        }
        Ok(variant.grid())
    })?;
    println!("the {} variants agree to the bit after {COMPARED} steps\n", ALL.len());

    let mut variants: Vec<Box<dyn Variant>> = ALL.iter().map(|(_, make)| make(&start, k)).collect();
    let times = take_turns(ALL.len(), options.steps, options.shared.seconds(1.0, 0.1), |at| Ok(variants[at].step()?))?;

    if let (Some(tilexpr), Some(times)) = (variants.last_mut(), times.last()) {
        for _ in times.len()..options.steps {
            tilexpr.step()?;
        }
        picture::write(&after, "after", &tilexpr.grid(), white)?;
    }
    table(options, &mut variants, &times)
}

/// The concentration in a drop of dye.
const DROP: f64 = 0.005;

/// A square drop of dye near the middle.
fn block(size: usize) -> Array2<f64> {
    let (low, high) = (size * 2 / 5, size.div_ceil(2));
    let mut grid = Array2::zeros((size, size));
    grid.slice_mut(s![low..high, low..high]).fill(DROP);
    grid
}

fn table(options: &Options, variants: &mut [Box<dyn Variant>], times: &[Vec<f64>]) -> Result<Table, Failure> {
    let of_temporaries = ALL.iter().zip(times).find(|((name, _), _)| *name == "temporaries");
    let reference = of_temporaries.map_or(f64::NAN, |(_, times)| median(times));
    let mut table = Table::new(COLUMNS);
    for (((name, _), variant), times) in ALL.iter().zip(variants).zip(times) {
        let (result, counts) = count(|| variant.step());
        result?;
        let seconds = median(times);
        let traffic = 16.0 * (options.size as f64).powi(2);
        table.row(vec![
            Cell::Text(name.to_string()),
            Cell::Seconds(seconds),
            Cell::Bytes(counts.bytes),
            Cell::Number(traffic / seconds / 1e9, 2),
            Cell::Number(seconds / reference, 3),
            Cell::Count(times.len() as u64),
        ]);
    }
    Ok(table)
}
