//! Sizes, lifetimes, threads.

use super::executors;
use crate::dtype::{DType, Scalar};
use crate::ir::random::Rng;
use crate::ir::{Access, Builder, Fold, Kernel, LoopId, Monoid, Op, Role, Stride, parse};
use crate::jit::Backend;
use crate::jit::cranelift::{Cranelift, Flags};
use crate::jit::law::Case;
use crate::jit::native::crowded::crowded;

fn small() -> Kernel {
    parse("in a: f64[unit]\nout y: f64[unit]\nkernel {\nloop i0 {\nv0 = load a[i0]\nv1 = mul.f64 v0, v0\nstore y[i0], v1\n}\n}\n")
        .unwrap()
}

/// Far more values alive than there are registers, and as many constants.
#[test]
fn two_thousand_instructions() {
    let mut b = Builder::verbatim(1);
    let mut rng = Rng::new(4);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
    let mut alive = vec![b.load(Access::plain(x, [LoopId(0)]))];
    for at in 0..2000 {
        let last = alive[alive.len() - 1];
        let other = if at % 3 == 0 { b.constant(1.0 + at as f64 / 7.0) } else { alive[rng.below(alive.len())] };
        let op = *rng.pick(&[Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Min, Op::Max]);
        let v = b.op(op, &[last, other]);
        if alive.len() >= 40 {
            let gone = rng.below(39);
            alive.remove(gone);
        }
        alive.push(v);
    }
    let y = b.operand("y", DType::F64, Role::Out, &[Stride::Unit]);
    b.store(Access::plain(y, [LoopId(0)]), alive[alive.len() - 1]);
    let kernel = b.finish();
    Case::new(&kernel, &[13], &mut rng, true).check(&executors());
}

/// Each value from the one before and one that was made `distance(at)` before.
fn chain(dtype: DType, length: usize, distance: fn(usize) -> usize) -> Kernel {
    let mut b = Builder::verbatim(1);
    let x = b.operand("x", dtype, Role::In, &[Stride::Unit]);
    let mut values = vec![b.load(Access::plain(x, [LoopId(0)]))];
    while values.len() < length {
        let other = values[values.len().saturating_sub(distance(values.len()).max(1))];
        let op = if values.len() % 2 == 0 { Op::Add } else { Op::Mul };
        values.push(b.op(op, &[values[values.len() - 1], other]));
    }
    let y = b.operand("y", dtype, Role::Out, &[Stride::Unit]);
    b.store(Access::plain(y, [LoopId(0)]), values[values.len() - 1]);
    b.finish()
}

/// What makes machine code no faster than the interpreter: that values wait for long, not that they are many.
#[test]
fn crowded_bodies() {
    let is_crowded = |length, distance| crowded(&chain(DType::F64, length, distance));
    assert!(is_crowded(3000, |at| at / 2));
    assert!(is_crowded(3000, |_| 300));
    assert!(!is_crowded(900, |at| at / 2), "a short one");
    assert!(!is_crowded(3000, |_| 5), "a chain");
    assert!(!is_crowded(3000, |at| if at % 50 == 0 { 100 } else { 2 }), "few wait");
    let mut b = Builder::verbatim(1);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
    let v = b.load(Access::plain(x, [LoopId(0)]));
    for _ in 0..1100 {
        let y = b.operand("y", DType::F64, Role::Out, &[Stride::Unit]);
        b.store(Access::plain(y, [LoopId(0)]), v);
    }
    assert!(crowded(&b.finish()), "as many pointers");
}

/// Code takes no more of a thread's stack than is promised.
#[test]
fn frames_are_bounded() {
    let kernel = chain(DType::F64, 8000, |at| at / 2);
    let native = Cranelift::new().unwrap().compile(&kernel).unwrap();
    let case = Case::new(&kernel, &[3], &mut Rng::new(0), true);
    std::thread::scope(|scope| {
        let small = std::thread::Builder::new().stack_size(320 << 10);
        let thread = small.spawn_scoped(scope, || {
            case.run(&*native);
        });
        thread.unwrap().join().unwrap();
    });
    let refused = Cranelift::new().unwrap().compile(&chain(DType::F64, 25_000, |at| at / 2)).err().unwrap();
    assert_eq!(refused.0, "the code would take too much of the stack");
}

/// Where each operation waits for the one before, a step has more points.
#[test]
fn long_chains() {
    let mut rng = Rng::new(5);
    for dtype in [DType::F64, DType::F32, DType::I64, DType::I16, DType::U8] {
        for length in [30, 60, 120, 300] {
            let kernel = chain(dtype, length, |at| at % 3);
            for points in [1, 15, 16, 37] {
                Case::new(&kernel, &[points], &mut rng, true).check(&executors());
            }
        }
    }
}

/// A reduction whose body has more values than registers is emitted for a few points of a step at a time.
#[test]
fn long_bodies_of_reductions() {
    for (dtype, fold) in
        [(DType::F64, Fold::Sum), (DType::F32, Fold::Prod), (DType::I64, Fold::Max), (DType::I32, Fold::Min)]
    {
        for stride in [Stride::Unit, Stride::Any] {
            let mut b = Builder::new(1);
            let [x, z] = ["x", "z"].map(|name| b.operand(name, dtype, Role::In, &[stride]));
            let y = b.operand("y", dtype, Role::Out, &[]);
            let [x, z] = [x, z].map(|o| b.load(Access::plain(o, [LoopId(0)])));
            let index = b.index(LoopId(0));
            let index = b.convert(index, dtype);
            let mut alive = vec![x, z, index];
            for k in 0..20 {
                let v = b.op([Op::Mul, Op::Add, Op::Sub][k % 3], &[alive[k], alive[k / 2]]);
                alive.push(v);
            }
            let all = alive.iter().copied().reduce(|a, v| b.op(Op::Add, &[a, v])).unwrap();
            let monoid = Monoid::of(fold, dtype).unwrap();
            let state = b.accumulate(monoid, &[all]);
            b.store(Access::plain(y, []), state[0]);
            let kernel = b.finish();
            for points in [1, 7, 8, 23, 64] {
                Case::new(&kernel, &[points], &mut Rng::new(points as u64), true).check(&executors());
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn dropped_kernels_give_their_memory_back() {
    let pages = || -> i64 {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse().unwrap()
    };
    let jit = Cranelift::new().unwrap();
    let kernel = small();
    let run = |n: usize| {
        for _ in 0..n {
            drop(jit.compile(&kernel).unwrap());
        }
    };
    run(500);
    // Other tests run beside this one and take memory too, but not in every round; a page kept for each kernel would be
    // thousands in each.
    let rounds = (0..5).map(|_| {
        let before = pages();
        run(2_000);
        pages() - before
    });
    let grown = rounds.min().unwrap();
    assert!(grown < 500, "{grown} pages more");
}

/// Kernels are neighbours in memory: those that stay are untouched when others go or are made.
#[test]
fn neighbours_outlive_each_other() {
    let jit = Cranelift::new().unwrap();
    let kernel = small();
    let code = jit.compile(&kernel).unwrap().code().unwrap().to_vec();
    let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let mut case = Case::new(&kernel, &[7], &mut Rng::new(0), true);
    case.set(0, &numbers.map(Scalar::from));
    let mut kept: Vec<_> = (0..100).map(|_| jit.compile(&kernel).unwrap()).collect();
    for step in [2, 3] {
        let mut at = 0;
        kept.retain(|_| {
            at += 1;
            at % step == 0
        });
        kept.extend((0..20).map(|_| jit.compile(&kernel).unwrap()));
        for compiled in &kept {
            assert_eq!(compiled.code().unwrap(), code);
            let y = case.values(&case.run(&**compiled), 1);
            assert_eq!(y, numbers.map(|x| (x * x).into()));
        }
    }
}

#[test]
fn threads_compile_at_once() {
    let kernel = small();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let kernel = &kernel;
            scope.spawn(move || {
                let mut rng = Rng::new(seed);
                for n in 1..20 {
                    Case::new(kernel, &[n], &mut rng, false).check(&executors());
                }
            });
        }
    });
}

#[test]
fn the_same_kernel_is_the_same_code() {
    for (_, jit) in executors() {
        let (a, b) = (jit.compile(&small()).unwrap(), jit.compile(&small()).unwrap());
        assert_eq!(a.code(), b.code());
    }
}

/// `a*b + c` of a type, in one loop over contiguous arrays.
fn contiguous(dtype: DType) -> Kernel {
    let mut b = Builder::new(1);
    let at = |b: &mut Builder, name: &str, role: Role| {
        let operand = b.operand(name, dtype, role, &[Stride::Unit]);
        Access::plain(operand, [LoopId(0)])
    };
    let [x, y, z] = ["a", "b", "c"].map(|name| {
        let access = at(&mut b, name, Role::In);
        b.load(access)
    });
    let product = b.op(Op::Mul, &[x, y]);
    let sum = b.op(Op::Add, &[product, z]);
    let out = at(&mut b, "y", Role::Out);
    b.store(out, sum);
    b.finish()
}

#[test]
#[cfg(target_arch = "x86_64")]
fn contiguous_results_can_be_stored_past_the_cache() {
    if !std::arch::is_x86_feature_detected!("avx") {
        return;
    }
    for dtype in [DType::F64, DType::F32, DType::I64, DType::I32] {
        let native = Cranelift::new().and_then(|c| c.compile(&contiguous(dtype))).expect("it compiles");
        assert!(native.past_cache_alignment().is_some(), "{dtype}");
    }
    let baseline = Cranelift::with_flags(Flags::Baseline).and_then(|c| c.compile(&contiguous(DType::F64)));
    assert!(baseline.expect("it compiles").past_cache_alignment().is_none());
}

/// Code lies in pages that can be run and not written, that of the second form, too.
#[test]
#[cfg(target_os = "linux")]
fn code_is_writable_or_executable() {
    let native = Cranelift::new().unwrap().compile(&contiguous(DType::F64)).unwrap();
    native.past_cache_alignment();
    let at = native.code().unwrap().as_ptr().addr();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut found = false;
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let [from, to] =
            range.split_once('-').map(|(a, b)| [a, b].map(|t| usize::from_str_radix(t, 16).unwrap())).unwrap();
        assert!(!rest.starts_with("rwx"), "{line}");
        if (from..to).contains(&at) {
            assert!(rest.starts_with("r-x"), "{line}");
            found = true;
        }
    }
    assert!(found);
}
