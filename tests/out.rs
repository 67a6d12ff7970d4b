//! Results in arrays of another type, of a larger shape, of every order.

use ndarray::{Array1, Array2, Array3, ArrayView2, array, s};
use tilexpr::{AnyArray, Casting, EvalErrorKind, Executor, Expr, Order, args};

#[test]
fn results_as_vectors() {
    let a = array![[1.0, 2.0], [3.0, 4.0]];
    let y: Vec<f64> = Expr::compile("sum(a, axis=0)").unwrap().eval(args![a]).unwrap();
    assert_eq!(y, [4.0, 6.0]);
    let (y, rest): (Vec<bool>, Vec<f64>) = Expr::compile("b > 1, b*2").unwrap().eval(args![b = &[1.0, 2.0]]).unwrap();
    assert_eq!((y, rest), (vec![false, true], vec![2.0, 4.0]));
    let error = Expr::compile("a").unwrap().eval::<Vec<f64>>(args![a]).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Result);
    assert!(error.to_string().starts_with("the result has 2 axes, not 1\nhelp: "), "{error}");
    let error = Expr::compile("a").unwrap().eval::<Vec<i32>>(args![a]).unwrap_err();
    assert_eq!(error.message(), "the result is an array of f64, not of i32");
}

#[test]
fn elements_in_c_order_however_they_lie() {
    let a = array![[1, 2, 3], [4, 5, 6]];
    let turned: AnyArray = Expr::compile("a").unwrap().eval(args![a = a.t()]).unwrap();
    assert_eq!((turned.shape(), turned.strides()), (&[3, 2][..], &[1, 3][..]));
    assert_eq!(turned.view().strides().collect::<Vec<_>>(), [4, 12]);
    assert_eq!(turned.into_vec::<i32>().unwrap(), [1, 4, 2, 5, 3, 6]);
    let mut part = a.clone().into_dyn();
    part.slice_collapse(s![1.., 1..]);
    assert_eq!(AnyArray::from(part).into_vec::<i32>().unwrap(), [5, 6]);
    let mut reversed = a.into_dyn();
    reversed.invert_axis(ndarray::Axis(1));
    assert_eq!(AnyArray::from(reversed).into_vec::<i32>().unwrap(), [3, 2, 1, 6, 5, 4]);
    let mut row = array![1, 2, 3, 4].into_dyn();
    row.slice_collapse(s![1..3]);
    assert_eq!(AnyArray::from(row).into_vec::<i32>().unwrap(), [2, 3]);
}

#[test]
fn casting_allows_what_numpy_allows() {
    let a = array![1.5, -2.5, 1e300];
    for executor in Executor::available() {
        let with = |casting| Expr::builder().executor(executor).casting(casting).compile("a*2").unwrap();
        let mut narrow = Array1::<f32>::zeros(3);
        for casting in [Casting::No, Casting::Equiv, Casting::Safe] {
            let error = with(casting).eval_into(args![a], &mut narrow).unwrap_err();
            assert_eq!(error.kind(), EvalErrorKind::Output);
            assert!(error.to_string().contains("f32(...)"), "{error}");
        }
        with(Casting::SameKind).eval_into(args![a], &mut narrow).unwrap();
        assert_eq!(narrow, array![3.0, -5.0, f32::INFINITY]);
        let mut whole = Array1::<i32>::zeros(3);
        assert!(with(Casting::SameKind).eval_into(args![a], &mut whole).is_err());
        with(Casting::Unsafe).eval_into(args![a], &mut whole).unwrap();
        assert_eq!(whole, array![3, -5, i32::MAX]);
        let (i, mut wide) = (array![1_i32, 2, 3], Array1::<f64>::zeros(3));
        with(Casting::Safe).eval_into(args![a = &i], &mut wide).unwrap();
        assert_eq!(wide, array![2.0, 4.0, 6.0]);
    }
}

#[test]
fn several_results_are_converted_each_to_its_own() {
    let a = array![1_i64, 2, 3];
    let e = Expr::builder().casting(Casting::Unsafe).compile("a, a/2, sum(a)").unwrap();
    let (mut x, mut y, mut z) = (Array1::<i32>::zeros(3), Array1::<f32>::zeros(3), array![0.0]);
    e.eval_into(args![a], &mut (&mut x, &mut y, &mut z)).unwrap();
    assert_eq!((x, y, z), (array![1, 2, 3], array![0.5, 1.0, 1.5], array![6.0]));
}

#[test]
fn a_larger_output_is_filled() {
    let row = array![1.0, 2.0, 3.0];
    for executor in Executor::available() {
        let e = Expr::builder().executor(executor).compile("row + 1").unwrap();
        let mut out = Array3::<f64>::zeros((2, 4, 3));
        e.eval_into(args![row], &mut out).unwrap();
        assert_eq!(out, Array3::from_shape_fn((2, 4, 3), |(_, _, k)| k as f64 + 2.0));
        // Other layouts; what lies between stays.
        let mut base = Array2::from_elem((6, 9), -1.0);
        e.eval_into(args![row], &mut base.slice_mut(s![..;2, ..;-3])).unwrap();
        let expected =
            Array2::from_shape_fn(
                (6, 9),
                |(i, j)| {
                    if i % 2 == 0 && j % 3 == 2 { (8 - j) as f64 / 3.0 + 2.0 } else { -1.0 }
                },
            );
        assert_eq!(base, expected);
        let column = row.view().into_shape_with_order((3, 1)).unwrap();
        let mut table = Array2::<f64>::zeros((3, 5));
        e.eval_into(args![row = column], &mut table).unwrap();
        assert_eq!(table, Array2::from_shape_fn((3, 5), |(i, _)| i as f64 + 2.0));
        let total = Expr::builder().executor(executor).compile("sum(row)").unwrap();
        let mut many = Array1::<f64>::zeros(1000);
        total.eval_into(args![row], &mut many).unwrap();
        assert_eq!(many, Array1::from_elem(1000, 6.0));
    }
}

#[test]
fn what_does_not_fit_is_refused_and_leaves_the_output_alone() {
    let a = Array2::<f64>::ones((2, 3));
    let e = Expr::compile("a").unwrap();
    for shape in [(2, 1), (1, 3), (3, 2), (0, 3)] {
        let mut out = Array2::from_elem(shape, 7.0);
        assert_eq!(e.eval_into(args![a], &mut out).unwrap_err().kind(), EvalErrorKind::Output);
        assert!(out.iter().all(|&x| x == 7.0));
    }
    let mut line = vec![7.0; 6];
    assert!(e.eval_into(args![a], &mut line).is_err());
    // One element has no place in an array of none.
    let mut none: Vec<f64> = vec![];
    assert!(Expr::compile("sum(a)").unwrap().eval_into(args![a], &mut none).is_err());
    // In place, the shape is that of the array.
    let mut b = a.clone();
    assert!(Expr::compile("mean(b)").unwrap().update("b", &mut b, args![]).is_err());
    assert_eq!(b, a);
}

#[test]
fn orders() {
    let c = Array2::<f64>::ones((3, 4));
    let strides = |order, x: ArrayView2<f64>, y: ArrayView2<f64>| {
        let e = Expr::builder().order(order).compile("x + y").unwrap();
        e.eval::<Array2<f64>>(args![x = x, y = y]).unwrap().strides().to_vec()
    };
    let base = Array2::<f64>::ones((4, 3));
    let f_order = base.t();
    assert_eq!(strides(Order::A, c.view(), c.view()), [4, 1]);
    assert_eq!(strides(Order::A, f_order, f_order), [1, 3]);
    assert_eq!(strides(Order::A, f_order, c.view()), [4, 1]);
    assert_eq!(strides(Order::K, f_order, f_order), [1, 3]);
    assert_eq!(strides(Order::F, c.view(), c.view()), [1, 3]);
    assert_eq!(strides(Order::C, f_order, f_order), [4, 1]);
}

/// The order "K" is NumPy's, by the strides that NumPy 2 gives (those of axes of length 1 say nothing: 0 here).
#[test]
fn order_k_is_that_of_numpy() {
    let f = Array3::<f64>::ones((2, 3, 4)).reversed_axes();
    let c = Array3::<f64>::ones((2, 1, 4)).reversed_axes();
    let g = Array3::<f64>::ones((4, 3, 2));
    let t = Array3::<f64>::ones((2, 4, 3)).permuted_axes([1, 2, 0]);
    let r = Array2::<f64>::ones((3, 1));
    for (text, expected) in [
        ("c*2", vec![1, 0, 4]),
        ("f*2", vec![1, 4, 12]),
        ("f + c", vec![1, 4, 12]),
        ("f + g", vec![6, 2, 1]),
        ("c + r", vec![1, 8, 4]),
        ("t*2", vec![3, 1, 12]),
        ("t + r", vec![3, 1, 12]),
        ("t + f", vec![3, 1, 12]),
        ("sum(f, axis=0)", vec![1, 3]),
        ("sum(f, axis=1)", vec![1, 4]),
        ("sum(t, axis=2)", vec![3, 1]),
        ("f*sum(f, axis=0)", vec![1, 4, 12]),
        ("sum(f, axis=1, keepdims=True)*f", vec![1, 4, 12]),
        ("sum(t, axis=0)*2", vec![1, 3]),
        ("sqrt(mean(t, axis=0))*2, f", vec![1, 3]),
        ("f - mean(f)", vec![1, 4, 12]),
    ] {
        let results: Vec<AnyArray> = Expr::compile(text).unwrap().eval(args![f, c, g, t, r]).unwrap();
        let result = results.into_iter().next().unwrap().into_array::<f64, ndarray::IxDyn>().unwrap();
        let strides = result.strides().iter().zip(result.shape());
        assert_eq!(strides.map(|(&s, &n)| if n == 1 { 0 } else { s }).collect::<Vec<_>>(), expected, "{text}");
    }
}
