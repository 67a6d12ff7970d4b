//! Three computations that reduce, each as loops, as array operations, and as a formula.

use ndarray::{Array1, Array2, Axis, NewAxis, s};
use tilexpr::{EvalError, Expr, Threads, args};

use crate::common::cli::Failure;
use crate::common::random::Random;

/// What is reduced, and where the result goes.
pub struct Data {
    pub a: Array2<f64>,
    pub b: Array2<f64>,
    pub result: Array2<f64>,
    serial: Vec<Expr>,
    all: Vec<Expr>,
}

impl Data {
    /// Arrays of random numbers from 10 to 11; `b` is `a` with errors of up to a half.
    pub fn new(rows: usize, columns: usize) -> Result<Data, Failure> {
        let (random, n) = (Random::new(1), rows * columns);
        let uniform = |from: usize| Array1::from_iter((from..from + n).map(|i| random.uniform(i as u64)));
        let a = (uniform(0) + 10.0).into_shape_with_order((rows, columns))?;
        let b = &a + &(uniform(n) - 0.5).into_shape_with_order((rows, columns))?;
        let all = TASKS.iter().map(|task| Expr::compile(task.text)).collect::<Result<Vec<_>, _>>()?;
        let serial = all.iter().map(|formula| formula.with_threads(Threads::Serial)).collect();
        Ok(Data { a, b, result: Array2::zeros((0, 0)), serial, all })
    }
}

/// Leaves the result in `result`, which has its shape.
pub type Way = fn(&mut Data);

pub const NAMES: [&str; 5] = ["loops", "loops_apart", "ndarray", "tilexpr_serial", "tilexpr"];

/// A computation.
pub struct Task {
    pub name: &'static str,
    pub text: &'static str,
    /// The shape of the result, of that of `a`.
    pub shape: fn(usize, usize) -> (usize, usize),
    /// Bytes of an element that must be read and written.
    pub bytes: usize,
    /// The first ways of [`NAMES`]; the others are the text.
    pub ways: [Way; 3],
}

pub const TASKS: [Task; 3] = [
    Task {
        name: "row norms",
        text: "sqrt(sum(a**2, axis=1, keepdims=True))",
        shape: |rows, _| (rows, 1),
        bytes: 8,
        ways: [norms_loops, norms_apart, norms_ndarray],
    },
    Task {
        name: "standardised columns",
        text: "(a - mean(a, axis=0))/std(a, axis=0)",
        shape: |rows, columns| (rows, columns),
        bytes: 8 * 3 + 8,
        ways: [standardise_columns, standardise_rows, standardise_ndarray],
    },
    Task {
        name: "mean squared error",
        text: "mean((a - b)**2)",
        shape: |_, _| (1, 1),
        bytes: 16,
        ways: [error_loops, error_apart, error_ndarray],
    },
];

impl Task {
    /// Computes in the way of that name.
    pub fn pass(&self, at: usize, way: usize, data: &mut Data) -> Result<(), EvalError> {
        match self.ways.get(way) {
            Some(way) => way(data),
            None => {
                let formula = if NAMES[way] == "tilexpr" { &data.all[at] } else { &data.serial[at] };
                match self.text.contains('b') {
                    true => formula.eval_into(args![a = &data.a, b = &data.b], &mut data.result)?,
                    false => formula.eval_into(args![a = &data.a], &mut data.result)?,
                }
            }
        }
        Ok(())
    }
}

/// One addition after another: each waits for the one before, some cycles, and the compiler may not change their order.
fn norms_loops(d: &mut Data) {
    for (row, norm) in d.a.rows().into_iter().zip(&mut d.result) {
        let mut sum = 0.0;
        for x in row {
            sum += x * x;
        }
        *norm = f64::sqrt(sum);
    }
}

/// Sixteen sums side by side, added up at the end: vector code that waits for nothing, and another rounding.
fn norms_apart(d: &mut Data) {
    for (row, norm) in flat(&d.a).chunks_exact(d.a.ncols()).zip(&mut d.result) {
        *norm = sum_apart(row, |x| x * x).sqrt();
    }
}

/// An array of all squares, and its sums.
fn norms_ndarray(d: &mut Data) {
    d.result = (&d.a * &d.a).sum_axis(Axis(1)).mapv_into(f64::sqrt).slice_move(s![.., NewAxis]);
}

/// Column by column, as the sentence says it: in C order each step is a row further, and a cache line fetched for one number.
fn standardise_columns(d: &mut Data) {
    let n = d.a.nrows() as f64;
    for (a, mut y) in d.a.columns().into_iter().zip(d.result.columns_mut()) {
        let mean = a.iter().sum::<f64>() / n;
        let variance = a.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        let deviation = variance.sqrt();
        for (x, y) in a.iter().zip(&mut y) {
            *y = (x - mean) / deviation;
        }
    }
}

/// Row by row, with a line of sums, one for each column: all steps are to neighbours, and no sum waits for another.
fn standardise_rows(d: &mut Data) {
    let (n, columns) = (d.a.nrows() as f64, d.a.ncols());
    let rows = || flat(&d.a).chunks_exact(columns);
    let (mut mean, mut deviation) = (vec![0.0; columns], vec![0.0; columns]);
    for row in rows() {
        row.iter().zip(&mut mean).for_each(|(x, sum)| *sum += x);
    }
    mean.iter_mut().for_each(|sum| *sum /= n);
    for row in rows() {
        for ((x, mean), sum) in row.iter().zip(&mean).zip(&mut deviation) {
            *sum += (x - mean) * (x - mean);
        }
    }
    deviation.iter_mut().for_each(|sum| *sum = (*sum / n).sqrt());
    for (row, mut y) in rows().zip(d.result.rows_mut()) {
        for (((x, mean), deviation), y) in
            row.iter().zip(&mean).zip(&deviation).zip(y.as_slice_mut().unwrap_or_default())
        {
            *y = (x - mean) / deviation;
        }
    }
}

/// Means and deviations of the columns, and two operators on the whole array.
fn standardise_ndarray(d: &mut Data) {
    let (mean, deviation) = (d.a.sum_axis(Axis(0)) / d.a.nrows() as f64, d.a.std_axis(Axis(0), 0.0));
    d.result = (&d.a - &mean) / &deviation;
}

fn error_loops(d: &mut Data) {
    let mut sum = 0.0;
    for (a, b) in d.a.iter().zip(&d.b) {
        sum += (a - b) * (a - b);
    }
    d.result.fill(sum / d.a.len() as f64);
}

fn error_apart(d: &mut Data) {
    let (a, b) = (flat(&d.a), flat(&d.b));
    let mut sums = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    d.result.fill((sums.iter().sum::<f64>() + rest) / d.a.len() as f64);
}

/// An array of differences, squared where it lies, and its mean.
fn error_ndarray(d: &mut Data) {
    let squares = (&d.a - &d.b).mapv_into(|x| x * x);
    d.result.fill(squares.sum() / d.a.len() as f64);
}

/// All elements in C order, as they lie.
fn flat(a: &Array2<f64>) -> &[f64] {
    a.as_slice().unwrap_or_default()
}

/// Sums side by side: four vectors of four f64.
const LANES: usize = 16;

fn sum_apart(x: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            *sum += f(x);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&x| f(x)).sum::<f64>()
}
