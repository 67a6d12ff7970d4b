//! Random memory for a kernel to run on: what tests of executors and of passes compare.
//!
//! Comes in: a kernel, trip counts, a seed. Goes out: arrays full of random and special values, with strides that fit
//! the operands' classes (padded, reversed, broadcast, unaligned), and room for all that the accesses reach. Always
//! holds: no two points of an array that is written lie in the same place, and no two arrays overlap.

use super::kernel::*;
use super::random::{Rng, reach};
use crate::dtype::{DType, Scalar};

/// The arrays of one call.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The trip count of each loop.
    pub extents: Vec<usize>,
    /// What `index` counts from.
    pub origin: Vec<i64>,
    /// The strides of all operands in bytes, as a call takes them.
    pub strides: Vec<isize>,
    arrays: Vec<Array>,
}

#[derive(Clone, Debug)]
struct Array {
    name: String,
    dtype: DType,
    written: bool,
    bytes: Vec<u8>,
    /// Bytes ahead of the first element, which make it unaligned.
    skip: usize,
    /// From the first element to the one at loop indices 0, in bytes.
    zero: isize,
}

impl Memory {
    /// Memory for a kernel's accesses over these trip counts, each at least 1; the same for the same seed.
    pub fn new(kernel: &Kernel, extents: &[usize], seed: u64) -> Memory {
        let mut rng = Rng::new(seed);
        let origin = extents.iter().map(|_| rng.below(5) as i64 * 100 - 200).collect();
        let mut memory = Memory { extents: extents.to_vec(), origin, strides: Vec::new(), arrays: Vec::new() };
        for (at, operand) in kernel.operands.iter().enumerate() {
            let dims = operand.dims.len();
            let id = OperandId(at as u32);
            let reach = (0..dims).map(|d| reach(kernel, id, d, extents).unwrap_or((0, 0)));
            memory.add(operand, &reach.collect::<Vec<(i64, i64)>>(), &mut rng);
        }
        memory
    }

    /// Lays an operand out; `reach` has the least and the greatest coordinate of each dimension.
    fn add(&mut self, operand: &Operand, reach: &[(i64, i64)], rng: &mut Rng) {
        let size = operand.dtype.size() as isize;
        let written = operand.role != Role::In;
        // From the densest dimension outwards: the unit one, then the others in any order.
        let mut order: Vec<usize> = (0..reach.len()).collect();
        rng.shuffle(&mut order);
        order.sort_by_key(|&d| operand.dims[d] != Stride::Unit);
        let mut strides = vec![0; reach.len()];
        let (mut dense, mut low, mut high) = (size, 0, 0);
        for d in order {
            let (least, greatest) = (reach[d].0 as isize, reach[d].1 as isize);
            let stride = match operand.dims[d] {
                Stride::Unit => size,
                Stride::Any if !written && rng.once_in(4) => 0,
                Stride::Any if rng.once_in(3) => -dense,
                Stride::Any => dense,
            };
            strides[d] = stride;
            low += (least * stride).min(greatest * stride);
            high += (least * stride).max(greatest * stride);
            if stride != 0 {
                let padding = if rng.once_in(2) { 0 } else { rng.below(3) as isize };
                dense = stride.abs() * (greatest - least + 1) + padding * size;
            }
        }
        self.strides.extend(strides);
        let skip = if rng.once_in(3) { 1 + rng.below(operand.dtype.size()) } else { 0 };
        let mut bytes = vec![0xa5; skip];
        for _ in 0..(high - low) / size + 1 {
            bytes.extend_from_slice(&rng.scalar(operand.dtype).bits().to_le_bytes()[..operand.dtype.size()]);
        }
        let name = operand.name.clone();
        self.arrays.push(Array { name, dtype: operand.dtype, written, bytes, skip, zero: -low });
    }

    /// For each operand the address of the element at coordinates 0. (It need not lie in the array: reach may begin
    /// elsewhere.)
    pub fn pointers(&mut self) -> Vec<*mut u8> {
        let pointer = |a: &mut Array| a.bytes.as_mut_ptr().wrapping_add(a.skip).wrapping_offset(a.zero);
        self.arrays.iter_mut().map(pointer).collect()
    }

    /// What differs between two memories that began alike, in words, if anything does. A NaN equals any NaN; only
    /// what is never written must be the same to the last bit.
    pub fn difference(&self, other: &Memory) -> Option<String> {
        for (a, b) in self.arrays.iter().zip(&other.arrays) {
            if !a.written && a.bytes != b.bytes {
                return Some(format!("{} was written to", a.name));
            }
            for (at, (x, y)) in a.scalars().zip(b.scalars()).enumerate() {
                if !x.is_same(y) {
                    return Some(format!("{}, element {at} of memory: {x:?}, {y:?}", a.name));
                }
            }
        }
        None
    }
}

impl Array {
    fn scalars(&self) -> impl Iterator<Item = Scalar> {
        self.bytes[self.skip..].chunks_exact(self.dtype.size()).map(|chunk| {
            let mut bits = [0; 8];
            bits[..chunk.len()].copy_from_slice(chunk);
            Scalar::from_bits(self.dtype, u64::from_le_bytes(bits))
        })
    }
}

/// What differs between two ways to run a kernel on the same random memory over random trip counts: two executors, or
/// one executor and the kernel before and after a pass. Each gives the faults that were reported.
///
/// The layout is that of this kernel, so a second one must have its operands and reach no further.
pub fn difference(
    kernel: &Kernel,
    seed: u64,
    first: impl FnOnce(&mut Memory) -> u32,
    second: impl FnOnce(&mut Memory) -> u32,
) -> Option<String> {
    let mut rng = Rng::new(seed);
    let loops = kernel.loops();
    let extents: Vec<usize> = (0..loops).map(|l| 1 + rng.below(if l + 1 == loops { 40 } else { 4 })).collect();
    let mut one = Memory::new(kernel, &extents, rng.bits());
    let mut other = one.clone();
    let faults = (first(&mut one), second(&mut other));
    let found = one.difference(&other);
    let found = found.or_else(|| (faults.0 != faults.1).then(|| format!("faults {} and {}", faults.0, faults.1)));
    found.map(|found| format!("extents {extents:?}, origin {:?}, strides {:?}: {found}", one.origin, one.strides))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::random::{Config, kernel};
    use super::*;

    /// Every access stays in its array, and a written one meets no place twice.
    #[test]
    fn there_is_room_for_every_access() {
        for seed in 0..300 {
            let kernel = kernel(seed, &Config { loops: 0..=3, ..Config::default() });
            let extents: Vec<usize> = (0..kernel.loops()).map(|l| 1 + (seed as usize + l) % 4).collect();
            let memory = Memory::new(&kernel, &extents, seed);
            for inst in &kernel.insts {
                let (Inst::Load(access) | Inst::Store(access, _)) = inst else { continue };
                let array = &memory.arrays[access.operand.0 as usize];
                let base = kernel.stride_base(access.operand);
                let mut places = HashSet::new();
                // All points of the loops that the access follows.
                let follows = |l: usize| access.map.iter().any(|c| c.follows == Some(LoopId(l as u8)));
                let trips: Vec<usize> = (0..extents.len()).map(|l| if follows(l) { extents[l] } else { 1 }).collect();
                for mut at in 0..trips.iter().product() {
                    let index: Vec<usize> = trips
                        .iter()
                        .map(|t| {
                            let i = at % t;
                            at /= t;
                            i
                        })
                        .collect();
                    let place = access.map.iter().enumerate().map(|(d, c)| {
                        let i = c.follows.map_or(0, |l| index[usize::from(l.0)]) as isize;
                        (i + c.offset as isize) * memory.strides[base + d]
                    });
                    let place = array.zero + place.sum::<isize>();
                    let end = place + array.dtype.size() as isize;
                    assert!(place >= 0 && end as usize <= array.bytes.len() - array.skip, "seed {seed}: {kernel}");
                    assert!(places.insert(place) || !array.written, "seed {seed}: {kernel}");
                }
            }
        }
    }

    #[test]
    fn differences_are_seen() {
        let kernel = kernel(7, &Config { loops: 2..=2, ..Config::default() });
        let out = kernel.operands.iter().position(|o| o.role == Role::Out).unwrap_or(0);
        let flip = |m: &mut Memory| {
            if let Some(last) = m.arrays[out].bytes.last_mut() {
                *last ^= 1;
            }
            0
        };
        assert_eq!(difference(&kernel, 1, |_| 0, |_| 0), None);
        assert!(difference(&kernel, 1, |_| 0, flip).is_some());
        assert!(difference(&kernel, 1, |_| 0, |_| 1).is_some_and(|d| d.ends_with("faults 0 and 1")));
    }
}
