//! The stack frame, and which general register is what.
//!
//! | register                  | what                                                            |
//! |---------------------------|-----------------------------------------------------------------|
//! | `rsp`                     | the frame, at a multiple of 64 if there are vectors in it       |
//! | `rax`                     | the index of the step's first point in the innermost loop       |
//! | `rcx` `rdx` `r11`         | free within one instruction of the middle language              |
//! | `r10`                     | a pointer that is kept in the frame, for one access             |
//! | `rsi` `rdi` `r8` `r9` `rbx` `rbp` `r12` to `r15` | where whole steps end; twice the index, where pairs are read; pointers |
//!
//! | frame, from its start | what                                                              |
//! |-----------------------|-------------------------------------------------------------------|
//! | 0                     | the caller's `rsp`, if the frame lies at a multiple of 64         |
//! | 8 to 40               | the call's pointers, strides, extents, origin, signals            |
//! | 48                    | the points of the innermost loop                                  |
//! | 64 on                 | pointers, indices, strides (8 bytes); then vectors and masks: values that are known beyond a block, spills, what is moved element by element, what functions and regions take and give |

use iced_x86::Register;

use super::mir::Gpr;

/// The caller's stack pointer.
pub const CALLER: i32 = 0;
/// The call's tables, in order of the arguments.
pub const POINTERS: i32 = 8;
pub const STRIDES: i32 = 16;
pub const EXTENTS: i32 = 24;
pub const ORIGIN: i32 = 32;
pub const SIGNALS: i32 = 40;
/// The points of the innermost loop.
pub const POINTS: i32 = 48;
/// Where the frame's own slots begin.
const FIRST: i32 = 64;
/// The register for a pointer that is in none.
pub const POINTER: Register = Register::R10;
/// Registers for what lives through the innermost loop; from the fifth on the caller's, to be put back.
pub const KEPT: [Register; 10] = [
    Register::RSI,
    Register::RDI,
    Register::R8,
    Register::R9,
    Register::RBX,
    Register::RBP,
    Register::R12,
    Register::R13,
    Register::R14,
    Register::R15,
];
/// How many of them are not the caller's.
pub const FREE: usize = 4;

/// The machine's register. That of twice the index is the second of [`KEPT`].
pub fn machine(gpr: Gpr) -> Register {
    match gpr {
        Gpr::Index => Register::RAX,
        Gpr::PairIndex => KEPT[1],
        Gpr::Scratch(0) => Register::RCX,
        Gpr::Scratch(1) => Register::RDX,
        Gpr::Scratch(_) => Register::R11,
    }
}

/// The low half of a general register.
pub fn short(register: Register) -> Register {
    Register::EAX + (register as u32 - Register::RAX as u32)
}

/// The bits of so many lanes, from the first on.
pub fn bits_of(lanes: usize) -> i64 {
    if lanes >= 64 { -1 } else { (1 << lanes) - 1 }
}

/// Room in the frame, given out from its start on.
#[derive(Debug)]
pub struct Frame {
    size: i32,
    /// Whether there is anything in it but numbers of 8 bytes.
    vectors: bool,
    spare: Vec<i32>,
    returned: Vec<i32>,
}

impl Frame {
    pub fn new() -> Frame {
        Frame { size: FIRST, vectors: false, spare: Vec::new(), returned: Vec::new() }
    }

    /// Room for a number.
    pub fn word(&mut self) -> i32 {
        self.room(8, 8)
    }

    /// Room for so many bytes at a multiple of some.
    pub fn room(&mut self, bytes: usize, aligned: usize) -> i32 {
        self.vectors |= aligned > 8;
        let at = (self.size as usize).next_multiple_of(aligned);
        self.size = (at + bytes).min(i32::MAX as usize / 2) as i32;
        at as i32
    }

    /// Room for a vector, or for a mask: perhaps some that was given back.
    pub fn vector(&mut self) -> i32 {
        self.spare.pop().unwrap_or_else(|| self.room(64, 64))
    }

    /// Such room is free again after the instruction at hand, which may read it.
    pub fn give_back(&mut self, vector: i32) {
        self.returned.push(vector);
    }

    /// What is emitted from here on runs while what was emitted before waits: it has room of its own.
    pub fn keep_all(&mut self) {
        self.returned.clear();
        self.spare.clear();
    }

    /// An instruction has been emitted.
    pub fn next_instruction(&mut self) {
        self.spare.append(&mut self.returned);
    }

    /// Whether it must lie at a multiple of 64: there are vectors in it.
    pub fn is_aligned(&self) -> bool {
        self.vectors
    }

    pub fn size(&self) -> i32 {
        (self.size + 63) & !63
    }
}
