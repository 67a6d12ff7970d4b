//! Complex numbers: typing, and lowering to two real nodes, real part and imaginary part.
//!
//! Comes in: an operator or a function and operands of which one at least is complex. Goes out: a value. Always holds: the
//! graph knows real numbers alone; a real operand beside a complex one is a complex number with the imaginary part 0, as
//! NumPy has it.

use super::function::{Composed, Rule};
use super::graph::NodeId;
use super::meaning::Call;
use super::value::{Operand, Parts, Typed, Typer, Value, error_with_help};
use crate::dtype::DType;
use crate::ir::Op;
use crate::math::Elementary;
use crate::math::complex::{Complex, Part};
use crate::syntax::ast::{BinaryOp, CompareOp, UnaryOp};

/// Literal integer powers beyond this go through the logarithm.
const GREATEST: u64 = 64;

impl Typer<'_> {
    /// Whether one of the operands is complex.
    pub fn any_complex(&self, of: &[Operand]) -> bool {
        of.iter().any(|x| matches!(x.value, Value::Complex { .. }))
    }

    /// The operand as a complex number of this type, which is a common type of it and others.
    pub fn coerce_complex(&mut self, x: Operand, to: DType) -> Typed<Parts> {
        let part = to.part();
        match x.value {
            Value::Complex { parts, .. } => {
                Ok(Parts { re: self.emit.convert(parts.re, part), im: self.emit.convert(parts.im, part) })
            }
            _ => Ok(Parts { re: self.coerce(x, part, &[])?, im: self.emit.number(0.0, part) }),
        }
    }

    /// The operands as complex numbers of their common type.
    pub fn all_complex<const N: usize>(&mut self, of: [Operand; N]) -> Typed<[Parts; N]> {
        let to = self.common(&of).dtype();
        let mut parts = [Parts { re: NodeId(0), im: NodeId(0) }; N];
        for (part, x) in parts.iter_mut().zip(of) {
            *part = self.coerce_complex(x, to)?;
        }
        Ok(parts)
    }

    fn complex(&self, parts: Parts, of: &[Operand]) -> Value {
        Value::Complex { parts, weak: of.iter().all(|x| self.is_weak(x.value)) }
    }

    fn complex_function(&mut self, function: Complex, of: &[Parts]) -> Parts {
        let args: Vec<NodeId> = of.iter().flat_map(|p| [p.re, p.im]).collect();
        let mut part = |part| self.emit.complex_math(function, part, &args);
        Parts { re: part(Part::Real), im: part(Part::Imaginary) }
    }

    /// Parts of one shape: a part that is made of less than the other one takes its shape.
    pub fn alike(&mut self, Parts { re, im }: Parts) -> Parts {
        let name = self.emit.graph.source_name(re);
        if name.is_some() && name == self.emit.graph.source_name(im) {
            return Parts { re, im };
        }
        let mut shaped = |x: NodeId, other: NodeId| {
            let mask = self.emit.op(Op::Eq, &[other, other]);
            self.emit.select(mask, x, x)
        };
        Parts { re: shaped(re, im), im: shaped(im, re) }
    }

    /// `op z`
    pub fn complex_unary(&mut self, op: UnaryOp, x: Operand) -> Typed<Value> {
        let [z] = self.all_complex([x])?;
        match op {
            UnaryOp::Plus => Ok(x.value),
            UnaryOp::Neg => {
                let parts = Parts { re: self.emit.op(Op::Neg, &[z.re]), im: self.emit.op(Op::Neg, &[z.im]) };
                Ok(self.complex(parts, &[x]))
            }
            UnaryOp::Invert | UnaryOp::Not => self.refuse_complex(&format!("`{op}`"), x),
        }
    }

    /// "... does not take c128"
    fn refuse_complex(&self, what: &str, x: Operand) -> Typed<Value> {
        let ty = self.type_of(x.value);
        let help = format!("take a real number of it: `{}`, `.real`, `.imag`", self.call_text("abs", x.span));
        error_with_help(format!("{what} does not take {ty}"), self.emit.span, help)
    }

    /// The operand that is complex.
    fn complex_of(x: Operand, y: Operand) -> Operand {
        if matches!(x.value, Value::Complex { .. }) { x } else { y }
    }

    /// `x op y`
    pub fn complex_binary(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        if op == BinaryOp::Pow {
            return self.complex_power(x, y);
        }
        let of = [x, y];
        if !matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div) {
            return self.refuse_complex(&format!("`{op}`"), Self::complex_of(x, y));
        }
        let [z, w] = self.all_complex(of)?;
        let parts = match op {
            BinaryOp::Mul => self.product(z, w),
            BinaryOp::Div => self.complex_function(Complex::Divide, &[z, w]),
            _ => {
                let op = if op == BinaryOp::Add { Op::Add } else { Op::Sub };
                Parts { re: self.emit.op(op, &[z.re, w.re]), im: self.emit.op(op, &[z.im, w.im]) }
            }
        };
        Ok(self.complex(parts, &of))
    }

    /// `(a + ib)*(c + id) = (ac - bd) + i(ad + bc)`, each operation rounded.
    fn product(&mut self, z: Parts, w: Parts) -> Parts {
        let e = &mut self.emit;
        let (ac, bd) = (e.op(Op::Mul, &[z.re, w.re]), e.op(Op::Mul, &[z.im, w.im]));
        let (ad, bc) = (e.op(Op::Mul, &[z.re, w.im]), e.op(Op::Mul, &[z.im, w.re]));
        Parts { re: e.op(Op::Sub, &[ac, bd]), im: e.op(Op::Add, &[ad, bc]) }
    }

    /// By multiplication where the exponent is a small literal integer, by the square root for 0.5.
    fn complex_power(&mut self, x: Operand, y: Operand) -> Typed<Value> {
        let of = [x, y];
        let [z, w] = self.all_complex(of)?;
        let literal = self.literal(y.value);
        let whole = literal.filter(|n| n.fract() == 0.0 && n.abs() <= GREATEST as f64);
        let parts = match (whole, literal) {
            (Some(n), _) => {
                let part = self.emit.dtype(z.re);
                let one = Parts { re: self.emit.number(1.0, part), im: self.emit.number(0.0, part) };
                let count = n.abs() as u64;
                let mut power = None;
                for bit in (0..u64::BITS - count.leading_zeros()).rev() {
                    power = power.map(|p| self.product(p, p));
                    if count >> bit & 1 == 1 {
                        power = Some(power.map_or(z, |p| self.product(p, z)));
                    }
                }
                match power {
                    None => {
                        let shaped = self.alike(Parts { re: one.re, im: z.re });
                        Parts { re: shaped.re, im: one.im }
                    }
                    Some(power) if n < 0.0 => self.complex_function(Complex::Divide, &[one, power]),
                    Some(power) => power,
                }
            }
            (None, Some(0.5)) => self.complex_function(Complex::Sqrt, &[z]),
            _ => self.complex_function(Complex::Pow, &[z, w]),
        };
        Ok(self.complex(parts, &of))
    }

    /// `x == y`, `x != y`
    pub fn complex_compare(&mut self, op: CompareOp, x: Operand, y: Operand) -> Typed<Value> {
        let (each, both) = match op {
            CompareOp::Eq => (Op::Eq, Op::And),
            CompareOp::Ne => (Op::Ne, Op::Or),
            _ => {
                let text = self.call_text("abs", Self::complex_of(x, y).span);
                let help = format!("compare real numbers: `{text}`, `.real`, `.imag`");
                return error_with_help(format!("`{op}`: complex numbers have no order"), self.emit.span, help);
            }
        };
        let [z, w] = self.all_complex([x, y])?;
        let (re, im) = (self.emit.op(each, &[z.re, w.re]), self.emit.op(each, &[z.im, w.im]));
        let id = self.emit.op(both, &[re, im]);
        Ok(self.result(id, &[x, y]))
    }

    /// `x` where the mask is set, else `y`.
    pub fn complex_choose(&mut self, mask: NodeId, condition: Operand, x: Operand, y: Operand) -> Typed<Value> {
        let [z, w] = self.all_complex([x, y])?;
        let parts = Parts { re: self.emit.select(mask, z.re, w.re), im: self.emit.select(mask, z.im, w.im) };
        Ok(self.complex(parts, &[condition, x, y]))
    }

    /// A cast to a complex type, or from one.
    pub fn complex_cast(&mut self, x: Operand, to: DType) -> Typed<Value> {
        if to == DType::Bool {
            let id = self.truth(x)?;
            return Ok(Value::Node { id, weak: false });
        }
        if !to.is_complex() {
            let message = format!("a cast to {to} would drop the imaginary part of {}", self.type_of(x.value));
            let help = format!("write `{to}({}.real)`, or take the modulus: `abs(...)`", self.text(x.span));
            return error_with_help(message, self.emit.span, help);
        }
        let parts = match x.value {
            Value::Node { id, .. } => {
                Parts { re: self.emit.convert(id, to.part()), im: self.emit.number(0.0, to.part()) }
            }
            _ => self.coerce_complex(x, to)?,
        };
        Ok(Value::Complex { parts, weak: false })
    }

    /// A complex number of a real part and an imaginary part, which is 0 where it is left out. A complex number alone is itself.
    pub fn complex_of_parts(&mut self, x: Operand, y: Option<Operand>) -> Typed<Value> {
        let Some(y) = y else {
            if self.any_complex(&[x]) {
                return Ok(x.value);
            }
            let to = if self.floats_type(&[x]) == DType::F32 { DType::C64 } else { DType::C128 };
            let parts = self.coerce_complex(x, to)?;
            return Ok(self.complex(parts, &[x]));
        };
        if self.any_complex(&[x, y]) {
            return self.refuse_complex("`complex`", Self::complex_of(x, y));
        }
        let of = [x, y];
        let to = self.floats_type(&of);
        let parts = Parts { re: self.coerce(x, to, &of)?, im: self.coerce(y, to, &of)? };
        Ok(self.complex(parts, &of))
    }

    /// A function that has a complex operand, or takes a part of a number.
    // Long: one arm for each function.
    pub fn complex_call(&mut self, call: &Call, args: &[Operand]) -> Typed<Value> {
        let first = args[0];
        let blamed = args.iter().find(|x| matches!(x.value, Value::Complex { .. })).copied().unwrap_or(first);
        let name = call.function.name;
        if let Rule::Math(function) = call.function.rule {
            let Some(&function) = Complex::ALL.iter().find(|f| f.name() == function.name()) else {
                return self.no_complex(name, blamed);
            };
            let [z] = self.all_complex([first])?;
            let parts = self.complex_function(function, &[z]);
            return Ok(self.complex(parts, args));
        }
        let [z] = self.all_complex([first])?;
        let e = &mut self.emit;
        match call.function.rule {
            Rule::Abs => {
                let id = e.math(Elementary::Hypot, &[z.re, z.im]);
                Ok(self.result(id, args))
            }
            Rule::Angle => {
                let id = e.math(Elementary::Arctan2, &[z.im, z.re]);
                Ok(self.result(id, args))
            }
            Rule::Integral(Op::Round) => {
                let parts = Parts { re: e.op(Op::Round, &[z.re]), im: e.op(Op::Round, &[z.im]) };
                Ok(self.complex(parts, args))
            }
            Rule::Composed(Composed::Exp10) => {
                let ten = Operand { value: self.float_literal(10.0), span: first.span };
                self.complex_binary(BinaryOp::Pow, ten, first)
            }
            Rule::Composed(Composed::Copy) => Ok(first.value),
            Rule::Composed(Composed::Like(c)) => {
                let part = e.dtype(z.re);
                let (number, zero) = (e.number(c.into(), part), e.number(0.0, part));
                let z = self.alike(z);
                let mask = self.emit.op(Op::Eq, &[z.re, z.re]);
                let re = self.emit.select(mask, number, number);
                Ok(Value::Complex { parts: Parts { re, im: zero }, weak: false })
            }
            Rule::Real => {
                let z = self.alike(z);
                Ok(self.result(z.re, args))
            }
            Rule::Imag => {
                let z = self.alike(z);
                Ok(self.result(z.im, args))
            }
            Rule::Conj => {
                let parts = Parts { re: z.re, im: e.op(Op::Neg, &[z.im]) };
                Ok(self.complex(parts, args))
            }
            Rule::Square => {
                let parts = self.product(z, z);
                Ok(self.complex(parts, args))
            }
            Rule::Sign => {
                let parts = self.complex_function(Complex::Sign, &[z]);
                Ok(self.complex(parts, args))
            }
            Rule::Float(Op::Sqrt) => {
                let parts = self.complex_function(Complex::Sqrt, &[z]);
                Ok(self.complex(parts, args))
            }
            Rule::IsNan | Rule::IsInf | Rule::IsFinite => {
                let [re, im] =
                    [z.re, z.im].map(|id| Operand { value: Value::Node { id, weak: false }, span: first.span });
                let both = if call.function.rule == Rule::IsFinite { Op::And } else { Op::Or };
                let rule = call.function.rule;
                let (re, im) = (self.classify(rule, re)?, self.classify(rule, im)?);
                let (Value::Node { id: re, .. }, Value::Node { id: im, .. }) = (re, im) else { return Ok(re) };
                let id = self.emit.op(both, &[re, im]);
                Ok(self.result(id, args))
            }
            _ => self.no_complex(name, blamed),
        }
    }

    pub fn no_complex(&self, name: &str, x: Operand) -> Typed<Value> {
        self.refuse_complex(&format!("`{name}`"), x)
    }

    /// The real or imaginary part of any value, and the conjugate.
    pub fn part_of(&mut self, rule: Rule, x: Operand) -> Typed<Value> {
        match (rule, x.value) {
            (Rule::Imag, Value::Int(_)) => Ok(Value::Int(0)),
            (Rule::Imag, Value::Node { id, weak }) => {
                let zero = self.emit.number(0.0, self.emit.dtype(id));
                let zero = self.emit.as_const(zero).unwrap_or_else(|| false.into());
                let id = self.emit.like(id, zero);
                Ok(self.node(id, weak))
            }
            (Rule::Angle, _) => {
                let of = [x];
                let to = self.floats_type(&of);
                let x = self.coerce(x, to, &of)?;
                let zero = self.emit.number(0.0, to);
                let id = self.emit.math(Elementary::Arctan2, &[zero, x]);
                Ok(self.result(id, &of))
            }
            (_, value) => Ok(value),
        }
    }
}
