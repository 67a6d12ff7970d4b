//! Scans by functions (`scan(f, start, a)`): what they give, against plain loops in Rust.

#[path = "common/executors.rs"]
mod executors;

use std::time::Duration;

use ndarray::{Array, Array1, Array2, Array3, ArrayD, Axis, Dimension, IxDyn, array, s};
use num_complex::Complex64;
use tilexpr::{EvalErrorKind, Expr, Threads, args};

/// The expression on every executor, on one thread and on several.
fn each(text: &str) -> Vec<Expr> {
    let compile = |executor| Expr::builder().executor(executor).compile(text).unwrap_or_else(|error| panic!("{error}"));
    let both = |expr: Expr| [expr.with_threads(Threads::Serial), expr.with_threads(Threads::Global)];
    executors::all().into_iter().map(compile).flat_map(both).collect()
}

/// Elements that none equals.
fn elements<D: Dimension>(shape: impl ndarray::ShapeBuilder<Dim = D>) -> Array<f64, D> {
    let mut k = 0.0;
    Array::from_shape_simple_fn(shape, || {
        k += 1.0;
        (k * 37.0) % 101.0 / 8.0
    })
}

/// The states of an average along an axis that begins with these, from the first or from the last element on.
fn average(a: &ArrayD<f64>, axis: usize, start: &ArrayD<f64>, reverse: bool) -> ArrayD<f64> {
    let mut state = start.broadcast(a.index_axis(Axis(axis), 0).raw_dim()).unwrap().to_owned();
    let mut all = ArrayD::zeros(a.raw_dim());
    let n = a.shape()[axis];
    for k in 0..n {
        let k = if reverse { n - 1 - k } else { k };
        state.zip_mut_with(&a.index_axis(Axis(axis), k), |s, &x| *s = *s * 0.75 + x * 0.25);
        all.index_axis_mut(Axis(axis), k).assign(&state);
    }
    all
}

#[test]
fn along_each_axis_of_any_layout() {
    let shapes: [&[usize]; 9] = [&[1], &[70], &[1000], &[7, 1], &[1, 9], &[33, 70], &[3, 700], &[5, 6, 7], &[70, 2, 3]];
    for shape in shapes {
        let a = elements(IxDyn(shape));
        let turned = a.t().as_standard_layout().to_owned();
        let doubled = Array::from_shape_fn(IxDyn(&shape.iter().map(|n| 2 * n).collect::<Vec<_>>()), |at| {
            a[IxDyn(&at.slice().iter().map(|k| k / 2).collect::<Vec<_>>())]
        });
        let mut every_other = doubled.view();
        (0..shape.len()).for_each(|axis| every_other.slice_axis_inplace(Axis(axis), ndarray::Slice::new(0, None, 2)));
        let flipped = a.slice_each_axis(|_| ndarray::Slice::new(0, None, -1));
        for axis in 0..shape.len() {
            for reverse in [false, true] {
                let text = if reverse { ", reverse=True" } else { "" };
                let negative = axis as i32 - shape.len() as i32;
                let text = format!("scan(lambda s, x: s*0.75 + x*0.25, 2.0, a, axis={negative}{text})");
                let zero = ArrayD::from_elem(IxDyn(&[]), 2.0);
                let expected = average(&a, axis, &zero, reverse);
                let backwards = average(&flipped.to_owned(), axis, &zero, reverse);
                for expr in each(&text) {
                    for view in [a.view(), turned.t(), every_other.view()] {
                        assert_eq!(expr.eval::<ArrayD<f64>>(args![a = view]).unwrap(), expected, "{text} {shape:?}");
                    }
                    assert_eq!(expr.eval::<ArrayD<f64>>(args![a = &flipped]).unwrap(), backwards, "{text} {shape:?}");
                }
            }
        }
    }
}

/// What a state begins with broadcasts over the other axes; so does what is captured over all of them.
#[test]
fn shapes() {
    let a = elements((12, 5));
    let (rows, columns) = (elements(12), elements(5));
    for expr in each("scan(lambda s, x: s*0.75 + x*0.25, b, a)") {
        let of = |start: &ArrayD<f64>| average(&a.clone().into_dyn(), 0, start, false);
        assert_eq!(expr.eval::<ArrayD<f64>>(args![a, b = &columns]).unwrap(), of(&columns.clone().into_dyn()));
        let one = columns.slice(s![2..3]);
        assert_eq!(expr.eval::<ArrayD<f64>>(args![a, b = one]).unwrap(), of(&one.to_owned().into_dyn()));
        let line = a.column(1);
        let expected = Array2::from_shape_fn((12, 5), |(i, j)| {
            line.iter().take(i + 1).fold(columns[j], |s, x| s * 0.75 + x * 0.25)
        });
        let tall = line.insert_axis(Axis(1));
        assert_eq!(expr.eval::<Array2<f64>>(args![a = tall, b = &columns]).unwrap(), expected);
        let error = expr.eval::<ArrayD<f64>>(args![a, b = &rows]).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::Shape);
        assert!(error.to_string().contains("what a scan begins with has the shape [12]"), "{error}");
    }
    for expr in each("scan(lambda s, x: s*0.75 + x*0.25, b - 1, a, axis=1)") {
        let expected = average(&a.clone().into_dyn(), 1, &(rows.clone() - 1.0).into_dyn(), false);
        assert_eq!(expr.eval::<ArrayD<f64>>(args![a, b = &rows]).unwrap(), expected);
        let cube = elements((2, 3, 4));
        let start = elements((2, 3));
        let expected = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| {
            (0..=k).fold(start[[i, j]] - 1.0, |s, k| s * 0.75 + cube[[i, j, k]] * 0.25)
        });
        let turned = each("scan(lambda s, x: s*0.75 + x*0.25, b - 1, a, axis=-1)");
        for expr in turned {
            assert_eq!(expr.eval::<Array3<f64>>(args![a = &cube, b = &start]).unwrap(), expected);
        }
    }
    for expr in each("scan(lambda s, x: s*k + x*m, 0.0, a)") {
        let m = elements((12, 1));
        let expected =
            Array2::from_shape_fn((12, 5), |(i, j)| (0..=i).fold(0.0, |s, i| s * columns[j] + a[[i, j]] * m[[i, 0]]));
        assert_eq!(expr.eval::<Array2<f64>>(args![a, k = &columns, m]).unwrap(), expected);
    }
    for expr in each("scan(lambda s, x: s + x, 1.0, a)") {
        let none = Array2::<f64>::zeros((0, 3));
        assert_eq!(expr.eval::<Array2<f64>>(args![a = &none]).unwrap(), none);
        let none = Array2::<f64>::zeros((3, 0));
        assert_eq!(expr.eval::<Array2<f64>>(args![a = &none]).unwrap(), none);
        assert_eq!(expr.eval::<Array1<f64>>(args![a = 5.0]).unwrap(), array![6.0]);
    }
}

/// Several states and inputs, of several types; one state alone; states that others only pass on.
#[test]
fn states() {
    let (a, b) = (elements((50, 30)), elements((50, 30)) - 5.0);
    let text = "f = lambda s, x: (s[1], s[0]*0.5 + x[0] - x[1], s[2] + (x[0] > x[1]))
                scan(f, (0.0, c, 0), (a, b))";
    let c = elements(30);
    let mut expected = (Array2::zeros((50, 30)), Array2::zeros((50, 30)), Array2::<i64>::zeros((50, 30)));
    for j in 0..30 {
        let mut state = (0.0, c[j], 0);
        for i in 0..50 {
            let (x, y) = (a[[i, j]], b[[i, j]]);
            state = (state.1, state.0 * 0.5 + x - y, state.2 + i64::from(x > y));
            (expected.0[[i, j]], expected.1[[i, j]], expected.2[[i, j]]) = state;
        }
    }
    for expr in each(text) {
        let found: (Array2<f64>, Array2<f64>, Array2<i64>) = expr.eval(args![a, b, c]).unwrap();
        assert_eq!(found, expected);
    }
    for expr in each(&format!("{text}[2]")) {
        assert_eq!(expr.eval::<Array2<i64>>(args![a, b, c]).unwrap(), expected.2);
    }
    let z: Array1<Complex64> = elements(300).mapv(|x| Complex64::new(x, 1.0 - x));
    for expr in each("scan(lambda s, z: s*0.5j + z, 1j, z)") {
        let mut state = Complex64::i();
        let expected = z.mapv(|z| {
            state = state * Complex64::new(0.0, 0.5) + z;
            state
        });
        let found: Array1<Complex64> = expr.eval(args![z]).unwrap();
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).norm() <= 1e-12 * b.norm()), "{found} {expected}");
    }
    let words = Array1::from_iter((0..200u8).map(|k| k.wrapping_mul(31)));
    for expr in each("scan(lambda s, x: (s ^ x)*u8(3), u8(7), a, reverse=True)") {
        let mut expected = words.clone();
        let mut state = 7u8;
        for k in (0..200).rev() {
            state = (state ^ words[k]).wrapping_mul(3);
            expected[k] = state;
        }
        assert_eq!(expr.eval::<Array1<u8>>(args![a = &words]).unwrap(), expected);
    }
    // A mask that latches.
    for expr in each("scan(lambda s, x: s | (x > 12), False, a)") {
        let mut expected = a.mapv(|x| x > 12.0);
        for i in 1..50 {
            for j in 0..30 {
                expected[[i, j]] |= expected[[i - 1, j]];
            }
        }
        assert_eq!(expr.eval::<Array2<bool>>(args![a]).unwrap(), expected);
    }
}

/// Scans in larger texts, and of other scans; forwards and backwards in one text: a tridiagonal system.
#[test]
fn among_other_parts() {
    let d = elements((40, 9)) + 1.0;
    let sum = |a: &Array2<f64>| {
        let mut all = a.clone();
        (1..a.nrows()).for_each(|i| (0..a.ncols()).for_each(|j| all[[i, j]] += all[[i - 1, j]]));
        all
    };
    let plus = "scan(lambda s, x: s + x, 0.0, d)";
    for expr in each(&format!("d*{plus} - 1")) {
        assert_eq!(expr.eval::<Array2<f64>>(args![d]).unwrap(), &d * sum(&d) - 1.0);
        let mut out = d.clone();
        expr.update("d", &mut out, args![]).unwrap();
        assert_eq!(out, &d * sum(&d) - 1.0);
    }
    for expr in each(&format!("s = {plus}; max(s, axis=0), s/max(s), {plus} + 1")) {
        let s = sum(&d);
        let (most, share, more): (Array1<f64>, Array2<f64>, Array2<f64>) = expr.eval(args![d]).unwrap();
        assert_eq!(most, s.row(39));
        assert_eq!(share, &s / s.iter().fold(0.0, |a: f64, &b| a.max(b)));
        assert_eq!(more, &s + 1.0);
    }
    for expr in each("f = lambda s, x: s + x; scan(f, max(d, axis=1), scan(f, 0.0, d), axis=1)") {
        let (mut inner, first) = (sum(&d), d.map_axis(Axis(1), |row| row.iter().fold(0.0, |a: f64, &b| a.max(b))));
        (0..40).for_each(|i| (0..9).for_each(|j| inner[[i, j]] += if j == 0 { first[i] } else { inner[[i, j - 1]] }));
        assert_eq!(expr.eval::<Array2<f64>>(args![d]).unwrap(), inner);
    }
    // a[i] x[i-1] + b[i] x[i] + c[i] x[i+1] = d[i], with a[0] = c[n-1] = 0.
    let n = 60;
    let (a, b, c) = (0.3, 2.0, 0.4);
    let x = elements(n);
    let at = |i: isize| if (0..n as isize).contains(&i) { x[i as usize] } else { 0.0 };
    let d = Array1::from_shape_fn(n, |i| a * at(i as isize - 1) + b * at(i as isize) + c * at(i as isize + 1));
    let text = "sweep = lambda s, d: (c/(b - a*s[0]), (d - a*s[1])/(b - a*s[0]))
                cc, dd = scan(sweep, (0.0, 0.0), d)
                scan(lambda x, k: k[1] - k[0]*x, 0.0, (cc, dd), reverse=True)";
    for expr in each(text) {
        let found: Array1<f64> = expr.eval(args![a, b, c, d]).unwrap();
        assert!(found.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-12), "{found} {x}");
    }
}

/// Where few points lie side by side several elements are done at a time, and what is left of them one by one: results of several types, whole
/// numbers, what another part makes of the states, in place.
#[test]
fn few_neighbours() {
    let text = "s, k = scan(lambda s, x: (s[0]*0.5 + x[0], s[1] + x[1]), (b, 0), (a, index(a)), axis=0)
                s + a, k";
    let in_place = each("scan(lambda s, x: s*0.5 + x, 1.0, a, axis=0)*2 + a");
    let both = each(text);
    for wide in [1, 2, 7, 8, 9] {
        for n in [1, 7, 8, 9, 31, 64] {
            let a: Array2<f64> = elements((n, wide));
            let b = a.row(0).to_owned();
            let (mut s, mut k, mut once) = (b.clone(), Array1::<i64>::zeros(wide), Array1::<f64>::ones(wide));
            let (mut all_s, mut all_k, mut all) = (a.clone(), Array2::<i64>::zeros((n, wide)), a.clone());
            for i in 0..n {
                for j in 0..wide {
                    s[j] = s[j] * 0.5 + a[[i, j]];
                    k[j] += (i * wide + j) as i64;
                    once[j] = once[j] * 0.5 + a[[i, j]];
                    (all_s[[i, j]], all_k[[i, j]], all[[i, j]]) = (s[j] + a[[i, j]], k[j], once[j] * 2.0 + a[[i, j]]);
                }
            }
            for expr in &both {
                let found: (Array2<f64>, Array2<i64>) = expr.eval(args![a, b]).unwrap();
                assert_eq!(found, (all_s.clone(), all_k.clone()), "{n} {wide}");
            }
            for expr in &in_place {
                let mut own = a.clone();
                expr.update("a", &mut own, args![]).unwrap();
                assert_eq!(own, all, "{n} {wide}");
                let tiled = expr.eval::<Array2<f64>>(args![a = a.slice(s![..;-1, ..])]).unwrap();
                assert_eq!(tiled.dim(), (n, wide));
            }
        }
    }
}

/// Errors of the data, where they are; and none in what is not reached.
#[test]
fn faults() {
    for expr in each("scan(lambda s, x: s + i64(2)**x, 0, k)") {
        assert_eq!(expr.eval::<Array1<i64>>(args![k = &array![1i64, 2, 3]]).unwrap(), array![2, 6, 14]);
        let error = expr.eval::<Array1<i64>>(args![k = &array![1i64, -2, 3]]).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::Fault);
    }
    let expr = Expr::compile("scan(lambda s, x: s + x, 0.0, a, axis=2)").unwrap();
    assert_eq!(expr.eval::<ArrayD<f64>>(args![a = &array![1.0]]).unwrap_err().kind(), EvalErrorKind::Axis);
}

/// A call that is to end does so in a long run, too.
#[test]
fn ends_in_time() {
    let x = Array1::from_elem(3_000_000, 1.0);
    let expr = Expr::compile("scan(lambda s, x: gamma(sin(s) + x), 0.5, x)").unwrap();
    let begin = std::time::Instant::now();
    let error =
        expr.clone().with_deadline(begin + Duration::from_millis(20)).eval::<Array1<f64>>(args![x]).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Deadline);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}
