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
            axes.iter().try_for_each(|(name, (low, high))| write!(f, " {name} from {low} to {}", high - 1))
        };
        if !self.axes.is_empty() {
            f.write_str(":")?;
            list(f, &self.axes[..self.free])?;
        }
        if self.axes.len() > self.free {
            f.write_str("; reduced")?;
            list(f, &self.axes[self.free..])?;
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
