//! When two names are the same.
//!
//! Comes in: a name as it was written, in a text or by a caller. Goes out: its one spelling, the compatibility composition
//! (NFKC) of Unicode Standard Annex 15, by which Python compares identifiers: `ﬁt` is `fit`, and the micro sign is the
//! letter mu. Always holds: names of ASCII alone, which is nearly all, are handed back after one look at their bytes.

use std::borrow::Cow;

use logos::Logos;
use unicode_normalization::UnicodeNormalization;

use super::token::Token;

/// The one spelling of a name.
pub fn normal(name: &str) -> Cow<'_, str> {
    if name.is_ascii() || unicode_normalization::is_nfkc(name) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.nfkc().collect())
}

/// Whether the whole text is a name, in its one spelling: `𝐢𝐟` is none, for it is `if`.
pub fn is_name(text: &str) -> bool {
    let mut tokens = Token::lexer(text);
    tokens.next() == Some(Ok(Token::Name)) && tokens.span() == (0..text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_pythons() {
        // Of each row Python 3 has one variable.
        for (name, expected) in [
            ("alpha", "alpha"),
            ("ﬁt", "fit"),
            ("µ", "μ"),
            ("e\u{301}", "é"),
            ("𝛼", "α"),
            ("ｘ", "x"),
            ("ℯ", "e"),
            ("xⅣ", "xIV"),
            ("ſ", "s"),
            ("数", "数"),
        ] {
            assert_eq!(normal(name), expected, "{name}");
            assert_eq!(normal(expected), expected);
            assert!(is_name(name) && is_name(expected), "{name}");
        }
        assert!(matches!(normal("alpha"), Cow::Borrowed(_)));
        assert!(!is_name(&normal("𝐢𝐟")) && !is_name("a b") && !is_name(""));
    }
}
