//! The kernels of one typed program: made when first needed, found again without a lock.

use std::convert::Infallible;
use std::sync::Arc;

use super::layout::{Body, Layout};
use super::lower::{lower, lower_copy};
use super::places::Places;
use super::program::Program;
use crate::dtype::DType;
use crate::ir::Kernel;
use crate::jit::tier::Tiered;

/// What a kernel is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// A part of a stage.
    Stage(usize, Body),
    /// Copying elements of a type.
    Copy(DType),
}

/// A kernel that is kept.
struct Entry {
    of: Use,
    layout: Layout,
    kernel: Arc<Tiered>,
}

/// The kernels of one program.
pub struct Kernels {
    /// Stage by stage; then those that copy.
    of_stages: Box<[Places<Entry>]>,
    /// Each once: what stages of the same do is compiled for all of them.
    distinct: Places<Arc<Tiered>>,
}

/// Bodies and layouts for which an expression keeps kernels, and for which each of many stages does at least.
const PLACES: usize = 96;
const STAGE_PLACES: usize = 16;

impl Kernels {
    /// Room for the kernels of a program of this many stages.
    pub fn new(stages: usize) -> Kernels {
        let places = (PLACES / stages.max(1)).max(STAGE_PLACES);
        let of_stages = (0..stages + 1).map(|_| Places::new(places)).collect();
        Kernels { of_stages, distinct: Places::new(PLACES) }
    }

    /// The kernel for this use and layout.
    pub fn get(&self, program: &Program, of: Use, layout: &Layout) -> Arc<Tiered> {
        let is = |entry: &Entry| entry.of == of && entry.layout == *layout;
        let make = || {
            let kernel = match of {
                Use::Stage(stage, body) => lower(program, stage, body, layout),
                Use::Copy(dtype) => lower_copy(dtype, layout),
            };
            Ok::<_, Infallible>(Entry { of, layout: layout.clone(), kernel: self.distinct(verified(kernel)) })
        };
        let stage = match of {
            Use::Stage(stage, _) => stage,
            Use::Copy(_) => self.of_stages.len() - 1,
        };
        match self.of_stages[stage].find(is, make) {
            Ok(Ok(entry)) => Arc::clone(&entry.kernel),
            Ok(Err(entry)) => entry.kernel,
            Err(never) => match never {},
        }
    }

    /// The kernel with what runs it, which it shares with an equal one.
    fn distinct(&self, kernel: Kernel) -> Arc<Tiered> {
        let same = |other: &Arc<Tiered>| *other.kernel() == kernel;
        match self.distinct.find(same, || Ok::<_, Infallible>(Arc::new(Tiered::new(kernel.clone())))) {
            Ok(Ok(kernel)) => Arc::clone(kernel),
            Ok(Err(kernel)) => kernel,
            Err(never) => match never {},
        }
    }
}

/// In debug builds, a kernel that the verifier has looked at.
fn verified(kernel: Kernel) -> Kernel {
    #[cfg(debug_assertions)]
    if let Err(e) = crate::ir::verify::verify(&kernel) {
        panic!("lowering made a kernel that is no kernel: {e}\n{kernel}");
    }
    kernel
}
