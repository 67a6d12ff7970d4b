//! Straight-line code that stands for a function: what a `patch` runs on whole vectors instead of calling for single elements.
//!
//! Comes in: types of parameters, and what is made of them by a [`Builder`]. Goes out: code that each executor puts in where the
//! function is asked. Always holds: it is a kernel without loops, whose loads are the parameters in order and whose one store
//! is the result, of the first parameter's type; so it has constants, operations and patches, and no memory of its own.

use smallvec::SmallVec;

use super::builder::Builder;
use super::kernel::*;
use super::semantics;
use crate::dtype::{DType, Scalar};

/// Code of parameters that gives one value.
#[derive(Debug)]
pub struct Region {
    params: Vec<DType>,
    kernel: Kernel,
}

impl Region {
    /// What `build` makes of parameters of these types.
    pub fn new(params: &[DType], build: impl FnOnce(&mut Builder, &[Value]) -> Value) -> Region {
        let mut b = Builder::new(0);
        let mut args: SmallVec<[Value; 2]> = SmallVec::new();
        for &param in params {
            let operand = b.operand(format!("x{}", args.len()), param, Role::In, &[]);
            args.push(b.load(Access::plain(operand, [])));
        }
        let v = build(&mut b, &args);
        let result = b.operand("result", b.ty(v), Role::Out, &[]);
        b.store(Access::plain(result, []), v);
        Region { params: params.to_vec(), kernel: b.finish() }
    }

    /// The types of the parameters.
    pub fn params(&self) -> &[DType] {
        &self.params
    }

    /// The instructions.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Those instructions in order.
    pub fn code(&self) -> &[Value] {
        self.kernel.levels.first().map_or(&[], |level| &level.before)
    }

    /// The value at one point, on bits, as many as there are parameters.
    pub fn eval(&self, args: &[u64]) -> u64 {
        let mut values = vec![0; self.kernel.insts.len()];
        for &v in self.code() {
            let ty = self.kernel.ty(v).unwrap_or(DType::Bool);
            let get = |v: &Value| values[v.0 as usize];
            values[v.0 as usize] = match self.kernel.inst(v) {
                Inst::Const(c) => c.bits(),
                Inst::Load(access) => args.get(access.operand.0 as usize).copied().unwrap_or(0),
                Inst::Op { op, args } => {
                    let scalar = |v: &Value| Scalar::from_bits(self.kernel.ty(*v).unwrap_or(ty), get(v));
                    let args: SmallVec<[Scalar; 3]> = args.iter().map(scalar).collect();
                    semantics::eval(*op, ty, &args).map_or(0, |c| c.bits())
                }
                Inst::Patch { mask, fast, .. } if get(mask) == 0 => get(fast),
                Inst::Patch { helper, args, .. } => helper.call(&args.iter().map(get).collect::<SmallVec<[u64; 3]>>()),
                Inst::Store(_, result) => return get(result),
                _ => 0,
            };
        }
        0
    }
}

/// Regions that tests try on all executors.
#[cfg(any(test, feature = "internals"))]
pub(super) mod examples {
    use std::sync::LazyLock;

    use super::Region;
    use crate::dtype::DType;
    use crate::ir::{Builder, Helper, Op, Value};

    /// `x*x + 1/2`, rounded once, and of what is above 4 the sine.
    pub static OF_F64: LazyLock<Region> =
        LazyLock::new(|| Region::new(&[DType::F64], |b, args| patched(b, args[0], "sin.f64")));

    /// The same of an `f32` in `f64`, with another region in it.
    pub static OF_F32: LazyLock<Region> = LazyLock::new(|| {
        Region::new(&[DType::F32], |b, args| {
            let wide = b.convert(args[0], DType::F64);
            let v = patched(b, wide, "region.f64");
            b.convert(v, DType::F32)
        })
    });

    /// `(x << 3) ^ y` where `x < y`, else 7.
    pub static OF_U32: LazyLock<Region> = LazyLock::new(|| {
        Region::new(&[DType::U32; 2], |b, args| {
            let (three, seven) = (b.constant(3u32), b.constant(7u32));
            let shifted = b.op(Op::Shl, &[args[0], three]);
            let mixed = b.op(Op::Xor, &[shifted, args[1]]);
            let less = b.op(Op::Lt, args);
            b.op(Op::Select, &[less, mixed, seven])
        })
    });

    fn patched(b: &mut Builder, x: Value, helper: &str) -> Value {
        let (half, four) = (b.constant(0.5), b.constant(4.0));
        let y = b.op(Op::Fma, &[x, x, half]);
        let above = b.op(Op::Gt, &[y, four]);
        Helper::from_name(helper).map_or(y, |helper| b.patch(above, y, helper, &[y]))
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Helper;

    #[test]
    fn values_at_a_point() {
        let of = |name, args: &[u64]| Helper::from_name(name).unwrap().call(args);
        assert_eq!(of("region.f64", &[1f64.to_bits()]), 1.5f64.to_bits());
        assert_eq!(of("region.f64", &[2f64.to_bits()]), libm::sin(4.5).to_bits());
        assert_eq!(of("region.f32", &[1f32.to_bits().into()]), 1.5f32.to_bits().into());
        assert_eq!(of("region.u32", &[5, 6]), 46);
        assert_eq!(of("region.u32", &[6, 5]), 7);
    }
}
