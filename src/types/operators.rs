//! Typing and lowering of operators.
//!
//! Comes in: an operator and its operands. Goes out: a value, or an error that names the types and says what to write.

use super::exact::{self, Exact, Failure};
use super::graph::NodeId;
use super::promote::{Type, common};
use super::value::{Operand, Typed, Typer, Value, error, error_with_help};
use super::{divide, power};
use crate::dtype::{DType, Kind};
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
        if let (Value::Int(_), _) | (_, Value::Int(_)) = (x.value, y.value)
            && let (Some(a), Some(b)) = (self.exact(x.value), self.exact(y.value))
            && !matches!(op, BinaryOp::And | BinaryOp::Or)
        {
            return self.exact_binary(op, a, b, y);
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
        let id = self.emit.op(primitive, &args);
        Ok(self.result(id, &[x, y]))
    }

    fn refuse_bools(&self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        let help = format!("convert one of them: `{}`", self.call_text("i32", x.span));
        self.refuse(op, "numbers", x, y, help)
    }

    fn divide(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.common(&[x, y]).dtype();
        if to == DType::Bool {
            return self.refuse_bools(op, x, y);
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

    fn power(&mut self, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.common(&[x, y]).dtype();
        if to == DType::Bool {
            return self.refuse_bools(BinaryOp::Pow, x, y);
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
            Value::Node { .. } => power::int(&mut self.emit, a, b),
        };
        Ok(self.result(id, &[x, y]))
    }

    fn shift(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.common(&[x, y]).dtype();
        if to.is_float() {
            let help = format!("convert the float: `{}`", self.call_text("i64", self.float_of(x, y).span));
            return self.refuse(op, "integers", x, y, help);
        }
        if to == DType::Bool {
            return self.refuse_bools(op, x, y);
        }
        let args = self.coerce_pair(x, y, to)?;
        let id = self.emit.op(if op == BinaryOp::Shl { Op::Shl } else { Op::Shr }, &args);
        Ok(self.result(id, &[x, y]))
    }

    /// The operand that is a float.
    fn float_of(&self, x: Operand, y: Operand) -> Operand {
        if self.kind_of(x.value) == Kind::Float { x } else { y }
    }

    fn bitwise(&mut self, op: BinaryOp, x: Operand, y: Operand) -> Typed<Value> {
        let to = self.common(&[x, y]).dtype();
        if to.is_float() {
            let float = self.float_of(x, y);
            let help = match self.kind_of(if float == x { y.value } else { x.value }) {
                Kind::Bool => format!("for a condition write `({} != 0)`", self.text(float.span)),
                _ => format!("convert the float: `{}`", self.call_text("i64", float.span)),
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
        if let (Some(a), Some(b)) = (self.exact(x.value), self.exact(y.value)) {
            let id = self.emit.constant(exact::compare(op, a, b));
            return Ok(Value::Node { id, weak: true });
        }
        let mut to = self.common(&[x, y]).dtype();
        if to == DType::I32 && (self.wide_int(x) || self.wide_int(y)) {
            to = DType::I64;
        }
        // A literal beyond i64 is on one side of every integer.
        for (side, other, flipped) in [(x, y, false), (y, x, true)] {
            if let Value::Int(c) = side.value
                && to.is_int()
                && i64::try_from(c).is_err()
            {
                let (a, b) = if flipped { (0, c) } else { (c, 0) };
                let shape = self.coerce(other, to, &[])?;
                let id = self.emit.like(shape, exact::compare(op, a, b));
                return Ok(self.result(id, &[x, y]));
            }
        }
        let [a, b] = self.coerce_pair(x, y, to)?;
        let id = if to == DType::Bool { self.compare_bools(op, a, b) } else { self.emit.op(primitive(op), &[a, b]) };
        Ok(self.result(id, &[x, y]))
    }

    /// Whether a weak integer may be beyond `i32`.
    fn wide_int(&self, x: Operand) -> bool {
        match x.value {
            Value::Int(c) => i32::try_from(c).is_err(),
            Value::Node { .. } => self.type_of(x.value) == Type::WeakInt,
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

    /// `x op y op z ...`: where every link holds. `first` is the first operand.
    pub fn compare_chain(&mut self, first: Operand, links: &[(CompareOp, Operand)]) -> Typed<Value> {
        let (mut left, mut all) = (first, None::<Operand>);
        for &(op, right) in links {
            let span = left.span.to(right.span);
            let link = Operand { value: self.compare(op, left, right)?, span };
            all = Some(match all {
                None => link,
                Some(all) => Operand { value: self.logical(BinaryOp::And, all, link)?, span: all.span.to(span) },
            });
            left = right;
        }
        match all {
            Some(all) => Ok(all.value),
            None => error("a comparison needs two sides", first.span),
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
