//! Loops at a point: what a `while` does.
//!
//! Comes in: the regions of condition and body. Goes out: their types, in the order of the instruction's arguments. Always holds (the
//! verifier checks it): both regions take the state and then what is captured; the condition gives one bool, the body the next state.

#[cfg(any(test, feature = "internals"))]
use std::sync::atomic::AtomicU32;

use super::{Inst, Region, Value};
use crate::dtype::DType;

/// A loop that ends where its condition no longer holds, or after a number of steps that is known when it begins:
/// `n = 0; while n < max && cond(state) { state = body(state); n += 1 }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Loop {
    /// The types of the state's components, of which there is one at least.
    pub state: Vec<DType>,
    /// The types of what the regions read beside the state, the same at each step.
    pub captured: Vec<DType>,
    /// `(state, captured) -> bool`; none: it holds.
    pub cond: Option<Region>,
    /// `(state, captured) -> state`
    pub body: Region,
}

impl Loop {
    /// The loop of these regions: the state is what the body gives, and what more it takes is captured.
    pub fn new(cond: Option<Region>, body: Region) -> Loop {
        let state = body.results().to_vec();
        let captured = body.params().get(state.len()..).unwrap_or(&[]).to_vec();
        Loop { state, captured, cond, body }
    }

    /// The types of an instruction's arguments: the starting state, the greatest number of steps, what is captured.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))] // The verifier asks.
    pub fn args(&self) -> impl Iterator<Item = DType> {
        self.state.iter().copied().chain([DType::I64]).chain(self.captured.iter().copied())
    }

    /// Whether a step may note a fault.
    pub fn may_fault(&self) -> bool {
        self.regions().any(|region| region.kernel().insts.iter().any(|inst| matches!(inst, Inst::Fault(..))))
    }

    /// The regions, in the order in which they run.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        self.cond.iter().chain([&self.body])
    }

    /// An instruction's arguments in parts: the starting state, the greatest number of steps, what is captured.
    pub fn parts<'a>(&self, args: &'a [Value]) -> Option<(&'a [Value], Value, &'a [Value])> {
        let (state, rest) = args.split_at_checked(self.state.len())?;
        let (max, captured) = rest.split_first()?;
        Some((state, *max, captured))
    }

    /// The state with which the loop ends at one point, on bits; `args` are the instruction's, faults are noted in the word.
    #[cfg(any(test, feature = "internals"))]
    pub fn eval(&self, args: &[u64], faults: &AtomicU32) -> Vec<u64> {
        let Some((state, rest)) = args.split_at_checked(self.state.len()) else { return Vec::new() };
        let Some((&max, captured)) = rest.split_first() else { return Vec::new() };
        let mut params = [state, captured].concat();
        for _ in 0..max as i64 {
            if self.cond.as_ref().is_some_and(|cond| cond.eval(&params, faults).first() != Some(&1)) {
                break;
            }
            let next = self.body.eval(&params, faults);
            params[..next.len()].copy_from_slice(&next);
        }
        params.truncate(self.state.len());
        params
    }
}
