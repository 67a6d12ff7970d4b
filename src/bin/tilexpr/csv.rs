//! Columns of a CSV file.
//!
//! Comes in: bytes with a line of names first, and the names of the columns that are wanted. Goes out: their numbers. Always holds: a column is of `i64` if
//! all its cells are whole numbers, of `bool` if all are true or false, else of `f64`; a cell that is missing, is no number, or is
//! beyond the type is an error with its line; what is not kept is not parsed.

use std::io::Read;
use std::mem;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, Trim};
use tilexpr::Arg;

use crate::failure::Failure;
use crate::names::find;

/// The numbers of a column.
#[derive(Debug)]
pub enum Column {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
}

impl Column {
    /// As an argument.
    pub fn arg(&self) -> Arg<'_> {
        match self {
            Column::Bool(all) => Arg::new(all),
            Column::Int(all) => Arg::new(all),
            Column::Float(all) => Arg::new(all),
        }
    }
}

/// What a file is read with.
pub struct Csv<'a> {
    /// Between cells.
    pub delimiter: u8,
    /// For messages.
    pub path: &'a Path,
    /// The bytes that the columns may take.
    pub limit: Option<usize>,
}

impl Csv<'_> {
    /// The names of the columns.
    pub fn names(&self, file: impl Read) -> Result<Vec<String>, Failure> {
        let mut reader = self.reader(file);
        let names = reader.byte_headers().map_err(|error| self.broken(&error))?;
        let names: Vec<String> = names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        match names.as_slice() {
            [] => Err(Failure::of(self.path, "the file is empty", "the first line has the names of the columns")),
            _ => Ok(names),
        }
    }

    /// The columns of these names, in their order.
    pub fn read(&self, file: impl Read, wanted: &[String]) -> Result<Vec<Column>, Failure> {
        let mut reader = self.reader(file);
        let header = reader.byte_headers().map_err(|error| self.broken(&error))?;
        let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let mut columns: Vec<Growing> = Vec::with_capacity(wanted.len());
        for name in wanted {
            columns.push(Growing::new(find(name, &names, self.path)?, name));
        }
        let (mut record, mut rows) = (ByteRecord::new(), 0_usize);
        while reader.read_byte_record(&mut record).map_err(|error| self.broken(&error))? {
            rows += 1;
            let line = record.position().map_or(0, |position| position.line());
            if record.len() != names.len() {
                let cells = |n: usize| if n == 1 { "1 cell".into() } else { format!("{n} cells") };
                let message = format!("line {line} has {}, not {} as the first line", cells(record.len()), names.len());
                return Err(Failure::of(self.path, message, "a cell that has a comma in it stands in quotes"));
            }
            let fits = self.limit.is_none_or(|limit| rows.saturating_mul(8 * columns.len()) <= limit);
            for column in columns.iter_mut().filter(|_| fits) {
                let cell = record.get(column.at).unwrap_or_default();
                column.push(cell, line).map_err(|what| column.wrong(self.path, line, &what))?;
            }
        }
        let bytes = rows.saturating_mul(8 * columns.len());
        if let Some(limit) = self.limit.filter(|&limit| bytes > limit) {
            return Err(crate::limit::too_small(&self.path.display().to_string(), bytes, limit, ""));
        }
        columns.into_iter().map(|column| column.finish(self.path)).collect()
    }

    fn reader<R: Read>(&self, file: R) -> csv::Reader<R> {
        ReaderBuilder::new()
            .delimiter(self.delimiter)
            .trim(Trim::All)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(file)
    }

    fn broken(&self, error: &csv::Error) -> Failure {
        match error.kind() {
            csv::ErrorKind::Io(error) => Failure::io(self.path, "read", error),
            _ => Failure::Other(format!("{}: {error}", self.path.display())),
        }
    }
}

/// A column in the making.
struct Growing {
    at: usize,
    name: String,
    cells: Cells,
    /// Rows at which an integer column has a zero with a sign, which a float column keeps.
    negative_zeros: Vec<usize>,
    /// The line of a whole number beyond 64 bits, as long as there are whole numbers alone.
    huge: Option<u64>,
}

enum Cells {
    Empty,
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
}

impl Growing {
    fn new(at: usize, name: &str) -> Growing {
        Growing { at, name: name.into(), cells: Cells::Empty, negative_zeros: Vec::new(), huge: None }
    }

    /// Adds a cell, or says what is wrong with it.
    fn push(&mut self, cell: &[u8], line: u64) -> Result<(), String> {
        let text = std::str::from_utf8(cell).map_err(|_| "is no text".to_string())?;
        if text.is_empty() {
            return Err("is missing".into());
        }
        match (&mut self.cells, truth(text)) {
            (cells @ Cells::Empty, Some(truth)) => *cells = Cells::Bool(vec![truth]),
            (Cells::Bool(all), Some(truth)) => all.push(truth),
            (Cells::Bool(_), None) | (_, Some(_)) => return Err(format!("`{}` is no {}", shown(text), self.kind())),
            (_, None) => self.push_number(text, line)?,
        }
        Ok(())
    }

    fn push_number(&mut self, text: &str, line: u64) -> Result<(), String> {
        let whole = is_whole(text);
        if whole && let (Cells::Empty | Cells::Int(_), Ok(value)) = (&self.cells, text.parse::<i64>()) {
            if matches!(self.cells, Cells::Empty) {
                self.cells = Cells::Int(Vec::new());
            }
            if let Cells::Int(all) = &mut self.cells {
                if value == 0 && text.starts_with('-') {
                    self.negative_zeros.push(all.len());
                }
                all.push(value);
            }
            return Ok(());
        }
        let value: f64 = text.parse().map_err(|_| format!("`{}` is no number", shown(text)))?;
        if value.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
            return Err(format!("`{}` is beyond the floats of 64 bits", shown(text)));
        }
        let ints = matches!(self.cells, Cells::Empty | Cells::Int(_));
        // Where all are whole numbers, to make floats of them would change them.
        self.huge = if whole && (ints || self.huge.is_some()) { self.huge.or(Some(line)) } else { None };
        self.push_float(value);
        Ok(())
    }

    /// Adds to a column that is of floats from here on.
    fn push_float(&mut self, value: f64) {
        let mut floats = match mem::replace(&mut self.cells, Cells::Empty) {
            Cells::Float(floats) => floats,
            Cells::Int(all) => {
                let mut floats: Vec<f64> = all.into_iter().map(|value| value as f64).collect();
                for at in self.negative_zeros.drain(..) {
                    if let Some(zero) = floats.get_mut(at) {
                        *zero = -0.0;
                    }
                }
                floats
            }
            Cells::Empty | Cells::Bool(_) => Vec::new(),
        };
        floats.push(value);
        self.cells = Cells::Float(floats);
    }

    fn kind(&self) -> &'static str {
        if matches!(self.cells, Cells::Bool(_)) { "`true` or `false`, as the cells above" } else { "number" }
    }

    fn wrong(&self, path: &Path, line: u64, what: &str) -> Failure {
        let help = if what == "is missing" {
            "fill the cell, or take the line out: expressions have no missing values (`nan` is one of floats)"
        } else {
            "a column is of numbers, or of `true` and `false`"
        };
        Failure::of(path, format!("line {line}, column `{}`: the cell {what}", self.name), help)
    }

    fn finish(self, path: &Path) -> Result<Column, Failure> {
        if let Some(line) = self.huge {
            let message = format!("line {line}, column `{}`: the number is beyond the integers of 64 bits", self.name);
            return Err(Failure::of(path, message, "write it as a float, with a decimal point"));
        }
        Ok(match self.cells {
            Cells::Bool(all) => Column::Bool(all),
            Cells::Int(all) => Column::Int(all),
            Cells::Float(all) => Column::Float(all),
            Cells::Empty => Column::Float(Vec::new()),
        })
    }
}

fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A cell for a message.
fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(LONGEST).map(harmless).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}
