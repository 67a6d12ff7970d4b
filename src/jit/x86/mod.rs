//! Native code for x86-64 of the machine's full width: AVX-512 with vectors of 512 or 256 bits, or AVX2 and FMA.
//!
//! Comes in: a kernel. Goes out: machine code on the ground of `jit/native/`. Always holds: the same bits as every other executor; no
//! access outside what a call names; code is made for features that the CPU has and the system has enabled, or not at all.
//!
//! Which register is what, and what lies where in the frame: the two tables at the head of `frame`.
//!
//! | file      | what                                                                       |
//! |-----------|----------------------------------------------------------------------------|
//! | `frame`   | the table of general registers and the map of the stack frame              |
//! | `cpu`     | what the CPU has                                                           |
//! | `shape`   | decisions: lanes of a register, copies of the body in a step               |
//! | `rows`    | the machine's instructions that are used                                   |
//! | `mir`     | instructions over virtual registers                                        |
//! | `select/` | operations of the kernel IR to instructions over virtual registers         |
//! | `lower/`  | a kernel to blocks of them: levels, accesses, patches, reductions          |
//! | `emit/`   | blocks to machine code: registers allocated, instructions encoded          |
//! | `nest/`   | the loops around blocks: a function                                        |
//! | `site`    | what code calls, for some lanes                                            |
//! | `asm`     | encoded instructions, jumps, constants                                     |
//!
//! A kernel goes through `shape`, `lower` (by `select`), `nest` (by `emit`); everything that is encoded goes through `asm`. Vector and mask
//! registers are given out by `emit/registers`, but for those that `nest/pin` gives away first.

mod asm;
mod cpu;
mod emit;
mod frame;
mod lower;
mod mir;
mod nest;
mod rows;
mod select;
mod shape;
mod site;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter};

pub use self::cpu::Form;
#[cfg(test)]
pub use self::cpu::hide;
use self::shape::Vectors;
use super::native::code::{Finished, Native};
use super::native::{guarded, past_cache};
use super::{Backend, Compiled, Facts, Unsupported};
use crate::ir::{Kernel, cost};

/// The executor that makes native code by itself, in one of its forms.
#[derive(Clone, Copy, Debug)]
pub struct X86 {
    form: Form,
    /// Whether all kernels have vectors of that width.
    full: bool,
}

impl X86 {
    /// In this form.
    ///
    /// # Errors
    /// Where this machine does not run it.
    pub fn new(form: Form) -> Result<X86, Unsupported> {
        match form.missing() {
            None => Ok(X86 { form, full: false }),
            Some(missing) => Err(Unsupported(format!("this machine has no {}: {missing} is missing", form.name()))),
        }
    }

    /// The same, with vectors of that width for every kernel.
    #[cfg(any(test, feature = "internals"))]
    pub fn at_full_width(self) -> X86 {
        X86 { full: true, ..self }
    }

    /// The vectors for a kernel.
    fn vectors(&self, kernel: &Kernel) -> Vectors {
        match self.form {
            Form::Avx512 if !self.full && shape::moves_memory(kernel) => Form::Avx512Narrow.vectors(),
            form => form.vectors(),
        }
    }

    /// A kernel's function. A failure of the generator, even a panic in it, is `Unsupported`.
    fn function(&self, kernel: &Kernel) -> Result<nest::Function, Unsupported> {
        guarded(|| nest::function(kernel, self.vectors(kernel)))
    }
}

impl Backend for X86 {
    fn name(&self) -> &'static str {
        "x86"
    }

    fn compile(&self, kernel: &Kernel) -> Result<Arc<dyn Compiled>, Unsupported> {
        let function = self.function(kernel)?;
        let vectors = self.vectors(kernel);
        let streams = past_cache::writes_whole_lines(kernel);
        let finished = Finished {
            code: &function.code,
            constants: Box::default(),
            stores: if streams { function.stores } else { Box::default() },
            padded: None,
            lengths: [kernel.operands.len(), kernel.stride_count(), kernel.loops()],
            alignment: vectors.widest.bytes(),
        };
        Ok(Arc::new(Native::in_pages(finished, Some(Box::new(function.sites)))?))
    }

    fn facts(&self, kernel: &Kernel) -> Facts {
        let vectors = self.vectors(kernel);
        Facts {
            step: shape::Shape::of(kernel, vectors).map_or(1, |shape| shape.lanes * shape.copies),
            non_temporal: past_cache::writes_whole_lines(kernel).then_some(vectors.widest.bytes()),
            nanoseconds: cost::weight(kernel) * cost::NATIVE,
        }
    }

    fn listing(&self, kernel: &Kernel) -> Result<String, Unsupported> {
        let function = self.function(kernel)?;
        Ok(text(&function.code[..function.length]))
    }
}

/// Machine code as text, an instruction a line, without addresses.
fn text(code: &[u8]) -> String {
    let mut formatter = IntelFormatter::new();
    let mut decoder = Decoder::new(64, code, DecoderOptions::NONE);
    let (mut inst, mut all) = (Instruction::default(), String::new());
    while decoder.can_decode() {
        decoder.decode_out(&mut inst);
        formatter.format(&inst, &mut all);
        all.push('\n');
    }
    all
}
