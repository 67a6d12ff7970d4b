//! Runs the tasks of a reduction.
//!
//! Comes in: a [`Fold`]: tasks, each of some points of the result and a piece of what is combined into them. Goes out: the results of
//! these points, or a state of each. Always holds: the order in which elements are combined follows from their number alone.

use std::ops::Range;
use std::ptr;
use std::slice;

use smallvec::{SmallVec, smallvec};

use super::best::Best;
use super::packing::{Gather, LINE, fill};
use super::pass::{Addresses, Run};
use super::scratch::{Scratch, with_scratch};
use super::stop::Stop;
use super::threads::Piece;
use crate::ir::LANES;
use crate::jit::Compiled;
use crate::jit::tier::Executor;
use crate::plan::fold::ROWS;
use crate::plan::nest::offset;
use crate::plan::schedule::{BLOCK, Called, End, Fold, PART, Reach};

/// Addresses of the parts of something: one for each component.
type Parts = SmallVec<[*mut u8; 2]>;

impl Run<'_> {
    /// Runs the tasks of a reduction.
    ///
    /// # Safety
    /// Sources must be readable, results or states writable, at all elements that the tasks reach; what is written must be apart from
    /// all else.
    pub unsafe fn fold(&self, fold: &Fold) {
        let addresses: Addresses = fold.walk.operands.iter().map(|operand| self.address(operand)).collect();
        let (kept, _) = fold.axes();
        let (length, points) = (fold.length(), kept.iter().product::<usize>());
        let elements = length * points;
        let states = points * fold.blocks();
        fn runnable(called: &Called, executor: Executor, elements: usize) -> &dyn Compiled {
            &**called.kernel.runnable(executor, elements)
        }
        let kernels = match &fold.reach {
            Reach::Runs(called) | Reach::Packed { combine: called, .. } => {
                smallvec![runnable(called, self.executor, elements)]
            }
            Reach::Search { best, find, .. } => {
                smallvec![runnable(best, self.executor, elements), runnable(find, self.executor, elements)]
            }
            Reach::Columns { steps, lanes } => {
                let steps = steps.iter().map(|(_, step)| runnable(step, self.executor, elements));
                steps.chain([runnable(lanes, self.executor, states * LANES)]).collect()
            }
        };
        let finish = match &fold.end {
            End::Finish(finish) => Some(&**finish.kernel.runnable(self.executor, points)),
            End::Store(_) => None,
        };
        let merge = &**fold.merge.kernel.runnable(self.executor, states);
        let tasks = Tasks { run: self, fold, addresses: &addresses, kernels, merge, finish };
        // SAFETY: as the caller promises; each task writes results or states of its own.
        let work = |piece: Piece| with_scratch(|scratch| unsafe { tasks.piece(piece, scratch) });
        self.share(fold.tasks(), fold.group * fold.piece * fold.block.min(fold.row), fold.parallel, &work);
    }
}

/// A fold on certain memory, with what runs its kernels.
struct Tasks<'a> {
    run: &'a Run<'a>,
    fold: &'a Fold,
    addresses: &'a [*mut u8],
    /// Those of the reach, in order.
    kernels: SmallVec<[&'a dyn Compiled; 3]>,
    merge: &'a dyn Compiled,
    finish: Option<&'a dyn Compiled>,
}

// SAFETY: whoever runs tasks promises (see `Run::fold`) that their memory may be used so from any thread; each writes elements of its
// own.
unsafe impl Sync for Tasks<'_> {}

/// One task.
struct Task {
    /// Which of the points around the innermost kept axis.
    outer: usize,
    /// Points along the innermost kept axis.
    points: Range<usize>,
    /// Which piece.
    piece: usize,
    /// Blocks that are combined.
    blocks: Range<usize>,
    /// Their elements, if all are one row.
    elements: Range<usize>,
}

/// Blocks of one length.
struct Stretch {
    /// The first element.
    element: usize,
    /// How many blocks.
    count: usize,
    /// Elements of each.
    length: usize,
}

/// The numbers of affine sources while a kernel reads them.
type Numbers = SmallVec<[i64; ROWS]>;

impl Tasks<'_> {
    /// # Safety
    /// As for [`Run::fold`].
    unsafe fn piece(&self, tasks: Piece, scratch: &mut Scratch) {
        let fold = self.fold;
        let (pieces, wide, length) = (fold.pieces(), fold.wide(), fold.length());
        let groups = wide.div_ceil(fold.group);
        for task in tasks {
            let (piece, rest) = (task % pieces, task / pieces);
            let (group, outer) = (rest % groups, rest / groups);
            let points = group * fold.group..wide.min((group + 1) * fold.group);
            let blocks = piece * fold.piece..fold.blocks().min((piece + 1) * fold.piece);
            let elements = blocks.start * fold.block..length.min(blocks.end * fold.block);
            let task = Task { outer, points, piece, blocks, elements };
            // SAFETY: as the caller promises.
            unsafe { self.task(&task, scratch) }
        }
    }

    /// Where element `element` of point `point` of source or result `o` is.
    fn place(&self, o: usize, outer: usize, point: usize, element: usize) -> *mut u8 {
        let (kept, reduced) = self.fold.axes();
        let (by_kept, by_reduced) = self.fold.walk.nest.strides(o).split_at(kept.len());
        let around = kept.len().saturating_sub(1);
        let along = by_kept.last().map_or(0, |&stride| stride * point as isize);
        let place = offset(outer, &kept[..around], &by_kept[..around]) + along + offset(element, reduced, by_reduced);
        self.addresses[o].wrapping_offset(place)
    }

    /// The sources at an element, and nothing else.
    fn sources(&self, pointers: &mut Vec<*mut u8>, numbers: &mut Numbers, at: [usize; 3]) {
        pointers.clear();
        self.push_sources(pointers, self.room_for_numbers(numbers, 1), at);
    }

    /// Room for the numbers of the affine sources of so many elements.
    fn room_for_numbers<'n>(&self, numbers: &'n mut Numbers, elements: usize) -> &'n mut [i64] {
        numbers.resize(elements * self.fold.sources, 0);
        numbers
    }

    /// Adds the sources at an element. The numbers of affine ones are put where `numbers` are, which outlive their use.
    fn push_sources(&self, pointers: &mut Vec<*mut u8>, numbers: &mut [i64], [outer, point, element]: [usize; 3]) {
        for (o, number) in (0..self.fold.sources).zip(numbers) {
            let mut place = self.place(o, outer, point, element);
            if self.fold.walk.operands[o].spec.is_affine() {
                *number = place.addr() as i64;
                place = ptr::from_mut(number).cast();
            }
            pointers.push(place);
        }
    }

    /// # Safety
    /// As for [`Run::fold`].
    unsafe fn task(&self, task: &Task, scratch: &mut Scratch) {
        let (fold, group) = (self.fold, self.fold.group);
        // Rows of states, then what is packed.
        let rows = fold.rows(task.blocks.len());
        let packed = fold.gathered().map(|o| fold.piece_bytes(o)).sum::<usize>();
        let mut own = std::mem::take(&mut scratch.states);
        let mut at = own.reserve(rows.iter().map(|&rows| fold.room(rows)).sum::<usize>() + packed);
        let [states, spare, lanes] = rows.map(|rows| {
            let part = |size: usize| {
                let part = at;
                at = at.wrapping_add((rows * group * size).next_multiple_of(LINE));
                part
            };
            fold.sizes().map(part).collect::<Parts>()
        });
        // SAFETY: as the caller promises; there is room for the states of all blocks, and for half of them, for lanes and for what is
        // packed.
        unsafe {
            match &self.fold.reach {
                Reach::Runs(_) => self.runs(task, &states, scratch),
                Reach::Search { .. } => self.search(task, &states, scratch),
                Reach::Columns { .. } => self.columns(task, &states, &lanes, scratch),
                Reach::Packed { .. } => self.packed(task, &states, at, scratch),
            }
            // (A task that was given up has left states out; so has one that others have found reason to give up, perhaps.)
            if self.run.team.stop.and_then(Stop::found).is_none() {
                let states = self.merge(rows[0], states, spare, task.points.len(), scratch);
                self.end(task, &states, scratch);
            }
        }
        scratch.states = own;
    }

    /// Combines runs: the whole blocks of a point at once, then what is left.
    ///
    /// # Safety
    /// There must be room for a state of each block of each point.
    unsafe fn runs(&self, task: &Task, states: &Parts, scratch: &mut Scratch) {
        let Reach::Runs(called) = &self.fold.reach else { return };
        for (at, point) in task.points.clone().enumerate() {
            let mut block = task.blocks.start;
            while block < task.blocks.end {
                let Stretch { element, count, length } = self.stretch(block, task.blocks.end);
                let mut numbers = Numbers::new();
                self.sources(&mut scratch.pointers, &mut numbers, [task.outer, point, element]);
                self.push_states(&mut scratch.pointers, states, block - task.blocks.start, at);
                // SAFETY: elements of the sources, and the places of these blocks' states.
                unsafe { self.run.call(self.kernels[0], called, &mut scratch.pointers, &[count, length]) }
                block += count;
            }
        }
    }

    /// Finds the best element of each point in the first of the best blocks.
    ///
    /// # Safety
    /// There must be room for a state of each point.
    unsafe fn search(&self, task: &Task, states: &Parts, scratch: &mut Scratch) {
        let Reach::Search { best, parts, find, greatest, top } = &self.fold.reach else { return };
        let dtype = self.fold.states[0].dtype();
        let mut buffer = std::mem::take(&mut scratch.bytes);
        let values = buffer.reserve(self.fold.searched(task.blocks.len()) * dtype.size());
        // The best of so many blocks, or parts of one, of so many elements.
        let look = |found: &mut Best, called: &Called, at: [usize; 3], extents: [usize; 2], scratch: &mut Scratch| {
            let (mut numbers, [count, _]) = (Numbers::new(), extents);
            self.sources(&mut scratch.pointers, &mut numbers, at);
            scratch.pointers.push(values);
            // SAFETY: elements of the sources, and room for a value of each block.
            unsafe {
                self.run.call(self.kernels[0], called, &mut scratch.pointers, &extents);
                found.look(slice::from_raw_parts(values, count * dtype.size()));
            }
        };
        for (at, point) in task.points.clone().enumerate() {
            let mut most = if top.is_some() { 1 } else { usize::MAX };
            let mut found = Best::new(*greatest, dtype, task.blocks.start);
            while found.next < task.blocks.end && (found.value.is_none() || found.value != *top) {
                let Stretch { element, count, length } = self.stretch(found.next, task.blocks.end);
                look(&mut found, best, [task.outer, point, element], [count.min(most), length], scratch);
                most = most.saturating_mul(2);
            }
            let Stretch { element, length, .. } = self.stretch(found.block, task.blocks.end);
            let mut within = Best::new(*greatest, dtype, 0);
            for (start, extents) in [(0, [length / PART, PART]), (length / PART * PART, [1, length % PART])] {
                if extents[0] * extents[1] > 0 {
                    look(&mut within, parts, [task.outer, point, element + start], extents, scratch);
                }
            }
            let (element, length) = (element + within.block * PART, PART.min(length - within.block * PART));
            let mut numbers = Numbers::new();
            self.sources(&mut scratch.pointers, &mut numbers, [task.outer, point, element]);
            self.push_states(&mut scratch.pointers, states, 0, at);
            // SAFETY: elements of the sources, and the place of the point's state.
            unsafe { self.run.call(self.kernels[1], find, &mut scratch.pointers, &[1, length]) }
        }
        scratch.bytes = buffer;
    }

    /// What a kernel combines at once from block `block` on, before `end`: whole blocks of a row, the shorter one that ends it, or short
    /// rows as far as their axis goes.
    fn stretch(&self, block: usize, end: usize) -> Stretch {
        let Fold { row, block: whole, .. } = *self.fold;
        let in_row = row.div_ceil(whole);
        let (at, within) = (block / in_row, block % in_row);
        let element = at * row + within * whole;
        let left = end - block;
        if in_row == 1 {
            let rows = match self.fold.axes().1 {
                [.., rows, _] if self.fold.length() > row => *rows,
                _ => 1,
            };
            return Stretch { element, count: left.min(rows - at % rows), length: row };
        }
        match row / whole - within {
            0 => Stretch { element, count: 1, length: row % whole },
            count => Stretch { element, count: left.min(count), length: whole },
        }
    }

    /// Adds the places of the state in this row and column.
    fn push_states(&self, pointers: &mut Vec<*mut u8>, states: &Parts, row: usize, column: usize) {
        let place = |(part, size): (&*mut u8, usize)| part.wrapping_add((row * self.fold.group + column) * size);
        pointers.extend(states.iter().zip(self.fold.sizes()).map(place));
    }

    /// Combines rows of points, element by element, into rows of lanes.
    ///
    /// # Safety
    /// There must be room for a row of states of each block, and for one of each lane.
    unsafe fn columns(&self, task: &Task, states: &Parts, lanes: &Parts, scratch: &mut Scratch) {
        let Reach::Columns { steps, lanes: merge } = &self.fold.reach else { return };
        let merging = self.kernels[steps.len()];
        let (fold, columns) = (self.fold, task.points.len());
        // The kernel steps over the innermost of the reduced axes.
        let along = fold.axes().1.last().copied().unwrap_or(1);
        for block in 0..task.blocks.len() {
            if self.run.team.is_stopped() {
                return;
            }
            let start = task.elements.start + block * BLOCK;
            let rows = task.elements.end.min(start + BLOCK) - start;
            for (&lane, &init) in lanes.iter().zip(&fold.states) {
                // SAFETY: there is room for a row of each lane.
                unsafe { fill(lane, init, LANES * fold.group) }
            }
            let mut row = 0;
            while row < rows {
                let left = (rows - row).min(along - (start + row) % along);
                let fits = |(elements, _): &(usize, Called)| row % LANES == 0 && LANES * elements <= left;
                let at = steps.iter().position(fits).unwrap_or(steps.len() - 1);
                let (elements, step) = &steps[at];
                let lines = (LANES - row % LANES).min(left);
                let mut numbers = Numbers::new();
                scratch.pointers.clear();
                let own = self.room_for_numbers(&mut numbers, *elements).chunks_exact_mut(fold.sources);
                for (element, own) in own.enumerate() {
                    let element = start + row + element * LANES;
                    self.push_sources(&mut scratch.pointers, own, [task.outer, task.points.start, element]);
                }
                self.push_states(&mut scratch.pointers, lanes, row % LANES, 0);
                // SAFETY: the rows' elements, and a row of states for each of the first of them.
                unsafe { self.run.call(self.kernels[at], step, &mut scratch.pointers, &[lines, columns]) }
                row += lines * elements;
            }
            let mut half = LANES / 2;
            while half > 0 {
                scratch.pointers.clear();
                for row in [0, half, 0] {
                    self.push_states(&mut scratch.pointers, lanes, row, 0);
                }
                // SAFETY: the lower lanes are merged with the upper ones in place, each point by itself.
                unsafe { self.call_on_rows(merging, merge, half, columns, scratch) }
                half /= 2;
            }
            for ((&lane, &part), size) in lanes.iter().zip(states).zip(self.fold.sizes()) {
                let to = part.wrapping_add(block * fold.group * size);
                // SAFETY: the merged row, and the block's own row of states.
                unsafe { ptr::copy_nonoverlapping(lane, to, columns * size) }
            }
        }
    }

    /// # Safety
    /// The pointers must be those of rows of states.
    unsafe fn call_on_rows(
        &self,
        kernel: &dyn Compiled,
        called: &Called,
        rows: usize,
        columns: usize,
        scratch: &mut Scratch,
    ) {
        // Of a group of a single point the rows are one line.
        let extents = if self.fold.group == 1 { [1, rows] } else { [rows, columns] };
        // SAFETY: as the caller promises.
        unsafe { self.run.call(kernel, called, &mut scratch.pointers, &extents) }
    }

    /// Gathers what is no run into a buffer in logical order, and combines runs.
    ///
    /// # Safety
    /// There must be room for a state of each block, and at `buffer` for what is gathered.
    unsafe fn packed(&self, task: &Task, states: &Parts, buffer: *mut u8, scratch: &mut Scratch) {
        let Reach::Packed { combine, .. } = &self.fold.reach else { return };
        let (kept, reduced) = self.fold.axes();
        let whole = task.elements.len() / BLOCK;
        for (at, point) in task.points.clone().enumerate() {
            let mut to = buffer;
            for o in self.fold.gathered() {
                let (size, strides) =
                    (self.fold.walk.operands[o].size(), &self.fold.walk.nest.strides(o)[kept.len()..]);
                let gather = Gather { size, shape: reduced, strides };
                let from = self.place(o, task.outer, point, 0);
                // SAFETY: the piece's elements may be read, and there is room for them.
                unsafe {
                    match self.fold.walk.operands[o].spec.is_affine() {
                        true => gather.numbers(from.addr() as i64, task.elements.clone(), to.cast()),
                        false => gather.elements(from, task.elements.clone(), to),
                    }
                }
                to = to.wrapping_add(self.fold.piece_bytes(o));
            }
            for (blocks, length) in [(0..whole, BLOCK), (whole..task.blocks.len(), task.elements.len() % BLOCK)] {
                if blocks.is_empty() {
                    continue;
                }
                let mut numbers = Numbers::new();
                let first = blocks.start * BLOCK;
                let element = task.elements.start + first;
                self.sources(&mut scratch.pointers, &mut numbers, [task.outer, point, element]);
                let mut from = buffer;
                for o in self.fold.gathered() {
                    scratch.pointers[o] = from.wrapping_add(first * self.fold.walk.operands[o].size());
                    from = from.wrapping_add(self.fold.piece_bytes(o));
                }
                self.push_states(&mut scratch.pointers, states, blocks.start, at);
                // SAFETY: elements of the sources, in their places or gathered, and the places of these blocks' states.
                unsafe { self.run.call(self.kernels[0], combine, &mut scratch.pointers, &[blocks.len(), length]) }
            }
        }
    }

    /// Merges rows of states as the tree of a reduction has them. Gives where the one is that is left.
    ///
    /// # Safety
    /// There must be so many rows, and room for half of them in `spare`.
    unsafe fn merge(
        &self,
        mut rows: usize,
        states: Parts,
        spare: Parts,
        columns: usize,
        scratch: &mut Scratch,
    ) -> Parts {
        let (mut from, mut to) = (states, spare);
        while rows > 1 {
            let pairs = rows / 2;
            scratch.pointers.clear();
            self.push_states(&mut scratch.pointers, &from, 0, 0);
            self.push_states(&mut scratch.pointers, &from, 1, 0);
            self.push_states(&mut scratch.pointers, &to, 0, 0);
            // SAFETY: pairs of rows in `from`, their merged ones in `to`.
            unsafe { self.call_on_rows(self.merge, &self.fold.merge, pairs, columns, scratch) }
            if rows % 2 == 1 {
                for ((&from, &to), size) in from.iter().zip(&to).zip(self.fold.sizes()) {
                    let row = self.fold.group * size;
                    // SAFETY: the last row of `from`, and the row after the merged ones in `to`.
                    unsafe {
                        let last = from.wrapping_add((rows - 1) * row);
                        ptr::copy_nonoverlapping(last, to.wrapping_add(pairs * row), columns * size);
                    }
                }
            }
            std::mem::swap(&mut from, &mut to);
            rows = rows.div_ceil(2);
        }
        from
    }

    /// Finishes the states of a task's points, or stores them.
    ///
    /// # Safety
    /// There must be a state for each point.
    unsafe fn end(&self, task: &Task, states: &Parts, scratch: &mut Scratch) {
        let columns = task.points.len();
        match (&self.fold.end, self.finish) {
            (End::Finish(called), Some(finish)) => {
                scratch.pointers.clear();
                self.push_states(&mut scratch.pointers, states, 0, 0);
                let results = self.fold.sources..self.fold.walk.operands.len();
                scratch.pointers.extend(results.map(|o| self.place(o, task.outer, task.points.start, 0)));
                // SAFETY: the states, and the results of these points.
                unsafe { self.run.call(finish, called, &mut scratch.pointers, &[columns]) }
            }
            (End::Store(parts), _) => {
                let [_, points] = self.fold.left();
                let (pieces, point) = (self.fold.pieces(), task.outer * self.fold.wide() + task.points.start);
                // Points are neighbours, or a point's pieces are: so many runs of so many states, so far apart.
                let (at, [runs, count, apart]) = match self.fold.stacked {
                    true => (point * pieces + task.piece, [columns, 1, pieces]),
                    false => (task.piece * points + point, [1, columns, 0]),
                };
                for ((&part, &state), size) in parts.iter().zip(states).zip(self.fold.sizes()) {
                    let to = self.run.call.wrapping_add(part + at * size);
                    for run in 0..runs {
                        let (from, to) = (state.wrapping_add(run * size), to.wrapping_add(run * apart * size));
                        // SAFETY: the states, and this task's own places in the call's memory.
                        unsafe { ptr::copy_nonoverlapping(from, to, count * size) }
                    }
                }
            }
            (End::Finish(_), None) => {}
        }
    }
}
