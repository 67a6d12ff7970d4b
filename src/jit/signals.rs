//! What a run tells and asks while it lasts.
//!
//! Comes in: who knows whether the call is over, if it may end before its time. Goes out: the faults that were noted. Always holds: the
//! fault word stands first, so that its address is that of the whole; a loop at points asks once in [`STEPS`] of its steps at least, and
//! where the answer is yes what it leaves is not read.

use std::fmt;
use std::sync::atomic::AtomicU32;

/// Steps of a loop at points between two questions whether the call is over: some microseconds of the shortest body, a few milliseconds of a thousand
/// operations.
#[cfg(any(feature = "jit", test, feature = "internals"))]
pub const STEPS: i64 = 1 << 14;

/// Who knows whether a call is over.
pub trait Watch: Sync {
    /// Whether it is. Once it is, it stays so.
    fn is_over(&self) -> bool;
}

/// What a run tells and asks.
#[derive(Default)]
#[repr(C)]
pub struct Signals<'a> {
    /// Gets bit `1 << code` set for each fault.
    pub faults: AtomicU32,
    /// Whom a loop asks; none: the call goes on to its end.
    pub watch: Option<&'a dyn Watch>,
}

impl<'a> Signals<'a> {
    /// No faults yet.
    pub fn new(watch: Option<&'a dyn Watch>) -> Signals<'a> {
        Signals { faults: AtomicU32::new(0), watch }
    }

    /// Whether the call is over.
    pub fn is_over(&self) -> bool {
        self.watch.is_some_and(Watch::is_over)
    }
}

impl fmt::Debug for Signals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Signals({:?}, {})", self.faults, if self.watch.is_some() { "watched" } else { "unwatched" })
    }
}

/// What machine code calls: 1 if the call is over, else 0.
#[cfg(feature = "jit")]
pub extern "C" fn is_over(signals: &Signals) -> u64 {
    u64::from(signals.is_over())
}
