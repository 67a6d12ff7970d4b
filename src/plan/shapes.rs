//! The shapes of all stages, with all that can be wrong with them.
//!
//! Comes in: a program, and the shapes of its inputs. Goes out: for each stage the shape that it runs over and what it leaves, and the
//! numbers that follow from shapes; or why there are none, as data.

use smallvec::SmallVec;

use super::program::{Index, Program, Recurrence, Stage, Work};
use super::shape::{AxisError, MAX_RANK, Shape, axis_set, broadcast, c_strides, count, reduced, scanned, scanned_by};
use super::source::Source;
use crate::diagnostic::Span;
use crate::types::graph::Axes;

/// How an array lies.
#[derive(Clone, Copy, Debug)]
pub struct Lies<'a> {
    /// The length of each axis.
    pub shape: &'a [usize],
    /// The stride along each axis, in bytes.
    pub strides: &'a [isize],
    /// Bytes of an element, both parts of a complex one.
    pub size: usize,
}

/// Why arrays have no result together.
#[derive(Clone, PartialEq, Debug)]
pub enum ShapeError {
    /// An input has more axes than are possible.
    Axes { input: u32, axes: usize },
    /// The shapes of these do not broadcast; `None` is what a reduction has left.
    Mismatch(Vec<(Option<u32>, Shape)>),
    /// What inputs broadcast to has too many elements.
    TooLarge(Shape),
    /// An axis is no axis of what is reduced, which has this shape, by the reduction (scan, `index`) of this name and place (or counted alone).
    Axis { error: AxisError, shape: Shape, of: Option<(String, Span)> },
    /// The reduction of this name and place has no value of no elements; it is of this shape.
    Empty { of: (String, Span), shape: Shape },
    /// A bound of the histogram at this place is an array of this shape.
    NoNumber { span: Span, shape: Shape },
    /// What the states of the scan at this place begin with does not broadcast over the other axes of what it runs over.
    Starts { span: Span, starts: Vec<Shape>, axis: i32, elements: Shape },
    /// An output of a caller does not take the result of this shape.
    Output { output: usize, shape: Shape },
    /// An array cannot be updated with a result of this shape.
    Update { output: usize, shape: Shape },
    /// There cannot be as much memory as this takes.
    Memory,
}

/// What a stage leaves for later ones: arrays of one shape.
#[derive(Default)]
pub struct Left {
    /// The axes that are reduced: bit `i` for axis `i`.
    pub axes: u64,
    /// Its shape without them, and with them at length 1.
    pub forms: [Shape; 2],
}

impl Left {
    /// The shape with the reduced axes.
    pub fn kept(&self) -> &Shape {
        &self.forms[1]
    }
}

/// The shapes of a program's stages.
#[derive(Default)]
pub struct Shapes {
    /// For each stage the shape that it runs over.
    pub stages: Vec<Shape>,
    /// For each stage what it leaves behind (nothing, if it is a map).
    pub left: Vec<Left>,
    /// The numbers that follow from shapes.
    pub counts: Vec<i64>,
    /// What points stand along.
    pub indices: Vec<Along>,
}

/// Where points stand along an axis, or among all elements in C order.
#[derive(Default)]
pub struct Along {
    /// The shape of what they are points of.
    pub shape: Shape,
    /// The axis.
    axis: Option<usize>,
}

impl Along {
    /// How much further the next point along each axis stands.
    pub fn steps(&self) -> SmallVec<[isize; 6]> {
        match self.axis {
            Some(along) => (0..self.shape.len()).map(|axis| isize::from(axis == along)).collect(),
            None => c_strides(&self.shape),
        }
    }
}

impl Shapes {
    /// Works them out.
    ///
    /// # Errors
    /// Where shapes do not broadcast, axes are not there, there is nothing to reduce, or too much.
    pub fn new(program: &Program, inputs: &[Lies]) -> Result<Shapes, ShapeError> {
        if let Some((at, input)) = inputs.iter().enumerate().find(|(_, lies)| lies.shape.len() > MAX_RANK) {
            return Err(ShapeError::Axes { input: at as u32, axes: input.shape.len() });
        }
        let mut all = Shapes::default();
        // (An index has its shape before a stage that reads it.)
        let mut known = vec![false; program.indices.len()];
        all.indices.resize_with(program.indices.len(), Along::default);
        let counted = program.counts.iter().flat_map(|count| &count.sources);
        for stage in &program.stages {
            all.find_indices(program, inputs, &mut known, stage.sources.iter().map(|(_, source)| source))?;
            let sources = || match &stage.work {
                Work::Recur(of) => of.elements.iter(),
                _ => stage.sources.iter(),
            };
            let own = || sources().map(|&(_, source)| source);
            let shape = all.space(inputs, own()).ok_or_else(|| all.mismatch(inputs, own()))?;
            let shape = match &stage.work {
                Work::Recur(of) => all.recurrence(program, inputs, of, shape)?,
                _ => shape,
            };
            if let Work::Count(counts) = &stage.work {
                let own = |&(_, source): &(_, Source)| all.source(inputs, source);
                if let Some(shape) = counts.scalars.iter().map(own).find(|shape| !shape.is_empty()) {
                    let span = program.graph.node(counts.node).span;
                    return Err(ShapeError::NoNumber { span, shape: Shape::from_slice(shape) });
                }
            }
            if count(&shape).is_none_or(|n| n > isize::MAX as usize / 16) {
                return Err(ShapeError::TooLarge(shape));
            }
            all.left.push(left(program, stage, &shape)?);
            all.stages.push(shape);
        }
        all.find_indices(program, inputs, &mut known, counted)?;
        for number in &program.counts {
            let shape = all.space(inputs, number.sources.iter().copied()).unwrap_or_default();
            let set = axis_set(&number.axes, shape.len()).map_err(|error| ShapeError::Axis {
                error,
                shape: shape.clone(),
                of: None,
            })?;
            let gone = shape.iter().enumerate().filter(|(axis, _)| set >> axis & 1 == 1);
            all.counts.push(gone.fold(1, |n: i64, (_, &len)| n.saturating_mul(len as i64)));
        }
        Ok(all)
    }

    /// The shape of a scan by a function over elements of this shape.
    fn recurrence(
        &self,
        program: &Program,
        inputs: &[Lies],
        of: &Recurrence,
        elements: Shape,
    ) -> Result<Shape, ShapeError> {
        let span = program.graph.node(of.nodes[0]).span;
        let starts = || of.start_arrays().map(|(_, source)| self.source(inputs, source));
        match scanned_by(of.axis, &elements, starts()) {
            Ok(Some(shape)) => Ok(shape),
            Ok(None) => {
                let starts = starts().map(Shape::from_slice).collect();
                Err(ShapeError::Starts { span, starts, axis: of.axis, elements })
            }
            Err(error) => Err(ShapeError::Axis { error, shape: elements, of: Some(("scan".to_string(), span)) }),
        }
    }

    /// The shape of an output.
    pub fn output(&self, program: &Program, output: usize) -> &Shape {
        &self.stages[program.stored_by[output] as usize]
    }

    /// The shape of what a source stands for.
    fn source<'a>(&'a self, inputs: &[Lies<'a>], source: Source) -> &'a [usize] {
        match source {
            Source::Input(i) => inputs[i as usize].shape,
            Source::Temp { stage, keepdims, .. } => &self.left[stage as usize].forms[usize::from(keepdims)],
            Source::Index(n) => &self.indices[n as usize].shape,
            Source::Count(_) | Source::Position => &[],
        }
    }

    /// Works out the indices among these sources that are not known yet.
    fn find_indices<'s>(
        &mut self,
        program: &Program,
        inputs: &[Lies],
        known: &mut [bool],
        sources: impl Iterator<Item = &'s Source>,
    ) -> Result<(), ShapeError> {
        for source in sources {
            if let Source::Index(n) = *source
                && !std::mem::replace(&mut known[n as usize], true)
            {
                self.indices[n as usize] = self.along(inputs, &program.indices[n as usize])?;
            }
        }
        Ok(())
    }

    /// The shape and the axis of an index.
    fn along(&self, inputs: &[Lies], index: &Index) -> Result<Along, ShapeError> {
        let own = index.sources.iter().copied();
        let shape = self.space(inputs, own).ok_or_else(|| self.mismatch(inputs, index.sources.iter().copied()))?;
        let Some(axis) = index.axis else { return Ok(Along { shape, axis: None }) };
        match axis_set(&Axes::List([axis][..].into()), shape.len()) {
            Ok(set) => Ok(Along { shape, axis: Some(set.trailing_zeros() as usize) }),
            Err(error) => Err(ShapeError::Axis { error, shape, of: Some(("index".to_string(), index.span)) }),
        }
    }

    /// The shape that these sources broadcast to.
    fn space(&self, inputs: &[Lies], mut sources: impl Iterator<Item = Source>) -> Option<Shape> {
        let mut shape = Shape::new();
        sources.all(|source| broadcast(&mut shape, self.source(inputs, source))).then_some(shape)
    }

    #[cold]
    fn mismatch(&self, inputs: &[Lies], sources: impl Iterator<Item = Source>) -> ShapeError {
        let part = |source: Source| {
            let input = if let Source::Input(i) = source { Some(i) } else { None };
            (input, Shape::from_slice(self.source(inputs, source)))
        };
        ShapeError::Mismatch(sources.map(part).filter(|(_, shape)| !shape.is_empty()).collect())
    }
}

/// What a stage of this shape leaves.
fn left(program: &Program, stage: &Stage, shape: &Shape) -> Result<Left, ShapeError> {
    if let Work::Count(counts) = &stage.work {
        return Ok(Left { axes: 0, forms: [Shape::new(), Shape::from_slice(&[counts.bins as usize])] });
    }
    if let Work::Scan(scans) = &stage.work {
        let kept = scanned(scans.axis, shape).map_err(|error| {
            let of = program.graph.node(scans.nodes[0]);
            let name = scans.lanes[0].0.name().to_string();
            ShapeError::Axis { error, shape: shape.clone(), of: Some((name, of.span)) }
        })?;
        return Ok(Left { axes: 0, forms: [Shape::new(), kept] });
    }
    if let Work::Recur(_) = stage.work {
        return Ok(Left { axes: 0, forms: [Shape::new(), shape.clone()] });
    }
    let Some(group) = stage.group() else {
        let kept = if let Work::Prepare(_) = stage.work { shape.clone() } else { Shape::new() };
        return Ok(Left { axes: 0, forms: [Shape::new(), kept] });
    };
    let named = |at: usize| {
        let (monoid, &node) = (group.monoids.get(at)?, group.nodes.get(at)?);
        Some((monoid.name.split('.').next().unwrap_or_default().to_string(), program.graph.node(node).span))
    };
    let axes = axis_set(&group.axes, shape.len()).map_err(|error| ShapeError::Axis {
        error,
        shape: shape.clone(),
        of: named(0),
    })?;
    let left = Left { axes, forms: [false, true].map(|keepdims| reduced(shape, axes, keepdims)) };
    let without = group.monoids.iter().position(|monoid| monoid.empty.is_none());
    if let (Some(0), true, Some(of)) = (count(shape), count(left.kept()) != Some(0), without.and_then(named)) {
        return Err(ShapeError::Empty { of, shape: shape.clone() });
    }
    Ok(left)
}
