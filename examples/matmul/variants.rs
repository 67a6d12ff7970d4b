//! The product of two square matrices in several ways.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, NewAxis, s};
use rayon::prelude::*;
use tilexpr::{EvalError, Expr, Threads, args};

use crate::common::cli::Failure;

/// Two factors and the product, all in C order.
pub struct Matrices {
    a: Array2<f64>,
    b: Array2<f64>,
    pub c: Array2<f64>,
    serial: Expr,
    all: Expr,
}

/// As whole-array operations say it, on `a` of shape (n, n, 1) and `b` of shape (1, n, n).
pub const TEXT: &str = "sum(a*b, axis=1)";

impl Matrices {
    /// Small whole numbers: all sums are exact in any order, whether products are rounded or not.
    pub fn new(n: usize) -> Result<Matrices, Failure> {
        let all = Expr::compile(TEXT)?;
        let matrix = |step: usize| Array2::from_shape_fn((n, n), |(i, j)| ((i * 3 + j * step) % 17) as f64 - 8.0);
        let (a, b, c) = (matrix(5), matrix(7), Array2::zeros((n, n)));
        Ok(Matrices { a, b, c, serial: all.with_threads(Threads::Serial), all })
    }

    fn n(&self) -> usize {
        self.c.nrows()
    }
}

/// Leaves the product in `c`.
pub type Product = fn(&mut Matrices) -> Result<(), EvalError>;

pub const ALL: [(&str, Product); 6] = [
    ("ijk", ijk),
    ("ikj", ikj),
    ("ikj_threads", ikj_threads),
    ("tilexpr_serial", |m| formula(&m.serial, &m.a, &m.b, &mut m.c)),
    ("tilexpr", |m| formula(&m.all, &m.a, &m.b, &mut m.c)),
    ("ndarray", ndarray),
];

/// As the definition says: each element is a row by a column. The column is crossed, a cache line for each number, and
/// each addition waits for the one before.
fn ijk(m: &mut Matrices) -> Result<(), EvalError> {
    let n = m.n();
    let (a, b) = (flat(&m.a), flat(&m.b));
    for (a, c) in a.chunks_exact(n).zip(flat_mut(&mut m.c).chunks_exact_mut(n)) {
        for (j, c) in c.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (a, b) in a.iter().zip(b[j..].iter().step_by(n)) {
                sum += a * b;
            }
            *c = sum;
        }
    }
    Ok(())
}

/// The two inner loops swapped: a row of `c` gathers multiples of the rows of `b`. All steps are to neighbours, and the compiler
/// makes vector code; but `b` is read from the beginning for every row of `c`.
fn ikj(m: &mut Matrices) -> Result<(), EvalError> {
    let n = m.n();
    let (a, b) = (flat(&m.a), flat(&m.b));
    a.chunks_exact(n).zip(flat_mut(&mut m.c).chunks_exact_mut(n)).for_each(|(a, c)| row(a, b, c));
    Ok(())
}

/// The same, rows of `c` on all threads: no two threads write to one row.
fn ikj_threads(m: &mut Matrices) -> Result<(), EvalError> {
    let n = m.n();
    let (a, b) = (flat(&m.a), flat(&m.b));
    a.par_chunks_exact(n).zip(flat_mut(&mut m.c).par_chunks_exact_mut(n)).for_each(|(a, c)| row(a, b, c));
    Ok(())
}

fn row(a: &[f64], b: &[f64], c: &mut [f64]) {
    c.fill(0.0);
    for (a, b) in a.iter().zip(b.chunks_exact(c.len())) {
        for (c, b) in c.iter_mut().zip(b) {
            *c += a * b;
        }
    }
}

/// No array of all n*n*n products is made: each lives in a register until it is in its sum. The loops are those of `ikj`.
fn formula(formula: &Expr, a: &Array2<f64>, b: &Array2<f64>, c: &mut Array2<f64>) -> Result<(), EvalError> {
    formula.eval_into(args![a = a.slice(s![.., .., NewAxis]), b = b.slice(s![NewAxis, .., ..])], c)
}

/// The crate matrixmultiply, behind ndarray's `dot`. It copies blocks that fit the caches, and computes small squares of `c` in
/// registers: a number that was loaded is used many times.
fn ndarray(m: &mut Matrices) -> Result<(), EvalError> {
    general_mat_mul(1.0, &m.a, &m.b, 0.0, &mut m.c);
    Ok(())
}

fn flat(a: &Array2<f64>) -> &[f64] {
    a.as_slice().unwrap_or_default()
}

fn flat_mut(a: &mut Array2<f64>) -> &mut [f64] {
    a.as_slice_mut().unwrap_or_default()
}
