//! Functions of the user's: those defined in the text, and Rust functions that are registered.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array1, Array2, array};
use tilexpr::{AnyArray, Args, Builder, CompileErrorKind, EvalErrorKind, Executor, Expr, Threads, args};

/// Every executor, on one thread and on several, in whole tiles and in small ones.
fn each(mut check: impl FnMut(Builder)) {
    for executor in Executor::available() {
        check(Expr::builder().executor(executor).threads(Threads::Serial));
        check(Expr::builder().executor(executor).tile(7).grain(1).serial_below(0));
    }
}

#[test]
fn defined_in_the_text() {
    let a = Array1::linspace(-2.0, 2.0, 37);
    let i = Array1::from_iter(-18..19_i32);
    let text = "sq(x) = x*x\nnorm(x, y) = sqrt(sq(x) + sq(y))\nnorm(a, 1), sq(i), sq(sum(i))";
    each(|builder| {
        let e = builder.compile(text).unwrap();
        assert_eq!(e.names(), ["a", "i"]);
        let (x, y, z): (Array1<f64>, Array1<i32>, i64) = e.eval(args![a, i]).unwrap();
        assert_eq!(x, a.mapv(|x: f64| (x * x + 1.0).sqrt()));
        assert_eq!(y, i.mapv(|x| x * x));
        assert_eq!(z, 0);
    });
}

fn half(x: f64) -> f64 {
    x / 2.0 + 1.0
}

fn pick(x: f32, n: i64, y: f64) -> f64 {
    if n % 2 == 0 { f64::from(x) } else { y }
}

fn narrow(x: f64) -> i32 {
    x as i32
}

fn widen(n: i32, m: i32) -> i64 {
    i64::from(n) * 3 + i64::from(m)
}

fn single(x: f32, y: f32) -> f32 {
    x - 2.0 * y
}

fn registered(builder: Builder) -> Builder {
    builder
        .function("half", half as fn(f64) -> f64)
        .function("pick", pick as fn(f32, i64, f64) -> f64)
        .function("narrow", narrow as fn(f64) -> i32)
        .function("widen", widen as fn(i32, i32) -> i64)
        .function("single", single as fn(f32, f32) -> f32)
}

#[test]
fn registered_functions_are_called_for_each_element() {
    for n in [0, 1, 2, 3, 7, 8, 33, 1000] {
        let a = Array1::from_iter((0..n).map(|k| f64::from(k) * 1.25 - 3.0));
        let f = a.mapv(|x| x as f32 * 0.5);
        let l = Array1::from_iter((0..i64::from(n)).map(|k| k * k - 5));
        let i = Array1::from_iter((0..n).map(|k| k - 7));
        each(|builder| {
            let e = registered(builder)
                .compile("half(a)*2 + a, pick(f, l, a), narrow(a) + i, widen(i, 2), single(f, f*2) + 1, pick(f, i, f)")
                .unwrap();
            type All = (Array1<f64>, Array1<f64>, Array1<i32>, Array1<i64>, Array1<f32>, Array1<f64>);
            let (x, y, z, u, v, w): All = e.eval(args![a, f, l, i]).unwrap();
            let at = |k: usize| (a[k], f[k], l[k], i[k]);
            for k in 0..n as usize {
                let (a, f, l, i) = at(k);
                assert_eq!(x[k], half(a) * 2.0 + a);
                assert_eq!(y[k], pick(f, l, a));
                assert_eq!(z[k], narrow(a) + i);
                assert_eq!(u[k], widen(i, 2));
                assert_eq!(v[k], single(f, f * 2.0) + 1.0);
                assert_eq!(w[k], pick(f, i64::from(i), f64::from(f)));
            }
        });
    }
}

/// Where arguments are constant, broadcast, strided, reductions, or feed reductions.
#[test]
fn registered_functions_go_where_others_go() {
    let m = Array2::from_shape_fn((9, 21), |(r, c)| r as f64 - 0.5 * c as f64);
    let (rows, row) = (m.t(), array![[0.5], [1.5], [2.5], [-1.0], [0.0], [3.0], [4.0], [7.0], [8.0]]);
    each(|builder| {
        let e = registered(builder)
            .compile("half(m) + half(2) + half(row), sum(half(m), axis=0), half(sum(m)), half(rows)")
            .unwrap();
        let (x, y, z, t): (Array2<f64>, Array1<f64>, f64, Array2<f64>) = e.eval(args![m, rows, row]).unwrap();
        assert_eq!(x, m.mapv(half) + 2.0 + row.mapv(half));
        assert_eq!(y, m.mapv(half).sum_axis(ndarray::Axis(0)));
        assert_eq!(z, half(m.sum()));
        assert_eq!(t, rows.mapv(half));
        let e = registered(Expr::builder()).compile("g(x) = half(x)*x; g(m)").unwrap();
        assert_eq!(e.eval::<Array2<f64>>(args![m]).unwrap(), m.mapv(|x| half(x) * x));
    });
}

#[test]
fn results_are_strong() {
    let e = registered(Expr::builder()).compile("f + half(1)").unwrap();
    assert_eq!(e.output(args![f = 1.0_f32]).unwrap().0.name(), "f64");
}

#[test]
fn functions_that_evaluate_themselves() {
    fn inner(x: f64) -> f64 {
        let a = array![x, 1.0, 2.0];
        Expr::compile("sum(a*a)").unwrap().eval(args![a]).unwrap()
    }
    let a = Array1::from_iter((0..100).map(f64::from));
    each(|builder| {
        let e = builder.function("inner", inner as fn(f64) -> f64).compile("inner(a) + a").unwrap();
        assert_eq!(e.eval::<Array1<f64>>(args![a]).unwrap(), a.mapv(|x| x * x + 5.0 + x));
    });
}

#[test]
fn a_panic_ends_the_evaluation() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    fn fragile(x: f64) -> f64 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        assert!(x < 50.0, "too much for a test");
        x + 1.0
    }
    // What is printed of the panics would only confuse.
    std::panic::set_hook(Box::new(|_| {}));
    let a = Array1::from_iter((0..1000).map(f64::from));
    let mut y = Array1::from_elem(1000, 7.0);
    each(|builder| {
        let builder = builder.function("fragile", fragile as fn(f64) -> f64);
        CALLS.store(0, Ordering::Relaxed);
        for text in ["fragile(a)", "sum(fragile(a))", "fragile(100.0) + a", "half(a) + fragile(a)"] {
            let e = registered(builder.clone()).compile(text).unwrap();
            let error = e.eval::<AnyArray>(args![a]).unwrap_err();
            assert_eq!(error.kind(), EvalErrorKind::Panic, "{text}");
            assert_eq!(error.to_string(), "the registered function `fragile` panicked");
        }
        let e = builder.compile("fragile(a)").unwrap();
        assert_eq!(e.eval_into(args![a], &mut y).unwrap_err().kind(), EvalErrorKind::Panic);
        assert!(y.iter().all(|y: &f64| y.is_finite()), "initialised");
        // It goes on as if nothing had been.
        assert_eq!(e.eval::<f64>(args![a = 3.0]).unwrap(), 4.0);
        assert!(CALLS.load(Ordering::Relaxed) < 1000, "after the first panic no more calls are made");
    });
    let _ = std::panic::take_hook();
}

#[test]
fn nothing_is_called_when_compiling() {
    fn never(_: f64) -> f64 {
        panic!("called")
    }
    let e = Expr::builder().function("never", never as fn(f64) -> f64).compile("never(2) + a").unwrap();
    assert!(e.outputs(args![a = 1.0]).is_ok());
    let none: [f64; 0] = [];
    assert_eq!(e.output(args![a = &none]).unwrap().1, [0]);
}

fn refused(builder: Builder, text: &str) -> (CompileErrorKind, String) {
    let error = builder.compile(text).expect_err(text);
    (error.kind(), error.to_string())
}

#[test]
fn names_that_clash() {
    let one = half as fn(f64) -> f64;
    let name = CompileErrorKind::Name;
    for (text, builder, message) in [
        ("a", Expr::builder().function("my fn", one), "a function is registered as `my fn`, which is not a name"),
        ("a", Expr::builder().function("", one), "a function is registered as ``, which is not a name"),
        ("a", Expr::builder().function("if", one), "a function is registered as `if`, which is not a name"),
        ("a", registered(Expr::builder()).function("narrow", one), "two functions are registered as `narrow`"),
        ("hlaf = 1; hlaf(a)", registered(Expr::builder()), "`hlaf` is a variable, called here like a function"),
        ("hafl(a)", registered(Expr::builder()), "there is no function `hafl`"),
    ] {
        let (kind, shown) = refused(builder, text);
        assert_eq!((kind, shown.lines().next().unwrap_or("")), (name, message));
    }
    let (_, shown) = refused(registered(Expr::builder()), "hafl(a)");
    assert!(shown.ends_with("help: did you mean `half`?"), "{shown}");
    let (kind, shown) = refused(registered(Expr::builder()), "pick(a, 2)");
    assert_eq!(kind, CompileErrorKind::Type);
    assert!(
        shown.starts_with("`pick` takes 3 arguments, 2 given") && shown.ends_with("help: `pick(x, y, z)`"),
        "{shown}"
    );
    assert!(registered(registered(Expr::builder())).compile("half(a)").is_ok(), "the same twice");
    assert_eq!(registered(Expr::builder()).compile("half = 3; half").unwrap().eval::<i64>(args![]).unwrap(), 3);
    let shown = registered(Expr::builder()).compile("half + 1").unwrap().eval::<f64>(args![]).unwrap_err().to_string();
    let help = "`half` is a function too: write `half(x)`, or pass an argument of that name";
    assert_eq!(shown, format!("there is no argument for `half`\nhelp: {help}"));
}

#[test]
fn arguments_that_would_lose_something() {
    let shown = |text: &str, args: Args| {
        let e = registered(Expr::builder()).compile(text).unwrap();
        let error = e.eval::<AnyArray>(args).expect_err(text);
        assert_eq!(error.kind(), EvalErrorKind::Type);
        let shown = error.to_string();
        (shown.lines().next().unwrap_or("").to_string(), shown.lines().last().unwrap_or("").to_string())
    };
    let (a, i, l) = (array![1.0], array![1_i32], array![1_i64]);
    let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
    assert_eq!(shown("single(a, 1)", args![a]), pair("`single` takes f32 here, not f64", "help: convert it: `f32(a)`"));
    assert_eq!(shown("single(1, i)", args![i]), pair("`single` takes f32 here, not i32", "help: convert it: `f32(i)`"));
    assert_eq!(shown("widen(l, 1)", args![l]), pair("`widen` takes i32 here, not i64", "help: convert it: `i32(l)`"));
    assert_eq!(
        shown("widen(1.5, 1)", args![]),
        pair("`widen` takes i32 here, not float", "help: convert it: `i32(1.5)`")
    );
    assert_eq!(shown("widen(2**40, 1)", args![]).0, "the integer 1099511627776 is out of range for i32");
    // These lose nothing, as the promotion rules have it.
    let e = registered(Expr::builder())
        .compile("half(i), half(l), half(i > 0), single(i > 0, 2.5), pick(1, i, l)")
        .unwrap();
    assert!(e.eval::<Vec<AnyArray>>(args![i, l]).is_ok());
}

/// The cache of texts tells functions apart.
#[test]
fn one_text_with_different_functions() {
    fn double(x: f64) -> f64 {
        x * 2.0
    }
    let value = |f: fn(f64) -> f64| {
        Expr::builder().function("f", f).compile("f(a) + 1").unwrap().eval::<f64>(args![a = 3.0]).unwrap()
    };
    assert_eq!([value(half), value(double), value(half)], [3.5, 7.0, 3.5]);
    assert!(Expr::compile("f(a) + 1").is_err());
}

#[test]
fn goes_between_threads() {
    fn check<T: Send + Sync + Clone>(_: &T) {}
    let e = registered(Expr::builder()).compile("half(a)").unwrap();
    check(&e);
    check(&registered(Expr::builder()));
    std::thread::scope(|scope| {
        for k in 0..4 {
            let e = &e;
            scope.spawn(move || assert_eq!(e.eval::<f64>(args![a = f64::from(k)]).unwrap(), half(f64::from(k))));
        }
    });
}

/// A definition of the text hides a registered function, and that the library's.
#[test]
fn the_nearest_function_of_a_name() {
    fn tenfold(x: f64) -> f64 {
        x * 10.0
    }
    let value = |builder: Builder, text: &str| builder.compile(text).unwrap().eval::<f64>(args![a = 0.5]).unwrap();
    let registered = || Expr::builder().function("sqrt", tenfold as fn(f64) -> f64);
    assert_eq!(value(registered(), "sqrt(a)"), 5.0);
    assert_eq!(value(registered(), "sqrt(x) = x + 1; sqrt(a)"), 1.5);
    assert_eq!(value(registered(), "np.sqrt(a*0.5) + a.sqrt()"), 5.5);
    assert_eq!(value(Expr::builder(), "sqrt(x) = x + 1; sqrt(a) + np.sqrt(a*0.5)"), 2.0);
    // A variable of that name is another thing.
    let e = registered().name("sqrt").compile("sqrt(a) + sqrt").unwrap();
    assert_eq!(e.eval::<f64>(args![a = 0.5, sqrt = 1.0]).unwrap(), 6.0);
    // Names are compared in one spelling.
    let e = Expr::builder().function("ｆ", tenfold as fn(f64) -> f64).compile("f(a) + 𝑓(a)").unwrap();
    assert_eq!(e.eval::<f64>(args![a = 0.5]).unwrap(), 10.0);
}

/// Arguments that are left to a region, among others, with values that wait for it; nothing is written beyond the results.
#[test]
fn rare_powers_beside_usual_ones() {
    let rare = [0.0f32, -0.0, f32::INFINITY, f32::NAN, -2.0, f32::MIN_POSITIVE / 4.0];
    for n in 1..=40 {
        let a: Vec<f32> =
            (0..n).map(|k| if k % 7 == 3 { rare[k % rare.len()] } else { 0.5 + k as f32 * 0.3 }).collect();
        let b: Vec<f32> = (0..n).map(|k| 3.0 - k as f32 * 0.25).collect();
        for text in ["a**b", "sin(a)*b + a**b + exp(a)*(a**(b + 1))"] {
            let run = |executor| {
                let e = Expr::builder().executor(executor).compile(text).unwrap();
                let mut out = vec![7f32; n + 64];
                e.eval_into(args![a, b], &mut out[..n]).unwrap();
                assert!(out[n..].iter().all(|&v| v == 7.0), "{executor:?}, {n}: {text}");
                out.into_iter().map(|v| if v.is_nan() { 1 } else { v.to_bits() }).collect::<Vec<u32>>()
            };
            let expected = run(Executor::Interpreter);
            for executor in Executor::available() {
                assert_eq!(run(executor), expected, "{executor:?}, {n}: {text}");
            }
        }
    }
}
