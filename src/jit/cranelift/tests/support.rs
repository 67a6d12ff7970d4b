//! Runs kernels on arrays that end at pages without access, and compares executors.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::dtype::{DType, Scalar};
use crate::ir::random::{Rng, reach};
use crate::ir::{Kernel, OperandId, Role, Stride};
use crate::jit::cranelift::isa::Target;
use crate::jit::cranelift::{Cranelift, Flags};
use crate::jit::oracle::Oracle;
use crate::jit::{Backend, Call, Compiled};

/// Native code with all of this CPU's features, and with ever fewer, and with the allocator of registers for large kernels.
pub fn executors() -> &'static [(String, Cranelift)] {
    static ALL: OnceLock<Vec<(String, Cranelift)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let host = Cranelift::with_flags(Flags::Host).unwrap();
        let one_pass = Cranelift { target: Target { isa: host.target.one_pass.clone(), ..host.target.clone() } };
        let mut all = vec![("Host".into(), host), ("Host, one pass".into(), one_pass)];
        for flags in [Flags::Sse42, Flags::Baseline] {
            all.push((format!("{flags:?}"), Cranelift::with_flags(flags).unwrap()));
        }
        all
    })
}

/// Memory of a given number of bytes; on Unix it touches a page without access at its start or at its end.
pub struct Guarded {
    map: *mut u8,
    len: usize,
    pub start: *mut u8,
    pub bytes: usize,
}

#[cfg(unix)]
impl Guarded {
    pub fn new(bytes: usize, at_end: bool, skew: usize) -> Guarded {
        let page = 16384;
        let inner = (bytes + skew).next_multiple_of(page).max(page);
        let len = inner + 2 * page;
        // SAFETY: a fresh anonymous mapping, of which a part is made accessible; both calls are checked.
        unsafe {
            let map = libc::mmap(std::ptr::null_mut(), len, libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANON, -1, 0);
            assert_ne!(map, libc::MAP_FAILED);
            let map = map.cast::<u8>();
            assert_eq!(libc::mprotect(map.add(page).cast(), inner, libc::PROT_READ | libc::PROT_WRITE), 0);
            let start = map.add(page + if at_end { inner - bytes - skew } else { skew });
            Guarded { map, len, start, bytes }
        }
    }
}

#[cfg(unix)]
impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`, which nothing refers to any more.
        unsafe { libc::munmap(self.map.cast(), self.len) };
    }
}

#[cfg(not(unix))]
impl Guarded {
    pub fn new(bytes: usize, _at_end: bool, skew: usize) -> Guarded {
        let start = Box::leak(vec![0u8; bytes + skew].into_boxed_slice())[skew..].as_mut_ptr();
        Guarded { map: start, len: bytes, start, bytes }
    }
}

impl Guarded {
    pub fn contents(&self) -> &[u8] {
        // SAFETY: `bytes` bytes from `start` on are accessible and were zeroed by the system.
        unsafe { std::slice::from_raw_parts(self.start, self.bytes) }
    }

    pub fn fill(&mut self, from: &[u8]) {
        // SAFETY: as above, and nothing else refers to them.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.bytes) }.copy_from_slice(from);
    }
}

/// How an operand's elements lie in its memory.
struct Layout {
    dtype: DType,
    role: Role,
    strides: Vec<isize>,
    /// Bytes from the lowest element to the one at loop indices 0.
    origin: isize,
    bytes: usize,
    /// Offsets of all elements from the lowest one.
    elements: Vec<usize>,
}

fn layout(kernel: &Kernel, id: OperandId, trips: &[usize], rng: &mut Rng, plain: bool) -> Layout {
    let operand = kernel.operand(id);
    let size = operand.dtype.size() as isize;
    let ranges: Vec<(i64, i64)> =
        (0..operand.dims.len()).map(|d| reach(kernel, id, d, trips).unwrap_or((0, 0))).collect();
    let mut order: Vec<usize> = (0..operand.dims.len()).collect();
    // The unit dimension is the inner one, for elements must not overlap.
    order.sort_by_key(|&d| operand.dims[d] != Stride::Unit);
    let mut strides = vec![size; operand.dims.len()];
    let mut span = size;
    for d in order {
        let count = (ranges[d].1 - ranges[d].0 + 1) as isize;
        if operand.dims[d] == Stride::Any {
            let gap = if rng.once_in(2) { 0 } else { rng.below(9) as isize };
            strides[d] = match rng.below(4) {
                _ if plain => span,
                0 if operand.role == Role::In => 0,
                1 => -(span + gap),
                _ => span + gap,
            };
        }
        span = span.max(strides[d].abs() * count);
    }
    let mut offsets = vec![0isize];
    for (d, &(least, most)) in ranges.iter().enumerate() {
        offsets = offsets
            .iter()
            .flat_map(|&o| (least..=most).map(move |c| (o, c)))
            .map(|(o, c)| o + c as isize * strides[d])
            .collect();
    }
    let lowest = offsets.iter().copied().min().unwrap_or(0);
    let highest = offsets.iter().copied().max().unwrap_or(0);
    let elements = offsets.iter().map(|o| (o - lowest) as usize).collect();
    Layout {
        dtype: operand.dtype,
        role: operand.role,
        strides,
        origin: -lowest,
        bytes: (highest - lowest + size) as usize,
        elements,
    }
}

/// A call's data, the same for all executors.
pub struct Case {
    layouts: Vec<Layout>,
    initial: Vec<Vec<u8>>,
    trips: Vec<usize>,
    origin: Vec<i64>,
    at_end: bool,
    /// Bytes by which all arrays are moved off their guard page.
    pub skew: usize,
}

/// What a run leaves.
pub struct Outcome {
    memory: Vec<Vec<u8>>,
    faults: u32,
}

impl Case {
    /// Random data and layouts; plain ones are dense.
    pub fn new(kernel: &Kernel, trips: &[usize], rng: &mut Rng, plain: bool) -> Case {
        let layouts: Vec<Layout> =
            (0..kernel.operands.len()).map(|i| layout(kernel, OperandId(i as u32), trips, rng, plain)).collect();
        let initial = layouts
            .iter()
            .map(|layout| {
                let mut bytes = vec![0xa5; layout.bytes];
                for &at in &layout.elements {
                    put(&mut bytes, at, rng.scalar(layout.dtype));
                }
                bytes
            })
            .collect();
        let origin = trips.iter().map(|_| rng.below(100) as i64 - 50).collect();
        Case { layouts, initial, trips: trips.to_vec(), origin, at_end: rng.once_in(2), skew: 0 }
    }

    /// Sets the elements of an operand, in order of their coordinates.
    pub fn set(&mut self, operand: usize, values: &[Scalar]) {
        for (&at, &v) in self.layouts[operand].elements.iter().zip(values) {
            put(&mut self.initial[operand], at, v);
        }
    }

    pub fn run(&self, compiled: &dyn Compiled) -> Outcome {
        let mut memory: Vec<Guarded> =
            self.initial.iter().map(|b| Guarded::new(b.len(), self.at_end, self.skew)).collect();
        for (guarded, bytes) in memory.iter_mut().zip(&self.initial) {
            guarded.fill(bytes);
        }
        let pointers: Vec<*mut u8> =
            memory.iter().zip(&self.layouts).map(|(m, l)| m.start.wrapping_offset(l.origin)).collect();
        let strides: Vec<isize> = self.layouts.iter().flat_map(|l| l.strides.clone()).collect();
        let faults = AtomicU32::new(0);
        let call = Call {
            pointers: &pointers,
            strides: &strides,
            extents: &self.trips,
            origin: &self.origin,
            faults: &faults,
        };
        // SAFETY: each operand's memory reaches from its lowest to its highest accessed element.
        unsafe { compiled.run(&call) };
        let memory = memory.iter().map(|m| m.contents().to_vec()).collect();
        Outcome { memory, faults: faults.load(Ordering::Relaxed) }
    }

    /// Where two outcomes differ, a NaN being equal to any NaN.
    pub fn difference(&self, a: &Outcome, b: &Outcome) -> Option<String> {
        if a.faults != b.faults {
            return Some(format!("faults {:b} and {:b}", a.faults, b.faults));
        }
        for (i, layout) in self.layouts.iter().enumerate() {
            let (mut x, mut y) = (a.memory[i].clone(), b.memory[i].clone());
            for (k, &at) in layout.elements.iter().enumerate() {
                let (u, v) = (get(&x, at, layout.dtype), get(&y, at, layout.dtype));
                if layout.role != Role::In && u != v && !(is_nan(u) && is_nan(v)) {
                    return Some(format!("operand {i}, element {k}: {u:?} and {v:?}"));
                }
                put(&mut x, at, Scalar::from_bits(layout.dtype, 0));
                put(&mut y, at, Scalar::from_bits(layout.dtype, 0));
            }
            if x != y {
                return Some(format!("operand {i}: bytes between its elements differ"));
            }
            if layout.role == Role::In && a.memory[i] != b.memory[i] {
                return Some(format!("operand {i}, an input, was written"));
            }
        }
        None
    }

    /// Runs a kernel everywhere.
    pub fn check(&self, kernel: &Kernel) {
        let expected = self.run(&*Oracle.compile(kernel).unwrap());
        for (name, executor) in executors() {
            let compiled = executor.compile(kernel).unwrap_or_else(|e| panic!("{name}: {e:?}\n{kernel}"));
            let outcome = self.run(&*compiled);
            if let Some(difference) = self.difference(&expected, &outcome) {
                panic!("{name}, trips {:?}: {difference}\n{kernel}", self.trips);
            }
        }
    }
}

fn put(bytes: &mut [u8], at: usize, v: Scalar) {
    let size = v.dtype().size();
    bytes[at..at + size].copy_from_slice(&v.bits().to_le_bytes()[..size]);
}

fn get(bytes: &[u8], at: usize, dtype: DType) -> Scalar {
    let mut bits = [0; 8];
    bits[..dtype.size()].copy_from_slice(&bytes[at..at + dtype.size()]);
    let bits = u64::from_le_bytes(bits);
    // A bool in memory is 0 or 1; other bytes must not look like true.
    assert!(dtype != DType::Bool || bits <= 1 || bits == 0xa5, "a bool of {bits}");
    Scalar::from_bits(dtype, bits)
}

fn is_nan(v: Scalar) -> bool {
    match v.dtype() {
        DType::F32 => f32::from_bits(v.bits() as u32).is_nan(),
        DType::F64 => f64::from_bits(v.bits()).is_nan(),
        _ => false,
    }
}
