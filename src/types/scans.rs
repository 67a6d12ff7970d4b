//! Typing and lowering of scans.
//!
//! Comes in: a call of a scan and its operand, real or complex. Goes out: a value, strong also where it is of literals alone. Always
//! holds: `dtype=` converts the operand first and is the type of the result; what a scan runs over has the type of what it gives.
//! Integers are summed and multiplied in 64 bits, and wrap; floats in their own type, as NumPy's are.

use smallvec::SmallVec;

use super::graph::{Axes, NodeId, NodeKind, Scan};
use super::meaning::Call;
use super::value::{Operand, Parts, Typed, Typer, Value, error_with_help};
use crate::dtype::DType;
use crate::math::complex::Part;

impl Typer<'_> {
    /// A call of a scan.
    pub fn scan(&mut self, call: &Call, scan: Scan, x: Operand) -> Typed<Value> {
        let axis = match &call.axes {
            Axes::All => None,
            Axes::List(list) if list.len() == 1 => Some(list[0]),
            Axes::List(_) => {
                let message = format!("`{}` runs along one axis", call.function.name);
                let help =
                    "one after the other is a scan of a scan; without `axis` it runs over all elements in C order";
                return error_with_help(message, self.emit.span, help);
            }
        };
        let x = match call.dtype {
            Some(to) => Operand { value: self.cast(x, to)?, span: x.span },
            None => x,
        };
        if let Value::Complex { parts, .. } = x.value {
            return match scan {
                Scan::Min | Scan::Max => self.no_complex(call.function.name, x),
                _ => Ok(self.complex_scan(scan, axis, parts)),
            };
        }
        let id = self.settle(x)?;
        let from = self.emit.dtype(id);
        let (carried, to) = match scan {
            Scan::Min | Scan::Max if from == DType::Bool => (DType::U8, from),
            Scan::Min | Scan::Max => (from, from),
            _ if from.is_float() => (from, from),
            _ if from.is_int() && !from.is_signed() => (DType::U64, DType::U64),
            _ => (DType::I64, DType::I64),
        };
        let of = self.emit.convert(id, carried);
        let id = self.scan_of(scan, axis, &[of]);
        Ok(Value::Node { id: self.emit.convert(id, call.dtype.unwrap_or(to)), weak: false })
    }

    /// Sums go part by part; a product has both parts as its state.
    fn complex_scan(&mut self, scan: Scan, axis: Option<i32>, parts: Parts) -> Value {
        let Parts { re, im } = self.alike(parts);
        let of: [SmallVec<[NodeId; 2]>; 2] = match scan {
            Scan::Prod => [[re, im].into(), [re, im].into()],
            _ => [SmallVec::from_slice(&[re]), SmallVec::from_slice(&[im])],
        };
        let own = |part| if scan == Scan::Prod { Scan::Product(part) } else { scan };
        let re = self.scan_of(own(Part::Real), axis, &of[0]);
        let im = self.scan_of(own(Part::Imaginary), axis, &of[1]);
        Value::Complex { parts: Parts { re, im }, weak: false }
    }

    fn scan_of(&mut self, scan: Scan, axis: Option<i32>, of: &[NodeId]) -> NodeId {
        let (dtype, span) = (self.emit.dtype(of[0]), self.emit.span);
        self.emit.graph.add(NodeKind::Scan { scan, axis }, of, dtype, span)
    }
}
