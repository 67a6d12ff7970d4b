//! The instruction set that code is made for.
//!
//! Goes out: Cranelift's description of the CPU with this project's settings, and the few features that the lowering
//! itself asks about. Always holds: the settings never change the bits of a result, only how they are computed.

use std::sync::OnceLock;

use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};

use super::lanes::PART;
use crate::jit::Unsupported;
use crate::jit::native::machine::{Features, Machine};

/// A CPU as the code generator sees it.
#[derive(Clone)]
pub(super) struct Target {
    pub isa: OwnedTargetIsa,
    /// The same, with an allocator of registers that takes one pass.
    pub one_pass: OwnedTargetIsa,
    pub machine: Machine,
}

/// How much of the CPU to use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flags {
    /// All that Cranelift knows how to use.
    Host,
    /// What every CPU of the architecture has (on x86-64: SSE2), for tests of the law.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))]
    Baseline,
    /// On x86-64 SSE4.2 without AVX or FMA; elsewhere the same as [`Flags::Baseline`].
    Sse42,
}

impl Target {
    /// This machine's; detected once in a process.
    pub fn host() -> Result<Target, Unsupported> {
        static HOST: OnceLock<Result<Target, Unsupported>> = OnceLock::new();
        HOST.get_or_init(|| Target::new(Flags::Host)).clone()
    }

    /// This machine's architecture with some of its features.
    pub fn new(flags: Flags) -> Result<Target, Unsupported> {
        if cfg!(target_endian = "big") {
            return Err(Unsupported("the lanes of vectors are laid out for little-endian machines".into()));
        }
        let mut builder =
            cranelift_native::builder_with_options(flags == Flags::Host).map_err(|e| Unsupported(e.into()))?;
        if flags == Flags::Sse42 && cfg!(target_arch = "x86_64") {
            for name in ["has_sse3", "has_ssse3", "has_sse41", "has_sse42"] {
                builder.enable(name).map_err(|e| Unsupported(e.to_string()))?;
            }
        }
        let finish = |allocator| builder.finish(shared(allocator)?).map_err(|e| Unsupported(e.to_string()));
        let (isa, one_pass) = (finish("backtracking")?, finish("single_pass")?);
        // Of 16 vector registers.
        let machine = Machine { vector: PART, registers: 14, features: features(&*isa) };
        Ok(Target { isa, one_pass, machine })
    }
}

/// The settings that are the same everywhere, with this allocator of registers.
fn shared(allocator: &str) -> Result<settings::Flags, Unsupported> {
    let mut builder = settings::builder();
    let verifier = if cfg!(debug_assertions) { "true" } else { "false" };
    for (name, value) in [
        // Sharing, folding and hoisting are done on the kernel IR; at `none` the order of instructions is kept.
        ("opt_level", "none"),
        ("regalloc_algorithm", allocator),
        ("enable_verifier", verifier),
        ("unwind_info", "false"),
        ("is_pic", "false"),
        ("log2_min_function_alignment", "6"),
        // A frame of more than a page is entered page by page: too little stack is met at its guard, not beyond it.
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
    ] {
        builder.set(name, value).map_err(|e| Unsupported(e.to_string()))?;
    }
    Ok(settings::Flags::new(builder))
}

fn features(isa: &dyn isa::TargetIsa) -> Features {
    if !cfg!(target_arch = "x86_64") {
        return Features { fma: true, round: true, blend: false, unaligned: true };
    }
    let has = |name| isa.isa_flags().iter().any(|flag| flag.name == name && flag.as_bool() == Some(true));
    // Cranelift uses FMA in its VEX form, which it selects where it has AVX.
    let (avx, sse41) = (has("has_avx"), has("has_sse41"));
    Features { fma: has("has_fma") && avx, round: sse41, blend: sse41, unaligned: avx }
}
