//! Tests of the types module as a whole: text and argument types in, graph or error out.

mod dtypes;
mod errors;
mod evaluate;
mod functions;
mod loops;
mod powers;
mod values;

use super::graph::NodeKind;
use super::infer::Typing;
use super::{Given, Graph, InputType, Resolved, infer, resolve};
use crate::dtype::DType;
use crate::error::CompileError;
use crate::ir::Op;
use crate::syntax::{Limits, parse};

/// The names and the graph of a text. An argument's type is that of its name: `b` bool, `i` i32, `l` i64, `f` f32, any
/// other f64; `k` and `m` are bare integers, `z` is one beyond `i64`, `w` is a bare float, `t` a bare bool. Digits may follow.
fn compile(text: &str) -> Result<(Resolved, Graph), CompileError> {
    compile_with(text, |name| {
        use DType::*;
        match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "b" => InputType::strong(Bool),
            "i" => InputType::strong(I32),
            "l" => InputType::strong(I64),
            "f" => InputType::strong(F32),
            "k" => InputType::weak(I64),
            "m" => InputType::weak(I32),
            "z" => InputType::weak(U64),
            "w" => InputType::weak(F64),
            "t" => InputType::weak(Bool),
            _ => InputType::strong(F64),
        }
    })
}

fn compile_with(text: &str, ty: impl Fn(&str) -> InputType) -> Result<(Resolved, Graph), CompileError> {
    let ast = parse(text, &Limits::default())?;
    let resolved = resolve(ast, text, Given::default())?;
    let types: Vec<InputType> = resolved.free.iter().map(|name| ty(name)).collect();
    let graph = infer(text, &resolved, &types, &[], Typing::default())?;
    Ok((resolved, graph))
}

/// The graph of a text, each of whose operations takes its arguments and gives the node's type.
fn graph(text: &str) -> Graph {
    let graph = compile(text).unwrap_or_else(|error| panic!("{text}: {error}")).1;
    for (at, node) in graph.nodes.iter().enumerate() {
        let args: Vec<DType> = node.args.iter().map(|&arg| graph.node(arg).dtype).collect();
        assert!(node.args.iter().all(|arg| (arg.0 as usize) < at), "{text}:\n{graph}");
        let ok = match &node.kind {
            NodeKind::Op(op) => {
                let named = matches!(op, Op::Convert | Op::Bitcast).then_some(node.dtype);
                op.result(&args, named) == Some(node.dtype)
            }
            NodeKind::Complex(function, _) => {
                args.len() == 2 * function.arity() && node.dtype.is_float() && args.iter().all(|&t| t == node.dtype)
            }
            NodeKind::Math(function) => {
                args.len() == function.row().arity && node.dtype.is_float() && args.iter().all(|&t| t == node.dtype)
            }
            NodeKind::Random(random) => args == [DType::U64; 2] && node.dtype == random.dtype(),
            NodeKind::Patch(helper) => {
                args[..2] == [DType::Bool, node.dtype] && args[2..] == *helper.args() && helper.result() == node.dtype
            }
            NodeKind::Fault(_) => args == [DType::Bool, node.dtype],
            NodeKind::Reduce { monoid, .. } => args == monoid.args,
            NodeKind::Loop { .. } | NodeKind::ScanWith { .. } => {
                let Some(body) = graph.body(super::graph::NodeId(at as u32)) else {
                    panic!("a loop without a body:\n{graph}")
                };
                let scan = node.kind.scan_axis().is_some();
                let max = args.get(body.states).filter(|_| !scan);
                let own: Vec<DType> = args
                    .iter()
                    .copied()
                    .enumerate()
                    .filter(|&(at, _)| scan || at != body.states)
                    .map(|(_, ty)| ty)
                    .collect();
                let inputs: Vec<DType> = body.graph.inputs.iter().map(|input| input.dtype).collect();
                own == inputs && max.is_none_or(|&ty| ty == DType::I64)
            }
            NodeKind::Param(_) => false,
            NodeKind::Scan { .. } => !args.is_empty() && args.iter().all(|&t| t == node.dtype),
            NodeKind::Counts(_) => args[0] == DType::U32 && node.dtype == DType::I64,
            NodeKind::Count(_) => args.len() == 1 && node.dtype == DType::I64,
            NodeKind::Index(_) => args.len() == 1 && node.dtype == DType::I64,
            NodeKind::Position => node.dtype == DType::I64 && args.is_empty(),
            NodeKind::Input(_) | NodeKind::Const(_) => args.is_empty(),
        };
        assert!(ok, "{text}: v{at} in\n{graph}");
    }
    graph
}
