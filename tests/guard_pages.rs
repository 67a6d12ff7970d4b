//! No executor reads or writes past an array's ends: arrays lie flush against pages that cannot be touched.
#![cfg(all(unix, not(miri)))]

#[path = "common/guard.rs"]
mod guard;

use guard::{Flush, Guarded};
use tilexpr::ir::random::{self, Config, Rng};
use tilexpr::ir::{Access, Builder, Coordinate, Kernel, LoopId, Op, Role, Stride};
use tilexpr::jit::Backend;
use tilexpr::jit::differ::Layout;
use tilexpr::jit::interp::Interp;
use tilexpr::jit::oracle::Oracle;

fn executors() -> Vec<Box<dyn Backend>> {
    vec![Box::new(Interp::new()), Box::new(Interp::portable()), Box::new(Interp::new().with_chunk(8))]
}

fn check(kernel: &Kernel, extents: &[usize], seed: u64) {
    let oracle = Oracle.compile(kernel).unwrap();
    let mut rng = Rng::new(seed);
    let layout = Layout::random(kernel, extents, &mut rng);
    let content = layout.fill(kernel, &mut rng);
    for flush in [Flush::Start, Flush::End] {
        let mut want = content.clone();
        let addresses: Vec<*mut u8> = want.iter_mut().map(|block| block.as_mut_ptr()).collect();
        // SAFETY: the blocks are the layout's.
        unsafe { layout.run(&*oracle, &addresses) };
        for executor in executors() {
            let compiled = executor.compile(kernel).unwrap();
            let blocks: Vec<Guarded> = content.iter().map(|block| Guarded::new(block, flush).unwrap()).collect();
            let addresses: Vec<*mut u8> = blocks.iter().map(Guarded::start).collect();
            // SAFETY: as above.
            unsafe { layout.run(&*compiled, &addresses) };
            let got = blocks.iter().map(Guarded::to_vec).collect();
            let difference = layout.difference(kernel, want.clone(), got);
            assert_eq!(difference, None, "{executor:?} {extents:?} seed {seed}\n{kernel}");
        }
    }
}

/// `x[i-1] + x[i+2]*y[i]`, with all lengths of tails.
#[test]
fn tails_and_offsets() {
    for extent in 1..=40 {
        for (x_stride, ty) in [(Stride::Unit, tilexpr::DType::F64), (Stride::Any, tilexpr::DType::F32)] {
            let mut b = Builder::new(1);
            let i = LoopId(0);
            let x = b.operand("x", ty, Role::In, &[x_stride]);
            let y = b.operand("y", ty, Role::InOut, &[Stride::Unit]);
            let m = b.operand("m", tilexpr::DType::Bool, Role::Out, &[Stride::Unit]);
            let mut at = |offset| {
                let map = [Coordinate { follows: Some(i), offset }].into_iter().collect();
                b.load(Access { map, ..Access::plain(x, []) })
            };
            let (before, after) = (at(-1), at(2));
            let vy = b.load(Access::plain(y, [i]));
            let p = b.op(Op::Mul, &[after, vy]);
            let v = b.op(Op::Add, &[before, p]);
            let less = b.op(Op::Lt, &[v, vy]);
            b.store(Access::plain(m, [i]), less);
            b.store(Access::plain(y, [i]), v);
            check(&b.finish(), &[extent], extent as u64);
        }
    }
}

#[test]
fn random_kernels() {
    for seed in 0..80 {
        let kernel = random::kernel(seed, &Config::default());
        let mut rng = Rng::new(seed);
        let extents = tilexpr::jit::differ::extents(kernel.loops(), &mut rng);
        check(&kernel, &extents, seed);
    }
}
