//! Which threads run tiles.
//!
//! Comes in: tasks that may run in any order, at once. Goes out: all of them done. Always holds: no task is handed to a thread that
//! this process has not. After a `fork` the child has the thread that called it and no other, while the pools in its copy
//! of memory look as they did, and would be waited for without end. So in a process that is not the one in which the
//! library was first used, work goes to a pool of the library's own.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};

use crate::plan::places::Places;

/// The threads that an expression runs on. The results do not depend on them.
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

    /// Runs `work` over so many tasks, in pieces of at least `least`, on these threads.
    pub(crate) fn share(&self, tasks: usize, least: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
        let threads = self.given();
        let share = Share { next: AtomicUsize::new(0), tasks, least, threads, work };
        let helpers = tasks.div_ceil(least).min(threads) - 1;
        match (own_pool(self.given()), self) {
            (_, Threads::Serial) | (Some(None), _) => work(0..tasks),
            (Some(Some(own)), _) => own.in_place_scope(|scope| share.run(scope, helpers)),
            (None, Threads::Pool(pool)) if !is_child() && pool.current_thread_index().is_none() => {
                pool.in_place_scope(|scope| share.run(scope, helpers));
            }
            (None, _) if rayon::current_thread_index().is_some() => {
                split(0..tasks, least.max(tasks / (threads * PIECES)), work);
            }
            (None, _) => rayon::in_place_scope(|scope| share.run(scope, helpers)),
        }
    }
}

/// Tasks that a thread from outside of the pool shares with workers. It begins at once and takes what is next, as they do when they have
/// woken: if it handed all to workers and waited, two would have to be woken where one will do, and are put on one core often
/// enough while this thread's own is idle.
struct Share<'a> {
    next: AtomicUsize,
    tasks: usize,
    least: usize,
    threads: usize,
    work: &'a (dyn Fn(Range<usize>) + Sync),
}

/// Pieces for each thread of a worker, who hands halves to others.
const PIECES: usize = 4;

impl Share<'_> {
    fn run<'s>(&'s self, scope: &Scope<'s>, helpers: usize) {
        self.help(scope, 0, helpers);
        self.drain();
    }

    /// Calls helper `at`, who calls two more: so none has to wake many.
    fn help<'s>(&'s self, scope: &Scope<'s>, at: usize, helpers: usize) {
        if at < helpers && self.next.load(Ordering::Relaxed) < self.tasks {
            scope.spawn(move |scope| {
                self.help(scope, 2 * at + 1, helpers);
                self.help(scope, 2 * at + 2, helpers);
                self.drain();
            });
        }
    }

    /// Does what is left, piece by piece: each time a part of it, so that pieces are few, and the last ones short, for all to end together.
    fn drain(&self) {
        let end = |start: usize| {
            let piece = self.tasks.saturating_sub(start).div_ceil(2 * self.threads).max(self.least);
            (start < self.tasks).then(|| self.tasks.min(start + piece))
        };
        while let Ok(start) = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end) {
            (self.work)(start..end(start).unwrap_or(self.tasks));
        }
    }
}

/// Halves a range until its pieces are small enough, on the threads of the pool that this thread is a worker of.
fn split(tasks: Range<usize>, grain: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
    if tasks.len() <= grain {
        return work(tasks);
    }
    let middle = tasks.start + tasks.len() / 2;
    rayon::join(|| split(tasks.start..middle, grain, work), || split(middle..tasks.end, grain, work));
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
