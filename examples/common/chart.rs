//! Charts: lines over a number, or a bar for each variant.
//!
//! Comes in: named figures. Goes out: an SVG. Figures that are no number, and on a logarithmic axis those that are not above 0, are left out.

use std::ops::Range;
use std::path::Path;

use plotters::coord::ranged1d::{AsRangedCoord, KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;

use super::cli::Failure;

/// Colours that stay apart for people who see few of them, in the order of the variants.
pub const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(0, 114, 178),
    RGBColor(148, 52, 110),
];

const GREY: RGBColor = RGBColor(160, 160, 160);
const SIZE: (u32, u32) = (900, 560);

/// An axis.
#[derive(Clone, Copy)]
pub struct Axis {
    pub label: &'static str,
    /// Whether equal ratios are equally long.
    pub log: bool,
}

/// Lines over a number.
pub struct Lines<'a> {
    pub title: &'a str,
    pub x: Axis,
    pub y: Axis,
    /// The points of each line, under its name.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
    /// Places along x that are marked by a grey line, such as the sizes of the caches.
    pub marks: Vec<(String, f64)>,
}

impl Lines<'_> {
    /// Writes the chart.
    pub fn draw(&self, path: &Path) -> Result<(), Failure> {
        let points = || self.lines.iter().flat_map(|(_, points)| points).copied().filter(|&p| self.is_shown(p));
        let x = extent(points().map(|p| p.0), self.x, 1.0);
        let y = extent(points().map(|p| p.1), self.y, 1.1);
        let y = match self.corner(&x, &y).crowd {
            0 => y,
            _ => self.with_room(y),
        };
        match (self.x.log, self.y.log) {
            (false, false) => self.draw_on(path, x.clone(), y.clone(), x, y),
            (true, false) => self.draw_on(path, x.clone().log_scale(), y.clone(), x, y),
            (false, true) => self.draw_on(path, x.clone(), y.clone().log_scale(), x, y),
            (true, true) => self.draw_on(path, x.clone().log_scale(), y.clone().log_scale(), x, y),
        }
    }

    fn is_shown(&self, (x, y): (f64, f64)) -> bool {
        let shown = |axis: Axis, value: f64| value.is_finite() && (!axis.log || value > 0.0);
        shown(self.x, x) && shown(self.y, y)
    }

    fn draw_on<X, Y>(&self, path: &Path, across: X, up: Y, x: Range<f64>, y: Range<f64>) -> Result<(), Failure>
    where
        X: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>>,
        Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>>,
    {
        let root = SVGBackend::new(path, SIZE).into_drawing_area();
        let failed = |e: DrawingAreaErrorKind<std::io::Error>| Failure::from(format!("{}: {e}", path.display()));
        root.fill(&WHITE).map_err(failed)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d(across, up)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc(self.x.label)
            .y_desc(self.y.label)
            .x_label_formatter(&|&x| short(x))
            .y_label_formatter(&|&y| short(y))
            .light_line_style(WHITE)
            .draw()
            .map_err(failed)?;
        let corner = self.corner(&x, &y);
        // Names stand where the legend does not.
        let part = if corner.upper { 0.05 } else { 0.98 };
        let height = match self.y.log {
            true => y.start * (y.end / y.start).powf(part),
            false => y.start + part * (y.end - y.start),
        };
        for (name, at) in self.marks.iter().filter(|(_, at)| x.contains(at)) {
            chart.draw_series(LineSeries::new([(*at, y.start), (*at, y.end)], GREY)).map_err(failed)?;
            chart.draw_series([Text::new(format!(" {name}"), (*at, height), ("sans-serif", 13))]).map_err(failed)?;
        }
        for (at, (name, points)) in self.lines.iter().enumerate() {
            let style = COLOURS[at % COLOURS.len()].stroke_width(2);
            let points = points.iter().copied().filter(|&p| self.is_shown(p));
            let series = chart.draw_series(LineSeries::new(points, style).point_size(3)).map_err(failed)?;
            series.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        chart
            .configure_series_labels()
            .position(corner.position)
            .background_style(WHITE.mix(0.8))
            .border_style(GREY)
            .draw()
            .map_err(failed)?;
        root.present().map_err(failed)
    }

    /// The corner in which the legend hides least.
    fn corner(&self, x: &Range<f64>, y: &Range<f64>) -> Corner {
        let part = |axis: Axis, value: f64, range: &Range<f64>| match axis.log {
            true => (value / range.start).ln() / (range.end / range.start).ln(),
            false => (value - range.start) / (range.end - range.start),
        };
        let height = 0.06 + 0.042 * self.lines.len() as f64;
        let mut crowds = [0; 4];
        for (_, points) in &self.lines {
            let shown = points.iter().filter(|&&p| self.is_shown(p));
            let places: Vec<_> = shown.map(|p| (part(self.x, p.0, x), part(self.y, p.1, y))).collect();
            for (right, up) in between(&places) {
                for (at, crowd) in crowds.iter_mut().enumerate() {
                    let right = if at % 2 == 1 { 1.0 - right } else { right };
                    let up = if at / 2 == 1 { 1.0 - up } else { up };
                    *crowd += usize::from(right < LEGEND && up < height);
                }
            }
        }
        // The upper right one where all are alike.
        let at = (0..4).rev().min_by_key(|&at| crowds[at]).unwrap_or(3);
        let position = match at {
            0 => SeriesLabelPosition::LowerLeft,
            1 => SeriesLabelPosition::LowerRight,
            2 => SeriesLabelPosition::UpperLeft,
            _ => SeriesLabelPosition::UpperRight,
        };
        Corner { crowd: crowds[at], upper: at > 1, position }
    }

    /// A range with room for the legend above.
    fn with_room(&self, y: Range<f64>) -> Range<f64> {
        let more = 0.1 + 0.06 * self.lines.len() as f64;
        match self.y.log {
            true => y.start..y.end * (y.end / y.start).powf(more),
            false => y.start..y.end + more * (y.end - y.start),
        }
    }
}

/// How wide a legend is, of the width of a chart, at most.
const LEGEND: f64 = 0.22;

/// Where a legend may stand.
struct Corner {
    /// Places of lines that it would hide.
    crowd: usize,
    upper: bool,
    position: SeriesLabelPosition,
}

/// Points along the straight lines from place to place.
fn between(places: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    let steps = |pair: &[(f64, f64)]| {
        let (from, to) = (pair[0], pair[1]);
        (0..=16).map(f64::from).map(move |i| (from.0 + (to.0 - from.0) * i / 16.0, from.1 + (to.1 - from.1) * i / 16.0))
    };
    places.windows(2).flat_map(steps)
}

/// A bar for each of the named figures, side by side in groups: `groups[i].1[j]` is that of `names[j]`.
pub struct Bars<'a> {
    pub title: &'a str,
    /// What the figures are.
    pub y: Axis,
    pub names: Vec<String>,
    pub groups: Vec<(String, Vec<f64>)>,
}

impl Bars<'_> {
    /// Writes the chart.
    pub fn draw(&self, path: &Path) -> Result<(), Failure> {
        let figures = || self.groups.iter().flat_map(|(_, figures)| figures).copied();
        let shown = |x: &f64| x.is_finite() && (!self.y.log || *x > 0.0);
        let mut y = extent(figures().filter(shown), self.y, 1.1);
        if self.names.len() > 1 {
            // Room for the legend.
            y.end *= if self.y.log { (y.end / y.start).powf(0.2) } else { 1.2 };
        }
        if self.y.log {
            // A bar of the least figure is to be seen.
            y.start /= 2.0;
            self.draw_on(path, y.clone().log_scale(), y)
        } else {
            self.draw_on(path, y.clone(), y)
        }
    }

    fn draw_on<Y>(&self, path: &Path, up: Y, y: Range<f64>) -> Result<(), Failure>
    where
        Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>>,
    {
        let root = SVGBackend::new(path, SIZE).into_drawing_area();
        let failed = |e: DrawingAreaErrorKind<std::io::Error>| Failure::from(format!("{}: {e}", path.display()));
        root.fill(&WHITE).map_err(failed)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(70)
            .build_cartesian_2d(Groups(self.groups.len()), up)
            .map_err(failed)?;
        let group = |x: &f64| self.groups.get(*x as usize).map_or(String::new(), |(name, _)| name.clone());
        chart
            .configure_mesh()
            .disable_x_mesh()
            .y_desc(self.y.label)
            .x_label_formatter(&group)
            .y_label_formatter(&|&y| short(y))
            .light_line_style(WHITE)
            .draw()
            .map_err(failed)?;
        let wide = 0.8 / self.names.len().max(1) as f64;
        for (at, name) in self.names.iter().enumerate() {
            let colour = COLOURS[at % COLOURS.len()];
            let bar = |(group, (_, figures)): (usize, &(String, Vec<f64>))| {
                let height = figures.get(at).copied().filter(|x| x.is_finite()).unwrap_or(0.0).max(y.start);
                let left = group as f64 + 0.1 + at as f64 * wide;
                Rectangle::new([(left, y.start), (left + wide * 0.9, height)], colour.filled())
            };
            let bars = self.groups.iter().enumerate().map(bar).collect::<Vec<_>>();
            let series = chart.draw_series(bars).map_err(failed)?;
            if self.names.len() > 1 {
                let swatch = move |(x, y): (i32, i32)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled());
                series.label(name).legend(swatch);
            }
        }
        if self.names.len() > 1 {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .background_style(WHITE.mix(0.8))
                .border_style(GREY)
                .draw()
                .map_err(failed)?;
        }
        root.present().map_err(failed)
    }
}

/// Places of groups along an axis, each one long, its name under its middle.
struct Groups(usize);

impl Ranged for Groups {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (f64::from(limit.1 - limit.0) * value / self.0.max(1) as f64).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        (0..self.0).map(|at| at as f64 + 0.5).collect()
    }

    fn range(&self) -> Range<f64> {
        0.0..self.0 as f64
    }
}

impl ValueFormatter<f64> for Groups {}

/// From the least to the greatest, with some room; from 0 on where the axis is not logarithmic and nothing is below.
fn extent(values: impl Iterator<Item = f64>, axis: Axis, room: f64) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let (low, high) = if low <= high { (low, high) } else { (1.0, 2.0) };
    let (low, high) = match axis.log {
        true => (low / room.max(1.001), high * room.max(1.001)),
        false => (low.min(0.0), if room > 1.0 { high + (room - 1.0) * (high - low.min(0.0)) } else { high }),
    };
    if low < high { low..high } else { low..low + 1.0 }
}

/// A number with few digits, as people read it on an axis.
fn short(x: f64) -> String {
    let suffixes = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    match suffixes.iter().find(|(unit, _)| x.abs() >= *unit) {
        Some((unit, suffix)) => format!("{}{suffix}", rounded(x / unit)),
        None => rounded(x),
    }
}

fn rounded(x: f64) -> String {
    if x != 0.0 && x.abs() < 1e-3 {
        return format!("{x:.0e}");
    }
    let decimals = if x.abs() >= 10.0 || x == 0.0 { 1.0 } else { 2.0 - x.abs().log10().floor() };
    let scale = 10_f64.powf(decimals);
    format!("{}", (x * scale).round() / scale)
}
