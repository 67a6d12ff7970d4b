//! Random kernels on random data, native code against the oracle. `TILEXPR_FUZZ` is the number of kernels.

use super::support::Case;
use crate::dtype::DType;
use crate::ir::random::{Config, Rng, kernel, reach};
use crate::ir::{Kernel, OperandId, verify};

fn budget(default: u64) -> u64 {
    std::env::var("TILEXPR_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Trip counts of which the last, the innermost, is the largest: smaller ones where an array would become large (all
/// its dimensions may follow that loop).
fn trips(kernel: &Kernel, rng: &mut Rng) -> Vec<usize> {
    let loops = kernel.loops();
    let mut most = 70;
    loop {
        let trips: Vec<usize> = (0..loops).map(|l| 1 + rng.below(if l + 1 == loops { most } else { 4 })).collect();
        let elements = |o: usize| -> i64 {
            let id = OperandId(o as u32);
            (0..kernel.operands[o].dims.len())
                .map(|d| reach(kernel, id, d, &trips).map_or(1, |(least, most)| most - least + 1))
                .product()
        };
        if most < 4 || (0..kernel.operands.len()).all(|o| elements(o) < 20_000) {
            return trips;
        }
        most /= 2;
    }
}

fn fuzz(first: u64, count: u64, config: &Config) {
    for seed in first..first + count {
        let kernel = kernel(seed, config);
        verify(&kernel).unwrap();
        let mut rng = Rng::new(seed);
        for _ in 0..2 {
            let trips = trips(&kernel, &mut rng);
            let plain = rng.once_in(2);
            Case::new(&kernel, &trips, &mut rng, plain).check(&kernel);
        }
    }
}

#[test]
fn everything() {
    fuzz(0, budget(200), &Config { loops: 0..=3, ..Config::default() });
}

#[test]
fn long_ones() {
    fuzz(1_000_000, budget(200) / 10, &Config { ops: 150, ..Config::default() });
}

#[test]
fn of_one_width() {
    let count = budget(200) / 2;
    fuzz(2_000_000, count, &Config { dtypes: vec![DType::F64, DType::I64, DType::Bool], ..Config::default() });
    fuzz(3_000_000, count, &Config { dtypes: vec![DType::F32, DType::I32, DType::Bool], ..Config::default() });
}
