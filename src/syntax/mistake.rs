//! What people type that is not in the language, and what to write instead.
//!
//! Comes in: a token that the lexer marked as a mistake, or no token at all. Goes out: a diagnostic. Always holds: one table
//! row a mistake; the first that fits is taken.

use super::ast::Span;
use crate::diagnostic::{Diagnostic, excerpt};

/// Operators and brackets of other languages: the text, what it is, what to write.
const SIGNS: &[(&str, &str, &str)] = &[
    ("&&", "`&&` is not an operator here", "write `and`, or `&` for bits"),
    ("||", "`||` is not an operator here", "write `or`, or `|` for bits"),
    ("!", "`!` is not an operator here", "write `not x`, or `~x` for bits; `!=` is one operator without a space"),
    ("<>", "`<>` is not an operator here", "write `!=`"),
    ("===", "`===` is not an operator here", "write `==`"),
    ("!==", "`!==` is not an operator here", "write `!=`"),
    ("=<", "`=<` is not an operator here", "write `<=`"),
    ("=>", "`=>` is not an operator here", "write `>=`"),
    (":=", "`:=` is not an operator here", "give the name its value in a statement before: `t = a*b; t + c`"),
    ("->", "`->` is not an operator here", "for less than or greater than a negative value write `< -x` or `> -x`"),
    ("{", "`{` is not in the language", "group with `(` and `)`"),
    ("}", "`}` is not in the language", "group with `(` and `)`"),
    ("?", "`?` is not an operator here", "write `x if c else y`, or `where(c, x, y)`"),
    ("@", "`@` is not an operator here", "write the sum over an index: `sum[k](a[i, k]*b[k, j])`"),
    (".", "a `.` by itself", "write `.real`, `.imag` or a method after a value, or a digit: `0.5`"),
    ("$", "`$` is not in the language", "a name is written by itself: `x`"),
    ("`", "a backquote is not in the language", "a name is written by itself: `x`"),
    ("\\", "a `\\` by itself", "at the very end of a line it joins the next; or put the expression in parentheses"),
];

/// Characters that stand in printed formulas and documents.
const CHARACTERS: &[(&str, &str)] = &[
    ("−–—", "write `-`"),
    ("×·⋅∙", "write `*`"),
    ("÷∕⁄", "write `/`"),
    ("≤⩽", "write `<=`"),
    ("≥⩾", "write `>=`"),
    ("≠", "write `!=`"),
    ("∧", "write `and`"),
    ("∨", "write `or`"),
    ("¬", "write `not`"),
    ("²", "write `**2`"),
    ("³", "write `**3`"),
    ("⁰¹⁴⁵⁶⁷⁸⁹⁻", "write a power as `x**n`"),
    ("√", "write `sqrt(x)`"),
    ("∞", "write `inf`"),
    ("∑", "write `sum(x)`"),
    ("∏", "write `prod(x)`"),
    ("（）", "write `(` and `)` of ASCII"),
    ("，", "write `,`"),
    ("；", "write `;`"),
    ("＋＊／＝＜＞", "write the operator in ASCII"),
];

/// Words of Python that are not words of this language.
const WORDS: &[(&str, &str, &str)] = &[
    ("is", "`is` is not an operator here", "write `==`; for NaN `isnan(x)`"),
    ("elif", "`elif` is not in the language", "write `x if c else y if d else z`"),
    ("for", "loops are not written in the text: every expression runs over whole arrays", "write the expression alone"),
    (
        "while",
        "loops are not written in the text: every expression runs over whole arrays",
        "write the expression alone",
    ),
    ("def", "`def` is not in the language", "a function is written `f(x) = x*2`"),
    ("return", "`return` is not needed", "the last statement is the result: write it by itself"),
    ("import", "there is nothing to import", "functions are there by their names: `sin(x)`"),
    ("from", "there is nothing to import", "functions are there by their names: `sin(x)`"),
];

/// A token that the lexer marked as a mistake, or text that is no token. `after_value`: a value ends directly before it.
#[cold]
pub fn sign(source: &str, span: Span, after_value: bool) -> Diagnostic {
    let rest = source.get(span.start as usize..).unwrap_or("");
    let text = source.get(span.range()).unwrap_or("");
    if text == "@" && !after_value {
        return Diagnostic::new("`@` before a name is not in the language", span)
            .with_help("a name is written by itself: `x`");
    }
    if let Some(&(_, message, help)) = SIGNS.iter().find(|row| row.0 == text) {
        return Diagnostic::new(message, span).with_help(help);
    }
    let Some(first) = rest.chars().next() else {
        return Diagnostic::new("the text ends here", span);
    };
    let place = Span::new(span.start as usize, span.start as usize + first.len_utf8());
    if matches!(first, '"' | '\'') {
        return Diagnostic::new("this string does not end on its line", place)
            .with_help(format!("write the `{first}` that is missing; a line break in a string is written `\\n`"));
    }
    if let Some(operator) = text.strip_suffix('=') {
        return Diagnostic::new(format!("`{text}` is not an operator here"), span)
            .with_help(format!("write the name out: `t2 = t {operator} x`"));
    }
    let shown = if first.is_control()
        || first.is_whitespace()
        || (first as u32) >= 0x2000 && excerpt(first.encode_utf8(&mut [0; 4])) == "\u{fffd}"
    {
        format!("the invisible character U+{:04X}", first as u32)
    } else {
        format!("the character `{first}`")
    };
    let diagnostic = Diagnostic::new(format!("{shown} is not in the language"), place);
    match CHARACTERS.iter().find(|row| row.0.contains(first)) {
        Some((_, help)) => diagnostic.with_help(*help),
        None if first.is_whitespace() => diagnostic.with_help("write a plain space"),
        None if shown.starts_with("the invisible") => diagnostic.with_help("remove it"),
        None => diagnostic,
    }
}

/// A word that Python's grammar keeps for itself.
#[cold]
pub fn word(source: &str, span: Span) -> Diagnostic {
    let text = source.get(span.range()).unwrap_or("");
    match WORDS.iter().find(|row| row.0 == text) {
        Some(&(_, message, help)) => Diagnostic::new(message, span).with_help(help),
        None => Diagnostic::new(format!("`{text}` is a reserved word and cannot be a name"), span)
            .with_help(format!("take another name, such as `{text}_`")),
    }
}

/// A name whose one spelling is this word, which is none.
#[cold]
pub fn respelled(word: &str, span: Span) -> Diagnostic {
    Diagnostic::new(format!("this is the word `{}` in other letters, and cannot be a name", excerpt(word)), span)
        .with_help("write the word in ASCII, or take another name")
}

#[cfg(test)]
mod tests {
    use logos::Logos;

    use super::super::token::Token;
    use super::*;

    /// Every row must be reachable: the lexer does not take the text for something else.
    #[test]
    fn the_lexer_marks_every_row() {
        for (text, ..) in SIGNS {
            let token = Token::lexer(text).next();
            assert!(matches!(token, Some(Err(()) | Ok(Token::Mistake))), "{text}: {token:?}");
        }
        for (text, ..) in WORDS {
            assert_eq!(Token::lexer(text).next(), Some(Ok(Token::Reserved)), "{text}");
        }
        for character in CHARACTERS.iter().flat_map(|row| row.0.chars()) {
            let text = character.to_string();
            assert_eq!(Token::lexer(&text).next(), Some(Err(())), "{text}");
        }
    }
}
