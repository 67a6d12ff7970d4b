//! Regions that tests try on all executors. (Those of the elementary functions are made by `math/`.)

use std::sync::LazyLock;

use super::helper::Code;
use super::{Builder, Helper, Op, Region, Value};
use crate::dtype::DType;

static HELPERS: [Helper; 4] = [
    Helper { name: "region.f64", code: Code::Region(&OF_F64) },
    Helper { name: "region.f32", code: Code::Region(&OF_F32) },
    Helper { name: "region.u32", code: Code::Region(&OF_U32) },
    Helper { name: "crowded.f64", code: Code::Region(&CROWDED) },
];

/// All helpers, the examples among them.
pub fn all() -> impl Iterator<Item = &'static Helper> {
    Helper::all().iter().chain(&HELPERS)
}

/// The helper of this name, an example or not.
pub fn named(name: &str) -> Option<&'static Helper> {
    all().find(|helper| helper.name == name)
}

/// `x*x + 1/2`, rounded once, and of what is above 4 the sine.
static OF_F64: LazyLock<Region> =
    LazyLock::new(|| Builder::region(&[DType::F64], |b, args| patched(b, args[0], "sin.f64")));

/// The same of an `f32` in `f64`, with another region in it.
static OF_F32: LazyLock<Region> = LazyLock::new(|| {
    Builder::region(&[DType::F32], |b, args| {
        let wide = b.convert(args[0], DType::F64);
        let v = patched(b, wide, "region.f64");
        b.convert(v, DType::F32)
    })
});

/// `(x << 3) ^ y` where `x < y`, else 7.
static OF_U32: LazyLock<Region> = LazyLock::new(|| {
    Builder::region(&[DType::U32; 2], |b, args| {
        let (three, seven) = (b.constant(3u32), b.constant(7u32));
        let shifted = b.op(Op::Shl, &[args[0], three]);
        let mixed = b.op(Op::Xor, &[shifted, args[1]]);
        let less = b.op(Op::Lt, args);
        b.op(Op::Select, &[less, mixed, seven])
    })
});

/// More values alive at once than there are registers.
static CROWDED: LazyLock<Region> = LazyLock::new(|| {
    Builder::region(&[DType::F64], |b, args| {
        let others = crowd(b, args[0]);
        greatest(b, args[0], &others)
    })
});

/// `x + 1`, `x + 3`, `x + 6` ...: forty values, each from the one before.
pub fn crowd(b: &mut Builder, x: Value) -> Vec<Value> {
    let next = |v: &mut Value, k: i32| {
        let c = b.constant(f64::from(k));
        *v = b.op(Op::Add, &[*v, c]);
        Some(*v)
    };
    (1..=40).scan(x, next).collect()
}

/// The greatest of a value and others, the last one first.
pub fn greatest(b: &mut Builder, x: Value, others: &[Value]) -> Value {
    others.iter().rev().fold(x, |most, &v| b.op(Op::Max, &[most, v]))
}

fn patched(b: &mut Builder, x: Value, helper: &str) -> Value {
    let (half, four) = (b.constant(0.5), b.constant(4.0));
    let y = b.op(Op::Fma, &[x, x, half]);
    let above = b.op(Op::Gt, &[y, four]);
    named(helper).map_or(y, |helper| b.patch(above, y, helper, &[y]))
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn values_at_a_point() {
        let of = |name, args: &[u64]| named(name).unwrap().call(args);
        assert_eq!(of("region.f64", &[1f64.to_bits()]), 1.5f64.to_bits());
        assert_eq!(of("region.f64", &[2f64.to_bits()]), libm::sin(4.5).to_bits());
        assert_eq!(of("region.f32", &[1f32.to_bits().into()]), 1.5f32.to_bits().into());
        assert_eq!(of("region.u32", &[5, 6]), 46);
        assert_eq!(of("region.u32", &[6, 5]), 7);
    }
}
