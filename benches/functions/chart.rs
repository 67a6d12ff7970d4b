//! The functions as a picture: a line for each, nanoseconds an element to the right, a mark for each contender.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::contenders::NAMES;

/// Colours that stay apart for people who see few of them, in the order of the contenders.
const COLOURS: [RGBColor; 6] = [
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 0, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];
const GREY: RGBColor = RGBColor(160, 160, 160);

/// A function with a figure for each contender, NaN where it has none.
pub type Row = (&'static str, [f64; 6]);

/// Draws a panel for each type, side by side.
pub fn draw(path: &Path, panels: &[(&'static str, Vec<Row>)]) -> Result<(), Box<dyn Error>> {
    let most = panels.iter().map(|(_, rows)| rows.len()).max().unwrap_or(0);
    let size = (60 + 460 * panels.len() as u32, 130 + 24 * most as u32);
    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE)?;
    let root = root.titled("ns an element, 2,000 elements, one thread", ("sans-serif", 18))?;
    let all = || panels.iter().flat_map(|(_, rows)| rows).flat_map(|(_, figures)| *figures).filter(|x| *x > 0.0);
    // To the right there is room for the legend.
    let range = (all().fold(f64::INFINITY, f64::min) * 0.8)..(all().fold(0.0, f64::max) * 6.0);
    for ((dtype, rows), area) in panels.iter().zip(root.split_evenly((1, panels.len()))) {
        let mut chart = ChartBuilder::on(&area)
            .caption(*dtype, ("sans-serif", 16))
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(76)
            .build_cartesian_2d(range.clone().log_scale(), -(rows.len() as f64)..0.0)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .x_labels(8)
            .x_label_formatter(&|x| format!("{x}"))
            .x_desc("ns an element")
            .light_line_style(WHITE)
            .draw()?;
        for (at, (name, figures)) in rows.iter().enumerate() {
            let y = -(at as f64) - 0.5;
            let found = || figures.iter().copied().filter(|x| *x > 0.0);
            let ends = (found().fold(f64::INFINITY, f64::min), found().fold(0.0, f64::max));
            chart.draw_series(LineSeries::new([(ends.0, y), (ends.1, y)], GREY))?;
            let place = chart.backend_coord(&(range.start, y));
            let style = ("sans-serif", 14).into_text_style(&area);
            let (left, top) = area.get_base_pixel();
            area.draw_text(name, &style, (place.0 - left - 70, place.1 - top - 8))?;
        }
        for (contender, name) in NAMES.into_iter().enumerate() {
            let colour = COLOURS[contender];
            let points = rows.iter().enumerate().map(|(at, row)| (row.1[contender], -(at as f64) - 0.5));
            let points: Vec<(f64, f64)> = points.filter(|(x, _)| *x > 0.0).collect();
            if points.is_empty() {
                continue;
            }
            let size = if contender == 0 { 6 } else { 4 };
            chart
                .draw_series(points.into_iter().map(|point| Circle::new(point, size, colour.filled())))?
                .label(name)
                .legend(move |(x, y)| Circle::new((x + 8, y), size, colour.filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE)
            .border_style(GREY)
            .draw()?;
    }
    root.present()?;
    Ok(())
}
