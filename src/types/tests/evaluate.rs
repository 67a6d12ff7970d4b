//! A graph's values, one point at a time: slow and plain.
//!
//! A node's value is one scalar, or one for each point; reductions are over all axes, in order.

use crate::dtype::{DType, Real, Scalar};
use crate::ir::{Fragment, Op, semantics};
use crate::math::{self, Accuracy};
use crate::types::Graph;
use crate::types::graph::{Axes, Body, FaultKind, NodeId, NodeKind};

/// What a graph gives.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// For each output its values.
    Values(Vec<Vec<Scalar>>),
    /// A fault.
    Fault(FaultKind),
}

/// Evaluates a graph on arguments of one value or of one for each point, by index of their names.
pub fn evaluate(graph: &Graph, args: &[Vec<Scalar>]) -> Outcome {
    evaluate_for(graph, &graph.outputs, args)
}

/// The values of these nodes.
fn evaluate_for(graph: &Graph, outputs: &[NodeId], args: &[Vec<Scalar>]) -> Outcome {
    let mut values: Vec<Vec<Scalar>> = Vec::new();
    let needed = graph.needed(outputs);
    for (at, node) in graph.nodes.iter().enumerate() {
        if !needed[at] {
            values.push(Vec::new());
            continue;
        }
        let operands: Vec<&Vec<Scalar>> = node.args.iter().map(|a| &values[a.0 as usize]).collect();
        let points =
            if operands.iter().any(|o| o.is_empty()) { 0 } else { operands.iter().map(|o| o.len()).max().unwrap_or(1) };
        let of = |point: usize| -> Vec<Scalar> {
            operands.iter().map(|o| o[if o.len() == 1 { 0 } else { point }]).collect()
        };
        let value = match &node.kind {
            NodeKind::Input(i) => args[graph.inputs[*i as usize].name as usize].clone(),
            NodeKind::Const(c) => vec![*c],
            NodeKind::Op(op) => (0..points).map(|p| eval(*op, node.dtype, &of(p))).collect(),
            NodeKind::Complex(function, part) => {
                (0..points).map(|p| math::complex::eval(*function, *part, &of(p)).unwrap()).collect()
            }
            NodeKind::Math(function) => {
                (0..points).map(|p| math::eval(*function, Accuracy::Best, &of(p)).unwrap()).collect()
            }
            NodeKind::Random(random) => (0..points).map(|p| math::random::eval(*random, &of(p)).unwrap()).collect(),
            NodeKind::Patch(helper) => (0..points)
                .map(|p| {
                    let all = of(p);
                    let bits: Vec<u64> = all[2..].iter().map(|c| c.bits()).collect();
                    if bool::from_scalar(all[0]) {
                        Scalar::from_bits(helper.result(), helper.call(&bits))
                    } else {
                        all[1]
                    }
                })
                .collect(),
            NodeKind::Fault(number) => {
                if operands[0].iter().any(|&mask| bool::from_scalar(mask)) {
                    return Outcome::Fault(graph.faults[*number as usize].kind);
                }
                operands[1].clone()
            }
            NodeKind::Reduce { monoid, axes: Axes::All, .. } => {
                let mut state = monoid.init.clone();
                for p in 0..points {
                    let mut args = of(p);
                    if monoid.name.starts_with("arg") {
                        args[1] = (p as i64).into();
                    }
                    state = run(&monoid.step, &[state, args].concat());
                }
                match monoid.empty {
                    Some(empty) if points == 0 => vec![empty],
                    _ => run(&monoid.finish, &state),
                }
            }
            NodeKind::Index(_) => (0..points as i64).map(Scalar::from).collect(),
            NodeKind::Loop { part, .. } => {
                let body = graph.body(NodeId(at as u32)).unwrap();
                let mut ended = Vec::new();
                for p in 0..points {
                    match iterate(body, &of(p)) {
                        Ok(state) => ended.push(state[usize::from(*part)]),
                        Err(fault) => return Outcome::Fault(fault),
                    }
                }
                ended
            }
            NodeKind::ScanWith { part, reverse, .. } => {
                let body = graph.body(NodeId(at as u32)).unwrap();
                let mut state: Vec<Scalar> = operands[..body.states].iter().map(|start| start[0]).collect();
                let mut states = vec![state[usize::from(*part)]; points];
                for k in 0..points {
                    let p = if *reverse { points - 1 - k } else { k };
                    state.extend_from_slice(&of(p)[body.states..]);
                    match step(body, body.results().0, &state) {
                        Ok(next) => state = next,
                        Err(fault) => return Outcome::Fault(fault),
                    }
                    states[p] = state[usize::from(*part)];
                }
                states
            }
            NodeKind::Param(_) => panic!("a parameter in a finished graph"),
            NodeKind::Position => vec![0i64.into()],
            NodeKind::Count(Axes::All) => vec![(points as i64).into()],
            NodeKind::Reduce { .. } | NodeKind::Scan { .. } | NodeKind::Counts(_) | NodeKind::Count(_) => {
                panic!("only over all axes")
            }
        };
        assert!(value.iter().all(|c| c.dtype() == node.dtype), "a value of the wrong type:\n{graph}");
        values.push(value);
    }
    Outcome::Values(outputs.iter().map(|o| values[o.0 as usize].clone()).collect())
}

/// The state with which a loop ends at a point.
fn iterate(body: &Body, args: &[Scalar]) -> Result<Vec<Scalar>, FaultKind> {
    let (state, rest) = args.split_at(body.states);
    let mut state = state.to_vec();
    for _ in 0..rest[0].bits() as i64 {
        let params = [&state, &rest[1..]].concat();
        let ask = |of: &[NodeId]| step(body, of, &params);
        let (next, cond) = body.results();
        if let Some(cond) = cond
            && !bool::from_scalar(ask(&[cond])?[0])
        {
            break;
        }
        state = ask(next)?;
    }
    Ok(state)
}

/// The values of some nodes of a body.
fn step(body: &Body, of: &[NodeId], params: &[Scalar]) -> Result<Vec<Scalar>, FaultKind> {
    let params: Vec<Vec<Scalar>> = params.iter().map(|&c| vec![c]).collect();
    match evaluate_for(&body.graph, of, &params) {
        Outcome::Values(values) => Ok(values.into_iter().map(|values| values[0]).collect()),
        Outcome::Fault(kind) => Err(kind),
    }
}

fn run(fragment: &Fragment, args: &[Scalar]) -> Vec<Scalar> {
    let mut values = args.to_vec();
    for (op, args, ty) in &fragment.code {
        let args: Vec<Scalar> = args.iter().map(|&i| values[i as usize]).collect();
        values.push(eval(*op, *ty, &args));
    }
    fragment.results.iter().map(|&i| values[i as usize]).collect()
}

fn eval(op: Op, ty: DType, args: &[Scalar]) -> Scalar {
    semantics::eval(op, ty, args).unwrap_or_else(|| panic!("{op:?} of {args:?}"))
}
