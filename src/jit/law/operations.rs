//! Every operation on every type that it takes, alone in a kernel, on all pairs of special values.

use super::{Case, Executors, Forms};
use crate::dtype::{DType, Scalar};
use crate::ir::random::{Rng, specials};
use crate::ir::{Access, Builder, Kernel, LoopId, Op, Role, Stride};

/// Every form: operation, argument types, the type that it names.
pub fn forms() -> Vec<(Op, Vec<DType>, Option<DType>)> {
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
pub fn kernel(
    op: Op,
    args: &[DType],
    named: Option<DType>,
    last: Option<Scalar>,
    stride: Stride,
    wide: bool,
) -> Kernel {
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

/// Each on arrays.
pub fn each_alone(executors: &Executors) {
    let mut rng = Rng::new(1);
    for (op, args, named) in forms() {
        let columns = combinations(&args);
        for (stride, wide) in [(Stride::Unit, false), (Stride::Unit, true), (Stride::Any, false)] {
            let kernel = kernel(op, &args, named, None, stride, wide);
            let forms = Forms::new(&kernel, executors);
            // All of it, and so few that only the tail runs.
            for n in [columns[0].len(), 3] {
                let mut case = Case::new(&kernel, &[n], &mut rng, false);
                for (i, column) in columns.iter().enumerate() {
                    case.set(i, &column[..n.min(column.len())]);
                }
                forms.check(&case);
            }
        }
    }
}

/// With a constant as the second argument.
pub fn with_a_constant(executors: &Executors) {
    let mut rng = Rng::new(2);
    for (op, args, named) in forms().into_iter().filter(|(_, args, _)| args.len() == 2) {
        for c in specials(args[1]) {
            let kernel = kernel(op, &args, named, Some(c), Stride::Unit, false);
            let values = specials(args[0]);
            let mut case = Case::new(&kernel, &[values.len()], &mut rng, false);
            case.set(0, &values);
            case.check(executors);
        }
    }
}

/// The same of values that are known outside the loop.
pub fn uniform(executors: &Executors) {
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
        let forms = Forms::new(&kernel, executors);
        for _ in 0..12 {
            forms.check(&Case::new(&kernel, &[11], &mut rng, false));
        }
    }
}

/// Operands at odd addresses. Bools become numbers, for a comparison right before a store of its bits as numbers is
/// where Cranelift 0.135.8 without AVX would read an array as if it were aligned.
pub fn of_any_alignment(executors: &Executors) {
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
        let forms = Forms::new(&kernel, executors);
        for n in [8, 17, 31] {
            let mut case = Case::new(&kernel, &[n], &mut rng, true);
            for skew in [1, 4, 8] {
                case.skew = skew;
                forms.check(&case);
            }
        }
    }
}
