//! Texts with indices that are made to cost much: they are refused, or cost little.

use std::fmt::Write;

use ndarray::{Array1, ArrayD, IxDyn, ShapeBuilder};
use tilexpr::{AnyArray, CompileErrorKind, EvalErrorKind, Expr, Limits, args};

fn small() -> Limits {
    let mut limits = Limits::default();
    limits.nodes = 50_000;
    limits
}

fn compile(text: &str) -> Result<Expr, CompileErrorKind> {
    Expr::builder().limits(small()).compile(text).map_err(|error| error.kind())
}

#[test]
fn deep_cuts() {
    let a = Array1::from_iter((0..9).map(f64::from));
    let n = 4000;
    let text = format!("{}a{}", "(".repeat(n), " + 1)[:]".repeat(n));
    let y: Array1<f64> = compile(&text).unwrap().eval(args![a]).unwrap();
    assert_eq!(y, a.clone() + n as f64);
    let y: Array1<f64> = compile(&format!("a{}", "[:]".repeat(n))).unwrap().eval(args![a]).unwrap();
    assert_eq!(y, a);
    // Each `a` is cut as often as there are brackets around it: that is the square.
    let text = format!("{}a{}", "(".repeat(n), " + a)[:]".repeat(n));
    assert_eq!(compile(&text).unwrap_err(), CompileErrorKind::Limit);
}

#[test]
fn what_doubles() {
    let mut text = "t0 = a".to_string();
    for at in 0..60 {
        write!(text, "; t{} = t{at}[1:] + t{at}[:-1]", at + 1).unwrap();
    }
    assert_eq!(compile(&(text + "; t60")).unwrap_err(), CompileErrorKind::Limit);
    let mut text = "n0 = n".to_string();
    for at in 0..60 {
        write!(text, "; n{} = n{at} + n{at}", at + 1).unwrap();
    }
    assert_eq!(compile(&(text + "; a[n60:]")).unwrap_err(), CompileErrorKind::Type);
}

#[test]
fn many_indices() {
    let names = |n: usize| (0..n).map(|at| format!("i{at}")).collect::<Vec<_>>().join(", ");
    assert!(compile(&format!("D[{0}] = a[{0}]", names(65))).is_err());
    assert!(compile(&format!("sum[{0}](a[{0}])", names(20_000))).is_err());
    let nested = (0..80).fold("a[0]".to_string(), |inner, at| format!("sum[k{at}]({inner} + a[k{at}])"));
    assert!(compile(&format!("D[i] = {nested} + a[i]")).is_err());
    let beside: Vec<String> = (0..2000).map(|at| format!("sum[k{at}](a[k{at}])")).collect();
    assert!(compile(&beside.join(" + ")).is_err());
    let statements: String = (0..5000).fold(String::new(), |all, at| all + &format!("t{at}[i] = a[i]; "));
    let used: Vec<String> = (0..5000).map(|at| format!("t{at}")).collect();
    assert!(compile(&(statements + &used.join(" + "))).is_err());
}

#[test]
fn far_beyond_the_ends() {
    let a = Array1::from_iter((0..5).map(|x| x as i64));
    let y: Array1<i64> = compile("v[i:4] = a[wrap(1007*i - 3)]").unwrap().eval(args![a]).unwrap();
    assert_eq!(y.to_vec(), [2, 4, 1, 3]);
    let y: Array1<i64> = compile("v[i] = a[mirror(i + n)]").unwrap().eval(args![a, n = 1_000_000_000_000_i64]).unwrap();
    assert_eq!(y.to_vec(), [0, 1, 2, 3, 4]);
    for text in ["v[i:4] = a[reflect(2**61*i)]", "v[i:4] = a[zero(2**61*i - 1)]", "v[i:4] = a[clamp(2**61*i - 1)]"] {
        match compile(text).unwrap().eval::<AnyArray>(args![a]) {
            Ok(y) => assert_eq!(y.shape(), [4]),
            Err(error) => assert_eq!(error.kind(), EvalErrorKind::Limit, "{text}\n{error}"),
        }
    }
    for text in
        ["a[2**100]", "a[2**200:]", "v[i] = a[2**62*i*4]", "v[i:2**62] = a[wrap(i)]", "sum[i:2**62, j:2**62](a[0]*i*j)"]
    {
        assert!(compile(text).unwrap().eval::<AnyArray>(args![a]).is_err(), "{text}");
    }
}

#[test]
fn borders_of_many_axes() {
    let u = ArrayD::from_shape_fn(IxDyn(&[3; 8]), |at| at[0] as i64 + 10 * at[7] as i64);
    let names: Vec<String> = (0..8).map(|at| format!("i{at}")).collect();
    let read: Vec<String> = names.iter().map(|name| format!("wrap({name} - 1)")).collect();
    let y: ArrayD<i64> =
        compile(&format!("v[{}] = u[{}]", names.join(", "), read.join(", "))).unwrap().eval(args![u]).unwrap();
    assert!(y.indexed_iter().all(|(at, &y)| y == (at[0] as i64 + 2) % 3 + 10 * ((at[7] as i64 + 2) % 3)));
}

#[test]
fn formulas_that_many_coordinates_have() {
    // A formula that is assigned is read wherever its name stands: a few letters of text for each of its steps.
    let factors = vec!["n"; 80].join("*");
    let read = |coordinates: usize| format!("m = {factors}; a[{}]", vec!["m + 0"; coordinates].join(", "));
    assert!(compile(&read(64)).is_ok());
    assert_eq!(compile(&read(1000)).unwrap_err(), CompileErrorKind::Type);
    let reads: Vec<String> = (0..100).map(|at| format!("a[{}, m + {at}]", vec!["m + 0"; 63].join(", "))).collect();
    assert_eq!(compile(&format!("m = {factors}; {}", reads.join(" + "))).unwrap_err(), CompileErrorKind::Limit);
    // What an index is multiplied by is multiplied for each of them.
    let names: Vec<String> = (0..40).map(|at| format!("i{at}")).collect();
    let text = format!("m = {factors}; sum[{}](a[m*({})])", names.join(", "), names.join(" + "));
    assert_eq!(compile(&text).unwrap_err(), CompileErrorKind::Type);
}

/// An array of so many elements that are all the same one, which no memory could hold.
fn endless(one: &Array1<f64>, shape: &[usize]) -> ndarray::ArrayViewD<'static, f64> {
    // SAFETY: the element is there until the test ends; along each axis nothing but it is read.
    unsafe {
        let layout = ndarray::ShapeBuilder::strides(IxDyn(shape), IxDyn(&vec![0; shape.len()]));
        ndarray::ArrayViewD::from_shape_ptr(layout, one.as_ptr())
    }
}

#[test]
fn arrays_without_end() {
    let one = Array1::from_elem(1, 2.5);
    let most = isize::MAX as usize / 8;
    let a = endless(&one, &[most]);
    for (text, value) in [
        ("a[-1]", 2.5),
        ("sum(a[3:13])", 25.0),
        ("sum(a[::2**58])", 10.0),
        ("sum[k:10](a[k])", 25.0),
        ("sum[k:10](a[wrap(k - 5)]*a[mirror(n - k)])", 62.5),
        ("a[n + 0] - a[n - 1]", 0.0),
        ("sum(a[-5:][::-1])", 12.5),
    ] {
        let y: f64 =
            compile(text).unwrap().eval(args![a, n = 1_i64 << 50]).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(y, value, "{text}");
    }
    for text in [
        "v[i] = a[i]",
        "v[i] = a[i + 1]*i",
        "v[i] = a[wrap(i - 1)]",
        "roll(a, 1)",
        "sum[k](a[k])",
        "a[1:]*2",
        "diff(a)",
    ] {
        let error = compile(text).unwrap().eval::<AnyArray>(args![a]).unwrap_err();
        let kinds = [EvalErrorKind::Limit, EvalErrorKind::TooLarge, EvalErrorKind::Memory];
        assert!(kinds.contains(&error.kind()), "{text}\n{error}");
    }
    let b = endless(&one, &[1 << 30, 1 << 30]);
    let y: f64 = compile("sum[k:5](b[k, n - k] + b[n - k, k])").unwrap().eval(args![b, n = 1000]).unwrap();
    assert_eq!(y, 25.0);
    assert!(compile("sum[i, j](b[i, j])").unwrap().eval::<f64>(args![b]).is_err());
}

#[test]
fn arrays_of_nothing() {
    let (a, b) = (Array1::<f64>::zeros(0), ndarray::Array2::<f64>::zeros((3, 0)));
    let empty = |text: &str, shape: &[usize]| {
        let y: ArrayD<f64> =
            compile(text).unwrap().eval(args![a, b, n = 3]).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(y.shape(), shape, "{text}");
        assert!(y.iter().all(|&y| y == 0.0), "{text}: {y}");
    };
    for text in [
        "a[1:]",
        "a[::-1]",
        "a[i]",
        "v[i] = a[i + 1]",
        "v[i] = a[zero(i - 1)]",
        "v[i] = a[3 - i]",
        "roll(a, 5)",
        "diff(a)",
    ] {
        empty(text, &[0]);
    }
    empty("b.T[:, ::2]", &[0, 2]);
    empty("v[j, i] = b[i, j]*b[2 - i, zero(j - 1)]", &[0, 3]);
    empty("roll(b, 7)", &[3, 0]);
    empty("v[i] = sum[j](b[i, j])", &[3]);
    empty("v[i:4] = a[zero(i)]", &[4]);
    empty("v[i:4] = a[fill(i - 1, 0.0)] + a[zero(n*i)]", &[4]);
    empty("v[i:4, j:2] = b[zero(i), zero(j + n)]", &[4, 2]);
    for text in [
        "v[i:4] = a[wrap(i)]",
        "v[i:4] = a[clamp(i)]",
        "a[0]",
        "v[i:4] = a[i]",
        "min[i](a[i])",
        "v[i:4] = a[mirror(i)]",
    ] {
        assert!(compile(text).unwrap().eval::<AnyArray>(args![a, b]).is_err(), "{text}");
    }
}

#[test]
fn as_many_axes_as_there_may_be() {
    let u = ArrayD::from_shape_fn(IxDyn(&[1; 64]), |_| 7.0);
    let mut wide = vec![1; 64];
    wide[63] = 3;
    let w = ArrayD::from_shape_fn(IxDyn(&wide), |at| at[63] as f64);
    let names: Vec<String> = (0..64).map(|at| format!("i{at}")).collect();
    let all = names.join(", ");
    let modes = |mode: &str| names.iter().map(|name| format!("{mode}({name} - 1)")).collect::<Vec<_>>().join(", ");
    for mode in ["wrap", "clamp", "reflect", "mirror"] {
        let y: ArrayD<f64> =
            compile(&format!("v[{all}] = u[{}] + w[{all}]", modes(mode))).unwrap().eval(args![u, w]).unwrap();
        assert_eq!(y.shape(), wide);
        assert!(y.iter().zip(&w).all(|(y, w)| *y == w + 7.0));
    }
    let y: ArrayD<f64> =
        compile(&format!("v[{all}] = u[{}] + w[{all}]", modes("zero"))).unwrap().eval(args![u, w]).unwrap();
    assert_eq!(y, w);
    let y: f64 = compile(&format!("sum[{all}](w[{all}])")).unwrap().eval(args![w]).unwrap();
    assert_eq!(y, 3.0);
    let y: ArrayD<f64> = compile("w.T[::-1]").unwrap().eval(args![w]).unwrap();
    assert_eq!(y.shape()[0], 3);
    for text in ["w[None]", "roll(w[None], 1)", "diff(w[None])*2", "w[..., None].T"] {
        assert!(compile(text).unwrap().eval::<AnyArray>(args![w]).is_err(), "{text}");
    }
    let y: ArrayD<f64> = compile("(w[None])[0]").unwrap().eval(args![w]).unwrap();
    assert_eq!(y, w);
}

#[test]
fn messages_are_short() {
    let long = "b".repeat(5000);
    let a = Array1::from_iter((0..5).map(|x| x as f64));
    let e = Array1::from_iter((0..7).map(|x| x as f64));
    for text in [
        format!("v[i] = {long}*a[i]"),
        format!("v[i] = a[i]*{long}[i + {}0]", "0 + ".repeat(100)),
        format!("v[{long}] = a[{long}]*e[{long}]"),
        format!("a[{long} + 0]"),
        format!("v[{long}, j] = a[{long} + j]"),
    ] {
        let args = args![a, e].with(&long, &e);
        let shown = match Expr::compile(&text) {
            Ok(expr) => expr.eval::<AnyArray>(&args).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(shown.len() < 1500, "{shown}");
    }
}

#[test]
fn memory_is_counted_over_all_parts() {
    let a = Array1::from_iter((0..10_000).map(f64::from));
    let (bytes, room) = (8 * a.len(), 1000);
    for (text, arrays) in [
        ("roll(a, 1)", 2),
        ("t[i] = a[i]*2; u[i] = t[i] + 1; u[1:] + t[1:]", 3),
        ("sum[k](a[k]*a[wrap(k + 1)])", 1),
        ("v[i] = a[wrap(i - 1)]", 1),
        ("sum(roll(a, 3) + roll(a, 4))", 2),
    ] {
        let most = |bytes: usize| Expr::builder().memory_limit(bytes).compile(text).unwrap();
        assert!(most(arrays * bytes + room).eval::<AnyArray>(args![a]).is_ok(), "{text}");
        let error = most(arrays * bytes - room).eval::<AnyArray>(args![a]).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::MemoryLimit, "{text}\n{error}");
    }
}

#[test]
fn outputs_that_fit_otherwise() {
    let a = Array1::from_iter((0..6).map(f64::from));
    let ring: Array1<f64> = compile("v[i] = a[wrap(i - 1)]").unwrap().eval(args![a]).unwrap();
    // Of a larger shape, as with any other text.
    let mut wide = ndarray::Array2::<f64>::zeros((3, 6));
    compile("v[i] = a[wrap(i - 1)]").unwrap().eval_into(args![a], &mut wide).unwrap();
    assert!(wide.rows().into_iter().all(|row| row == ring));
    let mut single = Array1::<f32>::zeros(6);
    let error = compile("v[i] = a[wrap(i - 1)]").unwrap().eval_into(args![a], &mut single).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Output);
    let mut short = ndarray::Array2::<f64>::zeros((3, 5));
    let error = compile("v[i] = a[wrap(i - 1)]").unwrap().eval_into(args![a], &mut short).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Output);
    // What is wrong with one result leaves the others as they were.
    for (text, right) in
        [("d[i] = a[i]*2; c[i:9] = a[i + n]; d, c", false), ("d[i] = a[i]*2; c[i] = a[i + n]; d, c", true)]
    {
        let (mut d, mut c) = (Array1::from_elem(6, -1.0), Array1::from_elem(if right { 2 } else { 9 }, -1.0));
        let error = compile(text).unwrap().eval_into(args![a, n = 2], &mut (&mut d, &mut c)).unwrap_err();
        assert!([EvalErrorKind::Shape, EvalErrorKind::Output].contains(&error.kind()), "{text}\n{error}");
        assert!(d.iter().all(|&x| x == -1.0), "{text}");
    }
}

#[test]
fn explanations_copy_nothing() {
    let a = Array1::from_iter((0..50).map(f64::from));
    for text in [
        "t[i] = a[i]*2; sum[k](t[k]*t[wrap(k + 1)])",
        "t[i] = a[i]*2; v[j:9] = sum[k:60](t[mirror(k + j)])",
        "t[i] = a[i]*2; v[j:9] = sum[k:60](t[zero(k + j)])",
        "roll(a*2, 3)[1:]",
        "t = cumsum(a); roll(t, 3)[1:]",
    ] {
        let expr = compile(text).unwrap();
        assert!(!expr.explain(args![a]).unwrap().to_string().is_empty(), "{text}");
        let layouts = expr.layouts(args![a]).unwrap();
        assert_eq!(layouts[0].shape, expr.eval::<AnyArray>(args![a]).unwrap().shape(), "{text}");
    }
    let f = ndarray::Array2::<f64>::zeros((4, 5).f());
    for text in ["f[1:]", "v[i, j] = f[i, wrap(j - 1)]"] {
        let expr = compile(text).unwrap();
        let y: ndarray::Array2<f64> = expr.eval(args![f]).unwrap();
        assert_eq!(expr.layouts(args![f]).unwrap()[0].strides, y.strides(), "{text}");
    }
}

/// An error of the data is one wherever it is met: how a piece is cut decides nothing.
#[test]
fn errors_of_what_is_outside() {
    let a = Array1::from_iter(0..6_i64);
    let kind = |text: &str, b: [i64; 6]| {
        let b = Array1::from_iter(b);
        compile(text).unwrap().eval::<AnyArray>(args![a, b]).map_err(|error| error.kind()).err()
    };
    let texts = [
        "v[i] = a[fill(i - 1, 2**b[i])]",
        "v[i] = a[fill(i + 1, 2**b[i])] + a[i]",
        "v[i:1] = sum[k:6](a[fill(k - 1, 2**b[k])]*a[i])",
        "v[i] = where(i == 0, 2**b[i], a[i])",
    ];
    for b in [[0, -1, 0, 0, 0, 0], [-1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, -1], [1, 2, 3, 4, 5, 6]] {
        let kinds = texts.map(|text| kind(text, b));
        assert!(kinds.iter().all(|kind| *kind == kinds[0]), "{b:?} {kinds:?}");
    }
    // Indices are whole numbers of 64 bits.
    let y: ArrayD<i64> = compile("v[i, j] = a[i - j]*a[j - 2**62]*0 + i").unwrap().eval(args![a]).unwrap();
    assert_eq!((y.shape(), y[[0, 5]]), (&[1, 6][..], (1 << 62) + 5));
    let error =
        compile("v[i, j, k] = a[i - j - k]*a[j - 2**62]*a[k - 2**62]").unwrap().eval::<AnyArray>(args![a]).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Limit);
}
