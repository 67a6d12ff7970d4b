//! Straight-line code that stands for a function: what a `patch` runs on whole vectors instead of calling for single elements, and
//! what a `while` runs again and again.
//!
//! Comes in: a kernel (`Builder::region` and `Builder::function` make it). Goes out: code that each executor puts in where the function
//! is asked. Always holds: it is a kernel without loops, whose loads are the parameters in order and whose stores, in order, are the
//! results; so it has constants, operations, patches and faults, and no memory of its own. A region of a patch has one result, of the
//! first parameter's type, and no faults.

use std::sync::atomic::{AtomicU32, Ordering};

use smallvec::SmallVec;

use super::{Inst, Kernel, Value};
use crate::dtype::{DType, Scalar};
use crate::ir::semantics;

/// Code of parameters that gives values.
#[derive(Clone, PartialEq, Debug)]
pub struct Region {
    params: Vec<DType>,
    results: Vec<DType>,
    kernel: Kernel,
}

impl Region {
    /// A kernel without loops, whose loads are parameters of these types in order, and whose stores are results of those.
    pub(in crate::ir) fn new(params: Vec<DType>, results: Vec<DType>, kernel: Kernel) -> Region {
        Region { params, results, kernel }
    }

    /// The types of the parameters.
    pub fn params(&self) -> &[DType] {
        &self.params
    }

    /// The types of the results.
    pub fn results(&self) -> &[DType] {
        &self.results
    }

    /// The instructions. Of their operands the first are the parameters, the others the results.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Those instructions in order.
    pub fn code(&self) -> &[Value] {
        self.kernel.levels.first().map_or(&[], |level| &level.before)
    }

    /// The values at one point, on bits, as many as there are parameters; faults are noted in the word.
    pub fn eval(&self, args: &[u64], faults: &AtomicU32) -> SmallVec<[u64; 4]> {
        let mut values = vec![0; self.kernel.insts.len()];
        let mut results = SmallVec::new();
        for &v in self.code() {
            let ty = self.kernel.ty(v).unwrap_or(DType::Bool);
            let get = |v: &Value| values[v.0 as usize];
            values[v.0 as usize] = match self.kernel.inst(v) {
                Inst::Const(c) => c.bits(),
                Inst::Load(access) => args.get(access.operand.0 as usize).copied().unwrap_or(0),
                Inst::Op { op, args } => {
                    let scalar = |v: &Value| Scalar::from_bits(self.kernel.ty(*v).unwrap_or(ty), get(v));
                    let args: SmallVec<[Scalar; 3]> = args.iter().map(scalar).collect();
                    semantics::eval(*op, ty, &args).map_or(0, |c| c.bits())
                }
                Inst::Patch { mask, fast, .. } if get(mask) == 0 => get(fast),
                Inst::Patch { helper, args, .. } => {
                    helper.code.call(&args.iter().map(get).collect::<SmallVec<[u64; 3]>>(), faults)
                }
                Inst::Store(_, result) => {
                    results.push(get(result));
                    continue;
                }
                Inst::Fault(mask, code) => {
                    if get(mask) != 0 {
                        faults.fetch_or(code.bit(), Ordering::Relaxed);
                    }
                    continue;
                }
                _ => 0,
            };
        }
        results
    }
}
