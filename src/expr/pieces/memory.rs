//! Memory of a call of pieces: what earlier pieces leave, strips of arrays beyond their ends, numbers.
//!
//! Always holds: what is made here stays where it is until the call ends, and all that grows with the arrays is counted.

use crate::array::result::AnyArray;
use crate::dtype::DType;
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::plan::shape::{Shape, count};

use super::slab::Slab;
use crate::expr::ended::allow;
use crate::plan::needs::Needs;
use crate::run::settings::Settings;

/// The memory of a call.
#[derive(Default)]
pub struct Memory {
    bytes: Vec<Vec<u8>>,
    /// For each piece so far its results.
    pub results: Vec<Vec<AnyArray>>,
    /// Bytes that these and new arrays come to.
    pub taken: usize,
}

impl Memory {
    /// What a part of a call is run with that comes after all this.
    pub fn settings<'a>(&self, settings: Settings<'a>) -> Settings<'a> {
        Settings { taken: settings.taken.saturating_add(self.taken), ..settings }
    }

    /// Keeps what a piece has given.
    pub fn keep(&mut self, results: Vec<AnyArray>) {
        let sizes = results.iter().map(|result| bytes_of(result.dtype(), result.shape()));
        self.taken = sizes.fold(self.taken, usize::saturating_add);
        self.results.push(results);
    }

    /// A new array in C order, of zeros, if the call may take so much.
    pub fn array(&mut self, dtype: DType, shape: Shape, settings: Settings) -> Result<Slab, EvalError> {
        let between = bytes_of(dtype, &shape);
        allow(self.settings(settings), Needs { between, ..Needs::default() })?;
        let size = count(&shape).and_then(|n| n.checked_mul(dtype.size())).filter(|&n| n <= isize::MAX as usize);
        let mut bytes: Vec<u8> = Vec::new();
        let Some(size) = size.filter(|&size| bytes.try_reserve_exact(size).is_ok()) else {
            let message =
                format!("no memory for an array of shape {shape:?} and type {dtype} between the parts of a call");
            return Err(EvalError::new(EvalErrorKind::Memory, message));
        };
        bytes.resize(size, 0);
        self.taken = self.taken.saturating_add(size);
        let slab = Slab::packed(bytes.as_mut_ptr(), dtype, shape);
        self.bytes.push(bytes);
        Ok(slab)
    }

    /// One axis of bools.
    pub fn bools(&mut self, values: impl Iterator<Item = bool>) -> Slab {
        let mut bytes: Vec<u8> = values.map(u8::from).collect();
        let slab = Slab::packed(bytes.as_mut_ptr(), DType::Bool, Shape::from_slice(&[bytes.len()]));
        self.bytes.push(bytes);
        slab
    }

    /// A whole number.
    pub fn number(&mut self, value: i64) -> Slab {
        let mut bytes = value.to_ne_bytes().to_vec();
        let slab = Slab::packed(bytes.as_mut_ptr(), DType::I64, Shape::new());
        self.bytes.push(bytes);
        slab
    }
}

/// Bytes of an array.
pub fn bytes_of(dtype: DType, shape: &[usize]) -> usize {
    count(shape).map_or(usize::MAX, |n| n.saturating_mul(dtype.size()))
}
