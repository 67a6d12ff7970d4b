//! Tests of the IR's tools, as text where that can be.

mod rules;
mod text;
mod verify;

use super::kernel::Kernel;
use super::random::{self, Config};

/// The configurations that property tests go through: everything, long code, one type, no loops.
fn configs() -> Vec<Config> {
    use crate::dtype::DType;
    let all = Config { float_bits: true, ..Config::default() };
    let ints = vec![DType::I32, DType::I64];
    vec![
        all.clone(),
        Config { ops: 100, ..all.clone() },
        Config { dtypes: vec![DType::F64], ..all.clone() },
        Config { dtypes: ints, helpers: false, ..all.clone() },
        Config { loops: 0..=0, ..all },
    ]
}

/// Runs a check on random kernels of each configuration; `seeds` for each.
fn on_random_kernels(seeds: u64, check: impl Fn(&Kernel)) {
    for (at, config) in configs().iter().enumerate() {
        for seed in 0..seeds {
            let kernel = random::kernel(seed, config);
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&kernel)));
            assert!(outcome.is_ok(), "configuration {at}, seed {seed}:\n{kernel}");
        }
    }
}

/// The kernel of a text that is right.
#[track_caller]
fn parsed(text: &str) -> Kernel {
    super::parse(text).unwrap_or_else(|e| panic!("{e} in:\n{text}"))
}
