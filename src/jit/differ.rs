//! Runs a kernel on two executors over the same random arrays, and tells where they differ.
//!
//! Comes in: a kernel, trip counts, a seed. Goes out: nothing, or the first difference. Arrays are laid out at random:
//! dimensions in any order, gaps, negative and zero strides, elements that are not aligned. Always holds: every byte of
//! the arrays is compared, also those between elements; a NaN equals any NaN.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{Call, Compiled};
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
    /// For each operand the bytes of its block; each begins and ends with an element.
    pub bytes: Vec<usize>,
    /// For each operand the offset in its block of the element at coordinates 0 (which may lie outside the block).
    pub zero: Vec<isize>,
    /// For each operand the offsets in its block of all elements that may be reached.
    pub elements: Vec<Vec<usize>>,
}

impl Layout {
    /// A random layout for a kernel.
    pub fn random(kernel: &Kernel, extents: &[usize], rng: &mut Rng) -> Layout {
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
            layout.operand(kernel, id, rng);
        }
        layout
    }

    fn operand(&mut self, kernel: &Kernel, id: OperandId, rng: &mut Rng) {
        let operand = kernel.operand(id);
        let size = operand.dtype.size();
        let ends: Vec<(i64, i64)> =
            (0..operand.dims.len()).map(|d| reach(kernel, id, d, &self.extents).unwrap_or((0, 0))).collect();
        let mut strides = vec![size as isize; ends.len()];
        let mut order: Vec<usize> = (0..ends.len()).filter(|&d| operand.dims[d] == Stride::Any).collect();
        if let Some(unit) = operand.dims.iter().position(|s| *s == Stride::Unit) {
            order.insert(0, unit);
        }
        let mut span = size;
        for d in order {
            let length = (ends[d].1 - ends[d].0 + 1) as usize;
            let any = operand.dims[d] == Stride::Any;
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
        let mut least = 0;
        let mut offsets = vec![0isize];
        for (&(from, to), &stride) in ends.iter().zip(&strides) {
            least += (from as isize * stride).min(to as isize * stride);
            let steps = (from as isize..=to as isize).take(if stride == 0 { 1 } else { usize::MAX });
            offsets = steps.flat_map(|i| offsets.iter().map(move |o| o + i * stride)).collect();
        }
        self.strides.extend(strides);
        self.bytes.push(span);
        self.zero.push(-least);
        self.elements.push(offsets.into_iter().map(|o| (o - least) as usize).collect());
    }

    /// Random content for each block.
    pub fn fill(&self, kernel: &Kernel, rng: &mut Rng) -> Vec<Vec<u8>> {
        let fill = |(id, operand): (usize, &crate::ir::Operand)| {
            let mut block = vec![0xa5; self.bytes[id]];
            for &at in &self.elements[id] {
                put(&mut block[at..], rng.scalar(operand.dtype));
            }
            block
        };
        kernel.operands.iter().enumerate().map(fill).collect()
    }

    /// Runs a kernel on blocks of memory, which begin at these addresses; gives the faults.
    ///
    /// # Safety
    /// Each block is as long as `bytes` says and may be written; the kernel is the one that this layout was made for.
    pub unsafe fn run(&self, compiled: &dyn Compiled, blocks: &[*mut u8]) -> u32 {
        let pointers: Vec<*mut u8> = blocks.iter().zip(&self.zero).map(|(b, &z)| b.wrapping_offset(z)).collect();
        let faults = AtomicU32::new(0);
        let call = Call {
            pointers: &pointers,
            strides: &self.strides,
            extents: &self.extents,
            origin: &self.origin,
            faults: &faults,
        };
        // SAFETY: the blocks have room for what the accesses reach, and are initialised.
        unsafe { compiled.run(&call) }
        faults.load(Ordering::Relaxed)
    }

    /// Gives all NaNs of the blocks the same bits.
    pub fn unify_nans(&self, kernel: &Kernel, blocks: &mut [Vec<u8>]) {
        for (id, operand) in kernel.operands.iter().enumerate() {
            for &at in &self.elements[id] {
                let x = get(&blocks[id][at..], operand.dtype);
                let nan = match operand.dtype {
                    DType::F32 if f32::from_scalar(x).is_nan() => f32::NAN.to_scalar(),
                    DType::F64 if f64::from_scalar(x).is_nan() => f64::NAN.to_scalar(),
                    _ => continue,
                };
                put(&mut blocks[id][at..], nan);
            }
        }
    }

    /// The first difference between blocks that two executors have left.
    pub fn difference(&self, kernel: &Kernel, mut one: Vec<Vec<u8>>, mut other: Vec<Vec<u8>>) -> Option<String> {
        self.unify_nans(kernel, &mut one);
        self.unify_nans(kernel, &mut other);
        for (id, operand) in kernel.operands.iter().enumerate() {
            for &at in &self.elements[id] {
                let (x, y) = (get(&one[id][at..], operand.dtype), get(&other[id][at..], operand.dtype));
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

/// Runs two executors' forms of a kernel over the same random arrays; the first difference is the error.
pub fn differ(
    kernel: &Kernel,
    one: &dyn Compiled,
    other: &dyn Compiled,
    extents: &[usize],
    seed: u64,
) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let layout = Layout::random(kernel, extents, &mut rng);
    let content = layout.fill(kernel, &mut rng);
    let run = |compiled: &dyn Compiled| {
        let skew = seed as usize % 9;
        let mut blocks: Vec<Vec<u8>> =
            content.iter().map(|block| [&vec![0; skew], block.as_slice()].concat()).collect();
        let addresses: Vec<*mut u8> = blocks.iter_mut().map(|block| block.as_mut_ptr().wrapping_add(skew)).collect();
        // SAFETY: the blocks are the layout's, after `skew` bytes that shift their alignment.
        let faults = unsafe { layout.run(compiled, &addresses) };
        let blocks: Vec<Vec<u8>> = blocks.iter().map(|block| block[skew..].to_vec()).collect();
        (blocks, faults)
    };
    let ((x, x_faults), (y, y_faults)) = (run(one), run(other));
    if x_faults != y_faults {
        return Err(format!("faults {x_faults:#b} against {y_faults:#b}, extents {extents:?}"));
    }
    match layout.difference(kernel, x, y) {
        Some(difference) => Err(format!("{difference}, extents {extents:?}, {layout:?}")),
        None => Ok(()),
    }
}

/// Random trip counts: inner ones up to 40, now and then more.
pub fn extents(loops: usize, rng: &mut Rng) -> Vec<usize> {
    let pick = |l: usize| match rng.below(8) {
        0 => 1,
        1 if l + 1 == loops => 60 + rng.below(200),
        _ if l + 1 == loops => 1 + rng.below(40),
        _ => 1 + rng.below(4),
    };
    (0..loops).map(pick).collect()
}

fn follows_innermost(kernel: &Kernel, id: OperandId, dim: usize) -> bool {
    kernel.insts.iter().any(|inst| match inst {
        Inst::Load(a) | Inst::Store(a, _) if a.operand == id => {
            a.map[dim].follows.is_some_and(|l| usize::from(l.0) + 1 == kernel.loops())
        }
        _ => false,
    })
}

fn put(bytes: &mut [u8], x: Scalar) {
    match x.dtype().size() {
        1 => bytes[..1].copy_from_slice(&(x.bits() as u8).to_ne_bytes()),
        2 => bytes[..2].copy_from_slice(&(x.bits() as u16).to_ne_bytes()),
        4 => bytes[..4].copy_from_slice(&(x.bits() as u32).to_ne_bytes()),
        _ => bytes[..8].copy_from_slice(&x.bits().to_ne_bytes()),
    }
}

fn get(bytes: &[u8], dtype: DType) -> Scalar {
    let mut wide = [0; 8];
    let size = dtype.size();
    if cfg!(target_endian = "big") {
        wide[8 - size..].copy_from_slice(&bytes[..size]);
    } else {
        wide[..size].copy_from_slice(&bytes[..size]);
    }
    Scalar::from_bits(dtype, u64::from_ne_bytes(wide))
}
