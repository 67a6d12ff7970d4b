//! The limit of memory, in words.

use crate::failure::Failure;

/// A number of bytes for a person.
pub fn shown(bytes: usize) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut value = bytes as f64;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} bytes"),
        // Rounded up: what is said to be needed is enough.
        _ => format!("{:.1} {}", (value * 10.0).ceil() / 10.0, UNITS[unit]),
    }
}

/// What to pass so that so many bytes are within the limit.
pub fn option(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("--limit-memory {bytes}"),
        1024..1_048_576 => format!("--limit-memory {}K", bytes.div_ceil(1024)),
        _ => format!("--limit-memory {}M", bytes.div_ceil(1 << 20)),
    }
}

/// The error where something takes more than the limit; `help` is what else to say.
pub fn too_small(what: &str, needed: usize, limit: usize, help: &str) -> Failure {
    let message = format!("{what} takes {} of memory, and the limit is {}", shown(needed), shown(limit));
    let more = if help.is_empty() { "" } else { "; " };
    Failure::other(message, format!("`{}` is enough for it{more}{help}", option(needed)))
}
