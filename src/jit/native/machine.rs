//! A CPU, as far as decisions about code depend on it.

/// The numbers of a CPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Bytes of a vector register.
    pub vector: usize,
    /// Vector registers that a body may fill: of all, some are needed in passing.
    pub registers: usize,
    pub features: Features,
}

/// What the lowering of some operations depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Features {
    /// A fused multiply-add instruction; without it a helper is called for each lane.
    pub fma: bool,
    /// Instructions that round to integral values; without them a helper is called for each lane.
    pub round: bool,
    /// A blend by the lanes' top bits.
    pub blend: bool,
    /// Operands in memory of any alignment.
    pub unaligned: bool,
}
