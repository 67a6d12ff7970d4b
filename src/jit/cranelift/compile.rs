//! From a kernel to code in pages.
//!
//! Comes in: a kernel that the verifier accepts. Goes out: a [`Native`] that runs it. Always holds: the code has no
//! relocations, so it runs wherever it is copied; a failure of the code generator, even a panic in it, is
//! `Unsupported`.

use std::cell::RefCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::emit::Emitter;
use super::isa::Target;
use super::lanes::PART;
use super::padded::Padded;
use super::pages::Pages;
use super::past_cache;
use super::shape::Shape;
use crate::ir::Kernel;
use crate::jit::crowded::crowded;
use crate::jit::{Call, Compiled, Unsupported};

/// The allocations of a code generator, kept for the next kernel.
struct Scratch {
    context: Context,
    builder: FunctionBuilderContext,
}

thread_local! {
    static SCRATCH: RefCell<Option<Box<Scratch>>> = const { RefCell::new(None) };
}

/// Bytes of stack that code may take: an eighth of what Rust gives a thread. The values of some ten thousand operations, if
/// all of them wait for others.
const LARGEST_FRAME: u32 = 256 << 10;

/// A constant as code reads it.
#[repr(C, align(16))]
struct Constant([u8; PART]);

/// What generated code takes: the fields of a [`Call`], and the constants.
type Entry = unsafe extern "C" fn(
    pointers: *const *mut u8,
    strides: *const isize,
    extents: *const usize,
    origin: *const i64,
    faults: *const AtomicU32,
    constants: *const Constant,
);

/// A kernel as native code.
pub(super) struct Native {
    pages: Pages,
    /// Where the code's stores of whole vectors are, if it has no other stores of many points.
    stores: Box<[Range<usize>]>,
    /// The form that stores past the cache, once it has been asked for; `None` if there is none.
    past_cache: OnceLock<Option<Pages>>,
    constants: Box<[Constant]>,
    /// How it is run, if it has whole steps alone.
    padded: Option<Padded>,
    operands: usize,
    strides: usize,
    loops: usize,
}

impl Native {
    fn past_cache(&self) -> Option<&Pages> {
        let make = || past_cache::rewrite(self.pages.code(), &self.stores).and_then(|code| Pages::new(&code).ok());
        self.past_cache.get_or_init(make).as_ref()
    }

    /// # Safety
    /// As for [`Compiled::run`]; `pages` must be one of this kernel's own.
    unsafe fn enter(&self, pages: &Pages, call: &Call) {
        debug_assert!(call.pointers.len() >= self.operands && call.strides.len() >= self.strides);
        debug_assert!(call.extents.len() >= self.loops && call.origin.len() >= self.loops);
        if call.extents.contains(&0) {
            return;
        }
        match &self.padded {
            // SAFETY: as the caller promises; what `Padded` hands on are whole steps.
            Some(padded) => unsafe { padded.run(call, |call| self.steps(pages, call)) },
            // SAFETY: as the caller promises.
            None => unsafe { self.steps(pages, call) },
        }
    }

    /// # Safety
    /// As for [`enter`](Native::enter); the innermost trip count must be of whole steps, if the kernel asks for it.
    unsafe fn steps(&self, pages: &Pages, call: &Call) {
        // SAFETY: the pages hold the code that `compile` made, whose first byte is the entry of a function of this
        // type, position independent and made for this CPU; they live as long as `self`.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(pages.code().as_ptr()) };
        // SAFETY: the caller promises what `run` asks for: the tables have the lengths that the kernel reads, and all
        // elements that its accesses reach are valid. The constants are those that the code was made with.
        unsafe {
            entry(
                call.pointers.as_ptr(),
                call.strides.as_ptr(),
                call.extents.as_ptr(),
                call.origin.as_ptr(),
                call.faults,
                self.constants.as_ptr(),
            );
        }
    }
}

impl Compiled for Native {
    unsafe fn run(&self, call: &Call) {
        // SAFETY: as the caller promises.
        unsafe { self.enter(&self.pages, call) }
    }

    fn stores_past_cache(&self) -> bool {
        self.past_cache().is_some()
    }

    unsafe fn run_past_cache(&self, call: &Call) {
        // SAFETY: as the caller promises, which is all that the stores of that form need besides.
        unsafe { self.enter(self.past_cache().unwrap_or(&self.pages), call) }
    }

    fn code(&self) -> Option<&[u8]> {
        Some(self.pages.code())
    }
}

/// Native code for a kernel.
pub(super) fn compile(target: &Target, kernel: &Kernel) -> Result<Native, Unsupported> {
    let streams = past_cache::has(target, kernel);
    generate(target, kernel, false, |code, constants, _, stores, padded| {
        Ok(Native {
            pages: Pages::new(code)?,
            stores: if streams { stores } else { Box::default() },
            past_cache: OnceLock::new(),
            constants: constants.into_iter().map(Constant).collect(),
            padded,
            operands: kernel.operands.len(),
            strides: kernel.stride_count(),
            loops: kernel.loops(),
        })
    })
}

/// The code as text, in the assembler's form.
pub(super) fn listing(target: &Target, kernel: &Kernel) -> Result<String, Unsupported> {
    generate(target, kernel, true, |_, _, text, _, _| Ok(text.unwrap_or_default().to_owned()))
}

/// Generates code and hands it on: bytes, constants, and a listing if one is asked for.
fn generate<T>(
    target: &Target,
    kernel: &Kernel,
    disassemble: bool,
    use_code: impl FnOnce(
        &[u8],
        Vec<[u8; PART]>,
        Option<&str>,
        Box<[Range<usize>]>,
        Option<Padded>,
    ) -> Result<T, Unsupported>,
) -> Result<T, Unsupported> {
    let shape = Shape::of(kernel)?;
    let mut scratch = SCRATCH
        .with(|cell| cell.try_borrow_mut().ok().and_then(|mut kept| kept.take()))
        .unwrap_or_else(|| Box::new(Scratch { context: Context::new(), builder: FunctionBuilderContext::new() }));
    scratch.context.set_disasm(disassemble);
    // A scratch in which something panicked, or failed, is never used again.
    let made = catch_unwind(AssertUnwindSafe(|| {
        let Scratch { context, builder } = &mut *scratch;
        let builder = FunctionBuilder::new(&mut context.func, builder);
        let mut emitter = Emitter::new(builder, kernel, &shape, target);
        emitter.nest();
        let constants = emitter.finish();
        let isa = if crowded(kernel) { &target.one_pass } else { &target.isa };
        match context.compile(&**isa, &mut ControlPlane::default()) {
            Ok(code) if !code.buffer.relocs().is_empty() => Err(Unsupported("the code refers to symbols".into())),
            Ok(code) => match code.buffer.frame_layout() {
                Some(layout) if layout.frame_to_fp_offset <= LARGEST_FRAME => Ok(constants),
                _ => Err(Unsupported("the code would take too much of the stack".into())),
            },
            Err(e) => Err(Unsupported(format!("{:?}", e.inner))),
        }
    }));
    let constants = made.unwrap_or_else(|panic| Err(Unsupported(message(&*panic))))?;
    let Some(code) = scratch.context.compiled_code() else {
        return Err(Unsupported("no code was generated".into()));
    };
    let places = code.buffer.get_srclocs_sorted().iter().filter(|place| !place.loc.is_default());
    let stores = places.map(|place| place.start as usize..place.end as usize).collect();
    let result = use_code(code.code_buffer(), constants, code.vcode.as_deref(), stores, shape.padded);
    scratch.context.clear();
    SCRATCH.with(|cell| {
        if let Ok(mut kept) = cell.try_borrow_mut() {
            *kept = Some(scratch);
        }
    });
    result
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the code generator failed: {}", text.unwrap_or("no message"))
}
