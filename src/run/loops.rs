//! How tasks are dealt out to threads: OpenMP's loop schedules.
//!
//! Comes in: a schedule and how many tasks there are, for how many threads. Goes out: pieces, each once, to whoever asks next.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How threads share the tiles of a pass, the tasks of a reduction, and the tiles of a loop over rows: what OpenMP calls the schedule of a
/// loop. Results do not depend on it.
///
/// The chunk is in elements of what is walked over: a thread takes as many whole tiles at a time as have so many elements, at least
/// one. A tile has 4,096 to 32,768 elements (fewer where each is much work), but no more than the chunk, down to 64, so a small chunk
/// makes tiles as fine as uneven work asks for. A task of a reduction has no fewer than a block of 512, and what goes through a buffer or by rows
/// has tiles of its own. Handing out a tile costs a fraction of a microsecond, and results of neighbouring tiles on several threads share lines and pages, so
/// a chunk should be ten microseconds of work or more. `None`, which is what `NonZeroUsize::new(0)` gives, leaves the chunk to the schedule.
///
/// | | pieces | wins |
/// |---|---|---|
/// | `Auto` | half a thread's share of what is left | nowhere by much, and loses little anywhere: no other is 10 % faster on what was measured |
/// | `Static` | one equal share for each thread; with a chunk, these in turn | nowhere that was measured: on even work it is as fast as the others; who takes what does not depend on how long it takes |
/// | `Dynamic` | one chunk (one tile) | work whose dear elements stand close together, first above all: a registered function that takes longer for some |
/// | `Guided` | a thread's share of what is left, no less than the chunk | as `Dynamic`, in fewer pieces, where the dear elements stand last; where they stand first it is no better than `Static` |
///
/// In figures, on two threads of Zen 4, as the share of the threads' time that is work (`cargo run --release --example scaling`): arithmetic alone and
/// an even function 0.95 to 1.00 by each of the four; a function that is dear in its first rows: `Auto` 0.93, `Static` and `Guided` 0.57, `Dynamic` 0.99; in its last rows:
/// `Static` 0.57, the others 1.00. A chunk of 64 elements halves the speed of arithmetic, and costs a function of 75 steps 2 %; a static schedule with it has 0.98 where one without has 0.57.
///
/// Whoever is free takes the next piece, also of a static schedule: which of rayon's threads that is is not fixed. Work that is too little for
/// several threads stays on one, whatever the schedule.
///
/// ```
/// use std::num::NonZeroUsize;
/// use tilexpr::{Expr, LoopSchedule, args};
/// let a: Vec<f64> = (0..100_000).map(f64::from).collect();
/// let e = Expr::builder().loop_schedule(LoopSchedule::Guided(None)).compile("sum(sqrt(a))")?;
/// let fine = e.with_loop_schedule(LoopSchedule::Dynamic(NonZeroUsize::new(1024)));
/// let (one, two): (f64, f64) = (e.eval(args![a])?, fine.eval(args![a])?);
/// assert_eq!(one.to_bits(), two.to_bits());
/// assert_eq!(LoopSchedule::Dynamic(NonZeroUsize::new(1024)).to_string(), "dynamic,1024");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum LoopSchedule {
    /// The library's own.
    #[default]
    Auto,
    /// Shares are fixed before the first task is begun.
    Static(Option<NonZeroUsize>),
    /// Each takes one chunk after another.
    Dynamic(Option<NonZeroUsize>),
    /// The same with pieces that become shorter.
    Guided(Option<NonZeroUsize>),
}

impl LoopSchedule {
    /// The chunk, in elements, if one is asked for.
    pub fn chunk(self) -> Option<usize> {
        match self {
            LoopSchedule::Auto => None,
            LoopSchedule::Static(chunk) | LoopSchedule::Dynamic(chunk) | LoopSchedule::Guided(chunk) => {
                chunk.map(NonZeroUsize::get)
            }
        }
    }
}

impl fmt::Display for LoopSchedule {
    /// As OpenMP writes it: `dynamic,4096`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            LoopSchedule::Auto => "auto",
            LoopSchedule::Static(_) => "static",
            LoopSchedule::Dynamic(_) => "dynamic",
            LoopSchedule::Guided(_) => "guided",
        })?;
        self.chunk().map_or(Ok(()), |chunk| write!(f, ",{chunk}"))
    }
}

/// Tasks that are dealt out.
pub struct Deal {
    schedule: LoopSchedule,
    tasks: usize,
    /// How many of them a piece has at least.
    chunk: usize,
    threads: usize,
    /// The next task; of a static schedule the next share.
    next: AtomicUsize,
}

/// Pieces of equal length, some apart: a thread's share of a static schedule, or a single piece.
pub struct Pieces {
    next: Range<usize>,
    end: usize,
    apart: usize,
}

impl Deal {
    /// So many tasks for so many threads, in pieces of no fewer than `chunk` of them, if that is given.
    pub fn new(schedule: LoopSchedule, tasks: usize, chunk: Option<usize>, threads: usize) -> Deal {
        let threads = threads.max(1);
        let fair = tasks.div_ceil(threads);
        let chunk = match (schedule, chunk) {
            (_, Some(chunk)) => chunk,
            (LoopSchedule::Static(_), None) => fair,
            (_, None) => 1,
        };
        Deal { schedule, tasks, chunk: chunk.clamp(1, tasks.max(1)), threads, next: AtomicUsize::new(0) }
    }

    /// For how many threads there is work.
    pub fn wants(&self) -> usize {
        self.tasks.div_ceil(self.chunk).min(self.threads)
    }

    /// Whether there is something left to take.
    pub fn has_more(&self) -> bool {
        self.next.load(Ordering::Relaxed) < if self.is_static() { self.wants() } else { self.tasks }
    }

    fn is_static(&self) -> bool {
        matches!(self.schedule, LoopSchedule::Static(_))
    }

    /// The next piece, or share.
    pub fn take(&self) -> Option<Pieces> {
        if self.is_static() {
            let share = self.next.fetch_add(1, Ordering::Relaxed);
            return (share < self.wants()).then(|| self.share(share));
        }
        let left = |start: usize| self.tasks.checked_sub(start).filter(|&left| left > 0);
        let end = |start: usize| {
            let piece = left(start).map(|left| match self.schedule {
                LoopSchedule::Auto => left.div_ceil(2 * self.threads).max(self.chunk),
                LoopSchedule::Guided(_) => left.div_ceil(self.threads).max(self.chunk),
                LoopSchedule::Static(_) | LoopSchedule::Dynamic(_) => self.chunk,
            });
            piece.map(|piece| self.tasks.min(start + piece))
        };
        let start = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end).ok()?;
        let end = end(start)?;
        Some(Pieces { next: start..end, end, apart: self.tasks })
    }

    /// A thread's share of a static schedule: without a chunk one piece, all of which are as long to within one task.
    fn share(&self, share: usize) -> Pieces {
        if self.schedule.chunk().is_none() {
            let at = |share: usize| (self.tasks as u128 * share as u128 / self.wants() as u128) as usize;
            let piece = at(share)..at(share + 1);
            return Pieces { end: piece.end, next: piece, apart: self.tasks };
        }
        let start = share * self.chunk;
        Pieces { next: start..start + self.chunk, end: self.tasks, apart: self.chunk.saturating_mul(self.threads) }
    }
}

impl Iterator for Pieces {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let Range { start, end } = self.next;
        if start >= self.end {
            return None;
        }
        self.next = start.saturating_add(self.apart)..end.saturating_add(self.apart);
        Some(start..end.min(self.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(chunk: usize) -> Option<NonZeroUsize> {
        NonZeroUsize::new(chunk)
    }

    /// All pieces in the order in which one thread that takes all of them has them.
    fn dealt(schedule: LoopSchedule, tasks: usize, chunk: Option<usize>, threads: usize) -> Vec<Vec<Range<usize>>> {
        let deal = Deal::new(schedule, tasks, chunk, threads);
        let shares: Vec<Vec<_>> = std::iter::from_fn(|| deal.take()).map(Iterator::collect).collect();
        assert!(!deal.has_more() && deal.take().is_none());
        shares
    }

    /// The same as text: pieces of a share after each other, shares apart.
    fn shown(schedule: LoopSchedule, tasks: usize, chunk: Option<usize>, threads: usize) -> String {
        let pieces = |share: &Vec<Range<usize>>| share.iter().map(|piece| format!("{piece:?}")).collect::<Vec<_>>();
        let shares = dealt(schedule, tasks, chunk, threads);
        shares.iter().map(|share| pieces(share).join("+")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn pieces_of_each_schedule() {
        assert_eq!(shown(LoopSchedule::Static(None), 10, None, 4), "0..2 2..5 5..7 7..10");
        assert_eq!(shown(LoopSchedule::Static(some(9)), 7, Some(2), 2), "0..2+4..6 2..4+6..7");
        assert_eq!(shown(LoopSchedule::Dynamic(None), 3, None, 2), "0..1 1..2 2..3");
        assert_eq!(shown(LoopSchedule::Dynamic(some(9)), 5, Some(2), 2), "0..2 2..4 4..5");
        assert_eq!(shown(LoopSchedule::Guided(None), 10, None, 2), "0..5 5..8 8..9 9..10");
        assert_eq!(shown(LoopSchedule::Guided(some(9)), 10, Some(3), 2), "0..5 5..8 8..10");
        assert_eq!(shown(LoopSchedule::Auto, 8, None, 2), "0..2 2..4 4..5 5..6 6..7 7..8");
        assert_eq!(shown(LoopSchedule::Auto, 8, Some(100), 2), "0..8");
        assert_eq!(shown(LoopSchedule::Static(None), 0, None, 2), "");
    }

    #[test]
    fn every_task_is_dealt_once() {
        let chunks = [None, Some(1), Some(3), Some(1000), Some(usize::MAX)];
        for tasks in [0, 1, 2, 7, 64, 101] {
            for (chunk, threads) in chunks.into_iter().flat_map(|chunk| [1, 2, 7, 200].map(|n| (chunk, n))) {
                let given = chunk.and_then(some);
                let kinds = [LoopSchedule::Static(given), LoopSchedule::Dynamic(given), LoopSchedule::Guided(given)];
                for schedule in kinds.into_iter().chain([LoopSchedule::Auto]) {
                    let pieces = dealt(schedule, tasks, chunk, threads).into_iter().flatten();
                    let mut all: Vec<usize> = pieces.flatten().collect();
                    all.sort_unstable();
                    assert!(all.into_iter().eq(0..tasks), "{schedule} {tasks} {threads}");
                }
            }
        }
    }

    #[test]
    fn a_chunk_of_nothing_is_none() {
        assert_eq!(LoopSchedule::Dynamic(NonZeroUsize::new(0)).chunk(), None);
        let shown = [LoopSchedule::Auto, LoopSchedule::Static(None), LoopSchedule::Guided(some(64))];
        assert_eq!(shown.map(|schedule| schedule.to_string()), ["auto", "static", "guided,64"]);
    }
}
