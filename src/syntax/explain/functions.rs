//! What is wrong with functions and with what stands on the left of `=`.
//!
//! Comes in: the pieces of a level, and where a `lambda`, a comma or a `=` stands among them. Goes out: where the body of the `lambda` begins, or what
//! is wrong with it. Always holds: as in the grammar, a `lambda` is a whole argument or all that stands behind `name =`.

use super::{End, Explain, Left, Level};
use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::piece::Piece;
use crate::syntax::token::Token;

impl Explain<'_> {
    /// Whether a `lambda` may stand at `at`: it is a whole argument, or all behind `name =`.
    pub(super) fn may_be_function(&self, at: usize, begin: usize, assigned: bool, left: Left) -> bool {
        let single = matches!(self.piece(1), Some(Piece::Sign(Token::Equal)));
        at == begin
            && match self.level {
                Level::Call => true,
                Level::Statement => assigned && left == Left::Names && single,
                Level::Group | Level::Subscript => false,
            }
    }

    /// Where the body of the `lambda` at `at` begins, if its head is right. (Of a text that is not complete yet nothing may be wrong.)
    pub(super) fn head(&self, at: usize) -> Result<usize, Option<Diagnostic>> {
        let mut next = at + 1;
        loop {
            let item = self.items.get(next);
            match item.map(|item| item.piece) {
                Some(Piece::Name(_)) => next += 1,
                Some(Piece::Sign(Token::Colon)) if next > at + 1 => return Ok(next + 1),
                _ => return Err(self.no_param(next, next == at + 1)),
            }
            match self.piece(next) {
                Some(Piece::Sign(Token::Comma)) => next += 1,
                Some(Piece::Sign(Token::Colon)) => return Ok(next + 1),
                _ => return Err(self.no_param(next, false)),
            }
        }
    }

    /// What stands at `at` has no place among the parameters of a `lambda`.
    fn no_param(&self, at: usize, first: bool) -> Option<Diagnostic> {
        const FORM: &str = "a function is written `lambda x, y: x*y`";
        let Some(item) = self.items.get(at) else {
            let message = format!("expected the `:` of this `lambda`, found {}", self.end_name());
            return (self.end != End::Open).then(|| Diagnostic::new(message, self.end_span).with_help(FORM));
        };
        Some(match item.piece {
            Piece::Sign(Token::Colon) if first => {
                Diagnostic::new("a function without parameters is a value", item.span)
                    .with_help("write the value by itself")
            }
            Piece::Sign(Token::Equal) => Diagnostic::new("parameters have no default values", item.span)
                .with_help("write the name alone: every call gives all arguments"),
            _ => {
                let message = format!("expected a parameter, `,` or `:`, found `{}`", self.text(item.span));
                Diagnostic::new(message, item.span).with_help(FORM)
            }
        })
    }

    /// Whether all before the `=` at `at` are names with commas between.
    pub(super) fn are_names(&self, at: usize) -> bool {
        let before = self.items.get(..at).unwrap_or(&[]);
        before.len() % 2 == 1
            && before.iter().enumerate().all(|(at, item)| match item.piece {
                Piece::Name(_) => at % 2 == 0,
                Piece::Sign(Token::Comma) => at % 2 == 1,
                _ => false,
            })
    }

    /// A comma where one value must stand alone.
    pub(super) fn no_comma(&self, span: Span, left: Left, function: bool) -> Option<Diagnostic> {
        match (self.level, left) {
            (Level::Statement, Left::Function) => Some(
                Diagnostic::new("a function has one value, found `,`", span)
                    .with_help("put several in parentheses: `f(x) = (x, 2*x)`"),
            ),
            (Level::Statement, _) if function => Some(
                Diagnostic::new("a `lambda` ends at this comma, and is no part of a tuple", span)
                    .with_help("put what it gives in parentheses: `f = lambda x: (x, 2*x)`"),
            ),
            (Level::Statement, Left::Indexed) => Some(
                Diagnostic::new("an array in index notation takes one value, found `,`", span)
                    .with_help("give each value its own name: `a[i] = ...; b[i] = ...`"),
            ),
            _ => None,
        }
    }
}

/// A `lambda` where a value must come.
pub(super) fn alone(span: Span) -> Diagnostic {
    Diagnostic::new("a function is not a value to calculate with", span)
        .with_help("a `lambda` stands by itself as an argument, or behind `name =`: `f = lambda x: x*2; f(a)`")
}
