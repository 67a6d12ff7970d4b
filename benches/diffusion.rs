//! A step of the heat equation: `u + k*(up + down + left + right - 4*u)` on a padded grid, the neighbours being shifted
//! views of the same array, from one grid to another that takes turns with it.
//!
//! - **operators**: ndarray's, as the formula reads, with its temporaries;
//! - **zip**, **par_zip**: one pass of ndarray's `Zip` over six arrays, on one thread and on rayon's;
//! - **par_zip, row by row**: `Zip` of rows on rayon's threads, each row a loop over slices that the compiler vectorises;
//! - **tilexpr**: the text, `eval_into`, on all threads and on one. A step allocates nothing.
//!
//! Bytes are those that have to be moved, a grid in and a grid out. All forms are checked to give the same bits first.
//!
//! ```text
//! cargo bench --bench diffusion
//! RUSTFLAGS="-C target-cpu=native" cargo bench --bench diffusion   # ndarray with all instructions of this CPU
//! ```
//! The report is `target/criterion/report/index.html`. Ratios are better taken from `cargo bench --bench targets`.

mod common;

use std::time::Duration;

use common::heat::{Grid, STEP};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tilexpr::{Expr, Threads};

type Form<'a> = (&'static str, Box<dyn Fn(&mut Grid) + 'a>);

fn diffusion(c: &mut Criterion) {
    let parallel = Expr::compile(STEP).expect("it compiles");
    let serial = parallel.with_threads(Threads::Serial);
    let forms: [Form; 6] = [
        ("operators", Box::new(Grid::operators)),
        ("zip", Box::new(Grid::zip)),
        ("par_zip", Box::new(Grid::par_zip)),
        ("par_zip, row by row", Box::new(Grid::par_zip_rows)),
        ("tilexpr", Box::new(|grid| grid.tilexpr(&parallel))),
        ("tilexpr, one thread", Box::new(|grid| grid.tilexpr(&serial))),
    ];
    check(&forms);
    let mut group = c.benchmark_group("diffusion");
    group.sample_size(15).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(1500));
    for n in [128, 512, 2048, 4096] {
        group.throughput(Throughput::Bytes((2 * n * n * size_of::<f64>()) as u64));
        let mut grid = Grid::new(n);
        for (name, step) in &forms {
            group.bench_function(BenchmarkId::new(*name, n), |b| b.iter(|| step(&mut grid)));
        }
    }
    group.finish();
}

/// After a few steps all forms have the same cells.
fn check(forms: &[Form]) {
    let after = |step: &dyn Fn(&mut Grid)| {
        let mut grid = Grid::new(100);
        (0..7).for_each(|_| step(&mut grid));
        grid.cells().clone()
    };
    let expected = after(&Grid::zip);
    for (name, step) in forms {
        assert!(after(step) == expected, "{name}: other cells");
    }
}

criterion_group!(benches, diffusion);
criterion_main!(benches);
