//! From a program, and arrays of certain shapes and strides, to the schedule of a call.
//!
//! Comes in: a typed program, how its inputs lie, and how its outputs do, if they are there. Goes out: the schedule of every call
//! with such arrays, or why there is none.

use smallvec::SmallVec;

use super::by_rows::ByRows;
use super::make::Maker;
use super::order::Order;
use super::schedule::{ResultLayout, Schedule};
use super::shape::strides;
use super::shapes::{Lies, ShapeError, Shapes};
use super::target::Target;

/// Where results go.
#[derive(Clone, Copy)]
pub enum Outputs<'a> {
    /// Into new arrays, with axes in this order.
    New(Order),
    /// Into arrays that are there, and apart from all inputs. A smaller result is repeated along the axes that it lacks.
    There(&'a [Lies<'a>]),
    /// Into arrays that may be inputs too, with the same address, shape and strides: as if the results had been computed apart
    /// and then written.
    Updated(&'a [Lies<'a>]),
    /// Into arrays that may share memory with inputs and with each other in any way, as if the results had been computed apart and
    /// then written, one after the other.
    Overlapping(&'a [Lies<'a>]),
}

impl Schedule {
    /// The schedule for such arrays.
    ///
    /// # Errors
    /// Where shapes do not fit together, or outputs do not take the results.
    pub fn new(target: Target, shapes: &Shapes, inputs: &[Lies], outputs: Outputs) -> Result<Schedule, ShapeError> {
        let program = target.program;
        let (there, in_place) = match outputs {
            Outputs::New(_) => (None, false),
            Outputs::There(there) | Outputs::Overlapping(there) => (Some(there), false),
            Outputs::Updated(there) => (Some(there), true),
        };
        // One pass reads each point before it writes it, after all reductions of what was there; one of several would read what an
        // earlier one has written.
        let apart = matches!(outputs, Outputs::Overlapping(_)) || in_place && program.maps().len() > 1;
        let mut maker = Maker::new(target, shapes, inputs, in_place);
        maker.apart = apart;
        let order = if let Outputs::New(order) = outputs { order } else { Order::C };
        let results = maker.results(order);
        let own: Vec<SmallVec<[isize; 6]>> = results.iter().map(ResultLayout::strides).collect();
        let new = || results.iter().zip(&own).map(|(result, strides)| result.lies(strides)).collect();
        let there: Vec<Lies> = there.map_or_else(new, <[Lies]>::to_vec);
        let mut copies = Vec::new();
        // For each of the graph's outputs how it lies.
        let mut outputs: Vec<Lies> = Vec::new();
        for (at, (result, (_, parts))) in results.iter().zip(program.graph.results()).enumerate() {
            if in_place && there[at].shape != &result.shape[..] {
                return Err(ShapeError::Update { output: at, shape: result.shape.clone() });
            }
            for part in parts {
                let dtype = program.graph.node(program.graph.outputs[part]).dtype;
                outputs.push(there[at]);
                copies.extend(
                    maker
                        .output(part as u32, dtype, &result.shape, there[at])
                        .ok_or_else(|| ShapeError::Output { output: at, shape: result.shape.clone() })?,
                );
            }
        }
        let by_rows = if copies.is_empty() { ByRows::new(&maker, &outputs) } else { None };
        match by_rows {
            Some(by_rows) => by_rows.steps(&mut maker)?,
            None => (0..program.stages.len()).for_each(|at| maker.stage(at)),
        }
        for (dtype, walk) in copies {
            maker.copy(dtype, walk);
        }
        let schedule = maker.schedule()?;
        Ok(Schedule { results, ..schedule })
    }
}

impl ResultLayout {
    fn strides(&self) -> SmallVec<[isize; 6]> {
        let size = self.dtype.size() as isize;
        strides(&self.shape, &self.order).into_iter().map(|stride| stride * size).collect()
    }

    fn lies<'a>(&'a self, strides: &'a [isize]) -> Lies<'a> {
        Lies { shape: &self.shape, strides, size: self.dtype.size() }
    }
}
