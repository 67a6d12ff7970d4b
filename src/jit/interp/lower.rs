//! Kernel to program.
//!
//! A value of an outer level is one element in a cell of its own; one of the body is a chunk of elements: in a register
//! (given again to another value after its last use), or where a load finds it in the array, or where a store is to
//! put it. A body's operation reads single elements as such, in a loop made for that; where there is no such loop,
//! they are repeated over a register on entry to the innermost loop.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::loops::{self, Isa};
use super::program::*;
use crate::dtype::{DType, Scalar};
use crate::ir::builder::for_each_arg;
use crate::ir::helper::Code;
use crate::ir::{Access, Helper, Inst, Kernel, LANES, Op, OperandId, Region, Role, Stride, Value};
use crate::jit::Unsupported;

/// What the registers and the arrays' parts of a chunk may take of the L1 cache, in bytes.
const L1_BUDGET: usize = 24 << 10;

/// Bytes of a register's element: that of the widest type, so that any value fits any register.
pub(super) const CELL: usize = 8;

/// The program of a kernel. `chunk` fixes the points of a chunk (a multiple of 8); else they fit the L1 cache.
///
/// # Errors
/// For kernels that the verifier refuses.
pub(super) fn lower(kernel: &Kernel, isa: Isa, chunk: Option<usize>) -> Result<Program, Unsupported> {
    let mut lower = Lower {
        kernel,
        isa,
        program: Program { loops: kernel.loops(), ..Program::default() },
        values: Values::of(kernel),
        numbers: vec![0; kernel.insts.len()],
        accumulators: HashMap::new(),
        stride_bases: kernel.stride_bases(),
        finals: HashMap::new(),
        free: Vec::new(),
    };
    lower.lower()?;
    let mut program = lower.program;
    let moving: usize = program.moving.iter().filter_map(|&c| program.accesses.get(c as usize)).map(|a| a.size).sum();
    let point = program.slots as usize * CELL + moving;
    let fits = (L1_BUDGET / point.max(1)).clamp(64, 1024);
    program.chunk = chunk.unwrap_or(fits - fits % LANES);
    Ok(program)
}

/// The 8 bytes that begin with the scalar's element.
pub(super) fn in_memory(c: Scalar) -> u64 {
    if cfg!(target_endian = "big") { c.bits() << (64 - 8 * c.dtype().size()) } else { c.bits() }
}

/// What is known of the values of a kernel, or of a region.
struct Values {
    /// Where each is.
    places: Vec<Option<Place>>,
    /// For each value of the body the place in the body where it is read last.
    last_use: Vec<usize>,
    /// Those of outer levels repeated over registers.
    repeated: HashMap<Value, Place>,
}

impl Values {
    fn of(kernel: &Kernel) -> Values {
        let count = kernel.insts.len();
        Values { places: vec![None; count], last_use: vec![0; count], repeated: HashMap::new() }
    }
}

pub(super) struct Lower<'k> {
    kernel: &'k Kernel,
    pub(super) isa: Isa,
    pub(super) program: Program,
    values: Values,
    /// For each load and store the number of its access, and cursor.
    numbers: Vec<u32>,
    /// The accumulator that each `accumulate` has become.
    accumulators: HashMap<Value, u32>,
    /// For each operand where its strides begin in a call's table.
    stride_bases: Vec<usize>,
    /// Where the state with which each `while` ended is.
    finals: HashMap<Value, Vec<Place>>,
    /// Registers that no later instruction reads.
    free: Vec<u32>,
}

impl<'k> Lower<'k> {
    fn lower(&mut self) -> Result<(), Unsupported> {
        let (kernel, innermost) = (self.kernel, self.program.loops);
        let Some((body, outer)) = kernel.levels.split_last() else {
            return Err(Unsupported("a kernel without levels".into()));
        };
        // Numbered first, so that accesses and cursors have the same numbers.
        for (inst, at) in kernel.insts.iter().zip(0..) {
            if let Inst::Load(access) | Inst::Store(access, _) = inst {
                let reach = self.reach(access)?;
                self.program.accesses.push(reach);
                self.numbers[at] = self.cursor();
            }
        }
        for level in outer {
            let code = self.outer_code(&level.before)?;
            self.program.before.push(code);
        }
        self.body(&body.before)?;
        // Without loops, what follows the body stands at its own level.
        let ends = if innermost == 0 { std::slice::from_ref(body) } else { outer };
        for level in ends {
            let code = self.outer_code(&level.after)?;
            self.program.after.push(code);
        }
        Ok(())
    }

    fn reach(&self, access: &Access) -> Result<Reach, Unsupported> {
        let operand = self.kernel.operand(access.operand);
        if operand.dims.len() != access.map.len() {
            return Err(Unsupported(format!("access to {} by {} coordinates", operand.name, access.map.len())));
        }
        let base = self.stride_bases[access.operand.0 as usize];
        let terms = access.map.iter().zip(&operand.dims).enumerate().map(|(d, (c, stride))| Term {
            stride: (*stride != Stride::Unit).then_some(base + d),
            follows: c.follows.map(|l| usize::from(l.0)),
            offset: c.offset as isize,
        });
        Ok(Reach { operand: access.operand.0 as usize, size: operand.dtype.size(), terms: terms.collect() })
    }

    /// Code that runs one point at a time.
    fn outer_code(&mut self, values: &[Value]) -> Result<Vec<Step>, Unsupported> {
        let mut code = Vec::new();
        for &v in values {
            let dst = match self.kernel.inst(v) {
                Inst::Const(c) => Some(self.constant(*c)),
                Inst::Reduced { from, part } => Some(self.reduced(*from, *part)?),
                Inst::Store(..) | Inst::Fault(..) | Inst::While { .. } => None,
                _ => Some(self.cell()),
            };
            if let Inst::Load(_) | Inst::Store(..) = self.kernel.inst(v) {
                code.push(Step::Locate(self.number(v)));
            }
            self.step(v, dst, 1, &mut code)?;
            self.values.places[v.0 as usize] = dst;
        }
        Ok(code)
    }

    /// The code of the innermost loop.
    fn body(&mut self, values: &[Value]) -> Result<(), Unsupported> {
        self.find_last_uses(values);
        let stores = self.body_stores(values);
        // Values that are computed right where a store of theirs puts them, and those stores.
        let mut direct: HashMap<Value, (Value, u32)> = HashMap::new();
        for &store in values {
            let Inst::Store(access, v) = self.kernel.inst(store) else { continue };
            let alone = stores.get(&access.operand) == Some(&1);
            let written_only = self.kernel.operand(access.operand).role == Role::Out;
            let computed_here =
                self.values.places[v.0 as usize].is_none() && matches!(self.kernel.inst(*v), Inst::Op { .. });
            if alone && written_only && computed_here && self.is_unit(access) {
                direct.insert(*v, (store, self.number(store)));
            }
        }
        // An operand that is read may be, element for element, one that is written (an update in place): what a load finds in
        // an array can be read there until the first write, and must be in a register after it.
        let is_write = |v: &Value| direct.contains_key(v) || matches!(self.kernel.inst(*v), Inst::Store(..));
        let first_write = values.iter().position(is_write).unwrap_or(usize::MAX);
        let mut code = Vec::new();
        for (at, &v) in values.iter().enumerate() {
            let inst = self.kernel.inst(v);
            if let Inst::Load(_) | Inst::Store(..) = inst {
                let number = self.number(v);
                self.program.moving.push(number);
            }
            let dst = match inst {
                Inst::Const(c) => Some(self.constant(*c)),
                Inst::Load(access) if self.is_unit(access) && self.values.last_use[v.0 as usize] <= first_write => {
                    self.values.places[v.0 as usize] = Some(Place::Cursor(self.number(v)));
                    continue;
                }
                // Of an outer level: a single element, and so is what reads it.
                Inst::Final { from, part } if matches!(self.ended(*from, *part), Some(Place::Cell(_))) => {
                    self.values.places[v.0 as usize] = self.ended(*from, *part);
                    continue;
                }
                Inst::Store(_, stored) if direct.get(stored).is_some_and(|d| d.0 == v) => continue,
                Inst::Store(..) | Inst::Fault(..) | Inst::Accumulate { .. } | Inst::While { .. } => None,
                Inst::Reduced { .. } => return Err(Unsupported("`reduced` in a body".into())),
                _ => Some(direct.get(&v).map_or_else(|| self.slot(), |d| Place::Cursor(d.1))),
            };
            self.step(v, dst, 0, &mut code)?;
            self.values.places[v.0 as usize] = dst;
            // After the step has its own register: a destination overlaps no source.
            let mut ended: Vec<Value> = Vec::new();
            for_each_arg(inst, |arg| {
                if self.values.last_use[arg.0 as usize] == at && !ended.contains(&arg) {
                    ended.push(arg);
                }
            });
            if self.values.last_use[v.0 as usize] == 0 {
                ended.push(v);
            }
            for v in ended {
                let finals = self.finals.remove(&v).into_iter().flatten();
                self.release(finals.chain(self.values.places[v.0 as usize]));
            }
        }
        self.program.body = code;
        Ok(())
    }

    fn find_last_uses(&mut self, body: &[Value]) {
        for (at, &v) in body.iter().enumerate() {
            for_each_arg(self.kernel.inst(v), |arg| self.values.last_use[arg.0 as usize] = at);
        }
        for level in &self.kernel.levels {
            for &v in &level.after {
                for_each_arg(self.kernel.inst(v), |arg| self.values.last_use[arg.0 as usize] = usize::MAX);
            }
        }
    }

    /// For each operand that the body writes, how often.
    fn body_stores(&self, body: &[Value]) -> HashMap<OperandId, usize> {
        let mut stores = HashMap::new();
        for &v in body {
            if let Inst::Store(access, _) = self.kernel.inst(v) {
                *stores.entry(access.operand).or_insert(0) += 1;
            }
        }
        stores
    }

    /// Whether an access meets adjacent elements in the innermost loop.
    fn is_unit(&self, access: &Access) -> bool {
        let innermost = self.program.loops.checked_sub(1);
        let dims = &self.kernel.operand(access.operand).dims;
        let mut following =
            access.map.iter().zip(dims).filter(|(c, _)| c.follows.map(|l| usize::from(l.0)) == innermost);
        innermost.is_some() && following.next().is_some_and(|f| *f.1 == Stride::Unit) && following.next().is_none()
    }

    /// The step of an instruction whose result goes to `dst`. `step` is what all sources advance by from point to point:
    /// at an outer level 1 (there is one point), in the body 0, which stands for: as its place says.
    fn step(&mut self, v: Value, dst: Option<Place>, step: usize, code: &mut Vec<Step>) -> Result<(), Unsupported> {
        let kernel = self.kernel;
        let nowhere = Place::Cell(0);
        let to = dst.unwrap_or(nowhere);
        let ty = kernel.ty(v).unwrap_or(DType::Bool);
        code.push(match kernel.inst(v) {
            Inst::Const(_) | Inst::Reduced { .. } => return Ok(()),
            Inst::Op { op, args } => {
                let last = args.last().and_then(|&arg| kernel.ty(arg)).unwrap_or(ty);
                let sources: SmallVec<[Source; 3]> =
                    args.iter().map(|&arg| self.source(arg, step)).collect::<Result<_, _>>()?;
                self.compute(*op, [last, ty], args[0], &sources, to)?
            }
            Inst::Load(_) => Step::Load { cursor: self.number(v), dst: to, size: ty.size() },
            Inst::Store(access, stored) => Step::Store {
                cursor: self.number(v),
                src: self.source(*stored, step)?,
                size: kernel.operand(access.operand).dtype.size(),
            },
            Inst::Index(l) => {
                let of = usize::from(l.0);
                Step::Index { dst: to, of, step: usize::from(of + 1 == self.program.loops) }
            }
            Inst::Patch { mask, fast, helper: Helper { code: Code::Region(region), .. }, args } => {
                self.rarely(region, [*mask, *fast], args, to, step)?
            }
            Inst::Patch { mask, fast, helper, args } => Step::Patch(Box::new(Patch {
                mask: self.source(*mask, step)?,
                fast: self.source(*fast, step)?,
                helper,
                args: args.iter().map(|&arg| self.source(arg, step)).collect::<Result<_, _>>()?,
                dst: to,
            })),
            Inst::Fault(mask, fault) => Step::Fault { mask: self.source(*mask, step)?, bit: fault.bit() },
            Inst::Accumulate { monoid, args } => {
                if step != 0 {
                    return Err(Unsupported("`accumulate` outside the body".into()));
                }
                let args = args.iter().map(|&arg| self.chunk(arg)).collect::<Result<Vec<_>, _>>()?;
                let accumulator = self.accumulator(monoid, &args)?;
                let number = self.program.accumulators.len() as u32;
                self.program.accumulators.push(accumulator);
                self.accumulators.insert(v, number);
                Step::Accumulate(number)
            }
            Inst::While { body, args } => {
                let (step, finals) = self.iterate(body, args, step)?;
                self.finals.insert(v, finals);
                step
            }
            Inst::Final { from, part } => {
                let src =
                    self.ended(*from, *part).ok_or_else(|| Unsupported("`final` of what is no `while`".into()))?;
                Step::Copy(Transfer { dst: to, src, size: ty.size() })
            }
        });
        Ok(())
    }

    /// An operation, with the type of its last argument and that of its result, on these sources, the first of which is of `first`.
    fn compute(
        &mut self,
        op: Op,
        [last, ty]: [DType; 2],
        first: Value,
        sources: &[Source],
        dst: Place,
    ) -> Result<Step, Unsupported> {
        let mut args = [Place::Cell(0); 3];
        let mut repeat = 0;
        for (i, (place, source)) in args.iter_mut().zip(sources).enumerate() {
            *place = source.place;
            repeat |= u8::from(source.step == 0) << i;
        }
        if repeat == (1 << sources.len()) - 1 {
            args[0] = self.chunk(first)?;
            repeat &= !1;
        }
        Ok(Step::Compute { code: loops::compute(self.isa, op, last, ty, repeat)?, dst, args })
    }

    /// A patch by a region: its code, then a selection.
    fn rarely(
        &mut self,
        region: &'k Region,
        [mask, fast]: [Value; 2],
        args: &[Value],
        dst: Place,
        step: usize,
    ) -> Result<Step, Unsupported> {
        let ty = self.kernel.ty(fast).unwrap_or(DType::Bool);
        let (of_mask, of_fast) = (self.source(mask, step)?, self.source(fast, step)?);
        let params = args.iter().map(|&arg| self.place(arg)).collect::<Result<Vec<_>, _>>()?;
        let mut code = Vec::new();
        let (results, own) = self.region(region, &params, step, &mut code)?;
        let [slow] = results[..] else { return Err(Unsupported("a patch of several results".into())) };
        let varies = matches!(slow, Place::Slot(_) | Place::Cursor(_));
        let slow_source = Source { place: slow, step: step.max(usize::from(varies)) };
        code.push(self.compute(Op::Select, [ty; 2], mask, &[of_mask, slow_source, of_fast], dst)?);
        self.release(own);
        Ok(Step::Rarely(Box::new(Rarely { mask: of_mask, fast: of_fast, dst, size: ty.size(), code })))
    }

    /// A region's code on these places. Gives the places of its results, and those of them that are its own.
    pub(super) fn region(
        &mut self,
        region: &'k Region,
        params: &[Place],
        step: usize,
        code: &mut Vec<Step>,
    ) -> Result<(Vec<Place>, Vec<Place>), Unsupported> {
        let kernel = region.kernel();
        let mut inner = Values::of(kernel);
        for (at, &v) in region.code().iter().enumerate() {
            let is_result = matches!(kernel.inst(v), Inst::Store(..));
            for_each_arg(kernel.inst(v), |arg| {
                let last = &mut inner.last_use[arg.0 as usize];
                *last = if is_result { usize::MAX } else { at.max(*last) };
            });
        }
        let outer = std::mem::replace(&mut self.values, inner);
        let outer_kernel = std::mem::replace(&mut self.kernel, kernel);
        let (mut results, mut own) = (Vec::new(), Vec::new());
        let computes = |v: Value| matches!(kernel.inst(v), Inst::Op { .. } | Inst::Patch { .. });
        for (at, &v) in region.code().iter().enumerate() {
            let dst = match kernel.inst(v) {
                Inst::Const(c) => self.constant(*c),
                Inst::Load(access) => params[access.operand.0 as usize],
                Inst::Store(_, stored) => {
                    let place = self.place(*stored)?;
                    results.push(place);
                    if computes(*stored) && !own.contains(&place) {
                        own.push(place);
                    }
                    continue;
                }
                Inst::Fault(..) => Place::Cell(0),
                _ if step == 1 => self.cell(),
                _ => self.slot(),
            };
            self.values.places[v.0 as usize] = Some(dst);
            if let Inst::Const(_) | Inst::Load(_) = kernel.inst(v) {
                continue;
            }
            self.step(v, Some(dst), step, code)?;
            let mut ended: SmallVec<[Value; 3]> = SmallVec::new();
            for_each_arg(kernel.inst(v), |arg| {
                if computes(arg) && self.values.last_use[arg.0 as usize] == at && !ended.contains(&arg) {
                    ended.push(arg);
                }
            });
            for v in ended {
                if let Some(Place::Slot(slot)) = self.values.places[v.0 as usize] {
                    self.free.push(slot);
                }
            }
        }
        self.kernel = outer_kernel;
        self.values = outer;
        Ok((results, own))
    }

    /// Where a component of the state with which a `while` ended is.
    fn ended(&self, from: Value, part: u8) -> Option<Place> {
        self.finals.get(&from)?.get(usize::from(part)).copied()
    }

    fn number(&self, v: Value) -> u32 {
        self.numbers[v.0 as usize]
    }

    fn place(&self, v: Value) -> Result<Place, Unsupported> {
        self.values.places[v.0 as usize].ok_or_else(|| Unsupported("a value is read before it is known".into()))
    }

    pub(super) fn source(&self, v: Value, step: usize) -> Result<Source, Unsupported> {
        let place = self.place(v)?;
        let varies = matches!(place, Place::Slot(_) | Place::Cursor(_));
        Ok(Source { place, step: step.max(usize::from(varies)) })
    }

    /// A value as a chunk of elements.
    fn chunk(&mut self, v: Value) -> Result<Place, Unsupported> {
        let src = self.place(v)?;
        if let Place::Slot(_) | Place::Cursor(_) = src {
            return Ok(src);
        }
        if let Some(&dst) = self.values.repeated.get(&v) {
            return Ok(dst);
        }
        // A register of its own: it is written once for all chunks.
        let dst = Place::Slot(self.program.slots);
        self.program.slots += 1;
        let size = self.kernel.ty(v).map_or(CELL, DType::size);
        self.program.splats.push(Transfer { dst, src, size });
        self.values.repeated.insert(v, dst);
        Ok(dst)
    }

    fn reduced(&self, from: Value, part: u8) -> Result<Place, Unsupported> {
        self.accumulators
            .get(&from)
            .and_then(|&number| self.program.accumulators[number as usize].state.get(usize::from(part)))
            .map(|component| Place::Cell(component.cell))
            .ok_or_else(|| Unsupported("`reduced` of what is not accumulated".into()))
    }

    pub(super) fn constant(&mut self, c: Scalar) -> Place {
        self.program.consts.push(in_memory(c));
        Place::Const(self.program.consts.len() as u32 - 1)
    }

    fn cell(&mut self) -> Place {
        self.program.cells += 1;
        Place::Cell(self.program.cells - 1)
    }

    /// A place for a value: of a chunk, or at an outer level (`step` is 1) of one point.
    pub(super) fn room(&mut self, step: usize) -> Place {
        if step == 1 { self.cell() } else { self.slot() }
    }

    /// Registers that nothing reads any more.
    pub(super) fn release(&mut self, places: impl IntoIterator<Item = Place>) {
        self.free.extend(places.into_iter().filter_map(|place| match place {
            Place::Slot(slot) => Some(slot),
            _ => None,
        }));
    }

    fn slot(&mut self) -> Place {
        Place::Slot(self.free.pop().unwrap_or_else(|| {
            self.program.slots += 1;
            self.program.slots - 1
        }))
    }

    /// A cursor that no access has.
    pub(super) fn cursor(&mut self) -> u32 {
        self.program.cursors += 1;
        self.program.cursors - 1
    }
}
