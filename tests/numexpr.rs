//! What numexpr 2.14 gets wrong, or has no way to say, is right here. Each test is named after the item; values on all
//! executors.

use std::fmt::Debug;

use ndarray::{Array1, Array2, ArrayD, Axis, array, aview1};
use num_complex::Complex;
use tilexpr::{AnyArray, Arg, Args, Casting, DType, EvalErrorKind, Executor, Expr, FromResult, Threads, args};

/// The result, the same from all executors. (A NaN equals any.)
fn eval<R: FromResult + Debug>(text: &str, args: &Args) -> R {
    let by = |executor| -> R {
        let expr = Expr::builder().executor(executor).compile(text).unwrap_or_else(|e| panic!("{e}"));
        expr.eval(args).unwrap_or_else(|e| panic!("{text}: {e}"))
    };
    let one = by(Executor::Interpreter);
    for executor in Executor::available() {
        assert_eq!(format!("{one:?}"), format!("{:?}", by(executor)), "{text}: executors disagree");
    }
    one
}

fn dtype(text: &str, args: &Args) -> DType {
    Expr::compile(text).unwrap().output(args).unwrap().0
}

type C128 = Complex<f64>;

#[test]
fn bytes_have_no_sign_and_the_empty_string_is_first() {
    let rows = |strings: &[[u8; 2]]| Array2::from_shape_fn((strings.len(), 2), |(i, j)| strings[i][j]);
    let (a, b) = (rows(&[[0xff, 0], [0, 0], *b"ab"]), rows(&[*b"a\0", *b"x\0", *b"a\0"]));
    let given = Args::new().with("a", Arg::strings(&a).unwrap()).with("b", Arg::strings(&b).unwrap());
    assert_eq!(eval::<Array1<bool>>("a > b", &given), array![true, false, true]);
    assert_eq!(eval::<Array1<bool>>("a < 'a'", &given), array![false, true, false]);
    assert_eq!(eval::<Array1<bool>>("'' < a", &given), array![true, false, true]);
    assert_eq!(eval::<Array1<bool>>("contains(a, '')", &given), array![true, true, true]);
}

mod integers {
    use super::*;

    #[test]
    fn the_least_divided_by_minus_1() {
        let (a, b) = (array![i32::MIN], array![-1]);
        assert_eq!(eval::<(Array1<i32>, Array1<i32>)>("a // b, a % b", &args![a, b]), (array![i32::MIN], array![0]));
        let (a, b) = (array![i64::MIN], array![-1i64]);
        assert_eq!(eval::<(Array1<i64>, Array1<i64>)>("a // b, a % b", &args![a, b]), (array![i64::MIN], array![0]));
        assert_eq!(eval::<Array1<i64>>("a // -1", &args![a]), array![i64::MIN]);
        let (a, b) = (array![i8::MIN], array![-1i8]);
        assert_eq!(eval::<(Array1<i8>, Array1<i8>)>("a // b, a % b", &args![a, b]), (array![i8::MIN], array![0]));
    }

    #[test]
    fn remainder_by_a_large_divisor() {
        let (a, b) = (array![2_147_483_646, -1], array![2_147_483_647, i32::MIN]);
        assert_eq!(eval::<Array1<i32>>("a % b", &args![a, b]), array![2_147_483_646, -1]);
    }

    #[test]
    fn a_literal_on_the_left() {
        let a = array![1, 2, 3];
        let found: (Array1<i32>, Array1<i32>, Array1<i32>, Array1<i32>) =
            eval("7 // a, 2 & a, 2 | a, 2 ^ a", &args![a]);
        assert_eq!(found, (array![7, 3, 2], array![0, 2, 2], array![3, 2, 3], array![3, 0, 1]));
    }

    #[test]
    fn powers_wrap_and_are_exact() {
        let (a, b) = (array![3, 7, -2], array![21, 12, 31]);
        let wrapped = array![3_i32.wrapping_pow(21), 7_i32.wrapping_pow(12), i32::MIN];
        assert_eq!(eval::<Array1<i32>>("a**b", &args![a, b]), wrapped);
        let (a, b) = (array![3_i64, 3], array![39_i64, 41]);
        assert_eq!(eval::<Array1<i64>>("a**b", &args![a, b]), array![3_i64.pow(39), 3_i64.wrapping_pow(41)]);
    }

    #[test]
    fn a_negative_power_is_an_error() {
        let (a, b) = (array![2, -1, 0], array![-1, -1, -1]);
        let error = Expr::compile("a**b").unwrap().eval::<Array1<i32>>(args![a, b]).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::Fault);
    }

    #[test]
    fn small_ones_stay_small() {
        let (a, b) = (array![100_i8, -128], array![100_i8, 1]);
        assert_eq!(eval::<Array1<i8>>("a + b", &args![a, b]), array![-56, -127]);
        let u = array![250_u8, 3];
        assert_eq!(eval::<Array1<u8>>("u + 10", &args![u]), array![4, 13]);
        let w = array![65_535_u16];
        assert_eq!(eval::<Array1<u16>>("w // 2", &args![w]), array![32_767]);
    }

    #[test]
    fn u64_is_not_narrowed() {
        let (u, i) = (array![(1_u64 << 63) + 5], array![1_i64]);
        assert_eq!(eval::<Array1<u64>>("u + 1", &args![u]), array![(1_u64 << 63) + 6]);
        assert_eq!(eval::<(Array1<bool>, Array1<bool>)>("u > i, u == i", &args![u, i]), (array![true], array![false]));
        assert_eq!(eval::<u64>("sum(u)", &args![u]), (1 << 63) + 5);
    }

    #[test]
    fn magnitude_sign_and_rounding_stay_integers() {
        let a = array![-3, 4];
        let found: (Array1<i32>, Array1<i32>, Array1<i32>, Array1<i32>) =
            eval("abs(a), sign(a), floor(a), round(a)", &args![a]);
        assert_eq!(found, (array![3, 4], array![-1, 1], array![-3, 4], array![-3, 4]));
    }

    #[test]
    fn maximum_is_exact_above_2_to_53() {
        let a = array![(1_i64 << 53) + 1, i64::MAX];
        assert_eq!(eval::<Array1<i64>>("maximum(a, 0)", &args![a]), a);
        assert_eq!(eval::<Array1<i64>>("minimum(a, a + 0)", &args![a]), a);
    }

    #[test]
    fn a_large_literal() {
        let a = array![1_i64, -1];
        assert_eq!(eval::<Array1<bool>>("a < 2**70", &args![a]), array![true, true]);
        assert!(Expr::compile("a + 2**70").unwrap().eval::<Array1<i64>>(args![a]).is_err());
        assert_eq!(eval::<Array1<f64>>("a + 2.0**70", &args![a]), array![2_f64.powi(70), 2_f64.powi(70)]);
    }

    #[test]
    fn bools_are_small_integers() {
        let p = array![true, false, true];
        assert_eq!(eval::<i64>("sum(p)", &args![p]), 2);
        assert_eq!(eval::<Array1<i8>>("p // True", &args![p]), array![1, 0, 1]);
        assert_eq!(eval::<Array1<i8>>("p ** False", &args![p]), array![1, 1, 1]);
        assert!(Expr::compile("p - p").unwrap().eval::<AnyArray>(args![p]).is_err());
    }
}

mod floats {
    use super::*;

    #[test]
    fn f32_times_a_literal_stays_f32() {
        let f = array![0.1_f32, 3.0];
        assert_eq!(eval::<Array1<f32>>("f*2.0 + 0.5", &args![f]), f.mapv(|x| x * 2.0 + 0.5));
        assert_eq!(eval::<Array1<f32>>("k*f", &args![f, k = 0.1]), f.mapv(|x| 0.1 * x));
        assert_eq!(eval::<Array1<bool>>("f > 0.1", &args![f]), array![false, true]);
        assert_eq!(dtype("f*sqrt(2)", &args![f]), DType::F32);
    }

    #[test]
    fn integers_beside_f32_keep_their_digits() {
        let (i, f) = (array![16_777_217], array![16_777_216_f32]);
        assert_eq!(eval::<Array1<bool>>("i == f", &args![i, f]), array![false]);
        assert_eq!(eval::<Array1<f64>>("i + f", &args![i, f]), array![33_554_433.0]);
    }

    #[test]
    fn division_by_a_constant_divides() {
        let x = Array1::from_shape_fn(10_000, |k| (k as f64 * 0.7310585786300049).sin() * 1e3);
        assert_eq!(eval::<Array1<f64>>("x/3.0", &args![x]), x.mapv(|x| x / 3.0));
    }

    #[test]
    fn a_power_of_a_negative_zero_and_infinity() {
        let (z, i) = (array![-0.0], array![f64::NEG_INFINITY]);
        assert_eq!(eval::<Array1<f64>>("z**-0.5", &args![z]), array![f64::INFINITY]);
        assert_eq!(eval::<Array1<f64>>("i**2.5", &args![i]), array![f64::INFINITY]);
        assert_eq!(eval::<Array1<f64>>("i**-2.5", &args![i]), array![0.0]);
    }

    #[test]
    fn a_literal_power_is_within_1_ulp() {
        let x = Array1::from_shape_fn(4_000, |k| 0.5 + k as f32 * 1.7e-3);
        let y: Array1<f32> = eval("x**7", &args![x]);
        for (&x, &y) in x.iter().zip(&y) {
            // Exact to far beyond f32.
            let exact = f64::from(x).powi(7);
            let ulp = f64::from(f32::from_bits(y.to_bits() + 1)) - f64::from(y);
            assert!((f64::from(y) - exact).abs() <= ulp, "{x}**7 = {exact}, not {y}");
        }
    }

    #[test]
    fn floor_division_and_remainder() {
        let (a, b) = (array![1.0, 5.0, 1e20, f64::INFINITY, -1.0], array![0.1, f64::INFINITY, 3.0, 3.0, f64::INFINITY]);
        let (quotient, rest): (Array1<f64>, Array1<f64>) = eval("a // b, a % b", &args![a, b]);
        assert_eq!(format!("{quotient}"), "[9, 0, 33333333333333330000, NaN, -1]");
        assert_eq!(rest[0].to_bits(), 0.09999999999999995_f64.to_bits());
        assert_eq!((rest[1], rest[2], rest[4]), (5.0, 1.0, f64::INFINITY));
        assert!(rest[3].is_nan());
        let (a, b) = (array![0.0, -0.0, -3.0], array![-3.0, 3.0, 3.0]);
        let rest: Array1<f64> = eval("a % b", &args![a, b]);
        assert_eq!(format!("{rest:?}"), format!("{:?}", array![-0.0, 0.0, 0.0]));
    }

    #[test]
    fn functions_of_f32_are_f32() {
        let f = array![1.5_f32, -2.25];
        for text in
            ["round(f)", "sign(f)", "trunc(f)", "hypot(f, f)", "copysign(f, -f)", "maximum(f, 0)", "minimum(f, f)"]
        {
            assert_eq!(dtype(text, &args![f]), DType::F32, "{text}");
        }
        assert_eq!(dtype("nextafter(f, 2)", &args![f]), DType::F32);
    }

    #[test]
    fn nextafter_of_f32_is_the_next_f32() {
        let f = array![1_f32, 0.0, -1.0];
        let next = array![f32::from_bits(0x3f80_0001), f32::from_bits(1), f32::from_bits(0xbf7f_ffff)];
        assert_eq!(eval::<Array1<f32>>("nextafter(f, 2)", &args![f]), next);
    }

    #[test]
    fn near_zero() {
        let x = array![1e-17, -1e-300];
        assert_eq!(eval::<Array1<f64>>("expm1(x)", &args![x]), x);
        assert_eq!(eval::<Array1<f64>>("log1p(x)", &args![x]), x);
    }

    #[test]
    fn a_constant_division_by_zero_is_no_error() {
        let a = array![1.0];
        assert_eq!(eval::<Array1<f64>>("a + 1/0", &args![a]), array![f64::INFINITY]);
        assert_eq!(eval::<Array1<f64>>("a + 1e400", &args![a]), array![f64::INFINITY]);
    }

    /// Constants are one where they are the same to the bit, and of the same type.
    #[test]
    fn equal_constants_that_differ() {
        let a = array![2.0];
        let found: (Array1<f64>, Array1<f64>) = eval("copysign(a, 0.0), copysign(a, -0.0)", &args![a]);
        assert_eq!(found, (array![2.0], array![-2.0]));
        let i = array![2];
        let found: (Array1<i32>, Array1<f64>, Array1<i32>) = eval("i*1, i*1.0, i*True", &args![i]);
        assert_eq!(found, (array![2], array![2.0], array![2]));
        let found: (Array1<f64>, Array1<f64>) = eval("where(a > 0, nan, 1), where(a > 3, nan, 1)", &args![a]);
        assert!(found.0[0].is_nan() && found.1[0] == 1.0);
        assert_eq!(eval::<Array1<f64>>("7 - a - 3 - 7*a/3", &args![a]), array![7.0 - 2.0 - 3.0 - 14.0 / 3.0]);
    }

    #[test]
    fn named_constants() {
        assert_eq!(eval::<f64>("2*pi", &args![]), std::f64::consts::TAU);
        assert!(eval::<f64>("nan", &args![]).is_nan());
    }
}

mod complex {
    use super::*;

    fn close(z: C128, w: C128) {
        assert!((z - w).norm() <= 1e-15 * w.norm(), "{z} is not {w}");
    }

    #[test]
    fn nothing_overflows_between() {
        let z = array![C128::new(1e200, 1e200), C128::new(1e308, 1e308)];
        let size: Array1<f64> = eval("abs(z)", &args![z]);
        assert_eq!(size[0], 1e200_f64.hypot(1e200));
        let inverse: Array1<C128> = eval("1/z", &args![z]);
        close(inverse[0], C128::new(5e-201, -5e-201));
        let root: Array1<C128> = eval("sqrt(z)", &args![z]);
        close(root[1] / 1e154, C128::new(1e154, 0.0) / 1e154 * C128::new(1.09868411346781, 0.45508986056222733));
    }

    #[test]
    fn arcsinh_of_a_large_negative_number() {
        let z = array![C128::new(-1e8, 0.0)];
        let found: Array1<C128> = eval("arcsinh(z)", &args![z]);
        close(found[0], C128::new(-19.113_827_924_512_31, 0.0));
    }

    #[test]
    fn tangents_of_large_numbers() {
        let (z, w) = (array![C128::new(0.5, 800.0)], array![C128::new(800.0, 0.5)]);
        let found: (Array1<C128>, Array1<C128>) = eval("tan(z), tanh(w)", &args![z, w]);
        close(found.0[0], C128::new(0.0, 1.0));
        close(found.1[0], C128::new(1.0, 0.0));
    }

    #[test]
    fn single_precision_stays() {
        let z = array![Complex::new(1.5_f32, -2.0)];
        let f = array![2_f32];
        assert_eq!(eval::<Array1<Complex<f32>>>("z*f + 0.5", &args![z, f]), array![Complex::new(3.5_f32, -4.0)]);
        assert_eq!(eval::<Array1<f32>>("abs(z)", &args![z]), array![2.5]);
    }

    #[test]
    fn the_conjugate_and_parts_of_real_numbers_are_real() {
        let (f, x) = (array![2_f32], array![2.0]);
        assert_eq!(dtype("conj(x)", &args![x]), DType::F64);
        assert_eq!(eval::<(Array1<f32>, Array1<f32>)>("f.real, f.imag", &args![f]), (array![2.0], array![0.0]));
    }

    #[test]
    fn a_copy_keeps_both_parts() {
        let z = array![C128::new(1.0, -2.0)];
        let one = array![C128::new(1.0, 0.0)];
        assert_eq!(eval::<(Array1<C128>, Array1<C128>)>("copy(z), ones_like(z)", &args![z]), (z.clone(), one));
    }
}

mod choice {
    use super::*;

    #[test]
    fn a_constant_condition_does_not_change_the_type() {
        let (i, x) = (array![3], array![0.5]);
        assert_eq!(eval::<Array1<f64>>("where(True, i, x)", &args![i, x]), array![3.0]);
        assert_eq!(dtype("i if False else x", &args![i, x]), DType::F64);
    }

    #[test]
    fn any_condition() {
        let (i, a) = (array![0, 5, -1], array![1.0, 2.0, 3.0]);
        assert_eq!(eval::<Array1<f64>>("where(i, a, -a)", &args![i, a]), array![-1.0, 2.0, 3.0]);
        assert_eq!(eval::<Array1<f64>>("a if i > 0 else 0", &args![i, a]), array![0.0, 2.0, 0.0]);
    }

    #[test]
    fn comparisons_chain_and_bools_combine() {
        let a = array![0.5, 1.5, 3.5];
        assert_eq!(eval::<Array1<bool>>("1 < a < 3", &args![a]), array![false, true, false]);
        assert_eq!(eval::<Array1<bool>>("not (a > 1 and a < 3) or a == 1.5", &args![a]), array![true, true, true]);
        let error = Expr::compile("a is b").unwrap_err().to_string();
        assert!(error.contains("`is`"), "{error}");
    }

    #[test]
    fn nan_in_maximum_and_minimum() {
        let (a, b) = (array![f64::NAN, 1.0], array![1.0, f64::NAN]);
        let found: Array1<f64> = eval("maximum(a, b) + minimum(b, a)", &args![a, b]);
        assert!(found.iter().all(|x| x.is_nan()));
    }
}

mod reductions {
    use super::*;

    #[test]
    fn anywhere_in_an_expression() {
        let a = array![[1.0, 2.0], [3.0, 6.0]];
        assert_eq!(eval::<f64>("sum(a)*2", &args![a]), 24.0);
        assert_eq!(eval::<f64>("-sum(a)", &args![a]), -12.0);
        assert_eq!(eval::<f64>("sqrt(sum(a) + 4)", &args![a]), 4.0);
        assert_eq!(eval::<f64>("sum(sum(a, 0))", &args![a]), 12.0);
        assert_eq!(eval::<f64>("sum(a)/sum(a)", &args![a]), 1.0);
        assert_eq!(eval::<i64>("sum(3)", &args![]), 3);
        assert_eq!(eval::<Array2<f64>>("a - sum(a)", &args![a]), &a - 12.0);
        assert_eq!(eval::<Array2<f64>>("a - mean(a, axis=0)", &args![a]), array![[-1.0, -2.0], [1.0, 2.0]]);
    }

    #[test]
    fn several_in_one_pass() {
        let a = Array1::from_iter((1..=1000).map(f64::from));
        let found: (f64, f64, f64, f64) = eval("sum(a), min(a), max(a), mean(a*a)", &args![a]);
        assert_eq!(found, (500_500.0, 1.0, 1000.0, 333_833.5));
        let text = Expr::compile("sum(a), min(a), max(a)").unwrap().explain(args![a]).unwrap().to_string();
        assert!(text.contains("sum") && text.contains("min") && text.contains("max"), "{text}");
    }

    #[test]
    fn axes() {
        let a = Array1::from_iter(0..24).into_shape_with_order((2, 3, 4)).unwrap();
        assert_eq!(eval::<Array2<i64>>("sum(a, axis=-1)", &args![a]), a.mapv(i64::from).sum_axis(Axis(2)));
        assert_eq!(eval::<Array1<i64>>("sum(a, axis=(0, -1))", &args![a]), array![60, 92, 124]);
        let kept: ArrayD<i64> = eval("sum(a, axis=(0, 2), keepdims=True)", &args![a]);
        assert_eq!(kept.shape(), [1, 3, 1]);
        let error = Expr::compile("sum(a, axis=3)").unwrap().eval::<AnyArray>(args![a]).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::Axis);
        let b = array![[1.0], [2.0]];
        assert_eq!(eval::<Array1<f64>>("sum(b, axis=1)", &args![b]), array![1.0, 2.0]);
    }

    #[test]
    fn sums_of_small_integers_do_not_wrap() {
        let a = Array1::from_elem(3, i32::MAX);
        assert_eq!(eval::<i64>("sum(a)", &args![a]), 3 * i64::from(i32::MAX));
        let a = Array1::from_elem(1000, 200_u8);
        assert_eq!(eval::<u64>("sum(a)", &args![a]), 200_000);
        assert_eq!(eval::<i64>("sum(a > 100)", &args![a]), 1000);
    }

    #[test]
    fn a_sum_of_f32_keeps_its_digits() {
        let a = Array1::from_elem(1 << 17, 0.1_f32);
        assert_eq!(eval::<f32>("sum(a)", &args![a]), 13_107.2);
    }

    #[test]
    fn min_and_max_of_integers() {
        let (a, b, c) = (array![5, -7, i32::MIN], array![3_i16, 9], array![200_u8, 7]);
        assert_eq!(eval::<(i32, i32)>("min(a), max(a)", &args![a]), (i32::MIN, 5));
        assert_eq!(eval::<(i16, i16)>("min(b), max(b)", &args![b]), (3, 9));
        assert_eq!(eval::<(u8, u8)>("min(c), max(c)", &args![c]), (7, 200));
        let a = array![(1_i64 << 53) + 1, (1 << 53) + 2];
        assert_eq!(eval::<(i64, i64)>("min(a), max(a)", &args![a]), ((1 << 53) + 1, (1 << 53) + 2));
    }

    #[test]
    fn a_nan_is_the_least_and_the_greatest() {
        let a = array![1.0, f64::NAN, 3.0];
        let found: (f64, f64) = eval("min(a), max(a)", &args![a]);
        assert!(found.0.is_nan() && found.1.is_nan());
    }

    #[test]
    fn of_nothing() {
        let a = Array2::<f64>::zeros((0, 3));
        assert_eq!(eval::<f64>("sum(a)", &args![a]), 0.0);
        assert_eq!(eval::<Array1<f64>>("prod(a, axis=0)", &args![a]), array![1.0, 1.0, 1.0]);
        assert_eq!(eval::<Array1<f64>>("sum(a, axis=1)", &args![a]).len(), 0);
        let error = Expr::compile("max(a)").unwrap().eval::<f64>(args![a]).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::EmptyReduction);
    }

    #[test]
    fn on_all_threads() {
        let a = Array1::from_shape_fn(300_000, |k| (k as f64).sqrt());
        let one = Expr::compile("sum(a) + max(a)").unwrap().with_threads(Threads::Serial);
        let all = Expr::builder().serial_below(1).compile("sum(a) + max(a)").unwrap();
        assert_eq!(one.eval::<f64>(args![a]).unwrap().to_bits(), all.eval::<f64>(args![a]).unwrap().to_bits());
    }
}

mod shapes_and_outputs {
    use super::*;

    #[test]
    fn empty_arrays_broadcast() {
        let (a, b, c) = (Array1::<f64>::zeros(0), Array2::<f64>::zeros((3, 1)), Array1::<f64>::zeros(4));
        assert_eq!(eval::<Array2<f64>>("a + b", &args![a, b]).dim(), (3, 0));
        let error = Expr::compile("a + c").unwrap().eval::<AnyArray>(args![a, c]).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::Shape);
        let mut out = Array2::<f64>::zeros((3, 0));
        Expr::compile("a + b").unwrap().eval_into(args![a, b], &mut out).unwrap();
    }

    /// An output that overlaps an input cannot be written in safe Rust; in place reads all that it needs first.
    #[test]
    fn in_place_reads_before_it_writes() {
        let first = Array2::from_shape_fn((300, 40), |(i, j)| (i * 7 + j * 3) as f64);
        for executor in Executor::available() {
            let update = |text: &str, u: &mut Array2<f64>| {
                let expr = Expr::builder().executor(executor).serial_below(1).tile(64).compile(text).unwrap();
                expr.update("u", u, args![]).unwrap();
            };
            let mut u = first.clone();
            update("u - max(u, axis=0)", &mut u);
            assert_eq!(u, &first - &first.row(299));
            let mut u = first.clone();
            update("u/min(u + 1)", &mut u);
            assert_eq!(u, first);
        }
        let (mut u, mut v) = (array![1.0, 2.0], array![3.0, 4.0]);
        Expr::compile("v - u, u").unwrap().update(["u", "v"], &mut (&mut u, &mut v), args![]).unwrap();
        assert_eq!((u, v), (array![2.0, 2.0], array![1.0, 2.0]));
    }

    #[test]
    fn into_a_larger_and_a_narrower_array() {
        let a = array![0.1, 0.2];
        let mut out = Array2::<f64>::zeros((3, 2));
        Expr::compile("2*a").unwrap().eval_into(args![a], &mut out).unwrap();
        assert!(out.rows().into_iter().all(|row| row == aview1(&[0.2, 0.4])));
        Expr::compile("2.5").unwrap().eval_into(args![], &mut out).unwrap();
        assert!(out.iter().all(|&x| x == 2.5));
        let mut narrow = array![0_f32, 0.0];
        assert!(Expr::compile("2*a").unwrap().eval_into(args![a], &mut narrow).is_err());
        let lax = Expr::builder().casting(Casting::SameKind).compile("2*a").unwrap();
        lax.eval_into(args![a], &mut narrow).unwrap();
        assert_eq!(narrow, array![0.2, 0.4]);
    }

    #[test]
    fn one_compiled_expression_on_many_threads() {
        let e = Expr::compile("sqrt(a)*b + sum(a)").unwrap();
        std::thread::scope(|scope| {
            for n in 1..9_usize {
                let e = &e;
                scope.spawn(move || {
                    let a = Array1::from_shape_fn(n * 500, |k| ((k % 50) * (k % 50)) as f64);
                    let (b, total) = (n as f64, a.sum());
                    for _ in 0..50 {
                        let y: Array1<f64> = e.eval(args![a, b]).unwrap();
                        assert!(y.iter().zip(&a).all(|(&y, &a)| y == a.sqrt() * b + total));
                    }
                });
            }
        });
    }
}

mod limits {
    use super::*;

    fn numbered(count: usize, one: impl Fn(usize) -> String) -> String {
        (0..count).map(one).collect::<Vec<_>>().join(" + ")
    }

    #[test]
    fn more_than_63_inputs() {
        let arrays: Vec<Array1<f64>> = (0..300).map(|k| array![f64::from(k), 1.0]).collect();
        let names: Vec<String> = (0..300).map(|k| format!("x{k}")).collect();
        let args = names.iter().zip(&arrays).fold(Args::new(), |args, (name, array)| args.with(name, array));
        let text = numbered(300, |k| format!("x{k}"));
        assert_eq!(eval::<Array1<f64>>(&text, &args), array![299.0 * 150.0, 300.0]);
    }

    #[test]
    fn more_than_255_constants() {
        let a = array![1.0, 2.0];
        let text = numbered(1000, |k| format!("a*{k}.5"));
        assert_eq!(eval::<Array1<f64>>(&text, &args![a]), array![500_000.0, 1_000_000.0]);
    }

    #[test]
    fn long_sums_and_deep_brackets() {
        let a = array![1, 2];
        let sum = numbered(5000, |k| if k % 2 == 0 { "a".into() } else { "2*a".into() });
        assert_eq!(eval::<Array1<i32>>(&sum, &args![a]), array![7500, 15000]);
        let deep = "(".repeat(20_000) + "a" + &"+1)".repeat(20_000);
        assert_eq!(Expr::compile(&deep).unwrap().eval::<Array1<i32>>(args![a]).unwrap(), array![20_001, 20_002]);
    }

    #[test]
    fn text_is_never_executed() {
        for text in ["(3+1).bit_length()", "a.__class__", "lambda: 1", "[x for x in a]", "__import__('os')"] {
            assert!(Expr::compile(text).is_err(), "{text}");
        }
        // What its filter refused although it is right.
        for text in ["4.0e-9*a", "a + 1.5j", "__a__ + 1", "t = a*a; t"] {
            assert!(Expr::compile(text).is_ok(), "{text}");
        }
    }
}
