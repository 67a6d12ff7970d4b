//! What the inputs on the command line say.
//!
//! Comes in: `NAME=FILE`, `NAME=FILE:COLUMN`, `NAME=NUMBER`, `FILE`. Goes out: each as a value. Always holds: nothing is opened here, but
//! it is asked whether there is a file of a name; paths need not be text.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use tilexpr::{AnyArray, Arg, Args, DType, Element, Expr};
use unicode_normalization::UnicodeNormalization;

use crate::failure::Failure;

/// One input.
#[derive(Clone, Debug)]
pub enum Input {
    /// What one name stands for.
    Named(String, Value),
    /// A file whose columns are names.
    Table(Source),
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number, as in the text; or one of a type, which is an array of no axes.
    Number(AnyArray),
    /// The one array of a file.
    Array(Source),
    /// A column of a file.
    Column(Source, String),
}

/// Where bytes come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// The formats of files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Npy,
    Csv { delimiter: u8 },
    Parquet,
}

impl Kind {
    /// By the end of a name.
    pub fn of(path: &Path) -> Option<Kind> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "npy" => Some(Kind::Npy),
            "csv" => Some(Kind::Csv { delimiter: b',' }),
            "tsv" => Some(Kind::Csv { delimiter: b'\t' }),
            "parquet" | "pq" => Some(Kind::Parquet),
            _ => None,
        }
    }
}

impl Source {
    fn of(path: impl Into<PathBuf>) -> Source {
        let path = path.into();
        if path.as_os_str() == "-" { Source::Stdin } else { Source::File(path) }
    }

    /// For messages.
    pub fn shown(&self) -> String {
        match self {
            Source::File(path) => path.display().to_string(),
            Source::Stdin => "standard input".into(),
        }
    }
}

/// What all inputs say.
pub fn read(inputs: &[OsString]) -> Result<Vec<Input>, Failure> {
    let mut all: Vec<Input> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let input = one(input)?;
        if let Input::Named(name, _) = &input
            && all.iter().any(|other| matches!(other, Input::Named(other, _) if other == name))
        {
            return Err(Failure::usage(format!("`{name}` is given twice"), "give each name once"));
        }
        all.push(input);
    }
    Ok(all)
}

fn one(input: &OsStr) -> Result<Input, Failure> {
    match split(input) {
        Some((name, value)) => Ok(Input::Named(name.clone(), self::value(&name, &value)?)),
        None => Ok(Input::Table(Source::of(input))),
    }
}

/// `NAME=REST` in two, if it is a name: before `=` in a path there is mostly something that is none, and `./` makes sure.
fn split(input: &OsStr) -> Option<(String, OsString)> {
    let (name, rest) = match input.to_str() {
        Some(text) => text.split_once('=').map(|(name, rest)| (name.to_string(), OsString::from(rest)))?,
        None => split_bytes(input)?,
    };
    // A name is what a text of it alone reads; names of a text are compared in this form.
    let name: String = name.nfkc().collect();
    let is_name = tilexpr::identifiers(&name).is_ok_and(|names| names == [name.as_str()]);
    is_name.then_some((name, rest))
}

#[cfg(unix)]
fn split_bytes(input: &OsStr) -> Option<(String, OsString)> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = input.as_bytes();
    let at = bytes.iter().position(|&byte| byte == b'=')?;
    let name = std::str::from_utf8(&bytes[..at]).ok()?;
    Some((name.into(), OsStr::from_bytes(&bytes[at + 1..]).into()))
}

#[cfg(not(unix))]
fn split_bytes(_: &OsStr) -> Option<(String, OsString)> {
    None
}

fn value(name: &str, value: &OsStr) -> Result<Value, Failure> {
    if let Some(number) = value.to_str().and_then(number) {
        return Ok(Value::Number(number));
    }
    if value.is_empty() {
        return Err(Failure::usage(format!("`{name}=` is given nothing"), help(name)));
    }
    let path = Path::new(value);
    if value == "-" || path.exists() {
        return Ok(Value::Array(Source::of(path)));
    }
    match value.to_str().and_then(column) {
        Some((path, column)) => Ok(Value::Column(Source::of(path), column.into())),
        None if Kind::of(path).is_some() || path.components().count() > 1 => Ok(Value::Array(Source::of(path))),
        None => {
            let message = format!("`{name}={}` is neither a number nor a file that there is", value.display());
            Err(Failure::usage(message, help(name)))
        }
    }
}

/// What to give a name.
pub fn help(name: &str) -> String {
    format!("write `{name}=FILE`, `{name}=FILE:COLUMN` or `{name}=NUMBER`")
}

/// `FILE:COLUMN` in two, behind the end of a name that has columns, for both may have colons.
fn column(text: &str) -> Option<(&str, &str)> {
    let mut colons = text.match_indices(':').map(|(at, _)| (&text[..at], &text[at + 1..]));
    let known = |path: &str| path == "-" || matches!(Kind::of(Path::new(path)), Some(Kind::Csv { .. } | Kind::Parquet));
    colons
        .clone()
        .find(|(path, _)| known(path))
        .or_else(|| colons.rfind(|(path, _)| fs::metadata(path).is_ok_and(|found| !found.is_dir())))
}

/// The value of a text without names, if it is one.
fn number(text: &str) -> Option<AnyArray> {
    let e = Expr::compile(text).ok().filter(|e| e.names().is_empty())?;
    e.eval::<AnyArray>(Args::new()).ok()
}

/// A number as an argument.
pub fn number_arg(number: &AnyArray) -> Arg<'_> {
    fn bare<T: Element>(number: &AnyArray) -> Option<T> {
        number.clone().into_vec::<T>().ok()?.first().copied()
    }
    let weak = match number.dtype() {
        DType::Bool => bare::<bool>(number).map(Arg::new),
        DType::I64 => bare::<i64>(number).map(Arg::new),
        DType::U64 => bare::<u64>(number).map(Arg::new),
        DType::F64 => bare::<f64>(number).map(Arg::new),
        DType::C128 => bare::<num_complex::Complex<f64>>(number).map(Arg::new),
        _ => None,
    };
    weak.unwrap_or_else(|| Arg::new(number))
}
