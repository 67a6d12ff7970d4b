//! What the type of an element costs: `(a + b)*c` in `f64`, `f32`, `u8`, and in mixtures of them.
//!
//! `variants.rs` has the cases.
//!
//!     cargo run --release --example dtypes

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::array;
use tilexpr::{DType, Expr, args};

use common::chart::{Axis, Bars};
use common::check::same_bits;
use common::cli::{Cli, Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::prose::say;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{ALL, WAYS};

const HELP: &str = "\
(a + b)*c on long arrays of several element types, in four ways.

Usage: dtypes [options]
  --size N         elements of each array (default 10000000)
  --threads N      threads of `tilexpr` (default: all)
  --seconds S      about how long each way is timed (default 3)
  --quick          shorter arrays and times: under three seconds for all
  --out DIR        where the chart goes (default target/pictures)
  --json FILE      write the table as JSON
  --help           this text

`variant` names the types of `a` and `b`, then that of `c` where it is another:
  u8 as u32        (u32(a) + b)*c of three arrays of u8
  weak c           `c` is a bare number: it takes the type of what it meets
  0-d f64          `c` is an array of no dimension, with a type of its own
`bytes` are read and written for an element if nothing is done twice. The ways:
  operators        an array operation for each operator and each conversion
  zip              one loop by hand, on one thread
  tilexpr_serial   one fused loop, on one thread
  tilexpr          the same on all threads
Before anything is timed, all ways of a variant must agree to the bit.
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("a_and_b", "a, b"),
    ("c", "c"),
    ("result", "result"),
    ("bytes_per_element", "bytes"),
    ("operators", "operators ns"),
    ("zip", "zip"),
    ("tilexpr_serial", "tilexpr_serial"),
    ("tilexpr", "tilexpr"),
    ("gigabytes_per_second", "tilexpr GB/s"),
];

/// Passes of each way, at most.
const PASSES: usize = 30;

/// What was measured of a case.
struct Row {
    name: &'static str,
    types: [String; 3],
    bytes: usize,
    /// Nanoseconds an element of each way.
    figures: Vec<f64>,
}

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (size, mut shared) = options(cli)?;
        let picture = shared.picture("dtypes.svg")?;
        println!("{}\n(a + b)*c on {size} elements, {} threads", cpu(), shared.threads);
        let rows = shared.in_pool(|| measure(size, shared.seconds(3.0, 0.15)))??;
        table(&rows).finish(shared.json.as_mut())?;
        draw(&picture, &rows)?;
        println!("\nchart: {}", picture.display());
        seen(&rows)
    })
}

fn options(cli: &mut Cli) -> Result<(usize, Shared), Failure> {
    let (size, shared) = cli.one_count("size", 1..=1_000_000_000, [10_000_000, 500_000])?;
    // Four arrays of f64, two temporaries, and two results that are compared.
    check_memory(64 * size as u64, "--size")?;
    Ok((size, shared))
}

fn measure(size: usize, seconds: f64) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (name, make) in ALL {
        let mut case = make(size)?;
        same_bits(&WAYS, |way| {
            case.pass(way)?;
            Ok(case.result())
        })?;
        let times = take_turns(WAYS.len(), PASSES, seconds / ALL.len() as f64, |way| case.pass(way))?;
        let figures = times.iter().map(|times| median(times) * 1e9 / size as f64).collect();
        rows.push(Row { name, types: case.types(), bytes: case.bytes(), figures });
    }
    println!("the {} ways of each variant agree to the bit; in ns an element\n", WAYS.len());
    Ok(rows)
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(COLUMNS);
    for row in rows {
        let head = [Cell::Text(row.name.to_owned())].into_iter().chain(row.types.iter().cloned().map(Cell::Text));
        let figures = row.figures.iter().map(|&ns| Cell::Number(ns, 3));
        let speed = row.figures.last().map(|ns| Cell::Number(row.bytes as f64 / ns, 1));
        table.row(head.chain([Cell::Count(row.bytes as u64)]).chain(figures).chain(speed).collect());
    }
    table
}

fn draw(path: &std::path::Path, rows: &[Row]) -> Result<(), Failure> {
    let group = |row: &Row| (format!("{} ({} B)", row.name, row.bytes), row.figures.clone());
    let chart = Bars {
        title: "(a + b)*c by element types; in brackets the bytes of an element",
        y: Axis { label: "ns an element", log: true },
        names: WAYS.map(str::to_owned).to_vec(),
        groups: rows.iter().map(group).collect(),
    };
    chart.draw(path)
}

/// What is seen, and why.
fn seen(rows: &[Row]) -> Result<(), Failure> {
    let row = |name: &str| rows.iter().find(|row| row.name == name).ok_or("a row for each variant");
    let (double, single, byte) = (row("f64")?, row("f32")?, row("u8")?);
    let fused = |row: &Row| row.figures[3];
    let half = fused(single) / fused(double);
    say(&format!(
        "`tilexpr` takes {:.3} ns an element of f64, {:.3} of f32 and {:.3} of u8: 1 to {half:.2} to {:.2}, where the bytes are 1 to \
         0.5 to 0.125.{}",
        fused(double),
        fused(single),
        fused(byte),
        fused(byte) / fused(double),
        if half < 0.75 { " Long arrays cost what they move, and the type says how much that is." } else { "" }
    ));
    let (weak, hidden, array) = (row("f32, weak c")?, row("f32, 0-d f64")?, row("f32, f64")?);
    say(&format!(
        "A number in the text, or a bare one, is weak: it takes the type of the array, and f32 stays f32 ({} bytes an element). The \
         same number as an array of no dimension has a type of its own, the result is {}, and {} bytes move: `operators` takes {:.1} \
         times the time that it takes with the weak one, `tilexpr` {:.1} times. Nothing in the formula shows it. A whole array of \
         f64 makes it {} bytes.",
        weak.bytes,
        hidden.types[2],
        hidden.bytes,
        hidden.figures[0] / weak.figures[0],
        fused(hidden) / fused(weak),
        array.bytes
    ));
    say(&format!(
        "A conversion is an array more for `operators`: one more write and read of all elements, {:.2} ns where the fused loop on one \
         thread takes {:.2}, as it converts in registers.",
        hidden.figures[0], hidden.figures[2]
    ));
    let (a, b, c) = (array![200_u8], array![100_u8], array![2_u8]);
    let text = |text: &str| -> Result<(u64, DType), Failure> {
        let formula = Expr::compile(text)?;
        let value: f64 = Expr::compile(&format!("f64(sum({text}))"))?.eval(args![a, b, c])?;
        Ok((value as u64, formula.output(args![a, b, c])?.0))
    };
    let ((wrapped, narrow), (right, wide)) = (text("(a + b)*c")?, text("(u32(a) + b)*c")?);
    say(&format!(
        "Small integers stay small and wrap, as in NumPy: (200 + 100)*2 of u8 is {wrapped}, of type {narrow}; with u32(a) it is {right}, of type {wide}. \
         (200 + 100)*2.5 with a weak 2.5 is {}, for the sum wraps before the product makes it f64. The wider result moves {} bytes \
         an element instead of {}.",
        Expr::compile("sum((a + b)*2.5)")?.eval::<f64>(args![a, b])?,
        row("u8 as u32")?.bytes,
        byte.bytes
    ));
    Ok(())
}
