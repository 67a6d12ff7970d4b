//! `index(x, axis)`: what an array of the same numbers gives, wherever it stands, however arrays lie, with every executor.

mod common;

use common::{executors, pool};
use ndarray::{Array1, ArrayD, Axis, IxDyn, ShapeBuilder, Slice};
use tilexpr::{AnyArray, Executor, Expr, Order, Threads, args};

/// Arrays of this shape that lie in different ways: C order, F order, every other element backwards, one element everywhere.
fn layouts(shape: &[usize]) -> Vec<ArrayD<f64>> {
    let value = |at: usize| (at * 7919 % 1013) as f64 / 8.0 - 60.0;
    let numbers = |shape: &[usize]| {
        let mut next = 0;
        ArrayD::from_shape_simple_fn(IxDyn(shape), || {
            next += 1;
            value(next)
        })
    };
    let plain = numbers(shape);
    let mut fortran = ArrayD::zeros(IxDyn(shape).f());
    fortran.assign(&plain);
    let doubled: Vec<usize> = shape.iter().map(|n| 2 * n).collect();
    let mut strided = numbers(&doubled);
    for axis in 0..shape.len() {
        strided.slice_axis_inplace(Axis(axis), Slice::new(0, None, -2));
    }
    vec![plain, fortran, strided]
}

/// The numbers along an axis, or in C order, as an array.
fn stored(shape: &[usize], axis: Option<usize>) -> ArrayD<i64> {
    let mut flat = 0;
    ArrayD::from_shape_fn(IxDyn(shape), |at| match axis {
        Some(axis) => at[axis] as i64,
        None => {
            flat += 1;
            flat - 1
        }
    })
}

fn compile(text: &str, executor: Executor, way: usize) -> Expr {
    let builder = Expr::builder().executor(executor);
    let builder = match way {
        0 => builder.threads(Threads::Serial),
        1 => builder.threads(pool(2)).serial_below(0),
        2 => builder.threads(pool(7)).serial_below(0).tile(37).stream_from(0).order(Order::C),
        _ => builder.threads(Threads::Serial).tile(600).stream_from(0),
    };
    builder.compile(text).unwrap_or_else(|error| panic!("{error}"))
}

fn bits(results: &[AnyArray]) -> Vec<String> {
    results
        .iter()
        .map(|result| format!("{result:?}").split(", strides").next().unwrap_or_default().to_string())
        .collect()
}

fn compare(texts: &[&str], shapes: &[&[usize]]) {
    let mut case = 0;
    for shape in shapes {
        let last = shape.len() - 1;
        let (i, j, k) = (stored(shape, Some(0)), stored(shape, Some(last)), stored(shape, None));
        for a in layouts(shape) {
            for text in texts {
                let plain = text.replace("I", "i").replace("J", "j").replace("K", "k");
                let own = text.replace("I", "index(a, 0)").replace("J", "index(a, -1)").replace("K", "index(a)");
                case += 1;
                let way = case % 4;
                let all = args![a, i, j, k];
                let right: Vec<AnyArray> = compile(&plain, Executor::Interpreter, 0).eval(&all).unwrap();
                for executor in executors::some(case) {
                    let found: Vec<AnyArray> = compile(&own, executor, way).eval(args![a]).unwrap();
                    assert_eq!(
                        bits(&found),
                        bits(&right),
                        "{own}, {shape:?}, strides {:?}, {executor:?}, way {way}",
                        a.strides()
                    );
                }
            }
        }
    }
}

const SHAPES: &[&[usize]] = &[
    &[1],
    &[7],
    &[31],
    &[1301],
    &[40, 33],
    &[3, 700],
    &[700, 3],
    &[1, 90],
    &[9, 8, 70],
    &[4, 1, 6],
    &[0, 5],
    &[64, 64],
];

#[test]
fn point_by_point() {
    compare(
        &[
            "I, J, K",
            "I*10 + J",
            "a + J, K - I",
            "where(I > J, a, K)",
            "sqrt(K) + sin(J)*a",
            "u8(J) + u8(I)",
            "a*f32(I), I == J",
            "random(1, K), normal(I, J), randint(J, K, -3, 9, I)",
        ],
        SHAPES,
    );
}

#[test]
fn reduced() {
    compare(
        &[
            "sum(I), sum(J*1.5), sum(K)",
            "sum(a*I + 0.1*J)",
            "sum(I*J + K + 0.25), mean(J)",
            "sum(a + 0.1*J, axis=0), sum(0.3*I, axis=-1)",
            "sum(a*J, axis=-1, keepdims=True)*I",
            "sum(K*0.1, axis=0) + J",
            "var(I + a), sum(sin(K), axis=0)",
            "sum(random(1, K)), sum(random(I, J), axis=-1), sum(normal(3, K))",
        ],
        SHAPES,
    );
    compare(
        &["min(J - a), max(I*a)", "argmin(a + J), argmax(K%7)", "min(I, axis=-1), argmax(a*J, axis=0)"],
        &SHAPES[..10],
    );
}

#[test]
fn scanned_and_counted() {
    compare(
        &[
            "cumsum(I), cumsum(J*0.1)",
            "cumsum(a + I, axis=0), cumsum(K, axis=-1)",
            "cumsum(a, axis=-1) + J",
            "bincount(J, 50), histogram(K + a, 10, 0, 100)",
            "bincount(u8(J), 256)",
        ],
        SHAPES,
    );
}

/// Stages by rows of a table, and what is computed once for each element of a row.
#[test]
fn stages() {
    compare(
        &[
            "a - mean(a*J, axis=-1, keepdims=True)",
            "e = exp((a + 0.01*I)*0.01); e/sum(e, axis=-1, keepdims=True)",
            "lgamma(J + 1.5)*a + sin(I)",
            "t = sin(a*J); t - mean(t), t*2",
        ],
        SHAPES,
    );
}

#[test]
fn of_what_is_no_argument() {
    let a = ArrayD::from_shape_fn(IxDyn(&[30, 40]), |at| (at[0] * at[1]) as f64);
    let row = Array1::from_iter((0..40).map(f64::from));
    for executor in executors::all() {
        for way in 0..4 {
            let run = |text: &str| compile(text, executor, way).eval::<ArrayD<i64>>(args![a, row]).unwrap();
            assert_eq!(run("index(sum(a, axis=0), 0)"), stored(&[40], None));
            assert_eq!(run("index(sum(a, axis=0, keepdims=True), 0)"), stored(&[1, 40], Some(0)));
            assert_eq!(run("index(row + a*0, 0)"), stored(&[30, 40], Some(0)));
            assert_eq!(run("index(cumsum(a), 0)"), stored(&[1200], None));
            assert_eq!(run("index(index(a, 1), 0)"), stored(&[30, 40], Some(0)));
            assert_eq!(run("index(complex(a, a), 1)"), stored(&[30, 40], Some(1)));
            assert_eq!(run("sum(index(a, 1), axis=0)"), stored(&[40], None).mapv(|j| 30 * j));
            assert_eq!(
                run("index(row, 0) + index(a, 0)"),
                ArrayD::from_shape_fn(IxDyn(&[30, 40]), |at| (at[0] + at[1]) as i64)
            );
        }
    }
}

/// One element that is repeated has a shape, and no memory to speak of; nothing of it is read.
#[test]
fn of_one_element() {
    let one = ndarray::arr0(f64::NAN);
    let a = one.broadcast((1 << 10, 1 << 9)).unwrap();
    for executor in executors::all() {
        for way in 0..4 {
            let run = |text: &str| compile(text, executor, way).eval::<i64>(args![a]).unwrap();
            assert_eq!(run("sum(index(a))"), (1 << 18) * ((1 << 19) - 1));
            assert_eq!(run("sum(index(a, 0)*index(a, 1))"), (1023 * 512) * (511 * 256));
            assert_eq!(run("max(index(a, -2))"), 1023);
        }
    }
}

/// Large results go past the cache, from the first aligned place on.
#[test]
fn large_results() {
    let one = ndarray::arr0(1.0);
    let a = one.broadcast(5_999_999).unwrap();
    for executor in [Executor::Auto, Executor::Cranelift] {
        let run = |text: &str| compile(text, executor, 1).eval::<Array1<i64>>(args![a]).unwrap();
        assert!(run("index(a, 0)").iter().enumerate().all(|(at, &found)| found == at as i64));
        assert!(run("cumsum(i64(a)) + index(a)").iter().enumerate().all(|(at, &found)| found == 2 * at as i64 + 1));
    }
}
