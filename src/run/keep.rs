//! How arrays lie, as the key by which schedules are kept.

use smallvec::SmallVec;

use crate::array::view::Strided;
use crate::plan::shapes::Lies;

/// All that a schedule depends on beside the program: how inputs and outputs lie, where results go, how many threads
/// there are and how they share tasks.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Key {
    asked: Asked,
    /// What is done with outputs.
    mode: Mode,
    /// For each array the number of axes, then their lengths.
    lengths: Vec<usize>,
    /// For each array, its strides in bytes.
    strides: Vec<isize>,
    /// The sizes of elements.
    sizes: Vec<usize>,
    /// How many of the arrays are inputs.
    inputs: usize,
}

/// What tiles are made for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Asked {
    /// How many threads there are.
    pub threads: usize,
    /// The chunk that a loop schedule asks for.
    pub chunk: Option<usize>,
}

/// What is done with outputs.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Mode {
    /// They are made.
    #[default]
    New,
    /// They are there, apart from inputs.
    There,
    /// They may be inputs, too.
    Updated,
    /// They may share memory with inputs and with each other in any way.
    Overlapping,
    /// There are none but the states of pieces of at most so many blocks.
    Partial(usize),
}

impl Key {
    /// Makes it that of a call with these arrays. Allocates nothing if it has had as many before.
    pub fn set<'a, 'b>(
        &mut self,
        mode: Mode,
        asked: Asked,
        inputs: impl Iterator<Item = (Strided<'a>, usize)>,
        outputs: impl Iterator<Item = (Strided<'b>, usize)>,
    ) {
        (self.mode, self.asked, self.inputs) = (mode, asked, 0);
        self.lengths.clear();
        self.strides.clear();
        self.sizes.clear();
        inputs.for_each(|(array, size)| {
            self.push(array, size);
            self.inputs += 1;
        });
        outputs.for_each(|(array, size)| self.push(array, size));
    }

    fn push(&mut self, array: Strided, size: usize) {
        self.lengths.push(array.shape.len());
        self.lengths.extend_from_slice(array.shape);
        self.strides.extend(array.strides());
        self.sizes.push(size);
    }

    /// What tiles are made for.
    pub fn asked(&self) -> Asked {
        self.asked
    }

    /// What is done with outputs.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How the arrays lie: inputs, then outputs.
    pub fn lies(&self) -> (SmallVec<[Lies<'_>; 8]>, SmallVec<[Lies<'_>; 8]>) {
        let (mut lengths, mut strides) = (&self.lengths[..], &self.strides[..]);
        let mut all: SmallVec<[Lies; 8]> = SmallVec::new();
        for &size in &self.sizes {
            let Some((&rank, rest)) = lengths.split_first() else { break };
            let (shape, after) = rest.split_at(rank);
            let (own, left) = strides.split_at(rank);
            (lengths, strides) = (after, left);
            all.push(Lies { shape, strides: own, size });
        }
        let outputs = all.drain(self.inputs..).collect();
        (all, outputs)
    }
}
