//! The size of the pages of some memory, where the system lets a program choose (Linux).

use std::mem::MaybeUninit;

/// The bytes of a huge page on x86-64, and on most others with pages of 4 KiB.
pub const HUGE: usize = 2 << 20;

/// Asks for huge pages, or for none, in memory that nothing has been written to yet. The system is free not to listen.
pub fn advise<T>(memory: &mut [MaybeUninit<T>], huge: bool) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let all = memory.as_mut_ptr_range();
        let (from, to) = ((all.start as usize).next_multiple_of(PAGE), all.end as usize / PAGE * PAGE);
        let advice = if huge { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE };
        if from < to {
            // SAFETY: whole pages of memory that is borrowed here; neither piece of advice changes what is in it.
            unsafe { libc::madvise(from as *mut libc::c_void, to - from, advice) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (memory, huge);
}

/// Bytes of this process that lie in huge pages; 0 where that is not known.
pub fn in_huge_pages() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("AnonHugePages:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}
