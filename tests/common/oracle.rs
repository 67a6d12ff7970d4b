//! What a typed graph is worth: node by node on whole arrays, point by point, with no thought of speed.
//!
//! It takes from the library the meaning of one operation at one point, and the graph; broadcasting, axes and the order of
//! reductions are written here anew, from the documentation.

use std::rc::Rc;

use tilexpr::ir::{Fragment, Monoid, Op, semantics};
use tilexpr::math;
use tilexpr::types::graph::{Axes, Body, Graph, NodeId, NodeKind, Scan};
use tilexpr::{Accuracy, DType, Real, Scalar};

use super::tensor::{Tensor, indices, strides};

/// Elements of a block.
const BLOCK: usize = 512;
/// Lanes of a block.
const LANES: usize = 8;

/// The results, and whether the data had no result somewhere.
pub fn evaluate(graph: &Graph, inputs: &[Tensor]) -> (Vec<Tensor>, bool) {
    evaluate_for(graph, &graph.outputs, inputs)
}

/// The same of these nodes.
fn evaluate_for(graph: &Graph, outputs: &[NodeId], inputs: &[Tensor]) -> (Vec<Tensor>, bool) {
    let mut values: Vec<Rc<Tensor>> = Vec::new();
    let mut fault = false;
    let needed = graph.needed(outputs);
    for (at, node) in graph.nodes.iter().enumerate() {
        if !needed[at] {
            values.push(Rc::new(Tensor { dtype: node.dtype, shape: vec![], data: vec![] }));
            continue;
        }
        let args: Vec<Rc<Tensor>> = node.args.iter().map(|a| Rc::clone(&values[a.0 as usize])).collect();
        let tensor = match &node.kind {
            NodeKind::Input(at) => inputs[*at as usize].clone(),
            NodeKind::Const(c) => Tensor { dtype: c.dtype(), shape: vec![], data: vec![*c] },
            NodeKind::Op(op) => pointwise(&args, node.dtype, |x| operation(*op, node.dtype, x)),
            NodeKind::Complex(function, part) => {
                pointwise(&args, node.dtype, |x| math::complex::eval(*function, *part, x).expect("a value of floats"))
            }
            NodeKind::Math(function) => {
                pointwise(&args, node.dtype, |x| math::eval(*function, Accuracy::Best, x).expect("a value of floats"))
            }
            NodeKind::Random(random) => {
                pointwise(&args, node.dtype, |x| math::random::eval(*random, x).expect("a word"))
            }
            NodeKind::Patch(helper) => pointwise(&args, node.dtype, |x| {
                let own: Vec<u64> = x[2..].iter().map(|s| s.bits()).collect();
                if bool::from_scalar(x[0]) { Scalar::from_bits(helper.result(), helper.call(&own)) } else { x[1] }
            }),
            NodeKind::Fault(_) => pointwise(&args, node.dtype, |x| {
                fault |= bool::from_scalar(x[0]);
                x[1]
            }),
            NodeKind::Reduce { monoid, axes, keepdims } => reduce(monoid, &args, axes, *keepdims, node.dtype),
            NodeKind::Scan { scan: kind, axis } => scan(*kind, &args[0], *axis),
            NodeKind::Counts(bins) => {
                let mut counts = vec![0i64; *bins as usize];
                for &number in &args[0].data {
                    counts.iter_mut().skip(u32::from_scalar(number) as usize).take(1).for_each(|n| *n += 1);
                }
                let data = counts.into_iter().map(Scalar::from).collect();
                Tensor { dtype: DType::I64, shape: vec![*bins as usize], data }
            }
            NodeKind::Index(axis) => {
                let shape = args[0].shape.clone();
                let along = axis.map(|axis| if axis < 0 { axis + shape.len() as i32 } else { axis } as usize);
                let number = |(flat, at): (usize, Vec<usize>)| (along.map_or(flat, |axis| at[axis]) as i64).into();
                Tensor { dtype: DType::I64, data: indices(&shape).enumerate().map(number).collect(), shape }
            }
            NodeKind::Loop { part, .. } => {
                let body = graph.body(NodeId(at as u32)).expect("a body");
                pointwise(&args, node.dtype, |x| {
                    let (state, failed) = iterate(body, x);
                    fault |= failed;
                    state[usize::from(*part)]
                })
            }
            NodeKind::ScanWith { part, axis, reverse, .. } => {
                let body = graph.body(NodeId(at as u32)).expect("a body");
                let (tensor, failed) = scan_by(body, &args, (*axis, *reverse), usize::from(*part));
                fault |= failed;
                tensor
            }
            NodeKind::Param(_) => unreachable!("a parameter in a finished graph"),
            NodeKind::Position => Tensor { dtype: DType::I64, shape: vec![], data: vec![0i64.into()] },
            NodeKind::Count(axes) => {
                let shape = &args[0].shape;
                let gone = reduced_axes(axes, shape.len());
                let count: usize = (0..shape.len()).filter(|&axis| gone[axis]).map(|axis| shape[axis]).product();
                Tensor { dtype: DType::I64, shape: vec![], data: vec![(count as i64).into()] }
            }
        };
        assert_eq!(tensor.dtype, node.dtype);
        values.push(Rc::new(tensor));
    }
    (outputs.iter().map(|o| (*values[o.0 as usize]).clone()).collect(), fault)
}

/// The state with which a loop ends at a point, and whether there was an error on the way.
fn iterate(body: &Body, args: &[Scalar]) -> (Vec<Scalar>, bool) {
    let (state, rest) = args.split_at(body.states);
    let (mut state, mut fault) = (state.to_vec(), false);
    for _ in 0..i64::from_scalar(rest[0]) {
        let params = [&state, &rest[1..]].concat();
        let mut ask = |of: &[NodeId]| step(body, of, &params, &mut fault);
        let (next, cond) = body.results();
        if cond.is_some_and(|cond| !bool::from_scalar(ask(&[cond])[0])) {
            break;
        }
        state = ask(next);
    }
    (state, fault)
}

/// The values of some nodes of a body.
fn step(body: &Body, of: &[NodeId], params: &[Scalar], fault: &mut bool) -> Vec<Scalar> {
    let params: Vec<Tensor> =
        params.iter().map(|&c| Tensor { dtype: c.dtype(), shape: vec![], data: vec![c] }).collect();
    let (values, failed) = evaluate_for(&body.graph, of, &params);
    *fault |= failed;
    values.iter().map(|value| value.data[0]).collect()
}

/// The states that a scan goes through, and whether there was an error on the way.
fn scan_by(body: &Body, args: &[Rc<Tensor>], (axis, reverse): (i32, bool), part: usize) -> (Tensor, bool) {
    let (starts, others) = args.split_at(body.states);
    let mut shape = broadcast(others.iter().map(|a| a.shape.as_slice())).expect("shapes that fit");
    if shape.is_empty() {
        shape.push(1);
    }
    let axis = if axis < 0 { axis + shape.len() as i32 } else { axis } as usize;
    let length = shape.remove(axis);
    let lines = starts.iter().map(|a| a.shape.as_slice()).chain([&shape[..]]);
    let lines = broadcast(lines).expect("shapes that fit");
    let mut whole = lines.clone();
    whole.insert(axis, length);
    let starts: Vec<Tensor> = starts.iter().map(|a| a.broadcast(&lines)).collect();
    let others: Vec<Tensor> = others.iter().map(|a| a.broadcast(&whole)).collect();
    let inner: usize = lines[axis..].iter().product();
    let mut data = vec![Scalar::from_bits(starts[part].dtype, 0); whole.iter().product()];
    let mut fault = false;
    for line in 0..lines.iter().product() {
        let mut state: Vec<Scalar> = starts.iter().map(|a| a.data[line]).collect();
        for k in 0..length {
            let k = if reverse { length - 1 - k } else { k };
            let at = (line / inner * length + k) * inner + line % inner;
            state.extend(others.iter().map(|a| a.data[at]));
            state = step(body, body.results().0, &state, &mut fault);
            data[at] = state[part];
        }
    }
    (Tensor { dtype: starts[part].dtype, shape: whole, data }, fault)
}

fn operation(op: Op, dtype: DType, args: &[Scalar]) -> Scalar {
    semantics::eval(op, dtype, args).unwrap_or_else(|| panic!("{} does not take {args:?}", op.name()))
}

fn pointwise(args: &[Rc<Tensor>], dtype: DType, mut f: impl FnMut(&[Scalar]) -> Scalar) -> Tensor {
    let shape = broadcast(args.iter().map(|a| a.shape.as_slice())).expect("shapes that fit");
    let steps: Vec<Vec<usize>> = args.iter().map(|a| strides(&a.shape)).collect();
    let mut point = Vec::with_capacity(args.len());
    let data = indices(&shape).map(|index| {
        point.clear();
        for (arg, steps) in args.iter().zip(&steps) {
            let missing = shape.len() - steps.len();
            let at: usize = index[missing..].iter().zip(steps).map(|(i, s)| i * s).sum();
            point.push(arg.data[at]);
        }
        f(&point)
    });
    let data = data.collect();
    Tensor { dtype, shape, data }
}

/// NumPy's broadcasting.
pub fn broadcast<'a>(shapes: impl Iterator<Item = &'a [usize]>) -> Option<Vec<usize>> {
    let mut all: Vec<usize> = vec![];
    for shape in shapes {
        let rank = all.len().max(shape.len());
        let of = |s: &[usize], axis: usize| if axis + s.len() < rank { 1 } else { s[axis + s.len() - rank] };
        let both = (0..rank).map(|axis| match (of(&all, axis), of(shape, axis)) {
            (1, n) | (n, 1) => Some(n),
            (a, b) => (a == b).then_some(a),
        });
        all = both.collect::<Option<_>>()?;
    }
    Some(all)
}

fn reduced_axes(axes: &Axes, rank: usize) -> Vec<bool> {
    match axes {
        Axes::All => vec![true; rank],
        Axes::List(list) => {
            let mut gone = vec![false; rank];
            for &axis in list {
                gone[if axis < 0 { axis + rank as i32 } else { axis } as usize] = true;
            }
            gone
        }
    }
}

fn reduce(monoid: &Monoid, args: &[Rc<Tensor>], axes: &Axes, keepdims: bool, dtype: DType) -> Tensor {
    let shape = broadcast(args.iter().map(|a| a.shape.as_slice())).expect("shapes that fit");
    let args: Vec<Tensor> = args.iter().map(|a| a.broadcast(&shape)).collect();
    let gone = reduced_axes(axes, shape.len());
    let (mut kept, mut along) = (shape.clone(), shape.clone());
    for axis in 0..shape.len() {
        *(if gone[axis] { &mut kept[axis] } else { &mut along[axis] }) = 1;
    }
    let mut steps = vec![1; shape.len()];
    for axis in (0..shape.len().saturating_sub(1)).rev() {
        steps[axis] = steps[axis + 1] * shape[axis + 1];
    }
    let place = |index: &[usize]| index.iter().zip(&steps).map(|(i, s)| i * s).sum::<usize>();
    let offsets: Vec<usize> = indices(&along).map(|index| place(&index)).collect();
    let one = |index: Vec<usize>| {
        if offsets.is_empty() {
            return monoid.empty.expect("a value over nothing");
        }
        let first = place(&index);
        let element = |(k, offset): (usize, &usize)| {
            let mut element: Vec<Scalar> = args.iter().map(|a| a.data[first + offset]).collect();
            // The second argument of `argmin` and `argmax` is the position in logical order.
            if let ([_, position], true) = (&mut element[..], monoid.name.starts_with("arg")) {
                *position = (k as i64).into();
            }
            element
        };
        let elements: Vec<Vec<Scalar>> = offsets.iter().enumerate().map(element).collect();
        combine(monoid, &elements)
    };
    let data = indices(&kept).map(one).collect();
    if !keepdims {
        kept = (0..shape.len()).filter(|&axis| !gone[axis]).map(|axis| shape[axis]).collect();
    }
    Tensor { dtype, shape: kept, data }
}

/// The documented order: blocks of 512 elements; within a block from the first element on; then what the blocks before have come to,
/// one after another, with that.
fn scan(scan: Scan, of: &Tensor, axis: Option<i32>) -> Tensor {
    let flat = axis.is_none() || of.shape.is_empty();
    let shape = if flat { vec![of.data.len()] } else { of.shape.clone() };
    let axis = axis.map_or(0, |axis| if axis < 0 { axis + shape.len() as i32 } else { axis }) as usize;
    let inner: usize = shape[axis + 1..].iter().product();
    let length = shape[axis];
    let combine = |x: Scalar, y: Scalar| {
        // Of extremes the order of zeros is that of `min` and `max`; a NaN stays.
        let zero = |s: Scalar| s.bits() << (64 - 8 * of.dtype.size()) == 0 || s == negative_zero(of.dtype);
        match scan {
            Scan::Sum => operation(Op::Add, of.dtype, &[x, y]),
            Scan::Prod => operation(Op::Mul, of.dtype, &[x, y]),
            Scan::Min | Scan::Max if of.dtype.is_float() && zero(x) && zero(y) && x != y => match scan {
                Scan::Min => negative_zero(of.dtype),
                _ => Scalar::from_bits(of.dtype, 0),
            },
            Scan::Min => operation(Op::Min, of.dtype, &[x, y]),
            Scan::Max => operation(Op::Max, of.dtype, &[x, y]),
            Scan::Product(_) => unreachable!("no complex numbers here"),
        }
    };
    let mut data = of.data.clone();
    for run in 0..of.data.len().checked_div(length).unwrap_or(0) {
        let place = |k: usize| run / inner * length * inner + k * inner + run % inner;
        let (mut before, mut own) = (None, None);
        for k in 0..length {
            let local = match own {
                Some(own) if k % BLOCK > 0 => combine(own, of.data[place(k)]),
                _ => of.data[place(k)],
            };
            own = Some(local);
            data[place(k)] = before.map_or(local, |before| combine(before, local));
            if (k + 1) % BLOCK == 0 {
                before = Some(data[place(k)]);
            }
        }
    }
    Tensor { dtype: of.dtype, shape, data }
}

fn negative_zero(dtype: DType) -> Scalar {
    match dtype {
        DType::F32 => (-0.0f32).into(),
        _ => (-0.0f64).into(),
    }
}

/// The documented order: blocks of 512 elements, element `k` in lane `k mod 8`; lanes merged with those 4, 2 and 1 further;
/// blocks level by level, each with its right neighbour, an odd last one going up as it is.
fn combine(monoid: &Monoid, elements: &[Vec<Scalar>]) -> Scalar {
    let mut blocks: Vec<Vec<Scalar>> = Vec::new();
    for block in elements.chunks(BLOCK) {
        let mut lanes = vec![monoid.init.clone(); LANES];
        for (k, element) in block.iter().enumerate() {
            let lane = &mut lanes[k % LANES];
            *lane = run(&monoid.step, lane, element);
        }
        for half in [4, 2, 1] {
            for i in 0..half {
                lanes[i] = run(&monoid.merge, &lanes[i], &lanes[i + half]);
            }
        }
        blocks.push(lanes.swap_remove(0));
    }
    while blocks.len() > 1 {
        let merged = blocks.chunks(2).map(|pair| match pair {
            [a, b] => run(&monoid.merge, a, b),
            rest => rest[0].clone(),
        });
        blocks = merged.collect();
    }
    run(&monoid.finish, &blocks[0], &[])[0]
}

fn run(fragment: &Fragment, a: &[Scalar], b: &[Scalar]) -> Vec<Scalar> {
    let mut values = [a, b].concat();
    assert_eq!(values.len(), fragment.params.len());
    for (op, args, dtype) in &fragment.code {
        let args: Vec<Scalar> = args.iter().map(|&at| values[at as usize]).collect();
        values.push(operation(*op, *dtype, &args));
    }
    fragment.results.iter().map(|&at| values[at as usize]).collect()
}
