//! What callers do wrong, and what they are told. Never a panic.

use ndarray::{Array1, Array2, ArrayD, ArrayView, Ix2, IxDyn, array};
use tilexpr::{AnyArray, Arg, Args, EvalError, EvalErrorKind, Expr, args, identifiers};

fn fails(text: &str, args: Args) -> EvalError {
    let expr = Expr::compile(text).unwrap_or_else(|e| panic!("{e}"));
    expr.eval::<Vec<AnyArray>>(args).expect_err(text)
}

/// Kind and full text.
fn check(error: EvalError, kind: EvalErrorKind, text: &str) {
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
    assert!(!error.message().is_empty() && !format!("{error:?}").is_empty());
}

#[test]
fn names() {
    let (alpha, b) = (array![1.0], array![2.0]);
    check(
        fails("alpha + b", args![alhpa = &alpha, b]),
        EvalErrorKind::MissingArgument,
        "there is no argument for `alpha`\nhelp: there is one named `alhpa`; did you mean `alpha = alhpa`?",
    );
    check(
        fails("alpha + b", args![b]),
        EvalErrorKind::MissingArgument,
        "there is no argument for `alpha`\nhelp: pass it: `args![..., alpha = value]`",
    );
    check(
        fails("b + 1", args![b, b]),
        EvalErrorKind::DuplicateArgument,
        "`b` is given twice\nhelp: pass each name once",
    );
    assert_eq!(Expr::compile("b + 1").unwrap().eval::<Array1<f64>>(args![alpha, b]).unwrap(), array![3.0]);

    // A constant stays what it is, unless the text or the builder says otherwise.
    let e = array![5.0];
    check(
        fails("e*2 + b", args![e, b]),
        EvalErrorKind::ConstantArgument,
        "`e` is a constant in the text, but there is an argument of that name\nhelp: declare it: `Expr::builder().name(\"e\")`, or give the argument another name",
    );
    assert_eq!(Expr::compile("b + 1").unwrap().eval::<Array1<f64>>(args![e, b]).unwrap(), array![3.0]);
    let declared = Expr::builder().name("e").compile("e*2").unwrap();
    assert_eq!(declared.eval::<Array1<f64>>(args![e]).unwrap(), array![10.0]);
    let error = Expr::compile("pi + 1").unwrap().update("pi", &mut array![1.0], args![]).expect_err("pi");
    assert_eq!(error.kind(), EvalErrorKind::ConstantArgument);
}

#[test]
fn shapes() {
    let (a, b) = (Array1::<f64>::zeros(3), Array2::<f64>::zeros((2, 4)));
    let help =
        "\nhelp: aligned at their last axes, lengths must be equal or 1; `keepdims=True` keeps a reduced axis in place";
    check(
        fails("a*2 + b", args![a, b]),
        EvalErrorKind::Shape,
        &format!("the shapes do not fit together: `a` has the shape [3], `b` has the shape [2, 4]{help}"),
    );
    let error = fails("b - sum(b, axis=1)", args![b]);
    assert_eq!(error.kind(), EvalErrorKind::Shape);
    assert!(error.message().contains("`b` has the shape [2, 4]") && error.message().contains("a reduction"), "{error}");
    let deep = ArrayD::<f64>::zeros(IxDyn(&[1; 65]));
    check(fails("a + 1", args![a = &deep]), EvalErrorKind::Shape, "`a` has 65 axes, at most 64 are possible");
    let most = ArrayD::<f64>::ones(IxDyn(&[1; 64]));
    assert_eq!(Expr::compile("sum(a + a)").unwrap().eval::<f64>(args![a = &most]).unwrap(), 2.0);
    assert_eq!(Expr::compile("a + a").unwrap().eval::<ArrayD<f64>>(args![a = &most]).unwrap().ndim(), 64);
}

#[test]
fn axes() {
    let m = Array2::<f64>::zeros((2, 3));
    check(
        fails("sum(m, axis=2)", args![m]),
        EvalErrorKind::Axis,
        "axis 2 is not an axis of what is reduced, which has the shape [2, 3]\nhelp: axes go from -2 to 1",
    );
    // A second argument of `max` is an axis, even where another value was meant.
    check(
        fails("max(m, 5)", args![m]),
        EvalErrorKind::Axis,
        "axis 5 is not an axis of what is reduced, which has the shape [2, 3]\n\
         help: axes go from -2 to 1; the greater of two values is `maximum(x, y)`",
    );
    check(
        fails("min(m, 0)", args![m = 1.5]),
        EvalErrorKind::Axis,
        "axis 0 is not an axis of what is reduced, which has the shape []\n\
         help: the lesser of two values is `minimum(x, y)`",
    );
    check(fails("sum(m, axis=(0, -2))", args![m]), EvalErrorKind::Axis, "axis -2 is named twice (the shape is [2, 3])");
    check(
        fails("mean(m, axis=0)", args![m = 1.5]),
        EvalErrorKind::Axis,
        "axis 0 is not an axis of what is reduced, which has the shape []",
    );
    check(
        fails("m*2 + index(m, -3)", args![m]),
        EvalErrorKind::Axis,
        "axis -3 is not an axis of this array, which has the shape [2, 3]\nhelp: axes go from -2 to 1",
    );
    assert_eq!(fails("m*2 + index(m, -3)", args![m]).span(), Some(6..18));
    check(
        fails("index(3, 0)", args![]),
        EvalErrorKind::Axis,
        "axis 0 is not an axis of this array, which has the shape []",
    );
    let none = Array2::<f64>::zeros((0, 3));
    check(
        fails("min(m, axis=0)", args![m = &none]),
        EvalErrorKind::EmptyReduction,
        "`min` of no elements has no value: the shape is [0, 3]",
    );
    check(
        fails("nanmax(m, axis=0)", args![m = &none]),
        EvalErrorKind::EmptyReduction,
        "`nanmax` of no elements has no value: the shape is [0, 3]",
    );
    // Where nothing is asked for, nothing fails.
    let (n, m0) = (ndarray::array![[1i64, -1], [2, 3]], Array2::<f64>::zeros((0, 2)));
    let nothing: Array2<f64> = Expr::compile("m + 2**min(n, axis=0)").unwrap().eval(args![m = &m0, n]).unwrap();
    assert_eq!(nothing.dim(), (0, 2));
    for text in ["max(m > 1)", "min(isnan(m), axis=0)", "max((m + 1j).imag)"] {
        assert_eq!(fails(text, args![m = &none]).kind(), EvalErrorKind::EmptyReduction, "{text}");
    }
    assert_eq!(Expr::compile("max(m, axis=1)").unwrap().eval::<Array1<f64>>(args![m = &none]).unwrap().len(), 0);
}

/// The name of a function is free for a variable.
#[test]
fn names_of_functions() {
    let column = array![3.0, 1.0];
    for name in ["c64", "gamma", "max", "mod", "std", "var", "any", "angle", "sum", "bool", "where", "copy"] {
        let e = Expr::compile(&format!("{name}*2 + sqrt(max({name}) + 1)")).unwrap();
        assert_eq!(e.names(), [name]);
        assert_eq!(e.eval::<Array1<f64>>(Args::new().with(name, &column)).unwrap(), array![8.0, 4.0], "{name}");
        let e = Expr::compile(&format!("{name} = a; {name} + mean({name})")).unwrap();
        assert_eq!(e.eval::<Array1<f64>>(args![a = &column]).unwrap(), array![5.0, 3.0], "{name}");
        let mut u = column.clone();
        Expr::compile(&format!("{name} - min({name})")).unwrap().update(name, &mut u, args![]).unwrap();
        assert_eq!(u, array![2.0, 0.0]);
    }
    let e = Expr::compile("mean(x) - mean").unwrap();
    assert_eq!(e.eval::<f64>(args![x = &column, mean = 0.5]).unwrap(), 1.5);
    check(
        fails("mean(x) - max", args![x = &column]),
        EvalErrorKind::MissingArgument,
        "there is no argument for `max`\nhelp: `max` is a function too: write `max(x)`, or pass an argument of that name",
    );
    check(
        fails("f(x, y) = x; f*x", args![x = &column]),
        EvalErrorKind::MissingArgument,
        "there is no argument for `f`\nhelp: `f` is a function too: write `f(x, y)`, or pass an argument of that name",
    );
}

#[test]
fn constants_that_are_variables() {
    let plain = Expr::builder().constants(false);
    let e = plain.compile("e + pi*inf - nan + np.pi*0").unwrap();
    assert_eq!(e.names(), ["e", "pi", "inf", "nan"]);
    assert_eq!(e.eval::<f64>(args![e = 1, pi = 2, inf = 3, nan = 4]).unwrap(), 3.0);
    // The cache of texts tells the two apart.
    assert_eq!(Expr::compile("e*2").unwrap().names().len(), 0);
    assert_eq!(plain.compile("e*2").unwrap().names(), ["e"]);
    check(
        plain.compile("e*2").unwrap().eval::<f64>(args![]).unwrap_err(),
        EvalErrorKind::MissingArgument,
        "there is no argument for `e`\nhelp: pass it: `args![..., e = value]`",
    );
}

/// Names are compared as Python compares them (NFKC), those of callers too.
#[test]
fn names_of_one_spelling() {
    let e = Expr::compile("ﬁt + fit + µ").unwrap();
    assert_eq!(e.names(), ["fit", "μ"]);
    for (one, other) in [("fit", "μ"), ("ﬁt", "µ"), ("ｆｉｔ", "𝜇")] {
        let args = || Args::new().with(one, 1).with(other, 5);
        assert_eq!(e.eval::<i64>(args()).unwrap(), 7);
        assert_eq!(e.eval::<i64>(args().with("unused", 5)).unwrap(), 7);
        let (mut y, a) = ([0i64], [1i64]);
        let prepared = e.prepare([one, other], Args::new().with(one, &a).with(other, &a)).unwrap();
        prepared.call([Arg::new(&[10i64]), Arg::new(&[1i64])], &mut y).unwrap();
        assert_eq!(y, [21]);
        e.update(other, &mut y, Args::new().with(one, &a)).unwrap();
        assert_eq!(y, [23]);
        let builder = Expr::builder().name(one);
        assert_eq!(builder.compile("fit").unwrap().eval::<i64>(Args::new().with(one, 3)).unwrap(), 3);
    }
    let twice = Args::new().with("fit", 1).with("ﬁt", 2).with("μ", 3);
    check(
        e.eval::<i64>(twice).unwrap_err(),
        EvalErrorKind::DuplicateArgument,
        "`fit` is given twice\nhelp: pass each name once",
    );
    let constant = Expr::compile("e*x").unwrap();
    let error = constant.eval::<f64>(Args::new().with("ℯ", 1).with("x", 2)).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::ConstantArgument);
    let missing = e.eval::<i64>(Args::new().with("ﬁt", 1)).unwrap_err();
    assert_eq!(missing.message(), "there is no argument for `μ`");
    let like = Args::new().with("fit", 1).with("μ", 2);
    assert_eq!(e.prepare(["fit", "ﬁt"], like).err().unwrap().kind(), EvalErrorKind::DuplicateArgument);
}

#[test]
fn free_identifiers() {
    let free = |text: &str| identifiers(text).unwrap();
    assert_eq!(free("b + a*b"), ["b", "a"]);
    assert_eq!(free("max(a) - max + pi*e + inf"), ["a", "max", "pi", "e", "inf"]);
    assert_eq!(free("t = a; f(x) = x*t + k; f(t) + c"), ["a", "k", "c"]);
    assert_eq!(free("np.sin(a) + np.pi + numpy.exp(np)"), ["a", "np"]);
    assert_eq!(free("np = a; np.sum() + b"), ["a", "b"]);
    assert_eq!(free("sum(a, axis=0, dtype=f32) + sum(b, dtype=np.f64) + a.T + frobnicate(c)"), ["a", "b", "c"]);
    assert_eq!(free("ﬁt + x.real.f(y)"), ["fit", "x", "y"]);
    assert_eq!(free("x = x + 1; x"), ["x"]);
    assert!(identifiers("a +").is_err() && identifiers("f(x) = x; f(x) = 1; a").is_err());
}

/// A view of length `n` along each axis, of the one element.
fn repeated(x: &f64, shape: [usize; 2]) -> ArrayView<'_, f64, Ix2> {
    let one = ArrayView::from(std::slice::from_ref(x));
    let view = one.broadcast(shape).expect("ndarray takes this shape").raw_view();
    // SAFETY: all elements are `x`, which stays borrowed.
    unsafe { view.deref_into_view() }
}

#[test]
fn too_large() {
    let x = 1.0;
    let (a, b) = (repeated(&x, [1 << 40, 1]), repeated(&x, [1, 1 << 40]));
    for text in ["a + b", "sum(a + b)", "sum(a + b, axis=0)", "mean(a*b)"] {
        check(
            fails(text, args![a, b]),
            EvalErrorKind::TooLarge,
            "the arguments broadcast to the shape [1099511627776, 1099511627776], which has too many elements",
        );
    }
    let long = repeated(&x, [1, 1 << 50]);
    assert_eq!(fails("a*2", args![a = long]).kind(), EvalErrorKind::Memory);
    assert_eq!(fails("sum(a, axis=0)", args![a = long]).kind(), EvalErrorKind::Memory);
    // In between as in the result.
    assert_eq!(fails("sum(sum(a, axis=0))", args![a = long]).kind(), EvalErrorKind::Memory);
    // With an axis of length 0 nothing is too many, but ndarray has no array with such axes.
    let none = ArrayD::<f64>::zeros(IxDyn(&[1, 1, 0]));
    let (wide, tall) = (a.insert_axis(ndarray::Axis(2)), b.insert_axis(ndarray::Axis(2)));
    let e = Expr::compile("mean(a + b + c, axis=(0, 1))").unwrap();
    assert_eq!(e.eval::<Array1<f64>>(args![a = wide, b = tall, c = &none]).unwrap().len(), 0);
    let e = Expr::compile("a + b + c").unwrap();
    let error = e.eval::<AnyArray>(args![a = wide, b = tall, c = &none]).expect_err("too large");
    assert_eq!(error.kind(), EvalErrorKind::TooLarge);
}

#[test]
fn outputs() {
    let (a, f) = (array![1.0, 2.0], array![1f32, 2.0]);
    let e = Expr::compile("a + 1").unwrap();
    let into = |e: &Expr, out: &mut dyn FnMut(&Expr) -> Result<(), EvalError>| out(e).expect_err("a wrong output");
    let mut short = array![7.0];
    let error = into(&e, &mut |e| e.eval_into(args![a], &mut short));
    check(error, EvalErrorKind::Output, "the output has the shape [1], but the result has the shape [2]");
    assert_eq!(short, array![7.0], "it is as it was");
    let mut wrong = array![7f32, 7.0];
    check(
        into(&e, &mut |e| e.eval_into(args![a], &mut wrong)),
        EvalErrorKind::Output,
        "the output is an array of f32, but the result is of f64\nhelp: pass an array of f64, or write `f32(...)` in the expression",
    );
    let (mut y, mut z) = (array![0.0, 0.0], array![0.0, 0.0]);
    check(
        into(&e, &mut |e| e.eval_into(args![a], &mut (&mut y, &mut z))),
        EvalErrorKind::Output,
        "the expression has 1 result, but 2 outputs are given",
    );
    let two = Expr::compile("a + 1, sum(f)").unwrap();
    let error = two.eval_into(args![a, f], &mut (&mut y, &mut z)).expect_err("a wrong output");
    check(
        error,
        EvalErrorKind::Output,
        "output 1 is an array of f64, but the result is of f32\nhelp: pass an array of f32, or write `f64(...)` in the expression",
    );
    let half = Expr::compile("a/2").unwrap();
    check(
        half.update("a", &mut array![1, 2], args![]).expect_err("i32"),
        EvalErrorKind::Output,
        "the output is an array of i32, but the result is of f64\nhelp: pass an array of f64, or write `i32(...)` in the expression",
    );
}

#[test]
fn updates() {
    let (b, mut a) = (array![1.0, 2.0], array![1.0, 2.0]);
    let e = Expr::compile("a/b").unwrap();
    assert_eq!(e.update("a", &mut array![1, 2], args![b]).expect_err("i32").kind(), EvalErrorKind::Output);
    assert_eq!(e.update("a", &mut array![1.0], args![b]).expect_err("shape").kind(), EvalErrorKind::Output);
    check(
        e.update("a", &mut a, args![a = &b, b]).expect_err("given twice"),
        EvalErrorKind::DuplicateArgument,
        "`a` is given twice\nhelp: pass each name once",
    );
    // The number of results, whether they come of one pass or of two.
    for text in ["a + b, a - b", "a + 1, b + 1"] {
        let two = Expr::compile(text).unwrap();
        let mut a = a.clone();
        check(
            two.update("a", &mut a, args![b]).expect_err("two results"),
            EvalErrorKind::Output,
            "the expression has 2 results, but 1 output is given",
        );
        assert_eq!(a, array![1.0, 2.0]);
    }
    let mut c = a.clone();
    let error = e.update(["a"], &mut (&mut a, &mut c), args![b]).expect_err("names");
    check(error, EvalErrorKind::Output, "1 name is given for 2 arrays to update");
}

#[test]
fn results() {
    let (a, i) = (array![1.0, 2.0], array![1, 2]);
    let e = Expr::compile("a + i").unwrap();
    check(
        e.eval::<Array1<f32>>(args![a, i]).expect_err("f32"),
        EvalErrorKind::Result,
        "the result is an array of f64, not of f32\nhelp: ask for `Array<f64, _>`, or write `f32(...)` in the expression",
    );
    check(
        e.eval::<Array2<f64>>(args![a, i]).expect_err("rank"),
        EvalErrorKind::Result,
        "the result has 1 axis, not 2\nhelp: ask for `Array1` or `ArrayD`",
    );
    check(
        e.eval::<f64>(args![a, i]).expect_err("scalar"),
        EvalErrorKind::Result,
        "the result is an array of shape [2], not a single value\nhelp: ask for an `Array`, or reduce it: `sum(...)`",
    );
    check(
        e.eval::<(f64, f64)>(args![a, i]).expect_err("pair"),
        EvalErrorKind::Result,
        "the expression has 1 result, not 2",
    );
    let two = Expr::compile("a, i").unwrap();
    check(
        two.eval::<f64>(args![a, i]).expect_err("one"),
        EvalErrorKind::Result,
        "the expression has 2 results, not 1\nhelp: ask for a tuple of 2",
    );
    assert_eq!(two.output(args![a, i]).expect_err("two").kind(), EvalErrorKind::Result);
}

#[test]
fn values() {
    let i = array![1i32, 2, 3];
    let j = array![1i32, -1, 2];
    let power = "an integer was raised to a negative integer power";
    check(
        fails("i ** j", args![i, j]),
        EvalErrorKind::Fault,
        &format!("{power}\n  |\n1 | i ** j\n  | ^^^^^^\nhelp: make the base a float: `f64(i)**j`"),
    );
    check(
        fails("t = 2;\nsum(i + t**j)", args![i, j]),
        EvalErrorKind::Fault,
        &format!("{power}\n  |\n2 | sum(i + t**j)\n  |         ^^^^\nhelp: make the base a float: `f64(t)**j`"),
    );
    let (lo, hi) = (array![0, 5, 3], array![1, 6, 3]);
    check(
        fails("randint(1, lo, lo, hi)", args![lo, hi]),
        EvalErrorKind::Fault,
        "the `hi` of a `randint` is not above its `lo`\n  |\n1 | randint(1, lo, lo, hi)\n  |                ^^^^^^\n\
         help: as in `randint(seed, i, 0, 10)`: 0 to 9",
    );
    // Of several places the one at which it was, on each way through.
    let prepared = Expr::compile("2**i + pow(3, j)").unwrap();
    let prepared = prepared.prepare(["i", "j"], args![i, j]).unwrap();
    let place = |i: &Array1<i32>, j: &Array1<i32>| {
        let text = "2**i + pow(3, j)";
        let error = fails(text, args![i = i, j = j]);
        let again = prepared.call([Arg::new(i), Arg::new(j)], &mut array![0i32, 0, 0]).expect_err(text);
        assert_eq!(again.to_string(), error.to_string());
        assert_eq!(error.source_text(), Some(text));
        (text[error.span().unwrap()].to_string(), error.help().unwrap_or_default().to_string())
    };
    let pair = |a: &str, b: &str| (a.to_string(), format!("make the base a float: `{b}`"));
    assert_eq!(place(&i, &j), pair("pow(3, j)", "f64(3)**j"));
    assert_eq!(place(&j, &i), pair("2**i", "f64(2)**i"));
    assert_eq!(place(&j, &j), pair("2**i", "f64(2)**i"));
    let text = "f(x) = 2**x; f(i) + f(j)";
    let error = fails(text, args![i, j]);
    assert_eq!(error.message(), format!("{power} (in the call `f(j)`)"));
    assert_eq!(&text[error.span().unwrap()], "2**x");
    // Beyond the eighth they are told apart no more.
    let many = (2..14).map(|n| format!("{n}**i")).chain(["99**j".to_string()]).collect::<Vec<_>>().join(" + ");
    let error = fails(&many, args![i, j]);
    assert_eq!(&many[error.span().unwrap()], "9**i");
    assert_eq!(error.message(), format!("{power}, at one of 6 places: `9**i`, `10**i`, `11**i`, `12**i`, ..."));
    let k = 1i64 << 40;
    check(
        fails("i + k", args![i, k]),
        EvalErrorKind::Range,
        "`k` is 1099511627776, which is out of the range of i32\nhelp: cast what it is combined with: `i64(...)`, or pass `k` as a float",
    );
    check(
        fails("i + (k + 1)", args![i, k]),
        EvalErrorKind::Range,
        "what was computed from bare integers alone is out of the range of the type that it is combined with\n  |\n\
         1 | i + (k + 1)\n  |      ^^^^^\n\
         help: cast what it is combined with to a type that holds it, as in `i64(i)`; or pass floats",
    );
    let below: Array1<bool> = Expr::compile("i < k").unwrap().eval(args![i, k]).unwrap();
    assert_eq!(below, array![true, true, true]);
    let error = fails("~x", args![x = 1.5]);
    assert_eq!(error.kind(), EvalErrorKind::Type);
    assert!(error.to_string().contains('^'), "it shows the place: {error}");
}

#[test]
fn prepared() {
    let (a, b, f) = (array![1.0, 2.0], array![3.0, 4.0], array![1f32, 2.0]);
    let mut y = array![0.0, 0.0];
    let e = Expr::compile("a + b").unwrap();
    let call = e.prepare(["a", "b"], args![a, b]).unwrap();
    check(
        call.call([Arg::new(&a), Arg::new(&f)], &mut y).expect_err("type"),
        EvalErrorKind::Prepared,
        "argument 1 is an array of f32, but the call was prepared for an array of f64\nhelp: prepare another call for these types",
    );
    check(
        call.call([Arg::new(1.5), Arg::new(&b)], &mut y).expect_err("weak"),
        EvalErrorKind::Prepared,
        "argument 0 is a bare f64, but the call was prepared for an array of f64\nhelp: prepare another call for these types",
    );
    assert_eq!(
        call.call_slices([&[1.0], &[1.0, 2.0, 3.0]], &mut [0.0; 2]).expect_err("out").kind(),
        EvalErrorKind::Output
    );
    assert_eq!(
        call.call_slices([&[1.0, 2.0], &[1.0, 2.0, 3.0]], &mut [0.0; 3]).expect_err("shape").kind(),
        EvalErrorKind::Shape
    );
    assert_eq!(e.prepare(["a"], args![a, b]).err().expect("b").kind(), EvalErrorKind::MissingArgument);
    assert_eq!(e.prepare(["a", "a"], args![a, b]).err().expect("a").kind(), EvalErrorKind::DuplicateArgument);
    assert_eq!(e.prepare(["a", "b"], args![a]).err().expect("b").kind(), EvalErrorKind::MissingArgument);
}

#[test]
fn huge_texts_on_a_small_stack() {
    let work = || {
        let a = array![1.0, 2.0, 3.0];
        for open in ["(", "-(", "sin(", "[", "abs(1 + "] {
            let text = format!("{}a{}", open.repeat(200_000), ")".repeat(200_000));
            assert!(Expr::compile(&text).is_err());
        }
        let deep = format!("{}a{}", "-(".repeat(3000), ")".repeat(3000));
        assert_eq!(Expr::compile(&deep).unwrap().eval::<Array1<f64>>(args![a]).unwrap(), a);
        let long = vec!["a"; 10_000].join(" + ");
        assert_eq!(Expr::compile(&long).unwrap().eval::<Array1<f64>>(args![a]).unwrap(), &a * 10_000.0);
        let names: Vec<String> = (0..1000).map(|n| format!("x{n}")).collect();
        let args: Args = names.iter().map(|n| (n.as_str(), Arg::new(&a))).collect();
        let e = Expr::compile(&names.join(" + ")).unwrap();
        assert_eq!(e.eval::<Array1<f64>>(&args).unwrap(), &a * 1000.0);
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}
