//! States of pieces, merged into the result of the whole; counts of pieces, added up.
//!
//! Comes in: for each piece, in any order, the state of a reduction. Goes out: its result. Always holds: states are merged as the nodes of the
//! tree of the whole are, by a binary counter (`plan/fold.rs`); few of them are there at a time.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::dtype::{DType, Scalar};
use crate::ir::Monoid;

/// The components of a state.
type State = SmallVec<[Scalar; 2]>;

/// The states of several elements of a result.
type States = Vec<State>;

/// The pieces of a reduction, as they come.
pub struct Counter {
    monoid: &'static Monoid,
    /// How many elements of each row it combines.
    in_row: usize,
    /// Nodes of the tree: how many pieces, and their states. Each is of more pieces than the next.
    nodes: Vec<(usize, States)>,
    /// States of pieces before which others are missing.
    early: BTreeMap<usize, States>,
    /// How many pieces the nodes are of.
    pieces: usize,
}

impl Counter {
    /// Of no pieces.
    pub fn new(monoid: &'static Monoid, in_row: usize) -> Counter {
        Counter { monoid, in_row, nodes: Vec::new(), early: BTreeMap::new(), pieces: 0 }
    }

    /// Adds the state of a piece, component by component, that begins at this row.
    pub fn push(&mut self, piece: usize, components: &[Vec<Scalar>], row: usize) {
        let elements = components.first().map_or(0, Vec::len);
        let state = |at: usize| components.iter().filter_map(|values| values.get(at).copied()).collect();
        let mut states: States = (0..elements).map(state).collect();
        if self.monoid.extreme.is_some() {
            let first = row.wrapping_mul(self.in_row);
            for position in states.iter_mut().filter_map(|state| state.get_mut(1)) {
                *position = (position.bits() as i64).wrapping_add(first as i64).into();
            }
        }
        self.early.insert(piece, states);
        while let Some(states) = self.early.remove(&self.pieces) {
            self.pieces += 1;
            let mut node = (1, states);
            while let Some((pieces, states)) = self.nodes.pop_if(|(pieces, _)| *pieces == node.0) {
                node = (2 * pieces, self.merged(&states, &node.1));
            }
            self.nodes.push(node);
        }
    }

    /// The results, in bytes. None if the states are none of the reduction's.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        let (_, mut states) = self.nodes.pop()?;
        while let Some((_, earlier)) = self.nodes.pop() {
            states = self.merged(&earlier, &states);
        }
        let mut bytes = Vec::new();
        for state in states {
            let value = *self.monoid.finish.eval(&state)?.first()?;
            bytes.extend_from_slice(&to_bytes(value)[..value.dtype().size()]);
        }
        Some(bytes)
    }

    /// Both, element by element.
    fn merged(&self, earlier: &States, later: &States) -> States {
        let both = |(earlier, later): (&State, &State)| {
            let all: SmallVec<[Scalar; 4]> = earlier.iter().chain(later).copied().collect();
            // The states are those that its own components gave.
            self.monoid.merge.eval(&all).unwrap_or_default()
        };
        earlier.iter().zip(later).map(both).collect()
    }
}

/// Counts in pieces, added up: in any order, for they are integers.
pub struct Counts {
    /// In native byte order, `i64`.
    bytes: Vec<u8>,
}

impl Counts {
    /// Of nothing: so many zeros.
    pub fn new(bytes: Vec<u8>) -> Counts {
        Counts { bytes }
    }

    /// Adds those of a piece.
    pub fn add(&mut self, piece: &[u8]) {
        for (all, own) in self.bytes.as_chunks_mut().0.iter_mut().zip(piece.as_chunks().0) {
            *all = i64::from_ne_bytes(*all).wrapping_add(i64::from_ne_bytes(*own)).to_ne_bytes();
        }
    }

    /// The counts of all.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// The memory form of a number, from the first byte on.
fn to_bytes(value: Scalar) -> [u8; 8] {
    let bits = value.bits();
    if cfg!(target_endian = "big") {
        (bits << (64 - 8 * value.dtype().size())).to_be_bytes()
    } else {
        bits.to_le_bytes()
    }
}

/// The numbers of a real type that these bytes are.
pub fn scalars(dtype: DType, bytes: &[u8]) -> Vec<Scalar> {
    let number = |chunk: &[u8]| {
        let mut all = [0; 8];
        if cfg!(target_endian = "big") {
            all[8 - chunk.len()..].copy_from_slice(chunk);
        } else {
            all[..chunk.len()].copy_from_slice(chunk);
        }
        Scalar::from_bits(dtype, u64::from_ne_bytes(all))
    };
    bytes.chunks_exact(dtype.size()).map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Fold;

    #[test]
    fn pieces_merge_as_neighbours_do_in_any_order() {
        let monoid = Monoid::of(Fold::Sum, DType::F64).unwrap();
        for n in 1..40usize {
            let values: Vec<f64> = (0..n).map(|i| (i as f64 + 0.1).sin() * 10f64.powi(i as i32 % 7)).collect();
            let mut level = values.clone();
            while level.len() > 1 {
                level = level.chunks(2).map(|pair| pair.iter().copied().reduce(|a, b| a + b).unwrap()).collect();
            }
            let mut counter = Counter::new(monoid, 1);
            for at in (0..n).step_by(3).chain((1..n).step_by(3)).chain((2..n).step_by(3)) {
                counter.push(at, &[vec![values[at].into()]], 0);
            }
            assert_eq!(counter.finish().unwrap(), level[0].to_ne_bytes(), "{n}");
        }
    }

    #[test]
    fn numbers_come_back_from_bytes() {
        for value in [Scalar::from(-3i16), true.into(), 1.5f32.into(), u64::MAX.into(), (-0.0).into()] {
            let dtype = value.dtype();
            assert_eq!(scalars(dtype, &to_bytes(value)[..dtype.size()]), [value]);
        }
    }
}
