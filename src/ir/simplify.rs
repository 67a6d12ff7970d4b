//! Rewrite rules, one line each, with the reason why IEEE 754 allows it.

use super::builder::Builder;
use super::kernel::Value;
use super::op::Op;
use crate::dtype::DType;

/// A value that equals this operation to the bit and costs less, if a rule knows one.
pub fn simplify(_b: &mut Builder, _op: Op, _args: &[Value], _ty: DType) -> Option<Value> {
    None
}
