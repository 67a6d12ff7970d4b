//! What a stage reads.

/// Where a stage's leaf comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// An input of the graph.
    Input(u32),
    /// What an earlier stage has left.
    Temp {
        /// The stage.
        stage: u32,
        /// Which of the arrays that it leaves.
        part: u32,
        /// Whether reduced axes stay, with length 1 (always so of a stage that reduces nothing).
        keepdims: bool,
    },
    /// A number of elements: index into [`Program::counts`].
    Count(u32),
    /// Where an element stands in what a reduction combines.
    Position,
}

impl Source {
    /// The stage that has left it, if one has.
    pub fn stage(self) -> Option<usize> {
        if let Source::Temp { stage, .. } = self { Some(stage as usize) } else { None }
    }
}
