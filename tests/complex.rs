//! Complex numbers, through the whole library: both executors, every layout, in place, beside real numbers.

mod common;

use common::pool;
use ndarray::{Array1, Array2, ArrayD, array, s};
use num_complex::{Complex, Complex32, Complex64};
use tilexpr::{AnyArray, Arg, Args, Casting, DType, Executor, Expr, Threads, args};

fn c(re: f64, im: f64) -> Complex64 {
    Complex::new(re, im)
}

/// Some numbers, of all quadrants and sizes.
fn numbers(n: usize) -> Array1<Complex64> {
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64 * 8.0 - 4.0
    };
    Array1::from_shape_simple_fn(n, || c(next(), next()))
}

fn bits(a: &ArrayD<Complex64>) -> Vec<(u64, u64)> {
    a.iter().map(|z| (z.re.to_bits(), z.im.to_bits())).collect()
}

#[test]
fn every_layout_executor_and_thread_count_gives_the_same_bits() {
    let (z, x) = (numbers(3 * 1000), Array1::from_shape_fn(3000, |i| i as f64 / 7.0 - 200.0));
    let texts = [
        "z*conj(z) + x",
        "exp(z)/(1 + z*z)",
        "sqrt(z) - z**3 + 2j",
        "where(z.real > 0, z, conj(z))",
        "abs(z)*1j",
        "sum(z)",
        "prod(z/abs(z))",
        "mean(z*x)",
        "std(z)*1j",
        "arctan(z) + log(z)*sin(x)",
    ];
    for text in texts {
        let mut first: Option<Vec<(u64, u64)>> = None;
        // A matrix whose rows are apart, its transpose, and backwards.
        let gaps = {
            let mut room = Array2::from_elem((60, 100), c(f64::NAN, f64::NAN));
            room.slice_mut(s![..;2, ..]).assign(&z.view().into_shape_with_order((30, 100)).unwrap());
            room
        };
        let transposed = z.view().into_shape_with_order((30, 100)).unwrap().t().as_standard_layout().to_owned();
        let x = x.view().into_shape_with_order((30, 100)).unwrap();
        let backwards = z.slice(s![..;-1]).to_owned();
        let backwards = backwards.slice(s![..;-1]);
        let backwards = backwards.to_shape((30, 100)).unwrap();
        for executor in Executor::available() {
            for threads in [1, 2, 7] {
                let builder =
                    Expr::builder().executor(executor).threads(pool(threads)).grain(0).serial_below(0).tile(700);
                let expr = builder.compile(text).unwrap();
                let views = [gaps.slice(s![..;2, ..]), transposed.t(), backwards.view()];
                for view in views {
                    let found: AnyArray = expr.eval(args![z = view, x = x]).unwrap();
                    let AnyArray::C128(found) = found else { panic!("{text}: {}", found.dtype()) };
                    let found = bits(&found);
                    assert_eq!(*first.get_or_insert(found.clone()), found, "{text}, {executor:?}, {threads} threads");
                }
            }
        }
    }
}

#[test]
fn arithmetic_is_that_of_complex_numbers() {
    let (a, b) = (numbers(100), numbers(103).slice(s![3..]).to_owned());
    for executor in Executor::available() {
        let eval = |text: &str| -> Array1<Complex64> {
            Expr::builder().executor(executor).compile(text).unwrap().eval(args![a, b]).unwrap()
        };
        assert_eq!(eval("a + b"), &a + &b);
        assert_eq!(eval("a - b"), &a - &b);
        let near = |found: Array1<Complex64>, expected: Array1<Complex64>| {
            for (x, y) in found.iter().zip(&expected) {
                assert!((x - y).norm() <= 1e-14 * y.norm(), "{x} {y}");
            }
        };
        near(eval("a*b"), &a * &b);
        near(eval("a/b"), &a / &b);
        near(eval("sqrt(a)"), a.mapv(|z| z.sqrt()));
        near(eval("exp(a)"), a.mapv(|z| z.exp()));
        near(eval("log(a)"), a.mapv(|z| z.ln()));
        near(eval("a**b"), a.iter().zip(&b).map(|(z, w)| z.powc(*w)).collect());
        near(eval("a**-3"), a.mapv(|z| z.powi(-3)));
    }
}

#[test]
fn nothing_overflows_that_need_not() {
    let z = array![c(1e200, 1e200), c(-1e8, 0.0), c(1e308, 1e308), c(1e-200, -1e-200), c(5e-324, 0.0)];
    for executor in Executor::available() {
        let real = |text: &str| -> Array1<f64> {
            Expr::builder().executor(executor).compile(text).unwrap().eval(args![z]).unwrap()
        };
        let both = |text: &str| -> Array1<Complex64> {
            Expr::builder().executor(executor).compile(text).unwrap().eval(args![z]).unwrap()
        };
        assert!((real("abs(z)")[0] / 2f64.sqrt() / 1e200 - 1.0).abs() < 1e-15);
        assert!((real("abs(z)")[2] / 1e308 / 2f64.sqrt() - 1.0).abs() < 1e-15);
        assert!((both("1/z")[0] - c(5e-201, -5e-201)).norm() < 1e-216);
        assert!((both("z/z")[2] - c(1.0, 0.0)).norm() < 1e-15 && both("z/z")[4] == c(1.0, 0.0));
        assert!((both("arcsinh(z)")[1].re + 19.113_827_924_512_31).abs() < 1e-14);
        assert!(both("sqrt(z)")[2].re.is_finite());
    }
}

#[test]
fn types_promote_as_in_numpy() {
    let (s, d) = (array![Complex32::new(1.0, 2.0)], array![c(1.0, 2.0)]);
    let (f, g, i, l, b) = (array![1f32], array![1f64], array![1i8], array![1i32], array![true]);
    let all = args![s, d, f, g, i, l, b, k = 2.5, w = c(0.0, 1.0)];
    for (text, dtype) in [
        ("s + s", DType::C64),
        ("s + f", DType::C64),
        ("s + i", DType::C64),
        ("s * b", DType::C64),
        ("s + l", DType::C128),
        ("s + g", DType::C128),
        ("s + d", DType::C128),
        ("s * 2.5 + 1j", DType::C64),
        ("s * k", DType::C64),
        ("s * w", DType::C64),
        ("f * 1j", DType::C64),
        ("f * w", DType::C64),
        ("l * 1j", DType::C128),
        ("1j * 2", DType::C128),
        ("abs(s)", DType::F32),
        ("s.imag", DType::F32),
        ("complex(f, f)", DType::C64),
        ("complex(f, g)", DType::C128),
        ("c128(f)", DType::C128),
        ("c64(g)", DType::C64),
        ("s == d", DType::Bool),
        ("isnan(s)", DType::Bool),
        ("sum(s)", DType::C64),
        ("var(s)", DType::F32),
        ("where(b, s, g)", DType::C128),
        ("real(l)", DType::I32),
        ("conj(f)", DType::F32),
    ] {
        assert_eq!(Expr::compile(text).unwrap().output(&all).unwrap().0, dtype, "{text}");
    }
}

#[test]
fn parts_of_different_shapes_meet() {
    let (column, row) = (array![[1.0], [2.0]], array![10.0, 20.0, 30.0]);
    for executor in Executor::available() {
        let expr = Expr::builder().executor(executor).compile("complex(column, row)").unwrap();
        let z: Array2<Complex64> = expr.eval(args![column, row]).unwrap();
        assert_eq!(z, array![[c(1., 10.), c(1., 20.), c(1., 30.)], [c(2., 10.), c(2., 20.), c(2., 30.)]]);
        let one: Complex64 =
            Expr::builder().executor(executor).compile("sum(column)*1j + 3").unwrap().eval(args![column]).unwrap();
        assert_eq!(one, c(3.0, 3.0));
        let total: Complex64 = expr_sum(executor).eval(args![column, row]).unwrap();
        assert_eq!(total, c(9.0, 120.0));
    }
    fn expr_sum(executor: Executor) -> Expr {
        Expr::builder().executor(executor).compile("sum(complex(column, row))").unwrap()
    }
}

/// A part has the shape of the whole, also where it is made of less.
#[test]
fn a_part_has_the_shape_of_the_whole() {
    let (f, r) = (array![1.0, 2.0, 3.0], array![[1.0, 2.0, 3.0]]);
    let z = array![[c(1.0, 1.0)], [c(0.0, 2.0)]];
    let p = array![[true], [false]];
    for (text, shape, sum) in [
        ("(f + 1j).imag", &[3][..], 3.0),
        ("imag(f + 2j)", &[3], 6.0),
        ("complex(1, f).real", &[3], 3.0),
        ("real(complex(1, f))", &[3], 3.0),
        ("c128(f).imag", &[3], 0.0),
        ("x = f + 1j; x.imag*2", &[3], 6.0),
        ("(r + z).imag", &[2, 3], 9.0),
        ("(-(z - r)).imag", &[2, 3], -9.0),
        ("conj(r + z).imag", &[2, 3], -9.0),
        ("copy(r + z).imag", &[2, 3], 9.0),
        ("ones_like(r + z).real", &[2, 3], 6.0),
        ("where(p, z, r).imag", &[2, 3], 3.0),
        ("z.imag", &[2, 1], 3.0),
    ] {
        let args: Args =
            [("f", Arg::new(&f)), ("r", Arg::new(&r)), ("z", Arg::new(&z)), ("p", Arg::new(&p))].into_iter().collect();
        let (before, part) = text.rsplit_once("; ").map_or(("", text), |(before, part)| (before, part));
        for executor in Executor::available() {
            let compile = |text: &str| Expr::builder().executor(executor).compile(text).unwrap();
            assert_eq!(compile(text).eval::<AnyArray>(&args).unwrap().shape(), shape, "{text}");
            let total: f64 = compile(&format!("{before}\nsum({part})")).eval(&args).unwrap();
            assert_eq!(total, sum, "{text}");
        }
    }
}

#[test]
fn outputs_and_updates() {
    let z = numbers(50);
    for executor in Executor::available() {
        let builder = || Expr::builder().executor(executor).threads(Threads::Serial);
        let mut w = z.clone();
        builder().compile("w*w + 1").unwrap().update("w", &mut w, args![]).unwrap();
        let expected: Array1<Complex64> = builder().compile("z*z + 1").unwrap().eval(args![z]).unwrap();
        assert_eq!(w, expected);
        // Gaps are left alone.
        let mut room = Array1::from_elem(100, c(9.0, 9.0));
        builder().compile("z").unwrap().eval_into(args![z], &mut room.slice_mut(s![..;-2])).unwrap();
        assert!(room.iter().step_by(2).all(|&x| x == c(9.0, 9.0)));
        assert_eq!(room.slice(s![..;-2]), z);
        // A real result in a complex array, and the other way, where casting lets it.
        let mut out = z.clone();
        let e = builder().casting(Casting::SameKind).compile("abs(z)").unwrap();
        e.eval_into(args![z], &mut out).unwrap();
        assert!(out.iter().zip(&z).all(|(x, z)| x.im == 0.0 && (x.re - z.norm()).abs() <= 1e-15 * x.re));
        let mut real = Array1::<f64>::zeros(50);
        assert!(e.eval_into(args![z], &mut real).is_ok());
        let e = builder().casting(Casting::SameKind).compile("z").unwrap();
        assert!(e.eval_into(args![z], &mut real).is_err());
        let e = builder().casting(Casting::Unsafe).compile("z").unwrap();
        e.eval_into(args![z], &mut real).unwrap();
        assert!(real.iter().zip(&z).all(|(x, z)| *x == z.re));
        let (mut a, mut b) = (Array1::<Complex64>::zeros(50), Array1::<f64>::zeros(50));
        builder().compile("z*1j, z.real").unwrap().eval_into(args![z], &mut (&mut a, &mut b)).unwrap();
        assert!(a.iter().zip(&z).all(|(w, z)| *w == c(-z.im, z.re)));
    }
}

/// What NumPy 2.4.6 gives.
#[test]
fn functions_of_numpy() {
    let nan = f64::NAN;
    let z = array![c(1.5, 2.5), c(nan, 1.0), c(3.0, -1.0)];
    let w = array![c(f64::INFINITY, -2.0), c(-0.5, f64::NEG_INFINITY), c(nan, 0.0)];
    let (i, p) = (array![1, 2, 3], array![true, false, false]);
    for executor in Executor::available() {
        let complex = |text: &str, expected: &[Complex64]| {
            let expr = Expr::builder().executor(executor).compile(text).unwrap();
            let found: AnyArray = expr.eval(args![z, w, i, p]).unwrap();
            let found: Vec<Complex64> = match found {
                AnyArray::C128(a) => a.iter().copied().collect(),
                AnyArray::C64(a) => a.iter().map(|z| c(z.re.into(), z.im.into())).collect(),
                other => panic!("{text}: {}", other.dtype()),
            };
            let same = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan();
            let equal = found.iter().zip(expected).all(|(x, y)| same(x.re, y.re) && same(x.im, y.im));
            assert!(equal && found.len() == expected.len(), "{text}: {found:?}, expected {expected:?}");
        };
        let real = |text: &str, expected: &[f64]| {
            let expr = Expr::builder().executor(executor).compile(&format!("f64({text})")).unwrap();
            let found: ArrayD<f64> = expr.eval(args![z, w, i, p]).unwrap();
            assert_eq!(found.iter().copied().collect::<Vec<_>>(), expected, "{text}");
        };
        complex("round(z)", &[c(2.0, 2.0), c(nan, 1.0), c(3.0, -1.0)]);
        complex("nansum(z)", &[c(4.5, 1.5)]);
        complex("nanprod(z)", &[c(7.0, 6.0)]);
        complex("nanmean(z)", &[c(2.25, 0.75)]);
        real("nanvar(z)", &[3.625]);
        real("nanvar(z, ddof=1)", &[7.25]);
        complex("nan_to_num(z)", &[c(1.5, 2.5), c(0.0, 1.0), c(3.0, -1.0)]);
        complex("nan_to_num(w, 7, 8.0, neginf=9)", &[c(8.0, -2.0), c(-0.5, 9.0), c(7.0, 0.0)]);
        complex("nan_to_num(w)", &[c(f64::MAX, -2.0), c(-0.5, f64::MIN), c(0.0, 0.0)]);
        real("isclose(z, z + 1e-9j)", &[1.0, 0.0, 1.0]);
        real("isclose(z, z, equal_nan=True)", &[1.0, 1.0, 1.0]);
        real("isclose(w, w)", &[1.0, 1.0, 0.0]);
        real("isclose(i, z, atol=3.0)", &[1.0, 0.0, 1.0]);
        real("z in (1.5 + 2.5j, 3, nan)", &[1.0, 0.0, 0.0]);
        real("i not in (2 + 0j, 3 + 1j)", &[1.0, 0.0, 1.0]);
        complex("select(p, z, i > 2, 5, 1j)", &[c(1.5, 2.5), c(0.0, 1.0), c(5.0, 0.0)]);
        complex("sum(i, dtype=c64)", &[c(6.0, 0.0)]);
        complex("sum(i, dtype=c128, initial=1j)", &[c(6.0, 1.0)]);
        complex("prod(i, dtype=complex64, initial=2)", &[c(12.0, 0.0)]);
        complex("nansum(z, initial=1)", &[c(5.5, 1.5)]);
        complex("mean(i, dtype=c64)", &[c(2.0, 0.0)]);
        complex("complex(i)", &[c(1.0, 0.0), c(2.0, 0.0), c(3.0, 0.0)]);
        complex("complex(z)", z.as_slice().unwrap());
    }
    let text =
        |text: &str| Expr::compile(text).unwrap().output(args![z, s = &array![Complex32::new(1.0, 2.0)]]).unwrap().0;
    assert_eq!(text("nanmean(s)"), DType::C64);
    assert_eq!(text("nanstd(s)"), DType::F32);
    assert_eq!(text("sum(z, dtype=c64)"), DType::C64);
    assert_eq!(text("var(z, dtype=c64)"), DType::F32);
    assert_eq!(text("nan_to_num(s)"), DType::C64);
    assert_eq!(text("exp10(s)"), DType::C64);
}

#[test]
fn what_has_no_meaning_says_so() {
    let z = numbers(3);
    for (text, words) in [
        ("z < 1", "no order"),
        ("z // 2", "`//` does not take c128"),
        ("z % 2", "`%`"),
        ("maximum(z, z)", "`maximum` does not take c128"),
        ("min(z)", "`min`"),
        ("floor(z)", "`floor`"),
        ("f64(z)", "f64(z.real)"),
        ("erf(z)", "`erf`"),
        ("arctan2(z, z)", "`arctan2`"),
        ("z & 1", "`&`"),
        ("~z", "`~`"),
        ("not z", "`not`"),
        ("between(z, 0, 1)", "`between`"),
        ("nanmax(z)", "`nanmax`"),
        ("fabs(z)", "`fabs`"),
        ("clip(z, None, 1)", "`clip`"),
        ("sum(z, dtype=f64)", "would drop the imaginary part"),
        ("sum(z.real, initial=1j)", "`initial` is complex"),
        ("isclose(z, z, atol=1j)", "`atol`"),
    ] {
        let error = Expr::compile(text).unwrap().eval::<AnyArray>(args![z]).unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
    let none: Args = args![];
    let value: Complex64 = Expr::compile("(1 + 2j)*(3 - 1j)").unwrap().eval(none).unwrap();
    assert_eq!(value, c(5.0, 5.0));
}

/// The textbook quotient `((ac + bd) + i(bc - ad)) / (cc + dd)`, of numbers whose products are exact. By zero: each part over
/// +0. With infinities: C99, annex G.
fn textbook_quotient(z: Complex64, w: Complex64) -> Complex64 {
    let direction = |x: f64| if x.is_infinite() { 1f64.copysign(x) } else { 0f64.copysign(x) };
    let numerator = |z: Complex64, w: Complex64| c(z.re * w.re + z.im * w.im, z.im * w.re - z.re * w.im);
    let infinite = |z: Complex64| z.re.is_infinite() || z.im.is_infinite();
    if w == c(0.0, 0.0) {
        return c(z.re / 0.0, z.im / 0.0);
    }
    match (infinite(z), infinite(w)) {
        (false, false) => {
            let norm = w.re * w.re + w.im * w.im;
            let n = numerator(z, w);
            c(n.re / norm, n.im / norm)
        }
        (true, false) => {
            let n = numerator(c(direction(z.re), direction(z.im)), w);
            c(n.re * f64::INFINITY, n.im * f64::INFINITY)
        }
        (false, true) => {
            let n = numerator(z, c(direction(w.re), direction(w.im)));
            c(0.0 * n.re, 0.0 * n.im)
        }
        (true, true) => c(f64::NAN, f64::NAN),
    }
}

/// The textbook product.
fn textbook_product(z: Complex64, w: Complex64) -> Complex64 {
    c(z.re * w.re - z.im * w.im, z.re * w.im + z.im * w.re)
}

/// Zeros, ones, twos and infinities with both signs.
const CORNERS: [f64; 8] = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, f64::INFINITY, f64::NEG_INFINITY];

fn corners() -> Vec<Complex64> {
    CORNERS.iter().flat_map(|&re| CORNERS.map(|im| c(re, im))).collect()
}

/// The same bits, but for those of a NaN.
fn alike(found: Complex64, expected: Complex64) -> bool {
    let same = |x: f64, y: f64| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
    same(found.re, expected.re) && same(found.im, expected.im)
}

/// Rounded to single precision, where that is what the results called so have.
fn rounded_as(shown: &str, z: Complex64) -> Complex64 {
    if shown.contains("c64") { c((z.re as f32).into(), (z.im as f32).into()) } else { z }
}

/// Both executors' results, in single and double precision.
fn in_both_widths(text: &str, z: &[Complex64], w: &[Complex64], x: &[f64]) -> Vec<(String, Vec<Complex64>)> {
    let narrow = |z: &[Complex64]| Array1::from_iter(z.iter().map(|z| Complex32::new(z.re as f32, z.im as f32)));
    let (wide_z, wide_w, wide_x) = (Array1::from(z.to_vec()), Array1::from(w.to_vec()), Array1::from(x.to_vec()));
    let (z, w, x) = (narrow(z), narrow(w), wide_x.mapv(|x| x as f32));
    let mut results = Vec::new();
    for executor in Executor::available() {
        let expr = Expr::builder().executor(executor).compile(text).unwrap();
        let wide: Array1<Complex64> = expr.eval(args![z = &wide_z, w = &wide_w, x = &wide_x]).unwrap();
        let found: Array1<Complex32> = expr.eval(args![z, w, x]).unwrap();
        let found = found.mapv(|z| c(z.re.into(), z.im.into()));
        results.push((format!("{text}, c128, {executor:?}"), wide.to_vec()));
        results.push((format!("{text}, c64, {executor:?}"), found.to_vec()));
    }
    results
}

/// Quotients of all corners have the signs of zero of the textbook formula, also of and by real numbers.
#[test]
fn quotients_keep_the_signs_of_zeros() {
    let (mut z, mut w) = (Vec::new(), Vec::new());
    for a in corners() {
        for b in corners() {
            z.push(a);
            w.push(b);
        }
    }
    let x: Vec<f64> = z.iter().map(|z| z.re).collect();
    let one = |_: Complex64| c(1.0, 0.0);
    type Reference<'a> = &'a dyn Fn(Complex64, Complex64) -> Complex64;
    let real = |z: Complex64| c(z.re, 0.0);
    let texts: [(&str, Reference); 5] = [
        ("z/w", &textbook_quotient),
        ("x/w", &|z, w| textbook_quotient(real(z), w)),
        ("w/x", &|z, w| textbook_quotient(w, real(z))),
        ("1/w", &|z, w| textbook_quotient(one(z), w)),
        ("w**-1", &|z, w| textbook_quotient(one(z), w)),
    ];
    for (text, reference) in texts {
        for (shown, found) in in_both_widths(text, &z, &w, &x) {
            for ((&z, &w), &found) in z.iter().zip(&w).zip(&found) {
                let expected = rounded_as(&shown, reference(z, w));
                assert!(alike(found, expected), "{shown}: {found}, expected {expected}; z = {z}, w = {w}");
            }
        }
    }
}

/// Integer powers are products, and quotients of 1 by them.
#[test]
fn negative_powers_keep_the_signs_of_zeros() {
    let z: Vec<Complex64> = corners().into_iter().filter(|z| z.re.is_finite() && z.im.is_finite()).collect();
    let (none, x) = (vec![c(1.0, 0.0); z.len()], vec![1.0; z.len()]);
    let one = c(1.0, 0.0);
    let square = |z| textbook_product(z, z);
    type Reference<'a> = &'a dyn Fn(Complex64) -> Complex64;
    let texts: [(&str, Reference); 3] = [
        ("z**-2", &|z| textbook_quotient(one, square(z))),
        ("z**-3", &|z| textbook_quotient(one, textbook_product(square(z), z))),
        ("z**-4", &|z| textbook_quotient(one, square(square(z)))),
    ];
    for (text, reference) in texts {
        for (shown, found) in in_both_widths(text, &z, &none, &x) {
            for (&z, &found) in z.iter().zip(&found) {
                let expected = rounded_as(&shown, reference(z));
                // What is no zero is near; a zero has the sign.
                let right = |x: f64, y: f64| {
                    let near = x == y || (x - y).abs() <= 1e-7 * y.abs() || x.is_nan() && y.is_nan();
                    near && (y != 0.0 || x.to_bits() == y.to_bits())
                };
                assert!(
                    right(found.re, expected.re) && right(found.im, expected.im),
                    "{shown}: {found}, expected {expected}; z = {z}"
                );
            }
        }
    }
}

/// A power that is no small integer is `exp(w*log(z))`, with the signs of zero of the textbook product.
#[test]
fn powers_keep_the_signs_of_zeros() {
    let z: Vec<Complex64> =
        corners().into_iter().filter(|z| z.re.is_finite() && z.im.is_finite() && *z != c(0.0, 0.0)).collect();
    let exponents = [-1.0, -3.0, -0.25, 0.25, 1.5, 3.0, -0.0, 0.0];
    let (mut base, mut exponent) = (Vec::new(), Vec::new());
    for &z in &z {
        for re in exponents {
            for im in [0.0, -0.0] {
                base.push(z);
                exponent.push(c(re, im));
            }
        }
    }
    let x: Vec<f64> = exponent.iter().map(|w| w.re).collect();
    for (text, formula) in [("z**w", "exp(w*log(z))"), ("z**x", "exp(x*log(z))"), ("z**-1.5", "exp(-1.5*log(z))")] {
        let expected = in_both_widths(formula, &base, &exponent, &x);
        for ((shown, found), (_, expected)) in in_both_widths(text, &base, &exponent, &x).into_iter().zip(expected) {
            for (i, (&found, &expected)) in found.iter().zip(&expected).enumerate() {
                // What is 1 by definition is that of a power of 0.
                if exponent[i] == c(0.0, 0.0) && text != "z**-1.5" {
                    assert!(alike(found, c(1.0, 0.0)), "{shown}");
                    continue;
                }
                let near = (found - expected).norm() <= 1e-6 * expected.norm();
                let zeros = |x: f64, y: f64| (x == 0.0 || y == 0.0) == (x.to_bits() == y.to_bits() && x == 0.0);
                let signs = zeros(found.re, expected.re) && zeros(found.im, expected.im);
                assert!(near && signs, "{shown}: {found}, expected {expected}; {}**{}", base[i], exponent[i]);
            }
        }
    }
}

/// A function with a cut of a quotient is on that side of it on which the textbook quotient is.
#[test]
fn functions_of_quotients_are_on_the_right_side_of_their_cuts() {
    let w: Vec<Complex64> = corners().into_iter().filter(|w| *w != c(0.0, 0.0)).collect();
    let x = vec![1.0; w.len()];
    let quotients: Vec<Complex64> = w.iter().map(|&w| textbook_quotient(c(1.0, 0.0), w)).collect();
    for function in
        ["log", "log2", "log10", "log1p", "sqrt", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"]
    {
        for quotient in ["1/w", "w**-1", "x/w"] {
            let expected = in_both_widths(&format!("{function}(z)"), &quotients, &w, &x);
            let found = in_both_widths(&format!("{function}({quotient})"), &quotients, &w, &x);
            for ((shown, found), (_, expected)) in found.into_iter().zip(expected) {
                for ((&found, &expected), w) in found.iter().zip(&expected).zip(&w) {
                    assert!(alike(found, expected), "{shown}: {found}, expected {expected}; w = {w}");
                }
            }
        }
    }
    let minus_one = array![c(-1.0, 0.0)];
    for executor in Executor::available() {
        let builder = || Expr::builder().executor(executor);
        let root: Array1<Complex64> = builder().compile("sqrt(1/z)").unwrap().eval(args![z = &minus_one]).unwrap();
        assert!(alike(root[0], c(0.0, -1.0)), "{}", root[0]);
        let angle: Array1<f64> = builder().compile("angle(1/z)").unwrap().eval(args![z = &minus_one]).unwrap();
        assert_eq!(angle[0], -std::f64::consts::PI);
    }
}
