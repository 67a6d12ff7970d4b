//! Six uses of NumPy's `einsum`, each beside the same in index notation.
//!
//! `einsum` names axes in a string of its own; index notation names them where the arrays are, in a formula that may hold
//! anything else, too. `variants.rs` has both, and plain loops and operations of ndarray beside them.
//!
//!     cargo run --release --example einsum

#[path = "../common/mod.rs"]
mod common;
mod variants;

use std::process::ExitCode;

use ndarray::ArrayD;
use tilexpr::Expr;

use common::chart::Axis;
use common::check::same_bits;
use common::cli::{Failure, Shared, check_memory, run};
use common::machine::cpu;
use common::prose::{beside, say};
use common::ranking::Ranking;
use common::table::{Cell, Table};
use common::timing::{median, take_turns};
use variants::{Given, USES, Use};

const HELP: &str = "\
Six uses of einsum from NumPy's manual: trace, diagonal, transpose, products of
a matrix with a vector and with a matrix, and a product of tensors over two
axes; each as plain loops, by ndarray, and as a text in index notation.

Usage: einsum [options]
  --size N       rows and columns of the matrices (default 512)
  --threads N    threads of tilexpr and of ndarray's products (default: all)
  --seconds S    about how long each variant is timed (default 0.3)
  --quick        small matrices and short times: a second for all
  --out DIR      where the chart goes (default target/pictures)
  --json FILE    write the table as JSON
  --help         this text

Before anything is timed, the three variants of each use must agree to the bit:
the numbers are small and whole, so that all sums are exact in any order. The
table shows the median times in microseconds, and that of tilexpr by that of the
better of the others.
";

const COLUMNS: &[(&str, &str)] = &[
    ("numpy", "numpy"),
    ("tilexpr", "tilexpr"),
    ("loops_microseconds", "loops, us"),
    ("ndarray_microseconds", "ndarray, us"),
    ("tilexpr_microseconds", "tilexpr, us"),
    ("ratio_to_best", "/ best other"),
];

const VARIANTS: [&str; 3] = ["loops", "ndarray", "tilexpr"];
/// Passes of each variant at most.
const PASSES: usize = 200;

fn main() -> ExitCode {
    run(HELP, |cli| {
        let (size, mut shared) = cli.one_count("size", 4..=8192, [512, 96])?;
        // Four arrays that are read, three results that are compared, and blocks of ndarray's product.
        check_memory(8 * 9 * (size as u64).pow(2), "--size")?;
        // ndarray's product has threads of its own, and reads their number from here.
        // SAFETY: there is no other thread yet that could read the environment.
        unsafe { std::env::set_var("MATMUL_NUM_THREADS", shared.threads.to_string()) }
        let chart = shared.picture("einsum.svg")?;
        println!("n = {size}, {} threads, {}", shared.threads, cpu());
        let times = measure(size, &shared)?;
        println!("the {} variants of each use agree to the bit\n", VARIANTS.len());
        table(&times).finish(shared.json.as_mut())?;
        let ranking = Ranking {
            title: "uses of einsum",
            x: Axis { label: "time in us", log: true },
            series: VARIANTS.map(str::to_owned).to_vec(),
            rows: USES.iter().zip(&times).map(|(case, times)| (case.name.to_owned(), times.to_vec())).collect(),
        };
        ranking.draw(&chart)?;
        println!("\nchart: {}", chart.display());
        conclude(&times);
        Ok(())
    })
}

/// Microseconds of the variants of each use.
fn measure(size: usize, shared: &Shared) -> Result<Vec<[f64; 3]>, Failure> {
    let given = Given::new(size);
    let seconds = shared.seconds(0.3, 0.01);
    shared.in_pool(|| USES.iter().map(|case| measure_one(case, &given, size, seconds)).collect())?
}

fn measure_one(case: &Use, given: &Given, size: usize, seconds: f64) -> Result<[f64; 3], Failure> {
    let text = Expr::compile(case.text)?;
    let mut result = ArrayD::from_elem(vec![size; case.axes], f64::NAN);
    let compute = |variant: usize, result: &mut ArrayD<f64>| -> Result<(), Failure> {
        match variant {
            0 => (case.loops)(given, result),
            1 => (case.ndarray)(given, result),
            _ => text.eval_into(given.args(), result)?,
        }
        Ok(())
    };
    same_bits(&VARIANTS, |at| {
        result.fill(f64::NAN);
        compute(at, &mut result)?;
        Ok(result.clone())
    })
    .map_err(|failure| match failure {
        Failure::Other(error) => Failure::from(format!("{}: {error}", case.name)),
        other => other,
    })?;
    let times = take_turns(VARIANTS.len(), PASSES, seconds, |at| compute(at, std::hint::black_box(&mut result)))?;
    Ok(std::array::from_fn(|at| median(&times[at]) * 1e6))
}

fn table(times: &[[f64; 3]]) -> Table {
    let mut table = Table::new(COLUMNS);
    for (case, &[loops, ndarray, tilexpr]) in USES.iter().zip(times) {
        table.row(vec![
            Cell::Text(case.numpy.to_owned()),
            Cell::Text(case.text.to_owned()),
            Cell::Number(loops, 2),
            Cell::Number(ndarray, 2),
            Cell::Number(tilexpr, 2),
            Cell::Number(tilexpr / loops.min(ndarray), 2),
        ]);
    }
    table
}

/// What is seen, in sentences that hold for these figures.
fn conclude(times: &[[f64; 3]]) {
    let of = |name: &str| USES.iter().zip(times).find(|(case, _)| case.name == name).map_or([f64::NAN; 3], |(_, t)| *t);
    let [.., diagonal] = of("diagonal");
    say(&format!(
        "A trace and a diagonal read one number of each row: what is timed is mostly the call, {diagonal:.1} us for the diagonal."
    ));
    let ([loops, ndarray, tilexpr], [.., tensors]) = (of("matrix product"), of("tensordot"));
    say(&format!(
        "The matrix product takes {} the loops, and {} ndarray's, which is the crate matrixmultiply and adds up in an order of its \
         own. The product of tensors is as much work, and takes {} that: no axes have to be exchanged beforehand.",
        beside(tilexpr, loops),
        beside(tilexpr, ndarray),
        beside(tensors, tilexpr)
    ));
}
