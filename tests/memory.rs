//! Dropped expressions give their memory back, that of native code included.
#![cfg(target_os = "linux")]

use ndarray::Array1;
use tilexpr::{Executor, Expr, Threads, args};

/// Resident memory in KiB.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4
}

#[test]
fn ten_thousand_expressions() {
    let a = Array1::from_elem(64, 1.5);
    let mut y = Array1::<f64>::zeros(64);
    let mut run = |k: usize| {
        let text = format!("a*{k} + {k}.5");
        let builder = Expr::builder().executor(Executor::Native).threads(Threads::Serial);
        builder.compile(&text).unwrap().eval_into(args![a], &mut y).unwrap();
        assert_eq!(y[63], 1.5 * k as f64 + k as f64 + 0.5);
    };
    // The cache of texts fills first, and the allocator finds its level.
    (0..1500).for_each(&mut run);
    let before = resident();
    (1500..10_000).for_each(&mut run);
    let after = resident();
    assert!(after < before + 8 * 1024, "{before} KiB before, {after} KiB after");
}
