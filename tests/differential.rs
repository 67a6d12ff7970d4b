//! The law: all executors give the same bits, for every expression, type, shape, stride, tail, thread count and tiling.
//!
//! Random expressions are compared with an oracle of their own (`common/oracle.rs`). A failure prints a seed:
//! `TILEXPR_SEED=that TILEXPR_FUZZ=1 cargo test --test differential` runs the case again; `TILEXPR_FUZZ=100000` runs that
//! many cases.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use common::case::Case;
use common::executors;
use common::oracle;
use common::place::{AnyPlaced, Layout, Outs};
use common::rng::Rng;
use common::tensor::Tensor;
use common::{pool, setting};
use tilexpr::syntax::parse;
use tilexpr::types::{Given, InputType, Typing, infer, resolve};
use tilexpr::{
    AnyArray, Args, CancelToken, DType, EvalErrorKind, Executor, Expr, Limits, LoopSchedule, Order, Real, Relaxed,
    Threads,
};

/// How a case is run.
#[derive(Debug)]
struct How {
    executor: Executor,
    threads: Option<usize>,
    tile: Option<usize>,
    grain: Option<usize>,
    serial_below: Option<usize>,
    stream_from: Option<usize>,
    order: Order,
    into: bool,
    schedule: LoopSchedule,
    /// With bounds that are far away.
    bounded: bool,
    /// With products that are not rounded before they are added.
    contract: bool,
}

impl How {
    fn random(rng: &mut Rng, executor: Executor, contract: bool) -> How {
        How {
            executor,
            threads: rng.pick(&[None, Some(1), Some(2), Some(7)]),
            tile: rng.pick(&[None, None, Some(1), Some(7), Some(64), Some(100), Some(1000)]),
            grain: rng.pick(&[None, Some(0), Some(1), Some(200)]),
            serial_below: rng.pick(&[None, Some(0), Some(0), Some(2)]),
            stream_from: rng.pick(&[None, Some(0), Some(0)]),
            order: rng.pick(&[Order::C, Order::F, Order::K]),
            into: rng.one_in(2),
            schedule: common::loop_schedule(rng),
            bounded: rng.one_in(4),
            contract,
        }
    }

    fn compile(&self, text: &str) -> Result<Expr, String> {
        let threads = self.threads.map_or(Threads::Serial, pool);
        let mut builder = Expr::builder().executor(self.executor).order(self.order).threads(threads);
        if let Some(n) = self.tile.filter(|&n| n > 1 || self.executor != Executor::Auto) {
            builder = builder.tile(n);
        }
        if let Some(n) = self.grain {
            builder = builder.grain(n);
        }
        if let Some(n) = self.serial_below {
            builder = builder.serial_below(n);
        }
        if let Some(n) = self.stream_from {
            builder = builder.stream_from(n);
        }
        if self.bounded {
            let far = Duration::from_secs(3600);
            builder = builder.cancel(CancelToken::new()).timeout(far).memory_limit(1 << 40);
        }
        if self.contract {
            builder = builder.relaxed(Relaxed::Contract);
        }
        builder = builder.loop_schedule(self.schedule);
        builder.compile(text).map_err(|e| format!("does not compile: {e}"))
    }
}

/// Whether an integer type holds a value.
fn holds(dtype: DType, value: i128) -> bool {
    let bits = 8 * dtype.size() as u32;
    let (least, most) =
        if dtype.is_signed() { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
    (least..=most).contains(&value)
}

/// What the expression is worth; none if it has a literal that its types do not hold.
fn expected(case: &Case, contract: bool) -> Result<Option<(Vec<Tensor>, bool)>, String> {
    let text = case.text();
    let ast = parse(&text, &Limits::default()).map_err(|e| e.to_string())?;
    let resolved = resolve(ast, &text, Given::default()).map_err(|e| e.to_string())?;
    let var = |name: &String| case.vars.iter().find(|v| v.name == *name).unwrap();
    let vars: Vec<_> = resolved.free.iter().map(var).collect();
    let types: Vec<InputType> =
        vars.iter().map(|v| InputType { dtype: v.ty.dtype, weak: v.ty.weak, swapped: false, text: None }).collect();
    let graph = match infer(&text, &resolved, &types, &[], Typing { contract, ..Typing::default() }) {
        Ok(graph) => graph,
        Err(e) if ["out of range", "negative integer power", "128 bits"].iter().any(|m| e.message().contains(m)) => {
            return Ok(None);
        }
        Err(e) => return Err(format!("does not type: {e}")),
    };
    for check in &graph.range_checks {
        let value = vars[check.name as usize].value.data[0];
        let value = match value.dtype() {
            DType::U64 => i128::from(u64::from_scalar(value)),
            _ => i128::from(i64::from_scalar(value)),
        };
        if !holds(check.dtype, value) {
            return Ok(None);
        }
    }
    let inputs: Vec<Tensor> = graph.inputs.iter().map(|i| vars[i.name as usize].value.clone()).collect();
    let (outputs, fault) = oracle::evaluate(&graph, &inputs);
    let found: Vec<_> = outputs.iter().map(|o| (o.dtype, o.shape.clone())).collect();
    if found != case.outputs() {
        return Err(format!("graph gives {found:?}, NumPy's rules {:?}", case.outputs()));
    }
    Ok(Some((outputs, fault)))
}

/// Runs a case one way, and compares.
fn check(case: &Case, how: &How, layouts: &[Layout], expected: &(Vec<Tensor>, bool)) -> Result<(), String> {
    let (expected, fault) = expected;
    let expr = how.compile(&case.text())?;
    let mut placed = Vec::new();
    for (var, layout) in case.vars.iter().zip(layouts) {
        placed.push(match (var.ty.weak, var.ty.dtype) {
            (true, DType::I64) => AnyPlaced::Int(i64::from_scalar(var.value.data[0])),
            (true, DType::U64) => AnyPlaced::Uint(u64::from_scalar(var.value.data[0])),
            (true, _) => AnyPlaced::Float(f64::from_scalar(var.value.data[0])),
            _ => AnyPlaced::of(&var.value, layout),
        });
    }
    let args: Args = case.vars.iter().zip(&placed).map(|(var, placed)| (var.name.as_str(), placed.arg())).collect();
    let shapes = expr.outputs(&args).map_err(|e| format!("outputs: {e}"))?;
    if shapes != case.outputs() {
        return Err(format!("outputs {shapes:?}, expected {:?}", case.outputs()));
    }
    let faulted = |e: tilexpr::EvalError| match e.kind() {
        EvalErrorKind::Fault | EvalErrorKind::Range if *fault => Ok(()),
        _ => Err(format!("error: {e}")),
    };
    let missed = || if *fault && expected.iter().all(|e| !e.data.is_empty()) { Err("no fault") } else { Ok(()) };
    if how.into {
        let spots = &layouts[case.vars.len()..];
        let rank = |at: usize| expected[at].shape.len();
        let spot = |at: usize| match &spots[at].order {
            order if order.len() == rank(at) => spots[at].clone(),
            _ => Layout::contiguous(rank(at)),
        };
        let mut rooms: Vec<AnyPlaced> =
            expected.iter().enumerate().map(|(at, e)| AnyPlaced::room(e.dtype, &e.shape, &spot(at))).collect();
        let mut outs = Outs(rooms.iter_mut().map(AnyPlaced::view_mut).collect());
        if let Err(e) = expr.eval_into(&args, &mut outs) {
            return faulted(e);
        }
        missed()?;
        for (at, (room, expected)) in rooms.iter().zip(expected).enumerate() {
            let whole = AnyPlaced::of(expected, &spot(at)).memory();
            if let (Some(_), false) = (room.memory().difference(&whole), *fault) {
                let values = room.values().difference(expected).unwrap_or("memory around it was written".into());
                return Err(format!("output {at}: {values}"));
            }
        }
        return Ok(());
    }
    let results: Vec<AnyArray> = match expr.eval(&args) {
        Ok(results) => results,
        Err(e) => return faulted(e),
    };
    missed()?;
    for (at, (result, expected)) in results.iter().zip(expected).enumerate() {
        if let (Some(difference), false) = (Tensor::from_any(result).difference(expected), *fault) {
            return Err(format!("result {at}: {difference}"));
        }
    }
    Ok(())
}

/// All ways in which a case is run, from its seed.
fn run(case: &Case, seed: u64) -> Result<(), String> {
    let contract = seed % 2 == 1;
    let Some(expected) = expected(case, contract)? else { return Ok(()) };
    let mut rng = Rng::new(seed ^ 0xa11);
    let ways =
        executors::some(seed as usize).into_iter().chain([Executor::Auto]).chain(executors::some(1 + seed as usize));
    for executor in ways {
        let how = How::random(&mut rng, executor, contract);
        let mut layouts: Vec<Layout> = Vec::new();
        for var in &case.vars {
            let mut layout = Layout::random(&mut rng, var.value.shape.len());
            layout.step.iter_mut().zip(&var.repeated).for_each(|(step, &r)| *step = if r { 0 } else { *step });
            layouts.push(layout);
        }
        for expected in &expected.0 {
            layouts.push(Layout::random(&mut rng, expected.shape.len()));
        }
        let found = catch_unwind(AssertUnwindSafe(|| check(case, &how, &layouts, &expected)));
        let failed = |what: String| format!("{what}\nrun as {how:?}\nlayouts {layouts:?}");
        found.unwrap_or_else(|_| Err("panicked".into())).map_err(failed)?;
    }
    Ok(())
}

/// The first part of a failing case that fails alone.
fn smallest(case: &Case, seed: u64, error: String) -> (Case, String) {
    for part in 0..case.parts() {
        let mut small = case.clone();
        small.results = vec![part];
        for other in 0..20 {
            // The ways to run it follow from the seed: a few more of them.
            let found = catch_unwind(AssertUnwindSafe(|| run(&small, seed.wrapping_add(other))));
            if let Err(error) = found.unwrap_or_else(|_| Err("panicked".into())) {
                return (small, error);
            }
        }
    }
    (case.clone(), error)
}

#[test]
fn random_expressions() {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    let (first, cases) = (setting("TILEXPR_SEED", 0), setting("TILEXPR_FUZZ", 400));
    let limited = std::env::var("TILEXPR_FUZZ").is_err();
    let mut done = 0;
    let mut failures = 0;
    for seed in first..first + cases {
        // On a slow machine the rest is for another time.
        if limited && start.elapsed() > Duration::from_secs(20) {
            break;
        }
        let began = Instant::now();
        let case = Case::random(&mut Rng::new(seed));
        let found = catch_unwind(AssertUnwindSafe(|| run(&case, seed))).unwrap_or_else(|_| Err("panicked".into()));
        if let Err(error) = found {
            failures += 1;
            let (small, error) = smallest(&case, seed, error);
            eprintln!("\nseed {seed}: {:?}", small.text());
            for var in small.vars.iter().filter(|v| small.text().contains(&v.name)) {
                let shown = if var.value.data.len() <= 8 { format!("{:?}", var.value.data) } else { "...".into() };
                eprintln!("  {}: {:?} {:?} {shown}", var.name, var.ty, var.value.shape);
            }
            eprintln!("{error}");
            assert!(
                failures < setting("TILEXPR_FAILURES", 1),
                "TILEXPR_SEED={seed} TILEXPR_FUZZ=1 runs the case again"
            );
        }
        if began.elapsed() > Duration::from_secs(5) {
            println!("seed {seed} took {:?}: {:?}", began.elapsed(), case.text());
        }
        done += 1;
    }
    assert_eq!(failures, 0);
    println!("{done} cases in {:?}", start.elapsed());
}
