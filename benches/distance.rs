//! Distances of all pairs of points in the plane, by broadcasting: a column of points against a row of points.
//!
//! - **matrix**: `sqrt((x - u)**2 + (y - v)**2)`, a matrix of distances. ndarray needs one matrix for each difference if
//!   written with operators; `Zip` over rows on rayon's threads is what is written instead;
//! - **nearest**: `min((x - u)**2 + (y - v)**2, axis=1)`, which needs no matrix at all: the reduction is fused. ndarray
//!   makes the matrix and folds it, or folds row by row on rayon's threads.
//!
//! Results are checked to be the same first (bit for bit: every operation is rounded as ndarray rounds it).
//!
//! ```text
//! cargo bench --bench distance
//! RUSTFLAGS="-C target-cpu=native" cargo bench --bench distance    # ndarray with all instructions of this CPU
//! ```
//! The report is `target/criterion/report/index.html`.

mod common;

use std::time::Duration;

use common::Lines;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};
use tilexpr::{Args, Expr, Threads, args};

const MATRIX: &str = "sqrt((x - u)**2 + (y - v)**2)";
const NEAREST: &str = "min((x - u)**2 + (y - v)**2, axis=1)";

/// Two sets of points.
struct Points {
    x: Array1<f64>,
    y: Array1<f64>,
    u: Array1<f64>,
    v: Array1<f64>,
}

impl Points {
    fn new(n: usize) -> Points {
        let l = Lines::<f64>::new(n);
        Points { x: l.a, y: l.b, u: l.c.clone(), v: l.c.slice_move(ndarray::s![..;-1]).as_standard_layout().to_owned() }
    }

    /// The first set as columns, the second as rows: they broadcast to a matrix.
    fn args(&self) -> Args<'_> {
        args![x = column(&self.x), y = column(&self.y), u = &self.u, v = &self.v]
    }

    /// Operators: the squares' matrix.
    fn squares(&self) -> Array2<f64> {
        let mut d = &column(&self.x) - &self.u;
        d.mapv_inplace(|d| d * d);
        let mut e = &column(&self.y) - &self.v;
        e.mapv_inplace(|e| e * e);
        d + e
    }

    /// Squared distance from a point of the first set to one of the second.
    #[inline(always)]
    fn square(x: f64, y: f64, u: f64, v: f64) -> f64 {
        (x - u) * (x - u) + (y - v) * (y - v)
    }

    /// Row by row on rayon's threads.
    fn rows(&self, out: &mut Array2<f64>) {
        Zip::from(out.rows_mut()).and(&self.x).and(&self.y).par_for_each(|row, &x, &y| {
            Zip::from(row).and(&self.u).and(&self.v).for_each(|d, &u, &v| *d = Self::square(x, y, u, v).sqrt());
        });
    }

    /// The least of each row, on rayon's threads.
    fn nearest(&self, out: &mut Array1<f64>) {
        Zip::from(out).and(&self.x).and(&self.y).par_for_each(|least, &x, &y| {
            let row = Zip::from(&self.u).and(&self.v);
            *least = row.fold(f64::INFINITY, |least, &u, &v| least.min(Self::square(x, y, u, v)));
        });
    }
}

fn column(x: &Array1<f64>) -> ArrayView2<'_, f64> {
    x.view().insert_axis(Axis(1))
}

fn least(squares: &Array2<f64>) -> Array1<f64> {
    squares.fold_axis(Axis(1), f64::INFINITY, |&least, &d| least.min(d))
}

fn matrix(c: &mut Criterion) {
    let e = Expr::compile(MATRIX).expect("it compiles");
    let serial = e.with_threads(Threads::Serial);
    let mut group = c.benchmark_group("distance, matrix");
    group.sample_size(15).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(1500));
    for n in [100, 500, 2000] {
        let p = Points::new(n);
        let mut out = Array2::zeros((n, n));
        let expected = p.squares().sqrt();
        p.rows(&mut out);
        assert!(out == expected);
        e.eval_into(p.args(), &mut out).expect("it runs");
        assert!(out == expected);
        group.throughput(Throughput::Elements((n * n) as u64));
        group.bench_function(BenchmarkId::new("operators", n), |b| {
            b.iter(|| p.squares().mapv_into(f64::sqrt));
        });
        group.bench_function(BenchmarkId::new("par_zip, row by row", n), |b| b.iter(|| p.rows(&mut out)));
        group.bench_function(BenchmarkId::new("tilexpr, eval", n), |b| {
            b.iter(|| e.eval::<Array2<f64>>(p.args()).expect("it runs"));
        });
        for (name, e) in [("tilexpr, eval_into", &e), ("tilexpr, eval_into, one thread", &serial)] {
            group.bench_function(BenchmarkId::new(name, n), |b| {
                b.iter(|| e.eval_into(p.args(), &mut out).expect("it runs"));
            });
        }
    }
    group.finish();
}

fn nearest(c: &mut Criterion) {
    let e = Expr::compile(NEAREST).expect("it compiles");
    let serial = e.with_threads(Threads::Serial);
    let mut group = c.benchmark_group("distance, nearest");
    group.sample_size(15).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(1500));
    for n in [100, 500, 2000] {
        let p = Points::new(n);
        let mut out = Array1::zeros(n);
        let expected = least(&p.squares());
        p.nearest(&mut out);
        assert!(out == expected);
        e.eval_into(p.args(), &mut out).expect("it runs");
        assert!(out == expected);
        group.throughput(Throughput::Elements((n * n) as u64));
        group.bench_function(BenchmarkId::new("operators", n), |b| b.iter(|| least(&p.squares())));
        group.bench_function(BenchmarkId::new("par_zip, row by row", n), |b| b.iter(|| p.nearest(&mut out)));
        for (name, e) in [("tilexpr, eval_into", &e), ("tilexpr, eval_into, one thread", &serial)] {
            group.bench_function(BenchmarkId::new(name, n), |b| {
                b.iter(|| e.eval_into(p.args(), &mut out).expect("it runs"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, matrix, nearest);
criterion_main!(benches);
