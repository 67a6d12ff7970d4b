//! Reads the text form that `print.rs` writes, and describes.
//!
//! Comes in: any text. Goes out: the kernel, or an error with the number of its line; never a panic. A kernel that
//! parses need not be valid: that is the verifier's business. `//` begins a comment. Lines are read one by one, for
//! nests are linear; numbers and types are settled when all lines have been read.

mod cursor;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use smallvec::SmallVec;

use self::cursor::Cursor;
use super::examples;
use super::kernel::*;
use super::monoid::Monoid;
use super::op::{Gives, Op};
use super::print;
use crate::dtype::{DType, Scalar, with_type};

/// Why a text is not a kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    line: usize,
    message: String,
}

impl ParseError {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong there.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

impl FromStr for Kernel {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Kernel, ParseError> {
        parse(text)
    }
}

/// The kernel that a text describes.
pub fn parse(text: &str) -> Result<Kernel, ParseError> {
    let mut parser = Parser::default();
    let mut last = 0;
    for (at, line) in text.lines().enumerate() {
        last = at + 1;
        parser.line(line, at + 1).map_err(|message| ParseError { line: at + 1, message })?;
    }
    if parser.block != Block::Top {
        return Err(ParseError { line: last, message: "expected `}` before the end".into() });
    }
    parser.finish()
}

/// An error without its line, which the caller adds.
type Result1<T> = Result<T, String>;

/// Which braces the next line stands in.
#[derive(Clone, Copy, PartialEq, Default)]
enum Block {
    #[default]
    Top,
    Kernel,
    Unlisted,
    /// Of the region at hand.
    Region,
}

/// A region whose lines are being read.
struct Open {
    /// Of which loop, and whether it is its condition.
    of: usize,
    is_cond: bool,
    params: Vec<DType>,
    results: Vec<DType>,
    parser: Parser,
}

/// An instruction as its line gives it.
struct Read {
    line: usize,
    number: Option<u32>,
    inst: Inst,
    /// The type that the line names, instead of the one that it implies.
    ty: Option<Option<DType>>,
    /// What a comparison claims to compare.
    compares: Option<DType>,
}

/// An entry of a level's list.
enum Entry {
    /// An instruction, by its place in the text.
    New(usize),
    /// A number, for the second time.
    Again(u32),
}

#[derive(Default)]
struct Lists {
    before: Vec<Entry>,
    after: Vec<Entry>,
    /// Whether the inner loop has ended.
    ended: bool,
}

#[derive(Default)]
struct Parser {
    operands: Vec<Operand>,
    read: Vec<Read>,
    levels: Vec<Lists>,
    block: Block,
    /// The level that the next line belongs to.
    depth: usize,
    /// The regions of loops: conditions and bodies.
    loops: Vec<[Option<Region>; 2]>,
    /// The loops, when their regions have been read.
    made: Vec<Arc<Loop>>,
    region: Option<Box<Open>>,
}

impl Parser {
    fn line(&mut self, text: &str, line: usize) -> Result1<()> {
        let mut cursor = Cursor { rest: text };
        cursor.skip();
        if cursor.rest.is_empty() {
            return Ok(());
        }
        match self.block {
            Block::Top => self.top(&mut cursor)?,
            Block::Unlisted if cursor.eat("}") => self.block = Block::Top,
            Block::Unlisted => {
                let read = self.inst(&mut cursor, line)?;
                self.read.push(read);
            }
            Block::Kernel => self.code(&mut cursor, line)?,
            Block::Region => return self.in_region(text, line),
        }
        cursor.end()
    }

    fn top(&mut self, cursor: &mut Cursor) -> Result1<()> {
        let word = cursor.word()?;
        if let Some(role) = [Role::In, Role::Out, Role::InOut].into_iter().find(|r| print::role_name(*r) == word) {
            let name = cursor.name()?;
            cursor.require(":")?;
            let dtype = dtype(cursor.word()?)?;
            cursor.require("[")?;
            let dims = cursor.list("]", |c| {
                let word = c.word()?;
                let strides = [Stride::Unit, Stride::Any, Stride::First, Stride::Second, Stride::Partner];
                let stride = strides.into_iter().find(|s| print::stride_name(*s) == word);
                stride.ok_or_else(|| format!("expected `unit`, `any`, `first`, `second` or `partner`, found `{word}`"))
            })?;
            self.operands.push(Operand { name, dtype, role, dims });
            return Ok(());
        }
        if word == "region" {
            return self.begin_region(cursor);
        }
        if word == "kernel" {
            self.make_loops()?;
        }
        self.block = match word {
            "kernel" if self.levels.is_empty() => Block::Kernel,
            "kernel" => return Err("there is one kernel already".into()),
            "unlisted" => Block::Unlisted,
            _ => {
                return Err(format!("expected `in`, `out`, `inout`, `region`, `kernel` or `unlisted`, found `{word}`"));
            }
        };
        if self.block == Block::Kernel {
            self.levels.push(Lists::default());
        }
        cursor.require("{")
    }

    /// The head of a region: `region w0.body(f64, f64) -> (f64) {`.
    fn begin_region(&mut self, cursor: &mut Cursor) -> Result1<()> {
        let of: usize = cursor.numbered("w")?;
        cursor.require(".")?;
        let is_cond = match cursor.word()? {
            "cond" => true,
            "body" => false,
            word => return Err(format!("expected `cond` or `body`, found `{word}`")),
        };
        let types = |c: &mut Cursor| -> Result1<Vec<DType>> {
            c.require("(")?;
            let types: SmallVec<[DType; 4]> = c.list(")", |c| dtype(c.word()?))?;
            Ok(types.into_vec())
        };
        let params = types(cursor)?;
        cursor.require("->")?;
        let results = types(cursor)?;
        cursor.require("{")?;
        let named = |name: &str, types: &[DType], role: Role| -> Vec<Operand> {
            let one = |(at, dtype): (usize, &DType)| Operand {
                name: format!("{name}{at}"),
                dtype: *dtype,
                role,
                dims: SmallVec::new(),
            };
            types.iter().enumerate().map(one).collect()
        };
        let operands = [named("x", &params, Role::In), named("y", &results, Role::Out)].concat();
        let parser = Parser { operands, levels: vec![Lists::default()], block: Block::Kernel, ..Parser::default() };
        self.region = Some(Box::new(Open { of, is_cond, params, results, parser }));
        self.block = Block::Region;
        Ok(())
    }

    /// A line of a region.
    fn in_region(&mut self, text: &str, line: usize) -> Result1<()> {
        let Some(mut open) = self.region.take() else { return Ok(()) };
        open.parser.line(text, line)?;
        if open.parser.block != Block::Top {
            self.region = Some(open);
            return Ok(());
        }
        let kernel = open.parser.finish().map_err(|e| e.message)?;
        if open.of > self.loops.len() {
            return Err(format!("w{} follows w{}", open.of, self.loops.len()));
        }
        if open.of == self.loops.len() {
            self.loops.push([None, None]);
        }
        self.loops[open.of][usize::from(!open.is_cond)] = Some(Region::new(open.params, open.results, kernel));
        self.block = Block::Top;
        Ok(())
    }

    /// All regions have been read.
    fn make_loops(&mut self) -> Result1<()> {
        for [cond, body] in std::mem::take(&mut self.loops) {
            let body = body.ok_or_else(|| format!("w{} has no body", self.made.len()))?;
            self.made.push(Arc::new(Loop::new(cond, body)));
        }
        Ok(())
    }

    fn code(&mut self, cursor: &mut Cursor, line: usize) -> Result1<()> {
        let depth = self.depth;
        let level = self.levels.get_mut(depth).ok_or("no such level")?;
        if cursor.eat("}") {
            match depth.checked_sub(1) {
                None => self.block = Block::Top,
                Some(outer) => {
                    self.depth = outer;
                    self.levels[outer].ended = true;
                }
            }
            return Ok(());
        }
        if cursor.eat_word("loop") {
            let l: usize = cursor.numbered("i")?;
            if level.ended || self.levels.len() != depth + 1 {
                return Err("a level has one inner loop, ahead of its after code".into());
            }
            if l != depth {
                return Err(format!("expected loop i{depth}, found i{l}"));
            }
            if l >= usize::from(u8::MAX) {
                return Err(format!("more than {} loops", u8::MAX));
            }
            self.levels.push(Lists::default());
            self.depth += 1;
            return cursor.require("{");
        }
        if cursor.eat_word("after") {
            level.ended = true;
            return Ok(());
        }
        let entry = if cursor.eat_word("again") {
            Entry::Again(cursor.numbered("v")?)
        } else {
            let read = self.inst(cursor, line)?;
            self.read.push(read);
            Entry::New(self.read.len() - 1)
        };
        let level = &mut self.levels[depth];
        if level.ended {
            level.after.push(entry)
        } else {
            level.before.push(entry)
        }
        Ok(())
    }
    // Long: one arm for each instruction.

    fn inst(&self, cursor: &mut Cursor, line: usize) -> Result1<Read> {
        let (mut number, mut ty, mut compares) = (None, None, None);
        if cursor.rest.strip_prefix('v').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit())) {
            number = Some(cursor.numbered("v")?);
            if cursor.eat(":") {
                let word = cursor.word()?;
                ty = Some(if word == "none" { None } else { Some(dtype(word)?) });
            }
            cursor.require("=")?;
        }
        let word = cursor.word()?;
        let inst = match word {
            "const" => Inst::Const(scalar(cursor.token()?)?),
            "load" => Inst::Load(self.access(cursor)?),
            "store" => {
                let access = self.access(cursor)?;
                cursor.require(",")?;
                Inst::Store(access, cursor.value()?)
            }
            "index" => Inst::Index(LoopId(cursor.numbered("i")?)),
            "patch" => {
                let mask = cursor.value()?;
                cursor.require(",")?;
                let fast = cursor.value()?;
                cursor.require(",")?;
                let name = cursor.word()?;
                let helper = examples::named(name).ok_or_else(|| format!("no helper is named `{name}`"))?;
                cursor.require("(")?;
                Inst::Patch { mask, fast, helper, args: cursor.list(")", Cursor::value)? }
            }
            "fault" => {
                let mask = cursor.value()?;
                cursor.require(",")?;
                let number: u8 = cursor.numbered("e")?;
                if number >= FaultCode::COUNT {
                    return Err(format!("there is no fault e{number}"));
                }
                Inst::Fault(mask, FaultCode::of(number.into()))
            }
            "accumulate" => {
                let name = cursor.word()?;
                let monoid = Monoid::from_name(name).ok_or_else(|| format!("no monoid is named `{name}`"))?;
                cursor.require("(")?;
                Inst::Accumulate { monoid, args: cursor.list(")", Cursor::value)? }
            }
            "reduced" => {
                let from = cursor.value()?;
                cursor.require(".")?;
                Inst::Reduced { from, part: cursor.numbered("")? }
            }
            "while" => {
                let at: usize = cursor.numbered("w")?;
                let body = self.made.get(at).cloned().ok_or_else(|| format!("there is no loop w{at}"))?;
                cursor.require("(")?;
                Inst::While { body, args: cursor.list(")", Cursor::value)? }
            }
            "final" => {
                let from = cursor.value()?;
                cursor.require(".")?;
                Inst::Final { from, part: cursor.numbered("")? }
            }
            _ => {
                let (name, suffix) = word.split_once('.').map_or((word, None), |(n, s)| (n, Some(s)));
                let op = Op::from_name(name).ok_or_else(|| format!("no operation is named `{name}`"))?;
                let suffix = suffix.map(dtype).transpose()?;
                match (op.row().gives, suffix) {
                    (Gives::Bool, _) => compares = suffix,
                    (_, Some(suffix)) if ty.is_none() => ty = Some(Some(suffix)),
                    (_, Some(_)) => return Err(format!("`{word}` has its type twice")),
                    (_, None) if ty.is_none() => return Err(format!("`{name}` needs a type: `{name}.f64`")),
                    (_, None) => {}
                }
                Inst::Op { op, args: cursor.list("", Cursor::value)? }
            }
        };
        if number.is_none() && !print::is_effect(&inst) {
            return Err(format!("`{word}` has a result: expected `v0 = {word} ...`"));
        }
        Ok(Read { line, number, inst, ty, compares })
    }

    fn access(&self, cursor: &mut Cursor) -> Result1<Access> {
        let operand = if cursor.rest.starts_with('#') {
            OperandId(cursor.numbered("#")?)
        } else {
            let name = cursor.name()?;
            let at = self.operands.iter().position(|o| o.name == name);
            OperandId(at.ok_or_else(|| format!("no operand is named `{name}`"))? as u32)
        };
        cursor.require("[")?;
        let map = cursor.list("]", |c| {
            if !c.rest.starts_with('i') {
                return Ok(Coordinate { follows: None, offset: c.signed()? });
            }
            let follows = Some(LoopId(c.numbered("i")?));
            let offset = if c.rest.starts_with(['+', '-']) { c.signed()? } else { 0 };
            Ok(Coordinate { follows, offset })
        })?;
        Ok(Access { operand, map })
    }

    /// Gives the numbers that are left to the instructions without one, then sorts by number and settles the types.
    fn finish(self) -> Result<Kernel, ParseError> {
        let Parser { operands, read, levels, .. } = self;
        let error = |line: usize, message: String| ParseError { line, message };
        let mut by_number: Vec<Option<usize>> = vec![None; read.len()];
        for (at, r) in read.iter().enumerate() {
            let Some(number) = r.number else { continue };
            let Some(slot) = by_number.get_mut(number as usize) else {
                return Err(error(r.line, format!("v{number} in a kernel of {} instructions", read.len())));
            };
            if slot.replace(at).is_some() {
                return Err(error(r.line, format!("v{number} is given twice")));
            }
        }
        let mut left = read.iter().enumerate().filter(|(_, r)| r.number.is_none()).map(|(at, _)| at);
        let order: Vec<usize> = by_number.into_iter().filter_map(|slot| slot.or_else(|| left.next())).collect();
        let mut numbers = vec![Value(0); read.len()];
        for (number, &at) in order.iter().enumerate() {
            numbers[at] = Value(number as u32);
        }
        let list = |entries: Vec<Entry>| -> Vec<Value> {
            let number = |e| match e {
                Entry::New(at) => numbers[at],
                Entry::Again(number) => Value(number),
            };
            entries.into_iter().map(number).collect()
        };
        let levels = levels.into_iter().map(|l| Level { before: list(l.before), after: list(l.after) }).collect();
        let insts = order.iter().map(|&at| read[at].inst.clone()).collect();
        let mut kernel = Kernel { operands, insts, types: Vec::new(), levels };
        let implied = |&at: &usize| read[at].ty.unwrap_or_else(|| print::implied_type(&kernel, &read[at].inst));
        kernel.types = order.iter().map(implied).collect();
        for r in &read {
            if let (Inst::Op { args, .. }, Some(claimed)) = (&r.inst, r.compares)
                && print::compared(&kernel, args) != Some(claimed)
            {
                return Err(error(r.line, format!("what is compared is not {claimed}")));
            }
        }
        Ok(kernel)
    }
}

fn dtype(name: &str) -> Result1<DType> {
    DType::from_name(name).ok_or_else(|| format!("no type is named `{name}`"))
}

/// A scalar in the form that its `Debug` writes: `2.5:f64`, `nan:7ff8000000000001:f64`.
fn scalar(text: &str) -> Result1<Scalar> {
    let wrong = || format!("expected a constant such as `2.5:f64`, found `{text}`");
    let (value, name) = text.rsplit_once(':').ok_or_else(wrong)?;
    let dtype = dtype(name)?;
    let nan_bits = value.strip_prefix("nan:").and_then(|bits| u64::from_str_radix(bits, 16).ok());
    let read = match nan_bits {
        Some(bits) => Some(Scalar::from_bits(dtype, bits)).filter(|c| c.is_nan() && c.bits() == bits),
        None => with_type!(dtype, T: Any; value.parse::<T>().ok().map(Scalar::from)).flatten(),
    };
    read.ok_or_else(wrong)
}
