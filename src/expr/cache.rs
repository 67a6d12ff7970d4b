//! The process-wide cache of compiled texts.
//!
//! Always holds: it keeps at most [`CAPACITY`] texts, each with its kernels; what falls out lives on with the
//! expressions that use it, and its memory goes when the last of them does.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;

use super::core::Core;
use super::options::Options;
use crate::error::CompileError;

/// Texts that are kept.
const CAPACITY: usize = 256;
/// Longer texts are not kept: they may come from anywhere, and the cache must stay small.
const LONGEST: usize = 64 << 10;

#[derive(Default)]
struct Cache {
    /// By text: the compiled forms with different options, each with the time of its last use.
    texts: HashMap<Box<str>, Vec<(u64, Arc<Core>)>>,
    count: usize,
    clock: u64,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

fn lock() -> MutexGuard<'static, Cache> {
    CACHE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The compiled form of a text, from the cache or new.
pub fn get(source: &str, options: &Options) -> Result<Arc<Core>, CompileError> {
    if source.len() > LONGEST {
        return Core::new(source, options).map(Arc::new);
    }
    if let Some(core) = lock().find(source, options) {
        return Ok(core);
    }
    // Compiled without the lock: two threads may do so at once, and the second finds the first one's.
    let core = Arc::new(Core::new(source, options)?);
    let (core, dropped) = lock().insert(source, core);
    // Freeing kernels takes time; not under the lock.
    drop(dropped);
    Ok(core)
}

impl Cache {
    fn find(&mut self, source: &str, options: &Options) -> Option<Arc<Core>> {
        self.clock += 1;
        let (used, core) = self.texts.get_mut(source)?.iter_mut().find(|(_, core)| core.options == *options)?;
        *used = self.clock;
        Some(Arc::clone(core))
    }

    /// Adds a text; gives its form and what had to make room for it.
    fn insert(&mut self, source: &str, core: Arc<Core>) -> (Arc<Core>, Vec<Arc<Core>>) {
        if let Some(first) = self.find(source, &core.options) {
            return (first, vec![core]);
        }
        let dropped = if self.count >= CAPACITY { self.drop_oldest() } else { Vec::new() };
        self.texts.entry(source.into()).or_default().push((self.clock, Arc::clone(&core)));
        self.count += 1;
        (core, dropped)
    }

    /// Takes out the quarter that was used longest ago: seldom, so it may look at all.
    fn drop_oldest(&mut self) -> Vec<Arc<Core>> {
        let mut times: Vec<u64> = self.texts.values().flatten().map(|(used, _)| *used).collect();
        times.sort_unstable();
        let limit = times[times.len() / 4];
        let mut dropped = Vec::new();
        self.texts.retain(|_, forms| {
            dropped.extend(forms.extract_if(.., |(used, _)| *used <= limit).map(|(_, core)| core));
            !forms.is_empty()
        });
        self.count -= dropped.len();
        dropped
    }
}
