//! Variants must agree before they are timed.

use ndarray::{Array, Dimension};

use super::cli::Failure;
use super::timing::bar;

/// Computes the result of each named variant, and gives the first; an error unless all have the same bits.
pub fn same_bits<D: Dimension>(
    names: &[&str],
    mut compute: impl FnMut(usize) -> Result<Array<f64, D>, Failure>,
) -> Result<Array<f64, D>, Failure> {
    let bar = bar(names.len());
    let expected = compute(0)?;
    bar.inc(1);
    for (variant, name) in names.iter().enumerate().skip(1) {
        let found = compute(variant)?;
        if found.shape() != expected.shape() {
            return Err(format!(
                "`{name}` has the shape {:?} and `{}` {:?}",
                found.shape(),
                names[0],
                expected.shape()
            )
            .into());
        }
        for ((at, x), y) in found.indexed_iter().zip(&expected) {
            if x.to_bits() != y.to_bits() {
                return Err(format!("`{name}` gives {x:e} at {at:?} and `{}` {y:e}", names[0]).into());
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(expected)
}
