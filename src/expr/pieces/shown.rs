//! What an explanation says of a piece.

use std::fmt;

use super::ranges::Range;

/// What explanations say of a piece.
pub struct Explained {
    pub name: Option<String>,
    pub axes: Vec<(String, Range)>,
    pub free: usize,
    pub boxes: usize,
    pub by_library: bool,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "`{name}`, computed before")?,
            None => f.write_str("the result")?,
        }
        let list = |f: &mut fmt::Formatter, axes: &[(String, Range)]| {
            axes.iter().enumerate().try_for_each(|(at, (name, (low, high)))| {
                write!(f, "{} {name} from {low} to {}", if at == 0 { "" } else { "," }, high - 1)
            })
        };
        let (free, reduced) = self.axes.split_at(self.free.min(self.axes.len()));
        if !free.is_empty() {
            f.write_str(":")?;
            list(f, free)?;
        }
        if !reduced.is_empty() {
            f.write_str("; reduced")?;
            list(f, reduced)?;
        }
        if self.by_library {
            f.write_str(
                "; by the crate matrixmultiply, for `Relaxed::Library` allows it: bits depend on the CPU, the crate and the threads. \
                 What would be done without follows",
            )?;
        }
        match self.boxes {
            ..=1 => Ok(()),
            n => write!(f, "; in {n} boxes, of which the one inside follows"),
        }
    }
}
