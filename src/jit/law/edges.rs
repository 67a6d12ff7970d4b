//! Arrays of every length flush against pages that may not be touched, for every way in which a kernel reads and writes its
//! innermost loop's elements, and every width of these.
//!
//! A step covers up to four vectors of up to 64 bytes. All lengths of up to two such vectors are met, and those around a step, a step
//! and a vector, and two steps. Where there are many forms each of them meets some of the lengths of each kernel.

use super::{Case, Executors, Flush, Forms};
use crate::dtype::{DType, Scalar};
use crate::ir::random::Rng;
use crate::ir::{Access, Builder, Fold, Kernel, LoopId, Monoid, Op, Role, Stride, Value};

const I: LoopId = LoopId(0);

/// How elements lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lie {
    /// Side by side, known to the kernel.
    Unit,
    /// So many elements apart, known to the call.
    Strided(isize),
    /// One.
    Fixed,
    /// The first or second halves of pairs, or both.
    First,
    Second,
    Pairs,
    /// Read and written at the same points: side by side, at any stride, as pairs.
    InPlace(Stride),
    /// Combined: in any order, or in that of a sum.
    Reduced(Fold),
}

/// How a kernel that reads in all ways writes, and the other way round.
const READ: [Lie; 10] = [
    Lie::Unit,
    Lie::Strided(1),
    Lie::Strided(3),
    Lie::Strided(-1),
    Lie::Strided(-2),
    Lie::Strided(0),
    Lie::Fixed,
    Lie::First,
    Lie::Second,
    Lie::Pairs,
];
const WRITTEN: [Lie; 11] = [
    Lie::Strided(1),
    Lie::Strided(2),
    Lie::Strided(-3),
    Lie::First,
    Lie::Second,
    Lie::Pairs,
    Lie::InPlace(Stride::Unit),
    Lie::InPlace(Stride::Any),
    Lie::InPlace(Stride::First),
    Lie::Reduced(Fold::Max),
    Lie::Reduced(Fold::Sum),
];

/// Operands as a kernel is made, with how each lies.
struct Maker {
    b: Builder,
    dtype: DType,
    lies: Vec<Lie>,
}

impl Maker {
    fn access(&mut self, role: Role, dims: &[Stride], lie: Lie) -> Access {
        let operand = self.b.operand(format!("x{}", self.lies.len()), self.dtype, role, dims);
        self.lies.push(lie);
        Access::plain(operand, dims.iter().map(|_| I))
    }

    /// The accesses of an array.
    fn array(&mut self, role: Role, lie: Lie) -> Vec<Access> {
        match lie {
            Lie::Unit => vec![self.access(role, &[Stride::Unit], lie)],
            Lie::Strided(_) => vec![self.access(role, &[Stride::Any], lie)],
            Lie::Fixed | Lie::Reduced(_) => vec![self.access(role, &[], lie)],
            Lie::First => vec![self.access(role, &[Stride::First], lie)],
            Lie::Second => vec![self.access(role, &[Stride::Second], lie)],
            Lie::Pairs | Lie::InPlace(Stride::First) => {
                [Stride::First, Stride::Partner].map(|stride| self.access(role, &[stride], lie)).to_vec()
            }
            Lie::InPlace(stride) => vec![self.access(role, &[stride], lie)],
        }
    }

    /// One value of two: a number's sum, or whether a bool differs.
    fn both(&mut self, a: Value, b: Value) -> Value {
        self.b.op(if self.dtype == DType::Bool { Op::Xor } else { Op::Add }, &[a, b])
    }
}

/// What is read so, together with elements side by side, is written so.
fn kernel(dtype: DType, read: Lie, written: Lie) -> Option<(Kernel, Vec<Lie>)> {
    let mut m = Maker { b: Builder::verbatim(1), dtype, lies: Vec::new() };
    let mut loads = m.array(Role::In, read);
    loads.extend(m.array(Role::In, Lie::Unit));
    let stores = match written {
        Lie::Reduced(_) => Vec::new(),
        Lie::InPlace(_) => m.array(Role::InOut, written),
        _ => m.array(Role::Out, written),
    };
    if let Lie::InPlace(_) = written {
        loads.extend(stores.iter().cloned());
    }
    let values: Vec<Value> = loads.into_iter().map(|access| m.b.load(access)).collect();
    let (first, last) = (values[0], values[values.len() - 1]);
    let sum = values[1..].iter().fold(first, |sum, &v| m.both(sum, v));
    for (access, v) in stores.into_iter().zip([sum, last]) {
        m.b.store(access, v);
    }
    if let Lie::Reduced(fold) = written {
        let fold = if dtype == DType::Bool { Fold::Any } else { fold };
        let state = m.b.accumulate(Monoid::of(fold, dtype)?, &[sum]);
        let out = m.array(Role::Out, written);
        m.b.store(out.into_iter().next()?, state[0]);
    }
    Some((m.b.finish(), m.lies))
}

/// A case of so many points, in which operands lie as they are said to.
fn case<'a>(kernel: &'a Kernel, lies: &[Lie], points: usize, rng: &mut Rng) -> Case<'a> {
    let mut case = Case::new(kernel, &[points], rng, true);
    let bases = kernel.stride_bases();
    let layout = &mut case.layout;
    for (at, &lie) in lies.iter().enumerate() {
        let size = kernel.operands[at].dtype.size();
        let times = match lie {
            Lie::Strided(times) => times,
            Lie::InPlace(Stride::Any) => 1,
            _ => continue,
        };
        let apart = times.unsigned_abs() * size;
        layout.strides[bases[at]] = times * size as isize;
        layout.bytes[at] = apart * (points - 1) + size;
        layout.zero[at] = if times < 0 { (layout.bytes[at] - size) as isize } else { 0 };
        let offset = |point: usize| if times < 0 { apart * (points - 1 - point) } else { apart * point };
        layout.elements[at] = (0..if times == 0 { 1 } else { points }).map(offset).collect();
    }
    // Small numbers: what matters here is which elements are met.
    case.content = case.layout.fill(kernel, rng);
    for at in 0..kernel.operands.len() {
        let dtype = kernel.operands[at].dtype;
        let number = |k: usize| if dtype == DType::Bool { k.is_multiple_of(3).into() } else { small(dtype, k) };
        let values: Vec<Scalar> = (0..case.layout.elements[at].len()).map(|k| number(k + at)).collect();
        case.set(at, &values);
    }
    case
}

fn small(dtype: DType, k: usize) -> Scalar {
    match dtype {
        DType::F32 => (k as f32).into(),
        DType::F64 => (k as f64).into(),
        _ => Scalar::from_int(dtype, (k % 101) as i128).unwrap_or(false.into()),
    }
}

pub fn arrays_between_guard_pages(executors: &Executors) {
    let every = executors.len().div_ceil(3);
    let mut count = 0;
    for dtype in [DType::Bool, DType::U8, DType::I16, DType::F32, DType::I32, DType::F64, DType::I64] {
        let written = WRITTEN.into_iter().map(|written| (Lie::Unit, written));
        for (read, written) in READ.into_iter().map(|read| (read, Lie::Unit)).chain(written) {
            let Some((kernel, lies)) = kernel(dtype, read, written) else { continue };
            let forms = Forms::new(&kernel, executors);
            let vector = 64 / dtype.size();
            let around = [4, 5, 8].into_iter().flat_map(|vectors| vectors * vector - 1..=vectors * vector + 1);
            count += 1;
            for points in (1..=2 * vector + 3).chain(around).filter(|points| (points + count) % every == 0) {
                let mut case = case(&kernel, &lies, points, &mut Rng::new(points as u64));
                for flush in [Flush::Start, Flush::End] {
                    (case.flush, case.skew) = (flush, 0);
                    forms.check(&case);
                }
            }
        }
    }
}
