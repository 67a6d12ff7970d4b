//! A run: what it takes, found beforehand, and then pass after pass.
//!
//! Comes in: what a caller asked for. Goes out: files in their places, and the results that are values. Always holds: nothing is written before all that
//! can be known by headers and text has been checked; nothing is in its place before everything is on the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use super::demand::{Mode, Shaped};
use super::merge::{Counter, Counts};
use super::passes::{Cut, Gives, Pass, combined_in_row, monoid, passes};
use super::pieces::{Pieces, Wishes, pieces};
use super::plan::{StreamPlan, StreamResult};
use super::program::{Origin, Programs, programs};
use super::setup::{Given, Setup};
use super::values::Values;
use super::work::{Progress, Sink, Work};
use crate::array::result::AnyArray;
use crate::diagnostic::{Diagnostic, several};
use crate::dtype::DType;
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::expr::core::Bound;
use crate::files::error::{FileError, FileErrorKind};
use crate::files::npy::Header;
use crate::files::npy::input::Input;
use crate::files::target::{Target, place};
use crate::plan::shape::count;
use crate::types::graph::{NodeId, NodeKind};

/// The bytes of memory that a run may take, unless a caller says otherwise.
const LIMIT: usize = 256 << 20;

/// What a caller may set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: Option<usize>,
    /// Bytes of a piece.
    pub piece: Option<usize>,
}

/// A pass with what it takes.
struct Step {
    pass: Pass,
    programs: Programs,
    /// None where nothing is cut.
    pieces: Option<Pieces>,
}

/// All that is known before anything is read.
pub struct Prepared<'s> {
    setup: &'s Setup<'s>,
    shaped: &'s Shaped<'s>,
    steps: Vec<Step>,
    results: Vec<StreamResult>,
    /// For each name whether all of its file is read into memory.
    whole: Vec<bool>,
    /// Bytes that are read.
    read: u64,
    /// Bytes of memory.
    memory: usize,
}

impl<'s> Prepared<'s> {
    /// Finds the passes, and how they are cut.
    pub fn new(setup: &'s Setup<'s>, shaped: &'s Shaped<'s>, limits: Limits) -> Result<Prepared<'s>, FileError> {
        let graph = shaped.graph;
        let outputs: Vec<&[NodeId]> = graph.results().map(|(_, outputs)| &graph.outputs[outputs]).collect();
        let found = passes(shaped, &outputs, setup).map_err(|refused| unsupported(setup, shaped, refused.0))?;
        let result = |((dtype, nodes), &to_file): ((DType, &&[NodeId]), &bool)| {
            let shape = nodes.first().map_or(Vec::new(), |&node| shaped.shape(node).to_vec());
            StreamResult { dtype, shape, to_file }
        };
        let results = graph.results.iter().copied().zip(&outputs).zip(&found.to_file).map(result).collect();
        let core = &setup.expr.core;
        let mut steps = Vec::new();
        for pass in found.passes {
            let programs = programs(core, shaped, &setup.typed.signature, &pass)?;
            steps.push(Step { pass, programs, pieces: None });
        }
        let whole = (0..setup.given.len()).map(|name| {
            let is_whole =
                |slot: &super::program::Slot| (slot.origin, slot.mode) == (Origin::Name(name as u32), Mode::Whole);
            steps.iter().any(|step| step.programs.slots.iter().any(is_whole)) && setup.given[name].header().is_some()
        });
        let whole = whole.collect();
        let mut prepared = Prepared { setup, shaped, steps, results, whole, read: 0, memory: 0 };
        prepared.cut(limits)?;
        Ok(prepared)
    }

    /// Cuts the passes, within the limit of memory.
    fn cut(&mut self, limits: Limits) -> Result<(), FileError> {
        let setup = self.setup;
        let limit = limits.memory.unwrap_or(LIMIT);
        let header = |name: u32| setup.given.get(name as usize).and_then(Given::header);
        let whole = self.whole.iter().zip(&setup.given).filter(|(whole, _)| **whole);
        let whole: u64 = whole.filter_map(|(_, given)| given.header()).map(Header::bytes).sum();
        let kept = self.steps.iter().flat_map(|step| &step.pass.gives).map(|gives| match *gives {
            // Rows are collected before they become an array.
            Gives::Collected(node) | Gives::Combined(node) => {
                let elements = count(self.shaped.shape(node)).unwrap_or(usize::MAX);
                elements.saturating_mul(2 * self.shaped.graph.node(node).dtype.size())
            }
            Gives::Result(_) => 0,
        });
        let kept = kept.fold(whole as usize, usize::saturating_add);
        let threads = setup.expr.options.threads.count();
        let wishes = Wishes { piece: limits.piece, threads, memory: limit.saturating_sub(kept) };
        let (mut needed, mut most) = (kept, kept);
        for step in self.steps.iter_mut().filter(|step| step.pass.cut != Cut::Not) {
            match pieces(self.shaped, &step.pass, &step.programs, &header, wishes) {
                Ok(found) => {
                    most = most.max(kept.saturating_add(found.workers * found.bytes));
                    step.pieces = Some(found);
                }
                Err(bytes) => needed = needed.max(kept.saturating_add(bytes)),
            }
        }
        if needed > limit {
            let whole = if whole == 0 {
                String::new()
            } else {
                format!(", {whole} of them for files that are repeated and so held whole")
            };
            let message = format!("a limit of {limit} bytes of memory is too small: {needed} bytes are needed{whole}");
            return Err(FileError::new(FileErrorKind::Memory, None, message)
                .needing(needed as u64)
                .with_help(format!("allow {needed} bytes: `memory_limit({needed})`")));
        }
        let cut = |step: &Step| {
            let cut = step.programs.slots.iter().filter(|slot| slot.mode == Mode::Cut && step.pieces.is_some());
            let files = cut.filter_map(|slot| if let Origin::Name(name) = slot.origin { header(name) } else { None });
            files.map(Header::bytes).sum::<u64>()
        };
        self.read = whole + self.steps.iter().map(cut).sum::<u64>();
        self.memory = most;
        Ok(())
    }

    /// For a caller.
    pub fn plan(&self) -> StreamPlan {
        let bytes = |result: &StreamResult| {
            let elements = count(&result.shape).unwrap_or(0);
            (elements * result.dtype.size()) as u64
        };
        StreamPlan {
            results: self.results.clone(),
            passes: self.steps.iter().filter(|step| step.pieces.is_some()).count(),
            read: self.read,
            written: self.results.iter().filter(|result| result.to_file).map(bytes).sum(),
            memory: self.memory,
        }
    }

    /// Whether there is an output for each result that goes to a file, and each may be put where it is to be.
    pub fn check_outputs(&self, outputs: &[PathBuf]) -> Result<(), FileError> {
        let error = |message: String, help: &str| {
            Err(FileError::new(FileErrorKind::Output, None, message).with_help(help.to_string()))
        };
        let to_file: Vec<usize> = (0..self.results.len()).filter(|&at| self.results[at].to_file).collect();
        if to_file.len() != outputs.len() {
            let given = match outputs.len() {
                1 => "1 output is given".to_string(),
                n => format!("{n} outputs are given"),
            };
            let which: Vec<String> = to_file
                .iter()
                .map(|at| format!("{} of shape {:?}", self.results[*at].dtype, self.results[*at].shape))
                .collect();
            let message = match which.len() {
                0 => format!("{given}, but no result has the elements or rows of a file"),
                n => format!(
                    "{given} for {}: {}",
                    several(n, "result that goes to a file", "results that go to files"),
                    which.join(", ")
                ),
            };
            return error(
                message,
                "name an output for each result that has the elements or rows of a file, in their order; reductions of all are values",
            );
        }
        let mut places = Vec::new();
        for path in outputs {
            let place = place(path)?;
            if places.contains(&place) {
                let message = "it is named for two results";
                return Err(
                    FileError::of(FileErrorKind::Output, path, message).with_help("write each to a file of its own")
                );
            }
            places.push(place);
        }
        Ok(())
    }

    /// Runs all passes. Gives the results that are values, in order.
    pub fn run(
        &self,
        outputs: &[PathBuf],
        progress: &Progress,
        tell: &mut dyn FnMut() -> Result<(), FileError>,
    ) -> Result<Vec<AnyArray>, FileError> {
        let (setup, mut values) = (self.setup, Values::default());
        for (name, given) in setup.given.iter().enumerate().filter(|(name, _)| self.whole[*name]) {
            if let Given::File(input) = given {
                values.insert_file(name as u32, input.read_whole()?);
                progress.done.fetch_add(input.header.bytes(), Ordering::Relaxed);
            }
        }
        let targets = self.targets(outputs)?;
        let mut found: BTreeMap<usize, AnyArray> = BTreeMap::new();
        for step in &self.steps {
            tell()?;
            match &step.pieces {
                Some(pieces) => self.pass(step, pieces, &mut values, &targets, (progress, tell))?,
                None => self.at_once(step, &mut values, &mut found)?,
            }
        }
        targets.values().try_for_each(|(target, _)| target.flush())?;
        setup.files().try_for_each(Input::check_unchanged)?;
        tell()?;
        targets.into_values().try_for_each(|(target, _)| target.finish())?;
        Ok(found.into_values().collect())
    }

    /// Begins the files of results, each with its header: by the numbers of the results, with the bytes before elements.
    fn targets(&self, outputs: &[PathBuf]) -> Result<BTreeMap<usize, (Target, u64)>, FileError> {
        let mut targets = BTreeMap::new();
        let to_file = self.results.iter().enumerate().filter(|(_, result)| result.to_file);
        for ((at, result), path) in to_file.zip(outputs) {
            let reversed = self.steps.iter().any(|step| {
                step.pass.cut == Cut::Flat { reversed: true } && step.pass.gives.contains(&Gives::Result(at))
            });
            let header = Header::new(result.dtype, &result.shape, reversed);
            let target = Target::create(path)?;
            target.write(0, &header.encode())?;
            targets.insert(at, (target, header.offset));
        }
        Ok(targets)
    }

    /// Computes what needs no pieces.
    fn at_once(
        &self,
        step: &Step,
        values: &mut Values,
        found: &mut BTreeMap<usize, AnyArray>,
    ) -> Result<(), FileError> {
        let (setup, Step { pass, programs, .. }) = (self.setup, step);
        let slots = programs.slots.iter();
        let views = slots.map(|slot| values.of(slot.origin, setup).map(|view| (slot.of, view.strided())));
        let bound: Bound = views.collect::<Option<_>>().ok_or_else(incomplete)?;
        let arrays = setup.expr.core.new_of(&programs.first.typed, &bound, &setup.expr.options)?;
        drop(bound);
        for (gives, array) in pass.gives.iter().zip(arrays) {
            match *gives {
                Gives::Result(at) => drop(found.insert(at, array)),
                Gives::Collected(node) | Gives::Combined(node) => values.insert(node, array),
            }
        }
        Ok(())
    }

    /// Runs a pass over files.
    fn pass(
        &self,
        step: &Step,
        pieces: &Pieces,
        values: &mut Values,
        targets: &BTreeMap<usize, (Target, u64)>,
        (progress, tell): (&Progress, &mut dyn FnMut() -> Result<(), FileError>),
    ) -> Result<(), FileError> {
        let (setup, shaped, Step { pass, programs, .. }) = (self.setup, self.shaped, step);
        let mut sinks = Vec::new();
        for gives in &pass.gives {
            sinks.push(match *gives {
                Gives::Result(at) => {
                    let (target, offset) = targets.get(&at).ok_or_else(incomplete)?;
                    Sink::File(target, *offset)
                }
                Gives::Combined(node) if matches!(shaped.graph.node(node).kind, NodeKind::Counts(_)) => {
                    let bins = count(shaped.shape(node)).unwrap_or(0);
                    Sink::Counted(Mutex::new(Counts::new(zeros(bins * DType::I64.size())?)))
                }
                Gives::Combined(node) => {
                    let in_row = match pass.cut {
                        Cut::Rows => combined_in_row(shaped.space(node), shaped.axes[node.0 as usize]),
                        _ => 1,
                    };
                    Sink::Combined(Mutex::new(Counter::new(monoid(shaped, node).ok_or_else(incomplete)?, in_row)))
                }
                Gives::Collected(node) => {
                    let elements = count(shaped.shape(node)).unwrap_or(0);
                    Sink::Collected(Mutex::new(zeros(elements * shaped.graph.node(node).dtype.size())?))
                }
            });
        }
        Work { setup, values, pass, programs, pieces, sinks: &sinks, progress }.run(tell)?;
        for (gives, sink) in pass.gives.iter().zip(sinks) {
            let bytes = match sink {
                Sink::File(..) => continue,
                Sink::Combined(counter) => inner(counter).finish().ok_or_else(incomplete)?,
                Sink::Counted(counts) => inner(counts).finish(),
                Sink::Collected(bytes) => inner(bytes),
            };
            if let Gives::Combined(node) | Gives::Collected(node) = *gives {
                let dtype = shaped.graph.node(node).dtype;
                values.insert_bytes(node, dtype, shaped.shape(node), &bytes).ok_or_else(incomplete)?;
            }
        }
        Ok(())
    }
}

fn inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// As many bytes.
fn zeros(bytes: usize) -> Result<Vec<u8>, FileError> {
    let mut all = Vec::new();
    all.try_reserve_exact(bytes).map_err(|_| {
        let message = format!("no memory for the {bytes} bytes of a result that others wait for");
        FileError::new(FileErrorKind::Memory, None, message).with_help("lower the limit of memory")
    })?;
    all.resize(bytes, 0);
    Ok(all)
}

/// An error of this module itself.
#[cold]
fn incomplete() -> FileError {
    FileError::new(FileErrorKind::Unsupported, None, "a part of this expression was not computed")
        .with_help("please report the expression")
}

/// Why a reduction or a scan cannot be computed in pieces.
#[cold]
fn unsupported(setup: &Setup, shaped: &Shaped, node: NodeId) -> FileError {
    let (message, help) = match shaped.graph.node(node).kind {
        NodeKind::Scan { .. } | NodeKind::ScanWith { .. } => (
            "this scan goes on from row to row of a file, and so from piece to piece, which a stream does not",
            "scan along another axis than the first one, `axis=1`; or read the array into memory, or map its file, and evaluate the expression on that",
        ),
        NodeKind::Index(_) => (
            "an index of what is read piece by piece counts on from piece to piece, which a stream does not",
            "read the array into memory, or map its file, and evaluate the expression on that",
        ),
        _ => (
            "this reduction combines rows of a file with axes further in, in an order that pieces of rows do not keep",
            "reduce axis 0 first, or the inner axes first, and then the rest: `sum(sum(a, axis=2), axis=0)` (its last bits may differ)",
        ),
    };
    let diagnostic = Diagnostic::new(message.to_string(), shaped.graph.node(node).span).with_help(help);
    let error = EvalError::shown(EvalErrorKind::Partial, diagnostic, setup.expr.source());
    FileError::unsupported(error)
}
