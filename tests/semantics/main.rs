//! What expressions mean, through the whole library: facts of NumPy 2, one a line, with every executor.

mod functions;
mod loops;
mod numbers;
mod random;
mod scans;

use ndarray::{Array1, Array2, ArrayD, IxDyn, array};
use tilexpr::{AnyArray, Args, DType, Executor, Expr, args};

/// The result as text: type, shape and elements.
fn show(text: &str, args: &Args) -> String {
    let mut shown: Vec<String> = Executor::available()
        .map(|executor| {
            let expr = Expr::builder().executor(executor).compile(text).unwrap_or_else(|e| panic!("{e}"));
            let results: Vec<AnyArray> = expr.eval(args).unwrap_or_else(|e| panic!("{text}: {e}"));
            let outputs = expr.outputs(args).unwrap();
            assert_eq!(outputs, results.iter().map(|r| (r.dtype(), r.shape().to_vec())).collect::<Vec<_>>());
            results.iter().map(one).collect::<Vec<_>>().join("; ")
        })
        .collect();
    shown.dedup();
    assert_eq!(shown.len(), 1, "{text}: executors disagree: {shown:?}");
    shown.remove(0)
}

fn one(result: &AnyArray) -> String {
    let floats = |shown: String| shown.split(", shape").next().unwrap().to_string();
    match result {
        AnyArray::F32(a) => floats(format!("f32 {a:?}")),
        AnyArray::F64(a) => floats(format!("f64 {a:?}")),
        AnyArray::Bool(a) => format!("bool {a}"),
        AnyArray::I8(a) => format!("i8 {a}"),
        AnyArray::I16(a) => format!("i16 {a}"),
        AnyArray::I32(a) => format!("i32 {a}"),
        AnyArray::I64(a) => format!("i64 {a}"),
        AnyArray::U8(a) => format!("u8 {a}"),
        AnyArray::U16(a) => format!("u16 {a}"),
        AnyArray::U32(a) => format!("u32 {a}"),
        AnyArray::U64(a) => format!("u64 {a}"),
        other => format!("{}", other.dtype()),
    }
}

fn check(args: &Args, table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(text, expected)| {
            let found = show(text, args);
            (found != *expected).then(|| format!("{text}: {found}, expected {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
#[test]
fn shapes_and_axes() {
    let m = Array2::from_shape_fn((2, 3), |(i, j)| (3 * i + j) as i32);
    let v = array![10, 20, 30];
    let one = ArrayD::from_elem(IxDyn(&[]), 5);
    let (none, hollow) = (Array1::<f64>::zeros(0), Array2::<f32>::zeros((0, 3)));
    check(
        &args![m, v, one, none, hollow],
        &[
            ("m + v", "i32 [[10, 21, 32],\n [13, 24, 35]]"),
            ("m + one", "i32 [[5, 6, 7],\n [8, 9, 10]]"),
            ("sum(m, 0), sum(m, axis=-1)", "i64 [3, 5, 7]; i64 [3, 12]"),
            ("sum(m, axis=(0, 1))", "i64 15"),
            ("sum(m, axis=1, keepdims=True)", "i64 [[3],\n [12]]"),
            ("m - sum(m, axis=0)", "i64 [[-3, -4, -5],\n [0, -1, -2]]"),
            ("sum(one), max(one), one*2", "i64 5; i32 5; i32 10"),
            ("sum(none), prod(none)", "f64 0.0; f64 1.0"),
            ("any(none), all(none)", "bool false; bool true"),
            ("mean(none)", "f64 NaN"),
            ("sum(hollow, axis=0)", "f32 [0.0, 0.0, 0.0]"),
            ("max(hollow, axis=1)", "f32 []"),
            ("mean(hollow, axis=0)", "f32 [NaN, NaN, NaN]"),
            ("none + 1", "f64 []"),
            ("where(True, 1, m)", "i32 [[1, 1, 1],\n [1, 1, 1]]"),
            ("(m*0 == 0) | True", "bool [[true, true, true],\n [true, true, true]]"),
            ("isnan(m)", "bool [[false, false, false],\n [false, false, false]]"),
            ("m ** 0", "i32 [[1, 1, 1],\n [1, 1, 1]]"),
            ("sum(1), mean(2), 3", "i64 1; f64 2.0; i64 3"),
        ],
    );
}

#[test]
fn sums_of_f32_are_carried_in_f64() {
    let x = Array1::from_elem(3000, 0.1f32);
    for executor in Executor::available() {
        let compile = |text| Expr::builder().executor(executor).compile(text).unwrap();
        let sum: f32 = compile("sum(x)").eval(args![x]).unwrap();
        assert_eq!(sum, (0.1f32 as f64 * 3000.0) as f32);
        let sum: Array1<f32> = compile("sum(x*x, axis=0)").eval(args![x = &x.to_shape((1000, 3)).unwrap()]).unwrap();
        assert_eq!(sum, Array1::from_elem(3, ((0.1f32 * 0.1) as f64 * 1000.0) as f32));
        let cubes: i64 = compile("sum(n)").eval(args![n = &[i32::MAX; 5]]).unwrap();
        assert_eq!(cubes, 5 * i64::from(i32::MAX));
    }
}

#[test]
fn a_sum_has_the_documented_order() {
    // Each lane's sum is told apart by magnitudes at which doubles round.
    let x: Vec<f64> = (0..1500).map(|k| f64::from(k % 97) * 1e15 + 0.1 * f64::from(k % 13)).collect();
    let block = |x: &[f64]| {
        let mut lanes = [-0.0f64; 8];
        x.iter().enumerate().for_each(|(k, x)| lanes[k % 8] += x);
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| lanes[i] + lanes[i + 4]);
        (a + c) + (b + d)
    };
    let expected = (block(&x[..512]) + block(&x[512..1024])) + block(&x[1024..]);
    for executor in Executor::available() {
        let sum = Expr::builder().executor(executor).compile("sum(x)").unwrap();
        assert_eq!(sum.eval::<f64>(args![x]).unwrap().to_bits(), expected.to_bits());
    }
    let negative = [-0.0; 9];
    let zero: f64 = Expr::compile("sum(x)").unwrap().eval(args![x = &negative]).unwrap();
    assert!(zero.is_sign_negative(), "zeros of one sign keep it");
}

#[test]
fn results_as_a_tuple() {
    let x = array![1.0, 2.0, 3.0];
    let e = Expr::compile("t = x*2; t, sum(t), t > 3").unwrap();
    let (t, sum, above): (Array1<f64>, f64, Array1<bool>) = e.eval(args![x]).unwrap();
    assert_eq!((t, sum, above), (array![2.0, 4.0, 6.0], 12.0, array![false, true, true]));
    let y: f64 = tilexpr::eval!("k**2 + x", k = 3.0, x = 1.0).unwrap();
    assert_eq!(y, 10.0);
}
