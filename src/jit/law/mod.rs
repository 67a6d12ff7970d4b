//! The law: all executors give the same bits for the same kernel and call (a NaN equals any NaN). Here is what holds every one
//! of them to it.
//!
//! Comes in: a kernel, back ends, random data. Goes out: nothing, or a panic that says where a back end differs from the oracle.
//! Always holds: arrays are laid out at random (dimensions in any order, gaps, negative and zero strides, elements that are not
//! aligned), each flush against a page that may not be touched; every byte of them is compared, those between elements
//! too; what is only read is as it was.
//!
//! | file         | what                                                                   |
//! |--------------|------------------------------------------------------------------------|
//! | `layout`     | where arrays lie in blocks of memory, and their content                |
//! | `guarded`    | memory between guard pages, and a run in it                            |
//! | `operations` | each operation on all pairs of special values (tests)                  |
//! | `kernels`    | kernels that each show one feature (tests)                             |
//! | `edges`      | arrays of every length between guard pages (tests)                     |
//! | `random`     | random kernels (tests)                                                 |
//!
//! A back end's tests are `law!(executors)`, where `executors` gives its forms.

#[cfg(test)]
pub mod edges;
pub mod guarded;
#[cfg(test)]
pub mod kernels;
mod layout;
#[cfg(test)]
pub mod operations;
#[cfg(test)]
pub mod random;

use std::sync::Arc;

pub use self::guarded::Flush;
pub use self::layout::{Layout, extents};
use super::oracle::Oracle;
use super::{Backend, Compiled};
use crate::dtype::Scalar;
use crate::ir::Kernel;
use crate::ir::random::Rng;

/// Back ends in all forms that are to be tested, with their names.
pub type Executors = Vec<(String, Arc<dyn Backend>)>;

/// A kernel, made runnable by the oracle and by others.
pub struct Forms<'a> {
    kernel: &'a Kernel,
    expected: Arc<dyn Compiled>,
    others: Vec<(&'a str, Arc<dyn Compiled>)>,
}

impl<'a> Forms<'a> {
    /// # Panics
    /// Where the kernel is none, or one of them does not take it.
    pub fn new(kernel: &'a Kernel, executors: &'a [(String, Arc<dyn Backend>)]) -> Forms<'a> {
        let made = |backend: &dyn Backend, name: &str| match backend.compile(kernel) {
            Ok(compiled) => compiled,
            Err(e) => panic!("{name}: {e:?}\n{kernel}"),
        };
        let others = executors.iter().map(|(name, backend)| (name.as_str(), made(&**backend, name))).collect();
        Forms { kernel, expected: made(&Oracle, "oracle"), others }
    }

    /// All do the same in this case.
    ///
    /// # Panics
    /// Where one does not.
    pub fn check(&self, case: &Case) {
        let expected = case.run(&*self.expected);
        for (name, compiled) in &self.others {
            if let Some(difference) = case.difference(&expected, &case.run(&**compiled)) {
                panic!("{name}, extents {:?}: {difference}\n{}\n{:?}", case.layout.extents, self.kernel, case.layout);
            }
        }
    }

    /// The same in so many random cases.
    ///
    /// # Panics
    /// Where one does not.
    pub fn check_random(&self, cases: u64) {
        for seed in 0..if cfg!(miri) { 1 } else { cases } {
            let mut rng = Rng::new(seed);
            let extents = extents(self.kernel, &mut rng);
            let dense = rng.once_in(3);
            self.check(&Case::new(self.kernel, &extents, &mut rng, dense));
        }
    }
}

/// A call's data, the same for all executors.
pub struct Case<'a> {
    kernel: &'a Kernel,
    pub layout: Layout,
    content: Vec<Vec<u8>>,
    /// Which end of the arrays lies at a guard page.
    pub flush: Flush,
    /// Bytes by which all arrays are moved off it.
    pub skew: usize,
}

/// What a run leaves.
pub struct Outcome {
    memory: Vec<Vec<u8>>,
    faults: u32,
}

impl<'a> Case<'a> {
    /// Random data, laid out at random or one element after the other.
    pub fn new(kernel: &'a Kernel, extents: &[usize], rng: &mut Rng, dense: bool) -> Case<'a> {
        let layout = Layout::random(kernel, extents, rng, dense);
        let content = layout.fill(kernel, rng);
        let flush = if rng.once_in(2) { Flush::Start } else { Flush::End };
        let skew = if rng.once_in(2) { 0 } else { rng.below(9) };
        Case { kernel, layout, content, flush, skew }
    }

    /// Sets the first elements of an operand, in order of their coordinates.
    pub fn set(&mut self, operand: usize, values: &[Scalar]) {
        for (&at, &v) in self.layout.elements[operand].iter().zip(values) {
            layout::put(&mut self.content[layout::block_of(self.kernel, operand)][at..], v);
        }
    }

    /// The elements of an operand after a run, in order of their coordinates.
    pub fn values(&self, outcome: &Outcome, operand: usize) -> Vec<Scalar> {
        let dtype = self.kernel.operands[operand].dtype;
        let memory = &outcome.memory[layout::block_of(self.kernel, operand)];
        self.layout.elements[operand].iter().map(|&at| layout::get(&memory[at..], dtype)).collect()
    }

    /// Runs this kernel in one of its forms.
    pub fn run(&self, compiled: &dyn Compiled) -> Outcome {
        let (memory, faults) = guarded::run(self, compiled);
        Outcome { memory, faults }
    }

    /// Where two outcomes differ, a NaN being equal to any NaN; or where one has written what is only read.
    pub fn difference(&self, one: &Outcome, other: &Outcome) -> Option<String> {
        if one.faults != other.faults {
            return Some(format!("faults {:#b} against {:#b}", one.faults, other.faults));
        }
        self.layout.difference(self.kernel, &self.content, [&one.memory, &other.memory])
    }

    /// These back ends do the same as the oracle.
    ///
    /// # Panics
    /// Where one does not.
    pub fn check(&self, executors: &[(String, Arc<dyn Backend>)]) {
        Forms::new(self.kernel, executors).check(self);
    }
}

/// The number of random cases that is asked for.
pub fn budget(default: u64) -> u64 {
    match std::env::var("TILEXPR_FUZZ").ok().and_then(|n| n.parse().ok()) {
        Some(cases) => cases,
        None if cfg!(miri) => default / 20,
        None => default,
    }
}

/// The tests that every back end passes; the argument is a function that gives [`Executors`].
#[cfg(test)]
macro_rules! law {
    ($executors:ident) => {
        law!($executors: operations: each_alone with_a_constant uniform of_any_alignment);
        law!($executors: kernels: without_loops rows reductions_of_single_elements monoids_of_several_components
            narrow_states_beside_wide_values
            in_place halves_of_pairs rows_added_up_in_place diagonals_and_offsets stores patches_and_faults crowded_regions loops_at_points long_loops_at_points faults_by_index
            long_programs             tails_and_offsets broken_kernels_are_refused);
        law!($executors: edges: arrays_between_guard_pages);
        law!($executors: random: everything long_ones of_one_width);
    };
    ($executors:ident: $file:ident: $($test:ident)*) => {
        mod $file {
            $(
                #[test]
                fn $test() {
                    crate::jit::law::$file::$test(&super::$executors());
                }
            )*
        }
    };
}
#[cfg(test)]
pub(crate) use law;
