//! The interpreter: portable Rust, a tile of points at a time.
//!
//! Comes in: a kernel. Goes out: a `Program`, a flat list of steps for each level, each step one
//! call of a loop over a chunk of points that the compiler has vectorised. A chunk is so small that all registers
//! of the program stay in the L1 cache, and so large that the cost of a step's dispatch is small against its loop.
//!
//! Always holds: exactly the points asked for are read, computed and written, none beyond a tail; a run allocates
//! nothing once the thread has run a program of that size; a function that a kernel calls may run kernels itself.
//!
//! - `program.rs`: what a program is.
//! - `lower.rs`, `fold.rs`, `iterate.rs`: kernel to program; registers by liveness, loads in place; reductions; loops at points.
//! - `loops.rs`: the loops, one for each operation and type, also compiled for AVX2 and FMA, and those that gain for AVX-512.
//! - `run.rs`: runs a program, in the memory of `workspace.rs`.

mod fold;
mod iterate;
mod loops;
mod lower;
mod program;
mod run;
mod workspace;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{Backend, Compiled, Unsupported};
use crate::ir::Kernel;
#[cfg(any(test, feature = "internals"))]
use crate::ir::LANES;
use loops::Isa;

/// The interpreter. It takes every kernel that the verifier accepts.
#[derive(Clone, Copy, Debug)]
pub struct Interp {
    isa: Isa,
    chunk: Option<usize>,
}

impl Interp {
    /// The interpreter with the best loops for this machine.
    pub fn new() -> Interp {
        Interp { isa: Isa::best(), chunk: None }
    }

    /// The interpreter with each set of loops that this machine runs. (The results are the same.)
    #[cfg(test)]
    pub(super) fn forms() -> impl Iterator<Item = Interp> {
        Isa::present().map(|isa| Interp { isa, chunk: None })
    }

    /// With chunks of this many points, rounded up to a multiple of 8. For tests: small arrays then span many chunks.
    #[cfg(any(test, feature = "internals"))]
    pub fn with_chunk(self, points: usize) -> Interp {
        Interp { chunk: Some(points.max(1).next_multiple_of(LANES)), ..self }
    }
}

impl Default for Interp {
    fn default() -> Interp {
        Interp::new()
    }
}

impl Backend for Interp {
    fn name(&self) -> &'static str {
        "interp"
    }

    fn compile(&self, kernel: &Kernel) -> Result<Arc<dyn Compiled>, Unsupported> {
        Ok(Arc::new(lower::lower(kernel, self.isa, self.chunk)?))
    }
}
