//! Which executors a case is run by.

#![allow(dead_code)]

use tilexpr::Executor;

/// Those that this machine has and that run kernels in ways of their own: the interpreter, and each back end for native code.
pub fn all() -> Vec<Executor> {
    Executor::available().filter(|executor| !matches!(executor, Executor::Auto | Executor::Native)).collect()
}

/// Two of them, where there are very many cases: all pairs come in turn. `TILEXPR_EXECUTORS=all` has every case run by all.
pub fn some(case: usize) -> Vec<Executor> {
    let all = all();
    if all.len() <= 2 || std::env::var("TILEXPR_EXECUTORS").is_ok_and(|value| value == "all") {
        return all;
    }
    let n = all.len();
    let (first, apart) = (case % n, 1 + case / n % (n - 1));
    vec![all[first], all[(first + apart) % n]]
}
