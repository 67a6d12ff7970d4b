//! Arrays that lie in all kinds of ways, in shapes that a pass treats differently: the bits are those of contiguous copies.

mod common;

use common::rng::Rng;
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, Slice};
use tilexpr::{Element, Executor, Expr, args};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Lies {
    C,
    Fortran,
    /// The first two axes exchanged in memory.
    Exchanged,
    Reversed,
    LastReversed,
    Step(isize),
    Gap,
    /// Repeated along the first axis, and along the last one.
    Row,
    Column,
}

use Lies::*;

const ALL: [Lies; 11] = [C, Fortran, Exchanged, Reversed, LastReversed, Step(2), Step(3), Step(4), Gap, Row, Column];

impl Lies {
    /// The lengths of the memory for a shape, and the axes of the shape in it, outermost first.
    fn memory(self, shape: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let rank = shape.len();
        let mut axes: Vec<usize> = (0..rank).collect();
        match self {
            Fortran => axes.reverse(),
            Exchanged => axes.swap(0, 1),
            _ => {}
        }
        let mut lengths: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
        match self {
            Step(n) => lengths[rank - 1] *= n as usize,
            Gap => lengths[rank - 1] += 1,
            Row => lengths[0] = 1,
            Column => lengths[rank - 1] = 1,
            _ => {}
        }
        (lengths, axes)
    }

    fn slices(self, axis: usize, rank: usize) -> Slice {
        match self {
            Reversed => Slice::new(0, None, -1),
            LastReversed if axis + 1 == rank => Slice::new(0, None, -1),
            Step(n) if axis + 1 == rank => Slice::new(0, None, n),
            Gap if axis + 1 == rank => Slice::from(..-1),
            _ => Slice::from(..),
        }
    }

    /// Where each axis of the shape is in memory.
    fn places(axes: &[usize]) -> Vec<usize> {
        (0..axes.len()).map(|axis| axes.iter().position(|&a| a == axis).unwrap()).collect()
    }

    fn view<'a, T>(self, memory: &'a ArrayD<T>, shape: &[usize]) -> ArrayViewD<'a, T> {
        let (_, axes) = self.memory(shape);
        let mut view = memory.view().permuted_axes(IxDyn(&Self::places(&axes)));
        (0..shape.len()).for_each(|axis| view.slice_axis_inplace(Axis(axis), self.slices(axis, shape.len())));
        match self {
            Row | Column => memory.broadcast(IxDyn(shape)).unwrap(),
            _ => view,
        }
    }

    fn view_mut<'a, T>(self, memory: &'a mut ArrayD<T>, shape: &[usize]) -> ArrayViewMutD<'a, T> {
        let (_, axes) = self.memory(shape);
        let mut view = memory.view_mut().permuted_axes(IxDyn(&Self::places(&axes)));
        (0..shape.len()).for_each(|axis| view.slice_axis_inplace(Axis(axis), self.slices(axis, shape.len())));
        view
    }
}

/// Each layout of each operand, others mixed.
fn check<T: Element + PartialEq + std::fmt::Debug>(texts: [&str; 2], shape: &[usize], of: fn(usize) -> T) {
    let mut rng = Rng::new(shape.iter().product::<usize>() as u64);
    for (at, &lies) in ALL.iter().enumerate() {
        for place in 0..4 {
            // One lies so, another in some way.
            let mut how = [C; 4];
            how[(place + 1) % 4] = ALL[rng.below(ALL.len())];
            how[place] = lies;
            if [Row, Column].contains(&how[3]) {
                how[3] = LastReversed;
            }
            let memory: Vec<ArrayD<T>> = how[..3]
                .iter()
                .map(|h| ArrayD::from_shape_simple_fn(IxDyn(&h.memory(shape).0), || of(rng.below(100))))
                .collect();
            let [a, b, c] = [0, 1, 2].map(|i| how[i].view(&memory[i], shape));
            let plain =
                [&a, &b, &c].map(|view| ArrayD::from_shape_vec(IxDyn(shape), view.iter().copied().collect()).unwrap());
            let executors: Vec<Executor> = Executor::available().collect();
            let executor = executors[(at + place) % executors.len()];
            let mut builder = Expr::builder().executor(executor);
            if place % 2 == 0 {
                builder = builder.stream_from(0);
            }
            if at % 3 == 0 {
                builder = builder.tile(100);
            }
            for text in texts {
                let e = builder.clone().compile(text).unwrap();
                let expected: ArrayD<T> = e.eval(args![a = &plain[0], b = &plain[1], c = &plain[2]]).unwrap();
                let found: ArrayD<T> = e.eval(args![a = &a, b = &b, c = &c]).unwrap();
                assert_eq!(found, expected, "{text}, {shape:?}, {how:?}, {executor:?}");
                if found.shape() == shape {
                    let before = of(7);
                    let mut space = ArrayD::from_elem(IxDyn(&how[3].memory(shape).0), before);
                    e.eval_into(args![a = &a, b = &b, c = &c], &mut how[3].view_mut(&mut space, shape)).unwrap();
                    assert_eq!(how[3].view(&space, shape), expected, "{text}, {shape:?}, {how:?}, {executor:?}");
                    // What lies between elements is as it was.
                    how[3].view_mut(&mut space, shape).fill(before);
                    assert!(space.iter().all(|x| *x == before), "{text}, {shape:?}, {how:?}: written beside");
                }
            }
        }
    }
}

const SHAPES: &[&[usize]] =
    &[&[70, 3], &[150, 20], &[3, 300], &[2, 90, 2], &[1, 200], &[130, 70], &[40, 9, 11], &[2, 600], &[65, 33]];

#[test]
fn floats() {
    for shape in SHAPES {
        check::<f64>(["a*b + c", "sum(a - b*c, axis=0) + max(a)"], shape, |n| n as f64 - 50.5);
        check::<f32>(["a*b + c", "min(a*b, axis=-1) - sum(c)"], shape, |n| n as f32 / 8.0 - 5.0);
    }
}

#[test]
fn integers() {
    for shape in SHAPES {
        check::<u8>(["a*b + c", "max(a + b - c, axis=0)"], shape, |n| n as u8);
        check::<i16>(["a*b + c", "min(a) + max(b, axis=-1)"], shape, |n| n as i16 - 50);
    }
}

/// Beside operands that go through a buffer results are written past the cache, row by row of a tile.
#[test]
fn rows_of_tiles_past_the_cache() {
    let shape = [75, 601];
    let of = |seed: usize| move |at: IxDyn| ((at[0] * 601 + at[1]) * seed % 1009) as f64 / 8.0;
    let turned = ArrayD::from_shape_fn(IxDyn(&[601, 75]), of(3));
    let (a, b) = (turned.t(), ArrayD::from_shape_fn(IxDyn(&shape), of(5)));
    let expected: [ArrayD<f64>; 2] = [&a * &b + 0.25, &b - &a];
    for executor in Executor::available() {
        for tile in [None, Some(100), Some(3000)] {
            let builder = Expr::builder().executor(executor).stream_from(0);
            let builder = tile.into_iter().fold(builder, |builder, tile| builder.tile(tile));
            let one: ArrayD<f64> = builder.compile("a*b + 0.25").unwrap().eval(args![a, b = &b]).unwrap();
            let both: (ArrayD<f64>, ArrayD<f64>) =
                builder.compile("a*b + 0.25, b - a").unwrap().eval(args![a, b = &b]).unwrap();
            assert_eq!([&one, &both.0, &both.1], [&expected[0], &expected[0], &expected[1]], "{executor:?}, {tile:?}");
        }
    }
}

#[test]
fn positions_are_those_of_logical_order() {
    let mut rng = Rng::new(3);
    for shape in SHAPES {
        for lies in ALL {
            let memory = ArrayD::from_shape_simple_fn(IxDyn(&lies.memory(shape).0), || rng.below(50) as f32);
            let view = lies.view(&memory, shape);
            let plain = ArrayD::from_shape_vec(IxDyn(shape), view.iter().copied().collect()).unwrap();
            for text in ["argmax(a)", "argmin(a, axis=0)", "argmax(a, axis=-1)"] {
                let e = Expr::compile(text).unwrap();
                let expected: ArrayD<i64> = e.eval(args![a = &plain]).unwrap();
                assert_eq!(e.eval::<ArrayD<i64>>(args![a = &view]).unwrap(), expected, "{text}, {shape:?}, {lies:?}");
            }
        }
    }
}
