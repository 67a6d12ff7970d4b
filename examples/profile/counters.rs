//! The counters of the CPU, and the system's count of page faults, over a stretch of code on the calling thread.
//!
//! Linux gives them to a process for itself where `/proc/sys/kernel/perf_event_paranoid` is 2 or less. Containers and virtual machines
//! often have none of the CPU's; then these are `None`. So they are on other systems.

/// What is counted, in this order.
pub const NAMES: [&str; 5] = ["instructions", "cycles", "cache misses", "branch misses", "page faults"];

/// How often each event of [`NAMES`] happened.
pub type Counts = [Option<u64>; NAMES.len()];

pub use system::Counters;

#[cfg(target_os = "linux")]
mod system {
    use perf_event::events::{Hardware, Software};
    use perf_event::{Builder, Counter};

    use super::{Counts, NAMES};

    /// Those counters that this machine gives.
    pub struct Counters([Option<Counter>; NAMES.len()]);

    /// A count. Where the CPU has fewer counters than are asked for they take turns, and what was counted in a part of the time
    /// is scaled to all of it.
    fn read(counter: &mut Counter) -> Option<u64> {
        let read = counter.read_count_and_time().ok().filter(|read| read.time_running > 0)?;
        Some((read.count as f64 * read.time_enabled as f64 / read.time_running as f64).round() as u64)
    }

    impl Counters {
        /// Counters of the calling thread, in user code.
        pub fn open() -> Counters {
            Counters([
                Builder::new(Hardware::INSTRUCTIONS).build().ok(),
                Builder::new(Hardware::CPU_CYCLES).build().ok(),
                Builder::new(Hardware::CACHE_MISSES).build().ok(),
                Builder::new(Hardware::BRANCH_MISSES).build().ok(),
                Builder::new(Software::PAGE_FAULTS).build().ok(),
            ])
        }

        /// Runs `f` and counts meanwhile. A counter that fails has no count.
        pub fn count<R>(&mut self, f: impl FnOnce() -> R) -> (R, Counts) {
            let mut good = true;
            for counter in self.0.iter_mut().flatten() {
                good &= counter.reset().and(counter.enable()).is_ok();
            }
            let result = f();
            for counter in self.0.iter_mut().flatten() {
                good &= counter.disable().is_ok();
            }
            let mut counts = [None; NAMES.len()];
            for (count, counter) in counts.iter_mut().zip(&mut self.0) {
                *count = counter.as_mut().filter(|_| good).and_then(read);
            }
            (result, counts)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Counts, NAMES};

    /// There are none on this system.
    pub struct Counters;

    impl Counters {
        pub fn open() -> Counters {
            Counters
        }

        pub fn count<R>(&mut self, f: impl FnOnce() -> R) -> (R, Counts) {
            (f(), [None; NAMES.len()])
        }
    }
}
