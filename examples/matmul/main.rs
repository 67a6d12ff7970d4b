//! A matrix product in several ways, and why it belongs to a library of its own.
//!
//!     cargo run --release --example matmul

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use common::chart::{Axis, Lines};
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::{caches, cpu};
use common::prose::{beside, bytes, say};
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, Matrices, TEXT};

const HELP: &str = "\
The product of two n x n matrices of f64, in several ways, over n.

Usage: matmul [options]
  --largest N      the largest n (default 768)
  --threads N      threads of the variants that have them (default: all)
  --seconds S      about how long each variant is timed (default 1)
  --quick          small matrices and short times: under three seconds for all
  --out DIR        where the chart goes (default target/pictures)
  --json FILE      write the table as JSON, a row for each variant and size
  --help           this text

The variants:
  ijk              row by column, as the definition says
  ikj              the two inner loops swapped
  ikj_threads      the same, rows of the product on all threads
  tilexpr_serial   sum(a*b, axis=1) on views of shape (n, n, 1) and (1, n, n)
  tilexpr          the same on all threads
  ndarray          ndarray's product (the crate matrixmultiply), on all threads
Figures are GFLOP/s: n*n*n multiplications and as many additions by the time.
The numbers are small and whole, so that all variants must agree to the bit.
";

const WIDE: &[(&str, &str)] = &[
    ("n", "n"),
    ("ijk", "ijk"),
    ("ikj", "ikj"),
    ("ikj_threads", "ikj_threads"),
    ("tilexpr_serial", "tilexpr_serial"),
    ("tilexpr", "tilexpr"),
    ("ndarray", "ndarray"),
];

const LONG: &[(&str, &str)] = &[("variant", "variant"), ("n", "n"), ("seconds", "time"), ("gigaflops", "GFLOP/s")];

/// Passes of each variant at one size, at most.
const PASSES: usize = 50;
/// Multiplications of a pass at least: small products are computed several times.
const WORK: usize = 1 << 20;

/// Seconds of each variant.
struct Row {
    n: usize,
    seconds: Vec<f64>,
}

impl Row {
    fn gigaflops(&self, at: usize) -> f64 {
        2.0 * (self.n as f64).powi(3) / self.seconds[at] / 1e9
    }
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (largest, mut shared) = options(cli)?;
        // ndarray's product has threads of its own, and reads their number from here.
        // SAFETY: there is no other thread yet that could read the environment.
        unsafe { std::env::set_var("MATMUL_NUM_THREADS", shared.threads.to_string()) }
        let picture = shared.picture("matmul.svg")?;
        println!("{}\nn x n matrices of f64, {} threads", cpu(), shared.threads);
        let rows = shared.in_pool(|| measure(&sizes(largest), shared.seconds(1.0, 0.1)))??;
        print(&rows)?;
        long(&rows).write(shared.json.as_mut())?;
        draw(&picture, &rows)?;
        println!("\nchart: {}", picture.display());
        rows.last().map(seen);
        Ok(())
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (largest, shared) = cli.one_count("largest", 32..=4096, [768, 256])?;
    // Three matrices, two results that are compared, and the blocks of ndarray's product.
    check_memory(8 * 6 * (largest as u64).pow(2), "--largest")?;
    Ok((largest, shared))
}

/// Powers of two and their halves between, and the largest.
fn sizes(largest: usize) -> Vec<usize> {
    let powers = (5..).map(|power| 1_usize << power).flat_map(|n| [n, n / 2 * 3]);
    powers.take_while(|&n| n < largest).chain([largest]).collect()
}

fn measure(sizes: &[usize], seconds: f64) -> Result<Vec<Row>, Failure> {
    let names = ALL.map(|(name, _)| name);
    let mut rows = Vec::new();
    for &n in sizes {
        let mut matrices = Matrices::new(n)?;
        same_bits(&names, |at| {
            matrices.c.fill(f64::NAN);
            ALL[at].1(&mut matrices)?;
            Ok(matrices.c.clone())
        })?;
        let repeats = WORK.div_ceil(n * n * n);
        let times = take_turns(ALL.len(), PASSES, seconds / sizes.len() as f64, |at| {
            for _ in 0..repeats {
                ALL[at].1(std::hint::black_box(&mut matrices))?;
            }
            Ok(())
        })?;
        rows.push(Row { n, seconds: times.iter().map(|times| median(times) / repeats as f64).collect() });
    }
    println!("the {} variants agree to the bit; in GFLOP/s\n", ALL.len());
    Ok(rows)
}

fn print(rows: &[Row]) -> Result<(), Failure> {
    let mut table = Table::new(WIDE);
    for row in rows {
        let figures = (0..ALL.len()).map(|at| Cell::Number(row.gigaflops(at), 2));
        table.row([Cell::Count(row.n as u64)].into_iter().chain(figures).collect());
    }
    Ok(table.print()?)
}

fn long(rows: &[Row]) -> Table {
    let mut table = Table::new(LONG);
    for row in rows {
        for (at, (name, _)) in ALL.iter().enumerate() {
            let (n, time) = (Cell::Count(row.n as u64), Cell::Seconds(row.seconds[at]));
            table.row(vec![Cell::Text(name.to_string()), n, time, Cell::Number(row.gigaflops(at), 3)]);
        }
    }
    table
}

fn draw(path: &std::path::Path, rows: &[Row]) -> Result<(), Failure> {
    let line = |(at, (name, _)): (usize, &(&str, _))| {
        (name.to_string(), rows.iter().map(|row| (row.n as f64, row.gigaflops(at))).collect())
    };
    let chart = Lines {
        title: "products of n x n matrices; grey lines: where one matrix fills a cache",
        x: Axis { label: "n", log: true },
        y: Axis { label: "GFLOP/s", log: true },
        lines: ALL.iter().enumerate().map(line).collect(),
        marks: caches().into_iter().map(|(name, bytes)| (name, (bytes as f64 / 8.0).sqrt())).collect(),
    };
    chart.draw(path)
}

/// What is seen at the largest size, and why.
fn seen(row: &Row) {
    let of = |name: &str| ALL.iter().position(|(n, _)| *n == name).map_or(f64::NAN, |at| row.seconds[at]);
    let n = row.n;
    say(&format!(
        "At n = {n} `ijk` takes {} `ikj`. {}",
        beside(of("ijk"), of("ikj")),
        match of("ijk") > 1.5 * of("ikj") {
            true =>
                "Both do the same multiplications. The inner loop of `ijk` goes down a column, a cache line for each number, and adds to \
                 one sum; that of `ikj` goes along rows, in vectors, and no addition waits for the one before.",
            false => "At this size all lines stay in the nearest caches.",
        }
    ));
    say(&format!(
        "Rows of a product are independent: `ikj_threads` takes {:.2} of the time of `ikj`. \
         `{TEXT}` has the loops of `ikj` without anybody writing them, and no array of {} for the products: `tilexpr_serial` takes {} `ikj`.",
        of("ikj_threads") / of("ikj"),
        bytes(8 * (n as u64).pow(3)),
        beside(of("tilexpr_serial"), of("ikj"))
    ));
    let best = of("ikj_threads").min(of("tilexpr"));
    let rate = 2.0 * (n as f64).powi(3) / of("ndarray") / 1e9;
    say(&format!(
        "ndarray's product does {rate:.1} GFLOP/s, {:.1} times as many as the best of the others. A matrix product does {n} multiplications with each \
         number that it reads, so the time is not that of memory, if blocks are kept in the caches and small squares in registers: \
         that is what a BLAS does (matrixmultiply here), and no order of three loops does it. A matrix product belongs to a BLAS; \
         this library is for what moves once through memory.",
        best / of("ndarray")
    ));
}
