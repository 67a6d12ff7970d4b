//! What a reduction would do, for `explain`.

use std::ptr;

use smallvec::SmallVec;

use super::columns::{ByColumns, COLUMNS};
use super::gathered::ByGathering;
use super::{BLOCK, ReduceSpace, Reduction, Way, length, points, run_nest};
use crate::plan::lower::{Pass, operands};
use crate::run::explain::Planned;
use crate::run::launch::{Choice, Env, LaunchSpace, choose};

impl Reduction<'_> {
    /// What [`run`](Reduction::run) would do, but for the merging of blocks. Loops and operands are those of the whole: kept axes,
    /// then reduced ones.
    pub fn plan(&self, env: &Env, space: &mut ReduceSpace) -> Planned {
        let ReduceSpace { base, nest, launch: work, .. } = space;
        let whole = operands(env.program, self.stage, Pass::Whole { joined: false });
        self.arrange(base, self.results, true);
        let way = self.way(env, base, &whole);
        let (specs, pass) = match self.joined {
            Some(joined) if way.joins() => {
                self.arrange(base, joined.views, joined.keepdims);
                let pass = Pass::Whole { joined: true };
                (operands(env.program, self.stage, pass), pass)
            }
            _ => (whole, Pass::Whole { joined: false }),
        };
        // Where nothing is chosen for the operands of `base`, nothing is to be left of another pass.
        *work = LaunchSpace::default();
        let (mut run, mut of_kernel) = (1, None);
        let order = base.order().to_vec();
        let elements = points(base) * length(base);
        let by_blocks = |slot, tile, shared| Choice { slot, loops: 2, tile, points: elements, shared, moved: None };
        let choice = match way {
            Way::Short { joined } => {
                run = length(base);
                let pass = Pass::Short { length: run as u8, joined };
                self.nest_of_short(nest, base);
                let (all, sources) = (specs.len(), self.sources.len());
                let times = |at: usize| if at < sources { run } else { 1 };
                let arrays = (0..all).filter(|&at| self.position != Some(at));
                of_kernel = Some(arrays.flat_map(|at| std::iter::repeat_n(at, times(at))).collect());
                let specs = operands(env.program, self.stage, pass);
                let choice = choose(env, self.stage, pass, &specs, nest, work);
                // What was chosen for the operands and axes of this nest is not for those of `base`.
                *work = LaunchSpace::default();
                Choice { moved: None, ..choice }
            }
            Way::Whole { .. } => {
                run_nest(nest, base, specs.len(), 0..1, None);
                choose(env, self.stage, pass, &specs, nest, work)
            }
            Way::Runs => {
                let specs = operands(env.program, self.stage, Pass::Partial);
                let states = SmallVec::<[*mut u8; 2]>::from_elem(ptr::null_mut(), self.group.state.len());
                self.nest_of_runs(nest, base, &specs, 0..length(base) / BLOCK, &states, ptr::null_mut());
                choose(env, self.stage, Pass::Partial, &specs, nest, work)
            }
            Way::Columns => {
                let ByColumns { step, shared, .. } = self.by_columns(env, base);
                let wide = base.shape()[base.kept() - 1];
                by_blocks(step, [BLOCK.min(length(base)), COLUMNS.min(wide)], shared)
            }
            Way::Gathered => {
                let ByGathering { fill, shared, .. } = self.by_gathering(env, base);
                by_blocks(fill, [1, BLOCK.min(length(base))], shared)
            }
        };
        let planned = Planned::new(self.stage, self.shape, &order, specs, base, work, choice);
        let operands = of_kernel.unwrap_or_else(|| planned.operands.clone());
        Planned { way: Some(way), points: elements, run, operands, ..planned }
    }
}
