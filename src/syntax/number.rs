//! The values of number literals, by Python's rules.
//!
//! Comes in: a number token, its text, and the text behind it. Goes out: the literal, or what is wrong with it. Always
//! holds: a number ends where no letter, digit or underscore follows, so `2x`, `1__0` and `0b12` are errors and never two
//! tokens; floats out of range become infinite or zero, integers out of range are an error.

use super::ast::{Literal, Span};
use super::token::Token;
use crate::diagnostic::{Diagnostic, excerpt};

/// Reads the number `source[span]`, or says what is wrong with it. Boxed, for it is the rare case.
pub fn read(token: Token, source: &str, span: Span) -> Result<Literal, Box<Diagnostic>> {
    let (before, rest) = source.split_at_checked(span.end as usize).unwrap_or((source, ""));
    let text = before.get(span.start as usize..).unwrap_or("");
    if rest.starts_with(continues_number)
        || rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
    {
        return Err(Box::new(malformed(source, span)));
    }
    match token {
        Token::Decimal => decimal(text).map_err(|problem| problem.at(span)),
        Token::Hexadecimal => radix(text, 16).map_err(|problem| problem.at(span)),
        Token::Octal => radix(text, 8).map_err(|problem| problem.at(span)),
        Token::Binary => radix(text, 2).map_err(|problem| problem.at(span)),
        Token::Imaginary => Ok(Literal::Imaginary(float(text.trim_end_matches(['j', 'J'])))),
        _ => Ok(Literal::Float(float(text))),
    }
}

/// What may not follow a number directly.
fn continues_number(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

struct Problem {
    message: String,
    help: String,
}

impl Problem {
    fn at(self, span: Span) -> Box<Diagnostic> {
        Box::new(Diagnostic::new(self.message, span).with_help(self.help))
    }
}

fn decimal(text: &str) -> Result<Literal, Problem> {
    if text.starts_with('0') && text.contains(|digit| digit != '0' && digit != '_') {
        let digits = text.trim_start_matches(['0', '_']);
        return Err(Problem {
            message: "a decimal number cannot begin with `0`".into(),
            help: format!("write `{}`, or `0o{}` for octal", excerpt(digits), excerpt(digits)),
        });
    }
    let value = digits(text, 10);
    value.map(Literal::Int).ok_or_else(|| Problem {
        message: format!("this integer is too large: the largest is {}", i128::MAX),
        help: format!("write it as a float: `{:e}`", float(text)),
    })
}

fn radix(text: &str, radix: u32) -> Result<Literal, Problem> {
    let value = digits(text.get(2..).unwrap_or(""), radix);
    value.map(Literal::Int).ok_or_else(|| Problem {
        message: format!("this integer is too large: the largest is {:#x}", i128::MAX),
        help: "127 bits are the most; for a larger value write a float such as `1e40`".into(),
    })
}

/// The value of digits with underscores between, or none if it is too large.
fn digits(text: &str, radix: u32) -> Option<u128> {
    let value = text.bytes().filter(|&byte| byte != b'_').try_fold(0i128, |value, byte| {
        let digit = char::from(byte).to_digit(radix)?;
        value.checked_mul(i128::from(radix))?.checked_add(i128::from(digit))
    });
    value.map(i128::unsigned_abs)
}

/// The float nearest to the text, infinite if it is too large. (The lexer has checked the form, so there is always one.)
fn float(text: &str) -> f64 {
    let value = if text.contains('_') { text.replace('_', "").parse() } else { text.parse() };
    value.unwrap_or(f64::NAN)
}

/// A number that goes on as no number can: what was probably meant.
#[cold]
// Long: one case for each mistake.
fn malformed(source: &str, span: Span) -> Diagnostic {
    let start = span.start as usize;
    let all = source.get(start..).unwrap_or("");
    let dot_is_part = |at: usize| all.get(at + 1..).unwrap_or("").starts_with(|next: char| next.is_ascii_digit());
    let length = all
        .char_indices()
        .find(|&(at, character)| {
            !(continues_number(character) || character == '.' && (at < span_len(span) || dot_is_part(at)))
        })
        .map_or(all.len(), |(at, _)| at);
    let whole = all.get(..length).unwrap_or("");
    let (number, tail) = whole.split_at_checked(span_len(span)).unwrap_or((whole, ""));
    let place = Span::new(start, start + length);
    let say = |message: String, help: String| Diagnostic::new(message, place).with_help(help);
    let (number_shown, tail_shown) = (excerpt(number), excerpt(tail));

    if tail.starts_with('_') && number.ends_with(|last: char| last.is_ascii_hexdigit()) {
        let clean = whole.trim_end_matches('_');
        let clean = clean.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
        let all_digits = whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
        let help = if all_digits { format!("write `{}`", excerpt(&clean)) } else { "remove the `_`".into() };
        return say("`_` in a number stands between two digits, one at a time".into(), help);
    }
    if number == "0" && tail.starts_with(['x', 'X', 'o', 'O', 'b', 'B']) {
        let (name, digits, example) = radix_words(tail.as_bytes().first().copied());
        return say(
            format!(
                "`{}` is not a number: {name} digits ({digits}) are expected after `0{}`",
                excerpt(whole),
                &tail[..1]
            ),
            format!("write for example `{example}`"),
        );
    }
    if number.starts_with("0x") || number.starts_with("0o") || number.starts_with("0b") {
        let (name, digits, _) = radix_words(number.as_bytes().get(1).copied());
        return say(
            format!("`{}` is not a number: {name} digits are {digits}", excerpt(whole)),
            "remove what is too much".into(),
        );
    }
    let is_decimal = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_' || byte == b'.');
    if is_decimal && matches!(tail, "e" | "E") {
        return say(
            format!("`{}` has no digits after its `{tail}`", excerpt(whole)),
            format!("write `{number_shown}e1` for a power of ten, or `{number_shown}*{tail}` for a product"),
        );
    }
    if tail.starts_with('.') || number.ends_with('.') && tail.starts_with(|first: char| first.is_ascii_digit()) {
        return say(format!("`{}` has two decimal points", excerpt(whole)), "remove one of them".into());
    }
    if let Some(rest) = tail.strip_prefix(['f', 'F', 'd', 'D', 'l', 'L', 'u', 'U', 'i', 'I'])
        && (rest.is_empty() || matches!(rest, "32" | "64" | "8" | "16" | "l" | "L" | "u" | "U"))
    {
        let cast = match tail {
            "f" | "F" | "f32" => format!(", or `f32({number_shown})` for single precision"),
            "i" | "I" => format!(", or `{number_shown}j` for an imaginary number"),
            "f64" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => {
                format!(", or `{tail}({number_shown})` for that type")
            }
            _ => String::new(),
        };
        return say(
            format!("a number has no suffix such as `{tail_shown}`"),
            format!("write `{number_shown}`: it takes its type from what it meets{cast}"),
        );
    }
    if number.ends_with('.') && matches!(tail, "real" | "imag") {
        let integer = number.trim_end_matches('.');
        return say(
            format!("`{}` is read as the number `{number_shown}` and a name", excerpt(whole)),
            format!("write `({integer}).{tail}`"),
        );
    }
    if matches!(tail, "if" | "else" | "and" | "or" | "not" | "in" | "is") {
        return say(
            format!("a number directly followed by `{tail}`"),
            format!("put a space between: `{number_shown} {tail}`"),
        );
    }
    say("a number directly followed by a name".into(), format!("for a product write `{number_shown}*{tail_shown}`"))
}

fn span_len(span: Span) -> usize {
    span.range().len()
}

/// Name, digits and an example for the letter after the `0`.
fn radix_words(letter: Option<u8>) -> (&'static str, &'static str, &'static str) {
    match letter {
        Some(b'x' | b'X') => ("hexadecimal", "0-9, a-f", "0xff"),
        Some(b'o' | b'O') => ("octal", "0-7", "0o17"),
        _ => ("binary", "0 and 1", "0b101"),
    }
}

#[cfg(test)]
mod tests {
    use logos::Logos;

    use super::*;

    fn number(source: &str) -> Result<Literal, Box<Diagnostic>> {
        let mut lexer = Token::lexer(source);
        let token = lexer.next().and_then(Result::ok).unwrap();
        read(token, source, Span::new(lexer.span().start, lexer.span().end))
    }

    #[test]
    fn values() {
        for (text, value) in [
            ("0", Literal::Int(0)),
            ("00_0", Literal::Int(0)),
            ("1_000", Literal::Int(1000)),
            ("0xfF", Literal::Int(255)),
            ("0o17", Literal::Int(15)),
            ("0b1_01", Literal::Int(5)),
            ("18446744073709551616", Literal::Int(1 << 64)),
            ("0xffff_ffff_ffff_ffff", Literal::Int(u64::MAX.into())),
            ("170141183460469231731687303715884105727", Literal::Int((1 << 127) - 1)),
            ("1.", Literal::Float(1.0)),
            (".5", Literal::Float(0.5)),
            ("012.5", Literal::Float(12.5)),
            ("1e-3", Literal::Float(1e-3)),
            ("1_0.5e1_0", Literal::Float(10.5e10)),
            ("1e999", Literal::Float(f64::INFINITY)),
            ("2j", Literal::Imaginary(2.0)),
            ("012J", Literal::Imaginary(12.0)),
            ("1.5e3J", Literal::Imaginary(1500.0)),
        ] {
            assert_eq!(number(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn errors() {
        for (text, message, help) in [
            ("012", "a decimal number cannot begin with `0`", "write `12`, or `0o12` for octal"),
            (
                "170141183460469231731687303715884105728",
                "this integer is too large: the largest is 170141183460469231731687303715884105727",
                "write it as a float: `1.7014118346046923e38`",
            ),
            (
                "0x8000_0000_0000_0000_0000_0000_0000_0000",
                "this integer is too large: the largest is 0x7fffffffffffffffffffffffffffffff",
                "127 bits are the most; for a larger value write a float such as `1e40`",
            ),
            ("1__0", "`_` in a number stands between two digits, one at a time", "write `1_0`"),
            ("1_", "`_` in a number stands between two digits, one at a time", "write `1`"),
            (
                "0x",
                "`0x` is not a number: hexadecimal digits (0-9, a-f) are expected after `0x`",
                "write for example `0xff`",
            ),
            ("0b12", "`0b12` is not a number: binary digits are 0 and 1", "remove what is too much"),
            ("0o8", "`0o8` is not a number: octal digits (0-7) are expected after `0o`", "write for example `0o17`"),
            ("1e", "`1e` has no digits after its `e`", "write `1e1` for a power of ten, or `1*e` for a product"),
            (
                "1.5f",
                "a number has no suffix such as `f`",
                "write `1.5`: it takes its type from what it meets, or `f32(1.5)` for single precision",
            ),
            ("10L", "a number has no suffix such as `L`", "write `10`: it takes its type from what it meets"),
            (
                "3u8",
                "a number has no suffix such as `u8`",
                "write `3`: it takes its type from what it meets, or `u8(3)` for that type",
            ),
            (
                "2i",
                "a number has no suffix such as `i`",
                "write `2`: it takes its type from what it meets, or `2j` for an imaginary number",
            ),
            ("2x", "a number directly followed by a name", "for a product write `2*x`"),
            ("2α", "a number directly followed by a name", "for a product write `2*α`"),
            ("1.2.3", "`1.2.3` has two decimal points", "remove one of them"),
            ("1..2", "`1..2` has two decimal points", "remove one of them"),
            ("1.real", "`1.real` is read as the number `1.` and a name", "write `(1).real`"),
            ("1if c else 2", "a number directly followed by `if`", "put a space between: `1 if`"),
        ] {
            let error = number(text).unwrap_err();
            assert_eq!((error.message.as_str(), error.help.as_deref()), (message, Some(help)), "{text}");
        }
    }
}
