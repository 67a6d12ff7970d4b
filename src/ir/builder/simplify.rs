//! Applies the rules of `rules.rs`, whenever the builder is given an operation.
//!
//! Comes in: an operation whose arguments are simplified already. Goes out: what replaces it, if a rule matches.
//! Always ends: a pattern is at most two operations deep, and what a rule makes is smaller or nearer to its final form.

#[cfg(any(test, feature = "internals"))]
use std::collections::HashMap;

use smallvec::SmallVec;

use super::Builder;
#[cfg(any(test, feature = "internals"))]
use super::for_each_arg;
use super::quotient;
use crate::dtype::{DType, Kind, Scalar};
use crate::ir::kernel::*;
use crate::ir::op::{Gives, Op};
use crate::ir::rules::{self, Pat, Types};

/// A value that equals this operation to the bit and costs less, if a rule knows one.
pub fn simplify(b: &mut Builder, op: Op, args: &[Value], ty: DType) -> Option<Value> {
    for rule in rules::of(op) {
        let Pat::Op(_, pats) = rule.from else { continue };
        let mut found = Found::default();
        if !matches(b, op, pats, args, &mut found) {
            continue;
        }
        let (Some(x), Some(&arg)) = (found.vars[0], args.first()) else { continue };
        let types = Types { x: b.ty(x), arg: b.ty(arg), result: ty };
        if rule.on.holds(types.x) && (rule.when)(types) {
            return build(b, rule.to, &found, ty);
        }
    }
    match (op, args) {
        (Op::FloorDiv | Op::FloorMod, &[n, d]) => quotient::by_constant(b, op, n, d),
        _ => None,
    }
}

/// What the variables and the class of a pattern stand for.
#[derive(Clone, Copy, Default)]
struct Found {
    vars: [Option<Value>; 4],
    constant: Option<Scalar>,
}

/// Matches the arguments of an operation, in either order if it commutes. What was found stays if nothing matches.
fn matches(b: &Builder, op: Op, pats: &[Pat], args: &[Value], found: &mut Found) -> bool {
    match (pats, args) {
        (&[p, q], &[x, y]) if op.row().commutes => {
            let before = *found;
            let mut both = |x, y| matches_one(b, p, x, found) && matches_one(b, q, y, found);
            both(x, y) || {
                *found = before;
                matches_one(b, p, y, found) && matches_one(b, q, x, found)
            }
        }
        _ => pats.len() == args.len() && pats.iter().zip(args).all(|(pat, v)| matches_one(b, *pat, *v, found)),
    }
}

fn matches_one(b: &Builder, pat: Pat, v: Value, found: &mut Found) -> bool {
    match pat {
        Pat::Var(at) => *found.vars[at].get_or_insert(v) == v,
        Pat::Whole => *found.vars[0].get_or_insert(v) == v && is_whole(b, v),
        Pat::Const(class) => {
            found.constant = b.as_const(v).filter(|c| rules::is_of(class, *c));
            found.constant.is_some()
        }
        Pat::Op(op, pats) => b.as_op(v).is_some_and(|(of, args)| of == op && matches(b, op, pats, args, found)),
    }
}

/// Whether a float is integral, infinite or NaN by how it came about.
fn is_whole(b: &Builder, v: Value) -> bool {
    match b.as_op(v) {
        Some((Op::Floor | Op::Ceil | Op::Trunc | Op::Round, _)) => true,
        // A rounded integer is integral too: rounding sets in where the spacing of floats is 2 or more.
        Some((Op::Convert, &[from])) => b.ty(from).kind() != Kind::Float,
        _ => false,
    }
}

/// Makes what a rule's right side says; `ty` is the type of its result.
fn build(b: &mut Builder, pat: Pat, found: &Found, ty: DType) -> Option<Value> {
    match pat {
        Pat::Var(at) => found.vars[at],
        Pat::Whole => None,
        Pat::Const(class) => rules::member(class, ty, found.constant).map(|c| b.constant(c)),
        Pat::Op(op, pats) => {
            // A constant has the type of its siblings, so these come first.
            let mut args: SmallVec<[Option<Value>; 3]> = SmallVec::from_elem(None, pats.len());
            let mut siblings = ty;
            for constants in [false, true] {
                for (arg, pat) in args.iter_mut().zip(pats) {
                    if matches!(pat, Pat::Const(_)) == constants {
                        let v = build(b, *pat, found, siblings)?;
                        siblings = b.ty(v);
                        *arg = Some(v);
                    }
                }
            }
            let args: Args = args.into_iter().flatten().collect();
            let named = (op.row().gives == Gives::Named).then_some(ty);
            Some(b.typed_op(op, &args, named))
        }
    }
}

/// A kernel built anew: shared, folded, simplified, hoisted, and without what nothing needs. What it stores is the same.
///
/// The kernel must be valid, as `verify` says, and its after code that of one level, as the builder makes it.
///
/// # Panics
/// If the kernel is not valid.
#[cfg(any(test, feature = "internals"))]
pub fn rebuild(kernel: &Kernel) -> Kernel {
    let mut b = Builder::new(kernel.loops());
    for o in &kernel.operands {
        b.operand(o.name.clone(), o.dtype, o.role, &o.dims);
    }
    let mut new: Vec<Value> = vec![Value(0); kernel.insts.len()];
    let mut states: HashMap<Value, SmallVec<[Value; 2]>> = HashMap::new();
    for v in order(kernel) {
        let get = |args: &Args| -> Args { args.iter().map(|v| new[v.0 as usize]).collect() };
        let one = |v: &Value| new[v.0 as usize];
        let value = match kernel.inst(v) {
            Inst::Const(c) => b.constant(*c),
            Inst::Op { op, args } => {
                let named = kernel.ty(v).filter(|_| op.row().gives == Gives::Named);
                b.typed_op(*op, &get(args), named)
            }
            Inst::Load(access) => b.load(access.clone()),
            Inst::Index(l) => b.index(*l),
            Inst::Patch { mask, fast, helper, args } => b.patch(one(mask), one(fast), helper, &get(args)),
            Inst::Reduced { from, part } | Inst::Final { from, part } => states[from][usize::from(*part)],
            Inst::Accumulate { monoid, args } => {
                let state = b.accumulate(monoid, &get(args));
                states.insert(v, state);
                continue;
            }
            Inst::While { body, args } => {
                let state = b.iterate(body, &get(args));
                states.insert(v, state);
                continue;
            }
            Inst::Store(access, stored) => {
                b.store(access.clone(), one(stored));
                continue;
            }
            Inst::Fault(mask, code) => {
                b.fault(one(mask), *code);
                continue;
            }
        };
        new[v.0 as usize] = value;
    }
    b.finish()
}

/// The instructions in an order in which arguments come first: by number where that is one and the lists agree with it
/// (as in what the builder made, so that building anew once more changes nothing), else as they run.
#[cfg(any(test, feature = "internals"))]
fn order(kernel: &Kernel) -> Vec<Value> {
    let mut by_number = kernel.levels.iter().all(|l| l.before.is_sorted() && l.after.is_sorted());
    for (at, inst) in kernel.insts.iter().enumerate() {
        for_each_arg(inst, |v| by_number &= (v.0 as usize) < at);
    }
    if by_number {
        return (0..kernel.insts.len() as u32).map(Value).collect();
    }
    let before = kernel.levels.iter().flat_map(|l| &l.before);
    before.chain(kernel.levels.iter().rev().flat_map(|l| &l.after)).copied().collect()
}
