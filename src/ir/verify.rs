//! Checks what always holds of a kernel.
//!
//! Comes in: any kernel. Goes out: nothing, or the first instruction that breaks a rule, and the rule. The rules are
//! those at the head of `kernel.rs`, and that all numbers are in range, each instruction is listed once, types and
//! arities are those of the tables, operands are used by their role, and the points of a body's stores are met once.

use std::fmt;

use super::kernel::*;
use super::op::Gives;
use super::print::{self, Line};
use crate::dtype::DType;

/// What a kernel does wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    inst: Option<String>,
    reason: String,
}

impl VerifyError {
    /// The instruction, in text form; `None` where it is the kernel as a whole.
    #[cfg(any(test, feature = "internals"))]
    pub fn inst(&self) -> Option<&str> {
        self.inst.as_deref()
    }

    /// Which rule it breaks.
    #[cfg(any(test, feature = "internals"))]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match &self.inst {
            Some(inst) => write!(f, "`{inst}`: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for VerifyError {}

/// Checks a kernel.
pub fn verify(kernel: &Kernel) -> Result<(), VerifyError> {
    let whole = |reason: String| VerifyError { inst: None, reason };
    if kernel.levels.is_empty() {
        return Err(whole("a kernel has at least one level".into()));
    }
    if kernel.loops() > usize::from(u8::MAX) {
        return Err(whole(format!("{} loops are more than {}", kernel.loops(), u8::MAX)));
    }
    if kernel.types.len() != kernel.insts.len() {
        return Err(whole(format!("{} types for {} instructions", kernel.types.len(), kernel.insts.len())));
    }
    pairs(kernel).map_err(whole)?;
    for inst in &kernel.insts {
        if let Inst::While { body, .. } = inst {
            regions(body)?;
        }
    }
    let spots = spots(kernel).map_err(whole)?;
    let check = Check { kernel, spots: &spots };
    for at in 0..kernel.insts.len() {
        let value = Value(at as u32);
        check.inst(value).map_err(|reason| VerifyError {
            inst: Some(Line { kernel, value, numbered: false }.to_string()),
            reason,
        })?;
    }
    Ok(())
}

/// Operands that are halves of pairs are so along their last dimension, and a partner follows its first halves.
fn pairs(kernel: &Kernel) -> Result<(), String> {
    for (at, operand) in kernel.operands.iter().enumerate() {
        let Some((last, others)) = operand.dims.split_last() else { continue };
        if others.iter().any(|stride| stride.is_of_pairs()) {
            return Err(format!("{}: halves of pairs follow each other along the last dimension", operand.name));
        }
        let follows = |first: &Operand| {
            let strides = first.dims.split_last() == Some((&Stride::First, others));
            strides && (first.dtype, first.role) == (operand.dtype, operand.role)
        };
        let before = at.checked_sub(1).map(|before| &kernel.operands[before]);
        if *last == Stride::Partner && !before.is_some_and(follows) {
            return Err(format!("{}: the operand before is not the first halves", operand.name));
        }
    }
    Ok(())
}

/// The regions of a loop are such, of the types that it says.
fn regions(of: &Loop) -> Result<(), VerifyError> {
    let whole = |reason: String| VerifyError { inst: None, reason };
    if of.state.is_empty() || of.state.len() > usize::from(u8::MAX) {
        return Err(whole(format!("a state of {} parts", of.state.len())));
    }
    let params = || of.state.iter().chain(&of.captured);
    for (at, region) in of.regions().enumerate() {
        let is_cond = of.cond.is_some() && at == 0;
        let results = if is_cond { &[DType::Bool][..] } else { &of.state };
        if !region.params().iter().eq(params()) || region.results() != results {
            let (takes, gives) = (region.params(), region.results());
            return Err(whole(format!("a region of a loop takes {takes:?} and gives {gives:?}")));
        }
        verify(region.kernel())?;
        is_region(region).map_err(whole)?;
    }
    Ok(())
}

/// A kernel without loops of whose operands the first are loaded, and the others stored once each and in order.
fn is_region(region: &Region) -> Result<(), String> {
    let kernel = region.kernel();
    let types = region.params().iter().map(|ty| (*ty, Role::In));
    let types = types.chain(region.results().iter().map(|ty| (*ty, Role::Out)));
    if kernel.loops() > 0 || !types.eq(kernel.operands.iter().map(|o| (o.dtype, o.role))) {
        return Err("a region has no loops, and as operands its parameters and its results".into());
    }
    let mut stored = region.params().len();
    for v in region.code() {
        match kernel.inst(*v) {
            Inst::While { .. } | Inst::Final { .. } => return Err("loops at a point are not nested".into()),
            Inst::Store(access, _) if access.operand.0 as usize == stored => stored += 1,
            Inst::Store(..) => return Err("a region gives its results in order".into()),
            _ => {}
        }
    }
    if stored == kernel.operands.len() { Ok(()) } else { Err("a region gives all its results".into()) }
}

/// Where an instruction stands.
#[derive(Clone, Copy)]
struct Spot {
    level: usize,
    after: bool,
    /// Its turn when all is run in order.
    turn: usize,
}

/// Where each instruction stands: each once.
fn spots(kernel: &Kernel) -> Result<Vec<Spot>, String> {
    let mut spots: Vec<Option<Spot>> = vec![None; kernel.insts.len()];
    let before = kernel.levels.iter().enumerate().map(|(level, l)| (level, false, &l.before));
    let after = kernel.levels.iter().enumerate().rev().map(|(level, l)| (level, true, &l.after));
    let mut turn = 0;
    for (level, after, list) in before.chain(after) {
        for v in list {
            let spot = spots.get_mut(v.0 as usize).ok_or_else(|| format!("v{} is listed but does not exist", v.0))?;
            if spot.replace(Spot { level, after, turn }).is_some() {
                return Err(format!("v{} is listed twice", v.0));
            }
            turn += 1;
        }
    }
    let listed = |(at, spot): (usize, Option<Spot>)| spot.ok_or_else(|| format!("v{at} is not listed"));
    spots.into_iter().enumerate().map(listed).collect()
}

struct Check<'a> {
    kernel: &'a Kernel,
    spots: &'a [Spot],
}

/// The reason is the error.
type Rule<T = ()> = Result<T, String>;

impl Check<'_> {
    // Long: one arm for each instruction.
    fn inst(&self, v: Value) -> Rule {
        let spot = self.spots[v.0 as usize];
        let loops = self.kernel.loops();
        if spot.after && spot.level == loops {
            return Err("the innermost level has no after code".into());
        }
        let inst = self.kernel.inst(v);
        match inst {
            Inst::Const(_) => {}
            Inst::Op { op, args } => {
                let types = args.iter().map(|a| self.arg(spot, *a)).collect::<Rule<Vec<DType>>>()?;
                if args.len() != op.arity() {
                    return Err(format!("{} takes {} arguments, not {}", op.name(), op.arity(), args.len()));
                }
                let ty = self.kernel.ty(v);
                let named = ty.filter(|_| op.row().gives == Gives::Named);
                let result = op.result(&types, named);
                let result = result.ok_or_else(|| format!("{} does not take {types:?}", op.name()))?;
                return self.of_type(v, Some(result));
            }
            Inst::Load(access) => {
                self.access(spot, access)?;
                if self.kernel.operand(access.operand).role == Role::Out {
                    return Err("an `out` operand is not loaded".into());
                }
                self.in_place(v, access)?;
            }
            Inst::Store(access, stored) => {
                self.access(spot, access)?;
                let operand = self.kernel.operand(access.operand);
                if operand.role == Role::In {
                    return Err("an `in` operand is not stored to".into());
                }
                if !spot.after && (spot.level != loops || usize::from(access.level()) != loops) {
                    return Err("a store stands in the body and follows its loop, or stands in after code".into());
                }
                let ty = self.arg(spot, *stored)?;
                if ty != operand.dtype {
                    return Err(format!("{ty} is stored to {}", operand.dtype));
                }
                self.in_place(v, access)?;
            }
            Inst::Index(l) => self.in_loop(spot, *l)?,
            Inst::Patch { mask, fast, helper, args } => {
                self.mask(spot, *mask)?;
                let fast = self.arg(spot, *fast)?;
                if fast != helper.result() {
                    return Err(format!("{} gives {}, not {fast}", helper.name, helper.result()));
                }
                self.args(spot, helper.name, helper.args(), args)?;
            }
            Inst::Fault(mask, _) => self.mask(spot, *mask)?,
            Inst::Accumulate { monoid, args } => {
                if loops == 0 || spot.level != loops {
                    return Err("an accumulate stands in the body of a loop".into());
                }
                self.args(spot, &monoid.name, &monoid.args, args)?;
            }
            Inst::Reduced { from, part } => {
                let Some(Inst::Accumulate { monoid, .. }) = self.kernel.insts.get(from.0 as usize) else {
                    return Err(format!("v{} is not an accumulate", from.0));
                };
                if !spot.after || spot.level + 1 != loops {
                    return Err("a reduced stands in the after code of the level above the innermost".into());
                }
                if usize::from(*part) >= monoid.state.len() {
                    return Err(format!("the state of {} has {} parts", monoid.name, monoid.state.len()));
                }
            }
            Inst::While { body, args } => {
                let expected: Vec<DType> = body.args().collect();
                self.args(spot, "while", &expected, args)?;
            }
            Inst::Final { from, part } => {
                let Some(Inst::While { body, .. }) = self.kernel.insts.get(from.0 as usize) else {
                    return Err(format!("v{} is not a while", from.0));
                };
                self.known(spot, *from)?;
                if usize::from(*part) >= body.state.len() {
                    return Err(format!("the state has {} parts", body.state.len()));
                }
            }
        }
        self.of_type(v, print::implied_type(self.kernel, inst))
    }

    fn of_type(&self, v: Value, expected: Option<DType>) -> Rule {
        let name = |ty: Option<DType>| ty.map_or("no result", DType::name);
        match self.kernel.ty(v) {
            found if found == expected => Ok(()),
            found => Err(format!("the type is {}, not {}", name(expected), name(found))),
        }
    }

    /// The type of an argument, which must have been computed by now.
    fn arg(&self, spot: Spot, v: Value) -> Rule<DType> {
        let ty = self.kernel.types.get(v.0 as usize).ok_or_else(|| format!("v{} does not exist", v.0))?;
        let ty = ty.ok_or_else(|| format!("v{} has no result", v.0))?;
        self.known(spot, v)?;
        Ok(ty)
    }

    /// That an instruction has run by now.
    fn known(&self, spot: Spot, v: Value) -> Rule {
        let Some(from) = self.spots.get(v.0 as usize) else {
            return Err(format!("v{} does not exist", v.0));
        };
        // After code has left the levels within; what runs ahead of it on its own or an outer level is still there.
        // (Of after code, only that on its own level has run by then.)
        if from.level > spot.level || from.turn >= spot.turn {
            return Err(format!("v{} is not known here", v.0));
        }
        Ok(())
    }

    fn args(&self, spot: Spot, name: &str, expected: &[DType], args: &[Value]) -> Rule {
        let types = args.iter().map(|a| self.arg(spot, *a)).collect::<Rule<Vec<DType>>>()?;
        if types == expected { Ok(()) } else { Err(format!("{name} takes {expected:?}, not {types:?}")) }
    }

    fn mask(&self, spot: Spot, mask: Value) -> Rule {
        match self.arg(spot, mask)? {
            DType::Bool => Ok(()),
            ty => Err(format!("the mask is {ty}, not bool")),
        }
    }

    /// That the code stands inside this loop.
    fn in_loop(&self, spot: Spot, l: LoopId) -> Rule {
        if usize::from(l.0) < spot.level { Ok(()) } else { Err(format!("this is not inside loop i{}", l.0)) }
    }

    fn access(&self, spot: Spot, access: &Access) -> Rule {
        let Some(operand) = self.kernel.operands.get(access.operand.0 as usize) else {
            return Err(format!("operand {} does not exist", access.operand.0));
        };
        if access.map.len() != operand.dims.len() {
            return Err(format!("{} coordinates for {} dimensions", access.map.len(), operand.dims.len()));
        }
        access.map.iter().filter_map(|c| c.follows).try_for_each(|l| self.in_loop(spot, l))
    }

    /// What is read and written is read first, and at the same point: else the order of the points would matter.
    fn in_place(&self, v: Value, access: &Access) -> Rule {
        if self.kernel.operand(access.operand).role != Role::InOut {
            return Ok(());
        }
        let turn = |v: Value| self.spots[v.0 as usize].turn;
        let is_load = matches!(self.kernel.inst(v), Inst::Load(_));
        for (at, other) in self.kernel.insts.iter().enumerate() {
            let (Inst::Load(a) | Inst::Store(a, _)) = other else { continue };
            if a.operand != access.operand {
                continue;
            }
            if a != access {
                return Err("an `inout` operand is accessed at one point".into());
            }
            if is_load && matches!(other, Inst::Store(..)) && turn(Value(at as u32)) < turn(v) {
                return Err("an `inout` operand is loaded before it is stored".into());
            }
        }
        Ok(())
    }
}
