//! The interpreter and the law.

use super::*;
use crate::dtype::DType;
use crate::ir::helper::Code;
use crate::ir::random::{Config, Rng, kernel};
use crate::ir::*;
use crate::jit::law::{Case, Executors, Forms, budget, extents, law};
use crate::jit::oracle::Oracle;

fn executors() -> Executors {
    let chunks = |form: Interp| [form, form.with_chunk(8), form.with_chunk(16), form.with_chunk(24)];
    let forms: Vec<Interp> = Interp::forms().flat_map(chunks).collect();
    forms.into_iter().map(|form| (format!("{form:?}"), Arc::new(form) as Arc<dyn Backend>)).collect()
}

law!(executors);

/// A helper that runs a kernel itself, in the middle of a run on the same thread.
#[test]
fn runs_within_runs() {
    extern "C" fn negated(x: f64) -> f64 {
        let mut b = Builder::new(1);
        let a = b.operand("a", DType::F64, Role::InOut, &[Stride::Unit]);
        let v = b.load(Access::plain(a, [LoopId(0)]));
        let v = b.op(Op::Neg, &[v]);
        b.store(Access::plain(a, [LoopId(0)]), v);
        let kernel = b.finish();
        let mut case = Case::new(&kernel, &[9], &mut Rng::new(0), true);
        case.set(0, &[x.into(); 9]);
        let after = case.run(&*Interp::new().compile(&kernel).unwrap());
        f64::from_bits(case.values(&after, 0)[8].bits())
    }
    static HELPER: Helper = Helper { name: "negated.f64", code: Code::F64(negated) };
    let mut b = Builder::new(1);
    let x = b.operand("x", DType::F64, Role::In, &[Stride::Unit]);
    let out = b.operand("out", DType::F64, Role::Out, &[Stride::Unit]);
    let vx = b.load(Access::plain(x, [LoopId(0)]));
    let v = b.call(&HELPER, &[vx]);
    let v = b.op(Op::Add, &[v, vx]);
    b.store(Access::plain(out, [LoopId(0)]), v);
    Forms::new(&b.finish(), &executors()).check_random(3);
}

/// A kernel and what the simplifier makes of it, at every point.
#[test]
fn simplified_kernels() {
    for seed in 0..budget(400) {
        let kernel = kernel(seed, &Config::default());
        let after = rebuild(&kernel);
        let mut rng = Rng::new(seed);
        let case = Case::new(&kernel, &extents(&kernel, &mut rng), &mut rng, false);
        let [x, y] = [&kernel, &after].map(|kernel| case.run(&*Oracle.compile(kernel).unwrap()));
        assert_eq!(case.difference(&x, &y), None, "seed {seed}\n{kernel}\n{after}");
    }
}
