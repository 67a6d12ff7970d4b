//! A reduction has one value, however the array lies: in any order of its axes, with gaps, or backwards.
//!
//! The same elements are combined along memory, across it, or from a buffer in logical order; all results are compared, bit by bit, with
//! those of the array in C order.

mod common;

use common::executors;
use common::rng::Rng;
use ndarray::{Array, ArrayD, ArrayViewD, Axis, IxDyn, Slice};
use num_complex::{Complex32, Complex64};
use tilexpr::{AnyArray, Element, Executor, Expr, args};

const TEXTS: [&str; 9] = [
    "sum(a)",
    "sum(a, axis=0)",
    "sum(a, axis=-1)",
    "sum(a, axis=(0, -1))",
    "mean(a*a, axis=0)",
    "prod(a/8, axis=0)",
    "sum(a + 1)",
    "sum(sin(a), axis=0)",
    "std(a.real, axis=0)",
];

/// Rows of less than a block, of several, of whole ones; an axis of one; many columns.
const SHAPES: [&[usize]; 8] =
    [&[1100, 9], &[70, 600], &[40, 30, 7], &[3, 40, 31], &[16, 8, 64], &[11, 3, 512], &[600, 1, 9], &[9, 11, 5, 7]];

fn element(at: usize) -> f64 {
    let n = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    n as f64 / 1e6 - 8.0
}

/// Elements in logical order, lying with the axes in this order in memory, with gaps along the last axis, or backwards along the first.
fn lying<T: Element + Copy>(a: &ArrayD<T>, order: &[usize], gaps: bool, backwards: bool) -> ArrayD<T> {
    let mut lying = a.clone();
    if gaps {
        let mut shape = a.shape().to_vec();
        let last = shape.len() - 1;
        shape[last] *= 2;
        lying = ArrayD::from_shape_fn(shape, |mut at| {
            at[last] /= 2;
            a[at]
        });
    }
    if backwards {
        lying.invert_axis(Axis(0));
    }
    let inverse = |order: &[usize]| {
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, &axis)| back[axis] = at);
        back
    };
    let inner = lying.view().permuted_axes(order.to_vec()).as_standard_layout().into_owned();
    let mut lying = inner.permuted_axes(inverse(order));
    if gaps {
        let last = Axis(a.ndim() - 1);
        lying.slice_axis_inplace(last, Slice::new(0, None, 2));
    }
    if backwards {
        lying.invert_axis(Axis(0));
    }
    lying
}

fn orders(rank: usize) -> Vec<Vec<usize>> {
    let forward: Vec<usize> = (0..rank).collect();
    let backward: Vec<usize> = (0..rank).rev().collect();
    let mut turned = forward.clone();
    turned.rotate_left(1);
    let mut swapped = forward.clone();
    swapped.swap(0, 1);
    vec![forward, backward, turned, swapped]
}

fn value<T: Element>(e: &Expr, a: &ArrayViewD<T>) -> AnyArray {
    e.eval(args![a = a]).unwrap()
}

fn have_one_value<T: Element + Copy + PartialEq>(make: impl Fn(usize) -> T) {
    let of_shape = |shape: &&[usize]| {
        let all = (0..shape.iter().product()).map(&make);
        Array::from_iter(all).into_shape_with_order(IxDyn(shape)).unwrap()
    };
    let arrays: Vec<ArrayD<T>> = SHAPES.iter().map(of_shape).collect();
    for (at, text) in TEXTS.iter().enumerate() {
        let compiled = |executor, tile| {
            let builder = Expr::builder().executor(executor).serial_below(1000);
            let builder = if let Some(tile) = tile { builder.tile(tile) } else { builder };
            builder.compile(text).unwrap()
        };
        // By two executors, each pair in turn, of which native ones go through tiles of two sizes.
        let tiles = |executor| if executor == Executor::Interpreter { vec![None] } else { vec![None, Some(96)] };
        let ways = executors::some(at)
            .into_iter()
            .flat_map(|executor| tiles(executor).into_iter().map(move |tile| (executor, tile)));
        let expressions: Vec<_> = ways.map(|(executor, tile)| (executor, tile, compiled(executor, tile))).collect();
        for a in &arrays {
            let expected = value(&expressions[0].2, &a.view());
            for (at, order) in orders(a.ndim()).iter().enumerate() {
                let lying = lying(a, order, at % 2 == 1, at / 2 == 1);
                assert!(lying == *a);
                for (executor, tile, e) in &expressions {
                    let shape = a.shape();
                    let result = value(e, &lying.view());
                    assert!(
                        result == expected,
                        "{text} of {shape:?}, axes in memory {order:?}, {executor:?}, {tile:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn f64() {
    have_one_value(element);
}

#[test]
fn f32() {
    have_one_value(|at| element(at) as f32);
}

#[test]
fn c128() {
    have_one_value(|at| Complex64::new(element(at), element(at + 5000)));
}

#[test]
fn c64() {
    have_one_value(|at| Complex32::new(element(at) as f32, element(at + 5000) as f32));
}

/// The bits of all elements; a NaN is any NaN.
fn bits(a: &ArrayD<f64>) -> Vec<u64> {
    a.iter().map(|x| if x.is_nan() { f64::NAN } else { *x }.to_bits()).collect()
}

/// A reduction is the same for all ways in which the axes can lie, also where zeros of both signs, several of the best and NaN are
/// among the elements.
#[test]
fn zeros_ties_and_nan() {
    const TEXTS: [&str; 13] = [
        "min(a)",
        "max(a)",
        "nanmin(a)",
        "nanmax(a)",
        "any(a > 7)",
        "all(a < 8)",
        "argmin(a)",
        "argmax(a)",
        "argmax(a > 3)",
        "argmin(i8(nan_to_num(a)))",
        "sum(a/3)",
        "mean(f32(a)*7)",
        "sum(i16(nan_to_num(a)))",
    ];
    const ORDERS: [[usize; 3]; 5] = [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut rng = Rng::new(11);
    for shape in [[40, 30, 3], [3, 40, 30], [7, 11, 13], [2, 2, 3], [70, 1, 70]] {
        let count = shape.iter().product();
        for set in 0..3 {
            let element = |_| match (set, rng.below(9)) {
                (0, k) => [0.0, -0.0][k % 2],
                (1, k) => k as f64,
                (_, k) => [k as f64 - 4.0, f64::NAN][usize::from(rng.below(count) < 3)],
            };
            let a = ArrayD::from_shape_vec(shape.to_vec(), (0..count).map(element).collect()).unwrap();
            for (order, axis) in
                ORDERS.iter().flat_map(|order| ["", ", axis=0", ", axis=2", ", axis=(0, 1)"].map(|axis| (order, axis)))
            {
                let mut back = [0; 3];
                order.iter().enumerate().for_each(|(at, &axis)| back[axis] = at);
                let lying = a.view().permuted_axes(order.to_vec()).as_standard_layout().into_owned();
                let lying = lying.permuted_axes(back.to_vec());
                for text in TEXTS.iter().filter(|text| !(text.starts_with("arg") && axis.ends_with(')'))) {
                    let text = format!("f64({}{axis}))", &text[..text.len() - 1]);
                    let of = |a: &ArrayD<f64>, tile: usize| {
                        bits(&Expr::builder().tile(tile).compile(&text).unwrap().eval(args![a]).unwrap())
                    };
                    assert_eq!(of(&a, 1 << 15), of(&lying, 64), "{text} of {shape:?} lying as {order:?}, set {set}");
                }
            }
        }
    }
}
