//! The interpreter against the oracle, on kernels that each show one feature and on random ones.

use super::*;
use crate::dtype::DType;
use crate::ir::random::{self, Config, Rng};
use crate::ir::*;
use crate::jit::Call;
use crate::jit::differ::{differ, extents};
use crate::jit::oracle::Oracle;

const I: LoopId = LoopId(0);
const J: LoopId = LoopId(1);

fn executors() -> [Interp; 5] {
    let (new, portable) = (Interp::new(), Interp::portable());
    [new, portable, new.with_chunk(8), portable.with_chunk(16), new.with_chunk(24)]
}

/// All executors agree on this kernel, for many trip counts.
#[track_caller]
fn check(kernel: &Kernel, runs: u64) {
    verify(kernel).unwrap();
    let oracle = Oracle.compile(kernel).unwrap();
    for executor in executors() {
        let compiled = executor.compile(kernel).unwrap();
        for seed in 0..if cfg!(miri) { 1 } else { runs } {
            let trips = extents(kernel.loops(), &mut Rng::new(seed));
            if let Err(difference) = differ(kernel, &*oracle, &*compiled, &trips, seed) {
                panic!("{executor:?}, seed {seed}: {difference}");
            }
        }
    }
}

/// Every operation, on all types, with each argument an array's element or a constant.
#[test]
fn operations() {
    for &op in Op::ALL {
        for arg in DType::REAL.iter().copied() {
            for named in DType::REAL.iter().copied() {
                operation(op, arg, matches!(op, Op::Convert | Op::Bitcast).then_some(named));
                if !matches!(op, Op::Convert | Op::Bitcast) {
                    break;
                }
            }
        }
    }
}

fn operation(op: Op, arg: DType, named: Option<DType>) {
    let mut types = vec![arg; op.arity()];
    if op == Op::Select {
        types[0] = DType::Bool;
    }
    let Some(result) = op.result(&types, named) else { return };
    let mut b = Builder::verbatim(1);
    for repeat in 0..1usize << types.len() {
        let mut rng = Rng::new(repeat as u64);
        let mut args = Vec::new();
        for (i, &ty) in types.iter().enumerate() {
            args.push(if repeat >> i & 1 == 1 {
                let c = rng.scalar(ty);
                b.constant(c)
            } else {
                let x = b.operand(format!("x{repeat}_{i}"), ty, Role::In, &[Stride::Unit]);
                b.load(Access::plain(x, [I]))
            });
        }
        let v = b.typed_op(op, &args, named);
        // Not hoisted, so that all arguments may be constants in the body.
        let k = b.index(I);
        let zero = b.constant(i64::MAX);
        let never = b.op(Op::Eq, &[k, zero]);
        let v = b.op(Op::Select, &[never, v, v]);
        let out = b.operand(format!("out{repeat}"), result, Role::Out, &[Stride::Unit]);
        b.store(Access::plain(out, [I]), v);
    }
    check(&b.finish(), 6);
}

#[test]
fn without_loops() {
    let mut b = Builder::new(0);
    let x = b.operand("x", DType::F64, Role::In, &[]);
    let y = b.operand("y", DType::F64, Role::In, &[Stride::Unit]);
    let out = b.operand("out", DType::F64, Role::Out, &[]);
    let vx = b.load(Access::plain(x, []));
    let at = Access { map: [Coordinate { follows: None, offset: 3 }].into_iter().collect(), ..Access::plain(y, []) };
    let vy = b.load(at);
    let sum = b.op(Op::Add, &[vx, vy]);
    b.store(Access::plain(out, []), sum);
    check(&b.finish(), 10);
}

/// A row's sum is hoisted into the epilogue, and the rows' factors into the code before the inner loop.
#[test]
fn rows() {
    let mut b = Builder::new(2);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Any, Stride::Unit]);
    let f = b.operand("f", DType::F64, Role::In, &[Stride::Any]);
    let out = b.operand("out", DType::F64, Role::Out, &[Stride::Unit]);
    let all = b.operand("all", DType::F64, Role::Out, &[Stride::Any, Stride::Unit]);
    let vf = b.load(Access::plain(f, [I]));
    let root = b.op(Op::Sqrt, &[vf]);
    let vx = b.load(Access::plain(x, [I, J]));
    let p = b.op(Op::Mul, &[vx, root]);
    b.store(Access::plain(all, [I, J]), p);
    let mut results = Vec::new();
    for name in ["sum.f64", "max.f64"] {
        let monoid = Monoid::from_name(name).unwrap();
        let state = b.accumulate(monoid, &[p]);
        results.push(b.fragment(&monoid.finish, &state)[0]);
    }
    let q = b.op(Op::Sub, &[results[0], results[1]]);
    b.store(Access::plain(out, [I]), q);
    check(&b.finish(), 40);
}

/// Sums of what does not vary, of constants, and of bools.
#[test]
fn reductions_of_single_elements() {
    let mut b = Builder::new(2);
    let f = b.operand("f", DType::I64, Role::In, &[Stride::Any]);
    let m = b.operand("m", DType::Bool, Role::In, &[Stride::Any, Stride::Any]);
    let vf = b.load(Access::plain(f, [I]));
    let vm = b.load(Access::plain(m, [I, J]));
    let one = b.constant(3i64);
    for (name, v, ty) in [("sum.i64", vf, DType::I64), ("prod.i64", one, DType::I64), ("any.bool", vm, DType::Bool)] {
        let monoid = Monoid::from_name(name).unwrap();
        let state = b.accumulate(monoid, &[v]);
        let out = b.operand(name, ty, Role::Out, &[Stride::Any]);
        b.store(Access::plain(out, [I]), state[0]);
    }
    check(&b.finish(), 40);
}

/// The position of the greatest element, with the state's components exchanged to and fro on the way.
fn argmax() -> &'static Monoid {
    use smallvec::smallvec;
    let (f, i) = (DType::F64, DType::I64);
    // 0: greatest, 1: its index, 2: candidate, 3: its index.
    let better = Fragment {
        params: vec![f, i, f, i],
        code: vec![
            (Op::Gt, smallvec![2, 0], DType::Bool),
            (Op::Select, smallvec![4, 2, 0], f),
            (Op::Select, smallvec![4, 3, 1], i),
        ],
        results: vec![5, 6],
    };
    Box::leak(Box::new(Monoid {
        name: "argmax.test".into(),
        args: vec![f, i],
        state: vec![f, i],
        init: vec![f64::NEG_INFINITY.into(), (-1i64).into()],
        step: better.clone(),
        merge: better,
        finish: Fragment { params: vec![f, i], code: vec![], results: vec![1] },
        empty: None,
    }))
}

/// Remembers the last two elements: its step only moves parameters.
fn last_two() -> &'static Monoid {
    let f = DType::F32;
    Box::leak(Box::new(Monoid {
        name: "last_two.test".into(),
        args: vec![f],
        state: vec![f, f],
        init: vec![1f32.into(), 2f32.into()],
        step: Fragment { params: vec![f; 3], code: vec![], results: vec![1, 2] },
        merge: Fragment { params: vec![f; 4], code: vec![], results: vec![1, 2] },
        finish: Fragment { params: vec![f; 2], code: vec![], results: vec![0] },
        empty: None,
    }))
}

#[test]
fn monoids_of_several_components() {
    let mut b = Builder::new(1);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
    let y = b.operand("y", DType::F32, Role::In, &[Stride::Any]);
    let vx = b.load(Access::plain(x, [I]));
    let vy = b.load(Access::plain(y, [I]));
    let k = b.index(I);
    let states = [b.accumulate(argmax(), &[vx, k]), b.accumulate(last_two(), &[vy])].concat();
    for (i, v) in states.into_iter().enumerate() {
        let out = b.operand(format!("out{i}"), b.ty(v), Role::Out, &[]);
        b.store(Access::plain(out, []), v);
    }
    check(&b.finish(), 60);
}

#[test]
fn reduction_without_loops() {
    let mut b = Builder::new(0);
    let x = b.operand("x", DType::F64, Role::In, &[]);
    let out = b.operand("out", DType::F64, Role::Out, &[]);
    let vx = b.load(Access::plain(x, []));
    let state = b.accumulate(Monoid::from_name("sum.f64").unwrap(), &[vx]);
    b.store(Access::plain(out, []), state[0]);
    let kernel = b.finish();
    if verify(&kernel).is_ok() {
        check(&kernel, 5);
    }
}

/// `x = (x + 1)*x`, where the value that is loaded is read also after the store.
#[test]
fn in_place() {
    for stride in [Stride::Unit, Stride::Any] {
        let mut b = Builder::verbatim(2);
        let x = b.operand("x", DType::F32, Role::InOut, &[Stride::Any, stride]);
        let out = b.operand("out", DType::F32, Role::Out, &[Stride::Any, Stride::Unit]);
        let at = Access::plain(x, [I, J]);
        let vx = b.load(at.clone());
        let one = b.constant(1f32);
        let v = b.op(Op::Add, &[vx, one]);
        let v = b.op(Op::Mul, &[v, vx]);
        b.store(at, v);
        let w = b.op(Op::Sub, &[v, vx]);
        b.store(Access::plain(out, [I, J]), w);
        check(&b.finish(), 40);
    }
}

/// A sum over the outer loop, in a row that has stride 0 there: it is read again in each turn.
#[test]
fn rows_added_up_in_place() {
    let kernel = {
        let mut b = Builder::new(2);
        let x = b.operand("x", DType::F64, Role::In, &[Stride::Any, Stride::Unit]);
        let sum = b.operand("sum", DType::F64, Role::InOut, &[Stride::Any, Stride::Unit]);
        let vx = b.load(Access::plain(x, [I, J]));
        let vs = b.load(Access::plain(sum, [I, J]));
        let v = b.op(Op::Add, &[vs, vx]);
        b.store(Access::plain(sum, [I, J]), v);
        b.finish()
    };
    check(&kernel, 60);
    let mut x: Vec<f64> = (0..40).map(f64::from).collect();
    let mut sum = [100.0; 10];
    let faults = Default::default();
    let call = Call {
        pointers: &[x.as_mut_ptr().cast(), sum.as_mut_ptr().cast()],
        strides: &[80, 8, 0, 8],
        extents: &[4, 10],
        origin: &[0, 0],
        faults: &faults,
    };
    // SAFETY: x has 4 rows of 10, and the sum a row that all share.
    unsafe { Interp::new().compile(&kernel).unwrap().run(&call) };
    assert_eq!(sum[3], 100.0 + 3.0 + 13.0 + 23.0 + 33.0);
}

#[test]
fn diagonals_and_offsets() {
    let mut b = Builder::verbatim(2);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Any, Stride::Unit]);
    let out = b.operand("out", DType::F64, Role::Out, &[Stride::Any, Stride::Unit]);
    let access = |coordinates: [(LoopId, i32); 2]| Access {
        map: coordinates.into_iter().map(|(l, offset)| Coordinate { follows: Some(l), offset }).collect(),
        ..Access::plain(x, [])
    };
    let mut sum = b.constant(0.5);
    for at in [[(I, 0), (J, 0)], [(J, 0), (J, 0)], [(J, 1), (I, -1)], [(I, 2), (J, -3)], [(I, 0), (I, 0)]] {
        let v = b.load(access(at));
        sum = b.op(Op::Sub, &[v, sum]);
    }
    b.store(Access::plain(out, [I, J]), sum);
    check(&b.finish(), 60);
}

/// Stores of one value to several arrays, of a loaded value, of a hoisted one, and of a constant.
#[test]
fn stores() {
    let mut b = Builder::new(1);
    let x = b.operand("x", DType::I32, Role::In, &[Stride::Unit]);
    let s = b.operand("s", DType::I32, Role::In, &[]);
    let vx = b.load(Access::plain(x, [I]));
    let vs = b.load(Access::plain(s, []));
    let c = b.constant(7i32);
    let sum = b.op(Op::Add, &[vx, vs]);
    let more = b.op(Op::Mul, &[sum, c]);
    for (i, v) in [sum, sum, more, vx, vs, c, more].into_iter().enumerate() {
        let stride = if i % 3 == 1 { Stride::Any } else { Stride::Unit };
        let out = b.operand(format!("out{i}"), DType::I32, Role::Out, &[stride]);
        b.store(Access::plain(out, [I]), v);
    }
    check(&b.finish(), 40);
}

#[test]
fn patches_and_faults() {
    let mut b = Builder::new(2);
    let x = b.operand("x", DType::I64, Role::In, &[Stride::Any, Stride::Unit]);
    let y = b.operand("y", DType::I64, Role::In, &[Stride::Any]);
    let f = b.operand("f", DType::F32, Role::In, &[Stride::Any, Stride::Unit]);
    let (vx, vy) = (b.load(Access::plain(x, [I, J])), b.load(Access::plain(y, [I])));
    let vf = b.load(Access::plain(f, [I, J]));
    let zero = b.constant(0i64);
    let negative = b.op(Op::Lt, &[vy, zero]);
    b.fault(negative, FaultCode::NegativePower);
    let power = b.call(Helper::from_name("pow.i64").unwrap(), &[vx, vy]);
    let odd = b.constant(1i64);
    let odd = b.op(Op::And, &[vx, odd]);
    let odd = b.convert(odd, DType::Bool);
    let sine = b.patch(odd, vf, Helper::from_name("sin.f32").unwrap(), &[vf]);
    for (name, v) in [("power", power), ("sine", sine)] {
        let out = b.operand(name, b.ty(v), Role::Out, &[Stride::Any, Stride::Unit]);
        b.store(Access::plain(out, [I, J]), v);
    }
    check(&b.finish(), 60);
}

/// Thousands of instructions, hundreds of them alive at once.
#[test]
fn long_programs() {
    let mut b = Builder::verbatim(1);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
    let out = b.operand("out", DType::F64, Role::Out, &[Stride::Unit]);
    let vx = b.load(Access::plain(x, [I]));
    let mut values = vec![vx];
    let ops = if cfg!(miri) { 100 } else { 4000 };
    for k in 0..ops {
        let c = b.constant(k as f64);
        values.push(b.op(Op::Add, &[values[k], c]));
    }
    let mut sum = vx;
    for &v in values.iter().rev().step_by(7) {
        sum = b.op(Op::Max, &[sum, v]);
    }
    b.store(Access::plain(out, [I]), sum);
    check(&b.finish(), 2);
}

/// A kernel and what the simplifier makes of it, at every point.
#[test]
fn simplified_kernels() {
    let config = Config::default();
    for seed in 0..if cfg!(miri) { 20 } else { 400 } {
        let kernel = random::kernel(seed, &config);
        let (before, after) = (Oracle.compile(&kernel).unwrap(), Oracle.compile(&rebuild(&kernel)).unwrap());
        let trips = extents(kernel.loops(), &mut Rng::new(seed));
        if let Err(difference) = differ(&kernel, &*before, &*after, &trips, seed) {
            panic!("seed {seed}: {difference}\n{kernel}\n{}", rebuild(&kernel));
        }
    }
}

#[test]
fn random_kernels() {
    let config = Config::default();
    for seed in 0..if cfg!(miri) { 20 } else { 400 } {
        let kernel = random::kernel(seed, &config);
        let oracle = Oracle.compile(&kernel).unwrap();
        let executor = executors()[seed as usize % 5];
        let compiled = executor.compile(&kernel).unwrap_or_else(|e| panic!("seed {seed}: {e:?}\n{kernel}"));
        for run in 0..2 {
            let trips = extents(kernel.loops(), &mut Rng::new(seed * 2 + run));
            if let Err(difference) = differ(&kernel, &*oracle, &*compiled, &trips, seed + run) {
                panic!("{executor:?}, seed {seed}: {difference}\n{kernel}");
            }
        }
    }
}

/// A helper that runs a kernel itself, in the middle of a run on the same thread.
#[test]
fn runs_within_runs() {
    extern "C" fn negated(x: f64) -> f64 {
        let mut b = Builder::new(1);
        let a = b.operand("a", DType::F64, Role::InOut, &[Stride::Unit]);
        let v = b.load(Access::plain(a, [I]));
        let v = b.op(Op::Neg, &[v]);
        b.store(Access::plain(a, [I]), v);
        let mut data = [x; 9];
        let faults = Default::default();
        let pointers = [data.as_mut_ptr().cast()];
        let call = Call { pointers: &pointers, strides: &[8], extents: &[9], origin: &[0], faults: &faults };
        let compiled = Interp::new().compile(&b.finish()).unwrap();
        // SAFETY: the array has nine elements.
        unsafe { compiled.run(&call) };
        data[8]
    }
    static HELPER: Helper = Helper { name: "negated.f64", code: helper::Code::F64(negated) };
    let mut b = Builder::new(1);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
    let out = b.operand("out", DType::F64, Role::Out, &[Stride::Unit]);
    let vx = b.load(Access::plain(x, [I]));
    let v = b.call(&HELPER, &[vx]);
    let v = b.op(Op::Add, &[v, vx]);
    b.store(Access::plain(out, [I]), v);
    check(&b.finish(), 3);
}

#[test]
fn broken_kernels_are_refused() {
    let mut b = Builder::verbatim(1);
    let v = b.index(I);
    let out = b.operand("out", DType::I64, Role::Out, &[Stride::Unit]);
    b.store(Access::plain(out, [I]), v);
    let mut kernel = b.finish();
    kernel.levels[1].before.reverse();
    assert!(Interp::new().compile(&kernel).is_err());
    kernel.levels.clear();
    assert!(Interp::new().compile(&kernel).is_err());
}
