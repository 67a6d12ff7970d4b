//! Histograms: NumPy's bins, whatever the layout and the threads.

mod common;

use common::rng::Rng;
use common::{data, pool};
use ndarray::{Array1, Array2, ArrayD, IxDyn, array, s};
use tilexpr::{Args, EvalErrorKind, Executor, Expr, Threads, args};

/// On one thread and on several, with the library's tiles and with small ones.
fn every_way(text: &str) -> Vec<Expr> {
    let on = |executor, threads| Expr::builder().executor(executor).threads(threads);
    let (auto, interpreter) = (Executor::Auto, Executor::Interpreter);
    let ways = [
        on(auto, Threads::Serial),
        on(auto, pool(2)).serial_below(0),
        on(auto, pool(7)).serial_below(0).tile(60),
        on(interpreter, pool(7)).serial_below(0).tile(600),
    ];
    ways.into_iter().map(|builder| builder.compile(text).unwrap()).collect()
}

fn check(text: &str, args: &Args, right: &[i64]) {
    for (way, expr) in every_way(text).iter().enumerate() {
        let result: Array1<i64> = expr.eval(args).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(result.as_slice().unwrap(), right, "{text}, way {way}");
    }
}

/// At the edges and beside them, as NumPy has them.
#[test]
fn bins_are_those_of_numpy() {
    let (_, text) = data::read("TILEXPR_HISTOGRAMS", "histograms.txt.gz");
    let mut cases = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let [dtype, bins, lo, hi] = words[..4] else { panic!("{line}") };
        let number = |hex: &str| f64::from_bits(u64::from_str_radix(hex, 16).unwrap());
        let bins: usize = bins.parse().unwrap();
        let values = words[4..].iter().map(|word| word.split_once(':').unwrap());
        let mut right = vec![0i64; bins];
        let mut bits: Vec<u64> = Vec::new();
        let single = Expr::compile(&format!("histogram(x, {bins}, lo, hi)")).unwrap();
        for (value, bin) in values {
            let value = u64::from_str_radix(value, 16).unwrap();
            bits.push(value);
            // One by one, so that none stands for another.
            let found: Array1<i64> = match dtype {
                "f64" => single.eval(args![x = &[f64::from_bits(value)], lo = number(lo), hi = number(hi)]),
                _ => single.eval(args![x = &[f32::from_bits(value as u32)], lo = number(lo), hi = number(hi)]),
            }
            .unwrap_or_else(|e| panic!("{e}"));
            let found = found.iter().position(|&n| n > 0).map_or("-".to_string(), |bin| bin.to_string());
            assert_eq!(found, bin, "{value:x} in {}", words[..4].join(" "));
            if bin != "-" {
                right[bin.parse::<usize>().unwrap()] += 1;
            }
            cases += 1;
        }
        // All at once, with bounds that the text knows.
        let text = format!("histogram(x, {bins}, {:?}, {:?})", number(lo), number(hi));
        match dtype {
            "f64" => check(&text, &args![x = &bits.iter().map(|&b| f64::from_bits(b)).collect::<Vec<_>>()], &right),
            _ => check(&text, &args![x = &bits.iter().map(|&b| f32::from_bits(b as u32)).collect::<Vec<_>>()], &right),
        }
    }
    assert!(cases > 5000);
}

#[test]
fn what_lies_outside_is_not_counted() {
    let x = array![f64::NAN, -0.1, 0.0, 0.5, 1.0, 1.1, f64::INFINITY, f64::NEG_INFINITY, -0.0];
    check("histogram(x, 2, 0, 1)", &args![x], &[2, 2]);
    let k = array![-1i32, 0, 3, 3, 4, i32::MAX, i32::MIN];
    check("bincount(k, 4)", &args![k], &[1, 0, 0, 2]);
    check("histogram(k, 2, 0, 4)", &args![k], &[1, 3]);
    check("bincount(k == 3, 2)", &args![k], &[5, 2]);
    let wide = array![u64::MAX, 1 << 32, 2, 0, (1 << 32) + 1];
    check("bincount(wide, 3)", &args![wide], &[1, 0, 1]);
    check("histogram(wide, 1, 0, 2)", &args![wide], &[2]);
    check("bincount(3, 5)", &args![], &[0, 0, 0, 1, 0]);
    check("histogram(0.5, 2, 0, 1)", &args![], &[0, 1]);
}

#[test]
fn bytes_are_looked_up() {
    let mut rng = Rng::new(1);
    for n in [0, 1, 1023, 1024, 200_000] {
        let u = Array1::from_shape_fn(n, |_| (rng.below(256) * rng.below(256) / 256) as u8);
        let i = u.mapv(|x| x as i8);
        let mut right = vec![0i64; 256];
        u.iter().for_each(|&x| right[usize::from(x)] += 1);
        check("histogram(u, 256, 0, 256)", &args![u], &right);
        check("bincount(u, 256)", &args![u], &right);
        check("bincount(u, 10)", &args![u], &right[..10]);
        let of = |f: &dyn Fn(u8) -> Option<usize>, bins: usize| {
            let mut counts = vec![0i64; bins];
            u.iter().filter_map(|&x| f(x)).for_each(|bin| counts[bin] += 1);
            counts
        };
        check("histogram(i, 4, -128, 128)", &args![i], &of(&|x| Some((i64::from(x as i8) + 128) as usize / 64), 4));
        let root = |x: u8| Some(((f64::from(x).sqrt() / 2.0) as usize).min(7)).filter(|_| x > 0);
        check("histogram(sqrt(f64(u)) - 1e-300*(u == 0) - 1*(u == 0), 8, 0, 16)", &args![u], &of(&root, 8));
        check("bincount(u*k, 256)", &args![u, k = &array![2u8]], &of(&|x| Some(usize::from(x.wrapping_mul(2))), 256));
    }
}

#[test]
fn layouts_and_many_bins() {
    let mut rng = Rng::new(2);
    let base = Array2::from_shape_fn((300, 400), |_| rng.unit() * 10.0);
    let small = base.slice(s![..5, ..7]).to_owned();
    for view in [base.view(), base.t(), base.slice(s![..;-2, 3..300]), small.broadcast((5, 7)).unwrap()] {
        for bins in [1, 3, 1000, 3000, 70_000] {
            let mut right = vec![0i64; bins];
            for &x in view {
                // (No value is so near an edge that this rounds to the other side.)
                right[((x / 10.0 * bins as f64) as usize).min(bins - 1)] += 1;
            }
            check(&format!("histogram(a, {bins}, 0, 10)"), &args![a = view], &right);
        }
    }
    let row = base.row(0).to_owned();
    let repeated = row.broadcast((50, 400)).unwrap();
    let once: Array1<i64> = Expr::compile("histogram(a, 9, 0, 10)*50").unwrap().eval(args![a = &row]).unwrap();
    check("histogram(a, 9, 0, 10)", &args![a = repeated], once.as_slice().unwrap());
}

#[test]
fn in_an_expression() {
    let mut rng = Rng::new(3);
    let u = Array2::from_shape_fn((70, 90), |_| rng.below(256) as u8);
    let (a, b) = (u.mapv(|x| f64::from(x) / 60.0), u.mapv(|x| f64::from(x % 16)));
    let mut counts = [0i64; 256];
    u.iter().for_each(|&x| counts[usize::from(x)] += 1);
    // A photograph equalised: a table for its values.
    for expr in every_way("h = histogram(u, 256, 0, 256); u8(round(255*cumsum(h)/sum(h)))") {
        let table: Array1<u8> = expr.eval(args![u]).unwrap();
        let mut sum = 0;
        for (value, &count) in counts.iter().enumerate() {
            sum += count;
            assert_eq!(table[value], (255.0 * sum as f64 / 6300.0).round_ties_even() as u8);
        }
    }
    for expr in every_way("histogram(sqrt(a**2 + b**2), 100, 0, 5)/sum(histogram(sqrt(a**2 + b**2), 100, 0, 5))") {
        let parts: Array1<f64> = expr.eval(args![a, b]).unwrap();
        assert!((parts.sum() - 1.0).abs() < 1e-12);
    }
    for expr in every_way("histogram(a, 4, min(a), max(a)), max(a)") {
        let (found, _): (Array1<i64>, f64) = expr.eval(args![a]).unwrap();
        assert_eq!(found.sum(), 6300);
    }
    let mut out = Array1::<i64>::zeros(256);
    Expr::compile("histogram(u, 256, 0, 256)").unwrap().eval_into(args![u], &mut out).unwrap();
    assert!(out.iter().zip(counts).all(|(&x, n)| x == n));
}

#[test]
fn bounds_that_are_none() {
    let (x, pair, one) = (array![1.0, 2.0], array![0.0, 1.0], ArrayD::from_elem(IxDyn(&[]), 0.0));
    let expr = Expr::compile("histogram(x, 4, lo, hi)").unwrap();
    let fails = |lo: f64, hi: f64| expr.eval::<Array1<i64>>(args![x, lo, hi]).unwrap_err();
    for (lo, hi) in
        [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (1.0, 1.0 + f64::EPSILON), (f64::MIN, f64::MAX)]
    {
        let error = fails(lo, hi);
        assert_eq!(error.kind(), EvalErrorKind::Fault, "{lo} {hi}");
        assert!(error.message().starts_with("the bounds of a histogram are not finite"), "{error}");
    }
    let error = expr.eval::<Array1<i64>>(args![x, lo = 0.0, hi = &pair]).unwrap_err();
    assert_eq!(error.message(), "the bounds of a histogram are single numbers, not arrays of shape [2]");
    let found: Array1<i64> = expr.eval(args![x, lo = &one, hi = 4.0]).unwrap();
    assert_eq!(found, array![0, 1, 1, 0]);
    // Nothing is lost where there is nothing.
    let none = Array1::<f64>::zeros(0);
    assert_eq!(expr.eval::<Array1<i64>>(args![x = &none, lo = 0.0, hi = 1.0]).unwrap(), array![0, 0, 0, 0]);
}

/// What is computed beforehand is not there where it has no elements.
#[test]
fn of_no_elements() {
    let (a, row) = (Array2::<f64>::zeros((5, 0)), Array1::<f64>::zeros(0));
    let args = args![a, row];
    for text in [
        "histogram(a/sqrt(sum(a, axis=0)), 3, 0, 1)",
        "histogram(a*sin(row)*row, 3, 0, 1)",
        "bincount(i8(a/exp(row)), 3)",
    ] {
        check(text, &args, &[0, 0, 0]);
    }
}
