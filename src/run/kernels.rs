//! The kernels of one typed program: made when first needed, found again without a lock.

use std::ops::Deref;
use std::sync::Arc;

use super::places::Places;
use crate::jit::tier::Tiered;
use crate::plan::lower::{Layout, Pass, lower};
use crate::plan::program::Program;

/// A kernel of a stage, with its executors.
pub struct Slot {
    pass: Pass,
    layout: Layout,
    tiered: Tiered,
}

impl Slot {
    fn new(program: &Program, stage: usize, pass: Pass, layout: &Layout) -> Slot {
        let kernel = lower(program, stage, pass, layout);
        #[cfg(debug_assertions)]
        if let Err(e) = crate::ir::verify::verify(&kernel) {
            panic!("lowering made a kernel that is no kernel: {e}\n{kernel}");
        }
        Slot { pass, layout: layout.clone(), tiered: Tiered::new(kernel) }
    }
}

impl Deref for Slot {
    type Target = Tiered;

    fn deref(&self) -> &Tiered {
        &self.tiered
    }
}

/// The kernels of one program, stage by stage.
pub struct Kernels(Box<[Places<Arc<Slot>>]>);

/// Passes and layouts for which an expression keeps kernels, and for which each of many stages does at least.
const PLACES: usize = 96;
const STAGE_PLACES: usize = 16;

impl Kernels {
    /// Room for the kernels of a program of this many stages.
    pub fn new(stages: usize) -> Kernels {
        let places = (PLACES / stages.max(1)).max(STAGE_PLACES);
        Kernels((0..stages).map(|_| Places::new(places)).collect())
    }

    /// The kernel of a pass for this layout.
    pub fn get(&self, program: &Program, stage: usize, pass: Pass, layout: &Layout) -> Arc<Slot> {
        let is = |slot: &Arc<Slot>| slot.pass == pass && slot.layout == *layout;
        let make = || Ok::<_, std::convert::Infallible>(Arc::new(Slot::new(program, stage, pass, layout)));
        match self.0[stage].find(is, make) {
            Ok(Ok(slot)) => Arc::clone(slot),
            Ok(Err(slot)) => slot,
            Err(never) => match never {},
        }
    }
}
