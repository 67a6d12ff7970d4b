//! What a call would give, which is not made: types, shapes, and how axes lie; and whether that fits where it is to go.

use std::sync::Arc;

use smallvec::SmallVec;

use super::core::{Arguments, Core, Scheduled, Typed};
use super::fit::{casts, shape_error};
use crate::array::view::Strided;
use crate::dtype::DType;
use crate::error::eval::EvalError;
use crate::plan::schedule::{ResultLayout, Schedule};
use crate::plan::shape::strides;
use crate::plan::shapes::{Lies, Shapes};
use crate::run::execute::with_workspace;
use crate::run::keep::Mode;
use crate::run::settings::{CallOptions, Settings};
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
        let alone = CallOptions { threads: Threads::Serial, ..CallOptions::default() };
        if let Some(pieces) = &self.pieces {
            let run = pieces.run(self, bound, self.settings(&alone, &None), true);
            let orders = run.orders()?;
            let layout = |((dtype, shape), order): ((DType, Vec<usize>), SmallVec<[usize; 6]>)| Layout {
                dtype,
                strides: strides(&shape, &order).to_vec(),
                shape,
            };
            return Ok(self.outputs(bound)?.into_iter().zip(orders).map(layout).collect());
        }
        let (_, scheduled) = self.plan(bound, &alone)?;
        let layout = |result: &ResultLayout| Layout {
            dtype: result.dtype,
            shape: result.shape.to_vec(),
            strides: strides(&result.shape, &result.order).to_vec(),
        };
        Ok(scheduled.schedule.results.iter().map(layout).collect())
    }

    /// The shapes of the stages of a typed form.
    pub fn stage_shapes(&self, typed: &Typed, bound: &Arguments) -> Result<Shapes, EvalError> {
        let inputs = typed.inputs(self, bound)?;
        // Shapes follow from shapes alone.
        let lies = typed.sized(bound, &inputs).map(|(array, size)| Lies { shape: array.shape, strides: &[], size });
        let lies: SmallVec<[Lies; 8]> = lies.collect();
        let name = |input: u32| self.name_of(&typed.program, input);
        Shapes::new(&typed.program, &lies).map_err(|error| shape_error(error, &name, &[]))
    }

    /// The type of the first result, and the order in which its axes would lie in memory, the outermost first.
    pub fn layout_of(
        &self,
        typed: &Typed,
        bound: &Arguments,
        settings: Settings,
    ) -> Result<(DType, SmallVec<[usize; 6]>), EvalError> {
        self.foreseen((typed, bound), (Mode::New, &[]), settings, |schedule| {
            let first = schedule.results.first().map(|first| (first.dtype, first.order.clone()));
            first.unwrap_or((DType::F64, SmallVec::new()))
        })
    }

    /// Refuses an output that the result does not fit: another shape, or a type that it is not converted to.
    pub fn fits_into(&self, bound: &Arguments, output: &Strided, settings: Settings) -> Result<(), EvalError> {
        let (outputs, mode) = (std::slice::from_ref(output), Mode::There);
        let fits = |typed: &Arc<Typed>| self.foreseen((typed, bound), (mode, outputs), settings, |_| ());
        self.with_typed(bound, &[], |typed| match casts(&typed.program, self.options.casting, outputs)? {
            Some(types) => self.with_typed(bound, &types, fits)?,
            None => fits(typed),
        })?
    }

    /// Runs `f` with the schedule of a call, which is not run.
    fn foreseen<R>(
        &self,
        (typed, bound): (&Typed, &Arguments),
        (mode, outputs): (Mode, &[Strided]),
        settings: Settings,
        f: impl FnOnce(&Schedule) -> R,
    ) -> Result<R, EvalError> {
        let inputs = typed.inputs(self, bound)?;
        with_workspace(|workspace| {
            let sized = outputs.iter().map(|&out| (out, out.dtype.size()));
            let key = workspace.key_of(mode, settings.options.asked(), typed.sized(bound, &inputs), sized);
            let result = self.with_schedule(typed, &key, |Scheduled { schedule, .. }| Ok(f(schedule)));
            workspace.key = key;
            result
        })
    }

    /// The types and shapes of the results.
    pub fn outputs(&self, bound: &Arguments) -> Result<Vec<(DType, Vec<usize>)>, EvalError> {
        if let Some(pieces) = &self.pieces {
            let options = CallOptions::default();
            let shapes = pieces.run(self, bound, self.settings(&options, &None), true).shapes()?;
            return Ok(shapes.into_iter().map(|(dtype, shape)| (dtype, shape.to_vec())).collect());
        }
        self.with_typed(bound, &[], |typed| {
            let program = &typed.program;
            let shapes = self.stage_shapes(typed, bound)?;
            let of =
                |(dtype, parts): (DType, std::ops::Range<usize>)| (dtype, shapes.output(program, parts.start).to_vec());
            Ok(program.graph.results().map(of).collect())
        })?
    }
}
