//! Recurrences along time, of many channels side by side: an exponential average, a low pass of the second order, and systems of equations
//! with three diagonals, one for each channel. By plain loops and by `scan` in a text.
//!
//! Along time each state waits for the one before; channels are independent. Arrays have a row for each time, so channels are neighbours
//! in memory.

use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};
use tilexpr::{EvalError, Expr, Threads, args};

use crate::common::cli::Failure;
use crate::common::random::Random;

/// How much of what is new goes into the average.
pub const WEIGHT: f64 = 0.02;

const AVERAGE: &str = "scan(lambda s, x: s + weight*(x - s), 0.0, x)";

/// Transposed direct form II, with the coefficients of scipy.signal.lfilter. Of the three states the first is what comes out, the others are
/// what the filter remembers.
const SECOND_ORDER: &str = "
    out = lambda s, x: b0*x + s[1]
    step = lambda s, x: (out(s, x), b1*x - a1*out(s, x) + s[2], b2*x - a2*out(s, x))
    scan(step, (0.0, 0.0, 0.0), x)[0]";

/// `-c u[k-1] + (1 + 2c) u[k] - c u[k+1] = x[k]`, with 0 beyond both ends: a smooth curve through noise, or an implicit step of diffusion. Gauss's
/// elimination goes forwards, and what it leaves is put in backwards (Thomas).
const THREE_DIAGONALS: &str = "
    down = lambda s, x: (c/(1 + 2*c - c*s[0]), (x + c*s[1])/(1 + 2*c - c*s[0]))
    upper, right = scan(down, (0.0, 0.0), x)
    scan(lambda u, t: t[1] + t[0]*u, 0.0, (upper, right), reverse=True)";

/// The low pass's limit, in cycles for each sample.
pub const CUTOFF: f64 = 0.01;

/// Butterworth's low pass of the second order, by the bilinear transform: `b0 b1 b2 a1 a2`.
fn low_pass(cutoff: f64) -> [f64; 5] {
    let (w, root) = ((std::f64::consts::PI * cutoff).tan(), std::f64::consts::SQRT_2);
    let scale = 1.0 / (1.0 + root * w + w * w);
    let b = w * w * scale;
    [b, 2.0 * b, b, 2.0 * (w * w - 1.0) * scale, (1.0 - root * w + w * w) * scale]
}

/// Signals, and what they become.
pub struct Signals {
    /// A row for each time, a column for each channel; so are the results.
    pub x: Array2<f64>,
    pub y: Array2<f64>,
    /// The constants of the equations, one for each channel.
    c: Array1<f64>,
    low_pass: [f64; 5],
    average: Expr,
    second_order: Expr,
    three_diagonals: Expr,
}

/// Filters the signals; the result is in [`Signals`].
pub type Filter = fn(&mut Signals) -> Result<(), EvalError>;

pub const WAYS: [&str; 5] = ["channels", "rows", "rayon", "tilexpr_serial", "tilexpr"];

/// A recurrence, and its ways in the order of [`WAYS`]; they agree to the bit.
pub const ALL: [(&str, [Filter; 5]); 3] = [
    (
        "average",
        [
            |f| channels(f, &Average),
            |f| rows(f, &Average),
            |f| rayon(f, &Average),
            |f| f.text(&f.average.with_threads(Threads::Serial)),
            |f| f.text(&f.average.clone()),
        ],
    ),
    (
        "second_order",
        [
            |f| channels(f, &SecondOrder(f.low_pass)),
            |f| rows(f, &SecondOrder(f.low_pass)),
            |f| rayon(f, &SecondOrder(f.low_pass)),
            |f| f.text(&f.second_order.with_threads(Threads::Serial)),
            |f| f.text(&f.second_order.clone()),
        ],
    ),
    (
        "three_diagonals",
        [
            |f| channels(f, &ThreeDiagonals),
            |f| rows(f, &ThreeDiagonals),
            |f| rayon(f, &ThreeDiagonals),
            |f| f.text(&f.three_diagonals.with_threads(Threads::Serial)),
            |f| f.text(&f.three_diagonals.clone()),
        ],
    ),
];

impl Signals {
    /// Steps up and down with noise.
    pub fn new(times: usize, channels: usize) -> Result<Signals, Failure> {
        let noise = Random::new(1);
        let x = Array2::from_shape_fn((times, channels), |(k, j)| {
            let step = (k * (3 + j % 5) / times) % 2;
            step as f64 + 0.8 * (noise.uniform((k * channels + j) as u64) - 0.5)
        });
        Ok(Signals {
            y: Array2::zeros(x.raw_dim()),
            c: Array1::from_shape_fn(channels, |j| 300.0 + (j % 7) as f64),
            low_pass: low_pass(CUTOFF),
            average: Expr::compile(AVERAGE)?,
            second_order: Expr::compile(SECOND_ORDER)?,
            three_diagonals: Expr::compile(THREE_DIAGONALS)?,
            x,
        })
    }

    fn text(&mut self, text: &Expr) -> Result<(), EvalError> {
        let ([b0, b1, b2, a1, a2], x, c) = (self.low_pass, &self.x, &self.c);
        text.eval_into(args![x, c, weight = WEIGHT, b0, b1, b2, a1, a2], &mut self.y)
    }
}

/// A recurrence by hand.
trait Recurrence: Sync {
    /// What goes from one time to the next.
    type State: Copy + Default;

    /// The next state, and what comes out.
    fn step(&self, state: Self::State, x: f64, c: f64) -> (Self::State, f64);

    /// The way back, if there is one, over the states of all times of some channels.
    fn back(&self, _states: &Array2<Self::State>, _y: ArrayViewMut2<f64>) {}

    /// Whether there is one.
    const BACK: bool = false;
}

struct Average;

impl Recurrence for Average {
    type State = f64;

    fn step(&self, s: f64, x: f64, _: f64) -> (f64, f64) {
        let s = s + WEIGHT * (x - s);
        (s, s)
    }
}

struct SecondOrder([f64; 5]);

impl Recurrence for SecondOrder {
    type State = [f64; 2];

    fn step(&self, s: [f64; 2], x: f64, _: f64) -> ([f64; 2], f64) {
        let [b0, b1, b2, a1, a2] = self.0;
        let y = b0 * x + s[0];
        ([b1 * x - a1 * y + s[1], b2 * x - a2 * y], y)
    }
}

struct ThreeDiagonals;

impl Recurrence for ThreeDiagonals {
    type State = [f64; 2];

    fn step(&self, s: [f64; 2], x: f64, c: f64) -> ([f64; 2], f64) {
        let pivot = 1.0 + 2.0 * c - c * s[0];
        let s = [c / pivot, (x + c * s[1]) / pivot];
        (s, s[1])
    }

    fn back(&self, states: &Array2<[f64; 2]>, mut y: ArrayViewMut2<f64>) {
        let mut next = vec![0.0; y.ncols()];
        for (states, mut y) in states.outer_iter().zip(y.outer_iter_mut()).rev() {
            for ((next, &[upper, right]), y) in next.iter_mut().zip(states).zip(&mut y) {
                *next = right + upper * *next;
                *y = *next;
            }
        }
    }

    const BACK: bool = true;
}

/// Channel by channel, each from the first time to the last: a walk through memory in steps as long as a row, and a chain of operations of which
/// each waits for the one before.
fn channels<R: Recurrence>(f: &mut Signals, by: &R) -> Result<(), EvalError> {
    let mut states = Array2::default(if R::BACK { (f.x.nrows(), 1) } else { (0, 0) });
    for (j, x) in f.x.columns().into_iter().enumerate() {
        let mut state = R::State::default();
        for (k, &x) in x.iter().enumerate() {
            (state, f.y[[k, j]]) = by.step(state, x, f.c[j]);
            if R::BACK {
                states[[k, 0]] = state;
            }
        }
        by.back(&states, f.y.slice_mut(ndarray::s![.., j..j + 1]));
    }
    Ok(())
}

/// Row by row, with the states of all channels beside each other: memory is read as it lies, and channels do not wait for each other.
fn rows<R: Recurrence>(f: &mut Signals, by: &R) -> Result<(), EvalError> {
    block(by, f.x.view(), f.c.view(), f.y.view_mut());
    Ok(())
}

/// The same, some channels at a time, on all threads.
fn rayon<R: Recurrence>(f: &mut Signals, by: &R) -> Result<(), EvalError> {
    let Signals { x, y, c, .. } = f;
    let width = x.ncols().div_ceil(2 * rayon::current_num_threads()).clamp(16, CHANNELS);
    let to = y.axis_chunks_iter_mut(Axis(1), width).into_par_iter();
    let from = x.axis_chunks_iter(Axis(1), width).into_par_iter().zip(c.axis_chunks_iter(Axis(0), width));
    to.zip(from).for_each(|(y, (x, c))| block(by, x, c, y));
    Ok(())
}

/// Channels that a thread does at a time, at most: their states are in the nearest cache.
const CHANNELS: usize = 256;

fn block<R: Recurrence>(by: &R, x: ArrayView2<f64>, c: ArrayView1<f64>, mut y: ArrayViewMut2<f64>) {
    let mut all = Array2::default(if R::BACK { x.dim() } else { (0, 0) });
    let mut states = vec![R::State::default(); x.ncols()];
    for (k, (x, mut y)) in x.outer_iter().zip(y.outer_iter_mut()).enumerate() {
        for (((state, &x), &c), y) in states.iter_mut().zip(x).zip(c).zip(&mut y) {
            (*state, *y) = by.step(*state, x, c);
        }
        if R::BACK {
            all.row_mut(k).iter_mut().zip(&states).for_each(|(to, &state)| *to = state);
        }
    }
    by.back(&all, y);
}
