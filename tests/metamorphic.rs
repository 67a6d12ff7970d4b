//! Two ways to the same result: a view and its copy, pieces and the whole, one call and another.

mod common;

use common::case::Case;
use common::executors;
use common::place::{AnyPlaced, Layout, Outs};
use common::pool;
use common::rng::Rng;
use common::tensor::Tensor;
use ndarray::{Array1, Array2, Array3, ArrayD, Axis, array, s};
use num_complex::Complex;
use tilexpr::{AnyArray, Arg, Args, CancelToken, Casting, Executor, Expr, Order, Threads, args};

const TEXT: &str = "where(a > b, a*b + 0.5, sqrt(abs(a)) - b**3) + a % 2";

fn numbers(n: usize) -> Array1<f64> {
    let mut rng = Rng::new(n as u64);
    Array1::from_shape_fn(n, |_| rng.unit() * 20.0 - 10.0)
}

fn bits(a: &ArrayD<f64>) -> Vec<u64> {
    a.iter().map(|x| x.to_bits()).collect()
}

fn eval(text: &str, args: Args) -> ArrayD<f64> {
    Expr::compile(text).unwrap().eval(args).unwrap()
}

#[test]
fn a_view_is_its_copy() {
    let (big, b) = (numbers(6000).into_shape_with_order((60, 100)).unwrap(), numbers(1000));
    for view in [
        big.slice(s![..;2, ..;-3]),
        big.slice(s![5..;-1, 3..40]),
        big.slice(s![10..11, ..34]),
        big.t().slice(s![.., ..34]),
        big.slice(s![7..7, ..34]),
    ] {
        let b = b.slice(s![..view.ncols()]);
        let copy = view.to_owned();
        assert_eq!(bits(&eval(TEXT, args![a = view, b])), bits(&eval(TEXT, args![a = &copy, b])));
        for reduce in ["sum(a*b)", "sum(a*b, axis=0)", "prod(a/9, axis=1)", "max(a - b, axis=0)", "mean(a, axis=1)"] {
            if view.is_empty() && reduce.starts_with("max") {
                continue;
            }
            assert_eq!(bits(&eval(reduce, args![a = view, b])), bits(&eval(reduce, args![a = &copy, b])), "{reduce}");
        }
    }
}

#[test]
fn transposing_commutes_with_elementwise() {
    let a = numbers(70 * 90).into_shape_with_order((70, 90)).unwrap();
    let b = numbers(70 * 90).mapv(|x| x + 0.25).into_shape_with_order((90, 70)).unwrap();
    let straight = eval(TEXT, args![a = &a, b = b.t()]);
    let turned = eval(TEXT, args![a = a.t(), b = &b]);
    assert_eq!(bits(&straight), bits(&turned.t().to_owned()));
}

#[test]
fn pieces_are_the_whole() {
    let (a, b) = (numbers(5000), numbers(5000).mapv(|x| x * 0.5 + 1.0));
    let whole = eval(TEXT, args![a, b]);
    let mut rng = Rng::new(7);
    let mut at = 0;
    while at < 5000 {
        let end = (at + 1 + rng.below(700)).min(5000);
        let piece = eval(TEXT, args![a = a.slice(s![at..end]), b = b.slice(s![at..end])]);
        assert_eq!(bits(&piece), bits(&whole.slice_axis(Axis(0), (at..end).into()).to_owned()));
        at = end;
    }
}

/// Pieces of 512 * 2^k elements combine to the whole, by the same tree.
#[test]
fn sums_of_pieces_are_the_sum() {
    let x = numbers(512 * 16 + 300).mapv(|x| x * 1e10 + x);
    let sum = |text: &str, x: &[f64]| Expr::compile(text).unwrap().eval::<f64>(args![x]).unwrap();
    for piece in [512, 1024, 2048, 8192] {
        let mut parts: Vec<f64> = x.as_slice().unwrap().chunks(piece).map(|x| sum("sum(x)", x)).collect();
        while parts.len() > 1 {
            parts = parts.chunks(2).map(|p| if let [a, b] = p { a + b } else { p[0] }).collect();
        }
        assert_eq!(parts[0].to_bits(), sum("sum(x)", x.as_slice().unwrap()).to_bits(), "pieces of {piece}");
    }
}

#[test]
fn a_broadcast_axis_is_a_repeated_one() {
    let (a, row) = (numbers(40 * 70).into_shape_with_order((40, 70)).unwrap(), numbers(70));
    let repeated = row.broadcast((40, 70)).unwrap().to_owned();
    let column = a.slice(s![.., 3..4]);
    let columns = column.broadcast((40, 70)).unwrap();
    for text in [TEXT, "sum(a*b)", "sum(a*b, axis=0)", "sum(a + b, axis=1)", "min(b + 0*a)"] {
        assert_eq!(bits(&eval(text, args![a, b = &row])), bits(&eval(text, args![a, b = &repeated])), "{text}");
        assert_eq!(bits(&eval(text, args![a, b = column])), bits(&eval(text, args![a, b = columns])), "{text}");
        assert_eq!(
            bits(&eval(text, args![a, b = columns])),
            bits(&eval(text, args![a, b = &columns.to_owned()])),
            "{text}"
        );
    }
}

#[test]
fn fortran_order() {
    let c = Array3::from_shape_fn((9, 10, 11), |(i, j, k)| (i * 110 + j * 11 + k) as f64 * 0.25 - 7.0);
    let mut f = Array3::zeros(ndarray::ShapeBuilder::f((9, 10, 11)));
    f.assign(&c);
    for text in ["a*2 + a % 3", "sum(a)", "sum(a, axis=1)", "sum(a, axis=(0, 2))", "a - mean(a, axis=0)"] {
        assert_eq!(bits(&eval(text, args![a = &c])), bits(&eval(text, args![a = &f])), "{text}");
    }
}

#[test]
fn the_order_of_results() {
    let c = Array2::from_shape_fn((5, 7), |(i, j)| (i * 7 + j) as f64);
    let run = |order, a: &Array2<f64>| -> Array2<f64> {
        Expr::builder().order(order).compile("a + 1").unwrap().eval(args![a]).unwrap()
    };
    let f = c.t().as_standard_layout().into_owned().reversed_axes();
    assert!(f.t().is_standard_layout());
    for (order, argument, strides) in [
        (Order::C, &c, [7, 1]),
        (Order::C, &f, [7, 1]),
        (Order::F, &c, [1, 5]),
        (Order::F, &f, [1, 5]),
        (Order::K, &c, [7, 1]),
        (Order::K, &f, [1, 5]),
    ] {
        let y = run(order, argument);
        assert_eq!(y.strides(), strides, "{order:?}");
        assert_eq!(y, &c + 1.0);
    }
}

/// `eval`, `eval_into`, `prepare` and `update` on random cases.
#[test]
fn calls_agree() {
    let mut done = 0;
    for seed in 5000..5300 {
        let case = Case::random(&mut Rng::new(seed));
        let all: Vec<Executor> = Executor::available().collect();
        let executor = all[seed as usize % all.len()];
        let Ok(expr) = Expr::builder().executor(executor).threads(Threads::Serial).compile(&case.text()) else {
            continue;
        };
        let mut rng = Rng::new(seed);
        if case.vars.iter().any(|v| v.ty.weak) || expr.names().is_empty() {
            continue;
        }
        let layout =
            |rng: &mut Rng, rank| if rng.one_in(2) { Layout::contiguous(rank) } else { Layout::random(rng, rank) };
        let placed: Vec<AnyPlaced> =
            case.vars.iter().map(|v| AnyPlaced::of(&v.value, &layout(&mut rng, v.value.shape.len()))).collect();
        let args: Args = case.vars.iter().zip(&placed).map(|(v, p)| (v.name.as_str(), p.arg())).collect();
        let Ok(results) = expr.eval::<Vec<AnyArray>>(&args) else { continue };
        let expected: Vec<Tensor> = results.iter().map(Tensor::from_any).collect();
        let layouts: Vec<Layout> = expected.iter().map(|e| layout(&mut rng, e.shape.len())).collect();
        let compare = |rooms: &[AnyPlaced], how: &str| {
            for (room, expected) in rooms.iter().zip(&expected) {
                let difference = room.values().difference(expected);
                assert!(
                    difference.is_none(),
                    "seed {seed}, {how}: {:?}: {}",
                    case.text(),
                    difference.unwrap_or_default()
                );
            }
        };
        let room = || -> Vec<AnyPlaced> {
            let one = |(e, l): (&Tensor, &Layout)| AnyPlaced::room(e.dtype, &e.shape, l);
            expected.iter().zip(&layouts).map(one).collect()
        };
        let mut rooms = room();
        let mut outs = Outs(rooms.iter_mut().map(AnyPlaced::view_mut).collect());
        expr.eval_into(&args, &mut outs).unwrap();
        compare(&rooms, "eval_into");

        let names: [&str; 4] = std::array::from_fn(|at| ["a", "b", "c", "d"][at]);
        if let Ok(call) = expr.prepare(names, &args) {
            let given: [Arg; 4] = std::array::from_fn(|at| placed.get(at).map_or(Arg::new(0.0), AnyPlaced::arg));
            let mut rooms = room();
            let mut outs = Outs(rooms.iter_mut().map(AnyPlaced::view_mut).collect());
            call.call(given, &mut outs).unwrap();
            compare(&rooms, "prepared");
        }

        // In place: into the argument that has the shape and type of the result.
        let fits = |v: &common::case::Var| v.value.dtype == expected[0].dtype && v.value.shape == expected[0].shape;
        if let (1, Some(at)) = (expected.len(), case.vars.iter().position(fits)) {
            let mut target = [AnyPlaced::of(&case.vars[at].value, &layouts[0])];
            let others = case.vars.iter().zip(&placed).enumerate().filter(|(other, _)| *other != at);
            let args: Args = others.map(|(_, (v, p))| (v.name.as_str(), p.arg())).collect();
            let mut outs = Outs(target.iter_mut().map(AnyPlaced::view_mut).collect());
            expr.update(case.vars[at].name.as_str(), &mut outs, &args).unwrap();
            compare(&target, "update");
        }
        done += 1;
    }
    assert!(done > 60, "{done}");
}

#[test]
fn updates_read_before_they_write() {
    for executor in executors::all() {
        for threads in [Threads::Serial, pool(2)] {
            let compile = |text| {
                let builder = Expr::builder().executor(executor).threads(threads.clone());
                builder.serial_below(0).grain(1).tile(100).stream_from(0).compile(text).unwrap()
            };
            let (u0, v0) = (numbers(3000), numbers(3000).mapv(|x| x * 2.0 + 1.0));
            for (text, f, g) in [
                ("u + v, u - v", (|u, v| u + v) as fn(f64, f64) -> f64, (|u, v| u - v) as fn(f64, f64) -> f64),
                ("v, u", |_, v| v, |u, _| u),
                ("v*2, u + v", |_, v| v * 2.0, |u, v| u + v),
            ] {
                let (mut u, mut v) = (u0.clone(), v0.clone());
                compile(text).update(["u", "v"], &mut (&mut u, &mut v), args![]).unwrap();
                let expected = |h: fn(f64, f64) -> f64| Array1::from_shape_fn(3000, |i| h(u0[i], v0[i]));
                assert_eq!((u, v), (expected(f), expected(g)), "{text}");
            }
            // One pass whose stores put in place what was only loaded.
            let (a0, b0) = (Array1::from_iter(0..3000i64), Array1::from_iter((0..3000i64).map(|i| 7 * i - 5)));
            for text in ["a ^ (a ^ b), b ^ (a ^ b)", "b + 0*a, a + 0*b"] {
                let (mut a, mut b) = (a0.clone(), b0.clone());
                compile(text).update(["a", "b"], &mut (&mut a, &mut b), args![]).unwrap();
                assert_eq!((&a, &b), (&b0, &a0), "{text}");
            }
            let mut z = u0.mapv(|x| Complex::new(x, -x));
            let expected = Array1::from_shape_fn(3000, |i| Complex::new(v0[i], u0[i]));
            compile("complex(w, z.real)").update("z", &mut z, args![w = &v0]).unwrap();
            assert_eq!(z, expected);
            let mut a = u0.clone().into_shape_with_order((60, 50)).unwrap();
            let before = a.clone();
            compile("a / sum(a, axis=1, keepdims=True)").update("a", &mut a, args![]).unwrap();
            let apart: Array2<f64> = compile("a / sum(a, axis=1, keepdims=True)").eval(args![a = &before]).unwrap();
            assert_eq!(a, apart);
            let mut turned = before.clone();
            compile("a + b").update("a", &mut turned.view_mut().reversed_axes(), args![b = before.t()]).unwrap();
            assert_eq!(turned, &before * 2.0);
        }
    }
    // Several passes, into arrays of other types.
    for (casting, right) in [(Casting::No, false), (Casting::SameKind, false), (Casting::Unsafe, true)] {
        let (mut p, mut q) = (array![1_i32, 2], array![2.5, 3.5]);
        let swap = Expr::builder().casting(casting).compile("q, p").unwrap();
        assert_eq!(swap.update(["p", "q"], &mut (&mut p, &mut q), args![]).is_ok(), right);
        let expected = if right { (array![2, 3], array![1.0, 2.0]) } else { (array![1, 2], array![2.5, 3.5]) };
        assert_eq!((p, q), expected);
    }
    let mut one = array![3];
    Expr::compile("a*a").unwrap().update("a", &mut one, args![]).unwrap_or(());
}

/// Results that read some arrays in common are one pass for arrays that give them one shape, and two for others: of the same
/// expression, in any order of calls, also in place.
#[test]
fn results_of_one_shape_and_of_several() {
    for executor in executors::all() {
        let e = Expr::builder().executor(executor).compile("a*2, a + g").unwrap();
        let (a, g) = (numbers(300), numbers(300).mapv(|x| x - 7.0));
        let table = numbers(600).into_shape_with_order((2, 300)).unwrap();
        for _ in 0..2 {
            let (twice, sum): (Array1<f64>, Array1<f64>) = e.eval(args![a, g]).unwrap();
            assert_eq!((twice, sum), (&a * 2.0, &a + &g));
            let (twice, sum): (Array1<f64>, Array2<f64>) = e.eval(args![a, g = &table]).unwrap();
            assert_eq!((twice, sum), (&a * 2.0, &a + &table));
            let (twice, sum): (Array2<f64>, Array2<f64>) = e.eval(args![a = &table, g]).unwrap();
            assert_eq!((twice, sum), (&table * 2.0, &table + &g));
            let (mut u, mut v) = (a.clone(), g.clone());
            e.update(["a", "g"], &mut (&mut u, &mut v), args![]).unwrap();
            assert_eq!((u, v), (&a * 2.0, &a + &g));
            let (mut u, mut v) = (a.clone(), table.clone());
            e.update(["a", "g"], &mut (&mut u, &mut v), args![]).unwrap();
            assert_eq!((u, v), (&a * 2.0, &a + &table));
        }
    }
}

/// What depends on arrays that are repeated along an axis is computed once for each of their elements: to the bit what comes
/// of arrays that were repeated in memory.
#[test]
fn repeated_arrays_and_their_copies() {
    let (n0, n1, n2) = (9, 20, 30);
    let cube = numbers(n0 * n1 * n2).into_shape_with_order((n0, n1, n2)).unwrap();
    let plane = numbers(n1 * n2).mapv(|x| x + 0.25).into_shape_with_order((n1, n2)).unwrap();
    let row = numbers(n2).mapv(|x| x * 0.5 + 1.0);
    let column = numbers(n1).mapv(|x| 2.0 - x).into_shape_with_order((n1, 1)).unwrap();
    let slab = numbers(n0).mapv(|x| x - 0.1).into_shape_with_order((n0, 1, 1)).unwrap();
    let short = array![[0.5], [1.5]];
    let shape = (n0, n1, n2);
    let whole = |a: ndarray::ArrayViewD<f64>| a.broadcast((n0, n1, n2)).unwrap().to_owned();
    let copies = [plane.view().into_dyn(), row.view().into_dyn(), column.view().into_dyn(), slab.view().into_dyn()];
    let [p, r, c, s] = copies.map(whole);
    let hypot: fn(f64, f64) -> f64 = f64::hypot;
    for text in [
        "exp(r)*a",
        "sin(r)*cos(c) + s",
        "exp(r)/exp(c)*sqrt(s) + p/r",
        "sin(r + c) + sin(r + s) + sin(c + s) + a",
        "sum(exp(r)*a, axis=1)",
        "sum(exp(r)*a + log(p*p), axis=(0, 2))",
        "(a - mean(a, axis=0))/std(a, axis=0)*exp(r) + tanh(c)",
        "exp(r - max(a))*a/sum(exp(r)*a)",
        "exp(r)*a, exp(r)*p + a, cos(c) - a",
        "sqrt(r + 1j*c)*(a + 2j)",
        "where(r > 1, exp(c), a/s)*log(abs(p))",
        "f(r, 2.5)*a + f(c, 0.5)",
        "max(exp(r)*a, axis=2) + min(exp(c)*a)",
        "i64(r*8)//i64(c*8 + 100) + i64(a)",
    ] {
        let mut results = Vec::new();
        for executor in executors::all() {
            for threads in [Threads::Serial, pool(2)] {
                let builder = Expr::builder().executor(executor).threads(threads).function("f", hypot);
                let e = builder.serial_below(0).grain(1).tile(100).compile(text).unwrap();
                let repeated: Vec<AnyArray> =
                    e.eval(args![a = &cube, p = &plane, r = &row, c = &column, s = &slab]).unwrap();
                let copied: Vec<AnyArray> = e.eval(args![a = &cube, p, r, c, s]).unwrap();
                results.extend([repeated, copied]);
            }
        }
        for other in &results[1..] {
            assert_eq!(debug_bits(&results[0]), debug_bits(other), "{text}");
        }
    }
    // Arrays that are long along the same axis, and of different lengths along another.
    let (x, y) =
        (numbers(20).into_shape_with_order((20, 1)).unwrap(), numbers(60).into_shape_with_order((20, 3)).unwrap());
    let (wide, deep) = (numbers(2400).into_shape_with_order((20, 120)).unwrap(), numbers(3600));
    let deep = deep.into_shape_with_order((60, 20, 3)).unwrap();
    let (first, second): (Array2<f64>, Array3<f64>) =
        Expr::compile("sin(x)*wide, sin(y)*deep").unwrap().eval(args![x, y, wide, deep]).unwrap();
    let sin = |x: f64| -> f64 { tilexpr::eval!("sin(x)", x).unwrap() };
    assert_eq!(first, &wide * &x.mapv(sin));
    assert_eq!(second, &deep * &y.mapv(sin));
    // In place; with an axis that is short, and with no elements at all.
    let mut updated = cube.clone();
    Expr::compile("exp(r)*a + sin(r)").unwrap().update("a", &mut updated, args![r = &row]).unwrap();
    let apart: Array3<f64> = Expr::compile("exp(r)*a + sin(r)").unwrap().eval(args![a = &cube, r = &row]).unwrap();
    assert_eq!((&updated, updated.dim()), (&apart, shape));
    let e = Expr::compile("exp(r)*exp(h)*exp(c)").unwrap();
    let big = numbers(3000);
    let one: Array2<f64> = e.eval(args![r = &big, h = &short, c = 1.0]).unwrap();
    assert_eq!(one, Array2::from_shape_fn((2, 3000), |(i, j)| one_exp(big[j]) * one_exp(short[[i, 0]]) * one_exp(1.0)));
    let none: Array2<f64> = e.eval(args![r = &big, h = &Array2::<f64>::zeros((0, 1)), c = 1.0]).unwrap();
    assert_eq!(none.dim(), (0, 3000));
}

fn one_exp(x: f64) -> f64 {
    tilexpr::eval!("exp(x)", x).unwrap()
}

fn debug_bits(results: &[AnyArray]) -> String {
    let of = |result: &AnyArray| match result {
        AnyArray::F64(a) => format!("{:?} {:?}", a.shape(), bits(a)),
        AnyArray::C128(a) => {
            format!("{:?} {:?}", a.shape(), a.iter().map(|z| (z.re.to_bits(), z.im.to_bits())).collect::<Vec<_>>())
        }
        AnyArray::I64(a) => format!("{:?} {:?}", a.shape(), a.iter().collect::<Vec<_>>()),
        other => panic!("{other:?}"),
    };
    results.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn all_bits(results: &[AnyArray]) -> Vec<(Vec<usize>, Vec<u64>)> {
    let of = |result: &AnyArray| match result {
        AnyArray::F64(a) => (a.shape().to_vec(), bits(a)),
        AnyArray::I64(a) => (a.shape().to_vec(), a.iter().map(|&i| i as u64).collect()),
        other => panic!("{other:?}"),
    };
    results.iter().map(of).collect()
}

/// Who takes which tiles, and how many at a time, changes nothing, in each kind of step; nor do bounds that are far away.
#[test]
fn loop_schedules_and_bounds_change_nothing() {
    let texts = [
        "a*b + 0.5",
        "a + b.T",
        "sum(a), sum(a, axis=0), sum(a*b, axis=1)",
        "sum(b.T), prod(b.T/9, axis=1)",
        "max(a, axis=0), argmax(a), argmin(b.T)",
        "t = exp(a/9); t/sum(t, axis=1, keepdims=True)",
        "(a - mean(a, axis=0))/std(a, axis=0)",
    ];
    let (a, b) = (numbers(700 * 90).into_shape_with_order((700, 90)).unwrap(), numbers(700 * 90).mapv(|x| x + 0.25));
    let (b, turned) = (b.to_shape((700, 90)).unwrap().to_owned(), b.into_shape_with_order((90, 700)).unwrap());
    let mut rng = Rng::new(7);
    for text in texts {
        let other = text.replace("b.T", "b");
        let b = if other == text { b.view() } else { turned.t() };
        let plain = Expr::builder().threads(Threads::Serial).compile(&other).unwrap();
        let arguments = || -> Args {
            let arg = |name: &'static str, array| plain.names().iter().any(|n| n == name).then_some((name, array));
            [arg("a", Arg::new(a.view())), arg("b", Arg::new(b))].into_iter().flatten().collect()
        };
        let expected: Vec<AnyArray> = plain.eval(arguments()).unwrap();
        for threads in [1, 2, 7] {
            for tile in [None, Some(64), Some(1000)] {
                let mut builder = Expr::builder().threads(pool(threads)).serial_below(0);
                if let Some(tile) = tile {
                    builder = builder.tile(tile);
                }
                let e = builder.loop_schedule(common::loop_schedule(&mut rng)).compile(&other).unwrap();
                let again = e.with_loop_schedule(common::loop_schedule(&mut rng)).with_cancel(CancelToken::new());
                for e in [e, again] {
                    let found: Vec<AnyArray> = e.eval(arguments()).unwrap();
                    assert_eq!(all_bits(&found), all_bits(&expected), "{text}: {e:?}");
                }
            }
        }
    }
}

/// What depends on a reduction alone is computed once for each of its elements, and reductions in both forms are one: nothing of
/// that changes a bit.
#[test]
fn one_text_is_its_steps() {
    let steps: [(&[(&str, &str)], &str); 7] = [
        (&[("m", "mean(a, axis=0)"), ("s", "std(a, axis=0)")], "(a - m)/(s + 1)"),
        (&[("m", "mean(a, axis=1, keepdims=True)"), ("s", "std(a, axis=1, keepdims=True)")], "(a - m)/(s + 1)"),
        (&[("m", "mean(a, axis=0)"), ("k", "mean(a, axis=0, keepdims=True)")], "a/m - a/k, m*m, k/3"),
        (&[("m", "mean(a, axis=0)"), ("q", "exp(m/9) - sqrt(abs(sum(a, axis=0)))")], "q + a*max(a, axis=0)/q"),
        (&[("t", "sqrt(sum(a*a, axis=0))"), ("u", "exp(-t/9)/3")], "a*t + u*a, sum(a*u + t/u, axis=0), u"),
        (&[("m", "mean(a, axis=0)"), ("s", "sum((a - m)**2/exp(std(a, axis=0)/9), axis=1)")], "s/3, sum(s)"),
        (&[("n", "sqrt(sum(a*a, axis=1))"), ("w", "mean(a)")], "n/w, argmax(n/3), sum(n/w, axis=0)"),
    ];
    let shapes = [(3, 5), (1, 7), (7, 1), (40, 3), (3, 700), (600, 40)];
    for (rows, columns) in shapes {
        let a = numbers(rows * columns).into_shape_with_order((rows, columns)).unwrap();
        for view in [a.view(), a.t()] {
            for (steps, last) in &steps {
                for executor in Executor::available() {
                    for threads in [Threads::Serial, pool(2)] {
                        let build = || Expr::builder().executor(executor).threads(threads.clone());
                        let whole: String = steps.iter().map(|(name, text)| format!("{name} = {text}\n")).collect();
                        let whole: Vec<AnyArray> =
                            build().compile(&(whole + last)).unwrap().eval(args![a = view]).unwrap();
                        let mut named: Vec<(&str, ArrayD<f64>)> = vec![("a", view.to_owned().into_dyn())];
                        let step = |text: &str, named: &[(&str, ArrayD<f64>)]| -> Vec<AnyArray> {
                            let e = build().compile(text).unwrap();
                            let of = named.iter().filter(|(name, _)| e.names().iter().any(|n| n == name));
                            e.eval(of.map(|(name, value)| (*name, Arg::new(value))).collect::<Args>()).unwrap()
                        };
                        for (name, text) in *steps {
                            let value = step(text, &named).remove(0).into_array().unwrap();
                            named.push((name, value));
                        }
                        assert_eq!(all_bits(&whole), all_bits(&step(last, &named)), "{last}, {rows} x {columns}");
                    }
                }
            }
        }
    }
}

/// Few points take other ways than many: whole runs in a loop, lines as they lie. The results are those of each point alone.
#[test]
fn few_points_are_as_many() {
    fn check<T: tilexpr::Element>(rank: usize, of: impl Fn(usize) -> T, texts: &[&str]) {
        let last = [1, 2, 3, 5, 7][rank % 5];
        let a = Array3::from_shape_fn((120, 2, last), |(i, j, k)| of(i * 31 + j * 7 + k));
        let view = a.slice(s![..;2, .., ..]);
        for text in texts {
            for executor in executors::all() {
                for threads in [Threads::Serial, pool(2)] {
                    let e = Expr::builder().executor(executor).threads(threads).compile(text).unwrap();
                    let whole: AnyArray = e.eval(args![a = view]).unwrap();
                    for from in (0..60).step_by(5) {
                        let piece: AnyArray = e.eval(args![a = view.slice(s![from..from + 5, .., ..])]).unwrap();
                        let same = format!("{piece:?}") == format!("{:?}", rows(&whole, from..from + 5));
                        assert!(same, "{text} with runs of {last} of {}", T::DTYPE);
                    }
                }
            }
        }
    }
    fn rows(a: &AnyArray, range: std::ops::Range<usize>) -> AnyArray {
        macro_rules! cut {
            ($($variant:ident),*) => { match a {
                $(AnyArray::$variant(a) => AnyArray::$variant(a.slice_axis(Axis(0), range.into()).to_owned()),)*
                other => panic!("{other:?}"),
            } };
        }
        cut!(Bool, U8, I16, I32, I64, U64, F32, F64, C64, C128)
    }
    const ALL: [&str; 9] = [
        "sum(a, axis=2)",
        "prod(a, axis=(1, 2))",
        "mean(a, axis=1)",
        "any(a, axis=-1)",
        "all(a, axis=(2, 1), keepdims=True)",
        "a - sum(a, axis=2, keepdims=True)",
        "sqrt(abs(sum(a*a, axis=2)))",
        "std(a, axis=2)",
        "var(a, axis=(1, 2))",
    ];
    const REAL: [&str; 6] = [
        "min(a, axis=2)",
        "max(a, axis=(1, 2))",
        "argmin(a, axis=2)",
        "argmax(a, axis=1)",
        "sum(exp(-abs(f64(a)))/2, axis=2)",
        "where(a > mean(a, axis=2, keepdims=True), a, -1)",
    ];
    for rank in 0..5 {
        let float = |i: usize| [1.5, -0.0, f64::NAN, -2.25, 1e300, 0.0, 7.0][i * i % 7];
        let complex = |i: usize| Complex::new(float(i), float(i + 3));
        let all = &ALL;
        check(rank, float, all);
        check(rank, float, &REAL);
        check(rank, |i| float(i) as f32, all);
        check(rank, |i| float(i) as f32, &REAL);
        check(rank, |i| (i * i % 251) as u8, all);
        check(rank, |i| (i * i % 251) as u8, &REAL[..5]);
        check(rank, |i| (i * i % 997) as i16 - 300, all);
        check(rank, |i| (i * i % 997) as i32 - 300, &REAL);
        check(rank, |i| i as i64 - 300, &REAL);
        check(rank, |i| i * i % 3 == 0, &ALL[..5]);
        check(rank, complex, all);
    }
}

#[test]
fn rows_together_are_each_row_by_itself() {
    let texts = [
        "e = exp(a - max(a, axis=-1, keepdims=True)); e/sum(e, axis=-1, keepdims=True)",
        "(a - mean(a, axis=-1, keepdims=True))/std(a, axis=-1, keepdims=True)*exp(w/3) + tanh(w)",
        "m = max(a, axis=-1, keepdims=True); sum(exp(a - m), axis=-1, keepdims=True)*w/(m - 2)",
        "t = a/sum(a, axis=-1, keepdims=True); t = t/max(t, axis=-1, keepdims=True); t/sum(t*t, axis=-1, keepdims=True)",
        "e = sqrt(c*a)/w; e - mean(e, axis=-1, keepdims=True), i64(a*8)//i64(e.real + 90), a*max(abs(e), axis=-1, keepdims=True)",
        "e = f32(a)/f32(w); where(e > mean(e, axis=-1, keepdims=True), c/sum(e, axis=-1, keepdims=True), e/c)",
    ];
    // (The last is large enough for the library to go by rows by itself.)
    for (rows, columns, tile) in [(37, 5, Some(40)), (23, 130, Some(300)), (5, 700, Some(1)), (24, 2700, None)] {
        let table = |shift: usize| {
            Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17 + shift) % 101) as f64 / 32.0 + 0.125)
        };
        let (a, w, c) = (table(0), table(1).row(0).to_owned(), table(2).slice_move(s![.., ..1]));
        for (text, executor) in
            texts.iter().flat_map(|text| executors::all().into_iter().map(move |executor| (text, executor)))
        {
            for threads in [Threads::Serial, pool(2)] {
                let mut builder = Expr::builder().executor(executor).threads(threads).serial_below(0).grain(1);
                if let Some(tile) = tile {
                    builder = builder.tile(tile);
                }
                let e = builder.compile(text).unwrap();
                let whole: Vec<AnyArray> = e.eval(args![a, w, c]).unwrap();
                let padded = Array2::from_shape_fn((rows, columns + 3), |(i, j)| a[[i, j.min(columns - 1)]]);
                let view: Vec<AnyArray> = e.eval(args![a = padded.slice(s![.., ..columns]), w, c]).unwrap();
                assert_eq!(debug_bits(&whole), debug_bits(&view), "{text}");
                let turned: Vec<AnyArray> = e.eval(args![a = a.t().to_owned().t(), w, c]).unwrap();
                for i in [0, 1, rows / 2, rows - 1] {
                    let row: Vec<AnyArray> =
                        e.eval(args![a = a.slice(s![i..=i, ..]), w, c = c.slice(s![i..=i, ..])]).unwrap();
                    let of = |all: &Vec<AnyArray>| all.iter().map(|array| row_of(array, i)).collect::<Vec<_>>();
                    let row = row.iter().map(|array| row_of(array, 0)).collect::<Vec<_>>();
                    assert_eq!((&of(&whole), &of(&turned)), (&row, &row), "row {i} of {text}");
                }
            }
        }
        // In place, where each row is read before it is written, and what goes over all rows has ended.
        for text in &texts[..4] {
            for threads in [Threads::Serial, pool(2)] {
                let mut builder = Expr::builder().threads(threads).serial_below(0).grain(1);
                if let Some(tile) = tile {
                    builder = builder.tile(tile);
                }
                let e = builder.compile(&format!("{text} + 0*a")).unwrap();
                let apart: Array2<f64> = e.eval(args![a, w]).unwrap();
                let mut updated = a.clone();
                e.update("a", &mut updated, args![w]).unwrap();
                assert_eq!(apart, updated, "{text}");
            }
        }
    }
}

/// A row of a result, with all digits.
fn row_of(array: &AnyArray, row: usize) -> String {
    fn digits<T: Clone + std::fmt::Debug>(array: &ArrayD<T>, row: usize) -> String {
        format!("{:?}", array.index_axis(Axis(0), row).iter().collect::<Vec<_>>())
    }
    match array {
        AnyArray::F64(x) => digits(x, row),
        AnyArray::I64(x) => digits(x, row),
        AnyArray::C128(x) => digits(x, row),
        other => panic!("{:?}", other.dtype()),
    }
}
