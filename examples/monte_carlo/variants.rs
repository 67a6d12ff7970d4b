//! How many of n random points of the unit square lie within the quarter of a circle, in several ways.

use ndarray::{Array1, Zip, arr0};
use rayon::prelude::*;
use tilexpr::{EvalError, Expr, Threads, args};

use crate::common::cli::Failure;

/// A comparison that holds counts as 1, in whole numbers: the result is exact in any order.
pub const TEXT: &str = "sum(x**2 + y**2 <= 1)";
/// The same where nothing is read: of `shape` there is one element, which stands for all.
pub const NO_ARRAYS: &str = "n = index(shape); sum(random(seed, n)**2 + random(seed, n + points)**2 <= 1)";

/// Numbers that a thread makes or counts at a time: two such pieces fit the nearest cache but one.
const PIECE: usize = 16_384;

/// The library's random numbers written by hand: Threefry 2x32 with 20 rounds, 53 bits of its word.
#[derive(Clone, Copy)]
struct Random(u64);

impl Random {
    fn uniform(self, i: u64) -> f64 {
        let key = [self.0 as u32, (self.0 >> 32) as u32];
        let key = [key[0], key[1], key[0] ^ key[1] ^ 0x1BD1_1BDA];
        let mut x = [(i as u32).wrapping_add(key[0]), ((i >> 32) as u32).wrapping_add(key[1])];
        for four in 0..5 {
            for by in [[13, 15, 26, 6], [17, 29, 16, 24]][four % 2] {
                x[0] = x[0].wrapping_add(x[1]);
                x[1] = x[1].rotate_left(by) ^ x[0];
            }
            x[0] = x[0].wrapping_add(key[(four + 1) % 3]);
            x[1] = x[1].wrapping_add(key[(four + 2) % 3]).wrapping_add(four as u32 + 1);
        }
        let word = u64::from(x[0]) | u64::from(x[1]) << 32;
        (word >> 11) as f64 / 2f64.powi(53)
    }
}

/// The random points, as two arrays, and the formula for one thread and for all.
pub struct Points {
    random: Random,
    x: Array1<f64>,
    y: Array1<f64>,
    serial: Expr,
    all: Expr,
    no_arrays: [Expr; 2],
}

impl Points {
    /// Room for `n` points, all 0.
    pub fn new(n: usize) -> Result<Points, Failure> {
        let all = Expr::compile(TEXT)?;
        let (x, y) = (Array1::zeros(n), Array1::zeros(n));
        let made = Expr::compile(NO_ARRAYS)?;
        let no_arrays = [made.with_threads(Threads::Serial), made];
        Ok(Points { random: Random(0), x, y, serial: all.with_threads(Threads::Serial), all, no_arrays })
    }

    /// Makes the points of a seed on one thread.
    pub fn make_serial(&mut self, seed: u64) {
        self.random = Random(seed);
        let n = self.x.len();
        fill(self.x.as_slice_mut().unwrap_or_default(), self.random, 0);
        fill(self.y.as_slice_mut().unwrap_or_default(), self.random, n);
    }

    /// The same on all threads. Number `i` follows from the seed and `i` alone, so any thread may make any piece: a generator
    /// with a state would have to be shared, and waited for, or there would be one for each thread and other numbers for each
    /// number of threads.
    pub fn make(&mut self, seed: u64) {
        self.random = Random(seed);
        let (random, n) = (self.random, self.x.len());
        for (numbers, from) in [(&mut self.x, 0), (&mut self.y, n)] {
            let pieces = numbers.as_slice_mut().unwrap_or_default().par_chunks_mut(PIECE).enumerate();
            pieces.for_each(|(piece, numbers)| fill(numbers, random, from + piece * PIECE));
        }
    }
}

impl Points {
    /// Each number made by the formula where it is used, on one thread or on all.
    fn made(&self, which: usize) -> Result<i64, EvalError> {
        let (one, n) = (arr0(0.0), self.x.len());
        let Some(shape) = one.broadcast(n) else { return Ok(0) };
        self.no_arrays[which].eval(args![shape, seed = self.random.0, points = n as u64])
    }
}

fn fill(numbers: &mut [f64], random: Random, from: usize) {
    for (i, x) in numbers.iter_mut().enumerate() {
        *x = random.uniform((from + i) as u64);
    }
}

/// The points within.
pub type Count = fn(&Points) -> Result<i64, EvalError>;

/// All ways. The first four make the numbers as they go, the others read them from memory.
pub const ALL: [(&str, Count); 9] = [
    ("no_arrays", no_arrays),
    ("no_arrays_threads", no_arrays_threads),
    ("tilexpr_random_serial", |p| p.made(0)),
    ("tilexpr_random", |p| p.made(1)),
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
