//! Random kernels on random data. `TILEXPR_FUZZ` is the number of kernels.

use super::{Case, Executors, Forms, budget, extents};
use crate::dtype::DType;
use crate::ir::random::{Config, Rng, kernel};
use crate::ir::verify;

fn fuzz(executors: &Executors, first: u64, count: u64, config: &Config) {
    for seed in first..first + count {
        let kernel = kernel(seed, config);
        if let Err(e) = verify(&kernel) {
            panic!("seed {seed}: {e}\n{kernel}");
        }
        let forms = Forms::new(&kernel, executors);
        let mut rng = Rng::new(seed);
        for _ in 0..2 {
            let extents = extents(&kernel, &mut rng);
            let dense = rng.once_in(3);
            forms.check(&Case::new(&kernel, &extents, &mut rng, dense));
        }
    }
}

pub fn everything(executors: &Executors) {
    fuzz(executors, 0, budget(200), &Config { loops: 0..=3, ..Config::default() });
}

pub fn long_ones(executors: &Executors) {
    fuzz(executors, 1_000_000, budget(200) / 10, &Config { ops: 150, ..Config::default() });
}

/// Of one width, so that vectors are full.
pub fn of_one_width(executors: &Executors) {
    let count = budget(200) / 2;
    for (first, dtypes) in
        [(2_000_000, [DType::F64, DType::I64, DType::Bool]), (3_000_000, [DType::F32, DType::I32, DType::Bool])]
    {
        fuzz(executors, first, count, &Config { dtypes: dtypes.to_vec(), ..Config::default() });
    }
}
