//! What the tests of the whole library share.
//!
//! `tensor`: values without layout. `place`: the same values laid out in memory in every way that ndarray has. `case`: random
//! expressions, whose types and shapes it works out for itself. `oracle`: what an expression is worth, slowly. `data`: files. `executors`:
//! which run a case.
#![allow(dead_code)]

pub mod case;
pub mod data;
pub mod executors;
pub mod oracle;
pub mod place;
pub mod rng;
pub mod tensor;

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use rng::Rng;
use tilexpr::{LoopSchedule, Threads};

/// A pool of this many threads: 1, 2 or 7.
pub fn pool(threads: usize) -> Threads {
    static POOLS: LazyLock<Vec<(usize, Arc<rayon::ThreadPool>)>> = LazyLock::new(|| {
        let make = |n| (n, Arc::new(rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap()));
        [1, 2, 7].map(make).to_vec()
    });
    Threads::Pool(Arc::clone(&POOLS.iter().find(|(n, _)| *n == threads).unwrap().1))
}

/// Any way of sharing work, with a chunk of any size or none.
pub fn loop_schedule(rng: &mut Rng) -> LoopSchedule {
    let chunk = NonZeroUsize::new(rng.pick(&[0, 1, 64, 700, 5000, usize::MAX]));
    let all = [LoopSchedule::Static(chunk), LoopSchedule::Dynamic(chunk), LoopSchedule::Guided(chunk)];
    if rng.one_in(4) { LoopSchedule::Auto } else { rng.pick(&all) }
}

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}
