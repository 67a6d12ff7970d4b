//! Records what random programs give, so that two states of the library can be compared: a change that is to change no result
//! changes no line.
//!
//! ```text
//! TILEXPR_RECORD=before.txt cargo test --release --test record
//! ... change the library ...
//! TILEXPR_RECORD=after.txt cargo test --release --test record
//! diff before.txt after.txt
//! ```
//! 10,000 programs (`TILEXPR_FUZZ` for another number, `TILEXPR_SEED` for another first one), one a line: seed, text, types and layouts
//! of the arguments, where results go, and what comes of it: types, shapes, strides and fingerprints of all results (NaNs are all the
//! same), or the kind and text of the error. Results in arrays that are there are fingerprints of all their memory. If executors do not agree, each has its own
//! words on the line, and the test fails when all is written. `explain` is not recorded. Without the variable a few programs are
//! run, and compared between the executors.
//!
//! Programs depend on their seeds and on the files of this folder alone (and `common/rng.rs`): change those, and records cannot be
//! compared.

#[path = "../common/mod.rs"]
mod common;
mod memory;
mod program;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use common::rng::Rng;
use common::{pool, setting};
use memory::{Layout, Memory, describe, random};
use program::{Program, TYPES, Value, Way};
use tilexpr::{AnyArray, Arg, Args, Casting, DType, EvalError, Executor, Expr, Order, Out, Threads};

/// The executors, each with threads of its own.
const RUNS: [&str; 3] = ["interpreter", "cranelift", "auto"];

#[test]
fn results_are_recorded() {
    let path = std::env::var("TILEXPR_RECORD").ok();
    let (first, programs) = (setting("TILEXPR_SEED", 0), setting("TILEXPR_FUZZ", 10_000));
    let programs = if path.is_some() { programs } else { programs.min(120) };
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let work = || {
        let mut lines = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= programs {
                return lines;
            }
            lines.push(line(first + seed));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut lines: Vec<Line> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().flat_map(|thread| thread.join().expect("panics are caught")).collect()
    });
    lines.sort_by_key(|line| line.seed);
    let failed = lines.iter().filter(|line| line.text.contains("\terror")).count();
    println!("{programs} programs in {:?}, {failed} of them errors", start.elapsed());
    if let Some(path) = path {
        let all: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        std::fs::write(&path, all.join("\n") + "\n").unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    let different: Vec<&str> = lines.iter().filter(|line| !line.agree).map(|line| line.text.as_str()).collect();
    assert!(different.is_empty(), "executors do not agree:\n{}", different.join("\n"));
}

/// A line of the record.
struct Line {
    seed: u64,
    text: String,
    /// Whether all executors give the same.
    agree: bool,
}

fn line(seed: u64) -> Line {
    let mut rng = Rng::new(seed);
    let program = Program::random(&mut rng);
    let data = rng.next();
    let outcome = |run: usize| {
        let found = catch_unwind(AssertUnwindSafe(|| outcome(&program, run, data)));
        found.unwrap_or_else(|_| "panic".to_string())
    };
    let all: Vec<String> = (0..RUNS.len()).map(outcome).collect();
    let agree = all.iter().all(|outcome| *outcome == all[0]);
    let outcome = match agree {
        true => all[0].clone(),
        false => RUNS.iter().zip(&all).map(|(run, outcome)| format!("{run}: {outcome}")).collect::<Vec<_>>().join("\t"),
    };
    let args: Vec<String> = program.vars.iter().map(|var| format!("{}={}", var.name, shown(&var.value))).collect();
    let way = match program.way {
        Way::New(order) => format!("new {order}"),
        Way::Into { prepared, larger, other } => {
            format!("into {}", [prepared, larger, other].map(u8::from).map(|b| b.to_string()).concat())
        }
        Way::Update => "update".to_string(),
    };
    Line { seed, text: format!("{seed}\t{}\t{}\t{way}\t{outcome}", program.text, args.join(" ")), agree }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array { dtype, layout, special } => format!("{dtype}{}/{special}", layout.describe()),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => format!("{x:?}"),
    }
}

/// A value in memory.
enum Placed {
    Array(Box<dyn Memory>),
    Int(i64),
    Float(f64),
}

impl Placed {
    fn arg(&self) -> Arg<'_> {
        match self {
            Placed::Array(memory) => memory.arg(),
            Placed::Int(n) => Arg::new(*n),
            Placed::Float(x) => Arg::new(*x),
        }
    }
}

/// The expression as a run has it. Small arrays are shared between threads, too, in one of them.
fn compile(program: &Program, run: usize) -> Result<Expr, String> {
    let builder = Expr::builder().casting(Casting::Unsafe);
    let builder = match run {
        0 => builder.executor(Executor::Interpreter).threads(Threads::Serial),
        1 => builder.executor(Executor::Native).threads(pool(2)).serial_below(0).grain(1).tile(600),
        _ => builder,
    };
    let builder = match program.way {
        Way::New(order) => builder.order([Order::C, Order::F, Order::A, Order::K][order]),
        _ => builder,
    };
    builder.compile(&program.text).map_err(|e| format!("error {:?}: {}", e.kind(), e.message()))
}

/// What comes of a program, in one line.
fn outcome(program: &Program, run: usize, data: u64) -> String {
    let found = compile(program, run).and_then(|e| {
        let mut rng = Rng::new(data);
        let place = |value: &Value, rng: &mut Rng| match value {
            Value::Array { dtype, layout, special } => Placed::Array(random(rng, *dtype, layout, *special)),
            Value::Int(n) => Placed::Int(*n),
            Value::Float(x) => Placed::Float(*x),
        };
        let placed: Vec<Placed> = program.vars.iter().map(|var| place(&var.value, &mut rng)).collect();
        results(program, &e, &placed, &mut rng).map_err(|e| format!("error {:?}: {}", e.kind(), e.message()))
    });
    found.unwrap_or_else(|error| error.replace('\n', " "))
}

fn results(program: &Program, e: &Expr, placed: &[Placed], rng: &mut Rng) -> Result<String, EvalError> {
    let args: Args = program.vars.iter().zip(placed).map(|(var, placed)| (var.name, placed.arg())).collect();
    let given = e.outputs(&args)?;
    match program.way {
        Way::New(_) => {
            let results: Vec<AnyArray> = e.eval(&args)?;
            let found: Vec<_> = results.iter().map(|result| (result.dtype(), result.shape().to_vec())).collect();
            let told = if found == given { "" } else { "not as told: " };
            Ok(told.to_string() + &results.iter().map(describe).collect::<Vec<_>>().join(" "))
        }
        Way::Into { prepared, larger, other } => {
            let mut rooms: Vec<Box<dyn Memory>> = given.iter().map(|result| room(result, larger, other, rng)).collect();
            let mut outs: Vec<Box<dyn Out + '_>> = rooms.iter_mut().map(|room| room.out()).collect();
            with_outs(&mut outs, |out| match prepared {
                true => {
                    let names: [&str; 4] = std::array::from_fn(|at| ["u", "v", "w", "x"][at]);
                    let values = std::array::from_fn(|at| placed.get(at).map_or(Arg::new(0.0), Placed::arg));
                    e.prepare(names, &args)?.call(values, out)
                }
                false => e.eval_into(&args, out),
            })?;
            drop(outs);
            Ok(rooms.iter().map(|room| format!("{:016x}", room.print())).collect::<Vec<_>>().join(" "))
        }
        Way::Update => update(program, e, placed, &given),
    }
}

/// An array for a result: of random values, which are to be written over, and others around them, which are not.
fn room((dtype, shape): &(DType, Vec<usize>), larger: bool, other: bool, rng: &mut Rng) -> Box<dyn Memory> {
    let mut shape = shape.clone();
    if larger {
        shape.iter_mut().for_each(|n| *n = if *n == 1 && rng.one_in(2) { 3 } else { *n });
        if rng.one_in(2) {
            shape.insert(0, 2);
        }
    }
    let drawn = rng.pick(TYPES);
    let layout = Layout::random(rng, &shape, false);
    random(rng, if other { drawn } else { *dtype }, &layout, 0)
}

/// Updates the first argument that has the shape of the one result (another type is converted to).
fn update(program: &Program, e: &Expr, placed: &[Placed], given: &[(DType, Vec<usize>)]) -> Result<String, EvalError> {
    let fits = |placed: &Placed| match (placed, given) {
        (Placed::Array(memory), [(_, shape)]) => memory.layout().is_apart() && memory.layout().shape() == shape,
        _ => false,
    };
    let Some(at) = placed.iter().position(fits) else { return Ok("nothing to update".to_string()) };
    let Placed::Array(memory) = &placed[at] else { return Ok(String::new()) };
    let mut target = memory.copied();
    let others = program.vars.iter().zip(placed).enumerate().filter(|(other, _)| *other != at);
    let args: Args = others.map(|(_, (var, placed))| (var.name, placed.arg())).collect();
    e.update(program.vars[at].name, &mut &mut *target.out(), &args)?;
    Ok(format!("{} {:016x}", program.vars[at].name, target.print()))
}

/// Runs `f` with one to three arrays as one output.
fn with_outs(
    outs: &mut [Box<dyn Out + '_>],
    f: impl FnOnce(&mut dyn Out) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    match outs {
        [a] => f(&mut **a),
        [a, b] => f(&mut (&mut **a, &mut **b)),
        [a, b, c] => f(&mut (&mut **a, &mut **b, &mut **c)),
        _ => unreachable!("a program has one to three results"),
    }
}
