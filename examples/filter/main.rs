//! Recurrences along time: an average, a low pass, systems of equations with three diagonals; by loops in Rust and by `scan` in a text.
//!
//!     cargo run --release --example filter

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::path::Path;
use std::process::ExitCode;

use ndarray::{Array1, Array2};

use common::chart::{Axis, Lines};
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::prose::{beside, say};
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, CUTOFF, Signals, WAYS, WEIGHT};

const HELP: &str = "\
Many channels filtered along time, where each state waits for the one before.

Usage: filter [options]
  --times N      samples of each channel (default 4000)
  --channels N   channels (default 1000: two arrays of 32 MB)
  --threads N    threads of the parallel variants (default: all)
  --seconds S    about how long each variant is timed (default 1)
  --quick        few samples and short times: a second for all
  --out DIR      where the charts go (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

The recurrences:
  average          an exponential average, of one state
  second_order     Butterworth's low pass of the second order, of three states
  three_diagonals  u of -c u[k-1] + (1 + 2c) u[k] - c u[k+1] = x[k], by a sweep
                   forwards and one backwards; c is one number a channel
and the variants of each:
  channels         one channel after the other, each along its time
  rows             one time after the other, all channels of it
  rayon            the same, some channels at a time, on all threads
  tilexpr_serial   `scan` in a text, on one thread
  tilexpr          the same on all threads
They must agree to the bit before anything is timed. The charts are filter.svg,
the signals of one channel, and filter_times.svg.
";

const COLUMNS: &[(&str, &str)] = &[
    ("recurrence", "recurrence"),
    ("variant", "variant"),
    ("seconds", "time"),
    ("nanoseconds_per_sample", "ns/sample"),
    ("ratio_to_rayon", "/ rayon"),
];

/// Passes of each variant at most.
const PASSES: usize = 50;
/// Samples of the chart of signals.
const SHOWN: usize = 500;

struct Options {
    times: usize,
    channels: usize,
    shared: Shared,
}

/// The seconds of each way to compute a recurrence.
struct Measured {
    name: &'static str,
    seconds: Vec<f64>,
}

impl Measured {
    fn of(&self, way: &str) -> f64 {
        WAYS.iter().position(|name| *name == way).map_or(f64::NAN, |at| self.seconds[at])
    }
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let mut options = options(cli)?;
        let Options { times, channels, ref mut shared } = options;
        let (signals, ranking) = (shared.picture("filter.svg")?, shared.picture("filter_times.svg")?);
        println!("{channels} channels of {times} samples, {} threads, {}", shared.threads, cpu());
        let all = shared.in_pool(|| measure(times, channels, shared.seconds(1.0, 0.03)))??;
        println!("the {} variants of each recurrence agree to the bit\n", WAYS.len());
        let samples = (times * channels) as f64;
        table(&all, samples).finish(shared.json.as_mut())?;
        draw_signals(&signals)?;
        draw_times(&ranking, &all, samples)?;
        println!("\ncharts: {} and {}", signals.display(), ranking.display());
        seen(&all, samples);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<Options, Failure> {
    let (mut times, mut channels, mut shared) = (None, None, Shared::new());
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "times" => times = Some(cli.count(&name, 1..=10_000_000)?),
            "channels" => channels = Some(cli.count(&name, 1..=10_000_000)?),
            _ => shared.take(&name, cli)?,
        }
    }
    let times = times.unwrap_or(shared.usually(4000, 500));
    let channels = channels.unwrap_or(shared.usually(1000, 200));
    // The signals, their results, those that are compared, both states of the equations.
    check_memory(8 * 6 * (times * channels) as u64, "--times")?;
    Ok(Options { times, channels, shared })
}

fn measure(times: usize, channels: usize, seconds: f64) -> Result<Vec<Measured>, Failure> {
    let mut signals = Signals::new(times, channels)?;
    let mut all = Vec::new();
    for (name, ways) in ALL {
        same_bits(&WAYS, |at| {
            signals.y.fill(f64::NAN);
            ways[at](&mut signals)?;
            Ok(signals.y.clone())
        })?;
        let times = take_turns(WAYS.len(), PASSES, seconds, |at| Ok(ways[at](&mut signals)?))?;
        all.push(Measured { name, seconds: times.iter().map(|times| median(times)).collect() });
    }
    Ok(all)
}

fn table(all: &[Measured], samples: f64) -> Table {
    let mut table = Table::new(COLUMNS);
    for measured in all {
        for (way, &seconds) in WAYS.iter().zip(&measured.seconds) {
            table.row(vec![
                Cell::Text(measured.name.to_owned()),
                Cell::Text(way.to_string()),
                Cell::Seconds(seconds),
                Cell::Number(seconds * 1e9 / samples, 3),
                Cell::Number(seconds / measured.of("rayon"), 2),
            ]);
        }
    }
    table
}

/// A channel before and after.
fn draw_signals(path: &Path) -> Result<(), Failure> {
    let mut signals = Signals::new(SHOWN, 1)?;
    let points = |array: &Array2<f64>| -> Vec<(f64, f64)> {
        let line: Array1<f64> = array.column(0).to_owned();
        line.iter().enumerate().map(|(k, &y)| (k as f64, y)).collect()
    };
    let mut lines = vec![("before".to_owned(), points(&signals.x))];
    for (name, ways) in ALL {
        ways[WAYS.len() - 1](&mut signals)?;
        lines.push((name.to_owned(), points(&signals.y)));
    }
    let chart = Lines {
        title: "a channel with noise, filtered along time",
        x: Axis { label: "sample", log: false },
        y: Axis { label: "signal", log: false },
        lines,
        marks: Vec::new(),
    };
    chart.draw(path)
}

fn draw_times(path: &Path, all: &[Measured], samples: f64) -> Result<(), Failure> {
    let row = |(at, way): (usize, &&str)| {
        (way.to_string(), all.iter().map(|measured| measured.seconds[at] * 1e9 / samples).collect())
    };
    let chart = Ranking {
        title: "recurrences along time, of many channels",
        x: Axis { label: "ns a sample", log: false },
        series: all.iter().map(|measured| measured.name.to_owned()).collect(),
        rows: WAYS.iter().enumerate().map(row).collect(),
    };
    chart.draw(path)
}

/// What is seen, and why.
fn seen(all: &[Measured], samples: f64) {
    say(&format!(
        "The average has the weight {WEIGHT}, the low pass ends at {CUTOFF} cycles a sample. Both follow a step late, as they know the past \
         alone; the equations, which are swept both ways, know the future, too, and are late in neither direction."
    ));
    for measured in all {
        let of = |way: &str| measured.of(way);
        say(&format!(
            "{}: along each channel by itself takes {} row by row. The text on one thread takes {} `rows`; on all threads {:.2} of the time \
             of one, and {} `rayon`, {:.2} ns a sample.",
            measured.name,
            beside(of("channels"), of("rows")),
            beside(of("tilexpr_serial"), of("rows")),
            of("tilexpr") / of("tilexpr_serial"),
            beside(of("tilexpr"), of("rayon")),
            of("tilexpr") * 1e9 / samples
        ));
    }
    say(
        "Along time there is nothing to share: a state waits for the one before. So it is the channels that lie in the lanes of a vector \
         and that threads divide, and memory is to be read by rows, as it lies.",
    );
}
