//! What a new result would be: type, shape, and how its axes lie.

use super::core::{Arguments, Core};
use crate::dtype::DType;
use crate::error::eval::EvalError;
use crate::plan::schedule::ResultLayout;
use crate::plan::shape::strides;
use crate::run::settings::CallOptions;
use crate::run::threads::Threads;

/// An array that [`eval`](crate::Expr::eval) would make. Made by [`Expr::layouts`](crate::Expr::layouts).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Layout {
    /// The type of the elements.
    pub dtype: DType,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The stride along each axis, in elements. They fill the memory.
    pub strides: Vec<isize>,
}

impl Core {
    /// The results that there would be.
    pub fn layouts(&self, bound: &Arguments) -> Result<Vec<Layout>, EvalError> {
        if self.pieces.is_some() {
            let order = |shape: &Vec<usize>| (0..shape.len()).collect::<Vec<usize>>();
            let outputs = self.outputs(bound)?.into_iter();
            let layout = |(dtype, shape): (_, Vec<usize>)| Layout {
                dtype,
                strides: strides(&shape, &order(&shape)).to_vec(),
                shape,
            };
            return Ok(outputs.map(layout).collect());
        }
        let alone = CallOptions { threads: Threads::Serial, ..CallOptions::default() };
        let (_, scheduled) = self.plan(bound, &alone)?;
        let layout = |result: &ResultLayout| Layout {
            dtype: result.dtype,
            shape: result.shape.to_vec(),
            strides: strides(&result.shape, &result.order).to_vec(),
        };
        Ok(scheduled.schedule.results.iter().map(layout).collect())
    }
}
