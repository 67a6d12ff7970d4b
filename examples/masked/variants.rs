//! Conditional assignment in six ways, for four operations.
//!
//! An operation is a test and a new value; each way is written once, for all of them. All change the array in place.

use ndarray::{Array1, Zip};
use tilexpr::{EvalError, Expr, Threads, args};

/// What is assigned where.
pub trait Operation {
    /// In NumPy's words.
    const NAME: &'static str;
    /// The same for this library: the new array of `a`, another array `b`.
    const TEXT: &'static str;

    /// Whether a number is to be changed.
    fn hits(x: f64) -> bool;

    /// What it becomes, given its partner in the other array and [`scalar`](Operation::scalar).
    fn value(x: f64, y: f64, scalar: f64) -> f64;

    /// A number that must be known before.
    fn scalar(_: &Array1<f64>) -> f64 {
        0.0
    }

    /// A number that the operation changes, made of one from 1 to 2.
    fn make_hit(u: f64) -> f64 {
        -u
    }
}

/// Negative numbers become 0.
pub struct Zero;

impl Operation for Zero {
    const NAME: &'static str = "a[a < 0] = 0";
    const TEXT: &'static str = "where(a < 0, 0, a)";

    fn hits(x: f64) -> bool {
        x < 0.0
    }

    fn value(_: f64, _: f64, _: f64) -> f64 {
        0.0
    }
}

/// What is outside of an interval goes to its nearer end.
pub struct Clip;

impl Operation for Clip {
    const NAME: &'static str = "clip(a, -1, 1)";
    const TEXT: &'static str = "clip(a, -1, 1)";

    fn hits(x: f64) -> bool {
        !(-1.0..=1.0).contains(&x)
    }

    fn value(x: f64, _: f64, _: f64) -> f64 {
        x.clamp(-1.0, 1.0)
    }

    fn make_hit(u: f64) -> f64 {
        // Above and below by turns, as the last digit is.
        if ((u * 1024.0) as u64).is_multiple_of(2) { u + 1.0 } else { -u - 1.0 }
    }
}

/// What is missing becomes the mean of what is there.
pub struct Mean;

impl Operation for Mean {
    const NAME: &'static str = "a[isnan(a)] = nanmean(a)";
    const TEXT: &'static str = "where(isnan(a), nanmean(a), a)";

    fn hits(x: f64) -> bool {
        x.is_nan()
    }

    fn value(_: f64, _: f64, mean: f64) -> f64 {
        mean
    }

    /// Without a branch: 0 is added for what is missing.
    fn scalar(a: &Array1<f64>) -> f64 {
        let sum: f64 = line(a).iter().map(|&x| if x.is_nan() { 0.0 } else { x }).sum();
        sum / line(a).iter().map(|x| u64::from(!x.is_nan())).sum::<u64>() as f64
    }

    fn make_hit(_: f64) -> f64 {
        f64::NAN
    }
}

/// Another array is added, but only where the number is negative.
pub struct Add;

impl Operation for Add {
    const NAME: &'static str = "a[a < 0] += b[a < 0]";
    const TEXT: &'static str = "where(a < 0, a + b, a)";

    fn hits(x: f64) -> bool {
        x < 0.0
    }

    fn value(x: f64, y: f64, _: f64) -> f64 {
        x + y
    }
}

/// A plain slice, whose loops the compiler knows best.
fn line(a: &Array1<f64>) -> &[f64] {
    a.as_slice().expect("a new array is contiguous")
}

fn line_mut(a: &mut Array1<f64>) -> &mut [f64] {
    a.as_slice_mut().expect("a new array is contiguous")
}

/// Changes `a`, with its partner `b`.
pub type Assign = fn(&mut Array1<f64>, &Array1<f64>) -> Result<(), EvalError>;

pub const NAMES: [&str; 6] = ["branch", "select", "mask_array", "indices", "update_serial", "update"];

/// The ways of [`NAMES`] for an operation.
pub fn ways<O: Operation>() -> [Assign; 6] {
    [branch::<O>, select::<O>, mask_array::<O>, indices::<O>, update_serial::<O>, update::<O>]
}

/// A loop as one would say it. It writes only what changes; but the processor must guess at each number which way the branch
/// goes, before it has compared, and a wrong guess costs 15 to 30 cycles. Where the hits are rare, or nearly all, or in order, it
/// guesses right; where they come like coins it is wrong every other time.
fn branch<O: Operation>(a: &mut Array1<f64>, b: &Array1<f64>) -> Result<(), EvalError> {
    let scalar = O::scalar(a);
    for (x, &y) in line_mut(a).iter_mut().zip(line(b)) {
        if O::hits(*x) {
            *x = O::value(*x, y, scalar);
        }
    }
    Ok(())
}

/// Both values, then a choice: every number is written, the old one where nothing changes. No branch, so nothing to guess, and
/// the compiler makes vector code of it.
fn select<O: Operation>(a: &mut Array1<f64>, b: &Array1<f64>) -> Result<(), EvalError> {
    let scalar = O::scalar(a);
    for (x, &y) in line_mut(a).iter_mut().zip(line(b)) {
        let new = O::value(*x, y, scalar);
        *x = if O::hits(*x) { new } else { *x };
    }
    Ok(())
}

/// An array of bools first, a byte for each number, then a loop that selects by it: two passes and an allocation.
fn mask_array<O: Operation>(a: &mut Array1<f64>, b: &Array1<f64>) -> Result<(), EvalError> {
    let scalar = O::scalar(a);
    let mask = a.mapv(O::hits);
    Zip::from(a).and(b).and(&mask).for_each(|x, &y, &hit| {
        let new = O::value(*x, y, scalar);
        *x = if hit { new } else { *x };
    });
    Ok(())
}

/// The places of the hits first, then a loop over these alone: what NumPy makes of `a[mask]`. Eight bytes for each number at worst;
/// the list is made without a branch (each place is written, and overwritten by the next unless it is a hit).
fn indices<O: Operation>(a: &mut Array1<f64>, b: &Array1<f64>) -> Result<(), EvalError> {
    let scalar = O::scalar(a);
    let (a, b) = (line_mut(a), line(b));
    let mut places = vec![0; a.len() + 1];
    let mut hits = 0;
    for (i, &x) in a.iter().enumerate() {
        places[hits] = i;
        hits += usize::from(O::hits(x));
    }
    for &i in &places[..hits] {
        a[i] = O::value(a[i], b[i], scalar);
    }
    Ok(())
}

/// The text, in place, on one thread: one pass of vector code that selects.
fn update_serial<O: Operation>(a: &mut Array1<f64>, b: &Array1<f64>) -> Result<(), EvalError> {
    assign::<O>(Threads::Serial, a, b)
}

/// The same on the threads of the pool.
fn update<O: Operation>(a: &mut Array1<f64>, b: &Array1<f64>) -> Result<(), EvalError> {
    assign::<O>(Threads::Global, a, b)
}

fn assign<O: Operation>(threads: Threads, a: &mut Array1<f64>, b: &Array1<f64>) -> Result<(), EvalError> {
    let text = Expr::compile(O::TEXT)?.with_threads(threads);
    match text.names().iter().any(|name| name == "b") {
        true => text.update("a", a, args![b]),
        false => text.update("a", a, args![]),
    }
}
