//! A stage of reductions as steps.
//!
//! Runs of one block, and of few elements, are single passes, which a map that reads the result may join; longer ones are tasks
//! ([`Fold`]), whose states are merged by passes of their own if there are several pieces.

use smallvec::SmallVec;

use super::fold::Base;
use super::kernels::Use;
use super::layout::{Body, OperandSpec, joined_sources};
use super::make::{Array, Maker};
use super::nest::{Nest, offset};
use super::program::Group;
use super::schedule::{End, Fold, How, Operand, Place, Shown, Step, Walk};
use super::shape::Shape;
use super::source::Source;
use crate::dtype::DType;
use crate::ir::{LANES, Role};
use crate::types::graph::NodeId;

/// Points from which on a kernel of its own for a short run is worth it.
const POINTS: usize = 16;
/// Operations of such a kernel: a window of 256 elements, of which a product is 3.
const OPERATIONS: usize = 768;
/// Elements of such a run that is no shorter than the lanes of a sum, and how many rows of memory they may lie in: more than the
/// hardware fetches ahead would be slower than one after another.
const WINDOW: usize = 256;
const STREAMS: usize = 16;
/// Bytes of a line of the cache: elements of less than that between them lie in one row.
const LINE: usize = 64;

impl Maker<'_> {
    /// Adds the steps of stage `at`, which has elements.
    pub fn reduce(&mut self, at: usize, group: &Group) {
        let sources: Vec<Array> = self.program.stages[at].sources.iter().map(|&source| self.source(source)).collect();
        // How elements are reached does not depend on where the results go, but they have their say in the order of the axes.
        let before = self.memory.clone();
        self.hold(at);
        let mut base = self.base(at, group, &sources, self.left(at), true);
        base.stack();
        let block = self.target.block(&base);
        let along = base.walk.nest.rank() - base.walk.nest.kept();
        let how = match () {
            () if self.is_short(&base) => How::Unrolled,
            () if base.stacked => How::Stacked,
            () if base.lies_in_columns() => How::Columns,
            () if along > 1 && !base.free => How::Packed,
            () if along > 1 || base.length() > block || base.is_search() || self.part.is_some() => How::Runs,
            () => How::Whole,
        };
        let single = matches!(how, How::Unrolled | How::Whole);
        let forms = &self.shapes.left[at].forms;
        let joins = group.joins.filter(|&map| single && !self.in_place && forms.contains(&self.shapes.stages[map]));
        let shape = self.shapes.stages[at].clone();
        let shown = Shown { how, joined: joins.is_some(), shape, walk: None, sources: sources.len(), moved: None };
        let base = match joins {
            Some(map) => {
                // Nothing is left between the two.
                self.release(at);
                self.memory = before;
                self.hold(map);
                self.done_with(map);
                let others: SmallVec<[_; 8]> = joined_sources(self.program, at).collect();
                let mut arrays: Vec<Array> = others.into_iter().map(|source| self.source(source)).collect();
                arrays.extend(self.stores(map));
                let keepdims = self.shapes.stages[map].len() == self.shapes.stages[at].len();
                self.base(at, group, &sources, arrays, keepdims)
            }
            None => base,
        };
        match how {
            How::Unrolled => self.unrolled(base, shown),
            How::Whole => self.whole(base, shown),
            _ => self.tasks(base, shown),
        }
    }

    /// The nest of the sources and of what has the result's shape, with the reduced axes or without.
    fn base<'g>(
        &self,
        stage: usize,
        group: &'g Group,
        sources: &[Array],
        of_result: Vec<Array>,
        keepdims: bool,
    ) -> Base<'g> {
        let (shape, axes) = (&self.shapes.stages[stage], self.shapes.left[stage].axes);
        let gone = |axis: usize| axes >> axis & 1 == 1;
        let length: usize = shape.iter().enumerate().filter(|&(axis, _)| gone(axis)).map(|(_, &n)| n).product();
        // (Of few elements a kernel knows the positions.)
        let free = length >= LANES && group.monoids.iter().all(|monoid| !monoid.ordered);
        let mut walk = Walk { nest: Nest::new(shape), operands: Vec::new() };
        for Array { operand, shape: own, strides } in sources {
            if operand.spec.source == Some(Source::Position) {
                walk.push(*operand, positions(shape, gone));
            } else {
                walk.push_array(*operand, own, strides);
            }
        }
        // They are few beside the sources.
        walk.nest.decide();
        for Array { operand, shape: own, strides } in of_result {
            // Axes of the result, last first, against those of the shape that are kept.
            let mut own = own.iter().zip(strides).rev();
            let mut of_axis = |axis: usize| {
                let here = if gone(axis) && !keepdims { None } else { own.next() };
                here.map_or(0, |(&n, s)| if n == 1 || gone(axis) { 0 } else { s })
            };
            let mut strides: SmallVec<[isize; 6]> = (0..shape.len()).rev().map(&mut of_axis).collect();
            strides.reverse();
            walk.push(operand, strides);
        }
        // (A position is looked for where elements lie in the order of their positions.)
        let counts = walk.operands.iter().any(|operand| operand.spec.source == Some(Source::Position));
        walk.straighten(sources.len(), |axis| !gone(axis) || free && !counts);
        if free {
            walk.nest.arrange_freely(gone);
        } else {
            walk.nest.arrange(gone);
        }
        let aligned = self.part.as_ref().map(|part| part.most_blocks(group));
        Base { stage, group, walk, sources: sources.len(), free, aligned, stacked: false }
    }

    /// Whether the elements of a run are so few, and what is done with each so little, that a kernel has it once for each.
    fn is_short(&self, base: &Base) -> bool {
        let nest = &base.walk.nest;
        let operations = |&node: &NodeId| self.program.graph.operations(node);
        let operations = || self.program.stages[base.stage].nodes.iter().map(operations).sum::<usize>();
        // An operand that is rearranged in a buffer would be so once for each element.
        let rearranged = |o: usize| match nest.strides(o)[..nest.kept()] {
            [.., next, last] => {
                let size = base.walk.operands[o].size();
                let strided = last != 0 && last.unsigned_abs() != size && next.unsigned_abs() == size;
                strided && !base.walk.operands[o].spec.is_affine()
            }
            _ => false,
        };
        (base.length() < LANES || self.is_window(base))
            && base.points() >= POINTS
            && base.length() * operations() <= OPERATIONS
            && !(0..base.sources).any(rearranged)
    }

    /// Whether runs are longer, but each element of many of them is read as it lies, in few rows: the window of a filter. States that
    /// a kernel with a loop had to keep in memory then stay in registers.
    fn is_window(&self, base: &Base) -> bool {
        let nest = &base.walk.nest;
        let (kept, shape) = (nest.kept(), nest.shape());
        let sources = || (0..base.sources).map(|o| (base.walk.operands[o].size(), nest.strides(o)));
        let near = |(size, strides): (usize, &[isize])| {
            let apart = |axis: &usize| strides[*axis].unsigned_abs() >= LINE;
            let rows: usize = (kept..shape.len()).filter(apart).map(|axis| shape[axis]).product();
            let still = strides[..kept].iter().all(|&stride| stride == 0);
            still || rows <= STREAMS && (strides[kept - 1] == 0 || strides[kept - 1].unsigned_abs() == size)
        };
        base.length() <= WINDOW
            && self.part.is_none()
            && kept > 0
            && !base.walk.operands[..base.sources].iter().any(|operand| operand.spec.is_affine())
            && sources().all(near)
    }

    /// One kernel does it all, with the elements of a run side by side in registers: a nest over the kept axes, with each source once
    /// for each element of a run.
    fn unrolled(&mut self, base: Base, shown: Shown) {
        let (length, nest) = (base.length(), &base.walk.nest);
        let (kept, reduced) = nest.shape().split_at(nest.kept());
        let mut walk = Walk { nest: Nest::arranged(kept.to_vec(), 0), operands: Vec::new() };
        for (o, operand) in base.walk.operands.iter().enumerate() {
            if operand.spec.source == Some(Source::Position) {
                continue;
            }
            let (kept, steps) = nest.strides(o).split_at(nest.kept());
            for element in 0..if o < base.sources { length } else { 1 } {
                let offset = operand.offset + offset(element, reduced, steps);
                walk.push(Operand { offset, ..*operand }, kept.iter().copied());
            }
        }
        walk.nest.arrange(|_| false);
        let body = Body::unrolled(length, shown.joined);
        let mut pass = self.target.pass(Use::Stage(base.stage, body), walk, &mut self.numbers);
        pass.shown = Some(Shown { walk: Some(base.walk), ..shown });
        self.steps.push(Step::Pass(pass));
    }

    /// One kernel does it all: each run is a single block.
    fn whole(&mut self, base: Base, shown: Shown) {
        let nest = &base.walk.nest;
        let kept = nest.kept();
        // (Of one point, an axis of length 1.)
        let extra = (kept == 0).then_some(1);
        let lengths = nest.shape()[..kept].iter().copied().chain(extra).chain([base.length()]).collect();
        let mut walk = Walk { nest: Nest::arranged(lengths, 1), operands: Vec::new() };
        for (o, &operand) in base.walk.operands.iter().enumerate() {
            let (by_kept, by_reduced) = nest.strides(o).split_at(kept);
            let step = by_reduced.first().copied().unwrap_or(0);
            walk.push(operand, by_kept.iter().copied().chain(extra.map(|_| 0)).chain([step]));
        }
        let body = Body::whole(shown.joined);
        let mut pass = self.target.pass(Use::Stage(base.stage, body), walk, &mut self.numbers);
        pass.shown = Some(Shown { walk: Some(base.walk), ..shown });
        self.steps.push(Step::Pass(pass));
    }

    /// Tasks; then, if each leaves a state of its own, the merging of these.
    fn tasks(&mut self, base: Base, shown: Shown) {
        let state = &base.group.state;
        let mut taken = Vec::new();
        let mut reserve = |states: usize| {
            let places = state.iter().map(|ty| self.memory.take(states, ty.size()));
            taken.extend(places);
            taken.iter().map(|&(place, _)| place).collect()
        };
        let stage = base.stage;
        let fold = self.target.fold(base, &mut self.numbers, shown, &mut reserve);
        let left = fold.left();
        let results = self.left(stage);
        let states: Vec<DType> = fold.states.iter().map(|init| init.dtype()).collect();
        let stored = matches!(fold.end, End::Store(_));
        let tail = stored.then(|| result_walk(&fold));
        self.steps.push(Step::Fold(fold));
        if let Some(part) = &mut self.part {
            let group = self.program.stages[stage].group();
            let each = group.into_iter().flat_map(|group| group.states.iter().cloned().flatten());
            part.states.extend(each.map(|at| (states[at], taken[at].0, left[0])));
        } else if let Some(walk) = tail {
            debug_assert_eq!(walk.operands.len(), results.len());
            self.merge(stage, &states, left, taken, walk);
        }
    }

    /// Merges the states of pieces, a row of all points for each, and finishes them.
    fn merge(
        &mut self,
        stage: usize,
        states: &[DType],
        [mut rows, points]: [usize; 2],
        mut from: Vec<(usize, usize)>,
        results: Walk,
    ) {
        let mut to: Vec<(usize, usize)> =
            states.iter().map(|ty| self.memory.take(rows.div_ceil(2) * points, ty.size())).collect();
        while rows > 1 {
            let pairs = rows / 2;
            let mut walk = Walk { nest: Nest::new(&[pairs, points]), operands: Vec::new() };
            for (places, first, apart, role) in
                [(&from, 0, 2, Role::In), (&from, 1, 2, Role::In), (&to, 0, 1, Role::Out)]
            {
                for (ty, &(place, _)) in states.iter().zip(places) {
                    let row = points * ty.size();
                    let spec = OperandSpec::plain(*ty, role);
                    let operand = Operand { spec, place: Place::Call(place), offset: (first * row) as isize };
                    walk.push(operand, [(apart * row) as isize, ty.size() as isize]);
                }
            }
            walk.nest.arrange(|_| false);
            let mut pass = self.target.pass(Use::Stage(stage, Body::MERGE), walk, &mut self.numbers);
            pass.shown = None;
            self.steps.push(Step::Pass(pass));
            if rows % 2 == 1 {
                for (part, ty) in states.iter().enumerate() {
                    let row = points * ty.size();
                    let mut walk = Walk { nest: Nest::new(&[points]), operands: Vec::new() };
                    for (place, at, role) in [(from[part].0, rows - 1, Role::In), (to[part].0, pairs, Role::Out)] {
                        let spec = OperandSpec::plain(*ty, role);
                        let operand = Operand { spec, place: Place::Call(place), offset: (at * row) as isize };
                        walk.push(operand, [ty.size() as isize]);
                    }
                    self.copy(*ty, walk);
                }
            }
            std::mem::swap(&mut from, &mut to);
            rows = rows.div_ceil(2);
        }
        let mut walk = Walk { nest: Nest::new(results.nest.shape()), operands: Vec::new() };
        for (ty, &(place, _)) in states.iter().zip(&from) {
            let strides = super::shape::c_strides(results.nest.shape());
            let operand = Operand::new(OperandSpec::plain(*ty, Role::In), Place::Call(place));
            walk.push(operand, strides.into_iter().map(|stride| stride * ty.size() as isize));
        }
        for (o, &operand) in results.operands.iter().enumerate() {
            walk.push(operand, results.nest.strides(o).iter().copied());
        }
        walk.nest.arrange(|_| false);
        let mut pass = self.target.pass(Use::Stage(stage, Body::FINISH), walk, &mut self.numbers);
        pass.shown = None;
        self.steps.push(Step::Pass(pass));
        from.into_iter().chain(to).for_each(|place| self.memory.give(place));
    }
}

/// The results of a fold, over its kept axes.
fn result_walk(fold: &Fold) -> Walk {
    let kept = if fold.stacked { &[] } else { fold.axes().0 };
    let mut walk = Walk { nest: Nest::new(kept), operands: Vec::new() };
    for o in fold.sources..fold.walk.operands.len() {
        walk.push(fold.walk.operands[o], fold.walk.nest.strides(o)[..kept.len()].iter().copied());
    }
    walk
}

/// The steps of the position of elements, in logical order: along the reduced axes those of a number that counts them.
fn positions(shape: &Shape, gone: impl Fn(usize) -> bool) -> SmallVec<[isize; 6]> {
    let mut step = 1;
    let mut strides: SmallVec<[isize; 6]> = SmallVec::from_elem(0, shape.len());
    for axis in (0..shape.len()).rev().filter(|&axis| gone(axis)) {
        strides[axis] = if shape[axis] == 1 { 0 } else { step };
        step *= shape[axis] as isize;
    }
    strides
}
