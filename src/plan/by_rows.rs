//! The steps of a program that goes through its stages by rows.
//!
//! Comes in: a schedule in the making, with its outputs. Goes out: the steps of the stages that have no rows, then one loop around those
//! of the others, which are a schedule for a tile of rows (and one for the rows that are left over).

use smallvec::SmallVec;

use super::make::Maker;
use super::rows::Rows;
use super::schedule::{Loop, Schedule, Step};
use super::shape::{Shape, count};
use super::shapes::{Lies, ShapeError, Shapes};
use super::target::{Target, nanoseconds};

/// A program by rows, for such arrays.
pub struct ByRows<'a> {
    rows: Rows,
    inputs: &'a [Lies<'a>],
    outputs: &'a [Lies<'a>],
    /// The axis that counts rows in each output.
    of_outputs: Vec<Option<usize>>,
    /// A whole tile, and what is left.
    tiles: SmallVec<[Tile; 2]>,
}

/// A tile: the shapes of inputs and stages.
struct Tile {
    rows: usize,
    inputs: Vec<Shape>,
    shapes: Shapes,
}

impl<'a> ByRows<'a> {
    /// If it can be done by rows, and is worth it.
    pub fn new(maker: &Maker<'a>, outputs: &'a [Lies<'a>]) -> Option<ByRows<'a>> {
        let (program, inputs) = (maker.program, maker.inputs);
        let rows = Rows::of(program, maker.shapes, inputs, maker.target.tuning)?;
        let of_outputs = rows.outputs(program, outputs)?;
        // A result that replaces an argument is written where that row has been read, and no other.
        let elsewhere = |(out, axis): (&Lies, &Option<usize>)| {
            inputs.iter().zip(&rows.inputs).any(|(lies, own)| lies.shape == out.shape && own != axis)
        };
        if maker.in_place && outputs.iter().zip(&of_outputs).any(elsewhere) {
            return None;
        }
        let mut tiles = SmallVec::new();
        for n in [rows.tile, rows.length % rows.tile].into_iter().filter(|&n| n > 0) {
            let own: Vec<Shape> =
                inputs.iter().zip(&rows.inputs).map(|(l, &axis)| rows.cut(l.shape, axis, n)).collect();
            let shapes = Shapes::new(program, &cut(inputs, &own)).ok()?;
            let whole = maker.shapes.stages.iter().zip(&rows.stages);
            let as_found = shapes.stages.iter().zip(whole).all(|(own, (s, &axis))| *own == rows.cut(s, axis, n));
            if !as_found || shapes.counts != maker.shapes.counts {
                return None;
            }
            tiles.push(Tile { rows: n, inputs: own, shapes });
        }
        Some(ByRows { rows, inputs, outputs, of_outputs, tiles })
    }

    /// Adds the steps.
    ///
    /// # Errors
    /// Where there cannot be as much memory as they take.
    pub fn steps(self, maker: &mut Maker) -> Result<(), ShapeError> {
        let stages = self.rows.stages.iter().enumerate();
        stages.filter(|(_, axis)| axis.is_none()).for_each(|(at, _)| maker.stage(at));
        let mut bodies: SmallVec<[Schedule; 2]> = SmallVec::new();
        for tile in &self.tiles {
            bodies.push(self.body(maker, tile)?);
        }
        let rest = if bodies.len() > 1 { bodies.pop() } else { None };
        let Some(body) = bodies.pop() else { return Ok(()) };
        let step = |(lies, axis): (&Lies, &Option<usize>)| axis.map_or(0, |axis| lies.strides[axis]);
        let elements = self.tiles[0].shapes.stages.iter().filter_map(|shape| count(shape)).max().unwrap_or(1);
        let tiles = self.rows.length.div_ceil(self.rows.tile);
        let serial = maker.target.tuning.serial_below;
        let large = match serial {
            Some(below) => elements.saturating_mul(tiles) >= below,
            None => maker.target.pays_to_wake(time(&body) * tiles as f64),
        };
        maker.steps.push(Step::Loop(Box::new(Loop {
            rows: self.rows.length,
            tile: self.rows.tile,
            body,
            rest,
            inputs: self.inputs.iter().zip(&self.rows.inputs).map(step).collect(),
            outputs: self.outputs.iter().zip(&self.of_outputs).map(step).collect(),
            elements,
            parallel: large && maker.target.threads > 1,
        })));
        Ok(())
    }

    /// What is done with a tile.
    fn body(&self, whole: &Maker, tile: &Tile) -> Result<Schedule, ShapeError> {
        let (rows, program) = (&self.rows, whole.program);
        // A tile is what one thread does.
        let target = Target { threads: 1, ..whole.target };
        let inputs = cut(self.inputs, &tile.inputs);
        let mut maker = Maker::new(target, &tile.shapes, &inputs, whole.in_place);
        for (part, (lies, &axis)) in self.outputs.iter().zip(&self.of_outputs).enumerate() {
            let shape = rows.cut(lies.shape, axis, tile.rows);
            let dtype = program.graph.node(program.graph.outputs[part]).dtype;
            // (It has the result's shape, or there would be something to copy.)
            _ = maker.output(part as u32, dtype, &shape, Lies { shape: &shape, ..*lies });
        }
        for (at, axis) in rows.stages.iter().enumerate() {
            match axis {
                Some(_) => maker.stage(at),
                None => maker.take_over(at, whole),
            }
        }
        maker.schedule()
    }
}

/// Arrays with other shapes.
fn cut<'s>(arrays: &[Lies<'s>], shapes: &'s [Shape]) -> Vec<Lies<'s>> {
    arrays.iter().zip(shapes).map(|(lies, shape)| Lies { shape, ..*lies }).collect()
}

/// Estimated nanoseconds of a schedule on one thread.
fn time(schedule: &Schedule) -> f64 {
    let step = |step: &Step| match step {
        Step::Pass(pass) => {
            let bytes = pass.walk.operands.iter().map(|operand| operand.size()).sum();
            nanoseconds(pass.points, bytes, pass.called.kernel.weight())
        }
        Step::Fold(fold) => {
            let points: usize = fold.walk.nest.shape().iter().product();
            nanoseconds(points, 8 * fold.sources, 1.0)
        }
        // (Scans and counts are not in loops.)
        Step::Scan(_) | Step::Recur(_) | Step::Count(_) | Step::Fill { .. } | Step::Loop(_) => 0.0,
    };
    schedule.steps.iter().map(step).sum()
}
