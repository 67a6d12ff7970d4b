//! The library's own loop schedules, on texts whose elements take equally long and on texts whose elements do not.

use std::num::NonZeroUsize;

use ndarray::{Array1, Array2, Axis};
use tilexpr::{Expr, LoopSchedule, Threads, args};

use super::Options;
use super::measure::Shares;
use super::work::{mandelbrot, walk};
use crate::common::cli::Failure;
use crate::common::timing::{median, take_turns};

/// Elements: fewer than the library's tiles have where a function is called (400), and many more.
const CHUNKS: [usize; 2] = [64, 16_384];

/// Passes of each row, at most.
const PASSES: usize = 15;

/// The texts: arithmetic alone; a function that takes equally long for all elements; one that does not, with the dear rows first, and last.
pub const TEXTS: [&str; 4] = ["arithmetic", "even", "dear first", "dear last"];

/// All schedules, some with chunks.
fn all() -> Vec<LoopSchedule> {
    let [fine, coarse] = CHUNKS.map(NonZeroUsize::new);
    vec![
        LoopSchedule::Auto,
        LoopSchedule::Static(None),
        LoopSchedule::Static(fine),
        LoopSchedule::Dynamic(None),
        LoopSchedule::Dynamic(fine),
        LoopSchedule::Dynamic(coarse),
        LoopSchedule::Guided(None),
    ]
}

/// A text with its arguments and its result.
struct Text {
    expr: Expr,
    x: Array2<f64>,
    y: Array2<f64>,
    result: Array2<f64>,
}

impl Text {
    /// The one of this number.
    fn new(at: usize, options: &Options) -> Result<Text, Failure> {
        let size = options.size;
        let steps = |x: f64| walk((x * 1e6) as usize, 75) as f64;
        let inside = |x: f64, y: f64| mandelbrot(x, y) as f64;
        let builder = Expr::builder()
            .function("steps", steps as fn(f64) -> f64)
            .function("mandelbrot", inside as fn(f64, f64) -> f64);
        let row = |n: usize, from: f64, length: f64| {
            Array1::from_shape_fn(n, |i| from + length * i as f64 / n as f64).insert_axis(Axis(0))
        };
        let (x, y) = (row(size, -2.0, 2.6), row(size, 0.0, 1.2));
        let (text, x, y) = match at {
            0 => ("sin(x*y)*exp(-x)", row(options.elements / 4, 0.0, 1.0), row(1, 1.0, 0.0)),
            1 => ("steps(x + y)", x + 2.0, y.reversed_axes()),
            2 => ("mandelbrot(x, y)", x, y.reversed_axes()),
            _ => ("mandelbrot(x, 1.2 - y)", x, y.reversed_axes()),
        };
        let result = Array2::zeros((y.nrows(), x.ncols()));
        Ok(Text { expr: builder.compile(text)?, x, y, result })
    }

    fn pass(&mut self, expr: &Expr) -> Result<(), Failure> {
        Ok(expr.eval_into(args![x = &self.x, y = &self.y], &mut self.result)?)
    }
}

/// How long each text takes by each schedule, on all threads.
pub fn loop_schedules(options: &Options) -> Result<Vec<Shares>, Failure> {
    (0..TEXTS.len()).map(|at| options.shared.in_pool(|| shares(at, options))?).collect()
}

fn shares(at: usize, options: &Options) -> Result<Shares, Failure> {
    let (mut text, threads) = (Text::new(at, options)?, options.shared.threads);
    let serial = text.expr.with_threads(Threads::Serial);
    let exprs: Vec<Expr> = all().into_iter().map(|schedule| text.expr.with_loop_schedule(schedule)).collect();
    text.pass(&serial)?;
    let expected = text.result.clone();
    for expr in &exprs {
        text.pass(expr)?;
        if text.result != expected {
            return Err(format!("`{}` gives other numbers by another schedule", TEXTS[at]).into());
        }
    }
    let times = take_turns(exprs.len() + 1, PASSES, options.shared.seconds(0.15, 0.01), |at| {
        text.pass(exprs.get(at).unwrap_or(&serial))
    })?;
    let medians: Vec<f64> = times.iter().map(|times| median(times)).collect();
    let (seconds, alone) = medians.split_at(exprs.len());
    Ok(Shares {
        work: TEXTS[at],
        schedules: all().iter().map(LoopSchedule::to_string).collect(),
        efficiency: seconds.iter().map(|time| alone[0] / time / threads as f64).collect(),
        imbalance: vec![f64::NAN; exprs.len()],
        pieces: vec![0; exprs.len()],
        seconds: seconds.to_vec(),
    })
}
