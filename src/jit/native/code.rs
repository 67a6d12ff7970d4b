//! Machine code that runs: its memory, the way into it, and a kernel made of it.
//!
//! Comes in: finished code without relocations. Goes out: a [`Native`] that runs it. Always holds: a page is writable or
//! executable, never both, and once executable it is never written again, for another thread may be running in it; the
//! pages go back to the system with the kernel's last user.

use std::ops::Range;
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};

use cranelift_codegen::ir::{AbiParam, Signature, types};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Module, ModuleError, default_libcall_names};

use super::padded::Padded;
#[cfg(all(unix, target_arch = "x86_64"))]
use super::pages::Pages;
use super::past_cache;
use crate::jit::signals::Signals;
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
    signals: *const Signals,
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
enum Memory {
    /// What Cranelift made.
    Module(Box<Mutex<Option<JITModule>>>),
    /// Pages of its own, which takes less time.
    #[cfg(all(unix, target_arch = "x86_64"))]
    Pages(Mutex<Pages>),
}

impl Memory {
    fn module(isa: &OwnedTargetIsa) -> Memory {
        #[cfg_attr(not(all(unix, target_arch = "x86_64")), allow(unused_mut))]
        let mut builder = JITBuilder::with_isa(isa.clone(), default_libcall_names());
        #[cfg(all(unix, target_arch = "x86_64"))]
        builder.memory_provider(Box::<Pages>::default());
        Memory::Module(Box::new(Mutex::new(Some(JITModule::new(builder)))))
    }

    /// Copies position-independent code into fresh executable memory.
    fn add(&self, code: &[u8]) -> Result<Function, Unsupported> {
        let start = match self {
            Memory::Module(module) => Self::add_to_module(module, code)?,
            #[cfg(all(unix, target_arch = "x86_64"))]
            Memory::Pages(pages) => {
                let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
                pages.add(code).map_err(|e| Unsupported(format!("no executable memory: {e}")))?
            }
        };
        // SAFETY: at `start` stands what the caller gives as a function of this type, made for this CPU and for any place.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(start) };
        Ok(Function { entry, len: code.len() })
    }

    fn add_to_module(module: &Mutex<Option<JITModule>>, code: &[u8]) -> Result<*const u8, Unsupported> {
        let mut module = module.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(module) = module.as_mut() else { return Err(Unsupported("its memory is gone".into())) };
        let refused = |e: ModuleError| Unsupported(format!("no executable memory: {e}"));
        let id = module.declare_anonymous_function(&signature(module.isa())).map_err(refused)?;
        module.define_function_bytes(id, ALIGNED, code, &[]).map_err(refused)?;
        module.finalize_definitions().map_err(refused)?;
        Ok(module.get_finalized_function(id))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // (Pages go by themselves.)
        #[cfg_attr(not(all(unix, target_arch = "x86_64")), allow(irrefutable_let_patterns))]
        if let Memory::Module(module) = self
            && let Some(module) = module.get_mut().unwrap_or_else(PoisonError::into_inner).take()
        {
            // SAFETY: the functions are fields of the same `Native`, and its methods, which alone call them and hand out their
            // bytes, borrow it: none is running, and none is called any more.
            unsafe { module.free_memory() }
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
    /// What the addresses of results must be multiples of where they are stored past the cache.
    alignment: usize,
    /// What the code refers to by its address.
    _kept: Kept,
}

/// What code refers to by its address, kept as long as the code.
pub type Kept = Option<Box<dyn std::any::Any + Send + Sync>>;

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
    /// What the addresses of results must be multiples of where these stores go past the cache.
    pub alignment: usize,
}

impl Native {
    /// Puts code where it can run. That it is the kernel's is the generator's business, as that an instruction is the right one.
    ///
    /// # Errors
    /// Where the system grants no executable memory.
    pub fn new(isa: &OwnedTargetIsa, finished: Finished) -> Result<Native, Unsupported> {
        Native::within(Memory::module(isa), finished, None)
    }

    /// The same, in pages of the kernel's own, of code that refers to what is kept.
    ///
    /// # Errors
    /// Where the system grants no executable memory.
    #[cfg(all(unix, target_arch = "x86_64"))]
    pub fn in_pages(finished: Finished, kept: Kept) -> Result<Native, Unsupported> {
        Native::within(Memory::Pages(Mutex::default()), finished, kept)
    }

    fn within(memory: Memory, finished: Finished, kept: Kept) -> Result<Native, Unsupported> {
        let Finished { code, constants, stores, padded, lengths, alignment } = finished;
        let plain = memory.add(code)?;
        let past_cache = OnceLock::new();
        Ok(Native { plain, past_cache, memory, stores, constants, padded, lengths, alignment, _kept: kept })
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
                    call.signals,
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
        self.past_cache().map(|_| self.alignment)
    }

    unsafe fn run_past_cache(&self, call: &Call) {
        // SAFETY: as the caller promises, which is all that the stores of that form need besides.
        unsafe { self.enter(self.past_cache().unwrap_or(&self.plain), call) }
    }

    fn code(&self) -> Option<&[u8]> {
        Some(self.bytes())
    }
}
