//! What machine this is, as far as the system tells.

use std::fs;

/// The data caches of the first CPU and their bytes, the nearest first.
pub fn caches() -> Vec<(String, u64)> {
    let read = |index: usize, what: &str| {
        fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{what}")).ok()
    };
    let cache = |index: usize| {
        let (kind, level, size) = (read(index, "type")?, read(index, "level")?, read(index, "size")?);
        let kilobytes: u64 = size.trim().strip_suffix('K')?.parse().ok()?;
        (kind.trim() != "Instruction").then(|| (format!("L{}", level.trim()), kilobytes << 10))
    };
    (0..8).filter_map(cache).collect()
}

/// The name of the CPU and the number of its threads that this process may use.
pub fn cpu() -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |key: &str| {
        let line = info.lines().find(|line| line.split(':').next().is_some_and(|name| name.trim() == key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let family = field("cpu family").map_or(String::new(), |family| format!(", family {family}"));
    let name = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!("{name}{family}, {threads} threads")
}
