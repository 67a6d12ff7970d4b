//! Where pointers are, and how loops move them.
//!
//! Comes in: the kernel's addresses. Goes out: pointers in the frame, those that the innermost loop reads most in registers there, and
//! their strides. Always holds: a pointer that moves along the innermost loop points to the step's first element there.

use iced_x86::{Code as Machine, Register};

use super::super::asm::Operand;
use super::super::emit::{Emitter, Pointer};
use super::super::frame::{self, KEPT, machine};
use super::super::mir::{Arg, Base, Gpr, Inst, Mem, What};
use super::Nest;
use crate::ir;
use crate::jit::native::addresses::Base as Address;

/// A pointer that moves along the innermost loop.
pub struct Moving {
    base: usize,
    /// Where it is within the loop, if in no register.
    slot: i32,
    /// Slots with how far a step takes it, and one copy's points.
    steps: [i32; 2],
}

impl Nest<'_> {
    /// The pointers at level 0.
    pub fn open_pointers(&mut self) {
        let [sum, part] = [Register::RCX, Register::RDX];
        for at in 0..self.shape.addresses.bases.len() {
            let base: Address = self.shape.addresses.bases[at].clone();
            self.table(sum, frame::POINTERS, base.operand);
            for dim in base.dims.iter().filter(|dim| dim.offset != 0) {
                match dim.stride {
                    Ok(size) => {
                        let bytes = size.wrapping_mul(i64::from(dim.offset));
                        self.e.asm.put(Machine::Mov_r64_imm64, &[Operand::Register(part), Operand::Immediate64(bytes)]);
                    }
                    Err(stride) => {
                        self.table(part, frame::STRIDES, stride as usize);
                        let operands = [part, part].map(Operand::Register);
                        let times = Operand::Immediate32(dim.offset);
                        self.e.asm.put(Machine::Imul_r64_rm64_imm32, &[operands[0], operands[1], times]);
                    }
                }
                self.e.asm.put(Machine::Add_r64_rm64, &[sum, part].map(Operand::Register));
            }
            let slot = self.e.frame.word();
            self.e.write(slot, sum);
            self.current.push(slot);
            self.e.pointers[at].slot = slot;
        }
    }

    /// The slot with a pointer's stride along a loop, computed here if it is not there yet; `None` if it does not move.
    fn stride_along(&mut self, base: usize, along: u8) -> Option<i32> {
        if let Some(&known) = self.strides.get(&(base, along)) {
            return Some(known);
        }
        let dims: Vec<_> =
            self.shape.addresses.bases[base].dims.iter().filter(|dim| dim.follows == Some(along)).cloned().collect();
        if dims.is_empty() {
            return None;
        }
        let [sum, part] = [Register::RCX, Register::RDX];
        self.e.asm.put(Machine::Xor_r32_rm32, &[Operand::Register(Register::ECX); 2]);
        for dim in dims {
            match dim.stride {
                Ok(size) => {
                    self.e.asm.put(Machine::Mov_r64_imm64, &[Operand::Register(part), Operand::Immediate64(size)]);
                }
                Err(at) => self.table(part, frame::STRIDES, at as usize),
            }
            self.e.asm.put(Machine::Add_r64_rm64, &[sum, part].map(Operand::Register));
        }
        let slot = self.e.frame.word();
        self.e.write(slot, sum);
        self.strides.insert((base, along), slot);
        Some(slot)
    }

    /// What the innermost loop needs of its pointers, and all strides: known from the start.
    pub fn innermost_strides(&mut self) {
        let looped = (self.kernel.loops() - 1) as u8;
        for base in 0..self.current.len() {
            for along in 0..looped {
                self.stride_along(base, along);
            }
            if !self.shape.addresses.bases[base].inner_strided {
                continue;
            }
            let Some(stride) = self.stride_along(base, looped) else { continue };
            self.e.pointers[base].stride = stride;
            let steps = [self.shape.lanes * self.shape.copies, self.shape.lanes].map(|points| {
                let rcx = Operand::Register(Register::RCX);
                let from = Operand::memory(Register::RSP, stride);
                self.e.asm.put(Machine::Imul_r64_rm64_imm32, &[rcx, from, Operand::Immediate32(points as i32)]);
                let slot = self.e.frame.word();
                self.e.write(slot, Register::RCX);
                slot
            });
            let slot = self.e.frame.word();
            self.moving.push(Moving { base, slot, steps });
        }
    }

    /// Chooses the pointers that live in registers: those that are read most often.
    pub fn registers_for_pointers(&mut self) {
        let paired = |inst: &ir::Inst| match inst {
            ir::Inst::Load(access) | ir::Inst::Store(access, _) => {
                let operand = self.kernel.operand(access.operand);
                operand.dtype.size() == 8 && operand.dims.last().is_some_and(|stride| stride.is_of_pairs())
            }
            _ => false,
        };
        self.pairs = self.kernel.insts.iter().any(paired);
        let bases = &self.shape.addresses.bases;
        let blocks = self.blocks;
        let mut reads = vec![0usize; bases.len()];
        for inst in blocks.main.iter().chain(blocks.tails.iter().flatten()) {
            pointers_of(inst).for_each(|at| reads[at] += 1);
        }
        self.e.pointers = bases.iter().map(|_| Pointer { slot: 0, register: None, stride: 0 }).collect();
        let mut order: Vec<usize> = (0..reads.len()).filter(|&at| reads[at] > 0).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(reads[at]));
        self.kept = if self.pairs { 2 } else { 1 };
        for at in order {
            let Some(&register) = KEPT.get(self.kept) else { break };
            self.e.pointers[at].register = Some(register);
            self.kept += 1;
        }
        let outside = blocks.before.iter().chain(&blocks.after).chain([&blocks.begin, &blocks.end]).flatten();
        let plain = |base: &Address| !base.inner_strided && base.dims.iter().all(|dim| dim.offset == 0);
        self.direct = self.kernel.loops() == 1
            && self.e.pointers.iter().all(|pointer| pointer.register.is_some())
            && bases.iter().all(plain)
            && outside.flat_map(pointers_of).next().is_none();
    }

    /// Pointers from the call's table. Its address is in the register of an argument still, which is a pointer's then: that comes last.
    fn direct_pointers(&mut self) {
        const TABLE: Register = Register::RDI;
        let of =
            |at: usize| self.e.pointers[at].register.map(|register| (register, self.shape.addresses.bases[at].operand));
        let mut all: Vec<(Register, usize)> = (0..self.e.pointers.len()).filter_map(of).collect();
        all.sort_by_key(|&(register, _)| register == TABLE);
        for (register, operand) in all {
            let from = Operand::memory(TABLE, 8 * operand as i32);
            self.e.asm.put(Machine::Mov_r64_rm64, &[Operand::Register(register), from]);
        }
        self.e.within = true;
    }

    /// Pointers go to where the loop has them.
    pub fn enter_pointers(&mut self) {
        if self.direct {
            return self.direct_pointers();
        }
        for base in 0..self.current.len() {
            let moving = self.moving.iter().find(|moving| moving.base == base).map(|moving| moving.slot);
            match (self.e.pointers[base].register, moving) {
                (Some(register), _) => self.e.read(register, self.current[base]),
                (None, Some(slot)) => {
                    self.e.read(Register::RCX, self.current[base]);
                    self.e.write(slot, Register::RCX);
                    self.e.pointers[base].slot = slot;
                }
                (None, None) => {}
            }
        }
        self.e.within = true;
    }

    /// Pointers are in the frame again.
    pub fn leave_pointers(&mut self) {
        self.e.within = false;
        for (base, &slot) in self.current.iter().enumerate() {
            self.e.pointers[base].slot = slot;
        }
    }

    /// Index and pointers after so many points.
    pub fn advance(&mut self, points: usize, which: usize) {
        let add = |e: &mut Emitter, register: Register, by: usize| {
            let by = Operand::Immediate32(by as i32);
            e.asm.put(Machine::Add_rm64_imm32, &[Operand::Register(register), by]);
        };
        add(&mut self.e, machine(Gpr::Index), points);
        if self.pairs {
            add(&mut self.e, machine(Gpr::PairIndex), 2 * points);
        }
        for &Moving { base, slot, steps } in &self.moving {
            let step = Operand::memory(Register::RSP, steps[which]);
            match self.e.pointers[base].register {
                Some(register) => self.e.asm.put(Machine::Add_r64_rm64, &[Operand::Register(register), step]),
                None => {
                    self.e.read(Register::RCX, steps[which]);
                    let pointer = Operand::memory(Register::RSP, slot);
                    self.e.asm.put(Machine::Add_rm64_r64, &[pointer, Operand::Register(Register::RCX)]);
                }
            }
        }
    }
}

/// The pointers that an instruction reads.
fn pointers_of(inst: &Inst) -> impl Iterator<Item = usize> {
    let elements = match &inst.what {
        What::Elements(elements) => Some(elements.base),
        _ => None,
    };
    let memory = inst.args.iter().filter_map(|arg| match arg {
        Arg::Mem(Mem { base: Base::Pointer(at), .. }) => Some(*at as usize),
        _ => None,
    });
    memory.chain(elements)
}
