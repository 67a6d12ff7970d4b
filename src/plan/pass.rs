//! From operands and an arranged nest to a pass: which kernel, which tiles, whether on several threads, what goes through a buffer.
//!
//! Always holds: whatever is chosen, the same points get the same values.

use smallvec::SmallVec;

use super::kernels::Use;
use super::layout::Body;
use super::nest::Nest;
use super::schedule::{How, Nontemporal, Operand, Pass, Shown, Walk};
use super::shape::Shape;
use super::slice::{self, LEAST};
use super::table::{Numbers, Table};
use super::target::Target;
use crate::ir::Role;

/// Elements of a tile, where nothing asks for another number.
const TILE: usize = 1 << 15;
/// Bytes of a step of native code.
const STEP: usize = 32;
/// Elements of a tile whose innermost axis is longer than the one that lies innermost in memory: few enough that what
/// neighbours share of a cache line is still in L1.
const TURNED: usize = 1 << 11;
/// Tasks for each thread: enough that a slow thread's share can be stolen.
pub const TASKS: usize = 4;
/// Rows and columns of a tile that is rearranged in a buffer: long enough for whole lines both ways, small enough for L1 and
/// the pages that it touches.
const PACKED: [usize; 2] = [64, 64];

/// Bytes from one row of a buffered tile to the next: a cache line more than the row, or else the elements of a column
/// would fall into few sets of the cache.
pub fn pitch(columns: usize, size: usize) -> usize {
    (columns * size).next_multiple_of(64) + 64
}

impl Target<'_> {
    /// The pass that does this over an arranged nest whose operands are those of the kernel.
    pub fn pass(&self, of: Use, mut walk: Walk, numbers: &mut Numbers) -> Pass {
        let (nest, operands) = (&mut walk.nest, &walk.operands);
        let combining = nest.kept() < nest.rank();
        let turned = if combining { None } else { interchange_short(nest, operands) };
        let moved = if combining { None } else { turned.or_else(|| bring_near(nest, operands)) };
        let loops = nest.rank().min(2);
        let points: usize = nest.shape().iter().product();
        let extents = nest.extents(loops);
        let moving = |o: &usize| nest.strides(*o).iter().any(|&s| s != 0);
        let bytes = (0..operands.len()).filter(moving).map(|o| operands[o].size()).sum();

        let packs = !combining && turned.is_none();
        let packed = if packs { choose_packed(nest, operands, extents) } else { SmallVec::new() };
        let plain = loops == 1 && packed.is_empty() && !combining;
        let from = self.tuning.nontemporal_from();
        let large = points.saturating_mul(bytes) >= from;
        let elementwise = matches!(of, Use::Copy(_) | Use::Stage(_, Body::MAP));
        let nontemporal = if plain && elementwise && large { nontemporal(nest, operands, from) } else { None };

        let mut table = Table::new(loops);
        for (o, operand) in operands.iter().enumerate() {
            let strides = &nest.strides(o)[nest.rank() - loops..];
            if packed.contains(&(o as u32)) {
                table.push_packed(&operand.spec, pitch(self.packed_tile(extents)[1], operand.size()));
            } else {
                table.push_operand(self.program, operand, strides, nest.shape() == [1]);
            }
        }
        let called = table.called(self, of, numbers);
        let parallel = self.pays_to_share(points, bytes, called.kernel.weight());
        let tile = match turned {
            Some(_) => [extents[0], (self.tuning.tile.unwrap_or(TURNED) / extents[0]).clamp(1, extents[1])],
            None if !packed.is_empty() => self.packed_tile(extents),
            None => self.tile(extents, combining, parallel, called.kernel.most()),
        };
        let stage = match of {
            Use::Stage(stage, _) => stage,
            Use::Copy(_) => usize::MAX,
        };
        let how = if combining { How::Whole } else { How::Each };
        let shown = Shown { how, joined: false, shape: Shape::new(), walk: None, sources: 0, moved };
        let shown = Some(shown);
        Pass { stage, called, walk, loops, tile, points, parallel, packed, nontemporal, shown }
    }

    /// The lengths of a tile that goes through a buffer.
    fn packed_tile(&self, [e0, e1]: [usize; 2]) -> [usize; 2] {
        let [t0, t1] = self.tuning.tile.map_or(PACKED, |n| [n.isqrt().max(1); 2]);
        [t0.min(e0), t1.min(e1)]
    }

    /// The lengths of a tile along the kernel's loops.
    fn tile(&self, extents: [usize; 2], combining: bool, parallel: bool, most: [f64; 2]) -> [usize; 2] {
        let [e0, e1] = extents;
        let elements = match self.tuning.tile {
            Some(elements) => elements.max(1),
            // One thread might do it all at once, if nobody were to look whether it should end.
            None if !parallel => slice::alone(most[1]),
            // A few tasks for each thread, but none so short that sharing it out is the work.
            None => (e0 * e1).div_ceil(self.threads * TASKS).clamp(TILE / 8, TILE).min(self.task(most[1])),
        };
        let columns = match self.tuning.tile {
            _ if combining => e1,
            Some(_) => elements.min(e1),
            // Whole cache lines of every type.
            None => elements.next_multiple_of(LEAST).min(e1),
        };
        let tile = [(elements / columns).clamp(1, e0), columns];
        if combining { [slice::tile(tile, most)[0], columns] } else { slice::tile(tile, most) }
    }
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
fn choose_packed(nest: &Nest, operands: &[Operand], extents: [usize; 2]) -> SmallVec<[u32; 2]> {
    // Small tiles stay in L1 by themselves.
    if extents.iter().any(|&n| n < 8) || extents[0] * extents[1] < 2048 {
        return SmallVec::new();
    }
    let rank = nest.rank();
    let across = |&o: &usize| {
        let (strides, size) = (nest.strides(o), operands[o].size());
        let strided = strides[rank - 1] != 0 && strides[rank - 1].unsigned_abs() != size;
        strided && strides[rank - 2].unsigned_abs() == size && !operands[o].spec.is_affine()
    };
    (0..operands.len()).filter(across).map(|o| o as u32).collect()
}

/// Results go past the cache if all of them can: they are one line (rows begin and end within lines of the cache, and the
/// diffusion example was a quarter slower for it).
fn nontemporal(nest: &Nest, operands: &[Operand], from: usize) -> Option<Nontemporal> {
    let results: SmallVec<[u32; 2]> =
        (0..operands.len()).filter(|&o| operands[o].spec.role == Role::Out).map(|o| o as u32).collect();
    let unit = |o: &u32| nest.strides(*o as usize).last() == Some(&(operands[*o as usize].size() as isize));
    results.iter().all(unit).then_some(Nontemporal { results, from })
}
