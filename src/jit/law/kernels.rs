//! Kernels that each show one feature. (Tests alone run this: names that are not there, and kernels that are refused, are failures of a
//! test, and unwrapped.)

use super::{Case, Executors, Flush, Forms};
use crate::dtype::{DType, Scalar};
use crate::ir::random::Rng;
use crate::ir::*;
use crate::jit::signals::STEPS;

const I: LoopId = LoopId(0);
const J: LoopId = LoopId(1);

/// All executors agree on this kernel, in many random cases.
#[track_caller]
fn check(executors: &Executors, kernel: &Kernel, cases: u64) {
    if let Err(e) = verify(kernel) {
        panic!("{e}\n{kernel}");
    }
    Forms::new(kernel, executors).check_random(cases);
}

pub fn without_loops(executors: &Executors) {
    let mut b = Builder::new(0);
    let x = b.operand("x", DType::F64, Role::In, &[]);
    let y = b.operand("y", DType::F64, Role::In, &[Stride::Unit]);
    let out = b.operand("out", DType::F64, Role::Out, &[]);
    let vx = b.load(Access::plain(x, []));
    let at = Access { map: [Coordinate { follows: None, offset: 3 }].into_iter().collect(), ..Access::plain(y, []) };
    let vy = b.load(at);
    let sum = b.op(Op::Add, &[vx, vy]);
    b.store(Access::plain(out, []), sum);
    check(executors, &b.finish(), 10);
}

/// A row's sum is hoisted into the epilogue, and the rows' factors into the code before the inner loop.
pub fn rows(executors: &Executors) {
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
    check(executors, &b.finish(), 40);
}

/// Sums of what does not vary, of constants, and of bools.
pub fn reductions_of_single_elements(executors: &Executors) {
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
    check(executors, &b.finish(), 40);
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
        extreme: None,
        ordered: true,
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
        extreme: None,
        ordered: true,
        empty: None,
    }))
}

pub fn monoids_of_several_components(executors: &Executors) {
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
    check(executors, &b.finish(), 60);
}

/// States of bools and bytes that combine in any order, beside more values of wider types than there are registers.
pub fn narrow_states_beside_wide_values(executors: &Executors) {
    for (wide, narrow) in
        [(DType::F32, DType::Bool), (DType::I32, DType::I8), (DType::F64, DType::Bool), (DType::I16, DType::U8)]
    {
        let mut b = Builder::new(1);
        let [x, z] = ["x", "z"].map(|name| b.operand(name, wide, Role::In, &[Stride::Unit]));
        let m = b.operand("m", narrow, Role::In, &[Stride::Any]);
        let mut alive = [x, z].map(|o| b.load(Access::plain(o, [I]))).to_vec();
        for k in 0..20 {
            alive.push(b.op([Op::Mul, Op::Add, Op::Sub][k % 3], &[alive[k + 1], alive[k / 2]]));
        }
        let most = alive.iter().rev().copied().reduce(|a, v| b.op(Op::Max, &[a, v])).unwrap();
        let vm = b.load(Access::plain(m, [I]));
        let folds = if narrow == DType::Bool { [Fold::Any, Fold::All] } else { [Fold::Max, Fold::Min] };
        for (fold, v) in [(Fold::Max, most), (folds[0], vm), (folds[1], vm)] {
            let state = b.accumulate(Monoid::of(fold, b.ty(v)).unwrap(), &[v]);
            let out = b.operand("out", b.ty(state[0]), Role::Out, &[]);
            b.store(Access::plain(out, []), state[0]);
        }
        check(executors, &b.finish(), 60);
    }
}

pub fn reduction_without_loops(executors: &Executors) {
    let mut b = Builder::new(0);
    let x = b.operand("x", DType::F64, Role::In, &[]);
    let out = b.operand("out", DType::F64, Role::Out, &[]);
    let vx = b.load(Access::plain(x, []));
    let state = b.accumulate(Monoid::from_name("sum.f64").unwrap(), &[vx]);
    b.store(Access::plain(out, []), state[0]);
    let kernel = b.finish();
    if verify(&kernel).is_ok() {
        check(executors, &kernel, 5);
    }
}

/// `x = (x + 1)*x`, where the value that is loaded is read also after the store.
pub fn in_place(executors: &Executors) {
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
        check(executors, &b.finish(), 40);
    }
}

/// Products of complex numbers, of which the second factor's real parts are not read; written to new pairs, or over the first factor;
/// and long ones, whose last points go through a buffer.
pub fn halves_of_pairs(executors: &Executors) {
    for (dtype, powers) in [(DType::F64, 1), (DType::F32, 1), (DType::U8, 1), (DType::F64, 20)] {
        for in_place in [false, true] {
            let mut b = Builder::verbatim(2);
            let [first, second, partner] =
                [Stride::First, Stride::Second, Stride::Partner].map(|stride| [Stride::Any, stride]);
            let role = if in_place { Role::InOut } else { Role::In };
            let [re, im] = [("re", first), ("im", partner)].map(|(name, dims)| b.operand(name, dtype, role, &dims));
            let other = b.operand("other", dtype, Role::In, &second);
            let out = [("out", first), ("out_im", partner)];
            let out =
                if in_place { [re, im] } else { out.map(|(name, dims)| b.operand(name, dtype, Role::Out, &dims)) };
            let [mut x, mut y, other] = [re, im, other].map(|o| b.load(Access::plain(o, [I, J])));
            for _ in 0..powers {
                let [xx, yy] = [x, y].map(|v| b.op(Op::Mul, &[v, other]));
                (x, y) = (b.op(Op::Sub, &[xx, y]), b.op(Op::Add, &[yy, x]));
            }
            b.store(Access::plain(out[0], [I, J]), x);
            b.store(Access::plain(out[1], [I, J]), y);
            check(executors, &b.finish(), 60);
        }
    }
}

/// A sum over the outer loop, in a row that has stride 0 there: it is read again in each turn.
pub fn rows_added_up_in_place(executors: &Executors) {
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
    check(executors, &kernel, 60);
    let mut case = Case::new(&kernel, &[4, 10], &mut Rng::new(0), true);
    // `x` has 4 rows of 10, and the sum a row that all share.
    case.layout.strides = vec![80, 8, 0, 8];
    case.layout.elements[1].truncate(10);
    let numbers: Vec<Scalar> = (0..40).map(|k| f64::from(k).into()).collect();
    case.set(0, &numbers);
    case.set(1, &[100.0.into(); 10]);
    for (name, executor) in executors {
        let after = case.run(&*executor.compile(&kernel).unwrap());
        assert_eq!(case.values(&after, 1)[3], (100.0 + 3.0 + 13.0 + 23.0 + 33.0).into(), "{name}");
    }
}

pub fn diagonals_and_offsets(executors: &Executors) {
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
    check(executors, &b.finish(), 60);
}

/// Stores of one value to several arrays, of a loaded value, of a hoisted one, and of a constant.
pub fn stores(executors: &Executors) {
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
    check(executors, &b.finish(), 40);
}

pub fn patches_and_faults(executors: &Executors) {
    let mut b = Builder::new(2);
    let x = b.operand("x", DType::I64, Role::In, &[Stride::Any, Stride::Unit]);
    let y = b.operand("y", DType::I64, Role::In, &[Stride::Any]);
    let f = b.operand("f", DType::F32, Role::In, &[Stride::Any, Stride::Unit]);
    let (vx, vy) = (b.load(Access::plain(x, [I, J])), b.load(Access::plain(y, [I])));
    let vf = b.load(Access::plain(f, [I, J]));
    let zero = b.constant(0i64);
    let negative = b.op(Op::Lt, &[vy, zero]);
    b.fault(negative, FaultCode::of(0));
    let power = b.call(examples::named("pow.i64").unwrap(), &[vx, vy]);
    let odd = b.constant(1i64);
    let odd = b.op(Op::And, &[vx, odd]);
    let odd = b.convert(odd, DType::Bool);
    let sine = b.patch(odd, vf, examples::named("sin.f32").unwrap(), &[vf]);
    let region = b.patch(odd, vf, examples::named("region.f32").unwrap(), &[vf]);
    for (name, v) in [("power", power), ("sine", sine), ("region", region)] {
        let out = b.operand(name, b.ty(v), Role::Out, &[Stride::Any, Stride::Unit]);
        b.store(Access::plain(out, [I, J]), v);
    }
    check(executors, &b.finish(), 60);
}

/// Values that find no register, alive across a region in which others find none.
pub fn crowded_regions(executors: &Executors) {
    let mut b = Builder::new(1);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
    let out = b.operand("out", DType::F64, Role::Out, &[Stride::Unit]);
    let vx = b.load(Access::plain(x, [I]));
    let others = examples::crowd(&mut b, vx);
    let zero = b.constant(0.0);
    let mask = b.op(Op::Gt, &[vx, zero]);
    let patched = b.patch(mask, others[0], examples::named("crowded.f64").unwrap(), &[vx]);
    // Differences, so that each of them counts.
    let all = others.iter().rev().fold(patched, |sum, &v| b.op(Op::Sub, &[v, sum]));
    b.store(Access::plain(out, [I]), all);
    check(executors, &b.finish(), 60);
}

/// A long body whose faults depend on where a point stands: none tells of what lies beyond the last one.
pub fn faults_by_index(executors: &Executors) {
    let mut b = Builder::new(1);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
    let last = b.operand("last", DType::I64, Role::In, &[]);
    let y = b.operand("y", DType::F64, Role::Out, &[Stride::Unit]);
    let (x, last) = (b.load(Access::plain(x, [I])), b.load(Access::plain(last, [])));
    let index = b.index(I);
    let beyond = b.op(Op::Gt, &[index, last]);
    b.fault(beyond, FaultCode::of(2));
    let all = examples::crowd(&mut b, x);
    let most = examples::greatest(&mut b, x, &all);
    b.store(Access::plain(y, [I]), most);
    let kernel = b.finish();
    let forms = Forms::new(&kernel, executors);
    for n in 1..40 {
        let mut case = Case::new(&kernel, &[n], &mut Rng::new(n as u64), true);
        let origin = case.layout.origin[0];
        case.set(1, &[(origin + n as i64 - 1).into()]);
        forms.check(&case);
    }
}

/// Mandelbrot's points: how many steps each takes before it leaves, and where it then is.
pub fn loops_at_points(executors: &Executors) {
    for at_most in [0, 1, 40] {
        for dtype in [DType::F64, DType::F32] {
            check(executors, &mandelbrot(dtype, at_most, 1), 20);
        }
    }
    let sine = Helper::of("sin", DType::F64);
    for (captures_max, in_body) in [(true, false), (false, true), (true, true)] {
        let (mut b, args) = Builder::new(0).function(&[DType::F64, DType::F64]);
        let mut next = b.op(Op::Add, &args);
        if in_body {
            let zero = b.constant(0.0);
            let mask = b.op(Op::Lt, &[next, zero]);
            b.fault(mask, FaultCode::of(3));
            next = b.patch(mask, next, sine, &[next]);
        }
        let body = b.results(&[next]);
        let (mut b, args) = Builder::new(0).function(&[DType::F64, DType::F64]);
        let (ten, zero) = (b.constant(10.0), b.constant(0.0));
        let (below, is_left) = (b.op(Op::Lt, &[args[0], ten]), b.op(Op::Lt, &[args[0], zero]));
        b.fault(is_left, FaultCode::of(1));
        let cond = b.results(&[below]);
        let body = std::sync::Arc::new(Loop::new(Some(cond), body));
        let mut b = Builder::new(1);
        let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
        let c = b.operand("c", DType::F64, Role::In, &[Stride::Any]);
        let n = b.operand("n", DType::I32, Role::In, if captures_max { &[Stride::Unit] } else { &[] });
        let y = b.operand("y", DType::F64, Role::Out, &[Stride::Unit]);
        let (x, c) = (b.load(Access::plain(x, [I])), b.load(Access::plain(c, [I])));
        let n = b.load(Access::plain(n, captures_max.then_some(I)));
        let n = b.convert(n, DType::I64);
        let most = b.constant(25i64);
        let n = b.op(Op::Min, &[n, most]);
        let ended = b.iterate(&body, &[x, n, c]);
        b.store(Access::plain(y, [I]), ended[0]);
        check(executors, &b.finish(), 40);
    }
}

/// Loops of more steps than are done without asking whether the call is over, of as many at each point or not.
pub fn long_loops_at_points(executors: &Executors) {
    for own in [true, false] {
        let (mut b, args) = Builder::new(0).function(&[DType::I64, DType::F64, DType::I64]);
        let (three, slower) = (b.constant(3i64), b.constant(0.75));
        let next = b.op(Op::Mul, &[args[0], three]);
        let next = b.op(Op::Add, &[next, args[2]]);
        let near = b.op(Op::Mul, &[args[1], slower]);
        let body = b.results(&[next, near]);
        let body = std::sync::Arc::new(Loop::new(None, body));
        let mut b = Builder::new(1);
        let x = b.operand("x", DType::I64, Role::In, &[Stride::Unit]);
        let n = b.operand("n", DType::I64, Role::In, if own { &[Stride::Unit] } else { &[] });
        let [y, z] = [("y", DType::I64), ("z", DType::F64)]
            .map(|(name, dtype)| b.operand(name, dtype, Role::Out, &[Stride::Unit]));
        let x = b.load(Access::plain(x, [I]));
        let n = b.load(Access::plain(n, own.then_some(I)));
        let bits = b.constant(STEPS | 1);
        let n = b.op(Op::And, &[n, bits]);
        let one = b.constant(1.0);
        let ended = b.iterate(&body, &[x, one, n, x]);
        b.store(Access::plain(y, [I]), ended[0]);
        b.store(Access::plain(z, [I]), ended[1]);
        check(executors, &b.finish(), 2);
    }
}

/// The kernel of `iterate(lambda z, n: (z*z + c, n + 1), (c, 0), lambda z, n: |z|**2 < 4, at_most)`, over so many loops.
pub fn mandelbrot(dtype: DType, at_most: i64, loops: usize) -> Kernel {
    let params = [dtype, dtype, DType::I64, dtype, dtype];
    let (mut b, args) = Builder::new(0).function(&params);
    let (x, y, n, a, c) = (args[0], args[1], args[2], args[3], args[4]);
    let [xx, yy, xy] = [[x, x], [y, y], [x, y]].map(|both| b.op(Op::Mul, &both));
    let (real, imag) = (b.op(Op::Sub, &[xx, yy]), b.op(Op::Add, &[xy, xy]));
    let (real, imag) = (b.op(Op::Add, &[real, a]), b.op(Op::Add, &[imag, c]));
    let one = b.constant(1i64);
    let n = b.op(Op::Add, &[n, one]);
    let body = b.results(&[real, imag, n]);
    let (mut b, args) = Builder::new(0).function(&params);
    let [xx, yy] = [args[0], args[1]].map(|v| b.op(Op::Mul, &[v, v]));
    let size = b.op(Op::Add, &[xx, yy]);
    let four = b.constant(4.0);
    let four = b.convert(four, dtype);
    let below = b.op(Op::Lt, &[size, four]);
    let cond = b.results(&[below]);
    let body = std::sync::Arc::new(Loop::new(Some(cond), body));
    let all: Vec<LoopId> = (0..loops as u8).map(LoopId).collect();
    let strides = |last: Stride| [vec![Stride::Any; loops - 1], vec![last]].concat();
    let mut b = Builder::new(loops);
    let [re, im] = [("re", Stride::First), ("im", Stride::Partner)]
        .map(|(name, last)| b.operand(name, dtype, Role::In, &strides(last)));
    let count = b.operand("count", DType::I64, Role::Out, &strides(Stride::Unit));
    let at = b.operand("at", dtype, Role::Out, &strides(Stride::Unit));
    let [re, im] = [re, im].map(|id| b.load(Access::plain(id, all.clone())));
    let (none, most) = (b.constant(0i64), b.constant(at_most));
    let ended = b.iterate(&body, &[re, im, none, most, re, im]);
    b.store(Access::plain(count, all.clone()), ended[2]);
    b.store(Access::plain(at, all), ended[0]);
    b.finish()
}

/// Thousands of instructions, hundreds of them alive at once.
pub fn long_programs(executors: &Executors) {
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
    check(executors, &b.finish(), 2);
}

/// `x[i-1] + x[i+2]*y[i]`, with all lengths of tails.
pub fn tails_and_offsets(executors: &Executors) {
    for (x_stride, ty) in [(Stride::Unit, DType::F64), (Stride::Any, DType::F32)] {
        let mut b = Builder::new(1);
        let x = b.operand("x", ty, Role::In, &[x_stride]);
        let y = b.operand("y", ty, Role::InOut, &[Stride::Unit]);
        let m = b.operand("m", DType::Bool, Role::Out, &[Stride::Unit]);
        let mut at = |offset| {
            let map = [Coordinate { follows: Some(I), offset }].into_iter().collect();
            b.load(Access { map, ..Access::plain(x, []) })
        };
        let (before, after) = (at(-1), at(2));
        let vy = b.load(Access::plain(y, [I]));
        let p = b.op(Op::Mul, &[after, vy]);
        let v = b.op(Op::Add, &[before, p]);
        let less = b.op(Op::Lt, &[v, vy]);
        b.store(Access::plain(m, [I]), less);
        b.store(Access::plain(y, [I]), v);
        let kernel = b.finish();
        let forms = Forms::new(&kernel, executors);
        for extent in 1..=40 {
            for flush in [Flush::Start, Flush::End] {
                let mut case = Case::new(&kernel, &[extent], &mut Rng::new(extent as u64), false);
                (case.flush, case.skew) = (flush, 0);
                forms.check(&case);
            }
        }
    }
}

/// A kernel that breaks the rules is refused, not a crash.
pub fn broken_kernels_are_refused(executors: &Executors) {
    let mut b = Builder::verbatim(1);
    let v = b.index(I);
    let out = b.operand("out", DType::I64, Role::Out, &[Stride::Unit]);
    b.store(Access::plain(out, [I]), v);
    let kernel = b.finish();
    let mut reversed = kernel.clone();
    reversed.levels[1].before.reverse();
    let mut none = kernel.clone();
    none.levels.clear();
    for (name, executor) in executors {
        assert!(executor.compile(&reversed).is_err() && executor.compile(&none).is_err(), "{name}");
        assert!(executor.compile(&kernel).is_ok(), "{name}");
    }
}
