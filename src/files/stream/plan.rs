//! What a run over files will do, for a caller to see.

use crate::dtype::DType;

/// What a run would do: made by [`Stream::plan`](super::api::Stream::plan).
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct StreamPlan {
    /// The results in order.
    pub results: Vec<StreamResult>,
    /// How often files are gone through, one after the other: what depends on a reduction of all waits for it.
    pub passes: usize,
    /// The bytes of all elements that are read, in all passes.
    pub read: u64,
    /// The bytes of all elements that are written.
    pub written: u64,
    /// The bytes of memory for arrays, at most.
    pub memory: usize,
}

/// A result of a [`StreamPlan`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct StreamResult {
    /// The type of its elements.
    pub dtype: DType,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// Whether it goes to a file; else [`Stream::run`](super::api::Stream::run) gives it.
    pub to_file: bool,
}
