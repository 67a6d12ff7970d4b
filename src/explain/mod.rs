//! How an expression is computed, for a person to read.
//!
//! Comes in: an expression and arguments. Goes out: what a call would do, found by the code that does it, without doing it.
//!
//! | file      | what                                               |
//! |-----------|----------------------------------------------------|
//! | `planned` | a pass: loops, arrays, kernel, tiles, threads      |
//! | `machine` | bytes and operations a nanosecond, measured        |
//! | `cost`    | bytes, operations and time of a pass               |
//! | `slow`    | why it is slow, in words                           |
//! | `names`   | what things are called in the text                 |
//! | `show`    | all of it as text                                  |

mod cost;
mod machine;
mod names;
mod planned;
mod show;
mod slow;

use std::fmt::{self, Write};

use self::cost::Cost;
use self::names::Names;
use self::planned::Planned;
use crate::error::eval::EvalError;
use crate::expr::core::Arguments;
use crate::expr::core::Core;
use crate::plan::program::{Program, Work};
use crate::run::settings::CallOptions;

/// How an expression is computed for certain arguments.
///
/// Displayed, it says: types, and what was converted, computed once, or is a constant; for each stage, a pass over memory, its
/// loops, how arrays move along them, who runs it on how many threads, bytes and operations an element, an estimate of the time
/// against what this machine was measured to reach, and why it is slow; then the kernels and their machine code. The form
/// may change. The first explanation in a process measures the machine for some 50 ms.
///
/// ```
/// use tilexpr::{Expr, args};
/// let (a, k) = ([1.0, 2.0, 3.0], [1, 2, 3]);
/// let explained = Expr::compile("a*k - mean(a)")?.explain(args![a, k])?;
/// let text = explained.to_string();
/// assert!(text.contains("`k` at column 3: i32 -> f64 for `a*k`"));
/// assert!(text.contains("reduction over all axes") && text.contains("elementwise"));
/// assert_eq!(explained.stages().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Explain {
    text: String,
    stages: Vec<StagePlan>,
}

/// One pass over memory.
///
/// ```
/// use tilexpr::{Executor, Expr, args};
/// let a = vec![1.0; 1000];
/// let e = Expr::builder().executor(Executor::Interpreter).compile("2*a + 1")?;
/// let explained = e.explain(args![a])?;
/// let stage = &explained.stages()[0];
/// assert_eq!((stage.elements, stage.bytes, stage.operations), (1000, 16.0, 2));
/// assert!(!stage.native && stage.kernel.contains("mul.f64"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StagePlan {
    /// How many elements it runs over.
    pub elements: usize,
    /// Bytes that move for an element.
    pub bytes: f64,
    /// Operations on an element.
    pub operations: usize,
    /// On how many threads.
    pub threads: usize,
    /// Whether by machine code, or else by the interpreter; a scan of an array as it is, into one, is done by loops of the library.
    pub native: bool,
    /// An estimate of its time.
    pub nanoseconds: f64,
    /// Whether memory sets that time, or else arithmetic.
    pub memory_bound: bool,
    /// Why it is slow, in sentences.
    pub slow: Vec<String>,
    /// The kernel in its text form; empty where none runs.
    pub kernel: String,
    /// The machine code of the kernel; `None` where there is none (without the feature `jit`).
    pub assembly: Option<String>,
}

impl Explain {
    pub(crate) fn new(core: &Core, options: &CallOptions, bound: &Arguments) -> Result<Explain, EvalError> {
        let Some(pieces) = &core.pieces else { return Explain::of_piece(core, options, bound) };
        let (mut text, mut stages) = (String::new(), Vec::new());
        let settings = core.settings(options, &None);
        pieces.run(core, bound, settings, true).each(&mut |explained, core, bound| {
            let piece = Explain::of_piece(core, options, bound)?;
            if !text.is_empty() {
                text.push('\n');
            }
            text += &format!("{explained}\n{}", piece.text);
            stages.extend(piece.stages);
            Ok(())
        })?;
        Ok(Explain { text, stages })
    }

    /// Of a text without indices, or a piece of one that has some.
    fn of_piece(core: &Core, options: &CallOptions, bound: &Arguments) -> Result<Explain, EvalError> {
        let outputs = core.outputs(bound)?;
        let (typed, scheduled) = core.plan(bound, options)?;
        let threads = &options.threads;
        let program = scheduled.form.as_ref().map_or(&typed.program, |form| &form.program);
        let inputs = typed.inputs(core, bound)?;
        let plans = Planned::all(&scheduled.schedule.steps, program, &inputs);
        let notes = core.notes(&typed)?;
        let mut names = Names { core, program, results: true };
        let mut stages = Vec::new();
        let mut text = String::new();
        let mut kernels = String::new();
        let mut listings = Vec::new();
        let mut write = || -> fmt::Result {
            show::arguments(&mut text, &names, bound, &outputs)?;
            show::types(&mut text, &names, &notes)?;
            for (at, planned) in plans.iter().enumerate() {
                names.results = writes_results(program, planned);
                let own = planned.by_own_loops();
                let native = !own && planned.kernel.expects_native(core.options.executor, planned.points / planned.run);
                let cost = Cost::new(planned, native, threads);
                let kernel = planned.kernel.kernel();
                let listing = if own { None } else { Some(planned.kernel.listing(core.options.executor)) };
                let plan = StagePlan {
                    elements: planned.points,
                    bytes: cost.bytes,
                    operations: cost.operations,
                    threads: if planned.shared { threads.count() } else { 1 },
                    native,
                    nanoseconds: cost.nanoseconds(),
                    memory_bound: cost.bound_by_memory(),
                    slow: slow::reasons(planned, &plans[..at], &cost, native, &names),
                    kernel: if own { String::new() } else { kernel.to_string() },
                    assembly: listing.as_ref().and_then(|listing| listing.as_ref().ok().cloned()),
                };
                show::stage(&mut text, planned, &cost, &plan, &names, options)?;
                if !own {
                    let operands = show::operands(planned, &names);
                    write!(kernels, "\nkernel of stage {}: {operands}\n{}", planned.stage, plan.kernel)?;
                }
                stages.push(plan);
                listings.push(listing);
            }
            if plans.is_empty() {
                writeln!(text, "\nnothing to do: there are no elements")?;
            }
            Ok(())
        };
        // A `String` takes all that is written.
        write().unwrap_or_default();
        text += &kernels;
        for ((planned, plan), listing) in plans.iter().zip(&stages).zip(listings) {
            let Some(listing) = listing else { continue };
            let code = listing.unwrap_or_else(|why| format!("none: {}\n", why.0));
            let note = if plan.native { "" } else { " (it would be interpreted here)" };
            writeln!(text, "\nmachine code of stage {}{note}\n{code}", planned.stage).unwrap_or_default();
        }
        Ok(Explain { text, stages })
    }

    /// The passes over memory, in order.
    pub fn stages(&self) -> &[StagePlan] {
        &self.stages
    }
}

/// Whether a pass writes results of the expression, by itself or through the stage that joins it.
fn writes_results(program: &Program, planned: &Planned) -> bool {
    let stages = &program.stages;
    let joins = || stages[planned.stage].joins();
    let writer = if planned.joined { joins() } else { None };
    matches!(stages[writer.unwrap_or(planned.stage)].work, Work::Map(_))
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text)
    }
}
