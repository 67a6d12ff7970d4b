//! Executors: kernel IR in, something that runs it out.
//!
//! Always holds: all executors give the same bits for the same kernel and call (a NaN equals any NaN).

#[cfg(feature = "jit")]
pub mod cranelift;
pub mod interp;
#[cfg(any(test, feature = "internals"))]
pub mod law;
#[cfg(feature = "jit")]
pub mod native;
#[cfg(any(test, feature = "internals"))]
pub mod oracle;
pub mod signals;
pub mod tier;
#[cfg(all(feature = "jit", target_arch = "x86_64", unix))]
pub mod x86;

use std::fmt;
use std::sync::Arc;

use self::signals::Signals;
use crate::ir::{Kernel, cost};

/// Makes kernels runnable.
pub trait Backend: Send + Sync + fmt::Debug {
    /// Its name, as `explain` shows it.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
    fn name(&self) -> &'static str;

    /// A runnable form of a kernel that the verifier accepts.
    ///
    /// # Errors
    /// Where this executor cannot run the kernel (no memory for code, an operation that the code generator refuses);
    /// the interpreter takes every kernel.
    fn compile(&self, kernel: &Kernel) -> Result<Arc<dyn Compiled>, Unsupported>;

    /// What a plan needs to know of the runnable form of a kernel, before it is made: that of an interpreter.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))] // The planner will ask.
    fn facts(&self, kernel: &Kernel) -> Facts {
        Facts { step: 1, non_temporal: None, nanoseconds: cost::weight(kernel) * cost::INTERPRETED }
    }

    /// The machine code of a kernel, as text.
    ///
    /// # Errors
    /// Where the kernel cannot be compiled, or the executor makes no machine code.
    fn listing(&self, _: &Kernel) -> Result<String, Unsupported> {
        Err(Unsupported(format!("{} makes no machine code", self.name())))
    }
}

/// What a plan needs to know of whatever runs a kernel.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))] // The planner will ask.
pub struct Facts {
    /// Points that one step of the innermost loop covers.
    pub step: usize,
    /// What the addresses of results must be a multiple of where they are stored past the cache; `None` where the kernel has
    /// no form that does.
    pub non_temporal: Option<usize>,
    /// Nanoseconds a point.
    pub nanoseconds: f64,
}

/// Why an executor cannot run a kernel.
#[derive(Clone, Debug)]
#[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
pub struct Unsupported(pub String);

/// A kernel that can run. Called from many threads at once.
pub trait Compiled: Send + Sync {
    /// Runs the kernel over a call's loops.
    ///
    /// # Safety
    /// For each operand, all elements that the kernel's accesses reach with loop indices from 0 up to the extents must
    /// be valid to read (`In`, `InOut`) or to write (`Out`, `InOut`) for the operand's type; bools that are read
    /// must be 0 or 1. Nothing else may write what is read, or read what is written, while the call lasts. Within the
    /// call, an element that is written may be read at the same point through another operand, and at no other: an executor
    /// reads all that the innermost code loads at a point, from whatever operand, before its first store there. Where an operand
    /// that is read is halves of pairs, the other halves of these elements must be valid to read, too; they may be written
    /// meanwhile, for nothing comes of what is read there. A partner's elements must be those behind the elements of the operand
    /// before it. The slices must have the lengths that [`Call`] states.
    unsafe fn run(&self, call: &Call);

    /// What the addresses of results must be multiples of in the form of the kernel that writes them past the cache, if there is one.
    fn past_cache_alignment(&self) -> Option<usize> {
        None
    }

    /// As [`run`](Compiled::run), with results written past the cache where there is a form that does. A fence must follow
    /// before another thread is told of them.
    ///
    /// # Safety
    /// As for [`run`](Compiled::run); and the address of each operand that is written must be a multiple of
    /// [`past_cache_alignment`](Compiled::past_cache_alignment).
    unsafe fn run_past_cache(&self, call: &Call) {
        // SAFETY: as the caller promises.
        unsafe { self.run(call) }
    }

    /// The machine code, if there is any.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
    fn code(&self) -> Option<&[u8]> {
        None
    }
}

/// One run of a kernel: addresses, strides, trip counts. Elements need not be aligned.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// For each operand, the address of the element at loop indices 0 (without an access's offsets).
    pub pointers: &'a [*mut u8],
    /// For each dimension of each operand its stride in bytes, at [`Kernel::stride_bases`]. Unit ones are not read;
    /// those of halves of pairs are two elements.
    pub strides: &'a [isize],
    /// The trip count of each loop, outermost first; each at least 1.
    pub extents: &'a [usize],
    /// What `index` counts from, for each loop.
    pub origin: &'a [i64],
    /// Gets the faults, and says whether the call is over.
    pub signals: &'a Signals<'a>,
}
