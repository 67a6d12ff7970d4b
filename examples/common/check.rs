//! Variants must agree before they are timed.

use approx::relative_eq;
use ndarray::{Array, Dimension};

use super::cli::Failure;
use super::timing::bar;

/// Computes the result of each named variant, and gives the first; an error unless all have the same bits.
pub fn same_bits<D: Dimension>(
    names: &[&str],
    compute: impl FnMut(usize) -> Result<Array<f64, D>, Failure>,
) -> Result<Array<f64, D>, Failure> {
    agree(names, compute, |x, y| x.to_bits() == y.to_bits())
}

/// The same where variants add in different orders: an error unless all numbers are this near, relative to the larger one.
pub fn close<D: Dimension>(
    names: &[&str],
    tolerance: f64,
    compute: impl FnMut(usize) -> Result<Array<f64, D>, Failure>,
) -> Result<Array<f64, D>, Failure> {
    agree(names, compute, |x, y| relative_eq!(x, y, epsilon = f64::MIN_POSITIVE, max_relative = tolerance))
}

fn agree<D: Dimension>(
    names: &[&str],
    mut compute: impl FnMut(usize) -> Result<Array<f64, D>, Failure>,
    same: impl Fn(f64, f64) -> bool,
) -> Result<Array<f64, D>, Failure> {
    let bar = bar(names.len());
    let expected = compute(0)?;
    bar.inc(1);
    for (variant, name) in names.iter().enumerate().skip(1) {
        let found = compute(variant)?;
        if found.shape() != expected.shape() {
            let (found, expected) = (found.shape(), expected.shape());
            return Err(format!("`{name}` has the shape {found:?} and `{}` {expected:?}", names[0]).into());
        }
        for ((at, &x), &y) in found.indexed_iter().zip(&expected) {
            if !same(x, y) {
                return Err(format!("`{name}` gives {x:e} at {at:?} and `{}` {y:e}", names[0]).into());
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(expected)
}
