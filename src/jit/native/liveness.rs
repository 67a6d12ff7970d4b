//! Who reads the values of a kernel's body, how many are alive at once, and what waits for what.

use smallvec::SmallVec;

use super::machine::Machine;
use crate::dtype::DType;
use crate::ir::builder::for_each_arg;
use crate::ir::{Inst, Kernel, Op, Role, Value};

/// The values of a body, and how wide they are.
#[derive(Debug)]
pub struct Liveness {
    /// For each instruction how often the body reads it.
    pub uses: Vec<u32>,
    /// For each instruction whether it is a load that may be emitted where its value is first read instead of where it
    /// stands. An array that is read may be, element for element, one that is written (an update in place), so
    /// that what is first read after the first store stays where it is.
    pub floats: Vec<bool>,
    /// For each instruction whether those that read it in the body are all `fma`s, and there is one.
    pub for_fma: Vec<bool>,
    /// The `accumulate`s of the body.
    pub accumulates: Vec<Value>,
    /// Where in the body each value is read last.
    last: Vec<Option<usize>>,
}

impl Liveness {
    /// Of the body of a kernel.
    pub fn of(kernel: &Kernel, body: &[Value]) -> Liveness {
        let count = kernel.insts.len();
        let mut all = Liveness {
            uses: vec![0; count],
            floats: vec![false; count],
            for_fma: vec![false; count],
            accumulates: Vec::new(),
            last: vec![None; count],
        };
        let mut stored = false;
        for (at, &v) in body.iter().enumerate() {
            for_each_arg(kernel.inst(v), |arg| {
                let arg_at = arg.0 as usize;
                all.floats[arg_at] |= all.uses[arg_at] == 0 && !stored && is_input(kernel, arg);
                let fma = matches!(kernel.inst(v), Inst::Op { op: Op::Fma, .. });
                all.for_fma[arg_at] = fma && (all.for_fma[arg_at] || all.uses[arg_at] == 0);
                all.uses[arg_at] += 1;
                all.last[arg_at] = Some(at);
            });
            stored |= matches!(kernel.inst(v), Inst::Store(..));
            if let Inst::Accumulate { .. } = kernel.inst(v) {
                all.accumulates.push(v);
            }
        }
        all
    }

    /// The greatest number of values alive at once, of those that the body computes.
    #[cfg(all(target_arch = "x86_64", unix))]
    pub fn most_alive(&self, kernel: &Kernel, body: &[Value]) -> usize {
        self.most(kernel, body, |_| 1)
    }

    /// The greatest number of vectors alive at once, of values that the body computes for so many points at a time. `width`
    /// gives the bytes of a lane of a value.
    pub fn pressure(
        &self,
        kernel: &Kernel,
        body: &[Value],
        machine: &Machine,
        points: usize,
        width: impl Fn(Value) -> Option<usize>,
    ) -> usize {
        self.most(kernel, body, |v| width(v).map_or(0, |width| (points * width / machine.vector).max(1)))
    }

    /// The greatest number of registers that the body's values take at once, if each takes so many.
    fn most(&self, kernel: &Kernel, body: &[Value], registers: impl Fn(Value) -> usize) -> usize {
        let mut ends = vec![0usize; body.len() + 1];
        let (mut live, mut most) = (0, 0);
        for (at, &v) in body.iter().enumerate() {
            // A load that is read once is an operand in memory.
            let folded = matches!(kernel.inst(v), Inst::Load(_)) && self.uses[v.0 as usize] == 1;
            if let (false, Some(end)) = (folded, self.last[v.0 as usize]) {
                live += registers(v);
                ends[end] += registers(v);
            }
            most = most.max(live);
            live -= ends[at];
        }
        most
    }
}

/// Whether a value is loaded from an array that the kernel only reads.
fn is_input(kernel: &Kernel, v: Value) -> bool {
    matches!(kernel.inst(v), Inst::Load(access) if kernel.operand(access.operand).role == Role::In)
}

/// Bytes of a lane of a value, if masks are as wide as `widths` says; none for what has no value.
pub fn width(kernel: &Kernel, widths: &[usize], v: Value) -> Option<usize> {
    kernel.ty(v).map(|ty| if ty == DType::Bool { widths[v.0 as usize] } else { ty.size() })
}

/// Bytes of a lane of each component of the state of an `accumulate`.
pub fn state_widths(kernel: &Kernel, widths: &[usize], v: Value) -> SmallVec<[usize; 2]> {
    let Inst::Accumulate { monoid, args } = kernel.inst(v) else { return SmallVec::new() };
    let of_bools = args.iter().map(|v| widths[v.0 as usize]).max().unwrap_or(1);
    monoid.state.iter().map(|ty| if *ty == DType::Bool { of_bools } else { ty.size() }).collect()
}

/// About how many cycles the longest chain of operations takes of which each waits for the one before.
pub fn longest_chain(kernel: &Kernel, body: &[Value]) -> usize {
    let mut ready = vec![0; kernel.insts.len()];
    let mut longest = 0;
    for &v in body {
        let Inst::Op { op, args } = kernel.inst(v) else { continue };
        let cycles = kernel.ty(args[0]).map_or(0, |dtype| op.latency(dtype));
        let begin = args.iter().map(|arg| ready[arg.0 as usize]).max().unwrap_or(0);
        ready[v.0 as usize] = begin + cycles;
        longest = longest.max(begin + cycles);
    }
    longest
}
