//! Memory between pages that cannot be touched: a read or write past either end kills the test.

use std::io;

/// A block of bytes that begins or ends right at a page that cannot be touched.
pub struct Guarded {
    /// The whole mapping, the guard pages included.
    map: *mut libc::c_void,
    mapped: usize,
    start: *mut u8,
    len: usize,
}

/// Which end of a block lies at a guard page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flush {
    Start,
    End,
}

impl Guarded {
    /// A block with this content.
    pub fn new(content: &[u8], flush: Flush) -> io::Result<Guarded> {
        // SAFETY: sysconf has no preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let inside = content.len().max(1).next_multiple_of(page);
        let mapped = inside + 2 * page;
        // SAFETY: a new private mapping, which nothing else knows.
        let map = unsafe {
            libc::mmap(std::ptr::null_mut(), mapped, libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANON, -1, 0)
        };
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let first = map.cast::<u8>().wrapping_add(page);
        let skip = if flush == Flush::Start { 0 } else { inside - content.len() };
        let block = Guarded { map, mapped, start: first.wrapping_add(skip), len: content.len() };
        // SAFETY: these are whole pages of the mapping.
        if unsafe { libc::mprotect(first.cast(), inside, libc::PROT_READ | libc::PROT_WRITE) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the block has as many bytes, and they can be written now.
        unsafe { std::ptr::copy_nonoverlapping(content.as_ptr(), block.start, content.len()) };
        Ok(block)
    }

    /// Its first byte.
    pub fn start(&self) -> *mut u8 {
        self.start
    }

    /// What it holds now.
    pub fn to_vec(&self) -> Vec<u8> {
        // SAFETY: the block has that many bytes; they are initialised, and nothing writes them during this call.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }.to_vec()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping is this block's own.
        unsafe { libc::munmap(self.map, self.mapped) };
    }
}
