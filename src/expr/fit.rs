//! Results that go into arrays of another type, or of a larger shape.
//!
//! Comes in: the arrays of a caller and what a program gives. Goes out: the types that results are to be converted to; a refusal, in
//! words.

use smallvec::SmallVec;

use super::casting::Casting;
use crate::array::view::Strided;
use crate::diagnostic::several;
use crate::error::eval::{Detail, EvalError, EvalErrorKind};
use crate::plan::program::Program;
use crate::plan::shape::{AxisError, MAX_RANK, Shape, broadcast};
use crate::plan::shapes::{Lies, ShapeError};
use crate::types::OutputType;
use crate::types::functions::of_two;

/// The types that results are to be converted to; `None` if they are those of the arrays.
///
/// # Errors
/// Where the options do not allow a conversion, and where the number of arrays is not that of the results.
pub(super) fn casts(
    program: &Program,
    casting: Casting,
    outputs: &[Strided],
) -> Result<Option<SmallVec<[OutputType; 2]>>, EvalError> {
    let results = program.graph.results.len();
    if results != outputs.len() {
        let (count, given) = (results, outputs.len());
        let (results, outputs) =
            (several(results, "result", "results"), several(outputs.len(), "output is", "outputs are"));
        return Err(wrong(format!("the expression has {results}, but {outputs} given"))
            .with_found(Detail::Count(given), Detail::Count(count)));
    }
    let mut same = true;
    for (at, (&dtype, out)) in program.graph.results.iter().zip(outputs).enumerate() {
        same &= dtype == out.dtype && !out.swapped;
        if !casting.allows(dtype, out.dtype) {
            let which = which(at, results);
            return Err(wrong(format!("{which} is an array of {}, but the result is of {dtype}", out.dtype))
                .with_found(Detail::DType(out.dtype), Detail::DType(dtype))
                .with_help(format!("pass an array of {dtype}, or write `{}(...)` in the expression", out.dtype)));
        }
    }
    Ok((!same).then(|| outputs.iter().map(|out| OutputType { dtype: out.dtype, swapped: out.swapped }).collect()))
}

fn wrong(message: String) -> EvalError {
    EvalError::new(EvalErrorKind::Output, message)
}

fn which(at: usize, results: usize) -> String {
    if results == 1 { "the output".to_string() } else { format!("output {at}") }
}

/// What is wrong with shapes, in words. `name` gives the name of an input.
#[cold]
pub(super) fn shape_error(error: ShapeError, name: &dyn Fn(u32) -> String, outputs: &[Lies]) -> EvalError {
    let shape_of = |shape: &[usize]| Detail::Shape(shape.to_vec());
    match error {
        ShapeError::Axes { input, axes } => {
            let message = format!("`{}` has {axes} axes, at most {MAX_RANK} are possible", name(input));
            EvalError::new(EvalErrorKind::Shape, message)
                .of(&name(input))
                .with_found(Detail::Count(axes), Detail::Count(MAX_RANK))
        }
        ShapeError::Mismatch(parts) => mismatch(&parts, name),
        ShapeError::TooLarge(shape) => {
            let message = format!("the arguments broadcast to the shape {shape:?}, which has too many elements");
            EvalError::new(EvalErrorKind::TooLarge, message).with_found(shape_of(&shape), None)
        }
        ShapeError::Axis { error, shape, of } => {
            let found = wrong_axis(error, &shape, of.as_ref().map(|(reduction, _)| &**reduction));
            if let Some((_, span)) = of { found.at(span) } else { found }
        }
        ShapeError::Empty { of: (reduction, span), shape } => {
            let message = format!("`{reduction}` of no elements has no value: the shape is {shape:?}");
            EvalError::new(EvalErrorKind::EmptyReduction, message).at(span).with_found(shape_of(&shape), None)
        }
        ShapeError::NoNumber { span, shape } => {
            let message = format!("the bounds of a histogram are single numbers, not arrays of shape {shape:?}");
            EvalError::new(EvalErrorKind::Shape, message).at(span).with_found(shape_of(&shape), None)
        }
        ShapeError::Starts { span, starts, axis, elements } => {
            let starts: Vec<String> = starts.iter().map(|start| format!("{start:?}")).collect();
            let message = format!(
                "what a scan begins with has the shape {}, and broadcasts over the axes but {axis} of what it runs over, which has the shape {elements:?}",
                starts.join(", ")
            );
            EvalError::new(EvalErrorKind::Shape, message).at(span).with_found(shape_of(&elements), None)
        }
        ShapeError::Output { output, shape } => {
            let (which, there) = (which(output, outputs.len()), outputs[output].shape);
            wrong(format!("{which} has the shape {there:?}, but the result has the shape {shape:?}"))
                .with_found(shape_of(there), shape_of(&shape))
        }
        ShapeError::Update { output, shape } => {
            let there = outputs[output].shape;
            wrong(format!("an array of shape {there:?} is to be updated with a result of shape {shape:?}"))
                .with_found(shape_of(there), shape_of(&shape))
        }
        ShapeError::Memory => {
            let message = "what lies between the passes is larger than memory can be";
            EvalError::new(EvalErrorKind::Memory, message).with_help("evaluate it in pieces")
        }
    }
}

/// Shapes that do not broadcast; the first that does not fit those before it is the one that is blamed.
fn mismatch(parts: &[(Option<u32>, Shape)], name: &dyn Fn(u32) -> String) -> EvalError {
    let part = |(input, shape): &(Option<u32>, Shape)| match input {
        Some(input) => format!("`{}` has the shape {shape:?}", name(*input)),
        None => format!("a reduction has the shape {shape:?}"),
    };
    let words: Vec<String> = parts.iter().map(part).collect();
    let error = EvalError::new(EvalErrorKind::Shape, format!("the shapes do not fit together: {}", words.join(", ")))
        .with_help(
            "aligned at their last axes, lengths must be equal or 1; `keepdims=True` keeps a reduced axis in place",
        );
    let mut before = Shape::new();
    for (input, shape) in parts {
        let fitting = before.clone();
        if broadcast(&mut before, shape) {
            continue;
        }
        let Some(input) = input else { break };
        let (found, needed) = (Detail::Shape(shape.to_vec()), Detail::Shape(fitting.to_vec()));
        return error.of(&name(*input)).with_found(found, needed);
    }
    error
}

fn wrong_axis(error: AxisError, shape: &[usize], reduction: Option<&str>) -> EvalError {
    let rank = shape.len();
    match error {
        AxisError::OutOfRange(axis) => {
            let of = if reduction == Some("index") { "this array" } else { "what is reduced" };
            let message = format!("axis {axis} is not an axis of {of}, which has the shape {shape:?}");
            let error = EvalError::new(EvalErrorKind::Axis, message)
                .with_found(Detail::Number(axis.into()), Detail::Count(rank));
            let axes = (rank > 0).then(|| format!("axes go from -{rank} to {}", rank - 1));
            let help: Vec<String> = axes.into_iter().chain(reduction.and_then(of_two).map(str::to_string)).collect();
            if help.is_empty() { error } else { error.with_help(help.join("; ")) }
        }
        AxisError::Twice(axis) => {
            EvalError::new(EvalErrorKind::Axis, format!("axis {axis} is named twice (the shape is {shape:?})"))
                .with_found(Detail::Number(axis.into()), None)
        }
    }
}
