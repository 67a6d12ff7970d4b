//! The best of the values of blocks: the first of those that none beats; a NaN, if there is one.

use crate::dtype::{DType, Real, Scalar, with_type};

/// The best value so far, and the first block that has it.
pub struct Best {
    /// Whether the greatest is the best.
    greatest: bool,
    dtype: DType,
    /// None has been looked at yet where there is none.
    pub value: Option<Scalar>,
    /// The block.
    pub block: usize,
}

impl Best {
    /// No value yet; the greatest, or else the least, is to be found.
    pub fn new(greatest: bool, dtype: DType, block: usize) -> Best {
        Best { greatest, dtype, value: None, block }
    }

    /// Looks at the values of blocks, whose bytes these are, from block `first` on.
    pub fn look(&mut self, values: &[u8], first: usize) {
        let greatest = self.greatest;
        with_type!(self.dtype, T: Number; {
            let mut best = self.value.map(T::from_scalar);
            for (at, bytes) in values.as_chunks::<{ size_of::<T>() }>().0.iter().enumerate() {
                let x = T::from_ne_bytes(*bytes);
                #[allow(clippy::eq_op, reason = "a NaN differs from itself")]
                let better = match best {
                    None => true,
                    Some(v) if v != v => false,
                    Some(v) => x != x || (greatest && x > v) || (!greatest && x < v),
                };
                if better {
                    best = Some(x);
                    self.block = first + at;
                }
            }
            self.value = best.map(T::to_scalar);
        });
    }
}
