//! Machine code that runs: its memory, the way into it, and a kernel made of it.
//!
//! Comes in: finished code without relocations. Goes out: a [`Native`] that runs it. Always holds: a page is writable or
//! executable, never both, and once executable it is never written again, for another thread may be running in it; the
//! pages go back to the system with the kernel's last user.

use std::ops::Range;
use std::ptr;
use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, OnceLock, PoisonError};

use cranelift_codegen::ir::{AbiParam, Signature, types};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Module, ModuleError, default_libcall_names};

use super::padded::Padded;
use super::past_cache;
use crate::jit::{Call, Compiled, Unsupported};

/// A constant as code reads it.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct Constant(pub [u8; 16]);

/// What code takes: the fields of a [`Call`], and the constants.
type Entry = unsafe extern "C" fn(
    pointers: *const *mut u8,
    strides: *const isize,
    extents: *const usize,
    origin: *const i64,
    faults: *const AtomicU32,
    constants: *const Constant,
);

/// The signature of [`Entry`], as the code generator has it.
pub fn signature(isa: &dyn TargetIsa) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params.extend([AbiParam::new(types::I64); 6]);
    signature
}

/// Bytes to whose multiples functions are aligned.
const ALIGNED: u64 = 64;

/// The owner of a kernel's functions.
struct Memory(Mutex<Option<JITModule>>);

impl Memory {
    fn new(isa: &OwnedTargetIsa) -> Memory {
        #[cfg_attr(not(all(unix, target_arch = "x86_64")), allow(unused_mut))]
        let mut builder = JITBuilder::with_isa(isa.clone(), default_libcall_names());
        #[cfg(all(unix, target_arch = "x86_64"))]
        builder.memory_provider(Box::<stock::Pages>::default());
        Memory(Mutex::new(Some(JITModule::new(builder))))
    }

    /// Copies position-independent code into fresh executable memory.
    fn add(&self, code: &[u8]) -> Result<Function, Unsupported> {
        let mut module = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(module) = module.as_mut() else { return Err(Unsupported("its memory is gone".into())) };
        let refused = |e: ModuleError| Unsupported(format!("no executable memory: {e}"));
        let id = module.declare_anonymous_function(&signature(module.isa())).map_err(refused)?;
        module.define_function_bytes(id, ALIGNED, code, &[]).map_err(refused)?;
        module.finalize_definitions().map_err(refused)?;
        let start = module.get_finalized_function(id);
        // SAFETY: at `start` stands what the caller gives as a function of this type, made for this CPU and for any place.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(start) };
        Ok(Function { entry, len: code.len() })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(module) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            // SAFETY: the functions are fields of the same `Native`, and its methods, which alone call them and hand out their
            // bytes, borrow it: none is running, and none is called any more.
            unsafe { module.free_memory() }
        }
    }
}

/// Pages for the code of a module, from a stock that is mapped in one call, and given back one by one, so that mapping costs
/// a kernel little. (On other CPUs than x86 code must be made visible to the cores, and
/// cranelift-jit's own memory does that.)
#[cfg(all(unix, target_arch = "x86_64"))]
mod stock {
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
            let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
            // SAFETY: a new mapping at a place of the system's choice disturbs nothing.
            let start = unsafe { libc::mmap(ptr::null_mut(), len, access, kind, -1, 0) };
            match NonNull::new(start.cast::<u8>()) {
                Some(at) if start != libc::MAP_FAILED => Ok(Map { start: at, len }),
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

    /// The pages of a module. Those of one function hold no other, so none is written to that can be executed.
    #[derive(Default)]
    pub struct Pages {
        maps: Vec<Map>,
        /// How many of them have been made executable.
        executable: usize,
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
                // SAFETY: whole pages of this value's own, which the module has written, and writes no more.
                let done =
                    unsafe { libc::mprotect(map.start.as_ptr().cast(), map.len, libc::PROT_READ | libc::PROT_EXEC) };
                if done != 0 {
                    return Err(ModuleError::Allocation { err: Error::last_os_error() });
                }
            }
            self.executable = self.maps.len();
            Ok(())
        }
    }
}

/// A function in the memory of the same [`Native`].
struct Function {
    entry: Entry,
    len: usize,
}

/// A kernel as machine code.
pub struct Native {
    plain: Function,
    /// The form that stores past the cache, once it has been asked for; `None` if there is none.
    past_cache: OnceLock<Option<Function>>,
    memory: Memory,
    /// Where the code's stores of whole vectors are, if those can go past the cache.
    stores: Box<[Range<usize>]>,
    constants: Box<[Constant]>,
    /// How it is run, if it has whole steps alone.
    padded: Option<Padded>,
    /// The least lengths of a call's pointers, strides and extents.
    lengths: [usize; 3],
}

/// What a generator makes of a kernel.
pub struct Finished<'a> {
    /// Machine code without relocations; its first byte is the entry of a function of the signature [`signature`].
    pub code: &'a [u8],
    /// What it reads through its last argument.
    pub constants: Box<[Constant]>,
    /// Where its stores of whole vectors are, if those can go past the cache.
    pub stores: Box<[Range<usize>]>,
    /// How it is run, if it has whole steps alone.
    pub padded: Option<Padded>,
    /// The least lengths of a call's pointers, strides and extents.
    pub lengths: [usize; 3],
}

impl Native {
    /// Puts code where it can run. That it is the kernel's is the generator's business, as that an instruction is the right one.
    ///
    /// # Errors
    /// Where the system grants no executable memory.
    pub fn new(isa: &OwnedTargetIsa, finished: Finished) -> Result<Native, Unsupported> {
        let Finished { code, constants, stores, padded, lengths } = finished;
        let memory = Memory::new(isa);
        let plain = memory.add(code)?;
        Ok(Native { plain, past_cache: OnceLock::new(), memory, stores, constants, padded, lengths })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: that many bytes of code lie there, readable and never written, as long as `self` lives.
        unsafe { std::slice::from_raw_parts(self.plain.entry as *const u8, self.plain.len) }
    }

    fn past_cache(&self) -> Option<&Function> {
        let make = || self.memory.add(&past_cache::rewrite(self.bytes(), &self.stores)?).ok();
        self.past_cache.get_or_init(make).as_ref()
    }

    /// # Safety
    /// As for [`Compiled::run`]; `function` must be one of this kernel's own.
    unsafe fn enter(&self, function: &Function, call: &Call) {
        let [pointers, strides, loops] = self.lengths;
        debug_assert!(call.pointers.len() >= pointers && call.strides.len() >= strides);
        debug_assert!(call.extents.len() >= loops && call.origin.len() >= loops);
        if call.extents.contains(&0) {
            return;
        }
        let steps = |call: &Call| {
            // SAFETY: the function was made of this kernel and is alive with `self`. The tables have the lengths that it reads,
            // all elements that its accesses reach are valid, by the promise of the caller, or of `padded` where the call is
            // one of its own; the constants are those that the code was made with.
            unsafe {
                (function.entry)(
                    call.pointers.as_ptr(),
                    call.strides.as_ptr(),
                    call.extents.as_ptr(),
                    call.origin.as_ptr(),
                    call.faults,
                    self.constants.as_ptr(),
                );
            }
        };
        match &self.padded {
            // SAFETY: `padded` copies between points of the call, valid by the promise of the caller, and its buffers.
            Some(padded) => {
                padded.run(call, steps, |from, to, size| unsafe { ptr::copy_nonoverlapping(from, to, size) })
            }
            None => steps(call),
        }
    }
}

impl Compiled for Native {
    unsafe fn run(&self, call: &Call) {
        // SAFETY: as the caller promises.
        unsafe { self.enter(&self.plain, call) }
    }

    fn past_cache_alignment(&self) -> Option<usize> {
        self.past_cache().map(|_| past_cache::ALIGNMENT)
    }

    unsafe fn run_past_cache(&self, call: &Call) {
        // SAFETY: as the caller promises, which is all that the stores of that form need besides.
        unsafe { self.enter(self.past_cache().unwrap_or(&self.plain), call) }
    }

    fn code(&self) -> Option<&[u8]> {
        Some(self.bytes())
    }
}
