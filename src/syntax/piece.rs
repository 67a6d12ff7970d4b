//! What one bracket level consists of: the alphabet of the grammar.
//!
//! Comes in: tokens, and the results of brackets that have been closed. Goes out: a flat list without brackets. Always
//! holds: [`Piece::Arguments`] stands directly behind the [`Piece::Name`] or [`Piece::Dotted`] of its function, or the
//! [`Piece::Subscript`] behind that, and nowhere else; [`Piece::Subscript`] stands behind what ends a value.

use super::ast::{Literal, NameId, NodeId, Span};
use super::token::Token;

/// One piece of a level, and where it stands (a closed bracket with its brackets).
#[derive(Clone, Copy, Debug)]
pub struct Item {
    pub piece: Piece,
    pub span: Span,
}

/// A token, or a bracket that has been closed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Piece {
    /// An operator or keyword.
    Sign(Token),
    /// A number, a string, `True` or `False`.
    Literal(Literal),
    /// A name: a value, a function, a keyword, or what is assigned to.
    Name(NameId),
    /// A dot and a name, which begins at this byte: a method, or a constant behind `np`.
    Dotted(NameId, u32),
    /// `( value )`
    Group(NodeId),
    /// `( value, ... )` or `()`
    Tuple(NodeId),
    /// The arguments of the function whose name stands before, dotted or not: a range of `Ast::args`. That of a method begins
    /// with a place for what stands before the dot.
    Arguments { start: u32, end: u32 },
    /// `[...]` behind a value: a range of `Ast::coordinates`.
    Subscript { start: u32, end: u32 },
}

impl Piece {
    /// Whether a value may end here.
    pub fn ends_value(self) -> bool {
        match self {
            Piece::Sign(token) => matches!(token, Token::Real | Token::Imag),
            _ => true,
        }
    }
}
