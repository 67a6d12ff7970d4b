//! From a kernel to code.
//!
//! Comes in: a kernel that the verifier accepts. Goes out: a [`Native`] that runs it. Always holds: the code has no
//! relocations, so it runs wherever it is copied; a failure of the code generator, even a panic in it, is
//! `Unsupported`.

use std::cell::RefCell;

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::emit::Emitter;
use super::isa::Target;
use super::shape::Shape;
use crate::ir::Kernel;
use crate::jit::Unsupported;
use crate::jit::native::code::{Constant, Finished, Native};
use crate::jit::native::crowded::crowded;
use crate::jit::native::{LARGEST_FRAME, guarded, past_cache};

/// The allocations of a code generator, kept for the next kernel.
struct Scratch {
    context: Context,
    builder: FunctionBuilderContext,
}

thread_local! {
    static SCRATCH: RefCell<Option<Box<Scratch>>> = const { RefCell::new(None) };
}

/// Native code for a kernel.
pub(super) fn compile(target: &Target, kernel: &Kernel) -> Result<Native, Unsupported> {
    generate(target, kernel, false, |finished, _| Native::new(&target.isa, finished))
}

/// The code as text, in the assembler's form.
pub(super) fn listing(target: &Target, kernel: &Kernel) -> Result<String, Unsupported> {
    generate(target, kernel, true, |_, text| Ok(text.unwrap_or_default().to_owned()))
}

/// Generates code and hands it on, with a listing if one is asked for.
fn generate<T>(
    target: &Target,
    kernel: &Kernel,
    disassemble: bool,
    use_code: impl FnOnce(Finished, Option<&str>) -> Result<T, Unsupported>,
) -> Result<T, Unsupported> {
    let shape = Shape::of(kernel, &target.machine)?;
    let mut scratch = SCRATCH
        .with(|cell| cell.try_borrow_mut().ok().and_then(|mut kept| kept.take()))
        .unwrap_or_else(|| Box::new(Scratch { context: Context::new(), builder: FunctionBuilderContext::new() }));
    scratch.context.set_disasm(disassemble);
    // A scratch in which something panicked, or failed, is never used again.
    let constants = guarded(|| {
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
    })?;
    let Some(code) = scratch.context.compiled_code() else {
        return Err(Unsupported("no code was generated".into()));
    };
    let places = code.buffer.get_srclocs_sorted().iter().filter(|place| !place.loc.is_default());
    let stores = places.map(|place| place.start as usize..place.end as usize);
    let streams = past_cache::has(&target.machine.features, kernel);
    let finished = Finished {
        code: code.code_buffer(),
        constants: constants.into_iter().map(Constant).collect(),
        stores: if streams { stores.collect() } else { Box::default() },
        padded: shape.padded,
        lengths: [kernel.operands.len(), kernel.stride_count(), kernel.loops()],
        alignment: past_cache::ALIGNMENT,
    };
    let result = use_code(finished, code.vcode.as_deref());
    scratch.context.clear();
    SCRATCH.with(|cell| {
        if let Ok(mut kept) = cell.try_borrow_mut() {
            *kept = Some(scratch);
        }
    });
    result
}
