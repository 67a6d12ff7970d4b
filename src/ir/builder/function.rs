//! Regions, and loops at points, whose steps are such.
//!
//! Comes in: code of parameters. Goes out: a [`Region`]; or a region's code put in elsewhere. Always holds: a region's parameters are the
//! operands `x0`, `x1` ..., its results `y0` ....

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Builder, Key};
use crate::dtype::DType;
use crate::ir::kernel::*;
use crate::ir::op::Gives;

impl Builder {
    /// The region that `build` makes of parameters of these types.
    pub fn region(params: &[DType], build: impl FnOnce(&mut Builder, &[Value]) -> Value) -> Region {
        let (mut b, args) = Builder::new(0).function(params);
        let v = build(&mut b, &args);
        b.results(&[v])
    }

    /// Begins a region of parameters of these types, which are given; `self` is a builder of a kernel without loops in which nothing has
    /// been built. [`Builder::results`] ends it.
    pub fn function(mut self, params: &[DType]) -> (Builder, Args) {
        let mut args = Args::new();
        for &param in params {
            let operand = self.operand(format!("x{}", args.len()), param, Role::In, &[]);
            args.push(self.load(Access::plain(operand, [])));
        }
        (self, args)
    }

    /// The region of the code so far, with these results.
    pub fn results(mut self, results: &[Value]) -> Region {
        let of_role = |b: &Builder, role: Role| -> Vec<DType> {
            b.kernel.operands.iter().filter(|operand| operand.role == role).map(|operand| operand.dtype).collect()
        };
        results.iter().for_each(|&v| self.result(v));
        Region::new(of_role(&self, Role::In), of_role(&self, Role::Out), self.finish())
    }

    /// The next result of a region.
    fn result(&mut self, v: Value) {
        let at = self.kernel.operands.iter().filter(|operand| operand.role == Role::Out).count();
        let operand = self.operand(format!("y{at}"), self.ty(v), Role::Out, &[]);
        self.store(Access::plain(operand, []), v);
    }

    /// A loop at each point; gives the state with which it ends. `args` are the starting state, the greatest number of steps (an `i64`) and
    /// what is captured. Loops are the same where they are one in memory.
    pub fn iterate(&mut self, body: &Arc<Loop>, args: &[Value]) -> SmallVec<[Value; 2]> {
        let args = Args::from_slice(args);
        let is_never = |max: Value| self.as_const(max).is_some_and(|max| max.bits() as i64 <= 0);
        let never = body.parts(&args).filter(|&(_, max, _)| is_never(max));
        if let (true, Some((start, ..))) = (self.rewrite, never) {
            return SmallVec::from_slice(start);
        }
        let place = self.place(&args);
        let key = Key::While(Arc::as_ptr(body) as usize, args.clone());
        let from = self.add(key, Inst::While { body: body.clone(), args }, None, place);
        (0..body.state.len() as u8)
            .map(|part| {
                let ty = body.state.get(usize::from(part)).copied();
                self.add(Key::Final(from, part), Inst::Final { from, part }, ty, place)
            })
            .collect()
    }

    /// A region's code on these arguments; gives its results.
    pub fn put_in(&mut self, region: &Region, args: &[Value]) -> SmallVec<[Value; 4]> {
        let kernel = region.kernel();
        let mut new: Vec<Value> = vec![Value(0); kernel.insts.len()];
        let mut results = SmallVec::new();
        for &v in region.code() {
            let get = |args: &Args| -> Args { args.iter().map(|v| new[v.0 as usize]).collect() };
            let one = |v: &Value| new[v.0 as usize];
            new[v.0 as usize] = match kernel.inst(v) {
                Inst::Const(c) => self.constant(*c),
                Inst::Load(access) => args[access.operand.0 as usize],
                Inst::Op { op, args } => {
                    let named = kernel.ty(v).filter(|_| op.row().gives == Gives::Named);
                    self.typed_op(*op, &get(args), named)
                }
                Inst::Patch { mask, fast, helper, args } => self.patch(one(mask), one(fast), helper, &get(args)),
                Inst::Fault(mask, code) => {
                    self.fault(one(mask), *code);
                    continue;
                }
                Inst::Store(_, result) => {
                    results.push(one(result));
                    continue;
                }
                // The verifier lets no region have others.
                _ => continue,
            };
        }
        results
    }
}

#[cfg(feature = "jit")]
impl Kernel {
    /// For each `while` a step of its loop.
    pub fn steps(&self) -> Vec<(Value, Region)> {
        let all = self.insts.iter().zip(0..);
        let step = |(inst, at): (&Inst, u32)| match inst {
            Inst::While { body, .. } => Some((Value(at), body.step())),
            _ => None,
        };
        all.filter_map(step).collect()
    }
}

impl Loop {
    /// A step of the loop as one region, in which condition and body share what they have in common: its results are the condition, if
    /// there is one, and the next state. What stands before the condition's store belongs to the condition, and what comes after it is done
    /// where that holds.
    #[cfg(feature = "jit")]
    pub fn step(&self) -> Region {
        let params: Vec<DType> = self.state.iter().chain(&self.captured).copied().collect();
        let (mut b, args) = Builder::new(0).function(&params);
        for region in self.regions() {
            b.put_in(region, &args).into_iter().for_each(|v| b.result(v));
        }
        b.results(&[])
    }
}
