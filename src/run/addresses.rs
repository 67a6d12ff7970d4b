//! The memory that the steps of a schedule work on.

use std::ops::Range;
use std::ptr;
use std::sync::atomic::AtomicU32;

use smallvec::SmallVec;

use super::threads::Threads;
use super::view::Strided;
use crate::dtype::Scalar;
use crate::jit::tier::Executor;
use crate::plan::pass::TASKS;
use crate::plan::schedule::{Operand, Place};

/// Addresses of the operands of a step.
pub type Addresses = SmallVec<[*mut u8; 8]>;

/// One call: the memory that places stand for, who runs kernels, and on which threads.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The graph's inputs.
    pub inputs: &'a [Strided<'a>],
    /// Its outputs.
    pub outputs: &'a [Strided<'a>],
    /// The call's memory.
    pub call: *mut u8,
    /// The schedule's numbers.
    pub numbers: &'a [i64],
    /// Who runs kernels.
    pub executor: Executor,
    /// On which threads.
    pub threads: &'a Threads,
    /// Elements of a task that is not split between threads, if that is asked for.
    pub grain: Option<usize>,
    /// Where faults are noted.
    pub faults: &'a AtomicU32,
}

// SAFETY: whoever runs the steps of a call promises that its memory may be used so from any thread; the rest may be shared.
unsafe impl Sync for Run<'_> {}

impl Run<'_> {
    /// Where the element of an operand at index 0 of all axes is; of an affine one, its number there as an address.
    pub fn address(&self, operand: &Operand) -> *mut u8 {
        let place = match operand.place {
            Place::Input(i) => self.inputs[i as usize].pointer,
            Place::Output(i) => self.outputs[i as usize].pointer,
            Place::Call(at) => self.call.wrapping_add(at),
            Place::Number(i) => ptr::from_ref(&self.numbers[i as usize]).cast_mut().cast(),
            Place::Affine(number) => ptr::without_provenance_mut(number as usize),
            // A task puts its own address in its place.
            Place::Task => ptr::null_mut(),
        };
        place.wrapping_offset(operand.offset)
    }

    /// Runs tasks of this many elements each on this thread, or on several.
    pub fn share(&self, tasks: usize, elements: usize, parallel: bool, work: &(dyn Fn(Range<usize>) + Sync)) {
        if !parallel || tasks <= 1 {
            return work(0..tasks);
        }
        let grain = match self.grain {
            Some(grain) => grain / elements.max(1),
            None => tasks / (self.threads.count() * TASKS),
        };
        self.threads.share(0..tasks, grain.max(1), work);
    }

    /// In debug builds: what a pass reaches lies within the arrays that it is said to be of.
    #[cfg(debug_assertions)]
    pub fn check_reach(&self, pass: &crate::plan::schedule::Pass) {
        for (o, operand) in pass.walk.operands.iter().enumerate() {
            let view = match operand.place {
                Place::Input(i) => &self.inputs[i as usize],
                Place::Output(i) => &self.outputs[i as usize],
                _ => continue,
            };
            let (before, after) = pass.walk.nest.reach(o, operand.size());
            let strides: SmallVec<[isize; 6]> = view.strides().collect();
            let (view_before, view_after) = crate::plan::nest::reach(view.shape, &strides, view.dtype.size());
            let from = operand.offset - before as isize;
            let to = operand.offset + after as isize;
            assert!(
                from >= -(view_before as isize) && to <= view_after as isize,
                "a pass leaves an array: {operand:?}"
            );
        }
    }
}

/// Writes a value over and over.
///
/// # Safety
/// There must be room for `count` elements.
pub unsafe fn fill(to: *mut u8, value: Scalar, count: usize) {
    // SAFETY: as the caller promises; the low bytes of the bits are the element's, whatever the byte order.
    unsafe {
        match value.dtype().size() {
            1 => ptr::write_bytes(to, value.bits() as u8, count),
            2 => (0..count).for_each(|i| to.cast::<u16>().add(i).write_unaligned(value.bits() as u16)),
            4 => (0..count).for_each(|i| to.cast::<u32>().add(i).write_unaligned(value.bits() as u32)),
            _ => (0..count).for_each(|i| to.cast::<u64>().add(i).write_unaligned(value.bits())),
        }
    }
}
