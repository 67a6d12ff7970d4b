//! From an arranged nest to a run: which kernel, which tiles, how many threads, what goes through a buffer.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use smallvec::SmallVec;

use super::kernels::{Kernels, Slot};
use super::staging::Staged;
use super::threads::Threads;
use super::tiles::Job;
use crate::ir::Role;
use crate::ir::cost::{BYTE, NATIVE};
use crate::jit::tier::Executor;
use crate::plan::lower::{Class, Layout, OperandSpec, Pass};
use crate::plan::nest::Nest;
use crate::plan::program::Program;

/// What overrides the choices of this file, for tests and measurements; `None` leaves one to the library. No result depends on
/// it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Tuning {
    /// Elements of a tile.
    pub tile: Option<usize>,
    /// Elements of a task that is not split between threads.
    pub grain: Option<usize>,
    /// Elements below which a pass stays on the calling thread (and, if they are fewer, from which on shapes are asked for another
    /// form of the program).
    pub serial_below: Option<usize>,
    /// Bytes touched from which on results are written past the cache.
    pub stream_from: Option<usize>,
}

/// What is the same for all passes of a call.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The stages.
    pub program: &'a Program,
    /// Their kernels.
    pub kernels: &'a Kernels,
    /// Who runs them.
    pub executor: Executor,
    /// On which threads.
    pub threads: &'a Threads,
    /// How.
    pub tuning: Tuning,
    /// Where faults are noted.
    pub faults: &'a AtomicU32,
}

/// What a launch works in; kept, so that it allocates nothing once warm.
#[derive(Default)]
pub struct LaunchSpace {
    layout: Layout,
    strides: Vec<isize>,
    staged: Vec<Staged>,
    streamed: Vec<(usize, usize)>,
}

/// Serial time, in nanoseconds, from which on a second thread is woken. Waking and joining it costs 10 to 25 microseconds, and an
/// array that one core has in its L2 cache comes to the other through L3: `a*b + c` on 100,000 elements lost by it.
const WAKE: f64 = 60_000.0;
/// Bytes touched from which on results are written past the cache. Below, they may still be there when they are read.
const STREAM_FROM: usize = 40 << 20;
/// Elements of a tile, where nothing asks for another number.
const TILE: usize = 1 << 15;
/// Bytes of a step of native code.
const STEP: usize = 32;
/// Elements of a tile whose innermost axis is longer than the one that lies innermost in memory: few enough that what
/// neighbours share of a cache line is still in L1.
const TURNED: usize = 1 << 11;
/// Tasks for each thread: enough that a slow thread's share can be stolen.
const TASKS: usize = 4;
/// Rows and columns of a tile that is rearranged in a buffer: long enough for whole lines both ways, small enough for L1 and
/// the pages that it touches.
const REARRANGED: [usize; 2] = [64, 64];

/// Estimated nanoseconds of a pass on one thread.
pub fn cost(points: usize, bytes: usize, weight: f64) -> f64 {
    points as f64 * (bytes as f64 * BYTE + weight * NATIVE)
}

/// Whether a pass of this many points and nanoseconds is worth a second thread.
pub fn pays_to_share(env: &Env, points: usize, nanoseconds: f64) -> bool {
    let large = match env.tuning.serial_below {
        Some(below) => points >= below,
        None => nanoseconds >= WAKE,
    };
    large && env.threads.count() > 1
}

/// The most points that stay on the calling thread even if there are others.
pub fn serial_points(tuning: &Tuning, bytes: usize, weight: f64) -> usize {
    match tuning.serial_below {
        Some(below) => below.saturating_sub(1),
        None => (WAKE / cost(1, bytes, weight)) as usize,
    }
}

/// The most points whose results are not written past the cache.
pub fn streamed_points(tuning: &Tuning, bytes: usize) -> usize {
    tuning.stream_from.unwrap_or(STREAM_FROM).saturating_sub(1) / bytes.max(1)
}

/// What has been chosen for a pass.
pub struct Choice {
    /// Its kernel.
    pub slot: Arc<Slot>,
    /// The kernel's loops: the innermost axes of the nest.
    pub loops: usize,
    /// The lengths of a tile along these: `[1, n]` where there is one.
    pub tile: [usize; 2],
    /// All points of the nest.
    pub points: usize,
    /// Whether several threads share the tiles.
    pub shared: bool,
    /// The axis that has been moved next to the innermost one, if one has.
    pub moved: Option<usize>,
}

impl LaunchSpace {
    /// The operands that go through a buffer, tile by tile.
    pub fn staged(&self) -> impl Iterator<Item = usize> {
        self.staged.iter().map(|staged| staged.operand)
    }

    /// The results that are written past the cache, if the kernel has a form that does.
    pub fn streamed(&self) -> impl Iterator<Item = usize> {
        self.streamed.iter().map(|&(operand, _)| operand)
    }
}

/// Chooses how to run a pass of a stage over an arranged nest whose operands are those of `specs`. What is chosen for single
/// operands is left in `space`.
pub fn choose(
    env: &Env,
    stage: usize,
    pass: Pass,
    specs: &[OperandSpec],
    nest: &mut Nest,
    space: &mut LaunchSpace,
) -> Choice {
    let combining = nest.kept() < nest.rank();
    let turned = if combining { None } else { turn_short(nest, specs) };
    let moved = if combining { None } else { turned.or_else(|| bring_near(nest, specs)) };
    let rank = nest.rank();
    let loops = rank.min(2);
    let points: usize = nest.shape().iter().product();
    let extents = nest.extents(loops);
    let bytes: usize =
        (0..specs.len()).filter(|&o| nest.strides(o).iter().any(|&s| s != 0)).map(|o| specs[o].dtype.size()).sum();

    let LaunchSpace { layout, strides, staged, streamed } = space;
    staged.clear();
    streamed.clear();
    if !combining {
        if turned.is_none() {
            choose_rearranged(nest, specs, extents, staged);
        }
        let from = env.tuning.stream_from.unwrap_or(STREAM_FROM);
        if pass == Pass::Map && loops == 1 && staged.is_empty() && points.saturating_mul(bytes) >= from {
            choose_streamed(nest, specs, from, streamed);
        }
    }
    classify(nest, specs, loops, staged, layout);

    let slot = env.kernels.get(env.program, stage, pass, layout);
    let shared = pays_to_share(env, points, cost(points, bytes, slot.weight()));
    let tile = match turned {
        Some(_) => [extents[0], (env.tuning.tile.unwrap_or(TURNED) / extents[0]).clamp(1, extents[1])],
        None => choose_tile(env, extents, combining, staged, shared),
    };
    fill_strides(nest, specs, layout, staged, tile, strides);
    Choice { slot, loops, tile, points, shared, moved }
}

/// Runs a pass of a stage over an arranged nest whose operands are those of `specs`.
///
/// # Safety
/// Every element that the nest reaches must be valid to read (operands of role `In`, `InOut`) or write (`Out`,
/// `InOut`) as its spec's type; written elements must be apart from each other and from all that is read, except
/// that an operand may be read and written at the same point.
pub unsafe fn launch(
    env: &Env,
    stage: usize,
    pass: Pass,
    specs: &[OperandSpec],
    nest: &mut Nest,
    space: &mut LaunchSpace,
) {
    let Choice { slot, loops, tile, points, shared, .. } = choose(env, stage, pass, specs, nest, space);
    let LaunchSpace { strides, staged, streamed, .. } = space;
    let kernel = &**slot.runnable(env.executor, points);
    if !streamed.is_empty() && !kernel.stores_past_cache() {
        streamed.clear();
    }
    let job = Job { kernel, nest, loops, tile, strides, staged, streamed, faults: env.faults };
    // SAFETY: as the caller promises; tasks have disjoint ranges of tiles, and tiles disjoint points.
    share_out(env, job.tiles(), tile[0] * tile[1], shared, &|range| unsafe { job.run(range) });
}

/// Runs tasks of this many elements each on this thread, or on several.
pub fn share_out(env: &Env, tasks: usize, elements: usize, shared: bool, work: &(dyn Fn(Range<usize>) + Sync)) {
    if !shared || tasks == 1 {
        return work(0..tasks);
    }
    let grain = match env.tuning.grain {
        Some(grain) => grain / elements.max(1),
        None => tasks / (env.threads.count() * TASKS),
    };
    env.threads.share(0..tasks, grain.max(1), work);
}

/// Puts next to the innermost axis the axis along which an operand that strides over the innermost one has its
/// neighbours, so that it can be rearranged tile by tile. Gives that axis.
fn bring_near(nest: &mut Nest, specs: &[OperandSpec]) -> Option<usize> {
    let rank = nest.rank();
    if rank < 3 {
        return None;
    }
    let across = (0..specs.len()).find_map(|o| {
        let (strides, size) = (nest.strides(o), specs[o].dtype.size());
        let strided = strides[rank - 1] != 0 && strides[rank - 1].unsigned_abs() != size;
        let axis = (0..rank - 1).find(|&axis| strides[axis].unsigned_abs() == size)?;
        strided.then_some(axis)
    });
    if let Some(axis) = across {
        nest.move_axis(axis, rank - 2);
    }
    across
}

/// Makes the innermost axis the outer one of the kernel's loops where it is shorter than a step of its code and the next one
/// is long: the loop over the long one fills vectors, and is started less often. Gives the axis.
fn turn_short(nest: &mut Nest, specs: &[OperandSpec]) -> Option<usize> {
    let widest = specs.iter().map(|spec| spec.dtype.size()).max().unwrap_or(1);
    let rank = nest.rank();
    // Neighbours along the next axis share lines of the cache.
    let near = |o: usize| nest.strides(o)[rank - 2].unsigned_abs() <= 64;
    let short = matches!(*nest.shape(), [.., next, last] if last * widest < STEP && next >= STEP);
    let turns = short && (0..specs.len()).all(near);
    turns.then(|| {
        let last = nest.rank() - 1;
        nest.move_axis(last, last - 1);
        last
    })
}

/// Finds the operands whose neighbours lie along the outer loop.
fn choose_rearranged(nest: &Nest, specs: &[OperandSpec], extents: [usize; 2], staged: &mut Vec<Staged>) {
    // Small tiles stay in L1 by themselves.
    if extents.iter().any(|&n| n < 8) || extents[0] * extents[1] < 2048 {
        return;
    }
    let rank = nest.rank();
    for (operand, spec) in specs.iter().enumerate() {
        let (strides, size) = (nest.strides(operand), spec.dtype.size());
        let strided = strides[rank - 1] != 0 && strides[rank - 1].unsigned_abs() != size;
        if strided && strides[rank - 2].unsigned_abs() == size {
            staged.push(Staged { operand, size, role: spec.role });
        }
    }
}

/// Results go past the cache if all of them can (they are one line: rows begin and end within lines of the cache, and the
/// diffusion example was a quarter slower for it), if none is read (its lines are there already), and if what the pass
/// touches is large: several views of one array count once.
fn choose_streamed(nest: &Nest, specs: &[OperandSpec], from: usize, streamed: &mut Vec<(usize, usize)>) {
    let unit = |o: usize| nest.strides(o).last() == Some(&(specs[o].dtype.size() as isize));
    let results = || (0..specs.len()).filter(|&o| specs[o].role == Role::Out);
    if !results().all(unit) {
        return;
    }
    let mut reached: SmallVec<[(usize, usize); 16]> =
        (0..specs.len()).map(|o| nest.reach(o, specs[o].dtype.size())).collect();
    let apart = |o: usize| {
        let (start, end) = reached[o];
        reached.iter().enumerate().all(|(other, r)| other == o || r.1 <= start || end <= r.0)
    };
    if !results().all(apart) {
        return;
    }
    reached.sort_unstable();
    let (mut touched, mut covered) = (0, 0);
    for &(start, end) in &reached {
        touched += end.saturating_sub(start.max(covered));
        covered = covered.max(end);
    }
    if touched >= from {
        streamed.extend(results().map(|operand| (operand, specs[operand].dtype.size())));
    }
}

/// How each operand moves along the kernel's loops, once staged.
fn classify(nest: &Nest, specs: &[OperandSpec], loops: usize, staged: &[Staged], layout: &mut Layout) {
    layout.loops = loops;
    layout.classes.clear();
    let point = nest.shape() == [1];
    for (operand, spec) in specs.iter().enumerate() {
        let buffered = staged.iter().any(|s| s.operand == operand);
        let own = &nest.strides(operand)[nest.rank() - loops..];
        for (l, &stride) in own.iter().enumerate() {
            let innermost = l + 1 == loops;
            // The single point of a nest without axes is still stored in the loop.
            let unit =
                stride.unsigned_abs() == spec.dtype.size() && stride > 0 || buffered || point && spec.role != Role::In;
            layout.classes.push(match stride {
                _ if innermost && unit => Class::Unit,
                0 => Class::Zero,
                _ => Class::Any,
            });
        }
    }
}

/// The kernel's table of strides: of each operand along the loops that it moves along.
fn fill_strides(
    nest: &Nest,
    specs: &[OperandSpec],
    layout: &Layout,
    staged: &[Staged],
    tile: [usize; 2],
    table: &mut Vec<isize>,
) {
    table.clear();
    for (operand, spec) in specs.iter().enumerate() {
        let own = &nest.strides(operand)[nest.rank() - layout.loops..];
        let classes = &layout.classes[operand * layout.loops..][..layout.loops];
        let size = spec.dtype.size();
        let rearranged = staged.iter().any(|s| s.operand == operand);
        for (l, (&stride, class)) in own.iter().zip(classes).enumerate() {
            match class {
                Class::Zero => {}
                Class::Unit => table.push(size as isize),
                Class::Any if rearranged && l + 1 < layout.loops => {
                    table.push(super::staging::pitch(tile[1], size) as isize);
                }
                Class::Any => table.push(stride),
            }
        }
    }
}

/// The lengths of a tile along the kernel's loops.
fn choose_tile(env: &Env, extents: [usize; 2], combining: bool, staged: &[Staged], shared: bool) -> [usize; 2] {
    let [e0, e1] = extents;
    if !staged.is_empty() {
        let [t0, t1] = REARRANGED;
        let [t0, t1] = env.tuning.tile.map_or([t0, t1], |n| [n.isqrt().max(1), n.isqrt().max(1)]);
        return [t0.min(e0), t1.min(e1)];
    }
    let elements = match env.tuning.tile {
        Some(elements) => elements.max(1),
        // One call of the kernel does it all.
        None if !shared => return extents,
        // A few tasks for each thread, but none so short that sharing it out is the work.
        None => (e0 * e1).div_ceil(env.threads.count() * TASKS).clamp(TILE / 8, TILE),
    };
    if combining {
        return [(elements / e1).clamp(1, e0), e1];
    }
    let columns = match env.tuning.tile {
        Some(_) => elements.min(e1),
        // Whole cache lines of every type.
        None => elements.next_multiple_of(64).min(e1),
    };
    [(elements / columns).clamp(1, e0), columns]
}
