//! Large texts, many texts, and what becomes large of a small text: they work, or are refused in time.

use ndarray::{Array1, array};
use tilexpr::{AnyArray, Arg, Args, CompileErrorKind, EvalErrorKind, Executor, Expr, Limits, Threads, args};

/// 8,000 operations, in which thousands of values are used more than once.
#[test]
fn thousands_of_shared_operations() {
    const STEPS: usize = 2000;
    let mut text = "t0 = a*b\n".to_string();
    for k in 1..STEPS {
        text += &format!("t{k} = (t{} + a)*(t{} - b)/({k} + b)\n", k - 1, k / 2);
    }
    text += &format!("t{}", STEPS - 1);
    let (a, b) = (Array1::linspace(0.5, 1.0, 100), Array1::linspace(1.5, 2.0, 100));
    let expected = Array1::from_shape_fn(100, |i| {
        let (a, b): (f64, f64) = (a[i], b[i]);
        let mut t = vec![a * b];
        for k in 1..STEPS {
            t.push((t[k - 1] + a) * (t[k / 2] - b) / (k as f64 + b));
        }
        t[STEPS - 1]
    });
    for executor in Executor::available() {
        let e = Expr::builder().executor(executor).threads(Threads::Serial).compile(&text).unwrap();
        assert_eq!(e.eval::<Array1<f64>>(args![a, b]).unwrap(), expected);
        let prepared = e.prepare(["a", "b"], args![a, b]).unwrap();
        let mut y = Array1::<f64>::zeros(100);
        prepared.call([Arg::new(&a), Arg::new(&b)], &mut y).unwrap();
        assert_eq!(y, expected);
    }
    // The generator for x86 keeps values in memory in little time, too; Cranelift does not.
    if cfg!(feature = "jit") && !Executor::available().any(|executor| executor == Executor::Avx2) {
        let explained = Expr::compile(&text).unwrap().explain(args![a, b]).unwrap().to_string();
        assert!(explained.contains("the interpreter: machine code would be no faster"), "{explained:.2000}");
        assert!(explained.contains("far more values wait for a later use than registers hold"), "{explained:.2000}");
    }
}

/// What is prepared once for many points is so of a few nodes; the others are computed where they are read.
#[test]
fn thousands_of_terms_of_a_reduction() {
    let terms: Vec<String> = (0..4000).map(|k| format!("a*sqrt(m + {k}.5)")).collect();
    let text = format!("m = sum(a, axis=0)\n{}", terms.join(" + "));
    let a = Array1::linspace(0.0, 1.0, 6).into_shape_with_order((2, 3)).unwrap();
    let m = a.sum_axis(ndarray::Axis(0));
    let expected = ndarray::Array2::from_shape_fn((2, 3), |(i, j)| {
        let (a, m): (f64, f64) = (a[[i, j]], m[j]);
        (1..4000).fold(a * (m + 0.5).sqrt(), |sum, k| sum + a * (m + (f64::from(k) + 0.5)).sqrt())
    });
    for executor in Executor::available() {
        let e = Expr::builder().executor(executor).compile(&text).unwrap();
        assert_eq!(e.eval::<ndarray::Array2<f64>>(args![a]).unwrap(), expected);
    }
}

/// Each store has a pointer, for which there is no register.
#[test]
fn thousands_of_results() {
    let a = array![1.0, 2.0, 3.0];
    for executor in Executor::available() {
        let e = Expr::builder().executor(executor).compile(&vec!["a"; 8000].join(", ")).unwrap();
        let results: Vec<AnyArray> = e.eval(args![a]).unwrap();
        assert_eq!(results.len(), 8000);
        assert!(results.into_iter().all(|r| r.into_array::<f64, ndarray::Ix1>().unwrap() == a));
    }
}

#[test]
fn a_thousand_arguments() {
    let names: Vec<String> = (0..1000).map(|k| format!("x{k}")).collect();
    let values: Vec<Array1<f64>> = (0..1000).map(|k| Array1::from_elem(50, f64::from(k))).collect();
    let ordered: Args = names.iter().zip(&values).map(|(n, a)| (n.as_str(), Arg::new(a))).collect();
    let reversed: Args = names.iter().zip(&values).rev().map(|(n, a)| (n.as_str(), Arg::new(a))).collect();
    for executor in Executor::available() {
        let e = Expr::builder().executor(executor).compile(&names.join(" + ")).unwrap();
        for args in [&ordered, &reversed] {
            assert_eq!(e.eval::<Array1<f64>>(args).unwrap(), Array1::from_elem(50, 499_500.0));
        }
    }
}

#[test]
fn ten_thousand_texts() {
    for k in 0..10_000 {
        let e = Expr::compile(&format!("a*{k} + sqrt(b + {k})/2")).unwrap();
        if k % 100 == 0 {
            let k = f64::from(k);
            assert_eq!(e.eval::<f64>(args![a = 2.0, b = 1.0]).unwrap(), 2.0 * k + (1.0 + k).sqrt() / 2.0);
        }
    }
}

fn limited(change: impl Fn(&mut Limits), text: &str) -> String {
    let mut limits = Limits::default();
    change(&mut limits);
    let a = array![1.0, 2.0];
    match Expr::builder().limits(limits).compile(text) {
        Err(error) => {
            assert_eq!(error.kind(), CompileErrorKind::Limit);
            error.to_string()
        }
        Ok(e) => {
            let error = e.eval::<Vec<AnyArray>>(args![a]).expect_err(text);
            assert_eq!(error.kind(), EvalErrorKind::Limit);
            error.to_string()
        }
    }
}

#[test]
fn limits() {
    assert_eq!(
        limited(|l| l.inputs = 2, "b*a + c*d"),
        "too many arguments: this is number 3, the limit is 2\n  |\n1 | b*a + c*d\n  |       ^\n\
         help: if the text is trusted, raise `Limits::inputs`"
    );
    assert_eq!(
        limited(|l| l.operations = 60, "a + exp(a) + exp(a*2)"),
        "too many operations once types are known: this is number 61, the limit is 60\n  |\n1 | a + exp(a) + exp(a*2)\n  \
         |              ^^^^^^^^\nhelp: if the text is trusted, raise `Limits::operations`"
    );
    assert_eq!(
        limited(|l| l.nodes = 40, "g(x) = x*x*x*x*x*x; g(g(g(g(a))))"),
        "too many operands and operators, once functions are put in where they are called: this is number 41, the limit \
         is 40\n  |\n1 | g(x) = x*x*x*x*x*x; g(g(g(g(a))))\n  |                     ^^^^^^^^^^^^^\nhelp: if the text is \
         trusted, raise `Limits::nodes`"
    );
    let many = |unit: &dyn Fn(usize) -> String| (0..100).map(unit).collect::<Vec<_>>().join(" + ");
    let shared = format!("t = {}; {}", many(&|k| format!("a*{k}")), many(&|k| format!("sum(t + {k})")));
    let error = limited(|l| l.operations = 1000, &shared);
    assert!(
        error.starts_with("too many reductions or results: what each is made of comes to more than 4000 operations\n"),
        "{error}"
    );
    assert!(error.ends_with("help: if the text is trusted, raise `Limits::operations`"), "{error}");
}

/// What a hostile text would multiply: each ends soon, in an error or a value. (Linear time is seconds here; what is not
/// would be minutes.)
#[test]
fn small_texts_that_become_large() {
    let a = array![1.0, 2.0];
    let sums = |unit: &dyn Fn(usize) -> String, n: usize| (0..n).map(unit).collect::<Vec<_>>().join(" + ");
    let ends = |text: &str| {
        let e = Expr::builder().threads(Threads::Serial).compile(text);
        let result = e.map_err(Into::into).and_then(|e| e.eval::<Vec<AnyArray>>(args![a]));
        if let Err(error) = &result {
            assert!(matches!(error.kind(), EvalErrorKind::Limit | EvalErrorKind::Type), "{error}");
        }
        result.is_ok()
    };
    assert!(!ends(&"sin(".repeat(1 << 18)));
    assert!(!ends(&sums(&|k| format!("sin(a*{k})"), 60_000)));
    assert!(!ends(&sums(&|k| format!("sin({k})"), 60_000)));
    assert!(!ends(&sums(&|k| format!("arctan(a*{k}j)"), 60_000)));
    assert!(!ends(&sums(&|k| format!("arctan({k}j)"), 60_000)));
    assert!(ends(&vec!["a"; 300_000].join(", ")));
    // Their squares are shared.
    assert!(ends(&sums(&|k| format!("i64(a)**{}", u64::MAX / 2 - k as u64), 2000)));
    assert!(!ends(&sums(&|k| format!("sum(a*{k})"), 60_000)));
    assert!(!ends(&format!("t = {}; {}", sums(&|k| format!("a*{k}"), 5000), sums(&|k| format!("sum(t + {k})"), 5000))));
    assert!(!ends(&(0..30_000).map(|k| format!("max(a + {k}, axis=0)")).collect::<Vec<_>>().join(", ")));
    assert!(!ends("2**(2**100)"));
    assert!(!ends("a * 3**(10**30)"));
    assert!(ends("(-1)**(10**30) + 0**(10**30) + (1 >> 10**30)"));
    assert!(!ends("1 << 10**30"));
}
