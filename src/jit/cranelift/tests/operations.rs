//! Every operation on every type that it takes, alone in a kernel, on all pairs of special values.

use super::support::Case;
use crate::dtype::{DType, Scalar};
use crate::ir::random::{Rng, specials};
use crate::ir::{Access, Builder, Kernel, LoopId, Op, Role, Stride};
use crate::jit::Backend;
use crate::jit::cranelift::Cranelift;
use crate::jit::cranelift::isa::Target;
use crate::jit::cranelift::shape::Shape;

/// Every form: operation, argument types, the type that it names.
fn forms() -> Vec<(Op, Vec<DType>, Option<DType>)> {
    let mut all = Vec::new();
    for &op in Op::ALL {
        for dtype in DType::REAL.iter().copied() {
            let mut args = vec![dtype; op.arity()];
            if op == Op::Select {
                args[0] = DType::Bool;
            }
            let named = DType::REAL.iter().copied().map(Some).chain([None]);
            all.extend(named.filter(|&to| op.result(&args, to).is_some()).map(|to| (op, args.clone(), to)));
        }
    }
    all
}

/// One operation on arrays; `constants` replace the later arguments, `wide` adds an `f64` copy so that a step covers
/// half as many points.
fn kernel(op: Op, args: &[DType], named: Option<DType>, last: Option<Scalar>, stride: Stride, wide: bool) -> Kernel {
    let mut b = Builder::verbatim(1);
    let loops = [LoopId(0)];
    let mut values = Vec::new();
    for (i, &dtype) in args.iter().enumerate() {
        if let (Some(c), true) = (last, i > 0 && i + 1 == args.len()) {
            values.push(b.constant(c));
            continue;
        }
        let x = b.operand(format!("x{i}"), dtype, Role::In, &[stride]);
        values.push(b.load(Access::plain(x, loops)));
    }
    let v = b.typed_op(op, &values, named);
    let ty = b.ty(v);
    let y = b.operand("y", ty, Role::Out, &[stride]);
    b.store(Access::plain(y, loops), v);
    if wide {
        let x = b.operand("w", DType::F64, Role::InOut, &[stride]);
        let v = b.load(Access::plain(x, loops));
        b.store(Access::plain(x, loops), v);
    }
    b.finish()
}

/// Columns that together run through all combinations of the special values.
fn combinations(args: &[DType]) -> Vec<Vec<Scalar>> {
    let mut rows: Vec<Vec<Scalar>> = vec![Vec::new()];
    for (i, &dtype) in args.iter().enumerate() {
        // Three arguments: every third value, or there would be too many.
        let keep = if args.len() == 3 && i < 2 { 2 } else { 1 };
        let values: Vec<Scalar> = specials(dtype).into_iter().step_by(keep).collect();
        rows = rows.iter().flat_map(|row| values.iter().map(move |&v| [&row[..], &[v]].concat())).collect();
    }
    (0..args.len()).map(|i| rows.iter().map(|row| row[i]).collect()).collect()
}

#[test]
fn each_alone() {
    let mut rng = Rng::new(1);
    for (op, args, named) in forms() {
        let columns = combinations(&args);
        for (stride, wide) in [(Stride::Unit, false), (Stride::Unit, true), (Stride::Any, false)] {
            let kernel = kernel(op, &args, named, None, stride, wide);
            // All of it, and so few that only the tail runs.
            for n in [columns[0].len(), 3] {
                let mut case = Case::new(&kernel, &[n], &mut rng, false);
                for (i, column) in columns.iter().enumerate() {
                    case.set(i, &column[..n.min(column.len())]);
                }
                case.check(&kernel);
            }
        }
    }
}

#[test]
fn with_a_constant() {
    let mut rng = Rng::new(2);
    for (op, args, named) in forms().into_iter().filter(|(_, args, _)| args.len() == 2) {
        for c in specials(args[1]) {
            let kernel = kernel(op, &args, named, Some(c), Stride::Unit, false);
            let values = specials(args[0]);
            let mut case = Case::new(&kernel, &[values.len()], &mut rng, false);
            case.set(0, &values);
            case.check(&kernel);
        }
    }
}

/// The same of values that are known outside the loop.
#[test]
fn uniform() {
    let mut rng = Rng::new(3);
    for (op, args, named) in forms() {
        let mut b = Builder::verbatim(1);
        let values: Vec<_> = args
            .iter()
            .map(|&dtype| {
                let x = b.operand("x", dtype, Role::In, &[]);
                b.load(Access::plain(x, []))
            })
            .collect();
        let v = b.typed_op(op, &values, named);
        let ty = b.ty(v);
        let y = b.operand("y", ty, Role::Out, &[Stride::Unit]);
        b.store(Access::plain(y, [LoopId(0)]), v);
        let kernel = b.finish();
        for _ in 0..12 {
            Case::new(&kernel, &[11], &mut rng, false).check(&kernel);
        }
    }
}

/// Operands at odd addresses. Bools become numbers, for a comparison right before a store of its bits as numbers is
/// where Cranelift 0.135.8 without AVX would read an array as if it were aligned.
#[test]
fn of_any_alignment() {
    let mut rng = Rng::new(5);
    for (op, args, named) in forms() {
        let mut b = Builder::verbatim(1);
        let loops = [LoopId(0)];
        let values: Vec<_> = args
            .iter()
            .map(|&dtype| {
                let x = b.operand("x", dtype, Role::In, &[Stride::Unit]);
                b.load(Access::plain(x, loops))
            })
            .collect();
        let mut v = b.typed_op(op, &values, named);
        if b.ty(v) == DType::Bool {
            v = b.convert(v, args[args.len() - 1]);
        }
        let ty = b.ty(v);
        let y = b.operand("y", ty, Role::Out, &[Stride::Unit]);
        b.store(Access::plain(y, loops), v);
        let kernel = b.finish();
        for n in [8, 17, 31] {
            let mut case = Case::new(&kernel, &[n], &mut rng, true);
            for skew in [1, 4, 8] {
                case.skew = skew;
                case.check(&kernel);
            }
        }
    }
}

/// `a*b + c` of a type in one loop over contiguous arrays, of which `b` and the result may be of another.
fn products(narrow: DType, wide: DType) -> Kernel {
    let mut b = Builder::new(1);
    let at = |b: &mut Builder, name: &str, dtype: DType, role: Role| {
        let operand = b.operand(name, dtype, role, &[Stride::Unit]);
        Access::plain(operand, [LoopId(0)])
    };
    let [x, y, z] = [("a", narrow), ("b", wide), ("c", narrow)].map(|(name, dtype)| {
        let access = at(&mut b, name, dtype, Role::In);
        let v = b.load(access);
        b.convert(v, wide)
    });
    let product = b.op(Op::Mul, &[x, y]);
    let sum = b.op(Op::Add, &[product, z]);
    let out = at(&mut b, "y", wide, Role::Out);
    b.store(out, sum);
    b.finish()
}

/// Registers are full: so many points a step, in code that works on whole vectors.
#[test]
fn points_of_a_step() {
    use DType::*;
    for (narrow, wide, points, instructions) in [
        (F64, F64, 4, &["vmulpd", "vaddpd"][..]),
        (F32, F32, 8, &["vmulps", "vaddps"]),
        (I64, I64, 4, &["vpaddq"]),
        (U32, U32, 8, &["vpmulld", "vpaddd"]),
        (I16, I16, 16, &["vpmullw", "vpaddw"]),
        (U8, U8, 32, &["vpmullw", "vpaddb"]),
        (F32, F64, 4, &["vcvtps2pd", "vmulpd"]),
        (U8, F64, 8, &["vpmovzxbw", "vpmovzxwd", "vcvtdq2pd", "vmulpd"]),
        (I16, F64, 8, &["vpmovsxwd", "vcvtdq2pd", "vmulpd"]),
        (I8, F32, 16, &["vpmovsxbw", "vpmovsxwd", "vcvtdq2ps", "vmulps"]),
        (U8, U16, 16, &["vpmovzxbw", "vpmullw"]),
        (U8, I32, 16, &["vpmovzxbw", "vpmovzxwd", "vpmulld"]),
    ] {
        let kernel = products(narrow, wide);
        assert_eq!(Shape::of(&kernel, &Target::host().unwrap().machine).unwrap().lanes, points, "{narrow}, {wide}");
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            let listing = Cranelift::new().unwrap().listing(&kernel).unwrap();
            for instruction in instructions {
                assert!(listing.contains(instruction), "{narrow}, {wide}: no {instruction}:\n{listing}");
            }
        }
        let mut rng = Rng::new(7);
        for n in [points - 1, 2 * points + 1] {
            Case::new(&kernel, &[n], &mut rng, true).check(&kernel);
        }
    }
}
