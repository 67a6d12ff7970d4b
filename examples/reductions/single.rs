//! The sum of many numbers of `f32`, in several orders: how far each is from the true one.

use ndarray::Array1;
use tilexpr::{Expr, args};

use crate::common::cli::Failure;
use crate::common::random::Random;

/// From numbers to their sum.
type Sum = fn(&Array1<f32>) -> Result<f32, Failure>;

pub const ALL: [(&str, Sum); 5] = [
    ("one_by_one", one_by_one),
    ("ndarray", |x| Ok(x.sum())),
    ("compensated", compensated),
    ("in_f64", in_f64),
    ("tilexpr", tilexpr),
];

/// Each partial sum is rounded to 24 bits. When it is 2^24 times as large as what is added, nothing changes it any more.
fn one_by_one(x: &Array1<f32>) -> Result<f32, Failure> {
    Ok(x.iter().fold(0.0, |sum, x| sum + x))
}

/// Kahan's: what rounding took away is kept, and added with the next number. Four operations that wait for each other.
fn compensated(x: &Array1<f32>) -> Result<f32, Failure> {
    let (mut sum, mut lost) = (0.0_f32, 0.0_f32);
    for x in x {
        let x = x - lost;
        let next = sum + x;
        lost = (next - sum) - x;
        sum = next;
    }
    Ok(sum)
}

/// A wider sum, rounded once at the end.
fn in_f64(x: &Array1<f32>) -> Result<f32, Failure> {
    Ok(x.iter().fold(0.0, |sum, &x| sum + f64::from(x)) as f32)
}

/// The same, in vectors and in blocks.
fn tilexpr(x: &Array1<f32>) -> Result<f32, Failure> {
    Ok(Expr::compile("sum(x)")?.eval(args![x])?)
}

/// Random numbers from 1 to 2, and their exact sums: all are multiples of 2^-23, and are counted as such.
pub struct Numbers {
    pub all: Array1<f32>,
}

impl Numbers {
    pub fn new(n: usize) -> Numbers {
        let random = Random::new(2);
        Numbers { all: Array1::from_iter((0..n as u64).map(|i| 1.0 + (random.bits(i) >> 41) as f32 / UNITS as f32)) }
    }

    /// The relative error of a sum of the first `n`.
    pub fn error(&self, n: usize, sum: f32) -> f64 {
        let units = |x: f64| (x * UNITS as f64) as i128;
        let exact: i128 = self.all.iter().take(n).map(|&x| units(f64::from(x))).sum();
        (units(f64::from(sum)) - exact).abs() as f64 / exact.max(1) as f64
    }
}

const UNITS: u64 = 1 << 23;
