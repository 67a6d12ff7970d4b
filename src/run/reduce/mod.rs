//! Runs a reduction stage.
//!
//! What a reduction means fixes the order: the reduced axes flattened in logical C order, blocks of 512 elements, element
//! `k` of a block in lane `k mod 8`, lanes and then blocks merged by fixed pairwise trees (blocks level by level, each
//! with its right neighbour, an odd last one going up as it is). How the elements are reached is free, and chosen by how
//! they lie:
//! - **short**: there are few elements to combine: a kernel without a loop over them combines each at many points at once;
//! - **runs**: the reduced axes are one run for every operand: a kernel combines it in registers;
//! - **columns**: neighbours lie along a kept axis: rows are combined, element by element, into eight rows of states;
//! - **gathered**: anything else: blocks are computed into a buffer in logical order and combined from there.

mod columns;
mod gathered;
mod plan;

use std::ops::Range;
use std::ptr;

use smallvec::SmallVec;

use crate::dtype::{DType, Scalar};
use crate::ir::LANES;
use crate::jit::{Call, Compiled};
use crate::plan::lower::{Class, Layout, OperandSpec, Pass, operands};
use crate::plan::nest::{Nest, offset};
use crate::plan::program::Group;
use crate::run::launch::{Env, LaunchSpace, launch};
use crate::run::scratch::Buffer;
use crate::run::view::Strided;
use crate::types::graph::NodeId;

/// Elements of a block: part of what a sum means.
pub const BLOCK: usize = 512;
/// A kernel's table of strides, on the stack as a rule.
type Strides = SmallVec<[isize; 16]>;

/// What a reduction works in.
#[derive(Default)]
pub struct ReduceSpace {
    base: Nest,
    nest: Nest,
    launch: LaunchSpace,
    /// States: the ones at hand, and those of the next level of the tree.
    states: [Buffer; 2],
    /// For each block the position of its first element, where a reduction asks for positions.
    positions: Buffer,
}

impl ReduceSpace {
    /// What may have grown large.
    pub fn buffers(&mut self) -> impl Iterator<Item = &mut Buffer> {
        self.states.iter_mut().chain([&mut self.positions])
    }
}

/// How the elements that are combined are reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The few elements of a run are combined at many points at once; if a map has `joined` the pass, it is done with the result.
    Short { joined: bool },
    /// Each run is a single block; likewise.
    Whole { joined: bool },
    /// Along memory, block by block.
    Runs,
    /// Across memory, rows of neighbours at a time.
    Columns,
    /// Gathered into a buffer, block by block.
    Gathered,
}

impl Way {
    /// Whether a map that joins the pass is done with it.
    pub fn joins(self) -> bool {
        matches!(self, Way::Short { joined: true } | Way::Whole { joined: true })
    }
}

/// There is no memory for a temporary.
pub struct NoMemory;

/// Places for results of these types, of `elements` each, one after another in a buffer.
pub fn results(
    buffer: &mut Buffer,
    elements: usize,
    dtypes: impl Iterator<Item = DType> + Clone,
) -> Option<SmallVec<[*mut u8; 2]>> {
    let room = |dtype: DType| elements.checked_mul(dtype.size())?.checked_next_multiple_of(64);
    let total = dtypes.clone().try_fold(0usize, |sum, dtype| sum.checked_add(room(dtype)?))?;
    let mut at = buffer.try_reserve(total)?;
    let mut places = SmallVec::new();
    for dtype in dtypes {
        places.push(at);
        at = at.wrapping_add(room(dtype)?);
    }
    Some(places)
}

/// A stage of reductions, with shapes known.
pub struct Reduction<'a> {
    /// The stage.
    pub stage: usize,
    /// What is computed.
    pub group: &'a Group,
    /// The shape that it runs over.
    pub shape: &'a [usize],
    /// The reduced axes: bit `i` for axis `i`.
    pub axes: u64,
    /// What the stage reads.
    pub sources: &'a [Strided<'a>],
    /// Which of the sources is no array, but asks for the position of elements.
    pub position: Option<usize>,
    /// What it leaves behind; where that lies, is found when it is known to be needed.
    pub results: &'a [Strided<'a>],
    /// The stage that joins, if one has the shape for it.
    pub joined: Option<Joined<'a>>,
}

/// A stage that takes the results of a reduction where they are made, in the same pass.
#[derive(Clone, Copy)]
pub struct Joined<'a> {
    /// What it reads besides, and what it writes.
    pub views: &'a [Strided<'a>],
    /// Whether its shape has the reduced axes, with length 1.
    pub keepdims: bool,
}

impl Reduction<'_> {
    /// Runs the reductions. Gives where in `temp` their results are; `None` if the map that joins has been done instead.
    ///
    /// # Errors
    /// Where there is no memory for the result or what leads to it; nothing has been run then.
    ///
    /// # Safety
    /// Sources must be readable, the result and the map's outputs writable, at all of their elements; what is written
    /// must be apart from all else. No axis has length 0.
    pub unsafe fn run(
        &self,
        env: &Env,
        space: &mut ReduceSpace,
        temp: &mut Buffer,
    ) -> Result<Option<SmallVec<[*mut u8; 2]>>, NoMemory> {
        let specs = operands(env.program, self.stage, Pass::Whole { joined: false });
        self.arrange(&mut space.base, self.results, true);
        let way = self.way(env, &space.base, &specs);
        if let (true, Some(joined)) = (way.joins(), self.joined) {
            self.arrange(&mut space.base, joined.views, joined.keepdims);
            // SAFETY: as the caller promises.
            unsafe { self.go(env, space, way) }
            return Ok(None);
        }
        let results = results(temp, points(&space.base), self.results.iter().map(|view| view.dtype)).ok_or(NoMemory)?;
        if let Way::Runs | Way::Columns | Way::Gathered = way {
            self.reserve_states(space)?;
        }
        for (k, &result) in results.iter().enumerate() {
            space.base.set_pointer(self.sources.len() + k, result);
        }
        // SAFETY: as the caller promises, and there is room for the result and all states.
        unsafe { self.go(env, space, way) }
        Ok(Some(results))
    }

    /// Runs the arranged nest.
    ///
    /// # Safety
    /// As for [`run`](Reduction::run); and there must be room for what the nest writes, and for states.
    unsafe fn go(&self, env: &Env, space: &mut ReduceSpace, way: Way) {
        let length = length(&space.base);
        // SAFETY: as the caller promises.
        unsafe {
            match way {
                Way::Short { joined } => return self.short(env, space, Pass::Short { length: length as u8, joined }),
                Way::Whole { joined } => return self.whole(env, space, Pass::Whole { joined }),
                Way::Runs => self.runs(env, space, length),
                Way::Columns => self.columns(env, space, length),
                Way::Gathered => self.gathered(env, space, length),
            }
            self.finish(env, space, length.div_ceil(BLOCK));
        }
    }

    /// Room for the states of all blocks, and for those of the next level of the tree; and the positions of blocks.
    fn reserve_states(&self, space: &mut ReduceSpace) -> Result<(), NoMemory> {
        let (count, blocks) = (points(&space.base), length(&space.base).div_ceil(BLOCK));
        if self.position.is_some() {
            let table = space.positions.try_reserve(blocks * size_of::<i64>()).ok_or(NoMemory)?.cast::<i64>();
            for block in 0..blocks {
                // SAFETY: there is room for as many.
                unsafe { table.add(block).write_unaligned((block * BLOCK) as i64) }
            }
        }
        for (buffer, blocks) in space.states.iter_mut().zip([blocks, blocks.div_ceil(2)]) {
            buffer.try_reserve(self.room(count, blocks)).ok_or(NoMemory)?;
        }
        Ok(())
    }

    /// The nest of the sources and of what has the result's shape, with the reduced axes or without.
    fn arrange(&self, nest: &mut Nest, of_result: &[Strided], keepdims: bool) {
        nest.begin(self.shape);
        for view in self.sources {
            nest.push(view.pointer, view.axes());
        }
        for view in of_result {
            // Axes of the result, last first, against those of the shape that are kept.
            let mut own = view.axes().rev();
            let mut strides: SmallVec<[isize; 6]> = SmallVec::new();
            for axis in (0..self.shape.len()).rev() {
                let gone = self.axes >> axis & 1 == 1;
                let here = if gone && !keepdims { None } else { own.next() };
                let stride = here.map_or(0, |(n, stride)| if n == 1 || gone { 0 } else { stride });
                strides.push(stride);
            }
            nest.push_bytes(view.pointer, strides.into_iter().rev());
        }
        nest.arrange(|axis| self.axes >> axis & 1 == 1);
    }

    /// How the elements are reached, in an arranged nest.
    fn way(&self, env: &Env, base: &Nest, specs: &[OperandSpec]) -> Way {
        let along = base.rank() - base.kept();
        let joined = self.joined.is_some();
        match () {
            () if self.is_short(env, base) => Way::Short { joined },
            () if base.kept() > 0 && along > 0 && self.lies_in_columns(base, specs) => Way::Columns,
            () if along > 1 => Way::Gathered,
            () if length(base) > BLOCK => Way::Runs,
            () => Way::Whole { joined },
        }
    }

    /// Whether more of the sources have their neighbours along the innermost kept axis than along the reduced one.
    fn lies_in_columns(&self, base: &Nest, specs: &[OperandSpec]) -> bool {
        let (kept, rank) = (base.kept(), base.rank());
        let units = |axis: usize| {
            let unit = |&o: &usize| base.strides(o)[axis].unsigned_abs() == specs[o].dtype.size();
            (0..self.sources.len()).filter(unit).count()
        };
        base.shape()[kept - 1] >= LANES && units(kept - 1) > units(rank - 1)
    }

    /// Whether the elements of a run are so few, and what is done with each so little, that a kernel has it once for each.
    fn is_short(&self, env: &Env, base: &Nest) -> bool {
        /// Points from which on another kernel for the length is worth it.
        const POINTS: usize = 16;
        /// Operations of a kernel.
        const OPERATIONS: usize = 500;
        let (length, program) = (length(base), env.program);
        let operations = |&node: &NodeId| program.graph.node(node).kind.operations();
        let operations = || program.stages[self.stage].nodes.iter().map(operations).sum::<usize>();
        // An operand that is rearranged in a buffer would be so once for each element.
        let rearranged = |operand: usize| {
            let (strides, size) = (base.strides(operand), self.sources[operand].dtype.size());
            match strides[..base.kept()] {
                [.., next, last] => last != 0 && last.unsigned_abs() != size && next.unsigned_abs() == size,
                _ => false,
            }
        };
        length < LANES
            && points(base) >= POINTS
            && length * operations() <= OPERATIONS
            && !(0..self.sources.len()).any(rearranged)
    }

    /// One kernel does it all, with the elements of a run side by side in registers.
    ///
    /// # Safety
    /// As for [`run`](Reduction::run).
    unsafe fn short(&self, env: &Env, space: &mut ReduceSpace, pass: Pass) {
        let ReduceSpace { base, nest, launch: work, .. } = space;
        self.nest_of_short(nest, base);
        let specs = operands(env.program, self.stage, pass);
        // SAFETY: the nest reaches the elements of the sources, and those of the result or of what the map that joins reads
        // besides and writes.
        unsafe { launch(env, self.stage, pass, &specs, nest, work) }
    }

    /// A nest over the kept axes, with each source once for each element of a run.
    fn nest_of_short(&self, nest: &mut Nest, base: &Nest) {
        let (kept, reduced) = base.shape().split_at(base.kept());
        nest.begin_arranged(kept.iter().copied(), 0);
        for (operand, &pointer) in base.pointers().iter().enumerate() {
            if self.position == Some(operand) {
                continue;
            }
            let (kept, steps) = base.strides(operand).split_at(base.kept());
            let elements = if operand < self.sources.len() { length(base) } else { 1 };
            for element in 0..elements {
                let along = offset(element, reduced, steps);
                nest.push_bytes(pointer.wrapping_offset(along), kept.iter().copied());
            }
        }
        nest.arrange(|_| false);
    }

    /// One kernel does it all: each run is a single block.
    ///
    /// # Safety
    /// As for [`run`](Reduction::run).
    unsafe fn whole(&self, env: &Env, space: &mut ReduceSpace, pass: Pass) {
        let ReduceSpace { base, nest, launch: work, .. } = space;
        let specs = operands(env.program, self.stage, pass);
        run_nest(nest, base, specs.len(), 0..1, None);
        // SAFETY: the nest reaches the elements of the sources, and those of the result or of what the map that joins reads
        // besides and writes.
        unsafe { launch(env, self.stage, pass, &specs, nest, work) }
    }

    /// A kernel combines each block of each run.
    ///
    /// # Safety
    /// As for [`run`](Reduction::run).
    unsafe fn runs(&self, env: &Env, space: &mut ReduceSpace, length: usize) {
        let ReduceSpace { base, nest, launch: work, states, positions } = space;
        let table = positions.reserve(0);
        let states = self.reserve(&mut states[0], points(base), length.div_ceil(BLOCK));
        let specs = operands(env.program, self.stage, Pass::Partial);
        let whole = length / BLOCK;
        for blocks in [0..whole, whole..length.div_ceil(BLOCK)] {
            if blocks.is_empty() {
                continue;
            }
            self.nest_of_runs(nest, base, &specs, blocks, &states, table);
            // SAFETY: the nest reaches elements of the sources within the runs, and the states reserved above.
            unsafe { launch(env, self.stage, Pass::Partial, &specs, nest, work) }
        }
    }

    /// The nest of some of the blocks of each run: the last one may be shorter, and then stands alone.
    fn nest_of_runs(
        &self,
        nest: &mut Nest,
        base: &Nest,
        specs: &[OperandSpec],
        blocks: Range<usize>,
        states: &[*mut u8],
        positions: *mut u8,
    ) {
        let sources = self.sources.len();
        let length = BLOCK.min(length(base) - blocks.start * BLOCK);
        run_nest(nest, base, sources, blocks.clone(), Some(length));
        if let Some(operand) = self.position {
            let first = blocks.start * size_of::<i64>();
            nest.set_operand(operand, positions.wrapping_add(first), base.kept(), size_of::<i64>() as isize);
        }
        let count = points(base);
        for (spec, &pointer) in specs[sources..].iter().zip(states) {
            let size = spec.dtype.size();
            let strides = state_strides(base, size).chain([(count * size) as isize, 0]);
            nest.push_bytes(pointer.wrapping_add(blocks.start * count * size), strides);
        }
    }

    /// Merges the states of each point's blocks, and writes the result.
    ///
    /// # Safety
    /// The states of all blocks must have been computed; the result must be writable.
    unsafe fn finish(&self, env: &Env, space: &mut ReduceSpace, mut blocks: usize) {
        let ReduceSpace { base, nest, launch: work, states, .. } = space;
        let [now, next] = states;
        let count = points(base);
        let specs = operands(env.program, self.stage, Pass::Merge);
        let components = self.group.state.len();
        let mut from = self.reserve(now, count, blocks);
        let mut to = self.reserve(next, count, blocks.div_ceil(2));
        while blocks > 1 {
            let pairs = blocks / 2;
            nest.begin(&[pairs, count]);
            for operand in 0..3 * components {
                let (size, part) = (specs[operand].dtype.size() as isize, operand % components);
                let row = count as isize * size;
                let (pointer, down) = match operand / components {
                    0 => (from[part], 2 * row),
                    1 => (from[part].wrapping_offset(row), 2 * row),
                    _ => (to[part], row),
                };
                nest.push_bytes(pointer, [down, size].into_iter());
            }
            nest.arrange(|_| false);
            // SAFETY: the nest reaches whole rows of states: pairs of them in `from`, their merged ones in `to`.
            unsafe { launch(env, self.stage, Pass::Merge, &specs, nest, work) }
            if blocks % 2 == 1 {
                for (part, ty) in self.group.state.iter().enumerate() {
                    let row = count * ty.size();
                    // SAFETY: the last row of `from`, and the row after the merged ones in `to`.
                    unsafe {
                        let last = from[part].wrapping_add((blocks - 1) * row);
                        ptr::copy_nonoverlapping(last, to[part].wrapping_add(pairs * row), row);
                    }
                }
            }
            std::mem::swap(&mut from, &mut to);
            blocks = blocks.div_ceil(2);
        }
        let specs = operands(env.program, self.stage, Pass::Finish);
        nest.begin_arranged(base.shape()[..base.kept()].iter().copied(), 0);
        for (spec, &pointer) in specs.iter().zip(&from) {
            nest.push_bytes(pointer, state_strides(base, spec.dtype.size()));
        }
        for result in self.sources.len()..self.sources.len() + self.results.len() {
            nest.push_bytes(base.pointers()[result], base.strides(result)[..base.kept()].iter().copied());
        }
        nest.arrange(|_| false);
        // SAFETY: the nest reaches one row of states, and the result.
        unsafe { launch(env, self.stage, Pass::Finish, &specs, nest, work) }
    }

    /// Bytes for states: for each component, a row of `points` for each block.
    fn room(&self, points: usize, blocks: usize) -> usize {
        self.group.state.iter().map(|t| (points * blocks * t.size()).next_multiple_of(64)).sum()
    }

    /// Room for states, which must have been found to be there.
    fn reserve(&self, buffer: &mut Buffer, points: usize, blocks: usize) -> SmallVec<[*mut u8; 2]> {
        let mut at = buffer.reserve(self.room(points, blocks));
        let parts = self.group.state.iter().map(|ty| {
            let part = at;
            at = at.wrapping_add((points * blocks * ty.size()).next_multiple_of(64));
            part
        });
        parts.collect()
    }
}

/// The number of points of the result.
fn points(base: &Nest) -> usize {
    base.shape()[..base.kept()].iter().product()
}

/// The number of elements that are combined into one.
fn length(base: &Nest) -> usize {
    base.shape()[base.kept()..].iter().product()
}

/// The strides of states that lie in C order over the kept axes.
fn state_strides(base: &Nest, size: usize) -> impl Iterator<Item = isize> {
    let kept = base.kept();
    let shape = &base.shape()[..kept];
    (0..kept).map(move |axis| (shape[axis + 1..].iter().product::<usize>() * size) as isize)
}

/// A nest over the kept axes, blocks, and the elements of a block, of the first `operands` operands. Without `block`
/// there is a single block, the whole run, and no axis for it (but one of length 1 where no axis is kept).
fn run_nest(nest: &mut Nest, base: &Nest, operands: usize, blocks: Range<usize>, block: Option<usize>) {
    let (kept, reduced) = base.shape().split_at(base.kept());
    let length = reduced.first().copied().unwrap_or(1);
    let extra = (block.is_some() || kept.is_empty()).then_some(blocks.len());
    nest.begin_arranged(kept.iter().copied().chain(extra).chain([block.unwrap_or(length)]), 1);
    for operand in 0..operands {
        let (kept, reduced) = base.strides(operand).split_at(base.kept());
        let step = reduced.first().copied().unwrap_or(0);
        let down = step * BLOCK as isize;
        let pointer = base.pointers()[operand].wrapping_offset(blocks.start as isize * down);
        nest.push_bytes(pointer, kept.iter().copied().chain(extra.map(|_| down)).chain([step]));
    }
}

/// Adds how an operand moves along a loop to a layout and its table of strides. Only the innermost loop has a `size`.
fn push_class(layout: &mut Layout, strides: &mut Strides, stride: isize, size: Option<usize>) {
    let class = match stride {
        0 => Class::Zero,
        _ if Some(stride) == size.map(|s| s as isize) => Class::Unit,
        _ => Class::Any,
    };
    layout.classes.push(class);
    if class != Class::Zero {
        strides.push(stride);
    }
}

/// # Safety
/// As for [`Compiled::run`].
unsafe fn call(env: &Env, kernel: &dyn Compiled, pointers: &[*mut u8], strides: &[isize], extents: &[usize]) {
    let call = Call { pointers, strides, extents, origin: &[0, 0][..extents.len()], faults: env.faults };
    // SAFETY: as the caller promises.
    unsafe { kernel.run(&call) }
}

/// Writes a value over and over.
///
/// # Safety
/// There must be room for `count` elements.
pub unsafe fn fill(to: *mut u8, value: Scalar, count: usize) {
    // SAFETY: as the caller promises; the low bytes of the bits are the element's, whatever the byte order.
    unsafe {
        match value.dtype().size() {
            1 => ptr::write_bytes(to, value.bits() as u8, count),
            2 => (0..count).for_each(|i| to.cast::<u16>().add(i).write_unaligned(value.bits() as u16)),
            4 => (0..count).for_each(|i| to.cast::<u32>().add(i).write_unaligned(value.bits() as u32)),
            _ => (0..count).for_each(|i| to.cast::<u64>().add(i).write_unaligned(value.bits())),
        }
    }
}
