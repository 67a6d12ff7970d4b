//! States as bytes, and back.
//!
//! All numbers are little-endian. A list is its length (`u32`) and its entries, a name is a list of bytes in UTF-8.
//!
//! | what                                                   | as                                       |
//! |--------------------------------------------------------|------------------------------------------|
//! | `tilexpr state`                                        | 13 bytes                                 |
//! | version                                                | `u32`: 1                                 |
//! | text, types of the arguments                           | names                                    |
//! | first element, the one behind the last, all elements   | `u64` each                               |
//! | reductions                                             | list of: name, list of nodes             |
//! | a node, whose blocks follow from the elements          | a `u64` for each component: its bits     |
//! | results                                                | list of: name of the type, list of parts |
//! | a part                                                 | reduction (`u32`), list of conversions   |
//! | a conversion                                           | name of the type                         |
//! | FNV-1a of all before                                   | `u64`                                    |

use std::ops::Range;
use std::slice;

use super::state::{Finish, Node, State, Text};
use crate::dtype::{DType, Scalar};
use crate::error::eval::{EvalError, EvalErrorKind};
use crate::ir::Monoid;
use crate::plan::schedule::BLOCK;

const MAGIC: &[u8] = b"tilexpr state";
const VERSION: u32 = 1;

impl State {
    /// The state as bytes, the same on every machine: a few hundred.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        put(&mut bytes, VERSION as usize);
        put_name(&mut bytes, &self.text.source);
        put_name(&mut bytes, &self.text.types);
        for number in [self.elements.start, self.elements.end, self.total] {
            bytes.extend((number as u64).to_le_bytes());
        }
        put(&mut bytes, self.nodes.len());
        for (monoid, nodes) in self.text.monoids.iter().zip(&self.nodes) {
            put_name(&mut bytes, &monoid.name);
            put(&mut bytes, nodes.len());
            let values = nodes.iter().flat_map(|node| &node.values);
            bytes.extend(values.flat_map(|value| value.bits().to_le_bytes()));
        }
        put(&mut bytes, self.text.results.len());
        for Finish { dtype, parts } in &self.text.results {
            put_name(&mut bytes, dtype.name());
            put(&mut bytes, parts.len());
            for (column, converts) in parts {
                put(&mut bytes, *column);
                put(&mut bytes, converts.len());
                converts.iter().for_each(|dtype| put_name(&mut bytes, dtype.name()));
            }
        }
        let sum = checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    /// The state that [`to_bytes`](State::to_bytes) has given these bytes for.
    ///
    /// # Errors
    /// [`EvalErrorKind::Partial`] where they are no such bytes, or not all, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<State, EvalError> {
        let error = |message: &str| EvalError::new(EvalErrorKind::Partial, message);
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Err(error("the bytes are no state of a reduction"));
        };
        let mut reader = Reader(rest);
        match reader.u32() {
            Some(VERSION) => {}
            Some(version) => {
                let message =
                    format!("the state is of version {version} of its format; this library reads version {VERSION}");
                return Err(error(&message));
            }
            None => return Err(error("the bytes end before the state does")),
        }
        let whole = bytes.split_last_chunk::<8>().filter(|(all, sum)| checksum(all) == u64::from_le_bytes(**sum));
        if whole.is_none() {
            return Err(error("the bytes of the state have been changed, or are not all there"));
        }
        let state = reader.state().filter(|_| reader.0.len() == size_of::<u64>());
        state.ok_or_else(|| error("the bytes are no state that this library could have made"))
    }
}

fn put(bytes: &mut Vec<u8>, number: usize) {
    // (No text is longer than its limits, which are in `u32`.)
    bytes.extend((number as u32).to_le_bytes());
}

fn put_name(bytes: &mut Vec<u8>, name: &str) {
    put(bytes, name.len());
    bytes.extend(name.as_bytes());
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// The bytes that have not been read. Lists are read entry by entry, so no length is believed before its entries are there.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn state(&mut self) -> Option<State> {
        let (source, types) = (self.name()?.to_string(), self.name()?.to_string());
        let [start, end, total] = [self.number()?, self.number()?, self.number()?];
        let at_block = |at: usize| at.is_multiple_of(BLOCK) || at == total;
        if start > end || end > total || !at_block(start) || !at_block(end) || i64::try_from(total).is_err() {
            return None;
        }
        let whole = start.div_ceil(BLOCK)..end.div_ceil(BLOCK);
        let tree = tree(whole.clone(), total.div_ceil(BLOCK));
        let (mut monoids, mut nodes) = (Vec::new(), Vec::new());
        for _ in 0..self.u32()? {
            let monoid = Monoid::from_name(self.name()?)?;
            let blocks = if monoid.ordered || start == end { &tree[..] } else { slice::from_ref(&whole) };
            if self.u32()? as usize != blocks.len() {
                return None;
            }
            let node = |blocks: &Range<usize>| {
                let values = monoid.state.iter().map(|&ty| self.scalar(ty)).collect::<Option<_>>()?;
                Some(Node { blocks: blocks.clone(), values })
            };
            nodes.push(blocks.iter().map(node).collect::<Option<Vec<Node>>>()?);
            monoids.push(monoid);
        }
        let mut results = Vec::new();
        for _ in 0..self.u32()? {
            results.push(self.finish(&monoids)?);
        }
        let text = Text { source, types, monoids, results };
        Some(State { nodes, ..State::new(text, start..end, total) })
    }

    /// What a result is made of: parts of its type.
    fn finish(&mut self, monoids: &[&'static Monoid]) -> Option<Finish> {
        let dtype = DType::from_name(self.name()?)?;
        let count = self.u32()?;
        if count != if dtype.is_complex() { 2 } else { 1 } {
            return None;
        }
        let mut parts = Vec::new();
        for _ in 0..count {
            let column = self.u32()? as usize;
            let mut ty = monoids.get(column)?.result();
            let mut converts = Vec::new();
            for _ in 0..self.u32()? {
                ty = DType::from_name(self.name()?).filter(|ty| !ty.is_complex())?;
                converts.push(ty);
            }
            if ty != dtype.part() {
                return None;
            }
            parts.push((column, converts));
        }
        Some(Finish { dtype, parts })
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn number(&mut self) -> Option<usize> {
        self.u64()?.try_into().ok()
    }

    fn name(&mut self) -> Option<&'a str> {
        let length = self.u32()? as usize;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// A value whose bits are all of its type.
    fn scalar(&mut self, dtype: DType) -> Option<Scalar> {
        let bits = self.u64()?;
        Some(Scalar::from_bits(dtype, bits)).filter(|value| value.bits() == bits)
    }
}

/// The fewest nodes of the tree over `all` blocks that make up these.
fn tree(blocks: Range<usize>, all: usize) -> Vec<Range<usize>> {
    let mut nodes = Vec::new();
    let mut start = blocks.start;
    while start < blocks.end {
        // The largest node that begins here and does not go beyond: what is behind the last block counts as there.
        let fits = |&level: &u32| {
            let length = 1usize << level;
            start.is_multiple_of(length) && start.saturating_add(length).min(all) <= blocks.end
        };
        let level = (0..usize::BITS - 1).take_while(fits).last().unwrap_or(0);
        let end = start.saturating_add(1 << level).min(all);
        nodes.push(start..end);
        start = end;
    }
    nodes
}
