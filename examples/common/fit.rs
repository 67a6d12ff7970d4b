//! Least squares: straight lines, and power laws as straight lines of logarithms.

/// `y = intercept + slope*x`, nearest to points in the sense of squares; NaN for fewer than two places.
pub fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let (xy, xx) = points.iter().fold((0.0, 0.0), |(xy, xx), p| (xy + (p.0 - x) * (p.1 - y), xx + (p.0 - x).powi(2)));
    let slope = xy / xx;
    (y - slope * x, slope)
}

/// `y = factor*x^exponent`.
#[derive(Clone, Copy)]
pub struct Power {
    pub factor: f64,
    pub exponent: f64,
}

impl Power {
    pub fn at(self, x: f64) -> f64 {
        self.factor * x.powf(self.exponent)
    }
}

/// The power law nearest to points above 0, by their logarithms.
pub fn power_law(points: &[(f64, f64)]) -> Power {
    let logarithms: Vec<(f64, f64)> =
        points.iter().filter(|p| p.0 > 0.0 && p.1 > 0.0).map(|p| (p.0.ln(), p.1.ln())).collect();
    let (intercept, exponent) = line(&logarithms);
    Power { factor: intercept.exp(), exponent }
}
