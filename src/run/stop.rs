//! When a call is to end before its time: a token that someone cancels, a moment that passes.
//!
//! Comes in: what a caller asked for. Goes out: at each look (between tasks, and within loops at points) whether to go on. Always holds: once a look has said no, all later ones
//! do, on every thread; so a step whose tasks were not all done is followed by none that reads what they left out.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Instant;

use crate::jit::signals::Watch;
use crate::plan::needs::Needs;

/// Ends calls that are running, from any thread.
///
/// A call looks at its token before it begins, then between tiles and within long loops (`iterate`), so it ends within a few milliseconds, with an error of the kind
/// [`Cancelled`](crate::EvalErrorKind::Cancelled). A call that has done all of its work when the token is cancelled gives its result. (A call that
/// shares a pool with other work may have to wait for its workers to come to the end of a job of theirs; one on
/// [`Threads::Serial`](crate::Threads::Serial) waits for nobody.)
///
/// Clones are the same token. One token may be that of many calls. It stays cancelled: a token that could be taken back would let a call that has
/// not looked yet run on; make a new one, which is as cheap as a clone. A [`child`](CancelToken::child) is cancelled with its parent, and without
/// it by itself: a token for the server, a child for each request. After a `fork` parent and child process have tokens of their own.
///
/// ```
/// use tilexpr::{CancelToken, EvalErrorKind, Expr, args};
/// let server = CancelToken::new();
/// let request = server.child();
/// let e = Expr::compile("sum(a*a)")?.with_cancel(request.clone());
/// assert_eq!(e.eval::<f64>(args![a = &[1.0, 2.0]])?, 5.0);
/// server.cancel(); // from a signal's handler, another thread, ...
/// assert!(request.is_cancelled());
/// let error = e.eval::<f64>(args![a = &[1.0, 2.0]]).unwrap_err();
/// assert_eq!(error.kind(), EvalErrorKind::Cancelled);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CancelToken {
    own: Arc<AtomicBool>,
    /// Those of its parent, of that one's parent, and so on.
    above: Arc<[Arc<AtomicBool>]>,
}

impl CancelToken {
    /// A token that nobody has cancelled.
    pub fn new() -> CancelToken {
        CancelToken { own: Arc::default(), above: Arc::default() }
    }

    /// A token that is cancelled with this one, and may be by itself.
    #[must_use]
    pub fn child(&self) -> CancelToken {
        CancelToken { own: Arc::default(), above: std::iter::once(&self.own).chain(&*self.above).cloned().collect() }
    }

    /// Ends all calls with this token, or a child of it, that are running, and all that are made from now on. Neither waits nor
    /// allocates nor takes a lock, so a signal's handler may do it.
    pub fn cancel(&self) {
        self.own.store(true, Ordering::Release);
    }

    /// Whether this token, or one above it, has been cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.own.load(Ordering::Acquire) || self.above.iter().any(|flag| flag.load(Ordering::Acquire))
    }
}

impl Default for CancelToken {
    fn default() -> CancelToken {
        CancelToken::new()
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "CancelToken({})", if self.is_cancelled() { "cancelled" } else { "live" })
    }
}

/// Why a call ended before its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// Its token was cancelled.
    Cancelled,
    /// Its deadline passed.
    Deadline,
}

/// What a call looks at between tasks.
#[derive(Debug)]
pub struct Stop<'a> {
    token: Option<&'a CancelToken>,
    deadline: Option<Instant>,
    /// What a look has found: 0, or one of the two below.
    found: AtomicU8,
}

const CANCELLED: u8 = 1;
const PASSED: u8 = 2;

impl<'a> Stop<'a> {
    /// Nothing found yet.
    pub fn new(token: Option<&'a CancelToken>, deadline: Option<Instant>) -> Stop<'a> {
        Stop { token, deadline, found: AtomicU8::new(0) }
    }

    /// Looks, and tells whether to stop. What is left undone because of it must not be read.
    pub fn look(&self) -> bool {
        if self.found.load(Ordering::Relaxed) != 0 {
            return true;
        }
        let found = match () {
            () if self.token.is_some_and(CancelToken::is_cancelled) => CANCELLED,
            () if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) => PASSED,
            () => return false,
        };
        self.found.store(found, Ordering::Relaxed);
        true
    }

    /// What a look has found. (Once all threads of a step have been waited for, what any of them found.)
    pub fn found(&self) -> Option<Stopped> {
        match self.found.load(Ordering::Relaxed) {
            0 => None,
            CANCELLED => Some(Stopped::Cancelled),
            _ => Some(Stopped::Deadline),
        }
    }
}

impl Watch for Stop<'_> {
    fn is_over(&self) -> bool {
        self.look()
    }
}

/// Why a schedule was not run to a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failed {
    /// There is no memory for so many bytes between its passes.
    Memory(usize),
    /// These faults were noted.
    Faults(u32),
    /// It was ended before its time.
    Stopped(Stopped),
    /// It would take more bytes than it may: so many. Nothing was run.
    TooMuch(Needs, usize),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn children_are_cancelled_with_their_parents() {
        let top = CancelToken::new();
        let (one, other) = (top.child(), top.child());
        let below = one.child().clone();
        one.cancel();
        let state = [&top, &one, &other, &below].map(CancelToken::is_cancelled);
        assert_eq!(state, [false, true, false, true]);
        top.cancel();
        assert!(other.is_cancelled() && top.child().is_cancelled());
        assert_eq!(format!("{top:?} {:?}", CancelToken::default()), "CancelToken(cancelled) CancelToken(live)");
    }

    #[test]
    fn what_was_found_stays() {
        let token = CancelToken::new();
        let stop = Stop::new(Some(&token), Some(Instant::now() + Duration::from_secs(3600)));
        assert!(!stop.look() && stop.found().is_none());
        token.cancel();
        assert!(stop.found().is_none());
        assert!(stop.look() && stop.look());
        assert_eq!(stop.found(), Some(Stopped::Cancelled));
        let stop = Stop::new(None, Some(Instant::now()));
        assert!(stop.look());
        assert_eq!(stop.found(), Some(Stopped::Deadline));
    }
}
