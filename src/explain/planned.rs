//! What a call would do in one pass over memory.

use std::sync::Arc;

use crate::array::view::Strided;
use crate::dtype::DType;
use crate::jit::tier::Tiered;
use crate::plan::layout::OperandSpec;
use crate::plan::program::Program;
use crate::plan::schedule::{
    self, BLOCK, Counting, Fold, How, Nontemporal, Operand, Pass, Place, Reach, Recur, Scan, Shown, Step, TileOperand,
};
use crate::plan::source::Source;

/// A loop of a nest.
#[derive(Debug)]
pub struct Loop {
    /// Its trip count.
    pub length: usize,
    /// The axes that it walks, merged into one.
    pub axes: Vec<usize>,
    /// Whether they are reduced.
    pub reduced: bool,
}

/// How an array is walked.
#[derive(Debug)]
pub struct Walk {
    /// What it is.
    pub spec: OperandSpec,
    /// Where its first element lies.
    pub address: usize,
    /// Its stride along each loop, in bytes.
    pub strides: Vec<isize>,
    /// Whether tiles of it are rearranged in a buffer.
    pub packed: bool,
    /// Whether it is so large that it is written past the cache, where the code can.
    pub nontemporal: bool,
}

/// A pass: what it walks, and what has been chosen for it.
pub struct Planned {
    /// The stage.
    pub stage: usize,
    /// How elements are reached that are combined.
    pub how: How,
    /// Whether the map that joins the stage is done in the pass.
    pub joined: bool,
    /// The loops, outermost first.
    pub loops: Vec<Loop>,
    /// The arrays.
    pub walks: Vec<Walk>,
    /// For each operand of the kernel, which array it is.
    pub operands: Vec<usize>,
    /// How many elements the kernel's body takes at a time: more than one where it has no loop over those that it combines.
    pub run: usize,
    /// The kernel.
    pub kernel: Arc<Tiered>,
    /// Whether the kernel has one loop over all points of a tile of two axes.
    pub flat: bool,
    /// Elements of a tile along the kernel's loops.
    pub tile: [usize; 2],
    /// Elements.
    pub points: usize,
    /// Whether several threads share them.
    pub shared: bool,
    /// The loop around it, if there is one; then `loops` and `tile` are those of a tile of its rows.
    pub around: Option<Around>,
}

/// A loop around passes.
#[derive(Clone, Copy)]
pub struct Around {
    /// Rows.
    pub rows: usize,
    /// Rows of a tile.
    pub tile: usize,
    /// Bytes that a tile's passes leave for each other.
    pub bytes: usize,
}

impl Around {
    /// How many tiles there are, the last one as a part of one.
    pub fn tiles(&self) -> f64 {
        self.rows as f64 / self.tile as f64
    }
}

/// Where results and the call's memory are taken to lie: beyond all arrays, each apart.
const RESULT: usize = 1 << 50;
const CALL: usize = 1 << 61;

impl Walk {
    /// Whether it is in the memory of the call.
    pub fn is_between(&self) -> bool {
        self.address >= CALL
    }
}

/// The address of an operand's first element, as far as there is one.
fn address(operand: &Operand, program: &Program, inputs: &[Strided]) -> usize {
    let place = match operand.place {
        Place::Input(i) => inputs.get(i as usize).map_or(0, |array| array.pointer.addr()),
        Place::Output(i) => {
            let mut results = program.graph.results().enumerate();
            let of = results.find(|(_, (_, parts))| parts.contains(&(i as usize)));
            let (result, part, dtype): (usize, usize, DType) =
                of.map_or((0, 0, operand.spec.dtype), |(at, (dtype, parts))| (at, i as usize - parts.start, dtype));
            CALL / 2 + result * RESULT + part * (dtype.size() / 2)
        }
        Place::Call(at) | Place::Outer(at) => CALL + at,
        Place::Number(_) | Place::Affine(_) => 0,
    };
    place.wrapping_add_signed(operand.offset)
}

impl Planned {
    /// What steps do, as far as there is something to be said of it.
    pub fn all(steps: &[Step], program: &Program, inputs: &[Strided]) -> Vec<Planned> {
        let mut all = Vec::new();
        for step in steps {
            match step {
                // (Its body has no other in it.)
                Step::Loop(around) => {
                    let bytes = around.body.bytes;
                    let about = Around { rows: around.rows, tile: around.tile, bytes };
                    let passes = around.body.steps.iter().filter_map(|step| Planned::of(step, program, inputs));
                    all.extend(passes.map(|pass| Planned {
                        points: (pass.points as f64 * about.tiles()).round() as usize,
                        shared: around.parallel,
                        around: Some(about),
                        ..pass
                    }));
                }
                step => all.extend(Planned::of(step, program, inputs)),
            }
        }
        all
    }

    fn of(step: &Step, program: &Program, inputs: &[Strided]) -> Option<Planned> {
        let at = |operand: &Operand| address(operand, program, inputs);
        match step {
            Step::Pass(pass) => Planned::of_pass(pass, &at),
            Step::Fold(fold) => Some(Planned::of_fold(fold, &at)),
            Step::Scan(scan) => Planned::of_scan(scan, &at),
            Step::Recur(recur) => Some(Planned::of_recur(recur, &at)),
            Step::Count(counting) => Some(Planned::of_count(counting, &at)),
            Step::Fill { .. } | Step::Loop(_) => None,
        }
    }

    fn of_pass(pass: &Pass, at: &dyn Fn(&Operand) -> usize) -> Option<Planned> {
        let shown = pass.shown.as_ref()?;
        let own = shown.walk.is_none();
        let walk = shown.walk.as_ref().unwrap_or(&pass.walk);
        let addresses = pass.walk.operands.iter().map(at);
        let past_cache = pass.nontemporal.as_ref().filter(|n| n.pays(&pass.walk, addresses));
        let (loops, mut walks) = walked(walk, shown, at);
        for (o, walk) in walks.iter_mut().enumerate().filter(|_| own || shown.how == How::Whole) {
            walk.packed = pass.packed.contains(&(o as u32));
            walk.nontemporal = past_cache.is_some_and(|n| n.results.contains(&(o as u32)));
        }
        let combined: usize = loops.iter().filter(|l| l.reduced).map(|l| l.length).product();
        let run = if shown.how == How::Unrolled { combined } else { 1 };
        let times = |o: &usize| if *o < shown.sources { run } else { 1 };
        let arrays =
            (0..walks.len()).filter(|&o| shown.how != How::Unrolled || walks[o].spec.source != Some(Source::Position));
        let operands = arrays.flat_map(|o| std::iter::repeat_n(o, times(&o))).collect();
        let planned =
            Planned::new((pass.stage, shown), (loops, walks), (&pass.called.kernel, pass.tile), pass.parallel);
        Some(Planned { operands, run, flat: pass.flat, ..planned })
    }

    /// A pass whose kernel takes one element at a time.
    fn new(
        (stage, shown): (usize, &Shown),
        (loops, walks): (Vec<Loop>, Vec<Walk>),
        (kernel, tile): (&Arc<Tiered>, [usize; 2]),
        shared: bool,
    ) -> Planned {
        Planned {
            stage,
            how: shown.how,
            joined: shown.joined,
            points: loops.iter().map(|l| l.length).product(),
            loops,
            operands: (0..walks.len()).collect(),
            walks,
            run: 1,
            kernel: Arc::clone(kernel),
            tile,
            flat: false,
            shared,
            around: None,
        }
    }

    /// Whether it is the library's own loops that do it all, and no kernel.
    pub fn by_own_loops(&self) -> bool {
        self.how == How::Scanned { reads: true, writes: true }
    }

    fn of_count(counting: &Counting, at: &dyn Fn(&Operand) -> usize) -> Planned {
        let tiles = &counting.tiles;
        let walked = walked(&tiles.walk, &counting.shown, at);
        let kernel = (&counting.fill.called.kernel, [tiles.group, tiles.step]);
        Planned::new((counting.stage, &counting.shown), walked, kernel, counting.parallel)
    }

    fn of_recur(recur: &Recur, at: &dyn Fn(&Operand) -> usize) -> Planned {
        let tiles = &recur.tiles;
        let walked = walked(&tiles.walk, &recur.shown, at);
        let kernel = (&recur.step.called.kernel, [tiles.step, tiles.group]);
        let planned = Planned::new((recur.stage, &recur.shown), walked, kernel, recur.parallel);
        // (States are in no array; they stand behind what is read.)
        let read = |operand: &TileOperand| if let TileOperand::Walk(o) = operand { Some(*o) } else { None };
        Planned { operands: recur.step.operands.iter().map_while(read).collect(), ..planned }
    }

    fn of_scan(scan: &Scan, at: &dyn Fn(&Operand) -> usize) -> Option<Planned> {
        let tiles = &scan.tiles;
        let (loops, mut walks) = walked(&tiles.walk, &scan.shown, at);
        for kernel in &scan.ends {
            let pays = |n: &&Nontemporal| n.pays(&tiles.walk, tiles.walk.operands.iter().map(at));
            for &result in kernel.nontemporal.iter().filter(pays).flat_map(|n| &n.results) {
                walks[result as usize].nontemporal = true;
            }
        }
        let read = |operand: &TileOperand| if let TileOperand::Walk(o) = operand { Some(*o) } else { None };
        // A kernel that is only copied by is none of what runs.
        let kernels = if scan.reads.is_some() && scan.writes.is_none() { &scan.ends } else { &scan.fills };
        let shown = kernels.first()?;
        let tile = [tiles.group, scan.along()];
        let tile = if tiles.across { [tile[1], tile[0]] } else { tile };
        let kernel = (&shown.called.kernel, tile);
        let planned = Planned::new((scan.stage, &scan.shown), (loops, walks), kernel, scan.parallel);
        Some(Planned { operands: shown.operands.iter().filter_map(read).collect(), ..planned })
    }

    fn of_fold(fold: &Fold, at: &dyn Fn(&Operand) -> usize) -> Planned {
        let (loops, walks) = walked(&fold.walk, &fold.shown, at);
        let block = fold.block.min(fold.row);
        let (called, tile) = match &fold.reach {
            Reach::Runs(called) | Reach::Search { best: called, .. } => {
                (called, [fold.piece.min(fold.blocks()), block])
            }
            Reach::Columns { steps, .. } => (&steps[steps.len() - 1].1, [block, fold.group.min(fold.wide())]),
            Reach::Packed { combine, .. } => (combine, [1, (fold.piece * BLOCK).min(fold.length())]),
        };
        Planned::new((fold.stage, &fold.shown), (loops, walks), (&called.kernel, tile), fold.parallel)
    }
}

/// Loops and arrays of a walk.
fn walked(walk: &schedule::Walk, shown: &Shown, at: &dyn Fn(&Operand) -> usize) -> (Vec<Loop>, Vec<Walk>) {
    let schedule::Walk { nest, operands } = walk;
    let mut lengths = nest.shape().to_vec();
    let near = lengths.len().saturating_sub(2);
    if let Some(from) = shown.moved {
        let length = lengths.remove(near);
        lengths.insert(from, length);
    }
    // Neighbours in order were merged, and lengths of 1 left out, so the lengths tell which.
    let mut order = nest.order().iter().copied();
    let mut loops: Vec<Loop> = Vec::new();
    for (at, length) in lengths.into_iter().enumerate() {
        let (mut axes, mut product) = (Vec::new(), 1);
        while product < length {
            let Some(axis) = order.next() else { break };
            axes.push(axis);
            product *= shown.shape[axis];
        }
        loops.push(Loop { length, axes, reduced: at >= nest.kept() || shown.how == How::Stacked });
    }
    if let Some(from) = shown.moved {
        let moved = loops.remove(from);
        loops.insert(near, moved);
    }
    let walk = |(o, operand): (usize, &Operand)| Walk {
        spec: operand.spec,
        address: at(operand),
        strides: nest.strides(o).to_vec(),
        packed: false,
        nontemporal: false,
    };
    (loops, operands.iter().enumerate().map(walk).collect())
}
