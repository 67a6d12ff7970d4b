//! Functions that a few operations make.
//!
//! Comes in: the rule and its operands. Goes out: a value, as NumPy's function of that name has it.

use smallvec::SmallVec;

use super::emit::Emit;
use super::function::Composed;
use super::graph::NodeId;
use super::value::{Operand, Parts, Typed, Typer, Value, error_with_help};
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::Op;
use crate::math::Elementary;

impl Typer<'_> {
    /// A call of such a function.
    pub fn composed(&mut self, which: Composed, of: &[Operand]) -> Typed<Value> {
        match (which, of) {
            (Composed::Signbit, &[x]) => self.signbit(x),
            (Composed::Nextafter, &[x, y]) => self.nextafter(x, y),
            (Composed::Copy, &[x]) => Ok(x.value),
            (Composed::Like(c), &[x]) => self.number_like(x, c),
            (Composed::Heaviside, &[x, at]) => self.heaviside(x, at),
            (Composed::Sinc, &[x]) => self.sinc(x),
            (Composed::Degrees(to), &[x]) => self.degrees(to, x),
            (Composed::Ignoring(op), &[x, y]) => self.ignoring(op, x, y),
            (Composed::Popcount, &[x]) => self.popcount(x),
            (Composed::Exp10, &[x]) => self.exp10(x),
            _ => error_with_help("wrong number of arguments", self.emit.span, "see the function's signature"),
        }
    }

    fn signbit(&mut self, x: Operand) -> Typed<Value> {
        let id = self.settle(x)?;
        let dtype = self.emit.dtype(id);
        let e = &mut self.emit;
        let id = match dtype.kind() {
            Kind::Float => {
                let one = e.number(1.0, dtype);
                let signed = e.op(Op::CopySign, &[one, id]);
                let zero = e.number(0.0, dtype);
                e.op(Op::Lt, &[signed, zero])
            }
            _ if dtype == DType::Bool => e.op(Op::Ne, &[id, id]),
            _ => {
                let zero = e.number(0.0, dtype);
                e.op(Op::Lt, &[id, zero])
            }
        };
        Ok(self.result(id, &[x]))
    }

    /// Floats of one sign are ordered as their bits are: one more is farther from 0.
    fn nextafter(&mut self, x: Operand, y: Operand) -> Typed<Value> {
        let of = [x, y];
        let dtype = self.floats_type(&of);
        let (a, b) = (self.coerce(x, dtype, &of)?, self.coerce(y, dtype, &of)?);
        let e = &mut self.emit;
        let bits = if dtype == DType::F32 { DType::I32 } else { DType::I64 };
        let (zero, one) = (e.number(0.0, dtype), e.number(1.0, bits));
        let up = e.op(Op::Gt, &[b, a]);
        let positive = e.op(Op::Gt, &[a, zero]);
        let inwards = e.op(Op::Xor, &[up, positive]);
        let pattern = e.bitcast(a, bits);
        let (less, more) = (e.op(Op::Sub, &[pattern, one]), e.op(Op::Add, &[pattern, one]));
        let next = e.select(inwards, less, more);
        let next = e.bitcast(next, dtype);
        let least = e.bitcast(one, dtype);
        let least = e.op(Op::CopySign, &[least, b]);
        let at_zero = e.op(Op::Eq, &[a, zero]);
        let next = e.select(at_zero, least, next);
        let equal = e.op(Op::Eq, &[a, b]);
        let next = e.select(equal, b, next);
        let (nan_a, nan_b) = (e.op(Op::Ne, &[a, a]), e.op(Op::Ne, &[b, b]));
        let nan = e.op(Op::Or, &[nan_a, nan_b]);
        let sum = e.op(Op::Add, &[a, b]);
        let id = e.select(nan, sum, next);
        Ok(self.result(id, &of))
    }

    fn number_like(&mut self, x: Operand, c: i8) -> Typed<Value> {
        let id = self.settle(x)?;
        let number = self.emit.number(c.into(), self.emit.dtype(id));
        let number: Scalar = self.emit.as_const(number).unwrap_or_else(|| false.into());
        let id = self.emit.like(id, number);
        Ok(Value::Node { id, weak: false })
    }

    fn heaviside(&mut self, x: Operand, at: Operand) -> Typed<Value> {
        let of = [x, at];
        let dtype = self.floats_type(&of);
        let (a, h) = (self.coerce(x, dtype, &of)?, self.coerce(at, dtype, &of)?);
        let e = &mut self.emit;
        let (zero, one) = (e.number(0.0, dtype), e.number(1.0, dtype));
        let (below, above) = (e.op(Op::Lt, &[a, zero]), e.op(Op::Gt, &[a, zero]));
        let at_zero = e.op(Op::Eq, &[a, zero]);
        // What is left is NaN.
        let id = e.select(at_zero, h, a);
        let id = e.select(above, one, id);
        let id = e.select(below, zero, id);
        Ok(self.result(id, &of))
    }

    fn sinc(&mut self, x: Operand) -> Typed<Value> {
        let dtype = self.floats_type(&[x]);
        let a = self.coerce(x, dtype, &[])?;
        let e = &mut self.emit;
        let (zero, small, pi) = (e.number(0.0, dtype), e.number(1e-20, dtype), e.number(std::f64::consts::PI, dtype));
        let at_zero = e.op(Op::Eq, &[a, zero]);
        let a = e.select(at_zero, small, a);
        let angle = e.op(Op::Mul, &[pi, a]);
        let sine = e.math(Elementary::Sin, &[angle]);
        let id = e.op(Op::Div, &[sine, angle]);
        Ok(self.result(id, &[x]))
    }

    fn exp10(&mut self, x: Operand) -> Typed<Value> {
        let dtype = self.floats_type(&[x]);
        let a = self.coerce(x, dtype, &[])?;
        let ten = self.emit.number(10.0, dtype);
        let id = self.emit.math(Elementary::Pow, &[ten, a]);
        Ok(self.result(id, &[x]))
    }

    fn degrees(&mut self, to: bool, x: Operand) -> Typed<Value> {
        let dtype = self.floats_type(&[x]);
        let a = self.coerce(x, dtype, &[])?;
        let pi = std::f64::consts::PI;
        let factor = self.emit.number(if to { 180.0 / pi } else { pi / 180.0 }, dtype);
        let id = self.emit.op(Op::Mul, &[a, factor]);
        Ok(self.result(id, &[x]))
    }

    fn ignoring(&mut self, op: Op, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.common(&[x, y]).dtype();
        if !to.is_float() {
            return self.extremum(op, x, y);
        }
        let [a, b] = self.coerce_pair(x, y, to)?;
        let e = &mut self.emit;
        let (nan_a, nan_b) = (e.op(Op::Ne, &[a, a]), e.op(Op::Ne, &[b, b]));
        let id = e.op(op, &[a, b]);
        let id = e.select(nan_b, a, id);
        let id = e.select(nan_a, b, id);
        Ok(self.result(id, &[x, y]))
    }

    /// Pairs of bits are counted side by side, then fours, then bytes; a product adds the bytes up (Knuth, TAOCP 4A, 7.1.3).
    fn popcount(&mut self, x: Operand) -> Typed<Value> {
        let id = self.settle(x)?;
        let from = self.emit.dtype(id);
        if from.kind() != Kind::Int {
            let help = format!("convert it: `{}`", self.call_text("i64", x.span));
            return error_with_help(format!("`popcount` takes integers, not {}", self.type_of(x.value)), x.span, help);
        }
        let e = &mut self.emit;
        let id = if from.is_signed() { e.op(Op::Abs, &[id]) } else { id };
        let width = 8 * from.size() as u32;
        let dtype = [DType::U8, DType::U16, DType::U32, DType::U64][from.size().ilog2() as usize];
        let mut v = e.convert(id, dtype);
        let spread = |byte: u64| Scalar::from_bits(dtype, byte * 0x0101_0101_0101_0101);
        let shifted = |e: &mut Emit, v: NodeId, count: u32| {
            let count = e.constant(Scalar::from_bits(dtype, count.into()));
            e.op(Op::Shr, &[v, count])
        };
        let masked = |e: &mut Emit, v: NodeId, byte: u64| {
            let mask = e.constant(spread(byte));
            e.op(Op::And, &[v, mask])
        };
        let half = shifted(e, v, 1);
        let half = masked(e, half, 0x55);
        v = e.op(Op::Sub, &[v, half]);
        let half = shifted(e, v, 2);
        let (a, b) = (masked(e, v, 0x33), masked(e, half, 0x33));
        v = e.op(Op::Add, &[a, b]);
        let half = shifted(e, v, 4);
        v = e.op(Op::Add, &[v, half]);
        v = masked(e, v, 0x0f);
        if width > 8 {
            let ones = e.constant(spread(1));
            v = e.op(Op::Mul, &[v, ones]);
            v = shifted(e, v, width - 8);
        }
        let id = e.convert(v, DType::U8);
        Ok(Value::Node { id, weak: false })
    }

    /// `abs(x - y) <= atol + rtol*abs(y)`, or equal, of two; where `equal_nan` also where both are NaN.
    pub fn isclose(&mut self, of: [Operand; 2], within: [Operand; 2], equal_nan: bool) -> Typed<Value> {
        if let Some(&complex) = within.iter().find(|x| self.any_complex(&[**x])) {
            return self.no_complex("rtol` and `atol", complex);
        }
        let complex = self.any_complex(&of);
        // For each operand its parts, of which a real one has one.
        let [x, y]: [SmallVec<[NodeId; 2]>; 2] = if complex {
            self.all_complex(of)?.map(|z| SmallVec::from_slice(&[z.re, z.im]))
        } else {
            let dtype = self.floats_type(&of);
            [
                SmallVec::from_slice(&[self.coerce(of[0], dtype, &of)?]),
                SmallVec::from_slice(&[self.coerce(of[1], dtype, &of)?]),
            ]
        };
        let dtype = self.emit.dtype(x[0]);
        let (rtol, atol) = (self.coerce(within[0], dtype, &of)?, self.coerce(within[1], dtype, &of)?);
        let e = &mut self.emit;
        let apart: SmallVec<[NodeId; 2]> = x.iter().zip(&y).map(|(&a, &b)| e.op(Op::Sub, &[a, b])).collect();
        let (apart, size) = (magnitude(e, &apart), magnitude(e, &y));
        let share = e.op(Op::Mul, &[rtol, size]);
        let limit = e.op(Op::Add, &[atol, share]);
        let near = e.op(Op::Le, &[apart, limit]);
        let infinity = e.number(f64::INFINITY, dtype);
        let finite = each(e, Op::And, &y, |e, &b| {
            let size = e.op(Op::Abs, &[b]);
            e.op(Op::Lt, &[size, infinity])
        });
        let near = e.op(Op::And, &[near, finite]);
        let pairs: SmallVec<[(NodeId, NodeId); 2]> = x.iter().copied().zip(y.iter().copied()).collect();
        let equal = each(e, Op::And, &pairs, |e, &(a, b)| e.op(Op::Eq, &[a, b]));
        let mut id = e.op(Op::Or, &[near, equal]);
        if equal_nan {
            let nan_x = each(e, Op::Or, &x, |e, &a| e.op(Op::Ne, &[a, a]));
            let nan_y = each(e, Op::Or, &y, |e, &b| e.op(Op::Ne, &[b, b]));
            let both = e.op(Op::And, &[nan_x, nan_y]);
            id = e.op(Op::Or, &[id, both]);
        }
        Ok(self.result(id, &of))
    }

    /// A number in the place of NaN and of each infinity, in the type of `x`; of a complex number in each part. Integers and bools
    /// have none of these.
    pub fn nan_to_num(
        &mut self,
        x: Operand,
        nan: Option<Operand>,
        posinf: Option<Operand>,
        neginf: Option<Operand>,
    ) -> Typed<Value> {
        let part = self.type_of(x.value).dtype().part();
        if !part.is_float() {
            return Ok(x.value);
        }
        let greatest = if part == DType::F32 { f32::MAX.into() } else { f64::MAX };
        let mut instead = [NodeId(0); 3];
        for ((slot, given), default) in instead.iter_mut().zip([nan, posinf, neginf]).zip([0.0, greatest, -greatest]) {
            *slot = match given {
                Some(given) => self.coerce(given, part, &[x])?,
                None => self.emit.number(default, part),
            };
        }
        let [nan, posinf, neginf] = instead;
        let e = &mut self.emit;
        let (above, below) = (e.number(f64::INFINITY, part), e.number(f64::NEG_INFINITY, part));
        let finite = |e: &mut Emit, x: NodeId| {
            let (is_above, is_below) = (e.op(Op::Eq, &[x, above]), e.op(Op::Eq, &[x, below]));
            let is_number = e.op(Op::Eq, &[x, x]);
            let id = e.select(is_above, posinf, x);
            let id = e.select(is_below, neginf, id);
            e.select(is_number, id, nan)
        };
        if let Value::Complex { parts, weak } = x.value {
            let parts = Parts { re: finite(e, parts.re), im: finite(e, parts.im) };
            return Ok(Value::Complex { parts, weak });
        }
        let id = self.settle(x)?;
        let id = finite(&mut self.emit, id);
        Ok(self.node(id, self.is_weak(x.value)))
    }
}

/// The magnitude of a number of one part, or of two.
fn magnitude(e: &mut Emit, parts: &[NodeId]) -> NodeId {
    match *parts {
        [re, im] => e.math(Elementary::Hypot, &[re, im]),
        _ => e.op(Op::Abs, &[parts[0]]),
    }
}

/// What is asked of each part, joined by `and` or `or`.
fn each<T>(e: &mut Emit, join: Op, parts: &[T], ask: impl Fn(&mut Emit, &T) -> NodeId) -> NodeId {
    let mut all = None;
    for part in parts {
        let one = ask(e, part);
        all = Some(all.map_or(one, |all| e.op(join, &[all, one])));
    }
    all.unwrap_or_else(|| e.constant(join == Op::And))
}
