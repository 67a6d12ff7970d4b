//! Reductions whose neighbours lie along a kept axis: rows are combined, element by element, into eight rows of states.
//!
//! Comes in: a nest whose innermost kept axis is contiguous. Goes out: for each block of 512 rows a row of states. Tasks are
//! blocks and tiles of columns, so that eight rows of a tile's states stay in L1 while rows of the array stream by.

use std::ops::Range;
use std::ptr;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{BLOCK, ReduceSpace, Reduction, Strides, call, fill, length, points, push_class};
use crate::dtype::DType;
use crate::ir::LANES;
use crate::jit::Compiled;
use crate::plan::lower::{Class, Layout, Pass, operands};
use crate::plan::nest::{Nest, offset};
use crate::plan::program::Group;
use crate::run::kernels::Slot;
use crate::run::launch::{Env, cost, pays_to_share, share_out};
use crate::run::scratch::{Scratch, with_scratch};

/// Columns whose states are kept in L1 at a time.
pub(super) const COLUMNS: usize = 256;

impl Reduction<'_> {
    /// Chooses the kernel that combines rows, and whether several threads do.
    pub(super) fn by_columns(&self, env: &Env, base: &Nest) -> ByColumns {
        let (kept, rank) = (base.kept(), base.rank());
        let specs = operands(env.program, self.stage, Pass::Step);
        let single = rank - kept == 1;
        let mut layout = Layout { loops: 2, ..Layout::default() };
        let mut strides = Strides::new();
        for (o, spec) in specs[..self.sources.len()].iter().enumerate() {
            // One axis is stepped over by lanes; of several, each row is a call of its own.
            let down = if single { base.strides(o)[kept] * LANES as isize } else { 0 };
            push_class(&mut layout, &mut strides, down, None);
            push_class(&mut layout, &mut strides, base.strides(o)[kept - 1], Some(spec.dtype.size()));
        }
        for ty in &self.group.state {
            push_class(&mut layout, &mut strides, 0, None);
            push_class(&mut layout, &mut strides, ty.size() as isize, Some(ty.size()));
        }
        let step = env.kernels.get(env.program, self.stage, Pass::Step, &layout);
        let elements = points(base) * length(base);
        let bytes = specs[..self.sources.len()].iter().map(|s| s.dtype.size()).sum();
        let shared = pays_to_share(env, elements, cost(elements, bytes, step.weight() + 1.0));
        ByColumns { step, strides, shared }
    }

    /// Rows are combined into eight rows of states, one for each lane.
    ///
    /// # Safety
    /// As for [`run`](Reduction::run).
    pub(super) unsafe fn columns(&self, env: &Env, space: &mut ReduceSpace, length: usize) {
        let ReduceSpace { base, states, .. } = space;
        let kept = base.kept();
        let count = points(base);
        let states = self.reserve(&mut states[0], count, length.div_ceil(BLOCK));
        let ByColumns { step, strides, shared } = self.by_columns(env, base);
        let merge = Layout { loops: 1, classes: SmallVec::from_elem(Class::Unit, 3 * self.group.state.len()) };
        let sizes: SmallVec<[usize; 2]> = self.group.state.iter().map(|t| t.size()).collect();
        let merge_strides: Strides = sizes.iter().cycle().take(3 * sizes.len()).map(|&s| s as isize).collect();

        let merge = env.kernels.get(env.program, self.stage, Pass::Merge, &merge);
        let wide = base.shape()[kept - 1];
        let blocks = length.div_ceil(BLOCK);
        let columns = Columns {
            group: self.group,
            position: self.position,
            base,
            sources: self.sources.len(),
            step: &**step.runnable(env.executor, count * length),
            step_strides: &strides,
            merge: &**merge.runnable(env.executor, count * blocks * LANES),
            merge_strides: &merge_strides,
            states: &states,
            length,
            tiles: wide.div_ceil(COLUMNS),
            faults: env,
        };
        let tasks = blocks * columns.tiles * (count / wide);
        // SAFETY: tasks read the sources and write states of their own.
        let work = |range: Range<usize>| unsafe { columns.run(range) };
        share_out(env, tasks, BLOCK * COLUMNS, shared, &work);
    }
}

/// What has been chosen for a reduction by columns.
pub(super) struct ByColumns {
    pub step: Arc<Slot>,
    /// Its table of strides.
    strides: Strides,
    /// Whether several threads share the tasks.
    pub shared: bool,
}

/// Tasks that combine rows: block by block of the reduced axes, tile by tile of the innermost kept axis.
struct Columns<'a> {
    group: &'a Group,
    position: Option<usize>,
    base: &'a Nest,
    sources: usize,
    step: &'a dyn Compiled,
    step_strides: &'a [isize],
    merge: &'a dyn Compiled,
    merge_strides: &'a [isize],
    states: &'a [*mut u8],
    length: usize,
    tiles: usize,
    faults: &'a Env<'a>,
}

// SAFETY: whoever makes it promises that its memory may be used from any thread; tasks write disjoint states.
unsafe impl Sync for Columns<'_> {}

impl Columns<'_> {
    /// # Safety
    /// Sources must be readable and states writable.
    unsafe fn run(&self, tasks: Range<usize>) {
        with_scratch(|scratch| {
            for task in tasks {
                let (tile, rest) = (task % self.tiles, task / self.tiles);
                let blocks = self.length.div_ceil(BLOCK);
                // SAFETY: as the caller promises.
                unsafe { self.block(rest / blocks, tile, rest % blocks, scratch) }
            }
        });
    }

    /// # Safety
    /// As for [`run`](Columns::run).
    unsafe fn block(&self, outer: usize, tile: usize, block: usize, scratch: &mut Scratch) {
        let (base, kept) = (self.base, self.base.kept());
        let wide = base.shape()[kept - 1];
        let first = tile * COLUMNS;
        let columns = COLUMNS.min(wide - first);
        let rows = block * BLOCK..self.length.min((block + 1) * BLOCK);

        let room = |size: usize| LANES * columns * size;
        let mut at = scratch.bytes.reserve(self.group.state.iter().map(|t| room(t.size())).sum());
        let mut lanes: SmallVec<[*mut u8; 2]> = SmallVec::new();
        for (ty, &init) in self.group.state.iter().zip(&self.group.init) {
            // SAFETY: reserved above.
            unsafe { fill(at, init, LANES * columns) }
            lanes.push(at);
            at = at.wrapping_add(room(ty.size()));
        }

        let mut run = |row: usize, rows: usize, lane: usize| {
            let mut position = row as i64;
            scratch.pointers.clear();
            for o in 0..self.sources {
                let (by_kept, by_reduced) = base.strides(o).split_at(kept);
                let place = offset(outer, &base.shape()[..kept - 1], &by_kept[..kept - 1])
                    + first as isize * by_kept[kept - 1]
                    + offset(row, &base.shape()[kept..], by_reduced);
                scratch.pointers.push(base.pointers()[o].wrapping_offset(place));
            }
            if let Some(operand) = self.position {
                scratch.pointers[operand] = (&raw mut position).cast();
            }
            for (part, ty) in lanes.iter().zip(&self.group.state) {
                scratch.pointers.push(part.wrapping_add(lane * columns * ty.size()));
            }
            // SAFETY: the rows' elements, and a lane's row of states.
            unsafe { call(self.faults, self.step, &scratch.pointers, self.step_strides, &[rows, columns]) }
        };
        if base.rank() - kept == 1 {
            for lane in 0..LANES.min(rows.len()) {
                run(rows.start + lane, (rows.len() - lane).div_ceil(LANES), lane);
            }
        } else {
            for row in rows.clone() {
                run(row, 1, (row - rows.start) % LANES);
            }
        }

        let mut half = LANES / 2;
        while half > 0 {
            scratch.pointers.clear();
            scratch.pointers.extend(lanes.iter());
            let later = |(part, ty): (&*mut u8, &DType)| part.wrapping_add(half * columns * ty.size());
            scratch.pointers.extend(lanes.iter().zip(&self.group.state).map(later));
            scratch.pointers.extend(lanes.iter());
            // SAFETY: the lower lanes are merged with the upper ones in place, each point by itself.
            unsafe { call(self.faults, self.merge, &scratch.pointers, self.merge_strides, &[half * columns]) }
            half /= 2;
        }
        let count = points(base);
        for ((lane, ty), &states) in lanes.iter().zip(&self.group.state).zip(self.states) {
            let to = states.wrapping_add((block * count + outer * wide + first) * ty.size());
            // SAFETY: the merged row, and this task's own places among the states.
            unsafe { ptr::copy_nonoverlapping(*lane, to, columns * ty.size()) }
        }
    }
}
