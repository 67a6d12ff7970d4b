//! From text to tree: the loop over tokens, and the stack of open brackets.
//!
//! Comes in: the text and the limits. Goes out: the [`Ast`] or a [`CompileError`]. Always holds: one loop, one list of
//! pieces for all open levels, and a stack of where each begins. When a bracket closes, the grammar runs on the pieces since
//! its opening, and one piece with its result takes their place. So every piece is read once at its own level: time and
//! memory are linear in the text, and nothing recurses.

mod names;
mod params;

use std::borrow::Cow;
use std::ops::Range;

use chumsky::extra::SimpleState;
use logos::{Lexer, Logos};

use self::names::Names;
use super::ast::{Argument, Assignment, Ast, Literal, NameId, Node, NodeId, Span};
use super::explain::{End, Explain, Level};
use super::grammar::{self, Inside, ReadArgument, Statement};
use super::limits::{self, Limits};
use super::name::{is_name, normal};
use super::piece::{Item, Piece};
use super::token::Token;
use super::tree::{Operand, Tree};
use super::{mistake, number, order, string};
use crate::diagnostic::Diagnostic;
use crate::error::{CompileError, CompileErrorKind};

/// Reads a text: assignments and definitions, then one or more results.
///
/// The nodes are in the order in which the text is evaluated from left to right, children directly before their parents,
/// however the text is bracketed: `a + (b)` gives the same tree as `a + b` but for the spans.
pub fn parse(source: &str, limits: &Limits) -> Result<Ast, CompileError> {
    limits.check_text(source)?;
    Reader {
        source,
        limits,
        lexer: Token::lexer(source),
        items: Vec::with_capacity(source.len().min(1 << 12) / 2),
        brackets: Vec::new(),
        tree: SimpleState(Tree::default()),
        names: Names::default(),
        count: 0,
        closed: false,
        result: None,
    }
    .read()
}

/// A bracket that is open.
struct Bracket {
    /// Where its pieces begin.
    start: usize,
    span: Span,
    kind: Kind,
}

/// What a bracket is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// `(`
    Group,
    /// `name(`
    Function,
    /// `.name(`
    Method,
    /// `value[`
    Subscript,
}

impl Kind {
    /// The bracket that opens it, and the one that closes it.
    fn brackets(self) -> [&'static str; 2] {
        match self {
            Kind::Subscript => ["[", "]"],
            _ => ["(", ")"],
        }
    }
}

struct Reader<'a> {
    source: &'a str,
    limits: &'a Limits,
    lexer: Lexer<'a, Token>,
    /// The pieces of all open levels, one level after the other.
    items: Vec<Item>,
    brackets: Vec<Bracket>,
    tree: SimpleState<Tree>,
    names: Names<'a>,
    /// Pieces and opening brackets so far.
    count: usize,
    /// Whether there was any bracket.
    closed: bool,
    /// Where the result stands, if a statement was one.
    result: Option<Span>,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Result<Ast, CompileError> {
        // A file may begin with a mark of its byte order.
        if self.source.starts_with('\u{feff}') {
            self.lexer.bump('\u{feff}'.len_utf8());
        }
        while let Some(token) = self.lexer.next() {
            let span = self.lexer.span();
            let span = Span::new(span.start, span.end);
            match token {
                Ok(Token::Newline) => {
                    if self.brackets.is_empty() {
                        self.end_statement(End::Line, Span { start: span.start, end: span.start })?;
                    }
                    continue;
                }
                Ok(Token::Semicolon) => self.semicolon(span)?,
                Ok(token @ (Token::Open | Token::OpenSquare)) => self.open(token, span)?,
                Ok(token @ (Token::Close | Token::CloseSquare)) => self.close(token, span)?,
                Ok(token) => {
                    let piece = self.piece(token, span)?;
                    self.items.push(Item { piece, span });
                }
                Err(()) => return Err(self.fail(mistake::sign(self.source, span, false))),
            }
            self.count += 1;
            if self.count > self.limits.nodes {
                return Err(limits::exceeded(
                    self.source,
                    span,
                    "too many operands and operators",
                    self.limits.nodes,
                    "nodes",
                ));
            }
        }
        self.finish()
    }

    /// What a token is to the grammar.
    fn piece(&mut self, token: Token, span: Span) -> Result<Piece, CompileError> {
        Ok(match token {
            Token::Name => Piece::Name(self.name(span)?),
            Token::None => Piece::Literal(Literal::None),
            Token::True => Piece::Literal(Literal::Bool(true)),
            Token::False => Piece::Literal(Literal::Bool(false)),
            Token::Decimal | Token::Hexadecimal | Token::Octal | Token::Binary | Token::Float | Token::Imaginary => {
                match number::read(token, self.source, span) {
                    Ok(literal) => Piece::Literal(literal),
                    Err(wrong) => return Err(self.fail(*wrong)),
                }
            }
            Token::Text => match string::read(self.source, span) {
                Ok(text) => Piece::Literal(Literal::Text(self.tree.text(text))),
                Err(wrong) => return Err(self.fail(*wrong)),
            },
            Token::Mistake => {
                let after_value = self.level_items().last().is_some_and(|item| item.piece.ends_value());
                return Err(self.fail(mistake::sign(self.source, span, after_value)));
            }
            Token::Reserved => return Err(self.fail(mistake::word(self.source, span))),
            Token::Attribute => {
                let text = self.source.get(span.range()).unwrap_or("");
                let name = text.trim_start_matches(['.', ' ', '\t']);
                let span = Span { start: span.end - name.len() as u32, ..span };
                match &*normal(name) {
                    "real" => Piece::Sign(Token::Real),
                    "imag" => Piece::Sign(Token::Imag),
                    _ => Piece::Dotted(self.name(span)?, span.start),
                }
            }
            _ => Piece::Sign(token),
        })
    }

    fn name(&mut self, span: Span) -> Result<NameId, CompileError> {
        let text = normal(self.source.get(span.range()).unwrap_or(""));
        let list = &mut self.tree.0.ast.names;
        if let Some(id) = self.names.find(&text, list) {
            return Ok(id);
        }
        if let Cow::Owned(word) = &text
            && !is_name(word)
        {
            return Err(self.fail(mistake::respelled(word, span)));
        }
        let list = &mut self.tree.0.ast.names;
        if list.len() >= self.limits.names {
            return Err(limits::exceeded(self.source, span, "too many names", self.limits.names, "names"));
        }
        Ok(self.names.add(text, list))
    }

    fn level_start(&self) -> usize {
        self.brackets.last().map_or(0, |bracket| bracket.start)
    }

    fn level_items(&self) -> &[Item] {
        self.items.get(self.level_start()..).unwrap_or(&[])
    }

    fn open(&mut self, token: Token, span: Span) -> Result<(), CompileError> {
        if self.brackets.len() >= self.limits.nesting {
            return Err(limits::exceeded(
                self.source,
                span,
                "brackets nest too deeply",
                self.limits.nesting,
                "nesting",
            ));
        }
        let kind = self.opens(token, span)?;
        self.brackets.push(Bracket { start: self.items.len(), span, kind });
        self.closed = true;
        Ok(())
    }

    /// What a bracket is that opens here.
    fn opens(&self, token: Token, span: Span) -> Result<Kind, CompileError> {
        let mut before = self.level_items().iter().rev().map(|item| item.piece);
        let last = before.next();
        if token == Token::OpenSquare {
            return match last {
                Some(piece) if piece.ends_value() => Ok(Kind::Subscript),
                _ => Err(self.fail(
                    Diagnostic::new("a list is not a value: `[` stands behind what it takes a part of", span)
                        .with_help("a tuple is written `(0, 1)`: `axis=(0, 1)`, `x in (0, 1)`"),
                )),
            };
        }
        let named = if matches!(last, Some(Piece::Subscript { .. })) { before.next() } else { last };
        Ok(match named {
            Some(Piece::Name(_)) => Kind::Function,
            Some(Piece::Dotted(..)) => Kind::Method,
            _ => Kind::Group,
        })
    }

    /// Reads the level that ends here, and puts one piece in its place.
    fn close(&mut self, token: Token, span: Span) -> Result<(), CompileError> {
        let found = if token == Token::Close { ")" } else { "]" };
        let Some(&Bracket { start, span: opening, kind }) = self.brackets.last() else {
            let open = if token == Token::Close { "(" } else { "[" };
            let message = format!("`{found}` without a `{open}` before it");
            return Err(self.fail(Diagnostic::new(message, span).with_help("remove it")));
        };
        let [open, expected] = kind.brackets();
        if found != expected {
            let message = format!("this `{open}` is closed by `{found}`");
            let help = format!("write the `{expected}` that is missing before");
            return Err(self.fail(Diagnostic::new(message, opening.to(span)).with_help(help)));
        }
        let place = opening.to(span);
        let items = self.items.get(start..).unwrap_or(&[]);
        let piece = if kind == Kind::Subscript {
            let Some(coordinates) = grammar::coordinates(items, &mut self.tree) else {
                return Err(self.refused(End::Close, span));
            };
            let Range { start, end } = self.tree.coordinates(coordinates);
            Piece::Subscript { start, end }
        } else if kind != Kind::Group {
            let Some(arguments) = grammar::arguments(items, &mut self.tree) else {
                return Err(self.refused(End::Close, span));
            };
            self.arguments(kind, arguments)?
        } else if items.is_empty() {
            Piece::Tuple(self.tree.tuple(&[], place).id)
        } else {
            match grammar::group(items, &mut self.tree) {
                Some(Inside::Tuple(tuple)) => Piece::Tuple(tuple.id),
                Some(Inside::Values(values)) if values.comma => {
                    let mut items = values.rest;
                    items.insert(0, values.first);
                    Piece::Tuple(self.tree.tuple(&items, place).id)
                }
                Some(Inside::Values(values)) => Piece::Group(values.first.id),
                None => return Err(self.refused(End::Close, span)),
            }
        };
        self.brackets.pop();
        self.items.truncate(start);
        self.items.push(Item { piece, span: place });
        Ok(())
    }

    /// Puts the arguments of a call into the tree.
    fn arguments(&mut self, callee: Kind, arguments: Vec<ReadArgument>) -> Result<Piece, CompileError> {
        let start = self.tree.ast.args.len();
        if callee == Kind::Method {
            // A place for what stands before the dot, which the grammar will have read when it comes to these arguments.
            self.tree.ast.args.push(Argument { keyword: None, value: NodeId(0) });
        }
        let mut keywords = 0;
        for argument in &arguments {
            match argument.keyword {
                Some(_) => keywords += 1,
                None if keywords > 0 => {
                    let message = "an argument without a keyword stands after one with a keyword";
                    let help = "put it before; if `=` was meant to compare, write `==`";
                    return Err(self.fail(Diagnostic::new(message, argument.value.span).with_help(help)));
                }
                None => {}
            }
            self.tree.ast.args.push(Argument { keyword: argument.keyword, value: argument.value.id });
            if let Node::Lambda(params, _) = self.tree.ast.node(argument.value.id) {
                self.params_differ(&params.clone())?;
            }
        }
        if keywords > 1 {
            self.keywords_differ(&arguments)?;
        }
        Ok(Piece::Arguments { start: start as u32, end: self.tree.ast.args.len() as u32 })
    }

    fn keywords_differ(&self, arguments: &[ReadArgument]) -> Result<(), CompileError> {
        let mut keywords: Vec<(NameId, Span)> = arguments.iter().filter_map(|argument| argument.keyword).collect();
        keywords.sort_unstable_by_key(|(name, span)| (*name, span.start));
        for pair in keywords.windows(2) {
            if let [(first, _), (second, span)] = pair
                && first == second
            {
                return Err(self.fail(Diagnostic::new("this keyword is given twice", *span).with_help("remove one")));
            }
        }
        Ok(())
    }

    fn semicolon(&mut self, span: Span) -> Result<(), CompileError> {
        match self.brackets.last() {
            None => self.end_statement(End::Semicolon, span),
            Some(bracket) => Err(self.fail(
                Diagnostic::new(
                    format!("this `{}` is not closed before the `;`", bracket.kind.brackets()[0]),
                    bracket.span,
                )
                .with_help(format!("write the `{}` that is missing", bracket.kind.brackets()[1])),
            )),
        }
    }

    /// Reads the statement that ends here, if there is one.
    fn end_statement(&mut self, end: End, end_span: Span) -> Result<(), CompileError> {
        let (Some(first), Some(last)) = (self.items.first(), self.items.last()) else { return Ok(()) };
        let place = first.span.to(last.span);
        let Some(statement) = grammar::statement(&self.items, &mut self.tree) else {
            return Err(self.refused(end, end_span));
        };
        if self.result.is_some() {
            return Err(self.not_last());
        }
        match statement {
            Statement::Assignment((name, name_span), indices, Operand { id: value, .. }) => {
                let indices = indices.map(|(indices, _)| indices);
                self.assign((name, name_span), None, indices, value);
            }
            Statement::Definition { name: (name, name_span), params, list, body } => {
                let params = Some(self.params(params, list)?);
                self.assign((name, name_span), params, None, body.id);
            }
            Statement::Lambda(name, grammar::Lambda { params, body, .. }) => {
                let params = self.tree.params(&params);
                self.params_differ(&params)?;
                self.assign(name, Some(params), None, body.id);
                self.tree.ast.assignments.last_mut().into_iter().for_each(|function| function.lambda = true);
            }
            Statement::Unpacking(names, value) => {
                let of = names.len() as u32;
                for (at, name) in (0..).zip(names) {
                    self.assign(name, None, None, value.id);
                    self.tree.ast.assignments.last_mut().into_iter().for_each(|one| one.part = Some((at, of)));
                }
            }
            Statement::Values(values) => {
                self.tree.ast.results.push(values.first.id);
                self.tree.ast.results.extend(values.rest.iter().map(|operand| operand.id));
                self.tree.ast.tuple = values.comma;
                self.result = Some(place);
            }
            Statement::Tuple(tuple) => {
                // The tuple's brackets say no more than the commas: its items are the results, and the node goes.
                let Node::Tuple(range) = self.tree.ast.node(tuple.id).clone() else { return Ok(()) };
                let items = self.tree.ast.items.get(range.start as usize..range.end as usize).unwrap_or(&[]).to_vec();
                if items.is_empty() {
                    return Err(self.refused(end, end_span));
                }
                self.tree.ast.results = items;
                self.tree.ast.tuple = true;
                self.result = Some(place);
            }
        }
        self.items.clear();
        Ok(())
    }

    fn assign(
        &mut self,
        target: grammar::Target,
        params: Option<Range<u32>>,
        indices: Option<Range<u32>>,
        value: NodeId,
    ) {
        let (name, name_span) = target;
        let assignment = Assignment { name, name_span, params, indices, lambda: false, part: None, value };
        self.tree.ast.assignments.push(assignment);
    }

    fn finish(mut self) -> Result<Ast, CompileError> {
        let end = Span::new(self.source.len(), self.source.len());
        if let Some(bracket) = self.brackets.last() {
            let [open, close] = bracket.kind.brackets();
            let unclosed = Diagnostic::new(format!("this `{open}` is never closed"), bracket.span);
            return Err(self.fail(unclosed.with_help(format!("write the `{close}` that is missing"))));
        }
        self.end_statement(End::Text, end)?;
        // A text may end with an array in index notation: that is the result.
        let tree = &mut self.tree.0;
        if let (true, Some(last)) = (tree.ast.results.is_empty(), tree.ast.assignments.last())
            && last.indices.is_some()
        {
            // (It is read where its value has ended.)
            let end = tree.ast.span(last.value).end;
            let Operand { id, .. } = tree.name(last.name, Span { start: end, end });
            tree.ast.results.push(id);
        }
        let ast = self.tree.0.ast;
        if !ast.results.is_empty() {
            return Ok(if self.closed { order::evaluation_order(&ast) } else { ast });
        }
        let diagnostic = match ast.assignments.last() {
            None => Diagnostic::new("there is no expression in the text", end),
            Some(last) => {
                let name = crate::diagnostic::excerpt(ast.name(last.name));
                let (message, help) = if last.params.is_some() {
                    let message = format!("the text ends with the definition of `{name}`: there is nothing to compute");
                    (message, format!("write what is to be computed at the end, as in `; {name}(...)`"))
                } else {
                    let message = "the text ends without a result: the last statement must be an expression";
                    (
                        message.to_string(),
                        format!("to return `{name}`, write `; {name}` at the end; to compare, write `==`"),
                    )
                };
                Diagnostic::new(message, last.name_span).with_help(help)
            }
        };
        Err(CompileError::new(CompileErrorKind::Syntax, diagnostic, self.source))
    }

    /// An expression that is not the last statement.
    fn not_last(&self) -> CompileError {
        let place = self.result.unwrap_or_default();
        let diagnostic =
            Diagnostic::new("the value of this statement is not used: only the last can be a bare expression", place);
        let continues = self.items.first().is_some_and(|item| match item.piece {
            Piece::Sign(token) => token != Token::Not,
            _ => false,
        });
        let diagnostic = diagnostic.with_help(if continues {
            "to go on in the next line, put the whole in parentheses"
        } else {
            "give it a name: `t = ...`; several results are written `x, y`"
        });
        CompileError::new(CompileErrorKind::Syntax, diagnostic, self.source)
    }

    /// The grammar refused the innermost level, which ends at `end_span`.
    #[cold]
    fn refused(&self, end: End, end_span: Span) -> CompileError {
        let level = self.level_of(self.brackets.len());
        let wrong = self.explain(self.level_start(), self.items.len(), level, end, end_span);
        self.fail(wrong.unwrap_or_else(|| Diagnostic::new("this is not an expression", end_span)))
    }

    /// The error for a text in which `wrong` is wrong, unless something that stands before it is wrong too.
    #[cold]
    fn fail(&self, wrong: Diagnostic) -> CompileError {
        if self.result.is_some() && !self.items.is_empty() {
            return self.not_last();
        }
        let earlier = (0..=self.brackets.len()).find_map(|depth| {
            let start =
                depth.checked_sub(1).and_then(|outer| self.brackets.get(outer)).map_or(0, |bracket| bracket.start);
            let end = self.brackets.get(depth).map_or(self.items.len(), |bracket| bracket.start);
            self.explain(start, end, self.level_of(depth), End::Open, wrong.span)
        });
        let first = match earlier {
            Some(earlier) if earlier.span.start < wrong.span.start => earlier,
            _ => wrong,
        };
        CompileError::new(CompileErrorKind::Syntax, first, self.source)
    }

    fn level_of(&self, depth: usize) -> Level {
        match depth.checked_sub(1).and_then(|outer| self.brackets.get(outer)) {
            None => Level::Statement,
            Some(bracket) => match bracket.kind {
                Kind::Group => Level::Group,
                Kind::Subscript => Level::Subscript,
                Kind::Function | Kind::Method => Level::Call,
            },
        }
    }

    fn explain(&self, start: usize, stop: usize, level: Level, end: End, end_span: Span) -> Option<Diagnostic> {
        let items = self.items.get(start..stop).unwrap_or(&[]);
        Explain { source: self.source, items, level, end, end_span }.first()
    }
}
