//! What expressions mean, through the whole library: facts of NumPy 2, one a line, with every executor.

use ndarray::{Array1, Array2, ArrayD, IxDyn, array};
use tilexpr::{AnyArray, Args, DType, Executor, Expr, args};

const EXECUTORS: [Executor; 3] = [Executor::Auto, Executor::Interpreter, Executor::Cranelift];

/// The result as text: type, shape and elements.
fn show(text: &str, args: &Args) -> String {
    let mut shown: Vec<String> = EXECUTORS
        .map(|executor| {
            let expr = Expr::builder().executor(executor).compile(text).unwrap_or_else(|e| panic!("{e}"));
            let results: Vec<AnyArray> = expr.eval(args).unwrap_or_else(|e| panic!("{text}: {e}"));
            let outputs = expr.outputs(args).unwrap();
            assert_eq!(outputs, results.iter().map(|r| (r.dtype(), r.shape().to_vec())).collect::<Vec<_>>());
            results.iter().map(one).collect::<Vec<_>>().join("; ")
        })
        .to_vec();
    shown.dedup();
    assert_eq!(shown.len(), 1, "{text}: executors disagree: {shown:?}");
    shown.remove(0)
}

fn one(result: &AnyArray) -> String {
    match result {
        AnyArray::Bool(a) => format!("bool {a}"),
        AnyArray::I32(a) => format!("i32 {a}"),
        AnyArray::I64(a) => format!("i64 {a}"),
        AnyArray::F32(a) => format!("f32 {a:?}").split(", shape").next().unwrap().to_string(),
        AnyArray::F64(a) => format!("f64 {a:?}").split(", shape").next().unwrap().to_string(),
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
fn integers() {
    let i = array![7, -7, 0, i32::MIN, i32::MAX];
    let j = array![2, 2, 0, -1, 3];
    let l = array![7i64, -7, 0, i64::MIN, i64::MAX];
    let m = array![-2i64, -2, 0, -1, 2];
    check(
        &args![i, j, l, m],
        &[
            ("i + i", "i32 [14, -14, 0, 0, -2]"),
            ("i // j", "i32 [3, -4, 0, -2147483648, 715827882]"),
            ("i % j", "i32 [1, 1, 0, 0, 1]"),
            ("l // m", "i64 [-4, 3, 0, -9223372036854775808, 4611686018427387903]"),
            ("l % m", "i64 [-1, -1, 0, 0, 1]"),
            ("fmod(l, m)", "i64 [1, -1, 0, 0, 1]"),
            ("abs(i)", "i32 [7, 7, 0, -2147483648, 2147483647]"),
            ("-i", "i32 [-7, 7, 0, -2147483648, -2147483647]"),
            ("~i", "i32 [-8, 6, -1, 2147483647, -2147483648]"),
            ("sign(i)", "i32 [1, -1, 0, -1, 1]"),
            ("i << 31", "i32 [-2147483648, -2147483648, 0, 0, -2147483648]"),
            ("i << 32", "i32 [0, 0, 0, 0, 0]"),
            ("i >> 32", "i32 [0, -1, 0, -1, 0]"),
            ("i >> 1", "i32 [3, -4, 0, -1073741824, 1073741823]"),
            ("l << 64", "i64 [0, 0, 0, 0, 0]"),
            ("i ** 2", "i32 [49, 49, 0, 0, 1]"),
            ("i ** 3", "i32 [343, -343, 0, 0, 2147483647]"),
            ("i ** 0", "i32 [1, 1, 1, 1, 1]"),
            ("j ** abs(j)", "i32 [4, 4, 1, -1, 27]"),
            ("i + l", "i64 [14, -14, 0, 9223372034707292160, -9223372034707292162]"),
            (
                "i & 3, i | 8, i ^ i",
                "i32 [3, 1, 0, 0, 3]; i32 [15, -7, 8, -2147483640, 2147483647]; i32 [0, 0, 0, 0, 0]",
            ),
            ("i < 2**40", "bool [true, true, true, true, true]"),
            ("i == 2**70", "bool [false, false, false, false, false]"),
            ("sum(i)", "i64 -1"),
            ("prod(j)", "i64 0"),
            ("min(i), max(l)", "i32 -2147483648; i64 9223372036854775807"),
            ("mean(j)", "f64 1.2"),
            ("any(i), all(i)", "bool true; bool false"),
            ("0 < i <= 7", "bool [true, false, false, false, false]"),
            ("i if i > 0 else -1", "i32 [7, -1, -1, -1, 2147483647]"),
            ("where(i, 1, 0.5)", "f64 [1.0, 1.0, 0.5, 1.0, 1.0]"),
            ("clip(i, -5, 5)", "i32 [5, -5, 0, -5, 5]"),
            ("i / j", "f64 [3.5, -3.5, NaN, 2147483648.0, 715827882.3333334]"),
        ],
    );
}

#[test]
fn floats() {
    let x = array![5.5, -5.5, 0.0, -0.0, f64::NAN, f64::INFINITY, 1e300];
    let y = array![2.0, 2.0, -3.0, 0.0, 1.0, 3.0, -7.0];
    check(
        &args![x, y],
        &[
            ("x // y", "f64 [2.0, -3.0, -0.0, NaN, NaN, NaN, -1.4285714285714286e299]"),
            ("x % y", "f64 [1.5, 0.5, -0.0, NaN, NaN, NaN, -6.0]"),
            ("fmod(x, y)", "f64 [1.5, -1.5, 0.0, NaN, NaN, NaN, 1.0]"),
            ("x ** 2", "f64 [30.25, 30.25, 0.0, 0.0, NaN, inf, inf]"),
            ("x ** 0", "f64 [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]"),
            ("x ** -1", "f64 [0.18181818181818182, -0.18181818181818182, inf, -inf, NaN, 0.0, 1e-300]"),
            ("x ** 0.5 == sqrt(x)", "bool [true, false, true, true, false, true, true]"),
            ("maximum(x, 0.0)", "f64 [5.5, 0.0, 0.0, 0.0, NaN, inf, 1e300]"),
            ("maximum(0.0, x)", "f64 [5.5, 0.0, 0.0, -0.0, NaN, inf, 1e300]"),
            ("minimum(x, -0.0)", "f64 [-0.0, -5.5, -0.0, -0.0, NaN, -0.0, -0.0]"),
            ("sign(x)", "f64 [1.0, -1.0, 0.0, 0.0, NaN, 1.0, 1.0]"),
            (
                "floor(x), round(x)",
                "f64 [5.0, -6.0, 0.0, -0.0, NaN, inf, 1e300]; f64 [6.0, -6.0, 0.0, -0.0, NaN, inf, 1e300]",
            ),
            ("i32(x)", "i32 [5, -5, 0, 0, 0, 2147483647, 2147483647]"),
            ("i64(x)", "i64 [5, -5, 0, 0, 0, 9223372036854775807, 9223372036854775807]"),
            ("bool(x)", "bool [true, true, false, false, true, true, true]"),
            (
                "x == x, x != x",
                "bool [true, true, true, true, false, true, true]; bool [false, false, false, false, true, false, false]",
            ),
            ("isnan(x) | isinf(x)", "bool [false, false, false, false, true, true, false]"),
            ("isfinite(x)", "bool [true, true, true, true, false, false, true]"),
            ("max(x), min(y)", "f64 NaN; f64 -7.0"),
            ("copysign(y, x)", "f64 [2.0, -2.0, 3.0, -0.0, 1.0, 3.0, 7.0]"),
            ("-x", "f64 [-5.5, 5.5, -0.0, 0.0, NaN, -inf, -1e300]"),
            ("where(x > 0, x, nan)", "f64 [5.5, NaN, NaN, NaN, NaN, inf, 1e300]"),
            ("t = x*2; u = t + 1\nu - t", "f64 [1.0, 1.0, 1.0, 1.0, NaN, NaN, 0.0]"),
            ("f32(x) / 3", "f32 [1.8333334, -1.8333334, 0.0, -0.0, NaN, inf, inf]"),
        ],
    );
}

#[test]
fn bools() {
    let (p, q) = (array![true, true, false, false], array![true, false, true, false]);
    check(
        &args![p, q],
        &[
            ("p + q", "bool [true, true, true, false]"),
            ("p * q", "bool [true, false, false, false]"),
            ("p + 1", "i64 [2, 2, 1, 1]"),
            ("p ^ q", "bool [false, true, true, false]"),
            ("p and q or not p", "bool [true, false, true, true]"),
            ("p < q", "bool [false, false, true, false]"),
            ("p <= q", "bool [true, false, true, true]"),
            ("p > q, p >= q", "bool [false, true, false, false]; bool [true, true, false, true]"),
            ("p == q", "bool [true, false, false, true]"),
            ("~p", "bool [false, false, true, true]"),
            ("p / q", "f64 [1.0, inf, 0.0, NaN]"),
            ("sum(p)", "i64 2"),
            ("mean(p)", "f64 0.5"),
            ("min(p), max(p)", "bool false; bool true"),
            ("maximum(p, q)", "bool [true, true, true, false]"),
            ("logical_xor(p, 2)", "bool [false, false, true, true]"),
        ],
    );
}

#[test]
fn types() {
    let (b, i, l) = (array![true], array![1i32], array![1i64]);
    let (f, d) = (array![1f32], array![1.0]);
    let of = |text: &str| {
        let (k, m, w) = (3, 3i64, 0.5f32);
        Expr::compile(text).unwrap().output(args![b, i, l, f, d, k, m, w]).unwrap().0
    };
    for (text, dtype) in [
        ("i + f", DType::F64),
        ("b + f", DType::F32),
        ("f * 2.5", DType::F32),
        ("f * w", DType::F32),
        ("f * k", DType::F32),
        ("i * m", DType::I32),
        ("i * w", DType::F64),
        ("l * k", DType::I64),
        ("f * sqrt(2)", DType::F32),
        ("f * pi", DType::F32),
        ("f * f64(2)", DType::F64),
        ("k", DType::I64),
        ("w", DType::F64),
        ("i / i", DType::F64),
        ("f + d", DType::F64),
        ("sum(f)", DType::F32),
        ("sum(i)", DType::I64),
        ("mean(f)", DType::F32),
        ("mean(i)", DType::F64),
        ("min(i)", DType::I32),
        ("exp(i)", DType::F64),
        ("exp(f)", DType::F32),
        ("where(b, i, l)", DType::I64),
        ("i & l", DType::I64),
        ("1", DType::I64),
        ("1/2", DType::F64),
        ("True", DType::Bool),
    ] {
        assert_eq!(of(text), dtype, "{text}");
    }
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
    for executor in EXECUTORS {
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
    for executor in EXECUTORS {
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
