//! Why a pass is slower than it might be, in plain words.
//!
//! Comes in: a pass and its cost. Goes out: sentences, the weightiest first. They say what is there and what to do about
//! it; what cannot be helped and costs little is not said.

use super::cost::{self, Cost};
use super::names::Names;
use super::planned::{Planned, Walk};
use crate::diagnostic::several;
use crate::dtype::DType;
use crate::ir::cost as price;
use crate::ir::{Inst, Op, Role};
use crate::plan::program::{Program, Work};
use crate::plan::schedule::How;
use crate::plan::source::Source;

/// Bytes of an array between stages from which on it is worth a word.
const LARGE: usize = 32 << 10;
/// Elements of a run that are so few that its beginning and end count, and bytes of a row.
const RUN: usize = 64;
const ROW: usize = 1 << 10;
/// Bytes of a row from which on its beginning does not count in what comes from memory.
const FAR: usize = 64 << 10;
/// Elements of which so few take no time.
const FEW: usize = 1000;

/// The sentences. `earlier` are the passes before.
pub fn reasons(planned: &Planned, earlier: &[Planned], cost: &Cost, native: bool, names: &Names) -> Vec<String> {
    let mut all = Vec::new();
    if matches!(names.program.stages[planned.stage].work, Work::Prepare(_)) {
        // Where it stands it spares a later stage the same many times over.
        return all;
    }
    calls(planned, &mut all);
    divisions(planned, cost, &mut all);
    casts(planned, cost, names, &mut all);
    mixes(planned, cost, &mut all);
    walks(planned, names, &mut all);
    between(planned, earlier, names, &mut all);
    match planned.how {
        How::Packed => all.push(
            "the reduced axes are no single run in memory: elements are put into logical order in a buffer before they are combined"
                .into(),
        ),
        How::Whole if planned.loops.last().is_some_and(|l| l.reduced && is_short(l.length, planned)) => {
            all.push("the reduced runs are short: starting and ending each costs as much as its elements".into());
        }
        How::Columns if combined(planned) < RUN => all.push(format!(
            "of only {} rows each result is made: starting and ending it costs as much as combining them",
            combined(planned)
        )),
        _ => {}
    }
    rows(planned, cost, names, &mut all);
    swapped(planned, names, &mut all);
    through_cache(planned, cost, names, &mut all);
    if planned.kernel.crowded() {
        all.push(
            "far more values wait for a later use than registers hold: where parts of the text share little, let each be a text of its own"
                .into(),
        );
    } else if !native && !planned.by_own_loops() && planned.points >= FEW {
        all.push("it is interpreted: machine code takes about half the time".into());
    }
    all
}

/// Whether so many elements, one after the other, are so few that a start counts.
fn is_short(length: usize, planned: &Planned) -> bool {
    let widest = planned.walks.iter().map(|walk| walk.spec.dtype.size()).max().unwrap_or(1);
    length < RUN || length * widest < ROW
}

/// How many elements are combined into one.
fn combined(planned: &Planned) -> usize {
    planned.loops.iter().filter(|l| l.reduced).map(|l| l.length).product()
}

/// Rows that are so short that each start of one counts.
fn rows(planned: &Planned, cost: &Cost, names: &Names, all: &mut Vec<String>) {
    let inner = match planned.how {
        How::Each | How::Runs | How::Whole if !planned.flat => planned.loops.len().checked_sub(1),
        How::Columns => planned.loops.iter().rposition(|l| !l.reduced),
        _ => None,
    };
    let Some(inner) = inner else { return };
    let length = planned.loops[inner].length;
    if length == planned.points || planned.points < FEW {
        return;
    }
    let widest = planned.walks.iter().map(|walk| walk.spec.dtype.size()).max().unwrap_or(1);
    if length * widest < ROW {
        // (Of short runs that are reduced it is said already.)
        if planned.how != How::Whole {
            let vectors = if length < 8 { "no vectors, and " } else { "" };
            all.push(format!(
                "the innermost loop has {length} elements only: {vectors}each start of it costs (no axes could be merged into a longer one)"
            ));
        }
        return;
    }
    // The loop around that over the row.
    let outer = match planned.how {
        How::Columns => planned.loops.iter().rposition(|l| l.reduced),
        _ => inner.checked_sub(1),
    };
    if let Some(outer) = outer.filter(|_| length * widest < FAR && !cost.near && cost.bound_by_memory()) {
        let apart = |walk: &&Walk| walk.strides[outer] != length as isize * walk.strides[inner];
        let apart: Vec<String> = planned.walks.iter().filter(apart).map(|walk| names.walk(walk)).collect();
        if !apart.is_empty() {
            all.push(format!(
                "rows of {} each begin anew, for at their ends {} does not go on with the next: where a row begins nothing has been fetched ahead",
                super::show::bytes((length * widest) as f64),
                apart.join(", ")
            ));
        }
    }
}

/// Arrays whose bytes lie in the other order than the machine's.
fn swapped(planned: &Planned, names: &Names, all: &mut Vec<String>) {
    let of = planned.walks.iter().filter(|walk| names.swapped(walk).is_some()).map(|walk| names.walk(walk));
    let of: Vec<String> = of.collect();
    if !of.is_empty() && planned.points >= FEW {
        all.push(format!(
            "the bytes of {} are turned round at each element; a copy in the order of the machine pays if it is used often",
            of.join(", ")
        ));
    }
}

/// Results so large that they would go past the cache, if they lay otherwise.
fn through_cache(planned: &Planned, cost: &Cost, names: &Names, all: &mut Vec<String>) {
    let total = planned.points as f64 * cost.bytes;
    let large = total >= names.core.options.tuning.nontemporal_from() as f64;
    let results = || planned.walks.iter().filter(|walk| walk.spec.role == Role::Out);
    let past = results().next().is_none() || results().any(|walk| walk.nontemporal);
    let why = match planned.how {
        How::Each => "rows are too short, or go through a buffer",
        // Where a few are combined, what they come to is a good part of all bytes.
        How::Unrolled | How::Columns if 4.0 * results().map(|walk| bytes(planned, walk)).sum::<f64>() >= total => {
            "elements are combined"
        }
        _ => return,
    };
    if large && !past {
        all.push(format!("the result is written by way of the cache, which reads its lines first: {why}"));
    }
}

/// Bytes of all elements of an array that are walked.
fn bytes(planned: &Planned, walk: &Walk) -> f64 {
    let lengths = planned.loops.iter().zip(&walk.strides).filter(|(_, s)| **s != 0).map(|(l, _)| l.length as f64);
    lengths.product::<f64>() * walk.spec.dtype.size() as f64
}

/// Functions that are called for each element.
fn calls(planned: &Planned, all: &mut Vec<String>) {
    let kernel = planned.kernel.kernel();
    let mut called: Vec<&str> = Vec::new();
    for inst in price::body(kernel).iter().map(|&v| kernel.inst(v)) {
        if let (true, Inst::Patch { helper, .. }) = (price::is_call(kernel, inst), inst)
            && !called.contains(&helper.name)
        {
            called.push(helper.name);
        }
    }
    if !called.is_empty() {
        let list: Vec<String> = called.iter().map(|name| format!("`{name}`")).collect();
        all.push(format!("{} is called for one element at a time: no vector code", list.join(", ")));
    }
}

fn count(planned: &Planned, is: impl Fn(Op, DType) -> bool) -> usize {
    let kernel = planned.kernel.kernel();
    let counted = |inst: &Inst| match inst {
        Inst::Op { op, args } => args.first().and_then(|&x| kernel.ty(x)).is_some_and(|dtype| is(*op, dtype)),
        _ => false,
    };
    price::body(kernel).iter().filter(|&&v| counted(kernel.inst(v))).count()
}

fn divisions(planned: &Planned, cost: &Cost, all: &mut Vec<String>) {
    let integer = |wide: bool| count(planned, |op, dtype| !op.row().cost.vector && (dtype.size() == 8) == wide);
    if integer(true) > 0 {
        all.push(format!(
            "{} of 64 bits: there is no vector instruction for it, each element takes some {} ns; in floats, or of 32 bits, it is faster",
            several(integer(true), "division of integers", "divisions of integers"),
            price::division(8)
        ));
    }
    if integer(false) > 0 {
        all.push(format!(
            "{}: there is no vector instruction for it, it is done in floats with a correction",
            several(integer(false), "division of integers", "divisions of integers")
        ));
    }
    let float = count(planned, |op, _| matches!(op, Op::Div | Op::Sqrt));
    if float > 0 && !cost.bound_by_memory() {
        all.push(format!(
            "{}: each as long as some 5 additions; a constant divisor may be written as a factor, if the last bit does not matter",
            several(float, "division or root", "divisions or roots")
        ));
    }
}

/// Conversions that no vector instruction does, and arguments that are widened.
fn casts(planned: &Planned, cost: &Cost, names: &Names, all: &mut Vec<String>) {
    let kernel = planned.kernel.kernel();
    let (mut slow, mut others) = (Vec::new(), 0usize);
    for &v in price::body(kernel) {
        let Inst::Op { op: Op::Convert, args } = kernel.inst(v) else { continue };
        let (Some(&x), Some(to)) = (args.first(), kernel.ty(v)) else { continue };
        let Some(from) = kernel.ty(x) else { continue };
        if !price::is_slow_conversion(from, to) {
            others += usize::from(!price::is_free_conversion(from, to));
            continue;
        }
        let loaded = match kernel.inst(x) {
            Inst::Load(access) => planned.operands.get(access.operand.0 as usize).and_then(|&at| planned.walks.get(at)),
            _ => None,
        };
        let what = loaded.map_or_else(|| "what is computed".into(), |walk| names.walk(walk));
        slow.push(format!("{what} from {from} to {to}"));
    }
    slow.dedup();
    if !slow.is_empty() {
        all.push(format!(
            "cast of {}: vectors of 128 bits have no instruction for it, it takes some 6 of others; `i32` has one",
            slow.join(", ")
        ));
    }
    if others > 0 && 2.0 * cost.computing > cost.moving {
        let others = several(others.div_ceil(planned.run), "cast", "casts");
        let mut types = planned.walks.iter().filter(|walk| matches!(walk.spec.source, Some(Source::Input(_))));
        let dtype = |walk: &Walk| names.swapped(walk).unwrap_or(walk.spec.dtype);
        let first = types.next().map(dtype);
        let advice =
            if types.any(|walk| Some(dtype(walk)) != first) { ": arguments of one type need none" } else { "" };
        all.push(format!("{others} at each element{advice}"));
    }
}

/// Types of very different sizes in one body.
fn mixes(planned: &Planned, cost: &Cost, all: &mut Vec<String>) {
    let kernel = planned.kernel.kernel();
    let types = || price::body(kernel).iter().filter_map(|&v| kernel.ty(v)).filter(|&d| d != DType::Bool);
    let (Some(least), Some(most)) = (types().min_by_key(|d| d.size()), types().max_by_key(|d| d.size())) else {
        return;
    };
    if most.size() >= 4 * least.size() && !cost.bound_by_memory() {
        all.push(format!(
            "{least} beside {most}: a register of 16 bytes has {} of the one and {} of the other, so small ones gain nothing",
            16 / least.size(),
            16 / most.size()
        ));
    }
}

/// The loop over points beside each other of a scan by a function, if there are any.
pub fn beside(planned: &Planned) -> Option<usize> {
    let at = planned.loops.len().checked_sub(2)?;
    (planned.loops[at].length > 1).then_some(at)
}

/// Arrays that are walked across their neighbours.
fn walks(planned: &Planned, names: &Names, all: &mut Vec<String>) {
    // Across the reduced axes it goes row by row: the loop that counts is the innermost kept one.
    let inner = match planned.how {
        How::Columns | How::Unrolled => planned.loops.iter().rposition(|l| !l.reduced),
        How::Stacked => {
            let near = |&at: &usize| planned.walks.iter().map(|walk| walk.strides[at].unsigned_abs()).max();
            (0..planned.loops.len()).min_by_key(near)
        }
        How::Stepped => match beside(planned) {
            Some(at) => Some(at),
            // A single line: one element after another is all that there can be.
            None => return,
        },
        _ => planned.loops.len().checked_sub(1),
    };
    for walk in &planned.walks {
        let (size, name) = (walk.spec.dtype.size(), names.walk(walk));
        let stride = inner.map_or(0, |at| walk.strides[at]);
        let inner = stride.unsigned_abs();
        let step = cost::step(walk);
        if names.is_part(walk) && step == 2 * size {
            continue;
        }
        if walk.packed {
            let how = match () {
                () if planned.flat => "does not lie as the others along the short innermost axis",
                () if step <= 4 * size && inner <= 4 * size => "is strided or reversed along the innermost loop",
                () => "lies across the loops (transposed?)",
            };
            all.push(format!("{name} {how}: it goes through a buffer, tile by tile"));
        } else if inner > size && step > size {
            let used = 100 * size / step;
            all.push(format!(
                "{name} is {} with a stride of {inner} bytes, one element at a time: of the memory that moves {used}% is used; a contiguous copy pays if it is used often",
                if walk.spec.role == Role::In { "read" } else { "written" },
            ));
        } else if inner > size {
            all.push(format!(
                "{name} has its neighbours along an outer loop: single elements {inner} bytes apart instead of vectors"
            ));
        } else if stride < 0 {
            all.push(format!("{name} is reversed along the innermost loop: single elements instead of vectors"));
        }
    }
}

/// Whether a stage needs what another leaves.
fn depends(program: &Program, stage: usize, on: usize) -> bool {
    let mut needed = vec![false; stage + 1];
    needed[stage] = true;
    for at in (on..=stage).rev().filter(|&at| at < program.stages.len()) {
        if needed[at] {
            let sources = program.stages[at].sources.iter().filter_map(|(_, source)| source.stage());
            sources.for_each(|of| needed[of] = true);
        }
    }
    on != stage && needed[on]
}

/// Arrays that stages leave for others, and those that are read again.
fn between(planned: &Planned, earlier: &[Planned], names: &Names, all: &mut Vec<String>) {
    for walk in &planned.walks {
        let bytes = bytes(planned, walk);
        if bytes < LARGE as f64 {
            continue;
        }
        match walk.spec.source {
            Some(Source::Temp { .. }) => all.push(format!(
                "{} is an array of {} between stages: written there, read here",
                names.walk(walk),
                super::show::bytes(bytes)
            )),
            Some(Source::Input(_)) => {
                let same = |other: &Walk| other.spec.source == walk.spec.source;
                if let Some(first) = earlier.iter().find(|p| p.walks.iter().any(same)) {
                    let why = match depends(names.program, planned.stage, first.stage) {
                        true => format!("stage {} had to end first", first.stage),
                        false => format!("stage {} runs over other axes, or gives another shape", first.stage),
                    };
                    all.push(format!("{} is read a second time: {why}", names.walk(walk)));
                }
            }
            _ => {}
        }
    }
}
