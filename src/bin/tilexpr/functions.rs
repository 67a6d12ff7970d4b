//! The list of functions and operators: that of the documentation.

use std::io::{self, Write};

const REFERENCE: &str = include_str!("../../../docs/functions.md");

/// What is no list of functions or operators.
const LAST: &str = "Element types";

/// Writes what a text may use, by its sections.
pub fn write(out: &mut impl Write) -> io::Result<()> {
    let mut section = None;
    for line in REFERENCE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            if title == LAST {
                break;
            }
            section = Some(title);
        } else if let Some((call, what)) = row(line) {
            if let Some(title) = section.take() {
                writeln!(out, "\n{title}")?;
            }
            // Of a long one the rest begins on a line of its own.
            match call.chars().count() {
                0..=28 => writeln!(out, "  {call:28}  {what}")?,
                _ => writeln!(out, "  {call}\n  {:28}  {what}", "")?,
            }
        }
    }
    Ok(())
}

/// What a row of a table calls, and what that is.
fn row(line: &str) -> Option<(String, String)> {
    let line = line.strip_prefix("| ")?.replace("\\|", "\u{0}");
    let cells: Vec<String> = line.split('|').map(|cell| cell.trim().replace('\u{0}', "|").replace('`', "")).collect();
    let [call, second, third, ..] = &cells[..] else { return None };
    // Functions have a column of marks between; operators have none.
    let what = if second.is_empty() || second == "n" { third } else { second };
    let heads = ["function", "operator", ""];
    (!heads.contains(&call.as_str())).then(|| (call.clone(), what.clone()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_function_is_there() {
        let mut list = Vec::new();
        super::write(&mut list).unwrap();
        let list = String::from_utf8(list).unwrap();
        for function in tilexpr::types::function::Function::all() {
            assert!(list.contains(&format!("  {}(", function.name)), "{} is not listed", function.name);
            assert!(list.contains(&function.doc.replace('`', "")), "{}: {}", function.name, function.doc);
        }
        assert!(list.contains("x | y"));
        assert!(!list.contains("---"), "{list}");
    }
}
