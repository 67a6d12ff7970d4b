//! What a caller asks of calls, beside what a text is compiled with; and what a call at hand is run with.
//!
//! Comes in: options of an expression, which its clones may have others of. Goes out: the settings of one call, whose clock has begun. Always
//! holds: no result depends on any of it; where nothing bounds a call, one look tells so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::keep::Asked;
use super::loops::LoopSchedule;
use super::stop::{CancelToken, Failed, Stop, Stopped};
use super::threads::{Team, Threads};
use crate::jit::tier::Executor;
use crate::plan::needs::Needs;
use crate::plan::target::Tuning;

/// What a caller asks of calls.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// On which threads.
    pub threads: Threads,
    /// How these share tasks.
    pub schedule: LoopSchedule,
    /// What may end or refuse a call; none in most cases.
    pub bounds: Option<Arc<Bounds>>,
}

/// What may end or refuse a call.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// Ends it when it is cancelled.
    pub token: Option<CancelToken>,
    /// Ends it at this moment.
    pub deadline: Option<Instant>,
    /// Ends it so long after it began.
    pub timeout: Option<Duration>,
    /// The most bytes that it may take.
    pub memory: Option<usize>,
}

/// What a call at hand is run with.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Who runs kernels.
    pub executor: Executor,
    /// What is asked for, for tests and measurements.
    pub tuning: &'a Tuning,
    /// What the caller asks for.
    pub options: &'a CallOptions,
    /// What is looked at between tasks, if the call may be ended.
    pub stop: Option<&'a Stop<'a>>,
    /// Bytes that the call holds beside what is run now: what its earlier parts have left.
    pub held: usize,
}

impl CallOptions {
    /// What tiles are made for.
    pub fn asked(&self) -> Asked {
        Asked { threads: self.threads.count(), chunk: self.schedule.chunk() }
    }

    /// The same with other bounds.
    #[must_use]
    pub fn bounded(&self, change: impl FnOnce(&mut Bounds)) -> CallOptions {
        let mut bounds = self.bounds.as_deref().cloned().unwrap_or_default();
        change(&mut bounds);
        CallOptions { bounds: Some(Arc::new(bounds)), ..self.clone() }
    }

    /// The same for the parts of a work that begins now: its time is that of all of them, and its memory is counted by whoever parts it.
    #[cfg(feature = "files")]
    #[must_use]
    pub fn of_parts(&self) -> CallOptions {
        match &self.bounds {
            None => self.clone(),
            Some(bounds) => {
                let deadline = bounds.ends();
                self.bounded(|bounds| (bounds.deadline, bounds.timeout, bounds.memory) = (deadline, None, None))
            }
        }
    }

    /// Begins a call: what it looks at between tasks, if it may be ended.
    ///
    /// # Errors
    /// Where it is to end before it began.
    #[inline]
    pub fn begin(&self) -> Result<Option<Stop<'_>>, Stopped> {
        match &self.bounds {
            None => Ok(None),
            Some(bounds) => bounds.begin(),
        }
    }
}

impl Bounds {
    /// When a call that begins now is to end.
    fn ends(&self) -> Option<Instant> {
        // (A timeout that no clock reaches is none.)
        let timeout = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        self.deadline.into_iter().chain(timeout).min()
    }

    #[cold]
    fn begin(&self) -> Result<Option<Stop<'_>>, Stopped> {
        let deadline = self.ends();
        if self.token.is_none() && deadline.is_none() {
            return Ok(None);
        }
        let stop = Stop::new(self.token.as_ref(), deadline);
        stop.look();
        stop.found().map_or(Ok(Some(stop)), Err)
    }
}

impl<'a> Settings<'a> {
    /// Who shares tasks, and how.
    pub fn team(&self) -> Team<'a> {
        Team { threads: &self.options.threads, schedule: self.options.schedule, stop: self.stop }
    }

    /// Refuses a call that takes more bytes than it may.
    ///
    /// # Errors
    /// How many it takes.
    #[inline]
    pub fn allow(&self, needs: impl FnOnce() -> Needs) -> Result<(), Failed> {
        match self.options.bounds.as_ref().and_then(|bounds| bounds.memory) {
            None => Ok(()),
            Some(most) => {
                let needs = needs();
                let needs = Needs { between: needs.between.saturating_add(self.held), ..needs };
                if needs.total() > most { Err(Failed::TooMuch(needs, most)) } else { Ok(()) }
            }
        }
    }
}
