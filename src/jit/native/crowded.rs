//! Whether a kernel is too much for registers.
//!
//! Comes in: a kernel. Goes out: yes or no. Always holds: time and memory grow as the kernel does; no result depends on
//! the answer.

use crate::ir::Kernel;
use crate::ir::builder::for_each_arg;

/// Kernels of no more instructions, or arrays, are compiled in little time, however they are made.
const SHORT: usize = 1000;
/// Instructions after which a value that nothing has read meanwhile is no longer in a register.
const NEAR: usize = 16;

/// Whether a kernel is long and reads again and again what was computed long before. Native code keeps such
/// values in its stack frame, and is then no faster than the interpreter, which keeps all values in memory; and Cranelift's
/// better allocator of registers takes for each such reading about 20 microseconds, and one more for every 8 instructions
/// that lie between, where an instruction else takes 6. So does the pointer into each array, from point to point.
pub fn crowded(kernel: &Kernel) -> bool {
    // In the order of the code: what stands before the inner loops, outermost first, then what stands after them.
    let (before, after) = (kernel.levels.iter(), kernel.levels.iter().rev());
    let body = || before.clone().flat_map(|level| &level.before).chain(after.clone().flat_map(|level| &level.after));
    let length = body().count();
    if length <= SHORT {
        return false;
    }
    if kernel.operands.len() > SHORT {
        return true;
    }
    // Where each value of the body was last made or read.
    let mut last = vec![None; kernel.insts.len()];
    let mut eighths = 0;
    for (at, &v) in body().enumerate() {
        for_each_arg(kernel.inst(v), |arg| {
            let Some(before) = &mut last[arg.0 as usize] else { return };
            let waited = at - std::mem::replace(before, at);
            if waited > NEAR {
                eighths += 8 * 20 + waited;
            }
        });
        last[v.0 as usize] = Some(at);
    }
    eighths / 8 > 6 * length
}
