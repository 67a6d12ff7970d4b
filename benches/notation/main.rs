//! Texts with indices against what would be written instead: ndarray's product, loops by hand, the same by broadcasting.
//!
//! ```text
//! cargo bench --bench notation                         # all questions
//! cargo bench --bench notation -- product stencil      # some
//! RAYON_NUM_THREADS=2 cargo bench --bench notation     # the figures asked for are for two threads
//! ```
//! `dot` is ndarray's product on one thread (`MATMUL_NUM_THREADS=2` before the command: on two). Loops by hand run on all of rayon's threads, with the vectors that the CPU has.

#![allow(clippy::reversed_empty_ranges, reason = "`1..-1` is an ndarray slice from both ends")]

#[path = "../common/mod.rs"]
mod common;
mod hand;

use std::process::Command;

use common::ratio::{Race, Verdicts, times};
use hand::Bodies;
use ndarray::{Array1, Array2, Axis, s};
use tilexpr::{Expr, Relaxed, args};

/// Threads of `ndarray`'s product, which reads it once.
const DOT_THREADS: &str = "MATMUL_NUM_THREADS";

type Question = fn(&mut Verdicts);

fn main() {
    if std::env::var_os(DOT_THREADS).is_none() {
        let program = std::env::current_exe().expect("this program has a path");
        let mut again = Command::new(program);
        again.args(std::env::args_os().skip(1)).env(DOT_THREADS, "1");
        std::process::exit(again.status().expect("it starts again").code().unwrap_or(1));
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let questions: [(&str, Question); 5] = [
        ("product", product),
        ("gaussian", gaussian),
        ("distances", distances),
        ("stencil", stencil),
        ("bodies", bodies),
    ];
    println!("{} threads", rayon::current_num_threads());
    let mut verdicts = Verdicts::default();
    for (name, question) in questions {
        if wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str())) {
            question(&mut verdicts);
        }
    }
    verdicts.print();
}

/// Numbers between -1 and 1.
fn matrix(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    Array2::from_shape_simple_fn((rows, columns), || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f64 / (1u64 << 23) as f64 - 1.0
    })
}

fn compile(text: &str) -> Expr {
    Expr::compile(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn close(a: &Array2<f64>, b: &Array2<f64>) {
    let far = a.iter().zip(b).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max);
    assert!(far < 1e-9, "results differ by {far:e}");
}

fn product(verdicts: &mut Verdicts) {
    let n = 1024;
    let (a, b) = (matrix(n, n, 1), matrix(n, n, 2));
    let strict = compile("C[i, j] = sum[k](A[i, k]*B[k, j])");
    let relaxed =
        |level| Expr::builder().relaxed(level).compile(strict.source()).unwrap_or_else(|error| panic!("{error}"));
    let (contract, library) = (relaxed(Relaxed::Contract), relaxed(Relaxed::Library));
    let mut to = Array2::zeros((n, n));
    for expr in [&strict, &contract, &library] {
        expr.eval_into(args![A = &a, B = &b], &mut to).expect("it runs");
        close(&to, &a.dot(&b));
    }
    let mut race = Race::new(format!("product of matrices, {n} x {n}, f64")).rounds(9);
    race.add("dot", |to: &mut Array2<f64>| ndarray::linalg::general_mat_mul(1.0, &a, &b, 0.0, to));
    race.add("strict", |to| strict.eval_into(args![A = &a, B = &b], to).expect("it runs"));
    race.add("contract", |to| contract.eval_into(args![A = &a, B = &b], to).expect("it runs"));
    race.add("library", |to| library.eval_into(args![A = &a, B = &b], to).expect("it runs"));
    race.add("rows by hand", |to| hand::product(&a, &b, to));
    let figures = race.run(&mut to);
    figures.print(n * n * n, 0);
    verdicts.at_most("product, strict / dot", 3.0, figures.ratio("strict", "dot"), times);
    verdicts.note("product, contract / dot", times(figures.ratio("contract", "dot")));
    verdicts.at_most("product, library / dot", 1.1, figures.ratio("library", "dot"), times);
}

fn gaussian(verdicts: &mut Verdicts) {
    let n = 4096;
    let img = matrix(n, n, 3).mapv(|x| x as f32);
    let binomial = [1.0, 4.0, 6.0, 4.0, 1.0];
    let w: [f32; 25] = std::array::from_fn(|k| binomial[k / 5] * binomial[k % 5] / 256.0);
    let weights = Array2::from_shape_vec((5, 5), w.to_vec()).expect("5 x 5");
    let expr = compile("g[y, x] = sum[dy, dx](img[clamp(y + dy - 2), clamp(x + dx - 2)]*w[dy, dx])");
    let mut to = Array2::zeros((n, n));
    let mut by_hand = to.clone();
    expr.eval_into(args![img = &img, w = &weights], &mut to).expect("it runs");
    hand::gaussian(&img, &w, &mut by_hand, hand::gaussian_lanes);
    assert_eq!(to, by_hand);
    let mut race = Race::new(format!("gaussian 5 x 5, {n} x {n}, f32")).rounds(9);
    race.add("notation", |to: &mut Array2<f32>| expr.eval_into(args![img = &img, w = &weights], to).expect("it runs"));
    race.add("lanes by hand", |to| hand::gaussian(&img, &w, to, hand::gaussian_lanes));
    race.add("f32 by hand", |to| hand::gaussian(&img, &w, to, hand::gaussian_plain));
    let figures = race.run(&mut to);
    figures.print(n * n, 8 * n * n);
    verdicts.at_most("gaussian / the same by hand", 1.1, figures.ratio("notation", "lanes by hand"), times);
}

fn distances(verdicts: &mut Verdicts) {
    let (n, k) = (1797, 64);
    let x = matrix(n, k, 4);
    let notation = compile("D[i, j] = sqrt(sum[k]((X[i, k] - Y[j, k])**2))");
    let broadcast = compile("sqrt(sum((x - y)**2, axis=2))");
    let (left, right) = (x.view().insert_axis(Axis(1)), x.view().insert_axis(Axis(0)));
    let mut to = Array2::zeros((n, n));
    let mut race = Race::new(format!("distances of {n} points of {k} coordinates, f64")).rounds(9);
    race.add("notation", |to: &mut Array2<f64>| notation.eval_into(args![X = &x, Y = &x], to).expect("it runs"));
    race.add("broadcast", |to| broadcast.eval_into(args![x = left, y = right], to).expect("it runs"));
    let figures = race.run(&mut to);
    figures.print(n * n * k, 0);
    verdicts.at_most("distances / broadcasting", 1.05, figures.ratio("notation", "broadcast"), times);
}

fn stencil(verdicts: &mut Verdicts) {
    let n = 2048;
    let u = matrix(n, n, 5);
    let views = compile("m + c*(d + t + r + l - 4*m)");
    let slices =
        compile("u[1:-1, 1:-1] + c*(u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4*u[1:-1, 1:-1])");
    let wrap = compile(
        "v[i, j] = u[i, j] + c*(u[wrap(i + 1), j] + u[wrap(i - 1), j] + u[i, wrap(j + 1)] + u[i, wrap(j - 1)] - 4*u[i, j])",
    );
    let plain = compile(&wrap.source().replace("wrap", ""));
    let mut to = Array2::zeros((n, n));
    let inner = s![1..-1, 1..-1];
    let mut race = Race::new(format!("a step of the 5-point stencil, {n} x {n}, f64")).rounds(25);
    race.add("shifted views", |to: &mut Array2<f64>| {
        let (m, d, t) = (u.slice(inner), u.slice(s![2.., 1..-1]), u.slice(s![..-2, 1..-1]));
        let (r, l) = (u.slice(s![1..-1, 2..]), u.slice(s![1..-1, ..-2]));
        views.eval_into(args![m, d, t, r, l, c = 0.1], &mut to.slice_mut(inner)).expect("it runs");
    });
    race.add("slices", |to| slices.eval_into(args![u = &u, c = 0.1], &mut to.slice_mut(inner)).expect("it runs"));
    race.add("notation", |to| plain.eval_into(args![u = &u, c = 0.1], &mut to.slice_mut(inner)).expect("it runs"));
    race.add("wrap", |to| wrap.eval_into(args![u = &u, c = 0.1], to).expect("it runs"));
    let figures = race.run(&mut to);
    figures.print(n * n, 16 * n * n);
    verdicts.at_most("slices / shifted views", 1.02, figures.ratio("slices", "shifted views"), times);
    verdicts.at_most("wrap / shifted views", 1.05, figures.ratio("wrap", "shifted views"), times);
}

fn bodies(verdicts: &mut Verdicts) {
    let n = std::env::var("BODIES").ok().and_then(|n| n.parse().ok()).unwrap_or(2048);
    let places = matrix(n, 3, 6);
    let mass = matrix(1, n, 7).remove_axis(Axis(0)).mapv(f64::abs);
    let column = |a: usize| Array1::from_iter(places.column(a).iter().copied());
    let bodies = Bodies { x: [column(0), column(1), column(2)], m: mass.clone() };
    let eps = 1e-3;
    let power = compile("F[i, a] = sum[j](m[j]*(x[j, a] - x[i, a])/(sum[b]((x[j, b] - x[i, b])**2) + eps)**1.5)");
    let root = compile(
        "r[i, j] = sum[b]((x[j, b] - x[i, b])**2) + eps; \
         F[i, a] = sum[j](m[j]*(x[j, a] - x[i, a])/(r[i, j]*sqrt(r[i, j])))",
    );
    let row = vec![1.0; n];
    let cubes = compile("r**1.5").prepare(["r"], args![r = &row[..]]).expect("it prepares");
    let by_pow = |row: &mut [f64]| {
        let from = row.to_vec();
        cubes.call_slices([&from[..]], row).expect("it runs");
    };
    let by_root = |row: &mut [f64]| hand::roots(row);
    let mut to = Array2::zeros((n, 3));
    let mut other = to.clone();
    hand::forces(&bodies, eps, &mut other, by_pow);
    power.eval_into(args![x = &places, m = &mass, eps = eps], &mut to).expect("it runs");
    close(&to, &other);
    let mut race = Race::new(format!("forces on {n} bodies, f64")).rounds(5);
    race.add("notation", |to: &mut Array2<f64>| {
        power.eval_into(args![x = &places, m = &mass, eps = eps], to).expect("it runs");
    });
    race.add("by hand, pow", |to| hand::forces(&bodies, eps, to, by_pow));
    race.add("notation, sqrt", |to| root.eval_into(args![x = &places, m = &mass, eps = eps], to).expect("it runs"));
    race.add("by hand, sqrt", |to| hand::forces(&bodies, eps, to, by_root));
    let figures = race.run(&mut to);
    figures.print(n * n, 0);
    verdicts.at_most("bodies / by hand, pow", 1.1, figures.ratio("notation", "by hand, pow"), times);
    verdicts.note("bodies / by hand, sqrt", times(figures.ratio("notation, sqrt", "by hand, sqrt")));
}
