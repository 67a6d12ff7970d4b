//! Memory of a call of pieces: what earlier pieces leave, strips of arrays beyond their ends, numbers.
//!
//! Always holds: what is made here stays where it is until the call ends; all of it counts where the call has a limit of memory.

use crate::array::result::AnyArray;
use crate::dtype::DType;
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::expr::ended::too_much;
use crate::plan::needs::Needs;
use crate::plan::shape::{Shape, count};

use super::slab::Slab;

/// The memory of a call.
#[derive(Default)]
pub struct Memory {
    bytes: Vec<Vec<u8>>,
    /// How many bytes the call holds, and may hold at most.
    held: usize,
    most: Option<usize>,
    /// For each piece so far its results.
    pub results: Vec<Vec<AnyArray>>,
}

impl Memory {
    /// That of a call which may take so many bytes.
    pub fn new(most: Option<usize>) -> Memory {
        Memory { most, ..Memory::default() }
    }

    /// How many bytes the call holds.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Counts bytes that the call holds from now on.
    ///
    /// # Errors
    /// Where they are more than it may.
    pub fn hold(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.held = self.held.saturating_add(bytes);
        match self.most {
            Some(most) if self.held > most => Err(too_much(Needs { between: self.held, ..Needs::default() }, most)),
            _ => Ok(()),
        }
    }

    /// A new array in C order, of zeros.
    pub fn array(&mut self, dtype: DType, shape: Shape) -> Result<Slab, EvalError> {
        let size = count(&shape).and_then(|n| n.checked_mul(dtype.size())).filter(|&n| n <= isize::MAX as usize);
        self.hold(size.unwrap_or(0))?;
        let mut bytes: Vec<u8> = Vec::new();
        let Some(size) = size.filter(|&size| bytes.try_reserve_exact(size).is_ok()) else {
            let message =
                format!("no memory for an array of shape {shape:?} and type {dtype} between the parts of a call");
            return Err(EvalError::new(EvalErrorKind::Memory, message));
        };
        bytes.resize(size, 0);
        let slab = Slab::packed(bytes.as_mut_ptr(), dtype, shape);
        self.bytes.push(bytes);
        Ok(slab)
    }

    /// One axis of so many bools.
    pub fn bools(&mut self, count: usize, values: impl Iterator<Item = bool>) -> Result<Slab, EvalError> {
        self.hold(count)?;
        let mut bytes: Vec<u8> = values.map(u8::from).collect();
        let slab = Slab::packed(bytes.as_mut_ptr(), DType::Bool, Shape::from_slice(&[bytes.len()]));
        self.bytes.push(bytes);
        Ok(slab)
    }

    /// A whole number.
    pub fn number(&mut self, value: i64) -> Slab {
        let mut bytes = value.to_ne_bytes().to_vec();
        let slab = Slab::packed(bytes.as_mut_ptr(), DType::I64, Shape::new());
        self.bytes.push(bytes);
        slab
    }
}
