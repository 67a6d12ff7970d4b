//! Tests of the types module as a whole: text and argument types in, graph or error out.

mod dtypes;
mod errors;
mod evaluate;
mod local;
mod powers;
mod values;

use super::{Graph, InputType, Resolved, infer, resolve};
use crate::dtype::DType;
use crate::error::CompileError;
use crate::syntax::{Limits, parse};

/// The names and the graph of a text. An argument's type is that of its name: `b` bool, `i` i32, `l` i64, `f` f32, any
/// other f64; `k` and `m` are bare integers, `w` is a bare float, `t` a bare bool. Digits may follow.
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
            "w" => InputType::weak(F64),
            "t" => InputType::weak(Bool),
            _ => InputType::strong(F64),
        }
    })
}

fn compile_with(text: &str, ty: impl Fn(&str) -> InputType) -> Result<(Resolved, Graph), CompileError> {
    let ast = parse(text, &Limits::default())?;
    let resolved = resolve(&ast, text, &[])?;
    let types: Vec<InputType> = resolved.free.iter().map(|name| ty(name)).collect();
    let graph = infer(&ast, text, &resolved, &types)?;
    Ok((resolved, graph))
}

fn graph(text: &str) -> Graph {
    compile(text).unwrap_or_else(|error| panic!("{text}: {error}")).1
}
