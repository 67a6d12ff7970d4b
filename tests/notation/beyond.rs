//! Texts that reach beyond arrays, or ask for more than there is: refused, and nothing is read that is not the array's.
//!
//! The arrays are parts of larger ones, and what lies around them are other numbers: whoever reads one of those gives it away.

use std::time::Duration;

use ndarray::{Array1, Array2, s};
use tilexpr::{AnyArray, Args, EvalError, EvalErrorKind, Executor, Expr, args};

/// What lies around arrays.
const AROUND: f64 = 666.0;

/// A text on arguments, on each executor; `explain` is run, too, for it finds the same places.
fn each(text: &str, args: &Args, check: impl Fn(&Result<AnyArray, EvalError>)) {
    for executor in [Executor::Interpreter, Executor::Native, Executor::Auto] {
        let expr = Expr::builder().executor(executor).timeout(Duration::from_millis(100)).compile(text);
        let expr = expr.unwrap_or_else(|error| panic!("{text}\n{error}"));
        drop(expr.explain(args));
        check(&expr.eval(args));
    }
}

fn is_refused(text: &str, args: &Args, kinds: &[EvalErrorKind]) {
    each(text, args, |result| match result {
        Ok(array) => panic!("{text}\n{array:?}"),
        Err(error) => assert!(kinds.contains(&error.kind()), "{text}\n{error}"),
    });
}

#[test]
fn where_another_index_runs_over_nothing() {
    let mut around = Array2::from_elem((6, 9), AROUND);
    around.slice_mut(s![2..4, 2..7]).fill(1.0);
    let (a, b) = (around.slice(s![2..4, 2..7]), Array1::<f64>::zeros(3));
    let args = args![a = &a, b];
    for text in [
        "D[j:10] = sum[i:2](a[wrap(i - 1), j]) + sum[k:0](b[k])",
        "D[j:10] = sum[i:2](a[i, j]) + sum[k:0](b[k])",
        "D[j:4] = sum[i:3](a[wrap(i - 1), 2*j]) + sum[k:0](b[k])",
        "D[j:2] = sum[i:2](a[zero(i - 1), j - 1]) + sum[k:0](b[k])",
        "D[j:2] = sum[i:2](a[fill(i - 1, 3), 7 + 0]) + sum[k:0](b[k])",
    ] {
        is_refused(text, &args, &[EvalErrorKind::Shape]);
    }
    // What is read of no element at all needs not be there.
    each("D[j:0] = sum[i:2](a[i, j + 9])", &args, |y| assert_eq!(y.as_ref().unwrap().shape(), [0]));
    each("sum[k:0, j:9](b[k]*a[0, j])", &args, |y| assert!(y.is_err()));
}

#[test]
fn coordinates_beyond_what_can_be_counted() {
    // Indices of which each has one number, every one further out than the one before.
    let text = |read: &str| format!("sum[j, k](b[j - m]*b[k - m*j]*{read})");
    let (b, empty, m) = (Array1::from_elem(1, 1.0), Array1::<f64>::zeros(0), 1_i64 << 62);
    let around = Array1::from_elem(9, AROUND);
    let a = around.slice(s![4..5]);
    for read in ["a[zero(m*k)]", "a[wrap(m*k)]", "a[fill(m*k, 1)]", "a[clamp(k*m)]", "k", "j"] {
        is_refused(&text(read), &args![a = &a, b, m], &[EvalErrorKind::Shape, EvalErrorKind::Limit]);
        if !read.contains("wrap") && !read.contains("clamp") {
            is_refused(&text(read), &args![a = &empty, b, m], &[EvalErrorKind::Shape, EvalErrorKind::Limit]);
        }
    }
    let (n, zero) = (m, 0_i64);
    for text in [
        "v[i] = a[zero*i] + a[zero*i - j]*sum[j](a[n*j])",
        "v[i] = a[n*i + n*j + n*k]*b[j]*b[k]",
        "v[j] = sum[i:n](a[wrap(n*i + j)])",
        "v[j] = sum[i:n](a[zero(n*i - j)])",
        "sum[i](a[zero*i])",
        "v[i, j] = b[zero*i]*b[4*i + j + 7]",
        "v[i, j] = b[zero*i]*a[4*i - j + 7]",
    ] {
        let Ok(expr) = Expr::builder().timeout(Duration::from_millis(50)).compile(text) else { continue };
        assert!(expr.eval::<AnyArray>(args![a = &a, b, n, zero]).is_err(), "{text}");
        let nothing = expr.eval::<AnyArray>(args![a = &empty, b, n, zero]);
        assert!(nothing.is_err() || nothing.is_ok_and(|y| y.shape().iter().product::<usize>() <= 1), "{text}");
    }
}

#[test]
fn more_points_than_there_is_time_for() {
    let b = Array1::from_elem(1, 1.0);
    for text in [
        "sum[i:2**62, j:2**62](b[0]*i*j)",
        "sum[i:2**62](b[0]*i)",
        "mean[i:2**62](i)",
        "var[i:2**62](b[0]*i)",
        "any[i:2**62](i < 0)",
        "argmax[i:2**62](i)",
        "sum[i:2**61, j:2**61, k:2**61, l:2**61](1.0*i)",
        "max[i:2**62](random(1, i))",
        "v[j:3] = sum[i:2**62](b[0]*i)",
        "v[j:3] = sum[i:2**40](b[0]*i)*sum[i:2**40](i)",
    ] {
        is_refused(text, &args![b], &[EvalErrorKind::Deadline, EvalErrorKind::TooLarge, EvalErrorKind::Limit]);
    }
}

#[test]
fn outputs_of_other_shapes() {
    let a = Array1::from_iter((0..5).map(f64::from));
    // An array is updated with a result of its shape alone, as by any other text.
    for text in ["u[:1]*2", "u[1]", "v[i:1] = u[i]", "v[i] = u[i + 1]", "v[i] = u[wrap(i - 1)] + 0*w[i + 0, 0]"] {
        let mut u = a.clone();
        let w = Array2::<f64>::zeros((1, 1));
        let error = Expr::compile(text).unwrap().update("u", &mut u, args![w]).unwrap_err();
        assert!([EvalErrorKind::Output, EvalErrorKind::Shape].contains(&error.kind()), "{text}\n{error}");
        assert_eq!(u, a, "{text}");
    }
    let (mut u, mut v) = (a.clone(), a.clone());
    let text = "x[i] = u[i]*2; y[i:1] = v[i] + x[i]; x, y";
    assert!(Expr::compile(text).unwrap().update(["u", "v"], &mut (&mut u, &mut v), args![]).is_err());
    assert_eq!((&u, &v), (&a, &a));
    // A larger output, that of a piece in boxes behind one of another shape.
    let (mut few, mut many) = (Array1::<f64>::zeros(3), Array2::<f64>::zeros((2, 5)));
    let text = "x[i:3] = a[i]; y[i] = a[wrap(i - 1)]; x, y";
    Expr::compile(text).unwrap().eval_into(args![a], &mut (&mut few, &mut many)).unwrap();
    assert_eq!(few.to_vec(), [0.0, 1.0, 2.0]);
    assert!(many.rows().into_iter().all(|row| row.to_vec() == [4.0, 0.0, 1.0, 2.0, 3.0]));
}
