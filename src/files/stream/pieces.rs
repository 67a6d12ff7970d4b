//! How large pieces are, and how many are in work at a time.
//!
//! Comes in: what a pass reads and gives, and how much memory it may take. Goes out: the length of a piece, the memory of a worker, the number of workers;
//! or how much memory there would have to be. Always holds: where elements are combined in a defined order, pieces are of 2^k blocks.

use std::ops::Range;

use super::demand::{Mode, Shaped};
use super::passes::{Cut, Gives, Pass, combined_in_row, least_rows, monoid};
use super::program::{Origin, Programs};
use crate::files::npy::Header;
use crate::plan::schedule::BLOCK;
use crate::plan::shape::count;

/// Bytes of all files and results of a piece, as a rule: so little that the pieces of all workers stay in the third cache, so much that handing pieces out
/// costs nothing. (`sum((a - b)**2)` from the system's cache of the disk, on two threads of Zen 4, by the speed of `cat`: 1.1 with 128 KiB, 1.4 with 512 KiB,
/// 1.7 with 2 MiB, 1.9 with 4 MiB, 1.6 with 16 MiB.)
const PIECE: usize = 2 << 20;

/// Bytes that are read at a time at least, where elements of a piece lie apart in a file.
const RUN: usize = 64 << 10;

/// To how many bytes arrays in a worker's memory are aligned.
pub const ALIGNMENT: usize = 64;

/// A part of a pass.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its number.
    pub at: usize,
    /// The elements or rows that it gives (of a staged pass: elements along its axes).
    pub range: Range<usize>,
    /// The elements or rows that are read.
    pub rows: Range<usize>,
}

/// How a pass is cut.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// Elements or rows.
    extent: usize,
    /// Those of a piece (of the last one less).
    length: usize,
    /// Elements of the extent that make a row of the files.
    row: usize,
    /// How many there are.
    pub count: usize,
    /// How many are in work at a time.
    pub workers: usize,
    /// The bytes of each worker's memory.
    pub bytes: usize,
}

impl Pieces {
    /// A piece.
    pub fn piece(&self, at: usize) -> Piece {
        let start = at.saturating_mul(self.length);
        let range = start..self.extent.min(start + self.length);
        let rows = range.start / self.row..range.end.div_ceil(self.row);
        Piece { at, range, rows }
    }

    /// The rows of the files (or elements, where those are cut).
    pub fn whole_rows(&self) -> usize {
        self.extent.div_ceil(self.row)
    }

    /// Elements or rows that are read for a piece at most.
    pub fn most_rows(&self) -> usize {
        rows_of(self.length, self.row, self.extent)
    }
}

/// How many rows there are to be read for so many elements of rows of this length.
fn rows_of(length: usize, row: usize, extent: usize) -> usize {
    let whole = extent.div_ceil(row.max(1));
    if row <= 1 { length } else { whole.min((length / row).saturating_add(2)) }
}

/// What a caller wishes.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// Bytes of a piece.
    pub piece: Option<usize>,
    /// How many threads compute.
    pub threads: usize,
    /// The bytes that there are for all workers.
    pub memory: usize,
}

/// Cuts a pass.
///
/// # Errors
/// The bytes that it takes at the least, where they are more than there are.
pub fn pieces<'h>(
    shaped: &Shaped,
    pass: &Pass,
    programs: &Programs,
    header: &dyn Fn(u32) -> Option<&'h Header>,
    wishes: Wishes,
) -> Result<Pieces, usize> {
    let whole_rows = pass.extent.div_ceil(pass.row);
    let files = programs.slots.iter().filter(|slot| slot.mode == Mode::Cut).filter_map(|slot| match slot.origin {
        Origin::Name(name) => header(name),
        Origin::Value(_) => None,
    });
    let per_row = |elements: usize, size: usize| (elements / whole_rows.max(1)).saturating_mul(size);
    // Bytes that follow the length of a piece, for each row, and those that do not.
    let (mut moving, mut fixed, mut run) = (0usize, 0usize, 1usize);
    for file in files {
        moving = moving.saturating_add(per_row(file.elements(), file.dtype.size()));
        fixed += ALIGNMENT;
        if pass.cut != (Cut::Flat { reversed: true }) && !file.is_c() {
            run = run.max(RUN / file.dtype.size());
        }
    }
    let combined = programs.combined.iter().flat_map(|combined| &combined.outputs);
    for output in programs.first.outputs.iter().chain(combined) {
        let elements = count(&output.shape).unwrap_or(usize::MAX);
        fixed += ALIGNMENT;
        match output.has_rows {
            true => moving = moving.saturating_add(per_row(elements, output.dtype.size())),
            false => fixed = fixed.saturating_add(elements.saturating_mul(output.dtype.size())),
        }
    }
    let of = |length: usize| rows_of(length, pass.row, pass.extent).saturating_mul(moving).saturating_add(fixed);
    let least = least(shaped, pass);
    let is_ordered = pass.gives.iter().any(|gives| match *gives {
        Gives::Combined(node) => monoid(shaped, node).is_some_and(|monoid| monoid.ordered),
        _ => false,
    });
    // A piece that leaves much (a million counts) is as large as what it leaves, or else that would be most of the work.
    let wished = wishes.piece.unwrap_or(PIECE.max(2 * fixed)).saturating_sub(fixed) / moving.max(1);
    let mut length = wished.max(if wishes.piece.is_none() { run } else { 1 }).saturating_mul(pass.row).max(least);
    if is_ordered {
        length = 1 << length.ilog2();
    } else if matches!(pass.cut, Cut::Flat { .. }) && length > BLOCK {
        length = length / BLOCK * BLOCK;
    }
    let mut workers = wishes.threads + 1;
    while workers.saturating_mul(of(length.min(pass.extent))) > wishes.memory {
        match (workers, length / 2 >= least) {
            (_, true) => length /= 2,
            (1, false) => return Err(of(least.min(pass.extent))),
            (_, false) => workers -= 1,
        }
    }
    let length = length.clamp(1, pass.extent.max(1));
    let count = pass.extent.div_ceil(length).max(1);
    Ok(Pieces { extent: pass.extent, length, row: pass.row, count, workers: workers.min(count), bytes: of(length) })
}

/// The least length of a piece.
fn least(shaped: &Shaped, pass: &Pass) -> usize {
    let of = |gives: &Gives| {
        let Gives::Combined(node) = *gives else { return 1 };
        match pass.cut {
            _ if monoid(shaped, node).is_none_or(|monoid| !monoid.ordered) => 1,
            Cut::Rows => {
                let (space, axes) = (shaped.space(node), shaped.axes[node.0 as usize]);
                least_rows(combined_in_row(space, axes)).unwrap_or(1)
            }
            _ => BLOCK,
        }
    };
    pass.gives.iter().map(of).max().unwrap_or(1)
}
