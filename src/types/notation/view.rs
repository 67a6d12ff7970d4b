//! Views: what is applied to an array before a piece reads it.

use super::Mode;
use super::whole::{Affine, Whole};
use crate::syntax::ast::Span;

/// One step from an array to what is read of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum View {
    /// As all of a group of arrays broadcast.
    Broadcast(u32),
    /// NumPy's slicing.
    Cut(Cuts),
    /// The axes the other way round.
    Transposed,
    /// Part of one axis, counted from the end if negative: all but the first element, or all but the last.
    Along(i32, End),
    /// Along an axis (or all as one) this far on; what leaves it at one end comes in at the other.
    Rolled(Option<i32>, Whole),
    /// By coordinates, one for each axis.
    Access(Vec<Coordinate>),
}

/// An end of an axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum End {
    /// The first element.
    First,
    /// The last one.
    Last,
}

/// NumPy's slicing of several axes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cuts {
    /// What is done with the axes, in order.
    pub cuts: Vec<Cut>,
    /// Where it stands.
    pub span: Span,
}

/// What a slicing does with an axis.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Cut {
    /// One element, and the axis goes.
    At(Whole, Span),
    /// `start:stop:step`
    Slice([Option<Whole>; 3], Span),
    /// As many axes as are left.
    Ellipsis,
    /// A new axis of length 1.
    New,
}

/// A coordinate of an access.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Coordinate {
    /// Where it goes.
    pub at: Affine,
    /// What there is beyond the ends, if that may be.
    pub mode: Option<Mode>,
    /// Where it stands.
    pub span: Span,
}

impl View {
    /// How many steps its formulas have: what it takes to keep it, and to find it at a call.
    pub fn steps(&self) -> usize {
        let bound = |bound: &Option<Whole>| bound.as_ref().map_or(0, Whole::steps);
        match self {
            View::Cut(cuts) => {
                let each = cuts.cuts.iter().map(|cut| match cut {
                    Cut::At(at, _) => at.steps(),
                    Cut::Slice(bounds, _) => bounds.iter().map(bound).sum::<usize>().max(1),
                    Cut::Ellipsis | Cut::New => 1,
                });
                each.sum()
            }
            View::Access(all) => all.iter().map(|coordinate| coordinate.at.steps()).sum(),
            View::Rolled(_, by) => by.steps(),
            View::Broadcast(_) | View::Transposed | View::Along(..) => 1,
        }
    }

    /// The same view, wherever it stands.
    pub fn anywhere(&self) -> View {
        let mut view = self.clone();
        match &mut view {
            View::Cut(cuts) => {
                cuts.span = Span::default();
                for cut in &mut cuts.cuts {
                    if let Cut::At(_, span) | Cut::Slice(_, span) = cut {
                        *span = Span::default();
                    }
                }
            }
            View::Access(all) => all.iter_mut().for_each(|coordinate| coordinate.span = Span::default()),
            View::Broadcast(_) | View::Transposed | View::Along(..) | View::Rolled(..) => {}
        }
        view
    }
}
