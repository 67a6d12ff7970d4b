//! A table: for people with units and aligned, for programs as JSON.

use std::fs::File;
use std::io::{self, Write};

/// What stands in a cell. JSON has the bare number; [`show`](Cell::show) gives it a unit.
pub enum Cell {
    Text(String),
    Seconds(f64),
    Bytes(u64),
    Count(u64),
    /// A number, with this many decimals for people; the cell of a NaN is empty.
    Number(f64, usize),
}

/// Columns, each with its key in JSON and its heading, and rows of as many cells.
pub struct Table {
    columns: &'static [(&'static str, &'static str)],
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(columns: &'static [(&'static str, &'static str)]) -> Table {
        Table { columns, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// Prints the table, and writes it to the file if there is one.
    pub fn finish(&self, json: Option<&mut File>) -> io::Result<()> {
        self.print()?;
        self.write(json)
    }

    pub fn print(&self) -> io::Result<()> {
        io::stdout().write_all(self.text().as_bytes())
    }

    /// Writes the table to the file if there is one, as JSON.
    pub fn write(&self, json: Option<&mut File>) -> io::Result<()> {
        json.map_or(Ok(()), |file| file.write_all(self.json().as_bytes()))
    }

    fn text(&self) -> String {
        let headings = self.columns.iter().map(|(_, heading)| heading.to_string()).collect();
        let rows = self.rows.iter().map(|row| row.iter().map(Cell::show).collect());
        let lines: Vec<Vec<String>> = std::iter::once(headings).chain(rows).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = String::new();
        for (at, line) in lines.iter().enumerate() {
            let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
                0 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            });
            text += cells.collect::<Vec<_>>().join("  ").trim_end();
            text.push('\n');
            if at == 0 {
                text += &"-".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1));
                text.push('\n');
            }
        }
        text
    }

    /// An array of one object for each row.
    fn json(&self) -> String {
        let object = |row: &Vec<Cell>| {
            let members =
                self.columns.iter().zip(row).map(|((key, _), cell)| format!("{}: {}", quoted(key), cell.json()));
            format!("  {{{}}}", members.collect::<Vec<_>>().join(", "))
        };
        format!("[\n{}\n]\n", self.rows.iter().map(object).collect::<Vec<_>>().join(",\n"))
    }
}

impl Cell {
    fn show(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Seconds(s) if *s < 1e-3 => format!("{:.2} us", s * 1e6),
            Cell::Seconds(s) if *s < 1.0 => format!("{:.2} ms", s * 1e3),
            Cell::Seconds(s) => format!("{s:.2} s "),
            Cell::Bytes(b) if *b < 10_000 => format!("{b} B "),
            Cell::Bytes(b) if *b < 10_000_000 => format!("{:.1} kB", *b as f64 / 1e3),
            Cell::Bytes(b) => format!("{:.1} MB", *b as f64 / 1e6),
            Cell::Count(n) => n.to_string(),
            Cell::Number(x, _) if x.is_nan() => String::new(),
            Cell::Number(x, decimals) => format!("{x:.decimals$}"),
        }
    }

    fn json(&self) -> String {
        match self {
            Cell::Text(text) => quoted(text),
            Cell::Bytes(n) | Cell::Count(n) => n.to_string(),
            // JSON has neither infinities nor NaN.
            Cell::Seconds(x) | Cell::Number(x, _) if x.is_finite() => format!("{x:?}"),
            Cell::Seconds(_) | Cell::Number(..) => "null".to_owned(),
        }
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => quoted += &format!("\\u{:04x}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
