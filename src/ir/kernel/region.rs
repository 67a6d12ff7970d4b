//! Straight-line code that stands for a function: what a `patch` runs on whole vectors instead of calling for single elements.
//!
//! Comes in: a kernel (`Builder::region` makes it). Goes out: code that each executor puts in where the function is asked. Always holds: it is a kernel without loops, whose loads are the parameters in order and whose one store
//! is the result, of the first parameter's type; so it has constants, operations and patches, and no memory of its own.

use smallvec::SmallVec;

use super::{Inst, Kernel, Value};
use crate::dtype::{DType, Scalar};
use crate::ir::semantics;

/// Code of parameters that gives one value.
#[derive(Debug)]
pub struct Region {
    params: Vec<DType>,
    kernel: Kernel,
}

impl Region {
    /// A kernel without loops, whose loads are parameters of these types in order, and whose one store is the result.
    pub(in crate::ir) fn new(params: Vec<DType>, kernel: Kernel) -> Region {
        Region { params, kernel }
    }

    /// The types of the parameters.
    pub fn params(&self) -> &[DType] {
        &self.params
    }

    /// The instructions.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Those instructions in order.
    pub fn code(&self) -> &[Value] {
        self.kernel.levels.first().map_or(&[], |level| &level.before)
    }

    /// The value at one point, on bits, as many as there are parameters.
    pub fn eval(&self, args: &[u64]) -> u64 {
        let mut values = vec![0; self.kernel.insts.len()];
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
                Inst::Patch { helper, args, .. } => helper.call(&args.iter().map(get).collect::<SmallVec<[u64; 3]>>()),
                Inst::Store(_, result) => return get(result),
                _ => 0,
            };
        }
        0
    }
}
