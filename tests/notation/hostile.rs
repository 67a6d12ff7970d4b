//! Texts with indices that are made to cost much: they are refused, or cost little.

use std::fmt::Write;

use ndarray::{Array1, ArrayD, IxDyn};
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
