//! Files larger than memory: read whole, mapped, or computed piece by piece in bounded memory.
//!
//!     cargo run --release --example outofcore

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use approx::relative_eq;
use tilexpr::{Expr, npy};

use common::chart::{Axis, Bars};
use common::cli::{Cli, Failure, Shared, run};
use common::machine::cpu;
use common::table::{Cell, Table};
use common::timing::{bar, median};
use variants::{ALL, TEXT};

const HELP: &str = "\
The sum of squared differences of two files of numbers, read whole into memory
or piece by piece, beside plain reads of the same files.

Usage: outofcore [options]
  --megabytes N    size of each file, 1 to 100000 (default 256, with --quick 64)
  --limit N        megabytes of memory, program and all, that the last line of
                   the table is run in (default: half of both files together)
  --rounds N       runs of each variant, in turns (default 5, with --quick 3)
  --threads N      threads of each variant (default: all)
  --seconds S      no new round after so many seconds (default 10)
  --quick          small files, few rounds: two seconds for all
  --out DIR        where the charts go (default target/pictures)
  --json FILE      write the table as JSON
  --help           this text

The files are made in a temporary folder, which is removed at the end, so they
are in the system's cache of the disk: what is compared is the way from there.
Each run is a process of its own. The table shows, of each,
  time             the median of its runs, without the start of the process
  GB/s             bytes of both files in a second
  of plain reads   its speed by that of reading the files and doing nothing
  peak memory      the most that the process had, as the system counts it
All variants of tilexpr must agree to the bit, and with ndarray to 12 digits
(it adds in another order). The last line is the streamed variant once more, in
a process that may not have more memory than the limit (`ulimit -v`): proof that
it needs no more, whatever the size of the files.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("seconds", "time"),
    ("gigabytes_per_second", "GB/s"),
    ("ratio_to_plain_reads", "of plain reads"),
    ("peak_bytes", "peak memory"),
    ("rounds", "runs"),
];

/// Bytes that pieces of files may take in a streamed run.
const PIECES: usize = 16 << 20;

struct Options {
    megabytes: usize,
    limit: usize,
    rounds: usize,
    shared: Shared,
}

/// What a process of a variant tells.
struct Told {
    seconds: f64,
    peak: u64,
    result: f64,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    match &args[..] {
        [_, option, variant, threads, a, b] if option == "--one" => {
            let told = threads
                .parse()
                .map_err(Failure::from)
                .and_then(|threads| one(variant, threads, a.as_ref(), b.as_ref()));
            match told {
                Ok(()) => ExitCode::SUCCESS,
                Err(Failure::Other(error)) => {
                    eprintln!("{error}");
                    ExitCode::FAILURE
                }
                Err(_) => ExitCode::FAILURE,
            }
        }
        _ => run(HELP, |cli| outofcore(options(cli)?)),
    }
}

/// Runs one variant and tells what it took.
fn one(variant: &str, threads: usize, a: &Path, b: &Path) -> Result<(), Failure> {
    let (_, compute) = ALL.iter().find(|(name, _)| *name == variant).ok_or("there is no such variant")?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let start = Instant::now();
    let result = compute(a, b, PIECES)?;
    println!("{} {} {}", start.elapsed().as_secs_f64(), peak(), result.to_bits());
    Ok(())
}

/// The most memory that this process has had, in bytes; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).map_or(0, |kilobytes| kilobytes << 10)
}

fn options(cli: &mut Cli) -> Result<Options, Failure> {
    let mut options = Options { megabytes: 0, limit: 0, rounds: 0, shared: Shared::new() };
    let (mut megabytes, mut limit, mut rounds) = (None, None, None);
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "megabytes" => megabytes = Some(cli.count(&name, 1..=100_000)?),
            "limit" => limit = Some(cli.count(&name, 1..=100_000)?),
            "rounds" => rounds = Some(cli.count(&name, 1..=1000)?),
            _ => options.shared.take(&name, cli)?,
        }
    }
    options.megabytes = megabytes.unwrap_or(options.shared.usually(256, 64));
    options.limit = limit.unwrap_or(options.megabytes);
    options.rounds = rounds.unwrap_or(options.shared.usually(5, 3));
    Ok(options)
}

fn outofcore(mut options: Options) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let [a, b] = ["a.npy", "b.npy"].map(|name| folder.path().join(name));
    make(&a, &b, options.megabytes)?;
    println!("{}", cpu());
    println!("`{TEXT}` of two files of {} MB, {} threads\n", options.megabytes, options.shared.threads);

    let told = measure(&options, &a, &b)?;
    check(&told)?;
    let limited = limited(&options, &a, &b);
    let bytes = (options.megabytes * 2_000_000) as f64;
    let times: Vec<f64> =
        told.iter().map(|runs| median(&runs.iter().map(|run| run.seconds).collect::<Vec<_>>())).collect();
    let peaks: Vec<u64> = told.iter().map(|runs| runs.iter().map(|run| run.peak).max().unwrap_or(0)).collect();
    let mut table = Table::new(COLUMNS);
    let mut row = |name: &str, seconds: f64, peak: u64, runs: usize| {
        table.row(vec![
            Cell::Text(name.to_string()),
            Cell::Seconds(seconds),
            Cell::Number(bytes / seconds / 1e9, 2),
            Cell::Number(times[0] / seconds, 2),
            Cell::Bytes(peak),
            Cell::Count(runs as u64),
        ]);
    };
    for (at, (name, _)) in ALL.iter().enumerate() {
        row(name, times[at], peaks[at], told[at].len());
    }
    if let Ok(run) = &limited {
        row(&format!("tilexpr, in {} MB", options.limit), run.seconds, run.peak, 1);
    }
    table.finish(options.shared.json.as_mut())?;
    charts(&options, &times, &peaks)?;
    seen(&options, &times, &peaks, &told, limited)
}

/// Makes the two files, piece by piece: the second from the first, streamed.
fn make(a: &Path, b: &Path, megabytes: usize) -> Result<(), Failure> {
    let n = megabytes * 125_000;
    // 0, 1, 2, ... take the memory of one file. It is given back before anything is measured, in other processes.
    let count: Vec<f64> = (0..n).map(|i| i as f64).collect();
    npy::write(a, &count)?;
    drop(count);
    Expr::compile("(a*7919) % 1013 / 1013 - 0.25")?.stream().file("a", a).output(b).run::<()>()?;
    Ok(Expr::compile("(a*7907) % 1009 / 1009")?.stream().file("a", a).output(a).run::<()>()?)
}

/// Runs a variant in a process of its own, which may have so many megabytes.
fn child(options: &Options, variant: &str, a: &Path, b: &Path, limit: Option<usize>) -> Result<Told, Failure> {
    let own: PathBuf = std::env::current_exe()?;
    let threads = options.shared.threads.to_string();
    let mut command = match limit {
        Some(megabytes) => {
            let mut shell = Command::new("sh");
            let kilobytes = (megabytes * 1000).to_string();
            // One heap for all threads: each would set aside addresses for one of its own, which count.
            shell.args(["-c", "ulimit -v \"$0\" && exec \"$@\"", &kilobytes]).arg(own).env("MALLOC_ARENA_MAX", "1");
            shell
        }
        None => Command::new(own),
    };
    let output = command.args(["--one", variant, &threads]).args([a, b]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.split_whitespace();
    let told = (|| {
        let (seconds, peak) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Told { seconds, peak, result: f64::from_bits(words.next()?.parse().ok()?) })
    })();
    told.ok_or_else(|| {
        let error = String::from_utf8_lossy(&output.stderr);
        format!("`{variant}` ended early: {}", error.trim()).into()
    })
}

/// Runs all variants in turns.
fn measure(options: &Options, a: &Path, b: &Path) -> Result<Vec<Vec<Told>>, Failure> {
    let (start, seconds) = (Instant::now(), options.shared.seconds(10.0, 1.5));
    let bar = bar(options.rounds * ALL.len());
    let mut told: Vec<Vec<Told>> = ALL.iter().map(|_| Vec::new()).collect();
    for round in 0..options.rounds {
        if round > 0 && start.elapsed().as_secs_f64() > seconds {
            break;
        }
        for ((name, _), runs) in ALL.iter().zip(&mut told) {
            runs.push(child(options, name, a, b, None)?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(told)
}

/// The streamed variant within the limit.
fn limited(options: &Options, a: &Path, b: &Path) -> Result<Told, Failure> {
    child(options, "tilexpr, streamed", a, b, Some(options.limit))
}

/// An error unless the variants agree: those of this library to the bit.
fn check(told: &[Vec<Told>]) -> Result<(), Failure> {
    let [_, ndarray, own @ ..] = told else { return Ok(()) };
    let expected = own[0][0].result;
    for (runs, (name, _)) in own.iter().zip(&ALL[2..]) {
        if let Some(run) = runs.iter().find(|run| run.result.to_bits() != expected.to_bits()) {
            return Err(format!("`{name}` gives {:e}, and `{}` {expected:e}", run.result, ALL[2].0).into());
        }
    }
    let other = ndarray[0].result;
    if !relative_eq!(other, expected, max_relative = 1e-12) {
        return Err(format!("`{}` gives {other:e}, and `{}` {expected:e}", ALL[1].0, ALL[2].0).into());
    }
    println!("the {} variants of tilexpr agree to the bit, and ndarray to 12 digits", own.len());
    Ok(())
}

fn charts(options: &Options, times: &[f64], peaks: &[u64]) -> Result<(), Failure> {
    let groups = |figure: &dyn Fn(usize) -> f64| {
        ALL.iter().enumerate().map(|(at, (name, _))| (name.to_string(), vec![figure(at)])).collect::<Vec<_>>()
    };
    let draw = |file: &str, title: &str, label: &'static str, groups| {
        let path = options.shared.picture(file)?;
        Bars { title, y: Axis { label, log: false }, names: vec![label.to_string()], groups }.draw(&path)?;
        println!("{}", path.display());
        Ok::<(), Failure>(())
    };
    println!();
    let bytes = (options.megabytes * 2_000_000) as f64;
    let title = format!("{TEXT} of two files of {} MB", options.megabytes);
    draw("outofcore_speed.svg", &title, "GB/s", groups(&|at| bytes / times[at] / 1e9))?;
    draw("outofcore_memory.svg", &title, "peak memory, MB", groups(&|at| peaks[at] as f64 / 1e6))
}

/// What is seen, and why.
fn seen(
    options: &Options,
    times: &[f64],
    peaks: &[u64],
    told: &[Vec<Told>],
    limited: Result<Told, Failure>,
) -> Result<(), Failure> {
    let files = 2 * options.megabytes;
    println!();
    match limited {
        Ok(run) if run.result.to_bits() == told[4][0].result.to_bits() => println!(
            "In a process that may have {} MB, program and all, the {files} MB of the files gave the same bits.",
            options.limit
        ),
        Ok(run) => return Err(format!("within the limit the result is {:e}, another", run.result).into()),
        Err(Failure::Other(error)) => println!("Within {} MB it could not run ({error}).", options.limit),
        Err(other) => return Err(other),
    }
    println!(
        "Streamed, it held {:.0} MB, whatever the size of the files; read whole {:.0} MB, and ndarray's operators, with an array between, {:.0} MB.",
        peaks[4] as f64 / 1e6,
        peaks[2] as f64 / 1e6,
        peaks[1] as f64 / 1e6
    );
    println!(
        "It ran at {:.2} of the speed of reading the files and doing nothing: each thread reads a piece into the same two megabytes,\n\
         which stay in a cache, and computes it there. Reading whole is {:.1} times as slow, for each page of new memory is zeroed by the system first,\n\
         written, and then read from memory again.",
        times[0] / times[4],
        times[2] / times[4]
    );
    Ok(())
}
