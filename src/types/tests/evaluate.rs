//! A graph's values, one point at a time: slow and plain.
//!
//! A node's value is one scalar, or one for each point; reductions are over all axes, in order.

use crate::dtype::{DType, Real, Scalar};
use crate::ir::{Fragment, Op, semantics};
use crate::math::{self, Accuracy};
use crate::types::Graph;
use crate::types::graph::{Axes, FaultKind, NodeKind};

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
    let mut values: Vec<Vec<Scalar>> = Vec::new();
    for node in &graph.nodes {
        let operands: Vec<&Vec<Scalar>> = node.args.iter().map(|a| &values[a.0 as usize]).collect();
        let points =
            if operands.iter().any(|o| o.is_empty()) { 0 } else { operands.iter().map(|o| o.len()).max().unwrap_or(1) };
        let at = |point: usize| -> Vec<Scalar> {
            operands.iter().map(|o| o[if o.len() == 1 { 0 } else { point }]).collect()
        };
        let value = match &node.kind {
            NodeKind::Input(i) => args[graph.inputs[*i as usize].name as usize].clone(),
            NodeKind::Const(c) => vec![*c],
            NodeKind::Op(op) => (0..points).map(|p| eval(*op, node.dtype, &at(p))).collect(),
            NodeKind::Complex(function, part) => {
                (0..points).map(|p| math::complex::eval(*function, *part, &at(p)).unwrap()).collect()
            }
            NodeKind::Math(function) => {
                (0..points).map(|p| math::eval(*function, Accuracy::Best, &at(p)).unwrap()).collect()
            }
            NodeKind::Patch(helper) => (0..points)
                .map(|p| {
                    let all = at(p);
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
                    let mut args = at(p);
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
            NodeKind::Position => vec![0i64.into()],
            NodeKind::Count(Axes::All) => vec![(points as i64).into()],
            NodeKind::Reduce { .. } | NodeKind::Scan { .. } | NodeKind::Counts(_) | NodeKind::Count(_) => {
                panic!("only over all axes")
            }
        };
        assert!(value.iter().all(|c| c.dtype() == node.dtype), "a value of the wrong type:\n{graph}");
        values.push(value);
    }
    Outcome::Values(graph.outputs.iter().map(|o| values[o.0 as usize].clone()).collect())
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
