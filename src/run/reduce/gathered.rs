//! Reductions of arrays that lie in no simple way: blocks are computed into a buffer in logical order, and combined there.
//!
//! Comes in: any nest. Goes out: for each block of 512 elements of each point a state. Tasks are blocks.

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{BLOCK, ReduceSpace, Reduction, Strides, call, length, points, push_class};
use crate::jit::Compiled;
use crate::plan::lower::{Class, Layout, Pass, operands};
use crate::plan::nest::{Nest, offset};
use crate::plan::program::Group;
use crate::run::kernels::Slot;
use crate::run::launch::{Env, cost, pays_to_share, share_out};
use crate::run::scratch::{Scratch, with_scratch};

/// What has been chosen for a reduction that gathers.
pub(super) struct ByGathering {
    pub fill: Arc<Slot>,
    fill_strides: Strides,
    combine: Arc<Slot>,
    combine_strides: Strides,
    /// Whether several threads share the blocks.
    pub shared: bool,
}

impl Reduction<'_> {
    /// Chooses the kernels that gather a block and combine it, and whether several threads do.
    pub(super) fn by_gathering(&self, env: &Env, base: &Nest) -> ByGathering {
        let specs = operands(env.program, self.stage, Pass::Fill);
        let mut fill = Layout { loops: 1, ..Layout::default() };
        let mut fill_strides = Strides::new();
        for (o, spec) in specs[..self.sources.len()].iter().enumerate() {
            push_class(&mut fill, &mut fill_strides, base.strides(o)[base.rank() - 1], Some(spec.dtype.size()));
        }
        let mut combine = Layout { loops: 2, ..Layout::default() };
        let mut combine_strides = Strides::new();
        for ty in &self.group.args {
            push_class(&mut fill, &mut fill_strides, ty.size() as isize, Some(ty.size()));
            push_class(&mut combine, &mut combine_strides, 0, None);
            push_class(&mut combine, &mut combine_strides, ty.size() as isize, Some(ty.size()));
        }
        combine.classes.extend(std::iter::repeat_n(Class::Zero, 2 * self.group.state.len()));

        let fill = env.kernels.get(env.program, self.stage, Pass::Fill, &fill);
        let combine = env.kernels.get(env.program, self.stage, Pass::PartialOfArgs, &combine);
        let elements = points(base) * length(base);
        let bytes = specs.iter().map(|s| s.dtype.size()).sum();
        let shared = pays_to_share(env, elements, cost(elements, bytes, fill.weight() + combine.weight()));
        ByGathering { fill, fill_strides, combine, combine_strides, shared }
    }

    /// Blocks are computed into a buffer in logical order, and combined from there.
    ///
    /// # Safety
    /// As for [`run`](Reduction::run).
    pub(super) unsafe fn gathered(&self, env: &Env, space: &mut ReduceSpace, length: usize) {
        let ReduceSpace { base, states, .. } = space;
        let count = points(base);
        let states = self.reserve(&mut states[0], count, length.div_ceil(BLOCK));
        let ByGathering { fill, fill_strides, combine, combine_strides, shared } = self.by_gathering(env, base);
        let gathered = Gathered {
            group: self.group,
            position: self.position,
            base,
            sources: self.sources.len(),
            fill: &**fill.runnable(env.executor, count * length),
            fill_strides: &fill_strides,
            combine: &**combine.runnable(env.executor, count * length),
            combine_strides: &combine_strides,
            states: &states,
            length,
            faults: env,
        };
        let tasks = count * length.div_ceil(BLOCK);
        // SAFETY: tasks read the sources and write states of their own.
        let work = |range: Range<usize>| unsafe { gathered.run(range) };
        share_out(env, tasks, BLOCK, shared, &work);
    }
}

/// Tasks that bring a block into logical order before they combine it.
struct Gathered<'a> {
    group: &'a Group,
    position: Option<usize>,
    base: &'a Nest,
    sources: usize,
    fill: &'a dyn Compiled,
    fill_strides: &'a [isize],
    combine: &'a dyn Compiled,
    combine_strides: &'a [isize],
    states: &'a [*mut u8],
    length: usize,
    faults: &'a Env<'a>,
}

// SAFETY: whoever makes it promises that its memory may be used from any thread; tasks write disjoint states.
unsafe impl Sync for Gathered<'_> {}

impl Gathered<'_> {
    /// # Safety
    /// Sources must be readable and states writable.
    unsafe fn run(&self, tasks: Range<usize>) {
        let count = points(self.base);
        with_scratch(|scratch| {
            for task in tasks {
                let (block, point) = (task / count, task % count);
                // SAFETY: as the caller promises.
                unsafe { self.block(point, block, block * count + point, scratch) }
            }
        });
    }

    /// # Safety
    /// As for [`run`](Gathered::run).
    unsafe fn block(&self, point: usize, block: usize, state: usize, scratch: &mut Scratch) {
        let (base, kept) = (self.base, self.base.kept());
        let (outer, reduced) = base.shape().split_at(kept);
        let inner = reduced.last().copied().unwrap_or(1);
        let room = |size: usize| BLOCK * size;
        let mut at = scratch.bytes.reserve(self.group.args.iter().map(|t| room(t.size())).sum());
        let mut args: SmallVec<[*mut u8; 2]> = SmallVec::new();
        for ty in &self.group.args {
            args.push(at);
            at = at.wrapping_add(room(ty.size()));
        }
        let elements = block * BLOCK..self.length.min((block + 1) * BLOCK);
        let mut element = elements.start;
        while element < elements.end {
            // As far as the innermost reduced axis goes.
            let run = (inner - element % inner).min(elements.end - element);
            scratch.pointers.clear();
            for o in 0..self.sources {
                let (by_kept, by_reduced) = base.strides(o).split_at(kept);
                let place = offset(point, outer, by_kept) + offset(element, reduced, by_reduced);
                scratch.pointers.push(base.pointers()[o].wrapping_offset(place));
            }
            let mut position = element as i64;
            if let Some(operand) = self.position {
                scratch.pointers[operand] = (&raw mut position).cast();
            }
            for (part, ty) in args.iter().zip(&self.group.args) {
                scratch.pointers.push(part.wrapping_add((element - elements.start) * ty.size()));
            }
            // SAFETY: elements of the sources, and places in the buffer reserved above.
            unsafe { call(self.faults, self.fill, &scratch.pointers, self.fill_strides, &[run]) }
            element += run;
        }
        scratch.pointers.clear();
        scratch.pointers.extend(args.iter());
        for (part, ty) in self.states.iter().zip(&self.group.state) {
            scratch.pointers.push(part.wrapping_add(state * ty.size()));
        }
        // SAFETY: the block in the buffer, and this task's own state.
        unsafe { call(self.faults, self.combine, &scratch.pointers, self.combine_strides, &[1, elements.len()]) }
    }
}
