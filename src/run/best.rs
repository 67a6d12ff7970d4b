//! The best of the values of blocks: the first of those that none beats; a NaN, if there is one.

use crate::dtype::{DType, Real, Scalar, with_type};

/// The best value so far, and the first block that has it.
pub struct Best {
    /// Whether the greatest is the best.
    greatest: bool,
    dtype: DType,
    /// None has been looked at yet where there is none.
    pub value: Option<Scalar>,
    /// That block.
    pub block: usize,
    /// The block that is looked at next.
    pub next: usize,
}

impl Best {
    /// No value yet; the greatest, or else the least, is to be found from block `first` on.
    pub fn new(greatest: bool, dtype: DType, first: usize) -> Best {
        Best { greatest, dtype, value: None, block: first, next: first }
    }

    /// Looks at the values of the next blocks, whose bytes these are.
    pub fn look(&mut self, values: &[u8]) {
        let greatest = self.greatest;
        with_type!(self.dtype, T: Number; {
            let mut best = self.value.map(T::from_scalar);
            for bytes in values.as_chunks::<{ size_of::<T>() }>().0 {
                let x = T::from_ne_bytes(*bytes);
                #[allow(clippy::eq_op, reason = "a NaN differs from itself")]
                let better = match best {
                    None => true,
                    Some(v) if v != v => false,
                    Some(v) => x != x || (greatest && x > v) || (!greatest && x < v),
                };
                if better {
                    best = Some(x);
                    self.block = self.next;
                }
                self.next += 1;
            }
            self.value = best.map(T::to_scalar);
        });
    }
}
