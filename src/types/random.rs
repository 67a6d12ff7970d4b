//! Typing and lowering of random numbers.
//!
//! Comes in: a call, with a seed, an index and perhaps a stream, whole numbers all of them. Goes out: a value, strong also where it is of literals
//! alone. Always holds: what numbers there are follows from the bits of these in 64, of negative ones in two's complement.
//!
//! The key of the generator is the seed; with a stream, the generator's word for seed and stream.

use super::function::Draw;
use super::graph::{Fault, FaultKind, NodeId};
use super::meaning::Call;
use super::value::{Operand, Typed, Typer, Value, error_with_help};
use crate::dtype::{DType, Kind};
use crate::ir::Op;
use crate::math::random::Random;

const RANGE: &str = "`randint` gives numbers from `lo` on and below `hi`, which must be above it";

impl Typer<'_> {
    /// A call of `random` or its kin.
    pub fn random(&mut self, call: &Call, draw: Draw, args: &[Operand], stream: Option<Operand>) -> Typed<Value> {
        let &[seed, index, ref range @ ..] = args else { return self.wrong_count(call.function) };
        let name = call.function.name;
        let (mut key, counter) = (self.word(name, seed)?, self.word(name, index)?);
        if let Some(stream) = stream {
            let stream = self.word(name, stream)?;
            key = self.emit.random(Random::Word, key, stream);
        }
        let id = match (draw, range) {
            (Draw::Uniform, _) => self.emit.random(Random::Uniform, key, counter),
            (Draw::Normal, _) => self.emit.random(Random::Normal, key, counter),
            (Draw::Integer, &[lo, hi]) => {
                let word = self.emit.random(Random::Word, key, counter);
                self.in_range(name, word, [lo, hi])?
            }
            (Draw::Integer, _) => return self.wrong_count(call.function),
        };
        Ok(Value::Node { id, weak: false })
    }

    /// A whole number's bits in 64.
    fn word(&mut self, name: &str, x: Operand) -> Typed<NodeId> {
        self.check_whole(name, x)?;
        let id = self.settle(x)?;
        Ok(self.emit.convert(id, DType::U64))
    }

    fn check_whole(&self, name: &str, x: Operand) -> Typed<()> {
        match self.kind_of(x.value) {
            Kind::Int | Kind::Bool => Ok(()),
            kind => {
                let found = if kind == Kind::Float { "a float" } else { "a complex number" };
                let help = format!("convert it: `{}`", self.call_text("i64", x.span));
                error_with_help(format!("`{name}` takes whole numbers, not {found}"), x.span, help)
            }
        }
    }

    /// `lo` and the high half of the product of word and range.
    fn in_range(&mut self, name: &str, word: NodeId, [lo, hi]: [Operand; 2]) -> Typed<NodeId> {
        self.check_whole(name, lo)?;
        self.check_whole(name, hi)?;
        let span = lo.span.to(hi.span);
        let help = "as in `randint(seed, i, 0, 10)`: 0 to 9";
        if let (Some(lo), Some(hi)) = (self.exact(lo.value), self.exact(hi.value))
            && hi <= lo
        {
            return error_with_help(RANGE, span, help);
        }
        let to = match self.common(&[lo, hi]).dtype() {
            DType::U64 => DType::U64,
            common if common.is_float() => {
                let help = "convert one of them, as in `i64(hi)`";
                return error_with_help("no integer type holds both `lo` and `hi`", span, help);
            }
            _ => DType::I64,
        };
        let [lo, hi] = self.coerce_pair(lo, hi, to)?;
        let e = &mut self.emit;
        let empty = e.op(Op::Le, &[hi, lo]);
        let fault = || Fault { kind: FaultKind::EmptyRange, span, call: String::new(), help: help.to_string() };
        let lo = e.fault(empty, lo, fault);
        // (The range of all of `i64` is one of `u64`.)
        let [lo, hi] = [lo, hi].map(|bound| e.convert(bound, DType::U64));
        let range = e.op(Op::Sub, &[hi, lo]);
        let above = e.op(Op::MulHigh, &[word, range]);
        let number = e.op(Op::Add, &[lo, above]);
        Ok(e.convert(number, to))
    }
}
