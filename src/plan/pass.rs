//! From operands and an arranged nest to a pass: which kernel, which tiles, whether on several threads, what goes through a buffer.
//!
//! Always holds: whatever is chosen, the same points get the same values.

use smallvec::SmallVec;

use super::kernels::Use;
use super::layout::Body;
use super::nest::Nest;
use super::rearrange::{Arranged, arrange, pitch};
use super::schedule::{How, Nontemporal, Operand, Pass, Shown, Walk};
use super::shape::Shape;
use super::slice::{self, LEAST};
use super::table::{Numbers, Table};
use super::target::Target;
use crate::ir::Role;

/// Elements of a tile, where nothing asks for another number.
const TILE: usize = 1 << 15;
/// Elements of a tile whose innermost axis is longer than the one that lies innermost in memory: few enough that what
/// neighbours share of a cache line is still in L1.
const TURNED: usize = 1 << 11;
/// Tasks for each thread: enough that a slow thread's share can be stolen.
pub const TASKS: usize = 4;
impl Target<'_> {
    /// The pass that does this over an arranged nest whose operands are those of the kernel.
    pub fn pass(&self, of: Use, mut walk: Walk, numbers: &mut Numbers) -> Pass {
        let (nest, operands) = (&mut walk.nest, &walk.operands);
        let combining = nest.kept() < nest.rank();
        let elementwise = matches!(of, Use::Copy(_) | Use::Stage(_, Body::MAP));
        let points: usize = nest.shape().iter().product();
        let moving = |o: &usize| nest.strides(*o).iter().any(|&s| s != 0);
        let bytes = (0..operands.len()).filter(moving).map(|o| operands[o].size()).sum();

        let from = self.tuning.nontemporal_from();
        let large = elementwise && points.saturating_mul(bytes) >= from;
        let arranged = match combining {
            true => Arranged { loops: nest.rank().min(2), ..Arranged::default() },
            false => arrange(nest, operands, large),
        };
        let Arranged { loops, flat, by_row, turned, moved, .. } = arranged;
        let packed = &arranged.packed;
        let extents = nest.extents(loops);
        let kernel_loops = if flat || by_row { 1 } else { loops };
        let plain = kernel_loops == 1 && !combining;
        let nontemporal = if plain && large { nontemporal(nest, operands, packed, from) } else { None };

        let rows = if packed.is_empty() { [0; 2] } else { self.packed_tile(nest, operands, &arranged, extents) };
        let mut table = Table::new(kernel_loops);
        for (o, operand) in operands.iter().enumerate() {
            let strides = &nest.strides(o)[nest.rank() - kernel_loops..];
            if !packed.contains(&(o as u32)) {
                table.push_operand(self.program, operand, strides, nest.shape() == [1]);
            } else if kernel_loops == 1 {
                table.push(&operand.spec, &[operand.size() as isize]);
            } else {
                table.push_packed(&operand.spec, pitch(rows[1], operand.size()));
            }
        }
        let called = table.called(self, of, numbers);
        let parallel = self.pays_to_share(points, bytes, called.kernel.weight());
        let tile = match () {
            () if turned => [extents[0], (self.tuning.tile.unwrap_or(TURNED) / extents[0]).clamp(1, extents[1])],
            () if by_row => slice::tile(rows, called.kernel.most()),
            () if !packed.is_empty() => rows,
            () => self.tile(extents, combining, parallel, called.kernel.most()),
        };
        let stage = match of {
            Use::Stage(stage, _) => stage,
            Use::Copy(_) => usize::MAX,
        };
        let how = if combining { How::Whole } else { How::Each };
        let shown = Shown { how, joined: false, shape: Shape::new(), walk: None, sources: 0, moved };
        let shown = Some(shown);
        Pass {
            stage,
            called,
            walk,
            loops,
            tile,
            points,
            parallel,
            packed: arranged.packed,
            flat,
            by_row,
            nontemporal,
            shown,
        }
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

/// Results go past the cache if all of them can: each row of them is one line, and goes through no buffer.
fn nontemporal(nest: &Nest, operands: &[Operand], packed: &[u32], from: usize) -> Option<Nontemporal> {
    let results: SmallVec<[u32; 2]> =
        (0..operands.len()).filter(|&o| operands[o].spec.role == Role::Out).map(|o| o as u32).collect();
    let unit = |o: &u32| nest.strides(*o as usize).last() == Some(&(operands[*o as usize].size() as isize));
    results.iter().all(|o| unit(o) && !packed.contains(o)).then_some(Nontemporal { results, from })
}
