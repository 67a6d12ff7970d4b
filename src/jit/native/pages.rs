//! Pages for code, from a stock that is mapped in one call, and given back one by one, so that mapping costs a kernel little. (On
//! other CPUs than x86 code must be made visible to the cores, and cranelift-jit's own memory does that.)
//!
//! Comes in: bytes of code. Goes out: where they can run. Always holds: a page is writable or executable, never both, and once executable
//! it is never written again.

use std::io::{Error, ErrorKind, Result};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

use cranelift_jit::{BranchProtection, JITMemoryKind, JITMemoryProvider};
use cranelift_module::{ModuleError, ModuleResult};

/// Bytes that are mapped at once.
const STOCK: usize = 64 << 10;
/// Bytes of a page of this CPU.
const PAGE: usize = 4096;

/// Writable pages that are in no use yet.
static REST: Mutex<Option<Map>> = Mutex::new(None);

/// Whole pages that nothing else refers to.
struct Map {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the pages belong to the value alone, like those of a box.
unsafe impl Send for Map {}

impl Map {
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
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // (Touched all at once where the system can: that costs less than page by page.)
        #[cfg(target_os = "linux")]
        let kind = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_POPULATE;
        #[cfg(not(target_os = "linux"))]
        let kind = libc::MAP_PRIVATE | libc::MAP_ANON;
        // SAFETY: a new mapping at a place of the system's choice disturbs nothing.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, access, kind, -1, 0) };
        match NonNull::new(start.cast::<u8>()) {
            Some(at) if start != libc::MAP_FAILED => Ok(Map { start: at, len }),
            _ => Err(Error::last_os_error()),
        }
    }
}

impl Map {
    /// No more writable from here on.
    fn make_executable(&self) -> Result<()> {
        let access = libc::PROT_READ | libc::PROT_EXEC;
        // SAFETY: whole pages of this value's own, which have been written, and are written no more.
        match unsafe { libc::mprotect(self.start.as_ptr().cast(), self.len, access) } {
            0 => Ok(()),
            _ => Err(Error::last_os_error()),
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: the pages are this value's own, whole ones, and nothing else refers to them: who drops a module, or frees
            // its memory, has given up its functions.
            unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
        }
    }
}

/// The pages of a kernel. Those of one function hold no other, so none is written to that can be executed.
#[derive(Default)]
pub struct Pages {
    maps: Vec<Map>,
    /// How many of them have been made executable.
    executable: usize,
}

impl Pages {
    /// Copies code to where it can run.
    pub fn add(&mut self, code: &[u8]) -> Result<*const u8> {
        let map = Map::take(code.len().max(1).next_multiple_of(PAGE))?;
        // SAFETY: the pages are this value's own, writable, and at least as long as the code.
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), map.start.as_ptr(), code.len()) };
        map.make_executable()?;
        let start = map.start.as_ptr().cast_const();
        self.maps.push(map);
        self.executable = self.maps.len();
        Ok(start)
    }
}

impl JITMemoryProvider for Pages {
    fn allocate(&mut self, size: usize, align: u64, kind: JITMemoryKind) -> Result<*mut u8> {
        if !matches!(kind, JITMemoryKind::Executable) || align > PAGE as u64 {
            return Err(ErrorKind::Unsupported.into());
        }
        let map = Map::take(size.max(1).next_multiple_of(PAGE))?;
        let start = map.start.as_ptr();
        self.maps.push(map);
        Ok(start)
    }

    unsafe fn free_memory(&mut self) {
        self.maps.clear();
        self.executable = 0;
    }

    fn finalize(&mut self, _: BranchProtection) -> ModuleResult<()> {
        for map in &self.maps[self.executable..] {
            map.make_executable().map_err(|err| ModuleError::Allocation { err })?;
        }
        self.executable = self.maps.len();
        Ok(())
    }
}
