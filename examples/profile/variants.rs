//! `a*b + c` on one thread, from numbers behind pointers to one fused pass.

use ndarray::{Array1, Zip};
use tilexpr::{EvalError, Expr, Threads, args};

use crate::common::random::Random;

/// A line of numbers, each behind a pointer of its own.
type Boxes = Vec<Box<f64>>;

/// The same numbers in three forms, and where results go.
pub struct Lines {
    a: Array1<f64>,
    b: Array1<f64>,
    c: Array1<f64>,
    y: Array1<f64>,
    boxed: [Boxes; 3],
    boxed_y: Boxes,
    scattered: [Boxes; 3],
    expr: Expr,
}

/// A pass over all numbers.
pub type Pass = fn(&mut Lines) -> Result<(), EvalError>;

/// All variants, from the slowest idea to the fastest.
pub const ALL: [(&str, Pass); 6] = [
    ("boxed_scattered", boxed_scattered),
    ("boxed", boxed),
    ("temporaries", temporaries),
    ("in_place", in_place),
    ("zip", zip),
    ("tilexpr", tilexpr),
];

impl Lines {
    pub fn new(n: usize) -> Result<Lines, tilexpr::CompileError> {
        let line = |from: f64| Array1::linspace(from, from + 1.0, n);
        let (a, b, c) = (line(1.0), line(2.0), line(3.0));
        // Boxes that are made in the order of their numbers lie in that order, if memory is fresh; others do not.
        let in_order: Vec<usize> = (0..n).collect();
        let mut shuffled = in_order.clone();
        Random::new(1).shuffle(&mut shuffled);
        let boxes = |order: &[usize]| [&a, &b, &c].map(|line| boxes(line, order));
        Ok(Lines {
            boxed: boxes(&in_order),
            scattered: boxes(&shuffled),
            boxed_y: Vec::new(),
            y: Array1::zeros(n),
            expr: Expr::compile("a*b + c")?.with_threads(Threads::Serial),
            a,
            b,
            c,
        })
    }

    /// The result of the variant that ran last.
    pub fn result(&mut self, variant: &str) -> Array1<f64> {
        match variant.starts_with("boxed") {
            true => self.boxed_y.iter().map(|x| **x).collect(),
            false => self.y.clone(),
        }
    }

    /// Gives the boxes of the last result back, so that the next pass does not do it.
    pub fn clear(&mut self) {
        self.boxed_y = Vec::new();
    }
}

/// A box for each number, made in this order.
fn boxes(line: &Array1<f64>, order: &[usize]) -> Boxes {
    let mut made: Vec<Option<Box<f64>>> = vec![None; line.len()];
    for &i in order {
        made[i] = Some(Box::new(line[i]));
    }
    made.into_iter().flatten().collect()
}

/// Numbers behind pointers whose objects lie anywhere, as those of a list do that was sorted, or filled over time: each is a
/// jump to another cache line, which no hardware foresees.
fn boxed_scattered(l: &mut Lines) -> Result<(), EvalError> {
    l.boxed_y = product_and_sum(&l.scattered);
    Ok(())
}

/// Numbers behind pointers whose objects lie in order. Two objects are allocated for each result, as Python does, and four
/// times the memory of the numbers themselves is moved.
fn boxed(l: &mut Lines) -> Result<(), EvalError> {
    l.boxed_y = product_and_sum(&l.boxed);
    Ok(())
}

fn product_and_sum([a, b, c]: &[Boxes; 3]) -> Boxes {
    let product: Boxes = a.iter().zip(b).map(|(a, b)| Box::new(**a * **b)).collect();
    product.iter().zip(c).map(|(product, c)| Box::new(**product + **c)).collect()
}

/// Whole-array operations: a new array for the product, and another for the sum.
fn temporaries(l: &mut Lines) -> Result<(), EvalError> {
    let product = &l.a * &l.b;
    l.y = &product + &l.c;
    Ok(())
}

/// No new array, but three passes over the one that is there.
fn in_place(l: &mut Lines) -> Result<(), EvalError> {
    l.y.assign(&l.a);
    l.y *= &l.b;
    l.y += &l.c;
    Ok(())
}

/// Fused by hand: each number is read once, and each result written once.
fn zip(l: &mut Lines) -> Result<(), EvalError> {
    Zip::from(&mut l.y).and(&l.a).and(&l.b).and(&l.c).for_each(|y, &a, &b, &c| *y = a * b + c);
    Ok(())
}

/// Fused by the library: vectors as wide as the CPU has them, so fewer instructions; large results are written past the caches.
fn tilexpr(l: &mut Lines) -> Result<(), EvalError> {
    l.expr.eval_into(args![a = &l.a, b = &l.b, c = &l.c], &mut l.y)
}
