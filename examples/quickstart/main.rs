//! Ten lines to begin with: copy `quickstart`. `measure.rs` gives them options and times them.
//!
//!     cargo run --release --example quickstart

#[path = "../common/mod.rs"]
mod common;
mod measure;

use std::error::Error;

use ndarray::Array1;
use tilexpr::{Expr, args};

fn quickstart() -> Result<(), Box<dyn Error + Send + Sync>> {
    let a = Array1::linspace(0.0, 1.0, 5);
    let b = Array1::linspace(3.0, 4.0, 5);
    let e = Expr::compile("sqrt(a**2 + b**2) * scale")?;
    let mut y: Array1<f64> = e.eval(args![a, b, scale = 2.0])?; // a new array
    println!("{y:.3}");
    e.eval_into(args![a, b, scale = 0.5], &mut y)?; // into one that is there
    println!("{y:.3}");
    Ok(())
}

fn main() -> std::process::ExitCode {
    common::cli::run(measure::HELP, |cli| measure::run(cli, quickstart))
}
