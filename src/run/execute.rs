//! Runs a schedule: step by step, in memory that the thread keeps.

use std::cell::Cell;

use super::keep::{Asked, Key, Mode};
use super::pass::{Done, Run};
use super::scratch::{Buffer, KEEP};
use super::settings::Settings;
use super::stop::Failed;
use crate::array::view::{Strided, Vouch};
use crate::jit::signals::{Signals, Watch};
use crate::plan::schedule::Schedule;

/// What a call works in; kept by its thread, so that a call allocates nothing once warm.
#[derive(Default)]
pub struct Workspace {
    /// What its schedule is looked up by.
    pub key: Key,
    /// Its memory.
    memory: Buffer,
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
        asked: Asked,
        inputs: impl Iterator<Item = (Strided<'a>, usize)>,
        outputs: impl Iterator<Item = (Strided<'b>, usize)>,
    ) -> Key {
        let mut key = std::mem::take(&mut self.key);
        key.set(mode, asked, inputs, outputs);
        key
    }

    /// Runs a schedule on these arrays.
    ///
    /// # Errors
    /// Where there is no memory for what lies between passes, and nothing has been run then; where the data have no result; and
    /// where the call was ended before its time.
    ///
    /// The arrays, for which the caller vouches, must lie as the schedule was made for.
    pub fn run(
        &mut self,
        schedule: &Schedule,
        [inputs, outputs]: [&[Strided]; 2],
        settings: Settings,
        vouch: Vouch,
    ) -> Result<Done, Failed> {
        let call = self.memory.try_reserve(schedule.bytes).ok_or(Failed::Memory(schedule.bytes))?;
        let signals = Signals::new(settings.stop.map(|stop| stop as &dyn Watch));
        let (numbers, grain) = (&schedule.numbers, settings.tuning.grain);
        let (outer, executor, team) = (std::ptr::null_mut(), settings.executor, settings.team());
        let run = Run { inputs, outputs, call, outer, numbers, executor, team, grain, signals: &signals };
        run.steps(schedule, vouch)
    }
}
