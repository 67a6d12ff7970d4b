//! What is done with a working set: read, written, copied, computed with, or walked through in an order that nobody can guess.

use tilexpr::{EvalError, Expr, args};

use super::pages;
use crate::common::cli::Failure;
use crate::common::random::Random;

/// Adds up numbers. Sixteen sums side by side, so that no addition waits for the one before: what limits it is the reading.
pub fn read(x: &[f64]) -> f64 {
    let mut sums = [0.0; 16];
    let (chunks, rest) = x.as_chunks::<16>();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    sums.iter().chain(rest).sum()
}

/// Overwrites numbers. A cache line that is far away is fetched first, though all of it is about to be overwritten.
pub fn write(x: &mut [f64], value: f64) {
    x.fill(value);
}

/// Copies one half to the other: the system's `memcpy`, which may write past the caches where the copy is long.
pub fn copy(x: &mut [f64]) {
    let (from, to) = x.split_at_mut(x.len() / 2);
    to[..from.len()].copy_from_slice(from);
}

/// `a*b + c` of three quarters into the fourth, as one fused loop.
pub fn fused(x: &mut [f64], formula: &Expr) -> Result<(), EvalError> {
    let n = x.len() / 4;
    let (read, written) = x.split_at_mut(3 * n);
    formula.eval_into(args![a = &read[..n], b = &read[n..2 * n], c = &read[2 * n..]], &mut written[..n])
}

/// A cache line that holds the place of the next one.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line {
    next: usize,
}

/// Lines that form one cycle in a random order. The next address is known only when the line before has arrived, so nothing
/// can be fetched ahead: the time of a step is the time that memory takes to answer.
pub struct Chain {
    memory: Vec<Line>,
    /// The first line that is used: a huge page begins there.
    from: usize,
    length: usize,
}

impl Chain {
    /// Room for chains of up to so many bytes, in pages of 4 KiB or, where the system has them, of 2 MiB.
    pub fn new(bytes: usize, huge: bool) -> Result<Chain, Failure> {
        let lines = (bytes + pages::HUGE) / size_of::<Line>();
        let mut memory = Vec::new();
        memory.try_reserve_exact(lines)?;
        pages::advise(memory.spare_capacity_mut(), huge);
        memory.resize(lines, Line { next: 0 });
        let from = memory.as_ptr().align_offset(pages::HUGE).min(lines);
        Ok(Chain { memory, from, length: 0 })
    }

    /// Links the lines of so many bytes. (Sattolo's shuffle: of all permutations those with one cycle, equally likely.)
    pub fn link(&mut self, bytes: usize) {
        self.length = (bytes / size_of::<Line>()).min(self.memory.len() - self.from);
        let random = Random::new(self.length as u64);
        let lines = self.lines_mut();
        for (i, line) in lines.iter_mut().enumerate() {
            line.next = i;
        }
        for i in (1..lines.len()).rev() {
            lines.swap(i, random.below(i as u64, i as u64) as usize);
        }
    }

    /// The number of lines.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Goes so many steps from a line, and gives the one it has come to.
    pub fn walk(&self, from: usize, steps: usize) -> usize {
        let lines = &self.memory[self.from..self.from + self.length];
        let mut at = from;
        for _ in 0..steps {
            at = lines[at].next;
        }
        at
    }

    /// Steps until the first line is there again.
    pub fn cycle(&self) -> usize {
        let mut at = self.walk(0, 1);
        let mut steps = 1;
        while at != 0 {
            at = self.walk(at, 1);
            steps += 1;
        }
        steps
    }

    fn lines_mut(&mut self) -> &mut [Line] {
        &mut self.memory[self.from..self.from + self.length]
    }
}
