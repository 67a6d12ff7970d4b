//! Which threads run tiles.
//!
//! Comes in: tasks that may run in any order, at once. Goes out: all of them done. Always holds: no task is handed to a thread that
//! this process has not. After a `fork` the child has the thread that called it and no other, while the pools in its copy
//! of memory look as they did, and would be waited for without end. So in a process that is not the one in which the
//! library was first used, work goes to a pool of the library's own.

use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};

use super::loops::{Deal, LoopSchedule};
use super::stop::Stop;
use crate::plan::places::Places;

/// The threads that an expression runs on. The results do not depend on them.
///
/// A call on a worker of a rayon pool (within `install`, `join`, a parallel loop) stays in that pool, unless [`Pool`](Threads::Pool) names another one. A call
/// from outside is worked on by its own thread, too, which counts as one of the pool's; what a registered function evaluates on any of these meanwhile
/// stays on the thread that calls it. So no call has more threads at work than its pool has, however calls are nested, and none waits for a
/// thread that waits for it. Several callers at once each work on their own call, and share the pool's workers.
///
/// After a `fork` the child has none of its parent's threads. There a call on [`Global`](Threads::Global) or a
/// [`Pool`](Threads::Pool) runs on a pool of the library's own with as many threads, made when first needed, whichever pool
/// was passed: the library cannot know whether a pool's threads are in this process. A call that a worker makes stays
/// in the pool of that worker: that is how to use another pool in a child (`pool.install(|| e.eval(args))`). Two things the library cannot
/// mend: a fork while another thread is in a call of it (the child may wait for a lock that nobody will give back), and a fork
/// before its first use in a process that has started rayon's global pool (nothing tells it that this is a child).
///
/// ```
/// use std::sync::Arc;
/// use tilexpr::{Expr, Threads, args};
/// let a = [1.0, 2.0, 3.0];
/// let sum = Expr::compile("sum(a)")?;
/// let pool = Threads::Pool(Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build()?));
/// assert_eq!(pool.count(), 2);
/// let (one, two): (f64, f64) = (sum.with_threads(Threads::Serial).eval(args![a])?, sum.with_threads(pool).eval(args![a])?);
/// assert_eq!(one.to_bits(), two.to_bits());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Threads {
    /// rayon's global pool, or the pool whose worker makes the call.
    #[default]
    Global,
    /// This pool.
    Pool(Arc<ThreadPool>),
    /// The calling thread alone.
    Serial,
}

impl Threads {
    /// How many threads there are.
    pub fn count(&self) -> usize {
        match self.given() {
            1 => 1,
            given if matches!(own_pool(given), Some(None)) => 1,
            given => given,
        }
    }

    /// The number of threads as it was given, wherever they are.
    fn given(&self) -> usize {
        match self {
            Threads::Global => rayon::current_num_threads(),
            Threads::Pool(pool) => pool.current_num_threads(),
            Threads::Serial => 1,
        }
    }
}

/// Who does the tasks of a step, how they are dealt out, and when no more are begun.
#[derive(Clone, Copy)]
pub struct Team<'a> {
    /// On which threads.
    pub threads: &'a Threads,
    /// How they are dealt out.
    pub schedule: LoopSchedule,
    /// What is looked at before each, if the call may be ended.
    pub stop: Option<&'a Stop<'a>>,
}

/// Tasks that a thread does one after another, none after a look has said to stop.
pub struct Piece<'a> {
    tasks: Range<usize>,
    stop: Option<&'a Stop<'a>>,
}

impl Iterator for Piece<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let task = self.tasks.next()?;
        self.stop.is_none_or(|stop| !stop.look()).then_some(task)
    }
}

/// Does the tasks of a piece. What is done with a task must not be needed where the iterator ended before it came.
pub type Work<'a> = &'a (dyn Fn(Piece) + Sync);

impl Team<'_> {
    /// The calling thread alone.
    pub fn alone(self) -> Self {
        Team { threads: &Threads::Serial, ..self }
    }

    /// Whether a look says to stop.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_some_and(Stop::look)
    }

    /// Does so many tasks on the calling thread.
    pub fn do_all(&self, tasks: usize, work: Work) {
        work(Piece { tasks: 0..tasks, stop: self.stop });
    }

    /// Does so many tasks on these threads, in pieces of at least `chunk`, if that is given. All are done when it returns, unless a look has said to stop.
    pub fn share(&self, tasks: usize, chunk: Option<usize>, work: Work) {
        let threads = self.threads.given();
        let share = Share { deal: Deal::new(self.schedule, tasks, chunk, threads), stop: self.stop, work };
        let helpers = share.deal.wants().saturating_sub(1);
        match (own_pool(threads), self.threads) {
            (_, Threads::Serial) | (Some(None), _) => self.do_all(tasks, work),
            _ if TAKES_PART.get() => self.do_all(tasks, work),
            (Some(Some(own)), _) => own.in_place_scope(|scope| share.run(scope, helpers)),
            (None, Threads::Pool(pool)) if !is_child() && pool.current_thread_index().is_none() => {
                pool.in_place_scope(|scope| share.run(scope, helpers));
            }
            (None, _) if rayon::current_thread_index().is_some() => share.join(helpers),
            (None, _) => rayon::in_place_scope(|scope| share.run(scope, helpers)),
        }
    }
}

thread_local! {
    /// Whether this thread does tasks that a thread from outside of the pool shares with its workers. Calls that it makes meanwhile (a registered
    /// function may) are not shared again: that thread counts as one of the pool's, and if the last of these were called, too, there would be
    /// one more at work than the pool has.
    static TAKES_PART: Cell<bool> = const { Cell::new(false) };
}

/// Tasks that are being shared. A thread from outside of the pool begins with them at once and takes what is next, as workers do when they have
/// woken: if it handed all to workers and waited, two would have to be woken where one will do, and are put on one core often
/// enough while this thread's own is idle.
struct Share<'a> {
    deal: Deal,
    stop: Option<&'a Stop<'a>>,
    work: Work<'a>,
}

impl Share<'_> {
    fn run<'s>(&'s self, scope: &Scope<'s>, helpers: usize) {
        self.help(scope, 0, helpers);
        self.take_part();
    }

    fn take_part(&self) {
        let before = TAKES_PART.replace(true);
        self.drain();
        TAKES_PART.set(before);
    }

    /// Calls helper `at`, who calls two more: so none has to wake many.
    fn help<'s>(&'s self, scope: &Scope<'s>, at: usize, helpers: usize) {
        if at < helpers && self.deal.has_more() {
            scope.spawn(move |scope| {
                self.help(scope, 2 * at + 1, helpers);
                self.help(scope, 2 * at + 2, helpers);
                self.take_part();
            });
        }
    }

    /// The same on a worker, who offers the parts of helpers to others, and does those that nobody takes.
    fn join(&self, helpers: usize) {
        if helpers == 0 {
            return self.drain();
        }
        let others = helpers.div_ceil(2);
        rayon::join(|| self.join(helpers - others), || self.join(others - 1));
    }

    /// Does what is left, piece by piece.
    fn drain(&self) {
        while let Some(pieces) = self.deal.take() {
            for tasks in pieces {
                (self.work)(Piece { tasks, stop: self.stop });
                // Those that are not begun any more need not be counted.
                if self.stop.is_some_and(|stop| stop.found().is_some()) {
                    return;
                }
            }
        }
    }
}

/// Pools of the library's own that are kept: those of a child, of its child, and so on, for each number of threads.
const POOLS: usize = 64;

/// The process in which the library was first used, and what its children use instead of the pools of that process.
struct Home {
    process: u32,
    /// Pools are never dropped: in a child's child this is a copy, whose threads are not there either.
    pools: Places<Own>,
}

struct Own {
    process: u32,
    threads: usize,
    /// None where the system grants no threads.
    pool: Option<ThreadPool>,
}

static HOME: LazyLock<Home> = LazyLock::new(|| Home { process: process(), pools: Places::new(POOLS) });

/// Notes that the library is used in this process. Whoever makes an expression says so.
pub(crate) fn settle() {
    LazyLock::force(&HOME);
}

/// The process, where there is such a thing. It is asked for by large passes alone: a system call is nothing beside them.
fn process() -> u32 {
    if cfg!(unix) { std::process::id() } else { 0 }
}

fn is_child() -> bool {
    process() != HOME.process
}

/// What a child uses in the place of a pool of this many threads: a pool of the library's own, or `Some(None)` the calling thread.
/// `None` means the pool itself: this is no child, or the caller is a worker (of a pool made here; or it is itself the thread that forked,
/// which then does all that it queues).
fn own_pool(threads: usize) -> Option<Option<&'static ThreadPool>> {
    if !is_child() || rayon::current_thread_index().is_some() {
        return None;
    }
    let process = process();
    let is = |own: &Own| own.process == process && own.threads == threads;
    let make = || {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().ok();
        Ok::<_, std::convert::Infallible>(Own { process, threads, pool })
    };
    match HOME.pools.find(is, make) {
        Ok(Ok(own)) => Some(own.pool.as_ref()),
        // No place for one more: rather none than a new one for each call.
        Ok(Err(_)) => Some(None),
        Err(never) => match never {},
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Threads::Global => f.write_str("Global"),
            Threads::Pool(pool) => write!(f, "Pool({})", pool.current_num_threads()),
            Threads::Serial => f.write_str("Serial"),
        }
    }
}
