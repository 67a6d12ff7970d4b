//! The sweep as a picture: nanoseconds an element over the number of elements, both logarithmic.

use std::fs;
use std::path::Path;

use plotters::prelude::*;

use crate::common::cli::Failure;

/// Colours that stay apart for people who see few of them, in the order of the variants.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(0, 114, 178),
    RGBColor(148, 52, 110),
];

/// Draws a line for each variant: `figures[i][j]` is that of variant `j` at `sizes[i]`. Grey lines stand where four arrays
/// of f64 fill a cache.
pub fn draw(path: &Path, names: &[&str], sizes: &[usize], figures: &[Vec<f64>]) -> Result<(), Failure> {
    let root = SVGBackend::new(path, (900, 560)).into_drawing_area();
    let failed = |e: DrawingAreaErrorKind<std::io::Error>| Failure::from(format!("{}: {e}", path.display()));
    root.fill(&WHITE).map_err(failed)?;
    let all = || figures.iter().flatten().copied().filter(|x| x.is_finite() && *x > 0.0);
    let (low, high) = (all().fold(f64::INFINITY, f64::min) * 0.8, all().fold(0.0, f64::max) * 1.25);
    let (first, last) = (sizes.iter().min().copied().unwrap_or(1), sizes.iter().max().copied().unwrap_or(2));
    let across = (first as f64)..(last.max(first + 1) as f64);
    let mut chart = ChartBuilder::on(&root)
        .caption("a*b + c, f64", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(across.clone().log_scale(), (low..high).log_scale())
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_desc("elements of each array")
        .y_desc("ns an element")
        .x_label_formatter(&|x| format!("{x:.0e}"))
        .y_label_formatter(&|y| format!("{y}"))
        .light_line_style(WHITE)
        .draw()
        .map_err(failed)?;
    for (name, bytes) in caches() {
        let n = bytes as f64 / 32.0;
        if across.contains(&n) {
            chart.draw_series(LineSeries::new([(n, low), (n, high)], RGBColor(160, 160, 160))).map_err(failed)?;
            let text = Text::new(format!(" {name}"), (n, high * 0.97), ("sans-serif", 13));
            chart.draw_series([text]).map_err(failed)?;
        }
    }
    for (variant, name) in names.iter().enumerate() {
        let style = COLOURS[variant % COLOURS.len()].stroke_width(2);
        let points = sizes.iter().zip(figures).map(|(&n, row)| (n as f64, row[variant]));
        let series = chart.draw_series(LineSeries::new(points, style).point_size(3)).map_err(failed)?;
        series.label(*name).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE)
        .border_style(RGBColor(160, 160, 160))
        .draw()
        .map_err(failed)?;
    root.present().map_err(failed)
}

/// The data caches of the first CPU and their bytes, as far as the system tells.
pub fn caches() -> Vec<(String, u64)> {
    let read = |index: usize, what: &str| {
        fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{what}")).ok()
    };
    let cache = |index: usize| {
        let (kind, level, size) = (read(index, "type")?, read(index, "level")?, read(index, "size")?);
        let kilobytes: u64 = size.trim().strip_suffix('K')?.parse().ok()?;
        (kind.trim() != "Instruction").then(|| (format!("L{}", level.trim()), kilobytes << 10))
    };
    (0..8).filter_map(cache).collect()
}
