//! A chart of variants: a bar for each, its name on the left and its figure at its end.
//!
//! Comes in: named figures. Goes out: an SVG, as high as its bars ask for. Figures that are no number, and on a logarithmic axis those
//! that are not above 0, have no bar.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::chart::{Axis, COLOURS};
use super::cli::Failure;

const WIDTH: u32 = 900;
/// Pixels for the names, and for the figures at the ends of the bars.
const NAMES: u32 = 190;
const FIGURES: u32 = 80;
/// Pixels of a bar, and of the room between two rows.
const BAR: u32 = 20;
const GAP: u32 = 10;

/// Lying bars in rows, the first row on top: `rows[i].1[j]` belongs to `series[j]`. A single series needs no name.
pub struct Ranking<'a> {
    pub title: &'a str,
    /// What the figures are.
    pub x: Axis,
    pub series: Vec<String>,
    pub rows: Vec<(String, Vec<f64>)>,
}

impl Ranking<'_> {
    /// Writes the chart.
    pub fn draw(&self, path: &Path) -> Result<(), Failure> {
        let shown = self.rows.iter().flat_map(|(_, figures)| figures).copied().filter(|&x| self.is_shown(x));
        let (low, high) = shown.fold((f64::INFINITY, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
        let (low, high) = if low <= high { (low, high) } else { (1.0, 2.0) };
        match self.x.log {
            // A bar of the least figure is to be seen.
            true => self.draw_on(path, low / 2.0, high, |x, low, high| (x / low).ln() / (high / low).ln()),
            false => self.draw_on(path, 0.0, high, |x, _, high| x / high),
        }
    }

    fn is_shown(&self, x: f64) -> bool {
        x.is_finite() && (!self.x.log || x > 0.0)
    }

    /// `part(x, low, high)` is how far along the axis a figure lies, from 0 to 1.
    fn draw_on(&self, path: &Path, low: f64, high: f64, part: fn(f64, f64, f64) -> f64) -> Result<(), Failure> {
        let bars = self.series.len().max(1) as u32;
        let (top, row) = (if bars > 1 { 80 } else { 54 }, bars * BAR + GAP);
        let bottom = top + self.rows.len() as u32 * row;
        let root = SVGBackend::new(path, (WIDTH, bottom + 44)).into_drawing_area();
        let failed = |e: DrawingAreaErrorKind<std::io::Error>| Failure::from(format!("{}: {e}", path.display()));
        root.fill(&WHITE).map_err(failed)?;
        let text = |text: &str, size: u32, at: (u32, u32), side: HPos| {
            let style = TextStyle::from(("sans-serif", size).into_font()).pos(Pos::new(side, VPos::Center));
            root.draw(&Text::new(text.to_owned(), (at.0 as i32, at.1 as i32), style)).map_err(failed)
        };
        let rectangle = |left: u32, top: u32, wide: u32, high: u32, colour: RGBColor| {
            let corners = [(left as i32, top as i32), ((left + wide) as i32, (top + high) as i32)];
            root.draw(&Rectangle::new(corners, colour.filled())).map_err(failed)
        };
        text(self.title, 20, (WIDTH / 2, 26), HPos::Center)?;
        if bars > 1 {
            for (at, name) in self.series.iter().enumerate() {
                let left = NAMES + at as u32 * (WIDTH - NAMES) / bars;
                rectangle(left, 52, 14, 12, self.colour(at))?;
                text(name, 14, (left + 20, 59), HPos::Left)?;
            }
        }
        for (at, (name, figures)) in self.rows.iter().enumerate() {
            let y = top + at as u32 * row;
            text(name, 14, (NAMES - 8, y + bars * BAR / 2), HPos::Right)?;
            for (at, &x) in figures.iter().enumerate().filter(|&(_, &x)| self.is_shown(x)) {
                let (y, room) = (y + at as u32 * BAR, f64::from(WIDTH - NAMES - FIGURES));
                let wide = (room * part(x, low, high)).round().max(1.0) as u32;
                rectangle(NAMES, y, wide, BAR - 3, self.colour(at))?;
                text(&figure(x), 13, (NAMES + wide + 6, y + BAR / 2 - 1), HPos::Left)?;
            }
        }
        let axis = if self.x.log { format!("{} (logarithmic)", self.x.label) } else { self.x.label.to_owned() };
        text(&axis, 15, (WIDTH / 2 + NAMES / 2, bottom + 22), HPos::Center)?;
        root.present().map_err(failed)
    }

    fn colour(&self, series: usize) -> RGBColor {
        // Of a single one the blue, which is less heavy than black.
        if self.series.len() > 1 { COLOURS[(series + 3) % COLOURS.len()] } else { COLOURS[6] }
    }
}

/// Three digits.
fn figure(x: f64) -> String {
    let decimals = (2.0 - x.abs().max(1e-3).log10().floor()).clamp(0.0, 5.0) as usize;
    format!("{x:.decimals$}")
}
