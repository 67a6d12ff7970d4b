//! Machine code under construction: encoded instructions, places to jump to, constants behind the code.
//!
//! Comes in: instructions of machine registers. Goes out: position-independent bytes. Always holds: the encoder of `iced-x86` makes
//! every instruction; what it refuses, and a place that was never reached, end in `Unsupported`.

use iced_x86::{Code, Encoder, Instruction, OpKind, Register};

use super::mir::{ConstId, Pool};
use crate::jit::Unsupported;

/// A place to jump to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(u32);

/// An operand of machine registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    Register(Register),
    /// Base, index times scale, displacement.
    Memory {
        base: Register,
        index: Register,
        scale: u8,
        displacement: i32,
    },
    /// A constant, of which so many bytes are read.
    Constant(ConstId, usize),
    Immediate8(u8),
    Immediate32(i32),
    Immediate64(i64),
}

impl Operand {
    pub fn memory(base: Register, displacement: i32) -> Operand {
        Operand::Memory { base, index: Register::None, scale: 1, displacement }
    }
}

/// What stands beside the operands of an instruction with a mask or a broadcast.
#[derive(Clone, Copy, Default, Debug)]
pub struct Decoration {
    pub mask: Register,
    pub zero: bool,
    pub broadcast: bool,
}

/// The assembler.
pub struct Asm {
    encoder: Encoder,
    at: u64,
    labels: Vec<Option<u64>>,
    /// Where a distance to a label belongs, and where it is counted from.
    jumps: Vec<(u64, u64, Label)>,
    /// The same of constants.
    reads: Vec<(u64, u64, ConstId)>,
    /// For each constant how many bytes of it are read.
    constants: Vec<usize>,
    /// Why the encoder refused an instruction.
    refused: Option<String>,
}

impl Asm {
    pub fn new() -> Asm {
        Asm {
            encoder: Encoder::try_with_capacity(64, 4096).unwrap_or_else(|_| Encoder::new(64)),
            at: 0,
            labels: Vec::new(),
            jumps: Vec::new(),
            reads: Vec::new(),
            constants: Vec::new(),
            refused: None,
        }
    }

    /// How many bytes there are.
    pub fn position(&self) -> usize {
        self.at as usize
    }

    /// An instruction.
    pub fn put(&mut self, code: Code, operands: &[Operand]) {
        self.put_with(code, operands, Decoration::default());
    }

    /// An instruction with a mask, or with an operand that is broadcast from memory.
    // Long: each kind of operand has its setters.
    pub fn put_with(&mut self, code: Code, operands: &[Operand], with: Decoration) {
        let mut inst = Instruction::new();
        inst.set_code(code);
        let mut constant = None;
        for (i, &operand) in operands.iter().enumerate() {
            let kind = match operand {
                Operand::Register(_) => OpKind::Register,
                Operand::Memory { .. } | Operand::Constant(..) => OpKind::Memory,
                Operand::Immediate8(_) => OpKind::Immediate8,
                Operand::Immediate32(_)
                    if matches!(code, Code::Mov_r32_imm32 | Code::Test_rm32_imm32 | Code::And_rm32_imm32) =>
                {
                    OpKind::Immediate32
                }
                Operand::Immediate32(_) => OpKind::Immediate32to64,
                Operand::Immediate64(_) => OpKind::Immediate64,
            };
            inst.set_op_kind(i as u32, kind);
            match operand {
                Operand::Register(register) => inst.set_op_register(i as u32, register),
                Operand::Memory { base, index, scale, displacement } => {
                    inst.set_memory_base(base);
                    inst.set_memory_index(index);
                    inst.set_memory_index_scale(scale.into());
                    inst.set_memory_displ_size(u32::from(displacement != 0));
                    inst.set_memory_displacement64(i64::from(displacement) as u64);
                }
                Operand::Constant(id, bytes) => {
                    let at = id.0 as usize;
                    if self.constants.len() <= at {
                        self.constants.resize(at + 1, 0);
                    }
                    self.constants[at] = self.constants[at].max(bytes);
                    constant = Some(id);
                    inst.set_memory_base(Register::RIP);
                    inst.set_memory_displ_size(8);
                    inst.set_memory_displacement64(self.at);
                }
                Operand::Immediate8(v) => inst.set_immediate8(v),
                Operand::Immediate32(v) if kind == OpKind::Immediate32 => inst.set_immediate32(v as u32),
                Operand::Immediate32(v) => inst.set_immediate32to64(v.into()),
                Operand::Immediate64(v) => inst.set_immediate64(v as u64),
            }
        }
        if with.mask != Register::None {
            inst.set_op_mask(with.mask);
            inst.set_zeroing_masking(with.zero);
        }
        inst.set_is_broadcast(with.broadcast);
        let before = self.at;
        self.encode(&inst);
        if let Some(id) = constant {
            let place = before + self.encoder.get_constant_offsets().displacement_offset() as u64;
            self.reads.push((place, self.at, id));
        }
    }

    /// `or` with a number, in one go for all threads.
    pub fn or_locked(&mut self, base: Register, bits: u32) {
        let mut inst = Instruction::new();
        inst.set_code(Code::Or_rm32_imm32);
        inst.set_op0_kind(OpKind::Memory);
        inst.set_memory_base(base);
        inst.set_op1_kind(OpKind::Immediate32);
        inst.set_immediate32(bits);
        inst.set_has_lock_prefix(true);
        self.encode(&inst);
    }

    fn encode(&mut self, inst: &Instruction) {
        match self.encoder.encode(inst, self.at) {
            Ok(length) => self.at += length as u64,
            Err(e) => {
                self.refused.get_or_insert_with(|| format!("{:?}: {e}", inst.code()));
            }
        }
    }

    /// A new place, not yet reached.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    /// The place is here.
    pub fn bind(&mut self, label: Label) {
        self.labels[label.0 as usize] = Some(self.at);
    }

    /// A jump, perhaps on a condition.
    pub fn jump(&mut self, code: Code, to: Label) {
        let mut inst = Instruction::new();
        inst.set_code(code);
        inst.set_op0_kind(OpKind::NearBranch64);
        inst.set_near_branch64(self.at);
        self.encode(&inst);
        self.jumps.push((self.at - 4, self.at, to));
    }

    /// The address of a place becomes a register's value.
    pub fn address_of(&mut self, register: Register, to: Label) {
        let mut inst = Instruction::new();
        inst.set_code(Code::Lea_r64_m);
        inst.set_op0_kind(OpKind::Register);
        inst.set_op0_register(register);
        inst.set_op1_kind(OpKind::Memory);
        inst.set_memory_base(Register::RIP);
        inst.set_memory_displ_size(8);
        inst.set_memory_displacement64(self.at);
        self.encode(&inst);
        self.jumps.push((self.at - 4, self.at, to));
    }

    /// Goes on at a multiple of so many bytes. What lies between does nothing.
    pub fn align(&mut self, bytes: u64) {
        /// The manual's forms of one instruction that does nothing, by length.
        const NOTHING: [&[u8]; 9] = [
            &[0x90],
            &[0x66, 0x90],
            &[0x0f, 0x1f, 0x00],
            &[0x0f, 0x1f, 0x40, 0x00],
            &[0x0f, 0x1f, 0x44, 0x00, 0x00],
            &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
            &[0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
            &[0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
            &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        ];
        let mut rest = self.at.wrapping_neg() % bytes;
        while rest > 0 {
            let filler = NOTHING[rest.min(9) as usize - 1];
            filler.iter().for_each(|&byte| self.encoder.write_u8(byte));
            self.at += filler.len() as u64;
            rest -= filler.len() as u64;
        }
    }

    /// The bytes: code, then constants.
    pub fn finish(mut self, pool: &Pool) -> Result<Vec<u8>, Unsupported> {
        if let Some(why) = self.refused {
            return Err(Unsupported(format!("an instruction cannot be encoded: {why}")));
        }
        let mut code = self.encoder.take_buffer();
        let length = code.len();
        let mut places = vec![0u64; self.constants.len()];
        // The longest first, so that each lies at a multiple of its size.
        for size in [64, 32, 16, 8, 4] {
            for (at, &bytes) in self.constants.iter().enumerate().filter(|&(_, &bytes)| bytes == size) {
                code.resize(code.len().next_multiple_of(size), 0xcc);
                places[at] = code.len() as u64;
                code.extend(pool.all[at].bytes(bytes));
            }
        }
        debug_assert!(length <= code.len() && self.constants.iter().all(|b| matches!(b, 0 | 4 | 8 | 16 | 32 | 64)));
        let mut fix = |place: u64, from: u64, to: u64| {
            let distance = i32::try_from(to as i64 - from as i64).ok()?;
            code.get_mut(place as usize..place as usize + 4)?.copy_from_slice(&distance.to_le_bytes());
            Some(())
        };
        let too_far = || Unsupported("the code is too long".into());
        for &(place, from, id) in &self.reads {
            fix(place, from, places[id.0 as usize]).ok_or_else(too_far)?;
        }
        for &(place, from, label) in &self.jumps {
            let to = self.labels[label.0 as usize].ok_or_else(|| Unsupported("a jump to nowhere".into()))?;
            fix(place, from, to).ok_or_else(too_far)?;
        }
        Ok(code)
    }
}
