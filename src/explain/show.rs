//! The text of an explanation: short sections first.

use std::fmt::{self, Write};

use super::StagePlan;
use super::cost::Cost;
use super::machine;
use super::names::Names;
use super::planned::{Around, Planned, Walk};
use super::slow::beside;
use crate::array::view::Strided;
use crate::diagnostic::{grouped, several};
use crate::dtype::DType;
use crate::expr::core::Arguments;
use crate::ir::{Op, Role};
use crate::jit::tier::Executor;
use crate::plan::program::Work;
use crate::plan::schedule::{BLOCK, How};
use crate::run::loops::LoopSchedule;
use crate::run::settings::CallOptions;
use crate::run::threads::Threads;
use crate::types::Notes;
use crate::types::graph::{Axes, NodeKind};

/// An amount of memory.
pub fn bytes(n: f64) -> String {
    const UNITS: [&str; 4] = ["bytes", "KiB", "MiB", "GiB"];
    let (mut n, mut unit) = (n, 0);
    while n >= 1024.0 && unit + 1 < UNITS.len() {
        n /= 1024.0;
        unit += 1;
    }
    if n.fract() == 0.0 || n >= 100.0 { format!("{n:.0} {}", UNITS[unit]) } else { format!("{n:.1} {}", UNITS[unit]) }
}

/// A time in nanoseconds.
pub fn time(ns: f64) -> String {
    match ns {
        _ if ns < 1e3 => "less than 1 us".into(),
        _ if ns < 1e4 => format!("{:.1} us", ns / 1e3),
        _ if ns < 1e6 => format!("{:.0} us", ns / 1e3),
        _ if ns < 1e9 => format!("{:.1} ms", ns / 1e6),
        _ => format!("{:.1} s", ns / 1e9),
    }
}

/// Arguments and results.
pub fn arguments(f: &mut String, names: &Names, bound: &Arguments, outputs: &[(DType, Vec<usize>)]) -> fmt::Result {
    writeln!(f, "{}\n", names.core.source.trim())?;
    if !bound.is_empty() {
        writeln!(f, "arguments")?;
    }
    for (name, (ty, view)) in names.core.names().iter().zip(bound) {
        if let Some(width) = ty.text {
            let axes = view.shape.len().saturating_sub(1);
            writeln!(f, "  {name:<8} strings of {} {:?}", several(width, "byte", "bytes"), &view.shape[..axes])?;
            continue;
        }
        write!(f, "  {name:<8} {:<5}", ty.dtype.name())?;
        match ty.weak {
            true => writeln!(f, " a bare number: it takes the type of what it meets")?,
            false => {
                let swapped = if ty.swapped { ", byte-swapped" } else { "" };
                writeln!(f, " {:?}{}{swapped}", view.shape, layout(view))?;
            }
        }
    }
    writeln!(f, "result{}", if outputs.len() == 1 { "" } else { "s" })?;
    for (dtype, shape) in outputs {
        writeln!(
            f,
            "  {:<8} {:<5} {shape:?}, {}",
            "",
            dtype.name(),
            bytes(shape.iter().product::<usize>() as f64 * dtype.size() as f64)
        )?;
    }
    Ok(())
}

/// How an array lies, if not in C order.
fn layout(view: &Strided) -> String {
    if view.contiguous().is_some() {
        return String::new();
    }
    let size = view.dtype.size() as isize;
    let whole = view.strides().all(|stride| stride % size == 0);
    let (unit, name) = if whole { (size, "elements") } else { (1, "bytes") };
    let strides: Vec<isize> = view.strides().map(|stride| stride / unit).collect();
    format!(", strides {strides:?} {name}")
}

/// What was promoted, shared, folded.
pub fn types(f: &mut String, names: &Names, notes: &Notes) -> fmt::Result {
    let graph = &names.program.graph;
    let mut lines: Vec<String> = Vec::new();
    for node in &graph.nodes {
        let (NodeKind::Op(Op::Convert), Some(&x)) = (&node.kind, node.args.first()) else { continue };
        let from = graph.node(x);
        if matches!(from.kind, NodeKind::Count(_)) {
            continue;
        }
        let (what, whole) = (names.text(from.span), names.text(node.span));
        let whole = if what == whole { String::new() } else { format!(" for {whole}") };
        let line = format!("  {what} at {}: {} -> {}{whole}", names.place(from.span), from.dtype, node.dtype);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    section(f, "converted", lines)?;
    let again = |&(first, again): &(_, _)| {
        format!("  {} at {} is the one at {}", names.text(again), names.place(again), names.place(first))
    };
    section(f, "computed once", notes.shared.iter().map(again).collect())?;
    let constant =
        |(span, value): &(_, String)| format!("  {} at {} is {value}", names.text(*span), names.place(*span));
    section(f, "constants", notes.constants.iter().map(constant).collect())
}

/// A section, if it has lines.
fn section(f: &mut String, title: &str, lines: Vec<String>) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title}\n{}", lines.join("\n"))
}

/// One pass.
// Many arguments: a pass, what it costs, and what names and threads are called by.
pub fn stage(
    f: &mut String,
    planned: &Planned,
    cost: &Cost,
    plan: &StagePlan,
    names: &Names,
    options: &CallOptions,
) -> fmt::Result {
    writeln!(f, "\nstage {}: {}", planned.stage, title(planned, names))?;
    if let Some(Around { rows, tile, bytes }) = planned.around {
        writeln!(
            f,
            "  by rows    with the other stages by rows: {tile} of {} at a time, {} between them",
            grouped(rows),
            self::bytes(bytes as f64)
        )?;
    }
    write!(f, "  loops      ")?;
    for (at, l) in planned.loops.iter().enumerate() {
        let axes: Vec<String> = l.axes.iter().map(usize::to_string).collect();
        let axes = match axes.len() {
            0 => String::new(),
            1 => format!(" (axis {}{})", axes[0], if l.reduced { ", reduced" } else { "" }),
            _ => format!(" (axes {} as one{})", axes.join(", "), if l.reduced { ", reduced" } else { "" }),
        };
        write!(f, "{}i{at}: {}{axes}", if at == 0 { "" } else { ", " }, grouped(l.length))?;
    }
    writeln!(f)?;
    for walk in &planned.walks {
        let verb = if walk.spec.role == Role::In { "reads" } else { "writes" };
        let swapped = names.swapped(walk);
        let dtype = swapped.unwrap_or(walk.spec.dtype);
        let note = if swapped.is_some() { "; byte-swapped" } else { "" };
        writeln!(f, "  {verb:<10} {dtype} {}: {}{note}", names.walk(walk), movement(walk))?;
    }
    if let Some(how) = how(planned, names) {
        writeln!(f, "  how        {how}")?;
    }
    let by = match (plan.native, names.core.options.executor, planned.kernel.why_not(names.core.options.executor)) {
        _ if planned.by_own_loops() => "loops of the library, no kernel".into(),
        (true, executor, _) => {
            let title = planned.kernel.native_title(executor, planned.points / planned.run);
            format!("machine code ({})", title.unwrap_or_default())
        }
        (false, Executor::Interpreter, _) => "the interpreter, as asked for".into(),
        (false, _, Some(why)) => format!("the interpreter: {why}"),
        (false, _, None) => "the interpreter: so little work does not pay for compiling yet".into(),
    };
    let shared = match (plan.threads, planned.tile) {
        (1, _) => "1 thread".into(),
        (n, [1, tile]) => format!("{n} threads, tiles of {}", grouped(tile)),
        (n, [rows, columns]) => format!("{n} threads, tiles of {rows} x {columns}"),
    };
    let dealt = match (plan.threads, options.schedule) {
        (1, _) | (_, LoopSchedule::Auto) => String::new(),
        (_, schedule) => format!(", {schedule}"),
    };
    writeln!(f, "  run by     {by}, {shared}{dealt}")?;
    let operations = several(cost.operations, "operation", "operations");
    writeln!(f, "  an element {:.1} bytes, {operations}", cost.bytes)?;
    roof(f, planned, cost, plan, &options.threads)?;
    for (at, reason) in plan.slow.iter().enumerate() {
        writeln!(f, "  {:<10} - {reason}", if at == 0 { "slow" } else { "" })?;
    }
    Ok(())
}

/// The estimate.
fn roof(f: &mut String, planned: &Planned, cost: &Cost, plan: &StagePlan, threads: &Threads) -> fmt::Result {
    let alone = Threads::Serial;
    let threads = if planned.shared { threads } else { &alone };
    let (from, rate) = match cost.near {
        true => ("the caches", machine::near() * threads.count() as f64),
        false => ("memory", machine::memory(threads)),
    };
    let operations = machine::operations(plan.native) * threads.count() as f64;
    let about = if cost.nanoseconds() < 1e3 { "" } else { "about " };
    write!(f, "  time       {about}{}: ", time(cost.nanoseconds()))?;
    let (bound, other, least) = match cost.bound_by_memory() {
        true => ("memory", "the operations", cost.computing),
        false => ("arithmetic", "moving the bytes", cost.moving),
    };
    writeln!(f, "bound by {bound} ({other} alone: {})", time(least))?;
    writeln!(f, "             measured here: {rate:.0} GB/s from {from}, {operations:.2} operations on f64 a ns")
}

/// What a pass is.
fn title(planned: &Planned, names: &Names) -> String {
    let stage = &names.program.stages[planned.stage];
    let what = match &stage.work {
        Work::Map(_) => "elementwise".to_string(),
        Work::Prepare(nodes) => {
            let texts: Vec<String> =
                nodes.iter().map(|&node| names.text(names.program.graph.node(node).span)).collect();
            format!("part of {}, once for the later stages that read it", texts.join(", "))
        }
        Work::Count(counts) => {
            let text = names.text(names.program.graph.node(counts.node).span);
            format!("counts of {} for {text}", several(counts.bins as usize, "number", "numbers"))
        }
        Work::Scan(scans) => {
            let texts = scans.lanes.iter().map(|(scan, parts)| {
                let span = names.program.graph.node(scans.nodes[parts.start]).span;
                format!("{} for {}", scan.name(), names.text(span))
            });
            let along = scans.axis.map_or("all axes as one".to_string(), |axis| format!("axis {axis}"));
            format!("scan along {along}: {}", texts.collect::<Vec<_>>().join(", "))
        }
        Work::Recur(of) => {
            let text = names.text(names.program.graph.node(of.nodes[0]).span);
            let reverse = if of.reverse { ", the last element first" } else { "" };
            format!("scan by a function along axis {}{reverse}: {text}", of.axis)
        }
        Work::Reduce(group) => {
            let parts: Vec<String> = group
                .nodes
                .iter()
                .zip(&group.monoids)
                .map(|(&node, monoid)| {
                    let name = monoid.name.split('.').next().unwrap_or_default();
                    format!("{name} for {}", names.text(names.program.graph.node(node).span))
                })
                .collect();
            let over = match &group.axes {
                Axes::All => "all axes".to_string(),
                Axes::List(list) => format!("axis {}", list.iter().map(i32::to_string).collect::<Vec<_>>().join(", ")),
            };
            format!("reduction over {over}: {}", parts.join(", "))
        }
    };
    format!("{what}; {} element{}", grouped(planned.points), if planned.points == 1 { "" } else { "s" })
}

/// How a reduction goes about it.
fn how(planned: &Planned, names: &Names) -> Option<String> {
    let run: usize = planned.loops.iter().filter(|l| l.reduced).map(|l| l.length).product();
    let joins = names.program.stages[planned.stage].joins();
    let with_result = match joins {
        Some(map) if planned.joined => {
            format!(", and what reads the result (stage {map}) is done in the same pass")
        }
        _ => String::new(),
    };
    Some(match planned.how {
        How::Each => return None,
        How::Unrolled => {
            format!("the {run} elements of a run are combined without a loop, of many runs at once{with_result}")
        }
        How::Whole => format!("each run of {run} is combined in registers{with_result}"),
        How::Runs => {
            format!("runs of {run} in blocks of {}, combined in registers, blocks merged in pairs", planned.tile[1])
        }
        How::Columns => {
            "rows of neighbours are combined side by side, in blocks of rows that are merged in pairs".into()
        }
        How::Stacked => {
            "rows of whole blocks lie side by side and are combined so; the states they leave are merged in order"
                .into()
        }
        How::Counted => {
            "computed into a buffer and counted there, in tables of the tasks' own that are added up".into()
        }
        How::Stepped if beside(planned).is_none() => {
            format!("from state to state along the axis, one element after another{with_result}")
        }
        How::Stepped => {
            format!("from state to state along the axis, neighbours side by side, states in a buffer{with_result}")
        }
        How::Scanned { reads, .. } => {
            let from = if reads { "scanned where it lies" } else { "computed into a buffer and scanned there" };
            format!("{from} in blocks of {BLOCK}, each combined with what comes before it{with_result}")
        }
        How::Packed => {
            format!(
                "pieces are put into logical order in a buffer, and combined there in blocks of {BLOCK}, merged in pairs"
            )
        }
    })
}

/// How an array moves along the loops.
fn movement(walk: &Walk) -> String {
    let size = walk.spec.dtype.size() as isize;
    let steps: Vec<String> = walk
        .strides
        .iter()
        .enumerate()
        .map(|(at, &stride)| match stride {
            0 => format!("i{at} stays"),
            _ if stride == size => format!("i{at} next"),
            _ => format!("i{at} {stride:+} bytes"),
        })
        .collect();
    let all_stay = walk.strides.iter().all(|&s| s == 0);
    let mut text = if all_stay { "one element".into() } else { steps.join(", ") };
    if walk.packed {
        text += "; through a buffer";
    }
    if walk.nontemporal {
        text += "; past the cache";
    }
    text
}

/// What the operands of a kernel are called in the text.
pub fn operands(planned: &Planned, names: &Names) -> String {
    let kernel = planned.kernel.kernel();
    let walks = planned.operands.iter().map(|&at| &planned.walks[at]);
    let pairs = kernel.operands.iter().zip(walks).filter(|(_, walk)| walk.spec.source.is_some());
    pairs.map(|(operand, walk)| format!("{} is {}", operand.name, names.walk(walk))).collect::<Vec<_>>().join(", ")
}
