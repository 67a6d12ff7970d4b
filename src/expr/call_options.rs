//! What calls are asked for beside their text and arguments: threads, an end, memory.
//!
//! Comes in: an expression, or a builder of one. Goes out: the same text, whose calls are run so. Always holds: all that is made from an expression
//! (prepared calls, states of parts) inherits its options, and no result depends on them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::api::{Builder, Expr};
use crate::run::loops::LoopSchedule;
use crate::run::settings::{Bounds, CallOptions};
use crate::run::stop::CancelToken;
use crate::run::threads::Threads;

impl Expr {
    /// The same text, whose calls are made with other options.
    pub(crate) fn with(&self, options: CallOptions) -> Expr {
        Expr { core: Arc::clone(&self.core), options }
    }

    /// The same expression on other threads.
    ///
    /// ```
    /// use tilexpr::{Expr, Threads, args};
    /// let serial = Expr::compile("sum(a)")?.with_threads(Threads::Serial);
    /// assert_eq!(serial.eval::<f64>(args![a = &[1.0, 2.0]])?, 3.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_threads(&self, threads: Threads) -> Expr {
        self.with(CallOptions { threads, ..self.options.clone() })
    }

    /// The same expression, whose threads share work in another way.
    ///
    /// ```
    /// use tilexpr::{Expr, LoopSchedule, args};
    /// let e = Expr::compile("sum(a)")?.with_loop_schedule(LoopSchedule::Static(None));
    /// assert_eq!(e.eval::<f64>(args![a = &[1.0, 2.0]])?, 3.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_loop_schedule(&self, schedule: LoopSchedule) -> Expr {
        self.with(CallOptions { schedule, ..self.options.clone() })
    }

    /// The same expression, whose calls end when this token is cancelled, within some milliseconds; `None` for no token. Not interrupted are
    /// the reading, typing and compiling of a text, and calls of a registered function (between them it is looked, after a few hundred at the latest).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tilexpr::{CancelToken, EvalErrorKind, Expr, args};
    /// let token = CancelToken::new();
    /// let a = vec![0.5; 1_000_000];
    /// let e = Expr::compile("lgamma(a)*gamma(a) + sum(erf(a))")?.with_cancel(token.clone());
    /// let result = std::thread::scope(|scope| {
    ///     scope.spawn(|| token.cancel());
    ///     e.eval::<Vec<f64>>(args![a])
    /// });
    /// assert!(result.is_ok() || result.is_err_and(|e| e.kind() == EvalErrorKind::Cancelled)); // whoever was first
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_cancel(&self, token: impl Into<Option<CancelToken>>) -> Expr {
        let token = token.into();
        self.with(self.options.bounded(|bounds| bounds.token = token))
    }

    /// The same expression, whose calls end at this moment, as if a token were cancelled then, with an error of the kind
    /// [`Deadline`](crate::EvalErrorKind::Deadline); `None` for no deadline.
    ///
    /// ```
    /// use std::time::Instant;
    /// use tilexpr::{EvalErrorKind, Expr, args};
    /// let mut y = [0.0; 2];
    /// let late = Expr::compile("a*2")?.with_deadline(Instant::now());
    /// let error = late.eval_into(args![a = &[1.0, 2.0]], &mut y).unwrap_err();
    /// assert_eq!((error.kind(), y), (EvalErrorKind::Deadline, [0.0; 2])); // it had passed before anything was computed
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_deadline(&self, deadline: impl Into<Option<Instant>>) -> Expr {
        let deadline = deadline.into();
        self.with(self.options.bounded(|bounds| bounds.deadline = deadline))
    }

    /// The same expression, each of whose calls ends so long after it began; `None` for as long as it takes. With a deadline, too, the earlier of both
    /// counts.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tilexpr::{Expr, args};
    /// let e = Expr::compile("sum(a)")?.with_timeout(Duration::from_secs(10));
    /// assert_eq!(e.eval::<f64>(args![a = &[1.0, 2.0]])?, 3.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_timeout(&self, timeout: impl Into<Option<Duration>>) -> Expr {
        let timeout = timeout.into();
        self.with(self.options.bounded(|bounds| bounds.timeout = timeout))
    }

    /// The same expression, each of whose calls takes so many bytes at most; `None` for as many as there are. Counted is what grows with the arrays: new
    /// results, what is left between passes, and what threads keep while they rearrange and combine. A call that needs more is refused
    /// before anything is computed, with an error of the kind [`MemoryLimit`](crate::EvalErrorKind::MemoryLimit) that says how many bytes it needs. Not
    /// counted are arguments, and what the text itself takes ([`Limits`](crate::Limits) bounds that).
    ///
    /// ```
    /// use tilexpr::{Detail, EvalErrorKind, Expr, args};
    /// let a = vec![1.0; 1000];
    /// let e = Expr::compile("a*2")?.with_memory_limit(4096);
    /// let error = e.eval::<Vec<f64>>(args![a]).unwrap_err();
    /// assert_eq!(error.kind(), EvalErrorKind::MemoryLimit);
    /// assert_eq!((error.found(), error.expected()), (Some(&Detail::Count(8000)), Some(&Detail::Count(4096))));
    /// let mut y = vec![0.0; 1000];
    /// e.eval_into(args![a], &mut y)?; // into memory that is there it needs none
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_memory_limit(&self, bytes: impl Into<Option<usize>>) -> Expr {
        let memory = bytes.into();
        self.with(self.options.bounded(|bounds| bounds.memory = memory))
    }
}

impl Builder {
    fn bounded(mut self, change: impl FnOnce(&mut Bounds)) -> Builder {
        self.calls = self.calls.bounded(change);
        self
    }

    /// The threads that calls run on. Default: rayon's global pool.
    pub fn threads(mut self, threads: Threads) -> Builder {
        self.calls.threads = threads;
        self
    }

    /// How these share work. Default: [`LoopSchedule::Auto`].
    pub fn loop_schedule(mut self, schedule: LoopSchedule) -> Builder {
        self.calls.schedule = schedule;
        self
    }

    /// What ends calls from another thread. Default: nothing. See [`Expr::with_cancel`].
    pub fn cancel(self, token: impl Into<Option<CancelToken>>) -> Builder {
        let token = token.into();
        self.bounded(|bounds| bounds.token = token)
    }

    /// The moment at which calls end. Default: none. See [`Expr::with_deadline`].
    pub fn deadline(self, deadline: impl Into<Option<Instant>>) -> Builder {
        let deadline = deadline.into();
        self.bounded(|bounds| bounds.deadline = deadline)
    }

    /// How long each call may take. Default: as long as it takes. See [`Expr::with_timeout`].
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Builder {
        let timeout = timeout.into();
        self.bounded(|bounds| bounds.timeout = timeout)
    }

    /// How many bytes each call may take. Default: as many as there are. See [`Expr::with_memory_limit`].
    pub fn memory_limit(self, bytes: impl Into<Option<usize>>) -> Builder {
        let memory = bytes.into();
        self.bounded(|bounds| bounds.memory = memory)
    }
}
