//! Builds kernels: shares equal values, folds constants, simplifies, and hoists.
//!
//! Comes in: instructions in any order in which arguments precede their use. Goes out: a kernel that the verifier
//! accepts, in which nothing is computed twice or for nothing, and each value sits at the outermost level it can.

mod function;
mod quotient;
pub mod simplify;

use foldhash::{HashMap, HashMapExt};
use smallvec::SmallVec;

use super::kernel::helper::Helper;
use super::kernel::*;
use super::monoid::{Fragment, Monoid};
use super::op::Op;
use super::semantics;
use crate::dtype::{DType, Scalar};

/// What makes two instructions the same.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Const(Scalar),
    Op(Op, Args, DType),
    Load(Access),
    Index(LoopId),
    Patch(Value, Value, &'static str, Args),
    Accumulate(&'static str, Args),
    Reduced(Value, u8),
    /// The loop by its address.
    While(usize, Args),
    Final(Value, u8),
}

/// Where a value sits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Place {
    /// In the before code of a level.
    Before(u8),
    /// In the after code of the level above the innermost.
    After,
}

/// Builds a [`Kernel`].
pub struct Builder {
    kernel: Kernel,
    places: Vec<Place>,
    memo: HashMap<Key, Value>,
    /// Off: instructions are kept as given (but still placed). For tests of the simplifier and of executors.
    rewrite: bool,
}

impl Builder {
    /// A builder of a kernel with this many loops.
    pub fn new(loops: usize) -> Builder {
        let kernel = Kernel { levels: vec![Level::default(); loops + 1], ..Kernel::default() };
        Builder { kernel, places: Vec::new(), memo: HashMap::new(), rewrite: true }
    }

    /// A builder that neither folds nor simplifies nor shares.
    #[cfg(any(test, feature = "internals"))]
    pub fn verbatim(loops: usize) -> Builder {
        Builder { rewrite: false, ..Builder::new(loops) }
    }

    /// Adds an array.
    pub fn operand(&mut self, name: impl Into<String>, dtype: DType, role: Role, dims: &[Stride]) -> OperandId {
        let id = OperandId(self.kernel.operands.len() as u32);
        self.kernel.operands.push(Operand { name: name.into(), dtype, role, dims: SmallVec::from_slice(dims) });
        id
    }

    /// How many instructions have been made so far.
    pub fn size(&self) -> usize {
        self.kernel.insts.len()
    }

    /// The type of a value. Values without a result do not leave this builder.
    pub fn ty(&self, v: Value) -> DType {
        self.kernel.ty(v).unwrap_or(DType::Bool)
    }

    /// The constant that a value is, if it is one.
    pub fn as_const(&self, v: Value) -> Option<Scalar> {
        match self.kernel.inst(v) {
            Inst::Const(c) => Some(*c),
            _ => None,
        }
    }

    /// The operation that gives a value, if one does.
    pub fn as_op(&self, v: Value) -> Option<(Op, &[Value])> {
        match self.kernel.inst(v) {
            Inst::Op { op, args } => Some((*op, args)),
            _ => None,
        }
    }

    /// A constant.
    pub fn constant(&mut self, c: impl Into<Scalar>) -> Value {
        let c = c.into();
        self.add(Key::Const(c), Inst::Const(c), Some(c.dtype()), Place::Before(0))
    }

    /// An operation whose result type follows from its arguments.
    ///
    /// # Panics
    /// If the operation does not take such arguments: a bug of the caller's.
    pub fn op(&mut self, op: Op, args: &[Value]) -> Value {
        self.typed_op(op, args, None)
    }

    /// A conversion to a type; `v` itself if it has that type.
    pub fn convert(&mut self, v: Value, to: DType) -> Value {
        if self.ty(v) == to { v } else { self.typed_op(Op::Convert, &[v], Some(to)) }
    }

    /// The same bits as another type.
    #[cfg(any(test, feature = "internals"))]
    pub fn bitcast(&mut self, v: Value, to: DType) -> Value {
        self.typed_op(Op::Bitcast, &[v], Some(to))
    }

    /// An operation, with the type that `convert` and `bitcast` name.
    ///
    /// # Panics
    /// If the operation does not take such arguments: a bug of the caller's.
    pub fn typed_op(&mut self, op: Op, args: &[Value], named: Option<DType>) -> Value {
        let types: SmallVec<[DType; 3]> = args.iter().map(|&v| self.ty(v)).collect();
        let Some(ty) = op.result(&types, named) else {
            panic!("{} does not take {types:?} (named: {named:?})", op.name());
        };
        if self.rewrite {
            let constants: SmallVec<[Scalar; 3]> = args.iter().filter_map(|&v| self.as_const(v)).collect();
            if constants.len() == args.len()
                && let Some(folded) = semantics::eval(op, ty, &constants)
            {
                return self.constant(folded);
            }
            if let Some(v) = simplify::simplify(self, op, args, ty) {
                return v;
            }
        }
        let mut args = Args::from_slice(args);
        if op.row().commutes && self.rewrite {
            args.sort();
        }
        let place = self.place(&args);
        self.add(Key::Op(op, args.clone(), ty), Inst::Op { op, args }, Some(ty), place)
    }

    /// Reads an element.
    pub fn load(&mut self, access: Access) -> Value {
        let ty = self.kernel.operand(access.operand).dtype;
        let place = Place::Before(access.level());
        // An array that is also written is read anew each time: a load must not move across a store.
        let shared = self.kernel.operand(access.operand).role == Role::In;
        let inst = Inst::Load(access.clone());
        if shared { self.add(Key::Load(access), inst, Some(ty), place) } else { self.push(inst, Some(ty), place) }
    }

    /// Writes an element: in the body if the access follows the innermost loop, else after that loop.
    pub fn store(&mut self, access: Access, v: Value) {
        let innermost = self.kernel.loops() as u8;
        let place = if access.level() == innermost { Place::Before(innermost) } else { Place::After };
        self.push(Inst::Store(access, v), None, place);
    }

    /// The index of a loop.
    pub fn index(&mut self, l: LoopId) -> Value {
        self.add(Key::Index(l), Inst::Index(l), Some(DType::I64), Place::Before(l.0 + 1))
    }

    /// `fast`, except where `mask` is set: there the helper's value.
    pub fn patch(&mut self, mask: Value, fast: Value, helper: &'static Helper, args: &[Value]) -> Value {
        let args = Args::from_slice(args);
        if let (true, Some(c)) = (self.rewrite, self.as_const(mask)) {
            if c.bits() == 0 {
                return fast;
            }
            let bits: SmallVec<[u64; 3]> =
                args.iter().filter_map(|&v| self.as_const(v)).map(|c: Scalar| c.bits()).collect();
            if bits.len() == args.len() && helper.folds() {
                return self.constant(Scalar::from_bits(helper.result(), helper.call(&bits)));
            }
        }
        let place = self.place(&[&[mask, fast], args.as_slice()].concat());
        let key = Key::Patch(mask, fast, helper.name, args.clone());
        self.add(key, Inst::Patch { mask, fast, helper, args }, Some(helper.result()), place)
    }

    /// The helper's value everywhere.
    #[cfg(any(test, feature = "internals"))]
    pub fn call(&mut self, helper: &'static Helper, args: &[Value]) -> Value {
        let everywhere = self.constant(true);
        let never = self.constant(Scalar::from_bits(helper.result(), 0));
        self.patch(everywhere, never, helper, args)
    }

    /// Reports an error where `mask` is set.
    pub fn fault(&mut self, mask: Value, code: FaultCode) {
        if self.as_const(mask).is_some_and(|c| c.bits() == 0) {
            return;
        }
        let place = self.place(&[mask]);
        self.push(Inst::Fault(mask, code), None, place);
    }

    /// Combines values over the innermost loop; gives the state's components as they are when it has ended.
    pub fn accumulate(&mut self, monoid: &'static Monoid, args: &[Value]) -> SmallVec<[Value; 2]> {
        let args = Args::from_slice(args);
        let innermost = self.kernel.loops() as u8;
        let key = Key::Accumulate(&monoid.name, args.clone());
        let from = self.add(key, Inst::Accumulate { monoid, args }, None, Place::Before(innermost));
        (0..monoid.state.len() as u8)
            .map(|part| {
                let ty = Some(monoid.state[usize::from(part)]);
                self.add(Key::Reduced(from, part), Inst::Reduced { from, part }, ty, Place::After)
            })
            .collect()
    }

    /// A fragment's code on these arguments; gives its results.
    pub fn fragment(&mut self, fragment: &Fragment, args: &[Value]) -> SmallVec<[Value; 2]> {
        let mut values: Vec<Value> = args.to_vec();
        for (op, args, ty) in &fragment.code {
            let args: Args = args.iter().map(|&i| values[i as usize]).collect();
            let named = matches!(op, Op::Convert | Op::Bitcast).then_some(*ty);
            values.push(self.typed_op(*op, &args, named));
        }
        fragment.results.iter().map(|&i| values[i as usize]).collect()
    }

    /// The kernel, without what nothing needs.
    pub fn finish(self) -> Kernel {
        let Builder { kernel: old, places, .. } = self;
        let mut needed = vec![false; old.insts.len()];
        for at in (0..old.insts.len()).rev() {
            let inst = &old.insts[at];
            needed[at] |= match inst {
                Inst::Store(..) | Inst::Fault(..) => true,
                // As faults are, so that what happens does not depend on who reads the result.
                Inst::While { body, .. } => body.may_fault(),
                _ => false,
            };
            if needed[at] {
                for_each_arg(inst, |v| needed[v.0 as usize] = true);
            }
        }
        let mut new = Kernel { operands: old.operands, levels: old.levels, ..Kernel::default() };
        let innermost = new.loops();
        let mut renamed = vec![Value(0); needed.len()];
        for (at, mut inst) in old.insts.into_iter().enumerate() {
            if !needed[at] {
                continue;
            }
            map_args(&mut inst, |v| renamed[v.0 as usize]);
            let v = Value(new.insts.len() as u32);
            renamed[at] = v;
            new.insts.push(inst);
            new.types.push(old.types[at]);
            match places[at] {
                Place::Before(level) => new.levels[usize::from(level)].before.push(v),
                Place::After => new.levels[innermost.saturating_sub(1)].after.push(v),
            }
        }
        new
    }

    fn place(&self, args: &[Value]) -> Place {
        args.iter().map(|v| self.places[v.0 as usize]).max().unwrap_or(Place::Before(0))
    }

    fn add(&mut self, key: Key, inst: Inst, ty: Option<DType>, place: Place) -> Value {
        if !self.rewrite {
            return self.push(inst, ty, place);
        }
        if let Some(&v) = self.memo.get(&key) {
            return v;
        }
        let v = self.push(inst, ty, place);
        self.memo.insert(key, v);
        v
    }

    fn push(&mut self, inst: Inst, ty: Option<DType>, place: Place) -> Value {
        let v = Value(self.kernel.insts.len() as u32);
        self.kernel.insts.push(inst);
        self.kernel.types.push(ty);
        self.places.push(place);
        v
    }
}

/// Visits the values that an instruction reads.
pub fn for_each_arg(inst: &Inst, mut visit: impl FnMut(Value)) {
    match inst {
        Inst::Const(_) | Inst::Load(_) | Inst::Index(_) => {}
        Inst::Op { args, .. } | Inst::Accumulate { args, .. } | Inst::While { args, .. } => {
            args.iter().copied().for_each(visit)
        }
        Inst::Store(_, v) | Inst::Fault(v, _) | Inst::Reduced { from: v, .. } | Inst::Final { from: v, .. } => {
            visit(*v)
        }
        Inst::Patch { mask, fast, args, .. } => {
            visit(*mask);
            visit(*fast);
            args.iter().copied().for_each(visit);
        }
    }
}

/// Replaces the values that an instruction reads.
pub fn map_args(inst: &mut Inst, mut map: impl FnMut(Value) -> Value) {
    match inst {
        Inst::Const(_) | Inst::Load(_) | Inst::Index(_) => {}
        Inst::Op { args, .. } | Inst::Accumulate { args, .. } | Inst::While { args, .. } => {
            args.iter_mut().for_each(|v| *v = map(*v))
        }
        Inst::Store(_, v) | Inst::Fault(v, _) | Inst::Reduced { from: v, .. } | Inst::Final { from: v, .. } => {
            *v = map(*v)
        }
        Inst::Patch { mask, fast, args, .. } => {
            *mask = map(*mask);
            *fast = map(*fast);
            args.iter_mut().for_each(|v| *v = map(*v));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_hoists() {
        let mut b = Builder::new(2);
        let (row, col) = (LoopId(0), LoopId(1));
        let x = b.operand("x", DType::F64, Role::In, &[Stride::Any]);
        let y = b.operand("y", DType::F64, Role::In, &[Stride::Any, Stride::Unit]);
        let out = b.operand("out", DType::F64, Role::Out, &[Stride::Any, Stride::Unit]);
        let vx = b.load(Access::plain(x, [row]));
        let vy = b.load(Access::plain(y, [row, col]));
        let root = b.op(Op::Sqrt, &[vx]);
        let p = b.op(Op::Mul, &[root, vy]);
        let q = b.op(Op::Mul, &[vy, root]);
        assert_eq!(p, q);
        let _dead = b.op(Op::Neg, &[vy]);
        b.store(Access::plain(out, [row, col]), p);
        let k = b.finish();
        assert_eq!(k.levels[0].before.len(), 0);
        assert_eq!(k.levels[1].before.len(), 2);
        assert_eq!(k.levels[2].before.len(), 3);
        assert_eq!(k.insts.len(), 5);
    }

    #[test]
    fn reductions_end_in_the_epilogue() {
        let mut b = Builder::new(2);
        let (row, col) = (LoopId(0), LoopId(1));
        let x = b.operand("x", DType::F64, Role::In, &[Stride::Any, Stride::Unit]);
        let out = b.operand("out", DType::F64, Role::Out, &[Stride::Unit]);
        let vx = b.load(Access::plain(x, [row, col]));
        let sum = Monoid::from_name("sum.f64").unwrap();
        let state = b.accumulate(sum, &[vx]);
        let total = b.fragment(&sum.finish, &state);
        let root = b.op(Op::Sqrt, &[total[0]]);
        b.store(Access::plain(out, [row]), root);
        let k = b.finish();
        assert_eq!(k.levels[2].before.len(), 2);
        assert_eq!(k.levels[1].after.len(), 3);
    }
}
