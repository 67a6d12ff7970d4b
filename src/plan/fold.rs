//! Reductions of more than one block: tasks, each of some points of the result and a piece of what is combined into them.
//!
//! What a reduction means fixes the order: the reduced axes flattened in logical C order, blocks of 512 elements, element `k` of
//! a block in lane `k mod 8`, lanes and then blocks merged by fixed pairwise trees (blocks level by level, each with its
//! right neighbour, an odd last one going up as it is). That is the tree of a binary counter: what an aligned piece of 2^k
//! blocks comes to is one node of it. So a task combines such a piece by itself, keeping the states of its own blocks
//! alone, and what is left of a reduction is one state for each piece.
//!
//! How the elements of a block are reached is free, and chosen by how they lie ([`Reach`]).

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::kernels::Use;
use super::layout::{Body, OperandSpec};
use super::pass::TASKS;
use super::program::Group;
use super::schedule::{BLOCK, Called, End, Fold, Operand, PART, Reach, Shown, Walk};
use super::table::{Numbers, Table};
use super::target::Target;
use crate::dtype::{DType, Scalar};
use crate::ir::monoid::Fold as Extreme;
use crate::ir::{LANES, Monoid, Op, Role};
use crate::types::graph::NodeKind;

/// Bytes of the states of the lanes of a task's columns: they stay in the second cache. So many columns, since at each end of a row the
/// hardware has to find anew what comes next; but at least so many tasks for each thread, while they are of so many columns.
const STATES: usize = 1 << 18;
const SHARES: usize = 2;
const COLUMNS: usize = 512;
/// Rows that a kernel reads side by side, and operations that it has for all of them.
pub const ROWS: usize = 8;
const OPERATIONS: usize = 32;
/// Elements of a block where order does not matter: so many that merging lanes and states is nothing beside them.
const FREE: usize = 1 << 12;
/// Elements from which on an element is searched for in the best of several blocks, and bytes of such a block: the fewer, the less
/// has to be searched; the more, the less there is to choose from.
const SEARCH: usize = 64;
const SEARCHED: usize = 1 << 11;
/// Elements that a task combines, about.
const TASK: usize = 1 << 15;
/// Blocks of a piece, at most: their states stay in L1.
pub const PIECE: usize = 1 << 12;
/// Elements that are gathered in logical order at a time: where one is the neighbour of another only across many, so many that
/// some of these are among them; no more than fit the second cache.
const PACK: [usize; 2] = [1 << 12, 1 << 17];
/// Bytes of neighbours in memory that should be among them: four cache lines.
const NEIGHBOURS: usize = 256;

/// A nest of a reduction: kept axes, then reduced ones; sources, then results.
pub struct Base<'a> {
    /// The stage.
    pub stage: usize,
    /// What is computed.
    pub group: &'a Group,
    /// The arranged nest.
    pub walk: Walk,
    /// How many of its operands are sources.
    pub sources: usize,
    /// Whether the order of the reduced axes does not matter, so that they stand as they lie.
    pub free: bool,
    /// If the states of pieces are what is wanted: the most blocks of a piece, a power of two.
    pub aligned: Option<usize>,
    /// Whether outer ones of the reduced axes are walked as if they were kept: see [`stack`](Base::stack).
    pub stacked: bool,
}

impl Base<'_> {
    /// The number of points of the result.
    pub fn points(&self) -> usize {
        self.walk.nest.shape()[..self.walk.nest.kept()].iter().product()
    }

    /// The number of elements that are combined into one.
    pub fn length(&self) -> usize {
        self.walk.nest.shape()[self.walk.nest.kept()..].iter().product()
    }

    /// Whether more of the sources lie closer along the innermost kept axis than along the reduced one. Of several reduced axes, so do those that lie
    /// as close along both (a large window that goes over an array), if there are more columns than elements of a row.
    pub fn lies_in_columns(&self) -> bool {
        let nest = &self.walk.nest;
        let (kept, rank) = (nest.kept(), nest.rank());
        if kept == 0 || kept == rank || nest.shape()[kept - 1] < LANES {
            return false;
        }
        let arrays = (0..self.sources).filter(|&o| !self.walk.operands[o].spec.is_affine());
        let strides = arrays.map(|o| [kept - 1, rank - 1].map(|axis| nest.strides(o)[axis].unsigned_abs()));
        let (mut votes, mut ties) = (0, 0);
        for [across, down] in strides.filter(|strides| !strides.contains(&0)) {
            match across.cmp(&down) {
                Ordering::Less => votes += 1,
                Ordering::Equal => ties += 1,
                Ordering::Greater => votes -= 1,
            }
        }
        let wide = rank - kept > 1 && nest.shape()[kept - 1] >= nest.shape()[rank - 1];
        votes > 0 || votes == 0 && ties > 0 && wide
    }

    /// Where all axes are reduced, in an order in which no kernel walks them, and neighbours lie along an outer one: if all that is further
    /// in makes whole blocks, these rows of blocks are combined side by side, as columns are, and the states that they leave are merged
    /// in order. Nothing need be gathered.
    pub fn stack(&mut self) {
        let rank = self.walk.nest.rank();
        if self.walk.nest.kept() > 0 || !self.is_packed() {
            return;
        }
        let inner = |axis: usize| self.walk.nest.shape()[axis + 1..].iter().product::<usize>();
        let apart = |axis: usize| -> usize {
            (0..self.sources).map(|o| self.walk.nest.strides(o)[axis].unsigned_abs()).fold(0, usize::saturating_add)
        };
        let axes = (0..rank - 1).filter(|&axis| inner(axis).is_multiple_of(BLOCK));
        if let Some(axis) = axes.min_by_key(|&axis| apart(axis)) {
            self.walk.nest.reduce_only(rank - 1 - axis);
            self.stacked = self.lies_in_columns();
            if !self.stacked {
                self.walk.nest.reduce_only(rank);
            }
        }
    }

    /// Whether the reduced axes have an order in which no kernel walks them.
    fn is_packed(&self) -> bool {
        !self.free && self.along() > 1 && !self.lies_in_columns()
    }

    /// Whether the position of the best element is looked for in the best of many blocks. (It is in the first of those that are as good,
    /// where elements lie in the order of their positions.)
    pub fn is_search(&self) -> bool {
        self.free
            && self.along() == 1
            && !self.lies_in_columns()
            && self.length() >= SEARCH
            && self.group.search().is_some()
    }

    /// The number of reduced axes.
    fn along(&self) -> usize {
        self.walk.nest.rank() - self.walk.nest.kept()
    }

    /// The length of the innermost kept axis.
    fn wide(&self) -> usize {
        self.walk.nest.shape()[..self.walk.nest.kept()].last().copied().unwrap_or(1)
    }

    /// Whether a source's reduced axes are one run.
    fn is_run(&self, o: usize) -> bool {
        let nest = &self.walk.nest;
        let (shape, strides) = (&nest.shape()[nest.kept()..], &nest.strides(o)[nest.kept()..]);
        (1..shape.len()).all(|axis| strides[axis].checked_mul(shape[axis] as isize) == Some(strides[axis - 1]))
    }

    /// How many elements are gathered at a time: so many that neighbours in memory are among them, if that is not too many.
    fn packing(&self) -> usize {
        let nest = &self.walk.nest;
        let reduced = &nest.shape()[nest.kept()..];
        // So many elements lie between two that are neighbours in memory.
        let apart = |o: usize| {
            let operand = &self.walk.operands[o];
            let strides = &nest.strides(o)[nest.kept()..];
            let near = strides.iter().position(|stride| stride.unsigned_abs() == operand.size())?;
            Some(reduced[near + 1..].iter().product::<usize>() * NEIGHBOURS / operand.size())
        };
        let [least, most] = PACK;
        (0..self.sources).filter(|&o| !self.is_run(o)).filter_map(apart).max().unwrap_or(0).clamp(least, most)
    }

    /// The bytes of an element of each source.
    fn bytes(&self) -> usize {
        self.walk.operands[..self.sources].iter().map(Operand::size).sum()
    }
}

impl Target<'_> {
    /// The tasks of a reduction. `reserve` gives places in the call's memory for so many states of each component.
    pub fn fold(
        &self,
        base: Base,
        numbers: &mut Numbers,
        shown: Shown,
        reserve: &mut dyn FnMut(usize) -> SmallVec<[usize; 2]>,
    ) -> Fold {
        let (length, points) = (base.length(), base.points());
        let size = self.size(&base);
        let (reach, weight) = match () {
            () if base.lies_in_columns() => self.columns(&base, size.group, numbers),
            () if base.is_packed() => self.packed(&base, size, numbers),
            () if base.is_search() => self.search(&base, size, numbers),
            () => self.runs(&base, size, numbers),
        };
        let parallel = self.pays_to_share(points * length, base.bytes(), weight);
        let merge = self.merge(&base, size.group, 2, numbers);
        let states = base.group.init.iter().copied().collect();
        let Base { stage, sources, stacked, .. } = base;
        let end = if size.blocks() <= size.piece && base.aligned.is_none() && !base.stacked {
            End::Finish(self.finish(&base, numbers))
        } else {
            End::Store(reserve(size.blocks().div_ceil(size.piece) * points))
        };
        let Size { group, piece, block, row, .. } = size;
        Fold {
            stage,
            walk: base.walk,
            sources,
            states,
            group,
            block,
            row,
            piece,
            stacked,
            reach,
            merge,
            end,
            parallel,
            shown,
        }
    }

    /// How many elements are combined in registers at a time.
    pub fn block(&self, base: &Base) -> usize {
        match self.tuning.tile {
            _ if !base.free || base.lies_in_columns() => BLOCK,
            Some(tile) => tile.clamp(LANES, FREE),
            None if base.is_search() => SEARCHED / base.group.args.first().map_or(1, |ty| ty.size()),
            None => FREE,
        }
    }

    /// How much a task takes. It decides nothing about the result.
    fn size(&self, base: &Base) -> Size {
        let (columns, packed) = (base.lies_in_columns(), base.is_packed());
        let (length, block) = (base.length(), self.block(base));
        let row = if base.free && !columns { base.walk.nest.shape().last().copied().unwrap_or(1) } else { length };
        // No more between two looks than is done in a short time; of columns a block.
        let most = self.task(self.of_stage(base.stage));
        let pack = if packed { base.packing() } else { TASK }.min(most);
        let mut size = Size { group: 1, piece: 1, block, row, length };
        let blocks = size.blocks();
        let group = match self.tuning.tile {
            Some(tile) if columns => tile,
            None if columns => self.columns_of(base, blocks).min((most / BLOCK).max(LANES)),
            _ if packed => 1,
            tile => tile.unwrap_or(pack) / length,
        };
        size.group = group.clamp(1, base.wide());
        // Enough tasks that threads have a few each; pieces of no less than is worth one.
        let tasks = base.points().div_ceil(size.group) as f64 / (self.threads * TASKS) as f64;
        let piece = match self.tuning.tile {
            Some(tile) => tile / block.min(row),
            None if packed => pack / BLOCK,
            None => {
                let least = (TASK / block.min(row) / size.group).clamp(1, PIECE);
                let elements = block.min(row) * if columns { 1 } else { size.group };
                ((blocks as f64 * tasks) as usize).clamp(least, PIECE).min(most / elements)
            }
        };
        let most = if base.stacked { 1 << blocks.trailing_zeros() } else { blocks.next_power_of_two() };
        let most = most.min(base.aligned.unwrap_or(usize::MAX));
        size.piece = piece.max(1).next_power_of_two().min(most);
        size
    }

    /// How many columns a task takes, of this many blocks.
    fn columns_of(&self, base: &Base, blocks: usize) -> usize {
        let state: usize = base.group.state.iter().map(|ty| ty.size()).sum();
        let most = STATES / (LANES * state);
        let around = base.points() / base.wide() * blocks;
        let wanted = base.wide() * around / (self.threads * SHARES);
        most.min(wanted.max(COLUMNS))
    }

    /// Along memory.
    fn runs(&self, base: &Base, size: Size, numbers: &mut Numbers) -> (Reach, f64) {
        let table = self.blocks(base, size);
        let called = self.with_states(table, base, Body::PARTIAL, size.group, numbers);
        let weight = called.kernel.weight();
        (Reach::Runs(called), weight)
    }

    /// Along memory, by the best block.
    fn search(&self, base: &Base, size: Size, numbers: &mut Numbers) -> (Reach, f64) {
        let find = self.with_states(self.blocks(base, size), base, Body::PARTIAL, size.group, numbers);
        let value = base.group.args[0];
        let mut of_blocks = |size| {
            let mut table = self.blocks(base, size);
            table.push(&OperandSpec::plain(value, Role::Out), &[value.size() as isize, 0]);
            table.called(self, Use::Stage(base.stage, Body::EXTREME), numbers)
        };
        let (best, parts) = (of_blocks(size), of_blocks(Size { block: PART, row: usize::MAX, ..size }));
        let weight = best.kernel.weight();
        let greatest = base.group.monoids[0].extreme == Some(Extreme::Max);
        (Reach::Search { best, parts, find, greatest, top: self.top(base, value, greatest) }, weight)
    }

    /// The value that none beats, of elements of a type.
    fn top(&self, base: &Base, value: DType, greatest: bool) -> Option<Scalar> {
        let graph = &self.program.graph;
        let node = graph.node(graph.node(base.group.nodes[0]).args[0]);
        if node.kind == NodeKind::Op(Op::Convert) && graph.node(node.args[0]).dtype == DType::Bool {
            return Some(Scalar::from_bits(value, greatest.into()));
        }
        let other = if greatest { Extreme::Min } else { Extreme::Max };
        Monoid::of(other, value).filter(|_| !value.is_float()).map(|monoid| monoid.init[0])
    }

    /// A table whose loops are blocks and their elements, of the sources.
    fn blocks(&self, base: &Base, size: Size) -> Table {
        let mut table = Table::new(2);
        for o in 0..base.sources {
            let strides = base.walk.nest.strides(o);
            let step = strides.last().copied().unwrap_or(0);
            // From block to block: in a row, or from row to row.
            let next = match size.row <= size.block && base.along() > 1 {
                true => strides[strides.len() - 2],
                false => step * size.block as isize,
            };
            table.push_operand(self.program, &base.walk.operands[o], &[next, step], false);
        }
        table
    }

    /// A kernel that leaves a state for each step of its outer loop, a row of so many states further on each time.
    fn with_states(&self, mut table: Table, base: &Base, body: Body, group: usize, numbers: &mut Numbers) -> Called {
        for &ty in &base.group.state {
            table.push(&OperandSpec::plain(ty, Role::Out), &[(group * ty.size()) as isize, 0]);
        }
        table.called(self, Use::Stage(base.stage, body), numbers)
    }

    /// Across memory.
    fn columns(&self, base: &Base, group: usize, numbers: &mut Numbers) -> (Reach, f64) {
        let most = self.together(base);
        let counts = &[most, 1][usize::from(most == 1)..];
        let steps: SmallVec<[_; 2]> =
            counts.iter().map(|&count| (count, self.step(base, count, group, numbers))).collect();
        let weight = steps.last().map_or(0.0, |(_, step)| step.kernel.weight()) + 1.0;
        (Reach::Columns { steps, lanes: self.merge(base, group, 1, numbers) }, weight)
    }

    /// How many elements of each lane a kernel combines at a time: several where that is little code, so that states are seldom
    /// fetched and stored, and rows are read side by side.
    fn together(&self, base: &Base) -> usize {
        let operations = self.program.stages[base.stage].nodes.iter();
        let operations: usize = operations.map(|&node| self.program.graph.operations(node)).sum();
        let along = base.walk.nest.shape().last().copied().unwrap_or(1);
        let most = (ROWS / base.sources).min(OPERATIONS / (operations + 1)).min(along / LANES).max(1);
        1 << most.ilog2()
    }

    /// Combines so many times eight rows, or, of one, fewer.
    fn step(&self, base: &Base, elements: usize, group: usize, numbers: &mut Numbers) -> Called {
        let nest = &base.walk.nest;
        let (kept, rank) = (nest.kept(), nest.rank());
        let mut table = Table::new(2);
        for element in 0..elements {
            for o in 0..base.sources {
                let strides = nest.strides(o);
                let operand = base.walk.operands[o];
                // The innermost axis is stepped over by the kernel.
                let further = (element * LANES) as isize * strides[rank - 1];
                let operand = Operand { offset: operand.offset + further, ..operand };
                table.push_operand(self.program, &operand, &[strides[rank - 1], strides[kept - 1]], false);
            }
        }
        for &ty in &base.group.state {
            let size = ty.size() as isize;
            table.push(&OperandSpec::plain(ty, Role::InOut), &[group as isize * size, size]);
        }
        table.called(self, Use::Stage(base.stage, Body::steps(elements)), numbers)
    }

    /// By way of a buffer in logical order, what is no run.
    fn packed(&self, base: &Base, size: Size, numbers: &mut Numbers) -> (Reach, f64) {
        let mut table = Table::new(2);
        let mut gathered = SmallVec::new();
        for o in 0..base.sources {
            let operand = &base.walk.operands[o];
            if base.is_run(o) {
                let step = base.walk.nest.strides(o).last().copied().unwrap_or(0);
                table.push_operand(self.program, operand, &[step * BLOCK as isize, step], false);
            } else {
                gathered.push(o as u32);
                let step = operand.size() as isize;
                table.push_stored(&operand.spec, &[step * BLOCK as isize, step]);
            }
        }
        let combine = self.with_states(table, base, Body::PARTIAL, size.group, numbers);
        let weight = combine.kernel.weight() + gathered.len() as f64;
        (Reach::Packed { gathered, combine }, weight)
    }

    /// Merges rows of states, of which the earlier ones are so many rows apart.
    fn merge(&self, base: &Base, group: usize, apart: isize, numbers: &mut Numbers) -> Called {
        let mut table = Table::new(2);
        for (role, apart) in [(Role::In, apart), (Role::In, apart), (Role::Out, 1)] {
            for &ty in &base.group.state {
                let size = ty.size() as isize;
                let row = group as isize * size * apart;
                // A single column is one line of rows.
                let strides = if group == 1 { [0, row] } else { [row, size] };
                table.push(&OperandSpec::plain(ty, role), &strides);
            }
        }
        table.called(self, Use::Stage(base.stage, Body::MERGE), numbers)
    }

    /// Finishes the states of a group of points.
    fn finish(&self, base: &Base, numbers: &mut Numbers) -> Called {
        let mut table = Table::new(1);
        for &ty in &base.group.state {
            table.push(&OperandSpec::plain(ty, Role::In), &[ty.size() as isize]);
        }
        let nest = &base.walk.nest;
        for o in base.sources..base.walk.operands.len() {
            let stride = nest.kept().checked_sub(1).map_or(0, |axis| nest.strides(o)[axis]);
            table.push_operand(self.program, &base.walk.operands[o], &[stride], nest.kept() == 0);
        }
        table.called(self, Use::Stage(base.stage, Body::FINISH), numbers)
    }
}

/// How much a task takes.
#[derive(Clone, Copy)]
struct Size {
    /// Points along the innermost kept axis.
    group: usize,
    /// Blocks.
    piece: usize,
    /// Elements of a block.
    block: usize,
    /// Elements of a row of blocks.
    row: usize,
    /// All elements that are combined into one.
    length: usize,
}

impl Size {
    fn blocks(&self) -> usize {
        self.length / self.row * self.row.div_ceil(self.block)
    }
}
