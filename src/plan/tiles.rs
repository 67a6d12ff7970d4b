//! Kernels that write to a buffer, or read what lies there, for the tiles of a scan or of counting.

use smallvec::SmallVec;

use super::kernels::Use;
use super::layout::OperandSpec;
use super::make::Maker;
use super::schedule::{Called, Nontemporal, TileKernel, TileOperand, Tiles};
use super::table::Table;
use crate::dtype::DType;
use crate::ir::Role;

impl Maker<'_> {
    /// A kernel for the loops of tiles. The parts of its buffer have these types and, if neighbours lie along a run, rows of so many elements.
    pub fn tile_kernel(
        &mut self,
        tiles: &Tiles,
        (dtypes, along): (&[DType], usize),
        of: Use,
        operands: SmallVec<[TileOperand; 4]>,
    ) -> TileKernel {
        let nest = &tiles.walk.nest;
        let rank = nest.rank();
        let mut table = Table::new(tiles.loops);
        let innermost = if tiles.across { tiles.wide() } else { tiles.axes().1 };
        let ordered = |[point, along]: [isize; 2]| if tiles.across { [along, point] } else { [point, along] };
        for operand in &operands {
            match *operand {
                TileOperand::Walk(o) | TileOperand::Later(o, _) => {
                    let strides = nest.strides(o);
                    let own = &ordered([strides[rank - 2], strides[rank - 1]])[2 - tiles.loops..];
                    table.push_operand(self.program, &tiles.walk.operands[o], own, innermost == 1);
                }
                TileOperand::Part(part) => {
                    let size = dtypes[part].size() as isize;
                    let row = if tiles.across { tiles.group } else { along } as isize;
                    // (What is done with it no layout depends on.)
                    let spec = OperandSpec::plain(dtypes[part], Role::In);
                    table.push(&spec, &[row * size, size][2 - tiles.loops..]);
                }
            }
        }
        let called: Called = table.called(&self.target, of, &mut self.numbers);
        let from = self.target.tuning.nontemporal_from();
        let is_result = |operand: &TileOperand| match *operand {
            TileOperand::Walk(o) if tiles.walk.operands[o].spec.role == Role::Out => Some(o as u32),
            _ => None,
        };
        let results: SmallVec<[u32; 2]> = operands.iter().filter_map(is_result).collect();
        let unit = |&o: &u32| nest.strides(o as usize)[rank - 1] == tiles.walk.operands[o as usize].size() as isize;
        let line = tiles.loops == 1 && !results.is_empty() && results.iter().all(unit);
        let nontemporal = line.then_some(Nontemporal { results, from });
        TileKernel { called, operands, nontemporal }
    }
}
