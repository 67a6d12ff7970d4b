//! A function on all its points: chunks of them, shared by threads, and one line of report.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tilexpr::math::Elementary;
use tilexpr::{Accuracy, Args, Executor, Expr, Threads};

use crate::float::Slices;
use crate::pairs;
use crate::points::{Stratum, point, specials};
use crate::random::Random;
use crate::truth::{error, truth};

/// Points that are made and evaluated at once.
const CHUNK: u64 = 4096;
/// One chunk of so many is interpreted too.
const INTERPRETED: u64 = 16;

/// How to look.
pub struct Plan {
    /// Random points, besides the special ones.
    pub points: u64,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
    /// Which form of the functions.
    pub accuracy: Accuracy,
    /// Whether to tell of each stratum.
    pub strata: bool,
}

/// The worst of some points.
#[derive(Clone, Copy)]
struct Worst<T> {
    error: f64,
    at: (T, T),
    found: T,
    truth: (T, f64),
}

/// What has been found.
struct Found<T> {
    points: u64,
    beyond: u64,
    /// The first point where the executors differ, with their answers.
    differ: Option<[T; 4]>,
    /// The worst point of each stratum.
    worst: Vec<(Stratum, Worst<T>)>,
}

/// The points of a chunk. `y` has a number for each, which a function of one argument does not look at.
struct Points<T> {
    x: Vec<T>,
    y: Vec<T>,
    strata: Vec<Stratum>,
}

/// Looks at a function and prints what was found: whether all is within the bound.
pub fn survey<T: Slices>(function: Elementary, plan: &Plan) -> bool {
    let start = Instant::now();
    let row = function.row();
    let bounds = if plan.accuracy == Accuracy::Fast { row.fast_ulp.unwrap_or(row.ulp) } else { row.ulp };
    let bound = bounds[usize::from(T::BITS == 64)];
    let chunks = plan.points.div_ceil(CHUNK);
    let (next, done, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let all = Mutex::new(Found { points: 0, beyond: 0, differ: None, worst: Vec::new() });
    let title = format!("{:<10} {}", function.name(), T::NAME);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.threads)
            .map(|_| {
                scope.spawn(|| {
                    let [native, interpreted] = [Executor::Native, Executor::Interpreter]
                        .map(|executor| expression(function, plan.accuracy, executor));
                    loop {
                        let chunk = next.fetch_add(1, Ordering::Relaxed);
                        if chunk >= chunks {
                            return;
                        }
                        let points = make::<T>(function, plan, chunk);
                        let other = chunk.is_multiple_of(INTERPRETED).then_some(&interpreted);
                        let found = look(function, &native, other, &points, bound);
                        all.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).merge(found);
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        scope.spawn(|| progress(&title, &done, chunks, &over, start));
        let ends: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        over.store(true, Ordering::Relaxed);
        for end in ends {
            end.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    let found = all.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    report(&title, function, &found, bound, plan, start.elapsed());
    found.beyond == 0 && found.differ.is_none()
}

/// The function as an expression.
fn expression(function: Elementary, accuracy: Accuracy, executor: Executor) -> Expr {
    let text = format!("{}({})", function.name(), if function.row().arity == 2 { "x, y" } else { "x" });
    let builder = Expr::builder().accuracy(accuracy).executor(executor).threads(Threads::Serial);
    builder.compile(&text).expect("every function has its name")
}

fn evaluate<T: Slices>(function: Elementary, expression: &Expr, points: &Points<T>) -> Vec<T> {
    let mut out = vec![T::nearest(f64::NAN); points.x.len()];
    let args = Args::new().with("x", T::arg(&points.x));
    let args = if function.row().arity == 2 { args.with("y", T::arg(&points.y)) } else { args };
    expression.eval_into(&args, T::out(&mut out)).expect("arguments and result are of one length");
    out
}

/// The points of a chunk; the first one has the special arguments too.
fn make<T: Slices>(function: Elementary, plan: &Plan, chunk: u64) -> Points<T> {
    let mut random = Random::new(plan.seed, chunk);
    let mut points = Points { x: Vec::new(), y: Vec::new(), strata: Vec::new() };
    let mut push = |x, y, stratum| {
        points.x.push(x);
        points.y.push(y);
        points.strata.push(stratum);
    };
    let two = function.row().arity == 2;
    if chunk == 0 && two {
        pairs::special_pairs().into_iter().for_each(|(x, y)| push(x, y, Stratum::Special));
    } else if chunk == 0 {
        specials().into_iter().for_each(|x| push(x, x, Stratum::Special));
    }
    for _ in 0..CHUNK.min(plan.points - chunk * CHUNK) {
        if two {
            let (x, y, stratum) = pairs::pair(function, &mut random);
            push(x, y, stratum);
        } else {
            let (x, stratum) = point(function, &mut random);
            push(x, x, stratum);
        }
    }
    points
}

/// Compares the answers to a chunk's points with the truth.
fn look<T: Slices>(
    function: Elementary,
    native: &Expr,
    interpreted: Option<&Expr>,
    points: &Points<T>,
    bound: f64,
) -> Found<T> {
    let answers = evaluate(function, native, points);
    let mut found = Found { points: answers.len() as u64, beyond: 0, differ: None, worst: Vec::new() };
    if let Some(interpreted) = interpreted {
        let others = evaluate(function, interpreted, points);
        let same = |a: T, b: T| a.bits() == b.bits() || a.wide().is_nan() && b.wide().is_nan();
        let differ = (0..answers.len()).find(|&i| !same(answers[i], others[i]));
        found.differ = differ.map(|i| [points.x[i], points.y[i], answers[i], others[i]]);
    }
    for (i, &answer) in answers.iter().enumerate() {
        let (x, y) = (points.x[i], points.y[i]);
        let truth = truth(function, x, y);
        let error = error(answer, &truth);
        found.beyond += u64::from(error > bound);
        found.take(points.strata[i], Worst { error, at: (x, y), found: answer, truth: (truth.rounded, truth.excess) });
    }
    found
}

impl<T: Slices> Found<T> {
    fn take(&mut self, stratum: Stratum, candidate: Worst<T>) {
        match self.worst.iter_mut().find(|(s, _)| *s == stratum) {
            // The smaller argument of equals, so that the report does not depend on who came first.
            Some((_, worst)) => {
                let place = |w: &Worst<T>| (w.at.0.order(), w.at.1.order());
                if candidate.error > worst.error || candidate.error == worst.error && place(&candidate) < place(worst) {
                    *worst = candidate;
                }
            }
            None => self.worst.push((stratum, candidate)),
        }
    }

    fn merge(&mut self, other: Found<T>) {
        self.points += other.points;
        self.beyond += other.beyond;
        self.differ = self.differ.or(other.differ);
        other.worst.into_iter().for_each(|(stratum, worst)| self.take(stratum, worst));
    }
}

/// Says on stderr how far the work is: in place on a terminal, a line now and then elsewhere.
fn progress(title: &str, done: &AtomicU64, chunks: u64, over: &AtomicBool, start: Instant) {
    let terminal = std::io::stderr().is_terminal();
    let every = Duration::from_secs(if terminal { 1 } else { 15 });
    let mut last = Instant::now();
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
        if last.elapsed() >= every {
            last = Instant::now();
            let share = done.load(Ordering::Relaxed) as f64 / chunks.max(1) as f64;
            let seconds = start.elapsed().as_secs_f64();
            let left = if share > 0.0 { format!("{:.0} s left", seconds / share - seconds) } else { String::new() };
            let text = format!("{title}: {:.0} % in {seconds:.0} s, {left}", 100.0 * share);
            if terminal { eprint!("\r{text}   ") } else { eprintln!("{text}") }
        }
    }
    if terminal {
        eprint!("\r{:70}\r", "");
        std::io::stderr().flush().ok();
    }
}

fn report<T: Slices>(title: &str, function: Elementary, found: &Found<T>, bound: f64, plan: &Plan, took: Duration) {
    let line = |worst: &Worst<T>| {
        let show = |x: T| format!("{x:?} ({:#x})", x.bits());
        let (x, y) = worst.at;
        let at = if function.row().arity == 2 { format!("{}, {}", show(x), show(y)) } else { show(x) };
        let (rounded, excess) = worst.truth;
        format!("{:.4} ulp at {at}: {:?}, not {rounded:?} {excess:+.4} ulp", worst.error, worst.found)
    };
    let worst = found.worst.iter().max_by(|a, b| a.1.error.total_cmp(&b.1.error));
    let worst = worst.map_or("nothing".to_string(), |(_, worst)| line(worst));
    let seconds = took.as_secs_f64();
    println!("{title} {:>9} points in {seconds:.1} s, bound {bound}, worst {worst}", found.points);
    if plan.strata {
        for (stratum, worst) in &found.worst {
            println!("    {:<10} {}", format!("{stratum:?}"), line(worst));
        }
    }
    if found.beyond > 0 {
        println!("{title} BEYOND THE BOUND: {} points", found.beyond);
    }
    if let Some([x, y, native, interpreted]) = found.differ {
        println!("{title} EXECUTORS DIFFER at ({x:?}, {y:?}): {native:?} compiled, {interpreted:?} interpreted");
    }
}
