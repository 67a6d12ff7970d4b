//! The form of a kernel that stores past the cache.
//!
//! Cranelift has no non-temporal stores; but on x86 with AVX, the plain store of a vector and the one past the cache have
//! the same form and length, and differ in the opcode alone. So code is made once, with its stores marked as places in a
//! source, and the second form is a copy in which these opcodes are exchanged. Always holds: every marked store is one
//! instruction of a known form, checked byte by byte, or there is no second form.
//!
//! | plain                  | past the cache                     |
//! |------------------------|------------------------------------|
//! | `vmovups` VEX.0F 11    | `vmovntps` VEX.0F 2B               |
//! | `vmovupd` VEX.66.0F 11 | `vmovntpd` VEX.66.0F 2B            |
//! | `vmovdqu` VEX.F3.0F 7F | `vmovntdq` VEX.66.0F E7            |
//!
//! (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.) They need addresses that are multiples of
//! [`ALIGNMENT`], which the caller sees to.

use std::ops::Range;

use super::machine::Features;
use crate::ir::{Coordinate, Inst, Kernel, LoopId, Role, Stride};

/// What the addresses of results must be multiples of.
pub const ALIGNMENT: usize = 16;

/// Whether there is a second form of a kernel's code.
pub fn has(features: &Features, kernel: &Kernel) -> bool {
    cfg!(target_arch = "x86_64") && features.unaligned && writes_whole_lines(kernel)
}

/// Whether all that a kernel writes are neighbours in its only loop, from the first point on, in whole vectors.
pub fn writes_whole_lines(kernel: &Kernel) -> bool {
    let first = Coordinate::of(LoopId(0));
    kernel.loops() == 1
        && kernel.insts.iter().all(|inst| match inst {
            Inst::Store(access, _) => {
                let operand = kernel.operand(access.operand);
                operand.role == Role::Out
                    && operand.dtype.size() >= 4
                    && operand.dims.as_slice() == [Stride::Unit]
                    && access.map.as_slice() == [first]
            }
            _ => true,
        })
}

/// Exchanges the opcodes of these instructions; `None` if one of them is no plain store of a vector.
pub fn rewrite(code: &[u8], stores: &[Range<usize>]) -> Option<Vec<u8>> {
    let mut code = code.to_vec();
    for store in stores {
        exchange(code.get_mut(store.clone())?)?;
    }
    (!stores.is_empty()).then_some(code)
}

/// Exchanges the opcode of one instruction, which is all of these bytes.
fn exchange(inst: &mut [u8]) -> Option<()> {
    const PREFIX: u8 = 0b11;
    // EVEX: four bytes of prefix, then the opcode; a store as plain as that has no mask.
    if let [0x62, _, pp, masks, opcode @ 0x11, ..] = inst {
        *opcode = 0x2b;
        return (*pp & PREFIX == 0 && *masks & 0x97 == 0).then_some(());
    }
    // The last byte of the VEX prefix holds the implied prefix; the three-byte form names the opcode map before it.
    let last = match *inst {
        [0xc5, ..] => 1,
        [0xc4, map, ..] if map & 0x1f == 1 => 2,
        _ => return None,
    };
    let (&modrm, after) = inst.get(last + 2..)?.split_first()?;
    let sib = if modrm & 7 == 4 { Some(*after.first()?) } else { None };
    let bare = sib.map_or(modrm & 7, |sib| sib & 7) == 5;
    let displacement = match modrm >> 6 {
        0 => 4 * usize::from(bare),
        1 => 1,
        2 => 4,
        _ => return None,
    };
    if after.len() != usize::from(sib.is_some()) + displacement {
        return None;
    }
    match (inst[last] & PREFIX, inst[last + 1]) {
        (0 | 1, 0x11) => inst[last + 1] = 0x2b,
        (2, 0x7f) => {
            inst[last] = inst[last] & !PREFIX | 1;
            inst[last + 1] = 0xe7;
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_stores_are_exchanged_and_nothing_else_is() {
        let changed = |inst: &[u8]| rewrite(inst, std::slice::from_ref(&(0..inst.len())));
        // vmovupd [rsi + rax], xmm3; vmovups [r8 + 16], xmm9; vmovdqu [rdi + 4*rcx + 0x100], xmm0
        assert_eq!(changed(&[0xc5, 0xf9, 0x11, 0x1c, 0x06]), Some(vec![0xc5, 0xf9, 0x2b, 0x1c, 0x06]));
        let (plain, past) = ([0xc4, 0x41, 0x78, 0x11, 0x48, 0x10], vec![0xc4, 0x41, 0x78, 0x2b, 0x48, 0x10]);
        assert_eq!(changed(&plain), Some(past));
        let plain = [0xc5, 0xfa, 0x7f, 0x84, 0x8f, 0, 1, 0, 0];
        assert_eq!(changed(&plain), Some(vec![0xc5, 0xf9, 0xe7, 0x84, 0x8f, 0, 1, 0, 0]));
        // A load, a store of one lane (movsd has the prefix F2), a register, a second instruction behind, half of one.
        for other in [
            &[0xc5, 0xf9, 0x10, 0x1c, 0x06][..],
            &[0xc5, 0xfb, 0x11, 0x1c, 0x06],
            &[0xc5, 0xf9, 0x11, 0xd8],
            &[0xc5, 0xf9, 0x11, 0x1c, 0x06, 0x90],
            &[0xc5, 0xf9, 0x11, 0x1c],
            &[],
        ] {
            assert_eq!(changed(other), None, "{other:x?}");
        }
        assert_eq!(rewrite(&[0x90], &[]), None);
    }
}
