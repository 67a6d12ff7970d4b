//! `y = a*a + 1` on a matrix: two nested loops, the same two swapped, and who finds the order by itself.

use ndarray::{ArrayView2, ArrayViewMut2, Axis, Zip};
use tilexpr::{EvalError, Expr, args};

/// From an array into another one of its shape.
pub type Pass = fn(&Formulas, ArrayView2<f64>, ArrayViewMut2<f64>) -> Result<(), EvalError>;

pub const ALL: [(&str, Pass); 5] = [
    ("rows_outside", rows_outside),
    ("columns_outside", columns_outside),
    ("zip", zip),
    ("tilexpr_serial", tilexpr_serial),
    ("tilexpr", tilexpr),
];

/// The text of the formula, for one thread and for all.
pub struct Formulas {
    pub serial: Expr,
    pub all: Expr,
}

fn f(a: f64) -> f64 {
    a * a + 1.0
}

/// `for i { for j { y[i, j] = f(a[i, j]) } }`. In C order, where rows lie in one piece, each step of the inner loop is to the
/// neighbour, eight f64 are had for one cache line, and the compiler makes vector code of it. In F order each step goes to
/// another line, and to another page of memory where columns are long.
fn rows_outside(_: &Formulas, a: ArrayView2<f64>, mut y: ArrayViewMut2<f64>) -> Result<(), EvalError> {
    for (a, mut y) in a.axis_iter(Axis(0)).zip(y.axis_iter_mut(Axis(0))) {
        for (&a, y) in a.iter().zip(&mut y) {
            *y = f(a);
        }
    }
    Ok(())
}

/// The same with the loops swapped: `for j { for i { ... } }`. Right for F order, wrong for C order.
fn columns_outside(_: &Formulas, a: ArrayView2<f64>, mut y: ArrayViewMut2<f64>) -> Result<(), EvalError> {
    for (a, mut y) in a.axis_iter(Axis(1)).zip(y.axis_iter_mut(Axis(1))) {
        for (&a, y) in a.iter().zip(&mut y) {
            *y = f(a);
        }
    }
    Ok(())
}

/// ndarray looks at the strides: if all arrays lie the same way, it goes as they lie.
fn zip(_: &Formulas, a: ArrayView2<f64>, mut y: ArrayViewMut2<f64>) -> Result<(), EvalError> {
    Zip::from(&mut y).and(&a).for_each(|y, &a| *y = f(a));
    Ok(())
}

/// The planner orders the loops by the strides of all arrays, and where these disagree copies small tiles to turn them.
fn tilexpr_serial(formulas: &Formulas, a: ArrayView2<f64>, mut y: ArrayViewMut2<f64>) -> Result<(), EvalError> {
    formulas.serial.eval_into(args![a], &mut y)
}

/// The same on all threads.
fn tilexpr(formulas: &Formulas, a: ArrayView2<f64>, mut y: ArrayViewMut2<f64>) -> Result<(), EvalError> {
    formulas.all.eval_into(args![a], &mut y)
}
