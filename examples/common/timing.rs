//! Times of several variants of one computation, taken in turns.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::cli::Failure;

/// The rounds that passes are spread over.
const ROUNDS: usize = 10;

/// Runs `pass(variant)` up to `passes` times for each variant, and gives the seconds of each pass.
///
/// The variants take turns, some passes in a row each, so that noise of the machine hits them all. One whose passes have
/// taken `seconds` together has no more turns.
pub fn take_turns(
    variants: usize,
    passes: usize,
    seconds: f64,
    mut pass: impl FnMut(usize) -> Result<(), Failure>,
) -> Result<Vec<Vec<f64>>, Failure> {
    take_turns_timed(variants, passes, seconds, |variant| timed(|| pass(variant)))
}

/// How long `f` takes, in seconds.
pub fn timed(f: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let start = Instant::now();
    f()?;
    Ok(start.elapsed().as_secs_f64())
}

/// The same for passes that tell their seconds themselves, as they do something before or after that is not to be timed.
pub fn take_turns_timed(
    variants: usize,
    passes: usize,
    seconds: f64,
    mut pass: impl FnMut(usize) -> Result<f64, Failure>,
) -> Result<Vec<Vec<f64>>, Failure> {
    let mut times = vec![Vec::with_capacity(passes); variants];
    let bar = bar(variants * passes);
    let turn = passes.div_ceil(ROUNDS);
    for _ in 0..passes.div_ceil(turn) {
        for (variant, times) in times.iter_mut().enumerate() {
            for _ in 0..turn.min(passes - times.len()) {
                if !times.is_empty() && times.iter().sum::<f64>() >= seconds {
                    break;
                }
                times.push(pass(variant)?);
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(times)
}

/// The value in the middle.
pub fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// A progress bar on standard error; none where that is not a terminal.
pub fn bar(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}, {eta} to go");
    ProgressBar::new(length as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
