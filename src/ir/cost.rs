//! What operations cost, and the rates of a machine: rough figures, from which choices and estimates follow and no result does.
//!
//! What an operation costs stands in its row ([`Cost`]); here are the sums over a kernel, what stands beside operations, and
//! the nanoseconds that a machine of today takes for a simple operation or a byte. They need only tell a sum from a sine.

use super::{Inst, Kernel, Loop, Op, Region, Value};
use crate::dtype::DType;

/// A simple operation on an element of 8 bytes, in nanoseconds, where machine code does it.
pub const NATIVE: f64 = 0.05;
/// The same where the interpreter does it.
pub const INTERPRETED: f64 = 0.1;
/// A byte that moves through the nearer caches.
pub const BYTE: f64 = 0.008;
/// A call of a function for one element.
pub const CALL: f64 = 15.0;
/// The same of a registered function at its longest: nobody knows, so it is a large guess.
pub const REGISTERED: f64 = 5_000.0;

/// Steps that a loop at a point takes where nobody knows, as a guess; and at most, where only the call knows.
pub const STEPS: f64 = 50.0;
pub const MOST_STEPS: f64 = 4096.0;

/// Operations of at least so many simple ones take many cycles: computing such a one once and reading it often pays.
pub const COSTLY: f64 = 4.0;

/// What an operation costs, of floats and integers that vector instructions exist for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cost {
    /// As many simple operations take as long, many of them at a time.
    pub simple: f64,
    /// Cycles from arguments to result, of floats and of integers.
    pub latency: [u8; 2],
    /// Whether vectors have an instruction for it; what has none is done lane by lane, or by many others.
    pub vector: bool,
}

impl Op {
    /// Cycles from arguments of a type to the result.
    #[cfg_attr(not(any(test, feature = "internals")), allow(dead_code))] // The planner will ask.
    pub fn latency(self, dtype: DType) -> usize {
        self.row().cost.latency[usize::from(!dtype.is_float())].into()
    }

    /// Whether it takes many cycles.
    pub fn is_costly(self) -> bool {
        self.row().cost.simple >= COSTLY
    }
}

/// What is done at each point of the innermost loop.
pub fn body(kernel: &Kernel) -> &[Value] {
    kernel.levels.last().map_or(&[], |level| &level.before)
}

/// Whether a `patch` calls its function for every element.
pub fn is_call(kernel: &Kernel, inst: &Inst) -> bool {
    matches!(inst, Inst::Patch { mask, .. } if matches!(kernel.inst(*mask), Inst::Const(_)))
}

/// The work of one point of the innermost loop, in simple operations.
pub fn weight(kernel: &Kernel) -> f64 {
    weight_of_body(kernel).max(1.0)
}

fn weight_of_body(kernel: &Kernel) -> f64 {
    let cost = |inst: &Inst| match inst {
        Inst::Op { op, .. } => op.row().cost.simple,
        // Where the helper is always asked it is the work; else hardly ever.
        Inst::Patch { .. } if is_call(kernel, inst) => 40.0,
        Inst::Patch { .. } => 2.0,
        Inst::Load(_) | Inst::Store(..) => 0.5,
        Inst::While { body, args } => most_steps(kernel, body, args).min(STEPS) * of_step(body, weight_of_body),
        _ => 1.0,
    };
    body(kernel).iter().map(|&v| cost(kernel.inst(v))).sum()
}

/// The nanoseconds that machine code takes for a row, beside its points, and for a point: no choice but a bound, so what is rare counts as
/// if it were always done.
pub fn most(kernel: &Kernel) -> [f64; 2] {
    let of = |values: &[Value]| most_of(kernel, values);
    let row = match &kernel.levels[..] {
        [_, row, _] => of(&row.before) + of(&row.after),
        _ => 0.0,
    };
    [row, of(body(kernel)).max(NATIVE)]
}

/// The same for these instructions.
fn most_of(kernel: &Kernel, values: &[Value]) -> f64 {
    let time = |v: &Value| match kernel.inst(*v) {
        inst @ Inst::Patch { .. } if is_call(kernel, inst) => REGISTERED,
        Inst::Patch { .. } => CALL,
        Inst::Op { op, .. } => op.row().cost.simple * NATIVE,
        Inst::While { body, args } => {
            most_steps(kernel, body, args) * of_step(body, |region| most_of(region, crate::ir::cost::body(region)))
        }
        _ => NATIVE,
    };
    values.iter().map(time).sum()
}

/// How many steps a loop at a point takes at most, as far as that is known.
fn most_steps(kernel: &Kernel, of: &Loop, args: &[Value]) -> f64 {
    match of.parts(args).map(|(_, max, _)| kernel.inst(max)) {
        Some(Inst::Const(max)) => (max.bits() as i64).max(0) as f64,
        _ => MOST_STEPS,
    }
}

/// What a step of a loop at a point takes.
fn of_step(of: &Loop, region: impl Fn(&Kernel) -> f64) -> f64 {
    of.regions().map(|of| region(of.kernel())).sum()
}

/// Whether no vector instruction converts these types into each other.
pub fn is_slow_conversion(from: DType, to: DType) -> bool {
    let wide = |dtype: DType| dtype.is_int() && dtype.size() == 8;
    from.is_float() && wide(to) || wide(from) && to.is_float()
}

/// Whether values of these types are converted into each other as they are: integers of one width.
pub fn is_free_conversion(from: DType, to: DType) -> bool {
    from.is_int() && to.is_int() && from.size() == to.size()
}

/// Nanoseconds that a division of integers of so many bytes takes: of 8 one element at a time, of less by floats.
pub fn division(size: usize) -> f64 {
    match size {
        8 => 2.0,
        4 => 0.6,
        _ => 0.3,
    }
}

/// How many simple operations a conversion is that no vector instruction does.
const CONVERSION: f64 = 6.0;

/// The time of an instruction as an estimate for a person: in operations on 8 bytes, and in nanoseconds beside these.
pub fn price(kernel: &Kernel, v: Value) -> (f64, f64) {
    let size = |v: Value| kernel.ty(v).map_or(8, DType::size) as f64 / 8.0;
    match kernel.inst(v) {
        Inst::Op { op: Op::FloorDiv | Op::FloorMod, .. } => (0.0, division(kernel.ty(v).map_or(8, DType::size))),
        Inst::Op { op: Op::Convert, args } => {
            let (from, to) = (args.first().and_then(|&x| kernel.ty(x)), kernel.ty(v));
            let is = |what: fn(DType, DType) -> bool| from.zip(to).is_some_and(|(from, to)| what(from, to));
            let cost = match () {
                () if is(is_slow_conversion) => CONVERSION,
                () if is(is_free_conversion) => 0.0,
                () => size(v),
            };
            (cost, 0.0)
        }
        Inst::Op { op: Op::Bitcast, .. } => (0.0, 0.0),
        Inst::Op { op, args } => (op.row().cost.simple * args.iter().map(|&x| size(x)).fold(size(v), f64::max), 0.0),
        Inst::Accumulate { args, .. } => (args.iter().map(|&x| size(x)).sum(), 0.0),
        inst @ Inst::Patch { .. } if is_call(kernel, inst) => (0.0, CALL),
        Inst::Patch { .. } => (size(v), 0.0),
        Inst::While { body: of, args } => {
            let steps = most_steps(kernel, of, args).min(STEPS);
            let of_region = |region: &Region| {
                let prices = body(region.kernel()).iter().map(|&v| price(region.kernel(), v));
                prices.fold((0.0, 0.0), |sum, one| (sum.0 + steps * one.0, sum.1 + steps * one.1))
            };
            of.regions().map(of_region).fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        }
        _ => (0.0, 0.0),
    }
}
