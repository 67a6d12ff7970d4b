//! Indices in the text: slices, index notation, boundary modes.
//!
//! Comes in: a tree whose names are resolved. Goes out: **pieces**, each a tree of the plain kind (broadcasting, reductions over axes) over
//! **operands**, views of arguments and of what earlier pieces leave. What a view is in memory (an address and strides) is found at each
//! call, from the shapes (`expr/pieces/`). Always holds: typing and all that comes after it know nothing of indices; an access that is
//! affine in the indices is a stride for each of them, so it costs what a plain array costs.
//!
//! | file      | what                                                       |
//! |-----------|------------------------------------------------------------|
//! | `whole`   | whole numbers that a call knows; coordinates as affine forms |
//! | `view`    | views: what is applied to an array, one after the other    |
//! | `split`   | which pieces a text has                                    |
//! | `lower`   | from the tree to the tree of a piece                       |
//! | `reduction`, `subscript` | reductions over indices, and brackets behind a value |
//! | `operand` | the operands of a piece while it is made                   |

mod lower;
mod operand;
mod reduction;
mod split;
mod subscript;
pub mod view;
pub mod whole;

pub use self::split::lower;
use self::view::View;
use self::whole::Whole;
use super::meaning::Resolved;
use crate::syntax::ast::Span;

/// A text as pieces.
#[derive(Debug)]
pub struct Notation {
    /// In the order in which they are computed.
    pub pieces: Vec<Piece>,
    /// For each result of the text the piece, and which of its results.
    pub results: Vec<(u32, u32)>,
}

/// A part of a text that is computed as a whole.
#[derive(Debug)]
pub struct Piece {
    /// Its tree, over operands as free names.
    pub resolved: Resolved,
    /// What these are.
    pub operands: Vec<Operand>,
    /// Arrays that broadcast together before they are cut: for each group operands, and how many of their views come before.
    pub groups: Vec<Vec<(u32, u32)>>,
    /// The indices, those of the result first, in the order of its axes.
    pub axes: Vec<Axis>,
    /// How many those are.
    pub free: usize,
    /// What it is called in explanations; none of what the text returns.
    pub name: Option<String>,
    /// Where its value stands.
    pub span: Span,
}

/// An index of a piece.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// What it stays below, if the text says so.
    pub until: Option<Whole>,
    /// Where it is bound.
    pub span: Span,
}

/// What stands for an operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// An argument of the text.
    Argument(u32),
    /// A result of a piece.
    Piece(u32, u32),
    /// An array of the extent of an index, of which nothing is read.
    Extent(u32),
    /// The least number of an index: an `i64`.
    Low(u32),
    /// Whether the coordinate of the operand, one under `zero` or `fill`, is outside.
    Outside(u32, u32),
}

/// An array that a piece reads.
#[derive(Clone, Debug)]
pub struct Operand {
    /// What it is a view of.
    pub source: Source,
    /// What it is called.
    pub name: String,
    /// What is applied to that, one after the other.
    pub views: Vec<View>,
    /// The indices that its axes are, in order: axes of the piece. None outside of index notation.
    pub scope: Vec<u32>,
    /// Whether it must be a single number: a bare name in index notation.
    pub number: bool,
    /// The indices that it must be as long as though it does not follow them: bit `i` for the `i`-th of the scope.
    pub carries: u64,
    /// Where it stands.
    pub span: Span,
}

/// What an access does beyond the ends of an axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// `a b c | a b c | a b c`
    Wrap,
    /// `a a a | a b c | c c c`
    Clamp,
    /// `c b a | a b c | c b a`
    Reflect,
    /// `  c b | a b c | b a  `
    Mirror,
    /// `0 0 0 | a b c | 0 0 0`
    Zero,
    /// `v v v | a b c | v v v`
    Fill,
}

impl Mode {
    /// The mode of this name.
    pub fn from_name(name: &str) -> Option<Mode> {
        Some(match name {
            "wrap" => Mode::Wrap,
            "clamp" => Mode::Clamp,
            "reflect" => Mode::Reflect,
            "mirror" => Mode::Mirror,
            "zero" => Mode::Zero,
            "fill" => Mode::Fill,
            _ => return None,
        })
    }

    /// Whether there is another value outside.
    pub fn replaces(self) -> bool {
        matches!(self, Mode::Zero | Mode::Fill)
    }

    /// Where the coordinate `at` of an axis of `extent`, not 0, is read.
    pub fn place(self, at: i128, extent: i128) -> i128 {
        let last = extent - 1;
        match self {
            Mode::Wrap => at.rem_euclid(extent),
            Mode::Clamp | Mode::Zero | Mode::Fill => at.clamp(0, last),
            Mode::Reflect => {
                let there = at.rem_euclid(2 * extent);
                there.min(2 * extent - 1 - there)
            }
            Mode::Mirror if last == 0 => 0,
            Mode::Mirror => {
                let there = at.rem_euclid(2 * last);
                there.min(2 * last - there)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mode;

    #[test]
    fn modes_are_those_of_scipy() {
        let read = |mode: Mode, extent: i128| (-7..8).map(|at| mode.place(at, extent)).collect::<Vec<_>>();
        assert_eq!(read(Mode::Wrap, 3), [2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]);
        assert_eq!(read(Mode::Clamp, 3), [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2]);
        assert_eq!(read(Mode::Reflect, 3), [0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
        assert_eq!(read(Mode::Mirror, 3), [1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]);
        for mode in [Mode::Wrap, Mode::Clamp, Mode::Reflect, Mode::Mirror] {
            assert_eq!(read(mode, 1), [0; 15]);
        }
    }
}
