//! The lexer: which pieces a text consists of.
//!
//! Comes in: the source text. Goes out: tokens with their spans, by the state machine that `logos` makes of the patterns
//! below. Always holds: the tokens here have no value yet (`number` reads literals, `parser` interns names); what people
//! mistype is a token as well, [`Token::Mistake`] or [`Token::Reserved`], so that `mistake` can say what to write instead.

use logos::Logos;

/// One kind of token.
#[derive(Logos, Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[logos(skip r"[ \t\x0c]+")]
#[logos(skip(r"#[^\r\n]*", allow_greedy = true))]
#[logos(skip r"\\(\r\n|\n|\r)")]
#[logos(subpattern digits = r"[0-9](_?[0-9])*")]
#[logos(subpattern exponent = r"[eE][+-]?[0-9](_?[0-9])*")]
pub enum Token {
    /// The end of a line; `\r\n` is one.
    #[regex(r"\r\n|\n|\r")]
    Newline,
    /// A name that is not a keyword.
    #[regex(r"[\p{XID_Start}_]\p{XID_Continue}*")]
    Name,

    /// `12`, with leading zeros too, which `number` refuses.
    #[regex(r"(?&digits)")]
    Decimal,
    /// `0xff`
    #[regex(r"0[xX](_?[0-9a-fA-F])+")]
    Hexadecimal,
    /// `0o17`
    #[regex(r"0[oO](_?[0-7])+")]
    Octal,
    /// `0b11`
    #[regex(r"0[bB](_?[01])+")]
    Binary,
    /// `1.5`, `1.`, `.5`, `1e-3`
    #[regex(r"(?&digits)\.(?&digits)?(?&exponent)?")]
    #[regex(r"\.(?&digits)(?&exponent)?")]
    #[regex(r"(?&digits)(?&exponent)")]
    Float,
    /// `2j`, `1.5e3J`
    #[regex(r"(?&digits)[jJ]")]
    #[regex(r"(?&digits)\.(?&digits)?(?&exponent)?[jJ]")]
    #[regex(r"\.(?&digits)(?&exponent)?[jJ]")]
    #[regex(r"(?&digits)(?&exponent)[jJ]")]
    Imaginary,
    /// `'abc'`, `b"a\x00b"`: bytes, on one line
    #[regex(r"[bB]?'([^'\\\r\n]|\\[^\r\n])*'")]
    #[regex(r#"[bB]?"([^"\\\r\n]|\\[^\r\n])*""#)]
    Text,
    /// `True`
    #[token("True")]
    True,
    /// `False`
    #[token("False")]
    False,

    /// `None`
    #[token("None")]
    None,
    /// `and`
    #[token("and")]
    And,
    /// `or`
    #[token("or")]
    Or,
    /// `not`
    #[token("not")]
    Not,
    /// `in`
    #[token("in")]
    In,
    /// `if`
    #[token("if")]
    If,
    /// `else`
    #[token("else")]
    Else,
    /// `lambda`
    #[token("lambda")]
    Lambda,

    /// `+`
    #[token("+")]
    Plus,
    /// `-`
    #[token("-")]
    Minus,
    /// `*`
    #[token("*")]
    Star,
    /// `/`
    #[token("/")]
    Slash,
    /// `//`
    #[token("//")]
    SlashSlash,
    /// `%`
    #[token("%")]
    Percent,
    /// `**`
    #[token("**")]
    StarStar,
    /// `<<`
    #[token("<<")]
    ShiftLeft,
    /// `>>`
    #[token(">>")]
    ShiftRight,
    /// `&`
    #[token("&")]
    Ampersand,
    /// `^`
    #[token("^")]
    Caret,
    /// `|`
    #[token("|")]
    Bar,
    /// `~`
    #[token("~")]
    Tilde,
    /// `<`
    #[token("<")]
    Less,
    /// `<=`
    #[token("<=")]
    LessEqual,
    /// `>`
    #[token(">")]
    Greater,
    /// `>=`
    #[token(">=")]
    GreaterEqual,
    /// `==`
    #[token("==")]
    EqualEqual,
    /// `!=`
    #[token("!=")]
    NotEqual,

    /// `=`
    #[token("=")]
    Equal,
    /// `,`
    #[token(",")]
    Comma,
    /// `;`
    #[token(";")]
    Semicolon,
    /// `(`
    #[token("(")]
    Open,
    /// `)`
    #[token(")")]
    Close,
    /// `[`
    #[token("[")]
    OpenSquare,
    /// `]`
    #[token("]")]
    CloseSquare,
    /// `:`
    #[token(":")]
    Colon,
    /// `...`
    #[token("...")]
    Ellipsis,

    /// `.real`
    #[regex(r"\.[ \t]*real", priority = 20)]
    Real,
    /// `.imag`
    #[regex(r"\.[ \t]*imag", priority = 20)]
    Imag,
    /// A dot and any other name.
    #[regex(r"\.[ \t]*[\p{XID_Start}_]\p{XID_Continue}*")]
    Attribute,

    /// What is not in the language but is often typed; `mistake` knows what was meant.
    #[token("&&")]
    #[token("||")]
    #[token("!")]
    #[token("<>")]
    #[token("===")]
    #[token("!==")]
    #[token("=<")]
    #[token("=>")]
    #[token(":=")]
    #[token("->")]
    #[token("+=")]
    #[token("-=")]
    #[token("*=")]
    #[token("/=")]
    #[token("//=")]
    #[token("%=")]
    #[token("**=")]
    #[token("<<=")]
    #[token(">>=")]
    #[token("&=")]
    #[token("|=")]
    #[token("^=")]
    #[token("{")]
    #[token("}")]
    #[token("?")]
    #[token("@")]
    #[token(".")]
    #[token("\"")]
    #[token("'")]
    Mistake,

    /// Words that Python's grammar keeps for itself.
    #[token("as")]
    #[token("assert")]
    #[token("async")]
    #[token("await")]
    #[token("break")]
    #[token("class")]
    #[token("continue")]
    #[token("def")]
    #[token("del")]
    #[token("elif")]
    #[token("except")]
    #[token("finally")]
    #[token("for")]
    #[token("from")]
    #[token("global")]
    #[token("import")]
    #[token("is")]
    #[token("nonlocal")]
    #[token("pass")]
    #[token("raise")]
    #[token("return")]
    #[token("try")]
    #[token("while")]
    #[token("with")]
    #[token("yield")]
    Reserved,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lex(source: &str) -> Vec<(Token, &str)> {
        Token::lexer(source).spanned().map(|(token, span)| (token.unwrap_or(Token::Mistake), &source[span])).collect()
    }

    #[test]
    fn longest_match() {
        use Token::*;
        assert_eq!(
            lex("a**-b//c"),
            [(Name, "a"), (StarStar, "**"), (Minus, "-"), (Name, "b"), (SlashSlash, "//"), (Name, "c")]
        );
        assert_eq!(lex("not_ nota not"), [(Name, "not_"), (Name, "nota"), (Not, "not")]);
        assert_eq!(
            lex("x.real x.realm x. imag"),
            [(Name, "x"), (Real, ".real"), (Name, "x"), (Attribute, ".realm"), (Name, "x"), (Imag, ". imag")]
        );
        assert_eq!(lex("αβ_1 × é"), [(Name, "αβ_1"), (Mistake, "×"), (Name, "é")]);
        assert_eq!(lex("a # b\r\n\\\r\nc"), [(Name, "a"), (Newline, "\r\n"), (Name, "c")]);
    }

    #[test]
    fn numbers() {
        use Token::*;
        for (text, token) in [
            ("0", Decimal),
            ("1_000", Decimal),
            ("0xf_F", Hexadecimal),
            ("0o17", Octal),
            ("0b_11", Binary),
            ("1.", Float),
            (".5", Float),
            ("1e-3", Float),
            ("1_0.5e1_0", Float),
            ("2j", Imaginary),
            ("1.5e3J", Imaginary),
            ("1.j", Imaginary),
        ] {
            assert_eq!(lex(text), [(token, text)]);
        }
        // What is left over stands directly behind, which is how `number` notices.
        assert_eq!(lex("1e"), [(Decimal, "1"), (Name, "e")]);
        assert_eq!(lex("1e+x"), [(Decimal, "1"), (Name, "e"), (Plus, "+"), (Name, "x")]);
        assert_eq!(lex("1__0"), [(Decimal, "1"), (Name, "__0")]);
        assert_eq!(lex("0x"), [(Decimal, "0"), (Name, "x")]);
        assert_eq!(lex("1.real"), [(Float, "1."), (Name, "real")]);
        assert_eq!(lex("1.5.real"), [(Float, "1.5"), (Real, ".real")]);
    }
}
