//! All pairwise Euclidean distances of the rows of an array, written in four ways.

use ndarray::{Array2, Axis, NewAxis, Zip, s};
use tilexpr::{EvalError, Expr, args};

/// From n points of m coordinates to (n, n) distances.
pub type Distances = fn(&Array2<f64>) -> Result<Array2<f64>, EvalError>;

/// All variants.
pub const ALL: [(&str, Distances); 4] =
    [("loops", loops), ("broadcasting", broadcasting), ("algebraic", algebraic), ("tilexpr", tilexpr)];

/// Three nested loops, on slices so that no bounds are checked in the innermost. It allocates the result alone. Each sum waits
/// for the addition before: the order of a sum is the programmer's, and the compiler may not change it to vector code.
fn loops(points: &Array2<f64>) -> Result<Array2<f64>, EvalError> {
    let n = points.nrows();
    let mut distances = Array2::zeros((n, n));
    for (a, mut row) in points.outer_iter().zip(distances.outer_iter_mut()) {
        for (b, distance) in points.outer_iter().zip(&mut row) {
            let mut sum = 0.0;
            for (x, y) in a.iter().zip(b) {
                sum += (x - y) * (x - y);
            }
            *distance = f64::sqrt(sum);
        }
    }
    Ok(distances)
}

/// Whole-array operations on views of shape (n, 1, m) and (1, n, m): no loop to write, but all n*n*m differences lie in memory
/// at one time, written, read, squared, written and read again.
fn broadcasting(points: &Array2<f64>) -> Result<Array2<f64>, EvalError> {
    let differences = &points.slice(s![.., NewAxis, ..]) - &points.slice(s![NewAxis, .., ..]);
    let squares = differences.mapv_into(|d| d * d);
    Ok(squares.sum_axis(Axis(2)).mapv_into(f64::sqrt))
}

/// (a - b)^2 = a^2 + b^2 - 2ab: nearly all the work becomes a matrix product, the fastest of all loops. It allocates
/// the result, the squares of the norms and the product's packed blocks.
///
/// For points close together the three terms cancel and few digits stay, and a sum just below 0 has no root, so it is
/// taken as 0. Here all sums are of whole numbers and exact.
fn algebraic(points: &Array2<f64>) -> Result<Array2<f64>, EvalError> {
    let norms = points.map_axis(Axis(1), |a| a.dot(&a));
    let mut distances = points.dot(&points.t());
    Zip::from(&mut distances)
        .and_broadcast(&norms.slice(s![.., NewAxis]))
        .and_broadcast(&norms)
        .par_for_each(|ab, aa, bb| *ab = (aa + bb - 2.0 * *ab).max(0.0).sqrt());
    Ok(distances)
}

/// The formula as for broadcasting, but in one pass: a difference lives in a register until it is in its sum. It allocates the
/// result alone.
fn tilexpr(points: &Array2<f64>) -> Result<Array2<f64>, EvalError> {
    let formula = Expr::compile("sqrt(sum((a - b)**2, axis=2))")?;
    formula.eval(args![a = points.slice(s![.., NewAxis, ..]), b = points.slice(s![NewAxis, .., ..])])
}
