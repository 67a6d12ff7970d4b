//! Widths of bools in registers.

use crate::dtype::DType;
use crate::ir::{Inst, Kernel, Op};

/// For each instruction that gives a bool the bytes of a lane of its mask: that of what was compared, the widest where some meet.
/// 1 for all others.
pub fn widths(kernel: &Kernel) -> Vec<usize> {
    let mut widths = vec![1; kernel.insts.len()];
    for (at, inst) in kernel.insts.iter().enumerate() {
        let Inst::Op { op, args } = inst else { continue };
        if kernel.types[at] != Some(DType::Bool) {
            continue;
        }
        widths[at] = match (op, kernel.ty(args[0])) {
            (Op::Select, _) | (_, Some(DType::Bool)) => args.iter().map(|v| widths[v.0 as usize]).max().unwrap_or(1),
            (_, ty) => ty.map_or(1, DType::size),
        };
    }
    widths
}
