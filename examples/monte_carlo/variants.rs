//! How many of n random points of the unit square lie within the quarter of a circle, in several ways.

use ndarray::{Array1, Zip};
use rayon::prelude::*;
use tilexpr::{EvalError, Expr, Threads, args};

use crate::common::cli::Failure;
use crate::common::random::Random;

/// A comparison that holds counts as 1, in whole numbers: the result is exact in any order.
pub const TEXT: &str = "sum(x**2 + y**2 <= 1)";

/// Numbers that a thread makes or counts at a time: two such pieces fit the nearest cache but one.
const PIECE: usize = 16_384;

/// The random points, as two arrays, and the formula for one thread and for all.
pub struct Points {
    random: Random,
    x: Array1<f64>,
    y: Array1<f64>,
    serial: Expr,
    all: Expr,
}

impl Points {
    /// Room for `n` points, all 0.
    pub fn new(n: usize) -> Result<Points, Failure> {
        let all = Expr::compile(TEXT)?;
        let (x, y) = (Array1::zeros(n), Array1::zeros(n));
        Ok(Points { random: Random::new(0), x, y, serial: all.with_threads(Threads::Serial), all })
    }

    /// Makes the points of a seed on one thread.
    pub fn make_serial(&mut self, seed: u64) {
        self.random = Random::new(seed);
        let n = self.x.len();
        fill(self.x.as_slice_mut().unwrap_or_default(), self.random, 0);
        fill(self.y.as_slice_mut().unwrap_or_default(), self.random, n);
    }

    /// The same on all threads. Number `i` follows from the seed and `i` alone, so any thread may make any piece: a generator
    /// with a state would have to be shared, and waited for, or there would be one for each thread and other numbers for each
    /// number of threads.
    pub fn make(&mut self, seed: u64) {
        self.random = Random::new(seed);
        let (random, n) = (self.random, self.x.len());
        for (numbers, from) in [(&mut self.x, 0), (&mut self.y, n)] {
            let pieces = numbers.as_slice_mut().unwrap_or_default().par_chunks_mut(PIECE).enumerate();
            pieces.for_each(|(piece, numbers)| fill(numbers, random, from + piece * PIECE));
        }
    }
}

fn fill(numbers: &mut [f64], random: Random, from: usize) {
    for (i, x) in numbers.iter_mut().enumerate() {
        *x = random.uniform((from + i) as u64);
    }
}

/// The points within.
pub type Count = fn(&Points) -> Result<i64, EvalError>;

/// All ways. The first two make the numbers as they go, the others read them from memory.
pub const ALL: [(&str, Count); 7] = [
    ("no_arrays", no_arrays),
    ("no_arrays_threads", no_arrays_threads),
    ("arrays", arrays),
    ("zip", zip),
    ("threads", threads),
    ("tilexpr_serial", |p| p.serial.eval(args![x = &p.x, y = &p.y])),
    ("tilexpr", |p| p.all.eval(args![x = &p.x, y = &p.y])),
];

fn within(x: f64, y: f64) -> i64 {
    i64::from(x * x + y * y <= 1.0)
}

/// Each number lives in a register between its making and its use: nothing is written or read.
fn no_arrays(p: &Points) -> Result<i64, EvalError> {
    let n = p.x.len() as u64;
    Ok((0..n).map(|i| within(p.random.uniform(i), p.random.uniform(n + i))).sum())
}

/// The same on all threads.
fn no_arrays_threads(p: &Points) -> Result<i64, EvalError> {
    let n = p.x.len();
    let point = |i: usize| within(p.random.uniform(i as u64), p.random.uniform((n + i) as u64));
    Ok((0..n).into_par_iter().with_min_len(PIECE).map(point).sum())
}

/// An array operation for each operator: two arrays of squares (their sum lies where the first was), and one of bools.
fn arrays(p: &Points) -> Result<i64, EvalError> {
    let squares = &p.x * &p.x + &p.y * &p.y;
    let within = squares.mapv(|square| square <= 1.0);
    Ok(within.fold(0, |count, &within| count + i64::from(within)))
}

/// One pass over both arrays.
fn zip(p: &Points) -> Result<i64, EvalError> {
    Ok(Zip::from(&p.x).and(&p.y).fold(0, |count, &x, &y| count + within(x, y)))
}

/// The same in pieces, on all threads. Whole numbers may be added in any order.
fn threads(p: &Points) -> Result<i64, EvalError> {
    let (x, y) = (p.x.as_slice().unwrap_or_default(), p.y.as_slice().unwrap_or_default());
    let counts = x.par_chunks(PIECE).zip(y.par_chunks(PIECE));
    Ok(counts.map(|(x, y)| x.iter().zip(y).map(|(&x, &y)| within(x, y)).sum::<i64>()).sum())
}
