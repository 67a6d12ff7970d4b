//! One expression on many threads at once.

mod common;

use std::sync::Arc;

use common::pool;
use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;
use tilexpr::{Executor, Expr, Threads, args};

fn matrix(n: usize, m: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, m), |(i, j)| ((i * 31 + j * 17) % 101) as f64 * 0.37 - 11.0)
}

/// One value for each kind of argument: sums of the bits of results.
fn work(e: &Expr, kind: usize) -> u64 {
    let m = matrix(40, 50);
    let sum = |a: Array2<f64>| a.iter().fold(0u64, |s, x| s.rotate_left(3) ^ x.to_bits());
    let narrow = m.mapv(|x| x as f32);
    let whole = m.mapv(|x| x as i32);
    match kind % 6 {
        0 => sum(e.eval(args![a = &m, b = &m]).unwrap()),
        1 => sum(e.eval(args![a = &m, b = m.slice(s![.., ..;-1])]).unwrap()),
        2 => sum(e.eval(args![a = &m, b = m.row(3)]).unwrap()),
        3 => sum(e.eval(args![a = &m, b = 2.5]).unwrap()),
        4 => sum(e.eval::<Array2<f32>>(args![a = &narrow, b = &narrow]).unwrap().mapv(f64::from)),
        _ => sum(e.eval(args![a = &whole, b = m.t().slice(s![..1, ..1])]).unwrap()),
    }
}

const TEXT: &str = "a*b - sum(a, axis=1, keepdims=True) + maximum(a, b)";

#[test]
fn one_expression_on_many_threads() {
    for (at, executor) in Executor::available().enumerate() {
        let threads = [Threads::Global, Threads::Serial, pool(2)][at % 3].clone();
        let compile =
            |threads| Expr::builder().executor(executor).threads(threads).serial_below(1).compile(TEXT).unwrap();
        let expected: Vec<u64> = (0..6).map(|kind| work(&compile(Threads::Serial), kind)).collect();
        let e = compile(threads);
        std::thread::scope(|scope| {
            for t in 0..16 {
                let (e, expected) = (&e, &expected);
                scope.spawn(move || {
                    for kind in (0..30).map(|k| k + t) {
                        assert_eq!(work(e, kind), expected[kind % 6]);
                    }
                });
            }
        });
    }
}

#[test]
fn calls_from_workers() {
    let m = matrix(64, 3000);
    let e = Expr::builder().serial_below(0).grain(1).tile(256).compile("x*2 + sum(x)").unwrap();
    let alone: Vec<Array1<f64>> =
        m.outer_iter().map(|x| e.with_threads(Threads::Serial).eval(args![x]).unwrap()).collect();
    let nested = |e: &Expr| -> Vec<Array1<f64>> {
        m.axis_iter(Axis(0)).into_par_iter().map(|x| e.eval(args![x]).unwrap()).collect()
    };
    assert_eq!(nested(&e), alone);
    let Threads::Pool(inner) = pool(2) else { unreachable!() };
    // Inside a pool: in that pool, in another, in the same by name.
    assert_eq!(inner.install(|| nested(&e)), alone);
    assert_eq!(inner.install(|| nested(&e.with_threads(pool(7)))), alone);
    assert_eq!(inner.install(|| nested(&e.with_threads(pool(2)))), alone);
    assert_eq!(nested(&e.with_threads(pool(1))), alone);
}

#[test]
fn expressions_are_dropped_while_others_run() {
    let a = Arc::new(Array1::from_shape_fn(2000, |i| i as f64));
    std::thread::scope(|scope| {
        for t in 0..4 {
            let a = Arc::clone(&a);
            scope.spawn(move || {
                for k in 0..60 {
                    // Every thread makes some of its own and some that others drop at the same time.
                    let k = if k % 2 == 0 { k } else { 1000 * (t + 1) + k };
                    let text = format!("a*{k} + {k}");
                    let e = Expr::builder().executor(Executor::Native).serial_below(500).compile(&text).unwrap();
                    let copy = e.clone();
                    drop(e);
                    let y: Array1<f64> = copy.eval(args![a = &*a]).unwrap();
                    assert_eq!(y[1999], 1999.0 * k as f64 + k as f64);
                }
            });
        }
    });
}
