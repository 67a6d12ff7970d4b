//! Typing and lowering of `index(x, axis)`: where points stand.
//!
//! Comes in: a call and its operand, of which nothing but the shape is asked. Goes out: an `i64` of that shape.

use super::graph::{Axes, NodeKind};
use super::meaning::Call;
use super::value::{Operand, Typed, Typer, Value, error_with_help};
use crate::dtype::DType;

impl Typer<'_> {
    /// `index(x, axis)`
    pub fn index(&mut self, call: &Call, x: Operand) -> Typed<Value> {
        let axis = match &call.axes {
            Axes::All => None,
            Axes::List(list) if list.len() == 1 => Some(list[0]),
            Axes::List(_) => {
                let help = "write it once for each axis; without `axis` it counts all elements in C order";
                return error_with_help("`index` counts along one axis", self.emit.span, help);
            }
        };
        let of = match x.value {
            Value::Complex { parts, .. } => self.alike(parts).re,
            _ => self.settle(x)?,
        };
        let span = self.emit.span;
        let id = self.emit.graph.add(NodeKind::Index(axis), &[of], DType::I64, span);
        Ok(Value::Node { id, weak: false })
    }
}
