//! What more threads bring: for the same work, for work that grows with them, and by who does what.
//!
//! `work.rs` has loops whose items take equally long and loops whose items do not, `schedules.rs` shares them among threads,
//! `measure.rs` measures, `library.rs` does the same for the library's own schedules, `seen.rs` says what the figures show.
//!
//!     cargo run --release --example scaling

#[path = "../common/mod.rs"]
mod common;
mod library;
mod measure;
mod schedules;
mod seen;
mod work;

use std::path::Path;
use std::process::ExitCode;

use common::chart::{Axis, Bars, Lines};
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::table::{Cell, Table};
use measure::{Row, STRONG, Shares};

const HELP: &str = "\
Speedup and efficiency over the number of threads, and static, dynamic and
guided schedules of loops.

Usage: scaling [options]
  --size N         rows of the work, and points of a row (default 400)
  --elements N     elements of each array of `memory` (default 10000000)
  --threads N      the most threads, but that twice as many are tried, too
                   (default: all that the machine has)
  --seconds S      about how long each row is timed (default 0.4)
  --quick          less work and short times: under three seconds for all
  --out DIR        where the charts go (default target/pictures)
  --json FILE      write all tables as JSON
  --help           this text

Strong scaling does the same work on more threads:
  compute          rows of the Mandelbrot set, by a dynamic schedule
  fifth_serial     the same, but one thread does every fifth row before
  memory           a*b + c on long arrays, by tilexpr in a pool of so many threads
Weak scaling (`compute_weak`) has as many times the rows as there are threads.
Speedup is the time of one thread by that of p (of p times the work, where it
grows), efficiency the speedup by p.

The schedules, on all threads:
  static           one piece for each thread
  dynamic_1        the next item to whom has nothing to do
  dynamic_64       the next 64 items
  guided           a part of what is left, one item at least
  rayon            pieces are halved, and taken by whom has nothing to do
of rows that take equally long (`even`), of rows that do not (`uneven`), and of
very many short items (`even, tiny`). `imbalance` is the longest time that a
thread was busy by the mean. All give the results of one thread to the bit.

The same for the library, whose `LoopSchedule` is auto, static, dynamic or guided,
with a chunk of elements behind it if that is given: for a text of arithmetic
alone, for a Rust function that takes equally long for all elements (`even`), and
for one that does not (the Mandelbrot set), with the dear rows first and last.
";

const SCALING: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("threads", "threads"),
    ("seconds", "time"),
    ("speedup", "speedup"),
    ("efficiency", "efficiency"),
];

const SHARES: &[(&str, &str)] = &[
    ("work", "work"),
    ("variant", "schedule"),
    ("seconds", "time"),
    ("efficiency", "efficiency"),
    ("imbalance", "imbalance"),
    ("pieces", "pieces"),
];

const LIBRARY: &[(&str, &str)] =
    &[("work", "text"), ("variant", "LoopSchedule"), ("seconds", "time"), ("efficiency", "efficiency")];

const LONG: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("work", "work"),
    ("threads", "threads"),
    ("seconds", "time"),
    ("speedup", "speedup"),
    ("efficiency", "efficiency"),
    ("imbalance", "imbalance"),
];

pub struct Options {
    pub size: usize,
    pub elements: usize,
    pub shared: Shared,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let mut options = options(cli)?;
        let pictures = ["scaling.svg", "schedules.svg", "loop_schedules.svg"];
        let [speedup, shares, own] = pictures.map(|name| options.shared.picture(name));
        let (speedup, shares, own) = (speedup?, shares?, own?);
        println!("{}", cpu());
        let rows = measure::scaling(&options)?;
        let schedules = measure::schedules(&options)?;
        let texts = library::loop_schedules(&options)?;
        println!("all threads and schedules give the results of one thread to the bit\n");
        let threads = options.shared.threads;
        print(&rows, &schedules, &texts)?;
        long(&rows, schedules.iter().chain(&texts), threads).write(options.shared.json.as_mut())?;
        draw_speedup(&speedup, &rows)?;
        draw_shares(&shares, &format!("efficiency of schedules on {threads} threads, by work"), &schedules)?;
        draw_shares(&own, &format!("efficiency of `LoopSchedule` on {threads} threads, by text"), &texts)?;
        println!("\ncharts: {}, {} and {}", speedup.display(), shares.display(), own.display());
        seen::say_all(&rows, &schedules, threads);
        seen::say_texts(&texts, threads);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<Options, Failure> {
    let (mut size, mut elements, mut shared) = (None, None, Shared::new());
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "size" => size = Some(cli.count(&name, 16..=20_000)?),
            "elements" => elements = Some(cli.count(&name, 1..=1_000_000_000)?),
            _ => shared.take(&name, cli)?,
        }
    }
    let (size, elements) =
        (size.unwrap_or(shared.usually(400, 120)), elements.unwrap_or(shared.usually(10_000_000, 1_000_000)));
    check_memory(32 * elements as u64, "--elements")?;
    Ok(Options { size, elements, shared })
}

fn print(rows: &[Row], schedules: &[Shares], texts: &[Shares]) -> Result<(), Failure> {
    let mut scaling = Table::new(SCALING);
    for row in rows {
        scaling.row(vec![
            Cell::Text(row.name.to_owned()),
            Cell::Count(row.threads as u64),
            Cell::Seconds(row.seconds),
            Cell::Number(row.speedup, 2),
            Cell::Number(row.speedup / row.threads as f64, 2),
        ]);
    }
    scaling.print()?;
    println!();
    let mut shares = Table::new(SHARES);
    for of in schedules {
        for (at, name) in of.schedules.iter().enumerate() {
            let count =
                |pieces: usize| if pieces == 0 { Cell::Text(String::new()) } else { Cell::Count(pieces as u64) };
            shares.row(vec![
                Cell::Text(of.work.to_owned()),
                Cell::Text(name.clone()),
                Cell::Seconds(of.seconds[at]),
                Cell::Number(of.efficiency[at], 2),
                Cell::Number(of.imbalance[at], 2),
                count(of.pieces[at]),
            ]);
        }
    }
    shares.print()?;
    println!();
    let mut library = Table::new(LIBRARY);
    for of in texts {
        for (at, name) in of.schedules.iter().enumerate() {
            library.row(vec![
                Cell::Text(of.work.to_owned()),
                Cell::Text(name.clone()),
                Cell::Seconds(of.seconds[at]),
                Cell::Number(of.efficiency[at], 2),
            ]);
        }
    }
    Ok(library.print()?)
}

fn long<'s>(rows: &[Row], schedules: impl Iterator<Item = &'s Shares>, threads: usize) -> Table {
    let mut table = Table::new(LONG);
    for row in rows {
        table.row(vec![
            Cell::Text(row.name.to_owned()),
            Cell::Text("scaling".to_owned()),
            Cell::Count(row.threads as u64),
            Cell::Seconds(row.seconds),
            Cell::Number(row.speedup, 3),
            Cell::Number(row.speedup / row.threads as f64, 3),
            Cell::Number(f64::NAN, 3),
        ]);
    }
    for of in schedules {
        for (at, name) in of.schedules.iter().enumerate() {
            table.row(vec![
                Cell::Text(name.clone()),
                Cell::Text(of.work.to_owned()),
                Cell::Count(threads as u64),
                Cell::Seconds(of.seconds[at]),
                Cell::Number(of.efficiency[at] * threads as f64, 3),
                Cell::Number(of.efficiency[at], 3),
                Cell::Number(of.imbalance[at], 3),
            ]);
        }
    }
    table
}

fn draw_speedup(path: &Path, rows: &[Row]) -> Result<(), Failure> {
    let points = |name: &str| {
        let of = rows.iter().filter(|row| row.name == name);
        (name.to_owned(), of.map(|row| (row.threads as f64, row.speedup)).collect())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let most = rows.iter().map(|row| row.threads).max().unwrap_or(1) as f64;
    let ideal = vec![(1.0, 1.0), (cores.min(most), cores.min(most)), (most, cores.min(most))];
    let chart = Lines {
        title: "speedup over the number of threads",
        x: Axis { label: "threads", log: false },
        y: Axis { label: "speedup", log: false },
        lines: STRONG.iter().copied().chain([measure::WEAK]).map(points).chain([("ideal".to_owned(), ideal)]).collect(),
        marks: vec![(format!("{cores} CPUs"), cores)],
    };
    chart.draw(path)
}

fn draw_shares(path: &Path, title: &str, schedules: &[Shares]) -> Result<(), Failure> {
    let chart = Bars {
        title,
        y: Axis { label: "efficiency (1: all threads busy with the work alone)", log: false },
        names: schedules.first().map_or(Vec::new(), |of| of.schedules.clone()),
        groups: schedules.iter().map(|of| (of.work.to_owned(), of.efficiency.clone())).collect(),
    };
    chart.draw(path)
}
