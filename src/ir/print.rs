//! The text form of kernels, for people, tests and error messages.
//!
//! Comes in: any kernel, valid or not. Goes out: text that `parse.rs` reads back as an equal kernel:
//!
//! ```text
//! in x: f64[any, unit]
//! out y: f64[any]
//! kernel {
//!     v0 = const 2.5:f64
//!     loop i0 {
//!         loop i1 {
//!             v1 = load x[i0, i1+1]
//!             v2 = mul.f64 v0, v1
//!             v3 = accumulate sum.f64(v2)
//!         }
//!         v4 = reduced v3.0
//!         store y[i0], v4
//!     }
//! }
//! ```
//!
//! - The regions of a `while` stand ahead of the kernel; their parameters are operands `x0`, `x1` ..., their results `y0` ...:
//!   `region w0.cond(f64) -> (bool) {`, `region w0.body(f64) -> (f64) {`; then `v3 = while w0(v0, v1)`, `v4 = final v3.0`.
//! - A type after an operation's name is that of its result, except that a comparison names what it compares.
//! - `store` and `fault` carry no number: in the order of the text they take the numbers that are left, upwards. Where
//!   that would not be so, they are numbered too (`v5 = store ...`).
//! - What only an invalid kernel has is said as well, so that tests of the verifier are text: `v3:f32 = ...` (or
//!   `v3:none`) is a type other than the instruction implies, `again v3` a second listing, `after` begins after code
//!   where there is no inner loop, and `unlisted { ... }` holds what no level lists.

use std::fmt;
use std::sync::Arc;

use super::kernel::*;
use super::op::{Gives, Op};
use crate::dtype::DType;

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for operand in &self.operands {
            let role = role_name(operand.role);
            write!(f, "{role} {}: {}[", Name(&operand.name), operand.dtype)?;
            separated(f, operand.dims.iter().map(|d| stride_name(*d)))?;
            f.write_str("]\n")?;
        }
        for (at, body) in loops(self).iter().enumerate() {
            if let Some(cond) = &body.cond {
                region(f, &format!("w{at}.cond"), cond)?;
            }
            region(f, &format!("w{at}.body"), &body.body)?;
        }
        let mut printer = Printer { kernel: self, seen: vec![false; self.insts.len()], numbered: needs_numbers(self) };
        if let Some(innermost) = self.levels.len().checked_sub(1) {
            f.write_str("kernel {\n")?;
            for (depth, level) in self.levels.iter().enumerate() {
                if depth > 0 {
                    writeln!(f, "{:1$}loop i{2} {{", "", indent(depth), depth - 1)?;
                }
                printer.list(f, &level.before, depth)?;
            }
            for (depth, level) in self.levels.iter().enumerate().rev() {
                if depth == innermost && !level.after.is_empty() {
                    writeln!(f, "{:1$}after", "", indent(depth + 1))?;
                }
                printer.list(f, &level.after, depth)?;
                writeln!(f, "{:1$}}}", "", indent(depth))?;
            }
        }
        let unlisted: Vec<Value> = values(self).filter(|v| !printer.seen[v.0 as usize]).collect();
        if !unlisted.is_empty() {
            f.write_str("unlisted {\n")?;
            printer.list(f, &unlisted, 0)?;
            f.write_str("}\n")?;
        }
        Ok(())
    }
}

/// The loops of `while`, each once, in order.
fn loops(kernel: &Kernel) -> Vec<&Arc<Loop>> {
    let mut all: Vec<&Arc<Loop>> = Vec::new();
    for inst in &kernel.insts {
        if let Inst::While { body, .. } = inst
            && !all.iter().any(|known| Arc::ptr_eq(known, body))
        {
            all.push(body);
        }
    }
    all
}

/// A region: its types, and its code.
fn region(f: &mut fmt::Formatter, name: &str, region: &Region) -> fmt::Result {
    write!(f, "region {name}(")?;
    separated(f, region.params().iter())?;
    f.write_str(") -> (")?;
    separated(f, region.results().iter())?;
    f.write_str(") {\n")?;
    let kernel = region.kernel();
    let mut printer = Printer { kernel, seen: vec![false; kernel.insts.len()], numbered: needs_numbers(kernel) };
    printer.list(f, region.code(), 0)?;
    f.write_str("}\n")
}

/// How far code at a depth is indented: no further than the deepest valid nest, for a width has a limit.
fn indent(depth: usize) -> usize {
    4 * depth.min(usize::from(u8::MAX) + 1)
}

/// Every value of a kernel.
fn values(kernel: &Kernel) -> impl Iterator<Item = Value> {
    (0..kernel.insts.len() as u32).map(Value)
}

/// Whether an instruction has no result that another could name.
pub(super) fn is_effect(inst: &Inst) -> bool {
    matches!(inst, Inst::Store(..) | Inst::Fault(..))
}

/// Whether the effects stand in the text in another order than their numbers.
fn needs_numbers(kernel: &Kernel) -> bool {
    let mut seen = vec![false; kernel.insts.len()];
    let listed = kernel.levels.iter().flat_map(|l| &l.before);
    let listed = listed.chain(kernel.levels.iter().rev().flat_map(|l| &l.after)).copied();
    let effects: Vec<Value> = listed
        .chain(values(kernel))
        .filter(|v| kernel.insts.get(v.0 as usize).is_some_and(is_effect))
        .filter(|v| !std::mem::replace(&mut seen[v.0 as usize], true))
        .collect();
    !effects.is_sorted()
}

struct Printer<'a> {
    kernel: &'a Kernel,
    seen: Vec<bool>,
    /// Whether effects are numbered.
    numbered: bool,
}

impl Printer<'_> {
    fn list(&mut self, f: &mut fmt::Formatter, list: &[Value], depth: usize) -> fmt::Result {
        for &v in list {
            write!(f, "{:1$}", "", indent(depth + 1))?;
            match self.seen.get_mut(v.0 as usize) {
                Some(seen) if !*seen => {
                    *seen = true;
                    writeln!(f, "{}", Line { kernel: self.kernel, value: v, numbered: self.numbered })?;
                }
                _ => writeln!(f, "again v{}", v.0)?,
            }
        }
        Ok(())
    }
}

/// One instruction in text form.
pub struct Line<'a> {
    /// The kernel it is in.
    pub kernel: &'a Kernel,
    /// The instruction.
    pub value: Value,
    /// Whether `store` and `fault` are numbered too.
    pub numbered: bool,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Line { kernel, value, numbered } = *self;
        let Some(inst) = kernel.insts.get(value.0 as usize) else {
            return write!(f, "v{}", value.0);
        };
        let ty = kernel.types.get(value.0 as usize).copied().flatten();
        let as_implied = match inst {
            Inst::Op { op, .. } if op.row().gives != Gives::Bool => ty.is_some(),
            _ => ty == implied_type(kernel, inst),
        };
        match ty {
            _ if as_implied && is_effect(inst) && !numbered => {}
            _ if as_implied => write!(f, "v{} = ", value.0)?,
            Some(ty) => write!(f, "v{}:{ty} = ", value.0)?,
            None => write!(f, "v{}:none = ", value.0)?,
        }
        match inst {
            Inst::Const(c) => write!(f, "const {c:?}"),
            Inst::Op { op, args } => {
                f.write_str(op.name())?;
                if let Some(ty) = suffix(kernel, *op, args, ty) {
                    write!(f, ".{ty}")?;
                }
                f.write_str(" ")?;
                separated(f, args.iter().map(|v| V(*v)))
            }
            Inst::Load(access) => write!(f, "load {}", At(kernel, access)),
            Inst::Store(access, v) => write!(f, "store {}, v{}", At(kernel, access), v.0),
            Inst::Index(l) => write!(f, "index i{}", l.0),
            Inst::Patch { mask, fast, helper, args } => {
                write!(f, "patch v{}, v{}, {}(", mask.0, fast.0, helper.name)?;
                separated(f, args.iter().map(|v| V(*v)))?;
                f.write_str(")")
            }
            Inst::Fault(mask, code) => write!(f, "fault v{}, e{}", mask.0, code.number()),
            Inst::Accumulate { monoid, args } => {
                write!(f, "accumulate {}(", monoid.name)?;
                separated(f, args.iter().map(|v| V(*v)))?;
                f.write_str(")")
            }
            Inst::Reduced { from, part } => write!(f, "reduced v{}.{part}", from.0),
            Inst::While { body, args } => {
                let at = loops(kernel).iter().position(|l| Arc::ptr_eq(l, body)).unwrap_or(0);
                write!(f, "while w{at}(")?;
                separated(f, args.iter().map(|v| V(*v)))?;
                f.write_str(")")
            }
            Inst::Final { from, part } => write!(f, "final v{}.{part}", from.0),
        }
    }
}

/// The type that the text names after the operation.
fn suffix(kernel: &Kernel, op: Op, args: &[Value], ty: Option<DType>) -> Option<DType> {
    match op.row().gives {
        Gives::Bool => compared(kernel, args),
        Gives::Same | Gives::Named => ty,
    }
}

/// The type that a comparison of these values compares.
pub(super) fn compared(kernel: &Kernel, args: &[Value]) -> Option<DType> {
    kernel.types.get(args.last()?.0 as usize).copied().flatten()
}

/// The type that an instruction's text implies, where the text does not name one.
pub(super) fn implied_type(kernel: &Kernel, inst: &Inst) -> Option<DType> {
    match inst {
        Inst::Const(c) => Some(c.dtype()),
        Inst::Op { op, .. } => (op.row().gives == Gives::Bool).then_some(DType::Bool),
        Inst::Load(access) => kernel.operands.get(access.operand.0 as usize).map(|o| o.dtype),
        Inst::Index(_) => Some(DType::I64),
        Inst::Patch { helper, .. } => Some(helper.result()),
        Inst::Reduced { from, part } => match kernel.insts.get(from.0 as usize) {
            Some(Inst::Accumulate { monoid, .. }) => monoid.state.get(usize::from(*part)).copied(),
            _ => None,
        },
        Inst::Final { from, part } => match kernel.insts.get(from.0 as usize) {
            Some(Inst::While { body, .. }) => body.state.get(usize::from(*part)).copied(),
            _ => None,
        },
        Inst::Store(..) | Inst::Fault(..) | Inst::Accumulate { .. } | Inst::While { .. } => None,
    }
}

/// A role's name in the text form.
pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::In => "in",
        Role::Out => "out",
        Role::InOut => "inout",
    }
}

/// A stride class's name in the text form.
pub(super) fn stride_name(stride: Stride) -> &'static str {
    match stride {
        Stride::Unit => "unit",
        Stride::Any => "any",
        Stride::First => "first",
        Stride::Second => "second",
        Stride::Partner => "partner",
    }
}

fn separated(f: &mut fmt::Formatter, items: impl Iterator<Item = impl fmt::Display>) -> fmt::Result {
    for (i, item) in items.enumerate() {
        write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
    }
    Ok(())
}

struct V(Value);

impl fmt::Display for V {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "v{}", self.0.0)
    }
}

/// Whether the text form writes this name without quotes.
pub(super) fn is_bare(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// An operand's name, in quotes where it is not a plain word.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if is_bare(self.0) {
            return f.write_str(self.0);
        }
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                _ if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                _ => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// An access: the operand (by number if its name does not single it out) and the coordinates.
struct At<'a>(&'a Kernel, &'a Access);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let At(kernel, Access { operand, map }) = self;
        let name = kernel.operands.get(operand.0 as usize).map(|o| &o.name);
        match name {
            Some(name) if kernel.operands.iter().filter(|o| o.name == *name).count() == 1 => Name(name).fmt(f)?,
            _ => write!(f, "#{}", operand.0)?,
        }
        f.write_str("[")?;
        separated(f, map.iter().map(At1))?;
        f.write_str("]")
    }
}

/// One coordinate.
struct At1<'a>(&'a Coordinate);

impl fmt::Display for At1<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match *self.0 {
            Coordinate { follows: Some(l), offset: 0 } => write!(f, "i{}", l.0),
            Coordinate { follows: Some(l), offset } => write!(f, "i{}{offset:+}", l.0),
            Coordinate { follows: None, offset } => write!(f, "{offset}"),
        }
    }
}
