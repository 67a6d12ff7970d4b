//! Memory between pages that cannot be touched, and the run of a kernel in it: a read or write past either end kills the
//! test. (Where there are no such pages, plain memory.)

use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use super::Case;
use super::layout::block_of;
use crate::ir::OperandId;
use crate::ir::random::reach;
use crate::jit::signals::Signals;
use crate::jit::{Call, Compiled};

/// Which end of a block lies at a guard page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flush {
    Start,
    End,
}

/// A block of bytes that begins or ends right at a page that cannot be touched.
pub struct Guarded {
    /// All of the memory, the guard pages included.
    map: *mut u8,
    mapped: usize,
    start: *mut u8,
    len: usize,
}

#[cfg(all(unix, not(miri)))]
mod system {
    /// Fresh memory of so many bytes at least, zeros, between two guard pages: where all of it begins, its size, and the
    /// part that can be used.
    pub fn map(bytes: usize) -> (*mut u8, usize, [usize; 2]) {
        // SAFETY: it takes no pointers.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let inside = bytes.max(1).next_multiple_of(page);
        let mapped = inside + 2 * page;
        let (access, kind) = (libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANON);
        // SAFETY: a new mapping at a place of the system's choice disturbs nothing.
        let map = unsafe { libc::mmap(std::ptr::null_mut(), mapped, access, kind, -1, 0) };
        assert_ne!(map, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
        let map = map.cast::<u8>();
        let first = map.wrapping_add(page);
        // SAFETY: these are whole pages of the new mapping.
        let opened = unsafe { libc::mprotect(first.cast(), inside, libc::PROT_READ | libc::PROT_WRITE) };
        assert_eq!(opened, 0, "{}", std::io::Error::last_os_error());
        (map, mapped, [page, inside])
    }

    /// # Safety
    /// `map` gave these, once, and nothing refers to the memory any more.
    pub unsafe fn unmap(map: *mut u8, mapped: usize) {
        // SAFETY: as the caller promises.
        unsafe { libc::munmap(map.cast(), mapped) };
    }
}

#[cfg(not(all(unix, not(miri))))]
mod system {
    pub fn map(bytes: usize) -> (*mut u8, usize, [usize; 2]) {
        let bytes = bytes.max(1);
        (Box::leak(vec![0u8; bytes].into_boxed_slice()).as_mut_ptr(), bytes, [0, bytes])
    }

    /// # Safety
    /// `map` gave these, once, and nothing refers to the memory any more.
    pub unsafe fn unmap(map: *mut u8, mapped: usize) {
        // SAFETY: the box that was leaked.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(map, mapped)) });
    }
}

/// Bytes between all blocks and their guard pages, from the environment: for emulators that read what a mask excludes.
fn slack() -> usize {
    static SLACK: OnceLock<usize> = OnceLock::new();
    *SLACK.get_or_init(|| std::env::var("TILEXPR_SLACK").ok().and_then(|bytes| bytes.parse().ok()).unwrap_or(0))
}

impl Guarded {
    /// A block with this content, so many bytes off the guard page.
    ///
    /// # Panics
    /// Where the system gives no memory.
    pub fn new(content: &[u8], flush: Flush, skew: usize) -> Guarded {
        let skew = skew + slack();
        let (map, mapped, [first, inside]) = system::map(content.len() + skew);
        let skip = if flush == Flush::Start { skew } else { inside - content.len() - skew };
        let block = Guarded { map, mapped, start: map.wrapping_add(first + skip), len: content.len() };
        // SAFETY: the block has as many bytes, which can be written and which nothing else refers to.
        unsafe { std::ptr::copy_nonoverlapping(content.as_ptr(), block.start, content.len()) };
        block
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
        // SAFETY: they are this block's own; who has a pointer to it must not use it any more.
        unsafe { system::unmap(self.map, self.mapped) };
    }
}

/// Runs a form of the case's kernel on blocks of their own; gives what they hold then, and the faults.
pub fn run(case: &Case, compiled: &dyn Compiled) -> (Vec<Vec<u8>>, u32) {
    check_reach(case);
    let layout = &case.layout;
    let blocks: Vec<Guarded> =
        case.content.iter().map(|content| Guarded::new(content, case.flush, case.skew)).collect();
    let block = |at: usize| &blocks[block_of(case.kernel, at)];
    let pointers: Vec<*mut u8> =
        layout.zero.iter().enumerate().map(|(at, &zero)| block(at).start.wrapping_offset(zero)).collect();
    let signals = Signals::default();
    let call = Call {
        pointers: &pointers,
        strides: &layout.strides,
        extents: &layout.extents,
        origin: &layout.origin,
        signals: &signals,
    };
    // SAFETY: as `check_reach` has seen, the tables are complete and all elements that the accesses reach lie within the
    // blocks, which are initialised (bools with 0 and 1) and known to nothing else; a case's kernel is the form's.
    unsafe { compiled.run(&call) }
    (blocks.iter().map(Guarded::to_vec).collect(), signals.faults.load(Ordering::Relaxed))
}

/// All that the kernel's accesses reach lies in the blocks.
fn check_reach(case: &Case) {
    let (kernel, layout) = (case.kernel, &case.layout);
    assert!(layout.extents.len() == kernel.loops() && layout.origin.len() == kernel.loops());
    assert!(layout.strides.len() == kernel.stride_count() && layout.zero.len() == kernel.operands.len());
    let bases = kernel.stride_bases();
    'operands: for (at, operand) in kernel.operands.iter().enumerate() {
        let (mut least, mut most) = (layout.zero[at], layout.zero[at]);
        for d in 0..operand.dims.len() {
            let Some((from, to)) = reach(kernel, OperandId(at as u32), d, &layout.extents) else { continue 'operands };
            let stride = layout.strides[bases[at] + d];
            let ends = [from as isize * stride, to as isize * stride];
            least += ends[0].min(ends[1]);
            most += ends[0].max(ends[1]);
        }
        let size = operand.dtype.size() as isize;
        let block = &case.content[block_of(kernel, at)];
        assert!(least >= 0 && most + size <= block.len() as isize, "{}: {layout:?}\n{kernel}", operand.name);
    }
}
