//! Runs a schedule: step by step, in memory that the thread keeps.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use super::addresses::{Run, fill};
use super::keep::{Key, Mode};
use super::scratch::{Buffer, KEEP};
use super::threads::Threads;
use super::view::Strided;
use crate::jit::tier::Executor;
use crate::plan::schedule::{Schedule, Step};
use crate::plan::target::Tuning;

/// What a call works in; kept by its thread, so that a call allocates nothing once warm.
#[derive(Default)]
pub struct Workspace {
    /// What its schedule is looked up by.
    pub key: Key,
    /// Its memory.
    memory: Buffer,
}

/// Why a schedule was not run to a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failed {
    /// There is no memory for so many bytes between its passes.
    Memory(usize),
    /// These faults were noted.
    Faults(u32),
}

thread_local! {
    static WORKSPACE: Cell<Option<Box<Workspace>>> = const { Cell::new(None) };
}

/// Runs `f` with this thread's workspace: taken out and put back, so that a call inside a call makes a fresh one.
pub fn with_workspace<R>(f: impl FnOnce(&mut Workspace) -> R) -> R {
    let mut workspace = WORKSPACE.take().unwrap_or_default();
    let result = f(&mut workspace);
    workspace.memory.trim(&mut { KEEP });
    WORKSPACE.set(Some(workspace));
    result
}

impl Workspace {
    /// The key of a call with these arrays, and the sizes of their elements. It is to be given back.
    pub fn key_of<'a, 'b>(
        &mut self,
        mode: Mode,
        threads: &Threads,
        inputs: impl Iterator<Item = (Strided<'a>, usize)>,
        outputs: impl Iterator<Item = (Strided<'b>, usize)>,
    ) -> Key {
        let mut key = std::mem::take(&mut self.key);
        key.set(mode, threads.count(), inputs, outputs);
        key
    }

    /// Runs a schedule on these arrays.
    ///
    /// # Errors
    /// Where there is no memory for what lies between passes, and nothing has been run then; and where the data have no result.
    ///
    /// # Safety
    /// The arrays must lie as the schedule was made for; inputs must be readable, outputs writable, at all their elements and with
    /// the types of the program; outputs must be apart from each other and from the inputs, or be one of these if the schedule was
    /// made for that.
    pub unsafe fn run(
        &mut self,
        schedule: &Schedule,
        [inputs, outputs]: [&[Strided]; 2],
        executor: Executor,
        threads: &Threads,
        tuning: &Tuning,
    ) -> Result<(), Failed> {
        let call = self.memory.try_reserve(schedule.bytes).ok_or(Failed::Memory(schedule.bytes))?;
        let faults = AtomicU32::new(0);
        let (numbers, grain) = (&schedule.numbers, tuning.grain);
        let run = Run { inputs, outputs, call, numbers, executor, threads, grain, faults: &faults };
        for step in &schedule.steps {
            // SAFETY: as the caller promises; a step reads inputs and what earlier ones have left in the call's memory, which is as
            // large as the schedule says.
            unsafe {
                match step {
                    Step::Pass(pass) => run.pass(pass),
                    Step::Fold(fold) => run.fold(fold),
                    Step::Fill { at, value, count } => fill(call.wrapping_add(*at), *value, *count),
                }
            }
        }
        match faults.load(Ordering::Relaxed) {
            0 => Ok(()),
            faults => Err(Failed::Faults(faults)),
        }
    }
}
