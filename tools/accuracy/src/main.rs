//! Compares the elementary functions with MPFR, on as many points as asked for.
//!
//! A function is evaluated as callers do it, through [`tilexpr::Expr`], as machine code, and a sixteenth of the points by
//! the interpreter too, which must give the same bits. Its error is the distance from the true value, in units in the
//! last place of the rounded one; zeros, infinities and NaN must be met exactly. The bound is that of the function's row.
//!
//! | file     | what                                                       |
//! |----------|------------------------------------------------------------|
//! | `points` | where a function of one argument is looked at              |
//! | `pairs`  | where a function of two arguments is looked at             |
//! | `truth`  | true values, and the error of an answer                    |
//! | `survey` | the work: chunks of points, threads, progress, the report  |
//!
//! It is a crate of its own, so that nobody who builds the library needs GMP and MPFR.

mod float;
mod pairs;
mod points;
mod random;
mod survey;
mod truth;

use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};
use survey::Plan;
use tilexpr::Accuracy;
use tilexpr::math::Elementary;

const HELP: &str = "\
Compares tilexpr's elementary functions with MPFR on random points.

usage: cargo run --release --manifest-path tools/accuracy/Cargo.toml -- [OPTIONS] [FUNCTION...]

  FUNCTION        exp, sin, pow ...; all of them if none is named
  --type TYPE     f32 or f64 alone
  --points N      points for each function and type (1_000_000)
  --seed S        another seed gives other points (1)
  --threads N     threads (as many as the machine has)
  --fast          the forms with Accuracy::Fast, of those functions that have one
  --strata        also the worst error in each kind of points
  --help          this text

One line for each function and type: the points, the worst error in ulp and where it was found. The exit code is 1 if an
error is beyond the bound of the function, or the executors differ.
";

fn main() -> ExitCode {
    match options() {
        Ok(Some(options)) => run(&options),
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}\nTry `--help` for the options.");
            ExitCode::from(2)
        }
    }
}

/// What the command line asks for.
struct Options {
    functions: Vec<Elementary>,
    types: Vec<&'static str>,
    plan: Plan,
}

/// The options; `None` for `--help`.
fn options() -> Result<Option<Options>, lexopt::Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan { points: 1_000_000, seed: 1, threads, accuracy: Accuracy::Best, strata: false };
    let mut options = Options { functions: Vec::new(), types: vec!["f32", "f64"], plan };
    let mut parser = Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Long("type") => {
                options.types = match parser.value()?.string()?.as_str() {
                    "f32" => vec!["f32"],
                    "f64" => vec!["f64"],
                    other => return Err(format!("`--type` wants f32 or f64, and got `{other}`").into()),
                };
            }
            Arg::Long("points") => options.plan.points = number(&mut parser, "points")?,
            Arg::Long("seed") => options.plan.seed = number(&mut parser, "seed")?,
            Arg::Long("threads") => options.plan.threads = number(&mut parser, "threads")?.clamp(1, 1024) as usize,
            Arg::Long("fast") => options.plan.accuracy = Accuracy::Fast,
            Arg::Long("strata") => options.plan.strata = true,
            Arg::Value(name) => {
                let name = name.string()?;
                let function = Elementary::from_name(&name).ok_or_else(|| {
                    let names: Vec<&str> = Elementary::ALL.iter().map(|f| f.name()).collect();
                    format!("there is no function `{name}`: there are {}", names.join(" "))
                })?;
                options.functions.push(function);
            }
            other => return Err(other.unexpected()),
        }
    }
    if options.functions.is_empty() {
        options.functions = Elementary::ALL.to_vec();
    }
    if options.plan.accuracy == Accuracy::Fast {
        options.functions.retain(|f| f.row().fast_ulp.is_some());
    }
    Ok(Some(options))
}

/// A whole number, with `_` where it helps to read it.
fn number(parser: &mut Parser, name: &str) -> Result<u64, lexopt::Error> {
    let text = parser.value()?.string()?;
    let number = text.replace('_', "").parse();
    number.map_err(|_| format!("`--{name}` wants a whole number, and got `{text}`").into())
}

fn run(options: &Options) -> ExitCode {
    let mut wrong = 0;
    for &function in &options.functions {
        for &name in &options.types {
            let right = match name {
                "f32" => survey::survey::<f32>(function, &options.plan),
                _ => survey::survey::<f64>(function, &options.plan),
            };
            wrong += usize::from(!right);
        }
    }
    let surveys = options.functions.len() * options.types.len();
    println!("{surveys} functions and types, {wrong} of them wrong");
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
