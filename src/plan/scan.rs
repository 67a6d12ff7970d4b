//! Stages of scans as tasks.
//!
//! What a scan means fixes the order: along its axis blocks of [`BLOCK`] elements; within a block each element is combined with what those
//! before it come to, from the first on; what a block begins with is what the blocks before it come to, combined one after
//! the other; and a result is that combined with what its own block has come to. So the first block has the bits of a plain loop,
//! and no choice that is made here changes one.
//!
//! A task computes what is scanned into a buffer, scans it there, and writes it from there, by the kernel of what reads the
//! scan if nothing else does: memory is read once and written once. A kernel that would only copy elements side by side is left out: the
//! loops of the scan read or write them themselves. Where there are too few runs to go round, tasks are pieces of
//! runs, and each begins with what the one before has come to.

use smallvec::SmallVec;

use super::kernels::Use;
use super::layout::{Body, OperandSpec};
use super::make::{Array, Maker, walk};
use super::nest::Nest;
use super::pass::TASKS;
use super::program::{Scans, Work};
use super::schedule::{BLOCK, How, Nontemporal, Scan, Shown, Step, TileOperand, Tiles, Walk};
use super::shape::{Shape, count};
use crate::dtype::DType;
use crate::ir::Role;

/// Bytes that a kernel is called for: computed, they are still in L1 when they are scanned.
const STEP: usize = 16 << 10;
/// Bytes of a piece of a run: scanned, they are still in L2 when it is known what they begin with.
const PIECE: usize = 256 << 10;
/// Neighbours that are combined side by side, at most: a row of them is long for the memory, and the state of each stays in L1.
const COLUMNS: usize = 1024;
/// The same where rows are written as they are read: two rows of states of so many bytes each stay in L2.
const STATES: usize = 256 << 10;
/// Tasks of a thread then, so that rows are long.
const FEW: usize = 2;
/// Blocks that are scanned side by side.
const SIDES: usize = 8;
/// The same at least, where rows are shared out.
const NARROW: usize = 64;
/// Neighbours from which on it pays to combine them side by side.
const WIDE: usize = 8;
/// Runs of fewer elements are combined side by side, if there are this many.
const SHORT: usize = 8;
const MANY: usize = 16;

/// The arrays of a stage of scans, over the axes of what it leaves.
#[derive(Default)]
struct Parts {
    arrays: Vec<Array>,
    /// For each kernel its use and its operands, by index into `arrays` or of a part.
    fills: Vec<(Use, SmallVec<[TileOperand; 4]>)>,
    ends: Vec<(Use, SmallVec<[TileOperand; 4]>)>,
    /// Of a scan of one part: the array that is scanned as it is, and that which the result is as it is.
    reads: Option<usize>,
    writes: Option<usize>,
}

/// How much a task takes.
#[derive(Clone, Copy)]
struct Size {
    across: bool,
    group: usize,
    step: usize,
    piece: usize,
}

impl Maker<'_> {
    /// Adds the steps of stage `at`, which has elements.
    pub fn scan(&mut self, at: usize, scans: &Scans) {
        let (program, shape) = (self.program, self.shapes.left[at].kept().clone());
        let axis = scans.axis.map_or(0, |axis| if axis < 0 { axis + shape.len() as i32 } else { axis }) as usize;
        let mut parts = Parts::default();
        let before = self.operands_of_scan(at, scans, &mut parts);
        let joins = scans.joins.filter(|&map| self.shapes.stages[map] == shape);
        self.ends_of_scan((at, scans), joins, &mut parts);
        let walk = nest(&shape, axis, &parts.arrays);
        let bytes: usize = scans.args.iter().map(|&arg| program.graph.node(arg).dtype.size()).sum();
        let moved: usize = parts.arrays.iter().map(|array| array.operand.size()).sum();
        let operations: usize = program.stages[at].nodes.iter().map(|&node| program.graph.work(node) as usize).sum();
        let points: usize = walk.nest.shape().iter().product();
        // (Scanning an element and combining it with what the block begins with take as long as some operations.)
        let parallel = self.target.pays_to_share(points, moved, (4 * scans.args.len() + operations) as f64);
        let through = parts.reads.is_some() && parts.writes.is_some();
        let size = self.size_of_scan(&walk, bytes, (through, parallel));
        let dtype = |part: usize| program.graph.node(scans.args[part]).dtype;
        let lanes = scans.lanes.iter().map(|(scan, own)| (*scan, dtype(own.start), own.clone())).collect();
        let Size { across, group, step, piece } = size;
        let loops = if group == 1 && !across { 1 } else { 2 };
        let (fills, ends, states) = Default::default();
        let tiles = Tiles { walk, across, loops, group, step, piece };
        let [reads, writes] = [parts.reads, parts.writes].map(|o| o.filter(|&o| side_by_side(&tiles, o)));
        let shown = Shown {
            how: How::Scanned { reads: reads.is_some(), writes: writes.is_some() },
            joined: joins.is_some(),
            shape: shape.clone(),
            walk: None,
            sources: program.stages[at].sources.len(),
            moved: None,
        };
        let from = self.target.tuning.nontemporal_from();
        let nontemporal = writes.map(|o| Nontemporal { results: SmallVec::from_slice(&[o as u32]), from });
        let mut scan =
            Scan { stage: at, lanes, tiles, fills, reads, ends, writes, nontemporal, states, parallel, shown };
        let (dtypes, row): (SmallVec<[DType; 4]>, usize) = (scan.parts().collect(), scan.along());
        let mut kernel = |(of, operands)| self.tile_kernel(&scan.tiles, (&dtypes, row), of, operands);
        let fills = parts.fills.into_iter().map(&mut kernel).collect();
        let ends = parts.ends.into_iter().map(&mut kernel).collect();
        (scan.fills, scan.ends) = (fills, ends);
        let mut taken: SmallVec<[(usize, usize); 4]> = before;
        if scan.tiles.pieces() > 1 {
            let states = scan.tiles.chains() * scan.tiles.pieces() * scan.kept() * group;
            for dtype in scan.parts().collect::<SmallVec<[DType; 2]>>() {
                let place = self.memory.take(states, dtype.size());
                scan.states.push(place.0);
                taken.push(place);
            }
        }
        self.steps.push(Step::Scan(Box::new(scan)));
        taken.into_iter().for_each(|place| self.memory.give(place));
    }

    /// The arrays from which what is scanned is computed. Where all of them as one axis are no run, it is computed beforehand, into the
    /// call's memory. Gives the places that are needed for that until the scan has been done.
    fn operands_of_scan(&mut self, at: usize, scans: &Scans, parts: &mut Parts) -> SmallVec<[(usize, usize); 4]> {
        let program = self.program;
        let shape = self.shapes.stages[at].clone();
        let sources: Vec<Array> = program.stages[at].sources.iter().map(|&source| self.source(source)).collect();
        let outs = (0..scans.args.len()).map(TileOperand::Part);
        let runs = if scans.axis.is_some() || shape.len() < 2 { Some(sources.clone()) } else { runs(&shape, &sources) };
        if let Some(arrays) = runs {
            let operands = (0..arrays.len()).map(TileOperand::Walk).chain(outs).collect();
            parts.arrays = arrays;
            if let [arg] = scans.args[..] {
                let same = |&(node, source): &(_, super::source::Source)| node == arg && !source.is_affine();
                parts.reads = program.stages[at].sources.iter().position(same);
            }
            parts.fills.push((Use::Stage(at, Body::MAP), operands));
            return SmallVec::new();
        }
        let elements = count(&shape).unwrap_or(0);
        let (mut taken, mut all) = (SmallVec::new(), sources);
        for (part, &arg) in scans.args.iter().enumerate() {
            let dtype = program.graph.node(arg).dtype;
            let place = self.memory.take(elements, dtype.size());
            taken.push(place);
            all.push(Array::packed(OperandSpec::plain(dtype, Role::Out), place.0, shape.clone()));
            parts.arrays.push(Array::packed(OperandSpec::plain(dtype, Role::In), place.0, [elements][..].into()));
            let operands = [TileOperand::Walk(part), TileOperand::Part(part)];
            parts.fills.push((Use::Copy(dtype), SmallVec::from_slice(&operands)));
        }
        parts.reads = (scans.args.len() == 1).then_some(0);
        let mut walk = walk(&shape, all);
        walk.nest.arrange(|_| false);
        let mut pass = self.target.pass(Use::Stage(at, Body::MAP), walk, &mut self.numbers);
        if let Some(shown) = &mut pass.shown {
            shown.shape = shape;
        }
        self.steps.push(Step::Pass(pass));
        taken
    }

    /// What is done with the result: it is read by the stage that joins, or stored for later ones.
    fn ends_of_scan(&mut self, (at, scans): (usize, &Scans), joins: Option<usize>, parts: &mut Parts) {
        let program = self.program;
        let Some(map) = joins else {
            self.hold(at);
            for (part, array) in self.left(at).into_iter().enumerate() {
                let operands = [TileOperand::Part(part), TileOperand::Walk(parts.arrays.len())];
                parts.ends.push((Use::Copy(array.operand.spec.dtype), SmallVec::from_slice(&operands)));
                parts.arrays.push(array);
            }
            parts.writes = (parts.ends.len() == 1).then(|| parts.arrays.len() - 1);
            return;
        };
        self.hold(map);
        self.done_with(map);
        let mut operands = SmallVec::new();
        for &(node, source) in &program.stages[map].sources {
            if let (Some(stage), super::source::Source::Temp { part, .. }) = (source.stage(), source)
                && stage == at
            {
                operands.push(TileOperand::Part(part as usize));
                continue;
            }
            operands.push(TileOperand::Walk(parts.arrays.len()));
            let array = self.source((node, source));
            parts.arrays.push(array);
        }
        for array in self.stores(map) {
            operands.push(TileOperand::Walk(parts.arrays.len()));
            parts.arrays.push(array);
        }
        if let (Work::Map(stores), [node]) = (&program.stages[map].work, &scans.nodes[..])
            && let [(stored, _)] = &stores[..]
            && stored == node
        {
            parts.writes = Some(parts.arrays.len() - 1);
        }
        parts.ends.push((Use::Stage(map, Body::MAP), operands));
    }

    /// How much a task takes. It decides nothing about the result.
    fn size_of_scan(&self, walk: &Walk, bytes: usize, (through, parallel): (bool, bool)) -> Size {
        let (tile, threads) = (self.target.tuning.tile, self.target.threads);
        let [kept @ .., length] = walk.nest.shape() else { return Size { across: false, group: 1, step: 1, piece: 1 } };
        let (wide, length) = (kept.last().copied().unwrap_or(1), *length);
        let outer: usize = kept.iter().product::<usize>() / wide;
        let neighbours = lies_in_columns(walk);
        let across = length > 1 && (neighbours && wide >= WIDE || length < SHORT && wide >= MANY);
        let (small, large) = (tile.unwrap_or(STEP / bytes), tile.unwrap_or(PIECE / bytes));
        let blocks = |elements: usize, least: usize| (elements / BLOCK).max(least) * BLOCK;
        if across {
            let tasks = threads * if through { FEW } else { TASKS };
            let shared = (wide * outer).div_ceil(tasks).next_multiple_of(NARROW);
            let most = if through { STATES / bytes } else { COLUMNS };
            let columns = if parallel { shared.min(most) } else { most };
            let group = tile.map_or(columns, |tile| tile.max(1)).min(wide);
            let step = |group: usize| (small / group).clamp(1, length);
            let few = outer * wide.div_ceil(group) < 2 * threads;
            let narrow = group.min((large / BLOCK).max(WIDE));
            let piece = blocks(large / narrow, 1);
            return match parallel && few && length > 2 * piece {
                true => Size { across, group: narrow, step: step(narrow), piece },
                false => Size { across, group, step: step(group), piece: length },
            };
        }
        let step = blocks(small, if tile.is_some() { 1 } else { 4 });
        if length <= step {
            let group = step / length;
            let group = if group > SIDES { group / SIDES * SIDES } else { group };
            return Size { across, group: group.clamp(1, wide), step: length, piece: length };
        }
        let group = if neighbours { wide.min(WIDE) } else { 1 };
        let piece = blocks(large / group, if tile.is_some() { 1 } else { 4 });
        let few = outer * wide.div_ceil(group) < threads * TASKS;
        let piece = if parallel && few && length > 2 * piece { piece } else { length };
        Size { across, group, step: step.min(piece), piece }
    }
}

/// The other axes, arranged, then the scanned one.
pub(super) fn nest(shape: &Shape, axis: usize, arrays: &[Array]) -> Walk {
    let others = |lengths: &[usize]| -> Shape {
        lengths.iter().enumerate().filter(|(at, _)| *at != axis).map(|(_, &length)| length).collect()
    };
    let mut kept = Nest::new(&others(shape));
    let mut along: Vec<isize> = Vec::new();
    for array in arrays {
        let missing = shape.len() - array.shape.len();
        let own = array.shape.iter().zip(&array.strides).map(|(&n, &stride)| if n == 1 { 0 } else { stride });
        let strides: SmallVec<[isize; 6]> = std::iter::repeat_n(0, missing).chain(own).collect();
        along.push(strides[axis]);
        let o = kept.push_strides(strides.iter().enumerate().filter(|(at, _)| *at != axis).map(|(_, &stride)| stride));
        if array.operand.spec.is_affine() {
            kept.note_number(o);
        }
    }
    kept.arrange(|_| false);
    let lengths = kept.shape().iter().copied().chain([shape[axis]]).collect();
    let mut walk = Walk { nest: Nest::arranged(lengths, 0), operands: Vec::new() };
    for (o, array) in arrays.iter().enumerate() {
        walk.push(array.operand, kept.strides(o).iter().copied().chain([along[o]]));
    }
    walk
}

/// These arrays with all axes as one, if each of them is a run then.
fn runs(shape: &Shape, arrays: &[Array]) -> Option<Vec<Array>> {
    let mut nest = Nest::new(shape);
    for array in arrays {
        let o = nest.push(&array.shape, &array.strides);
        if array.operand.spec.is_affine() {
            nest.note_number(o);
        }
    }
    nest.arrange(|_| true);
    let elements = count(shape)?;
    let run = |(o, array): (usize, &Array)| Array {
        operand: array.operand,
        shape: [elements][..].into(),
        strides: SmallVec::from_slice(&nest.strides(o)[..1]),
    };
    (nest.rank() == 1).then(|| arrays.iter().enumerate().map(run).collect())
}

/// Whether more of the arrays lie closer along the innermost of the other axes than along the scanned one.
pub(super) fn lies_in_columns(walk: &Walk) -> bool {
    let vote = |o: usize| match walk.nest.strides(o) {
        _ if walk.operands[o].spec.is_affine() => 0,
        [.., point, along] if *point != 0 && *along != 0 => along.unsigned_abs().cmp(&point.unsigned_abs()) as isize,
        _ => 0,
    };
    (0..walk.operands.len()).map(vote).sum::<isize>() > 0
}

/// Whether neighbours in a tile are neighbours in the memory of an operand. (Kernels take less time for short runs.)
fn side_by_side(tiles: &Tiles, o: usize) -> bool {
    let size = tiles.walk.operands[o].size() as isize;
    match (tiles.walk.nest.strides(o), tiles.across) {
        ([.., point, along], false) => {
            let length = tiles.axes().1;
            *along == size && (length >= BLOCK || *point == size * length as isize)
        }
        ([along], false) => *along == size,
        ([.., point, _], true) => *point == size,
        _ => false,
    }
}
