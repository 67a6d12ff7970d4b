//! Calls kernels for the tiles of a scan or of counting: from arrays to a buffer, and from it to arrays.

use std::ops::Range;
use std::ptr;

use smallvec::SmallVec;

use super::combine::Tile;
use super::pass::{Addresses, Run, aligned_from};
use super::scratch::Scratch;
use crate::jit::{Call, Compiled};
use crate::plan::nest::offset;
use crate::plan::schedule::{Nontemporal, TileKernel, TileOperand, Tiles};

/// Addresses of the parts of a buffer.
pub type Parts = SmallVec<[*mut u8; 2]>;

/// Which runs a task has.
#[derive(Clone, Copy)]
pub struct Runs {
    /// Which of the points around the innermost of the other axes.
    outer: usize,
    /// The first point along that.
    point: usize,
    /// How many.
    pub points: usize,
}

/// Tiles on certain memory.
pub struct Caller<'a> {
    pub run: &'a Run<'a>,
    pub tiles: &'a Tiles,
    /// Where the elements at index 0 of all axes are.
    addresses: Addresses,
    /// Bytes of an element of each part of the buffer.
    pub sizes: SmallVec<[usize; 2]>,
}

impl<'a> Caller<'a> {
    /// Tiles in the memory of a call, and the sizes of the elements of their buffer's parts.
    pub fn new(run: &'a Run<'a>, tiles: &'a Tiles, sizes: SmallVec<[usize; 2]>) -> Caller<'a> {
        #[cfg(debug_assertions)]
        run.check_reach(&tiles.walk);
        let addresses = tiles.walk.operands.iter().map(|operand| run.address(operand)).collect();
        Caller { run, tiles, addresses, sizes }
    }

    /// What runs a kernel.
    pub fn runnable<'k>(&self, kernel: &'k TileKernel) -> &'k dyn Compiled {
        let elements = self.tiles.walk.nest.shape().iter().product();
        &**kernel.called.kernel.runnable(self.run.executor, elements)
    }

    /// What the addresses of results must be multiples of, if they are written past the cache.
    pub fn past_cache(&self, kernel: &TileKernel, code: &dyn Compiled) -> Option<usize> {
        if self.pays(kernel.nontemporal.as_ref()) { code.past_cache_alignment() } else { None }
    }

    /// Whether it pays to write the results past the cache.
    pub fn pays(&self, nontemporal: Option<&Nontemporal>) -> bool {
        let addresses = self.addresses.iter().map(|address| address.addr());
        nontemporal.is_some_and(|nontemporal| nontemporal.pays(&self.tiles.walk, addresses))
    }

    /// Whether results prove to be apart from all else.
    pub fn apart(&self, nontemporal: &Nontemporal) -> bool {
        nontemporal.apart(&self.tiles.walk, self.addresses.iter().map(|address| address.addr()))
    }

    /// The runs of a chain of pieces.
    pub fn runs(&self, chain: usize) -> Runs {
        let (wide, group) = (self.tiles.wide(), self.tiles.group);
        let groups = wide.div_ceil(group);
        let point = chain % groups * group;
        Runs { outer: chain / groups, point, points: group.min(wide - point) }
    }

    /// The chain of a piece, and its elements.
    pub fn elements(&self, piece: usize) -> (usize, Range<usize>) {
        let (pieces, (_, length)) = (self.tiles.pieces(), self.tiles.axes());
        let start = piece % pieces * self.tiles.piece;
        (piece / pieces, start..length.min(start + self.tiles.piece))
    }

    /// Where the first row of a tile lies in an operand of the walk, and how many bytes it is to the next row.
    pub fn place(&self, o: usize, runs: Runs, tile: Tile) -> (*mut u8, isize) {
        let ((kept, _), strides) = (self.tiles.axes(), self.tiles.walk.nest.strides(o));
        let around = kept.len() - 1;
        let own = runs.point as isize * strides[around] + tile.first as isize * strides[around + 1];
        let address = self.addresses[o].wrapping_offset(offset(runs.outer, &kept[..around], strides) + own);
        (address, strides[if tile.across { around + 1 } else { around }])
    }

    fn is_affine(&self, o: usize) -> bool {
        self.tiles.walk.operands[o].spec.is_affine()
    }

    /// Calls a kernel for a tile.
    ///
    /// # Safety
    /// What the kernel reads must be readable, what it writes writable and apart from all else; the buffer must have room for the tile, and hold what the kernel reads of it.
    pub unsafe fn call(
        &self,
        kernel: &TileKernel,
        (code, past_cache): (&dyn Compiled, Option<usize>),
        (runs, tile, parts): (Runs, Tile, &Parts),
        scratch: &mut Scratch,
    ) {
        // The numbers that affine operands begin with.
        let mut numbers: SmallVec<[i64; 4]> = SmallVec::from_elem(0, kernel.operands.len());
        scratch.pointers.clear();
        scratch.pointers.extend(kernel.operands.iter().zip(&mut numbers).map(|(operand, number)| match *operand {
            TileOperand::Part(part) => parts[part],
            TileOperand::Walk(o) | TileOperand::Later(o, _) => {
                let later = if let TileOperand::Later(_, by) = *operand { by } else { 0 };
                let place = self.place(o, runs, Tile { first: tile.first + later, ..tile }).0;
                if !self.is_affine(o) {
                    return place;
                }
                *number = place.addr() as i64;
                ptr::from_mut(number).cast()
            }
        }));
        let extents = if tile.across { [tile.elements, tile.points] } else { [tile.points, tile.elements] };
        let extents = &extents[2 - self.tiles.loops..];
        if let (Some(alignment), &[count]) = (past_cache, extents) {
            // SAFETY: as the caller promises.
            return unsafe { self.call_past_cache(kernel, code, scratch, [count, alignment]) };
        }
        // SAFETY: the addresses are those of the tile's elements.
        unsafe { self.run.call(code, &kernel.called, &mut scratch.pointers, extents) }
    }

    /// Calls a kernel of one loop whose results go past the cache, from the first point on at which their addresses are such as that form
    /// of it needs.
    ///
    /// # Safety
    /// As for [`Compiled::run`].
    unsafe fn call_past_cache(
        &self,
        kernel: &TileKernel,
        code: &dyn Compiled,
        scratch: &mut Scratch,
        [count, alignment]: [usize; 2],
    ) {
        let walk = &self.tiles.walk;
        let is_result = |o: &usize| kernel.nontemporal.iter().any(|n| n.results.contains(&(*o as u32)));
        let mut results: SmallVec<[(usize, usize); 2]> = SmallVec::new();
        for (operand, pointer) in kernel.operands.iter().zip(&scratch.pointers) {
            if let TileOperand::Walk(o) = operand
                && is_result(o)
            {
                results.push((pointer.addr(), walk.operands[*o].size()));
            }
        }
        let head = aligned_from(&results, alignment).unwrap_or(count).min(count);
        // SAFETY: the first points, then the others, where the results' addresses are aligned.
        unsafe {
            if head > 0 {
                self.run.call(code, &kernel.called, &mut scratch.pointers, &[head]);
            }
            if head == count {
                return;
            }
            for (operand, pointer) in kernel.operands.iter().zip(&mut scratch.pointers) {
                let stride = match *operand {
                    TileOperand::Part(part) => self.sizes[part] as isize,
                    TileOperand::Walk(o) | TileOperand::Later(o, _) if self.is_affine(o) => 0,
                    TileOperand::Walk(o) | TileOperand::Later(o, _) => {
                        walk.nest.strides(o).last().copied().unwrap_or(0)
                    }
                };
                *pointer = pointer.wrapping_offset(head as isize * stride);
            }
            scratch.pointers.extend(kernel.called.steps.iter().map(|&step| self.run.number(step)));
            let (strides, extents, origin) = (&kernel.called.table, &[count - head], &[head as i64]);
            let signals = self.run.signals;
            code.run_past_cache(&Call { pointers: &scratch.pointers, strides, extents, origin, signals });
        }
    }
}
