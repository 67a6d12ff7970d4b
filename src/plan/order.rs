//! The order of a result's axes: NumPy's orders C, F, A, K.

use smallvec::SmallVec;

use super::nest::Nest;
use super::program::Program;
use super::shape::strides;
use super::shapes::{Lies, Shapes};
use super::source::Source;

/// How the axes of a new result lie in memory.
///
/// ```
/// use ndarray::{Array2, array};
/// use tilexpr::{Expr, Order, args};
/// let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
/// let y: Array2<f64> = Expr::builder().order(Order::F).compile("a*2")?.eval(args![a])?;
/// assert_eq!(y, &a * 2.0);
/// assert_eq!(y.strides(), [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Order {
    /// The last axis' elements are neighbours.
    C,
    /// The first axis' elements are neighbours.
    F,
    /// F if all arguments with more than one axis lie so, else C.
    A,
    /// As in the arguments; C where they disagree.
    #[default]
    K,
}

/// How results lie if they lie as the arrays that they are made of.
pub struct Like<'a> {
    program: &'a Program,
    shapes: &'a Shapes,
    inputs: &'a [Lies<'a>],
    /// For each stage the strides that what it leaves would have, with the reduced axes, if it lay as what it is made of. (It lies in
    /// C order.) Empty where that has not been asked.
    left: Vec<SmallVec<[isize; 6]>>,
}

impl<'a> Like<'a> {
    pub fn new(program: &'a Program, shapes: &'a Shapes, inputs: &'a [Lies<'a>]) -> Like<'a> {
        Like { program, shapes, inputs, left: vec![SmallVec::new(); program.stages.len()] }
    }

    /// The axes of an output, outermost in memory first.
    pub fn order(&mut self, order: Order, output: usize) -> SmallVec<[usize; 6]> {
        let rank = self.shapes.output(self.program, output).len();
        match order {
            Order::C => (0..rank).collect(),
            Order::A if !self.inputs.iter().all(lies_in_f_order) => (0..rank).collect(),
            Order::F | Order::A => (0..rank).rev().collect(),
            Order::K => self.keep(output),
        }
    }

    /// As the arrays lie that it is made of: NumPy's order "K".
    fn keep(&mut self, output: usize) -> SmallVec<[usize; 6]> {
        let at = self.program.stored_by[output] as usize;
        let stages = &self.program.stages;
        if self.shapes.stages[at].len() > 1 && stages[at].sources.iter().any(|(_, source)| source.stage().is_some()) {
            for (earlier, stage) in stages[..at].iter().enumerate() {
                if stage.leaves().is_empty() || !self.left[earlier].is_empty() {
                    continue;
                }
                let (kept, mut order) = (self.shapes.left[earlier].kept(), self.order_of(earlier));
                // (What a scan of all elements leaves has one axis.)
                if order.len() != kept.len() {
                    order = (0..kept.len()).collect();
                }
                self.left[earlier] = strides(kept, &order);
            }
        }
        self.order_of(at)
    }

    /// The axes of a stage in the order in which what it reads lies.
    fn order_of(&self, at: usize) -> SmallVec<[usize; 6]> {
        let mut nest = Nest::new(&self.shapes.stages[at]);
        for &(_, source) in &self.program.stages[at].sources {
            match source {
                Source::Input(i) => {
                    let Lies { shape, strides, .. } = self.inputs[i as usize];
                    nest.push(shape, strides);
                }
                Source::Temp { stage, keepdims, .. } => {
                    let left = &self.shapes.left[stage as usize];
                    let like = self.left[stage as usize].iter().enumerate();
                    let kept = like.filter(|(axis, _)| keepdims || left.axes >> axis & 1 == 0);
                    let strides: SmallVec<[isize; 6]> = kept.map(|(_, &stride)| stride).collect();
                    nest.push(&left.forms[usize::from(keepdims)], &strides);
                }
                Source::Count(_) | Source::Position | Source::Index(_) => {}
            }
        }
        nest.axis_order()
    }
}

/// Whether an array's first axis is the one along which its elements are neighbours; arrays of one axis are of both orders.
fn lies_in_f_order(lies: &Lies) -> bool {
    let mut step = lies.size as isize;
    lies.shape.iter().zip(lies.strides).all(|(&n, &stride)| {
        let here = n <= 1 || stride == step;
        step = step.saturating_mul(n.max(1) as isize);
        here
    })
}
