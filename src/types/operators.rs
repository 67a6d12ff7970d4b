//! Typing and lowering of operators.
//!
//! Comes in: an operator and its operands. Goes out: a value, or an error that names the types and says what to write.

use super::exact::{self, Exact, Failure};
use super::graph::NodeId;
use super::promote::{Type, common, promote};
use super::value::{Operand, Typed, Typer, Value, call_text, error_with_help, text};
use super::{divide, power};
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::Op;
use crate::syntax::ast::{BinaryOp, CompareOp, UnaryOp};

impl Typer<'_> {
    /// The common type of operands.
    pub fn common(&self, of: &[Operand]) -> Type {
        common(of.iter().map(|x| self.type_of(x.value)))
    }

    /// The operands as nodes of one type.
    pub fn coerce_pair(&mut self, x: Operand, y: Operand, to: DType) -> Typed<[NodeId; 2]> {
        Ok([self.coerce(x, to, &[y])?, self.coerce(y, to, &[x])?])
    }

    /// `op x`
    pub fn unary(&mut self, op: UnaryOp, x: Operand) -> Typed<Value> {
        if let Value::Int(c) = x.value {
            match op {
                UnaryOp::Plus => return Ok(x.value),
                UnaryOp::Invert => return Ok(Value::Int(!c)),
                UnaryOp::Neg => match c.checked_neg() {
                    Some(c) => return Ok(Value::Int(c)),
                    None => return self.overflow(),
                },
                UnaryOp::Not => {}
            }
        }
        if self.any_complex(&[x]) {
            return self.complex_unary(op, x);
        }
        if self.any_text(&[x]) {
            return self.refuse_text(&op.to_string(), &[x]);
        }
        let kind = self.kind_of(x.value);
        let text = || self.text(x.span);
        match (op, kind) {
            (UnaryOp::Neg, Kind::Bool) => {
                self.refuse_unary(op, x, "numbers", format!("`~{}` is the opposite of a bool", text()))
            }
            (UnaryOp::Plus, Kind::Bool) => {
                self.refuse_unary(op, x, "numbers", format!("convert it: `i32({})`", text()))
            }
            (UnaryOp::Invert, Kind::Float) => {
                self.refuse_unary(op, x, "bools or integers", format!("convert it: `i64({})`", text()))
            }
            (UnaryOp::Not, Kind::Int | Kind::Float) => self.refuse_unary(op, x, "bools", format!("`{} == 0`", text())),
            _ => {
                let id = self.settle(x)?;
                let id = match op {
                    UnaryOp::Plus => id,
                    UnaryOp::Neg => self.emit.op(Op::Neg, &[id]),
                    UnaryOp::Invert | UnaryOp::Not => self.emit.op(Op::Not, &[id]),
                };
                Ok(self.result(id, &[x]))
            }
        }
    }

    fn refuse_unary(&self, op: UnaryOp, x: Operand, takes: &str, help: String) -> Typed<Value> {
        let message = format!("`{op}` takes {takes}, not {}", self.type_of(x.value));
        error_with_help(message, self.emit.span, help)
    }

    /// `x op y`
    pub fn binary(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        if self.any_text(&[x, y]) {
            return self.refuse_text(&op.to_string(), &[x, y]);
        }
        if let (Value::Int(_), _) | (_, Value::Int(_)) = (x.value, y.value)
            && let (Some(a), Some(b)) = (self.exact(x.value), self.exact(y.value))
            && !matches!(op, BinaryOp::And | BinaryOp::Or)
        {
            return self.exact_binary(op, a, b, y);
        }
        if self.any_complex(&[x, y]) {
            return self.complex_binary(op, x, y);
        }
        match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => self.arithmetic(op, x, y),
            BinaryOp::Div => {
                let ty = self.common(&[x, y]).dtype();
                let to = if ty.is_float() { ty } else { DType::F64 };
                let args = self.coerce_pair(x, y, to)?;
                let id = self.emit.op(Op::Div, &args);
                Ok(self.result(id, &[x, y]))
            }
            BinaryOp::FloorDiv | BinaryOp::Mod => self.divide(op, x, y),
            BinaryOp::Pow => self.power(x, y),
            BinaryOp::Shl | BinaryOp::Shr => self.shift(op, x, y),
            BinaryOp::BitAnd | BinaryOp::BitXor | BinaryOp::BitOr => self.bitwise(op, x, y),
            BinaryOp::And | BinaryOp::Or => self.logical(op, x, y),
        }
    }

    fn exact_binary(&mut self, op: BinaryOp, a: i128, b: i128, y: Operand) -> Typed<Value> {
        match exact::binary(op, a, b) {
            Ok(Exact::Int(c)) => Ok(Value::Int(c)),
            Ok(Exact::Float(c)) => Ok(self.float_literal(c)),
            Err(Failure::NegativePower) => self.negative_power(y),
            Err(_) => self.overflow(),
        }
    }

    /// A weak float that is known.
    pub fn float_literal(&mut self, c: f64) -> Value {
        Value::Node { id: self.emit.constant(c), weak: true }
    }

    fn overflow(&self) -> Typed<Value> {
        let help = "make one of the numbers a float, as in `2.0**200`";
        error_with_help("the value of this integer expression is beyond 128 bits", self.emit.span, help)
    }

    fn negative_power(&self, y: Operand) -> Typed<Value> {
        let help = "integers stay integers: make the base a float, as in `2.0**-1` or `f64(a)**-1`";
        error_with_help("an integer to a negative integer power", y.span, help)
    }

    /// "`op` takes ..., not ... and ..."
    fn refuse(&self, op: BinaryOp, takes: &str, x: Operand, y: Operand, help: String) -> Typed<Value> {
        let message = format!("`{op}` takes {takes}, not {} and {}", self.type_of(x.value), self.type_of(y.value));
        error_with_help(message, self.emit.span, help)
    }

    fn arithmetic(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.common(&[x, y]).dtype();
        let primitive = match (op, to) {
            (BinaryOp::Add, DType::Bool) => Op::Or,
            (BinaryOp::Mul, DType::Bool) => Op::And,
            (_, DType::Bool) => {
                let help = format!("for where they differ write `{} ^ {}`", self.text(x.span), self.text(y.span));
                return self.refuse(op, "numbers", x, y, help);
            }
            (BinaryOp::Add, _) => Op::Add,
            (BinaryOp::Sub, _) => Op::Sub,
            _ => Op::Mul,
        };
        let args = self.coerce_pair(x, y, to)?;
        let id = self.contracted(primitive, args).unwrap_or_else(|| self.emit.op(primitive, &args));
        Ok(self.result(id, &[x, y]))
    }

    /// The type in which integers and bools are divided, raised to powers and shifted.
    fn integers(&self, x: Operand, y: Operand) -> DType {
        match self.common(&[x, y]).dtype() {
            DType::Bool => self.number_of(&[x, y]),
            to => to,
        }
    }

    /// The type of numbers made of bools: `i8`, as in NumPy; of weak ones that of weak integers.
    pub fn number_of(&self, of: &[Operand]) -> DType {
        if of.iter().all(|x| self.is_weak(x.value)) { DType::I64 } else { DType::I8 }
    }

    fn divide(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.integers(x, y);
        if self.common(&[x, y]).dtype() == DType::Bool {
            return match op {
                // By 0 it is 0, by 1 the dividend.
                BinaryOp::FloorDiv => self.of_bools(Op::And, x, y),
                _ => self.no_remainder(x, y),
            };
        }
        let [a, b] = self.coerce_pair(x, y, to)?;
        let id = match (to.is_float(), op) {
            (false, BinaryOp::FloorDiv) => self.emit.op(Op::FloorDiv, &[a, b]),
            (false, _) => self.emit.op(Op::FloorMod, &[a, b]),
            (true, BinaryOp::FloorDiv) => divide::divmod(&mut self.emit, a, b).quotient,
            (true, _) => divide::divmod(&mut self.emit, a, b).remainder,
        };
        Ok(self.result(id, &[x, y]))
    }

    /// The operation of two bools, as a number.
    fn of_bools(&mut self, op: Op, x: Operand, y: Operand) -> Typed<Value> {
        let args = self.coerce_pair(x, y, DType::Bool)?;
        let id = self.emit.op(op, &args);
        let id = self.emit.convert(id, self.number_of(&[x, y]));
        Ok(self.result(id, &[x, y]))
    }

    /// The remainder of two bools: 0, as a number, in their shape.
    pub fn no_remainder(&mut self, x: Operand, y: Operand) -> Typed<Value> {
        let args = self.coerce_pair(x, y, DType::Bool)?;
        let shape = self.emit.op(Op::And, &args);
        let id = self.emit.like(shape, Scalar::from_bits(self.number_of(&[x, y]), 0));
        Ok(self.result(id, &[x, y]))
    }

    fn power(&mut self, x: Operand, y: Operand) -> Typed<Value> {
        if self.kind_of(x.value) == Kind::Bool && y.value == Value::Int(2) {
            return self.square(x);
        }
        let to = self.integers(x, y);
        if self.common(&[x, y]).dtype() == DType::Bool {
            // 0 to the power of 1 alone is 0.
            let exponent = self.truth(y)?;
            let value = self.emit.op(Op::Not, &[exponent]);
            let y = Operand { value: Value::Node { id: value, weak: self.is_weak(y.value) }, span: y.span };
            return self.of_bools(Op::Or, x, y);
        }
        if to.is_int()
            && let Value::Int(exponent) = y.value
            && exponent < 0
        {
            return self.negative_power(y);
        }
        let [a, b] = self.coerce_pair(x, y, to)?;
        let literal = self.literal(y.value);
        let id = match y.value {
            _ if to.is_float() => power::float(&mut self.emit, a, b, literal),
            Value::Int(exponent) => power::int_literal(&mut self.emit, a, exponent as u64),
            _ => {
                let source = self.source;
                let help = || {
                    format!("make the base a float: `{}**{}`", call_text(source, "f64", x.span), text(source, y.span))
                };
                power::int(&mut self.emit, a, b, help)
            }
        };
        Ok(self.result(id, &[x, y]))
    }

    fn shift(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.integers(x, y);
        if to.is_float() {
            let help = self.as_integers(x, y);
            return self.refuse(op, "integers", x, y, help);
        }
        let args = self.coerce_pair(x, y, to)?;
        let id = self.emit.op(if op == BinaryOp::Shl { Op::Shl } else { Op::Shr }, &args);
        Ok(self.result(id, &[x, y]))
    }

    /// The operand that is a float.
    fn float_of(&self, x: Operand, y: Operand) -> Option<Operand> {
        [x, y].into_iter().find(|side| self.kind_of(side.value) == Kind::Float)
    }

    /// What to write where operands have no common integer type.
    fn as_integers(&self, x: Operand, y: Operand) -> String {
        match self.float_of(x, y) {
            Some(float) => format!("convert the float: `{}`", self.call_text("i64", float.span)),
            None => {
                let unsigned = if self.type_of(x.value).dtype() == DType::U64 { x } else { y };
                format!("no integer type holds both: convert one, as in `{}`", self.call_text("i64", unsigned.span))
            }
        }
    }

    fn bitwise(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.common(&[x, y]).dtype();
        if to.is_float() {
            let help = match self.float_of(x, y) {
                Some(float) if self.kind_of(if float == x { y.value } else { x.value }) == Kind::Bool => {
                    format!("for a condition write `({} != 0)`", self.text(float.span))
                }
                Some(_) if op == BinaryOp::BitXor => {
                    format!("it is exclusive or; for a power write `{}**{}`", self.text(x.span), self.text(y.span))
                }
                _ => self.as_integers(x, y),
            };
            return self.refuse(op, "bools or integers", x, y, help);
        }
        let args = self.coerce_pair(x, y, to)?;
        let primitive = match op {
            BinaryOp::BitAnd => Op::And,
            BinaryOp::BitXor => Op::Xor,
            _ => Op::Or,
        };
        let id = self.emit.op(primitive, &args);
        Ok(self.result(id, &[x, y]))
    }

    fn logical(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        for side in [x, y] {
            if self.kind_of(side.value) != Kind::Bool {
                let message = format!("`{op}` takes bools, not {}", self.type_of(side.value));
                let help = format!("for a condition write `({} != 0)`", self.text(side.span));
                return error_with_help(message, side.span, help);
            }
        }
        let args = self.coerce_pair(x, y, DType::Bool)?;
        let id = self.emit.op(if op == BinaryOp::And { Op::And } else { Op::Or }, &args);
        Ok(self.result(id, &[x, y]))
    }

    /// `x op y`, a bool.
    pub fn compare(&mut self, op: CompareOp, x: Operand, y: Operand) -> Typed<Value> {
        if self.any_text(&[x, y]) {
            return self.compare_text(op, x, y);
        }
        if self.any_complex(&[x, y]) {
            return self.complex_compare(op, x, y);
        }
        if let (Some(a), Some(b)) = (self.exact(x.value), self.exact(y.value)) {
            let id = self.emit.constant(exact::compare(op, a, b));
            return Ok(Value::Node { id, weak: true });
        }
        let (a, b) = (self.type_of(x.value).dtype(), self.type_of(y.value).dtype());
        let known = |x: Operand| matches!(x.value, Value::Int(_));
        // Beside a literal an integer keeps its type; a literal out of that range is on one side of all its values.
        let to = match (known(x), known(y)) {
            (true, false) if b.is_int() => b,
            (false, true) if a.is_int() => a,
            _ => self.common(&[x, y]).dtype(),
        };
        for (side, other, flipped) in [(x, y, false), (y, x, true)] {
            if let Value::Int(c) = side.value
                && to.is_int()
                && !to.holds(c)
            {
                let (a, b) = if flipped { (0, c) } else { (c, 0) };
                let shape = self.coerce(other, to, &[])?;
                let id = self.emit.like(shape, exact::compare(op, a, b));
                return Ok(self.result(id, &[x, y]));
            }
        }
        let id = match () {
            // Of two integers of which neither is a literal each is compared as it is, whatever their common type.
            () if a.is_int() && b.is_int() && !known(x) && !known(y) => {
                let (a, b) = (self.settle(x)?, self.settle(y)?);
                self.compare_ints(op, a, b)
            }
            () if to == DType::Bool => {
                let [a, b] = self.coerce_pair(x, y, to)?;
                self.compare_bools(op, a, b)
            }
            () => {
                let args = self.coerce_pair(x, y, to)?;
                self.emit.op(primitive(op), &args)
            }
        };
        Ok(self.result(id, &[x, y]))
    }

    /// `a op b` of integers of any types, exactly.
    fn compare_ints(&mut self, op: CompareOp, a: NodeId, b: NodeId) -> NodeId {
        let e = &mut self.emit;
        let (left, right) = (e.dtype(a), e.dtype(b));
        let to = promote(left, right);
        if to.is_int() {
            let args = [e.convert(a, to), e.convert(b, to)];
            return e.op(primitive(op), &args);
        }
        // A signed integer and a `u64`: a negative one is less than all of those, any other one is a `u64` itself.
        let (signed, op, other) = if left.is_signed() { (a, op, b) } else { (b, mirrored(op), a) };
        let args = [e.convert(signed, DType::U64), other];
        let among = e.op(primitive(op), &args);
        let zero = e.number(0.0, e.dtype(signed));
        if exact::compare(op, -1, 0) {
            let below = e.op(Op::Lt, &[signed, zero]);
            e.op(Op::Or, &[below, among])
        } else {
            let above = e.op(Op::Ge, &[signed, zero]);
            e.op(Op::And, &[above, among])
        }
    }

    fn compare_bools(&mut self, op: CompareOp, a: NodeId, b: NodeId) -> NodeId {
        let e = &mut self.emit;
        match op {
            CompareOp::Lt => {
                let not = e.op(Op::Not, &[a]);
                e.op(Op::And, &[not, b])
            }
            CompareOp::Le => {
                let not = e.op(Op::Not, &[a]);
                e.op(Op::Or, &[not, b])
            }
            CompareOp::Gt => {
                let not = e.op(Op::Not, &[b]);
                e.op(Op::And, &[a, not])
            }
            CompareOp::Ge => {
                let not = e.op(Op::Not, &[b]);
                e.op(Op::Or, &[a, not])
            }
            CompareOp::Eq | CompareOp::Ne => e.op(primitive(op), &[a, b]),
        }
    }
}

fn primitive(op: CompareOp) -> Op {
    match op {
        CompareOp::Lt => Op::Lt,
        CompareOp::Le => Op::Le,
        CompareOp::Gt => Op::Gt,
        CompareOp::Ge => Op::Ge,
        CompareOp::Eq => Op::Eq,
        CompareOp::Ne => Op::Ne,
    }
}

/// The comparison with its sides exchanged.
fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        CompareOp::Eq | CompareOp::Ne => op,
    }
}
