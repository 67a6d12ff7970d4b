//! Scans: the order that is documented, whatever the layout, the threads, and how they are called.

mod common;

use std::sync::LazyLock;

use common::pool;
use common::rng::Rng;
use ndarray::{Array1, Array2, ArrayD, Axis, Ix2, IxDyn, ShapeBuilder, array, s};
use num_complex::Complex;
use tilexpr::{AnyArray, Args, Executor, Expr, Order, Threads, args};

const BLOCK: usize = 512;

fn numbers(n: usize) -> Array1<f64> {
    let mut rng = Rng::new(n as u64);
    Array1::from_shape_fn(n, |_| rng.unit() * 20.0 - 10.0)
}

/// The documented order, element by element.
fn defined<T: Copy>(run: impl Iterator<Item = T>, combine: impl Fn(T, T) -> T) -> Vec<T> {
    let (mut before, mut own, mut all) = (None, None, Vec::new());
    for (k, x) in run.enumerate() {
        let local = match own {
            Some(own) if k % BLOCK > 0 => combine(own, x),
            _ => x,
        };
        own = Some(local);
        all.push(before.map_or(local, |before| combine(before, local)));
        if (k + 1) % BLOCK == 0 {
            before = all.last().copied();
        }
    }
    all
}

/// The same along an axis.
fn along(a: &ArrayD<f64>, axis: usize, combine: impl Fn(f64, f64) -> f64 + Copy) -> ArrayD<f64> {
    let mut result = a.clone();
    for mut lane in result.lanes_mut(Axis(axis)) {
        let scanned = defined(lane.to_vec().into_iter(), combine);
        lane.assign(&Array1::from(scanned));
    }
    result
}

fn bits<'a>(a: impl IntoIterator<Item = &'a f64>) -> Vec<u64> {
    a.into_iter().map(|x| x.to_bits()).collect()
}

fn eval(text: &str, args: Args) -> ArrayD<f64> {
    Expr::compile(text).unwrap().eval(args).unwrap()
}

/// On one thread and on several, with the library's tiles and with small ones.
fn every_way(text: &str) -> Vec<Expr> {
    let on = |executor, threads| Expr::builder().executor(executor).threads(threads);
    let (auto, interpreter) = (Executor::Auto, Executor::Interpreter);
    let ways = [
        on(auto, Threads::Serial),
        on(auto, pool(2)).serial_below(0),
        on(auto, pool(7)).serial_below(0).tile(600).stream_from(0),
        on(interpreter, pool(7)).serial_below(0).tile(600),
    ];
    ways.into_iter().map(|builder| builder.compile(text).unwrap()).collect()
}

#[test]
fn lengths_around_blocks_and_pieces() {
    for n in [0, 1, 2, 511, 512, 513, 1023, 1024, 1025, 2047, 4099, 65_535, 65_536, 65_537, 300_001] {
        let a = numbers(n);
        let right = defined(a.iter().map(|x| x * x), |x, y| x + y);
        for (at, expr) in every_way("cumsum(a*a)").iter().enumerate() {
            let result: Array1<f64> = expr.eval(args![a]).unwrap();
            assert_eq!(bits(&result), bits(&right), "{n} elements, way {at}");
        }
    }
}

/// Up to a block the bits are those of a plain loop.
#[test]
fn a_block_is_a_plain_loop() {
    let a = numbers(512).mapv(|x| x as f32);
    let result: Array1<f32> = Expr::compile("cumsum(a)").unwrap().eval(args![a]).unwrap();
    let mut sum = 0.0f32;
    for (x, y) in a.iter().zip(&result) {
        sum += x;
        assert_eq!(sum.to_bits(), y.to_bits());
    }
}

#[test]
fn axes_and_layouts() {
    for shape in [[3, 5000], [5000, 3], [700, 90], [90, 700], [1, 2000], [2000, 1], [4, 1030], [1030, 40], [9, 5]] {
        let base = numbers(4 * shape[0] * shape[1]);
        let wide = base.into_shape_with_order((2 * shape[0], 2 * shape[1])).unwrap();
        let mut fortran = Array2::zeros((shape[0], shape[1]).f());
        fortran.assign(&wide.slice(s![..shape[0], ..shape[1]]));
        let column = wide.slice(s![..shape[0], ..1]).to_owned();
        let copy = wide.slice(s![..shape[0], ..shape[1]]).to_owned();
        let slices = [
            copy.view().into_dyn(),
            fortran.view().into_dyn(),
            wide.slice(s![..;2, ..;-2]).into_dyn(),
            column.broadcast(shape).unwrap().into_dyn(),
        ];
        for (at, a) in slices.iter().enumerate() {
            let own = a.to_owned();
            for (text, axis) in [("cumsum(a, axis=0)", 0), ("cumsum(a, -1)", 1)] {
                let right = bits(&along(&own, axis, |x, y| x + y));
                for (way, expr) in every_way(text).iter().enumerate() {
                    let result: ArrayD<f64> = expr.eval(args![a]).unwrap();
                    assert_eq!(bits(&result), right, "{shape:?} {text}, array {at}, way {way}");
                }
            }
            let right = defined(own.iter().copied(), f64::max);
            for (way, expr) in every_way("cummax(a)").iter().enumerate() {
                let result: Array1<f64> = expr.eval(args![a]).unwrap();
                assert_eq!(bits(&result), bits(&right), "{shape:?} flat, array {at}, way {way}");
            }
        }
    }
}

#[test]
fn in_an_expression() {
    let a = numbers(40 * 700).into_shape_with_order((40, 700)).unwrap().into_dyn();
    let b = a.mapv(|x| x * 0.5 + 1.0);
    let sum = |x: f64, y: f64| x + y;
    let ab = &a * &b;
    let flat = Array1::from(defined(ab.iter().copied(), sum));
    let check = |text: &str, right: ArrayD<f64>| {
        for (way, expr) in every_way(text).iter().enumerate() {
            let result: ArrayD<f64> = expr.eval(args![a, b]).unwrap();
            assert_eq!(bits(&result), bits(&right), "{text}, way {way}");
        }
    };
    check("cumsum(a*b)/3", (&flat / 3.0).into_dyn());
    check("cumsum(a*b, axis=1)/3 + a", along(&ab, 1, sum) / 3.0 + &a);
    check("cumsum(cumsum(a, axis=0), axis=1)", along(&along(&a, 0, sum), 1, sum));
    check("cumsum(cumsum(a, axis=1), axis=1)", along(&along(&a, 1, sum), 1, sum));
    let means = eval("mean(a, axis=0)", args![a]);
    check("a - cumsum(mean(a, axis=0))", &a - &Array1::from(defined(means.iter().copied(), sum)));
    check("a - cumsum(mean(a, axis=0), axis=0)", &a - &Array1::from(defined(means.iter().copied(), sum)));
    let total = eval("sum(s)", args![s = &flat]);
    check("sum(cumsum(a*b))", total);
    let least = along(&a, 1, f64::min);
    check("cummin(a, axis=1) - cumsum(a, axis=1)", &least - &along(&a, 1, sum));
    check("t = cumsum(a, axis=1); t*t + max(t, axis=1, keepdims=True)*0", {
        let t = along(&a, 1, sum);
        let most = t.map_axis(Axis(1), |row| row.iter().copied().fold(f64::MIN, f64::max)).insert_axis(Axis(1));
        &t * &t + &(most * 0.0)
    });
}

#[test]
fn several_results() {
    let a = numbers(70_000);
    let (sums, least) = (defined(a.iter().copied(), |x, y| x + y), defined(a.iter().copied(), f64::min));
    for expr in every_way("cumsum(a), cummin(a), a*2") {
        let [s, m, double]: [Array1<f64>; 3] = {
            let results: Vec<AnyArray> = expr.eval(args![a]).unwrap();
            let mut results = results.into_iter().map(|r| match r {
                AnyArray::F64(a) => a.into_dimensionality().unwrap(),
                other => panic!("{}", other.dtype()),
            });
            [(); 3].map(|()| results.next().unwrap())
        };
        assert_eq!((bits(&s), bits(&m), double), (bits(&sums), bits(&least), &a * 2.0));
    }
}

#[test]
fn integers_wrap_and_bools_count() {
    let k = Array1::from_shape_fn(3000, |i| (i % 251) as u8);
    let yes = k.mapv(|x| x > 100);
    for expr in every_way("cumsum(k), cumsum(k, dtype=u8), cumprod(k | 1, dtype=i16), cummax(yes), cumsum(yes)") {
        let results: Vec<AnyArray> = expr.eval(args![k, yes]).unwrap();
        let [AnyArray::U64(a), AnyArray::U8(b), AnyArray::I16(c), AnyArray::Bool(d), AnyArray::I64(e)] = &results[..]
        else {
            panic!("types")
        };
        let (mut sum, mut product, mut any, mut count) = (0u64, 1i64, false, 0i64);
        for i in 0..k.len() {
            sum += u64::from(k[i]);
            product = product.wrapping_mul(i64::from(k[i] | 1));
            any |= yes[i];
            count += i64::from(yes[i]);
            assert_eq!((a[i], b[i], c[i], d[i], e[i]), (sum, sum as u8, product as i16, any, count));
        }
    }
}

#[test]
fn complex_numbers() {
    let turn = Complex::new(0.9999, 0.01);
    let z = Array1::from_shape_fn(70_000, |i| turn + Complex::new(0.0, 1e-6 * (i % 7) as f64));
    let sums = defined(z.iter().copied(), |x, y| x + y);
    // (The product as NumPy has it.)
    let times = |x: Complex<f64>, y: Complex<f64>| Complex::new(x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re);
    let products = defined(z.iter().copied(), times);
    let show = |z: &[Complex<f64>]| z.iter().flat_map(|z| [z.re.to_bits(), z.im.to_bits()]).collect::<Vec<u64>>();
    for expr in every_way("cumsum(z)") {
        let result: Array1<Complex<f64>> = expr.eval(args![z]).unwrap();
        assert_eq!(show(result.as_slice().unwrap()), show(&sums));
    }
    for expr in every_way("cumprod(z)") {
        let result: Array1<Complex<f64>> = expr.eval(args![z]).unwrap();
        assert_eq!(show(result.as_slice().unwrap()), show(&products));
    }
    let (re, im): (Array1<f64>, Array1<f64>) =
        Expr::compile("cumprod(z).real, cumprod(conj(z)).imag").unwrap().eval(args![z]).unwrap();
    assert_eq!(bits(&re), products.iter().map(|z| z.re.to_bits()).collect::<Vec<u64>>());
    assert_eq!(bits(&im), products.iter().map(|z| (-z.im).to_bits()).collect::<Vec<u64>>());
}

#[test]
fn in_place_and_into_views() {
    for n in [600, 200_000] {
        let a = numbers(2 * n);
        let right = defined(a.iter().map(|x| x * 2.0), |x, y| x + y);
        let mut room = Array1::zeros(4 * n);
        for expr in every_way("cumsum(a*2)") {
            let mut own = a.clone();
            expr.update("a", &mut own, args![]).unwrap();
            assert_eq!(bits(&own), bits(&right));
            let mut reversed = a.slice(s![..;-1]).to_owned();
            expr.update("a", &mut reversed.slice_mut(s![..;-1]), args![]).unwrap();
            assert_eq!(bits(reversed.slice(s![..;-1])), bits(&right));
            expr.eval_into(args![a], &mut room.slice_mut(s![..;2])).unwrap();
            assert_eq!(bits(room.slice(s![..;2])), bits(&right));
            assert!(room.slice(s![1..;2]).iter().all(|&x| x == 0.0));
        }
        // Both outputs read what was there.
        for expr in every_way("cumsum(a*2) + a - a, a + 1") {
            let (mut own, mut other) = (a.clone(), a.clone());
            expr.eval_into(args![a], &mut (&mut own, &mut other)).unwrap();
            assert_eq!(bits(&other), bits(&(&a + 1.0)));
        }
    }
}

/// Rows that are short, or long and whole, lie in lanes and in lines written past the cache: all types, ends of all lengths.
#[test]
fn rows_and_columns_of_all_types() {
    macro_rules! check {
        ($t:ty, $number:expr, $($text:literal $combine:expr),*) => {
            for [rows, columns] in [[37, 30], [9, 8], [70, 7], [5, 301], [13, 511], [3, 1000], [1, 4700], [1030, 13]] {
                let number: fn(usize) -> $t = $number;
                let a = Array2::from_shape_fn((rows, columns), |(r, c)| number(r * columns + c));
                $( for axis in 0..2 {
                    let mut right = a.clone();
                    for mut lane in right.lanes_mut(Axis(axis)) {
                        let scanned = defined(lane.to_vec().into_iter(), $combine);
                        lane.assign(&Array1::from(scanned));
                    }
                    for expr in past_cache(&format!(concat!($text, "(a, axis={})"), axis)) {
                        let result: Array2<$t> = expr.eval(args![a]).unwrap();
                        let same = result.iter().zip(&right).all(|(x, y)| x.to_ne_bytes() == y.to_ne_bytes());
                        assert!(same, "{} {rows}x{columns} axis {axis} {}", $text, stringify!($t));
                    }
                } )*
            }
        };
    }
    check!(f64, |i| (i * 7919 % 1000) as f64 * 0.37 - 150.0, "cumsum" |x, y| x + y, "cummax" f64::max, "cummin" f64::min);
    check!(f32, |i| (i * 7919 % 1000) as f32 * 0.001 + 0.5, "cumsum" |x, y| x + y, "cumprod" |x, y| x * y, "cummax" f32::max);
    check!(i64, |i| (i * 7919 % 1000) as i64 - 300, "cumsum" |x, y| x + y, "cumprod" |x: i64, y| x.wrapping_mul(y), "cummin" Ord::min);
    check!(u32, |i| (i * 7919 % 1000) as u32, "cummax" Ord::max);
    check!(i32, |i| 500 - (i * 7919 % 1000) as i32, "cummin" Ord::min);
    check!(i16, |i| (i * 7919 % 1000) as i16, "cummax" Ord::max);
    check!(u8, |i| (i * 7919 % 251) as u8, "cummin" Ord::min);
}

/// Expressions whose results are written past the cache however small they are.
fn past_cache(text: &str) -> Vec<Expr> {
    let on = |threads| Expr::builder().threads(threads).serial_below(0).stream_from(0).compile(text).unwrap();
    vec![on(Threads::Serial), on(pool(2))]
}

/// Rows that go from where they are read to where they are written, past the cache or not, and in place.
#[test]
fn long_rows_across_blocks() {
    for (rows, columns) in [(1100, 600), (513, 517)] {
        let a = numbers(rows * (columns + 3)).into_shape_with_order((rows, columns + 3)).unwrap();
        for a in [a.clone(), a.slice(s![.., 2..columns + 2]).to_owned()] {
            let right = bits(&along(&a.clone().into_dyn(), 0, |x, y| x + y));
            for expr in every_way("cumsum(a, axis=0)").into_iter().chain(past_cache("cumsum(a, axis=0)")) {
                let result: Array2<f64> = expr.eval(args![a]).unwrap();
                assert_eq!(bits(&result), right);
                let mut own = a.clone();
                expr.update("a", &mut own, args![]).unwrap();
                assert_eq!(bits(&own), right);
            }
        }
        let right = bits(&along(&a.slice(s![.., 2..columns + 2]).to_owned().into_dyn(), 0, |x, y| x + y));
        let mut room = Array2::zeros((rows, columns + 5));
        for expr in past_cache("cumsum(a, axis=0)") {
            expr.eval_into(args![a = a.slice(s![.., 2..columns + 2])], &mut room.slice_mut(s![.., 1..columns + 1]))
                .unwrap();
            assert_eq!(bits(room.slice(s![.., 1..columns + 1])), right);
            assert!(room.slice(s![.., columns + 1..]).iter().chain(room.column(0)).all(|&x| x == 0.0));
        }
    }
}

#[test]
fn on_a_worker_of_a_pool() {
    let a = numbers(500_000);
    let right = defined(a.iter().copied(), |x, y| x + y);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let expr = Expr::builder().serial_below(0).compile("cumsum(a)").unwrap();
    for _ in 0..5 {
        let result: Array1<f64> = pool.install(|| expr.eval(args![a])).unwrap();
        assert_eq!(bits(&result), bits(&right));
    }
}

/// A function that evaluates something itself, on the same threads, while pieces wait for each other.
#[test]
fn a_function_that_evaluates() {
    fn f(y: f64) -> f64 {
        static INNER: LazyLock<Expr> =
            LazyLock::new(|| Expr::builder().serial_below(0).tile(600).compile("cumsum(x)").unwrap());
        if (y as u64).is_multiple_of(701) {
            let x = Array1::from_elem(5000, 1.0);
            let all: Array1<f64> = INNER.eval(args![x]).unwrap();
            return y + all[4999] - 5000.0;
        }
        y
    }
    let a = Array1::from_shape_fn(20_000, |i| i as f64);
    let right = defined(a.iter().copied(), |x, y| x + y);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let expr =
        Expr::builder().function("f", f as fn(f64) -> f64).serial_below(0).tile(600).compile("cumsum(f(a))").unwrap();
    for _ in 0..3 {
        let result: Array1<f64> = expr.eval(args![a]).unwrap();
        assert_eq!(bits(&result), bits(&right));
        let result: Array1<f64> = pool.install(|| expr.eval(args![a])).unwrap();
        assert_eq!(bits(&result), bits(&right));
    }
}

#[test]
fn shapes_at_the_ends() {
    let one = ArrayD::from_elem(IxDyn(&[]), 3.5);
    assert_eq!(eval("cumsum(a)", args![a = &one]), array![3.5].into_dyn());
    assert_eq!(eval("cumprod(a, axis=0) + 1", args![a = &one]), array![4.5].into_dyn());
    assert_eq!(eval("cumsum(2.5)", args![]), array![2.5].into_dyn());
    let hollow = Array2::<f64>::zeros((3, 0));
    assert_eq!(eval("cumsum(a, axis=0)", args![a = &hollow]).shape(), [3, 0]);
    assert_eq!(eval("cumsum(a, axis=1) + 1", args![a = &hollow]).shape(), [3, 0]);
    assert_eq!(eval("cumsum(a)", args![a = &hollow]).shape(), [0]);
    assert_eq!(eval("sum(cumsum(a))", args![a = &hollow])[[]], 0.0);
    let mut shape = vec![1; 64];
    (shape[3], shape[40], shape[63]) = (3, 5, 7);
    let many = numbers(105).into_shape_with_order(IxDyn(&shape)).unwrap();
    for axis in [0, 3, 40, 63] {
        let result = eval(&format!("cumsum(a, axis={axis})"), args![a = &many]);
        assert_eq!(bits(&result), bits(&along(&many, axis, |x, y| x + y)));
    }
}

#[test]
fn results_keep_the_order_of_axes() {
    let mut a = Array2::zeros((50, 60).f());
    a.assign(&numbers(3000).into_shape_with_order((50, 60)).unwrap());
    let result: Array2<f64> =
        Expr::builder().order(Order::K).compile("cumsum(a, axis=0)*2").unwrap().eval(args![a]).unwrap();
    assert_eq!(result.strides(), [1, 50]);
    let right = along(&a.clone().into_dyn(), 0, |x, y| x + y).into_dimensionality::<Ix2>().unwrap() * 2.0;
    assert_eq!(bits(&result), bits(&right));
    let flat: Array1<f64> = Expr::builder().order(Order::K).compile("cumsum(a) + 1").unwrap().eval(args![a]).unwrap();
    assert_eq!(flat.len(), 3000);
}
