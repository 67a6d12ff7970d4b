//! Emits primitive operations into a graph, on operands of the right types.
//!
//! Comes in: operations, one by one. Goes out: nodes. Always holds: an operation on constants is a constant, where its
//! meaning is known at compile time; nothing that depends on the shape of an operand loses it.

use smallvec::SmallVec;

use super::graph::{Fault, GraphBuilder, Input, NodeId, NodeKind, Word};
use crate::dtype::{ByteOrder, DType, Real, Scalar};
use crate::ir::rules::embeds;
use crate::ir::{Helper, Op, semantics};
use crate::math::complex::{self, Complex, Part};
use crate::math::random::Random;
use crate::math::{self, Accuracy, Elementary};
use crate::syntax::ast::Span;

/// A graph in the making, and the place in the text that its next nodes come from.
#[derive(Default)]
pub(crate) struct Emit {
    pub graph: GraphBuilder,
    pub span: Span,
}

impl Emit {
    /// The type of a node.
    pub fn dtype(&self, x: NodeId) -> DType {
        self.graph.dtype(x)
    }

    /// The value of a node that is a constant.
    pub fn as_const(&self, x: NodeId) -> Option<Scalar> {
        match self.graph.node(x).kind {
            NodeKind::Const(c) => Some(c),
            _ => None,
        }
    }

    /// The input for a free name, an array of this type or a part of one. What lies with its bytes `swapped` is read as the unsigned
    /// integers that these are, and then made what it is.
    pub fn input(&mut self, name: u32, dtype: DType, part: Option<Part>, swapped: bool) -> NodeId {
        let dtype = dtype.part();
        let Some(bits) = dtype.unsigned().filter(|_| swapped) else {
            return self.graph.input(Input { name, dtype, part, word: None, swapped: None }, self.span);
        };
        let read = self.graph.input(Input { name, dtype: bits, part, word: None, swapped: Some(dtype) }, self.span);
        let bits = self.op(Op::SwapBytes, &[read]);
        self.same_bits(bits, dtype)
    }

    /// Some bytes of the strings that an argument has, as an unsigned integer of this type; the first byte is the least.
    pub fn word(&mut self, name: u32, at: usize, dtype: DType) -> NodeId {
        let input = Input { name, dtype, part: None, word: Some(Word { at }), swapped: None };
        let word = self.graph.input(input, self.span);
        if ByteOrder::NATIVE == ByteOrder::Little || dtype.size() == 1 { word } else { self.op(Op::SwapBytes, &[word]) }
    }

    /// What is stored for a value where its bytes are to lie in the other order.
    pub fn swapped(&mut self, x: NodeId) -> NodeId {
        let Some(bits) = self.dtype(x).unsigned() else { return x };
        let bits = self.same_bits(x, bits);
        self.op(Op::SwapBytes, &[bits])
    }

    /// The same bits as a type of the same width, whichever two these are.
    fn same_bits(&mut self, x: NodeId, to: DType) -> NodeId {
        if self.dtype(x).is_float() == to.is_float() { self.convert(x, to) } else { self.bitcast(x, to) }
    }

    /// A constant.
    pub fn constant(&mut self, c: impl Into<Scalar>) -> NodeId {
        self.graph.constant(c, self.span)
    }

    /// A small number as a constant of the type.
    pub fn number(&mut self, value: f64, dtype: DType) -> NodeId {
        let c: Scalar = value.into();
        let c = semantics::eval(Op::Convert, dtype, &[c]).unwrap_or(c);
        self.constant(c)
    }

    /// An operation whose type follows from its arguments, which must be of types that it takes.
    pub fn op(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        let types: SmallVec<[DType; 3]> = args.iter().map(|&x| self.dtype(x)).collect();
        let Some(ty) = op.result(&types, None) else { unreachable!("{} does not take {types:?}", op.name()) };
        self.fold(op, args, ty)
    }

    /// Converted to a type; `x` itself where it has that type, or had it before it was widened.
    pub fn convert(&mut self, x: NodeId, to: DType) -> NodeId {
        let from = self.dtype(x);
        if from == to {
            return x;
        }
        let node = self.graph.node(x);
        if let (NodeKind::Op(Op::Convert), [inner]) = (&node.kind, node.args.as_slice()) {
            let inner = *inner;
            if self.dtype(inner) == to && embeds(to, from) {
                return inner;
            }
        }
        self.fold(Op::Convert, &[x], to)
    }

    /// The same bits as a type of the same width.
    pub fn bitcast(&mut self, x: NodeId, to: DType) -> NodeId {
        self.fold(Op::Bitcast, &[x], to)
    }

    /// `yes` where the mask is set, else `no`.
    pub fn select(&mut self, mask: NodeId, yes: NodeId, no: NodeId) -> NodeId {
        self.op(Op::Select, &[mask, yes, no])
    }

    /// `fast`, but where the mask is set the helper's value.
    pub fn patch(&mut self, mask: NodeId, fast: NodeId, helper: &'static Helper, args: &[NodeId]) -> NodeId {
        let bits: SmallVec<[u64; 3]> = args.iter().filter_map(|&x| self.as_const(x)).map(Scalar::bits).collect();
        match self.as_const(mask) {
            Some(c) if !bool::from_scalar(c) => return fast,
            Some(_) if bits.len() == args.len() && helper.folds() => {
                return self.constant(Scalar::from_bits(helper.result(), helper.call(&bits)));
            }
            _ => {}
        }
        let mut all = SmallVec::<[NodeId; 4]>::from_slice(&[mask, fast]);
        all.extend_from_slice(args);
        self.graph.add(NodeKind::Patch(helper), &all, helper.result(), self.span)
    }

    /// The helper's value everywhere. The name is without the type, which is that of the arguments: `pow`.
    pub fn call(&mut self, name: &str, args: &[NodeId]) -> NodeId {
        let dtype = args.first().map_or(DType::F64, |&x| self.dtype(x));
        let everywhere = self.constant(true);
        let never = self.number(0.0, dtype);
        self.patch(everywhere, never, Helper::of(name, dtype), args)
    }

    /// An elementary function of floats of one type. Of constants it is a constant, as exact as can be.
    pub fn math(&mut self, function: Elementary, args: &[NodeId]) -> NodeId {
        self.graph.count(function.operations());
        let constants: SmallVec<[Scalar; 2]> = args.iter().filter_map(|&x| self.as_const(x)).collect();
        if constants.len() == args.len()
            && let Some(value) = math::eval(function, Accuracy::Best, &constants)
        {
            return self.constant(value);
        }
        let dtype = args.first().map_or(DType::F64, |&x| self.dtype(x));
        self.graph.add(NodeKind::Math(function), args, dtype, self.span)
    }

    /// What is made of a key and a counter of the generator of random numbers.
    pub fn random(&mut self, which: Random, key: NodeId, counter: NodeId) -> NodeId {
        self.graph.count(which.operations());
        if let (Some(x), Some(y)) = (self.as_const(key), self.as_const(counter))
            && let Some(value) = math::random::eval(which, &[x, y])
        {
            return self.constant(value);
        }
        self.graph.add(NodeKind::Random(which), &[key, counter], which.dtype(), self.span)
    }

    /// A part of an elementary function of complex numbers; the arguments are parts.
    pub fn complex_math(&mut self, function: Complex, part: Part, args: &[NodeId]) -> NodeId {
        self.graph.count(function.operations());
        let constants: SmallVec<[Scalar; 4]> = args.iter().filter_map(|&x| self.as_const(x)).collect();
        if constants.len() == args.len()
            && let Some(value) = complex::eval(function, part, &constants)
        {
            return self.constant(value);
        }
        let dtype = args.first().map_or(DType::F64, |&x| self.dtype(x));
        self.graph.add(NodeKind::Complex(function, part), args, dtype, self.span)
    }

    /// The value, and an error where the mask is set.
    pub fn fault(&mut self, mask: NodeId, value: NodeId, fault: impl FnOnce() -> Fault) -> NodeId {
        if self.as_const(mask).is_some_and(|c| !bool::from_scalar(c)) {
            return value;
        }
        self.graph.fault(mask, value, fault())
    }

    /// The constant in the shape of `x`.
    pub fn like(&mut self, x: NodeId, c: impl Into<Scalar>) -> NodeId {
        let c = self.constant(c);
        if self.as_const(x).is_some() {
            return c;
        }
        let mask = self.op(Op::Eq, &[x, x]);
        self.select(mask, c, c)
    }

    /// Whether it is not 0.
    pub fn truth(&mut self, x: NodeId) -> NodeId {
        self.convert(x, DType::Bool)
    }

    fn fold(&mut self, op: Op, args: &[NodeId], ty: DType) -> NodeId {
        let constants: SmallVec<[Scalar; 3]> = args.iter().filter_map(|&x| self.as_const(x)).collect();
        if constants.len() == args.len()
            && let Some(value) = semantics::eval(op, ty, &constants)
        {
            return self.constant(value);
        }
        self.graph.add(NodeKind::Op(op), args, ty, self.span)
    }
}
