//! Times over numbers of threads, and of schedules.

use std::hint::black_box;
use std::sync::Arc;

use ndarray::Array1;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tilexpr::{Expr, Threads, args};

use super::Options;
use super::schedules::{Outcome, Schedule, share};
use super::work::{Work, even, tiny, uneven};
use crate::common::cli::Failure;
use crate::common::timing::{median, take_turns};

/// What does the same work on more threads.
pub const STRONG: [&str; 3] = ["compute", "fifth_serial", "memory"];
/// What has more work for more threads.
pub const WEAK: &str = "compute_weak";

const SCHEDULES: [(&str, Schedule); 5] = [
    ("static", Schedule::Static),
    ("dynamic_1", Schedule::Dynamic(1)),
    ("dynamic_64", Schedule::Dynamic(64)),
    ("guided", Schedule::Guided(1)),
    ("rayon", Schedule::Rayon),
];

/// How long something took on so many threads.
pub struct Row {
    pub name: &'static str,
    pub threads: usize,
    pub seconds: f64,
    pub speedup: f64,
}

/// How long some work took by each of these schedules.
pub struct Shares {
    pub work: &'static str,
    pub schedules: Vec<String>,
    pub seconds: Vec<f64>,
    pub efficiency: Vec<f64>,
    /// The longest time that a thread was busy, by the mean; NaN where that is not known.
    pub imbalance: Vec<f64>,
    pub pieces: Vec<usize>,
}

/// Passes of each row, at most.
const PASSES: usize = 15;

/// 1, 2, 4 and so on to all, and twice as many.
fn counts(threads: usize) -> Vec<usize> {
    let powers = (0..).map(|power| 1 << power).take_while(|&count| count < threads);
    powers.chain([threads, 2 * threads]).collect()
}

pub fn scaling(options: &Options) -> Result<Vec<Row>, Failure> {
    let counts = counts(options.shared.threads);
    let (work, seconds) = (uneven(options.size), options.shared.seconds(0.4, 0.03));
    let expected = alone(&work);
    for &threads in &counts {
        same(&expected, &share(Schedule::Dynamic(1), threads, work.items, |i| work.item(i)), "compute")?;
    }
    let mut memory = Memory::new(options.elements, &counts)?;
    let names = [STRONG[0], STRONG[1], STRONG[2], WEAK];
    let times = take_turns(names.len() * counts.len(), PASSES, seconds, |at| {
        let (threads, which) = (counts[at % counts.len()], at / counts.len());
        match which {
            0 => drop(black_box(compute(&work, threads))),
            1 => drop(black_box(fifth_serial(&work, threads))),
            2 => memory.pass(at % counts.len())?,
            _ => drop(black_box(compute(&work.with_items(threads * work.items), threads))),
        }
        Ok(())
    })?;
    let medians: Vec<f64> = times.iter().map(|times| median(times)).collect();
    let mut rows = Vec::new();
    for (which, &name) in names.iter().enumerate() {
        let of = &medians[which * counts.len()..];
        for (&threads, &seconds) in counts.iter().zip(of) {
            let grown = if name == WEAK { threads as f64 } else { 1.0 };
            rows.push(Row { name, threads, seconds, speedup: grown * of[0] / seconds });
        }
    }
    Ok(rows)
}

fn compute(work: &Work, threads: usize) -> Outcome {
    share(Schedule::Dynamic(1), threads, work.items, |i| work.item(i))
}

/// One thread does every fifth row, then all threads do the others: what cannot be shared is a fifth, and is known.
fn fifth_serial(work: &Work, threads: usize) -> (u64, Outcome) {
    let first = (0..work.items).step_by(5).map(|i| work.item(i)).sum();
    let others = work.items - work.items.div_ceil(5);
    (first, share(Schedule::Dynamic(1), threads, others, |i| work.item(i + i / 4 + 1)))
}

/// `a*b + c`, too long for the caches.
struct Memory {
    arrays: [Array1<f64>; 3],
    y: Array1<f64>,
    formulas: Vec<Expr>,
}

impl Memory {
    /// With a pool for each number of threads.
    fn new(n: usize, counts: &[usize]) -> Result<Memory, Failure> {
        let formula = Expr::compile("a*b + c")?;
        let mut formulas = Vec::new();
        for &threads in counts {
            formulas.push(formula.with_threads(Threads::Pool(Arc::new(pool(threads)?))));
        }
        let arrays = [1.0, 2.0, 3.0].map(|from| Array1::linspace(from, from + 1.0, n));
        let mut memory = Memory { y: Array1::zeros(n), arrays, formulas };
        memory.pass(0)?;
        let expected = memory.y.clone();
        for at in 1..counts.len() {
            memory.pass(at)?;
            if memory.y != expected {
                return Err("`memory` gives other numbers on more threads".into());
            }
        }
        Ok(memory)
    }

    fn pass(&mut self, at: usize) -> Result<(), Failure> {
        let [a, b, c] = &self.arrays;
        Ok(self.formulas[at].eval_into(args![a = a, b = b, c = c], &mut self.y)?)
    }
}

fn pool(threads: usize) -> Result<ThreadPool, Failure> {
    Ok(ThreadPoolBuilder::new().num_threads(threads).build()?)
}

pub fn schedules(options: &Options) -> Result<Vec<Shares>, Failure> {
    let works = [even(options.size), uneven(options.size), tiny(options.size)];
    let threads = options.shared.threads;
    works
        .iter()
        .map(|work| options.shared.in_pool(|| shares(work, threads, options.shared.seconds(0.4, 0.03)))?)
        .collect()
}

fn shares(work: &Work, threads: usize, seconds: f64) -> Result<Shares, Failure> {
    let expected = alone(work);
    let (mut imbalances, mut pieces) = (vec![Vec::new(); SCHEDULES.len()], vec![0; SCHEDULES.len()]);
    let times = take_turns(SCHEDULES.len() + 1, PASSES, seconds, |at| {
        // The last one is that of one thread.
        let Some((name, schedule)) = SCHEDULES.get(at) else {
            black_box(alone(work));
            return Ok(());
        };
        let outcome = share(*schedule, threads, work.items, |i| work.item(i));
        let busiest = outcome.busy.iter().copied().fold(0.0, f64::max);
        imbalances[at].push(busiest * outcome.busy.len() as f64 / outcome.busy.iter().sum::<f64>());
        pieces[at] = outcome.pieces;
        same(&expected, &outcome, name)
    })?;
    let medians: Vec<f64> = times.iter().map(|times| median(times)).collect();
    let alone = medians[SCHEDULES.len()];
    Ok(Shares {
        work: work.name,
        schedules: SCHEDULES.map(|(name, _)| name.to_owned()).to_vec(),
        efficiency: medians[..SCHEDULES.len()].iter().map(|time| alone / time / threads as f64).collect(),
        imbalance: imbalances.iter().map(|of| median(of)).collect(),
        seconds: medians,
        pieces,
    })
}

/// The results of one thread.
fn alone(work: &Work) -> Vec<u64> {
    (0..work.items).map(|i| work.item(i)).collect()
}

fn same(expected: &[u64], outcome: &Outcome, name: &str) -> Result<(), Failure> {
    match outcome.results == expected {
        true => Ok(()),
        false => Err(format!("`{name}` does not give the results of one thread").into()),
    }
}
