//! Native code through Cranelift: vectors of 128 bits, on every platform that it has.
//!
//! Comes in: a kernel. Goes out: machine code on the ground of `jit/native/`. Always holds: the same bits as every other
//! executor, whatever the CPU's features; no access outside what a call names; code memory is freed with its last user.
//!
//! | file         | what                                                          |
//! |--------------|---------------------------------------------------------------|
//! | `isa`        | the CPU, and the code generator's settings                    |
//! | `shape`      | decisions: points of a step, what gets a register             |
//! | `lanes`      | how values are held in registers                              |
//! | `emit`       | what the lowering shares: arguments, constants, the frame     |
//! | `nest`       | loops, the vector step, the tail                              |
//! | `ops`        | primitive operations                                          |
//! | `integers`   | those of integers that vectors have no instruction for        |
//! | `convert`    | conversions, and widths of masks                              |
//! | `memory`     | loads and stores                                              |
//! | `accumulate` | reductions                                                    |
//! | `iterate`    | loops at points                                               |
//! | `patch`      | helper calls and faults for some lanes alone                  |
//! | `compile`    | all of it in order                                            |

mod accumulate;
mod compile;
mod convert;
mod emit;
mod integers;
mod isa;
mod iterate;
mod lanes;
mod memory;
mod nest;
mod ops;
mod patch;
mod shape;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

#[cfg(any(test, feature = "internals"))]
pub use self::isa::Flags;
use self::isa::Target;
use self::shape::Shape;
use super::native::past_cache;
use super::{Backend, Compiled, Facts, Unsupported};
use crate::ir::{Kernel, cost};

/// The executor that makes native code with Cranelift.
#[derive(Clone)]
pub struct Cranelift {
    target: Target,
}

impl fmt::Debug for Cranelift {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Cranelift({}, {:?})", self.target.isa.triple(), self.target.machine.features)
    }
}

impl Cranelift {
    /// For this machine, with all its features that Cranelift uses.
    ///
    /// # Errors
    /// Where Cranelift does not know the machine.
    pub fn new() -> Result<Cranelift, Unsupported> {
        Ok(Cranelift { target: Target::host()? })
    }

    /// For this machine, with some of its features: the results are the same.
    ///
    /// # Errors
    /// Where Cranelift does not know the machine.
    #[cfg(any(test, feature = "internals"))]
    pub fn with_flags(flags: Flags) -> Result<Cranelift, Unsupported> {
        Ok(Cranelift { target: Target::new(flags)? })
    }
}

impl Backend for Cranelift {
    fn name(&self) -> &'static str {
        "cranelift"
    }

    fn compile(&self, kernel: &Kernel) -> Result<Arc<dyn Compiled>, Unsupported> {
        Ok(Arc::new(compile::compile(&self.target, kernel)?))
    }

    fn facts(&self, kernel: &Kernel) -> Facts {
        Facts {
            step: Shape::of(kernel, &self.target.machine).map_or(1, |shape| shape.lanes),
            non_temporal: past_cache::has(&self.target.machine.features, kernel).then_some(past_cache::ALIGNMENT),
            nanoseconds: cost::weight(kernel) * cost::NATIVE,
        }
    }

    fn listing(&self, kernel: &Kernel) -> Result<String, Unsupported> {
        compile::listing(&self.target, kernel)
    }
}
