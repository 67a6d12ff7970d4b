//! What instructions kernels become.

use super::executors;
use crate::dtype::DType;
use crate::ir::random::Rng;
use crate::ir::{Access, Builder, Kernel, LoopId, Op, Role, Stride};
use crate::jit::Backend;
use crate::jit::cranelift::Cranelift;
use crate::jit::cranelift::isa::Target;
use crate::jit::cranelift::shape::Shape;
use crate::jit::law::Case;

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
            Case::new(&kernel, &[n], &mut rng, true).check(&executors());
        }
    }
}
