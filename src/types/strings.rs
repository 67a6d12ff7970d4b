//! Strings of bytes: typing, and lowering to unsigned integers.
//!
//! Comes in: an operator or a function and operands of which one at least is a string. Goes out: a bool, or an error. Always holds: the
//! graph knows no strings. An argument's strings have a fixed width; as in NumPy NULs at the end do not count, and bytes have no sign.
//!
//! A string is read as **words**: integers of up to eight bytes, the first byte the least, 0 beyond its end. (So strings of different widths
//! have words for each other.) Words are equal where their bytes are, and with their bytes swapped they are ordered as strings are.

use smallvec::SmallVec;

use super::emit::Emit;
use super::graph::NodeId;
use super::value::{Operand, Text, Typed, Typer, Value, error_with_help};
use crate::dtype::{DType, Scalar};
use crate::ir::{Fold, Monoid, Op};
use crate::syntax::ast::CompareOp;
use crate::types::graph::{Axes, NodeKind};

/// The words of a string.
type Words = SmallVec<[NodeId; 4]>;

/// Bytes of a word in which strings are searched.
const WORD: usize = 8;

/// Operations that a pair of words is compared by, at most.
const COMPARED: usize = 8;

/// Operations that a word is read and masked by, at most.
const MASKED: usize = 16;

impl Typer<'_> {
    /// Whether one of the operands is a string.
    pub fn any_text(&self, of: &[Operand]) -> bool {
        of.iter().any(|x| matches!(x.value, Value::Text(_)))
    }

    /// "`+` takes numbers, not string and i32"
    pub fn refuse_text<T>(&self, what: &str, of: &[Operand]) -> Typed<T> {
        let types: Vec<String> = of.iter().map(|x| self.type_of(x.value).to_string()).collect();
        let message = format!("`{what}` takes numbers, not {}", types.join(" and "));
        error_with_help(
            message,
            self.emit.span,
            "strings are compared (`==`, `<`, `in`, ...) and searched: `contains(x, y)`",
        )
    }

    /// Refuses strings as a result.
    pub fn no_text_result(&self, x: Operand) -> Typed<()> {
        match x.value {
            Value::Text(_) => {
                let help = "compare it, or search it: `contains(x, y)`";
                error_with_help("a result has numbers or bools, not strings", x.span, help)
            }
            _ => Ok(()),
        }
    }

    /// Two strings, or an error.
    fn two_texts(&self, what: &str, x: Operand, y: Operand) -> Typed<[Text; 2]> {
        if let (Value::Text(a), Value::Text(b)) = (x.value, y.value) {
            return Ok([a, b]);
        }
        let message =
            format!("`{what}` takes two strings, not {} and {}", self.type_of(x.value), self.type_of(y.value));
        let number = if self.any_text(&[x]) { y } else { x };
        error_with_help(
            message,
            self.emit.span,
            format!("strings are beside strings alone: `{}` is none", self.text(number.span)),
        )
    }

    /// The bytes of a literal, without NULs at their end.
    fn bytes(&self, text: Text) -> Option<&[u8]> {
        let Text::Literal(id) = text else { return None };
        let bytes = self.texts.get(id.0 as usize).map_or(&[][..], Vec::as_slice);
        let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        bytes.get(..end)
    }

    /// How many bytes it has at most.
    fn width(&self, text: Text) -> usize {
        match text {
            Text::Literal(_) => self.bytes(text).map_or(0, <[u8]>::len),
            Text::Given { width, .. } => width,
        }
    }

    /// The words of a string, in integers of this type.
    fn words(&mut self, text: Text, dtype: DType) -> Words {
        let size = dtype.size();
        let Text::Given { name, width } = text else {
            let chunks = self.bytes(text).unwrap_or_default().chunks(size);
            let words: SmallVec<[u64; 4]> =
                chunks.map(|bytes| bytes.iter().rev().fold(0, |word, &b| word << 8 | u64::from(b))).collect();
            return words.into_iter().map(|word| self.emit.constant(Scalar::from_bits(dtype, word))).collect();
        };
        (0..width).step_by(size).map(|at| word(&mut self.emit, name, width, at, dtype)).collect()
    }

    /// A bool in the shape of these strings too, of which nothing has been read: they have no bytes, or too few.
    fn spread(&mut self, mut id: NodeId, of: &[Text]) -> NodeId {
        for &text in of {
            let Text::Given { name, width } = text else { continue };
            let span = self.emit.span;
            let one = if width > 0 {
                self.emit.word(name, 0, DType::U8)
            } else {
                // There is no byte to read, but an axis of none, over which everything holds.
                let bytes = self.emit.input(name, DType::U8, None, false);
                let bytes = self.emit.truth(bytes);
                let Some(monoid) = Monoid::of(Fold::All, DType::Bool) else { continue };
                let axes = Axes::List(SmallVec::from_slice(&[-1]));
                let kind = NodeKind::Reduce { monoid, axes, keepdims: false };
                self.emit.graph.add(kind, &[bytes], DType::Bool, span)
            };
            let always = self.emit.op(Op::Eq, &[one, one]);
            id = self.emit.op(Op::And, &[id, always]);
        }
        id
    }

    /// Whether the graph would be too large with so many more operations. They count then, so that the text is refused.
    fn exceeds(&mut self, operations: usize) -> bool {
        let graph = &mut self.emit.graph;
        let exceeds = graph.size().saturating_add(operations) > self.typing.limits.operations;
        if exceeds {
            graph.count(operations);
        }
        exceeds
    }

    /// `x op y` of which one is a string.
    pub fn compare_text(&mut self, op: CompareOp, x: Operand, y: Operand) -> Typed<Value> {
        let [x, y] = self.two_texts(&op.to_string(), x, y)?;
        let widths = [self.width(x), self.width(y)];
        let dtype = match widths[0].max(widths[1]) {
            ..=1 => DType::U8,
            2 => DType::U16,
            3..=4 => DType::U32,
            _ => DType::U64,
        };
        if self.exceeds(widths[0].max(widths[1]).div_ceil(dtype.size()).saturating_mul(COMPARED)) {
            return Ok(Value::Node { id: self.emit.constant(false), weak: false });
        }
        let (mut a, mut b) = (self.words(x, dtype), self.words(y, dtype));
        let zero = self.emit.constant(Scalar::from_bits(dtype, 0));
        let count = a.len().max(b.len());
        a.resize(count, zero);
        b.resize(count, zero);
        let e = &mut self.emit;
        let id = match op {
            CompareOp::Eq => joined(e, Op::And, Op::Eq, &a, &b),
            CompareOp::Ne => joined(e, Op::Or, Op::Ne, &a, &b),
            CompareOp::Lt => before(e, Op::Lt, &a, &b),
            CompareOp::Le => before(e, Op::Le, &a, &b),
            CompareOp::Gt => before(e, Op::Lt, &b, &a),
            CompareOp::Ge => before(e, Op::Le, &b, &a),
        };
        let unread: SmallVec<[Text; 2]> = [x, y].into_iter().filter(|&text| self.width(text) == 0).collect();
        Ok(Value::Node { id: self.spread(id, &unread), weak: false })
    }

    /// `contains(x, y)`: whether the string `y` is part of `x`, each of them up to its first NUL.
    ///
    /// 1. Of `x` what is behind its first NUL becomes 0.
    /// 2. Of `y` what counts are the bytes before its first NUL: a mask for each of its words.
    /// 3. From each byte of `x` on its words are put together of two neighbours, masked, and compared with those of `y`.
    pub fn contains(&mut self, x: Operand, y: Operand) -> Typed<Value> {
        let [x, y] = self.two_texts("contains", x, y)?;
        let (width, length) = (self.width(x), self.length(y));
        let room = match length {
            Some(length) if length == 0 || length > width => {
                let always = self.emit.constant(length == 0);
                return Ok(Value::Node { id: self.spread(always, &[x, y]), weak: false });
            }
            Some(length) => width - length + 1,
            // A shorter one may begin at the last byte.
            None => width.max(1),
        };
        let words = self.width(y).div_ceil(WORD);
        let operations = room.saturating_mul(2 * words + 3).saturating_add((words + room / WORD + 1) * MASKED);
        if self.exceeds(operations) {
            return Ok(Value::Node { id: self.emit.constant(false), weak: false });
        }
        let [hay, needle] = [x, y].map(|text| self.words(text, DType::U64));
        let hay_masks = self.masks(x, &hay);
        let masks = self.masks(y, &needle);
        let e = &mut self.emit;
        let mut cut = |words: &Words, masks: &Words| -> Words {
            words.iter().zip(masks).map(|(&word, &mask)| masked(e, word, mask)).collect()
        };
        let (hay, needle) = (cut(&hay, &hay_masks), cut(&needle, &masks));
        let mut found = None;
        for start in 0..room {
            let mut here = None;
            for (at, (&word, &mask)) in needle.iter().zip(&masks).enumerate() {
                let part = from(e, &hay, start + WORD * at);
                let part = masked(e, part, mask);
                let equal = e.op(Op::Eq, &[part, word]);
                here = Some(here.map_or(equal, |here| e.op(Op::And, &[here, equal])));
            }
            let Some(here) = here else { break };
            found = Some(found.map_or(here, |found| e.op(Op::Or, &[found, here])));
        }
        let id = found.unwrap_or_else(|| e.constant(true));
        let unread: SmallVec<[Text; 2]> = [x, y].into_iter().filter(|&text| self.width(text) == 0).collect();
        Ok(Value::Node { id: self.spread(id, &unread), weak: false })
    }

    /// How many bytes stand before the first NUL, if that is known.
    fn length(&self, text: Text) -> Option<usize> {
        match text {
            Text::Literal(_) => {
                let bytes = self.bytes(text)?;
                Some(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len()))
            }
            Text::Given { width, .. } => (width == 0).then_some(0),
        }
    }

    /// For each word of a string the bits of those bytes that stand before its first NUL.
    fn masks(&mut self, text: Text, words: &Words) -> Words {
        let length = self.length(text);
        let e = &mut self.emit;
        let [zero, one, seven] = [0, 1, 7].map(|c: u64| e.constant(c));
        let [ones, highs] = [1, 0x80].map(|byte: u64| e.constant(byte * 0x0101_0101_0101_0101));
        let mut masks = Words::new();
        let mut before = None;
        for (at, &word) in words.iter().enumerate() {
            if let Some(length) = length {
                let bytes = length.saturating_sub(WORD * at).min(WORD) as u32;
                masks.push(e.constant(u64::MAX.checked_shr(u64::BITS - 8 * bytes).unwrap_or(0)));
                continue;
            }
            // The lowest bit that is set marks the first NUL (Warren, Hacker's Delight, 6-1); all below its byte are the mask.
            let less = e.op(Op::Sub, &[word, ones]);
            let not = e.op(Op::Not, &[word]);
            let marks = e.op(Op::And, &[less, not]);
            let marks = e.op(Op::And, &[marks, highs]);
            let negative = e.op(Op::Sub, &[zero, marks]);
            let first = e.op(Op::And, &[marks, negative]);
            let first = e.op(Op::Shr, &[first, seven]);
            let mask = e.op(Op::Sub, &[first, one]);
            // Of no NUL it is all bits; behind a word with one there is nothing.
            let mask = match before {
                None => mask,
                Some(before) => e.select(before, mask, zero),
            };
            let all = e.constant(u64::MAX);
            before = Some(e.op(Op::Eq, &[mask, all]));
            masks.push(mask);
        }
        masks
    }
}

/// The word that begins at this byte of strings of this width: 0 beyond their end, but nothing is read there.
fn word(e: &mut Emit, name: u32, width: usize, at: usize, dtype: DType) -> NodeId {
    let (size, rest) = (dtype.size(), width - at);
    let shift = |e: &mut Emit, op, word, bytes: usize| {
        let bits = e.constant(Scalar::from_bits(dtype, 8 * bytes as u64));
        e.op(op, &[word, bits])
    };
    if rest >= size {
        return e.word(name, at, dtype);
    }
    if width >= size {
        // The last bytes of the string: those that are of the word before go.
        let last = e.word(name, width - size, dtype);
        return shift(e, Op::Shr, last, size - rest);
    }
    // A string that is shorter than a word: of halves, and halves of these.
    let (mut all, mut done) = (None, 0);
    for part in [DType::U32, DType::U16, DType::U8].into_iter().filter(|part| rest & part.size() != 0) {
        let bytes = e.word(name, at + done, part);
        let bytes = e.convert(bytes, dtype);
        let bytes = if done > 0 { shift(e, Op::Shl, bytes, done) } else { bytes };
        all = Some(all.map_or(bytes, |all| e.op(Op::Or, &[all, bytes])));
        done += part.size();
    }
    all.unwrap_or_else(|| e.constant(Scalar::from_bits(dtype, 0)))
}

/// The bits of a word that a mask has.
fn masked(e: &mut Emit, word: NodeId, mask: NodeId) -> NodeId {
    let all = e.as_const(mask).is_some_and(|mask| mask.bits() == u64::MAX);
    if all { word } else { e.op(Op::And, &[word, mask]) }
}

/// The word that begins at this byte, of words of a string.
fn from(e: &mut Emit, words: &Words, at: usize) -> NodeId {
    let (word, bytes) = (at / WORD, at % WORD);
    let mut shifted = |at: usize, op, bytes: usize| {
        let &word = words.get(at)?;
        let bits = e.constant(8 * bytes as u64);
        Some(e.op(op, &[word, bits]))
    };
    let parts = match bytes {
        0 => [words.get(word).copied(), None],
        _ => [shifted(word, Op::Shr, bytes), shifted(word + 1, Op::Shl, WORD - bytes)],
    };
    match parts {
        [Some(low), Some(high)] => e.op(Op::Or, &[low, high]),
        [Some(one), None] | [None, Some(one)] => one,
        [None, None] => e.constant(0_u64),
    }
}

/// Each pair compared, all joined; of none what holds of equal strings.
fn joined(e: &mut Emit, join: Op, each: Op, a: &Words, b: &Words) -> NodeId {
    let mut all = None;
    for (&a, &b) in a.iter().zip(b) {
        let one = e.op(each, &[a, b]);
        all = Some(all.map_or(one, |all| e.op(join, &[all, one])));
    }
    all.unwrap_or_else(|| e.constant(each == Op::Eq))
}

/// Whether one string is before another: `Lt`, or `Le` if it may also be equal. From the last words to the first.
fn before(e: &mut Emit, last: Op, a: &Words, b: &Words) -> NodeId {
    let mut rest = None;
    for (&a, &b) in a.iter().zip(b).rev() {
        let swapped = |e: &mut Emit, word| if e.dtype(word).size() == 1 { word } else { e.op(Op::SwapBytes, &[word]) };
        let (high, low) = (swapped(e, a), swapped(e, b));
        rest = Some(match rest {
            None => e.op(last, &[high, low]),
            Some(rest) => {
                let (less, equal) = (e.op(Op::Lt, &[high, low]), e.op(Op::Eq, &[a, b]));
                let behind = e.op(Op::And, &[equal, rest]);
                e.op(Op::Or, &[less, behind])
            }
        });
    }
    rest.unwrap_or_else(|| e.constant(last == Op::Le))
}
