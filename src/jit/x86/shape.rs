//! Decisions about a kernel's code, made before any of it is selected.
//!
//! Comes in: a kernel, and the machine's vectors. Goes out: how many points a register has lanes for, how many registers a value takes
//! in a step (copies), how each access is addressed. Always holds: none of it changes a result.

use super::rows::{Encoding, Size};
use crate::dtype::DType;
use crate::ir::{Inst, Kernel, LANES, Op, Region, Value, cost};
use crate::jit::Unsupported;
use crate::jit::native::addresses::{Addresses, Inner};
use crate::jit::native::liveness::{Liveness, longest_chain};

/// Copies of a body that does little: loads and stores overlap, and the loop's own instructions are shared.
const SHORT_COPIES: usize = 4;
/// Instructions of a step that are not exceeded by copies of its body.
const MOST_INSTRUCTIONS: usize = 120;

/// The same where operations wait for each other.
const MOST_WAITING: f64 = 400.0;
/// Operations that wait in the CPU's queues at once, and those that it does in a cycle, of 512 bits; latencies are a little less than what
/// a table for all machines says. (Measured on Zen 4: ten steps of z*z + c in real numbers, 72 operations, 62 cycles a vector, 52 with two copies.)
const QUEUES: f64 = 105.0;
const RATE: f64 = 1.6;
const CHAIN: f64 = 0.8;

/// Bodies of more operations than this stand once, if they have so many for each load: reading and writing by a mask costs those little. (A load
/// by a mask is an instruction of its own, where others are an operand of what computes: 7 % of the window of a filter, Zen 4.)
const LONG: usize = 40;
const OF_LOAD: usize = 8;

/// The vectors that code is made for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Vectors {
    pub encoding: Encoding,
    pub widest: Size,
}

impl Vectors {
    /// Vector registers.
    pub fn registers(self) -> usize {
        match self.encoding {
            Encoding::Vex => 16,
            Encoding::Evex => 32,
        }
    }
}

/// The decisions.
pub struct Shape {
    /// Points that a register has lanes for.
    pub lanes: usize,
    /// How often a step has the body: for so many times as many points.
    pub copies: usize,
    /// How many of the copies have a state of their own; those after them have these in turn.
    pub states: usize,
    /// Whether these are lanes of one state, in the order that a reduction's meaning has: then what is left of a line goes through so many copies
    /// in turn.
    pub ordered: bool,
    /// Whether a step reads and writes by a mask, so that what is left of a line is one more step: a long body's code stands once then,
    /// in half the time.
    pub masked: bool,
    pub liveness: Liveness,
    pub addresses: Addresses,
    /// For each loop at points a step of it.
    pub steps: Vec<(Value, Region)>,
}

impl Shape {
    pub fn of(kernel: &Kernel, vectors: Vectors) -> Result<Shape, Unsupported> {
        let Some((innermost, outer)) = kernel.levels.split_last() else {
            return Err(Unsupported("a kernel without levels".into()));
        };
        if kernel.loops() > 0 && !innermost.after.is_empty() {
            return Err(Unsupported("after code in the innermost level".into()));
        }
        let body = &innermost.before[..];
        let liveness = Liveness::of(kernel, body);
        if kernel.loops() == 0 && !liveness.accumulates.is_empty() {
            return Err(Unsupported("accumulate without a loop".into()));
        }
        let addresses = Addresses::new(kernel)?;
        let steps = kernel.steps();
        let values = outer.iter().flat_map(|level| &level.before).chain(body);
        let widest = values.map(|&v| widest(kernel, v)).max().unwrap_or(1);
        let in_steps = steps.iter().flat_map(|(_, step)| step.kernel().types.iter().flatten());
        let widest = in_steps.map(|ty| ty.size()).fold(widest, usize::max).max(1);
        let mut lanes = vectors.widest.bytes() / widest;
        let ordered = liveness
            .accumulates
            .iter()
            .any(|&v| matches!(kernel.inst(v), Inst::Accumulate { monoid, .. } if monoid.ordered));
        let (mut copies, mut states) = (1, 1);
        if kernel.loops() == 0 {
            lanes = 1;
        } else if ordered {
            lanes = lanes.min(LANES);
            (copies, states) = (LANES / lanes, LANES / lanes);
        }
        if body.iter().any(|&v| matches!(kernel.inst(v), Inst::While { .. })) && kernel.loops() > 0 {
            if !ordered {
                copies = copies_of_loops(&steps, body.len(), vectors);
                states = copies;
            }
        } else if kernel.loops() > 0 {
            let evex = vectors.encoding == Encoding::Evex;
            // (Of the three operations of a rotation one is left.)
            let turned = |v: &&Value| evex && rotation(kernel, **v).is_some();
            let done = |v: &&Value| !matches!(kernel.inst(**v), Inst::Const(_));
            let work = body.iter().filter(done).count().max(1) - 2 * body.iter().filter(turned).count();
            while !ordered && copies < SHORT_COPIES && 2 * copies * work <= MOST_INSTRUCTIONS {
                copies *= 2;
            }
            let pressure = |copies: usize| {
                let live = liveness.most_alive(kernel, body);
                let components: usize = liveness.accumulates.iter().map(|&v| components(kernel, v)).sum();
                copies * live + if ordered { states } else { copies } * components
            };
            let fits = |copies: usize| pressure(copies) + 2 <= vectors.registers();
            while !ordered && copies > 1 && !fits(copies) {
                copies /= 2;
            }
            // What waits for itself longer than its work takes: as many chains are under way as copies, or as bodies in the queues.
            let (work, chain) = (work as f64, longest_chain(kernel, body) as f64 * CHAIN);
            // (Narrow values are short registers, of which more are done in a cycle.)
            let share = |v: &Value| lanes as f64 * self::widest(kernel, *v) as f64 / vectors.widest.bytes() as f64;
            let busy = |v: &&Value| if turned(v) { -share(v) } else { share(v) };
            let busy: f64 = body.iter().filter(done).map(|v| busy(&v)).sum();
            let waits = |copies: usize| chain / (copies as f64).max(QUEUES / work) > 1.25 * busy / RATE;
            while waits(copies)
                && copies < SHORT_COPIES
                && 2.0 * copies as f64 * work <= MOST_WAITING
                && fits(2 * copies)
            {
                copies *= 2;
            }
            states = if ordered { states } else { copies };
        }
        let unit = |v: &Value| match addresses.of[v.0 as usize].map(|address| address.inner) {
            None => true,
            Some(Inner::Unit) => true,
            Some(Inner::Fixed) => matches!(kernel.inst(*v), Inst::Load(_)),
            Some(_) => false,
        };
        let count = |is: fn(&Inst) -> bool| body.iter().filter(|v| is(kernel.inst(**v))).count();
        let operations = count(|inst| matches!(inst, Inst::Op { .. }));
        let loads = count(|inst| matches!(inst, Inst::Load(_)));
        let masked = vectors.encoding == Encoding::Evex
            && kernel.loops() > 0
            && copies == 1
            && liveness.accumulates.is_empty()
            && (operations > LONG.max(OF_LOAD * loads) || !steps.is_empty())
            && body.iter().all(unit);
        Ok(Shape { lanes, copies, states, ordered, masked, liveness, addresses, steps })
    }
}

/// How often a body with loops at points stands in a step. The steps of such a loop wait for each other: as many chains are under way as
/// there are copies, if registers hold them.
fn copies_of_loops(steps: &[(Value, Region)], outside: usize, vectors: Vectors) -> usize {
    let of_step = |step: &Region| {
        let (kernel, code) = (step.kernel(), step.code());
        let computed: Vec<Value> =
            code.iter().copied().filter(|&v| matches!(kernel.inst(v), Inst::Op { .. } | Inst::Patch { .. })).collect();
        let alive = Liveness::of(kernel, &computed).most_alive(kernel, &computed);
        (computed.len() as f64, longest_chain(kernel, code) as f64 * CHAIN, alive + step.results().len())
    };
    let all: Vec<(f64, f64, usize)> = steps.iter().map(|(_, step)| of_step(step)).collect();
    let mut copies = 1;
    let waits = |copies: usize| all.iter().any(|&(work, chain, _)| chain / copies as f64 > 1.25 * work / RATE);
    let fits = |copies: usize| {
        let work = all.iter().map(|step| step.0).sum::<f64>() + outside as f64;
        all.iter().all(|step| copies * step.2 <= vectors.registers()) && copies as f64 * work <= MOST_WAITING
    };
    while copies < SHORT_COPIES && waits(copies) && fits(2 * copies) {
        copies *= 2;
    }
    copies
}

/// Whether a step does no more than it reads and writes: then memory is what it waits for, and vectors of 64 bytes, of which nearly every
/// one lies in two lines of the cache where arrays are not aligned to them, take up to a half longer (Zen 4, f32 from memory).
pub fn moves_memory(kernel: &Kernel) -> bool {
    let count = |is: fn(&Inst) -> bool| cost::body(kernel).iter().filter(|v| is(kernel.inst(**v))).count();
    let accesses = count(|inst| matches!(inst, Inst::Load(_) | Inst::Store(..)));
    let work = count(|inst| matches!(inst, Inst::Op { .. } | Inst::Patch { .. } | Inst::Accumulate { .. }));
    work <= accesses && !kernel.iterates()
}

/// Bytes of the widest element that an instruction reads, computes or writes.
fn widest(kernel: &Kernel, v: Value) -> usize {
    let of = |v: Value| kernel.ty(v).map_or(0, DType::size);
    match kernel.inst(v) {
        Inst::Store(_, stored) => of(*stored),
        Inst::Accumulate { monoid, args } => {
            let state = monoid.state.iter().map(|ty| ty.size());
            let code = monoid.step.code.iter().chain(&monoid.merge.code).map(|(.., ty)| ty.size());
            state.chain(code).chain(args.iter().map(|&v| of(v))).max().unwrap_or(0)
        }
        Inst::Patch { args, .. } => args.iter().map(|&arg| of(arg)).max().unwrap_or(0).max(of(v)),
        _ => of(v),
    }
}

/// What is shifted left by a constant and right by as much as is missing to the width is rotated, for which AVX-512 has an instruction: the
/// value, and by how much.
pub fn rotation(kernel: &Kernel, v: Value) -> Option<(Value, u8)> {
    let Inst::Op { op: Op::Or, args } = kernel.inst(v) else { return None };
    let dtype = kernel.ty(v).filter(|dtype| matches!(dtype, DType::U32 | DType::U64))?;
    let shift = |v: Value, op: Op| match kernel.inst(v) {
        Inst::Op { op: of, args } if *of == op => match kernel.inst(args[1]) {
            Inst::Const(by) => Some((args[0], by.as_int()?)),
            _ => None,
        },
        _ => None,
    };
    let both = |left: Value, right: Value| shift(left, Op::Shl).zip(shift(right, Op::Shr));
    let (left, right) = both(args[0], args[1]).or_else(|| both(args[1], args[0]))?;
    let whole = left.0 == right.0 && left.1 > 0 && right.1 > 0 && left.1 + right.1 == 8 * dtype.size() as i128;
    whole.then_some((left.0, left.1 as u8))
}

fn components(kernel: &Kernel, v: Value) -> usize {
    match kernel.inst(v) {
        Inst::Accumulate { monoid, .. } => monoid.state.len() + monoid.temporaries(),
        _ => 0,
    }
}
