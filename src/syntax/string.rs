//! The bytes of string literals, by Python's rules for `b'...'`.
//!
//! Comes in: the place of a literal, with its quotes. Goes out: its bytes, or what is wrong with it; and the other way. Always holds: what is
//! written reads back as the same bytes. Without the `b` it is the same, but no byte may be beyond ASCII: which bytes a letter stands for
//! there is a question of an encoding, and a string has none.

use super::ast::Span;
use crate::diagnostic::{Diagnostic, excerpt};

/// Escapes of one letter.
const ESCAPES: &[(u8, u8)] = &[
    (b'\\', b'\\'),
    (b'\'', b'\''),
    (b'"', b'"'),
    (b'a', 0x07),
    (b'b', 0x08),
    (b'f', 0x0c),
    (b'n', b'\n'),
    (b'r', b'\r'),
    (b't', b'\t'),
    (b'v', 0x0b),
];

/// Reads the literal `source[span]`.
pub fn read(source: &str, span: Span) -> Result<Vec<u8>, Box<Diagnostic>> {
    let text = source.get(span.range()).unwrap_or("");
    let is_bytes = text.starts_with(['b', 'B']);
    let first = if is_bytes { 2 } else { 1 };
    let inside = text.get(first..text.len().saturating_sub(1)).unwrap_or("");
    let wrong = |at: usize, length: usize, message: String, help: String| {
        let start = span.range().start + first + at;
        Err(Box::new(Diagnostic::new(message, Span::new(start, start + length)).with_help(help)))
    };
    let mut bytes = Vec::with_capacity(inside.len());
    let mut at = 0;
    while let Some(rest) = inside.get(at..).filter(|rest| !rest.is_empty()) {
        let letter = rest.chars().next().unwrap_or('\0');
        let (byte, length) = match escape(rest) {
            _ if letter != '\\' && letter.is_ascii() => (letter as u8, 1),
            _ if letter != '\\' => {
                let message =
                    format!("strings are bytes, and `{}` is not ASCII", excerpt(letter.encode_utf8(&mut [0; 4])));
                return wrong(
                    at,
                    letter.len_utf8(),
                    message,
                    format!("write its bytes: in UTF-8 `{}`", written(letter.encode_utf8(&mut [0; 4]).as_bytes())),
                );
            }
            Some(found) => found,
            None => {
                let length = 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
                let shown = excerpt(rest.get(..length).unwrap_or("\\"));
                return wrong(
                    at,
                    length,
                    format!("`{shown}` is not an escape of bytes"),
                    "a backslash is written `\\\\`, any byte `\\x` and two hexadecimal digits".into(),
                );
            }
        };
        if !is_bytes && byte > 0x7f {
            return wrong(
                at,
                length,
                "a byte beyond ASCII in a string without a `b`".into(),
                "write `b` before the quotes".into(),
            );
        }
        bytes.push(byte);
        at += length;
    }
    Ok(bytes)
}

/// The byte of the escape that stands here, and how long it is.
fn escape(text: &str) -> Option<(u8, usize)> {
    let text = text.strip_prefix('\\')?.as_bytes();
    let first = *text.first()?;
    if first == b'x' {
        let digits = std::str::from_utf8(text.get(1..3)?).ok()?;
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
        return Some((byte, 4));
    }
    let octal = text.iter().take(3).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
    if octal > 0 {
        let value = text.iter().take(octal).fold(0, |value: u32, digit| 8 * value + u32::from(digit - b'0'));
        return u8::try_from(value).ok().map(|byte| (byte, 1 + octal));
    }
    ESCAPES.iter().find(|row| row.0 == first).map(|row| (row.1, 2))
}

/// Bytes as a literal.
pub fn written(bytes: &[u8]) -> String {
    let mut text = String::from("b'");
    for &byte in bytes {
        match ESCAPES.iter().find(|row| row.1 == byte && row.0 != b'"') {
            Some(&(letter, _)) => text.extend(['\\', letter.into()]),
            None if byte.is_ascii() && !byte.is_ascii_control() => text.push(byte.into()),
            None => text += &format!("\\x{byte:02x}"),
        }
    }
    text + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_those_of_python() {
        let bytes = |text: &str| read(text, Span::new(0, text.len()));
        for (text, value) in [
            ("''", &b""[..]),
            ("'abc'", b"abc"),
            ("B\"it's\"", b"it's"),
            (r"b'\x00\xFfz'", b"\x00\xffz"),
            (r"'\0\18\\\'\n\t'", b"\x00\x018\\'\n\t"),
            (r"b'\377'", b"\xff"),
        ] {
            assert_eq!(bytes(text).unwrap(), value, "{text}");
        }
        for (text, message, help) in [
            (
                r"'\q'",
                r"`\q` is not an escape of bytes",
                r"a backslash is written `\\`, any byte `\x` and two hexadecimal digits",
            ),
            (
                r"'\x+1'",
                r"`\x` is not an escape of bytes",
                r"a backslash is written `\\`, any byte `\x` and two hexadecimal digits",
            ),
            (
                r"b'\400'",
                r"`\4` is not an escape of bytes",
                r"a backslash is written `\\`, any byte `\x` and two hexadecimal digits",
            ),
            ("b'é'", "strings are bytes, and `é` is not ASCII", r"write its bytes: in UTF-8 `b'\xc3\xa9'`"),
            (r"'\xe9'", "a byte beyond ASCII in a string without a `b`", "write `b` before the quotes"),
        ] {
            let error = bytes(text).unwrap_err();
            assert_eq!((error.message.as_str(), error.help.as_deref()), (message, Some(help)), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let all: Vec<u8> = (0..=255).collect();
        let text = written(&all);
        assert_eq!(read(&text, Span::new(0, text.len())).unwrap(), all);
    }
}
