//! What is wrong with a text, and how it is shown: the line, and a caret below the place.
//!
//! Comes in: a message with a span, and the source it points into. Goes out: a few lines for a terminal. Always holds: the
//! cost is linear in the source and the output is short, however long the lines are; any span is shown without a panic,
//! also one that lies outside of the text; no control character of the source reaches the terminal.

use std::fmt;
use std::ops::Range;

/// A piece of the source text, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes from `start` up to `end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// As an index into the source text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One thing that is wrong with the source text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// What is wrong: one line, no capital at the start and no full stop at the end.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without help.
    pub fn new(message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic { message: message.into(), span, help: None }
    }

    /// With what to write instead.
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// For display: the message, the place in `source`, the help.
    pub fn render<'a>(&'a self, source: &'a str) -> impl fmt::Display + 'a {
        Rendered { diagnostic: self, source }
    }
}

/// Columns of source that are shown of a long line.
const WIDTH: usize = 100;
/// Of them, columns before the caret.
const BEFORE: usize = 60;
/// Columns that a tab takes.
const TAB: usize = 4;

struct Rendered<'a> {
    diagnostic: &'a Diagnostic,
    source: &'a str,
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Diagnostic { message, span, help } = self.diagnostic;
        let start = floor_boundary(self.source, span.start as usize);
        let end = floor_boundary(self.source, span.end as usize).max(start);
        let first = Line::around(self.source, start);
        let last = Line::around(self.source, end);
        let several = last.start > first.start && end > last.start;
        let gutter = if several { last.number } else { first.number }.to_string().len();

        writeln!(f, "{message}")?;
        writeln!(f, "{:gutter$} |", "")?;
        first.show(f, gutter, start, end.min(first.end()))?;
        if several {
            if last.number > first.number + 1 {
                writeln!(f, "{:gutter$} ...", "")?;
            }
            last.show(f, gutter, last.start, end)?;
        }
        if let Some(help) = help {
            write!(f, "help: {help}")?;
        }
        Ok(())
    }
}

/// One line of the source, without its end.
struct Line<'a> {
    text: &'a str,
    start: usize,
    number: usize,
}

impl<'a> Line<'a> {
    /// The line in which the byte at `at` stands.
    fn around(source: &'a str, at: usize) -> Line<'a> {
        let (before, after) = source.split_at_checked(at).unwrap_or((source, ""));
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = at + after.find('\n').unwrap_or(after.len());
        let text = source.get(start..end).unwrap_or("");
        let number = 1 + before.bytes().filter(|&byte| byte == b'\n').count();
        Line { text: text.strip_suffix('\r').unwrap_or(text), start, number }
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The line, clipped around `from`, and the carets below the bytes `from..to`, at least one.
    fn show(&self, f: &mut fmt::Formatter, gutter: usize, from: usize, to: usize) -> fmt::Result {
        let from = (from - self.start).min(self.text.len());
        let to = to.saturating_sub(self.start).clamp(from, self.text.len());
        let shown_from = start_of_last_columns(&self.text[..from], BEFORE);
        let clipped = &self.text[shown_from..];

        let (mut line, mut carets) = (String::new(), String::new());
        if shown_from > 0 {
            line.push_str("...");
            carets.push_str("   ");
        }
        let mut room = WIDTH;
        let mut cut = false;
        for (at, character) in clipped.char_indices() {
            let width = columns(character);
            if width > room {
                cut = true;
                break;
            }
            room -= width;
            push_visible(&mut line, character);
            let at = shown_from + at;
            let mark = if at >= from && at < to { '^' } else { ' ' };
            carets.extend(std::iter::repeat_n(mark, width));
        }
        if cut {
            line.push_str("...");
        }
        if !carets.contains('^') {
            let column = columns_of(&self.text[shown_from..from]) + if shown_from > 0 { 3 } else { 0 };
            carets.truncate(column);
            carets.push('^');
        }
        let carets = carets.trim_end();
        writeln!(f, "{:>gutter$} | {}", self.number, line.trim_end())?;
        writeln!(f, "{:gutter$} | {carets}", "")
    }
}

/// The byte at which the last `limit` columns of `text` begin.
fn start_of_last_columns(text: &str, limit: usize) -> usize {
    let mut room = limit;
    for (at, character) in text.char_indices().rev() {
        let width = columns(character);
        if width > room {
            return at + character.len_utf8();
        }
        room -= width;
    }
    0
}

fn columns_of(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Columns of one character on a terminal: the wide blocks of East Asian scripts and emoji take two, marks that combine
/// with the character before take none.
fn columns(character: char) -> usize {
    match character {
        '\t' => TAB,
        '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// The character, or something harmless of as many columns: a control character or a change of the direction of writing
/// would garble the terminal.
fn push_visible(line: &mut String, character: char) {
    match character {
        '\t' => line.extend(std::iter::repeat_n(' ', TAB)),
        _ if character.is_control() => line.push('\u{fffd}'),
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            line.push('\u{fffd}');
        }
        _ => line.push(character),
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A piece of the source as part of a message: clipped, and without anything that garbles a terminal.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            out.push_str("...");
            break;
        }
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            _ => push_visible(&mut out, character),
        }
    }
    out
}

/// A number of things.
pub fn several(n: usize, one: &str, more: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {more}") }
}

/// A number with its thousands apart.
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(source: &str, start: usize, end: usize) -> String {
        Diagnostic::new("message", Span::new(start, end)).with_help("do that").render(source).to_string()
    }

    #[test]
    fn caret_under_the_place() {
        assert_eq!(show("a + bc", 4, 6), "message\n  |\n1 | a + bc\n  |     ^^\nhelp: do that");
        assert_eq!(show("a + ", 4, 4), "message\n  |\n1 | a +\n  |     ^\nhelp: do that");
        assert_eq!(show("", 0, 0), "message\n  |\n1 |\n  | ^\nhelp: do that".replace("1 |", "1 | "));
    }

    #[test]
    fn other_lines_tabs_and_wide_characters() {
        assert_eq!(show("a\r\nb +\r\nc", 5, 6), "message\n  |\n2 | b +\n  |   ^\nhelp: do that");
        assert_eq!(show("\ta b", 3, 4), "message\n  |\n1 |     a b\n  |       ^\nhelp: do that");
        assert_eq!(show("αβ ?", 5, 6), "message\n  |\n1 | αβ ?\n  |    ^\nhelp: do that");
        assert_eq!(show("数 ?", 4, 5), "message\n  |\n1 | 数 ?\n  |    ^\nhelp: do that");
        assert_eq!(show("\u{1b}[2J ?", 5, 6), "message\n  |\n1 | \u{fffd}[2J ?\n  |      ^\nhelp: do that");
    }

    #[test]
    fn several_lines() {
        let shown = show("x = (a\n b\n c)", 4, 13);
        assert_eq!(shown, "message\n  |\n1 | x = (a\n  |     ^^\n  ...\n3 |  c)\n  | ^^^\nhelp: do that");
    }

    #[test]
    fn long_lines_are_clipped() {
        let source = format!("{}?{}", "a".repeat(1_000_000), "b".repeat(1_000_000));
        let shown = show(&source, 1_000_000, 1_000_001);
        let line = format!("1 | ...{}?{}...", "a".repeat(60), "b".repeat(39));
        assert_eq!(shown, format!("message\n  |\n{line}\n  | {}^\nhelp: do that", " ".repeat(63)));
        let all = show(&source, 0, 2_000_001);
        assert!(all.len() < 400, "{}", all.len());
    }

    #[test]
    fn any_span_is_shown() {
        let source = "α\n\tβ数\r\n";
        for start in 0..14 {
            for end in 0..14 {
                show(source, start, end);
            }
        }
    }
}
