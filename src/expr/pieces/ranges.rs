//! How far indices run.
//!
//! Comes in: the accesses of a piece, with the extents of what they read. Goes out: for each index the whole numbers, from one up to another, that
//! it takes. Ranges that the text gives come first; then those of an index that stands by itself in a plain access, the extent of that
//! axis; then all plain accesses are in range; then an index that stands under modes alone runs over the extent of that axis. Always
//! holds: every plain access that reads anything is within its array, for all the numbers of its indices, and every coordinate can be
//! counted; or there is an error.

use smallvec::SmallVec;

use super::slab::Viewed;
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::Span;
use crate::types::notation::{Axis, Mode};

/// From a number up to, and without, another.
pub type Range = (i128, i128);

/// Indices stay below this: as a value each is an `i64`.
const MOST: i128 = 1 << 63;
/// How far an index runs that nothing bounds so far: beyond all that any access says.
const FAR: i128 = i128::MAX / 4;

/// A coordinate of an access whose numbers are known.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Indices, and what they are multiplied by.
    pub terms: SmallVec<[(usize, i128); 2]>,
    pub constant: i128,
    /// The length of the axis that it goes along.
    pub extent: i128,
    pub mode: Option<Mode>,
    /// Whether the index stands by itself.
    pub bare: bool,
    pub span: Span,
    /// Where the access stands.
    pub access: Span,
    /// Of which operand it is.
    pub operand: usize,
}

impl Reach {
    /// Whether there is no coordinate at all: an index runs over nothing.
    pub fn is_empty(&self, ranges: &[Range]) -> bool {
        self.terms.iter().any(|&(axis, _)| ranges[axis].0 >= ranges[axis].1)
    }

    /// The least and the greatest coordinate; none if there is none at all, or if they are beyond what can be counted.
    pub fn between(&self, ranges: &[Range]) -> Option<(i128, i128)> {
        self.sum(ranges, None)
    }

    /// The same without what one index adds.
    fn sum(&self, ranges: &[Range], without: Option<usize>) -> Option<(i128, i128)> {
        let (mut least, mut most) = (self.constant, self.constant);
        for &(axis, times) in self.terms.iter().filter(|&&(axis, _)| Some(axis) != without) {
            let (low, high) = ranges[axis];
            if low >= high {
                return None;
            }
            let (first, last) = (times.checked_mul(low)?, times.checked_mul(high - 1)?);
            least = least.checked_add(first.min(last))?;
            most = most.checked_add(first.max(last))?;
        }
        Some((least, most))
    }

    /// The numbers of an index at which it is in range, whatever the others are.
    pub fn inside(&self, axis: usize, ranges: &[Range]) -> Option<Range> {
        let times = self.terms.iter().find(|&&(own, _)| own == axis)?.1;
        let (least, most) = self.sum(ranges, Some(axis))?;
        let (low, high) = (least.checked_neg()?, self.extent.checked_sub(1)?.checked_sub(most)?);
        Some(match times {
            1.. => (ceil(low, times), floor(high, times).saturating_add(1)),
            0 => {
                if low <= 0 && high >= 0 {
                    (-FAR, FAR)
                } else {
                    (0, 0)
                }
            }
            _ => (ceil(high.checked_neg()?, -times), floor(least, -times).saturating_add(1)),
        })
    }
}

fn floor(x: i128, y: i128) -> i128 {
    x.div_euclid(y)
}

fn ceil(x: i128, y: i128) -> i128 {
    -(-x).div_euclid(y)
}

fn both(a: Range, b: Range) -> Range {
    (a.0.max(b.0), a.1.min(b.1))
}

/// The ranges of a piece's indices; `until` are those that the text gives.
pub fn solve(
    axes: &[Axis],
    until: &[Option<i128>],
    reaches: &[Reach],
    label: &dyn Fn(Span) -> String,
) -> Viewed<Vec<Range>> {
    let mut solver =
        Solver { axes, until, reaches, label, known: until.iter().map(|n| n.map(|n| (0, n.max(0)))).collect() };
    solver.bare()?;
    solver.alone();
    while solver.known.iter().any(Option::is_none) {
        if !solver.plain() && !solver.under_modes()? {
            return solver.unknown();
        }
    }
    let ranges: Vec<Range> = solver.known.iter().map(|range| range.unwrap_or((0, 0))).collect();
    let ranges: Vec<Range> = ranges.into_iter().map(|(low, high)| (low, high.max(low))).collect();
    solver.check(&ranges)?;
    Ok(ranges)
}

struct Solver<'a> {
    axes: &'a [Axis],
    until: &'a [Option<i128>],
    reaches: &'a [Reach],
    label: &'a dyn Fn(Span) -> String,
    known: Vec<Option<Range>>,
}

impl Solver<'_> {
    fn plain_reaches(&self) -> impl Iterator<Item = &Reach> {
        self.reaches.iter().filter(|reach| reach.mode.is_none())
    }

    /// Indices that stand by themselves.
    fn bare(&mut self) -> Viewed<()> {
        let mut first: Vec<Option<&Reach>> = vec![None; self.axes.len()];
        for reach in self.reaches.iter().filter(|reach| reach.bare && reach.mode.is_none()) {
            let axis = reach.terms[0].0;
            if self.until[axis].is_some() {
                continue;
            }
            match first[axis] {
                Some(other) if other.extent != reach.extent => {
                    let name = &self.axes[axis].name;
                    let (one, two) = ((self.label)(other.access), (self.label)(reach.access));
                    let message = format!(
                        "the index `{name}` stands for axes of two lengths: {} in `{one}`, {} in `{two}`",
                        other.extent, reach.extent
                    );
                    let help = format!("to take the first ones of the longer give a range, as in `[{name}:n]`");
                    return Err(Box::new(Diagnostic::new(message, reach.span).with_help(help)));
                }
                Some(_) => {}
                None => {
                    first[axis] = Some(reach);
                    self.known[axis] = Some((0, reach.extent));
                }
            }
        }
        Ok(())
    }

    /// Plain accesses along which one index runs, whose range the text does not give.
    fn alone(&mut self) {
        for reach in self.reaches.iter().filter(|reach| reach.mode.is_none()) {
            let &[(axis, _)] = &reach.terms[..] else { continue };
            if let (None, Some(range), Some(inside)) = (self.until[axis], self.known[axis], reach.inside(axis, &[])) {
                self.known[axis] = Some(both(range, inside));
            }
        }
    }

    /// Accesses with one index whose range is not known yet; whether there was any.
    fn plain(&mut self) -> bool {
        let ranges: Vec<Range> = self.known.iter().map(|range| range.unwrap_or((0, 0))).collect();
        let mut found: Vec<Option<Range>> = vec![None; self.axes.len()];
        for reach in self.plain_reaches() {
            let mut unknown = reach.terms.iter().filter(|&&(axis, _)| self.known[axis].is_none());
            let (Some(&(axis, _)), None) = (unknown.next(), unknown.next()) else { continue };
            // (Where another runs over nothing, nothing is read.)
            let inside = reach.inside(axis, &ranges).unwrap_or((0, 0));
            let so_far = found[axis].unwrap_or((0, FAR));
            found[axis] = Some(both(so_far, inside));
        }
        let any = found.iter().any(Option::is_some);
        for (known, found) in self.known.iter_mut().zip(found) {
            *known = known.or(found);
        }
        any
    }

    /// Indices that run over an axis under a mode.
    fn under_modes(&mut self) -> Viewed<bool> {
        let mut found: Vec<Option<&Reach>> = vec![None; self.axes.len()];
        for reach in self.reaches.iter().filter(|reach| reach.mode.is_some()) {
            let mut unknown = reach.terms.iter().filter(|&&(axis, _)| self.known[axis].is_none());
            let (Some(&(axis, 1)), None) = (unknown.next(), unknown.next()) else { continue };
            match found[axis] {
                Some(other) if other.extent != reach.extent => {
                    let name = &self.axes[axis].name;
                    let (one, two) = ((self.label)(other.access), (self.label)(reach.access));
                    let message = format!(
                        "the index `{name}` runs over axes of two lengths: {} in `{one}`, {} in `{two}`",
                        other.extent, reach.extent
                    );
                    let help = format!("say how far it runs, as in `[{name}:n]`");
                    return Err(Box::new(Diagnostic::new(message, reach.span).with_help(help)));
                }
                _ => found[axis] = Some(reach),
            }
        }
        let any = found.iter().any(Option::is_some);
        for (known, found) in self.known.iter_mut().zip(found) {
            *known = known.or(found.map(|reach| (0, reach.extent)));
        }
        Ok(any)
    }

    fn unknown<T>(&self) -> Viewed<T> {
        let name = |axis: usize| format!("`{}`", self.axes[axis].name);
        for reach in self.reaches {
            let unknown: Vec<usize> =
                reach.terms.iter().map(|&(axis, _)| axis).filter(|&axis| self.known[axis].is_none()).collect();
            if let [first, second, ..] = unknown[..] {
                let message = format!("nothing says how far {} and {} run", name(first), name(second));
                let help = format!("give one of them a range: `[{}:n]`", self.axes[second].name);
                return Err(Box::new(Diagnostic::new(message, reach.span).with_help(help)));
            }
        }
        let axis = self.known.iter().position(Option::is_none).unwrap_or(0);
        let help = format!("give it a range: `[{}:n]`", self.axes[axis].name);
        let message = format!("nothing says how far {} runs", name(axis));
        Err(Box::new(Diagnostic::new(message, self.axes[axis].span).with_help(help)))
    }

    /// Indices and coordinates can be counted, and plain accesses are in range, where anything is read.
    fn check(&self, ranges: &[Range]) -> Viewed<()> {
        let far = |&(low, high): &Range| low < high && high > MOST;
        if let Some((axis, (low, _))) = self.axes.iter().zip(ranges).find(|(_, range)| far(range)) {
            let message = format!("the index `{}` runs from {low} on, beyond what can be counted", axis.name);
            let help = format!("give it a range: `[{}:n]`", axis.name);
            return Err(Box::new(Diagnostic::new(message, axis.span).with_help(help)));
        }
        let accesses = self.reaches.chunk_by(|a, b| a.operand == b.operand);
        for reach in accesses.filter(|access| !access.iter().any(|reach| reach.is_empty(ranges))).flatten() {
            let Some((least, most)) = reach.between(ranges) else {
                return Err(Box::new(Diagnostic::new("this coordinate is beyond what can be counted", reach.span)));
            };
            if reach.mode.is_some() || least >= 0 && most < reach.extent {
                continue;
            }
            let text = (self.label)(reach.span);
            let message = match reach.terms.is_empty() {
                true => format!("{least} is out of range: the axis has the length {}", reach.extent),
                false => {
                    format!("`{text}` runs from {least} to {most}, but the axis has the length {}", reach.extent)
                }
            };
            let diagnostic = Diagnostic::new(message, reach.span);
            return Err(Box::new(match reach.terms.is_empty() {
                true => diagnostic,
                false => diagnostic.with_help(
                    "give its indices shorter ranges, or say what there is outside: `clamp(...)`, `wrap(...)`, `zero(...)`",
                ),
            }));
        }
        Ok(())
    }
}
