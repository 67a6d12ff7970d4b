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
    /// Where a point stands along an axis: index into [`Program::indices`].
    Index(u32),
}

impl Source {
    /// Whether it is a number that follows from the point, and no memory: a base, and a step for each axis.
    pub fn is_affine(self) -> bool {
        matches!(self, Source::Position | Source::Index(_))
    }

    /// The stage that has left it, if one has.
    pub fn stage(self) -> Option<usize> {
        if let Source::Temp { stage, .. } = self { Some(stage as usize) } else { None }
    }
}
