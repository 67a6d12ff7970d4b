//! The dumb executor: one point at a time, straight from the specification. What every other executor is tested
//! against, so it shares nothing with them but `semantics`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Backend, Call, Compiled, Unsupported};
use crate::dtype::{DType, Scalar};
use crate::ir::{Access, Fragment, Inst, Kernel, LANES, Monoid, Op, Value, semantics, verify};

/// The executor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Oracle;

impl Backend for Oracle {
    fn name(&self) -> &'static str {
        "oracle"
    }

    fn compile(&self, kernel: &Kernel) -> Result<Arc<dyn Compiled>, Unsupported> {
        verify(kernel).map_err(|e| Unsupported(e.to_string()))?;
        Ok(Arc::new(Points(kernel.clone())))
    }
}

struct Points(Kernel);

impl Compiled for Points {
    unsafe fn run(&self, call: &Call) {
        let kernel = &self.0;
        let mut walk = Walk {
            kernel,
            call,
            values: kernel.types.iter().map(|ty| Scalar::from_bits(ty.unwrap_or(DType::Bool), 0)).collect(),
            states: kernel.insts.iter().map(|_| Vec::new()).collect(),
            index: vec![0; kernel.loops()],
        };
        // SAFETY: the caller keeps the promises of `Compiled::run`, which are those of `walk`.
        unsafe { walk.walk() }
    }
}

struct Walk<'a> {
    kernel: &'a Kernel,
    call: &'a Call<'a>,
    /// What each instruction gave last.
    values: Vec<Scalar>,
    /// For each `accumulate` the states of its lanes; for each `while` the state with which it ended.
    states: Vec<Vec<Vec<Scalar>>>,
    index: Vec<usize>,
}

impl Walk<'_> {
    /// # Safety
    /// As [`Compiled::run`].
    unsafe fn walk(&mut self) {
        let kernel = self.kernel;
        let innermost = kernel.loops();
        // SAFETY: all indices stay below the extents.
        unsafe {
            let mut level = 0;
            self.enter(0);
            loop {
                while level < innermost {
                    self.index[level] = 0;
                    level += 1;
                    self.enter(level);
                }
                if innermost == 0 {
                    self.merge_lanes();
                    return self.code(&kernel.levels[0].after);
                }
                // The innermost point is done: step the innermost loop that has not ended.
                loop {
                    if level == 0 {
                        return;
                    }
                    self.index[level - 1] += 1;
                    if self.index[level - 1] < self.call.extents[level - 1] {
                        self.enter(level);
                        break;
                    }
                    level -= 1;
                    if level + 1 == innermost {
                        self.merge_lanes();
                    }
                    self.code(&kernel.levels[level].after);
                }
            }
        }
    }

    /// # Safety
    /// As [`Compiled::run`].
    unsafe fn enter(&mut self, level: usize) {
        let kernel = self.kernel;
        if level == kernel.loops() && self.index.last().is_none_or(|&k| k == 0) {
            for (at, inst) in kernel.insts.iter().enumerate() {
                if let Inst::Accumulate { monoid, .. } = inst {
                    self.states[at] = vec![monoid.init.clone(); LANES];
                }
            }
        }
        // SAFETY: all indices are below the extents.
        unsafe { self.code(&kernel.levels[level].before) }
    }

    fn merge_lanes(&mut self) {
        for (at, inst) in self.kernel.insts.iter().enumerate() {
            let Inst::Accumulate { monoid, .. } = inst else { continue };
            let lanes = &mut self.states[at];
            for apart in [4, 2, 1] {
                for i in 0..apart {
                    let both = [lanes[i].as_slice(), &lanes[i + apart]].concat();
                    lanes[i] = fragment(&monoid.merge, &both);
                }
            }
        }
    }

    /// # Safety
    /// As [`Compiled::run`].
    unsafe fn code(&mut self, code: &[Value]) {
        for &v in code {
            let at = v.0 as usize;
            let ty = self.values[at].dtype();
            let value = match &self.kernel.insts[at] {
                Inst::Const(c) => *c,
                Inst::Op { op, args } => {
                    let args: Vec<Scalar> = args.iter().map(|&v| self.value(v)).collect();
                    operation(*op, ty, &args)
                }
                Inst::Load(access) => {
                    let from = self.address(access);
                    // SAFETY: the access is in bounds, by the promise of the caller.
                    unsafe { read(from, ty) }
                }
                Inst::Store(access, v) => {
                    let to = self.address(access);
                    // SAFETY: as above.
                    unsafe { write(to, self.value(*v)) };
                    continue;
                }
                Inst::Index(l) => {
                    let l = usize::from(l.0);
                    self.call.origin[l].wrapping_add(self.index[l] as i64).into()
                }
                Inst::Patch { mask, fast, helper, args } => {
                    if self.value(*mask).bits() == 0 {
                        self.value(*fast)
                    } else {
                        let args: Vec<u64> = args.iter().map(|&v| self.value(v).bits()).collect();
                        Scalar::from_bits(ty, helper.code.call(&args, &self.call.signals.faults))
                    }
                }
                Inst::Fault(mask, code) => {
                    if self.value(*mask).bits() != 0 {
                        self.call.signals.faults.fetch_or(code.bit(), Ordering::Relaxed);
                    }
                    continue;
                }
                Inst::Accumulate { monoid, args } => {
                    self.step(at, monoid, args);
                    continue;
                }
                Inst::Reduced { from, part } => self.states[from.0 as usize][0][usize::from(*part)],
                Inst::While { body, args } => {
                    let args: Vec<u64> = args.iter().map(|&v| self.value(v).bits()).collect();
                    let state = body.eval(&args, &self.call.signals.faults).into_iter().zip(&body.state);
                    self.states[at] = vec![state.map(|(bits, ty)| Scalar::from_bits(*ty, bits)).collect()];
                    continue;
                }
                Inst::Final { from, part } => self.states[from.0 as usize][0][usize::from(*part)],
            };
            self.values[at] = value;
        }
    }

    fn step(&mut self, at: usize, monoid: &Monoid, args: &[Value]) {
        let lane = self.index.last().copied().unwrap_or(0) % LANES;
        let mut params = std::mem::take(&mut self.states[at][lane]);
        params.extend(args.iter().map(|&v| self.value(v)));
        self.states[at][lane] = fragment(&monoid.step, &params);
    }

    fn value(&self, v: Value) -> Scalar {
        self.values[v.0 as usize]
    }

    fn address(&self, access: &Access) -> *mut u8 {
        let operand = self.kernel.operand(access.operand);
        let base = self.kernel.stride_bases()[access.operand.0 as usize];
        let mut address = self.call.pointers[access.operand.0 as usize];
        for (d, c) in access.map.iter().enumerate() {
            let known = operand.dims[d].bytes(operand.dtype.size());
            let stride = known.map_or(self.call.strides[base + d], |bytes| bytes as isize);
            let at = c.follows.map_or(0, |l| self.index[usize::from(l.0)] as isize) + c.offset as isize;
            address = address.wrapping_offset(at * stride);
        }
        address
    }
}

/// The verifier has seen to it that the operation takes the arguments.
fn operation(op: Op, ty: DType, args: &[Scalar]) -> Scalar {
    semantics::eval(op, ty, args).unwrap_or(Scalar::from_bits(ty, 0))
}

fn fragment(code: &Fragment, params: &[Scalar]) -> Vec<Scalar> {
    let mut values = params.to_vec();
    for (op, args, ty) in &code.code {
        let args: Vec<Scalar> = args.iter().map(|&i| values[i as usize]).collect();
        values.push(operation(*op, *ty, &args));
    }
    code.results.iter().map(|&i| values[i as usize]).collect()
}

/// # Safety
/// An element of the type can be read there.
unsafe fn read(from: *const u8, ty: DType) -> Scalar {
    // SAFETY: as many bytes as the type has can be read, by the promise of the caller.
    let bits = unsafe {
        match ty.size() {
            1 => u64::from(from.read()),
            2 => u64::from(from.cast::<u16>().read_unaligned()),
            4 => u64::from(from.cast::<u32>().read_unaligned()),
            _ => from.cast::<u64>().read_unaligned(),
        }
    };
    Scalar::from_bits(ty, bits)
}

/// # Safety
/// An element of the scalar's type can be written there.
unsafe fn write(to: *mut u8, x: Scalar) {
    // SAFETY: as many bytes as the type has can be written, by the promise of the caller.
    unsafe {
        match x.dtype().size() {
            1 => to.write(x.bits() as u8),
            2 => to.cast::<u16>().write_unaligned(x.bits() as u16),
            4 => to.cast::<u32>().write_unaligned(x.bits() as u32),
            _ => to.cast::<u64>().write_unaligned(x.bits()),
        }
    }
}
