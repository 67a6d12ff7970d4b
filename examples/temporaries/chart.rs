//! The sweep as a picture: nanoseconds an element over the number of elements, both logarithmic.

use std::path::Path;

use crate::common::chart::{Axis, Lines};
use crate::common::cli::Failure;
use crate::common::machine::caches;

/// Draws a line for each variant: `figures[i][j]` is that of variant `j` at `sizes[i]`. Grey lines stand where four arrays
/// of f64 fill a cache.
pub fn draw(path: &Path, names: &[&str], sizes: &[usize], figures: &[Vec<f64>]) -> Result<(), Failure> {
    let line = |(variant, name): (usize, &&str)| {
        let points = sizes.iter().zip(figures).map(|(&n, row)| (n as f64, row[variant]));
        (name.to_string(), points.collect())
    };
    let chart = Lines {
        title: "a*b + c, f64",
        x: Axis { label: "elements of each array", log: true },
        y: Axis { label: "ns an element", log: true },
        lines: names.iter().enumerate().map(line).collect(),
        marks: caches().into_iter().map(|(name, bytes)| (name, bytes as f64 / 32.0)).collect(),
    };
    chart.draw(path)
}
