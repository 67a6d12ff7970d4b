//! What a new result would be: type, shape, and how its axes lie.

use super::bind::Bound;
use super::core::Core;
use super::error::EvalError;
use super::execute::with_workspace;
use super::memory::strides;
use crate::dtype::DType;

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
    pub fn layouts(&self, bound: &Bound) -> Result<Vec<Layout>, EvalError> {
        self.with_typed(bound, &[], |typed| {
            let inputs = typed.inputs(self, bound)?;
            with_workspace(|workspace| {
                let typed = self.shapes(typed, workspace, &inputs)?;
                let program = &typed.program;
                let mut layouts = Vec::with_capacity(program.graph.results.len());
                for (dtype, outputs) in program.graph.results() {
                    let shape = workspace.output_shape(program, outputs.start);
                    let order = self.result_order(workspace, program, &inputs, outputs.start, shape.len());
                    let strides = strides(&shape, &order).to_vec();
                    layouts.push(Layout { dtype, shape: shape.to_vec(), strides });
                }
                Ok(layouts)
            })
        })?
    }
}
