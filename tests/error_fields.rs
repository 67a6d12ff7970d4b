//! What an error says in words, it says in fields too.

use ndarray::{Array1, Array2};
use tilexpr::{AnyArray, Args, DType, Detail, EvalError, EvalErrorKind, Expr, args};

fn eval(text: &str, args: Args) -> EvalError {
    Expr::compile(text).unwrap().eval::<Vec<AnyArray>>(args).map(|_| ()).unwrap_err()
}

/// The fields: kind, place in the text, name of the argument, found, expected.
fn check(
    error: &EvalError,
    kind: EvalErrorKind,
    place: Option<&str>,
    argument: Option<&str>,
    found: &[Option<Detail>; 2],
    text: &str,
) {
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.span().map(|span| &text[span]), place, "{error}");
    assert_eq!(error.argument(), argument, "{error}");
    assert_eq!([error.found().cloned(), error.expected().cloned()], *found, "{error}");
}

const NOTHING: [Option<Detail>; 2] = [None, None];

#[test]
fn names() {
    let a = [1.0, 2.0];
    let missing = eval("a + b", args![a]);
    check(&missing, EvalErrorKind::MissingArgument, None, Some("b"), &NOTHING, "a + b");
    let twice = eval("a + 1", Args::new().with("a", &a).with("a", &a));
    check(&twice, EvalErrorKind::DuplicateArgument, None, Some("a"), &NOTHING, "a + 1");
    let constant = eval("a*pi", args![a, pi = 3.0]);
    check(&constant, EvalErrorKind::ConstantArgument, None, Some("pi"), &NOTHING, "a*pi");
}

#[test]
fn shapes() {
    let (a, b) = (Array2::<f64>::zeros((4, 2)), Array1::<f64>::zeros(3));
    let text = "a*2 + b";
    let found = [Some(Detail::Shape(vec![3])), Some(Detail::Shape(vec![4, 2]))];
    check(&eval(text, args![a, b]), EvalErrorKind::Shape, None, Some("b"), &found, text);
    let text = "1 + sum(a, axis=2)";
    let found = [Some(Detail::Number(2)), Some(Detail::Count(2))];
    check(&eval(text, args![a]), EvalErrorKind::Axis, Some("sum(a, axis=2)"), None, &found, text);
    let (text, empty) = ("1 + max(a)", Array1::<f64>::zeros(0));
    let found = [Some(Detail::Shape(vec![0])), None];
    check(&eval(text, args![a = &empty]), EvalErrorKind::EmptyReduction, Some("max(a)"), None, &found, text);
}

#[test]
fn types_and_ranges() {
    let (text, a) = ("1 + (a & 2)", [1.0]);
    let error = eval(text, args![a]);
    assert_eq!(error.kind(), EvalErrorKind::Type);
    assert!(text[error.span().unwrap()].contains('a'), "{error}");
    let found = [Some(Detail::Number(300)), Some(Detail::DType(DType::U8))];
    check(&eval("a + k", args![a = &[1_u8], k = 300]), EvalErrorKind::Range, None, Some("k"), &found, "a + k");
}

#[test]
fn outputs_and_results() {
    let (a, mut y, mut short) = ([1.0, 2.0], [0_i32; 2], [0.0]);
    let e = Expr::compile("a*2").unwrap();
    let found = [Some(Detail::DType(DType::I32)), Some(Detail::DType(DType::F64))];
    check(&e.eval_into(args![a], &mut y).unwrap_err(), EvalErrorKind::Output, None, None, &found, "");
    let found = [Some(Detail::Shape(vec![1])), Some(Detail::Shape(vec![2]))];
    check(&e.eval_into(args![a], &mut short).unwrap_err(), EvalErrorKind::Output, None, None, &found, "");
    check(
        &e.eval::<f64>(args![a]).unwrap_err(),
        EvalErrorKind::Result,
        None,
        None,
        &{ [Some(Detail::Shape(vec![2])), Some(Detail::Shape(vec![]))] },
        "",
    );
    let found = [Some(Detail::Count(1)), Some(Detail::Count(2))];
    check(&e.eval::<Array2<f64>>(args![a]).unwrap_err(), EvalErrorKind::Result, None, None, &found, "");
    check(&e.eval::<(f64, f64)>(args![a]).unwrap_err(), EvalErrorKind::Result, None, None, &found, "");
    let two = e.eval_into(args![a], &mut (&mut short, &mut y)).unwrap_err();
    check(&two, EvalErrorKind::Output, None, None, &[Some(Detail::Count(2)), Some(Detail::Count(1))], "");
}

#[test]
fn prepared_calls() {
    let (a, mut y) = ([1.0, 2.0], [0.0; 2]);
    let f = Expr::compile("b*a").unwrap().prepare_dyn(&["a", "b"], args![a, b = &a]).unwrap();
    let error = f.call(&[tilexpr::Arg::new(&a), tilexpr::Arg::new(&[1_u8])], &mut y).unwrap_err();
    let found = [Some(Detail::DType(DType::U8)), Some(Detail::DType(DType::F64))];
    check(&error, EvalErrorKind::Prepared, None, Some("b"), &found, "");
}

#[test]
fn details_as_text() {
    let all = [Detail::DType(DType::C64), Detail::Shape(vec![2, 3]), Detail::Count(4), Detail::Number(-5)];
    assert_eq!(all.map(|detail| detail.to_string()), ["c64", "[2, 3]", "4", "-5"]);
}
