//! `a*b + c` on lines of numbers, and a line that grows number by number, each in several ways.

use ndarray::{Array1, Axis, Zip, array, aview0, concatenate};
use tilexpr::{Arg, EvalError, Expr, Prepared, Threads, args};

/// Three arrays to read and one to write, and what is made once for many passes.
pub struct Lines {
    pub a: Array1<f64>,
    pub b: Array1<f64>,
    pub c: Array1<f64>,
    pub y: Array1<f64>,
    expr: Expr,
    serial: Expr,
    prepared: Prepared<3>,
}

impl Lines {
    pub fn new(n: usize) -> Result<Lines, Box<dyn std::error::Error + Send + Sync>> {
        let line = |from: f64| Array1::linspace(from, from + 1.0, n);
        let (a, b, c) = (line(1.0), line(2.0), line(3.0));
        let expr = Expr::compile("a*b + c")?;
        let prepared = expr.prepare(["a", "b", "c"], args![a, b, c])?;
        Ok(Lines { y: Array1::zeros(n), serial: expr.with_threads(Threads::Serial), expr, prepared, a, b, c })
    }
}

/// A pass that leaves its result in `y`.
pub type Pass = fn(&mut Lines) -> Result<(), EvalError>;

/// All ways to `a*b + c`.
pub const ALL: [(&str, Pass); 8] = [
    ("two_temporaries", two_temporaries),
    ("chain", chain),
    ("in_place", in_place),
    ("zip", zip),
    ("eval", eval),
    ("eval_into_serial", eval_into_serial),
    ("eval_into", eval_into),
    ("prepared", prepared),
];

/// What is written where the product has a name: a new array for it, and another one for the sum.
fn two_temporaries(l: &mut Lines) -> Result<(), EvalError> {
    let product = &l.a * &l.b;
    l.y = &product + &l.c;
    Ok(())
}

/// ndarray adds into the product's array, as it is a temporary that nobody else can see.
fn chain(l: &mut Lines) -> Result<(), EvalError> {
    l.y = &l.a * &l.b + &l.c;
    Ok(())
}

/// No new array, but three passes over the one that is there.
fn in_place(l: &mut Lines) -> Result<(), EvalError> {
    l.y.assign(&l.a);
    l.y *= &l.b;
    l.y += &l.c;
    Ok(())
}

/// One pass by hand.
fn zip(l: &mut Lines) -> Result<(), EvalError> {
    Zip::from(&mut l.y).and(&l.a).and(&l.b).and(&l.c).for_each(|y, &a, &b, &c| *y = a * b + c);
    Ok(())
}

/// One pass, into a new array.
fn eval(l: &mut Lines) -> Result<(), EvalError> {
    l.y = l.expr.eval(args![a = &l.a, b = &l.b, c = &l.c])?;
    Ok(())
}

fn eval_into_serial(l: &mut Lines) -> Result<(), EvalError> {
    l.serial.eval_into(args![a = &l.a, b = &l.b, c = &l.c], &mut l.y)
}

fn eval_into(l: &mut Lines) -> Result<(), EvalError> {
    l.expr.eval_into(args![a = &l.a, b = &l.b, c = &l.c], &mut l.y)
}

/// Names and types were looked up beforehand, which counts where arrays are short.
fn prepared(l: &mut Lines) -> Result<(), EvalError> {
    l.prepared.call([Arg::new(&l.a), Arg::new(&l.b), Arg::new(&l.c)], &mut l.y)
}

/// From a length to a line that was made number by number.
pub type Growth = fn(usize) -> Array1<f64>;

/// All ways to a line that grows.
pub const GROWING: [(&str, Growth); 4] =
    [("concatenate", concatenate_each), ("push", push), ("vec_push", vec_push), ("beforehand", beforehand)];

fn value(i: usize) -> f64 {
    i as f64 * 0.5
}

/// As `np.append` in a loop: a new array and a copy of all that came before, for each number.
fn concatenate_each(n: usize) -> Array1<f64> {
    (0..n).fold(Array1::zeros(0), |line: Array1<f64>, i| concatenate![Axis(0), line, array![value(i)]])
}

/// ndarray's own growth: memory is doubled when it is full, so that copies are few.
fn push(n: usize) -> Array1<f64> {
    let mut line = Array1::zeros(0);
    for i in 0..n {
        line.push(Axis(0), aview0(&value(i))).expect("a number fits a line");
    }
    line
}

/// The same with a `Vec`, which knows its layout beforehand and so has less to check.
fn vec_push(n: usize) -> Array1<f64> {
    let mut line = Vec::new();
    for i in 0..n {
        line.push(value(i));
    }
    Array1::from_vec(line)
}

/// The length is known: one allocation.
fn beforehand(n: usize) -> Array1<f64> {
    let mut line = Array1::zeros(n);
    for (i, x) in line.iter_mut().enumerate() {
        *x = value(i);
    }
    line
}
