//! The options of the command, and what `--help` says.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use tilexpr::Executor;

/// Evaluates an array expression over files
#[derive(Parser, Debug)]
#[command(name = "tilexpr", version, long_about = ABOUT, after_help = SHORT, after_long_help = LONG)]
pub struct Options {
    /// The expression
    #[arg(required_unless_present = "functions", allow_hyphen_values = true)]
    pub text: Option<String>,

    /// What its names stand for: NAME=FILE, NAME=FILE:COLUMN, NAME=NUMBER, or a FILE whose columns are names
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<OsString>,

    /// Where a result goes, a .npy or .csv file: once for each result of the text
    #[arg(short, long, value_name = "FILE")]
    pub output: Vec<PathBuf>,

    /// How results are printed
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Show how it would be computed, and why it is slow, instead of computing it
    #[arg(long)]
    pub explain: bool,

    /// How many threads compute; as many as the machine has by default
    #[arg(short, long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,

    /// The memory that arrays may take: 512M, 2G. Files that are larger are gone through in pieces
    #[arg(short = 'm', long, value_name = "SIZE", value_parser = size)]
    pub limit_memory: Option<usize>,

    /// What runs the loops; no result depends on it
    #[arg(long, value_name = "NAME", value_parser = executor, default_value = "auto", hide_short_help = true)]
    pub executor: Executor,

    /// No progress bar and no notes
    #[arg(short, long)]
    pub quiet: bool,

    /// List the functions and operators that a text may use
    #[arg(long)]
    pub functions: bool,
}

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// As NumPy shows them, large ones abbreviated
    Text,
    /// An object with dtype, shape and values for each result, one a line
    Json,
    /// A table with a column for each result
    Csv,
    /// The bytes of a .npy file
    Npy,
}

const ABOUT: &str = "\
Evaluates an array expression over files.

TEXT is an expression in Python's grammar with NumPy's meaning: `sqrt(a**2 + b**2)`, `a - mean(a)`,
`sum(a, axis=0), max(a)`. It is compiled to machine code that runs on all cores, without temporary
arrays. Results that have no file are printed.";

const SHORT: &str = "\
Examples:
  tilexpr '2**0.5'
  tilexpr 'sqrt(a**2 + b**2)' a=x.npy b=y.npy -o z.npy
  tilexpr 'mean(price*volume)' trades.csv

`tilexpr --help` says more, `tilexpr --functions` lists the functions.";

const LONG: &str = "\
Inputs:
  a=x.npy               the array in a file of NumPy's
  a=trades.csv:price    a column of a .csv, .tsv or .parquet file
  a=2.5                 a number, as if it stood in the text: it does not widen a type
  a=-                   what comes from standard input, in the form of a .npy file
  trades.csv            a file with columns: each name of the text that has no input of its own is one of them
  -                     likewise, what comes from standard input, in the form of a .csv file

  A .csv file has a line of names first. A column is of i64 if all its cells are whole numbers, of bool if all are true or
  false, else of f64; none may be missing. (.parquet files need a build with the feature `parquet`.)

Examples:
  tilexpr 'sqrt(a**2 + b**2)' a=x.npy b=y.npy -o z.npy        files in, a file out, of any size
  tilexpr 'sum((a - b)**2)' a=x.npy b=y.npy                   reductions are printed
  tilexpr 'mean(price*volume)' trades.csv                     columns by name
  tilexpr 'p/mean(p) - 1' p=trades.csv:price -o change.csv    one column, under another name
  tilexpr 'm = mean(a); a - m, m' a=x.npy -o centred.npy -o mean.npy
  tilexpr 'a*k > 1' a=x.npy k=0.5 --format csv                a number; a table on standard output
  tilexpr 'sum(a)' a=x.npy --limit-memory 512M                files larger than memory, in pieces
  tilexpr 'exp(-a**2)' a=x.npy --explain                      what is computed, and how

Sizes are bytes, or have a unit: 512M, 1.5G (of 1024), also KiB, MB.

Exit status:
  0  done (also where who reads the output has closed it)
  1  a file, the data or the machine does not allow it; no output has been written
  2  the command is wrong: its options, the text, or what is missing";

/// A number of threads.
fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=4096) => Ok(n),
        _ => Err("a whole number from 1 to 4096".into()),
    }
}

/// A number of bytes.
fn size(text: &str) -> Result<usize, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let power = match unit.trim().to_ascii_lowercase().trim_end_matches('b') {
        "" => 0,
        "k" | "ki" => 1,
        "m" | "mi" => 2,
        "g" | "gi" => 3,
        "t" | "ti" => 4,
        _ => return Err("a number of bytes, as in 512M or 1.5G".into()),
    };
    match number.parse::<f64>() {
        Ok(number) if number > 0.0 => Ok((number * 1024_f64.powi(power)) as usize),
        _ => Err("a number of bytes, as in 512M or 1.5G".into()),
    }
}

const EXECUTORS: &[(&str, Executor)] = &[
    ("auto", Executor::Auto),
    ("interpreter", Executor::Interpreter),
    ("native", Executor::Native),
    ("avx512", Executor::Avx512),
    ("avx512-256", Executor::Avx512Narrow),
    ("avx2", Executor::Avx2),
    ("cranelift", Executor::Cranelift),
];

/// An executor that this machine has.
fn executor(text: &str) -> Result<Executor, String> {
    let here: Vec<Executor> = Executor::available().collect();
    let mut all = EXECUTORS.iter().filter(|(_, executor)| here.contains(executor));
    match all.clone().find(|(name, _)| *name == text) {
        Some((_, executor)) => Ok(*executor),
        None => {
            let first = all.next().map_or(String::new(), |(name, _)| name.to_string());
            let names = all.fold(first, |names, (name, _)| names + ", " + name);
            Err(format!("this machine has {names}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases =
            [("1", 1), ("2k", 2048), ("512M", 512 << 20), ("1.5GiB", 3 << 29), ("3 MB", 3 << 20), ("1T", 1 << 40)];
        for (text, bytes) in cases {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "G", "0", "-1", "1X", "1.2.3", "1e3", "nan", "2 G G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
