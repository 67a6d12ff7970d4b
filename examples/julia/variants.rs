//! How many steps `z -> z*z + c` stays within 2 of zero, for each point of a grid: a Julia set where `z` begins with the point and `c` is one
//! number, the Mandelbrot set where `z` begins with 0 and `c` is the point.

use ndarray::Array2;
use ndarray::parallel::prelude::*;
use num_complex::Complex64;
use tilexpr::{EvalError, Expr, Threads, args};

use crate::common::cli::Failure;

/// Which set.
#[derive(Clone, Copy, PartialEq)]
pub enum Set {
    Julia,
    Mandelbrot,
}

/// The constant of the Julia set.
pub const C: Complex64 = Complex64::new(-0.7, 0.27015);

/// The loop in complex numbers. Each point goes on by itself; `x` is a row and `y` a column, so the points of the plane are not in memory.
const COMPLEX: &str = "
    step = lambda z, n: (z*z + c, n + 1)
    within = lambda z, n: z.real**2 + z.imag**2 < 4
    iterate(step, (z0, 0), within, most)[1]";
/// The same loop in real numbers.
const REAL: &str = "
    step = lambda a, b, n: (a*a - b*b + p, a*b + b*a + q, n + 1)
    within = lambda a, b, n: a*a + b*b < 4
    iterate(step, (a0, b0, 0), within, most)[2]";

impl Set {
    pub const ALL: [(&'static str, Set); 2] = [("julia", Set::Julia), ("mandelbrot", Set::Mandelbrot)];

    /// The middle of the picture, and half its side.
    fn window(self) -> (Complex64, f64) {
        match self {
            Set::Julia => (Complex64::ZERO, 1.5),
            Set::Mandelbrot => (Complex64::new(-0.65, 0.0), 1.4),
        }
    }

    /// The texts, in complex and in real numbers: what comes before the loop says where it begins.
    fn texts(self) -> [String; 2] {
        match self {
            Set::Julia => [
                format!("c = complex(cr, ci); z0 = complex(x, y){COMPLEX}"),
                format!("a0 = x; b0 = y; p = cr; q = ci{REAL}"),
            ],
            Set::Mandelbrot => {
                [format!("c = complex(x, y); z0 = 0*c{COMPLEX}"), format!("a0 = 0*x; b0 = 0*y; p = x; q = y{REAL}")]
            }
        }
    }
}

/// A grid of points of the plane, and where the counts go.
pub struct Plane {
    set: Set,
    /// At most so many steps.
    pub most: i64,
    /// The real parts of the columns, and the imaginary ones of the rows.
    x: Array2<f64>,
    y: Array2<f64>,
    /// In numbers of half the width.
    narrow: [Array2<f32>; 2],
    complex: Expr,
    real: Expr,
    /// There once, for all passes: new memory costs, too.
    pub counts: Array2<i64>,
}

/// Counts the steps of all points; they are in [`Plane`].
pub type Count = fn(&mut Plane) -> Result<(), EvalError>;

/// All ways. All but the last agree to the bit.
pub const ALL: [(&str, Count); 7] = [
    ("loops", loops),
    ("rayon", rayon),
    ("rayon_real", rayon_real),
    ("tilexpr_serial", |p| p.wide(&p.complex.with_threads(Threads::Serial))),
    ("tilexpr", |p| p.wide(&p.complex.clone())),
    ("tilexpr_real", |p| p.wide(&p.real.clone())),
    ("tilexpr_f32", narrow),
];
/// How many of them must agree.
pub const EXACT: usize = ALL.len() - 1;

impl Plane {
    /// A grid of `size` by `size` points.
    pub fn new(set: Set, size: usize, most: usize) -> Result<Plane, Failure> {
        let (middle, half) = set.window();
        let at = |from: f64, i: usize| from + half * ((2 * i + 1) as f64 / size as f64 - 1.0);
        let x = Array2::from_shape_fn((1, size), |(_, i)| at(middle.re, i));
        let y = Array2::from_shape_fn((size, 1), |(i, _)| at(middle.im, i));
        let [complex, real] = set.texts();
        Ok(Plane {
            set,
            most: most as i64,
            narrow: [&x, &y].map(|a| a.mapv(|x| x as f32)),
            x,
            y,
            complex: Expr::compile(&complex)?,
            real: Expr::compile(&real)?,
            counts: Array2::zeros((size, size)),
        })
    }

    /// What a point begins with, and its constant.
    fn start(set: Set, point: Complex64) -> (Complex64, Complex64) {
        match set {
            Set::Julia => (point, C),
            Set::Mandelbrot => (Complex64::ZERO, point),
        }
    }

    fn wide(&mut self, text: &Expr) -> Result<(), EvalError> {
        let (x, y, most) = (&self.x, &self.y, self.most);
        text.eval_into(args![x, y, cr = C.re, ci = C.im, most], &mut self.counts)
    }

    /// Rows of counts on all threads, each by a function of a point.
    fn rows(&mut self, count: impl Fn(Complex64) -> i64 + Sync) {
        let (x, y) = (&self.x, &self.y);
        let rows = self.counts.outer_iter_mut().into_par_iter().zip(y.as_slice().unwrap_or_default());
        rows.for_each(|(row, &y)| {
            row.into_iter().zip(x).for_each(|(n, &x)| *n = count(Complex64::new(x, y)));
        });
    }
}

/// The loop of the definition.
fn escape(mut z: Complex64, c: Complex64, most: i64) -> i64 {
    let mut n = 0;
    while n < most && z.norm_sqr() < 4.0 {
        z = z * z + c;
        n += 1;
    }
    n
}

/// Point by point on one thread.
fn loops(plane: &mut Plane) -> Result<(), EvalError> {
    let (set, most) = (plane.set, plane.most);
    for ((i, j), n) in plane.counts.indexed_iter_mut() {
        let (z, c) = Plane::start(set, Complex64::new(plane.x[[0, j]], plane.y[[i, 0]]));
        *n = escape(z, c, most);
    }
    Ok(())
}

/// Rows on all threads. Points differ in their work, and so do rows: threads take from each other what is left.
fn rayon(plane: &mut Plane) -> Result<(), EvalError> {
    let (set, most) = (plane.set, plane.most);
    plane.rows(|point| {
        let (z, c) = Plane::start(set, point);
        escape(z, c, most)
    });
    Ok(())
}

/// The same in real numbers, with the squares that the condition has already computed.
fn rayon_real(plane: &mut Plane) -> Result<(), EvalError> {
    let (set, most) = (plane.set, plane.most);
    plane.rows(|point| {
        let (z, c) = Plane::start(set, point);
        let (mut a, mut b, mut n) = (z.re, z.im, 0);
        loop {
            let (aa, bb, ab) = (a * a, b * b, a * b);
            if n >= most || aa + bb >= 4.0 {
                return n;
            }
            (a, b, n) = (aa - bb + c.re, ab + ab + c.im, n + 1);
        }
    });
    Ok(())
}

/// In `f32`: half the bytes, so that twice as many points go side by side, and other roundings: near the border of the set, where a step decides,
/// some points count otherwise.
fn narrow(plane: &mut Plane) -> Result<(), EvalError> {
    let ([x, y], most) = (&plane.narrow, plane.most);
    plane.real.eval_into(args![x, y, cr = C.re as f32, ci = C.im as f32, most], &mut plane.counts)
}
