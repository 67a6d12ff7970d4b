//! Why a level is not in the grammar: what was expected, what was found.
//!
//! Comes in: the pieces of one level that the grammar refused, or of one that is not complete yet. Goes out: the first thing
//! that is wrong, reading from the left. Always holds: it walks once over the pieces, and finds something wrong exactly
//! where the grammar of `grammar.rs` refuses (a level without brackets is a regular language: two states, "a value must
//! come" and "a value has ended", and whether an `if` waits for its `else`); tests compare the two on random levels.

mod functions;

use self::functions::alone;
use super::ast::Span;
use super::piece::{Item, Piece};
use super::token::Token;
use crate::diagnostic::{Diagnostic, excerpt};

/// What the pieces are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// A statement.
    Statement,
    /// Between brackets.
    Group,
    /// Between the brackets of a call.
    Call,
    /// Between those of a subscript.
    Subscript,
}

/// What ends the level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// `)`, of a subscript `]`
    Close,
    /// `;`
    Semicolon,
    /// The end of the line.
    Line,
    /// The end of the text.
    Text,
    /// Nothing yet: only what is wrong already is looked for.
    Open,
}

/// What stands before the `=` of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Left {
    /// There is none so far.
    None,
    /// A name, or several.
    Names,
    /// `name[indices]`
    Indexed,
    /// `name(params)`
    Function,
}

/// A level to explain. `end_span` is where its end stands.
pub struct Explain<'a> {
    pub source: &'a str,
    pub items: &'a [Item],
    pub level: Level,
    pub end: End,
    pub end_span: Span,
}

/// Words of other languages that are seen between two values, and what to write.
const WORDS: &[(&str, &str)] = &[
    ("and", "and"),
    ("or", "or"),
    ("not", "not"),
    ("xor", "^"),
    ("mod", "%"),
    ("div", "//"),
    ("eq", "=="),
    ("ne", "!="),
    ("lt", "<"),
    ("le", "<="),
    ("gt", ">"),
    ("ge", ">="),
    ("then", "x if c else y"),
];

impl Explain<'_> {
    /// The first thing that is wrong, if anything is.
    #[cold]
    // Long: one arm for each kind of token in each of two states.
    pub fn first(&self) -> Option<Diagnostic> {
        let mut value_ended = false;
        let mut waiting_if: Option<Span> = None;
        // Where the value between two commas begins, behind `name =`.
        let mut begin = 0;
        let mut assigned = false;
        let mut left = Left::None;
        // Whether the body of a `lambda` is read, and where its head ends.
        let mut function = false;
        let mut head_end = 0;
        // Colons since then, in a subscript.
        let mut colons = 0;
        for (at, item) in self.items.iter().enumerate() {
            let sign = match item.piece {
                Piece::Sign(token) => Some(token),
                _ => None,
            };
            if at < head_end {
                continue;
            }
            let comma_follows = self.piece(at + 1).is_none_or(|next| next == Piece::Sign(Token::Comma));
            if !value_ended {
                match sign {
                    Some(Token::Ellipsis) if self.level == Level::Subscript && at == begin && comma_follows => {
                        value_ended = true;
                    }
                    Some(Token::Colon) if self.is_slice(at, begin, colons) => colons += 1,
                    // A bound may be left out.
                    Some(Token::Comma) if colons > 0 && self.before(at) == Some(Piece::Sign(Token::Colon)) => {
                        (begin, colons) = (at + 1, 0);
                    }
                    Some(Token::Lambda) if self.may_be_function(at, begin, assigned, left) && !function => {
                        match self.head(at) {
                            Ok(end) => (head_end, begin, function) = (end, end, true),
                            Err(wrong) => return wrong,
                        }
                    }
                    Some(Token::Plus | Token::Minus | Token::Tilde) => {}
                    Some(Token::Not) if self.allows_not(at, begin) => {}
                    Some(_) => return Some(self.no_value(at)),
                    None if matches!(item.piece, Piece::Tuple(_)) => {
                        if let Some(wrong) = self.tuple(at, begin, if assigned { left } else { Left::None }) {
                            return Some(wrong);
                        }
                        value_ended = true;
                    }
                    None if matches!(item.piece, Piece::Dotted(..)) => return Some(self.no_value(at)),
                    None => value_ended = true,
                }
                continue;
            }
            let behind_tuple = matches!(at.checked_sub(1).and_then(|before| self.piece(before)), Some(Piece::Tuple(_)));
            let dotted = matches!(item.piece, Piece::Dotted(..));
            if behind_tuple && sign.map_or(dotted, |sign| !follows_tuple(sign)) {
                return Some(self.tighter_than_in(at));
            }
            match sign {
                Some(Token::Real | Token::Imag) => {}
                // The next piece is read as `in`.
                Some(Token::Not) if self.piece(at + 1) == Some(Piece::Sign(Token::In)) => {}
                None if matches!(item.piece, Piece::Dotted(..) | Piece::Arguments { .. }) => {}
                None if matches!(item.piece, Piece::Subscript { .. }) => {}
                Some(Token::Colon) if waiting_if.is_none() && self.level == Level::Subscript && colons < 2 => {
                    colons += 1;
                    value_ended = false;
                }
                Some(Token::Colon) => return Some(self.colon(item.span)),
                Some(Token::Ellipsis) => return Some(self.side_by_side(at)),
                Some(Token::If) => {
                    if let Some(place) = waiting_if {
                        let message = "expected the `else` of the `if` before, found another `if`";
                        let help = "put the inner one in parentheses: `x if (a if b else c) else y`";
                        return Some(Diagnostic::new(message, item.span.to(place)).with_help(help));
                    }
                    waiting_if = Some(item.span);
                    value_ended = false;
                }
                Some(Token::Else) => {
                    if waiting_if.take().is_none() {
                        return Some(
                            Diagnostic::new("`else` without an `if` before it", item.span)
                                .with_help("the form is `x if c else y`"),
                        );
                    }
                    value_ended = false;
                }
                Some(Token::Comma) => {
                    if let Some(place) = waiting_if {
                        return Some(self.no_else(place));
                    }
                    if let Some(wrong) = self.no_comma(item.span, left, function) {
                        return Some(wrong);
                    }
                    value_ended = false;
                    begin = at + 1;
                    (assigned, function, colons) = (false, false, 0);
                }
                Some(Token::Equal) => {
                    let named = at == begin + 1 && matches!(self.piece(begin), Some(Piece::Name(_)));
                    let behind_name = match self.piece(1) {
                        Some(Piece::Arguments { .. } | Piece::Subscript { .. }) => {
                            at == 2 && matches!(self.piece(0), Some(Piece::Name(_)))
                        }
                        _ => false,
                    };
                    let statement = self.level == Level::Statement;
                    let is_left = match self.level {
                        Level::Statement => behind_name || named && begin == 0 || self.are_names(at),
                        Level::Call => named && !function,
                        Level::Group | Level::Subscript => false,
                    };
                    let before = assigned || left != Left::None || function;
                    if !is_left || before {
                        return Some(self.equal(at, named, before));
                    }
                    assigned = true;
                    left = match self.piece(1) {
                        _ if !statement => Left::None,
                        Some(Piece::Arguments { .. }) => Left::Function,
                        Some(Piece::Subscript { .. }) => Left::Indexed,
                        _ => Left::Names,
                    };
                    begin = at + 1;
                    value_ended = false;
                }
                Some(Token::Not | Token::Tilde | Token::Lambda) | None => return Some(self.side_by_side(at)),
                Some(_) => value_ended = false,
            }
        }
        let open_slice = colons > 0 && self.before(self.items.len()) == Some(Piece::Sign(Token::Colon));
        self.at_end(value_ended || open_slice, waiting_if, begin, assigned || function)
    }

    /// The piece before.
    fn before(&self, at: usize) -> Option<Piece> {
        at.checked_sub(1).and_then(|before| self.piece(before))
    }

    /// Whether a colon at `at`, where a value might come, is one of a slice whose bound is left out.
    fn is_slice(&self, at: usize, begin: usize, colons: usize) -> bool {
        let bound = at == begin || colons == 1 && self.before(at) == Some(Piece::Sign(Token::Colon));
        self.level == Level::Subscript && bound
    }

    /// A colon where none may stand.
    fn colon(&self, span: Span) -> Diagnostic {
        match self.level {
            Level::Subscript => Diagnostic::new("a slice has a start, a stop and a step, and no more", span)
                .with_help("write `start:stop:step`; coordinates are separated by commas"),
            _ => Diagnostic::new("a `:` stands in a slice alone", span)
                .with_help("a slice is written `x[1:-1]`; a choice `x if c else y`"),
        }
    }

    /// All pieces are right so far; is it right to end here?
    fn at_end(&self, value_ended: bool, waiting_if: Option<Span>, begin: usize, assigned: bool) -> Option<Diagnostic> {
        if self.end == End::Open {
            return None;
        }
        if let (true, Some(place)) = (value_ended, waiting_if) {
            return Some(self.no_else(place));
        }
        // `x, ` may end behind its comma, and a call may be empty.
        let nothing_after_comma = begin == self.items.len() && !assigned && (begin > 0 || self.level == Level::Call);
        if value_ended || nothing_after_comma {
            return None;
        }
        let after = self.items.last().map(|item| self.text(item.span));
        let expected = match after {
            Some(after) => format!("expected a value after `{after}`"),
            None => "expected a value".to_string(),
        };
        let diagnostic = Diagnostic::new(format!("{expected}, found {}", self.end_name()), self.end_span);
        Some(match self.end {
            End::Line => diagnostic.with_help("to go on in the next line, put the whole in parentheses"),
            _ => diagnostic,
        })
    }

    fn end_name(&self) -> &'static str {
        match self.end {
            End::Close if self.level == Level::Subscript => "`]`",
            End::Close => "`)`",
            End::Semicolon => "`;`",
            End::Line => "the end of the line",
            End::Text | End::Open => "the end of the text",
        }
    }

    fn piece(&self, at: usize) -> Option<Piece> {
        self.items.get(at).map(|item| item.piece)
    }

    fn text(&self, span: Span) -> String {
        excerpt(self.source.get(span.range()).unwrap_or(""))
    }

    /// `not` binds weaker than comparisons, so it cannot be an operand of what binds tighter.
    fn allows_not(&self, at: usize, begin: usize) -> bool {
        let before = at.checked_sub(1).filter(|_| at > begin).and_then(|before| self.piece(before));
        match before {
            None => true,
            Some(Piece::Sign(token)) => {
                matches!(token, Token::Not | Token::And | Token::Or | Token::If | Token::Else | Token::Colon)
            }
            Some(_) => false,
        }
    }

    /// A value must come, and an operator or a keyword comes.
    fn no_value(&self, at: usize) -> Diagnostic {
        let Some(item) = self.items.get(at) else { return Diagnostic::new("expected a value", self.end_span) };
        let found = self.text(item.span);
        let before = at.checked_sub(1).and_then(|before| self.items.get(before));
        let sign = match item.piece {
            Piece::Sign(token) => Some(token),
            _ => None,
        };
        let Some(before) = before else {
            return match sign {
                Some(Token::Equal) => Diagnostic::new("expected a name before `=`", item.span)
                    .with_help("write `name = value`, or the value alone"),
                Some(Token::Real | Token::Imag) => {
                    Diagnostic::new(format!("expected a value before `{found}`"), item.span)
                }
                None => Diagnostic::new(format!("expected a value before `{found}`"), item.span),
                Some(Token::Lambda) => alone(item.span),
                Some(Token::If) => Diagnostic::new(format!("expected a value, found `{found}`"), item.span)
                    .with_help("a choice is written `x if c else y`, or `where(c, x, y)`"),
                _ => Diagnostic::new(format!("expected a value, found `{found}`"), item.span),
            };
        };
        let after = self.text(before.span);
        if sign == Some(Token::Not) {
            return Diagnostic::new(format!("`not` cannot stand after `{after}`: it binds weaker"), item.span)
                .with_help("put it in parentheses: `(not x)`");
        }
        let joined = format!("{after}{found}");
        let diagnostic = Diagnostic::new(format!("expected a value after `{after}`, found `{found}`"), item.span);
        match joined.as_str() {
            "<=" | ">=" | "==" | "**" | "//" | "<<" | ">>" => {
                diagnostic.with_help(format!("`{joined}` is written without a space"))
            }
            "<>" => diagnostic.with_help("write `!=`"),
            _ if sign == Some(Token::Lambda) => alone(item.span),
            _ if sign == Some(Token::If) => {
                diagnostic.with_help("a choice is written `x if c else y`, or `where(c, x, y)`")
            }
            _ => diagnostic,
        }
    }

    /// A tuple at `at`, where a value must come: allowed as the whole of an argument, of a bracket, or of the result.
    fn tuple(&self, at: usize, begin: usize, left: Left) -> Option<Diagnostic> {
        let item = self.items.get(at)?;
        let next = self.piece(at + 1);
        let last = next.is_none();
        let among = at.checked_sub(1).and_then(|before| self.piece(before)) == Some(Piece::Sign(Token::In));
        let whole = at == begin
            && match self.level {
                Level::Call => last || next == Some(Piece::Sign(Token::Comma)),
                Level::Group => at == 0 && last,
                Level::Statement => last && (begin == 0 || matches!(left, Left::Names | Left::Function)),
                Level::Subscript => false,
            };
        let brackets = self.source.get(item.span.range()).unwrap_or("");
        let empty = !brackets.contains(',');
        if among || whole && !(empty && self.level == Level::Statement && begin == 0) {
            return None;
        }
        if empty {
            return Some(self.empty_brackets(at, item.span));
        }
        let diagnostic = Diagnostic::new("a tuple is not a value to calculate with", item.span);
        Some(diagnostic.with_help(match self.level {
            Level::Call => "a tuple stands by itself as an argument: `sum(x, axis=(0, 1))`",
            Level::Statement if left != Left::None => "a tuple stands by itself behind `=`: `t = (x, y)`",
            Level::Group => "tuples do not nest: write `(0, 1)`",
            Level::Statement => "several results stand at the very end: `x, y`",
            Level::Subscript => "coordinates stand without further brackets: `x[0, 1]`",
        }))
    }

    /// Behind the tuple of an `in` stands an operator that binds tighter.
    fn tighter_than_in(&self, at: usize) -> Diagnostic {
        let span = self.items.get(at).map_or(self.end_span, |item| item.span);
        let sign = self.text(span);
        let tuple =
            at.checked_sub(1).and_then(|tuple| self.items.get(tuple)).map_or(String::new(), |t| self.text(t.span));
        Diagnostic::new(format!("`{sign}` binds tighter than `in`: it cannot stand behind a tuple"), span)
            .with_help(format!("put the test in parentheses: `(x in {tuple}) {sign} ...`"))
    }

    fn empty_brackets(&self, at: usize, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::new("expected a value between `(` and `)`", span);
        match at.checked_sub(1).and_then(|before| self.piece(before)) {
            Some(piece) if piece.ends_value() => diagnostic.with_help("a call is written `name(...)`"),
            _ => diagnostic,
        }
    }

    fn no_else(&self, place: Span) -> Diagnostic {
        Diagnostic::new("this `if` has no `else`", place).with_help("the form is `x if c else y`")
    }

    /// `=` where none may stand.
    fn equal(&self, at: usize, named: bool, assigned: bool) -> Diagnostic {
        let span = self.items.get(at).map_or(self.end_span, |item| item.span);
        match self.level {
            Level::Statement if assigned && named => {
                Diagnostic::new("only one name can be given a value at a time", span)
                    .with_help("write `a = x; b = a`; to compare, write `==`")
            }
            Level::Call if !assigned => Diagnostic::new("only a name can stand before `=`", span)
                .with_help("a keyword argument is `name=value`; to compare, write `==`"),
            Level::Statement if !assigned => Diagnostic::new("only a single name can be given a value", span)
                .with_help("to compare, write `==`; a function is defined as `f(x) = ...`"),
            _ => Diagnostic::new("`=` cannot stand inside an expression", span).with_help("to compare, write `==`"),
        }
    }

    /// A value has ended, and another begins.
    fn side_by_side(&self, at: usize) -> Diagnostic {
        let Some(item) = self.items.get(at) else { return Diagnostic::new("expected an operator", self.end_span) };
        let before = at.checked_sub(1).and_then(|before| self.items.get(before));
        let (left, left_piece) = match before {
            Some(Item { piece: Piece::Arguments { .. }, span }) => {
                let function = at.checked_sub(2).and_then(|function| self.items.get(function));
                (self.text(function.map_or(*span, |function| function.span.to(*span))), None)
            }
            Some(before) => (self.text(before.span), Some(before.piece)),
            None => (String::new(), None),
        };
        let right = self.text(item.span);
        if item.piece == Piece::Sign(Token::Lambda) {
            let message = format!("expected an operator after `{left}`, found `lambda`");
            return Diagnostic::new(message, item.span)
                .with_help("a `lambda` stands by itself as an argument, or behind `name =`");
        }
        match (left_piece, item.piece) {
            (_, Piece::Sign(Token::Not)) => {
                return Diagnostic::new(format!("expected an operator after `{left}`, found `not`"), item.span)
                    .with_help("for not equal write `!=`; to join conditions `a and not b`");
            }
            (_, Piece::Sign(_)) => {
                return Diagnostic::new(format!("expected an operator after `{left}`, found `{right}`"), item.span)
                    .with_help("`~` stands before one value; for exclusive or write `^`, for not equal `!=`");
            }
            (Some(Piece::Sign(_)), Piece::Group(_) | Piece::Tuple(_)) => {
                return Diagnostic::new(format!("`{left}` is not called"), item.span)
                    .with_help(format!("write `{left}` without brackets behind"));
            }
            _ => {}
        }
        let diagnostic = Diagnostic::new("two values side by side: an operator such as `*` is missing", item.span);
        let word = |text: &str| WORDS.iter().find(|row| row.0.eq_ignore_ascii_case(text));
        if let Some((_, instead)) = word(&right).or_else(|| word(&left)) {
            return diagnostic.with_help(format!("write `{instead}`"));
        }
        let short = left.len() + right.len() <= 30 && !left.starts_with('.');
        match item.piece {
            Piece::Group(_) if short => diagnostic.with_help(format!("for a product write `{left}*{right}`")),
            _ => diagnostic,
        }
    }
}

/// Whether a sign may stand behind the tuple of `x in (1, 2)`: what binds no tighter than a comparison, or is
/// wrong for another reason. (Elsewhere a tuple is
/// all that there is between commas.)
fn follows_tuple(sign: Token) -> bool {
    use Token::*;
    matches!(
        sign,
        Less | LessEqual
            | Greater
            | GreaterEqual
            | EqualEqual
            | NotEqual
            | In
            | Not
            | Tilde
            | And
            | Or
            | If
            | Else
            | Comma
            | Equal
    )
}

#[cfg(test)]
mod tests {
    use chumsky::extra::SimpleState;
    use proptest::prelude::*;

    use super::super::ast::{Literal, NameId, NodeId};
    use super::super::grammar;
    use super::super::tree::Tree;
    use super::*;

    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        use Token::*;
        let sign = prop::sample::select(vec![
            Plus, Minus, Star, StarStar, Tilde, Not, Not, In, In, And, Or, If, If, Else, Else, Less, Equal, Comma,
            Comma, Real, Bar, Colon, Colon, Ellipsis, Lambda,
        ]);
        let value = prop_oneof![
            4 => Just(vec![Piece::Name(NameId(0))]),
            1 => Just(vec![Piece::Literal(Literal::Int(1))]),
            1 => Just(vec![Piece::Name(NameId(0)), Piece::Sign(Equal)]),
            1 => Just(vec![Piece::Name(NameId(0)), Piece::Sign(Comma), Piece::Name(NameId(1)), Piece::Sign(Equal)]),
            1 => Just(vec![Piece::Sign(Lambda), Piece::Name(NameId(0)), Piece::Sign(Colon)]),
            1 => Just(vec![Piece::Sign(Lambda), Piece::Name(NameId(0)), Piece::Sign(Comma), Piece::Sign(Colon)]),
            1 => Just(vec![Piece::Group(NodeId(0))]),
            1 => Just(vec![Piece::Tuple(NodeId(0))]),
            1 => Just(vec![Piece::Name(NameId(0)), Piece::Arguments { start: 0, end: 0 }]),
            1 => Just(vec![Piece::Dotted(NameId(0), 0)]),
            1 => Just(vec![Piece::Name(NameId(0)), Piece::Subscript { start: 0, end: 0 }]),
            1 => Just(vec![Piece::Name(NameId(0)), Piece::Subscript { start: 0, end: 0 }, Piece::Arguments { start: 0, end: 0 }]),
            1 => Just(vec![Piece::Literal(Literal::Int(1)), Piece::Subscript { start: 0, end: 0 }]),
            1 => Just(vec![Piece::Dotted(NameId(0), 0), Piece::Arguments { start: 0, end: 0 }]),
        ];
        let piece = prop_oneof![value, sign.prop_map(|token| vec![Piece::Sign(token)])];
        prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

        /// The two descriptions of the language, one to read and one to explain, are the same.
        #[test]
        fn explains_exactly_what_the_grammar_refuses(pieces in pieces()) {
            let source = "(0, 1)";
            let span = Span::new(0, source.len());
            let items: Vec<Item> = pieces.iter().map(|&piece| Item { piece, span }).collect();
            for level in [Level::Statement, Level::Group, Level::Call, Level::Subscript] {
                if items.is_empty() && level != Level::Call {
                    continue;
                }
                let mut tree = SimpleState(Tree::default());
                let read = match level {
                    Level::Statement => grammar::statement(&items, &mut tree).is_some(),
                    Level::Group => grammar::group(&items, &mut tree).is_some(),
                    Level::Call => grammar::arguments(&items, &mut tree).is_some(),
                    Level::Subscript => grammar::coordinates(&items, &mut tree).is_some(),
                };
                let explain = |end| Explain { source, items: &items, level, end, end_span: span }.first();
                prop_assert_eq!(read, explain(End::Close).is_none(), "{:?} {:?}", level, explain(End::Close));
                if read {
                    prop_assert!(explain(End::Open).is_none());
                }
            }
        }
    }
}
