//! A piece's points as boxes: within one, each access with a mode is inside, or each is read in one way.
//!
//! Comes in: ranges and accesses. Goes out: boxes that fill the space of the result, the one inside first. Always holds: inside there is nothing
//! of modes; at most three parts along each axis.

use smallvec::SmallVec;

use super::ranges::{Range, Reach};

/// A box: ranges for all indices of a piece.
pub type Box = Vec<Range>;

/// Boxes at most.
const BOXES: usize = 729;

/// The boxes of a piece whose result has the first `free` indices as axes.
pub fn boxes(ranges: &[Range], free: usize, reaches: &[Reach]) -> Vec<Box> {
    let mut all = vec![ranges.to_vec()];
    for axis in 0..free {
        let (low, high) = ranges[axis];
        let followed = |reach: &&Reach| reach.mode.is_some() && reach.terms.iter().any(|&(own, _)| own == axis);
        let inside = reaches.iter().filter(followed).try_fold((low, high), |(low, high), reach| {
            let inside = reach.inside(axis, ranges)?;
            let both = (low.max(inside.0), high.min(inside.1));
            (both.0 < both.1).then_some(both)
        });
        // (Where no part is inside there is nothing to cut.)
        let Some((first, last)) = inside else { continue };
        let parts: SmallVec<[Range; 3]> =
            [(first, last), (low, first), (last, high)].into_iter().filter(|&(low, high)| low < high).collect();
        // (Where there would be too many, what is left is read from strips.)
        if parts.len() > 1 && all.len() * parts.len() <= BOXES {
            all = parts
                .iter()
                .flat_map(|&part| {
                    all.iter().map(move |of| {
                        let mut of = of.clone();
                        of[axis] = part;
                        of
                    })
                })
                .collect();
        }
    }
    all
}

/// How a coordinate under a mode is read within a box.
#[derive(Clone, PartialEq, Debug)]
pub enum Read {
    /// At its own place moved by so much, or mirrored: `offset + sign*coordinate`; sign 0 is one element.
    Affine { sign: i128, offset: i128 },
    /// There is another value at all points.
    Outside,
    /// Some inside, some not, or in several pieces.
    Mixed,
}

/// How the coordinates from `least` to `most` are read.
pub fn read(reach: &Reach, (least, most): Range) -> Read {
    use crate::types::notation::Mode;
    let (extent, last) = (reach.extent, reach.extent - 1);
    let plain = Read::Affine { sign: 1, offset: 0 };
    let Some(mode) = reach.mode else { return plain };
    if least >= 0 && most <= last {
        return plain;
    }
    let outside = most < 0 || least > last;
    if mode.replaces() {
        return if outside { Read::Outside } else { Read::Mixed };
    }
    if extent <= 0 {
        return Read::Mixed;
    }
    let period = match mode {
        Mode::Wrap => extent,
        Mode::Reflect => 2 * extent,
        Mode::Mirror => 2 * last.max(1),
        _ => {
            return match outside {
                true => Read::Affine { sign: 0, offset: if most < 0 { 0 } else { last } },
                false => Read::Mixed,
            };
        }
    };
    let turn = least.div_euclid(period);
    let (first, end) = (least - turn * period, most - turn * period);
    match mode {
        _ if end <= last => Read::Affine { sign: 1, offset: -turn * period },
        Mode::Reflect if first >= extent && end < period => {
            Read::Affine { sign: -1, offset: turn * period + period - 1 }
        }
        Mode::Mirror if last > 0 && first >= last && end <= period => {
            Read::Affine { sign: -1, offset: turn * period + period }
        }
        _ => Read::Mixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::ast::Span;
    use crate::types::notation::Mode;

    #[test]
    fn what_is_affine_is_read_at_the_modes_places() {
        for mode in [Mode::Wrap, Mode::Clamp, Mode::Reflect, Mode::Mirror] {
            for extent in 1..5 {
                let reach = Reach {
                    terms: SmallVec::new(),
                    constant: 0,
                    extent,
                    mode: Some(mode),
                    bare: false,
                    span: Span::default(),
                    access: Span::default(),
                    operand: 0,
                };
                for least in -12..12 {
                    for most in least..12 {
                        let Read::Affine { sign, offset } = read(&reach, (least, most)) else { continue };
                        for at in least..=most {
                            assert_eq!(offset + sign * at, mode.place(at, extent), "{mode:?} {extent} {least} {most}");
                        }
                    }
                }
            }
        }
    }
}
