//! Where the arrays of a call lie in blocks of memory, and what they hold.
//!
//! Comes in: a kernel, trip counts, random numbers. Goes out: offsets and strides; content; the first difference between what
//! two runs have left.

use crate::dtype::{DType, Real, Scalar};
use crate::ir::random::{Rng, reach};
use crate::ir::{Inst, Kernel, OperandId, Role, Stride};

/// Where the arrays of a call lie in memory blocks of their own, one for each operand.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The trip count of each loop.
    pub extents: Vec<usize>,
    /// What `index` counts from.
    pub origin: Vec<i64>,
    /// The strides of all operands, as a call's table has them.
    pub strides: Vec<isize>,
    /// For each operand the bytes of its block; each begins and ends with an element, or a pair. Partners lie in the block of the
    /// first halves.
    pub bytes: Vec<usize>,
    /// For each operand the offset in its block of the element at coordinates 0 (which may lie outside the block).
    pub zero: Vec<isize>,
    /// For each operand the offsets in its block of all elements that may be reached, in order of their coordinates.
    pub elements: Vec<Vec<usize>>,
}

impl Layout {
    /// A random layout for a kernel; a dense one has each element right after another, and no strides below 1.
    pub fn random(kernel: &Kernel, extents: &[usize], rng: &mut Rng, dense: bool) -> Layout {
        let origin = extents.iter().map(|_| if rng.once_in(2) { 0 } else { rng.below(1000) as i64 - 500 }).collect();
        let mut layout = Layout {
            extents: extents.to_vec(),
            origin,
            strides: Vec::new(),
            bytes: Vec::new(),
            zero: Vec::new(),
            elements: Vec::new(),
        };
        for id in (0..kernel.operands.len() as u32).map(OperandId) {
            layout.operand(kernel, id, rng, dense);
        }
        layout
    }

    fn operand(&mut self, kernel: &Kernel, id: OperandId, rng: &mut Rng, dense: bool) {
        let operand = kernel.operand(id);
        let size = operand.dtype.size();
        let at = id.0 as usize;
        if block_of(kernel, at) != at {
            let first = self.strides.len() - operand.dims.len();
            self.strides.extend_from_within(first..);
            self.bytes.push(0);
            self.zero.push(self.zero[at - 1] + size as isize);
            self.elements.push(self.elements[at - 1].iter().map(|element| element + size).collect());
            return;
        }
        let partner = (at + 1 < kernel.operands.len() && block_of(kernel, at + 1) == at).then_some(OperandId(id.0 + 1));
        let ends = |d: usize| {
            let all = [Some(id), partner].into_iter().flatten().filter_map(|id| reach(kernel, id, d, &self.extents));
            all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0))
        };
        let ends: Vec<(i64, i64)> = (0..operand.dims.len()).map(ends).collect();
        let half = operand.dims.last().filter(|stride| stride.is_of_pairs());
        let mut strides = vec![size as isize; ends.len()];
        let mut order: Vec<usize> = (0..ends.len()).filter(|&d| operand.dims[d] == Stride::Any).collect();
        if let Some(near) = operand.dims.iter().position(|s| *s != Stride::Any) {
            order.insert(0, near);
        }
        let mut span = if half.is_some() { 2 * size } else { size };
        for d in order {
            let length = (ends[d].1 - ends[d].0 + 1) as usize;
            let any = operand.dims[d] == Stride::Any && !dense;
            let gap = if any && rng.once_in(3) { rng.below(2 * size + 1) } else { 0 };
            let stride = (span + gap) as isize;
            // What is written may be met again in an outer loop's next turn, never within the innermost loop.
            let may_repeat = operand.role == Role::In || !follows_innermost(kernel, id, d);
            strides[d] = match rng.below(6) {
                0 if any && may_repeat => 0,
                1 if any => -stride,
                _ => stride,
            };
            if strides[d] != 0 {
                span += stride as usize * (length - 1);
            }
        }
        let mut least = if half == Some(&Stride::Second) { -(size as isize) } else { 0 };
        let mut offsets = vec![0isize];
        for (&(from, to), &stride) in ends.iter().zip(&strides) {
            least += (from as isize * stride).min(to as isize * stride);
            let steps = || (from as isize..=to as isize).take(if stride == 0 { 1 } else { usize::MAX });
            offsets = offsets.iter().flat_map(|o| steps().map(move |i| o + i * stride)).collect();
        }
        self.strides.extend(strides);
        self.bytes.push(span);
        self.zero.push(-least);
        self.elements.push(offsets.into_iter().map(|o| (o - least) as usize).collect());
    }

    /// Random content for each block.
    pub fn fill(&self, kernel: &Kernel, rng: &mut Rng) -> Vec<Vec<u8>> {
        let mut blocks: Vec<Vec<u8>> = self.bytes.iter().map(|&bytes| vec![0xa5; bytes]).collect();
        for (id, operand) in kernel.operands.iter().enumerate() {
            for &at in &self.elements[id] {
                put(&mut blocks[block_of(kernel, id)][at..], rng.scalar(operand.dtype));
            }
        }
        blocks
    }

    /// Gives all NaNs of the blocks the same bits.
    pub fn unify_nans(&self, kernel: &Kernel, blocks: &mut [Vec<u8>]) {
        for (id, operand) in kernel.operands.iter().enumerate() {
            for &at in &self.elements[id] {
                let block = &mut blocks[block_of(kernel, id)];
                let x = get(&block[at..], operand.dtype);
                let nan = match operand.dtype {
                    DType::F32 if f32::from_scalar(x).is_nan() => f32::NAN.to_scalar(),
                    DType::F64 if f64::from_scalar(x).is_nan() => f64::NAN.to_scalar(),
                    _ => continue,
                };
                put(&mut block[at..], nan);
            }
        }
    }

    /// The first difference between blocks that two executors have left, or from what there was where it is only read.
    pub fn difference(&self, kernel: &Kernel, before: &[Vec<u8>], after: [&[Vec<u8>]; 2]) -> Option<String> {
        let [mut one, mut other] = after.map(<[_]>::to_vec);
        self.unify_nans(kernel, &mut one);
        self.unify_nans(kernel, &mut other);
        for (id, operand) in kernel.operands.iter().enumerate() {
            if operand.role == Role::In && after.iter().any(|after| after[id] != before[id]) {
                return Some(format!("{}, which is only read, was written", operand.name));
            }
            let block = block_of(kernel, id);
            for &at in &self.elements[id] {
                let (x, y) = (get(&one[block][at..], operand.dtype), get(&other[block][at..], operand.dtype));
                if x != y {
                    return Some(format!("{} at byte {at}: {x:?} against {y:?}", operand.name));
                }
            }
            if one[id] != other[id] {
                return Some(format!("{}: bytes between elements", operand.name));
            }
        }
        None
    }
}

/// Which operand's block one lies in: a partner in that of the operand before.
pub fn block_of(kernel: &Kernel, operand: usize) -> usize {
    let partner = kernel.operands[operand].dims.last() == Some(&Stride::Partner);
    operand - usize::from(partner)
}

/// Random trip counts: inner ones up to 40, now and then more, but fewer where an array would become large (all its dimensions
/// may follow that loop).
pub fn extents(kernel: &Kernel, rng: &mut Rng) -> Vec<usize> {
    let loops = kernel.loops();
    let pick = |l: usize| match rng.below(8) {
        0 => 1,
        1 if l + 1 == loops => 60 + rng.below(200),
        _ if l + 1 == loops => 1 + rng.below(40),
        _ => 1 + rng.below(4),
    };
    let mut extents: Vec<usize> = (0..loops).map(pick).collect();
    let elements = |o: usize, extents: &[usize]| -> i64 {
        let length = |d| reach(kernel, OperandId(o as u32), d, extents).map_or(1, |(least, most)| most - least + 1);
        (0..kernel.operands[o].dims.len()).map(length).product()
    };
    while let Some(last) = extents.last().copied()
        && last > 3
        && (0..kernel.operands.len()).any(|o| elements(o, &extents) > 20_000)
    {
        extents[loops - 1] = last / 2;
    }
    extents
}

fn follows_innermost(kernel: &Kernel, id: OperandId, dim: usize) -> bool {
    kernel.insts.iter().any(|inst| match inst {
        Inst::Load(a) | Inst::Store(a, _) if a.operand == id => {
            a.map[dim].follows.is_some_and(|l| usize::from(l.0) + 1 == kernel.loops())
        }
        _ => false,
    })
}

/// Writes a scalar.
pub fn put(bytes: &mut [u8], x: Scalar) {
    match x.dtype().size() {
        1 => bytes[..1].copy_from_slice(&(x.bits() as u8).to_ne_bytes()),
        2 => bytes[..2].copy_from_slice(&(x.bits() as u16).to_ne_bytes()),
        4 => bytes[..4].copy_from_slice(&(x.bits() as u32).to_ne_bytes()),
        _ => bytes[..8].copy_from_slice(&x.bits().to_ne_bytes()),
    }
}

/// Reads a scalar.
pub fn get(bytes: &[u8], dtype: DType) -> Scalar {
    let mut wide = [0; 8];
    let size = dtype.size();
    if cfg!(target_endian = "big") {
        wide[8 - size..].copy_from_slice(&bytes[..size]);
    } else {
        wide[..size].copy_from_slice(&bytes[..size]);
    }
    Scalar::from_bits(dtype, u64::from_ne_bytes(wide))
}
