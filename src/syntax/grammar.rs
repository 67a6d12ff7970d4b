//! The grammar of one bracket level, by `chumsky`.
//!
//! Comes in: the flat pieces of one level, in which every inner bracket is already one piece. Goes out: operands whose nodes
//! are in the [`Tree`], or nothing (`explain` then finds out why). Always holds: **no rule calls itself**, whatever the text:
//! brackets are resolved before, binary operators fold from the left, and chains of prefixes, of `**` and of `if`/`else`
//! are collected and folded from the right. So the depth of the stack is the number of rules below.
//!
//! One function is one level of precedence, tightest first, as in Python:
//!
//! | rule          | form                                              |
//! |---------------|---------------------------------------------------|
//! | `postfix`     | `name`, `name(...)`, `name[...](...)`, `literal`, `(...)`, then `[...]`, `.real`, `.imag`, `.name`, `.name(...)` |
//! | `power`       | `[+ - ~]... postfix ** [+ - ~]... postfix ** ...` |
//! | `product`     | `* / // %`                                        |
//! | `sum`         | `+ -`                                             |
//! | `shift`       | `<< >>`                                           |
//! | `bit_and`, `bit_xor`, `bit_or` | `&`, then `^`, then `\|`         |
//! | `comparison`  | `< <= > >= == != in`, `not in`, chained           |
//! | `negation`    | `not`                                             |
//! | `conjunction`, `disjunction` | `and`, then `or`                   |
//! | `expression`  | `x if c else y if d else z`                       |
//! | `lambda`      | `lambda x, y: expression`, `lambda x, y: (x, y)`  |

use std::ops::Range;

use chumsky::extra::{Full, SimpleState};
use chumsky::input::InputRef;
use chumsky::prelude::*;
use chumsky::primitive::select;

use super::ast::{Attribute, BinaryOp, CompareOp, Coordinate, Link, NameId, Span, UnaryOp};
use super::piece::{Item, Piece};
use super::token::Token;
use super::tree::{List, Operand, Tree};

type Input<'a> = &'a [Item];
/// The error says nothing: it costs nothing where the text is right, and `explain` does better where it is not.
type Extra = Full<EmptyErr, SimpleState<Tree>, ()>;
type Reader<'a, 'p> = InputRef<'a, 'p, Input<'a>, Extra>;
type Read<T> = Result<T, EmptyErr>;

/// `name = ` before a value, and where the name stands.
pub type Target = (NameId, Span);

/// One argument of a call as written.
pub struct ReadArgument {
    pub keyword: Option<Target>,
    pub value: Operand,
}

/// Values with commas between.
pub struct Values {
    pub first: Operand,
    pub rest: Vec<Operand>,
    /// Whether there is a comma at all, perhaps only behind the last.
    pub comma: bool,
}

/// What a bracket that is no call contains.
pub enum Inside {
    /// `((x, y))`: a tuple in further brackets.
    Tuple(Operand),
    /// One value, or several.
    Values(Values),
}

/// `lambda params: body`, and where the word stands.
pub struct Lambda {
    pub word: Span,
    pub params: Vec<Target>,
    pub body: Operand,
}

/// What a statement is.
pub enum Statement {
    /// `name = value`, `name[indices] = value`
    Assignment(Target, Option<List>, Operand),
    /// `name(params) = value`: the parameters as a call's arguments, a range of `Ast::args`, and where they stand.
    Definition { name: Target, params: Range<u32>, list: Span, body: Operand },
    /// `name = lambda params: value`
    Lambda(Target, Lambda),
    /// `name, name = value`
    Unpacking(Vec<Target>, Operand),
    /// `value, ...`
    Values(Values),
    /// `(value, ...)`
    Tuple(Operand),
}

/// Reads what stands between brackets that are no call's, at least one piece.
pub fn group(items: &[Item], tree: &mut SimpleState<Tree>) -> Option<Inside> {
    let inside = choice((tuple().map(Inside::Tuple), values().map(Inside::Values)));
    inside.parse_with_state(items, tree).into_output()
}

/// Reads the arguments of a call.
pub fn arguments(items: &[Item], tree: &mut SimpleState<Tree>) -> Option<Vec<ReadArgument>> {
    let function = custom(lambda).map_with(|Lambda { word, params, body }, extra| {
        let tree: &mut SimpleState<Tree> = extra.state();
        tree.lambda(word, &params, body)
    });
    let value = choice((function, tuple(), custom(expression)));
    let argument = target().or_not().then(value).map(|(keyword, value)| ReadArgument { keyword, value });
    argument.separated_by(sign(Token::Comma)).allow_trailing().collect().parse_with_state(items, tree).into_output()
}

/// Reads what stands between the brackets of a subscript.
pub fn coordinates(items: &[Item], tree: &mut SimpleState<Tree>) -> Option<Vec<Coordinate>> {
    let value = || custom(expression).or_not();
    let colon = || sign(Token::Colon);
    let step = colon().ignore_then(value()).or_not().map(Option::flatten);
    let bounds = value().then_ignore(colon()).then(value()).then(step);
    let slice = bounds.map_with(|((start, stop), step), extra| {
        let items: &[Item] = extra.slice();
        let place = items.first().zip(items.last()).map(|(first, last)| first.span.to(last.span));
        let nodes = [start, stop, step].map(|value: Option<Operand>| value.map(|value| value.id));
        Coordinate::Slice(nodes, place.unwrap_or_default())
    });
    let ellipsis = sign(Token::Ellipsis).map(Coordinate::Ellipsis);
    let value = custom(expression).map(|value: Operand| Coordinate::Value(value.id));
    let coordinate = choice((ellipsis, slice, value));
    let comma = sign(Token::Comma);
    let all = coordinate.separated_by(comma).at_least(1).allow_trailing().collect();
    all.parse_with_state(items, tree).into_output()
}

/// Reads one statement, at least one piece.
pub fn statement(items: &[Item], tree: &mut SimpleState<Tree>) -> Option<Statement> {
    let equal = || sign(Token::Equal);
    let indexed = name().then(subscript()).then_ignore(equal()).then(custom(expression));
    let indexed = indexed.map(|((target, indices), value)| Statement::Assignment(target, Some(indices), value));
    let function = target().then(custom(lambda)).map(|(name, lambda)| Statement::Lambda(name, lambda));
    let assignment = target().then(custom(right)).map(|(target, value)| Statement::Assignment(target, None, value));
    let names = name().separated_by(sign(Token::Comma)).at_least(2).collect::<Vec<_>>();
    let unpacking = names.then_ignore(equal()).then(custom(right));
    let unpacking = unpacking.map(|(names, value)| Statement::Unpacking(names, value));
    let head = name().then(list()).then_ignore(equal());
    let definition = head.then(custom(body)).map(|((name, (params, list)), body)| Statement::Definition {
        name,
        params,
        list,
        body,
    });
    let result = choice((tuple().map(Statement::Tuple), values().map(Statement::Values)));
    let statement = choice((function, assignment, indexed, unpacking, definition, result));
    statement.parse_with_state(items, tree).into_output()
}

/// `lambda x, y: body`
fn lambda(input: &mut Reader) -> Read<Lambda> {
    let params = name().separated_by(sign(Token::Comma)).at_least(1).allow_trailing().collect::<Vec<_>>();
    let head = sign(Token::Lambda).then(params).then_ignore(sign(Token::Colon));
    input.parse(head.then(custom(body)).map(|((word, params), body)| Lambda { word, params, body }))
}

/// What a function gives: a value, or a tuple.
fn body(input: &mut Reader) -> Read<Operand> {
    input.parse(choice((tuple(), custom(expression))))
}

/// What stands behind `name =`: a value, or several.
fn right(input: &mut Reader) -> Read<Operand> {
    let several = values().map_with(|Values { first, mut rest, comma }, extra| {
        if !comma {
            return first;
        }
        let tree: &mut SimpleState<Tree> = extra.state();
        rest.insert(0, first);
        let span = rest.last().map_or(first.span, |last| first.span.to(last.span));
        tree.tuple(&rest, span)
    });
    input.parse(choice((tuple(), several)))
}

fn sign<'a>(token: Token) -> impl Parser<'a, Input<'a>, Span, Extra> + Clone {
    select(move |item: Item, _| (item.piece == Piece::Sign(token)).then_some(item.span))
}

/// The operator that `meaning` makes of a sign.
fn operator<'a, O>(meaning: impl Fn(Token) -> Option<O> + Clone) -> impl Parser<'a, Input<'a>, O, Extra> + Clone {
    select(move |item: Item, _| match item.piece {
        Piece::Sign(token) => meaning(token),
        _ => None,
    })
}

fn tuple<'a>() -> impl Parser<'a, Input<'a>, Operand, Extra> + Clone {
    select(|item: Item, _| match item.piece {
        Piece::Tuple(id) => Some(Operand { id, span: item.span }),
        _ => None,
    })
}

fn name<'a>() -> impl Parser<'a, Input<'a>, Target, Extra> + Clone {
    select(|item: Item, _| match item.piece {
        Piece::Name(name) => Some((name, item.span)),
        _ => None,
    })
}

fn subscript<'a>() -> impl Parser<'a, Input<'a>, List, Extra> + Clone {
    select(|item: Item, _| match item.piece {
        Piece::Subscript { start, end } => Some((start..end, item.span)),
        _ => None,
    })
}

fn list<'a>() -> impl Parser<'a, Input<'a>, List, Extra> + Clone {
    select(|item: Item, _| match item.piece {
        Piece::Arguments { start, end } => Some((start..end, item.span)),
        _ => None,
    })
}

fn target<'a>() -> impl Parser<'a, Input<'a>, Target, Extra> + Clone {
    name().then_ignore(sign(Token::Equal))
}

fn values<'a>() -> impl Parser<'a, Input<'a>, Values, Extra> {
    let rest = sign(Token::Comma).ignore_then(custom(expression)).repeated().collect::<Vec<_>>();
    custom(expression).then(rest).then(sign(Token::Comma).or_not()).map(|((first, rest), last)| {
        let comma = last.is_some() || !rest.is_empty();
        Values { first, rest, comma }
    })
}

/// What is between the brackets of a call: perhaps indices, then arguments.
type Called = (Option<List>, List);

/// What may stand behind a value.
enum Suffix {
    Subscript(List),
    /// `.name`, perhaps called.
    Dotted(((Attribute, Span), Option<Called>)),
}

fn postfix(input: &mut Reader) -> Read<Operand> {
    // `name(...)`, `name[...](...)`; what stands between brackets behind a name that is not called is a suffix.
    let called = subscript().or_not().then(list());
    let named = name().then(called.clone().or_not()).map_with(|((name, span), called), extra| {
        let tree: &mut SimpleState<Tree> = extra.state();
        match called {
            Some((indices, list)) => tree.call((name, span), indices.map_or(0..0, |(indices, _)| indices), list),
            None => tree.name(name, span),
        }
    });
    let other = select(|item: Item, extra| {
        let tree: &mut SimpleState<Tree> = extra.state();
        match item.piece {
            Piece::Literal(literal) => Some(tree.literal(literal, item.span)),
            Piece::Group(id) => Some(Operand { id, span: item.span }),
            _ => None,
        }
    });
    let operand = choice((named, other));
    let attribute = select(|item: Item, _| match item.piece {
        Piece::Sign(Token::Real) => Some((Attribute::Real, item.span)),
        Piece::Sign(Token::Imag) => Some((Attribute::Imag, item.span)),
        Piece::Dotted(name, start) => Some((Attribute::Named(name), Span { start, ..item.span })),
        _ => None,
    });
    let dotted = attribute.then(called.or_not()).map(Suffix::Dotted);
    let suffix = choice((dotted, subscript().map(Suffix::Subscript)));
    input.parse(operand.foldl_with(suffix.repeated(), |of, suffix, extra| {
        let tree: &mut SimpleState<Tree> = extra.state();
        match suffix {
            Suffix::Subscript(list) => tree.subscript(of, list),
            Suffix::Dotted(((Attribute::Named(name), span), Some((indices, list)))) => {
                tree.method(of, (name, span), indices.map_or(0..0, |(indices, _)| indices), list)
            }
            Suffix::Dotted(((attribute, span), _)) => tree.attribute(of, attribute, span),
        }
    }))
}

fn power(input: &mut Reader) -> Read<Operand> {
    let prefix = operator(prefix_operator);
    let link = prefix.repeated().to_slice().then(custom(postfix));
    let chain = sign(Token::StarStar).ignore_then(link.clone()).repeated().collect::<Vec<_>>();
    input.parse(link.then(chain).map_with(|(base, mut exponents), extra| {
        let tree: &mut SimpleState<Tree> = extra.state();
        // `-a ** -b ** c` is `-(a ** (-(b ** c)))`: from the right, each power takes the prefixes before its base.
        let Some((prefixes, last)) = exponents.pop() else { return prefixed(tree, base.0, base.1) };
        let mut value = prefixed(tree, prefixes, last);
        for (prefixes, base) in std::iter::once(base).chain(exponents).rev() {
            let raised = tree.binary(base, BinaryOp::Pow, value);
            value = prefixed(tree, prefixes, raised);
        }
        value
    }))
}

/// Applies prefix operators, the last one first.
fn prefixed(tree: &mut Tree, prefixes: &[Item], value: Operand) -> Operand {
    prefixes.iter().rev().fold(value, |value, item| {
        let op = match item.piece {
            Piece::Sign(token) => prefix_operator(token).unwrap_or(UnaryOp::Not),
            _ => return value,
        };
        tree.unary(op, item.span, value)
    })
}

fn prefix_operator(token: Token) -> Option<UnaryOp> {
    match token {
        Token::Minus => Some(UnaryOp::Neg),
        Token::Plus => Some(UnaryOp::Plus),
        Token::Tilde => Some(UnaryOp::Invert),
        _ => None,
    }
}

/// `lower (op lower)*`, folded from the left.
fn left<'a>(
    input: &mut Reader<'a, '_>,
    lower: impl Parser<'a, Input<'a>, Operand, Extra> + Copy,
    meaning: impl Fn(Token) -> Option<BinaryOp> + Clone,
) -> Read<Operand> {
    input.parse(lower.foldl_with(operator(meaning).then(lower).repeated(), |left, (op, right), extra| {
        let tree: &mut SimpleState<Tree> = extra.state();
        tree.binary(left, op, right)
    }))
}

fn product(input: &mut Reader) -> Read<Operand> {
    left(input, custom(power), |token| match token {
        Token::Star => Some(BinaryOp::Mul),
        Token::Slash => Some(BinaryOp::Div),
        Token::SlashSlash => Some(BinaryOp::FloorDiv),
        Token::Percent => Some(BinaryOp::Mod),
        _ => None,
    })
}

fn sum(input: &mut Reader) -> Read<Operand> {
    left(input, custom(product), |token| match token {
        Token::Plus => Some(BinaryOp::Add),
        Token::Minus => Some(BinaryOp::Sub),
        _ => None,
    })
}

fn shift(input: &mut Reader) -> Read<Operand> {
    left(input, custom(sum), |token| match token {
        Token::ShiftLeft => Some(BinaryOp::Shl),
        Token::ShiftRight => Some(BinaryOp::Shr),
        _ => None,
    })
}

fn bit_and(input: &mut Reader) -> Read<Operand> {
    left(input, custom(shift), |token| (token == Token::Ampersand).then_some(BinaryOp::BitAnd))
}

fn bit_xor(input: &mut Reader) -> Read<Operand> {
    left(input, custom(bit_and), |token| (token == Token::Caret).then_some(BinaryOp::BitXor))
}

fn bit_or(input: &mut Reader) -> Read<Operand> {
    left(input, custom(bit_xor), |token| (token == Token::Bar).then_some(BinaryOp::BitOr))
}

fn comparison(input: &mut Reader) -> Read<Operand> {
    let comparator = operator(|token| match token {
        Token::Less => Some(CompareOp::Lt),
        Token::LessEqual => Some(CompareOp::Le),
        Token::Greater => Some(CompareOp::Gt),
        Token::GreaterEqual => Some(CompareOp::Ge),
        Token::EqualEqual => Some(CompareOp::Eq),
        Token::NotEqual => Some(CompareOp::Ne),
        _ => None,
    });
    let compared = comparator.map(Link::Compare).then(custom(bit_or));
    let negated = sign(Token::Not).or_not().map(|not| if not.is_some() { Link::NotIn } else { Link::In });
    let among = negated.then_ignore(sign(Token::In)).then(choice((tuple(), custom(bit_or))));
    let links = choice((compared, among)).repeated().collect::<Vec<_>>();
    input.parse(custom(bit_or).then(links).map_with(|(first, links), extra| {
        let tree: &mut SimpleState<Tree> = extra.state();
        tree.compare(first, links)
    }))
}

fn negation(input: &mut Reader) -> Read<Operand> {
    let nots = sign(Token::Not).repeated().to_slice();
    input.parse(nots.then(custom(comparison)).map_with(|(nots, value): (&[Item], Operand), extra| {
        let tree: &mut SimpleState<Tree> = extra.state();
        nots.iter().rev().fold(value, |value, item| tree.unary(UnaryOp::Not, item.span, value))
    }))
}

fn conjunction(input: &mut Reader) -> Read<Operand> {
    left(input, custom(negation), |token| (token == Token::And).then_some(BinaryOp::And))
}

fn disjunction(input: &mut Reader) -> Read<Operand> {
    left(input, custom(conjunction), |token| (token == Token::Or).then_some(BinaryOp::Or))
}

fn expression(input: &mut Reader) -> Read<Operand> {
    let condition = sign(Token::If).ignore_then(custom(disjunction));
    let otherwise = sign(Token::Else).ignore_then(custom(disjunction));
    let choices = condition.then(otherwise).repeated().collect::<Vec<_>>();
    input.parse(custom(disjunction).then(choices).map_with(|(first, choices), extra| {
        let tree: &mut SimpleState<Tree> = extra.state();
        // `x if c else y if d else z` is `x if c else (y if d else z)`: what stands after each `else` belongs to the next `if`.
        let Some(&(_, mut value)) = choices.last() else { return first };
        for (index, &(condition, _)) in choices.iter().enumerate().rev() {
            let then = match index.checked_sub(1).and_then(|before| choices.get(before)) {
                Some(&(_, then)) => then,
                None => first,
            };
            value = tree.conditional(then, condition, value);
        }
        value
    }))
}
