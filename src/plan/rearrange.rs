//! How a pass comes by vectors where its operands do not lie as its loops run: the order of its axes, and which operands go through a
//! buffer, tile by tile.
//!
//! Comes in: an arranged nest of points whose order does not matter. Goes out: the nest, its axes perhaps in another order, and what goes
//! through a buffer. Always holds: a buffer holds what the operand has at the tile's points, in the kernel's order.
//!
//! | operands                                             | what is done                                                    |
//! |------------------------------------------------------|-----------------------------------------------------------------|
//! | the innermost axis is short; most of them lie as if it and the next were one (colours of a picture) | the others through a buffer, one loop over both |
//! | the innermost axis is shorter than a step            | it becomes the outer one of the kernel's loops                  |
//! | neighbours lie along another axis (transposed)       | squares through a buffer; rows of much that is written past the cache are long |
//! | narrow elements a few elements apart, or backwards   | runs through a buffer                                           |

use smallvec::SmallVec;

use super::nest::Nest;
use super::schedule::Operand;
use super::slice::LEAST;
use super::target::Target;
use crate::ir::Role;

/// Bytes of a step of native code.
const STEP: usize = 32;
/// Elements of an axis that is joined with the next one, and of the next one.
const SHORT: usize = 32;
const LONG: usize = 64;
/// Elements of a tile that goes through a buffer, and bytes of its rows, if they are squares: long enough for whole lines both ways, small
/// enough for L1 and the pages that it touches.
const TILE: usize = 1 << 12;
const ROWS: usize = 64;
const ROW: usize = 512;
/// Points of a tile, at least, whose operands lie across: less stays in L1 by itself.
const FEW: usize = 512;
/// Elements so wide are read one by one as fast as they are put into a buffer (from memory faster).
const WIDE: usize = 4;
/// Bytes of rows of results that are each written past the cache: what is lost where they begin and end within lines of it is little beside them.
const PAST: usize = 1 << 12;
/// Bytes of the buffers of a tile whose results are written past the cache row by row: long rows, as much as stays in the second cache.
const LONG_ROWS: usize = 1 << 19;

/// What has been chosen.
#[derive(Default)]
pub struct Arranged {
    /// How many of the axes are the loops of a tile.
    pub loops: usize,
    /// The operands that go through a buffer.
    pub packed: SmallVec<[u32; 2]>,
    /// Whether a tile's rows follow each other without a gap in all operands, so that one loop of the kernel has all its points.
    pub flat: bool,
    /// Whether the kernel has one loop and is called for each row of a tile of two, so that results go past the cache.
    pub by_row: bool,
    /// Whether a short innermost axis has become the outer one of the loops.
    pub turned: bool,
    /// The axis that has another place.
    pub moved: Option<usize>,
}

/// Bytes from one row of a buffered tile to the next: a cache line more than the row, or else the elements of a column
/// would fall into few sets of the cache.
pub fn pitch(columns: usize, size: usize) -> usize {
    (columns * size).next_multiple_of(64) + 64
}

/// Chooses. `large`: so much is touched that results are written past the cache, where they can be.
pub fn arrange(nest: &mut Nest, operands: &[Operand], large: bool) -> Arranged {
    if let Some(packed) = flatten(nest, operands) {
        return Arranged { loops: 2, packed, flat: true, ..Arranged::default() };
    }
    let turned = interchange_short(nest, operands);
    let moved = turned.or_else(|| bring_near(nest, operands));
    let mut all = Arranged { loops: nest.rank().min(2), turned: turned.is_some(), moved, ..Arranged::default() };
    if all.turned {
        return all;
    }
    if all.loops == 2 {
        all.packed = across(nest, operands);
        if large && all.packed.is_empty() && lies_in_rows(nest, operands) {
            all.loops = 1;
        }
        all.by_row = large && !all.packed.is_empty() && has_rows(nest, operands, &all.packed);
    }
    let strided = (0..operands.len() as u32).filter(|&o| is_strided(nest, operands, o as usize));
    let strided: SmallVec<[u32; 2]> = strided.filter(|o| !all.packed.contains(o)).collect();
    all.packed.extend(strided);
    all
}

/// Finds the operands that do not lie as if the two innermost axes were one, where most others do and the innermost is short.
fn flatten(nest: &Nest, operands: &[Operand]) -> Option<SmallVec<[u32; 2]>> {
    let &[.., next, last] = nest.shape() else { return None };
    if last > SHORT || next < LONG {
        return None;
    }
    let one = |o: usize| {
        let strides = nest.strides(o);
        let [across, along] = [strides[strides.len() - 2], strides[strides.len() - 1]];
        along.checked_mul(last as isize) == Some(across)
    };
    let others: SmallVec<[u32; 2]> = (0..operands.len()).filter(|&o| !one(o)).map(|o| o as u32).collect();
    let numbers = others.iter().any(|&o| operands[o as usize].spec.is_affine());
    (!numbers && 2 * others.len() <= operands.len()).then_some(others)
}

/// Puts next to the innermost axis the axis along which an operand that strides over the innermost one has its
/// neighbours, so that it can be rearranged tile by tile. Gives that axis.
fn bring_near(nest: &mut Nest, operands: &[Operand]) -> Option<usize> {
    let rank = nest.rank();
    if rank < 3 {
        return None;
    }
    let across = (0..operands.len()).find_map(|o| {
        let (strides, size) = (nest.strides(o), operands[o].size());
        let strided = strides[rank - 1] != 0 && strides[rank - 1].unsigned_abs() != size;
        let axis = (0..rank - 1).find(|&axis| strides[axis].unsigned_abs() == size)?;
        (strided && !operands[o].spec.is_affine()).then_some(axis)
    });
    if let Some(axis) = across {
        nest.move_axis(axis, rank - 2);
    }
    across
}

/// Makes the innermost axis the outer one of the kernel's loops where it is shorter than a step of its code and the next one
/// is long: the loop over the long one fills vectors, and is started less often. Gives the axis.
fn interchange_short(nest: &mut Nest, operands: &[Operand]) -> Option<usize> {
    let widest = operands.iter().map(Operand::size).max().unwrap_or(1);
    let rank = nest.rank();
    // Neighbours along the next axis share lines of the cache.
    let near = |o: usize| nest.strides(o)[rank - 2].unsigned_abs() <= 64;
    let short = matches!(*nest.shape(), [.., next, last] if last * widest < STEP && next >= STEP);
    let turns = short && (0..operands.len()).all(near);
    turns.then(|| {
        let last = nest.rank() - 1;
        nest.move_axis(last, last - 1);
        last
    })
}

/// Finds the operands whose neighbours lie along the outer loop.
fn across(nest: &Nest, operands: &[Operand]) -> SmallVec<[u32; 2]> {
    let extents = nest.extents(2);
    if extents.iter().any(|&n| n < 8) || extents[0] * extents[1] < FEW {
        return SmallVec::new();
    }
    let across = |&o: &usize| is_across(nest, &operands[o], o);
    (0..operands.len()).filter(across).map(|o| o as u32).collect()
}

fn is_across(nest: &Nest, operand: &Operand, o: usize) -> bool {
    let (strides, size, rank) = (nest.strides(o), operand.size(), nest.rank());
    let strided = strides[rank - 1] != 0 && strides[rank - 1].unsigned_abs() != size;
    strided && strides[rank - 2].unsigned_abs() == size && !operand.spec.is_affine()
}

/// Whether the elements of an operand are narrow, and lie a few elements apart or backwards along a long innermost axis.
fn is_strided(nest: &Nest, operands: &[Operand], o: usize) -> bool {
    let (size, strides) = (operands[o].size() as isize, nest.strides(o));
    let (Some(&stride), Some(&length)) = (strides.last(), nest.shape().last()) else { return false };
    let few = stride == -size || [2, 3, 4].contains(&(stride / size)) && stride % size == 0;
    few && (size as usize) < WIDE && length >= LONG && !operands[o].spec.is_affine()
}

/// Whether results lie row after row, each row long and without gaps, and no operand is nearer along the outer loop.
fn lies_in_rows(nest: &Nest, operands: &[Operand]) -> bool {
    let &[.., last] = nest.shape() else { return false };
    operands.iter().enumerate().all(|(o, operand)| {
        let (size, strides) = (operand.size(), nest.strides(o));
        let [across, along] = [strides[strides.len() - 2], strides[strides.len() - 1]];
        match operand.spec.role {
            Role::In => across == 0 || along.unsigned_abs() <= across.unsigned_abs(),
            _ => last * size >= PAST && [across, along] == [(last * size) as isize, size as isize],
        }
    })
}

/// Whether results have rows that are worth writing past the cache, each with a call of its own, beside operands that go through a buffer.
fn has_rows(nest: &Nest, operands: &[Operand], packed: &[u32]) -> bool {
    let Some(&last) = nest.shape().last() else { return false };
    operands.iter().enumerate().all(|(o, operand)| {
        let (size, along) = (operand.size(), nest.strides(o).last().copied());
        match operand.spec.role {
            Role::In => !operand.spec.is_affine(),
            _ => last * size >= PAST && along == Some(size as isize) && !packed.contains(&(o as u32)),
        }
    })
}

impl Target<'_> {
    /// The lengths of a tile of which these operands go through a buffer.
    pub fn packed_tile(
        &self,
        nest: &Nest,
        operands: &[Operand],
        arranged: &Arranged,
        [e0, e1]: [usize; 2],
    ) -> [usize; 2] {
        let packed = &arranged.packed;
        if arranged.flat {
            // Rows of whole lines of the cache, whatever the type.
            let rows = self.tuning.tile.map_or((TILE / e1).next_multiple_of(64), |n| n / e1);
            return [rows.clamp(1, e0), e1];
        }
        let crossing =
            packed.iter().filter(|&&o| nest.rank() > 1 && is_across(nest, &operands[o as usize], o as usize));
        match crossing.map(|&o| operands[o as usize].size()).max() {
            Some(size) if arranged.by_row && self.tuning.tile.is_none() => {
                // As wide as there is room for, and all of one width.
                let rows = (ROW / size).max(ROWS).min(e0);
                let most = (LONG_ROWS / (rows * size * packed.len())).max(1).next_multiple_of(LEAST);
                [rows, e1.div_ceil(e1.div_ceil(most)).next_multiple_of(LEAST).min(e1)]
            }
            Some(size) => {
                let [t0, t1] = self.tuning.tile.map_or([ROWS, (ROW / size).min(4 * ROWS)], |n| [n.isqrt().max(1); 2]);
                [t0.min(e0), t1.min(e1)]
            }
            None => {
                let n = self.tuning.tile.unwrap_or(TILE);
                [(n / e1).clamp(1, e0), n.clamp(1, e1)]
            }
        }
    }
}
