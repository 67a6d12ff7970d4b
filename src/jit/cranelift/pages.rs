//! Memory for machine code.
//!
//! Always holds: a page is writable or executable, never both, and once executable it is never writable again, for
//! another thread may be running in it. It goes back to the system when its owner is dropped.

use crate::jit::Unsupported;

/// Machine code in executable memory.
#[derive(Debug)]
pub(super) struct Pages {
    map: system::Map,
    len: usize,
}

impl Pages {
    /// Copies position-independent code into fresh executable pages.
    pub fn new(code: &[u8]) -> Result<Pages, Unsupported> {
        let refused = |e: std::io::Error| Unsupported(format!("no executable memory: {e}"));
        let map = system::Map::new(code).map_err(refused)?;
        coherent(map.bytes()).map_err(refused)?;
        Ok(Pages { map, len: code.len() })
    }

    /// The code; its first byte is the entry.
    pub fn code(&self) -> &[u8] {
        &self.map.bytes()[..self.len]
    }
}

/// Pages are taken one kernel after another from a stock that is mapped in one call, and given back one by one.
#[cfg(unix)]
mod system {
    use std::io::{Error, Result};
    use std::ptr::{self, NonNull};
    use std::sync::{LazyLock, Mutex, PoisonError};

    /// Bytes that are mapped at once.
    const STOCK: usize = 64 << 10;

    /// Whole pages that nothing else refers to.
    #[derive(Debug)]
    pub struct Map {
        start: NonNull<u8>,
        len: usize,
    }

    // SAFETY: the pages belong to the value alone, like those of a box.
    unsafe impl Send for Map {}
    // SAFETY: what is shared can only be read.
    unsafe impl Sync for Map {}

    /// Writable pages that are in no use yet.
    static REST: Mutex<Option<Map>> = Mutex::new(None);

    static PAGE: LazyLock<usize> = LazyLock::new(|| {
        // SAFETY: it takes no pointers.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).ok().filter(|size| size.is_power_of_two()).unwrap_or(STOCK)
    });

    impl Map {
        /// Executable pages that begin with this code.
        pub fn new(code: &[u8]) -> Result<Map> {
            let map = Map::take(code.len().max(1).next_multiple_of(*PAGE))?;
            // SAFETY: the pages are writable, at least as long, and `map` is all that refers to them.
            unsafe { map.start.copy_from_nonoverlapping(NonNull::from(code).cast(), code.len()) };
            // SAFETY: they are mapped, and whole pages.
            match unsafe { libc::mprotect(map.start.as_ptr().cast(), map.len, libc::PROT_READ | libc::PROT_EXEC) } {
                0 => Ok(map),
                _ => Err(Error::last_os_error()),
            }
        }

        /// Writable pages from the stock; a new one if too little is left of it.
        fn take(len: usize) -> Result<Map> {
            if len > STOCK / 4 {
                return Map::fresh(len);
            }
            let mut rest = REST.lock().unwrap_or_else(PoisonError::into_inner);
            let mut stock = match rest.take() {
                Some(stock) if stock.len >= len => stock,
                _ => Map::fresh(STOCK)?,
            };
            let taken = Map { start: stock.start, len };
            // SAFETY: at least `len` bytes are left. From here on those belong to `taken`.
            stock.start = unsafe { stock.start.add(len) };
            stock.len -= len;
            *rest = Some(stock);
            Ok(taken)
        }

        /// Writable pages from the system.
        fn fresh(len: usize) -> Result<Map> {
            let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
            // SAFETY: a new mapping at a place of the system's choice disturbs nothing.
            let start = unsafe { libc::mmap(ptr::null_mut(), len, access, kind, -1, 0) };
            match NonNull::new(start.cast::<u8>()) {
                Some(at) if start != libc::MAP_FAILED => Ok(Map { start: at, len }),
                _ => Err(Error::last_os_error()),
            }
        }

        pub fn bytes(&self) -> &[u8] {
            // SAFETY: the pages are mapped and readable as long as `self` lives, and nothing writes to them.
            unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
        }
    }

    impl Drop for Map {
        fn drop(&mut self) {
            if self.len > 0 {
                // SAFETY: the pages are this value's own, whole ones, and nothing else refers to them.
                unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io::Result;

    use memmap2::{Mmap, MmapMut};

    /// A mapping of its own.
    #[derive(Debug)]
    pub struct Map(Mmap);

    impl Map {
        /// Executable pages that begin with this code.
        pub fn new(code: &[u8]) -> Result<Map> {
            let mut map = MmapMut::map_anon(code.len().max(1))?;
            map[..code.len()].copy_from_slice(code);
            map.make_exec().map(Map)
        }

        pub fn bytes(&self) -> &[u8] {
            &self.0
        }
    }
}

/// Makes fresh code visible to instruction fetch, on all cores.
#[cfg(not(target_arch = "x86_64"))]
fn coherent(code: &[u8]) -> std::io::Result<()> {
    use wasmtime_internal_jit_icache_coherence::{clear_cache, pipeline_flush_mt};
    // SAFETY: the range is alive and readable.
    unsafe { clear_cache(code.as_ptr().cast(), code.len())? };
    pipeline_flush_mt()
}

/// x86 keeps instruction fetch coherent with stores by itself.
#[cfg(target_arch = "x86_64")]
fn coherent(_code: &[u8]) -> std::io::Result<()> {
    Ok(())
}
