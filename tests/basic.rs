use ndarray::{Array1, Array2, array};
use tilexpr::{Expr, args};

#[test]
fn first_light() {
    let (a, b, c) = (array![1.0, 2.0, 3.0], array![3.0, 4.0, 5.0], array![0.5, 0.5, 0.5]);
    let e = Expr::compile("a*b + c").unwrap();
    let y: Array1<f64> = e.eval(args![a, b, c]).unwrap();
    assert_eq!(y, array![3.5, 8.5, 15.5]);
    let s: f64 = Expr::compile("sum(a)").unwrap().eval(args![a]).unwrap();
    assert_eq!(s, 6.0);
    let m = Array2::from_shape_fn((40, 1000), |(i, j)| (i * 7 + j) as f64);
    let y: Array1<f64> = Expr::compile("sum(m, axis=0)").unwrap().eval(args![m]).unwrap();
    assert_eq!(y, m.sum_axis(ndarray::Axis(0)));
    let y: Array1<f64> = Expr::compile("sum(m, axis=1)").unwrap().eval(args![m]).unwrap();
    assert_eq!(y, m.sum_axis(ndarray::Axis(1)));
    let y: f64 = Expr::compile("sum(m)").unwrap().eval(args![m]).unwrap();
    assert_eq!(y, m.sum());
    let y: f64 = Expr::compile("sum(m)").unwrap().eval(args![m = m.t()]).unwrap();
    assert_eq!(y, m.sum());
    let y: Array1<f64> =
        Expr::compile("sqrt(sum((m - 2)**2, axis=1)) + mean(m, axis=1)").unwrap().eval(args![m]).unwrap();
    println!("{y}");
    let n = Array2::from_shape_fn((300, 300), |(i, j)| (i * 7 + j) as f64);
    let y: Array2<f64> = Expr::compile("a + b").unwrap().eval(args![a = &n, b = n.t()]).unwrap();
    assert_eq!(y, &n + &n.t());
}

#[test]
fn several_in_place() {
    for ex in [tilexpr::Executor::Interpreter, tilexpr::Executor::Cranelift] {
        let mut u = Array1::from_shape_fn(1000, |i| i as f64);
        let mut v = Array1::from_shape_fn(1000, |i| 3.0 * i as f64);
        let e = Expr::builder().executor(ex).compile("u + v, u - v").unwrap();
        e.update(["u", "v"], &mut (&mut u, &mut v), args![]).unwrap();
        for i in 0..1000 {
            assert_eq!((u[i], v[i]), (4.0 * i as f64, -2.0 * i as f64));
        }
    }
}
