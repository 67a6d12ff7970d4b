//! The quickstart's formula on long arrays, as ndarray's operators and as one expression.

use std::error::Error;

use ndarray::{Array1, Zip};
use tilexpr::{Expr, Threads, args};

use crate::common::alloc::count;
use crate::common::check::same_bits;
use crate::common::cli::{Cli, Failure, Shared, check_memory};
use crate::common::table::{Cell, Table};
use crate::common::timing::{median, take_turns};

pub const HELP: &str = "\
Ten lines to begin with (see main.rs), then their formula timed on long arrays.

Usage: quickstart [options]
  --size N       elements of each array (default 4000000)
  --threads N    threads of `tilexpr` (default: all)
  --seconds S    about how long each variant is timed (default 1)
  --quick        small arrays and short times: a second for all
  --json FILE    write the table as JSON
  --help         this text
";

const COLUMNS: &[(&str, &str)] = &[
    ("variant", "variant"),
    ("seconds", "time"),
    ("bytes_allocated", "allocated"),
    ("nanoseconds_per_element", "ns/element"),
];

const NAMES: [&str; 4] = ["operators", "zip", "tilexpr_serial", "tilexpr"];

pub fn run(cli: &mut Cli, quickstart: fn() -> Result<(), Box<dyn Error + Send + Sync>>) -> Result<(), Failure> {
    let (mut size, mut shared) = (None, Shared::new());
    while let Some(name) = cli.option()? {
        match name.as_str() {
            "size" => size = Some(cli.count(&name, 1..=1_000_000_000)?),
            "out" => return Err(Failure::Usage("`--out` is of the examples with pictures".to_owned())),
            _ => shared.take(&name, cli)?,
        }
    }
    let size = size.unwrap_or(shared.usually(4_000_000, 300_000));
    check_memory(64 * size as u64, "--size")?;
    let table = shared.in_pool(|| {
        quickstart()?;
        measure(size, shared.seconds(1.0, 0.1))
    })??;
    Ok(table.finish(shared.json.as_mut())?)
}

fn measure(size: usize, seconds: f64) -> Result<Table, Failure> {
    let a = Array1::linspace(0.0, 1.0, size);
    let b = Array1::linspace(3.0, 4.0, size);
    let e = Expr::compile("sqrt(a**2 + b**2) * scale")?;
    let serial = e.with_threads(Threads::Serial);
    let variant = |at: usize| -> Result<Array1<f64>, Failure> {
        Ok(match NAMES[at] {
            // A new array for each square; what follows reuses the first.
            "operators" => (&a * &a + &b * &b).mapv_into(f64::sqrt) * 2.0,
            "zip" => Zip::from(&a).and(&b).map_collect(|&a, &b| (a * a + b * b).sqrt() * 2.0),
            "tilexpr_serial" => serial.eval(args![a, b, scale = 2.0])?,
            _ => e.eval(args![a, b, scale = 2.0])?,
        })
    };
    same_bits(&NAMES, variant)?;
    println!("\nthe same on {size} elements; the {} variants agree to the bit\n", NAMES.len());
    let times = take_turns(NAMES.len(), 100, seconds, |at| variant(at).map(drop))?;
    let mut table = Table::new(COLUMNS);
    for (at, times) in times.iter().enumerate() {
        let (result, counts) = count(|| variant(at));
        result?;
        let seconds = median(times);
        table.row(vec![
            Cell::Text(NAMES[at].to_string()),
            Cell::Seconds(seconds),
            Cell::Bytes(counts.bytes),
            Cell::Number(seconds * 1e9 / size as f64, 3),
        ]);
    }
    Ok(table)
}
