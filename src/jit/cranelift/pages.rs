//! Memory for machine code.
//!
//! Always holds: a page is writable or executable, never both, and once executable it is never writable again, for
//! another thread may be running in it. It goes back to the system when its owner is dropped.

use memmap2::{Mmap, MmapMut};

use crate::jit::Unsupported;

/// Machine code in executable memory.
#[derive(Debug)]
pub(super) struct Pages {
    map: Mmap,
    len: usize,
}

impl Pages {
    /// Copies position-independent code into fresh executable pages.
    pub fn new(code: &[u8]) -> Result<Pages, Unsupported> {
        let refused = |e: std::io::Error| Unsupported(format!("no executable memory: {e}"));
        let mut map = MmapMut::map_anon(code.len().max(1)).map_err(refused)?;
        map[..code.len()].copy_from_slice(code);
        let map = map.make_exec().map_err(refused)?;
        coherent(&map).map_err(refused)?;
        Ok(Pages { map, len: code.len() })
    }

    /// The code; its first byte is the entry.
    pub fn code(&self) -> &[u8] {
        &self.map[..self.len]
    }
}

/// Makes fresh code visible to instruction fetch, on all cores.
#[cfg(not(target_arch = "x86_64"))]
fn coherent(map: &Mmap) -> std::io::Result<()> {
    use wasmtime_internal_jit_icache_coherence::{clear_cache, pipeline_flush_mt};
    // SAFETY: the range is the mapping itself, which is alive and readable.
    unsafe { clear_cache(map.as_ptr().cast(), map.len())? };
    pipeline_flush_mt()
}

/// x86 keeps instruction fetch coherent with stores by itself.
#[cfg(target_arch = "x86_64")]
fn coherent(_map: &Mmap) -> std::io::Result<()> {
    Ok(())
}
