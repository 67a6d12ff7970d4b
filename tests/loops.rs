//! Loops at each point (`iterate`, `repeat`), functions as values, tuples: what they give, against plain loops in Rust.

#[path = "common/executors.rs"]
mod executors;

use std::time::{Duration, Instant};

use ndarray::{Array1, Array2, array, s};
use num_complex::Complex64;
use tilexpr::{AnyArray, Arg, CancelToken, EvalErrorKind, Expr, Limits, Threads, args};

/// The expression on every executor.
fn each(text: &str) -> Vec<Expr> {
    let compile = |executor| Expr::builder().executor(executor).compile(text).unwrap_or_else(|error| panic!("{error}"));
    executors::all().into_iter().map(compile).collect()
}

/// Steps until `|z|` reaches 2.
fn escape(mut z: Complex64, c: Complex64, max: i64) -> i64 {
    let mut n = 0;
    while n < max && z.re * z.re + z.im * z.im < 4.0 {
        z = z * z + c;
        n += 1;
    }
    n
}

/// A grid of the plane.
fn plane(rows: usize, columns: usize) -> Array2<Complex64> {
    Array2::from_shape_fn((rows, columns), |(y, x)| {
        Complex64::new(x as f64 / columns as f64 * 3.0 - 2.0, y as f64 / rows as f64 * 2.4 - 1.2)
    })
}

#[test]
fn julia_and_mandelbrot() {
    let z0 = plane(37, 53);
    let c = Complex64::new(-0.4, 0.6);
    let text = "step = lambda z, n: (z*z + c, n + 1)
                iterate(step, (z0, 0), lambda z, n: z.real**2 + z.imag**2 < 4, 300)[1]";
    let expected = z0.mapv(|z| escape(z, c, 300));
    for expr in each(text) {
        let n: Array2<i64> = expr.eval(args![z0, c]).unwrap();
        assert_eq!(n, expected);
    }
    let text =
        "step(z, n) = (z*z + c, n + 1); _, n = iterate(step, (0*c, 0), lambda z, n: z.real**2 + z.imag**2 < 4, max); n";
    let expected = z0.mapv(|c| escape(Complex64::default(), c, 100));
    for expr in each(text) {
        let n: Array2<i64> = expr.eval(args![c = &z0, max = 100]).unwrap();
        assert_eq!(n, expected);
    }
}

/// Shapes broadcast, layouts are any, and several threads give what one does.
#[test]
fn shapes_layouts_and_threads() {
    let x = Array2::from_shape_fn((300, 200), |(i, j)| (i * 31 + j * 17) as f64 % 97.0 + 0.5);
    let w = Array1::from_shape_fn(200, |j| 1.0 + j as f64 / 200.0);
    let text = "iterate(lambda v, n: (v/w, n + 1), (x, 0), lambda v, n: v > 1, 400)";
    let expected = |x: &Array2<f64>| {
        let point = |(i, j): (usize, usize)| {
            let (mut v, mut n) = (x[[i, j]], 0);
            while n < 400 && v > 1.0 {
                (v, n) = (v / w[j], n + 1);
            }
            (v, n)
        };
        (Array2::from_shape_fn(x.dim(), |at| point(at).0), Array2::<i64>::from_shape_fn(x.dim(), |at| point(at).1))
    };
    let backwards = x.slice(s![..;-1, ..]);
    for expr in each(text) {
        for threads in [Threads::Serial, Threads::Global] {
            let expr = expr.with_threads(threads);
            assert_eq!(expr.eval::<(Array2<f64>, Array2<i64>)>(args![x, w]).unwrap(), expected(&x));
            assert_eq!(
                expr.eval::<(Array2<f64>, Array2<i64>)>(args![x = backwards, w]).unwrap(),
                expected(&backwards.to_owned())
            );
            let turned = x.t().as_standard_layout().to_owned();
            assert_eq!(expr.eval::<(Array2<f64>, Array2<i64>)>(args![x = turned.t(), w]).unwrap(), expected(&x));
        }
    }
}

/// Loops beside reductions, in reductions, of what reductions leave, and in place.
#[test]
fn among_other_parts() {
    let x = Array2::from_shape_fn((40, 30), |(i, j)| ((i * 7 + j * 13) % 29) as f64);
    let halved = |mut v: f64, least: f64| {
        while v > least {
            v /= 2.0;
        }
        v
    };
    let mean = x.mean().unwrap();
    for expr in each("half = lambda v: v/2; m = mean(x); sum(iterate(half, x, lambda v: v > m, 99), axis=1)") {
        let expected: Vec<f64> = x.rows().into_iter().map(|row| row.iter().map(|&v| halved(v, mean)).sum()).collect();
        let found: Array1<f64> = expr.eval(args![x]).unwrap();
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found} {expected:?}");
    }
    for expr in each("x - iterate(lambda v: v/2, max(x, axis=1, keepdims=True), lambda v: v > 3, 99)") {
        let mut y = x.clone();
        expr.update("x", &mut y, args![]).unwrap();
        let least = |row: ndarray::ArrayView1<f64>| halved(row.iter().fold(0.0, |a: f64, &b| a.max(b)), 3.0);
        let expected = Array2::from_shape_fn(x.dim(), |(i, j)| x[[i, j]] - least(x.row(i)));
        assert_eq!(y, expected);
    }
}

#[test]
fn limits() {
    let x = array![1.0, 2.0];
    let text = "repeat(lambda v: v + 1, x, n)";
    for expr in each(text) {
        assert_eq!(expr.eval::<Array1<f64>>(args![x, n = 100]).unwrap(), array![101.0, 102.0]);
        for n in [1_000_001, i64::MAX] {
            let error = expr.eval::<Array1<f64>>(args![x, n]).unwrap_err();
            assert_eq!(error.kind(), EvalErrorKind::Range);
            assert!(error.to_string().starts_with("a loop is to do more steps than the limit allows"), "{error}");
            assert_eq!(error.help(), Some("the limit is 1000000; if the call is trusted, raise `Limits::iterations`"));
        }
        let error = expr.eval::<Array1<f64>>(args![x, n = u64::MAX]).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::Range);
    }
    let mut limits = Limits::default();
    limits.iterations = 50;
    let expr = Expr::builder().limits(limits).compile(text).unwrap();
    assert_eq!(expr.eval::<Array1<f64>>(args![x, n = 50]).unwrap(), array![51.0, 52.0]);
    assert_eq!(expr.eval::<Array1<f64>>(args![x, n = 51]).unwrap_err().kind(), EvalErrorKind::Range);
    let error = Expr::builder().limits(limits).compile("repeat(lambda v: v + 1, x, 51)").unwrap();
    assert!(
        error.eval::<Array1<f64>>(args![x]).unwrap_err().to_string().contains("51 steps of a loop, the limit is 50")
    );
}

/// A call that is to end does so while points still go on.
#[test]
fn ends_in_time() {
    let x = Array1::from_elem(100_000, 1.0);
    let expr = Expr::compile("iterate(lambda v: sin(v) + 1, x, lambda v: v < 9, 1_000)").unwrap();
    let begin = std::time::Instant::now();
    let error =
        expr.clone().with_deadline(begin + Duration::from_millis(50)).eval::<Array1<f64>>(args![x]).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Deadline);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

/// So does one whose points have many steps to go: loops look themselves, by every executor.
#[test]
fn ends_in_time_within_a_loop() {
    let x = Array1::from_shape_fn(1000, |i| i as f64);
    let mut limits = Limits::default();
    limits.iterations = 1 << 40;
    let texts = [
        "repeat(lambda v: v*0.5 + 1, x, n)",
        "repeat(lambda v: v*0.5 + 1, x, 1_000_000_000)",
        "iterate(lambda v, k: (v*0.5 + 1, k + 1), (x, 0), lambda v, k: v >= 0, n)[1]",
        "iterate(lambda b, v: (v > 3, v*0.5 + 1), (x > 2, x), lambda b, v: v >= 0, n)[0]",
        "sum(repeat(lambda v: v*0.5 + 1, x, n))",
        "repeat(lambda v: v*0.5 + 1, sum(x), n) + x",
    ];
    for executor in executors::all() {
        for text in texts {
            let expr = Expr::builder().executor(executor).limits(limits).compile(text).unwrap();
            let begin = Instant::now();
            let expr = expr.with_timeout(Duration::from_millis(20));
            let error = expr.eval::<AnyArray>(args![x, n = 1_000_000_000]).unwrap_err();
            assert_eq!(error.kind(), EvalErrorKind::Deadline);
            println!("{executor:?} {text}: {:?}", begin.elapsed());
            assert!(begin.elapsed() < Duration::from_secs(10), "{executor:?} {text}: {:?}", begin.elapsed());
        }
    }
    // Cancelled by somebody else; in a call that was prepared, too.
    let token = CancelToken::new();
    let expr = Expr::builder().limits(limits).cancel(token.clone()).compile(texts[1]).unwrap();
    let mut y = Array1::<f64>::zeros(x.len());
    let prepared = expr.prepare(["x"], args![x]).unwrap();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        token.cancel();
    });
    let error = prepared.call([Arg::new(&x)], &mut y).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::Cancelled);
    canceller.join().unwrap();
}

/// The number of steps as an array: without axes one for all points, else one at each.
#[test]
fn numbers_of_steps() {
    let x = array![1.0, 2.0, 3.0];
    for expr in each("repeat(lambda v: v + 1, x, n)") {
        let of = |n: tilexpr::Arg| expr.eval::<Array1<f64>>(args![x, n = n]);
        let (wide, narrow, own) = (ndarray::arr0(3i64), ndarray::arr0(3u8), array![0i32, -5, 40_000]);
        assert_eq!(of(Arg::new(&wide)).unwrap(), array![4.0, 5.0, 6.0]);
        assert_eq!(of(Arg::new(&narrow)).unwrap(), array![4.0, 5.0, 6.0]);
        assert_eq!(of(Arg::new(&own)).unwrap(), array![1.0, 2.0, 40_003.0]);
        for n in [array![1i64, 2, 1_000_001], array![0i64, i64::MAX, 0]] {
            assert_eq!(of(Arg::new(&n)).unwrap_err().kind(), EvalErrorKind::Range);
        }
        assert_eq!(of(Arg::new(&array![1, u64::MAX, 2])).unwrap_err().kind(), EvalErrorKind::Range);
    }
    for expr in each("iterate(lambda v: v + 1, x, lambda v: v < 4, n)") {
        let found: Array1<f64> = expr.eval(args![x, n = &array![5u64, 1, 9]]).unwrap();
        assert_eq!(found, array![4.0, 3.0, 4.0]);
    }
}

/// Loops of many steps have the bits of short ones put together.
#[test]
fn many_steps() {
    let x = Array1::from_shape_fn(37, |i| i as f64);
    let n = 40_000;
    for expr in each("repeat(lambda v, k: (v*0.999 + x, k + i64(v)), (x, 0), n)") {
        let (v, k): (Array1<f64>, Array1<i64>) = expr.eval(args![x, n]).unwrap();
        for (i, &x) in x.iter().enumerate() {
            let step = |(v, k): (f64, i64)| (v * 0.999 + x, k + v as i64);
            assert_eq!((v[i], k[i]), (0..n).fold((x, 0), |state, _| step(state)), "{i}");
        }
    }
}

/// Names of parameters are no arguments; those of functions that are passed neither.
#[test]
fn names() {
    let text = "step = lambda z, n: (z*z + c, n + k); iterate(step, (z0, 0), lambda u, n: abs(u) < r, 300)[1]";
    assert_eq!(tilexpr::identifiers(text).unwrap(), ["c", "k", "z0", "r"]);
    assert_eq!(Expr::compile(text).unwrap().names(), ["c", "k", "z0", "r"]);
    let text = "f(x) = x/2; repeat(f, y, 3) + scan(lambda s, x: s + x, 0.0, y)";
    assert_eq!(tilexpr::identifiers(text).unwrap(), ["y"]);
    // A variable may have the name of a function of the text, and of one of these.
    let text = "f(x) = x/2; repeat(f, f, 3) + repeat";
    assert_eq!(tilexpr::identifiers(text).unwrap(), ["f", "repeat"]);
    assert_eq!(Expr::compile(text).unwrap().eval::<f64>(args![f = 8.0, repeat = 1.0]).unwrap(), 2.0);
}

/// Registered functions run in loops, for the points that go on.
#[test]
fn registered_functions() {
    let x = array![0.1, 5.0, 0.4, 30.0];
    for executor in executors::all() {
        let builder = Expr::builder().executor(executor).function("twice", twice as fn(f64) -> f64);
        let expr = builder.compile("iterate(lambda v: twice(v), x, lambda v: v < 10, 9)").unwrap();
        assert_eq!(expr.eval::<Array1<f64>>(args![x]).unwrap(), array![12.8, 10.0, 12.8, 30.0]);
    }
}

fn twice(x: f64) -> f64 {
    2.0 * x
}

/// Loops among slices and indices.
#[test]
fn with_indices() {
    let x = Array2::from_shape_fn((7, 9), |(i, j)| (i * 9 + j) as f64);
    let steps = |mut v: f64, by: f64| {
        let mut n = 0;
        while v > 1.0 && n < 50 {
            (v, n) = (v / by, n + 1);
        }
        n
    };
    let w = array![2.0, 3.0, 1.5, 4.0, 2.5, 2.0, 3.0, 7.0, 5.0];
    for expr in each("D[j, i] = iterate(lambda v, n: (v/w[j], n + 1), (x[i, j], 0), lambda v, n: v > 1, 50)[1]") {
        let expected = Array2::from_shape_fn((9, 7), |(j, i)| steps(x[[i, j]], w[j]));
        assert_eq!(expr.eval::<Array2<i64>>(args![x, w]).unwrap(), expected);
    }
    for expr in each("v, n = iterate(lambda v, n: (v/w, n + 1), (x, 0), lambda v, n: v > 1, m); n[1:, ::2]") {
        let expected = Array2::from_shape_fn((6, 5), |(i, j)| steps(x[[i + 1, 2 * j]], w[2 * j]));
        assert_eq!(expr.eval::<Array2<i64>>(args![x, w, m = 50]).unwrap(), expected);
    }
    // Each point counts with its neighbour: steps from the index on, and a sum over loops.
    for expr in each("s[i] = sum[j](repeat(lambda a: a + x[i, j] + j, f64(i), m))") {
        let row = |i: usize| (0..9).map(|j| i as f64 + 20.0 * (x[[i, j]] + j as f64)).sum::<f64>();
        let expected = Array1::from_shape_fn(7, row);
        assert_eq!(expr.eval::<Array1<f64>>(args![x, m = 20]).unwrap(), expected);
    }
    // Tuples in index notation are pieces of their own; their axes are the indices as they first appear: `j`, `i`.
    for expr in each(
        "v, n = iterate(lambda v, n: (v/w[j], n + 1), (x[i, j], 0), lambda v, n: v > 1, 50); D[i] = max[j](n[j, i])",
    ) {
        let expected = Array1::from_shape_fn(7, |i| (0..9).map(|j| steps(x[[i, j]], w[j])).max().unwrap());
        assert_eq!(expr.eval::<Array1<i64>>(args![x, w]).unwrap(), expected);
    }
}

/// Scans of slices, slices of scans, and scans that are read by indices.
#[test]
fn scans_with_indices() {
    let u = Array2::from_shape_fn((6, 5), |(i, j)| (i * 5 + j) as f64);
    let sums = |u: ndarray::ArrayView2<f64>| {
        let mut sums = u.to_owned();
        for i in 1..u.nrows() {
            let before = sums.row(i - 1).to_owned();
            sums.row_mut(i).zip_mut_with(&before, |sum, before| *sum += before);
        }
        sums
    };
    for (text, expected) in [
        ("scan(lambda s, x: s + x, 0.0, u[1:])", sums(u.slice(s![1.., ..]))),
        ("scan(lambda s, x: s + x, 0.0, u)[2:, ::2]", sums(u.view()).slice(s![2.., ..;2]).to_owned()),
        ("scan(lambda s, x: s + x, 0.0, u, reverse=True)[::-1]", sums(u.slice(s![..;-1, ..]))),
        ("scan(lambda s, x: s + x, 0.0, u.T, axis=1).T", sums(u.view())),
        (
            "t = scan(lambda s, x: (s[0] + x, s[1] + 1), (0.0, 0), u); t[0][1:]",
            sums(u.view()).slice(s![1.., ..]).to_owned(),
        ),
        ("t = scan(lambda s, x: s + x, 0.0, u); D[j, i] = t[i, j] - u[i, j]", (&sums(u.view()) - &u).t().to_owned()),
        (
            "p, q = scan(lambda s, x: (s[0] + x, s[1] + 1), (0.0, 0), u); D[i, j] = p[i, j]*(q[i, j] == i + 1)",
            sums(u.view()),
        ),
    ] {
        for expr in each(text) {
            assert_eq!(expr.eval::<Array2<f64>>(args![u]).unwrap_or_else(|e| panic!("{e}")), expected, "{text}");
        }
    }
}

/// The same of one axis, and what is refused.
#[test]
fn one_axis_with_indices() {
    let a = array![1.0, 2.0, 3.0];
    for (text, expected) in [
        ("D[i] = scan(lambda s, x: s + x, 0.0, a)[i]", array![1.0, 3.0, 6.0]),
        ("D[i] = scan(lambda s, x: (s[0] + x, s[1]), (0.0, 0), a)[0][i]", array![1.0, 3.0, 6.0]),
        ("D[i] = sum[j](scan(lambda s, x: s + x, 0.0, a)[j]*a[i])", array![10.0, 20.0, 30.0]),
        ("D[i] = iterate(lambda v: v/2, a, lambda v: v > 1, 9)[i]", array![1.0, 1.0, 0.75]),
        ("D[i] = repeat(lambda v: v + sum[j](a[j]*i), a[i], 9)", array![1.0, 56.0, 111.0]),
        ("x, y = a[i], 2*a[i]; D[k] = x[k] + y[k]", array![3.0, 6.0, 9.0]),
        ("f = lambda x: (x[1:], x[:-1]); x, y = f(a); x - y", array![1.0, 1.0]),
    ] {
        for expr in each(text) {
            assert_eq!(expr.eval::<Array1<f64>>(args![a]).unwrap_or_else(|e| panic!("{e}")), expected, "{text}");
        }
    }
    for (text, message) in [
        ("D[i] = scan(lambda s, x: s + x, 0.0, a[i])", "`scan` runs over no axes in index notation"),
        ("D[i] = scan(lambda s, x: s + x, 0.0, a)", "`scan` runs over no axes in index notation"),
        (
            "D[i] = repeat(lambda v: v + sum[j](a[j]*v), a[i], 9)",
            "a reduction within `repeat` cannot depend on its states: each point goes on by itself",
        ),
    ] {
        let refused = Expr::compile(text).map_err(|error| error.to_string());
        let refused = refused.and_then(|expr| expr.eval::<Array1<f64>>(args![a]).map_err(|error| error.to_string()));
        assert!(refused.as_ref().is_err_and(|error| error.starts_with(message)), "{text}: {refused:?}");
    }
}

/// A state is one number: it has no parts, and no reduction within the loop runs over it.
#[test]
fn states_have_no_parts() {
    let (a, b) = (array![1.0, 2.0, 0.5], array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    for text in [
        "scan(lambda s, x: s[::2] + x, 0.0, b, axis=1)",
        "s = scan(lambda s, x: s.T + x, 0.0, b, axis=1); D[i] = s[i, 0]",
        "scan(lambda s, x: roll(s, 1) + x, 0.0, b)[1:]",
        "scan(lambda s, x: s + x[0], 0.0, b)",
        "iterate(lambda x: diff(x), a, lambda x: x < 1, 9)",
        "D[i] = iterate(lambda x: sum[k](a[k]*x), a[i], lambda x: x < 1, 9)",
        "D[i] = repeat(lambda x: x + sum(x), a[i], 9)",
        "repeat(lambda x: x + sum(x[1:]), a, 9)",
        "repeat(lambda x: x + max[k](x), a, 9)[1:]",
        "D[i] = iterate(lambda x: x[i], a[i], lambda x: x < 1, 9)",
        "D[i] = iterate(lambda x, n: (x, n + 1), (a[i], 0), lambda x, n: a[n + 0] < 1, 9)[0]",
    ] {
        let args = args![a, b];
        let error = match Expr::compile(text) {
            Ok(expr) => expr.eval::<ndarray::ArrayD<f64>>(args).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(!error.is_empty() && error.contains('^'), "{text}\n{error}");
    }
}

/// Texts that are made to cost much: they are refused, or cost little.
#[test]
fn hostile_texts() {
    let a = Array1::from_elem(2, 1.5);
    // A tuple of many values that has many names.
    let mut text = format!("t = ({})\nu0 = t\n", vec!["a"; 2000].join(", "));
    for at in 1..5_000 {
        text += &format!("u{at} = u{}\n", at - 1);
    }
    assert_eq!(Expr::compile(&(text + "u4999[7]")).unwrap().eval::<Array1<f64>>(args![a]).unwrap(), a);
    // Functions within each other: a name may be a parameter of any of them.
    let nested = |deep: usize| {
        let open: String = (0..deep).map(|at| format!("repeat(lambda x{at}: ")).collect();
        format!("{open}{}{}", vec!["a"; deep].join(" + "), ", a, 1)".repeat(deep))
    };
    assert_eq!(Expr::compile(&nested(20)).unwrap().eval::<Array1<f64>>(args![a]).unwrap(), a.clone() * 20.0);
    for deep in [513, 20_000] {
        let error = Expr::compile(&nested(deep)).unwrap_err();
        assert_eq!(error.kind(), tilexpr::CompileErrorKind::Limit, "{error}");
    }
    // Many functions beside each other.
    let beside = vec!["repeat(lambda x: x + 1, a, 1)"; 3_000].join(" + ");
    let y = Expr::compile(&beside).unwrap().eval::<Array1<f64>>(args![a]).unwrap();
    assert_eq!(y, a.clone() * 3_000.0 + 3_000.0);
}
