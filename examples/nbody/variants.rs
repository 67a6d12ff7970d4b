//! Accelerations of bodies that all attract each other: for each of n bodies a sum over all n. By loops in Rust and by a text in index notation.
//!
//! `r**1.5` is a power, and `r*sqrt(r)` the same number but for roundings. Sums go in orders of their own, so results agree but for roundings.

use ndarray::Array2;
use ndarray::parallel::prelude::*;
use tilexpr::{EvalError, Expr, Threads, args};

use crate::common::cli::Failure;
use crate::common::random::Random;

/// As it is written on paper. The inner sum is computed where it is needed: no array has an element for each pair.
pub const POWER: &str = "F[i, a] = sum[j](m[j]*(x[j, a] - x[i, a])/(sum[b]((x[j, b] - x[i, b])**2) + eps)**1.5)";

/// With a square root in place of the power.
const ROOT: &str = "
    weight = lambda r: 1/(r*sqrt(r))
    F[i, a] = sum[j](m[j]*(x[j, a] - x[i, a])*weight(sum[b]((x[j, b] - x[i, b])**2) + eps))";

/// Each coordinate an array of its own: three sums, each of which computes the weights of all pairs for itself. Before it stands what `weight(r)` is.
const COORDINATES: &str = "
    pull = lambda mass, dx, dy, dz: mass*weight(dx*dx + dy*dy + dz*dz + eps)
    f[i] = sum[j](pull(m[j], x[j] - x[i], y[j] - y[i], z[j] - z[i])*(x[j] - x[i]))
    g[i] = sum[j](pull(m[j], x[j] - x[i], y[j] - y[i], z[j] - z[i])*(y[j] - y[i]))
    h[i] = sum[j](pull(m[j], x[j] - x[i], y[j] - y[i], z[j] - z[i])*(z[j] - z[i]))
    f, g, h";

/// What keeps bodies that meet from infinite forces: added to the square of the distance.
const EPS: f64 = 1e-3;

/// Bodies, and their accelerations.
pub struct Bodies {
    /// Of shape (bodies, 3).
    pub x: Array2<f64>,
    pub velocity: Array2<f64>,
    mass: Vec<f64>,
    pub force: Array2<f64>,
    power: Expr,
    root: Expr,
    /// [`COORDINATES`] with a power, and with a root.
    coordinates: [Expr; 2],
    /// `r**-1.5` of a row of `r`.
    powers: Expr,
}

/// Computes the accelerations; they are in [`Bodies`].
pub type Attract = fn(&mut Bodies) -> Result<(), EvalError>;

pub const ALL: [(&str, Attract); 9] = [
    ("loops_root", loops_root),
    ("rayon_powf", |b| b.rows(|r| 1.0 / r.powf(1.5))),
    ("rayon_power", rayon_power),
    ("rayon_root", |b| b.rows(|r| 1.0 / (r * r.sqrt()))),
    ("tilexpr_power", |b| b.text(&b.power.clone())),
    ("tilexpr_root_serial", |b| b.text(&b.root.with_threads(Threads::Serial))),
    ("tilexpr_root", |b| b.text(&b.root.clone())),
    ("tilexpr_apart_power", |b| b.apart(0)),
    ("tilexpr_apart_root", |b| b.apart(1)),
];

impl Bodies {
    /// Two discs of bodies that turn, and pass each other.
    pub fn new(n: usize) -> Result<Bodies, Failure> {
        let random = Random::new(3);
        let (mut x, mut velocity) = (Array2::zeros((n, 3)), Array2::zeros((n, 3)));
        for i in 0..n {
            let number = |k: usize| random.uniform((3 * i + k) as u64);
            let (radius, angle) = (0.05 + 0.45 * number(0).sqrt(), std::f64::consts::TAU * number(1));
            let side = if i % 2 == 0 { 1.0 } else { -1.0 };
            // In a disc of mass 1/2, what is within a circle pulls as if it were in the middle.
            let speed = (0.5 * (radius / 0.5).powi(2) / radius).sqrt();
            let (sin, cos) = angle.sin_cos();
            let middle = [0.7 * side, 0.25 * side, 0.0];
            let place = [radius * cos, radius * sin, 0.02 * (number(2) - 0.5)];
            let turning = [-0.4 * side - speed * sin, speed * cos, 0.0];
            for a in 0..3 {
                x[[i, a]] = middle[a] + place[a];
                velocity[[i, a]] = turning[a];
            }
        }
        Ok(Bodies {
            force: Array2::zeros((n, 3)),
            x,
            velocity,
            mass: vec![1.0 / n as f64; n],
            power: Expr::compile(POWER)?,
            root: Expr::compile(ROOT)?,
            coordinates: [
                Expr::compile(&format!("weight = lambda r: r**-1.5{COORDINATES}"))?,
                Expr::compile(&format!("weight = lambda r: 1/(r*sqrt(r)){COORDINATES}"))?,
            ],
            powers: Expr::builder().threads(Threads::Serial).compile("r**-1.5")?,
        })
    }

    pub fn len(&self) -> usize {
        self.mass.len()
    }

    fn text(&mut self, text: &Expr) -> Result<(), EvalError> {
        text.eval_into(args![x = &self.x, m = &self.mass, eps = EPS], &mut self.force)
    }

    /// The texts of coordinates that lie apart.
    fn apart(&mut self, which: usize) -> Result<(), EvalError> {
        let [x, y, z] = coordinates_of(&self.x);
        let arguments = args![x = &x, y = &y, z = &z, m = &self.mass, eps = EPS];
        let (f, g, h): (Vec<f64>, Vec<f64>, Vec<f64>) = self.coordinates[which].eval(arguments)?;
        for (column, from) in [f, g, h].iter().enumerate() {
            self.force.column_mut(column).iter_mut().zip(from).for_each(|(to, &sum)| *to = sum);
        }
        Ok(())
    }

    /// The bodies of rows on all threads. `weight(r)` is that of a square of a distance.
    fn rows(&mut self, weight: impl Fn(f64) -> f64 + Sync) -> Result<(), EvalError> {
        let (x, mass) = (coordinates_of(&self.x), &self.mass);
        let rows = self.force.outer_iter_mut().into_par_iter().enumerate();
        rows.for_each(|(i, mut row)| {
            let sum = attraction(&x, mass, i, &weight);
            row.iter_mut().zip(sum).for_each(|(to, sum)| *to = sum);
        });
        Ok(())
    }

    /// Kinetic and potential energy together.
    pub fn energy(&self) -> f64 {
        let x = coordinates_of(&self.x);
        let body = |i: usize| {
            let speed: f64 = self.velocity.row(i).iter().map(|v| v * v).sum();
            let potential = |j: usize| self.mass[j] / (square(&x, i, j) + EPS).sqrt();
            self.mass[i] * 0.5 * (speed - (0..self.len()).filter(|&j| j != i).map(potential).sum::<f64>())
        };
        (0..self.len()).into_par_iter().map(body).collect::<Vec<_>>().iter().sum()
    }

    /// The forces of the places, by the text.
    pub fn forces(&mut self) -> Result<(), EvalError> {
        self.apart(1)
    }

    /// A step in time (leapfrog: half a kick, a drift, half a kick), which begins and ends with the forces of the places.
    pub fn step(&mut self, by: f64) -> Result<(), EvalError> {
        self.velocity.scaled_add(0.5 * by, &self.force);
        self.x.scaled_add(by, &self.velocity);
        self.forces()?;
        self.velocity.scaled_add(0.5 * by, &self.force);
        Ok(())
    }
}

/// The coordinates, each in a row of its own.
fn coordinates_of(x: &Array2<f64>) -> [Vec<f64>; 3] {
    [0, 1, 2].map(|a| x.column(a).to_vec())
}

/// The square of the distance of two bodies.
fn square(x: &[Vec<f64>; 3], i: usize, j: usize) -> f64 {
    x.iter().map(|x| (x[j] - x[i]) * (x[j] - x[i])).sum()
}

/// How all bodies pull one.
fn attraction(x: &[Vec<f64>; 3], mass: &[f64], i: usize, weight: impl Fn(f64) -> f64) -> [f64; 3] {
    let mut sum = [0.0; 3];
    for (j, mass) in mass.iter().enumerate() {
        let pull = mass * weight(square(x, i, j) + EPS);
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum += pull * (x[j] - x[i]);
        }
    }
    sum
}

fn loops_root(bodies: &mut Bodies) -> Result<(), EvalError> {
    let x = coordinates_of(&bodies.x);
    for (i, mut row) in bodies.force.outer_iter_mut().enumerate() {
        let sum = attraction(&x, &bodies.mass, i, |r| 1.0 / (r * r.sqrt()));
        row.iter_mut().zip(sum).for_each(|(to, sum)| *to = sum);
    }
    Ok(())
}

/// The loop in Rust with this library's power: the squares of a row at a time, which stay in the nearest cache.
fn rayon_power(bodies: &mut Bodies) -> Result<(), EvalError> {
    let (x, mass, powers) = (coordinates_of(&bodies.x), &bodies.mass, &bodies.powers);
    let rows = bodies.force.outer_iter_mut().into_par_iter().enumerate();
    let row = || (vec![0.0; mass.len()], vec![0.0; mass.len()]);
    rows.try_for_each_init(row, |(squares, weights), (i, mut row)| {
        squares.iter_mut().enumerate().for_each(|(j, r)| *r = square(&x, i, j) + EPS);
        powers.eval_into(args![r = squares.as_slice()], weights.as_mut_slice())?;
        for (to, x) in row.iter_mut().zip(&x) {
            let pulls = mass.iter().zip(weights.iter()).zip(x);
            *to = pulls.map(|((mass, weight), xj)| mass * weight * (xj - x[i])).sum();
        }
        Ok(())
    })
}
